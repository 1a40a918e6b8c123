"""Records that a tool's users merged: the one that is gone stands for the one that stays.

A merge is kept as a key that both records share, so that resolution joins their entities and never tears them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

MERGED = "merged"
"""Namespace of the key: its value is the stream and the id of the record that stays."""


def note_merges(
    connection: sqlite3.Connection, tenant: str, source: int, run: str, at: str, merges: Iterable[tuple[str, str]]
) -> int:
    """Keep who is gone and into whom; gives the number of records that changed. What is known already changes none."""
    changed = 0
    for loser, winner in dict.fromkeys(merges):
        value = f"{source}/{winner}"
        before = connection.total_changes
        connection.executemany(
            "INSERT INTO record_key (tenant_id, entity, namespace, value, source_id, remote_id)"
            " SELECT ?, entity, ?, ?, id, ? FROM source WHERE id = ? ON CONFLICT DO NOTHING",
            [(tenant, MERGED, value, one, source) for one in (loser, winner)],
        )
        if connection.total_changes > before:
            changed += connection.execute(
                "UPDATE record SET deleted_at = coalesce(deleted_at, ?), dirty = 1, run_id = ?"
                " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
                (at, run, tenant, source, loser),
            ).rowcount
    return changed


def unmerge(connection: sqlite3.Connection, tenant: str, source: int, alive: Collection[str]) -> None:
    """Records that a tool shows alive are merged into nobody: somebody took the merge back."""
    rows = connection.execute(
        "SELECT k.remote_id, k.value FROM record_key k JOIN record r USING (tenant_id, source_id, remote_id)"
        " WHERE k.tenant_id = ? AND k.entity = (SELECT entity FROM source WHERE id = ?) AND k.namespace = ?"
        " AND k.source_id = ? AND r.deleted_at IS NULL",
        (tenant, source, MERGED, source),
    ).fetchall()
    back = [row for row in rows if row["remote_id"] in alive and row["value"] != f"{source}/{row['remote_id']}"]
    connection.executemany(
        "DELETE FROM record_key WHERE tenant_id = ? AND entity = (SELECT entity FROM source WHERE id = ?)"
        " AND namespace = ? AND value = ? AND source_id = ? AND remote_id = ?",
        [(tenant, source, MERGED, row["value"], source, row["remote_id"]) for row in back],
    )


def is_merged(connection: sqlite3.Connection, tenant: str, source: int, remote_id: str) -> bool:
    """Whether a record is gone because it was merged into another one."""
    # `current` is in no index: without it SQLite would read all of the tenant's keys in the primary key's.
    keys = connection.execute(
        "SELECT namespace, value, current FROM record_key WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
        (tenant, source, remote_id),
    )
    return any(one["namespace"] == MERGED and one["value"] != f"{source}/{remote_id}" for one in keys)


def join_merged(
    connection: sqlite3.Connection, tenant: str, kind: str, sources: Sequence[int], at: str
) -> dict[str, str]:
    """Of a kind without keys: give what belonged to a merged record to the one that stays; entities from -> to."""
    moved: dict[str, str] = {}
    marks = ",".join("?" * len(sources))
    pairs = connection.execute(
        "SELECT l.entity_id lost, w.entity_id kept FROM record_key k"
        " JOIN record l USING (tenant_id, source_id, remote_id)"
        " JOIN record w ON w.tenant_id = k.tenant_id AND w.source_id = k.source_id"
        " AND k.value = w.source_id || '/' || w.remote_id"
        f" WHERE k.tenant_id = ? AND k.entity = ? AND k.namespace = ? AND k.source_id IN ({marks})"
        " AND l.remote_id <> w.remote_id AND l.entity_id <> w.entity_id",
        (tenant, kind, MERGED, *sources),
    ).fetchall()
    for pair in pairs:
        lost, kept = (_last(moved, one) for one in (pair["lost"], pair["kept"]))
        if lost == kept:
            continue
        moved[lost] = kept
        connection.execute(
            "UPDATE record SET entity_id = ?, shadow = NULL, dirty = 1 WHERE tenant_id = ? AND entity_id = ?",
            (kept, tenant, lost),
        )
        connection.execute(
            "INSERT INTO redirect (tenant_id, entity, from_id, to_id, at, evidence)"
            " VALUES (?, ?, ?, ?, ?, 'merged at the tool') ON CONFLICT DO UPDATE SET to_id = excluded.to_id",
            (tenant, kind, lost, kept, at),
        )
    return {lost: _last(moved, lost) for lost in moved}


def _last(moved: dict[str, str], one: str) -> str:
    while one in moved:
        one = moved[one]
    return one
