"""Stripe's charges and refunds (docs.stripe.com/api/charges/object and refunds/object, read 2026-11-22).

A payment is a charge, not a PaymentIntent: an intent is a plan to be paid and may try several charges or
none, charges made without one have no other record, and refunds, disputes and fees hang on the charge. At
most one charge of an intent succeeds, so the succeeded charges add up to the money received.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from pydantic import AwareDatetime

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Payment
from vaiven_sdk.model import Refund as UnifiedRefund

from ._money import minor_of


class Charge(Record[Payment], key="id"):
    """One movement of money, or the attempt."""

    id: str = wire(read_only=True)
    customer: str | None = wire("customer", to="person_id", ref="customers", read_only=True)
    # Gone since version 2025-03-31.basil, where an invoice lists its payments; older versions say it here.
    invoice: str | None = wire("invoice", to="invoice_id", ref="invoices", read_only=True)
    state: str | None = wire("status", read_only=True)
    captured: bool | None = wire("captured", read_only=True)
    refunded: bool | None = wire("refunded", read_only=True)
    disputed: bool | None = wire("disputed", read_only=True)
    amount: int | None = wire("amount", read_only=True)
    amount_refunded: int | None = wire("amount_refunded", read_only=True)
    currency: str | None = wire("currency", to="currency", read_only=True)
    fee: int | None = wire("balance_transaction.fee", read_only=True)
    net: int | None = wire("balance_transaction.net", read_only=True)
    settled_in: str | None = wire("balance_transaction.currency", to="settlement_currency", read_only=True)
    exchange_rate: Decimal | None = wire("balance_transaction.exchange_rate", read_only=True)
    method: str | None = wire("payment_method_details.type", to="method", read_only=True)
    failure_code: str | None = wire("failure_code", to="failure_code", read_only=True)
    description: str | None = wire("description", to="description", read_only=True)
    created: AwareDatetime | None = wire("created", to="paid_at", read_only=True)
    livemode: bool | None = wire("livemode", read_only=True)

    amount_minor: ClassVar = derive("amount_minor")(minor_of("amount"))
    refunded_minor: ClassVar = derive("refunded_minor")(minor_of("amount_refunded"))
    fee_minor: ClassVar = derive("fee_minor")(minor_of("fee", "settled_in"))
    net_minor: ClassVar = derive("net_minor")(minor_of("net", "settled_in"))

    @derive("status")
    def status(self) -> str | None:
        """What has become of the money: Stripe's status says only whether the attempt went through."""
        if self.state != "succeeded":
            return {"pending": "pending", "failed": "failed"}.get(self.state or "", self.state)
        if self.captured is False:
            # A hold that was let go is marked as refunded (docs.stripe.com/api/charges/capture).
            return "canceled" if self.refunded else "authorized"
        if self.refunded:
            return "refunded"
        if self.disputed:
            return "disputed"
        return "partially_refunded" if self.amount_refunded else "succeeded"

    @derive("fx_rate")
    def fx_rate(self) -> Decimal | None:
        """Empty where nothing was converted."""
        if self.exchange_rate is None or self.settled_in == self.currency:
            return None
        return self.exchange_rate.quantize(Decimal("0.000001"))

    @derive("is_test")
    def is_test(self) -> bool | None:
        """Made in a sandbox."""
        return None if self.livemode is None else not self.livemode


class Refund(Record[UnifiedRefund], key="id"):
    """Money given back, on the day when it was given."""

    id: str = wire(read_only=True)
    charge: str | None = wire("charge", to="payment_id", ref="charges", read_only=True)
    customer: str | None = wire("customer", to="person_id", ref="customers", read_only=True)
    amount: int | None = wire("amount", read_only=True)
    currency: str | None = wire("currency", to="currency", read_only=True)
    reason: str | None = wire("reason", to="reason", read_only=True)
    status: str | None = wire("status", to="status", read_only=True)
    created: AwareDatetime | None = wire("created", to="refunded_at", read_only=True)

    amount_minor: ClassVar = derive("amount_minor")(minor_of("amount"))
