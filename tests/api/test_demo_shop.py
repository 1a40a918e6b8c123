"""The shop, end to end and small; that its comparison would see a fault; and that what it is made of adds up."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from vaiven_api.cli.app import app
from vaiven_api.demo.people import HUBSPOT
from vaiven_api.demo.shop.company import END, SHOPIFY, generate, refunded, total
from vaiven_api.demo.shop.score import Bought
from vaiven_api.demo.shop.story import ShopStory

RESTATED = (
    "SELECT f.id FROM metric_fact f JOIN fact_snapshot s ON s.fact_id = f.id WHERE f.metric = ? AND f.breakdown = ''"
    " AND s.snapshot = 0 AND f.snapshot = 1 ORDER BY f.id LIMIT 1"
)


def _a_restated_day_is_not_taken(store: sqlite3.Connection) -> None:
    (fact,) = store.execute(RESTATED, ("conversion_value",)).fetchone()
    store.execute(
        "UPDATE metric_fact SET value = (SELECT value FROM fact_snapshot WHERE fact_id = ?1) WHERE id = ?1", (fact,)
    )


def _a_conversion_counts_twice(store: sqlite3.Connection) -> None:
    store.execute(
        "CREATE TEMP TABLE twice AS SELECT * FROM metric_fact WHERE metric = 'conversions' AND breakdown = ''"
        " AND CAST(value AS REAL) > 0 AND entity_kind = 'campaign' LIMIT 1"
    )
    store.execute("UPDATE twice SET id = 'again', attribution = 'action=purchase'")
    store.execute("INSERT INTO metric_fact SELECT * FROM twice")


def _what_was_known_before_is_lost(store: sqlite3.Connection) -> None:
    (fact,) = store.execute(RESTATED, ("conversions",)).fetchone()
    store.execute("DELETE FROM fact_snapshot WHERE fact_id = ?", (fact,))


def _spend_is_in_another_currency(store: sqlite3.Connection) -> None:
    store.execute(
        "UPDATE metric_fact SET currency = 'CHF' WHERE id = (SELECT min(id) FROM metric_fact WHERE metric = 'spend')"
    )


def _an_order_costs_a_cent_more(store: sqlite3.Connection) -> None:
    store.execute("UPDATE 'order' SET total_minor = total_minor + 1 WHERE id = (SELECT min(id) FROM 'order')")


def _all_shoppers_are_one_person(store: sqlite3.Connection) -> None:
    store.execute(
        "UPDATE record SET entity_id = (SELECT min(id) FROM person WHERE deleted_at IS NULL) WHERE source_id ="
        " (SELECT id FROM source WHERE connection_id = 'shopify' AND stream = 'customers')"
    )


def _a_refusal_is_forgotten(store: sqlite3.Connection) -> None:
    store.execute("UPDATE person SET email_consent = 'granted'")


FAULTS: dict[Callable[[sqlite3.Connection], None], str] = {
    _a_restated_day_is_not_taken: "conversion_value",
    _a_conversion_counts_twice: "conversions",
    _what_was_known_before_is_lost: "was shown",
    _spend_is_in_another_currency: "CHF",
    _an_order_costs_a_cent_more: "at Shopify",
    _all_shoppers_are_one_person: "pairwise precision",
    _a_refusal_is_forgotten: "said no, the hub has granted",
}


@dataclass(slots=True)
class Doubted(ShopStory):
    """The story; where it compares the scores, it does so once more over copies of the store with a fault each."""

    seen: dict[str, list[str]] = field(default_factory=dict)

    def _compare(self, name: str, *about: Any, scored: bool = False) -> list[str]:
        found = ShopStory._compare(self, name, *about, scored=scored)
        if not scored:
            return found
        true, kept = self.store, dict(self.facts)
        for fault in FAULTS:
            self.store = true.with_name(f"{fault.__name__}.db")
            with closing(sqlite3.connect(true)) as one, closing(sqlite3.connect(self.store)) as two:
                one.backup(two)
                fault(two)
                two.commit()
            self.seen[fault.__name__] = ShopStory._compare(self, name, *about, scored=True)
        self.store = true
        _, world, *_ = about
        contact = world.ids[HUBSPOT][0]
        world.vendors[HUBSPOT].call(
            "edit_record", object_type="contacts", record_id=contact, properties={"vaiven_score": "101"}
        )
        self.seen["a score"] = ShopStory._compare(self, name, *about, scored=True)
        self.facts.clear()
        self.facts.update(kept)
        return found


@pytest.mark.demo
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_shop_agrees_and_each_planted_fault_is_seen(tmp_path: Path) -> None:
    story = Doubted(120, 1, tmp_path / "vaiven.db", quiet=True, days=12)
    differences = story.tell()
    assert {name: bool(found) for name, found in story.seen.items()} == dict.fromkeys(story.seen, True)
    for fault, said in FAULTS.items():
        found = story.seen[fault.__name__]
        assert any(said in one for one in found), (fault.__name__, found[:3])
    assert any("the score is 101" in one for one in story.seen["a score"])
    facts = story.facts
    # What was typed over the score was put right by the last sync, which is the one write that it made.
    assert differences == 1
    assert facts["differences"] == ["the fourth sync made 1 writes"]
    assert facts["resolution"]["precision"] == facts["resolution"]["recall"] == 1.0
    assert facts["restated"] > 50
    assert set(facts["scores"]) == {"hubspot", "salesforce", "klaviyo"}
    assert min(facts["scores"].values()) > 112
    assert [run["status"] for run in facts["runs"]] == ["ok"] * 5
    assert all(most <= int(limit.split()[0].replace(",", "")) for one in facts["limits"].values()
               for limit, most in one["peaks"].items())  # fmt: skip


def test_a_seed_always_gives_the_same_shop() -> None:
    assert generate(100, 7) == generate(100, 7)
    assert generate(100, 7) != generate(100, 8)


def test_the_shop_is_as_large_as_it_says() -> None:
    shop = generate(400, 1)
    assert len(shop.orders) == 1200
    assert all(0 <= order["customer"] < len(shop.rows[SHOPIFY]) for order in shop.orders)
    assert all(0 <= refunded(order) < total(order) for order in shop.orders)
    assert [order["at"] for order in shop.orders] == sorted(order["at"] for order in shop.orders)
    for tool, pairs in shop.twins.items():
        assert pairs
        assert all(shop.of[tool][one] == shop.of[tool][two] for one, two in pairs)


@pytest.mark.parametrize(
    ("orders", "cents", "score"),
    [(0, 0, "0"), (1, 0, "43"), (1, 50_000, "58"), (10, 100_000, "100"), (99, 10**9, "100")],
)
def test_a_score_is_of_recency_frequency_and_money(orders: int, cents: int, score: str) -> None:
    bought = Bought()
    for number in range(orders):
        bought.add(END, cents if number == 0 else 0)
    assert bought.score == score


def test_the_command_says_what_there_is() -> None:
    told = CliRunner().invoke(app, ["demo", "--help"]).output
    assert "shop" in told
    assert "seven tools" in told
