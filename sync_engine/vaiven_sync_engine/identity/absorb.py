"""An entity turned out to be another one: what becomes of its row and of what refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaiven_sync_engine.consent.acts import merge_consents
from vaiven_sync_engine.derive import absorb as absorb_rows
from vaiven_sync_engine.links import compare_again
from vaiven_sync_engine.store import entities as rows

if TYPE_CHECKING:
    from vaiven_sync_engine.store.sql import Sql

MERGED = "merged_into:"
"""Beginning of the deletion reason of an entity that is a redirect now; the id that was kept follows."""


def absorb(connection: Sql, tenant: str, kind: str, lost: str, kept: str, at: str) -> None:
    """Make the row of `lost` a marked redirect; references follow to `kept`. Nothing is merged in any tool."""
    connection.execute(
        f'UPDATE "{kind}" SET deleted_at = ?, deletion_reason = ?, updated_at = ? WHERE tenant_id = ? AND id = ?',
        (at, f"{MERGED}{kept}", at, tenant, lost),
    )
    connection.execute(
        "DELETE FROM pending WHERE tenant_id = ? AND entity = ? AND entity_id = ?",
        (tenant, kind, lost),
    )
    if kind == "person":
        merge_consents(connection, tenant, lost, kept, at)
        absorb_rows(connection, tenant, lost, kept, at)
    rows.repoint(connection, tenant, kind, lost, kept)
    compare_again(connection, tenant, kind, kept)
