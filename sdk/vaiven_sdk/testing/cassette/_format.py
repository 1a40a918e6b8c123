"""The file: one JSON document per stream or case."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vaiven_sdk.testing.cassette._errors import CassetteInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sdk.connector import Connector
    from vaiven_sdk.testing.cassette._replay import Replay

VERSION = 1

Kind = Literal["full", "changes", "gone"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.

    Args:
        method: in capitals.
        path: without the query, as the vendor sees it.
        query: parameters by name: a text, or several.
        body: decoded JSON, a text, or None.
        status: of the answer.
        headers: of the answer; those that a connector may want.
        answer: decoded JSON, a text, or None.
    """

    method: str
    path: str
    status: int
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Any = None

    def as_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        request = {"method": self.method, "path": self.path, "query": dict(self.query), "body": self.body}
        return {
            "request": request,
            "response": {"status": self.status, "headers": dict(self.headers), "body": self.answer},
        }


@dataclass(frozen=True, slots=True)
class Cassette:
    """What a vendor answered when one stream was read, and what the records become.

    Args:
        origin: `recorded` by `vaiven record`, `documented` when written from the vendor's documentation, and `edited`
            for what calls itself recorded and was changed since, or never was recorded.
        source: where it comes from, so that somebody can look it up.
        on: the day on which it was recorded or read.
        stream: the stream's name.
        exchanges: in the order in which they were made.
        expect: the unified values of each record, in order; of a `gone` read, the ids as `{"gone": id}`.
        config: the connection's settings.
        read: which of the stream's reads it is.
        since: what `{since}` was in it.
        pages: after how many pages the read stops; None reads to the end.
        digest: of everything else; made by the recorder.
    """

    origin: str
    source: str
    on: str
    stream: str
    exchanges: Sequence[Exchange]
    expect: Sequence[Mapping[str, Any]] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    read: Kind = "full"
    since: str | None = None
    pages: int | None = None
    digest: str = ""

    @classmethod
    def load(cls, path: Path | str) -> Cassette:
        """Read a file.

        Raises:
            CassetteInvalid: it is none; says where and what.
        """
        try:
            document = json.loads(Path(path).read_text("utf-8"))
        except (OSError, ValueError) as problem:
            raise CassetteInvalid(f"{path} cannot be read as a cassette.", why=str(problem)) from None
        return cls.from_json(document, str(path))

    @classmethod
    def from_json(cls, document: Any, where: str = "the cassette") -> Cassette:
        """Read a decoded document; as `load`."""
        problems = _problems(document)
        if problems:
            raise CassetteInvalid(f"{where} is no cassette.", why="; ".join(problems))
        digest = document.get("digest", "")
        origin = document["origin"]
        if origin == "recorded" and digest != digest_of(document):
            origin = "edited"
        exchanges = [
            Exchange(
                method=one["request"]["method"].upper(),
                path=one["request"]["path"],
                query=one["request"].get("query") or {},
                body=one["request"].get("body"),
                status=one["response"]["status"],
                headers=one["response"].get("headers") or {},
                answer=one["response"].get("body"),
            )
            for one in document["exchanges"]
        ]
        return cls(
            origin=origin,
            source=document["source"],
            on=document["on"],
            stream=document["stream"],
            exchanges=exchanges,
            expect=document.get("expect") or [],
            config=document.get("config") or {},
            read=document.get("read", "full"),
            since=document.get("since"),
            pages=document.get("pages"),
            digest=digest,
        )

    def as_json(self) -> dict[str, Any]:
        """The document, with the digest where the origin is `recorded`."""
        document: dict[str, Any] = {
            "version": VERSION,
            "origin": self.origin,
            "source": self.source,
            "on": self.on,
            "stream": self.stream,
            "read": self.read,
            "since": self.since,
            "pages": self.pages,
            "config": dict(self.config),
            "exchanges": [one.as_json() for one in self.exchanges],
            "expect": [dict(one) for one in self.expect],
            "digest": self.digest,
        }
        return {k: v for k, v in document.items() if v is not None and not (k == "digest" and not v)}

    def save(self, path: Path | str) -> None:
        """Write the file; what was recorded keeps the digest that it has, so an edit shows."""
        text = json.dumps(self.as_json(), indent=1, ensure_ascii=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    def transport(self, *, again: bool = False) -> Replay:
        """An httpx transport that answers only what it holds.

        Args:
            again: a request that was answered as often as the file holds it gets the last answer once more, instead of
                failing; for tests that walk the same pages several times.
        """
        from vaiven_sdk.testing.cassette._replay import Replay  # noqa: PLC0415 - it needs this class

        return Replay(self, again=again)

    async def replay(self, connector: Connector[Any]) -> list[dict[str, Any]]:
        """Read the stream with the connector against this file; gives the unified values of each record.

        Raises:
            CassetteMiss: the connector asks for what the file does not hold.
            CassetteInvalid: the connector has no such stream.
        """
        from vaiven_sdk.testing.cassette._reading import replayed  # noqa: PLC0415 - as above

        return await replayed(self, connector)

    async def check(self, connector: Connector[Any]) -> list[str]:
        """Replay and compare with `expect`: one line for each difference, none when it is as it should be."""
        return differences(self.expect, await self.replay(connector))

    def copy(self) -> Cassette:
        """One that shares nothing with this."""
        return copy.deepcopy(self)


def digest_of(document: Mapping[str, Any]) -> str:
    """The digest of a document, whatever it says its own is."""
    content = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(b"vaiven cassette 1\n" + text.encode("utf-8", "surrogatepass")).hexdigest()


def differences(expect: Sequence[Mapping[str, Any]], got: Sequence[Mapping[str, Any]]) -> list[str]:
    """What differs between two lists of unified records, by record and field."""
    found = [] if len(expect) == len(got) else [f"{len(expect)} records are expected, {len(got)} came"]
    for n, (wanted, given) in enumerate(zip(expect, got, strict=False)):
        found += [
            f"record {n}: {name} is {given.get(name)!r}, expected {wanted.get(name)!r}"
            for name in sorted({*wanted, *given})
            if given.get(name) != wanted.get(name)
        ]
    return found


def _problems(document: Any) -> list[str]:
    if not isinstance(document, dict):
        return ["it is no JSON object"]
    found = []
    if document.get("version") != VERSION:
        found.append(f"version is {document.get('version')!r}, this SDK reads {VERSION}")
    if document.get("origin") not in {"recorded", "documented"}:
        found.append(f"origin is {document.get('origin')!r}, not recorded or documented")
    found += [f"{key} is missing" for key in ("source", "stream") if not isinstance(document.get(key), str)]
    try:
        date.fromisoformat(str(document.get("on")))
    except ValueError:
        found.append(f"on is {document.get('on')!r}, not a day as YYYY-MM-DD")
    if document.get("read", "full") not in {"full", "changes", "gone"}:
        found.append(f"read is {document['read']!r}, not full, changes or gone")
    exchanges = document.get("exchanges")
    if not isinstance(exchanges, list) or not exchanges:
        return [*found, "exchanges is no list with at least one exchange"]
    for n, one in enumerate(exchanges):
        request, response = (one.get(k) if isinstance(one, dict) else None for k in ("request", "response"))
        if not isinstance(request, dict) or not {"method", "path"} <= set(request):
            found.append(f"exchange {n}: the request has no method and path")
        if not isinstance(response, dict) or not isinstance(response.get("status"), int):
            found.append(f"exchange {n}: the response has no status")
    return found
