"""Bulk operations: a query without pages, run in the background, whose result is a file of JSON lines.

Source: shopify.dev/docs/apps/build/apis/graphql-admin/bulk-operations/queries (limits, `__parentId`, grouping, expiry)
and recorded userErrors of Shopify's draft proxy. Read 2026-11-25.
"""

# ruff: noqa: ARG001 - a resolver takes what GraphQL gives it

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import graphql
import msgspec

from vaiven_connectors.shopify._sim_graph import (
    Desk,
    Json,
    bad_request,
    desk,
    key_of,
    kind_of,
    parse,
    resolves,
    run,
    schema,
    selections,
)
from vaiven_connectors.shopify._sim_lists import listing
from vaiven_connectors.shopify._sim_record import error
from vaiven_connectors.shopify._sim_search import Getter
from vaiven_connectors.shopify._sim_shop import number_of

LIVES_DAYS = 7
"""Days for which a result can be fetched."""
_MOST, _MOST_DEEP = 5, 2
"""Connections in one query, and how deep they may be nested."""
_OPEN = {"CREATED", "RUNNING", "CANCELING"}
_OPERATION_FIELDS: dict[str, Getter] = {
    "": lambda row: row["query"],
    "id": lambda row: number_of(row["id"]),
    "status": lambda row: row["status"],
    "operation_type": lambda row: row["type"],
    "created_at": lambda row: row["createdAt"],
}


@resolves("Mutation.bulkOperationRunQuery")
def run_query(row: Json, info: Any, query: str, groupObjects: bool = True) -> Json:  # noqa: FBT001, FBT002, N803
    """Start one: from 2026-01 on an app can have five at work in a shop, before that one."""
    here = desk(info)
    document = parse(query)
    wrong = _wrong(document) or _busy(here)
    if wrong or isinstance(document, list):
        return {"bulkOperation": None, "userErrors": wrong}
    made = here.shop.operations.add(
        {
            "type": "QUERY",
            "query": query,
            "status": "CREATED",
            "completedAt": None,
            "errorCode": None,
            "objectCount": "0",
            "rootObjectCount": "0",
            "fileSize": None,
            "url": None,
            "partialDataUrl": None,
        }
    )
    alone = dataclasses.replace(here, bulk=True, searches=[])
    here.shop.jobs.start(lambda: _work(alone, document, grouped=groupObjects), id=made["id"])
    return {"bulkOperation": made, "userErrors": []}


def _busy(here: Desk) -> list[Json]:
    most = 1 if here.version < "2026-01" else _MOST
    at_work = [held for held in here.shop.operations if held["status"] in _OPEN]
    if len(at_work) < most:
        return []
    said = f"A bulk query operation for this app and shop is already in progress: {at_work[0]['id']}."
    return [error(None, said, "OPERATION_IN_PROGRESS")]


def _wrong(document: graphql.DocumentNode | list[Json]) -> list[Json]:
    if isinstance(document, list):
        return [error(["query"], f"Invalid bulk query: {document[0]['message']}", "INVALID")]
    operation = graphql.get_operation_ast(document)
    if operation is None or operation.operation is not graphql.OperationType.QUERY:
        return [error(["query"], "Invalid bulk query: a query is expected", "INVALID")]
    root = list(selections(operation, document, {}))
    if len(root) > 1:
        return [error(["query"], "Bulk queries cannot contain multiple top level fields.", "INVALID")]
    depths = list(_depths(operation, schema().query_type, document, 0))
    if not depths:
        return [error(["query"], "Bulk queries must contain at least one connection.", "INVALID")]
    if len(depths) > _MOST:
        return [error(["query"], f"Bulk queries cannot contain more than {_MOST} connections.", "INVALID")]
    if max(depths) > _MOST_DEEP:
        said = f"Bulk queries cannot contain connections with a nesting depth greater than {_MOST_DEEP}."
        return [error(["query"], said, "INVALID")]
    return []


def _depths(node: Any, kind: Any, document: graphql.DocumentNode, deep: int) -> Iterator[int]:
    for one in selections(node, document, {}):
        known = getattr(kind, "fields", {}).get(one.name.value)
        if known is None:
            continue
        below = graphql.get_named_type(known.type)
        level = deep + below.name.endswith("Connection")
        if level > deep:
            yield level
        yield from _depths(one, below, document, level)


def _work(here: Desk, document: graphql.DocumentNode, *, grouped: bool) -> tuple[list[Json], int, list[Json]]:
    """The lines, how many of them are at the root, and the errors."""
    data, errors = run(document, here, {}, None)
    operation = graphql.get_operation_ast(document)
    tree = list(_unfold(operation, schema().query_type, data or {}, document, None))
    if not grouped:
        tree.sort(key=lambda line: line[1] is not None)
    lines = [{**row, "__parentId": parent} if parent else row for row, parent in tree]
    return lines, sum(1 for _, parent in tree if not parent), errors


def _unfold(
    node: Any, kind: Any, data: Json, document: graphql.DocumentNode, parent: str | None
) -> Iterator[tuple[Json, str | None]]:
    """Every row below a selection, each before its own children."""
    for one in selections(node, document, {}):
        key, known = key_of(one), getattr(kind, "fields", {}).get(one.name.value)
        below = None if known is None else graphql.get_named_type(known.type)
        if below is None or not isinstance(data.get(key), dict):
            continue
        if not below.name.endswith("Connection"):
            yield from _unfold(one, below, data[key], document, parent)
            continue
        for part in selections(one, document, {}):
            if part.name.value not in {"edges", "nodes"}:
                continue
            of = graphql.get_named_type(below.fields[part.name.value].type)
            for held in data[key][key_of(part)]:
                yield from _row(part, of, held, document, parent)


def _row(
    part: graphql.FieldNode, of: Any, held: Json, document: graphql.DocumentNode, parent: str | None
) -> Iterator[tuple[Json, str | None]]:
    inner: Any = part
    if part.name.value == "edges":
        inner = next(one for one in selections(part, document, {}) if one.name.value == "node")
        of, held = graphql.get_named_type(of.fields["node"].type), held[key_of(inner)]
    yield _flat(inner, of, held, document), parent
    yield from _unfold(inner, of, held, document, held.get("id"))


def _flat(node: Any, kind: Any, held: Json, document: graphql.DocumentNode) -> Json:
    """A row without the lists that become lines of their own."""
    row: Json = {}
    for one in selections(node, document, {}):
        key, known = key_of(one), getattr(kind, "fields", {}).get(one.name.value)
        below = None if known is None else graphql.get_named_type(known.type)
        if below is not None and below.name.endswith("Connection"):
            continue
        if key in held:
            deeper = isinstance(held[key], dict) and one.selection_set is not None
            row[key] = _flat(one, below, held[key], document) if deeper else held[key]
    return row


def asked(here: Desk, gid: str) -> Json | None:
    """An operation as it is now; asking moves it on."""
    shop = here.shop
    held = shop.operations.find(gid)
    if held is None:
        return None
    if held["status"] == "CANCELING":
        return shop.operations.change(gid, {"status": "CANCELED"})
    if held["status"] not in _OPEN:
        return _expired(here, held)
    job = shop.jobs.ask(gid)
    if job.status != "done":
        return shop.operations.change(gid, {"status": "CREATED" if job.status == "queued" else "RUNNING"})
    lines, roots, errors = job.result
    broken = shop.bulk_breaks()
    if broken:
        lines = lines[: len(lines) // 2]
    body = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    url = f"{here.origin}/bulk/{number_of(gid)}.jsonl" if lines else None
    shop.files[number_of(gid)] = body
    denied = any(one.get("extensions", {}).get("code") == "ACCESS_DENIED" for one in errors)
    done: Json = {
        "status": "FAILED" if broken or denied else "COMPLETED",
        "errorCode": "ACCESS_DENIED" if denied else "INTERNAL_SERVER_ERROR" if broken else None,
        "completedAt": None if broken or denied else shop.now(),
        "objectCount": str(len(lines)),
        "rootObjectCount": str(roots),
        "fileSize": str(len(body)) if url else None,
        "url": None if broken or denied else url,
        "partialDataUrl": url if broken else None,
        "until": shop.clock.now().timestamp() + LIVES_DAYS * 86_400,
    }
    made = shop.operations.change(gid, done)
    shop.heard("BULK_OPERATIONS_FINISH", made)
    return made


def _expired(here: Desk, held: Json) -> Json:
    late = here.shop.clock.now().timestamp() > held.get("until", float("inf"))
    return {**held, "status": "EXPIRED", "url": None, "partialDataUrl": None} if late else held


@resolves("QueryRoot.bulkOperation")
def operation(row: Json, info: Any, id: str) -> Json | None:  # noqa: A002 - the vendor's name
    """One operation."""
    if kind_of(id) != "BulkOperation":
        raise bad_request(f"Invalid global id '{id}'")
    return asked(desk(info), id)


@resolves("QueryRoot.currentBulkOperation")
def current(row: Json, info: Any, type: str = "QUERY") -> Json | None:  # noqa: A002
    """The newest one of a type, done or not."""
    here = desk(info)
    found = [held["id"] for held in here.shop.operations if held["type"] == type]
    return asked(here, found[-1]) if found else None


@resolves("QueryRoot.bulkOperations")
def operations(row: Json, info: Any, **arguments: Any) -> Json:
    """All of them, the newest first."""
    here = desk(info)
    for held in list(here.shop.operations):
        asked(here, held["id"])
    newest = {**arguments, "reverse": not arguments.get("reverse")}
    return listing(here, here.shop.operations, _OPERATION_FIELDS, newest, "bulkOperations")


@resolves("Mutation.bulkOperationCancel")
def cancel(row: Json, info: Any, id: str) -> Json:  # noqa: A002
    """Stop one that is at work."""
    kept = desk(info).shop.operations
    held = kept.find(id)
    if held is None:
        return {"bulkOperation": None, "userErrors": [error(["id"], "Bulk operation does not exist")]}
    if held["status"] not in _OPEN:
        said = f"A bulk operation cannot be canceled when it is {held['status'].lower()}"
        return {"bulkOperation": held, "userErrors": [error(None, said)]}
    return {"bulkOperation": kept.change(id, {"status": "CANCELING"}), "userErrors": []}
