"""The log of what people decided: each statement of a tool, with the proof that it had."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ulid import ULID

from vaiven_sdk import Proof
from vaiven_sync_engine.consent.rule import CHANNELS
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.entities import Canonical
from vaiven_sync_engine.store.facts import save_new

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaiven_sync_engine.merge import Observation
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql


def log_statements(
    connection: Sql,
    tenant: str,
    news: Iterable[tuple[Canonical, Observation, str, Any]],
    sources: Mapping[int, Source],
    at: str,
) -> None:
    """Log what tools say of consent: (person, the record, the field, the state)."""
    events = []
    for entity, seen, name, status in news:
        channel, address = CHANNELS[name]
        proof = seen.proofs.get(name) or {}
        mark = f"{seen.remote_id}\0{name}\0{status}\0{proof.get('at') or seen.at}"
        event = Canonical(str(ULID()), created_at=at, rev=1)
        event.values = {
            "connection_id": sources[seen.source].connection_id,
            "event_id": blake2b(mark.encode(), digest_size=16).hexdigest(),
            "person_id": entity.id,
            "address": seen.fields.get(address) or entity.values.get(address),
            "channel": channel,
            "purpose": "marketing",
            "status": status,
            "occurred_at": proof.get("at") or seen.at or None,
            "received_at": at,
            "captured_via": proof.get("via"),
            "evidence_ref": proof.get("ref"),
            "text_shown": proof.get("text"),
            "is_user_act": True if proof else None,
        }
        events.append(event)
    if events:
        save_new(connection, tenant, "consent_event", events, at)


def proofs_of(connection: Sql, tenant: str, people: Sequence[str], channel: str) -> dict[str, Proof]:
    """Each person's latest proven permission for a channel, for a tool that wants to be told of it."""
    latest: dict[str, Any] = {}
    for start in range(0, len(people), rows.CHUNK):
        some = people[start : start + rows.CHUNK]
        for row in connection.execute(
            "SELECT person_id, occurred_at, evidence_ref, captured_via, text_shown FROM consent_event"
            f" WHERE tenant_id = ? AND person_id IN ({','.join('?' * len(some))}) AND channel = ?"
            " AND status = 'granted' AND evidence_ref IS NOT NULL AND occurred_at IS NOT NULL ORDER BY occurred_at, id",
            (tenant, *some, channel),
        ):
            latest[row["person_id"]] = row
    out = {}
    for person_id, row in latest.items():
        kept = {"at": row[1], "ref": row[2], "via": row[3], "text": row[4]}
        proof = Proof.of({name: value for name, value in kept.items() if value})
        if proof is not None:
            out[person_id] = proof
    return out
