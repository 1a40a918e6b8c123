"""Records that many readers never see, or see for ever: those that changed at the same instant as others."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from vaiven_connectors.hubspot.simulator import HubSpotSimulator
from vaiven_connectors.mailchimp.simulator import MailchimpSimulator
from vaiven_connectors.salesforce.simulator import simulator as salesforce
from vaiven_sdk import Bearer, Config, Connector, Page, Record, get, wire
from vaiven_sdk.model import Person


@pytest.mark.slow
async def test_a_mass_edit_beyond_the_end_of_a_search_is_read_once_and_whole(bench):
    """airbytehq/airbyte#43317: 10,000 records and more with one modified time had the reader ask for ever.

    HubSpot's search ends at 10,000 results; the place to go on from was the last result's time, which never moved.
    """
    portal = bench.open("crm", HubSpotSimulator(clock=bench.clock, quirks=HubSpotSimulator.calm), streams=("deals",))
    portal.create_record("deals", {"dealname": "The first"})
    await bench.sync()
    portal.seed("deals", [{"dealname": "Mass"} for _ in range(12_000)], step_ms=0)
    before = portal.requests
    report = await bench.sync()
    assert report.status == "ok"
    assert portal.requests - before < 12_000 / 200 + 10
    found = bench.rows("SELECT name, count(*) AS n FROM deal GROUP BY name ORDER BY name")
    assert found == [{"name": "Mass", "n": 12_000}, {"name": "The first", "n": 1}]


async def test_records_of_one_instant_are_read_across_the_pages_bound(bench):
    """supaglue-labs/supaglue#532: of Salesforce records that a bulk job gave one SystemModstamp some were never read.

    The next page was asked for by `SystemModstamp >` the last one, and the rest of that instant was behind it.
    """
    org = salesforce(clock=bench.clock, quirks=salesforce.calm)
    org.page_cap = 7
    bench.open("crm", org, streams=("contacts",))
    people = [{"LastName": f"L{n}", "Email": f"p{n:02}@x.example"} for n in range(30)]
    ids = org.seed("Contact", people)
    await bench.sync()
    org.edit(ids, {"Title": "Boss"})
    report = await bench.sync()
    (line,) = report.streams.values()
    assert (report.status, line.pulled.pages >= 30 / 7) == ("ok", True)
    assert Counter(row["job_title"] for row in bench.people()) == {"Boss": 30}


async def test_what_changes_in_the_second_that_was_just_read_is_read_next_time(bench):
    """estuary/connectors#5205: records of the second that a read had ended in were taken for read and dropped for good.

    Mailchimp has the trap twice over: `last_changed` has whole seconds, and its filter means "after".
    """
    audience = MailchimpSimulator(clock=bench.clock)
    bench.open("mail", audience, base="/3.0", streams=("members",))
    audience.seed([{"email_address": f"{name}@shop.example.com", "status": "subscribed"} for name in ("ana", "bo")])
    await bench.sync()
    audience.edit("ana@shop.example.com", {"merge_fields": {"FNAME": "Ana"}})
    bench.clock.advance(0.2)
    await bench.sync(later=0)
    bench.clock.advance(0.2)
    audience.edit("bo@shop.example.com", {"merge_fields": {"FNAME": "Bo"}})
    await bench.sync(later=0)
    await bench.sync(later=30)
    assert [row["given_name"] for row in bench.people()] == ["Ana", "Bo"]


class Caller(Record[Person], key="id", cursor="stamp"):
    id: str = wire(read_only=True)
    email: str | None = wire(to="email")
    stamp: str = wire(read_only=True)


async def test_an_export_that_gives_the_same_page_again_is_stopped_and_the_rest_goes_on(desk):
    """PostHog/posthog#59215: Zendesk's export by time gave one page for ever, until memory was gone.

    A bulk update had stamped more tickets alike than a page holds, so the time to go on from stayed what it was.
    """
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("start_time"))
        page = [{"id": f"c{n}", "email": f"c{n}@x.com", "stamp": "2026-01-01T00:00:00Z"} for n in range(3)]
        return httpx.Response(200, json={"items": page, "end_time": "1767225600"})

    desks = Connector("calls", Config, name="Calls", category="crm", base_url="https://calls.example", auth=[Bearer()])
    read = get("/export", items="items", page=Page.cursor("start_time", at="end_time"))
    desks.stream(Caller, read, name="callers")
    desk.connectors["calls"] = desks
    desk.account("calls")
    desk.hub.engine.transport = lambda _: httpx.MockTransport(answer)
    crm = desk.connect("crm")
    crm.add(email="ana@x.com")
    report = await desk.sync()
    assert (report.status, report.errors["calls"].code) == ("partial", "cursor_loop")
    assert asked == [None, "1767225600"]
    assert desk.person(email="ana@x.com")
    assert len(desk.rows("SELECT * FROM person")) == 4
