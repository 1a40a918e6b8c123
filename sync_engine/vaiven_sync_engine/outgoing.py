"""What planned writes become on their way to a tool: the record as it should be, and what changes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vaiven_sdk import Proof, Write
from vaiven_sync_engine.consent.log import proof_of
from vaiven_sync_engine.consent.rule import CHANNELS
from vaiven_sync_engine.plan import Planned, References
from vaiven_sync_engine.store import entities as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Makes the writes of one stream.

    Args:
        sources: all streams of the tenant, for references.
    """

    source: Source
    sources: Mapping[int, Source]
    tenant: str

    def writes(self, connection: Sql, batch: Sequence[Planned]) -> list[Write[Any]]:
        """For a batch that is due: the values are the entity's."""
        entities = rows.load(connection, self.tenant, batch[0].entity, {w.entity_id for w in batch})
        return [self._write(connection, w, entities[w.entity_id].values) for w in batch]

    def again(self, connection: Sql, intents: Sequence[Mapping[str, Any]]) -> list[Write[Any]]:
        """For writes of the push ledger, as they were: the values are those that were sent."""
        planned = [Planned.of(i) for i in intents]
        entities = rows.load(connection, self.tenant, planned[0].entity, {w.entity_id for w in planned})
        out = []
        for one in planned:
            values = dict(entities[one.entity_id].values) if one.entity_id in entities else {}
            values.update({name: value for name, (value, _) in one.fields.items()})
            out.append(self._write(connection, one, values))
        return out

    def _write(self, connection: Sql, planned: Planned, values: Mapping[str, Any]) -> Write[Any]:
        record = self.source.stream.record
        wanted = dict(values)
        wanted.update({name: value for name, (value, _) in planned.fields.items()})
        find = References(connection, self.tenant, self.sources)
        for name in planned.fields:
            mapped = record.mapped().get(name)
            if mapped is None or not wanted[name]:  # a custom field may have vanished since
                continue
            if mapped.ref is not None:
                wanted[name] = find.remote_id(self.source, mapped.ref, wanted[name])
            elif mapped.of:
                wanted[name] = find.values(self.source, name, wanted[name])
        before = None
        if planned.op == "create":
            full, changed = record.blank({n: wanted.get(n) for n in planned.fields})
            if record.__hub_id__:
                full = full.model_copy(update={record.__hub_id__: planned.entity_id})
                changed |= {record.__hub_id__}
        else:
            body = connection.execute(
                "SELECT body FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
                (self.tenant, self.source.id, planned.remote_id),
            ).fetchone()["body"]
            before = record.model_validate_json(body)
            full, changed = before.with_unified(wanted, set(planned.fields))
        where = (planned.op, planned.entity_id, full, planned.remote_id, frozenset(changed), planned.key)
        return Write(*where, before=before, proofs=self._proofs(connection, planned))

    def _proofs(self, connection: Sql, planned: Planned) -> dict[str, Proof]:
        granted = [n for n, (value, _) in planned.fields.items() if value == "granted" and n in CHANNELS]
        found = {n: proof_of(connection, self.tenant, planned.entity_id, CHANNELS[n][0]) for n in granted}
        return {n: one for n, one in found.items() if one is not None}
