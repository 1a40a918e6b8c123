"""stripe-python 16.1.0, unmodified, against the Stripe simulator on a real socket."""

import sys
import types
from decimal import Decimal
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import pytest

from vaiven_connectors.stripe.simulator import StripeSimulator
from vaiven_sdk.testing import serve

stripe = pytest.importorskip("stripe", reason="the official client is in the extra `real`")
pytestmark = pytest.mark.client


@pytest.fixture
def sim():
    return StripeSimulator(quirks={"rate_limit": 0})


@pytest.fixture
def server(sim):
    with serve(sim) as running:
        yield running


@pytest.fixture
def client(sim, server):
    return client_of(sim.secret, server)


def client_of(key, server):
    http = stripe.HTTPXClient(allow_sync_methods=True) if "requests" not in sys.modules else None
    addresses = {"api": server.url}
    return stripe.StripeClient(key, base_addresses=addresses, max_network_retries=0, http_client=http)


def test_the_client_pins_the_version_that_is_served(client):
    answer = client.v1.accounts.retrieve_current()
    assert answer.last_response.headers["stripe-version"] == "2026-10-28.endive"
    assert answer.id.startswith("acct_")


def test_all_pages_come_newest_first_without_gap_or_repeat(sim, client):
    rows = [{"email": f"u{n}@example.com", "created": 1_700_000_000 + n // 7} for n in range(257)]
    made = sim.seed(customers=rows)["customers"]
    assert [c.id for c in client.v1.customers.list({"limit": 100}).auto_paging_iter()] == made[::-1]
    back = client.v1.customers.list({"limit": 50, "ending_before": made[0]})
    assert [c.id for c in back.auto_paging_iter()] == made[1:]
    window = client.v1.customers.list({"created": {"gte": 1_700_000_010, "lt": 1_700_000_012}, "limit": 100})
    assert {c.created for c in window.data} == {1_700_000_010, 1_700_000_011}
    assert len(window.data) == 14


def test_create_update_and_delete_a_customer(client):
    made = client.v1.customers.create(
        {
            "email": "Ada@Example.com",
            "name": "Ada",
            "metadata": {"crm": "1", "tier": "gold"},
            "address": {"city": "Vigo"},
        }
    )
    twin = client.v1.customers.create({"email": "Ada@Example.com"})
    assert made.email == "Ada@Example.com"
    assert twin.id != made.id
    changed = client.v1.customers.update(made.id, {"metadata": {"crm": "", "new": "x"}, "name": ""})
    assert changed.metadata.to_dict() == {"tier": "gold", "new": "x"}
    assert changed.name is None
    assert changed.address.city == "Vigo"
    assert client.v1.customers.update(made.id, {"metadata": ""}).metadata.to_dict() == {}
    assert client.v1.customers.delete(made.id).deleted
    assert client.v1.customers.retrieve(made.id).deleted
    assert [c.id for c in client.v1.customers.list().data] == [twin.id]


def test_filter_and_search(sim, client):
    sim.seed(customers=[{"email": "a@b.co", "metadata": {"k": "v"}}, {"email": "A@b.co", "name": "Bo Diddley"}])
    assert len(client.v1.customers.list({"email": "a@b.co"}).data) == 1
    found = client.v1.customers.search({"query": "email:'A@B.CO'"}).data
    assert len(found) == 2
    assert len(client.v1.customers.search({"query": "metadata['k']:'v' AND name:null"}).data) == 1
    assert len(client.v1.customers.search({"query": 'name~"diddl"'}).data) == 1
    with pytest.raises(stripe.InvalidRequestError, match="unsupported search field"):
        client.v1.customers.search({"query": "shoe:'42'"})


def test_subscription_and_its_invoice(client):
    customer = client.v1.customers.create({"email": "a@b.co"})
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    settings = {"default_payment_method": card.id}
    client.v1.customers.update(customer.id, {"invoice_settings": settings})
    default = {"currency": "usd", "unit_amount": 1000, "recurring": {"interval": "month"}}
    product = client.v1.products.create({"name": "Tea", "default_price_data": default})
    kept = client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": product.default_price, "quantity": 2}],
            "expand": ["latest_invoice.payments", "customer"],
        }
    )
    assert kept.status == "active"
    assert kept.customer.email == "a@b.co"
    assert kept.latest_invoice.status == "paid"
    assert kept.latest_invoice.amount_paid == 2000
    paid = kept.latest_invoice.payments.data[0].payment
    intent = client.v1.payment_intents.retrieve(paid.payment_intent, {"expand": ["latest_charge.balance_transaction"]})
    assert intent.latest_charge.balance_transaction.net == 2000 - 88
    assert kept["items"].data[0].current_period_end > kept.created
    line = client.v1.invoices.line_items.list(kept.latest_invoice.id).data[0]
    assert line.pricing.price_details.price == product.default_price
    assert line.parent.subscription_item_details.subscription == kept.id
    assert client.v1.subscriptions.cancel(kept.id).status == "canceled"
    assert client.v1.subscriptions.list().data == []
    assert len(client.v1.subscriptions.list({"status": "all"}).data) == 1


def test_payment_refund_and_events(client):
    customer = client.v1.customers.create({"email": "a@b.co"})
    intent = client.v1.payment_intents.create(
        {
            "amount": 1234,
            "currency": "JPY",
            "customer": customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    assert (intent.status, intent.currency) == ("succeeded", "jpy")
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 234})
    charge = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (234, False)
    assert [r.id for r in charge.refunds.data] == [refund.id]
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        client.v1.refunds.create({"charge": charge.id, "amount": 1001})
    kinds = [e.type for e in client.v1.events.list({"types": ["charge.refunded", "refund.created"]}).data]
    assert sorted(kinds) == ["charge.refunded", "refund.created"]
    updated = client.v1.events.list({"type": "charge.*"}).data[0]
    assert updated.data.object.id == charge.id
    assert updated.data.previous_attributes.amount_refunded == 0


def test_signed_event(sim, client):
    hook = client.v1.webhook_endpoints.create({"url": "https://example.com/h", "enabled_events": ["*"]})
    client.v1.customers.create({"name": "Ada"})
    event = client.v1.events.list().data[0]
    assert event.pending_webhooks == 1
    sent = sim.signed_event(event.id, hook.id)
    read = stripe.Webhook.construct_event(sent["body"], sent["headers"]["Stripe-Signature"], hook.secret)
    assert read.id == event.id
    late = sim.signed_event(event.id, hook.id, skew=400)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(late["body"], late["headers"]["Stripe-Signature"], hook.secret)


def test_errors_are_the_clients_own(sim, server, client):
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        client.v1.customers.create({"shoe": "42"})
    assert (unknown.value.code, unknown.value.param, unknown.value.http_status) == (
        "parameter_unknown",
        "shoe",
        400,
    )
    with pytest.raises(stripe.InvalidRequestError) as lost:
        client.v1.customers.retrieve("cus_none")
    assert (lost.value.code, lost.value.http_status) == ("resource_missing", 404)
    assert lost.value.request_id.startswith("req_")
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided: sk_test_"):
        client_of("sk_test_wrong_wrong_wrong", server).v1.customers.list()
    with pytest.raises(stripe.CardError) as declined:
        client.v1.charges.create({"amount": 500, "currency": "usd", "source": "tok_chargeDeclined"})
    assert (declined.value.code, declined.value.error.decline_code) == ("card_declined", "generic_decline")
    assert client.v1.charges.retrieve(declined.value.error.charge).status == "failed"
    sim.restrict_key(["charges:read"])
    with pytest.raises(stripe.PermissionError):
        client_of(sim.secret, server).v1.customers.list()


def test_too_many_requests():
    sim = StripeSimulator()
    with serve(sim) as server:
        client = client_of(sim.secret, server)
        with pytest.raises(stripe.RateLimitError) as limited:
            list(iter(client.v1.customers.list, None))
    assert limited.value.http_status == 429
    assert limited.value.json_body["error"]["code"] == "rate_limit"
    assert limited.value.headers["stripe-rate-limited-reason"] in {"global-rate", "endpoint-rate"}


def test_idempotency(client):
    first = client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k1"})
    again = client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k1"})
    assert again.id == first.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "Bo"}, {"idempotency_key": "k1"})
    assert len(client.v1.customers.list().data) == 1


# --------------------------------------------------------------- every object against the client's own types


def test_every_object_fits_the_clients_annotations(sim, client):
    kinds = ("charge", "payment_intent", "invoice")
    place = {"city": "Vigo", "country": "ES"}
    made = sim.seed(
        customers=[{"email": "a@b.co", "card": "visa", "address": place, "shipping": {"name": "A", "address": place}}],
        products=[{"name": "Tea"}],
        prices=[{"product": 0, "unit_amount": 900, "recurring": {"interval": "month"}}],
        orders=[
            *({"customer": 0, "amount": 1000, "kind": kind, "refunded": 100} for kind in kinds),
            {"customer": 0, "amount": 900, "disputed": "fraudulent", "kind": "charge"},
            {"customer": 0, "amount": 900, "card": "chargeDeclined"},
        ],
        subscriptions=[{"customer": 0, "price": 0}],
    )
    client.v1.invoice_items.create({"customer": made["customers"][0], "amount": 500, "currency": "usd"})
    client.v1.webhook_endpoints.create({"url": "https://example.com/h", "enabled_events": ["*"]})
    problems = set()
    names = {"customers": stripe.Customer, "products": stripe.Product, "prices": stripe.Price}
    names |= {"charges": stripe.Charge, "payment_intents": stripe.PaymentIntent, "refunds": stripe.Refund}
    names |= {
        "disputes": stripe.Dispute,
        "balance_transactions": stripe.BalanceTransaction,
        "events": stripe.Event,
    }
    names |= {
        "invoices": stripe.Invoice,
        "invoice_payments": stripe.InvoicePayment,
        "invoiceitems": stripe.InvoiceItem,
    }
    names |= {"subscriptions": stripe.Subscription, "subscription_items": stripe.SubscriptionItem}
    names |= {"payment_methods": stripe.PaymentMethod, "webhook_endpoints": stripe.WebhookEndpoint}
    state = sim.state()
    assert set(state) == set(names)
    for name, cls in names.items():
        assert state[name], name
        for row in state[name].values():
            fits(row, cls, cls.__name__, problems)
            for line in row.get("lines", {}).get("data", []) if name == "invoices" else []:
                fits(line, stripe.InvoiceLineItem, "InvoiceLineItem", problems)
    account = client.v1.accounts.retrieve_current()
    fits(account.to_dict(), stripe.Account, "Account", problems)
    assert problems == set()


def fits(value: Any, kind: Any, at: str, problems: set[str]) -> None:
    """Note where `value` is not what the annotation `kind` of the client says."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        tries: list[set[str]] = [set() for _ in args]
        for option, found in zip(args, tries, strict=True):
            fits(value, option, at, found)
        problems |= min(tries, key=len)
    elif origin is Literal and value not in args:
        problems.add(f"{at}: {value!r} is none of {args}")
    elif origin is list and not isinstance(value, list):
        problems.add(f"{at}: list expected, got {value!r}")
    elif origin is list:
        for item in value:
            fits(item, args[0], at + "[]", problems)
    elif isinstance(kind, type) and issubclass(kind, stripe.StripeObject):
        of_class(value, kind, at, problems)
    elif isinstance(kind, type):
        wanted = {float: (int, float), Decimal: str}.get(kind, kind)
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
            problems.add(f"{at}: {kind.__name__} expected, got {value!r}")


def of_class(value: Any, kind: type, at: str, problems: set[str]) -> None:
    if not isinstance(value, dict):
        problems.add(f"{at}: object expected, got {value!r}")
        return
    known = {n: k for n, k in kind.__annotations__.items() if not n.startswith("_") and n != "OBJECT_NAME"}
    if not known or "ListObject" in kind.__name__ or "Untyped" in kind.__name__:
        return
    for name, wanted in known.items():
        optional = type(None) in get_args(wanted)
        if name not in value:
            if not optional and not isinstance(wanted, (str, ForwardRef)):
                problems.add(f"{at}.{name}: required, and absent")
        else:
            fits(value[name], wanted, f"{at}.{name}", problems)
    problems |= {f"{at}.{name}: unknown" for name in value if name not in known}
