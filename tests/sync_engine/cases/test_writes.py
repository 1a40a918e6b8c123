"""Writes whose answer was lost, that one bad row takes with it, or that a vendor refuses for the person's sake."""

from __future__ import annotations

from collections import Counter

from tests.sync_engine.test_links_and_events import Club, assert_settled, connected, members
from vaiven_connectors.hubspot.simulator import HubSpotSimulator
from vaiven_connectors.mailchimp.simulator import MailchimpSimulator
from vaiven_connectors.salesforce.simulator import simulator as salesforce
from vaiven_sdk.testing import Fault


def portal_at(bench, name, seed=0, **quirks):
    portal = HubSpotSimulator(seed=seed, clock=bench.clock, quirks={**HubSpotSimulator.calm, **quirks})
    return bench.open(name, portal, streams=("contacts",))


def contacts(portal):
    """Live contacts: their properties."""
    found = portal.state()["contacts"].values()
    return [r["properties"] for r in found if "properties" in r and not r.get("archived")]


def line_of(report, connection):
    (found,) = (line for line in report.streams.values() if line.connection == connection)
    return found


# -- between the create and the link


async def test_a_create_that_was_answered_409_is_linked_and_made_once(bench):
    """mitodl/mitxpro#3927: 409 for a contact that was there, then a second link to one contact ended the sync.

    The search trails: what somebody made a moment ago is not seen by the read that comes before our create.
    """
    one, two = portal_at(bench, "one"), portal_at(bench, "two", seed=1)
    await bench.sync()
    two.quirk["search_lag"] = 900
    two.create_record("contacts", {"email": "ana@x.example", "jobtitle": "Boss"})
    one.create_record("contacts", {"email": "ana@x.example"})
    one.create_record("contacts", {"email": "bo@x.example"})
    report = await bench.sync()
    pushed = line_of(report, "two").pushed
    assert (pushed.created, pushed.rejected, dict(pushed.reasons)) == (1, 1, {"CONFLICT": 1})
    two.quirk["search_lag"] = 0
    for _ in range(2):
        assert (await bench.sync()).status == "ok"
    for portal in (one, two):
        assert Counter(c["email"] for c in contacts(portal)) == {"ana@x.example": 1, "bo@x.example": 1}
    assert {c["jobtitle"] for c in contacts(one) if c["email"] == "ana@x.example"} == {"Boss"}
    links = bench.rows("SELECT entity_id, count(*) AS n FROM record WHERE deleted_at IS NULL GROUP BY entity_id")
    assert [row["n"] for row in links] == [2, 2]
    assert (await bench.sync()).writes == 0


async def test_a_create_whose_answer_never_came_is_not_made_again(bench):
    """forcedotcom/SalesforceMobileSDK-iOS#3288: the network goes after the record was made; is it made twice?

    The id of ours that the record carries answers that, without a write.
    """
    org = bench.open("org", salesforce(clock=bench.clock, quirks=salesforce.calm), streams=("contacts",))
    portal = portal_at(bench, "portal")
    await bench.sync()
    for name in ("ana", "bo"):
        portal.create_record("contacts", {"email": f"{name}@x.example", "lastname": name})
    org.faults.add(Fault(kind="lose_answer", path="composite/sobjects", times=0))
    report = await bench.sync()
    assert (report.status, report.errors["org"].code, len(org.state()["Contact"])) == ("partial", "vendor_down", 2)
    org.faults.clear()
    org.edit(list(org.state()["Contact"])[:1], {"Email": "changed@x.example"})
    for _ in range(3):
        report = await bench.sync()
    assert (report.status, report.writes, len(org.state()["Contact"])) == ("ok", 0, 2)
    assert len(bench.people()) == 2
    assert len(contacts(portal)) == 2


# -- one bad row


async def test_a_batch_that_is_refused_whole_is_halved_down_to_the_one(bench):
    """airbytehq/airbyte#76340: one conflicting contact had HubSpot answer 409 for the batch, and the sync failed."""
    one, two = portal_at(bench, "one"), portal_at(bench, "two", seed=1)
    ids = [one.create_record("contacts", {"email": f"p{n:02}@x.example"}) for n in range(20)]
    await bench.sync()
    two.quirk["search_lag"] = 9_000  # so that the hub does not know it yet
    two.create_record("contacts", {"email": "taken@x.example"})
    for n, contact in enumerate(ids):
        one.edit_record("contacts", contact, {"city": "Vigo", **({"email": "taken@x.example"} if n == 7 else {})})
    report = await bench.sync()
    pushed = line_of(report, "two").pushed
    assert (report.status, pushed.updated, dict(pushed.reasons)) == ("ok", 19, {"CONFLICT": 1})
    cities = {c["email"]: c.get("city") for c in contacts(two)}
    assert (cities["p07@x.example"], cities["p08@x.example"]) == (None, "Vigo")
    assert (await bench.sync()).plan.writes == [], "nor is it sent again as long as it stays as it is"
    one.edit_record("contacts", ids[7], {"email": "p07@x.example"})
    await bench.sync()
    assert {c.get("city") for c in contacts(two) if c["email"] != "taken@x.example"} == {"Vigo"}


async def test_one_address_that_is_none_stops_nobody_else(desk):
    """Atlas-Authority/marketing-automation#174: a typo in the top-level domain of one address ended the whole run."""
    crm, mail = desk.connect("crm"), desk.connect("mail")
    mail.refuse = lambda patch: str(patch.get("email")).endswith(".typo")
    for n in range(9):
        crm.add(email=f"p{n}@x.com")
    bad = crm.add(email="name@domain.typo")
    report = await desk.sync()
    assert (report.status, len(mail.people)) == ("ok", 9)
    pushed = line_of_people(report, "mail")
    assert (pushed.created, pushed.rejected, dict(pushed.reasons)) == (9, 1, {"WRONG": 1})
    mail.calls.clear()
    await desk.sync()
    crm.edit(bad, title="Boss")  # which the other tool does not take
    await desk.sync()
    assert mail.calls == [], "what was refused is not tried again until it changes"
    crm.edit(bad, email="name@domain.com")
    await desk.sync()
    assert len(mail.people) == 10


def line_of_people(report, connection):
    found = (line for line in report.streams.values() if (line.connection, line.stream) == (connection, "people"))
    return next(found).pushed


async def test_of_several_bad_rows_each_is_named(bench):
    """HubSpot/hubspot-api-python#51: of several contacts that existed the batch's error named the first one alone."""
    one, two = portal_at(bench, "one"), portal_at(bench, "two", seed=1)
    await bench.sync()
    two.quirk["search_lag"] = 900
    there = ["p2@x.example", "p5@x.example", "p6@x.example"]
    for email in there:
        two.create_record("contacts", {"email": email})
    for n in range(8):
        one.create_record("contacts", {"email": f"p{n}@x.example"})
    report = await bench.sync()
    pushed = line_of(report, "two").pushed
    assert (pushed.created, pushed.rejected) == (5, 3)
    refused = bench.rows(
        "SELECT p.email, i.code FROM intent i JOIN person p ON p.id = i.entity_id WHERE i.state = 'rejected'"
    )
    assert sorted((row["email"], row["code"]) for row in refused) == [(email, "CONFLICT") for email in there]
    two.quirk["search_lag"] = 0
    await bench.sync()
    assert len(contacts(two)) == len(contacts(one)) == 8
    assert (await bench.sync()).writes == 0


# -- memberships and consent


async def test_whoever_comes_back_to_a_list_is_put_on_it_again(desk):
    """grouparoo/grouparoo#1685: the removal from a group was kept as an error, so the return looked like no change."""
    north, south = connected(desk, Club("north"), Club("south"), deletes="propagate")
    vip, ana = north.add("lists", name="VIP"), north.add("people", email="ana@x.com")
    for _ in range(3):
        key = north.add("members", list=vip, person=ana, status="on")
        north.gone["members"].clear()
        await desk.sync()
        assert members(south) == [("VIP", "ana@x.com")]
        north.drop("members", key)
        await desk.sync()
        assert members(south) == []
        south.gone["members"].clear()
    await assert_settled(desk)


async def test_a_vendor_that_guards_the_person_is_obeyed_and_asked_once(bench):
    """tbar0970/jethro-pmm#656: whoever was deleted for good was subscribed at each run: "Member In Compliance State".

    Only she herself can come back; that the tool refuses her is no refusal of hers.
    """
    north, south = (MailchimpSimulator(seed=seed, clock=bench.clock) for seed in (1, 2))
    for name, account in (("north", north), ("south", south)):
        bench.open(name, account, base="/3.0", streams=("members",))
    everyone = [{"email_address": f"{name}@shop.example.com", "status": "subscribed"} for name in ("ana", "bo")]
    south.seed(everyone[:1])
    south.delete("ana@shop.example.com")
    north.seed(everyone)
    report = await bench.sync()
    pushed = line_of(report, "south").pushed
    assert (report.status, pushed.created, dict(pushed.reasons)) == ("ok", 1, {"forgotten_email_not_subscribed": 1})
    for _ in range(2):
        report = await bench.sync()
        assert (report.status, report.plan.writes) == ("ok", [])
    assert {row["email"]: row["email_consent"] for row in bench.people()} == dict.fromkeys(
        ("ana@shop.example.com", "bo@shop.example.com"), "granted"
    )
    assert north.state()["members"][next(iter(north.state()["members"]))]["status"] == "subscribed"
    south.sign_up("ana@shop.example.com")
    await bench.sync()
    assert (await bench.sync()).plan.skipped == {}
    assert len(bench.people()) == 2
