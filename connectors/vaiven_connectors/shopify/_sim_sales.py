"""Orders, their lines, refunds and payments, and abandoned checkouts, as they are read; and `orderUpdate`."""

# ruff: noqa: ARG001 - a resolver takes what GraphQL gives it

from __future__ import annotations

from datetime import timedelta
from typing import Any

from vaiven_connectors.shopify._sim_facts import keep_metafields
from vaiven_connectors.shopify._sim_graph import Desk, Json, bad_request, desk, kind_of, resolves
from vaiven_connectors.shopify._sim_lists import count, listing, within
from vaiven_connectors.shopify._sim_record import clean_tags, error
from vaiven_connectors.shopify._sim_search import Getter
from vaiven_connectors.shopify._sim_shop import number_of, stamp

RECENT_DAYS = 60
"""Orders that are older need the scope `read_all_orders` (shopify.dev/docs/api/usage/access-scopes)."""
ORDER_FIELDS: dict[str, Getter] = {
    "": lambda row: f"{row['name']} {row['email']}",
    "id": lambda row: number_of(row["id"]),
    "name": lambda row: row["name"].lstrip("#"),
    "email": lambda row: row["email"],
    "customer_id": lambda row: number_of(row["customerId"] or ""),
    "tag": lambda row: row["tags"],
    "test": lambda row: row["test"],
    "status": lambda row: ["any", "cancelled" if row["cancelledAt"] else "closed" if row["closedAt"] else "open"],
    "financial_status": lambda row: row["displayFinancialStatus"],
    "fulfillment_status": lambda row: row["displayFulfillmentStatus"],
    "source_name": lambda row: row["sourceName"],
    "discount_code": lambda row: row["discountCodes"],
    "created_at": lambda row: row["createdAt"],
    "processed_at": lambda row: row["processedAt"],
    "updated_at": lambda row: row["updatedAt"],
}
CHECKOUT_FIELDS: dict[str, Getter] = {
    "": lambda row: row["name"],
    "id": lambda row: number_of(row["id"]),
    "status": lambda row: "closed" if row["completedAt"] else "open",
    "created_at": lambda row: row["createdAt"],
    "updated_at": lambda row: row["updatedAt"],
}
_TABLED = "PROCESSED_AT"


def visible(here: Desk, row: Json | None) -> Json | None:
    """The order, unless it is too old for the app's scopes."""
    if row is None or here.may("read_all_orders"):
        return row
    limit = stamp(here.shop.clock.now() - timedelta(days=RECENT_DAYS))
    return row if row["createdAt"] >= limit else None


@resolves("QueryRoot.orders")
def orders(row: Json, info: Any, **arguments: Any) -> Json:
    """The shop's orders, by the day on which they were made unless it is said otherwise."""
    here = desk(info)
    sort = {"sortKey": _TABLED, **{k: v for k, v in arguments.items() if v is not None}}
    if not here.may("read_all_orders"):
        limit = stamp(here.shop.clock.now() - timedelta(days=RECENT_DAYS))
        sort["query"] = f"created_at:>='{limit}' {sort.get('query', '')}"
    return listing(here, here.shop.orders, ORDER_FIELDS, sort, "orders")


@resolves("QueryRoot.ordersCount")
def orders_count(row: Json, info: Any, **arguments: Any) -> Json:
    """How many there are."""
    here = desk(info)
    if not here.may("read_orders"):
        return {"count": 0, "precision": "EXACT"}
    return count(here.shop.orders, ORDER_FIELDS, arguments)


@resolves("QueryRoot.order")
def order(row: Json, info: Any, id: str) -> Json | None:  # noqa: A002 - the vendor's name
    """One order."""
    if kind_of(id) != "Order":
        raise bad_request(f"Invalid global id '{id}'")
    here = desk(info)
    return visible(here, here.shop.orders.find(id))


@resolves("QueryRoot.orderByIdentifier")
def order_by_identifier(row: Json, info: Any, identifier: Json) -> Json | None:
    """One order by its id."""
    here = desk(info)
    return visible(here, here.shop.orders.find(identifier.get("id") or ""))


@resolves("QueryRoot.abandonedCheckouts")
def checkouts(row: Json, info: Any, **arguments: Any) -> Json:
    """Carts whose owner got as far as an address, and no further."""
    here = desk(info)
    sort = {"sortKey": "CREATED_AT", **{k: v for k, v in arguments.items() if v is not None}}
    return listing(here, here.shop.checkouts, CHECKOUT_FIELDS, sort, "abandonedCheckouts")


@resolves("QueryRoot.abandonedCheckoutsCount")
def checkouts_count(row: Json, info: Any, **arguments: Any) -> Json:
    """How many there are."""
    return count(desk(info).shop.checkouts, CHECKOUT_FIELDS, arguments)


@resolves("Order.customer", "AbandonedCheckout.customer")
def customer_of(row: Json, info: Any) -> Json | None:
    """Whose it is; none for a guest, or when the customer is gone."""
    return desk(info).shop.customers.find(row["customerId"] or "")


@resolves("Order.lineItems", "AbandonedCheckout.lineItems")
def lines(row: Json, info: Any, **arguments: Any) -> Json:
    """Its lines."""
    return within(desk(info), row["lineItems"], arguments)


@resolves("LineItem.product", "AbandonedCheckoutLineItem.product")
def product_of(row: Json, info: Any) -> Json | None:
    """None once the product is deleted."""
    return desk(info).shop.products.find(row["productId"] or "")


@resolves("LineItem.variant", "AbandonedCheckoutLineItem.variant")
def variant_of(row: Json, info: Any) -> Json | None:
    """None once the variant is deleted."""
    return desk(info).shop.variants.find(row["variantId"] or "")


@resolves("Order.refunds", "Order.transactions")
def parts(row: Json, info: Any, first: int | None = None, **arguments: Any) -> list[Json]:
    """A plain list, not a connection."""
    held: list[Json] = row[info.field_name]
    return held[:first]


@resolves("Order.transactionsCount")
def transactions_count(row: Json, info: Any) -> Json:
    """How many payments."""
    return {"count": len(row["transactions"]), "precision": "EXACT"}


@resolves("Refund.order", "OrderTransaction.order")
def order_of(row: Json, info: Any) -> Json | None:
    """The order that it belongs to."""
    shop = desk(info).shop
    return shop.orders.find(shop.parts[row["id"]])


@resolves("Refund.totalRefunded")
def total_refunded(row: Json, info: Any) -> Json:
    """The older field, in the shop's currency."""
    held: Json = row["totalRefundedSet"]["shopMoney"]
    return held


@resolves("Refund.refundLineItems")
def refund_lines(row: Json, info: Any, **arguments: Any) -> Json:
    """Which lines were given back."""
    return within(desk(info), row["refundLineItems"], arguments)


@resolves("Refund.refundShippingLines", "Refund.orderAdjustments")
def nothing(row: Json, info: Any, **arguments: Any) -> Json:
    """A refund here is of goods or of an amount."""
    return within(desk(info), [], arguments)


@resolves("Refund.transactions")
def refund_transactions(row: Json, info: Any, **arguments: Any) -> Json:
    """The money that went back."""
    here = desk(info)
    held = here.shop.orders.get(row["orderId"])["transactions"]
    return within(here, [one for one in held if one["id"] in row["transactionIds"]], arguments)


@resolves("RefundLineItem.lineItem")
def refunded_line(row: Json, info: Any) -> Json | None:
    """The line of the order."""
    return desk(info).shop.find(row["lineItemId"])


@resolves("RefundLineItem.price", "RefundLineItem.subtotal", "RefundLineItem.totalTax")
def older_money(row: Json, info: Any) -> str:
    """The older field, in the shop's currency."""
    return str(row[f"{info.field_name}Set"]["shopMoney"]["amount"])


@resolves("OrderTransaction.parentTransaction")
def parent(row: Json, info: Any) -> Json | None:
    """The payment that was given back."""
    return desk(info).shop.find(row["parentId"] or "")


@resolves("OrderTransaction.amountV2")
def amount(row: Json, info: Any) -> Json:
    """The older field."""
    held: Json = row["amountSet"]["presentmentMoney"]
    return held


@resolves("Order.closed")
def closed(row: Json, info: Any) -> bool:
    """Nothing is left to do."""
    return bool(row["closedAt"])


@resolves("Order.confirmed", "Order.billingAddressMatchesShippingAddress", "Order.requiresShipping")
def yes(row: Json, info: Any) -> bool:
    """So it is with every order here."""
    return True


@resolves("Order.edited", "Order.taxExempt", "Order.taxesIncluded")
def no(row: Json, info: Any) -> bool:
    """So it is with no order here."""
    return False


@resolves("Order.customerAcceptsMarketing")
def accepts(row: Json, info: Any) -> bool:
    """Whether the customer agrees to mail now."""
    held = desk(info).shop.customers.find(row["customerId"] or "")
    return bool(held) and held is not None and held["emailConsent"]["marketingState"] == "SUBSCRIBED"


@resolves("Order.paymentGatewayNames")
def gateways(row: Json, info: Any) -> list[str]:
    """Where it was paid."""
    return sorted({one["gateway"] for one in row["transactions"]})


@resolves("Order.discountCode")
def discount_code(row: Json, info: Any) -> str | None:
    """The first of the codes."""
    return row["discountCodes"][0] if row["discountCodes"] else None


@resolves("Order.currentTaxLines")
def current_tax(row: Json, info: Any) -> list[Json]:
    """Taxes are as they were."""
    held: list[Json] = row["taxLines"]
    return held


@resolves("Order.customAttributes", "AbandonedCheckout.customAttributes", "AbandonedCheckoutLineItem.customAttributes")
def attributes(row: Json, info: Any) -> list[Json]:
    """None."""
    return []


@resolves("Order.statusPageUrl")
def status_page(row: Json, info: Any, **arguments: Any) -> str:
    """Where the customer looks."""
    return f"https://{desk(info).shop.domain}/orders/{number_of(row['id'])}/authenticate"


@resolves("Order.shippingLines")
def shipping_lines(row: Json, info: Any, **arguments: Any) -> Json:
    """The one way in which it is sent."""
    arguments.pop("includeRemovals", None)
    held = shipping_line(row, info)
    return within(desk(info), [held] if held else [], arguments)


@resolves("Order.shippingLine")
def shipping_line(row: Json, info: Any) -> Json | None:
    """The same."""
    if not row["shipping"]:
        return None
    price = row["totalShippingPriceSet"]
    gid = f"gid://shopify/ShippingLine/{number_of(row['id'])}"
    return {"id": gid, "title": "Standard", "code": "STANDARD", "originalPriceSet": price, "discountedPriceSet": price}


@resolves("Order.customerJourneySummary")
def journey(row: Json, info: Any) -> Json:
    """How the shopper came: one visit, if a campaign is known."""
    visit = None
    if row["utm"]:
        visit = {
            "id": f"gid://shopify/CustomerVisit/{number_of(row['id'])}",
            "landingPage": row["landingPageUrl"],
            "occurredAt": row["createdAt"],
            "referrerUrl": row["referrerUrl"],
            "source": row["utm"].get("source") or "direct",
            "utmParameters": row["utm"],
        }
    return {
        "ready": True,
        "customerOrderIndex": 0,
        "daysToConversion": 0,
        "firstVisit": visit,
        "lastVisit": visit,
        "momentsCount": {"count": 1 if visit else 0, "precision": "EXACT"},
    }


@resolves("AbandonedCheckout.abandonedCheckoutUrl")
def checkout_url(row: Json, info: Any) -> str:
    """Where the shopper goes on."""
    return f"https://{desk(info).shop.domain}/checkouts/ac/{number_of(row['id'])}/recover"


@resolves("AbandonedCheckout.defaultCursor")
def checkout_cursor(row: Json, info: Any) -> str:
    """Opaque."""
    return number_of(row["id"])


@resolves("Mutation.orderUpdate")
def order_update(row: Json, info: Any, input: Json) -> Json:  # noqa: A002
    """Change an order's note, tags, address or metafields."""
    shop = desk(info).shop
    held = shop.orders.find(input["id"])
    if held is None:
        return {"order": None, "userErrors": [error(["id"], "Order does not exist")]}
    values: Json = {name: input[name] for name in ("note", "email", "phone", "poNumber") if name in input}
    if "tags" in input:
        values["tags"] = clean_tags(input["tags"] or [])
    news = {name: value for name, value in values.items() if held.get(name) != value}
    moved = keep_metafields(shop, held["id"], input.get("metafields") or [])
    changed = shop.orders.change(held["id"], news) if news or moved else held
    return {"order": changed, "userErrors": []}
