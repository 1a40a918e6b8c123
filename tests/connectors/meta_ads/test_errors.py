"""Meta's refusals, as they are told to people: who must act, and what to do; and its limits."""

import json
from types import SimpleNamespace

import pytest

from vaiven_connectors.meta_ads import connector
from vaiven_connectors.meta_ads._errors import BUSY, EXPIRED, account_problem, reason, told
from vaiven_connectors.meta_ads._insights import _failed
from vaiven_sdk import (
    NotFound,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    TooMany,
    VendorBusy,
    VendorDown,
)
from vaiven_sdk.errors import MakerError


def body(code, subcode=None, message="Oh", **more):
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}
    return {"error": error | ({"error_subcode": subcode} if subcode else {})}


def named(given, status=400):
    return connector.hooks["error"](status, given)


@pytest.mark.parametrize(
    ("given", "kind", "remedy"),
    [
        (body(190, 463, "Session has expired"), ReconnectRequired, "Sign in again"),
        (body(190, 458), ReconnectRequired, "allow the app"),
        (body(190, 459), ReconnectRequired, "facebook.com"),
        (body(190, 460), ReconnectRequired, "Sign in again"),
        (body(190), ReconnectRequired, "system user needs a new token"),
        (body(102), ReconnectRequired, "Sign in again"),
        (body(190, message="This method must be called with a Page Access Token"), ReconnectRequired, "the Page"),
        (body(None, message="Invalid OAuth access token."), ReconnectRequired, "Sign in again"),
        (body(100, message="Invalid appsecret_proof provided in the API argument"), ReconnectRequired, "secret"),
        (body(10, message="(#10) Application does not have permission"), PermissionMissing, "allow everything"),
        (body(200, message="(#200) Requires ads_management"), PermissionMissing, "allow everything"),
        (body(294, message="(#294) Managing advertisements requires"), PermissionMissing, "Business settings"),
        (body(3), PermissionMissing, "allow everything"),
        (body(200, message="Your ad account has been disabled"), PermissionMissing, "Account Quality"),
        (body(100, 1, error_user_msg="The ad account is disabled."), PermissionMissing, "Account Quality"),
        (body(100, 2, error_user_msg="The ad account has an unsettled balance."), PermissionMissing, "Pay it"),
        (body(100, 2, error_user_msg="Add a payment method to the account."), PermissionMissing, "Pay it"),
        (body(368), PermissionMissing, "Account Quality"),
        (
            body(2635, message="You are calling a deprecated version of the Ads API."),
            MakerError,
            "Update the connector",
        ),
        (body(1, message="Please reduce the amount of data you're asking for"), TooMany, "narrower"),
        (body(100, 1487534, "Invalid parameter"), TooMany, "narrower"),
        (body(2, 1504038, "Request timed out"), TooMany, "narrower"),
        (body(803), NotFound, "deleted"),
        (body(100, 33, "Unsupported get request."), NotFound, "deleted"),
        (body(100, 2804003, "Invalid parameter"), RequestRefused, "Report it"),
        (body(1, 99), RequestRefused, "Report it"),
        (body(613, 1487632), RequestRefused, "Report it"),
        (body(-2, 2490547), VendorDown, "next sync"),
        (body(2), VendorDown, "next sync"),
        *((body(code), VendorBusy, "next sync") for code in sorted(BUSY)),
    ],
)
def test_a_code_says_who_must_act_and_what_to_do(given, kind, remedy):
    problem = named(given)
    assert type(problem) is kind
    assert remedy in problem.remedy
    assert problem.what.endswith(".")
    assert "A1" not in str(problem)


@pytest.mark.parametrize("subcode", EXPIRED)
def test_each_way_in_which_a_token_dies_has_its_own_sentence(subcode):
    assert named(body(190, subcode)).what == EXPIRED[subcode][0]


def test_what_meta_says_to_people_is_told_with_its_codes():
    problem = named(body(100, 1885183, "Invalid parameter", error_user_msg="The budget is too low."))
    assert problem.why == "The budget is too low. (code 100/1885183)"
    assert reason(problem) == ("100_1885183", "The budget is too low. (code 100/1885183)")


@pytest.mark.parametrize(
    ("given", "status"), [("<html>", 400), (None, 401), ({}, 404), (body(1), 500), (body(2), 503), (body(99), 429)]
)
def test_other_errors_keep_their_ordinary_names(given, status):
    assert named(given, status) is None


def test_a_body_without_an_error_tells_nothing():
    assert told({"error": "text"}) == told([1]) == {}
    assert reason(NotFound("Gone.")) == ("not_found", "Gone.")
    assert named(body("many", message="Odd"), 400).why == "Odd (code many)"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (2, ("disabled", "review")),
        (101, ("closed", "another account")),
        (3, ("unpaid", "Pay it")),
        (8, ("unpaid", "Pay it")),
        (7, ("reviewing", "Wait")),
        (100, ("about to be closed", "Wait")),
    ],
)
def test_an_account_that_takes_no_changes_says_why(status, words):
    problem = account_problem(status)
    assert problem is not None
    assert problem.actor.value == "customer"
    assert words[0] in problem.what
    assert words[1] in problem.remedy


@pytest.mark.parametrize("status", [1, 9, 201, None])
def test_an_account_that_may_serve_ads_takes_changes(status):
    assert account_problem(status) is None


# ------------------------------------------------------------------------------------------------- reports
def polled(**told_):
    return SimpleNamespace(json=lambda: {"id": "1", **told_})


def test_a_report_that_was_too_much_is_asked_for_in_halves():
    assert isinstance(_failed(polled(async_status="Job Failed", error_code=100, error_subcode=1487534)), TooMany)
    problem = _failed(polled(async_status="Job Failed", error_code=1, error_message="Please reduce the amount of data"))
    assert isinstance(problem, TooMany)


@pytest.mark.parametrize(
    "told_",
    [{"async_status": "Job Running"}, {"async_status": "Job Failed", "error_code": -2, "error_subcode": 2490547}],
)
def test_another_failure_is_a_report_that_is_ordered_again(told_):
    assert _failed(polled(**told_)) is None


# ------------------------------------------------------------------------------------------------- limits
def answer(**headers):
    return SimpleNamespace(status=200, headers={name.replace("_", "-"): json.dumps(v) for name, v in headers.items()})


def row(kind, calls=0, cpu=0, time=0, minutes=0):
    return {
        "type": kind,
        "call_count": calls,
        "total_cputime": cpu,
        "total_time": time,
        "estimated_time_to_regain_access": minutes,
    }


def gates(path):
    return [limit for limit in connector.limits if limit.counts(path)]


def test_insights_and_management_have_limits_of_their_own():
    (insights,), (management,) = gates("/act_1/insights"), gates("/act_1/campaigns")
    assert (insights.calls, management.calls, insights.per) == (190_000, 100_000, 3600)
    assert len(gates("/23/users")) == 2


def test_the_highest_percentage_decides():
    (insights,) = gates("/act_1/insights")
    usage = {"1": [row("ads_insights", 10, 75, 20), row("ads_management", 99)]}
    reading = insights.learn(answer(x_business_use_case_usage=usage))
    assert (reading.remaining, reading.limit, reading.reset) == (47_500, 190_000, None)
    throttle = {"app_id_util_pct": 90.0, "acc_id_util_pct": 1.5, "ads_api_access_tier": "standard_access"}
    reading = insights.learn(answer(x_business_use_case_usage=usage, x_fb_ads_insights_throttle=throttle))
    assert reading.remaining == 19_000


def test_a_limit_that_is_used_up_says_how_many_minutes_it_lasts():
    (management,) = gates("/act_1/campaigns")
    reading = management.learn(answer(x_business_use_case_usage={"1": [row("ads_management", 103, minutes=12)]}))
    assert (reading.remaining, reading.reset) == (0, 720)


def test_an_answer_without_percentages_teaches_nothing():
    (management,) = gates("/act_1/campaigns")
    assert management.learn(answer()) is None
    assert management.learn(answer(x_business_use_case_usage={"1": [row("ads_insights", 50)]})) is None
