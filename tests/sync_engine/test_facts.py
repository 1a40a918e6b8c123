"""Figures that are restated: what is kept, what is zero, what ends, what is final."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from tests.support.hub import hub_at
from vaiven_sdk import Account, Batch, Bearer, Config, Connector, Record, Session, Window, wire
from vaiven_sdk.model import MetricFact, Person


class Day(Record[MetricFact], key="id", cursor="on"):
    """What one campaign brought on one day."""

    id: str = wire()
    kind: str = wire(to="entity_kind")
    campaign: str = wire(to="entity_id")
    on: date = wire(to="on")
    shown: int | None = wire(to="impressions")
    sold: str | None = wire(to="conversions")
    window: str | None = wire(to="attribution")
    final: bool | None = wire(to="is_final")


class Ads:
    """A platform that leaves out what is zero."""

    def __init__(self, *, absent_is_zero: bool = True) -> None:
        self.days: dict[str, dict[str, Any]] = {}
        self.asked: list[str | None] = []
        made = Connector("ads", Config, name="Ads", category="ads", base_url="https://ads.example", auth=[Bearer()])
        stream = made.stream(Day, name="figures", restates=28, absent_is_zero=absent_is_zero)

        async def read(_: Session[Config], window: Window, state: Any) -> AsyncIterator[Batch]:
            self.asked.append(window.since)
            yield Batch([d for d in self.days.values() if d["on"] >= (window.since or "")])

        for kind in ("full", "changes"):
            stream.reader(kind)(read)

        @made.account
        async def account(_: Session[Config]) -> Account:
            return Account("ads")

        self.connector = made

    def day(self, on: str, **values: Any) -> None:
        self.days[on] = {"id": on, "kind": "campaign", "campaign": "c1", "on": on, **values}


@pytest.fixture
def ads():
    return Ads()


@pytest.fixture
def hub(empty_store, ads):
    with hub_at(empty_store, lambda _: ads.connector) as one:
        one.connect("ads", "ads", "https://ads.example", {"token": "a-token-of-the-platform"})
        yield one


def facts(hub) -> dict[tuple[str, str, str], str]:
    rows = hub.rows('SELECT "on", metric, attribution, value FROM metric_fact WHERE deleted_at IS NULL')
    return {(r["on"], r["metric"], r["attribution"]): r["value"] for r in rows}


def snapshots(hub) -> list[str]:
    return [r["value"] for r in hub.rows("SELECT value FROM fact_snapshot ORDER BY fact_id, snapshot")]


async def test_a_restated_figure_keeps_what_it_was(hub, ads):
    ads.day("2026-11-01", shown=100, sold="2.5")
    await hub.sync()
    ads.day("2026-11-01", shown=100, sold="3.25")
    await hub.sync()
    assert facts(hub) == {
        ("2026-11-01", "impressions", ""): "100",
        ("2026-11-01", "conversions", ""): "3.25",
    }
    assert snapshots(hub) == ["2.5"]
    (row,) = hub.rows("SELECT snapshot, provenance FROM metric_fact WHERE metric = 'conversions'")
    assert row["snapshot"] == 1
    assert "2026-11-01" in row["provenance"], "it says which record it is from"


async def test_what_is_not_shown_any_more_is_zero(hub, ads):
    ads.day("2026-09-01", shown=7)
    ads.day("2026-11-01", shown=100, sold="2")
    ads.day("2026-11-02", shown=50)
    await hub.sync()
    del ads.days["2026-11-01"], ads.days["2026-09-01"]
    await hub.sync()
    assert ads.asked[-1] == "2026-10-05", "28 days are read again"
    found = facts(hub)
    assert found["2026-11-01", "impressions", ""] == found["2026-11-01", "conversions", ""] == "0"
    assert found["2026-09-01", "impressions", ""] == "7", "what is older than what was read says nothing"
    assert sorted(snapshots(hub)) == ["100", "2"]
    ads.day("2026-11-01", shown=3)
    await hub.sync()
    assert facts(hub)["2026-11-01", "impressions", ""] == "3"


async def test_a_figure_that_its_record_leaves_out_is_zero(hub, ads):
    ads.day("2026-11-01", shown=100, sold="2")
    await hub.sync()
    ads.day("2026-11-01", shown=100)
    await hub.sync()
    assert facts(hub)["2026-11-01", "conversions", ""] == "0"
    assert snapshots(hub) == ["2"]


async def test_a_figure_under_another_key_counts_once(hub, ads):
    ads.day("2026-11-01", sold="2", window="click_days=30")
    await hub.sync()
    ads.day("2026-11-01", sold="2", window="click_days=7")
    await hub.sync()
    assert facts(hub) == {("2026-11-01", "conversions", "click_days=7"): "2"}
    ads.day("2026-11-01", sold="2", window="click_days=30")
    await hub.sync()
    assert facts(hub) == {("2026-11-01", "conversions", "click_days=30"): "2"}


async def test_a_figure_becomes_final_without_a_snapshot(hub, ads):
    ads.day("2026-11-01", shown=100, final=False)
    await hub.sync()
    ads.day("2026-11-01", shown=100, final=True)
    await hub.sync()
    (row,) = hub.rows("SELECT is_final, snapshot FROM metric_fact")
    assert (bool(row["is_final"]), row["snapshot"] or 0) == (True, 0)
    assert snapshots(hub) == []


async def test_an_empty_answer_is_doubted(hub, ads):
    for number in range(1, 21):
        ads.day(f"2026-11-{number:02}", shown=number)
    await hub.sync()
    kept, ads.days = ads.days, {}
    await hub.sync()
    assert set(facts(hub).values()) == {str(d["shown"]) for d in kept.values()}


async def test_without_the_declaration_absence_says_nothing(empty_store):
    ads = Ads(absent_is_zero=False)
    with hub_at(empty_store, lambda _: ads.connector) as hub:
        hub.connect("ads", "ads", "https://ads.example", {"token": "a-token-of-the-platform"})
        ads.day("2026-11-01", shown=100)
        ads.day("2026-11-02", shown=50)
        await hub.sync()
        del ads.days["2026-11-01"]
        await hub.sync()
        assert facts(hub)["2026-11-01", "impressions", ""] == "100"


def test_only_figures_can_be_absent():
    class Somebody(Record[Person], key="id"):
        """Somebody."""

        id: str = wire()

    made = Connector("ads", Config, name="Ads", category="ads", base_url="https://ads.example", auth=[Bearer()])
    with pytest.raises(TypeError, match="absent_is_zero"):
        made.stream(Somebody, absent_is_zero=True)
