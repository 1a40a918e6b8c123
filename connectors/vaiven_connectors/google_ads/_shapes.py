"""Words and numbers of Google's, and the hub's."""

from decimal import Decimal

STATUS = {"ENABLED": "active", "PAUSED": "paused", "REMOVED": "removed"}
"""Of a campaign, an ad group and an ad; removed things are kept for ever, and their figures, too."""
SERVING = {"ENDED": "ended", "PENDING": "scheduled"}
"""Serving status of a campaign that is enabled, where it says more."""
WRITTEN = {"active": "ENABLED", "paused": "PAUSED", "draft": "PAUSED"}
"""Google knows no drafts of campaigns: what is not to run yet is paused."""
CHANNEL = {
    "SEARCH": "paid_search",
    "DISPLAY": "display",
    "SHOPPING": "shopping",
    "VIDEO": "video",
    "PERFORMANCE_MAX": "mixed",
    "DEMAND_GEN": "mixed",
    "MULTI_CHANNEL": "mixed",
    "SMART": "mixed",
    "LOCAL": "mixed",
}
"""`AdvertisingChannelType`; hotels, travel and local services become `other`."""
CREATED = {"paid_search": "SEARCH", "display": "DISPLAY"}
"""Channels in which a campaign needs nothing beside name, budget and bidding."""
PERIOD = {"DAILY": "daily", "CUSTOM_PERIOD": "lifetime"}

MILLION = Decimal(1_000_000)


def units(micros: int | None) -> Decimal | None:
    """Money in units of its currency, exactly: 12,345,678 micros are 12.345678."""
    return None if micros is None else Decimal(micros).scaleb(-6)


def micros(amount: object) -> int:
    """Money in micros.

    Raises:
        ValueError: it has more than six decimals.
    """
    scaled = Decimal(str(amount)) * MILLION
    if scaled != int(scaled):
        raise ValueError(f"{amount} has more than six decimals")
    return int(scaled)


def six(number: Decimal | None) -> Decimal | None:
    """A modelled number with the six decimals that a figure has in the hub."""
    return None if number is None else round(number, 6)
