"""The connector over HTTP with its simulator, for the tests beside this file."""

import asyncio
from contextlib import asynccontextmanager

from vaiven_connectors.meta_ads import connector
from vaiven_connectors.meta_ads._account import Settings
from vaiven_connectors.meta_ads.simulator import simulator
from vaiven_sdk import Session, Window, Write
from vaiven_sdk.http import Http
from vaiven_sdk.testing import serve


def settings(vendor, **more):
    return Settings(**{**vendor.config, **more})


@asynccontextmanager
async def connected(vendor, credential=None, **more):
    """A session of the account, and the client below it."""
    config = settings(vendor, **more)
    with serve(vendor) as server:
        async with Http(connector, config, credential or vendor.credential, base_url=f"{server.url}/v26.0") as http:
            yield Session(config, http.send), http


async def rows(hub, stream, kind="full", **window):
    """Records that a reader gives."""
    declared = connector.streams[stream]
    found = []
    async for batch in declared.readers[kind](hub, Window(hub.config, **window), None):
        found += [
            declared.record.model_validate(one)
            if isinstance(one, dict)
            else declared.record.model_validate_json(bytes(one))
            for one in batch.items
        ]
    return found


def creation(stream, hub_id="hub-1", **values):
    record, names = connector.streams[stream].record.blank(values)
    return Write("create", hub_id, record, None, frozenset(names), f"key-{hub_id}")


def edit(record, **values):
    changed, names = record.with_unified({**record.unified(), **values}, set(values))
    return Write("update", f"hub-{record.remote_id}", changed, record.remote_id, frozenset(names), "", record)


async def write(hub, stream, op, *writes):
    return await connector.streams[stream].writers[op].function(hub, list(writes))


def run(coroutine):
    return asyncio.run(coroutine)


__all__ = ["connected", "creation", "edit", "rows", "run", "settings", "simulator", "write"]
