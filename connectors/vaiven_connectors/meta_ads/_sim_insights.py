"""Insights: numbers of an account, or of anything in it, by level, by days and by breakdown.

developers.facebook.com/docs/marketing-api/insights and its pages "parameters", "breakdowns" and "best-practices" (too
much data: 100/1487534, for reads and for reports alike; reach with breakdowns goes back 13 months). A level without
delivery has no row. What is deleted is left out below an account unless its status is asked for (see `_sim_objects`).
Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from vaiven_connectors.meta_ads._sim_base import serves
from vaiven_connectors.meta_ads._sim_dates import Span, buckets, months_back, spans
from vaiven_connectors.meta_ads._sim_facts import DEFAULT, WINDOWS, Fact, Tally, shown
from vaiven_connectors.meta_ads._sim_fields import FIELDS
from vaiven_connectors.meta_ads._sim_measures import IMPACTED, METRICS, PARTS, Style, measure, windows_of
from vaiven_connectors.meta_ads._sim_objects import AD_KINDS, offset
from vaiven_connectors.meta_ads._sim_query import parse_filtering
from vaiven_connectors.meta_ads._sim_words import Ask, Json, graph_error, parameter, too_much
from vaiven_connectors.meta_ads._sim_writes import Writes
from vaiven_sdk.testing import Quirk

LEVELS = ("account", *AD_KINDS)


@dataclass(slots=True)
class Line:
    """One row of a report.

    Args:
        level: of the object.
        key: id of the object.
        span: first and last day.
        parts: value of each breakdown.
        tally: its numbers.
    """

    level: str
    key: str
    span: Span
    parts: Mapping[str, str]
    tally: Tally


@dataclass(slots=True)
class Report:
    """A query that has been understood, and its rows."""

    names: list[str]
    account: Json
    style: Style
    lines: list[Line]
    total: Tally


class Insights(Writes):
    """The numbers."""

    restates = Quirk(default=True, meaning="numbers of a day grow for 28 days; False shows the final ones at once")
    offsite_breakdowns = Quirk(
        default=False, meaning="show purchases by age, gender and place, which Ads Action Stats says are not available"
    )
    sync_values = Quirk(
        200_000, "days of ads times fields beyond which a read at once is told to ask for less; no figure is published"
    )
    report_values = Quirk(
        5_000_000, "the same of any query: 100/1487534 (Limits & Best Practices); no figure is published"
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.facts: dict[str, dict[date, Fact]] = {}

    # ------------------------------------------------------------------------------------------------ the truth

    def put_fact(self, ad_id: str, day: date | str, values: Fact | Mapping[str, Any]) -> None:
        """What an ad did on a day, final; replaces what was there."""
        held = values if isinstance(values, Fact) else Fact.of(dict(values))
        on = date.fromisoformat(day) if isinstance(day, str) else day
        self.facts.setdefault(ad_id, {})[on] = held

    def today(self, account: str | None = None, at: datetime | None = None) -> date:
        """The civil date in an account's zone."""
        return (at or self.clock.now()).astimezone(self.zone(self._named(account))).date()

    def truth_metrics(
        self,
        level: str = "campaign",
        since: date | None = None,
        until: date | None = None,
        *,
        account: str | None = None,
        at: datetime | None = None,
        final: bool = False,
    ) -> list[Json]:
        """What a right reader of this account has at an instant, one entry for each object and day with delivery.

        Args:
            level: `account`, `campaign`, `adset` or `ad`.
            since: first day in the account's zone; the earliest when left out.
            until: last day; the latest when left out.
            account: number of the account; the first one when left out.
            at: the instant; now when left out.
            final: the numbers that will stand once everything is counted.

        Returns:
            `id`, `date`, `impressions`, `clicks`, `link_clicks`, `spend` and `purchase_value` (Decimal, in units of
            `currency`), `purchases`, `leads`: each purchase counted once, by the default attribution; and by window
            `purchases_by` and `values_by`. Objects that were deleted are there, too.
        """
        row = self._named(account)
        now = (at or self.clock.now()).astimezone(self.zone(row))
        sums: dict[tuple[str, date], Tally] = {}
        for ad in (entry.row for entry in self.ads.select(account_id=row["account_id"])):
            key = self._key(level, ad)
            for day, tally in self._days(ad["id"], row, now, since, until, restated=self.restates and not final):
                sums.setdefault((key, day), Tally()).add(tally)
        zero = Decimal(0)
        return [
            {
                "id": key,
                "date": day,
                "impressions": tally.impressions,
                "clicks": tally.clicks,
                "link_clicks": tally.link_clicks,
                "spend": tally.spend,
                "purchases": tally.purchases.get(DEFAULT, 0),
                "purchase_value": tally.purchase_value.get(DEFAULT, zero),
                "leads": tally.leads,
                "purchases_by": {name: tally.purchases.get(name, 0) for name in WINDOWS},
                "values_by": {name: tally.purchase_value.get(name, zero) for name in WINDOWS},
                "currency": row["currency"],
            }
            for (key, day), tally in sorted(sums.items())
            if not tally.empty
        ]

    def _named(self, account: str | None) -> Json:
        return self.accounts.get(f"act_{(account or self.account_id).removeprefix('act_')}")

    def _days(
        self, ad: str, account: Json, now: datetime, since: date | None, until: date | None, *, restated: bool
    ) -> Iterable[tuple[date, Tally]]:
        unit = Decimal(1) / offset(account["currency"])
        for day, fact in self.facts.get(ad, {}).items():
            if day <= now.date() and (since is None or day >= since) and (until is None or day <= until):
                yield day, shown(fact, day, now, restated=restated, unit=unit)

    def spent_minor(self, account: Json) -> int:
        """All that an account has spent, in minor units."""
        now = self.clock.now().astimezone(self.zone(account))
        total = Decimal(0)
        for entry in self.ads.select(account_id=account["account_id"]):
            for _, tally in self._days(entry.row["id"], account, now, None, None, restated=self.restates):
                total += tally.spend
        return int(total * offset(account["currency"]))

    def _key(self, level: str, ad: Json) -> str:
        return str({"ad": ad["id"]}.get(level) or ad[f"{level}_id"])

    # ------------------------------------------------------------------------------------------------- reading

    @serves("GET", "account campaign adset ad", "insights")
    def read_insights(self, ask: Ask, row: Json) -> Json:
        """Rows at once."""
        self.need_read(ask)
        return self.page_of(ask, self.report(ask, row, at_once=True))

    def page_of(self, ask: Ask, report: Report) -> Json:
        """A page of a report, with its summary where one is asked for."""
        body = self.paged(ask, report.lines, len(report.names), lambda line: self._line(report, line))
        sums = ["spend", "impressions"] if ask.flag("default_summary") else []
        sums += [name for name in ask.listed("summary") if str(name) in METRICS]
        if sums:
            found = {name: measure(name, report.total, report.style) for name in sums}
            body["summary"] = {name: value for name, value in found.items() if value is not None}
        return body

    def report(self, ask: Ask, row: Json, *, at_once: bool) -> Report:
        """The rows of a query, as of now.

        Raises:
            Refusal: a parameter is wrong, or it is too much to compute.
        """
        kind = self.index[row["id"]]
        level = ask.text("level", kind)
        if level not in LEVELS or LEVELS.index(level) < LEVELS.index(kind):
            raise parameter(f"Param level must be one of {{{', '.join(LEVELS[LEVELS.index(kind) :])}}}", "level")
        names = self._names(ask)
        parts = self._breakdowns(ask)
        account = self.owner(row)
        now = self.clock.now().astimezone(self.zone(account))
        ranges = spans(ask, now.date())
        filters, metric_filters = self._filters(ask)
        ads = [ad for ad in self._scope(ask, kind, row, level) if all(test(read(ad)) for read, test in filters)]
        recent = all(since >= months_back(now.date(), 13) for since, _ in ranges)
        style = Style(
            Decimal(1) / offset(account["currency"]),
            windows_of(ask.listed("action_attribution_windows")),
            offsite=self.offsite_breakdowns or not IMPACTED & set(parts),
            reach=recent or not parts,
        )
        self._bearable(ads, ranges, len(names), at_once=at_once)
        lines: list[Line] = []
        for span in ranges:
            lines += self._lines(ads, level, buckets(ask, span), (account, now), parts)
        lines = [one for one in lines if all(test(one.tally) for test in metric_filters)]
        total = Tally()
        for one in lines:
            total.add(one.tally)
        return Report(names, account, style, self._sorted(ask, lines, style), total)

    def _names(self, ask: Ask) -> list[str]:
        names = [one.name for one in self.wanted(ask, "insights")]
        for name in names:
            if name not in FIELDS["insights"]:
                choices = "impressions, clicks, spend, reach, actions, action_values and the other fields of Insights"
                raise parameter(f"{name} is not valid for fields param. please check {choices}", "fields")
        return [name for name in names if name not in {"date_start", "date_stop", *PARTS}]

    def _breakdowns(self, ask: Ask) -> list[str]:
        names = [str(name) for name in ask.listed("breakdowns")]
        for name in names:
            if name not in PARTS:
                raise parameter(f"breakdowns[0] must be one of the following values: {', '.join(PARTS)}", "breakdowns")
        for name in ask.listed("action_breakdowns"):
            if name != "action_type":
                raise parameter("action_breakdowns[0] must be one of the following values: action_type")
        return names

    def _scope(self, ask: Ask, kind: str, row: Json, level: str) -> list[Json]:
        """The ads whose numbers count: without those of deleted objects below the node, unless they are asked for."""
        ads = [row] if kind == "ad" else [entry.row for entry in self.ads.select(**self._below(row))]
        told = any("effective_status" in name for name, _ in parse_filtering(ask))
        if told or level in {kind, "account"}:
            return ads
        return [ad for ad in ads if self.effective(level, self.kinds[level].get(self._key(level, ad))) != "DELETED"]

    def _filters(
        self, ask: Ask
    ) -> tuple[list[tuple[Callable[[Json], Any], Callable[[Any], bool]]], list[Callable[[Tally], bool]]]:
        objects: list[tuple[Callable[[Json], Any], Callable[[Any], bool]]] = []
        numbers: list[Callable[[Tally], bool]] = []
        for name, test in parse_filtering(ask):
            field = name.rpartition(".")[2]
            if field in {"impressions", "clicks", "spend", "reach"}:
                numbers.append(lambda tally, field=field, test=test: test(float(getattr(tally, field))))  # type: ignore[misc]
            else:
                objects.append((self.reader("ad", name), test))
        return objects, numbers

    def _bearable(self, ads: Sequence[Json], ranges: Sequence[Span], width: int, *, at_once: bool) -> None:
        days = sum((until - since).days + 1 for since, until in ranges)
        values = width * sum(min(len(self.facts.get(ad["id"], ())), days) for ad in ads)
        if self.report_values and values > self.report_values:
            message = "(#100) Please reduce the amount of data you're asking for, then retry your request"
            raise graph_error(100, message, subcode=1487534, kind="CodeException")
        if at_once and self.sync_values and values > self.sync_values:
            raise too_much()

    def _lines(
        self, ads: Sequence[Json], level: str, pieces: Sequence[Span], when: tuple[Json, datetime], parts: Sequence[str]
    ) -> list[Line]:
        account, now = when
        piece_of = {}
        for number, (since, until) in enumerate(pieces):
            for shift in range((until - since).days + 1):
                piece_of[date.fromordinal(since.toordinal() + shift)] = number
        sums: dict[tuple[str, int], Tally] = {}
        for ad in ads:
            key = self._key(level, ad)
            span = pieces[0][0], pieces[-1][1]
            for day, tally in self._days(ad["id"], account, now, *span, restated=self.restates):
                sums.setdefault((key, piece_of[day]), Tally()).add(tally)
        unit = Decimal(1) / offset(account["currency"])
        found = []
        for (key, number), tally in sorted(sums.items()):
            for values, share in _split(tally, parts, unit):
                if not share.empty:
                    found.append(Line(level, key, pieces[number], values, share))
        return found

    def _sorted(self, ask: Ask, lines: list[Line], style: Style) -> list[Line]:
        for said in reversed([str(one) for one in ask.listed("sort")]):
            name, _, way = said.rpartition("_")
            if way not in {"ascending", "descending"} or name not in METRICS | {"date_start"}:
                raise parameter("sort must be a field with _ascending or _descending behind it", "sort")
            lines.sort(key=lambda one: _order(name, one, style), reverse=way == "descending")
        return lines

    # ------------------------------------------------------------------------------------------------- writing

    def _line(self, report: Report, line: Line) -> Json:
        about = self._about(line, report.account)
        row: Json = {}
        for name in report.names:
            value = measure(name, line.tally, report.style) if name in METRICS else about.get(name)
            if value is not None:
                row[name] = value
        since, until = line.span
        return {**row, "date_start": since.isoformat(), "date_stop": until.isoformat(), **line.parts}

    def _about(self, line: Line, account: Json) -> Json:
        """Names and settings of what a row is about: those of its level, and of what is above."""
        about: Json = {"account_id": account["account_id"], "account_name": account["name"]}
        about |= {"account_currency": account["currency"], "attribution_setting": "7d_click_1d_view"}
        if line.level == "account":
            return about
        row = self.kinds[line.level].get(line.key)
        about |= {name: row[name][:10] for name in ("created_time", "updated_time")}
        for kind in AD_KINDS[: AD_KINDS.index(line.level) + 1]:
            one = row if kind == line.level else self.kinds[kind].get(row[f"{kind}_id"])
            about |= {f"{kind}_id": one["id"], f"{kind}_name": one["name"]}
            for name in ("objective", "buying_type", "optimization_goal"):
                about |= {name: one[name]} if name in one else {}
        return about


def _split(tally: Tally, parts: Sequence[str], unit: Decimal) -> list[tuple[dict[str, str], Tally]]:
    found: list[tuple[dict[str, str], Tally]] = [({}, tally)]
    for name in parts:
        cut = []
        for values, whole in found:
            before = 0
            for value, share in PARTS[name]:
                cut.append(({**values, name: value}, whole.part(share, 100, before, unit)))
                before += share
        found = cut
    return found


def _order(name: str, line: Line, style: Style) -> Any:
    if name == "date_start":
        return line.span[0]
    value = measure(name, line.tally, style)
    return float(value) if isinstance(value, str) else 0.0
