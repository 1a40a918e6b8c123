"""Make the planned writes at one tool: guard, journal, send, read back; nothing is sent twice on a guess."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk import (
    AnswerMalformed,
    Guard,
    Outcome,
    RequestRefused,
    Unsettled,
    VaivenError,
    VendorDown,
    Write,
)
from vaiven_sdk.write import NO_ANSWER, complete, fitting
from vaiven_sync_engine.answers import is_same, reason_code
from vaiven_sync_engine.landing import Landed, Landing
from vaiven_sync_engine.outgoing import Outgoing
from vaiven_sync_engine.plan import Planned
from vaiven_sync_engine.records import Observed, decode
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.intents import Closed, close_intents, open_intents, unsettled
from vaiven_sync_engine.store.pages import columns_of, set_aside, upsert_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from vaiven_sdk.session import Session
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store import Database
    from vaiven_sync_engine.store.sql import Sql


@dataclass(slots=True)
class Pushed:
    """What one push did at one stream."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    overtaken: int = 0
    """Dropped because the record had changed at its tool: it is read and planned again."""
    unknown: int = 0
    settled: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    error: VaivenError | None = None

    def add(self, other: Pushed) -> None:
        """Sum up."""
        for name in ("created", "updated", "unchanged", "deleted", "rejected", "overtaken", "unknown", "settled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.reasons.update(other.reasons)
        self.error = other.error or self.error

    @property
    def writes(self) -> int:
        """Writes that took effect."""
        return self.created + self.updated + self.deleted


@dataclass(eq=False)
class Pusher:
    """Writes to one stream of one connection.

    Args:
        session: how to call the vendor.
        source: the stream.
        sources: all streams of the tenant, for references.
        run: the run's id.
        now: the current instant, as text.
    """

    database: Database
    session: Session[Any]
    source: Source
    sources: Mapping[int, Source]
    tenant: str
    run: str
    now: Callable[[], str]
    pushed: Pushed = field(default_factory=Pushed)
    left: set[str] = field(default_factory=set)
    """Entities whose writes did not come to an end: they stay pending."""
    doubtful: set[str] = field(default_factory=set)
    """Records that are there and cannot be read: neither written to nor taken for deleted."""
    stirred: set[str] = field(default_factory=set)
    """Entities that refer to one that was created: there may be more to write of them now."""

    def __post_init__(self) -> None:
        self.outgoing = Outgoing(self.source, self.sources, self.tenant)

    async def push(self, writes: Sequence[Planned], progress: Callable[[int], None] | None = None) -> Pushed:
        """Make these writes, in batches; a failing tool ends the push, a refused record does not."""
        for op in ("create", "update", "delete"):
            mine = [w for w in writes if w.op == op]
            size = self.source.stream.writers[op].batch if mine else 1
            for start in range(0, len(mine), size):
                batch = mine[start : start + size]
                if self.pushed.error is None:
                    try:
                        await self._batch(op, batch)
                    except VaivenError as problem:
                        self.pushed.error = problem
                if self.pushed.error is not None:
                    self.left.update(w.entity_id for w in mine[start:])
                elif progress:
                    progress(len(batch))
        return self.pushed

    async def settle(self) -> int:
        """Find out, by reading, what became of writes whose answer was lost.

        A create is looked up by what makes it unique, an update or deletion by its id. Without a way to look up, the
        next read of the stream decides: the record is linked by then, or the write is planned anew.
        """
        open_ones = await self.database.run(unsettled, self.tenant, self.source.id)
        if not open_ones:
            return 0
        writes = await self.database.run(self.outgoing.again, open_ones)
        found = await self._find(writes)
        await self.database.run(self._settle, open_ones, writes, found)
        self.pushed.settled += len(open_ones)
        return len(open_ones)

    # -- one batch

    async def _batch(self, op: str, batch: Sequence[Planned]) -> None:
        writes = await self.database.run(self.outgoing.writes, batch)
        if op != "create" and self.source.stream.finder and self.source.stream.guard is not Guard.NONE:
            batch, writes = await self._guarded(batch, writes)
        if not batch:
            return
        ids = await self.database.run(open_intents, self.tenant, self.run, self.now(), batch)
        outcomes: list[Outcome] = []
        try:
            await self._send(op, writes, outcomes)
        except VaivenError as problem:
            # It answered that it did nothing (void), or nothing that tells. What a half of the batch brought stands.
            state = "unknown" if isinstance(problem, (Unsettled, VendorDown, AnswerMalformed)) else "void"
            rest = [(i, state, problem.code, problem.what, None) for i in ids[len(outcomes) :]]
            await self.database.run(close_intents, self.tenant, self.now(), rest)
            self.pushed.unknown += len(rest) if state == "unknown" else 0
            await self._answered(batch, ids, writes, outcomes)
            raise
        await self._answered(batch, ids, writes, outcomes)

    async def _answered(
        self, batch: Sequence[Planned], ids: Sequence[str], writes: Sequence[Write[Any]], outcomes: Sequence[Outcome]
    ) -> None:
        """Store what became of those that have an outcome, the first ones of the batch."""
        late = [w for w, o in zip(writes, outcomes, strict=False) if o.status == "overtaken"]
        if late:
            news = await self._find(late)
            await self.database.run(upsert_records, self.tenant, self.source.id, self.run, self.now(), news)
            self.left.update(w.hub_id for w in late)
        stored = await self._stored(writes, outcomes)
        await self.database.run(self._acknowledge, batch, ids, outcomes, stored)

    async def _send(self, op: str, writes: Sequence[Write[Any]], outcomes: list[Outcome]) -> None:
        """Send a batch; one that is refused as a whole is halved until the bad record stands alone."""
        writer = self.source.stream.writers[op]
        for some in fitting(writes, writer.most_bytes):
            await self._halved(writer.function, some, outcomes)

    async def _halved(self, function: Any, writes: Sequence[Write[Any]], outcomes: list[Outcome]) -> None:
        try:
            outcomes.extend(complete(writes, await function(self.session, writes)))
        except RequestRefused as problem:
            if len(writes) == 1:
                outcomes.append(writes[0].rejected(reason_code(problem), problem.why or problem.what))
                return
            half = len(writes) // 2
            for some in (writes[:half], writes[half:]):
                await self._halved(function, some, outcomes)

    async def _guarded(
        self, batch: Sequence[Planned], writes: Sequence[Write[Any]]
    ) -> tuple[list[Planned], list[Write[Any]]]:
        """Read the records just before writing: one that has changed since is merged first, not overwritten."""
        found = await self._find(writes)
        overtaken = await self.database.run(self._overtaken, batch, found)
        self.pushed.overtaken += len(overtaken)
        self.left.update(w.entity_id for w in batch if w.remote_id in overtaken)
        kept = [(p, w) for p, w in zip(batch, writes, strict=True) if p.remote_id not in overtaken]
        return [p for p, _ in kept], [w for _, w in kept]

    async def _find(self, writes: Sequence[Write[Any]]) -> list[Observed]:
        """The records as their tool has them now, those that exist."""
        finder = self.source.stream.finder
        if finder is None:
            return []
        found: list[Observed] = []
        for start in range(0, len(writes), finder.batch):
            items = await finder.function(self.session, writes[start : start + finder.batch])
            decoded = decode(self.source.stream.record, [msgspec.json.encode(item) for item in items])
            found.extend(decoded.good)
            if decoded.bad:
                known = {b.remote_id for b in decoded.bad}
                asked = {w.id for w in writes[start : start + finder.batch] if w.id}
                self.doubtful |= asked if None in known else asked & known
            aside = [*decoded.bad, *decoded.aside]
            if aside:
                await self.database.run(set_aside, self.tenant, self.source.id, self.run, self.now(), aside)
        return found

    async def _stored(self, writes: Sequence[Write[Any]], outcomes: Sequence[Outcome]) -> dict[str, Observed]:
        """By id, each written record as its tool now keeps it: from the answer, else read back."""
        record = self.source.stream.record
        given = [o.stored for o in outcomes if o.stored is not None]
        stored = {o.remote_id: o for o in decode(record, [msgspec.json.encode(item) for item in given]).good}
        silent = [
            Write(w.op, w.hub_id, w.record, o.id, w.changed, w.idempotency_key)
            for w, o in zip(writes, outcomes, strict=False)
            if o.status in {"created", "updated"} and o.id and o.id not in stored
        ]
        if silent and self.source.stream.finder:
            # The write itself is known to have landed: if this read fails, the next pull brings what became of it.
            with suppress(VaivenError):
                stored.update({o.remote_id: o for o in await self._find(silent)})
        return stored

    # -- transactions

    def _overtaken(self, connection: Sql, batch: Sequence[Planned], found: Sequence[Observed]) -> set[str]:
        """Ids of records that are no longer as the plan knows them; what is new is stored and will be merged."""
        now_by_id = {o.remote_id: o for o in found}
        gone, news = [], []
        known = columns_of(connection, self.tenant, self.source.id, "fields", [w.remote_id or "" for w in batch])
        for write in batch:
            seen = now_by_id.get(write.remote_id or "")
            if seen is None:
                if write.remote_id not in self.doubtful:
                    gone.append(write.remote_id)
            elif msgspec.json.decode(seen.fields) != msgspec.json.decode(known[seen.remote_id]):
                news.append(seen)
        at = self.now()
        upsert_records(connection, self.tenant, self.source.id, self.run, at, news)
        connection.executemany(
            "UPDATE record SET deleted_at = ?, dirty = 1 WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            [(at, self.tenant, self.source.id, remote_id) for remote_id in gone],
        )
        return {*(o.remote_id for o in news), *(r for r in gone if r), *self.doubtful}

    def _acknowledge(
        self,
        connection: Sql,
        batch: Sequence[Planned],
        ids: Sequence[str],
        outcomes: Sequence[Outcome],
        stored: Mapping[str, Observed],
    ) -> None:
        closed, landed = [], []
        for planned, intent_id, outcome in zip(batch, ids, outcomes, strict=False):
            if self._counted(outcome):
                where, gone = outcome.id or planned.remote_id or "", outcome.status == "deleted"
                landed.append(Landed(planned, where, stored.get(outcome.id or ""), gone=gone))
            state = {"rejected": "rejected", "overtaken": "void"}.get(outcome.status, "done")
            if outcome.code == NO_ANSWER:
                # Nobody said that it was refused: the next run looks what became of it.
                state = "unknown"
                self.left.add(planned.entity_id)
            closed.append((intent_id, state, outcome.code, outcome.reason, outcome.id))
        self._take_in(connection, landed)
        close_intents(connection, self.tenant, self.now(), closed)

    def _counted(self, outcome: Outcome) -> bool:
        """Count an outcome; False for what did not take effect."""
        if outcome.status == "overtaken":
            self.pushed.overtaken += 1
        elif outcome.status == "rejected":
            self.pushed.rejected += 1
            self.pushed.reasons[outcome.code] += 1
        else:
            setattr(self.pushed, outcome.status, getattr(self.pushed, outcome.status) + 1)
            return True
        return False

    def _take_in(self, connection: Sql, landed: Sequence[Landed]) -> None:
        """Bring records to what the tool now has; what refers to a new one can be completed."""
        Landing(self.source, self.tenant, self.run, self.now()).take_in(connection, landed)
        made = [one.planned.entity_id for one in landed if one.planned.op == "create"]
        kinds = {s.entity for s in self.sources.values()}
        self.stirred |= rows.pend_referrers(connection, self.tenant, self.source.entity, made, kinds)

    def _settle(
        self,
        connection: Sql,
        intents: Sequence[Mapping[str, Any]],
        writes: Sequence[Write[Any]],
        found: Iterable[Observed],
    ) -> None:
        """Decide each open intent by what the tool has: landed, or void and planned again."""
        finder = self.source.stream.finder is not None
        by_id = {o.remote_id: o for o in found}
        by_hub = {o.hub_id: o for o in by_id.values() if o.hub_id}
        closed, landed, news = list[Closed](), list[Landed](), list[Observed]()
        for intent, write in zip(intents, writes, strict=True):
            planned = Planned.of(intent)
            seen = by_id.get(planned.remote_id or "") or by_hub.get(planned.entity_id)
            if planned.op == "create" and seen is None:
                whole = write if self.source.stream.shape != "record" else None
                seen = next((o for o in by_id.values() if is_same(o, planned, whole)), None)
            state = "void"
            if planned.op == "delete":
                if finder and seen is None and planned.remote_id not in self.doubtful:
                    self.pushed.deleted += 1
                    landed.append(Landed(planned, planned.remote_id or "", gone=True))
                    state = "done"
            elif seen is not None:
                values = msgspec.json.decode(seen.fields)
                if planned.op == "create" or all(values.get(n) == v for n, (v, _) in planned.fields.items()):
                    landed.append(Landed(planned, seen.remote_id, seen, later=True))
                    state = "done"
                else:
                    news.append(seen)
            reason = "settled by reading back" if finder else "left to the next read"
            closed.append((intent["id"], state, "settled", reason, seen.remote_id if seen else None))
        self._take_in(connection, landed)
        upsert_records(connection, self.tenant, self.source.id, self.run, self.now(), news)
        connection.executemany(
            "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(self.tenant, intent["entity"], intent["entity_id"]) for intent in intents],
        )
        close_intents(connection, self.tenant, self.now(), closed)
