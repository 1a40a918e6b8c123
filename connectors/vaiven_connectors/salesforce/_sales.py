"""Opportunities with their stages, and campaigns with their members.

Names and types: jsforce 3.10.16, lib/types/standard-schema.d.ts; developer.salesforce.com, Object Reference,
"Opportunity", "OpportunityStage", "Campaign", "CampaignMember". The values of `Campaign.Status` and `Campaign.Type` are
those that an organization begins with (Campaign Implementation Guide). Read 2026-11-25.
"""

from decimal import Decimal

from vaiven_connectors.salesforce._values import Day, Number, Stamp, Whole, major, minor
from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Association, Deal, Stage
from vaiven_sdk.model import Campaign as UnifiedCampaign

CAMPAIGN_STATUS = {"Planned": "scheduled", "In Progress": "active", "Completed": "ended", "Aborted": "ended"}
CHANNEL = {"Email": "email", "Banner Ads": "display"}


class Opportunity(Record[Deal], key="id", cursor="modified_at", hub_id="vaiven_id"):
    """A possible sale."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    is_deleted: bool | None = wire("IsDeleted", read_only=True)
    vaiven_id: str | None = wire("Vaiven_Id__c")
    name: str | None = wire("Name", to="name")
    account_id: str | None = wire("AccountId", to="company_id", ref="accounts")
    owner_id: str | None = wire("OwnerId", to="owner_id", ref="users")
    stage: str | None = wire("StageName", to="stage_id", ref="stages")
    campaign_id: str | None = wire("CampaignId", to="campaign_id", ref="campaigns")
    amount: Number = wire("Amount")
    currency: str | None = wire("CurrencyIsoCode", to="currency")
    percent: Number = wire("Probability", read_only=True)
    is_closed: bool | None = wire("IsClosed", read_only=True)
    is_won: bool | None = wire("IsWon", read_only=True)
    close_on: Day = wire("CloseDate", to="close_on")
    created_at: Stamp = wire("CreatedDate", to="opened_at", read_only=True)
    type: str | None = wire("Type", to="type", read_only=True)
    source: str | None = wire("LeadSource", to="source", read_only=True)
    next_step: str | None = wire("NextStep", to="next_step")
    description: str | None = wire("Description", to="description")

    @derive("amount_minor", back=lambda values: major(values, "amount_minor", "amount"))
    def amount_minor(self) -> int | None:
        """The amount in minor units of the opportunity's own currency."""
        return minor(self.amount, self.currency)

    @derive("probability")
    def probability(self) -> Decimal | None:
        """Salesforce counts in percent, and by the stage unless somebody said otherwise."""
        return None if self.percent is None else self.percent / 100

    @derive("status")
    def status(self) -> str | None:
        """Both flags follow from the stage."""
        if self.is_won:
            return "won"
        return None if self.is_closed is None else "lost" if self.is_closed else "open"


class OpportunityStage(Record[Stage], key="name", cursor="modified_at"):
    """A step that opportunities go through; an opportunity names it by its API name."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    name: str = wire("ApiName", read_only=True)
    label: str | None = wire("MasterLabel", to="name", read_only=True)
    position: Whole = wire("SortOrder", to="position", read_only=True)
    percent: Number = wire("DefaultProbability", read_only=True)
    is_closed: bool | None = wire("IsClosed", read_only=True)
    is_won: bool | None = wire("IsWon", read_only=True)

    @derive("probability")
    def probability(self) -> Decimal | None:
        """Salesforce counts in percent."""
        return None if self.percent is None else self.percent / 100

    @derive("type")
    def type(self) -> str:
        """Won and lost stages are both closed."""
        return "won" if self.is_won else "lost" if self.is_closed else "open"


class Campaign(Record[UnifiedCampaign], key="id", cursor="modified_at", hub_id="vaiven_id"):
    """A marketing campaign, above any tool that carries a part of it out."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    is_deleted: bool | None = wire("IsDeleted", read_only=True)
    vaiven_id: str | None = wire("Vaiven_Id__c")
    name: str | None = wire("Name", to="name")
    type: str | None = wire("Type", to="channel", values=CHANNEL, read_only=True)
    status: str | None = wire("Status", to="status", values=CAMPAIGN_STATUS)
    parent_id: str | None = wire("ParentId", to="parent_id", ref="campaigns")
    owner_id: str | None = wire("OwnerId", to="owner_id", ref="users")
    start_on: Day = wire("StartDate", to="start_on")
    end_on: Day = wire("EndDate", to="end_on")
    budget: Number = wire("BudgetedCost", to="budget")
    currency: str | None = wire("CurrencyIsoCode", to="currency")

    @derive("budget_period")
    def budget_period(self) -> str | None:
        """The budget is for the whole campaign."""
        return None if self.budget is None else "lifetime"

    @derive("budget_level")
    def budget_level(self) -> str | None:
        """It is set at the campaign."""
        return None if self.budget is None else "campaign"


class CampaignMember(Record[Association], key="id", cursor="modified_at"):
    """A contact in a campaign, and how far it has come there."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    is_deleted: bool | None = wire("IsDeleted", read_only=True)
    campaign_id: str | None = wire("CampaignId", to="from_id", ref="campaigns")
    contact_id: str | None = wire("ContactId", to="to_id", ref="contacts")
    status: str | None = wire("Status", to="label", read_only=True)
    created_at: Stamp = wire("CreatedDate", to="since_at", read_only=True)

    @derive("from_kind")
    def from_kind(self) -> str:
        """Campaigns stay campaigns."""
        return "campaign"

    @derive("to_kind")
    def to_kind(self) -> str:
        """Contacts become people."""
        return "person"

    @derive("type")
    def type(self) -> str:
        """Each status is the campaign's own word; the tie is the same."""
        return "member"
