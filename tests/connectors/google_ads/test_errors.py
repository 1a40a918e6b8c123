"""What Google's errors become: each says who must act, and what to do."""

import pytest

from tests.connectors.google_ads.recorder import CID, Recorder, failure, rows
from vaiven_connectors.google_ads import connector
from vaiven_connectors.google_ads._account import Settings
from vaiven_connectors.google_ads._errors import ACCESS, Told, refine, told
from vaiven_sdk import ConfigInvalid, RequestRefused


def body(code, *, kind="authorizationError", status="PERMISSION_DENIED", said="It is so.", **more):
    detail = failure((None, code, said), code=kind)
    detail["errors"][0].update(more)
    return {
        "error": {"code": 403, "message": "The caller does not have permission", "status": status, "details": [detail]}
    }


@pytest.mark.parametrize(
    ("status", "name", "ours", "says", "does"),
    [
        # The developer token: what it was until 2026-09-09, and what came in its place.
        (
            401,
            "authenticationError.DEVELOPER_TOKEN_INVALID",
            "permission_missing",
            "does not know",
            "asked for none",
        ),
        (
            403,
            "authorizationError.DEVELOPER_TOKEN_PROHIBITED",
            "permission_missing",
            "another Google Cloud",
            "out of",
        ),
        (
            403,
            "authorizationError.DEVELOPER_TOKEN_NOT_APPROVED",
            "permission_missing",
            "test accounts only",
            "Basic",
        ),
        (403, "authorizationError.DEVELOPER_TOKEN_NOT_ON_ALLOWLIST", "permission_missing", "not approved", "Basic"),
        (
            403,
            "authorizationError.CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION",
            "permission_missing",
            "test accounts only",
            "applies for Explorer",
        ),
        (403, "authorizationError.PROJECT_DISABLED", "permission_missing", "may not call", "applies for"),
        # The account.
        (403, "authorizationError.CUSTOMER_NOT_ENABLED", "permission_missing", "cancelled", "reactivate"),
        (
            403,
            "authorizationError.ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT",
            "permission_missing",
            "suspended",
            "appeal",
        ),
        (403, "authorizationError.INCOMPLETE_SIGNUP", "permission_missing", "never finished", "ads.google.com"),
        (401, "authenticationError.CUSTOMER_NOT_FOUND", "config_invalid", "no Google Ads account", "ten digits"),
        (400, "requestError.INVALID_CUSTOMER_ID", "config_invalid", "not one of Google Ads", "ten digits"),
        # The manager.
        (
            403,
            "authorizationError.USER_PERMISSION_DENIED",
            "permission_missing",
            "may not open",
            "manager customer ID",
        ),
        (
            400,
            "requestError.LOGIN_CUSTOMER_ID_PARAMETER_MISSING",
            "config_invalid",
            "which manager",
            "Give the manager",
        ),
        (
            403,
            "authorizationError.INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION",
            "config_invalid",
            "not below the manager",
            "Correct the manager",
        ),
        (400, "queryError.REQUESTED_METRICS_FOR_MANAGER", "config_invalid", "manager account", "runs the ads"),
        (
            400,
            "requestError.CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT",
            "config_invalid",
            "manager account",
            "runs the ads",
        ),
        # Who signed in.
        (
            401,
            "authenticationError.OAUTH_TOKEN_EXPIRED",
            "reconnect_required",
            "no longer accepts",
            "Connect the account",
        ),
        (401, "authenticationError.NOT_ADS_USER", "reconnect_required", "has no Google Ads account", "who can open"),
        (403, "authorizationError.ACTION_NOT_PERMITTED", "permission_missing", "may read", "standard access"),
        (403, "authorizationError.METRIC_ACCESS_DENIED", "permission_missing", "does not allow", "administrator"),
        # Uploads.
        (
            403,
            "notAllowlistedError.CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE",
            "permission_missing",
            "does not take this upload",
            "Data Manager API",
        ),
        (
            403,
            "offlineUserDataJobError.CUSTOMER_NOT_ACCEPTED_CUSTOMER_DATA_TERMS",
            "permission_missing",
            "customer data terms",
            "Accept them",
        ),
    ],
)
def test_each_code_tells_the_customer_what_to_do(status, name, ours, says, does):
    kind, _, code = name.partition(".")
    found = refine(status, body(code, kind=kind))
    assert (found.code, found.actor.value) == (ours, "customer")
    assert says in found.what
    assert does in found.remedy
    assert found.why == f"{code}: It is so."


def test_a_missing_scope_and_a_closed_api_come_as_error_info():
    def info(reason):
        detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
        return {
            "error": {
                "code": 403,
                "message": "Insufficient scopes.",
                "status": "PERMISSION_DENIED",
                "details": [detail],
            }
        }

    scope, disabled = refine(403, info("ACCESS_TOKEN_SCOPE_INSUFFICIENT")), refine(403, info("SERVICE_DISABLED"))
    assert "leave the box" in scope.remedy
    assert scope.why == "ACCESS_TOKEN_SCOPE_INSUFFICIENT: Insufficient scopes."
    assert "not enabled" in disabled.what


def test_a_retired_version_asks_for_a_newer_connector():
    told_so = refine(400, body("UNSUPPORTED_VERSION", kind="requestError", status="INVALID_ARGUMENT"))
    page = refine(404, "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>")
    for found in (told_so, page):
        assert "version 25" in found.what
        assert "newer version" in found.remedy


def test_a_forgotten_place_begins_again():
    found = refine(400, body("EXPIRED_PAGE_TOKEN", kind="requestError"))
    assert (found.code, found.actor.value) == ("cursor_expired", "nobody")


def test_a_used_up_day_ends_the_run_and_a_crowd_waits_as_long_as_it_is_told():
    delay = {"details": {"quotaErrorDetails": {"rateScope": "DEVELOPER", "retryDelay": "30s"}}}
    crowd = refine(429, body("RESOURCE_TEMPORARILY_EXHAUSTED", kind="quotaError", **delay))
    used_up = refine(429, body("RESOURCE_EXHAUSTED", kind="quotaError"))
    silent = refine(429, {"error": {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED"}})
    assert (crowd.code, crowd.retry_after) == ("vendor_busy", 30)
    assert used_up.retry_after == silent.retry_after == 3600
    assert "Standard access" in used_up.remedy


def test_two_who_change_the_same_wait_for_one_another():
    found = refine(409, body("CONCURRENT_MODIFICATION", kind="databaseError"))
    assert (found.code, found.retry_after) == ("vendor_busy", 2)


def test_a_bad_record_is_refused_with_googles_own_words():
    found = refine(400, body("DUPLICATE_CAMPAIGN_NAME", kind="campaignError", said="Already  there."))
    assert isinstance(found, RequestRefused)
    assert found.why == "DUPLICATE_CAMPAIGN_NAME: Already there."
    assert next(told(found.body["error"])).code == "DUPLICATE_CAMPAIGN_NAME"
    assert refine(404, body("RESOURCE_NOT_FOUND", kind="requestError")).code == "not_found"


@pytest.mark.parametrize("answer", [None, "busy", [], {"error": "invalid_grant"}])
def test_what_is_no_error_of_the_api_is_left_to_its_status(answer):
    assert refine(500, answer) is None


def test_a_server_in_trouble_is_left_to_its_status():
    assert refine(503, {"error": {"code": 503, "message": "Down.", "status": "UNAVAILABLE"}}) is None
    assert refine(500, body("TRANSIENT_ERROR", kind="internalError")) is None


def test_errors_without_a_place_are_about_everything():
    first = failure((0, "A", "a"), (2, "B", "b"), (None, "C", "c"))
    assert list(told({"details": [first, "noise"]})) == [Told("A", "a", 0), Told("B", "b", 2), Told("C", "c", None)]
    assert list(told(None)) == []


def test_every_sentence_is_whole():
    for _, what, remedy in ACCESS.values():
        assert what.endswith(".")
        assert remedy.endswith(".")


async def test_a_manager_account_is_refused_with_the_accounts_below_it():
    manager = rows({"customer": {"id": CID, "manager": True}})
    clients = rows(
        {"customerClient": {"id": "1112223333", "descriptiveName": "Shop"}}, {"customerClient": {"id": "4445556666"}}
    )
    made = Recorder(manager, clients)
    with pytest.raises(ConfigInvalid, match="manager account") as caught:
        await connector.hooks["account"](made.hub)
    assert caught.value.why == "accounts below it: 1112223333 Shop, 4445556666"
    assert "manager customer ID" in caught.value.remedy


@pytest.mark.parametrize("given", ["123-456-7890", "1234567890", "123-4567890"])
def test_a_customer_id_is_taken_as_it_is_shown(given):
    assert Settings(customer_id=given, login_customer_id=given).customer_id == "1234567890"
    assert Settings(customer_id=given, login_customer_id=given).login_customer_id == "1234567890"


@pytest.mark.parametrize("given", ["", "12345", "123-456-789X", "1234567890/../x", "https://ads.google.com"])
def test_what_is_no_customer_id_is_refused(given):
    with pytest.raises(ValueError, match="customer_id"):
        Settings(customer_id=given)
