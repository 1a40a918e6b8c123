"""GraphQL documents, variables and answers against a schema."""

import pytest

from vaiven_sdk.testing.spec import Answered, Asked, GraphQl

SDL = """
scalar Date
enum Kind { BOOK TOY }
input Name { given: String! family: String kinds: [Kind!] }
interface Node { id: ID! }
type Product implements Node { id: ID! kind: Kind price: Float old: Int @deprecated(reason: "no") }
type Person implements Node { id: ID! name: String born: Date products(first: Int!, kind: Kind): [Product!]! }
type Query { person(id: ID!): Person node(id: ID!): Node found: [Person!] }
type Mutation { rename(id: ID!, name: Name!): Person }
"""
NODE = '{ node(id: "1") { id ... on Product { price } } }'
PERSON = "query p($id: ID!) { person(id: $id) { id name products(first: 3) { id } } }"


@pytest.fixture
def shop():
    return GraphQl.of_sdl(SDL, scalars={"Date": str}, path="/api")


@pytest.mark.parametrize(
    ("document", "variables", "faults"),
    [
        (PERSON, {"id": "1"}, []),
        (PERSON, {}, ["$id: required, and absent"]),
        (PERSON, {"id": None}, ["$id: null, and ID! is never"]),
        (PERSON, {"id": 7}, ["$id: ID described, got 7"]),
        (PERSON, {"id": "1", "x": 1}, ["$x: given, and not declared"]),
        ("{ nobody { id } }", {}, [".nobody: Query has no such field"]),
        ("{ person { id } }", {}, [".person(id): required, and absent"]),
        ('{ person(id: "1", x: 1) { id } }', {}, [".person(x): no such argument"]),
        ('{ person(id: "1") }', {}, [".person: Person needs fields"]),
        ('{ person(id: "1") { id { x } } }', {}, [".person.id: ID has no fields"]),
        (
            '{ person(id: "1") { products(first: "3") { id } } }',
            {},
            [".person.products(first): Int described, got '3'"],
        ),
        (
            '{ person(id: "1") { products(first: 3, kind: CAR) { id } } }',
            {},
            [".person.products(kind): 'CAR' is no Kind"],
        ),
        ('{ person(id: "1") { products(first: 3) { old } } }', {}, [".person.products.old: deprecated"]),
        ("query q($id: ID) { person(id: $id) { id } }", {}, [".person(id): ID! described, $id is ID"]),
        ('{ node(id: "1") { __typename id ... on Product { price } } }', {}, []),
        ('{ node(id: "1") { id ... on Product { born } } }', {}, [".node.born: Product has no such field"]),
        ('mutation m($n: Name!) { rename(id: "1", name: $n) { id } }', {"n": {"given": "A", "kinds": ["TOY"]}}, []),
        (
            'mutation m($n: Name!) { rename(id: "1", name: $n) { id } }',
            {"n": {"family": "B", "nick": "C", "kinds": ["CAR"]}},
            [
                "$n.nick: Name has no such field",
                "$n.given: required, and absent",
                "$n.kinds[0]: 'CAR' is no Kind",
            ],
        ),
        ('mutation m($n: Name!) { rename(id: "1", name: $n) { id } }', {"n": "A"}, ["$n: Name described, got str"]),
    ],
)
def test_a_document(shop, document, variables, faults):
    assert shop.document(document, variables) == faults


@pytest.mark.parametrize(
    ("document", "data", "faults"),
    [
        (PERSON, {"person": None}, []),
        (PERSON, {"person": {"id": "1", "name": None, "products": [{"id": "2"}]}}, []),
        (PERSON, {}, ["data.person: asked for, and absent"]),
        (PERSON, {"person": {"id": 1, "name": "A", "products": []}}, ["data.person.id: ID described, got 1"]),
        (
            PERSON,
            {"person": {"id": "1", "name": "A", "products": None}},
            ["data.person.products: null, and [Product!]! is never"],
        ),
        (PERSON, {"person": {"id": "1", "name": "A", "products": [], "age": 3}}, ["data.person.age: never asked for"]),
        (
            "{ found { b: born } }",
            {"found": [{"b": "2000-01-01"}, {"b": 2000}]},
            ["data.found[1].b: Date described, got 2000"],
        ),
        (NODE, {"node": {"id": "1", "price": 1.5}}, []),
        (NODE, {"node": {"id": "1", "price": "x"}}, ["data.node.price: Float described, got 'x'"]),
        (NODE, {"node": {"id": "1"}}, []),
    ],
)
def test_an_answer(shop, document, data, faults):
    assert shop.data(document, data) == faults


def test_a_watch_hears_of_the_endpoint_alone(shop):
    asked = Asked("POST", "/api", body={"query": "{ nobody { id } }"})
    assert [str(one) for one in shop.request(asked)] == ["POST /api request .nobody: Query has no such field"]
    assert shop.request(Asked("GET", "/files/7")) == []
    whole = Asked("POST", "/api", body={"query": PERSON, "variables": {"id": "1"}})
    assert shop.request(whole) == []
    assert [str(one) for one in shop.answer(whole, Answered(200, {"data": {"x": 1}}))] == [
        "POST /api 200 data.person: asked for, and absent",
        "POST /api 200 data.x: never asked for",
    ]
    assert shop.answer(whole, Answered(200, {"data": {"x": 1}, "errors": [{}]})) == []
    assert {"Query.person", "Person.name"} <= shop.seen
    assert shop.documents == {"{ nobody { id } }", PERSON}
