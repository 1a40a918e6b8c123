"""Windows, fan-out and capped searches where something is in the way."""

import json

import pytest

from tests.support.shelf import CAP, KINDS, LISTS, MEMBERS, SEARCH, START, Shelf, at
from vaiven_sdk import (
    AnswerMalformed,
    Config,
    CursorLoop,
    NotFound,
    Page,
    TooMany,
    Window,
    capped,
    each,
    get,
    post,
    windows,
)
from vaiven_sdk.http import Answer


async def walked(send, read, **window):
    return [page async for page in read.pages(send, Window(Config(), **window))]


def records(pages):
    return [json.loads(bytes(item)) for page in pages for item in page.items]


def scripted(*answers):
    """Answers in order, the last one for ever, and what was asked."""
    asked = []

    async def send(method, path, *, params=None, json=None, **_):
        asked.append((path, dict(params or {}), json))
        found = answers[min(len(asked), len(answers)) - 1]
        found = found(params or {}) if callable(found) else found
        if isinstance(found, Exception):
            raise found
        return Answer(200, {"date": "Sun, 01 Mar 2026 12:00:00 GMT"}, encoded(found))

    send.asked = asked
    return send


def encoded(value):
    return json.dumps(value).encode()


# ------------------------------------------------------------------------------------------------------------ windows

BOTH = get("/x", since="{since}", until="{until}")


async def test_the_last_window_ends_at_the_vendors_clock_less_the_lag():
    send = scripted([])
    pages = await walked(send, windows(BOTH, days=10, start="2026-02-01"), lag=60.0)
    assert [asked["until"][:19] for _, asked, _ in send.asked] == [
        "2026-02-11T00:00:00",
        "2026-02-21T00:00:00",
        "2026-03-01T11:59:00",
    ]
    assert pages[-1].since == "2026-03-01T11:59:00.000000Z"
    assert [page.since for page in pages[:-1]] == [None, None]


async def test_windows_begin_where_the_last_read_ended():
    send = scripted([])
    pages = await walked(send, windows(BOTH, days=10, start="2000-01-01"), since="2026-02-28T23:30:00.5Z")
    assert send.asked[0][1]["since"] == "2026-02-28T23:30:00.000000Z"
    assert pages[-1].since == "2026-03-01T12:00:00.000000Z"


async def test_a_vendor_that_takes_both_ends_gets_a_second_less():
    send = scripted([])
    await walked(send, windows(BOTH, days=10, start="2026-02-01", closed=1), until="2026-02-12T00:00:00Z")
    assert [(a["since"][:19], a["until"][:19]) for _, a, _ in send.asked] == [
        ("2026-02-01T00:00:00", "2026-02-10T23:59:59"),
        ("2026-02-11T00:00:00", "2026-02-11T23:59:59"),
    ]


async def test_civil_dates_are_those_of_the_accounts_time_zone():
    send = scripted([])
    pages = await walked(send, windows(BOTH, days=2, start="2026-02-27", dates=True), zone="Pacific/Auckland")
    # It is noon in Greenwich, and the next day in Auckland.
    assert [(a["since"], a["until"]) for _, a, _ in send.asked] == [
        ("2026-02-27", "2026-02-28"),
        ("2026-03-01", "2026-03-02"),
    ]
    assert pages[-1].since == "2026-03-02"


async def test_a_window_with_too_many_is_halved_and_widens_again():
    def answer(params):
        begin, end = (int(params[name]) for name in ("since", "until"))
        return TooMany("too many") if end - begin > 100_000 and begin < 1_771_000_000 else []

    read = windows(get("/x", since="{since.epoch}", until="{until.epoch}"), days=4, start="2026-02-11")
    send = scripted(answer)
    await walked(send, read)
    good = [(int(a["since"]), int(a["until"])) for _, a, _ in send.asked if not isinstance(answer(a), TooMany)]
    assert [a[1] for a in good[:-1]] == [b[0] for b in good[1:]]
    assert len(good) < 12


@pytest.mark.parametrize(("dates", "least"), [(False, 1), (True, 86_400)])
async def test_what_is_too_many_for_the_least_window_is_an_error(dates, least):
    send = scripted(TooMany("too many"))
    with pytest.raises(TooMany):
        await walked(send, windows(get("/x", a="{since.epoch}", b="{until.epoch}"), start="2026-02-01", dates=dates))
    last = send.asked[-1][1]
    assert int(last["b"]) - int(last["a"]) == (least if not dates else 0)


@pytest.mark.parametrize("days", [0, 0.000001])
def test_a_window_of_nothing_is_refused(days):
    with pytest.raises(TypeError, match="days"):
        windows(BOTH, days=days, start="2026-01-01")


# --------------------------------------------------------------------------------------------------------------- each


async def test_a_parent_that_vanished_is_skipped():
    vendor = Shelf()
    for number, name in enumerate("aabbccdd"):
        vendor.put(f"r{number}", 0, name)
    found = []
    async for page in KINDS["each"].pages(vendor.send, Window(Config())):
        found += records([page])
        for key in ("r2", "r3"):
            vendor.rows.pop(key, None)
    assert [(row["id"], row["list"]) for row in found] == [
        ("r0", "a"),
        ("r1", "a"),
        ("r4", "c"),
        ("r5", "c"),
        ("r6", "d"),
        ("r7", "d"),
    ]
    assert page.state is None


async def test_when_no_parent_at_all_is_there_the_path_is_wrong():
    vendor = Shelf()
    for name in "abc":
        vendor.put(name, 0, name)
    with pytest.raises(NotFound, match="None of 3 parents"):
        await walked(vendor.send, each(LISTS, get("/nowhere/{parent.id}", items="rows")))


async def test_parents_reach_bodies_paths_and_functions():
    send = scripted({"rows": [{"id": "a/b?c", "team": {"id": 7}, "big": "x" * 999}]}, [{"id": 1}])
    read = each(
        get("/teams", items="rows"),
        post("/members/{parent.id}", json=lambda w: {"team": w.parent["team.id"], "n": w.parent["id"]}),
        carry=["team.id"],
        inject={"team_id": "parent.team.id"},
    )
    pages = await walked(send, read)
    assert send.asked[1] == ("/members/a%2Fb%3Fc", {}, {"team": 7, "n": "a/b?c"})
    assert records(pages) == [{"id": 1, "team_id": 7}]


async def test_a_slot_of_a_body_takes_a_parents_value():
    send = scripted({"rows": [{"id": 5}]}, [])
    await walked(send, each(get("/teams", items="rows"), post("/search", json={"filter": {"team": "{parent.id}"}})))
    assert send.asked[1][2] == {"filter": {"team": 5}}


@pytest.mark.parametrize(
    ("child", "whole"),
    [
        (b'{"id":1}', {"id": 1, "list": "L"}),
        (b"{}", {"list": "L"}),
        (b'{ "id" : 1 , "v":"}" \n}', {"id": 1, "v": "}", "list": "L"}),
        (b'{"id":1,"list":"other"}', {"id": 1, "list": "L"}),
        (b'{"note":"\\"list\\""}', {"note": '"list"', "list": "L"}),
    ],
)
async def test_a_childs_record_gets_the_parents_value(child, whole):
    async def send(method, path, **_):
        return Answer(200, {}, b'{"rows":[{"id":"L"}]}' if path == "/lists" else b"[%s]" % child)

    read = each(get("/lists", items="rows"), get("/m/{parent.id}"), inject={"list": "parent.id"})
    (record,) = records(await walked(send, read))
    assert record == whole


async def test_a_parent_without_the_value_is_an_error():
    with pytest.raises(AnswerMalformed, match="parent"):
        await walked(scripted({"rows": [{"name": "x"}]}), each(get("/lists", items="rows"), get("/m/{parent.id}")))


async def test_a_parent_that_is_no_json_is_not_passed_over():
    async def send(method, path, **_):
        return Answer(200, {}, b'{"rows":[{"id":NaN}]}')

    pages = await walked(send, each(get("/lists", items="rows"), get("/m/{parent.id}")))
    assert [len(page.bad) for page in pages] == [1, 0]


def test_slots_are_checked_at_import():
    for read in (MEMBERS, get("/x", job="{job}"), windows(MEMBERS, start=START), get("/x", a="{since.year}")):
        with pytest.raises(TypeError):
            read.check(Config, "shelf.x")
    each(LISTS, MEMBERS).check(Config, "shelf.x")
    with pytest.raises(TypeError, match="config"):
        each(LISTS, get("/{parent.id}/{config.nothing}")).check(Config, "shelf.x")
    with pytest.raises(TypeError, match="alone"):
        each(LISTS, get("/{parent}"))
    for inject in ({"a.b": "parent.id"}, {"a": "id"}, {"a": "parent."}):
        with pytest.raises(TypeError):
            each(LISTS, MEMBERS, inject=inject)


# ------------------------------------------------------------------------------------------------------------- capped


async def test_one_value_that_fills_a_whole_search_is_a_clear_error():
    vendor = Shelf()
    for number in range(CAP + 3):
        vendor.put(f"r{number:02}", 5)
    with pytest.raises(TooMany, match="same updated_at") as caught:
        await walked(vendor.send, KINDS["capped"])
    assert "tie" in caught.value.why
    assert len(vendor.asked) < 10


async def test_a_search_out_of_order_is_refused():
    page = {"rows": [{"id": 2, "updated_at": at(2)}, {"id": 1, "updated_at": at(1)}], "next": "x"}
    read = capped(get("/s", items="rows", page=Page.cursor("at", at="next", size=2)), cap=4, by="updated_at")
    with pytest.raises(AnswerMalformed, match="order"):
        await walked(scripted({**page, "rows": page["rows"][:1]}, {**page, "rows": page["rows"][1:]}), read)


async def test_a_search_by_number_goes_on_by_number():
    def answer(params):
        start = int(params.get("since") or 0)
        return {"rows": [{"id": n, "n": n} for n in range(start, min(start + 2, 25))]}

    pages = await walked(
        scripted(answer),
        capped(get("/s", items="rows", page=Page.cursor("at", at="x", size=2), since="{since}"), cap=2, by="n"),
    )
    assert {row["id"] for row in records(pages)} == set(range(25))


def test_a_page_larger_than_the_cap_is_refused():
    with pytest.raises(TypeError, match="cap"):
        capped(SEARCH, cap=2, by="updated_at")


# ------------------------------------------------------------------------------------------------------ lists in lists


async def test_records_lie_in_lists_of_a_list_and_get_what_is_around_them():
    read = get(
        "/contacts",
        items="results[].associations.companies.results",
        page=Page.last_id("after", more="more", size=2),
    ).inject(contact_id="id")
    first = {
        "more": True,
        "results": [
            {"id": "7", "associations": {"companies": {"results": [{"id": "1", "type": "a"}, {"id": "2"}]}}},
            {"id": "8"},
            {"id": "9", "associations": {"companies": None}},
        ],
    }
    send = scripted(first, {"more": False, "results": [{"id": "10", "associations": {"companies": {"results": []}}}]})
    pages = await walked(send, read)
    assert records(pages) == [{"id": "1", "type": "a", "contact_id": "7"}, {"id": "2", "contact_id": "7"}]
    assert send.asked[1][1]["after"] == "9"


async def test_lists_may_lie_deeper():
    page = {"a": [{"b": [{"id": 1, "c": [{"x": 1}, {"x": 2}]}, {"id": 2, "c": []}]}, {"b": None}]}
    pages = await walked(scripted(page), get("/x", items="a[].b[].c").inject(of="id"))
    assert records(pages) == [{"x": 1, "of": 1}, {"x": 2, "of": 1}]


async def test_one_bad_entry_is_set_aside():
    async def send(*_, **__):
        return Answer(200, {}, b'{"a":[{"b":[{"x":1}]},{"b":[{"x":NaN}]},{"b":[{"x":2}]}]}')

    (page,) = await walked(send, get("/x", items="a[].b"))
    assert records([page]) == [{"x": 1}, {"x": 2}]
    assert len(page.bad) == 1


def test_what_is_around_a_record_needs_a_list():
    with pytest.raises(TypeError, match=r"\[\]"):
        get("/x", items="rows").inject(a="id")


@pytest.mark.parametrize("kind", ["windows", "each", "capped"])
async def test_a_cursor_that_comes_again_ends_a_combination_too(kind):
    vendor = Shelf()
    for number in range(8):
        vendor.put(f"r{number}", 500_000)
    found = vendor.answer

    def stuck(method, path, query, body):
        return found(method, path, {k: v for k, v in query.items() if k not in {"after", "at"}}, body)

    vendor.answer = stuck
    with pytest.raises(CursorLoop):
        await walked(vendor.send, KINDS[kind])
