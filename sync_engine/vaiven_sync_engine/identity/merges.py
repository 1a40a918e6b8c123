"""Records that a tool's users merged: the one that is gone stands for the one that stays.

A merge is kept as an edge between the two records, so that resolution joins their entities and never tears them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaiven_sync_engine.identity import edges

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from vaiven_sync_engine.store.sql import Sql


def note_merges(connection: Sql, tenant: str, source: int, run: str, at: str, merges: Iterable[tuple[str, str]]) -> int:
    """Keep who is gone and into whom; gives the number of records that changed. What is known already changes none."""
    changed = 0
    new = [pair for pair in dict.fromkeys(merges) if pair[0] != pair[1]]
    if not new:
        return 0
    (kind,) = connection.execute("SELECT entity FROM source WHERE id = ?", (source,)).fetchone()
    for loser, winner in new:
        if edges.merged_into(connection, tenant, source, loser) == winner:
            continue
        edges.merged_by_tool(connection, tenant, kind, source, loser, winner, run, at)
        changed += connection.execute(
            "UPDATE record SET deleted_at = coalesce(deleted_at, ?), dirty = 1, run_id = ?"
            " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            (at, run, tenant, source, loser),
        ).rowcount
    return changed


def unmerge(connection: Sql, tenant: str, source: int, alive: Collection[str]) -> None:
    """Records that a tool shows alive are merged into nobody: somebody took the merge back."""
    if not alive or not edges.some(connection, tenant):
        return
    back = [
        edge
        for edge in edges.touching(connection, tenant, [(source, one) for one in alive])
        if (lost := edge.lost) is not None and lost[0] == source and lost[1] in alive
    ]
    for edge in back:
        _, remote = edge.lost or (source, "")
        there = connection.execute(
            "SELECT 1 FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ? AND deleted_at IS NULL",
            (tenant, source, remote),
        ).fetchone()
        if there:
            edges.take_back(connection, tenant, edge)


def is_merged(connection: Sql, tenant: str, source: int, remote_id: str) -> bool:
    """Whether a record is gone because it was merged into another one."""
    return edges.merged_into(connection, tenant, source, remote_id) is not None


def join_merged(connection: Sql, tenant: str, kind: str, sources: Sequence[int], at: str) -> dict[str, str]:
    """Of a kind without keys: give what belonged to a merged record to the one that stays; entities from -> to."""
    moved: dict[str, str] = {}
    for edge in edges.every(connection, tenant, kind) if edges.some(connection, tenant) else ():
        if edge.lost is None or edge.lost[0] not in sources:
            continue
        lost, kept = (_last(moved, _entity(connection, tenant, one)) for one in (edge.lost, edge.kept))
        if not lost or not kept or lost == kept:
            continue
        moved[lost] = kept
        connection.execute(
            "UPDATE record SET entity_id = ?, shadow = NULL, dirty = 1 WHERE tenant_id = ? AND entity_id = ?",
            (kept, tenant, lost),
        )
        connection.execute(
            "INSERT INTO redirect (tenant_id, entity, from_id, to_id, at, evidence)"
            " VALUES (?, ?, ?, ?, ?, 'merged at the tool')"
            " ON CONFLICT (tenant_id, entity, from_id) DO UPDATE SET to_id = excluded.to_id",
            (tenant, kind, lost, kept, at),
        )
    return {lost: _last(moved, lost) for lost in moved}


def _entity(connection: Sql, tenant: str, record: tuple[int, str]) -> str:
    row = connection.execute(
        "SELECT entity_id FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?", (tenant, *record)
    ).fetchone()
    return (row[0] if row else "") or ""


def _last(moved: dict[str, str], one: str) -> str:
    while one in moved:
        one = moved[one]
    return one
