"""Bring every new or changed record of one kind into the unified model: resolve, merge, save, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from ulid import ULID

from vaiven_sdk.model import ENTITIES, Nature
from vaiven_sync_engine.consent.log import log_statements
from vaiven_sync_engine.consent.rule import CHANNELS
from vaiven_sync_engine.derive import derive
from vaiven_sync_engine.facts import Facts
from vaiven_sync_engine.identity import resolve
from vaiven_sync_engine.identity.absorb import absorb
from vaiven_sync_engine.identity.merges import is_merged
from vaiven_sync_engine.identity.tear import tear
from vaiven_sync_engine.incoming import Incoming
from vaiven_sync_engine.links import is_link, is_looked_into, join
from vaiven_sync_engine.merge import Lost, Observation, custom_specs, ignore, observe
from vaiven_sync_engine.records import PROOFS, UNREAD
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.sql import measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vaiven_sync_engine.mapping.policies import Rules
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.entities import Canonical
    from vaiven_sync_engine.store.sql import Sql

MANY = 5_000
"""Records of one stage after which the database counts anew how many are dirty."""
_LINKED = "coalesce(entity_id, '') <> ''"
"""It has an entity; put so that SQLite looks among the dirty records, not among all that have one."""


@dataclass(slots=True)
class Staged:
    """What one stage did."""

    records: int = 0
    created: int = 0
    changed: int = 0
    merged: int = 0
    conflicts: int = 0
    waiting: int = 0
    facts: int = 0

    def add(self, other: Staged) -> None:
        """Sum up."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(eq=False)
class Stage:
    """The way from source records to entities, for one tenant.

    Args:
        sources: every stream of the tenant, by row id.
        run: the run's id.
        at: the current instant.
        propagates: connections whose deletions delete the entity.
        rules: the customer's, by kind.
    """

    tenant: str
    sources: Mapping[int, Source]
    run: str
    at: str
    propagates: frozenset[str] = frozenset()
    rules: Mapping[str, Rules] = field(default_factory=dict)
    _apart: dict[int, frozenset[str]] = field(init=False)
    """Fields of each stream that hold values of another entity, of which the record's own says nothing."""

    def __post_init__(self) -> None:
        self._apart = {
            s.id: frozenset(name for name, mapped in s.stream.record.mapped().items() if mapped.of)
            for s in self.sources.values()
        }

    def bring_in(self, connection: Sql, kind: str) -> Staged:
        """Take in all dirty records of one kind; call it inside a transaction."""
        mine = [s.id for s in self.sources.values() if s.entity == kind]
        entity = ENTITIES[kind]
        if entity.nature is not Nature.ENTITY:
            return self._facts(connection, kind, mine)
        resolved = resolve(connection, self.tenant, entity, mine, self.at, self.run)
        out = Staged(merged=len(resolved.merged))
        absorb(connection, self.tenant, kind, resolved.merged, self.at)
        for torn, parts in resolved.split.items():
            tear(connection, self.tenant, kind, torn, parts, self.sources, self.at)
        specs = {**entity.fields(), **custom_specs(self.sources[i].stream.record for i in mine)}
        incoming = Incoming(connection, self.tenant, self.sources, specs)
        if is_link(kind):
            moved, changed = join(connection, self.tenant, kind, self._read(incoming, mine))
            absorb(connection, self.tenant, kind, moved, self.at)
            out.merged += len(moved)
            if changed:
                incoming = Incoming(connection, self.tenant, self.sources, specs)
        for chunk in self._chunks(connection, mine):
            out.add(self._merge_chunk(incoming, kind, chunk))
        if out.records > MANY:
            # What the server knew of the records is that all of them were dirty: it would read them all next time.
            measured(connection, "record")
        # Records of deleted entities that were never linked need no further look.
        connection.execute(
            f"UPDATE record SET dirty = 0 WHERE tenant_id = ? AND dirty <> 0 AND NOT ({_LINKED})"
            " AND deleted_at IS NOT NULL"
            f" AND source_id IN ({','.join('?' * len(mine))})",
            (self.tenant, *mine),
        )
        return out

    def _chunks(self, connection: Sql, sources: Sequence[int]) -> Iterator[list[tuple[str, list[Any]]]]:
        """Dirty records by entity, some at a time; within one, oldest first: the later edit meets the earlier one."""
        marks = ",".join("?" * len(sources))
        found = connection.execute(
            f"SELECT entity_id FROM record WHERE tenant_id = ? AND dirty <> 0 AND {_LINKED} AND source_id IN ({marks})",
            (self.tenant, *sources),
        )
        ids, mine = sorted({row[0] for row in found}), frozenset(sources)
        for start in range(0, len(ids), rows.CHUNK):
            some = ids[start : start + rows.CHUNK]
            grouped: dict[str, list[Any]] = defaultdict(list)
            for row in connection.execute(
                "SELECT source_id, remote_id, version, fields, observed_at, deleted_at, entity_id, shadow FROM record"
                f" WHERE tenant_id = ? AND entity_id IN ({','.join('?' * len(some))}) AND dirty <> 0"
                " ORDER BY version, source_id, remote_id",
                (self.tenant, *some),
            ):
                if row["source_id"] in mine:
                    grouped[row["entity_id"]].append(row)
            yield list(grouped.items())

    def _read(self, incoming: Incoming, sources: Sequence[int]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
        """All dirty records with their entity ids and values."""
        for chunk in self._chunks(incoming.connection, sources):
            records = [row for _, some in chunk for row in some]
            for row, (values, _) in zip(records, incoming.read(records), strict=True):
                yield row["entity_id"], row, values

    def _merge_chunk(self, incoming: Incoming, kind: str, chunk: Sequence[tuple[str, Sequence[Any]]]) -> Staged:
        out = Staged()
        connection, specs = incoming.connection, incoming.specs
        rules = self.rules.get(kind)
        loaded = rows.load(connection, self.tenant, kind, [entity_id for entity_id, _ in chunk])
        settled: list[tuple[str, int, str, int, str]] = []
        if any(s.scope for s in self.sources.values() if s.entity == kind):
            chunk = self._inside(chunk, loaded, settled)
        conflicts: list[tuple[str, Lost]] = []
        consents: list[tuple[Canonical, Observation, str, Any]] = []
        touched: list[Canonical] = []
        revived: list[str] = []
        before_by_id: dict[str, tuple[Canonical, int]] = {}
        read = incoming.read([row for _, records in chunk for row in records])
        for entity_id, records in chunk:
            entity = loaded.get(entity_id)
            if entity is None:
                entity = rows.Canonical(entity_id, created_at=self.at, changed=True)
                out.created += 1
            before = entity.rev
            for row in records:
                seen, waits = self._observation(row, *next(read))
                if row["deleted_at"] is None:
                    if self._revive(connection, entity, row, seen):
                        revived.append(entity_id)
                    wanted = {n: seen.fields.get(n) for n in CHANNELS if n in seen.fields}
                    news = [n for n, v in wanted.items() if v and seen.shadow.get(n, [None])[0] != v]
                    lost = ignore(entity, seen, specs) if entity.deleted_at else observe(entity, seen, specs, rules)
                    conflicts.extend((entity_id, one) for one in lost)
                    consents.extend((entity, seen, n, wanted[n]) for n in news)
                else:
                    conflicts.extend((entity_id, one) for one in self._delete(connection, entity, row, seen))
                out.waiting += waits
                shadow = msgspec.json.encode(seen.shadow).decode()
                settled.append((shadow, 2 if waits else 0, self.tenant, row["source_id"], row["remote_id"]))
            out.records += len(records)
            if entity.changed:
                touched.append(entity)
                before_by_id[entity_id] = (entity, before)
                if entity.rev != before:
                    out.changed += 1
                    entity.runs.append((before + 1, self.run))
        rows.save(connection, self.tenant, kind, touched, self.at)
        if kind == "person":
            derive(connection, self.tenant, before_by_id, self.at)
        self._settle(connection, kind, chunk, [entity.id for entity in touched], settled)
        self._look_again(connection, revived)
        self._keep(connection, kind, conflicts)
        log_statements(connection, self.tenant, consents, self.sources, self.at)
        out.conflicts = len(conflicts)
        return out

    def _settle(
        self,
        connection: Sql,
        kind: str,
        chunk: Sequence[tuple[str, Sequence[Any]]],
        touched: Sequence[str],
        settled: list[tuple[str, int, str, int, str]],
    ) -> None:
        """What was agreed on is stored, and what may be due now is listed for the plan."""
        connection.executemany(
            "UPDATE record SET shadow = ?, dirty = ? WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            settled,
        )
        # Whatever was merged may now differ from what some tool has, even where the entity itself did not change.
        connection.executemany(
            "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(self.tenant, kind, entity_id) for entity_id, _ in chunk],
        )
        linked = [entity_id for entity_id, records in chunk if any(not row["shadow"] for row in records)]
        if is_looked_into(kind, (s.stream for s in self.sources.values())):
            linked += touched
        rows.pend_referrers(connection, self.tenant, kind, linked, {s.entity for s in self.sources.values()})

    def _look_again(self, connection: Sql, revived: Sequence[str]) -> None:
        """What was ignored while an entity was deleted, at whichever tool, is news now."""
        connection.executemany(
            "UPDATE record SET dirty = 1 WHERE tenant_id = ? AND entity_id = ? AND deleted_at IS NULL",
            [(self.tenant, entity_id) for entity_id in revived],
        )

    def _inside(
        self, chunk: Sequence[tuple[str, Sequence[Any]]], loaded: Mapping[str, Canonical], settled: list[Any]
    ) -> list[tuple[str, Sequence[Any]]]:
        """The records that take part; those that do not agree on nothing, and make no entity that is not there."""
        out: list[tuple[str, Sequence[Any]]] = []
        for entity_id, records in chunk:
            taken = [row for row in records if self._takes(row)]
            left = [row for row in records if row not in taken]
            settled.extend(("{}", 0, self.tenant, row["source_id"], row["remote_id"]) for row in left)
            if taken or entity_id in loaded:
                out.append((entity_id, taken))
        return out

    def _takes(self, row: Any) -> bool:
        """Whether a record takes part, by its account's filter; one that is gone goes whatever it was."""
        source = self.sources[row["source_id"]]
        return source.scope is None or bool(row["deleted_at"]) or source.takes(msgspec.json.decode(row["fields"]))

    def _observation(self, row: Any, fields: dict[str, Any], unread: set[str]) -> tuple[Observation, bool]:
        source = self.sources[row["source_id"]]
        shadow = msgspec.json.decode(row["shadow"]) if row["shadow"] else {}
        # A tool that keeps no modification time: its first word counts as old, a later change as of when we saw it.
        at = row["version"] if "T" in row["version"] else (row["observed_at"] if shadow else "")
        waits = bool(unread)
        proofs = fields.pop(PROOFS, {})
        unread |= set(fields.pop(UNREAD, ())) | (shadow.keys() - source.stream.record.clearing())
        unread |= self._apart[source.id]
        where = (row["source_id"], row["remote_id"], at)
        return Observation(*where, fields, shadow, frozenset(unread), proofs, row["observed_at"]), waits

    def _revive(self, connection: Sql, entity: Canonical, row: Any, seen: Observation) -> bool:
        """An entity that was deleted at a tool is back with a record that is new to us or changed after that."""
        changed = seen.at or row["observed_at"]
        if entity.deletion_reason != "source_deleted" or (row["shadow"] and changed <= (entity.deleted_at or "")):
            return False
        entity.deleted_at = entity.deletion_reason = None
        entity.changed = True
        # With the deletion goes what it asked for: the tool that it came from gets the entity again.
        connection.executemany(
            "UPDATE record SET shadow = NULL"
            " WHERE tenant_id = ? AND entity_id = ? AND source_id = ? AND deleted_at IS NOT NULL",
            [(self.tenant, entity.id, s.id) for s in self.sources.values() if s.connection_id in self.propagates],
        )
        return True

    def _delete(self, connection: Sql, entity: Canonical, row: Any, seen: Observation) -> list[Lost]:
        """A record is gone: the entity goes with it when the connection says so, or when nothing else holds it."""
        if entity.deleted_at or is_merged(connection, self.tenant, row["source_id"], row["remote_id"]):
            return []
        source = self.sources[row["source_id"]]
        held = {
            one["source_id"]
            for one in connection.execute(
                "SELECT source_id FROM record WHERE tenant_id = ? AND entity_id = ? AND deleted_at IS NULL",
                (self.tenant, entity.id),
            )
        }
        # A tool that still has another record of it has thrown a duplicate away, and nobody.
        if source.id in held or (held and source.connection_id not in self.propagates):
            return []
        entity.deleted_at, entity.deletion_reason, entity.changed = self.at, "source_deleted", True
        entity.rev += 1
        # What whoever deleted it had never seen is kept; a field that their tool does not have says nothing.
        shown = source.stream.record.mapped().keys() | seen.shadow.keys()
        unseen = [
            (name, origin)
            for name, origin in entity.origins.items()
            if held and name in shown and origin.rev > seen.shadow.get(name, (None, 0))[1]
        ]
        return [
            Lost(
                name,
                None,
                seen.origin,
                entity.values.get(name),
                (origin.source, origin.remote_id),
                "delete_wins",
            )
            for name, origin in unseen
            if entity.values.get(name) is not None
        ]

    def _keep(self, connection: Sql, kind: str, conflicts: Iterable[tuple[str, Lost]]) -> None:
        encode = msgspec.json.encode
        connection.executemany(
            "INSERT INTO conflict (tenant_id, id, entity, entity_id, field, kept, kept_from, lost, lost_from, rule,"
            " run_id, at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    self.tenant,
                    str(ULID()),
                    kind,
                    entity_id,
                    one.field,
                    encode(one.kept).decode(),
                    self._named(one.kept_from),
                    encode(one.lost).decode(),
                    self._named(one.lost_from),
                    one.rule,
                    self.run,
                    self.at,
                    "open" if one.rule == "manual" else "closed",
                )
                for entity_id, one in conflicts
            ],
        )

    def _named(self, origin: tuple[int, str]) -> str:
        source = self.sources.get(origin[0])
        return f"{source.connection_id}/{source.stream.name}/{origin[1]}" if source else f"hub/{origin[1]}".rstrip("/")

    def _facts(self, connection: Sql, kind: str, sources: Sequence[int]) -> Staged:
        """Facts and events."""
        specs = ENTITIES[kind].fields()
        incoming = Incoming(connection, self.tenant, self.sources, specs)
        facts = Facts(self.tenant, self.sources, incoming.follow, self.at)
        facts.bring_in(connection, kind, sources)
        return Staged(facts.records, changed=facts.changed, waiting=facts.waiting, facts=facts.facts)
