"""How often Graph lets itself be called, and the percentages in its headers.

Formulas, header names and codes: developers.facebook.com/docs/graph-api/overview/rate-limiting and
/docs/marketing-api/overview/rate-limiting. `estimated_time_to_regain_access` is in minutes, `reset_time_duration` in
seconds. Reads of insights have `X-Fb-Ads-Insights-Throttle`, too (/docs/marketing-api/insights/best-practices). HTTP
statuses: 400 (singer-io/tap-facebook#192), and 403 for an app as a whole (danburzo/fb-export#3). Read 2026-11-25.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from vaiven_connectors.meta_ads._sim_words import graph_error
from vaiven_sdk.testing import Call, Refusal

UseCase = Literal["ads_management", "ads_insights", "custom_audience", "leadgen", "pages", ""]

_WAIT = "Wait a bit and try again. For more info, please refer to"
_PAGE = "https://developers.facebook.com/docs/graph-api/overview/rate-limiting"
_MESSAGES: dict[int, tuple[str, int | None, int]] = {
    4: ("(#4) Application request limit reached", None, 403),
    17: ("(#17) User request limit reached", 2446079, 400),
    32: ("(#32) Page request limit reached", None, 403),
    613: (
        "(#613) There have been too many calls from this ad-account. Please wait a bit and try again.",
        1487742,
        400,
    ),
    80000: (
        f"(#80000) There have been too many calls from this ad-account. {_WAIT} {_PAGE}#ads-insights.",
        2446079,
        400,
    ),
    80001: (f"(#80001) There have been too many calls to this Page account. {_WAIT} {_PAGE}#pages.", None, 400),
    80003: (
        f"(#80003) There have been too many calls to this ad-account. {_WAIT} {_PAGE}#custom-audience.",
        2446079,
        400,
    ),
    80004: (
        f"(#80004) There have been too many calls to this ad-account. {_WAIT} {_PAGE}#ads-management.",
        2446079,
        400,
    ),
    80005: (f"(#80005) There have been too many leadgen api calls to this Page account. {_WAIT} {_PAGE}.", None, 400),
}
CODES: dict[str, int] = {
    "ads_management": 80004,
    "ads_insights": 80000,
    "custom_audience": 80003,
    "leadgen": 80005,
    "pages": 80001,
}
_HOUR, _DAY = 3600.0, 86400.0
_SCORE_WINDOW = 300.0


def limit_error(code: int) -> Refusal:
    """The refusal of a limit.

    Raises:
        KeyError: no limit has this code.
    """
    message, subcode, status = _MESSAGES[code]
    return graph_error(code, message, status=status, subcode=subcode, transient=True)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a request is counted for.

    Args:
        owner: id of the ad account or page.
        use_case: by which its calls are counted.
        most: calls in the window.
        window: seconds of it.
    """

    owner: str = ""
    use_case: UseCase = ""
    most: float = 0.0
    window: float = _HOUR


@dataclass
class Usage:
    """Every limit at once: the use case of the owner, the score of the account, and what was ordered by a test.

    Args:
        aim: tells what a request is counted for.
        on: whether anything is counted.
        tier: `standard_access` or `development_access`.
    """

    aim: Callable[[Call], Aim]
    on: Callable[[], bool]
    tier: Callable[[], str]
    calls: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    score: dict[str, deque[tuple[float, float]]] = field(default_factory=dict)
    blocked: dict[str, float] = field(default_factory=dict)
    ordered: dict[int, float] = field(default_factory=dict)

    def order(self, code: int, until: float) -> None:
        """From now until then every call meets this limit."""
        _ = limit_error(code)
        self.ordered[code] = until

    def take(self, call: Call, cost: float) -> dict[str, str]:
        """Count one call, and say how much is used.

        Raises:
            Refusal: the code of the limit that is reached, with the same headers.
        """
        now = call.now.timestamp()
        ordered = [(code, until) for code, until in self.ordered.items() if until > now]
        if not ordered and not self.on():
            return {}
        aim = self.aim(call)
        for code, until in ordered:
            raise self._refused(code, aim, now, until)
        used = self._used(aim, now)
        if aim.most and len(used) >= aim.most:
            raise self._refused(CODES[aim.use_case], aim, now, used[0] + aim.window)
        if (until := self.blocked.get(aim.owner, 0.0)) > now:
            raise self._refused(17, aim, now, until)
        points = self._points(aim, now, 1.0 if call.method == "GET" else 3.0)
        if points > self._score_most():
            self.blocked[aim.owner] = now + (60.0 if self._standard() else 300.0)
            raise self._refused(17, aim, now, self.blocked[aim.owner])
        used.append(now)
        return self._headers(aim, now, 0)

    def done(self, call: Call, *, refused: bool = False) -> None:
        """What is counted stays counted."""

    def _standard(self) -> bool:
        return self.tier() == "standard_access"

    def _score_most(self) -> float:
        return 9000.0 if self._standard() else 60.0

    def _used(self, aim: Aim, now: float) -> deque[float]:
        used = self.calls.setdefault((aim.owner, aim.use_case), deque())
        while used and used[0] <= now - aim.window:
            used.popleft()
        return used

    def _points(self, aim: Aim, now: float, more: float) -> float:
        if aim.use_case not in {"ads_management", "custom_audience"}:
            return 0.0
        held = self.score.setdefault(aim.owner, deque())
        while held and held[0][0] <= now - _SCORE_WINDOW:
            held.popleft()
        total = sum(points for _, points in held) + more
        if total <= self._score_most():
            held.append((now, more))
        return total

    def _refused(self, code: int, aim: Aim, now: float, until: float) -> Refusal:
        refusal = limit_error(code)
        refusal.headers |= self._headers(aim, now, until - now, code)
        return refusal

    def _headers(self, aim: Aim, now: float, wait: float, code: int = 0) -> dict[str, str]:
        """The usage in per cent; the limit that refused stands at 100 or more."""
        app = {"call_count": 100 if code == 4 else 1, "total_cputime": 1, "total_time": 1}
        said = {"X-App-Usage": json.dumps(app)}
        if not aim.owner:
            return said
        share = math.ceil(100 * len(self._used(aim, now)) / aim.most) if aim.most else 0
        mine = code in {CODES.get(aim.use_case), 613}
        one: dict[str, str | int] = {
            "type": aim.use_case,
            "call_count": max(share, 100) if mine else share,
            "total_cputime": min(share, 99),
            "total_time": min(share, 99),
            "estimated_time_to_regain_access": math.ceil(wait / 60) if mine else 0,
        }
        if aim.use_case in {"ads_management", "ads_insights", "custom_audience"}:
            one["ads_api_access_tier"] = self.tier()
            points = sum(points for _, points in self.score.get(aim.owner, ()))
            util = 100.0 if code == 17 else round(100 * points / self._score_most(), 2)
            account = {
                "acc_id_util_pct": util,
                "reset_time_duration": math.ceil(wait) if code == 17 else 0,
                "ads_api_access_tier": self.tier(),
            }
            said["X-Ad-Account-Usage"] = json.dumps(account)
            if aim.use_case == "ads_insights":
                throttle = {"app_id_util_pct": 0, "acc_id_util_pct": share, "ads_api_access_tier": self.tier()}
                said["X-Fb-Ads-Insights-Throttle"] = json.dumps(throttle)
        said["X-Business-Use-Case-Usage"] = json.dumps({aim.owner: [one]})
        return said


def hourly(use_case: UseCase, *, standard: bool, active: int) -> float:
    """Calls in an hour by Meta's formulas; `active` ads, audiences, or leads of the day for lead forms."""
    if use_case == "ads_management":
        return (100_000 if standard else 300) + 40 * active
    if use_case == "ads_insights":
        return (190_000 if standard else 600) + 400 * active
    if use_case == "custom_audience":
        return min((190_000 if standard else 5_000) + 40 * active, 700_000)
    return 4800.0 * max(active, 1)
