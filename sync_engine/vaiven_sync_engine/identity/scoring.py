"""How likely two records are one: Fellegi and Sunter's model, learnt from the records themselves without any labels.

For each field and level, `m` is how often records of one entity show it, `u` how often records of two entities do,
among the pairs that blocking found. EM estimates both from how often each pattern of levels occurs. An equal value
counts the more, the rarer it is.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaiven_sync_engine.identity.similar import LEVELS, MISSING, OTHER, SAME, SLIP, SLIPS, level, levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROUNDS = 50
SETTLED = 1e-5
"""Change of the share of matches at which EM stops."""
SAMPLE = 6_000
"""Random pairs that say how often two people show each level by chance."""
PRIOR_M = {SAME: 0.85, SLIP: 0.08, SLIPS: 0.03, OTHER: 0.04}
WEIGHT = 10.0
"""Pairs' worth that the prior counts: with few pairs it decides, with many it is forgotten."""
KNOWN = 100.0
"""Most that pairs which are known to match count, in pairs' worth."""
RARE = math.log(50)
"""Most that a value's rarity adds to, or its frequency takes from, the log odds of a match."""

Pattern = tuple[int, ...]
"""The level of each field."""


@dataclass(frozen=True, slots=True)
class Column:
    """One field of all records.

    Args:
        name: of the field.
        values: by record; None or empty where it has none.
        by_rarity: an equal value counts the more, the rarer it is.
        swaps: the field that people take for this one: two names in the wrong order are a slip.
        prior: level -> its share among matches, as long as few are known.
    """

    name: str
    values: Sequence[str | None]
    by_rarity: bool = True
    swaps: str | None = None
    prior: Mapping[int, float] = field(default_factory=lambda: PRIOR_M)


@dataclass(eq=False)
class Model:
    """What was learnt.

    Args:
        columns: the fields, all of one length.
        share: of the candidates that are matches.
        m: field -> level -> probability among matches.
        u: field -> level -> probability among the other candidates.
    """

    columns: Sequence[Column]
    share: float
    m: list[list[float]]
    u: list[list[float]]
    _rarity: list[Mapping[str, float]] = field(default_factory=list)

    def odds_of(self, patterns: Iterable[Pattern]) -> dict[Pattern, float]:
        """Log odds of a match for each pattern, as far as the levels go."""
        start = math.log(self.share) - math.log(1 - self.share)
        weights = [
            [math.log(m / u) if level != MISSING else 0.0 for level, (m, u) in enumerate(zip(*rows, strict=True))]
            for rows in zip(self.m, self.u, strict=True)
        ]
        return {p: start + sum([row[level] for row, level in zip(weights, p, strict=True)]) for p in patterns}

    def scores(self, pairs: Sequence[tuple[int, int]], patterns: Sequence[Pattern]) -> list[float]:
        """Probability that each pair is one entity."""
        known = self.odds_of(set(patterns))
        self._rarity = [_rarity(column) if column.by_rarity else {} for column in self.columns]
        rare = [(n, self.columns[n].values, r) for n, r in enumerate(self._rarity) if r]
        out = []
        for (i, _), pattern in zip(pairs, patterns, strict=True):
            odds = known[pattern]
            for number, values, rarity in rare:
                if pattern[number] == SAME:
                    odds += rarity[values[i]]  # type: ignore[index]  # an equal value is there
            out.append(probability(odds))
        return out

    def why(self, i: int, j: int) -> dict[str, float]:
        """What each field of a pair adds to or takes from the log odds (base e)."""
        out = {}
        for number, column in enumerate(self.columns):
            found = level(column.values[i], column.values[j])
            if found == MISSING:
                continue
            weight = math.log(self.m[number][found] / self.u[number][found])
            if found == SAME:
                weight += self._rarity[number].get(column.values[i] or "", 0.0)
            out[column.name] = round(weight, 2)
        return out


def probability(odds: float) -> float:
    """Of log odds."""
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, odds))))


def patterns_of(columns: Sequence[Column], pairs: Sequence[tuple[int, int]]) -> list[Pattern]:
    """The levels of each pair, field by field."""
    if not pairs:
        return []
    found = {column.name: levels(column.values, pairs) for column in columns}
    values = {column.name: column.values for column in columns}
    for column in columns:
        if column.swaps:
            _swap(found[column.name], found[column.swaps], column.values, values[column.swaps], pairs)
    # There are few patterns and many pairs: each pattern is kept once.
    known: dict[Pattern, Pattern] = {}
    return [known.setdefault(pattern, pattern) for pattern in zip(*found.values(), strict=True)]


def _swap(
    ours: list[int],
    others: list[int],
    mine: Sequence[str | None],
    theirs: Sequence[str | None],
    pairs: Sequence[tuple[int, int]],
) -> None:
    """Where two fields say the same in the other order, both have slipped and neither is another."""
    for place, (i, j) in enumerate(pairs):
        if ours[place] > SLIPS and others[place] > SLIPS:
            crossed = level(mine[i], theirs[j]), level(theirs[i], mine[j])
            if min(crossed) > MISSING and max(crossed) <= SLIP:
                ours[place] = others[place] = SLIP


def learn(
    columns: Sequence[Column], patterns: Sequence[Pattern], *, known: Sequence[Pattern] = (), seed: int = 1
) -> Model:
    """Learn from the candidates; the same records give the same model.

    Args:
        columns: the fields.
        patterns: of the candidates.
        known: patterns of pairs that are one entity for sure, for the fields in which those are like others.
        seed: of the sample of random pairs.
    """
    by_chance = _by_chance(columns, seed)
    prior_m = _priors(columns, known)
    prior_u = [[WEIGHT * share for share in row] for row in by_chance]
    model = Model(columns, 0.3, [_shares(row) for row in prior_m], [_shares(row) for row in prior_u])
    counted = Counter(patterns)
    for _ in range(ROUNDS if counted else 0):
        m, u = [list(row) for row in prior_m], [list(row) for row in prior_u]
        matches = 0.0
        for pattern, odds in model.odds_of(counted).items():
            count = counted[pattern]
            is_match = probability(odds) * count
            matches += is_match
            for number, found in enumerate(pattern):
                if found != MISSING:
                    m[number][found] += is_match
                    u[number][found] += count - is_match
        share = min(0.999, max(0.0001, matches / len(patterns)))
        settled = abs(share - model.share) < SETTLED
        model.share, model.m, model.u = share, [_shares(row) for row in m], [_shares(row) for row in u]
        if settled:
            break
    return model


def _priors(columns: Sequence[Column], known: Sequence[Pattern]) -> list[list[float]]:
    """What is expected of matches: the field's own prior, or what pairs that are known to match show."""
    out = []
    for number, column in enumerate(columns):
        row = [WEIGHT * column.prior.get(n, 0.0) for n in range(LEVELS)]
        if column.prior is PRIOR_M:
            counted = Counter(pattern[number] for pattern in known)
            total = sum(counted.values()) - counted[MISSING]
            trust = min(total, KNOWN) / total if total else 0.0
            row = [share + counted[n] * trust if n != MISSING else 0.0 for n, share in enumerate(row)]
        out.append(row)
    return out


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts[SAME:])
    return [0.0, *((count + 1e-6) / (total + 4e-6) for count in counts[SAME:])]


def _by_chance(columns: Sequence[Column], seed: int) -> list[list[float]]:
    """How often each level occurs between two records drawn at random."""
    size = len(columns[0].values)
    drawn = random.Random(seed)  # noqa: S311 - a sample, nothing secret
    pairs = (
        [(i, j) for i, j in ((drawn.randrange(size), drawn.randrange(size)) for _ in range(SAMPLE)) if i != j]
        if size > 1
        else []
    )
    out = []
    for column in columns:
        counted = Counter(levels(column.values, pairs))
        total = sum(counted[n] for n in (SAME, SLIP, SLIPS, OTHER)) + 4
        out.append([0.0, *((counted[n] + 1) / total for n in (SAME, SLIP, SLIPS, OTHER))])
    return out


def _rarity(column: Column) -> dict[str, float]:
    """What an equal value adds to the log odds, against an equal value of middling rarity."""
    counted = Counter(value for value in column.values if value)
    total = sum(counted.values())
    if not total:
        return {}
    usual = sum(count * count for count in counted.values()) / total
    return {value: max(-RARE, min(RARE, math.log(usual / count))) for value, count in counted.items()}
