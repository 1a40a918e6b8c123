"""Measured numbers: one narrow table for every channel, and the registry of what is measured."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from ._base import Entity, Nature, RefBy
from ._types import Currency, Instant, Rate, Text


class Grain(StrEnum):
    """How long the time is that a fact counts."""

    DAY = "day"
    HOUR = "hour"


class Unit(StrEnum):
    """What a metric is counted in."""

    COUNT = "count"
    """Pieces; fractional where a vendor models or splits credit."""
    MONEY = "money"
    """Units of the fact's `currency`."""
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that is measured.

    Ratios (CTR, CPC, ROAS, open rate) are no metrics: they are computed from sums, never stored or averaged.
    """

    name: str
    unit: Unit
    additive: bool
    """Facts of several entities, days and breakdowns may be summed; False where people would count twice."""
    doc: str


def _registry(*metrics: Metric) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


METRICS: dict[str, Metric] = _registry(
    Metric("impressions", Unit.COUNT, True, "Times that an ad was shown."),
    Metric("clicks", Unit.COUNT, True, "Clicks of any kind on an ad, as the vendor bills or counts them."),
    Metric("link_clicks", Unit.COUNT, True, "Clicks that led to the advertiser's page."),
    Metric("spend", Unit.MONEY, True, "Media cost, without the vendor's fees or tax."),
    Metric("reach", Unit.COUNT, False, "Different people who saw an ad."),
    Metric("conversions", Unit.COUNT, True, "Wanted acts under the fact's attribution; may be fractional."),
    Metric("conversion_value", Unit.MONEY, True, "Value of `conversions` as the vendor was told."),
    Metric("view_conversions", Unit.COUNT, True, "Wanted acts after a view without a click."),
    Metric("video_views", Unit.COUNT, True, "Views by the vendor's own threshold."),
    Metric("video_completions", Unit.COUNT, True, "Videos watched to the end."),
    Metric("leads", Unit.COUNT, True, "Lead forms sent at the vendor."),
    Metric("engagements", Unit.COUNT, True, "Reactions, comments, shares and saves."),
    Metric("sends", Unit.COUNT, True, "Messages handed over for delivery."),
    Metric("delivered", Unit.COUNT, True, "Messages that the receiving side took."),
    Metric("opens_total", Unit.COUNT, True, "Opens, machines included."),
    Metric("opens_unique", Unit.COUNT, False, "Different people who opened, machines included."),
    Metric("machine_opens", Unit.COUNT, True, "Opens by a mail privacy proxy or scanner."),
    Metric("clicks_total", Unit.COUNT, True, "Clicks on links of a message."),
    Metric("clicks_unique", Unit.COUNT, False, "Different people who clicked a link of a message."),
    Metric("machine_clicks", Unit.COUNT, True, "Clicks by a link scanner."),
    Metric("bounces_hard", Unit.COUNT, True, "Messages refused for good."),
    Metric("bounces_soft", Unit.COUNT, True, "Messages refused for now."),
    Metric("complaints", Unit.COUNT, True, "Messages reported as spam."),
    Metric("unsubscribes", Unit.COUNT, True, "People who left by a link of a message."),
    Metric("replies", Unit.COUNT, True, "Answers to a message."),
    Metric("revenue_attributed", Unit.MONEY, True, "Order value that the tool credits to the entity."),
    Metric("orders_attributed", Unit.COUNT, True, "Orders that the tool credits to the entity."),
    Metric("sessions", Unit.COUNT, True, "Visits that began in the time."),
    Metric("users", Unit.COUNT, False, "Different visitors."),
    Metric("page_views", Unit.COUNT, True, "Pages viewed."),
    Metric("engagement_time", Unit.SECONDS, True, "Time that visitors were active."),
)
"""Every metric that a fact may carry, by name."""


class MetricFact(Entity):
    """One number for one entity, time, metric, breakdown and attribution.

    A vendor restates recent numbers: the row holds the newest, and the engine keeps each earlier one as a
    snapshot, since a model trained on day-30 values cannot be used on day-1 values. Facts outlive the entity
    that they are about.
    """

    nature: ClassVar[Nature] = Nature.FACT
    natural_key: ClassVar[tuple[str, ...]] = (
        "connection_id",
        "entity_kind",
        "entity_id",
        "on",
        "hour",
        "metric",
        "breakdown",
        "attribution",
    )

    connection_id: str = ""
    """Connection that reported it; filled by the engine."""
    entity_kind: str
    """Kind of what is measured, as in `campaign` or `email_message`."""
    entity_id: Annotated[str, RefBy("entity_kind")]
    """What is measured."""
    on: date
    """Day in `timezone`; never shifted, for daily sums cannot be cut anew."""
    hour: int = -1
    """Hour of the day, 0 to 23; -1 for a whole day."""
    grain: Grain = Grain.DAY
    """How long the time is that the fact counts."""
    timezone: Text | None = None
    """IANA zone in which the vendor cut the day."""
    metric: str
    """Name in `METRICS`."""
    breakdown: str = ""
    """Sorted `key=value` pairs joined by `;`, as in `country=ES;device=mobile`; empty for the total."""
    attribution: str = ""
    """How credit was given, in the form of `Attribution.key`; empty for what needs none."""
    value: Rate
    """The number; money in units of `currency`."""
    currency: Currency | None = None
    """Currency of `value`, for metrics of money."""
    is_final: bool | None = None
    """The vendor's restatement window has passed."""
    fetched_at: Instant | None = None
    """When the hub read it."""
    snapshot: int | None = None
    """How many times it was restated; 0 for the first reading."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """The rule by which a vendor gives credit for a conversion. `None` is what the vendor does not tell."""

    click_days: int | None = None
    """Days after a click within which an act counts."""
    view_days: int | None = None
    """Days after a view within which an act counts."""
    model: str | None = None
    """How several touches share, as in `last_click` or `data_driven`."""
    action: str | None = None
    """The vendor's name of the wanted act: ONE of its spellings, never several summed."""
    counting: str | None = None
    """`event_time` or `impression_time`: the day that an act is booked on."""

    def key(self) -> str:
        """The rule as text for `MetricFact.attribution`, as in `click_days=7;view_days=1`."""
        return pairs(
            action=self.action,
            click_days=self.click_days,
            counting=self.counting,
            model=self.model,
            view_days=self.view_days,
        )


def pairs(**parts: str | int | None) -> str:
    """`key=value` pairs in alphabetical order joined by `;`: the form of `breakdown` and `attribution`.

    `%`, `;` and `=` in a value are percent-encoded, so that two sets of pairs never share a text; `None` is
    left out.
    """
    return ";".join(f"{name}={_escape(str(part))}" for name, part in sorted(parts.items()) if part is not None)


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace(";", "%3B").replace("=", "%3D")
