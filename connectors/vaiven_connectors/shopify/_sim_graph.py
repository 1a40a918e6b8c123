"""GraphQL as Shopify answers it: parsed, validated and run by graphql-core with the covered part of its schema.

Shapes of errors: shopify.dev/docs/api/usage/response-codes and /docs/apps/launch/protected-customer-data, and recorded
answers (Shopify/function-examples#164 for ACCESS_DENIED). Read 2026-11-25.
"""

# ruff: noqa: ARG001 - a resolver takes what GraphQL gives it

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import graphql
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema

if TYPE_CHECKING:
    from vaiven_connectors.shopify._sim_shop import Shop

Json = dict[str, Any]
Resolver = Callable[..., Any]
F = TypeVar("F", bound=Resolver)

RESOLVERS: dict[str, Resolver] = {}
"""`Type.field` -> (row, info, **arguments) -> value; other fields are looked up in the row."""
HTTP_DOCS = "https://shopify.dev/api/usage/access-scopes"

_READS = {
    "Customer": "read_customers",
    "Order": "read_orders",
    "Product": "read_products",
    "ProductVariant": "read_products",
    "AbandonedCheckout": "read_orders",
}
"""What must be granted for a field that gives this type (shopify.dev, each object's "Requires")."""
_WRITES = {"customer": "write_customers", "order": "write_orders", "product": "write_products"}
_TAGGED = {"Customer": "write_customers", "Order": "write_orders", "Product": "write_products"}
_PROTECTED = {
    "Customer": "firstName lastName email phone defaultEmailAddress defaultPhoneNumber defaultAddress",
    "Order": "email phone billingAddress shippingAddress",
    "AbandonedCheckout": "billingAddress shippingAddress",
}
"""Fields of level 2: name, address, phone, e-mail; those that may be null. `displayName` may not, and is empty."""


@dataclass(slots=True)
class Desk:
    """What a resolver knows of the request.

    Args:
        shop: the data.
        scopes: what the token may do.
        version: of the API that answers.
        protected: `approved`, `fields` (level 2 is kept back) or `all` (customers are).
        origin: of this server, for addresses in answers.
        page_cap: records that a page of a root list has at most.
        bulk: connections are given whole, as in a bulk operation.
    """

    shop: Shop
    scopes: frozenset[str]
    version: str
    protected: str = "approved"
    origin: str = ""
    page_cap: int | None = None
    bulk: bool = False
    searches: list[Json] = field(default_factory=list)

    def may(self, scope: str) -> bool:
        """Whether a scope was granted; one that writes includes the one that reads."""
        return scope in self.scopes or scope.replace("read_", "write_") in self.scopes


def resolves(*names: str) -> Callable[[F], F]:
    """Answer `Type.field` with the decorated function."""

    def mark(function: F) -> F:
        RESOLVERS.update(dict.fromkeys(names, function))
        return function

    return mark


def desk(info: Any) -> Desk:
    """The request's desk."""
    found: Desk = info.context
    return found


def bad_request(message: str) -> GraphQLError:
    """An argument that does not go."""
    return GraphQLError(message, extensions={"code": "BAD_REQUEST"})


def denied(name: str, scope: str) -> GraphQLError:
    """The answer to a field for which a scope is missing."""
    need = f"`{scope}` access scope."
    message = f"Access denied for {name} field. Required access: {need}"
    return GraphQLError(
        message, extensions={"code": "ACCESS_DENIED", "documentation": HTTP_DOCS, "requiredAccess": need}
    )


def _unapproved(kind: str) -> GraphQLError:
    return GraphQLError(
        f"This app is not approved to access the {kind} object. "
        "See https://partners.shopify.com/1/apps/1/customer_data for more details.",
        extensions={"code": "ACCESS_DENIED"},
    )


def kind_of(gid: str) -> str:
    """`gid://shopify/Customer/1` -> `Customer`; empty for what is no global id."""
    found = re.fullmatch(r"gid://shopify/(\w+)/(.+)", gid)
    return found[1] if found else ""


def _plain(name: str) -> Resolver:
    def resolve(row: Any, info: Any, **arguments: Any) -> Any:
        return row.get(name)

    return resolve


def _guarded(parent: str, name: str, gives: str, inner: Resolver) -> Resolver:
    base = gives.removesuffix("Connection")
    scope = _READS.get(base, "")
    if parent == "Mutation":
        scope = next((s for prefix, s in _WRITES.items() if name.startswith(prefix)), "")
    secret = name in _PROTECTED.get(parent, "").split()
    if not (scope or secret):
        return inner

    def resolve(row: Any, info: Any, **arguments: Any) -> Any:
        here = desk(info)
        if scope and not here.may(scope):
            raise denied(name, scope)
        if here.protected == "all" and (base == "Customer" or parent == "Customer"):
            raise _unapproved("Customer")
        if here.protected != "approved" and secret:
            raise _unapproved(parent)
        return inner(row, info, **arguments)

    return resolve


def tag_scope(gid: str) -> str:
    """The scope that changes the tags and metafields of a record."""
    return _TAGGED.get(kind_of(gid), "write_products")


def _instant(value: Any) -> str:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError("invalid DateTime") from None
    return str(value)


@functools.cache
def schema() -> GraphQLSchema:
    """The covered part of the schema, with its resolvers."""
    # The parts register themselves when they are imported.
    from vaiven_connectors.shopify import _sim_parts  # noqa: F401, PLC0415

    made = graphql.build_schema(Path(__file__).with_name("_sim_schema.graphql").read_text("utf-8"))
    for kind in made.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, one in kind.fields.items():
                inner = RESOLVERS.get(f"{kind.name}.{name}") or _plain(name)
                parent = "Mutation" if kind.name == "Mutation" else kind.name
                one.resolve = _guarded(parent, name, graphql.get_named_type(one.type).name, inner)
        elif isinstance(kind, graphql.GraphQLInterfaceType):
            kind.resolve_type = lambda row, *_: "BasicEvent" if "subjectType" in row else kind_of(row["id"])
        elif isinstance(kind, graphql.GraphQLUnionType):
            kind.resolve_type = lambda *_: "WebhookHttpEndpoint"
    made.type_map["DateTime"].parse_value = _instant  # type: ignore[attr-defined]
    unknown = [name for name in RESOLVERS if name.split(".")[1] not in _fields(made, name.split(".")[0])]
    if unknown:
        raise LookupError(f"no such fields in the schema: {unknown}")
    return made


def _fields(made: GraphQLSchema, name: str) -> Mapping[str, Any]:
    kind = made.type_map.get(name)
    return kind.fields if isinstance(kind, GraphQLObjectType) else {}


def parse(text: str) -> graphql.DocumentNode | list[Json]:
    """The document, or the errors that say why there is none."""
    try:
        document = graphql.parse(text)
    except graphql.GraphQLSyntaxError as problem:
        return [shown(problem)]
    found = graphql.validate(schema(), document)
    return [_invalid(problem) for problem in found] if found else document


def _invalid(problem: GraphQLError) -> Json:
    """A mistake in the query, in the words of Shopify's server (graphql-ruby's)."""
    message, more = problem.message, {}
    if found := re.match(r"Cannot query field '(\w+)' on type '(\w+)'", message):
        message = f"Field '{found[1]}' doesn't exist on type '{found[2]}'"
        more = {"code": "undefinedField", "typeName": found[2], "fieldName": found[1]}
    elif found := re.match(r"Unknown argument '(\w+)' on field '(?:\w+\.)?(\w+)'", message):
        message = f"Field '{found[2]}' doesn't accept argument '{found[1]}'"
        more = {"code": "argumentNotAccepted", "name": found[2], "typeName": "Field", "argumentName": found[1]}
    elif found := re.match(r"Argument '(?:\w+\.)?(\w+)\(?(\w*):?\)?' of type", message):
        name = getattr(getattr(problem.nodes[0], "name", None), "value", "") if problem.nodes else ""
        missing = found[2] or found[1]
        message = f"Field '{name}' is missing required arguments: {missing}"
        more = {"code": "missingRequiredArguments", "className": "Field", "name": name, "arguments": missing}
    return {"message": message, "locations": _places(problem), "path": ["query"], "extensions": more}


def _places(problem: GraphQLError) -> list[Json]:
    return [{"line": one.line, "column": one.column} for one in problem.locations or ()]


def shown(problem: GraphQLError) -> Json:
    """One error of the answer."""
    said: Json = {"message": problem.message}
    if problem.locations:
        said["locations"] = _places(problem)
    if problem.path:
        said["path"] = list(problem.path)
    if problem.extensions:
        said["extensions"] = dict(problem.extensions)
    return said


def operation_of(document: graphql.DocumentNode, name: str | None) -> graphql.OperationDefinitionNode | None:
    """The operation that is meant; None when that is not clear."""
    return graphql.get_operation_ast(document, name)


def variables_of(operation: graphql.OperationDefinitionNode, given: Json) -> Json | list[Json]:
    """The variables with their defaults, or what is wrong with them."""
    made = graphql.get_variable_values(schema(), operation.variable_definitions or (), given)
    if isinstance(made, list):
        return [
            {"message": one.message, "locations": _places(one), "extensions": {"code": "INVALID_VARIABLE"}}
            for one in made
        ]
    return given


def run(document: graphql.DocumentNode, here: Desk, variables: Json, name: str | None) -> tuple[Any, list[Json]]:
    """Data and errors."""
    result = graphql.execute_sync(
        schema(), document, root_value={}, context_value=here, variable_values=variables, operation_name=name
    )
    return result.data, [shown(problem) for problem in result.errors or ()]


def selections(node: Any, document: graphql.DocumentNode, variables: Mapping[str, Any]) -> Iterable[graphql.FieldNode]:
    """The fields of a selection set, fragments unfolded, without what is skipped."""
    if node.selection_set is None:
        return
    for one in node.selection_set.selections:
        if not _wanted(one, variables):
            continue
        if isinstance(one, graphql.FieldNode):
            yield one
        elif isinstance(one, graphql.InlineFragmentNode):
            yield from selections(one, document, variables)
        elif isinstance(one, graphql.FragmentSpreadNode):
            for definition in document.definitions:
                if isinstance(definition, graphql.FragmentDefinitionNode) and definition.name.value == one.name.value:
                    yield from selections(definition, document, variables)


def _wanted(node: graphql.SelectionNode, variables: Mapping[str, Any]) -> bool:
    for one in node.directives or ():
        for argument in one.arguments or ():
            said = graphql.value_from_ast_untyped(argument.value, dict(variables))
            if bool(said) == (one.name.value == "skip"):
                return False
    return True


def key_of(node: graphql.FieldNode) -> str:
    """The name of a field in the answer."""
    return node.alias.value if node.alias else node.name.value
