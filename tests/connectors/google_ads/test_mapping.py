"""What each field of Google's becomes: units, zones, enums, attribution; and what goes back."""

import json
from datetime import date

import pytest

from tests.connectors.google_ads.recorder import CID, Recorder, action, day, named, rows
from tests.support.cassettes import folder
from vaiven_connectors.google_ads import connector
from vaiven_connectors.google_ads._ads import TYPE, Ad
from vaiven_connectors.google_ads._campaigns import Campaign
from vaiven_connectors.google_ads._groups import AdGroup
from vaiven_connectors.google_ads._metrics import CampaignConversions, CampaignDay
from vaiven_connectors.google_ads._shapes import CHANNEL, micros, units


def documented(stream):
    """The unified values of a stream's documented payload, by the record's id."""
    found = json.loads((folder("google_ads") / f"{stream}.json").read_text("utf-8"))
    record = connector.streams[stream].record
    bodies = [row for one in found["exchanges"] for row in one["response"]["body"]["results"]]
    made = [record.model_validate(row) for row in bodies]
    return {one.remote_id: one for one in made}


def campaign(**parts):
    base = {"campaign": {"id": "11", "name": "Brand", "status": "ENABLED", "servingStatus": "SERVING"}}
    return Campaign.model_validate({key: {**base.get(key, {}), **parts.get(key, {})} for key in {*base, *parts}})


def test_an_account_has_the_currency_and_zone_of_everything_below_it():
    found = documented("accounts")[CID].unified()
    assert {name: found[name] for name in ("name", "status", "currency", "timezone", "is_test")} == {
        "name": "Acme Shop",
        "status": "active",
        "currency": "EUR",
        "timezone": "Europe/Lisbon",
        "is_test": False,
    }


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("ENABLED", "active"), ("SUSPENDED", "paused"), ("CANCELED", "ended"), ("CLOSED", "removed"), ("NEW", "other")],
)
def test_the_status_of_an_account(theirs, ours):
    record = connector.streams["accounts"].record
    assert record.model_validate({"customerClient": {"id": "1", "status": theirs}}).unified()["status"] == ours


def test_a_campaign_with_a_budget_of_its_own():
    assert documented("campaigns")["11"].unified() == {
        "name": "Brand",
        "channel": "paid_search",
        "status": "active",
        "account_id": CID,
        "bid_strategy": "MANUAL_CPC",
        "budget": "12.5",
        "budget_level": "campaign",
        "budget_period": "daily",
        "budget_shared_ref": None,
        "currency": "EUR",
        "start_on": "2026-09-01",
        "end_on": None,
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "brand",
    }


def test_a_shared_budget_is_not_the_campaigns_and_a_value_made_for_each_click_is_none():
    found = documented("campaigns")["12"].unified()
    assert (found["budget"], found["budget_level"], found["budget_shared_ref"]) == (None, "shared", "92")
    assert (found["utm_source"], found["utm_campaign"]) == ("google", None)


def test_a_budget_for_the_whole_life_and_a_removed_campaign():
    found = documented("campaigns")["13"].unified()
    assert (found["budget"], found["budget_period"], found["end_on"]) == ("1000", "lifetime", "2026-10-31")
    assert found["status"] == "removed"


@pytest.mark.parametrize(
    ("status", "serving", "ours"),
    [
        ("ENABLED", "SERVING", "active"),
        ("ENABLED", "ENDED", "ended"),
        ("ENABLED", "PENDING", "scheduled"),
        ("ENABLED", "SUSPENDED", "active"),
        ("PAUSED", "ENDED", "paused"),
        ("REMOVED", "NONE", "removed"),
        ("FROZEN", "NONE", "other"),
        (None, None, None),
    ],
)
def test_the_status_of_a_campaign(status, serving, ours):
    assert campaign(campaign={"status": status, "servingStatus": serving}).unified()["status"] == ours


@pytest.mark.parametrize(("theirs", "ours"), [*CHANNEL.items(), ("HOTEL", "other"), ("TRAVEL", "other")])
def test_the_channel_of_a_campaign(theirs, ours):
    assert campaign(campaign={"advertisingChannelType": theirs}).unified()["channel"] == ours


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("active", "ENABLED"), ("paused", "PAUSED"), ("draft", "PAUSED"), ("removed", None), ("ended", None)],
)
def test_a_status_goes_back_where_google_has_it(ours, theirs):
    record, names = campaign().with_unified({"status": ours}, {"status"})
    assert ({"status"} if theirs else set()) == names
    assert record.status == (theirs or "ENABLED")


def test_a_budget_goes_back_in_micros_of_its_kind():
    daily, names = campaign().with_unified({"budget": "12.345678", "budget_period": "daily"}, {"budget"})
    assert (daily.amount_micros, names) == (12_345_678, {"amount_micros"})
    whole, names = campaign().with_unified({"budget": "1000", "budget_period": "lifetime"}, {"budget"})
    assert (whole.total_micros, names) == (1_000_000_000, {"total_micros"})
    assert campaign().with_unified({"budget": "0.1234567"}, {"budget"})[1] == set()
    assert campaign().with_unified({"budget": None}, {"budget"})[1] == set()


@pytest.mark.parametrize("given", [0, 1, 10, 12_345_678, 999_999_999_999_999_999])
def test_micros_are_exact_both_ways(given):
    assert micros(units(given)) == given


def test_an_ad_group_with_its_bid():
    found = documented("ad_groups")
    assert found["21"].unified() == {
        "name": "Shoes",
        "status": "active",
        "campaign_id": "11",
        "bid": "1.25",
        "currency": "EUR",
    }
    assert (found["22"].unified()["bid"], found["22"].unified()["status"]) == (None, "removed")
    record, names = found["21"].with_unified({"status": "paused", "name": "Boots"}, {"status", "name"})
    assert (record.status, record.name, names) == ("PAUSED", "Boots", {"status", "name"})
    assert isinstance(record, AdGroup)


def test_an_ad_is_known_by_group_and_ad_and_says_what_its_review_found():
    found = {key: one.unified() for key, one in documented("ads").items()}
    assert set(found) == {"21~31", "21~32", "22~33", "22~34"}
    assert found["21~31"] == {
        "name": "Autumn",
        "ad_group_id": "21",
        "creative_id": "31",
        "status": "active",
        "review_status": "APPROVED",
    }
    assert [found[key]["status"] for key in ("21~32", "22~33", "22~34")] == ["rejected", "in_review", "paused"]


def test_an_approved_ad_under_review_again_still_runs():
    policy = {"approvalStatus": "APPROVED", "reviewStatus": "REVIEW_IN_PROGRESS"}
    row = {"adGroupAd": {"resourceName": named("adGroupAds", "1~2"), "status": "ENABLED", "policySummary": policy}}
    assert Ad.model_validate(row).unified()["status"] == "active"


def test_creatives_have_the_texts_of_those_types_that_hold_them():
    found = {key: one.unified() for key, one in documented("creatives").items()}
    assert found["31"] == {
        "name": "Autumn",
        "account_id": CID,
        "type": "responsive",
        "headlines": ["Autumn shoes", "Free returns"],
        "bodies": ["Dry feet."],
        "asset_urls": None,
        "call_to_action": None,
        "final_url": "https://shop.example/autumn",
        "url_template": "{lpurl}?utm_source=google",
    }
    assert (found["32"]["headlines"], found["32"]["bodies"]) == (["Shoes", "Hats"], ["Both."])
    assert found["32"]["url_template"] == "utm_medium=cpc"
    assert found["33"]["headlines"] == ["Hats", "Hats for every head"]
    assert found["33"]["call_to_action"] == "Shop now"
    assert found["34"]["asset_urls"] == ["https://tpc.googlesyndication.com/simgad/1"]
    assert (found["35"]["type"], found["35"]["headlines"], found["35"]["final_url"]) == ("other", None, None)


def test_every_type_of_ad_is_one_of_the_hubs():
    record = connector.streams["creatives"].record
    for theirs, ours in TYPE.items():
        row = {"adGroupAd": {"ad": {"id": "1", "type": theirs}}}
        assert record.model_validate(row).unified()["type"] == ours


def test_a_user_list_is_an_audience_and_its_size_may_be_unknown():
    found = documented("user_lists")
    assert found["41"].unified() == {
        "name": "Customers",
        "description": "Bought once",
        "type": "ad_audience",
        "size": 1200,
    }
    assert found["42"].unified()["size"] is None


async def figures(stream, *found, actions=(), since="2026-08-01"):
    """Records of a stream whose queries bring these rows, all of them of one window."""
    by = {
        "FROM conversion_action": rows(*actions),
        "segments.conversion_action,": rows(*(r for r in found if acted(r))),
    }
    by["FROM campaign"] = rows(*(row for row in found if not acted(row)))
    return await Recorder(by=by).records(stream, "changes", since)


def acted(row):
    return "conversionAction" in row["segments"]


async def test_cost_is_exact_and_days_are_the_accounts():
    row = day("11", "2026-11-24", costMicros="12345678", impressions="1000", clicks="41")
    (found,) = await figures("campaign_metrics", row, since="2026-10-01")
    assert isinstance(found, CampaignDay)
    assert (found.remote_id, found.record_version) == ("11/2026-11-24", "2026-11-24")
    assert found.unified() == {
        "entity_kind": "campaign",
        "entity_id": "11",
        "on": "2026-11-24",
        "timezone": "Europe/Lisbon",
        "currency": "EUR",
        "spend": "12.345678",
        "impressions": "1000",
        "clicks": "41",
        "is_final": False,
    }


async def test_what_proto3_leaves_out_of_a_row_is_zero():
    (found,) = await figures("campaign_metrics", day("11", "2026-11-24", impressions="3"), since="2026-10-01")
    assert (found.unified()["spend"], found.unified()["clicks"]) == ("0", "0")


@pytest.mark.parametrize(("on", "final"), [("2026-10-25", True), ("2026-10-26", True), ("2026-10-27", False)])
async def test_cost_is_final_after_thirty_days(on, final):
    # It is 25 November, noon, in Lisbon.
    (found,) = await figures("campaign_metrics", day("11", on, impressions="1"), since="2026-10-01")
    assert found.unified()["is_final"] is final


async def test_conversions_of_all_actions_and_of_each_are_told_apart():
    total = day("11", "2026-11-01", conversions=2.333333333, conversionsValue=140.5)
    part = day("11", "2026-11-01", action="51", conversions=1.3333333, conversionsValue=100)
    known = action("51", "60", model="GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN")
    whole, one = await figures("campaign_conversions", total, part, actions=[known], since="2026-09-01")
    assert isinstance(whole, CampaignConversions)
    assert (whole.remote_id, one.remote_id) == ("11/all/2026-11-01", "11/51/2026-11-01")
    assert whole.unified() == {
        "entity_kind": "campaign",
        "entity_id": "11",
        "on": "2026-11-01",
        "timezone": "Europe/Lisbon",
        "currency": "EUR",
        "breakdown": None,
        "attribution": "counting=impression_time",
        "conversions": "2.333333",
        "conversion_value": "140.5",
        "is_final": False,
    }
    assert one.unified()["breakdown"] == "conversion_action=51"
    assert one.unified()["attribution"] == "action=Action 51;click_days=60;counting=impression_time;model=data_driven"
    assert (one.unified()["conversions"], one.unified()["conversion_value"]) == ("1.333333", "100")


async def test_an_action_that_nobody_lists_has_no_rule():
    part = day("11", "2026-11-01", action="99", conversions=1.0, conversionsValue=5.0)
    (one,) = await figures("campaign_conversions", part, since="2026-09-01")
    assert one.unified()["attribution"] == "action=Action 99;counting=impression_time"


@pytest.mark.parametrize(
    ("actions", "final_on"),
    [
        ([], date(2026, 10, 26)),
        ([action("51", "7")], date(2026, 11, 18)),
        ([action("51", "60"), action("52", "90", counts=False)], date(2026, 9, 26)),
        ([action("51", "90")], date(2026, 8, 27)),
    ],
)
async def test_conversions_are_final_when_the_longest_window_has_passed(actions, final_on):
    days = [final_on, date.fromordinal(final_on.toordinal() + 1)]
    found = await figures(
        "campaign_conversions", *(day("11", str(one), conversions=1.0) for one in days), actions=actions
    )
    assert {str(one.day): one.is_final for one in found} == {str(days[0]): True, str(days[1]): False}
