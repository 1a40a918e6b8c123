"""From a customer's mapping to the stream as one account has it: the record's mapping, changed where they say so."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from vaiven_sdk.custom import PREFIX
from vaiven_sdk.model import Merge
from vaiven_sync_engine.mapping.filters import scope_of
from vaiven_sync_engine.mapping.transforms import inverse, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Mapping as AnyMapping

    from vaiven_sdk import Record, Stream
    from vaiven_sdk._mapping import Mapped
    from vaiven_sdk.model import Field
    from vaiven_sync_engine.mapping.document import Direction, FieldRule, Mapping, StreamRule
    from vaiven_sync_engine.source import Source


def shaped(source: Source, mapping: Mapping) -> Source:
    """The stream as the account's mapping has it."""
    rule = mapping.streams.get(source.stream.name)
    if rule is None:
        return source
    record = source.stream.record
    fields = dict(_fields(record, rule))
    owned = frozenset(rule.fields[n].to or n for n in rule.fields if rule.fields[n].owner)
    return dataclasses.replace(
        source,
        stream=source.stream.remapped(record.remapped(fields)),
        scope=scope_of(rule.filter),
        owned=owned,
    )


def _fields(record: type[Record[Any]], rule: StreamRule) -> Iterator[tuple[str, Mapped]]:
    back: dict[str, Callable[[AnyMapping[str, Any]], Any]] = {}
    for name, given in rule.fields.items():
        back[name] = _back(given.to or name, given)
    for name, mapped in record.mapped().items():
        one = rule.fields.get(name)
        direction = _direction(rule.direction, one)
        if direction == "off":
            continue
        steps = one.read if one is not None else ()
        to = (one.to if one is not None else None) or name
        keeps = one is not None and one.empty == "keep"
        yield (
            to,
            dataclasses.replace(
                mapped,
                to=to,
                read=_reading(mapped, steps),
                write=_writing(mapped, to, back, keeps=keeps) if direction != "in" and _writes(one) else None,
                reads=direction != "out",
                clears=not keeps,
            ),
        )


def _direction(stream: Direction, one: FieldRule | None) -> Direction:
    """The narrower of the stream's direction and the field's."""
    ways = {"both": {"in", "out"}, "in": {"in"}, "out": {"out"}, "off": set()}
    left = ways[stream] & ways[one.direction if one else "both"]
    return "both" if len(left) == 2 else "in" if "in" in left else "out" if left else "off"


def _writes(one: FieldRule | None) -> bool:
    """Whether there is a way back through the steps."""
    return one is None or one.write is not None or inverse(one.read) is not None


def _reading(mapped: Mapped, steps: Any) -> Callable[[Any], Any]:
    read = mapped.read
    return (lambda record: run(steps, read(record))) if steps else read


def _back(to: str, one: FieldRule) -> Callable[[AnyMapping[str, Any]], Any]:
    steps = one.write if one.write is not None else (inverse(one.read) or ())
    return lambda values: run(steps, values.get(to))


def _writing(
    mapped: Mapped,
    to: str,
    back: AnyMapping[str, Callable[[AnyMapping[str, Any]], Any]],
    *,
    keeps: bool,
) -> Callable[[AnyMapping[str, Any]], AnyMapping[str, Any]] | None:
    """Writing in the connector's own names and values, of which a derived field may want several."""
    write = mapped.write
    if write is None:
        return None

    def out(values: AnyMapping[str, Any]) -> AnyMapping[str, Any]:
        if keeps and values.get(to) is None:
            return {}
        return write({**values, **{name: undo(values) for name, undo in back.items()}})

    return out


def problems(mapping: Mapping, streams: AnyMapping[str, Stream[Any, Any]]) -> list[str]:
    """What is wrong with a mapping for an account with these streams (its custom fields included)."""
    found = []
    for name, rule in mapping.streams.items():
        if name not in streams:
            found.append(f"streams.{name}: the connector has no such stream; it has {', '.join(sorted(streams))}")
            continue
        record = streams[name].record
        known = record.mapped()
        taken = set(known) - {n for n, one in rule.fields.items() if one.to or one.direction == "off"}
        for field, one in rule.fields.items():
            where = f"streams.{name}.fields.{field}"
            if field not in known:
                found.append(f"{where}: the stream has no such field; it has {', '.join(sorted(known))}")
                continue
            found.extend(f"{where}: {wrong}" for wrong in _wrong(record, known[field], field, one, taken))
            if one.to is not None and any(field in w.needs for w in streams[name].writers.values()):
                found.append(f"{where}: a record cannot be made here without it, so it keeps its name")
        for number, condition in enumerate(rule.filter):
            if condition.field not in known:
                found.append(f"streams.{name}.filter.{number}: the stream has no field {condition.field!r}")
    return found


def _wrong(record: type[Record[Any]], mapped: Mapped, name: str, one: FieldRule, taken: set[str]) -> Iterator[str]:
    specs = record.__entity__.fields()
    spec: Field | None = specs.get(name)
    if spec is not None and spec.merge is Merge.MOST_RESTRICTIVE:
        yield "a consent is always read and always written: a refusal must reach every tool"
        return
    changed = bool(one.read) or one.write is not None or one.to is not None
    if changed and mapped.ref:
        yield "it refers to another record, so it can be turned off and not be changed"
    if changed and spec is not None and spec.key:
        yield f"people are told apart by their {name}, so it cannot be changed on the way"
    if one.to is not None:
        if one.to in taken:
            yield f"{one.to} is what another field of this stream becomes"
        if one.to not in specs and not (one.to.startswith(PREFIX) and one.to.count(".") >= 2):
            yield f"{one.to} is no field of a {record.__entity__.kind}; a new one is named custom.<group>.<name>"
    if one.direction in {"both", "out"} and not _writes(one) and mapped.write is not None:
        yield 'its steps have no way back: give "write", or "direction": "in"'
    if one.owner and one.direction in {"out", "off"}:
        yield "it is not read, so its word cannot count"
