"""What is made, changed and deleted in an ad account.

Parameters: facebook-python-business-sdk's description (see `_sim_fields`). Rules and subcodes: developers.facebook.com
/docs/marketing-api/error-reference, /docs/marketing-api/overview/rate-limiting (four budget changes an hour and ad
set, 613/1487632), the guide "Ad Set Budget Sharing" (4834011), and manage-your-ad-object-status (what an archived
object still takes). 1885272 is the subcode that others saw for a budget below the least, and the sentence about
objectives is the one that they quote. Read 2026-11-25.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vaiven_connectors.meta_ads._sim_base import serves
from vaiven_connectors.meta_ads._sim_objects import Objects, offset
from vaiven_connectors.meta_ads._sim_words import Ask, Json, graph_error, invalid, parameter
from vaiven_sdk.testing import Quirk

OBJECTIVES = (
    "OUTCOME_LEADS",
    "OUTCOME_SALES",
    "OUTCOME_ENGAGEMENT",
    "OUTCOME_AWARENESS",
    "OUTCOME_TRAFFIC",
    "OUTCOME_APP_PROMOTION",
)
STRATEGIES = ("COST_CAP", "LOWEST_COST_WITHOUT_CAP", "LOWEST_COST_WITH_BID_CAP", "LOWEST_COST_WITH_MIN_ROAS")
_STATUSES = ("ACTIVE", "PAUSED", "ARCHIVED", "DELETED")
_BUDGETS = ("daily_budget", "lifetime_budget")
_MINOR = (*_BUDGETS, "spend_cap", "bid_amount")
_TAKEN = {
    "campaign": "name objective status special_ad_categories daily_budget lifetime_budget spend_cap bid_strategy "
    "buying_type start_time stop_time promoted_object is_adset_budget_sharing_enabled",
    "adset": "name campaign_id status daily_budget lifetime_budget bid_amount bid_strategy billing_event start_time "
    "end_time optimization_goal targeting promoted_object destination_type attribution_spec pacing_type",
    "ad": "name adset_id status creative tracking_specs conversion_domain bid_amount",
    "creative": "name body title link_url image_url image_hash thumbnail_url object_story_id object_story_spec "
    "object_type url_tags call_to_action_type video_id template_url status asset_feed_spec",
}
_NEEDED = {
    "campaign": "name objective special_ad_categories",
    "adset": "name campaign_id optimization_goal billing_event targeting",
    "ad": "name adset_id creative",
    "creative": "",
}
_TIMES = ("start_time", "stop_time", "end_time")


class Writes(Objects):
    """An advertiser's account, and what is written to it."""

    budget_changes = Quirk(4, "changes of an ad set's budget in an hour (Rate Limiting); 0 lifts it")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._budget_changes: dict[str, deque[float]] = {}

    # -------------------------------------------------------------------------------------------------- making

    @serves("POST", "account", "campaigns")
    def create_campaign(self, ask: Ask, row: Json) -> Json:
        """A campaign."""
        return self._create(ask, "campaign", row)

    @serves("POST", "account", "adsets")
    def create_adset(self, ask: Ask, row: Json) -> Json:
        """An ad set."""
        return self._create(ask, "adset", row)

    @serves("POST", "account", "ads")
    def create_ad(self, ask: Ask, row: Json) -> Json:
        """An ad."""
        return self._create(ask, "ad", row)

    @serves("POST", "account", "adcreatives")
    def create_creative(self, ask: Ask, row: Json) -> Json:
        """A creative.

        Raises:
            Refusal: there is nothing to show in it.
        """
        if not any(ask.raw(name) for name in ("object_story_spec", "object_story_id", "image_url", "asset_feed_spec")):
            raise parameter("You must provide object_story_spec, object_story_id or an image", "object_story_spec")
        return self._create(ask, "creative", row)

    def _create(self, ask: Ask, kind: str, account: Json) -> Json:
        self.need_write(ask, account)
        for name in _NEEDED[kind].split():
            if ask.raw(name) is None:
                raise parameter(f"The parameter {name} is required", name)
        values = self._values(ask, kind)
        getattr(self, f"_check_{kind}")(ask, account, values)
        if "validate_only" in ask.listed("execution_options"):
            return {"success": True}
        return {"id": self.make(kind, account, values)["id"]}

    def make(self, kind: str, account: Json, values: Mapping[str, Any], at: datetime | None = None) -> Json:
        """Add an object with what Graph fills in by itself."""
        moment = self.local(account, at or self.clock.now())
        row: Json = {"account_id": account["account_id"], "status": "ACTIVE", **values}
        if kind != "creative":
            row |= {"created_time": moment, "updated_time": moment}
        if kind in {"campaign", "adset"}:
            row.setdefault("start_time", moment)
        if kind == "campaign":
            row = {"buying_type": "AUCTION", "budget_rebalance_flag": False, "spend_cap": None, **row}
        elif kind == "adset":
            window = [
                {"event_type": "CLICK_THROUGH", "window_days": 7},
                {"event_type": "VIEW_THROUGH", "window_days": 1},
            ]
            row = {"daily_budget": "0", "lifetime_budget": "0", "attribution_spec": window, **row}
        elif kind == "ad":
            row["campaign_id"] = self.adsets.get(row["adset_id"])["campaign_id"]
        else:
            row = {"object_type": "SHARE", "thumbnail_url": "https://scontent.example/thumb.png", **row}
        return self.kinds[kind].add(row, at=at)

    # ------------------------------------------------------------------------------------------------ checking

    def _values(self, ask: Ask, kind: str) -> Json:
        """The parameters that this kind keeps, each in the form in which it is shown."""
        values: Json = {}
        for name in _TAKEN[kind].split():
            raw = ask.raw(name)
            if raw is None:
                continue
            if name in _MINOR:
                amount = ask.number(name) or 0
                values[name] = amount if name == "bid_amount" else str(amount)
            elif name in _TIMES:
                values[name] = self._time(name, str(raw))
            elif name == "creative":
                values["_creative"] = self._creative_of(raw)
            elif name in {"special_ad_categories", "pacing_type"}:
                values[name] = [one for one in ask.listed(name) if one != "NONE"]
            elif name == "is_adset_budget_sharing_enabled":
                values[name] = ask.flag(name)
            else:
                values[name] = raw if isinstance(raw, dict | list | bool) else str(raw)
        if values.get("status", "ACTIVE") not in _STATUSES:
            raise parameter(f"Param status must be one of {{{', '.join(_STATUSES)}}}", "status")
        return values

    def _time(self, name: str, text: str) -> str:
        try:
            at = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
        except ValueError:
            raise parameter(f"param {name} must be a valid datetime", name) from None
        return self.utc(at)

    def _creative_of(self, raw: Any) -> str:
        key = str(raw.get("creative_id") or raw.get("id") or "") if isinstance(raw, dict) else str(raw)
        if key not in self.creatives:
            raise parameter("Invalid creative: creative_id is not one of this account", "creative")
        return key

    def _check_campaign(self, ask: Ask, account: Json, values: Json) -> None:
        if values["objective"] not in OBJECTIVES:
            choices = ", ".join(OBJECTIVES)
            raise parameter(f"Objective {values['objective']} is invalid. Use one of: {choices}.", "objective")
        self._check_budget(account, values, values.get("stop_time"))
        if (
            not any(values.get(name, "0") != "0" for name in _BUDGETS)
            and ask.raw("is_adset_budget_sharing_enabled") is None
        ):
            raise invalid(
                4834011,
                "Must Specify True or False in is_adset_budget_sharing_enabled Field",
                "You must specify True or False in the is_adset_budget_sharing_enabled field if you are not using "
                "campaign budget.",
                "is_adset_budget_sharing_enabled",
            )

    def _check_adset(self, ask: Ask, account: Json, values: Json) -> None:
        campaign = self.campaigns.find(values["campaign_id"])
        if campaign is None or campaign["account_id"] != account["account_id"]:
            raise parameter("Invalid campaign_id", "campaign_id")
        if not isinstance(values["targeting"], dict):
            raise parameter("param targeting must be a JSON object", "targeting")
        own = [name for name in _BUDGETS if values.get(name, "0") != "0"]
        above = [name for name in _BUDGETS if campaign.get(name) not in {None, "0"}]
        if not own and not above:
            raise parameter("You must set a budget on the campaign or on the ad set", "daily_budget")
        if own and above:
            raise parameter("The campaign has a budget; its ad sets must have none", own[0])
        self._check_budget(account, values, values.get("end_time"))

    def _check_ad(self, ask: Ask, account: Json, values: Json) -> None:
        adset = self.adsets.find(values["adset_id"])
        if adset is None or adset["account_id"] != account["account_id"]:
            raise parameter("Invalid adset_id", "adset_id")

    def _check_creative(self, ask: Ask, account: Json, values: Json) -> None:
        """Nothing else is looked at."""

    def _check_budget(self, account: Json, values: Json, end: Any) -> None:
        given = [name for name in _BUDGETS if int(values.get(name) or 0)]
        if len(given) > 1:
            raise parameter("Only one of daily_budget and lifetime_budget may be set", *given)
        least = account["min_daily_budget"]
        for name in _BUDGETS:
            amount = int(values.get(name) or least)
            if amount < least:
                amount_needed = f"{account['currency']}{least / offset(account['currency']):.2f}"
                told = f"Your budget must be more than {amount_needed} or your ads may not be delivered."
                raise invalid(1885272, "Your Budget Is Too Low", told, name)
        if "lifetime_budget" in given and not end:
            raise parameter("A lifetime budget needs an end time", "end_time")

    # ------------------------------------------------------------------------------------------------ changing

    @serves("POST", "campaign adset ad creative")
    def update(self, ask: Ask, row: Json) -> Json:
        """Change an object; of an archived one the name, and its status to deleted.

        Raises:
            Refusal: the object is deleted, a value is wrong, or its budget was changed too often.
        """
        kind = self.index[row["id"]]
        account = self.owner(row)
        self.need_write(ask, account)
        values = self._values(ask, kind)
        self._check_state(row, values)
        if {*_BUDGETS} & set(values):
            self._check_budget(
                account, {**values}, values.get("end_time") or row.get("end_time") or row.get("stop_time")
            )
        for name in ("campaign_id", "adset_id", "objective"):
            if name in values and values[name] != row.get(name):
                raise parameter(f"Param {name} cannot be changed", name)
        if "validate_only" not in ask.listed("execution_options"):
            changed = {name: value for name, value in values.items() if row.get(name) != value}
            if kind == "adset" and {*_BUDGETS} & set(changed):
                self._count_budget(row["id"])
            self.edit(kind, row["id"], changed)
        return {"success": True}

    def edit(self, kind: str, key: str, changes: Mapping[str, Any]) -> Json:
        """Change a row and its `updated_time`, unless nothing changes."""
        row = self.kinds[kind].get(key)
        if not changes:
            return row
        stamp = {} if kind == "creative" else {"updated_time": self.local(self.owner(row), self.clock.now())}
        return self.kinds[kind].change(key, {**changes, **stamp})

    def _check_state(self, row: Json, values: Json) -> None:
        if row["status"] == "DELETED" and set(values) - {"name"}:
            raise parameter("A deleted object takes a new name and nothing else", *sorted(values))
        if row["status"] == "ARCHIVED" and (
            set(values) - {"name", "status"} or values.get("status", "DELETED") not in {"DELETED", "ARCHIVED"}
        ):
            raise parameter("An archived object takes a new name, or the status DELETED", *sorted(values))

    def _count_budget(self, key: str) -> None:
        now = self.clock.now().timestamp()
        held = self._budget_changes.setdefault(key, deque())
        while held and held[0] <= now - 3600:
            held.popleft()
        if self.budget_changes and len(held) >= self.budget_changes:
            message = "(#613) Calls to this api have exceeded the rate limit."
            raise graph_error(
                613,
                message,
                subcode=1487632,
                title="Ad Set Budget Changed Too Often",
                user_msg="You can only change the budget of your ad set 4 times per hour.",
            )
        held.append(now)

    @serves("DELETE", "campaign adset ad creative")
    def drop(self, ask: Ask, row: Json) -> Json:
        """Delete: the object keeps its id and its numbers, and leaves all lists."""
        self.need_write(ask, self.owner(row))
        self.edit(self.index[row["id"]], row["id"], {"status": "DELETED"})
        return {"success": True}
