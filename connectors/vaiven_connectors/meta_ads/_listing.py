"""Lists below the ad account, deleted objects with them.

A deleted object is no edge of its account any more, and is still found by its id; its figures still count, and insights
show it where they are filtered by `effective_status` (developers.facebook.com, "Manage your ad object's status", read
2026-11-25). So deleted ones are taken from insights: what they were called and what they belong to, at no further
request. Graph v26.0 refuses `GET /?ids=` (restfb issue 1692, 2026-08-05).
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vaiven_sdk import Batch, NotFound, Page, Window, Write, get
from vaiven_sdk.read import Request

from ._account import Hub, place

PAGE = Page.cursor("after", at="paging.cursors.after", more="paging.next", size=200, size_param="limit")
"""The last page has cursors, too; only `next` says that there is more ("Paginated results", read 2026-11-25)."""
SHARED = ("ACTIVE", "PAUSED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES")
LAG = 60.0
"""Seconds by which changes overlap; our own figure: Meta gives none."""


def filtering(name: str, operator: str, value: Any) -> str:
    """One condition as the parameter `filtering` takes it."""
    return json.dumps([{"field": name, "operator": operator, "value": value}])


@dataclass(frozen=True)
class Edge:
    """One kind of object of the account.

    Args:
        path: below the account.
        level: what insights call it.
        fields: that are asked for.
        statuses: values of `effective_status` to list; without them archived ones are left out.
        gone: field of insights by field of the object, of a deleted one.
    """

    path: str
    level: str
    fields: Sequence[str]
    statuses: Sequence[str] = ()
    gone: Mapping[str, str] = field(default_factory=dict)

    def living(self, *, changed: bool) -> Request:
        """All that are not deleted, or those that changed since."""
        asked: dict[str, Any] = {"effective_status": json.dumps(self.statuses)} if self.statuses else {}
        if changed:
            asked["updated_since"] = "{since.epoch}"
        return get(
            f"/{{config.ad_account}}/{self.path}", items="data", page=PAGE, fields=",".join(self.fields), **asked
        )

    def deleted(self) -> Request:
        """Rows of insights, one for each deleted object that was ever shown."""
        return get(
            "/{config.ad_account}/insights",
            items="data",
            page=PAGE,
            level=self.level,
            date_preset="maximum",
            fields=",".join(self.gone.values()),
            filtering=filtering(f"{self.level}.effective_status", "IN", ["DELETED"]),
        )


async def listed(hub: Hub, window: Window, state: Any, edge: Edge, *, changed: bool = False) -> AsyncIterator[Batch]:
    """Pages of an edge, each object with the account's currency; then, unless just changes are read, deleted ones."""
    currency, _ = await place(hub)
    at: dict[str, Any] = dict(state or {"deleted": False, "in": None, "since": None})
    parts = [edge.living(changed=changed), *([] if changed or not edge.gone else [edge.deleted()])]
    for read in parts[int(at["deleted"]) :]:
        async for page in hub.walk(read, window, state=at["in"]):
            rows = [json.loads(bytes(item)) for item in page.items]
            if at["deleted"]:
                rows = [_gone(edge, row) for row in rows]
            if at["since"] is None and page.date:
                at["since"] = _earlier(page.date)
            at["in"] = page.state
            ended = page.state is None
            last = ended and read is parts[-1]
            following = None if last else {**at, "deleted": at["deleted"] or ended}
            yield Batch(
                [{**row, "currency": currency} for row in rows], state=following, since=at["since"] if last else None
            )
        at["deleted"] = True


def _gone(edge: Edge, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": "DELETED", "effective_status": "DELETED"} | {
        name: row[shown] for name, shown in edge.gone.items() if shown in row
    }


def _earlier(at: str) -> str:
    moved = datetime.fromisoformat(at) - timedelta(seconds=LAG)
    return moved.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


async def looked_up(hub: Hub, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
    """Objects by id, each with the account's currency; one that is not there is left out."""
    currency, _ = await place(hub)
    found = []
    for id_ in ids:
        try:
            found.append({**await hub.get(f"/{id_}", fields=",".join(fields)), "currency": currency})
        except NotFound:
            continue
    return found


def reads(edge: Edge, *, changed: bool = False) -> Callable[[Hub, Window, Any], AsyncIterator[Batch]]:
    """A reader of an edge."""

    async def read(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
        async for batch in listed(hub, window, state, edge, changed=changed):
            yield batch

    return read


def finds(edge: Edge) -> Callable[[Hub, Sequence[Write[Any]]], Awaitable[list[dict[str, Any]]]]:
    """A finder of an edge's objects by id; Meta makes nothing unique but that."""

    async def find(hub: Hub, writes: Sequence[Write[Any]]) -> list[dict[str, Any]]:
        return await looked_up(hub, [write.id for write in writes if write.id], edge.fields)

    return find
