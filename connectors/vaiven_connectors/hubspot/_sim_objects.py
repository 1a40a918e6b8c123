"""The CRM object endpoints: read, write, batches, search, merge (spec crm-objects@v3, crm-contacts@v3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from vaiven_connectors.hubspot._sim_call import Answer, Call
from vaiven_connectors.hubspot._sim_errors import (
    VendorError,
    contact_exists,
    invalid,
    records_missing,
)
from vaiven_connectors.hubspot._sim_portal import Collection, Portal
from vaiven_connectors.hubspot._sim_records import Record
from vaiven_connectors.hubspot._sim_schema import iso

MAX_PAGE: Final = 100
MAX_BATCH: Final = 100
MAX_WITH_HISTORY: Final = 50
"""Page and batch size when a property's history is asked for (`PROPERTY_HISTORY_MAX_SIZE` of the client)."""

Row = dict[str, Any]


# ------------------------------------------------------------------------------------------- how it looks
def shown(collection: Collection, wanted: Sequence[str]) -> list[str]:
    """Names of the properties to answer; one that the portal does not have is left out, not refused."""
    kind = collection.kind
    names = {*wanted, "createdate", kind.modified, "hs_object_id"} if wanted else set(kind.defaults)
    return sorted(name for name in names if collection.schema.get(name) is not None)


def view(record: Record, names: Iterable[str]) -> Row:
    """A record with some of its properties; one without a value is null."""
    values = record.values
    answer: Row = {
        "id": values["hs_object_id"],
        "properties": {name: values.get(name) for name in names},
        "createdAt": record.created,
        "updatedAt": record.modified,
        "archived": record.archived_at is not None,
    }
    if record.archived_at is not None:
        answer["archivedAt"] = record.archived_at
    return answer


def written(record: Record, values: Mapping[str, str], modified: str) -> Row:
    """A record as an update answers it: what was sent, and the properties that always come."""
    return view(record, sorted({*values, "createdate", modified, "hs_object_id"}))


def _full(portal: Portal, collection: Collection, record: Record, call: Call, names: list[str]) -> Row:
    answer = view(record, names)
    history = call.many("propertiesWithHistory")
    if history:
        answer["propertiesWithHistory"] = {name: record.history(name) for name in history}
    associations: Row = {}
    for given in call.many("associations"):
        other = portal.collection(given).kind.name
        links = portal.links.of(collection.kind.name, record.id, other)
        results = [{"id": str(to), "type": t.name} for to, types in links.items() for t in types]
        if results:
            associations[other] = {"results": results}
    if associations:
        answer["associations"] = associations
    return answer


def _batch(call: Call, results: list[Row], errors: list[Row], status: int) -> Answer:
    answer: Row = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": iso(call.now),
        "completedAt": iso(call.now),
    }
    if errors:
        answer["numErrors"] = len(errors)
        answer["errors"] = errors
    return 207 if errors else status, answer


# --------------------------------------------------------------------------------------------- one by one
def list_records(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/objects/{objectType}."""
    collection = portal.collection(call.path["objectType"])
    limit = call.number("limit", 10, MAX_WITH_HISTORY if call.many("propertiesWithHistory") else MAX_PAGE)
    after = call.one("after") or "0"
    if not after.isdigit():
        raise invalid(f"Invalid input: after must be a paging token, but was {after}")
    page, following = collection.page(int(after), limit, archived=call.flag("archived"))
    names = shown(collection, call.many("properties"))
    plain = not (call.many("associations") or call.many("propertiesWithHistory"))
    results = [view(r, names) if plain else _full(portal, collection, r, call, names) for r in page]
    answer: Row = {"results": results}
    if following is not None:
        link = f"https://api.hubapi.com/crm/v3/objects/{collection.kind.name}?limit={limit}&after={following}"
        answer["paging"] = {"next": {"after": str(following), "link": link}}
    return 200, answer


def read(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/objects/{objectType}/{objectId}."""
    collection = portal.collection(call.path["objectType"])
    record = collection.need(call.path["objectId"], call.one("idProperty"), archived=call.flag("archived"))
    return 200, _full(portal, collection, record, call, shown(collection, call.many("properties")))


def create(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/objects/{objectType}."""
    collection = portal.collection(call.path["objectType"])
    record = _create(portal, collection, call.body(), call)
    return 201, view(record, sorted(record.values))


def update(portal: Portal, call: Call) -> Answer:
    """PATCH /crm/v3/objects/{objectType}/{objectId}."""
    collection = portal.collection(call.path["objectType"])
    record = collection.need(call.path["objectId"], call.one("idProperty"))
    values = collection.update(record, _properties(call.body()), call.hand, call.now)
    return 200, written(record, values, collection.kind.modified)


def archive(portal: Portal, call: Call) -> Answer:
    """DELETE /crm/v3/objects/{objectType}/{objectId}; 204 whether or not there was such a record."""
    collection = portal.collection(call.path["objectType"])
    record = collection.find(call.path["objectId"], call.one("idProperty"))
    if record is not None:
        collection.archive(record, call.now)
    return 204, None


def merge(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/objects/{objectType}/merge."""
    collection = portal.collection(call.path["objectType"])
    body = call.body()
    primary, other = (collection.need(str(body.get(key, ""))) for key in ("primaryObjectId", "objectIdToMerge"))
    if primary is other:
        raise invalid("Cannot merge a record with itself", context={"id": [str(primary.id)]})
    winner = collection.merge(primary, other, call.hand, call.now)
    return 200, view(winner, sorted(winner.values))


def gdpr_delete(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/objects/contacts/gdpr-delete."""
    collection = portal.collection("contacts")
    body = call.body()
    record = collection.find(str(body.get("objectId", "")), body.get("idProperty"))
    if record is not None:
        collection.erase(record, call.now)
    return 204, None


def search(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/objects/{objectType}/search."""
    collection = portal.collection(call.path["objectType"])
    request = call.body()
    ids, total = collection.index.search(request, call.now)
    ids = ids[: call.cap or len(ids)]
    names = shown(collection, request.get("properties") or ())
    results = []
    for record_id in ids:
        seen = collection.index.seen(record_id)
        results.append(
            {
                "id": seen["hs_object_id"],
                "properties": {name: seen.get(name) for name in names},
                "createdAt": seen["createdate"],
                "updatedAt": seen[collection.kind.modified],
                "archived": False,
            }
        )
    answer: Row = {"total": total, "results": results}
    following = int(request.get("after") or 0) + len(ids)
    if ids and following < total:
        answer["paging"] = {"next": {"after": str(following)}}
    return 200, answer


# ------------------------------------------------------------------------------------------------ batches
def batch_read(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/objects/{objectType}/batch/read; 207 when some are missing."""
    collection = portal.collection(call.path["objectType"])
    body = call.body()
    history = body.get("propertiesWithHistory") or []
    rows = call.inputs(MAX_WITH_HISTORY if history else MAX_BATCH)
    given = _distinct([str(row.get("id", "")) for row in rows])
    names = shown(collection, body.get("properties") or ())
    archived = call.flag("archived")
    results, missing = [], []
    for one in given:
        record = collection.find(one, body.get("idProperty"), archived=archived)
        if record is None:
            missing.append(one)
            continue
        answer = view(record, names)
        if history:
            answer["propertiesWithHistory"] = {name: record.history(name) for name in history}
        results.append(answer)
    errors = [records_missing(collection.kind.singular, missing)] if missing else []
    return _batch(call, results, errors, 200)


def batch_create(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/objects/{objectType}/batch/create: all or nothing, unless every row has a trace id."""
    collection = portal.collection(call.path["objectType"])
    rows = call.inputs(MAX_BATCH)
    traced = _traced(rows)
    if not traced:
        _preflight(portal, collection, [(None, row) for row in rows])
    results, errors = [], []
    for row in rows:
        try:
            record = _create(portal, collection, row, call)
        except VendorError as refused:
            if not traced:
                raise
            errors.append(_trace_error(refused, row))
        else:
            results.append(_with_trace(view(record, sorted(record.values)), row))
    return _batch(call, results, errors, 201)


def batch_update(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/objects/{objectType}/batch/update: a missing record is its own row's error alone."""
    collection = portal.collection(call.path["objectType"])
    rows = call.inputs(MAX_BATCH)
    _distinct([str(row.get("id", "")) for row in rows])
    found = []
    for row in rows:
        id_property = row.get("idProperty")
        if id_property in {"email", "hs_object_id"} and not portal.quirk["batch_update_by_email"]:
            # Seen for these two in HubSpot/hubspot-api-nodejs#548 and segmentio/action-destinations#3957.
            raise collection.not_unique(id_property)
        found.append((collection.find(str(row.get("id", "")), id_property), row))
    traced = _traced(rows)
    present = [(record, row) for record, row in found if record is not None]
    if not traced:
        _preflight(portal, collection, present)
    results, errors = [], []
    for record, row in present:
        try:
            values = collection.update(record, _properties(row), call.hand, call.now)
        except VendorError as refused:
            if not traced:
                raise
            errors.append(_trace_error(refused, row))
        else:
            results.append(_with_trace(written(record, values, collection.kind.modified), row))
    missing = [row for record, row in found if record is None]
    if missing:
        traces = [str(row["objectWriteTraceId"]) for row in missing if row.get("objectWriteTraceId")]
        errors.append(records_missing(collection.kind.singular, [str(row.get("id", "")) for row in missing], traces))
    return _batch(call, results, errors, 200)


def batch_upsert(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/objects/{objectType}/batch/upsert, by a unique property."""
    collection = portal.collection(call.path["objectType"])
    rows = call.inputs(MAX_BATCH)
    _distinct([str(row.get("id", "")).strip().lower() for row in rows])
    plan: list[tuple[Record | None, Row]] = []
    for row in rows:
        id_property = row.get("idProperty")
        if not id_property:
            raise invalid("Invalid input JSON: Some required fields were not set: [idProperty]")
        collection.need_unique(str(id_property))
        record = collection.find(str(row.get("id", "")), str(id_property))
        keyed = {str(id_property): row.get("id"), **_properties(row)}
        plan.append((record, {**row, "properties": keyed if record is None else _properties(row)}))
    traced = _traced(rows)
    if not traced:
        _preflight(portal, collection, plan)
    results, errors = [], []
    for record, row in plan:
        try:
            if record is None:
                made = _create(portal, collection, row, call)
                answer = view(made, sorted(made.values))
            else:
                values = collection.update(record, _properties(row), call.hand, call.now)
                answer = written(record, values, collection.kind.modified)
        except VendorError as refused:
            if not traced:
                raise
            errors.append(_trace_error(refused, row))
        else:
            results.append(_with_trace({**answer, "new": record is None}, row))
    return _batch(call, results, errors, 200)


def batch_archive(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/objects/{objectType}/batch/archive; 204 whichever of them there were."""
    collection = portal.collection(call.path["objectType"])
    for row in call.inputs(MAX_BATCH):
        record = collection.find(str(row.get("id", "")))
        if record is not None:
            collection.archive(record, call.now)
    return 204, None


# ------------------------------------------------------------------------------------------------- shared
def _properties(row: Mapping[str, Any]) -> dict[str, Any]:
    properties = row.get("properties")
    if not isinstance(properties, dict):
        raise invalid("Invalid input JSON: Some required fields were not set: [properties]")
    return properties


def _create(portal: Portal, collection: Collection, row: Mapping[str, Any], call: Call) -> Record:
    ends = _ends(portal, collection, row)
    record = collection.create(_properties(row), call.hand, call.now)
    for other, to_id, types in ends:
        portal.associate(collection, str(record.id), other, to_id, types)
    return record


def _ends(portal: Portal, collection: Collection, row: Mapping[str, Any]) -> list[tuple[Collection, str, list[int]]]:
    """What a new record is to be associated with, checked before it is made."""
    ends = []
    for association in row.get("associations") or ():
        to_id = str((association.get("to") or {}).get("id", ""))
        types = [int(t.get("associationTypeId", -1)) for t in association.get("types") or ()]
        for (start, end), known in portal.links.types.items():
            other = portal.collections[end]
            if start == collection.kind.name and types and set(types) <= set(known) and other.find(to_id) is not None:
                ends.append((other, to_id, types))
                break
        else:
            raise invalid("One or more associations are invalid")
    return ends


def _preflight(portal: Portal, collection: Collection, plan: Sequence[tuple[Record | None, Row]]) -> None:
    """Refuse a batch in which any row would be refused, so that none of it takes effect."""
    taken: set[tuple[str, str]] = set()
    for record, row in plan:
        values = collection.accept(_properties(row), record)
        _ends(portal, collection, row)
        for name in collection.schema.unique_names():
            if values.get(name):
                pair = (name, values[name].lower())
                if pair in taken:
                    raise (
                        contact_exists(collection.next_id())
                        if name == "email"
                        else invalid(f"Duplicate values found in batch input for {name}: {values[name]}")
                    )
                taken.add(pair)


def _distinct(ids: list[str]) -> list[str]:
    repeated = [one for one in dict.fromkeys(ids) if ids.count(one) > 1] if len(set(ids)) < len(ids) else []
    if repeated:
        message = f"Duplicate IDs found in batch input: [{', '.join(repeated)}]. IDs must be unique"
        raise invalid(message, context={"ids": repeated})
    return ids


def _traced(rows: Sequence[Row]) -> bool:
    """Whether rows are answered for one by one: every one carries an `objectWriteTraceId`."""
    return bool(rows) and all(row.get("objectWriteTraceId") for row in rows)


def _trace_error(refused: VendorError, row: Row) -> Row:
    answer: Row = {name: refused.body[name] for name in ("status", "category", "message") if name in refused.body}
    answer["context"] = {"objectWriteTraceId": [str(row["objectWriteTraceId"])]}
    return answer


def _with_trace(answer: Row, row: Row) -> Row:
    if row.get("objectWriteTraceId"):
        answer["objectWriteTraceId"] = str(row["objectWriteTraceId"])
    return answer
