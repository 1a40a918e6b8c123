"""The simulator's schema and its answers against the vendor's published types (admin 2026-10)."""

import gzip
import json
import re
from typing import Any

import graphql
import pytest
from starlette.testclient import TestClient

from tests.support.spec_check import SPECS
from vaiven_connectors.shopify._sim_graph import schema
from vaiven_connectors.shopify.simulator import ShopifySimulator

SPEC = SPECS / "shopify.json.gz"
LEAVES = {
    "ID": r"gid://shopify/\w+/\d+|[\w.-]+",
    "DateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "Decimal": r"-?\d+\.\d+",
    "Money": r"-?\d+\.\d+",
    "UnsignedInt64": r"\d+",
    "URL": r"https?://\S+",
}


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    if not SPEC.exists():
        pytest.skip(f"the vendor's published types are not here: {SPEC}")
    types: dict[str, Any] = json.loads(gzip.decompress(SPEC.read_bytes()))["graphql"]["admin"]["types"]
    return types


def spelt(kind: Any, arguments: Any) -> str:
    said = ",".join(f"{name}:{one.type}" for name, one in sorted(arguments.items()))
    return f"{kind}({said})" if said else str(kind)


def described(text: str) -> str:
    kind, _, rest = text.removesuffix(" dep").partition("(")
    return f"{kind}({','.join(sorted(rest[:-1].split(',')))})" if rest else kind


def test_every_type_field_and_argument_is_the_vendors(facts: dict[str, Any]) -> None:
    wrong, fields = [], 0
    for name, kind in schema().type_map.items():
        if name.startswith("__") or graphql.is_scalar_type(kind):
            continue
        known = facts[name]
        if isinstance(kind, graphql.GraphQLEnumType):
            wrong += [name] if sorted(kind.values) != sorted(known["v"]) else []
        elif isinstance(kind, graphql.GraphQLUnionType):
            wrong += [] if {one.name for one in kind.types} <= set(known["v"]) else [name]
        else:
            for field, one in kind.fields.items():
                fields += 1
                ours = spelt(one.type, getattr(one, "args", {}))
                if ours != described(known["f"].get(field, "")):
                    wrong.append(f"{name}.{field}: {ours}, described {known['f'].get(field)}")
    assert wrong == []
    assert fields > 800


def misfits(facts: dict[str, Any], kind: str, value: Any, at: str) -> list[str]:
    kind = kind.partition("(")[0].removesuffix(" dep")
    if value is None:
        return [f"{at}: null"] if kind.endswith("!") else []
    kind = kind.removesuffix("!")
    if kind.startswith("["):
        return [line for one in value for line in misfits(facts, kind[1:-1], one, f"{at}[]")]
    known = facts.get(kind)
    if known is None or known["k"] == "E":
        return _leaf(kind, known, value, at)
    named = facts[value["__typename"]] if "__typename" in value else known
    found = [f"{at}.{name}: not described" for name in value if name != "__typename" and name not in named["f"]]
    for name, one in value.items():
        if name in named.get("f", {}):
            found += misfits(facts, named["f"][name], one, f"{at}.{name}")
    return found


def _leaf(kind: str, known: dict[str, Any] | None, value: Any, at: str) -> list[str]:
    if known is not None:
        return [] if value in known["v"] else [f"{at}: {value!r} is not one of {kind}"]
    wanted = {"Int": int, "Float": (int, float), "Boolean": bool, "JSON": object}.get(kind, str)
    good = isinstance(value, wanted) and (kind != "Int" or not isinstance(value, bool))
    if good and kind in LEAVES:
        good = re.fullmatch(LEAVES[kind], value) is not None
    return [] if good else [f"{at}: {value!r} is no {kind}"]


def everything(kind: Any, deep: int, seen: tuple[str, ...] = ()) -> str:
    """Every field of a type that needs no argument but `first`, to a depth."""
    chosen = []
    for name, one in kind.fields.items():
        below = graphql.get_named_type(one.type)
        needs = [key for key, arg in one.args.items() if isinstance(arg.type, graphql.GraphQLNonNull)]
        if needs or below.name in seen:
            continue
        if graphql.is_leaf_type(below):
            chosen.append(name)
        elif deep and isinstance(below, graphql.GraphQLObjectType):
            first = "(first: 2)" if "first" in one.args else ""
            chosen.append(f"{name}{first} {{ {everything(below, deep - 1, (*seen, kind.name))} }}")
    return " ".join(["__typename", *chosen])


LISTS = ("customers", "orders", "products", "productVariants", "abandonedCheckouts", "events", "bulkOperations")


@pytest.mark.parametrize(
    "name", [*LISTS, "webhookSubscriptions", "shop", "currentAppInstallation", "publicApiVersions"]
)
def test_every_field_of_an_answer_fits(facts: dict[str, Any], name: str) -> None:
    sim = ShopifySimulator(quirks={"bucket": 0.0})
    for stream in ("customers", "refunds", "products", "checkouts"):
        sim.sample(stream, 3)
    for stream in ("customers", "orders", "products"):
        sim.customise(stream)
    person = sim.seed(
        [{"firstName": "Eva", "phone": "+34600000001", "addresses": [{"city": "Cádiz", "countryCode": "ES"}]}]
    )[0]
    sim.place_order(person, [{"price": "5", "discount": "1"}], utm={"campaign": "spring"}, shipping="3", tax="1")
    sim.remove("products", sim.sample("products", 1)[0])
    headers = {"X-Shopify-Access-Token": sim.credential["access_token"]}
    kind = graphql.get_named_type(schema().query_type.fields[name].type)
    first = "(first: 5)" if "first" in schema().query_type.fields[name].args else ""
    with TestClient(sim.app, headers=headers) as client:

        def ask(query: str) -> dict[str, Any]:
            return client.post("/admin/api/2026-10/graphql.json", json={"query": query}).json()

        ask('mutation { bulkOperationRunQuery(query: "{ customers { nodes { id } } }") { userErrors { message } } }')
        hook = 'topic: ORDERS_CREATE, webhookSubscription: {uri: "https://hub.example/in"}'
        ask(f"mutation {{ webhookSubscriptionCreate({hook}) {{ userErrors {{ message }} }} }}")
        checked = 0
        for deep in (1, 2, 3):
            answer = ask(f"{{ {name}{first} {{ {everything(kind, deep)} }} }}")
            if answer.get("errors") and "cost" in answer["errors"][0]["message"]:
                break
            assert "errors" not in answer
            assert misfits(facts, facts["QueryRoot"]["f"][name], answer["data"][name], name) == []
            checked += 1
    assert checked
