"""What a vendor keeps of one kind of record: rows with ids, stamps, tombstones, versions, lag and history."""

from __future__ import annotations

import random as chance
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from vaiven_sdk.testing._view import Entry, Keep, Row, Selection, View
from vaiven_sdk.testing.clock import Clock, SystemClock
from vaiven_sdk.testing.ids import IdKind, Stamp, iso, serial
from vaiven_sdk.testing.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a row.

    Args:
        op: what.
        key: the row's id.
        at: when.
        before: the row as it was; None of a new one.
        after: the row as it is; None of one erased for good.
    """

    op: Literal["created", "updated", "deleted", "restored", "erased"]
    key: Hashable
    at: datetime
    before: Row | None
    after: Row | None


@dataclass(eq=False)
class Table:
    """Rows of one kind. A row that it gave is never changed afterwards; a change makes a new one.

    Args:
        name: plural, as the connector's stream.
        clock: the vendor's.
        random: the simulator's chance.
        key: field that holds the id.
        ids: kind of the ids.
        created: field that is stamped when a row is made, if there is one.
        updated: field that is stamped at each change, if there is one.
        version: field that counts changes, if there is one.
        deleted: field that marks a tombstone, if there is one: it holds the stamp of the deletion, and null before.
        stamp: spelling of the stamps.
        unique: fields of which no two living rows share a value, in any case of letters.
        indexes: fields by which lists are filtered without looking at every row.
        orders: fields by which lists are sorted.
        defaults: what a new row holds unless it is given.
        lag: gives the seconds until lists show a change; reading by id is never late.
        history: keep every version.
        fake: makes the values of one more row for `sample`: (how many there were, chance) -> values.
    """

    name: str
    clock: Clock = field(default_factory=SystemClock)
    random: chance.Random = field(default_factory=lambda: chance.Random(0))
    key: str = field(default="id", kw_only=True)
    ids: IdKind = field(default_factory=serial, kw_only=True)
    created: str | None = field(default=None, kw_only=True)
    updated: str | None = field(default=None, kw_only=True)
    version: str | None = field(default=None, kw_only=True)
    deleted: str | None = field(default=None, kw_only=True)
    stamp: Stamp = field(default_factory=iso, kw_only=True)
    unique: Sequence[str] = field(default=(), kw_only=True)
    indexes: Sequence[str] = field(default=(), kw_only=True)
    orders: Sequence[str] = field(default=(), kw_only=True)
    defaults: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    lag: Callable[[], float] = field(default=float, kw_only=True)
    history: bool = field(default=False, kw_only=True)
    fake: Callable[[int, chance.Random], Mapping[str, Any]] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self._live: dict[Hashable, Entry] = {}
        self._dead: dict[Hashable, Entry] = {}
        self._shown = View(self.orders, self.indexes)
        self._shown_dead = View(self.orders, self.indexes)
        self._waiting: deque[tuple[datetime, Hashable, Entry | None, Entry | None]] = deque()
        self._taken: dict[str, dict[Any, Hashable]] = {name: {} for name in self.unique}
        self._versions: dict[Hashable, list[Change]] = {}
        self._watchers: list[Callable[[Change], object]] = []
        self._made = 0

    # ------------------------------------------------------------------------------------------------- writing

    def add(self, values: Mapping[str, Any], *, at: datetime | None = None) -> Row:
        """Make a row of `values`, with an id of its own unless they name one.

        Raises:
            Refusal: `conflict`, when the id or a unique value is taken; `about["id"]` is whose.
        """
        row = {self.key: None, **self.defaults, **values}
        key = row[self.key] if row[self.key] is not None else self.ids(row, self._made, self.random)
        row[self.key] = key
        if key in self._live or key in self._dead:
            raise Refusal("conflict", f"{self.name}: {key} exists already", about={"id": key, "field": self.key})
        self._claim(key, None, row)
        instant = at or self.clock.now()
        for name in (self.created, self.updated):
            if name is not None:
                row[name] = values.get(name, self.stamp(instant))
        if self.version is not None:
            row.setdefault(self.version, 1)
        if self.deleted is not None:
            row.setdefault(self.deleted, None)
        self._made += 1
        micro = _micro(instant)
        self._live[key] = entry = Entry(key, self._made, row, micro, micro)
        self._settle_later(key, instant)
        return self._tell("created", entry, instant, None)

    def change(
        self, key: Hashable, values: Mapping[str, Any], *, version: int | None = None, at: datetime | None = None
    ) -> Row:
        """Set `values` in a row; with `version`, only if it is still that one.

        Raises:
            Refusal: `not_found`, `conflict` for a unique value, `stale` for another version.
        """
        old = self.entry(key)
        if version is not None and version != old.version:
            raise Refusal("stale", f"{self.name}: {key} has changed", about={"id": key, "version": old.version})
        row = {**old.row, **values, self.key: old.row[self.key]}
        self._claim(key, old.row, row)
        instant = at or self.clock.now()
        if self.updated is not None:
            row[self.updated] = values.get(self.updated, self.stamp(instant))
        if self.version is not None:
            row[self.version] = old.version + 1
        entry = Entry(key, old.number, row, old.created, _micro(instant), old.version + 1)
        self._live[key] = entry
        self._settle_later(key, instant)
        return self._tell("updated", entry, instant, old.row)

    def put(self, values: Mapping[str, Any], *, by: str, at: datetime | None = None) -> tuple[Row, bool]:
        """Change the row whose unique field `by` has this value, or make one; says whether it was made."""
        held = self.by(by, values.get(by))
        if held is None:
            return self.add(values, at=at), True
        return self.change(held[self.key], values, at=at), False

    def remove(self, key: Hashable, *, at: datetime | None = None) -> Row:
        """Delete a row; its tombstone stays, and can be listed and restored.

        Raises:
            Refusal: `not_found`.
        """
        old = self.entry(key)
        instant = at or self.clock.now()
        row = dict(old.row)
        if self.deleted is not None:
            row[self.deleted] = self.stamp(instant)
        del self._live[key]
        self._claim(key, old.row, None)
        entry = Entry(key, old.number, row, old.created, _micro(instant), old.version + 1)
        self._dead[key] = entry
        self._settle_later(key, instant)
        return self._tell("deleted", entry, instant, old.row)

    def restore(self, key: Hashable, *, at: datetime | None = None) -> Row:
        """Bring a deleted row back, as it was.

        Raises:
            Refusal: `not_found`; `conflict`, when a unique value is taken by now.
        """
        old = self._dead.get(key) or self._missing(key)
        instant = at or self.clock.now()
        row = dict(old.row)
        if self.deleted is not None:
            row[self.deleted] = None
        if self.updated is not None:
            row[self.updated] = self.stamp(instant)
        self._claim(key, None, row)
        del self._dead[key]
        entry = Entry(key, old.number, row, old.created, _micro(instant), old.version + 1)
        self._live[key] = entry
        self._settle_later(key, instant)
        return self._tell("restored", entry, instant, old.row)

    def erase(self, key: Hashable, *, at: datetime | None = None) -> None:
        """Delete for good, tombstone and history too, as a person's request to be forgotten demands.

        Raises:
            Refusal: `not_found`.
        """
        live = self._live.pop(key, None)
        old = live or self._dead.pop(key, None) or self._missing(key)
        if live is not None:
            self._claim(key, live.row, None)
        instant = at or self.clock.now()
        self._settle_later(key, instant)
        self._versions.pop(key, None)
        for watcher in self._watchers:
            watcher(Change("erased", key, instant, old.row, None))

    # ------------------------------------------------------------------------------------------------- reading

    def get(self, key: Hashable) -> Row:
        """A living row.

        Raises:
            Refusal: `not_found`.
        """
        return self.entry(key).row

    def entry(self, key: Hashable) -> Entry:
        """A living row with its version and instants.

        Raises:
            Refusal: `not_found`.
        """
        return self._live.get(key) or self._missing(key)

    def find(self, key: Hashable) -> Row | None:
        """A living row, or None."""
        found = self._live.get(key)
        return None if found is None else found.row

    def tombstone(self, key: Hashable) -> Row | None:
        """A deleted row, or None."""
        found = self._dead.get(key)
        return None if found is None else found.row

    def by(self, name: str, value: Any) -> Row | None:
        """The living row with this value in a unique field, or None."""
        key = self._taken[name].get(_folded(value))
        return None if key is None else self._live[key].row

    def select(
        self,
        order: str = "number",
        *,
        down: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        strict: bool = False,
        deleted: bool = False,
        keep: Keep | None = None,
        **equal: Any,
    ) -> Selection:
        """A list as the vendor shows it now, for the paging rules of `Pages`.

        Args:
            order: `number` (of insertion), `created`, `updated`, or one of the table's `orders`.
            down: from the last to the first.
            since: lower bound of `updated` (of `created` in that order).
            until: upper bound of the same.
            strict: the bounds themselves are out.
            deleted: the tombstones in place of the living.
            keep: a test for what no index covers.
            equal: values of fields; None does not filter.
        """
        self._settle()
        view = self._shown_dead if deleted else self._shown
        given = {name: value for name, value in equal.items() if value is not None}
        low, high = (None if at is None else _micro(at) for at in (since, until))
        if low is None and high is None:
            found = view.select(order, equal=given, keep=keep)
        elif order in {"created", "updated"}:
            found = view.select(order, equal=given, keep=keep).between(low, high, strict=strict)
        else:
            found = view.select(order, equal=given, keep=keep).where(_within(low, high, strict=strict))
        return found.reverse() if down else found

    def versions(self, key: Hashable) -> list[Change]:
        """Everything that happened to a row, oldest first; wants `history`."""
        return list(self._versions.get(key, ()))

    def watch(self, watcher: Callable[[Change], object]) -> None:
        """Call `watcher` after each change: an event log, a webhook."""
        self._watchers.append(watcher)

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Row]:
        return (entry.row for entry in self._live.values())

    def __contains__(self, key: Hashable) -> bool:
        return key in self._live

    def state(self) -> dict[str, Row]:
        """Living rows by id: the truth that a test compares with."""
        return {str(key): entry.row for key, entry in self._live.items()}

    # ---------------------------------------------------------------------------------------------- test bench

    def sample(self, n: int) -> list[str]:
        """Make `n` rows by `fake`."""
        if self.fake is None:
            raise LookupError(f"table {self.name} has no `fake` that makes the values of a row")
        return [str(self.add(self.fake(self._made, self.random))[self.key]) for _ in range(n)]

    def touch(self, key: str) -> Row:
        """Change a row as somebody at the vendor would: new values of `fake` where they need not be unique."""
        real = self.real_key(key)
        values = dict(self.fake(self._made + 1, self.random)) if self.fake else {}
        return self.change(real, {name: value for name, value in values.items() if name not in self.unique})

    def real_key(self, key: str) -> Hashable:
        """The id that is written `key`: numbers are, too."""
        if key in self._live:
            return key
        number = int(key) if key.isdigit() else None
        return number if number in self._live else key

    # ------------------------------------------------------------------------------------------------ internals

    def _missing(self, key: Hashable) -> Entry:
        raise Refusal("not_found", f"{self.name}: there is no {key}", about={"id": key, "table": self.name})

    def _claim(self, key: Hashable, old: Row | None, new: Row | None) -> None:
        """Move the unique values of a row; refuses before anything has moved."""
        for name, taken in self._taken.items():
            wanted = None if new is None else _folded(new.get(name))
            if wanted is not None and taken.get(wanted, key) != key:
                about = {"id": taken[wanted], "field": name, "value": new and new.get(name)}
                raise Refusal("conflict", f"{self.name}: {name} {wanted!r} is taken", about=about)
        for name, taken in self._taken.items():
            if old is not None:
                taken.pop(_folded(old.get(name)), None)
            if new is not None and (value := _folded(new.get(name))) is not None:
                taken[value] = key

    def _tell(self, op: Any, entry: Entry, at: datetime, before: Row | None) -> Row:
        change = Change(op, entry.key, at, before, entry.row)
        if self.history:
            self._versions.setdefault(entry.key, []).append(change)
        for watcher in self._watchers:
            watcher(change)
        return entry.row

    def _settle_later(self, key: Hashable, at: datetime) -> None:
        live, dead = self._live.get(key), self._dead.get(key)
        lag = self.lag()
        if lag or self._waiting:
            self._waiting.append((at + timedelta(seconds=lag), key, live, dead))
        else:
            self._show(key, live, dead)

    def _settle(self) -> None:
        if not self._waiting:
            return
        now = self.clock.now()
        while self._waiting and self._waiting[0][0] <= now:
            _, key, live, dead = self._waiting.popleft()
            self._show(key, live, dead)

    def _show(self, key: Hashable, live: Entry | None, dead: Entry | None) -> None:
        for view, entry in ((self._shown, live), (self._shown_dead, dead)):
            if entry is None:
                view.drop(key)
            else:
                view.put(entry)


def _micro(at: datetime) -> int:
    return (at - EPOCH) // TICK


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _within(low: int | None, high: int | None, *, strict: bool) -> Keep:
    def keep(entry: Entry) -> bool:
        at = entry.updated
        if strict:
            return (low is None or at > low) and (high is None or at < high)
        return (low is None or at >= low) and (high is None or at <= high)

    return keep
