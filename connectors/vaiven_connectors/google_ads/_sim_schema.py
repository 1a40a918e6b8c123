"""What can be asked for: the fields of each resource with their types, and which go together.

Fields, types and enums are those of the published messages (`_sim_fields.json`). Which resources a query may join,
which metrics and segments they have: developers.google.com/google-ads/api/fields/v26/<resource>, and
.../docs/reporting/segmentation. Read 2026-11-25. Of metrics and segments the simulator holds the ones in `METRICS`
and `SEGMENTS`; the others are known by name, and a query for one says so.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

VERSIONS = ("v23", "v24", "v25", "v26")
"""Served on 2026-11-25: v22 was sunset on 2026-10-07, v26 came on 2026-10-14 (.../docs/release-notes)."""
RETIRED = ("v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22")

ATTRIBUTED: dict[str, tuple[str, ...]] = {
    "customer": (),
    "customer_client": ("customer",),
    "campaign": ("campaign_budget", "customer"),
    "campaign_budget": ("customer",),
    "ad_group": ("campaign", "customer"),
    "ad_group_ad": ("ad_group", "campaign", "customer"),
    "conversion_action": ("customer",),
    "user_list": ("customer",),
    "offline_user_data_job": ("customer",),
    "change_status": ("ad_group", "ad_group_ad", "campaign", "campaign_budget", "customer"),
    "change_event": ("ad_group", "campaign", "customer"),
}
"""Resource of FROM -> resources whose fields may stand beside its own."""

CORE_DATES = ("date", "week", "month", "quarter", "year")
MEASURED = ("customer", "campaign", "campaign_budget", "ad_group", "ad_group_ad", "conversion_action")
"""Resources with metrics."""

CLICKWISE = frozenset({"impressions", "clicks", "cost_micros", "interactions"})
CONVERSIONWISE = frozenset(
    {
        "conversions",
        "conversions_value",
        "all_conversions",
        "all_conversions_value",
        "view_through_conversions",
    }
)
RATES = frozenset(
    {
        "ctr",
        "average_cpc",
        "average_cpm",
        "average_cost",
        "interaction_rate",
        "conversions_from_interactions_rate",
        "cost_per_conversion",
        "value_per_conversion",
        "cost_per_all_conversions",
        "value_per_all_conversions",
        "conversions_value_per_cost",
    }
)
METRICS = CLICKWISE | CONVERSIONWISE | RATES
BY_ACTION = frozenset({"conversion_action", "conversion_action_name", "conversion_action_category"})
SEGMENTS = frozenset({*CORE_DATES, "day_of_week", "month_of_year", "device", "ad_network_type", *BY_ACTION})
ALL_ONLY = frozenset({"all_conversions", "all_conversions_value"})
"""What `conversion_action` has of the metrics."""

Kind = Literal["string", "int64", "uint64", "int32", "double", "bool", "bytes", "enum", "message"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of GAQL.

    Args:
        name: `campaign.name`.
        kind: type of its value.
        enum: name of the enum.
        many: a list of values.
        since: version from which on it is there.
        until: last version that has it.
    """

    name: str
    kind: Kind
    enum: str = ""
    many: bool = False
    since: str = VERSIONS[0]
    until: str = VERSIONS[-1]

    @property
    def resource(self) -> str:
        """`campaign`, `metrics` or `segments`."""
        return self.name.partition(".")[0]

    @property
    def local(self) -> str:
        """The name within its resource."""
        return self.name.partition(".")[2]

    def there(self, version: str) -> bool:
        """Whether this version has it."""
        return VERSIONS.index(self.since) <= VERSIONS.index(version) <= VERSIONS.index(self.until)

    @property
    def sortable(self) -> bool:
        """Lists and messages cannot be ordered by."""
        return not self.many and self.kind != "message"


@functools.cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "_sim_fields.json").read_text("utf-8"))
    return found


@functools.cache
def fields() -> dict[str, Field]:
    """Every known field by its name in GAQL."""
    held = _document()
    found = {}
    for resource, types in held["resources"].items():
        for local, text in types.items():
            name = f"{resource}.{local}"
            base, _, enum = text.partition(" ")
            many = base.endswith("[]")
            since, until = held["since"].get(name, VERSIONS[0]), held["until"].get(name, VERSIONS[-1])
            found[name] = Field(name, base.removesuffix("[]"), enum, many, since, until)
    return found


@functools.cache
def of_resource(resource: str) -> dict[str, Field]:
    """The fields of one resource by their local name."""
    return {one.local: one for one in fields().values() if one.resource == resource}


@functools.cache
def resources() -> tuple[str, ...]:
    """Resources that a query can be FROM."""
    return tuple(ATTRIBUTED)


@functools.cache
def values_of(enum: str) -> tuple[str, ...]:
    """The constants of an enum, without UNSPECIFIED and UNKNOWN, in the order of their numbers."""
    return tuple(_document()["enums"].get(enum, ()))


def find(name: str, version: str) -> Field | None:
    """A field, if this version has it."""
    found = fields().get(name)
    return found if found is not None and found.there(version) else None
