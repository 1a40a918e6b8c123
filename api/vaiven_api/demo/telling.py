"""How a demo is told: its phases with their seconds, its syncs with their traffic, and the verdict at the end."""

from __future__ import annotations

import asyncio
import dataclasses
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from vaiven_sdk import Session
from vaiven_sdk.limits import Throttle, Turn
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.engine import Engine
from vaiven_sync_engine.times import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vaiven_api.demo.world import Vendor
    from vaiven_sdk import Connector
    from vaiven_sdk.http import Http
    from vaiven_sdk.limits import Limit
    from vaiven_sync_engine.connections import Connection
    from vaiven_sync_engine.plan import Plan
    from vaiven_sync_engine.report import Report
    from vaiven_sync_engine.store import Database
    from vaiven_sync_engine.vault import Vault

TENANT = "local"
FIRST = 15
"""Differences that are printed; all of them are counted."""


@dataclass(slots=True)
class Phase:
    """One step and what it took.

    Args:
        seconds: on the clock.
        cpu: seconds of this process; the simulators have their own.
    """

    name: str
    seconds: float
    cpu: float


@dataclass(eq=False, slots=True)
class _Noted(Turn):
    notes: list[tuple[float, str]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        await Turn.__aenter__(self)
        self.notes.append((self.sent, self.path))
        return self


class Watched(Throttle):
    """The limits of one account, with the instant at which each request went out."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        super().__init__(limits)
        self.limits = limits
        self.notes: list[tuple[float, str]] = []

    def at(self, path: str, **how: Any) -> Turn:
        """As the throttle's own."""
        turn = super().at(path, **how)
        return _Noted(turn.throttle, turn.path, turn.mine, turn.deadline, notes=self.notes)

    def peaks(self) -> list[tuple[Limit, int]]:
        """The declared limits that count calls, each with the most that ever went out within its window."""
        return [
            (one, _most([at for at, path in self.notes if one.counts(path)], one.per))
            for one in self.limits
            if one.calls and not callable(one.cost)
        ]


def _most(times: Sequence[float], per: float) -> int:
    first, most = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= per:
            first += 1
        most = max(most, last - first + 1)
    return most


@dataclass(eq=False)
class Metered(Engine):
    """The engine, with the traffic of each connection kept to be shown."""

    clients: list[tuple[str, Http]] = field(default_factory=list)
    watched: dict[str, Watched] = field(default_factory=dict)
    """By connection."""

    def client(self, one: Connection, connector: Connector[Any]) -> Http:
        """As the engine's own."""
        made = super().client(one, connector)
        self.clients.append((one.id, made))
        return made

    def throttle(self, one: Connection, connector: Connector[Any]) -> Throttle:
        """As the engine's own, watched."""
        return self.watched.setdefault(one.id, Watched(connector.limits))

    def traffic(self) -> dict[str, Counter[str]]:
        """Requests and refusals by connection since the last call."""
        out: dict[str, Counter[str]] = {}
        for name, client in self.clients:
            seen = client.traffic
            out.setdefault(name, Counter()).update(requests=seen.requests, refused=seen.refused, retries=seen.retries)
        self.clients.clear()
        return out


@dataclass(slots=True)
class Telling:
    """One run of a demo.

    Args:
        people: humans in the company.
        store: path of the store; it must not exist.
        quiet: print nothing.
        facts: figures, for `--json`.
    """

    people: int
    seed: int
    store: Path
    quiet: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    phases: list[Phase] = field(default_factory=list)
    begun: tuple[float, float] = (0.0, 0.0)

    def tell(self) -> int:
        """Run it; gives the number of differences found."""
        raise NotImplementedError

    # -- syncs

    def dry_run(self, engine: Metered) -> Plan:
        """Plan, show what would be written and write nothing."""
        self.start("dry run: pull, resolve, merge, plan")
        last = self.begun

        def pulled(_connection: str, _stream: str, kind: str, _count: int) -> None:
            nonlocal last
            if kind == "pull":
                last = (time.perf_counter(), time.process_time())

        report = asyncio.run(engine.sync(dry_run=True, progress=pulled))
        done = self.stop()
        self.read(report, engine)
        plan = report.plan
        if plan is None:
            raise RuntimeError("the dry run made no plan")
        self.facts["pull"] = rates(report.pulled, last[0] - self.begun[0], last[1] - self.begun[1])
        self.facts["unified"] = rates(report.pulled, done.seconds, done.cpu)
        counts = plan.counts()
        self.say("The plan, of which nothing has been written yet:")
        for source in sorted(counts):
            line = report.streams[source]
            told = ", ".join(f"{n:,} {op}{'s' if n != 1 else ''}" for op, n in sorted(counts[source].items()))
            self.say(f"  {line.connection} {line.stream}: {told}")
        for (source, why), n in sorted(plan.skipped.items()):
            if source in report.streams:
                self.say(f"  {report.streams[source].connection}: {n:,} not planned ({why})")
        for write in [w for w in plan.writes if w.op == "update"][:3]:
            name = report.streams[write.source].connection
            shown = "; ".join(f"{n}: {write.before.get(n)!r} -> {v!r}" for n, (v, _) in write.fields.items())
            self.say(f"  e.g. {name} {write.remote_id}: {shown}")
        self.say(f"  digest {plan.digest}")
        self.facts["plan"] = report.as_dict()["plan"]
        return plan

    def sync(self, engine: Metered, name: str, approve: str | None = None) -> Report:
        """One sync as a phase of its own."""
        self.start(name)
        report = asyncio.run(engine.sync(approve=approve))
        self.stop()
        self.read(report, engine)
        return report

    def read(self, report: Report, engine: Metered) -> None:
        """Tell what a run has read, and by how many requests; a run that did not end well ends the demo."""
        traffic = engine.traffic()
        pulled: Counter[str] = Counter()
        for line in report.streams.values():
            pulled[line.connection] += line.pulled.records if line.pulled else 0
        told = ", ".join(
            f"{tool} {pulled[tool]:,} in {traffic[tool]['requests']:,} requests"
            + (f" ({traffic[tool]['retries']} repeated)" if traffic[tool]["retries"] else "")
            for tool in pulled
        )
        self.say(f"  pulled {report.pulled:,} records: {told}")
        runs = self.facts.setdefault("runs", [])
        runs.append({**report.as_dict(), "traffic": {tool: dict(seen) for tool, seen in traffic.items()}})
        for where, problem in report.errors.items():
            self.say(f"  {where}: {problem}")
        if report.status != "ok":
            raise RuntimeError(f"the run ended as {report.status}: {list(report.errors.values())}")

    def writes(self, report: Report) -> None:
        """Tell what a run has written."""
        for line in report.streams.values():
            done = line.pushed
            if done and (done.writes or done.rejected):
                refused = f", {done.rejected} refused ({listed(done.reasons)})" if done.rejected else ""
                self.say(
                    f"  wrote to {line.connection}: {done.created:,} created, {done.updated:,} updated,"
                    f" {done.deleted:,} deleted{refused}"
                )
        self.say(f"  {report.writes:,} writes in all")

    def figures(self) -> None:
        """Tell seconds, rates and memory."""
        own, others = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        self.facts["phases"] = [
            {"name": p.name, "seconds": round(p.seconds, 2), "cpu": round(p.cpu, 2)} for p in self.phases
        ]
        self.facts["seconds"] = round(sum(p.seconds for p in self.phases), 2)
        self.facts["peak_mib"] = peak(resource.RUSAGE_SELF)
        self.facts["cpu_seconds"] = round(own.ru_utime + own.ru_stime, 2)
        self.facts["simulators_cpu_seconds"] = round(others.ru_utime + others.ru_stime, 2)
        self.say("")
        self.say(f"{'seconds':>9}{'CPU':>8}")
        for phase in self.phases:
            self.say(f"{phase.seconds:9.1f}{phase.cpu:8.1f}  {phase.name}")
        self.say(f"{self.facts['seconds']:9.1f}{self.facts['cpu_seconds']:8.1f}  in all; the vendors'"
                 f" {self.facts['simulators_cpu_seconds']} CPU seconds are their own")  # fmt: skip
        for name, title in (("pull", "pull to store"), ("unified", "pull to unified and planned")):
            rate = self.facts[name]
            self.say(f"  {title}: {rate['records_per_second']:,} records/s,"
                     f" {rate['cpu_seconds_per_100k']} CPU-s per 100,000 records")  # fmt: skip
        self.say(f"  peak memory {self.facts['engine_peak_mib']} MiB, {self.facts['peak_mib']} with the comparisons")

    def verdict(self, differences: list[str]) -> int:
        """Tell the differences; gives their number."""
        self.facts["differences"] = differences[:FIRST]
        self.facts["ok"] = not differences
        self.say("")
        if not differences:
            self.say("Everything agrees: the store with each vendor, the vendors with each other.")
        for difference in differences[:FIRST]:
            self.say(f"DIFFERENCE: {difference}")
        if len(differences) > FIRST:
            self.say(f"and {len(differences) - FIRST} more")
        return len(differences)

    # -- telling

    def say(self, text: str) -> None:
        """Print one line."""
        if not self.quiet:
            print(text, flush=True)  # noqa: T201 - what it is for

    def start(self, name: str) -> None:
        """Begin a phase."""
        self.phases.append(Phase(name, 0.0, 0.0))
        self.say(f"\n{name[0].upper()}{name[1:]} ...")
        self.begun = (time.perf_counter(), time.process_time())

    def stop(self) -> Phase:
        """End it."""
        phase = self.phases[-1]
        phase.seconds = time.perf_counter() - self.begun[0]
        phase.cpu = time.process_time() - self.begun[1]
        return phase


async def complete(engine: Engine) -> None:
    """Fill in what a connector finds out on connecting (currency, time zone), as `vaiven connect` does."""
    for one in (await engine.database.run(accounts.load_all, TENANT)).values():
        connector = engine.load(one.connector)
        hook = connector.hooks.get("connected")
        if hook is not None:
            async with engine.client(one, connector) as client:
                config = await hook(Session(client.config, client.send))
            found = dataclasses.replace(one, config=config.model_dump(mode="json"))
            await engine.database.run(accounts.save, TENANT, found, now())


def connect(database: Database, vault: Vault, vendor: Vendor, **settings: Any) -> None:
    """Store a connection to a simulated vendor."""
    slug = vendor.slug
    one = accounts.Connection(
        slug,
        slug,
        slug,
        dict(vendor.config),
        vendor.base_url,
        vault.seal(TENANT, slug, vendor.credential),
        **settings,
    )
    database.run_now(accounts.save, TENANT, one, now())


def rates(records: int, seconds: float, cpu: float) -> dict[str, Any]:
    """How fast records went."""
    return {
        "records": records,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "records_per_second": round(records / seconds) if seconds else 0,
        "cpu_seconds_per_100k": round(cpu / records * 100_000, 1) if records else 0,
    }


def peak(who: int) -> float:
    """Most memory so far, in MiB."""
    # Linux counts kibibytes, macOS bytes (getrusage(2)).
    return round(resource.getrusage(who).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def listed(counts: Any) -> str:
    """Counts as a person would say them."""
    return ", ".join(f"{n:,} {name}" for name, n in counts.items())
