"""Invoice items, the drafts that take them in, and invoice payments of the Stripe simulator."""

from __future__ import annotations

from collections.abc import Callable

from vaiven_connectors.stripe._sim_core import CREATED, LIST, Call, operation
from vaiven_connectors.stripe._sim_invoices import INVOICE, Invoices
from vaiven_connectors.stripe._sim_wire import Json, StripeError, bad, merge_metadata

_ITEM = {
    "amount": "int",
    "currency": "currency",
    "description": "str",
    "invoice": "str",
    "metadata": "meta",
    "period": {"start!": "int", "end!": "int"},
    "pricing": {"price": "str"},
    "quantity": "int",
}


class Items(Invoices):
    """Manual lines: pending with the customer until an invoice takes them."""

    @operation("POST", "/v1/invoices")
    def create_invoice(self, call: Call) -> Json:
        """Create a draft; pending items of the customer come in when asked for."""
        behavior = {"pending_invoice_items_behavior": "exclude|include"}
        given = call.check({**INVOICE, "customer": "str", "currency": "currency", **behavior})
        if not given.get("customer"):
            raise bad("Missing required param: customer.", code="parameter_missing", param="customer")
        customer = self.row("customers", given["customer"], "customer")
        row = self.put_invoice(
            customer,
            given.get("currency") or customer["currency"] or "usd",
            **self.invoice_changes({}, given),
        )
        row["metadata"] = merge_metadata({}, given.get("metadata"))
        if given.get("pending_invoice_items_behavior") == "include":
            for item in list(self.tables["invoiceitems"].having("customer", customer["id"])):
                if item["invoice"] is None:
                    self._take(item, row)
        self.emit("invoice.created", "invoices", row)
        return row

    def _take(self, item: Json, invoice: Json) -> None:
        price = (item["pricing"] or {}).get("price_details", {}).get("price")
        self.put_line(
            invoice,
            price=self.row("prices", price) if price else None,
            quantity=item["quantity"],
            amount=item["amount"],
            description=item["description"],
            period=(item["period"]["start"], item["period"]["end"]),
            invoice_item=item["id"],
        )
        self.change("invoiceitems", item, {"invoice": invoice["id"]})

    @operation("POST", "/v1/invoiceitems")
    def create_item(self, call: Call) -> Json:
        """Add an item to a draft, or keep it pending for the customer's next invoice."""
        given = call.check({**_ITEM, "customer!": "str"})
        self.row("customers", given["customer"], "customer")
        invoice = self.row("invoices", given["invoice"], "invoice") if given.get("invoice") else None
        if invoice is not None and invoice["status"] != "draft":
            raise StripeError(400, "This invoice is no longer editable", code="invoice_not_editable")
        name = (given.get("pricing") or {}).get("price")
        price = self.row("prices", name, "pricing[price]") if name else None
        quantity = given.get("quantity") or 1
        if price is None and given.get("amount") is None:
            raise bad("You must specify one of `amount` or `pricing`.", code="parameter_missing", param="amount")
        amount = given["amount"] if price is None else (price["unit_amount"] or 0) * quantity
        currency = price["currency"] if price else given.get("currency") or (invoice or {}).get("currency") or "usd"
        pricing = None
        if price:
            details = {"price": price["id"], "product": price["product"]}
            pricing = {
                "price_details": details,
                "type": "price_details",
                "unit_amount_decimal": price["unit_amount_decimal"],
            }
        now = self.now()
        item = {
            "id": self.new_id("ii"),
            "object": "invoiceitem",
            "amount": amount,
            "currency": currency,
            "customer": given["customer"],
            "customer_account": None,
            "date": now,
            "description": given.get("description"),
            "discountable": True,
            "discounts": [],
            "invoice": None,
            "livemode": self.live,
            "metadata": merge_metadata({}, given.get("metadata")),
            "net_amount": amount,
            "parent": None,
            "period": given.get("period") or {"start": now, "end": now},
            "pricing": pricing,
            "proration": False,
            "proration_details": None,
            "quantity": quantity,
            "quantity_decimal": str(quantity),
            "tax_rates": [],
            "test_clock": None,
        }
        self.tables["invoiceitems"].add(item, created=now)
        if invoice is not None:
            self._take(item, invoice)
        self.emit("invoiceitem.created", "invoiceitems", item)
        return item

    @operation("GET", "/v1/invoiceitems")
    def list_items(self, call: Call) -> bytes:
        """Items, by customer, invoice or pending state."""
        params = call.check({**LIST, "customer": "str", "invoice": "str", "pending": "bool", "created": CREATED})
        pending = params.get("pending")
        keep = None if pending is None else (lambda i: (i["invoice"] is None) == pending)
        return self.list_page("invoiceitems", params, equal=["invoice", "customer"], keep=keep)

    @operation("GET", "/v1/invoiceitems/{id}")
    def retrieve_item(self, call: Call) -> Json:
        """Retrieve an item."""
        call.check({})
        return self.row("invoiceitems", call.id)

    @operation("GET", "/v1/invoice_payments")
    def list_invoice_payments(self, call: Call) -> bytes:
        """Payments of invoices, by invoice, status or payment intent."""
        payment = {"type!": "payment_intent|payment_record", "payment_intent": "str"}
        spec = {"invoice": "str", "status": "open|paid|canceled", "payment": payment, "created": CREATED}
        params = call.check({**LIST, **spec})
        status, intent = params.get("status"), (params.get("payment") or {}).get("payment_intent")
        keep: Callable[[Json], bool] | None = None
        if intent and not params.get("invoice"):
            params["invoice"] = self.invoice_of.get(intent, "")
        if status or intent:

            def fits(link: Json) -> bool:
                return status in {None, link["status"]} and intent in {
                    None,
                    link["payment"]["payment_intent"],
                }

            keep = fits

        return self.list_page("invoice_payments", params, equal=["invoice"], keep=keep)

    @operation("GET", "/v1/invoice_payments/{id}")
    def retrieve_invoice_payment(self, call: Call) -> Json:
        """Retrieve a payment of an invoice."""
        call.check({})
        return self.row("invoice_payments", call.id)
