"""A plan as a person reads it: counts and reasons, samples field by field, conflicts, the digest."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click
import msgspec

from vaiven_api.cli.options import TENANT
from vaiven_api.cli.output import many, plain, short, table
from vaiven_sdk.model import ENTITIES
from vaiven_sync_engine.store import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaiven_sync_engine.plan import Planned
    from vaiven_sync_engine.report import Report
    from vaiven_sync_engine.store import Address
    from vaiven_sync_engine.store.sql import Sql

_TITLES = ("email", "name", "full_name", "title", "subject", "number", "given_name", "domain", "external_id")
"""Fields by which a person recognises an entity, the most telling first."""


@dataclass(slots=True)
class Found:
    """What the store says about a run beside its report.

    Args:
        samples: some of the planned writes, at most so many of each kind at each stream.
        titles: what the entities of the samples and conflicts are called.
        conflicts: values that lost in this run.
    """

    samples: list[Planned] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    conflicts: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, store: Database | Address, report: Report, most: int) -> Found:
        """Read it."""
        with Database.reader(store.address if isinstance(store, Database) else store) as connection:
            samples = sampled(report.plan.writes, most) if report.plan else []
            conflicts = conflicts_of(connection, run=report.run, limit=max(most, 1) * 5)
            titles = titles_of(
                connection,
                [*((w.entity, w.entity_id) for w in samples), *((c["entity"], c["entity_id"]) for c in conflicts)],
            )
        return cls(samples, titles, conflicts)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "samples": [{**w.as_dict(), "title": self.titles.get(w.entity_id)} for w in self.samples],
            "conflicts": [{**c, "title": self.titles.get(c["entity_id"])} for c in self.conflicts],
        }


def sampled(writes: Sequence[Planned], most: int) -> list[Planned]:
    """The first writes of each kind at each stream."""
    taken: Counter[tuple[int, str]] = Counter()
    out = []
    for write in writes:
        taken[write.source, write.op] += 1
        if taken[write.source, write.op] <= most:
            out.append(write)
    return out


def show(report: Report, found: Found) -> None:
    """Print a plan."""
    counts: Mapping[int, Mapping[str, int]] = report.plan.counts() if report.plan else {}
    skipped: dict[int, list[str]] = defaultdict(list)
    for (source, reason), count in sorted((report.plan.skipped if report.plan else {}).items()):
        skipped[source].append(f"{count:,} {reason.replace('_', ' ')}")
    rows = []
    for source, line in report.streams.items():
        pulled, due = line.pulled, counts.get(source, {})
        rows.append(
            [
                f"{line.connection}/{line.stream}",
                pulled.records if pulled else None,
                pulled.changed if pulled else None,
                *(due.get(op) or None for op in ("create", "update", "delete")),
                "; ".join(skipped[source]) or " ",
            ]
        )
    table(("stream", "read", "changed", "create", "update", "delete", "skipped"), rows)
    for sample in found.samples:
        line = report.streams[sample.source]
        _show_write(f"{line.connection}/{line.stream}", sample, found.titles)
    total = len(report.plan.writes) if report.plan else 0
    if found.conflicts:
        click.echo(f"\n{many(report.staged.conflicts, 'value')} lost a conflict (`vaiven conflicts` lists them), as in")
        for one in found.conflicts[:3]:
            click.echo(f"  {conflict_line(one, found.titles)}")
    show_errors(report)
    click.echo(
        f"\nPlanned: {many(total, 'write')}. Nothing was written. Digest: {report.plan.digest if report.plan else '-'}"
    )


def _show_write(where: str, write: Planned, titles: Mapping[str, str]) -> None:
    who = plain(titles.get(write.entity_id) or write.entity_id)
    which = f" (record {plain(write.remote_id)})" if write.remote_id else ""
    click.echo(f"\n{write.op} {write.entity} {who} at {where}{which}")
    width = max((len(name) for name in write.fields), default=0)
    for name, (after, _) in sorted(write.fields.items()):
        before = "" if write.op == "create" else f"{short(write.before.get(name), 40)} -> "
        click.echo(f"    {name:<{width}}  {before}{short(after, 60)}")


def show_errors(report: Report) -> None:
    """Print what went wrong where, and what to do about it."""
    from vaiven_api.cli.secrets import hide  # noqa: PLC0415

    concerned = {where: error for where, error in report.errors.items() if where != "run"}
    for where, error in concerned.items():
        told = error.as_dict()
        click.secho(f"\n{where}: {plain(hide(told['what']))}", fg="red", err=True)
        for label, key in (("why", "why"), ("do", "remedy")):
            if told[key]:
                click.echo(f"  {label + ':':<5}{plain(hide(told[key]))}", err=True)
    if concerned:
        click.echo(f"  ref: {report.run}\n", err=True)


def conflict_line(one: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """One conflict on a line."""
    who = plain(titles.get(one["entity_id"]) or one["entity_id"])
    kept = f"{short(one['kept'], 40)} from {plain(one['kept_from'])}"
    return f"{who} {one['field']}: kept {kept}; lost {short(one['lost'], 40)} from {plain(one['lost_from'])}"


def conflicts_of(
    connection: Sql, *, run: str | None = None, entity: str | None = None, limit: int, waiting: bool = False
) -> list[dict[str, Any]]:
    """Values that lost, the newest first; of one run, of one entity (its id) or kind, or all."""
    where, given = ["tenant_id = ?"], [TENANT]
    if run:
        where.append("run_id = ?")
        given.append(run)
    if entity:
        where.append("(entity = ? OR entity_id = ?)")
        given.extend((entity, entity))
    if waiting:
        where.append("state = 'open'")
    rows = connection.execute(
        "SELECT id, at, entity, entity_id, field, kept, kept_from, lost, lost_from, rule, run_id, state FROM conflict"  # noqa: S608
        f" WHERE {' AND '.join(where)} ORDER BY at DESC, id DESC LIMIT ?",
        (*given, limit),
    )
    return [{**dict(r), "kept": msgspec.json.decode(r["kept"]), "lost": msgspec.json.decode(r["lost"])} for r in rows]


def titles_of(connection: Sql, wanted: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What people call these entities, by id; those without any telling field are left out."""
    by_kind: dict[str, set[str]] = defaultdict(set)
    for kind, entity_id in wanted:
        by_kind[kind].add(entity_id)
    out: dict[str, str] = {}
    for kind, ids in by_kind.items():
        names = [name for name in _TITLES if kind in ENTITIES and name in ENTITIES[kind].fields()]
        if not names:
            continue
        telling = f"coalesce({', '.join(names)}, '')"
        for entity_id in ids:
            row = connection.execute(
                f'SELECT {telling} FROM "{kind}" WHERE tenant_id = ? AND id = ?',  # noqa: S608 - names of the model
                (TENANT, entity_id),
            ).fetchone()
            if row and row[0]:
                out[entity_id] = row[0]
    return out
