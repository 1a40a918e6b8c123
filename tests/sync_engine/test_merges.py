"""A tool's user merges two records: what was tied to the one that is gone is tied to the one that stays."""

from __future__ import annotations

import pytest

from tests.support.office import OfficePerson, desk_at
from tests.sync_engine.test_links_and_events import Club, assert_settled, connected, members
from vaiven_sdk import Merged, Record, wire
from vaiven_sdk.model import Person
from vaiven_sync_engine.records import decode_one


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as one:
        yield one


def merge(tool, loser, winner, **values):
    """As a person does it in the tool: the one is gone, the other has what was chosen of both."""
    stream = next(name for name, records in tool.lists.items() if loser in records)
    tool.drop(loser)
    tool.gone[stream][-1] = Merged(loser, winner)
    tool.edit(winner, **values)


async def settled(desk):
    for tool in desk.tools.values():
        tool.calls.clear()
    for _ in range(2):
        assert (await desk.sync()).writes == 0


async def pair(desk, **settings):
    """Two people in the one tool, who are two in the other."""
    crm, mail = desk.connect("crm", settings=settings), desk.connect("mail", settings=settings)
    loser, winner = crm.add(email="ana@old.com", city="Porto"), crm.add(email="ana@new.com", city="Lisboa")
    await desk.sync()
    assert len(mail.people) == 2
    return crm, mail, loser, winner


@pytest.mark.parametrize("deletes", ["propagate", "ignore"])
async def test_two_people_are_one_and_nobody_is_deleted(desk, deletes):
    crm, mail, loser, winner = await pair(desk, deletes=deletes)
    merge(crm, loser, winner, city="Braga")
    await desk.sync()
    person = desk.person()
    assert (person["email"], person["city"]) == ("ana@new.com", "Braga")
    held = desk.rows("SELECT DISTINCT entity_id FROM record")
    assert [row["entity_id"] for row in held] == [person["id"]]
    assert not any(call[0] == "delete" for call in mail.calls)
    assert {r["city"] for r in mail.people.values()} == {"Braga"}
    (other,) = desk.rows("SELECT to_id, evidence FROM redirect")
    assert other["to_id"] == person["id"]
    await settled(desk)
    # It stays so when either is looked at again.
    crm.edit(winner, city="Faro")
    await desk.sync()
    assert {r["city"] for r in mail.people.values()} == {"Faro"}
    assert desk.person()["id"] == person["id"]
    await settled(desk)


async def test_what_refers_to_the_one_that_is_gone_means_the_one_that_stays(desk):
    crm = desk.connect("crm")
    one, two = (
        crm.add("companies", name="Acme", domain="acme.com"),
        crm.add("companies", name="Acme SA", domain="acme.pt"),
    )
    ana = crm.add(email="ana@x.com", employer=one)
    await desk.sync()
    merge(crm, one, two)
    # Not every tool mends its other records at once.
    crm.edit(ana, city="Porto")
    await desk.sync()
    (company,) = desk.rows("SELECT id FROM company WHERE deleted_at IS NULL")
    assert desk.person()["company_id"] == company["id"]
    await settled(desk)


async def test_a_merge_of_merged_ones(desk):
    crm, mail, first, second = await pair(desk, deletes="propagate")
    third = crm.add(email="ana@third.com")
    await desk.sync()
    merge(crm, first, second)
    merge(crm, second, third)
    await desk.sync()
    assert desk.person()["email"] == "ana@third.com"
    assert not any(call[0] == "delete" for call in mail.calls)
    await settled(desk)


async def test_one_that_is_told_before_the_winner_is_read(desk):
    crm, mail, loser, _ = await pair(desk, deletes="propagate")
    late = crm.add(email="ana@late.com")
    crm.hidden.add(late)
    merge(crm, loser, late)
    await desk.sync()
    assert len(mail.people) == 2
    crm.hidden.clear()
    crm.edit(late, city="Late")
    await desk.sync()
    assert {r["email"]: r["city"] for r in mail.people.values()} == {"ana@late.com": "Late", "ana@new.com": "Lisboa"}
    await settled(desk)


async def test_the_one_that_stays_is_deleted_as_any(desk):
    crm, mail, loser, winner = await pair(desk, deletes="propagate")
    merge(crm, loser, winner)
    await desk.sync()
    crm.drop(winner)
    await desk.sync()
    assert mail.people == {}
    await settled(desk)


async def test_a_merge_that_is_taken_back(desk):
    """The record is alive again; that it is another person than the other one is for its keys to say."""
    crm, _, loser, winner = await pair(desk)
    kept = dict(crm.of(loser))
    merge(crm, loser, winner)
    await desk.sync()
    crm.gone["people"].clear()
    crm.people[loser] = kept
    crm.edit(loser, city="Again")
    await desk.sync()
    (row,) = desk.rows("SELECT deleted_at FROM record WHERE remote_id = ? AND hub_id IS NULL", loser)
    assert row["deleted_at"] is None
    assert desk.rows("SELECT * FROM record_edge") == []
    await settled(desk)


async def test_of_what_has_no_keys_the_entity_joins_the_winners(desk):
    north, south = connected(desk, Club("north"), Club("south"), deletes="propagate")
    old, new = north.add("lists", name="Old"), north.add("lists", name="New")
    ana, bob = north.add("people", email="ana@x.com"), north.add("people", email="bob@x.com")
    tied = north.add("members", list=old, person=ana, status="on")
    north.add("members", list=new, person=bob, status="on")
    await desk.sync()
    assert len(members(south)) == 2
    # The tool's own user merges the lists, and the tool moves the members.
    north.drop("lists", old)
    north.gone["lists"][-1] = Merged(old, new)
    north.drop("members", tied)
    north.add("members", list=new, person=ana, status="on")
    await desk.sync()
    assert not any(stream == "lists" and op == "delete" for op, stream, _ in south.calls)
    assert len(desk.rows("SELECT id FROM list WHERE deleted_at IS NULL")) == 1
    assert {email for _, email in members(south)} == {"ana@x.com", "bob@x.com"}
    assert [r["evidence"] for r in desk.rows("SELECT evidence FROM redirect")] == ["merged at the tool"]
    await assert_settled(desk)


# -- records that tell of it themselves


class Loser(Record[Person], key="id", merged_into="master"):
    id: str
    master: str | None = wire("MasterRecordId")


class Winner(Record[Person], key="id", absorbs="merged"):
    id: str
    merged: list[str] | None = None


@pytest.mark.parametrize(
    ("record", "body", "merges"),
    [
        (Loser, b'{"id": "1", "MasterRecordId": "2"}', (("1", "2"),)),
        (Loser, b'{"id": "1", "MasterRecordId": null}', ()),
        (Loser, b'{"id": "1", "MasterRecordId": "1"}', ()),
        (Winner, b'{"id": "9", "merged": ["1", "2", "9"]}', (("1", "9"), ("2", "9"))),
        (Winner, b'{"id": "9"}', ()),
        (OfficePerson, b'{"id": "9", "changed": "2026-01-01T00:00:00Z"}', ()),
    ],
)
def test_a_record_tells_of_a_merge(record, body, merges):
    assert decode_one(record, body).merges == merges


def test_the_field_must_be_there():
    with pytest.raises(TypeError, match="absorbs"):
        type("Bad", (Record[Person],), {"__annotations__": {"id": str}}, key="id", absorbs="merged")


async def test_a_full_read_of_a_winner_names_the_losers(desk, monkeypatch):
    crm, mail = desk.connect("crm", settings={"deletes": "propagate"}), desk.connect("mail")

    class Absorbing(OfficePerson, key="id", cursor="changed", hub_id="hub", absorbs="merged"):
        merged: list[str] | None = wire(read_only=True)

    desk.connectors["crm"].streams["people"].record = Absorbing
    loser, winner = crm.add(email="ana@old.com"), crm.add(email="ana@new.com")
    await desk.sync()
    crm.drop(loser)
    crm.edit(winner, merged=[loser])
    await desk.sync()
    assert desk.person()["email"] == "ana@new.com"
    assert len(mail.people) == 2
    await settled(desk)
