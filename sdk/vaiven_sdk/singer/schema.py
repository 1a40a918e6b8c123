"""A record class as a Singer stream's schema, and a record as its row: the connector's field names, exact values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk.record import Record

DELETED_AT = "_sdc_deleted_at"
"""The column by which Singer says that a record is gone."""
_KEPT = ("format", "description", "title", "enum", "maxLength", "pattern")


def stream_schema(record: type[Record[Any]], *, deletions: bool) -> dict[str, Any]:
    """The JSON schema of a record's row.

    Every field but the key may be null, because a deleted record has no more than its key. A decimal is a text with the
    format `singer.decimal`: a JSON number loses its digits in most targets.

    Args:
        record: the class.
        deletions: whether deleted records come along.
    """
    declared = record.model_json_schema(by_alias=False, mode="serialization")
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


def row(record: Record[Any]) -> dict[str, Any]:
    """A record's values by field name: instants, dates and decimals as texts, all else as in JSON."""
    return record.__pydantic_serializer__.to_python(record, mode="json")  # type: ignore[no-any-return]


def _column(rule: Mapping[str, Any], defs: Mapping[str, Any], *, nullable: bool) -> dict[str, Any]:
    rule = _resolved(rule, defs)
    kinds = [one for one in rule.get("anyOf", (rule,)) if one.get("type") != "null"]
    kinds = [_resolved(one, defs) for one in kinds]
    decimal = next((one for one in kinds if _is_decimal(one)), None)
    if decimal is not None:
        column: dict[str, Any] = {"type": ["string"], "format": "singer.decimal"}
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


def _is_decimal(rule: Mapping[str, Any]) -> bool:
    """Pydantic describes a decimal, which it serialises as text, by a pattern of its own."""
    return _types(rule) == ["string"] and str(rule.get("pattern", "")).startswith("^(?!^[-+.]*$)")


def _resolved(rule: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = rule.get("$ref")
    if reference is None:
        return rule
    return {**defs[reference.rpartition("/")[2]], **{k: v for k, v in rule.items() if k != "$ref"}}
