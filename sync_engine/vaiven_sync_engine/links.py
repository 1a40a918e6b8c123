"""Which records are the same link: two tools that tie the same two things together mean one tie."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ulid import ULID

from vaiven_sdk.model import ENTITIES, Nature
from vaiven_sync_engine.store.entities import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaiven_sdk import Stream
    from vaiven_sync_engine.identity.keys import RecordKey
    from vaiven_sync_engine.store.sql import Sql

Key = tuple[Any, ...]
"""The values of a kind's natural key, in its order."""


def is_link(kind: str) -> bool:
    """Whether rows of this kind tie two things together and are told apart by these alone."""
    entity = ENTITIES[kind]
    keyed = any(spec.key for spec in entity.fields().values())
    return entity.nature is Nature.ENTITY and bool(entity.natural_key) and not keyed


def is_looked_into(kind: str, streams: Iterable[Stream[Any, Any]]) -> bool:
    """Whether some stream writes values of an entity of this kind in place of a reference to it."""
    return any(
        mapped.of and stream.record.__entity__.fields()[name].ref == kind
        for stream in streams
        for name, mapped in stream.record.mapped().items()
    )


def join(
    connection: Sql,
    tenant: str,
    kind: str,
    dirty: Iterable[tuple[str, Any, Mapping[str, Any]]],
) -> tuple[dict[str, str], bool]:
    """Give records of one link one entity, the oldest, and records of two links two.

    Gives the entities that turned out to be another (from -> to), and whether any record has another entity now.

    Args:
        connection: in a transaction.
        tenant: whose.
        kind: of link.
        dirty: of all records to look at: entity id, row, and unified values with the references followed; one that
            waits for its end has it left out.
    """
    names = ENTITIES[kind].natural_key
    specs = ENTITIES[kind].fields()
    ends = [name for name in names if specs[name].ref or specs[name].ref_by]
    keyed: dict[str, dict[Key, list[RecordKey]]] = defaultdict(lambda: defaultdict(list))
    for own, row, values in dirty:
        if row["deleted_at"] is None and all(values.get(name) for name in ends):
            keyed[own][tuple(values.get(name) for name in names)].append((row["source_id"], row["remote_id"]))
    same: dict[Key, set[str]] = defaultdict(set)
    for own, keys in keyed.items():
        parts = _part(connection, tenant, kind, own, keys) if len(keys) > 1 else dict.fromkeys(keys, own)
        for key, one in parts.items():
            same[key].add(one)
    moved: dict[str, str] = {}
    for key, owners in same.items():
        where = " AND ".join(f'"{n}" IS NULL' if v is None else f'"{n}" = ?' for n, v in zip(names, key, strict=True))
        stored = connection.execute(
            f'SELECT id FROM "{kind}" WHERE tenant_id = ? AND {where} AND deleted_at IS NULL',
            (tenant, *(v for v in key if v is not None)),
        ).fetchall()
        all_of_it = {*owners, *(row["id"] for row in stored)}
        moved.update(dict.fromkeys(all_of_it - {min(all_of_it)}, min(all_of_it)))
    connection.executemany(
        "UPDATE record SET entity_id = ?, shadow = NULL, dirty = 1 WHERE tenant_id = ? AND entity_id = ?",
        [(one, tenant, own) for own, one in moved.items()],
    )
    return moved, bool(moved) or any(len(keys) > 1 for keys in keyed.values())


def _part(connection: Sql, tenant: str, kind: str, own: str, keys: Mapping[Key, Sequence[RecordKey]]) -> dict[Key, str]:
    """What was one link while two of its ends were one is two again: the stored one stays, others are new."""
    names = ENTITIES[kind].natural_key
    columns = ", ".join(f'"{name}"' for name in names)
    row = connection.execute(f'SELECT {columns} FROM "{kind}" WHERE tenant_id = ? AND id = ?', (tenant, own)).fetchone()
    stored = tuple(row[name] for name in names) if row else None
    stays = stored if stored in keys else next(iter(keys))
    owners = {key: own if key == stays else str(ULID()) for key in keys}
    connection.executemany(
        "UPDATE record SET entity_id = ?, shadow = NULL, dirty = 1"
        " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
        [(owners[key], tenant, *one) for key, records in keys.items() if key != stays for one in records],
    )
    return owners


def compare_again(connection: Sql, tenant: str, kind: str, kept: Sequence[str]) -> None:
    """Links of entities that took in others may be the same now: the next stage of their kind compares them."""
    for other in ENTITIES:
        for name, spec in ENTITIES[other].fields().items() if is_link(other) else ():
            if spec.ref != kind and not spec.ref_by:
                continue
            for start in range(0, len(kept), CHUNK):
                some = kept[start : start + CHUNK]
                connection.execute(
                    "UPDATE record SET dirty = 1 WHERE tenant_id = ? AND dirty = 0 AND entity_id IN"
                    f' (SELECT id FROM "{other}" WHERE tenant_id = ? AND "{name}" IN ({",".join("?" * len(some))})'
                    " AND deleted_at IS NULL)",
                    (tenant, tenant, *some),
                )
