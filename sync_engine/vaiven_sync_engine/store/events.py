"""Events that one tool reports and another one is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaiven_sync_engine.store.sql import Sql


def pend_events(connection: Sql, tenant: str, kind: str, ids: Iterable[str]) -> None:
    """List those of these events that are new, for the tools that are to record them."""
    connection.executemany(
        "INSERT INTO pending (tenant_id, entity, entity_id)"
        f' SELECT tenant_id, ?, id FROM "{kind}" WHERE tenant_id = ? AND id = ? ON CONFLICT DO NOTHING',
        [(kind, tenant, event_id) for event_id in ids],
    )


def settle_echoes(connection: Sql, tenant: str, kind: str, sources: Sequence[int]) -> None:
    """An event that we recorded in a tool comes back when that tool is read: it is not another one."""
    mine = f"tenant_id = ? AND dirty <> 0 AND source_id IN ({','.join('?' * len(sources))})"
    connection.execute(
        f"UPDATE record SET entity_id = hub_id WHERE {mine} AND entity_id IS NULL AND hub_id IN"
        f' (SELECT id FROM "{kind}" WHERE tenant_id = ?)',
        (tenant, *sources, tenant),
    )
    connection.execute(f"UPDATE record SET dirty = 0 WHERE {mine} AND entity_id IS NOT NULL", (tenant, *sources))
