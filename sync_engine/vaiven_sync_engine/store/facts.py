"""Facts and events as rows: once each by natural key; what is restated keeps its earlier values."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.model import ENTITIES, Nature
from vaiven_sync_engine.store import entities as rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaiven_sync_engine.store.entities import Canonical
    from vaiven_sync_engine.store.sql import Sql

PLACE = ("connection_id", "entity_kind", "entity_id", "on")
"""The part of a fact's natural key that a record keeps when its figures are restated."""
RESTATED = "restated"
"""Reason for which a fact is gone: its record says it under another key, or no more."""


def save_new(connection: Sql, tenant: str, kind: str, new: Iterable[Canonical], at: str) -> int:
    """Write events and facts, once each by natural key; gives how many rows changed.

    An event that is there already stays as it is. A fact takes the newest value, and its earlier one is kept as a
    snapshot: a model must be trained on what was known at the time. That a value is final now is no new value.
    """
    entity = ENTITIES[kind]
    defaults = {n: f.default for n, f in entity.fields().items() if not f.nullable and f.default is not None}
    new = list(new)
    for one in new:
        # What a record leaves empty is as if it were not mapped: an attribution that is none.
        one.values = {**one.values, **{n: v for n, v in defaults.items() if one.values.get(n) is None}}
    if entity.nature is Nature.FACT:
        keys = entity.natural_key
        where = " AND ".join(f'"{k}" = ?' for k in keys)
        connection.executemany(
            f'{_SNAPSHOT} FROM "{kind}" WHERE tenant_id = ? AND {where} AND value <> ?',
            [(tenant, *(e.values[k] for k in keys), e.values["value"]) for e in new],
        )
    return connection.executemany(_insert_new(kind), rows.rows_of(tenant, kind, new, at)).rowcount


def of_record(
    connection: Sql, tenant: str, kind: str, place: Sequence[Any], origin: tuple[int, str]
) -> dict[tuple[Any, ...], str]:
    """The ids of the facts that a record gave when it was last read, by natural key, of those that still count.

    `place` has the values of `PLACE`, and `origin` is the record: source and remote id.
    """
    keys = ENTITIES[kind].natural_key
    names = ", ".join(f'"{k}"' for k in keys)
    where = " AND ".join(f'"{k}" = ?' for k in PLACE)
    found = {}
    for row in connection.execute(
        f'SELECT id, provenance, {names} FROM "{kind}" WHERE tenant_id = ? AND {where} AND deleted_at IS NULL',
        (tenant, *place),
    ):
        said = msgspec.json.decode(row["provenance"] or "{}").get("value")
        if said and (said[1], said[2]) == origin:
            found[tuple(row[k] for k in keys)] = row["id"]
    return found


def end_facts(connection: Sql, tenant: str, kind: str, ids: Iterable[str], at: str) -> int:
    """These facts do not count any more; their last values are kept as snapshots."""
    return _change(connection, tenant, kind, ids, at, f"deleted_at = ?, deletion_reason = '{RESTATED}'", (at,), "")


def zero_facts(connection: Sql, tenant: str, kind: str, ids: Iterable[str], at: str) -> int:
    """These facts are zero now: their vendor leaves out what is; their last values are kept as snapshots."""
    return _change(connection, tenant, kind, ids, at, "value = '0', fetched_at = ?", (at,), " AND value <> '0'")


def _change(
    connection: Sql,
    tenant: str,
    kind: str,
    ids: Iterable[str],
    at: str,
    change: str,
    given: Sequence[Any],
    only: str,
) -> int:
    which = [(tenant, one) for one in ids]
    if not which:
        return 0
    connection.executemany(f'{_SNAPSHOT} FROM "{kind}" WHERE tenant_id = ? AND id = ?{only}', which)
    return connection.executemany(
        f'UPDATE "{kind}" SET {change}, snapshot = coalesce(snapshot, 0) + 1, rev = rev + 1, updated_at = ?'
        f" WHERE tenant_id = ? AND id = ?{only}",
        [(*given, at, *one) for one in which],
    ).rowcount


_SNAPSHOT = (
    "INSERT INTO fact_snapshot (tenant_id, fact_id, snapshot, value, fetched_at)"
    " SELECT tenant_id, id, coalesce(snapshot, 0), value, fetched_at"
)


@lru_cache(maxsize=128)
def _insert_new(kind: str) -> str:
    entity = ENTITIES[kind]
    insert = rows.insertion(kind)
    if entity.nature is not Nature.FACT:
        return f"{insert} ON CONFLICT DO NOTHING"
    keys = ", ".join(f'"{k}"' for k in ("tenant_id", *entity.natural_key))
    own = {"snapshot", *entity.natural_key}
    fields = ("updated_at", "provenance", "deleted_at", "deletion_reason", *entity.fields())
    updates = ", ".join(f'"{n}" = excluded."{n}"' for n in fields if n not in own)
    news = f'excluded.value <> "{kind}".value'
    final = f'coalesce(excluded.is_final, FALSE) <> coalesce("{kind}".is_final, FALSE)'
    return (
        f'{insert} ON CONFLICT ({keys}) DO UPDATE SET {updates}, rev = "{kind}".rev + 1,'
        f' snapshot = coalesce("{kind}".snapshot, 0) + CASE WHEN {news} THEN 1 ELSE 0 END'
        f' WHERE {news} OR {final} OR "{kind}".deleted_at IS NOT NULL'
    )
