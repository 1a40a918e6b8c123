"""Reads a stream page by page, without a store: to record it, and to replay it."""

from __future__ import annotations

import copy
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from vaiven_sdk.auth import Bearer
from vaiven_sdk.http import Http
from vaiven_sdk.read import Window
from vaiven_sdk.session import Session
from vaiven_sdk.testing.cassette._errors import CassetteInvalid
from vaiven_sdk.testing.cassette._replay import STAND_IN

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from vaiven_sdk.connector import Connector
    from vaiven_sdk.stream import Stream
    from vaiven_sdk.testing.cassette._format import Cassette, Kind


async def pages(
    stream: Stream[Any, Any], session: Session[Any], kind: str, since: str | None
) -> AsyncGenerator[list[dict[str, Any]], None]:
    """Each page's unified records; of deletions that are ids alone, `{"gone": id}`."""
    read = {"full": stream.full, "changes": stream.changes, "gone": stream.gone}[kind]
    window = Window(config=session.config, since=since, size=read.size if read else 100)
    own = stream.readers.get(kind)
    record = stream.record
    if own is not None:
        async with aclosing(own(session, window, None)) as batches:
            async for batch in batches:
                found = [record.model_validate(_decoded(item)).unified() for item in batch.items]
                yield [*found, *({"gone": one} for one in batch.gone)]
        return
    if read is None:
        raise CassetteInvalid(f"Stream {stream.name} has no {kind} read.")
    key = record.__wires__[record.__key__[-1]].path or (record.__key__[-1],)
    async with aclosing(session.walk(read, window, key=key)) as fetched:
        async for page in fetched:
            yield [record.model_validate(_decoded(item)).unified() for item in page.items]


def first_read(stream: Stream[Any, Any]) -> Kind:
    """Which of a stream's reads shows its records: the whole one where there is one."""
    reads: dict[Kind, Any] = {"full": stream.full, "changes": stream.changes, "gone": stream.gone}
    for kind, read in reads.items():
        if read is not None or kind in stream.readers:
            return kind
    raise CassetteInvalid(f"Stream {stream.name} has nothing that reads it.")


async def taken(
    stream: Stream[Any, Any], session: Session[Any], kind: str, since: str | None, most: int | None
) -> tuple[list[dict[str, Any]], int, bool]:
    """The unified records of at most so many pages, how many pages it were, and whether that was all."""
    out: list[dict[str, Any]] = []
    count = 0
    async with aclosing(pages(stream, session, kind, since)) as found:
        async for page in found:
            out += page
            count += 1
            if most is not None and count >= most:
                return out, count, False
    return out, count, True


def silent(connector: Connector[Any]) -> Connector[Any]:
    """The same connector for requests that are never sent: nothing is limited, and one sign-in serves for all."""
    quiet = copy.copy(connector)
    quiet.limits = ()
    quiet.auth = [Bearer("token")]
    return quiet


async def replayed(cassette: Cassette, connector: Connector[Any]) -> list[dict[str, Any]]:
    """What the connector makes of a cassette."""
    stream = connector.streams.get(cassette.stream)
    if stream is None:
        raise CassetteInvalid(
            f"{connector.slug} has no stream {cassette.stream!r}.", why=f"it has {[*connector.streams]}"
        )
    config = connector.config.model_validate(dict(cassette.config))
    async with Http(silent(connector), config, {"token": STAND_IN}, transport=cassette.transport(), attempts=1) as http:
        found, _, _ = await taken(stream, Session(config, http.send), cassette.read, cassette.since, cassette.pages)
    return found


def _decoded(item: Any) -> Any:
    return item if isinstance(item, dict) else json.loads(bytes(item))
