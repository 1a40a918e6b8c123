"""What changed at Stripe: its events tell which objects, and the objects are read again.

Lists cannot be asked for what was updated (docs.stripe.com/api: they filter by `created` alone), but a
change leaves an event for 30 days (docs.stripe.com/api/events/list). An event shows the object as of then
and in the account's own API version, so it is a hint and no more. The list of events trails by seconds:
others stay 60 behind it (github.com/estuary/connectors/pull/2731). All read 2026-11-22.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from vaiven_sdk import (
    Batch,
    ChangesUnknown,
    Config,
    Fetched,
    NotFound,
    Page,
    RequestRefused,
    Session,
    Stream,
    Window,
    get,
)

LAG = 60

# Types of events that can mean a change, by `object` (stripe 16.1.0 `Event.type`;
# docs.stripe.com/api/events/types). One request takes 20 of them (docs.stripe.com/api/events/list, `types`).
EVENTS = {
    kind: tuple(f"{prefix}.{what}" for what in names.split())
    for kind, prefix, names in (
        ("customer", "customer", "created updated deleted"),
        ("product", "product", "created updated deleted"),
        ("price", "price", "created updated deleted"),
        (
            "subscription",
            "customer.subscription",
            "created updated deleted paused resumed pending_update_applied pending_update_expired",
        ),
        (
            "invoice",
            "invoice",
            """created updated deleted finalized finalization_failed sent paid overpaid voided overdue
            will_be_due marked_uncollectible payment_succeeded payment_failed payment_action_required
            payment_attempt_required""",
        ),
        (
            "charge",
            "charge",
            """pending succeeded failed captured expired updated refunded refund.updated dispute.created
            dispute.updated dispute.closed dispute.funds_withdrawn dispute.funds_reinstated""",
        ),
        ("refund", "refund", "created updated failed"),
    )
}
_KEPT = 29 * 86_400  # seconds; a day less than Stripe promises
_AT_ONCE = 8  # requests

PAGE = Page.last_id("starting_after", more="has_more")


def follow(stream: Stream[Any, Config], kind: str, *, expand: Sequence[str] = ()) -> None:
    """Give `stream` a reader of changes.

    Args:
        stream: called as its path under `/v1/`.
        kind: Stripe's `object`.
        expand: what the full read expands, as seen from one object.
    """
    path, events = f"/v1/{stream.name}", EVENTS[kind]

    @stream.reader("changes")
    async def changes(hub: Session[Config], window: Window, state: Any) -> AsyncIterator[Batch]:
        since = _seconds(window.since)
        going: dict[str, Any] = dict(state or {})
        seen: dict[str, bool] = {}
        pages = _events(hub, events, dataclasses.replace(window, since=str(since)), going.get("page"))
        async for page in pages:
            if "since" not in going:
                going["since"] = next_since(page.headers, since)
                if int(going["since"]) + LAG - since > _KEPT:
                    raise ChangesUnknown(f"Stripe keeps its events for 30 days; {stream.name} were read before.")
            touched: dict[str, bool] = {}
            for remote_id, deleted in _touched(map(_decode, page.items), kind, events):
                # Read again once is enough, unless a later page tells of the deletion: not all servers sort alike.
                if remote_id not in seen or (deleted and not seen[remote_id]):
                    touched[remote_id] = seen[remote_id] = deleted or touched.get(remote_id, False)
            going["page"] = page.state
            items, gone = await _read_again(hub, path, touched, expand)
            done = page.state is None
            yield Batch(items, gone, None if done else dict(going), since=going["since"] if done else None)


async def read_back(
    hub: Session[Config], path: str, ids: Iterable[str], expand: Sequence[str] = ()
) -> dict[str, dict[str, Any] | None]:
    """Objects by id, a few at a time; None for one that Stripe does not have."""

    async def one(remote_id: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await hub.get(f"{path}/{remote_id}", **{"expand[]": list(expand) or None})
        except NotFound:
            return None
        return found

    results: dict[str, dict[str, Any] | None] = {}
    todo = list(dict.fromkeys(ids))
    for start in range(0, len(todo), _AT_ONCE):
        group = todo[start : start + _AT_ONCE]
        results.update(zip(group, await asyncio.gather(*map(one, group)), strict=True))
    return results


async def _events(hub: Session[Config], types: Sequence[str], window: Window, state: Any) -> AsyncIterator[Fetched]:
    """The pages of events since then; a server that cannot filter by type gives them all."""
    for filters in ({"types[]": lambda _: list(types)}, {}):
        read = get("/v1/events", items="data", page=PAGE, **{"created[gte]": "{since}"}, **filters)
        begun = False
        try:
            async for page in hub.walk(read, window, state=state):
                begun = True
                yield page
        except NotFound as problem:
            raise ChangesUnknown("There is no list of events here.", why=problem.why) from None
        except RequestRefused:
            if begun or not filters:
                raise
        else:
            return


def _touched(events: Iterable[dict[str, Any]], kind: str, types: Sequence[str]) -> Iterable[tuple[str, bool]]:
    """Ids of the objects of this kind that the events speak of, and whether they say that it was deleted."""
    for event in events:
        if event["type"] not in types:
            continue
        thing = event["data"]["object"]
        # A dispute or refund is an event of its charge, too.
        own = thing.get("object") == kind
        found = thing.get("id") if own else thing.get(kind)
        if isinstance(found, dict):
            found = found.get("id")
        if found:
            yield found, own and event["type"] == f"{kind}.deleted"


async def _read_again(
    hub: Session[Config], path: str, touched: Mapping[str, bool], expand: Sequence[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The objects as they are now, and the ids of those deleted: a product's id may be in use again."""
    now = await read_back(hub, path, touched, expand)
    items = [thing for thing in now.values() if thing and not thing.get("deleted")]
    gone = [key for key, thing in now.items() if (thing.get("deleted") if thing else touched[key])]
    return items, gone


def _decode(item: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(bytes(item))
    return event


def _seconds(since: str | None) -> int:
    """Seconds since 1970, from Stripe's own spelling or an ISO instant; 0 for None."""
    if not since:
        return 0
    return int(since) if since.isdecimal() else int(datetime.fromisoformat(since).timestamp())


def next_since(headers: Mapping[str, str], since: int = 0) -> str:
    """Where the next read begins, in seconds since 1970: the lag before Stripe's clock, the Date header."""
    date = headers.get("date")
    now = parsedate_to_datetime(date) if date else datetime.now(UTC)
    return str(max(since, int(now.timestamp()) - LAG))
