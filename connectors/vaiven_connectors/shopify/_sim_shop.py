"""One shop: its tables, and what happens in it whoever does it (a shopper, the staff or an app)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from vaiven_connectors.shopify._sim_graph import Json, kind_of
from vaiven_sdk.testing import Change, Clock, Jobs, Table

CURRENCY = "USD"
COUNTRIES = {"US": "United States", "ES": "Spain", "DE": "Germany", "JP": "Japan", "GB": "United Kingdom"}


def gids(kind: str, start: int) -> Callable[..., str]:
    """Global ids with growing numbers and gaps, as other shops take numbers in between."""
    last = [start]

    def make(_: Any, __: int, chance: Random) -> str:
        last[0] += chance.randint(1, 97)
        return f"gid://shopify/{kind}/{last[0]}"

    return make


def number_of(gid: str) -> str:
    """The number in a global id, `legacyResourceId`."""
    return gid.rpartition("/")[2].partition("?")[0]


def stamp(at: Any) -> str:
    """`2026-11-25T10:00:00Z`: GraphQL answers have whole seconds of UTC."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def money(amount: Decimal | str | float, code: str = CURRENCY) -> Json:
    """`MoneyV2`: a decimal as text, with at least one place."""
    places = Decimal(1) if code == "JPY" else Decimal("0.01")
    exact = Decimal(str(amount)).quantize(places, ROUND_HALF_UP)
    text = f"{exact:f}"
    if "." in text:
        text = text.rstrip("0")
    return {"amount": text + "0" if text.endswith(".") else text if "." in text else f"{text}.0", "currencyCode": code}


def bag(amount: Decimal | str | float, code: str = CURRENCY, rate: Decimal | str | float = 1) -> Json:
    """`MoneyBag`: the same in the shop's currency and in the one that the customer saw."""
    return {
        "shopMoney": money(amount),
        "presentmentMoney": money(Decimal(str(amount)) * Decimal(str(rate)), code),
    }


class Shop:
    """The data of one shop.

    Args:
        clock: the vendor's.
        chance: of the simulator.
        lag: gives the seconds until lists show a change.
        polls: gives how often the status of a bulk operation is asked for before it is done.
    """

    def __init__(self, clock: Clock, chance: Random, *, lag: Callable[[], float], polls: int) -> None:
        self.clock, self.chance = clock, chance
        base = 6_000_000_000 + chance.randrange(10**8) * 10
        self.number = base % 10**8
        self.handle = f"vaiven-{self.number}"

        def table(name: str, kind: str, offset: int, **options: Any) -> Table:
            ids = gids(kind, base + offset * 10**9)
            common = {"created": "createdAt", "updated": "updatedAt", "stamp": stamp, "lag": lag}
            return Table(name, clock, chance, ids=ids, **{**common, **options})

        self.customers = table("customers", "Customer", 1, unique=["email", "phone"], orders=["displayName"])
        self.orders = table("orders", "Order", 2, indexes=["customerId"], orders=["processedAt", "number"])
        self.products = table("products", "Product", 3, unique=["handle"], orders=["title"])
        self.variants = table("variants", "ProductVariant", 4, indexes=["productId"], orders=["title"])
        self.checkouts = table("checkouts", "AbandonedCheckout", 5)
        self.hooks = table("webhooks", "WebhookSubscription", 6)
        self.definitions = table("definitions", "MetafieldDefinition", 7, indexes=["ownerType"])
        self.events = table("events", "BasicEvent", 8, updated=None)
        self.operations = table("operations", "BulkOperation", 9, updated=None)
        self.jobs = Jobs(clock, polls=polls)
        self.metafields: dict[str, dict[str, Json]] = {}
        """By owner, then `namespace.key`."""
        self.parts: dict[str, str] = {}
        """Lines, refunds and transactions: the order of each."""
        self.merges: dict[str, Json] = {}
        self.erasures: dict[str, float] = {}
        """Customers whose data is to be erased, and when."""
        self.files: dict[str, bytes] = {}
        """Results of bulk operations."""
        self.heard: Callable[[str, Json], object] = lambda *_: None
        """Told of everything that a webhook can be about: topic and record."""
        self.bulk_breaks: Callable[[], bool] = lambda: False
        """Whether the bulk operation that is being finished breaks off."""
        self._serial = base
        self.orders_placed = 0
        self.opened = stamp(clock.now())
        topics = {"customers": self.customers, "products": self.products, "checkouts": self.checkouts}
        for name, kept in topics.items():
            kept.watch(functools.partial(self._changed, name.upper()))
        self.orders.watch(self._order_changed)

    @property
    def domain(self) -> str:
        """The shop's permanent domain."""
        return f"{self.handle}.myshopify.com"

    @property
    def tables(self) -> dict[str, Table]:
        """By kind of record."""
        return {
            "Customer": self.customers,
            "Order": self.orders,
            "Product": self.products,
            "ProductVariant": self.variants,
            "AbandonedCheckout": self.checkouts,
            "WebhookSubscription": self.hooks,
            "MetafieldDefinition": self.definitions,
            "BulkOperation": self.operations,
            "BasicEvent": self.events,
        }

    def now(self) -> str:
        """The vendor's time as it stands in answers."""
        return stamp(self.clock.now())

    def gid(self, kind: str) -> str:
        """A global id of its own for something that lives within a record."""
        self._serial += 3
        return f"gid://shopify/{kind}/{self._serial}"

    def find(self, gid: str) -> Json | None:
        """The record of a global id."""
        kind = kind_of(gid)
        if kind in self.tables:
            return self.tables[kind].find(gid)
        order = self.orders.find(self.parts.get(gid, ""))
        if order is not None:
            name = {"LineItem": "lineItems", "Refund": "refunds", "OrderTransaction": "transactions"}[kind]
            return next((one for one in order[name] if one["id"] == gid), None)
        if kind == "Metafield":
            return next((one for held in self.metafields.values() for one in held.values() if one["id"] == gid), None)
        return None

    def event(self, action: str, subject: str, message: str) -> None:
        """Note it in the shop's activity, as `events` lists it."""
        about = {"action": action, "subjectId": subject, "subjectType": kind_of(subject).upper(), "message": message}
        flags = {"attributeToApp": False, "attributeToUser": True, "criticalAlert": False, "appTitle": None}
        self.events.add({**about, **flags})

    def touch(self, table: Table, gid: str, at: datetime | None = None) -> None:
        """Move a record's `updatedAt` on, because something near it changed; `at` tells of a past."""
        if gid in table:
            table.change(gid, {}, at=at)

    def amount_spent(self, customer: str) -> Decimal:
        """What a customer has paid, less what was given back, in the shop's currency."""
        paid = Decimal(0)
        for entry in self.orders.select(customerId=customer):
            if not entry.row["cancelledAt"] and not entry.row["test"]:
                paid += Decimal(entry.row["netPaymentSet"]["shopMoney"]["amount"])
        return paid

    def forget(self, gids_: Iterable[str]) -> None:
        """Drop the metafields of records that are gone."""
        for gid in gids_:
            self.metafields.pop(gid, None)

    def settle(self) -> None:
        """Do what is due by now: erase data that was to be erased."""
        now = self.clock.now().timestamp()
        for gid in [gid for gid, due in self.erasures.items() if due <= now]:
            del self.erasures[gid]
            if gid in self.customers:
                self._redact(gid)

    def _redact(self, gid: str) -> None:
        blank = dict.fromkeys(("firstName", "lastName", "email", "phone", "note"))
        states = {"emailConsent": consent("REDACTED"), "smsConsent": consent("REDACTED")}
        self.customers.change(gid, {**blank, **states, "addresses": [], "displayName": "", "tags": []})
        self.forget([gid])
        for entry in list(self.orders.select(customerId=gid)):
            gone: dict[str, Any] = dict.fromkeys(("email", "phone", "billingAddress", "shippingAddress"))
            self.orders.change(entry.row["id"], gone)
        self.heard("CUSTOMERS_REDACT", {"id": gid})

    def _changed(self, name: str, change: Change) -> None:
        row = change.after or change.before or {}
        word = {"created": "CREATE", "updated": "UPDATE", "restored": "UPDATE"}.get(change.op, "DELETE")
        self.heard(f"{name}_{word}", row)
        if word == "DELETE" and name == "PRODUCTS":
            self.event("destroy", row["id"], f"Product was deleted: {row['title']}.")

    def _order_changed(self, change: Change) -> None:
        row = change.after or change.before or {}
        word = {"created": "CREATE", "updated": "UPDATED", "restored": "UPDATED"}.get(change.op, "DELETE")
        self.heard(f"ORDERS_{word}", row)
        if word == "DELETE":
            self.event("destroy", row["id"], f"Order {row['name']} was deleted.")


def consent(state: str, level: str | None = None, at: str | None = None, by: str = "OTHER") -> Json:
    """A consent as a customer's row keeps it; `by` is SHOPIFY where Shopify collected it, OTHER for an app's."""
    return {"marketingState": state, "marketingOptInLevel": level, "consentUpdatedAt": at, "_by": by}
