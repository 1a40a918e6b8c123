"""What connector code holds: a way to call the vendor, and no credential."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

from vaiven_sdk._walk import Fetched, walk
from vaiven_sdk.config import Config
from vaiven_sdk.errors import AnswerMalformed, Unsettled
from vaiven_sdk.http import Answer
from vaiven_sdk.read import Read, Window

C = TypeVar("C", bound=Config)

Send = Callable[..., Awaitable[Answer]]


class Session(Generic[C]):
    """Calls to one account. Requests are signed, limited and retried underneath.

    `get` is repeated freely. `post`, `patch`, `put` and `delete` are sent once unless `safe=True` or an
    `idempotency_key` says that repeating does no harm.
    """

    __slots__ = ("_send", "config")

    def __init__(self, config: C, send: Send) -> None:
        self.config = config
        self._send = send

    async def get(self, path: str, **params: Any) -> Any:
        """The decoded answer of a GET; a parameter that is None is left out."""
        given = {name: value for name, value in params.items() if value is not None}
        return (await self._send("GET", path, params=given, safe=True)).json()

    async def post(
        self,
        path: str,
        json: Any = None,
        *,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        idempotency_key: str = "",
        safe: bool = False,
    ) -> Any:
        """The decoded answer of a POST."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        given = {"json": json, "form": form, "params": params, "headers": headers}
        return await self._write("POST", path, safe=safe or bool(idempotency_key), **given)

    async def put(self, path: str, json: Any, *, params: Mapping[str, Any] | None = None, safe: bool = False) -> Any:
        """The decoded answer of a PUT."""
        return await self._write("PUT", path, json=json, params=params, safe=safe)

    async def patch(self, path: str, json: Any, *, params: Mapping[str, Any] | None = None, safe: bool = False) -> Any:
        """The decoded answer of a PATCH."""
        return await self._write("PATCH", path, json=json, params=params, safe=safe)

    async def delete(self, path: str, *, safe: bool = False) -> Any:
        """The decoded answer of a DELETE, None when it has no body."""
        return await self._write("DELETE", path, safe=safe)

    async def _write(self, method: str, path: str, *, safe: bool, **options: Any) -> Any:
        answer = await self._send(method, path, safe=safe, **options)
        try:
            return answer.json()
        except AnswerMalformed as problem:
            if safe:
                raise
            # It was below 400, so it may well have taken effect.
            raise Unsettled(f"{method} {path} was answered, but not with JSON.", why=problem.why) from None

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        """The bare answer, for what is not JSON."""
        return await self._send(method, path, **options)

    def walk(
        self, read: Read, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """Every page of a declared read, from `state` on."""
        return walk(self._send, read, window, state=state, key=key)
