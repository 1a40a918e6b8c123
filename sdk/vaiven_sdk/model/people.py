"""People and companies, the addresses they are reached at and the identifiers they are known by."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from ._base import Clean, Entity, Key, Merge, Pii, Ref, RefBy
from ._types import Country, Currency, Instant, Language, Minor, Name, Rate, Text, Url
from .consent import ConsentStatus


class Lifecycle(StrEnum):
    """How far a person or company has come with the tenant."""

    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    MARKETING_QUALIFIED = "marketing_qualified"
    SALES_QUALIFIED = "sales_qualified"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"
    EVANGELIST = "evangelist"
    CHURNED = "churned"
    OTHER = "other"


class ContactPointType(StrEnum):
    """What kind of address a contact point is."""

    EMAIL = "email"
    PHONE = "phone"
    POSTAL = "postal"
    PUSH = "push"
    SOCIAL = "social"
    MESSENGER = "messenger"
    OTHER = "other"


class Validity(StrEnum):
    """What the last attempts to reach a contact point have shown."""

    VALID = "valid"
    UNKNOWN = "unknown"
    SOFT_BOUNCE = "soft_bounce"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINED = "complained"
    INVALID = "invalid"
    OTHER = "other"


class Strength(StrEnum):
    """How much an equal identifier proves."""

    UNIQUE_IMMUTABLE = "unique_immutable"
    """One entity for ever: a vendor's record id."""
    UNIQUE = "unique"
    """One entity at a time, but it can be changed or passed on: an e-mail address."""
    SHARED = "shared"
    """Several entities: a household's phone."""
    EPHEMERAL = "ephemeral"
    """One device or session: a cookie."""


class Person(Entity):
    """A human being, made of every source record that was found to be the same one.

    `email`, `phone`, the postal address and the two consents speak of the person's PRIMARY contact points.
    Mappings read and write them here; the engine derives `contact_point`, `consent_state` and `consent_event`
    rows from them.
    """

    plural: ClassVar[str] = "people"

    external_id: Annotated[str | None, Key("external_id", limit=1, priority=1), Clean("text")] = None
    """The tenant's own customer number, the same in every tool that knows it."""
    email: Annotated[str | None, Key("email", limit=5, priority=2), Clean("email"), Pii.CONTACT] = None
    """Primary e-mail address, in lower case with the domain in its IDNA form; a plus tag is kept."""
    phone: Annotated[str | None, Key("phone", limit=2, priority=3), Clean("phone"), Pii.CONTACT] = None
    """Primary phone number in E.164 when the country is known, else the digits as they were typed."""
    given_name: Annotated[Name | None, Pii.CONTACT] = None
    """First name, with middle names if the tool keeps them together."""
    family_name: Annotated[Name | None, Pii.CONTACT] = None
    """Last name."""
    full_name: Annotated[Name | None, Pii.CONTACT] = None
    """Whole name as the source shows it; never split by guessing."""
    honorific: Annotated[Name | None, Pii.CONTACT] = None
    """Form of address before the name, as in `Dr`."""
    birth_on: Annotated[date | None, Pii.SENSITIVE] = None
    """Date of birth; never shifted by a time zone."""
    gender: Annotated[Text | None, Pii.SENSITIVE] = None
    """Gender in the words of the source."""
    street: Annotated[Text | None, Pii.CONTACT] = None
    """Street, number and unit of the primary postal address; lines are parted by a line feed."""
    city: Annotated[Name | None, Pii.CONTACT] = None
    """Town of the primary postal address."""
    region: Annotated[Name | None, Pii.CONTACT] = None
    """State, province or county: the ISO 3166-2 part after the country (`CA`), else the name."""
    postal_code: Annotated[Text | None, Pii.CONTACT] = None
    """Postal code as written in its country."""
    country: Country | None = None
    """Country of the primary postal address."""
    job_title: Name | None = None
    """Position at the company."""
    company_name: Name | None = None
    """Employer in the person's own words; `company_id` is the resolved one."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Primary company; all roles are in `person_company`."""
    owner_id: Annotated[str | None, Ref("user")] = None
    """The tenant's own person who looks after this one."""
    website: Annotated[Url | None, Pii.CONTACT] = None
    """Personal or company home page."""
    locale: Language | None = None
    """Language and region for messages."""
    timezone: Text | None = None
    """IANA time zone, as in `Europe/Madrid`."""
    lifecycle: Lifecycle | None = None
    """Stage of the relationship."""
    lead_score: Rate | None = None
    """The tool's own score; the scale is the tool's."""
    tags: Annotated[list[str] | None, Merge.UNION] = None
    """Labels; a set, kept in alphabetical order."""
    email_consent: Annotated[ConsentStatus | None, Merge.MOST_RESTRICTIVE] = None
    """May marketing e-mail be sent to `email`?"""
    sms_consent: Annotated[ConsentStatus | None, Merge.MOST_RESTRICTIVE] = None
    """May marketing text messages be sent to `phone`?"""
    email_validity: Validity | None = None
    """What sending to `email` has shown."""
    source_channel: Text | None = None
    """Where the person first came from, as in `organic_search`."""
    source_campaign: Text | None = None
    """Name of the campaign that first brought the person."""
    utm_source: Text | None = None
    """`utm_source` of the first known visit."""
    utm_medium: Text | None = None
    """`utm_medium` of the first known visit."""
    utm_campaign: Text | None = None
    """`utm_campaign` of the first known visit."""
    utm_term: Text | None = None
    """`utm_term` of the first known visit."""
    utm_content: Text | None = None
    """`utm_content` of the first known visit."""
    first_seen_at: Annotated[Instant | None, Merge.EARLIEST] = None
    """First time that any tool knew the person."""
    last_seen_at: Annotated[Instant | None, Merge.LATEST] = None
    """Last time that the person did something."""
    currency: Currency | None = None
    """Currency that the person is billed in."""
    description: Annotated[Text | None, Pii.CONTACT] = None
    """Free note about the person."""
    is_test: bool | None = None
    """A record made for testing: left out of every figure."""
    do_not_process: bool | None = None
    """The person has objected to any processing: kept, but neither pushed nor scored."""


class Company(Entity):
    """An organisation that people work for or that buys."""

    external_id: Annotated[str | None, Key("external_id", limit=1, priority=1), Clean("text")] = None
    """The tenant's own number for the company."""
    tax_id: Annotated[Text | None, Key("tax_id", limit=1, priority=2)] = None
    """VAT or other tax number with its country prefix."""
    domain: Annotated[str | None, Key("domain", limit=1, priority=3), Clean("domain")] = None
    """Primary internet domain, without `www.`; one that several companies share proves nothing."""
    domains: Annotated[list[str] | None, Merge.UNION] = None
    """Every known domain; a set, kept in alphabetical order."""
    name: Name | None = None
    """Trading name."""
    legal_name: Name | None = None
    """Registered name."""
    website: Url | None = None
    """Home page."""
    phone: Annotated[str | None, Clean("phone"), Pii.CONTACT] = None
    """Main phone number."""
    email: Annotated[str | None, Clean("email"), Pii.CONTACT] = None
    """General e-mail address."""
    industry: Text | None = None
    """Industry in the words of the source."""
    naics: Text | None = None
    """NAICS code, two to six digits."""
    employees: int | None = None
    """Number of employees."""
    annual_revenue_minor: Minor | None = None
    """Yearly revenue in minor units of `currency`."""
    currency: Currency | None = None
    """Currency of `annual_revenue_minor`."""
    street: Text | None = None
    """Street, number and unit; lines are parted by a line feed."""
    city: Name | None = None
    """Town."""
    region: Name | None = None
    """State, province or county."""
    postal_code: Text | None = None
    """Postal code as written in its country."""
    country: Country | None = None
    """Country of the address."""
    timezone: Text | None = None
    """IANA time zone."""
    parent_id: Annotated[str | None, Ref("company")] = None
    """The company that owns this one."""
    owner_id: Annotated[str | None, Ref("user")] = None
    """The tenant's own person who looks after the company."""
    lifecycle: Lifecycle | None = None
    """Stage of the relationship."""
    tags: Annotated[list[str] | None, Merge.UNION] = None
    """Labels; a set, kept in alphabetical order."""
    description: Text | None = None
    """Free note about the company."""
    first_seen_at: Annotated[Instant | None, Merge.EARLIEST] = None
    """First time that any tool knew the company."""
    last_seen_at: Annotated[Instant | None, Merge.LATEST] = None
    """Last activity of anybody at the company."""
    is_test: bool | None = None
    """A record made for testing: left out of every figure."""


class PersonCompany(Entity):
    """A person's role at a company; a person may have several."""

    plural: ClassVar[str] = "person_companies"
    natural_key: ClassVar[tuple[str, ...]] = ("person_id", "company_id", "role")

    person_id: Annotated[str | None, Ref("person")] = None
    """Who has the role."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Where."""
    role: Text | None = None
    """What the person does there, as in `buyer`."""
    is_primary: bool | None = None
    """The role that `person.company_id` shows."""
    started_on: date | None = None
    """First day in the role."""
    ended_on: date | None = None
    """Last day in the role; empty while it lasts."""


class ContactPoint(Entity):
    """One address of a person or company; deliverability and consent hang on it, not on the person."""

    natural_key: ClassVar[tuple[str, ...]] = ("type", "normalized", "person_id", "company_id")

    person_id: Annotated[str | None, Ref("person")] = None
    """Whose address it is; empty for a company's own."""
    company_id: Annotated[str | None, Ref("company")] = None
    """Whose address it is; empty for a person's."""
    type: ContactPointType | None = None
    """What kind of address it is."""
    raw: Annotated[str | None, Pii.CONTACT] = None
    """The address as it was typed."""
    normalized: Annotated[str | None, Pii.CONTACT] = None
    """The address in the one spelling that its cleaner gives."""
    label: Text | None = None
    """The owner's word for it, as in `home`."""
    is_primary: bool | None = None
    """The one that the person's or company's own fields show."""
    verified_at: Annotated[Instant | None, Merge.LATEST] = None
    """Last proof that the owner reads it, as in a clicked confirmation."""
    validity: Validity | None = None
    """What the last attempts to reach it have shown."""
    last_bounce_at: Annotated[Instant | None, Merge.LATEST] = None
    """Last refused delivery."""


class Identifier(Entity):
    """A value under which some system knows an entity.

    Vendor ids are namespaced by the vendor's ACCOUNT, since ids repeat between portals and sandboxes.
    """

    natural_key: ClassVar[tuple[str, ...]] = ("entity_kind", "namespace", "value")

    entity_kind: Text | None = None
    """Kind of the entity, as in `person`."""
    entity_id: Annotated[str | None, RefBy("entity_kind")] = None
    """The entity known by the value."""
    namespace: Text | None = None
    """Who gives the values, as in `email` or `hubspot:contact:<portal>`."""
    value: Annotated[str | None, Pii.CONTACT] = None
    """The identifier in its normalised spelling."""
    strength: Strength | None = None
    """How much an equal value proves."""
    valid_from_at: Annotated[Instant | None, Merge.EARLIEST] = None
    """Since when it names the entity."""
    valid_to_at: Instant | None = None
    """Until when it named the entity; empty while it does."""
    is_blocked: bool | None = None
    """Known to prove nothing (zeros, `test@test`): never used for matching."""
