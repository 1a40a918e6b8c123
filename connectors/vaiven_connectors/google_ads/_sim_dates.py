"""Days and periods of a query; a week begins on Monday (segments.week of the messages).

The literals are those of developers.google.com/google-ads/api/docs/query/date-ranges, read 2026-11-25.
"""

from __future__ import annotations

from datetime import date, timedelta

from vaiven_connectors.google_ads._sim_gaql import wrong


def day_of(text: object) -> date:
    """A day of a query, with or without hyphens.

    Raises:
        Refusal: QueryError.INVALID_DATE_FORMAT.
    """
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise wrong("INVALID_DATE_FORMAT", f"Invalid date '{text}'. Expected 'YYYY-MM-DD'.") from None


def during(name: str, today: date) -> tuple[date, date]:
    """The first and the last day of a range literal."""
    monday = today - timedelta(days=today.weekday())
    sunday = today - timedelta(days=(today.weekday() + 1) % 7)
    first = today.replace(day=1)
    yesterday = today - timedelta(days=1)
    ranges = {
        "TODAY": (today, today),
        "YESTERDAY": (yesterday, yesterday),
        "LAST_7_DAYS": (today - timedelta(days=7), yesterday),
        "LAST_14_DAYS": (today - timedelta(days=14), yesterday),
        "LAST_30_DAYS": (today - timedelta(days=30), yesterday),
        "THIS_MONTH": (first, today),
        "LAST_MONTH": ((first - timedelta(days=1)).replace(day=1), first - timedelta(days=1)),
        "THIS_WEEK_MON_TODAY": (monday, today),
        "THIS_WEEK_SUN_TODAY": (sunday, today),
        "LAST_WEEK_MON_SUN": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "LAST_WEEK_SUN_SAT": (sunday - timedelta(days=7), sunday - timedelta(days=1)),
        "LAST_BUSINESS_WEEK": (monday - timedelta(days=7), monday - timedelta(days=3)),
    }
    return ranges[name]


def period_start(name: str, day: date) -> date:
    """The first day of the week (from Monday), month or quarter that a day is in."""
    if name == "week":
        return day - timedelta(days=day.weekday())
    if name == "month":
        return day.replace(day=1)
    if name == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day


def period_end(name: str, first: date) -> date:
    """The last day of the period that begins on `first`."""
    if name == "week":
        return first + timedelta(days=6)
    months = {"month": 1, "quarter": 3}.get(name)
    if months is None:
        return first
    return (first.replace(day=1) + timedelta(days=31 * months)).replace(day=1) - timedelta(days=1)
