"""The simulator's answers, and what it is asked here, against Google's published paths and messages."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from tests.support.spec_check import load_spec
from vaiven_connectors.google_ads._sim_hashes import digest_of
from vaiven_connectors.google_ads.simulator import GoogleAdsSimulator
from vaiven_sdk.testing import ManualClock
from vaiven_sdk.testing.spec import watch

pytest.importorskip("google.ads.googleads", reason="the published messages (extra `real`) are not installed")

from tests.support.google_ads import METHODS, Messages

NOT_DESCRIBED = {"/o/oauth2/v2/auth", "/token", "/oauth2/v3/token", "/revoke"}
MERGED = {
    # The short notation keeps one method where several share `{resource_name}:run` and `{resource_name}:addOperations`.
    "/customers/{customer_id}/offlineUserDataJobs/{job}:run": "/v25/{resource_name}:run",
    "/customers/{customer_id}/offlineUserDataJobs/{job}:addOperations": "/v25/{resource_name}:addOperations",
}


def test_every_path_is_described():
    spec = load_spec("google_ads")
    named = {(one.verb, one.path) for one in METHODS}
    for path in GoogleAdsSimulator().switchboard.paths:
        if path.template in NOT_DESCRIBED:
            continue
        below = path.template.removeprefix("/{version}")
        assert (path.method, below) in named, path
        assert spec.has(path.method, MERGED.get(below, f"/v25{below}")), path


class Walk:
    def __init__(self, version):
        self.sim = GoogleAdsSimulator(
            clock=ManualClock(datetime(2026, 11, 25, 17, tzinfo=UTC)),
            quirks={"access_level": "standard", "change_lag": 0.0},
        )
        self.check = watch(self.sim, Messages())
        self.version = version
        self.at = f"customers/{self.sim.customer_id}"
        self.client = TestClient(
            self.sim.app,
            headers={
                "Authorization": f"Bearer {self.sim.credential['access_token']}",
                "login-customer-id": self.sim.manager_id,
            },
        )

    def __call__(self, path, *, expect=200, **body):
        answer = self.client.post(f"/{self.version}/{self.at}{path}", json=body)
        assert answer.status_code == expect, (path, answer.text)
        return answer.json()

    def query(self, text, *, expect=200, **body):
        return self("/googleAds:search", query=text, expect=expect, **body)


def every_field(resource, version):
    from vaiven_connectors.google_ads import _sim_schema as schema

    names = [
        one.name
        for one in schema.of_resource(resource).values()
        if one.there(version) and not one.local.startswith("ad.resource_name")
    ]
    return f"SELECT {', '.join(names)} FROM {resource}"


def walk_queries(walk):
    sim = walk.sim
    sim.seed_tree(campaigns=2, ad_groups=1, ads=1, days=3)
    sim.make_user_list("Buyers")
    for resource in ("customer", "customer_client", "campaign", "campaign_budget", "ad_group", "ad_group_ad"):
        walk.query(every_field(resource, walk.version))
    for resource in ("conversion_action", "user_list", "offline_user_data_job"):
        walk.query(every_field(resource, walk.version))
    during = "BETWEEN '2026-11-20' AND '2026-11-26'"
    walk.query(
        f"{every_field('change_status', walk.version)} WHERE change_status.last_change_date_time {during} LIMIT 100"
    )
    walk.query(f"{every_field('change_event', walk.version)} WHERE change_event.change_date_time {during} LIMIT 100")
    rates = "metrics.ctr, metrics.average_cpc, metrics.cost_per_conversion, metrics.conversions_value_per_cost"
    for resource in ("customer", "campaign", "ad_group", "ad_group_ad"):
        walk.query(
            f"SELECT segments.date, segments.week, segments.month, segments.quarter, segments.year, segments.device, "
            f"segments.day_of_week, segments.month_of_year, segments.ad_network_type, metrics.impressions, "
            f"metrics.cost_micros, metrics.all_conversions, {rates} FROM {resource} "
            "WHERE segments.date DURING LAST_7_DAYS",
            searchSettings={"returnTotalResultsCount": True, "returnSummaryRow": True},
        )
    sim.page_cap = 1
    page = walk.query("SELECT campaign.id FROM campaign")
    walk.query("SELECT campaign.id FROM campaign", pageToken=page["nextPageToken"])
    walk(
        "/googleAds:searchStream",
        query="SELECT campaign.id, segments.conversion_action, segments.conversion_action_name, "
        "segments.conversion_action_category, metrics.conversions FROM campaign",
        summaryRowSetting="SUMMARY_ROW_WITH_RESULTS",
    )
    walk.query("SELECT campaign.id FROM campaign", validateOnly=True)
    walk.query("SELECT campaign.id FROM campaign", pageSize=10, expect=400)
    walk.query("SELECT campaign.nothing FROM campaign", expect=400)
    walk("/googleAds:searchStream", query="SELECT FROM", expect=400)
    assert walk.client.get(f"/{walk.version}/customers:listAccessibleCustomers").status_code == 200


def walk_mutates(walk):
    at, eu = walk.at, "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"
    tree = [
        {
            "campaignBudgetOperation": {
                "create": {"resourceName": f"{at}/campaignBudgets/-1", "amountMicros": "5000000"}
            }
        },
        {
            "campaignOperation": {
                "create": {
                    "resourceName": f"{at}/campaigns/-2",
                    "name": "New",
                    "advertisingChannelType": "SEARCH",
                    "campaignBudget": f"{at}/campaignBudgets/-1",
                    "maximizeConversions": {"targetCpaMicros": "1000000"},
                    "containsEuPoliticalAdvertising": eu,
                }
            }
        },
    ]
    made = walk("/googleAds:mutate", mutateOperations=tree, responseContentType="MUTABLE_RESOURCE")
    budget = made["mutateOperationResponses"][0]["campaignBudgetResult"]["resourceName"]
    campaign = made["mutateOperationResponses"][1]["campaignResult"]["resourceName"]
    update = {"update": {"resourceName": budget, "amountMicros": "7000000"}, "updateMask": "amountMicros"}
    walk("/campaignBudgets:mutate", operations=[update])
    operations = [{"remove": f"{at}/campaigns/1"}, {"remove": campaign}]
    walk("/campaigns:mutate", operations=operations, partialFailure=True)
    other = walk.sim.make_campaign("Other")
    group = walk("/adGroups:mutate", operations=[{"create": {"name": "G", "campaign": f"{at}/campaigns/{other}"}}])
    texts = {"headlines": [{"text": t} for t in "abc"], "descriptions": [{"text": t} for t in "de"]}
    ad = {"finalUrls": ["https://shop.example"], "responsiveSearchAd": texts}
    create = {"create": {"adGroup": group["results"][0]["resourceName"], "status": "PAUSED", "ad": ad}}
    walk("/adGroupAds:mutate", operations=[create], responseContentType="MUTABLE_RESOURCE")
    walk("/adGroupAds:mutate", operations=[create], validateOnly=True)
    walk("/conversionActions:mutate", operations=[{"create": {"name": "Lead", "type": "UPLOAD_CLICKS"}}])
    crm = {"create": {"name": "List", "crmBasedUserList": {"uploadKeyType": "CONTACT_INFO"}}}
    walk("/userLists:mutate", operations=[crm])
    walk("/campaigns:mutate", operations=[{"create": {"name": " "}}], expect=400)


def walk_uploads(walk):
    sim, at = walk.sim, walk.at
    ad = next(iter(sim.account().rows["ad_group_ad"]))
    action = sim.make_conversion_action("Order", kind="UPLOAD_CLICKS")
    conversion = {
        "gclid": sim.make_click(ad),
        "conversionAction": f"{at}/conversionActions/{action}",
        "conversionDateTime": "2026-11-25 10:00:00+00:00",
        "conversionValue": 10.5,
        "currencyCode": "USD",
        "orderId": "1",
        "userIdentifiers": [{"hashedEmail": digest_of("ada@example.com")}],
        "consent": {"adUserData": "GRANTED"},
    }
    walk(":uploadClickConversions", conversions=[conversion, {**conversion, "orderId": "2"}], partialFailure=True)
    walk(":uploadClickConversions", conversions=[{"gclid": "x"}], partialFailure=True, validateOnly=True)
    sim.clock.advance(90_000)
    adjustment = {
        "orderId": "1",
        "conversionAction": conversion["conversionAction"],
        "adjustmentType": "RETRACTION",
        "adjustmentDateTime": "2026-11-26 10:00:00+00:00",
    }
    walk(":uploadConversionAdjustments", conversionAdjustments=[adjustment, adjustment], partialFailure=True)
    user_list = sim.make_user_list("Match")
    metadata = {"userList": f"{at}/userLists/{user_list}", "consent": {"adUserData": "GRANTED"}}
    job = {"type": "CUSTOMER_MATCH_USER_LIST", "customerMatchUserListMetadata": metadata}
    name = walk("/offlineUserDataJobs:create", job=job)["resourceName"].removeprefix(at)
    people = [
        {"create": {"userIdentifiers": [{"hashedEmail": text}]}} for text in (digest_of("a@example.com"), "plain")
    ]
    walk(f"{name}:addOperations", operations=people, enablePartialFailure=True)
    walk(f"{name}:run")
    walk(f"{name}:run", expect=400)
    sim.clock.advance(700)
    walk.query(every_field("offline_user_data_job", walk.version))
    walk.query(every_field("user_list", walk.version))


def walk_refusals(walk):
    walk.sim.set_status("CANCELED")
    walk.query("SELECT customer.id FROM customer", expect=403)
    walk.sim.set_status("ENABLED")
    walk.client.headers["authorization"] = "Bearer nonsense"
    walk.query("SELECT customer.id FROM customer", expect=401)


@pytest.mark.parametrize("version", ["v25", "v26"])
def test_every_request_and_answer_is_described(version):
    walk = Walk(version)
    walk_queries(walk)
    walk_mutates(walk)
    walk_uploads(walk)
    walk_refusals(walk)
    walk.check.verify()
    assert walk.check.checked == 43
