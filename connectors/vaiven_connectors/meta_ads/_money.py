"""Budgets in the account's smallest units, as Meta counts them.

developers.facebook.com, "Currency codes" (ads-commerce/marketing-api/currencies), read 2026-11-25: every currency has
the offset 100 but for these, and so has the dinar of Bahrain, Jordan or Kuwait: it is not ISO 4217's count.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

WHOLE = frozenset({"CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND"})
"""Currencies with the offset 1."""


def offset(currency: str) -> int:
    """How many of the smallest units make one of the currency."""
    return 1 if currency in WHOLE else 100


def amount(minor: str | None, currency: str | None) -> Decimal | None:
    """Units of the currency; None where Meta has no budget, which it also writes as 0."""
    return Decimal(minor) / offset(currency) if minor and currency and Decimal(minor) else None


def minor(units: str, currency: str) -> str | None:
    """The smallest units, as Meta takes them; None where the amount has more digits than they can hold."""
    try:
        found = Decimal(units) * offset(currency)
    except InvalidOperation:
        return None
    return str(int(found)) if found > 0 and found == int(found) else None


PERIODS = {"daily": "daily_budget", "lifetime": "lifetime_budget"}


def budget_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """The budget field of the unified values, and the currency that it is in; nothing where Meta has no such one."""
    field, currency = PERIODS.get(values.get("budget_period") or ""), values.get("currency")
    units = values.get("budget")
    if field is None or not currency or units is None or (found := minor(units, currency)) is None:
        return {}
    return {field: found, "currency": currency}
