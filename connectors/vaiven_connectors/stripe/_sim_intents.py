"""Payment intents of the Stripe simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaiven_connectors.stripe import _sim_objects as new
from vaiven_connectors.stripe._sim_core import CREATED, LIST, Call, operation
from vaiven_connectors.stripe._sim_payments import INTENT, Payments
from vaiven_connectors.stripe._sim_wire import Json, StripeError, bad, merge_metadata, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONFIRM = {"return_url": "str", "off_session": "bool", "error_on_requires_action": "bool"}
_CAPTURE = "automatic|automatic_async|manual"
_OPEN = frozenset({"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"})


class Intents(Payments):
    """The life of a payment intent: create, confirm, capture, cancel."""

    def put_intent(self, given: Mapping[str, object]) -> Json:
        """Create an intent; with a payment method it waits for confirmation."""
        amount, currency = given.get("amount"), str(given["currency"])
        assert isinstance(amount, int)  # noqa: S101 - validated by the caller
        row = new.payment_intent(
            self.new_id("pi"),
            self.now(),
            live=self.live,
            amount=amount,
            currency=currency,
            secret=self.text(25),
        )
        names = [*(n for n in INTENT if n not in {"metadata", "payment_method"}), "capture_method"]
        row.update({name: given[name] for name in names if given.get(name) is not None})
        if not given.get("payment_method_types"):
            row["automatic_payment_methods"] = {"allow_redirects": "always", "enabled": True}
        metadata = given.get("metadata")
        row["metadata"] = merge_metadata({}, metadata if isinstance(metadata, dict) else None)
        if given.get("payment_method"):
            row["payment_method"] = given["payment_method"]
            row["status"] = "requires_confirmation"
        return self.add("payment_intents", row, "payment_intent.created")

    def confirm_row(self, row: Json) -> Json:
        """Charge the intent's card; the intent shows the failure, and the caller gets the error."""
        charge = self.attempt(row)
        if charge["status"] == "failed":
            error = self.declined(charge, row)
            self.emit("payment_intent.payment_failed", "payment_intents", row)
            raise error
        return row

    def attempt(self, row: Json) -> Json:
        """One charge for the intent, successful or not."""
        method = self.row("payment_methods", row["payment_method"], "payment_method")
        capture = row["capture_method"] != "manual"
        charge = self.put_charge(method, {**row, "payment_intent": row["id"]}, capture=capture)
        changes: Json = {"latest_charge": charge["id"]}
        if charge["status"] == "failed":
            self.change("payment_intents", row, {**changes, "payment_method": None})
        elif capture:
            done = {"status": "succeeded", "amount_received": row["amount"], "last_payment_error": None}
            self.change("payment_intents", row, {**changes, **done})
            self.emit("payment_intent.succeeded", "payment_intents", row)
        else:
            held = {"status": "requires_capture", "amount_capturable": row["amount"]}
            self.change("payment_intents", row, {**changes, **held})
            self.emit("payment_intent.amount_capturable_updated", "payment_intents", row)
        return charge

    @operation("POST", "/v1/payment_intents")
    def create_intent(self, call: Call) -> Json:
        """Create an intent and confirm it when asked."""
        automatic = {"enabled!": "bool", "allow_redirects": "always|never"}
        more = {
            "confirm": "bool",
            "capture_method": _CAPTURE,
            "automatic_payment_methods": automatic,
            **_CONFIRM,
        }
        given = call.check({**INTENT, "amount!": "int", "currency!": "currency", **more})
        self.check_amount(given["amount"], given["currency"])
        customer = given.get("customer")
        if customer:
            self.row("customers", customer, "customer")
        if given.get("payment_method"):
            given["payment_method"] = self.method_for(given["payment_method"], customer, "payment_method")["id"]
        elif given.get("confirm"):
            raise bad(
                "You cannot confirm this PaymentIntent because it's missing a payment method. You "
                "can either update the "
                "PaymentIntent with a payment method and then confirm it again, or confirm it again "
                "directly with a "
                "payment method or ConfirmationToken.",
                code="payment_intent_unexpected_state",
            )
        row = self.put_intent(given)
        return self.confirm_row(row) if given.get("confirm") else row

    @operation("GET", "/v1/payment_intents")
    def list_intents(self, call: Call) -> bytes:
        """Intents, by customer."""
        return self.list_page(
            "payment_intents", call.check({**LIST, "customer": "str", "created": CREATED}), equal=["customer"]
        )

    @operation("GET", "/v1/payment_intents/{id}")
    def retrieve_intent(self, call: Call) -> Json:
        """Retrieve an intent; its client secret may come along."""
        secret = call.check({"client_secret": "str"}).get("client_secret")
        row = self.row("payment_intents", call.id)
        if secret and secret != row["client_secret"]:
            raise missing("payment_intent", call.id, "intent")
        return row

    @operation("POST", "/v1/payment_intents/{id}")
    def update_intent(self, call: Call) -> Json:
        """Update an intent that is not finished; metadata and description at any time."""
        given = call.check(INTENT)
        row = self.row("payment_intents", call.id)
        if row["status"] not in _OPEN and {"amount", "currency", "payment_method"} & set(given):
            raise self._refusal(row, "be updated")
        if given.get("amount") is not None:
            self.check_amount(given["amount"], given.get("currency") or row["currency"])
        if given.get("payment_method"):
            method = self.method_for(given["payment_method"], row["customer"], "payment_method")
            given["payment_method"] = method["id"]
            given["status"] = "requires_confirmation"
        return self.amend("payment_intents", call.id, given, None)

    @operation("POST", "/v1/payment_intents/{id}/confirm")
    def confirm_intent(self, call: Call) -> Json:
        """Confirm an intent."""
        given = call.check({**_CONFIRM, "payment_method": "str", "receipt_email": "str", "capture_method": _CAPTURE})
        row = self.row("payment_intents", call.id)
        if row["status"] not in {"requires_payment_method", "requires_confirmation"}:
            raise self._refusal(row, "be confirmed")
        if given.get("payment_method"):
            method = self.method_for(given["payment_method"], row["customer"], "payment_method")
            self.change("payment_intents", row, {"payment_method": method["id"]})
        if row["payment_method"] is None:
            raise self._refusal(row, "be confirmed without a payment method")
        if given.get("capture_method"):
            self.change("payment_intents", row, {"capture_method": given["capture_method"]})
        return self.confirm_row(row)

    @operation("POST", "/v1/payment_intents/{id}/capture")
    def capture_intent(self, call: Call) -> Json:
        """Capture what was authorised, or part of it."""
        amount = call.check({"amount_to_capture": "int", "metadata": "meta"}).get("amount_to_capture")
        row = self.row("payment_intents", call.id)
        if row["status"] != "requires_capture":
            raise self._refusal(row, "be captured")
        charge = self.capture_row(self.row("charges", row["latest_charge"]), amount)
        done = {"status": "succeeded", "amount_received": charge["amount_captured"], "amount_capturable": 0}
        return self.change("payment_intents", row, done, "payment_intent.succeeded")

    @operation("POST", "/v1/payment_intents/{id}/cancel")
    def cancel_intent(self, call: Call) -> Json:
        """Cancel an intent that is not finished."""
        reason = "abandoned|duplicate|fraudulent|requested_by_customer"
        given = call.check({"cancellation_reason": reason})
        row = self.row("payment_intents", call.id)
        if row["status"] not in _OPEN:
            raise self._refusal(row, "be canceled")
        return self.cancel_intent_row(row, given.get("cancellation_reason"))

    def cancel_intent_row(self, row: Json, reason: str | None) -> Json:
        """Cancel for `reason`."""
        done = {
            "status": "canceled",
            "canceled_at": self.now(),
            "cancellation_reason": reason,
            "amount_capturable": 0,
        }
        return self.change("payment_intents", row, done, "payment_intent.canceled")

    @staticmethod
    def _refusal(row: Json, verb: str) -> StripeError:
        return StripeError(
            400,
            f"This PaymentIntent could not {verb} because it has a status of {row['status']}.",
            code="payment_intent_unexpected_state",
            payment_intent=dict(row),
        )
