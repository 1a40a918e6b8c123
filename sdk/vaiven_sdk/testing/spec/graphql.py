"""GraphQL documents, their variables and their answers against a published schema. Needs `graphql-core`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vaiven_sdk.testing.spec.deviation import Answered, Asked, Deviation

if TYPE_CHECKING:
    from graphql.language import FieldNode, OperationDefinitionNode, SelectionSetNode, ValueNode

Json = Any
Faults = list[str]

SCALARS: Mapping[str, type | tuple[type, ...]] = {
    "String": str,
    "ID": str,
    "Int": int,
    "Float": (int, float),
    "Boolean": bool,
}
"""The Python type of each scalar that GraphQL itself has; of one that is not named any value is taken."""


class GraphQl:
    """A description for `watch`; paths other than the endpoint's pass.

    Args:
        types: by name, `{"k": "O"}` for an object (`I` interface, `U` union, `IN` input, `E` enum), with `f`, its
            fields by name as `Type(argument:Type,...)`, followed by ` dep` when deprecated, or `v`, an enum's values.
        query: name of the type that queries begin at.
        mutation: the same of mutations.
        scalars: Python types of the vendor's own scalars.
        path: of the endpoint.
    """

    def __init__(
        self,
        types: Mapping[str, Json],
        query: str,
        mutation: str = "",
        *,
        scalars: Mapping[str, type | tuple[type, ...]] | None = None,
        path: str = "/graphql",
    ) -> None:
        self.types, self.path = types, path
        self.roots = {"query": query, "mutation": mutation}
        self.scalars = {**SCALARS, **(scalars or {})}
        self.seen: set[str] = set()
        """`Type.field` of all that was asked for."""
        self.documents: set[str] = set()

    @classmethod
    def of_sdl(cls, text: str, **options: Any) -> GraphQl:
        """From a schema in the schema definition language; `options` are those of the class."""
        import graphql  # noqa: PLC0415 - only where a schema is checked

        schema = graphql.build_schema(text, assume_valid=True)
        kinds = {
            graphql.GraphQLObjectType: "O",
            graphql.GraphQLInterfaceType: "I",
            graphql.GraphQLUnionType: "U",
            graphql.GraphQLInputObjectType: "IN",
            graphql.GraphQLEnumType: "E",
        }
        types: dict[str, Json] = {}
        for name, kind in schema.type_map.items():
            found = {"k": kinds.get(type(kind), "S")}
            if isinstance(kind, graphql.GraphQLEnumType):
                types[name] = {**found, "v": list(kind.values)}
            else:
                types[name] = {**found, "f": {n: _spelt(one) for n, one in getattr(kind, "fields", {}).items()}}
        roots = schema.query_type, schema.mutation_type
        return cls(types, *(root.name if root else "" for root in roots), **options)

    # -- what `watch` asks

    def request(self, asked: Asked) -> list[Deviation]:
        """What a document asks for that is not there, or is wrongly typed."""
        if asked.path != self.path:
            return []
        query, variables = asked.body["query"], asked.body.get("variables") or {}
        self.documents.add(query)
        return [self._deviation(asked, "request", fault) for fault in self.document(query, variables)]

    def answer(self, asked: Asked, answered: Answered) -> list[Deviation]:
        """What in an answer's `data` is not as the schema says; one with `errors` may have any part missing."""
        body = answered.body if isinstance(answered.body, dict) else {}
        if asked.path != self.path or not body.get("data") or body.get("errors"):
            return []
        faults = self.data(asked.body["query"], body["data"])
        return [self._deviation(asked, str(answered.status), fault) for fault in faults]

    @staticmethod
    def _deviation(asked: Asked, part: str, fault: str) -> Deviation:
        where, _, what = fault.partition(": ")
        return Deviation(asked.method, asked.path, part, re.sub(r"\d+", "*", where), what)

    # -- documents

    def document(self, query: str, variables: Mapping[str, Json]) -> Faults:
        """The faults of one document of one operation, with its variables."""
        operation = _operation(query)
        declared = {v.variable.name.value: _text(v.type) for v in operation.variable_definitions or ()}
        faults: Faults = []
        for name, kind in declared.items():
            if name in variables:
                faults += self.value(variables[name], kind, f"${name}")
            elif kind.endswith("!"):
                faults.append(f"${name}: required, and absent")
        faults += [f"${name}: given, and not declared" for name in variables if name not in declared]
        return faults + self._selected(operation.selection_set, self.roots[operation.operation.value], declared, "")

    def field(self, kind: str, name: str) -> tuple[str, dict[str, str], bool] | None:
        """Type, arguments and deprecation of a field; None when there is none."""
        told = self.types.get(kind, {}).get("f", {}).get(name)
        found = re.fullmatch(r"([^( ]+)(?:\((.*)\))?( dep)?", told) if told is not None else None
        return (found[1], dict(re.findall(r"(\w+):([^,]+)", found[2] or "")), bool(found[3])) if found else None

    def _selected(self, chosen: SelectionSetNode, kind: str, declared: Mapping[str, str], where: str) -> Faults:
        faults: Faults = []
        for node in chosen.selections:
            if node.kind == "inline_fragment":
                inner = node.type_condition.name.value if node.type_condition else kind  # type: ignore[attr-defined]
                faults += self._selected(node.selection_set, inner, declared, where)  # type: ignore[attr-defined]
            elif node.kind == "field" and node.name.value != "__typename":  # type: ignore[attr-defined]
                faults += self._asked(node, kind, declared, f"{where}.{node.name.value}")  # type: ignore[arg-type, attr-defined]
        return faults

    def _asked(self, node: FieldNode, kind: str, declared: Mapping[str, str], where: str) -> Faults:
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
        if node.selection_set is None or not objects:
            fits = objects == (node.selection_set is not None)
            return faults if fits else [*faults, f"{where}: {plain} {'needs' if objects else 'has no'} fields"]
        return faults + self._selected(node.selection_set, plain, declared, where)

    def _argument(self, value: ValueNode, kind: str, declared: Mapping[str, str], where: str) -> Faults:
        if value.kind == "variable":
            name = value.name.value  # type: ignore[attr-defined]
            have = declared.get(name, "")
            fits = have.rstrip("!") == kind.rstrip("!") and have.endswith("!") >= kind.endswith("!")
            return [] if fits else [f"{where}: {kind} described, ${name} is {have or 'not declared'}"]
        if value.kind in {"object_value", "list_value"}:
            return [f"{where}: a literal object is not looked at"]
        text = getattr(value, "value", None)
        return self.value(int(str(text)) if value.kind == "int_value" else text, kind, where)

    # -- values

    def value(self, value: Json, kind: str, where: str) -> Faults:
        """What is wrong with a variable's value, or with a leaf of an answer."""
        if value is None:
            return [f"{where}: null, and {kind} is never"] if kind.endswith("!") else []
        kind = kind.removesuffix("!")
        if kind.startswith("["):
            if not isinstance(value, list):
                return [f"{where}: {kind} described, got {type(value).__name__}"]
            return [f for n, one in enumerate(value) for f in self.value(one, kind[1:-1], f"{where}[{n}]")]
        known = self.types.get(kind, {})
        if known.get("k") == "E":
            return [] if value in known["v"] else [f"{where}: {value!r} is no {kind}"]
        if known.get("k") == "IN":
            return self._input(value, kind, known["f"], where)
        wanted = self.scalars.get(kind)
        fits = wanted is None or (isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)))
        return [] if fits else [f"{where}: {kind} described, got {value!r}"]

    def _input(self, value: Json, kind: str, fields: Mapping[str, str], where: str) -> Faults:
        if not isinstance(value, dict):
            return [f"{where}: {kind} described, got {type(value).__name__}"]
        faults = [f"{where}.{name}: {kind} has no such field" for name in value if name not in fields]
        for name, told in fields.items():
            inner = told.removesuffix(" dep")
            if name in value:
                faults += self.value(value[name], inner, f"{where}.{name}")
            elif inner.endswith("!"):
                faults.append(f"{where}.{name}: required, and absent")
        return faults

    # -- answers

    def data(self, query: str, data: Json) -> Faults:
        """What in the `data` of an answer is not as the schema says."""
        operation = _operation(query)
        return self._given(operation.selection_set, self.roots[operation.operation.value], data, "data")

    def _given(self, chosen: SelectionSetNode, kind: str, data: Json, where: str) -> Faults:
        faults, names = self._fields(chosen, kind, data, where)
        return faults + [f"{where}.{name}: never asked for" for name in sorted(set(data) - names)]

    def _fields(self, chosen: SelectionSetNode, kind: str, data: Json, where: str) -> tuple[Faults, set[str]]:
        """The faults of what was asked for, and its names; a fragment counts where something of it is there."""
        faults: Faults = []
        names: set[str] = set()
        for node in chosen.selections:
            if node.kind == "inline_fragment":
                inner = node.selection_set  # type: ignore[attr-defined]
                if set(data) & {_name(one) for one in inner.selections}:
                    more, theirs = self._fields(inner, node.type_condition.name.value, data, where)  # type: ignore[attr-defined]
                    faults, names = faults + more, names | theirs
                continue
            name = _name(node)
            names.add(name)
            if name not in data:
                faults.append(f"{where}.{name}: asked for, and absent")
            elif (found := self.field(kind, node.name.value)) is not None:  # type: ignore[attr-defined]
                faults += self._held(node, found[0], data[name], f"{where}.{name}")  # type: ignore[arg-type]
        return faults, names

    def _held(self, node: FieldNode, kind: str, value: Json, where: str) -> Faults:
        if value is None or node.selection_set is None:
            return self.value(value, kind, where)
        plain = kind.removesuffix("!")
        if plain.startswith("["):
            return [f for n, one in enumerate(value) for f in self._held(node, plain[1:-1], one, f"{where}[{n}]")]
        return self._given(node.selection_set, plain, value, where)


def _operation(query: str) -> OperationDefinitionNode:
    import graphql  # noqa: PLC0415 - only where a document is checked

    (operation,) = graphql.parse(query).definitions
    return operation  # type: ignore[return-value]


def _name(node: Any) -> str:
    return str(node.alias.value if node.alias else node.name.value)


def _text(node: Any) -> str:
    return str(node.loc.source.body[node.loc.start : node.loc.end])


def _spelt(one: Any) -> str:
    arguments = ",".join(f"{name}:{argument.type}" for name, argument in getattr(one, "args", {}).items())
    return f"{one.type}{f'({arguments})' if arguments else ''}{' dep' if one.deprecation_reason else ''}"
