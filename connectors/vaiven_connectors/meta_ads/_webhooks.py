"""Webhooks of a Page's leads and of an ad account's objects: what they tell us to read again.

developers.facebook.com, "Webhooks for Ad Accounts", "Ads webhooks" (updated 2026-07-06) and "Meta Webhooks for Lead
Ads" (updated 2025-12-08), read 2026-11-25.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from vaiven_sdk import Delivery, Hint

LEVELS = {"CAMPAIGN": "campaigns", "AD_SET": "ad_sets", "ADSET": "ad_sets", "AD": "ads", "CREATIVE": "creatives"}
"""`level` of an object in `with_issues_ad_objects` and `in_process_ad_objects`."""


def hints(delivery: Delivery) -> Iterable[Hint]:
    """One hint for each change that names something we read."""
    body = delivery.json()
    for entry in body["entry"]:
        for change in entry.get("changes") or ():
            if body["object"] == "page" and change.get("field") == "leadgen":
                lead = str(change["value"]["leadgen_id"])
                yield Hint("leads", (lead,), str(entry["id"]))
                yield Hint("submissions", (lead,), str(entry["id"]))
            elif body["object"] == "ad_account":
                yield from _object(f"act_{str(entry['id']).removeprefix('act_')}", change.get("value") or {})


def _object(account: str, value: Mapping[str, Any]) -> Iterable[Hint]:
    stream = LEVELS.get(str(value.get("level") or "").upper())
    if stream:
        yield Hint(stream, (str(value["id"]),) if value.get("id") else (), account)
    elif value.get("ad_id"):
        yield Hint("ads", (str(value["ad_id"]),), account)
