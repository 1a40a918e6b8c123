"""What a profile may be sent: consent for each channel, and suppressions, which stop e-mail whatever the consent says.

Shapes: schema `Subscriptions` of revision 2026-07-15 (klaviyo/openapi@f0a30ba); consent is SUBSCRIBED, NEVER_SUBSCRIBED
or UNSUBSCRIBED: developers.klaviyo.com/en/docs/collect_email_and_sms_consent_via_api. Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vaiven_connectors.klaviyo._sim_words import Json

NEVER, YES, NO = "NEVER_SUBSCRIBED", "SUBSCRIBED", "UNSUBSCRIBED"
LIFTED = frozenset({"UNSUBSCRIBE", "SPAM_COMPLAINT", "USER_SUPPRESSED"})
"""Suppressions that a subscription lifts (documentation of bulk_subscribe_profiles, klaviyo-api 25.0.0)."""
CHANNELS = {
    ("email", "marketing"): "can_receive_email_marketing",
    ("sms", "marketing"): "can_receive_sms_marketing",
    ("sms", "transactional"): "can_receive_sms_transactional",
    ("mobile_push", "marketing"): "can_receive_push_marketing",
}


def fresh() -> Json:
    """Of a new profile: nobody was asked yet."""
    blank: Json = {"consent": NEVER, "consent_timestamp": None}
    by_phone = {**blank, "method": None, "method_detail": None, "last_updated": None}
    email: Json = {
        **by_phone,
        "custom_method_detail": None,
        "double_optin": None,
        "suppression": [],
        "list_suppressions": [],
    }
    return {
        "email": {"marketing": email},
        "sms": {"marketing": dict(by_phone), "transactional": dict(by_phone)},
        "mobile_push": {"marketing": dict(blank)},
    }


def shown(row: Json) -> Json:
    """The `subscriptions` of an answer: the state, and whether a message would go out.

    E-mail goes to everybody without a global suppression, consent or not; the other channels want consent.
    """
    held: Json = row["_subscriptions"]
    found: Json = {}
    for (channel, purpose), can in CHANNELS.items():
        state = held[channel][purpose]
        reachable = bool(row.get("email")) and not state.get("suppression")
        may = reachable if channel == "email" else state["consent"] == YES
        found.setdefault(channel, {})[purpose] = {can: may, **state}
    return found


def set_consent(row: Json, channel: str, purpose: str, values: Json) -> Json:
    """The state with one channel's consent changed; nothing that was handed out changes."""
    held: Json = row["_subscriptions"]
    inner = {**held[channel], purpose: {**held[channel][purpose], **values}}
    return {**held, channel: inner}


def suppressions(row: Json) -> list[Json]:
    """Global suppressions of e-mail."""
    found: list[Json] = row["_subscriptions"]["email"]["marketing"]["suppression"]
    return found


def suppress(row: Json, reason: str, at: str) -> Json:
    """The state with one more global suppression; one of the same reason stays as it is."""
    held = suppressions(row)
    if any(one["reason"] == reason for one in held):
        return dict(row["_subscriptions"])
    new = [*held, {"reason": reason, "timestamp": at}]
    return set_consent(row, "email", "marketing", {"suppression": new, "last_updated": at})


def lift(row: Json, reasons: Iterable[str], at: str) -> Json:
    """The state without the global suppressions of these reasons."""
    out = frozenset(reasons)
    left = [one for one in suppressions(row) if one["reason"] not in out]
    return set_consent(row, "email", "marketing", {"suppression": left, "last_updated": at})


def flat(row: Json) -> dict[str, Any]:
    """What lists of profiles are filtered and sorted by: the newest suppression of each sort."""
    state = row["_subscriptions"]["email"]["marketing"]
    found: dict[str, Any] = {}
    for name in ("suppression", "list_suppressions"):
        for part in ("timestamp", "reason", "list_id"):
            values = [one[part] for one in state[name] if part in one]
            found[f"subscriptions.email.marketing.{name}.{part}"] = values[-1] if values else None
    return found
