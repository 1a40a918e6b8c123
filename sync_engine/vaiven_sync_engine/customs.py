"""Ask an account which fields its owner has added, and bring what is stored up to date with them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from vaiven_sdk import VaivenError
from vaiven_sync_engine.records import CUSTOM_VALUE, Observed, decode_one
from vaiven_sync_engine.source import Source
from vaiven_sync_engine.store import custom
from vaiven_sync_engine.store.entities import CHUNK
from vaiven_sync_engine.store.pages import set_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vaiven_sdk import CustomField, Session
    from vaiven_sync_engine.report import Report
    from vaiven_sync_engine.store import Database
    from vaiven_sync_engine.store.sql import Sql

log = structlog.get_logger("vaiven.customs")


def as_known(source: Source, fields: Iterable[CustomField]) -> Source:
    """The stream with the custom fields that its account had at the last look."""
    return dataclasses.replace(source, stream=source.stream.extended(fields))


async def current(
    database: Database,
    session: Session[Any],
    tenant: str,
    source: Source,
    report: Report,
    now: Callable[[], str],
    shape: Callable[[Source], Source] = lambda source: source,
) -> Source:
    """The stream with its account's custom fields of today; those of the last look, if it cannot be asked.

    `shape` brings the account's mapping to a stream that has none yet.
    """
    if source.stream.customizer is None:
        return source
    try:
        return await _look(database, session, tenant, source, report.run, now, shape)
    except VaivenError as problem:
        name = f"{source.connection_id}/{source.stream.name}/custom fields"
        report.errors.setdefault(name, problem)
        log.warning("custom_fields_unknown", stream=name, code=problem.code)
        return source


async def _look(
    database: Database,
    session: Session[Any],
    tenant: str,
    source: Source,
    run: str,
    now: Callable[[], str],
    shape: Callable[[Source], Source],
) -> Source:
    """The stream with the custom fields that its account has now.

    What is stored is read afresh with them. A field that no stored record shows was not asked for until now: then the
    next read is a complete one. A field that is gone stays in the store, and is neither read nor written.
    """
    connector = source.stream.connector
    base = connector.streams[source.stream.name]
    found = list({one.key: one for one in await base.customizer(session)}.values())
    if base.samples_fields:
        shown = {one.key for one in found}
        found += [f for f in await database.run(custom.known, tenant, source.id) if f.key not in shown]
    fresh = shape(as_known(Source(source.id, source.connection_id, base), found))
    drift = await database.run(custom.drift, tenant, source.id, connector.slug, found)
    unseen: set[tuple[str, ...]] = {one.steps for one in (*drift.new, *drift.changed)}
    any_record = False
    if unseen:
        after: str | None = ""
        while after is not None:
            after, seen = await database.run(_again, tenant, fresh, unseen, after, run, now())
            any_record = any_record or seen is not None
            unseen -= seen or set()
    full = bool(unseen) and any_record
    await database.run(custom.remember, tenant, source.id, connector.slug, found, now(), full=full)
    return fresh


def _again(
    connection: Sql,
    tenant: str,
    source: Source,
    wanted: Iterable[tuple[str, ...]],
    after: str,
    run: str,
    at: str,
) -> tuple[str | None, set[tuple[str, ...]] | None]:
    """Normalise some stored records anew; gives where to go on, and which of the wanted paths they show."""
    where = (tenant, source.id)
    rows: Sequence[Any] = connection.execute(
        "SELECT remote_id, body, fields FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id > ?"
        " AND deleted_at IS NULL AND hash <> ? ORDER BY remote_id LIMIT ?",
        (*where, after, b"", CHUNK),
    ).fetchall()
    if not rows:
        return None, None
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        body = row["body"].encode()
        node = msgspec.json.decode(body)
        seen |= {steps for steps in wanted if steps not in seen and _shows(node, steps)}
        one = decode_one(source.stream.record, body)
        if not isinstance(one, Observed) or one.fields == row["fields"]:
            continue
        connection.execute(
            "UPDATE record SET fields = ?, dirty = 1, run_id = ?"
            " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            (one.fields, run, *where, row["remote_id"]),
        )
        connection.execute(
            "DELETE FROM quarantine WHERE tenant_id = ? AND source_id = ? AND remote_id = ? AND code = ?",
            (*where, row["remote_id"], CUSTOM_VALUE),
        )
        set_aside(connection, tenant, source.id, run, at, one.aside)
    return rows[-1]["remote_id"], seen


def _shows(node: Any, steps: Sequence[str]) -> bool:
    for step in steps:
        if not isinstance(node, dict) or step not in node:
            return False
        node = node[step]
    return True
