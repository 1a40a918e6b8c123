"""Shopify's amounts in minor units.

A decimal in units of the currency (`MoneyV2.amount`); how many digits it shows says nothing: a yen may be "1000.0".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from pydantic import BaseModel

from vaiven_sdk.model.money import EXPONENTS


class Money(BaseModel):
    """What Shopify calls MoneyV2."""

    amount: Decimal
    currencyCode: str  # noqa: N815 - Shopify's name


class Bag(BaseModel):
    """An amount in the shop's currency; the buyer's own is asked for where it is kept."""

    shopMoney: Money  # noqa: N815 - Shopify's name


def minor(amount: Decimal | None, currency: str | None) -> int | None:
    """The amount in minor units; a fraction of one is rounded to the even. None without a known currency."""
    if amount is None or currency not in EXPONENTS:
        return None
    return int(amount.scaleb(EXPONENTS[currency]).to_integral_value(ROUND_HALF_EVEN))


def total(bags: Iterable[Bag]) -> Decimal:
    """Their sum in the shop's currency."""
    return sum((bag.shopMoney.amount for bag in bags), Decimal(0))


def minor_of(field: str, currency: str = "currency") -> Callable[[Any], int | None]:
    """A method for `derive`: the record's `field` in minor units of its `currency`."""

    def read(record: Any) -> int | None:
        return minor(getattr(record, field), getattr(record, currency))

    read.__name__ = f"{field}_minor"
    return read
