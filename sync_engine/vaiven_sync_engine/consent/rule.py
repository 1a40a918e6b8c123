"""One statement of consent against what is known: a refusal stands until the person themselves takes it back.

Pure functions. The order in which statements come plays no part: each is judged by when it was made, and a permission
by whether the person's own act is proven.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sync_engine.store.entities import Origin

CHANNELS = {"email_consent": ("email", "email"), "sms_consent": ("sms", "phone")}
"""Consent field -> the channel it speaks of and the address it is given for."""
EVIDENCE = "evidence"
"""Rule of a permission that rests on a proven act of the person."""
MOST_RESTRICTIVE = "most_restrictive"

_STRICTNESS = {"denied": 3, "pending": 2, "granted": 1, "unknown": 0, None: -1}


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody says of one person's consent.

    Args:
        value: a state of consent; None or `unknown` is no statement.
        at: when it was made at the latest: the proven act, else the last change of the record, else our reading.
        proven: the person's own act stands behind it.
        alone: whoever says so is the only one to have spoken since it last agreed with the hub.
        same_address: it is about the address that the person is reached at.
    """

    value: Any
    at: str
    proven: bool = False
    alone: bool = False
    same_address: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a statement.

    Args:
        takes: it replaces what is known.
        rule: by which it was decided; empty when there was nothing to decide.
        lost: one of the two values lost and is kept as a conflict.
        renews: the same state, and a later (or proven) word for it: its instant and rule are taken over.
    """

    takes: bool = False
    rule: str = ""
    lost: bool = False
    renews: bool = False


def decide(said: Statement, current: Any, origin: Origin | None) -> Verdict:
    """Judge one statement against the state that is known, and who it came from."""
    if said.value in {None, "unknown"}:
        # No statement; that a tool does not know is kept where nobody has said anything.
        return Verdict(takes=said.value is not None and current is None, rule="only_change" if said.alone else "first")
    rule = EVIDENCE if said.proven and said.value == "granted" else "only_change" if said.alone else MOST_RESTRICTIVE
    nothing_known = current in {None, "unknown"} or origin is None
    if nothing_known:
        return Verdict(takes=_STRICTNESS[said.value] > _STRICTNESS[current], rule=rule)
    known_at, known_rule = origin.at, origin.rule  # type: ignore[union-attr]  # narrowed by `nothing_known`
    if said.value == current:
        better = said.at > known_at and (said.value != "granted" or said.proven or known_rule != EVIDENCE)
        first_proof = said.proven and current == "granted" and known_rule != EVIDENCE
        return Verdict(rule=rule, renews=better or first_proof)
    if _STRICTNESS[said.value] > _STRICTNESS[current]:
        # Asking for a permission that is proven already takes nothing back, and nor does what was refused before it.
        if known_rule == EVIDENCE and (said.value == "pending" or said.at < known_at):
            return Verdict(rule=EVIDENCE, lost=True)
        return Verdict(takes=True, rule=rule, lost=not said.alone)
    proven = said.proven and said.value == "granted" and said.same_address
    if proven and (current == "pending" or said.at > known_at):
        return Verdict(takes=True, rule=EVIDENCE, lost=not said.alone)
    if said.alone and (current, said.value) == ("pending", "granted"):
        return Verdict(takes=True, rule=rule)
    return Verdict(rule=MOST_RESTRICTIVE, lost=True)


def loosened(shadow: Mapping[str, Sequence[Any]], kept: Mapping[str, Any]) -> set[str]:
    """The consents of which a record now says less than was last agreed."""
    before = {name: shadow[name][0] for name in CHANNELS if name in shadow}
    return {name for name, state in before.items() if _STRICTNESS[kept.get(name)] < _STRICTNESS[state] > 1}
