"""OAuth 2.0: what authlib's own server accepts, and the vendors' quirks."""

import base64
import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import RSAKey

from tests.support.authlib_vendor import TOKEN_URL, AuthlibVendor
from vaiven_sdk import (
    Client,
    ClientCredentials,
    Config,
    Connector,
    OAuth2,
    ReconnectRequired,
    RequestRefused,
    TokenAnswer,
    Unsettled,
    new_verifier,
)
from vaiven_sdk.errors import AnswerMalformed, ConfigInvalid, VaivenError, VendorBusy, VendorDown

PAGE = "https://login.acme.example/oauth/authorize"
BACK = "https://hub.example/back"
METHODS = {"post": "client_secret_post", "basic": "client_secret_basic", "none": "none"}
KEY = RSAKey.generate_key(2048, auto_kid=False)
PEM = KEY.as_pem(private=True).decode()


@pytest.fixture
def authlib(vendor):
    made = AuthlibVendor()
    vendor.token = made.token

    def answer(one):
        good = one.headers.get("authorization", "").removeprefix("Bearer ") in made.valid
        return (200, {"ok": True}) if good else (401, {"message": "expired"})

    vendor.answer = answer
    return made


def app(authlib, **more):
    return {"client_id": authlib.client.client_id, "client_secret": authlib.client.client_secret, **more}


async def sign_in(http, auth, authlib, **how):
    verifier = new_verifier() if auth.pkce else ""
    page = auth.page(
        authlib.client.client_id, redirect_uri=BACK, state="s-1", config=http.config, verifier=verifier, **how
    )
    back = authlib.sign_in(page)
    assert back["state"] == "s-1"
    return await http.exchange(back["code"], redirect_uri=BACK, verifier=verifier), page


# --------------------------------------------------------------------------------------------- code, PKCE and refresh


@pytest.mark.parametrize("method", ["post", "basic", "none"])
@pytest.mark.parametrize("pkce", [True, False])
async def test_a_code_becomes_tokens_by_authlibs_server(vendor, connect, authlib, method, pkce):
    authlib.client.method = METHODS[method]
    auth = OAuth2(PAGE, TOKEN_URL, ("read", "write"), pkce=pkce, client=Client(auth=method))
    async with connect(auth, app(authlib), scheme=auth) as http:
        credential, page = await sign_in(http, auth, authlib)
        assert (await http.send("GET", "/x")).json() == {"ok": True}
    query = dict(parse_qsl(urlsplit(page).query))
    assert query["scope"] == "read write"
    assert ("code_challenge" in query) == pkce
    assert credential["access_token"] in authlib.valid
    assert credential["refresh_token"] in authlib.tokens
    assert credential["expires_at"].endswith("Z")
    assert vendor.paths() == ["/oauth/token", "/v1/x"]
    if method != "post":
        assert authlib.client.client_secret.encode() not in vendor.asked[0].body


async def test_a_code_with_another_verifier_is_refused(connect, authlib):
    auth = OAuth2(PAGE, TOKEN_URL)
    async with connect(auth, app(authlib), scheme=auth) as http:
        page = auth.page("app-1", redirect_uri=BACK, state="s", config=http.config, verifier=new_verifier())
        code = authlib.sign_in(page)["code"]
        with pytest.raises(ReconnectRequired, match="gives no new token") as caught:
            await http.exchange(code, redirect_uri=BACK, verifier=new_verifier())
    assert "invalid_grant" in caught.value.why


async def test_a_code_works_once(connect, authlib):
    auth = OAuth2(PAGE, TOKEN_URL, pkce=False)
    async with connect(auth, app(authlib), scheme=auth) as http:
        code = authlib.sign_in(auth.page("app-1", redirect_uri=BACK, state="s", config=http.config))["code"]
        await http.exchange(code, redirect_uri=BACK)
        with pytest.raises(ReconnectRequired):
            await http.exchange(code, redirect_uri=BACK)


def test_pkce_needs_a_verifier():
    with pytest.raises(ValueError, match="new_verifier"):
        OAuth2(PAGE, TOKEN_URL).page("a", redirect_uri=BACK, state="s", config=Config())
    assert len({new_verifier() for _ in range(50)}) == 50


async def test_private_key_jwt_proves_the_application(connect, authlib):
    authlib.client.method, authlib.client.public_key = "client_assertion_jwt", KEY
    auth = OAuth2(PAGE, TOKEN_URL, client=Client(auth="private_key_jwt"))
    async with connect(auth, {"client_id": "app-1", "private_key": PEM}, scheme=auth) as http:
        first, _ = await sign_in(http, auth, authlib)
        await http._tokens.again(first["access_token"], http._ask_token)
        assert (await http.send("GET", "/x")).json() == {"ok": True}
    assert len(authlib.issued) == 2


async def test_a_wrong_secret_is_the_applications_fault(connect, authlib):
    auth = OAuth2(PAGE, TOKEN_URL, pkce=False)
    async with connect(auth, app(authlib, client_secret="wrong-secret"), scheme=auth) as http:
        with pytest.raises(ReconnectRequired, match="application's own credential") as caught:
            await sign_in(http, auth, authlib)
    assert "client id" in caught.value.remedy


async def test_client_credentials(vendor, connect, authlib):
    auth = ClientCredentials(TOKEN_URL, ("read",))
    async with connect(auth, app(authlib)) as http:
        for _ in range(3):
            await http.send("GET", "/x")
    assert vendor.paths() == ["/oauth/token", "/v1/x", "/v1/x", "/v1/x"]
    assert auth.fields == ("client_id", "client_secret")


# -------------------------------------------------------------------------------------------------------------- quirks


class Settings(Config):
    tenant: str = "t-7"
    shop: str = ""


async def page_of(auth, **how):
    given = {"redirect_uri": BACK, "state": "s", "config": Settings(shop="ana"), "verifier": "v" * 43, **how}
    address = auth.page("app-1", **given)
    return address.partition("?")[0], dict(parse_qsl(urlsplit(address).query))


async def test_quirks_of_the_sign_in_page():
    auth = OAuth2(
        "https://{config.shop}.acme.example/auth?v=2",
        TOKEN_URL,
        ("a", "b"),
        separator=",",
        scope_param="user_scope",
        client=Client(id_param="app_key"),
        authorize_params={"access_type": "offline", "tenant": "{config.tenant}", "response_type": None},
        audience="api.acme.example",
        resource="https://api.acme.example/",
    )
    address, query = await page_of(auth)
    assert address == "https://ana.acme.example/auth"
    assert query == {
        "v": "2",
        "app_key": "app-1",
        "redirect_uri": BACK,
        "user_scope": "a,b",
        "state": "s",
        "audience": "api.acme.example",
        "resource": "https://api.acme.example/",
        "code_challenge": query["code_challenge"],
        "code_challenge_method": "S256",
        "access_type": "offline",
        "tenant": "t-7",
    }
    assert (await page_of(auth, scopes=("a",)))[1]["user_scope"] == "a"
    with pytest.raises(ConfigInvalid):
        await page_of(auth, config=Settings())


ANSWER = {"access_token": "acc-12345678"}


def asked_by(vendor, body):
    one = vendor.asked[0]
    if body == "json":
        return json.loads(one.body)
    return one.query if body == "query" else dict(parse_qsl(one.body.decode()))


@pytest.mark.parametrize(
    ("method", "body"), [("POST", "form"), ("POST", "json"), ("POST", "query"), ("GET", "query"), ("PUT", "json")]
)
async def test_how_a_token_request_is_written(vendor, connect, method, body):
    vendor.token = lambda one, _: (200, ANSWER)
    auth = ClientCredentials(
        TOKEN_URL,
        ("a", "b"),
        separator=";",
        client=Client(body=body, method=method, id_param="app_id", secret_param="secret", headers={"X-V": "1"}),
        params={"account": "{config.region}", "missing": "{config.shop}", "audience": "over"},
        audience="first",
    )
    async with connect(auth, {"client_id": "c-1", "client_secret": "s-12345678"}) as http:
        await http.send("GET", "/x")
    assert asked_by(vendor, body) == {
        "grant_type": "client_credentials",
        "scope": "a;b",
        "audience": "over",
        "account": "eu-central-1",
        "app_id": "c-1",
        "secret": "s-12345678",
    }
    assert (vendor.asked[0].method, vendor.asked[0].headers["x-v"]) == (method, "1")


async def test_basic_client_auth_by_rfc_7617(vendor, connect):
    vendor.token = lambda one, _: (200, ANSWER)
    auth = ClientCredentials(TOKEN_URL, client=Client(auth="basic"))
    async with connect(auth, {"client_id": "c", "client_secret": "s:é"}) as http:
        await http.send("GET", "/x")
    basic = vendor.asked[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(basic).decode() == "c:s:é"
    assert "client" not in dict(parse_qsl(vendor.asked[0].body.decode()))


@pytest.mark.parametrize(
    ("scheme", "header", "value"),
    [
        ({"prefix": "Zoho-oauthtoken"}, "authorization", "Zoho-oauthtoken acc-12345678"),
        ({"prefix": "OAuth"}, "authorization", "OAuth acc-12345678"),
        ({"header": "X-Shopify-Access-Token", "prefix": ""}, "x-shopify-access-token", "acc-12345678"),
    ],
)
async def test_how_the_token_is_sent(vendor, connect, scheme, header, value):
    auth = OAuth2(PAGE, TOKEN_URL, **scheme)
    async with connect(auth, ANSWER) as http:
        await http.send("GET", "/x")
    assert vendor.asked[0].headers[header] == value


async def test_a_long_lived_token_is_exchanged_for_itself(vendor, connect, clock):
    """Meta: https://developers.facebook.com/docs/facebook-login/access-tokens/refreshing, 2026-11-25."""
    vendor.token = lambda one, _: (200, {"access_token": "acc-new-1", "expires_in": 5_184_000})
    auth = OAuth2(
        PAGE,
        TOKEN_URL,
        client=Client(body="query", method="GET"),
        refresh_params={
            "grant_type": "fb_exchange_token",
            "fb_exchange_token": "{access_token}",
            "refresh_token": None,
        },
    )
    stored = {"client_id": "c", "client_secret": "s", "access_token": "acc-old", "expires_at": "2020-01-01T00:00:00Z"}
    async with connect(auth, stored) as http:
        await http.send("GET", "/x")
    assert vendor.asked[0].query == {
        "grant_type": "fb_exchange_token",
        "fb_exchange_token": "acc-old",
        "client_id": "c",
        "client_secret": "s",
    }
    assert vendor.asked[1].headers["authorization"] == "Bearer acc-new-1"


# ------------------------------------------------------------------------------------------------------ reading answers


class Given:
    """An answer of a token address."""

    def __init__(self, body, status=200, headers=None):
        self.status, self.headers = status, headers or {}
        self.content = body if isinstance(body, bytes) else json.dumps(body).encode()


NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("reading", "body", "end"),
    [
        ({}, {"expires_in": 3600}, NOW + 3600),
        ({}, {"expires_in": "3600"}, NOW + 3600),
        ({}, {"expires_in": 3600.7}, NOW + 3600),
        ({}, {}, None),
        ({}, {"expires_in": None}, None),
        ({}, {"expires_in": 0}, None),
        ({}, {"expires_in": -5}, None),
        ({}, {"expires_in": "soon"}, None),
        ({}, {"expires_in": True}, None),
        ({}, {"expires_in": 1e30}, None),
        ({}, {"expires_in": NOW}, None),
        ({"lasts": 60}, {}, NOW + 60),
        ({"lasts": 60}, {"expires_in": 0}, NOW + 60),
        ({"lasts": 60}, {"expires_in": 7200}, NOW + 7200),
        ({"expires_as": "milliseconds"}, {"expires_in": 3_600_000}, NOW + 3600),
        ({"expires": "a.end", "expires_as": "epoch"}, {"a": {"end": NOW + 9}}, NOW + 9),
        ({"expires": "end", "expires_as": "epoch_ms"}, {"end": str((NOW + 9) * 1000)}, NOW + 9),
        ({"expires": "end", "expires_as": "epoch"}, {"end": NOW - 9}, None),
        ({"expires": "end", "expires_as": "iso"}, {"end": "2023-11-15T00:00:00+02:00"}, 1_699_999_200),
        ({"expires": "end", "expires_as": "iso"}, {"end": "tomorrow"}, None),
    ],
)
def test_when_a_token_ends(monkeypatch, reading, body, end):
    from datetime import datetime

    monkeypatch.setattr("time.time", lambda: NOW)
    found = TokenAnswer(**reading).read(Given({"access_token": "t", **body}))["expires_at"]
    assert (datetime.fromisoformat(found).timestamp() if found else None) == end


@pytest.mark.parametrize(
    ("reading", "given", "found"),
    [
        ({"token": "authed_user.access_token"}, Given({"ok": True, "authed_user": {"access_token": "t"}}), {}),
        ({"token": "data.0.token"}, Given({"data": [{"token": "t"}]}), {}),
        ({"header": "X-Token"}, Given(b"", headers={"x-token": "t"}), {}),
        ({"token": ""}, Given(b'"t"'), {}),
        ({"token": ""}, Given(b"t\n"), {}),
        ({}, Given(b"access_token=t&scope=a%2Cb&expires_in="), {"scope": "a b"}),
        ({"scope": "scopes"}, Given({"access_token": "t", "scopes": ["a", "b"]}), {"scope": "a b"}),
        ({"refresh_token": "r"}, Given({"access_token": "t", "r": "next"}), {"refresh_token": "next"}),
    ],
)
def test_where_a_token_stands(reading, given, found):
    assert TokenAnswer(**reading).read(given) == {"access_token": "t", "expires_at": "", **found}


@pytest.mark.parametrize(
    ("given", "error", "why"),
    [
        (
            Given({"error": "invalid_grant", "error_description": "Used up"}, 400),
            ReconnectRequired,
            "invalid_grant: Used",
        ),
        (Given({"status": "BAD_REFRESH_TOKEN", "message": "no good"}, 400), ReconnectRequired, "no good"),
        (Given({"ok": False, "error": "invalid_refresh_token"}), ReconnectRequired, "invalid_refresh_token"),
        (Given({"error": "bad_verification_code"}), ReconnectRequired, "bad_verification_code"),
        (Given({"errors": [{"title": "x"}]}), ReconnectRequired, "HTTP 400"),
        (Given({"error": "invalid_client"}, 401), ReconnectRequired, "invalid_client"),
        (Given(b"", 403), ReconnectRequired, "HTTP 403"),
        (Given({"error": "invalid_scope"}, 400), RequestRefused, "invalid_scope"),
        (Given(b"gone", 404), RequestRefused, "HTTP 404"),
        (Given({"error": "temporarily_unavailable"}, 400), VendorDown, "temporarily"),
        (Given(b"<html>", 502), VendorDown, "HTTP 502"),
        (Given(b"", 429, {"retry-after": "7"}), VendorBusy, "HTTP 429"),
        (Given({"access_token": {"no": "text"}}), AnswerMalformed, "access_token"),
        (Given({"access_token": "a\nb"}), AnswerMalformed, ""),
        (Given(b"<html>"), AnswerMalformed, "access_token"),
    ],
)
def test_what_a_refusal_means(given, error, why):
    with pytest.raises(VaivenError) as caught:
        TokenAnswer().read(given)
    assert type(caught.value) is error
    assert why in caught.value.why


# ----------------------------------------------------------------------------------------------------------- at import


@pytest.mark.parametrize(
    "auth",
    [
        OAuth2("http://acme.example/a", TOKEN_URL),
        OAuth2(PAGE, "http://acme.example/t"),
        OAuth2(PAGE, TOKEN_URL, refresh_url="http://acme.example/t"),
        OAuth2("https://{config.nope}.example/a", TOKEN_URL),
        OAuth2(PAGE, "https://{config.nope}.example/t"),
        OAuth2(PAGE, TOKEN_URL, refresh_params={"a": "{nope}"}),
        OAuth2(PAGE, TOKEN_URL, authorize_params={"a": "{config.nope}"}),
        ClientCredentials("http://acme.example/t"),
        ClientCredentials(TOKEN_URL, params={"a": "{nope}"}),
    ],
)
def test_what_cannot_work_is_refused_at_import(auth):
    with pytest.raises((TypeError, ValueError), match=r"acme"):
        Connector("acme", Settings, name="A", category="crm", base_url="https://a.example", auth=[auth])


async def test_a_lost_answer_to_a_code_is_not_asked_again(vendor, connect, monkeypatch):
    auth = OAuth2(PAGE, TOKEN_URL, pkce=False)
    async with connect(auth, {"client_id": "c", "client_secret": "s"}, scheme=auth) as http:
        asked = []

        async def lost(task):
            asked.append(task)
            raise Unsettled("broke off", why="ReadError")

        monkeypatch.setattr(http, "_once", lost)
        with pytest.raises(ReconnectRequired, match="lost"):
            await http.exchange("code-1", redirect_uri=BACK)
    assert len(asked) == 1
