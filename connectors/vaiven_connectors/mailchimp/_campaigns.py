"""Audiences, campaigns, and the figures of what was sent: read whole, for they carry no time of change."""

from datetime import date
from decimal import Decimal

from vaiven_sdk import Record, derive, get, wire
from vaiven_sdk.model import Campaign, List, MetricFact

from ._account import mailchimp
from ._reads import PAGE, Moment, fields

STATUS = {
    "save": "draft",
    "paused": "paused",
    "schedule": "scheduled",
    "sending": "active",
    "sent": "ended",
    "canceling": "ended",
    "canceled": "ended",
    "archived": "ended",
}


class Audience(Record[List], key="id"):
    """A Mailchimp audience; people are added one by one, so it is static."""

    id: str = wire()
    name: str | None = wire(to="name")
    permission_reminder: str | None = wire(to="description")
    is_double_opt_in: bool | None = wire("double_optin", to="is_double_opt_in")
    size: int | None = wire("stats.member_count", to="size")

    @derive("type")
    def kind(self) -> str:
        """Segments are dynamic; audiences are not."""
        return "static"


audiences = mailchimp.stream(
    Audience,
    get(
        "/lists",
        items="lists",
        page=PAGE,
        fields=fields(Audience, "lists"),
        sort_field="date_created",
        sort_dir="ASC",
    ),
)


class Mailing(Record[Campaign], key="id"):
    """A Mailchimp campaign; the title is the staff's name for it, the subject line what people saw."""

    id: str = wire()
    title: str | None = wire("settings.title")
    subject: str | None = wire("settings.subject_line")
    status: str | None = wire(to="status", values=STATUS)
    list_id: str | None = wire("recipients.list_id", to="list_id", ref="audiences")
    send_at: Moment = wire("send_time", to="send_at")
    utm_campaign: str | None = wire("tracking.google_analytics", to="utm_campaign")

    @derive("name")
    def name(self) -> str | None:
        """Title, or the subject line where the staff gave none."""
        return self.title or self.subject

    @derive("channel")
    def channel(self) -> str:
        """Every type of campaign in this API is e-mail."""
        return "email"


# Oldest first: a new campaign joins at the end.
campaigns = mailchimp.stream(
    Mailing,
    get(
        "/campaigns",
        items="campaigns",
        page=PAGE,
        fields=fields(Mailing, "campaigns"),
        sort_field="create_time",
        sort_dir="ASC",
    ),
    name="campaigns",
)


class Report(Record[MetricFact], key="id"):
    """The running totals of one campaign since it went out, booked on the day of sending in UTC."""

    id: str = wire(to="entity_id", ref="campaigns")
    sent_at: Moment = wire("send_time")
    sends: int | None = wire("emails_sent", to="sends")
    opens_total: int | None = wire("opens.opens_total", to="opens_total")
    opens_unique: int | None = wire("opens.unique_opens", to="opens_unique")
    opens_by_people: int | None = wire("opens.proxy_excluded_opens")
    clicks_total: int | None = wire("clicks.clicks_total", to="clicks_total")
    # `unique_clicks` counts a person once for each link; this one counts people.
    clicks_unique: int | None = wire("clicks.unique_subscriber_clicks", to="clicks_unique")
    bounces_hard: int | None = wire("bounces.hard_bounces", to="bounces_hard")
    bounces_soft: int | None = wire("bounces.soft_bounces", to="bounces_soft")
    complaints: int | None = wire("abuse_reports", to="complaints")
    unsubscribes: int | None = wire("unsubscribed", to="unsubscribes")
    orders: int | None = wire("ecommerce.total_orders", to="orders_attributed")
    # Order totals less shipping and tax; `total_spent` has them in.
    revenue: Decimal | None = wire("ecommerce.total_revenue", to="revenue_attributed")
    currency: str | None = wire("ecommerce.currency_code", to="currency")

    @derive("entity_kind")
    def kind(self) -> str:
        """What is measured."""
        return "campaign"

    @derive("on")
    def day(self) -> date | None:
        """Day of sending."""
        return None if self.sent_at is None else self.sent_at.date()

    @derive("timezone")
    def zone(self) -> str:
        """Mailchimp gives instants in UTC; the account's own zone is not in a report."""
        return "UTC"

    @derive("machine_opens")
    def machine_opens(self) -> int | None:
        """Opens by a mail privacy proxy: all of them less those that Mailchimp holds for people's."""
        if self.opens_total is None or self.opens_by_people is None:
            return None
        return self.opens_total - self.opens_by_people


# No cursor: totals change for weeks without a trace, so every sync restates them all.
reports = mailchimp.stream(Report, get("/reports", items="reports", page=PAGE, fields=fields(Report, "reports")))
