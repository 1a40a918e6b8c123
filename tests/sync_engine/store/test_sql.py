"""What the engine may rely on, whatever the database: one text, rows by name, writes in their order."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from vaiven_sync_engine.store import Database
from vaiven_sync_engine.store._statements import SIZES, insert_of, numbered
from vaiven_sync_engine.store.runs import source_row
from vaiven_sync_engine.store.sql import scratch

PEND = "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
TELL = (
    "INSERT INTO tombstone (tenant_id, hash, kind, at) VALUES ('t', ?, 'key', ?) ON CONFLICT (tenant_id, hash)"
    " DO UPDATE SET kind = tombstone.kind || '+', at = excluded.at WHERE excluded.at > tombstone.at"
)


@pytest.fixture
def database(empty_store):
    with Database.open(empty_store) as one:
        yield one


def told(database):
    found = database.run_now(lambda c: c.execute("SELECT hash, kind, at FROM tombstone ORDER BY hash").fetchall())
    return [tuple(row) for row in found]


def test_a_row_is_read_by_name_by_index_and_as_a_whole(database):
    row = database.run_now(lambda c: c.execute("SELECT 'a' AS one, 2 AS two, NULL AS three").fetchone())
    assert (row["one"], row[1], row["three"]) == ("a", 2, None)
    one, two, three = row
    assert (one, two, three) == ("a", 2, None)
    assert dict(row) == {"one": "a", "two": 2, "three": None}
    assert {**dict(row), "two": 3} == {"one": "a", "two": 3, "three": None}
    with pytest.raises((KeyError, IndexError)):
        row["four"]


def test_values_come_back_as_they_went(database):
    values = {"s": 'Zoë "?" \\ \n %s $1', "i": -(2**40), "f": 0.1 + 0.2, "n": None}

    def work(c):
        scratch(c, "kept", {"s": str, "i": int, "f": float, "n": str})
        c.execute("INSERT INTO kept (s, i, f, n) VALUES (?, ?, ?, ?)", tuple(values.values()))
        c.execute("UPDATE record SET hash = ? WHERE hash = ?", (b"\x00\xff", b""))
        return dict(c.execute("SELECT * FROM kept WHERE s = ? AND n IS NULL", (values["s"],)).fetchone())

    assert database.run_now(work) == values


def test_bytes_and_flags_come_back(database):
    def work(c):
        c.execute(
            "INSERT INTO record (tenant_id, source_id, remote_id, version, hash, body, fields, observed_at, run_id)"
            " VALUES ('t', 1, 'r', '', ?, '{}', '{}', '', '')",
            (b"\x00'\xff\\",),
        )
        c.execute(
            "INSERT INTO contact_point (tenant_id, id, created_at, updated_at, rev, person_id, type, raw, normalized,"
            " is_primary) VALUES ('t', 'p', '', '', 1, 'x', 'email', '', '', ?)",
            (True,),
        )
        (hashed,) = c.execute("SELECT hash FROM record WHERE hash <> ?", (b"",)).fetchone()
        (flag,) = c.execute("SELECT is_primary FROM contact_point WHERE is_primary <> FALSE").fetchone()
        return bytes(hashed), bool(flag)

    assert database.run_now(work) == (b"\x00'\xff\\", True)


def test_text_is_ordered_byte_by_byte(database):
    names = ["b", "a", "B", "ä", "Z", "_", "1"]
    database.run_now(lambda c: c.executemany(PEND, [("t", "person", name) for name in names]))
    found = database.run_now(lambda c: c.execute("SELECT entity_id FROM pending ORDER BY entity_id").fetchall())
    assert [row[0] for row in found] == sorted(names)
    above = database.run_now(lambda c: c.execute("SELECT max(entity_id) FROM pending WHERE entity_id < 'a'").fetchone())
    assert above[0] == "_"

    def work(c):
        scratch(c, "named", {"name": str}, key=("name",))
        c.executemany("INSERT INTO named VALUES (?)", [(name,) for name in names])
        return [row[0] for row in c.execute("SELECT n.name FROM named n JOIN pending p ON p.entity_id = n.name"
                                            " ORDER BY n.name")]  # fmt: skip

    assert database.run_now(work) == sorted(names)


def test_a_write_tells_how_many_rows_it_changed(database):
    rows = [("a", "1"), ("b", "1")]
    assert database.run_now(lambda c: c.executemany(TELL, rows).rowcount) == 2
    assert database.run_now(lambda c: c.executemany(TELL, [("a", "2"), ("b", "1")]).rowcount) == 1
    assert database.run_now(lambda c: c.executemany(TELL, []).rowcount) in {0, -1}
    forget = "DELETE FROM tombstone WHERE tenant_id = 't' AND hash = ?"
    assert database.run_now(lambda c: c.executemany(forget, [("a",), ("x",)]).rowcount) == 1
    assert database.run_now(lambda c: c.execute("DELETE FROM tombstone WHERE tenant_id = 't'").rowcount) == 1


def test_a_row_that_comes_twice_in_one_call_is_written_twice(database):
    """Row by row: the second one meets the first, wherever it stands among the others."""
    rows = [(f"k{n:03}", "1") for n in range(300)]
    twice = [*rows, ("k001", "3"), ("k001", "2"), ("k299", "2"), ("k299", "3")]
    assert database.run_now(lambda c: c.executemany(TELL, twice).rowcount) == 303
    kept = {name: (kind, at) for name, kind, at in told(database)}
    assert kept["k000"] == ("key", "1")
    assert kept["k001"] == ("key+", "3")
    assert kept["k299"] == ("key++", "3")


@pytest.mark.parametrize("count", [1, 2, 7, 8, 31, 33, 127, 128, 129, 500])
def test_as_many_rows_arrive_as_were_sent(database, count):
    rows = [("t", "person", f"p{n}") for n in range(count)]
    assert database.run_now(lambda c: c.executemany(PEND, iter(rows)).rowcount) == count
    assert database.run_now(lambda c: c.executemany(PEND, rows).rowcount) == 0


def test_a_transaction_that_fails_leaves_nothing(database):
    def work(c):
        c.executemany(TELL, [("a", "1")])
        scratch(c, "later", {"name": str})
        raise LookupError("no")

    with pytest.raises(LookupError):
        database.run_now(work)
    assert told(database) == []
    # What was made in it is gone as well, and is made again.
    assert database.run_now(lambda c: (scratch(c, "later", {"name": str}), c.execute("SELECT * FROM later").fetchall()))


def test_a_scratch_table_is_empty_each_time_and_seen_by_its_session_alone(database):
    def work(c):
        scratch(c, "reach", {"source_id": int, "remote_id": str}, key=("source_id", "remote_id"))
        found = c.execute("SELECT count(*) FROM reach").fetchone()[0]
        rows = [(1, "a"), (1, "b"), (1, "a")]
        return found, c.executemany("INSERT INTO reach VALUES (?, ?) ON CONFLICT DO NOTHING", rows).rowcount

    assert database.run_now(work) == (0, 2)
    assert database.run_now(work) == (0, 2)
    with Database.reader(database.address) as reader, pytest.raises(Exception, match="reach"):
        reader.execute("SELECT * FROM reach")


def test_a_reader_cannot_write(database):
    with Database.reader(database.address) as reader:
        assert reader.execute("SELECT count(*) FROM record").fetchone()[0] == 0
        with pytest.raises(Exception, match=r"read-?only"):
            reader.execute("DELETE FROM record")


def test_a_store_of_an_earlier_layout_gets_what_it_lacks_and_keeps_what_it_has(empty_stores):
    place = empty_stores()
    with Database.open(place) as database:
        database.run_now(source_row, "local", "crm", "people", "person")
        database.run_now(lambda c: c.execute("ALTER TABLE source DROP COLUMN mapping_version"))
        database.run_now(lambda c: c.execute("DROP TABLE quarantine"))
        earlier = "PRAGMA user_version=1" if isinstance(place, Path) else "UPDATE store_layout SET version = 1"
        database.run_now(lambda c: c.execute(earlier))
    with Database.open(place) as database:
        found = database.run_now(lambda c: c.execute("SELECT stream, mapping_version FROM source").fetchall())
        assert [tuple(row) for row in found] == [("people", 0)]
        assert database.run_now(lambda c: c.execute("SELECT count(*) FROM quarantine").fetchone()[0]) == 0
    Database.open(place).close()


# ------------------------------------------------------------------------------------------ statements of Postgres


def test_marks_are_numbered_outside_of_quotes():
    assert numbered("""SELECT '?', "a?", 'it''s ?' WHERE a = ? AND b IN (?,?)""") == (
        b"""SELECT '?', "a?", 'it''s ?' WHERE a = $1 AND b IN ($2,$3)"""
    )


def test_nothing_is_in_an_empty_list(database):
    database.run_now(lambda c: c.execute(PEND, ("t", "IN ()", "a")))
    database.run_now(lambda c: c.execute("INSERT INTO source (tenant_id, connection_id, stream, entity, position)"
                                         " VALUES ('t', 'c', 's', 'person', '')"))  # fmt: skip
    for column, table in (("entity_id", "pending"), ("id", "source"), ("status", "source")):
        count = f"SELECT count(*) FROM {table} WHERE {column}"
        assert database.run_now(lambda c, sql=f"{count} IN ()": c.execute(sql).fetchone()[0]) == 0
        assert database.run_now(lambda c, sql=f"{count} NOT IN ( )": c.execute(sql).fetchone()[0]) == 1
    kept = "SELECT count(*) FROM pending WHERE entity = 'IN ()'"
    assert database.run_now(lambda c: c.execute(kept).fetchone()[0]) == 1


def test_an_insert_of_one_row_takes_many():
    insert = insert_of("INSERT INTO t (a, b, c) VALUES (?, 'x', ?) ON CONFLICT DO NOTHING")
    assert insert.of(2) == b"INSERT INTO t (a, b, c) VALUES ($1, 'x', $2), ($3, 'x', $4) ON CONFLICT DO NOTHING"
    rows = [(n, n) for n in range(171)]
    assert [len(some) for some in insert.batches(rows)] == [128, 32, 8, 2, 1]
    assert [row for some in insert.batches(rows) for row in some] == rows


def test_no_statement_has_more_marks_than_the_protocol_counts():
    columns = [f"c{n}" for n in range(400)]
    insert = insert_of(f"INSERT INTO t ({', '.join(columns)}) VALUES ({', '.join('?' * 400)})")
    sizes = {len(some) for some in insert.batches([(0,) * 400] * 200)}
    assert sizes <= set(SIZES)
    assert max(sizes) * 400 < 2**15


def test_rows_of_one_key_go_in_statements_of_their_own():
    insert = insert_of('INSERT INTO t ("a", b) VALUES (?, ?) ON CONFLICT ("a") DO UPDATE SET b = excluded.b')
    assert insert.key == (0,)
    rows = [(1, 1), (2, 1), (1, 2), (3, 1)]
    assert [list(some) for some in insert.batches(rows)] == [rows[:2], rows[2:]]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = ? WHERE b = ?",
        "INSERT INTO t (a) SELECT a FROM u WHERE b = ?",
        "INSERT INTO t (a) VALUES (lower(?))",
        "INSERT INTO t (a) VALUES (? + 1)",
        "INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO UPDATE SET b = ?",
        "INSERT INTO t VALUES (?) ON CONFLICT (a) DO UPDATE SET b = 1",
        "INSERT INTO t (a) VALUES (?) ON CONFLICT (z) DO UPDATE SET b = 1",
        "INSERT INTO t (a, b) VALUES ('x', ?) ON CONFLICT (a) DO UPDATE SET b = 1",
        "INSERT INTO t (a) VALUES (?) ON CONFLICT ON CONSTRAINT k DO UPDATE SET a = 1",
        "INSERT INTO t (a) VALUES (1)",
    ],
)
def test_what_cannot_go_together_goes_row_by_row(sql):
    assert insert_of(sql) is None


def test_an_insert_is_looked_at_once():
    assert insert_of(PEND) is insert_of(PEND)
    assert dataclasses.is_dataclass(insert_of(PEND))
