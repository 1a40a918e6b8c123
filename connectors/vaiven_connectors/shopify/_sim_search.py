"""The search syntax of the `query` argument: terms, comparators, AND, OR, NOT and brackets.

Source: shopify.dev/docs/api/usage/search-syntax, read 2026-11-25. A field that a list cannot be searched by is left out
of the search, and `extensions.search` warns of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from graphql import GraphQLError

from vaiven_connectors.shopify._sim_graph import Json, bad_request

Getter = Callable[[Json], Any]
Test = Callable[[Json], bool]

ZONE = ZoneInfo("America/New_York")
"""The shop's: a date without a zone is taken in it."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<term>(?P<not>-?)(?:(?P<name>[\w.]+):(?P<op><=|>=|<|>)?)?"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s()]+)))"""
)


@dataclass(slots=True)
class Found:
    """What a query means.

    Args:
        test: whether a row fits; None is all of them.
        since: every row that fits was changed then or later.
        until: or before.
        warnings: of fields that were left out.
    """

    test: Test | None = None
    since: datetime | None = None
    until: datetime | None = None
    warnings: list[Json] = field(default_factory=list)


def search(text: str | None, fields: Mapping[str, Getter]) -> Found:
    """Read a query.

    Args:
        text: as it came.
        fields: what can be searched by, and where it is in a row; the field of no name is what free text looks at.

    Raises:
        GraphQLError: `BAD_REQUEST`, for a date that is none.
    """
    found = Found()
    if text and text.strip():
        reader = _Reader(list(_tokens(text)), fields, found)
        found.test = reader.either()
    return found


def _tokens(text: str) -> Iterator[dict[str, str]]:
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise bad_request("Invalid search query")
        yield {name: value for name, value in match.groupdict().items() if value is not None}
        at = match.end()


class _Reader:
    def __init__(self, tokens: list[dict[str, str]], fields: Mapping[str, Getter], found: Found) -> None:
        self._tokens, self._fields, self._found = tokens, fields, found
        self._at, self._deep = 0, 0
        self._plain = not any(t.get("value") in {"OR", "NOT"} or "open" in t for t in tokens)

    def either(self) -> Test | None:
        """One AND-group or several with OR between them."""
        parts = [self._all()]
        while self._word("OR"):
            parts.append(self._all())
        tests = [part for part in parts if part is not None]
        if len(parts) == 1:
            return parts[0]
        return lambda row: any(test(row) for test in tests)

    def _all(self) -> Test | None:
        tests = []
        while (token := self._peek()) is not None and "close" not in token and token.get("value") != "OR":
            if self._word("AND"):
                continue
            test = self._one()
            if test is not None:
                tests.append(test)
        if not tests:
            return None
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test | None:
        if self._word("NOT"):
            return _not(self._one())
        token = self._tokens[self._at]
        self._at += 1
        if "open" in token:
            inner = self.either()
            self._at += 1
            return inner
        test = self._term(token.get("name", ""), token.get("op", ""), _unquoted(token["value"]))
        return _not(test) if token.get("not") and token.get("name") else test

    def _term(self, name: str, op: str, value: str) -> Test | None:
        getter = self._fields.get(name)
        if getter is None:
            said = {"field": name, "message": "Invalid search field for this query.", "code": "invalid_field"}
            self._found.warnings.append(said)
            return None
        if name.endswith("_at"):
            return self._time(name, getter, op, value)
        if not name:
            return lambda row: value.rstrip("*").casefold() in str(getter(row)).casefold()
        if value == "*":
            return lambda row: getter(row) not in (None, "", [])
        return lambda row: _fits(getter(row), op, value)

    def _time(self, name: str, getter: Getter, op: str, value: str) -> Test:
        at = instant(value)
        whole = timedelta(days=1) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) and not op else timedelta(seconds=1)
        low = {">=": at, ">": at + timedelta(seconds=1), "": at}.get(op)
        high = {"<=": at, "<": at - timedelta(seconds=1), "": at + whole - timedelta(seconds=1)}.get(op)
        if name == "updated_at" and self._plain:
            # Stamps show whole seconds, so the bound holds for the whole of its second.
            since, until = self._found.since, self._found.until
            if low is not None:
                self._found.since = max(low, since) if since else low
            if high is not None:
                high += timedelta(microseconds=999_999)
                self._found.until = min(high, until) if until else high

        def test(row: Json) -> bool:
            given = getter(row)
            if not given:
                return False
            then = instant(given)
            return (low is None or then >= low) and (high is None or then <= high)

        return test

    def _peek(self) -> dict[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _word(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.get("value") != word or "name" in token:
            return False
        self._at += 1
        return True


def _not(test: Test | None) -> Test | None:
    return None if test is None else lambda row: not test(row)


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _fits(held: Any, op: str, value: str) -> bool:
    if isinstance(held, list):
        return any(_fits(one, op, value) for one in held)
    if held is None:
        return False
    if op:
        try:
            one, other = float(held), float(value.rpartition("/")[2])
        except ValueError:
            return False
        return {">": one > other, "<": one < other, ">=": one >= other, "<=": one <= other}[op]
    if isinstance(held, bool):
        return str(held).lower() == value.lower()
    text, wanted = str(held).casefold(), value.rpartition("/")[2].casefold() if "gid://" in value else value.casefold()
    return text.startswith(wanted[:-1]) if wanted.endswith("*") else text == wanted


def instant(value: str) -> datetime:
    """A point in time; without a zone it is the shop's.

    Raises:
        GraphQLError: it is none.
    """
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise GraphQLError(f"Invalid timestamp for query filter: {value}", extensions={"code": "BAD_REQUEST"}) from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=ZONE).astimezone(UTC)
