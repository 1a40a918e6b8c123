"""HubSpot's search: an index that may lag behind the records, filters, one sorting rule, 10,000 hits.

Source: developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm (page of 2026-03-30) and spec
crm-contacts@v3 `PublicObjectSearchRequest`, 2026-11-22.
"""

from __future__ import annotations

import bisect
import math
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from vaiven_connectors.hubspot._sim_errors import invalid
from vaiven_connectors.hubspot._sim_schema import Property, Schema, instant_ms

Doc = Mapping[str, str]
Test = Callable[[int, Doc], bool]
Linked = Callable[[int, str], "set[int]"]
Filter = Mapping[str, Any]
Edge = tuple[Any, float]

MAX_PAGE: Final = 200
MAX_HITS: Final = 10_000
MAX_QUERY: Final = 3_000
MAX_GROUPS, MAX_FILTERS, MAX_FILTERS_IN_ALL = 5, 6, 18
_RANGES: Final = ("GT", "GTE", "LT", "LTE", "BETWEEN")
_OPERATORS: Final = (
    *_RANGES,
    "EQ",
    "NEQ",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
)
_KEPT_RESULTS: Final = 16

_ms = lru_cache(maxsize=1 << 18)(instant_ms)


class SearchIndex:
    """What search sees of one object type.

    A result set is kept, sorted, until the index changes, and a range on the sort key is cut out of it by
    bisection: reading page after page costs neither a scan nor a sort, whether by `after` or by a moving
    lower bound.
    """

    def __init__(self, schema: Schema, text_properties: Sequence[str], linked: Linked) -> None:
        self._schema = schema
        self._text_properties = text_properties
        self._linked = linked
        self._docs: dict[int, Doc] = {}
        self._pending: deque[tuple[int, int, Doc | None]] = deque()
        self._results: OrderedDict[bytes, list[tuple[Any, int]]] = OrderedDict()

    def put(self, record_id: int, doc: Doc | None, now: int, lag: int) -> None:
        """Show a record as `doc` (None removes it), `lag` milliseconds after `now`."""
        if lag <= 0 and not self._pending:
            self._apply(record_id, doc)
        else:
            self._pending.append((now + max(lag, 0), record_id, None if doc is None else dict(doc)))

    def _apply(self, record_id: int, doc: Doc | None) -> None:
        if doc is None:
            self._docs.pop(record_id, None)
        else:
            self._docs[record_id] = doc
        self._results.clear()

    def seen(self, record_id: int) -> Doc:
        """The properties by which search knows a record."""
        return self._docs[record_id]

    def search(self, request: Mapping[str, Any], now: int) -> tuple[list[int], int]:
        """The ids of one page and the number of all hits.

        Raises:
            VendorError: 400 for a request that HubSpot refuses.
        """
        while self._pending and self._pending[0][0] <= now:
            _, record_id, doc = self._pending.popleft()
            self._apply(record_id, doc)
        groups = _groups(request)
        axis, down = self._sort(request)
        low, high, rest = self._cut(groups, axis)
        found = self._matching(rest, str(request.get("query") or ""), axis)
        start = bisect.bisect_left(found, low) if low is not None else 0
        stop = bisect.bisect_left(found, high) if high is not None else len(found)
        total = max(stop - start, 0)
        offset, limit = page_of(request)
        if down:
            page = found[max(stop - offset - limit, start) : max(stop - offset, start)][::-1]
        else:
            page = found[start + offset : min(start + offset + limit, stop)]
        return [record_id for _, record_id in page], total

    def _sort(self, request: Mapping[str, Any]) -> tuple[str, bool]:
        sorts = request.get("sorts") or []
        if len(sorts) > 1:
            raise invalid("There was a problem with the request. Only one sorting rule can be applied to any search.")
        if not sorts:
            return "hs_object_id", False
        rule = sorts[0]
        if isinstance(rule, str):
            name, down = rule.removeprefix("-"), rule.startswith("-")
        else:
            name, down = str(rule.get("propertyName")), rule.get("direction") == "DESCENDING"
        self._property(name)
        return name, down

    def _property(self, name: str) -> Property:
        prop = self._schema.get(name)
        if prop is None:
            message = f'Property "{name}" does not exist'
            detail = {
                "message": message,
                "code": "PROPERTY_DOESNT_EXIST",
                "context": {"propertyName": [name]},
            }
            raise invalid(f"There was a problem with the request. {message}", errors=[detail])
        return prop

    def _cut(self, groups: list[list[Filter]], axis: str) -> tuple[Edge | None, Edge | None, list[list[Filter]]]:
        """Take the bounds on the sort key out of the filters, where they can be served by bisection."""
        if len(groups) != 1 or self._property(axis).type not in {"number", "datetime", "date"}:
            return None, None, groups
        low: Edge | None = None
        high: Edge | None = None
        rest: list[Filter] = []
        for one in groups[0]:
            if one.get("propertyName") != axis or one.get("operator") not in _RANGES:
                rest.append(one)
                continue
            operator = one["operator"]
            bound = self._bound(axis, one.get("value"))
            # Pairs sort by key and then id: -1 comes before all records of a key, infinity after them.
            if operator in {"GT", "GTE", "BETWEEN"}:
                edge = (bound, math.inf if operator == "GT" else -1)
                low = edge if low is None else max(low, edge)
            if operator in {"LT", "LTE", "BETWEEN"}:
                top = self._bound(axis, one.get("highValue")) if operator == "BETWEEN" else bound
                edge = (top, -1 if operator == "LT" else math.inf)
                high = edge if high is None else min(high, edge)
        # A record without the key sorts last, under infinity, and satisfies no bound.
        if low is not None and high is None:
            high = (math.inf, -1)
        return low, high, [rest]

    def _bound(self, name: str, value: Any) -> Any:
        key = _key(self._property(name), str(value))
        if key is None:
            raise invalid(f"There was a problem with the request. {value} is not a valid value for {name}.")
        return key

    def _matching(self, groups: list[list[Filter]], query: str, axis: str) -> list[tuple[Any, int]]:
        by_link = any(str(one.get("propertyName")).startswith("associations.") for group in groups for one in group)
        cached = msgspec.json.encode([groups, query, axis])
        if not by_link and cached in self._results:
            self._results.move_to_end(cached)
            return self._results[cached]
        tests = [[self._test(one) for one in group] for group in groups]
        words = query.lower().split()
        prop = self._property(axis)
        found = [
            (self._sort_key(prop, record_id, doc), record_id)
            for record_id, doc in self._docs.items()
            if (not tests or any(all(test(record_id, doc) for test in group) for group in tests))
            and (not words or self._says(doc, words))
        ]
        found.sort()
        if not by_link:
            self._results[cached] = found
            if len(self._results) > _KEPT_RESULTS:
                self._results.popitem(last=False)
        return found

    def _sort_key(self, prop: Property, record_id: int, doc: Doc) -> Any:
        if prop.name == "hs_object_id":
            return record_id
        key = _key(prop, doc[prop.name]) if doc.get(prop.name) else None
        if key is None:
            return math.inf if prop.type in {"number", "date", "datetime"} else "\U0010ffff"
        return key

    def _says(self, doc: Doc, words: Sequence[str]) -> bool:
        text = " ".join(doc.get(name, "") for name in self._text_properties).lower()
        return all(word in text for word in words)

    def _test(self, one: Filter) -> Test:
        name, operator = str(one.get("propertyName")), one.get("operator")
        if operator not in _OPERATORS:
            raise invalid(f"Invalid input JSON: {operator} is not one of {', '.join(_OPERATORS)}")
        if name.startswith("associations."):
            wanted = {int(v) for v in map(str, one.get("values") or [one.get("value")]) if v.isdigit()}
            to_type = name.removeprefix("associations.")
            return lambda record_id, _: bool(wanted & self._linked(record_id, to_type))
        prop = self._property(name)
        if operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
            has = operator == "HAS_PROPERTY"
            return lambda _, doc: bool(doc.get(name)) is has
        if operator in {"CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}:
            return _token_test(name, str(one.get("value", "")), positive=operator == "CONTAINS_TOKEN")
        return self._value_test(prop, operator, one)

    def _value_test(self, prop: Property, operator: str, one: Filter) -> Test:
        name = prop.name
        if operator in {"IN", "NOT_IN"}:
            values = {str(v) for v in one.get("values") or ()}
            if not values:
                raise invalid(f"There was a problem with the request. {operator} needs values for {name}.")
            wanted = {_key(prop, v) for v in values} if prop.type in {"number", "date", "datetime"} else values
            positive = operator == "IN"
            # Values for a string property are compared as given with the stored value in lower case.
            return lambda _, doc: bool(doc.get(name)) and (_key(prop, doc[name]) in wanted) is positive
        if "value" not in one:
            raise invalid(f"There was a problem with the request. {operator} needs a value for {name}.")
        text = str(one["value"])
        low = _key(prop, text)
        high = _key(prop, str(one.get("highValue", "")))
        if low is None or (operator == "BETWEEN" and high is None):
            raise invalid(f"There was a problem with the request. {text} is not a valid value for {name}.")
        compare: dict[str, Callable[[Any], bool]] = {
            "EQ": lambda key: key == low,
            "NEQ": lambda key: key != low,
            "GT": lambda key: key > low,
            "GTE": lambda key: key >= low,
            "LT": lambda key: key < low,
            "LTE": lambda key: key <= low,
            "BETWEEN": lambda key: low <= key <= high,
        }
        test = compare[operator]

        def holds(_: int, doc: Doc) -> bool:
            stored = doc.get(name)
            return bool(stored) and test(_key(prop, stored))  # type: ignore[arg-type]

        return holds


def page_of(request: Mapping[str, Any]) -> tuple[int, int]:
    """Offset and size of the page asked for.

    Raises:
        VendorError: 400 past 200 records a page or past the 10,000th hit.
    """
    limit = int(request.get("limit") or 10)
    after = str(request.get("after") or "0")
    if not 0 < limit <= MAX_PAGE:
        raise invalid(f"Invalid input: limit must be between 1 and {MAX_PAGE}, but was {limit}")
    if not after.isdigit():
        raise invalid(f"Invalid input: after must be an integer, but was {after}")
    if int(after) + limit > MAX_HITS:
        raise invalid(f"There was a problem with the request. Cannot page beyond {MAX_HITS} results.")
    return int(after), limit


def _groups(request: Mapping[str, Any]) -> list[list[Filter]]:
    groups: list[list[Filter]] = [list(group.get("filters") or ()) for group in request.get("filterGroups") or ()]
    if request.get("filters"):
        groups.append(list(request["filters"]))
    sizes = [len(group) for group in groups]
    if len(groups) > MAX_GROUPS or max(sizes, default=0) > MAX_FILTERS or sum(sizes) > MAX_FILTERS_IN_ALL:
        raise invalid(
            f"There was a problem with the request. At most {MAX_GROUPS} filterGroups, {MAX_FILTERS} filters "
            f"in each and {MAX_FILTERS_IN_ALL} in all are allowed."
        )
    if len(str(request.get("query") or "")) > MAX_QUERY:
        raise invalid(f"There was a problem with the request. The query is longer than {MAX_QUERY} characters.")
    return groups


def _key(prop: Property, text: str) -> Any:
    """What a value is compared by: a number, milliseconds, or text; None when it is not of the type."""
    if prop.type == "number":
        try:
            return int(text) if text.isdigit() else float(text)
        except ValueError:
            return None
    if prop.type in {"date", "datetime"}:
        return _ms(text)
    # Search is case-sensitive for enumerations alone.
    return text if prop.options else text.lower()


def _token_test(name: str, value: str, *, positive: bool) -> Test:
    pattern = re.compile(".*".join(re.escape(part) for part in value.lower().split("*")))

    def holds(_: int, doc: Doc) -> bool:
        stored = doc.get(name, "").lower()
        if not stored:
            return False
        tokens = (stored, *stored.split(), *re.split(r"[^\w]+", stored))
        return any(pattern.fullmatch(token) for token in tokens) is positive

    return holds
