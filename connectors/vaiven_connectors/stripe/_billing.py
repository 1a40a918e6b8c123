"""Stripe's subscriptions and invoices.

Fields: docs.stripe.com/api/subscriptions/object and invoices/object. Version 2025-03-31.basil moved the
period of a subscription to its items, and an invoice's subscription to its parent
(docs.stripe.com/changelog/basil); both places are read, so an older API works too. Read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import AwareDatetime

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Invoice as UnifiedInvoice
from vaiven_sdk.model import Subscription as UnifiedSubscription

from ._money import major, minor, minor_of

STATUSES = {
    "trialing": "trialing",
    "incomplete": "incomplete",
    "incomplete_expired": "expired",
    "active": "active",
    "past_due": "past_due",
    "unpaid": "unpaid",
    "paused": "paused",
    "canceled": "canceled",
}
INVOICE_STATUSES = {name: name for name in ("draft", "open", "paid", "void", "uncollectible")}

_DAYS = {"day": Decimal(1), "week": Decimal(7), "month": Decimal("30.4375"), "year": Decimal("365.25")}


def _price(item: dict[str, Any]) -> dict[str, Any]:
    """An item's price; before prices there were plans, which hold the same."""
    return item.get("price") or item.get("plan") or {}


def _every(price: dict[str, Any]) -> tuple[str | None, int | None]:
    terms = price.get("recurring") or price
    return terms.get("interval"), terms.get("interval_count")


def _share_of_month(price: dict[str, Any]) -> Decimal:
    interval, count = _every(price)
    return _DAYS["month"] / (_DAYS.get(interval or "", _DAYS["month"]) * (count or 1))


def _amount(item: dict[str, Any]) -> Decimal | None:
    """What an item costs per interval, in Stripe's units: 0 if metered, None if tiers or packages decide."""
    price = _price(item)
    if (price.get("recurring") or price).get("usage_type") == "metered":
        return Decimal(0)
    unit = next(
        (price[k] for k in ("unit_amount_decimal", "amount_decimal", "unit_amount", "amount") if price.get(k)),
        0 if 0 in (price.get("unit_amount"), price.get("amount")) else None,
    )
    if unit is None or price.get("transform_quantity"):
        return None
    quantity = item.get("quantity")
    return Decimal(unit) * (1 if quantity is None else quantity)


class Subscription(Record[UnifiedSubscription], key="id"):
    """An agreement to pay again and again; its amount is the sum of its items."""

    id: str = wire(read_only=True)
    customer: str | None = wire("customer", to="person_id", ref="customers", read_only=True)
    status: str | None = wire("status", to="status", values=STATUSES, read_only=True)
    items: dict[str, Any] | None = wire("items", to="items", read_only=True)
    quantity: int | None = wire("items.data.0.quantity", to="quantity", read_only=True)
    started: AwareDatetime | None = wire("start_date", to="started_at", read_only=True)
    trial_end: AwareDatetime | None = wire("trial_end", to="trial_end_at", read_only=True)
    cancel_at: AwareDatetime | None = wire("cancel_at", to="cancel_at", read_only=True)
    cancels: bool | None = wire("cancel_at_period_end", to="is_cancel_at_period_end", read_only=True)
    canceled_at: AwareDatetime | None = wire("canceled_at", to="canceled_at", read_only=True)
    ended_at: AwareDatetime | None = wire("ended_at", to="ended_at", read_only=True)
    period_start: AwareDatetime | None = wire("current_period_start", read_only=True)
    period_end: AwareDatetime | None = wire("current_period_end", read_only=True)
    item_start: AwareDatetime | None = wire("items.data.0.current_period_start", read_only=True)
    item_end: AwareDatetime | None = wire("items.data.0.current_period_end", read_only=True)
    reason: str | None = wire("cancellation_details.reason", read_only=True)
    feedback: str | None = wire("cancellation_details.feedback", read_only=True)
    livemode: bool | None = wire("livemode", read_only=True)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The items that Stripe has put into the subscription."""
        return (self.items or {}).get("data") or []

    @property
    def terms(self) -> dict[str, Any]:
        """Price of the first item."""
        return _price(self.parts[0]) if self.parts else {}

    @derive("price_id", ref="prices")
    def price_id(self) -> str | None:
        """Price of the first item."""
        return self.terms.get("id")

    @derive("product_id", ref="products")
    def product_id(self) -> str | None:
        """Product of the first item."""
        return self.terms.get("product")

    @derive("plan")
    def plan(self) -> str | None:
        """What the tenant calls the price."""
        return self.terms.get("nickname")

    @derive("currency")
    def currency(self) -> str | None:
        """One for all items."""
        return self.terms.get("currency")

    @derive("interval")
    def interval(self) -> str | None:
        """Of the first item."""
        return _every(self.terms)[0]

    @derive("interval_count")
    def interval_count(self) -> int | None:
        """Of the first item."""
        return _every(self.terms)[1]

    @derive("amount")
    def amount(self) -> Decimal | None:
        """What one interval costs; None where the items' intervals differ."""
        same = len({_every(_price(part)) for part in self.parts}) == 1
        return major(self._sum(lambda _: Decimal(1)), self.currency()) if same else None

    @derive("mrr_minor")
    def mrr_minor(self) -> int | None:
        """Before discounts and tax, without what is metered."""
        return minor(self._sum(_share_of_month), self.currency())

    def _sum(self, share: Callable[[dict[str, Any]], Decimal]) -> Decimal | None:
        """Sum of the items' amounts, each times its share; None where one of them is not known beforehand."""
        if not self.parts or (self.items or {}).get("has_more"):
            return None
        amounts = [(_amount(part), share(_price(part))) for part in self.parts]
        return (
            sum((a * part for a, part in amounts if a is not None), Decimal(0))
            if all(a is not None for a, _ in amounts)
            else None
        )

    @derive("current_period_start_at")
    def begins(self) -> datetime | None:
        """Begin of the paid interval."""
        return self.item_start or self.period_start

    @derive("current_period_end_at")
    def ends(self) -> datetime | None:
        """End of the paid interval."""
        return self.item_end or self.period_end

    @derive("cancel_reason")
    def cancel_reason(self) -> str | None:
        """The buyer's own answer, else what Stripe saw."""
        return self.feedback or self.reason

    @derive("is_test")
    def is_test(self) -> bool | None:
        """Made in a sandbox."""
        return None if self.livemode is None else not self.livemode


class Invoice(Record[UnifiedInvoice], key="id"):
    """A demand for payment."""

    id: str = wire(read_only=True)
    number: str | None = wire("number", to="number", read_only=True)
    customer: str | None = wire("customer", to="person_id", ref="customers", read_only=True)
    of_parent: str | None = wire("parent.subscription_details.subscription", read_only=True)
    subscription: str | None = wire("subscription", read_only=True)
    status: str | None = wire("status", to="status", values=INVOICE_STATUSES, read_only=True)
    currency: str | None = wire("currency", to="currency", read_only=True)
    subtotal: int | None = wire("subtotal", read_only=True)
    total: int | None = wire("total", read_only=True)
    amount_paid: int | None = wire("amount_paid", read_only=True)
    amount_due: int | None = wire("amount_due", read_only=True)
    discounts: list[dict[str, Any]] | None = wire("total_discount_amounts", read_only=True)
    taxes: list[dict[str, Any]] | None = wire("total_taxes", read_only=True)
    tax: int | None = wire("tax", read_only=True)
    finalized: AwareDatetime | None = wire("status_transitions.finalized_at", to="issued_at", read_only=True)
    due: AwareDatetime | None = wire("due_date", read_only=True)
    paid_at: AwareDatetime | None = wire("status_transitions.paid_at", to="paid_at", read_only=True)
    period_start: AwareDatetime | None = wire("period_start", to="period_start_at", read_only=True)
    period_end: AwareDatetime | None = wire("period_end", to="period_end_at", read_only=True)
    email: str | None = wire("customer_email", to="email", read_only=True)
    country: str | None = wire("customer_address.country", to="country", read_only=True)
    url: str | None = wire("hosted_invoice_url", to="url", read_only=True)
    lines: dict[str, Any] | None = wire("lines", to="lines", read_only=True)
    livemode: bool | None = wire("livemode", read_only=True)

    subtotal_minor: ClassVar = derive("subtotal_minor")(minor_of("subtotal"))
    total_minor: ClassVar = derive("total_minor")(minor_of("total"))
    paid_minor: ClassVar = derive("paid_minor")(minor_of("amount_paid"))

    @derive("subscription_id", ref="subscriptions")
    def subscription_id(self) -> str | None:
        """The subscription that it is for."""
        return self.of_parent or self.subscription

    @derive("discount_minor")
    def discount_minor(self) -> int | None:
        """All discounts together."""
        if self.discounts is None:
            return None
        return minor(sum(part["amount"] for part in self.discounts), self.currency)

    @derive("tax_minor")
    def tax_minor(self) -> int | None:
        """All taxes together, those in the prices included."""
        taxed = self.tax if self.taxes is None else sum(part["amount"] for part in self.taxes)
        return minor(taxed, self.currency)

    @derive("due_minor")
    def due_minor(self) -> int | None:
        """`amount_remaining` is by definition the difference of these two."""
        if self.amount_due is None or self.amount_paid is None:
            return None
        return minor(self.amount_due - self.amount_paid, self.currency)

    @derive("due_on")
    def due_on(self) -> date | None:
        """The day in UTC: Stripe gives an instant and not the account's time zone."""
        return self.due.astimezone(UTC).date() if self.due else None

    @derive("is_test")
    def is_test(self) -> bool | None:
        """Made in a sandbox."""
        return None if self.livemode is None else not self.livemode
