"""What Salesforce's error codes mean, and what to do about each.

Codes: developer.salesforce.com, "Status Codes and Error Responses" of the REST API guide; API_DISABLED_FOR_ORG:
github.com/wadewegner/Force.com-Toolkit-for-NET/issues/150; the texts of REQUEST_LIMIT_EXCEEDED: help.salesforce.com
000389067; retired versions: help.salesforce.com 000354473. Read 2026-11-25.
"""

from collections.abc import Mapping
from typing import Any

from vaiven_sdk import PermissionMissing, ReconnectRequired, RequestRefused, VaivenError, VendorBusy, VendorDown

LOCKED = "UNABLE_TO_LOCK_ROW"
HIDDEN = {"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE"}
FORBIDDEN = {
    "INSUFFICIENT_ACCESS",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "FUNCTIONALITY_NOT_ENABLED",
}
AGAIN = {"SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "API_CURRENTLY_DISABLED"}


def refine(status: int, body: Any) -> VaivenError | None:
    """Name an answer's error by its code."""
    code, said = told(body)
    why = f"{code}: {said}" if said else code
    if status == 410 or code == "UNSUPPORTED_API_VERSION":
        return RequestRefused(
            "Salesforce has retired the version of its API that this connector speaks.",
            why=why or "410 Gone",
            remedy="Install a newer version of the connector, then sync again.",
            status=status,
            body=body,
        )
    if not code:
        return None
    if code == "REQUEST_LIMIT_EXCEEDED":
        return _limited(why)
    if code == LOCKED:
        return VendorBusy("Salesforce is changing these records for somebody else just now.", why=why, retry_after=2)
    if code in AGAIN:
        return VendorDown("Salesforce cannot answer just now.", why=why)
    return _by_customer(code, why) or _by_us(status, code, why, body)


def told(body: Any) -> tuple[str, str]:
    """Code and sentence of the first error; an OAuth address has other names for them."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, Mapping):
        return "", ""
    code = first.get("errorCode") or first.get("statusCode") or first.get("error")
    said = first.get("message") or first.get("error_description")
    return str(code or ""), " ".join(str(said or "").split())[:300]


def _limited(why: str) -> VaivenError:
    if "concurrent" in why.lower():
        return VendorBusy("Too many long requests run at once in this organization.", why=why, retry_after=20)
    return VendorBusy(
        "The organization has used up its API requests of the last 24 hours.",
        why=why,
        remedy="Wait, or ask Salesforce for more; Setup > System Overview shows who uses them.",
        retry_after=3600,
    )


def _by_customer(code: str, why: str) -> VaivenError | None:
    if code == "invalid_grant":
        # What a token address says: inactive user, expired access/refresh token, authentication failure
        # (help.salesforce.com, "OAuth 2.0 Authorization Errors"; restforce issue 303).
        return ReconnectRequired(
            "Salesforce gives no new token.",
            why=why,
            remedy="See that the user is active and the login host is the organization's own kind (test.salesforce.com"
            " for a sandbox, login.salesforce.com for production); then connect again.",
        )
    if code == "INVALID_SESSION_ID":
        return ReconnectRequired("Salesforce no longer accepts the session.", why=why)
    if code == "API_DISABLED_FOR_ORG":
        return PermissionMissing(
            "Salesforce's API is not open to this organization or user.",
            why=why,
            remedy="Use an edition with API access (Professional needs it as an add-on), and give the connected user"
            " the permission 'API Enabled'; then sync again.",
        )
    if code in HIDDEN:
        return PermissionMissing(
            "Salesforce does not show the connected user an object or field that this needs.",
            why=why,
            remedy="Let the user see and edit what is named, by permission set or field-level security; if it has just"
            " been deleted, sync again.",
        )
    if code in FORBIDDEN:
        return PermissionMissing(
            "The connected user may not do this in Salesforce.",
            why=why,
            remedy="Give the user read, create, edit and delete on the object by a permission set; then sync again.",
        )
    return None


def _by_us(status: int, code: str, why: str, body: Any) -> VaivenError | None:
    if code == "MALFORMED_QUERY":
        return RequestRefused(
            "Salesforce does not understand a query of this connector.",
            why=why,
            remedy="Report it with the reference id. A custom field's name is the likeliest cause: hide that field from"
            " the connected user, and the rest goes on.",
            status=status,
            body=body,
        )
    if status in {400, 409, 412, 415}:
        return RequestRefused("Salesforce refused the request.", why=why, status=status, body=body)
    return None
