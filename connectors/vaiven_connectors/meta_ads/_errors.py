"""What Meta's refusals mean: a code in the body, most often under status 400.

developers.facebook.com, read 2026-11-25: graph-api/guides/error-handling (codes, and subcodes of 190),
ads-commerce/marketing-api/error-reference, .../insights/error-codes (updated 2026-05-21), and
graph-api/overview/rate-limiting (codes of the limits).
"""

from collections.abc import Mapping
from typing import Any

from vaiven_sdk import (
    NotFound,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    TooMany,
    VaivenError,
    VendorBusy,
    VendorDown,
)
from vaiven_sdk.errors import MakerError

EXPIRED = {
    458: ("The app was removed from the Facebook account.", "Sign in again and allow the app."),
    459: ("Facebook wants to check who this is.", "Log in at facebook.com, follow its check, then connect again."),
    460: ("The password of the Facebook account was changed.", "Sign in again; nothing that was synced is lost."),
    463: ("The access token has expired.", "Sign in again; nothing that was synced is lost."),
    464: ("The Facebook account is not confirmed.", "Log in at facebook.com, confirm the account, then connect again."),
    467: ("The access token is no longer valid.", "Sign in again; a system user needs a new token."),
    492: ("The signed-in person has lost the role on the Page.", "Let an admin of the Page give it back, or sign in."),
}
BUSY = {4, 17, 32, 341, 613, *range(80000, 80015)}
TOO_OFTEN = (613, 1487632)
"""A limit of one ad set, for which the others need not wait (marketing-api/overview/rate-limiting)."""
PERMISSION = {3, 10, *range(200, 300)}
TOO_MUCH = {(100, 1487534), (100, 1504018), (2, 1504038)}
"""Subcodes of insights: too much data in one request, or no answer in time."""
LESS = "reduce the amount of data"
DISABLED = "disabled"
UNSETTLED = ("unsettled", "outstanding balance", "payment method", "unpaid")
RETIRED = 2635
OF_PAGE = "page access token"


def told(body: Any) -> dict[str, Any]:
    """Meta's error object; empty where there is none."""
    error = body.get("error") if isinstance(body, Mapping) else None
    return dict(error) if isinstance(error, Mapping) else {}


def sentence(error: Mapping[str, Any]) -> str:
    """What Meta says to people, else what it says to programs, with its codes."""
    said = " ".join(str(error.get("error_user_msg") or error.get("message") or "").split())[:300]
    codes = "/".join(str(error[key]) for key in ("code", "error_subcode") if error.get(key) not in {None, ""})
    return f"{said} (code {codes})" if codes else said


def account_problem(status: int | None, why: str = "") -> VaivenError | None:
    """Why an account in this `account_status` takes no changes; None where it does."""
    if status in {2, 101}:
        state = "disabled" if status == 2 else "closed"
        return PermissionMissing(
            f"Meta has {state} the ad account.",
            why=why or f"account_status {status}",
            remedy="Ask for a review in Meta's Account Quality, or connect another account; figures are still read.",
        )
    if status in {3, 8}:
        return PermissionMissing(
            "The ad account has an unpaid balance.",
            why=why or f"account_status {status}",
            remedy="Pay it in Meta's Billing & payments, then sync again; figures are still read.",
        )
    if status in {7, 100}:
        return PermissionMissing(
            "Meta is reviewing the ad account." if status == 7 else "The ad account is about to be closed.",
            why=why or f"account_status {status}",
            remedy="Wait for Meta's decision in Account Quality, then sync again; figures are still read.",
        )
    return None


def name_error(status: int, body: Any) -> VaivenError | None:
    """Name a refusal by its code."""
    error = told(body)
    if not error:
        return None
    code, subcode, why = _number(error.get("code")), _number(error.get("error_subcode")), sentence(error)
    said = why.lower()
    if code == 190 and OF_PAGE in said:
        # The SDK then asks for a credential with the Page's token in it, and sends the request again.
        return ReconnectRequired(
            "Meta gives leads and their forms to whoever manages the Page alone.",
            why=why,
            remedy="In Meta's Business settings give the person or system user the Page, then connect again.",
        )
    if code in {102, 190} or (code is None and error.get("type") == "OAuthException"):
        what, remedy = EXPIRED.get(subcode or 0, EXPIRED[467])
        return ReconnectRequired(what, why=why, remedy=remedy)
    if "appsecret_proof" in said:
        return ReconnectRequired(
            "Meta does not accept the proof that goes with the token.",
            why=why,
            remedy="Give the secret of the very app that the token was made for, and connect again.",
        )
    if (code, subcode) == TOO_OFTEN:
        return RequestRefused(
            "The budget of one ad set may be changed four times an hour.", why=why, status=status, body=body
        )
    if code in BUSY:
        return VendorBusy("Meta asks to slow down.", why=why)
    if (code, subcode) in TOO_MUCH or LESS in said:
        return TooMany("Meta cannot give so much at once.", why=why)
    if code == RETIRED:
        return MakerError(
            "Meta no longer serves the version of its API that this connector speaks.",
            why=why,
            remedy="Update the connector; nothing needs to be done at Meta.",
        )
    if code == 368:
        return PermissionMissing(
            "Meta has blocked this for a while, for its policies.",
            why=why,
            remedy="Look at Account Quality in Meta's Business settings; sync again when the block is over.",
        )
    return _of_account(code, subcode, said, why) or _by_status(status, code, subcode, why, body)


def _of_account(code: int | None, subcode: int | None, said: str, why: str) -> VaivenError | None:
    if code in {100, *PERMISSION} and "account" in said:
        if DISABLED in said:
            return account_problem(2, why)
        if any(word in said for word in UNSETTLED):
            return account_problem(3, why)
    if code == 803 or (code == 100 and subcode == 33):
        return NotFound("Meta has no such object, or does not show it to this account.", why=why)
    if code in PERMISSION:
        return PermissionMissing(
            "Meta has not granted Vaiven a permission that this needs.",
            why=why,
            remedy="Sign in again and allow everything that is asked for; in Meta's Business settings give the person"
            " or system user the ad account (and for leads the Page) with enough rights.",
        )
    return None


def _by_status(status: int, code: int | None, subcode: int | None, why: str, body: Any) -> VaivenError | None:
    if code is not None and (code < 0 or (code in {1, 2} and subcode != 99)):
        # With 500 a write may have taken effect: the SDK knows what may be sent again.
        return VendorDown("Meta has a passing trouble.", why=why) if status < 500 else None
    if 400 <= status < 500 and status not in {408, 429}:
        return RequestRefused("Meta refused the request.", why=why, status=status, body=body)
    return None


def reason(problem: VaivenError) -> tuple[str, str]:
    """Code and sentence for the outcome of one refused record."""
    error = told(getattr(problem, "body", None))
    code = "_".join(str(error[key]) for key in ("code", "error_subcode") if error.get(key))
    return code or problem.code, problem.why or problem.what


def too_often(problem: VaivenError) -> bool:
    """Whether this one object was changed too often of late: nothing is wrong with the change."""
    error = told(getattr(problem, "body", None))
    return (_number(error.get("code")), _number(error.get("error_subcode"))) == TOO_OFTEN


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, str)) and str(value).lstrip("-").isdigit() else None
