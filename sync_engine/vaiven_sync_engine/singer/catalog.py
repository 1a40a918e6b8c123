"""A tap's catalogue: which streams it has, and how one of them is selected."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sync_engine.singer.errors import TapProtocol
from vaiven_sync_engine.singer.process import flags, private_files, running, secrets_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream of a catalogue.

    Args:
        id: how the catalogue names it.
        name: how messages name it.
        properties: JSON schema of each field.
        key: fields that identify a row.
        version: field that grows when a row changes.
        method: `FULL_TABLE`, `INCREMENTAL` or `LOG_BASED`.
    """

    id: str
    name: str
    properties: dict[str, Any]
    key: tuple[str, ...]
    version: str | None
    method: str


async def discover(
    command: str, name: str, config: Mapping[str, Any], folder: Path, extra: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Ask a tap for its catalogue; some call their vendor for it.

    Args:
        command: the tap's executable.
        name: how errors call it.
        config: its settings.
        folder: for its private files.
        extra: further arguments.

    Raises:
        TapFailed: it ended with an error.
        TapProtocol: what it gave is no catalogue.
    """
    with private_files(folder, {"config.json": config}) as place:
        arguments = [command, *flags(config=place / "config.json"), "--discover", *extra]
        async with running(arguments, name, private=place, secrets=secrets_of(dict(config))) as run:
            output = b"\n".join([line async for line in run.lines()])
            await run.end()
    try:
        found = msgspec.json.decode(output)
        _ = [stream["tap_stream_id"] for stream in found["streams"]]
    except (msgspec.DecodeError, KeyError, TypeError):
        raise TapProtocol(f"{name} gave no catalogue.", why=f"--discover gave {len(output):,} bytes") from None
    return found  # type: ignore[no-any-return]


def entries(catalog: Mapping[str, Any]) -> dict[str, Entry]:
    """The streams of a catalogue by id."""
    found = {}
    for stream in catalog["streams"]:
        root = _root(stream)
        key = stream.get("key_properties") or root.get("table-key-properties") or ()
        version = stream.get("replication_key") or root.get("replication-key")
        version = version or next(iter(root.get("valid-replication-keys") or ()), None)
        method = root.get("forced-replication-method") or stream.get("replication_method")
        if isinstance(method, dict):
            method = method.get("replication-method")
        found[stream["tap_stream_id"]] = Entry(
            stream["tap_stream_id"],
            stream.get("stream") or stream["tap_stream_id"],
            dict((stream.get("schema") or {}).get("properties") or {}),
            tuple(key),
            version,
            str(method or ("INCREMENTAL" if version else "FULL_TABLE")),
        )
    return found


def selected(catalog: Mapping[str, Any], wanted: Collection[str], fields: Mapping[str, Collection[str]]) -> Any:
    """The catalogue with just these streams selected, by both of the ways that taps look for.

    Args:
        catalog: as discovered.
        wanted: ids of streams.
        fields: by stream id, fields that must come.
    """
    chosen = copy.deepcopy(dict(catalog))
    for stream in chosen["streams"]:
        name = stream["tap_stream_id"]
        on = name in wanted
        stream["selected"] = on
        metadata = stream.setdefault("metadata", [])
        root = next((one["metadata"] for one in metadata if not one.get("breadcrumb")), None)
        if root is None:
            root = {}
            metadata.append({"breadcrumb": [], "metadata": root})
        root["selected"] = on
        if on:
            _incremental(stream, root)
        for one in metadata:
            if one.get("breadcrumb") and one["breadcrumb"][-1] in fields.get(name, ()):
                one["metadata"]["selected"] = on
    return chosen


def _incremental(stream: dict[str, Any], root: dict[str, Any]) -> None:
    """Older taps read what changed only when the catalogue says so."""
    keys = root.get("valid-replication-keys") or ([stream["replication_key"]] if stream.get("replication_key") else [])
    if keys and not root.get("forced-replication-method") and not root.get("replication-method"):
        root["replication-method"] = "INCREMENTAL"
        root.setdefault("replication-key", keys[0])


def _root(stream: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((one["metadata"] for one in stream.get("metadata") or () if not one.get("breadcrumb")), {})
