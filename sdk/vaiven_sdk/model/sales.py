"""Selling to people one by one: leads, deals and the pipelines they move through."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from ._base import Clean, Entity, Key, Merge, Pii, Ref
from ._types import Country, Currency, Instant, Minor, Name, Rate, Text


class LeadStatus(StrEnum):
    """What has become of a lead."""

    NEW = "new"
    WORKING = "working"
    NURTURING = "nurturing"
    QUALIFIED = "qualified"
    UNQUALIFIED = "unqualified"
    CONVERTED = "converted"
    OTHER = "other"


class DealStatus(StrEnum):
    """Whether a deal is decided."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    OTHER = "other"


class PipelineType(StrEnum):
    """What moves through a pipeline."""

    DEAL = "deal"
    TICKET = "ticket"
    LEAD = "lead"
    OTHER = "other"


class StageType(StrEnum):
    """What it means to be in a stage."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"
    """Done, where winning has no meaning (tickets)."""
    OTHER = "other"


class Lead(Entity):
    """An unqualified enquiry, kept apart from the person until it is converted."""

    person_id: Annotated[str | None, Ref("person")] = None
    """The person, once known or converted to."""
    company_id: Annotated[str | None, Ref("company")] = None
    """The company, once known or converted to."""
    deal_id: Annotated[str | None, Ref("deal")] = None
    """The deal converted to."""
    owner_id: Annotated[str | None, Ref("user")] = None
    """Who works on it."""
    campaign_id: Annotated[str | None, Ref("campaign")] = None
    """Campaign that brought it."""
    email: Annotated[str | None, Key("email", limit=5, priority=2), Clean("email"), Pii.CONTACT] = None
    """E-mail address given."""
    phone: Annotated[str | None, Key("phone", limit=2, priority=3), Clean("phone"), Pii.CONTACT] = None
    """Phone number given."""
    given_name: Annotated[Name | None, Pii.CONTACT] = None
    """First name given."""
    family_name: Annotated[Name | None, Pii.CONTACT] = None
    """Last name given."""
    company_name: Name | None = None
    """Company given."""
    job_title: Name | None = None
    """Position given."""
    country: Country | None = None
    """Country given."""
    status: LeadStatus | None = None
    """What has become of it."""
    score: Rate | None = None
    """The tool's own score; the scale is the tool's."""
    source: Text | None = None
    """Where it came from, as in `web`."""
    converted_at: Instant | None = None
    """When it became person, company and deal."""
    description: Annotated[Text | None, Pii.CONTACT] = None
    """What the person asked for."""


class Deal(Entity):
    """A possible sale, also called an opportunity.

    People in it hang on `association` rows with their role; the main ones stand here.
    """

    external_id: Annotated[str | None, Key("external_id", limit=1, priority=1), Clean("text")] = None
    """The tenant's own number for the deal."""
    name: Name | None = None
    """Name shown to the tenant's staff."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Main contact."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Buyer."""
    owner_id: Annotated[str | None, Ref("user")] = None
    """Who sells."""
    pipeline_id: Annotated[str | None, Ref("pipeline")] = None
    """Pipeline that it moves through."""
    stage_id: Annotated[str | None, Ref("stage")] = None
    """Stage that it is in."""
    campaign_id: Annotated[str | None, Ref("campaign")] = None
    """Campaign that it is credited to."""
    status: DealStatus | None = None
    """Whether it is decided."""
    amount_minor: Minor | None = None
    """Value in minor units of `currency`."""
    currency: Currency | None = None
    """Currency of `amount_minor`."""
    probability: Rate | None = None
    """Chance of winning, 0 to 1."""
    close_on: date | None = None
    """Day of the expected or real decision."""
    opened_at: Annotated[Instant | None, Merge.EARLIEST] = None
    """When it began."""
    closed_at: Instant | None = None
    """When it was decided; empty while open."""
    stage_entered_at: Instant | None = None
    """When it came into its stage."""
    lost_reason: Text | None = None
    """Why it was lost, in the words of the source."""
    type: Text | None = None
    """Kind of business, as in `new_business`."""
    source: Text | None = None
    """Where it came from."""
    next_step: Text | None = None
    """What the seller does next."""
    description: Text | None = None
    """Free note."""
    tags: Annotated[list[str] | None, Merge.UNION] = None
    """Labels; a set, kept in alphabetical order."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""


class Pipeline(Entity):
    """The stages, in order, that deals or tickets go through."""

    name: Name | None = None
    """Name shown to the tenant's staff."""
    type: PipelineType | None = None
    """What moves through it."""
    position: int | None = None
    """Place among the pipelines, from 0."""
    is_active: bool | None = None
    """New deals may enter."""


class Stage(Entity):
    """One step of a pipeline."""

    name: Name | None = None
    """Name shown to the tenant's staff."""
    pipeline_id: Annotated[str | None, Ref("pipeline")] = None
    """The pipeline."""
    type: StageType | None = None
    """What it means to be here."""
    position: int | None = None
    """Place in the pipeline, from 0."""
    probability: Rate | None = None
    """Chance of winning from here, 0 to 1."""
