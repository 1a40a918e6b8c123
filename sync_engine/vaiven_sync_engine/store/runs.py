"""Rows of the control plane that a run writes: itself, its sources, and what it leaves to be planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.report import Report
    from vaiven_sync_engine.store.sql import Sql


def source_row(connection: Sql, tenant: str, connection_id: str, stream: str, entity: str) -> tuple[int, int]:
    """One stream of one connection, made at first sight: its row id, and the mapping's version it was read by."""
    where = (tenant, connection_id, stream)
    row = connection.execute(
        "SELECT id, mapping_version FROM source WHERE tenant_id = ? AND connection_id = ? AND stream = ?", where
    ).fetchone()
    if row is not None:
        return int(row[0]), int(row[1])
    (made,) = connection.execute(
        "INSERT INTO source (tenant_id, connection_id, stream, entity, position) VALUES (?, ?, ?, ?, '{}')"
        " RETURNING id",
        (*where, entity),
    ).fetchone()
    # What is already known may be missing in the new tool.
    connection.execute(
        "INSERT INTO pending (tenant_id, entity, entity_id)"
        f' SELECT tenant_id, ?, id FROM "{entity}" WHERE tenant_id = ? AND deleted_at IS NULL ON CONFLICT DO NOTHING',
        (entity, tenant),
    )
    return int(made), 0


def unpend(connection: Sql, tenant: str, examined: Sequence[tuple[str, str]], left: set[str]) -> None:
    """Planned and brought to an end: out of the list. What a read-back changed comes back in with its merge."""
    connection.executemany(
        "DELETE FROM pending WHERE tenant_id = ? AND entity = ? AND entity_id = ?",
        [(tenant, kind, entity_id) for kind, entity_id in examined if entity_id not in left],
    )


def begin_run(connection: Sql, tenant: str, report: Report, at: str) -> None:
    """Open a run."""
    connection.execute(
        "INSERT INTO run (tenant_id, id, kind, status, started_at, counts) VALUES (?, ?, ?, 'running', ?, '{}')",
        (tenant, report.run, report.kind, at),
    )


def end_run(connection: Sql, tenant: str, report: Report, at: str) -> None:
    """Close a run, however it ended."""
    shown = report.as_dict()
    error = next(iter(report.errors.values())).as_dict() if report.errors else None
    connection.execute(
        "UPDATE run SET status = ?, finished_at = ?, counts = ?, error = ?, digest = ? WHERE tenant_id = ? AND id = ?",
        (
            report.status,
            at,
            msgspec.json.encode(shown).decode(),
            msgspec.json.encode(error).decode() if error else None,
            shown["plan"]["digest"] if shown["plan"] else None,
            tenant,
            report.run,
        ),
    )
