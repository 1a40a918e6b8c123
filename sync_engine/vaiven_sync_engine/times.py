"""Instants as text that sorts by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vaiven_sdk._mapping import instant

__all__ = ["earlier", "instant", "now"]


def now() -> str:
    """The machine's current instant."""
    return instant(datetime.now(UTC))


def earlier(at: str, seconds: float) -> str:
    """`at` moved back."""
    return instant(datetime.fromisoformat(at) - timedelta(seconds=seconds)) if seconds else at
