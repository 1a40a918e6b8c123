"""How far two spellings are apart, as levels: the same, a slip, two slips, something else, not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MISSING, SAME, SLIP, SLIPS, OTHER = range(5)
"""Levels of a comparison; `SLIP` is one letter added, left out or replaced, or two neighbours swapped, `SLIPS` two."""
LEVELS = 5
REMEMBERED = 100_000
"""Pairs of values of one column whose level is remembered at a time."""


def level(one: str | None, two: str | None) -> int:
    """The level of two spellings."""
    if not one or not two:
        return MISSING
    if one == two:
        return SAME
    return (SAME, SLIP, SLIPS, OTHER)[_slips(one, two)]


def levels(column: Sequence[str | None], pairs: Sequence[tuple[int, int]]) -> list[int]:
    """The levels of many pairs of one column, by the places of its values."""
    known: dict[tuple[str, str], int] = {}
    out = []
    for i, j in pairs:
        one, two = column[i], column[j]
        if not one or not two:
            out.append(MISSING)
        elif one == two:
            out.append(SAME)
        else:
            found = known.get((one, two))
            if found is None:
                if len(known) >= REMEMBERED:
                    known.clear()
                found = known[one, two] = SAME + _slips(one, two)
            out.append(found)
    return out


def _slips(one: str, two: str) -> int:
    """Edits between two different texts: 1, 2, or 3 for more."""
    if abs(len(one) - len(two)) > 2:
        return 3
    start, end_one, end_two = 0, len(one), len(two)
    while start < end_one and start < end_two and one[start] == two[start]:
        start += 1
    while end_one > start and end_two > start and one[end_one - 1] == two[end_two - 1]:
        end_one -= 1
        end_two -= 1
    a, b = one[start:end_one], two[start:end_two]
    if len(a) > len(b):
        a, b = b, a
    if len(b) <= 1 or (len(a) == len(b) == 2 and a == b[::-1]):
        return 1
    if len(b) == 2:
        return 2
    # What differs is longer than what two edits next to each other can do: they may lie apart.
    return _table(a, b)


def _table(a: str, b: str) -> int:
    """Optimal string alignment, given up at three."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        if min(new) >= 3:
            return 3
        before, row = row, new
    return min(row[-1], 3)
