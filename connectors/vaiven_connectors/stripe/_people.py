"""Stripe's customers (docs.stripe.com/api/customers/object; stripe 16.1.0 `Customer`, read 2026-11-22)."""

from __future__ import annotations

from pydantic import AwareDatetime

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Person


class Customer(Record[Person], key="id", clear="", hub_id="vaiven_id"):
    """Who pays. Only our own metadata is written: the rest is billing data and belongs to Stripe."""

    id: str = wire(read_only=True)
    name: str | None = wire("name", read_only=True)
    individual_name: str | None = wire("individual_name", read_only=True)
    business_name: str | None = wire("business_name", to="company_name", read_only=True)
    email: str | None = wire("email", to="email", read_only=True)
    phone: str | None = wire("phone", to="phone", read_only=True)
    line1: str | None = wire("address.line1", read_only=True)
    line2: str | None = wire("address.line2", read_only=True)
    city: str | None = wire("address.city", to="city", read_only=True)
    state: str | None = wire("address.state", to="region", read_only=True)
    postal_code: str | None = wire("address.postal_code", to="postal_code", read_only=True)
    country: str | None = wire("address.country", to="country", read_only=True)
    locale: str | None = wire("preferred_locales.0", to="locale", read_only=True)
    currency: str | None = wire("currency", to="currency", read_only=True)
    description: str | None = wire("description", to="description", read_only=True)
    created: AwareDatetime | None = wire("created", to="first_seen_at", read_only=True)
    livemode: bool | None = wire("livemode", read_only=True)
    lifecycle: str | None = wire("metadata.vaiven_lifecycle", to="lifecycle")
    vaiven_id: str | None = wire("metadata.vaiven_id")

    @derive("full_name")
    def full_name(self) -> str | None:
        """The person's own name; `name` may be the business's where there is no better one."""
        return self.individual_name or self.name

    @derive("street")
    def street(self) -> str | None:
        """Both lines of the address."""
        return "\n".join(line for line in (self.line1, self.line2) if line)

    @derive("is_test")
    def is_test(self) -> bool | None:
        """Made in a sandbox."""
        return None if self.livemode is None else not self.livemode
