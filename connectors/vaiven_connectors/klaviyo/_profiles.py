"""Profiles: who they are, what they allow, and which fields an account has added to them."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from pydantic import AwareDatetime, BaseModel

from vaiven_sdk import Batch, CreateKey, CustomField, CustomType, Proof, Record, Scope, Window, derive, proof, wire
from vaiven_sdk.model import Person

from ._account import Hub, klaviyo
from ._api import documents, in_turn, listed, since
from ._consent import CONSENT, SUBSCRIBED, VALIDITY, WITH, act, email_back, sms_back, standing

E164 = re.compile(r"\+[1-9]\d{6,14}")
"""How Klaviyo wants phone numbers: description of `phone_number` in klaviyo-api 25.0.0."""


EMAIL, SMS = "attributes.subscriptions.email.marketing", "attributes.subscriptions.sms.marketing"


class Suppression(BaseModel):
    """Why a profile gets no e-mail, whatever it has agreed to."""

    reason: str
    timestamp: AwareDatetime | None = None


def _phone(person: Mapping[str, Any]) -> dict[str, Any]:
    """Give a number in E.164; for another one Klaviyo would refuse the whole profile."""
    number = person.get("phone")
    return {"phone_number": number} if number is None or E164.fullmatch(number) else {}


def _street(person: Mapping[str, Any]) -> dict[str, Any]:
    first, _, second = (person.get("street") or "").partition("\n")
    return {"address1": first or None, "address2": second.replace("\n", ", ") or None}


class Profile(Record[Person], key="id", cursor="updated_at"):
    """A person in Klaviyo: schema ProfileResponseObjectResourceExtended of the description."""

    id: str = wire(read_only=True)
    external_id: str | None = wire("attributes.external_id", to="external_id")
    email: str | None = wire("attributes.email", to="email")
    phone_number: str | None = wire("attributes.phone_number")
    first_name: str | None = wire("attributes.first_name", to="given_name")
    last_name: str | None = wire("attributes.last_name", to="family_name")
    organization: str | None = wire("attributes.organization", to="company_name")
    title: str | None = wire("attributes.title", to="job_title")
    locale: str | None = wire("attributes.locale", to="locale")
    address1: str | None = wire("attributes.location.address1")
    address2: str | None = wire("attributes.location.address2")
    city: str | None = wire("attributes.location.city", to="city")
    region: str | None = wire("attributes.location.region", to="region")
    zip: str | None = wire("attributes.location.zip", to="postal_code")
    country: str | None = wire("attributes.location.country", to="country")
    timezone: str | None = wire("attributes.location.timezone", to="timezone")
    created_at: AwareDatetime | None = wire("attributes.created", to="first_seen_at", read_only=True)
    updated_at: AwareDatetime | None = wire("attributes.updated", read_only=True)
    last_event_at: AwareDatetime | None = wire("attributes.last_event_date", to="last_seen_at", read_only=True)
    email_state: str | None = wire("attributes.subscriptions.email.marketing.consent")
    email_open: bool | None = wire("attributes.subscriptions.email.marketing.can_receive_email_marketing")
    suppressions: list[Suppression] | None = wire("attributes.subscriptions.email.marketing.suppression")
    email_decided_at: AwareDatetime | None = wire(f"{EMAIL}.consent_timestamp", read_only=True)
    email_method: str | None = wire(f"{EMAIL}.method", read_only=True)
    email_confirmed: bool | None = wire(f"{EMAIL}.double_optin", read_only=True)
    sms_state: str | None = wire("attributes.subscriptions.sms.marketing.consent")
    sms_open: bool | None = wire("attributes.subscriptions.sms.marketing.can_receive_sms_marketing")
    sms_decided_at: AwareDatetime | None = wire(f"{SMS}.consent_timestamp", read_only=True)
    sms_method: str | None = wire(f"{SMS}.method", read_only=True)

    @derive("phone", back=_phone)
    def phone(self) -> str | None:
        """The number in E.164."""
        return self.phone_number

    @derive("street", back=_street)
    def street(self) -> str | None:
        """Both lines of the street."""
        return "\n".join(line for line in (self.address1, self.address2) if line) or None

    @derive("email_consent", values=CONSENT, back=email_back)
    def email_consent(self) -> str | None:
        """The strictest of consent and suppressions."""
        return standing(self.email_state, self.email_open, [one.reason for one in self.suppressions or ()])

    @derive("sms_consent", values=CONSENT, back=sms_back)
    def sms_consent(self) -> str | None:
        """Text messages know no suppressions, but may be out of reach."""
        return standing(self.sms_state, self.sms_open)

    @proof("email_consent")
    def email_act(self) -> Proof | None:
        """A confirmation or a page of Klaviyo's; of a refusal, a complaint of spam, which nobody else can make.

        Who unsubscribed somebody is not on record: the API and an import leave the same trace as the person's link.
        """
        state = self.email_consent()
        if state == "SPAM_COMPLAINT":
            told = [one for one in self.suppressions or () if CONSENT.get(one.reason, "denied") == "denied"]
            (reason, at), *others = {(one.reason, one.timestamp) for one in told}
            return Proof(at, f"{reason} of profile {self.id}", via="spam complaint") if at and not others else None
        if state != SUBSCRIBED:
            return None
        return act(
            f"email consent of profile {self.id}", self.email_decided_at, self.email_method, self.email_confirmed
        )

    @proof("sms_consent")
    def sms_act(self) -> Proof | None:
        """The person's own text message, or a page of Klaviyo's."""
        if self.sms_consent() != SUBSCRIBED:
            return None
        return act(f"sms consent of profile {self.id}", self.sms_decided_at, self.sms_method)

    @derive("email_validity")
    def email_validity(self) -> str | None:
        """What sending has shown: the newest suppression that tells of the address."""
        told = [one for one in self.suppressions or () if one.reason in VALIDITY]
        told.sort(key=lambda one: one.timestamp.timestamp() if one.timestamp else 0)
        return VALIDITY[told[-1].reason] if told else None


LAG = 60.0
"""Seconds; our own figure: imports and consents are jobs, and Klaviyo says no time within which reads show them."""

WRITES = [
    Scope("profiles:write", "create and change profiles", write=True),
    Scope("subscriptions:write", "subscribe people who agreed, unsubscribe people who left", write=True),
    Scope("data-privacy:write", "carry out a request to be forgotten", write=True),
    # Klaviyo's import can put people on lists, so it asks for these, too; we put nobody on a list by it.
    Scope("lists:read", "see how an import of profiles goes on", write=True),
    Scope("lists:write", "import profiles in bulk", write=True),
]

# By time of creation: new ones come last, and no edit moves anybody.
EVERYBODY = listed("/api/profiles", 100, sort="created", **WITH)
SUPPRESSION = "subscriptions.email.marketing.suppression.timestamp"
CHANGED = [
    listed("/api/profiles", 100, sort="updated", filter=since("updated", strictly=True), **WITH),
    # That a suppression moves `updated` is not documented, and it must not be missed.
    listed("/api/profiles", 100, sort=SUPPRESSION, filter=since(SUPPRESSION), **WITH),
]

# Deleted and merged profiles are in no list: they show by their absence.
profiles = klaviyo.stream(
    Profile,
    EVERYBODY,
    create_key=CreateKey.NATURAL,
    lag=LAG,
    scopes=[Scope("profiles:read", "read profiles, and what they allow"), *WRITES],
)


@profiles.reader("changes")
async def changed(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """Whoever was changed, and whoever was suppressed."""
    async for batch in in_turn(hub, CHANGED, window, state):
        yield batch


SAMPLE = 5
"""Pages of the newest profiles that are looked at for custom fields."""


async def properties(hub: Hub) -> list[CustomField]:
    """The properties of the 500 profiles that were changed last: Klaviyo has no list of them, nor of their types."""
    seen: dict[str, list[Any]] = {}
    asked = {"fields[profile]": "properties", "sort": "-updated", "page[size]": 100}
    pages = 0
    async for answer, _ in documents(hub, "/api/profiles", asked):
        for one in answer["data"]:
            for key, value in (one["attributes"].get("properties") or {}).items():
                if value is not None and not key.startswith("$"):
                    seen.setdefault(key, []).append(value)
        pages += 1
        if pages == SAMPLE:
            break
    found = [(key, _type(values)) for key, values in sorted(seen.items())]
    return [CustomField(key, ("attributes", "properties", key), kind, key) for key, kind in found if kind]


profiles.custom_fields(properties, sampled=True)


def _type(values: Sequence[Any]) -> CustomType | None:
    """The one type that all values have; a text can hold all that is plain, and an object is no value."""
    kinds = {type(value) for value in values}
    if dict in kinds or (list in kinds and kinds != {list}):
        return None
    if kinds == {list}:
        plain = all(isinstance(part, str) for value in values for part in value)
        return CustomType.CHOICES if plain else None
    if kinds == {bool}:
        return CustomType.BOOLEAN
    return CustomType.NUMBER if kinds <= {int, float} else CustomType.TEXT
