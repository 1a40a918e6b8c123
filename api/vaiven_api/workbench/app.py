"""The workbench's page and its JSON, for a browser on this machine alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vaiven_api.workbench import samples
from vaiven_api.workbench.trace import trace_delivery, trace_record

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from vaiven_sdk import Connector
    from vaiven_sdk.testing import Simulator

LARGEST = 4 * 1024 * 1024
"""Bytes of a payload; a record is never that large."""
_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Answer = Callable[["Request"], Awaitable[Response]]


class _Ask(msgspec.Struct):
    payload: str
    stream: str = ""
    kind: str = "record"
    edits: dict[str, Any] = {}
    headers: dict[str, str] = {}


class Workbench:
    """One connector on the bench.

    Args:
        connector: whose code runs.
        simulator: of its vendor, for samples; None where there is none.
        folder: of its files, for its cassettes.
    """

    def __init__(self, connector: Connector[Any], simulator: type[Simulator] | None, folder: Path | None) -> None:
        self._connector, self._simulator, self._folder = connector, simulator, folder
        routes: dict[str, tuple[str, Answer]] = {"/": ("GET", self._page), "/api/connector": ("GET", self._about)}
        routes |= {"/api/samples": ("GET", self._samples), "/api/trace": ("POST", self._trace)}
        self.app = Starlette(
            routes=[Route(path, _guarded(answer), methods=[method]) for path, (method, answer) in routes.items()]
        )

    async def _page(self, _: Request) -> Response:
        text = files("vaiven_api.workbench").joinpath("page.html").read_text(encoding="utf-8")
        return Response(text, media_type="text/html")

    async def _about(self, _: Request) -> Response:
        streams = [
            {"name": name, "record": stream.record.__name__, "entity": stream.entity, "direction": stream.direction}
            for name, stream in self._connector.streams.items()
        ]
        connector = self._connector
        about = {"slug": connector.slug, "name": connector.name, "version": connector.version, "streams": streams}
        return JSONResponse({**about, "webhooks": len(connector.webhooks)})

    async def _samples(self, request: Request) -> Response:
        stream = self._connector.streams.get(request.query_params.get("stream", ""))
        if stream is None:
            return _problem("There is no stream of this name.", 404)
        if request.query_params.get("kind") == "webhook":
            one = await run_in_threadpool(samples.delivery, self._simulator, stream)
            return JSONResponse({"samples": [one] if one else [], "problem": ""})
        found, problem = samples.from_cassettes(self._folder, stream), ""
        try:
            found += await run_in_threadpool(samples.from_simulator, self._simulator, self._connector, stream)
        except Exception as why:  # noqa: BLE001 - one can still paste
            problem = f"The simulator gave no sample: {type(why).__name__}: {why}"
        return JSONResponse({"samples": found, "problem": problem})

    async def _trace(self, request: Request) -> Response:
        content = await request.body()
        if len(content) > LARGEST:
            return _problem(f"More than {LARGEST:,} bytes: that is no single record.", 413)
        try:
            ask = msgspec.json.decode(content, type=_Ask)
        except (msgspec.DecodeError, UnicodeDecodeError) as why:
            return _problem(f"The request is not as expected: {why}", 422)
        if ask.kind == "webhook":
            result = trace_delivery(self._connector, ask.payload, ask.headers)
        elif ask.stream not in self._connector.streams:
            return _problem(f"There is no stream {ask.stream!r}; there are {', '.join(self._connector.streams)}.", 404)
        else:
            trace = partial(trace_record, self._connector.streams[ask.stream], ask.payload, ask.edits)
            result = await run_in_threadpool(trace)
        return Response(msgspec.json.encode(result), media_type="application/json")


def _guarded(answer: Answer) -> Answer:
    """Answer only to this machine's own browser, asked by our own page.

    A page of somebody else's can make a browser send requests here: its own host name may resolve to 127.0.0.1 (DNS
    rebinding), so the Host header must name this machine; and its origin must be ours.
    """

    async def guarded(request: Request) -> Response:
        host = request.headers.get("host", "")
        response: Response
        if host.rpartition(":")[0] not in _HOSTS and host not in _HOSTS:
            response = _problem("The workbench answers to 127.0.0.1 and localhost only.", 421)
        elif (origin := request.headers.get("origin")) is not None and urlsplit(origin).netloc != host:
            response = _problem("Another page asked for this; the workbench answers to its own page only.", 403)
        elif request.method == "POST" and not request.headers.get("content-type", "").startswith("application/json"):
            # A form of another page can send anything but this content type without asking first.
            response = _problem("Send application/json.", 415)
        else:
            response = await answer(request)
        response.headers.update(_HEADERS)
        return response

    return guarded


def _problem(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({"problem": sentence}, status)
