"""Instants as text that sorts by time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from vaiven_sdk import VaivenError
from vaiven_sdk._mapping import instant

__all__ = ["earlier", "gone_back", "instant", "now"]


def now() -> str:
    """The machine's current instant."""
    return instant(datetime.now(UTC))


def earlier(at: str, seconds: float) -> str:
    """`at` moved back."""
    return instant(datetime.fromisoformat(at) - timedelta(seconds=seconds)) if seconds else at


def gone_back(since: str, days: int) -> str:
    """Where a read begins again, for what the vendor still corrects: `days` earlier, a date as a date.

    Raises:
        VaivenError: `since` is no time.
    """
    if not days:
        return since
    try:
        if len(since) == len("2026-01-01"):
            return (date.fromisoformat(since) - timedelta(days=days)).isoformat()
        return earlier(since, days * 86_400)
    except (ValueError, OverflowError):
        raise VaivenError(
            f"{since[:40]!r} is no time, so {days} days before it cannot be read again.",
            remedy="A stream with restates=... needs a date or an instant as its cursor.",
        ) from None
