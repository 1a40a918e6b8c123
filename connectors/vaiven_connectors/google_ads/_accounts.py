"""The account, and the managers above it up to the one that it is reached through."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from vaiven_sdk import Batch, Deletes, Record, Window, wire
from vaiven_sdk.model import AdAccount

from ._account import ABOUT, Hub, google_ads
from ._gaql import rows

STATUS = {"ENABLED": "active", "SUSPENDED": "paused", "CANCELED": "ended", "CLOSED": "removed"}
"""`CustomerStatus`: a suspended account serves nothing until Google lets it; one that is closed cannot come back."""
TREE = """SELECT customer_client.id, customer_client.descriptive_name, customer_client.currency_code,
 customer_client.time_zone, customer_client.manager, customer_client.test_account, customer_client.status,
 customer_client.level FROM customer_client WHERE"""
DEEPEST = 6
"""Levels of a hierarchy of accounts (support.google.com/google-ads/answer/7456530, read 2026-11-25)."""


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
async def read(hub: Hub, _window: Window, _state: Any) -> AsyncIterator[Batch]:
    """The account alone where it is opened directly; else with the managers above it.

    Its siblings are left out: each account is connected by itself, and a campaign for one is none of the other's.
    """
    top = hub.config.login_customer_id
    if top and top != hub.config.customer_id:
        yield Batch(await _chain(hub, top))
    else:
        yield Batch([{"customerClient": row["customer"]} for row in await rows(hub, ABOUT)])


async def _chain(hub: Hub, top: str) -> list[dict[str, Any]]:
    """The managers from the top down, and the account."""
    own = hub.config.customer_id
    found: list[dict[str, Any]] = []
    manager, above = top, None
    for _ in range(DEEPEST):
        here = await _below(hub, manager, f"customer_client.id IN ({manager}, {own})")
        found += [{"customerClient": here[manager], "manager_id": above}] if manager in here else []
        if own in here and int(here[own].get("level") or 0) == 1:
            return [*found, {"customerClient": here[own], "manager_id": manager}]
        between = await _between(hub, manager)
        if not between:
            break
        manager, above = between, manager
    # Google hides the way to it: then the manager that was named is all that is known.
    (row,) = await rows(hub, ABOUT)
    return [*found[:1], {"customerClient": row["customer"], "manager_id": top}]


async def _between(hub: Hub, manager: str) -> str:
    """The manager right below this one that the account hangs on; empty when there is none."""
    own = hub.config.customer_id
    below = await _below(hub, manager, "customer_client.level = 1 AND customer_client.manager = TRUE")
    for id_, one in below.items():
        # A manager that was cancelled answers no query.
        if one.get("status") == "ENABLED" and own in await _below(hub, id_, f"customer_client.id = {own}"):
            return id_
    return ""


async def _below(hub: Hub, manager: str, condition: str) -> Mapping[str, Mapping[str, Any]]:
    found = [row["customerClient"] for row in await rows(hub, f"{TREE} {condition}", customer=manager)]
    return {str(one["id"]): one for one in found}
