"""Properties that a portal's users have made: schema Property of crm-properties@v3, read 2026-11-25."""

from collections.abc import Mapping
from typing import Any

from vaiven_sdk import Config, CustomField, CustomType, Session, Spelling

ID = "vaiven_id"
"""The custom property that carries the hub's id; HubSpot keeps its values unique."""
SPELLING = Spelling(texts=True, separator=";")
"""Every value is a text, and several choices stand in one, parted by semicolons (properties guide)."""
TYPES = {
    "string": CustomType.TEXT,
    "phone_number": CustomType.TEXT,
    "number": CustomType.NUMBER,
    "bool": CustomType.BOOLEAN,
    "date": CustomType.DATE,
    "datetime": CustomType.INSTANT,
}


async def properties_of(hub: Session[Config], kind: str) -> list[CustomField]:
    """The custom properties of one kind of object; the list leaves sensitive ones out unless they are asked for."""
    answer = await hub.get(f"/crm/v3/properties/{kind}")
    own = [p for p in answer["results"] if not p.get("hubspotDefined") and not p.get("archived") and p["name"] != ID]
    return [field for one in own if (field := _field(one)) is not None]


def _field(one: Mapping[str, Any]) -> CustomField | None:
    options = [option["value"] for option in one.get("options") or ()]
    if one["type"] == "enumeration":
        kind = CustomType.CHOICES if one["fieldType"] == "checkbox" else CustomType.CHOICE
        kind = CustomType.BOOLEAN if one["fieldType"] == "booleancheckbox" else kind
    elif one["type"] in TYPES:
        kind = TYPES[one["type"]]
    else:
        return None  # json, coordinates and what may come: no value that another portal could take
    rule = one.get("modificationMetadata") or {}
    return CustomField(
        one["name"],
        ("properties", one["name"]),
        kind,
        one.get("label") or "",
        # Options that live elsewhere (owners, say) are not in the list.
        () if one.get("externalOptions") or kind is CustomType.BOOLEAN else options,
        read_only=bool(one.get("calculated") or rule.get("readOnlyValue")),
        spelling=SPELLING,
    )
