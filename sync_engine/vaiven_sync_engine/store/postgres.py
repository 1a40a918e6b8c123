"""The store in a Postgres database: one session writes and holds an advisory lock, any number read."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from vaiven_sync_engine.errors import (
    DiskFull,
    DriverMissing,
    StoreContended,
    StoreDamaged,
    StoreLocked,
    StoreUnreachable,
)

try:
    import psycopg
    from psycopg import errors as pg

    from vaiven_sync_engine.store._session import Growth, Session, Statements, connect
except ImportError as problem:
    raise DriverMissing("A store on Postgres needs psycopg, which is not installed.", why=str(problem)) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vaiven_sync_engine.store.address import PostgresAddress
    from vaiven_sync_engine.store.sql import Sql

T = TypeVar("T")

_LOCK = 0x7661_6976
"""First half of the advisory lock's key ("vaiv"); the second one is the schema."""
_SCHEMA = "hashtext(coalesce(current_schema(), ''))"

_CREATE_VERSION = "CREATE TABLE IF NOT EXISTS store_layout (version INTEGER NOT NULL)"


class PostgresStore:
    """One database; the tables are in the schema that its `search_path` names first.

    Args:
        address: the database must exist, and its user may make tables in it.
    """

    def __init__(self, address: PostgresAddress) -> None:
        self.address = address
        self._session: Session | None = None
        self._opened = False
        self._growth = Growth()

    def connect(self) -> None:
        """Open the session that writes, take the lock and bring the tables up to date."""
        with self._named_errors():
            session = connect(self.address)
            try:
                self._take_lock(session)
                with session.transaction():
                    self._create(Statements(session))
                    self._growth = Growth.of(Statements(session))
            except BaseException:
                _end(session)
                raise
        self._session, self._opened = session, True

    def transaction(self, work: Callable[[Sql], T]) -> T:
        """Run `work` as one transaction; after the connection was lost, the next one connects and locks anew."""
        if not self._opened:
            raise StoreDamaged("The store is closed.")
        if self._session is None:
            self.connect()
        session = self._session
        assert session is not None  # noqa: S101 - for the type checker
        with self._undone(session):
            result = work(Statements(session, self._growth))
        with self._undone(session, "the next run sees whether the last transaction was kept"):
            session.commit()
        return result

    def compact(self) -> None:
        """Vacuum the store's tables."""
        from vaiven_sync_engine.store.schema import metadata  # noqa: PLC0415 - SQLAlchemy, on the way to here alone

        session = self._session
        if session is None:
            raise StoreDamaged("The store is closed.")
        with self._named_errors():
            session.autocommit = True
            try:
                tables = ", ".join(f'"{name}"' for name in metadata.tables)
                session.execute(f"VACUUM {tables}".encode())
            finally:
                if not session.closed:
                    session.autocommit = False

    def close(self) -> None:
        """Free the lock and end the session."""
        if self._session is not None:
            _end(self._session)
        self._session, self._opened = None, False

    @contextmanager
    def reader(self) -> Iterator[Sql]:
        """A read-only session; each statement sees what is there when it begins."""
        with self._session_for_reading() as session:
            statements = Statements(session)
            if _layout(statements) is None:
                raise StoreDamaged(f"There is no store in {self.address}.", remedy="`vaiven connect` makes its tables.")
            yield statements

    def exists(self) -> bool:
        """Whether the database has our tables."""
        with self._session_for_reading() as session:
            return _layout(Statements(session)) is not None

    def owner(self) -> str:
        """Whose session holds the lock; empty when it is free."""
        with self._session_for_reading() as session:
            return _owner(Statements(session))

    @contextmanager
    def _session_for_reading(self) -> Iterator[Session]:
        with self._named_errors():
            session = connect(self.address)
            try:
                session.autocommit = True
                session.execute(b"SET default_transaction_read_only = on")
                yield session
            finally:
                session.close()

    def _take_lock(self, session: Session) -> None:
        statements = Statements(session)
        # The session of a process that was killed a moment ago may still be on its way out.
        statements.execute("SET LOCAL lock_timeout = '1s'")
        try:
            statements.execute(f"SELECT pg_advisory_lock(CAST(? AS INTEGER), {_SCHEMA})", (_LOCK,))
            session.commit()
        except pg.LockNotAvailable:
            session.rollback()
            who = _owner(statements) or "another process"
            raise StoreLocked(f"The store {self.address} is in use.", why=f"{who} works on it") from None

    def _create(self, statements: Statements) -> None:
        from vaiven_sync_engine.store import schema  # noqa: PLC0415 - SQLAlchemy, just for the DDL

        have = _layout(statements) or 0
        if have == schema.VERSION:
            return
        schema.check(have, self.address)
        for statement in schema.statements(_dialect()):
            statements.execute(statement)
        statements.execute(_CREATE_VERSION)
        statements.execute("DELETE FROM store_layout")
        statements.execute("INSERT INTO store_layout (version) VALUES (?)", (schema.VERSION,))

    @contextmanager
    def _undone(self, session: Session, more: str = "") -> Iterator[None]:
        """Undo a transaction that fails; a session that is lost is let go."""
        with self._named_errors(more):
            try:
                yield
            except BaseException:
                with suppress(psycopg.Error):
                    session.rollback()
                if session.closed:
                    self._session = None
                raise

    @contextmanager
    def _named_errors(self, more: str = "") -> Iterator[None]:
        """Our own errors for what an operator can do something about; URL and rows stay out of all of them."""
        try:
            yield
        except psycopg.Error as problem:
            told = problem.diag.message_primary or str(problem).strip() or type(problem).__name__
            named = _named(problem, str(self.address), f"{told}; {more}" if more else told)
            # The driver's own error may repeat the connection string, and shows the row that it is about.
            raise (named or type(problem)(told)).with_traceback(problem.__traceback__) from None


def _end(session: Session) -> None:
    """Free the lock and close: the server frees it by itself, but a moment after the session is gone from here."""
    with suppress(psycopg.Error):
        session.rollback()
        session.execute(b"SELECT pg_advisory_unlock_all()")
        session.commit()
    session.close()


def _owner(statements: Statements) -> str:
    """Whose session holds the lock, by the name that it gave itself; empty when it is free."""
    found = statements.execute(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = CAST(? AS oid)"
        f" AND l.objid = CAST(CAST({_SCHEMA} AS BIGINT) & 4294967295 AS oid)"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        (_LOCK,),
    ).fetchone()
    return (found[0] or "another process") if found else ""


def _layout(statements: Statements) -> int | None:
    """The version of the tables; None when there are none."""
    (there,) = statements.execute("SELECT to_regclass('store_layout') IS NOT NULL").fetchone()
    row = statements.execute("SELECT version FROM store_layout").fetchone() if there else None
    return int(row[0]) if row else None


def _dialect() -> Any:
    """Postgres's words, with text that is compared byte by byte as SQLite does, whatever the database's collation."""
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415
    from sqlalchemy.dialects.postgresql.base import PGTypeCompiler  # noqa: PLC0415

    class Types(PGTypeCompiler):
        def visit_TEXT(self, type_: Any, **_: Any) -> str:  # noqa: N802 - SQLAlchemy's name
            return 'TEXT COLLATE "C"'

    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    dialect.type_compiler_instance = Types(dialect)
    return dialect


def _named(problem: psycopg.Error, where: str, told: str) -> Exception | None:
    """Our error for one of the driver's; None for a mistake in a statement of ours."""
    if isinstance(problem, pg.DiskFull):
        return DiskFull(f"The server of the store {where} has no room left.", why=told)
    if isinstance(problem, pg.SerializationFailure | pg.DeadlockDetected | pg.LockNotAvailable | pg.QueryCanceled):
        return StoreContended(f"A transaction on the store {where} was undone.", why=told)
    if isinstance(problem, pg.ReadOnlySqlTransaction | pg.InsufficientPrivilege):
        return StoreDamaged(f"The store {where} cannot be written.", why=told)
    if isinstance(problem, psycopg.OperationalError | psycopg.InterfaceError):
        return StoreUnreachable(f"The store {where} cannot be reached.", why=told)
    if isinstance(problem, pg.InternalError_ | pg.IndexCorrupted | pg.DataCorrupted):
        return StoreDamaged(f"The store {where} cannot be used.", why=told)
    return None
