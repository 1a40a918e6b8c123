"""The two-step token: a login call, its token, and a new login when that ends."""

import base64
import json
from urllib.parse import parse_qsl

import pytest

from vaiven_sdk import Config, Connector, Input, Login, ReconnectRequired, TokenAnswer

URL = "https://api.acme.example/v1/token/login"
STORED = {"username": "ana", "password": "pass-12345"}


def sent(vendor, body):
    one = vendor.asked[0]
    if body == "query":
        return one.query
    return json.loads(one.body) if body == "json" else dict(parse_qsl(one.body.decode()))


@pytest.mark.parametrize("body", ["json", "form", "query"])
async def test_a_login_gives_the_token_for_everything_else(vendor, connect, body):
    vendor.token = lambda one, _: (200, {"token": "tok-12345678"})
    auth = Login(URL, {"user": "{username}", "pass": "{password}", "shop": "{config.shop}"}, body=body)
    async with connect(auth, STORED) as http:
        await http.send("GET", "/x")
        await http.send("GET", "/y")
    assert vendor.paths() == ["/v1/token/login", "/v1/x", "/v1/y"]
    assert sent(vendor, body) == {"user": "ana", "pass": "pass-12345"}
    assert vendor.asked[1].headers["authorization"] == "Bearer tok-12345678"
    assert auth.fields == ("username", "password")


async def test_a_body_by_a_function_and_the_answers_in_places_of_their_own(vendor, connect):
    vendor.token = lambda one, _: (201, b"", {"x-session": "ses-12345678"})
    auth = Login(
        "https://api.acme.example/{tenant}/token",
        lambda credential, config: {"auth": {"login": credential["username"], "region": config.region}},
        (Input("tenant", secret=False), Input("username", secret=False), Input("password")),
        method="PUT",
        headers={"X-Tenant": "{tenant}"},
        basic=("username", "password"),
        answer=TokenAnswer(header="X-Session"),
        header="X-Session",
        prefix="",
    )
    async with connect(auth, {**STORED, "tenant": "t-1"}) as http:
        await http.send("GET", "/x")
    login, call = vendor.asked
    assert (login.method, login.path, login.headers["x-tenant"]) == ("PUT", "/t-1/token", "t-1")
    assert json.loads(login.body) == {"auth": {"login": "ana", "region": "eu-central-1"}}
    assert base64.b64decode(login.headers["authorization"].split()[1]) == b"ana:pass-12345"
    assert call.headers["x-session"] == "ses-12345678"


async def test_the_token_in_the_query(vendor, connect):
    vendor.token = lambda one, _: (200, b'"tok/12345678"')
    auth = Login(URL, answer=TokenAnswer(token=""), param="sid")
    async with connect(auth, STORED) as http:
        await http.send("GET", "/x", params={"a": "1"})
    assert vendor.asked[1].query == {"a": "1", "sid": "tok/12345678"}


async def test_it_logs_in_again_when_the_token_ends_or_is_refused(vendor, connect, clock):
    count = 0

    def token(one, body):
        nonlocal count
        count += 1
        return 200, {"token": f"tok-{count}-abcdef"}

    vendor.token = token
    vendor.answer = lambda one: (200, {}) if f"tok-{count}-" in one.headers["authorization"] else (401, {})
    async with connect(Login(URL, answer=TokenAnswer(token="token", lasts=600)), STORED) as http:
        await http.send("GET", "/x")
        clock.ahead = 500
        await http.send("GET", "/x")
        assert count == 1
        clock.ahead = 550
        await http.send("GET", "/x")
        assert count == 2
        count = 7
        await http.send("POST", "/x")
    assert count == 8


async def test_a_wrong_password_asks_to_reconnect(vendor, connect):
    vendor.token = lambda one, body: (401, {"message": f"bad {json.loads(body)['p']}"})
    async with connect(Login(URL, {"p": "{password}"}), STORED) as http:
        with pytest.raises(ReconnectRequired) as caught:
            await http.send("GET", "/x")
    assert caught.value.why == "bad ***"
    assert vendor.paths() == ["/v1/token/login"]


@pytest.mark.parametrize(
    "auth",
    [
        Login("http://a.example/t"),
        Login("https://a.example/{password}"),
        Login(URL, {"a": "{nope}"}),
        Login(URL, headers={"a": "{config.nope}"}),
        Login(URL, basic=("username", "nope")),
    ],
)
def test_what_cannot_work_is_refused_at_import(auth):
    with pytest.raises((TypeError, ValueError), match="acme"):
        Connector("acme", Config, name="A", category="crm", base_url="https://a.example", auth=[auth])
