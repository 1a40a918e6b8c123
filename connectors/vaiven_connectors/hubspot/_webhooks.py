"""HubSpot's webhooks: which records a delivery tells us to read again.

Sources: developers.hubspot.com/docs/api/webhooks (payload), /changelog/new-subscription-types-for-webhooks (merges,
ties) and /changelog/public-beta-generic-webhook-subscriptions (`object.*`, `objectTypeId`), read 2026-11-25.
"""

from collections import defaultdict
from collections.abc import Iterable

from vaiven_sdk import Delivery, Hint

KINDS = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
}
"""Streams by what an event is about: its kind, or the id of its kind in an `object.*` event."""
TIES = {
    frozenset({"contacts", "companies"}): "contact_companies",
    frozenset({"deals", "contacts"}): "deal_contacts",
    frozenset({"deals", "companies"}): "deal_companies",
}


def hints(delivery: Delivery) -> Iterable[Hint]:
    """What a delivery of up to 100 events touches; events of kinds that we do not read are passed over."""
    ids: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for event in delivery.json():
        account = str(event["portalId"])
        about, _, what = event["subscriptionType"].partition(".")
        if what == "associationChange":
            # As CONTACT_TO_COMPANY; the ids of both ends are given, and our streams of ties are small.
            ends = [str(part).lower() for part in event["associationType"].split("_TO_")]
            tie = TIES.get(frozenset(KINDS.get(end, end) for end in ends))
            if tie:
                ids[tie, account] = {}
            continue
        stream = KINDS.get(str(event["objectTypeId"]) if about == "object" else about)
        if stream is None:
            continue
        found = [event["objectId"], *event.get("mergedObjectIds", ())]
        ids[stream, account].update(dict.fromkeys(map(str, found)))
    return [Hint(stream, tuple(these), account) for (stream, account), these in ids.items()]
