"""What writes left at a tool, brought to their records: the values that both sides agree on now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sync_engine.consent.rule import loosened
from vaiven_sync_engine.store.pages import columns_of, upsert_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.plan import Planned
    from vaiven_sync_engine.records import Observed
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql


@dataclass(frozen=True, slots=True)
class Landed:
    """One write that took effect.

    Args:
        stored: the record as its tool keeps it now, where that is known.
        later: it was read some time after the write: a value that is not the one sent may be somebody's edit.
        gone: the record is deleted.
    """

    planned: Planned
    remote_id: str
    stored: Observed | None = None
    later: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Landing:
    """Takes in what landed at one stream.

    Args:
        run: the run's id.
        at: the current instant.
    """

    source: Source
    tenant: str
    run: str
    at: str

    def take_in(self, connection: Sql, landed: Sequence[Landed]) -> None:
        """Bring records and shadows to what the tool now has."""
        connection.executemany(
            "UPDATE record SET deleted_at = ?, dirty = 0, shadow = NULL"
            " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            [(self.at, self.tenant, self.source.id, one.remote_id) for one in landed if one.gone],
        )
        self._agree(connection, [one for one in landed if not one.gone])

    def _agree(self, connection: Sql, landed: Sequence[Landed]) -> None:
        """Shadow the sent fields with what the tool STORED; any other difference is news and will be merged.

        Read `later`, a value that is not the one sent is news too: nothing is agreed on.
        """
        known = [one.stored for one in landed if one.stored is not None]
        upsert_records(connection, self.tenant, self.source.id, self.run, self.at, known)
        connection.executemany(
            "INSERT INTO record (tenant_id, source_id, remote_id, version, hash, body, fields, observed_at, dirty,"
            " run_id) VALUES (?, ?, ?, '', ?, '{}', '{}', ?, 0, ?) ON CONFLICT DO NOTHING",
            [
                (self.tenant, self.source.id, one.remote_id, b"", self.at, self.run)
                for one in landed
                if one.stored is None
            ],
        )
        texts = columns_of(connection, self.tenant, self.source.id, "shadow", [one.remote_id for one in landed])
        shadows = {remote_id: msgspec.json.decode(text) for remote_id, text in texts.items() if text}
        updates = []
        for one in landed:
            shadow = shadows.setdefault(one.remote_id, {})
            self._shadow(shadow, one)
            # The link of a record that we created outlives any change of its keys, also where the tool carries no id.
            ours = one.planned.entity_id if one.planned.op == "create" else None
            text = msgspec.json.encode(shadow).decode()
            updates.append((text, one.planned.entity_id, ours, self.tenant, self.source.id, one.remote_id))
        connection.executemany(
            "UPDATE record SET shadow = ?, entity_id = ?, hub_id = coalesce(?, hub_id)"
            " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            updates,
        )

    def _shadow(self, shadow: dict[str, Any], one: Landed) -> None:
        planned, stored = one.planned, one.stored
        kept = msgspec.json.decode(stored.fields) if stored is not None else {}
        mapped = self.source.stream.record.mapped()
        for name, (value, rev) in planned.fields.items():
            plain = name in mapped and mapped[name].reads and not (mapped[name].ref or mapped[name].of)
            told = stored is not None and plain
            if told and one.later and kept.get(name) != value:
                continue
            as_kept = kept.get(name) if told else value
            shadow[name] = [as_kept, rev]
        if stored is not None:
            # A tool that lifts a refusal because of a write of ours (another address, say) is told of it again.
            for name in loosened(shadow, kept) & (mapped.keys() - planned.fields.keys()):
                shadow[name] = [kept.get(name), 0]
