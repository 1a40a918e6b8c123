"""What a mutate may write: for each resource what it needs, what is fixed, and what Google fills in.

Rules: the comments of the messages of v26 ("Immutable.", "Output only.") and the codes of their error enums; REST paths
of googleapis/googleapis@f8291d2b89; developers.google.com/google-ads/api/docs/campaigns/create-campaigns,
.../docs/campaigns/budgets, .../docs/responsive-search-ads/overview, .../docs/api-policy/eu-par (a new campaign must say
whether it has political ads). Read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from vaiven_connectors.google_ads._sim_account import Account, Row
from vaiven_connectors.google_ads._sim_words import Json, detail

Found = tuple[str, str, str, str]
"""Field, category, code, sentence."""
_BIDDING = {
    "manual_cpc": "MANUAL_CPC",
    "manual_cpm": "MANUAL_CPM",
    "manual_cpv": "MANUAL_CPV",
    "manual_cpa": "MANUAL_CPA",
    "percent_cpc": "PERCENT_CPC",
    "commission": "COMMISSION",
    "maximize_conversions": "MAXIMIZE_CONVERSIONS",
    "maximize_conversion_value": "MAXIMIZE_CONVERSION_VALUE",
    "target_cpa": "TARGET_CPA",
    "target_cpc": "TARGET_CPC",
    "target_cpm": "TARGET_CPM",
    "target_cpv": "TARGET_CPV",
    "target_impression_share": "TARGET_IMPRESSION_SHARE",
    "target_roas": "TARGET_ROAS",
    "target_spend": "TARGET_SPEND",
    "fixed_cpm": "FIXED_CPM",
}
_WHOLE = {"JPY", "KRW", "VND", "CLP", "PYG", "HUF", "IDR", "TWD", "COP"}
"""Currencies whose smallest billable unit is one."""
_REQUIRED = "The required field was not present."
UPLOADABLE = {"UPLOAD_CLICKS", "UPLOAD_CALLS"}


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource that is mutated.

    Args:
        resource: its name in GAQL.
        path: of its own mutate.
        operation: its field in a MutateOperation.
        check: gives what is wrong with a row that is to be stored.
        fill: gives what Google adds to a new one.
        required: fields of a new one.
        fixed: fields that an update must not name.
        derived: fields that are Google's alone; they are ignored (AIP-203).
        keeps: a removed one stays with the status REMOVED.
    """

    resource: str
    path: str
    operation: str
    check: Callable[[Account, str, Row, Row | None], Iterator[Found]]
    fill: Callable[[Account, Json, int], Json]
    required: tuple[str, ...]
    fixed: frozenset[str] = frozenset()
    derived: frozenset[str] = field(default_factory=frozenset)
    keeps: bool = True

    @property
    def result(self) -> str:
        """Its field in a MutateOperationResponse."""
        return self.operation.removesuffix("Operation") + "Result"


def named(row: Row, category: str, code: str) -> Iterator[Found]:
    """A name must have a character that is no blank, and no line feed, carriage return or null."""
    text = str(row.get("name") or "")
    if "name" in row and (not text.strip() or re.search(r"[\x00\r\n]", text)):
        yield "name", category, code, "The name is empty or invalid."


def _taken(account: Account, resource: str, key: str, row: Row, **same: Any) -> bool:
    """Whether another living row has the name."""
    return any(
        other != key
        and held.get("name") == row.get("name")
        and held.get("status") != "REMOVED"
        and all(held.get(name) == value for name, value in same.items())
        for other, held in account.rows[resource].items()
    )


# ---------------------------------------------------------------------------------------------------------- budgets


def _budget(account: Account, key: str, row: Row, old: Row | None) -> Iterator[Found]:
    amount = row.get("amount_micros")
    category = "campaignBudgetError"
    if amount is not None and amount < 0:
        yield "amount_micros", category, "NEGATIVE_MONEY_AMOUNT", "A money amount was negative."
    elif amount == 0:
        message = "A money amount was less than the minimum CPC for currency."
        yield "amount_micros", category, "MONEY_AMOUNT_LESS_THAN_CURRENCY_MINIMUM_CPC", message
    elif amount is not None and amount % (1_000_000 if account.currency in _WHOLE else 10_000):
        message = "A money amount was not a multiple of a minimum unit."
        yield "amount_micros", category, "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT", message
    if row.get("explicitly_shared") and _taken(account, "campaign_budget", key, row):
        yield "name", category, "DUPLICATE_NAME", "A campaign budget with this name already exists."
    if old and old.get("explicitly_shared") and row.get("explicitly_shared") is False:
        message = "Cannot change explicitly shared campaign budgets back to implicitly shared ones."
        yield "explicitly_shared", category, "CANNOT_UPDATE_CAMPAIGN_BUDGET_TO_IMPLICITLY_SHARED", message


def _fill_budget(_: Account, row: Json, key: int) -> Json:
    return {
        "name": f"Budget #{key}",
        "status": "ENABLED",
        "delivery_method": "STANDARD",
        "explicitly_shared": True,
        "period": "DAILY",
        "type": "STANDARD",
        "has_recommended_budget": False,
        **row,
    }


# -------------------------------------------------------------------------------------------------------- campaigns


def _campaign(account: Account, key: str, row: Row, old: Row | None) -> Iterator[Found]:
    yield from named(row, "campaignError", "INVALID_CAMPAIGN_NAME")
    if row.get("status") != "REMOVED" and _taken(account, "campaign", key, row):
        message = (
            "Trying to modify the name of an active or paused campaign, where the name is already assigned to another"
        )
        yield "name", "campaignError", "DUPLICATE_CAMPAIGN_NAME", f"{message} active or paused campaign."
    budget = account.key_of("campaign_budget", row.get("campaign_budget"))
    held = account.rows["campaign_budget"].get(budget or "")
    if held is None:
        yield "campaign_budget", "mutateError", "RESOURCE_NOT_FOUND", "Resource was not found."
    elif not held.get("explicitly_shared"):
        users = account.children("campaign", "campaign_budget", str(row["campaign_budget"]))
        living = [one for one in users if one != key and account.rows["campaign"][one]["status"] != "REMOVED"]
        if living:
            message = "Only explicitly shared campaign budgets can be used with multiple campaigns."
            code = "CANNOT_USE_IMPLICITLY_SHARED_CAMPAIGN_BUDGET_WITH_MULTIPLE_CAMPAIGNS"
            yield "campaign_budget", "campaignBudgetError", code, message
    if old is None and not _scheme(row):
        yield "campaign_bidding_strategy", "fieldError", "REQUIRED", _REQUIRED
    yield from _when(account, row, old)


def _when(account: Account, row: Row, old: Row | None) -> Iterator[Found]:
    today = account.local().strftime("%Y-%m-%d")
    start, end = str(row.get("start_date_time") or ""), str(row.get("end_date_time") or "")
    before = (old or {}).get("start_date_time")
    if start and start != before and start[:10] < today and (old is not None or "start_date_time" in row):
        yield "start_date_time", "dateRangeError", "CANNOT_SET_DATE_TO_PAST", "Cannot set date to past time."
    if start and end and end < start:
        yield "end_date_time", "dateRangeError", "START_DATE_AFTER_END_DATE", "The start date was after the end date."


def settled(row: Json, old: Row) -> Json:
    """An updated campaign with one bidding scheme: the one that is new drives the old one out."""
    names = {name.partition(".")[0] for name, value in row.items() if value is not None} & _BIDDING.keys()
    fresh = [name for name in names if not any(one.partition(".")[0] == name for one in old)]
    if not fresh:
        return row
    kept = {name: value for name, value in row.items() if name.partition(".")[0] not in names - {*fresh}}
    return {**kept, "bidding_strategy_type": _BIDDING[fresh[0]]}


def _scheme(row: Row) -> str:
    if row.get("bidding_strategy"):
        return "TARGET_SPEND"
    names = {name.partition(".")[0] for name, value in row.items() if value is not None}
    return next((text for name, text in _BIDDING.items() if name in names), "")


def _fill_campaign(account: Account, row: Json, _: int) -> Json:
    return {
        "status": "ENABLED",
        "start_date_time": account.local().strftime("%Y-%m-%d 00:00:00"),
        "ad_serving_optimization_status": "OPTIMIZE",
        "experiment_type": "BASE",
        "payment_mode": "CLICKS",
        **{f"network_settings.target_{name}": name == "google_search" for name in _NETWORKS},
        **row,
        "bidding_strategy_type": _scheme(row),
    }


_NETWORKS = ("google_search", "search_network", "content_network", "partner_search_network")

# -------------------------------------------------------------------------------------------- ad groups and ads


def _ad_group(account: Account, key: str, row: Row, _: Row | None) -> Iterator[Found]:
    yield from named(row, "adGroupError", "INVALID_ADGROUP_NAME")
    campaign = account.rows["campaign"].get(account.key_of("campaign", row.get("campaign")) or "")
    if campaign is None:
        yield "campaign", "mutateError", "RESOURCE_NOT_FOUND", "Resource was not found."
    elif campaign["status"] == "REMOVED":
        message = "This operation is not allowed because the resource is removed."
        yield "campaign", "operationAccessDeniedError", "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE", message
    if row.get("status") != "REMOVED" and _taken(account, "ad_group", key, row, campaign=row.get("campaign")):
        message = "AdGroup with the same name already exists for the campaign."
        yield "name", "adGroupError", "DUPLICATE_ADGROUP_NAME", message


def _fill_ad_group(_: Account, row: Json, __: int) -> Json:
    return {"status": "ENABLED", "type": "SEARCH_STANDARD", "ad_rotation_mode": "OPTIMIZE", **row}


def _ad(account: Account, _: str, row: Row, __: Row | None) -> Iterator[Found]:
    if account.key_of("ad_group", row.get("ad_group")) not in account.rows["ad_group"]:
        yield "ad_group", "mutateError", "RESOURCE_NOT_FOUND", "Resource was not found."
    for name, least, longest in (("headlines", 3, 30), ("descriptions", 2, 90)):
        held = row.get(f"ad.responsive_search_ad.{name}")
        path = f"ad.responsive_search_ad.{name}"
        if row.get("ad.type") != "RESPONSIVE_SEARCH_AD":
            continue
        if len(held or []) < least:
            yield path, "collectionSizeError", "TOO_FEW", "Too few."
        if any(len(str(one.get("text", ""))) > longest for one in held or []):
            yield path, "stringLengthError", "TOO_LONG", "Too long."
    if not row.get("ad.final_urls"):
        yield "ad.final_urls", "fieldError", "REQUIRED", _REQUIRED


def _fill_ad(account: Account, row: Json, key: int) -> Json:
    return {
        "status": "ENABLED",
        "ad_strength": "PENDING",
        "policy_summary.review_status": "REVIEW_IN_PROGRESS",
        "policy_summary.approval_status": "UNKNOWN",
        **row,
        "ad.id": key,
        "ad.resource_name": f"{account.resource_name}/ads/{key}",
        "ad.added_by_google_ads": False,
        "ad.type": "RESPONSIVE_SEARCH_AD",
    }


# ------------------------------------------------------------------------------------- conversion actions, user lists


def _conversion(account: Account, key: str, row: Row, old: Row | None) -> Iterator[Found]:
    yield from named(row, "stringLengthError", "EMPTY")
    if _taken(account, "conversion_action", key, row):
        message = "The specified conversion action name already exists."
        yield "name", "conversionActionError", "DUPLICATE_NAME", message
    if old is None and row.get("type") not in {"WEBPAGE", "AD_CALL", "CLICK_TO_CALL", "WEBSITE_CALL", *UPLOADABLE}:
        message = "Creation of this conversion action type isn't supported by Google Ads API."
        yield "type", "conversionActionError", "CREATION_NOT_SUPPORTED", message
    days = row.get("click_through_lookback_window_days")
    if days is not None and not 1 <= days <= 90:
        code = "TOO_LOW" if days < 1 else "TOO_HIGH"
        yield "click_through_lookback_window_days", "rangeError", code, "Too low." if days < 1 else "Too high."


def _fill_conversion(account: Account, row: Json, _: int) -> Json:
    primary = row.get("primary_for_goal", True)
    return {
        "status": "ENABLED",
        "origin": "WEBSITE",
        "category": "DEFAULT",
        "owner_customer": account.resource_name,
        "primary_for_goal": primary,
        "click_through_lookback_window_days": 30,
        "view_through_lookback_window_days": 1,
        "counting_type": "MANY_PER_CLICK",
        "attribution_model_settings.attribution_model": "GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN",
        "value_settings.default_value": 0.0,
        "value_settings.default_currency_code": account.currency,
        "value_settings.always_use_default_value": False,
        **row,
        "include_in_conversions_metric": primary,
    }


def _user_list(account: Account, key: str, row: Row, old: Row | None) -> Iterator[Found]:
    yield from named(row, "userListError", "INVALID_NAME")
    if _taken(account, "user_list", key, row):
        message = "Name is already being used for another user list for the account."
        yield "name", "userListError", "NAME_ALREADY_USED", message
    if old is None and not any(name.startswith("crm_based_user_list") for name in row):
        yield "", "userListError", "CONCRETE_TYPE_REQUIRED", "Concrete type of user list is required."
    span = row.get("membership_life_span")
    if span is not None and not 0 <= span <= 540:
        yield "membership_life_span", "rangeError", "TOO_HIGH" if span > 0 else "TOO_LOW", "Out of range."


def _fill_list(_: Account, row: Json, __: int) -> Json:
    crm = any(name.startswith("crm_based_user_list") for name in row)
    return {
        "membership_status": "OPEN",
        "membership_life_span": 540,
        **({"crm_based_user_list.data_source_type": "FIRST_PARTY"} if crm else {}),
        **row,
        "type": "CRM_BASED",
        "read_only": False,
        "access_reason": "OWNED",
        "account_user_list_status": "ENABLED",
        "eligible_for_search": True,
        "eligible_for_display": True,
        "size_for_search": 0,
        "size_for_display": 0,
        "size_range_for_search": "LESS_THAN_FIVE_HUNDRED",
        "size_range_for_display": "LESS_THAN_FIVE_HUNDRED",
    }


_ALWAYS = frozenset({"resource_name", "id", "primary_status", "primary_status_reasons", "labels"})

KINDS = (
    Kind(
        "campaign_budget",
        "campaignBudgets",
        "campaignBudgetOperation",
        _budget,
        _fill_budget,
        ("amount_micros",),
        frozenset({"period", "type"}),
        _ALWAYS | {"status", "reference_count", "has_recommended_budget"},
    ),
    Kind(
        "campaign",
        "campaigns",
        "campaignOperation",
        _campaign,
        _fill_campaign,
        ("name", "advertising_channel_type", "campaign_budget", "contains_eu_political_advertising"),
        frozenset({"advertising_channel_type", "advertising_channel_sub_type"}),
        _ALWAYS | {"serving_status", "bidding_strategy_type", "experiment_type", "payment_mode", "optimization_score"},
    ),
    Kind(
        "ad_group",
        "adGroups",
        "adGroupOperation",
        _ad_group,
        _fill_ad_group,
        ("name", "campaign"),
        frozenset({"campaign", "type"}),
        _ALWAYS | {"effective_cpc_bid_micros"},
    ),
    Kind(
        "ad_group_ad",
        "adGroupAds",
        "adGroupAdOperation",
        _ad,
        _fill_ad,
        ("ad_group",),
        frozenset({"ad_group", "ad"}),
        _ALWAYS | {"ad_strength", "ad.id", "ad.type", "ad.resource_name"},
    ),
    Kind(
        "conversion_action",
        "conversionActions",
        "conversionActionOperation",
        _conversion,
        _fill_conversion,
        ("name", "type"),
        frozenset({"type"}),
        _ALWAYS | {"owner_customer", "include_in_conversions_metric", "origin"},
    ),
    Kind(
        "user_list",
        "userLists",
        "userListOperation",
        _user_list,
        _fill_list,
        ("name",),
        frozenset({"crm_based_user_list.upload_key_type"}),
        _ALWAYS | {"type", "read_only", "size_for_search", "size_for_display", "eligible_for_display", "access_reason"},
        keeps=False,
    ),
)


def missing(kind: Kind, row: Row) -> Iterator[Json]:
    """Required fields that a new row does not have."""
    for name in kind.required:
        if row.get(name) in {None, ""}:
            yield detail("fieldError", "REQUIRED", _REQUIRED, at=[(name, None)])
