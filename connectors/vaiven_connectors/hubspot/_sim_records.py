"""One HubSpot record: its type, its values, and who wrote them when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vaiven_connectors.hubspot._sim_schema import LIFECYCLE, iso


@dataclass(frozen=True, slots=True)
class ObjectType:
    """What differs between contacts, companies and deals.

    `defaults` are the properties answered when none are asked for (table on the page "search the CRM").
    """

    name: str
    singular: str
    id: str
    modified: str
    defaults: tuple[str, ...]
    texts: tuple[str, ...]


CONTACTS: Final = ObjectType(
    "contacts",
    "contact",
    "0-1",
    "lastmodifieddate",
    ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    ("firstname", "lastname", "email", "phone", "hs_additional_emails", "fax", "mobilephone", "company"),
)
COMPANIES: Final = ObjectType(
    "companies",
    "company",
    "0-2",
    "hs_lastmodifieddate",
    ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    ("website", "phone", "name", "domain"),
)
DEALS: Final = ObjectType(
    "deals",
    "deal",
    "0-3",
    "hs_lastmodifieddate",
    (
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    ("dealname", "pipeline", "dealstage", "description", "dealtype"),
)
TYPES: Final = {name: kind for kind in (CONTACTS, COMPANIES, DEALS) for name in (kind.name, kind.singular, kind.id)}


@dataclass(frozen=True, slots=True)
class Hand:
    """Who wrote: an app through the API, a user in HubSpot, or HubSpot's own processes."""

    source: str
    source_id: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """One write to a record: when, by whom, and the values it set."""

    ms: int
    hand: Hand
    values: Mapping[str, str]


@dataclass(slots=True)
class Record:
    """One record; `writes` runs from the oldest, and the values' history is read out of it."""

    id: int
    values: dict[str, str]
    created: str
    modified: str
    archived_at: str | None = None
    writes: list[Write] = field(default_factory=list)

    def history(self, name: str) -> list[dict[str, Any]]:
        """The values a property has had, the newest first, as `ValueWithTimestamp`."""
        return [
            {
                "value": write.values[name],
                "timestamp": iso(write.ms),
                "sourceType": write.hand.source,
                "sourceId": write.hand.source_id,
                **({"updatedByUserId": write.hand.user_id} if write.hand.user_id is not None else {}),
            }
            for write in reversed(self.writes)
            if name in write.values
        ]


def is_backward(stage: str | None, wanted: str | None) -> bool:
    """Whether a lifecycle stage lies before the present one; custom stages are not compared."""
    return (
        stage in LIFECYCLE and wanted in LIFECYCLE and LIFECYCLE.index(wanted) < LIFECYCLE.index(stage)
        if stage and wanted
        else False
    )


def merged_ids(record: Record) -> list[int]:
    """Ids of the records that went into this one."""
    return [int(i) for i in record.values.get("hs_merged_object_ids", "").split(";") if i]
