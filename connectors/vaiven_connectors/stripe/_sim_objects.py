"""Blank Stripe objects of API version 2026-10-28.endive, as stripe-python 16.1.0 types them.

Sources: `stripe==16.1.0` (specs/stripe_sdk.json.gz, the classes' annotations) and docs.stripe.com/api,
2026-11-22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_connectors.stripe._sim_wire import Json

API_VERSION = "2026-10-28.endive"
"""The version that stripe-python 16.1.0 pins (`stripe._api_version`)."""


def sublist(url: str, rows: Sequence[Any], *, more: bool = False) -> Json:
    """A list inside an object."""
    return {"object": "list", "data": list(rows), "has_more": more, "url": url}


def customer(ident: str, created: int, *, live: bool, invoice_prefix: str) -> Json:
    """A customer without anything known about it."""
    return {
        "id": ident,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": invoice_prefix,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": live,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def product(ident: str, created: int, *, live: bool, name: str) -> Json:
    """An active product."""
    return {
        "id": ident,
        "object": "product",
        "active": True,
        "created": created,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": live,
        "marketing_features": [],
        "metadata": {},
        "name": name,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": created,
        "url": None,
    }


def price(ident: str, created: int, *, live: bool, currency: str, product_id: str, amount: int | None) -> Json:
    """A one-time price per unit."""
    return {
        "id": ident,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": live,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product_id,
        "recurring": None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": None if amount is None else str(amount),
    }


def plan(of: Json) -> Json:
    """The legacy plan that a recurring price still shows as inside a subscription item."""
    recurring = of["recurring"] or {}
    return {
        "id": of["id"],
        "object": "plan",
        "active": of["active"],
        "amount": of["unit_amount"],
        "amount_decimal": of["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": of["created"],
        "currency": of["currency"],
        "interval": recurring.get("interval", "month"),
        "interval_count": recurring.get("interval_count", 1),
        "livemode": of["livemode"],
        "metadata": dict(of["metadata"]),
        "meter": None,
        "nickname": of["nickname"],
        "product": of["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": recurring.get("trial_period_days"),
        "usage_type": recurring.get("usage_type", "licensed"),
    }


def no_address() -> Json:
    """An address of which nothing is known."""
    return dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def payment_method(ident: str, created: int, *, live: bool, brand: str, last4: str) -> Json:
    """A card as a payment method, good until December 2034."""
    return {
        "id": ident,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": no_address(),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "card": {
            "brand": brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "display_brand": brand,
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": f"Fp{brand[:4]}{last4}Vv",
            "funding": "credit",
            "generated_from": None,
            "last4": last4,
            "networks": {"available": [brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": created,
        "customer": None,
        "livemode": live,
        "metadata": {},
        "type": "card",
    }


def card_details(method: Json) -> Json:
    """How a charge shows the card that paid it."""
    card = method["card"]
    names = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "wallet",
    )
    more: Json = dict.fromkeys(("installments", "mandate", "network_token", "network_transaction_id", "three_d_secure"))
    usage: Json = dict.fromkeys(("setup_credential_usage", "stored_credential_usage"))
    shown = {name: card[name] for name in names} | more | usage
    shown |= {"network": card["brand"], "regulated_status": card["regulated_status"]}
    return {"card": shown, "type": "card"}


def charge(ident: str, created: int, *, live: bool, amount: int, currency: str) -> Json:
    """A charge not yet decided."""
    return {
        "id": ident,
        "object": "charge",
        "amount": amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {
            "address": no_address(),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "VAIVEN",
        "captured": False,
        "created": created,
        "currency": currency,
        "customer": None,
        "description": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": live,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": None,
        "payment_method": None,
        "payment_method_details": None,
        "radar_options": {},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
    }


def payment_intent(ident: str, created: int, *, live: bool, amount: int, currency: str, secret: str) -> Json:
    """An intent that still wants a payment method."""
    return {
        "id": ident,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{ident}_secret_{secret}",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": live,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_record": None,
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(ident: str, created: int, of: Json, amount: int) -> Json:
    """A refund of `amount` of the charge `of`, done at once."""
    return {
        "id": ident,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": of["id"],
        "created": created,
        "currency": of["currency"],
        "customer": of["customer"],
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "failure_balance_transaction": None,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "payment_method": of["payment_method"],
        "pending_reason": None,
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure "
    "cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id "
    "product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
).split()


def dispute(ident: str, created: int, of: Json, reason: str) -> Json:
    """A dispute over the whole of the charge `of`, open for evidence."""
    return {
        "id": ident,
        "object": "dispute",
        "amount": of["amount_captured"],
        "balance_transactions": [],
        "charge": of["id"],
        "created": created,
        "currency": of["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": created + 9 * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": "manual",
        "is_charge_refundable": False,
        "livemode": of["livemode"],
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }


def balance_transaction(ident: str, created: int, source: Json, *, kind: str, amount: int, fee: int) -> Json:
    """What `source` did to the balance; funds are available two days later."""
    fees = [{"amount": fee, "application": None, "currency": source["currency"], "type": "stripe_fee"}]
    fees[0]["description"] = "Dispute fee" if kind == "adjustment" else "Stripe processing fees"
    return {
        "id": ident,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created + 2 * 86400,
        "balance_type": "payments",
        "created": created,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees if fee else [],
        "net": amount - fee,
        "reporting_category": {"adjustment": "dispute"}.get(kind, kind),
        "source": source["id"],
        "status": "pending",
        "type": kind,
    }
