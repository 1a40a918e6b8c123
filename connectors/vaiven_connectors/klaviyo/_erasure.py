"""A person's request to be forgotten: `request_profile_deletion` of klaviyo-api 25.0.0, read 2026-11-25."""

from collections.abc import Sequence
from typing import Any

from vaiven_sdk import NotFound, Outcome, Write

from ._account import Hub
from ._profiles import Profile, profiles

PATIENCE = 300.0
"""Seconds to wait until the profile is gone; an unfinished erasure is asked for again by the next run."""


@profiles.erase(
    batch=50,
    note="Klaviyo deletes the profile and shows it on its page of deleted profiles.",
)
async def erase(hub: Hub, writes: Sequence[Write[Profile]]) -> list[Outcome]:
    """Ask for one deletion a profile, by id; Klaviyo carries it out later, so wait until it is gone."""
    for write in writes:
        profile: dict[str, Any] = {"data": {"type": "profile", "id": write.id, "attributes": {}}}
        body = {"data": {"type": "data-privacy-deletion-job", "attributes": {"profile": profile}}}
        if await _there(hub, write.id or ""):
            await hub.post("/api/data-privacy-deletion-jobs", body, safe=True)
    for write in writes:

        async def gone(id_: str = write.id or "") -> bool | None:
            return None if await _there(hub, id_) else True

        await hub.until(gone, deadline=PATIENCE)
    return [write.deleted() for write in writes]


async def _there(hub: Hub, id_: str) -> bool:
    try:
        await hub.get(f"/api/profiles/{id_}", **{"fields[profile]": "created"})
    except NotFound:
        return False
    return True
