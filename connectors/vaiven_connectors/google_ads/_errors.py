"""What Google's error codes mean, and who must do what about each.

Codes: google/ads/googleads/v25/errors of googleapis/googleapis@f8291d2b89; what to do: developers.google.com/google-ads
/api/docs, "Common errors", "Developer token", "Access levels"; reasons of `ErrorInfo`: google/api/error_reason.proto.
Read 2026-11-25.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vaiven_sdk import (
    ConfigInvalid,
    CursorExpired,
    NotFound,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    VaivenError,
    VendorBusy,
)

PROJECT = (
    "Whoever runs Vaiven applies for Explorer, Basic or Standard access on the page 'Google Ads API' of the Google"
    " Cloud project that owns the OAuth client; until then only test accounts can be connected."
)
LOGIN = (
    "If you reach the account through a manager account, give that manager's ID as the manager customer ID; else ask an"
    " administrator of the account to give your Google user access, then connect again."
)
NEWCOMERS = (
    "Google takes uploads of newcomers through its Data Manager API alone (Customer Match since 2026-04-01, offline"
    " conversions since 2026-06-15). Switch this stream off; everything else goes on."
)

ACCESS: dict[str, tuple[type[VaivenError], str, str]] = {
    "NOT_ADS_USER": (
        ReconnectRequired,
        "The Google user who signed in has no Google Ads account.",
        "Connect again with the Google user who can open the account in Google Ads.",
    ),
    "TWO_STEP_VERIFICATION_NOT_ENROLLED": (
        ReconnectRequired,
        "The account asks its users for 2-Step Verification, and the one who signed in has none.",
        "Turn 2-Step Verification on for that Google user, then connect again.",
    ),
    "DEVELOPER_TOKEN_INVALID": (
        PermissionMissing,
        "Google does not know the developer token that Vaiven sends.",
        "Whoever runs Vaiven takes the token out of the credential: Google has asked for none since 2026-09-09.",
    ),
    "DEVELOPER_TOKEN_PROHIBITED": (
        PermissionMissing,
        "The developer token belongs to another Google Cloud project than the OAuth client.",
        "Whoever runs Vaiven takes the token out of the credential: Google has asked for none since 2026-09-09.",
    ),
    "DEVELOPER_TOKEN_NOT_APPROVED": (
        PermissionMissing,
        "Vaiven's developer token is approved for test accounts only, and this is a real account.",
        PROJECT,
    ),
    "DEVELOPER_TOKEN_NOT_ON_ALLOWLIST": (
        PermissionMissing,
        "Vaiven's developer token is not approved.",
        PROJECT,
    ),
    "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION": (
        PermissionMissing,
        "Vaiven's Google Cloud project may call test accounts only, and this is a real account.",
        PROJECT,
    ),
    "PROJECT_DISABLED": (PermissionMissing, "Vaiven's Google Cloud project may not call the Google Ads API.", PROJECT),
    "SERVICE_DISABLED": (
        PermissionMissing,
        "The Google Ads API is not enabled in Vaiven's Google Cloud project.",
        "Whoever runs Vaiven enables it under 'APIs & Services', then waits a few minutes.",
    ),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (
        PermissionMissing,
        "The permission to manage Google Ads campaigns was not granted.",
        "Connect again, and leave the box 'Manage your AdWords campaigns' ticked on Google's page.",
    ),
    "USER_PERMISSION_DENIED": (PermissionMissing, "The Google user may not open this Google Ads account.", LOGIN),
    "LOGIN_CUSTOMER_ID_PARAMETER_MISSING": (
        ConfigInvalid,
        "Google wants to know through which manager account this account is reached.",
        "Give the manager customer ID.",
    ),
    "INVALID_LOGIN_CUSTOMER_ID": (ConfigInvalid, "The manager customer ID is no Google Ads account.", LOGIN),
    "INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION": (
        ConfigInvalid,
        "The account is not below the manager account that was given.",
        "Correct the manager customer ID, or accept the manager's invitation in the account under Admin > Access.",
    ),
    "CUSTOMER_NOT_FOUND": (
        ConfigInvalid,
        "There is no Google Ads account with this customer ID.",
        "Copy the ten digits from the top right of Google Ads.",
    ),
    "INVALID_CUSTOMER_ID": (
        ConfigInvalid,
        "The customer ID is not one of Google Ads.",
        "Copy the ten digits from the top right of Google Ads.",
    ),
    "CUSTOMER_NOT_ENABLED": (
        PermissionMissing,
        "The Google Ads account is not active: it was cancelled, or its sign-up was never finished.",
        "Finish the sign-up or reactivate the account in Google Ads (Admin > Account settings), then sync again.",
    ),
    "INCOMPLETE_SIGNUP": (
        PermissionMissing,
        "The sign-up of the Google Ads account was never finished.",
        "Finish it at ads.google.com, then sync again.",
    ),
    "ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT": (
        PermissionMissing,
        "The Google Ads account is suspended: it can be read, and nothing in it can be changed.",
        "Correct in Google Ads what the notice at the top of the account names, or appeal there; then sync again.",
    ),
    "ACTION_NOT_PERMITTED": (
        PermissionMissing,
        "The Google user may read this account and not change it.",
        "Ask an administrator of the account for standard access, or switch writing off.",
    ),
    "ACCESS_DENIED_FOR_ACCOUNT_TYPE": (
        ConfigInvalid,
        "The account belongs to another advertising system of Google's.",
        "Give the customer ID of a Google Ads account.",
    ),
    "REQUESTED_METRICS_FOR_MANAGER": (
        ConfigInvalid,
        "A manager account was given, which has no figures of its own.",
        "Give the customer ID of the account that runs the ads, and this one as the manager customer ID.",
    ),
    "CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT": (
        ConfigInvalid,
        "A manager account was given, in which nothing of this can be done.",
        "Give the customer ID of the account that runs the ads, and this one as the manager customer ID.",
    ),
    "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE": (
        PermissionMissing,
        "Google does not take this upload from Vaiven's Google Cloud project.",
        NEWCOMERS,
    ),
    "NOT_ON_ALLOWLIST_FOR_USER_ID": (
        PermissionMissing,
        "Google has not let this account use Customer Match.",
        "Google decides by the account's history and spend: Customer Match policy. Switch the stream off meanwhile.",
    ),
    "CUSTOMER_NOT_ACCEPTED_CUSTOMER_DATA_TERMS": (
        PermissionMissing,
        "Nobody has accepted Google's customer data terms for this account.",
        "Accept them in Google Ads under Goals > Settings > Customer data terms, then sync again.",
    ),
}
"""By code: the error, what happened, and what to do."""

FORGOTTEN = {"EXPIRED_PAGE_TOKEN", "INVALID_PAGE_TOKEN"}
RETIRED = "Google no longer serves version 25 of its Ads API, which this connector speaks."
NEWER = "Install a newer version of the connector, then sync again; nothing needs to be done in Google Ads."


@dataclass(frozen=True, slots=True)
class Told:
    """One error of an answer.

    Args:
        code: Google's, as in `DUPLICATE_CAMPAIGN_NAME`.
        said: Google's sentence.
        index: which operation of the request it is about; None for all.
    """

    code: str
    said: str
    index: int | None = None


def refine(status: int, body: Any) -> VaivenError | None:
    """Name an answer's error by Google's code."""
    if status == 404 and isinstance(body, str):
        # The paths of a version that was switched off are not there any more: a page of Google's front end.
        return RequestRefused(RETIRED, why="HTTP 404", remedy=NEWER, status=status)
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    first = next(told(error), Told(str(error.get("status") or ""), str(error.get("message") or "")))
    why = f"{first.code}: {' '.join(first.said.split())[:300]}".strip(": ")
    if found := ACCESS.get(first.code):
        kind, what, remedy = found
        return kind(what, why=why, remedy=remedy)
    if status == 401:
        return ReconnectRequired("Google no longer accepts the sign-in.", why=why)
    if first.code == "UNSUPPORTED_VERSION":
        return RequestRefused(RETIRED, why=why, remedy=NEWER, status=status, body=body)
    if first.code in FORGOTTEN:
        return CursorExpired("Google has forgotten the place where this read was to go on.", why=why)
    return _busy(status, error, first.code, why) or _refused(status, first.code, why, body)


def _busy(status: int, error: Mapping[str, Any], code: str, why: str) -> VaivenError | None:
    if code == "CONCURRENT_MODIFICATION":
        return VendorBusy("Somebody else changes the same things in Google Ads just now.", why=why, retry_after=2)
    if status != 429 and code not in {"RESOURCE_EXHAUSTED", "RESOURCE_TEMPORARILY_EXHAUSTED"}:
        return None
    wait = _delay(error)
    if code == "RESOURCE_EXHAUSTED" and not wait:
        return VendorBusy(
            "Vaiven's Google Cloud project has used up its operations of the last 24 hours.",
            why=why,
            remedy="Wait: the next sync goes on. Whoever runs Vaiven can apply for Standard access, which has none.",
            retry_after=3600,
        )
    return VendorBusy("Google asks to slow down.", why=why, retry_after=wait)


def _refused(status: int, code: str, why: str, body: Any) -> VaivenError | None:
    if code == "RESOURCE_NOT_FOUND" and status == 404:
        return NotFound("Google Ads has no such object.", why=why)
    if status in {400, 403, 404, 409, 412}:
        what = "Google Ads refused the request."
        if status == 403:
            return PermissionMissing("Google Ads does not allow this.", why=why, remedy=LOGIN)
        return RequestRefused(what, why=why, status=status, body=body)
    return None


def told(status: Any) -> Iterator[Told]:
    """Each error in a `google.rpc.Status`: that of a refusal, or that of a partial failure."""
    details = status.get("details") if isinstance(status, Mapping) else None
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, Mapping):
            continue
        for one in detail.get("errors") or ():
            codes = one.get("errorCode") or {}
            yield Told(str(next(iter(codes.values()), "")), str(one.get("message") or ""), _index(one))
        if reason := detail.get("reason"):
            yield Told(str(reason), str(status.get("message") or ""))


def _index(one: Mapping[str, Any]) -> int | None:
    elements = (one.get("location") or {}).get("fieldPathElements") or ()
    # The first one is the request's list of operations; proto3 leaves a zero out.
    return int(elements[0].get("index") or 0) if elements else None


def _delay(error: Mapping[str, Any]) -> float | None:
    """Seconds of `quotaErrorDetails.retryDelay`, as in `30s`."""
    for detail in error.get("details") or ():
        for one in detail.get("errors") or () if isinstance(detail, Mapping) else ():
            given = ((one.get("details") or {}).get("quotaErrorDetails") or {}).get("retryDelay")
            if match := re.fullmatch(r"(\d+(?:\.\d+)?)s", str(given)):
                return float(match[1])
    return None
