"""A cassette answers only what it holds, and says what differs."""

import asyncio
import json

import httpx
import pytest

from tests.sdk.testing.letters import letters, row
from vaiven_sdk.testing.cassette import Cassette, CassetteInvalid, CassetteMiss


def exchange(path="/v1/main/readers", query=None, body=None, method="GET", answer=None, **more):
    request = {"method": method, "path": path, "query": query or {}, "body": body}
    return {"request": request, "response": {"status": 200, "headers": {}, "body": answer or {"ok": 1}, **more}}


def cassette(*exchanges, **changes):
    document = {
        "version": 1,
        "origin": "documented",
        "source": "a test",
        "on": "2026-11-25",
        "stream": "readers",
        "config": {},
        "exchanges": list(exchanges),
        "expect": [],
        **changes,
    }
    return Cassette.from_json(document)


def ask(cassette_, *requests, again=False):
    async def run():
        transport = cassette_.transport(again=again)
        async with httpx.AsyncClient(transport=transport, base_url="https://any.example") as client:
            return [(await client.request(method, path, **options)).json() for method, path, options in requests]

    return asyncio.run(run())


def test_the_order_of_a_query_and_of_json_keys_does_not_matter():
    held = cassette(
        exchange("/a", {"x": "1", "y": ["2", "3"]}),
        exchange("/b", body={"one": 1, "two": {"a": 1, "b": 2}}, method="POST"),
        exchange("/c", body="z=1&y=2", method="POST"),
    )
    asked = [
        ("GET", "/a?y=2&x=1&y=3", {}),
        ("POST", "/b", {"json": {"two": {"b": 2, "a": 1}, "one": 1}}),
        ("POST", "/c", {"data": {"y": "2", "z": "1"}}),
    ]
    assert ask(held, *asked) == [{"ok": 1}] * 3


def test_an_unknown_request_shows_the_nearest_and_what_differs():
    held = cassette(exchange("/v1/main/readers", {"limit": "2", "after": "4"}), exchange("/other"))
    with pytest.raises(CassetteMiss) as missed:
        ask(held, ("GET", "/v1/main/readers?limit=2&after=6", {}))
    assert str(missed.value) == (
        "The cassette has no answer to GET /v1/main/readers. Nearest is GET /v1/main/readers, which differs:\n"
        "  query.after: asked '6', the cassette has '4'"
    )


def test_equal_requests_are_answered_in_order_and_no_more_often():
    held = cassette(exchange("/a", answer={"n": 1}), exchange("/a", answer={"n": 2}))
    assert ask(held, *[("GET", "/a", {})] * 2) == [{"n": 1}, {"n": 2}]
    with pytest.raises(CassetteMiss, match="asked 3 times; the cassette holds 2"):
        ask(held, *[("GET", "/a", {})] * 3)
    assert ask(held, *[("GET", "/a", {})] * 3, again=True)[2] == {"n": 2}


def test_what_signs_a_request_is_not_compared():
    held = cassette(exchange("/a", {"x": "1"}))
    assert ask(held, ("GET", "/a?x=1&api_key=abc&sig=def", {"headers": {"authorization": "Bearer z"}})) == [{"ok": 1}]


def test_unused_answers_are_named():
    transport = cassette(exchange("/a"), exchange("/b")).transport()
    assert transport.unused == ["GET /a", "GET /b"]


def test_a_documented_cassette_is_checked_against_a_connector():
    page = exchange(query={"limit": "2"}, answer={"readers": [row(1)], "paging": {}})
    held = cassette(page)
    values = asyncio.run(held.replay(letters))
    assert values[0]["given_name"] == "Zenobia"
    good = cassette(page, expect=values)
    assert asyncio.run(good.check(letters)) == []
    wrong = cassette(page, expect=[{**values[0], "city": "Elsewhere"}])
    assert asyncio.run(wrong.check(letters)) == ["record 0: city is 'Torrelodones', expected 'Elsewhere'"]
    assert asyncio.run(held.check(letters)) == ["0 records are expected, 1 came"]


def test_a_miss_goes_through_the_client_unretried():
    with pytest.raises(CassetteMiss):
        asyncio.run(cassette(exchange("/elsewhere")).replay(letters))


def test_a_changes_read_is_replayed_with_its_since():
    answer = {"readers": [row(1)], "paging": {}}
    query = {"limit": "2", "updated_since": "2026-11-01T00:00:00Z"}
    held = cassette(exchange(query=query, answer=answer), read="changes", since="2026-11-01T00:00:00Z")
    assert len(asyncio.run(held.replay(letters))) == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"version": 2}, "version is 2"),
        ({"origin": "remembered"}, "origin is 'remembered'"),
        ({"on": "yesterday"}, "not a day"),
        ({"exchanges": []}, "at least one exchange"),
        ({"exchanges": [{"request": {}}]}, "no method and path"),
        ({"stream": None}, "stream is missing"),
        ({"read": "half"}, "read is 'half'"),
    ],
)
def test_what_is_no_cassette_says_why(change, problem):
    with pytest.raises(CassetteInvalid, match=problem):
        cassette(exchange(), **change)


def test_a_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{")
    with pytest.raises(CassetteInvalid, match="cannot be read"):
        Cassette.load(path)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    held = cassette(exchange(body={"a": "é"}), expect=[{"email": "a@b.example"}])
    held.save(tmp_path / "x.json")
    assert Cassette.load(tmp_path / "x.json") == held
    assert json.loads((tmp_path / "x.json").read_text())["origin"] == "documented"


def test_an_unknown_stream_is_named():
    with pytest.raises(CassetteInvalid, match="no stream 'members'"):
        asyncio.run(cassette(exchange(), stream="members").replay(letters))
