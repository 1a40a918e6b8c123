"""The two small languages of a read: `fields` with what is nested in it, and `filtering`.

developers.facebook.com/docs/graph-api/guides/field-expansion and /docs/marketing-api/insights/parameters (operators).
Read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vaiven_connectors.meta_ads._sim_words import Ask, graph_error, parameter

_TOKEN = re.compile(r"\s*([A-Za-z0-9_]+|[{}(),.])")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass
class Wanted:
    """One field that is asked for.

    Args:
        name: of the field or edge.
        given: modifiers, as `.limit(5)`.
        inner: what is wanted of it; None when nothing is said.
    """

    name: str
    given: dict[str, str] = field(default_factory=dict)
    inner: list[Wanted] | None = None

    def parameters(self) -> dict[str, str]:
        """The modifiers with the inner fields among them, as an edge takes them."""
        return self.given if self.inner is None else {**self.given, "fields": ",".join(map(str, self.inner))}

    def __str__(self) -> str:
        modifiers = "".join(f".{name}({value})" for name, value in self.given.items())
        inner = "" if self.inner is None else "{" + ",".join(map(str, self.inner)) + "}"
        return f"{self.name}{modifiers}{inner}"


def parse_fields(text: str) -> list[Wanted]:
    """`id,name,adsets.limit(5){name}` as a tree.

    Raises:
        Refusal: 2500, it is not in that grammar.
    """
    found, rest = _fields(text, 0)
    if rest < len(text.rstrip()):
        raise _syntax(text, rest)
    return found


def _fields(text: str, at: int) -> tuple[list[Wanted], int]:
    found: list[Wanted] = []
    while True:
        match = _TOKEN.match(text, at)
        if not match or not match[1][0].isalnum():
            if found or not match:
                raise _syntax(text, at)
            return found, at
        one = Wanted(match[1])
        at = match.end()
        while text[at : at + 1] == ".":
            name, value, at = _modifier(text, at + 1)
            one.given[name] = value
        if text[at : at + 1] == "{":
            one.inner, at = _fields(text, at + 1)
            if text[at : at + 1] != "}":
                raise _syntax(text, at)
            at += 1
        found.append(one)
        following = _TOKEN.match(text, at)
        if not following or following[1] != ",":
            return found, at
        at = following.end()


def _modifier(text: str, at: int) -> tuple[str, str, int]:
    """`limit(5)`; what is in the brackets may hold brackets itself."""
    match = re.compile(r"([A-Za-z0-9_]+)\(").match(text, at)
    if not match:
        raise _syntax(text, at)
    depth, start, at = 1, match.end(), match.end()
    while depth and at < len(text):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    if depth:
        raise _syntax(text, at)
    return match[1], text[start : at - 1], at


def _syntax(text: str, at: int) -> Exception:
    what = f'unexpected "{text[at]}"' if at < len(text) else "unexpected end"
    return graph_error(2500, f'Syntax error "Expected name, {what}." at character {at}: {text}')


# ------------------------------------------------------------------------------------------------- filtering

Filters = list[tuple[str, Callable[[Any], bool]]]


def parse_filtering(ask: Ask) -> Filters:
    """Each condition of `filtering` as the name of its field and a test of its value.

    Raises:
        Refusal: `(#100)`, for a form or an operator that there is not.
    """
    found: Filters = []
    for one in ask.listed("filtering"):
        if not isinstance(one, Mapping) or not {"field", "operator"} <= set(one):
            raise parameter("filtering must be a list of objects with field, operator and value", "filtering")
        operator = _OPERATORS.get(str(one["operator"]).upper())
        if operator is None:
            raise parameter(f"Filtering operator {one['operator']} is not one of {sorted(_OPERATORS)}", "filtering")
        wanted = one.get("value")
        if isinstance(wanted, str) and wanted[:1] == "[":
            wanted = [part.strip(" '\"") for part in wanted.strip("[]").split(",")]
        found.append((str(one["field"]), _test(operator, wanted)))
    return found


def _test(operator: Callable[[Any, Any], bool], wanted: Any) -> Callable[[Any], bool]:
    def test(value: Any) -> bool:
        try:
            return operator(_comparable(value), wanted)
        except TypeError:
            return False

    return test


def _comparable(value: Any) -> Any:
    if isinstance(value, str) and _STAMP.match(value) and "T" in value:
        return datetime.fromisoformat(value).timestamp()
    return value


def _like(value: Any, wanted: Any) -> Any:
    """What the condition holds, as the kind of thing that the value is."""
    if isinstance(value, int | float) and not isinstance(value, bool) and isinstance(wanted, str):
        return datetime.fromisoformat(wanted).timestamp() if _STAMP.match(wanted) else float(wanted)
    return str(wanted) if isinstance(value, str) else wanted


def _among(value: Any, wanted: Any) -> bool:
    return str(value) in {str(one) for one in (wanted if isinstance(wanted, list) else [wanted])}


def _contains(value: Any, wanted: Any) -> bool:
    return str(wanted).lower() in str(value or "").lower()


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "EQUAL": lambda v, w: bool(v == _like(v, w)),
    "NOT_EQUAL": lambda v, w: bool(v != _like(v, w)),
    "GREATER_THAN": lambda v, w: bool(v > _like(v, w)),
    "GREATER_THAN_OR_EQUAL": lambda v, w: bool(v >= _like(v, w)),
    "LESS_THAN": lambda v, w: bool(v < _like(v, w)),
    "LESS_THAN_OR_EQUAL": lambda v, w: bool(v <= _like(v, w)),
    "IN_RANGE": lambda v, w: bool(_like(v, w[0]) <= v <= _like(v, w[1])),
    "NOT_IN_RANGE": lambda v, w: not _like(v, w[0]) <= v <= _like(v, w[1]),
    "CONTAIN": _contains,
    "NOT_CONTAIN": lambda v, w: not _contains(v, w),
    "IN": _among,
    "NOT_IN": lambda v, w: not _among(v, w),
    "STARTS_WITH": lambda v, w: str(v or "").lower().startswith(str(w).lower()),
    "ENDS_WITH": lambda v, w: str(v or "").lower().endswith(str(w).lower()),
    "AFTER": lambda v, w: bool(v > _like(v, w)),
    "BEFORE": lambda v, w: bool(v < _like(v, w)),
    "ON_OR_AFTER": lambda v, w: bool(v >= _like(v, w)),
    "ON_OR_BEFORE": lambda v, w: bool(v <= _like(v, w)),
}
