"""Checks the values of a record that is to be written, and brings them into the form in which they are kept."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from vaiven_connectors.salesforce._sim_errors import gone, missing, no, read_only, unknown_field
from vaiven_connectors.salesforce._sim_kinds import Field, Kind
from vaiven_connectors.salesforce._sim_org import Org, Row, normal, stamp
from vaiven_sdk.testing import Refusal

_EMAIL = re.compile(r"[^\s@,;<>()\"]+@[^\s@,;<>()\"]+\.[^\s@,;<>()\"]+")
_REQUIRED_OF_ONE = {"CampaignMember": ("LeadId", "ContactId")}


def clean(org: Org, kind: Kind, given: Row, *, create: bool) -> Row:
    """The values to store, by the fields' own names.

    Raises:
        Refusal: with the code of the first thing that is wrong.
    """
    found: dict[str, Any] = {}
    locked = []
    for name, value in given.items():
        if name == "attributes":
            continue
        relation = kind.related(name)
        if relation is not None and isinstance(value, dict):
            found[relation.name] = _by_external_id(org, relation, value)
            continue
        field = org.field(kind, name)
        if field is None:
            raise unknown_field(name, kind.name)
        if field.read_only or (field.fixed and not create):
            locked.append(field.name)
            continue
        found[field.name] = coerce(org, field, value)
    if locked:
        raise read_only(locked)
    _complete(kind, found, create=create)
    return found


def _complete(kind: Kind, found: Row, *, create: bool) -> None:
    lacking = [
        field.name
        for field in kind.fields.values()
        if field.required and found.get(field.name) is None and (create or field.name in found)
    ]
    if create and kind.name in _REQUIRED_OF_ONE and not any(found.get(one) for one in _REQUIRED_OF_ONE[kind.name]):
        lacking.append(_REQUIRED_OF_ONE[kind.name][0])
    if lacking:
        raise missing(lacking)


def coerce(org: Org, field: Field, value: Any) -> Any:
    """One value in the form in which it is kept; an empty text is null, and blanks around a text are dropped.

    Raises:
        Refusal: JSON_PARSER_ERROR, STRING_TOO_LONG, INVALID_EMAIL_ADDRESS, MALFORMED_ID and so on.
    """
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return field.empty()
    if field.type == "boolean":
        return _boolean(field, value)
    if field.is_number:
        return _number(field, value)
    if field.type in {"date", "datetime"}:
        return _instant(field, value)
    if field.type == "reference":
        return _reference(org, field, value)
    if isinstance(value, list | dict | bool):
        raise _unreadable(field, value)
    return _text(field, str(value))


def _unreadable(field: Field, value: Any) -> Refusal:
    return no(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from VALUE_STRING value {value} or request may be missing a "
        f"required field at [line:1, column:1]",
    )


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"true", "false"}:
        return str(value).lower() == "true"
    raise _unreadable(field, value)


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool | list | dict):
        raise _unreadable(field, value)
    try:
        number = float(value)
    except ValueError:
        raise _unreadable(field, value) from None
    if abs(number) >= 10**16:
        raise no("NUMBER_OUTSIDE_VALID_RANGE", f"{field.name}: value outside of valid range", fields=[field.name])
    return int(number) if field.type == "int" else round(number, field.scale) if field.type != "double" else number


def _instant(field: Field, value: Any) -> str:
    text = str(value).replace("Z", "+00:00")
    try:
        if field.type == "date":
            return date.fromisoformat(text[:10]).isoformat()
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _unreadable(field, value) from None
    return stamp(at if at.tzinfo else at.replace(tzinfo=UTC))


def _reference(org: Org, field: Field, value: Any) -> str:
    key = normal(value)
    if key is None:
        raise no("MALFORMED_ID", f"{field.name}: id value of incorrect type: {value}", fields=[field.name])
    targets = [org.kinds[name] for name in field.refers if name in org.kinds]
    if not targets:
        return key
    if not any(key.startswith(kind.prefix) for kind in targets):
        raise no("FIELD_INTEGRITY_EXCEPTION", f"{field.name}: id value of incorrect type: {value}", fields=[field.name])
    row = org.row(key)
    if row is None:
        raise no("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[])
    if row.get("IsDeleted"):
        raise gone()
    if row.get("IsConverted"):
        raise no("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", fields=[])
    return key


def _text(field: Field, value: str) -> str:
    if field.length and len(value) > field.length:
        raise no(
            "STRING_TOO_LONG",
            f"{field.spoken}: data value too large: {value} (max length={field.length})",
            fields=[field.name],
        )
    if field.type == "email" and not _EMAIL.fullmatch(value):
        raise no("INVALID_EMAIL_ADDRESS", f"{field.spoken}: invalid email address: {value}", fields=[field.name])
    chosen = value.split(";") if field.type == "multipicklist" else [value]
    if field.restricted and (bad := [one for one in chosen if one not in field.values]):
        raise no(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.spoken}: bad value for restricted picklist field: {bad[0]}",
            fields=[field.name],
        )
    return value


def _by_external_id(org: Org, relation: Field, given: Row) -> str:
    """A parent named by an external id: `{"Account": {"Ext__c": "7"}}` (REST guide, "Upsert relationships")."""
    named = {name: value for name, value in given.items() if name != "attributes"}
    if len(named) != 1:
        raise no("INVALID_FIELD", f"Only one external id may be given for {relation.relation}")
    ((name, value),) = named.items()
    for target in relation.refers:
        kind = org.find_kind(target)
        field = org.field(kind, name) if kind else None
        if kind is None or field is None or not (field.external or field.type == "id"):
            continue
        if field.type == "id":
            return _reference(org, relation, value)
        rows = org.shelves[kind.name].living(field.name, str(value))
        if rows:
            return str(rows[0]["Id"])
        raise no(
            "INVALID_FIELD", f"Foreign key external ID: {value} not found for field {field.name} in entity {kind.name}"
        )
    raise no("INVALID_FIELD", f"No such column '{name}' on sobject of type {relation.refers[0]}")
