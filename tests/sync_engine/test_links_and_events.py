"""Memberships are there or not; events are recorded once: what is planned of them, and what is pushed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.office import desk_at
from vaiven_sdk import Batch, Bearer, Config, Connector, CreateKey, Deletes, Record, Unsettled, wire
from vaiven_sdk.model import Event, List, Membership, Person


class ClubList(Record[List], key="id"):
    id: str = wire(read_only=True)
    name: str | None = wire(to="name")


class ClubPerson(Record[Person], key="id"):
    id: str = wire(read_only=True)
    email: str | None = wire(to="email")


class ClubMember(Record[Membership], key=("list", "person")):
    list: str = wire(to="list_id", ref="lists")
    person: str = wire(to="person_id", ref="people")
    status: str | None = wire(to="status", values={"on": "active", "left": "unsubscribed"}, read_only=True)


class ClubVisit(Record[Event], key="id", hub_id="ours"):
    id: str = wire(to="event_id")
    kind: str = wire(to="type")
    at: datetime = wire(to="occurred_at")
    who: str | None = wire(to="person_id", ref="people")
    ours: str | None = wire()


RECORDS = {"lists": ClubList, "people": ClubPerson, "members": ClubMember, "visits": ClubVisit}


class Club:
    """A tool in memory that keeps lists, people, who is on which list, and visits."""

    def __init__(self, slug, *, finder=True, appends=True):
        self.slug, self.made, self.calls, self.lose = slug, 0, [], None
        self.rows = {name: {} for name in RECORDS}
        self.gone = {name: [] for name in RECORDS}
        self.finder, self.appends = finder, appends

    def add(self, stream, **values):
        self.made += 1
        key = f"{values['list']}/{values['person']}" if stream == "members" else f"{self.slug}-{stream[0]}{self.made}"
        self.rows[stream][key] = {"id": key, **values}
        return key

    def drop(self, stream, key):
        del self.rows[stream][key]
        self.gone[stream].append(key)

    def write(self, op, stream, writes):
        self.calls.append((op, stream, [w.patch if op == "create" else w.id for w in writes]))
        out = []
        for one in writes:
            if op == "delete":
                self.drop(stream, one.id)
                out.append(one.deleted())
            elif stream == "members":
                self.add(stream, **one.patch, status="on")
                out.append(one.added())
            else:
                out.append(one.saved(self.add(stream, **one.patch)))
        if self.lose:
            self.lose = None
            raise Unsettled("The line went dead.")
        return out

    def connector(self):
        made = Connector(
            self.slug, Config, name=self.slug, category="crm", base_url="https://club.example", auth=[Bearer()]
        )
        for name, record in RECORDS.items():
            stream = made.stream(record, name=name, deletes=Deletes.EVENTS, create_key=CreateKey.IDEMPOTENCY_KEY)
            self._declare(stream, name)
        return made

    def _declare(self, stream, name):
        async def read(_, window, state):
            yield Batch(list(self.rows[name].values()), gone=tuple(self.gone[name]))

        async def create(_, writes):
            return self.write("create", name, writes)

        async def delete(_, writes):
            return self.write("delete", name, writes)

        async def find(_, writes):
            ids, hubs = {w.id or w.record.remote_id for w in writes}, {w.hub_id for w in writes}
            return [r for key, r in self.rows[name].items() if key in ids or r.get("ours") in hubs]

        stream.reader("full")(read)
        if name == "members":
            stream.add(batch=10)(create)
            stream.remove(batch=10)(delete)
        elif name != "visits":
            stream.create(batch=10)(create)
        elif self.appends:
            stream.append(batch=10)(create)
        if self.finder:
            stream.find()(find)


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as one:
        yield one


def connected(desk, *clubs, **settings):
    for club in clubs:
        desk.tools[club.slug] = club
        desk.connectors[club.slug] = club.connector()
        desk.account(club.slug, **settings)
    return clubs


async def assert_settled(desk):
    for club in desk.tools.values():
        club.calls.clear()
    report = await desk.sync()
    assert (report.status, report.writes) == ("ok", 0)
    assert [club.calls for club in desk.tools.values()] == [[]] * len(desk.tools)
    assert desk.rows("SELECT * FROM pending") == []


def members(club):
    names = {key: row["name"] for key, row in club.rows["lists"].items()}
    emails = {key: row["email"] for key, row in club.rows["people"].items()}
    return sorted((names[row["list"]], emails[row["person"]]) for row in club.rows["members"].values())


# -- memberships


async def test_a_membership_is_added_once_both_its_ends_are_there_and_removed_again(desk):
    north, south = connected(desk, Club("north"), Club("south"), deletes="propagate")
    vip, ana = north.add("lists", name="VIP"), north.add("people", email="ana@x.com")
    key = north.add("members", list=vip, person=ana, status="on")
    await desk.sync()
    assert members(south) == [("VIP", "ana@x.com")]
    (patch,) = next(patches for op, stream, patches in south.calls if stream == "members")
    assert set(patch) == {"list", "person"}
    await assert_settled(desk)
    north.drop("members", key)
    await desk.sync()
    assert members(south) == []
    assert [op for op, stream, _ in south.calls if stream == "members"] == ["delete"]
    assert len(south.rows["people"]) == 1
    await assert_settled(desk)


async def test_a_membership_is_never_changed(desk):
    north, south = connected(desk, Club("north"), Club("south"))
    vip, ana = north.add("lists", name="VIP"), north.add("people", email="ana@x.com")
    key = north.add("members", list=vip, person=ana, status="on")
    await desk.sync()
    south.calls.clear()
    north.rows["members"][key]["status"] = "left"
    await desk.sync()
    assert [call for call in south.calls if call[1] == "members"] == []


async def test_whoever_left_a_list_is_not_put_on_it_elsewhere(desk):
    north, south = connected(desk, Club("north"), Club("south"))
    vip, ana = north.add("lists", name="VIP"), north.add("people", email="ana@x.com")
    north.add("members", list=vip, person=ana, status="left")
    report = await desk.sync()
    assert members(south) == []
    assert sum(n for (_, reason), n in report.plan.skipped.items() if reason == "left") <= 1
    await assert_settled(desk)


async def test_a_membership_waits_for_a_list_that_the_tool_does_not_have(desk):
    north, south = connected(desk, Club("north"), Club("south"))
    desk.account("south", streams=("people", "members"))
    vip, ana = north.add("lists", name="VIP"), north.add("people", email="ana@x.com")
    north.add("members", list=vip, person=ana, status="on")
    await desk.sync()
    assert south.rows["members"] == {}
    desk.account("south")
    await desk.sync()
    assert members(south) == [("VIP", "ana@x.com")]
    await assert_settled(desk)


async def test_a_membership_whose_answer_was_lost_is_looked_up(desk):
    north, south = connected(desk, Club("north"), Club("south"))
    vip, ana = north.add("lists", name="VIP"), north.add("people", email="ana@x.com")
    await desk.sync()
    north.add("members", list=vip, person=ana, status="on")
    south.lose = True
    assert (await desk.sync()).errors
    south.calls.clear()
    await desk.sync()
    assert members(south) == [("VIP", "ana@x.com")]
    assert south.calls == []
    await assert_settled(desk)


# -- events

AT = datetime(2026, 1, 1, tzinfo=UTC).isoformat()


async def test_an_event_is_recorded_once_in_the_other_tool_and_never_comes_back(desk):
    north, south = connected(desk, Club("north", appends=False), Club("south"))
    ana = north.add("people", email="ana@x.com")
    north.add("visits", kind="page.viewed", at=AT, who=ana)
    await desk.sync()
    (visit,) = south.rows["visits"].values()
    assert (visit["kind"], south.rows["people"][visit["who"]]["email"]) == ("page.viewed", "ana@x.com")
    for _ in range(2):
        await assert_settled(desk)
    assert len(desk.rows("SELECT * FROM event")) == 1
    north.rows["visits"].popitem()
    north.gone["visits"].append("north-v2")
    await assert_settled(desk)
    assert len(south.rows["visits"]) == 1


async def test_two_tools_that_both_record_tell_each_other_once(desk):
    north, south = connected(desk, Club("north"), Club("south"))
    north.add("visits", kind="page.viewed", at=AT)
    south.add("visits", kind="page.viewed", at=AT)
    await desk.sync()
    assert [len(club.rows["visits"]) for club in (north, south)] == [2, 2]
    for _ in range(2):
        await assert_settled(desk)
    assert len(desk.rows("SELECT * FROM event")) == 2


async def test_an_event_whose_answer_was_lost_is_not_taken_for_another_one_of_the_same_person(desk):
    north, south = connected(desk, Club("north", appends=False), Club("south"))
    ana = north.add("people", email="ana@x.com")
    await desk.sync()
    north.add("visits", kind="page.viewed", at=AT, who=ana)
    north.add("visits", kind="page.viewed", at=datetime(2026, 1, 2, tzinfo=UTC).isoformat(), who=ana)
    south.lose = True
    assert (await desk.sync()).errors
    south.calls.clear()
    await desk.sync()
    assert len(south.rows["visits"]) == 2
    assert south.calls == []
    await assert_settled(desk)
