"""JSON:API as Klaviyo speaks it: pages, filters and documents with what they include."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from vaiven_sdk import AnswerMalformed, Batch, CursorLoop, Page, Read, Request, Window, get

from ._account import Hub

NEXT = Page.next_url(at="links.next")


def listed(path: str, size: int, **params: Any) -> Request:
    """The resources at a path, page after page.

    Args:
        path: as in `get`.
        size: records a page; Klaviyo's most differs by operation.
        params: query parameters.
    """
    return get(path, items="data", page=NEXT, **{"page[size]": size, **params})


def moment(instant: datetime) -> str:
    """An instant as filters take it, rounded down to the second: `2026-11-25T10:00:00Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def since(field: str, *, strictly: bool = False) -> Callable[[Window], str | None]:
    """The filter for what has `field` at or after the window's beginning; nothing when it has none.

    Args:
        field: name in Klaviyo's filters.
        strictly: the field can only be asked for with `greater-than`: then from a second earlier.
    """
    operator = "greater-than" if strictly else "greater-or-equal"

    def filtered(window: Window) -> str | None:
        if not window.since:
            return None
        begin = datetime.fromisoformat(window.since) - timedelta(seconds=1 if strictly else 0)
        return f"{operator}({field},{moment(begin)})"

    return filtered


def any_of(field: str, values: Sequence[str]) -> str:
    """The filter for records whose field is one of these."""
    quoted = ",".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return f"any({field},[{quoted}])"


async def in_turn(hub: Hub, reads: Sequence[Read], window: Window, state: Any) -> AsyncIterator[Batch]:
    """The pages of several reads, one read after the other, as if they were one."""
    at = state or {"read": 0, "page": None}
    for number in range(at["read"], len(reads)):
        begin = at["page"] if number == at["read"] else None
        async for page in hub.walk(reads[number], window, state=begin):
            behind = {"read": number, "page": page.state}
            if page.state is None:
                behind = {"read": number + 1, "page": None}
            yield Batch(page.items, state=behind if behind["read"] < len(reads) else None)


async def documents(
    hub: Hub, path: str, params: Mapping[str, Any], *, begin: str | None = None
) -> AsyncIterator[tuple[Mapping[str, Any], str | None]]:
    """Whole answers of a list, each with the next one's address; None behind the last.

    Args:
        hub: to call with.
        path: of the list.
        params: query parameters of the first page.
        begin: where to go on, of an earlier walk.
    """
    address, seen = begin, set[str | None]()
    while True:
        asked: dict[str, Any] = {"params": {}, "own": True} if address else {"params": params}
        answer = (await hub.request("GET", address or path, safe=True, **asked)).json()
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
            raise AnswerMalformed(f"GET {path} was answered without a list.")
        address = (answer.get("links") or {}).get("next")
        if address in seen:
            raise CursorLoop(f"GET {path}: the vendor's paging repeats itself.")
        seen.add(address)
        yield answer, address
        if not address:
            return
