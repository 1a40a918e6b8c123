"""The page ledger: a page counts once, the position moves once, and no row goes back in time."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from vaiven_sync_engine.errors import PositionLost
from vaiven_sync_engine.records import Bad, Observed
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.store.pages import PageWrite, move_position, write_page
from vaiven_sync_engine.store.runs import source_row


@pytest.fixture
def store(empty_store):
    with Database.open(empty_store) as database:
        yield Store(database)


class Store:
    """One stream's rows."""

    def __init__(self, database):
        self.database = database
        self.source = database.run_now(source_row, "local", "crm", "people", "person")[0]
        self.seq = self.version = 0

    def page(self, *good, bad=(), **how):
        return PageWrite(
            tenant="local", run="run", source=self.source, seq=self.seq, position={"n": self.seq},
            seen_version=self.version, at=f"T{self.seq}", good=good, bad=bad, **how,
        )  # fmt: skip

    def take(self, *good, **how):
        changed = self.database.run_now(write_page, self.page(*good, **how))
        self.seq += 1
        self.version += 1
        return changed

    def rows(self, sql):
        return [tuple(row) for row in self.database.run_now(lambda c: c.execute(sql).fetchall())]

    def records(self):
        return self.rows("SELECT remote_id, version, body, deleted_at FROM record ORDER BY remote_id")

    def clean(self):
        self.database.run_now(lambda c: c.execute("UPDATE record SET dirty = 0"))

    def dirty(self):
        return [row[0] for row in self.rows("SELECT remote_id FROM record WHERE dirty <> 0 ORDER BY remote_id")]

    def position(self):
        ((position, version),) = self.rows("SELECT position, position_version FROM source")
        return msgspec.json.decode(position), version


def one(remote_id="r1", version="5", body="a", hub_id=None):
    return Observed(remote_id, version, body.encode(), body, "{}", hub_id)


def test_a_page_brings_its_rows_its_position_and_its_place_in_the_ledger(store):
    assert store.take(one("r1"), one("r2")) == 2
    assert store.records() == [("r1", "5", "a", None), ("r2", "5", "a", None)]
    assert store.position() == ({"n": 0}, 1)
    assert store.rows("SELECT run_id, seq, records, changed FROM page") == [("run", 0, 2, 2)]


def test_the_same_page_twice_is_one_page(store):
    page = store.page(one())
    assert store.database.run_now(write_page, page) == 1
    store.clean()
    # Even with other content: what counts is that this page has been counted.
    again = dataclasses.replace(page, good=[one(version="9", body="b")], bad=[Bad("invalid", "why", "{}", "r9")])
    assert store.database.run_now(write_page, again) == 0
    assert store.records() == [("r1", "5", "a", None)]
    assert store.position() == ({"n": 0}, 1)
    assert store.dirty() == []
    assert store.rows("SELECT * FROM quarantine") == []


def test_the_same_number_in_another_run_is_another_page(store):
    store.take(one())
    page = dataclasses.replace(store.page(one(version="6", body="b")), run="next run", seq=0)
    assert store.database.run_now(write_page, page) == 1


def test_a_position_that_somebody_moved_undoes_the_whole_page(store):
    store.take(one())
    stale = dataclasses.replace(store.page(one(version="6", body="b"), bad=[Bad("x", "y", "{}")]), seen_version=0)
    with pytest.raises(PositionLost):
        store.database.run_now(write_page, stale)
    assert store.records() == [("r1", "5", "a", None)]
    assert store.position() == ({"n": 0}, 1)
    assert store.rows("SELECT count(*) FROM page") == [(1,)]
    assert store.rows("SELECT count(*) FROM quarantine") == [(0,)]


def test_of_two_who_move_a_position_from_the_same_place_one_is_refused(store):
    store.database.run_now(move_position, store.source, {"since": "a"}, 0)
    with pytest.raises(PositionLost):
        store.database.run_now(move_position, store.source, {"since": "b"}, 0)
    assert store.position() == ({"since": "a"}, 1)


@pytest.mark.parametrize(
    ("version", "body", "taken"),
    [
        ("4", "b", False),  # a stale page
        ("5", "a", False),  # nothing new
        ("5", "b", True),  # two edits in one tick of the vendor's clock
        ("6", "b", True),
        ("6", "a", False),  # touched, and the same as before
    ],
)
def test_which_of_two_versions_stays(store, version, body, taken):
    store.take(one())
    store.clean()
    assert store.take(one(version=version, body=body)) == taken
    assert store.records() == [("r1", version, body, None) if taken else ("r1", "5", "a", None)]
    assert store.dirty() == (["r1"] if taken else [])


def test_a_record_without_versions_takes_what_came_last(store):
    store.take(one(version="", body="a"))
    assert store.take(one(version="", body="b")) == 1
    assert store.records() == [("r1", "", "b", None)]


def test_our_id_is_kept_when_a_later_page_does_not_carry_it(store):
    store.take(one(hub_id="ours"))
    store.take(one(version="6", body="b"))
    assert store.rows("SELECT hub_id FROM record") == [("ours",)]


def test_what_is_gone_is_marked_once_and_only_if_it_was_known(store):
    store.take(one("r1"), one("r2"))
    store.clean()
    assert store.take(gone=("r1", "never seen")) == 1
    assert [(r[0], r[3]) for r in store.records()] == [("r1", "T1"), ("r2", None)]
    assert store.dirty() == ["r1"]
    store.clean()
    assert store.take(gone=("r1",)) == 0
    assert store.records()[0][3] == "T1"
    assert store.dirty() == []


@pytest.mark.parametrize(("version", "back"), [("4", False), ("5", False), ("6", True)])
def test_a_deleted_record_comes_back_only_with_a_newer_version(store, version, back):
    store.take(one())
    store.take(gone=("r1",))
    store.clean()
    assert store.take(one(version=version, body="b")) == back
    assert store.records() == [("r1", version, "b", None) if back else ("r1", "5", "a", "T1")]
    assert store.dirty() == (["r1"] if back else [])


def test_a_deleted_record_without_versions_comes_back_when_it_is_seen(store):
    store.take(one(version=""))
    store.take(gone=("r1",))
    assert store.take(one(version="")) == 1
    assert store.records() == [("r1", "", "a", None)]


@pytest.mark.parametrize(("version", "goes"), [("4", False), ("5", True), ("6", True)])
def test_a_list_of_deleted_records_deletes_what_is_not_newer(store, version, goes):
    store.take(one())
    store.clean()
    assert store.take(one(version=version), deleted_at="T9") == goes
    assert store.records()[0][3] == ("T9" if goes else None)
    assert store.dirty() == (["r1"] if goes else [])


def test_a_record_that_is_first_met_deleted_is_deleted(store):
    assert store.take(one(), deleted_at="T9") == 1
    assert store.records() == [("r1", "5", "a", "T9")]


def test_a_fault_is_in_quarantine_once_however_often_it_comes(store):
    fault = Bad("invalid", "no id", '{"x":1}', "r1")
    store.take(bad=[fault])
    store.take(bad=[fault, Bad("invalid", "no id", '{"x":2}', "r1")])
    assert store.rows("SELECT body, first_at, last_at FROM quarantine ORDER BY body") == [
        ('{"x":1}', "T0", "T1"),
        ('{"x":2}', "T1", "T1"),
    ]


def test_a_record_that_arrives_whole_leaves_quarantine_and_others_stay(store):
    store.take(bad=[Bad("invalid", "why", "1", "r1"), Bad("invalid", "why", "2", "r2"), Bad("invalid", "why", "3")])
    store.take(one("r1"))
    assert store.rows("SELECT remote_id FROM quarantine ORDER BY body") == [("r2",), (None,)]
