"""Klaviyo's refusals, as they are told to people, and its limits."""

import pytest

from vaiven_connectors.klaviyo import connector
from vaiven_sdk import NotFound, PermissionMissing, ReconnectRequired, RequestRefused, VendorDown
from vaiven_sdk.errors import MakerError


def body(code, detail, **more):
    return {"errors": [{"id": "1", "status": 400, "code": code, "title": "Oh", "detail": detail, **more}]}


def named(status, told):
    return connector.hooks["error"](status, told)


@pytest.mark.parametrize(
    ("status", "told", "kind"),
    [
        (401, body("not_authenticated", "Missing or invalid authorization scheme."), ReconnectRequired),
        (401, None, ReconnectRequired),
        (400, body("invalid", "The API key specified is invalid."), ReconnectRequired),
        (403, body("permission_denied", "You do not have permission to perform this action."), PermissionMissing),
        (403, None, PermissionMissing),
        (403, "<html>Just a moment...</html>", VendorDown),
        (404, body("not_found", "A profile with id 1 does not exist."), NotFound),
        (410, None, MakerError),
        (400, body("invalid", "The revision 2020-01-01 is not valid."), MakerError),
        (409, body("duplicate_profile", "A profile already exists with one of these identifiers."), RequestRefused),
        (400, body("invalid", "Invalid email address"), RequestRefused),
    ],
)
def test_an_error_says_who_must_act(status, told, kind):
    problem = named(status, told)
    assert type(problem) is kind
    assert problem.what
    if isinstance(told, dict):
        assert problem.why == told["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("status", "told"),
    [(429, body("throttled", "Request was throttled.")), (500, body("error", "Oh")), (400, "<html>"), (404, {})],
)
def test_other_errors_keep_their_ordinary_names(status, told):
    assert named(status, told) is None


def gates(path):
    return sorted((limit.calls, limit.per) for limit in connector.limits if limit.counts(path))


@pytest.mark.parametrize(
    ("path", "pairs"),
    [
        ("/api/profiles", [(75, 1), (750, 60)]),
        ("/api/profiles/P/lists", [(3, 1), (60, 60), (75, 1), (750, 60)]),
        ("/api/profile-bulk-import-jobs/1/import-errors", [(10, 1), (150, 60)]),
        ("/api/profile-subscription-bulk-delete-jobs", [(75, 1), (750, 60)]),
        ("/api/lists/L/profiles", [(75, 1), (750, 60)]),
        ("/api/lists/L/relationships/profiles", [(10, 1), (150, 60)]),
        ("/api/events", [(350, 1), (3500, 60)]),
        ("/api/campaigns", [(10, 1), (150, 60)]),
        ("/api/flows", [(3, 1), (60, 60)]),
        ("/api/accounts", [(1, 1), (15, 60)]),
        ("/api/campaign-values-reports", [(1, 1), (2, 60), (225, 86_400)]),
    ],
)
def test_each_operation_has_its_own_limits(path, pairs):
    assert gates(path) == pairs


def test_every_limit_names_its_source():
    assert all(limit.source for limit in connector.limits)
