"""The demo's course: connect, dry run, sync, edits on both sides, sync, and a third sync with nothing left to do."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_api.demo import verify
from vaiven_api.demo.company import generate
from vaiven_api.demo.edits import Edits, edit
from vaiven_api.demo.people import HUBSPOT, TOOLS
from vaiven_api.demo.world import World
from vaiven_registry import Registry
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.engine import Engine
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.times import now
from vaiven_sync_engine.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path

    from vaiven_api.demo.world import Vendor
    from vaiven_sdk import Connector
    from vaiven_sdk.http import Http
    from vaiven_sync_engine.connections import Connection
    from vaiven_sync_engine.plan import Plan
    from vaiven_sync_engine.report import Report

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


@dataclass(eq=False)
class Metered(Engine):
    """The engine, with the traffic of each connection kept to be shown."""

    clients: list[tuple[str, Http]] = field(default_factory=list)

    def client(self, one: Connection, connector: Connector[Any]) -> Http:
        """As the engine's own."""
        made = super().client(one, connector)
        self.clients.append((one.id, made))
        return made

    def traffic(self) -> dict[str, Counter[str]]:
        """Requests and refusals by connection since the last call."""
        out: dict[str, Counter[str]] = {}
        for name, client in self.clients:
            seen = client.traffic
            out.setdefault(name, Counter()).update(requests=seen.requests, refused=seen.refused, retries=seen.retries)
        self.clients.clear()
        return out


@dataclass(slots=True)
class Story:
    """One run of the demo.

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
        company = generate(self.people, self.seed)
        several = f"{company.in_several / self.people:.0%} are in more than one tool"
        self.say(f"A company of {self.people:,} people (seed {self.seed}): {several}, misspelt and re-cased.")
        with World() as world:
            self.start("start and fill three simulated vendors")
            world.start(self.seed)
            world.fill(company)
            before = world.snapshots()
            self.stop()
            with Database.open(self.store) as database:
                vault = Vault.at(self.store)
                engine = Metered(database, Registry().load, lambda one: vault.open(TENANT, one.id, one.secret))
                for vendor in world.vendors.values():
                    connect(database, vault, vendor)
                self.say(f"Connected: {', '.join(world.vendors)}. Deletions at HubSpot propagate; others are kept.")
                plan = self._dry_run(engine)
                # Nobody has emptied anything yet, so no write of the first plan may.
                differences = [
                    f"the first sync would empty {name} of {write.remote_id}"
                    for write in plan.writes
                    for name, (value, _) in write.fields.items()
                    if value in (None, "", []) and write.before.get(name)
                ]
                report = self._sync(engine, "first sync, approved by its digest", approve=plan.digest)
                self._writes(report)
                self.facts["engine_peak_mib"] = _peak(resource.RUSAGE_SELF)
                self._resolution(world)
                differences += self._check(world, "compare with the vendors", before=before)
                self.start("people edit in the tools")
                edits = edit(company, world, self.seed)
                self.stop()
                self.say(f"Meanwhile people made {edits.count} edits: {_told(edits)}.")
                self._writes(self._sync(engine, "second sync"))
                differences += self._check(world, "compare again", edits)
                self._conflicts()
                third = self._sync(engine, "third sync: nothing is left to do")
                self.facts["third_cycle_writes"] = third.writes
                if third.writes or (third.plan and third.plan.writes):
                    differences.append(f"the third sync made {third.writes} writes")
                self._writes(third)
                differences += self._check(world, "compare a last time", edits, settled=True)
        self._figures()
        return self._verdict(differences)

    # -- chapters

    def _dry_run(self, engine: Metered) -> Plan:
        self.start("dry run: pull, resolve, merge, plan")
        last = self.begun

        def pulled(_connection: str, _stream: str, kind: str, _count: int) -> None:
            nonlocal last
            if kind == "pull":
                last = (time.perf_counter(), time.process_time())

        report = asyncio.run(engine.sync(dry_run=True, progress=pulled))
        done = self.stop()
        self._report(report, engine)
        plan = report.plan
        if plan is None:
            raise RuntimeError("the dry run made no plan")
        self.facts["pull"] = _rates(report.pulled, last[0] - self.begun[0], last[1] - self.begun[1])
        self.facts["unified"] = _rates(report.pulled, done.seconds, done.cpu)
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

    def _sync(self, engine: Metered, name: str, approve: str | None = None) -> Report:
        self.start(name)
        report = asyncio.run(engine.sync(approve=approve))
        self.stop()
        self._report(report, engine)
        return report

    def _report(self, report: Report, engine: Metered) -> None:
        traffic = engine.traffic()
        pulled: Counter[str] = Counter()
        for line in report.streams.values():
            pulled[line.connection] += line.pulled.records if line.pulled else 0
        told = ", ".join(
            f"{tool} {pulled[tool]:,} in {traffic[tool]['requests']:,} requests"
            + (f" ({traffic[tool]['retries']} repeated)" if traffic[tool]["retries"] else "")
            for tool in TOOLS
        )
        self.say(f"  pulled {report.pulled:,} records: {told}")
        runs = self.facts.setdefault("runs", [])
        runs.append({**report.as_dict(), "traffic": {tool: dict(seen) for tool, seen in traffic.items()}})
        for where, problem in report.errors.items():
            self.say(f"  {where}: {problem}")
        if report.status != "ok":
            raise RuntimeError(f"the run ended as {report.status}: {list(report.errors.values())}")

    def _writes(self, report: Report) -> None:
        for line in report.streams.values():
            done = line.pushed
            if done and (done.writes or done.rejected):
                refused = f", {done.rejected} refused ({_listed(done.reasons)})" if done.rejected else ""
                self.say(
                    f"  wrote to {line.connection}: {done.created:,} created, {done.updated:,} updated,"
                    f" {done.deleted:,} deleted{refused}"
                )
        self.say(f"  {report.writes:,} writes in all")

    def _resolution(self, world: World) -> None:
        held = verify.read_store(self.store)
        precision, recall = verify.pairwise(held, world.truth)
        self.facts["resolution"] = {
            "records": len(world.truth),
            "humans": self.people,
            "people": held.counts["person"],
            "precision": round(precision, 5),
            "recall": round(recall, 5),
        }
        self.facts["entities"] = held.counts
        self.say(f"  {len(world.truth):,} people's records became {held.counts['person']:,} people; there are"
                 f" {self.people:,}. Pairwise precision {precision:.4f}, recall {recall:.4f}.")  # fmt: skip
        self.say(f"  entities: {_listed(held.counts)}")

    def _check(
        self,
        world: World,
        name: str,
        edits: Edits | None = None,
        *,
        before: dict[str, bytes] | None = None,
        settled: bool = False,
    ) -> list[str]:
        self.start(name)
        held, states = verify.read_store(self.store), world.states()
        verdict = verify.compare(held, states, settled=settled)
        if before is not None:
            verify.check_kept(verdict, held, {tool: msgspec.json.decode(state) for tool, state in before.items()})
        if edits is not None:
            verify.check_edits(verdict, held, states, edits)
        self.stop()
        self.facts.setdefault("checks", []).append(
            {
                "checked": dict(verdict.checked),
                "excused": dict(verdict.excused),
                "differences": len(verdict.differences),
            }
        )
        self.say(f"  compared {_listed(verdict.checked)}: {len(verdict.differences)} differences")
        excused = {why: n for why, n in verdict.excused.items() if n}
        if excused:
            self.say(f"  left as they are, for a reason: {_listed(excused)}")
        return verdict.differences

    def _conflicts(self) -> None:
        with Database.reader(self.store) as store:
            rows = store.execute(
                "SELECT field, kept, kept_from, lost, lost_from, rule FROM conflict ORDER BY id DESC"
            ).fetchall()
        self.facts["conflicts"] = len(rows)
        self.say(f"  {len(rows):,} conflicts are on record, each with both values; the latest:")
        for row in rows[:3]:
            self.say(f"    {row['field']}: kept {row['kept']} of {row['kept_from']}, not {row['lost']} of"
                     f" {row['lost_from']} ({row['rule']})")  # fmt: skip

    def _figures(self) -> None:
        own, others = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        self.facts["phases"] = [
            {"name": p.name, "seconds": round(p.seconds, 2), "cpu": round(p.cpu, 2)} for p in self.phases
        ]
        self.facts["seconds"] = round(sum(p.seconds for p in self.phases), 2)
        self.facts["peak_mib"] = _peak(resource.RUSAGE_SELF)
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

    def _verdict(self, differences: list[str]) -> int:
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


def connect(database: Database, vault: Vault, vendor: Vendor) -> None:
    """Store a connection to a simulated vendor."""
    slug = vendor.slug
    one = accounts.Connection(
        slug,
        slug,
        slug,
        dict(vendor.config),
        vendor.base_url,
        vault.seal(TENANT, slug, vendor.credential),
        deletes="propagate" if slug == HUBSPOT else "ignore",
    )
    database.run_now(accounts.save, TENANT, one, now())


def _rates(records: int, seconds: float, cpu: float) -> dict[str, Any]:
    return {
        "records": records,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "records_per_second": round(records / seconds) if seconds else 0,
        "cpu_seconds_per_100k": round(cpu / records * 100_000, 1) if records else 0,
    }


def _peak(who: int) -> float:
    """Most memory so far, in MiB."""
    # Linux counts kibibytes, macOS bytes (getrusage(2)).
    return round(resource.getrusage(who).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def _listed(counts: Any) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in counts.items())


def _told(edits: Edits) -> str:
    return (
        f"{len(edits.same_field)} times one field in two tools, {len(edits.different_fields)} times different fields,"
        f" {len(edits.archived)} contacts archived in HubSpot, {len(edits.archived_members)} members in Mailchimp,"
        f" {len(edits.unsubscribed)} unsubscribed there, {len(edits.opted_out)} opted out in HubSpot,"
        f" {len(edits.new_addresses)} e-mail addresses changed in Stripe, {len(edits.renamed)} companies renamed,"
        f" {len(edits.signed_up)} newcomers"
    )
