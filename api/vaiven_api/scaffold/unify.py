"""Which unified entity a list is, and which unified field a property becomes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vaiven_api.scaffold.description import words
from vaiven_sdk.model import ENTITIES, Nature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_api.scaffold.draft import Field

_BY_NAME: dict[str, str] = {
    **dict.fromkeys(
        "contact contacts person persons people customer customers subscriber subscribers member members".split(),
        "person",
    ),
    **dict.fromkeys("profile profiles recipient recipients prospect prospects audience_members".split(), "person"),
    **dict.fromkeys("lead leads".split(), "lead"),
    **dict.fromkeys(
        "company companies organization organizations organisation organisations accounts clients".split(), "company"
    ),
    **dict.fromkeys("user users owner owners agent agents admins teammates employees staff".split(), "user"),
    **dict.fromkeys("list lists audience audiences segment segments mailinglists".split(), "list"),
    **dict.fromkeys("campaign campaigns".split(), "campaign"),
    **dict.fromkeys("adaccount adaccounts ad_accounts".split(), "ad_account"),
    **dict.fromkeys("adgroup adgroups ad_groups adsets".split(), "ad_group"),
    **dict.fromkeys("ads".split(), "ad"),
    **dict.fromkeys("template templates".split(), "template"),
    **dict.fromkeys("deal deals opportunity opportunities".split(), "deal"),
    **dict.fromkeys("pipeline pipelines".split(), "pipeline"),
    **dict.fromkeys("stage stages".split(), "stage"),
    **dict.fromkeys("ticket tickets issues cases".split(), "ticket"),
    **dict.fromkeys("conversation conversations".split(), "conversation"),
    **dict.fromkeys("message messages".split(), "message"),
    **dict.fromkeys("order orders".split(), "order"),
    **dict.fromkeys("product products items".split(), "product"),
    **dict.fromkeys("price prices plans".split(), "price"),
    **dict.fromkeys("refund refunds".split(), "refund"),
    **dict.fromkeys("subscription subscriptions".split(), "subscription"),
    **dict.fromkeys("invoice invoices".split(), "invoice"),
    **dict.fromkeys("payment payments charges transactions".split(), "payment"),
    **dict.fromkeys("dispute disputes chargebacks".split(), "dispute"),
    **dict.fromkeys("form forms surveys".split(), "form"),
    **dict.fromkeys("activity activities task tasks meetings notes".split(), "activity"),
}

_ALIASES: dict[str, tuple[str, ...]] = {
    "email": ("emailaddress", "primaryemail", "mail"),
    "phone": ("phonenumber", "primaryphone", "telephone"),
    "given_name": ("firstname", "fname", "first"),
    "family_name": ("lastname", "surname", "lname", "last"),
    "full_name": ("name",),
    "honorific": ("salutation",),
    "birth_on": ("birthday", "birthdate", "dateofbirth", "dob"),
    "street": ("address1", "addressline1", "line1", "addr1", "streetaddress"),
    "region": ("state", "province"),
    "postal_code": ("zip", "zipcode", "postcode"),
    "country": ("countrycode",),
    "company_name": ("company", "companyname", "organization", "organisation", "organizationname"),
    "website": ("websiteurl",),
    "locale": ("language",),
    "employees": ("numberofemployees", "employeecount", "employeescount"),
    "job_title": ("jobtitle",),
    "opened_at": ("createdat", "created", "datecreated", "createddate", "createdtime"),
    "placed_at": ("createdat", "created", "datecreated", "createddate"),
    "started_at": ("createdat", "created"),
    "first_seen_at": ("createdat", "created", "datecreated", "createddate", "createtime", "createdtime", "createdon"),
    "close_on": ("closedate", "expectedclosedate"),
    "is_active": ("active", "isactive", "enabled"),
    "number": ("ordernumber", "invoicenumber", "ticketnumber"),
    "subject": ("subjectline",),
    "due_on": ("duedate",),
}
_UNSURE: dict[str, tuple[str, ...]] = {
    "phone": ("mobile", "mobilephone", "cell", "sms", "whatsapp"),
    "job_title": ("title", "position"),
    "name": ("title", "label"),
    "description": ("notes", "note", "bio", "about"),
    "last_seen_at": ("lastseenat", "lastactiveat", "lastactivity"),
    "total_minor": ("total", "totalprice", "totalamount", "amount"),
    "amount_minor": ("amount", "value"),
    "price_minor": ("price",),
    "email_consent": ("status", "subscribed", "optin", "emailconsent", "marketingconsent", "unsubscribed", "optedout"),
    "lifecycle": ("lifecyclestage", "stage"),
    "status": ("state",),
}
_EXACT = frozenset("account accounts items list lists plans segments transactions charges groups notes cases".split())
_OF_PEOPLE = frozenset(
    "contact contacts mailing subscriber subscribers static smart email audience distribution".split()
)
_WITHIN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        "street city region postal_code country".split(),
        tuple("address location mailingaddress primaryaddress postaladdress homeaddress streetaddress".split()),
    ),
    **dict.fromkeys("given_name family_name full_name honorific".split(), ("name", "fullname")),
}
"""Objects within a record whose parts are the record's own, by unified field."""
CONTAINERS = frozenset("attributes properties profile fields meta metadata timestamps audit".split())
"""Objects that hold the record's own values."""
_PARTS = {
    # Only of these a name means a person's or firm's own: elsewhere `created` is when the row was made.
    "first_seen_at": {"person", "company"},
    "opened_at": {"deal", "ticket"},
    "placed_at": {"order"},
    "started_at": {"conversation"},
    "full_name": {"person", "user"},
    "company_name": {"person", "lead"},
}


def entity_of(names: Sequence[str]) -> str | None:
    """The unified entity that a list of this name is; the first name that is known decides.

    Args:
        names: the path's last part first, then weaker hints.
    """
    for name in names:
        joined = "_".join(words(name))
        first, _, last = joined.rpartition("_")
        whole = {joined, joined.replace("_", "")}
        # `contact_lists` are lists, `price_lists` and `financial_accounts` are something else.
        tail = last if last not in _EXACT or first.rpartition("_")[2] in _OF_PEOPLE else ""
        for candidate in (*sorted(whole), tail):
            kind = _BY_NAME.get(candidate)
            if kind and ENTITIES[kind].nature is Nature.ENTITY and not ENTITIES[kind].natural_key:
                return kind
    return None


def suggest(kind: str, fields: list[Field], key: str, streams: dict[str, str]) -> list[str]:
    """Map what is beyond doubt, in place; give a line for each thing that a person must decide.

    Args:
        kind: of the unified entity.
        fields: of the record; `to` and `ref` are set.
        key: the id's Python name, never mapped.
        streams: drafted streams by the unified entity that they are.
    """
    maybe: list[str] = []
    others = [one for one in fields if one.name != key or key == "email"]
    for to, target in ENTITIES[kind].fields().items():
        open_ = [one for one in others if one.to is None]
        if not to.endswith("_minor") and kind in _PARTS.get(to, {kind}):
            named = [one for one in open_ if _means(one, (to.replace("_", ""), *_ALIASES.get(to, ())))]
            near = [(n, one) for n, one in enumerate(named) if own(one.path, _WITHIN.get(to, ()))]
            fitting = sorted((_rank(one, to), n) for n, one in near if _fits(one, target, streams))
            if fitting and (len(fitting) == 1 or fitting[0][0] < fitting[1][0]):
                chosen = named.pop(fitting[0][1])
                chosen.to, chosen.ref = to, streams.get(target.ref or "")
                continue
            maybe += [_unsure(one, to) for one in named]
        maybe += [_unsure(one, to) for one in open_ if one.to is None and _means(one, _UNSURE.get(to, ()))]
    return list(dict.fromkeys(maybe))


def own(path: str, within: tuple[str, ...] = ()) -> bool:
    """Whether a value at this path is the record's own, and not one of something that the record refers to."""
    return all("".join(words(step)) in {*CONTAINERS, *within} for step in path.split(".")[:-1])


def _unsure(one: Field, to: str) -> str:
    values = f", which is one of {', '.join(one.values[:8])}" if one.values else ""
    return f"`{one.name}` ({one.type}{values}) may be `{to}`"


def _means(one: Field, names: tuple[str, ...]) -> bool:
    return "".join(words(one.path.rpartition(".")[2])) in names


def _rank(one: Field, to: str) -> tuple[int, int]:
    """Nearness: what is not nested first, then the better name."""
    name = "".join(words(one.path.rpartition(".")[2]))
    return one.path.count("."), (to.replace("_", ""), *_ALIASES.get(to, ())).index(name)


def _fits(one: Field, target: Any, streams: dict[str, str]) -> bool:
    kind = target.type
    if target.ref is not None:
        return target.ref in streams and one.type in {"str", "int"}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return bool(one.values) and set(one.values) <= {member.value for member in kind}
    if kind is str:
        # A closed list of values called `state` is a status, not a part of a country.
        named = "".join(words(one.path.rpartition(".")[2])) == target.name.replace("_", "")
        return one.type == "str" and target.ref_by is None and (named or not one.values)
    if kind is int:
        return one.type == "int"
    if kind is bool:
        return one.type == "bool"
    if kind is Decimal:
        return one.type in {"Decimal", "int"}
    if kind is date:
        return one.type in {"date", "AwareDatetime"}
    if kind is datetime:
        return one.type == "AwareDatetime"
    return str(kind).startswith("list[str") and one.type == "list[str]"
