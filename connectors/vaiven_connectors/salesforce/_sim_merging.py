"""What makes one record of several: merges, and the conversion of a lead.

Sources: SOAP API Developer Guide, merge() ("deleting the others, and re-parenting any related records"; up to
three; Lead, Contact and Account only) and convertLead(); Help 000384333; read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Sequence

from vaiven_connectors.salesforce import _sim_writing as writing
from vaiven_connectors.salesforce._sim_errors import no
from vaiven_connectors.salesforce._sim_objects import LEAD_STATUSES
from vaiven_connectors.salesforce._sim_org import Org, Row, Transaction

_CHILDREN = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId"), ("Case", "AccountId"), ("Account", "ParentId")),
    "Contact": (("CampaignMember", "ContactId"), ("Case", "ContactId"), ("Task", "WhoId")),
    "Lead": (("CampaignMember", "LeadId"), ("Task", "WhoId")),
}


def merge(org: Org, at: Transaction, master: Row, losers: Sequence[Row], values: Row) -> Row:
    """Merge up to two others into a record: they go, with its id as MasterRecordId, and their children follow it.

    Raises:
        Refusal: the object cannot be merged, or a record is not there.
    """
    kind = org.kind_of(master["Id"])
    if kind is None or kind.name not in _CHILDREN or not 1 <= len(losers) <= 2:
        raise no("MERGE_FAILED", "two or three leads, contacts or accounts can be merged")
    for loser in losers:
        for child, reference in _CHILDREN[kind.name]:
            _reparent(org, at, (child, reference), loser["Id"], master["Id"])
    for loser in losers:
        org.amend(kind.name, loser, {"IsDeleted": True, "MasterRecordId": master["Id"]}, at, by_system=True)
    return writing.update(org, kind, master, values, at)


def _reparent(org: Org, at: Transaction, place: tuple[str, str], old: str, new: str) -> None:
    child, reference = place
    for row in org.shelves[child].living(reference, old):
        taken = child == "CampaignMember" and any(
            one["CampaignId"] == row["CampaignId"] for one in org.shelves[child].living(reference, new)
        )
        if taken:
            writing.delete(org, org.kinds[child], row, at)
            continue
        values = {reference: new}
        if child == "CampaignMember" and row.get("LeadOrContactId") == old:
            values["LeadOrContactId"] = new
        org.amend(child, row, values, at)


def convert(
    org: Org, lead: Row, at: Transaction, *, account: str | None, contact: str | None, opportunity: str | None
) -> dict[str, str | None]:
    """Convert a lead into an account, a contact and, if it is named, an opportunity; existing ones can be given.

    Raises:
        Refusal: it is converted already.
    """
    if lead.get("IsConverted"):
        raise no("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", fields=[])
    account_id = account or writing.create(org, org.kinds["Account"], _account(lead), at)["Id"]
    contact_id = (
        contact or writing.create(org, org.kinds["Contact"], {**_contact(lead), "AccountId": account_id}, at)["Id"]
    )
    deal_id = None
    if opportunity:
        deal = {"Name": opportunity, "AccountId": account_id, "StageName": "Prospecting", "CloseDate": at.day}
        deal_id = writing.create(org, org.kinds["Opportunity"], {**deal, "LeadSource": lead.get("LeadSource")}, at)[
            "Id"
        ]
    for member in org.shelves["CampaignMember"].living("LeadId", lead["Id"]):
        org.amend(
            "CampaignMember", member, {"ContactId": contact_id, "LeadOrContactId": contact_id}, at, by_system=True
        )
    ids = {"ConvertedAccountId": account_id, "ConvertedContactId": contact_id, "ConvertedOpportunityId": deal_id}
    done = {"IsConverted": True, "ConvertedDate": at.day, "Status": LEAD_STATUSES[2], "IsUnreadByOwner": False}
    org.amend("Lead", lead, {**ids, **done}, at)
    return ids


def _account(lead: Row) -> Row:
    places = {f"Billing{part}": lead.get(part) for part in ("Street", "City", "State", "PostalCode", "Country")}
    same = ("Phone", "Fax", "Website", "Industry", "AnnualRevenue", "NumberOfEmployees")
    return {"Name": lead["Company"], **places, **{name: lead.get(name) for name in same}, "OwnerId": lead["OwnerId"]}


def _contact(lead: Row) -> Row:
    places = {f"Mailing{part}": lead.get(part) for part in ("Street", "City", "State", "PostalCode", "Country")}
    same = ("FirstName", "LastName", "Salutation", "Title", "Email", "Phone", "MobilePhone", "Fax", "LeadSource")
    consent = ("HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall")
    return {**places, **{name: lead.get(name) for name in (*same, *consent)}, "OwnerId": lead["OwnerId"]}
