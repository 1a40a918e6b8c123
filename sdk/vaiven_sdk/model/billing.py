"""Recurring revenue: subscriptions, invoices, payments and disputes."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from ._base import Clean, Entity, Pii, Ref
from ._types import Country, Currency, Instant, Minor, Rate, Text, Url
from .commerce import Interval


class SubscriptionStatus(StrEnum):
    """Whether a subscription runs."""

    TRIALING = "trialing"
    INCOMPLETE = "incomplete"
    """The first payment has not gone through."""
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"
    EXPIRED = "expired"
    OTHER = "other"


class InvoiceStatus(StrEnum):
    """Whether an invoice is settled."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"
    OTHER = "other"


class PaymentStatus(StrEnum):
    """Whether money has moved."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded"
    DISPUTED = "disputed"
    OTHER = "other"


class DisputeStatus(StrEnum):
    """How far a dispute has come."""

    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    OTHER = "other"


class Subscription(Entity):
    """An agreement to pay again and again."""

    person_id: Annotated[str | None, Ref("person")] = None
    """Who pays."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Company that pays."""
    product_id: Annotated[str | None, Ref("product")] = None
    """Main product; further ones stand in `items`."""
    price_id: Annotated[str | None, Ref("price")] = None
    """Price of the main product."""
    plan: Text | None = None
    """Name of the plan."""
    status: SubscriptionStatus | None = None
    """Whether it runs."""
    quantity: int | None = None
    """Units of the main product, as in seats."""
    amount: Rate | None = None
    """What one interval costs in all, in units of `currency`."""
    currency: Currency | None = None
    """Currency of `amount` and `mrr_minor`."""
    interval: Interval | None = None
    """Unit of time between two payments."""
    interval_count: int | None = None
    """Number of intervals between two payments."""
    mrr_minor: Minor | None = None
    """Monthly recurring revenue in minor units of `currency`, derived; a month is 30.4375 days."""
    items: dict[str, Any] | None = None
    """Every product with price and quantity, in the source's own form."""
    started_at: Instant | None = None
    """When it began."""
    trial_end_at: Instant | None = None
    """When the free time ends or ended."""
    current_period_start_at: Instant | None = None
    """Begin of the interval that is paid or due now."""
    current_period_end_at: Instant | None = None
    """End of the interval that is paid or due now."""
    cancel_at: Instant | None = None
    """When it will end, if that is decided."""
    is_cancel_at_period_end: bool | None = None
    """It ends with the current interval."""
    canceled_at: Instant | None = None
    """When the buyer or the tenant gave notice."""
    ended_at: Instant | None = None
    """When it ended; empty while it runs."""
    cancel_reason: Text | None = None
    """Why, in the words of the source."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""


class Invoice(Entity):
    """A demand for payment."""

    number: Text | None = None
    """Number shown to the buyer."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Who owes."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Company that owes."""
    subscription_id: Annotated[str | None, Ref("subscription")] = None
    """Subscription that it is for."""
    order_id: Annotated[str | None, Ref("order")] = None
    """Order that it is for."""
    status: InvoiceStatus | None = None
    """Whether it is settled."""
    currency: Currency | None = None
    """Currency of every amount."""
    subtotal_minor: Minor | None = None
    """Lines before discounts and tax, in minor units of `currency`."""
    discount_minor: Minor | None = None
    """All discounts, as a positive number, in minor units of `currency`."""
    tax_minor: Minor | None = None
    """All taxes, in minor units of `currency`."""
    total_minor: Minor | None = None
    """What is owed in all, in minor units of `currency`."""
    paid_minor: Minor | None = None
    """What is paid so far, in minor units of `currency`."""
    due_minor: Minor | None = None
    """What is still owed, in minor units of `currency`."""
    issued_at: Instant | None = None
    """When it was made final."""
    due_on: date | None = None
    """Last day to pay."""
    paid_at: Instant | None = None
    """When it was settled."""
    period_start_at: Instant | None = None
    """Begin of the time that it is for."""
    period_end_at: Instant | None = None
    """End of the time that it is for."""
    email: Annotated[str | None, Clean("email"), Pii.CONTACT] = None
    """Address that it was sent to."""
    country: Country | None = None
    """Country of the billing address."""
    url: Url | None = None
    """Page where it can be read and paid."""
    lines: dict[str, Any] | None = None
    """Lines in the source's own form."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""


class Payment(Entity):
    """One movement of money from a buyer to the tenant, or the attempt."""

    person_id: Annotated[str | None, Ref("person")] = None
    """Who paid."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Company that paid."""
    invoice_id: Annotated[str | None, Ref("invoice")] = None
    """Invoice that it settles."""
    order_id: Annotated[str | None, Ref("order")] = None
    """Order that it settles."""
    status: PaymentStatus | None = None
    """Whether the money has moved."""
    amount_minor: Minor | None = None
    """How much, in minor units of `currency`."""
    refunded_minor: Minor | None = None
    """What was given back so far, as a positive number, in minor units of `currency`."""
    fee_minor: Minor | None = None
    """What the payment service kept, in minor units of `settlement_currency`."""
    net_minor: Minor | None = None
    """What reached the tenant, in minor units of `settlement_currency`."""
    currency: Currency | None = None
    """Currency that the buyer paid in."""
    settlement_currency: Currency | None = None
    """Currency that the tenant was paid in."""
    fx_rate: Rate | None = None
    """Units of `settlement_currency` for one of `currency`; empty if they are the same."""
    method: Text | None = None
    """How, as in `card`."""
    failure_code: Text | None = None
    """Why it failed, in the vendor's code."""
    paid_at: Instant | None = None
    """When it was made or tried."""
    description: Annotated[Text | None, Pii.CONTACT] = None
    """What it was for."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""


class Dispute(Entity):
    """A payment that the buyer has called back through the bank."""

    payment_id: Annotated[str | None, Ref("payment")] = None
    """The payment."""
    person_id: Annotated[str | None, Ref("person")] = None
    """Who disputes."""
    status: DisputeStatus | None = None
    """How far it has come."""
    reason: Text | None = None
    """Why, in the words of the source."""
    amount_minor: Minor | None = None
    """How much is disputed, in minor units of `currency`."""
    currency: Currency | None = None
    """Currency of `amount_minor`."""
    opened_at: Instant | None = None
    """When the bank opened it."""
    evidence_due_at: Instant | None = None
    """Until when the tenant may answer."""
    closed_at: Instant | None = None
    """When it was decided; empty while open."""
    is_test: bool | None = None
    """Made for testing: left out of every figure."""
