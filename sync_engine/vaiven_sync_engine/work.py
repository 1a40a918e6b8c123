"""What one run works with: the accounts, their streams, and a way to call each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_sync_engine.mapping.compile import shaped
from vaiven_sync_engine.mapping.document import Mapping, Policies

if TYPE_CHECKING:
    from vaiven_sdk.http import Http
    from vaiven_sdk.session import Session
    from vaiven_sync_engine.connections import Connection
    from vaiven_sync_engine.source import Source


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
