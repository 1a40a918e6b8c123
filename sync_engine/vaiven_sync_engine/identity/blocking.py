"""Which pairs are worth a comparison: those that agree on one of a few combinations of fields."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Rule = tuple[str, ...]
"""Fields that both records must have and share; `family_name~` compares its sound, `family_name<` its beginning."""
CROWD = 60
"""Records with one combination from which on it proves too little to compare them all."""
BUDGET = 6
"""Pairs that one rule may give for each record; the smallest groups, which say most, come first."""

_SOUNDS = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556")
_START = 3


def candidates(
    columns: Mapping[str, Sequence[str | None]],
    rules: Iterable[Rule],
    *,
    apart: Callable[[int, int], bool] | None = None,
    crowd: int = CROWD,
) -> list[tuple[int, int]]:
    """Pairs of records by number, the smaller first, in order.

    Args:
        columns: field -> value of each record.
        rules: two records that share all fields of one rule are a pair.
        apart: says that two records need no comparison.
        crowd: groups with more records than this are passed over.
    """
    keys: dict[str, Sequence[str | None]] = {}
    # A pair is kept as one number: there may be millions.
    found: set[int] = set()
    size = max((len(column) for column in columns.values()), default=0)
    for rule in rules:
        for name in rule:
            if name not in keys:
                keys[name] = _keyed(columns, name)
        left = BUDGET * len(keys[rule[0]])
        for group in sorted(_groups([keys[name] for name in rule]), key=len):
            left -= len(group) * (len(group) - 1) // 2
            if len(group) > crowd or left < 0:
                break
            for place, one in enumerate(group):
                for two in group[place + 1 :]:
                    if apart is None or not apart(one, two):
                        found.add(one * size + two)
    return [divmod(pair, size) for pair in sorted(found)]


def _groups(keyed: Sequence[Sequence[str | None]]) -> Iterable[list[int]]:
    groups: dict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for number, key in enumerate(zip(*keyed, strict=True)):
        if all(key):
            groups[key].append(number)
    return (group for group in groups.values() if len(group) > 1)


def _keyed(columns: Mapping[str, Sequence[str | None]], name: str) -> Sequence[str | None]:
    if name.endswith("~"):
        return [value and sound(value) for value in columns[name[:-1]]]
    if name.endswith("<"):
        return [value and value[:_START] for value in columns[name[:-1]]]
    return columns[name]


def sound(word: str) -> str:
    """The first letter and up to three consonants by their class, as Soundex has them."""
    out, last = word[:1], word[:1].translate(_SOUNDS)
    for letter in word[1:]:
        code = letter.translate(_SOUNDS)
        if code.isdigit() and code != last:
            out += code
            if len(out) == 4:
                break
        if letter not in "hw":
            last = code
    return out
