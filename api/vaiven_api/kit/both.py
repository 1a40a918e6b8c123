"""Checks of two accounts and a hub between them: in step without an echo, dry runs, custom fields, erasure."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_api.kit.kit import check
from vaiven_api.kit.reading import drivable, populate
from vaiven_api.kit.subject import NotNeeded
from vaiven_api.kit.writing import SOME, carried, crossing, ready, records, same_values, with_references
from vaiven_sdk import Write

if TYPE_CHECKING:
    from vaiven_api.kit.bench import Hub
    from vaiven_api.kit.kit import Kit
    from vaiven_sdk import Stream


def _paired(kit: Kit, names: tuple[str, ...]) -> Hub:
    """Two accounts: the north has records, the south those that cannot be created there, and a hub that may write."""
    north, south = kit.bench.north, kit.bench.south
    north.renew()
    south.renew()
    hub = kit.bench.hub()
    for name in names:
        north.simulator.sample(name, SOME)
        if "create" not in kit.subject.connector.streams[name].writers:
            south.simulator.sample(name, SOME)
    hub.connect("north", north, streams=with_references(kit, names))
    hub.connect("south", south, streams=with_references(kit, names))
    return hub


@check("two-way")
async def two_way(kit: Kit) -> list[str]:
    """From north to south, an edit in the north, an edit in the south; each time quiet afterwards."""
    names = tuple(crossing(kit, ties=True))
    north, south = kit.bench.north, kit.bench.south
    hub = _paired(kit, names)
    found = await _in_step(kit, hub, names, "the first sync")
    for account, where in ((north, "an edit on one side"), (south, "an edit on the other side")):
        account.clock.move(60)
        other = south if account is north else north
        other.clock.move(60)
        edited = False
        for name in names:
            stream = kit.subject.connector.streams[name]
            if "update" in stream.writers:
                before = await records(kit, account, stream)
                key = next(iter(before), "")
                account.simulator.touch(name, key)
                after = (await records(kit, account, stream))[key]
                edited = True
                if carried(stream, after.unified()) == carried(stream, before[key].unified()):
                    found.append(f"{name}: the simulator's touch() changes nothing that can be written elsewhere")
        if edited:
            found += await _in_step(kit, hub, names, where)
    return found


async def _in_step(kit: Kit, hub: Hub, names: tuple[str, ...], when: str) -> list[str]:
    report = await hub.sync(approve="any")
    found = [f"{when}: {name}: {problem}" for name, problem in report.errors.items()]
    pushed = [(line.stream, line.pushed) for line in report.streams.values() if line.pushed and line.pushed.rejected]
    found += [f"{when}: {name} rejects {one.rejected} records: {dict(one.reasons)}" for name, one in pushed]
    if (echo := await hub.sync()).writes:
        found.append(f"{when} is followed by {echo.writes} more writes, though nobody edited anything: an echo")
    for name in names:
        stream = kit.subject.connector.streams[name]
        ours, theirs = [
            [carried(stream, one.unified()) for one in (await records(kit, account, stream)).values()]
            for account in (kit.bench.north, kit.bench.south)
        ]
        if len(ours) != len(theirs):
            found.append(f"{when}: {name} has {len(ours)} records on one side and {len(theirs)} on the other")
        elif not same_values(ours, theirs):
            found.append(f"{when}: {name} differs between the sides: {_difference(ours, theirs)}")
    return found


def _difference(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> str:
    """Names of the values that only one side has."""
    names = {name for one in (*ours, *theirs) for name in one}
    sides = [{n: sorted(str(one.get(n)) for one in side) for n in names} for side in (ours, theirs)]
    return ", ".join(sorted(name for name in names if sides[0][name] != sides[1][name])) or "the combination of values"


@check("dry-run")
async def dry_run(kit: Kit) -> list[str]:
    """A plan over two accounts, every stream of theirs, leaves both as they were."""
    accounts = (kit.bench.north, kit.bench.south)
    populate(kit, accounts[0], *drivable(kit))
    accounts[1].renew()
    hub = kit.bench.hub()
    hub.connect("north", accounts[0])
    hub.connect("south", accounts[1])
    before = [msgspec.json.encode(account.simulator.state(), order="sorted") for account in accounts]
    report = await hub.sync(dry_run=True)
    found = [f"{name}: {problem}" for name, problem in report.errors.items()]
    for account, state in zip(accounts, before, strict=True):
        if msgspec.json.encode(account.simulator.state(), order="sorted") != state:
            found.append("the vendor holds something else after a dry run than before it")
    return found


@check("custom-fields")
async def custom_fields(kit: Kit) -> list[str]:
    """A field that the owner adds is named, and its value arrives."""
    streams = [(name, stream) for name, stream in kit.subject.connector.streams.items() if stream.customizer]
    if not streams:
        return ["no stream has a function marked `@stream.custom_fields`"]
    found: list[str] = []
    account = kit.bench.north
    for name, stream in streams:
        simulator = account.renew()
        # How many fields a vendor names at once is not what is looked at here.
        simulator.page_cap = None
        key, remote_id = simulator.customise(name)
        async with AsyncExitStack() as stack:
            told = list(await stream.customizer(await kit.bench.session(stack, account)))
        if key not in {field.key for field in told}:
            found.append(f"{name}: the field {key!r} that the account's owner added is not named")
            continue
        hub = await kit.bench.fresh(account, (name,))
        if key not in hub.bodies("north", name).get(remote_id, "") + hub.live("north", name).get(remote_id, ""):
            found.append(f"{name}: the value of the added field {key!r} is not read")
    return found


@check("erase")
async def erase(kit: Kit) -> list[str]:
    """Each stream of people that is written can forget somebody for good."""
    found: list[str] = []
    people = [(n, s) for n, s in kit.subject.connector.streams.items() if s.entity == "person" and s.writers]
    if not people:
        raise NotNeeded("no stream of people is written")
    for name, stream in people:
        if stream.eraser is None:
            found.append(f"{name}: nothing is marked `@stream.erase`")
        else:
            found += [f"{name}: {problem}" for problem in await _forgotten(kit, stream)]
    return found


async def _forgotten(kit: Kit, stream: Stream[Any, Any]) -> list[str]:
    account = kit.bench.north
    account.renew().sample(stream.name, SOME)
    before = await records(kit, account, stream)
    one = next(iter(before.values()))
    writer = stream.eraser
    if writer is None:
        return []
    async with AsyncExitStack() as stack:
        session = await ready(kit, stack, account)
        (told,) = await writer.function(
            session, [Write("delete", "hub-1", one, one.remote_id, idempotency_key="erase-1")]
        )
    found = []
    if told.status != "deleted":
        found.append(f"erasing is answered by {told.status}: {told.reason or told.code}")
    hub = await kit.bench.fresh(account, (stream.name,))
    rows = hub.rows("north")
    if one.remote_id in {key for (_, key) in rows}:
        found.append("an erased record is still shown, if only among the deleted ones")
    if len(hub.live("north", stream.name)) != len(before) - 1:
        found.append("erasing one record does not leave the others alone")
    return found
