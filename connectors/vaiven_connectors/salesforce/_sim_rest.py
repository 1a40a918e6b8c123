"""REST: versions, limits, describe, and records one by one.

Source: REST API Developer Guide (developer.salesforce.com/docs/atlas.en-us.api_rest.meta): Versions, Limits, sObject
resources, Conditional Request Headers; read 2026-11-25.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from vaiven_connectors.salesforce import _sim_writing as writing
from vaiven_connectors.salesforce._sim_base import Base, body_of
from vaiven_connectors.salesforce._sim_errors import no, unknown_field
from vaiven_connectors.salesforce._sim_kinds import Field, Kind
from vaiven_connectors.salesforce._sim_org import Row, Transaction, stamp
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call, Refusal, Reply

_DATA = "/services/data/v{version}"
_FIRST = 31
_SEASONS = ("Summer", "Winter", "Spring")


class Rest(Base):
    """Everything under /services/data that is about one record or none, and OAuth's paths."""

    @sim.get("/services/oauth2/authorize", public=True)
    def authorize(self, call: Call) -> Reply:
        """Consent at once."""
        return self.sessions.authorize(call)

    @sim.post("/services/oauth2/token", public=True)
    def token(self, call: Call) -> Reply:
        """A session for a grant."""
        return Reply(self.sessions.token(call), headers={"Cache-Control": "no-store"})

    @sim.post("/services/oauth2/revoke", public=True)
    def revoke(self, call: Call) -> Reply:
        """Revoke a token and what came of it."""
        return self.sessions.drop(call)

    @sim.get("/services/oauth2/userinfo")
    def userinfo(self, call: Call) -> dict[str, Any]:
        """Who is signed in."""
        return self.sessions.userinfo(call)

    @sim.get("/id/{org}/{user}")
    def identity(self, call: Call) -> dict[str, Any]:
        """The identity URL of the token's answer."""
        return {**self.sessions.userinfo(call), "id": f"{call.origin}{call.path}", "asserted_user": True}

    @sim.get("/services/data", public=True)
    def versions(self, call: Call) -> list[dict[str, str]]:
        """The API's versions; no session is needed."""
        numbers = range(max(self.oldest_version, _FIRST), self.newest_version + 1)
        return [
            {"label": _season(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in numbers
        ]

    @sim.get(_DATA)
    def resources(self, call: Call) -> dict[str, str]:
        """The resources of a version."""
        base = f"/services/data/v{call.slots['version']}"
        names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
        return {name: f"{base}/{name}" for name in names}

    @sim.get(f"{_DATA}/limits")
    def limits(self, call: Call) -> dict[str, dict[str, int]]:
        """Allocations of the org."""
        most = self.daily_limit or 1_000_000
        return {
            "DailyApiRequests": {"Max": most, "Remaining": max(most - self.calls.used, 0)},
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
            "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        }

    # ------------------------------------------------------------------------------------------------- describe

    @sim.get(f"{_DATA}/sobjects")
    def global_describe(self, call: Call) -> dict[str, Any]:
        """Every object that the user may see."""
        kinds = [kind for name, kind in self.org.kinds.items() if self.org.find_kind(name)]
        listed = [self._described(kind, call.slots["version"]) for kind in kinds]
        return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed}

    @sim.get(f"{_DATA}/sobjects/{{kind}}")
    def basic(self, call: Call) -> dict[str, Any]:
        """An object, and the records that were used last (none here)."""
        kind = self.org.kind(call.slots["kind"])
        return {"objectDescribe": self._described(kind, call.slots["version"]), "recentItems": []}

    @sim.get(f"{_DATA}/sobjects/{{kind}}/describe")
    def describe(self, call: Call) -> dict[str, Any]:
        """An object with its fields."""
        kind = self.org.kind(call.slots["kind"])
        children = [
            {"childSObject": other.name, "field": field.name, "cascadeDelete": False, "relationshipName": other.plural}
            for other in self.org.kinds.values()
            for field in other.fields.values()
            if kind.name in field.refers and field.name not in {"CreatedById", "LastModifiedById", "OwnerId"}
        ]
        fields = [field.describe() for field in self.org.fields(kind)]
        return {**self._described(kind, call.slots["version"]), "fields": fields, "childRelationships": children}

    def _described(self, kind: Kind, version: str) -> dict[str, Any]:
        base = f"/services/data/v{version}/sobjects/{kind.name}"
        return {
            "name": kind.name,
            "label": kind.label,
            "labelPlural": kind.plural,
            "keyPrefix": kind.prefix,
            "custom": False,
            "createable": kind.writable,
            "updateable": kind.writable,
            "deletable": kind.soft,
            "undeletable": kind.soft,
            "queryable": True,
            "retrieveable": True,
            "replicateable": True,
            "mergeable": kind.name in {"Account", "Contact", "Lead"},
            "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
        }

    # -------------------------------------------------------------------------------------------------- replication

    @sim.get(f"{_DATA}/sobjects/{{kind}}/deleted")
    def deleted(self, call: Call) -> dict[str, Any]:
        """Ids of what was deleted within a time, at most 15 days ago."""
        kind = self.org.kind(call.slots["kind"])
        start, end = self._span(call, days=15)
        rows = self.org.shelves[kind.name].since(start)
        gone = [(row["Id"], row["SystemModstamp"]) for row in rows if row.get("IsDeleted")]
        listed = [*gone, *((key, at) for key, at in self.org.purged[kind.name] if at >= start)]
        return {
            "deletedRecords": [{"id": key, "deletedDate": at} for key, at in listed if at <= end],
            "earliestDateAvailable": stamp(self.clock.now() - timedelta(days=15)),
            "latestDateCovered": end,
        }

    @sim.get(f"{_DATA}/sobjects/{{kind}}/updated")
    def updated(self, call: Call) -> dict[str, Any]:
        """Ids of what was made or changed within a time, at most 30 days ago."""
        kind = self.org.kind(call.slots["kind"])
        start, end = self._span(call, days=30)
        rows = self.org.shelves[kind.name].since(start)
        ids = [row["Id"] for row in rows if not row.get("IsDeleted") and row["SystemModstamp"] <= end]
        return {"ids": ids, "latestDateCovered": end}

    def _span(self, call: Call, *, days: int) -> tuple[str, str]:
        try:
            start, end = call.instant("start"), call.instant("end")
        except Refusal as problem:
            raise no("INVALID_REPLICATION_DATE", problem.message) from None
        if start is None or end is None or start >= end:
            raise no("INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate")
        if start < self.clock.now() - timedelta(days=days):
            raise no("INVALID_REPLICATION_DATE", f"startDate must be within the last {days} days")
        # "The API ignores the seconds portion of the specified dateTime value."
        return stamp(start.replace(second=0, microsecond=0)), stamp(end.replace(second=0, microsecond=0))

    # ----------------------------------------------------------------------------------------------------- rows

    @sim.post(f"{_DATA}/sobjects/{{kind}}")
    async def create(self, call: Call) -> Reply:
        """Make a record."""
        kind, given = self.org.kind(call.slots["kind"]), body_of(call)
        async with self.writes(call, [(kind, given, None)]) as at:
            row = writing.create(self.org, kind, _without_id(given), at)
        return self._created(kind, row, call)

    @sim.get(f"{_DATA}/sobjects/{{kind}}/{{id}}")
    def read(self, call: Call) -> Reply:
        """A record, all its fields or those of `fields`."""
        kind = self.org.kind(call.slots["kind"])
        return self._read(kind, self.record(kind, call.slots["id"]), call)

    @sim.patch(f"{_DATA}/sobjects/{{kind}}/{{id}}")
    async def change(self, call: Call) -> None:
        """Change a record."""
        kind, given = self.org.kind(call.slots["kind"]), body_of(call)
        row = self.record(kind, call.slots["id"])
        self._precondition(kind, row, call)
        async with self.writes(call, [(kind, given, row)]) as at:
            writing.update(self.org, kind, row, _without_id(given), at)

    @sim.delete(f"{_DATA}/sobjects/{{kind}}/{{id}}")
    async def remove_row(self, call: Call) -> None:
        """Put a record into the recycle bin; conditions are not looked at ("DELETE requests aren't supported")."""
        kind = self.org.kind(call.slots["kind"])
        row = self.record(kind, call.slots["id"])
        async with self.writes(call, [(kind, {}, row)]) as at:
            writing.delete(self.org, kind, row, at)

    # ------------------------------------------------------------------------------------------- by external id

    @sim.get(f"{_DATA}/sobjects/{{kind}}/{{field}}/{{value}}")
    def read_external(self, call: Call) -> Reply:
        """The record with an external id."""
        kind, _, rows = self._external(call)
        if not rows:
            raise no("NOT_FOUND", "The requested resource does not exist", status=404)
        return self._read(kind, rows[0], call)

    @sim.patch(f"{_DATA}/sobjects/{{kind}}/{{field}}/{{value}}")
    async def upsert(self, call: Call) -> Reply:
        """Change the record with an external id, or make it: 200 or 201 (204 before version 46.0), 300 for several."""
        kind, field, rows = self._external(call)
        given = body_of(call)
        _without_id(given)
        if any(name.lower() == field.name.lower() for name in given):
            raise no("INVALID_FIELD", f"The {field.name} field should not be specified in the sobject data.")
        if not rows and call.flag("updateOnly"):
            raise no("NOT_FOUND", "The requested resource does not exist", status=404)
        async with self.writes(call, [(kind, given, rows[0] if rows else None)]) as at:
            row, made = self.put(kind, (field, call.slots["value"]), given, rows, at)
        if made:
            return self._created(kind, row, call, created=True)
        if float(call.slots["version"]) < 46:
            return Reply(None, 204)
        return Reply({"id": row["Id"], "success": True, "errors": [], "created": False})

    @sim.delete(f"{_DATA}/sobjects/{{kind}}/{{field}}/{{value}}")
    async def remove_external(self, call: Call) -> None:
        """Delete the record with an external id."""
        kind, _, rows = self._external(call)
        if not rows:
            raise no("NOT_FOUND", "The requested resource does not exist", status=404)
        async with self.writes(call, [(kind, {}, rows[0])]) as at:
            writing.delete(self.org, kind, rows[0], at)

    def put(self, kind: Kind, key: tuple[Field, str], given: Row, rows: list[Row], at: Transaction) -> tuple[Row, bool]:
        """Change the one record that has the external id, or make one; says whether it was made."""
        if rows:
            return writing.update(self.org, kind, rows[0], given, at), False
        field, value = key
        return writing.create(self.org, kind, {**given, field.name: value}, at), True

    def external_field(self, kind: Kind, name: str) -> Field:
        """A field that records can be upserted by.

        Raises:
            Refusal: 404.
        """
        field = self.org.field(kind, name)
        if field is None or not field.external:
            message = f"Provided external ID field does not exist or is not accessible: {name}"
            raise no("NOT_FOUND", message, status=404)
        return field

    def _external(self, call: Call) -> tuple[Kind, Field, list[Row]]:
        kind = self.org.kind(call.slots["kind"])
        field = self.external_field(kind, call.slots["field"])
        rows = self.org.shelves[kind.name].living(field.name, call.slots["value"])
        if len(rows) > 1:
            base = f"/services/data/v{call.slots['version']}/sobjects/{kind.name}"
            raise Refusal("other", "several", status=300, about={"body": [f"{base}/{row['Id']}" for row in rows]})
        return kind, field, rows

    # --------------------------------------------------------------------------------------------------- internals

    def _created(self, kind: Kind, row: Row, call: Call, **more: bool) -> Reply:
        where = f"/services/data/v{call.slots['version']}/sobjects/{kind.name}/{row['Id']}"
        return Reply({"id": row["Id"], "success": True, "errors": [], **more}, 201, {"Location": where})

    def _read(self, kind: Kind, row: Row, call: Call) -> Reply:
        self._precondition(kind, row, call)
        fields = self.org.fields(kind)
        if names := call.many("fields"):
            found = {name: self.org.field(kind, name) for name in names}
            for name, field in found.items():
                if field is None:
                    raise unknown_field(name, kind.name)
            fields = [field for field in found.values() if field is not None]
        headers = {"Last-Modified": sim.ids.http_date(_instant(row["LastModifiedDate"]))}
        if kind.name == "Account":
            headers["ETag"] = f'"{self.etag(kind, row)}"'
        return Reply(self.show(kind, row, call.slots["version"], fields), headers=headers)

    def _precondition(self, kind: Kind, row: Row, call: Call) -> None:
        """Conditional headers: entity tags of accounts alone, dates of every object and to the second."""
        failed = Refusal(
            "stale", "", status=412, about={"body": [{"message": _UNMET, "errorCode": "PRECONDITION_FAILED"}]}
        )
        if kind.name == "Account":
            current = self.etag(kind, row)
            if (wanted := call.headers.get("if-match")) and current not in _tags(wanted):
                raise failed
            if (wanted := call.headers.get("if-none-match")) and current in _tags(wanted):
                raise Refusal("other", "", status=304, about={"body": None}) if call.method == "GET" else failed
        changed = _instant(row["LastModifiedDate"])
        if (given := call.headers.get("if-unmodified-since")) and changed > _http_date(given):
            raise failed
        since = call.headers.get("if-modified-since") if call.method == "GET" else None
        if since and changed <= _http_date(since):
            raise Refusal("other", "", status=304, about={"body": None})


_UNMET = "One or more preconditions in the request headers were not met"


def _without_id(given: Row) -> Row:
    if any(name.lower() == "id" for name in given):
        raise no("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    return given


def _season(number: int) -> str:
    return f"{_SEASONS[(number - _FIRST) % 3]} '{14 + (number - _FIRST + 2) // 3}"


def _tags(text: str) -> set[str]:
    return {part.strip().strip('"').removesuffix("-gzip") for part in text.split(",")}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


def _http_date(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        raise no("INVALID_HEADER", f"no HTTP date: {text}") from None
