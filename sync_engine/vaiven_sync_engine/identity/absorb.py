"""An entity turned out to be another one: what becomes of its row and of what refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaiven_sync_engine.consent.acts import merge_consents
from vaiven_sync_engine.derive import absorb as absorb_rows
from vaiven_sync_engine.links import compare_again
from vaiven_sync_engine.store import entities as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sync_engine.store.sql import Sql

MERGED = "merged_into:"
"""Beginning of the deletion reason of an entity that is a redirect now; the id that was kept follows."""


def absorb(connection: Sql, tenant: str, kind: str, merged: Mapping[str, str], at: str) -> None:
    """Make the rows of what was merged (from -> to) marked redirects; references follow. No tool merges anything."""
    rest = dict(merged)
    while rest:
        # Of several that went into one, each meets what the ones before it brought.
        first: dict[str, str] = {}
        for lost, kept in rest.items():
            first.setdefault(kept, lost)
        some = {lost: kept for kept, lost in first.items()}
        _absorb(connection, tenant, kind, some, at)
        rest = {lost: kept for lost, kept in rest.items() if lost not in some}


def _absorb(connection: Sql, tenant: str, kind: str, merged: Mapping[str, str], at: str) -> None:
    connection.executemany(
        f'UPDATE "{kind}" SET deleted_at = ?, deletion_reason = ?, updated_at = ? WHERE tenant_id = ? AND id = ?',
        [(at, f"{MERGED}{kept}", at, tenant, lost) for lost, kept in merged.items()],
    )
    connection.executemany(
        "DELETE FROM pending WHERE tenant_id = ? AND entity = ? AND entity_id = ?",
        [(tenant, kind, lost) for lost in merged],
    )
    if kind == "person":
        for lost, kept in merged.items():
            merge_consents(connection, tenant, lost, kept, at)
            absorb_rows(connection, tenant, lost, kept, at)
    rows.repoint(connection, tenant, kind, merged)
    compare_again(connection, tenant, kind, sorted(set(merged.values())))
