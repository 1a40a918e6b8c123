"""Which records are the same link: two tools that tie the same two things together mean one tie."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from vaiven_sdk.model import ENTITIES, Nature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vaiven_sdk import Stream
    from vaiven_sync_engine.store.sql import Sql


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
    dirty: Iterable[tuple[str, Any]],
    read: Callable[[Any], Mapping[str, Any]],
) -> dict[str, str]:
    """Give records of one link one entity, the oldest; gives the entities that turned out to be another: from -> to.

    Args:
        connection: in a transaction.
        tenant: whose.
        kind: of link.
        dirty: entity id and record, of all records to look at.
        read: the record's unified values with its references followed; one that waits for its end has it left out.
    """
    names = ENTITIES[kind].natural_key
    specs = ENTITIES[kind].fields()
    ends = [name for name in names if specs[name].ref or specs[name].ref_by]
    same: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for own, row in dirty:
        values = read(row) if row["deleted_at"] is None else {}
        if all(values.get(name) for name in ends):
            same[tuple(values.get(name) for name in names)].add(own)
    moved: dict[str, str] = {}
    for key, owners in same.items():
        where = " AND ".join(f'"{n}" IS NULL' if v is None else f'"{n}" = ?' for n, v in zip(names, key, strict=True))
        stored = connection.execute(
            f'SELECT id FROM "{kind}" WHERE tenant_id = ? AND {where} AND deleted_at IS NULL',
            (tenant, *(v for v in key if v is not None)),
        ).fetchall()
        one = min({*owners, *(row["id"] for row in stored)})
        moved.update(dict.fromkeys(owners - {one}, one))
    connection.executemany(
        "UPDATE record SET entity_id = ?, shadow = NULL, dirty = 1 WHERE tenant_id = ? AND entity_id = ?",
        [(one, tenant, own) for own, one in moved.items()],
    )
    return moved
