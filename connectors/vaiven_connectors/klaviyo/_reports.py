"""What became of each message: the campaign values report, joined with the campaigns for the day of sending."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime

from vaiven_sdk import Batch, Record, Scope, Window, derive, wire
from vaiven_sdk.model import MetricFact

from ._account import Hub, klaviyo
from ._api import documents
from ._campaigns import READ, by_channel, joined

CONVERSION = "Placed Order"
"""The metric whose events are the orders that a message is credited with; shops' integrations name it so."""
COUNTS = (
    "recipients",
    "delivered",
    "opens",
    "opens_unique",
    "clicks",
    "clicks_unique",
    "spam_complaints",
    "unsubscribe_uniques",
)
ORDERS = ("conversions", "conversion_value")
"""Statistics of schema CampaignValuesRequestDTO; `bounced` is left out, for it mixes hard and soft ones."""
GROUPS = ("campaign_id", "campaign_message_id", "send_channel")


class Report(Record[MetricFact], key="id"):
    """The running totals of one message, booked on the day of sending in UTC."""

    id: str = wire("message", to="entity_id", ref="messages")
    sent_at: AwareDatetime = wire("sent_at")
    sends: Decimal | None = wire("statistics.recipients", to="sends")
    delivered: Decimal | None = wire("statistics.delivered", to="delivered")
    opens_total: Decimal | None = wire("statistics.opens", to="opens_total")
    opens_unique: Decimal | None = wire("statistics.opens_unique", to="opens_unique")
    clicks_total: Decimal | None = wire("statistics.clicks", to="clicks_total")
    clicks_unique: Decimal | None = wire("statistics.clicks_unique", to="clicks_unique")
    complaints: Decimal | None = wire("statistics.spam_complaints", to="complaints")
    unsubscribes: Decimal | None = wire("statistics.unsubscribe_uniques", to="unsubscribes")
    orders: Decimal | None = wire("statistics.conversions", to="orders_attributed")
    revenue: Decimal | None = wire("statistics.conversion_value", to="revenue_attributed")
    currency: str | None = wire("currency", to="currency")

    @derive("entity_kind")
    def kind(self) -> str:
        """What is measured."""
        return "email_message"

    @derive("on")
    def day(self) -> date:
        """Day of sending."""
        return self.sent_at.date()

    @derive("timezone")
    def zone(self) -> str:
        """Instants are in UTC; the report has no days of its own."""
        return "UTC"


# No version: totals change for as long as people open and buy, so every sync reads the last year's anew.
reports = klaviyo.stream(
    Report,
    name="reports",
    scopes=[READ, Scope("metrics:read", "find the metric of orders, which the report asks for")],
)


async def _conversion(hub: Hub) -> tuple[str, bool]:
    """The metric that the report is to count, and whether it is that of orders; empty where there is none at all."""
    first = ""
    async for answer, _ in documents(hub, "/api/metrics", {}):
        for one in answer["data"]:
            if one["attributes"]["name"] == CONVERSION:
                return one["id"], True
            first = first or one["id"]
    return first, False


async def _sent(hub: Hub) -> dict[str, str]:
    """When each message that went out was sent, by its id."""
    found: dict[str, str] = {}
    async for batch in by_channel(hub, None, joined, include="campaign-messages"):
        rows: list[Any] = list(batch.items)
        found |= {row["id"]: row["campaign"]["send_time"] for row in rows if row["campaign"].get("send_time")}
    return found


@reports.reader("full")
async def read(hub: Hub, _window: Window, _state: Any) -> AsyncIterator[Batch]:
    """One report of the last 365 days, the longest time that it takes; it is limited to two calls a minute."""
    metric, orders = await _conversion(hub)
    sent = await _sent(hub) if metric else {}
    if not sent:
        yield Batch()
        return
    (account,) = (await hub.get("/api/accounts"))["data"]
    currency = account["attributes"]["preferred_currency"]
    attributes = {
        "statistics": [*COUNTS, *(ORDERS if orders else ())],
        "timeframe": {"key": "last_365_days"},
        "conversion_metric_id": metric,
        "group_by": list(GROUPS),
    }
    body = {"data": {"type": "campaign-values-report", "attributes": attributes}}
    answer = await hub.post("/api/campaign-values-reports", body, safe=True)
    rows: list[Mapping[str, Any]] = answer["data"]["attributes"]["results"]
    ids = [row["groupings"]["campaign_message_id"] for row in rows]
    yield Batch(
        [
            {"message": id_, "sent_at": sent[id_], "currency": currency, "statistics": row["statistics"]}
            for id_, row in zip(ids, rows, strict=True)
            if id_ in sent
        ]
    )
