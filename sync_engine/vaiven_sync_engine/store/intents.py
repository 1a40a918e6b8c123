"""The push ledger: what is about to be sent, in the store before it leaves; what became of it, after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from ulid import ULID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaiven_sync_engine.plan import Planned
    from vaiven_sync_engine.store.sql import Sql

Closed = tuple[str, str, str, str, str | None]
"""What became of one write: id, state, code, reason, remote id."""


def open_intents(connection: Sql, tenant: str, run: str, at: str, writes: Sequence[Planned]) -> list[str]:
    """Journal writes that are about to be sent; gives their ids, in order."""
    ids = [str(ULID()) for _ in writes]
    connection.executemany(
        "INSERT INTO intent (tenant_id, id, source_id, entity, entity_id, remote_id, op, key, fields, base_version,"
        " state, code, reason, attempts, run_id, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'sending', '', '', 1, ?, ?, ?)",
        [
            (
                tenant, intent_id, w.source, w.entity, w.entity_id, w.remote_id, w.op, w.key,
                msgspec.json.encode(dict(w.fields)).decode(), w.base_version, run, at, at,
            )
            for intent_id, w in zip(ids, writes, strict=True)
        ],
    )  # fmt: skip
    return ids


def close_intents(
    connection: Sql,
    tenant: str,
    at: str,
    closed: Iterable[Closed],
) -> None:
    """Record what became of them: (id, state, code, reason, remote id)."""
    connection.executemany(
        "UPDATE intent SET state = ?, code = ?, reason = ?, remote_id = coalesce(?, remote_id), updated_at = ?"
        " WHERE tenant_id = ? AND id = ?",
        [(state, code, reason, remote, at, tenant, intent_id) for intent_id, state, code, reason, remote in closed],
    )


def unsettled(connection: Sql, tenant: str, source: int) -> list[dict[str, Any]]:
    """Writes of which nobody knows whether they took effect: sent, and no answer was stored."""
    return [
        {**dict(row), "fields": msgspec.json.decode(row["fields"])}
        for row in connection.execute(
            "SELECT * FROM intent WHERE tenant_id = ? AND source_id = ? AND state IN ('sending', 'unknown')"
            # An erasure is settled by erasing again, which does no harm.
            " AND op <> 'erase'"
            " ORDER BY created_at, id",
            (tenant, source),
        )
    ]
