"""A read whose requests or pages pass through a function of the connector's."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_sdk.read._base import Around, Fetched, Read, Send
from vaiven_sdk.read._window import Window

if TYPE_CHECKING:
    from vaiven_sdk.http import Answer


@dataclass(slots=True)
class Ask:
    """A request that is about to be signed and sent; a `before_request` hook may change it.

    Args:
        method: HTTP method.
        path: below the base URL; the full address of a next link.
        params: query parameters.
        json: the body, decoded.
        headers: further headers.
    """

    method: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)


BeforeRequest = Callable[[Ask], Ask | Awaitable[Ask | None] | None]
AfterPage = Callable[[Fetched], Fetched | Awaitable[Fetched | None] | None]


@dataclass(frozen=True, slots=True)
class Hooked(Around):
    """Made by `Stream.before_request` and `Stream.after_page`."""

    read: Read
    before: BeforeRequest | None = None
    after: AfterPage | None = None

    async def pages(
        self, send: Send, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The pages of the read within; signing, limits, retries and the state stay what they are."""
        through = self._through(send) if self.before is not None else send
        async with aclosing(self.read.pages(through, window, state=state, key=key)) as pages:
            async for page in pages:
                yield page if self.after is None else (await _settled(self.after(page)) or page)

    def _through(self, send: Send) -> Send:
        async def ask(
            method: str,
            path: str,
            *,
            params: Mapping[str, Any] | None = None,
            json: Any = None,
            headers: Mapping[str, str] | None = None,
            **how: Any,
        ) -> Answer:
            given = Ask(method, path, dict(params or {}), json, dict(headers or {}))
            asked = await _settled(self.before(given)) if self.before else None
            one = asked or given
            more = {"headers": one.headers} if one.headers else {}
            return await send(one.method, one.path, params=one.params, json=one.json, **more, **how)

        return ask


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
