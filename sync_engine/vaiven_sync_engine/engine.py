"""The embedded engine: one tenant's connections synced both ways over one store, in the order of the house."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from ulid import ULID

from vaiven_sdk import NotFound, PermissionMissing, Session, VaivenError
from vaiven_sdk.errors import CustomerError
from vaiven_sdk.http import Http
from vaiven_sdk.limits import Throttle
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.customs import current
from vaiven_sync_engine.errors import ApprovalNeeded, GuardTripped, PlanChanged
from vaiven_sync_engine.mapping.apply import bring_up
from vaiven_sync_engine.mapping.compile import shaped
from vaiven_sync_engine.mapping.policies import Chooser, check_policies, rules_for
from vaiven_sync_engine.mapping.versions import policies_of
from vaiven_sync_engine.plan import Plan, Planner, dependency_order
from vaiven_sync_engine.pull import Puller
from vaiven_sync_engine.push import Pusher
from vaiven_sync_engine.report import Report, StreamReport
from vaiven_sync_engine.stage import Stage
from vaiven_sync_engine.store.runs import begin_run, end_run, unpend
from vaiven_sync_engine.times import now as machine_now
from vaiven_sync_engine.work import Work, load_account

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from vaiven_sdk import Connector
    from vaiven_sdk.http import Transport
    from vaiven_sync_engine.connections import Connection
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store import Database
    from vaiven_sync_engine.store.sql import Sql

log = structlog.get_logger("vaiven.engine")

ROUNDS = 4
"""Times that one run plans and pushes: what a read-back or an overtaken write brings is settled in the same run."""


@dataclass(eq=False)
class Engine:
    """Syncs one tenant.

    Args:
        database: the store, open for writing.
        load: the connector of a slug.
        unseal: the credential of a connection.
        transport: an httpx transport for a connection, instead of the network.
        now: the current instant as text.
        keep: stores a connection's renewed credential, sealed; awaited before the new token is used.
        choosers: the installation's own rules for conflicts, by the name that policies use.
    """

    database: Database
    load: Callable[[str], Connector[Any]]
    unseal: Callable[[Connection], Mapping[str, str]]
    tenant: str = "local"
    transport: Callable[[Connection], Transport | None] = lambda _: None
    now: Callable[[], str] = machine_now
    keep: Callable[[Connection, Mapping[str, str]], Awaitable[None]] | None = None
    choosers: Mapping[str, Chooser] = field(default_factory=dict)
    order: Sequence[str] = field(default_factory=dependency_order)
    report: Report | None = field(default=None, init=False)
    """Of the run under way or the last one: what is known of a run that ended with an error."""
    throttles: dict[tuple[str, str, str], Throttle] = field(default_factory=dict, init=False)
    """By vendor and account: two connections to one account share its limits, and they count on from run to run."""

    async def sync(
        self,
        names: Sequence[str] = (),
        *,
        dry_run: bool = False,
        full: bool = False,
        approve: str | None = None,
        max_deletes: int | None = None,
        progress: Callable[[str, str, str, int], None] | None = None,
    ) -> Report:
        """Pull, resolve, merge, plan and (unless `dry_run`) push.

        Args:
            names: connections; all of them when empty.
            dry_run: stop at the plan: nothing is written to any tool.
            full: read everything again instead of what changed.
            approve: the digest of the plan that may run, or `any`; a connection's first writes need it.
            max_deletes: deletions allowed at each stream, instead of the guard's own limit.
            progress: told (connection, stream, `pull` or `push`, records so far).

        Raises:
            CustomerError: the plan is not the approved one, or would delete too much; nothing was written.
        """
        started = time.perf_counter()
        report = self.report = Report(run=str(ULID()), kind="plan" if dry_run else "sync")
        await self.database.run(begin_run, self.tenant, report, self.now())
        try:
            async with AsyncExitStack() as stack:
                work = await self.prepare(stack, names, report)
                await self.settle(work, report)
                await asyncio.gather(*(self._pull(work, c, report, full, progress) for c in work.connections))
                await self._push_rounds(work, report, dry_run, approve, max_deletes, progress)
                report.requests = sum(h.traffic.requests for h in work.clients.values())
            if report.errors and report.status == "ok":
                report.status = "partial"
        except VaivenError as problem:
            report.status = "awaiting_approval" if isinstance(problem, ApprovalNeeded) else "failed"
            report.errors.setdefault("run", problem)
            raise
        except (asyncio.CancelledError, KeyboardInterrupt):
            report.status = "interrupted"
            raise
        except Exception:
            report.status = "failed"
            raise
        finally:
            report.seconds = time.perf_counter() - started
            await asyncio.shield(self.database.run(end_run, self.tenant, report, self.now()))
        return report

    # -- steps

    async def prepare(self, stack: AsyncExitStack, names: Sequence[str], report: Report) -> Work:
        """The accounts with their streams, and a way to call each."""
        known = await self.database.run(accounts.load_all, self.tenant)
        chosen = accounts.pick(known, names)
        work = Work({c.id: c for c in chosen}, partial=len(chosen) < len(known))
        work.propagates = frozenset(c.id for c in known.values() if c.deletes == "propagate")
        work.policies = await self.database.run(policies_of, self.tenant)
        check_policies(work.policies, self.choosers)
        for one in known.values():
            try:
                connector = self.load(one.connector)
            except VaivenError as problem:
                if one.id in work.connections:
                    report.errors[one.id] = problem
                    del work.connections[one.id]
                work.partial = True
                continue
            streams = [s for n, s in connector.streams.items() if not one.streams or n in one.streams]
            account = await self.database.run(load_account, self.tenant, one.id, streams)
            work.mappings[one.id] = account.mapping
            for source in account.sources:
                work.sources[source.id] = work.shaped(source)
                if source.id in account.outdated:
                    await bring_up(self.database, self.tenant, source, account.mapping, report.run, self.now())
                if one.id in work.connections:
                    report.streams[source.id] = StreamReport(one.id, source.stream.name)
            if one.id in work.connections:
                try:
                    client = self.client(one, connector)
                except VaivenError as problem:
                    report.errors[one.id] = problem
                    continue
                work.clients[one.id] = await stack.enter_async_context(client)
                make = connector.hooks.get("session")
                work.sessions[one.id] = (
                    make(client.config, client.credential) if make else Session(client.config, client.send)
                )
        return work

    def streams(self, connection: Sql, names: Sequence[str] = ()) -> dict[int, Source]:
        """The streams of these accounts (all, when none is named) as they have them now, by row id."""
        found: dict[int, Source] = {}
        for one in accounts.pick(accounts.load_all(connection, self.tenant), names):
            account = load_account(connection, self.tenant, one.id, self.load(one.connector).streams.values())
            found.update({source.id: shaped(source, account.mapping) for source in account.sources})
        return found

    def client(self, one: Connection, connector: Connector[Any]) -> Http:
        """The HTTP client of a connection; only it ever holds the credential."""
        keep = self.keep
        return Http(
            connector,
            connector.config.model_validate(one.config),
            self.unseal(one),
            base_url=one.base_url,
            transport=self.transport(one),
            throttle=self.throttle(one, connector),
            keep=functools.partial(keep, one) if keep else None,
        )

    def throttle(self, one: Connection, connector: Connector[Any]) -> Throttle:
        """What keeps a connection within its account's limits."""
        account = (one.connector, one.account_id or one.id, one.base_url or "")
        return self.throttles.setdefault(account, Throttle(connector.limits))

    async def settle(self, work: Work, report: Report) -> None:
        """Before anything else: what became of the writes that an earlier run left open?"""
        for source in work.sources.values():
            if source.connection_id in work.sessions and source.stream.writers:
                try:
                    await self._pusher(work, source, report.run).settle()
                except VaivenError as problem:
                    report.errors.setdefault(source.connection_id, problem)

    async def _pull(
        self,
        work: Work,
        connection_id: str,
        report: Report,
        full: bool,  # noqa: FBT001
        progress: Callable[[str, str, str, int], None] | None,
    ) -> None:
        session = work.sessions.get(connection_id)
        if session is None or connection_id in report.errors:
            return
        for one in work.of(connection_id):
            source = await current(self.database, session, self.tenant, one, report, self.now, work.shaped)
            work.sources[source.id] = source
            puller = Puller(self.database, session, source.stream, self.tenant, source.id, report.run, self.now)
            name = source.stream.name
            told = (lambda p, n=name: progress(connection_id, n, "pull", p.records)) if progress else None
            line = report.streams[source.id]
            line.pulled = puller.pulled
            try:
                await puller.pull(full=full, progress=told)
            except (PermissionMissing, NotFound) as problem:
                # One stream is out of bounds: the account's others still are worth having.
                line.error = problem
                report.errors.setdefault(f"{connection_id}/{name}", problem)
                log.warning("stream_unavailable", connection=connection_id, stream=name, code=problem.code)
            except VaivenError as problem:
                line.error = problem
                report.errors[connection_id] = problem
                log.warning("pull_failed", connection=connection_id, stream=name, code=problem.code)
                await self._mark(connection_id, problem)
                return
        await self.database.run(accounts.mark, self.tenant, connection_id, "ok", self.now())

    async def _push_rounds(
        self,
        work: Work,
        report: Report,
        dry_run: bool,  # noqa: FBT001
        approve: str | None,
        max_deletes: int | None,
        progress: Callable[[str, str, str, int], None] | None,
    ) -> None:
        for number in range(ROUNDS):
            report.rounds = number + 1
            await self.stage(work, report)
            plan = await self._plan(work)
            # What a tool in trouble lacks stays pending for the next run.
            ready, held = [], set(plan.held)
            for write in plan.writes:
                if work.sources[write.source].connection_id in report.errors:
                    held.add(write.entity_id)
                else:
                    ready.append(write)
            plan.writes, plan.held = ready, plan.held | held
            if number == 0:
                report.plan = plan
                if dry_run:
                    return
            self._guard(work, plan, max_deletes)
            if number == 0:
                await self._approval(work, plan, approve)
            if not plan.writes:
                await self._done(work, plan, plan.held)
                return
            moved = await self._push(work, plan, report, progress)
            if not moved:
                return

    async def stage(self, work: Work, report: Report) -> None:
        """Bring every new or changed record into the unified model; no tool is asked anything."""
        stage = Stage(
            self.tenant,
            work.sources,
            report.run,
            self.now(),
            work.propagates,
            {k: rules_for(k, work.policies, work.sources, self.choosers) for k in self.order},
        )
        report.staged.waiting = 0  # what waits is what waits now, however many rounds it has waited
        for kind in self.order:
            if any(s.entity == kind for s in work.sources.values()):
                report.staged.add(await self.database.run(stage.bring_in, kind))

    async def _plan(self, work: Work) -> Plan:
        planner = Planner(
            self.tenant,
            work.connections,
            {i: s for i, s in work.sources.items() if s.connection_id in work.connections},
            self.order,
        )
        return await self.database.run(planner.plan)

    def _guard(self, work: Work, plan: Plan, max_deletes: int | None) -> None:
        for write in plan.writes:
            work.deletes[write.source] += write.op == "delete"
        for source, (planned, allowed) in plan.excess_deletes(max_deletes, work.deletes).items():
            where = f"{work.sources[source].connection_id}/{work.sources[source].stream.name}"
            raise GuardTripped(
                f"This sync would delete {planned:,} records at {where}; at most {allowed:,} are allowed.",
                why="so many at once are more often a mistake than a wish; nothing was written",
            )

    async def _approval(self, work: Work, plan: Plan, approve: str | None) -> None:
        """A digest that was asked for must match; a connection's first writes must have been asked for."""
        if approve not in {None, "any"} and approve != plan.digest:
            raise PlanChanged(
                "The plan that was approved is not the one that would run now.",
                why=f"approved {approve}, now {plan.digest}: something changed in the tools since",
            )
        new = [c for c in work.connections.values() if not c.approved]
        concerned = {work.sources[w.source].connection_id for w in plan.writes}
        unseen = [c for c in new if c.id in concerned]
        if unseen and approve is None:
            raise ApprovalNeeded(
                f"A first sync would write to your tools ({len(plan.writes):,} times), and nobody has approved it yet.",
                why=f"new: {', '.join(c.id for c in unseen)}; the plan's digest is {plan.digest}",
                remedy=f"Look at the plan (`vaiven plan`), then run `vaiven sync --approve {plan.digest}`.",
            )
        for one in new if approve is not None else ():
            approved = dataclasses.replace(one, approved=True)
            work.connections[one.id] = approved
            await self.database.run(accounts.keep_settings, self.tenant, approved, self.now())

    async def _push(
        self, work: Work, plan: Plan, report: Report, progress: Callable[[str, str, str, int], None] | None
    ) -> int:
        """Push to every tool at once, each in its own order; gives how many writes came to an end."""
        order = {kind: n for n, kind in enumerate(self.order)}
        left: set[str] = set()
        ended = 0

        async def one_tool(connection_id: str) -> None:
            nonlocal ended
            mine = sorted(work.of(connection_id), key=lambda s: order[s.entity])
            for source in mine:
                writes = [w for w in plan.writes if w.source == source.id]
                if not writes:
                    continue
                if connection_id in report.errors:
                    left.update(w.entity_id for w in writes)
                    continue
                try:
                    await self._ready(work, connection_id)
                except VaivenError as problem:
                    left.update(w.entity_id for w in writes)
                    report.errors[connection_id] = problem
                    await self._mark(connection_id, problem)
                    continue
                pusher = self._pusher(work, source, report.run)
                done = 0

                def told(n: int, name: str = source.stream.name) -> None:
                    nonlocal done
                    done += n
                    if progress:
                        progress(connection_id, name, "push", done)

                pushed = await pusher.push(writes, told)
                left.update(pusher.left, pusher.stirred)
                ended += len(writes) - len(pusher.left & {w.entity_id for w in writes}) + pushed.overtaken
                line = report.streams[source.id]
                line.pushed, former = pushed, line.pushed
                if former is not None:
                    pushed.add(former)
                if pushed.error is not None:
                    report.errors[connection_id] = pushed.error
                    await self._mark(connection_id, pushed.error)

        await asyncio.gather(*(one_tool(c) for c in work.sessions))
        await self._done(work, plan, left | plan.held)
        return ended

    async def _done(self, work: Work, plan: Plan, left: set[str]) -> None:
        """Take entities that are in step everywhere off the list; a run over some of the tools cannot tell."""
        if not work.partial:
            await self.database.run(unpend, self.tenant, plan.examined, left)

    async def _ready(self, work: Work, connection_id: str) -> None:
        """Ready an account for its first write of this run (a custom property, say)."""
        if connection_id not in work.ready:
            hook = self.load(work.connections[connection_id].connector).hooks.get("prepare")
            if hook is not None:
                await hook(work.sessions[connection_id])
            work.ready.add(connection_id)

    def _pusher(self, work: Work, source: Source, run: str) -> Pusher:
        session = work.sessions[source.connection_id]
        return Pusher(self.database, session, source, work.sources, self.tenant, run, self.now)

    async def _mark(self, connection_id: str, problem: VaivenError) -> None:
        status = problem.code if isinstance(problem, CustomerError) else "waiting"
        await self.database.run(accounts.mark, self.tenant, connection_id, status, self.now())
