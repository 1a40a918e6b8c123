"""What people and schedules do about identity, each carried out at once: a scoring pass, a decision, an unmerge."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ulid import ULID

from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.identity import edges, matching, review, unmerge
from vaiven_sync_engine.identity.profile import PLANS
from vaiven_sync_engine.identity.restore import restore
from vaiven_sync_engine.report import Report
from vaiven_sync_engine.store.runs import begin_run, end_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from vaiven_sync_engine.engine import Engine
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql
    from vaiven_sync_engine.work import Work


@dataclass(frozen=True, slots=True)
class Passed:
    """What one scoring pass did.

    Args:
        records: live records of the kind.
        compared: pairs that were scored.
        joined: pairs that needed nobody.
        asked: pairs that wait for people.
        withdrawn: joins of earlier passes that do not hold any more.
        merged: entities that turned out to be another one.
    """

    kind: str
    records: int
    compared: int
    joined: int
    asked: int
    withdrawn: int
    merged: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Parted:
    """What an unmerge left.

    Args:
        entities: entity -> its records, as `connection/stream/id`.
        restored: values that were put back as they were before the merge.
    """

    entities: dict[str, list[str]]
    restored: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


async def match(engine: Engine, kinds: Sequence[str] = tuple(PLANS), *, everything: bool = False) -> list[Passed]:
    """Score all records of these kinds and join what is sure; tools are told by the next sync.

    Args:
        engine: of the tenant.
        kinds: of entities.
        everything: resolve all records by their keys first, as after a change of what a tool is said to be.
    """
    out = []
    async with _staged(engine, "resolve") as (work, report):
        if everything:
            await engine.database.run(_all_again, engine.tenant, kinds)
        await engine.stage(work, report)
        for kind in kinds:
            found, gathered = await _score(engine, kind)
            before = report.staged.merged
            await engine.database.run(matching.keep, engine.tenant, gathered, found, report.run, engine.now())
            await engine.stage(work, report)
            out.append(
                Passed(
                    kind,
                    len(gathered.records),
                    found.compared,
                    len(found.joined),
                    len(found.asked),
                    len(found.withdrawn),
                    report.staged.merged - before,
                )
            )
    return out


async def decide(engine: Engine, pair: str, *, same: bool) -> str:
    """Take a person's word for a pair that waits, and give its kind.

    Raises:
        InputInvalid: there is no such pair.
    """
    async with _staged(engine, "review") as (work, report):
        kind = await engine.database.run(
            lambda sql: review.decide(sql, engine.tenant, pair, same=same, run=report.run, at=engine.now())
        )
        await engine.stage(work, report)
    return kind


async def join(engine: Engine, kind: str, records: Sequence[str]) -> str:
    """Take a person's word that these records are of one entity, and give its id; tools are told by the next sync.

    Args:
        engine: of the tenant.
        kind: `person` or another kind with keys.
        records: `connection/stream/id`, two or more.

    Raises:
        InputInvalid: there is no such record, or fewer than two.
    """
    if len(set(records)) < 2:
        raise InputInvalid("Name two records at least.", remedy="Give each as TOOL/STREAM/ID.")
    async with _staged(engine, "merge") as (work, report):
        first, *others = (_key(one, work.sources.values()) for one in dict.fromkeys(records))
        said = [edges.Edge(first, other, "accepted") for other in others]

        def carry_out(sql: Sql) -> None:
            for one in (first, *others):
                _entity_of(sql, engine.tenant, one)
            edges.put(sql, engine.tenant, kind, said, report.run, engine.now())
            edges.look_again(sql, engine.tenant, [first, *others])

        await engine.database.run(carry_out)
        await engine.stage(work, report)
        return await engine.database.run(_entity_of, engine.tenant, first)


async def part(engine: Engine, kind: str, entity_id: str, records: Sequence[str] = ()) -> Parted:
    """Undo a merge: of the entity with this id that was merged away, or of an entity's named records.

    Args:
        engine: of the tenant.
        kind: `person` or another kind with keys.
        entity_id: the id that was merged away; with `records`, the entity that has them.
        records: `connection/stream/id`, each.

    Raises:
        InputInvalid: nothing of that name was merged.
    """
    async with _staged(engine, "unmerge") as (work, report):
        named = [_key(one, work.sources.values()) for one in records]

        def carry_out(sql: Sql) -> unmerge.Apart:
            tenant, at = engine.tenant, engine.now()
            if named:
                return unmerge.split(sql, tenant, kind, entity_id, named, report.run, at)
            return unmerge.undo(sql, tenant, kind, entity_id, work.sources, report.run, at)

        apart = await engine.database.run(carry_out)
        await engine.stage(work, report)
        restored = await engine.database.run(restore, engine.tenant, kind, apart, work.sources, engine.now())
        return await engine.database.run(_parted, engine.tenant, apart, work, restored)


def _all_again(sql: Sql, tenant: str, kinds: Sequence[str]) -> None:
    sql.execute(
        "UPDATE record SET dirty = 1 WHERE tenant_id = ? AND source_id IN (SELECT id FROM source WHERE tenant_id = ?"
        f" AND entity IN ({','.join('?' * len(kinds))})) AND (entity_id IS NOT NULL OR deleted_at IS NULL)",
        (tenant, tenant, *kinds),
    )


async def _score(engine: Engine, kind: str) -> tuple[matching.Found, matching.Gathered]:
    gathered = await engine.database.run(matching.gather, engine.tenant, kind)
    return await asyncio.to_thread(matching.score, gathered), gathered


@asynccontextmanager
async def _staged(engine: Engine, what: str) -> AsyncIterator[tuple[Work, Report]]:
    """A run of its own, with the tenant's streams at hand and no request to any tool."""
    report = Report(run=str(ULID()), kind=what)
    async with AsyncExitStack() as stack:
        work = await engine.prepare(stack, (), report)
        await engine.database.run(begin_run, engine.tenant, report, engine.now())
        try:
            yield work, report
        except BaseException:
            report.status = "failed"
            raise
        finally:
            await engine.database.run(end_run, engine.tenant, report, engine.now())


def _key(named: str, sources: Any) -> tuple[int, str]:
    connection, _, rest = named.partition("/")
    stream, _, remote = rest.partition("/")
    for source in sources:
        if (source.connection_id, source.stream.name) == (connection, stream) and remote:
            return source.id, remote
    raise InputInvalid(
        f"There is no record {named!r}.", remedy="Name it as TOOL/STREAM/ID, as `vaiven people ID` shows it."
    )


def _entity_of(sql: Sql, tenant: str, record: tuple[int, str]) -> str:
    row = sql.execute(
        "SELECT entity_id FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?", (tenant, *record)
    ).fetchone()
    if row is None or not row[0]:
        raise InputInvalid(f"There is no record {record[1]!r} in the store.")
    return str(row[0])


def _parted(sql: Sql, tenant: str, apart: unmerge.Apart, work: Work, restored: int) -> Parted:
    out: dict[str, list[str]] = {}
    for source_id, remote in (*apart.records, *apart.rest):
        row = sql.execute(
            "SELECT entity_id FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            (tenant, source_id, remote),
        ).fetchone()
        source: Source | None = work.sources.get(source_id)
        name = f"{source.connection_id}/{source.stream.name}/{remote}" if source else f"?/{remote}"
        out.setdefault(row[0], []).append(name)
    return Parted(out, restored)
