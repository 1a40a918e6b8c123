"""Metrics and events: facts that are never edited.

Documentation of create_event, bulk_create_events and get_events in klaviyo-api 25.0.0; `unique_id`, its default and
what a repetition does: schema EventCreateQueryV2 (only the first is recorded; the bulk job fails whole); `time`: whole
seconds, after 2000 and at most a year ahead: schema BaseEventCreateQueryBulkEntryResourceObject; `$value` in the
properties: developers.klaviyo.com, "timeline" of v1; `$value_currency`
beside it is our guess, for no source names it. Read 2026-11-25.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from vaiven_connectors.klaviyo._sim_base import Include, stamp
from vaiven_connectors.klaviyo._sim_consent import Consent
from vaiven_connectors.klaviyo._sim_kinds import EVENT, METRIC, PROFILE
from vaiven_connectors.klaviyo._sim_query import RANGE, Allowed, parse_filter
from vaiven_connectors.klaviyo._sim_words import Json, invalid
from vaiven_sdk.testing import Call, Quirk, Reply, get, ids, post

_FILTERS: Allowed = {
    "metric_id": "equals",
    "profile_id": "equals",
    "profile": "has",
    "metric": "has",
    "datetime": RANGE,
    "timestamp": RANGE,
}
_METRICS: Allowed = {"integration.name": "equals", "integration.category": "equals"}
_INTEGRATIONS = {
    "api": {"object": "integration", "id": "7FtS4J", "name": "API", "category": "API"},
    "klaviyo": {"object": "integration", "id": "0rG4eQ", "name": "Klaviyo", "category": "Internal"},
    "shopify": {"object": "integration", "id": "0eMvjm", "name": "Shopify", "category": "eCommerce"},
}
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class Events(Consent):
    """What profiles did, by metric."""

    event_seconds = Quirk(0.0, "seconds until an accepted event can be read: 202 does not say that it is processed")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.metrics = self.table(
            "metrics", ids=ids.prefixed("", 6), created="created", updated="updated", stamp=stamp, unique=["_key"]
        )
        self.events = self.table(
            "events",
            ids=ids.prefixed("", 11),
            indexes=["metric_id", "profile_id"],
            orders=["timestamp"],
            lag=lambda: self.event_seconds,
        )
        self._uniques: set[tuple[str, str, str]] = set()

    def metric(self, name: str, service: str = "api") -> Json:
        """The metric of that name, made if there is none."""
        integration = _INTEGRATIONS.get(service, {**_INTEGRATIONS["api"], "name": service})
        row, _ = self.metrics.put({"name": name, "integration": integration, "_key": f"{service}:{name}"}, by="_key")
        return row

    # -------------------------------------------------------------------------------------------- writing

    @post("/api/events", scope="events:write")
    def create_event(self, call: Call) -> Reply:
        """Take one event: 202 without a body."""
        known = ("properties", "time", "value", "value_currency", "unique_id", "backfill", "metric", "profile")
        data = self.body(call, "event", known=known)
        attributes = data["attributes"]
        profile = self._profile(attributes.get("profile"), "/data/attributes/profile")
        event = self._checked(attributes, "/data/attributes", call.now)
        self.record(profile, event)
        return self.reply(None, 202)

    @post("/api/event-bulk-create-jobs", scope="events:write")
    def bulk_create_events(self, call: Call) -> Reply:
        """Take up to 1,000 events, of which all are taken or none."""
        data = self.body(call, "event-bulk-create-job", known=("events-bulk-create",))
        at = "/data/attributes/events-bulk-create/data"
        found: list[tuple[Json, Json]] = []
        for number, one in enumerate((data["attributes"].get("events-bulk-create") or {}).get("data") or []):
            attributes = one.get("attributes") or {}
            profile = self._profile(attributes.get("profile"), f"{at}/{number}/attributes/profile")
            for place, event in enumerate((attributes.get("events") or {}).get("data") or []):
                where = f"{at}/{number}/attributes/events/data/{place}/attributes"
                found.append((profile, self._checked(event.get("attributes") or {}, where, call.now)))
        if not 1 <= len(found) <= 1000:
            raise invalid("From 1 to 1000 events can be sent in one call.", pointer="/data/attributes")
        for profile, event in found:
            if (profile["id"], event["metric_id"], event["_unique"]) in self._uniques:
                raise invalid("A unique_id is repeated for the same profile and metric.", pointer="/data/attributes")
        for profile, event in found:
            self.record(profile, event)
        return self.reply(None, 202)

    def _profile(self, given: Any, pointer: str) -> Json:
        """The profile of an event: found or made, and changed by what is said about it."""
        data = given.get("data") if isinstance(given, dict) else None
        if not isinstance(data, dict):
            raise invalid("'profile' is required.", pointer=pointer)
        attributes = data.get("attributes") or {}
        values, _ = self.checked(attributes, f"{pointer}/data/attributes", lenient=True)
        if not any(values.get(name) for name in ("email", "phone_number", "external_id", "_kx", "anonymous_id")):
            if data.get("id"):
                return self.row(self.profiles, PROFILE, data["id"])
            raise invalid("A profile identifier must be provided.", pointer=f"{pointer}/data/attributes")
        held = self.match(values, data.get("id"))
        meta = attributes.get("meta") or data.get("meta")
        return self.make_profile(values) if held is None else self.change_profile(held["id"], values, meta)

    def _checked(self, attributes: Json, pointer: str, now: datetime) -> Json:
        metric = (attributes.get("metric") or {}).get("data") or {}
        named = metric.get("attributes") or {}
        if not named.get("name"):
            raise invalid("The name of the metric is required.", pointer=f"{pointer}/metric/data/attributes/name")
        properties = attributes.get("properties")
        if not isinstance(properties, dict):
            raise invalid("'properties' must be an object.", pointer=f"{pointer}/properties")
        at = _time(attributes.get("time"), pointer, now)
        unique = str(attributes.get("unique_id") or int(at.timestamp()))
        full = {**properties, "$event_id": unique}
        if attributes.get("value") is not None:
            full["$value"] = attributes["value"]
        if attributes.get("value_currency") is not None:
            full["$value_currency"] = attributes["value_currency"]
        row = self.metric(named["name"], named.get("service") or "api")
        return {
            "timestamp": int(at.timestamp()),
            "datetime": stamp(at),
            "event_properties": full,
            "metric_id": row["id"],
            "_unique": unique,
        }

    def record(self, profile: Json, event: Json) -> Json | None:
        """Keep one event; a repeated `unique_id` of the same profile and metric changes nothing."""
        unique = (profile["id"], event["metric_id"], event["_unique"])
        if unique in self._uniques:
            return None
        self._uniques.add(unique)
        if self.last_events.get(profile["id"], "") < event["datetime"]:
            self.last_events[profile["id"]] = event["datetime"]
        name = str(uuid.UUID(int=self.random.getrandbits(128), version=1))
        return self.events.add({**event, "profile_id": profile["id"], "uuid": name})

    # -------------------------------------------------------------------------------------------- reading

    def show_event(self, call: Call, row: Json) -> Json:
        """An event with whose it is and of which metric."""
        linked = {"profile": row["profile_id"], "metric": row["metric_id"]}
        return self.resource(call, EVENT, row, linked)

    @property
    def _around(self) -> dict[str, Include]:
        def people(row: Json) -> Any:
            held = self.profiles.find(row["profile_id"])
            return [] if held is None else [(PROFILE, {**held, **self.told(held)})]

        return {
            "profile": people,
            "metric": lambda row: [(METRIC, self.metrics.get(row["metric_id"]))],
            "attributions": lambda _: [],
        }

    @get("/api/events", scope="events:read")
    def list_events(self, call: Call) -> Json:
        """Events, 200 a page, the newest last unless the other way is asked for."""
        terms = parse_filter(call.one("filter"), _FILTERS)
        equal = {term.field: term.value for term in terms if term.op == "equals"}
        rest = [term for term in terms if term.op not in {"equals", "has"}]
        order = (call.one("sort") or "").replace("datetime", "timestamp")
        asked = call if not order else _resorted(call, order)
        rows = self.listed(
            asked, self.events, allowed=_FILTERS, sorts="timestamp", default="timestamp", terms=rest, **equal
        )
        return self.page(call, rows, lambda row: self.show_event(call, row), size=200, most=1000, includes=self._around)

    @get("/api/events/{id}", scope="events:read")
    def get_event(self, call: Call) -> Json:
        """One event."""
        row = self.row(self.events, EVENT, call.slots["id"])
        return self.document(call, self.show_event(call, row), [row], self._around)

    @get("/api/events/{id}/metric", scope="events:read")
    def get_metric_of_event(self, call: Call) -> Json:
        """The metric of an event."""
        row = self.row(self.events, EVENT, call.slots["id"])
        return self.one(call, METRIC, self.metrics.get(row["metric_id"]))

    @get("/api/events/{id}/profile", scope="events:read")
    def get_profile_of_event(self, call: Call) -> Json:
        """The profile of an event."""
        row = self.row(self.events, EVENT, call.slots["id"])
        person = self.row(self.profiles, PROFILE, row["profile_id"])
        return {"data": self.show_profile(call, person), "links": {"self": call.address()}}

    @get("/api/metrics", scope="metrics:read")
    def list_metrics(self, call: Call) -> Json:
        """Metrics, 200 a page; the size cannot be chosen."""
        if "page[size]" in call.query:
            raise invalid("'page[size]' is not an allowed parameter for this resource.", parameter="page[size]")
        rows = self.listed(call, self.metrics, allowed=_METRICS, sorts="")
        includes: dict[str, Include] = {"flow-triggers": lambda _: []}
        return self.page(
            call, rows, lambda row: self.resource(call, METRIC, row), size=200, most=200, includes=includes
        )

    @get("/api/metrics/{id}", scope="metrics:read")
    def get_metric(self, call: Call) -> Json:
        """One metric."""
        row = self.row(self.metrics, METRIC, call.slots["id"])
        return self.one(call, METRIC, row, includes={"flow-triggers": lambda _: []})


def _time(given: Any, pointer: str, now: datetime) -> datetime:
    if given is None:
        return now.replace(microsecond=0)
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError:
        raise invalid("'time' must be an ISO 8601 datetime.", pointer=f"{pointer}/time") from None
    at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    if not _EARLIEST <= at <= now + timedelta(days=366):
        raise invalid("'time' must be after 2000 and at most a year ahead.", pointer=f"{pointer}/time")
    return at


def _resorted(call: Call, order: str) -> Call:
    if order.removeprefix("-") != "timestamp":
        raise invalid(f"'{order}' is not an allowed sort field for this resource.", parameter="sort")
    return Call(call.method, call.path, query={**call.query, "sort": [order]}, now=call.now)
