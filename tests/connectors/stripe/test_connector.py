"""Requests, changes and writes of the Stripe connector."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.spec_check import load_spec
from vaiven_connectors.stripe import connector
from vaiven_connectors.stripe._changes import EVENTS
from vaiven_sdk import (
    ChangesUnknown,
    CursorExpired,
    NotFound,
    PermissionMissing,
    ReconnectRequired,
    Session,
    VendorBusy,
    Window,
    Write,
)
from vaiven_sdk.http import Answer, Http
from vaiven_sdk.testing import serve

PATHS = {name: f"/v1/{name}" for name in connector.streams}


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


# ------------------------------------------------------------------------------------------------ published shape


@pytest.mark.parametrize("name", [*PATHS])
def test_reads_are_described(name):
    spec = load_spec("stripe")
    (listing,) = spec.operations("GET", PATHS[name])
    sent = {"limit", "starting_after", *(param.partition("[")[0] for param in connector.streams[name].full.params)}
    assert connector.streams[name].full.path == PATHS[name]
    assert sent <= set(listing["q"])
    assert spec.operations("GET", f"{PATHS[name]}/id_1")


def test_events_and_account_are_described():
    spec = load_spec("stripe")
    (listing,) = spec.operations("GET", "/v1/events")
    assert {"types", "created", "limit", "starting_after"} <= set(listing["q"])
    assert spec.operations("GET", "/v1/account")


def test_the_update_is_described():
    (op,) = load_spec("stripe").operations("POST", "/v1/customers/cus_1")
    assert op["ct"] == "application/x-www-form-urlencoded"
    assert "metadata" in op["body"]


def test_one_request_takes_all_types_of_a_stream():
    assert max(map(len, EVENTS.values())) <= 20


def test_event_types_are_those_of_the_official_client():
    source = Path(pytest.importorskip("stripe").__path__[0], "_event.py").read_text()
    assert [kind for kinds in EVENTS.values() for kind in kinds if f'"{kind}"' not in source] == []


# ------------------------------------------------------------------------------------------------ what changed


async def test_changed_objects_are_read_again_once():
    wire = Wire(
        {
            ("GET", "/v1/events"): events(
                ("customer.updated", {"id": "cus_1", "object": "customer", "name": "As of then"}),
                ("customer.created", {"id": "cus_1", "object": "customer"}),
            ),
            ("GET", "/v1/customers/cus_1"): {"id": "cus_1", "object": "customer", "name": "Now"},
        }
    )
    (customer,), gone, after = await read(wire.session, "customers", "changes", str(NOON - 600))
    assert (customer.name, gone, after) == ("Now", [], str(NOON - 60))
    assert [path for _, path, _ in wire.sent] == ["/v1/events", "/v1/customers/cus_1"]
    assert wire.sent[0][2]["params"] == {
        "limit": 100,
        "created[gte]": str(NOON - 600),
        "types[]": ["customer.created", "customer.updated", "customer.deleted"],
    }


async def test_since_may_be_an_instant():
    wire = Wire({("GET", "/v1/events"): events()})
    *_, after = await read(wire.session, "customers", "changes", "2026-11-22T11:50:00.000000Z")
    assert wire.sent[0][2]["params"]["created[gte]"] == str(NOON - 600)
    assert after == str(NOON - 60)


async def test_the_next_read_never_begins_before_this_one():
    wire = Wire({("GET", "/v1/events"): events()})
    assert (await read(wire.session, "customers", "changes", str(NOON - 5)))[2] == str(NOON - 5)


async def test_a_dispute_is_a_change_of_its_charge():
    wire = Wire(
        {
            ("GET", "/v1/events"): events(
                ("charge.dispute.created", {"id": "dp_1", "object": "dispute", "charge": "ch_1"}),
                ("charge.refund.updated", {"id": "re_1", "object": "refund", "charge": {"id": "ch_2"}}),
            ),
            ("GET", "/v1/charges/ch_1"): {"id": "ch_1"},
            ("GET", "/v1/charges/ch_2"): {"id": "ch_2"},
        }
    )
    charges, *_ = await read(wire.session, "charges", "changes", str(NOON - 600))
    assert [charge.id for charge in charges] == ["ch_1", "ch_2"]
    assert wire.sent[1][2]["params"] == {"expand[]": ["balance_transaction"]}


async def test_deletions_are_believed_when_the_object_is_gone():
    wire = Wire(
        {
            ("GET", "/v1/events"): events(
                ("product.deleted", {"id": "prod_1", "object": "product"}),
                ("product.deleted", {"id": "prod_2", "object": "product"}),
                ("product.updated", {"id": "prod_3", "object": "product"}),
            ),
            ("GET", "/v1/products/prod_1"): NotFound("gone"),
            ("GET", "/v1/products/prod_2"): {"id": "prod_2", "name": "The id is in use again"},
            ("GET", "/v1/products/prod_3"): NotFound("not said to be deleted"),
        }
    )
    products, gone, _ = await read(wire.session, "products", "changes", str(NOON - 600))
    assert ([product.id for product in products], gone) == (["prod_2"], ["prod_1"])


async def test_a_deletion_after_an_update_is_seen_in_any_order():
    pages = {
        None: events(("customer.updated", {"id": "cus_1", "object": "customer"}), more=True),
        "evt_0": events(("customer.deleted", {"id": "cus_1", "object": "customer"})),
    }
    wire = Wire(
        {
            ("GET", "/v1/events"): lambda params: pages[params.get("starting_after")],
            ("GET", "/v1/customers/cus_1"): NotFound("gone"),
        }
    )
    assert (await read(wire.session, "customers", "changes", str(NOON - 600)))[:2] == ([], ["cus_1"])


async def test_a_read_goes_on_where_it_stopped():
    wire = Wire({("GET", "/v1/events"): events()})
    state = {"page": "evt_9", "since": str(NOON - 300)}
    *_, after = await read(wire.session, "customers", "changes", str(NOON - 600), state)
    assert wire.sent[0][2]["params"]["starting_after"] == "evt_9"
    assert after == str(NOON - 300)


async def test_a_server_that_cannot_filter_by_type_gives_all_events():
    from vaiven_sdk import RequestRefused

    def answer(params):
        if "types[]" in params:
            return RequestRefused("no", why="Unexpected types")
        return events(
            ("plan.created", {"id": "x", "object": "plan"}), ("price.created", {"id": "price_1", "object": "price"})
        )

    wire = Wire({("GET", "/v1/events"): answer, ("GET", "/v1/prices/price_1"): {"id": "price_1"}})
    prices, *_ = await read(wire.session, "prices", "changes", str(NOON - 600))
    assert [price.id for price in prices] == ["price_1"]


@pytest.mark.parametrize("since", [str(NOON - 30 * 86_400), "2026-10-01T00:00:00Z", None, ""])
async def test_older_changes_are_unknown(since):
    with pytest.raises(ChangesUnknown):
        await read(Wire({("GET", "/v1/events"): events()}).session, "customers", "changes", since)


async def test_without_events_changes_are_unknown():
    with pytest.raises(ChangesUnknown):
        await read(Wire({("GET", "/v1/events"): NotFound("no")}).session, "customers", "changes", str(NOON))


async def test_inactive_prices_are_read_too():
    pages = {
        ("true", None): {"data": [{"id": "price_1"}], "has_more": True},
        ("true", "price_1"): {"data": [{"id": "price_2"}], "has_more": False},
        ("false", None): {"data": [{"id": "price_3"}], "has_more": False},
    }
    wire = Wire({("GET", "/v1/prices"): lambda p: pages[p["active"], p.get("starting_after")]})
    prices, _, after = await read(wire.session, "prices")
    assert ([price.id for price in prices], after) == (["price_1", "price_2", "price_3"], str(NOON - 60))
    again, *_ = await read(wire.session, "prices", state={"active": "false", "page": None, "since": "1"})
    assert [price.id for price in again] == ["price_3"]


# ------------------------------------------------------------------------------------------------ the simulator


@pytest.fixture
def sim():
    from vaiven_connectors.stripe.simulator import simulator

    with serve(simulator(quirks={"rate_limit": 0, "endpoint_rate_limit": 0})) as server:
        yield server


@pytest.fixture
def history(sim):
    return sim.simulator.seed(
        customers=[
            {
                "email": f"c{n}@example.com",
                "name": f"C {n}",
                "card": "visa",
                "metadata": {"vaiven_lifecycle": "lead"},
                "created": int(time.time()) - 7200,
            }
            for n in range(120)
        ],
        products=[{"name": "Gold"}],
        prices=[{"product": 0, "unit_amount": 1000, "currency": "eur", "recurring": {"interval": "month"}}],
        orders=[
            {"customer": 0, "amount": 500, "currency": "jpy", "kind": "charge"},
            {"customer": 1, "amount": 2500, "currency": "eur", "kind": "payment_intent", "refunded": 500},
            {"customer": 2, "amount": 3000, "currency": "eur", "kind": "invoice"},
        ],
        subscriptions=[{"customer": 3, "price": 0, "quantity": 2}],
    )


async def test_everything_is_read(sim, history):
    async with session(sim.url, sim.simulator.credential["api_key"]) as hub:
        got = {name: (await read(hub, name))[0] for name in connector.streams}
        found = await connector.hooks["account"](hub)
    state = sim.simulator.state()
    for name, records in got.items():
        kept = state[name].values() if isinstance(state[name], dict) else state[name]
        assert {record.id for record in records} == {row["id"] for row in kept}, name
    assert len(got["customers"]) == 120
    assert found.id.startswith("acct_")
    assert sorted(c.unified()["amount_minor"] for c in got["charges"]) == [500, 2000, 2500, 3000]
    assert all(c.unified()["fee_minor"] is not None for c in got["charges"])
    (subscription,) = got["subscriptions"]
    assert subscription.unified()["mrr_minor"] == 2000
    assert subscription.unified()["current_period_end_at"]
    assert {i.unified()["subscription_id"] for i in got["invoices"]} == {None, subscription.id}
    (refund,) = got["refunds"]
    assert refund.unified()["amount_minor"] == 500
    assert refund.unified()["payment_id"] in {c.id for c in got["charges"]}


async def test_changes_and_deletions_are_seen(sim, history):
    first, second, *_ = history["customers"]
    async with session(sim.url, sim.simulator.credential["api_key"]) as hub:
        *_, since = await read(hub, "customers", "changes", str(int(time.time()) - 600))
        sim.simulator.edit_customer(first, name="Edited")
        sim.simulator.delete_customer(second)
        customers, gone, _ = await read(hub, "customers", "changes", since)
        now = {customer.id: customer.name for customer in customers}
        assert (now[first], gone) == ("Edited", [second])
        charge = next(c for c in (await read(hub, "charges"))[0] if c.amount == 500)
        sim.simulator.refund(charge.id)
        charges, *_ = await read(hub, "charges", "changes", since)
        assert {c.id: c for c in charges}[charge.id].unified()["status"] == "refunded"
        refunds, *_ = await read(hub, "refunds", "changes", since)
        assert charge.id in {r.charge for r in refunds}


async def test_our_metadata_is_written_and_found(sim, history):
    stream = connector.streams["customers"]
    async with session(sim.url, sim.simulator.credential["api_key"]) as hub:
        customer = (await read(hub, "customers"))[0][0]
        (outcome,) = await stream.writers["update"].function(hub, [a_write(customer, lifecycle="customer")])
        assert (outcome.status, outcome.id) == ("updated", customer.id)
        stored = stream.record.model_validate(outcome.stored)
        assert stored.unified() == customer.unified() | {"lifecycle": "customer"}
        (found,) = await stream.finder.function(hub, [a_write(customer), a_write(customer)])
        assert found["metadata"] == {"vaiven_lifecycle": "customer"}
        (outcome,) = await stream.writers["update"].function(hub, [a_write(stored, "key-2", lifecycle=None)])
        assert outcome.stored["metadata"] == {}


async def test_a_refused_write_is_one_rejection(sim, history):
    stream = connector.streams["customers"]
    async with session(sim.url, sim.simulator.credential["api_key"]) as hub:
        one, other, *_ = (await read(hub, "customers"))[0]
        sim.simulator.delete_customer(one.id)
        long = a_write(other, "key-3", lifecycle="lead")
        long.record.lifecycle = "x" * 501
        writes = [a_write(one, lifecycle="customer"), long, a_write(other, "key-4", lifecycle="customer")]
        gone, refused, saved = await stream.writers["update"].function(hub, writes)
        assert (gone.status, gone.code) == ("rejected", "resource_missing")
        assert refused.status == "rejected"
        assert refused.reason
        assert saved.status == "updated"
        assert await stream.finder.function(hub, [a_write(one)]) == []


async def test_keys_that_may_not(sim, history):
    limited = sim.simulator.restrict_key(["customers:read"])["api_key"]
    async with session(sim.url, limited) as hub:
        assert (await connector.hooks["account"](hub)).id == ""
        with pytest.raises(PermissionMissing):
            await read(hub, "charges")
    async with session(sim.url, "sk_test_wrong") as hub:
        with pytest.raises(ReconnectRequired):
            await connector.hooks["account"](hub)


async def test_a_dead_place_in_a_list_begins_the_read_again(sim, history):
    async with session(sim.url, sim.simulator.credential["api_key"]) as hub:
        first = history["customers"][0]
        sim.simulator.delete_customer(first)
        with pytest.raises(CursorExpired):
            async for _ in hub.walk(connector.streams["customers"].full, window(), state=first):
                pass


def test_a_conflict_is_waited_out():
    assert isinstance(connector.hooks["error"](409, {"error": {"type": "idempotency_error"}}), VendorBusy)
    assert connector.hooks["error"](400, {"error": {"param": "email"}}) is None
    assert connector.hooks["error"](404, None) is None


# ---------------------------------------------------------------------------------------- a third party's server


@pytest.fixture
def other_server(unused_tcp_port):
    pytest.importorskip("localstripe")
    command = [sys.executable, "-m", "localstripe", "--port", str(unused_tcp_port), "--from-scratch"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{unused_tcp_port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(urllib.request.Request(f"{url}/v1/customers", headers=KEY), timeout=2)
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


KEY = {"Authorization": "Bearer sk_test_12345"}


def post(url, **values):
    body = urllib.parse.urlencode({k.replace("__", "["): v for k, v in values.items()}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, KEY), timeout=5) as answer:
        return json.load(answer)


@pytest.mark.real
async def test_an_older_server_without_all_parts(other_server):
    """localstripe 1.15.10: no prices, no account, no filter by type, fields of an older API."""
    made = post(f"{other_server}/v1/customers", name="Ann", email="ann@example.com")
    async with session(other_server, "sk_test_12345") as hub:
        assert (await connector.hooks["account"](hub)).id == ""
        since = str(int(time.time()) - 600)
        with pytest.raises(NotFound):
            await read(hub, "prices")
        (customer,), *_ = await read(hub, "customers")
        assert (customer.id, customer.unified()["full_name"]) == (made["id"], "Ann")
        assert [c.id for c in (await read(hub, "customers", "changes", since))[0]] == [made["id"]]
        update = connector.streams["customers"].writers["update"].function
        (outcome,) = await update(hub, [a_write(customer, lifecycle="lead")])
        stored = connector.streams["customers"].record.model_validate(outcome.stored)
        assert stored.unified()["lifecycle"] == "lead"
        (outcome,) = await update(hub, [a_write(stored, "key-2", lifecycle=None)])
        emptied = connector.streams["customers"].record.model_validate(outcome.stored)
        assert emptied.unified()["lifecycle"] is None
        for name in ("products", "subscriptions", "invoices", "charges", "refunds"):
            assert (await read(hub, name))[0] == []
            assert (await read(hub, name, "changes", since))[0] == []
