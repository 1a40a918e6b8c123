"""How a stream is read: one request, repeated by a paging rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vaiven_sdk.config import Config
from vaiven_sdk.paging import Page

Slot = Callable[["Window"], Any]
"""A slot takes a value, or a Python function of the window."""


@dataclass(frozen=True, slots=True)
class Window:
    """What one read is about.

    Args:
        config: the connection's settings.
        since: read what changed at or after this; None reads everything. The cursor field's own spelling.
        until: upper bound, when the read has one.
        after: key of the last record already read, for paging by key.
        size: records asked for per page.
    """

    config: Config
    since: str | None = None
    until: str | None = None
    after: str | None = None
    size: int = 100


@dataclass(frozen=True, slots=True)
class Read:
    """A request that gives records; made by `get` and `post`."""

    method: Literal["GET", "POST"]
    path: str
    items: str | None
    page: Page
    params: Mapping[str, str | int | bool | Slot] = field(default_factory=dict)
    json: Mapping[str, Any] | Slot | None = None

    def __post_init__(self) -> None:
        if self.items is None and self.page.paths:
            wanted = ", ".join(map(repr, self.page.paths))
            raise TypeError(f"{self.path}: paging looks for {wanted} in the answer, so the records need items=...")


def get(path: str, *, items: str | None = None, page: Page | None = None, **params: str | int | bool | Slot) -> Read:
    """Read with GET.

    Args:
        path: may hold `{config.x}`.
        items: dotted path of the array of records in the answer; None when the answer is the array.
        page: the paging rule; one page when left out.
        params: query parameters: a value, a text with `{config.x}`, `{since}` or `{until}` (left out of the request
            while the slot is empty), or a function of the window.
    """
    return Read("GET", path, items, page or Page.single(), params)


def post(
    path: str,
    *,
    json: Mapping[str, Any] | Slot,
    items: str | None = None,
    page: Page | None = None,
    **params: str | int | bool | Slot,
) -> Read:
    """Read with POST (a search); `json` is a value or a function of the window, the rest as in `get`."""
    return Read("POST", path, items, page or Page.single(), params, json)
