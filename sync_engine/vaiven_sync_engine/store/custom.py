"""The custom fields of each account, as its tool described them last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from vaiven_sdk import CustomField

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vaiven_sync_engine.store.sql import Sql


@dataclass(frozen=True, slots=True)
class Drift:
    """What is other than at the last look.

    Args:
        new: fields that were not there.
        changed: fields that are read otherwise now: another type or place.
        gone: names of fields that are not there any more.
    """

    new: tuple[CustomField, ...] = ()
    changed: tuple[CustomField, ...] = ()
    gone: tuple[str, ...] = ()


def known(connection: Sql, tenant: str, source: int) -> list[CustomField]:
    """The fields that a stream had when its account was last asked, without those that are gone."""
    return list(_live(connection, tenant, source).values())


def drift(connection: Sql, tenant: str, source: int, namespace: str, found: Iterable[CustomField]) -> Drift:
    """Compare what an account has now with what is known."""
    before = _live(connection, tenant, source)
    now = {one.unified_name(namespace): one for one in found}
    return Drift(
        tuple(one for name, one in now.items() if name not in before),
        tuple(one for name, one in now.items() if name in before and _read_as(one) != _read_as(before[name])),
        tuple(name for name in before if name not in now),
    )


def remember(
    connection: Sql,
    tenant: str,
    source: int,
    namespace: str,
    found: Iterable[CustomField],
    at: str,
    *,
    full: bool,
) -> None:
    """Keep what an account has now; `full` makes the stream's next read a complete one, in the same transaction."""
    rows = [(tenant, source, one.unified_name(namespace), msgspec.json.encode(one).decode(), at, at) for one in found]
    connection.executemany(
        "INSERT INTO custom_field (tenant_id, source_id, name, spec, first_at, changed_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant_id, source_id, name) DO UPDATE SET spec = excluded.spec, gone_at = NULL,"
        " changed_at = excluded.changed_at WHERE custom_field.spec <> excluded.spec"
        " OR custom_field.gone_at IS NOT NULL",
        rows,
    )
    gone = set(_live(connection, tenant, source)) - {row[2] for row in rows}
    connection.executemany(
        "UPDATE custom_field SET gone_at = ? WHERE tenant_id = ? AND source_id = ? AND name = ?",
        [(at, tenant, source, name) for name in gone],
    )
    if full:
        (text,) = connection.execute("SELECT position FROM source WHERE id = ?", (source,)).fetchone()
        position = {**msgspec.json.decode(text), "walk": {"kind": "full", "state": None, "high": ""}}
        connection.execute(
            "UPDATE source SET position = ?, position_version = position_version + 1 WHERE id = ?",
            (msgspec.json.encode(position).decode(), source),
        )


def _live(connection: Sql, tenant: str, source: int) -> dict[str, CustomField]:
    return {
        row["name"]: msgspec.json.decode(row["spec"], type=CustomField)
        for row in connection.execute(
            "SELECT name, spec FROM custom_field WHERE tenant_id = ? AND source_id = ? AND gone_at IS NULL"
            " ORDER BY name",
            (tenant, source),
        )
    }


def _read_as(one: CustomField) -> tuple[object, ...]:
    return one.steps, one.type, one.spelling.separator
