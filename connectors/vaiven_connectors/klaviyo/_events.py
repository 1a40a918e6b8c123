"""Events: what people did, under the names of metrics; and events of other tools, recorded once."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import AwareDatetime

from vaiven_sdk import Batch, CreateKey, Deletes, Outcome, Record, Scope, Unsettled, Window, Write, derive, wire
from vaiven_sdk.model import Event

from ._account import Hub, klaviyo
from ._api import documents, moment, since

OURS = "vaiven_id"
"""Property of an event that holds the hub's id, by which an event of ours is known again."""
TYPES = {
    "Received Email": "email.delivered",
    "Opened Email": "email.opened",
    "Clicked Email": "email.clicked",
    "Bounced Email": "email.bounced",
    "Dropped Email": "email.dropped",
    "Marked Email as Spam": "email.complained",
    "Subscribed to Email Marketing": "email.subscribed",
    "Unsubscribed from Email Marketing": "email.unsubscribed",
    "Placed Order": "order.completed",
    "Ordered Product": "order.product_ordered",
    "Fulfilled Order": "order.fulfilled",
    "Cancelled Order": "order.cancelled",
    "Refunded Order": "order.refunded",
    "Started Checkout": "checkout.started",
    "Viewed Product": "product.viewed",
    "Active on Site": "site.visited",
}
"""Names of Klaviyo's own metrics and of its shops', and the hub's words; another name is written in small letters."""
METRICS = {ours: theirs for theirs, ours in TYPES.items()}


def _metric(event: Mapping[str, Any]) -> dict[str, Any]:
    kind = event.get("type")
    return {"metric": METRICS.get(kind, kind)} if kind else {}


class Occurrence(Record[Event], key="id", cursor="happened_at", hub_id="ours"):
    """One event; `metric` is the name of its metric, which the answer includes."""

    id: str = wire(to="event_id", read_only=True)
    metric: str = wire("metric")
    happened_at: AwareDatetime = wire("attributes.datetime", to="occurred_at")
    profile: str | None = wire("relationships.profile.data.id", to="person_id", ref="profiles")
    properties: dict[str, Any] | None = wire("attributes.event_properties", to="properties")
    ours: str | None = wire("attributes.event_properties.vaiven_id")

    @derive("type", back=_metric)
    def kind(self) -> str:
        """The hub's word for the metric."""
        return TYPES.get(self.metric) or re.sub(r"[^a-z0-9.]+", "_", self.metric.lower()).strip("_")


LAG = 300.0
"""Seconds; our own figure: an event is "submitted for processing" (`create_event` of klaviyo-api 25.0.0)."""

events = klaviyo.stream(
    Occurrence,
    name="events",
    create_key=CreateKey.IDEMPOTENCY_KEY,
    deletes=Deletes.NEVER,
    lag=LAG,
    scopes=[
        Scope("events:read", "read what people did"),
        Scope("metrics:read", "read what events are called"),
        Scope("profiles:read", "know whose event it is"),
        Scope("events:write", "record events of other tools", write=True),
    ],
)

SHOWN = {"include": "metric", "fields[metric]": "name", "sort": "datetime", "page[size]": 200}
FROM = since("datetime")


def named(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """An answer's events, each with the name of its metric."""
    metrics = {o["id"]: o["attributes"]["name"] for o in answer.get("included") or () if o["type"] == "metric"}
    return [{**one, "metric": metrics.get(_metric_id(one)) or _metric_id(one)} for one in answer["data"]]


def _metric_id(one: Mapping[str, Any]) -> str:
    return str(one["relationships"]["metric"]["data"]["id"])


@events.reader("full")
async def everything(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """All events, oldest first."""
    async for batch in _read(hub, window, state):
        yield batch


@events.reader("changes")
async def newer(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """What happened since; an event never changes."""
    async for batch in _read(hub, window, state):
        yield batch


async def _read(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    wanted = FROM(window)
    asked = {**SHOWN, "filter": wanted} if wanted else SHOWN
    async for answer, address in documents(hub, "/api/events", asked, begin=state):
        yield Batch(named(answer), state=address)


def _body(write: Write[Occurrence]) -> dict[str, Any]:
    one = write.record
    return {
        "data": {
            "type": "event",
            "attributes": {
                "properties": {**(one.properties or {}), OURS: write.hub_id},
                "time": one.happened_at.isoformat(),
                # Of equal ones Klaviyo records the first (`unique_id` of EventCreateQueryV2, klaviyo-api 25.0.0).
                "unique_id": write.idempotency_key or write.hub_id,
                "metric": {"data": {"type": "metric", "attributes": {"name": one.metric}}},
                "profile": {"data": {"type": "profile", "id": one.profile, "attributes": {}}},
            },
        }
    }


PATIENCE = 60.0
"""Seconds to wait until a recorded event can be read; what cannot be read by then is looked up by the next run."""


@events.append(batch=50, needs=("type", "occurred_at", "person_id"))
async def append(hub: Hub, writes: Sequence[Write[Occurrence]]) -> list[Outcome]:
    """Record events one by one: the bulk job tells nothing of what becomes of each."""
    await asyncio.gather(*(hub.post("/api/events", _body(write), safe=True) for write in writes))
    open_ = {write.hub_id: write for write in writes}
    outcomes: list[Outcome] = []

    async def poll() -> bool | None:
        for one in await find(hub, list(open_.values())):
            write = open_.pop(_mark(one) or "")
            outcomes.append(write.saved(one["id"], one))
        return None if open_ else True

    try:
        await hub.until(poll, every=0.5, slowest=10, deadline=PATIENCE)
    except Unsettled:
        return outcomes
    return outcomes


@events.find(batch=50)
async def find(hub: Hub, writes: Sequence[Write[Occurrence]]) -> list[Mapping[str, Any]]:
    """Look among a profile's events of the second in question for the one that carries the hub's id."""
    found: list[Mapping[str, Any]] = []
    for write in writes:
        at = write.record.happened_at
        # No filter knows our property; `equals` on the profile and the second make it a handful.
        between = f"greater-or-equal(datetime,{moment(at)}),less-or-equal(datetime,{moment(at + timedelta(seconds=1))})"
        asked = {**SHOWN, "filter": f"equals(profile_id,'{write.record.profile}'),{between}"}
        async for answer, _ in documents(hub, "/api/events", asked):
            mine = [
                o for o in named(answer) if (o["attributes"].get("event_properties") or {}).get(OURS) == write.hub_id
            ]
            found += mine
            if mine:
                break
    return found


def _mark(one: Mapping[str, Any]) -> str | None:
    return (one["attributes"].get("event_properties") or {}).get(OURS)
