"""A simulator made of parts: tables, paths by decorator, access, limits and one function for all errors."""

from __future__ import annotations

import functools
import inspect
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from vaiven_sdk.testing.quirk import Quirk
from vaiven_sdk.testing.quota import Quota, take_all
from vaiven_sdk.testing.refusal import Refusal
from vaiven_sdk.testing.routing import Call, Reply, Switchboard, parse_query
from vaiven_sdk.testing.simulator import NotDrivable, Simulator
from vaiven_sdk.testing.table import Table

if TYPE_CHECKING:
    from starlette.requests import Request

    from vaiven_sdk.testing.access import Access
    from vaiven_sdk.testing.routing import Path

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_BODILESS = 204


class Vendor(Simulator):
    """A simulator that reads like the vendor's documentation.

    A subclass makes its tables with `self.table(...)` and sets `self.access` and `self.quotas` in `__init__`, answers
    paths with methods under `@get(...)` and its like, and writes `envelope`, which is how this vendor says no.
    Everything else of `Simulator` can be overridden as ever.
    """

    access: Access | None = None
    """Who may call; None lets everybody in."""
    quotas: Sequence[Quota] = ()
    """Limits, each of which counts every request that has a good credential."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name in self.quirks:
            declared = inspect.getattr_static(type(self), name, None)
            if isinstance(declared, Quirk):
                self.quirk[name] = declared.take(self.quirk[name])
        self.tables: dict[str, Table] = {}

    @abstractmethod
    def envelope(self, refusal: Refusal) -> Any:
        """The vendor's body of an error, as JSON."""

    def headers(self, call: Call) -> Mapping[str, str]:
        """Headers of every answer (a request's id, say)."""
        return {}

    def table(self, name: str, **options: Any) -> Table:
        """Make a table with the simulator's clock and chance; options as of `Table`."""
        self.tables[name] = Table(name, self.clock, self.random, **options)
        return self.tables[name]

    @property
    def credential(self) -> dict[str, str]:
        """What `access` accepts."""
        return self.access.credential if self.access else {}

    @functools.cached_property
    def switchboard(self) -> Switchboard:
        """The declared paths."""
        return Switchboard(self)

    def routes(self) -> Sequence[BaseRoute]:
        """One route: the vendor answers unknown paths, too."""
        return [Route("/{path:path}", self._answer, methods=_METHODS)]

    def state(self) -> dict[str, Any]:
        """The living rows of every table, by id."""
        return {name: table.state() for name, table in self.tables.items()}

    async def _answer(self, request: Request) -> Response:
        self.requests += 1
        call = Call(
            request.method,
            request.url.path,
            query=parse_query(request.url.query),
            headers=dict(request.headers),
            raw=await request.body(),
            origin=f"{request.url.scheme}://{request.headers.get('host', 'localhost')}",
            now=self.clock.now(),
            page_cap=self.page_cap,
        )
        said: dict[str, str] = {}
        running: list[Quota] = []
        try:
            path, call.slots, handler = self.switchboard.find(call.method, call.path)
            if not path.public:
                self._admit(path, call)
                said, running = take_all(self.quotas, call, path.cost)
            answer = handler(call)
            reply = _reply(await answer if inspect.isawaitable(answer) else answer, path)
        except Refusal as refusal:
            reply = Reply(self.envelope(refusal), refusal.status, refusal.headers)
        finally:
            for quota in running:
                quota.done(call)
        return _response(reply, {**self.headers(call), **said, **reply.headers})

    def _admit(self, path: Path, call: Call) -> None:
        if self.access is not None:
            call.caller = self.access.check(call)
        scopes = call.caller.scopes
        if path.scope and scopes is not None and path.scope not in scopes:
            about = {"scope": path.scope, "granted": sorted(scopes)}
            raise Refusal("forbidden", f"this needs the scope {path.scope}", about=about)

    # -------------------------------------------------------------------------- what the certification kit asks for

    def sample(self, stream: str, n: int) -> list[str]:
        """Make records in the table of that name, by its `fake`."""
        table = self.tables.get(stream)
        if table is None or table.fake is None:
            raise NotDrivable(self.slug, "sample", stream)
        return table.sample(n)

    def touch(self, stream: str, record_id: str) -> None:
        """Change a row of the table of that name."""
        self._driven("touch", stream).touch(record_id)

    def remove(self, stream: str, record_id: str) -> None:
        """Delete a row of the table of that name."""
        table = self._driven("remove", stream)
        table.remove(table.real_key(record_id))

    def _driven(self, verb: str, stream: str) -> Table:
        if stream not in self.tables:
            raise NotDrivable(self.slug, verb, stream)
        return self.tables[stream]


def _reply(answer: Any, path: Path) -> Reply:
    if isinstance(answer, Reply):
        return answer
    return Reply(None, _BODILESS) if answer is None else Reply(answer, path.status)


def _response(reply: Reply, headers: Mapping[str, str]) -> Response:
    if reply.body is None:
        return Response(status_code=reply.status, headers=dict(headers))
    if isinstance(reply.body, bytes | str):
        return Response(reply.body, reply.status, dict(headers), reply.media)
    return Response(msgspec.json.encode(reply.body), reply.status, dict(headers), reply.media)
