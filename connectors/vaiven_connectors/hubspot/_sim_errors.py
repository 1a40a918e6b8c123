"""HubSpot's error bodies, word for word where a source shows them.

Sources (2026-11-22): developers.hubspot.com/docs/api-reference/error-handling, and bodies that users of the
real API quote in HubSpot/hubspot-api-python#51, HubSpot/hubspot-api-nodejs#545 and #548,
segmentio/action-destinations #3957. The sentence is ours where no source shows HubSpot's (page and batch
sizes, search requests); the status and the category are HubSpot's everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

NO_CREDENTIALS = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
    "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)


class VendorError(Exception):
    """An answer other than success: an HTTP status and HubSpot's JSON body, less the `correlationId`."""

    def __init__(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body.get('message', '')}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def error(status: int, category: str | None, message: str, **more: Any) -> VendorError:
    """The common body: `status`, `message`, what `more` brings, then `category` where HubSpot sends one."""
    body = {"status": "error", "message": message, **more}
    if category:
        body["category"] = category
    return VendorError(status, body)


def invalid(message: str, **more: Any) -> VendorError:
    """400 with category VALIDATION_ERROR."""
    return error(400, "VALIDATION_ERROR", message, **more)


def invalid_properties(problems: Sequence[tuple[str, str, str]], portal_id: int) -> VendorError:
    """400 for values that do not fit their properties; a problem is (property, code, message)."""
    listed = [
        {
            "isValid": False,
            "message": message,
            "error": code,
            "name": name,
            "localizedErrorMessage": message,
            "portalId": portal_id,
        }
        for name, code, message in problems
    ]
    details = [
        {"message": message, "code": code, "context": {"propertyName": [name]}} for name, code, message in problems
    ]
    return invalid(f"Property values were not valid: {msgspec.json.encode(listed).decode()}", errors=details)


def contact_exists(existing_id: int) -> VendorError:
    """409 for an e-mail address that another contact has."""
    return error(409, "CONFLICT", f"Contact already exists. Existing ID: {existing_id}")


def no_record(given: str) -> VendorError:
    """404 for one record; HubSpot sends no category when the id is a number."""
    if given.isdigit():
        return error(404, None, "resource not found")
    message = "Object not found.  objectId are usually numeric."
    return error(404, "OBJECT_NOT_FOUND", message, context={"id": [given]})


def records_missing(singular: str, ids: Sequence[str], trace_ids: Sequence[str] = ()) -> dict[str, Any]:
    """The entry of a 207 answer for records that a batch names and HubSpot does not have."""
    message = (
        f"Could not get some {singular.upper()} objects, they may be deleted or not exist. Check that ids are valid."
    )
    context = {"ids": list(ids)}
    if trace_ids:
        context["objectWriteTraceId"] = list(trace_ids)
    return {"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": context}


def missing_scopes(*scopes: str) -> VendorError:
    """403 for a token without the scope."""
    where = "https://developers.hubspot.com/scopes"
    return error(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {where}.",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        links={"scopes": where},
    )


def migrating() -> VendorError:
    """477 while the account moves to another data centre."""
    refused = error(477, None, "This account is being migrated between data hosting locations.")
    return VendorError(refused.status, refused.body, {"Retry-After": "86400"})


def rate_limited(policy: str, retry_after: int | None) -> VendorError:
    """429; it has `errorType` and `policyName` in place of a category."""
    body = {
        "status": "error",
        "message": f"You have reached your {policy.lower()} limit.",
        "errorType": "RATE_LIMIT",
        "policyName": policy,
    }
    return VendorError(429, body, {"Retry-After": str(retry_after)} if retry_after is not None else None)
