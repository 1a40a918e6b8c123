"""Stored records on their way in: their unified values, with the tool's ids turned into entity ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sync_engine.identity.edges import by_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vaiven_sdk.model import Field
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql

MOST = 50_000
"""References that are remembered."""


@dataclass(eq=False)
class Incoming:
    """Reads records of one kind within one transaction, after that kind's records were given their entities.

    Args:
        sources: every stream of the tenant, by row id.
        specs: the kind's fields.
    """

    connection: Sql
    tenant: str
    sources: Mapping[int, Source]
    specs: Mapping[str, Field]
    _targets: dict[int, list[tuple[str, int | None]]] = field(default_factory=dict)
    _known: dict[tuple[int, str], str | None] = field(default_factory=dict)
    """The entity of each record that was asked for: None where it has none, or has not come."""

    def __post_init__(self) -> None:
        by_stream = {(s.connection_id, s.stream.name): s.id for s in self.sources.values()}
        self._targets = {
            s.id: [(n, by_stream.get((s.connection_id, m.ref))) for n, m in s.stream.record.mapped().items() if m.ref]
            for s in self.sources.values()
        }

    def read(self, records: Sequence[Any]) -> Iterator[tuple[dict[str, Any], set[str]]]:
        """The values of each of these rows, and which fields wait for another record; ids are looked up all at once."""
        self._forget()
        read = [(row["source_id"], msgspec.json.decode(row["fields"])) for row in records]
        wanted = {
            (target, str(fields[name]))
            for source, fields in read
            for name, target in self._targets[source]
            if target is not None and fields.get(name)
        }
        self._look_up(wanted - self._known.keys())
        for source, fields in read:
            yield fields, self.follow(self.sources[source], fields)

    def follow(self, source: Source, fields: dict[str, Any]) -> set[str]:
        """Turn the tool's ids into entity ids; gives the fields whose record has not come yet and is waited for."""
        unread: set[str] = set()
        for name, target in self._targets[source.id]:
            if not fields.get(name):
                continue
            found = self._entity(target, str(fields[name])) if target is not None else None
            if found is None or target is None:
                del fields[name]
                unread.add(name)
                continue
            fields[name] = found
            spec = self.specs.get(name)
            if spec and spec.ref_by and not fields.get(spec.ref_by):
                fields[spec.ref_by] = self.sources[target].entity
        return unread

    def _entity(self, source: int, remote: str) -> str | None:
        if (source, remote) not in self._known:
            self._forget()
            self._look_up({(source, remote)})
        return self._known[source, remote]

    def _forget(self) -> None:
        if len(self._known) > MOST:
            self._known.clear()

    def _look_up(self, wanted: set[tuple[int, str]]) -> None:
        for source, remotes in by_source(wanted):
            self._known.update(((source, remote), None) for remote in remotes)
            self._known.update(
                ((source, row[0]), row[1])
                for row in self.connection.execute(
                    "SELECT remote_id, entity_id FROM record WHERE tenant_id = ? AND source_id = ?"
                    f" AND remote_id IN ({','.join('?' * len(remotes))})",
                    (self.tenant, source, *remotes),
                )
            )
