"""One request, repeated by a paging rule."""

from __future__ import annotations

import dataclasses
import json as stdlib_json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from vaiven_sdk.errors import AnswerMalformed, ConfigInvalid, CursorLoop, VaivenError
from vaiven_sdk.paging import Page, Seen, Turn
from vaiven_sdk.read._base import Fetched, Read, Send, date_of
from vaiven_sdk.read._split import splitter
from vaiven_sdk.read._window import Slot, Window, fill_json, fill_params, fill_path, slots_of, templates_in

if TYPE_CHECKING:
    from vaiven_sdk.http import Answer

_NO_TURN = Turn({}, {})

Check = Callable[["Answer"], "VaivenError | None"]
"""Looks at an answer below 400 and may name an error."""


@dataclass(frozen=True, slots=True)
class Request(Read):
    """A request that gives records; made by `get`, `post` and `graphql`."""

    method: Literal["GET", "POST"]
    path: str | Slot
    items: str | None
    page: Page
    params: Mapping[str, str | int | bool | Slot] = field(default_factory=dict)
    json: Mapping[str, Any] | Slot | None = None
    around: Mapping[str, str] = field(default_factory=dict)
    check_answer: Check | None = None

    def __post_init__(self) -> None:
        if self.items is None and self.page.paths:
            wanted = ", ".join(map(repr, self.page.paths))
            raise TypeError(f"{self.path}: paging looks for {wanted} in the answer, so the records need items=...")
        if self.around and "[]" not in (self.items or ""):
            raise TypeError(f"{self.path}: inject(...) takes values from around the record, so items=... needs a `[]`")
        for name in self.around:
            check_name(name, str(self.path))

    def inject(self, **paths: str) -> Request:
        """The same read, whose records get values of the array entry around them.

        Args:
            paths: name in the record, and dotted path in the entry; `items` goes through an array with `[]`.

        Raises:
            TypeError: there is no array around the records.
        """
        return dataclasses.replace(self, around=paths)

    def checked(self, look: Check) -> Request:
        """The same read of a vendor that refuses with status 200.

        Args:
            look: sees each answer below 400 and may give an error; the answer is then treated as that error, so a
                `VendorBusy` is waited for.
        """
        return dataclasses.replace(self, check_answer=look)

    @property
    def size(self) -> int:
        """Records asked for per page."""
        return self.page.size

    def templates(self) -> Iterable[str]:
        """Path, parameters and the slots of the body."""
        texts = [self.path] if isinstance(self.path, str) else []
        return [*texts, *(value for value in self.params.values() if isinstance(value, str)), *templates_in(self.json)]

    async def pages(
        self, send: Send, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The pages, as the rule leads on."""
        nested = "[]" in (self.items or "")
        last_key = (("id",) if nested else key) if self.page.by_last else ()
        split = splitter(self.items, tuple(self.page.paths), tuple(self.around.items()), last_key)
        given: set[str] = set()
        while True:
            answer = await self.ask(send, window, self.page.turn(state))
            parts = split(answer)
            seen = Seen(parts.found, parts.count, parts.last, answer.headers, answer.url)
            state = self.page.advance(state, seen)
            yield Fetched(parts.items, state, answer.headers, parts.bad, date_of(answer.headers))
            if state is None:
                return
            mark = stdlib_json.dumps(state, sort_keys=True)
            if mark in given:
                raise CursorLoop(
                    f"{self.method} {self.path}: the vendor's paging repeats itself.",
                    why=f"the cursor of page {len(given) + 1} came before",
                    remedy="The records read so far are kept; report it to the connector's maker.",
                )
            given.add(mark)

    async def ask(self, send: Send, window: Window, turn: Turn = _NO_TURN, **how: Any) -> Answer:
        """Send the request once.

        Args:
            send: `Http.send`.
            window: what fills the slots.
            turn: what the paging rule adds.
            how: further arguments of `send`.
        """
        here = window if turn.after is None else dataclasses.replace(window, after=turn.after)
        slots = slots_of(here)
        body = None
        if self.method == "POST":
            body = _merged(fill_json(self.json or {}, here, slots), turn.json)
        if self.check_answer is not None:
            how["check"] = self.check_answer
        if turn.address is not None:
            # The vendor wrote it, with all that it wants; it must not lead away from the vendor.
            return await send(self.method, turn.address, params={}, json=body, safe=True, own=True, **how)
        path = self.path(here) if callable(self.path) else fill_path(self.path, slots)
        if path is None:
            raise self._unfilled()
        params = {**fill_params(self.params, here, slots), **turn.params}
        return await send(self.method, path, params=params, json=body, safe=True, **how)

    def _unfilled(self) -> VaivenError:
        if "{parent." in str(self.path):
            return AnswerMalformed(f"{self.path} cannot be asked for: a parent's record has no such value.")
        return ConfigInvalid(f"{self.path} cannot be asked for: a setting in it is empty.")


def _merged(body: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the rule's keys; an object that both have (GraphQL's `variables`) is joined."""
    out = dict(body)
    for name, value in added.items():
        both = isinstance(value, dict) and isinstance(out.get(name), Mapping)
        out[name] = {**out[name], **value} if both else value
    return out


def check_name(name: str, where: str) -> None:
    """Refuse to inject at a path: it is a new member of the record itself.

    Raises:
        TypeError: the name has a dot or a quote.
    """
    if not name or set(name) & set('."\\'):
        raise TypeError(f"{where}: inject {name!r}: the name must be a plain one")


def get(
    path: str | Slot,
    *,
    items: str | None = None,
    page: Page | None = None,
    **params: str | int | bool | Slot,
) -> Request:
    """Read with GET.

    Args:
        path: may hold `{config.x}`, within `each` `{parent.x}`, within `report` `{job}`; or a function of the window.
        items: dotted path of the array of records in the answer; None when the answer is the array. `[]` goes into
            each entry of an array: `results[].associations.companies.results`.
        page: the paging rule; one page when left out.
        params: query parameters: a value, a text with `{config.x}`, `{since}` or `{until}` (left out of the request
            while the slot is empty), or a function of the window. `{since.date}` is the civil date in the account's
            time zone, `{since.epoch}` and `{since.epoch_ms}` count from 1970.
    """
    return Request("GET", path, items, page or Page.single(), params)


def post(
    path: str | Slot,
    *,
    json: Mapping[str, Any] | Slot,
    items: str | None = None,
    page: Page | None = None,
    check: Check | None = None,
    **params: str | int | bool | Slot,
) -> Request:
    """Read with POST (a search).

    Args:
        path: as in `get`.
        json: the body: a value, in which functions and texts that are just a slot (`"{since}"`) are filled, or a
            function of the window.
        items: as in `get`.
        page: as in `get`.
        check: looks at each answer below 400 and may name an error; see `Request.checked`.
        params: as in `get`.
    """
    return Request("POST", path, items, page or Page.single(), params, json, check_answer=check)
