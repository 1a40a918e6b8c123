"""The paging rules of marketing APIs, each a small object without state of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vaiven_sdk.errors import AnswerMalformed

State = Any
"""JSON: what a rule needs to ask for the page after this one; None asks for the first."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a rule adds to one request."""

    params: Mapping[str, str | int | list[str]]
    json: Mapping[str, Any]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule may look at in one answer.

    Args:
        found: values at the paths the rule named, by path.
        count: records in the page.
        last: id of the page's last record, None for an empty page.
        headers: the answer's headers, lower-case names.
    """

    found: Mapping[str, Any]
    count: int
    last: str | None
    headers: Mapping[str, str]


class Page(ABC):
    """A paging rule. `first page -> turn(None)`; then `turn(advance(state, seen))` until `advance` gives None."""

    size: int = 100
    paths: tuple[str, ...] = ()

    @abstractmethod
    def turn(self, state: State) -> Turn:
        """What to add to the request for the page that `state` stands for."""

    @abstractmethod
    def advance(self, state: State, seen: Seen) -> State:
        """The state of the next page, or None at the end."""

    @staticmethod
    def single() -> Page:
        """One page and no more."""
        return _Single()

    @staticmethod
    def cursor(param: str, *, at: str, size: int = 100, size_param: str | None = None, body: bool = False) -> Page:
        """The answer holds, at path `at`, what to send as `param` for the next page.

        Args:
            param: query parameter, or key of the JSON body when `body`.
            at: dotted path in the answer; absent, null or empty ends the walk.
            size: records per page, sent as `size_param` when that is given.
            size_param: name of the parameter that carries `size`.
            body: `param` goes into the JSON body instead of the query.
        """
        return _Cursor(param, at, size, size_param, body)

    @staticmethod
    def offset(*, size: int, total: str | None = None, param: str = "offset", size_param: str = "limit") -> Page:
        """Skip `offset` records; ends at `total` (a path in the answer) or, without one, at a page that is not full.

        A record inserted or removed while the walk goes on shifts the rest, so give the request a stable order;
        each page repeats the last record of the one before, and a total that shrinks sends the walk back as far.
        """
        return _Offset(size, total, param, size_param)

    @staticmethod
    def last_id(param: str, *, more: str, size: int = 100, size_param: str = "limit") -> Page:
        """Send the last record's id as `param` while the answer says, at path `more`, that there is more."""
        return _LastId(param, more, size, size_param)

    @staticmethod
    def keyset(*, size: int) -> Page:
        """The request itself asks for what comes after `window.after`, the last id read; ends at an empty page."""
        return _Keyset(size)

    @staticmethod
    def next_url(*, at: str, size: int = 100, size_param: str | None = None) -> Page:
        """The answer holds the next page's address at path `at`; only its query is used, so it cannot lead away."""
        return _NextUrl(at, size, size_param)


@dataclass(frozen=True, slots=True)
class _Single(Page):
    def turn(self, state: State) -> Turn:
        return Turn({}, {})

    def advance(self, state: State, seen: Seen) -> State:
        return None


class _Sized(Page):
    size_param: str | None

    def sized(self) -> dict[str, str | int]:
        return {self.size_param: self.size} if self.size_param else {}


class _Cursor(_Sized):
    def __init__(self, param: str, at: str, size: int, size_param: str | None, body: bool) -> None:  # noqa: FBT001
        self.param, self.at, self.size, self.size_param, self.body = param, at, size, size_param, body
        self.paths = (at,)

    def turn(self, state: State) -> Turn:
        token = {} if state is None else {self.param: state}
        return Turn(self.sized(), token) if self.body else Turn({**self.sized(), **token}, {})

    def advance(self, state: State, seen: Seen) -> State:
        return seen.found.get(self.at) or None


class _Offset(_Sized):
    def __init__(self, size: int, total: str | None, param: str, size_param: str) -> None:
        self.size, self.total, self.param, self.size_param = size, total, param, size_param
        self.paths = (total,) if total else ()

    def turn(self, state: State) -> Turn:
        return Turn({**self.sized(), self.param: state[0] if state else 0}, {})

    def advance(self, state: State, seen: Seen) -> State:
        at, before = state or (0, 0)
        total = _number(self.total, seen) if self.total else 0
        # What was removed in mid-walk moved the rest forward: go back by as much, and one more for what a new
        # record may have hidden in the count.
        lost = max(0, before - total)
        if lost and at:
            return [max(at - lost, 0), total]
        reached = at + seen.count
        end = reached >= total if self.total else seen.count < self.size
        return None if end or seen.count == 0 else [max(reached - 1, at + 1), total]


class _LastId(_Sized):
    def __init__(self, param: str, more: str, size: int, size_param: str) -> None:
        self.param, self.more, self.size, self.size_param = param, more, size, size_param
        self.paths = (more,)

    def turn(self, state: State) -> Turn:
        return Turn({**self.sized(), **({} if state is None else {self.param: state})}, {})

    def advance(self, state: State, seen: Seen) -> State:
        return _onward(seen) if seen.found.get(self.more) else None


def _number(path: str, seen: Seen) -> int:
    value = seen.found.get(path)
    if isinstance(value, bool) or not str(value).isdecimal():
        # To read it as nothing would pass for the end.
        raise AnswerMalformed(f"The answer has no total at {path!r}, so that the end of the list cannot be told.")
    return int(str(value))


def _onward(seen: Seen) -> str:
    if seen.last is None:
        # To stop here would pass for the end.
        raise AnswerMalformed("The next page begins after this one's last id, but no record of this page has an id.")
    return seen.last


class _Keyset(Page):
    def __init__(self, size: int) -> None:
        self.size = size

    def turn(self, state: State) -> Turn:
        return Turn({}, {}, after=state)

    def advance(self, state: State, seen: Seen) -> State:
        return _onward(seen) if seen.last is not None or seen.count >= self.size else None


class _NextUrl(_Sized):
    def __init__(self, at: str, size: int, size_param: str | None) -> None:
        self.at, self.size, self.size_param = at, size, size_param
        self.paths = (at,)

    def turn(self, state: State) -> Turn:
        return Turn(self.sized() if state is None else parse_qs(state, keep_blank_values=True), {})

    def advance(self, state: State, seen: Seen) -> State:
        address = seen.found.get(self.at)
        if not address:
            return None
        query = urlsplit(str(address)).query
        if not query:
            raise AnswerMalformed("The next page's address has no query, and its path is not followed.")
        return query
