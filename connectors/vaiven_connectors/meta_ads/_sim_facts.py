"""What ads did on a day, and how much of it Meta has counted by now.

A fact holds the final numbers. What is shown of them grows with the days since: delivery settles within three days,
conversions within 28 ("it may still track impressions, clicks, and actions for 28 days after the date of last
delivery", manage-your-ad-object-status). Meta publishes no curve: the one here is ours, in whole numbers, and the same
for the same day whenever it is asked for. Attribution windows: /docs/marketing-api/reference/ads-action-stats; 7d_view
and 28d_view are no longer returned since 2026-01-12 (developers.facebook.com/blog/post/2025/10/16). Read 2026-11-25.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any, TypeVar

N = TypeVar("N", int, Decimal)

DAYS = 28
"""Days after which nothing of a day changes any more."""
_DELIVERY = ((0, 940), (1, 985), (2, 995), (3, 1000))
_CONVERSIONS = ((0, 450), (1, 700), (2, 780), (3, 830), (7, 920), (14, 960), (21, 985), (DAYS, 1000))
WINDOWS = ("1d_view", "1d_ev", "1d_click", "7d_click", "28d_click")
"""Attribution windows that are returned beside the default one."""
DEFAULT = "value"
"""The account's own setting, a click in seven days or a view in one."""
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Fact:
    """One ad on one day of its account, final.

    Args:
        impressions: times shown.
        clicks: of any kind.
        spend: in units of the account's currency.
        link_clicks: clicks that led out; `of` takes three quarters of the clicks when they are left out.
        purchases: by the default attribution; each is one purchase, whatever number of action types names it.
        purchase_value: in units of the account's currency.
        leads: forms that were sent.
        adds_to_cart: products put into a cart.
    """

    impressions: int = 0
    clicks: int = 0
    spend: Decimal = Decimal(0)
    link_clicks: int = 0
    purchases: int = 0
    purchase_value: Decimal = Decimal(0)
    leads: int = 0
    adds_to_cart: int = 0

    @classmethod
    def of(cls, values: dict[str, Any]) -> Fact:
        """From plain values; amounts may be text, whole or decimal numbers.

        Raises:
            TypeError: a name that no fact has.
        """
        money: dict[str, Any] = {
            name: Decimal(str(values[name])) for name in ("spend", "purchase_value") if name in values
        }
        full: dict[str, Any] = {**values, **money}
        full.setdefault("link_clicks", int(full.get("clicks", 0)) * 3 // 4)
        return cls(**full)


@dataclass(slots=True)
class Tally:
    """Sums of what is shown of facts; `purchases`, `leads` and `adds_to_cart` by attribution window.

    Args:
        days: what each ad reached on each day, from which the reach of all together is estimated.
    """

    impressions: int = 0
    clicks: int = 0
    spend: Decimal = Decimal(0)
    link_clicks: int = 0
    purchases: dict[str, int] = field(default_factory=dict)
    purchase_value: dict[str, Decimal] = field(default_factory=dict)
    leads: int = 0
    adds_to_cart: dict[str, int] = field(default_factory=dict)
    days: list[int] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Nothing happened: Insights has no row for it."""
        return not (self.impressions or self.clicks or self.spend or any(self.purchases.values()) or self.leads)

    @property
    def reach(self) -> int:
        """People, each counted once: less than the sum of the days, and no less than the best day."""
        best = max(self.days, default=0)
        return best + (sum(self.days) - best) * 55 // 100

    def add(self, other: Tally) -> None:
        """Sum up."""
        self.impressions += other.impressions
        self.clicks += other.clicks
        self.spend += other.spend
        self.link_clicks += other.link_clicks
        self.leads += other.leads
        self.days += other.days
        for name in ("purchases", "purchase_value", "adds_to_cart"):
            mine, theirs = getattr(self, name), getattr(other, name)
            for window, value in theirs.items():
                mine[window] = mine.get(window, 0) + value

    def part(self, share: int, of: int, before: int, unit: Decimal) -> Tally:
        """The part of a breakdown: `share` of `of`, after parts that had `before`; all parts together are the whole."""

        def cut(value: int) -> int:
            return value * (before + share) // of - value * before // of

        def money(value: Decimal) -> Decimal:
            return cut(int(value / unit)) * unit

        return Tally(
            cut(self.impressions),
            cut(self.clicks),
            money(self.spend),
            cut(self.link_clicks),
            _joined({window: cut(value) for window, value in self.purchases.items()}),
            _joined({window: money(value) for window, value in self.purchase_value.items()}),
            cut(self.leads),
            _joined({window: cut(value) for window, value in self.adds_to_cart.items()}),
            [cut(value) for value in self.days],
        )


def shown(fact: Fact, day: date, now: datetime, *, restated: bool = True, unit: Decimal = CENT) -> Tally:
    """What Meta shows of a day at an instant.

    Args:
        fact: the final numbers.
        day: in the account's zone.
        now: in the account's zone.
        restated: False shows the final numbers of every day that has begun.
        unit: smallest amount of the account's currency.
    """
    age = (now.date() - day).days
    if age < 0:
        return Tally()
    passed = 1440 if age else now.hour * 60 + now.minute
    delivered = _mille(_DELIVERY, age) if restated else 1000
    counted = _mille(_CONVERSIONS, age) if restated else 1000

    def count(value: int, mille: int) -> int:
        return value * mille * passed // (1000 * 1440)

    spend = (fact.spend * delivered * passed / (1000 * 1440)).quantize(unit, ROUND_DOWN)
    tally = Tally(
        count(fact.impressions, delivered),
        count(fact.clicks, delivered),
        spend,
        count(fact.link_clicks, delivered),
        leads=count(fact.leads, counted),
    )
    tally.days = [tally.impressions * 4 // 5]
    tally.purchases = _windows(count(fact.purchases, counted))
    tally.adds_to_cart = _windows(count(fact.adds_to_cart, counted))
    tally.purchase_value = _worth(fact, tally.purchases, unit)
    return tally


def _windows(total: int) -> dict[str, int]:
    """A count in each window; those of a click in seven days and of a view in one are the default together."""
    if not total:
        return {}
    viewed = total * 15 // 100
    clicked = total - viewed
    by_window = {"1d_view": viewed, "1d_ev": total * 2 // 100, "1d_click": clicked * 3 // 4, "7d_click": clicked}
    return {DEFAULT: total, **by_window, "28d_click": clicked + total * 12 // 100}


def _worth(fact: Fact, counts: dict[str, int], unit: Decimal) -> dict[str, Decimal]:
    """What the purchases of each window are worth; the whole value once all of them are counted."""
    if not counts:
        return {}
    each = fact.purchase_value / fact.purchases
    found = {window: (each * number).quantize(unit, ROUND_HALF_UP) for window, number in counts.items()}
    if counts[DEFAULT] == fact.purchases:
        found[DEFAULT] = fact.purchase_value
    return _joined(found)


def _joined(windows: dict[str, N]) -> dict[str, N]:
    """Numbers by window, in which what is not of a view is of a click, though each was rounded."""
    if DEFAULT in windows:
        windows["7d_click"] = windows[DEFAULT] - windows["1d_view"]
    return windows


def _mille(curve: tuple[tuple[int, int], ...], age: int) -> int:
    """The curve at an age in days, straight between its points."""
    for (left, low), (right, high) in pairwise(curve):
        if age <= right:
            return low + (high - low) * (age - left) // (right - left)
    return 1000


NAMES = tuple(one.name for one in fields(Fact))
"""Names of a fact's numbers."""
