"""The properties of HubSpot's objects: HubSpot's own, those a portal adds, and what a value must look like.

The definitions are those of a new portal that marketing data uses, under HubSpot's names, types and field
types (spec crm-properties@v3, `Property` and `PropertyCreate`; 2026-11-22). Long option lists (industry,
language) are cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vaiven_connectors.hubspot._sim_errors import invalid_properties

LIFECYCLE: Final = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
"""HubSpot's default lifecycle stages in their order, the earliest first."""

_INDUSTRIES = (
    "COMPUTER_SOFTWARE",
    "INTERNET",
    "MARKETING_AND_ADVERTISING",
    "RETAIL",
    "FINANCIAL_SERVICES",
    "HOSPITAL_HEALTH_CARE",
)
_LEAD_STATUS = (
    "NEW",
    "OPEN",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "BAD_TIMING",
)
_BOOL = ("true", "false")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EMAIL = re.compile(r"[^@\s,;<>()\"']+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DAY_MS = 86_400_000


@dataclass(slots=True)
class Property:
    """One property's definition."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    options: list[dict[str, Any]] = field(default_factory=list)
    unique: bool = False
    read_only: bool = False
    external: bool = False
    vendor_own: bool = True
    description: str = ""
    hidden: bool = False
    display_order: int = -1
    form_field: bool = False
    created: str | None = None
    updated: str | None = None
    archived_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The definition as the properties API answers it."""
        answer: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": self.options,
            "displayOrder": self.display_order,
            "calculated": False,
            "externalOptions": self.external,
            "archived": self.archived_at is not None,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.vendor_own,
            "formField": self.form_field,
            "dataSensitivity": "non_sensitive",
            "modificationMetadata": {
                "archivable": not self.vendor_own,
                "readOnlyDefinition": self.vendor_own,
                "readOnlyValue": self.read_only,
            },
        }
        times = {"createdAt": self.created, "updatedAt": self.updated, "archivedAt": self.archived_at}
        return answer | {name: at for name, at in times.items() if at is not None}


def option_list(values: Iterable[str]) -> list[dict[str, Any]]:
    """Options of an enumeration, with labels made from the values."""
    return [
        {"label": value.replace("_", " ").capitalize(), "value": value, "displayOrder": i, "hidden": False}
        for i, value in enumerate(values)
    ]


def iso(ms: int) -> str:
    """Milliseconds since 1970 as HubSpot writes an instant: `2024-08-15T17:09:13.648Z`."""
    seconds, millis = divmod(ms, 1000)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def instant_ms(text: str) -> int | None:
    """Milliseconds since 1970 of a number of milliseconds or an ISO 8601 text; None when it is neither."""
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at.replace(tzinfo=at.tzinfo or UTC) - _EPOCH) // timedelta(milliseconds=1)


class Schema:
    """The properties and groups of one object type."""

    def __init__(self, object_type: str, portal_id: int) -> None:
        self.portal_id = portal_id
        self.group = {
            "contacts": "contactinformation",
            "companies": "companyinformation",
            "deals": "dealinformation",
        }[object_type]
        label = {"contacts": "Contact", "companies": "Company", "deals": "Deal"}[object_type]
        self.groups: dict[str, dict[str, Any]] = {self.group: _group(self.group, f"{label} information", 0)}
        self.properties: dict[str, Property] = {}
        for prop in _OWN[object_type] + _COMMON:
            copy = Property(**{name: getattr(prop, name) for name in Property.__dataclass_fields__})
            copy.group = self.group
            copy.options = [dict(option) for option in prop.options]
            self.properties[prop.name] = copy

    def get(self, name: str) -> Property | None:
        """The property of that name unless it is archived."""
        found = self.properties.get(name)
        return found if found is not None and found.archived_at is None else None

    def add_group(self, name: str, label: str, order: int = -1) -> dict[str, Any]:
        """Add a property group."""
        self.groups[name] = _group(name, label, order)
        return self.groups[name]

    def unique_names(self) -> list[str]:
        """Names of the properties whose values may not repeat."""
        return [p.name for p in self.properties.values() if p.unique]

    def clean(self, values: Mapping[str, Any], *, own_hand: bool = False) -> dict[str, str]:
        """Check values and put them as HubSpot stores them; an empty string clears.

        Args:
            values: property name -> value as JSON.
            own_hand: HubSpot itself writes, so read-only properties may be set.

        Raises:
            VendorError: 400 with every unfit value listed.
        """
        kept: dict[str, str] = {}
        problems: list[tuple[str, str, str]] = []
        for name, value in values.items():
            prop = self.get(name)
            if prop is None:
                problems.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            elif prop.read_only and not own_hand:
                message = f'"{name}" is a read only property; its value cannot be set.'
                problems.append((name, "READ_ONLY_VALUE", message))
            else:
                try:
                    kept[name] = fit(prop, _text(value))
                except ValueError as problem:
                    code, message = problem.args
                    problems.append((name, code, message))
        if problems:
            raise invalid_properties(problems, self.portal_id)
        return kept


def fit(prop: Property, text: str) -> str:
    """The stored form of a value.

    Raises:
        ValueError: with HubSpot's error code and its message.
    """
    if text == "":
        return ""
    if prop.name == "email":
        address = text.strip().lower()
        if not _EMAIL.fullmatch(address):
            raise ValueError("INVALID_EMAIL", f"Email address {text} is invalid")
        return address
    if prop.type == "number":
        # Blanks around a number are refused since April 2025 (developers.hubspot.com/changelog, "enhanced
        # validations for non-string properties").
        if not _NUMBER.fullmatch(text):
            raise ValueError("INVALID_INTEGER", f"{prop.name} was not a valid number")
        return text
    if prop.type in {"date", "datetime"}:
        return _fit_time(prop, text)
    if prop.options and not prop.external:
        allowed = [option["value"] for option in prop.options]
        for chosen in text.split(";") if prop.field_type == "checkbox" else [text]:
            if chosen and chosen not in allowed:
                message = f"{chosen} was not one of the allowed options: [{', '.join(allowed)}]"
                raise ValueError("INVALID_OPTION", message)
    return text


def _fit_time(prop: Property, text: str) -> str:
    ms = instant_ms(text)
    if ms is None:
        raise ValueError("INVALID_LONG", f"{text} was not a valid long.")
    if prop.type == "datetime":
        return iso(ms)
    if ms % _DAY_MS:
        raise ValueError("INVALID_DATE", f"{text} is at {iso(ms)[11:-1]} UTC, not midnight!")
    return iso(ms)[:10]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _group(name: str, label: str, order: int) -> dict[str, Any]:
    return {"name": name, "label": label, "displayOrder": order, "archived": False}


def _texts(*names: str) -> list[Property]:
    return [Property(name, name.replace("_", " ").capitalize(), form_field=True) for name in names]


def _choice(name: str, values: Iterable[str], field_type: str = "select", *, read_only: bool = False) -> Property:
    label = name.replace("_", " ").capitalize()
    return Property(name, label, "enumeration", field_type, options=option_list(values), read_only=read_only)


def _number(name: str, *, read_only: bool = False) -> Property:
    return Property(name, name.replace("_", " ").capitalize(), "number", "number", read_only=read_only)


def _time(name: str, kind: str = "datetime", *, read_only: bool = False) -> Property:
    return Property(name, name.replace("_", " ").capitalize(), kind, "date", read_only=read_only)


_COMMON = [
    Property("hs_object_id", "Record ID", "number", "number", read_only=True, unique=False),
    Property("hs_object_source", "Record creation source", read_only=True),
    Property("hs_object_source_id", "Record creation source ID", read_only=True),
    Property("hs_object_source_label", "Record source", read_only=True),
    Property("hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox", read_only=True, external=True),
    Property("hubspot_owner_id", "Owner", "enumeration", "select", external=True),
]
_OWN: Final[dict[str, list[Property]]] = {
    "contacts": [
        Property("email", "Email", unique=True, form_field=True),
        *_texts(
            "firstname",
            "lastname",
            "company",
            "jobtitle",
            "website",
            "address",
            "city",
            "state",
            "zip",
            "country",
        ),
        *_texts("phone", "mobilephone", "fax", "salutation", "date_of_birth", "message", "twitterhandle"),
        Property(
            "hs_additional_emails",
            "Additional email addresses",
            "enumeration",
            "checkbox",
            read_only=True,
            external=True,
        ),
        _choice("lifecyclestage", LIFECYCLE, "radio"),
        _choice("hs_lead_status", _LEAD_STATUS, "radio"),
        _choice("hs_language", ("en", "es", "de", "fr", "it", "pt", "ja", "nl")),
        _choice("hs_email_optout", _BOOL, "booleancheckbox", read_only=True),
        _choice("hs_marketable_status", _BOOL, "booleancheckbox", read_only=True),
        _number("associatedcompanyid"),
        _number("annualrevenue"),
        _number("hubspotscore", read_only=True),
        _time("closedate"),
        _time("createdate", read_only=True),
        _time("lastmodifieddate", read_only=True),
    ],
    "companies": [
        *_texts("name", "domain", "website", "phone", "address", "city", "state", "zip", "country", "description"),
        *_texts("founded_year", "linkedin_company_page"),
        _choice("industry", _INDUSTRIES),
        _choice("type", ("PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"), "radio"),
        _choice("lifecyclestage", LIFECYCLE, "radio"),
        _number("numberofemployees"),
        _number("annualrevenue"),
        _time("createdate", read_only=True),
        _time("hs_lastmodifieddate", read_only=True),
    ],
    "deals": [
        *_texts("dealname", "description", "closed_lost_reason"),
        _choice("pipeline", ()),
        _choice("dealstage", (), "radio"),
        _choice("dealtype", ("newbusiness", "existingbusiness"), "radio"),
        _choice("deal_currency_code", ("USD", "EUR", "GBP", "CLP", "BRL", "JPY")),
        _choice("hs_priority", ("low", "medium", "high")),
        _number("amount"),
        _time("closedate"),
        _time("createdate"),
        _time("hs_lastmodifieddate", read_only=True),
    ],
}
