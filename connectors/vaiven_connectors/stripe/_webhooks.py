"""Stripe's webhooks: which records an event tells us to read again.

An event holds the object that it is about, whose `object` names its kind (docs.stripe.com/api/events/object); one
endpoint may hear of connected accounts, which `account` names (docs.stripe.com/connect/webhooks); read 2026-11-25.
"""

from collections.abc import Iterable

from vaiven_sdk import Delivery, Hint

STREAMS = {
    "customer": "customers",
    "product": "products",
    "price": "prices",
    "subscription": "subscriptions",
    "invoice": "invoices",
    "charge": "charges",
    "refund": "refunds",
}


def hints(delivery: Delivery) -> Iterable[Hint]:
    """What an event touches; one about a kind that we do not read touches nothing."""
    event = delivery.json()
    about = event["data"]["object"]
    stream = STREAMS.get(about["object"])
    return [Hint(stream, (str(about["id"]),), event.get("account") or "")] if stream else []
