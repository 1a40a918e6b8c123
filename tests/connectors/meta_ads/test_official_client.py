"""Meta's own client, unmodified, against the simulator. It sends v26.0, the token and its proof in the query."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from vaiven_connectors.meta_ads.simulator import MetaAdsSimulator
from vaiven_sdk.testing import ManualClock, serve

pytest.importorskip("facebook_business")
pytestmark = pytest.mark.client

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def sim():
    return MetaAdsSimulator(clock=ManualClock(NOW), quirks={"limits": False})


@pytest.fixture
def graph(sim, monkeypatch):
    from facebook_business.session import FacebookSession

    with serve(sim) as server:
        monkeypatch.setattr(FacebookSession, "GRAPH", server.url)
        yield server.url


@pytest.fixture
def api(sim, graph):
    from facebook_business.api import FacebookAdsApi

    given = sim.credential
    yield FacebookAdsApi.init(sim.app_id, given["app_secret"], given["token"], crash_log=False)
    FacebookAdsApi.set_default_api(None)


@pytest.fixture
def account(sim, api):
    from facebook_business.adobjects.adaccount import AdAccount

    return AdAccount(sim.account)


def refused(function, *args, **options):
    from facebook_business.exceptions import FacebookRequestError

    with pytest.raises(FacebookRequestError) as problem:
        function(*args, **options)
    return problem.value


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_reads_every_page(sim, account):
    sim.seed_tree(campaigns=60, adsets=1, ads=2, days=1)
    campaigns = list(account.get_campaigns(fields=["name", "effective_status", "daily_budget"], params={"limit": 25}))
    assert len(campaigns) == 60
    assert (campaigns[0]["name"], campaigns[0]["daily_budget"]) == ("Campaign 60", "5000")
    assert account.get_campaigns().total() == 60
    # The client warns of fields with something nested in them, so they stand among the parameters.
    ads = list(account.get_ads(params={"fields": "name,creative{body},campaign{name}", "limit": 50}))
    assert len({one["id"] for one in ads}) == 120
    assert ads[0]["creative"]["body"].startswith("Body of Campaign 60")
    assert ads[0]["campaign"]["name"] == "Campaign 60"
    assert len(list(account.get_ad_creatives(fields=["title"]))) == 120


def test_the_person_and_the_accounts(sim, api):
    from facebook_business.adobjects.user import User

    sim.make_account("Tokyo", "JPY", "Asia/Tokyo")
    me = User("me").api_get(fields=["name"])
    assert (me["id"], me["name"]) == (sim.user_id, "Vaiven System User")
    fields = "name,currency,timezone_name,timezone_offset_hours_utc,account_status,business{name}"
    first, second = User("me").get_ad_accounts(params={"fields": fields})
    assert (first["id"], first["currency"], first["timezone_offset_hours_utc"]) == (sim.account, "USD", -5)
    assert (second["currency"], second["timezone_offset_hours_utc"], second["business"]["name"]) == (
        "JPY",
        9,
        "Vaiven Shop",
    )


def test_insights_at_once(sim, account):
    sim.seed_tree(campaigns=3, adsets=2, ads=2, days=40)
    params = {"level": "campaign", "time_increment": 1, "date_preset": "last_30d", "limit": 50}
    fields = ["campaign_id", "campaign_name", "impressions", "spend", "actions", "action_values"]
    rows = list(account.get_insights(fields=fields, params=params))
    assert len(rows) == 90
    truth = {(one["id"], one["date"]): one for one in sim.truth_metrics()}
    for row in rows:
        wanted = truth[row["campaign_id"], date.fromisoformat(row["date_start"])]
        assert (row["impressions"], row["spend"]) == (str(wanted["impressions"]), str(wanted["spend"]))
        bought = {one["action_type"]: one["value"] for one in row["actions"] if "purchase" in one["action_type"]}
        assert len(bought) == 7
        assert set(bought.values()) == {str(wanted["purchases"])}
        earned = {one["action_type"]: one["value"] for one in row["action_values"]}
        assert Decimal(earned["omni_purchase"]) == wanted["purchase_value"]


def test_insights_in_the_background(sim, account):
    sim.seed_tree(campaigns=2, adsets=1, ads=1, days=30)
    params = {"level": "ad", "time_increment": 1, "time_range": {"since": "2026-11-01", "until": "2026-11-25"}}
    params["action_attribution_windows"] = ["1d_click", "7d_click", "28d_click"]
    job = account.get_insights(fields=["ad_id", "spend", "actions"], params=params, is_async=True)
    seen = []
    for _ in range(3):
        job = job.api_get()
        seen.append((job["async_status"], job["async_percent_completion"]))
    assert seen[-1] == ("Job Completed", 100)
    assert seen[0] != seen[-1]
    rows = list(job.get_result(params={"limit": 20}))
    assert len(rows) == 50
    assert {row["date_start"] for row in rows} == {str(date(2026, 11, 1) + timedelta(days=n)) for n in range(25)}
    bought = next(one for row in rows for one in row["actions"] if one["action_type"] == "purchase")
    assert int(bought["value"]) >= int(bought["7d_click"]) >= int(bought.get("1d_click", 0))


def test_a_report_that_fails(sim, account):
    sim.seed_tree(campaigns=1, adsets=1, ads=1, days=3)
    for status in ("Job Failed", "Job Skipped"):
        sim.doom_report(status)
        job = account.get_insights(fields=["spend"], params={"level": "ad"}, is_async=True)
        for _ in range(3):
            job = job.api_get()
        assert job["async_status"] == status
        problem = refused(lambda job=job: list(job.get_result()))
        assert (problem.api_error_code(), problem.api_error_subcode(), problem.api_transient_error()) == (
            2601,
            1815107,
            True,
        )


def test_creates_updates_and_deletes(sim, account):
    from facebook_business.adobjects.campaign import Campaign

    params = {"name": "Winter", "objective": "OUTCOME_SALES", "special_ad_categories": [], "status": "PAUSED"}
    campaign = account.create_campaign(params={**params, "daily_budget": 2500})
    goal = {"optimization_goal": "OFFSITE_CONVERSIONS", "billing_event": "IMPRESSIONS", "status": "PAUSED"}
    targeting = {"geo_locations": {"countries": ["US"]}}
    adset = account.create_ad_set(params={"name": "Set", "campaign_id": campaign["id"], "targeting": targeting, **goal})
    story = {"page_id": sim.page_id, "link_data": {"link": "https://shop.example", "message": "Buy"}}
    creative = account.create_ad_creative(params={"name": "C", "object_story_spec": story})
    ad = account.create_ad(
        params={"name": "Ad", "adset_id": adset["id"], "creative": {"creative_id": creative["id"]}, "status": "PAUSED"}
    )
    assert sim.state()["ads"][ad["id"]]["campaign_id"] == campaign["id"]
    campaign.api_update(params={"daily_budget": 3000, "status": "ACTIVE", "name": "Winter sale"})
    shown = Campaign(campaign["id"]).api_get(fields=["name", "status", "daily_budget", "effective_status"])
    assert (shown["name"], shown["daily_budget"], shown["effective_status"]) == ("Winter sale", "3000", "ACTIVE")
    assert ad.api_get(fields=["effective_status"])["effective_status"] == "PAUSED"
    ad.api_delete()
    assert list(account.get_ads(fields=["name"])) == []
    assert ad.api_get(fields=["status"])["status"] == "DELETED"
    assert [one["id"] for one in account.get_ads(params={"effective_status": ["DELETED"]})] == [ad["id"]]


def test_errors_are_the_clients_own(sim, api, account):
    from facebook_business.adobjects.campaign import Campaign
    from facebook_business.adobjects.user import User

    problem = refused(account.create_campaign, params={"name": "X", "objective": "OUTCOME_SALES"})
    assert (problem.http_status(), problem.api_error_code(), problem.api_error_type()) == (400, 100, "OAuthException")
    assert problem.api_blame_field_specs() == [["special_ad_categories"]]
    missing = refused(Campaign("120000000000000001").api_get, fields=["name"])
    assert (missing.api_error_code(), missing.api_error_subcode()) == (100, 33)
    assert "nonexisting field (wings)" in refused(account.api_get, params={"fields": "wings"}).api_error_message()
    sim.set_account_status(2)
    params = {"name": "X", "objective": "OUTCOME_SALES", "special_ad_categories": [], "daily_budget": 100}
    disabled = refused(account.create_campaign, params=params)
    assert (disabled.api_error_code(), disabled.api_error_subcode()) == (100, 1885316)
    assert "active accounts" in disabled.body()["error"]["error_user_msg"]
    sim.restrict_token(["public_profile"])
    assert refused(account.get_campaigns).api_error_code() == 200
    sim.kill_token(463)
    expired = refused(User("me").api_get)
    assert (expired.api_error_code(), expired.api_error_subcode()) == (190, 463)
    assert expired.body()["error"]["fbtrace_id"]


def test_retired_versions_and_limits(sim, api, account):
    from facebook_business.adobjects.campaign import Campaign
    from facebook_business.api import FacebookAdsApi

    old = FacebookAdsApi(api._session, api_version="v19.0")
    problem = refused(old.call, "GET", ("me",))
    assert (problem.api_error_code(), "latest version: v26.0" in problem.api_error_message()) == (2635, True)
    for code in (4, 17, 80004, 80000, 613):
        sim.exhaust(code, 120)
        limited = refused(account.get_campaigns)
        assert (limited.api_error_code(), limited.api_transient_error()) == (code, True)
        sim.clock.advance(121)
    sim.exhaust(80004, 120)
    usage = json.loads(refused(account.get_campaigns).http_headers()["X-Business-Use-Case-Usage"])
    (one,) = usage[sim.account_id]
    assert (one["type"], one["call_count"], one["estimated_time_to_regain_access"]) == ("ads_management", 100, 2)
    sim.clock.advance(121)
    assert refused(Campaign("1").api_get).api_error_subcode() == 33


def test_a_wrong_secret(sim, graph):
    from facebook_business.api import FacebookAdsApi

    wrong = FacebookAdsApi.init(sim.app_id, "not-the-secret", sim.credential["token"], crash_log=False)
    problem = refused(wrong.call, "GET", ("me",))
    assert (problem.api_error_code(), problem.api_error_type()) == (100, "GraphMethodException")
    FacebookAdsApi.set_default_api(None)


def test_custom_audiences(sim, account):
    from facebook_business.adobjects.customaudience import CustomAudience

    params = {"name": "Buyers", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
    audience = account.create_custom_audience(params=params)
    schema = CustomAudience.Schema.email_hash
    answer = audience.add_users(schema, [f" P{n}@Example.com" for n in range(250)]).json()
    assert (answer["num_received"], answer["num_invalid_entries"]) == (250, 0)
    held = sim.audience_values(audience["id"])
    assert held == {sha(f"p{n}@example.com") for n in range(250)}
    size = ["approximate_count_lower_bound", "approximate_count_upper_bound", "operation_status"]
    assert audience.api_get(fields=size)["approximate_count_lower_bound"] == -1
    sim.clock.advance(86_400)
    shown = audience.api_get(fields=size)
    assert shown["approximate_count_lower_bound"] <= 250 <= shown["approximate_count_upper_bound"]
    audience.remove_users(schema, ["p0@example.com"])
    assert sim.audience_size(audience["id"]) == 249
    keys = CustomAudience.Schema.MultiKeySchema
    audience.add_users([keys.email, keys.phone, keys.fn], [["p1@example.com", "+1 617 555 0100", "Ada"]], is_raw=True)
    assert sim.audience_size(audience["id"]) == 249
    assert sim.audience_values(audience["id"], "PHONE") == {sha("16175550100")}
    bad = audience.add_users(schema, ["p1@example.com"], pre_hashed=True).json()
    assert (bad["num_invalid_entries"], bad["invalid_entry_samples"]) == (1, {"0": "p1@example.com"})
    assert refused(account.create_custom_audience, params={"name": "X"}).api_error_code() == 100
    audience.api_delete()
    assert list(account.get_custom_audiences()) == []


def test_the_conversions_api(sim, api):
    from facebook_business.adobjects.serverside.action_source import ActionSource
    from facebook_business.adobjects.serverside.custom_data import CustomData
    from facebook_business.adobjects.serverside.event import Event
    from facebook_business.adobjects.serverside.event_request import EventRequest
    from facebook_business.adobjects.serverside.user_data import UserData

    def event(ident, at):
        return Event(
            event_name="Purchase",
            event_time=int(at.timestamp()),
            event_id=ident,
            action_source=ActionSource.WEBSITE,
            user_data=UserData(email="Ada@Example.com"),
            custom_data=CustomData(value=9.5, currency="usd"),
        )

    for _ in range(2):
        sent = EventRequest(pixel_id=sim.pixel_id, events=[event("o-1", NOW), event("o-2", NOW)]).execute()
        assert sent.events_received == 2
    first, second = sim.conversions()
    assert (first["event_id"], second["event_id"]) == ("o-1", "o-2")
    assert first["user_data"]["em"] == [sha("ada@example.com")]
    old = EventRequest(pixel_id=sim.pixel_id, events=[event("o-3", NOW), event("o-4", NOW - timedelta(days=8))])
    problem = refused(old.execute)
    assert (problem.api_error_code(), problem.api_error_subcode()) == (100, 2804003)
    assert len(sim.conversions()) == 2


def test_leads_of_a_page(sim, api):
    from facebook_business.adobjects.leadgenform import LeadgenForm
    from facebook_business.adobjects.page import Page
    from facebook_business.adobjects.user import User
    from facebook_business.api import FacebookAdsApi

    form = sim.make_form("Newsletter")
    ids = [sim.submit_lead(form, {"email": f"l{n}@example.com"}) for n in range(60)]
    problem = refused(Page(sim.page_id).get_lead_gen_forms)
    assert (problem.api_error_code(), "Page Access Token" in problem.api_error_message()) == (190, True)
    (page,) = User("me").get_accounts(fields=["name", "access_token"])
    FacebookAdsApi.init(sim.app_id, sim.app_secret, page["access_token"], crash_log=False)
    (shown,) = Page(page["id"]).get_lead_gen_forms(fields=["name", "status", "leads_count"])
    assert (shown["name"], shown["leads_count"]) == ("Newsletter", 60)
    leads = list(LeadgenForm(form).get_leads(fields=["created_time", "field_data"]))
    assert {one["id"] for one in leads} == set(ids)
    assert leads[0]["field_data"][0]["values"] == ["l59@example.com"]
