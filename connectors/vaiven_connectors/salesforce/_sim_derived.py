"""Values that the platform works out: some are stored with a row, some are looked up when it is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from vaiven_connectors.salesforce._sim_org import Org, Row, Transaction

_PARTS = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
_RESPONDED = "Responded"


# ------------------------------------------------------------------------------------------------- stored with a row


def complete(org: Org, kind: str, row: Row, given: Row, at: Transaction) -> None:
    """Fill in what follows from the values of a new version of a row."""
    completer = _COMPLETERS.get(kind)
    if completer is not None:
        completer(org, row, given, at)


def _person(_: Org, row: Row, __: Row, ___: Transaction) -> None:
    row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)


def _contact(org: Org, row: Row, given: Row, at: Transaction) -> None:
    _person(org, row, given, at)
    row["IsEmailBounced"] = row.get("EmailBouncedReason") is not None


def _opportunity(org: Org, row: Row, given: Row, _: Transaction) -> None:
    stages = org.shelves["OpportunityStage"].rows.values()
    stage = next((one for one in stages if one["MasterLabel"] == row.get("StageName")), None)
    row["IsClosed"], row["IsWon"] = bool(stage and stage["IsClosed"]), bool(stage and stage["IsWon"])
    row["ForecastCategory"] = stage["ForecastCategory"] if stage else "Pipeline"
    row["ForecastCategoryName"] = row["ForecastCategory"]
    if "Probability" not in given and "StageName" in given:
        row["Probability"] = stage["DefaultProbability"] if stage else 0.0
    if row.get("Amount") is not None:
        row["ExpectedRevenue"] = round(row["Amount"] * (row.get("Probability") or 0.0) / 100, 2)
    if row.get("CloseDate"):
        close = date.fromisoformat(row["CloseDate"])
        quarter = (close.month + 2) // 3
        row |= {"FiscalYear": close.year, "FiscalQuarter": quarter, "Fiscal": f"{close.year} {quarter}"}


def _task(org: Org, row: Row, _: Row, at: Transaction) -> None:
    row["IsClosed"] = row.get("Status") == "Completed"
    row["CompletedDateTime"] = (row.get("CompletedDateTime") or at.at) if row["IsClosed"] else None
    row["IsHighPriority"] = row.get("Priority") == "High"
    row["TaskSubtype"] = row.get("TaskSubtype") or "Task"
    about = org.row(row.get("WhatId")) or org.row(row.get("WhoId")) or {}
    is_account = str(about.get("Id", "")).startswith("001")
    row["AccountId"] = about.get("Id") if is_account else about.get("AccountId")


def _case(org: Org, row: Row, given: Row, at: Transaction) -> None:
    closed = row.get("Status") == "Closed"
    if "CaseNumber" not in row:
        org.cases += 1
        row["CaseNumber"] = f"{org.cases:08}"
        row["IsClosedOnCreate"] = closed
    row["BusinessHoursId"] = row.get("BusinessHoursId") or org.business_hours
    row["IsClosed"] = closed
    row["ClosedDate"] = (row.get("ClosedDate") or at.at) if closed else None
    if row.get("ContactId") and not row.get("AccountId") and "AccountId" not in given:
        row["AccountId"] = (org.row(row["ContactId"]) or {}).get("AccountId")


def _member(org: Org, row: Row, _: Row, at: Transaction) -> None:
    statuses = org.shelves["CampaignMemberStatus"].living("CampaignId", row.get("CampaignId"))
    own = {one["Label"]: bool(one.get("HasResponded")) for one in statuses}
    row["HasResponded"] = own.get(row.get("Status") or "", row.get("Status") == _RESPONDED)
    if row["HasResponded"] and not row.get("FirstRespondedDate"):
        row["FirstRespondedDate"] = at.day
    row["LeadOrContactId"] = row.get("ContactId") or row.get("LeadId")


_COMPLETERS: dict[str, Callable[[Org, Row, Row, Transaction], None]] = {
    "Lead": _person,
    "User": _person,
    "Contact": _contact,
    "Opportunity": _opportunity,
    "Task": _task,
    "Case": _case,
    "CampaignMember": _member,
}


# ------------------------------------------------------------------------------------------------- looked up on reading


def value(org: Org, kind: str, row: Row, name: str) -> Any:
    """The value of a field of a row as it is read now."""
    looked_up = _LOOKED_UP.get((kind, name))
    if looked_up is not None:
        return looked_up(org, row)
    found = row.get(name)
    return org.kinds[kind].fields[name].empty() if found is None else found


def _address(prefix: str) -> Callable[[Org, Row], Any]:
    def compound(_: Org, row: Row) -> Any:
        parts = {part[0].lower() + part[1:]: row.get(f"{prefix}{part}") for part in _PARTS}
        return parts if any(one is not None for one in parts.values()) else None

    return compound


def _count(kind: str, keep: Callable[[Row], bool]) -> Callable[[Org, Row], int]:
    return lambda org, row: sum(keep(one) for one in org.shelves[kind].living("CampaignId", row["Id"]))


def _amount(keep: Callable[[Row], bool]) -> Callable[[Org, Row], float]:
    return lambda org, row: float(
        sum(one.get("Amount") or 0 for one in org.shelves["Opportunity"].living("CampaignId", row["Id"]) if keep(one))
    )


def _converted(org: Org, row: Row) -> int:
    members = org.shelves["CampaignMember"].living("CampaignId", row["Id"])
    leads = (org.row(one.get("LeadId")) or {} for one in members)
    return sum(bool(lead.get("IsConverted")) for lead in leads)


def _of_person(name: str, lead: str | None = None, contact: str | None = None) -> Callable[[Org, Row], Any]:
    def mirrored(org: Org, row: Row) -> Any:
        person = org.row(row.get("LeadOrContactId")) or {}
        is_lead = str(person.get("Id", "")).startswith("00Q")
        found = person.get((lead if is_lead else contact) or name)
        return org.kinds["CampaignMember"].fields[name].empty() if found is None else found

    return mirrored


def _company(org: Org, row: Row) -> Any:
    person = org.row(row.get("LeadOrContactId")) or {}
    return person.get("Company") or (org.row(person.get("AccountId")) or {}).get("Name")


def _of_contact(name: str) -> Callable[[Org, Row], Any]:
    return lambda org, row: (org.row(row.get("ContactId")) or {}).get(name)


def _photo(_: Org, row: Row) -> str:
    return f"/services/images/photo/{row['Id']}"


_LOOKED_UP: dict[tuple[str, str], Callable[[Org, Row], Any]] = {
    ("Lead", "Address"): _address(""),
    ("User", "Address"): _address(""),
    ("Contact", "MailingAddress"): _address("Mailing"),
    ("Contact", "OtherAddress"): _address("Other"),
    ("Account", "BillingAddress"): _address("Billing"),
    ("Account", "ShippingAddress"): _address("Shipping"),
    ("Lead", "PhotoUrl"): _photo,
    ("Contact", "PhotoUrl"): _photo,
    ("Account", "PhotoUrl"): _photo,
    ("Campaign", "NumberOfLeads"): _count("CampaignMember", lambda one: bool(one.get("LeadId"))),
    ("Campaign", "NumberOfContacts"): _count("CampaignMember", lambda one: bool(one.get("ContactId"))),
    ("Campaign", "NumberOfResponses"): _count("CampaignMember", lambda one: bool(one.get("HasResponded"))),
    ("Campaign", "NumberOfConvertedLeads"): _converted,
    ("Campaign", "NumberOfOpportunities"): _count("Opportunity", lambda _: True),
    ("Campaign", "NumberOfWonOpportunities"): _count("Opportunity", lambda one: bool(one.get("IsWon"))),
    ("Campaign", "AmountAllOpportunities"): _amount(lambda _: True),
    ("Campaign", "AmountWonOpportunities"): _amount(lambda one: bool(one.get("IsWon"))),
    ("CampaignMember", "CompanyOrAccount"): _company,
    ("CampaignMember", "LeadOrContactOwnerId"): _of_person("LeadOrContactOwnerId", "OwnerId", "OwnerId"),
    ("CampaignMember", "Type"): lambda _, row: "Contact" if row.get("ContactId") else "Lead",
    ("Case", "ContactPhone"): _of_contact("Phone"),
    ("Case", "ContactMobile"): _of_contact("MobilePhone"),
    ("Case", "ContactEmail"): _of_contact("Email"),
    ("Case", "ContactFax"): _of_contact("Fax"),
}
_PERSONAL = (
    "Salutation Name FirstName LastName Title Email Phone Fax MobilePhone Description DoNotCall LeadSource".split()
)
_LOOKED_UP |= {("CampaignMember", name): _of_person(name) for name in _PERSONAL}
_LOOKED_UP |= {("CampaignMember", name): _of_person(name) for name in ("HasOptedOutOfEmail", "HasOptedOutOfFax")}
_LOOKED_UP |= {("CampaignMember", part): _of_person(part, part, f"Mailing{part}") for part in _PARTS[:5]}
