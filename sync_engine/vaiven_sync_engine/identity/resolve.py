"""One resolution: every new or changed record of one kind gets its entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from ulid import ULID

from vaiven_sync_engine.identity import assign, evidence, keys, reach
from vaiven_sync_engine.identity.assign import Resolved
from vaiven_sync_engine.identity.edges import by_source
from vaiven_sync_engine.identity.merges import join_merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaiven_sdk.model import Entity
    from vaiven_sync_engine.identity.keys import RecordKey
    from vaiven_sync_engine.store.sql import Sql

log = structlog.get_logger("vaiven.identity")


def resolve(
    connection: Sql, tenant: str, entity: type[Entity], sources: Sequence[int], at: str, run: str = ""
) -> Resolved:
    """Give every new or changed record of these streams its entity; call it inside a transaction."""
    dirty = _dirty(connection, tenant, sources)
    if not dirty:
        return Resolved()
    spaces = keys.spaces_of(entity)
    if not spaces:
        out = _one_each(connection, tenant, dirty)
        out.merged = join_merged(connection, tenant, entity.kind, sources, at)
        return out
    keys.write_keys(connection, tenant, entity, dirty)
    graph = reach.load(connection, tenant, entity.kind, spaces, sources, dirty)
    del dirty
    graph.join()
    out, moves = assign.assign(graph)
    if out.split:
        moves = assign.reclaim(connection, tenant, entity.kind, graph, moves, out)
    assign.write(connection, tenant, entity.kind, graph, moves, out, at)
    evidence.record_moves(connection, tenant, entity.kind, graph, moves, run, at)
    for entity_id, records in out.large.items():
        log.warning("large_entity", kind=entity.kind, id=entity_id, records=records)
    return out


def _dirty(connection: Sql, tenant: str, sources: Sequence[int]) -> list[RecordKey]:
    """What to look at; a first sync has all of it here, so it is no more than the keys."""
    marks = ",".join("?" * len(sources))
    return [
        (row[0], row[1])
        for row in connection.execute(
            f"SELECT source_id, remote_id FROM record WHERE tenant_id = ? AND dirty <> 0 AND source_id IN ({marks})"
            " AND (deleted_at IS NULL OR entity_id IS NOT NULL)",
            (tenant, *sources),
        )
    ]


def _one_each(connection: Sql, tenant: str, dirty: Iterable[RecordKey]) -> Resolved:
    """Kinds without keys: a record is its own entity."""
    out = Resolved()
    for source, remotes in by_source(dirty):
        new = [
            (row[1] or str(ULID()), tenant, source, row[0])
            for row in connection.execute(
                "SELECT remote_id, hub_id FROM record WHERE tenant_id = ? AND source_id = ?"
                f" AND remote_id IN ({','.join('?' * len(remotes))}) AND entity_id IS NULL ORDER BY remote_id",
                (tenant, source, *remotes),
            )
        ]
        connection.executemany(
            "UPDATE record SET entity_id = ? WHERE tenant_id = ? AND source_id = ? AND remote_id = ?", new
        )
        out.created += len(new)
    return out
