"""Runs a query: finds the rows, sorts them, and shows what was asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from vaiven_connectors.salesforce._sim_derived import value
from vaiven_connectors.salesforce._sim_errors import unknown_column, unknown_relation
from vaiven_connectors.salesforce._sim_kinds import Field, Kind
from vaiven_connectors.salesforce._sim_org import Org, Row, Shelf, normal, stamp
from vaiven_connectors.salesforce._sim_soql import Condition, Constant, Group, Order, Parser, Query, fail
from vaiven_sdk.testing import Refusal

_LAST_ID = "~"  # behind every id
Test = Callable[[Row], bool]
Getter = Callable[[Row], Any]
# What a polymorphic reference shows of whatever it leads to (Object Reference, Name).
_NAME_FIELDS = {"id", "name", "type", "firstname", "lastname", "title", "phone", "email", "username", "isactive"}


class Step:
    """One resolved path: how to get its value, and what its last part is."""

    def __init__(self, get: Getter, field: Field, names: tuple[str, ...], relations: tuple[Field, ...]) -> None:
        self.get, self.field, self.names, self.relations = get, field, names, relations


class Run:
    """One query against an org.

    Args:
        org: whose rows.
        query: parsed.
        deleted: rows of the recycle bin, too (`queryAll`).
    """

    def __init__(self, org: Org, query: Query, *, deleted: bool = False) -> None:
        self.org, self.query, self.deleted = org, query, deleted
        try:
            self.shelf: Shelf = org.queried(query.source)
        except Refusal as problem:
            fail(query.text, query.text.lower().find(query.source.lower()), problem.message, problem.code)
        self.kind: Kind = self.shelf.kind
        self.steps = [self._step(path, at) for path, at in query.fields]
        names = [".".join(one.names) for one in self.steps]
        for name, (_, at) in zip(names, query.fields, strict=True):
            if names.count(name) > 1:
                fail(query.text, at, f"duplicate field selected: {name}", "INVALID_FIELD")
        self._test = self._compile(query.where) if query.where else None

    def rows(self) -> list[Row]:
        """The rows in order, within limit and offset."""
        query = self.query
        by_change = [(one.path.lower(), one.down) for one in query.order][:2]
        indexed = bool(by_change) and by_change in (
            [("systemmodstamp", False)],
            [("systemmodstamp", False), ("id", False)],
        )
        wanted = None if query.limit is None else query.offset + query.limit
        found: list[Row] = []
        for row in self._candidates():
            if (self.deleted or not row.get("IsDeleted")) and (self._test is None or self._test(row)):
                found.append(row)
                if indexed and len(query.order) <= 2 and wanted is not None and len(found) >= wanted:
                    break
        if indexed and len(query.order) <= 2:
            found.sort(key=lambda row: (row["SystemModstamp"], row["Id"]))
        else:
            self._sort(found)
        return found[query.offset : wanted]

    def show(self, row: Row, version: str) -> Row:
        """A record of the answer."""
        shown: Row = {"attributes": attributes(self.kind.name, row["Id"], version)}
        for step in self.steps:
            *path, name = step.names
            place, current = shown, row
            for relation, part in zip(step.relations, path, strict=True):
                parent = self.org.row(current.get(relation.name))
                if parent is None:
                    place[part] = None
                    break
                kind = self.org.kind_of(parent["Id"])
                if place.get(part) is None:
                    place[part] = {"attributes": attributes(kind.name if kind else "Name", parent["Id"], version)}
                place, current = place[part], parent
            else:
                place[name] = step.get(row)
        return shown

    def cells(self, row: Row) -> Iterator[Any]:
        """The values of the answer's columns, as a CSV has them."""
        for step in self.steps:
            yield step.get(row)

    @property
    def columns(self) -> list[str]:
        """The head of a CSV."""
        return [".".join(step.names) for step in self.steps]

    # --------------------------------------------------------------------------------------------------- paths

    def _step(self, path: str, at: int) -> Step:
        parts = path.split(".")
        if len(parts) > 1 and parts[0].lower() in {self.query.alias.lower(), self.kind.name.lower()} - {""}:
            parts = parts[1:]
        kind, relations, names = self.kind, [], []
        polymorphic = False
        for part in parts[:-1]:
            relation = kind.related(part)
            target = next((one for one in relation.refers if self.org.find_kind(one)), None) if relation else None
            if relation is None or target is None or polymorphic:
                fail(self.query.text, at, unknown_relation(part), "INVALID_FIELD")
            relations.append(relation)
            names.append(relation.relation or part)
            polymorphic = len(relation.refers) > 1
            kind = self.org.kind(target)
        last = parts[-1]
        is_name = polymorphic or (bool(relations) and relations[-1].name == "OwnerId")
        if is_name and last.lower() == "type":
            field: Field | None = Field("Type", "string", 40)
        elif polymorphic and last.lower() not in _NAME_FIELDS:
            field = None
        else:
            field = self.org.field(kind, last)
            if field is None and polymorphic:
                field = Field(last, "string", 255)
        if field is None:
            fail(self.query.text, at, unknown_column(last, "Name" if polymorphic else kind.name), "INVALID_FIELD")
        return Step(self._getter(tuple(relations), field), field, (*names, field.name), tuple(relations))

    def _getter(self, relations: tuple[Field, ...], field: Field) -> Getter:
        org, own, name = self.org, self.kind.name, field.name
        if not relations:
            return lambda row: value(org, own, row, name)

        def walk(row: Row) -> Any:
            current: Row | None = row
            for relation in relations:
                current = org.row(current.get(relation.name)) if current else None
            kind = org.kind_of(current["Id"]) if current else None
            if current is None or kind is None:
                return None
            if name == "Type" and name not in kind.fields:
                return kind.name
            return value(org, kind.name, current, name) if name in kind.fields else None

        return walk

    # -------------------------------------------------------------------------------------------------- filters

    def _compile(self, where: Condition | Group) -> Test:
        if isinstance(where, Condition):
            return self._condition(where)
        tests = [self._compile(part) for part in where.parts]
        if where.word == "not":
            return lambda row: not tests[0](row)
        if where.word == "and":
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)

    def _condition(self, one: Condition) -> Test:
        step = self._step(one.path, one.at)
        field, get = step.field, step.get
        if not field.filterable:
            fail(self.query.text, one.at, f"field '{one.path}' can not be filtered in a query call", "INVALID_FIELD")
        if one.query is not None:
            inner = Run(self.org, one.query, deleted=False)
            wanted = {next(inner.cells(row)) for row in inner.rows()}
            return lambda row: (get(row) in wanted) == (one.operator == "in")
        values = [self._literal(field, literal) for literal in one.values]
        if one.operator in {"in", "not in"}:
            known = {_fold(bounds[0]) for bounds in values}
            return lambda row: (_fold(get(row)) in known) == (one.operator == "in")
        if one.operator in {"includes", "excludes"}:
            sets = [set(str(_fold(bounds[0])).split(";")) for bounds in values]
            hit: Test = lambda row: any(part <= set(str(_fold(get(row)) or "").split(";")) for part in sets)  # noqa: E731
            return hit if one.operator == "includes" else lambda row: not hit(row)
        if one.operator == "like":
            like = _pattern(one.values[0].text)
            return lambda row: like.fullmatch(str(get(row) or "")) is not None
        return _comparison(one.operator, get, *values[0])

    def _literal(self, field: Field, literal: Constant) -> tuple[Any, Any]:
        """The value, and for a literal that spans a time its (exclusive) end."""
        if literal.kind == "null":
            return None, None
        text = literal.text
        if field.is_text:
            if literal.kind != "text":
                self._mistyped(field, "string and should be enclosed in quotes", literal)
            if field.type in {"id", "reference"}:
                key = normal(text)
                if key is None and text:
                    fail(self.query.text, literal.at, f"invalid ID field: {text}", "INVALID_QUERY_FILTER_OPERATOR")
                return key, None
            return text.casefold(), None
        spoken = (
            "dateTime"
            if field.type == "datetime"
            else "double"
            if field.type != "int" and field.is_number
            else field.type
        )
        fits = {"datetime": {"datetime", "relative"}, "date": {"date", "relative"}, "boolean": {"boolean"}}
        if literal.kind not in fits.get(field.type, {"number"}):
            self._mistyped(field, f"{spoken} and should not be enclosed in quotes", literal)
        if literal.kind == "relative":
            return self._relative(field, text)
        if field.type == "datetime":
            at = datetime.fromisoformat(text.upper())
            # Rows are kept to the second: a bound within a second lies behind that second.
            return stamp(at)[:19] + f".{at.microsecond // 1000:03}+0000", None
        if field.type == "date":
            return text, None
        return (text == "true", None) if field.type == "boolean" else (float(text), None)

    def _mistyped(self, field: Field, what: str, literal: Constant) -> None:
        message = f"value of filter criterion for field '{field.name}' must be of type {what}"
        fail(self.query.text, literal.at, message, "INVALID_FIELD")

    def _relative(self, field: Field, text: str) -> tuple[str, str]:
        """A literal as TODAY or LAST_N_DAYS:7, from its first day up to the day behind its last; in UTC here."""
        midnight = self.org.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        word, _, number = text.partition(":")
        days = int(number or 0)
        span = {
            "today": (0, 1),
            "yesterday": (-1, 0),
            "tomorrow": (1, 2),
            "last_n_days": (-days, 1),
            "next_n_days": (1, 1 + days),
        }[word]
        edges = [midnight + timedelta(days=offset) for offset in span]
        low, high = ((stamp(at) if field.type == "datetime" else at.date().isoformat()) for at in edges)
        return low, high

    # ------------------------------------------------------------------------------------------------- candidates

    def _candidates(self) -> Iterable[Row]:
        """The rows that can match, by what an index knows of the filter."""
        for one in _conjuncts(self.query.where):
            if isinstance(one, Condition) and one.operator in {"=", "in"} and one.query is None:
                found = self._looked_up(one)
                if found is not None:
                    return found
        low = self._floor(self.query.where) if self.query.where else None
        return self.shelf.since(*low) if low else self.shelf.since(None)

    def _looked_up(self, one: Condition) -> list[Row] | None:
        field = self.kind.find(one.path)
        if field is None or any(value.kind != "text" for value in one.values):
            return None
        if field.type == "id":
            keys = dict.fromkeys(normal(value.text) for value in one.values)
            return [self.shelf.rows[key] for key in keys if key in self.shelf.rows]
        if not self.shelf.knows(field.name):
            return None
        found: dict[str, Row] = {}
        for value_ in one.values:
            wanted = normal(value_.text) if field.type == "reference" else value_.text
            found |= {row["Id"]: row for row in self.shelf.having(field.name, wanted)}
        return list(found.values())

    def _floor(self, one: Condition | Group) -> tuple[str, str] | None:
        """The least place, by SystemModstamp and Id, that a condition lets through."""
        if isinstance(one, Condition):
            timed = one.path.lower() == "systemmodstamp" and one.operator in {"=", ">", ">="} and one.values
            if timed and one.values[0].kind == "datetime":
                at = stamp(datetime.fromisoformat(one.values[0].text.upper()))
                return at, _LAST_ID if one.operator == ">" else ""
            return None
        lows = [self._floor(part) for part in one.parts]
        if one.word == "or":
            return min((low for low in lows if low), default=None) if all(lows) else None
        if one.word == "not":
            return None
        low = max((low for low in lows if low), default=None)
        above = (part for part in one.parts if isinstance(part, Condition) and part.operator == ">" and part.values)
        keys = [normal(part.values[0].text) for part in above if part.path.lower() == "id"]
        return (low[0], max(low[1], keys[0])) if low and keys and keys[0] else low

    # --------------------------------------------------------------------------------------------------- order

    def _sort(self, rows: list[Row]) -> None:
        orders: list[Order] = list(self.query.order)
        if not orders:
            rows.sort(key=lambda row: str(row["Id"]))
        for order in reversed(orders):
            step = self._step(order.path, order.at)
            if not step.field.filterable:
                fail(
                    self.query.text,
                    order.at,
                    f"field '{order.path}' can not be sorted in a query call",
                    "INVALID_FIELD",
                )
            rows.sort(key=_sort_key(step.get, order), reverse=order.down)


def attributes(kind: str, key: str, version: str) -> dict[str, str]:
    """What every record begins with."""
    return {"type": kind, "url": f"/services/data/v{version}/sobjects/{kind}/{key}"}


def run(org: Org, text: str, *, deleted: bool = False) -> Run:
    """Parse and prepare a query.

    Raises:
        Refusal: MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE.
    """
    return Run(org, Parser(text).parse(), deleted=deleted)


def _conjuncts(where: Condition | Group | None) -> tuple[Condition | Group, ...]:
    if where is None:
        return ()
    return where.parts if isinstance(where, Group) and where.word == "and" else (where,)


def _comparison(operator: str, get: Getter, low: Any, high: Any) -> Test:
    if operator in {"=", "!="}:
        if high is not None:
            same: Test = lambda row: (found := get(row)) is not None and low <= found < high  # noqa: E731
        else:
            same = lambda row: _fold(get(row)) == low  # noqa: E731
        return same if operator == "=" else lambda row: not same(row)
    tests: dict[str, Callable[[Any], bool]] = {
        "<": lambda found: found < low,
        "<=": lambda found: found < high if high is not None else found <= low,
        ">": lambda found: found >= high if high is not None else found > low,
        ">=": lambda found: found >= low,
    }
    test = tests[operator]
    return lambda row: low is not None and (found := _fold(get(row))) is not None and test(found)


def _fold(found: Any) -> Any:
    # Ids are of 18 characters here, and each has one spelling: only other texts are compared in any case of letters.
    if not isinstance(found, str) or normal_like(found):
        return found
    return found.casefold()


_ID = re.compile(r"[0-9A-Za-z]{15}[A-Z0-5]{3}")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT.*")


def normal_like(text: str) -> bool:
    """Whether a stored text is an id or a stamp, whose letters count."""
    return bool(_STAMP.fullmatch(text)) or (bool(_ID.fullmatch(text)) and normal(text) == text)


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"([%_])", text)
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts), re.IGNORECASE | re.DOTALL)


def _sort_key(get: Getter, order: Order) -> Callable[[Row], Any]:
    # Nulls come first unless the query says otherwise, in either direction.
    first = order.nulls_last == order.down

    def key(row: Row) -> Any:
        found = get(row)
        if found is None:
            return (not first, "")
        return (first, _fold(found) if isinstance(found, str) else found)

    return key
