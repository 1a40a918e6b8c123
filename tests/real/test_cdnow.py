"""A real purchase history in a third party's Stripe server, read by the unmodified connector.

CDNOW's customers and purchases go into localstripe 1.15.10 through Stripe's own client and must come out to the cent.
"""

import json
import sys
from collections import Counter, defaultdict

import pytest

from tests.support.cdnow import Purchase, cohort, totals
from tests.support.hub import hub_at
from tests.support.localstripe import KEY, localstripe
from vaiven_connectors.stripe import connector

stripe = pytest.importorskip("stripe", reason="the official client is in the extra `real`")
pytest.importorskip("localstripe", reason="the server is in the extra `real`")
pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(240)]

LACKING = {"prices"}
"""Streams that localstripe 1.15.10 has no endpoint for (localstripe/server.py: the classes that get routes)."""


class Shop:
    """The shop's side: it sells through Stripe's own client."""

    def __init__(self, url):
        http = stripe.HTTPXClient(allow_sync_methods=True) if "requests" not in sys.modules else None
        self.stripe = stripe.StripeClient(KEY, base_addresses={"api": url}, max_network_retries=0, http_client=http).v1
        card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
        # One card pays for everyone: the server gets slower with each object, and cards are not what is measured.
        self.card = self.stripe.payment_methods.create({"type": "card", "card": card}).id
        self.ids = {}
        self.sold = defaultdict(list)

    def enrol(self, customer, **values):
        """A new customer, known by the file's id."""
        metadata = {"cdnow_id": customer}
        made = self.stripe.customers.create({"email": f"cdnow.{customer}@example.com", "metadata": metadata, **values})
        self.ids[customer] = made.id

    def sell(self, bought):
        """One charge for one purchase; a purchase of nothing is a charge of 0, which this server takes."""
        said = {"day": bought.day, "cds": str(bought.cds)}
        self.stripe.charges.create(
            {
                "amount": bought.cents,
                "currency": "usd",
                "customer": self.ids[bought.customer],
                "source": self.card,
                "metadata": said,
            }
        )
        self.sold[bought.customer].append(bought)

    def totals(self):
        """Purchases and cents of every customer."""
        return {customer: totals(self.sold[customer]) for customer in self.ids}


@pytest.fixture
def shop():
    with localstripe() as url:
        one = Shop(url)
        one.url = url
        yield one


@pytest.fixture
def hub(tmp_path, shop):
    with hub_at(tmp_path / "vaiven.db", {"stripe": connector}.__getitem__) as one:
        one.connect("shop", "stripe", shop.url, {"api_key": KEY})
        yield one


def found(hub):
    """Purchases and cents of every customer as the unified model has them, by the file's id."""
    rows = hub.rows(
        "SELECT r.body, count(y.id) AS orders, coalesce(sum(y.amount_minor), 0) AS cents FROM person p"
        " JOIN record r ON r.entity_id = p.id JOIN source s ON s.id = r.source_id AND s.stream = 'customers'"
        " LEFT JOIN payment y ON y.person_id = p.id AND y.currency = 'USD' AND y.deleted_at IS NULL"
        " WHERE p.deleted_at IS NULL GROUP BY p.id, r.body"
    )
    out = {json.loads(row["body"])["metadata"]["cdnow_id"]: (row["orders"], row["cents"]) for row in rows}
    assert len(out) == len(rows)
    return out


def changed(report):
    """Records that each stream brought, new or changed; streams that brought none are left out."""
    lines = {line.stream: line.pulled.changed for line in report.streams.values() if line.pulled}
    return {stream: number for stream, number in lines.items() if number}


def lacking(report):
    """What the server could not give, by stream, and nothing else went wrong."""
    assert all(problem.code == "not_found" for problem in report.errors.values()), report.errors
    return {name.partition("/")[2] for name in report.errors}


async def test_every_customer_order_and_cent_arrives_and_then_only_what_changed(hub, shop):
    history = cohort(420, largest=6)
    held_back = [history[who].pop() for who in list(history) if len(history[who]) > 2][:9]
    for who in history:
        shop.enrol(who)
    for one in (one for bought in history.values() for one in bought):
        shop.sell(one)
    assert len(shop.ids) >= 400
    assert any(one.cents == 0 for bought in history.values() for one in bought)

    first = await hub.sync()
    assert found(hub) == shop.totals()
    assert changed(first) == {"customers": len(history), "charges": sum(map(len, history.values()))}
    assert lacking(first) == LACKING
    assert hub.quarantine() == []
    assert first.writes == 0

    # One in a hundred: new purchases, changed customers, a new customer.
    for one in held_back:
        shop.sell(one)
    moved = list(history)[40:43]
    for who in moved:
        shop.stripe.customers.update(shop.ids[who], {"name": f"Customer {who}"})
    shop.enrol("newcomer", name="New Comer")
    shop.sell(Purchase("newcomer", "1998-07-01", 1, 1299))

    # This server leaves no event of a charge (localstripe/resources.py, `Event(`), so charges are read whole again.
    second = await hub.sync(full=True)
    assert found(hub) == shop.totals()
    assert changed(second) == {"customers": len(moved) + 1, "charges": len(held_back) + 1}
    new = {row["remote_id"] for row in hub.rows("SELECT remote_id FROM record WHERE run_id = ?", second.run)}
    assert new >= {shop.ids[who] for who in [*moved, "newcomer"]}
    assert len(new) == len(moved) + 1 + len(held_back) + 1
    names = hub.rows("SELECT full_name FROM person WHERE full_name IS NOT NULL ORDER BY full_name")
    assert [row["full_name"] for row in names] == sorted([*(f"Customer {who}" for who in moved), "New Comer"])

    third = await hub.sync(full=True)
    assert changed(third) == {}
    assert third.writes == second.writes == 0
    assert found(hub) == shop.totals()


async def test_a_customer_that_changes_is_read_alone(hub, shop):
    """By the server's events: customers leave them."""
    for number in range(12):
        shop.enrol(str(number))
    await hub.sync()
    shop.stripe.customers.update(shop.ids["3"], {"name": "Grace Hopper"})
    shop.stripe.customers.delete(shop.ids["7"])
    shop.enrol("12")
    second = await hub.sync()
    assert changed(second) == {"customers": 3}
    assert not any(line.pulled.full for line in second.streams.values() if line.stream == "customers")
    live = {row["remote_id"] for row in hub.rows("SELECT remote_id FROM record WHERE deleted_at IS NULL")}
    assert live == set(shop.ids.values()) - {shop.ids["7"]}
    assert changed(await hub.sync()) == {}


async def test_a_stream_that_the_server_lacks_is_named_and_the_others_land(hub, shop):
    shop.enrol("1")
    report = await hub.sync()
    assert report.status == "partial"
    assert lacking(report) == LACKING
    (problem,) = report.errors.values()
    assert "/v1/prices" in problem.what
    assert problem.remedy
    assert Counter(line.error is None for line in report.streams.values())[True] == len(connector.streams) - len(
        LACKING
    )


async def test_a_key_that_the_server_refuses_asks_for_a_reconnect(hub, shop):
    """The server takes keys of secret kind alone."""
    hub.connect("shop", "stripe", shop.url, {"api_key": "pk_test_wrong_kind_of_key"})
    report = await hub.sync()
    assert report.errors["shop"].code == "reconnect_required"
    assert "pk_test" not in json.dumps(report.as_dict())
