"""A tool that keeps no people: its audiences and events get a person's address in place of a record's id."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.office import desk_at
from tests.sync_engine.test_links_and_events import Club, assert_settled, connected
from vaiven_sdk import Batch, Bearer, Config, Connector, CreateKey, Deletes, Outcome, Record, wire
from vaiven_sdk.model import Event, List, Membership
from vaiven_sync_engine.erasure import erase

AT = datetime(2026, 1, 1, tzinfo=UTC).isoformat()


class Audience(Record[List], key="id"):
    id: str = wire(read_only=True)
    name: str | None = wire(to="name")


class Member(Record[Membership], key=("list", "digest")):
    list: str = wire(to="list_id", ref="audiences")
    digest: str | None = wire(read_only=True)
    person: dict | None = wire("who", to="person_id", of=("email", "phone"))


class Conversion(Record[Event], key="id"):
    id: str = wire(to="event_id")
    kind: str = wire(to="type")
    at: datetime = wire(to="occurred_at")
    who: str | None = wire(to="person_id", of="email")


class Ads:
    """Audiences of digests, and conversions."""

    slug = "ads"

    def __init__(self):
        self.audiences, self.members, self.conversions, self.calls = {}, set(), [], []

    def connector(self):
        made = Connector("ads", Config, name="Ads", category="ads", base_url="https://ads.example", auth=[Bearer()])
        how = {"deletes": Deletes.NEVER, "create_key": CreateKey.NATURAL}
        audiences = made.stream(Audience, name="audiences", **how)
        members = made.stream(Member, name="members", **how)
        conversions = made.stream(Conversion, name="conversions", **how)

        @audiences.reader("full")
        async def read(_, window, state):
            yield Batch([{"id": key, "name": name} for key, name in self.audiences.items()])

        @audiences.create()
        async def create(_, writes):
            self.calls.append(("audiences", len(writes)))
            self.audiences |= {f"a-{w.record.name}": w.record.name for w in writes}
            return [w.saved(f"a-{w.record.name}") for w in writes]

        @members.add(batch=10)
        async def add(_, writes):
            self.calls.append(("add", [w.record.person for w in writes]))
            out = []
            for w in writes:
                row = {"list": w.record.list, "digest": f"#{sorted(w.record.person.items())}"}
                self.members.add(tuple(row.values()))
                out.append(Outcome(w.hub_id, "created", "/".join(row.values()), row))
            return out

        @members.remove(batch=10)
        async def remove(_, writes):
            self.calls.append(("remove", len(writes)))
            self.members -= {(w.record.list, w.record.digest) for w in writes}
            return [w.deleted() for w in writes]

        @conversions.append(batch=10, needs=["person_id"])
        async def append(_, writes):
            self.calls.append(("append", [w.record.who for w in writes]))
            self.conversions += [w.record.who for w in writes]
            return [w.saved(w.hub_id, {"id": w.hub_id, "kind": w.record.kind, "at": AT}) for w in writes]

        return made


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as one:
        yield one


async def test_a_member_goes_out_by_address_and_comes_off_by_what_was_stored(desk):
    club, ads = connected(desk, Club("club"), Ads(), deletes="propagate")
    vip, ana = club.add("lists", name="VIP"), club.add("people", email="ana@x.com")
    key = club.add("members", list=vip, person=ana, status="on")
    await desk.sync()
    assert ("add", [{"email": "ana@x.com"}]) in ads.calls
    assert ads.members == {("a-VIP", "#[('email', 'ana@x.com')]")}
    await assert_settled(desk)
    assert not any(
        "ana@x.com" in str(row["shadow"])
        for row in desk.rows("SELECT shadow FROM record WHERE remote_id LIKE 'a-VIP/%'")
    )
    club.drop("members", key)
    await desk.sync()
    assert ads.members == set()
    await assert_settled(desk)


async def test_nothing_is_written_while_the_person_has_no_address(desk):
    club, ads = connected(desk, Club("club"), Ads())
    vip, ana = club.add("lists", name="VIP"), club.add("people", email=None)
    club.add("members", list=vip, person=ana, status="on")
    await desk.sync()
    assert (ads.audiences, ads.members) == ({"a-VIP": "VIP"}, set())
    await assert_settled(desk)
    club.rows["people"][ana]["email"] = "ana@x.com"
    await desk.sync()
    assert len(ads.members) == 1
    await assert_settled(desk)


async def test_whoever_is_to_be_forgotten_comes_off_the_audiences(desk):
    club, ads = connected(desk, Club("club"), Ads())
    vip, ana = club.add("lists", name="VIP"), club.add("people", email="ana@x.com")
    bob = club.add("people", email="bob@x.com")
    for one in (ana, bob):
        club.add("members", list=vip, person=one, status="on")
    await desk.sync()
    assert len(ads.members) == 2
    (person,) = desk.rows("SELECT id FROM person WHERE email = 'ana@x.com'")
    shown = await erase(desk.hub.engine, person["id"], dry_run=True)
    assert {(one.connection, one.stream): one.state for one in shown.records}["ads", "members"] == "to_erase"
    done = await erase(desk.hub.engine, person["id"])
    assert done.done
    assert ads.members == {("a-VIP", "#[('email', 'bob@x.com')]")}
    assert not any("ana@x.com" in str(row) for row in desk.rows("SELECT * FROM record WHERE remote_id LIKE 'a-VIP/%'"))
    club.drop("people", ana)
    club.drop("members", f"{vip}/{ana}")
    await desk.sync()
    assert len(ads.members) == 1


async def test_an_event_goes_out_with_the_address_of_whom_it_is_about(desk):
    club, ads = connected(desk, Club("club", appends=False), Ads())
    ana, nobody = club.add("people", email="ana@x.com"), club.add("people", email=None)
    for who in (ana, nobody, None):
        club.add("visits", kind="order.completed", at=AT, who=who)
    await desk.sync()
    assert ads.conversions == ["ana@x.com"]
    await assert_settled(desk)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"to": "status", "of": "email"}, "refers to an entity"),
        ({"to": "person_id", "of": "email", "ref": "people"}, "without ref="),
        ({"to": "person_id", "of": "mail"}, "a person has no 'mail'"),
        ({"to": "person_id", "of": ("email", "fone")}, "a person has no 'fone'"),
    ],
)
def test_what_stands_for_an_entity_must_be_a_value_of_it(field, said):
    with pytest.raises(TypeError, match=said):
        type(
            "Bad",
            (Record[Membership],),
            {"__annotations__": {"id": str, "x": "str | None"}, "x": wire("x", **field)},
            key="id",
        )
