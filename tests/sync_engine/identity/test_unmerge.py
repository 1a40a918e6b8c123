"""A merge is undone: the partition, the ids, the values, the references and the consents are what they were."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.office import desk_at
from tests.support.people import CRM, MAIL, PAY, People, groups, people_at
from tests.sync_engine.identity.test_incremental import NAMES, SOURCES, clear, people_fields, steps, take
from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.identity import acts
from vaiven_sync_engine.store import Database


@pytest.fixture
def people(empty_store):
    with people_at(empty_store) as some:
        yield some


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as one:
        yield one


def bridged(people: People) -> tuple[str, str]:
    """Two people of two records each, and a fifth record that makes them one; gives the ids kept and lost."""
    for name, email in (("c1", "a@x.com"), ("m1", "a@x.com"), ("c2", "b@x.com"), ("m2", "b@x.com")):
        people.put(SOURCES[name[0]], name, email=email, given_name="Ana")
        people.resolve("T1")
    ids = people.entity_of("c1"), people.entity_of("c2")
    people.say("score", "m1", "m2", 0.995)
    people.resolve("T2")
    assert frozenset({"c1", "m1", "c2", "m2"}) in people.groups()
    return ids


def test_the_parts_get_their_records_and_their_ids_back(people: People) -> None:
    kept, lost = bridged(people)
    people.undo(lost)
    assert people.groups() == groups("c1 m1", "c2 m2")
    assert (people.entity_of("c1"), people.entity_of("c2")) == (kept, lost)
    assert people.rows("SELECT from_id FROM redirect") == []
    assert {row[0] for row in people.rows("SELECT undone_at FROM merge_evidence WHERE lost_id = ?", lost)} == {"later"}


def test_it_stays_undone_whatever_speaks_for_it_later(people: People) -> None:
    _, lost = bridged(people)
    people.undo(lost)
    people.say("score", "c1", "c2", 1.0)
    people.put(MAIL, "m2", email="a@x.com", given_name="Ana")
    people.resolve("T9")
    assert people.groups() == groups("c1 m1", "c2 m2")


def test_what_came_after_the_merge_goes_to_the_part_that_it_hangs_on(people: People) -> None:
    _, lost = bridged(people)
    people.put(PAY, "p1", email="b@x.com")
    people.resolve("T3")
    people.put(PAY, "p2", email="a@x.com")
    people.resolve("T4")
    people.undo(lost)
    assert people.groups() == groups("c1 m1 p2", "c2 m2 p1")


def test_a_merge_into_somebody_who_was_merged_again_is_undone_alone(people: People) -> None:
    people.put(PAY, "p0", email="z@x.com")
    people.resolve("T0")
    oldest = people.entity_of("p0")
    middle, lost = bridged(people)
    people.say("accepted", "p0", "c1")
    people.resolve("T3")
    assert people.groups() == groups("c1 m1 c2 m2 p0")
    people.undo(lost)
    assert people.groups() == groups("c1 m1 p0", "c2 m2")
    assert (people.entity_of("c1"), people.entity_of("c2")) == (oldest, lost)
    people.undo(middle, at="much later")
    assert people.groups() == groups("c1 m1", "c2 m2", "p0")
    assert [people.entity_of(name) for name in ("p0", "c1", "c2")] == [oldest, middle, lost]


def test_records_that_are_named_leave_and_the_larger_part_keeps_the_id(people: People) -> None:
    for source, name in ((CRM, "c1"), (MAIL, "m1"), (PAY, "p1")):
        people.put(source, name, email="a@x.com")
    people.resolve()
    before = people.entity_of("c1")
    people.split("c1", at="T2")
    assert people.groups() == groups("c1", "m1 p1")
    assert people.entity_of("m1") == before
    with pytest.raises(InputInvalid, match="stay"):
        people.split("m1", "p1", at="T3")


def test_a_record_that_we_made_leaves_when_somebody_says_so(people: People) -> None:
    people.put(CRM, "c1", email="a@x.com")
    people.resolve()
    people.put(PAY, "p1", hub_id=people.entity_of("c1"))
    people.resolve()
    assert people.groups() == groups("c1 p1")
    people.split("p1")
    people.put(PAY, "p1", city="Bilbao")
    people.resolve()
    assert people.groups() == groups("c1", "p1")


def test_a_record_that_we_made_goes_back_with_the_person_that_it_was_made_from(people: People) -> None:
    people.put(CRM, "c1", email="a@x.com")
    people.resolve("T1")
    people.put(CRM, "c2", email="b@x.com")
    people.resolve("T1")
    lost = people.entity_of("c2")
    people.put(PAY, "p2", hub_id=lost)
    people.resolve("T1")
    people.say("accepted", "c1", "c2")
    people.resolve("T2")
    people.undo(lost)
    assert people.groups() == groups("c1", "c2 p2")


def test_what_was_never_merged_cannot_be_undone(people: People) -> None:
    kept, lost = bridged(people)
    for one in (kept, "01ARZ3NDEKTSV4RRFFQ69G5FAV"):
        with pytest.raises(InputInvalid, match="no merge"):
            people.undo(one)
    people.undo(lost)
    with pytest.raises(InputInvalid, match="no merge"):
        people.undo(lost)


@pytest.fixture(scope="module")
def many(sqlite_stores):
    with sqlite_stores() as address, Database.open(address) as database:
        yield People(database)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(
    log=st.lists(steps, min_size=4, max_size=16),
    bridge=st.one_of(
        st.tuples(st.just("say"), st.sampled_from(["score", "accepted", "merged"])),
        st.tuples(st.just("put"), people_fields),
    ),
    choose=st.randoms(use_true_random=False),
)
def test_unmerging_restores_the_partition_before(many: People, log: list, bridge: tuple, choose: random.Random) -> None:
    clear(many)
    for number, step in enumerate(log):
        take(many, step)
        many.resolve(f"T{number:02}")
    before = many.groups()
    ids = dict(many.rows("SELECT remote_id, entity_id FROM record"))
    if bridge[0] == "say":
        apart = [names for names in before if names]
        assume(len(apart) > 1)
        one, two = (choose.choice(sorted(names)) for names in choose.sample(sorted(apart, key=sorted), 2))
        many.say(bridge[1], one, two, 0.999)
    else:
        new = next((name for name in NAMES if name not in many.places), None)
        assume(new is not None)
        many.put(SOURCES[new[0]], new, **bridge[1])
    out = many.resolve("U")
    assume(out.merged and not out.split)
    for number, lost in enumerate(sorted(out.merged)):
        # Who had come along with another one has left with it.
        if many.rows("SELECT 1 FROM redirect WHERE from_id = ?", lost):
            many.undo(lost, at=f"V{number}")
    after = {names & frozenset(ids) for names in many.groups()} - {frozenset()}
    assert after == before
    assert {name: many.entity_of(name) for name in ids} == ids


# -- in a sync


async def test_values_references_and_addresses_go_back(desk):
    crm, mail = desk.connect("crm", settings={"creates": False}), desk.connect("mail", settings={"creates": False})
    acme = crm.add("companies", name="Acme", domain="acme.com")
    ana = crm.add(email="ana@x.com", city="Bilbao", employer=acme)
    bo = mail.add(email="bo@y.com", city="Madrid")
    await desk.sync()
    kept, lost = (r["id"] for r in desk.rows("SELECT id FROM person ORDER BY id"))
    values = "SELECT id, email, city, company_id FROM person WHERE deleted_at IS NULL ORDER BY id"
    addresses = "SELECT person_id, normalized FROM contact_point WHERE deleted_at IS NULL ORDER BY normalized"
    before, points = desk.rows(values), desk.rows(addresses)
    crm.edit(ana, number="7")
    mail.edit(bo, number="7")
    await desk.sync()
    assert [r["deletion_reason"] for r in desk.rows("SELECT * FROM person ORDER BY id")] == [
        None,
        f"merged_into:{kept}",
    ]
    assert crm.of(ana)["email"] == mail.of(bo)["email"] == "bo@y.com"
    parted = await acts.part(desk.hub.engine, "person", lost)
    assert parted.entities == {kept: [f"crm/people/{ana}"], lost: [f"mail/people/{bo}"]}
    assert desk.rows(values) == before
    await desk.sync()
    assert desk.rows(values) == before
    assert desk.rows(addresses) == points
    assert (await desk.sync()).writes == 0
    assert [crm.of(ana)[n] for n in ("email", "city", "number")] == ["ana@x.com", "Bilbao", "7"]
    assert [mail.of(bo)[n] for n in ("email", "city", "number")] == ["bo@y.com", "Madrid", "7"]
    assert desk.rows("SELECT kind, status FROM run WHERE kind = 'unmerge'") == [{"kind": "unmerge", "status": "ok"}]
