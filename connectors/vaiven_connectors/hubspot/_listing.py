"""How records are read: listed, searched by time of change, and by id, each with the properties that are wanted."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from vaiven_sdk import Fetched, NotFound, Page, Read, Session, Window, get, post

BATCH = 100
"""Most inputs of a batch call on records (contacts guide, "Update multiple", read 2026-11-22)."""
LONGEST = 6_000
"""Characters of property names in one address. Beyond 8,000 or so HubSpot answers 414
(github.com/dlt-hub/verified-sources/pull/311; 16,200 by github.com/PostHog/posthog/pull/31617; read 2026-11-25)."""


def asked(window: Window, names: Sequence[str]) -> list[str]:
    """The properties that a read is to bring, the portal's own among them; `names` when it does not say."""
    fields = [path.removeprefix("properties.") for path in window.fields if path.startswith("properties.")]
    return sorted(fields) or list(names)


def listed(kind: str, names: Iterable[str], *, archived: bool = False) -> Read:
    """Every record, by 100 a page, which is the most (contacts guide, read 2026-11-22)."""
    wanted = ",".join(names)
    return get(
        f"/crm/v3/objects/{kind}",
        items="results",
        page=Page.cursor("after", at="paging.next.after", size=100, size_param="limit"),
        archived=archived,
        properties=lambda _: wanted or None,
    )


def searched(kind: str, names: Iterable[str], modified: str) -> Read:
    """What changed since, by record id: 10,000 results is a search's end, and a mass edit shares one time.

    So no page is reached by `after`: each asks for the ids above the last one. By the search guide (read
    2026-11-22) there are 200 records a page and 10,000 in all.
    """
    known = list(names)

    def body(window: Window) -> Mapping[str, Any]:
        since = datetime.fromisoformat(window.since or "1970-01-01T00:00:00Z")
        filters = [_filter(modified, "GTE", int(since.timestamp() * 1000))]
        if window.after is not None:
            filters.append(_filter("hs_object_id", "GT", window.after))
        sorts = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
        return {
            "properties": asked(window, known),
            "limit": 200,
            "filterGroups": [{"filters": filters}],
            "sorts": sorts,
        }

    return post(f"/crm/v3/objects/{kind}/search", json=body, items="results", page=Page.keyset(size=200))


@dataclass(frozen=True, slots=True)
class Complete(Read):
    """Every record with all that is wanted of it; of more names than an address takes, by id beside the list."""

    kind: str
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """Of a page of the list, and of a batch by id."""
        return BATCH

    def templates(self) -> Iterable[str]:
        """Those of the list."""
        return listed(self.kind, self.names).templates()

    async def pages(
        self, send: Any, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The list's pages; a record that was archived in between is left out."""
        names = asked(window, self.names)
        short = len(",".join(names)) <= LONGEST
        read = listed(self.kind, names if short else ())
        async with aclosing(read.pages(send, window, state=state, key=key)) as pages:
            async for page in pages:
                if short:
                    yield page
                    continue
                ids = [str(msgspec.json.decode(item)["id"]) for item in page.items]
                rows = await read_by_id(Session(window.config, send), self.kind, names, ids)
                yield replace(page, items=[msgspec.json.encode(row) for row in rows])


async def read_by_id(
    hub: Session[Any], kind: str, names: Sequence[str], ids: Sequence[str], by: str = ""
) -> list[Mapping[str, Any]]:
    """The records that exist: an id without one is left out (200) or named among the errors (207)."""
    if not ids:
        return []
    inputs = [{"id": i} for i in dict.fromkeys(ids)]
    body: dict[str, Any] = {"inputs": inputs, "properties": names, "propertiesWithHistory": []}
    path = f"/crm/v3/objects/{kind}/batch/read"
    try:
        answer = await hub.post(path, {**body, **({"idProperty": by} if by else {})}, safe=True)
    except NotFound:
        return []
    return list(answer["results"])


def _filter(name: str, operator: str, value: Any) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": str(value)}
