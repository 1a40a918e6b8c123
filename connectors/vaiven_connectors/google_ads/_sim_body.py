"""Reads the JSON of a request as Google's transcoder does: names in camel or snake case, int64 also as strings.

Facts: protobuf.dev/programming-guides/json, and developers.google.com/google-ads/api/docs/rest/design/json-mappings. A
name that a message does not have, or a value of another type, is refused before the API looks at the request.
Read 2026-11-25.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from vaiven_connectors.google_ads import _sim_schema as schema
from vaiven_connectors.google_ads._sim_schema import Field
from vaiven_connectors.google_ads._sim_words import Json, bad_value, camel, unknown_field
from vaiven_sdk.testing import Call, Refusal

Body = Mapping[str, Any]
"""Name in camel case -> type, a list with one of them, or another Body."""


def take(call: Call, shape: Body) -> Json:
    """The body of a request, checked, with names in camel case.

    Raises:
        Refusal: 400 without a GoogleAdsFailure.
    """
    given = call.json()
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Refusal("malformed", "Invalid JSON payload received. Expected an object.")
    return message(given, shape, "")


def message(given: Any, shape: Body, at: str) -> Json:
    """One message."""
    if not isinstance(given, dict):
        raise bad_value(at, "message", given)
    names = {camel(name): name for name in shape} | {_snake(name): name for name in shape} | {n: n for n in shape}
    found: Json = {}
    for name, value in given.items():
        if name not in names:
            raise unknown_field(name, at)
        if value is not None:
            own = names[name]
            found[own] = _value(value, shape[own], f"{at}.{_snake(own)}".removeprefix("."))
    return found


def _value(given: Any, kind: Any, at: str) -> Any:
    if isinstance(kind, list):
        if not isinstance(given, list):
            raise bad_value(at, "list", given)
        return [_value(one, kind[0], f"{at}[{n}]") for n, one in enumerate(given)]
    if isinstance(kind, Mapping):
        return message(given, kind, at)
    if kind is Any:
        return given
    return _scalar(given, {str: "string", int: "int64", float: "double", bool: "bool"}[kind], at)


def _scalar(given: Any, kind: str, at: str) -> Any:
    if kind in {"int64", "int32", "uint64"}:
        if isinstance(given, str) and re.fullmatch(r"-?\d+", given):
            return int(given)
        if isinstance(given, int) and not isinstance(given, bool):
            return given
    elif kind == "double":
        if isinstance(given, int | float) and not isinstance(given, bool):
            return float(given)
    elif kind == "bool":
        if isinstance(given, bool):
            return given
    elif isinstance(given, str):
        return given
    raise bad_value(at, f"TYPE_{kind.upper()}", given)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: f"_{m[1].lower()}", name)


# -------------------------------------------------------------------------------------------------------- resources


@functools.cache
def _tree(resource: str) -> dict[str, Any]:
    """A resource's fields as a tree: name in camel case -> field, or the tree of a message within."""
    found: dict[str, Any] = {}
    for one in schema.of_resource(resource).values():
        at = found
        *path, last = one.local.split(".")
        for part in path:
            at = at.setdefault(camel(part), {"": part})
        at[camel(last)] = one
    return found


def flat(resource: str, given: Any, version: str, at: str) -> Json:
    """A resource of a request by the names of GAQL; an empty message stands as `{}`.

    Raises:
        Refusal: a name or a type that does not fit.
    """
    found: Json = {}
    _flatten(given, _tree(resource), "", found, (version, at))
    return found


def _flatten(given: Any, tree: Mapping[str, Any], prefix: str, found: Json, place: tuple[str, str]) -> None:
    version, at = place
    if not isinstance(given, dict):
        raise bad_value(at, "message", given)
    names = {**{_snake(name): name for name in tree if name}, **{name: name for name in tree if name}}
    for name, value in given.items():
        held = tree.get(names.get(name, ""))
        if held is None or (isinstance(held, Field) and not held.there(version)):
            raise unknown_field(name, at)
        if value is None:
            continue
        if isinstance(held, Field):
            found[held.local] = _field(value, held, f"{at}.{held.local}")
        else:
            path = f"{prefix}{held['']}"
            if value == {}:
                found[path] = {}
            _flatten(value, held, f"{path}.", found, (version, f"{at}.{held['']}"))


def _field(given: Any, one: Field, at: str) -> Any:
    if one.many:
        if not isinstance(given, list):
            raise bad_value(at, "list", given)
        return [_field(each, Field(one.name, one.kind, one.enum), at) for each in given]
    if one.kind == "message":
        return given
    if one.kind == "enum":
        if given not in {*schema.values_of(one.enum), "UNKNOWN", "UNSPECIFIED"}:
            raise bad_value(at, f"type.googleapis.com/google.ads.googleads.enums.{one.enum}Enum.{one.enum}", given)
        return given
    return _scalar(given, one.kind, at)


def mask(resource: str, given: str) -> list[str]:
    """The paths of an update mask by the names of GAQL, in camel or snake case."""
    tree = _tree(resource)
    found: list[str] = []
    for path in (part.strip() for part in given.split(",")):
        if not path:
            continue
        at: Any = tree
        names: list[str] = []
        for part in path.split("."):
            held = at.get(part) or at.get(camel(part)) if isinstance(at, dict) else None
            if held is None:
                return [*found, f"?{path}"]
            names.append(held.local.rpartition(".")[2] if isinstance(held, Field) else held[""])
            at = held
        found.append(".".join(names))
    return found
