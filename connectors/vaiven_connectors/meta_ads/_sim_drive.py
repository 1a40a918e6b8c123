"""What the account's users do, how a scenario is loaded, and what the certification kit has done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from vaiven_connectors.meta_ads._sim_access import Token
from vaiven_connectors.meta_ads._sim_hooks import Hooks
from vaiven_connectors.meta_ads._sim_objects import AD_KINDS
from vaiven_connectors.meta_ads._sim_words import Json
from vaiven_sdk import Delivery
from vaiven_sdk.testing import NotDrivable, SystemClock, action

Truth = Callable[[int, int, int, date], Mapping[str, Any] | None]
"""(number of the campaign, of the ad set in it, of the ad in that, the day) -> a fact's numbers, or None for no row."""

_STREAMS = {
    "account": "accounts ad_accounts adaccounts",
    "campaign": "campaigns",
    "adset": "adsets ad_sets ad_groups adgroups",
    "ad": "ads",
    "creative": "creatives ad_creatives adcreatives",
    "audience": "audiences custom_audiences customaudiences",
    "pixel": "pixels datasets",
    "page": "pages",
    "form": "forms lead_forms leadgen_forms",
    "lead": "leads submissions",
    "insights": "insights campaign_insights ad_insights",
}
KINDS = {name: kind for kind, names in _STREAMS.items() for name in names.split()}
"""Names that a stream may have -> kind of node."""
_WRITTEN = ("audience_members", "conversions")
"""Streams that nothing is read of: who is in an audience, and what was sent to a pixel, Meta keeps to itself."""


def plain_truth(campaign: int, adset: int, ad: int, day: date) -> dict[str, Any]:
    """Some numbers, the same for the same place and day."""
    n = campaign * 7 + adset * 3 + ad + day.toordinal() % 11
    values: dict[str, Any] = {"impressions": 1000 + 37 * n, "clicks": 20 + n, "spend": f"{12 + n}.{n % 10}5"}
    return {**values, "purchases": n % 5, "purchase_value": f"{(n % 5) * 40}.{'50' if n % 5 else '00'}", "leads": n % 2}


class Driven(Hooks):
    """Samples are the same in every account, with other ids under another seed."""

    _made = 0

    # ------------------------------------------------------------------------------------------ for a scenario

    def seed_tree(
        self,
        campaigns: int = 12,
        adsets: int = 2,
        ads: int = 2,
        days: int = 90,
        truth: Truth = plain_truth,
        *,
        until: date | None = None,
        account: str | None = None,
        names: Sequence[str] = (),
        created: datetime | None = None,
    ) -> list[Json]:
        """Load campaigns with ad sets, ads and final numbers; gives `{"id", "name", "adsets": [{"id", "ads": [id]}]}`.

        Args:
            campaigns: how many.
            adsets: in each campaign.
            ads: in each ad set.
            days: up to `until`.
            truth: final numbers of each ad and day, names as of `Fact`.
            until: last day in the account's zone; today when left out.
            account: number of the account; the first one when left out.
            names: of the campaigns.
            created: when all this was made; at the beginning of the days when left out.
        """
        row = self._named(account)
        last = until or self.today(account)
        first = last - timedelta(days=days - 1)
        at = created or datetime.combine(first, datetime.min.time(), self.zone(row))
        found = []
        for c in range(campaigns):
            name = names[c] if c < len(names) else f"Campaign {c + 1}"
            campaign = self._campaign(row, name, at)
            sets = []
            for s in range(adsets):
                adset = self._adset(row, campaign["id"], f"{name} / Set {s + 1}", at)
                keys = [self._ad(row, adset["id"], f"{name} / Ad {s + 1}.{a + 1}", at)["id"] for a in range(ads)]
                for a, key in enumerate(keys):
                    for shift in range(days):
                        day = first + timedelta(days=shift)
                        values = truth(c, s, a, day)
                        if values is not None:
                            self.put_fact(key, day, values)
                sets.append({"id": adset["id"], "ads": keys})
            found.append({"id": campaign["id"], "name": name, "adsets": sets})
        return found

    def _campaign(self, account: Json, name: str, at: datetime | None = None) -> Json:
        values = {"name": name, "objective": "OUTCOME_SALES", "special_ad_categories": [], "daily_budget": "5000"}
        return self.make("campaign", account, {**values, "bid_strategy": "LOWEST_COST_WITHOUT_CAP"}, at)

    def _adset(self, account: Json, campaign: str, name: str, at: datetime | None = None) -> Json:
        values: Json = {"name": name, "campaign_id": campaign, "optimization_goal": "OFFSITE_CONVERSIONS"}
        values |= {"billing_event": "IMPRESSIONS", "targeting": {"geo_locations": {"countries": ["US"]}}}
        return self.make("adset", account, values, at)

    def _ad(self, account: Json, adset: str, name: str, at: datetime | None = None) -> Json:
        creative = self.make("creative", account, self._story(name), at)
        return self.make("ad", account, {"name": name, "adset_id": adset, "_creative": creative["id"]}, at)

    def _story(self, name: str) -> Json:
        link = {"link": "https://shop.example/sale?utm_source=facebook", "message": f"Body of {name}", "name": name}
        return {
            "name": f"Creative of {name}",
            "title": name,
            "body": f"Body of {name}",
            "call_to_action_type": "SHOP_NOW",
            "object_story_spec": {"page_id": self.page_id, "link_data": link},
            "url_tags": "utm_medium=paid",
        }

    # ---------------------------------------------------------------------------------------- the account's users

    @action
    def load_tree(self, campaigns: int = 12, adsets: int = 2, ads: int = 2, days: int = 90) -> list[Json]:
        """Load campaigns with ad sets, ads and days of figures up to yesterday: `seed_tree` of the first account."""
        return self.seed_tree(campaigns, adsets, ads, days, until=self.today() - timedelta(days=1))

    @action
    def figures(self) -> list[Json]:
        """What Meta shows now of each campaign and day of the first account, each purchase once: `truth_metrics`."""
        return [
            {
                "campaign": one["id"],
                "day": one["date"].isoformat(),
                "spend": str(one["spend"]),
                "conversions": str(one["purchases"]),
                "conversion_value": str(one["purchase_value"]),
            }
            for one in self.truth_metrics()
        ]

    @action
    def wait(self, seconds: float) -> dict[str, str]:
        """Time passes; gives a credential that is good then."""
        if isinstance(self.clock, SystemClock):
            self.clock.advance(seconds)
        return dict(self.credential)

    @action
    def seed_metrics(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Final numbers of ads: `ad_id`, `date` and what a fact has."""
        for one in rows:
            values = {name: value for name, value in one.items() if name not in {"ad_id", "date"}}
            self.put_fact(str(one["ad_id"]), str(one["date"]), values)
        return len(rows)

    @action
    def edit_object(self, key: str, changes: Mapping[str, Any]) -> None:
        """Somebody edits a campaign, ad set, ad or creative in Ads Manager."""
        self.edit(self.index[key], key, changes)

    @action
    def set_account_status(self, status: int = 2, reason: int = 1, account: str | None = None) -> None:
        """Meta disables an account (2), or holds it (3, 7, 9), or lets it go on (1)."""
        row = self._named(account)
        self.accounts.change(row["id"], {"account_status": status, "disable_reason": reason if status != 1 else 0})

    @action
    def restrict_token(self, scopes: Sequence[str]) -> None:
        """The token is left with these permissions only; what was given out for pages, too."""
        for token in self.graph_access.tokens.values():
            token.scopes = frozenset(scopes)

    @action
    def kill_token(self, subcode: int = 460) -> None:
        """Every token is dead: 458 app removed, 460 password changed, 463 expired, 467 logged out."""
        self.graph_access.revoke(subcode)

    @action
    def new_token(self, scopes: Sequence[str] = ()) -> str:
        """The person signs in again; the new token is the credential from now on."""
        wanted = frozenset(scopes) or frozenset(self.graph_access.tokens[self.graph_access.token].scopes)
        self.graph_access.token = self.graph_access.issue(Token(self.user_id, scopes=wanted))
        return self.graph_access.token

    @action
    def exhaust(self, code: int = 80004, seconds: float = 600.0) -> None:
        """For so long every call meets this limit: 4, 17, 32, 613, 80000, 80001, 80003, 80004 or 80005."""
        self.usage.order(code, self.clock.now().timestamp() + seconds)

    def state(self) -> dict[str, Any]:
        """The living rows of every table, the facts, who is in which audience, and the events that came.

        Report runs are left out: to ask for one is a read.
        """
        facts = {ad: {str(day): fact for day, fact in held.items()} for ad, held in self.facts.items()}
        members = {
            key: sorted([name, value] for row in held.rows for name, value in row) for key, held in self.members.items()
        }
        events = [{"pixel": one.pixel, **one.event} for one in self.received]
        rows = {name: held for name, held in super().state().items() if name != "report_runs"}
        return {**rows, "facts": facts, "members": members, "events": events}

    # --------------------------------------------------------------------------------------------------- the kit

    @property
    def config(self) -> dict[str, str]:
        """The first account, its pixel and its page."""
        return {"ad_account": self.account, "pixel_id": self.pixel_id, "page_id": self.page_id}

    def sample(self, stream: str, n: int) -> list[str]:
        """Make records as somebody in Ads Manager would; the first account is there from the beginning."""
        if stream in _WRITTEN:
            return []
        return [self._one(stream, self._kind(stream, "sample")) for _ in range(n)]

    def _one(self, stream: str, kind: str) -> str:
        n = self._next()
        account = self._named(None)
        if kind == "account":
            return f"act_{self.make_account(f'Account {n}', ('USD', 'EUR', 'JPY')[n % 3])}"
        if kind in AD_KINDS:
            made = {
                "campaign": lambda: self._campaign(account, f"Campaign {n}"),
                "adset": lambda: self._adset(account, self._first("campaign"), f"Set {n}"),
                "ad": lambda: self._ad(account, self._first("adset"), f"Ad {n}"),
            }[kind]()
            return str(self.kinds[kind].change(made["id"], {"status": "PAUSED"})["id"])
        if kind == "creative":
            return str(self.make("creative", account, self._story(f"Story {n}"))["id"])
        if kind == "audience":
            return self.make_audience(account, f"Audience {n}", f"Made for sample {n}")
        if kind == "pixel":
            return self.make_pixel(f"Pixel {n}")
        if kind == "page":
            return self.make_page(f"Page {n}")
        if kind == "form":
            return self.make_form(f"Form {n}")
        if kind == "lead":
            return self.submit_lead(self._first("form"), _answers(n))
        return self._day_of(stream, n)

    def _day_of(self, stream: str, n: int) -> str:
        """Numbers of one more day of the last 25, of an ad with a campaign of its own when those are full."""
        free = [self.today() - timedelta(days=shift) for shift in range(1, 26)]
        ad = next(reversed(self.facts), "")
        free = [day for day in free if day not in self.facts.get(ad, {})]
        if not ad or not free:
            account = self._named(None)
            adset = self._adset(account, self._campaign(account, f"Campaign {n}")["id"], f"Set {n}")
            ad, free = self._ad(account, adset["id"], f"Ad {n}")["id"], [self.today() - timedelta(days=1)]
        self.put_fact(ad, free[0], plain_truth(n % 40, 0, 0, free[0]))
        key = ad if stream == "ad_insights" else self.ads.get(ad)["campaign_id"]
        return f"{key}/{free[0].isoformat()}"

    def _first(self, kind: str) -> str:
        found = next(iter(self.kinds[kind]), None)
        return str(found["id"]) if found else self._one(kind, kind)

    def touch(self, stream: str, record_id: str) -> None:
        """Change a value that can be written, if there is one; a day's numbers go up."""
        kind, name = self._kind(stream, "touch"), f"Edit {self._next()}"
        if kind == "insights":
            key, day, *_ = record_id.split("/")
            ad = next(one["id"] for one in self.ads if key in {one["id"], one["campaign_id"]})
            held = self.facts[ad][date.fromisoformat(day)]
            self.put_fact(ad, day, replace(held, impressions=held.impressions + 100, purchases=held.purchases + 10))
        elif kind in AD_KINDS or kind == "creative":
            self.edit(kind, record_id, {"name": name})
        elif kind == "audience":
            self.audiences.change(record_id, {"name": name, "time_updated": self.epoch()})
        elif kind == "lead":
            # Nobody edits a lead: somebody sends another one.
            self.submit_lead(self.leads.get(record_id)["form_id"], _answers(self._next()))
        else:
            self.kinds[kind].change(record_id, {"name": name})

    def remove(self, stream: str, record_id: str) -> None:
        """Delete a record as Ads Manager does: ad objects keep their id and leave the lists."""
        kind = self._kind(stream, "remove")
        if kind in AD_KINDS or kind == "creative":
            self.edit(kind, record_id, {"status": "DELETED"})
        elif kind == "insights":
            raise NotDrivable(self.slug, "remove", stream)
        else:
            self.kinds[kind].remove(record_id)

    def unwanted(self, stream: str) -> dict[str, Any]:
        """A budget below the least, an ad with a creative that there is not, an audience without a name."""
        kind = self._kind(stream, "unwanted")
        least = {"budget": Decimal("0.01"), "budget_period": "daily", "currency": "USD", "status": "paused"}
        if kind == "campaign":
            return {"name": "Too little", "objective": "OUTCOME_SALES", "budget_level": "campaign", **least}
        if kind == "adset":
            return {"name": "Too little", "campaign_id": self._first("campaign"), **least}
        if kind == "ad":
            return {"name": "Nothing to see", "ad_group_id": self._first("adset"), "creative_id": "1"}
        if kind == "audience":
            return {"description": "Nobody gave it a name."}
        return super().unwanted(stream)

    def delivery(self, stream: str, secret: str) -> Delivery:
        """A lead that came, or an ad object that was processed, signed as of now."""
        kind = self._kind(stream, "delivery")
        if kind in {"lead", "form"}:
            lead = self.leads.get(self._one("leads", "lead"))
            body = self.envelope_of("page", lead["_page"], [self.lead_change(lead)])
        elif kind in AD_KINDS:
            body = self.envelope_of("ad_account", self.account, [self.processed(self._first(kind))])
        else:
            return super().delivery(stream, secret)
        headers = {name.lower(): value for name, value in self.signed(body, secret).items()}
        headers["content-type"] = "application/json"
        return Delivery(body, headers, "https://hub.example/hooks/meta_ads")

    def _kind(self, stream: str, verb: str) -> str:
        if stream not in KINDS:
            raise NotDrivable(self.slug, verb, stream)
        return KINDS[stream]

    def _next(self) -> int:
        self._made += 1
        return self._made


def _answers(n: int) -> dict[str, str]:
    return {"full_name": f"Ada Byron {n}", "email": f"sample{n}@people.example"}
