"""What the kit found: a verdict for each rule, the level that follows, and how both are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vaiven_api.kit.rules import BY_ID, RULES
from vaiven_registry.quality import LEVELS, RUNGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_api.kit.rules import Rule


class Result(StrEnum):
    """How a rule came out."""

    PASSED = "passed"
    """It holds."""
    MISSED = "missed"
    """It does not hold, or could not be shown to."""
    EXEMPT = "exempt"
    """It does not hold, and `quality.toml` says why that is right."""
    NOT_NEEDED = "not needed"
    """The connector has nothing that it speaks of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's outcome.

    Args:
        rule: its id.
        result: how it came out.
        notes: what is wrong, a sentence each; why it is exempt or not needed.
        seconds: how long the check took.
    """

    rule: str
    result: Result
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether it stands in no level's way."""
        return self.result is not Result.MISSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Everything the kit says of one connector.

    Args:
        slug: the connector.
        version: of the connector.
        verdicts: one for each rule that was looked at, in the rules' order.
        evidence: the rung that is proven for this code.
        guarantees: the guarantee class of each stream.
        badges: `owner`, `support`, `lifecycle` as written by hand.
        proofs: what the evidence rests on, by rung.
        coverage: branch coverage of its own tests in per cent; None when not measured for this code.
        digest: of the code that was measured.
        on: day of the measurement.
        seconds: how long it took.
    """

    slug: str
    version: str
    verdicts: Sequence[Verdict]
    evidence: str
    guarantees: Mapping[str, str]
    badges: Mapping[str, str]
    proofs: Mapping[str, Any] = field(default_factory=dict)
    coverage: float | None = None
    digest: str = ""
    on: str = ""
    seconds: float = 0.0

    @property
    def level(self) -> str:
        """The highest level of which, and below which, every rule holds; empty below bronze."""
        held = {verdict.rule for verdict in self.verdicts if verdict.holds}
        reached = ""
        for level in LEVELS:
            if any(rule.id not in held for rule in RULES if rule.level == level):
                break
            reached = level
        return reached

    @property
    def next_level(self) -> str:
        """The level after this one; empty at the top."""
        return next((one for one in LEVELS if rank(one) > rank(self.level)), "")

    @property
    def missing(self) -> list[Rule]:
        """The rules that stand between this level and the next."""
        held = {verdict.rule for verdict in self.verdicts if verdict.holds}
        return [rule for rule in RULES if rule.level == self.next_level and rule.id not in held]

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {
            "slug": self.slug,
            "version": self.version,
            "level": self.level,
            "next_level": self.next_level,
            "missing": [rule.id for rule in self.missing],
            "evidence": self.evidence,
            "guarantees": dict(self.guarantees),
            **self.badges,
            "rules": [
                {
                    "id": verdict.rule,
                    "level": BY_ID[verdict.rule].level,
                    "result": verdict.result.value,
                    "notes": list(verdict.notes),
                    "docs": BY_ID[verdict.rule].link,
                    "seconds": round(verdict.seconds, 3),
                }
                for verdict in self.verdicts
            ],
            "coverage": self.coverage,
            "digest": self.digest,
            "on": self.on,
            "seconds": round(self.seconds, 2),
        }

    def published(self) -> dict[str, Any]:
        """What `quality.json` holds: nothing that differs from one run to the next over the same code."""
        told = self.as_dict()
        rules = {one["id"]: one["result"] for one in told["rules"]}
        kept = ("level", "missing", "evidence", "coverage", "digest", "on")
        return {**{name: told[name] for name in kept}, "rules": rules, "proofs": dict(self.proofs)}


def rank(level: str) -> int:
    """The place of a level: 0 for none."""
    return LEVELS.index(level) + 1 if level in LEVELS else 0


def rung(name: str) -> int:
    """The place of an evidence rung."""
    return RUNGS.index(name) if name in RUNGS else 0
