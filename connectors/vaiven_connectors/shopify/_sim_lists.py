"""Connections: pages by cursor, of tables and of the lists within a record.

Source: shopify.dev/docs/api/usage/pagination-graphql, read 2026-11-25: `first` or `last` of at most 250, cursors,
`pageInfo`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from vaiven_connectors.shopify._sim_graph import Desk, Json, bad_request
from vaiven_connectors.shopify._sim_search import Getter, search
from vaiven_sdk.testing import Selection, Table

MOST = 250
_ORDERS = {
    "UPDATED_AT": "updated",
    "CREATED_AT": "created",
    "PROCESSED_AT": "processedAt",
    "TITLE": "title",
    "ORDER_NUMBER": "number",
    "NAME": "displayName",
}


def listing(
    here: Desk,
    table: Table,
    fields: Mapping[str, Getter],
    arguments: Mapping[str, Any],
    name: str,
    **equal: Any,
) -> Json:
    """One page of a table's rows.

    Raises:
        GraphQLError: for a size, a cursor or a date that does not go.
    """
    order = _ORDERS.get(arguments.get("sortKey") or "", "number")
    order = order if order in {"number", "created", "updated", *table.orders} else "number"
    found = search(arguments.get("query"), fields)
    if found.warnings:
        said = {"path": [name], "query": arguments["query"], "parsed": {}, "warnings": found.warnings}
        here.searches.append(said)
    test = found.test
    # In the order of creation a table's bounds are those of creation; the test holds in any order.
    since, until = (None, None) if order == "created" else (found.since, found.until)
    rows = table.select(
        order,
        since=since,
        until=until,
        keep=None if test is None else lambda entry: test(entry.row),
        **equal,
    )
    if arguments.get("reverse"):
        rows = rows.reverse()
    if here.bulk:
        return _shown([(entry.row, "") for entry in rows], more=False, before=False)
    return _page(rows, arguments, here.page_cap)


def count(table: Table, fields: Mapping[str, Getter], arguments: Mapping[str, Any]) -> Json:
    """How many rows fit; exact up to the limit of 10,000 that Shopify counts to by default."""
    test = search(arguments.get("query"), fields).test
    rows = table.select(keep=None if test is None else lambda entry: test(entry.row))
    limit = arguments.get("limit") or 10_000
    number = len(rows)
    return {"count": min(number, limit), "precision": "EXACT" if number <= limit else "AT_LEAST"}


def _page(rows: Selection, arguments: Mapping[str, Any], cap: int | None) -> Json:
    size, backwards = _size(arguments)
    size = min(size, cap or size)
    after, before = arguments.get("after"), arguments.get("before")
    walk = rows.reverse() if backwards else rows
    given = before if backwards else after
    found = walk.after(_place(given) if given else None).page(size + 1)
    more = len(found) > size
    page = [(entry.row, _cursor(rows.place_of(entry))) for entry in found[:size]]
    if backwards:
        return _shown(page[::-1], more=bool(before), before=more)
    return _shown(page, more=more, before=bool(after))


def within(here: Desk, rows: Sequence[Json], arguments: Mapping[str, Any]) -> Json:
    """One page of the rows that a record holds itself."""
    listed = list(reversed(rows)) if arguments.get("reverse") else list(rows)
    if here.bulk:
        return _shown([(row, "") for row in listed], more=False, before=False)
    size, backwards = _size(arguments)
    keys = [_cursor((row.get("id") or str(at), at)) for at, row in enumerate(listed)]
    start, stop = 0, len(listed)
    if arguments.get("after"):
        start = _position(keys, arguments["after"]) + 1
    if arguments.get("before"):
        stop = _position(keys, arguments["before"])
    low, high = (max(start, stop - size), stop) if backwards else (start, min(stop, start + size))
    page = [(listed[at], keys[at]) for at in range(low, high)]
    return _shown(page, more=high < len(listed), before=low > 0)


def _size(arguments: Mapping[str, Any]) -> tuple[int, bool]:
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise bad_request("you must provide one of first or last")
    if first is not None and last is not None:
        raise bad_request("providing both first and last is not supported")
    size = first if first is not None else last
    if not isinstance(size, int) or not 0 <= size <= MOST:
        raise bad_request(f"The {'first' if first is not None else 'last'} argument must be between 0 and {MOST}")
    return size, first is None


def _shown(page: Sequence[tuple[Json, str]], *, more: bool, before: bool) -> Json:
    info = {
        "hasNextPage": more,
        "hasPreviousPage": before,
        "startCursor": page[0][1] if page else None,
        "endCursor": page[-1][1] if page else None,
    }
    edges = [{"node": row, "cursor": cursor} for row, cursor in page]
    return {"edges": edges, "nodes": [row for row, _ in page], "pageInfo": info}


def _cursor(place: tuple[Any, int]) -> str:
    value, number = place
    return urlsafe_b64encode(msgspec.json.encode({"last_id": number, "last_value": value})).decode()


def _place(given: str) -> tuple[Any, int]:
    try:
        held = msgspec.json.decode(urlsafe_b64decode(given))
        value, number = held["last_value"], held["last_id"]
    except (ValueError, TypeError, LookupError):
        raise bad_request("Invalid cursor for current pagination sort.") from None
    return (tuple(value) if isinstance(value, list) else value), number


def _position(keys: Sequence[str], given: str) -> int:
    if given not in keys:
        raise bad_request("Invalid cursor for current pagination sort.")
    return keys.index(given)
