"""The days of a report: presets, ranges and the buckets that `time_increment` cuts them into.

developers.facebook.com/docs/marketing-api/insights/parameters: presets that count back do not include today; the preset
when nothing is said is last_30d. 37 months: error 3018, quoted in daroczig/fbRads#137. Read 2026-11-25.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta

from vaiven_connectors.meta_ads._sim_words import Ask, graph_error, parameter

MONTHS = 37
"""How far back Insights goes."""
_DAY = timedelta(days=1)
Span = tuple[date, date]


def months_back(day: date, months: int) -> date:
    """The same day so many months earlier, or the month's last one."""
    number = day.year * 12 + day.month - 1 - months
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def spans(ask: Ask, today: date) -> list[Span]:
    """First and last day of each range that is asked for.

    Raises:
        Refusal: a range that is none, or begins too long ago.
    """
    ranges = ask.listed("time_ranges")
    one = ask.mapping("time_range")
    if ranges or one is not None:
        found = [_range(given) for given in (ranges or [one])]
    else:
        found = [preset(ask.text("date_preset", "last_30d"), today)]
    for since, _ in found:
        if since < months_back(today, MONTHS):
            message = "(#3018) The start date of the time range cannot be beyond 37 months from the current date"
            raise graph_error(3018, message)
    return found


def _range(given: object) -> Span:
    if not isinstance(given, dict) or not {"since", "until"} <= set(given):
        raise parameter("param time_range must be non-empty.", "time_range")
    try:
        since, until = (date.fromisoformat(str(given[name])) for name in ("since", "until"))
    except ValueError:
        raise parameter("Must be a date representation in the format YYYY-MM-DD", "time_range") from None
    if since > until:
        raise parameter("time_range: since must be before until", "time_range")
    return since, until


def preset(name: str, today: date) -> Span:
    """A preset's days.

    Raises:
        Refusal: `(#100)`.
    """
    yesterday = today - _DAY
    first = today.replace(day=1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    monday, sunday = today - _DAY * today.weekday(), today - _DAY * ((today.weekday() + 1) % 7)
    named = {
        "today": (today, today),
        "yesterday": (yesterday, yesterday),
        "this_month": (first, today),
        "last_month": (months_back(first, 1), first - _DAY),
        "this_quarter": (quarter, today),
        "last_quarter": (months_back(quarter, 3), quarter - _DAY),
        "this_year": (today.replace(month=1, day=1), today),
        "last_year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "this_week_mon_today": (monday, today),
        "this_week_sun_today": (sunday, today),
        "last_week_mon_sun": (monday - _DAY * 7, monday - _DAY),
        "last_week_sun_sat": (sunday - _DAY * 7, sunday - _DAY),
        "maximum": (months_back(today, MONTHS), today),
        "data_maximum": (months_back(today, MONTHS), today),
    }
    counted = {"last_3d": 3, "last_7d": 7, "last_14d": 14, "last_28d": 28, "last_30d": 30, "last_90d": 90}
    if name in counted:
        return today - _DAY * counted[name], yesterday
    if name not in named:
        choices = ", ".join(sorted({*named, *counted}))
        raise parameter(f"Param date_preset must be one of {{{choices}}}", "date_preset")
    return named[name]


def buckets(ask: Ask, span: Span) -> list[Span]:
    """The range in the pieces of `time_increment`: all of it, months, or so many days each.

    Raises:
        Refusal: `(#100)`.
    """
    said = ask.text("time_increment", "all_days")
    if said == "all_days":
        return [span]
    if said == "monthly":
        return list(_months(span))
    if not said.isdigit() or not 1 <= int(said) <= 90:
        raise parameter("Param time_increment must be an integer from 1 to 90, monthly or all_days", "time_increment")
    step = _DAY * int(said)
    since, until = span
    found = []
    while since <= until:
        found.append((since, min(since + step - _DAY, until)))
        since += step
    return found


def _months(span: Span) -> Iterator[Span]:
    since, until = span
    while since <= until:
        last = since.replace(day=calendar.monthrange(since.year, since.month)[1])
        yield since, min(last, until)
        since = last + _DAY
