"""The order in which the requests of one account go through its limits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import Any, Self

from vaiven_sdk.errors import VaivenError, VendorBusy
from vaiven_sdk.limits._gates import LONGEST_WAIT, Gate, Slots, Taken, Window, gates_of
from vaiven_sdk.limits._learn import Reading, standard
from vaiven_sdk.limits._limit import Answered, Ask, Limit
from vaiven_sdk.limits._retry_after import retry_after

_ODD = (KeyError, IndexError, TypeError, ValueError, AttributeError, VaivenError)
"""What a function that reads an answer runs into when the answer is not as documented."""


@dataclass(eq=False, slots=True)
class _Kept:
    """A gate and the limit that it keeps; no limit when it was made for what an answer said."""

    gate: Gate
    limit: Limit | None


class Throttle:
    """Client-side limits of one account at one vendor: a request waits here so that the vendor need not refuse it.

    It outlives a client: what the last sync sent in its last seconds counts in the first seconds of the next one. Time
    is that of the running event loop, and a throttle belongs to one loop at a time.

    Whoever came first goes first, at each limit: a request that waits for one limit holds up neither those that do not
    need that limit, nor is it overtaken at it.
    """

    def __init__(self, limits: Sequence[Limit] = ()) -> None:
        self._kept = [_Kept(gate, limit) for limit in limits for gate in gates_of(limit)]
        self._heard: dict[str, _Kept] = {}
        self._queue: list[Turn] = []
        self._blocked: set[Gate] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def at(
        self,
        path: str,
        *,
        method: str = "GET",
        json: Any = None,
        cost: float | None = None,
        deadline: float = inf,
    ) -> Turn:
        """The turn of a request: an async context manager that is entered when the request may go out.

        Args:
            path: of the request, below the base URL.
            method: HTTP method.
            json: the body, before it is encoded.
            cost: what the request costs at the limits that price requests, instead of their own estimate.
            deadline: by the loop's clock, when to give up waiting.

        Raises:
            VendorBusy: on entering: the wait would be longer than `LONGEST_WAIT`, or go past the deadline.
        """
        ask = Ask(method, path, json)
        mine = [
            (kept, kept.limit.price(ask, cost) if kept.limit else 1.0)
            for kept in (*self._kept, *self._heard.values())
            if kept.limit is None or kept.limit.counts(path)
        ]
        return Turn(self, path, mine, deadline)

    def _enter(self, turn: Turn) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Whoever waited in another loop waits no more.
            self._loop, self._timer, self._queue = loop, None, []
        self._queue.append(turn)
        # Behind somebody who waits for the same gate there is nothing to look at before a timer or an answer frees it.
        if len(self._queue) == 1 or not any(kept.gate in self._blocked for kept, _ in turn.mine):
            self._pump()

    def _pump(self) -> None:
        """Let through whoever may go, in the order of arrival, and come back when the next one may."""
        loop = asyncio.get_running_loop()
        now, soonest = loop.time(), inf
        blocked: set[Gate] = set()
        waiting: list[Turn] = []
        for turn in self._queue:
            if turn.ready is None or turn.ready.done():
                continue
            full = [kept.gate for kept, _ in turn.mine if kept.gate in blocked]
            first = not full
            waits = [(kept, kept.gate.wait(now, cost)) for kept, cost in turn.mine if kept.gate not in blocked]
            full += [kept.gate for kept, seconds in waits if seconds > 0]
            if not full:
                turn.start(now)
                continue
            slow = max((one for one in waits if one[1] < inf), key=lambda one: one[1], default=None)
            if slow and (slow[1] > LONGEST_WAIT or now + slow[1] > turn.deadline):
                turn.refuse(slow[0].limit, slow[1])
                continue
            waiting.append(turn)
            blocked.update(full)
            soonest = min(soonest, *(seconds for _, seconds in waits if seconds > 0), inf)
            if first:
                # One that needs several limits can lose the one while it waits for the other: it then gets them all.
                turn.first_since = min(turn.first_since, now)
                if now - turn.first_since > 1.0 + sum(kept.gate.span for kept, _ in turn.mine):
                    blocked.update(kept.gate for kept, _ in turn.mine)
        self._queue, self._blocked = waiting, blocked
        if self._timer:
            self._timer.cancel()
        self._timer = loop.call_at(now + soonest, self._pump) if soonest < inf else None

    def _leave(self, turn: Turn) -> None:
        if turn in self._queue:
            self._queue.remove(turn)
        for kept, _ in turn.taken:
            kept.gate.release()
        if self._queue:
            self._pump()

    def _learn(self, turn: Turn, answer: Answered, now: float) -> None:
        for kept, taken in turn.taken:
            limit = kept.limit
            with suppress(*_ODD):
                if limit and limit.actual and (actual := limit.actual(answer)) is not None:
                    kept.gate.settle(taken, max(0.0, float(actual)))
            with suppress(*_ODD):
                if limit and limit.learn and (reading := limit.learn(answer)) is not None:
                    kept.gate.learn(reading, turn.sent, now)
        for reading in standard(answer.headers):
            self._gate_for(turn, reading).learn(reading, turn.sent, now)
        seconds = retry_after(answer.headers.get("retry-after")) if answer.status in {429, 503} else None
        # A longer one ends the run; the next one asks again, which costs a request and trusts no absurd number.
        if seconds and seconds <= LONGEST_WAIT:
            for gate in [kept.gate for kept, _ in turn.taken] or [self._extra("retry-after", 1.0)]:
                gate.close(now + seconds)
        if self._queue:
            self._pump()

    def _gate_for(self, turn: Turn, reading: Reading) -> Gate:
        """Which limit a reading speaks of: that of the same window, or of the same number; else the longest one."""
        plain = [
            (kept.gate, kept.limit)
            for kept, _ in turn.taken
            if kept.limit and kept.limit.learn is None and not isinstance(kept.gate, Slots)
        ]
        if reading.window:
            for gate, limit in plain:
                if abs(limit.per - reading.window) <= 0.1 * reading.window:
                    return gate
        elif plain:
            same = [gate for gate, limit in plain if limit.calls == reading.limit]
            return same[0] if same else max(plain, key=lambda one: one[1].per)[0]
        return self._extra(reading.name, reading.window or reading.reset or 1.0)

    def _extra(self, name: str, per: float) -> Gate:
        """A gate for a limit that nobody declared: it holds nothing back but what answers say."""
        if name not in self._heard:
            self._heard[name] = _Kept(Window(inf, max(per, 1.0)), None)
        return self._heard[name].gate


@dataclass(eq=False, slots=True)
class Turn:
    """One request's way through the limits; made by `Throttle.at`."""

    throttle: Throttle
    path: str
    mine: list[tuple[_Kept, float]]
    deadline: float
    ready: asyncio.Future[None] | None = None
    taken: list[tuple[_Kept, Taken]] = field(default_factory=list)
    sent: float = 0.0
    first_since: float = inf

    async def __aenter__(self) -> Self:
        self.ready = asyncio.get_running_loop().create_future()
        try:
            self.throttle._enter(self)  # noqa: SLF001
            async with asyncio.timeout_at(None if self.deadline == inf else self.deadline):
                await self.ready
        except TimeoutError:
            self.throttle._leave(self)  # noqa: SLF001
            raise _busy(self.path, None, 0.0) from None
        except BaseException:
            self.throttle._leave(self)  # noqa: SLF001
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.throttle._leave(self)  # noqa: SLF001

    def start(self, now: float) -> None:
        """Take what the request needs, and let it go."""
        self.sent = now
        self.taken = [(kept, kept.gate.take(now, cost)) for kept, cost in self.mine]
        if self.ready:
            self.ready.set_result(None)

    def refuse(self, limit: Limit | None, seconds: float) -> None:
        """Give up: it would take too long."""
        if self.ready:
            self.ready.set_exception(_busy(self.path, limit, seconds))

    def learn(self, answer: Answered) -> None:
        """Take from the answer what it says about the limits, and what the request has really cost."""
        self.throttle._learn(self, answer, asyncio.get_running_loop().time())  # noqa: SLF001


def _busy(path: str, limit: Limit | None, seconds: float) -> VendorBusy:
    """Longer than is waited for: the retries of the client end at once, and the run goes on another time."""
    which = f"this account's limit of {limit}" if limit and seconds <= LONGEST_WAIT else "this account's quota"
    if limit and seconds > LONGEST_WAIT:
        which = f"this account's limit ({limit})"
    why = f"it allows the next one in {seconds:,.0f} s" if seconds else "others are waiting for it, too"
    return VendorBusy(
        f"A request to {path} would have to wait too long for {which}.",
        why=why,
        retry_after=max(seconds, LONGEST_WAIT + 1),
    )
