"""Writing profiles: one by one while they are few, by an import job when they are many."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from vaiven_sdk import NotFound, Outcome, RequestRefused, Write

from . import _consent as consent
from ._account import Hub, told
from ._import import import_all
from ._profiles import Profile, profiles

FEW = 10
"""Up to so many go one by one: Klaviyo asks not to import a few ("Bulk Import Profiles API" guide, 2026-11-25)."""
MANY = 1_000
"""Profiles in one import; Klaviyo takes 10,000 (`bulk_import_profiles` of klaviyo-api 25.0.0)."""
MOST_BYTES = 4_000_000
"""Klaviyo takes 5 MB; the rest is for what stands around the profiles."""

Writes = Sequence[Write[Profile]]
One = Callable[[Hub, Write[Profile]], Awaitable[Outcome]]


def resource(write: Write[Profile]) -> dict[str, Any]:
    """The profile as Klaviyo wants it: changed attributes, emptied properties apart, and no consent."""
    attributes = write.patch.get("attributes") or {}
    attributes.pop("subscriptions", None)
    if write.before is not None:
        # What Klaviyo has not, nobody needs to empty: an import could not say it (a street's second line, mostly).
        attributes = _without_empty(attributes, write.before.to_wire().get("attributes") or {})
    own = attributes.get("properties") or {}
    unset = sorted(name for name, value in own.items() if value is None)
    if unset:
        attributes["properties"] = {name: value for name, value in own.items() if value is not None}
    made: dict[str, Any] = {"type": "profile", "attributes": attributes}
    if write.id:
        made["id"] = write.id
    if unset:
        made["meta"] = {"patch_properties": {"unset": unset}}
    return made


def _without_empty(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in wanted.items():
        if isinstance(value, dict) and value:
            if inner := _without_empty(value, held.get(name) or {}):
                out[name] = inner
        elif value is not None or held.get(name) is not None:
            out[name] = value
    return out


async def _all(hub: Hub, writes: Writes, one: One) -> list[Outcome]:
    """Do all at once and wait for all, so that none is still under way when one fails."""
    done = await asyncio.gather(*(_guarded(hub, write, one) for write in writes), return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in done if isinstance(outcome, Outcome)]


async def _guarded(hub: Hub, write: Write[Profile], one: One) -> Outcome:
    try:
        return await one(hub, write)
    except NotFound:
        return write.rejected("not_found", "Klaviyo no longer has this profile.")
    except RequestRefused as refusal:
        code, why = told(refusal.body)
        return write.rejected(code or "refused", why or str(refusal))


async def _create(hub: Hub, write: Write[Profile]) -> Outcome:
    try:
        answer = await hub.post("/api/profiles", {"data": resource(write)}, params=consent.WITH, safe=True)
    except RequestRefused as refusal:
        other = _duplicate(refusal)
        if not other:
            raise
        found = (await hub.get(f"/api/profiles/{other}"))["data"]
        if (found["attributes"].get("email") or "").lower() != (write.record.email or "").lower():
            # The phone number or the external id is somebody else's: nothing of theirs is overwritten.
            raise
        body = {"data": {**resource(write), "id": other}}
        answer = await hub.patch(f"/api/profiles/{other}", body, params=consent.WITH, safe=True)
    return write.saved(answer["data"]["id"], answer["data"])


def _duplicate(refusal: RequestRefused) -> str:
    """The profile that has one of the identifiers: `meta.duplicate_profile_id` (klaviyo-api-node issue 75)."""
    errors = refusal.body.get("errors") if isinstance(refusal.body, Mapping) else None
    found = [(one.get("meta") or {}).get("duplicate_profile_id") for one in errors or () if isinstance(one, Mapping)]
    return str(found[0]) if refusal.status == 409 and found and found[0] else ""


async def _update(hub: Hub, write: Write[Profile]) -> Outcome:
    body = resource(write)
    if not (body["attributes"] or body.get("meta")):
        return write.saved(write.id or "")  # consent alone
    answer = await hub.patch(f"/api/profiles/{write.id}", {"data": body}, params=consent.WITH, safe=True)
    return write.saved(answer["data"]["id"], answer["data"])


async def _refused(hub: Hub, writes: Writes) -> list[Outcome]:
    """Those who are to be subscribed and have left: subscribing would lift what they, or the account, decided.

    The endpoint removes the suppressions of whom it subscribes (`bulk_subscribe_profiles` of klaviyo-api 25.0.0): only
    an act of the person that is proven to be later justifies that.
    """
    hopeful = [write for write in writes if consent.SUBSCRIBED in consent.wishes(write).values()]
    known = {one["id"]: one for one in await consent.read(hub, "id", [w.id for w in hopeful if w.id])}
    emails = [write.record.email for write in hopeful if not write.id and write.record.email]
    by_email = {(o["attributes"].get("email") or "").lower(): o for o in await consent.read(hub, "email", emails)}
    out = []
    for write in hopeful:
        found = known.get(write.id) if write.id else by_email.get((write.record.email or "").lower())
        wanted = [field for field, state in consent.wishes(write).items() if state == consent.SUBSCRIBED]
        left = [f for f in wanted if found and consent.CONSENT.get(consent.stands(found, f) or "") == "denied"]
        if found and not all(consent.overruled(write, found, f) for f in left):
            reason = "This person unsubscribed or is suppressed in Klaviyo; only the person can subscribe again."
            out.append(write.rejected("consent_withdrawn", reason))
    return out


async def _written(hub: Hub, writes: Writes, one: One) -> list[Outcome]:
    outcomes = await _refused(hub, writes)
    refused = {(outcome.hub_id, outcome.id) for outcome in outcomes}
    rest = [write for write in writes if (write.hub_id, write.id) not in refused]
    plain = [write for write in rest if len(rest) > FEW and _importable(write)]
    strange = await _strangers(hub, plain)
    plain = [write for write in plain if write.hub_id not in strange]
    single = [write for write in rest if write not in plain]
    if plain:
        outcomes += await import_all(hub, plain, [resource(write) for write in plain])
    outcomes += await _all(hub, single, one)
    landed = {o.hub_id: o.id for o in outcomes if o.status in {"created", "updated"} and o.id}
    asked = [(write, id_) for write in rest if consent.wishes(write) and (id_ := write.id or landed.get(write.hub_id))]
    asked = [(write, id_) for write, id_ in asked if write.hub_id in landed]
    if not asked:
        return outcomes
    await consent.tell(hub, asked)
    # What an answer showed of their consent is of before: they are read back.
    changed = {id_ for _, id_ in asked}
    return [Outcome(o.hub_id, o.status, o.id) if o.id in changed and o.stored else o for o in outcomes]


async def _strangers(hub: Hub, writes: Writes) -> set[str]:
    """New people whose number is on somebody else's profile, or on an earlier one of these: hub ids.

    An import finds a profile by any of its identifiers and overwrites the others, so a household's second member would
    become the first. Alone, Klaviyo refuses such a profile, and says whose the number is.
    """
    new = [write for write in writes if not write.id and write.record.phone_number]
    numbers = [str(write.record.phone_number) for write in new]
    owner = {
        one["attributes"].get("phone_number"): (one["attributes"].get("email") or "").lower()
        for one in await consent.read(hub, "phone_number", numbers)
    }
    out = set()
    for write in new:
        email = (write.record.email or "").lower()
        if owner.setdefault(write.record.phone_number, email) != email:
            out.add(write.hub_id)
    return out


def _importable(write: Write[Profile]) -> bool:
    """Whether an import can say it: emptying an attribute is documented for single profiles alone."""
    attributes = resource(write)["attributes"]
    location = attributes.get("location") or {}
    return bool(attributes) and None not in {*map(_plain, attributes.values()), *location.values()}


def _plain(value: Any) -> Any:
    return "" if isinstance(value, dict | list) else value


@profiles.create(batch=MANY, needs=("email",), consent=None, most_bytes=MOST_BYTES)
async def create(hub: Hub, writes: Writes) -> list[Outcome]:
    """Add profiles: Klaviyo keeps one an address, and keeps people whatever they allow."""
    return await _written(hub, writes, _create)


@profiles.update(batch=MANY, most_bytes=MOST_BYTES)
async def update(hub: Hub, writes: Writes) -> list[Outcome]:
    """Change just what changed."""
    return await _written(hub, writes, _update)


@profiles.find(batch=100)
async def find(hub: Hub, writes: Writes) -> list[Mapping[str, Any]]:
    """Read profiles back: by id, or by address those to be created."""
    found = await consent.read(hub, "id", [write.id for write in writes if write.id])
    emails = [write.record.email for write in writes if not write.id and write.record.email]
    return found + await consent.read(hub, "email", emails)
