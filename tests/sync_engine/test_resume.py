"""A read that stops at any page goes on at that page, and what was read in both halves is complete."""

from collections import Counter

import httpx
import pytest

from tests.support.hub import hub_at
from tests.support.wire_vendor import PAGINGS, SIZE, TOKEN, WireVendor, wire_connector
from vaiven_sdk import http as sdk_http
from vaiven_sdk.testing import Fault, serve
from vaiven_sync_engine.engine import Engine
from vaiven_sync_engine.store import Database

PEOPLE, PAYMENTS = 4 * SIZE, 2 * SIZE


def pages(paging):
    """Every page of a whole read, in order; a walk by key ends at an empty page, the others at the last full one."""
    end = 1 if paging == "keyset" else 0
    return [("people", n) for n in range(4 + end)] + [("payments", n) for n in range(2 + end)]


STOPS = [(paging, k) for paging in PAGINGS for k in range(len(pages(paging)))]


class Crash(BaseException):
    """The process dies here."""


class Fragile(Database):
    """Dies before or after the transaction that is `fuse` away."""

    fuse = None

    async def run(self, work, *args, **kwargs):
        self.burn()
        result = await super().run(work, *args, **kwargs)
        self.burn()
        return result

    def burn(self):
        if self.fuse is not None:
            if self.fuse <= 0:
                raise Crash
            self.fuse -= 1


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(sdk_http, "_BACKOFF", lambda _: 0.0)


@pytest.fixture(scope="module")
def served():
    with serve(WireVendor()) as server:
        yield server


@pytest.fixture
def vendor(served):
    served.simulator.reset(PEOPLE, PAYMENTS)
    return served.simulator


@pytest.fixture
def hub(empty_store, served, vendor, paging):
    with hub_at(empty_store, {"wire": wire_connector(paging)}.__getitem__) as one:
        one.connect("shop", "wire", served.url, {"token": TOKEN}, writes=False)
        # Plain HTTP to loopback: to load the machine's certificates for each client would be half of the time.
        one.engine.transport = lambda _: httpx.AsyncHTTPTransport(verify=False)
        yield one


@pytest.fixture
def paging():
    return "cursor"


def assert_complete(hub, vendor):
    for stream in ("people", "payments"):
        assert set(hub.bodies(stream)) == vendor.ids(stream)
    assert hub.rows("SELECT count(*) AS n FROM person") == [{"n": len(vendor.ids("people"))}]
    assert hub.rows("SELECT count(*) AS n FROM payment") == [{"n": PAYMENTS}]
    assert hub.rows("SELECT count(*) AS n FROM record WHERE deleted_at IS NOT NULL OR dirty <> 0") == [{"n": 0}]


@pytest.mark.parametrize(("paging", "k"), STOPS)
async def test_a_vendor_that_vanishes_at_page_k_is_asked_for_page_k_next(hub, vendor, paging, k):
    vendor.app.add(Fault(kind="reset", skip=k, times=0))
    report = await hub.sync()
    assert report.errors["shop"].code == "vendor_down"
    there = {(line.stream, n) for line in report.streams.values() if line.pulled for n in range(line.pulled.pages)}
    assert there == set(pages(paging)[:k])

    vendor.app.clear()
    vendor.asked.clear()
    report = await hub.sync()
    assert report.status == "ok"
    # A stream that was complete is read as always; the one that broke off goes on where it broke.
    broke = pages(paging)[k][0]
    assert min(n for stream, n in vendor.asked if stream == broke) == pages(paging)[k][1]
    assert_complete(hub, vendor)
    ledger = Counter((row["run_id"], row["source_id"], row["seq"]) for row in hub.rows("SELECT * FROM page"))
    assert set(ledger.values()) == {1}


async def test_a_server_that_is_gone_and_comes_back_at_another_address(empty_store, paging):
    """A real socket that closes in mid-sync; then the account's address changes."""
    vendor = WireVendor()
    # More pages than can be asked for before the socket is closed.
    vendor.reset(30 * SIZE, PAYMENTS)
    with hub_at(empty_store, {"wire": wire_connector()}.__getitem__) as hub:
        with serve(vendor) as server:
            hub.connect("shop", "wire", server.url, {"token": TOKEN}, writes=False)

            def leave(*_):
                server.close()

            report = await hub.sync(progress=leave)
        assert report.errors["shop"].code == "vendor_down"
        held = set(hub.bodies("people"))
        assert held
        assert held < vendor.ids("people")
        vendor.asked.clear()
        with serve(vendor) as server:
            hub.connect("shop", "wire", server.url, {"token": TOKEN}, writes=False)
            assert (await hub.sync()).status == "ok"
        assert vendor.asked[0] == ("people", len(held) // SIZE)
        assert_complete(hub, vendor)


async def test_a_death_at_any_transaction_loses_nothing_and_counts_nothing_twice(empty_stores, served, vendor):
    fuse, died = 0, True
    while died:
        path = empty_stores()
        with hub_at(path, {"wire": wire_connector()}.__getitem__) as hub:
            hub.connect("shop", "wire", served.url, {"token": TOKEN}, writes=False)
        with Fragile.open(path) as database:
            database.fuse = fuse
            engine = Engine(database, {"wire": wire_connector()}.__getitem__, lambda _: {"token": TOKEN})
            engine.transport = lambda _: httpx.AsyncHTTPTransport(verify=False)
            try:
                await engine.sync()
                died = False
            except Crash:
                pass
        with hub_at(path, {"wire": wire_connector()}.__getitem__) as hub:
            hub.credentials["shop"] = {"token": TOKEN}
            assert (await hub.sync()).status == "ok"
            assert_complete(hub, vendor)
        fuse += 1
    assert fuse > 2 * len(pages("cursor"))


async def test_a_record_that_changes_between_the_halves_is_not_missed(hub, vendor):
    """It was read in the first half, and changes before the second: the next read of changes brings it."""
    from tests.support.wire_vendor import payment

    vendor.app.add(Fault(kind="reset", path="/payments", skip=1, times=0))
    await hub.sync()
    assert "y00" in hub.bodies("payments")
    vendor.lists["payments"]["y00"] = payment("y00", b"1", b'"2026-11-01T00:00:00Z"')
    vendor.app.clear()
    await hub.sync()
    await hub.sync()
    assert hub.bodies("payments")["y00"]["amount"] == 1


async def test_a_full_read_that_was_resumed_takes_nothing_for_deleted(hub, vendor):
    """It did not see the first half, so it cannot know."""
    await hub.sync()
    vendor.app.add(Fault(kind="reset", path="/people", skip=2, times=0))
    await hub.sync(full=True)
    vendor.app.clear()
    del vendor.lists["people"]["p00"]
    await hub.sync()
    assert "p00" in hub.bodies("people")
    await hub.sync(full=True)
    assert "p00" not in hub.bodies("people")
