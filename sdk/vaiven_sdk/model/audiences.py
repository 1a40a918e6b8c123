"""Groups of people: lists and segments, and who is on them."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from ._base import Entity, Merge, Ref
from ._types import Instant, Name, Text


class ListType(StrEnum):
    """How people come to be on a list."""

    STATIC = "static"
    """Put there one by one."""
    DYNAMIC = "dynamic"
    """Chosen by a rule."""
    AD_AUDIENCE = "ad_audience"
    SUPPRESSION = "suppression"
    """People who must not be contacted."""
    OTHER = "other"


class MembershipStatus(StrEnum):
    """How a person stands to a list."""

    ACTIVE = "active"
    PENDING = "pending"
    """Waits for double opt-in."""
    UNSUBSCRIBED = "unsubscribed"
    """Left by the person's own act."""
    REMOVED = "removed"
    """Taken off by the tenant."""
    CLEANED = "cleaned"
    """Taken off by the tool, since the address bounced."""
    TRANSACTIONAL = "transactional"
    """Known to the list's tool, and never subscribed."""
    OTHER = "other"


class List(Entity):
    """A named group of people in one tool: list, audience, segment or suppression list."""

    name: Name | None = None
    """Name shown to the tenant's staff."""
    description: Text | None = None
    """What it is for."""
    type: ListType | None = None
    """How people come to be on it."""
    definition: dict[str, Any] | None = None
    """The rule of a dynamic list, in the source's own terms."""
    size: int | None = None
    """Number of members by the tool's own count."""
    is_double_opt_in: bool | None = None
    """New members must confirm."""
    parent_id: Annotated[str | None, Ref("list")] = None
    """The list that a segment is cut from."""
    archived_on: date | None = None
    """Day it was put away; empty while in use."""


class Membership(Entity):
    """A person on a list. Leaving by one's own act is a `consent_event` too."""

    natural_key: ClassVar[tuple[str, ...]] = ("list_id", "person_id")

    list_id: Annotated[str | None, Ref("list")] = None
    """The list."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Who is on it."""
    status: MembershipStatus | None = None
    """How the person stands to the list."""
    joined_at: Annotated[Instant | None, Merge.EARLIEST] = None
    """First time on the list."""
    left_at: Annotated[Instant | None, Merge.LATEST] = None
    """Last time that the person left; empty for one who never did."""
    reason: Text | None = None
    """Why the person left, in the words of the source."""
    source: Text | None = None
    """How the person came to the list, as in `import`."""
    rating: int | None = None
    """Engagement by the tool's own scale."""
