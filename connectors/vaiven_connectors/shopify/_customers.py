"""Shopify's customers (types Customer, CustomerEmailAddress and CustomerPhoneNumber of admin_2026-10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime

from vaiven_sdk import Proof, Record, derive, proof, wire
from vaiven_sdk.model import Person

from ._graphql import meta

NAMESPACE = "vaiven"
HUB_ID, SCORE, STAGE = (meta(NAMESPACE, key) for key in ("id", "lead_score", "lifecycle"))
TYPES = {"id": "id", "lead_score": "number_decimal", "lifecycle": "single_line_text_field"}
"""Our metafields and their types; Shopify keeps values of the type `id` unique."""

EMAIL_STATES = {
    "SUBSCRIBED": "granted",
    "UNSUBSCRIBED": "denied",
    "PENDING": "pending",
    "NOT_SUBSCRIBED": "unknown",
    "INVALID": "unknown",
}
"""CustomerEmailAddressMarketingState; NOT_SUBSCRIBED is how everybody begins, so it is no refusal."""
SMS_STATES = {
    "SUBSCRIBED": "granted",
    "UNSUBSCRIBED": "denied",
    "PENDING": "pending",
    "NEVER_SUBSCRIBED": "unknown",
    "REDACTED": "denied",
}
"""CustomerMarketingConsentState."""
CONFIRMED, OURS = "CONFIRMED_OPT_IN", "SHOPIFY"
"""CustomerMarketingOptInLevel: the customer "receives a confirmation and is required to perform a intermediate step";
CustomerConsentCollectedFrom: "collected by Shopify", where it is text messages (shopify.dev, both 2026-10, read
2026-11-25)."""
# Only these two are set: PENDING would ask somebody for a confirmation, and the others are Shopify's own.
SET = {"granted": "SUBSCRIBED", "denied": "UNSUBSCRIBED"}


def _text(value: str | None) -> str | None:
    return value or None


class Customer(Record[Person], key="id", cursor="updated_at", hub_id="vaiven_id"):
    """Somebody who bought, or may. Every field of the person is null where Shopify withholds it or has erased it."""

    id: str = wire(read_only=True)
    first_name: str | None = wire("firstName", to="given_name")
    last_name: str | None = wire("lastName", to="family_name")
    email: str | None = wire("defaultEmailAddress.emailAddress", to="email")
    email_state: str | None = wire(
        "defaultEmailAddress.marketingState", to="email_consent", values=EMAIL_STATES, back=SET
    )
    email_opt_in: str | None = wire("defaultEmailAddress.marketingOptInLevel", read_only=True)
    email_decided_at: AwareDatetime | None = wire("defaultEmailAddress.marketingUpdatedAt", read_only=True)
    email_valid: bool | None = wire("defaultEmailAddress.validFormat", read_only=True)
    phone: str | None = wire("defaultPhoneNumber.phoneNumber", to="phone")
    sms_state: str | None = wire(
        "defaultPhoneNumber.smsMarketingConsent.state", to="sms_consent", values=SMS_STATES, back=SET
    )
    sms_opt_in: str | None = wire("defaultPhoneNumber.smsMarketingConsent.optInLevel", read_only=True)
    sms_from: str | None = wire("defaultPhoneNumber.smsMarketingConsent.collectedFrom", read_only=True)
    sms_decided_at: AwareDatetime | None = wire("defaultPhoneNumber.smsMarketingConsent.updatedAt", read_only=True)
    address1: str | None = wire("defaultAddress.address1", read_only=True)
    address2: str | None = wire("defaultAddress.address2", read_only=True)
    city: str | None = wire("defaultAddress.city", to="city", read_only=True)
    province_code: str | None = wire("defaultAddress.provinceCode", read_only=True)
    province: str | None = wire("defaultAddress.province", read_only=True)
    zip: str | None = wire("defaultAddress.zip", to="postal_code", read_only=True)
    country: str | None = wire("defaultAddress.countryCodeV2", to="country", read_only=True)
    company: str | None = wire("defaultAddress.company", to="company_name", read_only=True)
    locale: str | None = wire("locale", to="locale")
    tags: list[str] | None = wire("tags", to="tags")
    note: str | None = wire("note", to="description")
    number_of_orders: int | None = wire("numberOfOrders", read_only=True)
    spent: Decimal | None = wire("amountSpent.amount", read_only=True)
    currency: str | None = wire("amountSpent.currencyCode", to="currency", read_only=True)
    lead_score: Decimal | None = wire(f"{SCORE}.value", to="lead_score")
    lifecycle: str | None = wire(f"{STAGE}.value", to="lifecycle")
    created_at: AwareDatetime | None = wire("createdAt", to="first_seen_at", read_only=True)
    updated_at: AwareDatetime = wire("updatedAt", read_only=True)
    vaiven_id: str | None = wire(f"{HUB_ID}.value")

    @derive("street")
    def street(self) -> str | None:
        """Both lines of the default address."""
        return "\n".join(line for line in (self.address1, self.address2) if line) or None

    @derive("region")
    def region(self) -> str | None:
        """The code where the country has codes."""
        return _text(self.province_code) or self.province

    @proof("email_consent")
    def email_act(self) -> Proof | None:
        """The link in Shopify's message that asks to confirm.

        SINGLE_OPT_IN and UNKNOWN prove nothing: the staff's tick, an import and any app end there as well as a form
        does. Nor does UNSUBSCRIBED, for Shopify keeps who decided of no state.
        """
        if self.email_state != "SUBSCRIBED" or self.email_opt_in != CONFIRMED or self.email_decided_at is None:
            return None
        return Proof(self.email_decided_at, f"email consent of {self.id}", via="double opt-in")

    @proof("sms_consent")
    def sms_act(self) -> Proof | None:
        """The same of text messages, if Shopify itself collected it: elsewhere it is what an app claims."""
        at = self.sms_decided_at
        if self.sms_state != "SUBSCRIBED" or (self.sms_opt_in, self.sms_from) != (CONFIRMED, OURS) or at is None:
            return None
        return Proof(at, f"sms consent of {self.id}", via="double opt-in")

    @derive("email_validity")
    def email_validity(self) -> str | None:
        """Shopify looks at the address's form alone."""
        return "invalid" if self.email_valid is False else None


def is_blank(customer: dict[str, Any]) -> bool:
    """Whether nothing says who it is, though Shopify demands a name, a phone number or an address of each customer.

    So it is when Shopify withholds protected customer data, and of a person who was erased.
    """
    who = ("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber", "defaultAddress")
    return not any(customer.get(field) for field in who)
