"""Customers, products, prices and payment methods of the Stripe simulator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vaiven_connectors.stripe import _sim_objects as new
from vaiven_connectors.stripe._sim_core import CREATED, LIST, Call, StripeCore, operation
from vaiven_connectors.stripe._sim_wire import Json, StripeError, bad, empty, merge_metadata, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), "str")
SHIPPING = {"address": ADDRESS, "name": "str", "phone": "str", "carrier": "str", "tracking_number": "str"}
CUSTOMER = {
    "address": ADDRESS,
    "balance": "int",
    "description": "str",
    "email": "str",
    "invoice_prefix": "str",
    "invoice_settings": {"default_payment_method": "str", "footer": "str"},
    "metadata": "meta",
    "name": "str",
    "payment_method": "str",
    "phone": "str",
    "preferred_locales": ["str"],
    "shipping": SHIPPING,
    "source": "str",
    "tax_exempt": "exempt|none|reverse?",
}
"""Parameters served of CustomerCreateParams and CustomerUpdateParams (stripe-python 16.1.0)."""
PRODUCT = {
    "active": "bool",
    "default_price": "str",
    "description": "str",
    "images": ["str"],
    "marketing_features": [{"name!": "str"}],
    "metadata": "meta",
    "name": "str",
    "shippable": "bool",
    "statement_descriptor": "str",
    "tax_code": "str",
    "unit_label": "str",
    "url": "str",
}
PRICE = {"active": "bool", "lookup_key": "str", "metadata": "meta", "nickname": "str", "tax_behavior": "str"}
RECURRING = {
    "interval!": "day|week|month|year",
    "interval_count": "int",
    "usage_type": "licensed|metered",
    "trial_period_days": "int",
}
CARDS: dict[str, tuple[str, str, tuple[str, str] | None]] = {
    "visa": ("visa", "4242", None),
    "visa_debit": ("visa", "5556", None),
    "mastercard": ("mastercard", "4444", None),
    "amex": ("amex", "8431", None),
    "chargeDeclined": ("visa", "0002", ("card_declined", "generic_decline")),
    "chargeDeclinedInsufficientFunds": ("visa", "9995", ("card_declined", "insufficient_funds")),
    "visa_chargeDeclinedInsufficientFunds": ("visa", "9995", ("card_declined", "insufficient_funds")),
    "visa_chargeDeclinedLostCard": ("visa", "9987", ("card_declined", "lost_card")),
    "chargeDeclinedExpiredCard": ("visa", "0069", ("expired_card", "expired_card")),
    "chargeCustomerFail": ("visa", "0341", ("card_declined", "generic_decline")),
    "visa_chargeDeclined": ("visa", "0002", ("card_declined", "generic_decline")),
}
"""Brand, last4 and decline of `tok_...` and `pm_card_...` (https://docs.stripe.com/testing, 2026-11-22)."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class Catalog(StripeCore):
    """Who buys, what is sold, and the cards."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.declines: dict[str, tuple[str, str]] = {}

    def put_customer(self, given: Json) -> Json:
        """Create a customer; e-mail addresses are neither unique nor lower-cased."""
        _check_email(given)
        ident = given.get("id") or self.new_id("cus")
        row = new.customer(ident, self.now(), live=self.live, invoice_prefix=self.text(8).upper())
        metadata = merge_metadata({}, given.get("metadata"))
        row.update(self._customer_changes(row, given), metadata=metadata)
        for param in ("source", "payment_method"):
            if given.get(param):
                held = self.method_for(given[param], ident, param)
                if param == "source":
                    row["default_source"] = held["id"]
        return self.add("customers", row, "customer.created")

    @staticmethod
    def _customer_changes(row: Json, given: Mapping[str, Any]) -> Json:
        skip = {"id", "metadata", "source", "payment_method", "expand", "created"}
        changes = {name: value for name, value in given.items() if name not in skip}
        if changes.get("address"):
            changes["address"] = {**new.no_address(), **(row["address"] or {}), **changes["address"]}
        if changes.get("invoice_settings"):
            changes["invoice_settings"] = {**row["invoice_settings"], **changes["invoice_settings"]}
        if changes.get("shipping"):
            place = {**new.no_address(), **(changes["shipping"].get("address") or {})}
            blank = dict.fromkeys(("carrier", "name", "phone", "tracking_number"))
            changes["shipping"] = {**blank, **changes["shipping"], "address": place}
        if changes.get("balance", 0) is None:
            changes["balance"] = 0
        return changes

    def edit_customer_row(self, row: Json, given: Json) -> Json:
        """Apply an update: what is not named stays, '' unsets, metadata merges."""
        _check_email(given)
        changes = self._customer_changes(row, given)
        if "metadata" in given:
            changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
        if given.get("source"):
            changes["default_source"] = self.method_for(given["source"], row["id"], "source")["id"]
        return self.change("customers", row, changes, "customer.updated")

    def remove_customer(self, ident: str) -> Json:
        """Delete for good: out of every list; the id still answers, with `deleted`."""
        row = self.row("customers", ident)
        self.tables["customers"].remove(ident)
        self.deleted[ident] = {"id": ident, "object": "customer", "deleted": True}
        self.emit("customer.deleted", "customers", row)
        return self.deleted[ident]

    def method_for(self, token: str, customer: str | None, param: str) -> Json:
        """The payment method that a token or an id stands for; a token makes a new card each time."""
        held = self.tables["payment_methods"].rows.get(token)
        if held is not None:
            if customer and held["customer"] is None:
                self.change("payment_methods", held, {"customer": customer}, "payment_method.attached")
            return held
        name = token.removeprefix("pm_card_").removeprefix("tok_")
        if name == token or name not in CARDS:
            raise missing("token" if param == "source" else "PaymentMethod", token, param)
        brand, last4, decline = CARDS[name]
        ident = self.new_id("card" if param == "source" else "pm")
        row = new.payment_method(ident, self.now(), live=self.live, brand=brand, last4=last4)
        row["customer"] = customer
        if decline:
            self.declines[ident] = decline
        return self.add("payment_methods", row, "payment_method.attached" if customer else None)

    @operation("GET", "/v1/customers")
    def list_customers(self, call: Call) -> bytes:
        """Newest first; `email` is an exact, case-sensitive filter."""
        params = call.check({**LIST, "created": CREATED, "email": "str"})
        return self.list_page("customers", params, equal=["email"])

    @operation("POST", "/v1/customers")
    def create_customer(self, call: Call) -> Json:
        """Create a customer."""
        return self.put_customer(call.check(CUSTOMER))

    @operation("GET", "/v1/customers/{id}")
    def retrieve_customer(self, call: Call) -> Json:
        """Retrieve a customer; a deleted one answers too."""
        call.check({})
        return self.deleted.get(call.id) or self.row("customers", call.id)

    @operation("POST", "/v1/customers/{id}")
    def update_customer(self, call: Call) -> Json:
        """Update a customer."""
        params = call.check({**CUSTOMER, "default_source": "str"})
        return self.edit_customer_row(self.row("customers", call.id), params)

    @operation("DELETE", "/v1/customers/{id}")
    def delete_customer_endpoint(self, call: Call) -> Json:
        """Delete a customer."""
        call.check({})
        return self.remove_customer(call.id)

    @operation("GET", "/v1/customers/{id}/payment_methods")
    def list_customer_methods(self, call: Call) -> bytes:
        """Cards of one customer."""
        params = call.check({**LIST, "type": "str"})
        self.row("customers", call.id)
        url = f"/v1/customers/{call.id}/payment_methods"
        return self.list_page("payment_methods", {**params, "customer": call.id}, equal=["customer"], url=url)

    @operation("GET", "/v1/payment_methods")
    def list_methods(self, call: Call) -> bytes:
        """Payment methods, of one customer when asked."""
        return self.list_page(
            "payment_methods", call.check({**LIST, "type": "str", "customer": "str"}), equal=["customer"]
        )

    @operation("GET", "/v1/payment_methods/{id}")
    def retrieve_method(self, call: Call) -> Json:
        """Retrieve a payment method."""
        call.check({})
        return self.row("payment_methods", call.id)

    @operation("POST", "/v1/payment_methods/{id}/attach")
    def attach_method(self, call: Call) -> Json:
        """Give a card to a customer; a test token makes a new card."""
        customer = call.check({"customer!": "str"})["customer"]
        self.row("customers", customer, "customer")
        held = self.tables["payment_methods"].rows.get(call.id)
        if held is not None and held["customer"] not in {None, customer}:
            raise StripeError(400, "The payment method you provided has already been attached to a customer.")
        return self.method_for(call.id, customer, "payment_method")

    @operation("GET", "/v1/products")
    def list_products(self, call: Call) -> bytes:
        """Products, by `active`, `ids` or `created`."""
        params = call.check(
            {**LIST, "created": CREATED, "active": "bool", "ids": ["str"], "shippable": "bool", "url": "str"}
        )
        names = [n for n in ("active", "shippable", "url") if params.get(n) is not None]
        ids = params.get("ids")
        if not names and not ids:
            return self.list_page("products", params)
        return self.list_page(
            "products",
            params,
            keep=lambda p: all(p[n] == params[n] for n in names) and (not ids or p["id"] in ids),
        )

    @operation("POST", "/v1/products")
    def create_product(self, call: Call) -> Json:
        """Create a product, its id chosen by the caller if wanted."""
        default = {
            "currency!": "currency",
            "unit_amount": "int",
            "unit_amount_decimal": "str",
            "recurring": RECURRING,
        }
        spec = {n: k for n, k in PRODUCT.items() if n not in {"name", "default_price"}}
        given = call.check({**spec, "name!": "str", "id": "str", "type": "good|service", "default_price_data": default})
        return self.put_product(given)

    def put_product(self, given: Json) -> Json:
        """Create a product."""
        if not given.get("name"):
            raise empty("name")
        ident = given.get("id") or self.new_id("prod")
        if ident in self.tables["products"].rows:
            raise StripeError(400, "Product already exists.", code="resource_already_exists")
        row = new.product(ident, self.now(), live=self.live, name=given["name"])
        skip = {"id", "metadata", "default_price_data", "expand", "created"}
        row.update(
            {n: v for n, v in given.items() if n not in skip},
            metadata=merge_metadata({}, given.get("metadata")),
        )
        self.add("products", row)
        if given.get("default_price_data"):
            row["default_price"] = self.put_price({**given["default_price_data"], "product": ident})["id"]
        self.emit("product.created", "products", row)
        return row

    @operation("GET", "/v1/products/{id}")
    def retrieve_product(self, call: Call) -> Json:
        """Retrieve a product; a deleted one is a 404."""
        call.check({})
        return self.row("products", call.id)

    @operation("POST", "/v1/products/{id}")
    def update_product(self, call: Call) -> Json:
        """Update a product; `updated` moves with it."""
        return self.edit_product_row(self.row("products", call.id), call.check(PRODUCT))

    def edit_product_row(self, row: Json, given: Json) -> Json:
        """Apply an update."""
        changes = {name: value for name, value in given.items() if name not in {"metadata", "expand"}}
        if changes.get("default_price"):
            self.row("prices", changes["default_price"], "default_price")
        if "metadata" in given:
            changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
        return self.change("products", row, changes, "product.updated")

    @operation("DELETE", "/v1/products/{id}")
    def delete_product_endpoint(self, call: Call) -> Json:
        """Delete a product; one with prices can only be archived (stripe-python issue 658)."""
        call.check({})
        row = self.row("products", call.id)
        if next(self.tables["prices"].having("product", call.id), None):
            raise StripeError(400, "This product cannot be deleted because it has one or more user-created prices.")
        self.tables["products"].remove(call.id)
        self.deleted[call.id] = {"id": call.id, "object": "product", "deleted": True}
        self.emit("product.deleted", "products", row)
        return self.deleted[call.id]

    @operation("GET", "/v1/prices")
    def list_prices(self, call: Call) -> bytes:
        """Prices, by product, currency, type, lookup key or `active`."""
        spec = {"product": "str", "active": "bool", "currency": "currency", "type": "one_time|recurring"}
        params = call.check({**LIST, **spec, "created": CREATED, "lookup_keys": ["str"]})
        names = [n for n in ("active", "currency", "type") if params.get(n) is not None]
        keys = params.get("lookup_keys")
        keep: Callable[[Json], bool] | None = None
        if names or keys:

            def fits(price: Json) -> bool:
                return all(price[n] == params[n] for n in names) and (not keys or price["lookup_key"] in keys)

            keep = fits

        return self.list_page("prices", params, equal=["product"], keep=keep)

    @operation("POST", "/v1/prices")
    def create_price(self, call: Call) -> Json:
        """Create a price for a product, which may be made on the way."""
        more = {
            "currency!": "currency",
            "product": "str",
            "product_data": {"name!": "str", "metadata": "meta", "active": "bool", "id": "str"},
            "recurring": RECURRING,
            "unit_amount": "int",
            "unit_amount_decimal": "str",
            "billing_scheme": "per_unit",
        }
        given = call.check({**PRICE, **more})
        if given.get("product_data"):
            given["product"] = self.put_product(given["product_data"])["id"]
        if not given.get("product"):
            raise bad("Missing required param: product.", code="parameter_missing", param="product")
        return self.put_price(given)

    def put_price(self, given: Json) -> Json:
        """Create a price; its amount and currency never change again."""
        self.row("products", given["product"], "product")
        amount, decimal = given.get("unit_amount"), given.get("unit_amount_decimal")
        if amount is None and decimal is not None and re.fullmatch(r"\d+(\.0+)?", decimal):
            amount = int(decimal.split(".")[0])
        if amount is None and decimal is None:
            raise bad(
                "Either `unit_amount` or `unit_amount_decimal` is required.",
                code="parameter_missing",
                param="unit_amount",
            )
        ident = given.get("id") or self.new_id("price")
        row = new.price(
            ident,
            self.now(),
            live=self.live,
            currency=given["currency"],
            product_id=given["product"],
            amount=amount,
        )
        row["unit_amount_decimal"] = decimal or str(amount)
        row.update({name: given[name] for name in PRICE if name in given and name != "metadata"})
        row["metadata"] = merge_metadata({}, given.get("metadata"))
        if given.get("recurring"):
            usual: Json = {
                "interval_count": 1,
                "meter": None,
                "trial_period_days": None,
                "usage_type": "licensed",
            }
            row["recurring"] = {**usual, **given["recurring"]}
            row["type"] = "recurring"
        return self.add("prices", row, "price.created")

    @operation("GET", "/v1/prices/{id}")
    def retrieve_price(self, call: Call) -> Json:
        """Retrieve a price."""
        call.check({})
        return self.row("prices", call.id)

    @operation("POST", "/v1/prices/{id}")
    def update_price(self, call: Call) -> Json:
        """Update what of a price can change."""
        given = call.check(PRICE)
        row = self.row("prices", call.id)
        if given.get("active") is False and self.tables["products"].rows[row["product"]]["default_price"] == call.id:
            raise StripeError(400, "This price cannot be archived because it is the default price of its product.")
        changes = {name: value for name, value in given.items() if name not in {"metadata", "expand"}}
        if "metadata" in given:
            changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
        return self.change("prices", row, changes, "price.updated")


def _check_email(given: Mapping[str, Any]) -> None:
    email = given.get("email")
    if email and not _EMAIL.fullmatch(email):
        raise StripeError(400, f"Invalid email address: {email}", code="email_invalid", param="email")
