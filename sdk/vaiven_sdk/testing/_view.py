"""Rows in several orders at once, so that a page of a filtered and sorted list costs no scan."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

Row = dict[str, Any]
Place = tuple[Any, int]
"""Where a row stands in one order: the value it is ordered by, and its number."""
Keep = Callable[["Entry"], bool]


@dataclass(slots=True)
class Entry:
    """One version of one row; never changed, so whoever holds it sees what was.

    Args:
        key: the id.
        number: order of insertion.
        row: the vendor's JSON.
        created: microseconds since 1970.
        updated: the same, of the last change.
        version: counts changes from 1.
    """

    key: Hashable
    number: int
    row: Row
    created: int
    updated: int
    version: int = 1
    _raw: msgspec.Raw | None = field(default=None, repr=False)

    @property
    def raw(self) -> msgspec.Raw:
        """The row's JSON, encoded once."""
        if self._raw is None:
            self._raw = msgspec.Raw(msgspec.json.encode(self.row))
        return self._raw


class View:
    """Entries by key, sorted by each of `orders`, and the same again for each value of an indexed field.

    Args:
        orders: fields by which lists are sorted; `number`, `created` and `updated` are always there.
        indexes: fields by which lists are filtered.
    """

    def __init__(self, orders: Sequence[str] = (), indexes: Sequence[str] = ()) -> None:
        self.entries: dict[Hashable, Entry] = {}
        self.indexes = tuple(indexes)
        self._orders: dict[str, Callable[[Entry], Any]] = {
            "number": lambda entry: entry.number,
            "created": lambda entry: entry.created,
            "updated": lambda entry: entry.updated,
            **{name: _by(name) for name in orders},
        }
        self._all: dict[str, list[Place]] = {name: [] for name in self._orders}
        self._having: dict[tuple[str, Any], dict[str, list[Place]]] = {}
        self._numbered: dict[int, Entry] = {}

    def put(self, entry: Entry) -> None:
        """Show this version of the row from now on."""
        old = self.entries.get(entry.key)
        self.entries[entry.key] = self._numbered[entry.number] = entry
        for name, value_of in self._orders.items():
            now = (value_of(entry), entry.number)
            before = None if old is None else (value_of(old), old.number)
            if before != now:
                _move(self._all[name], before, now)
            for index in self.indexes:
                self._reindex(index, name, (old, before), (entry, now))

    def _reindex(
        self, index: str, order: str, old: tuple[Entry | None, Place | None], new: tuple[Entry | None, Place | None]
    ) -> None:
        was = None if old[0] is None else _plain(old[0].row.get(index))
        now = None if new[0] is None else _plain(new[0].row.get(index))
        if old[0] is not None and (was != now or old[1] != new[1]):
            _move(self._having[index, was][order], old[1], None)
        if new[0] is not None and (old[0] is None or was != now or old[1] != new[1]):
            bucket = self._having.setdefault((index, now), {name: [] for name in self._orders})
            _move(bucket[order], None, new[1])

    def drop(self, key: Hashable) -> None:
        """Show the row no more."""
        old = self.entries.pop(key, None)
        if old is None:
            return
        del self._numbered[old.number]
        for name, value_of in self._orders.items():
            place = (value_of(old), old.number)
            _move(self._all[name], place, None)
            for index in self.indexes:
                self._reindex(index, name, (old, place), (None, None))

    def select(
        self, order: str = "number", *, equal: Mapping[str, Any] | None = None, keep: Keep | None = None
    ) -> Selection:
        """A list in one order; of the fields in `equal`, an indexed one costs nothing.

        Raises:
            KeyError: an order that the view does not keep.
        """
        rest = dict(equal or {})
        keys = self._all[order]
        for name in self.indexes:
            if name in rest:
                keys = self._having.get((name, _plain(rest.pop(name))), {}).get(order, [])
                break
        tests: list[Keep] = [] if keep is None else [keep]
        if rest:
            tests.append(lambda entry: all(entry.row.get(name) == value for name, value in rest.items()))
        return Selection(self._numbered, keys, self._orders[order], tests)


class Selection:
    """A list that is read page by page: by position, or from a place on."""

    def __init__(
        self,
        numbered: Mapping[int, Entry],
        keys: list[Place],
        value_of: Callable[[Entry], Any],
        tests: Sequence[Keep],
        *,
        down: bool = False,
        bounds: tuple[int, int | None] = (0, None),
    ) -> None:
        self._numbered, self._keys, self._value_of, self._tests = numbered, keys, value_of, list(tests)
        self._down = down
        self._low, self._high = bounds[0], len(keys) if bounds[1] is None else bounds[1]

    def _like(self, low: int, high: int, *, down: bool) -> Selection:
        bounds = (low, max(low, high))
        return Selection(self._numbered, self._keys, self._value_of, self._tests, down=down, bounds=bounds)

    def reverse(self) -> Selection:
        """The same list from its other end."""
        return self._like(self._low, self._high, down=not self._down)

    def between(self, low: Any = None, high: Any = None, *, strict: bool = False) -> Selection:
        """Only those whose ordering value is within the bounds, `strict` without the bounds themselves."""
        start, stop = self._low, self._high
        if low is not None:
            cut = bisect_right(self._keys, (low, float("inf"))) if strict else bisect_left(self._keys, (low, -1))
            start = max(start, cut)
        if high is not None:
            cut = bisect_left(self._keys, (high, -1)) if strict else bisect_right(self._keys, (high, float("inf")))
            stop = min(stop, cut)
        return self._like(start, stop, down=self._down)

    def after(self, place: Place | None) -> Selection:
        """What comes behind `place`, whether or not anything still stands there."""
        if place is None:
            return self
        if self._down:
            return self._like(self._low, min(self._high, bisect_left(self._keys, place)), down=True)
        return self._like(max(self._low, bisect_right(self._keys, place)), self._high, down=False)

    def where(self, keep: Keep) -> Selection:
        """Only those that pass the test; each page then looks at as many rows as it takes to fill it."""
        found = self._like(self._low, self._high, down=self._down)
        found._tests.append(keep)  # noqa: SLF001 - our own class
        return found

    def place_of(self, entry: Entry) -> Place:
        """Where an entry stands in this list's order."""
        return self._value_of(entry), entry.number

    def __iter__(self) -> Iterator[Entry]:
        span = range(self._high - 1, self._low - 1, -1) if self._down else range(self._low, self._high)
        for at in span:
            entry = self._numbered[self._keys[at][1]]
            if all(test(entry) for test in self._tests):
                yield entry

    def __len__(self) -> int:
        return sum(1 for _ in self) if self._tests else self._high - self._low

    def page(self, size: int, offset: int = 0) -> list[Entry]:
        """Up to `size` entries behind the first `offset`."""
        if self._tests:
            return list(islice(self, offset, offset + size))
        if self._down:
            rest = self._like(self._low, self._high - offset, down=True)
        else:
            rest = self._like(self._low + offset, self._high, down=False)
        return list(islice(rest, size))


def _by(name: str) -> Callable[[Entry], Any]:
    # None has a place, too: before everything else. The pair keeps it from being compared with a value.
    def value(entry: Entry) -> Any:
        found = entry.row.get(name)
        return (0, "") if found is None else (1, found)

    return value


def _plain(value: Any) -> Any:
    return value if isinstance(value, Hashable) else msgspec.json.encode(value)


def _move(keys: list[Place], old: Place | None, new: Place | None) -> None:
    if old is not None:
        del keys[bisect_left(keys, old)]
    if new is None:
        return
    if keys and new < keys[-1]:
        insort(keys, new)
    else:
        keys.append(new)
