"""Charges, payment intents, refunds, disputes and balance transactions of the Stripe simulator."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from vaiven_connectors.stripe import _sim_objects as new
from vaiven_connectors.stripe._sim_catalog import SHIPPING, Catalog
from vaiven_connectors.stripe._sim_core import CREATED, LIST, Call, operation
from vaiven_connectors.stripe._sim_wire import ZERO_DECIMAL, Json, StripeError, bad, merge_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

MINIMUM = {
    "usd": 50,
    "eur": 50,
    "gbp": 30,
    "jpy": 50,
    "cad": 50,
    "aud": 50,
    "chf": 50,
    "sek": 300,
    "mxn": 1000,
}
"""Least amounts, minor units (https://docs.stripe.com/currencies, 2026-11-22)."""
MAXIMUM = 99_999_999
DISPUTE_FEE = 1500
INTENT = {
    "amount": "int",
    "currency": "currency",
    "customer": "str",
    "description": "str",
    "metadata": "meta",
    "payment_method": "str",
    "payment_method_types": ["str"],
    "receipt_email": "str",
    "setup_future_usage": "off_session|on_session?",
    "shipping": SHIPPING,
    "statement_descriptor": "str",
    "statement_descriptor_suffix": "str",
    "transfer_group": "str",
}
_CONFIRM = {"return_url": "str", "off_session": "bool", "error_on_requires_action": "bool"}
_REASONS = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "lost_card": "Your card was declined.",
    "expired_card": "Your card has expired.",
}


def money(amount: int, currency: str) -> str:
    """An amount as Stripe writes it in messages."""
    if currency in ZERO_DECIMAL:
        return f"{amount} {currency}"
    return f"${amount / 100:,.2f}" if currency == "usd" else f"{amount / 100:,.2f} {currency}"


class Payments(Catalog):
    """How money comes in and goes back."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._unsettled: list[tuple[int, str]] = []

    def check_amount(self, amount: int | None, currency: str) -> None:
        """Raise Stripe's error for an amount out of bounds."""
        if amount is None or amount < 1:
            text = "" if amount is None else f" (it currently is '{amount}')"
            raise bad(
                f"This value must be greater than or equal to 1{text}.",
                code="parameter_invalid_integer",
                param="amount",
            )
        least = MINIMUM.get(currency, 0)
        if amount < least:
            raise bad(f"Amount must be at least {money(least, currency)}", code="amount_too_small", param="amount")
        if amount > MAXIMUM:
            raise bad(
                f"Amount must be no more than {money(MAXIMUM, currency)}",
                code="amount_too_large",
                param="amount",
            )

    def settle(self) -> None:
        """Make the funds available whose day has come."""
        now = self.clock.now().timestamp()
        while self._unsettled and self._unsettled[0][0] <= now:
            _, ident = heapq.heappop(self._unsettled)
            self.change("balance_transactions", self.row("balance_transactions", ident), {"status": "available"})

    def book(self, source: Json, *, kind: str, amount: int, fee: int = 0) -> Json:
        """Write what `source` does to the balance."""
        row = new.balance_transaction(self.new_id("txn"), self.now(), source, kind=kind, amount=amount, fee=fee)
        heapq.heappush(self._unsettled, (row["available_on"], row["id"]))
        return self.add("balance_transactions", row)

    def put_charge(self, method: Json, given: Mapping[str, Any], *, capture: bool = True) -> Json:
        """Charge a card; a declined one leaves a failed charge, for which the caller raises `declined`."""
        row = new.charge(
            self.new_id("ch"), self.now(), live=self.live, amount=given["amount"], currency=given["currency"]
        )
        names = "customer description payment_intent receipt_email shipping statement_descriptor transfer_group"
        row.update({n: given[n] for n in names.split() if given.get(n) is not None})
        row["metadata"] = dict(given.get("metadata") or {})
        row["payment_method"] = method["id"]
        row["payment_method_details"] = new.card_details(method)
        row["billing_details"] = dict(method["billing_details"])
        decline = self.declines.get(method["id"])
        outcome: Json = dict.fromkeys(("advice_code", "network_advice_code", "network_decline_code", "reason"))
        if decline:
            code, why = decline
            row.update(status="failed", failure_code=code, failure_message=_REASONS[why])
            outcome |= {"network_status": "declined_by_network", "reason": why, "type": "issuer_declined"}
            outcome |= {"seller_message": "The bank did not return any further details with this decline."}
        else:
            row.update(
                status="succeeded",
                paid=True,
                captured=capture,
                amount_captured=row["amount"] if capture else 0,
            )
            row["receipt_url"] = f"https://pay.stripe.com/receipts/payment/{row['id']}"
            outcome |= {"network_status": "approved_by_network", "seller_message": "Payment complete."}
            outcome |= {"type": "authorized"}
            if capture:
                row["balance_transaction"] = self._book_charge(row)["id"]
        row["outcome"] = {**outcome, "risk_level": "normal", "risk_score": 12}
        return self.add("charges", row, "charge.failed" if decline else "charge.succeeded")

    def _book_charge(self, row: Json) -> Json:
        amount = row["amount_captured"]
        return self.book(row, kind="charge", amount=amount, fee=round(amount * 0.029) + 30)

    def declined(self, charge: Json, intent: Json | None = None) -> StripeError:
        """The 402 for a failed charge."""
        why = charge["outcome"]["reason"]
        error = StripeError(
            402,
            charge["failure_message"],
            code=charge["failure_code"],
            kind="card_error",
            charge=charge["id"],
            decline_code=None if charge["failure_code"] == "expired_card" else why,
        )
        if intent is not None:
            held = {**error.body, "payment_method": self.row("payment_methods", charge["payment_method"])}
            self.change("payment_intents", intent, {"last_payment_error": held, "status": "requires_payment_method"})
            error.body["payment_intent"] = dict(intent)
        return error

    @operation("POST", "/v1/charges")
    def create_charge(self, call: Call) -> Json:
        """Charge a test token or a customer's default card."""
        spec = {
            n: INTENT[n] for n in ("customer", "description", "metadata", "receipt_email", "shipping", "transfer_group")
        }
        more = {
            "amount!": "int",
            "currency!": "currency",
            "source": "str",
            "capture": "bool",
            "statement_descriptor": "str",
        }
        given = call.check({**spec, **more})
        self.check_amount(given["amount"], given["currency"])
        given["metadata"] = merge_metadata({}, given.get("metadata"))
        customer = given.get("customer")
        source = given.get("source")
        if customer:
            source = source or self.row("customers", customer, "customer")["default_source"]
        if not source:
            raise bad("Must provide source or customer.")
        row = self.put_charge(
            self.method_for(source, customer, "source"), given, capture=given.get("capture") is not False
        )
        if row["status"] == "failed":
            raise self.declined(row)
        return row

    @operation("GET", "/v1/charges")
    def list_charges(self, call: Call) -> bytes:
        """Charges, by customer, payment intent or transfer group."""
        spec = {"customer": "str", "payment_intent": "str", "transfer_group": "str", "created": CREATED}
        params = call.check({**LIST, **spec})
        group = params.get("transfer_group")
        keep = (lambda c: c["transfer_group"] == group) if group else None
        return self.list_page("charges", params, equal=["payment_intent", "customer"], keep=keep)

    @operation("GET", "/v1/charges/{id}")
    def retrieve_charge(self, call: Call) -> Json:
        """Retrieve a charge."""
        call.check({})
        return self.row("charges", call.id)

    @operation("POST", "/v1/charges/{id}")
    def update_charge(self, call: Call) -> Json:
        """Update what of a charge can change."""
        spec = {
            "customer": "str",
            "description": "str",
            "metadata": "meta",
            "receipt_email": "str",
            "shipping": SHIPPING,
        }
        return self.amend("charges", call.id, call.check(spec), "charge.updated")

    def amend(self, table: str, ident: str, given: Json, event: str | None) -> Json:
        """Apply an update with merged metadata."""
        row = self.row(table, ident)
        changes = {name: value for name, value in given.items() if name not in {"metadata", "expand"}}
        if "metadata" in given:
            changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
        return self.change(table, row, changes, event)

    @operation("POST", "/v1/charges/{id}/capture")
    def capture_charge(self, call: Call) -> Json:
        """Capture an authorised charge, in part if wanted."""
        given = call.check({"amount": "int", "receipt_email": "str"})
        return self.capture_row(self.row("charges", call.id), given.get("amount"))

    def capture_row(self, row: Json, amount: int | None) -> Json:
        """Capture `amount`, or all; the rest is released, which shows as refunded."""
        if row["captured"]:
            raise StripeError(400, f"Charge {row['id']} has already been captured.", code="charge_already_captured")
        taken = row["amount"] if amount is None else amount
        row.update(captured=True, amount_captured=taken, amount_refunded=row["amount"] - taken)
        txn = self._book_charge(row)
        return self.change("charges", row, {"balance_transaction": txn["id"]}, "charge.captured")

    @operation("GET", "/v1/refunds")
    def list_refunds(self, call: Call) -> bytes:
        """Refunds, by charge or payment intent."""
        params = call.check({**LIST, "charge": "str", "payment_intent": "str", "created": CREATED})
        return self.list_page("refunds", params, equal=["charge", "payment_intent"])

    @operation("POST", "/v1/refunds")
    def create_refund(self, call: Call) -> Json:
        """Refund a charge or payment intent, in part if wanted."""
        reason = "duplicate|fraudulent|requested_by_customer"
        spec = {
            "charge": "str",
            "payment_intent": "str",
            "amount": "int",
            "reason": reason,
            "metadata": "meta",
        }
        given = call.check(spec)
        charge = given.get("charge")
        if not charge and not given.get("payment_intent"):
            raise bad("One of the following params should be provided for this request: payment_intent or charge.")
        if not charge:
            intent = self.row("payment_intents", given["payment_intent"], "payment_intent")
            charge = intent["latest_charge"]
            if charge is None:
                raise StripeError(
                    400, f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
                )
        return self.put_refund(self.row("charges", charge, "charge"), given)

    def put_refund(self, charge: Json, given: Mapping[str, Any]) -> Json:
        """Give money back and mark the charge."""
        left = charge["amount"] - charge["amount_refunded"]
        amount = given.get("amount") if given.get("amount") is not None else left
        if charge["status"] == "failed":
            raise StripeError(400, f"Charge {charge['id']} failed and cannot be refunded.", param="charge")
        if charge["disputed"]:
            raise StripeError(
                400,
                f"Charge {charge['id']} has been charged back; cannot issue a refund.",
                code="charge_disputed",
            )
        if charge["refunded"] or left == 0:
            raise StripeError(400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
        if amount is None or amount < 1:
            raise bad(
                "This value must be greater than or equal to 1.",
                code="parameter_invalid_integer",
                param="amount",
            )
        if amount > left:
            more, have = money(amount, charge["currency"]), money(left, charge["currency"])
            noun = "charge amount" if left == charge["amount"] else "unrefunded amount on charge"
            raise StripeError(400, f"Refund amount ({more}) is greater than {noun} ({have})", param="amount")
        row = new.refund(self.new_id("re"), self.now(), charge, amount)
        row["reason"] = given.get("reason")
        row["metadata"] = merge_metadata({}, given.get("metadata"))
        row["balance_transaction"] = self.book(row, kind="refund", amount=-amount)["id"]
        self.add("refunds", row)
        refunded = charge["amount_refunded"] + amount
        changes = {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}
        self.change("charges", charge, changes, "charge.refunded")
        self.emit("refund.created", "refunds", row)
        return row

    @operation("GET", "/v1/refunds/{id}")
    def retrieve_refund(self, call: Call) -> Json:
        """Retrieve a refund."""
        call.check({})
        return self.row("refunds", call.id)

    @operation("POST", "/v1/refunds/{id}")
    def update_refund(self, call: Call) -> Json:
        """Update a refund's metadata."""
        return self.amend("refunds", call.id, call.check({"metadata": "meta"}), "refund.updated")

    @operation("GET", "/v1/disputes")
    def list_disputes(self, call: Call) -> bytes:
        """Disputes, by charge or payment intent."""
        params = call.check({**LIST, "charge": "str", "payment_intent": "str", "created": CREATED})
        return self.list_page("disputes", params, equal=["charge", "payment_intent"])

    @operation("GET", "/v1/disputes/{id}")
    def retrieve_dispute(self, call: Call) -> Json:
        """Retrieve a dispute."""
        call.check({})
        return self.row("disputes", call.id)

    @operation("POST", "/v1/disputes/{id}")
    def update_dispute(self, call: Call) -> Json:
        """Add evidence or metadata."""
        evidence = dict.fromkeys(new.EVIDENCE, "str")
        given = call.check({"evidence": evidence, "metadata": "meta", "submit": "bool"})
        row = self.row("disputes", call.id)
        submit = given.pop("submit", None)
        if given.get("evidence"):
            given["evidence"] = {**row["evidence"], **given["evidence"]}
            count = row["evidence_details"]["submission_count"] + (submit is not False)
            given["evidence_details"] = {
                **row["evidence_details"],
                "has_evidence": True,
                "submission_count": count,
                "submission_method": "not_submitted" if submit is False else "manual",
            }
            if submit is not False:
                given["status"] = "under_review"
        return self.amend("disputes", call.id, given, "charge.dispute.updated")

    @operation("POST", "/v1/disputes/{id}/close")
    def close_dispute_endpoint(self, call: Call) -> Json:
        """Concede a dispute."""
        call.check({})
        return self.end_dispute(self.row("disputes", call.id), won=False)

    def put_dispute(self, charge: Json, reason: str) -> Json:
        """The cardholder disputes a charge: the money and a fee are taken at once."""
        row = new.dispute(self.new_id("du"), self.now(), charge, reason)
        txn = self.book(row, kind="adjustment", amount=-row["amount"], fee=DISPUTE_FEE)
        row["balance_transactions"] = [dict(txn)]
        self.add("disputes", row, "charge.dispute.created")
        self.change("charges", charge, {"disputed": True}, "charge.updated")
        return row

    def end_dispute(self, row: Json, *, won: bool) -> Json:
        """Decide a dispute; a won one gives amount and fee back."""
        if row["status"] in {"won", "lost"}:
            raise StripeError(400, "This dispute is already closed.")
        if won:
            back = self.book(row, kind="adjustment", amount=row["amount"], fee=-DISPUTE_FEE)
            row["balance_transactions"] = [*row["balance_transactions"], dict(back)]
        return self.change("disputes", row, {"status": "won" if won else "lost"}, "charge.dispute.closed")

    @operation("GET", "/v1/balance_transactions")
    def list_balance_transactions(self, call: Call) -> bytes:
        """Balance transactions, by source, currency or type."""
        spec = {"currency": "currency", "source": "str", "type": "str", "created": CREATED, "payout": "str"}
        params = call.check({**LIST, **spec})
        self.settle()
        names = [n for n in ("currency", "type") if params.get(n) is not None]
        keep = (lambda t: all(t[n] == params[n] for n in names)) if names else None
        return self.list_page("balance_transactions", params, equal=["source"], keep=keep)

    @operation("GET", "/v1/balance_transactions/{id}")
    def retrieve_balance_transaction(self, call: Call) -> Json:
        """Retrieve a balance transaction."""
        call.check({})
        self.settle()
        return self.row("balance_transactions", call.id)
