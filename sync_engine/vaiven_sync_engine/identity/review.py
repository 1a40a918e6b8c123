"""Pairs that may be one, put to people: they accept or refuse, and what they say holds from then on."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.identity import edges
from vaiven_sync_engine.identity.edges import Edge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vaiven_sync_engine.identity.keys import RecordKey
    from vaiven_sync_engine.store.sql import Sql


@dataclass(frozen=True, slots=True)
class Candidate:
    """One pair that waits for somebody.

    Args:
        score: probability that the two are one.
        why: field -> what it adds to (or takes from) the log odds of that.
        records: the two, each with its entity and its unified values.
    """

    id: str
    kind: str
    score: float
    why: dict[str, float]
    records: tuple[dict[str, Any], dict[str, Any]]


def replace_open(
    connection: Sql,
    tenant: str,
    kind: str,
    pairs: Iterable[tuple[RecordKey, RecordKey, float, Mapping[str, float]]],
    run: str,
    at: str,
) -> None:
    """Put these pairs to people instead of those that nobody has decided; what was decided stays."""
    connection.execute("DELETE FROM review WHERE tenant_id = ? AND entity = ? AND state = 'open'", (tenant, kind))
    rows = []
    for one, two, score, why in pairs:
        first, second = sorted((one, two))
        text = msgspec.json.encode(why).decode()
        rows.append((tenant, pair_id(kind, first, second), kind, *first, *second, round(score, 6), text, run, at))
    connection.executemany(
        "INSERT INTO review (tenant_id, id, entity, source_id, remote_id, other_source, other_remote, score, why,"
        " state, run_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?) ON CONFLICT (tenant_id, id) DO NOTHING",
        rows,
    )


def pair_id(kind: str, one: RecordKey, two: RecordKey) -> str:
    """What a pair is called: the same for the same two records."""
    return blake2b(
        f"{kind}\0{one[0]}\0{one[1]}\0{two[0]}\0{two[1]}".encode("utf-8", "replace"), digest_size=5
    ).hexdigest()


def waiting(connection: Sql, tenant: str, kind: str | None = None, limit: int = 50) -> tuple[list[Candidate], int]:
    """The pairs that wait, the likeliest first, and how many there are; those that are one by now are left out."""
    which = "AND v.entity = ? " if kind else ""
    found = connection.execute(
        "SELECT v.id, v.entity, v.score, v.why, a.source_id, a.remote_id, a.entity_id, a.fields,"
        " b.source_id, b.remote_id, b.entity_id, b.fields FROM review v"
        " JOIN record a ON a.tenant_id = v.tenant_id AND a.source_id = v.source_id AND a.remote_id = v.remote_id"
        " JOIN record b ON b.tenant_id = v.tenant_id AND b.source_id = v.other_source AND b.remote_id = v.other_remote"
        f" WHERE v.tenant_id = ? {which}AND v.state = 'open' AND a.deleted_at IS NULL AND b.deleted_at IS NULL"
        " AND a.entity_id <> b.entity_id ORDER BY v.score DESC, v.id",
        (tenant, kind) if kind else (tenant,),
    ).fetchall()
    return [
        Candidate(row[0], row[1], row[2], msgspec.json.decode(row[3]), (_shown(row, 4), _shown(row, 8)))
        for row in found[:limit]
    ], len(found)


def decide(connection: Sql, tenant: str, pair: str, *, same: bool, run: str, at: str) -> str:
    """Take a person's word for a pair, waiting or decided before, and give the kind; call it inside a transaction.

    Raises:
        InputInvalid: there is no such pair.
    """
    row = connection.execute(
        "SELECT entity, source_id, remote_id, other_source, other_remote FROM review WHERE tenant_id = ? AND id = ?",
        (tenant, pair),
    ).fetchone()
    if row is None:
        raise InputInvalid(
            f"There is no pair {pair!r} to decide.", remedy="`vaiven people review` lists those there are."
        )
    one, two = (row[1], row[2]), (row[3], row[4])
    edges.put(connection, tenant, row[0], [Edge(one, two, "accepted" if same else "refused")], run, at)
    connection.execute(
        "UPDATE review SET state = ?, decided_at = ? WHERE tenant_id = ? AND id = ?",
        ("accepted" if same else "refused", at, tenant, pair),
    )
    edges.look_again(connection, tenant, (one, two))
    return str(row[0])


def _shown(row: Any, start: int) -> dict[str, Any]:
    source, remote, entity, fields = (row[start + n] for n in range(4))
    return {"source_id": source, "remote_id": remote, "entity_id": entity, "fields": msgspec.json.decode(fields)}
