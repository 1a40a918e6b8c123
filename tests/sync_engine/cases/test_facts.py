"""Events that went for the truth, and figures that a vendor corrects for weeks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from vaiven_connectors.stripe.simulator import StripeSimulator
from vaiven_sdk import Batch, Bearer, Config, Connector, Record, Window, wire
from vaiven_sdk.model import Company, MetricFact
from vaiven_sync_engine.figures import Question, totals

QUIET = {"rate_limit": 0, "endpoint_rate_limit": 0}


def paid(bench, **quirks):
    """A Stripe account with one customer, whose subscription was billed once."""
    account = StripeSimulator(clock=bench.clock, quirks={**QUIET, **quirks})
    bench.open("pay", account, streams=("customers", "products", "prices", "subscriptions", "invoices"))
    made = account.seed(
        customers=[{"email": "ana@x.example", "name": "Ana Lopez", "card": "visa"}],
        products=[{"name": "Gold"}],
        prices=[{"product": 0, "unit_amount": 900, "currency": "eur", "recurring": {"interval": "month"}}],
        subscriptions=[{"customer": 0, "price": 0, "quantity": 2}],
    )
    return account, made


async def test_a_change_of_status_is_read_though_the_object_is_old(bench):
    """airbytehq/airbyte#31917: reading by events brought an object once; what became of it later never came.

    Stripe's lists can be asked for what was created since, not for what has changed.
    """
    account, made = paid(bench)
    await bench.sync()
    status = "SELECT status FROM subscription"
    assert bench.rows(status) == [{"status": "active"}]
    bench.clock.advance(3 * 86_400)
    account.cancel_subscription(made["subscriptions"][0])
    account.edit_customer(made["customers"][0], name="Ana Maria Lopez")
    report = await bench.sync()
    assert all(not line.pulled.full for line in report.streams.values())
    assert bench.rows(status) == [{"status": "canceled"}]
    (person,) = bench.people()
    assert person["full_name"] == "Ana Maria Lopez"
    await bench.sync()
    assert bench.rows(status) == [{"status": "canceled"}]


async def test_an_event_in_another_versions_words_empties_nothing(bench):
    """airbytehq/airbyte#77625: events are rendered in the account's API version, so that moved fields came as null.

    An event says what to read again; what it shows is not taken.
    """
    account, made = paid(bench, account_api_version="2022-11-15")
    await bench.sync()
    bills = "SELECT subscription_id, tax_minor, paid_minor FROM invoice"
    periods = "SELECT current_period_start_at, current_period_end_at, quantity, amount FROM subscription"
    before = [*bench.rows(bills), *bench.rows(periods)]
    assert all(value is not None for row in before for value in row.values())
    (bill,) = account.tables["invoices"].rows
    account.touch("invoices", bill)
    account.touch("subscriptions", made["subscriptions"][0])
    events = [msgspec.json.decode(msgspec.json.encode(e)) for e in account.tables["events"].rows.values()]
    shown = [event["data"]["object"] for event in events]
    assert any(one["object"] == "invoice" and "parent" not in one for one in shown), "the old words have no such field"
    report = await bench.sync()
    assert sum(line.pulled.changed for line in report.streams.values()) == 2
    assert [*bench.rows(bills), *bench.rows(periods)] == before


class Campaigner(Record[Company], key="id"):
    id: str = wire(read_only=True)
    name: str | None = wire(to="name")


class Day(Record[MetricFact], key=("company", "on"), cursor="on"):
    on: date = wire(to="on")
    company: str = wire(to="entity_id", ref="companies")
    shown: int | None = wire(to="impressions")


class Ads:
    """Figures by day, which the vendor corrects for as long as it likes; nothing says when."""

    def __init__(self) -> None:
        self.days: dict[date, int] = {}
        self.asked: list[str | None] = []

    def connector(self, restates: int) -> Connector[Config]:
        made = Connector("ads", Config, name="Ads", category="ads", base_url="https://ads.example", auth=[Bearer()])

        async def companies(_: Any, __: Window, ___: Any) -> AsyncIterator[Batch]:
            yield Batch([{"id": "c1", "name": "Acme"}])

        async def days(_: Any, window: Window, __: Any) -> AsyncIterator[Batch]:
            self.asked.append(window.since)
            since = window.since or ""
            yield Batch(
                [
                    {"on": day.isoformat(), "company": "c1", "shown": shown}
                    for day, shown in self.days.items()
                    if day.isoformat() >= since
                ]
            )

        made.stream(Campaigner, name="companies").reader("full")(companies)
        stream = made.stream(Day, name="days", restates=restates)
        for kind in ("full", "changes"):
            stream.reader(kind)(days)
        return made


def shown(desk, **asked: Any) -> int:
    question = Question("impressions", "company", **asked)
    found = desk.hub.database.run_now(totals, "local", question)
    return int(sum((one.value for one in found.values()), Decimal(0)))


async def test_days_that_are_still_corrected_are_read_again_and_what_was_known_is_kept(desk):
    """PostHog/posthog#66449: each run read the newest day alone, so that every day stayed at its first, low figure.

    Days older than the vendor's window are left in peace.
    """
    ads = Ads()
    desk.connectors["ads"] = ads.connector(restates=30)
    desk.account("ads")
    first = date(2026, 1, 1)
    ads.days = {first + timedelta(days=n): 100 for n in range(60)}
    desk.clock.advance(60 * 86_400)
    await desk.sync()
    assert shown(desk) == 6_000
    then = desk.hub.engine.now()
    desk.clock.advance(3_600)
    ads.days[first + timedelta(days=40)] = 130
    ads.days[first + timedelta(days=3)] = 999
    ads.days[first + timedelta(days=60)] = 10
    await desk.sync()
    assert ads.asked[-1] == (first + timedelta(days=29)).isoformat()
    assert shown(desk) == 6_000 + 30 + 10
    assert shown(desk, as_of=then) == 6_000, "what a model knew on that day"
    kept = desk.rows("SELECT snapshot, value FROM fact_snapshot")
    assert kept == [{"snapshot": 0, "value": "100"}]
    for _ in range(2):
        await desk.sync()
    assert len(desk.rows("SELECT * FROM fact_snapshot")) == 1, "a day that is read again and is the same is no news"
    assert shown(desk) == 6_040
