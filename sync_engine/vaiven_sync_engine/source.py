"""One stream of one connection, as its account has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk import Stream
    from vaiven_sync_engine.mapping.filters import Scope


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of one connection, loaded."""

    id: int
    connection_id: str
    stream: Stream[Any, Any]
    scope: Scope | None = None
    """Which records take part, by their unified values; None for all."""
    owned: frozenset[str] = frozenset()
    """Unified fields of which this account's word counts."""

    @property
    def entity(self) -> str:
        """Kind of the entity that its records become."""
        return self.stream.entity

    def takes(self, values: Mapping[str, Any]) -> bool:
        """Whether a record, or an entity, with these unified values takes part here."""
        return self.scope is None or self.scope(values)
