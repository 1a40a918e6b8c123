"""Fields that an organization's administrators have added: sObject Describe, read 2026-11-25.

Types: SOAP API guide, "Primitive Data Types" and "Field Types" (developer.salesforce.com), read 2026-11-25.
"""

from collections.abc import Mapping
from typing import Any

from vaiven_connectors.salesforce._settings import Settings
from vaiven_connectors.salesforce._soql import describe
from vaiven_sdk import ConfigInvalid, CustomField, CustomType, PermissionMissing, Session, Spelling

ID = "Vaiven_Id__c"
"""The custom field that carries the hub's id: text, unique, external id. An administrator makes it."""
SPELLING = Spelling(separator=";")
"""JSON has numbers, booleans and ISO instants; several choices stand in one text, parted by semicolons."""
TYPES = {
    "string": CustomType.TEXT,
    "textarea": CustomType.TEXT,
    "email": CustomType.TEXT,
    "phone": CustomType.TEXT,
    "url": CustomType.TEXT,
    "encryptedstring": CustomType.TEXT,
    "double": CustomType.NUMBER,
    "currency": CustomType.NUMBER,
    "percent": CustomType.NUMBER,
    "int": CustomType.NUMBER,
    "boolean": CustomType.BOOLEAN,
    "date": CustomType.DATE,
    "datetime": CustomType.INSTANT,
    "picklist": CustomType.CHOICE,
    "multipicklist": CustomType.CHOICES,
}
"""Left out: reference, location, address, base64, time and what may come: no value that another tool could take."""


async def fields_of(hub: Session[Settings], sobject: str) -> list[CustomField]:
    """The custom fields of one object that the connected user may see."""
    answer = (await describe(hub.request, sobject)).json()
    own = [one for one in answer["fields"] if one.get("custom") and one["name"] != ID and one["type"] in TYPES]
    return [_field(one) for one in own]


def _field(one: Mapping[str, Any]) -> CustomField:
    options = [v["value"] for v in one.get("picklistValues") or () if v.get("active", True)]
    return CustomField(
        one["name"],
        (one["name"],),
        TYPES[one["type"]],
        one.get("label") or "",
        # Any text may be written to a picklist that is not restricted.
        options if one.get("restrictedPicklist") else (),
        read_only=bool(one.get("calculated")) or not (one.get("createable") and one.get("updateable")),
        spelling=SPELLING,
    )


async def check_id(hub: Session[Settings], sobject: str) -> None:
    """Refuse to write to an object on which the hub's id cannot be kept.

    The Metadata and Tooling APIs could make the field, for a user with "Customize Application" who then opens it to
    himself by field-level security (Tooling API guide, "CustomField", 2026-11-25): more than a sync should be granted.

    Raises:
        ConfigInvalid: the field is missing, or is not what it must be.
    """
    try:
        answer = (await describe(hub.request, sobject)).json()
    except PermissionMissing:
        return  # an organization that shows some of the objects alone
    found = next((one for one in answer["fields"] if one["name"] == ID), None)
    if found is None:
        wrong = "it is not there, or the connected user may not see it"
    elif not (found.get("externalId") and found.get("unique")):
        wrong = "it is not marked as Unique and as External ID"
    elif not (found.get("createable") and found.get("updateable")):
        wrong = "the connected user may not edit it"
    else:
        return
    raise ConfigInvalid(
        f"Salesforce's field {ID} of {sobject} cannot carry Vaiven's ids.",
        why=wrong,
        remedy=f"In Setup > Object Manager > {sobject} > Fields & Relationships make a Text field of 40 characters with"
        f" the name {ID.removesuffix('__c')}, tick Unique and External ID, and let the connected user see and edit it.",
    )
