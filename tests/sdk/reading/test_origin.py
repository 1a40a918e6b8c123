"""A next link may lead on, and never away."""

import pytest
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.support.shelf import CURSOR, KINDS, REPORT, TOKEN, Shelf, shelf
from vaiven_sdk import Config, OriginRefused, Page, Session, Window, get, report
from vaiven_sdk.http import Http
from vaiven_sdk.paging import Seen, links
from vaiven_sdk.testing import Simulator, serve


class Elsewhere(Simulator):
    """Another server; it hears what nobody should tell it."""

    slug = "elsewhere"

    @property
    def credential(self):
        return {"token": "x"}

    def __init__(self):
        super().__init__()
        self.heard = []

    def routes(self):
        return [Route("/{path:path}", self.hear, methods=["GET", "POST"])]

    def state(self):
        return {}

    async def hear(self, request):
        self.heard.append((str(request.url), dict(request.headers)))
        return JSONResponse({"rows": []})


@pytest.fixture
def both():
    vendor, other = Shelf(), Elsewhere()
    for number in range(8):
        vendor.put(f"r{number}")
    with serve(vendor) as server, serve(other) as elsewhere:
        yield vendor, server, other, elsewhere


async def read(server, declared, state=None):
    async with Http(shelf, Config(), {"token": TOKEN}, base_url=server.url) as http:
        hub = Session(Config(), http.send)
        return [page async for page in hub.walk(declared, Window(Config()), state=state)]


@pytest.mark.parametrize("kind", ["next url", "link header"])
@pytest.mark.parametrize("case", ["another port", "another host", "declared for files", "a user in it", "no http"])
async def test_a_link_to_another_origin_is_refused_and_nothing_is_sent(both, kind, case):
    vendor, server, other, elsewhere = both
    vendor.links = {
        "another port": elsewhere.url,
        "another host": elsewhere.url.replace("127.0.0.1", "localhost"),
        "declared for files": "https://files.shelf.example",
        "a user in it": elsewhere.url.replace("http://", f"http://{server.url.removeprefix('http://')}@"),
        "no http": "ftp://api.shelf.example",
    }[case]
    with pytest.raises(OriginRefused):
        await read(server, KINDS[kind])
    assert other.heard == []
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("kind", ["next url", "link header"])
async def test_a_kept_link_to_another_origin_is_refused_too(both, kind):
    _, server, other, elsewhere = both
    with pytest.raises(OriginRefused):
        await read(server, KINDS[kind], state=f"{elsewhere.url}/next?after=r1")
    assert other.heard == []


@pytest.mark.parametrize("kind", ["next url", "link header"])
@pytest.mark.parametrize("links_to", ["", "https://api.shelf.example"])
async def test_relative_links_and_the_vendors_own_address_are_followed(both, kind, links_to):
    vendor, server, _, _ = both
    vendor.links = links_to
    pages = await read(server, KINDS[kind])
    assert sum(len(page.items) for page in pages) == 8
    assert {path for _, path, _ in vendor.asked} <= {"next", "next/on", "link"}
    assert vendor.signed == [f"Bearer {TOKEN}"] * 3


async def test_a_link_beside_the_base_urls_path_is_on_its_origin(both):
    vendor, server, _, _ = both
    read = get("/cursor", items="rows", page=Page.next_url(at="next", size=3))
    answers = [{"rows": [{"id": 1}], "next": "/next/on?after=r6"}]
    vendor.on_v1 = lambda *_: (answers.pop(), {})
    async with Http(shelf, Config(), {"token": TOKEN}, base_url=f"{server.url}/v1") as http:
        pages = [page async for page in Session(Config(), http.send).walk(read, Window(Config()))]
    assert [len(page.items) for page in pages] == [1, 1]
    assert [path for _, path, _ in vendor.asked] == ["v1/cursor", "next/on"]


async def test_a_report_on_a_declared_host_is_fetched_without_the_credential(both):
    vendor, server, _, _ = both
    await read(server, report(download="files[].url", **REPORT))
    signed = dict(zip([path for _, path, _ in vendor.asked], vendor.signed, strict=True))
    assert signed["reports/j0/file"] is None
    assert signed["reports/j0"] == f"Bearer {TOKEN}"


async def test_a_report_elsewhere_is_not_fetched(both, monkeypatch):
    vendor, server, other, elsewhere = both
    found = vendor.on_reports

    def lead_away(ask, *parts):
        answer, headers = found(ask, *parts)
        ready = isinstance(answer, dict) and "state" in answer
        return ({**answer, "files": [{"url": f"{elsewhere.url}/f"}]} if ready else answer), headers

    monkeypatch.setattr(vendor, "on_reports", lead_away)
    for url in (elsewhere.url, "https://elsewhere.example"):
        elsewhere.url = url
        with pytest.raises(OriginRefused):
            await read(server, report(download="files[].url", **REPORT))
    assert other.heard == []


def test_a_link_that_repeats_the_credential_is_kept_without_it():
    page = Page.next_url(at="next")
    link = "https://graph.example/me?fields=a%2Cb&access_token=secret&after=x&Api_Key=s"
    kept = page.advance(None, Seen({"next": link}, 1, None, {}, "https://graph.example/me"))
    assert kept == "https://graph.example/me?fields=a%2Cb&after=x"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        ('<https://a.example/?page=2>; rel="next"', [("https://a.example/?page=2", ("next",))]),
        ("<b>;rel=prev , <c>; REL=Next", [("b", ("prev",)), ("c", ("next",))]),
        ('<a?x=1,2;y>; title="a, <b>; rel=\\"next\\""; rel="last next"', [("a?x=1,2;y", ("last", "next"))]),
        ('<a>; rel="prev"; rel="next"', [("a", ("prev",))]),
        ("<a>; crossorigin; rel=next", [("a", ("next",))]),
        ("no link at all", []),
    ],
)
def test_link_headers(header, found):
    """RFC 8288: several links, quoted commas, several relations in one, only the first `rel` counts."""
    assert links(header) == found


def test_a_read_without_the_vendors_answer_cannot_be_led_anywhere():
    assert get("/x", items="x", page=CURSOR).page.turn("x").address is None
