"""Why each record is with its entity: the record that it hangs on, the rule, the value's hash or the score."""

from __future__ import annotations

from collections import defaultdict
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

from vaiven_sync_engine.identity.assign import PART

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from vaiven_sync_engine.identity.assign import Move
    from vaiven_sync_engine.identity.graph import Graph, Tie
    from vaiven_sync_engine.identity.keys import RecordKey
    from vaiven_sync_engine.store.sql import Sql


def record_moves(
    connection: Sql, tenant: str, kind: str, graph: Graph, moves: Sequence[Move], run: str, at: str
) -> None:
    """Write down why records came to their entities; one that is alone in its entity needs no reason."""
    moved = {move.number: move for move in moves}
    hangs = _hanging(graph, moved)
    while some := list(islice(hangs, PART)):
        rows = []
        for number, other, tie in some:
            move = moved[number]
            hashed = value_hash(tenant, tie.value) if tie.value is not None else None
            rows.append(
                (tenant, kind, move.entity_id, *graph.keys[number], move.lost_id, *graph.keys[other],
                 tie.rule, hashed, tie.score, run, at)
            )  # fmt: skip
        connection.executemany(
            "INSERT INTO merge_evidence (tenant_id, entity, entity_id, source_id, remote_id, lost_id, other_source,"
            " other_remote, rule, value_hash, score, run_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (tenant_id, source_id, remote_id, at) DO UPDATE SET entity_id = excluded.entity_id,"
            " lost_id = excluded.lost_id, other_source = excluded.other_source, other_remote = excluded.other_remote,"
            " rule = excluded.rule, value_hash = excluded.value_hash, score = excluded.score, run_id = excluded.run_id,"
            " undone_at = NULL",
            rows,
        )


def value_hash(tenant: str, value: str) -> str:
    """What stands for a value, so that evidence holds no address: the same for the same value of one tenant."""
    return blake2b(value.encode("utf-8", "replace"), digest_size=8, key=tenant.encode()[:64]).hexdigest()


def forget(connection: Sql, tenant: str, records: Iterable[RecordKey]) -> None:
    """Drop all that is kept about these records: evidence, edges and pairs to review."""
    for source, remote in records:
        where = (tenant, source, remote)
        for table in ("merge_evidence", "record_edge", "review"):
            for place in ("source_id = ? AND remote_id = ?", "other_source = ? AND other_remote = ?"):
                connection.execute(f"DELETE FROM {table} WHERE tenant_id = ? AND {place}", where)


def of_entity(connection: Sql, tenant: str, entity_id: str) -> list[dict[str, Any]]:
    """Why the records of an entity are one, oldest first: what `merge_evidence` has, without what was undone."""
    names = (
        "source_id", "remote_id", "lost_id", "other_source", "other_remote", "rule", "value_hash", "score",
        "run_id", "at",
    )  # fmt: skip
    rows = connection.execute(
        f"SELECT {', '.join(names)} FROM merge_evidence WHERE tenant_id = ? AND entity_id = ? AND undone_at IS NULL"
        " ORDER BY at, source_id, remote_id",
        (tenant, entity_id),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _hanging(graph: Graph, moved: Container[int]) -> Iterator[tuple[int, int, Tie]]:
    """Each record that moved, the record that it hangs on, and the tie; ties lead away from who was there first."""
    by_root: dict[int, list[Tie]] = defaultdict(list)
    for tie in graph.ties:
        by_root[graph.root[tie.one]].append(tie)
    for root, ties in sorted(by_root.items()):
        near: dict[int, list[tuple[int, Tie]]] = defaultdict(list)
        for tie in ties:
            near[tie.one].append((tie.two, tie))
            near[tie.two].append((tie.one, tie))
        anchor = min(graph.members[root], key=lambda n: (n in moved, n))
        stack, done = [anchor], {anchor}
        while stack:
            here = stack.pop()
            for other, tie in near[here]:
                if other not in done:
                    done.add(other)
                    stack.append(other)
                    if other in moved:
                        yield other, here, tie
