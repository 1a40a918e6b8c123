"""Metafields that the shop's owner has defined for customers (types MetafieldDefinition and Metafield, admin_2026-10).

Types: shopify.dev/docs/apps/build/metafields/list-of-data-types, read 2026-11-25. The value of each is a text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vaiven_sdk import CustomField, CustomType, Session, Spelling, Window, graphql

from ._account import Settings
from ._customers import NAMESPACE
from ._graphql import PATH, meta

TYPES = {
    "single_line_text_field": CustomType.TEXT,
    "multi_line_text_field": CustomType.TEXT,
    "url": CustomType.TEXT,
    "color": CustomType.TEXT,
    "id": CustomType.TEXT,
    "number_integer": CustomType.NUMBER,
    "number_decimal": CustomType.NUMBER,
    "boolean": CustomType.BOOLEAN,
    "date": CustomType.DATE,
    "date_time": CustomType.INSTANT,
}
DEFINITIONS = graphql(
    """query page($first: Int!, $after: String) {
      metafieldDefinitions(ownerType: CUSTOMER, first: $first, after: $after) {
        nodes { namespace key name type { name } validations { name value } }
        pageInfo { hasNextPage endCursor }
      }
    }""",
    items="metafieldDefinitions",
    page_size=100,
    path=PATH,
)


async def fields_of(hub: Session[Settings]) -> list[CustomField]:
    """All definitions whose type another tool can take; our own are none."""
    found = []
    async for page in hub.walk(DEFINITIONS, Window(hub.config)):
        found += [field for item in page.items if (field := _field(json.loads(bytes(item)))) is not None]
    return found


def _field(one: Mapping[str, Any]) -> CustomField | None:
    kind = TYPES.get(one["type"]["name"])
    if kind is None or one["namespace"] == NAMESPACE:
        return None
    choices = next((v["value"] for v in one.get("validations") or () if v["name"] == "choices" and v["value"]), None)
    options = [str(choice) for choice in json.loads(choices)] if choices and kind is CustomType.TEXT else []
    return CustomField(
        f"{one['namespace']}.{one['key']}",
        (meta(one["namespace"], one["key"]), "value"),
        CustomType.CHOICE if options else kind,
        one.get("name") or "",
        options,
        spelling=Spelling(texts=True),
    )
