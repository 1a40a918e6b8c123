"""What a plan holds and what it leaves out, its guard and its digest, and that it is what is then done."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.office import desk_at
from vaiven_sync_engine.errors import GuardTripped, PlanChanged
from vaiven_sync_engine.plan import LEAST_DELETES, Plan, Planned, dependency_order


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as one:
        yield one


def brief(desk, report):
    """(connection, operation, {field: (before, after)}) of each write of the plan, in order."""
    lines = report.streams
    return [
        (lines[w.source].connection, w.op, {n: (w.before.get(n), v) for n, (v, _) in w.fields.items()})
        for w in report.plan.writes
    ]


def skipped(report):
    return {(report.streams[source].connection, why): n for (source, why), n in report.plan.skipped.items()}


async def plan(desk):
    return await desk.sync(dry_run=True)


# -- creates


async def test_a_create_carries_what_the_tool_can_take_and_nothing_else(desk):
    crm, _ = desk.connect("crm"), desk.connect("mail")
    crm.add(email="ana@x.com", city="Bilbao", title="Boss", consent="yes", tags=["b", "a"])
    report = await plan(desk)
    assert brief(desk, report) == [
        (
            "mail",
            "create",
            {
                "city": (None, "Bilbao"),
                "email": (None, "ana@x.com"),
                "email_consent": (None, "granted"),
                "tags": (None, ["a", "b"]),
            },
        )
    ]
    assert desk.tools["mail"].calls == crm.calls == []


async def test_a_create_needs_what_the_tool_needs(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail", needs=("email", "city"))
    ana = crm.add(email="ana@x.com")
    report = await plan(desk)
    assert brief(desk, report) == []
    assert skipped(report) == {("mail", "lacks_city"): 1}
    crm.edit(ana, city="Bilbao")
    await desk.sync()
    assert [r["city"] for r in mail.people.values()] == ["Bilbao"]


@pytest.mark.parametrize("word", ["no", "asked", "?", None])
async def test_a_create_needs_a_granted_consent(desk, word):
    crm, mail = desk.connect("crm"), desk.connect("mail", consent="email_consent")
    ana = crm.add(email="ana@x.com", consent=word)
    report = await desk.sync()
    assert skipped(report) == {("mail", "no_consent"): 1}
    assert mail.people == {}
    if word != "no":
        crm.edit(ana, consent="yes")
        await desk.sync()
        assert [r["email"] for r in mail.people.values()] == (["ana@x.com"] if word != "no" else [])


async def test_a_test_record_is_not_copied(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    crm.add(email="ana@x.com", test=True)
    assert skipped(await desk.sync()) == {("mail", "not_to_be_processed"): 1}
    assert mail.people == {}


@pytest.mark.parametrize("settings", [{"creates": False}, {"writes": False}])
async def test_a_connection_that_may_not_is_not_written_to(desk, settings):
    crm, mail = desk.connect("crm"), desk.connect("mail", settings=settings)
    crm.add(email="ana@x.com")
    known = mail.add(email="bo@x.com", city="Vigo")
    await desk.sync()
    assert set(mail.people) == {known}
    (bo,) = (r["id"] for r in crm.people.values() if r["email"] == "bo@x.com")
    crm.edit(bo, city="Madrid")
    await desk.sync()
    assert mail.of(known)["city"] == ("Vigo" if "writes" in settings else "Madrid")


# -- updates


async def test_an_update_has_just_what_differs_with_what_was_there(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    crm.edit(ana, city="Madrid")
    assert brief(desk, await plan(desk)) == [("mail", "update", {"city": ("Bilbao", "Madrid")})]
    crm.edit(ana, city=None)
    assert brief(desk, await plan(desk)) == [("mail", "update", {"city": ("Bilbao", None)})]
    await desk.sync()
    assert [r["city"] for r in mail.people.values()] == [None]


async def test_a_value_that_came_back_to_what_the_tool_has_is_not_written(desk):
    crm, _ = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    crm.edit(ana, city="Madrid")
    assert brief(desk, await plan(desk)) == [("mail", "update", {"city": ("Bilbao", "Madrid")})]
    crm.edit(ana, city="Bilbao")
    assert brief(desk, await plan(desk)) == []


async def test_a_field_that_is_read_only_is_not_written(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", title="Boss")
    await desk.sync()
    crm.edit(ana, title="Analyst")
    assert brief(desk, await plan(desk)) == []
    assert desk.person()["job_title"] == "Analyst"
    assert all("title" not in r for r in mail.people.values())


async def test_a_member_that_the_other_tool_does_not_know_is_not_sent(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", stage="buyer")
    await desk.sync()
    (copy,) = mail.people.values()
    assert copy["stage"] == "buyer"
    crm.edit(ana, stage="something of its own")
    report = await plan(desk)
    assert desk.person()["lifecycle"] == "other"
    assert brief(desk, report) == []
    await desk.sync()
    assert (copy["stage"], crm.of(ana)["stage"]) == ("buyer", "something of its own")
    crm.edit(ana, stage="fan")
    await desk.sync()
    assert copy["stage"] == "fan"


# -- references


def test_parents_come_before_children():
    order = dependency_order()
    assert order.index("company") < order.index("person") < order.index("deal") < order.index("association")


async def test_a_reference_waits_until_its_parent_is_in_the_tool(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    acme = crm.add("companies", domain="acme.com")
    ana = crm.add(email="ana@x.com", employer=acme)
    # The company has no name yet, which the other tool needs.
    report = await desk.sync()
    assert skipped(report) == {("mail", "lacks_name"): 1}
    (copy,) = mail.people.values()
    assert copy.get("employer") is None
    crm.edit(acme, name="Acme")
    await desk.sync()
    (firm,) = mail.lists["companies"].values()
    assert copy["employer"] == firm["id"]
    assert crm.of(ana)["employer"] == acme


async def test_a_reference_goes_out_when_the_tool_s_own_record_turns_out_to_be_the_parent(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    acme = crm.add("companies", domain="acme.com")
    crm.add(email="ana@x.com", employer=acme)
    await desk.sync()
    (copy,) = mail.people.values()
    firm = mail.add("companies", domain="acme.com", name="Acme")
    await desk.sync()
    assert copy.get("employer") == firm


async def test_a_child_gets_its_new_parent_in_the_run_that_makes_it(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    acme = crm.add("companies", domain="acme.com", name="Acme")
    crm.add(email="ana@x.com", employer=acme)
    await desk.sync()
    (firm,), (copy,) = mail.lists["companies"].values(), mail.people.values()
    assert copy.get("employer") == firm["id"]


async def test_a_person_that_is_there_gets_the_parent_that_is_made_in_this_run(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    acme = crm.add("companies", domain="acme.com", name="Acme")
    crm.edit(ana, employer=acme)
    await desk.sync()
    (firm,), (copy,) = mail.lists["companies"].values(), mail.people.values()
    assert copy["employer"] == firm["id"]


async def test_a_record_whose_parent_has_not_come_waits_without_losing_it(desk):
    crm, _ = desk.connect("crm"), desk.connect("mail")
    acme = crm.add("companies", domain="acme.com", name="Acme")
    crm.hidden.add(acme)
    crm.add(email="ana@x.com", employer=acme)
    report = await desk.sync()
    assert report.staged.waiting == 1
    assert desk.person()["company_id"] is None
    crm.hidden.clear()
    crm.edit(acme, name="Acme")
    await desk.sync()
    assert desk.person()["company_id"] == desk.rows("SELECT id FROM company")[0]["id"]
    # And a parent that is lost from sight takes no value away.
    assert (await desk.sync()).staged.waiting == 0


# -- refused writes


async def test_a_refused_write_is_not_planned_again_until_a_value_changes(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Atlantis")
    mail.refuse = lambda patch: patch.get("city") == "Atlantis"
    report = await desk.sync()
    assert [s.pushed.reasons for s in report.streams.values() if s.pushed] == [{"WRONG": 1}]
    calls = len(mail.calls)
    report = await desk.sync(full=True)
    assert len(mail.calls) == calls
    crm.edit(ana, tags=["a"])
    report = await plan(desk)
    assert [w.op for w in report.plan.writes] == ["create"]
    crm.edit(ana, city="Bilbao")
    await desk.sync()
    assert [r["city"] for r in mail.people.values()] == ["Bilbao"]


async def test_a_refused_write_is_skipped_for_that_reason(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com")
    mail.refuse = lambda _: True
    await desk.sync()
    crm.edit(ana, title="Boss")  # nothing that the other tool takes
    report = await plan(desk)
    assert skipped(report) == {("mail", "refused_before"): 1}
    assert report.plan.writes == []


# -- the guard


@pytest.mark.parametrize(
    ("linked", "deletes", "excess"),
    [
        (5, 10, {}),
        (5, 11, {1: (11, 10)}),
        (549, 11, {1: (11, 10)}),
        (550, 11, {}),
        (1000, 20, {}),
        (1000, 21, {1: (21, 20)}),
    ],
)
def test_the_guard_allows_ten_or_two_in_a_hundred(linked, deletes, excess):
    assert LEAST_DELETES == 10
    writes = [Planned("delete", 1, "person", f"e{n}", f"r{n}", {}, {}) for n in range(deletes)]
    assert Plan(writes, linked={1: linked}).excess_deletes() == excess


def test_the_guard_s_own_limit_can_be_replaced_either_way():
    writes = [Planned("delete", 1, "person", f"e{n}", f"r{n}", {}, {}) for n in range(5)]
    plan = Plan(writes, linked={1: 5})
    assert plan.excess_deletes(4) == {1: (5, 4)}
    assert plan.excess_deletes(5) == {}
    # What an earlier round of the run deleted counts as well, and only where this plan deletes.
    assert plan.excess_deletes(None, {1: 11, 2: 99}) == {1: (11, 10)}


async def test_eleven_deletions_stop_the_run_before_any_write(desk):
    crm, mail = desk.connect("crm", settings={"deletes": "propagate"}), desk.connect("mail")
    people = [crm.add(email=f"p{n}@x.com") for n in range(12)]
    await desk.sync()
    for remote_id in people[:11]:
        crm.drop(remote_id)
    crm.edit(people[11], city="Bilbao")
    calls = len(mail.calls)
    with pytest.raises(GuardTripped, match="delete 11 records at mail/people; at most 10"):
        await desk.sync()
    assert len(mail.calls) == calls
    assert len(mail.people) == 12
    # It stays due: once it is meant, it happens.
    await desk.sync(max_deletes=11)
    assert [r["city"] for r in mail.people.values()] == ["Bilbao"]


async def test_a_tool_that_cannot_delete_is_told_of(desk):
    crm = desk.connect("crm", settings={"deletes": "propagate"})
    mail = desk.connect("mail", ops=("create", "update"))
    ana = crm.add(email="ana@x.com")
    await desk.sync()
    crm.drop(ana)
    report = await desk.sync()
    assert skipped(report) == {("mail", "cannot_delete"): 1}
    assert len(mail.people) == 1


# -- digest


BASE = Planned("update", 1, "person", "e1", "r1", {"city": ("Bilbao", 3)}, {"city": "Vigo"})


def test_the_digest_of_equal_plans_is_equal_whatever_their_order():
    other = dataclasses.replace(BASE, entity_id="e2", remote_id="r2")
    assert Plan([BASE, other]).digest == Plan([other, BASE]).digest
    assert Plan([BASE]).digest == Plan([dataclasses.replace(BASE)]).digest


@pytest.mark.parametrize(
    "change",
    [
        {"op": "delete"},
        {"source": 2},
        {"entity_id": "e2"},
        {"remote_id": "r2"},
        {"fields": {"city": ("Madrid", 3)}},
        {"fields": {"city": (None, 3)}},
        {"fields": {"region": ("Bilbao", 3)}},
        {"fields": {"city": ("Bilbao", 3), "region": ("x", 4)}},
        {"before": {"city": "Madrid"}},
    ],
)
def test_the_digest_tells_plans_apart(change):
    assert Plan([BASE]).digest != Plan([dataclasses.replace(BASE, **change)]).digest


def test_the_key_of_a_write_is_that_of_its_revisions():
    assert BASE.key == dataclasses.replace(BASE, before={}).key
    assert BASE.key != dataclasses.replace(BASE, fields={"city": ("Bilbao", 4)}).key


async def test_what_a_dry_run_says_is_what_the_sync_then_writes(desk):
    crm, mail = desk.connect("crm", settings={"deletes": "propagate"}), desk.connect("mail")
    ana, bo, cy = (crm.add(email=f"{n}@x.com", city="Bilbao", tags=["a"]) for n in ("ana", "bo", "cy"))
    crm.add("companies", name="Acme", domain="acme.com")
    await desk.sync()
    crm.edit(ana, city="Madrid", tags=["a", "b"])
    crm.edit(bo, city=None)
    crm.drop(cy)
    crm.add(email="dee@x.com", consent="no")
    mail.add(email="eve@x.com", city="Vigo")
    said = await plan(desk)
    again = await plan(desk)
    assert said.plan.digest == again.plan.digest
    for tool in desk.tools.values():
        tool.calls.clear()
    done = await desk.sync(approve=said.plan.digest)
    assert done.plan.digest == said.plan.digest
    wire = {"city": "city", "tags": "tags", "email": "email", "email_consent": "consent"}
    words = {"denied": "no"}
    expected = sorted(
        (name, op, sorted((wire[n], str(words.get(str(after), after))) for n, (_, after) in fields.items()))
        for name, op, fields in brief(desk, said)
    )
    written = sorted(
        (name, op, sorted((k, str(v)) for k, v in patch.items() if k not in {"id", "hub"}))
        for name, tool in desk.tools.items()
        for op, patches in tool.calls
        for patch in patches
    )
    assert written == expected
    assert {op for _, op, _ in written} == {"create", "update", "delete"}


async def test_a_plan_that_changed_is_not_carried_out(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    said = await plan(desk)
    crm.edit(ana, city="Madrid")
    with pytest.raises(PlanChanged):
        await desk.sync(approve=said.plan.digest)
    assert mail.people == {}
