"""Walking the pages of a declared read, rule by rule."""

import json

import pytest

from vaiven_sdk import AnswerMalformed, Config, ConfigInvalid, Page, Window, get, post
from vaiven_sdk.errors import CursorLoop
from vaiven_sdk.paging import Seen


@pytest.fixture
def pages(session, script):
    """Read everything: ids page by page."""

    async def read(declared, *answers, state=None, key=("id",), window=None):
        script.answers = [answer if isinstance(answer, tuple) else (200, answer) for answer in answers]
        return [
            page async for page in session().walk(declared, window or Window(config=Config()), state=state, key=key)
        ]

    return read


def ids(pages):
    return [[json.loads(bytes(item))["id"] for item in page.items] for page in pages]


def rows(*numbers):
    return [{"id": number} for number in numbers]


def queries(script):
    return [dict(request.query) for request in script.asked]


# ------------------------------------------------------------------------------------------------------------- rules


async def test_one_page_is_one_request(pages, script):
    assert ids(await pages(get("/people"), rows(1, 2))) == [[1, 2]]
    assert [request.path for request in script.asked] == ["/v1/people"]


async def test_cursor_in_the_query(pages, script):
    page = Page.cursor("after", at="paging.next.after", size=2, size_param="limit")
    got = await pages(
        get("/people", items="results", page=page),
        {"results": rows(1, 2), "paging": {"next": {"after": "2"}}},
        {"results": rows(3), "paging": None},
    )
    assert ids(got) == [[1, 2], [3]]
    assert [page.state for page in got] == ["2", None]
    assert queries(script) == [{"limit": "2"}, {"limit": "2", "after": "2"}]


@pytest.mark.parametrize("end", [{}, {"next": None}, {"next": ""}])
async def test_a_cursor_ends_when_absent_null_or_empty(pages, end):
    assert len(await pages(get("/x", items="x", page=Page.cursor("c", at="next")), {"x": [], **end})) == 1


TOLD = [Page.cursor("c", at="cursors.after", more="paging.next"), Page.next_url(at="cursors.after", more="paging.next")]


@pytest.mark.parametrize("page", TOLD)
async def test_where_the_last_page_has_a_cursor_too_another_value_tells_the_end(pages, page):
    got = await pages(
        get("/x", items="x", page=page),
        {"x": rows(1), "cursors": {"after": "?c=1"}, "paging": {"next": "https://there"}},
        {"x": rows(2), "cursors": {"after": "?c=2"}, "paging": {}},
    )
    assert ids(got) == [[1], [2]]


async def test_more_pages_without_a_cursor_are_no_end(pages):
    with pytest.raises(AnswerMalformed, match="There is a next page"):
        await pages(get("/x", items="x", page=TOLD[0]), {"x": rows(1), "paging": {"next": "https://there"}})


async def test_cursor_in_the_body(pages, script):
    declared = post(
        "/search", json=lambda window: {"q": window.since}, items="x", page=Page.cursor("c", at="c", body=True)
    )
    await pages(declared, {"x": rows(1), "c": [1, "a"]}, {"x": rows(2)}, window=Window(config=Config(), since="then"))
    assert [request.body for request in script.asked] == [{"q": "then"}, {"q": "then", "c": [1, "a"]}]
    assert [request.method for request in script.asked] == ["POST", "POST"]


async def test_offset_with_a_total_repeats_the_last_record_of_each_page(pages, script):
    page = Page.offset(size=2, total="total")
    got = await pages(
        get("/x", items="x", page=page),
        {"x": rows(1, 2), "total": 4},
        {"x": rows(2, 3), "total": 4},
        {"x": rows(3, 4), "total": 4},
    )
    assert ids(got) == [[1, 2], [2, 3], [3, 4]]
    assert [query["offset"] for query in queries(script)] == ["0", "1", "2"]


async def test_offset_goes_back_as_far_as_the_total_shrank(pages, script):
    page = Page.offset(size=2, total="total", param="start", size_param="count")
    await pages(
        get("/x", items="x", page=page),
        {"x": rows(1, 2), "total": 4},
        {"x": rows(3, 4), "total": 3},
        {"x": rows(2, 3), "total": 3},
        {"x": rows(3, 4), "total": 3},
    )
    assert [query["start"] for query in queries(script)] == ["0", "1", "0", "1"]


async def test_offset_without_a_total_ends_at_a_page_that_is_not_full(pages, script):
    got = await pages(get("/x", page=Page.offset(size=2)), rows(1, 2), rows(2, 3), rows(3))
    assert ids(got) == [[1, 2], [2, 3], [3]]
    assert [query["offset"] for query in queries(script)] == ["0", "1", "2"]


@pytest.mark.parametrize("total", [{}, {"total": None}, {"total": "many"}])
async def test_a_total_that_is_missing_is_no_end(pages, total):
    with pytest.raises(AnswerMalformed, match="total"):
        await pages(get("/x", items="x", page=Page.offset(size=2, total="total")), {"x": rows(1, 2), **total})


async def test_last_id(pages, script):
    page = Page.last_id("starting_after", more="has_more", size=2)
    got = await pages(
        get("/x", items="data", page=page),
        {"data": rows("a", "b"), "has_more": True},
        {"data": rows("c"), "has_more": False},
    )
    assert ids(got) == [["a", "b"], ["c"]]
    assert queries(script) == [{"limit": "2"}, {"limit": "2", "starting_after": "b"}]


async def test_last_id_may_lie_deeper_and_a_last_record_without_one_is_skipped(pages, script):
    declared = get("/x", items="x", page=Page.last_id("after", more="more"))
    first = {"x": [{"node": {"id": 5}}, {"node": {}}, {"node": None}, 7], "more": True}
    await pages(declared, first, {"x": []}, key=("node", "id"))
    assert queries(script)[1]["after"] == "5"


async def test_more_to_come_after_an_empty_page_is_not_taken_for_the_end(pages):
    with pytest.raises(AnswerMalformed, match="no record of this page has an id"):
        await pages(get("/x", items="x", page=Page.last_id("after", more="more")), {"x": [], "more": True})


async def test_keyset_asks_for_what_comes_after_until_a_page_is_empty(pages, script):
    declared = get("/x", page=Page.keyset(size=2), after=lambda window: window.after, since="{since}")
    got = await pages(declared, rows(1, 2), rows(5), [])
    assert ids(got) == [[1, 2], [5], []]
    assert queries(script) == [{}, {"after": "2"}, {"after": "5"}]


async def test_a_next_address_is_followed_whole_and_nothing_is_added(pages, script):
    page = Page.next_url(at="links.next", size=2, size_param="limit")
    got = await pages(
        get("/x", items="x", page=page, sort="id"),
        {"x": rows(1), "links": {"next": "https://api.acme.example/v2/x/more?page=2&tag=a&tag=b&empty="}},
        {"x": rows(2), "links": {"next": "more?page=3"}},
        {"x": rows(3), "links": {}},
    )
    assert ids(got) == [[1], [2], [3]]
    assert [request.path for request in script.asked] == ["/v1/x", "/v2/x/more", "/v2/x/more"]
    assert script.asked[1].query.multi_items() == [("page", "2"), ("tag", "a"), ("tag", "b"), ("empty", "")]
    assert queries(script)[2] == {"page": "3"}


def test_a_rule_that_looks_into_the_answer_needs_an_answer_that_is_an_object():
    with pytest.raises(TypeError, match=r"/x: .*'more'.*items="):
        get("/x", page=Page.last_id("after", more="more"))


def test_rules_keep_no_state_of_their_own():
    for page in (Page.offset(size=1), Page.cursor("c", at="c"), Page.keyset(size=1), Page.last_id("c", more="more")):
        before = page.turn(None)
        page.advance(None, Seen({"c": "x", "more": True}, 1, "1", {}))
        assert page.turn(None) == before


# ---------------------------------------------------------------------------------------------------------- the walk


async def test_an_empty_page_in_the_middle_is_no_end(pages):
    declared = get("/x", items="x", page=Page.cursor("c", at="c"))
    assert ids(await pages(declared, {"x": rows(1), "c": "1"}, {"x": [], "c": "2"}, {"x": rows(3)})) == [[1], [], [3]]


async def test_a_walk_goes_on_from_the_state_of_an_earlier_one(pages, script):
    declared = get("/x", items="x", page=Page.cursor("c", at="c"))
    await pages(declared, {"x": rows(9)}, state="there")
    assert queries(script) == [{"c": "there"}]


@pytest.mark.parametrize("cursors", [["a", "a"], ["a", "b", "a"]])
async def test_a_cursor_that_comes_again_ends_the_walk(pages, script, cursors):
    declared = get("/x", items="x", page=Page.cursor("c", at="c"))
    with pytest.raises(CursorLoop, match="repeats itself") as caught:
        await pages(declared, *({"x": rows(1), "c": cursor} for cursor in cursors))
    assert len(script.asked) == len(cursors)
    assert caught.value.code == "cursor_loop"


async def test_empty_slots_are_left_out_and_filled_ones_are_not(pages, script):
    declared = get("/x", since="{since}", until="{until}", n=0, flag=True, none=lambda _: None, at=lambda w: w.size)
    await pages(declared, [], window=Window(config=Config(), since="2026-01-01T00:00:00+01:00"))
    assert queries(script) == [{"since": "2026-01-01T00:00:00+01:00", "n": "0", "flag": "true", "at": "100"}]


async def test_a_path_with_an_empty_setting_is_not_sent(pages, script):
    class Settings(Config):
        list_id: str = ""

    with pytest.raises(ConfigInvalid, match="list_id"):
        await pages(get("/lists/{config.list_id}/members"), [], window=Window(config=Settings()))
    assert script.asked == []


# ------------------------------------------------------------------------------------------------------- bad answers


async def test_items_lie_at_a_nested_path(pages):
    declared = get("/x", items="data.shop.people", page=Page.cursor("c", at="data.shop.next"))
    first = {"data": {"shop": {"people": rows(1), "next": "n", "x": 1}}, "extensions": {}}
    assert ids(await pages(declared, first, {"data": {"shop": {"people": None}}})) == [[1], []]


@pytest.mark.parametrize("answer", [{"data": None, "errors": [{}]}, {"data": {}}, {"data": {"shop": None}}, {}, [], 5])
async def test_an_answer_without_the_list_is_not_an_empty_list(pages, answer):
    with pytest.raises(AnswerMalformed):
        await pages(get("/x", items="data.shop.people"), answer)


@pytest.mark.parametrize(
    "bad",
    [b'{"id":2,"v":NaN}', b'{"id":2,"v":-Infinity}', b'{"id":2,"v":"\\ud800"}', b'{"id":2,"v":01}', b'{"id":2 "v"}'],
)
@pytest.mark.parametrize("items", ["data.rows", None])
async def test_a_record_that_is_no_json_is_set_aside_and_its_neighbours_land(pages, bad, items):
    list_ = b'[{"id":1, "n": 1.10},%s,{"id":3}]' % bad
    content = list_ if items is None else b'{"data":{"n":1,"rows":%s},"next":null}' % list_
    (page,) = await pages(get("/x", items=items), (200, content))
    assert [bytes(item) for item in page.items] == [b'{"id":1, "n": 1.10}', b'{"id":3}']
    assert [text.encode() for text, _ in page.bad] == [bad]
    assert all(reason.startswith("not valid JSON: ") for _, reason in page.bad)


async def test_paging_goes_on_after_a_page_with_a_bad_record(pages, script):
    declared = get("/x", items="x", page=Page.cursor("c", at="c"))
    got = await pages(declared, (200, b'{"c":"n","x":[{"id":NaN}]}'), {"x": rows(2)})
    assert [len(page.items) for page in got] == [0, 1]
    assert queries(script)[1] == {"c": "n"}


async def test_a_bad_record_counts_as_one_of_a_full_page(pages):
    got = await pages(get("/x", page=Page.offset(size=2)), (200, b'[{"id":1},{"id":NaN}]'), [])
    assert len(got) == 2


async def test_a_proxys_page_is_named_as_one(pages):
    with pytest.raises(AnswerMalformed, match=r"HTML or XML page \(text/html, 15 bytes\), most likely a proxy's"):
        await pages(get("/x"), (200, b"<html>wait</h1>", {"content-type": "text/html"}))


@pytest.mark.parametrize("content", [b"", b'[{"id":1},', b"[[[", b"null", b'"text"', b"\xff\xfe"])
async def test_what_is_no_page_is_malformed(pages, content):
    with pytest.raises(AnswerMalformed, match="not the page of records"):
        await pages(get("/x"), (200, content))
