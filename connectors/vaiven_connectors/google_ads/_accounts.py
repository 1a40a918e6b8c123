"""The account, and the manager account through which it is reached."""

from collections.abc import AsyncIterator
from typing import Any

from vaiven_sdk import Batch, Deletes, Record, Window, wire
from vaiven_sdk.model import AdAccount

from ._account import ABOUT, Hub, google_ads
from ._gaql import rows

STATUS = {"ENABLED": "active", "SUSPENDED": "paused", "CANCELED": "ended", "CLOSED": "removed"}
"""`CustomerStatus`: a suspended account serves nothing until Google lets it; one that is closed cannot come back."""


class Customer(Record[AdAccount], key="id"):
    """An account; currency and zone hold for everything below it, a manager's own say nothing of its clients."""

    id: str = wire("customer.id", read_only=True)
    name: str | None = wire("customer.descriptiveName", to="name", read_only=True)
    status: str | None = wire("customer.status", to="status", values=STATUS, read_only=True)
    currency: str | None = wire("customer.currencyCode", to="currency", read_only=True)
    zone: str | None = wire("customer.timeZone", to="timezone", read_only=True)
    manager: str | None = wire("manager_id", to="parent_id", ref="accounts", read_only=True)
    is_test: bool | None = wire("customer.testAccount", to="is_test", read_only=True)


accounts = google_ads.stream(Customer, name="accounts", deletes=Deletes.NEVER)


@accounts.reader("full")
async def read(hub: Hub, _window: Window, _state: Any) -> AsyncIterator[Batch]:
    """The account and, where it is reached through one, its manager; what lies between the two is not read."""
    above = hub.config.login_customer_id
    through = above if above and above != hub.config.customer_id else None
    found = [{**row, "manager_id": through} for row in await rows(hub, ABOUT)]
    yield Batch(found + [dict(row) for row in (await rows(hub, ABOUT, customer=through) if through else ())])
