"""Figures by day: an asynchronous report for each span of days, and facts of it.

developers.facebook.com, read 2026-11-25: ads-commerce/marketing-api/insights (parameters, asynchronous jobs),
.../insights/error-codes (a report that failed says why from v25.0 on), reference/ads-action-stats (windows), and the
blog of 2025-10-16 (7d_view and 28d_view are gone).
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from vaiven_sdk import Batch, Record, TooMany, VaivenError, Window, derive, get, post, report, windows, wire
from vaiven_sdk.http import Answer
from vaiven_sdk.model import MetricFact
from vaiven_sdk.model.metrics import Attribution
from vaiven_sdk.read import Read

from ._account import Hub, place
from ._errors import LESS, TOO_MUCH
from ._listing import PAGE, Edge
from ._objects import ADS, CAMPAIGNS

RESTATED = 28
"""Days for which figures still change: an act may be credited to a click of 28 days before."""
WINDOWS = {"7d_click": Attribution(click_days=7), "1d_view": Attribution(view_days=1)}
"""Two windows that share no act, so their sum is what Meta shows by default: 7 days after a click or 1 after a view."""
SPAN = 90
"""Days in one report; one that is too much for Meta is halved."""


class Figures(Record[MetricFact], key="key", cursor="day"):
    """One object's day: what was spent and seen, or what one window credits to it."""

    key: str = wire()
    object_id: str = wire("object")
    level: str = wire(to="entity_kind")
    day: date = wire(to="on")
    zone: str = wire(to="timezone")
    attribution: str = wire(to="attribution")
    currency: str | None = wire(to="currency")
    final: bool = wire(to="is_final")
    spend: Decimal | None = wire(to="spend")
    impressions: int | None = wire(to="impressions")
    clicks: int | None = wire(to="clicks")
    link_clicks: int | None = wire("inline_link_clicks", to="link_clicks")
    reach: int | None = wire(to="reach")
    conversions: Decimal | None = wire(to="conversions")
    conversion_value: Decimal | None = wire(to="conversion_value")


class CampaignFigures(Figures, key="key", cursor="day"):
    """A campaign's day."""

    @derive("entity_id", ref="campaigns")
    def entity(self) -> str:
        """The campaign."""
        return self.object_id


class AdFigures(Figures, key="key", cursor="day"):
    """An ad's day."""

    @derive("entity_id", ref="ads")
    def entity(self) -> str:
        """The ad."""
        return self.object_id


COUNTS = ("spend", "impressions", "clicks", "inline_link_clicks", "reach")


def _failed(answer: Answer) -> VaivenError | None:
    """A report that was too much, by the codes that it carries from v25.0 on: the span is then halved."""
    told = answer.json()
    codes, said = (told.get("error_code"), told.get("error_subcode")), str(told.get("error_message") or "")
    if told.get("async_status") == "Job Failed" and (codes in TOO_MUCH or LESS in said.lower()):
        return TooMany("Meta could not make a report of so many days.", why=said or f"code {codes[0]}/{codes[1]}")
    return None


def _range(window: Window) -> dict[str, str | None]:
    return {"since": window.since, "until": window.until}


def daily(edge: Edge) -> Read:
    """Reports of an account's objects by day, archived and deleted ones with them."""
    statuses = [*edge.statuses, "DELETED"]
    ordered = post(
        "/{config.ad_account}/insights",
        json={
            "level": edge.level,
            "fields": [f"{edge.level}_id", "account_currency", *COUNTS, "actions", "action_values"],
            "time_increment": "1",
            "time_range": _range,
            "action_attribution_windows": list(WINDOWS),
            "filtering": [{"field": f"{edge.level}.effective_status", "operator": "IN", "value": statuses}],
        },
    )
    return windows(
        report(
            create=ordered,
            job="report_run_id",
            poll=get("/{job}").checked(_failed),
            status="async_status",
            done="Job Completed",
            failed=("Job Failed", "Job Skipped"),
            download=get("/{job}/insights", items="data", page=PAGE),
            format=None,
            wait=0.25,
            # A report is kept for 30 days; a day is long enough to go on with one.
            expires=86_400.0,
        ),
        days=SPAN,
        start="2020-01-01",
        dates=True,
    )


CAMPAIGN_DAYS, AD_DAYS = daily(CAMPAIGNS), daily(ADS)


def facts(row: Mapping[str, Any], level: str, action: str, zone: str, today: date) -> Iterator[dict[str, Any]]:
    """One row of a report as facts: what needs no attribution, then each window.

    A window without a conversion says 0: else a conversion that Meta takes back would stay.
    """
    object_id, day = row[f"{level}_id"], row["date_start"]
    base = {
        "object": object_id,
        "level": level,
        "day": day,
        "zone": zone,
        "currency": row.get("account_currency"),
        "final": (today - date.fromisoformat(day)).days >= RESTATED,
    }
    yield {**base, "key": f"{object_id}/{day}", "attribution": "", **{name: row.get(name) for name in COUNTS}}
    acts, values = _of(row, "actions", action), _of(row, "action_values", action)
    for name, window in WINDOWS.items():
        yield {
            **base,
            "key": f"{object_id}/{day}/{name}",
            "attribution": replace(window, action=action, counting="event_time").key(),
            "conversions": acts.get(name) or "0",
            "conversion_value": values.get(name) or "0",
        }


def _of(row: Mapping[str, Any], field: str, action: str) -> Mapping[str, Any]:
    """The entry of ONE action type: Meta tells one purchase under several, and they are never added up."""
    return next((one for one in row.get(field) or () if one.get("action_type") == action), {})


async def read(hub: Hub, window: Window, state: Any, days: Read, level: str) -> AsyncIterator[Batch]:
    """Reports from `window.since` on, or as many days back as the settings say."""
    currency, zone = await place(hub)
    since = window.since
    if since is None:
        today = datetime.now(ZoneInfo(zone)).date()
        since = (today - timedelta(days=hub.config.history_days)).isoformat()
    async for page in hub.walk(days, replace(window, since=since, zone=zone), state=state):
        now = datetime.fromisoformat(page.date) if page.date else datetime.now(ZoneInfo(zone))
        today = now.astimezone(ZoneInfo(zone)).date()
        rows = [{"account_currency": currency, **json.loads(bytes(item))} for item in page.items]
        found = [fact for row in rows for fact in facts(row, level, hub.config.conversion_action, zone, today)]
        yield Batch(found, state=page.state, since=page.since)
