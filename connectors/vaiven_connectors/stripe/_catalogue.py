"""Stripe's products and prices (docs.stripe.com/api/products/object and prices/object, read 2026-11-22)."""

from __future__ import annotations

from decimal import Decimal

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Price as UnifiedPrice
from vaiven_sdk.model import Product as UnifiedProduct

from ._money import major

INTERVALS = {"day": "day", "week": "week", "month": "month", "year": "year"}


class Product(Record[UnifiedProduct], key="id"):
    """What is sold; what it costs stands in its prices."""

    id: str = wire(read_only=True)
    name: str | None = wire("name", to="name", read_only=True)
    description: str | None = wire("description", to="description", read_only=True)
    active: bool | None = wire("active", to="status", values={True: "active", False: "archived"}, read_only=True)
    url: str | None = wire("url", to="url", read_only=True)
    image: str | None = wire("images.0", to="image_url", read_only=True)


class Price(Record[UnifiedPrice], key="id"):
    """What a product costs on given terms."""

    id: str = wire(read_only=True)
    product: str | None = wire("product", to="product_id", ref="products", read_only=True)
    nickname: str | None = wire("nickname", to="name", read_only=True)
    currency: str | None = wire("currency", to="currency", read_only=True)
    unit_amount: int | None = wire("unit_amount", read_only=True)
    unit_amount_decimal: Decimal | None = wire("unit_amount_decimal", read_only=True)
    interval: str | None = wire("recurring.interval", to="interval", values=INTERVALS, read_only=True)
    interval_count: int | None = wire("recurring.interval_count", to="interval_count", read_only=True)
    trial_days: int | None = wire("recurring.trial_period_days", to="trial_days", read_only=True)
    active: bool | None = wire("active", to="is_active", read_only=True)

    @derive("unit_amount")
    def amount(self) -> Decimal | None:
        """Price of one unit; None where it depends on the quantity (tiers) or on the buyer."""
        exact = self.unit_amount if self.unit_amount_decimal is None else self.unit_amount_decimal
        return major(exact, self.currency)
