"""Who may call HubSpot, and how often.

Sources (2026-11-22): developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines (limits and
headers), .../search-the-crm (5 searches a second and account, no limit headers on them), spec
auth-oauth@v1, @v3.
"""

from __future__ import annotations

import random
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from vaiven_connectors.hubspot._sim_errors import NO_CREDENTIALS, VendorError, error, rate_limited
from vaiven_connectors.hubspot._sim_schema import iso

TEN_SECONDS: Final = 10_000
_DAY: Final = 86_400_000
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Access:
    """The portal's private app and one public app with its OAuth tokens."""

    def __init__(self, quirk: Mapping[str, Any], rng: random.Random) -> None:
        self._quirk = quirk
        self._random = rng
        self.private_token = ""
        self.rotate()
        self.client_id = f"{rng.getrandbits(128):032x}"
        self.client_secret = f"{rng.getrandbits(128):032x}"
        self.codes: set[str] = set()
        self.refresh_tokens: set[str] = set()
        self._access: dict[str, tuple[int, str]] = {}

    def rotate(self) -> None:
        """Give the private app a new token."""
        self.private_token = f"pat-na1-{uuid.UUID(int=self._random.getrandbits(128))}"

    def grant(self) -> str:
        """An authorization code, as a user's consent gives it."""
        code = f"na1-{self._letters(32)}"
        self.codes.add(code)
        return code

    def new_refresh_token(self) -> str:
        """A refresh token of an account that installed the app."""
        token = f"na1-{self._letters(36)}"
        self.refresh_tokens.add(token)
        return token

    def new_access_token(self, refresh_token: str, now: int) -> str:
        """An access token, good for `access_token_ttl` seconds."""
        token = f"C{self._letters(120)}"
        self._access[token] = (now + int(self._quirk["access_token_ttl"]) * 1000, refresh_token)
        return token

    def seconds_left(self, token: str, now: int) -> int | None:
        """Seconds for which an access token is still good; None for one that is not or never was."""
        expiry, refresh_token = self._access.get(token, (0, ""))
        return (expiry - now) // 1000 if expiry > now and refresh_token in self.refresh_tokens else None

    def check(self, header: str | None, now: int) -> bool:
        """Let a request in; gives whether its token is an OAuth one.

        Raises:
            VendorError: 401.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() == "bearer" and token == self.private_token:
            return False
        expiry, refresh_token = self._access.get(token, (None, ""))
        if expiry is None or refresh_token not in self.refresh_tokens:
            raise error(401, "INVALID_AUTHENTICATION", NO_CREDENTIALS)
        if expiry <= now:
            message = f"The OAuth token used to make this call expired {(now - expiry) // 1000} second(s) ago."
            raise error(401, "EXPIRED_AUTHENTICATION", message, context={"expire time": [iso(expiry)]})
        return True

    def _letters(self, n: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=n))


class Limits:
    """HubSpot's rolling and daily limits; a request that is refused does not count."""

    def __init__(self, quirk: Mapping[str, Any]) -> None:
        self._quirk = quirk
        self._recent: dict[bool, deque[int]] = {False: deque(), True: deque()}
        self._searches: deque[int] = deque()
        self._day = -1
        self._used_today = 0

    def take(self, now: int, *, oauth: bool, search: bool) -> dict[str, str]:
        """Count one request and give the headers that tell how many are left.

        Raises:
            VendorError: 429.
        """
        daily = int(self._quirk["daily_limit"])
        if now // _DAY != self._day:
            self._day, self._used_today = now // _DAY, 0
        if not oauth and daily and self._used_today >= daily:
            raise self._refuse("DAILY", now, (self._day + 1) * _DAY)
        if search:
            self._slide(self._searches, now, 1000, int(self._quirk["search_limit"]), "SECONDLY")
            self._used_today += not oauth
            return {}
        limit = int(self._quirk["oauth_burst_limit" if oauth else "burst_limit"])
        recent = self._recent[oauth]
        headers = {"X-HubSpot-RateLimit-Interval-Milliseconds": str(TEN_SECONDS)} if limit else {}
        try:
            self._slide(recent, now, TEN_SECONDS, limit, "TEN_SECONDLY_ROLLING")
            self._used_today += not oauth
        except VendorError as refused:
            refused.headers |= self._left(headers, limit, len(recent), daily, oauth=oauth)
            raise
        return self._left(headers, limit, len(recent), daily, oauth=oauth)

    def _left(self, headers: dict[str, str], limit: int, used: int, daily: int, *, oauth: bool) -> dict[str, str]:
        if limit:
            headers |= {
                "X-HubSpot-RateLimit-Max": str(limit),
                "X-HubSpot-RateLimit-Remaining": str(limit - used),
            }
        if daily and not oauth:
            headers["X-HubSpot-RateLimit-Daily"] = str(daily)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(daily - self._used_today)
        return headers

    def _slide(self, recent: deque[int], now: int, window: int, limit: int, policy: str) -> None:
        if not limit:
            return
        while recent and recent[0] <= now - window:
            recent.popleft()
        if len(recent) >= limit:
            raise self._refuse(policy, now, recent[0] + window)
        recent.append(now)

    def _refuse(self, policy: str, now: int, free_at: int) -> VendorError:
        wait = max(-(-(free_at - now) // 1000), 1) if self._quirk["retry_after"] else None
        return rate_limited(policy, wait)
