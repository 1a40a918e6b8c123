"""Who may call what: the token, the version, the login customer, the account's state, and the day's operations.

- Access levels belong to the Google Cloud project of the OAuth client since developer tokens were sunset on 2026-09-09;
  the header `developer-token` is optional and ignored (developers.google.com/google-ads/api/docs/api-policy/
  developer-token, .../api-policy/access-levels: test 15,000 operations a sliding day on test accounts, explorer 2,880
  on production, basic 15,000, standard without a limit).
- A query is one operation however many pages it has, a mutate one for each item, anything else one
  (.../docs/rate-sheet).
- `login-customer-id` must name the manager through which a client account is reached (.../docs/concepts/call-structure,
  AuthorizationError.USER_PERMISSION_DENIED).
- Tokens: developers.google.com/identity/protocols/oauth2/web-server; a refresh gives no new refresh token.
Read 2026-11-25.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from vaiven_connectors.google_ads._sim_schema import RETIRED, VERSIONS
from vaiven_connectors.google_ads._sim_words import refuse
from vaiven_sdk.testing import Call, Caller, OAuthAccess, Refusal, Reply

SCOPE = "https://www.googleapis.com/auth/adwords"
LEVELS = {"test": 15_000, "explorer": 2_880, "basic": 15_000, "standard": 0}
"""Operations of a day; 0 is no limit."""
_OFF = {"CANCELED", "CLOSED"}


class GoogleOAuth(OAuthAccess):
    """Google's sign-in: a refresh token comes with a consent that asks for offline access, and never again."""

    def __init__(self, chance: Random) -> None:
        super().__init__(chance, ttl=3599.0, scopes=[SCOPE])
        self._offline: set[str] = set()

    def authorize(self, call: Call) -> Reply:
        """The consent page; `access_type=offline` is noted."""
        reply = super().authorize(call)
        match = re.search(r"[?&]code=([^&]+)", reply.headers["Location"])
        if match and call.one("access_type") == "offline":
            self._offline.add(match[1])
        return reply

    def token(self, call: Call) -> Reply:
        """The token endpoint, as Google answers."""
        form = call.form()
        if form.get("grant_type") not in {"authorization_code", "refresh_token"}:
            raise Refusal("other", "Invalid grant_type", status=400, code="unsupported_grant_type")
        reply = super().token(call)
        body: dict[str, Any] = {**reply.body, "token_type": "Bearer"}
        if form.get("grant_type") == "refresh_token" or form.get("code") not in self._offline:
            body.pop("refresh_token", None)
        return Reply(body, reply.status, reply.headers)


@dataclass(slots=True)
class AdsAccess:
    """The check of every request.

    Args:
        oauth: the provider.
        admit: looks at the customers of a request, once its token is good.
        retired: versions that are gone besides those of the schedule.
        tokens: gives the developer token that is asked for, or nothing, as since the sunset.
    """

    oauth: GoogleOAuth
    admit: Callable[[Call], None]
    retired: Callable[[], tuple[str, ...]]
    tokens: Callable[[], str]

    @property
    def credential(self) -> dict[str, str]:
        """An access token."""
        return self.oauth.credential

    def check(self, call: Call) -> Caller:
        """Who calls."""
        version = call.slots.get("version", "")
        if version not in VERSIONS and version not in RETIRED:
            raise Refusal("no_route", f"The requested URL {call.path} was not found on this server.")
        caller = self.oauth.check(call)
        if caller.scopes is not None and SCOPE not in caller.scopes:
            raise Refusal("forbidden", "Request had insufficient authentication scopes.")
        if version in RETIRED or version in self.retired():
            message = f"Version {version} is deprecated. Requests to this version will be blocked."
            raise refuse("requestError", "UNSUPPORTED_VERSION", message)
        self._developer_token(call)
        self.admit(call)
        return caller

    def _developer_token(self, call: Call) -> None:
        wanted, given = self.tokens(), call.headers.get("developer-token", "")
        if wanted and not given:
            message = "The developer-token parameter is required for all requests."
            raise refuse("requestError", "DEVELOPER_TOKEN_PARAMETER_MISSING", message, status=401)
        if wanted and given != wanted:
            raise refuse(
                "authenticationError", "DEVELOPER_TOKEN_INVALID", "The developer token is not valid.", status=401
            )


def digits(call: Call, name: str) -> str:
    """A customer id of a header.

    Raises:
        Refusal: HeaderError, or nothing where the header is absent.
    """
    given = call.headers.get(name, "")
    if given and not re.fullmatch(r"\d{10}", given):
        code = "INVALID_LOGIN_CUSTOMER_ID" if name == "login-customer-id" else "INVALID_LINKED_CUSTOMER_ID"
        raise refuse("headerError", code, f"The {name.partition('-')[0]} customer ID could not be validated.")
    return given


def denied() -> Refusal:
    """The user, or the manager in the header, does not reach the customer."""
    return refuse(
        "authorizationError",
        "USER_PERMISSION_DENIED",
        "User doesn't have permission to access customer. Note: If you're accessing a client customer, the manager's "
        "customer id must be set in the 'login-customer-id' header. See "
        "https://developers.google.com/google-ads/api/docs/concepts/call-structure#cid",
        status=403,
    )


def unready(status: str, *, writes: bool) -> Refusal | None:
    """What an account in this state answers; None when it works."""
    if status in _OFF:
        message = "The customer account can't be accessed because it is not yet enabled or has been deactivated."
        return refuse("authorizationError", "CUSTOMER_NOT_ENABLED", message, status=403)
    if status == "SUSPENDED" and writes:
        return refuse(
            "authorizationError",
            "ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT",
            "The user does not have permission to perform this action on the resource or method because the Google Ads "
            "account is suspended.",
            status=403,
        )
    return None


def unapproved(version: str) -> Refusal:
    """A project with test access calls a production account; v23 and v24 have the old code for it."""
    if version in {"v23", "v24"}:
        message = (
            "The developer token is only approved for use with test accounts. To access non-test accounts, apply for "
            "Basic or Standard access."
        )
        return refuse("authorizationError", "DEVELOPER_TOKEN_NOT_APPROVED", message, status=403)
    message = (
        "The Google Cloud project is only approved for use with test accounts. To access non-test accounts, apply for "
        "Explorer, Basic or Standard access."
    )
    return refuse("authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION", message, status=403)


@dataclass(slots=True)
class Operations:
    """The operations of a sliding day.

    Args:
        level: gives the access level of the project.
    """

    level: Callable[[], str]
    _taken: deque[tuple[float, int]] = field(default_factory=deque, repr=False)
    _used: int = 0
    _last: int = 0

    @property
    def used(self) -> int:
        """What was counted in the last day."""
        return self._used

    def take(self, call: Call, cost: float) -> dict[str, str]:
        """Count one request.

        Raises:
            Refusal: QuotaError.RESOURCE_EXHAUSTED with the delay after which it would go.
        """
        now, weight = call.now.timestamp(), _weight(call)
        while self._taken and self._taken[0][0] <= now - 86_400:
            self._used -= self._taken.popleft()[1]
        most = LEVELS[self.level()]
        if most and self._used + weight > most:
            wait = int(self._taken[0][0] + 86_400 - now) + 1 if self._taken else 86_400
            raise self._exhausted(wait)
        self._last = weight
        self._used += weight
        self._taken.append((now, weight))
        return {}

    def done(self, call: Call, *, refused: bool = False) -> None:
        """What is used stays used, unless another limit refused."""
        if refused and self._taken:
            self._used -= self._taken.pop()[1]

    def _exhausted(self, wait: int) -> Refusal:
        quota = {
            "rateScope": "DEVELOPER",
            "rateName": f"Number of operations for {self.level()} access",
            "retryDelay": f"{wait}s",
        }
        message = f"Too many requests. Retry in {wait} seconds."
        return refuse("quotaError", "RESOURCE_EXHAUSTED", message, status=429, details={"quotaErrorDetails": quota})


def _weight(call: Call) -> int:
    try:
        body = msgspec.json.decode(call.raw) if call.raw else {}
    except msgspec.DecodeError:
        return 1
    if not isinstance(body, dict):
        return 1
    if call.path.endswith(":search"):
        return 0 if body.get("pageToken") else 1
    if call.path.endswith(":mutate"):
        items = body.get("operations", body.get("mutateOperations"))
        return len(items) if isinstance(items, list) else 1
    return 1
