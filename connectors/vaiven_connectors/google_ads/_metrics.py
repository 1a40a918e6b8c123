"""Figures of campaigns by day: what they cost and showed, and the conversions that are credited to them.

- A day is one of the account's time zone, and money is in the account's currency; both come with each row.
- A row of zeros is left out of a query with a segment ("Zero metrics"), so a day without a row is a day of zeros.
- Conversions are booked on the day of the click or view that led to them, and go on arriving for as long as the
  conversion window: 30 days after a click unless somebody chose 1 to 90 (support.google.com/google-ads/answer/3123169).
  Every read goes back 90 days; a day is final once the longest window of the account has passed.
- Days are kept for 37 months ("Deprecations": data retention, 2026-06-01).

Read 2026-11-25.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from vaiven_sdk import Batch, Deletes, Record, Window, derive, windows, wire
from vaiven_sdk.model import Attribution, MetricFact
from vaiven_sdk.model.metrics import pairs

from ._account import Hub, google_ads
from ._gaql import Gaql, ending, rows
from ._shapes import six, units

KEPT = 1_126
"""Days: 37 months."""
STEP = 92
"""Days in one query; each counts as one operation, whatever its pages."""
SPEND = 30
"""Days for which cost and clicks are read again: ours. Invalid clicks are taken out later, and no bound is given."""
LONGEST = 90
"""Days: the longest conversion window that Google lets anybody choose."""
USUAL = 30
"""Days: the conversion window of an action for which nobody chose another."""

ROW = "customer.currency_code, customer.time_zone, campaign.id, segments.date"
DELIVERY = f"{ROW}, metrics.cost_micros, metrics.impressions, metrics.clicks"
CONVERSIONS = f"{ROW}, metrics.conversions, metrics.conversions_value"
BY_ACTION = f"{CONVERSIONS}, segments.conversion_action, segments.conversion_action_name"
ACTIONS = """SELECT conversion_action.id, conversion_action.name,
 conversion_action.click_through_lookback_window_days, conversion_action.include_in_conversions_metric,
 conversion_action.attribution_model_settings.attribution_model FROM conversion_action"""
MODEL = {
    "EXTERNAL": "external",
    "GOOGLE_ADS_LAST_CLICK": "last_click",
    "GOOGLE_SEARCH_ATTRIBUTION_FIRST_CLICK": "first_click",
    "GOOGLE_SEARCH_ATTRIBUTION_LINEAR": "linear",
    "GOOGLE_SEARCH_ATTRIBUTION_TIME_DECAY": "time_decay",
    "GOOGLE_SEARCH_ATTRIBUTION_POSITION_BASED": "position_based",
    "GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN": "data_driven",
}
BOOKED = "impression_time"
"""Not on the day of the conversion: that would be `metrics.conversions_by_conversion_date`."""
ALL = "all"
"""In place of a conversion action: all that count as conversions together."""


class CampaignDay(Record[MetricFact], key=("campaign", "day"), cursor="day"):
    """What a campaign cost and showed on one day."""

    campaign: str = wire("campaign.id", to="entity_id", ref="campaigns")
    day: date = wire("segments.date", to="on")
    zone: str | None = wire("customer.timeZone", to="timezone")
    currency: str | None = wire("customer.currencyCode", to="currency")
    cost_micros: int = wire("metrics.costMicros")
    impressions: Decimal = wire("metrics.impressions", to="impressions")
    clicks: Decimal = wire("metrics.clicks", to="clicks")
    is_final: bool | None = wire("is_final", to="is_final")

    @derive("entity_kind")
    def kind(self) -> str:
        """What is measured."""
        return "campaign"

    @derive("spend")
    def spend(self) -> Decimal | None:
        """Exactly, in units of the currency."""
        return units(self.cost_micros)


class CampaignConversions(Record[MetricFact], key=("campaign", "action", "day"), cursor="day"):
    """Conversions credited to a campaign for one day: of all actions together, or of one of them.

    The ones with a breakdown are parts of the one without; they are never to be added to it.
    """

    campaign: str = wire("campaign.id", to="entity_id", ref="campaigns")
    day: date = wire("segments.date", to="on")
    action: str = wire("action.id")
    action_name: str | None = wire("segments.conversionActionName")
    click_days: int | None = wire("action.click_days")
    model: str | None = wire("action.model")
    zone: str | None = wire("customer.timeZone", to="timezone")
    currency: str | None = wire("customer.currencyCode", to="currency")
    count: Decimal = wire("metrics.conversions")
    value: Decimal = wire("metrics.conversionsValue")
    is_final: bool | None = wire("is_final", to="is_final")

    @derive("entity_kind")
    def kind(self) -> str:
        """What is measured."""
        return "campaign"

    @derive("breakdown")
    def breakdown(self) -> str | None:
        """Google's id of the action, which outlives its renaming; empty for all together."""
        return None if self.action == ALL else pairs(conversion_action=self.action)

    @derive("attribution")
    def attribution(self) -> str:
        """The action's name and rule; of all together no more is known than the day that they are booked on."""
        if self.action == ALL:
            return Attribution(counting=BOOKED).key()
        return Attribution(
            click_days=self.click_days, model=MODEL.get(self.model or ""), action=self.action_name, counting=BOOKED
        ).key()

    @derive("conversions")
    def conversions(self) -> Decimal | None:
        """Fractions where Google shares credit, with six decimals."""
        return six(self.count)

    @derive("conversion_value")
    def conversion_value(self) -> Decimal | None:
        """In units of the account's currency."""
        return six(self.value)


campaign_metrics = google_ads.stream(
    CampaignDay, name="campaign_metrics", deletes=Deletes.NEVER, restates=SPEND, absent_is_zero=True
)
campaign_conversions = google_ads.stream(
    CampaignConversions, name="campaign_conversions", deletes=Deletes.NEVER, restates=LONGEST, absent_is_zero=True
)


@campaign_metrics.reader("full")
async def all_days(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """Every day that Google still has."""
    async for batch in _days(hub, window, state):
        yield batch


@campaign_metrics.reader("changes")
async def late_days(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """The last days, corrected ones among them."""
    async for batch in _days(hub, window, state):
        yield batch


@campaign_conversions.reader("full")
async def all_conversions(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """Every day that Google still has."""
    async for batch in _conversions(hub, window, state):
        yield batch


@campaign_conversions.reader("changes")
async def late_conversions(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """Those days for which a conversion may still arrive."""
    async for batch in _conversions(hub, window, state):
        yield batch


async def _days(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    async for page in hub.walk(_by_day(DELIVERY, window), window, state=state):
        final = _day(page.date, window) - timedelta(days=SPEND)
        found = [_row(item, final, ("costMicros", "impressions", "clicks")) for item in page.items]
        yield Batch(found, state=page.state, since=page.since)


async def _conversions(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """First of all actions together, then of each; the account says from which day on nothing changes any more."""
    actions = {one["id"]: one for one in [row["conversionAction"] for row in await rows(hub, ACTIONS)]}
    longest = max([_window(one) for one in actions.values() if one.get("includeInConversionsMetric")] or [USUAL])
    at = state or {"part": 0, "page": None, "since": None}
    for part, fields in enumerate((CONVERSIONS, BY_ACTION)):
        if part < at["part"]:
            continue
        async for page in hub.walk(_by_day(fields, window), window, state=at["page"] if part == at["part"] else None):
            final = _day(page.date, window) - timedelta(days=longest)
            found = [_row(item, final, ("conversions", "conversionsValue"), actions) for item in page.items]
            begun = at["since"] if part else page.since
            behind = {"part": part + (page.state is None), "page": page.state, "since": begun}
            ended = behind["part"] == 2
            at = behind
            yield Batch(found, state=None if ended else behind, since=begun if ended else None)


def _by_day(fields: str, window: Window) -> Any:
    begin = _day(None, window) - timedelta(days=KEPT)

    def query(within: Window) -> str:
        return (
            f"SELECT {fields} FROM campaign WHERE segments.date BETWEEN '{within.since}' AND '{within.until}'"  # noqa: S608
            " ORDER BY segments.date, campaign.id"
        )

    return windows(Gaql(query), days=STEP, start=begin.isoformat(), dates=True)


def _day(at: str | None, window: Window) -> date:
    """The account's day at an instant; ours of now, where the vendor did not say."""
    now = datetime.fromisoformat(at) if at else datetime.now(UTC)
    return now.astimezone(ZoneInfo(window.zone)).date()


def _window(action: Mapping[str, Any]) -> int:
    return min(int(action.get("clickThroughLookbackWindowDays") or USUAL), LONGEST)


def _row(
    item: Any, final: date, counted: tuple[str, ...], actions: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """A row with its zeros, which proto3 leaves out, and with what is known of its conversion action."""
    row: dict[str, Any] = msgspec.json.decode(item)
    row["metrics"] = {**dict.fromkeys(counted, 0), **(row.get("metrics") or {})}
    row["is_final"] = date.fromisoformat(row["segments"]["date"]) <= final
    if actions is not None:
        name = row["segments"].get("conversionAction")
        known = actions.get(ending(name), {}) if name else {}
        settings = known.get("attributionModelSettings") or {}
        row["action"] = {
            "id": ending(name) if name else ALL,
            "click_days": _window(known) if known else None,
            "model": settings.get("attributionModel"),
        }
    return row
