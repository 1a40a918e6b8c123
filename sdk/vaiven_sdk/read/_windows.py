"""A read in windows of time, one after the other."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from vaiven_sdk.errors import TooMany
from vaiven_sdk.read._base import Around, Fetched, Read, Send
from vaiven_sdk.read._window import Moment, Window, parsed, spelled

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Windows(Around):
    """Made by `windows`. Times are counted in seconds, or in days where the vendor counts in days."""

    read: Read
    step: int
    start: str
    dates: bool
    closed: float

    async def pages(
        self, send: Send, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The pages of each window."""
        at: dict[str, Any] = state or self._begin(window)
        while True:
            try:
                async with aclosing(
                    self.read.pages(send, self._narrowed(window, at), state=at["in"], key=key)
                ) as pages:
                    async for page in pages:
                        at = self._heard(window, at, page.date)
                        following = self._next(at) if page.state is None else {**at, "in": page.state}
                        end = self._text(min(at["to"], at["end"]), window) if following is None else None
                        yield dataclasses.replace(page, state=following, since=end)
                        if following is None:
                            return
                        at = following
                        if page.state is None:
                            break
            except TooMany:
                if at["until"] - at["since"] <= 1:
                    raise
                width = (at["until"] - at["since"]) // 2
                at = {**at, "until": at["since"] + width, "step": width, "in": None}

    def _begin(self, window: Window) -> dict[str, Any]:
        since = self._count(window.since if window.since is not None else self.start, window)
        if window.until is not None:
            to = end = self._count(window.until, window)
        else:
            # Until the vendor has told its time, ours has to do.
            end = self._clock(datetime.now(UTC), window)
            to = end + 1 if self.dates else end
        to = max(to, since + 1)
        return {
            "since": since,
            "until": min(since + self.step, to),
            "to": to,
            "end": end,
            "heard": window.until is not None,
            "step": self.step,
            "in": None,
        }

    def _heard(self, window: Window, at: dict[str, Any], told: str | None) -> dict[str, Any]:
        """The first answer tells the vendor's time: no window goes past it, less what its reads trail."""
        if at["heard"] or told is None:
            return at
        end = self._clock(parsed(told), window)
        return {**at, "heard": True, "end": end, "to": max(end + 1 if self.dates else end, at["until"])}

    def _next(self, at: dict[str, Any]) -> dict[str, Any] | None:
        if at["until"] >= at["to"]:
            return None
        # After a split it widens again, step by step.
        step = min(at["step"] * 2, self.step)
        return {**at, "since": at["until"], "until": min(at["until"] + step, at["to"]), "step": step, "in": None}

    def _narrowed(self, window: Window, at: dict[str, Any]) -> Window:
        if self.dates:
            since, until = self._text(at["since"], window), self._text(at["until"] - 1, window)
        else:
            since = self._text(at["since"], window)
            until = spelled(datetime.fromtimestamp(at["until"] - self.closed, UTC))
        return dataclasses.replace(window, since=since, until=until)

    def _clock(self, now: datetime, window: Window) -> int:
        seconds = int(now.timestamp() - window.lag)
        if not self.dates:
            return seconds
        return datetime.fromtimestamp(seconds, ZoneInfo(window.zone)).date().toordinal()

    def _count(self, text: str, window: Window) -> int:
        moment = Moment(text, window.zone)
        return date.fromisoformat(moment.date).toordinal() if self.dates else moment.epoch

    def _text(self, count: int, window: Window) -> str:
        if self.dates:
            return date.fromordinal(count).isoformat()
        return spelled(datetime.fromtimestamp(count, UTC))


def windows(read: Read, *, days: float = 7, start: str, dates: bool = False, closed: float = 0.0) -> Windows:
    """Read window after window of time, oldest first; each fills `{since}` and `{until}`.

    Windows are half-open: one begins in the second in which the one before it ends, and that second belongs to the
    later one. The last ends at the vendor's clock (its Date header, ours until it has answered) less the stream's
    `lag`, and the next read begins there. A window that is TooMany is halved, down to one second or one day.

    Args:
        read: what to read in each; it uses `{since}` and `{until}`.
        days: width of a window; may be a part of a day.
        start: where a read of everything begins: an instant or a date, ISO.
        dates: the vendor counts in civil dates of the account's time zone and takes both ends as included.
        closed: the smallest step of the vendor's times in seconds, where it takes `{until}` as included: a second less
            is sent for 1.

    Raises:
        TypeError: a window would be less than a second, or than a day with `dates`.
    """
    step = int(days) if dates else int(days * _DAY)
    if step < 1:
        raise TypeError("windows: days=... is less than a second, or than a day with dates=True")
    Moment(start).epoch  # noqa: B018 - a start that is no time fails at import
    return Windows(read, step, start, dates, closed)
