"""The state of consent of each address of a person, as it follows from what the person's own fields say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ulid import ULID

from vaiven_sync_engine.consent.rule import CHANNELS, EVIDENCE, MOST_RESTRICTIVE, Statement, decide
from vaiven_sync_engine.store.entities import Canonical, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def primary(points: Iterable[Canonical], kind: str) -> str | None:
    """Id of the contact point at which the person is reached."""
    return next((p.id for p in points if p.values.get("type") == kind and p.values.get("is_primary")), None)


def follow(states: list[Canonical], points: Sequence[Canonical], person: Canonical, before: int) -> bool:
    """Bring the states of a person's primary addresses up to date; True if the person's own field had to give in.

    A person who changes to an address that was refused before is refused with it, whatever they allowed at another
    one since. The state of an address that they no longer use stays as it was. The states are those of the person's
    revision `before`.
    """
    gave_in = False
    for name, (channel, kind) in CHANNELS.items():
        point = primary(points, kind)
        state = _find(states, channel, point)
        moved = person.rev_of(kind) > before and person.values.get(name) != "denied"
        if moved and state is not None and _refuses(state, point):
            person.set(name, "denied", 0, "", state.values.get("effective_at") or "", MOST_RESTRICTIVE)
            gave_in = True
        status, origin = person.values.get(name), person.origins.get(name)
        if state is None:
            if status is None:
                continue
            state = _new(states, person.id, channel)
        _put(state, point, status, origin)
    return gave_in


def tell(states: list[Canonical], person_id: str, channel: str, point: str, said: Statement, ref: str | None) -> bool:
    """Take a statement about one further address of a person; True if it changed the state."""
    state = next((s for s in _of(states, channel) if s.values.get("contact_point_id") == point), None)
    if state is None:
        state = _new(states, person_id, channel)
    known = state.values.get("effective_at") or ""
    origin = Origin(state.rev, 0, "", known, EVIDENCE if state.values.get("evidence_ref") else "first")
    verdict = decide(said, state.values.get("status"), origin if state.values.get("status") else None)
    if not verdict.takes and not verdict.renews:
        return False
    _put(state, point, said.value, Origin(state.rev, 0, "", said.at, verdict.rule))
    _set(state, "evidence_ref", ref)
    return True


def _refuses(state: Canonical, point: str | None) -> bool:
    return state.values.get("contact_point_id") == point and state.values.get("status") == "denied"


def _put(state: Canonical, point: str | None, status: Any, origin: Origin | None) -> None:
    at = origin.at if origin and origin.at else None
    _set(state, "status", status)
    _set(state, "contact_point_id", point)
    _set(state, "effective_at", at)
    if origin is not None and origin.rule == EVIDENCE:
        _set(state, "captured_at", at)


def _of(states: Iterable[Canonical], channel: str) -> list[Canonical]:
    """A channel's states for all of marketing; those of single topics are their tools' own."""
    return [s for s in states if s.values.get("channel") == channel and not s.values.get("topic")]


def _find(states: Iterable[Canonical], channel: str, point: str | None) -> Canonical | None:
    """The state of this address, else one that is of no address yet."""
    mine = _of(states, channel)
    exact = next((s for s in mine if s.values.get("contact_point_id") == point), None)
    return exact or next((s for s in mine if s.values.get("contact_point_id") is None), None)


def _new(states: list[Canonical], person_id: str, channel: str) -> Canonical:
    state = Canonical(str(ULID()), {"person_id": person_id, "channel": channel, "purpose": "marketing"})
    states.append(state)
    return state


def _set(row: Canonical, name: str, value: Any) -> None:
    if row.values.get(name) != value:
        row.values[name] = value
        row.rev += 1
        row.changed = True
