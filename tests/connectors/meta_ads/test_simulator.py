"""Graph as the simulator has it: tokens, versions, fields, paging, filters, statuses, writes and limits."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.connectors.meta_ads.caller import NOW, Caller, codes
from vaiven_connectors.meta_ads.simulator import MetaAdsSimulator


@pytest.fixture
def ask():
    return Caller()


# ------------------------------------------------------------------------------------------------ who and where


def test_tokens(ask):
    assert ask.error("GET", "me", token="")["code"] == 104
    wrong = ask.error("GET", "me", token="EAAwrong")
    assert (wrong["code"], wrong["type"], wrong["fbtrace_id"][0]) == (190, "OAuthException", "A")
    assert ask.last.headers["www-authenticate"].startswith('OAuth "Facebook Platform" "invalid_token"')
    good = ask.sim.credential["token"]
    assert ask("GET", "me", token="", access_token=good)["id"] == ask.sim.user_id
    assert ask("POST", ask.sim.pixel_id + "/events", 400, token="", access_token=good)["error"]["code"] == 100
    ask.sim.kill_token(460)
    dead = ask.error("GET", "me")
    assert codes(dead) == (190, 460)
    assert "changed their password" in dead["message"]
    ask.sim.new_token()
    assert ask("GET", "me")["name"] == "Vaiven System User"


def test_the_proof_of_the_secret(ask):
    good = ask.sim.credential
    proof = hmac.new(good["app_secret"].encode(), good["token"].encode(), hashlib.sha256).hexdigest()
    assert ask("GET", "me", appsecret_proof=proof)["id"] == ask.sim.user_id
    assert ask.error("GET", "me", appsecret_proof="0" * 64)["message"].startswith("Invalid appsecret_proof")
    strict = Caller(require_proof=True)
    assert "require an appsecret_proof" in strict.error("GET", "me")["message"]


def test_signing_in(ask):
    given = {"client_id": ask.sim.app_id, "redirect_uri": "https://hub.example/back", "state": "s", "scope": "ads_read"}
    answer = ask.http.get("/v26.0/dialog/oauth", params=given)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["s"]
    swap = {"client_id": ask.sim.app_id, "client_secret": ask.sim.app_secret, "code": back["code"][0]}
    wrong = ask.error("GET", "oauth/access_token", **{**swap, "client_secret": "x"}, redirect_uri=given["redirect_uri"])
    assert wrong["message"] == "Error validating client secret."
    short = ask("GET", "oauth/access_token", **swap, redirect_uri=given["redirect_uri"])
    assert (short["token_type"], short["expires_in"]) == ("bearer", 5400)
    granted = ask("GET", "me/permissions", token=short["access_token"])["data"]
    assert {one["permission"] for one in granted} == {"ads_read", "public_profile"}
    used = ask.error("GET", "oauth/access_token", **swap, redirect_uri=given["redirect_uri"])
    assert codes(used) == (100, 36009)
    longer = {"grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}
    long = ask("GET", "oauth/access_token", client_id=ask.sim.app_id, client_secret=ask.sim.app_secret, **longer)
    assert long["expires_in"] == 5_184_000
    ask.sim.clock.advance(5400)
    assert codes(ask.error("GET", "me", token=short["access_token"])) == (190, 463)
    assert ask("GET", "me", token=long["access_token"])["id"] == ask.sim.user_id
    app = {"client_id": ask.sim.app_id, "client_secret": ask.sim.app_secret, "grant_type": "client_credentials"}
    token = ask("POST", "/oauth/access_token", **app)["access_token"]
    assert ask("GET", "me", token=token)["id"] == ask.sim.app_id
    told = ask("GET", "debug_token", token=token, input_token=long["access_token"])["data"]
    assert (told["type"], told["is_valid"], told["scopes"]) == ("USER", True, ["ads_read", "public_profile"])
    assert ask("GET", "debug_token", token=token, input_token="x")["data"]["is_valid"] is False


def test_versions(ask):
    assert ask("GET", "/v25.0/me")["id"]
    assert ask.last.headers["facebook-api-version"] == "v25.0"
    assert ask("GET", "/me")["id"]
    old = ask.error("GET", "/v24.0/me")
    assert old["message"] == (
        "(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: v26.0."
    )
    assert ask.error("GET", "/v99.0/me")["code"] == 2500


def test_permissions(ask):
    ask.sim.seed_tree(campaigns=1, adsets=1, ads=1, days=1)
    ask.sim.restrict_token(["ads_read", "pages_show_list"])
    one = ask("GET", f"{ask.sim.account}/campaigns")["data"][0]["id"]
    assert ask.error("POST", one, 403, name="X")["message"].startswith("(#200) Requires ads_management")
    ask.sim.restrict_token(["pages_show_list"])
    assert ask.error("GET", ask.sim.account, 403)["code"] == 200
    assert len(ask("GET", "me/accounts")["data"]) == 1
    assert ask.error("GET", "me/businesses", 403)["code"] == 200
    ask.sim.restrict_token(["public_profile"])
    assert ask("GET", "me/accounts") == {"data": []}
    assert ask.error("GET", ask.sim.page_id, 403)["code"] == 10


def test_paths_that_are_not_there(ask):
    assert ask.error("GET", "somebody", 404)["code"] == 803
    assert codes(ask.error("GET", "act_123/campaigns")) == (100, 33)
    assert ask.error("GET", f"{ask.sim.account}/wings")["message"].startswith("(#100) Tried accessing nonexisting")
    assert codes(ask.error("DELETE", ask.sim.account)) == (100, 33)
    assert ask.error("GET", f"{ask.sim.account}/a/b")["code"] == 2500


# --------------------------------------------------------------------------------------------- fields and pages


def test_only_what_is_asked_for(ask):
    ask.sim.seed_tree(campaigns=1, adsets=1, ads=1, days=1)
    (one,) = ask("GET", f"{ask.sim.account}/campaigns")["data"]
    assert set(one) == {"id"}
    full = ask("GET", one["id"], fields="name,daily_budget,lifetime_budget,spend_cap,objective")
    assert full == {"name": "Campaign 1", "daily_budget": "5000", "objective": "OUTCOME_SALES", "id": one["id"]}
    assert ask.error("GET", one["id"], fields="name,wings")["message"] == (
        "(#100) Tried accessing nonexisting field (wings) on node type (Campaign)"
    )
    assert ask.error("GET", one["id"], fields="name,,id")["code"] == 2500
    assert ask.error("GET", one["id"], fields="adsets{name")["code"] == 2500


def test_nested_fields(ask):
    ask.sim.seed_tree(campaigns=1, adsets=3, ads=2, days=2)
    fields = "name,adsets.limit(2){name,ads{name,creative{title,object_story_spec{page_id}}},campaign}"
    (one,) = ask("GET", f"{ask.sim.account}/campaigns", fields=fields)["data"]
    assert len(one["adsets"]["data"]) == 2
    assert one["adsets"]["paging"]["next"].startswith("http://testserver/v26.0/" + one["id"] + "/adsets?")
    adset = one["adsets"]["data"][0]
    assert adset["campaign"] == {"id": one["id"]}
    creative = adset["ads"]["data"][0]["creative"]
    assert creative["object_story_spec"] == {"page_id": ask.sim.page_id}
    nested = ask("GET", one["id"], fields="insights.date_preset(today){spend}")
    assert nested["insights"]["data"][0]["date_start"] == "2026-11-25"


def test_pages_by_cursor(ask):
    ask.sim.seed_tree(campaigns=7, adsets=0, ads=0, days=1)
    path = f"{ask.sim.account}/campaigns"
    first = ask("GET", path, limit="3", fields="name", summary="true")
    assert [one["name"] for one in first["data"]] == ["Campaign 7", "Campaign 6", "Campaign 5"]
    assert first["summary"] == {"total_count": 7}
    following = first["paging"]["next"]
    assert parse_qs(urlsplit(following).query)["access_token"] == [ask.sim.credential["token"]]
    second = ask.http.get(following).json()
    assert [one["name"] for one in second["data"]] == ["Campaign 4", "Campaign 3", "Campaign 2"]
    third = ask("GET", path, limit="3", fields="name", after=second["paging"]["cursors"]["after"])
    assert [one["name"] for one in third["data"]] == ["Campaign 1"]
    assert "next" not in third["paging"]
    back = ask("GET", path, limit="3", fields="name", before=third["paging"]["cursors"]["before"])
    assert back["data"] == second["data"]
    assert ask("GET", path, after=third["paging"]["cursors"]["after"]) == {"data": []}
    assert ask.error("GET", path, after="nonsense")["code"] == 100
    assert ask.error("GET", path, limit="many")["code"] == 100
    assert ask.error("GET", path, limit="0")["code"] == 100


def test_a_page_does_not_shift_while_it_is_read(ask):
    tree = ask.sim.seed_tree(campaigns=4, adsets=0, ads=0, days=1)
    path = f"{ask.sim.account}/campaigns"
    first = ask("GET", path, limit="2", fields="name")
    ask.sim.sample("campaigns", 3)
    ask.sim.remove("campaigns", tree[3]["id"])
    rest = ask("GET", path, limit="5", fields="name", after=first["paging"]["cursors"]["after"])
    assert [one["name"] for one in rest["data"]] == ["Campaign 2", "Campaign 1"]


def test_too_much_at_once():
    ask = Caller(reduce_at=100)
    ask.sim.seed_tree(campaigns=2, adsets=0, ads=0, days=1)
    path = f"{ask.sim.account}/campaigns"
    error = ask.error("GET", path, 500, fields="name,status,objective", limit="50")
    assert error == {
        "message": "Please reduce the amount of data you're asking for, then retry your request",
        "code": 1,
    }
    assert len(ask("GET", path, fields="name,status,objective", limit="33")["data"]) == 2


# ------------------------------------------------------------------------------------------- statuses and filters


def test_what_is_archived_or_deleted_is_hidden(ask):
    one, two, three = ask.sim.seed_tree(campaigns=3, adsets=1, ads=1, days=1)
    ask("POST", one["id"], status="ARCHIVED")
    ask("DELETE", two["id"])
    path = f"{ask.sim.account}/campaigns"
    shown = ask("GET", path, fields="name")["data"]
    assert [one["id"] for one in shown] == [three["id"]]
    gone = ask("GET", path, fields="status", effective_status=["ARCHIVED", "DELETED"])["data"]
    assert {one["id"]: one["status"] for one in gone} == {one["id"]: "ARCHIVED", two["id"]: "DELETED"}
    wanted = [{"field": "campaign.effective_status", "operator": "IN", "value": ["ACTIVE", "DELETED"]}]
    assert len(ask("GET", path, filtering=wanted)["data"]) == 2
    assert ask("GET", two["id"], fields="status")["status"] == "DELETED"
    assert len(ask("GET", f"{ask.sim.account}/ads")["data"]) == 1
    (ad,) = ask("GET", f"{ask.sim.account}/ads", effective_status=["DELETED"], fields="status,effective_status")["data"]
    assert (ad["status"], ad["effective_status"]) == ("ACTIVE", "DELETED")
    assert ask.error("GET", path, effective_status=["SLEEPING"])["code"] == 100
    assert ask.error("POST", one["id"], daily_budget="100")["code"] == 100
    assert ask.error("POST", two["id"], status="ARCHIVED")["code"] == 100
    assert ask("POST", two["id"], name="Late") == {"success": True}


def test_a_status_comes_from_above(ask):
    (tree,) = ask.sim.seed_tree(campaigns=1, adsets=1, ads=1, days=1)
    adset = tree["adsets"][0]
    (ad,) = adset["ads"]

    def status(key):
        return ask("GET", key, fields="effective_status")["effective_status"]

    ask("POST", tree["id"], status="PAUSED")
    assert (status(adset["id"]), status(ad)) == ("CAMPAIGN_PAUSED", "CAMPAIGN_PAUSED")
    ask("POST", tree["id"], status="ACTIVE")
    ask("POST", adset["id"], status="PAUSED")
    assert (status(adset["id"]), status(ad)) == ("PAUSED", "ADSET_PAUSED")
    ask("POST", ad, status="PAUSED")
    assert status(ad) == "PAUSED"
    ask("DELETE", tree["id"])
    assert (status(adset["id"]), status(ad)) == ("DELETED", "DELETED")


def test_filters(ask):
    trees = ask.sim.seed_tree(campaigns=4, adsets=1, ads=1, days=1)
    ask.sim.clock.advance(3600)
    ask("POST", trees[1]["id"], name="Winter sale")
    path = f"{ask.sim.account}/campaigns"
    since = [{"field": "campaign.updated_time", "operator": "GREATER_THAN", "value": int(NOW.timestamp())}]
    (one,) = ask("GET", path, filtering=since, fields="name,updated_time")["data"]
    assert (one["name"], one["updated_time"]) == ("Winter sale", "2026-11-25T08:00:00-0500")
    named = [{"field": "name", "operator": "CONTAIN", "value": "sale"}]
    assert len(ask("GET", path, filtering=named)["data"]) == 1
    below = [{"field": "campaign.name", "operator": "EQUAL", "value": "Winter sale"}]
    (ad,) = ask("GET", f"{ask.sim.account}/ads", filtering=below, fields="campaign_id")["data"]
    assert ad["campaign_id"] == trees[1]["id"]
    ask("POST", trees[2]["adsets"][0]["id"], name="Set B")
    late = ask("GET", f"{ask.sim.account}/adsets", updated_since=str(int(NOW.timestamp()) + 1), fields="name")["data"]
    assert [one["name"] for one in late] == ["Set B"]
    assert ask.error("GET", path, filtering=[{"field": "wings", "operator": "EQUAL", "value": 1}])["code"] == 100
    assert ask.error("GET", path, filtering=[{"field": "name", "operator": "NEAR", "value": 1}])["code"] == 100
    assert ask.error("GET", path, filtering="[{")["code"] == 100


def test_times_and_money_are_the_accounts(ask):
    tokyo = ask.sim.make_account("Tokyo", "JPY", "Asia/Tokyo")
    ask.sim.seed_tree(
        campaigns=1, adsets=1, ads=1, days=1, account=tokyo, truth=lambda *_: {"spend": 1200, "clicks": 1}
    )
    fields = "currency,timezone_offset_hours_utc,amount_spent,created_time,min_daily_budget"
    shown = ask("GET", f"act_{tokyo}", fields=fields)
    assert (shown["currency"], shown["timezone_offset_hours_utc"], shown["min_daily_budget"]) == ("JPY", 9, 1)
    assert shown["created_time"] == "2026-11-25T21:00:00+0900"
    assert shown["amount_spent"] == str(1200 * 940 * 1260 // (1000 * 1440))
    (row,) = ask("GET", f"act_{tokyo}/insights", fields="spend", date_preset="today")["data"]
    assert row["spend"] == shown["amount_spent"]


# -------------------------------------------------------------------------------------------------------- writes

CAMPAIGN = {"name": "Winter", "objective": "OUTCOME_SALES", "special_ad_categories": ["NONE"], "status": "PAUSED"}
GOAL = {"optimization_goal": "LINK_CLICKS", "billing_event": "IMPRESSIONS"}
GOAL["targeting"] = {"geo_locations": {"countries": ["US"]}}


def test_makes_a_campaign(ask):
    path = f"{ask.sim.account}/campaigns"
    assert codes(ask.error("POST", path, **CAMPAIGN)) == (100, 4834011)
    old = ask.error("POST", path, **{**CAMPAIGN, "objective": "CONVERSIONS"}, daily_budget="500")
    assert old["message"].startswith("(#100) Objective CONVERSIONS is invalid. Use one of: OUTCOME_LEADS, ")
    low = ask.error("POST", path, **CAMPAIGN, daily_budget="99")
    assert codes(low) == (100, 1885272)
    assert "USD1.00" in low["error_user_msg"]
    assert ask.error("POST", path, **CAMPAIGN, daily_budget="500", lifetime_budget="500")["code"] == 100
    assert ask.error("POST", path, **CAMPAIGN, lifetime_budget="5000")["code"] == 100
    assert ask.error("POST", path, **{**CAMPAIGN, "status": "LOUD"}, daily_budget="500")["code"] == 100
    tried = ask("POST", path, **CAMPAIGN, daily_budget="500", execution_options=["validate_only"])
    assert tried == {"success": True}
    assert ask.sim.state()["campaigns"] == {}
    made = ask("POST", path, **CAMPAIGN, is_adset_budget_sharing_enabled="false")
    row = ask.sim.state()["campaigns"][made["id"]]
    assert (row["status"], row["special_ad_categories"]) == ("PAUSED", [])


def test_makes_what_is_in_a_campaign(ask):
    sim = ask.sim
    made = ask("POST", f"{sim.account}/campaigns", **CAMPAIGN, is_adset_budget_sharing_enabled="false")
    sets = {"name": "Set", "campaign_id": made["id"], **GOAL}
    assert ask.error("POST", f"{sim.account}/adsets", **sets)["code"] == 100
    assert ask.error("POST", f"{sim.account}/adsets", **{**sets, "campaign_id": "1"}, daily_budget="500")["code"] == 100
    adset = ask("POST", f"{sim.account}/adsets", **sets, daily_budget="500")["id"]
    assert ask.error("POST", f"{sim.account}/adcreatives", name="C")["code"] == 100
    story = {"page_id": sim.page_id, "link_data": {"link": "https://shop.example"}}
    creative = ask("POST", f"{sim.account}/adcreatives", name="C", object_story_spec=story)["id"]
    ads = {"name": "Ad", "adset_id": adset}
    assert ask.error("POST", f"{sim.account}/ads", **ads, creative={"creative_id": "9"})["code"] == 100
    ad = ask("POST", f"{sim.account}/ads", **ads, creative={"creative_id": creative})["id"]
    assert ask.error("POST", ad, adset_id="1")["code"] == 100
    other = ask("POST", f"{sim.account}/campaigns", **CAMPAIGN, daily_budget="500")["id"]
    assert ask.error("POST", f"{sim.account}/adsets", **{**sets, "campaign_id": other}, daily_budget="5")["code"] == 100
    used = ask("GET", f"{adset}/adcreatives", fields="name")["data"]
    assert used == [{"name": "C", "id": creative}]


def test_a_budget_changes_four_times_an_hour(ask):
    made = ask("POST", f"{ask.sim.account}/campaigns", **CAMPAIGN, is_adset_budget_sharing_enabled="false")
    adset = ask("POST", f"{ask.sim.account}/adsets", name="S", campaign_id=made["id"], **GOAL, daily_budget="500")["id"]
    for amount in (600, 700, 800, 900):
        ask("POST", adset, daily_budget=str(amount))
    assert codes(ask.error("POST", adset, daily_budget="1000")) == (613, 1487632)
    ask("POST", adset, daily_budget="900")
    ask.sim.clock.advance(3600)
    assert ask("POST", adset, daily_budget="1000") == {"success": True}


def test_the_same_again_changes_nothing(ask):
    (tree,) = ask.sim.seed_tree(campaigns=1, adsets=0, ads=0, days=1)
    before = ask.sim.state()["campaigns"][tree["id"]]["updated_time"]
    ask.sim.clock.advance(60)
    ask("POST", tree["id"], name="Campaign 1")
    assert ask.sim.state()["campaigns"][tree["id"]]["updated_time"] == before
    ask("POST", tree["id"], method="delete")
    assert ask.sim.state()["campaigns"][tree["id"]]["status"] == "DELETED"


def test_a_disabled_account_is_read_and_not_written(ask):
    ask.sim.seed_tree(campaigns=1, adsets=0, ads=0, days=1)
    ask.sim.set_account_status(2, 1)
    shown = ask("GET", ask.sim.account, fields="account_status,disable_reason")
    assert (shown["account_status"], shown["disable_reason"]) == (2, 1)
    (one,) = ask("GET", f"{ask.sim.account}/campaigns")["data"]
    assert codes(ask.error("POST", one["id"], name="X")) == (100, 1885316)


# -------------------------------------------------------------------------------------------------------- limits


def test_usage_in_headers():
    ask = Caller(limits=True, access_tier="development_access")
    ask("GET", f"{ask.sim.account}/campaigns")
    assert json.loads(ask.last.headers["x-app-usage"])["call_count"] == 1
    (one,) = json.loads(ask.last.headers["x-business-use-case-usage"])[ask.sim.account_id]
    assert (one["type"], one["call_count"], one["ads_api_access_tier"]) == ("ads_management", 1, "development_access")
    usage = json.loads(ask.last.headers["x-ad-account-usage"])
    assert usage["acc_id_util_pct"] == pytest.approx(1.67)
    ask("GET", f"{ask.sim.account}/insights")
    (one,) = json.loads(ask.last.headers["x-business-use-case-usage"])[ask.sim.account_id]
    assert one["type"] == "ads_insights"
    throttle = json.loads(ask.last.headers["x-fb-ads-insights-throttle"])
    assert (throttle["app_id_util_pct"], throttle["acc_id_util_pct"]) == (0, 1)


def test_the_score_of_an_account():
    ask = Caller(limits=True, access_tier="development_access")
    for _ in range(60):
        ask("GET", ask.sim.account)
    refused = ask.error("GET", ask.sim.account)
    assert (*codes(refused), refused["is_transient"]) == (17, 2446079, True)
    usage = json.loads(ask.last.headers["x-ad-account-usage"])
    assert (usage["acc_id_util_pct"], usage["reset_time_duration"]) == (100.0, 300)
    ask.sim.clock.advance(299)
    assert ask.error("GET", ask.sim.account)["code"] == 17
    ask.sim.clock.advance(2)
    assert ask("GET", ask.sim.account)


def test_the_hour_of_a_use_case():
    ask = Caller(limits=True, access_tier="development_access")
    for _ in range(600):
        ask("GET", f"{ask.sim.account}/insights")
    assert codes(ask.error("GET", f"{ask.sim.account}/insights")) == (80000, 2446079)
    (one,) = json.loads(ask.last.headers["x-business-use-case-usage"])[ask.sim.account_id]
    assert (one["call_count"], one["estimated_time_to_regain_access"]) == (100, 60)
    assert ask("GET", ask.sim.account)
    ask.sim.clock.advance(3601)
    assert ask("GET", f"{ask.sim.account}/insights")


def test_limits_on_order(ask):
    for code, status in ((4, 403), (17, 400), (32, 403), (613, 400), (80000, 400), (80003, 400), (80005, 400)):
        ask.sim.exhaust(code, 60)
        assert ask.error("GET", ask.sim.account, status)["code"] == code
        ask.sim.clock.advance(61)
    assert ask("GET", ask.sim.account)
    with pytest.raises(KeyError):
        ask.sim.exhaust(99)


def test_two_accounts_have_other_ids():
    one, two = MetaAdsSimulator(seed=1), MetaAdsSimulator(seed=2)
    assert not set(one.sample("campaigns", 5)) & set(two.sample("campaigns", 5))
    assert one.account != two.account
    again = MetaAdsSimulator(seed=1)
    assert again.account == one.account


def test_the_kit_can_drive_it(ask):
    sim = ask.sim
    for stream in ("accounts", "campaigns", "adsets", "ads", "creatives", "audiences", "pixels", "pages", "forms"):
        (key,) = sim.sample(stream, 1)
        sim.clock.advance(60)
        sim.touch(stream, key)
        sim.remove(stream, key)
    leads = sim.sample("leads", 2)
    sim.touch("leads", leads[0])
    assert len(sim.state()["leads"]) == 3
    rows = sim.sample("insights", 30)
    assert len(set(rows)) == 30
    sim.touch("insights", rows[0])
    ad, _, day = rows[0].rpartition("/")
    since = datetime.fromisoformat(day).date()
    (one,) = [row for row in sim.truth_metrics("campaign", since, since) if row["id"] == ad]
    assert one["impressions"] > 1000
    assert len(sim.sample("ad_insights", 3)) == 3
    assert sim.sample("conversions", 3) == []
    assert sim.delivery("leads", "secret").headers["x-hub-signature-256"].startswith("sha256=")
    sim.sample("ads", 1)
    assert b'"ad_account"' in sim.delivery("ads", "secret").body
    for verb in (sim.sample, sim.touch, sim.remove):
        with pytest.raises(NotImplementedError):
            verb("wings", 1 if verb == sim.sample else "1")
    assert sim.today() == (NOW - timedelta(hours=5)).date()
