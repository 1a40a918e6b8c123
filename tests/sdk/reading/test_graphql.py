"""GraphQL: connections, and errors that come with status 200."""

import json

import pytest

from tests.support.shelf import INFO, QUERY
from vaiven_sdk import (
    AnswerMalformed,
    Config,
    CursorLoop,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    VendorBusy,
    Window,
    graphql,
)

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
