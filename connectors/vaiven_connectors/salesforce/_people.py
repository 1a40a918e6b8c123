"""Accounts, contacts and leads: their fields in the JSON, and what they mean to the hub.

Names and types: jsforce 3.10.16, lib/types/standard-schema.d.ts; developer.salesforce.com, Object Reference, "Account",
"Contact", "Lead". The values of `Lead.Status` are those that an organization begins with. Read 2026-11-25.
"""

from datetime import UTC, datetime, time
from urllib.parse import urlsplit

from vaiven_connectors.salesforce._values import Day, Number, Stamp, Whole, major, minor
from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Company, Person
from vaiven_sdk.model import Lead as UnifiedLead

LEAD_STATUS = {
    "Open - Not Contacted": "new",
    "Working - Contacted": "working",
    "Closed - Converted": "converted",
    "Closed - Not Converted": "unqualified",
}
OUT = {True: "denied", False: "unknown"}
"""Having opted out is a refusal; not having done so is no permission."""


class Account(Record[Company], key="id", cursor="modified_at", hub_id="vaiven_id", merged_into="merged_into"):
    """An organisation."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    is_deleted: bool | None = wire("IsDeleted", read_only=True)
    merged_into: str | None = wire("MasterRecordId", read_only=True)
    vaiven_id: str | None = wire("Vaiven_Id__c")
    name: str | None = wire("Name", to="name")
    website: str | None = wire("Website", to="website")
    phone: str | None = wire("Phone", to="phone")
    industry: str | None = wire("Industry", to="industry", read_only=True)
    employees: Whole = wire("NumberOfEmployees", to="employees")
    revenue: Number = wire("AnnualRevenue")
    currency: str | None = wire("CurrencyIsoCode", to="currency")
    street: str | None = wire("BillingStreet", to="street")
    city: str | None = wire("BillingCity", to="city")
    region: str | None = wire("BillingState", to="region")
    postal_code: str | None = wire("BillingPostalCode", to="postal_code")
    country: str | None = wire("BillingCountry", to="country")
    parent_id: str | None = wire("ParentId", to="parent_id", ref="accounts")
    owner_id: str | None = wire("OwnerId", to="owner_id", ref="users")
    description: str | None = wire("Description", to="description")
    created_at: Stamp = wire("CreatedDate", to="first_seen_at", read_only=True)

    @derive("annual_revenue_minor", back=lambda values: major(values, "annual_revenue_minor", "revenue"))
    def annual_revenue_minor(self) -> int | None:
        """The revenue in minor units of the record's currency."""
        return minor(self.revenue, self.currency)

    @derive("domain")
    def domain(self) -> str | None:
        """The website's host: Salesforce has no field for the domain."""
        return _host(self.website)


class Contact(Record[Person], key="id", cursor="modified_at", hub_id="vaiven_id", merged_into="merged_into"):
    """A person, most often at an account."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    is_deleted: bool | None = wire("IsDeleted", read_only=True)
    merged_into: str | None = wire("MasterRecordId", read_only=True)
    vaiven_id: str | None = wire("Vaiven_Id__c")
    email: str | None = wire("Email", to="email")
    phone: str | None = wire("Phone", to="phone")
    first_name: str | None = wire("FirstName", to="given_name")
    last_name: str | None = wire("LastName", to="family_name")
    name: str | None = wire("Name", to="full_name", read_only=True)
    salutation: str | None = wire("Salutation", to="honorific", read_only=True)
    birth_on: Day = wire("Birthdate", to="birth_on")
    street: str | None = wire("MailingStreet", to="street")
    city: str | None = wire("MailingCity", to="city")
    region: str | None = wire("MailingState", to="region")
    postal_code: str | None = wire("MailingPostalCode", to="postal_code")
    country: str | None = wire("MailingCountry", to="country")
    title: str | None = wire("Title", to="job_title")
    account_id: str | None = wire("AccountId", to="company_id", ref="accounts")
    owner_id: str | None = wire("OwnerId", to="owner_id", ref="users")
    opted_out: bool | None = wire("HasOptedOutOfEmail", to="email_consent", values=OUT, back={"denied": True})
    bounced: str | None = wire("EmailBouncedReason", read_only=True)
    source: str | None = wire("LeadSource", to="source_channel", read_only=True)
    description: str | None = wire("Description", to="description")
    created_at: Stamp = wire("CreatedDate", to="first_seen_at", read_only=True)

    @derive("email_validity")
    def email_validity(self) -> str:
        """Salesforce says why an e-mail came back, and nothing of one that did not."""
        return "hard_bounce" if self.bounced else "unknown"


class Lead(Record[UnifiedLead], key="id", cursor="modified_at", hub_id="vaiven_id", merged_into="merged_into"):
    """An enquiry; once converted it is read only, and names what became of it."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    is_deleted: bool | None = wire("IsDeleted", read_only=True)
    merged_into: str | None = wire("MasterRecordId", read_only=True)
    vaiven_id: str | None = wire("Vaiven_Id__c")
    email: str | None = wire("Email", to="email")
    phone: str | None = wire("Phone", to="phone")
    first_name: str | None = wire("FirstName", to="given_name")
    last_name: str | None = wire("LastName", to="family_name")
    company: str | None = wire("Company", to="company_name")
    title: str | None = wire("Title", to="job_title")
    country: str | None = wire("Country", to="country")
    owner_id: str | None = wire("OwnerId", to="owner_id", ref="users")
    state: str | None = wire("Status")
    source: str | None = wire("LeadSource", to="source", read_only=True)
    description: str | None = wire("Description", to="description")
    is_converted: bool | None = wire("IsConverted", read_only=True)
    converted_on: Day = wire("ConvertedDate", read_only=True)
    contact_id: str | None = wire("ConvertedContactId", to="person_id", ref="contacts", read_only=True)
    account_id: str | None = wire("ConvertedAccountId", to="company_id", ref="accounts", read_only=True)
    deal_id: str | None = wire("ConvertedOpportunityId", to="deal_id", ref="opportunities", read_only=True)

    @derive("status", back=lambda values: _status(values.get("status")))
    def status(self) -> str | None:
        """The flag counts: an organization may give its converted leads any status."""
        if self.is_converted:
            return "converted"
        return None if self.state is None else LEAD_STATUS.get(self.state, "other")

    @derive("converted_at")
    def converted_at(self) -> datetime | None:
        """Salesforce keeps the day alone; noon UTC is the same day nearly everywhere."""
        return datetime.combine(self.converted_on, time(12), UTC) if self.converted_on else None


def _status(wanted: str | None) -> dict[str, str]:
    """The status to write: converting is an act of its own, which no field does."""
    back = {ours: theirs for theirs, ours in LEAD_STATUS.items() if ours != "converted"}
    return {"state": back[wanted]} if wanted in back else {}


def _host(website: str | None) -> str | None:
    if not website:
        return None
    try:
        host = urlsplit(website if "://" in website else f"https://{website}").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host and "." in host else None
