"""How fast a vendor lets one account call it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Self

from aiolimiter import AsyncLimiter

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_WAIT = 300.0
"""Seconds: a longer Retry-After is not slept through, the run ends and the next one goes on."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` requests in any `per` seconds.

    Args:
        calls: requests allowed in the window.
        per: the window in seconds.
        path: applies to paths that begin with this, `*` standing for anything; all paths when empty.
        source: where the vendor says so.
    """

    calls: int
    per: float = 1.0
    path: str = ""
    source: str = ""


class Throttle:
    """Client-side limits of one account: waits before a request so that the vendor need not refuse it."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        # A burst may be at most a tenth over the steady rate: vendors count in windows of their own, not in ours.
        self._gates = [(limit, AsyncLimiter(max(1, limit.calls * 0.9), limit.per)) for limit in limits]

    def at(self, path: str) -> _Gate:
        """The gate that a request to `path` passes."""
        return _Gate([gate for limit, gate in self._gates if fnmatchcase(path, f"{limit.path}*")])


class _Gate:
    def __init__(self, gates: Sequence[AsyncLimiter]) -> None:
        self._gates = gates
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for gate in self._gates:
            await self._stack.enter_async_context(gate)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait from a Retry-After header: seconds, an HTTP date or an epoch; None when absent or absurd."""
    if not value:
        return None
    now = now or datetime.now(UTC)
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (TypeError, ValueError):
            return None
    if seconds > 1e9:
        # Some vendors send the instant at which the window opens as an epoch.
        seconds -= now.timestamp()
    return max(0.0, seconds) if seconds == seconds and seconds < 86_400 * 2 else None  # noqa: PLR0124 - NaN
