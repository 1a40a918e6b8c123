"""Runs the checks, each by its rule, and makes the certificate of what they say."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaiven_api.kit.bench import Bench, Stop
from vaiven_api.kit.haste import Overdue, hurried, within
from vaiven_api.kit.rules import BY_ID, RULES
from vaiven_api.kit.subject import NotNeeded
from vaiven_api.kit.verdicts import Certificate, Result, Verdict
from vaiven_registry.quality import RUNGS
from vaiven_sdk.testing.simulator import NotDrivable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_api.kit.subject import Subject

Check = Callable[["Kit"], Iterable[str] | Awaitable[Iterable[str]]]
"""Looks at one rule: gives what is wrong, a sentence each, or nothing; raises `NotNeeded` when it speaks of nothing."""

CHECKS: dict[str, Check] = {}
_MODULES = ("files", "declaration", "strict", "reading", "disturbed", "writing", "both", "discretion", "deep", "proofs")
LONGEST = 40.0
"""Seconds of real time that one check may take before it counts as missed."""


def check(rule: str) -> Callable[[Check], Check]:
    """Mark the function that looks at a rule."""
    if rule not in BY_ID:
        raise ValueError(f"there is no rule {rule!r}")

    def mark(function: Check) -> Check:
        CHECKS[rule] = function
        return function

    return mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of this run of the kit.

    Args:
        only: ids of the rules to look at; all when empty.
        coverage: what `coverage json` wrote.
        tests: tests of the connector's own, to run under coverage.
        evidence: run the tests that `quality.toml` names as evidence.
        told: hears each verdict as it comes.
    """

    only: Sequence[str] = ()
    coverage: Path | None = None
    tests: Sequence[Path] = ()
    evidence: bool = False
    told: Callable[[Verdict], None] = lambda _: None


@dataclass(eq=False)
class Kit:
    """What a check works with.

    Args:
        subject: the connector under test.
        asked: what this run is to do.
        folder: for stores and other scratch.
    """

    subject: Subject
    asked: Asked
    folder: Path
    shared: dict[str, Any] = field(default_factory=dict)
    """What one check worked out and another can use."""
    _bench: Bench | None = None

    @property
    def bench(self) -> Bench:
        """The simulated accounts; served from the first time that a check asks.

        Raises:
            LookupError: the connector has no simulator.
        """
        if self._bench is None:
            self._bench = Bench(self.subject, self.folder)
        return self._bench

    async def look(self, rule: str) -> Verdict:
        """Look at one rule; whatever goes wrong in it is its verdict."""
        started = time.perf_counter()
        try:
            with within(LONGEST):
                notes, result = await self._problems(CHECKS[rule]), Result.PASSED
            if notes:
                result = Result.MISSED
        except NotNeeded as reason:
            notes, result = [str(reason)], Result.NOT_NEEDED
        except (NotDrivable, LookupError, Overdue) as problem:
            notes, result = [_told(problem)], Result.MISSED
        except (Exception, Stop) as problem:  # noqa: BLE001 - a connector under test may raise anything
            notes, result = [f"it ended with {type(problem).__name__}: {_told(problem)}"], Result.MISSED
        finally:
            if self._bench is not None:
                self._bench.clear()
        why = (self.subject.said.get("exempt") or {}).get(rule)
        if result is Result.MISSED and why and BY_ID[rule].may_exempt:
            notes, result = [str(why)], Result.EXEMPT
        return Verdict(rule, result, tuple(notes[:12]), time.perf_counter() - started)

    async def _problems(self, function: Check) -> list[str]:
        found = function(self)
        problems = await found if inspect.isawaitable(found) else found
        return list(dict.fromkeys(problems))

    async def run(self) -> list[Verdict]:
        """Look at every rule that was asked for, in their order."""
        for module in _MODULES:
            import_module(f"vaiven_api.kit.{module}")
        wanted = [rule.id for rule in RULES if not self.asked.only or rule.id in self.asked.only]
        verdicts: list[Verdict] = self.shared.setdefault("verdicts", [])
        try:
            with hurried(self._trace()):
                for rule in wanted:
                    verdicts.append(await self.look(rule))
                    self.asked.told(verdicts[-1])
        finally:
            if self._bench is not None:
                self._bench.close()
        return verdicts

    def _trace(self) -> Any:
        try:
            return self.bench.trace
        except LookupError:
            from vaiven_api.kit.haste import Trace  # noqa: PLC0415 - without a simulator there is nothing to trace

            return Trace()


def certify(subject: Subject, asked: Asked | None = None) -> Certificate:
    """Measure a connector: static rules, conformance, faults, resumption, evidence.

    Args:
        subject: the connector.
        asked: what to do beyond looking at every rule.
    """
    started = time.perf_counter()
    # Hundreds of small stores are made and thrown away: in memory, where the machine has a place for that.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder of our own is made in it
    with tempfile.TemporaryDirectory(prefix="vaiven-kit-", dir=memory, ignore_cleanup_errors=True) as folder, _quiet():
        kit = Kit(subject, asked or Asked(), Path(folder))
        verdicts = asyncio.run(kit.run())
    said = subject.said
    return Certificate(
        slug=subject.slug,
        version=subject.connector.version,
        verdicts=verdicts,
        evidence=subject.notes.get("evidence", RUNGS[0]),
        guarantees={name: stream.guarantee.value for name, stream in subject.connector.streams.items()},
        badges={name: str(said.get(name, "")) for name in ("owner", "support", "lifecycle")},
        proofs=subject.notes.get("proofs", {}),
        coverage=subject.notes.get("coverage"),
        digest=subject.digest,
        on=f"{datetime.now(UTC):%Y-%m-%d}",
        seconds=time.perf_counter() - started,
    )


class _quiet:  # noqa: N801 - reads as a word in `with`
    """Keep the engine's own warnings about the faults that the kit plants off the screen."""

    def __enter__(self) -> None:
        import structlog  # noqa: PLC0415 - only to be silenced

        self._before = structlog.get_config()
        structlog.configure(processors=[_drop], cache_logger_on_first_use=False)
        self._level = logging.getLogger("asyncio").level
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    def __exit__(self, *_: object) -> None:
        import structlog  # noqa: PLC0415

        structlog.configure(**self._before)
        logging.getLogger("asyncio").setLevel(self._level)


def _drop(*_: Any) -> Any:
    import structlog  # noqa: PLC0415

    raise structlog.DropEvent


def _told(problem: BaseException) -> str:
    return " ".join(str(problem).split())[:400]
