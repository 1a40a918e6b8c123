"""What is known of two records beside their keys: said by a person, by their tool or by a score."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vaiven_sync_engine.identity.keys import RecordKey
    from vaiven_sync_engine.store.sql import Sql

Kind = Literal["accepted", "refused", "merged", "absorbed", "score", "unlike"]
"""`accepted` and `refused` are a person's word; `merged` (the first went into the second) and `absorbed` (the second
into the first) a merge made in the tool; `score` a match that needed nobody, `unlike` a pair that scored low and so
keeps others from joining the two by a score."""
SAID = ("accepted", "refused")
CHUNK = 400
"""Values in one statement."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One pair of records, the smaller key first."""

    one: RecordKey
    two: RecordKey
    kind: str
    score: float | None = None

    @property
    def lost(self) -> RecordKey | None:
        """The record that is gone by a merge made in the tool."""
        return {"merged": self.one, "absorbed": self.two}.get(self.kind)

    @property
    def kept(self) -> RecordKey:
        """The one that stays."""
        return self.one if self.kind == "absorbed" else self.two


def put(connection: Sql, tenant: str, kind: str, edges: Iterable[Edge], run: str, at: str) -> None:
    """Store edges; what a person said of a pair gives way to nothing but what a person says later."""
    rows = []
    for edge in edges:
        one, two = sorted((edge.one, edge.two))
        rows.append((tenant, kind, *one, *two, edge.kind, edge.score, run, at))
    connection.executemany(
        "INSERT INTO record_edge (tenant_id, entity, source_id, remote_id, other_source, other_remote, kind, score,"
        " run_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant_id, entity, source_id, remote_id, other_source, other_remote) DO UPDATE SET"
        " kind = excluded.kind, score = excluded.score, run_id = excluded.run_id, at = excluded.at"
        " WHERE record_edge.kind NOT IN ('accepted', 'refused') OR excluded.kind IN ('accepted', 'refused')",
        rows,
    )


def drop(connection: Sql, tenant: str, kind: str, edges: Iterable[Edge]) -> None:
    """Forget edges that a score made; what a person or a tool said stays."""
    connection.executemany(
        "DELETE FROM record_edge WHERE tenant_id = ? AND entity = ? AND source_id = ? AND remote_id = ?"
        " AND other_source = ? AND other_remote = ? AND kind IN ('score', 'unlike')",
        [(tenant, kind, *edge.one, *edge.two) for edge in edges],
    )


def look_again(connection: Sql, tenant: str, records: Iterable[RecordKey]) -> None:
    """Have the next resolution look at these records."""
    connection.executemany(
        "UPDATE record SET dirty = 1 WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
        [(tenant, *key) for key in records],
    )


def merged_by_tool(
    connection: Sql, tenant: str, kind: str, source: int, loser: str, winner: str, run: str, at: str
) -> None:
    """A tool merged two of its records: their entities are one from the next resolution on; nothing is written there.

    Call it inside a transaction, when the tool says so; whether the loser is still listed makes no difference.
    """
    said = "merged" if loser < winner else "absorbed"
    put(connection, tenant, kind, [Edge((source, loser), (source, winner), said)], run, at)
    look_again(connection, tenant, [(source, loser), (source, winner)])


def merged_into(connection: Sql, tenant: str, source: int, remote: str) -> str | None:
    """The record of its tool that a record went into: nobody deleted the person."""
    edges = touching(connection, tenant, [(source, remote)])
    return next((edge.kept[1] for edge in edges if edge.lost == (source, remote)), None)


def take_back(connection: Sql, tenant: str, edge: Edge) -> None:
    """Forget a merge that its tool took back."""
    connection.execute(
        "DELETE FROM record_edge WHERE tenant_id = ? AND source_id = ? AND remote_id = ? AND other_source = ?"
        " AND other_remote = ? AND kind IN ('merged', 'absorbed')",
        (tenant, *edge.one, *edge.two),
    )
    look_again(connection, tenant, [edge.one, edge.two])


def every(connection: Sql, tenant: str, kind: str) -> list[Edge]:
    """All edges of a kind of entity."""
    return [
        _of(row)
        for row in connection.execute(
            f"SELECT {_COLUMNS} FROM record_edge WHERE tenant_id = ? AND entity = ?", (tenant, kind)
        )
    ]


def some(connection: Sql, tenant: str) -> bool:
    """Whether there is any edge at all: most tenants never have one."""
    return connection.execute("SELECT 1 FROM record_edge WHERE tenant_id = ? LIMIT 1", (tenant,)).fetchone() is not None


def touching(connection: Sql, tenant: str, records: Iterable[RecordKey]) -> Iterator[Edge]:
    """The edges of these records; one between two of them comes twice."""
    for source, remotes in by_source(records):
        marks = ",".join("?" * len(remotes))
        for place in ("source_id = ? AND remote_id", "other_source = ? AND other_remote"):
            for row in connection.execute(
                f"SELECT {_COLUMNS} FROM record_edge WHERE tenant_id = ? AND {place} IN ({marks})",
                (tenant, source, *remotes),
            ):
                yield _of(row)


def by_source(records: Iterable[RecordKey]) -> Iterator[tuple[int, list[str]]]:
    """Remote ids by source, as many at a time as one statement takes."""
    grouped: dict[int, list[str]] = defaultdict(list)
    for source, remote in records:
        grouped[source].append(remote)
    for source, remotes in grouped.items():
        for start in range(0, len(remotes), CHUNK):
            yield source, remotes[start : start + CHUNK]


_COLUMNS = "source_id, remote_id, other_source, other_remote, kind, score"


def _of(row: Any) -> Edge:
    return Edge((row[0], row[1]), (row[2], row[3]), row[4], row[5])
