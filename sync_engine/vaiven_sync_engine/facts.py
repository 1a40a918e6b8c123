"""Facts and events on their way into the model: one source each, no merge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from ulid import ULID

from vaiven_sdk.model import ENTITIES, METRICS, Nature
from vaiven_sync_engine.store.entities import Canonical, Origin
from vaiven_sync_engine.store.events import pend_events, settle_echoes
from vaiven_sync_engine.store.facts import PLACE, end_facts, of_record, save_new, zero_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql


@dataclass(eq=False)
class Facts:
    """All dirty records of one kind of facts or events.

    Args:
        sources: every stream of the tenant, by row id.
        follow: turns the tool's ids in a record's fields into entity ids; gives the fields that wait for a record.
        at: the current instant.
    """

    tenant: str
    sources: Mapping[int, Source]
    follow: Callable[[Source, dict[str, Any]], set[str]]
    at: str
    records: int = 0
    facts: int = 0
    changed: int = 0
    waiting: int = 0
    new: list[Canonical] = field(default_factory=list)
    zeroed: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def bring_in(self, connection: Sql, kind: str, sources: Sequence[int]) -> None:
        """Take them in; call it inside a transaction."""
        entity = ENTITIES[kind]
        if entity.nature is Nature.EVENT:
            settle_echoes(connection, self.tenant, kind, sources)
        settled = []
        dirty = connection.execute(
            "SELECT source_id, remote_id, fields, observed_at, deleted_at, shadow FROM record"
            " WHERE tenant_id = ? AND dirty <> 0 AND entity_id IS NULL"
            f" AND source_id IN ({','.join('?' * len(sources))})",
            (self.tenant, *sources),
        ).fetchall()
        for row in dirty:
            source = self.sources[row["source_id"]]
            fields = msgspec.json.decode(row["fields"])
            waits = bool(self.follow(source, fields))
            self.waiting += waits
            if not waits:
                self._one(connection, kind, row, fields)
            # An empty shadow marks what was taken in before: its next reading may say less.
            settled.append((2 if waits else 0, row["shadow"] if waits else "{}", *self._where(row)))
        self.records, self.facts = len(dirty), len(self.new)
        self.changed = save_new(connection, self.tenant, kind, self.new, self.at)
        self.changed += zero_facts(connection, self.tenant, kind, self.zeroed, self.at)
        self.changed += end_facts(connection, self.tenant, kind, self.ended, self.at)
        if any(s.stream.shape == "event" for s in self.sources.values() if s.entity == kind):
            pend_events(connection, self.tenant, kind, [one.id for one in self.new])
        connection.executemany(
            "UPDATE record SET dirty = ?, shadow = ? WHERE tenant_id = ? AND source_id = ? AND remote_id = ?", settled
        )

    def _where(self, row: Any) -> tuple[str, int, str]:
        return self.tenant, row["source_id"], row["remote_id"]

    def _one(self, connection: Sql, kind: str, row: Any, fields: Mapping[str, Any]) -> None:
        entity, source = ENTITIES[kind], self.sources[row["source_id"]]
        specs = entity.fields()
        base = {n: v for n, v in fields.items() if n in specs}
        if "connection_id" in specs:
            base["connection_id"] = source.connection_id
        if entity.nature is not Nature.FACT:
            if not row["deleted_at"] and source.takes(fields):
                self.new.append(Canonical(str(ULID()), base))
            return
        if not source.takes(fields):
            return
        zeroes = source.stream.absent_is_zero
        if row["deleted_at"] and not zeroes:
            return  # facts outlive their record
        base["fetched_at"] = row["observed_at"]
        said = [] if row["deleted_at"] else [(n, v) for n, v in fields.items() if n in METRICS and v is not None]
        origin = Origin(1, row["source_id"], row["remote_id"], row["observed_at"], "first")
        facts = [Canonical(str(ULID()), {**base, "metric": n, "value": v}, {"value": origin}, rev=1) for n, v in said]
        self.new.extend(facts)
        if row["shadow"] is None:
            return
        place = [base.get(name) for name in PLACE]
        known = of_record(connection, self.tenant, kind, place, (row["source_id"], row["remote_id"]))
        defaults = {n: f.default for n, f in specs.items()}
        keys = {tuple(_or(fact.values.get(k), defaults[k]) for k in entity.natural_key) for fact in facts}
        unsaid = {key: one for key, one in known.items() if key not in keys}
        # A metric that is left out where zero is: under its old key it is zero; a key that nothing has any more ends.
        turned = {tuple(v for k, v in zip(entity.natural_key, key, strict=True) if k != "metric") for key in keys}
        for key, one in unsaid.items():
            other = tuple(v for k, v in zip(entity.natural_key, key, strict=True) if k != "metric")
            stays = zeroes and (not turned or other in turned)
            (self.zeroed if stays else self.ended).append(one)


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
