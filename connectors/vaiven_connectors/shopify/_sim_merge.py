"""What becomes of two customers that are one person.

Source: shopify.dev/docs/api/admin-graphql/2026-10/mutations/customerMerge, and what was recorded of it for Shopify's
draft proxy. Read 2026-11-25.
"""

from __future__ import annotations

from vaiven_connectors.shopify._sim_graph import Json
from vaiven_connectors.shopify._sim_record import clean_tags, name_of
from vaiven_connectors.shopify._sim_shop import Shop

_RANK = {"SUBSCRIBED": 2, "PENDING": 1}
_KEEP = {
    "firstName": "customerIdOfFirstNameToKeep",
    "lastName": "customerIdOfLastNameToKeep",
    "email": "customerIdOfEmailToKeep",
    "phone": "customerIdOfPhoneNumberToKeep",
}


def merge(shop: Shop, one: str, two: str, overrides: Json) -> str:
    """Move everything to the one that stays, and take the other out; gives the id that stays."""
    kept, gone = _choose(shop.customers.get(one), shop.customers.get(two), overrides)
    values: Json = {}
    for name, override in _KEEP.items():
        wanted = overrides.get(override)
        other = gone if wanted == gone["id"] else kept
        values[name] = other[name] if wanted else kept[name] or gone[name]
    for name, consent in (("email", "emailConsent"), ("phone", "smsConsent")):
        values[consent] = gone[consent] if values[name] and values[name] == gone[name] else kept[consent]
    notes = [note for note in (kept["note"], gone["note"]) if note]
    values["note"] = overrides.get("note") or "\n".join(notes) or None
    values["tags"] = clean_tags(overrides.get("tags") or [*kept["tags"], *gone["tags"]])
    values["addresses"] = [*kept["addresses"], *gone["addresses"]]
    values["createdAt"] = min(kept["createdAt"], gone["createdAt"])
    values["displayName"] = name_of(values)
    shop.metafields[kept["id"]] = {**shop.metafields.get(gone["id"], {}), **shop.metafields.get(kept["id"], {})}
    shop.customers.remove(gone["id"])
    shop.forget([gone["id"]])
    shop.customers.change(kept["id"], values)
    for entry in list(shop.orders.select(customerId=gone["id"])):
        shop.orders.change(entry.row["id"], {"customerId": kept["id"], "email": values["email"]})
    for entry in list(shop.checkouts.select(customerId=gone["id"])):
        shop.checkouts.change(entry.row["id"], {"customerId": kept["id"]})
    shop.heard("CUSTOMERS_MERGE", {"id": kept["id"], "goneId": gone["id"]})
    return str(kept["id"])


def _choose(one: Json, two: Json, overrides: Json) -> tuple[Json, Json]:
    """The one with the address to keep; else with an address; else with the better consent; else the second."""
    wanted = overrides.get("customerIdOfEmailToKeep")
    if wanted in {one["id"], two["id"]}:
        return (one, two) if wanted == one["id"] else (two, one)

    def rank(row: Json) -> tuple[bool, int]:
        return bool(row["email"]), _RANK.get(row["emailConsent"]["marketingState"], 0) if row["email"] else 0

    return (one, two) if rank(one) > rank(two) else (two, one)
