"""How a vendor cuts lists into pages: where one asks to go on, and where the answer says so."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from vaiven_sdk.testing._view import Entry, Place, Selection
from vaiven_sdk.testing.refusal import Problem, Refusal
from vaiven_sdk.testing.routing import Call, Reply

Show = Callable[[Entry], Any]
"""What of a row the answer has."""


class By(Protocol):
    """How a request says which page it wants."""

    def cut(self, call: Call, rows: Selection, size: int) -> tuple[list[Entry], Mapping[str, Any] | None, Any]:
        """The page's entries, the next one's query parameters (None at the end), and how its place is spelt."""
        ...


@dataclass(frozen=True, slots=True)
class ByCursor:
    """An opaque token that stands for a place in the list's order: nothing is skipped when rows are added.

    Args:
        param: of the query.
        lives: seconds for which a token is good; None for ever.
        in_body: dotted path of the token in a JSON body, for lists that are asked for with POST.
    """

    param: str = "cursor"
    lives: float | None = None
    in_body: str | None = None

    def cut(self, call: Call, rows: Selection, size: int) -> tuple[list[Entry], Mapping[str, Any] | None, Any]:
        """A page behind the token's place."""
        given = _within(call.json(), self.in_body) if self.in_body else call.one(self.param)
        found = rows.after(self._read(given, call)).page(size + 1)
        page = found[:size]
        if len(found) <= size:
            return page, None, None
        token = self.token(rows.place_of(page[-1]), call)
        return page, {self.param: token}, token

    def token(self, place: Place, call: Call) -> str:
        """The token that stands for a place."""
        return urlsafe_b64encode(msgspec.json.encode([*place, int(call.now.timestamp())])).decode().rstrip("=")

    def _read(self, given: Any, call: Call) -> Place | None:
        if given is None or given == "":
            return None
        try:
            value, number, issued = msgspec.json.decode(urlsafe_b64decode(f"{given}==="))
        except (ValueError, TypeError):
            raise _bad(self.param, "this cursor is not one of ours") from None
        if self.lives is not None and call.now.timestamp() > issued + self.lives:
            raise Refusal("invalid", "this cursor has expired", code="cursor_expired", about={"field": self.param})
        return (tuple(value) if isinstance(value, list) else value), number


@dataclass(frozen=True, slots=True)
class ByOffset:
    """How many rows to leave out: rows added or removed meanwhile shift the pages.

    Args:
        param: of the query.
        deepest: rows that can be reached at all, as where a search ends after ten thousand; None is all.
    """

    param: str = "offset"
    deepest: int | None = None

    def cut(self, call: Call, rows: Selection, size: int) -> tuple[list[Entry], Mapping[str, Any] | None, Any]:
        """A page behind so many rows."""
        offset = call.number(self.param, 0)
        if self.deepest is not None and offset + size > self.deepest:
            raise _bad(self.param, f"only the first {self.deepest} results can be read")
        found = rows.page(size + 1, offset)
        following = offset + size if len(found) > size else None
        return found[:size], None if following is None else {self.param: following}, following


@dataclass(frozen=True, slots=True)
class ByNumber:
    """The number of the page.

    Args:
        param: of the query.
        first: number of the first page, 1 or 0.
    """

    param: str = "page"
    first: int = 1

    def cut(self, call: Call, rows: Selection, size: int) -> tuple[list[Entry], Mapping[str, Any] | None, Any]:
        """A page by its number."""
        number = call.number(self.param, self.first, least=self.first)
        found = rows.page(size + 1, (number - self.first) * size)
        following = number + 1 if len(found) > size else None
        return found[:size], None if following is None else {self.param: following}, following


@dataclass(frozen=True, slots=True)
class ByKey:
    """The id of the last row that one has.

    Args:
        param: of the query.
        find: gives the entry of an id, or None: it need not be listed any more. The table's `entry`, mostly.
        key: field of the id.
    """

    param: str
    find: Callable[[str], Entry | None]
    key: str = "id"

    def cut(self, call: Call, rows: Selection, size: int) -> tuple[list[Entry], Mapping[str, Any] | None, Any]:
        """A page behind the row of that id."""
        given = call.one(self.param)
        held = None if given is None else self.find(given)
        if given is not None and held is None:
            raise _bad(self.param, f"there is no {given}")
        found = rows.after(None if held is None else rows.place_of(held)).page(size + 1)
        page = found[:size]
        following = page[-1].row[self.key] if len(found) > size else None
        return page, None if following is None else {self.param: following}, following


@dataclass(frozen=True, slots=True)
class Pages:
    """A vendor's paging rule: `by` reads the request, the paths say what the answer holds.

    Args:
        by: how a request says which page it wants.
        items: dotted path of the array of records; empty when the answer is the array.
        size: records in a page unless the request says.
        most: records in a page at most.
        size_param: query parameter of the size; None when it is fixed.
        over: what happens above `most`: `refuse`, or `clamp` without a word.
        next: dotted path of the next page's place (token, offset, number or id).
        next_url: dotted path of the next page's whole address.
        more: dotted path of a boolean that says whether there is a next page.
        total: dotted path of how many records there are in all.
        link: say the next page's address in a `Link` header (RFC 8288).
        at_end: what stands at `next` and `next_url` on the last page: `null`, or `absent`.
        extra: what else the answer always has.
    """

    by: By
    items: str = ""
    size: int = 100
    most: int = 100
    size_param: str | None = "limit"
    over: str = "refuse"
    next: str = ""
    next_url: str = ""
    more: str = ""
    total: str = ""
    link: bool = False
    at_end: str = "null"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def answer(self, call: Call, rows: Selection, show: Show | None = None) -> Reply:
        """One page.

        Args:
            call: the request.
            rows: the whole list.
            show: what of each row the answer has; all of it when left out.

        Raises:
            Refusal: `invalid`, for a size or a place that there is not.
        """
        page, following, place = self.by.cut(call, rows, self._size(call))
        shown = [entry.raw if show is None else show(entry) for entry in page]
        address = None if following is None else call.address(**following)
        headers = {"Link": f'<{address}>; rel="next"'} if self.link and address else {}
        if not self.items:
            return Reply(shown, headers=headers)
        body: dict[str, Any] = {}
        _put(body, self.items, shown)
        for path, value in ((self.next, place), (self.next_url, address)):
            if path and (value is not None or self.at_end == "null"):
                _put(body, path, value)
        if self.more:
            _put(body, self.more, following is not None)
        if self.total:
            _put(body, self.total, len(rows))
        return Reply({**self.extra, **body}, headers=headers)

    def _size(self, call: Call) -> int:
        size = self.size
        if self.size_param is not None:
            bound = self.most if self.over == "refuse" else None
            size = min(call.number(self.size_param, self.size, least=1, most=bound), self.most)
        return min(size, call.page_cap or size)


def connection(
    rows: Selection, call: Call, *, first: int = 50, after: str | None = None, most: int = 250, show: Show | None = None
) -> dict[str, Any]:
    """A GraphQL connection: `edges` with their cursors, `nodes`, and `pageInfo`; the query is the vendor's to read.

    Args:
        rows: the whole list.
        call: the request.
        first: records wanted, at most `most`.
        after: cursor of the last record already had.
        most: the vendor's bound; more is refused.
        show: what of each row a node has.

    Raises:
        Refusal: `invalid`, for a size or a cursor that there is not.
    """
    if not 0 < first <= most:
        raise _bad("first", f"first must be from 1 to {most}, not {first}")
    by = ByCursor("after")
    size = min(first, call.page_cap or first)
    found = rows.after(by._read(after, call)).page(size + 1)  # noqa: SLF001 - the cursor's own spelling
    nodes = [
        (entry.raw if show is None else show(entry), by.token(rows.place_of(entry), call)) for entry in found[:size]
    ]
    info = {"hasNextPage": len(found) > size, "endCursor": nodes[-1][1] if nodes else None}
    edges = [{"node": node, "cursor": cursor} for node, cursor in nodes]
    return {"edges": edges, "nodes": [node for node, _ in nodes], "pageInfo": info}


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
    body[last] = value


def _within(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _bad(name: str, message: str) -> Refusal:
    return Refusal("invalid", message, problems=[Problem(name, "range", message)])
