"""A vendor on a real loopback socket that checks each request by a function of the test."""

import json
import time
from types import SimpleNamespace

import pytest
from starlette.responses import Response
from starlette.routing import Route

from vaiven_sdk import Config, Connector
from vaiven_sdk.http import Http
from vaiven_sdk.testing import Simulator, serve


class Vendor(Simulator):
    slug = "acme"

    def __init__(self):
        super().__init__()
        self.reset()

    def reset(self):
        self.asked = []
        self.answer = lambda request: (200, {"ok": True})
        self.token = None
        """Answers a token request: `(request, body) -> (status, content)`."""

    @property
    def credential(self):
        return {}

    def routes(self):
        return [Route("/{path:path}", self.handle, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]

    def state(self):
        return {}

    async def handle(self, request):
        body = await request.body()
        one = SimpleNamespace(
            method=request.method,
            path=request.scope["path"],
            raw_path=request.scope["raw_path"].decode(),
            query=dict(request.query_params),
            raw_query=request.scope["query_string"].decode(),
            url=f"http://{request.headers['host']}{request.scope['raw_path'].decode()}"
            + (f"?{request.scope['query_string'].decode()}" if request.scope["query_string"] else ""),
            headers=dict(request.headers),
            body=body,
        )
        self.asked.append(one)
        found = self.token(one, body) if self.token and "token" in one.path else self.answer(one)
        status, content, *headers = found
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        return Response(content, status, {"content-type": "application/json", **(headers[0] if headers else {})})

    def paths(self):
        return [one.path for one in self.asked]


@pytest.fixture(scope="session")
def served():
    made = Vendor()
    with serve(made) as server:
        made.url = server.url
        yield made


@pytest.fixture
def vendor(served):
    served.reset()
    return served


class Shop(Config):
    shop: str = ""
    region: str = "eu-central-1"


@pytest.fixture
def connect(vendor):
    """Make a client of Acme, by a scheme, that reaches the vendor on loopback."""

    def make(auth, credential, config=None, **options):
        connector = Connector(
            "acme", Shop, name="Acme", category="crm", base_url="https://api.acme.example/v1", auth=[auth]
        )
        options.setdefault("base_url", f"{vendor.url}/v1")
        options.setdefault("attempts", 3)
        return Http(connector, config or Shop(), credential, **options)

    return make


@pytest.fixture
def clock(monkeypatch):
    """The machine's clock, moved by `clock.ahead`."""
    real = time.time
    moved = SimpleNamespace(ahead=0.0)
    monkeypatch.setattr(time, "time", lambda: real() + moved.ahead)
    return moved
