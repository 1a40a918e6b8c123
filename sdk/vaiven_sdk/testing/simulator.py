"""The base of every simulator: a stateful stand-in for one vendor, as an ASGI application."""

from __future__ import annotations

import functools
import inspect
import random
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vaiven_sdk.testing.clock import Clock, SystemClock
from vaiven_sdk.testing.faults import Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from vaiven_sdk.webhooks import Delivery

F = TypeVar("F", bound="Callable[..., Any]")


class _Call(msgspec.Struct):
    action: str
    args: dict[str, Any] = {}


def action(method: F) -> F:
    """Mark a method as something that the vendor's own users (not its API) can do; served at `/_sim/call`."""
    method.__vaiven_action__ = True  # type: ignore[attr-defined]
    return method


class NotDrivable(NotImplementedError):
    """A simulator does not know how to make, change or remove records of a stream on request."""

    def __init__(self, slug: str, verb: str, stream: str) -> None:
        super().__init__(
            f"{slug} simulator: no {verb}() for stream {stream!r}. Define `{verb}` in the simulator, or keep the "
            f"stream's records in a table of that name: `self.table({stream!r}, fake=...)`."
        )


class Simulator(ABC):
    """A vendor on loopback: its auth, paging, errors, limits, lag and quirks over state held in memory.

    A subclass gives `slug`, `routes()`, `credential` and `state()`, and marks what the vendor's users do with
    `@action`. Next to the vendor's own paths every simulator serves `/_sim/`: `GET state` (`?only=name` for a part of
    it), `POST call` (`{"action": ..., "args": {...}}`) and `POST`/`DELETE faults`. Those need no credential: it is a
    test bench that listens on loopback only.

    Args:
        seed: fixes every random choice, ids included.
        clock: where timestamps come from; the machine's clock by default.
        quirks: overrides of the class's `quirks`, by name.
    """

    slug: ClassVar[str]
    page_cap: int | None = None
    """Records that a page has at most, whatever is asked for: tests set it to see many pages of few records."""
    calm: ClassVar[dict[str, Any]] = {}
    """Quirks under which the certification kit drives it: no limit on calls, for it sends more of them than a sync."""
    quirks: ClassVar[dict[str, Any]] = {}
    """Switches and sizes of the vendor's oddities with their defaults, each explained in the simulator's docstring."""

    def __init__(self, *, seed: int = 0, clock: Clock | None = None, quirks: Mapping[str, Any] | None = None) -> None:
        unknown = set(quirks or {}) - set(self.quirks)
        if unknown:
            raise ValueError(f"{self.slug} simulator: unknown quirk {sorted(unknown)}; it has {sorted(self.quirks)}")
        self.quirk: dict[str, Any] = {**self.quirks, **(quirks or {})}
        self.clock = clock or SystemClock()
        self.random = random.Random(seed)
        self.requests = 0

    @property
    @abstractmethod
    def credential(self) -> dict[str, str]:
        """The credential that this instance accepts, as `vaiven connect` takes it."""

    @property
    def config(self) -> dict[str, str]:
        """The connector's config values that fit this instance (an audience id, say)."""
        return {}

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """The vendor's own paths."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything the vendor holds, as JSON: the truth that a test compares with."""

    def sample(self, stream: str, n: int) -> list[str]:
        """Make `n` records of one of the connector's streams, as the vendor's users would; gives their ids.

        Raises:
            NotDrivable: the simulator does not say how.
        """
        raise NotDrivable(self.slug, "sample", stream)

    def touch(self, stream: str, record_id: str) -> None:
        """Let a user change one record, so that its version moves on: a value that can be written, if there is one.

        Raises:
            NotDrivable: the simulator does not say how.
        """
        raise NotDrivable(self.slug, "touch", stream)

    def remove(self, stream: str, record_id: str) -> None:
        """Let a user delete (or archive) one record.

        Raises:
            NotDrivable: the simulator does not say how.
        """
        raise NotDrivable(self.slug, "remove", stream)

    def unwanted(self, stream: str) -> dict[str, Any]:
        """Unified values of a record that the vendor refuses to create, though they fit our model.

        Raises:
            NotDrivable: the simulator does not say how.
        """
        raise NotDrivable(self.slug, "unwanted", stream)

    def customise(self, stream: str) -> tuple[str, str]:
        """Let the account's owner add a field and fill it in one new record; gives the field's key and the record's id.

        Raises:
            NotDrivable: the simulator does not say how.
        """
        raise NotDrivable(self.slug, "customise", stream)

    def delivery(self, stream: str, secret: str) -> Delivery:
        """A webhook delivery about a record of the stream, as the vendor signs it now with `secret`.

        Raises:
            NotDrivable: the simulator does not say how.
        """
        raise NotDrivable(self.slug, "delivery", stream)

    @functools.cached_property
    def app(self) -> Faults:
        """The ASGI application."""
        bench = [
            Route("/_sim/state", self._state, methods=["GET"]),
            Route("/_sim/call", self._call, methods=["POST"]),
            Route("/_sim/faults", self._faults, methods=["POST", "DELETE"]),
        ]
        return Faults(Starlette(routes=[*bench, *self.routes()]), self.act)

    @property
    def faults(self) -> Faults:
        """What can be made to go wrong."""
        return self.app

    async def _state(self, request: Request) -> Response:
        only = request.query_params.getlist("only")
        state = self.state()
        shown = {name: state[name] for name in only if name in state} if only else state
        return Response(msgspec.json.encode(shown), media_type="application/json")

    async def _call(self, request: Request) -> Response:
        try:
            call = msgspec.json.decode(await request.body(), type=_Call)
        except msgspec.DecodeError as problem:
            return JSONResponse({"error": str(problem)}, 422)
        try:
            result = self.act(call.action, call.args)
        except LookupError as problem:
            if call.action not in self.actions():
                return JSONResponse({"error": f"no action {call.action!r}", "actions": self.actions()}, 404)
            return JSONResponse({"error": f"{type(problem).__name__}: {problem}"}, 422)
        except (TypeError, ValueError) as problem:
            return JSONResponse({"error": f"{type(problem).__name__}: {problem}"}, 422)
        return Response(msgspec.json.encode(result), media_type="application/json")

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.clear()
        else:
            try:
                self.faults.add(Fault.model_validate_json(await request.body()))
            except ValidationError as problem:
                return JSONResponse({"error": str(problem)}, 422)
        return JSONResponse({"active": len(self.faults.active)})

    def act(self, action: str, args: Mapping[str, Any]) -> Any:
        """Do what one of the vendor's users can do.

        Raises:
            LookupError: there is no such action.
        """
        if action not in self.actions():
            raise LookupError(f"{self.slug} simulator: no action {action!r}; it has {self.actions()}")
        return getattr(self, action)(**args)

    def actions(self) -> list[str]:
        """Names of what the vendor's users can do here."""
        return sorted(name for name, m in inspect.getmembers(type(self)) if getattr(m, "__vaiven_action__", False))
