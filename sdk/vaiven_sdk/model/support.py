"""Helping people: tickets, conversations and the messages in them."""

from enum import StrEnum
from typing import Annotated

from ._base import Entity, Merge, Pii, Ref
from ._types import Instant, Name, Rate, Text


class TicketStatus(StrEnum):
    """What a ticket waits for."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    """Waits for the person."""
    ON_HOLD = "on_hold"
    """Waits for a third party."""
    SOLVED = "solved"
    CLOSED = "closed"
    OTHER = "other"


class Priority(StrEnum):
    """How urgent it is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    OTHER = "other"


class SupportChannel(StrEnum):
    """Through what people talk to the tenant."""

    EMAIL = "email"
    CHAT = "chat"
    PHONE = "phone"
    SMS = "sms"
    SOCIAL = "social"
    MESSENGER = "messenger"
    WEB = "web"
    API = "api"
    OTHER = "other"


class AuthorType(StrEnum):
    """Who speaks in a conversation."""

    PERSON = "person"
    USER = "user"
    BOT = "bot"
    OTHER = "other"


class Ticket(Entity):
    """A request for help that is worked on until it is solved."""

    number: Text | None = None
    """Number shown to the person."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Who asks."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Company of the one who asks."""
    assignee_id: Annotated[str | None, Ref("user")] = None
    """Who works on it."""
    pipeline_id: Annotated[str | None, Ref("pipeline")] = None
    """Pipeline that it moves through."""
    stage_id: Annotated[str | None, Ref("stage")] = None
    """Stage that it is in."""
    subject: Annotated[Text | None, Pii.CONTACT] = None
    """Subject line."""
    description: Annotated[Text | None, Pii.SENSITIVE] = None
    """First message."""
    status: TicketStatus | None = None
    """What it waits for."""
    priority: Priority | None = None
    """How urgent it is."""
    channel: SupportChannel | None = None
    """Through what it came."""
    category: Text | None = None
    """Kind of request, in the words of the source."""
    opened_at: Annotated[Instant | None, Merge.EARLIEST] = None
    """When the person asked."""
    first_response_s: int | None = None
    """Seconds until somebody answered, by the clock on the wall."""
    resolved_at: Instant | None = None
    """When it was last solved; empty while open."""
    csat: Rate | None = None
    """Satisfaction from 0 (worst) to 1 (best)."""
    csat_comment: Annotated[Text | None, Pii.SENSITIVE] = None
    """What the person said with it."""
    tags: Annotated[list[str] | None, Merge.UNION] = None
    """Labels; a set, kept in alphabetical order."""


class Conversation(Entity):
    """A thread of messages with a person."""

    person_id: Annotated[str | None, Ref("person")] = None
    """With whom."""
    ticket_id: Annotated[str | None, Ref("ticket")] = None
    """Ticket that it belongs to."""
    assignee_id: Annotated[str | None, Ref("user")] = None
    """Who answers."""
    subject: Annotated[Text | None, Pii.CONTACT] = None
    """Subject line."""
    status: TicketStatus | None = None
    """What it waits for."""
    channel: SupportChannel | None = None
    """Through what it goes."""
    started_at: Annotated[Instant | None, Merge.EARLIEST] = None
    """First message."""
    last_message_at: Annotated[Instant | None, Merge.LATEST] = None
    """Last message."""
    messages: int | None = None
    """Number of messages by the tool's own count."""
    rating: Rate | None = None
    """Satisfaction from 0 (worst) to 1 (best)."""
    tags: Annotated[list[str] | None, Merge.UNION] = None
    """Labels; a set, kept in alphabetical order."""


class Message(Entity):
    """One thing said in a conversation."""

    conversation_id: Annotated[str | None, Ref("conversation")] = None
    """The conversation."""
    ticket_id: Annotated[str | None, Ref("ticket")] = None
    """The ticket, where there is no conversation."""
    author_type: AuthorType | None = None
    """Who speaks."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Who speaks, if it is a person."""
    user_id: Annotated[str | None, Ref("user")] = None
    """Who speaks, if it is one of the tenant's own."""
    author_name: Annotated[Name | None, Pii.CONTACT] = None
    """Name shown with it."""
    text: Annotated[Text | None, Pii.SENSITIVE] = None
    """What is said, as plain text."""
    html: Annotated[str | None, Pii.SENSITIVE] = None
    """What is said, as HTML."""
    is_public: bool | None = None
    """The person can read it."""
    sent_at: Instant | None = None
    """When it was said."""
