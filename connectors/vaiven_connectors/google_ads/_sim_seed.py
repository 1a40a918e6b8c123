"""Makes an account's things as its users would, cheap enough for a scenario, and tells the truth about its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from vaiven_connectors.google_ads._sim_account import Account
from vaiven_connectors.google_ads._sim_base import Base
from vaiven_connectors.google_ads._sim_facts import Fact, Figures, Key, arrived, total
from vaiven_connectors.google_ads._sim_select import actions_of
from vaiven_sdk.testing import action

Truth = Callable[[int, int, int, date], Mapping[str, Any] | None]
"""Numbers of campaign, ad group and ad, and the day -> the figures that `record_metrics` takes, or nothing."""
LEVELS = {"customer": 0, "campaign": 1, "ad_group": 2, "ad": 3}
_SHOWN = (
    "impressions",
    "clicks",
    "cost_micros",
    "conversions",
    "conversions_value",
    "all_conversions",
    "all_conversions_value",
    "view_through_conversions",
)
LATER = timedelta(days=4000)


class Seeded(Base):
    """What the users of the accounts do, without the API."""

    @action
    def make_budget(
        self, name: str, amount_micros: int = 50_000_000, *, customer: str = "", shared: bool = True
    ) -> str:
        """A daily budget; gives its id."""
        account = self.account(customer)
        key = str(account.fresh_id(account.rows["campaign_budget"]))
        row = {
            "id": int(key),
            "name": name,
            "amount_micros": amount_micros,
            "status": "ENABLED",
            "delivery_method": "STANDARD",
            "explicitly_shared": shared,
            "period": "DAILY",
            "type": "STANDARD",
            "has_recommended_budget": False,
        }
        account.put("campaign_budget", key, row)
        return key

    @action
    def make_campaign(
        self,
        name: str,
        *,
        customer: str = "",
        status: str = "ENABLED",
        budget: str = "",
        budget_micros: int = 50_000_000,
        channel: str = "SEARCH",
        start: str = "2026-01-01 00:00:00",
        end: str = "",
    ) -> str:
        """A campaign with its budget; gives its id."""
        account = self.account(customer)
        key = str(account.fresh_id(account.rows["campaign"]))
        budget = budget or self.make_budget(f"{name} budget", budget_micros, customer=account.id, shared=False)
        row = {
            "id": int(key),
            "name": name,
            "status": status,
            "advertising_channel_type": channel,
            "bidding_strategy_type": "MANUAL_CPC",
            "manual_cpc.enhanced_cpc_enabled": False,
            "campaign_budget": account.name_of("campaign_budget", budget),
            "start_date_time": start,
            "network_settings.target_google_search": True,
            "network_settings.target_search_network": True,
            "network_settings.target_content_network": False,
            "network_settings.target_partner_search_network": False,
            "contains_eu_political_advertising": "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
            "ad_serving_optimization_status": "OPTIMIZE",
            "experiment_type": "BASE",
            "payment_mode": "CLICKS",
        }
        account.put("campaign", key, row | ({"end_date_time": end} if end else {}))
        return key

    @action
    def make_ad_group(self, campaign: str, name: str, *, customer: str = "", status: str = "ENABLED") -> str:
        """An ad group; gives its id."""
        account = self.account(customer)
        key = str(account.fresh_id(account.rows["ad_group"]))
        row = {
            "id": int(key),
            "name": name,
            "status": status,
            "type": "SEARCH_STANDARD",
            "ad_rotation_mode": "OPTIMIZE",
            "campaign": account.name_of("campaign", campaign),
            "cpc_bid_micros": 1_000_000,
        }
        account.put("ad_group", key, row)
        return key

    @action
    def make_ad(
        self,
        ad_group: str,
        headline: str,
        *,
        customer: str = "",
        status: str = "ENABLED",
        url: str = "https://shop.example/",
    ) -> str:
        """A responsive search ad; gives `<ad group>~<ad>`."""
        account = self.account(customer)
        ad = account.fresh_id(key.partition("~")[2] for key in account.rows["ad_group_ad"])
        key = f"{ad_group}~{ad}"
        row = {
            "status": status,
            "ad_group": account.name_of("ad_group", ad_group),
            "ad_strength": "GOOD",
            "policy_summary.approval_status": "APPROVED",
            "policy_summary.review_status": "REVIEWED",
            "ad.id": ad,
            "ad.resource_name": f"{account.resource_name}/ads/{ad}",
            "ad.type": "RESPONSIVE_SEARCH_AD",
            "ad.final_urls": [url],
            "ad.added_by_google_ads": False,
            "ad.responsive_search_ad.headlines": [{"text": text} for text in (headline, "Free delivery", "Order now")],
            "ad.responsive_search_ad.descriptions": [{"text": "All you need."}, {"text": "Since 1999."}],
        }
        account.put("ad_group_ad", key, row)
        return key

    @action
    def make_conversion_action(
        self,
        name: str,
        *,
        customer: str = "",
        kind: str = "WEBPAGE",
        category: str = "PURCHASE",
        window: int = 30,
        primary: bool = True,
        counting: str = "MANY_PER_CLICK",
    ) -> str:
        """A conversion action; gives its id."""
        account = self.account(customer)
        key = str(account.fresh_id(account.rows["conversion_action"]))
        row = {
            "id": int(key),
            "name": name,
            "status": "ENABLED",
            "type": kind,
            "origin": "WEBSITE",
            "category": category,
            "owner_customer": account.resource_name,
            "primary_for_goal": primary,
            "include_in_conversions_metric": primary,
            "click_through_lookback_window_days": window,
            "view_through_lookback_window_days": 1,
            "counting_type": counting,
            "attribution_model_settings.attribution_model": "GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN",
            "value_settings.default_value": 0.0,
            "value_settings.default_currency_code": account.currency,
            "value_settings.always_use_default_value": False,
        }
        account.put("conversion_action", key, row)
        return key

    @action
    def make_user_list(self, name: str, *, customer: str = "", keys: str = "CONTACT_INFO") -> str:
        """A Customer Match list; gives its id."""
        account = self.account(customer)
        key = str(account.fresh_id(account.rows["user_list"]))
        row = {
            "id": int(key),
            "name": name,
            "type": "CRM_BASED",
            "read_only": False,
            "membership_status": "OPEN",
            "membership_life_span": 540,
            "access_reason": "OWNED",
            "account_user_list_status": "ENABLED",
            "eligible_for_search": True,
            "eligible_for_display": True,
            "size_for_search": 0,
            "size_for_display": 0,
            "size_range_for_search": "LESS_THAN_FIVE_HUNDRED",
            "size_range_for_display": "LESS_THAN_FIVE_HUNDRED",
            "crm_based_user_list.upload_key_type": keys,
            "crm_based_user_list.data_source_type": "FIRST_PARTY",
        }
        account.put("user_list", key, row)
        return key

    # -------------------------------------------------------------------------------------------------- figures

    def key_of(self, account: Account, *, campaign: str = "", ad_group: str = "", ad: str = "") -> Key:
        """The ids of an ad and of what it hangs on, of the lowest one that is named."""
        if ad:
            key = ad if "~" in ad else next(one for one in account.rows["ad_group_ad"] if one.endswith(f"~{ad}"))
            ad_group, _, ad = key.partition("~")
        if ad_group:
            campaign = str(account.rows["ad_group"][ad_group]["campaign"]).rpartition("/")[2]
        return campaign, ad_group, ad

    @action
    def record_metrics(
        self,
        day: str,
        *,
        customer: str = "",
        campaign: str = "",
        ad_group: str = "",
        ad: str = "",
        impressions: int = 0,
        clicks: int = 0,
        cost_micros: int = 0,
        conversions: Mapping[str, Sequence[float]] | float = 0.0,
        value: float = 0.0,
        view_through: int = 0,
    ) -> None:
        """What happened to an ad (or, without ads, to an ad group or campaign) on a day, once all has come in.

        Args:
            day: `2026-11-24`, in the account's time zone.
            customer: whose; the first client when left out.
            campaign: id, where neither ad group nor ad is named.
            ad_group: id, where no ad is named.
            ad: `<ad group>~<ad>` or the ad's id.
            impressions: of the day.
            clicks: of the day.
            cost_micros: of the day, in millionths of the account's currency.
            conversions: conversion action -> number and value; or the number under the first action of the account.
            value: of the conversions, where they are one number.
            view_through: view-through conversions.

        The same ad on another device or network: `account(...).facts.record(Fact(...))`.
        """
        account = self.account(customer)
        key = self.key_of(account, campaign=campaign, ad_group=ad_group, ad=ad)
        if isinstance(conversions, Mapping):
            held = {name: (float(pair[0]), float(pair[1])) for name, pair in conversions.items()}
        elif conversions or value:
            held = {self._first_action(account): (float(conversions), float(value))}
        else:
            held = {}
        figures = (impressions, clicks, cost_micros)
        account.facts.record(Fact(date.fromisoformat(day), key, *figures, held, view_through))

    def _first_action(self, account: Account) -> str:
        held = account.rows["conversion_action"]
        return next(iter(held), "") or self.make_conversion_action("Purchase", customer=account.id)

    def truth_metrics(
        self,
        customer: str = "",
        *,
        level: str = "campaign",
        start: date | str | None = None,
        end: date | str | None = None,
        at: datetime | None = None,
        final: bool = False,
        by_action: bool = False,
    ) -> dict[tuple[str, ...], Figures]:
        """What Google shows at an instant: (id, day) -> figures, or (id, day, action) -> conversions.

        Args:
            customer: whose; the first client when left out.
            level: customer, campaign, ad_group or ad; an ad's id is `<ad group>~<ad>`.
            start: first day.
            end: last day.
            at: when one looks; now when left out.
            final: once every conversion window is over.
            by_action: conversions of each action apart.

        Days on which all figures are zero are not there, as in a report.
        """
        account = self.account(customer)
        when = self.clock.now() + LATER if final else at or self.clock.now()
        depth = LEVELS[level]
        found: dict[tuple[str, ...], list[Figures]] = {}
        for shown in account.facts.shown(_day(start), _day(end), when, actions_of(account)):
            if by_action and not shown.action:
                continue
            name = (
                account.id if not depth else "~".join(shown.key[1:3]) if depth == LEVELS["ad"] else shown.key[depth - 1]
            )
            key = (name, shown.day.isoformat(), *([shown.action] if by_action else []))
            found.setdefault(key, []).append(shown.figures)
        sums = {key: total(rows) for key, rows in found.items()}
        return {key: {name: row.get(name, 0) for name in _SHOWN} for key, row in sums.items() if any(row.values())}

    # ----------------------------------------------------------------------------------------------------- a tree

    def seed_tree(
        self,
        customer: str = "",
        *,
        campaigns: int | Sequence[str] = 12,
        ad_groups: int = 2,
        ads: int = 2,
        days: int = 90,
        last: date | None = None,
        truth: Truth | None = None,
    ) -> dict[str, list[str]]:
        """Campaigns with ad groups, ads and days of figures, in one go.

        Args:
            customer: whose; the first client when left out.
            campaigns: how many, or their names.
            ad_groups: in each campaign.
            ads: in each ad group.
            days: up to `last`.
            last: the last day; yesterday in the account's time zone when left out.
            truth: the final figures of an ad on a day, with `conversions` and `value` or a mapping of actions to both;
                made up, the same every time, when left out.

        Returns:
            The ids of `campaigns`, `ad_groups`, `ads` (`<ad group>~<ad>`) and `actions`, each in the order made.
        """
        account = self.account(customer)
        names = [f"Campaign {n + 1}" for n in range(campaigns)] if isinstance(campaigns, int) else list(campaigns)
        end = last or account.local().date() - timedelta(days=1)
        made: dict[str, list[str]] = {"campaigns": [], "ad_groups": [], "ads": []}
        made["actions"] = [self._first_action(account)]
        figures = truth or made_up
        for c, name in enumerate(names):
            campaign = self.make_campaign(name, customer=account.id)
            made["campaigns"].append(campaign)
            for g in range(ad_groups):
                group = self.make_ad_group(campaign, f"{name} / group {g + 1}", customer=account.id)
                made["ad_groups"].append(group)
                for a in range(ads):
                    ad = self.make_ad(group, f"{name} {g + 1}.{a + 1}", customer=account.id)
                    made["ads"].append(ad)
                    for back in range(days):
                        day = end - timedelta(days=back)
                        row = figures(c, g, a, day)
                        if row:
                            self.record_metrics(day.isoformat(), customer=account.id, ad=ad, **row)
        return made


def made_up(campaign: int, group: int, ad: int, day: date) -> Mapping[str, Any] | None:
    """Figures that depend on nothing but their arguments; about one day in ten has none."""
    dice = Random(f"{campaign}/{group}/{ad}/{day}")
    if dice.random() < 0.1:
        return None
    impressions = dice.randint(200, 4000)
    clicks = impressions * dice.randint(1, 9) // 100
    conversions = round(clicks * dice.random() * 0.2, 2)
    return {
        "impressions": impressions,
        "clicks": clicks,
        "cost_micros": clicks * dice.randint(20, 300) * 10_000,
        "conversions": conversions,
        "value": round(conversions * dice.randint(20, 90), 2),
    }


def _day(given: date | str | None) -> date | None:
    return date.fromisoformat(given) if isinstance(given, str) else given


__all__ = ["LEVELS", "Seeded", "Truth", "arrived", "made_up"]
