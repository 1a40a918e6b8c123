"""One payload on its way: raw, record, unified, wire; each value with where it came from, each error where it is."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast, get_args

import msgspec
from pydantic import BaseModel, TypeAdapter, ValidationError

from vaiven_sdk.webhooks import Delivery

if TYPE_CHECKING:
    from vaiven_sdk import Connector, Record, Stream

Json = Any


def trace_record(stream: Stream[Any, Any], payload: str, edits: Mapping[str, Json] | None = None) -> dict[str, Json]:
    """What becomes of one record.

    Args:
        stream: of the connector.
        payload: the vendor's JSON of one record.
        edits: unified values that somebody changes in the hub; their patch is what would be written.

    Returns:
        `problem` when it is no JSON object; else each step, as the page shows it.
    """
    raw = _decoded(payload)
    if isinstance(raw, str):
        return {"problem": raw}
    kind = stream.record
    record, wrong = _read(kind, raw)
    fields = [_field(kind, name, raw, record, wrong) for name in kind.__wires__]
    watched = _Watched(record)
    unified = [_unified(stream, name, watched, wrong) for name in kind.mapped()]
    values = {one["name"]: one["value"] for one in unified if not one["problem"]}
    patch, refused = _patch(stream, record, values, edits or {})
    for one in unified:
        one["problem"] = one["problem"] or refused.pop(one["name"], "")
    return {
        "raw": raw,
        "record": fields,
        "whole": not wrong,
        "writes": sorted(stream.writers),
        "identity": _identity(record),
        "unified": unified,
        "wire": _wire(record),
        "patch": patch,
        "refused": [f"{name}: {why}" for name, why in refused.items()],
        "unread": sorted(_unread(raw, [mark.path or (name,) for name, mark in kind.__wires__.items()])),
    }


def trace_delivery(connector: Connector[Any], payload: str, headers: Mapping[str, str]) -> dict[str, Json]:
    """What a webhook's delivery makes the hub read again; its signature is told and not checked: there is no secret."""
    if not connector.webhooks:
        return {"problem": f"{connector.name}'s connector declares no webhook."}
    delivery = Delivery(payload.encode(), headers, url="https://hub.example/webhook")
    found: list[dict[str, Json]] = []
    problems = []
    for webhook in connector.webhooks:
        try:
            for hint in webhook.function(delivery):
                known = hint.stream in connector.streams
                what = {"stream": hint.stream, "ids": list(hint.ids), "account": hint.account}
                found.append({**what, "problem": "" if known else "the connector has no stream of this name"})
        except Exception as problem:  # noqa: BLE001 - a connector's bug is what one looks for here
            problems.append(_sentence(problem))
    signed = [type(webhook.signature).__name__ for webhook in connector.webhooks]
    return {"hints": found, "signatures": signed, "problem": " ".join(problems)}


def _decoded(payload: str) -> dict[str, Json] | str:
    try:
        raw = msgspec.json.decode(payload.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        return f"This is not JSON: {problem}."
    return raw if isinstance(raw, dict) else "A record is a JSON object: { ... }."


def _read(kind: type[Record[Any]], raw: Mapping[str, Json]) -> tuple[Record[Any], dict[str, str]]:
    """The record, and by field what kept it from being one; it then holds the fields that are right."""
    content = msgspec.json.encode(raw)
    try:
        return kind.model_validate_json(content), {}
    except ValidationError as problem:
        told = problem.errors(include_url=False)
    wrong: dict[str, str] = {}
    for error in told:
        place = tuple(str(step) for step in error["loc"])
        name = next((n for n, mark in kind.__wires__.items() if _leads((mark.path or (n,)), place)), ".".join(place))
        wrong[name] = error["msg"]
    good: dict[str, Json] = dict.fromkeys(kind.model_fields)
    for name, info in kind.model_fields.items():
        value, found = _at(raw, kind.__wires__[name].path or (name,))
        if name not in wrong and found:
            config = None if hasattr(info.annotation, "model_fields") else kind.model_config
            good[name] = TypeAdapter(cast("Any", info.annotation), config=config).validate_json(
                msgspec.json.encode(value)
            )
    return kind.model_construct(**good), wrong


def _field(
    kind: type[Record[Any]], name: str, raw: Mapping[str, Json], record: Record[Any], wrong: Mapping[str, str]
) -> dict[str, Json]:
    mark = kind.__wires__[name]
    path = mark.path or (name,)
    value, found = _at(raw, path)
    return {
        "name": name,
        "path": ".".join(path),
        "found": found,
        "value": value if name in wrong else _plain(getattr(record, name, None)),
        "type": _type_name(kind.model_fields[name].annotation),
        "to": mark.to,
        "read_only": mark.read_only,
        "role": [role for role, names in _roles(kind).items() if name in names],
        "problem": wrong.get(name, ""),
    }


def _roles(kind: type[Record[Any]]) -> dict[str, tuple[str, ...]]:
    return {
        "key": kind.__key__,
        "cursor": (kind.__cursor__,) if kind.__cursor__ else (),
        "hub id": (kind.__hub_id__,) if kind.__hub_id__ else (),
    }


class _Watched:
    """A record that notes which of its fields a mapping looks at."""

    def __init__(self, record: Record[Any]) -> None:
        self.__dict__["record"] = record
        self.__dict__["seen"] = []

    def __getattr__(self, name: str) -> Any:
        member = getattr(type(self.record), name, None)
        if isinstance(member, types.FunctionType):
            return types.MethodType(member, self)
        if isinstance(member, property) and member.fget is not None:
            return member.fget(self)
        if name in type(self.record).model_fields and name not in self.seen:
            self.seen.append(name)
        return getattr(self.record, name)


def _unified(stream: Stream[Any, Any], name: str, watched: _Watched, wrong: Mapping[str, str]) -> dict[str, Json]:
    kind, mapped = stream.record, stream.record.mapped()[name]
    watched.seen.clear()
    value, problem = None, ""
    try:
        value = mapped.read(watched)
    except Exception as why:  # noqa: BLE001 - a mapping's bug is what one looks for here
        problem = _sentence(why)
    seen = list(watched.seen)
    problem = problem or " ".join(f"{one} does not fit." for one in seen if one in wrong)
    field = kind.__entity__.fields().get(name)
    return {
        "name": name,
        "type": _type_name(field.type) if field else "metric",
        "value": value,
        "fields": seen,
        "paths": [".".join(kind.__wires__[one].path or (one,)) for one in seen],
        "method": "" if mapped.source else "computed",
        "ref": mapped.ref or "",
        "writable": name in stream.writable,
        "problem": problem,
    }


def _patch(
    stream: Stream[Any, Any], record: Record[Any], values: Mapping[str, Json], edits: Mapping[str, Json]
) -> tuple[dict[str, Json] | None, dict[str, str]]:
    """The vendor's JSON of just what the edits change, and by unified field why it cannot be written."""
    if not edits:
        return None, {}
    refused = {name: "no such field in this stream" for name in edits if name not in stream.record.mapped()}
    for name in edits:
        if name in stream.record.mapped() and name not in stream.writable:
            refused[name] = "it is never written to this tool"
    names = {name for name in edits if name not in refused}
    try:
        changed, touched = record.with_unified({**values, **edits}, names)
        return changed.to_wire(touched), refused
    except Exception as problem:  # noqa: BLE001 - told beside the edit
        return {}, {**refused, **dict.fromkeys(sorted(names), _sentence(problem))}


def _wire(record: Record[Any]) -> Json:
    try:
        return record.to_wire()
    except Exception as problem:  # noqa: BLE001 - shown in its place
        return {"problem": _sentence(problem)}


def _identity(record: Record[Any]) -> dict[str, Json]:
    if any(getattr(record, name, None) is None for name in record.__key__):
        return {"id": None, "version": "", "hub_id": None}
    try:
        return {"id": record.remote_id, "version": record.record_version, "hub_id": record.record_hub_id}
    except Exception:  # noqa: BLE001 - a record without its key has none
        return {"id": None, "version": "", "hub_id": None}


def _at(raw: Json, path: Iterable[str]) -> tuple[Json, bool]:
    for step in path:
        if isinstance(raw, dict) and step in raw:
            raw = raw[step]
        elif isinstance(raw, list) and step.isdecimal() and int(step) < len(raw):
            raw = raw[int(step)]
        else:
            return None, False
    return raw, True


def _leads(path: tuple[str, ...], place: tuple[str, ...]) -> bool:
    return place[: len(path)] == path or path[: len(place)] == place


def _unread(raw: Json, paths: list[tuple[str, ...]], at: tuple[str, ...] = ()) -> set[str]:
    """Places in the payload that no field reads."""
    if any(at == path[: len(at)] for path in paths) and at not in paths:
        if isinstance(raw, dict):
            return {one for name, value in raw.items() for one in _unread(value, paths, (*at, name))}
        if isinstance(raw, list):
            return {one for n, value in enumerate(raw) for one in _unread(value, paths, (*at, str(n)))}
    return set() if at in paths else {".".join(at)}


def _plain(value: Any) -> Json:
    try:
        return msgspec.json.decode(msgspec.json.encode(value, enc_hook=_dumped))
    except (TypeError, ValueError):
        return str(value)


def _dumped(value: Any) -> Json:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


def _type_name(annotation: Any) -> str:
    plain = isinstance(annotation, type) and not get_args(annotation)
    text = annotation.__name__ if plain else str(annotation)
    return re.sub(r"(\w+\.)+", "", text)


def _sentence(problem: Exception) -> str:
    text = str(problem).splitlines()[0] if str(problem) else ""
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__
