"""Checks of reading on a bad day: faults, deaths, a vendor that moves, a token that dies."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from vaiven_api.kit.bench import PAGE, Stop
from vaiven_api.kit.kit import check
from vaiven_api.kit.reading import drivable, populate, unlike
from vaiven_api.kit.subject import NotNeeded
from vaiven_sdk import Deletes
from vaiven_sdk.model import Nature
from vaiven_sdk.testing import Fault
from vaiven_sdk.testing.simulator import NotDrivable

if TYPE_CHECKING:
    from pathlib import Path

    from vaiven_api.kit.bench import Account, Asked, Bench, Hub
    from vaiven_api.kit.kit import Kit

WAIT = 7.0
"""Seconds that the vendor asks for in a 429."""
BETWEEN = 60.0
"""Seconds that pass between two runs."""

BAD_DAYS: dict[str, dict[str, Any]] = {
    "429 without a wait": {"kind": "busy", "after": "missing"},
    "429 with seconds": {"kind": "busy", "after": "seconds", "seconds": WAIT},
    "429 with a date": {"kind": "busy", "after": "date", "seconds": WAIT},
    "500 twice": {"kind": "status", "status": 500, "times": 2},
    "503": {"kind": "status", "status": 503, "headers": {"Retry-After": f"{WAIT:g}"}},
    "a dead line": {"kind": "reset"},
    "a proxy's page": {"kind": "html"},
    "half an answer": {"kind": "truncate"},
    "an expired token": {"kind": "status", "status": 401, "body": '{"message": "expired"}'},
}

ENDING = frozenset({"html", "truncate"})
"""Kinds that are no vendor's doing, so that the run ends and the next one goes on."""


@check("faults")
async def faults(kit: Kit) -> list[str]:
    """Each kind of fault, once at every address that a read asks, as far into its pages as there are two."""
    bench, account = kit.bench, kit.bench.north
    streams = tuple(drivable(kit))
    populate(kit, account, *streams)
    calm = await bench.fresh(account, streams)
    spots: dict[str, Counter[tuple[str, str]]] = {}
    for name in streams:
        account.asked.clear()
        await bench.fresh(account, (name,))
        spots[name] = Counter((one.method, one.path) for one in account.asked)
    found = []
    for what, fault in BAD_DAYS.items():
        # What is tried again in the same run can go wrong everywhere at once; what ends a run is met stream by stream.
        groups = [(name,) for name in streams] if fault["kind"] in ENDING or fault.get("status") == 401 else [streams]
        for group in groups:
            counts = sum((spots[name] for name in group), Counter[tuple[str, str]]())
            found += [f"{what}: {one}" for one in await _bad_day(kit, fault, group, counts, calm)]
        kit.bench.trace.events.clear()
    return found


async def _bad_day(
    kit: Kit, fault: dict[str, Any], streams: tuple[str, ...], counts: Counter[tuple[str, str]], calm: Hub
) -> list[str]:
    bench, account = kit.bench, kit.bench.north
    for (method, path), times in counts.items():
        spot = {"method": method, "path": f"^{re.escape(path)}$", "skip": min(1, times - 1)}
        account.simulator.faults.add(Fault(**{**spot, **fault}))
    bench.trace.events.clear()
    hub = bench.hub()
    hub.connect("north", account, writes=False, streams=streams)
    problem = await _recovered(hub, bench, len(counts) + 3)
    account.simulator.faults.clear()
    return [*([problem] if problem else []), *unlike(hub, calm, streams), *_impatient(bench.trace.events)]


async def _recovered(hub: Hub, bench: Bench, most: int) -> str:
    """Sync until a run goes through; a fault at each address may end as many runs."""
    report = None
    for _ in range(most):
        report = await hub.sync()
        bench.trace.offset += BETWEEN
        if report.status == "ok":
            return ""
    return f"the runs after it do not go through: {next(iter(report.errors.values())) if report else ''}"


def _impatient(events: list[tuple[float, Asked]]) -> list[str]:
    """Requests that were repeated before the wait was over that a 429 or 503 asked for."""
    due: dict[tuple[str, str, str], float] = {}
    found = []
    for at, one in events:
        # A date has whole seconds, so up to one of them may be lost.
        early = due.pop(one.same, 0.0) - at
        if early > 1.0:
            found.append(f"{one.method} {one.path} was asked again {early:.0f} seconds too early")
        if one.status in {429, 503} and one.waits:
            due[one.same] = at + one.waits
    return found


@check("resume")
async def resume(kit: Kit) -> list[str]:
    """Each stream, stopped after each of its pages; first of the whole read, then of a read of changes."""
    found: list[str] = []
    paged = False
    for name in drivable(kit):
        account = kit.bench.north
        made = populate(kit, account, name)
        told: list[tuple[str, int]] = []
        whole = kit.bench.hub()
        whole.connect("north", account, writes=False, streams=(name,))
        await whole.sync(told=told)
        paged = paged or len(told) > 1
        found += await _stopped(kit, name, len(told), whole)
        if kit.subject.connector.streams[name].incremental:
            found += await _resumed_changes(kit, name, made.ids[name], whole)
        kit.bench.clear()
    if not paged:
        raise NotNeeded("no read has more than one page")
    return found


async def _resumed_changes(kit: Kit, name: str, ids: list[str], before: Hub) -> list[str]:
    account = kit.bench.north
    account.clock.move(400)
    try:
        for one in ids[: 2 * PAGE + 1]:
            account.simulator.touch(name, one)
    except NotDrivable as problem:
        return [] if _fixed(kit, name) else [str(problem)]
    before.close()
    told: list[tuple[str, int]] = []
    again = kit.bench.hub(before.path)
    again.connect("north", account, writes=False, streams=(name,))
    await again.sync(told=told)
    return await _stopped(kit, name, len(told), again, before.path)


async def _stopped(kit: Kit, name: str, pages: int, whole: Hub, like: Path | None = None) -> list[str]:
    """Stop at every page, go on in another process, compare with the read that nobody disturbed."""
    found = []
    which = "the read of changes" if like else "the whole read"
    for page in range(1, pages):
        hub = kit.bench.hub(like)
        hub.connect("north", kit.bench.north, writes=False, streams=(name,))
        try:
            await hub.sync(stop=page)
        except Stop:
            hub.reborn()
        report = await hub.settle()
        found += [f"{name}: {problem}" for problem in report.errors.values()]
        found += [f"{which}, stopped after page {page}: {one}" for one in unlike(hub, whole, (name,))]
    return found


@check("moving")
async def moving(kit: Kit) -> list[str]:
    """The vendor's users work while we read, and in the very instant of the last version that we saw."""
    found: list[str] = []
    for name in drivable(kit):
        for scene in (_meanwhile, _same_instant):
            try:
                found += await scene(kit, name)
            except NotDrivable as problem:
                found += [] if _fixed(kit, name) else [str(problem)]
            kit.bench.clear()
    return found


def _fixed(kit: Kit, name: str) -> bool:
    """Whether nobody at the vendor can edit what the stream holds: what happened, and figures."""
    return kit.subject.connector.streams[name].record.__entity__.nature is not Nature.ENTITY


async def _meanwhile(kit: Kit, name: str) -> list[str]:
    """Edit what was read and what was not, add one and remove one, all between the first page and the second."""
    account = kit.bench.north
    stream = kit.subject.connector.streams[name]
    ids = populate(kit, account, name).ids[name]

    def edit(one: str) -> None:
        try:
            account.simulator.touch(name, one)
        except NotDrivable:
            if not _fixed(kit, name):
                raise

    edit(ids[0])

    def work() -> None:
        edit(ids[0])
        edit(ids[-1])
        if stream.deletes is not Deletes.NEVER:
            account.simulator.remove(name, ids[1])
        account.simulator.sample(name, 1)

    failed = _within(account, work)
    hub = kit.bench.hub()
    hub.connect("north", account, writes=False, streams=(name,))
    account.acts[len(account.asked) + 2] = failed.run
    await hub.settle()
    if not failed.ran:
        failed.run()
    if failed.problem is not None:
        raise failed.problem
    account.clock.move(30)
    await hub.settle()
    if stream.deletes is Deletes.FULL_SCAN:
        await hub.sync(full=True)
    return [f"changed while paging: {one}" for one in unlike(hub, await kit.bench.fresh(account, (name,)), (name,))]


class _within:  # noqa: N801 - made where it is used, and read as a word
    """Work that is done in the server's thread, with what went wrong in it."""

    def __init__(self, account: Account, work: Any) -> None:
        self.account, self.work = account, work
        self.ran = False
        self.problem: Exception | None = None

    def run(self) -> None:
        """Do it, and keep what it raises."""
        self.ran = True
        try:
            self.work()
        except Exception as problem:  # noqa: BLE001 - raised again by the check, outside of the server
            self.problem = problem


async def _same_instant(kit: Kit, name: str) -> list[str]:
    """Edits that share an instant with the last one that was read, and a mass edit wider than a page."""
    account = kit.bench.north
    if not kit.subject.connector.streams[name].incremental:
        return []
    ids = populate(kit, account, name).ids[name]
    hub = await kit.bench.fresh(account, (name,))
    account.clock.move(600)
    with account.clock.held():
        account.simulator.touch(name, ids[0])
        await hub.sync()
        for one in ids[: 2 * PAGE + 1]:
            account.simulator.touch(name, one)
        await hub.sync()
    found = unlike(hub, await kit.bench.fresh(account, (name,)), (name,))
    account.clock.move(600)
    account.simulator.touch(name, ids[1])
    await hub.sync()
    later = unlike(hub, await kit.bench.fresh(account, (name,)), (name,))
    return [
        *(f"edits in one instant: {one}" for one in found),
        *(f"an edit ten minutes after the last read: {one}" for one in later if not found),
    ]


@check("reconnect")
async def reconnect(kit: Kit) -> list[str]:
    """The token dies at the second page, the run says so, and a good token goes on."""
    account = kit.bench.north
    streams = tuple(drivable(kit))
    populate(kit, account, *streams)
    calm = await kit.bench.fresh(account, streams)
    hub = kit.bench.hub()
    hub.connect("north", account, writes=False, streams=streams)
    account.simulator.faults.add(Fault(kind="status", status=401, skip=1, times=0, body='{"message": "expired"}'))
    report = await hub.sync()
    account.simulator.faults.clear()
    problem = report.errors.get("north")
    found = []
    if problem is None:
        found.append("the token died in mid-walk, and the run says nothing")
    elif problem.code != "reconnect_required":
        found.append(f"the token died in mid-walk, and the run calls it {problem.code}, not reconnect_required")
    hub.reborn()
    again = await hub.settle()
    found += [f"with a good credential: {one}" for one in again.errors.values()]
    return found + unlike(hub, calm, streams)
