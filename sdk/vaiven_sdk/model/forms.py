"""What people fill in."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from ._base import Clean, Entity, Nature, Pii, Ref
from ._types import Instant, Language, Name, Text, Url


class FormStatus(StrEnum):
    """Whether a form takes answers."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"
    OTHER = "other"


class Form(Entity):
    """A set of questions on a page."""

    name: Name | None = None
    """Name shown to the tenant's staff."""
    status: FormStatus | None = None
    """Whether it takes answers."""
    type: Text | None = None
    """What it is for, as in `lead` or `survey`."""
    url: Url | None = None
    """Page that it stands on."""
    language: Language | None = None
    """Language of the questions."""
    questions: dict[str, Any] | None = None
    """Questions by key, in the source's own form."""
    list_id: Annotated[str | None, Ref("list")] = None
    """List that people join by it."""
    campaign_id: Annotated[str | None, Ref("campaign")] = None
    """Campaign that it belongs to."""


class FormSubmission(Entity):
    """One person's answers. Never changed."""

    nature: ClassVar[Nature] = Nature.EVENT
    natural_key: ClassVar[tuple[str, ...]] = ("connection_id", "event_id")

    connection_id: str = ""
    """Connection that reported it; filled by the engine, empty for the hub's own."""
    event_id: str
    """The vendor's id of the submission; unique within the connection."""
    form_id: Annotated[str | None, Ref("form")] = None
    """The form."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Who answered, once known."""
    campaign_id: Annotated[str | None, Ref("campaign")] = None
    """Campaign that it is credited to."""
    email: Annotated[str | None, Clean("email"), Pii.CONTACT] = None
    """E-mail address given."""
    phone: Annotated[str | None, Clean("phone"), Pii.CONTACT] = None
    """Phone number given."""
    answers: Annotated[dict[str, Any] | None, Pii.SENSITIVE] = None
    """Answers by question key, in the source's own form."""
    consent: dict[str, Any] | None = None
    """What was asked and ticked, as it stood on the page: the evidence for `consent_event`."""
    submitted_at: Instant | None = None
    """When it was sent."""
    page_url: Annotated[Url | None, Pii.CONTACT] = None
    """Page that it was sent from."""
    page_title: Text | None = None
    """Title of that page."""
    referrer_url: Annotated[Url | None, Pii.CONTACT] = None
    """Page that the person came from."""
    utm_source: Text | None = None
    """`utm_source` of the visit."""
    utm_medium: Text | None = None
    """`utm_medium` of the visit."""
    utm_campaign: Text | None = None
    """`utm_campaign` of the visit."""
    ip_hash: Annotated[str | None, Pii.SENSITIVE] = None
    """Salted hash of the address that it came from."""
    language: Language | None = None
    """Language that the person used."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""
