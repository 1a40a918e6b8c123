"""What the certification kit has the account's users do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from vaiven_connectors.google_ads._sim_account import Account
from vaiven_connectors.google_ads._sim_seed import Seeded
from vaiven_sdk.testing import NotDrivable, SystemClock, action

_RESOURCES = {
    "campaigns": "campaign",
    "budgets": "campaign_budget",
    "campaign_budgets": "campaign_budget",
    "ad_groups": "ad_group",
    "ads": "ad_group_ad",
    "creatives": "ad_group_ad",
    "conversion_actions": "conversion_action",
    "user_lists": "user_list",
}
_FIGURES = {"campaign_metrics", "campaign_conversions"}
_WRITE_ONLY = {"audience_members", "offline_conversions"}


class Driven(Seeded):
    """The kit's verbs, and the states that an account can be in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._made = 0

    # ----------------------------------------------------------------------------------------------------- actions

    @action
    def load_tree(self, campaigns: int = 12, ad_groups: int = 2, ads: int = 2, days: int = 90) -> dict[str, list[str]]:
        """Load campaigns with ad groups, ads and days of figures up to yesterday: `seed_tree` of the first client."""
        return self.seed_tree(campaigns=campaigns, ad_groups=ad_groups, ads=ads, days=days)

    @action
    def figures(self) -> list[dict[str, Any]]:
        """What Google shows now of each campaign and day of the first client: `truth_metrics`."""
        return [
            {
                "campaign": campaign,
                "day": day,
                "spend": str(Decimal(int(shown["cost_micros"])) / 1_000_000),
                "conversions": str(shown["conversions"]),
                "conversion_value": str(shown["conversions_value"]),
            }
            for (campaign, day), shown in self.truth_metrics().items()
        ]

    @action
    def wait(self, seconds: float) -> dict[str, str]:
        """Time passes; gives a credential that is good then."""
        if isinstance(self.clock, SystemClock):
            self.clock.advance(seconds)
        return dict(self.credential)

    @action
    def set_status(self, status: str, customer: str = "") -> None:
        """Google suspends an account, or its owner cancels or reopens it: ENABLED, CANCELED, SUSPENDED, CLOSED."""
        self.account(customer).status = status

    @action
    def invite(self, customer: str) -> None:
        """The user is invited to an account directly."""
        self.invited.add(customer)

    @action
    def uninvite(self, customer: str) -> None:
        """The user loses the direct access to an account."""
        self.invited.discard(customer)

    @action
    def revoke_access(self) -> None:
        """The user removes the app from their Google account: no token works any more."""
        self.oauth.disconnect()

    @action
    def edit(self, resource: str, key: str, values: dict[str, Any], customer: str = "") -> None:
        """A user changes fields of a row, by their names in GAQL: `edit("campaign", id, {"status": "PAUSED"})`."""
        self.account(customer).edit(resource, key, values)

    @action
    def remove_row(self, resource: str, key: str, customer: str = "") -> None:
        """A user removes something; it stays, with the status REMOVED."""
        self.account(customer).edit(resource, key, {"status": "REMOVED"})

    # --------------------------------------------------------------------------------------------------------- kit

    def state(self) -> dict[str, Any]:
        """All rows by customer, resource and key; figures as they will be in the end."""
        return {
            key: {
                "customer": dict(account.customer()),
                **{name: {one: dict(row) for one, row in rows.items()} for name, rows in account.rows.items()},
                "metrics": {"/".join(name): row for name, row in self.truth_metrics(key, final=True).items()},
            }
            for key, account in self.accounts.items()
        }

    def sample(self, stream: str, n: int) -> list[str]:
        """Make records as a user of the account would."""
        if stream in _WRITE_ONLY:
            return []
        if stream == "accounts":
            # Whoever connects an account sees it and the manager above it; further ones come by `add_customer`.
            return [self.customer_id, self.manager_id][:n]
        if stream in _FIGURES:
            return self._days(stream, n)
        makers: dict[str, Callable[[int], str]] = {
            "campaigns": lambda number: self.make_campaign(f"Campaign {number}", status="PAUSED"),
            "budgets": lambda number: self.make_budget(f"Budget {number}"),
            "campaign_budgets": lambda number: self.make_budget(f"Budget {number}"),
            "ad_groups": lambda number: self.make_ad_group(self._campaign(), f"Ad group {number}"),
            "ads": lambda number: self.make_ad(self._ad_group(), f"Headline {number}"),
            "creatives": lambda number: self.make_ad(self._ad_group(), f"Headline {number}").partition("~")[2],
            "conversion_actions": lambda number: self.make_conversion_action(f"Conversion {number}"),
            "user_lists": lambda number: self.make_user_list(f"List {number}"),
        }
        if stream not in makers:
            raise NotDrivable(self.slug, "sample", stream)
        return [makers[stream](self._next()) for _ in range(n)]

    def touch(self, stream: str, record_id: str) -> None:
        """Change a value that is mapped; of a day of figures, what has come in."""
        account, text = self.account(), f"Edit {self._next()} {self.customer_id}"
        if stream == "accounts":
            self.accounts[record_id].name = text
        elif stream in _FIGURES:
            self._more(account, record_id)
        elif stream in {"ads", "creatives"}:
            key = self._ad(account, record_id)
            row = account.rows["ad_group_ad"][key]
            first = [{"text": text[:30]}, *row["ad.responsive_search_ad.headlines"][1:]]
            new = {"ad.responsive_search_ad.headlines": first, "ad.final_urls": [f"https://shop.example/{self._made}"]}
            status = {"ENABLED": "PAUSED", "PAUSED": "ENABLED"}.get(str(row["status"]), "PAUSED")
            account.edit("ad_group_ad", key, new if stream == "creatives" else {**new, "status": status})
        elif stream in _RESOURCES:
            account.edit(_RESOURCES[stream], record_id, {"name": text})
        else:
            raise NotDrivable(self.slug, "touch", stream)

    def remove(self, stream: str, record_id: str) -> None:
        """Remove a record: it stays, with another status."""
        account = self.account()
        if stream == "accounts":
            self.accounts[record_id].status = "CANCELED"
        elif stream == "user_lists":
            account.rows["user_list"].pop(record_id)
        elif stream in {"ads", "creatives"}:
            self.remove_row("ad_group_ad", self._ad(account, record_id))
        elif stream in _RESOURCES:
            self.remove_row(_RESOURCES[stream], record_id)
        else:
            raise NotDrivable(self.slug, "remove", stream)

    def unwanted(self, stream: str) -> dict[str, Any]:
        """A name that Google does not take: a campaign's must not be empty."""
        if stream in {"campaigns", "user_lists"}:
            return {"name": " "}
        return super().unwanted(stream)

    # -------------------------------------------------------------------------------------------------------- parts

    def _next(self) -> int:
        self._made += 1
        return self._made

    def _campaign(self) -> str:
        return next(iter(self.account().rows["campaign"]), "") or self.make_campaign("Everything", status="PAUSED")

    def _ad_group(self) -> str:
        return next(iter(self.account().rows["ad_group"]), "") or self.make_ad_group(self._campaign(), "Everyone")

    def _ad(self, account: Account, record_id: str) -> str:
        number = record_id.rpartition("~")[2]
        return next(key for key in account.rows["ad_group_ad"] if key.endswith(f"~{number}"))

    def _days(self, stream: str, n: int) -> list[str]:
        """Days of figures, from yesterday backwards, of one campaign."""
        account, campaign = self.account(), self._campaign()
        held = self._first_action(account)
        day = account.local().date()
        made: list[str] = []
        while len(made) < n:
            day -= timedelta(days=1)
            if any(fact.key[0] == campaign for fact in account.facts.between(day, day)):
                continue
            number = self._next()
            clicks = 10 + number
            self.record_metrics(
                day.isoformat(),
                campaign=campaign,
                impressions=100 * clicks,
                clicks=clicks,
                cost_micros=clicks * 350_000,
                conversions={held: [number + 0.5, 20.0 * number]},
            )
            made.append(f"{campaign}/{'all/' if stream == 'campaign_conversions' else ''}{day.isoformat()}")
        return made

    def _more(self, account: Account, record_id: str) -> None:
        """More comes in for a day: a click, its cost, and a conversion."""
        (day,) = re.findall(r"\d{4}-\d\d-\d\d", record_id)
        campaign = record_id.partition("/")[0]
        for fact in list(account.facts.between(date.fromisoformat(day), date.fromisoformat(day))):
            if fact.key[0] == campaign:
                came = {name: (number + 1, value + 25) for name, (number, value) in fact.conversions.items()}
                cost = fact.cost_micros + 350_000
                account.facts.record(replace(fact, clicks=fact.clicks + 1, cost_micros=cost, conversions=came))
