"""What is gone and what is not: archives, tombstones, scans that break off, and deletions by the dozen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vaiven_connectors.hubspot.simulator import HubSpotSimulator
from vaiven_connectors.salesforce.simulator import simulator as salesforce
from vaiven_sdk import Unsettled
from vaiven_sdk.testing import Fault
from vaiven_sync_engine.errors import GuardTripped
from vaiven_sync_engine.figures import Question, totals

SHARES = {"deletes": "propagate"}


def two_portals(bench):
    portals = [HubSpotSimulator(seed=seed, clock=bench.clock, quirks=HubSpotSimulator.calm) for seed in (0, 1)]
    for name, portal in zip(("one", "two"), portals, strict=True):
        bench.open(name, portal, streams=("contacts",), **SHARES)
    return portals


def live(portal):
    """Addresses of the contacts that are in no archive."""
    found = portal.state()["contacts"].values()
    return sorted(r["properties"]["email"] for r in found if "properties" in r and not r.get("archived"))


# -- archived and deleted


async def test_a_deal_is_archived_and_its_modified_date_stays(bench):
    """airbytehq/airbyte#19838: archiving a deal does not move `hs_lastmodifieddate`: the reader never heard of it."""
    portal = HubSpotSimulator(clock=bench.clock, quirks=HubSpotSimulator.calm)
    bench.open("portal", portal, streams=("deals",))
    ids = [portal.create_record("deals", {"dealname": name, "dealstage": "closedwon"}) for name in ("A", "B")]
    await bench.sync()
    changed = portal.state()["deals"][ids[1]]["properties"]["hs_lastmodifieddate"]
    bench.clock.advance(3600)
    portal.archive_records("deals", ids[1:])
    assert portal.state()["deals"][ids[1]]["properties"]["hs_lastmodifieddate"] == changed
    await bench.sync()
    assert bench.rows("SELECT name, deletion_reason FROM deal ORDER BY name") == [
        {"name": "A", "deletion_reason": None},
        {"name": "B", "deletion_reason": "source_deleted"},
    ]


async def test_a_record_made_edited_and_archived_between_two_runs_is_not_taken_for_a_live_one(bench):
    """airbytehq/airbyte#35017: records that were deleted after they were loaded stayed: search shows live ones."""
    one, two = two_portals(bench)
    ana = one.create_record("contacts", {"email": "ana@x.example"})
    await bench.sync()
    one.edit_record("contacts", ana, {"city": "Vigo"})
    brief = one.create_record("contacts", {"email": "brief@x.example"})
    one.archive_records("contacts", [ana, brief])
    report = await bench.sync()
    assert (report.status, live(two), bench.people()) == ("ok", [], [])
    assert (await bench.sync()).writes == 0


async def test_a_record_in_the_recycle_bin_is_deleted_elsewhere_too(bench):
    """supaglue-labs/supaglue#489: what was deleted in Salesforce or HubSpot lived on in the copy."""
    org = bench.open("org", salesforce(clock=bench.clock, quirks=salesforce.calm), streams=("contacts",), **SHARES)
    portal = HubSpotSimulator(clock=bench.clock, quirks=HubSpotSimulator.calm)
    bench.open("portal", portal, streams=("contacts",))
    ids = org.seed("Contact", [{"LastName": n, "Email": f"{n}@x.example"} for n in ("ana", "bo")])
    await bench.sync()
    assert live(portal) == ["ana@x.example", "bo@x.example"]
    org.delete_records(ids[:1])
    await bench.sync()
    assert live(portal) == ["bo@x.example"]
    assert [row["email"] for row in bench.people()] == ["bo@x.example"]


async def test_the_archive_is_read_again_and_again_and_nothing_has_changed(bench):
    """supaglue-labs/supaglue#616: the archive has no filter by time, so each run reported the same five as updated."""
    one, _ = two_portals(bench)
    ids = [one.create_record("contacts", {"email": f"p{n}@x.example"}) for n in range(5)]
    await bench.sync()
    one.archive_records("contacts", ids)
    await bench.sync()
    revs = bench.rows("SELECT id, rev, deleted_at FROM person ORDER BY id")
    for _ in range(3):
        report = await bench.sync()
        lines = list(report.streams.values())
        assert [line.pulled.changed for line in lines] == [0, 0]
        assert sum(line.pulled.records for line in lines) == 10, "both archives are read, each time"
        assert (report.staged.records, report.writes) == (0, 0)
    assert bench.rows("SELECT id, rev, deleted_at FROM person ORDER BY id") == revs


def spent(desk: Any) -> int:
    """All impressions that the hub has."""
    found = desk.hub.database.run_now(totals, "local", Question("impressions", "company"))
    return int(sum((one.value for one in found.values()), Decimal(0)))


async def test_the_figures_of_what_was_deleted_still_count(desk):
    """singer-io/tap-tiktok-ads#18: deleted ads were not brought, and so the spend of an account did not add up."""
    crm = desk.connect("crm", settings=SHARES)
    old, new = (crm.add("companies", name=name, domain=f"{name}.com") for name in ("old", "new"))
    days = [crm.add("figures", on="2026-01-01", company=company, shown=100) for company in (old, new)]
    await desk.sync()
    assert spent(desk) == 200
    crm.drop(old)
    await desk.sync()
    assert desk.rows("SELECT name FROM company WHERE deleted_at IS NULL") == [{"name": "new"}]
    assert spent(desk) == 200
    crm.edit(days[0], shown=130)
    await desk.sync()
    assert spent(desk) == 230, "and they are still corrected"


async def test_a_person_who_is_deleted_before_their_copy_was_made_gets_none(desk):
    """grouparoo/grouparoo#2443: a record was destroyed while its export was pending, and its copies stayed behind."""
    crm, mail = desk.connect("crm", settings=SHARES), desk.connect("mail")
    ana, bo = crm.add(email="ana@x.com"), crm.add(email="bo@x.com")

    def lost(_: str) -> None:
        raise Unsettled("The line went dead.")

    mail.after.append(lost)
    report = await desk.sync()
    assert (list(report.errors), len(mail.people)) == (["mail"], 2)
    crm.drop(ana)
    mail.before.append(lost)
    await desk.sync()
    await desk.sync()
    assert [r["email"] for r in mail.people.values()] == ["bo@x.com"]
    crm.edit(bo, city="Vigo")
    late = crm.add(email="late@x.com")
    mail.before.append(lost)
    await desk.sync()
    crm.drop(late)
    await desk.sync()
    assert [(r["email"], r["city"]) for r in mail.people.values()] == [("bo@x.com", "Vigo")]
    assert (await desk.sync()).writes == 0


async def test_whoever_throws_a_duplicate_away_deletes_nobody(desk):
    """Beside the threads: where people clean up by hand, a duplicate is the first thing to go; its person stays."""
    crm, mail = desk.connect("crm", settings=SHARES), desk.connect("mail", settings=SHARES)
    ana, again = crm.add(email="ana@x.com", city="Vigo"), crm.add(email="ana@x.com")
    await desk.sync()
    assert len(desk.rows("SELECT * FROM person")) == 1
    crm.drop(again)
    await desk.sync()
    assert desk.person()["city"] == "Vigo"
    assert [ana, "ana@x.com"] == [*crm.people, *(r["email"] for r in mail.people.values())]
    crm.drop(ana)
    await desk.sync()
    assert (crm.people, mail.people) == ({}, {})


# -- scans


def twenty_pages(bench):
    one, two = two_portals(bench)
    one.page_cap = two.page_cap = 3
    ids = one.seed("contacts", [{"email": f"p{n:02}@x.example"} for n in range(60)])
    return one, two, ids


async def test_a_scan_that_breaks_off_at_page_7_of_20_deletes_nobody(bench):
    """Nango's page "Deletion detection": ends of a tracked scan that did not bring everything made false deletions."""
    one, two, ids = twenty_pages(bench)
    await bench.sync()
    assert len(live(two)) == 60
    one.erase_record("contacts", ids[30])
    one.faults.add(Fault(kind="status", path="/crm/v3/objects/contacts$", method="GET", skip=6, times=0, status=403))
    report = await bench.sync(full=True)
    (line,) = (line for line in report.streams.values() if line.connection == "one")
    assert (report.status, line.pulled.pages, line.pulled.missing) == ("partial", 6, 0)
    assert (len(live(two)), len(bench.people())) == (60, 60)
    one.faults.clear()
    await bench.sync(full=True)
    assert (len(live(two)), len(bench.people())) == (60, 60), "half of the pages were read in the run before"
    await bench.sync(full=True)
    assert (len(live(two)), len(bench.people())) == (59, 59)


@pytest.mark.parametrize("pages", [7, 14])
async def test_a_scan_that_ends_early_without_an_error_deletes_nobody(bench, pages):
    """The same page: a list may end in the middle, and then what was read looks like all there is."""
    one, two, _ = twenty_pages(bench)
    await bench.sync()
    path = "/crm/v3/objects/contacts$"
    one.faults.add(Fault(kind="replace", path=path, method="GET", skip=pages, times=1, body='{"results": []}'))
    if pages == 7:
        report = await bench.sync(full=True)
        assert max(line.pulled.missing for line in report.streams.values()) == 39
        assert len(bench.people()) == 60, "more than half are not there: the scan is in doubt"
    else:
        with pytest.raises(GuardTripped, match="delete 18 records at two/contacts; at most 10"):
            await bench.sync(full=True)
    assert len(live(two)) == 60
    one.faults.clear()
    report = await bench.sync(full=True)
    assert (report.status, report.writes, len(live(one)), len(live(two))) == ("ok", 0, 60, 60)
    assert len(bench.people()) == 60


async def test_a_storm_of_deletions_is_stopped_and_the_plan_is_shown(desk):
    """The acceptance check of the same page: 30 % gone at once are stopped before the first of them."""
    crm, mail = desk.connect("crm", settings=SHARES), desk.connect("mail")
    people = [crm.add(email=f"p{n:02}@x.com") for n in range(100)]
    await desk.sync()
    for remote_id in people[:30]:
        crm.drop(remote_id)
    before = len(mail.calls)
    with pytest.raises(GuardTripped, match="delete 30 records at mail/people; at most 10") as stopped:
        await desk.sync()
    assert "--max-deletes" in stopped.value.remedy
    shown = desk.hub.engine.report
    assert (shown.status, shown.plan.counts()) == ("failed", {shown.plan.writes[0].source: {"delete": 30}})
    assert sorted(w.remote_id for w in shown.plan.writes) == sorted(list(mail.people)[:30])
    assert (len(mail.calls), len(mail.people)) == (before, 100)
    shown = await desk.sync(dry_run=True)
    assert len(shown.plan.writes) == 30
    done = await desk.sync(max_deletes=30, approve=shown.plan.digest)
    assert (done.writes, len(mail.people)) == (30, 70)
