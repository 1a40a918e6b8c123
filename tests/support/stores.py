"""Empty stores for tests, on SQLite and on Postgres: a test that takes `empty_store` (or `stores`) runs on both."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import NoPostgres, Server, server
from vaiven_sync_engine.store import Address, Database, PostgresAddress

Stores = Callable[[], AbstractContextManager[Address]]
"""Gives an empty store for as long as it is needed."""

ON_BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
on_sqlite = pytest.mark.parametrize("stores", ["sqlite"], indirect=True)
"""For what only a file can show: its lock, its bytes, its disk."""
on_postgres = pytest.mark.parametrize("stores", ON_BOTH[1:], indirect=True)
"""For what only a server can show."""
_numbers = count(1)

# Emptied, a database is ready again in a third of the time that a copy of the template takes.
_EMPTY = """
DO $$ DECLARE one text; BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  FOR one IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    AND relname <> 'store_layout' LOOP EXECUTE format('DELETE FROM %I', one); END LOOP;
  FOR one IN SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace
    LOOP EXECUTE format('ALTER SEQUENCE %I RESTART', one); END LOOP;
END $$
"""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A Postgres server; a test that wants it is skipped where there is none."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(server())
        except NoPostgres as why:
            pytest.skip(f"no Postgres: {why}")
        yield running


@pytest.fixture(scope="session")
def postgres_stores(postgres: Server) -> Stores:
    """Empty stores on Postgres."""
    free: list[str] = []
    template = f"vaiven_template_{next(_numbers)}"
    Database.open(postgres.make(template)).close()

    @contextmanager
    def store() -> Iterator[Address]:
        name = free.pop() if free else f"vaiven_test_{next(_numbers)}"
        if name not in postgres.made:
            postgres.make(name, template)
        yield PostgresAddress(postgres.url(name))
        with psycopg.connect(postgres.url(name), autocommit=True) as session:
            session.execute(_EMPTY)
        free.append(name)

    return store


@pytest.fixture(scope="session")
def sqlite_stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """Empty stores in files, each in a folder of its own."""
    folder = tmp_path_factory.mktemp("stores")
    template = folder / "template.db"
    Database.open(template).close()

    @contextmanager
    def store() -> Iterator[Address]:
        own = folder / str(next(_numbers))
        own.mkdir()
        yield Path(shutil.copy(template, own / "vaiven.db"))
        shutil.rmtree(own)

    return store


@pytest.fixture(scope="session", params=ON_BOTH)
def stores(request: pytest.FixtureRequest) -> Stores:
    """Empty stores, for tests that want many one after the other (hypothesis)."""
    found: Stores = request.getfixturevalue(f"{request.param}_stores")
    return found


@pytest.fixture
def empty_stores(stores: Stores) -> Iterator[Callable[[], Address]]:
    """Makes an empty store at each call; it is there until the test ends."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(stores())


@pytest.fixture
def empty_store(empty_stores: Callable[[], Address]) -> Address:
    """The address of an empty store."""
    return empty_stores()
