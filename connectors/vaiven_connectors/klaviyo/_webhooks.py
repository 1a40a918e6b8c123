"""System webhooks: what they tell us to read again.

Guide "Working with system webhooks" (developers.klaviyo.com), read 2026-11-25: `Klaviyo-Signature` is the HMAC-SHA256,
in hex, of the body followed by the value of `Klaviyo-Timestamp`, with the endpoint's secret.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from vaiven_sdk import Delivery, Hint, HmacSignature

from ._account import klaviyo

CONSENT = ("subscribed", "unsubscribed", "spam", "bounced", "dropped")
"""In a topic's name: what moves consent or suppression, so that the profile is read again, too."""


def stamp(delivery: Delivery) -> float:
    """The signed instant; the guide leaves its spelling open, so each usual one is understood."""
    text = delivery.headers["klaviyo-timestamp"].strip()
    if text.replace(".", "", 1).isdecimal():
        return float(text) / (1000 if float(text) > 1e11 else 1)
    moment = datetime.fromisoformat(text) if text[:1].isdecimal() else parsedate_to_datetime(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


SIGNATURE = HmacSignature(
    "Klaviyo-Signature",
    parts=lambda delivery: delivery.body + delivery.headers["klaviyo-timestamp"].encode(),
    stamp=stamp,
)


@klaviyo.webhook(SIGNATURE)
def hear(delivery: Delivery) -> Iterable[Hint]:
    """The events that a delivery names, and the profiles whose consent they may have moved."""
    body = delivery.json()
    account = str((body.get("meta") or {}).get("klaviyo_account_id") or "")
    ids = tuple(dict.fromkeys(str(one["external_id"]) for one in body["data"]))
    hints = [Hint("events", ids, account)]
    if any(word in str(one.get("topic") or "").lower() for one in body["data"] for word in CONSENT):
        hints.append(Hint("profiles", (), account))
    return hints
