"""The people of one audience, and how they stand to it, read by time of change."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from vaiven_sdk import CreateKey, Deletes, Proof, Read, Record, Window, derive, get, proof, wire
from vaiven_sdk.model import Membership, Person

from ._account import mailchimp
from ._reads import PAGE, Moment, fields, seconds

MEMBERS = "/lists/{config.audience_id}/members"

CONSENT = {
    "subscribed": "granted",
    "unsubscribed": "denied",
    "pending": "pending",
    # The address bounced, was never asked, or was put away: none of these is a word from the person.
    "cleaned": "unknown",
    "transactional": "unknown",
    "archived": "unknown",
}
STANDING = {
    "subscribed": "active",
    "unsubscribed": "unsubscribed",
    "pending": "pending",
    "cleaned": "cleaned",
    "transactional": "transactional",
    "archived": "removed",
}
OWN_FORMS = frozenset({"Hosted Signup Form", "Embed Form"})
"""Values of `source` that name a form of Mailchimp's, which the person filled in themselves.

NZ-SheSharp/she-sharp measured an audience of 1,545 members (2026-08-30, read 2026-11-25): `source` tells forms from
"API - Generic" and from the names of shops, and `timestamp_signup` is there for those alone who confirmed by an act of
its own. Members added by an API or an administrator ("Admin Add") have none in any recording of the real API that we
found, but an app may set it, so it counts beside these sources only.
"""
LANGUAGES = frozenset(
    "en ar af be bg ca zh hr cs da nl et fa fi fr fr_CA de el he hi hu is id ga it ja km ko lv lt mt ms mk no"
    " pl pt pt_PT ro ru sr sk sl es es_ES sw sv ta th tr uk vi".split()
)
"""Codes that Mailchimp takes (its help page "View and edit contact languages"; see README, Not confirmed)."""


class Tag(BaseModel):
    """A label as a member carries it."""

    name: str


class Address(BaseModel):
    """The value of a merge field of type `address`; it is stored whole or not at all."""

    addr1: str = ""
    addr2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


def _address(person: Mapping[str, Any]) -> dict[str, Any]:
    """Give the whole address, since Mailchimp refuses one without street, city, state and postal code."""
    first, _, second = (person.get("street") or "").partition("\n")
    parts = {
        "addr1": first,
        "addr2": second.replace("\n", ", "),
        "city": person.get("city") or "",
        "state": person.get("region") or "",
        "zip": person.get("postal_code") or "",
        "country": person.get("country") or "",
    }
    if not any(parts.values()):
        return {"address": None}
    complete = all(parts[name] for name in ("addr1", "city", "state", "zip"))
    return {"address": Address(**parts)} if complete else {}


def _language(person: Mapping[str, Any]) -> dict[str, Any]:
    """Give the locale if Mailchimp has a code for just that: a wider one would come back as a change."""
    code = (person.get("locale") or "").replace("-", "_")
    return {"language": code or None} if code in LANGUAGES or not code else {}


class Member(Record[Person], key="id", cursor="changed_at", clear=""):
    """One person on the audience; `contact_id` outlives the e-mail address, the other ids do not."""

    id: str = wire("contact_id", read_only=True)
    email: str | None = wire("email_address", to="email")
    status: str | None = wire(
        to="email_consent",
        values=CONSENT,
        back={"granted": "subscribed", "denied": "unsubscribed", "pending": "pending"},
    )
    first_name: str | None = wire("merge_fields.FNAME", to="given_name")
    last_name: str | None = wire("merge_fields.LNAME", to="family_name")
    phone: str | None = wire("merge_fields.PHONE", to="phone")
    address: Address | str | None = wire("merge_fields.ADDRESS")
    language: str | None = wire()
    tags: list[Tag] | None = wire()
    signed_up_at: Moment = wire("timestamp_signup", to="first_seen_at", read_only=True)
    source: str | None = wire(read_only=True)
    changed_at: Moment = wire("last_changed", read_only=True)

    def _part(self, name: str) -> str | None:
        return getattr(self.address, name) if isinstance(self.address, Address) else None

    @derive("street", back=_address)
    def street(self) -> str | None:
        """Both lines of the street."""
        lines = (self._part("addr1"), self._part("addr2"))
        return "\n".join(line for line in lines if line) or None

    @derive("city", back=_address)
    def city(self) -> str | None:
        """Town."""
        return self._part("city")

    @derive("region", back=_address)
    def region(self) -> str | None:
        """State or province."""
        return self._part("state")

    @derive("postal_code", back=_address)
    def postal_code(self) -> str | None:
        """Postal code."""
        return self._part("zip")

    @derive("country", back=_address)
    def country(self) -> str | None:
        """Two-letter code; Mailchimp fills in `US` where none was given."""
        return self._part("country")

    @derive("locale", back=_language)
    def locale(self) -> str | None:
        """Mailchimp's code as a BCP 47 tag."""
        return self.language

    @derive("tags", back=lambda person: {"tags": [Tag(name=name) for name in person.get("tags") or ()]})
    def labels(self) -> list[str] | None:
        """Names of the tags."""
        return None if self.tags is None else [tag.name for tag in self.tags]

    @proof("email_consent")
    def confirmed(self) -> Proof | None:
        """The sign-up at a form of Mailchimp's.

        `timestamp_opt` proves nothing: whoever subscribes a member, an app or an administrator, dates it anew, and
        the API takes any. When somebody unsubscribed is in no list, and an administrator may have done it.
        """
        if self.status != "subscribed" or self.source not in OWN_FORMS or self.signed_up_at is None:
            return None
        return Proof(self.signed_up_at, ref=f"sign-up of contact {self.id}", via=self.source.lower())

    @derive("email_validity")
    def validity(self) -> str | None:
        """A cleaned address bounced for good, or too often."""
        return "invalid" if self.status == "cleaned" else None


def _newest(record: type[Record[Any]]) -> dict[str, Any]:
    """Newest change first: what changes in mid-walk moves to the front, and no unread one slips past."""
    return {"fields": fields(record, "members"), "sort_field": "last_changed", "sort_dir": "DESC"}


def _everyone(record: type[Record[Any]]) -> Read:
    return get(MEMBERS, items="members", page=PAGE, **_newest(record))


def _changed(record: type[Record[Any]]) -> Read:
    def since(window: Window) -> str | None:
        return seconds(window.since) if window.since else None

    return get(MEMBERS, items="members", page=PAGE, **_newest(record), since_last_changed=since)


def _archived(record: type[Record[Any]]) -> Read:
    # The other reads leave archived members out; that archiving moves `last_changed` is not documented.
    return get(MEMBERS, items="members", page=PAGE, **_newest(record), status="archived")


LAG = 2.0
"""Seconds: `last_changed` has whole ones and the filter says "after", so one alone could lose a change."""

# Archived members are named by `gone`; permanently deleted ones are in no list and show by their absence.
members = mailchimp.stream(
    Member,
    _everyone(Member),
    changes=_changed(Member),
    gone=_archived(Member),
    create_key=CreateKey.NATURAL,
    deletes=Deletes.FULL_SCAN,
    lag=LAG,
)


class Standing(Record[Membership], key="id", cursor="changed_at"):
    """How a person stands to the audience, from the same records."""

    id: str = wire("contact_id", to="person_id", ref="members")
    list_id: str = wire(to="list_id", ref="audiences")
    status: str | None = wire(to="status", values=STANDING)
    joined_at: Moment = wire("timestamp_opt", to="joined_at")
    reason: str | None = wire("unsubscribe_reason", to="reason")
    source: str | None = wire(to="source")
    rating: int | None = wire("member_rating", to="rating")
    changed_at: Moment = wire("last_changed")


memberships = mailchimp.stream(
    Standing,
    _everyone(Standing),
    name="memberships",
    changes=_changed(Standing),
    gone=_archived(Standing),
    deletes=Deletes.FULL_SCAN,
    lag=LAG,
)
