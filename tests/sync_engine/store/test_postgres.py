"""What only a server can do: be elsewhere, cut a connection, undo a transaction, refuse a user."""

from __future__ import annotations

import sys
import traceback

import psycopg
import pytest

from vaiven_sync_engine.errors import (
    DiskFull,
    DriverMissing,
    InputInvalid,
    KeyMissing,
    StoreContended,
    StoreDamaged,
    StoreLocked,
    StoreUnreachable,
)
from vaiven_sync_engine.store import Database, PostgresAddress, address_of
from vaiven_sync_engine.store._session import Growth
from vaiven_sync_engine.store.schema import metadata
from vaiven_sync_engine.vault import Vault

pytestmark = pytest.mark.postgres
SECRET = "a-password-that-nobody-may-see"
PEND = "INSERT INTO pending (tenant_id, entity, entity_id) VALUES ('t', 'person', ?)"


@pytest.fixture
def empty_store(postgres_stores):
    with postgres_stores() as place:
        yield place


@pytest.fixture
def database(empty_store):
    with Database.open(empty_store) as one:
        yield one


@pytest.fixture
def bare(postgres):
    """A database without a table."""
    yield PostgresAddress(postgres.make("vaiven_bare"))
    postgres.drop("vaiven_bare")


@pytest.fixture
def other(empty_store):
    """Somebody else's session in the same database."""
    with psycopg.connect(empty_store.reveal(), autocommit=True) as session:
        yield session


def pend(database, name):
    database.run_now(lambda c: c.execute(PEND, (name,)))


def pending(place):
    with Database.reader(place) as reader:
        return [row[0] for row in reader.execute("SELECT entity_id FROM pending ORDER BY entity_id")]


def cut(other):
    """Cut every other connection to the database."""
    other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


# ------------------------------------------------------------------------------------------ one writer


def test_a_second_writer_is_told_who_has_the_store(database):
    with pytest.raises(StoreLocked, match="vaiven process"):
        Database.open(database.address)
    assert "vaiven process" in Database.owner(database.address)
    pend(database, "a")
    assert pending(database.address) == ["a"]


def test_who_closes_frees_it_at_once(empty_store):
    for name in ("a", "b", "c"):
        with Database.open(empty_store) as database:
            pend(database, name)
        assert Database.owner(empty_store) == ""
    assert pending(empty_store) == ["a", "b", "c"]


def test_two_schemas_of_one_database_are_two_stores(database, other):
    other.execute("DROP SCHEMA IF EXISTS second CASCADE")
    other.execute("CREATE SCHEMA second")
    place = PostgresAddress(f"{database.address.reveal()}&options=-csearch_path%3Dsecond")
    assert not Database.exists(place)
    with Database.open(place) as second:
        pend(second, "there")
        assert pending(place) == ["there"]
    assert pending(database.address) == []
    other.execute("DROP SCHEMA second CASCADE")


# ------------------------------------------------------------------------------------------ connections that break


def test_a_cut_connection_is_named_and_the_next_transaction_connects_anew(database, other):
    pend(database, "a")
    cut(other)
    with pytest.raises(StoreUnreachable) as told:
        pend(database, "b")
    assert told.value.remedy
    pend(database, "c")
    assert pending(database.address) == ["a", "c"]
    with pytest.raises(StoreLocked):
        Database.open(database.address)


def test_a_connection_cut_within_a_transaction_undoes_it(database, other):
    def work(c):
        c.execute(PEND, ("a",))
        cut(other)
        c.execute(PEND, ("b",))

    with pytest.raises(StoreUnreachable):
        database.run_now(work)
    assert pending(database.address) == []


def test_a_connection_cut_before_the_commit_leaves_it_open_what_was_kept(database, other):
    def work(c):
        c.execute(PEND, ("a",))
        cut(other)

    with pytest.raises(StoreUnreachable, match="the next run sees whether the last transaction was kept"):
        database.run_now(work)
    assert pending(database.address) == []


def test_whoever_took_the_store_meanwhile_keeps_it(database, other):
    cut(other)
    with Database.open(database.address) as taken:
        # One error for the connection, one for the lock that is somebody else's now: nothing is written beside it.
        with pytest.raises(StoreUnreachable):
            pend(database, "a")
        with pytest.raises(StoreLocked):
            pend(database, "a")
        pend(taken, "b")
    pend(database, "c")
    assert pending(database.address) == ["b", "c"]


# ------------------------------------------------------------------------------------------ errors with their names


def raised(database, code):
    """What becomes of an error that the server itself raises."""
    with pytest.raises(Exception) as told:  # noqa: PT011 - which one is the test's question
        database.run_now(
            lambda c: c.execute(f"DO $$ BEGIN RAISE EXCEPTION 'it is so' USING ERRCODE = '{code}'; END $$")
        )
    pend(database, "goes on")
    return told.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("53100", DiskFull),
        ("40001", StoreContended),
        ("40P01", StoreContended),
        ("55P03", StoreContended),
        ("57014", StoreContended),
        ("25006", StoreDamaged),
        ("42501", StoreDamaged),
        ("XX001", StoreDamaged),
        ("57P03", StoreUnreachable),
    ],
)
def test_what_an_operator_can_mend_has_its_name_and_remedy(database, code, kind):
    problem = raised(database, code)
    assert type(problem) is kind
    assert "it is so" in problem.why
    assert problem.remedy
    assert str(database.address) in problem.what


def test_a_mistake_of_ours_stays_what_it_is_and_shows_no_row(database):
    address = f"somebody{chr(64)}example.com"
    pend(database, address)
    with pytest.raises(psycopg.errors.UniqueViolation) as told:
        pend(database, address)
    shown = "".join(traceback.format_exception(told.value))
    assert "pending" in shown
    assert "somebody@" not in shown
    with pytest.raises(psycopg.errors.UndefinedTable):
        database.run_now(lambda c: c.execute("SELECT * FROM nowhere"))


def test_a_real_deadlock_is_one_error_and_nothing_is_kept(database, other):
    pend(database, "a")
    other.execute("SET deadlock_timeout = '100ms'")

    def work(c):
        c.execute(PEND, ("b",))
        other.autocommit = False
        other.execute("UPDATE pending SET entity_id = 'taken' WHERE entity_id = 'a'")
        c.execute("SET LOCAL lock_timeout = '50ms'")
        c.execute("DELETE FROM pending WHERE entity_id = 'a'")

    with pytest.raises(StoreContended):
        database.run_now(work)
    other.rollback()
    assert pending(database.address) == ["a"]


def test_a_user_without_rights_is_told(database, other, postgres):
    other.execute("DROP ROLE IF EXISTS guest")
    other.execute("CREATE ROLE guest LOGIN")
    try:
        guest = PostgresAddress(database.address.reveal().replace("postgres@", f"guest:{SECRET}@", 1))
        with pytest.raises(StoreDamaged, match="permission denied") as told, Database.reader(guest) as reader:
            reader.execute("SELECT * FROM record")
        assert SECRET not in "".join(traceback.format_exception(told.value))
    finally:
        other.execute("DROP ROLE guest")


def test_a_store_of_a_later_version_is_left_alone(empty_store, other):
    other.execute("UPDATE store_layout SET version = 999")
    try:
        with pytest.raises(StoreDamaged, match="later Vaiven"):
            Database.open(empty_store)
        assert Database.owner(empty_store) == ""
    finally:
        from vaiven_sync_engine.store.schema import VERSION

        other.execute("UPDATE store_layout SET version = %s", (VERSION,))


def test_a_database_without_tables_holds_no_store_and_gets_one(bare):
    assert not Database.exists(bare)
    with pytest.raises(StoreDamaged, match="There is no store"), Database.reader(bare):
        pass
    Database.open(bare).close()
    with Database.reader(bare) as reader:
        found = reader.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        assert {row[0] for row in found} == {*metadata.tables, "store_layout"}
        odd = reader.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
        )
        assert odd.fetchall() == []


# ------------------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ana:{SECRET}@127.0.0.1:1/hub?connect_timeout=2",
        f"postgresql://ana@127.0.0.1:1/hub?connect_timeout=2&password={SECRET}",
        f"postgres://ana:{SECRET}@127.0.0.1:port/hub",
        f"postgresql://ana:{SECRET}@[::1/hub",
        f"postgresql://ana:{SECRET}@127.0.0.1:1/hub?no_such_option={SECRET}",
        f"postgresql://ana:{SECRET}%zz@127.0.0.1:1/hub",
    ],
)
def test_the_password_stays_out_of_every_error_and_name(url):
    address = address_of(url)
    assert SECRET not in f"{address} {address!r} {Database(address).address}"
    for use in (Database.open, Database.exists, Database.owner, lambda place: Database.reader(place).__enter__()):
        with pytest.raises((StoreUnreachable, InputInvalid)) as told:
            use(url)
        shown = "".join(traceback.format_exception(told.value))
        assert SECRET not in f"{shown} {told.value!r} {told.value.as_dict()}"


def test_an_address_is_what_it_says(tmp_path):
    assert address_of("vaiven.db").name == "vaiven.db"
    assert address_of(tmp_path) is tmp_path
    same = address_of("postgresql://ana:pw@host:5/hub?sslmode=require")
    assert str(same) == "postgresql://ana@host:5/hub"
    assert same == address_of("postgresql://ana:pw@host:5/hub?sslmode=require")
    assert len({same, address_of("postgresql://ana:pw@host:5/hub")}) == 2
    with pytest.raises(InputInvalid, match="mysql"):
        address_of("mysql://host/hub")


def test_its_key_is_in_the_environment_alone(empty_store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyMissing, match="no key") as told:
        Vault.at(empty_store, {}).seal("t", "c", {"token": "x"})
    assert "VAIVEN_KEY" in told.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_without_the_driver_it_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "vaiven_sync_engine.store.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DriverMissing) as told:
        Database.open("postgresql://127.0.0.1/hub")
    assert "vaiven[postgres]" in told.value.remedy


# ------------------------------------------------------------------------------------------ odds and ends


def test_a_nul_in_what_a_tool_says_is_kept_as_a_sign_of_itself(database):
    pend(database, "a\0b")
    assert pending(database.address) == ["a\N{REPLACEMENT CHARACTER}b"]


def test_a_table_that_grows_is_counted_also_within_its_transaction(bare):
    """Else the plan that a statement got while the table was empty is kept, and reads all of it each time."""
    counted = "SELECT reltuples FROM pg_class WHERE oid = 'pending'::regclass"

    def work(c):
        c.executemany(PEND, [(f"p{n}",) for n in range(Growth.FIRST)])
        return c.execute(counted).fetchone()[0]

    more = [(f"q{n}",) for n in range((Growth.TIMES - 1) * Growth.FIRST)]
    with Database.open(bare) as database:
        assert database.run_now(work) == Growth.FIRST
        database.run_now(lambda c: c.executemany(PEND, more[:-1]))
        assert database.run_now(lambda c: c.execute(counted).fetchone()[0]) == Growth.FIRST
    with Database.open(bare) as database:
        database.run_now(lambda c: c.executemany(PEND, [("r",)]))
        database.run_now(lambda c: c.executemany(PEND, [(f"s{n}",) for n in range(len(more))]))
        assert database.run_now(lambda c: c.execute(counted).fetchone()[0]) > Growth.FIRST * Growth.TIMES


def test_what_was_deleted_is_vacuumed(database, other):
    database.run_now(lambda c: c.executemany(PEND, [(f"p{n}",) for n in range(500)]))
    database.run_now(lambda c: c.execute("DELETE FROM pending"))
    database.compact()
    pend(database, "a")
    (size,) = other.execute("SELECT pg_relation_size('pending')").fetchone()
    assert size <= 8192, "its pages were given back, as nothing stood behind what was deleted"
