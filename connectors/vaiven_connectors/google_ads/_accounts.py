"""The account; through a manager account, the whole tree below it."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from vaiven_sdk import Batch, Deletes, Record, Window, wire
from vaiven_sdk.model import AdAccount

from ._account import ABOUT, Hub, google_ads
from ._gaql import Gaql, rows

STATUS = {"ENABLED": "active", "SUSPENDED": "paused", "CANCELED": "ended", "CLOSED": "removed"}
"""`CustomerStatus`: a suspended account serves nothing until Google lets it; one that is closed cannot come back."""
BELOW = """SELECT customer_client.id, customer_client.descriptive_name, customer_client.currency_code,
 customer_client.time_zone, customer_client.manager, customer_client.test_account, customer_client.status,
 customer_client.level FROM customer_client WHERE customer_client.level <= 1"""


class Customer(Record[AdAccount], key="id"):
    """An account; currency and zone hold for everything below it, a manager's own say nothing of its clients."""

    id: str = wire("customerClient.id", read_only=True)
    name: str | None = wire("customerClient.descriptiveName", to="name", read_only=True)
    status: str | None = wire("customerClient.status", to="status", values=STATUS, read_only=True)
    currency: str | None = wire("customerClient.currencyCode", to="currency", read_only=True)
    zone: str | None = wire("customerClient.timeZone", to="timezone", read_only=True)
    manager: str | None = wire("manager_id", to="parent_id", ref="accounts", read_only=True)
    is_test: bool | None = wire("customerClient.testAccount", to="is_test", read_only=True)


accounts = google_ads.stream(Customer, name="accounts", deletes=Deletes.NEVER)


@accounts.reader("full")
async def read(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """One manager after the other, from the top: each tells of itself and of the accounts right below it."""
    top = hub.config.login_customer_id
    if not top:
        yield Batch([{"customerClient": row["customer"]} for row in await rows(hub, ABOUT)])
        return
    at = state or {"todo": [top], "known": [top], "page": None}
    while at["todo"]:
        (manager, *rest), known = at["todo"], at["known"]
        async for page in hub.walk(Gaql(BELOW, manager), window, state=at["page"]):
            found = [msgspec.json.decode(item)["customerClient"] for item in page.items]
            # Who asks is in the answer, too, at level 0.
            below = [one for one in found if int(one.get("level") or 0)]
            # A manager that was cancelled answers no query.
            more = [one["id"] for one in below if one.get("manager") and one.get("status") == "ENABLED"]
            more = [id_ for id_ in more if id_ not in known]
            rest, known = [*rest, *more], [*known, *more]
            left = [manager, *rest] if page.state else rest
            at = {"todo": left, "known": known, "page": page.state}
            shown = [one for one in found if one["id"] == top and manager == top]
            items = [{"customerClient": one, "manager_id": None} for one in shown]
            items += [{"customerClient": one, "manager_id": manager} for one in below]
            yield Batch(items, state=at if left else None)
