"""What Salesforce's errors become: each says who must act, and what to do."""

import asyncio
import json

import pytest

from vaiven_connectors.salesforce import connector
from vaiven_connectors.salesforce._errors import refine, told
from vaiven_connectors.salesforce._limits import usage
from vaiven_connectors.salesforce._settings import Settings
from vaiven_sdk import PermissionMissing, ReconnectRequired, Session
from vaiven_sdk.http import Answer


def error(status, code, message="It is so."):
    return refine(status, [{"message": message, "errorCode": code}])


@pytest.mark.parametrize(
    ("status", "code", "ours", "actor", "does"),
    [
        (401, "INVALID_SESSION_ID", "reconnect_required", "customer", "Connect the account again"),
        (403, "REQUEST_LIMIT_EXCEEDED", "vendor_busy", "vendor", "Wait, or ask Salesforce for more"),
        (403, "API_DISABLED_FOR_ORG", "permission_missing", "customer", "an edition with API access"),
        (400, "INVALID_FIELD", "permission_missing", "customer", "field-level security"),
        (400, "INVALID_TYPE", "permission_missing", "customer", "field-level security"),
        (403, "INSUFFICIENT_ACCESS", "permission_missing", "customer", "permission set"),
        (400, "MALFORMED_QUERY", "request_refused", "maker", "hide that field"),
        (410, "UNSUPPORTED_API_VERSION", "request_refused", "maker", "Install a newer version"),
        (400, "UNABLE_TO_LOCK_ROW", "vendor_busy", "vendor", "next sync goes on"),
        (503, "SERVER_UNAVAILABLE", "vendor_down", "vendor", "next sync goes on"),
        (400, "QUERY_TIMEOUT", "vendor_down", "vendor", "next sync goes on"),
        (400, "MALFORMED_ID", "request_refused", "maker", "Report it"),
    ],
)
def test_each_code_has_its_meaning(status, code, ours, actor, does):
    found = error(status, code)
    assert (found.code, found.actor.value) == (ours, actor)
    assert does in found.remedy
    assert found.why == f"{code}: It is so."


def test_a_day_without_requests_ends_the_run_and_a_crowd_just_waits():
    day = error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    crowd = error(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
    assert day.retry_after == 3600
    assert crowd.retry_after == 20


def test_a_retired_version_may_come_without_a_code():
    assert "retired" in refine(410, None).what


def test_the_rest_is_left_to_its_status():
    assert error(404, "NOT_FOUND") is None
    assert error(500, "UNKNOWN_EXCEPTION") is None
    assert refine(502, None) is None


def test_an_oauth_address_has_other_words():
    body = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    assert told(body) == ("invalid_grant", "expired access/refresh token")


@pytest.mark.parametrize(
    ("header", "left", "most"),
    [
        ("api-usage=10018/100000", 89_982, 100_000),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)", 4975, 5000),
        ("api-usage=5001/5000", 0, 5000),
    ],
)
def test_the_header_says_what_is_left(header, left, most):
    found = usage(Answer(200, {"sforce-limit-info": header}, b""))
    assert (found.remaining, found.limit, found.window) == (left, most, 86_400)


@pytest.mark.parametrize("header", ["", "per-app-api-usage=17/250(appName=x)", "api-usage=?"])
def test_a_header_that_says_nothing_teaches_nothing(header):
    assert usage(Answer(200, {"sforce-limit-info": header}, b"")) is None


@pytest.mark.parametrize(
    ("rest", "instance"),
    [
        ("https://acme.my.salesforce.com/services/data/v{version}/", "acme"),
        ("https://acme--uat.sandbox.my.salesforce.com/services/data/v{version}/", "acme--uat.sandbox"),
        ("https://evil.example/services/data/v{version}/", ""),
        ("https://a.b.my.salesforce.com/", ""),
        (None, ""),
    ],
)
def test_the_address_comes_from_the_vendor_and_is_believed_if_it_is_salesforces(rest, instance):
    asked = []

    async def send(method, path, **_):
        asked.append((method, path))
        return Answer(200, {}, b'{"urls": {"rest": %s}}' % (b'"%s"' % rest.encode() if rest else b"null"))

    config = asyncio.run(connector.hooks["connected"](Session(Settings(), send)))
    assert config.instance == instance
    assert asked == [("GET", "https://login.salesforce.com/services/oauth2/userinfo")]
    known = Settings(instance="own")
    assert asyncio.run(connector.hooks["connected"](Session(known, send))) is known


@pytest.mark.parametrize("scheme", connector.auth)
@pytest.mark.parametrize(
    ("url", "found"), [("https://acme.my.salesforce.com", "acme"), ("https://evil.example", None), (None, None)]
)
def test_a_token_brings_the_address_along(scheme, url, found):
    told = scheme.answer.read(Answer(200, {}, json.dumps({"access_token": "t", "instance_url": url}).encode()))
    assert told.get("config.instance") == found


def test_a_bad_token_is_told_by_403_where_the_address_is_asked_for():
    async def send(*_, **__):
        raise PermissionMissing("No.", why="Bad_OAuth_Token")

    with pytest.raises(ReconnectRequired, match="Bad_OAuth_Token"):
        asyncio.run(connector.hooks["connected"](Session(Settings(), send)))


@pytest.mark.parametrize("login", ["evil.example", "login.salesforce.com.evil.example", "acme.my.salesforce.com/x", ""])
def test_a_login_host_must_be_salesforces(login):
    with pytest.raises(ValueError, match="pattern"):
        Settings(login=login)


@pytest.mark.parametrize("login", ["test.salesforce.com", "acme.my.salesforce.com", "a--b.sandbox.my.salesforce.com"])
def test_production_sandbox_and_my_domain_are_login_hosts(login):
    page = connector.auth[0].page(
        "c", redirect_uri="https://hub.example/back", state="s", config=Settings(login=login), verifier="v" * 43
    )
    assert page.startswith(f"https://{login}/services/oauth2/authorize?")
