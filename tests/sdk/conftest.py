"""A vendor that answers as scripted, a client for it, and a loop whose time passes at once."""

import asyncio
import json
import selectors
from dataclasses import dataclass, field
from types import SimpleNamespace

import httpx
import pytest

import vaiven_sdk.http
from vaiven_sdk import Bearer, Config, Connector, Record, Session, wire
from vaiven_sdk.http import Http
from vaiven_sdk.model import Person as UnifiedPerson

TOKEN = "sk-live-0123456789-secret"


@dataclass
class Script:
    """An ASGI application: gives its answers in order, the last one for ever, and keeps what it was asked."""

    answers: list = field(default_factory=lambda: [(200, {})])
    asked: list = field(default_factory=list)

    async def __call__(self, scope, receive, send):
        body = (await receive()).get("body", b"")
        request = SimpleNamespace(
            method=scope["method"],
            path=scope["path"],
            query=httpx.QueryParams(scope["query_string"].decode()),
            headers={k.decode(): v.decode() for k, v in scope["headers"]},
            body=json.loads(body) if body[:1] in {b"{", b"["} else body.decode(),
        )
        self.asked.append(request)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        status, content, *rest = answer
        headers = {"content-type": "application/json", **(rest[0] if rest else {})}
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        raw = [(k.encode(), v.encode()) for k, v in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})


class Person(Record[UnifiedPerson], key="id"):
    """Somebody, by an address."""

    id: str | None = wire()
    email: str | None = wire(to="email")


@pytest.fixture
def person():
    return Person


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def acme():
    return Connector(
        "acme",
        Config,
        name="Acme",
        category="crm",
        base_url="https://api.acme.example/v1",
        auth=[Bearer()],
        hosts=["*.files.acme.example", "login.acme.example"],
    )


@pytest.fixture
def client(acme, script):
    """Make a client of `acme` (or another connector) that reaches `script`."""

    def make(connector=acme, credential=None, config=None, **options):
        options.setdefault("transport", httpx.ASGITransport(script))
        return Http(connector, config or Config(), credential or {"token": TOKEN}, **options)

    return make


@pytest.fixture
def session(client):
    """Make a session over such a client."""

    def make(**options):
        http = client(**options)
        return Session(http.config, http.send)

    return make


class _Jump(selectors.DefaultSelector):
    """Instead of waiting, moves the clock."""

    passed = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            # A wait of a hair's breadth still takes time.
            self.passed += max(timeout or 0.0, 1e-6)
        return ready


class Timeless:
    """Runs coroutines on one loop in which sleeping takes no time; `now` counts the seconds slept."""

    def __init__(self):
        self._selector = _Jump()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._loop.time = lambda: 1000.0 + self._selector.passed

    @property
    def now(self):
        return self._selector.passed

    def __call__(self, coroutine):
        return self._loop.run_until_complete(coroutine)

    def close(self):
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


@pytest.fixture(autouse=True)
def no_backoff(request, monkeypatch):
    if "run" not in request.fixturenames:
        monkeypatch.setattr(vaiven_sdk.http, "_BACKOFF", lambda _: 0.0)


@pytest.fixture
def run():
    timeless = Timeless()
    yield timeless
    timeless.close()
