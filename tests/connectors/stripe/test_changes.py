"""How the Stripe connector learns what changed, on answers that are written down."""

from pathlib import Path

import pytest

from tests.connectors.stripe.helpers import NOON, Wire, events, read
from vaiven_connectors.stripe._changes import EVENTS
from vaiven_sdk import ChangesUnknown, NotFound, RequestRefused


def test_one_request_takes_all_types_of_a_stream():
    assert max(map(len, EVENTS.values())) <= 20


def test_event_types_are_those_of_the_official_client():
    source = Path(pytest.importorskip("stripe").__path__[0], "_event.py").read_text()
    assert [kind for kinds in EVENTS.values() for kind in kinds if f'"{kind}"' not in source] == []


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
