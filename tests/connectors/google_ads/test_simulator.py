"""The Google Ads simulator over HTTP: customers and who reaches them, versions, quota, queries and their errors."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from vaiven_connectors.google_ads.simulator import GoogleAdsSimulator
from vaiven_sdk.testing import ManualClock

NOW = datetime(2026, 11, 25, 17, tzinfo=UTC)
CHANGES = "SELECT change_status.resource_type FROM change_status WHERE change_status.last_change_date_time"
EVENTS = "SELECT change_event.user_email FROM change_event WHERE change_event.change_date_time"


class Caller:
    def __init__(self, **quirks):
        self.sim = GoogleAdsSimulator(clock=ManualClock(NOW), quirks=quirks)
        self.http = TestClient(self.sim.app)
        self.headers = {
            "authorization": f"Bearer {self.sim.credential['access_token']}",
            "login-customer-id": self.sim.manager_id,
        }

    def post(self, path, body, *, customer=None, version="v26", **headers):
        sent = {name: text for name, text in {**self.headers, **headers}.items() if text}
        at = f"/{version}/customers/{customer or self.sim.customer_id}"
        return self.http.post(f"{at}{path}", json=body, headers=sent)

    def ask(self, query, **more):
        return self.post("/googleAds:search", {"query": query}, **more)

    def rows(self, query, **more):
        answer = self.ask(query, **more)
        assert answer.status_code == 200, answer.text
        return answer.json().get("results", [])

    def code(self, query, **more):
        return code_of(self.ask(query, **more))


def code_of(answer):
    body = answer.json()
    error = (body[0] if isinstance(body, list) else body)["error"]
    assert answer.status_code == error["code"]
    (failure,) = error["details"]
    assert failure["requestId"] == answer.headers["request-id"]
    ((category, code),) = failure["errors"][0]["errorCode"].items()
    return f"{category}.{code}"


@pytest.fixture
def caller():
    return Caller()


# ------------------------------------------------------------------------------------------------------------ access


def test_a_client_is_reached_through_its_manager(caller):
    sim, query = caller.sim, "SELECT customer.id, customer.manager FROM customer"
    (row,) = caller.rows(query)
    assert row["customer"] == {
        "resourceName": f"customers/{sim.customer_id}",
        "id": sim.customer_id,
        "manager": False,
    }
    denied = "authorizationError.USER_PERMISSION_DENIED"
    assert caller.code(query, **{"login-customer-id": ""}) == denied
    assert caller.code(query, customer="9999999999") == denied
    stranger = sim.add_customer("Elsewhere")
    sim.uninvite(stranger)
    assert caller.code(query, customer=stranger) == denied
    assert caller.code(query, **{"login-customer-id": "123-456"}) == "headerError.INVALID_LOGIN_CUSTOMER_ID"
    assert caller.code(query, customer="123") == "requestError.INVALID_CUSTOMER_ID"
    sim.invite(sim.customer_id)
    assert caller.ask(query, **{"login-customer-id": ""}).status_code == 200


def test_managers_of_managers(caller):
    sim = caller.sim
    middle = sim.add_customer("Middle", manager=True, parent=sim.manager_id)
    leaf = sim.add_customer("Leaf", parent=middle, currency="JPY", zone="Asia/Tokyo")
    query = "SELECT customer_client.id, customer_client.level, customer_client.currency_code FROM customer_client"
    rows = caller.rows(f"{query} WHERE customer_client.level <= 2", customer=sim.manager_id)
    levels = {row["customerClient"]["id"]: row["customerClient"]["level"] for row in rows}
    assert levels == {sim.manager_id: "0", sim.customer_id: "1", middle: "1", leaf: "2"}
    (row,) = caller.rows("SELECT customer.currency_code, customer.time_zone FROM customer", customer=leaf)
    assert (row["customer"]["currencyCode"], row["customer"]["timeZone"]) == ("JPY", "Asia/Tokyo")
    names = caller.http.get("/v26/customers:listAccessibleCustomers", headers=caller.headers).json()
    assert names == {"resourceNames": [f"customers/{sim.manager_id}"]}


def test_states_of_an_account(caller):
    query = "SELECT customer.status FROM customer"
    caller.sim.set_status("SUSPENDED")
    assert caller.rows(query)[0]["customer"]["status"] == "SUSPENDED"
    budget = {"operations": [{"create": {"amountMicros": "1000000"}}]}
    refused = caller.post("/campaignBudgets:mutate", budget)
    assert code_of(refused) == "authorizationError.ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT"
    caller.sim.set_status("CANCELED")
    assert caller.code(query) == "authorizationError.CUSTOMER_NOT_ENABLED"
    (row,) = caller.rows(
        "SELECT customer_client.status FROM customer_client WHERE customer_client.level = 1",
        customer=caller.sim.manager_id,
    )
    assert row["customerClient"]["status"] == "CANCELED"


def test_tokens(caller):
    query = "SELECT customer.id FROM customer"
    answer = caller.ask(query, authorization="")
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    app = {"client_id": "client-1", "client_secret": "secret-1", "redirect_uri": "https://hub.example/cb"}
    scope = "https://www.googleapis.com/auth/adwords"
    tokens = []
    for offline in ({}, {"access_type": "offline"}):
        asked = {**app, "response_type": "code", "scope": scope, **offline}
        page = caller.http.get("/o/oauth2/v2/auth", params=asked, follow_redirects=False)
        code = page.headers["location"].partition("code=")[2]
        tokens.append(caller.http.post("/token", data={**app, "grant_type": "authorization_code", "code": code}).json())
    assert "refresh_token" not in tokens[0]
    token = tokens[1]
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3599, scope)
    signed = f"Bearer {token['access_token']}"
    assert caller.ask(query, authorization=signed).status_code == 200
    caller.sim.clock.advance(3600)
    answer = caller.ask(query, authorization=signed)
    assert answer.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_EXPIRED"
    renewal = {**app, "grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    renewed = caller.http.post("/token", data=renewal).json()
    assert "refresh_token" not in renewed
    assert caller.ask(query, authorization=f"Bearer {renewed['access_token']}").status_code == 200
    caller.sim.revoke_access()
    refused = caller.http.post("/token", data=renewal)
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
    )


def test_the_developer_token_is_ignored_since_its_sunset_and_was_asked_for_before(caller):
    query = "SELECT customer.id FROM customer"
    assert caller.ask(query, **{"developer-token": "anything"}).status_code == 200
    before = Caller(developer_tokens=True)
    assert before.code(query) == "requestError.DEVELOPER_TOKEN_PARAMETER_MISSING"
    assert before.code(query, **{"developer-token": "wrong"}) == "authenticationError.DEVELOPER_TOKEN_INVALID"
    assert before.ask(query, **{"developer-token": before.sim.developer_token}).status_code == 200


def test_access_levels():
    trial = Caller(access_level="test")
    query = "SELECT customer.id FROM customer"
    new = "authorizationError.CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"
    assert trial.code(query) == new
    assert trial.code(query, version="v24") == "authorizationError.DEVELOPER_TOKEN_NOT_APPROVED"
    test = trial.sim.add_customer("Test", parent=trial.sim.manager_id, test=True)
    assert trial.ask(query, customer=test).status_code == 200
    with pytest.raises(ValueError, match="access_level"):
        GoogleAdsSimulator(quirks={"access_level": "gold"})


def test_operations_of_a_day():
    caller = Caller(access_level="explorer")
    sim, query = caller.sim, "SELECT campaign.id FROM campaign"
    sim.sample("campaigns", 3)
    sim.page_cap = 1
    page = caller.ask(query).json()
    caller.post("/googleAds:search", {"query": query, "pageToken": page["nextPageToken"]})
    assert sim.operations.used == 1, "pages of one query are one operation"
    budgets = [{"create": {"amountMicros": "1000000", "explicitlyShared": False}} for _ in range(2879)]
    assert caller.post("/campaignBudgets:mutate", {"operations": budgets}).status_code == 200
    answer = caller.ask(query)
    assert code_of(answer) == "quotaError.RESOURCE_EXHAUSTED"
    quota = answer.json()["error"]["details"][0]["errors"][0]["details"]["quotaErrorDetails"]
    assert quota["rateName"] == "Number of operations for explorer access"
    assert quota["retryDelay"] == "86401s"
    sim.clock.advance(86_401)
    assert caller.ask(query).status_code == 200


def test_versions():
    caller, query = Caller(retired=("v25",)), "SELECT customer.id FROM customer"
    for version in ("v23", "v24", "v26"):
        assert caller.ask(query, version=version).status_code == 200
    for version in ("v20", "v22", "v25"):
        assert caller.code(query, version=version) == "requestError.UNSUPPORTED_VERSION"
    assert caller.ask(query, version="v99").status_code == 404
    assert caller.code("SELECT campaign.lift_measurement_config FROM campaign", version="v24") == (
        "queryError.UNRECOGNIZED_FIELD"
    )
    assert caller.rows("SELECT campaign.lift_measurement_config FROM campaign") == []


# ----------------------------------------------------------------------------------------------------------- queries


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "requestError.REQUIRED_FIELD_MISSING"),
        ("campaign.id FROM campaign", "EXPECTED_SELECT"),
        ("SELECT campaign.id", "EXPECTED_FROM"),
        ("SELECT campaign.id FROM nothing", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE"),
        ("SELECT campaign.idd FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id", "UNEXPECTED_END_OF_QUERY"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id ~ 1", "UNEXPECTED_INPUT"),
        ("SELECT campaign.id FROM campaign WHERE campaign.name = 'open", "STRING_NOT_TERMINATED"),
        ("SELECT campaign.id FROM campaign WHERE campaign.name = Open", "INVALID_STRING_VALUE"),
        ("SELECT campaign.id FROM campaign WHERE campaign.status = 'GONE'", "BAD_ENUM_CONSTANT"),
        ("SELECT campaign.id FROM campaign WHERE campaign.status > 'PAUSED'", "OPERATOR_FIELD_MISMATCH"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id = 'one'", "BAD_NUMBER"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id IN ()", "PROHIBITED_EMPTY_LIST_IN_CONDITION"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id IN 1", "EXPECTED_LIST"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id = (1)", "EXPECTED_SINGLE_VALUE"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id BETWEEN 1, 2", "EXPECTED_AND"),
        ("SELECT campaign.id FROM campaign WHERE segments.date DURING LAST_YEAR", "INVALID_VALUE_WITH_DURING_OPERATOR"),
        ("SELECT campaign.id FROM campaign LIMIT 0", "LIMIT_VALUE_TOO_LOW"),
        ("SELECT campaign.id FROM campaign LIMIT many", "BAD_LIMIT_VALUE"),
        ("SELECT campaign.id FROM campaign ORDER campaign.id", "EXPECTED_BY"),
        ("SELECT campaign.id FROM campaign ORDER BY campaign.labels", "PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE"),
        ("SELECT campaign.id FROM campaign ORDER BY customer.id", "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE"),
        ("SELECT campaign.id FROM campaign PARAMETERS turbo=true", "BAD_PARAMETER_NAME"),
        ("SELECT campaign.id FROM campaign WHERE 1 = 1", "BAD_FIELD_NAME"),
        ("SELECT ad_group.id FROM campaign", "PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE"),
        ("SELECT campaign.id FROM campaign WHERE ad_group.id = 1", "PROHIBITED_RESOURCE_TYPE_IN_WHERE_CLAUSE"),
        ("SELECT user_list.id, metrics.clicks FROM user_list", "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE"),
        ("SELECT user_list.id, segments.date FROM user_list", "PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE"),
        (
            "SELECT segments.conversion_action, metrics.clicks FROM campaign",
            "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
        ),
        ("SELECT segments.date, metrics.clicks FROM campaign", "EXPECTED_FILTERS_ON_DATE_RANGE"),
        ("SELECT metrics.clicks FROM campaign WHERE segments.date >= '2026-11-01'", "EXPECTED_FILTERS_ON_DATE_RANGE"),
        (
            "SELECT metrics.clicks FROM campaign WHERE segments.device = 'MOBILE'",
            "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
        ),
        ("SELECT metrics.clicks FROM campaign WHERE segments.date = 'yesterday'", "INVALID_DATE_FORMAT"),
        (
            "SELECT metrics.clicks FROM campaign WHERE segments.date BETWEEN '2026-11-02' AND '2026-11-01'",
            "DATE_RANGE_TOO_NARROW",
        ),
        ("SELECT metrics.clicks FROM campaign WHERE segments.month = '2026-11-02'", "MISALIGNED_DATE_FOR_FILTER"),
        (
            "SELECT segments.date, metrics.ctr FROM campaign WHERE segments.date BETWEEN '2023-01-01' AND '2023-01-31'",
            "dateRangeError.REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED",
        ),
        (
            "SELECT change_status.resource_type FROM change_status LIMIT 1",
            "changeStatusError.CHANGE_DATE_RANGE_INFINITE",
        ),
        (f"{CHANGES} DURING LAST_14_DAYS", "changeStatusError.LIMIT_NOT_SPECIFIED"),
        (f"{CHANGES} DURING LAST_14_DAYS LIMIT 10001", "changeStatusError.INVALID_LIMIT_CLAUSE"),
        (f"{CHANGES} BETWEEN '2026-01-01' AND '2026-11-25' LIMIT 1", "changeStatusError.START_DATE_TOO_OLD"),
        (f"{CHANGES} BETWEEN '2026-11-25' AND '2026-11-24' LIMIT 1", "changeStatusError.CHANGE_DATE_RANGE_NEGATIVE"),
        (f"{EVENTS} BETWEEN '2026-10-01' AND '2026-11-25' LIMIT 1", "changeEventError.START_DATE_TOO_OLD"),
    ],
)
def test_what_a_query_may_not(caller, query, code):
    assert caller.code(query) == (code if "." in code else f"queryError.{code}")


def test_page_size_and_page_tokens(caller):
    sim, query = caller.sim, "SELECT campaign.id FROM campaign"
    made = sim.sample("campaigns", 5)
    refused = caller.post("/googleAds:search", {"query": query, "pageSize": 100})
    assert code_of(refused) == "requestError.PAGE_SIZE_NOT_SUPPORTED"
    sim.page_cap = 2
    first = caller.ask(query).json()
    sim.remove("campaigns", made[0])
    sim.sample("campaigns", 1)
    found, page = first["results"], first
    while token := page.get("nextPageToken"):
        page = caller.post("/googleAds:search", {"query": query, "pageToken": token}).json()
        found += page["results"]
    assert sorted(row["campaign"]["id"] for row in found) == sorted(made), "what was there at the first page"
    body = {"query": f"{query} LIMIT 9", "pageToken": first["nextPageToken"]}
    assert code_of(caller.post("/googleAds:search", body)) == "requestError.INVALID_PAGE_TOKEN"
    assert code_of(caller.post("/googleAds:search", {**body, "pageToken": "x"})) == "requestError.INVALID_PAGE_TOKEN"
    many = [caller.ask(query) for _ in range(70)]
    assert many[-1].status_code == 200
    body["query"] = query
    assert code_of(caller.post("/googleAds:search", body)) == "requestError.EXPIRED_PAGE_TOKEN"


def test_a_stream_is_an_array_also_when_it_fails(caller):
    answer = caller.post("/googleAds:searchStream", {"query": "SELECT campaign.id FROM campaign"})
    (batch,) = answer.json()
    assert batch["fieldMask"] == "campaign.id"
    assert batch["requestId"] == answer.headers["request-id"]
    assert "results" not in batch
    failed = caller.post("/googleAds:searchStream", {"query": "SELECT nothing.here FROM campaign"})
    assert isinstance(failed.json(), list)
    assert code_of(failed) == "queryError.UNRECOGNIZED_FIELD"


def test_filters(caller):
    sim = caller.sim
    names = ["Alpha 100%", "Beta_x", "Betaxx", "gamma"]
    ids = dict(zip(names, (sim.make_campaign(name) for name in names), strict=True))
    sim.edit("campaign", ids["gamma"], {"status": "PAUSED", "end_date_time": "2026-12-31 23:59:59"})

    def found(where):
        rows = caller.rows(f"SELECT campaign.name FROM campaign WHERE {where} ORDER BY campaign.name")
        return [row["campaign"]["name"] for row in rows]

    assert found("campaign.name LIKE 'beta%'") == ["Beta_x", "Betaxx"]
    assert found("campaign.name LIKE '%[_]x'") == ["Beta_x"]
    assert found("campaign.name LIKE '%[%]'") == ["Alpha 100%"]
    assert found("campaign.name NOT LIKE 'beta%'") == ["Alpha 100%", "gamma"]
    assert found("campaign.name = 'Gamma'") == []
    assert found("campaign.name REGEXP_MATCH '.*a'") == ["gamma"]
    assert found("campaign.status IN (PAUSED, 'REMOVED')") == ["gamma"]
    assert found("campaign.status NOT IN ('PAUSED')") == ["Alpha 100%", "Beta_x", "Betaxx"]
    assert found("campaign.end_date_time IS NOT NULL") == ["gamma"]
    assert found(f"campaign.id = {ids['Betaxx']} AND campaign.status != 'PAUSED'") == ["Betaxx"]
    assert found(f"campaign.id BETWEEN {ids['Betaxx']} AND {ids['Betaxx']}") == ["Betaxx"]
    assert found("campaign.network_settings.target_google_search = TRUE") == names
    assert found("campaign_budget.amount_micros > 49000000 AND customer.currency_code = 'USD'") == names
    ad = sim.make_ad(sim.make_ad_group(ids["gamma"], "G"), "H")
    query = "SELECT ad_group_ad.ad.id FROM ad_group_ad WHERE ad_group_ad.ad.final_urls CONTAINS"
    assert caller.rows(f"{query} ANY ('https://shop.example/')")[0]["adGroupAd"]["ad"]["id"] == ad.partition("~")[2]
    assert caller.rows(f"{query} NONE ('https://shop.example/')") == []


def test_what_is_not_selected_is_absent(caller):
    campaign = caller.sim.make_campaign("One", status="PAUSED")
    (row,) = caller.rows("SELECT campaign.name, campaign_budget.amount_micros FROM campaign")
    assert row["campaign"] == {
        "resourceName": f"customers/{caller.sim.customer_id}/campaigns/{campaign}",
        "name": "One",
    }
    assert row["campaignBudget"].keys() == {"resourceName", "amountMicros"}
    assert row["campaignBudget"]["amountMicros"] == "50000000"
    (bare,) = caller.rows("SELECT campaign.name FROM campaign PARAMETERS omit_unselected_resource_names=true")
    assert bare == {"campaign": {"name": "One"}}
    caller.sim.remove("campaigns", campaign)
    (row,) = caller.rows("SELECT campaign.status, campaign.primary_status, campaign.serving_status FROM campaign")
    assert (row["campaign"]["status"], row["campaign"]["servingStatus"]) == ("REMOVED", "NONE")


def test_changes_show_after_three_minutes(caller):
    sim = caller.sim
    campaign = sim.make_campaign("Old")
    where = "WHERE change_status.last_change_date_time BETWEEN '2026-11-24' AND '2026-11-26' LIMIT 100"
    status = (
        f"SELECT change_status.resource_type, change_status.resource_status, campaign.name FROM change_status {where}"
    )
    assert caller.rows(status) == []
    sim.clock.advance(181)
    sim.edit("campaign", campaign, {"name": "New", "status": "PAUSED"})
    sim.clock.advance(181)
    rows = caller.rows(status)
    assert {row["changeStatus"]["resourceType"]: row["changeStatus"]["resourceStatus"] for row in rows} == {
        "CAMPAIGN": "CHANGED",
        "CAMPAIGN_BUDGET": "ADDED",
    }
    event = (
        "SELECT change_event.change_date_time, change_event.changed_fields, change_event.old_resource, "
        "change_event.new_resource, change_event.client_type, change_event.resource_change_operation "
        "FROM change_event WHERE change_event.change_date_time DURING TODAY "
        "AND change_event.resource_change_operation = 'UPDATE' ORDER BY change_event.change_date_time LIMIT 10"
    )
    (row,) = caller.rows(event)
    change = row["changeEvent"]
    assert change["changedFields"] == "name,status"
    assert change["oldResource"] == {"campaign": {"name": "Old", "status": "ENABLED"}}
    assert change["newResource"] == {"campaign": {"name": "New", "status": "PAUSED"}}
    assert change["changeDateTime"] == "2026-11-25 12:03:01.000000", "in the account's zone"
    assert change["clientType"] == "GOOGLE_ADS_WEB_CLIENT"


def test_the_same_seed_gives_the_same_ids_and_another_one_others():
    first, again, other = (GoogleAdsSimulator(seed=seed).sample("campaigns", 3) for seed in (1, 1, 2))
    assert first == again
    assert not set(first) & set(other)


def test_the_kits_verbs(caller):
    sim = caller.sim
    for stream in ("accounts", "campaigns", "ad_groups", "ads", "creatives", "user_lists", "campaign_metrics"):
        (one,) = sim.sample(stream, 1)
        before = str(sim.state())
        sim.touch(stream, one)
        assert str(sim.state()) != before, stream
    assert sim.sample("audience_members", 1) == []
    assert sim.state()[sim.customer_id]["campaign"]
    with pytest.raises(NotImplementedError):
        sim.sample("nothing", 1)


def test_a_day_is_a_day_of_the_account(caller):
    tokyo = caller.sim.add_customer("Tokyo", parent=caller.sim.manager_id, zone="Asia/Tokyo", currency="JPY")
    caller.sim.clock.advance(timedelta(hours=1).total_seconds())  # 18:00 UTC: 3 o'clock of the next day in Tokyo
    campaign = caller.sim.make_campaign("C", customer=tokyo)
    caller.sim.record_metrics("2026-11-26", customer=tokyo, campaign=campaign, impressions=2400)
    query = "SELECT metrics.impressions, segments.date FROM campaign WHERE segments.date DURING TODAY"
    (row,) = caller.rows(query, customer=tokyo)
    assert row["segments"]["date"] == "2026-11-26"
    assert row["metrics"]["impressions"] == "300", "three hours of the day are over"
