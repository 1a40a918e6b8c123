"""Erase a person: at every tool that can, then in our own copies; what is left for people is listed."""

from __future__ import annotations

import dataclasses
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ulid import ULID

from vaiven_sdk import AnswerMalformed, Outcome, RequestRefused, Unsettled, VaivenError, VendorDown, Write
from vaiven_sdk.write import Writer, complete
from vaiven_sync_engine.errors import ErasureUnfinished
from vaiven_sync_engine.plan import Planned
from vaiven_sync_engine.records import decode
from vaiven_sync_engine.report import Report
from vaiven_sync_engine.store.intents import close_intents, open_intents
from vaiven_sync_engine.store.redact import Redacted, Redaction, family, lent
from vaiven_sync_engine.store.runs import begin_run, end_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.engine import Engine
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql


@dataclass(slots=True)
class Held:
    """One record of the person at a tool.

    Args:
        state: `to_erase`, `by_hand` (the tool has no way, or its account is out of reach), `erased`, `refused`, `open`.
        note: what else happens there or why it is left.
    """

    source: int
    connection: str
    stream: str
    remote_id: str
    state: str
    note: str = ""


@dataclass(slots=True)
class Erased:
    """What an erasure does or did.

    Args:
        done: our own copies are redacted.
    """

    person: str
    records: list[Held] = field(default_factory=list)
    redacted: Redacted = field(default_factory=Redacted)
    done: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)


async def erase(engine: Engine, person_id: str, *, dry_run: bool = False) -> Erased:
    """Carry out a person's request to be forgotten.

    Args:
        engine: of the person's tenant.
        person_id: the hub's id.
        dry_run: say what would be done, and do nothing.

    Raises:
        ErasureUnfinished: a tool did not carry it out; our copies stay until it is run again.
    """
    report = Report(run=str(ULID()), kind="erase")
    async with AsyncExitStack() as stack:
        work = await engine.prepare(stack, (), report)
        out = Erased(person_id)
        ids = await engine.database.run(family, engine.tenant, person_id)
        out.records = await engine.database.run(_held, engine.tenant, ids, work)
        if dry_run:
            return out
        await engine.database.run(begin_run, engine.tenant, report, engine.now())
        try:
            await engine.settle(work, report)  # a create whose answer was lost may be one more record
            out.records = await engine.database.run(_held, engine.tenant, ids, work)
            for source in work.sources.values():
                mine = [one for one in out.records if one.source == source.id and one.state == "to_erase"]
                if mine:
                    await _Eraser(engine, work.sessions[source.connection_id], source, report.run).run(ids[0], mine)
            left = [one for one in out.records if one.state in {"refused", "open"}]
            if left:
                report.status = "failed"
                where = ", ".join(f"{one.connection}/{one.stream}" for one in left)
                raise ErasureUnfinished(f"The person is not erased at {where}.", why=left[0].note)
            redaction = Redaction
            out.redacted = await engine.database.run(
                lambda connection: redaction(connection, engine.tenant, ids, work.sources, engine.now()).run()
            )
            out.done = True
        finally:
            await engine.database.run(end_run, engine.tenant, report, engine.now())
    engine.database.compact()
    return out


def _held(connection: Sql, tenant: str, ids: Sequence[str], work: Any) -> list[Held]:
    """Every record of the person, deleted ones among them: an archive holds them, too."""
    marks = ",".join("?" * len(ids))
    own = connection.execute(
        "SELECT source_id, remote_id FROM record WHERE tenant_id = ?"
        f" AND entity_id IN ({marks}) ORDER BY source_id, remote_id",
        (tenant, *ids),
    ).fetchall()
    out = []
    for source_id, remote_id in [*map(tuple, own), *lent(connection, tenant, ids, work.sources.values())]:
        source: Source | None = work.sources.get(source_id)
        if source is None:
            out.append(Held(source_id, "?", "?", remote_id, "by_hand", "its connector is not installed"))
            continue
        way = _way(source)
        able = way is not None and source.connection_id in work.sessions
        note = source.stream.erase_note if able else "the tool has no way to erase a person by its API"
        if way is not None and not able:
            note = "the account cannot be reached"
        state = "to_erase" if able else "by_hand"
        out.append(Held(source.id, source.connection_id, source.stream.name, remote_id, state, note))
    return out


def _way(source: Source) -> Writer | None:
    """What carries an erasure out: of a link it is its removal."""
    stream = source.stream
    return stream.eraser or (stream.writers.get("delete") if stream.shape == "membership" else None)


@dataclass(eq=False)
class _Eraser:
    """Erases a person's records of one stream: journal, send, look."""

    engine: Engine
    session: Any
    source: Source
    run_id: str

    async def run(self, hub_id: str, records: Sequence[Held]) -> None:
        writer = _way(self.source)
        size = writer.batch if writer else 1
        for start in range(0, len(records), size):
            await self._batch(hub_id, records[start : start + size])

    async def _batch(self, hub_id: str, batch: Sequence[Held]) -> None:
        engine, way = self.engine, _way(self.source)
        op: Any = "erase"  # a word of the journal's own: nothing ever plans an erasure
        where = (self.source.id, self.source.entity, hub_id)
        planned = [Planned(op, *where, one.remote_id, {}, {}) for one in batch]
        writes = await engine.database.run(self._writes, planned)
        ids = await engine.database.run(open_intents, engine.tenant, self.run_id, engine.now(), planned)
        try:
            outcomes = complete(writes, await way.function(self.session, writes))  # type: ignore[union-attr]
        except VaivenError as problem:
            outcomes = await self._after(problem, writes)
        closed = []
        for one, write, intent, outcome in zip(batch, writes, ids, outcomes, strict=True):
            one.state = "erased" if outcome.status == "deleted" else "open" if outcome.code == "open" else "refused"
            one.note = outcome.reason or one.note
            state = {"erased": "done", "open": "unknown"}.get(one.state, "rejected")
            closed.append((intent, state, outcome.code, outcome.reason, write.id))
        await engine.database.run(close_intents, engine.tenant, engine.now(), closed)

    async def _after(self, problem: VaivenError, writes: Sequence[Write[Any]]) -> list[Outcome]:
        """What became of a call that failed: who is not there any more was erased."""
        if not isinstance(problem, (Unsettled, VendorDown, AnswerMalformed)):
            code = problem.code if not isinstance(problem, RequestRefused) else f"http_{problem.status}"
            return [write.rejected(code, problem.why or problem.what) for write in writes]
        there: set[str] | None = None
        finder = self.source.stream.finder
        if finder is not None:
            try:
                found = list(await finder.function(self.session, writes))
                there = {one.remote_id for one in decode(self.source.stream.record, found).good}
            except VaivenError:
                there = None
        return [
            write.deleted() if there is not None and write.id not in there else write.rejected("open", problem.what)
            for write in writes
        ]

    def _writes(self, connection: Sql, planned: Sequence[Planned]) -> list[Write[Any]]:
        record = self.source.stream.record
        out = []
        for one in planned:
            (body,) = connection.execute(
                "SELECT body FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
                (self.engine.tenant, self.source.id, one.remote_id),
            ).fetchone()
            known = record.model_validate_json(body) if body != "{}" else record.model_construct()
            out.append(Write("delete", one.entity_id, known, one.remote_id, idempotency_key=one.key))
        return out
