"""Who is who: merges made in a vendor's own screens, and addresses that were taken for a person."""

from __future__ import annotations

from tests.sync_engine.test_links_and_events import Club, connected, members
from vaiven_connectors.hubspot.simulator import HubSpotSimulator
from vaiven_connectors.mailchimp.simulator import MailchimpSimulator
from vaiven_connectors.salesforce.simulator import simulator as salesforce
from vaiven_sdk import Merged
from vaiven_sync_engine.identity import acts, edges

SHARES = {"deletes": "propagate"}


def hubspot(bench, name, seed=0, **quirks):
    portal = HubSpotSimulator(seed=seed, clock=bench.clock, quirks={**HubSpotSimulator.calm, **quirks})
    return bench.open(name, portal, streams=("contacts",), **SHARES)


def contacts(portal):
    """Live contacts by id: their properties."""
    found = portal.state()["contacts"].items()
    return {i: r["properties"] for i, r in found if "properties" in r and not r.get("archived")}


def merge(tool, stream, loser, winner):
    """As a person does it in a tool in memory: the one is gone into the other."""
    tool.gone[stream][-1:] = [Merged(loser, winner)]


# -- merges in a tool


async def test_a_merge_that_mints_a_new_id_deletes_nobody_and_the_next_edit_goes_to_it(bench):
    """amp-labs/connectors#3487: a HubSpot merge may make a record with a new id and report the old ones as deleted.

    Whoever looked the delivered id up found nothing, and took the deletions for the end of the person.
    """
    one, two = hubspot(bench, "one"), hubspot(bench, "two", seed=1)
    ana = one.create_record("contacts", {"email": "ana@x.example", "city": "Vigo"})
    twin = one.create_record("contacts", {"email": "ana.b@x.example", "jobtitle": "Boss"})
    await bench.sync()
    before = {row["id"] for row in bench.people()}
    bench.clock.advance(60)
    merged = one.merge_records("contacts", ana, twin)
    assert merged not in {ana, twin}
    report = await bench.sync()
    assert report.status == "ok"
    await bench.sync(full=True)
    (person,) = bench.people()
    assert (person["email"], person["job_title"]) == ("ana@x.example", "Boss")
    assert person["id"] in before
    assert list(contacts(one)) == [merged]
    copies = {c["email"]: i for i, c in contacts(two).items()}
    assert set(copies) == {"ana@x.example", "ana.b@x.example"}, "two records of one person, and none is deleted"
    two.edit_record("contacts", copies["ana.b@x.example"], {"city": "Madrid"})
    await bench.sync()
    assert contacts(one)[merged]["city"] == "Madrid"
    assert {c["city"] for c in contacts(two).values()} == {"Madrid"}
    assert (await bench.sync()).writes == 0


async def test_what_hangs_on_the_merged_contact_is_not_counted_twice(desk):
    """fivetran/dbt_hubspot#46: merged contacts stayed as they were, and every event of theirs came out twice."""
    north, _ = connected(desk, Club("north"), Club("south"), deletes="propagate")
    vip = north.add("lists", name="VIP")
    ana, twin = north.add("people", email="ana@x.com"), north.add("people", email="ana.b@x.com")
    for person in (ana, twin):
        north.add("members", list=vip, person=person, status="on")
    await desk.sync()
    assert len(desk.rows("SELECT id FROM membership WHERE deleted_at IS NULL")) == 2
    north.drop("people", twin)
    merge(north, "people", twin, ana)
    await desk.sync()
    one = [{"person_id": desk.person()["id"]}]
    assert desk.rows("SELECT person_id FROM membership WHERE deleted_at IS NULL") == one
    north.drop("members", f"{vip}/{twin}")
    await desk.sync()
    assert desk.rows("SELECT person_id FROM membership WHERE deleted_at IS NULL") == one
    assert members(north) == [("VIP", "ana@x.com")]
    assert (await desk.sync()).writes == 0


async def test_companies_that_are_one_have_one_tie_to_a_contact(bench):
    """The same thread, for companies: two ties to the merged ones are one tie to the one that is left."""
    portal = HubSpotSimulator(clock=bench.clock, quirks=HubSpotSimulator.calm)
    bench.open("portal", portal, streams=("companies", "contacts", "contact_companies"), **SHARES)
    firms = [portal.create_record("companies", {"name": n, "domain": f"{n}.example"}) for n in ("acme", "acme-sa")]
    ana = portal.create_record("contacts", {"email": "ana@x.example"})
    portal.associate("contacts", "companies", [[ana, firm] for firm in firms], 279)
    await bench.sync()
    ends = "SELECT DISTINCT to_id FROM association WHERE deleted_at IS NULL"
    assert len(bench.rows(ends)) == 2
    bench.clock.advance(60)
    portal.merge_records("companies", *firms)
    await bench.sync()
    await bench.sync(full=True)
    (firm,) = bench.rows("SELECT id FROM company WHERE deleted_at IS NULL")
    assert bench.rows(ends) == [{"to_id": firm["id"]}]
    found = bench.rows("SELECT from_id, to_id, type FROM association WHERE deleted_at IS NULL")
    assert len(found) == len({tuple(row.values()) for row in found})
    assert (await bench.sync()).writes == 0


async def test_companies_that_are_one_keep_the_figures_of_both(desk):
    """The same thread, for figures: what was measured for the one that is gone is neither lost nor in the way."""
    crm = desk.connect("crm", settings=SHARES)
    one, two = (crm.add("companies", name=name, domain=f"{name}.com") for name in ("one", "two"))
    for company in (one, two):
        crm.add("figures", on="2026-01-01", company=company, shown=100)
    await desk.sync()
    crm.drop(two)
    merge(crm, "companies", two, one)
    report = await desk.sync()
    assert report.status == "ok"
    assert desk.rows("SELECT name FROM company WHERE deleted_at IS NULL") == [{"name": "one"}]
    assert sum(int(row["value"]) for row in desk.rows("SELECT value FROM metric_fact WHERE deleted_at IS NULL")) == 200
    assert (await desk.sync()).writes == 0


async def test_a_tie_of_two_who_were_one_is_two_again(desk):
    """The same thread, the other way round: what was counted once for both is each one's own when they are parted."""
    north, south = connected(desk, Club("north"), Club("south"), deletes="propagate")
    vip = north.add("lists", name="VIP")
    ana, twin = north.add("people", email="ana@x.com"), north.add("people", email="ana.b@x.com")
    for person in (ana, twin):
        north.add("members", list=vip, person=person, status="on")
    await desk.sync()
    (source,) = desk.rows("SELECT id FROM source WHERE stream = 'people' AND connection_id = 'north'")
    ids = {row["email"]: row["id"] for row in desk.rows("SELECT id, email FROM person")}
    one, two = sorted(((source["id"], ana), (source["id"], twin)))
    database, now = desk.hub.database, desk.hub.engine.now
    database.run_now(edges.put, "local", "person", [edges.Edge(one, two, "accepted")], "R0", now())
    database.run_now(edges.look_again, "local", [one, two])
    await desk.sync()
    assert len(desk.rows("SELECT id FROM membership WHERE deleted_at IS NULL")) == 1
    lost = ids["ana.b@x.com"] if desk.person()["id"] == ids["ana@x.com"] else ids["ana@x.com"]
    await acts.part(desk.hub.engine, "person", lost)
    await desk.sync()
    found = desk.rows("SELECT person_id FROM membership WHERE deleted_at IS NULL")
    assert {row["person_id"] for row in found} == set(ids.values())
    assert members(north) == members(south) == [("VIP", "ana.b@x.com"), ("VIP", "ana@x.com")]
    assert (await desk.sync()).writes == 0


async def test_the_merged_record_leads_to_the_person_it_went_into(desk):
    """singer-io/tap-hubspot#49: the rows of merged contacts kept their own canonical id, and joins went to nobody."""
    crm = desk.connect("crm")
    ana, twin = crm.add(email="ana@x.com"), crm.add(email="ana.b@x.com")
    await desk.sync()
    ids = {row["remote_id"]: row["entity_id"] for row in desk.rows("SELECT remote_id, entity_id FROM record")}
    crm.drop(twin)
    merge(crm, "people", twin, ana)
    await desk.sync()
    now = {row["remote_id"]: row["entity_id"] for row in desk.rows("SELECT remote_id, entity_id FROM record")}
    assert set(now.values()) == {ids[ana]}
    assert desk.rows("SELECT from_id, to_id FROM redirect") == [{"from_id": ids[twin], "to_id": ids[ana]}]
    points = desk.rows("SELECT normalized FROM contact_point WHERE type = 'email' AND deleted_at IS NULL")
    assert {point["normalized"] for point in points} == {"ana@x.com", "ana.b@x.com"}


async def test_a_link_follows_the_record_that_won_the_merge(bench):
    """MinnPost/object-sync-for-salesforce#197: the mapped contact lost a merge, which looked like a plain deletion.

    Nothing was linked to the winner, and what was known of the loser was gone.
    """
    org = bench.open("org", salesforce(clock=bench.clock, quirks=salesforce.calm), streams=("contacts",), **SHARES)
    portal = hubspot(bench, "portal")
    (mapped,) = org.seed("Contact", [{"LastName": "Lopez", "Email": "ana@x.example"}])
    await bench.sync()
    (before,) = bench.people()
    (other,) = org.seed("Contact", [{"LastName": "Lopez", "Phone": "+34600000001"}])
    org.merge(other, [mapped])
    await bench.sync()
    (person,) = bench.people()
    assert (person["id"], person["phone"]) == (before["id"], "+34600000001")
    assert person["email"] == "ana@x.example"
    (copy,) = contacts(portal)
    portal.edit_record("contacts", copy, {"jobtitle": "Boss"})
    await bench.sync()
    assert org.state()["Contact"][other]["Title"] == "Boss"
    assert len(contacts(portal)) == 1
    assert (await bench.sync()).writes == 0


# -- an address is no person


async def test_another_address_is_not_another_person(bench):
    """mautic/mautic#4895: the address was the key, so a new one made a second contact; the old one was mailed on."""
    one, two = hubspot(bench, "one"), hubspot(bench, "two", seed=1)
    ana = one.create_record("contacts", {"email": "ana@old.example", "firstname": "Ana"})
    await bench.sync()
    (copy,) = contacts(two)
    one.edit_record("contacts", ana, {"email": "ana@new.example", "lifecyclestage": "customer"})
    await bench.sync()
    assert [(i, c["email"], c["lifecyclestage"]) for i, c in contacts(two).items()] == [
        (copy, "ana@new.example", "customer")
    ]
    assert [row["email"] for row in bench.people()] == ["ana@new.example"]
    assert (await bench.sync(full=True)).writes == 0


async def test_another_address_is_not_another_member_of_the_audience(bench):
    """twilio-labs/twilio-firebase-extensions#41: after a change of address both the old and the new one got the mail.

    Mailchimp's id in paths is a hash of the address, so that the member that was known is not there any more.
    """
    north, south = (MailchimpSimulator(seed=seed, clock=bench.clock) for seed in (1, 2))
    for name, account in (("north", north), ("south", south)):
        bench.open(name, account, base="/3.0", streams=("members",))
    member = {"email_address": "ana@old-shop.example.com", "status": "subscribed", "merge_fields": {"FNAME": "Ana"}}
    north.seed([member])
    await bench.sync()
    assert set(emails(south)) == {"ana@old-shop.example.com"}
    north.edit("ana@old-shop.example.com", {"email_address": "ana@new-shop.example.com"})
    await bench.sync()
    await bench.sync()
    assert set(emails(north)) == set(emails(south)) == {"ana@new-shop.example.com"}
    assert len(bench.people()) == 1


def emails(account):
    """Addresses of an audience, whatever their standing."""
    return [member["email_address"] for member in account.state()["members"].values()]
