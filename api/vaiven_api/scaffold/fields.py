"""A record's fields from its schema: names, types, places."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

from vaiven_api.scaffold.description import items, plain, properties, words
from vaiven_api.scaffold.draft import Field
from vaiven_api.scaffold.unify import own
from vaiven_sdk import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST = 60
"""Fields drafted of one record; the rest is listed."""

_TYPES = {"string": "str", "integer": "int", "number": "Decimal", "boolean": "bool"}
_TAKEN = {
    *dir(Record),
    *keyword.kwlist,
    *"str int bool float list dict date datetime Decimal AwareDatetime None Any wire".split(),
}
"""Names that would hide a method of the record class, or a type that a later field needs."""
_KEYS = "id uuid guid gid sid uid key objectid resourceid externalid code slug handle number name email".split()
_CURSORS = (
    "updatedat updated modifiedat modified lastmodified lastmodifiedat lastmodifieddate modifieddate modifiedon"
    " lastchanged lastupdated lastupdatedat dateupdated datemodified updateddate updatedon updatetime updatedtime"
    " lastmodifiedtime lastupdatedtime changedat editedat modificationdate"
).split()


def fields_of(schema: Mapping[str, Any]) -> tuple[list[Field], list[str]]:
    """The fields that can be declared, and a line for each property that cannot."""
    found: list[Field] = []
    left: list[str] = []
    names: set[str] = set()
    walked = sorted(_walk(schema, (), required=True), key=lambda one: len(one[0]))
    for path, inner, required in walked:
        dotted = ".".join(path)
        kind, why = _type(inner)
        if not kind:
            left.append(f"`{dotted}`: {why}")
        elif any("." in step or not plain(step) for step in path) or any(s.isdecimal() for s in path[1:]):
            left.append(f"`{dotted}`: its name cannot stand in a path")
        elif len(found) >= MOST:
            left.append(f"`{dotted}`: more than {MOST} fields")
        else:
            name = _name(path, names)
            if name is None:
                left.append(f"`{dotted}`: its name has no letters")
                continue
            names.add(name)
            nullable = bool(inner.get("nullable")) or not required
            found.append(Field(name, dotted, kind, nullable=nullable, values=_values(inner, kind)))
    return found, left


def key_of(fields: list[Field], singular: str) -> Field | None:
    """The field that identifies a record; made required and a text, which is how ids are kept."""
    own = "".join(words(singular)) + "id"
    by_name = {"".join(words(one.path)): one for one in reversed(fields) if "." not in one.path}
    found = next((by_name[name] for name in (_KEYS[0], own, *_KEYS[1:]) if name in by_name), None)
    if found is None or found.type not in {"str", "int"}:
        return None
    found.type, found.nullable = "str", False
    return found


def cursor_of(fields: list[Field]) -> Field | None:
    """The field that holds the last change, where it is an instant."""
    for name in _CURSORS:
        for one in fields:
            named = "".join(words(one.path.rpartition(".")[2])) == name
            if named and one.type == "AwareDatetime" and own(one.path):
                return one
    return None


def _walk(
    schema: Mapping[str, Any], way: tuple[str, ...], *, required: bool
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], bool]]:
    musts = set(map(str, schema.get("required") or ()))
    for name, inner in properties(schema).items():
        if name.startswith("_"):
            continue
        path, must = (*way, name), required and name in musts
        if inner.get("properties"):
            # JSON:API keeps everything under `attributes`; deeper than two levels it is seldom the record's own.
            if len(path) <= (3 if way[:1] == ("attributes",) else 2):
                yield from _walk(inner, path, required=must and not inner.get("nullable"))
        else:
            yield path, inner, must


def _type(schema: Mapping[str, Any]) -> tuple[str, str]:
    kind, form = schema.get("type"), schema.get("format")
    if kind == "string":
        return {"date-time": "AwareDatetime", "date": "date"}.get(str(form), "str"), ""
    if kind in _TYPES:
        return _TYPES[kind], ""
    inner = items(schema)
    if inner is not None:
        of = _TYPES.get(str(inner.get("type")))
        return (f"list[{of}]", "") if of else ("", "a list of objects")
    if kind is None and (schema.get("enum") or schema.get("format")):
        return "str", ""
    return "", "an object without named properties" if kind == "object" else "its type is not described"


def _values(schema: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    given = schema.get("enum")
    return (
        tuple(str(value) for value in given if value is not None)[:40]
        if isinstance(given, list) and kind == "str"
        else ()
    )


def _name(path: tuple[str, ...], taken: set[str]) -> str | None:
    steps = path[1:] if len(path) > 1 and path[0] == "attributes" else path
    for used in (steps[-1:], steps):
        # The last part alone is the better name where nothing else has it, but only for what is not nested.
        name = "_".join(word for step in used for word in words(step))
        if not name:
            return None
        name = f"n_{name}" if name[0].isdigit() else name
        name = f"{name}_" if name in _TAKEN else name
        if name not in taken and (len(steps) == 1 or used is steps):
            return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
