"""Faults that a simulator injects on request: a vendor's bad day, on demand."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from email.utils import formatdate
from typing import Any, Literal, NoReturn

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.responses import JSONResponse, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Act = Callable[[str, Mapping[str, Any]], Any]
"""Does what one of the vendor's users can do: name of the action and its arguments."""

Kind = Literal[
    "status", "html", "truncate", "replace", "lose_answer", "reset", "slow",
    "busy", "expire", "silent", "repeat", "overlap", "meanwhile",
]  # fmt: skip
ABSURD_WAIT = 10**9
"""Seconds that no sane vendor asks for: thirty-one years."""


class Fault(BaseModel):
    """One way for the next matching requests to go wrong.

    Args:
        kind: `status` answers with `status` and `body` before the vendor sees the request; `html` answers a
            proxy's page with status 200; `truncate` cuts the vendor's real answer in half; `replace` gives `body`
            in place of the vendor's real answer; `lose_answer` lets the request take effect and then closes the
            connection; `reset` closes it before the request takes effect; `slow` waits `seconds` first; `busy` is a
            429 whose `Retry-After` is spelt as `after` says; `expire` answers 401 to the credential that the request
            carries, from then on, until another one comes; `silent` closes the connection without a byte, as a
            timeout ends; `repeat` gives the last answer of the same method and path once more; `overlap` puts the
            last record of that answer before the real one's; `meanwhile` lets a user of the vendor act first.
        method: HTTP method to match, or None for any.
        path: regular expression searched in the path.
        skip: matching requests to let through first.
        times: requests to spoil after that; 0 means every one. `expire` counts the requests that begin an expiry.
        seconds: how long `slow` waits, and the wait that `busy` asks for.
        after: spelling of `busy`'s wait: a number of seconds, an HTTP date, epoch seconds, epoch milliseconds, an
            absurd number, no number at all, or no header.
        header: in which `busy` says it.
        items: dotted path of the array of records in the answer, for `overlap`; empty when the answer is the array.
        action: what the vendor's user does, for `meanwhile`: the name of an action of the simulator.
        args: of that action.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    method: str | None = None
    path: str = ""
    skip: int = 0
    times: int = 1
    status: int = 500
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    after: Literal["seconds", "date", "epoch", "milliseconds", "absurd", "nonsense", "missing"] = "seconds"
    header: str = "Retry-After"
    items: str = ""
    action: str = ""
    args: dict[str, Any] = Field(default_factory=dict)
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

    Args:
        app: the simulator.
        act: carries out the action of a `meanwhile`.
    """

    def __init__(self, app: App, act: Act | None = None) -> None:
        self.app = app
        self.active: list[Fault] = []
        self._act = act
        self._expired: set[bytes] = set()
        self._last: dict[tuple[str, str], tuple[MutableMapping[str, Any], bytes]] = {}

    def add(self, fault: Fault) -> None:
        """Arm one fault."""
        self.active.append(fault)

    def clear(self) -> None:
        """Disarm all of them; an expired credential is good again."""
        self.active.clear()
        self._expired.clear()
        self._last.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, spoilt or not."""
        if not self.active or scope["type"] != "http" or scope["path"].startswith("/_sim/"):
            await self.app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        if self._expired and _credential(scope) in self._expired:
            await _refuse(scope, receive, send, "")
            return
        fault = next((f for f in self.active if f.hits(method, path)), None)
        if fault is not None:
            await self._spoil(fault, scope, receive, send)
        elif any(f.kind in {"repeat", "overlap"} for f in self.active):
            start, body = await self._keep(scope, receive)
            await _give(send, start, body)
        else:
            await self.app(scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self.app(scope, receive, send)
        elif fault.kind == "status":
            await Response(fault.body, fault.status, fault.headers)(scope, receive, send)
        elif fault.kind == "busy":
            headers = {**fault.headers, **_wait(fault)}
            await Response(fault.body or '{"message": "slow down"}', 429, headers)(scope, receive, send)
        elif fault.kind == "expire":
            self._expired.add(_credential(scope))
            await _refuse(scope, receive, send, fault.body)
        elif fault.kind == "html":
            page = fault.body or "<html><body><h1>502 Bad Gateway</h1></body></html>"
            await Response(page, 200, media_type="text/html")(scope, receive, send)
        elif fault.kind == "reset":
            await _hang_up(send)
        elif fault.kind == "silent":
            await _fall_silent(send)
        elif fault.kind == "meanwhile":
            await self._meanwhile(fault, scope, receive, send)
        else:
            await self._spoil_answer(fault, scope, receive, send)

    async def _meanwhile(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if self._act is None:
            raise LookupError("these faults belong to no simulator, so nobody can act meanwhile")
        self._act(fault.action, fault.args)
        await self.app(scope, receive, send)

    async def _spoil_answer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        held = self._last.get((scope["method"], scope["path"]))
        if fault.kind == "repeat" and held is not None:
            await _give(send, *held)
            return
        start, body = await self._keep(scope, receive)
        if fault.kind == "lose_answer":
            await _hang_up(send)
        if fault.kind == "truncate":
            body = body[: len(body) // 2]
        elif fault.kind == "replace":
            body = fault.body.encode("utf-8", "surrogatepass")
        elif fault.kind == "overlap" and held is not None:
            body = _overlapped(held[1], body, fault.items)
        await _give(send, start, body)

    async def _keep(self, scope: Scope, receive: Receive) -> tuple[MutableMapping[str, Any], bytes]:
        """The vendor's whole answer; the last one of each address is remembered."""
        start: MutableMapping[str, Any] = {}
        body = bytearray()

        async def keep(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, keep)
        self._last[scope["method"], scope["path"]] = start, bytes(body)
        return start, bytes(body)


async def _give(send: Send, start: MutableMapping[str, Any], body: bytes) -> None:
    headers = [h for h in start["headers"] if h[0].lower() != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse(scope: Scope, receive: Receive, send: Send, body: str) -> None:
    answer = Response(body, 401) if body else JSONResponse({"message": "the token has expired"}, 401)
    await answer(scope, receive, send)


def _credential(scope: Scope) -> bytes:
    return next((value for name, value in scope["headers"] if name.lower() == b"authorization"), b"")


def _wait(fault: Fault) -> dict[str, str]:
    """The header in which a 429 says when to come back."""
    at = time.time() + fault.seconds
    said = {
        "seconds": f"{fault.seconds:g}",
        "date": formatdate(at, usegmt=True),
        "epoch": str(int(at)),
        "milliseconds": str(int(at * 1000)),
        "absurd": str(ABSURD_WAIT),
        "nonsense": "soon",
    }
    return {} if fault.after == "missing" else {fault.header: said[fault.after]}


def _overlapped(before: bytes, body: bytes, items: str) -> bytes:
    """`body` with the last record of `before` in front of its own, as when a list shifts while it is read."""
    answer = msgspec.json.decode(body)
    earlier, now = _array(msgspec.json.decode(before), items), _array(answer, items)
    now[:0] = earlier[-1:]
    return msgspec.json.encode(answer)


def _array(answer: Any, items: str) -> list[Any]:
    for step in filter(None, items.split(".")):
        answer = answer[step]
    if not isinstance(answer, list):
        raise TypeError(f"there is no array at {items or 'the top'} of the answer")
    return answer


async def _hang_up(send: Send) -> NoReturn:
    """Promise an answer and close the connection: to the client it is a line that went dead."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
    await send({"type": "http.response.body", "body": b" ", "more_body": True})
    raise ConnectionAbortedError("a fault closed this connection")


async def _fall_silent(send: Send) -> None:
    """Close the connection before the first byte of an answer; ASGI has no word for it, uvicorn's cycle does."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        await _hang_up(send)
    transport.close()
    # Until the loop has told uvicorn that the client is gone, returning without an answer would give a 500.
    for _ in range(3):
        await asyncio.sleep(0)
