"""What holds for every kind of read: all is read, from any page on, over real HTTP."""

import json

import pytest

from tests.support.shelf import KINDS, Shelf, shelf
from vaiven_sdk import Config, Fetched, Session, Window
from vaiven_sdk.http import Http
from vaiven_sdk.testing import serve

LISTS = "aabbbbccdddd"


@pytest.fixture(scope="module")
def served():
    vendor = Shelf()
    for number, name in enumerate(LISTS):
        # Ties, also across the edges of pages.
        vendor.put(f"r{number:02}", number // 4 * 100_000, name)
    with serve(vendor) as server:
        vendor.links = server.url
        yield vendor, server


@pytest.fixture
async def hub(served):
    vendor, server = served
    async with Http(shelf, Config(), vendor.credential, base_url=server.url) as http:
        yield Session(Config(), http.send)


def ids(pages):
    return [json.loads(bytes(item))["id"] for page in pages for item in page.items]


async def walked(hub, read, state=None, most=None):
    pages = []
    async for page in hub.walk(read, Window(Config()), state=state):
        pages.append(page)
        if len(pages) == most:
            break
    return pages


@pytest.mark.parametrize("kind", KINDS)
async def test_everything_is_read(hub, kind):
    pages = await walked(hub, KINDS[kind])
    assert set(ids(pages)) == {f"r{number:02}" for number in range(len(LISTS))}
    assert all(isinstance(page, Fetched) for page in pages)
    assert [page.state is None for page in pages] == [False] * (len(pages) - 1) + [True]
    assert len(pages) > 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_walk_goes_on_from_any_page(hub, kind):
    whole = await walked(hub, KINDS[kind])
    # `each of each` has 60 pages: every fifth will do.
    for stop in range(1, len(whole), 1 + len(whole) // 12):
        first = await walked(hub, KINDS[kind], most=stop)
        state = json.loads(json.dumps(first[-1].state))
        rest = await walked(hub, KINDS[kind], state=state)
        assert ids(first) + ids(rest) == ids(whole), stop


@pytest.mark.parametrize("kind", KINDS)
async def test_the_vendors_clock_is_on_every_page(kind):
    vendor = Shelf()
    for number in range(5):
        vendor.put(f"r{number}")
    dates = {page.date async for page in KINDS[kind].pages(vendor.send, Window(Config()))}
    assert dates == {f"{vendor.clock.now():%Y-%m-%dT%H:%M:%S}.000000Z"}


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_at_all_is_a_last_page_without_records(kind):
    vendor = Shelf()
    pages = [page async for page in KINDS[kind].pages(vendor.send, Window(Config()))]
    assert ids(pages) == []
    assert pages[-1].state is None
