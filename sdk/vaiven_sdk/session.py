"""What connector code holds: a way to call the vendor, and no credential."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import urljoin

from vaiven_sdk.config import Config
from vaiven_sdk.errors import AnswerMalformed, Unsettled, VaivenError
from vaiven_sdk.http import Answer
from vaiven_sdk.limits import retry_after
from vaiven_sdk.read import Fetched, Read, Window, graphql_error

C = TypeVar("C", bound=Config)
T = TypeVar("T")

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
        content: bytes | None = None,
        content_type: str = "",
        params: Mapping[str, Any] | None = None,
        idempotency_key: str = "",
        safe: bool = False,
    ) -> Any:
        """The decoded answer of a POST of JSON, of a form, or of bytes as they are (`content` with its type)."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        given = {"json": json, "form": form, "content": content, "content_type": content_type}
        more = {"params": params, "headers": headers}
        return await self._write("POST", path, safe=safe or bool(idempotency_key), **given, **more)

    async def put(
        self,
        path: str,
        json: Any = None,
        *,
        content: bytes | None = None,
        content_type: str = "",
        params: Mapping[str, Any] | None = None,
        safe: bool = False,
    ) -> Any:
        """The decoded answer of a PUT of JSON, or of bytes as they are (`content` with its type)."""
        body = {"json": json, "content": content, "content_type": content_type}
        return await self._write("PUT", path, params=params, safe=safe, **body)

    async def patch(self, path: str, json: Any, *, params: Mapping[str, Any] | None = None, safe: bool = False) -> Any:
        """The decoded answer of a PATCH."""
        return await self._write("PATCH", path, json=json, params=params, safe=safe)

    async def delete(self, path: str, *, safe: bool = False) -> Any:
        """The decoded answer of a DELETE, None when it has no body."""
        return await self._write("DELETE", path, safe=safe)

    async def graphql(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        path: str = "/graphql",
        safe: bool | None = None,
    ) -> dict[str, Any]:
        """The `data` of one GraphQL document; what a mutation refuses in it, `user_errors` tells.

        Args:
            document: one operation.
            variables: by name, without the dollar sign.
            path: of the endpoint.
            safe: repeating it does no harm; when left out, that is so of a query and not of a mutation.

        Raises:
            VaivenError: the answer has `errors`, whatever its status; by their code, as with a read.
        """
        body = {"query": document, "variables": dict(variables or {})}
        once = document.lstrip().startswith("mutation") if safe is None else not safe
        data = (await self._write("POST", path, safe=not once, json=body, check=graphql_error) or {}).get("data")
        return data if isinstance(data, dict) else {}

    async def until(
        self,
        poll: Callable[[], Awaitable[T | None]],
        *,
        every: float = 1.0,
        slowest: float = 30.0,
        deadline: float = 600.0,
    ) -> T:
        """What `poll` gives once it gives something else than None; the waits between grow by half.

        Args:
            poll: asks the vendor whether it is done.
            every: the first wait, in seconds.
            slowest: the longest wait.
            deadline: seconds after which it is given up.

        Raises:
            Unsettled: it was not done by then. A write is then looked up by the next run before it is made again.
        """
        loop = asyncio.get_running_loop()
        until, wait = loop.time() + deadline, every
        while (found := await poll()) is None:
            if loop.time() + wait > until:
                raise Unsettled("The vendor has not finished in time.", why=f"{deadline:g} s are allowed")
            await asyncio.sleep(wait)
            wait = min(wait * 1.5, slowest)
        return found

    async def job(
        self,
        path: str,
        json: Any = None,
        *,
        done: Callable[[Any], T | None],
        at: Callable[[Any], str] | None = None,
        idempotency_key: str = "",
        safe: bool = False,
        every: float = 1.0,
        deadline: float = 600.0,
    ) -> T:
        """Give the vendor a job (it answers 202, "accepted") and wait for what becomes of it.

        Args:
            path: where the job is posted.
            json: the job.
            done: what the body of a later answer says: the result, or None while the job goes on. A job that failed
                as a whole is a `RequestRefused`.
            at: from the body of the first answer, the address to ask; its header `Location` when left out.
            idempotency_key: the same for every attempt.
            safe: posting it again does no harm.
            every: the first wait in seconds, unless the answer has a `Retry-After`.
            deadline: seconds after which the job is given up.

        Raises:
            Unsettled: the job was accepted, and nobody knows what became of it: it is settled by reading back.
        """
        extra = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        safe = safe or bool(idempotency_key)
        accepted = await self._send("POST", path, json=json, headers=extra, safe=safe)
        wait = retry_after(accepted.headers.get("retry-after"))
        try:
            where = at(accepted.json()) if at else urljoin(accepted.url, accepted.headers["location"])
        except (KeyError, TypeError, AnswerMalformed):
            raise Unsettled(f"POST {path} was accepted, and its answer does not say where to ask.") from None

        async def poll() -> T | None:
            try:
                body = (await self._send("GET", where, safe=True, own=True)).json()
            except VaivenError as problem:
                # Whatever keeps us from asking, the job is under way.
                why = f"asking failed: {problem.code}"
                raise Unsettled(f"What became of the job at {path} is not known.", why=why) from problem
            return done(body)

        await asyncio.sleep(min(every if wait is None else wait, deadline))
        return await self.until(poll, every=every, deadline=deadline)

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
        return read.pages(self._send, window, state=state, key=key)
