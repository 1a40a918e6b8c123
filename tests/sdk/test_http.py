"""One request: what is sent, what is tried again, and what each bad answer becomes."""

import asyncio
import base64

import httpx
import pytest

from vaiven_sdk import (
    AnswerMalformed,
    Basic,
    Bearer,
    Config,
    ConfigInvalid,
    Connector,
    NotFound,
    OAuth2,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    Unsettled,
    VendorBusy,
    VendorDown,
)
from vaiven_sdk.errors import OriginRefused, VaivenError
from vaiven_sdk.http import Answer, Http
from vaiven_sdk.limits import LONGEST_WAIT

TOKEN = "sk-live-0123456789-secret"


# ------------------------------------------------------------------------------------------------------ what is sent


async def test_a_request_is_signed_and_carries_what_was_given(session, script):
    await session().get("/people", limit=5, none=None, flag="x")
    (asked,) = script.asked
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["accept"] == "application/json"
    assert dict(asked.query) == {"limit": "5", "flag": "x"}
    assert asked.path == "/v1/people"


async def test_bodies(session, script):
    hub = session()
    await hub.post("/a", {"é": 1})
    await hub.post("/b", form={"a[b]": "1 2"}, idempotency_key="k-1")
    await hub.put("/c", [1])
    await hub.patch("/d", {})
    await hub.delete("/e")
    assert [request.body for request in script.asked] == [{"é": 1}, "a%5Bb%5D=1+2", [1], {}, ""]
    assert script.asked[1].headers["content-type"] == "application/x-www-form-urlencoded"
    assert script.asked[1].headers["idempotency-key"] == "k-1"
    assert "content-type" not in script.asked[4].headers


async def test_an_empty_answer_is_none(session, script):
    script.answers = [(204, b"")]
    assert await session().delete("/x") is None


async def test_the_bare_answer_is_for_what_is_no_json(session, script):
    script.answers = [(200, b"a,b\n1,2", {"content-type": "text/csv", "x-more": "1"})]
    answer = await session().request("GET", "/export", safe=True)
    assert (answer.content, answer.headers["x-more"]) == (b"a,b\n1,2", "1")


@pytest.mark.parametrize(
    ("auth", "credential", "header"),
    [
        (Bearer(), {"token": "t-1"}, "Bearer t-1"),
        (Basic(user="me"), {"api_key": "k-1"}, "Basic " + base64.b64encode(b"me:k-1").decode()),
        (OAuth2("https://a.example", "https://b.example"), {"access_token": "o-1"}, "Bearer o-1"),
    ],
)
async def test_each_way_to_sign(client, script, auth, credential, header):
    connector = Connector("x1", Config, name="X", category="crm", base_url="https://x.example", auth=[auth])
    async with client(connector, credential) as http:
        await http.send("GET", "/")
    assert script.asked[0].headers["authorization"] == header


async def test_the_first_way_whose_values_are_there_is_taken(acme, client, script):
    acme.auth = [OAuth2("https://a.example", "https://b.example"), Bearer()]
    await client().send("GET", "/")
    assert script.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    for credential in ({"password": "x"}, {"token": ""}, {}):
        with pytest.raises(ConfigInvalid, match="it takes access_token or token"):
            Http(acme, Config(), credential)


# ------------------------------------------------------------------------------------------------------- bad answers


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [
        (400, RequestRefused, 1),
        (401, ReconnectRequired, 1),
        (402, RequestRefused, 1),
        (403, PermissionMissing, 1),
        (404, NotFound, 1),
        (408, VendorDown, 3),
        (409, RequestRefused, 1),
        (410, NotFound, 1),
        (422, RequestRefused, 1),
        (429, VendorBusy, 3),
        (500, VendorDown, 3),
        (502, VendorDown, 3),
        (503, VendorDown, 3),
        (529, VendorDown, 3),
    ],
)
async def test_each_status_has_its_error(session, script, status, error, tries):
    script.answers = [(status, {"message": "the vendor's own words"})]
    with pytest.raises(VaivenError) as caught:
        await session(attempts=3).get("/x")
    assert type(caught.value) is error
    assert caught.value.why == "the vendor's own words"
    assert len(script.asked) == tries


async def test_a_refusal_keeps_status_and_body_for_the_connector(session, script):
    script.answers = [(409, {"error": {"code": "exists", "message": "There is one"}})]
    with pytest.raises(RequestRefused, match="There is one") as caught:
        await session().post("/x", {})
    assert (caught.value.status, caught.value.body["error"]["code"]) == (409, "exists")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"message": "a\n  b"}, "a b"),
        ({"detail": "d", "title": "t"}, "d"),
        ({"error": "plain"}, "plain"),
        ({"error": {"message": "inner"}, "message": "outer"}, "inner"),
        ({"message": {"not": "text"}}, "HTTP 400"),
        ([{"message": "list"}, {"message": "more"}], "list"),
        ([{"code": 1}, {"error": {"message": "second"}}], "second"),
        ([], "HTTP 400"),
        (b"Key  is\n wrong", "HTTP 400: Key is wrong"),
        (b"<html>", "HTTP 400"),
        (b"", "HTTP 400"),
        (b"\xff", "HTTP 400"),
        ({"message": "x" * 5000}, "x" * 300),
    ],
)
async def test_the_reason_is_one_short_line(session, script, body, why):
    script.answers = [(400, body)]
    with pytest.raises(RequestRefused) as caught:
        await session().get("/x")
    assert caught.value.why == why


async def test_the_connector_may_name_an_error_better(acme, session, script):
    @acme.error
    def name(status, body):
        return VendorBusy("Daily quota.", retry_after=0.0) if body == {"code": 4} else None

    script.answers = [(400, {"code": 4}), (403, {"code": 5})]
    with pytest.raises(PermissionMissing):
        await session().get("/x")
    assert len(script.asked) == 2


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"API disabled\n", "API disabled"),
        (b"<html>maintenance</html>", "<html>maintenance</html>"),
        ([{"code": 4}], [{"code": 4}]),
        (b"null", None),
        (b"", None),
        (b"\xff\xfe", None),
        ("é".encode() * 20_000, "é" * 10_000),
    ],
)
async def test_the_connector_sees_a_refusal_of_any_shape(acme, session, script, content, seen):
    bodies = []
    acme.error(lambda status, body: bodies.append(body))
    script.answers = [(400, content)]
    with pytest.raises(RequestRefused) as caught:
        await session().get("/x")
    assert bodies == [seen]
    assert caught.value.body == seen


async def test_a_text_that_quotes_the_credential_does_not_show_it(session, script):
    script.answers = [(400, b"no such key: sk-live-0123456789-secret")]
    with pytest.raises(RequestRefused) as caught:
        await session().get("/x")
    assert (caught.value.why, caught.value.body) == ("HTTP 400: no such key: ***", "no such key: ***")


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
async def test_a_redirect_is_not_followed(session, script, status):
    script.answers = [(status, b"", {"location": "https://evil.example/"})]
    with pytest.raises(OriginRefused, match="redirect"):
        await session().get("/x")
    assert len(script.asked) == 1


async def test_html_with_status_200_is_named(session, script):
    script.answers = [(200, b"  <!doctype html>", {"content-type": "text/html"})]
    with pytest.raises(AnswerMalformed, match="HTML or XML page"):
        await session().get("/x")
    assert "no content type, 3 bytes" in Answer(200, {}, b"{,}").hint("x")


# ------------------------------------------------------------------------------------------------ when to send it again


@pytest.mark.parametrize("status", [500, 502, 503, 408])
@pytest.mark.parametrize(("how", "safe"), [({}, False), ({"safe": True}, True), ({"idempotency_key": "k"}, True)])
async def test_a_write_that_failed_is_repeated_only_when_that_does_no_harm(session, script, status, how, safe):
    script.answers = [(status, {}), (200, {"id": 1})]
    if safe:
        assert await session().post("/x", {}, **how) == {"id": 1}
    else:
        with pytest.raises(Unsettled):
            await session().post("/x", {}, **how)
    assert len(script.asked) == (2 if safe else 1)


@pytest.mark.parametrize("problem", [httpx.ReadError, httpx.ReadTimeout, httpx.WriteError, httpx.RemoteProtocolError])
async def test_a_lost_answer_to_a_write_is_unsettled_and_to_a_read_asked_again(session, script, problem):
    script.answers = [problem("lost")]
    with pytest.raises(Unsettled) as caught:
        await session().post("/x", {})
    assert len(script.asked) == 1
    assert caught.value.why == problem.__name__
    script.answers = [problem("lost"), problem("lost"), (200, {"ok": 1})]
    assert await session().get("/x") == {"ok": 1}


@pytest.mark.parametrize("problem", [httpx.ConnectError, httpx.ConnectTimeout])
async def test_a_write_that_never_left_is_sent_again(session, script, problem):
    script.answers = [problem("no route"), (200, {"id": 1})]
    assert await session().post("/x", {}) == {"id": 1}
    script.answers = [problem("no route")]
    with pytest.raises(VendorDown, match="cannot be reached"):
        await session(attempts=2).post("/x", {})


async def test_a_write_that_was_turned_away_by_a_limit_is_sent_again(session, script):
    script.answers = [(429, {}), (200, {"id": 1})]
    assert await session().post("/x", {}) == {"id": 1}


@pytest.mark.parametrize("content", [b'{"id": 1', b"<html>", b"  <html>", b"OK"])
@pytest.mark.parametrize("verb", ["post", "put", "patch"])
async def test_a_write_whose_answer_cannot_be_read_is_unsettled(session, script, content, verb):
    script.answers = [(200, content)]
    with pytest.raises(Unsettled):
        await getattr(session(), verb)("/x", {})
    with pytest.raises(AnswerMalformed):
        await getattr(session(), verb)("/x", {}, safe=True)


async def test_traffic_is_counted(client, script):
    script.answers = [(500, {}), (429, {}), (200, {"a": 1})]
    async with client() as http:
        await http.send("GET", "/x", safe=True)
    assert (http.traffic.requests, http.traffic.retries, http.traffic.refused) == (3, 2, 2)
    assert http.traffic.bytes == len(b'{}{}{"a": 1}')


# ------------------------------------------------------------------------------------------------------------ waiting


def asking(client, **options):
    async def ask():
        async with client(**options) as http:
            await http.send("GET", "/x", safe=True)
            return http.traffic

    return ask()


def test_it_waits_as_long_as_the_vendor_asks(client, script, run):
    script.answers = [(429, {}, {"retry-after": "20"}), (503, {}, {"retry-after": "40"}), (200, {})]
    traffic = run(asking(client))
    assert 60 <= run.now < 65
    assert traffic.waited == pytest.approx(run.now)


def test_it_backs_off_by_itself_when_the_vendor_does_not_say(client, script, run):
    script.answers = [(503, {})] * 5 + [(200, {})]
    run(asking(client))
    assert 0 < run.now < 0.5 + 1 + 2 + 4 + 8


def test_a_wait_that_is_too_long_ends_the_run(client, script, run):
    script.answers = [(429, {}, {"retry-after": str(LONGEST_WAIT + 1)})]
    with pytest.raises(VendorBusy) as caught:
        run(asking(client))
    assert caught.value.retry_after == LONGEST_WAIT + 1
    assert len(script.asked) == 1
    assert run.now < 0.1


def test_what_was_not_waited_is_not_counted(client, script, run):
    script.answers = [(429, {}, {"retry-after": "100"})]

    async def ask():
        async with client(attempts=2) as http:
            with pytest.raises(VendorBusy):
                await http.send("GET", "/x", safe=True)
            return http.traffic

    assert run(ask()).waited == pytest.approx(run.now)
    assert run.now < 120


# -------------------------------------------------------------------------------------------------- over a real socket


async def test_a_connection_that_is_closed_in_mid_answer():
    async def hang_up(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    connector = Connector("acme", Config, name="Acme", category="crm", base_url="https://a.example", auth=[Bearer()])
    async with server, Http(connector, Config(), {"token": TOKEN}, base_url=url, attempts=2) as http:
        with pytest.raises(Unsettled):
            await http.send("POST", "/x", json={})
        assert http.traffic.requests == 1
        with pytest.raises(VendorDown):
            await http.send("GET", "/x", safe=True)
        assert http.traffic.requests == 3
