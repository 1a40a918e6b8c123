"""Google's own client, unmodified, against the simulator.

It speaks gRPC over TLS only: a front on loopback turns its calls into REST calls to the simulator, and answers back,
with the protobuf messages of the client itself. Its credentials are google-auth's, which get their tokens at the
simulator.
"""

import os
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from vaiven_connectors.google_ads._sim_hashes import digest_of
from vaiven_connectors.google_ads.simulator import GoogleAdsSimulator
from vaiven_sdk.testing import ManualClock, serve

pytest.importorskip("google.ads.googleads", reason="the official client (extra `real`) is not installed")

import grpc
from google.ads.googleads.client import GoogleAdsClient
from google.ads.googleads.errors import GoogleAdsException
from google.api_core import exceptions
from google.api_core.protobuf_helpers import field_mask
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials

from tests.support.google_ads import certificate_for_loopback, fronted

pytestmark = pytest.mark.client

NOW = datetime(2026, 11, 25, 17, tzinfo=UTC)
SCOPE = "https://www.googleapis.com/auth/adwords"
APP = {"client_id": "client-1", "client_secret": "secret-1"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate that gRPC of this process trusts; it reads the variable once, at its first secure channel."""
    made, file = certificate_for_loopback(tmp_path_factory.mktemp("tls"))
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(file)
    yield made
    del os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"]


@pytest.fixture
def sim():
    return GoogleAdsSimulator(clock=ManualClock(NOW))


@pytest.fixture
def url(sim):
    with serve(sim) as server:
        yield server.url


@pytest.fixture
def endpoint(url, certificate):
    with fronted(url, certificate) as (address, _):
        yield address


def consented(url):
    """What the user's consent gives: a refresh token."""
    with httpx.Client(base_url=url, trust_env=False) as http:
        asked = {**APP, "redirect_uri": "http://localhost/cb", "response_type": "code", "scope": SCOPE}
        page = http.get("/o/oauth2/v2/auth", params={**asked, "access_type": "offline", "prompt": "consent"})
        code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
        form = {**APP, "code": code, "grant_type": "authorization_code", "redirect_uri": "http://localhost/cb"}
        return http.post("/token", data=form).json()["refresh_token"]


def client_for(sim, url, endpoint, *, version="v26", login="", **more):
    credentials = Credentials(None, refresh_token=consented(url), token_uri=f"{url}/token", scopes=[SCOPE], **APP)
    return GoogleAdsClient(
        credentials,
        endpoint=endpoint,
        login_customer_id=login or sim.manager_id,
        version=version,
        use_proto_plus=True,
        **more,
    )


@pytest.fixture
def client(sim, url, endpoint):
    return client_for(sim, url, endpoint)


def codes(problem):
    return [str(error.error_code).strip() for error in problem.value.failure.errors]


def test_reads_every_page_of_search(sim, client):
    made = [sim.make_campaign(f"Campaign {n}") for n in range(25)]
    sim.page_cap = 10
    service = client.get_service("GoogleAdsService")
    query = "SELECT campaign.id, campaign.name, campaign.status FROM campaign ORDER BY campaign.id"
    pager = service.search(customer_id=sim.customer_id, query=query)
    pages = list(pager.pages)
    assert [len(page.results) for page in pages] == [10, 10, 5]
    rows = [row for page in pages for row in page.results]
    assert sorted(str(row.campaign.id) for row in rows) == sorted(made)
    assert rows[0].campaign.status is client.enums.CampaignStatusEnum.ENABLED
    assert len(list(service.search(customer_id=sim.customer_id, query=query))) == 25


def test_streams_metrics_that_are_the_truth(sim, client):
    sim.seed_tree(campaigns=3, ad_groups=2, ads=2, days=40)
    sim.page_cap = 50
    service = client.get_service("GoogleAdsService")
    query = (
        "SELECT campaign.id, segments.date, metrics.impressions, metrics.clicks, metrics.cost_micros, "
        "metrics.conversions, metrics.conversions_value FROM campaign "
        "WHERE segments.date BETWEEN '2026-10-01' AND '2026-11-25'"
    )
    found = {}
    batches = list(service.search_stream(customer_id=sim.customer_id, query=query))
    for row in (row for batch in batches for row in batch.results):
        found[str(row.campaign.id), row.segments.date] = row.metrics
    truth = sim.truth_metrics()
    assert len(batches) == 3
    assert found.keys() == truth.keys()
    for key, metrics in found.items():
        shown = truth[key]
        assert (metrics.impressions, metrics.clicks) == (shown["impressions"], shown["clicks"])
        assert metrics.cost_micros == shown["cost_micros"]
        assert metrics.conversions == pytest.approx(shown["conversions"], abs=1e-9)
        assert metrics.conversions_value == pytest.approx(shown["conversions_value"], abs=1e-9)


def test_lists_customers_and_their_hierarchy(sim, client):
    service = client.get_service("CustomerService")
    assert list(service.list_accessible_customers().resource_names) == [f"customers/{sim.manager_id}"]
    query = "SELECT customer_client.id, customer_client.level, customer_client.manager FROM customer_client"
    rows = client.get_service("GoogleAdsService").search(customer_id=sim.manager_id, query=query)
    found = {str(row.customer_client.id): (row.customer_client.level, row.customer_client.manager) for row in rows}
    assert found == {sim.manager_id: (0, True), sim.customer_id: (1, False)}


def new_campaign(client, sim, name):
    budgets = client.get_service("CampaignBudgetService")
    operation = client.get_type("CampaignBudgetOperation")
    operation.create.name = f"{name} budget"
    operation.create.amount_micros = 50_000_000
    budget = budgets.mutate_campaign_budgets(customer_id=sim.customer_id, operations=[operation])
    operation = client.get_type("CampaignOperation")
    campaign = operation.create
    campaign.name = name
    campaign.status = client.enums.CampaignStatusEnum.PAUSED
    campaign.advertising_channel_type = client.enums.AdvertisingChannelTypeEnum.SEARCH
    campaign.campaign_budget = budget.results[0].resource_name
    campaign.manual_cpc = client.get_type("ManualCpc")
    campaign.contains_eu_political_advertising = (
        client.enums.EuPoliticalAdvertisingStatusEnum.DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING
    )
    service = client.get_service("CampaignService")
    return service.mutate_campaigns(customer_id=sim.customer_id, operations=[operation]).results[0].resource_name


def test_creates_updates_and_removes(sim, client):
    name = new_campaign(client, sim, "Autumn")
    service = client.get_service("CampaignService")
    operation = client.get_type("CampaignOperation")
    operation.update.resource_name = name
    operation.update.status = client.enums.CampaignStatusEnum.ENABLED
    operation.update.name = "Winter"
    mask = field_mask(None, operation.update._pb)
    mask.paths.remove("resource_name")
    client.copy_from(operation.update_mask, mask)
    request = client.get_type("MutateCampaignsRequest")
    request.customer_id = sim.customer_id
    request.operations.append(operation)
    request.response_content_type = client.enums.ResponseContentTypeEnum.MUTABLE_RESOURCE
    (result,) = service.mutate_campaigns(request=request).results
    assert (result.campaign.name, result.campaign.status.name) == ("Winter", "ENABLED")
    removal = client.get_type("CampaignOperation")
    removal.remove = name
    service.mutate_campaigns(customer_id=sim.customer_id, operations=[removal])
    query = "SELECT campaign.name, campaign.status, campaign.bidding_strategy_type FROM campaign"
    (row,) = client.get_service("GoogleAdsService").search(customer_id=sim.customer_id, query=query)
    assert (row.campaign.name, row.campaign.status.name) == ("Winter", "REMOVED")
    assert row.campaign.bidding_strategy_type.name == "MANUAL_CPC"


def test_makes_a_tree_with_temporary_names(sim, client):
    service = client.get_service("GoogleAdsService")
    campaign = new_campaign(client, sim, "Tree")
    group_name = service.ad_group_path(sim.customer_id, "-1")
    group = client.get_type("MutateOperation")
    group.ad_group_operation.create.resource_name = group_name
    group.ad_group_operation.create.name = "Everyone"
    group.ad_group_operation.create.campaign = campaign
    ad = client.get_type("MutateOperation")
    made = ad.ad_group_ad_operation.create
    made.ad_group = group_name
    made.status = client.enums.AdGroupAdStatusEnum.PAUSED
    made.ad.final_urls.append("https://shop.example/")
    for field, texts in (("headlines", "One Two Three"), ("descriptions", "Four Five")):
        for text in texts.split():
            asset = client.get_type("AdTextAsset")
            asset.text = text
            getattr(made.ad.responsive_search_ad, field).append(asset)
    answer = service.mutate(customer_id=sim.customer_id, mutate_operations=[group, ad])
    real = answer.mutate_operation_responses[0].ad_group_result.resource_name
    query = (
        "SELECT ad_group_ad.ad.responsive_search_ad.headlines, ad_group_ad.ad.final_urls, ad_group.resource_name, "
        "campaign.name FROM ad_group_ad WHERE ad_group_ad.status = 'PAUSED'"
    )
    (row,) = service.search(customer_id=sim.customer_id, query=query)
    assert row.ad_group.resource_name == real
    assert [one.text for one in row.ad_group_ad.ad.responsive_search_ad.headlines] == ["One", "Two", "Three"]
    assert row.campaign.name == "Tree"


def test_partial_failures_are_read_as_the_clients_own(sim, client):
    service = client.get_service("CampaignBudgetService")
    operations = []
    for amount in (10_000_000, -1):
        operation = client.get_type("CampaignBudgetOperation")
        operation.create.amount_micros = amount
        operations.append(operation)
    request = client.get_type("MutateCampaignBudgetsRequest")
    request.customer_id = sim.customer_id
    request.operations = operations
    request.partial_failure = True
    answer = service.mutate_campaign_budgets(request=request)
    assert [bool(one.resource_name) for one in answer.results] == [True, False]
    (detail,) = answer.partial_failure_error.details
    failure = type(client.get_type("GoogleAdsFailure")).deserialize(detail.value)
    assert "NEGATIVE_MONEY_AMOUNT" in str(failure.errors[0].error_code)
    assert failure.errors[0].location.field_path_elements[0].index == 1


def test_errors_are_google_ads_exceptions(sim, url, endpoint, client):
    service = client.get_service("GoogleAdsService")

    def refused(query, customer=None, caller=service):
        with pytest.raises(GoogleAdsException) as problem:
            list(caller.search(customer_id=customer or sim.customer_id, query=query))
        return problem

    problem = refused("SELECT campaign.nonsense FROM campaign")
    assert codes(problem) == ["query_error: UNRECOGNIZED_FIELD"]
    assert problem.value.error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert problem.value.request_id == problem.value.failure.request_id
    assert codes(refused("SELECT campaign.id, segments.date FROM campaign")) == [
        "query_error: EXPECTED_FILTERS_ON_DATE_RANGE"
    ]
    alone = client_for(sim, url, endpoint, login=sim.customer_id).get_service("GoogleAdsService")
    problem = refused("SELECT campaign.id FROM campaign", caller=alone)
    assert codes(problem) == ["authorization_error: USER_PERMISSION_DENIED"]
    assert problem.value.error.code() is grpc.StatusCode.PERMISSION_DENIED
    sim.set_status("CANCELED")
    assert codes(refused("SELECT campaign.id FROM campaign")) == ["authorization_error: CUSTOMER_NOT_ENABLED"]
    with pytest.raises(GoogleAdsException) as problem:
        list(service.search_stream(customer_id=sim.manager_id, query="SELECT metrics.clicks FROM customer"))
    assert codes(problem) == ["query_error: REQUESTED_METRICS_FOR_MANAGER"]


def test_a_project_with_test_access_and_a_retired_version(url, endpoint, certificate):
    trial = GoogleAdsSimulator(clock=ManualClock(NOW), quirks={"access_level": "test", "retired": ("v25",)})
    with serve(trial) as server, fronted(server.url, certificate) as (address, _):
        for version, wanted in (
            ("v26", "authorization_error: CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"),
            ("v25", "request_error: UNSUPPORTED_VERSION"),
        ):
            service = client_for(trial, server.url, address, version=version).get_service("GoogleAdsService")
            with pytest.raises(GoogleAdsException) as problem:
                list(service.search(customer_id=trial.customer_id, query="SELECT customer.id FROM customer"))
            assert codes(problem) == [wanted]


def test_an_exhausted_quota_and_a_revoked_consent(sim, client):
    service = client.get_service("GoogleAdsService")
    query = "SELECT customer.currency_code, customer.time_zone FROM customer"
    (row,) = service.search(customer_id=sim.customer_id, query=query)
    assert (row.customer.currency_code, row.customer.time_zone) == ("USD", "America/New_York")
    sim.operations._used = 15_000
    with pytest.raises(exceptions.ResourceExhausted):
        list(service.search(customer_id=sim.customer_id, query=query))
    sim.revoke_access()
    client.credentials.token = None
    with pytest.raises((RefreshError, exceptions.ServiceUnavailable)):
        list(service.search(customer_id=sim.customer_id, query=query, timeout=2, retry=None))


def test_uploads_conversions_of_clicks(sim, client):
    made = sim.seed_tree(campaigns=1, ad_groups=1, ads=1, days=0)
    action = sim.make_conversion_action("Order", kind="UPLOAD_CLICKS")
    gclid = sim.make_click(made["ads"][0], at="2026-11-20T12:00:00+00:00")
    service = client.get_service("ConversionUploadService")
    conversion = client.get_type("ClickConversion")
    conversion.gclid = gclid
    conversion.conversion_action = client.get_service("ConversionActionService").conversion_action_path(
        sim.customer_id, action
    )
    conversion.conversion_date_time = "2026-11-21 09:30:00+01:00"
    conversion.conversion_value = 49.9
    conversion.currency_code = "USD"
    conversion.order_id = "1001"

    def upload():
        return service.upload_click_conversions(
            customer_id=sim.customer_id, conversions=[conversion], partial_failure=True
        )

    assert upload().results[0].gclid == gclid
    again = upload()
    assert again.partial_failure_error.message.startswith("The imported event includes an order ID")
    assert not again.results[0].gclid
    sim.clock.advance(4 * 3600)
    client.credentials.token = None  # its hour is over for the simulator, whose clock was moved
    ((_, figures),) = sim.truth_metrics(start="2026-11-20", end="2026-11-20").items()
    assert (figures["conversions"], figures["conversions_value"]) == (1.0, 49.9)
    adjustment = client.get_type("ConversionAdjustment")
    adjustment.conversion_action = conversion.conversion_action
    adjustment.order_id = "1001"
    adjustment.adjustment_type = client.enums.ConversionAdjustmentTypeEnum.RETRACTION
    adjustment.adjustment_date_time = "2026-11-25 10:00:00+00:00"
    adjusting = client.get_service("ConversionAdjustmentUploadService")
    answer = adjusting.upload_conversion_adjustments(
        customer_id=sim.customer_id, conversion_adjustments=[adjustment], partial_failure=True
    )
    assert answer.results[0].order_id == "1001"
    assert sim.truth_metrics() == {}


def test_customer_match_by_a_job(sim, client):
    lists = client.get_service("UserListService")
    operation = client.get_type("UserListOperation")
    operation.create.name = "Buyers"
    operation.create.crm_based_user_list.upload_key_type = client.enums.CustomerMatchUploadKeyTypeEnum.CONTACT_INFO
    user_list = lists.mutate_user_lists(customer_id=sim.customer_id, operations=[operation]).results[0].resource_name
    jobs = client.get_service("OfflineUserDataJobService")
    job = client.get_type("OfflineUserDataJob")
    job.type_ = client.enums.OfflineUserDataJobTypeEnum.CUSTOMER_MATCH_USER_LIST
    job.customer_match_user_list_metadata.user_list = user_list
    job.customer_match_user_list_metadata.consent.ad_user_data = client.enums.ConsentStatusEnum.GRANTED
    name = jobs.create_offline_user_data_job(customer_id=sim.customer_id, job=job).resource_name
    operations = []
    for address in (" Ada.Byron@GMail.com ", "bob@example.com"):
        operation = client.get_type("OfflineUserDataJobOperation")
        identifier = client.get_type("UserIdentifier")
        identifier.hashed_email = digest_of(address)
        operation.create.user_identifiers.append(identifier)
        operations.append(operation)
    jobs.add_offline_user_data_job_operations(resource_name=name, operations=operations)
    jobs.run_offline_user_data_job(resource_name=name)
    service = client.get_service("GoogleAdsService")
    query = "SELECT offline_user_data_job.status FROM offline_user_data_job"
    states = []
    for _ in range(2):
        (row,) = service.search(customer_id=sim.customer_id, query=query)
        states.append(row.offline_user_data_job.status.name)
        sim.clock.advance(600)
    assert states == ["RUNNING", "SUCCESS"]
    members = sim.members_of(user_list.rpartition("/")[2])
    assert members == {frozenset({digest_of("adabyron@gmail.com")}), frozenset({digest_of("bob@example.com")})}


@pytest.mark.parametrize(
    "version", [*(pytest.param(one, marks=pytest.mark.slow) for one in ("v23", "v24")), "v25", "v26"]
)
def test_every_version_of_the_client_is_served(sim, url, endpoint, version):
    sim.make_campaign("Here")
    service = client_for(sim, url, endpoint, version=version).get_service("GoogleAdsService")
    (row,) = service.search(customer_id=sim.customer_id, query="SELECT campaign.name FROM campaign")
    assert row.campaign.name == "Here"
