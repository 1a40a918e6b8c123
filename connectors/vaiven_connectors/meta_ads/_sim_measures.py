"""How Insights writes numbers: all of them as text, and one purchase under many action types.

Types of actions: developers.facebook.com/docs/marketing-api/reference/ads-action-stats, and the answer in
restfb/restfb#1347. Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vaiven_connectors.meta_ads._sim_facts import DEFAULT, WINDOWS, Tally
from vaiven_connectors.meta_ads._sim_words import Json

PURCHASES: tuple[str, ...] = (
    "purchase",
    "omni_purchase",
    "offsite_conversion.fb_pixel_purchase",
    "onsite_web_purchase",
    "onsite_web_app_purchase",
    "web_in_store_purchase",
    "web_app_in_store_purchase",
)
"""Under each of these the same purchases stand once more."""
CARTS = (
    "add_to_cart",
    "omni_add_to_cart",
    "offsite_conversion.fb_pixel_add_to_cart",
    "onsite_web_add_to_cart",
    "onsite_web_app_add_to_cart",
)
LEADS = ("lead", "onsite_conversion.lead_grouped", "leadgen_grouped")
IMPACTED = frozenset({"age", "gender", "country", "region", "dma"})
"""Breakdowns under which actions outside Meta's own apps are not shown (Ads Action Stats)."""

PARTS: Mapping[str, Sequence[tuple[str, int]]] = {
    "age": (("18-24", 10), ("25-34", 25), ("35-44", 25), ("45-54", 20), ("55-64", 12), ("65+", 8)),
    "gender": (("female", 55), ("male", 43), ("unknown", 2)),
    "country": (("US", 70), ("CA", 20), ("GB", 10)),
    "region": (("California", 60), ("New York", 40)),
    "publisher_platform": (("facebook", 60), ("instagram", 35), ("audience_network", 5)),
    "platform_position": (("feed", 70), ("story", 30)),
    "device_platform": (("mobile_app", 70), ("desktop", 20), ("mobile_web", 10)),
    "impression_device": (("iphone", 50), ("android_smartphone", 40), ("desktop", 10)),
}
"""Breakdowns that are simulated, each with its values and their shares in per cent; the shares are ours."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a report writes.

    Args:
        unit: smallest amount of the currency.
        windows: attribution windows that are asked for beside the default.
        offsite: actions outside Meta's apps are shown.
        reach: reach is known.
    """

    unit: Decimal
    windows: tuple[str, ...] = ()
    offsite: bool = True
    reach: bool = True


def measure(name: str, tally: Tally, style: Style) -> Any:
    """A metric as Insights writes it; None where it has none."""
    if name in _COUNTS:
        return _COUNTS[name](tally)
    if name in _PEOPLE:
        return _PEOPLE[name](tally) if style.reach else None
    return _STYLED[name](tally, style) if name in _STYLED else None


def _ratio(above: Decimal | int, below: Decimal | int, factor: int = 1) -> str | None:
    if not below:
        return None
    text = f"{Decimal(above) * factor / Decimal(below):.6f}"
    return text.rstrip("0").rstrip(".")


def money(value: Decimal, unit: Decimal) -> str:
    """An amount with as many decimals as its currency has."""
    return f"{value.quantize(unit)}"


def _stats(tally: Tally, style: Style) -> dict[str, Mapping[str, Any]]:
    """Every action type with its counts by window."""
    found: dict[str, Mapping[str, Any]] = {}
    landed = tally.link_clicks * 4 // 5
    for name, value in (
        ("link_click", tally.link_clicks),
        ("landing_page_view", landed),
        ("post_engagement", tally.clicks),
        ("page_engagement", tally.clicks),
    ):
        found[name] = {DEFAULT: value}
    if style.offsite:
        found |= dict.fromkeys(PURCHASES, tally.purchases) | dict.fromkeys(CARTS, tally.adds_to_cart)
    found |= {name: {DEFAULT: tally.leads} for name in LEADS}
    return found


def _entries(stats: Mapping[str, Mapping[str, Any]], style: Style, write: Callable[[Any], str]) -> list[Json] | None:
    found = []
    for name, counts in stats.items():
        one: Json = {"action_type": name}
        for window in (DEFAULT, *style.windows):
            if counts.get(window):
                one[window] = write(counts[window])
        if len(one) > 1:
            found.append(one)
    return found or None


def _values(tally: Tally, style: Style) -> list[Json] | None:
    stats = dict.fromkeys(PURCHASES, tally.purchase_value) if style.offsite else {}
    return _entries(stats, style, lambda value: money(value, style.unit))


def _costs(tally: Tally, style: Style) -> list[Json] | None:
    found = []
    for name, counts in _stats(tally, style).items():
        cost = _ratio(tally.spend, counts.get(DEFAULT, 0))
        if cost is not None:
            found.append({"action_type": name, "value": cost})
    return found or None


def _roas(name: str) -> Callable[[Tally, Style], list[Json] | None]:
    def make(tally: Tally, style: Style) -> list[Json] | None:
        value = tally.purchase_value.get(DEFAULT, Decimal(0))
        if not value or not tally.spend or not style.offsite:
            return None
        return [{"action_type": name, "value": _ratio(value, tally.spend) or "0"}]

    return make


_COUNTS: dict[str, Callable[[Tally], str | None]] = {
    "impressions": lambda t: str(t.impressions),
    "clicks": lambda t: str(t.clicks),
    "unique_clicks": lambda t: str(t.clicks * 9 // 10),
    "cpc": lambda t: _ratio(t.spend, t.clicks),
    "cpm": lambda t: _ratio(t.spend, t.impressions, 1000),
    "ctr": lambda t: _ratio(t.clicks, t.impressions, 100),
    "inline_link_clicks": lambda t: str(t.link_clicks) if t.link_clicks else None,
    "inline_link_click_ctr": lambda t: _ratio(t.link_clicks, t.impressions, 100),
    "cost_per_inline_link_click": lambda t: _ratio(t.spend, t.link_clicks),
    "inline_post_engagement": lambda t: str(t.clicks) if t.clicks else None,
}
_PEOPLE: dict[str, Callable[[Tally], str | None]] = {
    "reach": lambda t: str(t.reach),
    "frequency": lambda t: _ratio(t.impressions, t.reach),
    "cpp": lambda t: _ratio(t.spend, t.reach, 1000),
}
_STYLED: dict[str, Callable[[Tally, Style], Any]] = {
    "spend": lambda t, s: money(t.spend, s.unit),
    "outbound_clicks": lambda t, s: _entries({"outbound_click": {DEFAULT: t.link_clicks}}, s, str),
    "actions": lambda t, s: _entries(_stats(t, s), s, str),
    "action_values": _values,
    "cost_per_action_type": _costs,
    "purchase_roas": _roas("omni_purchase"),
    "website_purchase_roas": _roas("offsite_conversion.fb_pixel_purchase"),
}
METRICS = frozenset({*_COUNTS, *_PEOPLE, *_STYLED})
"""Metrics that are simulated; the others that are described have no value."""


def windows_of(names: Sequence[Any]) -> tuple[str, ...]:
    """The windows of a request that Insights still returns beside the default."""
    return tuple(str(name) for name in names if str(name) in WINDOWS)
