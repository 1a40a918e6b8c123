"""Records and what ties them, and the groups that follow: strong ties first, none against what keeps records apart.

The result depends on what is in the graph alone, not on the order in which records came: ties are taken by their
strength, then by their value, then by the records' keys.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from vaiven_sync_engine.identity.keys import ROLE, WEAK
from vaiven_sync_engine.identity.names import agree

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from vaiven_sync_engine.identity.edges import Edge
    from vaiven_sync_engine.identity.keys import RecordKey, Space

PAST = 10
"""Added to the priority of a key that some record no longer has."""
LARGE = 30
"""Records in one entity from which on only strong ties add more, and people are told."""


class Tie(NamedTuple):
    """Why two records, by number, are in one group."""

    one: int
    two: int
    rule: str
    value: str | None = None
    score: float | None = None


@dataclass(eq=False)
class Graph:
    """The records that one resolution looks at.

    Args:
        spaces: namespaces of the kind; keys of others are passed over.
        keys: the records, sorted; a record's number is its place here.
        entities: the entity that each has so far.
        names: first names of records, by their numbers; asked for those only whose names matter.
        distinct: sources that have each entity once.
        hubs: for records that we made: the entity that they were made from, as it is called now.
        gone: records that their tool has deleted.
    """

    spaces: Mapping[str, Space]
    keys: Sequence[RecordKey]
    entities: Sequence[str | None]
    names: Callable[[Sequence[int]], Mapping[int, str]]
    distinct: frozenset[int] = frozenset()
    hubs: Mapping[int, str] = field(default_factory=dict)
    gone: Collection[int] = ()
    root: array[int] = field(init=False)
    members: dict[int, list[int]] = field(init=False, default_factory=dict)
    ties: list[Tie] = field(init=False, default_factory=list)
    _held: dict[str, array[int]] = field(init=False, default_factory=dict)
    """Namespace -> the number of each record's value, 0 for none: the values themselves are of no matter here."""
    _had: dict[str, dict[int, set[int]]] = field(init=False)
    _values: int = field(init=False, default=0)
    _edges: list[tuple[int, str, str, tuple[int, ...]]] = field(init=False, default_factory=list)
    _called: dict[int, str] = field(init=False, default_factory=dict)
    _said: list[Tie] = field(init=False, default_factory=list)
    _scored: list[Tie] = field(init=False, default_factory=list)
    _refused: dict[int, set[int]] = field(init=False, default_factory=lambda: defaultdict(set))
    _unlike: dict[int, set[int]] = field(init=False, default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.root = array("i", range(len(self.keys)))
        self._had = {name: {} for name, space in self.spaces.items() if space.unique}

    # -- what is in it

    def value(self, name: str, value: str, holders: Sequence[tuple[int, bool]], *, joins: bool = True) -> None:
        """One value with the records that have it (True) or had it (False); `joins=False` for a part of its holders."""
        space = self.spaces.get(name)
        if space is None:
            return
        self._values = this = self._values + 1
        held, had = self._held.get(name), self._had.get(name)
        if held is None:
            held = self._held[name] = array("i", bytes(4 * len(self.keys)))
        for number, now in holders:
            if now:
                held[number] = this
            elif had is not None:
                had.setdefault(number, set()).add(this)
        if not joins or len(holders) < 2:
            return
        now_held = sorted(number for number, now in holders if now)
        if self._crowded(now_held, space.limit):
            return
        if len(now_held) > 1:
            self._edges.append((space.priority, name, value, tuple(now_held)))
        ever = sorted(number for number, _ in holders)
        if len(ever) > len(now_held) and not self._crowded(ever, space.limit):
            self._edges.append((space.priority + PAST, name, value, tuple(ever)))

    def edge(self, one: int, two: int, edge: Edge) -> None:
        """One stored edge between two records."""
        one, two = min(one, two), max(one, two)
        if edge.kind in {"refused", "unlike"}:
            apart = self._refused if edge.kind == "refused" else self._unlike
            apart[one].add(two)
            apart[two].add(one)
        elif edge.kind == "score":
            self._scored.append(Tie(one, two, "score", score=edge.score))
        else:
            self._said.append(Tie(one, two, "vendor_merge" if edge.lost else "person", score=edge.score))

    def _crowded(self, holders: Sequence[int], limit: int) -> bool:
        if len(holders) <= limit:
            return False
        count: dict[int, int] = defaultdict(int)
        for number in holders:
            if number not in self.gone:
                source = self.keys[number][0]
                count[source] += 1
                if count[source] > limit:
                    return True
        return False

    # -- groups

    def join(self) -> None:
        """Tie what is to be tied; afterwards `groups` has the result and `ties` the reasons."""
        self._join_own()
        for tie in sorted(self._said):
            self._tie(tie, self._may_be_said)
        self._edges.sort()
        weak = False
        for priority, name, value, holders in self._edges:
            if priority >= WEAK and not weak:
                weak = True
                self._call()
            self._join_value(priority, name, value, holders)
        self._edges.clear()
        for tie in sorted(self._scored, key=lambda t: (-(t.score or 0), t.one, t.two)):
            self._tie(tie, self._may_score)

    def groups(self) -> Iterator[Sequence[int]]:
        """The records of each entity, in the order of the smallest key of each; the same at each call."""
        for number, root in enumerate(self.root):
            group = self.members.get(root)
            if group is None:
                yield (number,)
            elif number == min(group):
                yield sorted(group)

    def _join_own(self) -> None:
        """What we created ourselves belongs to the entity it was made from, whatever its keys say."""
        wanted = set(self.hubs.values())
        held: dict[str | None, list[int]] = defaultdict(list)
        # Records that came to us first, ours after them: ours hang on those.
        for number, entity in enumerate(self.entities if wanted else ()):
            if entity in wanted and number not in self.hubs:
                held[entity].append(number)
        for number, own in sorted(self.hubs.items()):
            for other in held[own]:
                self._tie(Tie(min(number, other), max(number, other), "hub_id"), self._may_be_said)
                if self.root[number] == self.root[other]:
                    break
            held[own].append(number)

    def _join_value(self, priority: int, name: str, value: str, holders: tuple[int, ...]) -> None:
        space = self.spaces[name]
        past = priority > space.priority
        rule = f"past_{name}" if past else name

        def may(a: int, b: int) -> bool:
            if self._kept_apart(a, b) or self._twice(a, b) or self._other_id(a, b, space.priority):
                return False
            if priority < WEAK:
                return True
            if len(self._of(a)) + len(self._of(b)) > LARGE:
                return False
            return not self._contradicts(a, b, priority, by_name=space.priority >= WEAK, shared=name == ROLE)

        root = self.root
        for place, first in enumerate(holders):
            for other in holders[place + 1 :]:
                if root[first] != root[other]:
                    self._tie(Tie(first, other, rule, value), may)

    def _tie(self, tie: Tie, may: Callable[[int, int], bool]) -> None:
        a, b = self.root[tie.one], self.root[tie.two]
        if a == b or not may(a, b):
            return
        self.ties.append(tie)
        keeps, goes = self._of(a), self._of(b)
        if len(keeps) < len(goes):
            a, b, keeps, goes = b, a, goes, keeps
        for number in goes:
            self.root[number] = a
        self.members[a] = keeps + goes
        self.members.pop(b, None)

    def _of(self, root: int) -> list[int]:
        return self.members.get(root) or [root]

    # -- what keeps two groups apart

    def _kept_apart(self, a: int, b: int) -> bool:
        """Somebody said that one of these is not one of those."""
        return bool(self._refused) and self._crosses(self._refused, a, b)

    def _may_be_said(self, a: int, b: int) -> bool:
        """A person's word, a tool's or our own link give way to a refusal alone."""
        return not self._kept_apart(a, b)

    def _crosses(self, pairs: Mapping[int, set[int]], a: int, b: int) -> bool:
        return any(self.root[other] == b for number in self._of(a) if number in pairs for other in pairs[number])

    def _twice(self, a: int, b: int) -> bool:
        """Both have a live record of one tool that has everybody once."""
        return bool(self.distinct) and not self._places(a).isdisjoint(self._places(b))

    def _places(self, root: int) -> set[int]:
        live = (self.keys[n][0] for n in self._of(root) if n not in self.gone)
        return {source for source in live if source in self.distinct}

    def _other_id(self, a: int, b: int, below: int) -> bool:
        """In a namespace of ids that is believed before this one, both have some and never had one in common."""
        for name, had in self._had.items():
            if self.spaces[name].priority >= below or name not in self._held:
                continue
            ours, theirs = self._ever(name, had, a), self._ever(name, had, b)
            if ours and theirs and ours.isdisjoint(theirs):
                return True
        return False

    def _ever(self, name: str, had: Mapping[int, set[int]], root: int) -> set[int]:
        held = self._held[name]
        out: set[int] = set()
        for number in self._of(root):
            if held[number]:
                out.add(held[number])
            if number in had:
                out |= had[number]
        return out

    def _may_score(self, a: int, b: int) -> bool:
        if self._kept_apart(a, b) or self._twice(a, b) or self._other_id(a, b, PAST):
            return False
        # A chain of scores is no proof: where one pair across scored low, the others do not join the two groups.
        if self._unlike and self._crosses(self._unlike, a, b):
            return False
        return len(self._of(a)) + len(self._of(b)) <= LARGE

    def _contradicts(self, a: int, b: int, below: int, *, by_name: bool, shared: bool) -> bool:
        """One tool knows the two by different stronger keys, or they differ between tools and the names do too."""
        differ = shared
        for name, space in self.spaces.items():
            if space.priority >= below or name not in self._held:
                continue
            here, there = self._by_source(name, a), self._by_source(name, b)
            for source, mine in here.items():
                if source in there and mine.isdisjoint(there[source]):
                    return True
                differ = differ or any(mine.isdisjoint(others) for others in there.values())
        if not by_name:  # a strong key proves something even when it is past
            return False
        ours, theirs = self._names(a), self._names(b)
        # A weak key joins no two first names; where stronger keys differ, it takes one and the same to join.
        return (differ or bool(ours and theirs)) and not agree(ours, theirs)

    def _by_source(self, name: str, root: int) -> dict[int, set[int]]:
        held, out = self._held[name], defaultdict(set)
        for number in self._of(root):
            if held[number]:
                out[self.keys[number][0]].add(held[number])
        return out

    def _names(self, root: int) -> list[str]:
        return [self._called[n] for n in self._of(root) if n in self._called]

    def _call(self) -> None:
        """Look up the names of all whom a weak key could still join."""
        apart: set[int] = set()
        for priority, name, _, holders in self._edges:
            if priority >= WEAK and self.spaces[name].priority >= WEAK:
                roots = {self.root[number] for number in holders}
                if len(roots) > 1:
                    apart.update(number for root in roots for number in self._of(root))
        self._called = dict(self.names(sorted(apart)))
