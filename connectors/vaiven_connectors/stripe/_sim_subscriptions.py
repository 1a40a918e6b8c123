"""Subscriptions and their items in the Stripe simulator."""

from __future__ import annotations

from typing import Any

from vaiven_connectors.stripe import _sim_billing_objects as new
from vaiven_connectors.stripe._sim_core import CREATED, DAY, LIST, Call, created_span, operation
from vaiven_connectors.stripe._sim_items import Items
from vaiven_connectors.stripe._sim_objects import plan, sublist
from vaiven_connectors.stripe._sim_wire import Json, StripeError, bad, merge_metadata

ENDED = frozenset({"canceled", "incomplete_expired"})
MAX_ITEMS = 20
_COLLECT = "charge_automatically|send_invoice"
_STATUS = "active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|trialing|unpaid"
_WHY = {
    "comment": "str",
    "feedback": "customer_service|low_quality|missing_features|other|switched_service|too_complex|"
    "too_expensive|unused?",
}
SUBSCRIPTION = {
    "cancel_at": "int?",
    "cancel_at_period_end": "bool",
    "collection_method": _COLLECT,
    "days_until_due": "int",
    "default_payment_method": "str",
    "description": "str",
    "metadata": "meta",
    "off_session": "bool",
    "payment_behavior": "allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete",
    "proration_behavior": "always_invoice|create_prorations|none",
    "trial_end": "time",
}
_OWN = (
    "cancel_at_period_end",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
)


class Subscriptions(Items):
    """Recurring sales. Changes of price or quantity take effect without proration lines."""

    def put_subscription(self, given: Json) -> Json:
        """Create a subscription and its first invoice."""
        customer = self.row("customers", given["customer"], "customer")
        prices = [self._recurring(item.get("price"), n) for n, item in enumerate(given["items"])]
        currency = prices[0]["currency"]
        now = self.now()
        row = new.subscription(self.new_id("sub"), now, live=self.live, customer=customer["id"], currency=currency)
        row.update({name: given[name] for name in _OWN if given.get(name) is not None})
        row["cancel_at"] = given.get("cancel_at")
        row["metadata"] = merge_metadata({}, given.get("metadata"))
        trial = given.get("trial_end")
        if given.get("trial_period_days"):
            trial = now + given["trial_period_days"] * DAY
        if isinstance(trial, int):
            row.update(trial_start=now, trial_end=trial, status="trialing", billing_cycle_anchor=trial)
        if row["collection_method"] == "send_invoice" and row["days_until_due"] is None:
            raise bad(
                "When collection_method is 'send_invoice', days_until_due must be provided.",
                code="parameter_missing",
                param="days_until_due",
            )
        method = self.method_of(customer["id"], row["default_payment_method"])
        behavior = given.get("payment_behavior") or "allow_incomplete"
        pays = row["status"] == "active" and row["collection_method"] == "charge_automatically"
        if pays and method is None and behavior != "default_incomplete" and sum(p["unit_amount"] or 0 for p in prices):
            raise StripeError(
                400,
                "This customer has no attached payment source or default payment method. Please "
                "consider adding a default "
                "payment method. For more information, visit "
                ""
                ""
                "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
                code="resource_missing",
            )
        self.tables["subscriptions"].add(row)
        for item, price in zip(given["items"], prices, strict=True):
            end = trial if isinstance(trial, int) else new.period_end(now, price["recurring"])
            self._put_item(row, price, item.get("quantity"), (now, end), item.get("metadata"))
        self._show_items(row)
        if customer["currency"] is None:
            self.change("customers", customer, {"currency": currency})
        failed = self._first_invoice(row, method, behavior)
        self.emit("customer.subscription.created", "subscriptions", row)
        if failed is not None and behavior == "error_if_incomplete":
            raise failed
        return row

    def _first_invoice(self, row: Json, method: str | None, behavior: str) -> StripeError | None:
        row["status"] = "active" if row["status"] == "trialing" else row["status"]
        trial = row["trial_end"] is not None
        invoice = self.bill(row, "subscription_create", free=trial)
        row["latest_invoice"] = invoice["id"]
        failed: StripeError | None = None
        if trial:
            row["status"] = "trialing"
        elif row["collection_method"] == "charge_automatically" and invoice["status"] == "open":
            row["status"] = "incomplete"
            if behavior != "default_incomplete":
                try:
                    self.pay_row(invoice, method)
                    row["status"] = "active"
                except StripeError as error:
                    failed = error
        self.tables["subscriptions"].touch(row)
        return failed

    def bill(self, row: Json, reason: str, *, free: bool = False) -> Json:
        """Invoice the current period of every item and finalise it."""
        customer = self.tables["customers"].rows[row["customer"]]
        details = {
            "metadata": dict(row["metadata"]),
            "subscription": row["id"],
            "subscription_proration_date": None,
        }
        parent = {"quote_details": None, "subscription_details": details, "type": "subscription_details"}
        more: Json = {
            "billing_reason": reason,
            "collection_method": row["collection_method"],
            "parent": parent,
        }
        if row["days_until_due"] is not None:
            more["due_date"] = self.now() + row["days_until_due"] * DAY
        invoice = self.put_invoice(
            customer,
            row["currency"],
            auto_advance=True,
            default_payment_method=row["default_payment_method"],
            **more,
        )
        for item in row["items"]["data"]:
            price, quantity = item["price"], item["quantity"]
            name = self.tables["products"].rows.get(price["product"], {}).get("name", "")
            text = f"Trial period for {name}" if free else f"{quantity} x {name}"
            period = (item["current_period_start"], item["current_period_end"])
            self.put_line(
                invoice,
                price=price,
                quantity=quantity,
                amount=0 if free else None,
                description=text,
                period=period,
                item=item,
            )
        self.emit("invoice.created", "invoices", invoice)
        return self.finalize_row(invoice)

    def renew(self, row: Json) -> Json:
        """Begin the next period: bill it and take the payment; a failed one means past_due."""
        if row["status"] in ENDED:
            raise ValueError(f"subscription {row['id']} has ended")
        if row["cancel_at_period_end"]:
            return self.end_subscription(row, "cancellation_requested")
        before = row["items"]
        for item in before["data"]:
            held = self.row("subscription_items", item["id"])
            start = held["current_period_end"]
            end = new.period_end(start, held["price"]["recurring"])
            self.change(
                "subscription_items",
                held,
                {"current_period_start": start, "current_period_end": end, "billed_until": end},
            )
        self._show_items(row)
        invoice = self.bill(row, "subscription_cycle")
        changes: Json = {"latest_invoice": invoice["id"], "status": "active"}
        if row["collection_method"] == "charge_automatically" and invoice["status"] == "open":
            try:
                self.pay_row(invoice, row["default_payment_method"])
            except StripeError:
                changes["status"] = "past_due"
                customer = self.tables["customers"].rows[row["customer"]]
                self.change("customers", customer, {"delinquent": True}, "customer.updated")
        self.change("subscriptions", row, changes)
        self.emit("customer.subscription.updated", "subscriptions", row, {"items": before})
        return row

    def end_subscription(self, row: Json, reason: str, why: Json | None = None) -> Json:
        """Cancel at once; the subscription stays readable, out of the default list."""
        now = self.now()
        details = {**row["cancellation_details"], **(why or {}), "reason": reason}
        done = {"status": "canceled", "canceled_at": row["canceled_at"] or now, "ended_at": now}
        row.update(done, cancellation_details=details)
        self.tables["subscriptions"].touch(row)
        self.emit("customer.subscription.deleted", "subscriptions", row)
        return row

    def remove_customer(self, ident: str) -> Json:
        """Delete a customer; its subscriptions are cancelled at once."""
        self.row("customers", ident)
        for row in list(self.tables["subscriptions"].having("customer", ident)):
            if row["status"] not in ENDED:
                self.end_subscription(row, "cancellation_requested")
        return super().remove_customer(ident)

    def _recurring(self, ident: str | None, at: int) -> Json:
        param = f"items[{at}][price]"
        if not ident:
            raise bad(f"Missing required param: {param}.", code="parameter_missing", param=param)
        price = self.row("prices", ident, param)
        if price["type"] != "recurring":
            raise StripeError(
                400,
                "The price specified is set to `type=one_time` but this field only accepts prices "
                "with `type=recurring`.",
                param=param,
            )
        return price

    def _put_item(
        self, row: Json, price: Json, quantity: int | None, period: tuple[int, int], metadata: Any = None
    ) -> Json:
        item = new.subscription_item(
            self.new_id("si"),
            self.now(),
            row,
            price=price,
            quantity=1 if quantity is None else quantity,
            period=period,
        )
        item["metadata"] = merge_metadata({}, metadata)
        return self.add("subscription_items", item)

    def _show_items(self, row: Json) -> None:
        items = [dict(item) for item in self.tables["subscription_items"].having("subscription", row["id"])][::-1]
        row["items"] = sublist(f"/v1/subscription_items?subscription={row['id']}", items)
        self.tables["subscriptions"].touch(row)

    @operation("GET", "/v1/subscriptions")
    def list_subscriptions(self, call: Call) -> bytes:
        """Subscriptions that have not been cancelled, unless `status` says otherwise."""
        spec = {
            "customer": "str",
            "price": "str",
            "status": _STATUS,
            "collection_method": _COLLECT,
            "created": CREATED,
        }
        periods = {"current_period_start": CREATED, "current_period_end": CREATED}
        params = call.check({**LIST, **spec, **periods})
        status, price, method = params.get("status"), params.get("price"), params.get("collection_method")
        spans = {name: created_span(params[name]) for name in periods if params.get(name) is not None}

        def shown(row: Json) -> bool:
            if status in {None, "all"}:
                return status == "all" or row["status"] != "canceled"
            return row["status"] in ENDED if status == "ended" else bool(row["status"] == status)

        def keep(row: Json) -> bool:
            items = row["items"]["data"]
            return (
                shown(row)
                and method in {None, row["collection_method"]}
                and (price is None or any(item["price"]["id"] == price for item in items))
                and all(any(low <= item[n] <= high for item in items) for n, (low, high) in spans.items())
            )

        # A cursor that the status filter hides is refused: stripe-node issue 2368, 2026-11-22.
        return self.list_page("subscriptions", params, equal=["customer"], keep=keep, dead=lambda row: not shown(row))

    @operation("POST", "/v1/subscriptions")
    def create_subscription(self, call: Call) -> Json:
        """Create a subscription."""
        item = {"price!": "str", "quantity": "int", "metadata": "meta"}
        more = {"customer!": "str", "items!": [item], "trial_period_days": "int", "currency": "currency"}
        given = call.check({**SUBSCRIPTION, **more})
        if not given["items"] or len(given["items"]) > MAX_ITEMS:
            raise bad(f"A subscription has 1 to {MAX_ITEMS} items.", param="items")
        if given.get("default_payment_method"):
            self.row("payment_methods", given["default_payment_method"], "default_payment_method")
        return self.put_subscription(given)

    @operation("GET", "/v1/subscriptions/{id}")
    def retrieve_subscription(self, call: Call) -> Json:
        """Retrieve a subscription, cancelled ones included."""
        call.check({})
        return self.row("subscriptions", call.id)

    @operation("POST", "/v1/subscriptions/{id}")
    def update_subscription(self, call: Call) -> Json:
        """Update settings and items, and ask for or take back a cancellation at the period's end."""
        item = {"id": "str", "price": "str", "quantity": "int", "deleted": "bool", "metadata": "meta"}
        given = call.check({**SUBSCRIPTION, "items": [item], "cancellation_details": _WHY})
        return self.edit_subscription_row(self.row("subscriptions", call.id), given)

    def edit_subscription_row(self, row: Json, given: Json) -> Json:
        """Apply an update; a cancelled subscription takes only metadata and cancellation details."""
        if row["status"] == "canceled" and set(given) - {"metadata", "cancellation_details", "expand"}:
            raise StripeError(400, "A canceled subscription can only update its cancellation_details and metadata.")
        changes: Json = {name: given[name] for name in (*_OWN, "cancel_at") if name in given}
        if "metadata" in given:
            changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
        if given.get("cancellation_details"):
            changes["cancellation_details"] = {**row["cancellation_details"], **given["cancellation_details"]}
        if given.get("trial_end") == "now" and row["status"] == "trialing":
            changes.update(status="active", trial_end=self.now())
        elif isinstance(given.get("trial_end"), int):
            changes.update(status="trialing", trial_end=given["trial_end"])
        ends = changes.get("cancel_at_period_end")
        if ends is not None and ends != row["cancel_at_period_end"]:
            last = max((i["current_period_end"] for i in row["items"]["data"]), default=self.now())
            details = {**row["cancellation_details"], **changes.get("cancellation_details", {})}
            details["reason"] = "cancellation_requested" if ends else None
            changes.update(cancel_at=last if ends else None, canceled_at=self.now() if ends else None)
            changes["cancellation_details"] = details
        before = row["items"]
        for n, item in enumerate(given.get("items") or []):
            self._change_item(row, item, n)
        if given.get("items"):
            self._show_items(row)
            now_items, row["items"] = row["items"], before
            changes["items"] = now_items
        return self.change("subscriptions", row, changes, "customer.subscription.updated")

    def _change_item(self, row: Json, item: Json, at: int) -> None:
        if not item.get("id"):
            price = self._recurring(item.get("price"), at)
            period = (self.now(), new.period_end(self.now(), price["recurring"]))
            self._put_item(row, price, item.get("quantity"), period, item.get("metadata"))
            return
        held = self.row("subscription_items", item["id"], f"items[{at}][id]")
        if item.get("deleted"):
            self._remove_item(held)
            return
        self._edit_item(held, item)

    def _edit_item(self, held: Json, given: Json) -> None:
        changes: Json = {}
        if given.get("price"):
            price = self._recurring(given["price"], 0)
            changes.update(price=dict(price), plan=plan(price))
        if given.get("quantity") is not None:
            changes["quantity"] = given["quantity"]
        if "metadata" in given:
            changes["metadata"] = merge_metadata(held["metadata"], given["metadata"])
        self.change("subscription_items", held, changes)

    def _remove_item(self, held: Json) -> None:
        if len(list(self.tables["subscription_items"].having("subscription", held["subscription"]))) == 1:
            raise StripeError(
                400, "A subscription must have at least one active plan. Cancel the subscription instead."
            )
        self.tables["subscription_items"].remove(held["id"])

    @operation("DELETE", "/v1/subscriptions/{id}")
    def cancel_subscription_endpoint(self, call: Call) -> Json:
        """Cancel at once."""
        given = call.check({"cancellation_details": _WHY, "invoice_now": "bool", "prorate": "bool"})
        row = self.row("subscriptions", call.id)
        if row["status"] in ENDED:
            raise StripeError(404, f"No such subscription: '{call.id}'", code="resource_missing", param="id")
        return self.end_subscription(row, "cancellation_requested", given.get("cancellation_details"))

    @operation("GET", "/v1/subscription_items")
    def list_subscription_items(self, call: Call) -> bytes:
        """Items of one subscription."""
        params = call.check({**LIST, "subscription!": "str"})
        url = f"/v1/subscription_items?subscription={params['subscription']}"
        return self.list_page("subscription_items", params, equal=["subscription"], url=url)

    @operation("GET", "/v1/subscription_items/{id}")
    def retrieve_subscription_item(self, call: Call) -> Json:
        """Retrieve an item."""
        call.check({})
        return self.row("subscription_items", call.id)

    @operation("POST", "/v1/subscription_items/{id}")
    def update_subscription_item(self, call: Call) -> Json:
        """Change price or quantity of an item."""
        given = call.check({"price": "str", "quantity": "int", "metadata": "meta", "proration_behavior": "str"})
        held = self.row("subscription_items", call.id)
        row = self.row("subscriptions", held["subscription"])
        before = row["items"]
        self._edit_item(held, given)
        self._show_items(row)
        self.emit("customer.subscription.updated", "subscriptions", row, {"items": before})
        return held
