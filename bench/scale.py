"""Measure whole syncs of three tools that hold the same people: the first one, then what follows a thousand edits.

The tools are in process behind httpx transports (`tests/support/crowd.py`): requests, pages of 100 records as JSON and
their decoding are the real ones, only sockets are not there. Each store is measured in a process of its own; its memory
is that of hub and tools together. A record counts once for each time that it was merged.

    .venv/bin/python bench/scale.py [--people N [N ...]] [--edits N] [--store sqlite|postgres] [--url URL] [--json]

Postgres is the server of the tests (`tests/support/postgres.py`) unless `--url` names an empty database. Work is CPU
seconds, which other programs of a busy machine do not lengthen: of this process, of the tools in it, of the server.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.crowd import Crowd, crowd_at
from tests.support.postgres import FAST, server
from vaiven_sync_engine import stage
from vaiven_sync_engine.store import address_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READ = ("wall", "work", "server")
STEPS = ("pull", "resolve", "merge", "plan", "push")
TICKS = os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """What it was measured on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} CPUs, {pages / 2**30:.0f} GB, Python {platform.python_version()}, {platform.machine()}"


def peak() -> int:
    """The process's largest memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def work() -> float:
    """CPU seconds of this process so far, all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def work_of_server(pid: int) -> float:
    """CPU seconds of the server's processes that live now; 0 for a server that is not ours to look at."""
    ticks = 0
    for one in Path("/proc").glob("[0-9]*/stat") if pid else ():
        try:
            parts = one.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(parts[1]) == pid:
            ticks += int(parts[11]) + int(parts[12])
    return ticks / TICKS


class Meter:
    """Seconds and work by step; what runs several times at once is counted from its first start to its last end.

    Args:
        server: first process of the database server, or 0.
    """

    def __init__(self, server: int) -> None:
        self.server = server
        self.sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        self._open: dict[str, tuple[int, tuple[float, ...]]] = {}

    def reading(self) -> tuple[float, float, float]:
        """Now: by the wall, our work, the server's."""
        return time.perf_counter(), work(), work_of_server(self.server)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what happens in the block."""
        depth, begun = self._open.get(name) or (0, self.reading())
        self._open[name] = (depth + 1, begun)
        try:
            yield
        finally:
            depth, begun = self._open.pop(name)
            if depth > 1:
                self._open[name] = (depth - 1, begun)
            else:
                self.sums[name] = [s + b - a for s, a, b in zip(self.sums[name], begun, self.reading(), strict=True)]

    def watch(self, owner: Any, attribute: str, name: str) -> None:
        """Count all calls of a function or coroutine function."""
        function: Callable[..., Any] = getattr(owner, attribute)

        @functools.wraps(function)
        async def later(*args: Any, **kwargs: Any) -> Any:
            with self.step(name):
                return await function(*args, **kwargs)

        @functools.wraps(function)
        def now(*args: Any, **kwargs: Any) -> Any:
            with self.step(name):
                return function(*args, **kwargs)

        setattr(owner, attribute, later if asyncio.iscoroutinefunction(function) else now)


def measured(crowd: Crowd, meter: Meter, name: str) -> dict[str, Any]:
    """One sync."""
    meter.sums.clear()
    writes, tools = crowd.writes, sum(tool.seconds for tool in crowd.tools.values())
    with meter.step("all"):
        report = asyncio.run(crowd.hub.sync())
    if report.status != "ok":
        raise SystemExit(f"{name}: {report.status}: {report.errors}")
    sums = dict(meter.sums)
    sums["merge"] = [s - r for s, r in zip(sums.pop("stage"), sums["resolve"], strict=True)]
    rounded = {
        step: dict(zip(READ, (round(x, 3) for x in sums.get(step, (0.0, 0.0, 0.0))), strict=True))
        for step in (*STEPS, "all")
    }
    return {
        "sync": name,
        "pulled": report.pulled,
        "merged": report.staged.records,
        "writes": crowd.writes - writes,
        "conflicts": report.staged.conflicts,
        "seconds": rounded,
        "tools": round(sum(tool.seconds for tool in crowd.tools.values()) - tools, 3),
        "peak_mb": peak(),
    }


def child(place: str, people: int, edits: int, pid: int) -> None:
    """Measure one store and print what came out as JSON."""
    began = peak()
    meter = Meter(pid)
    meter.watch(stage, "resolve", "resolve")
    with crowd_at(address_of(place), people) as crowd:
        for attribute, name in (("_pull", "pull"), ("stage", "stage"), ("_plan", "plan"), ("_push", "push")):
            meter.watch(crowd.hub.engine, attribute, name)
        syncs = [measured(crowd, meter, "first"), measured(crowd, meter, "nothing new")]
        if syncs[1]["writes"]:
            raise SystemExit("an echo: nothing was new, and something was written")
        crowd.edit(edits)
        syncs.append(measured(crowd, meter, f"{edits:,} edits"))
    print(json.dumps({"people": people, "program_mb": began, "syncs": syncs}))


def run(place: str, people: int, edits: int, pid: int = 0) -> dict[str, Any]:
    """Measure one store in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", place, str(people), str(edits), str(pid)],
        check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def shown(found: dict[str, Any]) -> None:
    """Print one store's table."""
    print(f"\n{found['store']}, {found['people']:,} people in three tools; the program alone: {found['program_mb']} MB")
    print(f"  {'seconds (work + server)':<24}" + "".join(f"{step:>20}" for step in (*STEPS, "all")))
    for sync in found["syncs"]:
        cells = ([sync["seconds"][step][one] for one in READ] for step in (*STEPS, "all"))
        print(f"  {sync['sync']:<24}" + "".join(f"{f'{w:.2f} ({c:.2f} + {s:.2f})':>20}" for w, c, s in cells))
    for sync in found["syncs"]:
        rates = "".join(
            f"  {name} {sync[count] / max(sum(sync['seconds'][step]['wall'] for step in steps), 0.001):,.0f}/s"
            for name, count, steps in (
                ("pull", "pulled", ("pull",)),
                ("merge path", "merged", ("resolve", "merge")),
                ("push", "writes", ("push",)),
            )
        )
        counts = ", ".join(f"{sync[n]:,} {n}" for n in ("pulled", "merged", "writes", "conflicts"))
        print(f"  {sync['sync']:<24}{counts};{rates}  tools' work {sync['tools']:.2f} s  peak {sync['peak_mb']} MB")


def main() -> None:
    """Measure each store with each number of people, in turn."""
    if sys.argv[1:2] == ["--child"]:
        place, *numbers = sys.argv[2:]
        child(place, *map(int, numbers))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--people", type=int, nargs="+", default=[100_000])
    parser.add_argument("--edits", type=int, default=1_000)
    parser.add_argument("--store", choices=["sqlite", "postgres"])
    parser.add_argument("--url", help="an empty Postgres database, instead of the tests' server")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    out: list[dict[str, Any]] = []
    if not asked.json:
        print(machine(), flush=True)
    for people in asked.people:
        for store in [asked.store] if asked.store else ["sqlite", "postgres"]:
            with ExitStack() as stack:
                pid = 0
                if store == "sqlite":
                    place = f"{stack.enter_context(tempfile.TemporaryDirectory())}/vaiven.db"
                elif asked.url:
                    place = asked.url
                else:
                    running = stack.enter_context(server({**FAST, "shared_buffers": "256MB"}))
                    place, pid = running.make("scale"), running.pid or 0
                found = {"store": store, "machine": machine(), **run(place, people, asked.edits, pid)}
            out.append(found)
            if not asked.json:
                shown(found)
                sys.stdout.flush()
    if asked.json:
        print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
