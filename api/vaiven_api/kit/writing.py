"""Checks of writing: an outcome for each record, the same again, and answers that are lost."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
from ulid import ULID

from vaiven_api.kit.kit import check
from vaiven_api.kit.subject import NotNeeded
from vaiven_sdk import CreateKey, Guarantee, RequestRefused, VaivenError, Write
from vaiven_sdk.model import Merge
from vaiven_sdk.testing import Fault
from vaiven_sdk.write import complete

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_api.kit.bench import Account, Asked, Hub
    from vaiven_api.kit.kit import Kit
    from vaiven_sdk import Outcome, Record, Session, Stream

SOME = 3
"""Records of a batch: one in the middle has a neighbour on either side."""


def writable(kit: Kit) -> list[str]:
    """Streams whose records are written; ties and events have no values of their own to look at.

    Raises:
        NotNeeded: there is none.
    """
    streams = kit.subject.connector.streams
    found = [name for name, stream in streams.items() if stream.writers and stream.shape == "record"]
    if not found:
        raise NotNeeded("no records are written")
    return found


def crossing(kit: Kit, *, ties: bool = False) -> list[str]:
    """Writable streams whose records can be made in another account: none that needs what cannot be made there.

    Of those that are only changed, the ones whose records can be recognised there: an ad group is one account's own.

    Args:
        kit: whose connector.
        ties: streams of memberships, too.

    Raises:
        NotNeeded: there is none.
    """
    streams = kit.subject.connector.streams
    found = [name for name in writable(kit) if "create" in streams[name].writers or _recognised(streams[name])]
    wanted = [*found, *(n for n, s in streams.items() if ties and s.shape == "membership" and "create" in s.writers)]
    settled = False
    while not settled:
        left = [name for name in wanted if _needed(streams[name]) <= {*wanted}]
        settled, wanted = left == wanted, left
    if not wanted:
        raise NotNeeded("no record can be carried from one account to another")
    return wanted


def _recognised(stream: Stream[Any, Any]) -> bool:
    """Whether a record of one account can be told to be what another account has, too: by an address or a domain."""
    specs = stream.record.__entity__.fields()
    return any(name in specs and specs[name].key is not None for name in stream.record.mapped())


def _needed(stream: Stream[Any, Any]) -> set[str]:
    """Streams whose records a new one of this stream refers to."""
    writer, mapped = stream.writers.get("create"), stream.record.mapped()
    return {ref for one in (writer.needs if writer else ()) if (ref := mapped[one].ref)}


def with_references(kit: Kit, names: Sequence[str]) -> tuple[str, ...]:
    """The streams, and those whose records theirs refer to."""
    streams = kit.subject.connector.streams
    wanted = list(names)
    for name in wanted:
        refs = {mapped.ref for mapped in streams[name].record.mapped().values() if mapped.ref}
        wanted += sorted(ref for ref in refs & streams.keys() if ref not in wanted)
    return tuple(wanted)


def carried(stream: Stream[Any, Any], values: Mapping[str, Any], *, refs: bool = False) -> dict[str, Any]:
    """Those of the unified values that can be written to the stream in another account.

    Args:
        stream: where to.
        values: unified.
        refs: keep references without which nothing can be created: ids that every account of the vendor has.
    """
    mapped, writer = stream.record.mapped(), stream.writers.get("create")
    needed = writer.needs if writer and refs else ()
    return {
        name: value
        for name, value in values.items()
        if name in stream.writable and value is not None and (mapped[name].ref is None or name in needed)
    }


async def people(kit: Kit, stream: Stream[Any, Any], count: int = SOME) -> list[dict[str, Any]]:
    """Unified values of records as another account shows them: what a hub would bring."""
    account = kit.bench.north
    account.renew().sample(stream.name, count)
    shown = (await kit.bench.fresh(account, (stream.name,))).live("north", stream.name)
    writer = stream.writers.get("create")
    found = []
    for fields in shown.values():
        values = msgspec.json.decode(fields)
        if writer and writer.consent:
            values[writer.consent] = "granted"
        found.append(carried(stream, values, refs=True))
    return found[:count]


def creation(stream: Stream[Any, Any], values: Mapping[str, Any]) -> Write[Any]:
    """A write that creates a record of these unified values."""
    record, names = stream.record.blank(dict(values))
    hub_id = str(ULID())
    hub_field = stream.record.__hub_id__
    if hub_field:
        record = record.model_copy(update={hub_field: hub_id})
        names = {*names, hub_field}
    return Write("create", hub_id, record, None, frozenset(names), str(ULID()))


def change(record: Record[Any], values: Mapping[str, Any]) -> Write[Any]:
    """A write that gives a record these unified values."""
    wanted, names = record.with_unified({**record.unified(), **values}, set(values))
    return Write("update", str(ULID()), wanted, record.remote_id, frozenset(names), str(ULID()), record)


async def send(stream: Stream[Any, Any], session: Session[Any], op: str, writes: Sequence[Write[Any]]) -> list[Outcome]:
    """What the engine does with a batch: one that is refused as a whole is halved until the bad record stands alone."""
    writer = stream.writers[op]
    if len(writes) > writer.batch:
        parts = [writes[at : at + writer.batch] for at in range(0, len(writes), writer.batch)]
        return [outcome for part in parts for outcome in await send(stream, session, op, part)]
    try:
        return complete(writes, await writer.function(session, writes))
    except RequestRefused as problem:
        if len(writes) == 1:
            return [writes[0].rejected(problem.code, problem.why or problem.what)]
        half = len(writes) // 2
        parts = [writes[:half], writes[half:]]
        return [outcome for part in parts for outcome in await send(stream, session, op, part)]


async def ready(kit: Kit, stack: AsyncExitStack, account: Account) -> Session[Any]:
    """A session of an account that is ready for writing."""
    session = await kit.bench.session(stack, account)
    if hook := kit.subject.connector.hooks.get("prepare"):
        await hook(session)
    return session


async def records(kit: Kit, account: Account, stream: Stream[Any, Any]) -> dict[str, Record[Any]]:
    """The stream's records as a newcomer reads them."""
    hub = await kit.bench.fresh(account, (stream.name,))
    return {key: stream.record.model_validate_json(body) for key, body in hub.bodies("north", stream.name).items()}


def shows(record: Record[Any] | None, values: Mapping[str, Any]) -> list[str]:
    """Names of the unified values that the record does not show."""
    if record is None:
        return ["the whole record"]
    seen = record.unified()
    return sorted(name for name, value in values.items() if seen.get(name) != value)


@check("outcomes")
async def outcomes(kit: Kit) -> list[str]:
    """A batch with a bad record in its middle, for each way to write."""
    found: list[str] = []
    for name in writable(kit):
        stream = kit.subject.connector.streams[name]
        if "create" in stream.writers:
            found += [f"{name}, create: {problem}" for problem in await _created(kit, stream)]
        if "update" in stream.writers:
            found += [f"{name}, update: {problem}" for problem in await _updated(kit, stream)]
        kit.bench.clear()
    return found


async def _created(kit: Kit, stream: Stream[Any, Any]) -> list[str]:
    values = await people(kit, stream)
    south = kit.bench.south
    bad = south.renew().unwanted(stream.name)
    writer = stream.writers["create"]
    if writer.consent:
        bad = {**bad, writer.consent: "granted"}
    async with AsyncExitStack() as stack:
        session = await ready(kit, stack, south)
        writes = [creation(stream, one) for one in (values[0], bad, *values[1:])]
        told = await send(stream, session, "create", writes)
    good = {write.hub_id: one for write, one in zip([writes[0], *writes[2:]], values, strict=True)}
    found = _judged(told, writes[1].hub_id, ("created", "updated"))
    shown = await records(kit, south, stream)
    for outcome in told:
        if outcome.hub_id in good and outcome.id:
            other = shows(shown.get(outcome.id), good[outcome.hub_id])
            found += [f"the id that the outcome gives is not that record's: {', '.join(other)} differ"] if other else []
    if len(shown) != len(values):
        found.append(f"{len(values)} good records were written, and the vendor has {len(shown)}")
    return found


async def _updated(kit: Kit, stream: Stream[Any, Any]) -> list[str]:
    account, other = kit.bench.north, kit.bench.south
    account.renew().sample(stream.name, SOME)
    other.renew().sample(stream.name, SOME)
    have = list((await records(kit, account, stream)).values())[:SOME]
    # A record of another account is none of this one's.
    strangers = {
        key: one for key, one in (await records(kit, other, stream)).items() if key not in {r.remote_id for r in have}
    }
    if not strangers:
        return ["two simulators with different seeds give their records the same ids"]
    have.insert(1, next(iter(strangers.values())))
    edits = [change(record, _edited(stream, record)) for record in have]
    if not all(edit.changed for edit in edits):
        return ["no field can be changed: what is this writer for?"]
    async with AsyncExitStack() as stack:
        told = await send(stream, await ready(kit, stack, account), "update", edits)
    found = _judged(told, edits[1].hub_id, ("updated", "unchanged"))
    shown = await records(kit, account, stream)
    for edit in (edits[0], *edits[2:]):
        wrong = shows(shown.get(str(edit.id)), {n: v for n, v in edit.record.unified().items() if n in stream.writable})
        found += [f"the change did not arrive at its record: {', '.join(wrong)} differ"] if wrong else []
    return found


def _edited(stream: Stream[Any, Any], record: Record[Any]) -> dict[str, Any]:
    """Another value for one writable text of the record, or for a choice; its own values where there is neither."""
    seen, known = record.unified(), stream.record.__entity__.fields()
    mapped = stream.record.mapped()
    for name in sorted(stream.writable):
        plain = name in known and known[name].type is str and not known[name].clean and mapped[name].ref is None
        if plain and mapped[name].source and isinstance(seen.get(name), str):
            return {name: f"{seen[name]} again"}
    for name in sorted(stream.writable):
        kind = known[name].type if name in known else None
        if isinstance(kind, type) and issubclass(kind, StrEnum) and known[name].merge is not Merge.MOST_RESTRICTIVE:
            for member in kind:
                write = mapped[name].write
                if write is not None and member.value not in {seen.get(name), "other"} and write({name: member.value}):
                    return {name: member.value}
    return {name: seen[name] for name in stream.writable if seen.get(name) is not None and mapped[name].ref is None}


def _judged(told: Sequence[Outcome], bad: str, fine: tuple[str, ...]) -> list[str]:
    """Whether the bad one alone is rejected, and says why."""
    found = []
    for outcome in told:
        if outcome.hub_id == bad:
            if outcome.status != "rejected":
                found.append(f"a record that the vendor refuses is reported as {outcome.status}")
            elif not outcome.code or not outcome.reason:
                found.append("a refusal comes without a code or a sentence")
        elif outcome.status not in fine:
            found.append(f"a good record beside a bad one is {outcome.status}: {outcome.code} {outcome.reason}".strip())
        elif not outcome.id:
            found.append("a good record's outcome has no id")
    return found


@check("idempotent")
async def idempotent(kit: Kit) -> list[str]:
    """The same values once more, and the same creation once more where a create key is declared."""
    found: list[str] = []
    for name in writable(kit):
        stream = kit.subject.connector.streams[name]
        if "update" in stream.writers:
            found += [f"{name}: {problem}" for problem in await _again(kit, stream)]
        if "create" in stream.writers and stream.create_key is not CreateKey.NONE:
            found += [f"{name}: {problem}" for problem in await _created_again(kit, stream)]
        kit.bench.clear()
    return found


async def _again(kit: Kit, stream: Stream[Any, Any]) -> list[str]:
    account = kit.bench.north
    account.renew().sample(stream.name, SOME)
    before = await records(kit, account, stream)
    found = []
    async with AsyncExitStack() as stack:
        session = await ready(kit, stack, account)
        for _ in range(2):
            writes = [change(one, carried(stream, one.unified())) for one in before.values()]
            told = await send(stream, session, "update", [write for write in writes if write.changed])
            found += [f"the same values again: {o.status} {o.code} {o.reason}" for o in told if o.status == "rejected"]
    after = await records(kit, account, stream)
    if set(after) != set(before):
        found.append("writing the same values again makes or loses records")
    for key in set(after) & set(before):
        if other := shows(after[key], {n: v for n, v in before[key].unified().items() if n in stream.writable}):
            found.append(f"writing the same values again changes {', '.join(other)}")
    return found


async def _created_again(kit: Kit, stream: Stream[Any, Any]) -> list[str]:
    values = await people(kit, stream)
    south = kit.bench.south
    south.renew()
    async with AsyncExitStack() as stack:
        session = await ready(kit, stack, south)
        writes = [creation(stream, one) for one in values]
        await send(stream, session, "create", writes)
        await send(stream, session, "create", writes)
    count = len(await records(kit, south, stream))
    if count != len(values):
        return [f"creating {len(values)} records twice leaves {count}, though the create key is {stream.create_key}"]
    return []


@check("lost-answers")
async def lost_answers(kit: Kit) -> list[str]:
    """Two accounts and a hub; the answer of each kind of writing request is lost in turn."""
    found: list[str] = []
    tried: set[tuple[str, str]] = set()
    for name in crossing(kit):
        calm = await _written(kit, name, None)
        found += [f"in peace: {one}" for one in await _once(kit, name)]
        for one in calm:
            # One address for each id is one kind of request.
            kind = (one.method, re.sub(r"[^/]*\d[^/]*$", "", one.path))
            if kind in tried:
                continue
            tried.add(kind)
            await _written(kit, name, Fault(kind="lose_answer", method=one.method, path=f"^{re.escape(one.path)}$"))
            found += [f"the answer of {one.method} {one.path} is lost: {what}" for what in await _once(kit, name)]
            kit.bench.clear()
    return found


async def _written(kit: Kit, name: str, fault: Fault | None) -> list[Asked]:
    """Bring the north's records to the south, then an edit; gives the south's requests that may write."""
    north, south = kit.bench.north, kit.bench.south
    writers = kit.subject.connector.streams[name].writers
    ids = north.renew().sample(name, SOME)
    south.renew()
    if "create" not in writers:
        south.simulator.sample(name, SOME)
    hub = kit.bench.hub()
    hub.connect("north", north, writes=False, streams=(name,))
    hub.connect("south", south, streams=(name,))
    reads: set[tuple[str, str]] = set()
    if fault is None:
        await (await kit.bench.fresh(south, (name,))).sync()
        reads = {(one.method, one.path) for one in south.asked}
        south.asked.clear()
    else:
        south.simulator.faults.add(fault)
    await _try(hub)
    if "update" in writers:
        north.clock.move(5)
        north.simulator.touch(name, ids[0])
    await _try(hub)
    await _try(hub)
    south.simulator.faults.clear()
    return [one for one in south.asked if one.method != "GET" and (one.method, one.path) not in reads]


async def _try(hub: Hub) -> None:
    """One run; that it ends with an error is the fault's doing, and the next one goes on."""
    with suppress(VaivenError):
        await hub.sync(approve="any")


async def _once(kit: Kit, name: str) -> list[str]:
    """Each record of the north is in the south once, with its values."""
    stream = kit.subject.connector.streams[name]
    ours, theirs = [
        [carried(stream, one.unified()) for one in (await records(kit, account, stream)).values()]
        for account in (kit.bench.north, kit.bench.south)
    ]
    if len(theirs) > len(ours):
        declared = stream.guarantee is Guarantee.AT_LEAST_ONCE and stream.create_key is CreateKey.NONE
        return [] if declared else [f"{name}: {len(theirs)} records where there should be {len(ours)}"]
    if len(theirs) < len(ours):
        return [f"{name}: {len(ours) - len(theirs)} of {len(ours)} records never arrive"]
    return [] if same_values(ours, theirs) else [f"{name}: a change never arrives"]


def same_values(ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two accounts show the same records, whatever their ids."""
    bags = [sorted(msgspec.json.encode(one, order="sorted") for one in some) for some in (ours, theirs)]
    return bags[0] == bags[1]
