"""A record class as a Singer stream's schema, and a record as its row: the connector's field names, exact values."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic.json_schema import GenerateJsonSchema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sdk.record import Record

DELETED_AT = "_sdc_deleted_at"
"""The column by which Singer says that a record is gone."""
_KEPT = ("format", "description", "title", "enum", "maxLength", "pattern")


def stream_schema(record: type[Record[Any]], *, deletions: bool) -> dict[str, Any]:
    """The JSON schema of a record's row.

    Every field but the key may be null, because a deleted record has no more than its key. A decimal is a text with the
    format `singer.decimal`: a JSON number loses its digits in most targets. A field that the vendor fills with an
    object or with a text is a text, the object as JSON: no target has a column of both.

    Args:
        record: the class.
        deletions: whether deleted records come along.
    """
    declared = _declared(record)
    defs = declared.get("$defs", {})
    properties = {}
    for name, rule in declared.get("properties", {}).items():
        properties[name] = _column(rule, defs, nullable=name not in record.__key__)
    if deletions:
        properties[DELETED_AT] = {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When it was seen that the vendor has deleted or archived the record.",
        }
    return {"type": "object", "properties": properties}


class _Declared(GenerateJsonSchema):
    """Pydantic's schema, which would not tell a decimal from a text."""

    def decimal_schema(self, schema: Any) -> dict[str, Any]:
        return {"type": "string", "format": "singer.decimal"}


def _declared(record: type[Record[Any]]) -> dict[str, Any]:
    return record.model_json_schema(by_alias=False, mode="serialization", schema_generator=_Declared)


def row(record: Record[Any]) -> dict[str, Any]:
    """A record's values by field name: instants, dates and decimals as texts, all else as in JSON."""
    values: dict[str, Any] = record.__pydantic_serializer__.to_python(record, mode="json")
    for name in _mixed(type(record)):
        if isinstance(values[name], (dict, list)):
            values[name] = msgspec.json.encode(values[name]).decode()
    return values


@functools.cache
def _mixed(record: type[Record[Any]]) -> frozenset[str]:
    """Fields that hold objects as well as texts."""
    declared = _declared(record)
    defs = declared.get("$defs", {})
    return frozenset(n for n, rule in declared.get("properties", {}).items() if _is_mixed(_kinds(rule, defs)))


def _kinds(rule: Mapping[str, Any], defs: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rule = _resolved(rule, defs)
    kinds = [_resolved(one, defs) for one in rule.get("anyOf", (rule,))]
    return [one for one in kinds if one.get("type") != "null"]


def _is_mixed(kinds: Sequence[Mapping[str, Any]]) -> bool:
    types = {t for one in kinds for t in _types(one)}
    return len(types) > 1 and bool(types & {"object", "array"})


def _column(rule: Mapping[str, Any], defs: Mapping[str, Any], *, nullable: bool) -> dict[str, Any]:
    rule = _resolved(rule, defs)
    kinds = _kinds(rule, defs)
    column: dict[str, Any]
    if _is_mixed(kinds):
        column = {"type": ["string"]}
    elif len(kinds) == 1:
        column = _plain(kinds[0], defs)
    else:
        types = sorted({t for one in kinds for t in _types(one)})
        column = {"type": types} if types else {}
    if "type" in column and nullable and "null" not in column["type"]:
        column["type"] = [*column["type"], "null"]
        if "enum" in column:
            column["enum"] = [*column["enum"], None]
    for key in ("description", "title"):
        if key in rule:
            column[key] = rule[key]
    return column


def _plain(rule: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    column: dict[str, Any] = {key: rule[key] for key in _KEPT if key in rule}
    types = _types(rule)
    if types:
        column["type"] = types
    if "items" in rule:
        column["items"] = _column(rule["items"], defs, nullable=True)
    if "properties" in rule:
        column["properties"] = {k: _column(v, defs, nullable=True) for k, v in rule["properties"].items()}
    return column


def _types(rule: Mapping[str, Any]) -> list[str]:
    found = rule.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def _resolved(rule: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = rule.get("$ref")
    if reference is None:
        return rule
    return {**defs[reference.rpartition("/")[2]], **{k: v for k, v in rule.items() if k != "$ref"}}
