"""Every field that Stripe's records map, on payloads as Stripe documents them."""

import json
from pathlib import Path

import pytest

from tests.support.cassettes import record as documented
from tests.support.spec_check import load_spec
from vaiven_connectors.stripe import connector
from vaiven_sdk.model import ENTITIES, InvoiceStatus, Lifecycle, SubscriptionStatus

PAYLOADS = Path(__file__).parent / "payloads"
CURRENT = ["charge", "customer", "invoice", "price", "product", "refund", "subscription"]


def payload(file, /, **changes):
    older = PAYLOADS / f"{file}.json"
    found = json.loads(older.read_text()) if older.is_file() else documented("stripe", f"{file}s", "data")
    return found | changes


def unified(stream, file, /, **changes):
    return connector.streams[stream].record.model_validate(payload(file, **changes)).unified()


def test_customer():
    assert unified("customers", "customer") == {
        "company_name": "Rosen Flowers",
        "email": "jennyrosen@example.com",
        "phone": "+14155550100",
        "city": "San Francisco",
        "region": "CA",
        "postal_code": "94080",
        "country": "US",
        "locale": "en-US",
        "currency": "USD",
        "description": "Met at the fair",
        "first_seen_at": "2023-04-07T18:59:53.000000Z",
        "lifecycle": "customer",
        "full_name": "Jenny Rosen",
        "street": "354 Oyster Point Blvd\nSuite 4",
        "is_test": True,
    }


def test_customer_carries_our_id():
    record = connector.streams["customers"].record.model_validate(payload("customer"))
    assert (record.remote_id, record.record_hub_id, record.record_version) == (
        "cus_NffrFeUfNV2Hib",
        "01JZ8Q9M5X3W7V2T4R6P8N0K1H",
        "",
    )


def test_customer_of_the_vendors_smallest_shape():
    bare = {"id": "cus_1", "object": "customer", "created": 1680893993, "livemode": True}
    got = connector.streams["customers"].record.model_validate(bare).unified()
    assert {name for name, value in got.items() if value is not None} == {"first_seen_at", "is_test"}


def test_a_name_is_the_persons_where_there_is_no_better_one():
    assert unified("customers", "customer", individual_name=None)["full_name"] == "Rosen Flowers"
    assert unified("customers", "customer", individual_name="", name="")["full_name"] is None


@pytest.mark.parametrize(("text", "stage"), [("", None), (None, None), ("vip", "other"), ("lead", "lead")])
def test_lifecycle_as_others_may_type_it(text, stage):
    assert unified("customers", "customer", metadata={"vaiven_lifecycle": text})["lifecycle"] == stage


@pytest.mark.parametrize("stage", [*Lifecycle])
def test_lifecycle_both_ways(stage):
    record = connector.streams["customers"].record.model_validate(payload("customer"))
    wanted, changed = record.with_unified({**record.unified(), "lifecycle": str(stage)}, {"lifecycle"})
    assert wanted.to_wire(changed) == {"metadata": {"vaiven_lifecycle": str(stage)}}
    assert wanted.unified()["lifecycle"] == str(stage)


def test_an_emptied_lifecycle_is_unset():
    record = connector.streams["customers"].record.model_validate(payload("customer"))
    wanted, changed = record.with_unified({**record.unified(), "lifecycle": None}, {"lifecycle"})
    assert wanted.to_wire(changed) == {"metadata": {"vaiven_lifecycle": ""}}


def test_nothing_but_the_lifecycle_is_written():
    assert {name: stream.writable for name, stream in connector.streams.items() if stream.writable} == {
        "customers": {"lifecycle"}
    }


def test_product():
    assert unified("products", "product") == {
        "name": "Gold Plan",
        "description": "All of it",
        "status": "active",
        "url": "https://example.com/gold",
        "image_url": "https://example.com/gold.png",
    }
    assert unified("products", "product", active=False)["status"] == "archived"
    assert unified("products", "product", images=[])["image_url"] is None


def test_price():
    assert unified("prices", "price") == {
        "product_id": "prod_NZKdYqrwEYx6iK",
        "name": "Gold, monthly",
        "currency": "USD",
        "interval": "month",
        "interval_count": 1,
        "trial_days": 14,
        "is_active": True,
        "unit_amount": "10",
    }
    once = unified("prices", "price", recurring=None)
    assert (once["interval"], once["interval_count"], once["trial_days"]) == (None, None, None)
    assert unified("prices", "price", recurring={"interval": "aeon"})["interval"] == "other"


@pytest.mark.parametrize(
    ("currency", "decimal", "amount"),
    [
        ("usd", "1234.5", "12.345"),
        ("usd", "0.000000000001", "0"),
        ("jpy", "500", "500"),
        ("kwd", "5120", "5.12"),
        ("isk", "500", "5"),
        ("ugx", "500", "5"),
        ("mga", "500", "500"),
        ("zzz", "500", None),
        ("usd", None, None),
    ],
)
def test_price_in_units_of_its_currency(currency, decimal, amount):
    changes = {"currency": currency, "unit_amount_decimal": decimal, "unit_amount": None}
    assert unified("prices", "price", **changes)["unit_amount"] == amount


SUBSCRIPTION = {
    "person_id": "cus_Na6dX7aXxi11N4",
    "status": "active",
    "quantity": 2,
    "started_at": "2023-03-23T22:16:07.000000Z",
    "trial_end_at": "2023-03-24T23:20:00.000000Z",
    "cancel_at": "2024-03-23T22:16:08.000000Z",
    "is_cancel_at_period_end": True,
    "canceled_at": "2023-07-22T04:26:40.000000Z",
    "ended_at": None,
    "price_id": "price_1MowQULkdIwHu7ixraBm864M",
    "product_id": "prod_Na6dGcTsmU0I4R",
    "plan": "Silver, yearly",
    "currency": "USD",
    "interval": "year",
    "interval_count": 1,
    "amount": "240",
    "mrr_minor": 2000,
    "current_period_start_at": "2023-03-23T22:16:08.000000Z",
    "current_period_end_at": "2024-03-23T22:16:08.000000Z",
    "cancel_reason": "too_expensive",
    "is_test": False,
}


@pytest.mark.parametrize("name", ["subscription", "subscription_before_basil"])
def test_subscription(name):
    got = unified("subscriptions", name)
    assert got.pop("items")["data"][0]["id"] == "si_Na6dzxczY5fwHx"
    assert got == SUBSCRIPTION


def with_items(*terms):
    items = [
        {
            "quantity": quantity,
            "price": {
                "currency": "eur",
                "unit_amount_decimal": decimal,
                "recurring": {"interval": interval, "interval_count": count, "usage_type": usage},
            },
        }
        for decimal, quantity, interval, count, usage in terms
    ]
    got = unified("subscriptions", "subscription", items={"data": items, "has_more": False})
    return got["amount"], got["mrr_minor"]


def test_subscription_amounts():
    assert with_items(("1000", 3, "month", 1, "licensed")) == ("30", 3000)
    assert with_items(("1000", 0, "month", 1, "licensed")) == ("0", 0)
    assert with_items(("1000", None, "month", 3, "licensed")) == ("10", 333)
    assert with_items(("700", 1, "week", 1, "licensed")) == ("7", 3044)
    assert with_items(("1200", 1, "year", 1, "licensed")) == ("12", 100)
    assert with_items(("1000", 1, "month", 1, "licensed"), ("5", None, "month", 1, "metered")) == ("10", 1000)
    assert with_items(("1000", 1, "month", 1, "licensed"), ("1200", 1, "year", 1, "licensed")) == (None, 1100)
    assert with_items((None, 1, "month", 1, "licensed")) == (None, None)
    assert with_items(("0", 1, "month", 1, "licensed")) == ("0", 0)


def test_a_subscription_with_further_items_has_no_sum():
    items = payload("subscription")["items"] | {"has_more": True}
    got = unified("subscriptions", "subscription", items=items)
    assert (got["amount"], got["mrr_minor"]) == (None, None)


STATES = "active canceled incomplete incomplete_expired past_due paused trialing unpaid".split()


def test_subscription_statuses():
    got = {state: unified("subscriptions", "subscription", status=state)["status"] for state in STATES}
    assert got == {state: state for state in STATES} | {"incomplete_expired": "expired"}
    assert unified("subscriptions", "subscription", status="frozen")["status"] == "other"
    assert set(got.values()) <= set(SubscriptionStatus)


@pytest.mark.parametrize("name", ["invoice", "invoice_before_basil"])
def test_invoice(name):
    got = unified("invoices", name)
    assert got.pop("lines")["data"] == []
    assert got == {
        "number": "C9AE2C-0001",
        "person_id": "cus_NeZwdNtLEOXuvB",
        "subscription_id": "sub_1MowQVLkdIwHu7ixeRlqHVzs",
        "status": "open",
        "currency": "USD",
        "subtotal_minor": 2000,
        "discount_minor": 500,
        "tax_minor": 150,
        "total_minor": 1650,
        "paid_minor": 650,
        "due_minor": 1000,
        "issued_at": "2023-04-04T21:41:10.000000Z",
        "due_on": "2023-05-05",
        "paid_at": None,
        "period_start_at": "2023-03-04T21:41:07.000000Z",
        "period_end_at": "2023-04-04T21:41:07.000000Z",
        "email": "jennyrosen@example.com",
        "country": "US",
        "url": "https://invoice.stripe.com/i/acct_1/live_1",
        "is_test": False,
    }


def test_invoice_statuses():
    states = "draft open paid uncollectible void".split()
    assert [unified("invoices", "invoice", status=s)["status"] for s in states] == states
    assert unified("invoices", "invoice", status="lost")["status"] == "other"
    assert set(states) < set(InvoiceStatus)


def test_charge():
    assert unified("charges", "charge") == {
        "person_id": "cus_NffrFeUfNV2Hib",
        "invoice_id": None,
        "status": "succeeded",
        "amount_minor": 1099,
        "refunded_minor": 0,
        "currency": "USD",
        "fee_minor": 59,
        "net_minor": 953,
        "settlement_currency": "EUR",
        "fx_rate": "0.921123",
        "method": "card",
        "failure_code": None,
        "description": "Order 7",
        "paid_at": "2023-03-17T22:02:19.000000Z",
        "is_test": False,
    }


def test_a_charge_that_is_not_settled_has_no_fee():
    for settlement in (None, "txn_1"):
        got = unified("charges", "charge", balance_transaction=settlement)
        assert (got["fee_minor"], got["net_minor"], got["settlement_currency"], got["fx_rate"]) == (None,) * 4


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "failed", "failure_code": "card_declined"}, "failed"),
        ({"status": "pending"}, "pending"),
        ({"captured": False}, "authorized"),
        ({"captured": False, "refunded": True, "amount_refunded": 1099}, "canceled"),
        ({"amount_refunded": 99}, "partially_refunded"),
        ({"refunded": True, "amount_refunded": 1099}, "refunded"),
        ({"disputed": True}, "disputed"),
        ({"status": "paused"}, "other"),
    ],
)
def test_charge_statuses(changes, status):
    assert unified("charges", "charge", **changes)["status"] == status


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("eur", 1099, 1099), ("jpy", 500, 500), ("kwd", 5120, 5120), ("isk", 500, 5), ("mga", 5, 500)],
)
def test_money_in_minor_units(currency, amount, minor):
    assert unified("charges", "charge", currency=currency, amount=amount)["amount_minor"] == minor


def test_refund():
    assert unified("refunds", "refund") == {
        "payment_id": "ch_1NirD82eZvKYlo2CIvbtLWuY",
        "person_id": "cus_NffrFeUfNV2Hib",
        "amount_minor": 1000,
        "currency": "USD",
        "reason": "requested_by_customer",
        "status": "succeeded",
        "refunded_at": "2023-08-25T05:45:18.000000Z",
    }


def test_references_lead_to_streams_of_the_right_entity():
    for stream in connector.streams.values():
        for name, mapped in stream.record.mapped().items():
            wanted = ENTITIES[stream.entity].fields()[name].ref
            found = connector.streams[mapped.ref].entity if mapped.ref else None
            assert found == wanted, f"{stream.name}.{name}"


@pytest.mark.parametrize("name", [*(path.stem for path in sorted(PAYLOADS.glob("*.json"))), *CURRENT])
def test_payloads_have_documented_types(name):
    """Fields that are newer than the description are left out; those in both must have its types. The
    reduced notation does not say which references may be null."""
    spec = load_spec("stripe")
    problems = spec.compare(f"@{name.split('_')[0]}", payload(name))
    assert [p for p in problems if not p.endswith(("not described", "required, and absent", "got null"))] == []
