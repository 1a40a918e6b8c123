"""Writing to a tool: the one bad record, lost answers and how they are settled, and whoever was faster."""

from __future__ import annotations

import json

import pytest

from tests.support.office import Tool, desk_at
from vaiven_sdk import Guard, ReconnectRequired, Unsettled, VendorBusy


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as one:
        yield one


def lost(_):
    raise Unsettled("The line went dead.")


def pushed(report, connection="mail", stream="people"):
    return next(s.pushed for s in report.streams.values() if (s.connection, s.stream) == (connection, stream))


def intents(desk, state):
    return desk.rows("SELECT op, code, remote_id FROM intent WHERE state = ?", state)


def shadow(desk, connection="mail"):
    (row,) = desk.rows(
        "SELECT shadow FROM record WHERE source_id IN (SELECT id FROM source WHERE connection_id = ?)", connection
    )
    return json.loads(row["shadow"])


def emails(tool):
    return sorted(r["email"] for r in tool.people.values())


async def assert_settled(desk):
    """Another sync does nothing and nothing is open."""
    for tool in desk.tools.values():
        tool.calls.clear()
    report = await desk.sync()
    assert (report.status, report.writes) == ("ok", 0)
    assert [tool.calls for tool in desk.tools.values()] == [[]] * len(desk.tools)
    assert desk.rows("SELECT * FROM intent WHERE state IN ('sending', 'unknown')") == []
    assert desk.rows("SELECT * FROM pending") == []


# -- one bad record


async def test_a_batch_that_is_refused_is_halved_down_to_the_bad_record(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail", batch=8)
    for n in range(8):
        crm.add(email=f"p{n}@x.com", city="Atlantis" if n == 5 else "Bilbao")
    mail.refuse = lambda patch: patch.get("city") == "Atlantis"
    report = await desk.sync()
    assert emails(mail) == [f"p{n}@x.com" for n in range(8) if n != 5]
    assert (pushed(report).created, pushed(report).rejected, pushed(report).reasons) == (7, 1, {"WRONG": 1})
    assert [len(patches) for _, patches in mail.calls[:1]] == [8]
    assert len(mail.calls) <= 7
    assert intents(desk, "rejected") == [{"op": "create", "code": "WRONG", "remote_id": None}]
    assert len(intents(desk, "done")) == 7
    await assert_settled(desk)


async def test_several_bad_records_of_a_batch(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail", batch=8)
    bad = {0, 3, 7}
    for n in range(8):
        crm.add(email=f"p{n}@x.com", city="Atlantis" if n in bad else "Bilbao")
    mail.refuse = lambda patch: patch.get("city") == "Atlantis"
    report = await desk.sync()
    assert (pushed(report).created, pushed(report).rejected) == (5, 3)
    await assert_settled(desk)


async def test_a_write_that_the_answer_does_not_mention_is_looked_up_and_made_again(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    crm.add(email="ana@x.com")
    crm.add(email="bo@x.com")
    mail.mute = lambda patch: patch.get("email") == "bo@x.com"
    report = await desk.sync()
    assert emails(mail) == ["ana@x.com"]
    assert pushed(report).reasons == {"no_answer": 1}
    assert [i["code"] for i in intents(desk, "unknown")] == ["no_answer"]
    mail.mute = lambda _: False
    await desk.sync()
    assert emails(mail) == ["ana@x.com", "bo@x.com"]
    await assert_settled(desk)


async def test_a_half_that_landed_counts_when_the_other_half_fails(desk):
    """A batch is halved, the first half takes effect, then the account is locked: only the rest is still to do."""
    crm, mail = desk.connect("crm"), desk.connect("mail", batch=2, finder=False, hub=False)
    # No key joins them: what is made twice stays twice.
    crm.add("companies", name="One")
    crm.add("companies", name="Two")
    mail.refuse = lambda _: len(mail.calls) == 1

    def locked(_):
        raise ReconnectRequired("The account is locked.")

    mail.before.extend([lambda _: None, lambda _: None, locked])
    report = await desk.sync()
    assert report.errors["mail"].code == "reconnect_required"
    assert len(mail.lists["companies"]) == 1
    assert pushed(report, stream="companies").created == 1
    assert (await desk.sync()).status == "ok"
    assert sorted(r["name"] for r in mail.lists["companies"].values()) == ["One", "Two"]
    assert sorted(r["name"] for r in crm.lists["companies"].values()) == ["One", "Two"]


# -- what the tool keeps is what was agreed


@pytest.mark.parametrize("tells", [True, False])
async def test_the_value_that_the_tool_stored_becomes_the_shadow(desk, tells):
    crm = desk.connect("crm")
    mail = desk.connect("mail", Tool(desk.clock, lower=True, tells=tells))
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    assert [r["city"] for r in mail.people.values()] == ["bilbao"]
    assert shadow(desk)["city"] == ["bilbao", desk.person()["rev"]]
    assert desk.person()["city"] == "Bilbao"
    await assert_settled(desk)
    crm.edit(ana, city="Madrid")
    await desk.sync()
    assert [r["city"] for r in mail.people.values()] == ["madrid"]
    assert desk.conflicts() == []
    await assert_settled(desk)


async def test_a_tool_that_neither_tells_nor_finds_agrees_at_its_next_read(desk):
    crm = desk.connect("crm")
    mail = desk.connect("mail", Tool(desk.clock, tells=False), finder=False)
    crm.add(email="ana@x.com", city="Bilbao")
    report = await desk.sync()
    assert pushed(report).created == 1
    await assert_settled(desk)
    assert emails(mail) == ["ana@x.com"]


async def test_a_record_that_was_made_and_not_read_yet_is_not_changed_blindly(desk):
    """The tool answers an id alone, and its reads trail its writes."""
    crm = desk.connect("crm")
    mail = desk.connect("mail", Tool(desk.clock, tells=False), finder=False)
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.hidden.add(copy["id"])
    crm.edit(ana, city="Madrid")
    assert (await desk.sync()).status == "ok"
    assert [row["entity"] for row in desk.rows("SELECT entity FROM pending")] == ["person"]
    mail.hidden.clear()
    mail.edit(copy["id"])
    await desk.sync()
    assert copy["city"] == "Madrid"
    assert emails(mail) == ["ana@x.com"]
    await assert_settled(desk)


async def test_what_somebody_entered_in_the_same_answer_is_merged(desk):
    """The answer of a write shows a field that the hub did not send and had not seen."""
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.before.append(lambda _: mail.edit(copy["id"], tags=["vip"]))
    crm.edit(ana, city="Madrid")
    await desk.sync()
    assert (copy["city"], copy["tags"]) == ("Madrid", ["vip"])
    assert crm.of(ana)["tags"] == ["vip"]
    await assert_settled(desk)


# -- somebody was faster


async def test_a_record_that_changed_since_it_was_read_is_merged_first(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    crm.edit(ana, city="Madrid")
    original, edits = mail.page, [lambda: mail.edit(copy["id"], city="Sevilla")]

    def page(stream, window):
        found = original(stream, window)
        if stream == "people" and edits:
            edits.pop()()
        return found

    mail.page = page
    report = await desk.sync()
    assert pushed(report).overtaken == 1
    assert (crm.of(ana)["city"], copy["city"]) == ("Sevilla", "Sevilla")
    assert desk.conflicts() == [("city", '"Sevilla"', '"Madrid"', "last_writer")]
    assert [patches for op, patches in mail.calls if op == "update"] == []
    await assert_settled(desk)


async def test_a_tool_that_refuses_what_has_changed_overwrites_nothing(desk):
    """The edit falls between the hub's look and its write."""
    crm, mail = desk.connect("crm"), desk.connect("mail", guard=Guard.ETAG)
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    crm.edit(ana, city="Madrid")
    mail.before.append(lambda _: mail.edit(copy["id"], city="Sevilla"))
    report = await desk.sync()
    assert pushed(report).overtaken == 1
    assert (crm.of(ana)["city"], copy["city"]) == ("Sevilla", "Sevilla")
    assert desk.conflicts() == [("city", '"Sevilla"', '"Madrid"', "last_writer")]
    await assert_settled(desk)


async def test_a_deletion_is_overtaken_by_an_edit(desk):
    crm = desk.connect("crm", settings={"deletes": "propagate"})
    mail = desk.connect("mail", guard=Guard.ETAG)
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    crm.drop(ana)
    mail.before.append(lambda _: mail.edit(copy["id"], city="Sevilla"))
    desk.clock.advance(1)
    await desk.sync()
    assert copy["city"] == "Sevilla"
    assert desk.person()["city"] == "Sevilla"
    assert [r["city"] for r in crm.people.values()] == ["Sevilla"]
    await assert_settled(desk)


async def test_a_record_that_is_gone_at_the_last_look_is_not_written_to(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = list(mail.people.values())
    crm.edit(ana, city="Madrid")
    mail.people.pop(copy["id"])
    report = await desk.sync()
    assert pushed(report).overtaken == 1
    assert mail.people == {}
    assert crm.of(ana)["city"] == "Madrid"
    await assert_settled(desk)


async def test_a_record_that_is_damaged_at_the_last_look_is_not_taken_for_deleted(desk):
    crm = desk.connect("crm")
    mail = desk.connect("mail", settings={"deletes": "propagate"})
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    crm.edit(ana, city="Madrid")
    good = copy["changed"]
    original = mail.page
    mail.page = lambda stream, window: []
    copy["changed"] = "yesterday"
    await desk.sync()
    assert set(crm.people) == {ana}
    assert desk.person()["city"] == "Madrid"
    assert desk.rows("SELECT remote_id FROM quarantine") == [{"remote_id": copy["id"]}]
    mail.page = original
    copy["changed"] = good
    await desk.sync()
    assert copy["city"] == "Madrid"


# -- the answer is lost

FINDERS = pytest.mark.parametrize("finder", [True, False], ids=["finder", "no_finder"])
MOMENTS = pytest.mark.parametrize("moment", ["before", "after"])


def hangs(tool, moment):
    getattr(tool, moment).append(lost)


@FINDERS
@MOMENTS
@pytest.mark.parametrize("hub", [True, False], ids=["our_id", "natural_key"])
async def test_a_create_whose_answer_was_lost_is_made_once(desk, finder, moment, hub):
    crm, mail = desk.connect("crm"), desk.connect("mail", finder=finder, hub=hub)
    crm.add(email="ana@x.com", city="Bilbao")
    hangs(mail, moment)
    report = await desk.sync()
    assert (report.status, report.errors["mail"].code) == ("partial", "unsettled")
    assert pushed(report).unknown == 1
    assert intents(desk, "unknown") == [{"op": "create", "code": "unsettled", "remote_id": None}]
    report = await desk.sync()
    assert report.status == "ok"
    assert emails(mail) == ["ana@x.com"]
    assert emails(crm) == ["ana@x.com"]
    made = len([op for op, _ in mail.calls if op == "create"])
    assert made == (2 if moment == "before" else 1)
    await assert_settled(desk)


@FINDERS
@MOMENTS
@pytest.mark.parametrize("lower", [False, True])
async def test_an_update_whose_answer_was_lost(desk, finder, moment, lower):
    crm, mail = desk.connect("crm"), desk.connect("mail", Tool(desk.clock, lower=lower), finder=finder)
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    crm.edit(ana, city="Madrid")
    hangs(mail, moment)
    assert pushed(await desk.sync()).unknown == 1
    assert (await desk.sync()).status == "ok"
    assert copy["city"].lower() == "madrid"
    assert crm.of(ana)["city"].lower() == "madrid"
    await assert_settled(desk)


@FINDERS
@MOMENTS
async def test_a_deletion_whose_answer_was_lost(desk, finder, moment):
    crm = desk.connect("crm", settings={"deletes": "propagate"})
    mail = desk.connect("mail", finder=finder)
    ana = crm.add(email="ana@x.com")
    await desk.sync()
    crm.drop(ana)
    hangs(mail, moment)
    assert pushed(await desk.sync()).unknown == 1
    assert (await desk.sync()).status == "ok"
    assert mail.people == crm.people == {}
    assert desk.rows("SELECT * FROM person WHERE deleted_at IS NULL") == []
    await assert_settled(desk)


async def test_an_update_that_landed_is_settled_without_being_sent_again(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    crm.edit(ana, city="Madrid")
    hangs(mail, "after")
    await desk.sync()
    mail.calls.clear()
    report = await desk.sync()
    assert mail.calls == []
    assert shadow(desk)["city"] == ["Madrid", desk.person()["rev"]]
    assert intents(desk, "unknown") == []
    assert report.status == "ok"


async def test_a_write_that_certainly_did_nothing_is_void_and_made_next_time(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    crm.add(email="ana@x.com")

    def busy(_):
        raise VendorBusy("Too many requests.")

    mail.before.append(busy)
    report = await desk.sync()
    assert pushed(report).unknown == 0
    assert intents(desk, "void") == [{"op": "create", "code": "vendor_busy", "remote_id": None}]
    await desk.sync()
    assert emails(mail) == ["ana@x.com"]
    await assert_settled(desk)


async def test_an_edit_after_a_lost_answer_is_not_lost(desk):
    """The update landed, the answer did not, and then somebody edited the record."""
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    crm.edit(ana, city="Madrid")
    hangs(mail, "after")
    await desk.sync()
    mail.edit(copy["id"], city="Sevilla")
    await desk.sync()
    assert (crm.of(ana)["city"], copy["city"]) == ("Sevilla", "Sevilla")
    await assert_settled(desk)


async def test_an_edit_after_a_lost_answer_to_a_create_is_not_lost(desk):
    """The record was made, the answer did not come, and then somebody edited it."""
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    hangs(mail, "after")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city="Sevilla")
    await desk.sync()
    assert (crm.of(ana)["city"], copy["city"]) == ("Sevilla", "Sevilla")
    await assert_settled(desk)


# -- several records of one person in one tool


async def test_two_records_of_one_person_get_each_their_own_answer(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail", batch=10)
    ana = crm.add(email="ana@x.com", city="Bilbao")
    first = mail.add(email="ana@x.com", city="Vigo")
    second = mail.add(email="ana@x.com", city="Lugo")
    await desk.sync()
    assert len(desk.rows("SELECT * FROM person")) == 1
    crm.edit(ana, city="Madrid")
    mail.calls.clear()
    report = await desk.sync()
    assert [len(patches) for _, patches in mail.calls] == [2]
    assert pushed(report).updated == 2
    assert (mail.of(first)["city"], mail.of(second)["city"]) == ("Madrid", "Madrid")
    await assert_settled(desk)


async def test_of_two_records_of_one_person_the_refused_one_alone_is_refused(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail", batch=10)
    ana = crm.add(email="ana@x.com", city="Bilbao")
    first = mail.add(email="ana@x.com", city="Bilbao")
    second = mail.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    crm.edit(ana, city="Madrid")
    mail.refuse = lambda patch: patch["id"] == second
    report = await desk.sync()
    assert (pushed(report).updated, pushed(report).rejected) == (1, 1)
    assert (mail.of(first)["city"], mail.of(second)["city"]) == ("Madrid", "Bilbao")
    await assert_settled(desk)
