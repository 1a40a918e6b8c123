"""Payloads to begin with: out of the connector's cassettes, and out of its simulator."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from vaiven_sdk import Session, Window
from vaiven_sdk.http import Http
from vaiven_sdk.testing import NotDrivable, serve
from vaiven_sdk.testing.cassette import Cassette

if TYPE_CHECKING:
    from pathlib import Path

    from vaiven_sdk import Connector, Stream
    from vaiven_sdk.testing import Simulator

MOST = 5
"""Records shown of each source."""
SECRET = "workbench-secret"  # noqa: S105 - of a delivery that nobody checks


def from_cassettes(folder: Path | None, stream: Stream[Any, Any]) -> list[dict[str, str]]:
    """Records of a stream in the connector's cassettes."""
    found = []
    for file in sorted((folder / "cassettes").glob("*.json")) if folder else ():
        try:
            cassette = Cassette.load(file)
        except Exception:  # noqa: BLE001, S112 - `vaiven test` says what is wrong with it
            continue
        if cassette.stream == stream.name:
            rows = [row for exchange in cassette.exchanges for row in _rows(exchange.answer, stream)]
            label = f"{file.name} ({cassette.origin} {cassette.on})"
            found += [_sample(f"{label} {n}", row) for n, row in enumerate(rows[:MOST], 1)]
    return found


def from_simulator(
    kind: type[Simulator] | None, connector: Connector[Any], stream: Stream[Any, Any]
) -> list[dict[str, str]]:
    """Records that the simulator makes and the connector reads; none where the simulator cannot be driven."""
    if kind is None:
        return []
    simulator = kind(seed=1, quirks=kind.calm)
    with contextlib.suppress(NotDrivable):  # it may hold some all the same
        simulator.sample(stream.name, 2)
    rows = asyncio.run(_read(simulator, connector, stream))
    return [_sample(f"simulator {n}", row) for n, row in enumerate(rows[:MOST], 1)]


def delivery(kind: type[Simulator] | None, stream: Stream[Any, Any]) -> dict[str, Any] | None:
    """A webhook's delivery as the simulator sends it, or None."""
    if kind is None:
        return None
    simulator = kind(seed=1, quirks=kind.calm)
    try:
        simulator.sample(stream.name, 1)
        sent = simulator.delivery(stream.name, SECRET)
    except NotDrivable:
        return None
    return {"label": "simulator", "payload": sent.body.decode("utf-8", "replace"), "headers": dict(sent.headers)}


async def _read(simulator: Simulator, connector: Connector[Any], stream: Stream[Any, Any]) -> list[Any]:
    config = connector.config.model_validate(simulator.config)
    window = Window(config)
    rows: list[Any] = []
    with serve(simulator) as server:
        base = server.url + urlsplit(connector.base_url).path.rstrip("/")
        async with Http(connector, config, simulator.credential, base_url=base, attempts=1) as http:
            hub = Session(config, http.send)
            if "full" in stream.readers:
                async for batch in stream.readers["full"](hub, window, None):
                    rows += batch.items
                    if len(rows) >= MOST:
                        break
            elif stream.full is not None:
                async for page in hub.walk(stream.full, window):
                    rows += page.items
                    if len(rows) >= MOST:
                        break
    return [row if isinstance(row, dict) else msgspec.json.decode(bytes(row)) for row in rows]


def _rows(answer: Any, stream: Stream[Any, Any]) -> list[Any]:
    """The array of records in an answer."""
    path = getattr(stream.full, "items", None)
    for step in (path or "").split(".") if path else ():
        answer = answer.get(step) if isinstance(answer, dict) else None
    return [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []


def _sample(label: str, row: Any) -> dict[str, str]:
    about = f": {row['id']}" if isinstance(row, dict) and "id" in row else ""
    return {"label": label + about, "payload": msgspec.json.format(msgspec.json.encode(row)).decode()}
