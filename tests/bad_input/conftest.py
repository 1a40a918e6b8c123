"""A vendor that says anything, a neighbour that is well, and a hub over both."""

import contextlib
import json

import httpx
import pytest

from tests.support.hub import hub_at
from tests.support.wire_vendor import TOKEN, WireVendor, wire_connector
from vaiven_sdk import http as sdk_http
from vaiven_sdk.testing import serve


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(sdk_http, "_BACKOFF", lambda _: 0.0)


class Bench:
    """The bad vendor as `shop`, a good one as `other`, and the hub."""

    def __init__(self, hub, vendor, neighbour):
        self.hub, self.vendor, self.neighbour = hub, vendor, neighbour

    async def sync(self, **options):
        """One sync; whatever goes wrong, no error may show the token or a stack, and each says what to do."""
        report = await self.hub.sync(**options)
        for problem in report.errors.values():
            told = problem.as_dict()
            assert told["what"]
            assert told["remedy"]
            assert told["code"] not in {"error", "maker_error"}
        shown = json.dumps(report.as_dict())
        assert TOKEN not in shown
        assert "Traceback" not in shown
        return report

    def stored(self, stream="people", connection="shop"):
        """Ids in the store."""
        return set(self.hub.bodies(stream, connection))

    def assert_neighbour_landed(self):
        for stream in ("people", "payments"):
            assert self.stored(stream, "other") == self.neighbour.ids(stream)

    def assert_all_landed(self):
        """The right store: every record that the vendors have, none twice, nothing set aside."""
        self.assert_neighbour_landed()
        for stream in ("people", "payments"):
            assert self.stored(stream) == self.vendor.ids(stream)
        assert self.hub.quarantine() == []
        people = self.hub.rows("SELECT email FROM person WHERE deleted_at IS NULL")
        assert sorted(row["email"] for row in people) == sorted(
            {f"{i}@example.com" for i in self.vendor.ids("people") | self.neighbour.ids("people")}
        )
        paid = self.hub.rows("SELECT count(*) AS n FROM payment WHERE deleted_at IS NULL")
        assert paid[0]["n"] == len(self.vendor.ids("payments")) + len(self.neighbour.ids("payments"))


@pytest.fixture
def paging():
    return "cursor"


@pytest.fixture(scope="session")
def vendors():
    """Both vendors, served once: to stop a server takes longer than most tests."""
    with contextlib.ExitStack() as stack:
        yield [(one, stack.enter_context(serve(one))) for one in (WireVendor(), WireVendor())]


@pytest.fixture
def bench(empty_store, paging, vendors):
    (vendor, server), (neighbour, other) = vendors
    vendor.reset()
    neighbour.reset(people=2, payments=2, prefix="n")
    with hub_at(empty_store, {"wire": wire_connector(paging)}.__getitem__) as hub:
        hub.connect("shop", "wire", server.url, {"token": TOKEN}, writes=False)
        hub.connect("other", "wire", other.url, {"token": TOKEN}, writes=False)
        # Plain HTTP to loopback: to load the machine's certificates for each client would be half of the time.
        hub.engine.transport = lambda _: httpx.AsyncHTTPTransport(verify=False)
        yield Bench(hub, vendor, neighbour)
