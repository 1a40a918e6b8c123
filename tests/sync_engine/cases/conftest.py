"""An office of tools in memory, and a bench of the vendors' simulators on loopback: both over an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from email.utils import format_datetime
from typing import Any, TypeVar

import httpx
import pytest

from tests.support.hub import Hub, hub_at
from tests.support.office import START, Desk, desk_at
from tests.support.stores import Stores
from vaiven_registry import Registry
from vaiven_sdk import http as sdk_http
from vaiven_sdk.testing import ManualClock, Simulator, serve
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.connections import Connection
from vaiven_sync_engine.store.address import Address

S = TypeVar("S", bound=Simulator)
LATER = 400
"""Seconds between two runs: longer than any vendor's reads trail its writes."""


class InTime(httpx.AsyncHTTPTransport):
    """Over loopback; what an answer says of the time is what the vendor's clock says, not the machine's."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        answer.headers["date"] = format_datetime(self.clock.now(), usegmt=True)
        return answer


class Bench:
    """A hub over accounts at simulated vendors, all on one clock."""

    def __init__(self, hub: Hub, clock: ManualClock, stack: ExitStack) -> None:
        self.hub, self.clock, self.stack = hub, clock, stack

    def open(self, name: str, vendor: S, *, base: str = "", **settings: Any) -> S:
        """Serve a vendor's account and connect it."""
        url = self.stack.enter_context(serve(vendor)).url + base
        self.hub.credentials[name] = dict(vendor.credential)
        one = Connection(name, vendor.slug, name, vendor.config, url, b"-", **{"approved": True, **settings})
        self.hub.database.run_now(accounts.save, self.hub.engine.tenant, one, self.hub.engine.now())
        return vendor

    async def sync(self, *, later: float = LATER, **options: Any) -> Any:
        self.clock.advance(later)
        return await self.hub.sync(**options)

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return self.hub.rows(sql, *values)

    def people(self) -> list[dict[str, Any]]:
        """Those who are not deleted, by address."""
        found = self.rows("SELECT * FROM person WHERE deleted_at IS NULL")
        return sorted(found, key=lambda row: row["email"] or "")

    def source(self, stream: str, connection: str) -> int:
        """The row id of a stream."""
        (row,) = self.rows("SELECT id FROM source WHERE stream = ? AND connection_id = ?", stream, connection)
        return int(row["id"])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is tried again without a wait."""
    monkeypatch.setattr(sdk_http, "_BACKOFF", lambda _: 0.0)


@pytest.fixture
def bench(sqlite_stores: Stores) -> Iterator[Bench]:
    """On SQLite alone: what a vendor does is the same for every store."""
    clock = ManualClock(START)
    with ExitStack() as stack:
        hub = stack.enter_context(hub_at(stack.enter_context(sqlite_stores()), Registry().load))
        hub.engine.transport = lambda _: InTime(clock)
        hub.engine.now = lambda: clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        yield Bench(hub, clock, stack)


@pytest.fixture
def desk(empty_store: Address) -> Iterator[Desk]:
    with desk_at(empty_store) as one:
        yield one
