"""What one run works with: the accounts, their streams, and a way to call each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_sync_engine.customs import as_known
from vaiven_sync_engine.mapping.compile import shaped
from vaiven_sync_engine.mapping.document import Mapping, Policies
from vaiven_sync_engine.mapping.versions import mapping_of
from vaiven_sync_engine.source import Source
from vaiven_sync_engine.store.custom import known as known_fields
from vaiven_sync_engine.store.runs import source_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vaiven_sdk import Stream
    from vaiven_sdk.http import Http
    from vaiven_sdk.session import Session
    from vaiven_sync_engine.connections import Connection
    from vaiven_sync_engine.store.sql import Sql


@dataclass(slots=True)
class Account:
    """One account as the store knows it.

    Args:
        mapping: what its customer wants.
        sources: its streams with its custom fields, and without the mapping.
        outdated: those whose stored records were read by another version of the mapping.
    """

    mapping: Mapping
    sources: list[Source] = field(default_factory=list)
    outdated: set[int] = field(default_factory=set)


def load_account(connection: Sql, tenant: str, connection_id: str, streams: Iterable[Stream[Any, Any]]) -> Account:
    """One account's streams; those that are new to the store are made known to it."""
    version, mapping = mapping_of(connection, tenant, connection_id)
    out = Account(mapping)
    for stream in streams:
        row_id, applied = source_row(connection, tenant, connection_id, stream.name, stream.entity)
        fields = known_fields(connection, tenant, row_id)
        out.sources.append(as_known(Source(row_id, connection_id, stream), fields))
        if applied != version:
            out.outdated.add(row_id)
    return out


@dataclass(eq=False)
class Work:
    """What one run works with."""

    connections: dict[str, Connection]
    partial: bool = False
    """Some of the tenant's connections take no part."""
    sources: dict[int, Source] = field(default_factory=dict)
    clients: dict[str, Http] = field(default_factory=dict)
    sessions: dict[str, Session[Any]] = field(default_factory=dict)
    ready: set[str] = field(default_factory=set)
    mappings: dict[str, Mapping] = field(default_factory=dict)
    """Of every account, by connection."""
    policies: Policies = field(default_factory=Policies)
    propagates: frozenset[str] = frozenset()
    """Connections, of all, whose deletions delete the entity."""
    deletes: Counter[int] = field(default_factory=Counter)
    """Deletions planned in this run, by source."""

    def shaped(self, source: Source) -> Source:
        """A stream as its account's mapping has it."""
        return shaped(source, self.mappings[source.connection_id])

    def of(self, connection_id: str) -> list[Source]:
        """The connection's streams."""
        return [s for s in self.sources.values() if s.connection_id == connection_id]
