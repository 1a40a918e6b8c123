"""Try again what was set aside: records that could not be taken, and writes that a tool refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_sync_engine.records import CUSTOM_VALUE, KEPT_BODY, Bad, decode_one
from vaiven_sync_engine.store.pages import upsert_records

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql

REPLAYED = "replayed"
"""In the place of a run, for records that were taken in a second time."""


@dataclass(slots=True)
class Replayed:
    """What came of it.

    Args:
        taken: records that are taken now; the next sync merges them.
        refused: why others still cannot be, by the id of their row.
        cut: rows of records too large to have been kept whole: they come again when their tool sends them.
        writes: writes that are planned anew at the next sync, from what the values are then.
    """

    taken: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    writes: int = 0


def replay(
    connection: Sql, tenant: str, sources: Mapping[int, Source], at: str, only: Collection[str] = ()
) -> Replayed:
    """Read the records in quarantine again, as their connectors and mappings are now; call it inside a transaction.

    Args:
        connection: in a transaction.
        tenant: whose.
        sources: the tenant's streams as their accounts have them, by row id.
        at: the current instant.
        only: ids of rows; all when empty.
    """
    out = Replayed()
    for row in connection.execute(
        "SELECT id, source_id, body, code FROM quarantine WHERE tenant_id = ? ORDER BY id", (tenant,)
    ).fetchall():
        source = sources.get(row["source_id"])
        if source is None or (only and row["id"] not in only) or row["code"] == CUSTOM_VALUE:
            continue
        body = row["body"].encode()
        if len(body) >= KEPT_BODY:
            out.cut.append(row["id"])
            continue
        one = decode_one(source.stream.record, body)
        if isinstance(one, Bad):
            out.refused[row["id"]] = one.reason
            continue
        upsert_records(connection, tenant, source.id, REPLAYED, at, [one])
        connection.execute("DELETE FROM quarantine WHERE tenant_id = ? AND id = ?", (tenant, row["id"]))
        out.taken += 1
    return out


def retry_writes(connection: Sql, tenant: str, sources: Collection[int], at: str) -> int:
    """Let writes that these streams' tools refused be planned again; gives how many.

    Nothing is sent from here, and no old payload is kept for it: the next plan compares the values of then.
    """
    marks = ",".join("?" * len(sources))
    where: tuple[Any, ...] = (tenant, *sources)
    refused = f"tenant_id = ? AND state = 'rejected' AND source_id IN ({marks})"
    connection.execute(
        "INSERT INTO pending (tenant_id, entity, entity_id)"
        f" SELECT DISTINCT tenant_id, entity, entity_id FROM intent WHERE {refused} ON CONFLICT DO NOTHING",
        where,
    )
    return connection.execute(
        f"UPDATE intent SET state = 'void', updated_at = ? WHERE {refused}", (at, *where)
    ).rowcount
