"""An httpx transport that answers from a cassette, and from nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx

from vaiven_sdk.testing.cassette._errors import CassetteMiss
from vaiven_sdk.testing.cassette._patterns import SECRET_QUERY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk.testing.cassette._format import Cassette, Exchange

STAND_IN = "cassette"
"""The token with which a replay signs: a parameter that carries it is not compared."""


class Replay(httpx.AsyncBaseTransport):
    """Gives each request the answers that the cassette has for it, in order.

    The order of query parameters and of JSON keys does not matter; hosts and headers are not compared.
    """

    def __init__(self, cassette: Cassette, *, again: bool = False) -> None:
        self.asked: list[str] = []
        """Every request so far, as `GET /path`."""
        self._again = again
        self._answers: dict[str, list[Exchange]] = {}
        self._used: dict[str, int] = {}
        for one in cassette.exchanges:
            key = key_of(one.method, one.path, one.query, one.body)
            self._answers.setdefault(key, []).append(one)

    @property
    def unused(self) -> list[str]:
        """Requests that the cassette has an answer for and that nobody made."""
        return [
            f"{one.method} {one.path}"
            for key, answers in self._answers.items()
            for one in answers[self._used.get(key, 0) :]
        ]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request.

        Raises:
            CassetteMiss: the cassette has no answer, or none left.
        """
        content = await request.aread()
        body = decoded(content, request.headers.get("content-type", ""))
        query = query_of(request.url.params.multi_items())
        key = key_of(request.method, request.url.path, query, body)
        self.asked.append(f"{request.method} {request.url.path}")
        answers = self._answers.get(key)
        if answers is None:
            raise CassetteMiss(self._nearest(request.method, request.url.path, query, body))
        used = self._used.get(key, 0)
        if used >= len(answers):
            if not self._again:
                asked = f"{request.method} {request.url.path}"
                raise CassetteMiss(
                    f"{asked} was asked {used + 1} times; the cassette holds {len(answers)} answers to it."
                )
            used = len(answers) - 1
        self._used[key] = used + 1
        return response_of(answers[used], request)

    def _nearest(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> str:
        asked = {"method": method, "path": path, **_flat("query", query), **_flat("body", body)}
        best: tuple[int, dict[str, Any]] | None = None
        for answers in self._answers.values():
            one = answers[0]
            held = {
                "method": one.method,
                "path": one.path,
                **_flat("query", _kept(one.query)),
                **_flat("body", one.body),
            }
            weight = sum(
                10 if name == "path" else 5 if name == "method" else 1
                for name in {*asked, *held}
                if asked.get(name) != held.get(name)
            )
            if best is None or weight < best[0]:
                best = (weight, held)
        head = f"The cassette has no answer to {method} {path}."
        if best is None:
            return f"{head} It holds no exchange at all."
        held = best[1]
        lines = [
            f"  {name}: asked {asked.get(name, 'nothing')!r}, the cassette has {held.get(name, 'nothing')!r}"
            for name in sorted({*asked, *held})
            if asked.get(name) != held.get(name)
        ]
        return "\n".join([f"{head} Nearest is {held['method']} {held['path']}, which differs:", *lines])


def key_of(method: str, path: str, query: Mapping[str, Any], body: Any) -> str:
    """What makes two requests the same one."""
    return json.dumps([method, path, _kept(query), _plain(body)], sort_keys=True, ensure_ascii=False)


def query_of(pairs: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Parameters by name, without those that sign; several of one name as a list."""
    out: dict[str, str | list[str]] = {}
    for name, value in pairs:
        if SECRET_QUERY.fullmatch(name) or value == STAND_IN:
            continue
        before = out.get(name)
        out[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return out


def decoded(content: bytes, kind: str) -> Any:
    """A body as JSON, as text, or None; bytes that are no text as Latin-1, so that nothing is lost."""
    if not content:
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
    if "json" in kind or text[:1] in "[{":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _kept(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if not SECRET_QUERY.fullmatch(name)}


def _plain(body: Any) -> Any:
    if isinstance(body, str) and "=" in body and not any(char in body for char in "\n{<"):
        return {"form": sorted(parse_qsl(body, keep_blank_values=True))}
    return body


def _flat(name: str, node: Any) -> dict[str, Any]:
    if isinstance(node, dict) and node:
        return {k: v for key, value in node.items() for k, v in _flat(f"{name}.{key}", value).items()}
    return {} if node is None or node == {} else {name: node}


def response_of(one: Exchange, request: httpx.Request) -> httpx.Response:
    """The answer of an exchange as httpx has it."""
    headers = {name: value for name, value in one.headers.items() if name.lower() != "content-length"}
    if one.answer is None:
        content = b""
    elif isinstance(one.answer, str) and "json" not in headers.get("content-type", "json"):
        content = one.answer.encode("utf-8", "surrogatepass")
    else:
        content = json.dumps(one.answer, ensure_ascii=False).encode("utf-8", "surrogatepass")
        headers.setdefault("content-type", "application/json")
    return httpx.Response(one.status, headers=headers, content=content, request=request)
