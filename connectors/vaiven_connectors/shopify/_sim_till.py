"""What a sale comes to: lines, totals in two currencies, payments, and refunds with a date of their own.

Fields and their meaning: objects Order, LineItem, Refund and OrderTransaction at
shopify.dev/docs/api/admin-graphql/2026-10, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from vaiven_connectors.shopify._sim_graph import Json
from vaiven_connectors.shopify._sim_shop import CURRENCY, Shop, bag, stamp

_ADDRESS = "address1 address2 city company firstName lastName phone province provinceCode zip countryCodeV2".split()


def _total(rows: Sequence[Json], name: str, times: str = "") -> Decimal:
    return sum((Decimal(str(one[name])) * (one[times] if times else 1) for one in rows), Decimal(0))


def line(shop: Shop, given: Json, code: str, rate: Decimal) -> Json:
    """One line: of a variant of the shop, or of a title and a price."""
    variant = shop.variants.find(given.get("variant") or "")
    product = shop.products.find(variant["productId"]) if variant else None
    price = Decimal(str(given.get("price", variant["price"] if variant else "10.00")))
    quantity, off = int(given.get("quantity", 1)), Decimal(str(given.get("discount", 0)))
    title = given.get("title") or (product or {}).get("title") or "Item"
    named = variant["title"] if variant and variant["title"] != "Default Title" else None

    def both(amount: Decimal) -> Json:
        return bag(amount, code, rate)

    return {
        "id": shop.gid("LineItem"),
        "title": title,
        "name": f"{title} - {named}" if named else title,
        "variantTitle": named,
        "quantity": quantity,
        "currentQuantity": quantity,
        "refundableQuantity": quantity,
        "unfulfilledQuantity": quantity,
        "nonFulfillableQuantity": 0,
        "sku": given.get("sku") or (variant or {}).get("sku"),
        "vendor": (product or {}).get("vendor"),
        "variantId": (variant or {}).get("id"),
        "productId": (product or {}).get("id"),
        "isGiftCard": False,
        "requiresShipping": True,
        "taxable": True,
        "customAttributes": [],
        "taxLines": [],
        "discountAllocations": [{"allocatedAmountSet": both(off)}] if off else [],
        "unitPrice": price,
        "off": off,
        "originalUnitPriceSet": both(price),
        "originalTotalSet": both(price * quantity),
        "discountedUnitPriceSet": both(price - off / quantity),
        "discountedUnitPriceAfterAllDiscountsSet": both(price - off / quantity),
        "discountedTotalSet": both(price * quantity - off),
        "totalDiscountSet": both(off),
    }


def totals(order: Json) -> Json:
    """Every sum of an order, as it was placed and as it is now."""
    code, rate = order["presentmentCurrencyCode"], order["rate"]
    lines, refunds = order["lineItems"], order["refunds"]
    goods = _total(lines, "unitPrice", "quantity")
    off, tax, shipping = _total(lines, "off"), order["tax"], order["shipping"]
    price = goods - off + tax + shipping
    back = sum((one["amount"] for one in refunds), Decimal(0))
    paid = sum((t["value"] for t in order["transactions"] if t["kind"] == "SALE"), Decimal(0))
    goods_back = sum((one["goods"] for one in refunds), Decimal(0))
    names: dict[str, Decimal] = {
        "subtotalPriceSet": goods - off,
        "currentSubtotalPriceSet": goods - off - goods_back,
        "totalPriceSet": price,
        "originalTotalPriceSet": price,
        "currentTotalPriceSet": price - back,
        "totalDiscountsSet": off,
        "currentTotalDiscountsSet": off,
        "currentCartDiscountAmountSet": Decimal(0),
        "totalTaxSet": tax,
        "currentTotalTaxSet": tax,
        "totalShippingPriceSet": shipping,
        "currentShippingPriceSet": shipping,
        "totalRefundedSet": back,
        "totalRefundedShippingSet": Decimal(0),
        "totalReceivedSet": paid,
        "netPaymentSet": paid - back,
        "totalOutstandingSet": Decimal(0) if order["cancelledAt"] else price - paid,
        "totalTipReceivedSet": Decimal(0),
    }
    status = "PENDING" if paid < price else "PAID"
    if back:
        status = "REFUNDED" if back >= paid else "PARTIALLY_REFUNDED"
    elif order["cancelledAt"] and not paid:
        status = "VOIDED"
    return {
        **{name: bag(value, code, rate) for name, value in names.items()},
        "totalPrice": f"{price:.2f}",
        "displayFinancialStatus": status,
        "fullyPaid": paid >= price,
        "unpaid": paid == 0,
        "refundable": paid > back,
        "subtotalLineItemsQuantity": sum(one["quantity"] for one in lines),
        "currentSubtotalLineItemsQuantity": sum(one["currentQuantity"] for one in lines),
        "taxLines": [{"title": "VAT", "rate": 0.2, "ratePercentage": 20.0, "priceSet": bag(tax, code, rate)}]
        if tax
        else [],
    }


def place(shop: Shop, given: Mapping[str, Any]) -> Json:
    """A shopper places an order; keys of `given` are those of the simulator's action `place_order`."""
    at = given.get("at")
    when = datetime.fromisoformat(at) if at else shop.clock.now()
    customer = shop.customers.find(given.get("customer") or "")
    code = given.get("currency", CURRENCY)
    rate = Decimal(str(given.get("rate", 1)))
    number = 1001 + shop.orders_placed
    shop.orders_placed += 1
    lines = [line(shop, one, code, rate) for one in given.get("lines") or [{}]]
    address = given.get("address") or (customer["addresses"][0] if customer and customer["addresses"] else None)
    placed = stamp(when)
    where = None
    if address:
        where = {"id": shop.gid("MailingAddress"), **{name: address.get(name) for name in _ADDRESS}}
    order: Json = {
        "name": f"#{number}",
        "number": number,
        "confirmationNumber": f"C{number:08}",
        "customerId": customer["id"] if customer else None,
        "email": given.get("email") or (customer["email"] if customer else None),
        "phone": given.get("phone"),
        "createdAt": placed,
        "processedAt": given.get("processed_at") or placed,
        "updatedAt": placed,
        "cancelledAt": None,
        "cancelReason": None,
        "closedAt": None,
        "currencyCode": CURRENCY,
        "presentmentCurrencyCode": code,
        "rate": rate,
        "tax": Decimal(str(given.get("tax", 0))),
        "shipping": Decimal(str(given.get("shipping", 0))),
        "test": bool(given.get("test")),
        "tags": list(given.get("tags", ())),
        "note": given.get("note"),
        "discountCodes": list(given.get("discount_codes", ())),
        "displayFulfillmentStatus": "UNFULFILLED",
        "returnStatus": "NO_RETURN",
        "sourceName": given.get("source", "web"),
        "customerLocale": "en",
        "utm": given.get("utm"),
        "landingPageUrl": given.get("landing_page"),
        "referrerUrl": given.get("referrer"),
        "lineItems": lines,
        "refunds": [],
        "transactions": [],
        "billingAddress": where,
        "shippingAddress": where,
    }
    order |= totals(order)
    if given.get("paid", True):
        order["transactions"] = [transaction(shop, order, "SALE", Decimal(order["totalPrice"]), placed)]
        order |= totals(order)
    made = shop.orders.add(order, at=when)
    parts = [*lines, *made["transactions"]]
    shop.parts.update(dict.fromkeys((one["id"] for one in parts), made["id"]))
    if customer:
        shop.touch(shop.customers, customer["id"], when)
    return made


def transaction(  # noqa: PLR0917 - what there is to say of a payment
    shop: Shop, order: Json, kind: str, amount: Decimal, at: str, parent: str | None = None
) -> Json:
    """Money that moved."""
    return {
        "id": shop.gid("OrderTransaction"),
        "kind": kind,
        "status": "SUCCESS",
        "gateway": "shopify_payments",
        "formattedGateway": "Shopify payments",
        "manualPaymentGateway": False,
        "paymentId": f"c{shop.number}.{order['number']}",
        "test": order["test"],
        "createdAt": at,
        "processedAt": at,
        "parentId": parent,
        "value": amount,
        "amountSet": bag(amount, order["presentmentCurrencyCode"], order["rate"]),
    }


def refund(shop: Shop, gid: str, given: Mapping[str, Any]) -> Json:
    """The staff gives money back: whole lines (`lines`: index -> quantity) or an amount."""
    order = shop.orders.get(gid)
    now = given.get("at") or shop.now()
    code, rate = order["presentmentCurrencyCode"], order["rate"]
    lines = [dict(one) for one in order["lineItems"]]
    rows, goods = [], Decimal(0)
    for index, quantity in (given.get("lines") or {}).items():
        one = lines[int(index)]
        part = (one["unitPrice"] - one["off"] / one["quantity"]) * quantity
        one["currentQuantity"] -= quantity
        one["refundableQuantity"] -= quantity
        goods += part
        rows.append(
            {
                "id": shop.gid("RefundLineItem"),
                "lineItemId": one["id"],
                "quantity": quantity,
                "restockType": "RETURN",
                "restocked": True,
                "value": part,
                "priceSet": one["originalUnitPriceSet"],
                "subtotalSet": bag(part, code, rate),
                "totalTaxSet": bag(0, code, rate),
            }
        )
    amount = Decimal(str(given.get("amount", goods)))
    sale = next((one["id"] for one in order["transactions"] if one["kind"] == "SALE"), None)
    back = transaction(shop, order, "REFUND", amount, now, sale)
    made: Json = {
        "id": shop.gid("Refund"),
        "orderId": gid,
        "note": given.get("note"),
        "createdAt": now,
        "processedAt": now,
        "updatedAt": now,
        "amount": amount,
        "goods": goods,
        "totalRefundedSet": bag(amount, code, rate),
        "refundLineItems": rows,
        "transactionIds": [back["id"]],
    }
    changed = {**order, "lineItems": lines, "refunds": [*order["refunds"], made]}
    changed["transactions"] = [*order["transactions"], back]
    shop.parts.update({made["id"]: gid, back["id"]: gid})
    # Loaded from a past, it moves the order to that time; otherwise only the refund is dated back.
    when = datetime.fromisoformat(now) if given.get("loaded") else None
    moved = stamp(when) if when else shop.now()
    shop.orders.change(gid, {**changed, **totals(changed), "updatedAt": moved}, at=when)
    shop.heard("REFUNDS_CREATE", made)
    if order["customerId"]:
        shop.touch(shop.customers, order["customerId"], when)
    return made
