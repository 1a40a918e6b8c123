"""What a merge had written over, in the hub and then in the tools, is put back when the merge is undone.

The values that lost are in `conflict`. A field that one side did not have at all was filled from the other side.
Both are put back where the merged value still stands; what somebody has edited since then is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sync_engine.consent.rule import CHANNELS
from vaiven_sync_engine.derive import derive
from vaiven_sync_engine.store import entities as rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from vaiven_sync_engine.identity.keys import RecordKey
    from vaiven_sync_engine.identity.unmerge import Apart
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql

UNMERGED = "unmerged"
"""Rule of a value that was put back."""


def restore(connection: Sql, tenant: str, kind: str, apart: Apart, sources: Mapping[int, Source], at: str) -> int:
    """Put values back and give how many; call it when the parts are resolved and merged anew, in a transaction."""
    if apart.merged is None:
        return 0
    done = 0
    for side, other in ((apart.records, apart.rest), (apart.rest, apart.records)):
        wanted = _wanted(connection, tenant, apart, side, other, sources)
        for entity_id in {_entity(connection, tenant, key) for key in side}:
            done += _put_back(connection, tenant, kind, entity_id, apart, wanted, at)
    return done


def _wanted(
    connection: Sql,
    tenant: str,
    apart: Apart,
    side: Collection[RecordKey],
    other: Collection[RecordKey],
    sources: Mapping[int, Source],
) -> dict[str, Any]:
    """Field -> the value that this side had before the merge, as far as it is known."""
    merged = apart.merged
    mine, theirs = _named(side, sources), _named(other, sources)
    filled = _written(connection, tenant, apart, side)
    wanted: dict[str, Any] = {}
    for name, origin in merged.origins.items() if merged else ():
        if origin.rule == "first" and (origin.source, origin.remote_id) in other and name in filled:
            wanted[name] = None
    lost: dict[str, Any] = {}
    for row in connection.execute(
        "SELECT field, lost, lost_from, kept_from FROM conflict WHERE tenant_id = ? AND entity_id = ? AND at >= ?"
        " ORDER BY at, id",
        (tenant, apart.into, apart.when),
    ):
        if row[2] in mine and row[3] in theirs:
            lost.setdefault(row[0], msgspec.json.decode(row[1]))
    return {name: value for name, value in {**wanted, **lost}.items() if name not in CHANNELS}


def _written(connection: Sql, tenant: str, apart: Apart, side: Collection[RecordKey]) -> set[str]:
    """The fields that we wrote into records of this side since the merge."""
    found: set[str] = set()
    for source, remote in side:
        for row in connection.execute(
            "SELECT fields FROM intent WHERE tenant_id = ? AND source_id = ? AND remote_id = ? AND op = 'update'"
            " AND state = 'done' AND created_at >= ?",
            (tenant, source, remote, apart.when),
        ):
            found.update(msgspec.json.decode(row[0]))
    return found


def _put_back(
    connection: Sql, tenant: str, kind: str, entity_id: str, apart: Apart, wanted: Mapping[str, Any], at: str
) -> int:
    entity = rows.load(connection, tenant, kind, [entity_id]).get(entity_id)
    if entity is None or entity.deleted_at or apart.merged is None:
        return 0
    before, gone = entity.rev, {}
    for name, value in wanted.items():
        now = entity.values.get(name)
        if now == apart.merged.values.get(name) and now != value:
            entity.set(name, value, 0, "hub", at, UNMERGED)
            gone[name] = now
    if not gone:
        return 0
    rows.save(connection, tenant, kind, [entity], at)
    connection.execute(
        "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (tenant, kind, entity_id),
    )
    if kind == "person":
        derive(connection, tenant, {entity_id: (entity, before)}, at)
    _forget_addresses(connection, tenant, entity_id, gone, at)
    return len(gone)


def _forget_addresses(connection: Sql, tenant: str, entity_id: str, gone: Mapping[str, Any], at: str) -> None:
    """Addresses and keys that records had by our own writing alone say nothing of them."""
    for name, value in gone.items():
        connection.execute(
            "UPDATE consent_state SET deleted_at = ?, deletion_reason = ?, updated_at = ? WHERE tenant_id = ?"
            " AND person_id = ? AND deleted_at IS NULL AND contact_point_id IN (SELECT id FROM contact_point"
            " WHERE tenant_id = ? AND person_id = ? AND type = ? AND normalized = ?)",
            (at, UNMERGED, at, tenant, entity_id, tenant, entity_id, name, str(value)),
        )
        connection.execute(
            "UPDATE contact_point SET deleted_at = ?, deletion_reason = ?, updated_at = ? WHERE tenant_id = ?"
            " AND person_id = ? AND type = ? AND normalized = ? AND deleted_at IS NULL",
            (at, UNMERGED, at, tenant, entity_id, name, str(value)),
        )
        connection.execute(
            "DELETE FROM record_key WHERE tenant_id = ? AND value = ? AND (source_id, remote_id) IN"
            " (SELECT source_id, remote_id FROM record WHERE tenant_id = ? AND entity_id = ?)",
            (tenant, str(value), tenant, entity_id),
        )


def _named(records: Collection[RecordKey], sources: Mapping[int, Source]) -> set[str]:
    """Records as `conflict` names them."""
    return {
        f"{sources[source].connection_id}/{sources[source].stream.name}/{remote}"
        for source, remote in records
        if source in sources
    }


def _entity(connection: Sql, tenant: str, key: RecordKey) -> str:
    (found,) = connection.execute(
        "SELECT entity_id FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?", (tenant, *key)
    ).fetchone()
    return str(found)
