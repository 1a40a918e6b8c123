"""What a mapping would make of the records that are stored: before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sync_engine.customs import as_known
from vaiven_sync_engine.mapping.compile import problems, shaped
from vaiven_sync_engine.mapping.versions import mapping_of
from vaiven_sync_engine.records import Observed, decode_one
from vaiven_sync_engine.source import Source
from vaiven_sync_engine.store.custom import known as known_fields

if TYPE_CHECKING:
    from collections.abc import Mapping as AnyMapping

    from vaiven_sdk import Stream
    from vaiven_sync_engine.mapping.document import Mapping
    from vaiven_sync_engine.store.sql import Sql


@dataclass(frozen=True, slots=True)
class Sample:
    """One stored record under the mapping that holds and under the one that is looked at.

    Args:
        changes: unified field -> (its value now, its value then), where they differ.
        takes_part: whether it passes the filter: (now, then).
        refused: why the record could not be taken then; empty when it could.
    """

    stream: str
    remote_id: str
    changes: AnyMapping[str, tuple[Any, Any]]
    takes_part: tuple[bool, bool] = (True, True)
    refused: str = ""


@dataclass(slots=True)
class Preview:
    """What a mapping would change.

    Args:
        problems: what is wrong with the mapping; nothing else is told then.
        records: stored records that were looked at, by stream.
        changed: those of them that would read otherwise, by stream.
        samples: some of these.
    """

    problems: list[str] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)


def streams_of(
    connection: Sql, tenant: str, connection_id: str, streams: AnyMapping[str, Stream[Any, Any]]
) -> dict[str, Source]:
    """The streams of an account that were read at least once, with its custom fields and without its mapping."""
    found = {}
    for row in connection.execute(
        "SELECT id, stream FROM source WHERE tenant_id = ? AND connection_id = ? ORDER BY stream",
        (tenant, connection_id),
    ):
        if row["stream"] in streams:
            source = Source(row["id"], connection_id, streams[row["stream"]])
            found[row["stream"]] = as_known(source, known_fields(connection, tenant, row["id"]))
    return found


def preview(
    connection: Sql,
    tenant: str,
    connection_id: str,
    mapping: Mapping,
    streams: AnyMapping[str, Stream[Any, Any]],
    *,
    most: int = 10,
    look_at: int = 1000,
) -> Preview:
    """Try a mapping on stored records.

    Args:
        connection: a reader's is enough.
        tenant: whose.
        connection_id: the account.
        mapping: what is looked at.
        streams: the connector's.
        most: samples of each stream.
        look_at: records of each stream.
    """
    known = streams_of(connection, tenant, connection_id, streams)
    out = Preview(problems(mapping, {**streams, **{n: s.stream for n, s in known.items()}}))
    if out.problems:
        return out
    _, holds = mapping_of(connection, tenant, connection_id)
    for name, source in known.items():
        if holds.streams.get(name) == mapping.streams.get(name):
            continue
        now, then = shaped(source, holds), shaped(source, mapping)
        out.records[name] = out.changed[name] = 0
        for row in connection.execute(
            "SELECT remote_id, body FROM record WHERE tenant_id = ? AND source_id = ? AND deleted_at IS NULL"
            " ORDER BY remote_id LIMIT ?",
            (tenant, source.id, look_at),
        ):
            out.records[name] += 1
            sample = _compare(name, row["remote_id"], row["body"].encode(), now, then)
            if sample.changes or sample.takes_part[0] != sample.takes_part[1] or sample.refused:
                out.changed[name] += 1
                if out.changed[name] <= most:
                    out.samples.append(sample)
    return out


def _compare(stream: str, remote_id: str, body: bytes, now: Source, then: Source) -> Sample:
    before, after = decode_one(now.stream.record, body), decode_one(then.stream.record, body)
    if not isinstance(after, Observed):
        return Sample(stream, remote_id, {}, refused=after.reason)
    old = msgspec.json.decode(before.fields) if isinstance(before, Observed) else {}
    new = msgspec.json.decode(after.fields)
    names = sorted(n for n in {*old, *new} if not n.startswith("!"))
    changes = {n: (old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n)}
    return Sample(stream, remote_id, changes, (now.takes(old), then.takes(new)))
