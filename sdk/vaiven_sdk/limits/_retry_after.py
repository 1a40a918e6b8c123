"""When a vendor that said "slow down" wants to be called again."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite, nan

MOST = 86_400 * 2
"""Seconds: what asks for more has most likely been misread, and says nothing."""


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait, from a header's text; None when it is absent or absurd.

    Args:
        value: seconds, an HTTP date (RFC 9110, 10.2.3), or the instant as an epoch in seconds or milliseconds.
        now: the current instant.
    """
    if not value:
        return None
    now = now or datetime.now(UTC)
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value, now)
    else:
        # Some vendors send the instant at which the window opens; 1e9 s was in 2001, 1e11 ms in 1973.
        if seconds > 1e11:
            seconds = seconds / 1000 - now.timestamp()
        elif seconds > 1e9:
            seconds -= now.timestamp()
    return max(0.0, seconds) if isfinite(seconds) and seconds <= MOST else None


def _until(date: str, now: datetime) -> float:
    try:
        instant = parsedate_to_datetime(date)
        # -0000 is how e-mail writes UTC of no known place.
        return (instant.replace(tzinfo=instant.tzinfo or UTC) - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return nan
