"""The paging rules of marketing APIs, each a small object without state of its own."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from vaiven_sdk.errors import AnswerMalformed

State = Any
"""JSON: what a rule needs to ask for the page after this one; None asks for the first."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a rule adds to one request.

    Args:
        params: query parameters.
        json: members of the body; an object that the body has, too, is joined with it.
        after: becomes `window.after`.
        address: the whole address to ask instead, as the vendor wrote it.
    """

    params: Mapping[str, str | int | list[str]]
    json: Mapping[str, Any]
    after: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule may look at in one answer.

    Args:
        found: values at the paths the rule named, by path.
        count: records in the page.
        last: id of the page's last record, None for an empty page.
        headers: the answer's headers, lower-case names.
        url: the address that was asked.
    """

    found: Mapping[str, Any]
    count: int
    last: str | None
    headers: Mapping[str, str]
    url: str = ""


class Page(ABC):
    """A paging rule. `first page -> turn(None)`; then `turn(advance(state, seen))` until `advance` gives None."""

    size: int = 100
    paths: tuple[str, ...] = ()
    """Dotted paths in the answer, whose values `advance` wants to see."""
    by_last: bool = True
    """Whether `advance` looks at the last record's id, which costs a look into that record."""

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
    def cursor(
        param: str,
        *,
        at: str,
        size: int = 100,
        size_param: str | None = None,
        body: bool = False,
        more: str | None = None,
    ) -> Page:
        """The answer holds, at path `at`, what to send as `param` for the next page.

        Args:
            param: query parameter, or key of the JSON body when `body`.
            at: dotted path in the answer; absent, null or empty ends the walk.
            size: records per page, sent as `size_param` when that is given.
            size_param: name of the parameter that carries `size`.
            body: `param` goes into the JSON body instead of the query.
            more: path of a value that is true (or there) while there are more pages, where the last one has a cursor,
                too.
        """
        return _Cursor(param, at, size, size_param, body, more)

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
    def number(
        param: str = "page",
        *,
        size: int = 100,
        size_param: str | None = None,
        first: int = 1,
        pages: str | None = None,
        total: str | None = None,
        more: str | None = None,
    ) -> Page:
        """Ask for page 1, 2, 3 and so on.

        The end is told by one of three paths in the answer; without one it is a page that is not full. A record removed
        while the walk goes on moves the rest forward: with `total` the walk goes back as far, with the others it
        cannot be seen, so ask for a stable order in which new records come last.

        Args:
            param: query parameter with the page's number.
            size: records per page, sent as `size_param` when that is given.
            size_param: name of the parameter that carries `size`.
            first: number of the first page.
            pages: path of the number of pages.
            total: path of the number of records.
            more: path of a value that is true while there are more pages.
        """
        if sum(path is not None for path in (pages, total, more)) > 1:
            raise TypeError("Page.number: give one of pages=, total= and more=")
        return _Number(param, size, size_param, first, pages, total, more)

    @staticmethod
    def next_url(*, at: str, size: int = 100, size_param: str | None = None, more: str | None = None) -> Page:
        """The answer holds, at path `at`, the next page's address; absent, null or empty ends the walk.

        The address is followed whole and nothing is added to it. A relative one is resolved. One of another origin is
        refused (OriginRefused) before anything is sent. With `more` the walk ends when that path holds nothing true,
        whatever address stands beside it.
        """
        return _NextUrl(at, size, size_param, more)

    @staticmethod
    def link_header(*, size: int = 100, size_param: str | None = None) -> Page:
        """The Link header (RFC 8288) holds the next page's address as `rel="next"`; followed as by `next_url`."""
        return _LinkHeader(size, size_param)

    @staticmethod
    def connection(*, at: str, size: int = 100) -> Page:
        """A GraphQL connection (GraphQL Cursor Connections Specification) at path `at` of the answer.

        Sends `first` and `after` among the variables, and goes on while `pageInfo.hasNextPage`.
        """
        return _Connection(at, size)


@dataclass(frozen=True, slots=True)
class _Single(Page):
    by_last = False

    def turn(self, state: State) -> Turn:
        return Turn({}, {})

    def advance(self, state: State, seen: Seen) -> State:
        return None


class _Sized(Page):
    by_last = False
    size_param: str | None

    def sized(self) -> dict[str, str | int]:
        return {self.size_param: self.size} if self.size_param else {}


class _Cursor(_Sized):
    def __init__(  # noqa: PLR0917 - made by `Page.cursor` alone
        self,
        param: str,
        at: str,
        size: int,
        size_param: str | None,
        body: bool,  # noqa: FBT001
        more: str | None,
    ) -> None:
        self.param, self.at, self.size, self.size_param, self.body = param, at, size, size_param, body
        self.more = more
        self.paths = (at, more) if more else (at,)

    def turn(self, state: State) -> Turn:
        token = {} if state is None else {self.param: state}
        return Turn(self.sized(), token) if self.body else Turn({**self.sized(), **token}, {})

    def advance(self, state: State, seen: Seen) -> State:
        if self.more and not seen.found.get(self.more):
            return None
        token = seen.found.get(self.at) or None
        if self.more and token is None:
            raise AnswerMalformed(f"There is a next page by {self.more!r}, but the answer has no {self.at!r}.")
        return token


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
    by_last = True

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


class _Number(_Sized):
    def __init__(  # noqa: PLR0917 - made by `Page.number` alone
        self,
        param: str,
        size: int,
        size_param: str | None,
        first: int,
        pages: str | None,
        total: str | None,
        more: str | None,
    ) -> None:
        self.param, self.size, self.size_param, self.first = param, size, size_param, first
        self.pages, self.total, self.more = pages, total, more
        self.paths = tuple(path for path in (pages, total, more) if path)

    def turn(self, state: State) -> Turn:
        return Turn({**self.sized(), self.param: state[0] if state else self.first}, {})

    def advance(self, state: State, seen: Seen) -> State:
        at, before, back = state or (self.first, 0, 0)
        if self.more:
            return [at + 1, 0, 0] if seen.found.get(self.more) else None
        if self.pages:
            return [at + 1, 0, 0] if at + 1 < self.first + _number(self.pages, seen) else None
        if not self.total:
            return [at + 1, 0, 0] if seen.count >= self.size else None
        total = _number(self.total, seen)
        lost = max(0, before - total)
        if lost and at > self.first:
            # What was removed moved the rest forward by as many. Counting the steps back keeps the states apart.
            return [max(at - -(-lost // self.size), self.first), total, back + 1]
        return [at + 1, total, back] if (at - self.first + 1) * self.size < total else None


class _Addressed(_Sized):
    """The vendor writes the next page's address."""

    def __init__(self, size: int, size_param: str | None) -> None:
        self.size, self.size_param = size, size_param

    def turn(self, state: State) -> Turn:
        return Turn(self.sized(), {}) if state is None else Turn({}, {}, address=state)

    @abstractmethod
    def given(self, seen: Seen) -> str | None:
        """What the answer says."""

    def advance(self, state: State, seen: Seen) -> State:
        address = self.given(seen)
        if not address:
            return None
        whole = urlsplit(urljoin(seen.url, address))
        kept = [(k, v) for k, v in parse_qsl(whole.query, keep_blank_values=True) if k.lower() in _SECRETS]
        if not kept:
            return whole._replace(fragment="").geturl()
        # Some vendors repeat the credential in their links; the state is stored, so it must not hold one.
        query = "&".join(part for part in whole.query.split("&") if part.partition("=")[0].lower() not in _SECRETS)
        return whole._replace(query=query, fragment="").geturl()


_SECRETS = {"access_token", "api_key", "apikey", "hapikey"}


class _NextUrl(_Addressed):
    def __init__(self, at: str, size: int, size_param: str | None, more: str | None) -> None:
        super().__init__(size, size_param)
        self.at, self.more = at, more
        self.paths = (at, more) if more else (at,)

    def given(self, seen: Seen) -> str | None:
        if self.more and not seen.found.get(self.more):
            return None
        address = seen.found.get(self.at)
        if address is not None and not isinstance(address, str):
            raise AnswerMalformed(f"The next page's address, at {self.at!r}, is not a text.")
        return address


class _LinkHeader(_Addressed):
    def given(self, seen: Seen) -> str | None:
        return next((to for to, relations in links(seen.headers.get("link") or "") if "next" in relations), None)


_LINK = re.compile(r"""<([^>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]*))?)*)\s*(?:,|$)""")
_PARAMETER = re.compile(r""";\s*([\w!#$&+.^`|~*-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s",;]*))?""")


def links(header: str) -> list[tuple[str, tuple[str, ...]]]:
    """The targets of a Link header and their relation types (RFC 8288, section 3), lower-case."""
    found = []
    for target, parameters in _LINK.findall(header):
        relations = next((value for name, value in _PARAMETER.findall(parameters) if name.lower() == "rel"), "")
        found.append((target.strip(), tuple(relations.strip('"').lower().split())))
    return found


class _Connection(Page):
    by_last = False

    def __init__(self, at: str, size: int) -> None:
        self.size, self.more, self.end = size, f"{at}.pageInfo.hasNextPage", f"{at}.pageInfo.endCursor"
        self.paths = (self.more, self.end)

    def turn(self, state: State) -> Turn:
        return Turn({}, {"variables": {"first": self.size, "after": state}})

    def advance(self, state: State, seen: Seen) -> State:
        if seen.found.get(self.more) is None:
            raise AnswerMalformed(f"The answer has no {self.more!r}, so the end of the list cannot be told.")
        if not seen.found[self.more]:
            return None
        if not seen.found.get(self.end):
            raise AnswerMalformed(f"There is a next page, but the answer has no {self.end!r}.")
        return seen.found[self.end]
