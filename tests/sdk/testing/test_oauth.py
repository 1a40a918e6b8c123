"""The OAuth 2.0 provider of the simulator toolkit."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from vaiven_sdk.testing import Call, OAuthAccess, Refusal

START = datetime(2026, 1, 1, tzinfo=UTC)
BACK = "https://hub.example/cb"
APP = {"client_id": "client-1", "client_secret": "secret-1"}


def provider(**options):
    return OAuthAccess(Random(0), **{"scopes": ["read", "write"], **options})


def consent(oauth, **more):
    asked = {
        "client_id": "client-1",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "read",
        "state": "s",
        **more,
    }
    query = {name: [value] for name, value in asked.items() if value}
    location = oauth.authorize(Call("GET", "/authorize", query=query, now=START)).headers["Location"]
    assert location.startswith(f"{BACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def token(oauth, at=0.0, headers=None, **form):
    now = START + timedelta(seconds=at)
    raw = urlencode({**APP, "redirect_uri": BACK, **form}).encode()
    return oauth.token(Call("POST", "/token", raw=raw, headers=headers or {}, now=now)).body


def refused(act, *args, **more):
    with pytest.raises(Refusal) as problem:
        act(*args, **more)
    return problem.value.code


def check(oauth, access_token, at=0.0):
    now = START + timedelta(seconds=at)
    return oauth.check(Call("GET", "/", headers={"authorization": f"Bearer {access_token}"}, now=now))


def code_grant(oauth, at=0.0, **more):
    return token(oauth, at, grant_type="authorization_code", code=consent(oauth)["code"], **more)


def test_a_consent_gives_a_code_and_the_code_tokens():
    oauth = provider()
    answer = consent(oauth)
    assert answer["state"] == "s"
    given = token(oauth, grant_type="authorization_code", code=answer["code"])
    assert (given["expires_in"], given["scope"], given["token_type"]) == (3600, "read", "bearer")
    assert check(oauth, given["access_token"]).scopes == {"read"}
    assert refused(token, oauth, grant_type="authorization_code", code=answer["code"]) == "invalid_grant"


def test_a_token_expires_and_is_renewed():
    oauth = provider(ttl=600)
    given = code_grant(oauth)
    check(oauth, given["access_token"], 599)
    assert refused(check, oauth, given["access_token"], 600) == "expired"
    again = token(oauth, 700, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert again["refresh_token"] == given["refresh_token"]
    assert check(oauth, again["access_token"], 800).scopes == {"read"}


def test_a_rotated_refresh_token_that_comes_again_revokes_the_family():
    oauth = provider(rotates=True)
    first, other = code_grant(oauth), code_grant(oauth)
    second = token(oauth, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert refused(token, oauth, grant_type="refresh_token", refresh_token=first["refresh_token"]) == "invalid_grant"
    assert refused(token, oauth, grant_type="refresh_token", refresh_token=second["refresh_token"]) == "invalid_grant"
    assert refused(check, oauth, second["access_token"]) == "wrong"
    check(oauth, other["access_token"])


def test_pkce_binds_the_code_to_its_verifier():
    oauth = provider(pkce=True)
    assert consent(oauth)["error"] == "invalid_request"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).decode().rstrip("=")
    for verifier, good in (("other", False), ("verifier", True)):
        code = consent(oauth, code_challenge=challenge, code_challenge_method="S256")["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        if good:
            assert token(oauth, **form)["access_token"]
        else:
            assert refused(token, oauth, **form) == "invalid_grant"


def test_what_a_consent_may_not_ask():
    oauth = provider()
    assert consent(oauth, scope="read admin")["error"] == "invalid_scope"
    assert consent(oauth, response_type="token")["error"] == "unsupported_response_type"
    assert refused(consent, oauth, client_id="other") == "invalid_client"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"client_secret": "no"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
    ],
)
def test_what_the_token_endpoint_refuses(form, code):
    assert refused(token, provider(), **form) == code


def test_a_code_is_good_for_its_minute_and_its_address():
    oauth = provider()
    assert refused(code_grant, oauth, 61) == "invalid_grant"
    assert refused(code_grant, oauth, redirect_uri="https://evil.example") == "invalid_grant"


def test_clients_may_have_to_sign_in_by_header():
    oauth = provider(basic_only=True)
    assert refused(token, oauth, grant_type="client_credentials") == "invalid_client"
    pair = base64.b64encode(b"client-1:secret-1").decode()
    given = token(oauth, headers={"authorization": f"Basic {pair}"}, grant_type="client_credentials", scope="write")
    assert "refresh_token" not in given
    assert check(oauth, given["access_token"]).scopes == {"write"}


def test_some_tokens_never_expire():
    given = code_grant(provider(ttl=None))
    assert "expires_in" not in given
    assert "refresh_token" not in given


def test_a_revoked_token_takes_its_family_along():
    oauth = provider()
    given, other = code_grant(oauth), code_grant(oauth)
    raw = urlencode({**APP, "token": given["refresh_token"]}).encode()
    assert oauth.revoke(Call("POST", "/revoke", raw=raw, now=START)).status == 200
    assert refused(check, oauth, given["access_token"]) == "wrong"
    check(oauth, other["access_token"])
    oauth.disconnect()
    assert refused(check, oauth, other["access_token"]) == "wrong"


@pytest.mark.parametrize(
    ("options", "request_with"),
    [
        ({"header": "x-shop-token", "schemes": ()}, lambda t: {"headers": {"x-shop-token": t}}),
        ({"schemes": ("zoho-oauthtoken", "bearer")}, lambda t: {"headers": {"authorization": f"Zoho-oauthtoken {t}"}}),
        ({"query": "access_token"}, lambda t: {"query": {"access_token": [t]}}),
        ({"query": "access_token"}, lambda t: {"headers": {"authorization": f"Bearer {t}"}}),
    ],
)
def test_a_token_comes_where_the_vendor_wants_it(options, request_with):
    oauth = provider(**options)
    told = code_grant(oauth)["access_token"]
    assert oauth.check(Call("GET", "/", now=START, **request_with(told))).scopes == {"read"}
    assert refused(oauth.check, Call("GET", "/", now=START, **request_with(""))) == "missing"
    assert refused(oauth.check, Call("GET", "/", now=START, **request_with("no"))) == "wrong"
    assert refused(oauth.check, Call("GET", "/", now=START, headers={"authorization": f"Basic {told}"})) == "missing"


def test_a_vendor_adds_to_what_it_sends_back_and_answers():
    oauth = provider(
        redirect=lambda call, said: {**said, "shop": "acme", "signature": f"of {said['state']}"},
        answer=lambda call, said: {**said, "instance_url": "https://acme.example"},
    )
    said = consent(oauth)
    assert (said["shop"], said["signature"]) == ("acme", "of s")
    answer = token(oauth, grant_type="authorization_code", code=said["code"])
    assert answer["instance_url"] == "https://acme.example"
    assert check(oauth, answer["access_token"]).scopes == {"read"}
