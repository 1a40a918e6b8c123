"""Acts of people that the tenant itself has proof of: a form on its site, a call, a letter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from ulid import ULID

from vaiven_sdk.model.clean import CLEANERS
from vaiven_sync_engine.consent.rule import CHANNELS, EVIDENCE, Statement, decide
from vaiven_sync_engine.consent.states import tell
from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.entities import Canonical
from vaiven_sync_engine.store.facts import save_new

if TYPE_CHECKING:
    from vaiven_sync_engine.store.sql import Sql


@dataclass(frozen=True, slots=True)
class Act:
    """What one person decided about one address.

    Args:
        address: an e-mail address or a phone number, in any spelling.
        channel: `email` or `sms`.
        status: what they decided.
        at: when, as an instant with its zone in ISO 8601.
        ref: what proves it, as the id of a form submission; a permission without it loosens nothing.
        via: where, as in `form:spring-sale`.
        text: the sentence that they agreed to.
    """

    address: str
    channel: Literal["email", "sms"]
    status: Literal["granted", "denied"]
    at: str
    ref: str | None = None
    via: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What one act did: the person, the address's state before and after, and the rule that decided."""

    person: str
    before: str | None
    after: str | None
    rule: str


def record_act(connection: Sql, tenant: str, act: Act, at: str) -> list[Told]:
    """Log an act and let it count for everyone who has the address; call it inside a transaction.

    The next sync brings it to the tools. Raises `InputInvalid` for an address or an instant that is none.
    """
    field, kind, address, when = _clean(act)
    out = []
    for person_id, point in _holders(connection, tenant, kind, address):
        _log(connection, tenant, act, person_id, address, when, at)
        person = rows.load(connection, tenant, "person", [person_id])[person_id]
        said = Statement(act.status, when, proven=act.ref is not None)
        if person.values.get(kind) == address:
            out.append(_tell_person(connection, tenant, person, field, said, at))
        else:
            out.append(_tell_address(connection, tenant, person_id, act, point, said, at))
    if not out:
        _log(connection, tenant, act, None, address, when, at)
    return out


def merge_consents(connection: Sql, tenant: str, lost: str, kept: str, at: str) -> None:
    """Two people are one: what the hub itself was told of either counts for the one that is kept.

    What tools say of them is observed afresh with their records; the hub's own word has no record.
    """
    people = rows.load(connection, tenant, "person", [lost, kept])
    if len(people) < 2:
        return
    gone, stays = people[lost], people[kept]
    for name, (_, kind) in CHANNELS.items():
        origin = gone.origins.get(name)
        if origin is None or origin.source:
            continue
        proven = origin.rule == EVIDENCE
        same = gone.values.get(kind) in {None, stays.values.get(kind)}
        said = Statement(gone.values.get(name), origin.at, proven, same_address=same)
        verdict = decide(said, stays.values.get(name), stays.origins.get(name))
        if verdict.takes:
            stays.set(name, said.value, 0, origin.remote_id, said.at, verdict.rule)
    if stays.changed:
        rows.save(connection, tenant, "person", [stays], at)


def _clean(act: Act) -> tuple[str, str, str, str]:
    field, kind = next((name, kind) for name, (channel, kind) in CHANNELS.items() if channel == act.channel)
    address = CLEANERS[kind](act.address)
    if address is None:
        example = "ana@example.com" if kind == "email" else "+34600111222"
        raise InputInvalid(f"{act.address!r} is no {kind} address.", remedy=f"Give it as {example}.")
    try:
        when = datetime.fromisoformat(act.at)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise InputInvalid(
            f"{act.at!r} is no instant.", remedy="Give the time with its zone, as 2026-05-01T10:00:00+02:00."
        )
    return field, kind, address, when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _holders(connection: Sql, tenant: str, kind: str, address: str) -> list[tuple[str, str]]:
    """Everyone who has, or had, the address: (person, contact point)."""
    return [
        (row[0], row[1])
        for row in connection.execute(
            "SELECT person_id, id FROM contact_point WHERE tenant_id = ? AND type = ? AND normalized = ?"
            " AND deleted_at IS NULL AND person_id IN"
            " (SELECT id FROM person WHERE tenant_id = ? AND deleted_at IS NULL) ORDER BY person_id",
            (tenant, kind, address, tenant),
        )
    ]


def _tell_person(connection: Sql, tenant: str, person: Canonical, field: str, said: Statement, at: str) -> Told:
    from vaiven_sync_engine.derive import derive  # noqa: PLC0415 - it builds on this package

    before, origin, rev = person.values.get(field), person.origins.get(field), person.rev
    verdict = decide(said, before, origin)
    if verdict.takes:
        person.set(field, said.value, rows.HUB, "", said.at, verdict.rule)
    elif verdict.renews:
        person.renew(field, rows.HUB, "", said.at, verdict.rule)
    if person.changed:
        rows.save(connection, tenant, "person", [person], at)
        derive(connection, tenant, {person.id: (person, min(rev, person.rev - 1))}, at)
        connection.execute(
            "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, 'person', ?) ON CONFLICT DO NOTHING",
            (tenant, person.id),
        )
    return Told(person.id, before, person.values.get(field), verdict.rule)


def _tell_address(connection: Sql, tenant: str, person_id: str, act: Act, point: str, said: Statement, at: str) -> Told:
    """An address that the person has besides the one that tools are told of: its own state, and nothing to send."""
    states = [
        rows.decode_row("consent_state", row)
        for row in connection.execute(
            "SELECT * FROM consent_state WHERE tenant_id = ? AND person_id = ? AND deleted_at IS NULL",
            (tenant, person_id),
        )
    ]
    state = next((s for s in states if s.values.get("contact_point_id") == point), None)
    before = state.values.get("status") if state else None
    took = tell(states, person_id, act.channel, point, said, act.ref)
    rows.save(connection, tenant, "consent_state", [s for s in states if s.changed], at)
    return Told(person_id, before, said.value if took else before, "other_address")


def _log(connection: Sql, tenant: str, act: Act, person_id: str | None, address: str, when: str, at: str) -> None:
    mark = f"{person_id}\0{address}\0{act.channel}\0{act.status}\0{when}\0{act.ref}"
    event = Canonical(str(ULID()), created_at=at, rev=1)
    event.values = {
        "connection_id": "",
        "event_id": blake2b(mark.encode(), digest_size=16).hexdigest(),
        "person_id": person_id,
        "address": address,
        "channel": act.channel,
        "purpose": "marketing",
        "status": act.status,
        "occurred_at": when,
        "received_at": at,
        "captured_via": act.via,
        "evidence_ref": act.ref,
        "text_shown": act.text,
        "is_user_act": True if act.ref else None,
    }
    save_new(connection, tenant, "consent_event", [event], at)
