"""From an entity to what stands for it at a tool: the record that a reference means, or the values in its place."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_sdk.model import ENTITIES
from vaiven_sync_engine.store import entities as rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.entities import Canonical
    from vaiven_sync_engine.store.sql import Sql

MOST = 20_000
"""Entities that are remembered."""


@dataclass(eq=False)
class References:
    """References of one tenant's entities, for use within one transaction that changes none of the records.

    Args:
        sources: all streams that may be referred to, by row id.
    """

    connection: Sql
    tenant: str
    sources: Mapping[int, Source]
    _streams: dict[tuple[str, str], int] = field(init=False)
    _records: dict[str, dict[int, str]] = field(init=False, default_factory=dict)
    """Entity -> source -> the first of its records there; of those entities that were asked for."""
    _entities: dict[tuple[str, str], Canonical | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._streams = {(s.connection_id, s.stream.name): s.id for s in self.sources.values()}

    def ahead(self, targets: Iterable[Source], entities: Iterable[Mapping[str, Any]]) -> None:
        """Look up at once what the references in many entities' values will be asked for."""
        if len(self._records) + len(self._entities) > MOST:
            self._records.clear()
            self._entities.clear()
        some = list(entities)
        linked: set[str] = set()
        looked_into: dict[str, set[str]] = defaultdict(set)
        for target in targets:
            for name, mapped in target.stream.record.mapped().items():
                kind = _kind(target, name) if mapped.of else None
                if mapped.ref or kind:
                    ids = {value for values in some if (value := values.get(name))}
                    (looked_into[kind] if kind else linked).update(ids)
        self._look_up(linked)
        for kind, ids in looked_into.items():
            self._load(kind, ids)

    def remote_id(self, target: Source, stream: str, entity_id: str) -> str | None:
        """The id, at the target's own tool, of the record of `stream` that stands for an entity."""
        if entity_id not in self._records:
            self._look_up({entity_id})
        other = self._streams.get((target.connection_id, stream))
        return None if other is None else self._records[entity_id].get(other)

    def values(self, target: Source, name: str, entity_id: str) -> Any:
        """What a field of the target has in place of the entity it refers to; None while that has no such value."""
        of, kind = target.stream.record.mapped()[name].of, _kind(target, name)
        if kind is None:
            return None
        if (kind, entity_id) not in self._entities:
            self._load(kind, {entity_id})
        entity = self._entities[kind, entity_id]
        if entity is None or entity.deleted_at or entity.values.get("do_not_process") or entity.values.get("is_test"):
            return None
        if isinstance(of, str):
            return entity.values.get(of)
        return {one: value for one in of if (value := entity.values.get(one)) is not None} or None

    def _look_up(self, ids: set[str]) -> None:
        asked = sorted(ids - self._records.keys())
        for start in range(0, len(asked), rows.CHUNK):
            some = asked[start : start + rows.CHUNK]
            self._records.update((one, {}) for one in some)
            for row in self.connection.execute(
                "SELECT entity_id, source_id, remote_id FROM record WHERE tenant_id = ?"
                f" AND entity_id IN ({','.join('?' * len(some))}) AND deleted_at IS NULL",
                (self.tenant, *some),
            ):
                held = self._records[row[0]]
                held[row[1]] = min(row[2], held.get(row[1], row[2]))

    def _load(self, kind: str, ids: set[str]) -> None:
        asked = sorted(one for one in ids if (kind, one) not in self._entities)
        found = rows.load(self.connection, self.tenant, kind, asked)
        self._entities.update(((kind, one), found.get(one)) for one in asked)


def _kind(target: Source, name: str) -> str | None:
    spec = ENTITIES[target.entity].fields().get(name)
    return spec.ref if spec else None
