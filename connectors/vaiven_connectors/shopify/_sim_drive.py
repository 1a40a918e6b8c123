"""What the certification kit has the shop's people do: make, change and remove records of each stream."""

from __future__ import annotations

from typing import Any

import msgspec

from vaiven_connectors.shopify._sim_acts import Acts
from vaiven_connectors.shopify._sim_facts import define
from vaiven_connectors.shopify._sim_goods import discontinue, reprice
from vaiven_connectors.shopify._sim_graph import Json, kind_of
from vaiven_connectors.shopify._sim_hooks import headers, payload
from vaiven_connectors.shopify._sim_shop import Shop
from vaiven_sdk import Delivery

_KINDS = {
    "customers": "Customer",
    "orders": "Order",
    "order_lines": "LineItem",
    "line_items": "LineItem",
    "refunds": "Refund",
    "transactions": "OrderTransaction",
    "products": "Product",
    "variants": "ProductVariant",
    "product_variants": "ProductVariant",
    "checkouts": "AbandonedCheckout",
    "abandoned_checkouts": "AbandonedCheckout",
}
_TOPICS = {
    "Customer": "CUSTOMERS_UPDATE",
    "Order": "ORDERS_UPDATED",
    "LineItem": "ORDERS_UPDATED",
    "OrderTransaction": "ORDERS_UPDATED",
    "Refund": "REFUNDS_CREATE",
    "Product": "PRODUCTS_UPDATE",
    "ProductVariant": "PRODUCTS_UPDATE",
    "AbandonedCheckout": "CHECKOUTS_UPDATE",
}


class Driven(Acts):
    """The part of the simulator that follows the kit; samples are the same people in every shop."""

    shop: Shop
    _made = 0

    def sample(self, stream: str, n: int) -> list[str]:
        """Make records as the shop's people would; their global ids."""
        if stream not in _KINDS:
            return super().sample(stream, n)
        return [self._one(_KINDS[stream]) for _ in range(n)]

    def touch(self, stream: str, record_id: str) -> None:
        """Change a value that is mapped: of a customer the one that is ours to write."""
        kind, gid = _KINDS.get(stream, ""), self._gid(stream, record_id)
        self._made += 1
        news = f"Edit {self._made} of {self.shop.number}"
        if kind == "Customer":
            self.edit_customer(gid, {"firstName": news})
        elif kind in {"Order", "LineItem", "Refund", "OrderTransaction"}:
            self.shop.orders.change(self._order(gid), {"note": news})
        elif kind == "Product":
            self.shop.products.change(gid, {"title": news})
        elif kind == "ProductVariant":
            reprice(self.shop, gid, {"price": f"{10 + self._made}.50"})
        elif kind == "AbandonedCheckout":
            self.shop.checkouts.change(gid, {"note": news})
        else:
            super().touch(stream, record_id)

    def remove(self, stream: str, record_id: str) -> None:
        """Delete one record; a customer's orders go first, since Shopify keeps whoever has some."""
        kind, gid = _KINDS.get(stream, ""), self._gid(stream, record_id)
        if kind == "Customer":
            for entry in list(self.shop.orders.select(customerId=gid)):
                self.delete_order(entry.row["id"])
            self.delete_customer(gid)
        elif kind == "Order":
            self.delete_order(gid)
        elif kind == "Product":
            discontinue(self.shop, gid)
        elif kind == "ProductVariant":
            product = self.shop.variants.get(gid)["productId"]
            self.shop.variants.remove(gid)
            self.shop.touch(self.shop.products, product)
        elif kind == "AbandonedCheckout":
            self.shop.checkouts.remove(gid)
        elif kind in {"LineItem", "Refund", "OrderTransaction"}:
            self.delete_order(self._order(gid))
        else:
            super().remove(stream, record_id)

    def unwanted(self, stream: str) -> dict[str, Any]:
        """A person without a name, a number or an address is refused; so is an address without a dot."""
        return {"email": "nobody@localhost"} if stream == "customers" else super().unwanted(stream)

    def customise(self, stream: str) -> tuple[str, str]:
        """The owner defines a metafield, and fills it in."""
        kind = _KINDS.get(stream, "")
        if kind not in {"Customer", "Order", "Product", "ProductVariant"}:
            return super().customise(stream)
        owner = {"ProductVariant": "PRODUCTVARIANT"}.get(kind, kind.upper())
        field: Json = {"namespace": "custom", "key": "favourite_colour", "name": "Favourite colour"}
        define(self.shop, {**field, "ownerType": owner, "type": "single_line_text_field"})
        gid = self._one(kind)
        self.fill_metafield(gid, "custom", "favourite_colour", "green", "single_line_text_field")
        return "custom.favourite_colour", gid

    def delivery(self, stream: str, secret: str) -> Delivery:
        """A signed delivery about the newest record."""
        if stream not in _KINDS:
            return super().delivery(stream, secret)
        kind = _KINDS[stream]
        topic = _TOPICS[kind]
        if kind == "Refund":
            row = [one for order in self.shop.orders for one in order["refunds"]][-1]
        else:
            table = {"LineItem": "Order", "OrderTransaction": "Order", "ProductVariant": "Product"}.get(kind, kind)
            row = list(self.shop.tables[table])[-1]
        body = msgspec.json.encode(payload(topic, row))
        return Delivery(body, headers(self.shop, topic, body, secret), "https://hub.example/hooks/shopify")

    def _gid(self, stream: str, record_id: str) -> str:
        kind = _KINDS.get(stream, "")
        return record_id if kind_of(record_id) else f"gid://shopify/{kind}/{record_id}"

    def _order(self, gid: str) -> str:
        return gid if kind_of(gid) == "Order" else self.shop.parts[gid]

    def _one(self, kind: str) -> str:
        self._made += 1
        n = self._made
        if kind == "Customer":
            known = {"firstName": f"Ada {n}", "lastName": "Byron", "email": f"sample{n}@people.example"}
            return self.seed([known])[0]
        if kind in {"Product", "ProductVariant"}:
            made = self.add_product(f"Lamp {n}", [{"sku": f"L-{n}", "price": f"{20 + n}.00"}])
            if kind == "Product":
                return made
            found = self.shop.variants.select(productId=made).page(1)
            return str(found[0].row["id"])
        if kind == "AbandonedCheckout":
            return self.abandon_checkout(self._one("Customer"), [{"title": f"Lamp {n}", "price": "15.00"}])
        lines = [{"title": f"Lamp {n}", "price": f"{20 + n}.00", "quantity": 2, "sku": f"L-{n}"}]
        order = self.place_order(self._one("Customer"), lines, currency="EUR", rate="0.9")
        row = self.shop.orders.get(order)
        if kind == "Refund":
            return self.refund(order, lines={"0": 1})
        name = {"LineItem": "lineItems", "OrderTransaction": "transactions"}.get(kind)
        return str(row[name][0]["id"]) if name else order
