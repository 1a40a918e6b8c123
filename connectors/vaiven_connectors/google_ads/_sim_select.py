"""Answers a query that is allowed: picks the rows, adds up the metrics, sorts, and writes them as JSON.

Rules: developers.google.com/google-ads/api/docs/reporting/zero-metrics (a segmented row whose selected metrics are all
zero is left out; without segments it stays), .../docs/query/structure (the resource name comes with every selected
resource), .../docs/rest/design/json-mappings (int64 as strings, names in camel case). Read 2026-11-25.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from vaiven_connectors.google_ads._sim_account import Account, Row
from vaiven_connectors.google_ads._sim_check import Plan
from vaiven_connectors.google_ads._sim_dates import period_start
from vaiven_connectors.google_ads._sim_facts import Action, Figures, Shown, metric, total
from vaiven_connectors.google_ads._sim_gaql import Condition, Word
from vaiven_connectors.google_ads._sim_schema import BY_ACTION, Field
from vaiven_connectors.google_ads._sim_words import Json, camel

Context = dict[str, Row]
"""Resource -> its row, `segments` and `metrics` among them."""
_LEVEL = {"campaign": 1, "ad_group": 2, "ad_group_ad": 3}


def actions_of(account: Account) -> dict[str, Action]:
    """The conversion actions of an account, as its facts need them."""
    return {
        key: Action(key, int(row["click_through_lookback_window_days"]), bool(row["include_in_conversions_metric"]))
        for key, row in account.rows["conversion_action"].items()
    }


def answer(plan: Plan, account: Account, contexts: Iterable[Context], at: datetime) -> list[Context]:
    """The rows of a query, in order.

    Args:
        plan: what is asked.
        account: whose customer it is.
        contexts: all rows of the resource in FROM, each with what stands beside it.
        at: now.
    """
    attributes = [(one, test) for one, test in plan.tests if one.resource not in {"metrics", "segments"}]
    figures = [(one, test) for one, test in plan.tests if one.resource in {"metrics", "segments"}]
    found = [context for context in contexts if all(_holds(context, one, test) for one, test in attributes)]
    if plan.metrics or plan.segments:
        measured = _measured(plan, account, found, at)
        found = [context for context in measured if all(_holds(context, one, test) for one, test in figures)]
    # Without ORDER BY the order is not determined, as the documentation has it.
    found.sort(key=_shuffled)
    for name, down in reversed(plan.query.order):
        resource, _, local = name.partition(".")
        found.sort(key=lambda one, r=resource, n=local: _rank(one.get(r, {}).get(n)), reverse=down)  # type: ignore[misc]
    return found if plan.query.limit is None else found[: plan.query.limit]


def _shuffled(context: Context) -> int:
    names = [str(row.get("resource_name", "")) for row in context.values()]
    return zlib.crc32("|".join([*names, str(context.get("segments"))]).encode())


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is not None, "" if value is None else value)


# ---------------------------------------------------------------------------------------------------------- metrics


def _measured(plan: Plan, account: Account, contexts: list[Context], at: datetime) -> list[Context]:
    sums = _sums(plan, account, at)
    segmented = bool(plan.segments)
    selected = [one for one in plan.fields if one.resource == "metrics"]
    found = []
    for context in contexts:
        of_row = sums.get(_key(plan.query.resource, context), {})
        if not segmented:
            of_row = of_row or {(): {}}
        for values, figures in of_row.items():
            metrics = {one.local: metric(figures, one.local) for one in plan.metrics}
            if (
                segmented
                and not any(metrics[one.local] for one in selected)
                and (selected or not any(figures.values()))
            ):
                continue
            row: Context = {**context, "metrics": metrics, "figures": figures}
            row["segments"] = dict(zip((one.local for one in plan.segments), values, strict=False))
            found.append(row)
    return found


def _key(resource: str, context: Context) -> tuple[str, ...]:
    row = context[resource]
    if resource in _LEVEL:
        name = str(row["resource_name"]).rpartition("/")[2]
        return tuple(name.split("~"))[-1:]
    if resource in {"campaign_budget", "conversion_action"}:
        return (str(row["id"]),)
    return ()


def _sums(plan: Plan, account: Account, at: datetime) -> dict[tuple[str, ...], dict[tuple[Any, ...], Figures]]:
    """Resource -> values of the segments -> figures."""
    names = account.rows["conversion_action"]
    of: dict[tuple[str, ...], dict[tuple[Any, ...], list[Figures]]] = {}
    owner = _owner(plan.query.resource, account)
    by_action = any(one.local in BY_ACTION for one in plan.segments)
    for shown in account.facts.shown(plan.start, plan.end, at, actions_of(account)):
        if by_action and not shown.action:
            continue
        key = owner(shown)
        if key is None:
            continue
        values = tuple(_segment(one.local, shown, names, account) for one in plan.segments)
        of.setdefault(key, {}).setdefault(values, []).append(shown.figures)
    return {key: {values: total(rows) for values, rows in held.items()} for key, held in of.items()}


def _owner(resource: str, account: Account) -> Callable[[Shown], tuple[str, ...] | None]:
    if resource in _LEVEL:
        at = _LEVEL[resource] - 1
        return lambda shown: (shown.key[at],) if shown.key[at] else None
    if resource == "conversion_action":
        return lambda shown: (shown.action,) if shown.action else None
    if resource == "campaign_budget":
        budgets = {key: str(row["campaign_budget"]).rpartition("/")[2] for key, row in account.rows["campaign"].items()}
        return lambda shown: (budgets.get(shown.key[0], ""),)
    return lambda _: ()


_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_MONTHS = "JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER".split()


def _segment(name: str, shown: Shown, actions: Mapping[str, Row], account: Account) -> Any:
    if name in {"date", "week", "month", "quarter"}:
        return period_start(name, shown.day).isoformat()
    if name in BY_ACTION:
        row = actions.get(shown.action, {})
        own = account.name_of("conversion_action", shown.action)
        return {"conversion_action": own, "conversion_action_name": row.get("name")}.get(name, row.get("category"))
    plain = {"year": shown.day.year, "device": shown.device, "ad_network_type": shown.network}
    return plain[name] if name in plain else _named(name, shown.day)


def _named(name: str, day: date) -> str:
    return _DAYS[day.weekday()] if name == "day_of_week" else _MONTHS[day.month - 1]


# ---------------------------------------------------------------------------------------------------------- filters


def _holds(context: Context, one: Field, condition: Condition) -> bool:
    value = context.get(one.resource, {}).get(one.local)
    empty = value is None or value in ("", [], ())
    if condition.op in {"IS NULL", "IS NOT NULL"}:
        return empty == (condition.op == "IS NULL")
    operands = [_typed(one, each) for each in condition.values]
    if one.many:
        return _contains(value or [], condition.op, operands)
    if empty:
        return condition.op.startswith("NOT ")
    if condition.op == "DURING":
        return True  # change dates: `_sim_log` has cut the rows already
    return _compares(value, condition.op, operands)


def _typed(one: Field, value: Any) -> Any:
    text = value.text if isinstance(value, Word) else value
    if one.kind in {"int64", "int32", "uint64", "double"}:
        number = float(text)
        return int(number) if number.is_integer() else number
    return str(text).lower() == "true" if one.kind == "bool" else text


def _contains(value: list[Any], op: str, operands: list[Any]) -> bool:
    hits = [one in value for one in operands]
    return all(hits) if op == "CONTAINS ALL" else any(hits) == (op == "CONTAINS ANY")


def _compares(value: Any, op: str, operands: list[Any]) -> bool:
    first = operands[0]
    tests: dict[str, Callable[[], bool]] = {
        "=": lambda: bool(value == first),
        "!=": lambda: bool(value != first),
        ">": lambda: bool(value > first),
        ">=": lambda: bool(value >= first),
        "<": lambda: bool(value < first),
        "<=": lambda: bool(value <= first),
        "IN": lambda: value in operands,
        "NOT IN": lambda: value not in operands,
        "BETWEEN": lambda: bool(first <= value <= operands[-1]),
        "LIKE": lambda: bool(like(first).fullmatch(str(value))),
        "NOT LIKE": lambda: not like(first).fullmatch(str(value)),
        "REGEXP_MATCH": lambda: bool(re.fullmatch(str(first), str(value))),
        "NOT REGEXP_MATCH": lambda: not re.fullmatch(str(first), str(value)),
    }
    return tests[op]()


def like(pattern: str) -> re.Pattern[str]:
    """A LIKE pattern: `%` any text, `_` one character, and either of them literally in brackets."""
    parts = re.split(r"(\[.\]|%|_)", pattern)
    text = "".join(
        {"%": ".*", "_": "."}.get(part, re.escape(part[1:-1] if part[:1] == "[" else part)) for part in parts
    )
    return re.compile(text, re.IGNORECASE | re.DOTALL)


# ------------------------------------------------------------------------------------------------------------- JSON


def render(plan: Plan, context: Context) -> Json:
    """One GoogleAdsRow."""
    found: Json = {}
    bare = plan.query.parameters.get("omit_unselected_resource_names") == "true"
    resources = dict.fromkeys([plan.query.resource, *(one.resource for one in plan.fields)])
    for resource in resources:
        if resource in {"metrics", "segments"}:
            continue
        row = context.get(resource, {})
        if not bare and row.get("resource_name"):
            _place(found, f"{resource}.resource_name", row["resource_name"])
        nested = resource == "ad_group_ad" and any(one.name.startswith("ad_group_ad.ad.") for one in plan.fields)
        if not bare and nested:
            _place(found, "ad_group_ad.ad.resource_name", row.get("ad.resource_name"))
    for one in plan.fields:
        value = wire(one, context.get(one.resource, {}).get(one.local))
        if value is not None:
            _place(found, one.name, value)
    return found


def _place(found: Json, name: str, value: Any) -> None:
    *path, last = (camel(part) for part in name.split("."))
    at = found
    for part in path:
        at = at.setdefault(part, {})
    at[last] = value


def wire(one: Field, value: Any) -> Any:
    """A value as JSON has it; None for nothing to show."""
    if value is None or value in ("", [], ()):
        return None
    if one.many:
        return [wire(Field(one.name, one.kind, one.enum), each) for each in value] if one.kind != "message" else value
    return str(int(value)) if one.kind in {"int64", "uint64"} else value


def document(resource: str, row: Row, known: Mapping[str, Field]) -> Json:
    """A whole resource as JSON, without what only Google works out."""
    found: Json = {}
    for name, value in row.items():
        one = known.get(name)
        if one is not None and (shown := wire(one, value)) is not None:
            _place(found, f"{resource}.{name}", shown)
    held: Json = found.get(camel(resource), {})
    return held
