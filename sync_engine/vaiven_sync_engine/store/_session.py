"""One session of a Postgres server, as the engine wants it: `?` marks, rows by name, many rows at once."""

from __future__ import annotations

import os
import socket
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.store._statements import filled_by, insert_of, numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vaiven_sync_engine.store.address import PostgresAddress
    from vaiven_sync_engine.store.sql import Rows

Session = psycopg.Connection[Any]


class Row(tuple[Any, ...]):
    """A row that is read by index or by column name."""

    __slots__ = ()
    places: dict[str, int]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if type(key) is str else key)

    def keys(self) -> list[str]:
        """The columns' names, in order."""
        return list(self.places)


@lru_cache(maxsize=1024)
def _row_class(names: tuple[str, ...]) -> type[Row]:
    return type("Row", (Row,), {"__slots__": (), "places": {name: n for n, name in enumerate(names)}})


def _row_factory(cursor: Any) -> Any:
    """What makes a cursor's rows."""
    return _row_class(tuple(column.name for column in cursor.description or ()))


class _Plain(Dumper):
    """A value as text without a type: the server takes it for what its place wants, as SQLite does.

    So a statement's parameters have the same types whatever their values, and it is prepared once.
    """

    format = Format.TEXT

    def dump(self, obj: Any) -> Buffer | None:
        return str(obj).encode()


class _Flag(_Plain):
    def dump(self, obj: Any) -> Buffer | None:
        return b"t" if obj else b"f"


class _Text(_Plain):
    def dump(self, obj: Any) -> Buffer | None:
        # Records with a NUL are set aside; here it may still stand in what a tool says of an error.
        text: str = obj.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return text.encode()


class _Bytes(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> Buffer | None:
        return bytes(obj)


class Statements:
    """One session's way to the database, as the engine asks for it.

    Args:
        session: open.
        growth: of the store's tables; those that are due are counted at once.
    """

    def __init__(self, session: Session, growth: Growth | None = None) -> None:
        self._session = session
        self._growth = growth

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Carry out one statement."""
        cursor = self._session.cursor()
        cursor.execute(numbered(sql), parameters or None)
        self._grown(sql, cursor.rowcount)
        return cursor

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Rows:
        """Carry out one writing statement for each of many rows, in their order; inserts go many at once."""
        rows = parameters if isinstance(parameters, list) else list(parameters)
        cursor = self._session.cursor()
        if not rows:
            return _Count(0)
        insert = insert_of(sql)
        if insert is None:
            cursor.executemany(numbered(sql), rows)
            self._grown(sql, cursor.rowcount)
            return cursor
        count = 0
        for some in insert.batches(rows):
            cursor.execute(insert.of(len(some)), [value for row in some for value in row], prepare=True)
            count += cursor.rowcount
        self._grown(sql, count)
        return _Count(count)

    def _grown(self, sql: str, rows: int) -> None:
        if self._growth is not None and rows > 0 and (table := filled_by(sql)):
            self._growth.add(table, rows)
            # A plan made while the table was empty reads it from end to end; this makes the server plan anew.
            for due in self._growth.due():
                self._session.execute(f'ANALYZE "{due}"'.encode())


class _Count:
    """What a write gave: how many rows it changed."""

    def __init__(self, rowcount: int) -> None:
        self.rowcount = rowcount

    def fetchone(self) -> Any:
        return None

    def fetchall(self) -> list[Any]:
        return []

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Growth:
    """Rows that were added to each table since the server counted it last.

    Args:
        known: the tables, with their rows as counted last.
    """

    FIRST = 200
    """Rows of a table that was never counted."""
    TIMES = 4
    """A table is counted again when it is so many times as large as it was then."""

    def __init__(self, known: Mapping[str, int] | None = None) -> None:
        self._known = dict(known or {})
        self._added: Counter[str] = Counter()

    @classmethod
    def of(cls, statements: Statements) -> Self:
        """What the server knows of the store's tables."""
        found = statements.execute(
            "SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND relnamespace ="
            " (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        )
        return cls({row[0]: max(0, int(row[1])) for row in found})

    def add(self, table: str, rows: int) -> None:
        """Rows were added; tables that are not the store's do not count."""
        if table in self._known:
            self._added[table] += rows

    def due(self) -> list[str]:
        """Tables that the server should count now; they are taken as counted."""
        found = [t for t, n in self._added.items() if n >= max(self.FIRST, (self.TIMES - 1) * self._known[t])]
        for table in found:
            self._known[table] += self._added.pop(table)
        return found


def connect(address: PostgresAddress) -> Session:
    """A new session; a transaction begins with its first statement.

    Raises:
        InputInvalid: the address cannot be read.
        psycopg.OperationalError: nobody answers, or does not let us in.
    """
    session = psycopg.connect(
        address.reveal(),
        cursor_factory=psycopg.RawCursor,
        row_factory=_row_factory,
        prepare_threshold=3,
        **_defaults(address),
    )
    session.prepared_max = 1000
    for kind, dumper in ((int, _Plain), (float, _Plain), (bool, _Flag), (str, _Text), (bytes, _Bytes)):
        session.adapters.register_dumper(kind, dumper)
    return session


def _defaults(address: PostgresAddress) -> dict[str, Any]:
    """What a URL may say and need not."""
    wanted: dict[str, Any] = {
        "application_name": f"vaiven process {os.getpid()} on {socket.gethostname()}",
        "connect_timeout": 10,
        "client_encoding": "UTF8",
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }
    try:
        given = psycopg.conninfo.conninfo_to_dict(address.reveal())
    except psycopg.ProgrammingError:
        # What the driver says repeats the URL.
        raise InputInvalid(
            f"The address {address} cannot be read.",
            why="a part of it does not parse, or an option is unknown",
            remedy="Write it as postgresql://user:password@host:5432/database?option=value, with special characters as"
            " in %40 for @.",
        ) from None
    return {name: value for name, value in wanted.items() if name not in given}
