"""The Meta Ads simulator's answers, and what it is asked here, against Meta's published description."""

import json
from datetime import UTC, datetime

from starlette.testclient import TestClient

from tests.connectors.meta_ads.graph_check import SLOTS, Graph
from tests.support.spec_check import load_spec
from vaiven_connectors.meta_ads.simulator import MetaAdsSimulator
from vaiven_sdk.testing import ManualClock
from vaiven_sdk.testing.spec import watch

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)

ACCEPTED = {
    "* query.fields: not described": "every node and edge takes it (docs/graph-api/overview); few operations list it",
    "* query.limit: not described": "paging is Graph's, not an edge's (docs/graph-api/results)",
    "* query.after: not described": "as above",
    "* query.summary: not described": "the official client sends it to every edge (Cursor.load_next_page)",
    "* query.filtering: not described": "docs/marketing-api/insights/parameters and lead-ads/retrieving",
    "* $.summary: not described": "what `summary` asks for",
    "* $: status 4?? is not described": "the description has no errors",
    "POST /{ad_account_id}/ads request $.creative.creative_id: not described": "reference/adgroup: {creative_id: <id>}",
    "* 200 $.success: not described": "the reference of each update: Struct {success: bool}",
    "POST /*/insights 200 $.report_run_id: not described": "AdReportRunMixin of facebook-business reads it",
    "POST /{custom_audience_id}/users* 200 $.*: not described": (
        "reference/custom-audience/users: audience_id, session_id, num_received, num_invalid_entries, "
        "invalid_entry_samples"
    ),
    "GET /{campaign_id} 200 $.adsets: not described": "field expansion shows an edge (docs/graph-api/guides)",
    "GET /{ad_account_id}/campaigns 200 $.data[[]?].adsets: not described": "as above",
    "GET /{ad_account_id}/insights 200 $.data[[]*].age: not described": "a breakdown adds its column",
    "GET /{ad_account_id}/insights 200 $.data[[]*].gender: not described": "as above",
    "GET /{page_id}/subscribed_apps 200 $.data[[]0].subscribed_fields: not described": "reference/page/subscribed_apps",
    "GET /{page_id} 200 $.tasks: not described": "docs/pages-api/overview: what a person may do with the page",
    "GET /{user_id}/accounts 200 $.data[[]0].tasks: not described": "as above",
    "GET /{ad_account_id}/subscribed_apps 200 *": "the description calls its members otherwise",
}


class Walk:
    """Sends requests in Graph's manner."""

    def __init__(self):
        self.sim = MetaAdsSimulator(clock=ManualClock(NOW), quirks={"limits": False})
        self.check = watch(self.sim, Graph(self.sim), base="/v26.0")
        self.client = TestClient(self.sim.app)
        self.token = self.sim.credential["token"]

    def __call__(self, method, path, *, expect=200, token="", **given):
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        headers = {"Authorization": f"Bearer {token or self.token}"}
        options = {"data": texts} if method == "POST" else {"params": texts}
        answer = self.client.request(method, f"/v26.0/{path}", headers=headers, **options)
        assert answer.status_code == expect, (method, path, answer.text)
        return answer.json()


def test_every_operation_is_described():
    sim = MetaAdsSimulator()
    spec = load_spec("meta_marketing")
    for method, kind, edge in sim.handlers:
        template = "/{" + SLOTS[kind] + "}" + (f"/{edge}" if edge else "")
        assert spec.has(method, template), (method, template)


def walk_reading(walk):
    sim = walk.sim
    tree = sim.seed_tree(campaigns=3, adsets=1, ads=1, days=5)
    campaign, adset = tree[0]["id"], tree[0]["adsets"][0]["id"]
    ad = tree[0]["adsets"][0]["ads"][0]
    walk("GET", "me", fields="id,name")
    walk("GET", "me/adaccounts", fields="name,currency,timezone_name,timezone_offset_hours_utc,business{name}")
    walk("GET", "me/permissions")
    walk("GET", "me/businesses", fields="name")
    walk("GET", f"{sim.business}/owned_ad_accounts", fields="account_status,disable_reason,min_daily_budget,spend_cap")
    walk("GET", sim.account, fields="amount_spent,balance,currency,age,created_time,account_id")
    fields = "name,objective,status,effective_status,configured_status,daily_budget,special_ad_categories,created_time,"
    fields += "updated_time,start_time,buying_type,account_id,bid_strategy"
    updated = [{"field": "campaign.updated_time", "operator": "GREATER_THAN", "value": 0}]
    walk("GET", f"{sim.account}/campaigns", fields=fields, limit="2", summary="true", filtering=updated)
    page = walk("GET", f"{sim.account}/campaigns", fields="name,adsets{name}", limit="1", effective_status=["ACTIVE"])
    walk("GET", f"{sim.account}/campaigns", limit="1", after=page["paging"]["cursors"]["after"])
    sets = "name,campaign_id,status,effective_status,optimization_goal,billing_event,targeting,attribution_spec,"
    sets += "daily_budget,lifetime_budget,start_time,updated_time,campaign{name}"
    walk("GET", f"{sim.account}/adsets", fields=sets, updated_since="0")
    walk("GET", f"{campaign}/adsets", fields=sets)
    ads = "name,adset_id,campaign_id,status,effective_status,creative{id,title},created_time,updated_time,adset{name}"
    for node in (sim.account, campaign, adset):
        walk("GET", f"{node}/ads", fields=ads)
    story = "name,title,body,object_story_spec,url_tags,call_to_action_type,thumbnail_url,object_type,status,account_id"
    (one,) = walk("GET", f"{ad}/adcreatives", fields=story)["data"]
    walk("GET", f"{sim.account}/adcreatives", fields=story)
    walk("GET", one["id"], fields=story)
    walk("GET", campaign, fields="name,adsets{name}")
    walk("GET", adset, fields=sets)
    walk("GET", ad, fields=ads)
    return campaign, adset, ad


def walk_insights(walk, campaign, adset, ad):
    sim = walk.sim
    fields = (
        "account_id,account_name,account_currency,campaign_id,campaign_name,objective,impressions,clicks,spend,reach,"
    )
    fields += (
        "frequency,cpc,cpm,cpp,ctr,actions,action_values,cost_per_action_type,purchase_roas,website_purchase_roas,"
    )
    fields += "inline_link_clicks,outbound_clicks,attribution_setting,buying_type,updated_time"
    windows = ["1d_click", "7d_click", "28d_click", "1d_view"]
    options = {"fields": fields, "level": "campaign", "time_increment": "1", "action_attribution_windows": windows}
    options["time_range"] = {"since": "2026-11-01", "until": "2026-11-25"}
    walk("GET", f"{sim.account}/insights", **options, limit="2", summary=["spend"], sort=["spend_descending"])
    walk("GET", f"{sim.account}/insights", fields="spend,actions", breakdowns=["age", "gender"], date_preset="last_7d")
    for node in (campaign, adset, ad):
        walk("GET", f"{node}/insights", fields="impressions,spend", date_preset="this_month")
    walk("GET", f"{sim.account}/insights", time_range={"since": "2020-01-01", "until": "2020-01-02"}, expect=400)
    for node in (sim.account, campaign):
        run = walk("POST", f"{node}/insights", **{**options, "fields": fields.split(",")})["report_run_id"]
        walk("GET", f"{run}/insights", expect=400)
        for _ in range(3):
            walk("GET", run)
        walk("GET", f"{run}/insights", limit="2")
    sim.doom_report()
    run = walk("POST", f"{sim.account}/insights", level="ad", fields=["spend"])["report_run_id"]
    for _ in range(3):
        walk("GET", run, fields="async_status,async_percent_completion,error_code,error_message,error_user_msg")


def walk_writing(walk):
    sim = walk.sim
    campaign = {"name": "Winter", "objective": "OUTCOME_SALES", "status": "PAUSED", "special_ad_categories": ["NONE"]}
    one = walk("POST", f"{sim.account}/campaigns", **campaign, daily_budget="2500")["id"]
    walk("POST", one, daily_budget="3000", name="Winter sale", status="ACTIVE")
    goal = {"optimization_goal": "LINK_CLICKS", "billing_event": "IMPRESSIONS", "status": "PAUSED"}
    goal["targeting"] = {"geo_locations": {"countries": ["DE"]}}
    two = walk("POST", f"{sim.account}/adsets", name="Set", campaign_id=one, **goal)["id"]
    walk("POST", two, name="Set B", status="PAUSED")
    story = {"page_id": sim.page_id, "link_data": {"link": "https://shop.example", "message": "Buy"}}
    creative = walk("POST", f"{sim.account}/adcreatives", name="C", object_story_spec=story)["id"]
    walk("POST", creative, name="C2")
    ad = {"name": "Ad", "adset_id": two, "creative": {"creative_id": creative}, "status": "PAUSED"}
    three = walk("POST", f"{sim.account}/ads", **ad)["id"]
    walk("POST", three, name="Ad B")
    for key in (three, two, one, creative):
        walk("DELETE", key)


def walk_audiences(walk):
    sim = walk.sim
    made = {"name": "Buyers", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY", "description": "all"}
    one = walk("POST", f"{sim.account}/customaudiences", **made)["id"]
    rows = {"schema": ["EMAIL", "FN"], "data": [["a" * 64, "b" * 64], ["plain@example.com", ""]]}
    session = {"session_id": 7, "batch_seq": 1, "last_batch_flag": True, "estimated_num_total": 2}
    walk("POST", f"{one}/users", payload=rows, session=session)
    walk("DELETE", f"{one}/users", payload=rows, session=session)
    walk("POST", f"{one}/usersreplace", payload=rows, session=session)
    fields = "name,description,subtype,approximate_count_lower_bound,approximate_count_upper_bound,operation_status,"
    fields += "delivery_status,time_created,time_updated,time_content_updated,customer_file_source,data_source"
    walk("GET", f"{sim.account}/customaudiences", fields=fields)
    walk("GET", one, fields=fields)
    walk("GET", f"{one}/sessions")
    walk("POST", one, name="All buyers")
    walk("DELETE", one)
    walk("GET", f"{sim.account}/adspixels", fields="name,creation_time,owner_business{name}")
    walk("GET", sim.pixel_id, fields="name,is_unavailable")
    event = {"event_name": "Lead", "event_time": int(NOW.timestamp()), "action_source": "website", "event_id": "1"}
    event["user_data"] = {"em": ["a" * 64]}
    walk("POST", f"{sim.pixel_id}/events", data=[json.dumps(event)])


def walk_pages(walk, ad):
    sim = walk.sim
    form = sim.make_form("News")
    lead = sim.submit_lead(form, {"email": "a@example.com"}, ad)
    (page,) = walk("GET", "me/accounts", fields="name,access_token,tasks,category")["data"]
    token = page["access_token"]
    walk("GET", page["id"], fields="name,tasks")
    fields = "name,status,locale,questions,created_time,leads_count,page{name}"
    walk("GET", f"{page['id']}/leadgen_forms", token=token, fields=fields)
    walk("GET", form, token=token, fields=fields)
    fields = "created_time,field_data,ad_id,ad_name,adset_id,campaign_id,campaign_name,form_id,platform,is_organic"
    since = [{"field": "time_created", "operator": "GREATER_THAN", "value": 0}]
    walk("GET", f"{form}/leads", token=token, fields=fields, filtering=since)
    walk("GET", lead, token=token, fields=fields)
    walk("GET", f"{ad}/leads", fields=fields)
    walk("POST", f"{page['id']}/subscribed_apps", token=token, subscribed_fields=["leadgen"])
    walk("GET", f"{page['id']}/subscribed_apps", token=token)
    walk("DELETE", f"{page['id']}/subscribed_apps", token=token)
    walk("DELETE", lead, token=token)
    walk("POST", f"{sim.account}/subscribed_apps", app_id=sim.app_id)
    walk("GET", f"{sim.account}/subscribed_apps")
    walk("DELETE", f"{sim.account}/subscribed_apps", app_id=sim.app_id)
    app = f"{sim.app_id}|{sim.app_secret}"
    asked = {"object": "page", "callback_url": "http://127.0.0.1:1/hook", "verify_token": "t", "fields": ["leadgen"]}
    walk("POST", f"{sim.app_id}/subscriptions", token=app, **asked)
    walk("GET", f"{sim.app_id}/subscriptions", token=app)
    walk("DELETE", f"{sim.app_id}/subscriptions", token=app, object="page")
    walk("GET", sim.app_id, token=app, fields="name,category")
    walk("GET", sim.business, fields="name,verification_status")
    walk("DELETE", "me/permissions")


def test_requests_and_answers_fit_the_description(monkeypatch):
    walk = Walk()
    # Nobody listens here; test_simulator_hooks has the challenge itself.
    monkeypatch.setattr(walk.sim, "challenge", lambda url, token: None)
    nodes = walk_reading(walk)
    walk_insights(walk, *nodes)
    walk_writing(walk)
    walk_audiences(walk)
    walk_pages(walk, nodes[2])
    walk.check.accepted = ACCEPTED
    walk.check.verify()
    assert walk.check.checked == 86
