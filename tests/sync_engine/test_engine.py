"""Whole runs: approval, partial failure, new connections, deletions, merged entities, rows that follow from others."""

from __future__ import annotations

import json

import pytest

from tests.support.office import START, Tool, desk_at
from vaiven_sdk import ReconnectRequired, Unsettled, VendorDown
from vaiven_sdk.testing import ManualClock
from vaiven_sync_engine.errors import ApprovalNeeded, GuardTripped, PlanChanged, UnknownConnection


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as one:
        yield one


def fails(problem):
    def act(*_):
        raise problem

    return act


def emails(tool):
    return sorted(r["email"] for r in tool.people.values())


def cities(tool):
    return sorted(str(r.get("city")) for r in tool.people.values())


def pending(desk):
    return len(desk.rows("SELECT * FROM pending"))


def approved(desk):
    return {r["id"]: json.loads(r["settings"])["approved"] for r in desk.rows("SELECT id, settings FROM connection")}


# -- approval


async def test_the_first_writes_of_a_connection_wait_for_an_approval(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail", settings={"approved": False})
    crm.add(email="ana@x.com")
    with pytest.raises(ApprovalNeeded) as caught:
        await desk.sync()
    report = desk.hub.engine.report
    assert report.status == "awaiting_approval"
    assert report.plan.digest in caught.value.remedy
    assert "mail" in caught.value.why
    assert mail.people == {}
    assert approved(desk) == {"crm": True, "mail": False}
    with pytest.raises(PlanChanged):
        await desk.sync(approve="another digest")
    assert approved(desk)["mail"] is False
    await desk.sync(approve=report.plan.digest)
    assert emails(mail) == ["ana@x.com"]
    # From now on it runs by itself.
    crm.add(email="bo@x.com")
    await desk.sync()
    assert emails(mail) == ["ana@x.com", "bo@x.com"]
    assert [r["status"] for r in desk.rows("SELECT status FROM run ORDER BY started_at")] == [
        "awaiting_approval",
        "failed",
        "ok",
        "ok",
    ]


async def test_a_connection_that_is_only_read_needs_no_approval(desk):
    crm = desk.connect("crm", settings={"approved": False})
    desk.connect("mail")
    crm.add(email="ana@x.com")
    report = await desk.sync()
    assert report.status == "ok"
    assert emails(desk.tools["mail"]) == ["ana@x.com"]


async def test_a_dry_run_writes_nothing_and_approves_nothing(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail", settings={"approved": False})
    crm.add(email="ana@x.com")
    report = await desk.sync(dry_run=True, approve="any")
    assert (report.kind, report.status, len(report.plan.writes)) == ("plan", "ok", 1)
    assert mail.calls == []
    assert approved(desk)["mail"] is False
    assert pending(desk) == 1


async def test_an_unknown_connection_is_named(desk):
    desk.connect("crm")
    with pytest.raises(UnknownConnection, match="mial"):
        await desk.sync("mial")


# -- some of the tools


async def test_a_tool_that_fails_leaves_the_others_done_and_its_own_writes_pending(desk):
    crm, mail, shop = desk.connect("crm"), desk.connect("mail"), desk.connect("shop")
    crm.add(email="ana@x.com")
    mail.before.append(fails(ReconnectRequired("The password has changed.")))
    report = await desk.sync()
    assert report.status == "partial"
    assert set(report.errors) == {"mail"}
    assert emails(shop) == ["ana@x.com"]
    assert mail.people == {}
    assert pending(desk) == 1
    assert {r["id"]: r["status"] for r in desk.rows("SELECT id, status FROM connection")} == {
        "crm": "ok",
        "mail": "reconnect_required",
        "shop": "ok",
    }
    report = await desk.sync()
    assert report.status == "ok"
    assert emails(mail) == ["ana@x.com"]
    assert emails(shop) == ["ana@x.com"]
    assert pending(desk) == 0


async def test_a_tool_that_cannot_be_read_is_not_written_to_and_gets_its_writes_later(desk):
    crm, mail, shop = desk.connect("crm"), desk.connect("mail"), desk.connect("shop")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    crm.edit(ana, city="Madrid")
    page, mail.page = mail.page, fails(VendorDown("Cannot be reached."))
    report = await desk.sync()
    assert (report.status, set(report.errors)) == ("partial", {"mail"})
    assert (cities(shop), cities(mail)) == (["Madrid"], ["Bilbao"])
    mail.page = page
    assert (await desk.sync()).status == "ok"
    assert cities(mail) == ["Madrid"]


async def test_the_rest_of_a_failing_tool_s_batches_stays_pending(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail", batch=2)
    for n in range(6):
        crm.add(email=f"p{n}@x.com")
    mail.before.extend([lambda _: None, fails(VendorDown("Cannot be reached."))])
    await desk.sync()
    assert len(mail.people) == 2
    assert pending(desk) == 4
    await desk.sync()
    assert emails(mail) == [f"p{n}@x.com" for n in range(6)]


async def test_a_run_over_some_connections_keeps_what_the_others_lack(desk):
    crm, mail, shop = desk.connect("crm"), desk.connect("mail"), desk.connect("shop")
    crm.add(email="ana@x.com")
    report = await desk.sync("crm", "mail")
    assert report.status == "ok"
    assert (emails(mail), shop.people) == (["ana@x.com"], {})
    assert pending(desk) == 1
    await desk.sync("shop")
    assert emails(shop) == ["ana@x.com"]
    await desk.sync()
    assert pending(desk) == 0
    assert [emails(t) for t in desk.tools.values()] == [["ana@x.com"]] * 3


async def test_a_new_connection_gets_the_people_that_are_there(desk):
    crm, _ = desk.connect("crm"), desk.connect("mail")
    crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    assert pending(desk) == 0
    shop = desk.connect("shop")
    shop.add(email="bo@x.com")
    await desk.sync()
    assert emails(shop) == ["ana@x.com", "bo@x.com"]
    assert emails(crm) == ["ana@x.com", "bo@x.com"]


# -- deletions


async def test_a_deletion_that_is_ignored_leaves_the_others_and_is_respected(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    crm.drop(ana)
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city="Madrid")
    await desk.sync()
    assert crm.people == {}
    assert desk.person()["city"] == "Madrid"
    # With its last record the person goes.
    mail.drop(copy["id"])
    await desk.sync()
    (row,) = desk.rows("SELECT deletion_reason FROM person")
    assert row["deletion_reason"] == "source_deleted"


@pytest.mark.parametrize("before", ["Bilbao", None], ids=["changed", "first_of_all"])
async def test_a_deletion_that_is_propagated_keeps_what_it_had_not_seen(desk, before):
    crm, mail = desk.connect("crm", settings={"deletes": "propagate"}), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city=before)
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city="Madrid")
    await desk.sync("mail")
    crm.drop(ana)
    await desk.sync()
    assert mail.people == crm.people == {}
    assert desk.conflicts() == [("city", "null", '"Madrid"', "delete_wins")]


async def test_only_the_connection_that_says_so_propagates(desk):
    crm = desk.connect("crm", settings={"deletes": "propagate"})
    mail, shop = desk.connect("mail"), desk.connect("shop")
    crm.add(email="ana@x.com")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.drop(copy["id"])
    await desk.sync()
    assert (emails(crm), emails(shop)) == (["ana@x.com"], ["ana@x.com"])


async def test_a_change_after_the_deletion_brings_the_person_back_everywhere(desk):
    crm, mail = desk.connect("crm", settings={"deletes": "propagate"}), desk.connect("mail")
    shop = desk.connect("shop")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    person = desk.person()["id"]
    crm.drop(ana)
    shop.before.append(fails(VendorDown("Cannot be reached.")))
    await desk.sync()
    assert (mail.people, len(shop.people)) == ({}, 1)
    (copy,) = shop.people.values()
    desk.clock.advance(60)
    shop.edit(copy["id"], city="Madrid")
    await desk.sync()
    assert desk.person()["id"] == person
    assert [cities(tool) for tool in desk.tools.values()] == [["Madrid"]] * 3
    assert (await desk.sync()).writes == 0


async def test_what_was_ignored_while_the_person_was_deleted_counts_when_they_are_back(desk):
    crm, mail = desk.connect("crm", settings={"deletes": "propagate"}), desk.connect("mail")
    shop = desk.connect("shop")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = shop.people.values()
    crm.drop(ana)
    shop.edit(copy["id"], city="Vigo")
    shop.before.append(fails(VendorDown("Cannot be reached.")))
    await desk.sync()
    assert desk.conflicts() == [("city", "null", '"Vigo"', "delete_wins")]
    desk.clock.advance(60)
    shop.edit(copy["id"], email="ana@y.com")
    await desk.sync()
    assert [cities(tool) for tool in (crm, mail, shop)] == [["Vigo"]] * 3
    assert (await desk.sync()).writes == 0


async def test_a_person_who_signs_up_again_is_the_same_one(desk):
    crm, mail = desk.connect("crm", settings={"deletes": "propagate"}), desk.connect("mail")
    ana = crm.add(email="ana@x.com")
    await desk.sync()
    person = desk.person()["id"]
    crm.drop(ana)
    await desk.sync()
    assert mail.people == {}
    mail.add(email="ana@x.com")
    await desk.sync()
    assert desk.person()["id"] == person
    assert [emails(tool) for tool in desk.tools.values()] == [["ana@x.com"]] * 2


async def test_the_guard_counts_the_whole_run(desk):
    """Ten deletions are allowed; six more come to light at the last look before a write."""
    crm, mail = desk.connect("crm", settings={"deletes": "propagate"}), desk.connect("mail")
    people = [crm.add(email=f"p{n:02}@x.com") for n in range(20)]
    await desk.sync()
    copies = {r["email"]: r["id"] for r in mail.people.values()}
    for remote_id in people[:10]:
        crm.drop(remote_id)
    for number, remote_id in enumerate(people[10:16], 10):
        crm.people.pop(remote_id)
        mail.edit(copies[f"p{number}@x.com"], city="Madrid")
    with pytest.raises(GuardTripped, match="delete 16 records at mail/people; at most 10"):
        await desk.sync()
    assert len(mail.people) == 10
    await desk.sync()
    assert len(mail.people) == 4


# -- who turns out to be one


async def test_references_follow_an_entity_that_turns_out_to_be_another(desk):
    crm, mail = desk.connect("crm", settings={"creates": False}), desk.connect("mail", settings={"creates": False})
    acme = crm.add("companies", name="Acme")
    ana = crm.add(email="ana@x.com", employer=acme)
    other = mail.add("companies", name="Acme", domain="acme.com")
    bo = mail.add(email="bo@x.com", employer=other)
    await desk.sync()
    assert len({r["company_id"] for r in desk.rows("SELECT company_id FROM person")}) == 2
    crm.edit(acme, domain="acme.com")
    await desk.sync()
    (kept,) = desk.rows("SELECT id FROM company WHERE deleted_at IS NULL")
    (lost,) = desk.rows("SELECT id, deletion_reason FROM company WHERE deleted_at IS NOT NULL")
    assert lost["deletion_reason"] == f"merged_into:{kept['id']}"
    assert {r["company_id"] for r in desk.rows("SELECT company_id FROM person")} == {kept["id"]}
    assert desk.rows("SELECT from_id, to_id FROM redirect") == [{"from_id": lost["id"], "to_id": kept["id"]}]
    # Nobody's employer was edited in a tool for it, and none is when the people are looked at again.
    crm.edit(ana, city="Bilbao")
    mail.edit(bo, city="Madrid")
    assert (await desk.sync()).writes == 0
    assert (crm.of(ana)["employer"], mail.of(bo)["employer"]) == (acme, other)
    assert desk.conflicts() == []


@pytest.mark.parametrize("first", ["yes", "no"])
async def test_two_people_who_turn_out_to_be_one_have_one_consent_and_one_primary_address(desk, first):
    crm = desk.connect("crm")
    ana = crm.add(email="ana@x.com", consent=first)
    other = crm.add(email="ana@y.com", number="7", consent="no" if first == "yes" else "yes")
    await desk.sync()
    assert len(desk.rows("SELECT * FROM person WHERE deleted_at IS NULL")) == 2
    mail = desk.connect("mail", settings={"writes": False})
    mail.add(email="ana@x.com", number="7")
    await desk.sync()
    person = desk.person()
    assert person["email_consent"] == "denied"
    states = desk.rows("SELECT * FROM consent_state WHERE person_id = ? AND deleted_at IS NULL", person["id"])
    assert [s["status"] for s in states] == ["denied"]
    points = desk.rows("SELECT * FROM contact_point WHERE person_id = ? AND deleted_at IS NULL", person["id"])
    assert sorted(p["normalized"] for p in points) == ["ana@x.com", "ana@y.com"]
    assert [p["normalized"] for p in points if p["is_primary"]] == [person["email"]]
    assert states[0]["contact_point_id"] in {p["id"] for p in points if p["is_primary"]}
    assert {ana, other} <= set(crm.people)


# -- rows that follow


async def test_contact_points_follow_the_address_and_keep_the_earlier_one(desk):
    crm = desk.connect("crm")
    ana = crm.add(email="ana@x.com")
    await desk.sync()
    crm.edit(ana, email="ana@y.com")
    await desk.sync()
    await desk.sync(full=True)
    points = desk.rows("SELECT normalized, is_primary, type, person_id FROM contact_point ORDER BY normalized")
    assert [(p["normalized"], p["is_primary"], p["type"]) for p in points] == [
        ("ana@x.com", 0, "email"),
        ("ana@y.com", 1, "email"),
    ]
    assert {p["person_id"] for p in points} == {desk.person()["id"]}


async def test_consent_is_logged_once_for_each_statement_and_has_one_state(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", consent="yes")
    await desk.sync()
    crm.edit(ana, city="Bilbao")
    await desk.sync()
    await desk.sync(full=True)
    said = "SELECT connection_id, status, address, channel FROM consent_event ORDER BY id"
    assert [e["status"] for e in desk.rows(said) if e["connection_id"] == "crm"] == ["granted"]
    (copy,) = mail.people.values()
    mail.edit(copy["id"], consent="no")
    await desk.sync()
    events = desk.rows(said)
    assert {"connection_id": "mail", "status": "denied", "address": "ana@x.com", "channel": "email"} in events
    (state,) = desk.rows("SELECT * FROM consent_state")
    (point,) = desk.rows("SELECT * FROM contact_point")
    assert (state["status"], state["channel"], state["purpose"]) == ("denied", "email", "marketing")
    assert (state["person_id"], state["contact_point_id"]) == (desk.person()["id"], point["id"])
    assert crm.of(ana)["consent"] == "no"


async def test_a_permission_after_a_refusal_stays_where_it_was_given(desk):
    """Without evidence of the person's act it loosens nothing elsewhere, nor is it taken back there."""
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", consent="no")
    await desk.sync()
    crm.edit(ana, consent="yes")
    await desk.sync()
    await desk.sync()
    assert desk.conflicts() == [("email_consent", '"denied"', '"granted"', "most_restrictive")]
    (copy,) = mail.people.values()
    assert (desk.person()["email_consent"], copy["consent"], crm.of(ana)["consent"]) == ("denied", "no", "yes")


@pytest.mark.xfail(
    strict=True,
    reason="stage._revive compares the tool's time with the hub's: with a tool whose clock is behind, an edit made"
    " after the deletion counts as made before it, and the edited record is deleted.",
)
async def test_a_tool_whose_clock_is_behind_can_bring_a_person_back(desk):
    crm = desk.connect("crm", settings={"deletes": "propagate"})
    mail = desk.connect("mail", Tool(ManualClock(START)))
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    desk.clock.advance(600)
    crm.drop(ana)
    mail.before.append(fails(VendorDown("Cannot be reached.")))
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city="Madrid")
    await desk.sync()
    assert desk.person()["city"] == "Madrid"


async def test_a_person_without_consent_has_no_state(desk):
    desk.connect("crm").add(email="ana@x.com")
    await desk.sync()
    assert desk.rows("SELECT * FROM consent_state") == desk.rows("SELECT * FROM consent_event") == []


async def test_a_figure_that_is_restated_keeps_what_it_was(desk):
    crm = desk.connect("crm")
    acme = crm.add("companies", name="Acme", domain="acme.com")
    day = crm.add("figures", on="2026-01-01", company=acme, shown=100, clicked=7)
    await desk.sync()
    await desk.sync(full=True)
    facts = "SELECT id, metric, value, snapshot, entity_kind, entity_id FROM metric_fact ORDER BY metric"
    shown = {f["metric"]: (f["value"], f["snapshot"] or 0) for f in desk.rows(facts)}
    assert shown == {"clicks": ("7", 0), "impressions": ("100", 0)}
    (firm,) = desk.rows("SELECT id FROM company")
    assert {(f["entity_kind"], f["entity_id"]) for f in desk.rows(facts)} == {("company", firm["id"])}
    crm.edit(day, shown=120)
    await desk.sync()
    crm.edit(day, shown=125)
    await desk.sync()
    shown = {f["metric"]: (f["value"], f["snapshot"] or 0) for f in desk.rows(facts)}
    assert shown == {"clicks": ("7", 0), "impressions": ("125", 2)}
    kept = desk.rows("SELECT fact_id, snapshot, value FROM fact_snapshot ORDER BY snapshot")
    fact = next(f["id"] for f in desk.rows(facts) if f["metric"] == "impressions")
    assert kept == [
        {"fact_id": fact, "snapshot": 0, "value": "100"},
        {"fact_id": fact, "snapshot": 1, "value": "120"},
    ]


async def test_a_figure_waits_for_what_it_measures(desk):
    crm = desk.connect("crm")
    acme = crm.add("companies", name="Acme", domain="acme.com")
    crm.hidden.add(acme)
    crm.add("figures", on="2026-01-01", company=acme, shown=100)
    assert (await desk.sync()).staged.waiting == 1
    assert desk.rows("SELECT * FROM metric_fact") == []
    crm.hidden.clear()
    crm.edit(acme)
    await desk.sync()
    assert [f["value"] for f in desk.rows("SELECT value FROM metric_fact")] == ["100"]


# -- the run itself


async def test_tools_that_respell_settle_within_the_run(desk):
    """Each keeps text its own way: what the one makes of a value does not travel back as an edit."""
    crm, mail = desk.connect("crm"), desk.connect("mail", Tool(desk.clock, lower=True))
    ana = crm.add(email="ana@x.com", city="Bilbao")
    report = await desk.sync()
    assert report.rounds <= 2
    assert (crm.of(ana)["city"], cities(mail)) == ("Bilbao", ["bilbao"])
    mail.edit(next(iter(mail.people)), city="MADRID")
    await desk.sync()
    assert (crm.of(ana)["city"], cities(mail)) == ("madrid", ["madrid"])
    assert (await desk.sync()).writes == 0


async def test_a_run_tells_what_it_did(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    crm.add(email="ana@x.com")
    told = []
    report = await desk.sync(progress=lambda *step: told.append(step))
    assert (report.pulled, report.writes, report.staged.created) == (1, 1, 1)
    assert ("crm", "people", "pull", 1) in told
    assert ("mail", "people", "push", 1) in told
    mail.after.append(fails(Unsettled("The line went dead.")))
    crm.add(email="bo@x.com")
    await desk.sync()
    runs = desk.rows("SELECT status, finished_at, error, counts FROM run ORDER BY started_at")
    assert [r["status"] for r in runs] == ["ok", "partial"]
    assert all(r["finished_at"] for r in runs)
    assert json.loads(runs[1]["error"])["code"] == "unsettled"
    assert json.loads(runs[0]["counts"])["writes"] == 1
