"""What is sent: one message of a campaign or flow, and the template it is made from."""

from enum import StrEnum
from typing import Annotated

from ._base import Entity, Pii, Ref
from ._types import Instant, Language, Name, Text, Url


class MessageStatus(StrEnum):
    """How far a message has come."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FAILED = "failed"
    OTHER = "other"


class MessageChannel(StrEnum):
    """What the message is sent as."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    WHATSAPP = "whatsapp"
    OTHER = "other"


class EmailMessage(Entity):
    """One message that goes to many: a campaign's mailing, a step of a flow, or a variant of either."""

    name: Name | None = None
    """Name shown to the tenant's staff."""
    channel: MessageChannel | None = None
    """What it is sent as."""
    campaign_id: Annotated[str | None, Ref("campaign")] = None
    """Campaign that it belongs to."""
    template_id: Annotated[str | None, Ref("template")] = None
    """Template that it is made from."""
    list_id: Annotated[str | None, Ref("list")] = None
    """List that it is sent to."""
    flow_ref: Text | None = None
    """The vendor's id of the automation; empty for a one-off mailing."""
    step: int | None = None
    """Position in the flow, from 1."""
    variant: Text | None = None
    """Arm of an A/B test, as in `A`."""
    status: MessageStatus | None = None
    """How far it has come."""
    subject: Text | None = None
    """Subject line, with merge tags as written."""
    preheader: Text | None = None
    """Preview text."""
    from_name: Name | None = None
    """Sender's name."""
    from_email: Text | None = None
    """Sender's address: the tenant's own, not a person's."""
    reply_to: Text | None = None
    """Address that answers go to."""
    language: Language | None = None
    """Language of the text."""
    scheduled_at: Instant | None = None
    """When it is to go out."""
    sent_at: Instant | None = None
    """When sending began."""
    recipients: int | None = None
    """Number of people it was meant for."""
    archive_url: Url | None = None
    """Public copy."""
    utm_campaign: Text | None = None
    """`utm_campaign` of its links."""


class Template(Entity):
    """A reusable text with places for a person's data."""

    name: Name | None = None
    """Name shown to the tenant's staff."""
    channel: MessageChannel | None = None
    """What it is sent as."""
    subject: Text | None = None
    """Subject line, with merge tags as written."""
    preheader: Text | None = None
    """Preview text."""
    html: str | None = None
    """HTML source, byte for byte."""
    mjml: str | None = None
    """MJML source, if it is made from one."""
    text: str | None = None
    """Plain text."""
    from_name: Name | None = None
    """Sender's name."""
    from_email: Text | None = None
    """Sender's address."""
    reply_to: Text | None = None
    """Address that answers go to."""
    merge_tags: list[str] | None = None
    """Names of the places that a person's data fill, in alphabetical order."""
    language: Language | None = None
    """Language of the text."""
    content_hash: Text | None = None
    """SHA-256 of the source in hex: equal content, equal hash."""
    author: Annotated[Name | None, Pii.CONTACT] = None
    """Who wrote it."""
