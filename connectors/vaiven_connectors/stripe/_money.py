"""Stripe's amounts in our units.

Stripe counts in a currency's smallest unit, but three have digits of their own (docs.stripe.com/currencies,
"Minor units in API amounts" and "Special cases", read 2026-11-22): the ariary has none where ISO 4217 has
two, and the krona and the Ugandan shilling keep two that ISO 4217 took away.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from vaiven_sdk.model.money import EXPONENTS

_OWN_DIGITS = {"MGA": 0, "ISK": 2, "UGX": 2}
_RATE = Decimal("0.000001")


def major(amount: Decimal | int | None, currency: str | None) -> Decimal | None:
    """The amount in units of its currency, to six digits after the point; None without a known currency."""
    code = (currency or "").upper()
    if amount is None or code not in EXPONENTS:
        return None
    value = Decimal(amount).scaleb(-_OWN_DIGITS.get(code, EXPONENTS[code]))
    # A price may have twelve digits below the cent (docs.stripe.com/api/prices/object, unit_amount_decimal).
    return value.quantize(_RATE) if int(value.as_tuple().exponent) < -6 else value


def minor(amount: Decimal | int | None, currency: str | None) -> int | None:
    """The amount in ISO 4217 minor units; an old charge's fraction of a krona is rounded to the whole one."""
    value = major(amount, currency)
    return None if value is None else int(value.scaleb(EXPONENTS[str(currency).upper()]).to_integral_value())


def minor_of(field: str, currency: str = "currency") -> Callable[[Any], int | None]:
    """A method for `derive`: the record's `field` in minor units of its `currency`."""

    def read(record: Any) -> int | None:
        return minor(getattr(record, field), getattr(record, currency))

    read.__name__ = f"{field}_minor"
    return read
