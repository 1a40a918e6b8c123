"""Bring what is stored of a stream up to date with its account's mapping: from the raw records, asking nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.model import ENTITIES, Nature
from vaiven_sync_engine.mapping.compile import shaped
from vaiven_sync_engine.mapping.document import Mapping, read_mapping
from vaiven_sync_engine.mapping.versions import Version, history, newest
from vaiven_sync_engine.records import Observed, decode_one
from vaiven_sync_engine.store import entities
from vaiven_sync_engine.store.entities import CHUNK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store import Database
    from vaiven_sync_engine.store.sql import Sql


async def bring_up(database: Database, tenant: str, plain: Source, mapping: Mapping, run: str, at: str) -> int:
    """Read the stream's stored records anew where its rule is another than at the last run; gives how many.

    Every record of the stream is merged and planned again, and nothing of any other stream. A value that came from
    here, by a field that is not read any more, is taken back: what other tools say of it counts then. It may be stopped
    and begun again: the version is kept when all is done.

    Args:
        database: the store.
        tenant: whose.
        plain: the stream without a mapping.
        mapping: the account's.
        run: the run's id.
        at: the current instant.
    """
    due = await database.run(_due, tenant, plain)
    if due is None:
        return 0
    version, before = due
    source = shaped(plain, mapping)
    withdrawn = _read(shaped(plain, before)) - _read(source)
    done, after = 0, ""
    while (found := await database.run(_again, tenant, source, withdrawn, after, run, at)) is not None:
        after, some = found
        done += some
    await database.run(_settle, source, version)
    return done


def _read(source: Source) -> set[str]:
    return {name for name, mapped in source.stream.record.mapped().items() if mapped.reads}


def _due(connection: Sql, tenant: str, source: Source) -> tuple[int, Mapping] | None:
    """The version to apply, and the mapping that what is stored was read by; None when it is up to date."""
    last = newest(connection, tenant, source.connection_id)
    (applied,) = connection.execute("SELECT mapping_version FROM source WHERE id = ?", (source.id,)).fetchone()
    if applied == last.number:
        return None
    versions = {one.number: one for one in [*history(connection, tenant, source.connection_id), Version(0, "{}")]}
    name = source.stream.name
    before, after = (read_mapping(versions[n].body) for n in (applied, last.number))
    if before.streams.get(name) == after.streams.get(name):
        _settle(connection, source, last.number)
        return None
    return last.number, before


def _again(
    connection: Sql, tenant: str, source: Source, withdrawn: set[str], after: str, run: str, at: str
) -> tuple[str, int] | None:
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
    _withdraw(connection, tenant, source, withdrawn, [row["entity_id"] for row in rows if row["entity_id"]], at)
    connection.executemany(
        "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(tenant, source.entity, row["entity_id"]) for row in rows if row["entity_id"]],
    )
    return rows[-1]["remote_id"], len(rows)


def _withdraw(connection: Sql, tenant: str, source: Source, names: set[str], ids: Sequence[str], at: str) -> None:
    """Take back what these entities have from here alone; their records elsewhere are heard again on it."""
    if not names or ENTITIES[source.entity].nature is not Nature.ENTITY:
        return
    changed = []
    for entity in entities.load(connection, tenant, source.entity, ids).values():
        mine = [n for n in names if n in entity.origins and entity.origins[n].source == source.id]
        if not mine:
            continue
        for name in mine:
            entity.values.pop(name, None)
            del entity.origins[name]
        entity.rev += 1
        changed.append(entity)
        for row in connection.execute(
            "SELECT source_id, remote_id, shadow FROM record WHERE tenant_id = ? AND entity_id = ?"
            " AND shadow IS NOT NULL",
            (tenant, entity.id),
        ).fetchall():
            shadow = {n: v for n, v in msgspec.json.decode(row["shadow"]).items() if n not in mine}
            connection.execute(
                "UPDATE record SET shadow = ?, dirty = 1 WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
                (msgspec.json.encode(shadow).decode(), tenant, row["source_id"], row["remote_id"]),
            )
    entities.save(connection, tenant, source.entity, changed, at)


def _settle(connection: Sql, source: Source, version: int) -> None:
    connection.execute("UPDATE source SET mapping_version = ? WHERE id = ?", (version, source.id))
