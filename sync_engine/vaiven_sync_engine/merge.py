"""Three-way merge of one observed record into its entity, field by field; every value that loses is kept.

For each field there are three values: what the record said when we last agreed (its shadow), what it says now, and the
entity's. A value equal to the shadow is no news, which also absorbs the echo of our own writes. Pure functions: the
store is not touched here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_sdk.custom import PREFIX
from vaiven_sdk.model import Field, Merge, Pii
from vaiven_sync_engine.consent.rule import CHANNELS, Statement, decide
from vaiven_sync_engine.store.entities import COMPUTED, HUB

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vaiven_sdk import Record
    from vaiven_sync_engine.mapping.policies import Rules
    from vaiven_sync_engine.store.entities import Canonical

Shadow = dict[str, list[Any]]
"""Field -> [the value as the tool keeps it, the entity's revision that it reflects]."""
IGNORED = -1
"""Revision, in a shadow, of an edit of something that is deleted: when it is back, the edit is news again."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A value that lost."""

    field: str
    kept: Any
    kept_from: tuple[int, str]
    lost: Any
    lost_from: tuple[int, str]
    rule: str


@dataclass(slots=True)
class Observation:
    """One record as its tool has it now, on its way into an entity.

    Args:
        source: the stream's row id.
        remote_id: the record.
        at: when its tool says that it changed; empty if it does not say.
        fields: clean unified values that the record has, references already turned into entity ids.
        shadow: the record's shadow; updated in place.
        unread: fields whose value cannot be told: a reference to a record that has not come, or a field that the
            connector no longer maps.
        proofs: consent field -> the person's own act behind it (`vaiven_sdk.Proof`, as kept beside the record).
        seen_at: when the hub read it.
    """

    source: int
    remote_id: str
    at: str
    fields: Mapping[str, Any]
    shadow: Shadow = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    proofs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    seen_at: str = ""

    def statements(self) -> Iterator[tuple[str, Any]]:
        """What the record says, field by field.

        A field without a value says something only if it had one when we last agreed: then somebody cleared it. A
        record that never had it does not wish to clear it.
        """
        yield from self.fields.items()
        cleared = [n for n, (v, _) in self.shadow.items() if v is not None and n not in self.fields]
        yield from ((name, None) for name in cleared if name not in self.unread)

    def remember(self) -> None:
        """Make edits news again that came while what they are about was deleted."""
        for name in [n for n, (_, rev) in self.shadow.items() if rev == IGNORED]:
            del self.shadow[name]

    @property
    def origin(self) -> tuple[int, str]:
        """Who says so."""
        return self.source, self.remote_id


def custom_specs(records: Iterable[type[Record[Any]]]) -> dict[str, Field]:
    """How the custom fields of these records are merged: the later edit wins, whatever the type."""
    return {
        name: Field(name, str, one.label if (one := record.custom().get(name)) else name, pii=Pii.SENSITIVE)
        for record in records
        for name in record.mapped()
        if name.startswith(PREFIX)
    }


def observe(entity: Canonical, seen: Observation, specs: Mapping[str, Field], rules: Rules | None = None) -> list[Lost]:
    """Merge one observation; gives the values that lost.

    Args:
        entity: changed in place.
        seen: its shadow is changed in place.
        specs: the entity's fields.
        rules: the customer's, where they differ from the model's.
    """
    lost: list[Lost] = []
    consents: list[tuple[str, Any, int]] = []
    seen.remember()
    for name, value in seen.statements():
        spec = specs.get(name)
        if spec is None:
            continue
        last = seen.shadow.get(name)
        if last is not None and last[0] == value:
            continue
        if spec.merge is Merge.MOST_RESTRICTIVE:
            consents.append((name, value, last[1] if last is not None else 0))
            continue
        current, rev = entity.values.get(name), entity.rev_of(name)
        agreed = last[1] if last is not None else 0
        if value == current:
            # Both came to the same value: nothing to do on either side.
            seen.shadow[name] = [value, rev]
        elif _is_settled(entity, seen, name, value, agreed, rules, lost):
            pass
        elif spec.merge is Merge.UNION:
            _union(entity, seen, name, value, last)
        elif spec.merge in {Merge.EARLIEST, Merge.LATEST}:
            _extreme(entity, seen, name, value, latest=spec.merge is Merge.LATEST)
        elif rev <= agreed and last is not None:
            seen.shadow[name] = [value, entity.set(name, value, *seen.origin, seen.at, "only_change")]
        elif rev == 0:
            seen.shadow[name] = [value, entity.set(name, value, *seen.origin, seen.at, "first")]
        else:
            lost.append(_last_writer(entity, seen, name, value, agreed))
    # A consent is given for an address, so it is judged when the address is known.
    for name, value, agreed in consents:
        lost.extend(_consent(entity, seen, name, value, agreed))
    return lost


def ignore(entity: Canonical, seen: Observation, specs: Mapping[str, Field]) -> list[Lost]:
    """An edit of something that is deleted: the deletion stands, and the edit is kept as what lost."""
    lost: list[Lost] = []
    for name, value in seen.statements():
        last = seen.shadow.get(name)
        if name in specs and (last is None or last[0] != value):
            seen.shadow[name] = [value, IGNORED]
            if value is not None and value != entity.values.get(name):
                lost.append(Lost(name, None, (0, ""), value, seen.origin, "delete_wins"))
    return lost


def _is_settled(
    entity: Canonical, seen: Observation, name: str, value: Any, agreed: int, rules: Rules | None, lost: list[Lost]
) -> bool:
    """Settle a field that the hub worked out, or that a rule of the customer's is about; False for any other."""
    if name in entity.origins and entity.origins[name].rule == COMPUTED:
        lost.append(_computed(entity, seen, name, value))
        return True
    if not rules:
        return False
    origin, current = entity.origins.get(name), entity.values.get(name)
    judged = rules.judge(name, value, seen.source, current, origin.source if origin else None)
    alone = name in seen.shadow and entity.rev_of(name) <= agreed
    if judged is None or origin is None or (judged.what == "wait" and alone):
        return False
    holder = (origin.source, origin.remote_id)
    if judged.what == "take":
        seen.shadow[name] = [value, entity.set(name, value, *seen.origin, seen.at, judged.rule)]
        if not alone and current is not None:
            lost.append(Lost(name, value, seen.origin, current, holder, judged.rule))
        return True
    # Refused, it is written over by the value in place; waiting, it stays as it is until somebody decides.
    seen.shadow[name] = [value, 0 if judged.what == "refuse" else entity.rev_of(name)]
    if value is not None or judged.what == "wait":
        lost.append(Lost(name, current, holder, value, seen.origin, judged.rule))
    return True


def _computed(entity: Canonical, seen: Observation, name: str, value: Any) -> Lost:
    """The hub worked the value out: it stays, and the tool is due to get it again; what somebody typed is kept."""
    seen.shadow[name] = [value, 0]
    kept_from = (HUB, entity.origins[name].remote_id)
    return Lost(name, entity.values.get(name), kept_from, value, seen.origin, "computed")


def _last_writer(entity: Canonical, seen: Observation, name: str, value: Any, agreed: int) -> Lost:
    """Both sides changed: the later edit wins; of two at the same instant the one that is in place stays."""
    origin = entity.origins[name]
    current, holder = entity.values.get(name), (origin.source, origin.remote_id)
    if seen.at > origin.at:
        seen.shadow[name] = [value, entity.set(name, value, *seen.origin, seen.at, "last_writer")]
        return Lost(name, value, seen.origin, current, holder, "last_writer")
    seen.shadow[name] = [value, agreed]
    return Lost(name, current, holder, value, seen.origin, "last_writer")


def _consent(entity: Canonical, seen: Observation, name: str, value: Any, agreed: int) -> list[Lost]:
    """What a record says of a consent, by the rule of `consent.rule`."""
    proof = seen.proofs.get(name)
    current, origin = entity.values.get(name), entity.origins.get(name)
    address = CHANNELS[name][1] if name in CHANNELS else ""
    said = Statement(
        value,
        at=proof["at"] if proof else seen.at or seen.seen_at,
        proven=proof is not None,
        # Nobody else has spoken since this record and the hub agreed.
        alone=name in seen.shadow and entity.rev_of(name) <= agreed,
        same_address=seen.fields.get(address) in {None, entity.values.get(address)},
    )
    verdict = decide(said, current, origin)
    if verdict.takes:
        seen.shadow[name] = [value, entity.set(name, value, *seen.origin, said.at, verdict.rule)]
    elif value == current:
        seen.shadow[name] = [value, entity.rev_of(name)]
        if verdict.renews:
            entity.renew(name, *seen.origin, said.at, verdict.rule)
    else:
        seen.shadow[name] = [value, agreed]
    if not verdict.lost or origin is None:
        return []
    kept, lost = (seen.origin, (origin.source, origin.remote_id))[:: 1 if verdict.takes else -1]
    values = (value, current) if verdict.takes else (current, value)
    return [Lost(name, values[0], kept, values[1], lost, verdict.rule)]


def _union(entity: Canonical, seen: Observation, name: str, value: Any, last: list[Any] | None) -> None:
    """Three-way merge of sets: what this side added is added, what it removed is removed, the rest stays."""
    base = set((last[0] if last else None) or ())
    theirs, ours = set(value or ()), set(entity.values.get(name) or ())
    merged = sorted((ours | (theirs - base)) - (base - theirs))
    agreed = last[1] if last else 0
    if merged != sorted(ours) or name not in entity.origins:
        agreed_rev = entity.set(name, merged, *seen.origin, seen.at, "union")
        agreed = agreed_rev if merged == sorted(theirs) else agreed
    elif merged == sorted(theirs):
        agreed = entity.rev_of(name)
    seen.shadow[name] = [value, agreed]


def _extreme(entity: Canonical, seen: Observation, name: str, value: Any, *, latest: bool) -> None:
    current = entity.values.get(name)
    better = current is None or (value is not None and (value > current if latest else value < current))
    if better and value is not None:
        entity.set(name, value, *seen.origin, seen.at, "latest" if latest else "earliest")
    # Such a value is a record's own observation: it is never pushed over another record's.
    seen.shadow[name] = [value, entity.rev_of(name)]
