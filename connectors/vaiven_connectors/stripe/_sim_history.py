"""What Stripe's users do in the Dashboard, and histories written in one call."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from vaiven_connectors.stripe._sim_feed import Feed
from vaiven_connectors.stripe._sim_subscriptions import ENDED
from vaiven_connectors.stripe._sim_wire import Json, StripeError, merge_metadata
from vaiven_sdk.testing import action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Rows = list[dict[str, Any]]


class History(Feed):
    """Actions; each raises its events without a request id, as a change by hand does."""

    @action
    def seed(
        self,
        *,
        customers: Rows | None = None,
        products: Rows | None = None,
        prices: Rows | None = None,
        orders: Rows | None = None,
        subscriptions: Rows | None = None,
    ) -> dict[str, list[str]]:
        """Write a coherent history; every row may give `created` (epoch seconds).

        A reference (`customer`, `product`, `price`) is an id, or the position of a row in the same call.

        Args:
            customers: properties of CustomerCreateParams, and `id`; `card` is a test card name (`visa`).
            products: `name` and other properties, and `id`.
            prices: `product`, `unit_amount`, `currency`, `recurring`, and `id`.
            orders: `customer`, `amount`, `currency`, `kind` (`charge`, `payment_intent` or `invoice`),
            `card`, `description`,
                `metadata`; `lines` of an invoice (`price`, `quantity`, or `amount`, `description`);
                `refunded` (minor
                units) and `refunded_at`; `paid` false leaves an invoice open; `disputed` is a reason.
            subscriptions: `customer`, `price`, `quantity`, `card`, `renewals` (periods billed after the
            first), `ended_at`,
                `metadata`, `collection_method`, `days_until_due`.

        Returns:
            Ids by collection, in the order given; for orders the id of the charge, payment intent or invoice.
        """
        made: dict[str, list[str]] = {}
        made["customers"] = [self._seed_customer(row) for row in customers or []]
        made["products"] = [self._seed_one("products", row) for row in products or []]
        made["prices"] = []
        for row in prices or []:
            product = _ref(row["product"], made["products"])
            made["prices"].append(self._seed_one("prices", {"currency": "usd", **row, "product": product}))
        made["orders"] = [self._seed_order(row, made) for row in orders or []]
        made["subscriptions"] = [self._seed_subscription(row, made) for row in subscriptions or []]
        return made

    def _seed_customer(self, row: Mapping[str, Any]) -> str:
        given = {name: value for name, value in row.items() if name not in {"created", "card"}}
        with self.at(row.get("created")):
            ident: str = self.put_customer(given)["id"]
            if row.get("card"):
                self._default_card(ident, row["card"])
        return ident

    def _default_card(self, customer: str, card: str) -> str:
        held = self.tables["customers"].rows[customer]
        method: str = self.method_for(f"pm_card_{card}", customer, "payment_method")["id"]
        settings = {**held["invoice_settings"], "default_payment_method": method}
        self.change("customers", held, {"invoice_settings": settings})
        return method

    def _seed_one(self, table: str, row: Mapping[str, Any]) -> str:
        given = {name: value for name, value in row.items() if name != "created"}
        with self.at(row.get("created")):
            made = self.put_product(given) if table == "products" else self.put_price(given)
        return str(made["id"])

    def _seed_order(self, row: Mapping[str, Any], made: Mapping[str, Sequence[str]]) -> str:
        customer = None if row.get("customer") is None else _ref(row["customer"], made["customers"])
        kind = row.get("kind", "payment_intent")
        given: Json = {name: row[name] for name in ("amount", "description") if row.get(name) is not None}
        given |= {"currency": row.get("currency", "usd"), "customer": customer}
        given["metadata"] = merge_metadata({}, row.get("metadata"))
        with self.at(row.get("created")):
            method = self.method_for(f"pm_card_{row.get('card', 'visa')}", customer, "payment_method")
            if kind == "charge":
                made_row = charge = self.put_charge(method, given)
            elif kind == "payment_intent":
                made_row = self.put_intent({**given, "payment_method": method["id"]})
                charge = self._try(made_row)
            else:
                made_row = self._seed_invoice(row, made, str(customer), given["currency"])
                charge = self._seed_payment(row, made_row, method["id"])
        if row.get("refunded"):
            with self.at(row.get("refunded_at", row.get("created"))):
                self.put_refund(charge, {"amount": row["refunded"]})
        if row.get("disputed"):
            with self.at(row.get("disputed_at", row.get("created"))):
                self.put_dispute(charge, row["disputed"])
        return str(made_row["id"])

    def _try(self, intent: Json) -> Json:
        charge = self.attempt(intent)
        if charge["status"] == "failed":
            self.declined(charge, intent)
            self.emit("payment_intent.payment_failed", "payment_intents", intent)
        return charge

    def _seed_invoice(
        self, row: Mapping[str, Any], made: Mapping[str, Sequence[str]], customer: str, currency: str
    ) -> Json:
        held = self.row("customers", customer)
        metadata = merge_metadata({}, row.get("metadata"))
        invoice = self.put_invoice(held, currency, metadata=metadata, description=row.get("description"))
        for line in row.get("lines") or [{"amount": row["amount"], "description": row.get("description")}]:
            price = None if line.get("price") is None else self.row("prices", _ref(line["price"], made["prices"]))
            named = self.row("products", price["product"])["name"] if price else None
            text = line.get("description") or named
            self.put_line(
                invoice,
                price=price,
                quantity=line.get("quantity", 1),
                amount=line.get("amount"),
                description=text,
                invoice_item=self.new_id("ii"),
            )
        self.emit("invoice.created", "invoices", invoice)
        return self.finalize_row(invoice)

    def _seed_payment(self, row: Mapping[str, Any], invoice: Json, method: str) -> Json:
        if row.get("paid", True) and invoice["status"] == "open":
            try:
                self.pay_row(invoice, method)
            except StripeError:
                if "card" not in row:
                    raise
        link = self._link(invoice)
        intent = self.row("payment_intents", link["payment"]["payment_intent"]) if link else None
        return self.tables["charges"].rows.get(intent["latest_charge"], {}) if intent else {}

    def _seed_subscription(self, row: Mapping[str, Any], made: Mapping[str, Sequence[str]]) -> str:
        customer = _ref(row["customer"], made["customers"])
        given = {n: row[n] for n in ("metadata", "collection_method", "days_until_due", "description") if n in row}
        item = {"price": _ref(row["price"], made["prices"]), "quantity": row.get("quantity", 1)}
        with self.at(row.get("created")):
            if given.get("collection_method") != "send_invoice" and self.method_of(customer) is None:
                self._default_card(customer, row.get("card", "visa"))
            held = self.put_subscription({**given, "customer": customer, "items": [item]})
        for _ in range(row.get("renewals", 0)):
            with self.at(held["items"]["data"][0]["current_period_end"]):
                self.renew(held)
        if row.get("ended_at"):
            with self.at(row["ended_at"]):
                self.end_subscription(held, "cancellation_requested")
        return str(held["id"])

    @action
    def edit_customer(self, customer: str, **changes: Any) -> Json:
        """Change properties; None unsets one, and in `metadata` '' unsets a key."""
        return dict(self.edit_customer_row(self._held("customers", customer), changes))

    @action
    def delete_customer(self, customer: str) -> Json:
        """Delete a customer and end its subscriptions."""
        self._held("customers", customer)
        return dict(self.remove_customer(customer))

    @action
    def edit_product(self, product: str, **changes: Any) -> Json:
        """Change a product; `active` false archives it."""
        return dict(self.edit_product_row(self._held("products", product), changes))

    @action
    def refund(self, charge: str, amount: int | None = None, reason: str = "requested_by_customer") -> Json:
        """Refund a charge, all that is left of it by default."""
        given = {"reason": reason} if amount is None else {"reason": reason, "amount": amount}
        return dict(self.put_refund(self._held("charges", charge), given))

    @action
    def dispute(self, charge: str, reason: str = "fraudulent") -> Json:
        """A cardholder disputes a charge at the bank."""
        return dict(self.put_dispute(self._held("charges", charge), reason))

    @action
    def close_dispute(self, dispute: str, *, won: bool) -> Json:
        """The bank decides."""
        return dict(self.end_dispute(self._held("disputes", dispute), won=won))

    @action
    def renew_subscription(self, subscription: str) -> Json:
        """Let the current period end now: bill the next one, or end as announced."""
        return dict(self.renew(self._held("subscriptions", subscription)))

    @action
    def cancel_subscription(self, subscription: str, *, at_period_end: bool = False) -> Json:
        """Cancel at once, or announce it for the period's end."""
        row = self._held("subscriptions", subscription)
        if row["status"] in ENDED:
            raise ValueError(f"subscription {subscription} has ended")
        if at_period_end:
            return dict(self.edit_subscription_row(row, {"cancel_at_period_end": True}))
        return dict(self.end_subscription(row, "cancellation_requested"))

    @action
    def pay_invoice_by_hand(self, invoice: str) -> Json:
        """Mark an open invoice as paid outside Stripe."""
        return dict(self.pay_row(self._held("invoices", invoice), outside=True))

    @action
    def roll_key(self) -> dict[str, str]:
        """Replace the secret key; the old one answers 401 from now on."""
        self.secret = f"sk_{'live' if self.live else 'test'}_{self.text(24)}"
        return self.credential

    @action
    def restrict_key(self, permissions: list[str] | None = None) -> dict[str, str]:
        """Make the key a restricted one with `<collection>:read` and `<collection>:write`; None lifts it."""
        self.permissions = None if permissions is None else set(permissions)
        tail = self.secret.split("_", 1)[1]
        self.secret = ("sk_" if permissions is None else "rk_") + tail
        return self.credential

    @action
    def signed_event(self, event: str, endpoint: str, *, skew: int = 0) -> Json:
        """The webhook request for an event: body, and the `Stripe-Signature` header of `skew` seconds ago.

        Scheme v1: HMAC-SHA256 of `timestamp.body` under the endpoint's secret
        (https://docs.stripe.com/webhooks, 2026-11-22).
        """
        self._held("events", event)
        secret = self.secrets[endpoint]
        body = bytes(self.tables["events"].raw(event)).decode()
        stamp = self.now() - skew
        digest = hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
        url = self._held("webhook_endpoints", endpoint)["url"]
        return {"url": url, "body": body, "headers": {"Stripe-Signature": f"t={stamp},v1={digest}"}}

    def _held(self, table: str, ident: str) -> Json:
        if ident not in self.tables[table].rows:
            raise KeyError(f"no {self.tables[table].noun} {ident!r}")
        return self.tables[table].rows[ident]


def _ref(value: int | str, ids: Sequence[str]) -> str:
    return ids[value] if isinstance(value, int) else value
