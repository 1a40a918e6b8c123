"""What a query may ask: which fields go together, which filters a field takes, and which dates it must name.

Rules: developers.google.com/google-ads/api/docs/query/ordering-limiting, .../docs/reporting/segmentation (a core date
segment that is selected needs a finite range in WHERE), .../docs/deprecations (days older than 37 months are gone since
2026-06-01), and the sentences of QueryErrorEnum. Read 2026-11-25.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from vaiven_connectors.google_ads import _sim_schema as schema
from vaiven_connectors.google_ads._sim_dates import day_of, during, period_end, period_start
from vaiven_connectors.google_ads._sim_gaql import Condition, Query, Word, wrong
from vaiven_connectors.google_ads._sim_schema import BY_ACTION, CORE_DATES, Field
from vaiven_connectors.google_ads._sim_words import refuse
from vaiven_sdk.testing import Refusal

_ORDERED = {"=", "!=", ">", ">=", "<", "<=", "IN", "NOT IN", "BETWEEN", "IS NULL", "IS NOT NULL"}
_STRINGS = {"=", "!=", "IN", "NOT IN", "LIKE", "NOT LIKE", "REGEXP_MATCH", "NOT REGEXP_MATCH", "IS NULL", "IS NOT NULL"}
_ENUMS = {"=", "!=", "IN", "NOT IN", "IS NULL", "IS NOT NULL"}
_LISTS = {"CONTAINS ANY", "CONTAINS ALL", "CONTAINS NONE", "IS NULL", "IS NOT NULL"}
_DATES = _ORDERED | {"DURING"}
TIMES = {"change_status.last_change_date_time": 90, "change_event.change_date_time": 30}
"""Fields that are instants -> days back to which a query may go."""
_MONTHS_KEPT = 37
_MOST_CHANGES = 10_000


@dataclass(slots=True)
class Plan:
    """A query that is allowed.

    Args:
        query: as written.
        fields: of SELECT, in order.
        tests: conditions on attributes, segments and metrics, without those on dates.
        start: first day that counts, None for no bound.
        end: last day that counts.
        segments: those selected.
        metrics: those selected or filtered by.
    """

    query: Query
    fields: list[Field]
    tests: list[tuple[Field, Condition]] = field(default_factory=list)
    start: date | None = None
    end: date | None = None
    segments: list[Field] = field(default_factory=list)
    metrics: list[Field] = field(default_factory=list)

    def wants(self, resource: str) -> bool:
        """Whether a field of this resource is selected or filtered by."""
        return any(one.resource == resource for one in (*self.fields, *(one for one, _ in self.tests)))


def check(query: Query, version: str, today: date, *, manager: bool) -> Plan:
    """What a query comes to.

    Args:
        query: as parsed.
        version: of the API.
        today: in the customer's time zone.
        manager: the customer is a manager account.

    Raises:
        Refusal: a QueryError, DateRangeError, ChangeStatusError or ChangeEventError.
    """
    if query.resource not in schema.resources():
        raise wrong("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", f"Error in query: invalid resource '{query.resource}' in FROM.")
    plan = Plan(query, [_known(name, "SELECT", query, version) for name in query.select])
    filters = [(_known(one.field, "WHERE", query, version), one) for one in query.where]
    for one, condition in filters:
        _operator(one, condition)
    plan.segments = [one for one in plan.fields if one.resource == "segments"]
    named = [*plan.fields, *(one for one, _ in filters)]
    plan.metrics = list(dict.fromkeys(one for one in named if one.resource == "metrics"))
    if plan.metrics and manager:
        raise wrong(
            "REQUESTED_METRICS_FOR_MANAGER",
            "Metrics cannot be requested for a manager account. To retrieve metrics, issue separate requests against "
            "each client account under the manager account.",
        )
    _together(plan, named)
    for one, condition in filters:
        if one.resource == "segments" and one.local in CORE_DATES:
            _narrow(plan, one, condition, today)
        else:
            plan.tests.append((one, condition))
    _dates(plan, today)
    _order(plan, version)
    _changes(plan, today)
    return plan


def _known(name: str, clause: str, query: Query, version: str) -> Field:
    found = schema.find(name, version)
    if found is None:
        raise wrong("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
    if found.resource == "metrics":
        if query.resource not in schema.MEASURED:
            raise wrong(
                "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
                f"Cannot select or filter on the following metrics: '{name}', since metrics is incompatible with the "
                f"resource {query.resource} in FROM.",
            )
        if found.local not in schema.METRICS:
            raise wrong("QUERY_ERROR", f"This simulator holds no data for '{name}'.")
        if query.resource == "conversion_action" and found.local not in schema.ALL_ONLY:
            raise wrong(
                "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
                f"Cannot select or filter on the following metrics: '{name}', since metrics is incompatible with the "
                "resource conversion_action in FROM.",
            )
    elif found.resource == "segments":
        if query.resource not in schema.MEASURED or (query.resource == "conversion_action" and found.local == "device"):
            raise wrong(
                "PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE",
                f"Cannot select or filter on the following segments: '{name}', since segments is incompatible with "
                f"the resource {query.resource} in FROM.",
            )
        if found.local not in schema.SEGMENTS:
            raise wrong("QUERY_ERROR", f"This simulator holds no data for '{name}'.")
    elif found.resource != query.resource and found.resource not in schema.ATTRIBUTED[query.resource]:
        raise wrong(
            f"PROHIBITED_RESOURCE_TYPE_IN_{clause}_CLAUSE",
            f"Cannot {'select' if clause == 'SELECT' else 'filter on'} fields from the following resources: "
            f"'{found.resource.upper()}', since the resource is incompatible with the resource in FROM clause.",
        )
    return found


def _together(plan: Plan, named: list[Field]) -> None:
    selected = {one.name for one in plan.fields}
    for one in named:
        if one.resource == "segments" and one.local not in CORE_DATES and one.name not in selected:
            raise wrong(
                "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
                f"The following field must be present in SELECT clause: '{one.name}'.",
            )
    by_action = [one.name for one in plan.segments if one.local in BY_ACTION]
    clickwise = [one.name for one in plan.metrics if not _by_action(one.local)]
    if by_action and clickwise:
        raise wrong(
            "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
            f"Cannot select the following segments: '{', '.join(by_action)}', since they are incompatible with the "
            f"metrics '{', '.join(clickwise)}'.",
        )


def _by_action(metric: str) -> bool:
    return metric in schema.CONVERSIONWISE or metric in {"value_per_conversion", "value_per_all_conversions"}


def _operator(one: Field, condition: Condition) -> None:
    if one.many:
        allowed = _LISTS
    elif one.name in {f"segments.{name}" for name in CORE_DATES} - {"segments.year"} or one.name in TIMES:
        allowed = _DATES
    elif one.kind == "enum":
        allowed = _ENUMS
    elif one.kind == "string":
        allowed = _STRINGS
    elif one.kind == "message":
        raise wrong("PROHIBITED_FIELD_IN_WHERE_CLAUSE", f"A field that is not filterable: '{one.name}'.")
    else:
        allowed = _ORDERED
    if condition.op not in allowed:
        raise wrong("OPERATOR_FIELD_MISMATCH", f"Operator '{condition.op}' is inapplicable to the field '{one.name}'.")
    for value in condition.values:
        _operand(one, value)


def _operand(one: Field, value: str | float | Word) -> None:
    text = value.text if isinstance(value, Word) else value
    if one.kind == "enum":
        if text not in {*schema.values_of(one.enum), "UNKNOWN", "UNSPECIFIED"}:
            raise wrong("BAD_ENUM_CONSTANT", f"Invalid enum value '{text}' cannot be used in WHERE for '{one.name}'.")
    elif one.kind in {"int64", "int32", "double", "uint64"}:
        try:
            float(text)
        except ValueError:
            raise wrong("BAD_NUMBER", f"Invalid number '{text}' for '{one.name}'.") from None
    elif one.kind == "bool" and str(text).lower() not in {"true", "false"}:
        raise wrong("BAD_VALUE", f"Value '{text}' is invalid for '{one.name}'.")
    elif one.kind == "string" and not isinstance(value, str) and not isinstance(value, Word):
        raise wrong("INVALID_STRING_VALUE", f"Value '{text}' of '{one.name}' must be a string.")
    elif one.kind == "string" and isinstance(value, Word) and one.name not in {*TIMES, "segments.date"}:
        raise wrong("INVALID_STRING_VALUE", f"Value '{text}' of '{one.name}' must be in quotation marks.")


def _bounds(one: Field, condition: Condition, today: date) -> tuple[date | None, date | None]:
    if condition.op == "DURING":
        return during(str(condition.values[0]), today)
    days = [_aligned(one, value) for value in condition.values]
    if condition.op == "BETWEEN":
        return days[0][0], days[1][1]
    if condition.op not in {"=", ">", ">=", "<", "<="}:
        raise wrong("OPERATOR_FIELD_MISMATCH", f"Operator '{condition.op}' is inapplicable to the field '{one.name}'.")
    first, last = days[0]
    step = timedelta(days=1)
    bounds: dict[str, tuple[date | None, date | None]] = {
        "=": (first, last),
        ">": (last + step, None),
        ">=": (first, None),
        "<": (None, first - step),
        "<=": (None, last),
    }
    return bounds[condition.op]


def _aligned(one: Field, value: object) -> tuple[date, date]:
    """The days that a value stands for: of a week, a month, a quarter, a year, or one."""
    if one.local == "year":
        year = int(str(value))
        return date(year, 1, 1), date(year, 12, 31)
    day = day_of(value)
    if period_start(one.local, day) != day:
        raise wrong("MISALIGNED_DATE_FOR_FILTER", f"Misaligned date value '{value}' for the filter '{one.name}'.")
    return day, period_end(one.local, day)


def _narrow(plan: Plan, one: Field, condition: Condition, today: date) -> None:
    start, end = _bounds(one, condition, today)
    if start is not None:
        plan.start = start if plan.start is None else max(plan.start, start)
    if end is not None:
        plan.end = end if plan.end is None else min(plan.end, end)


def _dates(plan: Plan, today: date) -> None:
    cores = [one for one in plan.segments if one.local in CORE_DATES]
    if (plan.start is None) != (plan.end is None) or (cores and plan.start is None):
        raise wrong(
            "EXPECTED_FILTERS_ON_DATE_RANGE",
            "Expected filters on the following field: 'segments.date', 'segments.week', 'segments.month', "
            "'segments.quarter' or 'segments.year' that make a finite range.",
        )
    if plan.start is None or plan.end is None:
        return
    if plan.start > plan.end:
        raise wrong("DATE_RANGE_TOO_NARROW", "Filters on date/week/month/quarter have a start date after end date.")
    months = today.year * 12 + today.month - 1 - _MONTHS_KEPT
    oldest = date(months // 12, months % 12 + 1, 1)
    if plan.start < oldest and any(one.local in {"date", "week"} for one in cores):
        raise refuse(
            "dateRangeError",
            "REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED",
            "The requested time granularity is not supported for the date range in the query. Metrics with daily, "
            "hourly, or weekly segmentation are only available for the last 37 months.",
        )


def _order(plan: Plan, version: str) -> None:
    selected = {one.name for one in plan.fields}
    resources = {plan.query.resource, *(one.resource for one in plan.fields)} - {"metrics", "segments"}
    for name, _ in plan.query.order:
        one = _known(name, "SELECT", plan.query, version)
        if name not in selected and one.resource not in resources:
            raise wrong(
                "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
                f"The following field must be present in SELECT clause: '{name}'.",
            )
        if not one.sortable:
            raise wrong("PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE", f"Cannot order by the field '{name}'.")


def _changes(plan: Plan, today: date) -> None:
    name = next((name for name in TIMES if name.startswith(f"{plan.query.resource}.")), "")
    if not name:
        return
    category = "changeStatusError" if plan.query.resource == "change_status" else "changeEventError"

    def say(code: str, message: str) -> Refusal:
        return refuse(category, code, message)

    low: str | None = None
    high: str | None = None
    for one, condition in plan.tests:
        if one.name == name:
            low, high = _instants(condition, today, low, high)
    if low is None or high is None:
        raise say("CHANGE_DATE_RANGE_INFINITE", f"The request must specify a finite range filter on {name}.")
    if low > high:
        raise say("CHANGE_DATE_RANGE_NEGATIVE", "The request has specified invalid date time filters.")
    if day_of(low[:10]) < today - timedelta(days=TIMES[name]):
        raise say("START_DATE_TOO_OLD", f"The requested start date is older than {TIMES[name]} days.")
    if plan.query.limit is None:
        raise say("LIMIT_NOT_SPECIFIED", "The request must specify a LIMIT.")
    if plan.query.limit > _MOST_CHANGES:
        raise say("INVALID_LIMIT_CLAUSE", "The LIMIT specified should be less than or equal to 10K.")


def _instants(condition: Condition, today: date, low: str | None, high: str | None) -> tuple[str | None, str | None]:
    texts = [str(value) for value in condition.values if not isinstance(value, Word)]
    for text in texts:
        day_of(text[:10])
    if condition.op == "DURING":
        first, last = during(str(condition.values[0]), today)
        return first.isoformat(), f"{last.isoformat()} 23:59:59.999999"
    if condition.op in {"=", "BETWEEN"}:
        return texts[0], texts[-1]
    if condition.op in {">", ">="}:
        return texts[0], high
    if condition.op in {"<", "<="}:
        return low, texts[0]
    return low, high
