"""The shop's simulated vendors, filled, each with the field for the score that its owner has made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_api.demo.people import HUBSPOT, STRIPE
from vaiven_api.demo.shop.company import BEGIN, END, GOOGLE, KLAVIYO, META, PEOPLE_TOOLS, SALESFORCE, SHOPIFY
from vaiven_api.demo.world import Vendor, Vendors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_api.demo.shop.company import Shop

QUIRKS: dict[str, dict[str, Any]] = {HUBSPOT: {"default_lifecycle_stage": ""}, STRIPE: {"livemode": True}}
"""Settings of the accounts; every limit is the vendor's own."""
SCORE = {
    HUBSPOT: "custom.hubspot.vaiven_score",
    SALESFORCE: "custom.salesforce.Vaiven_Score__c",
    KLAVIYO: "custom.klaviyo.vaiven_score",
}
"""Where the score goes: a field in each tool, as the hub names it."""
STREAMS = {
    HUBSPOT: ("contacts",),
    SALESFORCE: ("contacts",),
    KLAVIYO: ("profiles",),
    STRIPE: ("customers", "charges", "refunds"),
    SHOPIFY: ("customers", "orders", "refunds"),
    META: ("ad_accounts", "campaigns", "ad_sets", "ads", "insights"),
    GOOGLE: ("accounts", "campaigns", "ad_groups", "ads", "campaign_metrics", "campaign_conversions"),
}
"""What a shop without a sales team syncs."""
CAMPAIGNS = 12
"""At each ad platform, with two ad groups of two ads each."""
_BATCH = 1000


@dataclass(slots=True)
class ShopWorld(Vendors):
    """The vendors, and what of theirs is what.

    Args:
        orders: the order's id at Shopify -> its position in the company.
    """

    orders: dict[str, int] = field(default_factory=dict)

    def start(self, seed: int, quirks: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Start every vendor, with these quirks beside the demo's own."""
        slugs = (*PEOPLE_TOOLS, META, GOOGLE)
        switches = {slug: {**QUIRKS.get(slug, {}), **(quirks or {}).get(slug, {})} for slug in slugs}
        with ThreadPoolExecutor() as pool:
            begun = {slug: pool.submit(Vendor.start, slug, seed, switches[slug]) for slug in slugs}
        # Whoever did start is stopped on leaving, also when another one did not.
        self.vendors.update({slug: one.result() for slug, one in begun.items() if one.exception() is None})
        for one in begun.values():
            one.result()

    def fill(self, shop: Shop, days: int) -> None:
        """Give every vendor its part of the shop; the ad platforms have so many days of figures."""
        for slug in (META, GOOGLE):
            self.vendors[slug].call("load_tree", campaigns=CAMPAIGNS, days=days)
        self._fill_hubspot(shop.rows[HUBSPOT])
        crm = self.vendors[SALESFORCE]
        crm.call("create_field", kind="Contact", name="Vaiven_Score", type="double", label="Vaiven score")
        self.ids[SALESFORCE] = self._batches(SALESFORCE, "seed", "records", shop.rows[SALESFORCE], kind="Contact")
        self.ids[KLAVIYO] = self._batches(KLAVIYO, "seed_profiles", "profiles", shop.rows[KLAVIYO])
        # A property is there when somebody has it.
        changes = {"properties": {"vaiven_score": 0}}
        self.vendors[KLAVIYO].call("edit_profile", profile_id=self.ids[KLAVIYO][0], changes=changes)
        made = self.vendors[STRIPE].call("seed", customers=shop.rows[STRIPE], orders=shop.payments)
        self.ids[STRIPE] = made["customers"]
        self._fill_shopify(shop)
        for tool, of in shop.of.items():
            self.truth.update({(tool, i): human for i, human in zip(self.ids[tool], of, strict=True)})

    def figures(self) -> dict[str, list[dict[str, str]]]:
        """What each ad platform shows now of every campaign and day: the truth."""
        return {slug: self.vendors[slug].call("figures") for slug in (META, GOOGLE)}

    def _fill_hubspot(self, rows: Sequence[dict[str, Any]]) -> None:
        hubspot = self.vendors[HUBSPOT]
        field = {"name": "vaiven_score", "label": "Vaiven score", "type": "number", "fieldType": "number"}
        hubspot.call("create_property", object_type="contacts", definition=field)
        plain = [{name: value for name, value in row.items() if name != "hs_email_optout"} for row in rows]
        # Typed in long ago: what people have entered at the till since is newer.
        step = (END - BEGIN) / 4 / max(len(rows), 1)
        made: list[str] = []
        for start in range(0, len(plain), _BATCH):
            some = plain[start : start + _BATCH]
            at, wide = (BEGIN + step * start).isoformat(), int(step.total_seconds() * 1000)
            made += hubspot.call("seed", object_type="contacts", records=some, at=at, step_ms=wide)
        for contact, row in zip(made, rows, strict=True):
            if "hs_email_optout" in row:
                hubspot.call("unsubscribe", contact_id=contact)
        self.ids[HUBSPOT] = made

    def _fill_shopify(self, shop: Shop) -> None:
        people = self.ids[SHOPIFY] = self._batches(SHOPIFY, "seed", "customers", shop.rows[SHOPIFY])
        orders = [{**one, "customer": people[one["customer"]]} for one in shop.orders]
        made = self._batches(SHOPIFY, "seed_orders", "orders", orders)
        self.orders = {order: position for position, order in enumerate(made)}

    def _batches(self, tool: str, action: str, name: str, rows: Sequence[Any], **more: Any) -> list[str]:
        made: list[str] = []
        for start in range(0, len(rows), _BATCH):
            made += self.vendors[tool].call(action, **{name: rows[start : start + _BATCH]}, **more)
        return made
