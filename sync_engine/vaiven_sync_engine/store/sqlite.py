"""The store as an SQLite file with a lock file beside it: one process writes, any number read."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from vaiven_sync_engine.errors import DiskFull, StoreDamaged, StoreLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vaiven_sync_engine.store.sql import Sql

T = TypeVar("T")


class SqliteFile:
    """One file.

    Args:
        path: its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None

    def connect(self) -> None:
        """Take the lock, open the file and bring its tables up to date."""
        self._take_lock()
        with _named_errors(self.path):
            connection = sqlite3.connect(self.path, isolation_level=None, cached_statements=512, timeout=10.0)
            connection.row_factory = sqlite3.Row
            self._connection = connection
            connection.execute("PRAGMA journal_mode=WAL")
            # A tail lost in a power cut is read again from the vendors; a write whose intent was lost is found by its
            # hub id or natural key, as after any crash.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA temp_store=MEMORY")
            connection.execute("PRAGMA cache_size=-65536")
            self._create(connection)

    def transaction(self, work: Callable[[Sql], T]) -> T:
        """Run `work` as one transaction; an exception undoes it all."""
        connection = self._open()
        with _named_errors(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return result

    def compact(self) -> None:
        """Rewrite the file, so that nothing of what was deleted or replaced is left in it or in its log."""
        connection = self._open()
        with _named_errors(self.path):
            connection.execute("PRAGMA temp_store=FILE")
            try:
                connection.execute("VACUUM")
            finally:
                connection.execute("PRAGMA temp_store=MEMORY")
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreLocked(
                f"The log of the store {self.path} could not be emptied.",
                why="somebody is reading the store, so old pages are still in its log",
            )

    def close(self) -> None:
        """Close the file and free the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def reader(self) -> Iterator[Sql]:
        """A read-only connection; it works while another process writes."""
        if not self.path.exists():
            raise StoreDamaged(f"There is no store at {self.path}.", remedy="`vaiven connect` makes one.")
        with _named_errors(self.path):
            connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10.0)
            connection.row_factory = sqlite3.Row
            try:
                yield connection
            finally:
                connection.close()

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def owner(self) -> str:
        """The process that holds the lock; empty when it is free."""
        lock = Path(f"{self.path}.lock")
        if not lock.exists():
            return ""
        try:
            with lock.open("rb") as file:
                # A shared lock for an instant: it waits for nobody and no sync notices it, unless it starts just now.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return f"process {lock.read_text(errors='replace').strip() or 'unknown'}"
        except OSError:
            return ""
        return ""

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreDamaged("The store is closed.")
        return self._connection

    def _create(self, connection: sqlite3.Connection) -> None:
        """Make the tables that the file lacks; a file of this version is left alone."""
        from vaiven_sync_engine.store import schema  # noqa: PLC0415 - SQLAlchemy, just for the DDL

        (have,) = connection.execute("PRAGMA user_version").fetchone()
        if have == schema.VERSION:
            return
        schema.check(have, self.path)
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415

        connection.execute("BEGIN IMMEDIATE")
        for statement in schema.statements(sqlite.dialect()):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={schema.VERSION}")
        connection.execute("COMMIT")

    def _take_lock(self) -> None:
        try:
            self._lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._lock or 0, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._lock or 0)
            self._lock = None
            raise StoreLocked(f"The store {self.path} is in use.", why=f"process {owner} works on it") from None
        except OSError as problem:
            raise StoreDamaged(f"The store {self.path} cannot be opened.", why=str(problem.strerror)) from None
        os.ftruncate(self._lock, 0)
        os.write(self._lock, str(os.getpid()).encode())


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        text = str(problem)
        if "full" in text or getattr(problem, "sqlite_errorname", "") == "SQLITE_FULL":
            raise DiskFull(f"The disk that holds {path} is full.", why=text) from problem
        if "locked" in text or "busy" in text:
            raise StoreLocked(f"The store {path} is in use.", why=text) from problem
        if isinstance(problem, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
            raise
        if "no such table" in text or "no such column" in text or "syntax error" in text:
            raise
        raise StoreDamaged(f"The store {path} cannot be used.", why=text) from problem
