"""Unified entities as rows: loaded and saved in bulk, each value with its revision and its source."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_origin

import msgspec

from vaiven_sdk.custom import PREFIX
from vaiven_sdk.model import ENTITIES, Nature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaiven_sync_engine.store.sql import Sql

_RUNS = "!runs"
"""Key, in the stored provenance, of `Canonical.runs`."""
CHUNK = 500
"""Ids in one statement; below SQLite's limit of 999 variables in old builds."""
HUB = 0
"""Source of what the hub itself says: values that it worked out, decisions and acts that it was told of."""
COMPUTED = "computed"
"""Rule, in the provenance, of a value that the hub worked out."""


@dataclass(slots=True)
class Origin:
    """Where a value comes from.

    Args:
        rev: the entity's revision that set it.
        source: the stream's row id; `HUB` for the hub itself.
        remote_id: the record; of the hub's own values, what worked them out.
        at: when its tool says that it changed; empty when the tool does not say.
        rule: how it won: `first`, `only_change`, or the name of a policy.
    """

    rev: int
    source: int
    remote_id: str
    at: str
    rule: str


@dataclass(slots=True)
class Canonical:
    """One unified entity."""

    id: str
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    rev: int = 0
    created_at: str = ""
    deleted_at: str | None = None
    deletion_reason: str | None = None
    changed: bool = False
    runs: list[tuple[int, str]] = field(default_factory=list)
    """The first revision of each run that set a value which is still there, and the run."""

    def set(self, name: str, value: Any, source: int, remote_id: str, at: str, rule: str) -> int:
        """Set one value and give its new revision."""
        self.rev += 1
        self.values[name] = value
        self.origins[name] = Origin(self.rev, source, remote_id, at, rule)
        self.changed = True
        return self.rev

    def renew(self, name: str, source: int, remote_id: str, at: str, rule: str) -> None:
        """Take over who says a value now, and since when; the value and its revision stay."""
        self.origins[name] = Origin(self.rev_of(name), source, remote_id, at, rule)
        self.changed = True

    def run_of(self, name: str) -> str | None:
        """The run that set a value; None for what no run set: a decision, a value that was worked out."""
        origin = self.origins.get(name)
        if origin is None or not origin.source:
            return None
        return next((run for first, run in reversed(self.runs) if first <= origin.rev), None)

    def rev_of(self, name: str) -> int:
        """The revision that set a value; 0 if nothing ever did."""
        origin = self.origins.get(name)
        return origin.rev if origin else 0


@lru_cache(maxsize=128)
def _columns(kind: str) -> tuple[tuple[str, ...], frozenset[str], frozenset[str]]:
    """The kind's fields, those kept as JSON text, and those that are booleans."""
    fields = ENTITIES[kind].fields()
    json = frozenset(n for n, f in fields.items() if get_origin(f.type) in {list, dict} or f.type in {list, dict})
    return tuple(fields), json, frozenset(n for n, f in fields.items() if f.type is bool)


def decode_row(kind: str, row: Any) -> Canonical:
    """One row as an entity."""
    names, json, booleans = _columns(kind)
    # Most of a kind's columns are empty: one pass over the row is quicker than asking for each by its name.
    had = {name: value for name, value in zip(row.keys(), row, strict=True) if value is not None}
    values: dict[str, Any] = {}
    for name in names:
        if name in had:
            value = had[name]
            values[name] = msgspec.json.decode(value) if name in json else bool(value) if name in booleans else value
    if "custom" in had:
        values.update({f"{PREFIX}{name}": value for name, value in msgspec.json.decode(had["custom"]).items()})
    raw = msgspec.json.decode(had.get("provenance") or "{}")
    runs = [(first, run) for first, run in raw.pop(_RUNS, ())]
    return Canonical(
        id=had["id"],
        values=values,
        origins={name: Origin(*origin) for name, origin in raw.items()},
        rev=had["rev"],
        created_at=had["created_at"],
        deleted_at=had.get("deleted_at"),
        deletion_reason=had.get("deletion_reason"),
        runs=runs,
    )


def load(connection: Sql, tenant: str, kind: str, ids: Iterable[str]) -> dict[str, Canonical]:
    """The entities with these ids, those that exist."""
    wanted = list(ids)
    found: dict[str, Canonical] = {}
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        marks = ",".join("?" * len(some))
        for row in connection.execute(
            f'SELECT * FROM "{kind}" WHERE tenant_id = ? AND id IN ({marks})',
            (tenant, *some),
        ):
            found[row["id"]] = decode_row(kind, row)
    return found


def save(connection: Sql, tenant: str, kind: str, entities: Iterable[Canonical], at: str) -> None:
    """Write entities, new or changed."""
    connection.executemany(_upsert(kind), rows_of(tenant, kind, entities, at))


def rows_of(tenant: str, kind: str, entities: Iterable[Canonical], at: str) -> list[tuple[Any, ...]]:
    """The rows of these entities, in the order of `insertion`."""
    names, json, _ = _columns(kind)
    return [_row(tenant, e, names, json, at) for e in entities]


def insertion(kind: str) -> str:
    """The statement that inserts a row, without what is to happen when there is one already."""
    return _upsert(kind).partition(" ON CONFLICT")[0]


def _row(tenant: str, entity: Canonical, names: Sequence[str], json: frozenset[str], at: str) -> tuple[Any, ...]:
    encode = msgspec.json.encode
    values = entity.values
    origins: dict[str, Any] = {n: (o.rev, o.source, o.remote_id, o.at, o.rule) for n, o in entity.origins.items()}
    if entity.runs:
        origins[_RUNS] = _live(entity)
    custom = {n.removeprefix(PREFIX): v for n, v in values.items() if n.startswith(PREFIX) and v is not None}
    return (
        tenant,
        entity.id,
        entity.created_at or at,
        at,
        entity.rev,
        entity.deleted_at,
        entity.deletion_reason,
        encode(origins).decode(),
        encode(custom, order="deterministic").decode() if custom else None,
        *(
            (encode(value).decode() if name in json and value is not None else value)
            for name, value in ((n, values.get(n)) for n in names)
        ),
    )


def _live(entity: Canonical) -> list[tuple[int, str]]:
    """The runs of which some value is left."""
    if len(entity.runs) == 1:
        return entity.runs
    revs = sorted({origin.rev for origin in entity.origins.values()})
    ends = [*(first for first, _ in entity.runs[1:]), entity.rev + 1]
    spans = zip(entity.runs, ends, strict=True)
    return [one for one, end in spans if (place := bisect_left(revs, one[0])) < len(revs) and revs[place] < end]


@lru_cache(maxsize=128)
def _upsert(kind: str) -> str:
    names, _, _ = _columns(kind)
    row = (
        "tenant_id",
        "id",
        "created_at",
        "updated_at",
        "rev",
        "deleted_at",
        "deletion_reason",
        "provenance",
        "custom",
    )
    columns = ", ".join(f'"{c}"' for c in (*row, *names))
    marks = ", ".join("?" * (len(row) + len(names)))
    updates = ", ".join(f'"{c}" = excluded."{c}"' for c in (*row[3:], *names))
    return f'INSERT INTO "{kind}" ({columns}) VALUES ({marks}) ON CONFLICT (tenant_id, id) DO UPDATE SET {updates}'


def repoint(connection: Sql, tenant: str, kind: str, merged: Mapping[str, str]) -> None:
    """Make every reference to an entity that was merged away (from -> to) point to the one that was kept."""
    lost = sorted(merged)
    for other, entity in ENTITIES.items():
        for name, spec in entity.fields().items():
            # What may refer to any kind is found by the id alone; a fact stays with what was measured, it is its key.
            if spec.ref != kind and not (spec.ref_by and entity.nature is Nature.ENTITY):
                continue
            for start in range(0, len(lost), CHUNK):
                some = lost[start : start + CHUNK]
                held = connection.execute(
                    f'SELECT DISTINCT "{name}" FROM "{other}" WHERE tenant_id = ?'
                    f' AND "{name}" IN ({",".join("?" * len(some))})',
                    (tenant, *some),
                )
                connection.executemany(
                    f'UPDATE "{other}" SET "{name}" = ? WHERE tenant_id = ? AND "{name}" = ?',
                    [(_last(merged, row[0]), tenant, row[0]) for row in held.fetchall()],
                )


def _last(merged: Mapping[str, str], entity_id: str) -> str:
    while entity_id in merged:
        entity_id = merged[entity_id]
    return entity_id


def pend_referrers(connection: Sql, tenant: str, kind: str, ids: Sequence[str], among: Iterable[str]) -> set[str]:
    """List what refers to these entities for the next plan, since a tool that got one can take the reference now.

    Gives the ids of what was listed; `among` are the kinds to look at.
    """
    listed: set[str] = set()
    for other in among:
        for name, spec in ENTITIES[other].fields().items():
            # What may refer to any kind is found by the id alone.
            if (spec.ref != kind and not spec.ref_by) or ENTITIES[other].nature is not Nature.ENTITY:
                continue
            for start in range(0, len(ids), CHUNK):
                some = ids[start : start + CHUNK]
                found = connection.execute(
                    f'SELECT id FROM "{other}" WHERE tenant_id = ? AND "{name}" IN ({",".join("?" * len(some))})',
                    (tenant, *some),
                )
                rows = [(tenant, other, row["id"]) for row in found]
                listed.update(row[2] for row in rows)
                connection.executemany(
                    "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows
                )
    return listed
