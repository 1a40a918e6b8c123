"""What happens and what is planned: events, activities, the tenant's own people, and ties between things."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from ._base import Clean, Entity, Key, Merge, Nature, Pii, Ref, RefBy
from ._types import Instant, Name, Text, Url


class ActivityType(StrEnum):
    """What somebody of the tenant's does or did."""

    TASK = "task"
    NOTE = "note"
    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    OTHER = "other"


class ActivityStatus(StrEnum):
    """Whether an activity is done."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"
    OTHER = "other"


class Event(Entity):
    """Something that happened once: an e-mail opened, a page viewed, an order completed. Never changed."""

    nature: ClassVar[Nature] = Nature.EVENT
    natural_key: ClassVar[tuple[str, ...]] = ("connection_id", "event_id")

    connection_id: str = ""
    """Connection that reported it; filled by the engine, empty for the hub's own."""
    event_id: str
    """The vendor's id of the event, or a digest of its content; unique within the connection."""
    type: str
    """Dotted verb in the past tense, as in `email.opened`, `order.completed`, `page.viewed`."""
    occurred_at: Instant
    """When it happened, by the vendor's clock."""
    received_at: Instant | None = None
    """When the hub learnt of it."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Who did it, once known; a later answer is a join, not a rewrite of the event."""
    actor: Annotated[dict[str, Any] | None, Pii.CONTACT] = None
    """Raw identifiers of who did it by namespace, as in `{"email": "ana@example.com"}`."""
    email: Annotated[str | None, Clean("email"), Pii.CONTACT] = None
    """E-mail address that it is about."""
    object_kind: Text | None = None
    """Kind of the thing that it is about, as in `email_message`."""
    object_id: Annotated[str | None, RefBy("object_kind")] = None
    """The thing that it is about."""
    campaign_id: Annotated[str | None, Ref("campaign")] = None
    """Campaign that it belongs to."""
    properties: Annotated[dict[str, Any] | None, Pii.SENSITIVE] = None
    """What else the source tells, in its own form."""
    url: Annotated[Url | None, Pii.CONTACT] = None
    """Page viewed or link clicked."""
    referrer_url: Annotated[Url | None, Pii.CONTACT] = None
    """Page that the person came from."""
    utm_source: Text | None = None
    """`utm_source` of the visit."""
    utm_medium: Text | None = None
    """`utm_medium` of the visit."""
    utm_campaign: Text | None = None
    """`utm_campaign` of the visit."""
    session_id: Annotated[str | None, Pii.CONTACT] = None
    """The vendor's id of the visit."""
    ip_hash: Annotated[str | None, Pii.SENSITIVE] = None
    """Salted hash of the address that it came from."""
    user_agent: Annotated[str | None, Pii.CONTACT] = None
    """Browser or mail client."""
    is_machine: bool | None = None
    """Done by a machine (link scanner, mail privacy proxy), not by the person."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""


class Activity(Entity):
    """Something that the tenant's own people do or plan: a task, note, call, meeting or e-mail."""

    plural: ClassVar[str] = "activities"

    type: ActivityType | None = None
    """What it is."""
    subject: Text | None = None
    """Headline."""
    body: Annotated[str | None, Pii.SENSITIVE] = None
    """Text, plain or HTML as the source has it."""
    status: ActivityStatus | None = None
    """Whether it is done."""
    owner_id: Annotated[str | None, Ref("user")] = None
    """Who does it."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Whom it is about; more people hang on `association` rows."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Company that it is about."""
    deal_id: Annotated[str | None, Ref("deal")] = None
    """Deal that it is about."""
    ticket_id: Annotated[str | None, Ref("ticket")] = None
    """Ticket that it is about."""
    due_on: date | None = None
    """Last day to do it."""
    started_at: Instant | None = None
    """When it begins or began."""
    ended_at: Instant | None = None
    """When it ends or ended."""
    done_at: Instant | None = None
    """When it was ticked off."""
    direction: Text | None = None
    """`inbound` or `outbound`, for calls and e-mails."""
    outcome: Text | None = None
    """What came of it, in the words of the source."""


class User(Entity):
    """Somebody who works for the tenant in a tool: owner, agent, seller."""

    email: Annotated[str | None, Key("email", limit=1, priority=1), Clean("email"), Pii.CONTACT] = None
    """Work address: the same in every tool."""
    given_name: Annotated[Name | None, Pii.CONTACT] = None
    """First name."""
    family_name: Annotated[Name | None, Pii.CONTACT] = None
    """Last name."""
    full_name: Annotated[Name | None, Pii.CONTACT] = None
    """Name shown in the tool."""
    role: Text | None = None
    """Role in the tool, in its words."""
    team: Text | None = None
    """Team in the tool."""
    timezone: Text | None = None
    """IANA time zone."""
    is_active: bool | None = None
    """May still sign in."""


class Association(Entity):
    """A tie between any two entities that has no field of its own."""

    natural_key: ClassVar[tuple[str, ...]] = ("from_kind", "from_id", "to_kind", "to_id", "type")

    from_kind: Text | None = None
    """Kind of the one end, as in `deal`."""
    from_id: Annotated[str | None, RefBy("from_kind")] = None
    """The one end."""
    to_kind: Text | None = None
    """Kind of the other end, as in `person`."""
    to_id: Annotated[str | None, RefBy("to_kind")] = None
    """The other end."""
    type: Text | None = None
    """What ties them, read from the one to the other, as in `decision_maker`."""
    label: Text | None = None
    """The tenant's own word for it."""
    is_primary: bool | None = None
    """The one that the entity's own field shows."""
    since_at: Annotated[Instant | None, Merge.EARLIEST] = None
    """Since when."""
