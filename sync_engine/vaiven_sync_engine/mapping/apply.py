"""Bring what is stored of a stream up to date with its account's mapping: from the raw records, asking nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vaiven_sync_engine.mapping.document import read_mapping
from vaiven_sync_engine.mapping.versions import Version, history, newest
from vaiven_sync_engine.records import Observed, decode_one
from vaiven_sync_engine.store.entities import CHUNK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store import Database
    from vaiven_sync_engine.store.sql import Sql


async def bring_up(database: Database, tenant: str, source: Source, run: str) -> int:
    """Read the stream's stored records anew where its rule is another than at the last run; gives how many.

    Every record of the stream is merged and planned again, and nothing of any other stream. It may be stopped and
    begun again: the version is kept when all is done.
    """
    version = await database.run(_due, tenant, source)
    if version is None:
        return 0
    done, after = 0, ""
    while (found := await database.run(_again, tenant, source, after, run)) is not None:
        after, some = found
        done += some
    await database.run(_settle, source, version)
    return done


def _due(connection: Sql, tenant: str, source: Source) -> int | None:
    """The version to apply; None when what is stored is up to date with it."""
    last = newest(connection, tenant, source.connection_id)
    (applied,) = connection.execute("SELECT mapping_version FROM source WHERE id = ?", (source.id,)).fetchone()
    if applied == last.number:
        return None
    versions = {one.number: one for one in [*history(connection, tenant, source.connection_id), Version(0, "{}")]}
    name = source.stream.name
    before, now = (read_mapping(versions[n].body).streams.get(name) for n in (applied, last.number))
    if before == now:
        _settle(connection, source, last.number)
        return None
    return last.number


def _again(connection: Sql, tenant: str, source: Source, after: str, run: str) -> tuple[str, int] | None:
    where = (tenant, source.id)
    rows: Sequence[Any] = connection.execute(
        "SELECT remote_id, body, fields, hash, entity_id FROM record WHERE tenant_id = ? AND source_id = ?"
        " AND remote_id > ? ORDER BY remote_id LIMIT ?",
        (*where, after, CHUNK),
    ).fetchall()
    if not rows:
        return None
    fresh = []
    for row in rows:
        one = decode_one(source.stream.record, row["body"].encode()) if row["hash"] else None
        fields = one.fields if isinstance(one, Observed) else row["fields"]
        fresh.append((fields, run, *where, row["remote_id"]))
    connection.executemany(
        "UPDATE record SET fields = ?, dirty = 1, run_id = ? WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
        fresh,
    )
    connection.executemany(
        "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(tenant, source.entity, row["entity_id"]) for row in rows if row["entity_id"]],
    )
    return rows[-1]["remote_id"], len(rows)


def _settle(connection: Sql, source: Source, version: int) -> None:
    connection.execute("UPDATE source SET mapping_version = ? WHERE id = ?", (version, source.id))
