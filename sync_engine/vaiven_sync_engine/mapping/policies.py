"""How two edits of one field are settled where a customer says so: by owner, by rule, or by a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, Any, Literal

from vaiven_sdk.model import ENTITIES, Merge
from vaiven_sync_engine.errors import InputInvalid

if TYPE_CHECKING:
    from vaiven_sync_engine.mapping.document import Policies, Policy
    from vaiven_sync_engine.source import Source

Chooser = Callable[[Any, Any], bool]
"""A custom rule: (the value in place, the value that is said) -> whether the second one is taken."""

_PLAIN = {Merge.LAST_WRITER, Merge.EARLIEST, Merge.LATEST}


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts for the fields of one kind.

    Args:
        policies: by unified field.
        owners: by unified field, the rows of the streams whose word counts.
        choosers: the installation's own rules, by name.
    """

    policies: Mapping[str, Policy] = field(default_factory=dict)
    owners: Mapping[str, frozenset[int]] = field(default_factory=dict)
    choosers: Mapping[str, Chooser] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.policies or self.owners)

    def judge(self, name: str, value: Any, said_by: int, current: Any, held_by: int | None) -> Judgement | None:
        """What becomes of a value that differs from the one in place; None leaves it to the model's own rule.

        Args:
            name: the unified field.
            value: what is said; None when it was emptied.
            said_by: the stream that says so.
            current: what is in place.
            held_by: the stream that the value in place is from; None when there never was one.
        """
        owners = self.owners.get(name)
        if owners and held_by is not None:
            mine, theirs = said_by in owners, held_by in owners
            if mine != theirs and (mine or current is not None):
                return Judgement("take" if mine else "refuse", "system_of_record")
        policy = self.policies.get(name)
        if policy is None or held_by is None:
            return None
        if policy.rule == "prefer_non_blank":
            return Judgement("refuse", policy.rule) if value is None else None
        if policy.rule == "manual":
            return Judgement("wait", policy.rule)
        if policy.rule in {"largest", "smallest"}:
            better = _order(value, current) == (1 if policy.rule == "largest" else -1)
            return Judgement("take" if better else "refuse", policy.rule)
        if policy.rule == "custom":
            taken = self.choosers[policy.name or ""](current, value)
            return Judgement("take" if taken else "refuse", f"custom:{policy.name}")
        return None


@dataclass(frozen=True, slots=True)
class Judgement:
    """`take` the value that is said, `refuse` it and write the one in place back, or `wait` for a person."""

    what: Literal["take", "refuse", "wait"]
    rule: str


def rules_for(kind: str, policies: Policies, sources: Mapping[int, Source], choosers: Mapping[str, Chooser]) -> Rules:
    """The rules of one kind, with the owners that the accounts' mappings name."""
    owners: dict[str, set[int]] = {}
    for source in sources.values():
        if source.entity == kind:
            for name in source.owned:
                owners.setdefault(name, set()).add(source.id)
    return Rules(policies.kinds.get(kind, {}), {n: frozenset(some) for n, some in owners.items()}, choosers)


def check_policies(policies: Policies, choosers: Mapping[str, Chooser]) -> None:
    """Refuse rules that cannot be.

    Raises:
        InputInvalid: a kind or field that does not exist, a rule that a field cannot have, a function nobody gave.
    """
    for kind, fields in policies.kinds.items():
        if kind not in ENTITIES:
            raise InputInvalid(f"kinds.{kind}: the model has no such kind; it has {', '.join(sorted(ENTITIES))}")
        specs = ENTITIES[kind].fields()
        for name, policy in fields.items():
            where = f"kinds.{kind}.{name}"
            spec = specs.get(name)
            if spec is None and not name.startswith("custom."):
                raise InputInvalid(f"{where}: a {kind} has no such field.")
            if spec is not None and spec.merge is Merge.MOST_RESTRICTIVE:
                raise InputInvalid(f"{where}: a refusal beats a permission, and no rule changes that.")
            if spec is not None and spec.merge not in _PLAIN and policy.rule != "manual":
                raise InputInvalid(f"{where}: a set is merged by what each side adds and removes, or by hand.")
            if policy.rule == "custom" and policy.name not in choosers:
                has = ", ".join(sorted(choosers)) or "none"
                raise InputInvalid(f"{where}: there is no rule of that name; the installation has {has}")


def _order(value: Any, current: Any) -> int:
    """1 if the value is larger than the one in place, -1 if it is smaller; nothing is larger than emptiness."""
    if value is None or current is None:
        return 1 if current is None and value is not None else 0
    try:
        one, two = Decimal(str(value)), Decimal(str(current))
    except DecimalException:
        return (str(value) > str(current)) - (str(value) < str(current))
    return (one > two) - (one < two)
