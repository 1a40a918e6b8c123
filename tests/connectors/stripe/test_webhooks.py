"""An event of Stripe's says what to read again; Stripe's own client signs it."""

import json
import time

import pytest
import stripe

from vaiven_connectors.stripe.connector import connector
from vaiven_sdk import Delivery, Hint
from vaiven_sdk.errors import SignatureInvalid

SECRET = "whsec_test"
NOW = time.time()


def told(event, secret=SECRET):
    body = json.dumps(event)
    stamp = int(NOW)
    sign = stripe.WebhookSignature._compute_signature(f"{stamp}.{body}", secret)
    headers = {"Stripe-Signature": f"t={stamp},v1={sign}"}
    stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)
    (webhook,) = connector.webhooks
    return webhook.receive(Delivery(body.encode(), headers, "https://hooks.example.com"), [SECRET], now=NOW)


def event(kind, about, **more):
    # Fields as in docs.stripe.com/api/events/object, read 2026-11-25.
    return {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}, **more}


@pytest.mark.parametrize(
    ("kind", "about", "stream"),
    [
        ("customer.updated", "customer", "customers"),
        ("customer.subscription.deleted", "subscription", "subscriptions"),
        ("invoice.paid", "invoice", "invoices"),
        ("charge.refunded", "charge", "charges"),
        ("refund.created", "refund", "refunds"),
        ("price.created", "price", "prices"),
        ("product.deleted", "product", "products"),
    ],
)
def test_an_event_names_what_it_is_about(kind, about, stream):
    received = told(event(kind, {"id": "x_1", "object": about}))
    assert received.hints == (Hint(stream, ("x_1",)),)
    assert received.id == "evt_1"
    assert stream in connector.streams


def test_a_connected_account_is_named_and_other_kinds_are_passed_over():
    assert told(event("customer.created", {"id": "c", "object": "customer"}, account="acct_1")).hints == (
        Hint("customers", ("c",), "acct_1"),
    )
    assert told(event("payout.paid", {"id": "po", "object": "payout"})).hints == ()


def test_another_endpoints_secret_does_not_do():
    with pytest.raises(SignatureInvalid):
        told(event("customer.created", {"id": "c", "object": "customer"}), secret="whsec_other")
