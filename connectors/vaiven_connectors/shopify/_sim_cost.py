"""What a query costs, and the bucket that it is taken from.

Rules: shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits (objects 1, scalars 0, mutations 10, connections by
their size, at most 1,000 points in one query). How a connection grows with its size is not on that page; Shopify's
staff give `2 + children * floor(2 * ln(max(2, size)))` in community.shopify.dev/t/24364. Read 2026-11-25.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import graphql
from graphql import DocumentNode, FieldNode

from vaiven_connectors.shopify._sim_graph import Json, key_of, schema, selections
from vaiven_sdk.testing import Clock

MOST = 1000
"""Points that one query may ask for."""
_FREE = {"billingAddress", "pageInfo", "unitCost", "currencyFormats", "address"}
"""Value objects that cost nothing (community.shopify.dev/t/24364)."""


@dataclass(slots=True)
class Tally:
    """Walks a query with the schema, and with the answer where the cost of that is wanted."""

    document: DocumentNode
    variables: Json

    def query(self, operation: graphql.OperationDefinitionNode, data: Any = None) -> int:
        """Points of an operation; of what was found, with `data`."""
        root = schema().get_root_type(operation.operation)
        if operation.operation is graphql.OperationType.MUTATION:
            return 10 * sum(1 for _ in selections(operation, self.document, self.variables))
        return self._set(operation, root, data, counted=data is not None)

    def _set(self, node: Any, kind: Any, data: Any, *, counted: bool) -> int:
        total = 0
        for one in selections(node, self.document, self.variables):
            below = data.get(key_of(one)) if counted and isinstance(data, dict) else None
            if not counted or below is not None:
                total += self._field(one, kind, below, counted=counted)
        return total

    def _field(self, node: FieldNode, parent: Any, data: Any, *, counted: bool) -> int:
        name = node.name.value
        known = getattr(parent, "fields", {}).get(name) or _anywhere(name)
        if known is None or name in _FREE:
            return 0
        kind = graphql.get_named_type(known.type)
        if graphql.is_leaf_type(kind):
            return 0
        if kind.name.endswith("Connection"):
            return self._connection(node, kind, data, counted=counted)
        if isinstance(data, list):
            return 1 + max((self._set(node, kind, one, counted=counted) for one in data if one), default=0)
        return 1 + self._set(node, kind, data, counted=counted)

    def _connection(self, node: FieldNode, kind: Any, data: Any, *, counted: bool) -> int:
        size, children = self._size(node), 0
        for one in selections(node, self.document, self.variables):
            if one.name.value not in {"nodes", "edges"}:
                continue
            of = graphql.get_named_type(kind.fields[one.name.value].type)
            rows = (data or {}).get(key_of(one)) or [] if counted else [None]
            size = len(rows) if counted else size
            nested = [self._set(one, of, row, counted=counted) for row in rows]
            children += max(nested, default=0) + (one.name.value == "nodes")
        return 2 + children * (math.floor(2 * math.log(max(2, size))) if size else 0)

    def _size(self, node: FieldNode) -> int:
        for one in node.arguments or ():
            if one.name.value in {"first", "last"}:
                return min(int(graphql.value_from_ast_untyped(one.value, self.variables) or 0), 250)
        return 1


def _anywhere(name: str) -> Any:
    """A field of an inline fragment's type: the fragment says which, and names mean one thing in this schema."""
    for kind in schema().type_map.values():
        if isinstance(kind, graphql.GraphQLObjectType) and name in kind.fields:
            return kind.fields[name]
    return None


class Bucket:
    """Points of one app in one shop, that come back at a steady rate.

    Args:
        clock: the vendor's.
        size: of the bucket; 0 is no limit.
        rate: points a second.
    """

    def __init__(self, clock: Clock, size: float, rate: float) -> None:
        self._clock, self._size, self._rate = clock, size, rate
        self._held, self._at = size, clock.now().timestamp()

    def take(self, points: float) -> bool:
        """Take what a query asks for, if there is enough."""
        self._refill()
        if self._size and points > self._held:
            return False
        self._held -= points
        return True

    def give_back(self, points: float) -> None:
        """What was asked for and not needed."""
        self._held = min(self._size, self._held + points)

    def status(self) -> Json:
        """`throttleStatus`."""
        self._refill()
        size = self._size or 2000.0
        held = self._held if self._size else size
        return {"maximumAvailable": size, "currentlyAvailable": int(held), "restoreRate": self._rate}

    def _refill(self) -> None:
        now = self._clock.now().timestamp()
        self._held = min(self._size, self._held + max(0.0, now - self._at) * self._rate)
        self._at = now
