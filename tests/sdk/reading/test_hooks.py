"""The escape ladder between a declared read and an own reader."""

import asyncio
import dataclasses
import json

import httpx
import pytest

from vaiven_sdk import Ask, Batch, Bearer, Config, Connector, Fetched, Page, Session, Window, get
from vaiven_sdk.http import Http


@pytest.fixture
def people(acme, person):
    page = Page.cursor("after", at="next")
    return acme.stream(person, get("/people", items="rows", page=page), changes=get("/changed", items="rows"))


async def walked(session, read):
    return [page async for page in session().walk(read, Window(Config()))]


async def test_before_request_sees_and_changes_each_request(people, session, script):
    seen = []

    @people.before_request
    def sign(ask: Ask) -> None:
        seen.append((ask.method, ask.path, dict(ask.params)))
        ask.params["checksum"] = str(len(ask.params))
        ask.headers["X-Version"] = "3"

    script.answers = [(200, {"rows": [{"id": 1}], "next": "n"}), (200, {"rows": []})]
    await walked(session, people.full)
    assert seen == [("GET", "/people", {}), ("GET", "/people", {"after": "n"})]
    assert [dict(request.query) for request in script.asked] == [{"checksum": "0"}, {"after": "n", "checksum": "1"}]
    assert {request.headers["x-version"] for request in script.asked} == {"3"}
    await walked(session, people.changes)
    assert seen[-1][1] == "/changed"


async def test_a_hook_may_wait_and_may_give_another(people, session, script):
    @people.before_request
    async def elsewhere(ask: Ask) -> Ask:
        await asyncio.sleep(0)
        return dataclasses.replace(ask, path="/v2/people")

    @people.after_page
    async def only_even(page: Fetched) -> Fetched:
        kept = [item for item in page.items if json.loads(bytes(item))["id"] % 2 == 0]
        return dataclasses.replace(page, items=kept)

    script.answers = [(200, {"rows": [{"id": 1}, {"id": 2}], "next": "n"}), (200, {"rows": [{"id": 3}]})]
    pages = await walked(session, people.full)
    assert script.asked[0].path == "/v1/v2/people"
    assert [len(page.items) for page in pages] == [1, 0]
    assert pages[0].state == "n"


def test_a_hook_needs_something_declared(acme, person):
    bare = acme.stream(person, name="bare")
    with pytest.raises(TypeError, match=r"acme\.bare: a hook needs a declared read"):
        bare.after_page(lambda page: page)


async def test_an_own_reader_may_run_a_vendors_blocking_library(people, session):
    @people.reader("full")
    async def read(hub, window, state):
        page = state or 0
        while True:
            rows = await asyncio.to_thread(lambda at: [{"id": at}] if at < 2 else [], page)
            if not rows:
                return
            page += 1
            yield Batch(rows, state=page)

    found = [batch async for batch in people.readers["full"](session(), Window(Config()), 1)]
    assert [batch.items for batch in found] == [[{"id": 1}]]


async def test_a_connector_may_bring_its_own_transport(script):
    class Settings(Config):
        """Where the vendor's socket is."""

        socket: str = "/run/acme"

    asked = []

    def transport(config):
        asked.append(config.socket)
        return httpx.ASGITransport(script)

    acme = Connector(
        "acme",
        Settings,
        name="Acme",
        category="crm",
        base_url="https://acme.example",
        auth=[Bearer()],
        transport=transport,
    )
    script.answers = [(200, [{"id": 1}])]
    async with Http(acme, Settings(), {"token": "t"}) as http:
        pages = [page async for page in Session(Settings(), http.send).walk(get("/x"), Window(Settings()))]
    assert (asked, len(pages[0].items)) == (["/run/acme"], 1)
    assert script.asked[0].headers["authorization"] == "Bearer t"
