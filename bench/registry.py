"""Time the registry with many connectors: half of them built in (an index), half installed (entry points).

Usage: .venv/bin/python bench/registry.py [CONNECTORS]

Prints the median seconds (wall) and the largest peak memory (MiB) of whole processes, each listing all connectors,
beside an interpreter that only starts; and fails if a connector was imported on the way.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vaiven_registry import Registry

ROUNDS = 7
LISTING = """
import os, sys
from pathlib import Path
from vaiven_registry import Registry
found = Registry(Path(os.environ["BENCH_INDEX"])).list()
assert len(found) >= int(os.environ["BENCH_COUNT"]), len(found)
assert not [name for name in sys.modules if name.startswith("made_")], "a connector was imported"
"""
WAYS = {"python -c pass": ["-c", "pass"], "Registry().list()": ["-c", LISTING]}


def make(folder: Path, count: int) -> Path:
    """Make the index of `count // 2` built-in connectors and as many installed packages; gives the index's path."""
    manifest = Path(Registry.__init__.__globals__["__file__"]).parents[2] / "connectors/vaiven_connectors/_index.json"
    model = next(m for m in json.loads(manifest.read_text()) if m["slug"] == "hubspot")
    half = count // 2
    index = folder / "_index.json"
    built_in = [{**model, "slug": f"made_{n}", "module": f"made_{n}.connector"} for n in range(half)]
    index.write_text(json.dumps(built_in))
    for n in range(half, count):
        package = folder / "site" / f"made_{n}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
        (package / "connector.py").write_text("")
        info = folder / "site" / f"made_{n}-1.0.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: made-{n}\nVersion: 1.0.0\n")
        (info / "entry_points.txt").write_text(f"[vaiven.connectors]\nmade_{n} = made_{n}.connector:made_{n}\n")
    return index


def run(arguments: list[str], environment: dict[str, str]) -> float:
    """Seconds that one process takes."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, env=environment)
    return time.perf_counter() - started


def main() -> None:
    """Run every way in turn, several times, and print a line for each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as name:
        index = make(Path(name), count)
        site = str(Path(name) / "site")
        environment = {**os.environ, "PYTHONPATH": site, "BENCH_INDEX": str(index), "BENCH_COUNT": str(count)}
        taken: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way, arguments in WAYS.items():
                taken[way].append(run(arguments, environment))
        print(f"{count} connectors, {ROUNDS} rounds")
        for way, seconds in taken.items():
            print(f"{way:24} {statistics.median(seconds):.3f} s  (from {min(seconds):.3f} to {max(seconds):.3f})")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"largest peak memory      {peak:.0f} MiB")


if __name__ == "__main__":
    main()
