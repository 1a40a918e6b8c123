"""How Shopify is read: everything by a bulk operation, changes page by page.

Sources, read 2026-11-25: shopify.dev/docs/apps/build/apis/graphql-admin/bulk-operations/queries (five at a time for
each app and shop since 2026-01, results kept for seven days, children on lines of their own with `__parentId`);
shopify.dev/docs/api/usage/limits (a list ends after 25,000 objects); the schema, admin_2026-10.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vaiven_sdk import (
    AnswerMalformed,
    Ask,
    Fetched,
    NotFound,
    PermissionMissing,
    Read,
    RequestRefused,
    VaivenError,
    VendorBusy,
    Window,
    capped,
    each,
    graphql,
    post,
    report,
)
from vaiven_sdk.read import graphql_error

from ._account import served
from ._customers import is_blank
from ._graphql import MOST, PATH, each_costs, refusals

if TYPE_CHECKING:
    from vaiven_sdk.http import Answer

MOST_LISTED = 25_000
LAG = 60.0
"""Seconds. Lists with a filter come from a search index; Shopify does not say how far that trails."""
_PAGE = 250
_ENOUGH = 3
"""Customers of whom not one says who it is: no coincidence."""

Select = Callable[[Window], str]
"""What is asked of each node."""

_RUN = """mutation run($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: false) {
    bulkOperation { id status } userErrors { code field message }
  }
}"""
_POLL = "query poll($id: ID!) { bulkOperation(id: $id) { id status errorCode url } }"


def bulk(root: str, select: Select) -> Read:
    """Everything of one kind, as Shopify writes it into a file in its own time."""

    def body(window: Window) -> dict[str, Any]:
        query = f"{{ {root} {{ edges {{ node {{ {select(window)} }} }} }} }}"
        return {"query": _RUN, "variables": {"query": query}}

    return report(
        create=post(PATH, json=body, check=_started),
        job="data.bulkOperationRunQuery.bulkOperation.id",
        poll=post(PATH, json={"query": _POLL, "variables": {"id": "{job}"}}, check=_polled(root)),
        status="data.bulkOperation.status",
        done="COMPLETED",
        failed=("FAILED", "CANCELED", "EXPIRED"),
        download="data.bulkOperation.url",
        format="jsonl",
        wait=0.25,
        expires=6 * 86_400.0,
    )


def _started(answer: Answer) -> VaivenError | None:
    problem = graphql_error(answer) or served(answer)
    if problem is not None:
        return problem
    told = (answer.json().get("data") or {}).get("bulkOperationRunQuery") or {}
    for code, sentence in refusals(told):
        if code in {"operation_in_progress", "limit_reached"}:
            return VendorBusy("Shopify is at work on other bulk operations of this app.", why=sentence, retry_after=60)
        return RequestRefused("Shopify refused a bulk operation.", why=sentence, body=told)
    return None


def _polled(root: str) -> Callable[[Answer], VaivenError | None]:
    """Shopify tells of a missing scope and of missing approval alike, and only when it is at work."""

    def check(answer: Answer) -> VaivenError | None:
        problem = graphql_error(answer)
        if problem is not None:
            return problem
        found = (answer.json().get("data") or {}).get("bulkOperation") or {}
        if found.get("errorCode") == "ACCESS_DENIED":
            return PermissionMissing(
                f"Shopify ended the reading of {root}: something in it is not allowed to this app.",
                why="ACCESS_DENIED",
                remedy="Install the app anew with the scopes that `vaiven connectors show shopify` lists. What tells"
                " who a customer is needs Shopify's approval for protected customer data, too (Partner Dashboard > API"
                " access).",
            )
        return None

    return check


def changed(root: str, select: Select, *, most: int = _PAGE) -> Read:
    """What has changed since, oldest first; `fit` makes its pages as large as their cost allows."""

    def query(window: Window) -> str:
        return (
            f"query page($first: Int!, $after: String, $filter: String) {{ {root}(first: $first, after: $after, query:"
            f" $filter, sortKey: UPDATED_AT) {{ nodes {{ {select(window)} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        )

    pages = graphql(query, items=root, page_size=most, path=PATH, variables={"filter": _since}, check=served)
    return capped(pages, cap=MOST_LISTED, by="updatedAt")


def changed_within(root: str, one: str, inner: str, select: Select) -> Read:
    """All children, in the connection `inner`, of each parent that has changed since."""

    def query(window: Window) -> str:
        return (
            f"query page($id: ID!, $first: Int!, $after: String) {{ {one}(id: $id) {{ {inner}(first: $first,"
            f" after: $after) {{ nodes {{ {select(window)} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
        )

    pages = graphql(
        query,
        items=f"{one}.{inner}",
        page_size=_PAGE,
        path=PATH,
        variables={"id": "{parent.id}"},
        check=_parent_there(one),
    )
    return each(changed(root, lambda _: "id updatedAt"), pages, inject={"__parentId": "parent.id"})


def _parent_there(one: str) -> Callable[[Answer], VaivenError | None]:
    """A parent that was deleted since it was listed is null: its page has no children, and that is all."""

    def check(answer: Answer) -> VaivenError | None:
        data = answer.json().get("data")
        if isinstance(data, dict) and data.get(one, ...) is None:
            return NotFound(f"The {one} is gone.")
        return None

    return check


def _since(window: Window) -> str | None:
    """The search's filter; it counts in seconds."""
    return f"updated_at:>='{window.since[:19]}Z'" if window.since else None


# ------------------------------------------------------------------------------------------------- hooks
def fit(asked: Ask) -> None:
    """Ask for as many nodes as a single query may cost."""
    variables = asked.json.get("variables") or {} if isinstance(asked.json, dict) else {}
    if "first" in variables:
        affordable = max(1, (MOST - 2) // each_costs(asked.json["query"]))
        asked.json["variables"] = {**variables, "first": min(int(variables["first"]), affordable)}


def _rows(page: Fetched) -> list[dict[str, Any]]:
    return [json.loads(bytes(item)) for item in page.items]


def _with(page: Fetched, rows: Iterable[Mapping[str, Any]]) -> Fetched:
    return replace(page, items=[json.dumps(row).encode() for row in rows])


def known(page: Fetched) -> Fetched:
    """Customers of whom we learn who they are; the others are gone to us.

    Raises:
        PermissionMissing: we learn it of none, so Shopify keeps it from this app: nothing was cleared.
    """
    rows = _rows(page)
    kept: Sequence[dict[str, Any]] = [row for row in rows if not is_blank(row)]
    if len(rows) >= _ENOUGH and not kept:
        raise PermissionMissing(
            "Shopify withholds the names, addresses and phone numbers of this shop's customers.",
            why="of no customer there is any",
            remedy="Ask Shopify for access to protected customer data (Partner Dashboard); then sync again.",
        )
    return page if len(kept) == len(rows) else _with(page, kept)


def children(page: Fetched) -> Fetched:
    """A bulk operation's file has parents and children in turn; these are the children."""
    rows = _rows(page)
    kept = [row for row in rows if "__parentId" in row]
    return page if len(kept) == len(rows) else _with(page, kept)


def refunds_of(page: Fetched) -> Fetched:
    """The refunds in a page of orders, each with what its order says of it."""
    rows = []
    for order in _rows(page):
        if not isinstance(order.get("refunds"), list):
            raise AnswerMalformed("An order came without its refunds.")
        customer = (order.get("customer") or {}).get("id")
        around = {"__order": order["id"], "__customer": customer, "__test": order.get("test")}
        around["__updatedAt"] = order.get("updatedAt")
        rows += [{**refund, **around} for refund in order["refunds"]]
    return _with(page, rows)
