"""Checks of what was proven elsewhere: tests of its own, the vendor's description and client, recordings, Singer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_api.kit.kit import check
from vaiven_api.kit.subject import NotNeeded
from vaiven_registry.quality import RUNGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vaiven_api.kit.kit import Kit
    from vaiven_api.kit.subject import Subject

ENOUGH = 90.0
"""Per cent of the branches."""
FRESH, LATELY = 180, 30
"""Days that a recording, and a run against a sandbox, count."""
_PASSED = re.compile(r"^(?:.*\b)?(\d+) passed", re.MULTILINE)
_FAILED = re.compile(r"\b\d+ (?:failed|errors?)\b")


@check("coverage")
def coverage(kit: Kit) -> Iterator[str]:
    """Measured now, read from a file, or kept from a run over the very same code."""
    subject = kit.subject
    kept = subject.measured
    figure = kept.get("coverage") if kept.get("digest") == subject.digest else None
    if kit.asked.tests:
        problem, figure = _measure(kit, kit.asked.tests)
        if problem:
            yield problem
    elif kit.asked.coverage:
        figure = _share(subject, msgspec.json.decode(kit.asked.coverage.read_bytes()))
    if figure is None:
        yield "not measured for this code: `vaiven test connector SLUG --tests PATH --write`"
        return
    subject.notes["coverage"] = round(float(figure), 1)
    if figure < ENOUGH:
        yield f"its own tests reach {figure:.1f} % of its branches; {ENOUGH:g} % are wanted"


def _measure(kit: Kit, tests: Sequence[Path]) -> tuple[str, float | None]:
    """Run the tests under coverage, in a process of their own."""
    folder = kit.subject.folder
    if folder is None:
        return "it is a lone module: there is no folder to measure", None
    data, told = kit.folder / "coverage.data", kit.folder / "coverage.json"
    environment = {**os.environ, "COVERAGE_FILE": str(data)}
    here = _root(tests[0])
    run = [sys.executable, "-m", "coverage", "run", "--branch", f"--include={folder}/*", "--rcfile=", "-m", "pytest"]
    done = subprocess.run(  # noqa: S603 - the maker's own tests, as asked for
        [*run, "-q", "-p", "no:cacheprovider", *(str(path.resolve()) for path in tests)],
        cwd=here, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        return f"its own tests do not pass: {_last(done.stdout or done.stderr)}", None
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "coverage", "json", "--rcfile=", "-q", "-o", str(told)],
        cwd=here, env=environment, capture_output=True, check=False,
    )  # fmt: skip
    if not told.is_file():
        return "its own tests do not touch the connector, or coverage is not installed", None
    return "", _share(kit.subject, msgspec.json.decode(told.read_bytes()))


def _share(subject: Subject, told: Mapping[str, Any]) -> float | None:
    """Lines and branches that were reached, of those that there are, in the connector's own modules."""
    wanted = {path.resolve() for path in subject.sources()}
    reached = whole = 0
    for name, about in told.get("files", {}).items():
        if Path(name).resolve() in wanted or _ends_like(name, wanted):
            summary = about["summary"]
            reached += summary["covered_lines"] + summary.get("covered_branches", 0)
            whole += summary["num_statements"] + summary.get("num_branches", 0)
    return 100 * reached / whole if whole else None


def _ends_like(name: str, wanted: set[Path]) -> bool:
    """A report names its files as seen from the folder in which it was made."""
    parts = Path(name).parts[-2:]
    return len(parts) == 2 and any(path.parts[-2:] == parts for path in wanted)


def _root(path: Path) -> Path:
    """The folder with the project's settings, above a test."""
    return next((p for p in path.resolve().parents if (p / "pyproject.toml").is_file()), Path.cwd())


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"


def prove(kit: Kit) -> dict[str, Any]:
    """The evidence for this very code, by rung; with `--evidence` its tests are run, else an earlier run's counts."""
    notes = kit.subject.notes
    if "proofs" not in notes:
        kept = {
            rung: proof
            for rung, proof in (kit.subject.measured.get("proofs") or {}).items()
            if rung in RUNGS and proof.get("digest") == kit.subject.digest
        }
        notes["proofs"] = _run(kit) if kit.asked.evidence else kept
        notes["unproven"] = notes.get("unproven", [])
        notes["evidence"] = max(notes["proofs"], key=RUNGS.index, default=RUNGS[0])
    proofs: dict[str, Any] = notes["proofs"]
    return proofs


def _run(kit: Kit) -> dict[str, Any]:
    """Run what `[evidence.*]` of quality.toml names."""
    found: dict[str, Any] = {}
    folder = kit.subject.folder
    for rung, said in (kit.subject.said.get("evidence") or {}).items():
        tests = [str(path) for path in said.get("tests") or ()]
        root = next((p for p in folder.parents if all((p / t).exists() for t in tests)), None) if folder else None
        if rung not in RUNGS or not tests or root is None:
            kit.subject.notes.setdefault("unproven", []).append(f"{rung}: its tests are not here: {', '.join(tests)}")
            continue
        done = subprocess.run(  # noqa: S603 - the tests that the connector's maker names
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
            cwd=root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        count = _PASSED.search(done.stdout)
        if done.returncode != 0 or not count or _FAILED.search(_last(done.stdout)):
            kit.subject.notes.setdefault("unproven", []).append(f"{rung}: {_last(done.stdout or done.stderr)}")
            continue
        found[rung] = {
            "by": str(said.get("client") or said.get("spec") or said.get("server") or ""),
            "tests": tests,
            "passed": int(count[1]),
            "on": f"{datetime.now(UTC):%Y-%m-%d}",
            "digest": kit.subject.digest,
        }
    return found


@check("contract")
def contract(kit: Kit) -> Iterator[str]:
    """The spec-checked rung is proven for this code."""
    if "spec-checked" not in prove(kit):
        yield from kit.subject.notes.get("unproven", [])
        yield "no proof for this code: name the tests under [evidence.spec-checked] and run with --evidence --write"


@check("recorded")
def recorded(kit: Kit) -> Iterator[str]:
    """Each stream has a cassette that the vendor itself spoke, not long ago."""
    from vaiven_sdk.testing.cassette import Cassette  # noqa: PLC0415 - only where there are cassettes

    folder = kit.subject.folder / "cassettes" if kit.subject.folder else None
    # Loading looks at the digest: what was only written to be a recording is `edited`.
    cassettes = {path.name: Cassette.load(path) for path in folder.glob("*.json")} if folder else {}
    today = datetime.now(UTC).date()
    covered: set[str] = set()
    for name, one in sorted(cassettes.items()):
        if one.origin != "recorded":
            yield f"cassettes/{name} is {one.origin}, not recorded"
        elif (age := (today - date.fromisoformat(one.on)).days) > FRESH:
            yield f"cassettes/{name} is {age} days old"
        else:
            covered.add(one.stream)
    if lacking := sorted(set(kit.subject.connector.streams) - covered):
        yield f"no fresh recording of {', '.join(lacking)}"


@check("live")
def live(kit: Kit) -> Iterator[str]:
    """A person says when it last ran against the vendor."""
    said = (kit.subject.said.get("attest") or {}).get("live")
    if not isinstance(said, dict) or not said.get("by"):
        yield "nobody attests a run against a sandbox account"
        return
    try:
        on = said["on"] if isinstance(said.get("on"), date) else date.fromisoformat(str(said.get("on")))
    except ValueError:
        yield f"attest.live: {said.get('on')!r} is no date"
        return
    age = (datetime.now(UTC).date() - on).days
    if not 0 <= age <= LATELY:
        yield f"the last run that is attested was {age} days ago"


@check("singer")
async def singer(kit: Kit) -> list[str]:
    """The conformance suite of singer-sdk, in a process of its own."""
    if not kit.subject.connector.streams:
        raise NotNeeded("there is no stream")
    try:
        from vaiven_api.kit.tap import conforms  # noqa: PLC0415 - singer-sdk is an extra
    except ImportError as problem:
        return [f"it cannot be looked at: {problem}; install the extra `singer`"]
    return await conforms(kit)
