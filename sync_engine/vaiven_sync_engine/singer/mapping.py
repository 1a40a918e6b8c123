"""The mapping of a tap's streams to the unified model: a small TOML file that people edit."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_sdk.model import Nature
from vaiven_sdk.model.entities import ENTITIES
from vaiven_sdk.model.metrics import METRICS
from vaiven_sync_engine.singer.errors import MappingInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vaiven_sync_engine.singer.catalog import Entry

FILE = "mapping.toml"
_STREAM_KEYS = {"entity", "key", "version", "also", "incremental", "fields"}
_FIELD_KEYS = {"to", "values", "ref"}


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where one field of a row goes.

    Args:
        to: the unified field.
        values: the tap's values to the unified enum's.
        ref: the value is the id of a row of this stream.
    """

    to: str
    values: Mapping[str, str] | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class StreamMap:
    """What the rows of one stream become.

    Args:
        stream: its id in the catalogue.
        entity: kind of the unified entity.
        key: fields that identify a row.
        version: field that grows when a row changes; None where there is none.
        also: streams that the tap must read along (a parent); their rows are not kept.
        incremental: whether the tap goes on from its STATE; None leaves it to the catalogue, where many say nothing.
        fields: by the row's field.
    """

    stream: str
    entity: str
    key: tuple[str, ...]
    version: str | None = None
    also: tuple[str, ...] = ()
    incremental: bool | None = None
    fields: dict[str, FieldMap] = field(default_factory=dict)


def parse(text: str, known: Mapping[str, Entry], path: str = FILE) -> dict[str, StreamMap]:
    """The mapping by stream, checked against the catalogue and the unified model.

    Args:
        text: the file's.
        known: the catalogue's streams.
        path: of the file, for errors.

    Raises:
        MappingInvalid: it says what is wrong and where.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise MappingInvalid(f"{path} is no TOML.", why=str(problem)) from None
    found = {name: _stream(path, name, table, known) for name, table in given.items()}
    for one in found.values():
        for name, target in one.fields.items():
            if target.ref is not None and target.ref not in found:
                _refuse(path, f"[{one.stream}.fields] {name}", f"ref {target.ref!r} is no mapped stream", found)
    return found


def _stream(path: str, name: str, table: Any, known: Mapping[str, Entry]) -> StreamMap:
    where = f"[{name}]"
    if name not in known:
        _refuse(path, where, f"the tap has no stream {name!r}", known, name)
    if not isinstance(table, dict):
        _refuse(path, where, "a stream is a table: entity, key, fields")
    for key in set(table) - _STREAM_KEYS:
        _refuse(path, f"{where} {key}", f"there is no setting {key!r}", _STREAM_KEYS, key)
    entry = known[name]
    kind = table.get("entity")
    if kind not in ENTITIES:
        _refuse(path, f"{where} entity", f"there is no entity {kind!r}", ENTITIES, str(kind))
    key = _names(path, f"{where} key", table.get("key", list(entry.key)))
    if not key:
        _refuse(path, f"{where} key", 'the tap names no key: say which field identifies a row, as in key = ["id"]')
    version = table.get("version")
    for one in (*key, *([version] if version else ())):
        if one not in entry.properties:
            _refuse(path, where, f"the stream has no field {one!r}", entry.properties, str(one))
    also = _names(path, f"{where} also", table.get("also", []))
    for one in also:
        if one not in known:
            _refuse(path, f"{where} also", f"the tap has no stream {one!r}", known, one)
    incremental = table.get("incremental")
    if incremental not in {None, True, False}:
        _refuse(path, f"{where} incremental", "give true or false")
    fields = table.get("fields", {})
    if not isinstance(fields, dict) or not fields:
        _refuse(path, f"[{name}.fields]", "map at least one field")
    return StreamMap(name, kind, key, version, also, incremental, _fields(path, name, kind, fields, entry))


def _fields(path: str, stream: str, kind: str, given: Mapping[str, Any], entry: Entry) -> dict[str, FieldMap]:
    entity = ENTITIES[kind]
    known = [*entity.fields(), *(METRICS if entity.nature is Nature.FACT else ())]
    found: dict[str, FieldMap] = {}
    taken: dict[str, str] = {}
    for name, target in given.items():
        where = f"[{stream}.fields] {name}"
        if name not in entry.properties:
            _refuse(path, where, f"the stream has no field {name!r}", entry.properties, name)
        table = {"to": target} if isinstance(target, str) else target
        if not isinstance(table, dict) or not isinstance(table.get("to"), str):
            _refuse(path, where, 'give a unified field, as in "email", or { to = "email" }')
        for key in set(table) - _FIELD_KEYS:
            _refuse(path, where, f"there is no setting {key!r}", _FIELD_KEYS, key)
        to = table["to"]
        if to not in known:
            _refuse(path, where, f"{kind} has no field {to!r}", known, to)
        if to in taken:
            _refuse(path, where, f"{to!r} is taken by {taken[to]!r} already")
        taken[to] = name
        values = table.get("values")
        if values is not None and not (isinstance(values, dict) and all(isinstance(v, str) for v in values.values())):
            _refuse(path, f"{where} values", "give texts for texts, as in { active = 'granted' }")
        found[name] = FieldMap(to, values if isinstance(values, dict) else None, table.get("ref"))
    return found


def _names(path: str, where: str, given: Any) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        _refuse(path, where, 'give a list of names, as in ["id"]')
    return tuple(names)


def _refuse(path: str, where: str, what: str, known: Iterable[str] = (), name: str = "") -> Any:
    near = difflib.get_close_matches(name, list(known), n=1) if name else []
    guess = f"; did you mean {near[0]!r}?" if near else ""
    raise MappingInvalid(f"{path}: {where}: {what}{guess}")


def quoted(name: str) -> str:
    """A name as a TOML key."""
    plain = name.replace("_", "").replace("-", "")
    if plain.isascii() and plain.isalnum():
        return name
    import json  # noqa: PLC0415 - a JSON text is a TOML text

    return json.dumps(name)
