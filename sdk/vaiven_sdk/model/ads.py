"""Paid media: account, campaign, ad group, ad and creative."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from ._base import Entity, Merge, Ref
from ._types import Currency, Instant, Name, Rate, Text, Url


class CampaignChannel(StrEnum):
    """Through what a campaign reaches people."""

    PAID_SEARCH = "paid_search"
    PAID_SOCIAL = "paid_social"
    DISPLAY = "display"
    VIDEO = "video"
    SHOPPING = "shopping"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    AFFILIATE = "affiliate"
    MIXED = "mixed"
    """Several channels under one name, or chosen by the vendor."""
    OTHER = "other"


class CampaignStatus(StrEnum):
    """Whether a campaign, ad group or ad runs."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    REJECTED = "rejected"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    REMOVED = "removed"
    """Deleted at the vendor; its figures go on counting."""
    OTHER = "other"


class BudgetPeriod(StrEnum):
    """How long a budget lasts."""

    DAILY = "daily"
    MONTHLY = "monthly"
    LIFETIME = "lifetime"
    OTHER = "other"


class BudgetLevel(StrEnum):
    """Where a budget is set."""

    ACCOUNT = "account"
    CAMPAIGN = "campaign"
    AD_GROUP = "ad_group"
    SHARED = "shared"
    """One budget for several campaigns, known by `budget_shared_ref`."""
    OTHER = "other"


class CreativeType(StrEnum):
    """What people see."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    CAROUSEL = "carousel"
    COLLECTION = "collection"
    HTML = "html"
    RESPONSIVE = "responsive"
    """Assets that the vendor combines."""
    OTHER = "other"


class AdAccount(Entity):
    """An account at an ad platform; its currency and time zone hold for everything below it."""

    name: Name | None = None
    """Name shown at the vendor."""
    status: CampaignStatus | None = None
    """Whether it may serve ads."""
    currency: Currency | None = None
    """Currency of every cost and budget below."""
    timezone: Text | None = None
    """IANA zone in which the vendor cuts days."""
    parent_id: Annotated[str | None, Ref("ad_account")] = None
    """Manager account or organisation."""
    is_test: bool | None = None
    """A test account: left out of every figure."""


class Campaign(Entity):
    """A set of messages or ads with one aim: at an ad platform, an e-mail tool, or above both.

    Vendors' names move between levels, and what a thing contains tells its level: LinkedIn's campaign group
    is this, and LinkedIn's campaign is our ad group.
    """

    # Source: fivetran/dbt_ad_reporting, DECISIONLOG.md, "Linkedin Campaign Group and Campaign Mapping",
    # 2026-11-22.

    name: Name | None = None
    """Name shown to the tenant's staff."""
    channel: CampaignChannel | None = None
    """Through what it reaches people."""
    objective: Text | None = None
    """Aim in the vendor's words, as in `OUTCOME_LEADS`."""
    status: CampaignStatus | None = None
    """Whether it runs."""
    account_id: Annotated[str | None, Ref("ad_account")] = None
    """Ad account that pays."""
    parent_id: Annotated[str | None, Ref("campaign")] = None
    """The wider campaign that this one belongs to, across tools."""
    list_id: Annotated[str | None, Ref("list")] = None
    """Audience it is sent or shown to."""
    owner_id: Annotated[str | None, Ref("user")] = None
    """Who is responsible."""
    budget: Rate | None = None
    """Budget in units of `currency` for one `budget_period`."""
    budget_period: BudgetPeriod | None = None
    """How long `budget` lasts."""
    budget_level: BudgetLevel | None = None
    """Where the budget is set; elsewhere than here, `budget` is empty."""
    budget_shared_ref: Text | None = None
    """The vendor's id of a budget shared by several campaigns: counted once."""
    currency: Currency | None = None
    """Currency of `budget`."""
    bid_strategy: Text | None = None
    """How the vendor bids, in its words."""
    start_on: date | None = None
    """First day, in the account's zone."""
    end_on: date | None = None
    """Last day, in the account's zone; empty if open."""
    send_at: Instant | None = None
    """When a message campaign goes or went out."""
    utm_source: Text | None = None
    """`utm_source` of its links."""
    utm_medium: Text | None = None
    """`utm_medium` of its links."""
    utm_campaign: Text | None = None
    """`utm_campaign` of its links: what joins it to visits and orders."""
    tags: Annotated[list[str] | None, Merge.UNION] = None
    """Labels; a set, kept in alphabetical order."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""


class AdGroup(Entity):
    """Ads that share audience, placement or bid; X calls it a line item, Snap an ad squad."""

    # Sources, 2026-11-22: developer.x.com, "Ad groups FAQ"; developers.snap.com, Ads-API/campaigns.

    name: Name | None = None
    """Name shown at the vendor."""
    campaign_id: Annotated[str | None, Ref("campaign")] = None
    """The campaign above."""
    status: CampaignStatus | None = None
    """Whether it runs."""
    optimization_goal: Text | None = None
    """What the vendor optimises for, in its words."""
    budget: Rate | None = None
    """Budget in units of `currency` for one `budget_period`."""
    budget_period: BudgetPeriod | None = None
    """How long `budget` lasts."""
    bid: Rate | None = None
    """Highest or target bid in units of `currency`."""
    currency: Currency | None = None
    """Currency of `budget` and `bid`."""
    audience_id: Annotated[str | None, Ref("list")] = None
    """Ad audience that it is shown to."""
    start_on: date | None = None
    """First day, in the account's zone."""
    end_on: date | None = None
    """Last day, in the account's zone; empty if open."""


class Ad(Entity):
    """One ad that can be shown."""

    name: Name | None = None
    """Name shown at the vendor."""
    ad_group_id: Annotated[str | None, Ref("ad_group")] = None
    """The ad group above."""
    creative_id: Annotated[str | None, Ref("creative")] = None
    """What people see; further creatives hang on `association` rows."""
    status: CampaignStatus | None = None
    """Whether it runs."""
    review_status: Text | None = None
    """Verdict of the vendor's review, in its words."""


class Creative(Entity):
    """What people see of an ad; several ads may share one."""

    name: Name | None = None
    """Name shown at the vendor."""
    account_id: Annotated[str | None, Ref("ad_account")] = None
    """Ad account that holds it."""
    type: CreativeType | None = None
    """Form of the ad."""
    headlines: list[str] | None = None
    """Headlines in the vendor's order."""
    bodies: list[str] | None = None
    """Texts in the vendor's order."""
    asset_urls: list[str] | None = None
    """Images and videos in the vendor's order."""
    call_to_action: Text | None = None
    """Button, in the vendor's words."""
    final_url: Url | None = None
    """Page that a click leads to, without tracking parameters."""
    url_template: Text | None = None
    """Tracking template or UTM parameters that the vendor appends."""


class Keyword(Entity):
    """A search term that an ad group bids on."""

    natural_key: ClassVar[tuple[str, ...]] = ("ad_group_id", "text", "match_type", "is_negative")

    ad_group_id: Annotated[str | None, Ref("ad_group")] = None
    """The ad group that bids."""
    text: Text | None = None
    """The term."""
    match_type: Text | None = None
    """How closely a search must match, as in `exact`."""
    is_negative: bool | None = None
    """Searches with the term are left out."""
    status: CampaignStatus | None = None
    """Whether it is in use."""
    bid: Rate | None = None
    """Highest bid in units of `currency`."""
    currency: Currency | None = None
    """Currency of `bid`."""
