"""Values that go round for ever, that come back each run, or that nothing writes over something."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.office import Tool
from vaiven_connectors.hubspot.simulator import HubSpotSimulator
from vaiven_connectors.mailchimp.simulator import MailchimpSimulator
from vaiven_connectors.salesforce.simulator import simulator as salesforce
from vaiven_sdk import Batch
from vaiven_sync_engine.mapping.document import read_mapping
from vaiven_sync_engine.mapping.versions import keep


def choose(desk, name, **fields):
    """The customer's mapping of people at one account."""
    document = read_mapping(json.dumps({"streams": {"people": {"fields": fields}}}))
    desk.hub.database.run_now(keep, "local", name, document, desk.hub.engine.now())


async def assert_silent(place, runs=2):
    """Nothing is written and no revision moves."""
    revs = place.rows("SELECT id, rev FROM person ORDER BY id")
    for _ in range(runs):
        report = await place.sync()
        assert (report.status, report.writes, report.plan.writes) == ("ok", 0, [])
    assert place.rows("SELECT id, rev FROM person ORDER BY id") == revs


# -- round and round


async def test_a_new_record_stops_being_updated_once_both_tools_have_it(bench):
    """MinnPost/object-sync-for-salesforce#445: a user created in one place was pushed and pulled without end."""
    org = bench.open("org", salesforce(clock=bench.clock, quirks=salesforce.calm), streams=("contacts",))
    portal = HubSpotSimulator(clock=bench.clock, quirks=HubSpotSimulator.calm)
    bench.open("portal", portal, streams=("contacts",))
    org.seed("Contact", [{"FirstName": "Ana", "LastName": "Lopez", "Email": "Ana@X.example", "MailingCity": "VIGO"}])
    assert (await bench.sync()).rounds <= 3
    await assert_silent(bench)
    (copy,) = portal.state()["contacts"]
    portal.edit_record("contacts", copy, {"firstname": "ANA"})
    assert (await bench.sync()).writes == 1
    await assert_silent(bench)


async def test_what_the_hub_wrote_is_no_news_when_it_comes_back_as_changed(bench):
    """ibericode/mailchimp-user-sync#46: the vendor's word of our own update set off the next update, without an end.

    Each write moves `last_changed`, so that what was just written comes with the next read.
    """
    audience = bench.open("mail", MailchimpSimulator(clock=bench.clock), base="/3.0", streams=("members",))
    portal = HubSpotSimulator(clock=bench.clock, quirks=HubSpotSimulator.calm)
    bench.open("portal", portal, streams=("contacts",))
    audience.seed([{"email_address": "ana@shop.example.com", "status": "subscribed", "merge_fields": {"FNAME": "Ana"}}])
    await bench.sync()
    (copy,) = portal.state()["contacts"]
    portal.edit_record("contacts", copy, {"firstname": "Anna"})
    assert (await bench.sync()).writes == 1
    report = await bench.sync()
    assert (report.staged.changed, report.staged.conflicts) == (0, 0)
    assert sum(line.pulled.records for line in report.streams.values()) >= 1, "it was read again, and is known"
    await assert_silent(bench)


async def test_a_tool_that_keeps_its_own_spelling_does_not_start_a_loop(desk):
    """mailchimp/mc-woocommerce#1290 ("Fix infinite sync"): a value that one side respells differs each time."""
    crm, shop = desk.connect("crm"), desk.connect("shop", Tool(desk.clock, lower=True))
    mute = desk.connect("mute", Tool(desk.clock, lower=True, tells=False))
    ana = crm.add(email="Ana@X.com", city="Bilbao")
    await desk.sync()
    await assert_silent(desk)
    assert (crm.of(ana)["city"], [r["city"] for r in shop.people.values()]) == ("Bilbao", ["bilbao"])
    shop.edit(next(iter(shop.people)), city="MADRID")
    await desk.sync()
    await assert_silent(desk)
    assert (crm.of(ana)["city"], [r["city"] for r in mute.people.values()]) == ("madrid", ["madrid"])


# -- corrected by hand


@pytest.mark.parametrize("owned", [False, True])
async def test_a_correction_by_hand_outlives_every_run_of_the_feed(desk, owned):
    """Atlas-Authority/marketing-automation#64: a name set right in HubSpot was written over by the feed at each run.

    Wanted was a list of fields of which the CRM's word counts. Without one it is enough that the feed's value is old.
    """
    feed, crm = desk.connect("feed", settings={"writes": False}), desk.connect("crm")
    if owned:
        choose(desk, "crm", city={"owner": True})
    ana = feed.add(email="ana@x.com", city="VIGO (??)")
    await desk.sync()
    (copy,) = crm.people
    crm.edit(copy, city="Vigo")
    await desk.sync()
    for number in range(3):
        feed.edit(ana, number=f"order {number}")
        await desk.sync()
    assert (crm.of(copy)["city"], crm.of(copy)["number"]) == ("Vigo", "order 2")
    feed.edit(ana, city="VIGO (?)")
    await desk.sync()
    assert crm.of(copy)["city"] == ("Vigo" if owned else "VIGO (?)")
    if owned:
        assert desk.conflicts()[-1] == ("city", '"Vigo"', '"VIGO (?)"', "system_of_record")


async def test_reading_everything_again_writes_over_no_name(desk):
    """customeros/customeros#1457: the HubSpot sync wrote over contact names that people had corrected."""
    feed, crm = desk.connect("feed", settings={"writes": False}), desk.connect("crm")
    feed.add(email="ana@x.com", city="vigo", tags=["a"])
    await desk.sync()
    (copy,) = crm.people
    crm.edit(copy, city="Vigo")
    for _ in range(3):
        await desk.sync(full=True)
    assert (crm.of(copy)["city"], desk.person()["city"]) == ("Vigo", "Vigo")
    await assert_silent(desk)


# -- nothing over something


async def test_a_form_that_was_left_blank_clears_nothing(desk):
    """segmentio/segment-docs#7015: an optional telephone left blank in a form wrote null over the number on file."""
    crm, form = desk.connect("crm"), desk.connect("form")
    ana = crm.add(email="ana@x.com", city="Vigo", number="34600000001")
    await desk.sync()
    form.add(email="ana@x.com", city=None, number=None, tags=["form"])
    await desk.sync()
    kept = ("Vigo", "34600000001")
    assert all((r["city"], r["number"]) == kept for r in (*crm.people.values(), *form.people.values()))
    assert crm.of(ana)["tags"] == ["form"]
    choose(desk, "form", city={"empty": "keep"})
    for remote_id in list(form.people):
        form.edit(remote_id, city=None, number=None)
    await desk.sync()
    assert (crm.of(ana)["city"], crm.of(ana)["number"]) == ("Vigo", None), "cleared by hand, and where it may be"


@pytest.mark.parametrize("deletes", ["ignore", "propagate"])
async def test_a_deleted_row_that_is_all_null_clears_nothing(desk, deletes):
    """segmentio/segment-docs#7065: deleted rows come with every column null, and went for an update like any other."""
    crm, mail = desk.connect("crm", settings={"deletes": deletes}), desk.connect("mail")
    ana, bo = crm.add(email="ana@x.com", city="Vigo"), crm.add(email="bo@x.com", city="Lugo")

    async def gone(_: Any, __: Any, ___: Any) -> AsyncIterator[Batch]:
        fields = dict.fromkeys(("email", "city", "tags"))
        yield Batch([{"id": ana, **fields, "changed": desk.clock.now().isoformat()}] if ana not in crm.people else [])

    desk.connectors["crm"].streams["people"].reader("gone")(gone)
    await desk.sync()
    crm.people.pop(ana)
    for _ in range(3):
        await desk.sync()
    left = {r["email"]: r["city"] for r in mail.people.values()}
    everyone = {"ana@x.com": "Vigo", "bo@x.com": "Lugo"}
    assert left == (everyone if deletes == "ignore" else {"bo@x.com": "Lugo"})
    assert {r["email"]: r["city"] for r in desk.rows("SELECT email, city FROM person")} == everyone
    assert [op for op, _ in mail.calls if op == "update"] == []
    assert crm.of(bo)["city"] == "Lugo"
