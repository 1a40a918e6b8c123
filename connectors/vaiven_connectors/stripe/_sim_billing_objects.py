"""Blank billing objects of API version 2026-10-28.endive, as stripe-python 16.1.0 types them (2026-11-22)."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vaiven_connectors.stripe._sim_objects import plan, sublist

if TYPE_CHECKING:
    from vaiven_connectors.stripe._sim_wire import Json

INTERVALS = {"day": 86400, "week": 7 * 86400}
"""Seconds of the intervals that have a fixed length; months and years follow the calendar."""


def period_end(start: int, recurring: Json) -> int:
    """The end of the billing period that begins at `start`; a month's last day stays the last day."""
    count, interval = recurring["interval_count"], recurring["interval"]
    if interval in INTERVALS:
        return int(start + count * INTERVALS[interval])
    moment = datetime.fromtimestamp(start, UTC)
    months = moment.month - 1 + count * (12 if interval == "year" else 1)
    year, month = moment.year + months // 12, months % 12 + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return int(moment.replace(year=year, month=month, day=day).timestamp())


def subscription(ident: str, created: int, *, live: bool, customer: str, currency: str) -> Json:
    """An active subscription without items."""
    return {
        "id": ident,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": created,
        "billing_cycle_anchor_config": None,
        "billing_mode": {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
            "updated_at": created,
        },
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "feedback_option": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"account": None, "type": "self"}},
        "items": sublist(f"/v1/subscription_items?subscription={ident}", []),
        "latest_invoice": None,
        "livemode": live,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": created,
        "status": "active",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {
            "end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": "create_invoice"},
        },
        "trial_start": None,
    }


def subscription_item(
    ident: str, created: int, of: Json, *, price: Json, quantity: int, period: tuple[int, int]
) -> Json:
    """One price of a subscription; since 2025-03-31.basil the billing period is here alone."""
    return {
        "id": ident,
        "object": "subscription_item",
        "billed_until": period[1],
        "billing_thresholds": None,
        "created": created,
        "current_period_end": period[1],
        "current_period_start": period[0],
        "discounts": [],
        "metadata": {},
        "plan": plan(price),
        "price": dict(price),
        "quantity": quantity,
        "subscription": of["id"],
        "tax_rates": [],
    }


def invoice(ident: str, created: int, customer: Json, *, live: bool, currency: str) -> Json:
    """A draft invoice without lines."""
    return {
        "id": ident,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Vaiven simulator",
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer.get("address"),
        "customer_email": customer.get("email"),
        "customer_name": customer.get("name"),
        "customer_phone": customer.get("phone"),
        "customer_shipping": customer.get("shipping"),
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"account": None, "type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": sublist(f"/v1/invoices/{ident}/lines", []),
        "livemode": live,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": created,
        "period_start": created,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }


def line_item(ident: str, of: Json, *, amount: int, quantity: int, price: Json | None, period: tuple[int, int]) -> Json:
    """A line; since 2025-03-31.basil price and subscription are under `pricing` and `parent`."""
    pricing = None
    if price is not None:
        details = {"price": price["id"], "product": price["product"]}
        pricing = {
            "price_details": details,
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        }
    return {
        "id": ident,
        "object": "line_item",
        "amount": amount,
        "currency": of["currency"],
        "description": None,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": of["id"],
        "livemode": of["livemode"],
        "metadata": {},
        "parent": None,
        "period": {"end": period[1], "start": period[0]},
        "pretax_credit_amounts": [],
        "pricing": pricing,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": None,
        "subtotal": amount,
        "taxes": [],
    }


def invoice_payment(ident: str, created: int, of: Json, intent: str) -> Json:
    """The link from an invoice to the payment intent that pays it: there is no `invoice.charge` any more."""
    return {
        "id": ident,
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": of["amount_due"],
        "created": created,
        "currency": of["currency"],
        "invoice": of["id"],
        "is_default": True,
        "livemode": of["livemode"],
        "payment": {
            "charge": None,
            "payment_intent": intent,
            "payment_record": None,
            "type": "payment_intent",
        },
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
