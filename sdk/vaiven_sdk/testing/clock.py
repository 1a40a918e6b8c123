"""Where a simulator reads the time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of aware UTC instants."""

    def now(self) -> datetime:
        """The current instant."""
        ...


class SystemClock:
    """The machine's clock, made strictly increasing so that two edits never share an instant by accident."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The current instant, at least one microsecond after the last one given."""
        self._last = max(datetime.now(UTC) + self._ahead, self._last + timedelta(microseconds=1))
        return self._last

    def advance(self, seconds: float) -> None:
        """Be ahead of the machine's clock by `seconds` more from now on."""
        self._ahead += timedelta(seconds=seconds)


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The instant last set."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`."""
        self._now += timedelta(seconds=seconds)


class SkewedClock:
    """A vendor's clock that is not ours: ahead by so many seconds, or behind if negative.

    Args:
        base: the true time.
        seconds: what the vendor's clock shows more than that.
    """

    def __init__(self, base: Clock, seconds: float) -> None:
        self._base = base
        self._skew = timedelta(seconds=seconds)

    def now(self) -> datetime:
        """The instant that the vendor believes it to be."""
        return self._base.now() + self._skew
