"""Waiting without waiting: in the kit's own event loop a sleep takes no time, but counts."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Trace:
    """When which request arrived, by a clock that moves on with every sleep."""

    events: list[tuple[float, Any]] = field(default_factory=list)
    offset: float = 0.0
    """Seconds slept so far."""

    def now(self) -> float:
        """Seconds, those slept among them."""
        return time.monotonic() + self.offset


@contextmanager
def hurried(trace: Trace) -> Iterator[None]:
    """Make `asyncio.sleep` in the running loop return at once; the loop's clock moves on by as much.

    Other loops (a simulator's) sleep as ever.
    """
    loop, sleep = asyncio.get_running_loop(), asyncio.sleep
    really = loop.time

    async def at_once(delay: float, result: Any = None) -> Any:
        if asyncio.get_running_loop() is not loop:
            return await sleep(delay, result)
        if delay > 0:
            trace.offset += delay
        return await sleep(0, result)

    def later() -> float:
        return really() + trace.offset

    # Limits and time-outs read the loop's clock: they must not wait for what was slept through.
    asyncio.sleep = at_once
    loop.time = later  # type: ignore[method-assign]
    try:
        yield
    finally:
        asyncio.sleep = sleep
        del loop.time


class Overdue(Exception):
    """It took longer than it may, by the machine's own clock."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Cancel the running task when so many real seconds are over.

    Raises:
        Overdue: they were.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    over, left = threading.Event(), threading.Event()

    def strike() -> None:
        # What blocked the loop until the end (tests in a process of their own) has left by now: too late to stop it.
        if task is not None and not left.is_set():
            over.set()
            task.cancel()

    timer = threading.Timer(seconds, lambda: loop.call_soon_threadsafe(strike))
    timer.daemon = True
    timer.start()
    try:
        yield
    except asyncio.CancelledError:
        if not over.is_set() or task is None:
            raise
        task.uncancel()
        raise Overdue(f"no end after {seconds:g} seconds") from None
    finally:
        left.set()
        timer.cancel()
