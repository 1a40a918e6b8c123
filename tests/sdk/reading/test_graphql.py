"""GraphQL: connections, and errors that come with status 200."""

import json

import pytest

from tests.support.shelf import INFO, QUERY
from vaiven_sdk import (
    AnswerMalformed,
    Config,
    CursorLoop,
    NotFound,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    Unsettled,
    VendorBusy,
    VendorDown,
    Window,
    get,
    graphql,
    post,
)
from vaiven_sdk.errors import MakerError
from vaiven_sdk.read import user_errors

READ = graphql(
    QUERY % ("nodes { id }", INFO),
    items="shop.rows",
    page_size=2,
    variables={"filter": {"since": "{since}", "kind": "x"}, "size": lambda w: w.size},
)


def answer(ids, end=None, **more):
    info = {"hasNextPage": end is not None, "endCursor": end}
    return 200, {"data": {"shop": {"rows": {"nodes": [{"id": i} for i in ids], "pageInfo": info}}}, **more}


@pytest.fixture
def read(session, script):
    async def pages(*answers, since=None):
        script.answers = list(answers)
        return [page async for page in session().walk(READ, Window(Config(), since=since))]

    return pages


async def test_variables_are_filled_and_the_cursor_goes_among_them(read, script):
    pages = await read(answer([1, 2], "c"), answer([3], None), since="2026-01-01")
    assert [[json.loads(bytes(i))["id"] for i in page.items] for page in pages] == [[1, 2], [3]]
    first, second = (request.body for request in script.asked)
    assert first["query"] == second["query"] == READ.json["query"]
    common = {"filter": {"since": "2026-01-01", "kind": "x"}, "size": 100, "first": 2}
    assert [first["variables"], second["variables"]] == [{**common, "after": None}, {**common, "after": "c"}]


async def test_an_empty_slot_is_left_out(read, script):
    await read(answer([]))
    assert script.asked[0].body["variables"]["filter"] == {"kind": "x"}


async def test_an_empty_page_in_the_middle_is_no_end(read):
    assert len(await read(answer([1], "a"), answer([], "b"), answer([2]))) == 3


async def test_a_cursor_that_comes_again_ends_the_walk(read):
    with pytest.raises(CursorLoop):
        await read(answer([1], "a"), answer([2], "a"))


@pytest.mark.parametrize(
    "info", [None, {}, {"hasNextPage": None}, {"hasNextPage": True}, {"hasNextPage": True, "endCursor": ""}]
)
async def test_what_tells_no_end_is_none(read, info):
    with pytest.raises(AnswerMalformed):
        await read((200, {"data": {"shop": {"rows": {"nodes": [], "pageInfo": info}}}}))


@pytest.mark.parametrize("data", [None, {"shop": None}, {"shop": {"rows": None}}, {"shop": {"rows": {}}}])
async def test_an_answer_without_the_connection_is_not_an_empty_list(read, data):
    with pytest.raises(AnswerMalformed):
        await read((200, {"data": data}))


@pytest.mark.parametrize(
    ("error", "kind", "why"),
    [
        ({"message": "no", "extensions": {"code": "ACCESS_DENIED"}}, PermissionMissing, "ACCESS_DENIED: no"),
        ({"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}, ReconnectRequired, "UNAUTHENTICATED: no"),
        ({"message": "no field x"}, RequestRefused, "no field x"),
        ({"message": "dear", "extensions": {"code": "MAX_COST_EXCEEDED"}}, RequestRefused, "MAX_COST_EXCEEDED: dear"),
    ],
)
@pytest.mark.parametrize("data", [None, {"shop": {"rows": {"nodes": [], "pageInfo": {"hasNextPage": False}}}}])
async def test_errors_in_a_good_answer_are_errors_with_the_vendors_code(read, error, kind, why, data):
    with pytest.raises(kind) as caught:
        await read((200, {"data": data, "errors": [error]}))
    assert caught.value.why == why


async def test_the_refusal_holds_all_that_the_vendor_said(read):
    told = [{"message": "a"}, {"message": "b"}]
    with pytest.raises(RequestRefused) as caught:
        await read((200, {"errors": told}))
    assert caught.value.body == {"errors": told}


async def test_a_throttled_query_is_sent_again(read, script):
    busy = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    pages = await read((200, {"errors": [busy]}), (200, {"errors": [busy]}), answer([1]))
    assert len(pages) == 1
    assert len(script.asked) == 3


async def test_one_that_stays_throttled_is_busy(read):
    with pytest.raises(VendorBusy):
        await read((200, {"errors": [{"message": "x", "extensions": {"code": "THROTTLED"}}]}))


@pytest.mark.parametrize("errors", [None, []])
async def test_no_errors_are_none(read, errors):
    assert len(await read(answer([1], errors=errors))) == 1


@pytest.mark.parametrize("query", ["{ shop { rows { nodes { id } } } }", QUERY % ("items { id }", INFO)])
def test_a_query_that_cannot_be_paged_is_refused(query):
    with pytest.raises(TypeError, match="graphql"):
        graphql(query, items="shop.rows")


# ------------------------------------------------------------------------------------ a query that is made for the read
def made(window):
    return QUERY % (f"nodes {{ {' '.join(window.fields)} }}", INFO)


async def test_a_function_of_the_window_makes_the_query(session, script):
    read = graphql(made, items="shop.rows", page_size=2, variables={"since": lambda w: w.since})
    script.answers = [answer([1], "c"), answer([2])]
    window = Window(Config(), since="2026-01-01", fields=("id", "shoe_size"))
    pages = [page async for page in session().walk(read, window)]
    assert [len(page.items) for page in pages] == [1, 1]
    assert all("nodes { id shoe_size }" in one.body["query"] for one in script.asked)
    assert script.asked[1].body["variables"] == {"since": "2026-01-01", "first": 2, "after": "c"}


async def test_a_made_query_may_ask_for_edges(session, script):
    read = graphql(lambda _: QUERY % ("edges { node { id } }", INFO), items="shop.rows", edges=True)
    info = {"hasNextPage": False, "endCursor": None}
    script.answers = [(200, {"data": {"shop": {"rows": {"edges": [{"node": {"id": 7}}], "pageInfo": info}}}})]
    (page,) = [page async for page in session().walk(read, Window(Config()))]
    assert [json.loads(bytes(item)) for item in page.items] == [{"id": 7}]


@pytest.mark.parametrize(
    ("query", "edges", "said"),
    [
        ("{ shop { rows { nodes { id } } } }", False, r"has no \$first"),
        (QUERY % ("nodes { id }", INFO), True, "edges= says True"),
        (QUERY % ("edges { node { id } }", INFO), False, "edges= says False"),
    ],
)
async def test_a_made_query_that_cannot_be_paged_is_the_makers(session, query, edges, said):
    read = graphql(lambda _: query, items="shop.rows", edges=edges)
    with pytest.raises(MakerError, match=said):
        await anext(session().walk(read, Window(Config())))


async def test_a_look_at_each_answer_may_name_an_error(session, script):
    def look(told):
        return NotFound("The shop is gone.") if told.json()["data"]["shop"] is None else None

    read = graphql(made, items="shop.rows", check=look)
    for refused, kind in (
        ({"data": {"shop": None}}, NotFound),
        ({"data": {"shop": None}, "errors": [{"message": "no"}]}, RequestRefused),
    ):
        script.answers = [(200, refused)]
        with pytest.raises(kind):
            await anext(session().walk(read, Window(Config(), fields=("id",))))


@pytest.mark.parametrize(
    "read", [get("/x").checked(lambda _: NotFound("no")), post("/x", json={}, check=lambda _: NotFound("no"))]
)
async def test_every_request_may_look_at_its_answers(session, script, read):
    script.answers = [(200, [{"id": 1}])]
    with pytest.raises(NotFound, match="no"):
        await anext(session().walk(read, Window(Config())))


# ------------------------------------------------------------------------------------------------- telling, not reading
async def test_a_document_gives_its_data(session, script):
    script.answers = [(200, {"data": {"made": {"id": "7"}}}), (200, {"data": None})]
    hub = session()
    assert await hub.graphql("mutation m($id: ID!) { made(id: $id) { id } }", {"id": 7}) == {"made": {"id": "7"}}
    assert await hub.graphql("{ shop { id } }", path="/graphql.json") == {}
    assert [(one.path, one.body["variables"]) for one in script.asked] == [
        ("/v1/graphql", {"id": 7}),
        ("/v1/graphql.json", {}),
    ]


async def test_errors_of_a_document_are_errors(session, script):
    script.answers = [(200, {"data": {"x": 1}, "errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]})]
    with pytest.raises(PermissionMissing, match="FORBIDDEN: no"):
        await session().graphql("{ x }")


@pytest.mark.parametrize(
    ("document", "how", "kind"),
    [
        ("mutation { x }", {}, Unsettled),
        ("\n  mutation m { x }", {}, Unsettled),
        ("mutation { x }", {"safe": True}, VendorDown),
        ("query q { x }", {}, VendorDown),
        ("{ x }", {}, VendorDown),
        ("{ x }", {"safe": False}, Unsettled),
    ],
)
async def test_a_mutation_is_sent_once_unless_it_does_no_harm(session, script, document, how, kind):
    script.answers = [(502, {})]
    with pytest.raises(kind):
        await session(attempts=2).graphql(document, **how)
    assert len(script.asked) == (1 if kind is Unsettled else 2)


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (None, []),
        ({}, []),
        ({"userErrors": []}, []),
        (
            {"userErrors": [{"code": "TAKEN", "field": ["input", "email"], "message": "Email  has been\ntaken"}]},
            [("taken", "input.email: Email has been taken")],
        ),
        (
            {"userErrors": [{"field": None, "message": "No."}, {"field": "id", "message": "Bad"}]},
            [("refused", "No."), ("refused", "id: Bad")],
        ),
    ],
)
def test_what_a_mutation_refuses(payload, found):
    assert user_errors(payload) == found
    assert user_errors({"problems": (payload or {}).get("userErrors")}, at="problems") == found
