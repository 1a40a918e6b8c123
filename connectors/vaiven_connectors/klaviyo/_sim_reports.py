"""Reports: figures of campaigns and flows over a timeframe.

Bodies, statistics and groupings: schemas CampaignValuesRequestDTO and FlowValuesRequestDTO of revision 2026-07-15; a
timeframe is a year at most: developers.klaviyo.com/en/reference/reporting_api_overview; sizes of the windows:
documentation of query_campaign_values in klaviyo-api 25.0.0 (there is a daily one of 225, too). Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vaiven_connectors.klaviyo._sim_account import Account
from vaiven_connectors.klaviyo._sim_query import Allowed, parse_filter
from vaiven_connectors.klaviyo._sim_words import Json, invalid
from vaiven_sdk.testing import Call, action, post

COUNTS = (
    "bounced bounced_or_failed clicks clicks_unique conversion_uniques conversion_value conversions delivered failed "
    "opens opens_unique recipients spam_complaints unsubscribe_uniques unsubscribes message_segment_count_sum "
    "text_message_credit_usage_amount text_message_spend"
).split()
_RATES = {
    "bounce_rate": ("bounced", "recipients"),
    "bounced_or_failed_rate": ("bounced_or_failed", "recipients"),
    "click_rate": ("clicks_unique", "delivered"),
    "click_to_open_rate": ("clicks_unique", "opens_unique"),
    "conversion_rate": ("conversion_uniques", "delivered"),
    "delivery_rate": ("delivered", "recipients"),
    "failed_rate": ("failed", "recipients"),
    "open_rate": ("opens_unique", "delivered"),
    "revenue_per_recipient": ("conversion_value", "delivered"),
    "spam_complaint_rate": ("spam_complaints", "delivered"),
    "unsubscribe_rate": ("unsubscribe_uniques", "delivered"),
    "average_order_value": ("conversion_value", "conversions"),
    "text_message_roi": ("conversion_value", "text_message_spend"),
}
_DAYS = {
    "today": 0,
    "yesterday": 1,
    "this_week": 7,
    "last_week": 14,
    "last_7_days": 7,
    "this_month": 31,
    "last_30_days": 30,
    "last_month": 62,
    "last_90_days": 90,
    "last_3_months": 92,
    "this_year": 366,
    "last_365_days": 365,
    "last_12_months": 366,
    "last_year": 731,
}
_GROUPS = ("campaign_id", "campaign_message_id", "campaign_message_name", "send_channel")
_FLOW_GROUPS = ("flow_id", "flow_message_id", "flow_message_name", "flow_name", "send_channel")
_FILTERS: Allowed = {
    **dict.fromkeys(("campaign_id", "campaign_message_id", "flow_id", "flow_message_id"), "any equals contains-any"),
    "send_channel": "any equals contains-any",
}


class Reports(Account):
    """Figures are kept by the day, and a report adds them up."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.figures: dict[str, list[tuple[datetime, Json]]] = {}

    def state(self) -> dict[str, Any]:
        """The tables, and under `reports` the figures of each day by campaign or flow."""
        days = {key: [[at.isoformat(), one] for at, one in found] for key, found in self.figures.items()}
        return {**super().state(), "reports": days}

    @action
    def engage(self, record_id: str, figures: Mapping[str, float], at: str | None = None) -> None:
        """Recipients of a campaign or a flow open, click, bounce, buy: adds counts on one day."""
        unknown = set(figures) - set(COUNTS)
        if unknown:
            raise ValueError(f"no counts of a report: {sorted(unknown)}")
        when = datetime.fromisoformat(at) if at else self.clock.now()
        self.figures.setdefault(record_id, []).append((when if when.tzinfo else when.replace(tzinfo=UTC), {**figures}))

    @post("/api/campaign-values-reports", scope="campaigns:read")
    def campaign_values(self, call: Call) -> Json:
        """Sums for each message of each campaign."""
        rows = [
            {
                "campaign_id": row["id"],
                "campaign_message_id": message,
                "campaign_message_name": row["name"],
                "send_channel": row["_channel"],
            }
            for row in self.campaigns
            for message in row["_messages"][:1]
        ]
        return self._report(call, "campaign-values-report", rows, _GROUPS)

    @post("/api/flow-values-reports", scope="flows:read")
    def flow_values(self, call: Call) -> Json:
        """Sums for each flow; the simulator's flows have one message each."""
        rows = [
            {
                "flow_id": row["id"],
                "flow_name": row["name"],
                "flow_message_id": f"{row['id']}m",
                "flow_message_name": row["name"],
                "send_channel": "email",
            }
            for row in self.flows
        ]
        return self._report(call, "flow-values-report", rows, _FLOW_GROUPS)

    def _report(self, call: Call, kind: str, rows: list[dict[str, str]], groups: tuple[str, ...]) -> Json:
        known = ("statistics", "timeframe", "conversion_metric_id", "filter", "group_by")
        asked = self.body(call, kind, known=known)["attributes"]
        statistics = asked.get("statistics") or []
        for name in statistics:
            if name not in COUNTS and name not in _RATES:
                raise invalid(f"'{name}' is not a valid statistic.", pointer="/data/attributes/statistics")
        if not statistics:
            raise invalid("'statistics' is required.", pointer="/data/attributes/statistics")
        if asked.get("conversion_metric_id") not in self.metrics:
            raise invalid("'conversion_metric_id' is not a metric.", pointer="/data/attributes/conversion_metric_id")
        start, end = _timeframe(asked.get("timeframe"), call.now)
        named = asked.get("group_by") or [groups[0], groups[1], "send_channel"]
        terms = parse_filter(asked.get("filter"), _FILTERS)
        results = []
        for row in rows:
            sums = self._sums(row[groups[0]], start, end)
            if sums and all(term.holds(row.get(term.field)) for term in terms):
                groupings = {name: row[name] for name in named if name in row}
                results.append(
                    {"groupings": groupings, "statistics": {name: _value(sums, name) for name in statistics}}
                )
        data = {"type": kind, "attributes": {"results": results}}
        return {"data": data, "links": {"self": call.address()}}

    def _sums(self, key: str, start: datetime, end: datetime) -> Json:
        found: Json = {}
        for at, figures in self.figures.get(key, ()):
            if start <= at < end:
                for name, value in figures.items():
                    found[name] = found.get(name, 0) + value
        return found


def _timeframe(given: Any, now: datetime) -> tuple[datetime, datetime]:
    pointer = "/data/attributes/timeframe"
    if isinstance(given, dict) and given.get("key") in _DAYS:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=_DAYS[given["key"]]), now
    try:
        start, end = (datetime.fromisoformat(str(given[name])) for name in ("start", "end"))
    except (TypeError, KeyError, ValueError):
        raise invalid("'timeframe' needs a key, or a start and an end.", pointer=pointer) from None
    start, end = (at if at.tzinfo else at.replace(tzinfo=UTC) for at in (start, end))
    if not timedelta(0) < end - start <= timedelta(days=366):
        raise invalid("A timeframe is a year at most.", pointer=pointer)
    return start, end


def _value(sums: Json, name: str) -> float:
    """A count, or a rate, which is 0 where there is nothing to divide by."""
    if name in COUNTS:
        return float(sums.get(name, 0))
    part, whole = (float(sums.get(one, 0)) for one in _RATES[name])
    return part / whole if whole else 0.0
