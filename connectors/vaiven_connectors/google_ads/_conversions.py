"""Offline conversions: an event of another tool is uploaded as a conversion of one conversion action, once.

`ConversionUploadService.UploadClickConversions` takes 2,000 at once ("Quotas"), always in part. The order ID keeps
Google from counting one twice. What became of an upload is told by day and action, not by event. Since 2026-06-15 it
takes them only of those who had sent some in the half year before; others must use its Data Manager API
(developers.google.com/ads/blog, 2026-05-15). Read 2026-11-25.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import AwareDatetime

from vaiven_sdk import ConfigInvalid, CreateKey, Deletes, Outcome, Record, Write, wire
from vaiven_sdk.model import Event

from ._account import Hub, google_ads, path
from ._audiences import hashed
from ._errors import told

MOST = 2_000
CLICKS = ("gclid", "gbraid", "wbraid")
"""By which of Google's own ids a click is known; a conversion carries one of them, the first that there is."""
AGAIN = {"ORDER_ID_ALREADY_IN_USE", "DUPLICATE_ORDER_ID", "CLICK_CONVERSION_ALREADY_EXISTS"}
"""An earlier attempt landed."""
KINDS = (
    "order.completed",
    "subscription.started",
    "lead.created",
    "lead.qualified",
    "deal.won",
    "form.submitted",
    "checkout.started",
)
"""Events that can be conversions: nothing else is planned for upload. The settings choose one of them."""


class OfflineConversion(Record[Event], key="id", cursor="happened_at"):
    """An event that may be a conversion."""

    id: str = wire("id", to="event_id", read_only=True)
    kind: str = wire("kind", to="type", back={kind: kind for kind in KINDS})
    happened_at: AwareDatetime = wire("happened_at", to="occurred_at")
    email: str | None = wire("email", to="email")
    person: dict[str, str] | None = wire("person", to="person_id", of=("email", "phone"))
    properties: dict[str, Any] | None = wire("properties", to="properties")


offline_conversions = google_ads.stream(
    OfflineConversion, name="offline_conversions", create_key=CreateKey.IDEMPOTENCY_KEY, deletes=Deletes.NEVER
)
Writes = Sequence[Write[OfflineConversion]]


@offline_conversions.append(batch=MOST, needs=("type", "occurred_at"))
async def append(hub: Hub, writes: Writes) -> list[Outcome]:
    """Upload the events that the settings name; the others are none of Google's business."""
    if not hub.config.conversion_action:
        raise ConfigInvalid(
            "It is not said as which conversion action events are to be uploaded.",
            remedy="Give the action's ID in the settings, or leave the stream offline_conversions out.",
        )
    outcomes: list[Outcome] = []
    asked: list[tuple[Write[OfflineConversion], dict[str, Any]]] = []
    for write in writes:
        if write.record.kind != hub.config.conversion_event:
            outcomes.append(write.rejected("other_event", f"Only {hub.config.conversion_event} is uploaded."))
        elif known := _known(write.record):
            asked.append((write, {**_body(hub, write), **known}))
        else:
            why = "The event has no click ID (gclid, gbraid, wbraid) and is about nobody with an address or number."
            outcomes.append(write.rejected("unidentified", why))
    return outcomes + (await _uploaded(hub, asked) if asked else [])


async def _uploaded(hub: Hub, asked: Sequence[tuple[Write[OfflineConversion], dict[str, Any]]]) -> list[Outcome]:
    body = {"conversions": [conversion for _, conversion in asked], "partialFailure": True}
    where = path(hub, "")[:-1] + ":uploadClickConversions"
    answer = await hub.post(where, body, safe=True)
    refused: dict[int, tuple[str, str]] = {}
    for problem in told(answer.get("partialFailureError")):
        for number in range(len(asked)) if problem.index is None else (problem.index,):
            refused[number] = (problem.code, problem.said)
    outcomes = []
    for number, (write, _) in enumerate(asked):
        code, said = refused.get(number, ("", ""))
        if code and code not in AGAIN:
            outcomes.append(write.rejected(code, said))
        else:
            kept = {"id": _order(write), "kind": write.record.kind, "happened_at": write.record.happened_at.isoformat()}
            outcomes.append(write.saved(kept["id"], kept))
    return outcomes


def _order(write: Write[OfflineConversion]) -> str:
    """The shop's own number, by which a tag on its page may have told the same sale; else the hub's id."""
    given = (write.record.properties or {}).get("order_id")
    return str(given) if given else write.hub_id


def _known(one: OfflineConversion) -> dict[str, Any]:
    """The click, or who it was; both where there are both."""
    properties = one.properties or {}
    click = next(((name, str(properties[name])) for name in CLICKS if properties.get(name)), None)
    identifiers = hashed({**(one.person or {}), **({"email": one.email} if one.email else {})})
    out: dict[str, Any] = {click[0]: click[1]} if click else {}
    if identifiers:
        out["userIdentifiers"] = [{"userIdentifierSource": "FIRST_PARTY", **known} for known in identifiers]
    return out


def _body(hub: Hub, write: Write[OfflineConversion]) -> dict[str, Any]:
    one, given = write.record, _money(write.record.properties or {})
    consent = {"consent": {"adUserData": "GRANTED"}} if hub.config.ads_consent else {}
    return {
        "conversionAction": f"customers/{hub.config.customer_id}/conversionActions/{hub.config.conversion_action}",
        # With its zone, to the second: "2019-01-01 12:32:45-08:00" (`ClickConversion.conversion_date_time`).
        "conversionDateTime": one.happened_at.isoformat(sep=" ", timespec="seconds"),
        "orderId": _order(write),
        **given,
        **consent,
    }


def _money(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Value and currency, where the event has both: the default of the action holds otherwise."""
    value, currency = properties.get("value"), properties.get("currency")
    try:
        return {"conversionValue": float(str(value)), "currencyCode": str(currency).upper()} if currency else {}
    except ValueError:
        return {}
