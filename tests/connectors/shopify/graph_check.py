"""A GraphQL document, its variables and its answer against Shopify's published schema.

The schema is facts: names and types out of `admin_2026-10`. Documents are read by graphql-core.
"""

import gzip
import json
import re
from functools import cache

import pytest
from graphql import parse
from graphql.language import FieldNode, InlineFragmentNode, ListValueNode, ObjectValueNode, VariableNode

from tests.support.spec_check import SPECS
from vaiven_sdk.testing.spec.deviation import Deviation

SPEC = SPECS / "shopify.json.gz"
SCALARS = {
    "String": str,
    "ID": str,
    "DateTime": str,
    "Decimal": str,
    "Money": str,
    "URL": str,
    "UnsignedInt64": str,
    "Int": int,
    "Float": (int, float),
    "Boolean": bool,
}


@cache
def schema():
    """The Admin API, or a skip where the facts are not at hand."""
    if not SPEC.exists():
        pytest.skip(f"Shopify's published schema is not here: {SPEC.name}")
    found = json.loads(gzip.decompress(SPEC.read_bytes()))["graphql"]["admin"]
    return Schema(found["types"], found["query"], found["mutation"])


class Schema:
    def __init__(self, types, query, mutation):
        self.types = types
        self.roots = {"query": query, "mutation": mutation}
        self.seen = set()

    def field(self, kind, name):
        """Type and arguments of a field; None when there is none."""
        told = self.types.get(kind, {}).get("f", {}).get(name)
        if told is None:
            return None
        found = re.fullmatch(r"([^( ]+)(?:\((.*)\))?( dep)?", told)
        return found[1], dict(re.findall(r"(\w+):([^,]+)", found[2] or "")), bool(found[3])

    # --------------------------------------------------------------------------- requests
    def request(self, query, variables):
        """What a document asks for that is not there, or wrongly typed."""
        faults = []
        (operation,) = parse(query).definitions
        declared = {v.variable.name.value: _text(v.type) for v in operation.variable_definitions or ()}
        for name, kind in declared.items():
            if name in variables:
                faults += self.value(variables[name], kind, f"${name}")
            elif kind.endswith("!"):
                faults.append(f"${name}: required, and absent")
        root = self.roots[operation.operation.value]
        return faults + self._selected(operation.selection_set, root, declared, "")

    def bulk(self, query):
        """The same of the document that a bulk operation runs; it needs no `first`."""
        (operation,) = parse(query).definitions
        connections = len(re.findall(r"edges \{", query))
        faults = [] if connections <= 5 else ["more than five connections"]
        return faults + self._selected(operation.selection_set, self.roots["query"], {}, "")

    def _selected(self, selection_set, kind, declared, where):
        faults = []
        for node in selection_set.selections:
            if isinstance(node, InlineFragmentNode):
                faults += self._selected(node.selection_set, node.type_condition.name.value, declared, where)
                continue
            faults += self._asked(node, kind, declared, f"{where}.{node.name.value}")
        return faults

    def _asked(self, node: FieldNode, kind, declared, where):
        found = self.field(kind, node.name.value)
        if found is None:
            return [f"{where}: {kind} has no such field"]
        inner, arguments, deprecated = found
        self.seen.add(f"{kind}.{node.name.value}")
        faults = [f"{where}: deprecated"] if deprecated else []
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name, value in given.items():
            if name not in arguments:
                faults.append(f"{where}({name}): no such argument")
            else:
                faults += self._argument(value, arguments[name], declared, f"{where}({name})")
        faults += [
            f"{where}({n}): required, and absent" for n, t in arguments.items() if t[-1] == "!" and n not in given
        ]
        plain = inner.strip("[]!")
        objects = self.types.get(plain, {}).get("k") in {"O", "I", "U"}
        if objects != (node.selection_set is not None):
            return [*faults, f"{where}: {plain} {'needs' if objects else 'has no'} fields"]
        return faults + (self._selected(node.selection_set, plain, declared, where) if objects else [])

    def _argument(self, value, kind, declared, where):
        if isinstance(value, VariableNode):
            have = declared.get(value.name.value, "")
            return (
                []
                if have.rstrip("!") == kind.rstrip("!") and have.endswith("!") >= kind.endswith("!")
                else [f"{where}: {kind} described, ${value.name.value} is {have}"]
            )
        if isinstance(value, ObjectValueNode | ListValueNode):
            return [f"{where}: a literal object is not looked at"]
        return self.value(_literal(value, kind), kind, where)

    # --------------------------------------------------------------------------- values
    def value(self, value, kind, where, *, given=True):
        """What is wrong with a variable's value (`given`), or with one of an answer."""
        if value is None:
            return [f"{where}: null, and {kind} is never"] if kind.endswith("!") else []
        kind = kind.removesuffix("!")
        if kind.startswith("["):
            if not isinstance(value, list):
                return [f"{where}: {kind} described, got {type(value).__name__}"]
            return [f for n, one in enumerate(value) for f in self.value(one, kind[1:-1], f"{where}[{n}]", given=given)]
        known = self.types.get(kind, {})
        if known.get("k") == "E":
            return [] if value in known["v"] else [f"{where}: {value!r} is no {kind}"]
        if known.get("k") == "IN":
            faults = [f"{where}.{name}: {kind} has no such field" for name in value if name not in known["f"]]
            for name, told in known["f"].items():
                inner = told.removesuffix(" dep")
                if name in value:
                    faults += self.value(value[name], inner, f"{where}.{name}")
                elif inner.endswith("!"):
                    faults.append(f"{where}.{name}: required, and absent")
            return faults
        wanted = SCALARS.get(kind)
        fits = wanted is None or (isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)))
        return [] if fits else [f"{where}: {kind} described, got {value!r}"]

    # --------------------------------------------------------------------------- answers
    def answer(self, query, data):
        """What in an answer's `data` is not as the schema says."""
        (operation,) = parse(query).definitions
        return self._given(operation.selection_set, self.roots[operation.operation.value], data, "data")

    def _given(self, selection_set, kind, data, where):
        faults, names = [], set()
        for node in selection_set.selections:
            if isinstance(node, InlineFragmentNode):
                if data and set(data) & {
                    n.alias.value if n.alias else n.name.value for n in node.selection_set.selections
                }:
                    faults += self._given(node.selection_set, node.type_condition.name.value, data, where)
                return faults
            name = node.alias.value if node.alias else node.name.value
            names.add(name)
            if name not in data:
                faults.append(f"{where}.{name}: asked for, and absent")
                continue
            inner = self.field(kind, node.name.value)[0]
            faults += self._held(node, inner, data[name], f"{where}.{name}")
        return faults + [f"{where}.{name}: never asked for" for name in set(data) - names]

    def _held(self, node, kind, value, where):
        if value is None or node.selection_set is None:
            return self.value(value, kind, where, given=False)
        plain = kind.removesuffix("!")
        if plain.startswith("["):
            return [f for n, one in enumerate(value) for f in self._held(node, plain[1:-1], one, f"{where}[{n}]")]
        return self._given(node.selection_set, plain, value, where)


def _text(node):
    return node.loc.source.body[node.loc.start : node.loc.end]


def _literal(node, kind):
    text = node.value
    return int(text) if kind.rstrip("!") == "Int" else text


class Described:
    """The schema, for a watch over a simulator; other paths than GraphQL's pass."""

    path = "/graphql.json"

    def __init__(self):
        self.schema = schema()
        self.documents = set()

    def request(self, asked):
        if asked.path != self.path:
            return []
        query, variables = asked.body["query"], asked.body.get("variables") or {}
        self.documents.add(query)
        faults = self.schema.request(query, variables)
        if "bulkOperationRunQuery" in query:
            faults += self.schema.bulk(variables["query"])
        return [self._deviation(asked, "request", fault) for fault in faults]

    def answer(self, asked, answered):
        data = answered.body.get("data") if isinstance(answered.body, dict) else None
        # An answer with errors may have any part of its data missing.
        if asked.path != self.path or not data or answered.body.get("errors"):
            return []
        return [self._deviation(asked, "200", fault) for fault in self.schema.answer(asked.body["query"], data)]

    @staticmethod
    def _deviation(asked, part, fault):
        where, _, what = fault.partition(": ")
        return Deviation(asked.method, "graphql", part, re.sub(r"\d+", "*", where), what)
