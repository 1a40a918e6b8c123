"""Orders, their lines and their refunds (types Order, LineItem and Refund of admin_2026-10).

Totals are those of the order as it was placed: what is given back stands in refunds, on its own day.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Order as UnifiedOrder
from vaiven_sdk.model import OrderLine
from vaiven_sdk.model import Refund as UnifiedRefund

from ._money import Bag, minor, minor_of, total

FINANCIAL = {
    "PENDING": "pending",
    "AUTHORIZED": "authorized",
    "PARTIALLY_PAID": "partially_paid",
    "PAID": "paid",
    "PARTIALLY_REFUNDED": "partially_refunded",
    "REFUNDED": "refunded",
    "VOIDED": "voided",
}
"""OrderDisplayFinancialStatus; EXPIRED has no like."""
FULFILMENT = {
    **dict.fromkeys(
        (
            "UNFULFILLED",
            "OPEN",
            "IN_PROGRESS",
            "ON_HOLD",
            "SCHEDULED",
            "PENDING_FULFILLMENT",
            "REQUEST_DECLINED",
        ),
        "unfulfilled",
    ),
    "PARTIALLY_FULFILLED": "partial",
    "FULFILLED": "fulfilled",
    "RESTOCKED": "returned",
}
"""OrderDisplayFulfillmentStatus; FULFILLMENT_NOT_REQUIRED has no like."""


class Order(Record[UnifiedOrder], key="id", cursor="updated_at"):
    """A purchase."""

    id: str = wire(read_only=True)
    name: str | None = wire("name", to="number", read_only=True)
    customer: str | None = wire("customer.id", to="person_id", ref="customers", read_only=True)
    email: str | None = wire("email", to="email", read_only=True)
    phone: str | None = wire("phone", to="phone", read_only=True)
    created_at: AwareDatetime | None = wire("createdAt", to="placed_at", read_only=True)
    processed_at: AwareDatetime | None = wire("processedAt", to="processed_at", read_only=True)
    cancelled_at: AwareDatetime | None = wire("cancelledAt", to="cancelled_at", read_only=True)
    reason: str | None = wire("cancelReason", read_only=True)
    financial: str | None = wire("displayFinancialStatus", to="financial_status", values=FINANCIAL, read_only=True)
    fulfilment: str | None = wire(
        "displayFulfillmentStatus", to="fulfillment_status", values=FULFILMENT, read_only=True
    )
    currency: str | None = wire("currencyCode", to="currency", read_only=True)
    subtotal: Decimal | None = wire("subtotalPriceSet.shopMoney.amount", read_only=True)
    discount: Decimal | None = wire("totalDiscountsSet.shopMoney.amount", read_only=True)
    tax: Decimal | None = wire("totalTaxSet.shopMoney.amount", read_only=True)
    shipping: Decimal | None = wire("totalShippingPriceSet.shopMoney.amount", read_only=True)
    tip: Decimal | None = wire("totalTipReceivedSet.shopMoney.amount", read_only=True)
    price: Decimal | None = wire("totalPriceSet.shopMoney.amount", read_only=True)
    refunded: Decimal | None = wire("totalRefundedSet.shopMoney.amount", read_only=True)
    shown_in: str | None = wire(
        "totalPriceSet.presentmentMoney.currencyCode", to="presentment_currency", read_only=True
    )
    shown: Decimal | None = wire("totalPriceSet.presentmentMoney.amount", read_only=True)
    taxes_included: bool | None = wire("taxesIncluded", to="is_tax_included", read_only=True)
    codes: list[str] | None = wire("discountCodes", to="discount_codes", read_only=True)
    source: str | None = wire("sourceName", to="source_channel", read_only=True)
    landing: str | None = wire("customerJourneySummary.lastVisit.landingPage", to="landing_url", read_only=True)
    referrer: str | None = wire("customerJourneySummary.lastVisit.referrerUrl", to="referrer_url", read_only=True)
    utm_source: str | None = wire(
        "customerJourneySummary.lastVisit.utmParameters.source", to="utm_source", read_only=True
    )
    utm_medium: str | None = wire(
        "customerJourneySummary.lastVisit.utmParameters.medium", to="utm_medium", read_only=True
    )
    utm_campaign: str | None = wire(
        "customerJourneySummary.lastVisit.utmParameters.campaign", to="utm_campaign", read_only=True
    )
    country: str | None = wire("shippingAddress.countryCodeV2", to="shipping_country", read_only=True)
    tags: list[str] | None = wire("tags", to="tags", read_only=True)
    test: bool | None = wire("test", to="is_test", read_only=True)
    updated_at: AwareDatetime = wire("updatedAt", read_only=True)

    subtotal_minor: ClassVar = derive("subtotal_minor")(minor_of("subtotal"))
    discount_minor: ClassVar = derive("discount_minor")(minor_of("discount"))
    tax_minor: ClassVar = derive("tax_minor")(minor_of("tax"))
    shipping_minor: ClassVar = derive("shipping_minor")(minor_of("shipping"))
    tip_minor: ClassVar = derive("tip_minor")(minor_of("tip"))
    total_minor: ClassVar = derive("total_minor")(minor_of("price"))
    refunded_minor: ClassVar = derive("refunded_minor")(minor_of("refunded"))
    presentment_total_minor: ClassVar = derive("presentment_total_minor")(minor_of("shown", "shown_in"))

    @derive("cancel_reason")
    def cancel_reason(self) -> str | None:
        """`CUSTOMER`, `FRAUD` and their like, in small letters."""
        return self.reason.lower() if self.reason else None


class Allocation(BaseModel):
    """The part of a discount that falls on a line."""

    allocatedAmountSet: Bag  # noqa: N815 - Shopify's name


class Tax(BaseModel):
    """One tax on a line."""

    priceSet: Bag  # noqa: N815 - Shopify's name


SHOP = "shopMoney { amount currencyCode }"
LINE_LISTS = {"discountAllocations": f"allocatedAmountSet {{ {SHOP} }}", "taxLines": f"priceSet {{ {SHOP} }}"}


class Line(Record[OrderLine], key="id"):
    """One product of an order; an edit of an order leaves its lines there, with a quantity of 0."""

    id: str = wire(read_only=True)
    order: str | None = wire("__parentId", to="order_id", ref="orders", read_only=True)
    variant: str | None = wire("variant.id", to="product_id", ref="variants", read_only=True)
    name: str | None = wire("name", to="name", read_only=True)
    sku: str | None = wire("sku", to="sku", read_only=True)
    quantity: int | None = wire("quantity", to="quantity", read_only=True)
    unit_price: Decimal | None = wire("originalUnitPriceSet.shopMoney.amount", read_only=True)
    currency: str | None = wire("originalUnitPriceSet.shopMoney.currencyCode", to="currency", read_only=True)
    price: Decimal | None = wire("originalTotalSet.shopMoney.amount", read_only=True)
    discounts: list[Allocation] | None = wire("discountAllocations", read_only=True)
    taxes: list[Tax] | None = wire("taxLines", read_only=True)
    gift_card: bool | None = wire("isGiftCard", to="is_gift_card", read_only=True)

    unit_price_minor: ClassVar = derive("unit_price_minor")(minor_of("unit_price"))

    @property
    def discount(self) -> Decimal:
        """All that is taken off the line, discounts of the whole order by their part."""
        return total(one.allocatedAmountSet for one in self.discounts or ())

    @derive("discount_minor")
    def discount_minor(self) -> int | None:
        """See `discount`."""
        return minor(self.discount, self.currency)

    @derive("tax_minor")
    def tax_minor(self) -> int | None:
        """All taxes of the line."""
        return minor(total(one.priceSet for one in self.taxes or ()), self.currency)

    @derive("total_minor")
    def total_minor(self) -> int | None:
        """The line's price less all that is taken off it."""
        return None if self.price is None else minor(self.price - self.discount, self.currency)


REFUND = "id createdAt processedAt note totalRefundedSet { shopMoney { amount currencyCode } }"


class Refund(Record[UnifiedRefund], key="id", cursor="order_updated_at"):
    """Money given back; it is read with its order, so its version is the order's."""

    id: str = wire(read_only=True)
    order: str | None = wire("__order", to="order_id", ref="orders", read_only=True)
    customer: str | None = wire("__customer", to="person_id", ref="customers", read_only=True)
    test: bool | None = wire("__test", to="is_test", read_only=True)
    order_updated_at: AwareDatetime | None = wire("__updatedAt", read_only=True)
    amount: Decimal | None = wire("totalRefundedSet.shopMoney.amount", read_only=True)
    currency: str | None = wire("totalRefundedSet.shopMoney.currencyCode", to="currency", read_only=True)
    note: str | None = wire("note", to="reason", read_only=True)
    created_at: AwareDatetime | None = wire("createdAt", read_only=True)
    processed_at: AwareDatetime | None = wire("processedAt", read_only=True)

    amount_minor: ClassVar = derive("amount_minor")(minor_of("amount"))

    @derive("refunded_at")
    def refunded_at(self) -> AwareDatetime | None:
        """When it was processed: an imported refund was created later than it was given."""
        return self.processed_at or self.created_at
