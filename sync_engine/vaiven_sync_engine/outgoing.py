"""What planned writes become on their way to a tool: the record as it should be, and what changes of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vaiven_sdk import Proof, Write
from vaiven_sync_engine.consent.log import proofs_of
from vaiven_sync_engine.consent.rule import CHANNELS
from vaiven_sync_engine.plan import Planned
from vaiven_sync_engine.references import References
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.pages import columns_of

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
        return self._made(connection, batch, [entities[w.entity_id].values for w in batch])

    def again(self, connection: Sql, intents: Sequence[Mapping[str, Any]]) -> list[Write[Any]]:
        """For writes of the push ledger, as they were: the values are those that were sent."""
        planned = [Planned.of(i) for i in intents]
        entities = rows.load(connection, self.tenant, planned[0].entity, {w.entity_id for w in planned})
        values = [entities[one.entity_id].values if one.entity_id in entities else {} for one in planned]
        return self._made(connection, planned, values)

    def _made(self, connection: Sql, batch: Sequence[Planned], values: Sequence[Mapping[str, Any]]) -> list[Write[Any]]:
        """What the whole batch needs is read at once."""
        wanted = [{**had, **{n: v for n, (v, _) in one.fields.items()}} for one, had in zip(batch, values, strict=True)]
        find = References(connection, self.tenant, self.sources)
        find.ahead([self.source], wanted)
        known = [one.remote_id for one in batch if one.op != "create" and one.remote_id]
        bodies = columns_of(connection, self.tenant, self.source.id, "body", known)
        proofs = self._proofs(connection, batch)
        return [
            self._write(one, self._referring(one, find, want), bodies, proofs[one.entity_id])
            for one, want in zip(batch, wanted, strict=True)
        ]

    def _referring(self, planned: Planned, find: References, wanted: dict[str, Any]) -> dict[str, Any]:
        """The values with the tool's own ids, or values, in place of entities."""
        for name in planned.fields:
            mapped = self.source.stream.record.mapped().get(name)
            if mapped is None or not wanted[name]:  # a custom field may have vanished since
                continue
            if mapped.ref is not None:
                wanted[name] = find.remote_id(self.source, mapped.ref, wanted[name])
            elif mapped.of:
                wanted[name] = find.values(self.source, name, wanted[name])
        return wanted

    def _write(
        self, planned: Planned, wanted: Mapping[str, Any], bodies: Mapping[str, str], proofs: Mapping[str, Proof]
    ) -> Write[Any]:
        record = self.source.stream.record
        before = None
        if planned.op == "create":
            full, changed = record.blank({n: wanted.get(n) for n in planned.fields})
            if record.__hub_id__:
                full = full.model_copy(update={record.__hub_id__: planned.entity_id})
                changed |= {record.__hub_id__}
        else:
            before = record.model_validate_json(bodies[planned.remote_id or ""])
            full, changed = before.with_unified(wanted, set(planned.fields))
        where = (planned.op, planned.entity_id, full, planned.remote_id, frozenset(changed), planned.key)
        return Write(*where, before=before, proofs=proofs)

    def _proofs(self, connection: Sql, batch: Sequence[Planned]) -> dict[str, dict[str, Proof]]:
        """By entity and field, the act behind each consent that is passed on."""
        out: dict[str, dict[str, Proof]] = defaultdict(dict)
        for name, (channel, _) in CHANNELS.items():
            granted = [one.entity_id for one in batch if one.fields.get(name, (None, 0))[0] == "granted"]
            for entity_id, proof in proofs_of(connection, self.tenant, granted, channel).items():
                out[entity_id][name] = proof
        return out
