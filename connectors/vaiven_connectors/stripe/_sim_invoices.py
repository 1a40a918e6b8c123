"""Invoices, invoice items and invoice payments of the Stripe simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vaiven_connectors.stripe import _sim_billing_objects as new
from vaiven_connectors.stripe._sim_core import CREATED, DAY, LIST, Call, created_span, operation
from vaiven_connectors.stripe._sim_intents import Intents
from vaiven_connectors.stripe._sim_objects import sublist
from vaiven_connectors.stripe._sim_wire import Json, StripeError, bad, merge_metadata

EMBEDDED = 10
"""Lines that an invoice shows itself; the rest is behind its `lines` URL."""
_STATUS = "draft|open|paid|uncollectible|void"
INVOICE = {
    "auto_advance": "bool",
    "collection_method": "charge_automatically|send_invoice",
    "days_until_due": "int",
    "default_payment_method": "str",
    "description": "str",
    "due_date": "int",
    "footer": "str",
    "metadata": "meta",
    "statement_descriptor": "str",
}


class Invoices(Intents):
    """From draft to paid: lines, finalisation, payment, void."""

    def put_invoice(self, customer: Json, currency: str, **more: Any) -> Json:
        """A draft; it raises no event until it is complete."""
        row = new.invoice(self.new_id("in"), self.now(), customer, live=self.live, currency=currency)
        row.update(more)
        self.lines[row["id"]] = []
        return self.add("invoices", row)

    def put_line(
        self,
        invoice: Json,
        *,
        price: Json | None = None,
        quantity: int = 1,
        amount: int | None = None,
        description: str | None = None,
        period: tuple[int, int] | None = None,
        item: Json | None = None,
        invoice_item: str | None = None,
    ) -> Json:
        """Add a line and the totals; `item` is the subscription item billed, `invoice_item` a manual one."""
        usual: int = (price["unit_amount"] or 0) * quantity if price else 0
        amount = usual if amount is None else amount
        span = period or (self.now(), self.now())
        line = new.line_item(self.new_id("il"), invoice, amount=amount, quantity=quantity, price=price, period=span)
        line["description"] = description
        parent: Json = {"invoice_item_details": None, "subscription_item_details": None}
        details = {"invoice_item": invoice_item, "proration": False, "proration_details": None}
        if item is not None:
            line["subscription"] = item["subscription"]
            details |= {"subscription": item["subscription"], "subscription_item": item["id"]}
            parent |= {"type": "subscription_item_details", "subscription_item_details": details}
            line["parent"] = parent
        elif invoice_item is not None:
            parent |= {
                "type": "invoice_item_details",
                "invoice_item_details": {**details, "subscription": None},
            }
            line["parent"] = parent
        self.lines[invoice["id"]].append(line)
        self._total(invoice)
        return line

    def _total(self, invoice: Json) -> None:
        lines = self.lines[invoice["id"]]
        total = sum(line["amount"] for line in lines)
        due = max(total, 0) - invoice["amount_paid"]
        names = ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax")
        invoice.update(dict.fromkeys(names, total), amount_due=max(total, 0), amount_remaining=due)
        url = invoice["lines"]["url"]
        invoice["lines"] = sublist(url, lines[:EMBEDDED], more=len(lines) > EMBEDDED)
        self.tables["invoices"].touch(invoice)

    def finalize_row(self, row: Json) -> Json:
        """Number the invoice and prepare its payment; nothing to pay means paid."""
        if row["status"] != "draft":
            raise StripeError(
                400,
                "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
                code="invoice_not_editable",
            )
        now = self.now()
        customer = self.tables["customers"].rows.get(row["customer"])
        prefix, sequence = "GONE", 1
        if customer is not None:
            prefix, sequence = customer["invoice_prefix"], customer["next_invoice_sequence"]
            self.change("customers", customer, {"next_invoice_sequence": sequence + 1})
        page = f"https://invoice.stripe.com/i/{self.account_id}/{row['id']}"
        changes: Json = {
            "effective_at": now,
            "ending_balance": 0,
            "hosted_invoice_url": page,
            "invoice_pdf": f"https://pay.stripe.com/invoice/{self.account_id}/{row['id']}/pdf",
            "number": f"{prefix}-{sequence:04d}",
            "status": "open",
            "status_transitions": {**row["status_transitions"], "finalized_at": now},
        }
        if row["collection_method"] == "send_invoice" and row["due_date"] is None:
            changes["due_date"] = now + 30 * DAY
        self.change("invoices", row, changes)
        if row["amount_due"] > 0:
            given = {"amount": row["amount_due"], "currency": row["currency"], "customer": row["customer"]}
            intent = self.put_intent({**given, "description": f"Payment for Invoice {row['number']}"})
            self.invoice_of[intent["id"]] = row["id"]
            self.add("invoice_payments", new.invoice_payment(self.new_id("inpay"), now, row, intent["id"]))
        self.emit("invoice.finalized", "invoices", row)
        if row["amount_due"] == 0:
            self._paid(row)
        return row

    def _paid(self, row: Json, *, outside: bool = False) -> Json:
        now, due = self.now(), row["amount_due"]
        changes: Json = {
            "amount_paid": due,
            "amount_paid_off_stripe": due if outside else 0,
            "amount_remaining": 0,
            "attempted": True,
            "auto_advance": False,
            "next_payment_attempt": None,
            "status": "paid",
            "status_transitions": {**row["status_transitions"], "paid_at": now},
        }
        link = self._link(row)
        if link is not None:
            done = {"canceled_at": now, "paid_at": None} if outside else {"canceled_at": None, "paid_at": now}
            status = {"status": "canceled"} if outside else {"status": "paid", "amount_paid": due}
            self.change("invoice_payments", link, {**status, "status_transitions": done})
            if not outside:
                self.emit("invoice_payment.paid", "invoice_payments", link)
        self.change("invoices", row, changes, "invoice.updated")
        self.emit("invoice.paid", "invoices", row)
        self.emit("invoice.payment_succeeded", "invoices", row)
        return row

    def _link(self, row: Json) -> Json | None:
        return next((p for p in self.tables["invoice_payments"].having("invoice", row["id"]) if p["is_default"]), None)

    def method_of(self, customer_id: str, *wanted: str | None) -> str | None:
        """The card to charge: the first one named, then the customer's defaults."""
        customer = self.tables["customers"].rows.get(customer_id)
        usual = [customer["invoice_settings"]["default_payment_method"], customer["default_source"]] if customer else []
        return next((m for m in [*wanted, *usual] if m), None)

    def pay_row(self, row: Json, method: str | None = None, *, outside: bool = False) -> Json:
        """Pay an open invoice with a card, or note that it was paid elsewhere."""
        if row["status"] == "draft":
            self.finalize_row(row)
        if row["status"] == "paid":
            raise StripeError(400, "Invoice is already paid", code="invoice_already_paid")
        if row["status"] not in {"open", "uncollectible"}:
            raise StripeError(400, f"You can only pay an open invoice; this one is {row['status']}.")
        if outside:
            link = self._link(row)
            if link is not None:
                self.cancel_intent_row(self.row("payment_intents", link["payment"]["payment_intent"]), "automatic")
            return self._paid(row, outside=True)
        method = self.method_of(row["customer"], method, row["default_payment_method"])
        if method is None:
            raise StripeError(400, "There is no default_payment_method set on this Customer or Invoice.")
        link = self._link(row)
        assert link is not None  # noqa: S101 - an open invoice with something due has one
        intent = self.row("payment_intents", link["payment"]["payment_intent"])
        self.change("payment_intents", intent, {"payment_method": method})
        charge = self.attempt(intent)
        self.change("invoices", row, {"attempt_count": row["attempt_count"] + 1, "attempted": True})
        if charge["status"] == "failed":
            error = self.declined(charge, intent)
            self.emit("payment_intent.payment_failed", "payment_intents", intent)
            self.emit("invoice.payment_failed", "invoices", row)
            raise error
        return self._paid(row)

    def void_row(self, row: Json) -> Json:
        """Void a finalised invoice; its number stays used."""
        if row["status"] not in {"open", "uncollectible"}:
            raise StripeError(400, "You can only pass in open invoices. This invoice isn't open.")
        link = self._link(row)
        if link is not None:
            self.cancel_intent_row(self.row("payment_intents", link["payment"]["payment_intent"]), "void_invoice")
            done = {"canceled_at": self.now(), "paid_at": None}
            self.change("invoice_payments", link, {"status": "canceled", "status_transitions": done})
        stamps = {**row["status_transitions"], "voided_at": self.now()}
        return self.change("invoices", row, {"status": "void", "status_transitions": stamps}, "invoice.voided")

    @operation("GET", "/v1/invoices")
    def list_invoices(self, call: Call) -> bytes:
        """Invoices, by customer, status, subscription, collection method or due date."""
        spec = {"customer": "str", "status": _STATUS, "subscription": "str", "due_date": CREATED}
        params = call.check(
            {**LIST, **spec, "created": CREATED, "collection_method": "charge_automatically|send_invoice"}
        )
        names = [n for n in ("status", "collection_method") if params.get(n) is not None]
        wanted, due = params.get("subscription"), params.get("due_date")
        keep: Callable[[Json], bool] | None = None
        if names or wanted or due is not None:
            low, high = created_span(due)

            def fits(row: Json) -> bool:
                of = (row["parent"] or {}).get("subscription_details", {}).get("subscription")
                in_time = due is None or (row["due_date"] is not None and low <= row["due_date"] <= high)
                return in_time and (not wanted or of == wanted) and all(row[n] == params[n] for n in names)

            keep = fits

        return self.list_page("invoices", params, equal=["customer"], keep=keep)

    def invoice_changes(self, row: Json, given: Json) -> Json:
        """The properties that the parameters of a create or update ask for."""
        skip = {
            "metadata",
            "expand",
            "customer",
            "currency",
            "days_until_due",
            "pending_invoice_items_behavior",
        }
        changes = {name: value for name, value in given.items() if name not in skip}
        days = given.get("days_until_due")
        if days is not None:
            if (changes.get("collection_method") or row.get("collection_method")) != "send_invoice":
                raise bad(
                    "You can only set `days_until_due` if the collection method is `send_invoice`.",
                    param="days_until_due",
                )
            changes["due_date"] = self.now() + days * DAY
        return changes

    @operation("GET", "/v1/invoices/{id}")
    def retrieve_invoice(self, call: Call) -> Json:
        """Retrieve an invoice."""
        call.check({})
        return self.row("invoices", call.id)

    @operation("POST", "/v1/invoices/{id}")
    def update_invoice(self, call: Call) -> Json:
        """Update a draft; of a finalised invoice only metadata and a few settings."""
        given = call.check(INVOICE)
        row = self.row("invoices", call.id)
        frozen = {"collection_method", "days_until_due", "description", "due_date", "footer"} & set(given)
        if row["status"] != "draft" and frozen:
            raise StripeError(400, "Finalized invoices can't be updated in this way", code="invoice_not_editable")
        changes = self.invoice_changes(row, given)
        if "metadata" in given:
            changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
        return self.change("invoices", row, changes, "invoice.updated")

    @operation("DELETE", "/v1/invoices/{id}")
    def delete_invoice(self, call: Call) -> Json:
        """Delete a draft; it is gone for good."""
        call.check({})
        row = self.row("invoices", call.id)
        if row["status"] != "draft":
            raise StripeError(400, "You can only delete draft invoices.", code="invoice_not_editable")
        self.tables["invoices"].remove(call.id)
        self.deleted[call.id] = {"id": call.id, "object": "invoice", "deleted": True}
        self.emit("invoice.deleted", "invoices", row)
        return self.deleted[call.id]

    @operation("POST", "/v1/invoices/{id}/finalize")
    def finalize_invoice(self, call: Call) -> Json:
        """Finalise a draft."""
        given = call.check({"auto_advance": "bool"})
        row = self.row("invoices", call.id)
        self.finalize_row(row)
        if given.get("auto_advance") is not None:
            self.change("invoices", row, {"auto_advance": given["auto_advance"]})
        return row

    @operation("POST", "/v1/invoices/{id}/pay")
    def pay_invoice(self, call: Call) -> Json:
        """Pay now."""
        given = call.check(
            {"payment_method": "str", "source": "str", "paid_out_of_band": "bool", "off_session": "bool"}
        )
        row = self.row("invoices", call.id)
        token = given.get("payment_method") or given.get("source")
        param = "payment_method" if given.get("payment_method") else "source"
        method = self.method_for(token, row["customer"], param)["id"] if token else None
        return self.pay_row(row, method, outside=bool(given.get("paid_out_of_band")))

    @operation("POST", "/v1/invoices/{id}/void")
    def void_invoice(self, call: Call) -> Json:
        """Void."""
        call.check({})
        return self.void_row(self.row("invoices", call.id))

    @operation("POST", "/v1/invoices/{id}/send")
    def send_invoice(self, call: Call) -> Json:
        """Send to the customer; a draft is finalised first."""
        call.check({})
        row = self.row("invoices", call.id)
        if row["status"] == "draft":
            self.finalize_row(row)
        self.emit("invoice.sent", "invoices", row)
        return row

    @operation("POST", "/v1/invoices/{id}/mark_uncollectible")
    def write_off_invoice(self, call: Call) -> Json:
        """Write off an open invoice."""
        call.check({})
        row = self.row("invoices", call.id)
        if row["status"] != "open":
            raise StripeError(400, "You can only mark an open invoice as uncollectible.")
        stamps = {**row["status_transitions"], "marked_uncollectible_at": self.now()}
        done = {"status": "uncollectible", "status_transitions": stamps}
        return self.change("invoices", row, done, "invoice.marked_uncollectible")

    @operation("GET", "/v1/invoices/{id}/lines")
    def list_lines(self, call: Call) -> Json:
        """All lines, in their order."""
        params = call.check({n: k for n, k in LIST.items() if n != "ending_before"})
        self.row("invoices", call.id)
        lines = self.lines[call.id]
        limit = 10 if params.get("limit") is None else params["limit"]
        after = params.get("starting_after")
        start = next((n + 1 for n, line in enumerate(lines) if line["id"] == after), 0) if after else 0
        rows = lines[start : start + limit]
        return sublist(f"/v1/invoices/{call.id}/lines", rows, more=start + limit < len(lines))
