"""What happens while the hub is not looking: people say no, staff merges records, and the ad platforms restate."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaiven_api.demo.people import HUBSPOT
from vaiven_api.demo.shop.company import GOOGLE, KLAVIYO, META, SALESFORCE, SHOPIFY

if TYPE_CHECKING:
    from vaiven_api.demo.shop.company import Shop
    from vaiven_api.demo.shop.world import ShopWorld

PASSED = 9 * 86_400.0
"""Seconds that pass at the ad platforms: late conversions come in, and some are taken back."""


@dataclass(slots=True)
class Meanwhile:
    """All that was done; ids are the vendors' own.

    Args:
        refused: (tool, record) of people who said no to e-mail.
        merged: (tool, record that is gone, record that stays).
        credentials: of the ad platforms, good after the time that has passed.
    """

    refused: list[tuple[str, str]] = field(default_factory=list)
    merged: list[tuple[str, str, str]] = field(default_factory=list)
    credentials: dict[str, dict[str, str]] = field(default_factory=dict)


def happen(shop: Shop, world: ShopWorld, seed: int) -> Meanwhile:
    """Do it all."""
    rng = random.Random(seed + 1)  # noqa: S311 - test data, not secrets
    out = Meanwhile()
    many = max(2, len(shop.humans) // 200)
    for tool in (KLAVIYO, SHOPIFY, HUBSPOT, SALESFORCE):
        # Whose records are about to be merged is left in peace.
        twins = {place for pair in shop.twins.get(tool, ()) for place in pair}
        free = [i for place, i in enumerate(world.ids[tool]) if place not in twins]
        for record in rng.sample(free, k=min(many, len(free))):
            _refuse(world, tool, record)
            out.refused.append((tool, record))
    for tool, pairs in shop.twins.items():
        for first, second in pairs:
            stays, goes = world.ids[tool][first], world.ids[tool][second]
            if tool == HUBSPOT:
                kept = world.vendors[tool].call(
                    "merge_records", object_type="contacts", primary_id=stays, other_id=goes
                )
            else:
                kept = world.vendors[tool].call("merge", master_id=stays, other_ids=[goes])
            out.merged += [(tool, one, str(kept)) for one in (stays, goes) if one != str(kept)]
    for tool in (META, GOOGLE):
        out.credentials[tool] = world.vendors[tool].call("wait", seconds=PASSED)
    return out


def _refuse(world: ShopWorld, tool: str, record: str) -> None:
    vendor = world.vendors[tool]
    if tool == KLAVIYO:
        vendor.call("set_consent", profile_id=record, channel="email", consent_value="UNSUBSCRIBED")
    elif tool == SHOPIFY:
        vendor.call("unsubscribe", customer=record)
    elif tool == HUBSPOT:
        vendor.call("unsubscribe", contact_id=record)
    else:
        vendor.call("edit", record_ids=[record], values={"HasOptedOutOfEmail": True})
