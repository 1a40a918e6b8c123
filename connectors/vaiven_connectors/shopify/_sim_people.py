"""Customers as they are read."""

# ruff: noqa: ARG001 - a resolver takes what GraphQL gives it

from __future__ import annotations

from datetime import datetime
from typing import Any

from vaiven_connectors.shopify._sim_graph import Json, bad_request, desk, kind_of, resolves
from vaiven_connectors.shopify._sim_lists import count, listing, within
from vaiven_connectors.shopify._sim_search import Getter
from vaiven_connectors.shopify._sim_shop import COUNTRIES, money, number_of

CUSTOMER_FIELDS: dict[str, Getter] = {
    "": lambda row: " ".join(str(row[name] or "") for name in ("firstName", "lastName", "email", "phone")),
    "id": lambda row: number_of(row["id"]),
    "email": lambda row: row["email"],
    "phone": lambda row: row["phone"],
    "first_name": lambda row: row["firstName"],
    "last_name": lambda row: row["lastName"],
    "state": lambda row: row["state"],
    "tag": lambda row: row["tags"],
    "country": lambda row: [COUNTRIES.get(one["countryCodeV2"], one["countryCodeV2"]) for one in row["addresses"]],
    "accepts_marketing": lambda row: row["emailConsent"]["marketingState"] == "SUBSCRIBED",
    "customer_date": lambda row: row["createdAt"],
    "created_at": lambda row: row["createdAt"],
    "updated_at": lambda row: row["updatedAt"],
}
"""What `customers` can be searched by (shopify.dev, query customers: argument `query`)."""


@resolves("QueryRoot.customers")
def customers(row: Json, info: Any, **arguments: Any) -> Json:
    """The shop's customers."""
    here = desk(info)
    return listing(here, here.shop.customers, CUSTOMER_FIELDS, arguments, "customers")


@resolves("QueryRoot.customersCount")
def customers_count(row: Json, info: Any, **arguments: Any) -> Json:
    """How many there are."""
    return count(desk(info).shop.customers, CUSTOMER_FIELDS, arguments)


@resolves("QueryRoot.customer")
def customer(row: Json, info: Any, id: str) -> Json | None:  # noqa: A002 - the vendor's name
    """One customer."""
    if kind_of(id) != "Customer":
        raise bad_request(f"Invalid global id '{id}'")
    return desk(info).shop.customers.find(id)


@resolves("QueryRoot.customerByIdentifier")
def customer_by_identifier(row: Json, info: Any, identifier: Json) -> Json | None:
    """One customer by id, address or number."""
    kept = desk(info).shop.customers
    if identifier.get("id"):
        return kept.find(identifier["id"])
    if identifier.get("emailAddress"):
        return kept.by("email", identifier["emailAddress"])
    return kept.by("phone", identifier.get("phoneNumber"))


@resolves("Customer.legacyResourceId", "Order.legacyResourceId", "Product.legacyResourceId", "Refund.legacyResourceId")
@resolves("ProductVariant.legacyResourceId", "Metafield.legacyResourceId", "WebhookSubscription.legacyResourceId")
@resolves("InventoryItem.legacyResourceId")
def legacy_id(row: Json, info: Any) -> str:
    """The number in the global id."""
    return number_of(row["id"])


@resolves("Customer.displayName")
def display_name(row: Json, info: Any) -> str:
    """Name, address or number, the first that there is."""
    return "" if desk(info).protected != "approved" else str(row["displayName"])


@resolves("Customer.numberOfOrders")
def number_of_orders(row: Json, info: Any) -> str:
    """Orders so far."""
    return str(len(desk(info).shop.orders.select(customerId=row["id"])))


@resolves("Customer.amountSpent")
def amount_spent(row: Json, info: Any) -> Json:
    """What was paid, in the shop's currency."""
    return money(desk(info).shop.amount_spent(row["id"]))


@resolves("Customer.lastOrder")
def last_order(row: Json, info: Any) -> Json | None:
    """The newest order."""
    found = desk(info).shop.orders.select("processedAt", down=True, customerId=row["id"]).page(1)
    return found[0].row if found else None


@resolves("Customer.orders")
def orders_of(row: Json, info: Any, **arguments: Any) -> Json:
    """The customer's orders."""
    from vaiven_connectors.shopify._sim_sales import ORDER_FIELDS  # noqa: PLC0415 - each reads the other

    here = desk(info)
    return listing(here, here.shop.orders, ORDER_FIELDS, arguments, "orders", customerId=row["id"])


@resolves("Customer.canDelete")
def can_delete(row: Json, info: Any) -> bool:
    """Whether nothing was ordered."""
    return number_of_orders(row, info) == "0"


@resolves("Customer.defaultEmailAddress")
def email_address(row: Json, info: Any) -> Json | None:
    """The address with its consent; `REDACTED` is no state of an address."""
    if not row["email"]:
        return None
    held = row["emailConsent"]
    state = held["marketingState"]
    return {
        "emailAddress": row["email"],
        "marketingState": "NOT_SUBSCRIBED" if state == "REDACTED" else state,
        "marketingOptInLevel": held["marketingOptInLevel"],
        "marketingUpdatedAt": held["consentUpdatedAt"],
        "marketingUnsubscribeUrl": _unsubscribe(row, info),
        "openTrackingLevel": "UNKNOWN",
        "openTrackingUrl": f"https://{desk(info).shop.domain}/account/open_tracking",
        "validFormat": True,
    }


@resolves("Customer.defaultPhoneNumber")
def phone_number(row: Json, info: Any) -> Json | None:
    """The number with its consent."""
    if not row["phone"]:
        return None
    held = row["smsConsent"]
    state = held["marketingState"]
    return {
        "phoneNumber": row["phone"],
        "marketingState": state,
        "marketingOptInLevel": held["marketingOptInLevel"],
        "marketingUpdatedAt": held["consentUpdatedAt"],
        "marketingCollectedFrom": held["_by"],
        "smsMarketingConsent": {
            # CustomerMarketingConsentState has another word for it than CustomerSmsMarketingState.
            "state": "NEVER_SUBSCRIBED" if state == "NOT_SUBSCRIBED" else state,
            "optInLevel": held["marketingOptInLevel"],
            "updatedAt": held["consentUpdatedAt"],
            "collectedFrom": held["_by"],
        },
    }


@resolves("Customer.emailMarketingConsent")
def email_consent(row: Json, info: Any) -> Json | None:
    """The older field for the same; none without an address."""
    return row["emailConsent"] if row["email"] else None


@resolves("Customer.smsMarketingConsent")
def sms_consent(row: Json, info: Any) -> Json | None:
    """The older field for the same; none without a number."""
    if not row["phone"]:
        return None
    held = row["smsConsent"]
    level = held["marketingOptInLevel"] or "UNKNOWN"
    return {**held, "marketingOptInLevel": level, "consentCollectedFrom": held["_by"]}


@resolves("Customer.addresses")
def addresses(row: Json, info: Any, first: int | None = None) -> list[Json]:
    """All addresses."""
    held: list[Json] = row["addresses"]
    return held[:first]


@resolves("Customer.addressesV2")
def addresses_v2(row: Json, info: Any, **arguments: Any) -> Json:
    """All addresses, in pages."""
    return within(desk(info), row["addresses"], arguments)


@resolves("Customer.defaultAddress")
def default_address(row: Json, info: Any) -> Json | None:
    """The first address."""
    return row["addresses"][0] if row["addresses"] else None


@resolves("Customer.validEmailAddress")
def valid_email(row: Json, info: Any) -> bool:
    """Whether there is an address."""
    return bool(row["email"])


@resolves("Customer.unsubscribeUrl")
def _unsubscribe(row: Json, info: Any) -> str:
    """Where the customer says no."""
    return f"https://{desk(info).shop.domain}/account/unsubscribe/{number_of(row['id'])}"


@resolves("Customer.lifetimeDuration")
def lifetime(row: Json, info: Any) -> str:
    """How long ago the record was made, in words."""
    days = (desk(info).shop.clock.now() - datetime.fromisoformat(row["createdAt"])).days
    return f"{max(days, 0)} days"


@resolves("Customer.mergeable")
def mergeable(row: Json, info: Any) -> Json:
    """Nothing here stands in the way of a merge."""
    return {"isMergeable": True, "errorFields": [], "reason": None, "mergeInProgress": None}


@resolves("Customer.statistics")
def statistics(row: Json, info: Any) -> Json:
    """Shopify's own predictions: none yet."""
    return {"predictedSpendTier": None, "rfmGroup": None}


@resolves("Customer.productSubscriberStatus")
def subscriber(row: Json, info: Any) -> str:
    """Of subscriptions to products."""
    return "NEVER_SUBSCRIBED"


@resolves("MailingAddress.name")
def address_name(row: Json, info: Any) -> str:
    """First and last name."""
    return " ".join(part for part in (row.get("firstName"), row.get("lastName")) if part)


@resolves("MailingAddress.formatted")
def formatted(row: Json, info: Any, withName: bool = False, withCompany: bool = True) -> list[str]:  # noqa: FBT001, FBT002, N803
    """The lines of a label."""
    place = " ".join(part for part in (row.get("zip"), row.get("city")) if part)
    named = [address_name(row, info)] if withName else []
    firm = [row.get("company")] if withCompany else []
    return [line for line in (*named, *firm, row.get("address1"), row.get("address2"), place) if line]


@resolves("MailingAddress.country", "MailingAddress.formattedArea")
def country(row: Json, info: Any) -> str | None:
    """The country's name."""
    code = row.get("countryCodeV2")
    return COUNTRIES.get(code, code) if code else None


@resolves("MailingAddress.countryCode")
def country_code(row: Json, info: Any) -> str | None:
    """The older field."""
    return row.get("countryCodeV2")


@resolves("MailingAddress.coordinatesValidated")
def coordinates_validated(row: Json, info: Any) -> bool:
    """Addresses of a simulator are on no map."""
    return False
