"""Sums of measured numbers that can be trusted: exact, of one currency and one rule of credit, as known at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from vaiven_sdk.model import METRICS
from vaiven_sdk.model.metrics import Unit
from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.identity.reach import current_ids

if TYPE_CHECKING:
    from vaiven_sync_engine.store.sql import Sql

Dimension = Literal["on", "entity_id", "connection_id", "attribution", "breakdown"]


@dataclass(frozen=True, slots=True)
class Total:
    """One sum.

    Args:
        value: exact.
        currency: of money; None for counts.
        is_final: no fact in it will be restated any more.
        facts: how many there are in it.
    """

    value: Decimal
    currency: str | None
    is_final: bool
    facts: int


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be summed.

    Args:
        metric: its name in `METRICS`.
        kind: of what is measured, as in `campaign`: facts of several levels tell of the same impressions.
        by: what sums are kept apart by; the currency always is.
        since: first day; None for no bound. The day is the account's, as the vendor cut it.
        until: last day.
        entities: ids of what is measured; None for all.
        breakdown: the facts of this breakdown; empty for the totals, which are never mixed with a breakdown's facts.
        attributions: ways of giving credit that are summed together; None where there is one alone.
        as_of: what was known at this instant, for a model that must not see the future; None for what is known now.
    """

    metric: str
    kind: str
    by: tuple[Dimension, ...] = ()
    since: str | None = None
    until: str | None = None
    entities: Collection[str] | None = None
    breakdown: str = ""
    attributions: Collection[str] | None = None
    as_of: str | None = None


def totals(connection: Sql, tenant: str, asked: Question) -> dict[tuple[str, ...], Total]:
    """Sum facts; gives the sums by the values of `by`, with the currency at the end where the metric is money.

    Raises:
        InputInvalid: the metric does not exist; its facts cannot be added (people would count twice); or there are
            several ways of giving credit, and it is not said which.
    """
    metric = METRICS.get(asked.metric)
    if metric is None:
        raise InputInvalid(f"There is no metric {asked.metric!r}; there are {', '.join(sorted(METRICS))}.")
    found = [row for row in _facts(connection, tenant, asked) if row["value"] is not None]
    ways = sorted({row["attribution"] for row in found})
    if asked.attributions is None and "attribution" not in asked.by and len(ways) > 1:
        raise InputInvalid(
            f"{asked.metric} is there under several rules of giving credit: {', '.join(map(repr, ways))}.",
            why="the same act may count under each of them",
            remedy="Say which belong together, or keep them apart by `attribution`.",
        )
    groups: dict[tuple[str, ...], list[Any]] = {}
    money = metric.unit is Unit.MONEY
    for row in found:
        key = (*(str(row[name]) for name in asked.by), *((row["currency"] or "",) if money else ()))
        groups.setdefault(key, []).append(row)
    if not metric.additive and any(len(group) > 1 for group in groups.values()):
        raise InputInvalid(
            f"{asked.metric} cannot be added up.",
            why="somebody who is in two of the facts would count twice",
            remedy="Ask for one entity and day at a time: by `entity_id`, `on` and `attribution`.",
        )
    return {
        key: Total(
            sum((Decimal(row["value"]) for row in group), Decimal(0)),
            (group[0]["currency"] or None) if money else None,
            all(row["is_final"] for row in group),
            len(group),
        )
        for key, group in groups.items()
    }


def _facts(connection: Sql, tenant: str, asked: Question) -> list[dict[str, Any]]:
    where, given = ["tenant_id = ?", "metric = ?", "entity_kind = ?", "breakdown = ?"], [tenant, asked.metric]
    given += [asked.kind, asked.breakdown]
    for column, sign, value in (("on", ">=", asked.since), ("on", "<=", asked.until)):
        if value is not None:
            where.append(f'"{column}" {sign} ?')
            given.append(value)
    if asked.as_of is None:
        where.append("deleted_at IS NULL")
    rows = [
        dict(row)
        for row in connection.execute(
            'SELECT id, "on", entity_id, connection_id, attribution, breakdown, currency, value, is_final, fetched_at,'
            f" deleted_at FROM metric_fact WHERE {' AND '.join(where)}",
            given,
        )
    ]
    # A fact keeps the id that it was measured under; whoever was merged meanwhile is counted as who was kept.
    now = current_ids(connection, tenant, asked.kind, {row["entity_id"] for row in rows})
    rows = [{**row, "entity_id": now[row["entity_id"]]} for row in rows]
    if asked.entities is not None:
        rows = [row for row in rows if row["entity_id"] in asked.entities]
    if asked.attributions is not None:
        rows = [row for row in rows if row["attribution"] in asked.attributions]
    return rows if asked.as_of is None else [_then(connection, tenant, row, asked.as_of) for row in rows]


def _then(connection: Sql, tenant: str, row: dict[str, Any], at: str) -> dict[str, Any]:
    """A fact as it was known at an instant; without a value if it was not known yet."""
    ended = row["deleted_at"]
    if (row["fetched_at"] or "") <= at:
        return {**row, "value": None} if ended and ended <= at else row
    found = connection.execute(
        "SELECT value FROM fact_snapshot WHERE tenant_id = ? AND fact_id = ? AND fetched_at <= ?"
        " ORDER BY snapshot DESC LIMIT 1",
        (tenant, row["id"], at),
    ).fetchone()
    return {**row, "value": found["value"] if found else None, "is_final": False}
