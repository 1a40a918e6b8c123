"""Checks of reading in peace: every record arrives, is taken, and its deletion becomes known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vaiven_api.kit.bench import PAGE
from vaiven_api.kit.kit import check
from vaiven_api.kit.subject import NotNeeded
from vaiven_sdk import Deletes, VaivenError
from vaiven_sdk.testing.simulator import NotDrivable

if TYPE_CHECKING:
    from vaiven_api.kit.bench import Account, Hub
    from vaiven_api.kit.kit import Kit

FEW = 2 * PAGE + 1
"""Records of a stream: three pages, the last one not full."""


@dataclass(frozen=True, slots=True)
class Populated:
    """An account with records in it.

    Args:
        ids: of each stream's records, as the simulator gave them; none for a stream that it cannot fill.
        mute: what it said of those.
    """

    ids: dict[str, list[str]]
    mute: list[str]


def populate(kit: Kit, account: Account, *streams: str) -> Populated:
    """A fresh account with enough records in each stream for three pages."""
    simulator = account.renew()
    ids: dict[str, list[str]] = {}
    mute: list[str] = []
    for name in streams or kit.subject.connector.streams:
        try:
            ids[name] = simulator.sample(name, kit.shared.setdefault("counts", {}).get(name, FEW))
        except NotDrivable as problem:
            ids[name] = []
            mute.append(str(problem))
    return Populated(ids, mute)


def unlike(hub: Hub, other: Hub, streams: tuple[str, ...]) -> list[str]:
    """Where the live records of one store differ from another's."""
    found = []
    for name in streams:
        mine, theirs = hub.live("north", name), other.live("north", name)
        if lost := sorted(set(theirs) - set(mine)):
            found.append(f"{name}: {len(lost)} of {len(theirs)} records are missing, {lost[0]} for one")
        if more := sorted(set(mine) - set(theirs)):
            found.append(f"{name}: {len(more)} records are shown that the vendor no longer has, {more[0]} for one")
        if old := sorted(key for key in set(mine) & set(theirs) if mine[key] != theirs[key]):
            found.append(f"{name}: {len(old)} records have old or other values, {old[0]} for one")
    return found


@check("reads")
async def reads(kit: Kit) -> list[str]:
    """One whole read of an account that holds some of everything."""
    await _measure(kit)
    account = kit.bench.north
    made = populate(kit, account)
    hub = kit.bench.hub()
    hub.connect("north", account, writes=False)
    report = await hub.sync()
    found = [*made.mute, *(f"{name}: {problem}" for name, problem in report.errors.items())]
    for name, ids in made.ids.items():
        live = hub.live("north", name)
        if lost := [one for one in ids if one not in live]:
            found.append(f"{name}: {len(lost)} of {len(ids)} records did not arrive, {lost[0]} for one")
    found += [f"{name}: a record was set aside: {reason}" for name, reason in dict(hub.quarantine()).items()]
    return found + await _replayed(kit)


async def _measure(kit: Kit) -> None:
    """How many records each stream needs so that a read of it has several pages."""
    counts = kit.shared.setdefault("counts", {})
    account = kit.bench.north
    made = populate(kit, account)
    told: list[tuple[str, int]] = []
    hub = kit.bench.hub()
    hub.connect("north", account, writes=False)
    await hub.sync(told=told)
    for name, stream in kit.subject.connector.streams.items():
        pages = sum(where == f"north/{name}" for where, _ in told)
        # A simulator that does not know `page_cap` shows a page of the size that it is asked for.
        if pages == 1 and made.ids[name] and stream.full is not None and stream.full.size <= 250:
            counts[name] = 2 * stream.full.size + 1


async def _replayed(kit: Kit) -> list[str]:
    """The cassettes beside the connector give what they expect."""
    folder = kit.subject.folder / "cassettes" if kit.subject.folder else None
    paths = sorted(folder.glob("*.json")) if folder and folder.is_dir() else []
    if not paths:
        return []
    from vaiven_sdk.testing.cassette import Cassette, CassetteMiss  # noqa: PLC0415 - only where there are cassettes

    found = []
    for path in paths:
        try:
            problems = await Cassette.load(path).check(kit.subject.connector)
        except (VaivenError, CassetteMiss) as problem:
            problems = [str(problem)]
        found += [f"cassettes/{path.name}: {problem}" for problem in problems]
    return found


@check("deletes")
async def deletes(kit: Kit) -> list[str]:
    """A record that was read is removed; the store hears of it."""
    found: list[str] = []
    account = kit.bench.north
    looked = False
    for name, stream in kit.subject.connector.streams.items():
        if stream.deletes is Deletes.NEVER:
            continue
        looked = True
        made = populate(kit, account, name)
        if not made.ids[name]:
            found += made.mute
            continue
        hub = await kit.bench.fresh(account, (name,))
        gone = made.ids[name][1]
        try:
            account.simulator.remove(name, gone)
        except NotDrivable as problem:
            found.append(str(problem))
            continue
        # What is missing from a list that trails is taken for deleted once the list must have shown it.
        hub.wait(stream.lag)
        # A vendor that tells of deletions must do so in an ordinary read.
        await hub.sync(full=stream.deletes is Deletes.FULL_SCAN)
        if gone in hub.live("north", name):
            found.append(f"{name}: a record that was deleted at the vendor is still there after the next read")
        if len(hub.live("north", name)) < len(made.ids[name]) - 1:
            found.append(f"{name}: one record was deleted, and more than one is gone")
        kit.bench.clear()
    if not looked:
        raise NotNeeded("no stream's records are ever deleted")
    return found


def drivable(kit: Kit) -> list[str]:
    """Streams that the simulator can fill."""
    known: Any = kit.shared.get("drivable")
    if known is None:
        known = [name for name, ids in populate(kit, kit.bench.north).ids.items() if ids]
        kit.shared["drivable"] = known
    return list(known)
