"""The pass that scores: records of different entities that may be one are joined, put to people, or left alone.

Three bands, fixed beforehand: from `AUTO` on a pair is joined, unless ids that are one entity's alone or a field that
tells relatives apart contradict; from `REVIEW` on people are asked; below, nothing happens. What a pass joins it stores
as edges, which every later resolution keeps to, and which the next pass scores again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from vaiven_sdk.model import ENTITIES
from vaiven_sync_engine.identity import edges, review
from vaiven_sync_engine.identity.blocking import candidates
from vaiven_sync_engine.identity.edges import Edge
from vaiven_sync_engine.identity.keys import spaces_of
from vaiven_sync_engine.identity.profile import PLANS
from vaiven_sync_engine.identity.reach import distinct_sources
from vaiven_sync_engine.identity.scoring import learn, patterns_of
from vaiven_sync_engine.identity.similar import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaiven_sync_engine.identity.keys import RecordKey
    from vaiven_sync_engine.store.sql import Sql

AUTO = 0.99
REVIEW = 0.5
UNLIKE = 0.1
"""Below it, a pair keeps the two groups apart that other pairs would join by a score."""
SURE = 2_000
"""Pairs of records of one entity that are looked at for how such pairs differ."""


@dataclass(eq=False)
class Gathered:
    """The live records of one kind, and what is known of their entities."""

    kind: str
    records: list[RecordKey] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)
    columns: dict[str, list[str | None]] = field(default_factory=dict)
    ids: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """Entity -> namespace -> the ids that are one entity's alone."""
    places: dict[str, set[int]] = field(default_factory=dict)
    """Entity -> streams that have everybody once."""
    known: list[Edge] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scored:
    """A pair of records, by number, and how likely they are one.

    Args:
        why: field -> what it adds to or takes from the log odds.
        alike: no field that tells people apart has two values.
    """

    one: int
    two: int
    score: float
    why: dict[str, float] = field(default_factory=dict)
    alike: bool = True


@dataclass(slots=True)
class Found:
    """What a pass decided.

    Args:
        compared: pairs that were scored.
        joined: pairs to join.
        asked: pairs for people.
        unlike: pairs that keep groups apart.
        withdrawn: edges of earlier passes that do not hold any more.
    """

    compared: int = 0
    joined: list[Scored] = field(default_factory=list)
    asked: list[Scored] = field(default_factory=list)
    unlike: list[tuple[int, int]] = field(default_factory=list)
    withdrawn: list[Edge] = field(default_factory=list)


def gather(connection: Sql, tenant: str, kind: str) -> Gathered:
    """Read what a pass needs; it is then scored outside of any transaction."""
    out, read = Gathered(kind), PLANS[kind].read
    profiles = []
    sources = [
        r[0] for r in connection.execute("SELECT id FROM source WHERE tenant_id = ? AND entity = ?", (tenant, kind))
    ]
    distinct = distinct_sources(connection, tenant)
    for source in sorted(sources):
        for row in connection.execute(
            "SELECT remote_id, entity_id, fields FROM record WHERE tenant_id = ? AND source_id = ?"
            " AND deleted_at IS NULL AND entity_id IS NOT NULL ORDER BY remote_id",
            (tenant, source),
        ):
            out.records.append((source, row[0]))
            out.entities.append(row[1])
            profiles.append(read(msgspec.json.decode(row[2])))
            if source in distinct:
                out.places.setdefault(row[1], set()).add(source)
    out.columns = {name: [profile[name] for profile in profiles] for name in profiles[0]} if profiles else {}
    out.ids = _ids(connection, tenant, kind)
    out.known = edges.every(connection, tenant, kind)
    return out


def score(gathered: Gathered) -> Found:
    """Score every pair that is worth it; pure, and the same for the same records."""
    out = Found()
    if not gathered.columns:
        return out
    plan, owner = PLANS[gathered.kind], gathered.entities
    refused = _refused(gathered)
    pairs = candidates(gathered.columns, plan.rules, apart=lambda i, j: owner[i] == owner[j])
    columns = plan.columns(gathered.columns)
    patterns = patterns_of(columns, pairs)
    model = learn(columns, patterns, known=patterns_of(columns, _sure(owner)))
    out.compared = len(pairs)
    best: dict[tuple[str, str], Scored] = {}
    low: list[tuple[int, int]] = []
    telling = [n for n, column in enumerate(columns) if column.name in plan.telling]
    for (i, j), pattern, value in zip(pairs, patterns, model.scores(pairs, patterns), strict=True):
        between = (owner[i], owner[j]) if owner[i] < owner[j] else (owner[j], owner[i])
        if value < UNLIKE:
            low.append((i, j))
        elif value >= REVIEW and (between not in best or value > best[between].score):
            best[between] = Scored(i, j, value, alike=all(pattern[n] != OTHER for n in telling))
    for (a, b), pair in sorted(best.items()):
        if (a, b) in refused or not gathered.places.get(a, set()).isdisjoint(gathered.places.get(b, ())):
            continue
        contradict = not pair.alike or _contradict(gathered.ids.get(a, {}), gathered.ids.get(b, {}))
        if pair.score >= AUTO and not contradict:
            out.joined.append(pair)
        else:
            out.asked.append(Scored(pair.one, pair.two, pair.score, model.why(pair.one, pair.two)))
    out.unlike = _within(owner, out.joined, low)
    numbers = {key: n for n, key in enumerate(gathered.records)}
    old = [e for e in gathered.known if e.kind == "score" and e.one in numbers and e.two in numbers]
    again = [(numbers[e.one], numbers[e.two]) for e in old]
    scores = model.scores(again, patterns_of(columns, again))
    out.withdrawn = [edge for edge, value in zip(old, scores, strict=True) if value < REVIEW]
    return out


def keep(connection: Sql, tenant: str, gathered: Gathered, found: Found, run: str, at: str) -> None:
    """Store what a pass found, and have the records looked at that it concerns; call it inside a transaction."""
    kind, records = gathered.kind, gathered.records
    edges.drop(connection, tenant, kind, [e for e in gathered.known if e.kind == "unlike"] + found.withdrawn)
    new = [Edge(records[p.one], records[p.two], "score", p.score) for p in found.joined]
    edges.put(connection, tenant, kind, new, run, at)
    unlike = [Edge(records[one], records[two], "unlike") for one, two in found.unlike]
    edges.put(connection, tenant, kind, unlike, run, at)
    review.replace_open(
        connection, tenant, kind, [(records[p.one], records[p.two], p.score, p.why) for p in found.asked], run, at
    )
    edges.look_again(connection, tenant, (key for e in (*new, *found.withdrawn) for key in (e.one, e.two)))


def _ids(connection: Sql, tenant: str, kind: str) -> dict[str, dict[str, set[str]]]:
    out: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name in (n for n, space in spaces_of(ENTITIES[kind]).items() if space.unique):
        for row in connection.execute(
            "SELECT r.entity_id, k.value FROM record_key k JOIN record r ON r.tenant_id = k.tenant_id"
            " AND r.source_id = k.source_id AND r.remote_id = k.remote_id"
            " WHERE k.tenant_id = ? AND k.entity = ? AND k.namespace = ? AND r.entity_id IS NOT NULL",
            (tenant, kind, name),
        ):
            out[row[0]][name].add(row[1])
    return out


def _contradict(ours: dict[str, set[str]], theirs: dict[str, set[str]]) -> bool:
    return any(values and theirs.get(name) and values.isdisjoint(theirs[name]) for name, values in ours.items())


def _refused(gathered: Gathered) -> set[tuple[str, str]]:
    owner = dict(zip(gathered.records, gathered.entities, strict=True))
    out = set()
    for edge in gathered.known:
        if edge.kind == "refused" and edge.one in owner and edge.two in owner:
            a, b = sorted((owner[edge.one], owner[edge.two]))
            out.add((a, b))
    return out


def _sure(owner: Sequence[str]) -> list[tuple[int, int]]:
    """Some pairs of records that are one already."""
    members: dict[str, list[int]] = defaultdict(list)
    for number, entity in enumerate(owner):
        members[entity].append(number)
    pairs = [pair for group in members.values() for pair in pairwise(group)]
    return pairs[:: max(1, len(pairs) // SURE)]


def _within(owner: Sequence[str], joined: Iterable[Scored], low: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The low pairs between entities that the joins would put into one group, without being joined to each other."""
    joined = list(joined)
    direct = {frozenset((owner[pair.one], owner[pair.two])) for pair in joined}
    root: dict[str, str] = {}

    def top(entity: str) -> str:
        while entity in root:
            entity = root[entity]
        return entity

    for pair in joined:
        a, b = sorted((top(owner[pair.one]), top(owner[pair.two])))
        if a != b:
            root[b] = a
    concerned = {owner[n] for pair in joined for n in (pair.one, pair.two)}
    among = ((i, j) for i, j in low if owner[i] in concerned and owner[j] in concerned)
    return [
        (i, j) for i, j in among if top(owner[i]) == top(owner[j]) and frozenset((owner[i], owner[j])) not in direct
    ]
