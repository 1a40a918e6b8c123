"""What each tool lacks: the smallest writes that bring it to the unified values. A dry run stops here."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from vaiven_sdk.model import ENTITIES
from vaiven_sync_engine.references import References
from vaiven_sync_engine.store import entities as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sync_engine.connections import Connection
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.entities import Canonical
    from vaiven_sync_engine.store.sql import Sql

LEAST_DELETES = 10
"""Deletions that a run may always make; above that at most `MOST_DELETES` of the tool's linked records."""
MOST_DELETES = 0.02

LEFT = frozenset({"unsubscribed", "removed", "cleaned"})
"""Status of a membership that is over: whoever left is not put back on."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One write that is due.

    Args:
        fields: unified field -> [the value to write, its revision].
        before: the values that the tool has now, as far as known.
        base_version: the record's version that the plan rests on.
    """

    op: Literal["create", "update", "delete"]
    source: int
    entity: str
    entity_id: str
    remote_id: str | None
    fields: Mapping[str, tuple[Any, int]]
    before: Mapping[str, Any]
    base_version: str = ""

    @classmethod
    def of(cls, intent: Mapping[str, Any]) -> Self:
        """The write that a row of the push ledger stands for."""
        fields = {name: (value, rev) for name, (value, rev) in intent["fields"].items()}
        where = (intent["op"], intent["source_id"], intent["entity"], intent["entity_id"], intent["remote_id"])
        return cls(*where, fields, {}, intent["base_version"])

    @property
    def key(self) -> str:
        """The same for the same write: the push ledger's idempotency key."""
        revs = sorted((name, rev) for name, (_, rev) in self.fields.items())
        text = f"{self.source}\0{self.op}\0{self.entity_id}\0{self.remote_id}\0{revs}"
        return blake2b(text.encode(), digest_size=20).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """For a digest, a file or a screen."""
        return {
            "op": self.op,
            "source": self.source,
            "entity": self.entity,
            "entity_id": self.entity_id,
            "remote_id": self.remote_id,
            "changes": {n: {"before": self.before.get(n), "after": v} for n, (v, _) in sorted(self.fields.items())},
        }


@dataclass(slots=True)
class Plan:
    """All writes that are due, in the order in which they are made.

    Args:
        writes: parents before children.
        examined: entities that were looked at, by kind.
        skipped: why something was not planned, by (source, reason).
        linked: live records by source, for the guard against mass deletions.
        held: entities with writes that must wait: their tool is in trouble, or an earlier write is open.
    """

    writes: list[Planned] = field(default_factory=list)
    examined: list[tuple[str, str]] = field(default_factory=list)
    skipped: Counter[tuple[int, str]] = field(default_factory=Counter)
    linked: dict[int, int] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    @property
    def digest(self) -> str:
        """Two plans with the same digest make the same writes."""
        # Of one JSON list, made write by write: a first sync may plan a million.
        hashed, between = blake2b(b"[", digest_size=12), b""
        for write in sorted(self.writes, key=lambda w: w.key):
            hashed.update(between + msgspec.json.encode(write.as_dict()))
            between = b","
        hashed.update(b"]")
        return hashed.hexdigest()

    def counts(self) -> dict[int, Counter[str]]:
        """Creates, updates and deletes by source."""
        out: dict[int, Counter[str]] = defaultdict(Counter)
        for write in self.writes:
            out[write.source][write.op] += 1
        return out

    def excess_deletes(
        self, allowed: int | None = None, deletes: Mapping[int, int] | None = None
    ) -> dict[int, tuple[int, int]]:
        """Sources with more deletions than allowed: (planned, allowed).

        Args:
            allowed: instead of the guard's own limit.
            deletes: what the whole run wants to delete, by source; this plan's deletions when left out.
        """
        out = {}
        if deletes is None:
            deletes = {source: counts["delete"] for source, counts in self.counts().items()}
        for source in {w.source for w in self.writes if w.op == "delete"}:
            limit = max(LEAST_DELETES, int(self.linked.get(source, 0) * MOST_DELETES)) if allowed is None else allowed
            if deletes[source] > limit:
                out[source] = (deletes[source], limit)
        return out


@dataclass(eq=False)
class Planner:
    """Plans for one tenant.

    Args:
        connections: by id.
        sources: by row id.
        order: entity kinds, parents first.
    """

    tenant: str
    connections: Mapping[str, Connection]
    sources: Mapping[int, Source]
    order: Sequence[str]

    def plan(self, connection: Sql) -> Plan:
        """Compare every entity that changed with what each tool has; call it inside a transaction."""
        return _Pass(self, connection).plan()

    def targets(self, kind: str) -> list[Source]:
        """The streams that take entities of this kind."""
        return [
            s
            for s in self.sources.values()
            if s.entity == kind and s.stream.writers and self.connections[s.connection_id].writes
        ]


@dataclass(eq=False)
class _Pass:
    """One comparison, inside one transaction."""

    planner: Planner
    connection: Sql
    out: Plan = field(default_factory=Plan)
    coming: set[tuple[str, str]] = field(default_factory=set)
    """(connection, entity) of everything that this plan creates."""
    references: References = field(init=False)
    writable: dict[int, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.writable = {source.id: sorted(source.stream.writable) for source in self.planner.sources.values()}
        self.references = References(self.connection, self.planner.tenant, self.planner.sources)

    def plan(self) -> Plan:
        for kind in self.planner.order:
            found = self.connection.execute(
                "SELECT entity_id FROM pending WHERE tenant_id = ? AND entity = ? ORDER BY entity_id",
                (self.planner.tenant, kind),
            )
            ids = [row[0] for row in found]
            self.out.examined.extend((kind, entity_id) for entity_id in ids)
            if targets := self.planner.targets(kind):
                for start in range(0, len(ids), rows.CHUNK):
                    self._chunk(kind, targets, ids[start : start + rows.CHUNK])
        self._drop_refused()
        for source in {w.source for w in self.out.writes if w.op == "delete"}:
            (self.out.linked[source],) = self.connection.execute(
                "SELECT count(*) FROM record WHERE tenant_id = ? AND source_id = ? AND entity_id IS NOT NULL",
                (self.planner.tenant, source),
            ).fetchone()
        return self.out

    def _chunk(self, kind: str, targets: Sequence[Source], ids: Sequence[str]) -> None:
        entities = rows.load(self.connection, self.planner.tenant, kind, ids)
        held: dict[tuple[str, int], list[Any]] = defaultdict(list)
        marks = ",".join("?" * len(ids))
        for row in self.connection.execute(
            "SELECT entity_id, source_id, remote_id, version, hash, deleted_at, shadow, fields FROM record"
            f" WHERE tenant_id = ? AND entity_id IN ({marks})",
            (self.planner.tenant, *ids),
        ):
            held[row["entity_id"], row["source_id"]].append(row)
        self.references.ahead(targets, (entity.values for entity in entities.values()))
        for entity_id in ids:
            entity = entities.get(entity_id)
            if entity is not None:
                for target in targets:
                    self._one(kind, entity, target, held.get((entity_id, target.id), []))

    def _one(self, kind: str, entity: Canonical, target: Source, held: Sequence[Any]) -> None:
        if target.stream.shape == "event":
            # It happened once, somewhere else: it is recorded here once, and that is the end of it.
            if not held and not entity.deleted_at and entity.values.get("connection_id") != target.connection_id:
                self._append(kind, entity, target)
            return
        live = [row for row in held if row["deleted_at"] is None]
        if not all(row["hash"] for row in live):
            # The tool gave an id alone: what the record holds is not known before it has been read.
            self.out.skipped[target.id, "not_read_yet"] += 1
            self.out.held.add(entity.id)
            return
        if target.scope is not None:
            live = [row for row in live if target.takes(msgspec.json.decode(row["fields"]))]
        if entity.deleted_at:
            if "delete" in target.stream.writers:
                self.out.writes.extend(
                    Planned("delete", target.id, kind, entity.id, r["remote_id"], {}, {}, r["version"]) for r in live
                )
            elif live:
                self.out.skipped[target.id, "cannot_delete"] += len(live)
            return
        for row in live:
            if "update" in target.stream.writers:
                self._update(kind, entity, target, row)
        # A record that was deleted there stays deleted, unless the deletion itself was taken back.
        taken_back = all(row["deleted_at"] and row["shadow"] is None for row in held)
        if taken_back and self.planner.connections[target.connection_id].creates and "create" in target.stream.writers:
            self._create(kind, entity, target)

    def _update(self, kind: str, entity: Canonical, target: Source, row: Any) -> None:
        shadow = msgspec.json.decode(row["shadow"]) if row["shadow"] else {}
        fields: dict[str, tuple[Any, int]] = {}
        for name in self.writable[target.id]:
            rev = entity.rev_of(name)
            last, agreed = shadow.get(name) or (None, 0)
            value = entity.values.get(name)
            # What the tool has and nobody has merged yet (`IGNORED`) is not written over.
            if rev > agreed >= 0 and value != last and self._sendable(target, name, entity):
                fields[name] = (value, rev)
        if fields:
            before = {n: (shadow.get(n) or [None])[0] for n in fields}
            write = Planned("update", target.id, kind, entity.id, row["remote_id"], fields, before, row["version"])
            self.out.writes.append(write)

    def _append(self, kind: str, entity: Canonical, target: Source) -> None:
        mapped = target.stream.record.mapped()
        if any((target.connection_id, entity.values.get(n)) in self.coming for n, m in mapped.items() if m.ref):
            # It cannot be completed later: it waits until whoever it is about is there.
            self.out.skipped[target.id, "not_complete_yet"] += 1
            self.out.held.add(entity.id)
        elif self.planner.connections[target.connection_id].creates:
            self._create(kind, entity, target)

    def _ties(self, target: Source, entity: Canonical) -> bool:
        """Whether a stream of links is about things of these kinds: a tool has a stream for each pair of kinds."""
        specs = ENTITIES[target.entity].fields()
        streams = {
            s.stream.name: s.entity for s in self.planner.sources.values() if s.connection_id == target.connection_id
        }
        return all(
            entity.values.get(specs[name].ref_by or "") in {None, streams.get(mapped.ref)}
            for name, mapped in target.stream.record.mapped().items()
            if mapped.ref and name in specs and specs[name].ref_by
        )

    def _create(self, kind: str, entity: Canonical, target: Source) -> None:
        if target.stream.shape == "membership" and not self._ties(target, entity):
            return
        writer = target.stream.writers["create"]
        values = entity.values
        lacking = next((n for n in writer.needs if not values.get(n) or not self._sendable(target, n, entity)), None)
        if not target.takes(values):
            self.out.skipped[target.id, "not_in_filter"] += 1
        elif values.get("is_test") or values.get("do_not_process"):
            self.out.skipped[target.id, "not_to_be_processed"] += 1
        elif lacking:
            self.out.skipped[target.id, f"lacks_{lacking}"] += 1
        elif target.stream.shape == "membership" and values.get("status") in LEFT:
            self.out.skipped[target.id, "left"] += 1
        elif writer.consent and values.get(writer.consent) != "granted":
            self.out.skipped[target.id, "no_consent"] += 1
        else:
            fields = {
                name: (values[name], entity.rev_of(name))
                for name in self.writable[target.id]
                if values.get(name) is not None and self._sendable(target, name, entity)
            }
            self.out.writes.append(Planned("create", target.id, kind, entity.id, None, fields, {}))
            self.coming.add((target.connection_id, entity.id))

    def _sendable(self, target: Source, name: str, entity: Canonical) -> bool:
        """Whether the tool can take this value: it knows the enum's member, and the entity that a reference means."""
        mapped = target.stream.record.mapped().get(name)
        value = entity.values.get(name)
        if mapped is None:
            return False  # the account's mapping leaves it out
        if mapped.of and value:
            return self.references.values(target, name, value) is not None
        if mapped.ref is None or value is None:
            return mapped.write is not None and bool(mapped.write(entity.values))
        return self.references.remote_id(target, mapped.ref, value) is not None

    def _drop_refused(self) -> None:
        """Leave out what its tool refused, until a value changes, and what nobody knows the outcome of yet."""
        if not self.out.writes:
            return
        refused, open_ones = set(), set()
        for row in self.connection.execute(
            "SELECT key, state, source_id, entity_id FROM intent"
            " WHERE tenant_id = ? AND state IN ('rejected', 'unknown', 'sending')",
            (self.planner.tenant,),
        ):
            if row["state"] == "rejected":
                refused.add(row["key"])
            else:
                open_ones.add((row["source_id"], row["entity_id"]))
        kept = []
        for write in self.out.writes:
            if (write.source, write.entity_id) in open_ones:
                self.out.skipped[write.source, "not_settled_yet"] += 1
                self.out.held.add(write.entity_id)
            elif write.key in refused:
                self.out.skipped[write.source, "refused_before"] += 1
            else:
                kept.append(write)
        self.out.writes = kept


@lru_cache(maxsize=1)
def dependency_order() -> tuple[str, ...]:
    """Entity kinds so that what is referred to comes before what refers to it; a cycle is cut where it closes."""
    order: list[str] = []
    underway: set[str] = set()

    def visit(kind: str) -> None:
        if kind in order or kind in underway:
            return
        underway.add(kind)
        for spec in ENTITIES[kind].fields().values():
            if spec.ref and spec.ref != kind:
                visit(spec.ref)
        underway.discard(kind)
        order.append(kind)

    for kind in ENTITIES:
        visit(kind)
    # Links between any two things come last: both ends must exist.
    late = [k for k in order if any(f.ref_by for f in ENTITIES[k].fields().values())]
    return (*(k for k in order if k not in late), *late)
