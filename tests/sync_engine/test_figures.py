"""Sums of facts: exact, never of what would count twice, as known at a time."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ulid import ULID

from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.figures import Question, totals
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.facts import save_new


def fact(metric: str, value: str, **more: object) -> rows.Canonical:
    base = {
        "connection_id": "ads",
        "entity_kind": "campaign",
        "entity_id": "c1",
        "on": "2026-11-01",
        "metric": metric,
        "value": value,
        "fetched_at": "2026-11-02T00:00:00.000000Z",
    }
    return rows.Canonical(str(ULID()), {**base, **more})


@pytest.fixture
def store(empty_store):
    with Database.open(empty_store) as database:
        yield database


def put(store, *facts, at="2026-11-02T00:00:00.000000Z"):
    store.run_now(save_new, "local", "metric_fact", facts, at)


def ask(store, metric, **how):
    return store.run_now(totals, "local", Question(metric, "campaign", **how))


def test_money_is_summed_exactly_and_by_currency(store):
    put(
        store,
        fact("spend", "0.1", currency="EUR"),
        fact("spend", "0.2", currency="EUR", on="2026-11-02"),
        fact("spend", "5", currency="USD", entity_id="c2"),
    )
    found = ask(store, "spend")
    assert {k: v.value for k, v in found.items()} == {("EUR",): Decimal("0.3"), ("USD",): Decimal(5)}
    assert set(ask(store, "spend", by=("on",))) == {
        ("2026-11-01", "EUR"),
        ("2026-11-02", "EUR"),
        ("2026-11-01", "USD"),
    }
    assert ask(store, "spend", since="2026-11-02")["EUR",].facts == 1
    assert ask(store, "spend", until="2026-11-01", entities={"c1"})["EUR",].value == Decimal("0.1")


def test_people_are_not_added_up(store):
    put(store, fact("reach", "100"), fact("reach", "90", on="2026-11-02"))
    with pytest.raises(InputInvalid, match="cannot be added"):
        ask(store, "reach")
    assert len(ask(store, "reach", by=("entity_id", "on"))) == 2
    assert ask(store, "reach", since="2026-11-02")[()].value == 90


def test_two_rules_of_credit_are_not_mixed_unless_somebody_says_so(store):
    put(
        store, fact("conversions", "3", attribution="click_days=7"), fact("conversions", "4", attribution="view_days=1")
    )
    with pytest.raises(InputInvalid, match="several rules"):
        ask(store, "conversions")
    both = ask(store, "conversions", attributions={"click_days=7", "view_days=1"})
    assert both[()].value == 7
    assert ask(store, "conversions", by=("attribution",))["view_days=1",].value == 4


def test_a_breakdown_is_not_added_to_its_total(store):
    put(
        store,
        fact("clicks", "10"),
        fact("clicks", "6", breakdown="device=mobile"),
        fact("clicks", "4", breakdown="device=tv"),
    )
    assert ask(store, "clicks")[()].value == 10
    assert ask(store, "clicks", breakdown="device=tv")[()].value == 4


def test_what_was_known_then(store):
    put(store, fact("clicks", "10", is_final=False))
    put(store, fact("clicks", "12", fetched_at="2026-11-09T00:00:00.000000Z", is_final=True))
    assert ask(store, "clicks")[()] == ask(store, "clicks", as_of="2026-11-10T00:00:00.000000Z")[()]
    assert (ask(store, "clicks")[()].value, ask(store, "clicks")[()].is_final) == (12, True)
    then = ask(store, "clicks", as_of="2026-11-05T00:00:00.000000Z")[()]
    assert (then.value, then.is_final) == (10, False)
    assert ask(store, "clicks", as_of="2026-11-01T00:00:00.000000Z") == {}


def test_an_unknown_metric_is_named(store):
    with pytest.raises(InputInvalid, match="impressions"):
        ask(store, "impresions")


def test_what_was_measured_of_one_that_was_merged_counts_for_the_one_that_was_kept(store):
    put(store, fact("clicks", "10", entity_id="old"), fact("clicks", "5", entity_id="kept"))
    redirect = (
        "INSERT INTO redirect (tenant_id, entity, from_id, to_id, at, evidence)"
        " VALUES ('local', 'campaign', 'old', 'kept', 'now', 'by hand')"
    )
    store.run_now(lambda sql: sql.execute(redirect))
    assert ask(store, "clicks", entities={"kept"})[()].value == 15
    assert set(ask(store, "clicks", by=("entity_id",))) == {("kept",)}
