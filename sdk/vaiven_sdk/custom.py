"""Fields that an account's owner has added, found at run time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class CustomType(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    """A text of any length."""
    NUMBER = "number"
    """A number, exact."""
    BOOLEAN = "boolean"
    """True or false."""
    DATE = "date"
    """A civil date."""
    INSTANT = "instant"
    """A moment."""
    CHOICE = "choice"
    """One of `options`."""
    CHOICES = "choices"
    """Any of `options`."""


@dataclass(frozen=True, slots=True)
class CustomField:
    """One field that is not in the vendor's own schema.

    Args:
        key: the vendor's name of it.
        path: dotted path in a record's JSON.
        type: what it holds.
        label: what people call it.
        options: the values of a choice, as on the wire.
        read_only: never written.
    """

    key: str
    path: str
    type: CustomType = CustomType.TEXT
    label: str = ""
    options: Sequence[str] = ()
    read_only: bool = False
