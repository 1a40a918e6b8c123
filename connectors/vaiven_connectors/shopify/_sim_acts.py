"""What the shop's people do without the API: shoppers buy, staff edits, customers say no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from vaiven_connectors.shopify import _sim_record as records
from vaiven_connectors.shopify._sim_facts import keep_metafields
from vaiven_connectors.shopify._sim_goods import discontinue, reprice, stock
from vaiven_connectors.shopify._sim_graph import Json
from vaiven_connectors.shopify._sim_merge import merge
from vaiven_connectors.shopify._sim_oauth import ShopifyAccess
from vaiven_connectors.shopify._sim_shop import CURRENCY, Shop, bag, consent
from vaiven_connectors.shopify._sim_till import line, place, refund
from vaiven_connectors.shopify._sim_writes import decide, delete
from vaiven_sdk.testing import Vendor, action


class Acts(Vendor):
    """Actions of a shop; each may be called over `/_sim/call`, too."""

    shop: Shop
    access: ShopifyAccess  # pyright: ignore[reportIncompatibleVariableOverride]

    @action
    def seed(self, customers: Sequence[Json]) -> list[str]:
        """Load customers: fields as `CustomerInput` has them, `emailState`, `smsState` for consent, `at` for a past."""
        made = []
        for one in customers:
            values, wrong = records.check(self.shop, one, None)
            if wrong:
                raise ValueError(wrong[0]["message"])
            at = datetime.fromisoformat(one["at"]) if one.get("at") else None
            stamp = one.get("at") or self.shop.now()
            for name, kept in (("emailState", "emailConsent"), ("smsState", "smsConsent")):
                if one.get(name):
                    values[kept] = consent(one[name], "SINGLE_OPT_IN", stamp)
            made.append(str(records.create(self.shop, values, one, at=at)["id"]))
        return made

    @action
    def edit_customer(self, customer: str, changes: Json) -> None:
        """The staff changes fields of a customer."""
        held = self.shop.customers.get(customer)
        values, wrong = records.check(self.shop, changes, held)
        if wrong:
            raise ValueError(wrong[0]["message"])
        records.change(self.shop, held, values, changes)

    @action
    def decide(self, customer: str, state: str, channel: str = "email", at: str | None = None) -> None:
        """The customer says yes or no to `email` or `sms`: SUBSCRIBED, UNSUBSCRIBED or PENDING."""
        said = {"marketingState": state, "consentUpdatedAt": at, "marketingOptInLevel": None}
        decide(self.shop, self.shop.customers.get(customer), f"{channel}Consent", said, by="SHOPIFY")

    @action
    def confirm(self, customer: str, channel: str = "email") -> None:
        """The customer takes the link in the message that asks to confirm (CustomerMarketingOptInLevel)."""
        said = {"marketingState": "SUBSCRIBED", "consentUpdatedAt": None, "marketingOptInLevel": "CONFIRMED_OPT_IN"}
        decide(self.shop, self.shop.customers.get(customer), f"{channel}Consent", said, by="SHOPIFY")

    @action
    def tick(self, customer: str, channel: str = "email") -> None:
        """The staff ticks that the customer agreed."""
        said = {"marketingState": "SUBSCRIBED", "consentUpdatedAt": None, "marketingOptInLevel": "SINGLE_OPT_IN"}
        decide(self.shop, self.shop.customers.get(customer), f"{channel}Consent", said, by="SHOPIFY")

    @action
    def unsubscribe(self, customer: str) -> None:
        """The customer takes the link in a mail."""
        self.decide(customer, "UNSUBSCRIBED")

    @action
    def merge_customers(self, one: str, two: str) -> str:
        """The staff makes one customer of two; gives the one that stays."""
        return merge(self.shop, one, two, {})

    @action
    def delete_customer(self, customer: str) -> None:
        """The staff deletes a customer."""
        delete(self.shop, customer)

    @action
    def add_product(self, title: str, variants: Sequence[Json] = (), **more: Any) -> str:
        """The staff adds a product; further fields as `stock` takes them."""
        return str(stock(self.shop, {"title": title, "variants": list(variants), **more})["id"])

    @action
    def edit_variant(self, variant: str, changes: Json) -> None:
        """The staff changes a price or a stock."""
        reprice(self.shop, variant, changes)

    @action
    def delete_product(self, product: str) -> None:
        """The staff deletes a product with its variants."""
        discontinue(self.shop, product)

    @action
    def place_order(self, customer: str | None = None, lines: Sequence[Json] = (), **more: Any) -> str:
        """A shopper buys.

        A line has `variant` or `title`, `price`, `quantity`, `discount`, `sku`. Further: `currency` that the shopper
        saw and its `rate`, `tax`, `shipping`, `at`, `processed_at`, `paid`, `test`, `utm`, `source`, `tags`,
        `discount_codes`.
        """
        return str(place(self.shop, {"customer": customer, "lines": list(lines), **more})["id"])

    @action
    def seed_orders(self, orders: Sequence[Json]) -> list[str]:
        """Load orders, each as `place_order` takes it, and maybe `refund`: what is given back, as `refund` takes it."""
        made = []
        for one in orders:
            order = self.place_order(**{name: value for name, value in one.items() if name != "refund"})
            if one.get("refund"):
                self.refund(order, **one["refund"], loaded=True)
            made.append(order)
        return made

    @action
    def refund(self, order: str, lines: Mapping[str, int] | None = None, **more: Any) -> str:
        """The staff gives money back: lines by index, or `amount`; `at` is its own date."""
        return str(refund(self.shop, order, {"lines": lines, **more})["id"])

    @action
    def cancel_order(self, order: str, reason: str = "CUSTOMER") -> None:
        """The staff cancels an order."""
        now = self.shop.now()
        row = self.shop.orders.change(order, {"cancelledAt": now, "cancelReason": reason, "closedAt": now})
        self.shop.heard("ORDERS_CANCELLED", row)

    @action
    def edit_order(self, order: str, changes: Json) -> None:
        """The staff changes an order's note or tags."""
        self.shop.orders.change(order, changes)

    @action
    def delete_order(self, order: str) -> None:
        """The staff deletes an order."""
        row = self.shop.orders.remove(order)
        for one in (*row["lineItems"], *row["refunds"], *row["transactions"]):
            self.shop.parts.pop(one["id"], None)
        self.shop.forget([order])

    @action
    def abandon_checkout(self, customer: str | None, lines: Sequence[Json], at: str | None = None) -> str:
        """A shopper leaves at the till."""
        shop = self.shop
        rows = []
        for one in lines:
            made = line(shop, one, CURRENCY, Decimal(1))
            price = {
                "originalTotalPriceSet": made["originalTotalSet"],
                "discountedTotalPriceSet": made["discountedTotalSet"],
                "discountedUnitPriceSet": made["discountedUnitPriceSet"],
            }
            gid = shop.gid("AbandonedCheckoutLineItem")
            rows.append({**made, **price, "id": gid})
        goods = sum((one["unitPrice"] * one["quantity"] for one in rows), Decimal(0))
        sums = ("subtotalPriceSet", "totalLineItemsPriceSet", "totalPriceSet")
        row = {
            "customerId": customer,
            "lineItems": rows,
            "lineItemsQuantity": sum(one["quantity"] for one in rows),
            "name": f"#{38_000_000 + len(shop.checkouts)}",
            "note": "",
            "completedAt": None,
            "discountCodes": [],
            "taxLines": [],
            "taxesIncluded": False,
            "totalDiscountSet": bag(0),
            "totalTaxSet": bag(0),
            **{name: bag(goods) for name in sums},
        }
        return str(shop.checkouts.add(row, at=datetime.fromisoformat(at) if at else None)["id"])

    @action
    def complete_checkout(self, checkout: str) -> None:
        """The shopper comes back and pays."""
        self.shop.checkouts.change(checkout, {"completedAt": self.shop.now()})

    @action
    def fill_metafield(self, owner: str, namespace: str, key: str, value: str, kind: str) -> None:
        """The staff fills a metafield in."""
        keep_metafields(self.shop, owner, [{"namespace": namespace, "key": key, "value": value, "type": kind}])
        name = owner.split("/")[3]
        if name in self.shop.tables:
            self.shop.touch(self.shop.tables[name], owner)

    @action
    def uninstall(self) -> None:
        """The owner takes the app out of the shop: no token works any more."""
        self.access.forget()
        self.shop.heard("APP_UNINSTALLED", {"id": f"gid://shopify/Shop/{self.shop.number}"})
