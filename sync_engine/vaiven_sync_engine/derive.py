"""Rows that follow from a person's own fields: contact points and the state of consent."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ulid import ULID

from vaiven_sync_engine.consent.rule import CHANNELS
from vaiven_sync_engine.consent.states import follow
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.entities import Canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sync_engine.store.sql import Sql


def derive(connection: Sql, tenant: str, changed: Mapping[str, tuple[Canonical, int]], at: str) -> None:
    """Bring contact points and consent states up to date; `changed` is people by id, with their last revision."""
    people = {
        i: p for i, (p, before) in changed.items() if any(p.rev_of(f) > before for f in ("email", "phone", *CHANNELS))
    }
    if not people:
        return
    known = [i for i in people if changed[i][1]]
    points = _held(connection, tenant, "contact_point", known)
    states = _held(connection, tenant, "consent_state", known)
    gave_in: list[Canonical] = []
    for person_id, person in people.items():
        mine = points[person_id]
        for kind in ("email", "phone"):
            _point(mine, person, kind)
        if follow(states[person_id], mine, person, changed[person_id][1]):
            gave_in.append(person)
    for kind, held in (("contact_point", points), ("consent_state", states)):
        rows.save(connection, tenant, kind, [r for some in held.values() for r in some if r.changed], at)
    rows.save(connection, tenant, "person", gave_in, at)


def absorb(connection: Sql, tenant: str, lost: str, kept: str, at: str) -> None:
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
        "UPDATE contact_point SET is_primary = FALSE, updated_at = ? WHERE tenant_id = ? AND person_id = ?",
        (at, tenant, lost),
    )
    connection.execute(
        "UPDATE contact_point AS p SET deleted_at = ?, deletion_reason = ? WHERE tenant_id = ? AND person_id = ?"
        " AND EXISTS (SELECT 1 FROM contact_point k WHERE k.tenant_id = p.tenant_id AND k.person_id = ?"
        " AND k.type = p.type AND k.normalized = p.normalized)",
        (at, gone, tenant, lost, kept),
    )


def _held(connection: Sql, tenant: str, kind: str, people: Sequence[str]) -> defaultdict[str, list[Canonical]]:
    found: defaultdict[str, list[Canonical]] = defaultdict(list)
    for start in range(0, len(people), rows.CHUNK):
        some = people[start : start + rows.CHUNK]
        for row in connection.execute(
            f"SELECT * FROM {kind} WHERE tenant_id = ? AND person_id IN ({','.join('?' * len(some))})"
            " AND deleted_at IS NULL",
            (tenant, *some),
        ):
            found[row["person_id"]].append(rows.decode_row(kind, row))
    # Sorted here: asked for in the order of ids, SQLite reads the whole table by its key.
    return defaultdict(list, {person: sorted(held, key=lambda one: one.id) for person, held in found.items()})


def _point(mine: list[Canonical], person: Canonical, kind: str) -> None:
    """The address that the person shows is the primary one; earlier ones stay, as addresses of that person."""
    value = person.values.get(kind)
    for point in mine:
        if point.values.get("type") == kind:
            _set(point, "is_primary", point.values.get("normalized") == value)
    if value and not any(p.values.get("type") == kind and p.values.get("normalized") == value for p in mine):
        fields = {"person_id": person.id, "type": kind, "raw": value, "normalized": value, "is_primary": True}
        mine.append(Canonical(str(ULID()), fields, rev=1, changed=True))


def _set(row: Canonical, name: str, value: Any) -> None:
    if row.values.get(name) != value:
        row.values[name] = value
        row.rev += 1
        row.changed = True
