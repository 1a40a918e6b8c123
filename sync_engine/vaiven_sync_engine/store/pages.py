"""The page ledger: a page's rows, the stream's position and the proof that it was counted, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sync_engine.errors import PositionLost
from vaiven_sync_engine.identity.merges import note_merges, unmerge
from vaiven_sync_engine.store.tombstones import admitted, without_erased

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.records import Bad, Observed
    from vaiven_sync_engine.store.sql import Sql

CHUNK = 500
"""Ids in one statement."""

# A newer or equal version with other content replaces the row; an older one is a stale page and changes nothing. A
# deleted record comes back only with a newer version.
_UPSERT = """
INSERT INTO record
  (tenant_id, source_id, remote_id, version, hash, body, fields, hub_id, observed_at, deleted_at, run_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, source_id, remote_id) DO UPDATE SET
  version = excluded.version, hash = excluded.hash, body = excluded.body, fields = excluded.fields,
  hub_id = coalesce(excluded.hub_id, record.hub_id), observed_at = excluded.observed_at,
  deleted_at = excluded.deleted_at, run_id = excluded.run_id, dirty = 1
WHERE excluded.version >= record.version AND (
  (record.deleted_at IS NULL AND (excluded.deleted_at IS NOT NULL OR excluded.hash <> record.hash))
  OR (record.deleted_at IS NOT NULL AND excluded.deleted_at IS NULL
      AND (excluded.version > record.version OR excluded.version = '')))
"""

_GONE = """
UPDATE record SET deleted_at = ?, run_id = ?, dirty = 1
WHERE tenant_id = ? AND source_id = ? AND remote_id = ? AND deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class PageWrite:
    """One page to store.

    Args:
        seq: number of the page within the run and stream.
        position: the stream's position after this page, JSON.
        seen_version: the position version that this page follows.
        deleted_at: the instant to mark the records as deleted at, when the page says that they are gone.
        gone: ids that are deleted, without a record.
        merges: ids that are gone, each with the one that it was merged into.
    """

    tenant: str
    run: str
    source: int
    seq: int
    position: Any
    seen_version: int
    at: str
    good: Sequence[Observed]
    bad: Sequence[Bad]
    gone: Sequence[str] = ()
    merges: Sequence[tuple[str, str]] = ()
    deleted_at: str | None = None


def write_page(connection: Sql, page: PageWrite) -> int:
    """Store one page and give the number of records that changed; a page that is in the ledger changes nothing.

    Raises:
        PositionLost: another run moved this stream's position.
    """
    ledger = connection.execute(
        "INSERT INTO page (tenant_id, run_id, source_id, seq, records, changed, at) VALUES (?, ?, ?, ?, ?, 0, ?)"
        " ON CONFLICT DO NOTHING",
        (page.tenant, page.run, page.source, page.seq, len(page.good), page.at),
    )
    if ledger.rowcount == 0:
        return 0
    changed = upsert_records(connection, page.tenant, page.source, page.run, page.at, page.good, page.deleted_at)
    for remote_id in page.gone:
        row = (page.deleted_at or page.at, page.run, page.tenant, page.source, remote_id)
        changed += connection.execute(_GONE, row).rowcount
    if page.deleted_at is None:
        unmerge(connection, page.tenant, page.source, {o.remote_id for o in page.good})
    changed += note_merges(connection, page.tenant, page.source, page.run, page.deleted_at or page.at, page.merges)
    set_aside(connection, page.tenant, page.source, page.run, page.at, page.bad)
    if page.good:
        _release(connection, page)
    connection.execute(
        "UPDATE page SET changed = ? WHERE tenant_id = ? AND run_id = ? AND source_id = ? AND seq = ?",
        (changed, page.tenant, page.run, page.source, page.seq),
    )
    move_position(connection, page.source, page.position, page.seen_version)
    return changed


def upsert_records(
    connection: Sql,
    tenant: str,
    source: int,
    run: str,
    at: str,
    good: Sequence[Observed],
    deleted_at: str | None = None,
) -> int:
    """Store records, newest version first come or not; gives how many rows changed.

    A record of somebody who was erased is not stored.
    """
    good = admitted(connection, tenant, source, good)
    return connection.executemany(
        _UPSERT,
        [
            (tenant, source, o.remote_id, o.version, o.hash, o.body, o.fields, o.hub_id, at, deleted_at, run)
            for o in good
        ],
    ).rowcount


def columns_of(connection: Sql, tenant: str, source: int, column: str, ids: Sequence[str]) -> dict[str, Any]:
    """One column of some records, by id; those that there are."""
    found: dict[str, Any] = {}
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        found.update(
            (row[0], row[1])
            for row in connection.execute(
                f"SELECT remote_id, {column} FROM record WHERE tenant_id = ? AND source_id = ?"
                f" AND remote_id IN ({','.join('?' * len(some))})",
                (tenant, source, *some),
            )
        )
    return found


def set_aside(connection: Sql, tenant: str, source: int, run: str, at: str, bad: Sequence[Bad]) -> None:
    """Put records that cannot be taken into quarantine, once each."""
    bad = without_erased(connection, tenant, source, bad)
    connection.executemany(
        "INSERT INTO quarantine (tenant_id, id, source_id, remote_id, code, reason, body, run_id, first_at, last_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant_id, id) DO UPDATE SET last_at = excluded.last_at, run_id = excluded.run_id",
        [(tenant, f"{source}-{b.id}", source, b.remote_id, b.code, b.reason, b.body, run, at, at) for b in bad],
    )


def move_position(connection: Sql, source: int, position: Any, seen_version: int) -> None:
    """Set a stream's position if nobody moved it since.

    Raises:
        PositionLost: somebody did.
    """
    moved = connection.execute(
        "UPDATE source SET position = ?, position_version = position_version + 1 WHERE id = ? AND position_version = ?",
        (msgspec.json.encode(position).decode(), source, seen_version),
    )
    if moved.rowcount != 1:
        raise PositionLost("Two runs read the same stream at once.", why=f"source {source} is not where it was")


def _release(connection: Sql, page: PageWrite) -> None:
    """A record that arrives whole is no longer in quarantine."""
    if connection.execute(
        "SELECT 1 FROM quarantine WHERE tenant_id = ? AND source_id = ? LIMIT 1", (page.tenant, page.source)
    ).fetchone():
        connection.executemany(
            # What this very page set aside of a record that it brought otherwise whole stays.
            "DELETE FROM quarantine WHERE tenant_id = ? AND source_id = ? AND remote_id = ?"
            " AND NOT (code = 'custom_value' AND run_id = ? AND last_at = ?)",
            [(page.tenant, page.source, o.remote_id, page.run, page.at) for o in page.good],
        )
