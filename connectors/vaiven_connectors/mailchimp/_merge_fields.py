"""The merge fields that an audience's owner has added (reference, list-merges; description 3.0.55, 2026-11-25)."""

from collections.abc import Mapping
from typing import Any

from vaiven_sdk import CustomField, CustomType, Session

from ._account import Settings
from ._members import members

TYPES = {
    "text": CustomType.TEXT,
    "number": CustomType.NUMBER,
    "phone": CustomType.TEXT,
    "date": CustomType.DATE,
    "url": CustomType.TEXT,
    "imageurl": CustomType.TEXT,
    "radio": CustomType.CHOICE,
    "dropdown": CustomType.CHOICE,
    # Month and day without a year are no date.
    "birthday": CustomType.TEXT,
    "zip": CustomType.TEXT,
}
"""What each type becomes; an `address` is an object of several values and is left out."""


@members.custom_fields
async def merge_fields(hub: Session[Settings]) -> list[CustomField]:
    """All merge fields; those that the record reads by itself (FNAME, PHONE and so on) are left out by the SDK."""
    # Ten unless asked, a thousand at most (reference, parameter `count`).
    answer = await hub.get(f"/lists/{hub.config.audience_id}/merge-fields", count=1000)
    return [_field(one) for one in answer["merge_fields"] if one["type"] in TYPES]


def _field(one: Mapping[str, Any]) -> CustomField:
    choices = (one.get("options") or {}).get("choices") or ()
    kind = TYPES[one["type"]]
    return CustomField(one["tag"], ("merge_fields", one["tag"]), kind, one.get("name") or "", tuple(choices))
