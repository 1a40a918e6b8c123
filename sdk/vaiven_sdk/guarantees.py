"""What a vendor can promise, and the class of guarantee that follows from it."""

from __future__ import annotations

from enum import StrEnum


class Guard(StrEnum):
    """How a write can be kept from overwriting an edit that nobody has seen."""

    ETAG = "etag"
    """The vendor refuses the write when the record has changed."""
    UNMODIFIED_SINCE = "unmodified_since"
    """The same by modification time."""
    AUDITED = "read_then_write_audited"
    """Read just before; afterwards the vendor's field history shows an edit that fell in between."""
    READ_THEN_WRITE = "read_then_write"
    """Read just before; an edit in the same instant can be overwritten."""
    NONE = "none"


class CreateKey(StrEnum):
    """What stops a repeated create from making a second record."""

    EXTERNAL_ID = "external_id"
    """The record carries the hub's id in a unique field."""
    NATURAL = "natural"
    """The vendor allows one record per e-mail address (or the like)."""
    IDEMPOTENCY_KEY = "idempotency_key"
    """The vendor answers a repeated request with its first answer."""
    NONE = "none"


class Deletes(StrEnum):
    """How a deletion at the vendor becomes known."""

    EVENTS = "events"
    """The vendor lists them as events."""
    TOMBSTONES = "tombstones"
    """Deleted records come with a mark, or from an endpoint of their own."""
    FULL_SCAN = "full_scan"
    """Only by missing from a complete scan."""
    NEVER = "never"
    """Records of this stream are not deleted."""


class Guarantee(StrEnum):
    """What a stream's two-way sync promises when people edit at the same time and machines crash."""

    EXACT = "exact"
    """No edit is overwritten unseen, no record is created twice."""
    AUDITED = "audited"
    """An edit can be overwritten in the same instant, but it is found afterwards and kept; nothing is created twice."""
    AT_LEAST_ONCE = "at-least-once"
    """An edit made in the very instant of a write can be lost, or a create can repeat."""


def guarantee_of(guard: Guard, create_key: CreateKey, *, creates: bool, writes: bool) -> Guarantee:
    """The class that follows from what a stream declares; a stream that is only read is exact."""
    if not writes:
        return Guarantee.EXACT
    if creates and create_key is CreateKey.NONE:
        return Guarantee.AT_LEAST_ONCE
    if guard in {Guard.ETAG, Guard.UNMODIFIED_SINCE}:
        return Guarantee.EXACT
    return Guarantee.AUDITED if guard is Guard.AUDITED else Guarantee.AT_LEAST_ONCE
