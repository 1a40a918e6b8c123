"""Accounts at the vendors' simulators, in one hub on one clock: what becomes of a consent from one tool to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tests.support.hub import Hub, hub_at
from tests.support.stores import Stores
from vaiven_connectors.hubspot.simulator import simulator as hubspot
from vaiven_connectors.klaviyo.simulator import simulator as klaviyo
from vaiven_connectors.mailchimp.simulator import simulator as mailchimp
from vaiven_connectors.shopify.simulator import simulator as shopify
from vaiven_registry import Registry
from vaiven_sdk.testing import ManualClock, serve
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.connections import Connection

ADA = "ada@people.example"
PEOPLE = {"mailchimp": "members", "klaviyo": "profiles", "shopify": "customers", "hubspot": "contacts"}
KINDS: dict[str, Any] = {"mailchimp": mailchimp, "klaviyo": klaviyo, "shopify": shopify, "hubspot": hubspot}


class Tools:
    """Some of the four tools, each with one account; each knows Ada, and what she allowed there."""

    def __init__(self, hub: Hub, clock: ManualClock, stack: ExitStack) -> None:
        self.hub, self.clock, self.stack = hub, clock, stack
        self.at: dict[str, Any] = {}
        self.urls: dict[str, str] = {}

    def open(self, slug: str, **quirks: Any) -> Any:
        """Serve one account, and connect its people in both directions."""
        kind = KINDS[slug]
        vendor = kind(clock=self.clock, quirks={**kind.calm, **quirks})
        served = self.stack.enter_context(serve(vendor)).url
        url = served + urlsplit(Registry().load(slug).base_url).path
        self.hub.credentials[slug] = dict(vendor.credential)
        streams = (PEOPLE[slug],)
        one = Connection(slug, slug, slug, vendor.config, url, b"-", approved=True, streams=streams)
        self.hub.database.run_now(accounts.save, self.hub.engine.tenant, one, self.hub.engine.now())
        self.at[slug], self.urls[slug] = vendor, served
        return vendor

    async def sync(self) -> Any:
        """One cycle, long enough after the last that nothing trails behind."""
        self.clock.advance(400)
        report = await self.hub.sync()
        self.clock.advance(400)
        return report

    async def settle(self) -> None:
        """Cycles until nothing is written any more: three at most."""
        for _ in range(3):
            if not (await self.sync()).writes:
                return
        raise AssertionError("the tools do not come to rest")

    @property
    def hubs(self) -> str | None:
        """What the hub holds of Ada's e-mail."""
        (row,) = self.hub.rows("SELECT email_consent FROM person WHERE deleted_at IS NULL AND email = ?", ADA)
        state: str | None = row["email_consent"]
        return state

    def proven(self) -> list[tuple[str, str]]:
        """The log's proven permissions: where from and how."""
        found = self.hub.rows(
            "SELECT connection_id, captured_via FROM consent_event"
            " WHERE status = 'granted' AND evidence_ref IS NOT NULL ORDER BY received_at"
        )
        return [(row["connection_id"], row["captured_via"]) for row in found]

    # -- how Ada stands at each, in the vendor's word

    @property
    def mailchimp(self) -> dict[str, Any]:
        (found,) = [m for m in self.at["mailchimp"].state()["members"].values() if m["email_address"] == ADA]
        return dict(found)

    @property
    def klaviyo(self) -> dict[str, Any]:
        (found,) = [p for p in self.at["klaviyo"].state()["profiles"].values() if p["email"] == ADA]
        return dict(found["_subscriptions"]["email"]["marketing"])

    @property
    def shopify(self) -> dict[str, Any]:
        (found,) = [c for c in self.at["shopify"].state()["customers"].values() if c["email"] == ADA]
        return dict(found["emailConsent"])

    def customer(self) -> str:
        """Ada's id at Shopify."""
        (found,) = [key for key, c in self.at["shopify"].state()["customers"].items() if c["email"] == ADA]
        return str(found)


@contextmanager
def tools_at(stores: Stores) -> Iterator[Tools]:
    """An empty hub without accounts."""
    # Ahead of the machine's clock, which the servers' Date header shows; not by years, since versions of APIs end.
    clock = ManualClock(datetime.now(UTC).replace(microsecond=0) + timedelta(days=1))
    with ExitStack() as stack:
        hub = stack.enter_context(hub_at(stack.enter_context(stores()), Registry().load))
        hub.engine.now = lambda: clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        yield Tools(hub, clock, stack)
