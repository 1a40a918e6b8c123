"""What Meta allows one ad account, and what its answers say is used up: percentages.

developers.facebook.com/docs/graph-api/overview/rate-limiting and .../marketing-api/insights/best-practices, read
2026-11-25. The figures are those of full access, which an app needs that serves other people's accounts, before the
share that grows with the number of active ads. With limited access there are 300 and 600: the header then says so.
"""

import json
from collections.abc import Callable
from typing import Any

from vaiven_sdk import Limit, Reading
from vaiven_sdk.limits import Answered

HOUR = 3600
SOURCE = "developers.facebook.com/docs/graph-api/overview/rate-limiting, Business Use Case limits; read 2026-11-25"
SHARES = ("call_count", "total_cputime", "total_time")
"""Percentages of three limits; whichever is the highest decides."""


def usage(kinds: tuple[str, ...], calls: int) -> Callable[[Answered], Reading | None]:
    """A `learn` for `X-Business-Use-Case-Usage`: the rows of these kinds, as a part of `calls`."""

    def learn(answer: Answered) -> Reading | None:
        told: dict[str, list[dict[str, Any]]] = json.loads(answer.headers.get("x-business-use-case-usage") or "{}")
        rows = [row for some in told.values() for row in some if row.get("type") in kinds]
        shares = [float(row.get(name) or 0) for row in rows for name in SHARES]
        throttle = json.loads(answer.headers.get("x-fb-ads-insights-throttle") or "{}") if INSIGHTS in kinds else {}
        shares += [float(throttle.get(name) or 0) for name in ("app_id_util_pct", "acc_id_util_pct") if throttle]
        if not shares:
            return None
        left = max(0.0, 100 - max(shares)) / 100
        minutes = max((float(row.get("estimated_time_to_regain_access") or 0) for row in rows), default=0)
        return Reading(remaining=int(calls * left), limit=calls, reset=minutes * 60 or None, window=HOUR)

    return learn


INSIGHTS, MANAGEMENT, AUDIENCE, LEADS = "ads_insights", "ads_management", "custom_audience", "leadgen"

LIMITS = [
    Limit(
        calls=190_000,
        per=HOUR,
        path="/act_*/insights",
        learn=usage((INSIGHTS,), 190_000),
        source=f"{SOURCE}: ads_insights",
    ),
    Limit(
        calls=100_000,
        per=HOUR,
        but="/act_*/insights",
        learn=usage((MANAGEMENT, LEADS), 100_000),
        source=f"{SOURCE}: ads_management",
    ),
    Limit(
        calls=190_000,
        per=HOUR,
        path="/*/users",
        learn=usage((AUDIENCE,), 190_000),
        source=f"{SOURCE}: custom_audience",
    ),
]
