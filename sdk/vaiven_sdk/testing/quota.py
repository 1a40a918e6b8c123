"""How often a vendor lets itself be called, and what it says about that in its headers."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

from vaiven_sdk.testing.ids import http_date
from vaiven_sdk.testing.refusal import Refusal
from vaiven_sdk.testing.routing import Call

Spelling = Literal["seconds", "date", "epoch", "milliseconds", "none"]


class Quota(Protocol):
    """One limit."""

    def take(self, call: Call, cost: float) -> dict[str, str]:
        """Count one request; gives the headers that tell how much is left.

        Raises:
            Refusal: `limited`, with the vendor's headers.
        """
        ...

    def done(self, call: Call, *, refused: bool = False) -> None:
        """The request has been answered, or was `refused` by another limit and does not count."""
        ...


@dataclass(frozen=True, slots=True)
class LimitHeaders:
    """Names of the headers that speak of a limit; an empty one is not sent.

    Args:
        limit: how much there is in a window.
        remaining: how much is left.
        reset: when it is whole again.
        reset_as: spelling of that.
        retry_after: header of a refusal.
        retry_as: spelling of that; `none` sends none, which many vendors do.
    """

    limit: str = "X-RateLimit-Limit"
    remaining: str = "X-RateLimit-Remaining"
    reset: str = ""
    reset_as: Spelling = "epoch"
    retry_after: str = "Retry-After"
    retry_as: Spelling = "seconds"

    def left(self, limit: float, used: float, now: float, free_at: float) -> dict[str, str]:
        """The headers of an answer."""
        said = {self.limit: f"{limit:g}", self.remaining: f"{max(limit - used, 0):g}"}
        if self.reset:
            said[self.reset] = spelt(self.reset_as, now, free_at)
        return {name: value for name, value in said.items() if name}

    def wait(self, now: float, free_at: float) -> dict[str, str]:
        """The header of a refusal."""
        if self.retry_as == "none" or not self.retry_after:
            return {}
        return {self.retry_after: spelt(self.retry_as, now, free_at)}


def spelt(how: Spelling, now: float, at: float) -> str:
    """An instant as one of the spellings of Retry-After and its like; seconds are rounded up, and at least 1."""
    if how == "seconds":
        return str(max(int(-(-(at - now) // 1)), 1))
    if how == "date":
        return http_date(datetime.fromtimestamp(max(at, now + 1), UTC))
    return str(int(at * (1000 if how == "milliseconds" else 1)))


@dataclass(slots=True)
class WindowQuota:
    """So many requests (or points) in a window of time; what is refused does not count.

    Args:
        most: gives the size, so that it can be a quirk; 0 is no limit.
        per: seconds.
        rolling: the window ends now; False: it is one of those that follow one another from midnight UTC on.
        only: regular expression of the paths that count.
        headers: what is said.
        name: of the limit, for the envelope (`about["limit"]`).
        points: count what requests cost in place of their number.
    """

    most: Callable[[], float]
    per: float = 1.0
    rolling: bool = True
    only: str = ""
    headers: LimitHeaders = field(default_factory=LimitHeaders)
    name: str = "requests"
    points: bool = False
    _taken: deque[tuple[float, float]] = field(default_factory=deque, repr=False)
    _used: float = 0.0
    _counted: bool = False

    def take(self, call: Call, cost: float) -> dict[str, str]:
        """Count one request in its window."""
        most = self.most()
        self._counted = bool(most) and bool(re.search(self.only, call.path))
        if not self._counted:
            return {}
        now = call.now.timestamp()
        start = now - self.per if self.rolling else now // self.per * self.per
        while self._taken and (self._taken[0][0] <= start if self.rolling else self._taken[0][0] < start):
            self._used -= self._taken.popleft()[1]
        weight = cost if self.points else 1.0
        used = self._used
        oldest = self._taken[0][0] if self._taken else now
        free_at = (oldest if self.rolling else start) + self.per
        if used + weight > most:
            headers = self.headers.left(most, used, now, free_at) | self.headers.wait(now, free_at)
            raise Refusal("limited", f"too many {self.name}", headers=headers, about={"limit": self.name})
        self._taken.append((now, weight))
        self._used += weight
        return self.headers.left(most, used + weight, now, free_at)

    def done(self, call: Call, *, refused: bool = False) -> None:
        """What is used stays used, unless another limit refused."""
        if refused and self._counted:
            self._used -= self._taken.pop()[1]


@dataclass(slots=True)
class BucketQuota:
    """A bucket that fills at a steady rate (a leaky bucket, GraphQL points).

    Args:
        most: gives the size of the bucket; 0 is no limit.
        per_second: what flows in.
        headers: what is said.
        name: of the limit.
    """

    most: Callable[[], float]
    per_second: float
    headers: LimitHeaders = field(default_factory=LimitHeaders)
    name: str = "points"
    _used: float = 0.0
    _last: float = 0.0
    _at: float = 0.0

    def take(self, call: Call, cost: float) -> dict[str, str]:
        """Take the request's cost out of the bucket."""
        most, now = self.most(), call.now.timestamp()
        self._last = 0.0
        if not most:
            return {}
        self._used = max(0.0, self._used - (now - self._at) * self.per_second)
        self._at = now
        free_at = now + max(0.0, self._used + cost - most) / self.per_second
        if self._used + cost > most:
            headers = self.headers.left(most, self._used, now, free_at) | self.headers.wait(now, free_at)
            raise Refusal("limited", f"too many {self.name}", headers=headers, about={"limit": self.name})
        self._used += cost
        self._last = cost
        return self.headers.left(most, self._used, now, now + self._used / self.per_second)

    def give_back(self, points: float) -> None:
        """Put back what the request being answered took and did not need: its true cost is known by its answer."""
        back = min(max(points, 0.0), self._last)
        self._used, self._last = self._used - back, self._last - back

    @property
    def left(self) -> float:
        """What is in the bucket since the last request was counted; 0 where there is no limit."""
        return max(0.0, self.most() - self._used)

    def done(self, call: Call, *, refused: bool = False) -> None:
        """What was taken is put back where another limit refused."""
        if refused:
            self._used -= self._last


@dataclass(slots=True)
class ConcurrencyQuota:
    """So many requests at the same moment.

    Args:
        most: gives the number; 0 is no limit.
        wait: headers of a refusal.
    """

    most: Callable[[], float]
    wait: dict[str, str] = field(default_factory=dict)
    name: str = "simultaneous requests"
    _running: int = 0

    def take(self, call: Call, cost: float) -> dict[str, str]:
        """Count one more that is being answered."""
        most = self.most()
        if most and self._running >= most:
            raise Refusal("limited", f"too many {self.name}", headers=self.wait, about={"limit": self.name})
        self._running += 1
        return {}

    def done(self, call: Call, *, refused: bool = False) -> None:
        """Count one less."""
        self._running -= 1


def take_all(quotas: Sequence[Quota], call: Call, cost: float) -> tuple[dict[str, str], list[Quota]]:
    """Count one request with every limit, or with none of them when one refuses.

    Gives the headers, and the limits that want to hear of the request's end.
    """
    headers: dict[str, str] = {}
    running: list[Quota] = []
    try:
        for quota in quotas:
            headers |= quota.take(call, cost)
            running.append(quota)
    except Refusal as refusal:
        for quota in running:
            quota.done(call, refused=True)
        refusal.headers = headers | refusal.headers
        raise
    return headers, running
