"""The Stripe simulator's answers against two published descriptions.

`stripe_sdk` is extracted from stripe-python 16.1.0 (API version 2026-10-28.endive, the one served): its
paths and
property names bind. `stripe` is Stripe's own OpenAPI file in an older version: its types and required
properties bind, except where the
versions differ, which is listed here. Nested types of the version served are checked in test_official_client.
"""

import re

import httpx
import pytest

from tests.support.spec_check import load_spec, unaccepted
from vaiven_connectors.stripe.simulator import StripeSimulator

BASIL = "moved in 2025-03-31.basil, after the description's version: "
MOVED = {
    "* $*.paid: required, and absent": BASIL + "`status` and `payments` of an invoice",
    "* $*.paid_out_of_band: required, and absent": BASIL + "`amount_paid_off_stripe` and invoice payments",
    "* $*.total_tax_amounts: required, and absent": BASIL + "`total_taxes`",
    "* $*.proration: required, and absent": BASIL + "`parent.*_details.proration` of a line",
    "* $*.type: required, and absent": BASIL + "`parent.type` of a line",
    "* $*.current_period_start: required, and absent": BASIL + "the subscription's items",
    "* $*.current_period_end: required, and absent": BASIL + "the subscription's items",
    "GET /v1/invoice_payments*: no such operation": BASIL + "invoice payments are new there",
}
NEWER = frozenset(
    """
    advice_code allow_redirects allow_redisplay amount_overpaid amount_paid_off_stripe
    automatically_finalizes_at balance_type billed_until billing_cycle_anchor
    billing_cycle_anchor_config billing_mode billing_schedules current_period_end current_period_start
    customer customer_account destination_details discounts effective_at enhanced_eligibility
    enhanced_eligibility_types enhanced_evidence feedback_option intended_submission_method invoice
    invoice_settings issuer liability marketing_features meter network_advice_code network_decline_code
    net_amount network_transaction_id parent payment_method payment_record pending_reason plan
    pretax_credit_amounts pricing proration_details provider quantity_decimal rendering
    setup_credential_usage source
    stored_credential_usage submission_method subtotal tax_id taxes total_pretax_credit_amounts
    total_taxes trial_period_days type
    """.split()
)
"""Properties that the older description does not know yet, each present in stripe-python 16.1.0."""
NEWER_INSIDE = frozenset({"disabled_reason", "display_brand", "network_token", "regulated_status"})
"""The same, in classes that share a name: the extraction keeps one of them, test_official_client has all."""
CLASSES = {
    "balance_transaction": "BalanceTransaction",
    "charge": "Charge",
    "customer": "Customer",
    "dispute": "Dispute",
    "invoice": "Invoice",
    "invoice_payment": "InvoicePayment",
    "invoiceitem": "InvoiceItem",
    "payment_intent": "PaymentIntent",
    "payment_method": "PaymentMethod",
    "price": "Price",
    "product": "Product",
    "refund": "Refund",
    "subscription": "Subscription",
    "subscription_item": "SubscriptionItem",
    "webhook_endpoint": "WebhookEndpoint",
}
ADDED = re.compile(r"\.(\w+): not described$")


def without_newer(problems: list[str]) -> list[str]:
    return [p for p in problems if not ((found := ADDED.search(p)) and found[1] in NEWER | NEWER_INSIDE)]


@pytest.fixture
def sim() -> StripeSimulator:
    return StripeSimulator(quirks={"rate_limit": 0})


@pytest.fixture
async def client(sim):
    transport = httpx.ASGITransport(sim.app)
    headers = {"Authorization": f"Bearer {sim.secret}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://stripe", headers=headers) as opened:
        yield opened


def history(sim: StripeSimulator) -> dict[str, list[str]]:
    place = {"city": "Ourense", "country": "ES"}
    kinds = ("charge", "payment_intent", "invoice")
    return sim.seed(
        customers=[
            {
                "name": "Ada",
                "email": "Ada@Example.com",
                "phone": "+34600000000",
                "card": "visa",
                "address": place,
            },
            {"name": "Bo", "shipping": {"name": "Bo", "address": place}, "metadata": {"crm": "7"}},
        ],
        products=[{"name": "Tea"}],
        prices=[
            {"product": 0, "unit_amount": 900, "recurring": {"interval": "month"}},
            {"product": 0, "unit_amount": 50},
        ],
        orders=[
            *({"customer": 0, "amount": 1000, "kind": kind, "refunded": 100} for kind in kinds),
            {"customer": 1, "amount": 900, "kind": "charge", "disputed": "fraudulent"},
            {"customer": 1, "amount": 900, "card": "chargeDeclined"},
            {"customer": 1, "kind": "invoice", "lines": [{"price": 1, "quantity": 30}], "paid": False},
        ],
        subscriptions=[
            {"customer": 0, "price": 0, "renewals": 1},
            {"customer": 1, "price": 0, "ended_at": sim.now()},
        ],
    )


async def walk(sim, client, made):
    """Yield (path, answer) of every GET that is served, lists and single objects."""
    hook = {"url": "https://example.com/hook", "enabled_events[]": "*"}
    assert (await client.post("/v1/webhook_endpoints", data=hook)).status_code == 200
    item = {"customer": made["customers"][1], "amount": "500", "currency": "eur"}
    assert (await client.post("/v1/invoiceitems", data=item)).status_code == 200
    paths = ["/v1/account"]
    for name, held in sim.tables.items():
        query = f"?subscription={made['subscriptions'][0]}" if name == "subscription_items" else "?limit=100"
        paths.append(f"/v1/{name}{query}")
        paths += [f"/v1/{name}/{ident}" for ident in held.rows if name not in {"events", "webhook_endpoints"}]
        if name == "invoices":
            paths += [f"/v1/invoices/{ident}/lines" for ident in held.rows]
        if name == "events":
            paths.append(f"/v1/events/{next(iter(held.rows))}")
    paths += [f"/v1/customers/{made['customers'][0]}/payment_methods"]
    paths += [f"/v1/{name}/search?query=created%3E0" for name in ("customers", "charges", "invoices", "subscriptions")]
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        yield path.partition("?")[0], answer.json()


def test_every_operation_served_is_described(sim):
    newest, older = load_spec("stripe_sdk"), load_spec("stripe")
    assert [op for op in sim.served() if not newest.has(*op)] == []
    unknown = {path for method, path in sim.served() if not older.has(method, path)}
    assert unknown == {"/v1/invoice_payments", "/v1/invoice_payments/{id}"}


async def test_answers_have_the_described_types_and_required_properties(sim, client):
    spec = load_spec("stripe", null_unsaid=True)
    problems = []
    async for path, answer in walk(sim, client, history(sim)):
        problems += spec.check("GET", path, 200, answer)
    known = load_spec("stripe_sdk").schemas
    named = {name for schema in known.values() if isinstance(schema, dict) for name in schema}
    assert sorted(NEWER - named) == []
    used = {found[1] for p in problems if (found := ADDED.search(p))}
    assert sorted((NEWER | NEWER_INSIDE) - used) == []
    assert unaccepted(without_newer(problems), MOVED) == []


async def test_no_property_is_unknown_to_the_version_served(sim, client):
    schemas = load_spec("stripe_sdk").schemas
    seen = set()
    strange = set()

    def visit(node):
        if isinstance(node, list):
            for item in node:
                visit(item)
        elif isinstance(node, dict):
            kind = node.get("object")
            if isinstance(kind, str) and kind in CLASSES:
                seen.add(kind)
                strange.update((kind, name) for name in node if name not in schemas[CLASSES[kind]])
            for item in node.values():
                visit(item)

    async for _, answer in walk(sim, client, history(sim)):
        visit(answer)
    assert strange == set()
    assert seen == set(CLASSES)


async def test_writes_and_errors_are_described(sim, client):
    spec = load_spec("stripe", null_unsaid=True)
    problems = []

    async def call(method, path, status=200, **data):
        answer = await client.request(method, path, data=data or None)
        assert answer.status_code == status, answer.text
        problems.extend(spec.check(method, path, status, answer.json()))
        return answer.json()

    customer = (await call("POST", "/v1/customers", email="a@b.co", source="tok_visa"))["id"]
    await call("POST", f"/v1/customers/{customer}", phone="+1")
    product = (await call("POST", "/v1/products", name="Tea"))["id"]
    recurring = {"recurring[interval]": "month", "currency": "usd", "unit_amount": "900", "product": product}
    price = (await call("POST", "/v1/prices", **recurring))["id"]
    kept = await call("POST", "/v1/subscriptions", customer=customer, **{"items[0][price]": price})
    await call("DELETE", f"/v1/subscriptions/{kept['id']}")
    charge = (await call("POST", "/v1/charges", amount="500", currency="jpy", customer=customer))["id"]
    await call("POST", "/v1/refunds", charge=charge, amount="100")
    invoice = (await call("POST", "/v1/invoices", customer=customer))["id"]
    await call("POST", f"/v1/invoices/{invoice}/finalize")
    await call("DELETE", f"/v1/customers/{customer}")
    errors = spec.schemas["api_errors"]
    for path, status, data in (
        ("/v1/customers", 400, {"nonsense": "1"}),
        ("/v1/customers/cus_none", 404, {"name": "x"}),
        ("/v1/charges", 402, {"amount": "500", "currency": "usd", "source": "tok_chargeDeclined"}),
    ):
        answer = await client.post(path, data=data)
        assert answer.status_code == status
        problems += [f"error {status}: {p}" for p in spec.compare(errors, answer.json()["error"])]
    assert unaccepted(without_newer(problems), MOVED, stale=False) == []
