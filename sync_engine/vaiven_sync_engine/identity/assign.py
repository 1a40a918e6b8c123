"""The ids of entities: the oldest of a group stays, the larger part of a split keeps its id, the rest leads there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ulid import ULID

from vaiven_sync_engine.identity.graph import LARGE

if TYPE_CHECKING:
    from vaiven_sync_engine.identity.graph import Graph
    from vaiven_sync_engine.store.sql import Sql

PART = 5_000
"""Rows that are made ready at a time."""


class Move(NamedTuple):
    """One record, by number, that comes to another entity."""

    number: int
    entity_id: str
    lost_id: str | None


@dataclass(slots=True)
class Resolved:
    """What a resolution changed.

    Args:
        created: entities made.
        merged: entities found to be another one: from -> to.
        split: entities that lost records -> those that got them.
        large: entities of more records than is likely, for people to look at.
    """

    created: int = 0
    merged: dict[str, str] = field(default_factory=dict)
    split: dict[str, set[str]] = field(default_factory=dict)
    large: dict[str, int] = field(default_factory=dict)


def assign(graph: Graph) -> tuple[Resolved, list[Move]]:
    """Decide each group's id and which records move."""
    out, moves = Resolved(), []
    entities, hubs = graph.entities, graph.hubs
    claims: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, group in enumerate(graph.groups()):
        held: dict[str, int] = defaultdict(int)
        for number in group:
            entity_id = entities[number]
            if entity_id:
                held[entity_id] += 1
        for entity_id, count in held.items():
            claims[entity_id].append((-count, place))
    owner = {entity_id: min(parts)[1] for entity_id, parts in claims.items()}
    for place, group in enumerate(graph.groups()):
        mine = sorted({e for n in group if (e := entities[n]) and owner[e] == place})
        carried = sorted({h for n in group if (h := hubs.get(n)) and not entities[n] and h not in claims})
        chosen = mine[0] if mine else carried[0] if carried else str(ULID())
        out.created += not mine
        out.merged.update(dict.fromkeys(mine[1:], chosen))
        if len(group) > LARGE:
            out.large[chosen] = len(group)
        for number in group:
            before = entities[number]
            if before != chosen:
                moves.append(Move(number, chosen, before))
                if before and before not in mine:
                    out.split.setdefault(before, set()).add(chosen)
    return out, moves


def write(
    connection: Sql, tenant: str, kind: str, graph: Graph, moves: list[Move], resolved: Resolved, at: str
) -> None:
    """Give records their entities, and leave redirects where entities were."""
    # A record that changes hands has agreed on nothing with its new entity: it is observed afresh. A first sync moves
    # all there is: a part at a time.
    for start in range(0, len(moves), PART):
        connection.executemany(
            "UPDATE record SET entity_id = ?, shadow = NULL, dirty = 1"
            " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            [(move.entity_id, tenant, *graph.keys[move.number]) for move in moves[start : start + PART]],
        )
    connection.executemany(
        "INSERT INTO redirect (tenant_id, entity, from_id, to_id, at, evidence)"
        " VALUES (?, ?, ?, ?, ?, 'merge_evidence')"
        " ON CONFLICT (tenant_id, entity, from_id) DO UPDATE SET to_id = excluded.to_id, at = excluded.at",
        [(tenant, kind, lost, kept, at) for lost, kept in resolved.merged.items()],
    )


def reclaim(connection: Sql, tenant: str, kind: str, graph: Graph, moves: list[Move], resolved: Resolved) -> list[Move]:
    """Give parts that fall out of an entity the id back that they had before they were merged into it."""
    new: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        if move.lost_id in resolved.split and move.entity_id in resolved.split[move.lost_id]:
            new[move.entity_id].append(move)
    held = set(graph.entities)
    former: dict[str, str] = {}
    for entity_id, some in sorted(new.items(), key=lambda item: (-len(item[1]), item[0])):
        if entity_id in held:
            continue
        ids = {_former(connection, tenant, graph.keys[move.number], move.lost_id) for move in some}
        (one,) = ids if len(ids) == 1 else (None,)
        if one is not None and one not in former.values() and _was_redirect(connection, tenant, kind, one):
            former[entity_id] = one
    for torn, parts in resolved.split.items():
        resolved.split[torn] = {former.get(part, part) for part in parts}
    return [move._replace(entity_id=former.get(move.entity_id, move.entity_id)) for move in moves]


def _former(connection: Sql, tenant: str, key: tuple[int, str], entity_id: str | None) -> str | None:
    """The entity that a record had before the merge that brought it to this one."""
    row = connection.execute(
        "SELECT lost_id FROM merge_evidence WHERE tenant_id = ? AND source_id = ? AND remote_id = ? AND entity_id = ?"
        " AND undone_at IS NULL ORDER BY at DESC LIMIT 1",
        (tenant, *key, entity_id),
    ).fetchone()
    return row[0] if row else None


def _was_redirect(connection: Sql, tenant: str, kind: str, entity_id: str) -> bool:
    """Take an entity off the redirects; False if it is none."""
    where = (tenant, kind, entity_id)
    sql = "DELETE FROM redirect WHERE tenant_id = ? AND entity = ? AND from_id = ?"
    return connection.execute(sql, where).rowcount == 1
