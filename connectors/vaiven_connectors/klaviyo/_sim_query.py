"""The query of a list: Klaviyo's filter grammar, its sort, and its sparse fieldsets.

developers.klaviyo.com/en/docs/filtering_ and .../sparse_fieldsets; the fields and operators that each list allows are
in the documentation of klaviyo-api 25.0.0 and, for campaigns, of revision 2025-01-15. Read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vaiven_connectors.klaviyo._sim_kinds import KNOWN, MORE
from vaiven_connectors.klaviyo._sim_words import Json, invalid

Allowed = Mapping[str, str]
"""Field -> the operators that it may be filtered with, a blank between them."""

RANGE = "greater-or-equal greater-than less-or-equal less-than"
SINGLE = "any equals"
TEXT = "contains ends-with equals starts-with"

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<mark>[(),\[\]])|(?P<word>[^\s(),\[\]"']+))"""
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+ -]\d\d:?\d\d)?)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_BAD = "Invalid filter provided."


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of a filter.

    Args:
        op: operator.
        field: dotted path.
        value: a text, number, truth value, instant or a list of such; None of `has`.
    """

    op: str
    field: str
    value: Any = None

    def holds(self, found: Any) -> bool:
        """Whether the value of a row passes; a row without one passes nothing but `equals(..., null)`."""
        if found is None and self.value is not None:
            return False
        wanted = self.value
        if isinstance(wanted, datetime):
            found = _moment(found)
        return _TESTS[self.op](found, wanted)


def _among(found: Any, wanted: Any) -> bool:
    return any(_same(found, one) for one in wanted) if isinstance(wanted, list) else _same(found, wanted)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    return bool(found == wanted)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "any": _among,
    "contains-any": _among,
    "contains": lambda found, wanted: str(wanted).casefold() in str(found).casefold(),
    "starts-with": lambda found, wanted: str(found).casefold().startswith(str(wanted).casefold()),
    "ends-with": lambda found, wanted: str(found).casefold().endswith(str(wanted).casefold()),
    "greater-than": lambda found, wanted: found > wanted,
    "greater-or-equal": lambda found, wanted: found >= wanted,
    "less-than": lambda found, wanted: found < wanted,
    "less-or-equal": lambda found, wanted: found <= wanted,
    "has": lambda found, _: found is not None,
}


def parse_filter(text: str | None, allowed: Allowed) -> list[Term]:
    """The comparisons of a filter, which must all hold.

    Raises:
        Refusal: 400, for bad grammar, and for a field or operator that this list does not have.
    """
    if not text:
        return []
    terms = list(_Parser(text).terms())
    for term in terms:
        if term.field not in allowed:
            raise invalid(f"'{term.field}' is not an allowed filter field for this resource.", parameter="filter")
        if term.op not in allowed[term.field].split():
            sentence = f"'{term.op}' is not an allowed filter operator for '{term.field}'."
            raise invalid(sentence, parameter="filter")
    return terms


class _Parser:
    """Recursive descent over `op(field,value),op(...)` and `and(...)`."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def terms(self) -> Iterator[Term]:
        """All comparisons; a comma between two means and."""
        yield from self._calls()
        if self._at != len(self._tokens):
            raise _bad()

    def _calls(self) -> Iterator[Term]:
        yield from self._call()
        while self._peek() == ",":
            self._at += 1
            yield from self._call()

    def _call(self) -> Iterator[Term]:
        op = self._word()
        self._need("(")
        if op == "and":
            yield from self._calls()
        elif op == "has":
            yield Term(op, self._word())
        elif op in _TESTS:
            field = self._word()
            self._need(",")
            yield Term(op, field, self._value())
        else:
            raise _bad()
        self._need(")")

    def _value(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if text == "[":
            found = []
            while self._peek() != "]":
                found.append(self._value())
                if self._peek() == ",":
                    self._at += 1
            self._at += 1
            return found
        if kind == "word":
            return _literal(text)
        raise _bad()

    def _word(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise _bad()
        return text

    def _need(self, mark: str) -> None:
        if self._next()[1] != mark:
            raise _bad()

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _bad()
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _bad()
        at = found.end()
        yield str(found.lastgroup), found.group(str(found.lastgroup))


def _literal(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    if text == "null":
        return None
    if _INSTANT.fullmatch(text):
        return _moment(text)
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    # A text wants quotation marks: klaviyo/klaviyo-api-ruby#3.
    raise _bad()


def _bad() -> Exception:
    return invalid(_BAD, parameter="filter")


def _moment(value: Any) -> Any:
    """An instant; a civil date is its midnight in UTC. A blank stands for a plus that nobody quoted."""
    if isinstance(value, datetime):
        return value
    text = str(value).replace(" ", "+")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _bad() from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path of a row."""
    found: Any = row
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def sort_of(given: str | None, allowed: str, default: str) -> tuple[str, bool]:
    """Field of the order, and whether it runs down.

    Raises:
        Refusal: 400 for a field that this list is not sorted by.
    """
    wanted = given or default
    name = wanted.removeprefix("-")
    if given and name not in allowed.split():
        raise invalid(f"'{given}' is not an allowed sort field for this resource.", parameter="sort")
    return name, wanted.startswith("-")


def check_fields(query: Mapping[str, list[str]]) -> None:
    """Look at the names in `fields[...]` and `additional-fields[...]`.

    Raises:
        Refusal: 400 for a name that the resource does not have.
    """
    for parameter, values in query.items():
        head, _, rest = parameter.partition("[")
        kind = rest.removesuffix("]")
        names = {"fields": KNOWN, "additional-fields": MORE}.get(head)
        if names is None or kind not in names:
            continue
        for path in ",".join(values).split(","):
            if path.partition(".")[0] not in names[kind]:
                sentence = f"'{path}' is not an allowed field for the resource '{kind}'."
                raise invalid(sentence, parameter=parameter)


def sparse(attributes: Json, wanted: list[str] | None) -> Json:
    """Only the attributes that `fields[...]` names; a dotted name picks a part of one."""
    if wanted is None:
        return attributes
    found: Json = {}
    for path in wanted:
        head, _, rest = path.partition(".")
        if head not in attributes:
            continue
        if not rest:
            found[head] = attributes[head]
            continue
        inner, target = attributes[head], found.setdefault(head, {})
        *steps, last = rest.split(".")
        for step in steps:
            inner = inner.get(step) if isinstance(inner, Mapping) else None
            target = target.setdefault(step, {})
        if isinstance(inner, Mapping) and last in inner:
            target[last] = inner[last]
    return found
