"""Undoing a merge: its records are kept apart from now on, and what it had brought together falls apart again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.identity import edges
from vaiven_sync_engine.identity.edges import Edge
from vaiven_sync_engine.identity.reach import current_ids
from vaiven_sync_engine.identity.tear import tear
from vaiven_sync_engine.store import entities as rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from vaiven_sync_engine.identity.keys import RecordKey
    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.entities import Canonical
    from vaiven_sync_engine.store.sql import Sql


@dataclass(frozen=True, slots=True)
class Apart:
    """What is kept apart now.

    Args:
        entity_id: the entity that all of it was.
        records: those that left it.
        rest: those from which they are kept apart.
        merged: the entity as it was together; None where no single merge is undone.
        into: the entity into which the merge went, at the time.
        when: the merge was made.
    """

    entity_id: str
    records: tuple[RecordKey, ...]
    rest: tuple[RecordKey, ...]
    merged: Canonical | None = None
    into: str = ""
    when: str = ""


def undo(connection: Sql, tenant: str, kind: str, lost: str, sources: Mapping[int, Source], run: str, at: str) -> Apart:
    """Undo the merge by which `lost` became a redirect: it is an entity again, with its id and the records it had.

    Records that came after the merge go to whichever of the two they hang on. Call it inside a transaction, and resolve
    the kind's records in the same one.

    Raises:
        InputInvalid: no entity of this id was merged away, or none of its records is left.
    """
    now = current_ids(connection, tenant, kind, {lost})[lost]
    event = _event(connection, tenant, lost)
    if now == lost or event is None:
        raise InputInvalid(
            f"There is no merge of {kind} {lost!r} to undo.",
            remedy="Give the id that was merged away, or name records that are to leave (`--record TOOL/STREAM/ID`).",
        )
    kept, when = event
    ours, rest, new = _sides(connection, tenant, now, lost, kept, when)
    if not ours or not rest:
        raise InputInvalid(f"Nothing is left to take apart: {kind} {now!r} has no records of both.")
    _keep_apart(connection, tenant, kind, ours, rest, run, at)
    connection.execute("DELETE FROM redirect WHERE tenant_id = ? AND entity = ? AND from_id = ?", (tenant, kind, lost))
    connection.execute(
        "UPDATE merge_evidence SET undone_at = ? WHERE tenant_id = ? AND entity_id = ? AND lost_id = ? AND at = ?",
        (at, tenant, kept, lost, when),
    )
    # What was new then or later is nobody's for the moment, so that it takes no id along to where it belongs.
    owners = [(lost, ours), (None, new)]
    connection.executemany(
        "UPDATE record SET entity_id = ?, shadow = NULL WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
        [(owner, tenant, *key) for owner, some in owners for key in sorted(some)],
    )
    merged = rows.load(connection, tenant, kind, [now]).get(now)
    tear(connection, tenant, kind, now, [lost], sources, at)
    edges.look_again(connection, tenant, ours | rest | new)
    return Apart(now, tuple(sorted(ours)), tuple(sorted(rest)), merged, kept, when)


def _sides(
    connection: Sql, tenant: str, now: str, lost: str, kept: str, when: str
) -> tuple[set[RecordKey], set[RecordKey], set[RecordKey]]:
    """What a merge of `lost` into `kept` brought, what was there, and what was new then or came later."""
    here = set(_records(connection, tenant, now))
    ours = here & _came(connection, tenant, "lost_id = ? AND entity_id = ? AND at = ?", (lost, kept, when))
    new = _came(connection, tenant, "entity_id IN (?, ?) AND at >= ? AND lost_id IS NULL", (kept, now, when))
    if kept == now:
        rest = here - ours - new - _came(connection, tenant, "entity_id = ? AND at > ?", (kept, when))
    else:
        rest = (here - ours) & _came(connection, tenant, "lost_id = ? AND at > ?", (kept, when))
    return ours, rest, here & new - ours - rest


def split(
    connection: Sql, tenant: str, kind: str, entity_id: str, records: Collection[RecordKey], run: str, at: str
) -> Apart:
    """Keep these records of an entity apart from its others; the larger part keeps the id when they are resolved.

    Raises:
        InputInvalid: a record is not the entity's, or they are all that it has.
    """
    here = set(_records(connection, tenant, entity_id))
    named = set(records)
    if not named <= here:
        raise InputInvalid(f"Not all of these records are of {kind} {entity_id!r}.")
    if named == here or not named:
        raise InputInvalid("Some records are to leave and some are to stay: name a part of them.")
    _keep_apart(connection, tenant, kind, named, here - named, run, at)
    connection.executemany(
        "UPDATE merge_evidence SET undone_at = ? WHERE tenant_id = ? AND source_id = ? AND remote_id = ?"
        " AND entity_id = ? AND undone_at IS NULL",
        [(at, tenant, *key, entity_id) for key in sorted(named)],
    )
    edges.look_again(connection, tenant, here)
    return Apart(entity_id, tuple(sorted(named)), tuple(sorted(here - named)))


def _keep_apart(
    connection: Sql, tenant: str, kind: str, ours: set[RecordKey], rest: set[RecordKey], run: str, at: str
) -> None:
    refused = [Edge(one, two, "refused") for one in sorted(ours) for two in sorted(rest)]
    edges.put(connection, tenant, kind, refused, run, at)


def _event(connection: Sql, tenant: str, lost: str) -> tuple[str, str] | None:
    """The newest merge that took an entity's records away: into which one, and when."""
    row = connection.execute(
        "SELECT entity_id, at FROM merge_evidence WHERE tenant_id = ? AND lost_id = ? AND undone_at IS NULL"
        " ORDER BY at DESC, entity_id LIMIT 1",
        (tenant, lost),
    ).fetchone()
    return (row[0], row[1]) if row else None


def _records(connection: Sql, tenant: str, entity_id: str) -> list[RecordKey]:
    sql = "SELECT source_id, remote_id FROM record WHERE tenant_id = ? AND entity_id = ?"
    return [(row[0], row[1]) for row in connection.execute(sql, (tenant, entity_id))]


def _came(connection: Sql, tenant: str, where: str, values: tuple[Any, ...]) -> set[RecordKey]:
    sql = f"SELECT source_id, remote_id FROM merge_evidence WHERE tenant_id = ? AND undone_at IS NULL AND {where}"
    return {(row[0], row[1]) for row in connection.execute(sql, (tenant, *values))}
