"""Statements with `?` marks, as Postgres wants them; each text is looked at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What is quoted is left alone. A list without a member is SQLite's to take; Postgres says it in other words.
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\?|\bNOT\s+IN\s*\(\s*\)|\bIN\s*\(\s*\)""", re.IGNORECASE)
_INSERT = re.compile(
    r"\s*(?P<head>INSERT\s+INTO\s+\S+\s*(?:\((?P<columns>[^()]*)\)\s*)?VALUES)\s*\((?P<row>[^()]*)\)(?P<tail>.*)",
    re.IGNORECASE | re.DOTALL,
)
_FILLS = re.compile(r'\s*INSERT\s+INTO\s+"?(\w+)', re.IGNORECASE)
_UPDATES = re.compile(r"\s*ON\s+CONFLICT\s*\((?P<key>[^()]*)\)\s*DO\s+UPDATE\b", re.IGNORECASE)

SIZES = (256, 128, 64, 32, 16, 8, 4, 2, 1)
"""Rows in one statement: few sizes, so that the server prepares few statements and plans each once."""
MOST_MARKS = 30_000
"""In one statement; the protocol counts them in 16 bits."""


@lru_cache(maxsize=2048)
def numbered(sql: str) -> bytes:
    """The statement with `$1`, `$2`, ... for its marks."""
    numbers = count(1)

    def number(found: re.Match[str]) -> str:
        if found[0] == "?":
            return f"${next(numbers)}"
        listed = found[0][0].upper()
        return "= ANY ('{}')" if listed == "I" else "<> ALL ('{}')" if listed == "N" else found[0]

    return _TOKEN.sub(number, sql).encode()


@dataclass(frozen=True)
class Insert:
    """An insert of one row whose every row can stand in one statement with others.

    Args:
        head: up to and with VALUES.
        row: what stands in its brackets.
        tail: what follows them.
        marks: in one row.
        key: places, among a row's values, of what tells rows apart, when a second one with the same key is an update:
            a statement can change a row once only.
    """

    head: str
    row: str
    tail: str
    marks: int
    key: tuple[int, ...]

    @lru_cache(maxsize=16)  # noqa: B019 - an Insert lives as long as its text: `insert_of` keeps it
    def of(self, rows: int) -> bytes:
        """The statement for so many rows."""
        # `insert_of` takes no row with a mark that is quoted, so each one counts.
        first, *rest = self.row.split("?")
        numbers = iter(range(1, rows * self.marks + 1))
        brackets = ", ".join(f"({first}{''.join(f'${next(numbers)}{part}' for part in rest)})" for _ in range(rows))
        return f"{self.head} {brackets}{self.tail}".encode()

    def batches(self, rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
        """The rows in their order, in parts that one statement can take."""
        sizes = [size for size in SIZES if size * self.marks <= MOST_MARKS]
        start = 0
        while start < len(rows):
            longest = self._distinct(rows, start, sizes[0])
            size = next(size for size in sizes if size <= longest)
            yield rows[start : start + size]
            start += size

    def _distinct(self, rows: Sequence[Sequence[Any]], start: int, most: int) -> int:
        """How many rows from `start` on, at most, have no key twice."""
        there = min(most, len(rows) - start)
        if not self.key:
            return there
        seen: set[tuple[Any, ...]] = set()
        for n in range(there):
            row = rows[start + n]
            own = tuple([row[place] for place in self.key])
            if own in seen:
                return n
            seen.add(own)
        return there


@lru_cache(maxsize=2048)
def filled_by(sql: str) -> str:
    """The table that a statement inserts into; empty for other statements."""
    found = _FILLS.match(sql)
    return found[1] if found else ""


@lru_cache(maxsize=1024)
def insert_of(sql: str) -> Insert | None:
    """What a statement inserts; None when its rows have to be sent one by one."""
    found = _INSERT.fullmatch(sql)
    if found is None or "?" in _TOKEN.sub(lambda m: "" if m[0] != "?" else "?", found["tail"]):
        return None
    values = [part.strip() for part in found["row"].split(",")]
    marks = found["row"].count("?")
    if not marks or any("?" in value and value != "?" for value in values):
        return None
    key: tuple[int, ...] = ()
    updates = _UPDATES.match(found["tail"])
    if updates:
        if found["columns"] is None:
            return None
        columns = [column.strip().strip('"') for column in found["columns"].split(",")]
        wanted = [column.strip().strip('"') for column in updates["key"].split(",")]
        if len(columns) != len(values) or not set(wanted) <= set(columns):
            return None
        at = {column: n for n, column in enumerate(columns) if values[n] == "?"}
        place = {column: values[:n].count("?") for column, n in at.items()}
        key = tuple(place[column] for column in wanted if column in place)
        if not key:
            return None
    elif "DO UPDATE" in found["tail"].upper():
        return None
    return Insert(found["head"], found["row"], found["tail"], marks, key)
