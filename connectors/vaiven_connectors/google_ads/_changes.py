"""What changed in an account: the resource `change_status`, and then the things that it names.

It reaches back 90 days, a query of it gives 10,000 rows at most, and its times are the account's (developers.google.com
/google-ads/api/docs/change-status). What Google itself does (a review, a status that follows from a date) is no change
there. Read 2026-11-25.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from vaiven_sdk import Batch, ChangesUnknown, Window

from ._account import Hub, customer
from ._gaql import PAGE, Gaql, quoted

REACH = timedelta(days=89)
"""A day less than Google's 90, for the edge lies in the account's zone."""
BACK = timedelta(minutes=75)
"""How far before the last read it looks: changes are listed within three minutes ("Change event"), and the hour that
comes twice in autumn is told by no text without a zone."""
SOME = 500
"""Things asked for in one query; a list may have 20,000 ("Query structure")."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing.

    Args:
        name: `ChangeStatusResourceType`.
        field: of `change_status`, which holds the thing's resource name.
        query: up to the field by which things are chosen.
    """

    name: str
    field: str
    query: str


async def changed(hub: Hub, window: Window, state: Any, kind: Kind) -> AsyncIterator[Batch]:
    """The things of one kind that changed since, as they are now.

    Args:
        hub: to call with.
        window: since when.
        state: of an earlier walk: what is left to ask for, and where the next read begins.
        kind: of thing.

    Raises:
        ChangesUnknown: it is too long ago, or so much changed that reading everything costs less.
    """
    at = state or await _listed(hub, window, kind)
    left: list[str] = at["left"]
    while True:
        some, left = left[:SOME], left[SOME:]
        pages = hub.walk(Gaql(f"{kind.query} IN {quoted(some)}"), window) if some else None
        items = [item async for page in pages for item in page.items] if pages else []
        yield Batch(items, state={**at, "left": left} if left else None, since=None if left else at["since"])
        if not left:
            return


async def _listed(hub: Hub, window: Window, kind: Kind) -> dict[str, Any]:
    zone = ZoneInfo(hub.config.time_zone or str((await customer(hub)).get("timeZone") or "UTC"))
    now = datetime.now(UTC)
    begin = datetime.fromisoformat(window.since or "1970-01-01T00:00:00Z") - BACK
    if now - begin > REACH:
        raise ChangesUnknown("Google Ads lists the changes of 90 days, and the last read is longer ago.")
    since, until = (f"{one.astimezone(zone):%Y-%m-%d %H:%M:%S}" for one in (begin, now + timedelta(days=1)))
    query = (
        f"SELECT change_status.{kind.field}, change_status.last_change_date_time FROM change_status"  # noqa: S608
        f" WHERE change_status.last_change_date_time BETWEEN '{since}' AND '{until}'"
        f" AND change_status.resource_type = '{kind.name}'"
        f" ORDER BY change_status.last_change_date_time LIMIT {PAGE}"
    )
    names: dict[str, None] = {}
    count, told = 0, None
    camel = kind.field.title().replace("_", "")
    async for page in hub.walk(Gaql(query), window):
        told = told or page.date
        count += len(page.items)
        named = (msgspec.json.decode(item)["changeStatus"] for item in page.items)
        names.update(dict.fromkeys(one[camel[0].lower() + camel[1:]] for one in named))
    if count >= PAGE:
        raise ChangesUnknown(f"More than {PAGE} things changed: reading everything costs less.")
    return {"left": list(names), "since": told or window.since}
