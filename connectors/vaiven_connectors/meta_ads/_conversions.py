"""Conversions: what people did elsewhere, told to a dataset (pixel) by the Conversions API.

developers.facebook.com, "Server event parameters" and "Using the API", read 2026-11-25: at most 1,000 events a call, at
most seven days old; one bad event refuses the whole call; of equal `event_name` and `event_id` within 48 hours the
first counts, the pixel's own among them.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import AwareDatetime

from vaiven_sdk import ConfigInvalid, Outcome, Record, RequestRefused, Write, derive, wire
from vaiven_sdk.model import Event

from . import _hashing
from ._account import Hub
from ._errors import reason

EVENTS = {
    "order.completed": "Purchase",
    "checkout.started": "InitiateCheckout",
    "cart.product_added": "AddToCart",
    "product.viewed": "ViewContent",
    "form.submitted": "Lead",
    "lead.created": "Lead",
    "subscription.started": "Subscribe",
    "account.registered": "CompleteRegistration",
}
"""The hub's words, and Meta's standard events; no other event leaves the hub for Meta."""
MOST = 1_000
OLDEST = timedelta(days=7)
SOURCES = {
    "app",
    "business_messaging",
    "chat",
    "email",
    "other",
    "phone_call",
    "physical_store",
    "system_generated",
    "website",
}
"""`action_source` (class ActionSource of facebook-business 26.0.3)."""
SAID = ("value", "total", "amount")
"""Properties of an event that may hold its value."""


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    name = EVENTS.get(values.get("type") or "")
    return {"event_name": name} if name else {}


class Conversion(Record[Event], key="id"):
    """An event of another tool on its way to Meta; it cannot be read again."""

    id: str = wire("event_id", to="event_id")
    event_name: str | None = wire()
    happened_at: AwareDatetime = wire("event_time", to="occurred_at")
    person: dict[str, Any] | None = wire(
        to="person_id", of=("email", "phone", "given_name", "family_name", "email_consent")
    )
    properties: dict[str, Any] | None = wire(to="properties")
    url: str | None = wire(to="url")
    user_agent: str | None = wire(to="user_agent")

    @derive("type", back=_named)
    def kind(self) -> str | None:
        """The hub's word."""
        return next((ours for ours, theirs in EVENTS.items() if theirs == self.event_name), None)


def user_data(person: Mapping[str, Any]) -> dict[str, Any]:
    """Digests of what is known of the person; empty where nothing can be matched."""
    found = {"em": _hashing.email(person.get("email")), "ph": _hashing.phone(person.get("phone"))}
    if any(found.values()):
        found |= {"fn": _hashing.name(person.get("given_name")), "ln": _hashing.name(person.get("family_name"))}
    return {name: [one] for name, one in found.items() if one}


def event(write: Write[Conversion], now: datetime) -> dict[str, Any] | tuple[str, str]:
    """One event as Meta takes it, or code and sentence of why it is not sent."""
    one = write.record
    said, person = one.properties or {}, one.person or {}
    who = {} if _hashing.refused(person) else user_data(person)
    if not who:
        return "not_matchable", "The person refused, or has neither a valid address nor a number with +."
    if not timedelta(minutes=-1) <= now - one.happened_at <= OLDEST:
        return "too_old", "Meta takes events of the last seven days."
    worth = _value(said)
    if one.event_name == "Purchase" and not worth:
        return "no_value", "A purchase needs a value and a currency."
    source = said.get("action_source")
    if source not in SOURCES or (source == "website" and not (one.url and one.user_agent)):
        source = "website" if one.url and one.user_agent else "system_generated"
    return {
        "event_name": one.event_name,
        "event_time": int(one.happened_at.timestamp()),
        # What the shop's own pixel was told, so that the two count once; else the hub's id.
        "event_id": str(said.get("event_id") or write.hub_id),
        "action_source": source,
        "user_data": who | ({"client_user_agent": one.user_agent} if source == "website" else {}),
        **({"event_source_url": one.url} if source == "website" else {}),
        **({"custom_data": worth} if worth else {}),
    }


def _value(said: Mapping[str, Any]) -> dict[str, Any]:
    given, currency = next((said[name] for name in SAID if said.get(name) is not None), None), said.get("currency")
    try:
        number = Decimal(str(given)) if given is not None and currency else None
    except InvalidOperation:
        number = None
    return {} if number is None else {"value": float(number), "currency": str(currency).upper()}


async def append(hub: Hub, writes: Sequence[Write[Conversion]]) -> list[Outcome]:
    """Send events; a call that is refused is halved until the bad one stands alone."""
    if not hub.config.pixel_id:
        raise ConfigInvalid(
            "There is no dataset to send conversions to.",
            remedy="Give the dataset (pixel) ID in the connection's settings, or leave the stream out.",
        )
    now = datetime.now(UTC)
    made = [(write, event(write, now)) for write in writes]
    outcomes = [write.rejected(*told) for write, told in made if isinstance(told, tuple)]
    good = [(write, told) for write, told in made if isinstance(told, dict)]
    if not good:
        return outcomes
    form = {"data": json.dumps([told for _, told in good])}
    try:
        answer = await hub.post(f"/{hub.config.pixel_id}/events", form=form, safe=True)
    except RequestRefused as problem:
        if len(writes) > 1:
            raise
        return [*outcomes, *(write.rejected(*reason(problem)) for write, _ in good)]
    if int(answer.get("events_received") or 0) != len(good):
        # Nobody says which ones: they are sent again, and the same event_id counts once.
        return outcomes
    return [*outcomes, *(_done(write, told) for write, told in good)]


def _done(write: Write[Conversion], told: Mapping[str, Any]) -> Outcome:
    kept = {"event_id": write.record.id, "event_name": told["event_name"]}
    return write.saved(write.record.id, {**kept, "event_time": write.record.happened_at.isoformat()})
