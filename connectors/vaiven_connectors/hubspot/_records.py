"""HubSpot's CRM records: their fields, where they stand in the JSON, and what they mean to the hub.

Names of the properties: default-property lists of the contacts, companies and deals guides, reached from
developers.hubspot.com/docs/api-reference. Their types: schema SimplePublicObject of crm-contacts@v3, where
`properties` is a map of strings, null or "" when empty. Read 2026-11-22.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Company as UnifiedCompany
from vaiven_sdk.model import Deal as UnifiedDeal
from vaiven_sdk.model import Person, Pipeline, Stage, User
from vaiven_sdk.model.money import EXPONENTS, to_major, to_minor

EMPTY = BeforeValidator(lambda value: None if value == "" else value)
Stamp = Annotated[AwareDatetime | None, EMPTY]
Number = Annotated[Decimal | None, EMPTY]
Whole = Annotated[int | None, BeforeValidator(lambda value: int(Decimal(value)) if value else None)]
Flag = Annotated[bool | None, EMPTY]
Ids = Annotated[list[str] | None, BeforeValidator(lambda value: value.split(";") if value else None)]

# Internal names of the eight default stages. A customer may remove them and add others, which have numbers
# (changelog "Upcoming: Customized lifecycle stages for contacts and companies", read 2026-11-22).
LIFECYCLE = {
    "subscriber": "subscriber",
    "lead": "lead",
    "marketingqualifiedlead": "marketing_qualified",
    "salesqualifiedlead": "sales_qualified",
    "opportunity": "opportunity",
    "customer": "customer",
    "evangelist": "evangelist",
    "other": "other",
}


def properties(record: type[Record[Any]]) -> list[str]:
    """Names of the properties that a record class reads: HubSpot sends just a few unless they are named."""
    return sorted(path.removeprefix("properties.") for path in record.paths() if path.startswith("properties."))


def _minor(amount: Decimal | None, currency: str | None) -> int | None:
    # Without its currency an amount means nothing: portals with one currency may leave the code out.
    if amount is None or not currency or currency not in EXPONENTS:
        return None
    return to_minor(amount, currency)


def _amount(values: Mapping[str, Any]) -> Mapping[str, Any]:
    minor, currency = values.get("amount_minor"), values.get("currency")
    if minor is None:
        return {"amount": None}
    return {"amount": to_major(minor, currency)} if currency else {}


def _noon(values: Mapping[str, Any]) -> Mapping[str, Any]:
    # HubSpot shows the instant `closedate` as a day of the reader's zone; noon UTC is the same day nearly
    # everywhere.
    day = values.get("close_on")
    return {"closes_at": datetime.combine(datetime.fromisoformat(day), time(12), UTC) if day else None}


class Contact(Record[Person], key="id", cursor="modified_at", clear="", hub_id="vaiven_id", absorbs="merged"):
    """A person; `lastmodifieddate`, unlike the other objects' `hs_lastmodifieddate`, is the version."""

    id: str = wire(read_only=True)
    archived: bool | None = wire(read_only=True)
    modified_at: Stamp = wire("properties.lastmodifieddate", read_only=True)
    vaiven_id: str | None = wire("properties.vaiven_id")
    merged: Ids = wire("properties.hs_merged_object_ids", read_only=True)
    email: str | None = wire("properties.email", to="email")
    phone: str | None = wire("properties.phone", to="phone")
    first_name: str | None = wire("properties.firstname", to="given_name")
    last_name: str | None = wire("properties.lastname", to="family_name")
    salutation: str | None = wire("properties.salutation", to="honorific")
    gender: str | None = wire("properties.gender", to="gender")
    street: str | None = wire("properties.address", to="street")
    city: str | None = wire("properties.city", to="city")
    region: str | None = wire("properties.state", to="region")
    postal_code: str | None = wire("properties.zip", to="postal_code")
    country: str | None = wire("properties.country", to="country")
    job_title: str | None = wire("properties.jobtitle", to="job_title")
    company: str | None = wire("properties.company", to="company_name")
    company_id: str | None = wire("properties.associatedcompanyid", to="company_id", ref="companies", read_only=True)
    owner_id: str | None = wire("properties.hubspot_owner_id", to="owner_id", ref="owners")
    website: str | None = wire("properties.website", to="website")
    language: str | None = wire("properties.hs_language", to="locale", read_only=True)
    stage: str | None = wire("properties.lifecyclestage", to="lifecycle", values=LIFECYCLE)
    opted_out: Flag = wire("properties.hs_email_optout", read_only=True)
    hard_bounce: str | None = wire("properties.hs_email_hard_bounce_reason_enum", read_only=True)
    source: str | None = wire("properties.hs_analytics_source", read_only=True)
    created_at: Stamp = wire("properties.createdate", to="first_seen_at", read_only=True)

    @derive("email_consent", values={True: "denied", False: "unknown"})
    def email_consent(self) -> bool:
        """Opting out of all e-mail is a refusal; not having done so is no permission."""
        return bool(self.opted_out)

    @derive("email_validity")
    def email_validity(self) -> str:
        """HubSpot names the reason of a hard bounce, and nothing else about an address."""
        return "hard_bounce" if self.hard_bounce else "unknown"

    @derive("source_channel")
    def source_channel(self) -> str | None:
        """`ORGANIC_SEARCH` and its like, in the hub's spelling."""
        return self.source.lower() if self.source else None


class Company(Record[UnifiedCompany], key="id", cursor="modified_at", clear="", hub_id="vaiven_id", absorbs="merged"):
    """An organisation."""

    id: str = wire(read_only=True)
    archived: bool | None = wire(read_only=True)
    modified_at: Stamp = wire("properties.hs_lastmodifieddate", read_only=True)
    vaiven_id: str | None = wire("properties.vaiven_id")
    merged: Ids = wire("properties.hs_merged_object_ids", read_only=True)
    name: str | None = wire("properties.name", to="name")
    domain: str | None = wire("properties.domain", to="domain")
    website: str | None = wire("properties.website", to="website")
    phone: str | None = wire("properties.phone", to="phone")
    industry: str | None = wire("properties.industry", to="industry", read_only=True)
    employees: Whole = wire("properties.numberofemployees", to="employees")
    revenue: Number = wire("properties.annualrevenue", read_only=True)
    currency: str | None = wire("properties.hs_annual_revenue_currency_code", to="currency", read_only=True)
    street: str | None = wire("properties.address", to="street")
    city: str | None = wire("properties.city", to="city")
    region: str | None = wire("properties.state", to="region")
    postal_code: str | None = wire("properties.zip", to="postal_code")
    country: str | None = wire("properties.country", to="country")
    parent_id: str | None = wire("properties.hs_parent_company_id", to="parent_id", ref="companies", read_only=True)
    owner_id: str | None = wire("properties.hubspot_owner_id", to="owner_id", ref="owners")
    stage: str | None = wire("properties.lifecyclestage", to="lifecycle", values=LIFECYCLE)
    description: str | None = wire("properties.description", to="description")
    created_at: Stamp = wire("properties.createdate", to="first_seen_at", read_only=True)

    @derive("annual_revenue_minor")
    def annual_revenue_minor(self) -> int | None:
        """Never written: the currency beside it is HubSpot's own choice."""
        return _minor(self.revenue, self.currency)


class Deal(Record[UnifiedDeal], key="id", cursor="modified_at", clear="", hub_id="vaiven_id", absorbs="merged"):
    """A possible sale."""

    id: str = wire(read_only=True)
    archived: bool | None = wire(read_only=True)
    modified_at: Stamp = wire("properties.hs_lastmodifieddate", read_only=True)
    vaiven_id: str | None = wire("properties.vaiven_id")
    merged: Ids = wire("properties.hs_merged_object_ids", read_only=True)
    name: str | None = wire("properties.dealname", to="name")
    company_id: str | None = wire(
        "properties.hs_primary_associated_company", to="company_id", ref="companies", read_only=True
    )
    owner_id: str | None = wire("properties.hubspot_owner_id", to="owner_id", ref="owners")
    pipeline: str | None = wire("properties.pipeline", to="pipeline_id", ref="pipelines")
    stage: str | None = wire("properties.dealstage", to="stage_id", ref="stages")
    amount: Number = wire("properties.amount")
    currency: str | None = wire("properties.deal_currency_code", to="currency")
    probability: Number = wire("properties.hs_deal_stage_probability", to="probability", read_only=True)
    is_closed: Flag = wire("properties.hs_is_closed", read_only=True)
    is_won: Flag = wire("properties.hs_is_closed_won", read_only=True)
    closes_at: Stamp = wire("properties.closedate")
    created_at: Stamp = wire("properties.createdate", to="opened_at", read_only=True)
    lost_reason: str | None = wire("properties.closed_lost_reason", to="lost_reason")
    type: str | None = wire("properties.dealtype", to="type", read_only=True)
    source: str | None = wire("properties.hs_analytics_source", read_only=True)
    next_step: str | None = wire("properties.hs_next_step", to="next_step")
    description: str | None = wire("properties.description", to="description")

    @derive("amount_minor", back=_amount)
    def amount_minor(self) -> int | None:
        """The amount in minor units of the deal's own currency."""
        return _minor(self.amount, self.currency)

    @derive("close_on", back=_noon)
    def close_on(self) -> datetime | None:
        """The UTC day of `closedate`."""
        return self.closes_at.astimezone(UTC) if self.closes_at else None

    @derive("status")
    def status(self) -> str | None:
        """HubSpot derives both flags from the stage."""
        if self.is_won:
            return "won"
        return None if self.is_closed is None else "lost" if self.is_closed else "open"

    @derive("source")
    def channel(self) -> str | None:
        """`ORGANIC_SEARCH` and its like, in the hub's spelling."""
        return self.source.lower() if self.source else None


class Owner(Record[User], key="id", cursor="modified_at"):
    """Somebody who can be given records: schema PublicOwner of crm-crm-owners@v3."""

    id: str = wire(read_only=True)
    email: str | None = wire(to="email", read_only=True)
    first_name: str | None = wire("firstName", to="given_name", read_only=True)
    last_name: str | None = wire("lastName", to="family_name", read_only=True)
    archived: bool | None = wire(read_only=True)
    modified_at: Stamp = wire("updatedAt", read_only=True)

    @derive("is_active")
    def is_active(self) -> bool:
        """A deactivated user's owner is archived."""
        return not self.archived


class DealPipeline(Record[Pipeline], key="id", cursor="modified_at"):
    """A pipeline that deals move through: schema Pipeline of crm-pipelines@v3."""

    id: str = wire(read_only=True)
    label: str | None = wire(to="name", read_only=True)
    position: int | None = wire("displayOrder", to="position", read_only=True)
    archived: bool | None = wire(read_only=True)
    modified_at: Stamp = wire("updatedAt", read_only=True)

    @derive("type")
    def type(self) -> str:
        """Only the pipelines of deals are read."""
        return "deal"

    @derive("is_active")
    def is_active(self) -> bool:
        """An archived pipeline takes no deals."""
        return not self.archived


class DealStage(Record[Stage], key="id", cursor="modified_at"):
    """A stage of a pipeline; `metadata` holds `probability` (0.0 to 1.0) and `isClosed` as texts."""

    id: str = wire(read_only=True)
    label: str | None = wire(to="name", read_only=True)
    pipeline: str | None = wire("pipelineId", to="pipeline_id", ref="pipelines", read_only=True)
    position: int | None = wire("displayOrder", to="position", read_only=True)
    probability: Number = wire("metadata.probability", to="probability", read_only=True)
    is_closed: Flag = wire("metadata.isClosed", read_only=True)
    modified_at: Stamp = wire("updatedAt", read_only=True)

    @derive("type")
    def type(self) -> str:
        """Won is the closed stage of probability 1, as HubSpot itself tells them apart."""
        if self.is_closed or (self.is_closed is None and self.probability in {0, 1}):
            return "won" if self.probability == 1 else "lost"
        return "open"
