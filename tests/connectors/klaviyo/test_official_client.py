"""Klaviyo's own client, unmodified, against the simulator.

It takes the cursor out of `links.next` only where that is an https address, so the tests give it the link as a real
one would be. The client sends revision 2026-10-15.
"""

import json
from datetime import UTC, datetime

import pytest

from vaiven_connectors.klaviyo.simulator import KlaviyoSimulator
from vaiven_sdk.testing import ManualClock, serve

klaviyo_api = pytest.importorskip("klaviyo_api")
pytestmark = pytest.mark.client

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def sim():
    return KlaviyoSimulator(clock=ManualClock(NOW), quirks={"limits": False})


@pytest.fixture
def client(sim):
    with serve(sim) as server:
        yield klaviyo_api.KlaviyoAPI(sim.credential["api_key"], max_delay=1, max_retries=1, test_host=server.url)


def secure(link):
    return link and link.replace("http://", "https://")


def every(method, *args, **options):
    found, cursor = [], None
    while True:
        page = method(*args, page_cursor=cursor, **options)
        held = page if isinstance(page, dict) else page.model_dump(by_alias=True)
        found += held["data"]
        cursor = secure(held["links"].get("next"))
        if not cursor:
            return found


def first_error(problem):
    return json.loads(problem.value.body)["errors"][0]


def people(n):
    return [
        {"email": f"p{i}@example.com", "first_name": f"P{i}", "properties": {"score": i}, "external_id": f"crm-{i}"}
        for i in range(n)
    ]


def profile(**attributes):
    return {"data": {"type": "profile", "attributes": attributes}}


def test_reads_every_page_of_profiles(sim, client):
    ids = sim.seed_profiles(people(250))
    found = every(client.Profiles.get_profiles, page_size=100)
    assert [one["id"] for one in found] == ids
    assert found[7]["attributes"]["properties"] == {"score": 7}
    assert found[7]["attributes"]["created"] == NOW
    assert found[7]["attributes"]["subscriptions"] is None
    assert len(every(client.Profiles.get_profiles)) == 250
    assert every(client.Profiles.get_profiles, filter='equals(email,"P3@example.com")')[0]["id"] == ids[3]


def test_sparse_fields_and_additional_fields(sim, client):
    (one,) = sim.seed_profiles([{**people(1)[0], "subscriptions": {"email": "SUBSCRIBED"}}])
    thin = client.Profiles.get_profile(one, fields_profile=["email", "location.city"])
    held = thin if isinstance(thin, dict) else thin.model_dump()
    assert held["data"]["attributes"]["email"] == "p0@example.com"
    assert "first_name" not in held["data"]["attributes"]
    full = client.Profiles.get_profile(one, additional_fields_profile=["subscriptions", "predictive_analytics"])
    email = full.data.attributes.subscriptions.email.marketing
    assert (email.consent, email.can_receive_email_marketing, email.suppression) == ("SUBSCRIBED", True, [])
    assert full.data.attributes.subscriptions.sms.marketing.consent == "NEVER_SUBSCRIBED"


def test_creates_updates_and_upserts(sim, client):
    made = client.Profiles.create_profile(profile(email="new@example.com", first_name="Ada", properties={"tier": 1}))
    assert made.data.attributes.email == "new@example.com"
    body = {"data": {"type": "profile", "id": made.data.id, "attributes": {"first_name": None, "title": "CEO"}}}
    changed = client.Profiles.update_profile(made.data.id, body)
    assert (changed.data.attributes.first_name, changed.data.attributes.title) == (None, "CEO")
    again = client.Profiles.create_or_update_profile(profile(email="new@example.com", properties={"plan": "gold"}))
    assert again.data.id == made.data.id
    assert sim.state()["profiles"][made.data.id]["properties"] == {"tier": 1, "plan": "gold"}


def test_errors_are_the_clients_own(sim, client):
    from openapi_client.exceptions import (
        ApiException,
        BadRequestException,
        NotFoundException,
        UnauthorizedException,
    )

    (held,) = sim.seed_profiles([{"email": "held@example.com"}])
    with pytest.raises(ApiException) as problem:
        client.Profiles.create_profile(profile(email="HELD@example.com"))
    assert (problem.value.status, first_error(problem)["code"]) == (409, "duplicate_profile")
    assert first_error(problem)["meta"]["duplicate_profile_id"] == held
    with pytest.raises(NotFoundException) as problem:
        client.Profiles.get_profile("01NOBODY")
    assert first_error(problem)["code"] == "not_found"
    with pytest.raises(BadRequestException) as problem:
        client.Profiles.get_profiles(filter="equals(email,me@test.com)")
    assert first_error(problem)["detail"] == "Invalid filter provided."
    with pytest.raises(BadRequestException) as problem:
        client.Profiles.get_profiles(page_cursor="nonsense!")
    assert first_error(problem)["detail"] == "Invalid cursor provided."
    stranger = klaviyo_api.KlaviyoAPI("pk_wrong", test_host=client.configuration.host)
    with pytest.raises(UnauthorizedException) as problem:
        stranger.Accounts.get_accounts()
    assert first_error(problem)["code"] == "authentication_failed"


def test_the_account(sim, client):
    (account,) = client.Accounts.get_accounts().data
    assert (account.id, account.attributes.preferred_currency) == (sim.account_id, "USD")
    assert account.attributes.contact_information.organization_name == "Vaiven Shop"


def test_lists_and_memberships(sim, client):
    ids = sim.seed_profiles(people(25))
    made = client.Lists.create_list({"data": {"type": "list", "attributes": {"name": "News"}}})
    assert made.data.attributes.opt_in_process == "single_opt_in"
    chosen = {"data": [{"type": "profile", "id": one} for one in ids]}
    client.Lists.add_profiles_to_list(made.data.id, chosen)
    inside = every(client.Lists.get_profiles_for_list, made.data.id, page_size=10)
    assert [one["id"] for one in inside] == ids
    assert inside[0]["attributes"]["joined_group_at"] == NOW
    client.Lists.remove_profiles_from_list(made.data.id, {"data": chosen["data"][:20]})
    left = every(client.Lists.get_profile_ids_for_list, made.data.id)
    assert [one["id"] for one in left] == ids[20:]
    assert (
        client.Lists.get_list(made.data.id, additional_fields_list=["profile_count"]).data.attributes.profile_count == 5
    )
    for n in range(20):
        sim.make_list(f"More {n}")
    assert len(every(client.Lists.get_lists)) == 21
    assert client.Profiles.get_lists_for_profile(ids[22]).data[0].attributes.name == "News"
    client.Lists.delete_list(made.data.id)
    assert ids[22] in sim.state()["profiles"]


def test_segments(sim, client):
    ids = sim.seed_profiles(people(3))
    key = sim.make_segment("Gold", ids[:2])
    (segment,) = client.Segments.get_segments(filter='equals(name,"Gold")').data
    assert (segment.id, segment.attributes.is_active) == (key, True)
    assert [one["id"] for one in every(client.Segments.get_profiles_for_segment, key)] == ids[:2]


def test_imports_in_bulk(sim, client):
    group = sim.make_list("Imported")
    rows = [{"type": "profile", "attributes": one} for one in people(4)]
    rows[2]["attributes"]["phone_number"] = "0043 1"
    jobs = {"profiles": {"data": rows}}
    body = {"type": "profile-bulk-import-job", "attributes": jobs}
    body["relationships"] = {"lists": {"data": [{"type": "list", "id": group}]}}
    job = client.Profiles.bulk_import_profiles({"data": body})
    assert (job.data.attributes.status, job.data.attributes.total_count) == ("queued", 4)
    assert every(client.Profiles.get_profiles) == []
    asked = [client.Profiles.get_bulk_import_profiles_job(job.data.id).data.attributes for _ in range(2)]
    assert [one.status for one in asked] == ["processing", "complete"]
    assert (asked[1].completed_count, asked[1].failed_count) == (3, 1)
    (failure,) = client.Profiles.get_errors_for_bulk_import_profiles_job(job.data.id).data
    assert failure.attributes.source.pointer == "/data/attributes/profiles/data/2/attributes/phone_number"
    assert failure.attributes.original_payload["attributes"]["email"] == "p2@example.com"
    assert len(every(client.Lists.get_profiles_for_list, group)) == 3


def test_subscribes_suppresses_and_unsubscribes(sim, client):
    group = sim.make_list("News")
    consent = {"email": {"marketing": {"consent": "SUBSCRIBED", "consented_at": "2025-01-02T03:04:05Z"}}}
    one = {"type": "profile", "attributes": {"email": "a@example.com", "subscriptions": consent}}
    job = {"type": "profile-subscription-bulk-create-job"}
    job["attributes"] = {"profiles": {"data": [one]}, "historical_import": True, "custom_source": "CRM"}
    job["relationships"] = {"list": {"data": {"type": "list", "id": group}}}
    client.Profiles.bulk_subscribe_profiles({"data": job})

    def email():
        (found,) = client.Profiles.get_profiles(additional_fields_profile=["subscriptions"]).data
        return found.attributes.subscriptions.email.marketing

    assert (email().consent, email().consent_timestamp.year, email().custom_method_detail) == (
        "SUBSCRIBED",
        2025,
        "CRM",
    )
    who = {"profiles": {"data": [{"type": "profile", "attributes": {"email": "a@example.com"}}]}}
    made = client.Profiles.bulk_suppress_profiles(
        {"data": {"type": "profile-suppression-bulk-create-job", "attributes": who}}
    )
    for _ in range(2):
        status = client.Profiles.get_bulk_suppress_profiles_job(made.data.id).data.attributes
    assert (status.status, status.completed_count, status.skipped_count) == ("complete", 1, 0)
    assert (email().consent, email().can_receive_email_marketing) == ("SUBSCRIBED", False)
    assert email().suppression[0].reason == "USER_SUPPRESSED"
    one["attributes"]["subscriptions"] = {"email": {"marketing": {"consent": "UNSUBSCRIBED"}}}
    client.Profiles.bulk_unsubscribe_profiles(
        {"data": {"type": "profile-subscription-bulk-delete-job", "attributes": {"profiles": {"data": [one]}}}}
    )
    assert email().consent == "UNSUBSCRIBED"
    assert {s.reason for s in email().suppression} == {"USER_SUPPRESSED", "UNSUBSCRIBE"}


def test_events_and_metrics(sim, client):
    (ada,) = sim.seed_profiles([{"email": "ada@example.com"}])
    metric = {"data": {"type": "metric", "attributes": {"name": "Placed Order"}}}
    who = {"data": {"type": "profile", "attributes": {"email": "ada@example.com"}}}
    attributes = {"properties": {"sku": "A1"}, "metric": metric, "profile": who, "value": 9.5, "unique_id": "o-1"}
    attributes["time"] = "2026-11-20T10:00:00+02:00"
    for _ in range(2):
        client.Events.create_event({"data": {"type": "event", "attributes": attributes}})
    (event,) = client.Events.get_events(include=["metric", "profile"]).data
    assert event.attributes.datetime_ == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert event.attributes.event_properties == {"sku": "A1", "$event_id": "o-1", "$value": 9.5}
    assert event.relationships.profile.data.id == ada
    (found,) = client.Metrics.get_metrics().data
    assert (found.attributes.name, event.relationships.metric.data.id) == ("Placed Order", found.id)
    for n in range(250):
        sim.track("ada@example.com", "Opened Email", at=f"2026-11-21T10:{n // 60:02}:{n % 60:02}+00:00")
    since = "greater-than(datetime,2026-11-21T00:00:00Z)"
    assert len(every(client.Events.get_events, filter=since, sort="-datetime")) == 250


def test_campaigns_flows_and_templates(sim, client):
    sim.seed_campaigns([{"name": f"C{n}", "channel": ("email", "sms")[n % 2]} for n in range(101)])
    sim.seed_flows([{"name": f"F{n}", "status": "live", "trigger_type": "Metric"} for n in range(51)])
    found = every(client.Campaigns.get_campaigns, sort="name")
    assert len(found) == 101
    assert found[0]["attributes"]["definition"]["name"] == "C0"
    assert len(every(client.Flows.get_flows)) == 51
    draft = {"name": "Hello", "editor_type": "CODE", "html": "<p>Hello</p>"}
    made = client.Templates.create_template({"data": {"type": "template", "attributes": draft}})
    assert client.Templates.get_template(made.data.id).data.attributes.html == "<p>Hello</p>"
    client.Templates.delete_template(made.data.id)
    assert every(client.Templates.get_templates) == []


def test_forgets_a_person(sim, client):
    sim.seed_profiles(people(2))
    who = {"data": {"type": "profile", "attributes": {"email": "p0@example.com"}}}
    job = {"type": "data-privacy-deletion-job", "attributes": {"profile": who}}
    client.Data_Privacy.request_profile_deletion({"data": job})
    assert [one["email"] for one in sim.state()["profiles"].values()] == ["p1@example.com"]


def test_webhooks(sim, client):
    topics = client.Webhooks.get_webhook_topics().data
    assert "event:klaviyo.opened_email" in {one.id for one in topics}
    values = {"name": "Hub", "endpoint_url": "https://hub.example/k", "secret_key": "0123456789abcdef"}
    wanted = {"webhook-topics": {"data": [{"type": "webhook-topic", "id": "event:klaviyo.opened_email"}]}}
    made = client.Webhooks.create_webhook({"data": {"type": "webhook", "attributes": values, "relationships": wanted}})
    assert made.data.attributes.enabled is True
    sim.track("ada@example.com", "Opened Email")
    assert sim.deliveries[0]["headers"]["Klaviyo-Webhook-Id"] == made.data.id
    client.Webhooks.delete_webhook(made.data.id)
    assert client.Webhooks.get_webhooks().data == []


def test_rate_limits_reach_the_client():
    """A POST, for a GET is sent again by urllib3 itself, after the wait that Retry-After asks for."""
    from openapi_client.exceptions import ApiException

    sim = KlaviyoSimulator(clock=ManualClock(NOW))
    job = {"data": {"type": "campaign-values-report", "attributes": {"statistics": ["opens"]}}}
    job["data"]["attributes"] |= {
        "timeframe": {"key": "today"},
        "conversion_metric_id": sim.metric("Placed Order")["id"],
    }
    with serve(sim) as server:
        client = klaviyo_api.KlaviyoAPI(sim.credential["api_key"], max_retries=1, test_host=server.url)
        assert client.Reporting.query_campaign_values(job).data.attributes.results == []
        with pytest.raises(ApiException) as problem:
            client.Reporting.query_campaign_values(job)
    assert (problem.value.status, first_error(problem)["code"]) == (429, "throttled")
    assert problem.value.headers["Retry-After"] == "1"
    assert "RateLimit-Limit" not in problem.value.headers


def test_an_apps_token():
    sim = KlaviyoSimulator(clock=ManualClock(NOW), quirks={"limits": False})
    token = sim.key_access.provider.credential["access_token"]
    with serve(sim) as server:
        client = klaviyo_api.KlaviyoAPI("", access_token=token, test_host=server.url)
        assert client.Accounts.get_accounts().data[0].id == sim.account_id
