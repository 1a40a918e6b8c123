"""Faults that a simulator injects on request: a vendor's bad day, on demand."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.responses import Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Fault(BaseModel):
    """One way for the next matching requests to go wrong.

    Args:
        kind: `status` answers with `status` and `body` before the vendor sees the request; `html` answers a
            proxy's page with status 200; `truncate` cuts the vendor's real answer in half; `replace` gives `body`
            in place of the vendor's real answer; `lose_answer` lets the request take effect and then closes the
            connection; `reset` closes it before the request takes effect; `slow` waits `seconds` first.
        method: HTTP method to match, or None for any.
        path: regular expression searched in the path.
        skip: matching requests to let through first.
        times: requests to spoil after that; 0 means every one.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["status", "html", "truncate", "replace", "lose_answer", "reset", "slow"]
    method: str | None = None
    path: str = ""
    skip: int = 0
    times: int = 1
    status: int = 500
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    seen: int = 0

    @field_validator("path")
    @classmethod
    def _compiles(cls, path: str) -> str:
        try:
            re.compile(path)
        except re.error as problem:
            raise ValueError(f"no regular expression: {problem}") from None
        return path

    def hits(self, method: str, path: str) -> bool:
        """Count one request and say whether it is to be spoilt."""
        if (self.method and self.method != method) or not re.search(self.path, path):
            return False
        self.seen += 1
        return self.seen > self.skip and (self.times == 0 or self.seen <= self.skip + self.times)


class Faults:
    """ASGI middleware that spoils requests as the list of faults says; the first fault that hits wins.

    The test bench's own paths below `/_sim/` are never spoilt: a fault could not be disarmed otherwise.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Arm one fault."""
        self.active.append(fault)

    def clear(self) -> None:
        """Disarm all of them."""
        self.active.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, spoilt or not."""
        fault = None
        if self.active and scope["type"] == "http" and not scope["path"].startswith("/_sim/"):
            method, path = scope["method"], scope["path"]
            fault = next((f for f in self.active if f.hits(method, path)), None)
        if fault is None:
            await self.app(scope, receive, send)
        else:
            await self._spoil(fault, scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self.app(scope, receive, send)
        elif fault.kind == "status":
            await Response(fault.body, fault.status, fault.headers)(scope, receive, send)
        elif fault.kind == "html":
            page = fault.body or "<html><body><h1>502 Bad Gateway</h1></body></html>"
            await Response(page, 200, media_type="text/html")(scope, receive, send)
        elif fault.kind == "reset":
            await _hang_up(send)
        else:
            await self._spoil_answer(fault, scope, receive, send)

    async def _spoil_answer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        start: MutableMapping[str, Any] = {}
        body = bytearray()

        async def keep(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, keep)
        if fault.kind == "lose_answer":
            await _hang_up(send)
        if fault.kind == "truncate":
            content = bytes(body[: len(body) // 2])
        else:
            content = fault.body.encode("utf-8", "surrogatepass")
        headers = [h for h in start["headers"] if h[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(content)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": content})


async def _hang_up(send: Send) -> NoReturn:
    """Promise an answer and close the connection: to the client it is a line that went dead."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
    await send({"type": "http.response.body", "body": b" ", "more_body": True})
    raise ConnectionAbortedError("a fault closed this connection")
