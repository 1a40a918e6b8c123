"""Which records are the same person (or company): deterministic edges over normalised keys, with caps.

A value proves identity unless too many records of one stream share it (a household's phone, `info@`). Strong keys join
before weak ones, and a weak one never joins two records of one stream whose strong keys differ. A key that a record had
before still joins it, so that correcting an address in one tool does not tear a person apart.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import msgspec
from ulid import ULID

from vaiven_sync_engine.store.merges import MERGED, join_merged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from vaiven_sdk.model import Entity

BLOCKED = frozenset({"null", "none", "n/a", "na", "unknown", "test", "-", "0", "noreply@example.com", "no@email.com"})
"""Values that forms collect from people who do not want to give one."""
WEAK = 3
"""From this priority on a key joins only records whose names do not contradict each other."""
ROLE = "role_email"
"""Namespace of an address that belongs to an office, not to a person: it joins only people of the same name."""
ROLES = frozenset(
    "accounts admin billing booking bookings contact enquiries finance hello help hola info invoices mail marketing"
    " office orders post reception sales service shop support team welcome".split()
)
PAST = 10
"""Added to the priority of a key that the record no longer has."""
_NAMES = ("given_name", "family_name", "full_name")
_NAME = "name"

RecordKey = tuple[int, str]
"""Source id and remote id."""


@dataclass(slots=True)
class Resolved:
    """What a resolution changed.

    Args:
        created: entities made.
        merged: entities found to be another one: from -> to.
        split: entities that lost records to a new one.
    """

    created: int = 0
    merged: dict[str, str] = field(default_factory=dict)
    split: set[str] = field(default_factory=set)


def resolve(
    connection: sqlite3.Connection, tenant: str, entity: type[Entity], sources: Sequence[int], at: str
) -> Resolved:
    """Give every new or changed record of these streams its entity; call it inside a transaction."""
    keys = {f.name: f.key for f in entity.fields().values() if f.key}
    dirty = _dirty(connection, tenant, sources)
    if not dirty:
        return Resolved()
    if not keys:
        out = _one_each(connection, tenant, dirty)
        out.merged = join_merged(connection, tenant, entity.kind, sources, at)
        return out
    _write_keys(connection, tenant, entity, keys, dirty)
    graph = _load(connection, tenant, entity.kind, dirty)
    limits = {k.namespace: (k.priority, k.limit) for k in keys.values()}
    # The tool's own user said so: it holds whatever the keys say.
    limits[MERGED] = (0, sys.maxsize)
    if "email" in limits:
        limits[ROLE] = (WEAK, limits["email"][1])
    graph.join(limits)
    return _assign(connection, tenant, entity.kind, graph, at)


@dataclass(slots=True)
class _Node:
    key: RecordKey
    entity_id: str | None
    hub_id: str | None


def _dirty(connection: sqlite3.Connection, tenant: str, sources: Sequence[int]) -> list[Any]:
    marks = ",".join("?" * len(sources))
    return connection.execute(
        "SELECT source_id, remote_id, fields, hub_id, entity_id FROM record"
        f" WHERE tenant_id = ? AND dirty <> 0 AND source_id IN ({marks})"
        " AND (deleted_at IS NULL OR entity_id IS NOT NULL)",
        (tenant, *sources),
    ).fetchall()


def _one_each(connection: sqlite3.Connection, tenant: str, dirty: Iterable[Any]) -> Resolved:
    """Kinds without keys: a record is its own entity."""
    new = [
        (row["hub_id"] or str(ULID()), tenant, row["source_id"], row["remote_id"])
        for row in dirty
        if not row["entity_id"]
    ]
    connection.executemany(
        "UPDATE record SET entity_id = ? WHERE tenant_id = ? AND source_id = ? AND remote_id = ?", new
    )
    return Resolved(created=len(new))


def _write_keys(
    connection: sqlite3.Connection,
    tenant: str,
    entity: type[Entity],
    keys: dict[str, Any],
    dirty: Iterable[Any],
) -> None:
    decode = msgspec.json.decode
    # All three stand in a key, whichever of them the entity has: a lead has no full name.
    names = _NAMES if any(n in entity.model_fields for n in _NAMES) else ()
    rows = []
    for row in dirty:
        fields = decode(row["fields"])
        for name, key in keys.items():
            value = fields.get(name)
            if value and str(value).casefold() not in BLOCKED:
                office = key.namespace == "email" and str(value).partition("@")[0] in ROLES
                namespace = ROLE if office else key.namespace
                rows.append((tenant, entity.kind, namespace, str(value), row["source_id"], row["remote_id"]))
        called = "|".join(str(fields.get(n) or "") for n in names)
        if called.strip("|"):
            rows.append((tenant, entity.kind, _NAME, called, row["source_id"], row["remote_id"]))
    connection.executemany(
        # With the namespace among the conditions SQLite would take the primary key, and read all of the tenant's keys.
        "UPDATE record_key SET current = (namespace = ?) WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
        [(MERGED, tenant, row["source_id"], row["remote_id"]) for row in dirty],
    )
    connection.executemany(
        "INSERT INTO record_key (tenant_id, entity, namespace, value, source_id, remote_id) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET current = 1",
        rows,
    )


def _load(connection: sqlite3.Connection, tenant: str, kind: str, dirty: Iterable[Any]) -> _Graph:
    """Everything that the dirty records may touch: records that share a value or an entity with them, and so on."""
    graph = _Graph()
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS reach (source_id INT, remote_id TEXT,"
        " PRIMARY KEY (source_id, remote_id)) WITHOUT ROWID"
    )
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS claim (id TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.execute("DELETE FROM reach")
    connection.execute("DELETE FROM claim")
    connection.executemany(
        "INSERT OR IGNORE INTO reach VALUES (?, ?)", [(r["source_id"], r["remote_id"]) for r in dirty]
    )
    # A record that carries our id belongs to that entity, so that entity's other records are within reach as well.
    carried = {current_id(connection, tenant, kind, r["hub_id"]) for r in dirty if r["hub_id"]}
    connection.executemany("INSERT OR IGNORE INTO claim VALUES (?)", [(hub_id,) for hub_id in carried])
    # CROSS JOIN: from what is within reach to what it touches, never the other way round, over all of the tenant's.
    # INDEXED BY: the primary key holds all that is asked for, so SQLite would read it instead, for each record whole.
    while True:
        before = connection.total_changes
        connection.execute(
            "INSERT OR IGNORE INTO reach SELECT o.source_id, o.remote_id FROM reach r"
            " CROSS JOIN record_key k INDEXED BY record_key_record ON k.tenant_id = ? AND k.source_id = r.source_id"
            " AND k.remote_id = r.remote_id CROSS JOIN record_key o ON o.tenant_id = k.tenant_id"
            " AND o.entity = k.entity AND o.namespace = k.namespace AND o.value = k.value WHERE k.entity = ? AND k.namespace <> ?",
            (tenant, kind, _NAME),
        )
        connection.execute(
            "INSERT OR IGNORE INTO claim SELECT c.entity_id FROM reach r CROSS JOIN record c ON c.tenant_id = ?"
            " AND c.source_id = r.source_id AND c.remote_id = r.remote_id WHERE c.entity_id IS NOT NULL",
            (tenant,),
        )
        connection.execute(
            "INSERT OR IGNORE INTO reach SELECT c.source_id, c.remote_id FROM claim e"
            " CROSS JOIN record c ON c.tenant_id = ? AND c.entity_id = e.id",
            (tenant,),
        )
        if connection.total_changes == before:
            break
    for row in connection.execute(
        "SELECT c.source_id, c.remote_id, c.entity_id, c.hub_id FROM reach r CROSS JOIN record c"
        " ON c.tenant_id = ? AND c.source_id = r.source_id AND c.remote_id = r.remote_id",
        (tenant,),
    ):
        key = (row["source_id"], row["remote_id"])
        graph.nodes[key] = _Node(key, row["entity_id"], current_id(connection, tenant, kind, row["hub_id"]))
    for row in connection.execute(
        "SELECT k.namespace, k.value, k.source_id, k.remote_id, k.current FROM reach r"
        " CROSS JOIN record_key k INDEXED BY record_key_record ON k.tenant_id = ? AND k.source_id = r.source_id"
        " AND k.remote_id = r.remote_id WHERE k.entity = ?",
        (tenant, kind),
    ):
        graph.add(row["namespace"], row["value"], (row["source_id"], row["remote_id"]), current=bool(row["current"]))
    return graph


def current_id(connection: sqlite3.Connection, tenant: str, kind: str, hub_id: str | None) -> str | None:
    """The id that an entity has now: it may have been merged into another one since we wrote it."""
    while hub_id:
        row = connection.execute(
            "SELECT to_id FROM redirect WHERE tenant_id = ? AND entity = ? AND from_id = ?", (tenant, kind, hub_id)
        ).fetchone()
        if row is None:
            break
        hub_id = row["to_id"]
    return hub_id


@dataclass(slots=True)
class _Graph:
    """Records, their keys, and the components that the keys join."""

    nodes: dict[RecordKey, _Node] = field(default_factory=dict)
    values: dict[tuple[str, str], list[tuple[RecordKey, bool]]] = field(default_factory=lambda: defaultdict(list))
    parent: dict[RecordKey, RecordKey] = field(default_factory=dict)
    held: dict[RecordKey, dict[tuple[int, str], set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    names: dict[RecordKey, set[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(set))

    def add(self, namespace: str, value: str, key: RecordKey, *, current: bool) -> None:
        """One value of one record; held values and names are kept by component root."""
        if namespace == _NAME:
            if current:
                self.names[key].add(_given(value))
            return
        self.values[namespace, value].append((key, current))
        if current and namespace != MERGED:
            self.held[key][key[0], namespace].add(value)

    def find(self, key: RecordKey) -> RecordKey:
        """The component's root."""
        root = key
        while (up := self.parent.get(root, root)) != root:
            root = up
        while (up := self.parent.get(key, key)) != root:
            self.parent[key], key = root, up
        return root

    def join(self, limits: dict[str, tuple[int, int]]) -> None:
        """Join records over every key that proves something, strongest first; ties in the order of the values."""
        self._join_own()
        edges: list[tuple[int, str, str, list[RecordKey]]] = []
        for (namespace, value), holders in self.values.items():
            priority, limit = limits[namespace]
            now = [key for key, current in holders if current]
            if len(holders) < 2 or _crowded(now, limit):
                continue
            edges.append((priority, namespace, value, sorted(now)))
            if len(now) < len(holders):
                edges.append((priority + PAST, namespace, value, sorted(key for key, _ in holders)))
        strength = {namespace: priority for namespace, (priority, _) in limits.items()}
        for priority, namespace, _, holders_of in sorted(edges):
            weak = {n for n, p in strength.items() if p < priority} if priority >= WEAK else None
            for number, first in enumerate(holders_of):
                # A weak key says nothing about two people of other names, so each pair is looked at by itself.
                for other in holders_of[number + 1 :] if weak is not None or number == 0 else ():
                    named = {"by_name": strength[namespace] >= WEAK, "shared": namespace == ROLE}
                    if weak is None or not self._contradicts(first, other, weak, **named):
                        self._union(first, other)

    def _join_own(self) -> None:
        """What we created ourselves belongs to the entity it was made from, whatever its keys say."""
        members: dict[str, list[RecordKey]] = defaultdict(list)
        # Records that came to us first, ours after them: ours hang on those.
        for key, node in sorted(self.nodes.items(), key=lambda item: (bool(item[1].hub_id), item[0])):
            own = node.hub_id or node.entity_id
            if own is None:
                continue
            if node.hub_id and members[own]:
                self._union(key, members[own][0])
            members[own].append(key)

    def _contradicts(self, one: RecordKey, two: RecordKey, stronger: set[str], *, by_name: bool, shared: bool) -> bool:
        a, b = self.find(one), self.find(two)
        if a == b:
            return False
        differ = shared
        theirs = self.held[b]
        for (source, namespace), mine in self.held[a].items():
            if namespace not in stronger:
                continue
            other = theirs.get((source, namespace))
            if other and not (mine & other):
                return True
            differ = differ or any(n == namespace and not (mine & v) for (_, n), v in theirs.items())
        # A strong key proves something even when it is past; a weak one only among people of one name.
        return by_name and differ and not _names_agree(self.names[a], self.names[b])

    def _union(self, one: RecordKey, two: RecordKey) -> None:
        a, b = self.find(one), self.find(two)
        if a == b:
            return
        a, b = min(a, b), max(a, b)
        self.parent[b] = a
        for place, values in self.held.pop(b, {}).items():
            self.held[a][place] |= values
        self.names[a] |= self.names.pop(b, set())


def _crowded(holders: Iterable[RecordKey], limit: int) -> bool:
    count: dict[int, int] = defaultdict(int)
    for source, _ in holders:
        count[source] += 1
        if count[source] > limit:
            return True
    return False


def _assign(connection: sqlite3.Connection, tenant: str, kind: str, graph: _Graph, at: str) -> Resolved:
    """Keep ids stable: the oldest id of a component stays, the larger part of a split keeps its id."""
    out = Resolved()
    components: dict[RecordKey, list[_Node]] = defaultdict(list)
    for key, node in sorted(graph.nodes.items()):
        components[graph.find(key)].append(node)
    claims: dict[str, list[tuple[int, RecordKey]]] = defaultdict(list)
    for root, nodes in components.items():
        for entity_id in {n.entity_id for n in nodes if n.entity_id}:
            claims[entity_id].append((-sum(n.entity_id == entity_id for n in nodes), root))
    owner = {entity_id: min(roots)[1] for entity_id, roots in claims.items()}
    moved: list[tuple[str, str, int, str]] = []
    for root, nodes in components.items():
        mine = sorted({n.entity_id for n in nodes if n.entity_id and owner[n.entity_id] == root})
        carried = sorted({n.hub_id for n in nodes if n.hub_id and not n.entity_id and n.hub_id not in claims})
        chosen = mine[0] if mine else carried[0] if carried else str(ULID())
        out.created += not mine
        out.merged.update(dict.fromkeys(mine[1:], chosen))
        for node in nodes:
            if node.entity_id != chosen:
                if node.entity_id and node.entity_id not in out.merged:
                    out.split.add(node.entity_id)
                moved.append((chosen, tenant, *node.key))
    # A record that changes hands has agreed on nothing with its new entity: it is observed afresh.
    connection.executemany(
        "UPDATE record SET entity_id = ?, shadow = NULL, dirty = 1"
        " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
        moved,
    )
    connection.executemany(
        "INSERT INTO redirect (tenant_id, entity, from_id, to_id, at, evidence) VALUES (?, ?, ?, ?, ?, 'shared key')"
        " ON CONFLICT DO UPDATE SET to_id = excluded.to_id, at = excluded.at",
        [(tenant, kind, lost, kept, at) for lost, kept in out.merged.items()],
    )
    return out


def _given(called: str) -> tuple[str, ...]:
    given, family, full = ([_fold(w) for w in part.split()] for part in called.split("|"))
    return tuple(given or full[:1] or family)


def _fold(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in plain if c.isalnum())


def _names_agree(ours: set[tuple[str, ...]], theirs: set[tuple[str, ...]]) -> bool:
    """Whether some first name on either side is the other's, give or take a slip of the finger."""
    if not ours or not theirs:
        return False
    return any(
        a == b or SequenceMatcher(None, a, b).ratio() >= 0.75
        for one in ours
        for two in theirs
        for a in one[:1]
        for b in two[:1]
    )
