"""The validator's findings as places and short sentences, and what a schema does not mention at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing.exceptions import Unresolvable

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

    from vaiven_sdk.testing.spec._document import Document

FORMATS = FormatChecker(formats=())
_LONG = 160


@FORMATS.checks("date-time")
def _is_instant(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return "T" in value or " " in value


@FORMATS.checks("date")
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


@FORMATS.checks("uuid")
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or bool(
        re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value)
    )


def misfits(document: Document, schema: Any, value: Any, at: str = "$") -> Iterator[tuple[str, str]]:
    """(place, what) of everything that a schema does not allow."""
    validator = Draft202012Validator(schema, registry=document.registry, format_checker=FORMATS)
    try:
        for error in validator.iter_errors(value):
            yield from _told(error, at)
    except Unresolvable as problem:
        raise ValueError(f"the description's reference {problem.ref} cannot be followed within its folder") from problem


def undescribed(document: Document, schema: Any, value: Any, at: str = "$") -> Iterator[tuple[str, str]]:
    """(place, what) of every property that the description does not know: the schema would let it pass."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            for part in _parts(document, schema):
                if isinstance(part.get("items"), dict):
                    yield from undescribed(document, part["items"], item, f"{at}[{number}]")
                    break
        return
    if not isinstance(value, dict):
        return
    parts = list(_parts(document, schema))
    known: dict[str, list[Any]] = {}
    for part in parts:
        for name, sub in (part.get("properties") or {}).items():
            known.setdefault(name, []).append(sub)
    further = [part["additionalProperties"] for part in parts if part.get("additionalProperties") not in (None, False)]
    free = not known or further or any("patternProperties" in part for part in parts)
    for name, item in value.items():
        if name in known:
            tries = [list(undescribed(document, sub, item, f"{at}.{name}")) for sub in known[name]]
            yield from min(tries, key=len)
        elif not free:
            yield f"{at}.{name}", "not described"


def _parts(document: Document, schema: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """A schema and all that it is composed of."""
    node = document.follow(schema)
    if not isinstance(node, dict) or depth > 12:
        return
    yield node
    for word in ("allOf", "anyOf", "oneOf"):
        for part in node.get(word) or ():
            yield from _parts(document, part, depth + 1)


def _told(error: ValidationError, at: str) -> Iterator[tuple[str, str]]:
    if error.validator in {"anyOf", "oneOf"} and error.context:
        yield from _nearest(error.context, at)
        return
    wanted: Any = error.validator_value
    place = at + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    if error.validator == "required":
        named = re.match(r"'(.*)' is a required property", error.message)
        yield f"{place}.{named[1] if named else '?'}", "required, and absent"
    elif error.validator == "type":
        kinds = wanted if isinstance(wanted, str) else " or ".join(wanted)
        yield place, f"{kinds} described, got {_kind(error.instance)}"
    elif error.validator == "enum":
        yield place, f"{error.instance!r} is none of {'|'.join(map(str, wanted))}"
    elif error.validator == "format":
        yield place, f"{wanted} described, got {error.instance!r}"
    else:
        short = len(error.message) < _LONG
        yield place, error.message if short else f"{error.validator} {wanted!r} does not hold"


def _nearest(context: Iterable[ValidationError], at: str) -> Iterator[tuple[str, str]]:
    """Of several alternatives, the one that the value comes closest to: the deepest first, then the fewest errors."""
    branches: dict[Any, list[ValidationError]] = {}
    for error in context:
        branches.setdefault(error.relative_schema_path[0], []).append(error)
    best = min(branches.values(), key=lambda errors: (-min(len(e.absolute_path) for e in errors), len(errors)))
    for error in best:
        yield from _told(error, at)


def _kind(value: Any) -> str:
    names: dict[type, str] = {dict: "object", list: "array", str: "string", type(None): "null", bytes: "bytes"}
    return names.get(type(value), repr(value))
