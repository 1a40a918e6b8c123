"""What the tests of the Stripe connector share: sessions, reads, writes and answers that are written down."""

import json
from contextlib import asynccontextmanager

from vaiven_connectors.stripe import connector
from vaiven_sdk import Session, Window, Write
from vaiven_sdk.http import Answer, Http


def window(since=None):
    return Window(connector.config(), since=since)


@asynccontextmanager
async def session(url, key):
    async with Http(connector, connector.config(), {"api_key": key}, base_url=url, attempts=2) as http:
        yield Session(connector.config(), http.send)


async def read(hub, stream, kind="full", since=None, state=None):
    """Everything that one read gives: records, ids of the gone, and where the next one begins."""
    stream = connector.streams[stream]
    items, gone, after = [], [], None
    if kind in stream.readers:
        async for batch in stream.readers[kind](hub, window(since), state):
            items += batch.items
            gone += batch.gone
            after = batch.since
    else:
        async for page in hub.walk(stream.full, window()):
            items += page.items
    decoded = [item if isinstance(item, dict) else json.loads(bytes(item)) for item in items]
    return [stream.record.model_validate(item) for item in decoded], gone, after


def a_write(record, key="key-1", **values):
    wanted, changed = record.with_unified({**record.unified(), **values}, set(values))
    return Write("update", "hub-1", wanted, record.remote_id, frozenset(changed), key)


class Wire:
    """A session whose answers are written down: `(method, path)` -> decoded body, or a function of the parameters."""

    def __init__(self, answers):
        self.answers = answers
        self.sent = []

    async def send(self, method, path, **options):
        self.sent.append((method, path, options))
        answer = self.answers[method, path]
        body = answer(options.get("params") or {}) if callable(answer) else answer
        if isinstance(body, Exception):
            raise body
        headers = {"date": "Sun, 22 Nov 2026 12:00:00 GMT"}
        return Answer(200, headers, json.dumps(body).encode())

    @property
    def session(self):
        return Session(connector.config(), self.send)


NOON = 1795348800


def events(*rows, more=False):
    data = [{"id": f"evt_{n}", "type": kind, "data": {"object": thing}} for n, (kind, thing) in enumerate(rows)]
    return {"object": "list", "data": data, "has_more": more}
