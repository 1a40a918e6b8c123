"""Records what a vendor answers while one stream is read."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from vaiven_sdk.http import Http
from vaiven_sdk.session import Session
from vaiven_sdk.testing.cassette import _patterns as patterns
from vaiven_sdk.testing.cassette._errors import CassetteMiss, CassetteUnsafe
from vaiven_sdk.testing.cassette._format import Cassette, Exchange, digest_of
from vaiven_sdk.testing.cassette._pseudonyms import Pseudonyms
from vaiven_sdk.testing.cassette._reading import first_read, replayed, silent, taken
from vaiven_sdk.testing.cassette._replay import STAND_IN, decoded, query_of, response_of
from vaiven_sdk.testing.cassette._scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from vaiven_sdk.config import Config
    from vaiven_sdk.connector import Connector
    from vaiven_sdk.record import Record
    from vaiven_sdk.stream import Stream

SALT = ".salt"
"""Name of the salt's file beside the cassettes; it never leaves the machine."""


def salt_of(folder: Path) -> bytes:
    """The salt beside a folder's cassettes, made at the first time, readable by its owner alone and kept out of git."""
    path = folder / SALT
    if path.is_file():
        return bytes.fromhex(path.read_text().strip())
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text(f"{SALT}\n")
    salt = os.urandom(32)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(salt.hex() + "\n")
    return salt


class Recorder(httpx.AsyncBaseTransport):
    """Passes requests on and keeps them with their answers, in memory, just as they were.

    Args:
        inner: carries the requests.
        seen: path prefix that the account is reached at, where that is not the vendor's own.
        own: the vendor's own path prefix, which takes its place in the cassette.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None, *, seen: str = "", own: str = "") -> None:
        self.exchanges: list[Exchange] = []
        self._inner = inner or httpx.AsyncHTTPTransport()
        self._seen, self._own = seen.rstrip("/"), own.rstrip("/")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and keep it."""
        content = await request.aread()
        response = await self._inner.handle_async_request(request)
        answer = await response.aread()
        await response.aclose()
        # The content is decoded by now.
        skip = {"content-encoding", "content-length", "transfer-encoding"}
        headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in skip]
        path = request.url.path
        if self._seen and path.startswith(f"{self._seen}/"):
            path = self._own + path.removeprefix(self._seen)
        elif not self._seen:
            path = self._own + path if self._own and not path.startswith(f"{self._own}/") else path
        # A busy vendor is asked again at once in replay, and what it then answered is what counts.
        if response.status_code != 429 and response.status_code < 500:
            self.exchanges.append(
                Exchange(
                    method=request.method,
                    path=path,
                    query=query_of(request.url.params.multi_items()),
                    body=decoded(content, request.headers.get("content-type", "")),
                    status=response.status_code,
                    headers={name.lower(): value for name, value in headers},
                    answer=decoded(answer, response.headers.get("content-type", "")),
                )
            )
        return httpx.Response(response.status_code, headers=headers, content=answer, request=request)

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._inner.aclose()


@dataclass(frozen=True, slots=True)
class Recording:
    """A cassette ready to be written, and what was done to it.

    Args:
        cassette: scrubbed and proven.
        replaced: how many values were replaced, by kind; `secret` among them.
        requests: how many exchanges it holds.
    """

    cassette: Cassette
    replaced: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0


async def record_stream(
    connector: Connector[Any],
    stream: Stream[Any, Any],
    config: Config,
    credential: Mapping[str, str],
    *,
    salt: bytes,
    on: str,
    source: str,
    pages: int = 2,
    base_url: str | None = None,
    keep_ids: bool = True,
    transport: httpx.AsyncBaseTransport | None = None,
    keep: Callable[[Mapping[str, str]], Awaitable[None]] | None = None,
) -> Recording:
    """Read the first pages of a stream from a real account, and make a cassette without secrets and people of them.

    Args:
        connector: whose stream it is.
        stream: what to read.
        config: the connection's settings.
        credential: the secret values; none of them, in no spelling, is in the result.
        salt: of the pseudonyms, see `salt_of`.
        on: today, as YYYY-MM-DD.
        source: what was recorded, in words.
        pages: at most so many.
        base_url: where the account is reached, instead of the vendor's address; what a simulator on this machine
            answers is `documented`, not `recorded`.
        keep_ids: leave the vendor's ids as they are.
        transport: carries the requests instead of the network.
        keep: stores the credential when its token was renewed, as of `Http`.

    Raises:
        CassetteUnsafe: something secret or personal would be left, or the scrubbed answers no longer fit the connector.
        VaivenError: as the vendor's answers deserve.
    """
    kind = first_read(stream)
    recorder = _recorder(connector, base_url, transport)
    async with Http(connector, config, credential, base_url=base_url, transport=recorder, keep=keep) as http:
        found, count, complete = await taken(stream, Session(config, http.send), kind, None, pages)
    records: list[type[Record[Any]]] = [stream.record, *(s.record for s in connector.streams.values() if s != stream)]
    scrubber = Scrubber(Pseudonyms(salt), credential.values(), list(dict.fromkeys(records)), keep_ids=keep_ids)
    exchanges, settings = scrubbed(scrubber, recorder.exchanges, config.model_dump(mode="json", exclude_none=True))
    draft = Cassette(
        origin="documented" if _local(base_url) else "recorded",
        source=scrubber.text(source),
        on=on,
        stream=stream.name,
        exchanges=exchanges,
        config=settings,
        read=kind,
        pages=None if complete else count,
    )
    proven = await _proven(draft, connector, scrubber, len(found))
    return Recording(proven, dict(sorted(scrubber.counts.items())), len(exchanges))


async def _proven(draft: Cassette, connector: Connector[Any], scrubber: Scrubber, records: int) -> Cassette:
    """The cassette with its values and its digest, if it holds nothing that it must not and still gives as much."""
    try:
        draft = dataclasses.replace(draft, expect=await replayed(draft, connector))
    except Exception as problem:
        raise CassetteUnsafe(
            "The scrubbed answers no longer fit the connector.", why=type(problem).__name__
        ) from problem
    if len(draft.expect) != records:
        why = f"{records} before, {len(draft.expect)} after"
        raise CassetteUnsafe("The scrubbed answers give another number of records.", why=why)
    scrubber.prove(draft.as_json())
    if draft.origin != "recorded":
        return draft
    return dataclasses.replace(draft, digest=digest_of(json.loads(json.dumps(draft.as_json()))))


def _local(base_url: str | None) -> bool:
    """Whether a simulator answered: what it knows is what the documentation says, and not what the vendor does."""
    return base_url is not None and urlsplit(base_url).hostname in {"127.0.0.1", "localhost", "::1"}


async def document_stream(
    connector: Connector[Any],
    stream: Stream[Any, Any],
    config: Config,
    credential: Mapping[str, str],
    *,
    on: str,
    source: str,
    pages: int | None = None,
    base_url: str | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Cassette:
    """Read a stream from something that answers with documented or made-up values, and make a cassette of it.

    It says `documented`, whatever answered: nothing is scrubbed, so never give it a real account.

    Args:
        connector: whose stream it is.
        stream: what to read.
        config: the connection's settings.
        credential: what the answering side takes.
        on: the day on which the source was read, as YYYY-MM-DD.
        source: where the answers come from.
        pages: at most so many; all when left out.
        base_url: where it answers; the connector's own address when left out, for a `transport` that answers itself.
        transport: answers the requests, instead of the network.
    """
    recorder = _recorder(connector, base_url, transport)
    kind = first_read(stream)
    async with Http(connector, config, credential, base_url=base_url, transport=recorder) as http:
        found, count, complete = await taken(stream, Session(config, http.send), kind, None, pages)
    return Cassette(
        origin="documented",
        source=source,
        on=on,
        stream=stream.name,
        exchanges=[_plain(one) for one in recorder.exchanges],
        expect=found,
        config=config.model_dump(mode="json", exclude_none=True),
        read=kind,
        pages=None if complete else count,
    )


class _Prompter(httpx.AsyncBaseTransport):
    """Answers by method and path alone, in order, whatever else is asked."""

    def __init__(self, cassette: Cassette) -> None:
        self._left = list(cassette.exchanges)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for one in self._left:
            if (one.method, one.path) == (request.method, request.url.path):
                self._left.remove(one)
                return response_of(one, request)
        raise CassetteMiss(f"The cassette has no answer, or none left, to {request.method} {request.url.path}.")


async def document_again(cassette: Cassette, connector: Connector[Any]) -> Cassette:
    """A documented cassette with its answers as they are, and with the requests that the connector makes today.

    Args:
        cassette: of origin `documented`; its answers are taken in order for each method and path.
        connector: asks.

    Raises:
        ValueError: it was recorded: its requests are part of what happened.
        CassetteMiss: the connector asks for another path.
    """
    if cassette.origin != "documented":
        raise ValueError(f"a cassette of origin {cassette.origin} is recorded anew, not adapted")
    quiet = silent(connector)
    return await document_stream(
        quiet,
        quiet.streams[cassette.stream],
        connector.config.model_validate(dict(cassette.config)),
        {"token": STAND_IN},
        on=cassette.on,
        source=cassette.source,
        pages=cassette.pages,
        transport=_Prompter(cassette),
    )


def scrubbed(
    scrubber: Scrubber, exchanges: Sequence[Exchange], config: Mapping[str, Any]
) -> tuple[list[Exchange], dict[str, Any]]:
    """The exchanges and the settings without what must not stay."""
    for one in exchanges:
        scrubber.learn(one.answer)
        scrubber.learn(one.body)
    # A token request is the host's business: the connector never sees it, and replay makes none.
    kept = [one for one in exchanges if not (isinstance(one.answer, dict) and "access_token" in one.answer)]
    return [_clean(scrubber, one) for one in kept], scrubber.clean(dict(config))


def _clean(scrubber: Scrubber, one: Exchange) -> Exchange:
    return Exchange(
        method=one.method,
        path=scrubber.text(one.path),
        query={
            k: [scrubber.text(x) for x in v] if isinstance(v, list) else scrubber.text(v) for k, v in one.query.items()
        },
        body=scrubber.clean(one.body),
        status=one.status,
        headers={k: scrubber.text(v) for k, v in one.headers.items() if patterns.SAFE_HEADERS.fullmatch(k)},
        answer=scrubber.clean(one.answer),
    )


def _plain(one: Exchange) -> Exchange:
    kept = {name: value for name, value in one.headers.items() if name in {"content-type", "date", "link"}}
    return dataclasses.replace(one, headers=kept)


def _recorder(connector: Connector[Any], base_url: str | None, transport: httpx.AsyncBaseTransport | None) -> Recorder:
    if base_url is None:
        return Recorder(transport)
    return Recorder(transport, seen=urlsplit(base_url).path, own=urlsplit(connector.base_url).path)
