"""A SQLite file with one writer: every transaction runs in one thread, one after the other."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from vaiven_sync_engine.errors import DiskFull, StoreDamaged, StoreLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vaiven_sync_engine.store.sql import Sql

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """The store's one writer. Open it with `Database.open`; readers use `Database.reader`.

    Args:
        path: the database file; its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Take the file for writing and bring its tables up to date.

        Raises:
            StoreLocked: another process has it.
            StoreDamaged: it is not a database, or cannot be written.
        """
        database = cls(Path(path))
        database._take_lock()
        try:
            database._thread.submit(database._connect).result()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    @contextmanager
    def reader(cls, path: str | Path) -> Iterator[sqlite3.Connection]:
        """A read-only connection that may be used while another process writes."""
        if not Path(path).exists():
            raise StoreDamaged(f"There is no store at {path}.", remedy="`vaiven connect` makes one.")
        with _named_errors(Path(path)):
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)
            connection.row_factory = sqlite3.Row
            try:
                yield connection
            finally:
                connection.close()

    async def run(self, work: Callable[Concatenate[Sql, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, ...)` as one transaction in the writer's thread; an exception undoes it all."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._transaction(work, *args, **kwargs)
        )

    def run_now(self, work: Callable[Concatenate[Sql, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, for callers without an event loop."""
        return self._thread.submit(lambda: self._transaction(work, *args, **kwargs)).result()

    def compact(self) -> None:
        """Rewrite the file, so that nothing of what was deleted or replaced is left in it or in its log.

        Raises:
            StoreLocked: a reader keeps the log from being emptied.
        """
        self._thread.submit(self._compact).result()

    def _compact(self) -> None:
        connection = self._connection
        if connection is None:
            raise StoreDamaged("The store is closed.")
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
        """Finish what is queued, close the file and free the lock."""
        if self._connection is not None:
            self._thread.submit(self._connection.close).result()
            self._connection = None
        self._thread.shutdown(wait=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _transaction(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        connection = self._connection
        if connection is None:
            raise StoreDamaged("The store is closed.")
        with _named_errors(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection, *args, **kwargs)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return result

    def _connect(self) -> None:
        from vaiven_sync_engine.store.schema import create  # noqa: PLC0415 - SQLAlchemy, just for the DDL

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
            create(connection)

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
