"""Rows that follow from a person's own fields: contact points and the state of consent."""

from __future__ import annotations

from collections import defaultdict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ulid import ULID

from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.entities import Canonical
from vaiven_sync_engine.store.facts import save_new

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from vaiven_sync_engine.merge import Observation
    from vaiven_sync_engine.stage import Source

CHANNELS = {"email_consent": ("email", "email"), "sms_consent": ("sms", "phone")}
"""Consent field -> the channel it speaks of and the address it is given for."""


def derive(connection: sqlite3.Connection, tenant: str, changed: Mapping[str, tuple[Canonical, int]], at: str) -> None:
    """Bring contact points and consent states up to date; `changed` is people by id, with their last revision."""
    people = {
        i: p for i, (p, before) in changed.items() if any(p.rev_of(f) > before for f in ("email", "phone", *CHANNELS))
    }
    if not people:
        return
    known = [i for i in people if changed[i][1]]
    points = _held(connection, tenant, "contact_point", known)
    states = _held(connection, tenant, "consent_state", known)
    for person_id, person in people.items():
        mine = points[person_id]
        for kind in ("email", "phone"):
            _point(mine, person, kind)
        for name, (channel, address) in CHANNELS.items():
            _state(states[person_id], person, name, channel, _primary(mine, address))
    for kind, held in (("contact_point", points), ("consent_state", states)):
        rows.save(connection, tenant, kind, [r for some in held.values() for r in some if r.changed], at)


def log_consent(
    connection: sqlite3.Connection,
    tenant: str,
    news: Iterable[tuple[Canonical, Observation, str, Any]],
    sources: Mapping[int, Source],
    at: str,
) -> None:
    """Each statement of a person's consent, in the log that is the truth."""
    events = []
    for entity, seen, name, status in news:
        channel, address = CHANNELS[name]
        source = sources[seen.source]
        mark = f"{seen.remote_id}\0{name}\0{status}\0{seen.at}"
        event_id = blake2b(mark.encode(), digest_size=16).hexdigest()
        event = rows.Canonical(str(ULID()), created_at=at, rev=1)
        event.values = {
            "connection_id": source.connection_id,
            "event_id": event_id,
            "person_id": entity.id,
            "address": entity.values.get(address),
            "channel": channel,
            "purpose": "marketing",
            "status": status,
            "occurred_at": seen.at or None,
            "received_at": at,
        }
        events.append(event)
    if events:
        save_new(connection, tenant, "consent_event", events, at)


def absorb(connection: sqlite3.Connection, tenant: str, lost: str, kept: str, at: str) -> None:
    """A person turned out to be another one: one state of consent stays for each channel, one address is primary.

    The state that stays is that of the person who is kept; what the other one's records say is merged into it.
    """
    gone = f"merged_into:{kept}"
    connection.execute(
        "UPDATE consent_state SET deleted_at = ?, deletion_reason = ?, updated_at = ?"
        " WHERE tenant_id = ? AND person_id = ? AND deleted_at IS NULL",
        (at, gone, at, tenant, lost),
    )
    connection.execute(
        "UPDATE contact_point SET is_primary = 0, updated_at = ? WHERE tenant_id = ? AND person_id = ?",
        (at, tenant, lost),
    )
    connection.execute(
        "UPDATE contact_point AS p SET deleted_at = ?, deletion_reason = ? WHERE tenant_id = ? AND person_id = ?"
        " AND EXISTS (SELECT 1 FROM contact_point k WHERE k.tenant_id = p.tenant_id AND k.person_id = ?"
        " AND k.type = p.type AND k.normalized = p.normalized)",
        (at, gone, tenant, lost, kept),
    )


def _held(
    connection: sqlite3.Connection, tenant: str, kind: str, people: Iterable[str]
) -> defaultdict[str, list[Canonical]]:
    found: defaultdict[str, list[Canonical]] = defaultdict(list)
    for person_id in people:
        for row in connection.execute(
            f"SELECT * FROM {kind} WHERE tenant_id = ? AND person_id = ? AND deleted_at IS NULL", (tenant, person_id)
        ):
            found[person_id].append(rows.decode_row(kind, row))
    return found


def _point(mine: list[Canonical], person: Canonical, kind: str) -> None:
    """The address that the person shows is the primary one; earlier ones stay, as addresses of that person."""
    value = person.values.get(kind)
    for point in mine:
        if point.values.get("type") == kind:
            _set(point, "is_primary", point.values.get("normalized") == value)
    if value and not any(p.values.get("type") == kind and p.values.get("normalized") == value for p in mine):
        fields = {"person_id": person.id, "type": kind, "raw": value, "normalized": value, "is_primary": True}
        mine.append(Canonical(str(ULID()), fields, rev=1, changed=True))


def _primary(mine: Iterable[Canonical], kind: str) -> str | None:
    return next((p.id for p in mine if p.values.get("type") == kind and p.values.get("is_primary")), None)


def _state(mine: list[Canonical], person: Canonical, name: str, channel: str, point: str | None) -> None:
    status, origin = person.values.get(name), person.origins.get(name)
    state = next((s for s in mine if s.values.get("channel") == channel and not s.values.get("topic")), None)
    if state is None:
        if status is None:
            return
        state = Canonical(str(ULID()), {"person_id": person.id, "channel": channel, "purpose": "marketing"})
        mine.append(state)
    for field, value in (
        ("status", status),
        ("contact_point_id", point),
        ("effective_at", origin.at if origin and origin.at else None),
    ):
        _set(state, field, value)


def _set(row: Canonical, name: str, value: Any) -> None:
    if row.values.get(name) != value:
        row.values[name] = value
        row.rev += 1
        row.changed = True
