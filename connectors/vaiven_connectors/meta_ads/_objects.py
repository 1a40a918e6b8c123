"""The ad account, campaigns, ad sets and ads as records."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Ad, AdAccount, AdGroup, Campaign

from ._listing import SHARED, Edge
from ._money import amount, budget_fields

ACCOUNT = {
    1: "active",
    2: "paused",
    3: "paused",
    7: "in_review",
    8: "paused",
    9: "active",
    100: "ended",
    101: "ended",
    201: "active",
    202: "ended",
}
"""`account_status`: active, disabled, unsettled, pending risk review, pending settlement, in grace period, pending
closure, closed, any active, any closed (reference of the ad account)."""
OWN = {"PAUSED": "paused", "ARCHIVED": "ended", "DELETED": "removed"}
"""What somebody has set. What a parent does to it (CAMPAIGN_PAUSED) is the parent's."""
REVIEW = {
    "PENDING_REVIEW": "in_review",
    "IN_PROCESS": "in_review",
    "PREAPPROVED": "scheduled",
    "DISAPPROVED": "rejected",
}
BACK = {"active": "ACTIVE", "paused": "PAUSED", "ended": "ARCHIVED"}
"""What is written. A deletion is never: it cannot be taken back."""


def state(own: str | None, effective: str | None) -> str | None:
    """The unified status: what was set, or what Meta's review says of what is switched on."""
    if own == "ACTIVE":
        return REVIEW.get(effective or "", "active")
    return None if own is None else OWN.get(own, "other")


def status_field(values: Any) -> dict[str, Any]:
    """What to set, of the unified values."""
    theirs = BACK.get(values.get("status") or "")
    return {"status": theirs} if theirs else {}


def civil(at: AwareDatetime | None) -> date | None:
    """The day in the account's zone, whose offset Meta writes; None where an epoch of 0 says that there is none."""
    return at.date() if at and at.year > 1980 else None


class MetaAccount(Record[AdAccount], key="id"):
    """The connected ad account."""

    id: str = wire(read_only=True)
    name: str | None = wire(to="name", read_only=True)
    status: int | None = wire("account_status", to="status", values=ACCOUNT, read_only=True)
    currency: str | None = wire(to="currency", read_only=True)
    timezone: str | None = wire("timezone_name", to="timezone", read_only=True)


class MetaCampaign(Record[Campaign], key="id"):
    """A campaign; `currency` is the account's."""

    id: str = wire(read_only=True)
    name: str | None = wire(to="name")
    objective: str | None = wire(to="objective")
    status: str | None = wire()
    effective_status: str | None = wire(read_only=True)
    account: str | None = wire("account_id", read_only=True)
    daily_budget: str | None = wire()
    lifetime_budget: str | None = wire()
    currency: str | None = wire(to="currency")
    bid_strategy: str | None = wire(to="bid_strategy", read_only=True)
    start_time: AwareDatetime | None = wire(read_only=True)
    stop_time: AwareDatetime | None = wire(read_only=True)

    @derive("channel")
    def channel(self) -> str:
        """Facebook, Instagram and Meta's network."""
        return "paid_social"

    @derive("account_id", ref="ad_accounts")
    def account_id(self) -> str | None:
        """Campaigns name the account without `act_`."""
        return f"act_{self.account}" if self.account else None

    @derive("status", back=status_field)
    def state(self) -> str | None:
        """What was set, and what Meta's review says."""
        return state(self.status, self.effective_status)

    @derive("budget", back=budget_fields)
    def budget(self) -> Decimal | None:
        """Set here where the campaign shares it out; else on its ad sets."""
        return amount(self.daily_budget, self.currency) or amount(self.lifetime_budget, self.currency)

    @derive("budget_period", back=budget_fields)
    def budget_period(self) -> str | None:
        """By the field that has one."""
        return period(self.daily_budget, self.lifetime_budget)

    @derive("budget_level")
    def budget_level(self) -> str | None:
        """Where it is set; of a deleted campaign that is not told."""
        if self.status == "DELETED":
            return None
        return "campaign" if self.budget_period() else "ad_group"

    @derive("start_on")
    def start_on(self) -> date | None:
        """First day."""
        return civil(self.start_time)

    @derive("end_on")
    def end_on(self) -> date | None:
        """Last day."""
        return civil(self.stop_time)


class MetaAdSet(Record[AdGroup], key="id"):
    """An ad set; `currency` is the account's."""

    id: str = wire(read_only=True)
    name: str | None = wire(to="name")
    campaign_id: str | None = wire(to="campaign_id", ref="campaigns", read_only=True)
    status: str | None = wire()
    effective_status: str | None = wire(read_only=True)
    optimization_goal: str | None = wire(to="optimization_goal", read_only=True)
    daily_budget: str | None = wire()
    lifetime_budget: str | None = wire()
    bid_amount: str | None = wire(read_only=True)
    currency: str | None = wire(to="currency")
    start_time: AwareDatetime | None = wire(read_only=True)
    end_time: AwareDatetime | None = wire(read_only=True)

    @derive("status", back=status_field)
    def state(self) -> str | None:
        """What was set, and what Meta's review says."""
        return state(self.status, self.effective_status)

    @derive("budget", back=budget_fields)
    def budget(self) -> Decimal | None:
        """Set here unless the campaign shares its own out."""
        return amount(self.daily_budget, self.currency) or amount(self.lifetime_budget, self.currency)

    @derive("budget_period", back=budget_fields)
    def budget_period(self) -> str | None:
        """By the field that has one."""
        return period(self.daily_budget, self.lifetime_budget)

    @derive("bid")
    def bid(self) -> Decimal | None:
        """In the account's smallest units, as budgets are."""
        return amount(self.bid_amount, self.currency)

    @derive("start_on")
    def start_on(self) -> date | None:
        """First day."""
        return civil(self.start_time)

    @derive("end_on")
    def end_on(self) -> date | None:
        """Last day."""
        return civil(self.end_time)


class MetaAd(Record[Ad], key="id"):
    """An ad."""

    id: str = wire(read_only=True)
    name: str | None = wire(to="name")
    adset_id: str | None = wire(to="ad_group_id", ref="ad_sets", read_only=True)
    creative_id: str | None = wire("creative.id", to="creative_id", ref="creatives", read_only=True)
    status: str | None = wire()
    effective_status: str | None = wire(read_only=True)

    @derive("status", back=status_field)
    def state(self) -> str | None:
        """What was set, and what Meta's review says."""
        return state(self.status, self.effective_status)

    @derive("review_status")
    def review_status(self) -> str | None:
        """Meta's word while the review is not over, or has said no."""
        return self.effective_status if self.effective_status in REVIEW else None


def period(daily: str | None, lifetime: str | None) -> str | None:
    """How long the budget lasts; Meta writes 0 for none."""
    return "daily" if daily and daily != "0" else "lifetime" if lifetime and lifetime != "0" else None


_SHARED_FIELDS = ("id", "name", "status", "effective_status")
_BUDGETS = ("daily_budget", "lifetime_budget")
CAMPAIGNS = Edge(
    "campaigns",
    "campaign",
    (*_SHARED_FIELDS, "account_id", "objective", *_BUDGETS, "bid_strategy", "start_time", "stop_time"),
    SHARED,
    {"id": "campaign_id", "name": "campaign_name", "objective": "objective", "account_id": "account_id"},
)
AD_SETS = Edge(
    "adsets",
    "adset",
    (*_SHARED_FIELDS, "campaign_id", "optimization_goal", *_BUDGETS, "bid_amount", "start_time", "end_time"),
    (*SHARED, "CAMPAIGN_PAUSED"),
    {"id": "adset_id", "name": "adset_name", "campaign_id": "campaign_id"},
)
ADS = Edge(
    "ads",
    "ad",
    (*_SHARED_FIELDS, "adset_id", "creative"),
    (*SHARED, *REVIEW, "CAMPAIGN_PAUSED", "ADSET_PAUSED", "PENDING_BILLING_INFO"),
    {"id": "ad_id", "name": "ad_name", "adset_id": "adset_id"},
)
