"""What people allow: the log of their acts, which is the truth, and the state that follows from it."""

from enum import StrEnum
from typing import Annotated, ClassVar

from ._base import Entity, Merge, Nature, Pii, Ref
from ._types import Instant, Text


class ConsentStatus(StrEnum):
    """May we, for one channel and purpose?"""

    GRANTED = "granted"
    DENIED = "denied"
    PENDING = "pending"
    """Asked for, and not yet confirmed by the person (double opt-in)."""
    UNKNOWN = "unknown"
    """Nothing is known; never overwrites a known status, and is no permission."""


class ConsentChannel(StrEnum):
    """How the person would be reached, or what would be done with the data."""

    ANY = "any"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    CALL = "call"
    POST = "post"
    WHATSAPP = "whatsapp"
    ADS_CUSTOM_AUDIENCE = "ads_custom_audience"
    PROFILING = "profiling"
    SALE_SHARE = "sale_share"
    OTHER = "other"


class ConsentPurpose(StrEnum):
    """What for."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"
    ANALYTICS = "analytics"
    PERSONALISATION = "personalisation"
    ADS = "ads"
    OTHER = "other"


class LegalBasis(StrEnum):
    """Ground of the processing under GDPR article 6(1), letters a to f."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTEREST = "vital_interest"
    PUBLIC_INTEREST = "public_interest"
    LEGITIMATE_INTEREST = "legitimate_interest"
    OTHER = "other"


class ConsentState(Entity):
    """The status that holds now for one contact point, channel, purpose and topic; derived from the log."""

    natural_key: ClassVar[tuple[str, ...]] = ("person_id", "contact_point_id", "channel", "purpose", "topic")

    person_id: Annotated[str | None, Ref("person")] = None
    """Whose consent."""
    contact_point_id: Annotated[str | None, Ref("contact_point")] = None
    """The address it is given for; empty if for every address of the channel."""
    channel: ConsentChannel | None = None
    """How the person would be reached."""
    purpose: ConsentPurpose | None = None
    """What for."""
    topic: Text | None = None
    """Subscription group, as in `newsletter`; empty for all of the purpose."""
    status: Annotated[ConsentStatus | None, Merge.MOST_RESTRICTIVE] = None
    """May we?"""
    legal_basis: LegalBasis | None = None
    """Ground of the processing."""
    captured_at: Annotated[Instant | None, Merge.LATEST] = None
    """When the person last decided."""
    captured_via: Text | None = None
    """Where the person decided, as in `form:spring-sale`."""
    evidence_ref: Text | None = None
    """Id of the proof: the event, form submission or vendor record."""
    double_opt_in_at: Annotated[Instant | None, Merge.LATEST] = None
    """When the person confirmed; empty without double opt-in."""
    effective_at: Instant | None = None
    """Since when the status holds."""
    expires_at: Instant | None = None
    """When it ends by itself; empty if it does not."""
    jurisdiction: Text | None = None
    """Law that applies: ISO 3166-1 or 3166-2 code, as in `US-CA`."""
    source: Text | None = None
    """Slug of the connector that reported it."""


class ConsentEvent(Entity):
    """One act that gave, refused or withdrew consent. Never changed, never deleted but by erasure."""

    nature: ClassVar[Nature] = Nature.EVENT
    natural_key: ClassVar[tuple[str, ...]] = ("connection_id", "event_id")

    connection_id: str = ""
    """Connection that reported it; filled by the engine, empty for the hub's own."""
    event_id: str
    """The vendor's id of the act, or a digest of what is known of it; unique within the connection."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Whose consent."""
    contact_point_id: Annotated[str | None, Ref("contact_point")] = None
    """The address it is given for."""
    address: Annotated[str | None, Pii.CONTACT] = None
    """The address in its normalised spelling, as it was at the time."""
    channel: ConsentChannel | None = None
    """How the person would be reached."""
    purpose: ConsentPurpose | None = None
    """What for."""
    topic: Text | None = None
    """Subscription group; empty for all of the purpose."""
    status: ConsentStatus | None = None
    """What the act decided."""
    legal_basis: LegalBasis | None = None
    """Ground of the processing."""
    occurred_at: Instant | None = None
    """When the person acted, by the vendor's clock."""
    received_at: Instant | None = None
    """When the hub learnt of it."""
    captured_via: Text | None = None
    """Where the person acted."""
    evidence_ref: Text | None = None
    """Id of the proof; a grant without one never loosens a refusal."""
    is_user_act: bool | None = None
    """The person did it (form, link, reply), not an administrator or an import."""
    ip_hash: Annotated[str | None, Pii.SENSITIVE] = None
    """Salted hash of the address that the act came from."""
    jurisdiction: Text | None = None
    """Law that applies."""
    text_shown: Text | None = None
    """The sentence that the person agreed to."""
