"""A read for each record of another read."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from vaiven_sdk.config import SLOT, Config
from vaiven_sdk.errors import NotFound
from vaiven_sdk.read._base import Fetched, Read, Send
from vaiven_sdk.read._request import check_name
from vaiven_sdk.read._split import injected, picker
from vaiven_sdk.read._window import Window

_SUSPICIOUS = 3
"""Parents of which not one is there: it is not they who vanished, the child's path is wrong."""

_START: dict[str, Any] = {
    "todo": [],
    "in": None,
    "then": None,
    "more": True,
    "met": 0,
    "lost": 0,
    "date": None,
    "since": None,
}


@dataclass(frozen=True, slots=True)
class Each(Read):
    """Made by `each`. The state holds what is left of the parents' page: they are not asked for again."""

    parent: Read
    child: Read
    carry: tuple[str, ...]
    inject: Mapping[str, str]
    parent_key: tuple[str, ...]

    @property
    def size(self) -> int:
        """Of the child's pages."""
        return self.child.size

    def templates(self) -> Iterable[str]:
        """Those of parent and child."""
        return [*self.parent.templates(), *self.child.templates()]

    def check(self, config: type[Config], where: str, given: frozenset[str] = frozenset({"since", "until"})) -> None:
        """The child may use `{parent.x}`."""
        self.parent.check(config, where, given)
        self.child.check(config, where, given | {"parent"})

    async def pages(
        self, send: Send, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The children's pages, parent after parent."""
        at: dict[str, Any] = state or dict(_START)
        headers: Mapping[str, str] = {}
        pick = picker(self.carry)
        parents = self.parent.pages(send, window, state=at["then"], key=self.parent_key)
        async with aclosing(parents):
            while True:
                while at["todo"]:
                    children = self._children(send, window, at, key)
                    async with aclosing(children):
                        async for page, at in children:  # noqa: B007 - the state moves on with each page
                            if page is not None:
                                yield page
                                if page.state is None:
                                    return
                found = await anext(parents, None) if at["more"] else None
                if found is None:
                    break
                headers = found.headers
                at = {
                    **at,
                    "todo": [pick(item) for item in found.items],
                    "then": found.state,
                    "more": found.state is not None,
                    "date": at["date"] or found.date,
                    "since": _lesser(at["since"], found.since),
                }
                if found.bad:
                    # Their children cannot be read; that is not to pass for children that are gone.
                    yield Fetched((), at, headers, found.bad, at["date"])
        if at["lost"] >= _SUSPICIOUS and not at["met"]:
            raise NotFound(
                f"None of {at['lost']} parents is there when its records are asked for.",
                why="the path of the records is wrong, or the account may not see them",
            )
        yield Fetched((), None, headers, (), at["date"], at["since"])

    async def _children(
        self, send: Send, window: Window, at: dict[str, Any], key: tuple[str, ...]
    ) -> AsyncGenerator[tuple[Fetched | None, dict[str, Any]], None]:
        """The pages of the first parent that is left, each with the state behind it."""
        parent = at["todo"][0]
        values = {name: parent[path] for name, path in self.inject.items() if parent[path] is not None}
        narrowed = dataclasses.replace(window, parent=parent)
        rest = {**at, "todo": at["todo"][1:], "in": None}
        ended = False
        try:
            async with aclosing(self.child.pages(send, narrowed, state=at["in"], key=key)) as pages:
                async for page in pages:
                    ended = page.state is None
                    items: Sequence[Any] = [injected(item, values) for item in page.items] if values else page.items
                    if page.state is not None:
                        behind, state, since = {**at, "in": page.state}, None, None
                        state = behind
                    else:
                        since = _lesser(at["since"], page.since)
                        behind = {**rest, "met": at["met"] + 1, "since": since}
                        state = behind if behind["todo"] or behind["more"] else None
                    yield (
                        dataclasses.replace(
                            page,
                            items=items,
                            state=state,
                            date=at["date"] or page.date,
                            since=since if state is None else None,
                        ),
                        behind,
                    )
        except NotFound:
            # It vanished since it was listed.
            rest["lost"] += 1
        if not ended:
            yield None, rest


def _lesser(one: str | None, other: str | None) -> str | None:
    return min(one, other) if one is not None and other is not None else one if other is None else other


def each(
    parent: Read,
    child: Read,
    *,
    inject: Mapping[str, str] | None = None,
    carry: Iterable[str] = (),
    parent_key: str = "id",
) -> Each:
    """Read the children of each parent: of each list its members, of each account its campaigns.

    A parent that is gone when its children are asked for (404) is skipped. Parents are read page by page, and one after
    the other; what is left of a page of parents is in the state.

    Args:
        parent: gives the parents; its records are not stored.
        child: is read for each; its texts use `{parent.id}` or any other dotted path of the parent's JSON, and its
            functions `window.parent["id"]`.
        inject: values that each child's record gets: its name there, and `parent.` with the path in the parent.
        carry: paths that the child's functions look up in `window.parent`.
        parent_key: path of the parents' id, for paging by key.

    Raises:
        TypeError: `inject` does not name a value of the parent.
    """
    paths = {}
    for name, path in (inject or {}).items():
        check_name(name, "each")
        if not path.startswith("parent.") or path == "parent.":
            raise TypeError(f"each: inject={{{name!r}: {path!r}}} must be `parent.` and a path in the parent's record")
        paths[name] = path.removeprefix("parent.")
    used = {attribute for text in child.templates() for name, attribute in SLOT.findall(text) if name == "parent"}
    if "" in used:
        raise TypeError("each: {parent} alone is no value; write {parent.id}")
    return Each(parent, child, tuple(sorted({*used, *paths.values(), *carry})), paths, tuple(parent_key.split(".")))
