"""Pages: every way in which vendors cut a list, walked to its end."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from vaiven_sdk.testing import (
    ByCursor,
    ByKey,
    ByNumber,
    ByOffset,
    Call,
    ManualClock,
    Pages,
    Refusal,
    Table,
    connection,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def table():
    # Equal instants on purpose: a page edge that falls between them must lose nothing.
    table = Table("people", ManualClock(START), updated="at")
    for _ in range(7):
        table.add({})
    return table


def ask(rule, rows, *, cap=None, now=START, raw=b"", **query):
    texts = {name: [str(value)] for name, value in query.items()}
    call = Call("GET", "/people", query=texts, raw=raw, origin="http://127.0.0.1:1", now=now, page_cap=cap)
    reply = rule.answer(call, rows)
    return msgspec.json.decode(msgspec.json.encode(reply.body)), reply.headers


def ids(body, items="data"):
    return [row["id"] for row in (body[items] if items else body)]


def rules(table):
    key = ByKey("after", lambda given: table.entry(int(given)) if int(given) in table else None)
    return {
        "cursor": Pages(ByCursor("after"), items="data", next="next", size=3),
        "offset": Pages(ByOffset("after"), items="data", next="next", size=3),
        "number": Pages(ByNumber("after"), items="data", next="next", size=3),
        "from zero": Pages(ByNumber("after", first=0), items="data", next="next", size=3),
        "key": Pages(key, items="data", next="next", size=3),
    }


@pytest.mark.parametrize("name", ["cursor", "offset", "number", "from zero", "key"])
@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("order", ["number", "updated"])
def test_a_walk_meets_every_row_once(table, name, down, order):
    rule, seen, query = rules(table)[name], [], {}
    for _ in range(5):
        body, _ = ask(rule, table.select(order, down=down), **query)
        seen += ids(body)
        if body["next"] is None:
            break
        query = {"after": body["next"]}
    assert seen == ([*range(7, 0, -1)] if down else [*range(1, 8)])


@pytest.mark.parametrize(("name", "lost"), [("cursor", []), ("key", []), ("offset", [4]), ("number", [4])])
def test_what_is_removed_meanwhile_shifts_offsets_and_nothing_else(table, name, lost):
    rule = rules(table)[name]
    body, _ = ask(rule, table.select())
    seen = ids(body)
    table.remove(1)
    while body["next"] is not None:
        body, _ = ask(rule, table.select(), after=body["next"])
        seen += ids(body)
    assert sorted({*range(1, 8)} - set(seen)) == lost


def test_a_cursor_outlives_its_row_and_its_rows_move(table):
    rule = rules(table)["cursor"]
    body, _ = ask(rule, table.select())
    table.erase(3)
    assert ids(ask(rule, table.select(), after=body["next"])[0]) == [4, 5, 6]


def test_next_addresses_in_the_body_and_in_a_header(table):
    rule = Pages(ByCursor("page_info"), size=3, link=True)
    body, headers = ask(rule, table.select(), limit=2, city="x")
    assert ids(body, "") == [1, 2]
    address = headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert (query["limit"], query["city"]) == ("2", "x")
    assert ids(ask(rule, table.select(), **query)[0], "") == [3, 4]
    rule = Pages(ByOffset("skip"), items="a.b", next_url="links.next", more="more", total="meta.n", size=4)
    body, headers = ask(rule, table.select())
    assert body["links"]["next"] == "http://127.0.0.1:1/people?skip=4"
    assert (len(body["a"]["b"]), body["more"], body["meta"]["n"], headers) == (4, True, 7, {})
    body, _ = ask(rule, table.select(), skip=4)
    assert (body["links"]["next"], body["more"]) == (None, False)


def test_the_last_page_may_say_nothing(table):
    rule = Pages(ByCursor("after"), items="data", next="paging.next.after", at_end="absent", extra={"ok": True})
    assert ask(rule, table.select())[0] == {"ok": True, "data": [*table.state().values()]}


def test_sizes(table):
    strict = Pages(ByOffset(), items="data", size=3, most=5)
    assert len(ask(strict, table.select(), limit=5)[0]["data"]) == 5
    for wrong in ("6", "0", "-1", "x"):
        with pytest.raises(Refusal) as refused:
            ask(strict, table.select(), limit=wrong)
        assert refused.value.problems[0].field == "limit"
    clamp = Pages(ByOffset(), items="data", size=3, most=5, over="clamp")
    assert len(ask(clamp, table.select(), limit=99)[0]["data"]) == 5
    fixed = Pages(ByOffset(), items="data", size=3, size_param=None)
    assert len(ask(fixed, table.select(), limit=1)[0]["data"]) == 3
    assert len(ask(strict, table.select(), cap=2, limit=5)[0]["data"]) == 2


def test_places_that_there_are_not(table):
    for name in ("cursor", "offset", "number", "key"):
        with pytest.raises((Refusal, ValueError)):
            ask(rules(table)[name], table.select(), after="-5" if name != "cursor" else "###")
    with pytest.raises(Refusal, match="first 5"):
        ask(Pages(ByOffset(deepest=5), items="data", size=3), table.select(), offset=3)
    brief = Pages(ByCursor("after", lives=60), items="data", next="next", size=3)
    token = ask(brief, table.select())[0]["next"]
    assert ids(ask(brief, table.select(), after=token, now=START + timedelta(seconds=60))[0]) == [4, 5, 6]
    with pytest.raises(Refusal) as refused:
        ask(brief, table.select(), after=token, now=START + timedelta(seconds=61))
    assert refused.value.code == "cursor_expired"


def test_a_cursor_in_a_body(table):
    rule = Pages(ByCursor("after", in_body="page.after"), items="data", next="next", size=3)
    token = ask(rule, table.select(), raw=b"{}")[0]["next"]
    raw = msgspec.json.encode({"page": {"after": token}})
    assert ids(ask(rule, table.select(), raw=raw)[0]) == [4, 5, 6]


def test_a_graphql_connection(table):
    call, seen, after = Call("POST", "/graphql"), [], None
    while True:
        found = connection(table.select(), call, first=3, after=after)
        assert [edge["node"] for edge in found["edges"]] == found["nodes"]
        seen += [msgspec.json.decode(bytes(node))["id"] for node in found["nodes"]]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert seen == [*range(1, 8)]
    assert connection(Table("none").select(), call)["pageInfo"] == {"hasNextPage": False, "endCursor": None}
    with pytest.raises(Refusal):
        connection(table.select(), call, first=251)
