"""Selling in a shop: products, prices, orders and what is given back."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from ._base import Clean, Entity, Key, Merge, Pii, Ref
from ._types import Country, Currency, Instant, Minor, Name, Rate, Text, Url


class ProductStatus(StrEnum):
    """Whether a product is on sale."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"
    OTHER = "other"


class Interval(StrEnum):
    """Unit of time between two payments."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    OTHER = "other"


class FinancialStatus(StrEnum):
    """Whether an order is paid."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    OTHER = "other"


class FulfillmentStatus(StrEnum):
    """Whether an order is delivered."""

    UNFULFILLED = "unfulfilled"
    PARTIAL = "partial"
    FULFILLED = "fulfilled"
    RETURNED = "returned"
    OTHER = "other"


class Product(Entity):
    """Something that is sold; a variant is a product with a parent."""

    sku: Annotated[str | None, Key("sku", limit=1, priority=2), Clean("text")] = None
    """The tenant's stock number."""
    gtin: Annotated[str | None, Key("gtin", limit=1, priority=1), Clean("text")] = None
    """Trade number under the barcode, 8 to 14 digits."""
    name: Name | None = None
    """Name shown to buyers."""
    description: Text | None = None
    """Description shown to buyers."""
    parent_id: Annotated[str | None, Ref("product")] = None
    """The product that this is a variant of."""
    status: ProductStatus | None = None
    """Whether it is on sale."""
    vendor: Name | None = None
    """Maker or brand."""
    category: Text | None = None
    """Category in the words of the source."""
    price_minor: Minor | None = None
    """List price in minor units of `currency`; other prices are `price` rows."""
    cost_minor: Minor | None = None
    """What it costs the tenant, in minor units of `currency`."""
    currency: Currency | None = None
    """Currency of `price_minor` and `cost_minor`."""
    url: Url | None = None
    """Page in the shop."""
    image_url: Url | None = None
    """Main picture."""
    inventory: int | None = None
    """Pieces in stock over all places."""
    options: dict[str, Any] | None = None
    """What sets a variant apart, as in `{"size": "M"}`."""
    tags: Annotated[list[str] | None, Merge.UNION] = None
    """Labels; a set, kept in alphabetical order."""
    is_recurring: bool | None = None
    """Sold by subscription."""


class Price(Entity):
    """What a product costs on given terms: a row of a price book."""

    product_id: Annotated[str | None, Ref("product")] = None
    """The product."""
    name: Name | None = None
    """Name shown to the tenant's staff."""
    unit_amount: Rate | None = None
    """Price of one unit in units of `currency`; may be finer than its smallest coin."""
    currency: Currency | None = None
    """Currency of `unit_amount`."""
    interval: Interval | None = None
    """Unit of time between two payments; empty for a single payment."""
    interval_count: int | None = None
    """Number of intervals between two payments."""
    trial_days: int | None = None
    """Free days at the beginning."""
    is_active: bool | None = None
    """May be used for new sales."""


class Order(Entity):
    """A purchase, its money in the SHOP's currency; the buyer's own is kept beside it as presentment."""

    number: Text | None = None
    """Number shown to the buyer."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Buyer."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Company that buys."""
    campaign_id: Annotated[str | None, Ref("campaign")] = None
    """Campaign that it is credited to."""
    email: Annotated[str | None, Clean("email"), Pii.CONTACT] = None
    """Address given at the checkout."""
    phone: Annotated[str | None, Clean("phone"), Pii.CONTACT] = None
    """Phone number given at the checkout."""
    placed_at: Instant | None = None
    """When the buyer ordered."""
    processed_at: Instant | None = None
    """When the shop booked it: the day that Shopify's own reports count by."""
    # Source: fivetran/dbt_shopify, DECISIONLOG.md, on created and processed timestamps, 2026-11-22.
    cancelled_at: Instant | None = None
    """When it was cancelled; empty if it was not."""
    cancel_reason: Text | None = None
    """Why it was cancelled, in the words of the source."""
    financial_status: FinancialStatus | None = None
    """Whether it is paid."""
    fulfillment_status: FulfillmentStatus | None = None
    """Whether it is delivered."""
    currency: Currency | None = None
    """The shop's currency."""
    subtotal_minor: Minor | None = None
    """Lines after their discounts, in minor units of `currency`."""
    discount_minor: Minor | None = None
    """All discounts, as a positive number, in minor units of `currency`."""
    tax_minor: Minor | None = None
    """All taxes, in minor units of `currency`."""
    shipping_minor: Minor | None = None
    """Delivery, in minor units of `currency`."""
    tip_minor: Minor | None = None
    """Tips, in minor units of `currency`."""
    total_minor: Minor | None = None
    """What the buyer pays, in minor units of `currency`."""
    refunded_minor: Minor | None = None
    """What was given back so far, as a positive number, in minor units of `currency`."""
    presentment_currency: Currency | None = None
    """Currency that the buyer saw."""
    presentment_total_minor: Minor | None = None
    """What the buyer saw as total, in minor units of `presentment_currency`."""
    is_tax_included: bool | None = None
    """Prices include tax."""
    discount_codes: list[str] | None = None
    """Codes that the buyer used."""
    source_channel: Text | None = None
    """Where it was placed, as in `web` or `pos`."""
    landing_url: Url | None = None
    """First page of the visit that led to it."""
    referrer_url: Url | None = None
    """Page that the buyer came from."""
    utm_source: Text | None = None
    """`utm_source` of the visit."""
    utm_medium: Text | None = None
    """`utm_medium` of the visit."""
    utm_campaign: Text | None = None
    """`utm_campaign` of the visit."""
    shipping_country: Country | None = None
    """Country that it goes to."""
    tags: Annotated[list[str] | None, Merge.UNION] = None
    """Labels; a set, kept in alphabetical order."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""


class OrderLine(Entity):
    """One product of an order."""

    order_id: Annotated[str | None, Ref("order")] = None
    """The order."""
    product_id: Annotated[str | None, Ref("product")] = None
    """The product; empty for one that is no longer known."""
    position: int | None = None
    """Place in the order, from 0."""
    name: Name | None = None
    """Name at the time of the order."""
    sku: Text | None = None
    """Stock number at the time of the order."""
    quantity: Rate | None = None
    """How many units."""
    unit_price_minor: Minor | None = None
    """Price of one unit before discounts, in minor units of `currency`."""
    discount_minor: Minor | None = None
    """Discount on the line, as a positive number, in minor units of `currency`."""
    tax_minor: Minor | None = None
    """Tax on the line, in minor units of `currency`."""
    total_minor: Minor | None = None
    """The line after discounts, in minor units of `currency`."""
    currency: Currency | None = None
    """The shop's currency."""
    is_gift_card: bool | None = None
    """A gift card: money, not revenue."""


class Refund(Entity):
    """Money given back, on its own day."""

    order_id: Annotated[str | None, Ref("order")] = None
    """Order that it belongs to; empty for one outside a shop."""
    payment_id: Annotated[str | None, Ref("payment")] = None
    """Payment that it reverses."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Who got it."""
    amount_minor: Minor | None = None
    """How much, as a positive number, in minor units of `currency`."""
    currency: Currency | None = None
    """Currency of `amount_minor`."""
    reason: Text | None = None
    """Why, in the words of the source."""
    status: Text | None = None
    """Whether it has gone through, in the words of the source."""
    refunded_at: Instant | None = None
    """When it was given."""
    booked_on: date | None = None
    """Day that the shop books it on, if it says so."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""
