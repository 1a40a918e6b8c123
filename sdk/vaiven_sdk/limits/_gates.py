"""What keeps one limit: a sliding window, a bucket that refills steadily, or a count of what is under way."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaiven_sdk.limits._learn import Reading
    from vaiven_sdk.limits._limit import Limit

SLACK = 1.05
"""A request takes its own time to arrive: a window is watched for a twentieth longer than the vendor's."""
LONGEST_WAIT = 300.0
"""Seconds: a longer wait is not slept through, the run ends and the next one goes on."""
FORGET = 60.0
"""Seconds for which a lower limit is believed that no later answer has repeated."""


GRAINS = 1000
"""A window of more than an hour is remembered in this many parts, not request by request."""


@dataclass(slots=True)
class Part:
    """What was sent in one part of a window; `at` is the last instant of it."""

    begun: float
    at: float
    cost: float


@dataclass(slots=True)
class Taken:
    """What one request took: when, and how much."""

    at: float
    cost: float
    part: Part | None = None


class Window:
    """The requests of the last `per` seconds, and a little more.

    Counting over every window of that length holds whatever windows the vendor counts in, rolling or fixed.
    """

    def __init__(self, calls: float, per: float) -> None:
        self.calls, self.per = calls, per
        self.span = per * SLACK + 0.05
        self._grain = self.span / GRAINS if per > 3600 else 0.0
        self._sent: deque[Part] = deque()
        self._sum = 0.0
        self._cap, self._cap_until = calls, 0.0
        self._left, self._left_until, self._left_as_of = inf, 0.0, -inf
        self._closed = 0.0

    def wait(self, now: float, cost: float) -> float:
        """Seconds until a request of this cost fits; one that never could waits for an empty window."""
        self._forget(now)
        until = max(self._closed, self._free_at(self.calls, cost))
        if now < self._cap_until and until < self._cap_until:
            learnt = self._free_at(self._cap, cost) if self._cap >= min(cost, 1.0) else self._cap_until
            until = max(until, min(learnt, self._cap_until))
        if now < self._left_until and self._left < min(cost, self.calls):
            until = max(until, self._left_until)
        return max(0.0, until - now)

    def _free_at(self, cap: float, cost: float) -> float:
        """When so much has left the window that this fits."""
        over = self._sum + min(cost, cap) - cap
        for part in self._sent if over > 1e-9 else ():
            over -= part.cost
            if over <= 1e-9:
                return part.at + self.span
        return 0.0

    def take(self, now: float, cost: float) -> Taken:
        """Count one request."""
        if self._grain and self._sent and now - self._sent[-1].begun < self._grain:
            part = self._sent[-1]
            part.at, part.cost = now, part.cost + cost
        else:
            part = Part(now, now, cost)
            self._sent.append(part)
        self._sum += cost
        self._left -= cost
        return Taken(now, cost, part)

    def settle(self, taken: Taken, actual: float) -> None:
        """Put what a request has cost in place of the estimate."""
        if taken.part and self._sent and taken.part.begun >= self._sent[0].begun:
            self._sum += actual - taken.cost
            taken.part.cost += actual - taken.cost
        if taken.at > self._left_as_of:
            self._left -= actual - taken.cost
        taken.cost = actual

    def release(self) -> None:
        """The request has come to an end."""

    def close(self, until: float) -> None:
        """Let nothing through before that instant."""
        self._closed = max(self._closed, until)

    def learn(self, reading: Reading, sent: float, now: float) -> None:
        """Believe an answer to a request sent at `sent`, while it holds and never beyond what is declared.

        What was sent after that request may be missing from the vendor's count. An answer to an earlier request
        than the last one that was believed says nothing new.
        """
        # Where nothing is declared, what is left is all that is known: our own count may span the vendor's reset.
        rolling = reading.reset is None and self.calls < inf
        if reading.limit is not None and reading.limit >= 1 and self.calls < inf:
            others = 0.0
            if reading.remaining is not None and rolling:
                # What is used and was not sent from here others have sent, and it leaves by and by.
                self._forget(now)
                others = max(0.0, reading.limit - reading.remaining - self._sum)
            self._cap = min(self.calls, reading.limit) - others
            self._cap_until = now + min(max(self.span, 0.0 if others else FORGET), LONGEST_WAIT)
        if reading.remaining is None or sent < self._left_as_of or (rolling and reading.limit):
            return
        since = sum(part.cost for part in self._sent if part.at > sent)
        reset = self.span if reading.reset is None else reading.reset * SLACK
        longest = max(self.span, LONGEST_WAIT) if self.calls < inf else LONGEST_WAIT
        self._left_until = now + min(reset, longest)
        self._left, self._left_as_of = reading.remaining - since, sent

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0].at <= now - self.span:
            self._sum -= self._sent.popleft().cost
        if not self._sent:
            self._sum = 0.0


class Bucket:
    """A bucket of `calls` that refills evenly in `per` seconds; it is filled a twentieth slower than the vendor's.

    Args:
        calls: what it holds.
        per: seconds in which it refills.
        grows: believe answers that name a larger bucket or a faster refill, too.
    """

    def __init__(self, calls: float, per: float, *, grows: bool = False) -> None:
        self.calls, self.per, self.grows = calls, per, grows
        self.span = per * SLACK + 0.05
        self._rate = calls / self.span
        self._level, self._at = 0.0, 0.0
        self._sent: deque[Taken] = deque()
        self._cap, self._cap_rate, self._cap_until = calls, self._rate, 0.0
        self._as_of = -inf
        self._closed = 0.0

    def wait(self, now: float, cost: float) -> float:
        """Seconds until a request of this cost fits; one that never could waits for a full bucket."""
        size, rate = self._drip(now)
        over = self._level + min(cost, size) - size
        return max(0.0, self._closed - now, over / rate if over > 1e-9 else 0.0)

    def take(self, now: float, cost: float) -> Taken:
        """Count one request."""
        self._drip(now)
        taken = Taken(now, cost)
        self._sent.append(taken)
        self._level += cost
        return taken

    def settle(self, taken: Taken, actual: float) -> None:
        """Put what a request has cost in place of the estimate."""
        self._level = max(0.0, self._level + actual - taken.cost)
        taken.cost = actual

    def release(self) -> None:
        """The request has come to an end."""

    def close(self, until: float) -> None:
        """Let nothing through before that instant."""
        self._closed = max(self._closed, until)

    def learn(self, reading: Reading, sent: float, now: float) -> None:
        """Believe a smaller bucket, a slower refill and a higher level; what was sent since is added to the level."""
        self._drip(now)
        if reading.limit is not None and reading.limit >= 1:
            rate = reading.rate / SLACK if reading.rate else self._rate
            self._cap = reading.limit if self.grows else min(self.calls, reading.limit)
            self._cap_rate = rate if self.grows else min(self._rate, rate)
            self._cap_until = now + max(self.span, FORGET)
        if reading.limit is None or reading.remaining is None or sent < self._as_of:
            return
        self._as_of = sent
        since = sum(taken.cost for taken in self._sent if taken.at > sent)
        # The vendor's bucket may be larger than the declared one: what counts is how much of ours is left.
        size = reading.limit if self.grows else min(self.calls, reading.limit)
        self._level = max(self._level, size - reading.remaining + since)

    def _drip(self, now: float) -> tuple[float, float]:
        size, rate = (self._cap, self._cap_rate) if now < self._cap_until else (self.calls, self._rate)
        self._level = max(0.0, self._level - max(0.0, now - self._at) * rate)
        self._at = now
        while self._sent and self._sent[0].at <= now - self.span:
            self._sent.popleft()
        return size, rate


class Slots:
    """Requests under way at the same time."""

    span = 0.0

    def __init__(self, most: int) -> None:
        self._free = most
        self._closed = 0.0

    def wait(self, now: float, cost: float) -> float:
        """Endless while all slots are taken: it is an answer that frees one, not the clock."""
        return max(0.0, self._closed - now) if self._free > 0 else inf

    def take(self, now: float, cost: float) -> Taken:
        """Occupy a slot."""
        self._free -= 1
        return Taken(now, 1.0)

    def settle(self, taken: Taken, actual: float) -> None:
        """A slot is a slot, whatever the request has cost."""

    def release(self) -> None:
        """Free the slot."""
        self._free += 1

    def close(self, until: float) -> None:
        """Let nothing through before that instant."""
        self._closed = max(self._closed, until)

    def learn(self, reading: Reading, sent: float, now: float) -> None:
        """No vendor says how many are under way."""


Gate = Window | Bucket | Slots


def gates_of(limit: Limit) -> list[Gate]:
    """What keeps a declared limit."""
    out: list[Gate] = []
    if limit.calls:
        calls = float(limit.calls)
        out.append(Bucket(calls, limit.per, grows=limit.grows) if limit.steady else Window(calls, limit.per))
    if limit.concurrent:
        out.append(Slots(limit.concurrent))
    return out
