"""Everything that changed records may touch: records that share a value, an edge or an entity with them, and so on."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sync_engine.identity import edges as stored
from vaiven_sync_engine.identity.edges import CHUNK, by_source
from vaiven_sync_engine.identity.graph import Graph
from vaiven_sync_engine.identity.keys import MAILBOX
from vaiven_sync_engine.identity.names import first_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from vaiven_sync_engine.identity.edges import Edge
    from vaiven_sync_engine.identity.keys import RecordKey, Space
    from vaiven_sync_engine.store.sql import Sql

MANY = 2_000
"""Changed records from which on it may be quicker to look at all of the kind."""
Numbers = dict[int, dict[str, int]]
"""Source -> remote id -> the record's number in the graph; every source is there, some without records."""
_EMAIL = "email"
_PLACED = "(entity_id IS NOT NULL OR (dirty <> 0 AND deleted_at IS NULL))"


def load(
    connection: Sql,
    tenant: str,
    kind: str,
    spaces: Mapping[str, Space],
    sources: Sequence[int],
    dirty: Sequence[RecordKey],
) -> Graph:
    """The graph that decides about these records; nothing outside of it can make a difference to them."""
    if len(dirty) > MANY and _is_most(connection, tenant, sources, len(dirty)):
        return load_all(connection, tenant, kind, spaces, sources)
    return _Reach(connection, tenant, kind, spaces).graph(dirty)


def load_all(connection: Sql, tenant: str, kind: str, spaces: Mapping[str, Space], sources: Sequence[int]) -> Graph:
    """The graph of all records of a kind."""
    known = {
        row[0] for row in connection.execute("SELECT id FROM source WHERE tenant_id = ? AND entity = ?", (tenant, kind))
    }
    everywhere = sorted(known | set(sources))
    rows = connection.execute(
        "SELECT source_id, remote_id, entity_id, hub_id, deleted_at FROM record WHERE tenant_id = ?"
        f" AND source_id IN ({','.join('?' * len(everywhere))}) AND {_PLACED}",
        (tenant, *everywhere),
    )
    graph, numbers = _graph(connection, tenant, kind, spaces, rows)
    boxes = _boxes(connection, tenant, kind, numbers) if MAILBOX in spaces else {}
    for name in spaces.keys() - {MAILBOX}:
        for value, holders in _grouped(connection, tenant, kind, name, numbers):
            graph.value(name, value, holders)
            if name == _EMAIL and value in boxes:
                boxes[value].extend(h for h in holders if h[1])
    for value, holders in boxes.items():
        graph.value(MAILBOX, value, holders)
    _add_edges(graph, numbers, stored.every(connection, tenant, kind))
    return graph


def _grouped(
    connection: Sql, tenant: str, kind: str, name: str, numbers: Numbers
) -> Iterator[tuple[str, list[tuple[int, bool]]]]:
    """Each value of a namespace with the numbers of its holders."""
    last, holders = None, list[tuple[int, bool]]()
    for row in connection.execute(
        "SELECT value, source_id, remote_id, current FROM record_key WHERE tenant_id = ? AND entity = ?"
        " AND namespace = ? ORDER BY value",
        (tenant, kind, name),
    ):
        value, source, remote, current = row
        number = numbers[source].get(remote)
        if number is None:
            continue
        if value != last:
            if last is not None:
                yield last, holders
            last, holders = value, []
        holders.append((number, current != 0))
    if last is not None:
        yield last, holders


def current_ids(connection: Sql, tenant: str, kind: str, ids: Collection[str]) -> dict[str, str]:
    """What each of these entities is called now: it may have been merged into another one since."""
    found: dict[str, str] = {}
    ask = set(ids)
    while ask:
        asked, some = sorted(ask), dict[str, str]()
        for start in range(0, len(asked), CHUNK):
            part = asked[start : start + CHUNK]
            rows = connection.execute(
                "SELECT from_id, to_id FROM redirect WHERE tenant_id = ? AND entity = ?"
                f" AND from_id IN ({','.join('?' * len(part))})",
                (tenant, kind, *part),
            )
            some.update((row[0], row[1]) for row in rows)
        found.update(some)
        ask = set(some.values()) - found.keys()
    out = {}
    for one in ids:
        now = one
        while now in found:
            now = found[now]
        out[one] = now
    return out


def _is_most(connection: Sql, tenant: str, sources: Sequence[int], dirty: int) -> bool:
    marks = ",".join("?" * len(sources))
    (total,) = connection.execute(
        f"SELECT count(*) FROM record WHERE tenant_id = ? AND source_id IN ({marks})", (tenant, *sources)
    ).fetchone()
    return dirty * 4 > int(total)


def _graph(
    connection: Sql, tenant: str, kind: str, spaces: Mapping[str, Space], rows: Iterable[Any]
) -> tuple[Graph, Numbers]:
    found = sorted(((row[0], row[1]), row[2], row[3], row[4] is not None) for row in rows)
    keys, entities = [row[0] for row in found], [row[1] for row in found]
    made = {number: row[2] for number, row in enumerate(found) if row[2]}
    gone = {number for number, row in enumerate(found) if row[3]}
    del found  # of all records of a tenant, this is a large part of the memory
    now = current_ids(connection, tenant, kind, set(made.values())) if made else {}
    hubs = {number: now[hub] for number, hub in made.items()}
    numbers: Numbers = defaultdict(dict)
    for number, (source, remote) in enumerate(keys):
        numbers[source][remote] = number
    names, distinct = _namer(connection, tenant, keys), distinct_sources(connection, tenant)
    return Graph(spaces, keys, entities, names, distinct, hubs, gone), numbers


def distinct_sources(connection: Sql, tenant: str) -> frozenset[int]:
    """Streams of connections whose tool has each entity once, by the customer's word."""
    tools = [
        row[0]
        for row in connection.execute("SELECT id, settings FROM connection WHERE tenant_id = ?", (tenant,))
        if msgspec.json.decode(row[1]).get("distinct")
    ]
    return frozenset(
        row[0]
        for tool in tools
        for row in connection.execute("SELECT id FROM source WHERE tenant_id = ? AND connection_id = ?", (tenant, tool))
    )


def _namer(connection: Sql, tenant: str, keys: Sequence[RecordKey]) -> Callable[[Sequence[int]], dict[int, str]]:
    def names(numbers: Sequence[int]) -> dict[int, str]:
        by_key = {keys[number]: number for number in numbers}
        out = {}
        for source, remotes in by_source(by_key):
            for row in connection.execute(
                "SELECT remote_id, fields FROM record WHERE tenant_id = ? AND source_id = ?"
                f" AND remote_id IN ({','.join('?' * len(remotes))})",
                (tenant, source, *remotes),
            ):
                if name := first_name(msgspec.json.decode(row[1])):
                    out[by_key[source, row[0]]] = name
        return out

    return names


def _boxes(connection: Sql, tenant: str, kind: str, numbers: Numbers) -> dict[str, list[tuple[int, bool]]]:
    boxes: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for row in connection.execute(
        "SELECT value, source_id, remote_id, current FROM record_key WHERE tenant_id = ? AND entity = ?"
        " AND namespace = ?",
        (tenant, kind, MAILBOX),
    ):
        if row[2] in numbers[row[1]]:
            boxes[row[0]].append((numbers[row[1]][row[2]], bool(row[3])))
    return boxes


def _add_edges(graph: Graph, numbers: Numbers, edges: Iterable[Edge]) -> None:
    for edge in edges:
        one, two = (numbers[source].get(remote) for source, remote in (edge.one, edge.two))
        if one is not None and two is not None:
            graph.edge(one, two, edge)


class _Reach:
    """Records within reach, found step by step from the changed ones."""

    def __init__(self, connection: Sql, tenant: str, kind: str, spaces: Mapping[str, Space]) -> None:
        self.connection, self.tenant, self.kind, self.spaces = connection, tenant, kind, spaces
        self.rows: dict[RecordKey, Any] = {}
        self.values: dict[tuple[str, str], list[tuple[RecordKey, bool]]] = {}
        self.crowded: dict[tuple[str, str], list[tuple[RecordKey, bool]]] = {}
        self.entities: set[str] = set()
        self.edges: set[Edge] = set()
        self.dirty: set[RecordKey] = set()
        self.joined = stored.some(connection, tenant)

    def graph(self, dirty: Iterable[RecordKey]) -> Graph:
        """Everything within reach of these records."""
        self.dirty = set(dirty)
        ask, seen = set(self.dirty), set(self.dirty)
        while ask:
            ask = self._step(ask) - seen
            seen |= ask
        graph, numbers = _graph(self.connection, self.tenant, self.kind, self.spaces, self.rows.values())
        for (name, value), holders in self.crowded.items():
            graph.value(name, value, _numbered(holders, numbers), joins=False)
        for (name, value), holders in self.values.items():
            if name != MAILBOX:
                graph.value(name, value, _numbered(holders, numbers))
            elif holders and (_EMAIL, value) not in self.crowded:
                plain = [h for h in self.values.get((_EMAIL, value), ()) if h[1]]
                graph.value(name, value, _numbered([*holders, *plain], numbers))
        _add_edges(graph, numbers, self.edges)
        return graph

    def _step(self, ask: set[RecordKey]) -> set[RecordKey]:
        """What these records lead to."""
        found: set[RecordKey] = set()
        wanted: dict[str, set[str]] = defaultdict(set)
        for source, remotes in by_source(ask):
            marks = ",".join("?" * len(remotes))
            where = f"WHERE tenant_id = ? AND source_id = ? AND remote_id IN ({marks})"
            for row in self.connection.execute(
                f"SELECT source_id, remote_id, entity_id, hub_id, deleted_at FROM record {where} AND {_PLACED}",
                (self.tenant, source, *remotes),
            ):
                self.rows[row[0], row[1]] = row
            for row in self.connection.execute(
                f"SELECT namespace, value, remote_id, current FROM record_key {where}", (self.tenant, source, *remotes)
            ):
                self._want(wanted, row[0], row[1])
        for name, values in wanted.items():
            found |= self._holders(name, sorted(values))
        found |= self._family(ask)
        if self.joined:
            edges = set(stored.touching(self.connection, self.tenant, ask))
            self.edges |= edges
            found.update(key for edge in edges for key in (edge.one, edge.two))
        return found

    def _want(self, wanted: dict[str, set[str]], name: str, value: str) -> None:
        if name not in self.spaces:
            return
        names = (_EMAIL, MAILBOX) if MAILBOX in self.spaces and name in {_EMAIL, MAILBOX} else (name,)
        for one in names:
            if (one, value) not in self.values and (one, value) not in self.crowded:
                wanted[one].add(value)

    def _holders(self, name: str, values: Sequence[str]) -> set[RecordKey]:
        """Who has these values; one that proved nothing before and proves nothing now leads nowhere."""
        holders: dict[str, list[tuple[RecordKey, bool]]] = {value: [] for value in values}
        for start in range(0, len(values), CHUNK):
            some = values[start : start + CHUNK]
            for row in self.connection.execute(
                "SELECT value, source_id, remote_id, current FROM record_key WHERE tenant_id = ? AND entity = ?"
                f" AND namespace = ? AND value IN ({','.join('?' * len(some))})",
                (self.tenant, self.kind, name, *some),
            ):
                holders[row[0]].append(((row[1], row[2]), bool(row[3])))
        found: set[RecordKey] = set()
        for value, some_holders in holders.items():
            if self._is_crowded(some_holders, self.spaces[name].limit):
                self.crowded[name, value] = some_holders
            else:
                self.values[name, value] = some_holders
                found.update(key for key, _ in some_holders)
        return found

    def _is_crowded(self, holders: Iterable[tuple[RecordKey, bool]], limit: int) -> bool:
        """More live records than the limit had it before these changes, and have it still."""
        settled: dict[int, list[RecordKey]] = defaultdict(list)
        for key, now in holders:
            if now and key not in self.dirty:
                settled[key[0]].append(key)
        return any(len(keys) > limit and self._live(keys, limit) > limit for keys in settled.values())

    def _live(self, keys: Iterable[RecordKey], limit: int) -> int:
        live = 0
        for source, remotes in by_source(keys):
            (some,) = self.connection.execute(
                "SELECT count(*) FROM record WHERE tenant_id = ? AND source_id = ? AND deleted_at IS NULL"
                f" AND remote_id IN ({','.join('?' * len(remotes))})",
                (self.tenant, source, *remotes),
            ).fetchone()
            live += some
            if live > limit:
                break
        return live

    def _family(self, ask: set[RecordKey]) -> set[RecordKey]:
        """The other records of these records' entities, and of the entities that they were made from."""
        rows = [self.rows[key] for key in ask if key in self.rows]
        ids = {row[2] for row in rows if row[2]}
        ids |= set(current_ids(self.connection, self.tenant, self.kind, {row[3] for row in rows if row[3]}).values())
        new = sorted(ids - self.entities)
        self.entities |= ids
        found: set[RecordKey] = set()
        for start in range(0, len(new), CHUNK):
            some = new[start : start + CHUNK]
            found.update(
                (row[0], row[1])
                for row in self.connection.execute(
                    "SELECT source_id, remote_id FROM record WHERE tenant_id = ?"
                    f" AND entity_id IN ({','.join('?' * len(some))})",
                    (self.tenant, *some),
                )
            )
        return found


def _numbered(holders: Iterable[tuple[RecordKey, bool]], numbers: Numbers) -> list[tuple[int, bool]]:
    found = ((numbers[source].get(remote), now) for (source, remote), now in holders)
    return [(number, now) for number, now in found if number is not None]
