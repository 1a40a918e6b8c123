"""One database with one writer: every transaction runs in one thread, one after the other."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, Self, TypeVar

from vaiven_sync_engine.store.address import Address, PostgresAddress, address_of
from vaiven_sync_engine.store.sqlite import SqliteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from vaiven_sync_engine.store.sql import Sql

P = ParamSpec("P")
T = TypeVar("T")


class Backend(Protocol):
    """What differs between a file and a server; the writer's thread alone connects and writes."""

    def connect(self) -> None:
        """Take the store for writing and bring its tables up to date; raises `StoreLocked` if another one has it."""

    def transaction(self, work: Callable[[Sql], T]) -> T:
        """Run `work` as one transaction; an exception undoes it all."""

    def compact(self) -> None:
        """Leave nothing behind of what was deleted or replaced, as far as the database can."""

    def close(self) -> None:
        """Give the store back; harmless when it was never taken."""

    def reader(self) -> AbstractContextManager[Sql]:
        """A read-only connection of the caller's own."""

    def exists(self) -> bool:
        """Whether there is a store."""

    def owner(self) -> str:
        """Who writes in it now; empty when nobody does."""


class Database:
    """The store's one writer. Open it with `Database.open`; readers use `Database.reader`.

    Args:
        address: the database file, whose folder must exist, or the Postgres database, which must exist.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._backend = _backend(address)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._closed = False

    @classmethod
    def open(cls, place: str | Path | PostgresAddress) -> Self:
        """Take the store for writing and bring its tables up to date.

        Args:
            place: path of a file, or a URL `postgresql://user@host/database`.

        Raises:
            StoreLocked: another process has it.
            StoreDamaged: it is not a store of ours, or cannot be written.
            StoreUnreachable: the Postgres server does not answer, or does not let us in.
        """
        database = cls(address_of(place))
        try:
            database._thread.submit(database._backend.connect).result()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    @contextmanager
    def reader(cls, place: str | Path | PostgresAddress) -> Iterator[Sql]:
        """A read-only connection that may be used while another process writes."""
        with _backend(address_of(place)).reader() as connection:
            yield connection

    @classmethod
    def exists(cls, place: str | Path | PostgresAddress) -> bool:
        """Whether there is a store; on Postgres: whether the database has our tables."""
        return _backend(address_of(place)).exists()

    @classmethod
    def owner(cls, place: str | Path | PostgresAddress) -> str:
        """Which process writes in a store now; empty when none does."""
        return _backend(address_of(place)).owner()

    async def run(self, work: Callable[Concatenate[Sql, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, ...)` as one transaction in the writer's thread; an exception undoes it all."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._backend.transaction(lambda connection: work(connection, *args, **kwargs))
        )

    def run_now(self, work: Callable[Concatenate[Sql, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, for callers without an event loop."""
        return self._thread.submit(
            lambda: self._backend.transaction(lambda connection: work(connection, *args, **kwargs))
        ).result()

    def compact(self) -> None:
        """Leave nothing behind of what was deleted or replaced: the file and its log are rewritten.

        On Postgres the tables are vacuumed: what was deleted cannot be read any more, and its space is used again.

        Raises:
            StoreLocked: a reader keeps the log from being emptied.
        """
        self._thread.submit(self._backend.compact).result()

    def close(self) -> None:
        """Finish what is queued, close the store and free the lock."""
        if not self._closed:
            self._closed = True
            self._thread.submit(self._backend.close).result()
            self._thread.shutdown(wait=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _backend(address: Address) -> Backend:
    if isinstance(address, PostgresAddress):
        from vaiven_sync_engine.store.postgres import PostgresStore  # noqa: PLC0415 - an optional driver

        return PostgresStore(address)
    return SqliteFile(address)
