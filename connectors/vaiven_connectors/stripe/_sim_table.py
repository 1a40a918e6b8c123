"""One collection of the Stripe simulator: rows by id, newest-first pages from sorted keys, cached JSON."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

import msgspec

from vaiven_connectors.stripe._sim_wire import Json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Key = tuple[int, int, str]
"""Created (epoch seconds), order of insertion, id: Stripe's list order, ascending."""


class Table:
    """Rows of one type; `indexes` names the properties by which lists are filtered without a scan."""

    def __init__(self, noun: str, url: str, indexes: Sequence[str] = ()) -> None:
        self.noun = noun
        self.url = url
        self.rows: dict[str, Json] = {}
        self.keys: dict[str, Key] = {}
        self._raw: dict[str, msgspec.Raw] = {}
        self._order: list[Key] = []
        self._sorted = True
        self._indexes: dict[str, dict[str, list[Key]]] = {name: {} for name in indexes}
        self._indexed: dict[str, dict[str, str]] = {}

    def add(self, row: Json, created: int | None = None) -> Json:
        """Store a new row under its `id` and `created`, given for the one type without that property."""
        ident: str = row["id"]
        key = (row["created"] if created is None else created, len(self.keys), ident)
        if self._order and key < self._order[-1]:
            self._sorted = False
        self.rows[ident] = row
        self.keys[ident] = key
        self._order.append(key)
        if self._indexes:
            self._index(row, key)
        return row

    def touch(self, row: Json) -> None:
        """Note that `row` was changed in place."""
        self._raw.pop(row["id"], None)
        if self._indexes:
            self._index(row, self.keys[row["id"]])

    def remove(self, ident: str) -> Json:
        """Take a row out of lists; its key stays known, so that a cursor on it still has a place."""
        key = self.keys[ident]
        keys = self._ascending()
        del keys[bisect_left(keys, key)]
        for name, value in self._indexed.pop(ident, {}).items():
            self._indexes[name][value].remove(key)
        self._raw.pop(ident, None)
        return self.rows.pop(ident)

    def raw(self, ident: str) -> msgspec.Raw:
        """The row's JSON, encoded once per change."""
        found = self._raw.get(ident)
        if found is None:
            found = self._raw[ident] = msgspec.Raw(msgspec.json.encode(self.rows[ident]))
        return found

    def having(self, name: str, value: str) -> Iterator[Json]:
        """Rows whose indexed property `name` is `value`, newest first."""
        for key in reversed(self._indexes[name].get(value, [])):
            yield self.rows[key[2]]

    def newest(self) -> Iterator[Json]:
        """Every row, newest first."""
        for key in reversed(self._ascending()):
            yield self.rows[key[2]]

    def page(
        self,
        *,
        limit: int,
        after: Key | None,
        before: Key | None,
        span: tuple[int | float, int | float],
        equal: tuple[str, str] | None,
        keep: Callable[[Json], bool] | None,
    ) -> tuple[list[str], bool]:
        """One list page.

        Args:
            limit: rows wanted at most.
            after: the cursor of `starting_after`; `before` that of `ending_before`.
            before: see `after`.
            span: inclusive bounds of `created`, epoch seconds.
            equal: an indexed property and its value.
            keep: the filters that have no index.

        Returns:
            Ids, newest first, and whether there are more in the direction of travel.
        """
        keys = self._indexes[equal[0]].get(equal[1], []) if equal else self._ascending()
        low = bisect_left(keys, (span[0], -1, ""))
        high = bisect_left(keys, (span[1] + 1, -1, ""))
        if after is not None:
            high = min(high, bisect_left(keys, after))
        if before is not None:
            low = max(low, bisect_right(keys, before))
        upwards = before is not None
        found: list[str] = []
        for at in range(low, high) if upwards else range(high - 1, low - 1, -1):
            ident = keys[at][2]
            if keep is None or keep(self.rows[ident]):
                found.append(ident)
                if len(found) > limit:
                    break
        more = len(found) > limit
        found = found[:limit]
        return (found[::-1] if upwards else found), more

    def _ascending(self) -> list[Key]:
        if not self._sorted:
            self._order.sort()
            self._sorted = True
        return self._order

    def _index(self, row: Json, key: Key) -> None:
        held = self._indexed.get(key[2], {})
        now = {name: row[name] for name in self._indexes if isinstance(row.get(name), str)}
        if held == now:
            return
        for name, value in held.items():
            self._indexes[name][value].remove(key)
        for name, value in now.items():
            bucket = self._indexes[name].setdefault(value, [])
            if bucket and key < bucket[-1]:
                insort(bucket, key)
            else:
                bucket.append(key)
        self._indexed[key[2]] = now
