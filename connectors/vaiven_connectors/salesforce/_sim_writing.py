"""Creating, changing and deleting records, one at a time within a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vaiven_connectors.salesforce._sim_derived import complete
from vaiven_connectors.salesforce._sim_errors import gone, locked, no
from vaiven_connectors.salesforce._sim_kinds import Kind
from vaiven_connectors.salesforce._sim_org import Org, Row, Transaction
from vaiven_connectors.salesforce._sim_values import clean

_DEFAULTS: dict[str, Row] = {
    "Lead": {"Status": "Open - Not Contacted", "IsUnreadByOwner": True},
    "Case": {"Status": "New", "Priority": "Medium"},
    "Task": {"Status": "Not Started", "Priority": "Normal"},
    "Campaign": {"Status": "Planned"},
    "CampaignMember": {"Status": "Sent"},
}
# Parents that a write holds: of siblings that are written in parallel, one waits for the other or fails.
_PARENTS = {
    "Contact": ("AccountId",),
    "Opportunity": ("AccountId",),
    "Case": ("AccountId",),
    "CampaignMember": ("CampaignId",),
}
# Children that go with their parent into the recycle bin, and those that keep it from going.
_CASCADE = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId")),
    "Contact": (("CampaignMember", "ContactId"),),
    "Lead": (("CampaignMember", "LeadId"),),
    "Campaign": (("CampaignMember", "CampaignId"), ("CampaignMemberStatus", "CampaignId")),
}
_HELD_BACK = {"Account": "AccountId", "Contact": "ContactId"}


def create(org: Org, kind: Kind, given: Row, at: Transaction) -> Row:
    """Make a record.

    Raises:
        Refusal: what is wrong with it.
    """
    if not kind.writable:
        raise no("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {kind.label}", fields=[])
    values = clean(org, kind, given, create=True)
    _lock(kind, values, at)
    _unique(org, kind, values, None)
    _duplicates(org, kind, values, None, at)
    row = {**_defaults(org, kind, at), **values}
    complete(org, kind.name, row, values, at)
    made = org.insert(kind.name, row, at)
    if kind.name == "Campaign":
        for number, label in enumerate(("Sent", "Responded"), 1):
            status = {"CampaignId": made["Id"], "Label": label, "SortOrder": number, "IsDefault": number == 1}
            org.insert("CampaignMemberStatus", {**status, "HasResponded": number > 1}, at)
    return made


def _defaults(org: Org, kind: Kind, at: Transaction) -> Row:
    row = dict(_DEFAULTS.get(kind.name, {}))
    if "OwnerId" in kind.fields:
        row["OwnerId"] = at.user
    if "CurrencyIsoCode" in kind.fields:
        row["CurrencyIsoCode"] = org.quirk["currencies"][0]
    return row


def update(org: Org, kind: Kind, row: Row, given: Row, at: Transaction) -> Row:
    """Change a record; its stamps move even when no value does.

    Raises:
        Refusal: what is wrong.
    """
    if not kind.writable:
        raise no("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be updated: {kind.label}", fields=[])
    if row.get("IsDeleted"):
        raise gone()
    if row.get("IsConverted"):
        raise no("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", fields=[])
    values = clean(org, kind, given, create=False)
    _lock(kind, {**row, **values}, at)
    _unique(org, kind, values, row)
    _duplicates(org, kind, values, row, at)
    new = {**row, **values}
    complete(org, kind.name, new, values, at)
    return org.amend(kind.name, row, new, at)


def delete(org: Org, kind: Kind, row: Row, at: Transaction) -> None:
    """Put a record into the recycle bin, and its children with it.

    Raises:
        Refusal: it is there already, it cannot be deleted, or somebody needs it.
    """
    if not kind.soft:
        raise no("INVALID_TYPE_FOR_OPERATION", f"entity type {kind.name} does not support delete", fields=[])
    if row.get("IsDeleted"):
        raise gone()
    _lock(kind, row, at)
    holder = _HELD_BACK.get(kind.name)
    if holder and org.shelves["Case"].living(holder, row["Id"]):
        raise no(
            "DELETE_FAILED",
            f"Your attempt to delete {row.get('Name')} could not be completed because it is associated with the "
            "following cases.",
            fields=[],
        )
    for child, name in _CASCADE.get(kind.name, ()):
        for one in org.shelves[child].living(name, row["Id"]):
            delete(org, org.kinds[child], one, at)
    org.amend(kind.name, row, {"IsDeleted": True}, at, by_system=True)


def undelete(org: Org, kind: Kind, row: Row, at: Transaction) -> None:
    """Take a record out of the recycle bin (`undelete()` of SOAP and Apex: the REST API has no such resource)."""
    if not row.get("IsDeleted"):
        raise no("UNDELETE_FAILED", "Entity is not in the recycle bin", fields=[])
    _unique(org, kind, row, row)
    org.amend(kind.name, row, {"IsDeleted": False, "MasterRecordId": None}, at)


def purge(org: Org, kind: Kind, row: Row, at: Transaction) -> None:
    """Delete for good: not even queryAll shows it any more."""
    org.shelves[kind.name].drop(row["Id"])
    org.purged[kind.name].append((row["Id"], at.at))


def parents(kind: Kind, given: Row, row: Row | None) -> Iterator[str]:
    """Ids of the parents that writing this record holds."""
    for name in _PARENTS.get(kind.name, ()):
        for source in (given, row or {}):
            if isinstance(found := source.get(name), str):
                yield found


def _lock(kind: Kind, values: Row, at: Transaction) -> None:
    for name in _PARENTS.get(kind.name, ()):
        if values.get(name) in at.held:
            raise locked(values[name])


def _unique(org: Org, kind: Kind, values: Row, row: Row | None) -> None:
    own = row["Id"] if row else None
    for name, value in values.items():
        field = kind.fields.get(name)
        if field is None or not field.unique or value is None:
            continue
        for other in org.shelves[kind.name].living(name, value):
            if other["Id"] != own:
                raise no(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {name} duplicates value on record with id: {other['Id'][:15]}",
                    fields=[],
                )
    if kind.name == "CampaignMember" and row is None:
        for other in org.shelves["CampaignMember"].living("CampaignId", values.get("CampaignId")):
            if any(values.get(name) and other.get(name) == values[name] for name in ("LeadId", "ContactId")):
                raise no("DUPLICATE_VALUE", "Already a campaign member.", fields=[])


def _duplicates(org: Org, kind: Kind, values: Row, row: Row | None, at: Transaction) -> None:
    """The org's duplicate rule for the object, if it has one: the same address, or of accounts the same name."""
    if kind.name not in org.quirk["duplicate_rules"] or at.allow_duplicates:
        return
    name = "Name" if kind.name == "Account" else "Email"
    value = values.get(name)
    if value is None or (row and row.get(name) == value):
        return
    shelf = org.shelves[kind.name]
    rows = shelf.living(name, value) if shelf.knows(name) else _same(shelf.rows.values(), name, value)
    found = [other["Id"] for other in rows if row is None or other["Id"] != row["Id"]]
    if found:
        raise no(
            "DUPLICATES_DETECTED",
            "Use one of these records?",
            fields=[],
            more={"duplicateResut": duplicate_result(kind.name, found)},
        )


def _same(rows: Any, name: str, value: str) -> list[Row]:
    low = value.casefold()
    return [row for row in rows if not row.get("IsDeleted") and str(row.get(name, "")).casefold() == low]


def duplicate_result(kind: str, found: list[str]) -> Row:
    """What the duplicate rule tells (salesforcedictionary.com/errors/duplicates-detected-api, read 2026-11-25)."""
    matches = [
        {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": {"Id": key}}
        for key in found
    ]
    return {
        "allowSave": True,
        "duplicateRule": f"Standard_{kind}_Duplicate_Rule",
        "duplicateRuleEntityType": kind,
        "errorMessage": "Use one of these records?",
        "matchResults": [
            {
                "entityType": kind,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": matches,
                "rule": f"Standard_{kind}_Match_Rule_v1_0",
                "size": len(found),
                "success": True,
            }
        ],
    }
