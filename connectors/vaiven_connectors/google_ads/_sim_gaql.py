"""Reads a query of the Google Ads Query Language.

Grammar: developers.google.com/google-ads/api/docs/query/grammar, read 2026-11-25. What is wrong is said with the
codes of QueryErrorEnum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from vaiven_connectors.google_ads._sim_words import refuse
from vaiven_sdk.testing import Refusal

DATE_RANGES = frozenset(
    "LAST_14_DAYS LAST_30_DAYS LAST_7_DAYS LAST_BUSINESS_WEEK LAST_MONTH LAST_WEEK_MON_SUN LAST_WEEK_SUN_SAT "
    "THIS_MONTH THIS_WEEK_MON_TODAY THIS_WEEK_SUN_TODAY TODAY YESTERDAY".split()
)
PARAMETERS = frozenset({"include_drafts", "omit_unselected_resource_names"})
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))"
    r"|(?P<word>[A-Za-z0-9_][\w.]*)|(?P<sign><=|>=|!=|[=<>(),]))"
)
_CLAUSES = {"FROM", "WHERE", "ORDER", "LIMIT", "PARAMETERS"}
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Word:
    """A literal without quotes: an enum constant, a date range, true or false."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of WHERE.

    Args:
        field: name.
        op: as the grammar has it, in capitals.
        values: operands; none for IS NULL.
        listed: they stood in parentheses.
    """

    field: str
    op: str
    values: tuple[Value | Word, ...] = ()
    listed: bool = False


@dataclass(slots=True)
class Query:
    """A query, as it was written."""

    select: list[str] = field(default_factory=list)
    resource: str = ""
    where: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None
    parameters: dict[str, str] = field(default_factory=dict)


def wrong(code: str, message: str) -> Refusal:
    """A QueryError."""
    return refuse("queryError", code, message)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            rest = stripped[at:].lstrip()
            if rest[0] in "'\"":
                raise wrong("STRING_NOT_TERMINATED", "Error in query: string literal is not terminated.")
            if not rest[0].isascii():
                raise wrong("BAD_SYMBOL", f"Error in query: invalid symbol '{rest[0]}'.")
            raise wrong("UNEXPECTED_INPUT", f"Error in query: unexpected input {rest.split()[0]}.")
        at = match.end()
        kind = match.lastgroup or ""
        yield _Token(kind, match[kind])


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0

    def peek(self, ahead: int = 0) -> _Token:
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else _Token("end", "")

    def take(self) -> _Token:
        token = self.peek()
        self.at += 1
        return token

    def keyword(self, *words: str) -> bool:
        """Take these words if they come next, in capitals or not."""
        for n, word in enumerate(words):
            token = self.peek(n)
            if token.kind != "word" or token.text.upper() != word:
                return False
        self.at += len(words)
        return True

    def sign(self, text: str) -> bool:
        if self.peek() == _Token("sign", text):
            self.at += 1
            return True
        return False

    def name(self) -> str:
        token = self.take()
        if token.kind == "end":
            raise wrong("UNEXPECTED_END_OF_QUERY", "Error in query: unexpected end of query.")
        if token.kind != "word" or not re.fullmatch(r"[a-z][a-zA-Z0-9._]*", token.text):
            raise wrong("BAD_FIELD_NAME", f"Error in query: invalid field name '{token.text}'.")
        return token.text

    def value(self) -> Value | Word:
        token = self.take()
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.kind == "word":
            return Word(token.text)
        code = "UNEXPECTED_END_OF_QUERY" if token.kind == "end" else "BAD_VALUE"
        raise wrong(code, f"Error in query: a value is expected, not '{token.text}'.")


def parse(text: str) -> Query:
    """A query.

    Raises:
        Refusal: a QueryError, or RequestError.REQUIRED_FIELD_MISSING for no query at all.
    """
    if not text.strip():
        raise refuse("requestError", "REQUIRED_FIELD_MISSING", "Required field is missing", at=[("query", None)])
    reader = _Reader(text)
    query = Query()
    if not reader.keyword("SELECT"):
        raise wrong("EXPECTED_SELECT", "Error in query: SELECT is missing at the beginning of query.")
    query.select = _names(reader)
    if not reader.keyword("FROM"):
        if reader.peek().kind == "word" and reader.peek().text.upper() not in _CLAUSES:
            raise wrong("UNEXPECTED_INPUT", f"Error in query: unexpected input {reader.peek().text}.")
        raise wrong("EXPECTED_FROM", "Error in query: FROM clause is missing.")
    query.resource = reader.name()
    if reader.keyword("WHERE"):
        query.where.append(_condition(reader))
        while reader.keyword("AND"):
            query.where.append(_condition(reader))
    if reader.keyword("ORDER"):
        query.order = _orderings(reader)
    if reader.keyword("LIMIT"):
        query.limit = _limit(reader)
    if reader.keyword("PARAMETERS"):
        query.parameters = _parameters(reader)
    if reader.peek().kind != "end":
        raise wrong("UNEXPECTED_INPUT", f"Error in query: unexpected input {reader.peek().text}.")
    return query


def _names(reader: _Reader) -> list[str]:
    found = [reader.name()]
    while reader.sign(","):
        found.append(reader.name())
    return found


def _orderings(reader: _Reader) -> list[tuple[str, bool]]:
    if not reader.keyword("BY"):
        raise wrong("EXPECTED_BY", "Error in query: expecting ORDER BY to have BY.")
    found = []
    while True:
        name = reader.name()
        down = reader.keyword("DESC")
        if not down:
            reader.keyword("ASC")
        found.append((name, down))
        if not reader.sign(","):
            return found


def _limit(reader: _Reader) -> int:
    token = reader.take()
    if not re.fullmatch(r"-?\d+", token.text):
        raise wrong("BAD_LIMIT_VALUE", f"Error in query: limit value '{token.text}' is invalid.")
    if int(token.text) < 1:
        raise wrong("LIMIT_VALUE_TOO_LOW", "Error in query: the value passed to the limit clause is too low.")
    return int(token.text)


def _parameters(reader: _Reader) -> dict[str, str]:
    found = {}
    while True:
        token = reader.take()
        if token.text not in PARAMETERS:
            raise wrong("BAD_PARAMETER_NAME", f"Error in query: parameter '{token.text}' is unknown.")
        if not reader.sign("="):
            raise wrong("BAD_OPERATOR", "Error in query: a parameter needs '='.")
        given = reader.take().text.lower()
        if given not in {"true", "false"}:
            raise wrong("BAD_PARAMETER_VALUE", f"Error in query: parameter value '{given}' is invalid.")
        found[token.text] = given
        if not reader.sign(","):
            return found


_COMPOUND = (
    ("NOT", "IN"),
    ("NOT", "LIKE"),
    ("NOT", "REGEXP_MATCH"),
    ("CONTAINS", "ANY"),
    ("CONTAINS", "ALL"),
    ("CONTAINS", "NONE"),
    ("IN",),
    ("LIKE",),
    ("REGEXP_MATCH",),
    ("DURING",),
)
_LISTS = {"IN", "NOT IN", "CONTAINS ANY", "CONTAINS ALL", "CONTAINS NONE"}


def _condition(reader: _Reader) -> Condition:
    name = reader.name()
    if reader.keyword("IS", "NOT", "NULL"):
        return Condition(name, "IS NOT NULL")
    if reader.keyword("IS", "NULL"):
        return Condition(name, "IS NULL")
    if reader.keyword("BETWEEN"):
        if reader.peek().kind == "end":
            raise wrong("EXPECTED_VALUE_WITH_BETWEEN_OPERATOR", "Error in query: BETWEEN needs two values.")
        low = reader.value()
        if not reader.keyword("AND"):
            raise wrong("EXPECTED_AND", "Error in query: expected AND between values with BETWEEN operator.")
        return Condition(name, "BETWEEN", (low, reader.value()))
    for words in _COMPOUND:
        if reader.keyword(*words):
            return _operands(reader, name, " ".join(words))
    token = reader.take()
    if token.kind != "sign" or token.text in "(),":
        code = "UNEXPECTED_END_OF_QUERY" if token.kind == "end" else "BAD_OPERATOR"
        raise wrong(code, f"Error in query: invalid operator '{token.text}'.")
    return _operands(reader, name, token.text)


def _operands(reader: _Reader, name: str, op: str) -> Condition:
    listed = reader.sign("(")
    if op in _LISTS and not listed:
        raise wrong("EXPECTED_LIST", f"Error in query: operator {op} needs a list.")
    if listed and op not in _LISTS:
        raise wrong("EXPECTED_SINGLE_VALUE", f"Error in query: operator {op} needs a single value.")
    if not listed:
        value = reader.value()
        if op == "DURING" and not (isinstance(value, Word) and value.text in DATE_RANGES):
            raise wrong(
                "INVALID_VALUE_WITH_DURING_OPERATOR",
                "Error in query: the value passed to the DURING operator is not a date range literal.",
            )
        return Condition(name, op, (value,))
    if reader.sign(")"):
        raise wrong("PROHIBITED_EMPTY_LIST_IN_CONDITION", "Error in query: a condition was found with an empty list.")
    values = [reader.value()]
    while reader.sign(","):
        values.append(reader.value())
    if not reader.sign(")"):
        raise wrong("UNEXPECTED_INPUT", "Error in query: a list must end with ')'.")
    if len({isinstance(value, int | float) for value in values}) > 1:
        raise wrong("PROHIBITED_VALUE_COMBINATION_IN_LIST", "Error in query: list contains values of different types.")
    return Condition(name, op, tuple(values), listed=True)
