"""A search that ends after so many records, begun again where it ended."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from vaiven_sdk.errors import AnswerMalformed, MakerError, TooMany
from vaiven_sdk.read._base import Around, Fetched, Read, Send
from vaiven_sdk.read._split import picker
from vaiven_sdk.read._window import Window, parsed, spelled


@dataclass(frozen=True, slots=True)
class Capped(Around):
    """Made by `capped`."""

    read: Read
    cap: int
    by: str
    tie: str | None
    cursor: Callable[[Any], str]

    async def pages(
        self, send: Send, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The pages; before the cap the search begins again at the last value seen."""
        at: dict[str, Any] = state or {"since": window.since, "after": window.after, "n": 0, "last": None, "in": None}
        pick = picker([path for path in (self.by, self.tie) if path])
        while True:
            narrowed = dataclasses.replace(window, since=at["since"], after=at["after"])
            async with aclosing(self.read.pages(send, narrowed, state=at["in"], key=key)) as pages:
                async for page in pages:
                    at = self._past(at, page, pick)
                    if page.state is not None and at["n"] + self.size <= self.cap:
                        at["in"] = page.state
                        yield dataclasses.replace(page, state=at)
                        continue
                    if page.state is None and at["n"] < self.cap:
                        yield dataclasses.replace(page, state=None)
                        return
                    # What comes next begins the search anew; a failure to do so is raised after this page is kept.
                    following = self._restarted(at)
                    again = {**at, "n": 0, "last": None, "in": None}
                    yield dataclasses.replace(page, state=following or again)
                    if following is None:
                        raise TooMany(
                            f"At least {self.cap:,} records have the same {self.by}, and a search ends there.",
                            why="where it ended is not the beginning of another search"
                            + ("" if self.tie else ", and no tie=... tells them apart"),
                        )
                    at = following
                    break

    def _past(self, at: dict[str, Any], page: Fetched, pick: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """The state behind a page."""
        count = len(page.items) + len(page.bad)
        last: tuple[str, str | None] | None = None
        for item in reversed(page.items):
            found = pick(item)
            if found[self.by] is not None and (self.tie is None or found[self.tie] is not None):
                last = (self.cursor(found[self.by]), str(found[self.tie]) if self.tie else None)
                break
        before = at["last"]
        if last is not None and before is not None and _order(last[0]) < _order(before[0]):
            raise AnswerMalformed(
                f"The records do not come in the order of {self.by}, lowest first.",
                why="a search that ends early can only be gone on with where they do",
            )
        return {**at, "n": at["n"] + count, "last": list(last) if last else before}

    def _restarted(self, at: dict[str, Any]) -> dict[str, Any] | None:
        if at["last"] is None or at["last"] == [at["since"], at["after"]]:
            return None
        since, after = at["last"]
        return {"since": since, "after": after, "n": 0, "last": None, "in": None}


def _order(value: str) -> tuple[int, str]:
    return (len(value), value) if value.isdecimal() else (0, value)


def _cursor(value: Any) -> str:
    """A time as the engine spells it; anything else as it is."""
    text = str(value)
    if isinstance(value, str) and "T" in text:
        try:
            return spelled(parsed(text))
        except MakerError:
            return text
    return text


def capped(
    read: Read, *, cap: int, by: str, tie: str | None = None, cursor: Callable[[Any], str] | None = None
) -> Capped:
    """Read a search that gives at most `cap` records, lowest `by` first, as if it gave all.

    Before the cap it is begun again with `{since}` at the last value seen, so records with that value come twice. If
    one value fills a whole search, that would lead nowhere: give `tie`, or it ends in TooMany.

    Args:
        read: asks for records at or after `{since}`, in the order of `by`. With `tie`, `window.after` is then the last
            record's `tie`: it asks for what is above (`{since}`, `after`) and orders by both.
        cap: records that one search gives (10,000 at HubSpot, 1,000 at Zendesk).
        by: dotted path of the value that the search orders by.
        tie: dotted path of a second, unique value to order by (the id).
        cursor: makes `{since}` of the value; times in ISO are spelled as the engine spells them.

    Raises:
        TypeError: one page is more than a search gives.
    """
    if cap < read.size:
        raise TypeError(f"capped: one page has {read.size} records, and cap is {cap}")
    return Capped(read, cap, by, tie, cursor or _cursor)
