"""How each big vendor signs its webhooks. Every fact was read on 2026-11-25 at the address beside it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from vaiven_sdk.errors import DeliveryMalformed
from vaiven_sdk.webhooks._delivery import Delivery, Reply
from vaiven_sdk.webhooks._signature import HmacSignature, StandardSignature, UrlSecret, same

__all__ = [
    "hubspot",
    "intercom",
    "mailchimp",
    "mandrill",
    "meta",
    "meta_token",
    "shopify",
    "slack",
    "standard",
    "stripe",
    "zendesk",
]


def standard(*, names: str = "webhook") -> StandardSignature:
    """Standard Webhooks (standardwebhooks.com), as many younger vendors sign; `names="svix"` for its older headers."""
    return StandardSignature(names)


def hubspot() -> HmacSignature:
    """HubSpot, version 3: method, address, body and time, with the app's client secret; at most 5 minutes old.

    Source: developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation.
    """
    return HmacSignature(
        "X-HubSpot-Signature-v3",
        encoding="base64",
        parts=lambda d: _joined(d.method, _hubspot_address(d.url), d.body, d.headers["x-hubspot-request-timestamp"]),
        stamp=lambda d: float(d.headers["x-hubspot-request-timestamp"]) / 1000,
    )


def shopify() -> HmacSignature:
    """Shopify: the body, with the app's client secret. It signs no time: drop repeats by the delivery's id.

    Source: shopify.dev/docs/apps/build/webhooks/subscribe/https and .../webhooks/ignore-duplicates.
    """
    return HmacSignature(
        "X-Shopify-Hmac-SHA256", encoding="base64", id=lambda d: d.headers.get("x-shopify-webhook-id", "")
    )


def stripe() -> HmacSignature:
    """Stripe: time and body, with the endpoint's secret; the header holds one signature for each secret in force.

    Source: docs.stripe.com/webhooks/signature ("Verify manually"), and the client stripe-python 16.1.0.
    """
    return HmacSignature(
        "Stripe-Signature",
        parts=lambda d: _joined(_stripe_part(d, "t")[0], ".", d.body),
        listed=lambda header: [value for name, value in _pairs(header) if name == "v1"],
        stamp=lambda d: float(_stripe_part(d, "t")[0]),
        id=lambda d: _told(d, "id"),
    )


def mailchimp(param: str | None = "secret") -> UrlSecret:
    """Mailchimp's audience webhooks: not signed, so the address that Mailchimp is given has to hold a secret.

    It looks with a GET whether the address exists. Source: mailchimp.com/developer/marketing/guides/
    sync-audience-data-webhooks ("Securing webhooks").
    """
    return UrlSecret(param, greets=("GET", "HEAD"))


def mandrill() -> HmacSignature:
    """Mailchimp Transactional (Mandrill): the address, then each form field's name and value by name, in SHA-1.

    It looks with a HEAD whether the address exists. Source: mailchimp.com/developer/transactional/guides/
    track-respond-activity-webhooks ("Authenticating webhook requests").
    """
    return HmacSignature(
        "X-Mandrill-Signature",
        digest="sha1",
        encoding="base64",
        parts=lambda d: _joined(d.url, *(text for pair in sorted(d.form()) for text in pair)),
        greets=("HEAD",),
    )


def intercom() -> HmacSignature:
    """Intercom: the body, with the app's client secret, in SHA-1. It signs no time: drop repeats by the delivery's id.

    It looks with a HEAD whether the address exists. Source: developers.intercom.com/docs/webhooks ("Signed
    notifications").
    """
    return HmacSignature(
        "X-Hub-Signature", digest="sha1", prefix="sha1=", id=lambda d: _told(d, "id"), greets=("HEAD",)
    )


def zendesk() -> HmacSignature:
    """Zendesk: time and body, with the webhook's signing secret as it is shown (its base64 is not decoded).

    Zendesk names no tolerance; ours applies. Source: developer.zendesk.com/documentation/webhooks/verifying.
    """
    return HmacSignature(
        "X-Zendesk-Webhook-Signature",
        encoding="base64",
        parts=lambda d: _joined(d.headers["x-zendesk-webhook-signature-timestamp"], d.body),
        stamp=lambda d: datetime.fromisoformat(d.headers["x-zendesk-webhook-signature-timestamp"]).timestamp(),
        id=lambda d: d.headers.get("x-zendesk-webhook-invocation-id", ""),
    )


def meta() -> HmacSignature:
    """Meta (Facebook, Instagram, WhatsApp, lead ads): the body with its non-ASCII escaped, with the app's secret.

    When the webhook is set up Meta sends a GET with a verify token: give it `meta_token(secret)`.
    Source: developers.facebook.com/docs/graph-api/webhooks/getting-started ("Verification Requests", "Validating
    Payloads").
    """
    return HmacSignature(
        "X-Hub-Signature-256",
        prefix="sha256=",
        parts=lambda d: (d.body, _escaped(d.body)),
        greet=_meta_greeting,
    )


def meta_token(secret: str) -> str:
    """The verify token to enter at Meta: made of the app's secret, so that there is no second one to keep."""
    return hmac.digest(secret.encode(), b"vaiven: hub.verify_token", "sha256").hex()[:40]


def slack() -> HmacSignature:
    """Slack: version, time and body, with the app's signing secret; it asks for an echo when it is set up.

    Source: docs.slack.dev/authentication/verifying-requests-from-slack; .../reference/events/url_verification.
    """
    return HmacSignature(
        "X-Slack-Signature",
        prefix="v0=",
        parts=lambda d: _joined("v0:", d.headers["x-slack-request-timestamp"], ":", d.body),
        stamp=lambda d: float(d.headers["x-slack-request-timestamp"]),
        id=lambda d: _told(d, "event_id"),
        ask=_slack_challenge,
    )


def _joined(*parts: str | bytes) -> bytes:
    return b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)


_HUBSPOT_DECODED = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def _hubspot_address(url: str) -> str:
    """HubSpot decodes just these characters of the address before it signs: `:/?@!$'()*,;`."""
    return _HUBSPOT_DECODED.sub(lambda found: chr(int(found[1], 16)), url)


def _pairs(header: str) -> Iterable[tuple[str, str]]:
    for item in header.split(","):
        name, _, value = item.strip().partition("=")
        yield name, value


def _stripe_part(delivery: Delivery, name: str) -> list[str]:
    found = [value for key, value in _pairs(delivery.headers.get("stripe-signature", "")) if key == name]
    if not found:
        raise KeyError(name)
    return found


def _told(delivery: Delivery, name: str) -> str:
    """A text that the body has at its top; empty when it is not JSON, or has none."""
    try:
        value: Any = delivery.json().get(name)
    except (DeliveryMalformed, AttributeError):
        return ""
    return value if isinstance(value, str) else ""


def _escaped(body: bytes) -> bytes:
    r"""With `\u00e4` for `ä`, as Meta's documentation has it, in lower-case hex digits."""
    if body.isascii():
        return body
    units = body.decode("utf-8", "replace").encode("utf-16-be")
    pairs = (int.from_bytes(units[n : n + 2], "big") for n in range(0, len(units), 2))
    return "".join(chr(unit) if unit < 128 else f"\\u{unit:04x}" for unit in pairs).encode()


def _meta_greeting(delivery: Delivery, secrets: Sequence[str]) -> Reply | None:
    if delivery.method != "GET":
        return None
    ask = delivery.query
    known = [same(ask.get("hub.verify_token", ""), meta_token(secret)) for secret in secrets]
    if ask.get("hub.mode") == "subscribe" and True in known:
        return Reply(body=ask.get("hub.challenge", "").encode())
    return Reply(403)


def _slack_challenge(delivery: Delivery) -> Reply | None:
    challenge = _told(delivery, "challenge") if _told(delivery, "type") == "url_verification" else ""
    return Reply(body=challenge.encode()) if challenge else None
