"""What the engine asks of a database: statements with `?` marks, in SQL that SQLite and Postgres both take."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_TYPES = {
    "sqlite": {str: "TEXT", int: "INTEGER", float: "REAL"},
    # Text is compared byte by byte everywhere, as SQLite does: versions and instants are ordered by it.
    "postgres": {str: 'TEXT COLLATE "C"', int: "BIGINT", float: "DOUBLE PRECISION"},
}


class Rows(Protocol):
    """What a statement gave: rows that are read by name or by index, and how many rows it changed."""

    @property
    def rowcount(self) -> int:
        """Rows that a write changed, over all its parameters; an upsert that left a row as it was does not count."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Sql(Protocol):
    """A transaction's way to the database; `sqlite3.Connection` is one.

    One text has to serve both databases: `INSERT ... ON CONFLICT (key) DO ...` with the key named for an update and
    the table named where its own column is meant (`SET n = record.n + 1`), `TRUE` and `FALSE` for booleans, values
    bound and never spelled in hexadecimal, no `rowid`, no JSON functions, `lower(a) LIKE lower(?) ESCAPE '!'` for a
    search. `NULL`s and ties have no order of their own: name what is wanted.
    """

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Carry out one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Rows:
        """Carry out one writing statement for each of many rows, in their order."""


def scratch(
    connection: Sql, name: str, columns: Mapping[str, type[str | int | float]], key: Sequence[str] = ()
) -> None:
    """An empty table that this database session alone sees; it is emptied again when it is asked for again.

    Args:
        connection: in a transaction.
        name: not that of a table of the store.
        columns: name -> Python type.
        key: columns of the primary key; a second row with the same key is then a conflict
            (`INSERT ... ON CONFLICT DO NOTHING`).
    """
    on_sqlite = isinstance(connection, sqlite3.Connection)
    types = _TYPES["sqlite" if on_sqlite else "postgres"]
    parts = [f'"{column}" {types[kind]}' for column, kind in columns.items()]
    if key:
        parts.append(f"PRIMARY KEY ({', '.join(key)})")
    layout = " WITHOUT ROWID" if on_sqlite and key else ""
    connection.execute(f'CREATE TEMP TABLE IF NOT EXISTS "{name}" ({", ".join(parts)}){layout}')
    connection.execute(f'DELETE FROM "{name}"' if on_sqlite else f'TRUNCATE "{name}"')


def measured(connection: Sql, *names: str) -> None:
    """Tell the database what is in scratch or other tables now, so that it plans well; after changing much of one."""
    if not isinstance(connection, sqlite3.Connection):
        for name in names:
            connection.execute(f'ANALYZE "{name}"')
