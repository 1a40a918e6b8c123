"""Expansion of ids into the objects they name (https://docs.stripe.com/expand, 2026-11-22)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from vaiven_connectors.stripe._sim_objects import sublist
from vaiven_connectors.stripe._sim_wire import bad

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_connectors.stripe._sim_table import Table
    from vaiven_connectors.stripe._sim_wire import Json

MAX_DEPTH = 4
_TARGETS = {
    "balance_transaction": "balance_transactions",
    "charge": "charges",
    "customer": "customers",
    "default_payment_method": "payment_methods",
    "default_price": "prices",
    "invoice": "invoices",
    "latest_charge": "charges",
    "latest_invoice": "invoices",
    "payment_intent": "payment_intents",
    "payment_method": "payment_methods",
    "price": "prices",
    "product": "products",
    "subscription": "subscriptions",
}
"""Property -> the collection that its id names."""
_PREFIXES = {"ch": "charges", "re": "refunds", "du": "disputes"}
_PLAIN = {("charge", "payment_method"), ("subscription_item", "subscription")}
"""Ids that the vendor's types do not let expand (stripe-python 16.1.0: plain `str`)."""
_EXPANDABLE_NULL = frozenset(
    "application default_source on_behalf_of review source_transfer tax_code test_clock transfer".split()
)
_LISTS = {
    ("customer", "subscriptions"): ("subscriptions", "customer", "/v1/customers/{}/subscriptions"),
    ("charge", "refunds"): ("refunds", "charge", "/v1/charges/{}/refunds"),
    ("invoice", "payments"): ("invoice_payments", "invoice", "/v1/invoices/{}/payments"),
}
"""Lists that are part of an object only when asked for: collection, its index, the list's URL."""


def expanded(answer: Json, paths: Sequence[str], tables: Mapping[str, Table], deleted: Mapping[str, Json]) -> Json:
    """A deep copy of `answer` with every path of `paths` expanded; a path that cannot be is Stripe's 400."""
    result = copy.deepcopy(answer)
    for path in filter(None, paths):
        steps = path.split(".")
        if len(steps) > MAX_DEPTH + (steps[0] == "data"):
            raise bad(
                f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}",
                param="expand",
            )
        _walk(result, steps, path, tables, deleted)
    return result


def _walk(node: Any, steps: Sequence[str], path: str, tables: Mapping[str, Table], gone: Mapping[str, Json]) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(item, steps, path, tables, gone)
        return
    if not isinstance(node, dict) or not steps:
        return
    name, rest = steps[0], steps[1:]
    _include(node, name, tables)
    if name not in node:
        if node.get("deleted"):
            return
        raise _refused(path)
    value = node[name]
    if isinstance(value, str):
        target = _PREFIXES.get(value.split("_")[0]) if name == "source" else _TARGETS.get(name)
        if target is None or (node.get("object"), name) in _PLAIN:
            raise _refused(path)
        found = tables[target].rows.get(value) or gone.get(value)
        if found is not None:
            node[name] = copy.deepcopy(found)
    elif not rest and not _holds_objects(name, value):
        raise _refused(path)
    if rest:
        _walk(node[name], rest, path, tables, gone)


def _include(node: Json, name: str, tables: Mapping[str, Table]) -> None:
    """Add a list that an object has only on request."""
    noun = str(node.get("object"))
    if (noun, name) in _LISTS:
        table, index, url = _LISTS[(noun, name)]
        rows = [copy.deepcopy(r) for r in tables[table].having(index, node["id"]) if r.get("status") != "canceled"]
        node.setdefault(name, sublist(url.format(node["id"]), rows[:10], more=len(rows) > 10))
    elif noun == "customer" and name in {"sources", "tax_ids"} and "id" in node and not node.get("deleted"):
        node.setdefault(name, sublist(f"/v1/customers/{node['id']}/{name}", []))


def _holds_objects(name: str, value: Any) -> bool:
    if value is None:
        return name in _TARGETS or name in _EXPANDABLE_NULL
    return isinstance(value, list) or (isinstance(value, dict) and "object" in value)


def _refused(path: str) -> Exception:
    return bad(f"This property cannot be expanded ({path}).", param="expand")
