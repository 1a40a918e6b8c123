"""Requests, reads and writes of the Stripe connector: their published shape, and a round trip over the simulator."""

import time

import pytest

from tests.connectors.stripe.helpers import a_write, read, session, window
from tests.support.spec_check import load_spec
from vaiven_connectors.stripe import connector
from vaiven_sdk import CursorExpired, PermissionMissing, ReconnectRequired, VendorBusy
from vaiven_sdk.testing import serve

PATHS = {name: f"/v1/{name}" for name in connector.streams}


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
