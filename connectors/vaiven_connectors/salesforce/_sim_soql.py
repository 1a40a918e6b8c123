"""A small SOQL: what a query says.

`SELECT fields FROM object [alias] [WHERE ...] [ORDER BY ...] [LIMIT n] [OFFSET n]`, with relationship fields,
semi-joins, date literals and COUNT(). Not known: GROUP BY and other aggregates, child subqueries, TYPEOF,
FIELDS(). Source: SOQL and SOSL Reference (developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta), read
2026-11-25.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from vaiven_connectors.salesforce._sim_errors import no

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')"
    r"|(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d)"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*(?:\.\w+)*(?::\d+)?)"
    r"|(?P<sign><=|>=|!=|<>|[=<>(),]))",
    re.IGNORECASE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_OPERATORS = {"=", "!=", "<>", "<", "<=", ">", ">="}
_RELATIVE = re.compile(r"(?i)(today|yesterday|tomorrow|(?:last|next)_n_days:\d+)")
_MOST_OFFSET = 2000

ValueKind = Literal["text", "datetime", "date", "number", "boolean", "null", "relative"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value in a query.

    Args:
        kind: how it is written.
        text: unquoted.
        at: where it stands.
    """

    kind: ValueKind
    text: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison.

    Args:
        path: field, or relationships and a field with dots between.
        operator: `=`, `!=`, `<`, `<=`, `>`, `>=`, `like`, `in`, `not in`, `includes`, `excludes`.
        values: one, or those of the list.
        query: the semi-join's, in place of values.
        at: where the path stands.
    """

    path: str
    operator: str
    values: tuple[Constant, ...] = ()
    query: Query | None = None
    at: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions joined by `and`, `or`, or one under `not`."""

    word: Literal["and", "or", "not"]
    parts: tuple[Condition | Group, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One field to sort by."""

    path: str
    down: bool = False
    nulls_last: bool = False
    at: int = 0


@dataclass(slots=True)
class Query:
    """A parsed query.

    Args:
        text: as it was sent.
        source: the object's name.
        fields: paths and where they stand; empty for COUNT().
        where: the filter.
        order: what to sort by.
        limit: rows at most.
        offset: rows to leave out.
        counts: it is `SELECT COUNT()`.
        alias: another name of the object in paths.
    """

    text: str
    source: str = ""
    fields: list[tuple[str, int]] = field(default_factory=list)
    where: Condition | Group | None = None
    order: list[Order] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    counts: bool = False
    alias: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind in {"name", "sign"} else ""


class Parser:
    """Reads one query.

    Args:
        text: the SOQL.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens: list[_Token] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                start = at + len(text[at:]) - len(text[at:].lstrip())
                self._fail(f"unexpected token: '{text[start]}'", start)
            self._tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
            at = found.end()
        self._next = 0

    def parse(self) -> Query:
        """The whole query.

        Raises:
            Refusal: MALFORMED_QUERY, or NUMBER_OUTSIDE_VALID_RANGE for an offset.
        """
        query = self._query()
        if self._next < len(self._tokens):
            self._unexpected()
        return query

    def _query(self) -> Query:
        query = Query(self.text)
        self._expect("select")
        if self._peek("count") and [one.text for one in self._tokens[self._next + 1 : self._next + 3]] == ["(", ")"]:
            self._next += 3
            query.counts = True
        else:
            query.fields = self._fields()
        self._expect("from")
        query.source = self._name().text
        if not any(self._peek(word) for word in ("where", "order", "limit", "offset", "for", "all", ")")):
            self._take("as")
            if self._next < len(self._tokens):
                query.alias = self._name().text
        if self._take("where"):
            query.where = self._or()
        if self._take("order"):
            self._expect("by")
            query.order = self._orders()
        if self._take("limit"):
            query.limit = self._whole()
        if self._take("offset"):
            at = self._tokens[self._next].at if self._next < len(self._tokens) else len(self.text)
            query.offset = self._whole()
            if query.offset > _MOST_OFFSET:
                fail(self.text, at, "SOQL offset is more than 2000", "NUMBER_OUTSIDE_VALID_RANGE")
        return query

    def _fields(self) -> list[tuple[str, int]]:
        found = []
        while True:
            if self._peek("("):
                self._fail("this simulator knows no child subqueries", self._tokens[self._next].at)
            token = self._name()
            if self._peek("("):
                self._fail(f"this simulator does not know {token.text}()", token.at)
            found.append((token.text, token.at))
            if not self._take(","):
                return found

    def _or(self) -> Condition | Group:
        first = self._term()
        for word in ("and", "or"):
            if not self._peek(word):
                continue
            parts = [first]
            while self._take(word):
                parts.append(self._term())
            # "WHERE a AND b OR c" without parentheses is no valid SOQL.
            if self._peek("or") or self._peek("and"):
                self._unexpected()
            return Group("and" if word == "and" else "or", tuple(parts))
        return first

    def _term(self) -> Condition | Group:
        if self._take("not"):
            return Group("not", (self._term(),))
        if self._take("("):
            inner = self._or()
            self._expect(")")
            return inner
        return self._condition()

    def _condition(self) -> Condition:
        path = self._name()
        token = self._pop()
        operator = token.word
        if operator in _OPERATORS:
            return Condition(path.text, "!=" if operator == "<>" else operator, (self._value(),), at=path.at)
        if operator == "like":
            return Condition(path.text, "like", (self._value(),), at=path.at)
        if operator == "not":
            self._expect("in")
            operator = "not in"
        if operator not in {"in", "not in", "includes", "excludes"}:
            self._next -= 1
            self._unexpected()
        self._expect("(")
        if self._peek("select"):
            inner = self._query()
            self._expect(")")
            return Condition(path.text, operator, query=inner, at=path.at)
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._expect(")")
        return Condition(path.text, operator, tuple(values), at=path.at)

    def _orders(self) -> list[Order]:
        found = []
        while True:
            path = self._name()
            down = bool(self._take("desc"))
            if not down:
                self._take("asc")
            last = False
            if self._take("nulls"):
                last = bool(self._take("last"))
                if not last:
                    self._expect("first")
            found.append(Order(path.text, down, last, path.at))
            if not self._take(","):
                return found

    def _value(self) -> Constant:
        token = self._pop()
        if token.kind == "text":
            return Constant("text", _unquoted(token.text), token.at)
        if token.kind == "datetime":
            return Constant("datetime", token.text, token.at)
        if token.kind == "date":
            return Constant("date", token.text, token.at)
        if token.kind == "number":
            return Constant("number", token.text, token.at)
        if token.word in {"true", "false"}:
            return Constant("boolean", token.word, token.at)
        if token.word == "null":
            return Constant("null", "", token.at)
        if _RELATIVE.fullmatch(token.text):
            return Constant("relative", token.text.lower(), token.at)
        self._next -= 1
        return self._unexpected()

    # ------------------------------------------------------------------------------------------------- tokens

    def _peek(self, word: str) -> bool:
        return self._next < len(self._tokens) and self._tokens[self._next].word == word

    def _take(self, word: str) -> bool:
        if self._peek(word):
            self._next += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            self._unexpected()

    def _pop(self) -> _Token:
        if self._next >= len(self._tokens):
            self._unexpected()
        self._next += 1
        return self._tokens[self._next - 1]

    def _name(self) -> _Token:
        token = self._pop()
        if token.kind != "name":
            self._next -= 1
            self._unexpected()
        return token

    def _whole(self) -> int:
        token = self._pop()
        if token.kind != "number" or not token.text.isdigit():
            self._next -= 1
            self._unexpected()
        return int(token.text)

    def _unexpected(self) -> NoReturn:
        if self._next >= len(self._tokens):
            self._fail("unexpected token: '<EOF>'", len(self.text))
        token = self._tokens[self._next]
        self._fail(f"unexpected token: '{token.text}'", token.at)

    def _fail(self, message: str, at: int) -> NoReturn:
        fail(self.text, at, message, "MALFORMED_QUERY")


def fail(text: str, at: int, message: str, code: str) -> NoReturn:
    """Refuse a query as Salesforce does: the place is shown under the query's own text.

    Raises:
        Refusal: with the code.
    """
    line = " ".join(text.split("\n"))
    raise no(code, f"\n{line}\n{' ' * at}^\nERROR at Row:1:Column:{at + 1}\n{message}")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])
