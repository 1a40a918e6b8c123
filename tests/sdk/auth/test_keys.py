"""Keys that never change: where they go, and that nothing of ours shows them."""

import base64
import json
import logging
import traceback

import pytest

from vaiven_sdk import ApiKey, Basic, Bearer, ConfigInvalid, NoAuth, Together
from vaiven_sdk.errors import VaivenError

KEY = "k3y/with+odd=chars&more"


@pytest.mark.parametrize(
    ("auth", "credential", "header", "value"),
    [
        (ApiKey(header="X-Api-Key"), {"api_key": "k-1"}, "x-api-key", "k-1"),
        (ApiKey(header="Authorization", prefix="Token"), {"api_key": "k-1"}, "authorization", "Token k-1"),
        (Bearer(), {"token": "t-1"}, "authorization", "Bearer t-1"),
    ],
)
async def test_a_key_goes_into_its_header(vendor, connect, auth, credential, header, value):  # noqa: PLR0917
    async with connect(auth, credential) as http:
        await http.send("GET", "/x")
    assert vendor.asked[0].headers[header] == value


def pair(request):
    return base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()


@pytest.mark.parametrize(
    ("auth", "credential", "expected"),
    [
        (Basic(), {"api_key": "k-1"}, "vaiven:k-1"),
        (Basic("password", user_field="user"), {"user": "anä", "password": "pass:wörd"}, "anä:pass:wörd"),
        (Basic("", user_field="api_key"), {"api_key": "k-1"}, "k-1:"),
        (Basic("", user_field="api_key", password="X"), {"api_key": "k-1"}, "k-1:X"),
    ],
)
async def test_basic_by_rfc_7617(vendor, connect, auth, credential, expected):
    async with connect(auth, credential) as http:
        await http.send("GET", "/x")
    assert pair(vendor.asked[0]) == expected


async def test_a_key_in_the_query_arrives_beside_other_parameters(vendor, connect):
    async with connect(ApiKey(param="api_key"), {"api_key": KEY}) as http:
        await http.send("GET", "/x", params={"q": "a b"})
        await http.send("GET", "/y")
    assert [one.query for one in vendor.asked] == [{"q": "a b", "api_key": KEY}, {"api_key": KEY}]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 302, 200])
async def test_a_key_in_the_query_is_shown_nowhere(vendor, connect, caplog, status):
    caplog.set_level(logging.DEBUG)
    # This vendor quotes the whole address.
    vendor.answer = lambda one: (status, {"message": f"bad request: {one.url}"} if status != 200 else b"no json")
    async with connect(ApiKey(param="api_key"), {"api_key": KEY}, attempts=1) as http:
        shown = repr(http)
        try:
            answer = await http.send("GET", "/x", params={"q": "1"}, safe=True)
            shown += repr(answer) + answer.url
            answer.json()
        except VaivenError as problem:
            shown += "".join(traceback.format_exception(problem)) + repr(problem) + json.dumps(problem.as_dict())
    shown += "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "HTTP Request: GET" in shown  # httpx did log it
    assert KEY not in shown
    assert base64.b64encode(KEY.encode()).decode() not in shown
    assert "k3y" not in shown


async def test_a_key_in_the_query_is_not_shown_when_nobody_answers(connect):
    async with connect(ApiKey(param="key"), {"api_key": KEY}, attempts=1, base_url="http://127.0.0.1:1") as http:
        with pytest.raises(VaivenError) as caught:
            await http.send("GET", "/x", safe=True)
    assert "k3y" not in "".join(traceback.format_exception(caught.value))


async def test_what_was_made_of_the_credential_is_hidden_too(vendor, connect):
    vendor.answer = lambda one: (400, {"message": f"Bad header {one.headers['authorization']}"})
    async with connect(Basic("password", user_field="user"), {"user": "ana", "password": "s3cret-word"}) as http:
        with pytest.raises(VaivenError) as caught:
            await http.send("GET", "/x")
    assert "Bad header ***" in caught.value.why
    assert base64.b64encode(b"ana:s3cret-word").decode() not in str(caught.value)


async def test_together_sends_all_of_them(vendor, connect):
    auth = Together(Bearer(), ApiKey(header="developer-token", field="developer_token"))
    async with connect(auth, {"token": "t-1", "developer_token": "d-1"}) as http:
        await http.send("GET", "/x")
    assert (vendor.asked[0].headers["authorization"], vendor.asked[0].headers["developer-token"]) == (
        "Bearer t-1",
        "d-1",
    )
    assert (auth.kind, auth.fields) == ("bearer+api_key", ("token", "developer_token"))
    with pytest.raises(ConfigInvalid, match="it takes token, developer_token"):
        connect(auth, {"token": "t-1"})


async def test_a_public_api_needs_nothing(vendor, connect):
    async with connect(NoAuth(), {}) as http:
        await http.send("GET", "/x")
    assert "authorization" not in vendor.asked[0].headers


def test_what_cannot_work_is_refused_at_import():
    for wrong in (
        ApiKey,
        lambda: ApiKey(header="X", param="y"),
        lambda: Basic(""),
        lambda: Together(Bearer()),
        lambda: Together(Bearer(), Bearer()),
    ):
        with pytest.raises(ValueError, match=":"):
            wrong()
