"""What happened to the ads, day by day, and how much of it Google shows at a given time.

A conversion counts for the day of the click (or view), and may come until the conversion window of its action is over:
the figures of a day go on changing for that long (support.google.com/google-ads/answer/3123169 on windows,
answer/6270625 on attribution and fractional credit; developers.google.com/google-ads/api/docs/conversions/overview).
Read 2026-11-25. How fast they come in is not published: here it is `arrived`, one curve that ends at 1. What is shown
at an instant depends on nothing but the facts and that instant, so a test can ask for the truth of any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Key = tuple[str, str, str]
"""Campaign, ad group and ad, by id; the last two are empty where a campaign has none."""
Figures = dict[str, float]
_FIRST = 0.55


def arrived(age: int, window: int) -> float:
    """The part of a day's conversions that has come in `age` days after it: 0.55 at once, all of it after `window`."""
    if age < 0:
        return 0.0
    if age >= window:
        return 1.0
    return _FIRST + (1 - _FIRST) * float((age / window) ** 0.5)


@dataclass(frozen=True, slots=True)
class Action:
    """What the facts need to know of a conversion action.

    Args:
        id: of the action.
        window: days after the click in which a conversion counts.
        primary: it counts under `conversions`, not under `all_conversions` only.
    """

    id: str
    window: int = 30
    primary: bool = True


@dataclass(slots=True)
class Fact:
    """One ad on one day, once everything has come in.

    Args:
        day: in the account's time zone.
        key: of the ad.
        impressions: how often it was shown.
        clicks: how often it was clicked.
        cost_micros: in millionths of the account's currency.
        conversions: action -> number and value.
        device: of DeviceEnum.
        network: of AdNetworkTypeEnum.
    """

    day: date
    key: Key
    impressions: int = 0
    clicks: int = 0
    cost_micros: int = 0
    conversions: dict[str, tuple[float, float]] = field(default_factory=dict)
    view_through: int = 0
    device: str = "DESKTOP"
    network: str = "SEARCH"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An uploaded conversion: it counts for the click's day, from when it was worked in until it is adjusted."""

    day: date
    key: Key
    action: str
    number: float
    value: float
    seen_from: datetime
    seen_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A fact as it stands in a report: of one action (`action` is its id), or of none (clicks and cost)."""

    day: date
    key: Key
    device: str
    network: str
    action: str
    figures: Figures


@dataclass(slots=True)
class Facts:
    """All facts of one account.

    Args:
        zone: in which its days are.
        intraday: today's figures grow with the day.
    """

    zone: ZoneInfo
    intraday: bool = True
    days: dict[date, dict[tuple[Key, str, str], Fact]] = field(default_factory=dict)
    uploads: list[Uploaded] = field(default_factory=list)

    def record(self, fact: Fact) -> Fact:
        """Write a fact down; another of the same ad, day, device and network takes its place."""
        self.days.setdefault(fact.day, {})[fact.key, fact.device, fact.network] = fact
        return fact

    def between(self, start: date | None, end: date | None) -> Iterator[Fact]:
        """Facts of these days, oldest first."""
        for day in sorted(self.days):
            if (start is None or day >= start) and (end is None or day <= end):
                yield from self.days[day].values()

    def shown(
        self, start: date | None, end: date | None, at: datetime, actions: Mapping[str, Action]
    ) -> Iterator[Shown]:
        """What a report of these days holds at an instant.

        Args:
            start: first day.
            end: last day.
            at: when one looks.
            actions: the conversion actions by id.
        """
        today = at.astimezone(self.zone).date()
        for fact in self.between(start, end):
            age = (today - fact.day).days
            if age < 0:
                continue
            share = self._elapsed(fact.day, at)
            figures: Figures = {
                "impressions": int(fact.impressions * share),
                "clicks": int(fact.clicks * share),
                "cost_micros": int(fact.cost_micros * share),
                "view_through_conversions": int(fact.view_through * share),
            }
            yield Shown(fact.day, fact.key, fact.device, fact.network, "", figures)
            for name, (number, value) in fact.conversions.items():
                action = actions.get(name) or Action(name)
                part = arrived(age, action.window) * share
                yield self._converted(fact, action, round(number * part, 6), round(value * part, 6))
        yield from self._uploaded(start, end, at, actions)

    def _converted(self, fact: Fact, action: Action, number: float, value: float) -> Shown:
        return Shown(fact.day, fact.key, fact.device, fact.network, action.id, _counted(action, number, value))

    def _uploaded(
        self, start: date | None, end: date | None, at: datetime, actions: Mapping[str, Action]
    ) -> Iterator[Shown]:
        for one in self.uploads:
            if one.seen_from > at or (one.seen_until is not None and at >= one.seen_until):
                continue
            if one.day < (start or one.day) or one.day > (end or one.day):
                continue
            action = actions.get(one.action) or Action(one.action)
            yield Shown(one.day, one.key, "DESKTOP", "SEARCH", one.action, _counted(action, one.number, one.value))

    def _elapsed(self, day: date, at: datetime) -> float:
        """The part of a day that is over."""
        begins = datetime.combine(day, time.min, self.zone)
        ends = datetime.combine(day + timedelta(days=1), time.min, self.zone)
        if not self.intraday or at >= ends:
            return 1.0
        return max(0.0, (at - begins).total_seconds() / (ends - begins).total_seconds())


def _counted(action: Action, number: float, value: float) -> Figures:
    figures: Figures = {"all_conversions": number, "all_conversions_value": value}
    if action.primary:
        figures |= {"conversions": number, "conversions_value": value}
    return figures


def total(rows: Iterable[Figures]) -> Figures:
    """The sum, with conversions rounded as they are shown."""
    found: Figures = {}
    for row in rows:
        for name, value in row.items():
            found[name] = found.get(name, 0) + value
    return {name: round(value, 6) for name, value in found.items()}


_RATES: dict[str, tuple[str, str, float]] = {
    "ctr": ("clicks", "impressions", 1),
    "interaction_rate": ("clicks", "impressions", 1),
    "average_cpc": ("cost_micros", "clicks", 1),
    "average_cost": ("cost_micros", "clicks", 1),
    "average_cpm": ("cost_micros", "impressions", 1000),
    "conversions_from_interactions_rate": ("conversions", "clicks", 1),
    "cost_per_conversion": ("cost_micros", "conversions", 1),
    "cost_per_all_conversions": ("cost_micros", "all_conversions", 1),
    "value_per_conversion": ("conversions_value", "conversions", 1),
    "value_per_all_conversions": ("all_conversions_value", "all_conversions", 1),
    "conversions_value_per_cost": ("conversions_value", "cost_micros", 1_000_000),
}


def metric(figures: Figures, name: str) -> float | None:
    """One metric of a sum; None where a rate would divide by zero."""
    if name == "interactions":
        return figures.get("clicks", 0)
    rate = _RATES.get(name)
    if rate is None:
        return figures.get(name, 0)
    above, below, times = rate
    divisor = figures.get(below, 0)
    return figures.get(above, 0) * times / divisor if divisor else None
