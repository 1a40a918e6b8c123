"""Who is who: deterministic resolution over keys, with caps, past keys and contradictions."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vaiven_sdk.model import ENTITIES
from vaiven_sync_engine.identity import resolve
from vaiven_sync_engine.store import Database

CRM, MAIL, PAY = 1, 2, 3


class People:
    """Records of three streams, observed one by one or all at once."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.number = itertools.count()

    def put(self, source: int, remote_id: str, *, hub_id: str | None = None, **fields: Any) -> None:
        body = msgspec.json.encode(fields).decode()
        row = ("local", source, remote_id, f"{next(self.number):09}", b"h", body, body, hub_id, "now", "run")
        self.database.run_now(
            lambda c: c.execute(
                "INSERT INTO record (tenant_id, source_id, remote_id, version, hash, body, fields, hub_id, observed_at,"
                " run_id) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET fields = excluded.fields, dirty = 1",
                row,
            )
        )

    def resolve(self, kind: str = "person") -> Any:
        def work(c: sqlite3.Connection) -> Any:
            out = resolve(c, "local", ENTITIES[kind], [CRM, MAIL, PAY], "now")
            c.execute("UPDATE record SET dirty = 0")
            return out

        return self.database.run_now(work)

    def groups(self) -> set[frozenset[str]]:
        found: dict[str, set[str]] = {}
        for row in self.database.run_now(lambda c: c.execute("SELECT entity_id, remote_id FROM record").fetchall()):
            found.setdefault(row[0], set()).add(row[1])
        return {frozenset(group) for group in found.values()}

    def entity_of(self, remote_id: str) -> str:
        sql = "SELECT entity_id FROM record WHERE remote_id = ?"
        return str(self.database.run_now(lambda c: c.execute(sql, (remote_id,)).fetchone()[0]))


@pytest.fixture
def people(tmp_path: Path) -> Any:
    with Database.open(tmp_path / "store.db") as database:
        yield People(database)


def test_one_address_in_three_tools_is_one_person(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com")
    people.put(MAIL, "m1", email="ana@x.com")
    people.put(PAY, "p1", email="ana@x.com")
    people.put(PAY, "p2", email="bo@x.com")
    people.resolve()
    assert people.groups() == {frozenset({"c1", "m1", "p1"}), frozenset({"p2"})}


def test_an_address_on_many_records_of_one_stream_proves_nothing(people: People) -> None:
    for n in range(6):
        people.put(PAY, f"p{n}", email="desk@x.com")
    people.put(CRM, "c1", email="desk@x.com")
    people.resolve()
    assert len(people.groups()) == 7


def test_a_household_phone_does_not_join_two_names(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", phone="+34600111222", given_name="Ana")
    people.put(PAY, "p1", email="bo@y.com", phone="+34600111222", given_name="Bo")
    people.resolve()
    assert len(people.groups()) == 2


def test_a_phone_joins_the_same_name_misspelt_under_another_address(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", phone="+34600111222", given_name="Andrea")
    people.put(PAY, "p1", email="andrea@y.com", phone="+34600111222", full_name="ANDRAE Lopez")
    people.resolve()
    assert len(people.groups()) == 1


def test_a_phone_never_joins_two_records_of_one_stream_with_other_addresses(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", phone="+34600111222", given_name="Ana")
    people.put(CRM, "c2", email="ana@y.com", phone="+34600111222", given_name="Ana")
    people.resolve()
    assert len(people.groups()) == 2


def test_an_office_address_joins_only_people_of_one_name(people: People) -> None:
    people.put(CRM, "c1", email="info@x.com", given_name="Ana")
    people.put(MAIL, "m1", email="info@x.com", given_name="ANA")
    people.put(PAY, "p1", email="info@x.com", given_name="Bo")
    people.put(PAY, "p2", email="info@x.com")
    people.resolve()
    assert people.groups() == {frozenset({"c1", "m1"}), frozenset({"p1"}), frozenset({"p2"})}


def test_a_corrected_address_does_not_tear_a_person_apart(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com")
    people.put(MAIL, "m1", email="ana@x.com")
    people.resolve()
    before = people.entity_of("c1")
    people.put(CRM, "c1", email="ana.new@x.com")
    people.resolve()
    assert people.groups() == {frozenset({"c1", "m1"})}
    assert people.entity_of("c1") == before


@pytest.mark.parametrize(("first", "ours"), [(CRM, PAY), (PAY, CRM)])
def test_a_record_that_we_created_stays_with_its_entity_without_any_key(people: People, first: int, ours: int) -> None:
    people.put(first, "theirs", given_name="Ana")
    people.resolve()
    people.put(ours, "ours", given_name="Ana", hub_id=people.entity_of("theirs"))
    people.resolve()
    assert people.groups() == {frozenset({"theirs", "ours"})}
    for remote_id, source in (("theirs", first), ("ours", ours)):
        people.put(source, remote_id, given_name="Anna")
        people.resolve()
        assert people.groups() == {frozenset({"theirs", "ours"})}


def test_leads_which_have_no_full_name_are_matched_too(people: People) -> None:
    people.put(CRM, "c1", email="a@x.com", given_name="Ana", family_name="Gil")
    people.put(MAIL, "m1", email="a@x.com", given_name="Ana")
    people.put(PAY, "p1", email="b@x.com", given_name="Bo", family_name="Lind")
    people.resolve("lead")
    assert people.groups() == {frozenset({"c1", "m1"}), frozenset({"p1"})}


def test_a_late_bridge_merges_two_people_and_the_oldest_id_stays(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", phone="+34600111222", given_name="Ana")
    people.resolve()
    people.put(MAIL, "m1", email="ana@y.com", given_name="Ana")
    people.resolve()
    oldest = min(people.entity_of("c1"), people.entity_of("m1"))
    people.put(PAY, "p1", email="ana@y.com", phone="+34600111222", given_name="Ana")
    out = people.resolve()
    assert people.groups() == {frozenset({"c1", "m1", "p1"})}
    assert people.entity_of("p1") == oldest
    assert list(out.merged.values()) == [oldest]


def test_a_value_that_becomes_shared_lets_its_people_go(people: People) -> None:
    people.put(CRM, "c1", email="desk@x.com")
    people.put(PAY, "p0", email="desk@x.com")
    people.resolve()
    assert len(people.groups()) == 1
    for n in range(1, 6):
        people.put(PAY, f"p{n}", email="desk@x.com")
    people.resolve()
    assert len(people.groups()) == 7


def test_one_by_one_ends_as_all_at_once(tmp_path: Path) -> None:
    """The partition does not depend on the order of arrival."""
    rows = [
        (CRM, "c1", {"email": "a@x.com", "phone": "+34600111222", "given_name": "Ana"}),
        (CRM, "c2", {"email": "b@x.com", "phone": "+34600111222", "given_name": "Bo"}),
        (MAIL, "m1", {"email": "a@x.com"}),
        (MAIL, "m2", {"email": "b@x.com", "given_name": "Bo"}),
        (PAY, "p1", {"email": "a@z.com", "phone": "+34600111222", "given_name": "Ana"}),
        (PAY, "p2", {"email": "b@x.com"}),
    ]
    seen = set()
    for number, order in enumerate(itertools.islice(itertools.permutations(rows), 0, 720, 60)):
        with Database.open(tmp_path / f"{number}.db") as database:
            one_by_one = People(database)
            for source, remote_id, fields in order:
                one_by_one.put(source, remote_id, **fields)
                one_by_one.resolve()
            seen.add(frozenset(one_by_one.groups()))
    assert len(seen) == 1
