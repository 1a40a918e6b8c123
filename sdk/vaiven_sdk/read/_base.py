"""What every kind of read is: pages, one after the other, each with the state from which a later walk goes on."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk._mapping import instant
from vaiven_sdk.config import SLOT, Config, check_slots
from vaiven_sdk.read._window import Window

if TYPE_CHECKING:
    from vaiven_sdk.http import Answer

_WITHIN = {"parent": "`each`", "job": "`report`"}

Send = Callable[..., Awaitable["Answer"]]
"""`Http.send`."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page as it came.

    Args:
        items: each record's JSON, not yet decoded.
        state: where the next page begins, JSON; None after the last.
        headers: the answer's headers.
        bad: records that are not valid JSON on their own, each with the reason.
        date: the vendor's clock when it answered, as an instant; None when it does not say.
        since: with the last page, where the next read begins; None leaves it to the records' own versions.
    """

    items: Sequence[bytes | msgspec.Raw]
    state: Any
    headers: Mapping[str, str]
    bad: Sequence[tuple[str, str]] = ()
    date: str | None = None
    since: str | None = None


class Read(ABC):
    """How records are read: a request with its paging rule, or a combination of such.

    `pages` keeps no state in the object: all of it is in each page's `state`, so that any other process can go on.
    """

    @property
    @abstractmethod
    def size(self) -> int:
        """Records asked for per page."""

    @abstractmethod
    def pages(
        self, send: Send, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """Give the pages one after the other, beginning at `state`.

        Args:
            send: `Http.send`.
            window: what it is about.
            state: of the last page that was kept of an earlier walk; None begins at the first.
            key: path, in one record's JSON, of the id by which some rules page.

        Raises:
            CursorLoop: the vendor gives a cursor that it gave before.
            AnswerMalformed: an answer is not what the API promises.
            ConfigInvalid: a setting that the path needs is empty.
        """

    @abstractmethod
    def templates(self) -> Iterable[str]:
        """Every text with slots in it, this read's own and those of the reads within."""

    def check(self, config: type[Config], where: str, given: frozenset[str] = frozenset({"since", "until"})) -> None:
        """Refuse, at import, a slot that nothing can fill.

        Args:
            config: the connector's settings.
            where: connector and stream, for the message.
            given: names of the slots that are filled here, beside `config`.

        Raises:
            TypeError: there is such a slot.
        """
        for template in self.templates():
            for name, attribute in SLOT.findall(template):
                if name in _WITHIN and name not in given:
                    raise TypeError(f"{where}: {{{name}}} has a value within {_WITHIN[name]} alone")
                if name in {"since", "until"} and attribute not in {"", "date", "epoch", "epoch_ms"}:
                    raise TypeError(f"{where}: {{{name}.{attribute}}} is none of date, epoch, epoch_ms")
            check_slots(template, config, where, given)


class Around(Read):
    """A read that changes how another one is walked, and nothing of what it asks for."""

    read: Read

    @property
    def size(self) -> int:
        """Of the read within."""
        return self.read.size

    def templates(self) -> Iterable[str]:
        """Those of the read within."""
        return self.read.templates()

    def check(self, config: type[Config], where: str, given: frozenset[str] = frozenset({"since", "until"})) -> None:
        """As the read within checks it."""
        self.read.check(config, where, given)


def date_of(headers: Mapping[str, str]) -> str | None:
    """The vendor's clock by the Date header."""
    header = headers.get("date")
    return _date(header) if header else None


@functools.lru_cache(maxsize=64)
def _date(header: str) -> str | None:
    try:
        return instant(parsedate_to_datetime(header))
    except (TypeError, ValueError):
        return None
