"""How fast a vendor lets one account call it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from math import isfinite
from time import monotonic
from typing import TYPE_CHECKING, Self

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
        but: paths that it does not count, written as `path`.
        source: where the vendor says so.
    """

    calls: int
    per: float = 1.0
    path: str = ""
    but: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if self.calls < 1 or self.per <= 0:
            raise ValueError(f"a limit lets at least one call through in its window, not {self.calls} in {self.per} s")

    def counts(self, path: str) -> bool:
        """Whether a request to `path` uses this limit up."""
        return fnmatchcase(path, f"{self.path}*") and not (self.but and fnmatchcase(path, f"{self.but}*"))


class Throttle:
    """Client-side limits of one account: waits before a request so that the vendor need not refuse it.

    It outlives a client: what the last sync sent in its last seconds counts in the first seconds of the next one.
    """

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._gates = [(limit, _Window(limit)) for limit in limits]

    def at(self, path: str) -> _Gate:
        """The gate that a request to `path` passes."""
        return _Gate([gate for limit, gate in self._gates if limit.counts(path)])


class _Window:
    """The requests of the last `per` seconds, and a little more, since each takes its own time to arrive.

    Counting over every window of that length holds whatever windows the vendor counts in, rolling or fixed.
    """

    def __init__(self, limit: Limit) -> None:
        self._calls, self._per = limit.calls, limit.per * 1.05 + 0.05
        self._sent: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until one more request fits."""
        while self._sent and self._sent[0] <= now - self._per:
            self._sent.popleft()
        return 0.0 if len(self._sent) < self._calls else self._sent[0] + self._per - now

    def take(self, now: float) -> None:
        """Count one request."""
        self._sent.append(now)


class _Gate:
    def __init__(self, gates: Sequence[_Window]) -> None:
        self._gates = gates

    async def __aenter__(self) -> Self:
        # Between the last look and the count nothing else runs, so that no slot is given away twice.
        while (seconds := max((gate.wait(monotonic()) for gate in self._gates), default=0.0)) > 0:  # noqa: ASYNC110
            await asyncio.sleep(seconds)
        for gate in self._gates:
            gate.take(monotonic())
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait from a Retry-After header: seconds, an HTTP date or an epoch; None when absent or absurd."""
    if not value:
        return None
    now = now or datetime.now(UTC)
    try:
        seconds = float(value)
    except ValueError:
        try:
            instant = parsedate_to_datetime(value)
            # -0000 is how e-mail writes UTC of no known place.
            seconds = (instant.replace(tzinfo=instant.tzinfo or UTC) - now).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return None
    if seconds > 1e9:
        # Some vendors send the instant at which the window opens as an epoch.
        seconds -= now.timestamp()
    return max(0.0, seconds) if isfinite(seconds) and seconds < 86_400 * 2 else None
