"""The endpoints about the portal itself: associations (v4), properties, account details."""

from __future__ import annotations

import re
from typing import Any, Final

from vaiven_connectors.hubspot._sim_call import Answer, Call
from vaiven_connectors.hubspot._sim_errors import error, invalid, no_record
from vaiven_connectors.hubspot._sim_links import LinkType
from vaiven_connectors.hubspot._sim_portal import Collection, Portal
from vaiven_connectors.hubspot._sim_schema import Property, Schema, iso

MAX_LINKS_PAGE: Final = 500
MAX_LINKS_READ: Final = 1_000
MAX_LINKS_WRITE: Final = 2_000
_TYPES: Final = ("bool", "date", "datetime", "enumeration", "number", "phone_number", "string")
_FIELD_TYPES: Final = (
    "booleancheckbox",
    "calculation_equation",
    "checkbox",
    "date",
    "file",
    "html",
    "number",
    "phonenumber",
    "radio",
    "select",
    "text",
    "textarea",
)
_MAX_UNIQUE: Final = 10


# ------------------------------------------------------------------------------------------- associations
def _ends(portal: Portal, call: Call, start: str = "fromObjectType") -> tuple[Collection, Collection]:
    return portal.collection(call.path[start]), portal.collection(call.path["toObjectType"])


def _to(portal: Portal, other: int, types: list[LinkType]) -> dict[str, Any]:
    to_id: str | int = other if portal.quirk["association_ids_as_numbers"] else str(other)
    return {"toObjectId": to_id, "associationTypes": [t.to_json() for t in types]}


def links_of(portal: Portal, call: Call) -> Answer:
    """GET /crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}."""
    start, end = _ends(portal, call, "objectType")
    record = start.need(call.path["objectId"])
    limit = call.number("limit", MAX_LINKS_PAGE, MAX_LINKS_PAGE)
    after = int(call.one("after") or 0)
    links = [item for item in portal.links.of(start.kind.name, record.id, end.kind.name).items() if item[0] >= after]
    answer: dict[str, Any] = {"results": [_to(portal, other, types) for other, types in links[:limit]]}
    if len(links) > limit:
        answer["paging"] = {"next": {"after": str(links[limit][0])}}
    return 200, answer


def links_batch_read(portal: Portal, call: Call) -> Answer:
    """POST /crm/v4/associations/{fromObjectType}/{toObjectType}/batch/read; 207 when one has none."""
    start, end = _ends(portal, call)
    results, errors = [], []
    for row in call.inputs(MAX_LINKS_READ):
        given = str(row.get("id", ""))
        record = start.find(given)
        links = portal.links.of(start.kind.name, record.id, end.kind.name) if record is not None else {}
        if links:
            results.append({"from": {"id": given}, "to": [_to(portal, other, types) for other, types in links.items()]})
            continue
        names = start.kind.singular, end.kind.singular
        errors.append(
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                "message": f"No {names[1]} is associated with {names[0]} {given}.",
                "context": {
                    "fromObjectId": [given],
                    "fromObjectType": [names[0]],
                    "toObjectType": [names[1]],
                },
            }
        )
    return _batch(call, results, errors, 200)


def _batch(call: Call, results: list[Any], errors: list[Any], status: int) -> Answer:
    answer: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": iso(call.now),
        "completedAt": iso(call.now),
    }
    if errors:
        answer |= {"numErrors": len(errors), "errors": errors}
    return 207 if errors else status, answer


def _type_ids(specs: Any) -> list[int]:
    if not isinstance(specs, list) or not all(isinstance(one, dict) for one in specs):
        raise invalid("Invalid input JSON: a list of association types is expected")
    return [int(one.get("associationTypeId", -1)) for one in specs]


def _pair(portal: Portal, ends: tuple[Collection, Collection], one: str, two: str, types: list[int]) -> dict[str, Any]:
    start, end = ends
    portal.associate(start, one, end, two, types)
    known = portal.links.types[start.kind.name, end.kind.name]
    return {
        "fromObjectTypeId": start.kind.id,
        "fromObjectId": one,
        "toObjectTypeId": end.kind.id,
        "toObjectId": two,
        "labels": [known[t].label for t in types if known[t].label is not None],
    }


def _default_pair(portal: Portal, ends: tuple[Collection, Collection], one: str, two: str) -> list[dict[str, Any]]:
    start, end = ends
    portal.associate(start, one, end, two, [])
    there = portal.links.default_type(start.kind.name, end.kind.name)
    return [
        {
            "from": {"id": a},
            "to": {"id": b},
            "associationSpec": {"associationCategory": there.category, "associationTypeId": type_id},
        }
        for a, b, type_id in ((one, two, there.id), (two, one, there.inverse))
    ]


def _row_ends(row: dict[str, Any]) -> tuple[str, str]:
    ids = [str((row.get(side) or {}).get("id", "")) for side in ("from", "to")]
    return ids[0], ids[1]


def link(portal: Portal, call: Call) -> Answer:
    """PUT /crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}/{toObjectId}."""
    specs = call.json()
    ends = _ends(portal, call, "objectType")
    return 201, _pair(portal, ends, call.path["objectId"], call.path["toObjectId"], _type_ids(specs))


def unlink(portal: Portal, call: Call) -> Answer:
    """DELETE /crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}/{toObjectId}."""
    _unlink(portal, _ends(portal, call, "objectType"), call.path["objectId"], call.path["toObjectId"], None)
    return 204, None


def _unlink(portal: Portal, ends: tuple[Collection, Collection], one: str, two: str, types: set[int] | None) -> None:
    start, end = ends
    first, second = start.find(one), end.find(two)
    if first is None or second is None:
        return
    portal.links.remove(start.kind.name, first.id, end.kind.name, second.id, types)
    for record, collection in ((first, start), (second, end)):
        if collection.kind.name == "contacts" and {start.kind.name, end.kind.name} == {
            "contacts",
            "companies",
        }:
            portal.note_company(record)


def link_default(portal: Portal, call: Call) -> Answer:
    """PUT /crm/v4/objects/{type}/{id}/associations/default/{toType}/{toId}, which has no label."""
    ends = _ends(portal, call)
    return _batch(call, _default_pair(portal, ends, call.path["fromObjectId"], call.path["toObjectId"]), [], 200)


def links_batch_default(portal: Portal, call: Call) -> Answer:
    """POST /crm/v4/associations/{fromObjectType}/{toObjectType}/batch/associate/default."""
    ends = _ends(portal, call)
    results = []
    for row in call.inputs(MAX_LINKS_WRITE):
        results += _default_pair(portal, ends, *_row_ends(row))
    return _batch(call, results, [], 200)


def links_batch_create(portal: Portal, call: Call) -> Answer:
    """POST /crm/v4/associations/{fromObjectType}/{toObjectType}/batch/create."""
    ends = _ends(portal, call)
    rows = call.inputs(MAX_LINKS_WRITE)
    return _batch(call, [_pair(portal, ends, *_row_ends(row), _type_ids(row.get("types"))) for row in rows], [], 201)


def links_batch_archive(portal: Portal, call: Call) -> Answer:
    """POST /crm/v4/associations/{fromObjectType}/{toObjectType}/batch/archive."""
    ends = _ends(portal, call)
    for row in call.inputs(MAX_LINKS_WRITE):
        for to in row.get("to") or ():
            _unlink(portal, ends, str((row.get("from") or {}).get("id", "")), str(to.get("id", "")), None)
    return 204, None


def links_batch_archive_labels(portal: Portal, call: Call) -> Answer:
    """POST /crm/v4/associations/{fromObjectType}/{toObjectType}/batch/labels/archive."""
    ends = _ends(portal, call)
    for row in call.inputs(MAX_LINKS_WRITE):
        _unlink(portal, ends, *_row_ends(row), set(_type_ids(row.get("types"))))
    return 204, None


def labels(portal: Portal, call: Call) -> Answer:
    """GET /crm/v4/associations/{fromObjectType}/{toObjectType}/labels."""
    start, end = _ends(portal, call)
    return 200, {"results": [t.to_json() for t in portal.links.types[start.kind.name, end.kind.name].values()]}


def create_label(portal: Portal, call: Call) -> Answer:
    """POST /crm/v4/associations/{fromObjectType}/{toObjectType}/labels."""
    start, end = _ends(portal, call)
    body = call.body()
    if not body.get("label") or not body.get("name"):
        raise invalid("Invalid input JSON: Some required fields were not set: [label, name]")
    made = portal.links.define(start.kind.name, end.kind.name, body["name"], body["label"], body.get("inverseLabel"))
    return 200, {"results": [t.to_json() for t in made]}


# --------------------------------------------------------------------------------------------- properties
def list_properties(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/properties/{objectType}."""
    schema = portal.collection(call.path["objectType"]).schema
    archived = call.flag("archived")
    return 200, {
        "results": [p.to_json() for p in schema.properties.values() if (p.archived_at is not None) is archived]
    }


def _property(schema: Schema, name: str) -> Property:
    prop = schema.get(name)
    if prop is None:
        raise error(404, "OBJECT_NOT_FOUND", f'Property "{name}" does not exist', context={"propertyName": [name]})
    return prop


def get_property(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/properties/{objectType}/{propertyName}."""
    return 200, _property(portal.collection(call.path["objectType"]).schema, call.path["propertyName"]).to_json()


def create_property(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/properties/{objectType}."""
    schema = portal.collection(call.path["objectType"]).schema
    return 201, add_property(schema, call.body(), call.now).to_json()


def add_property(schema: Schema, body: dict[str, Any], now: int) -> Property:
    """Add a property as `PropertyCreate` describes it.

    Raises:
        VendorError: 400 for a definition that is not whole, 409 for a name in use.
    """
    lacking = [name for name in ("name", "label", "type", "fieldType", "groupName") if not body.get(name)]
    if lacking:
        raise invalid(f"Invalid input JSON: Some required fields were not set: [{', '.join(lacking)}]")
    name = str(body["name"])
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
        raise invalid(f'Property name "{name}" must start with a letter and hold only a-z, 0-9 and _')
    if schema.get(name) is not None:
        raise error(409, "OBJECT_ALREADY_EXISTS", f"A property named '{name}' already exists.")
    if body["type"] not in _TYPES or body["fieldType"] not in _FIELD_TYPES:
        raise invalid(f"Invalid input JSON: {body['type']}, {body['fieldType']} are not a type and fieldType")
    if body["groupName"] not in schema.groups:
        raise invalid(f'Property group "{body["groupName"]}" does not exist')
    unique = bool(body.get("hasUniqueValue"))
    if unique and sum(p.unique and not p.vendor_own for p in schema.properties.values()) >= _MAX_UNIQUE:
        raise invalid(f"At most {_MAX_UNIQUE} properties of an object may have unique values")
    at = iso(now)
    schema.properties[name] = Property(
        name,
        str(body["label"]),
        str(body["type"]),
        str(body["fieldType"]),
        str(body["groupName"]),
        [{"displayOrder": i, "hidden": False, **o} for i, o in enumerate(body.get("options") or ())],
        unique,
        vendor_own=False,
        description=str(body.get("description") or ""),
        hidden=bool(body.get("hidden")),
        form_field=bool(body.get("formField")),
        created=at,
        updated=at,
    )
    return schema.properties[name]


def update_property(portal: Portal, call: Call) -> Answer:
    """PATCH /crm/v3/properties/{objectType}/{propertyName}."""
    schema = portal.collection(call.path["objectType"]).schema
    prop = _property(schema, call.path["propertyName"])
    body = call.body()
    prop.label = str(body.get("label", prop.label))
    prop.description = str(body.get("description", prop.description))
    prop.hidden = bool(body.get("hidden", prop.hidden))
    prop.group = str(body.get("groupName", prop.group))
    if "options" in body:
        prop.options = [{"displayOrder": i, "hidden": False, **o} for i, o in enumerate(body["options"])]
    prop.updated = iso(call.now)
    return 200, prop.to_json()


def archive_property(portal: Portal, call: Call) -> Answer:
    """DELETE /crm/v3/properties/{objectType}/{propertyName}."""
    prop = _property(portal.collection(call.path["objectType"]).schema, call.path["propertyName"])
    if prop.vendor_own:
        raise invalid(f'Property "{prop.name}" is defined by HubSpot and cannot be archived')
    prop.archived_at = iso(call.now)
    return 204, None


def list_groups(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/properties/{objectType}/groups."""
    return 200, {"results": list(portal.collection(call.path["objectType"]).schema.groups.values())}


def get_group(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/properties/{objectType}/groups/{groupName}."""
    groups = portal.collection(call.path["objectType"]).schema.groups
    if call.path["groupName"] not in groups:
        raise no_record(call.path["groupName"])
    return 200, groups[call.path["groupName"]]


def create_group(portal: Portal, call: Call) -> Answer:
    """POST /crm/v3/properties/{objectType}/groups."""
    schema = portal.collection(call.path["objectType"]).schema
    body = call.body()
    if not body.get("name") or not body.get("label"):
        raise invalid("Invalid input JSON: Some required fields were not set: [name, label]")
    if body["name"] in schema.groups:
        raise error(409, "OBJECT_ALREADY_EXISTS", f"A property group named '{body['name']}' already exists.")
    return 201, schema.add_group(str(body["name"]), str(body["label"]), int(body.get("displayOrder", -1)))


# ------------------------------------------------------------------------------------------------ account
def account_details(portal: Portal, _: Call) -> Answer:
    """GET /account-info/v3/details."""
    return 200, {
        "portalId": portal.portal_id,
        "accountType": "STANDARD",
        "timeZone": "US/Eastern",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": "-05:00",
        "utcOffsetMilliseconds": -18_000_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
