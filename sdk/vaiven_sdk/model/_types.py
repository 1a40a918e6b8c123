"""The scalar types that fields of the unified model are made of."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator
from pydantic import Field as Constraint

from ._base import Clean

INT64_MAX = 2**63 - 1
"""Largest amount of minor units that a stored row can hold."""


def utc(value: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        ValueError: `value` has no time zone, so it names no instant.
    """
    if value.tzinfo is None:
        message = "an instant needs a time zone; a civil date belongs in a field that ends in _on"
        raise ValueError(message)
    return value.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(utc)]
"""An aware UTC datetime with microseconds; the field's name ends in `_at`."""

Minor = Annotated[int, Constraint(ge=-INT64_MAX - 1, le=INT64_MAX)]
"""Money in minor units of the entity's `currency` (cents for EUR); the field's name ends in `_minor`."""

Rate = Annotated[Decimal, Constraint(max_digits=20, decimal_places=6)]
"""An exact number with six decimal places: ad cost, unit price, rate or share. Never a float."""

Currency = Annotated[str, Clean("currency")]
"""ISO 4217 code in capitals, as in `EUR`."""

Country = Annotated[str, Clean("country")]
"""ISO 3166-1 alpha-2 code in capitals, as in `ES`."""

Language = Annotated[str, Clean("language")]
"""BCP 47 tag in its usual case, as in `pt-BR`."""

Name = Annotated[str, Clean("name")]
"""A name with single inner spaces, as its owner writes it otherwise."""

Text = Annotated[str, Clean("text")]
"""Free text without outer white space."""

Url = Annotated[str, Clean("url")]
"""An absolute URL; scheme and host in lower case."""
