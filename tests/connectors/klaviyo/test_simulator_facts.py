"""Events, campaigns, reports, webhooks and the certification kit's protocol in the Klaviyo simulator."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from vaiven_connectors.klaviyo.simulator import KlaviyoSimulator
from vaiven_sdk.testing import ManualClock, NotDrivable

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def make(**quirks):
    return KlaviyoSimulator(clock=ManualClock(NOW), quirks={"limits": False, **quirks})


@pytest.fixture
def sim():
    return make()


def connect(sim, revision="2026-07-15"):
    key = f"Klaviyo-API-Key {sim.credential['api_key']}"
    return TestClient(sim.app, headers={"Authorization": key, "revision": revision})


@pytest.fixture
def http(sim):
    return connect(sim)


def typed(kind, attributes=None, key=None):
    data = {"type": kind} | ({"id": key} if key else {})
    return {"data": data | ({"attributes": attributes} if attributes is not None else {})}


def event(email="a@example.com", metric="Placed Order", **values):
    who = typed("profile", {"email": email})
    return {"properties": {}, "metric": typed("metric", {"name": metric}), "profile": who, **values}


def send(http, **values):
    return http.post("/api/events", json=typed("event", event(**values)))


def refused(answer, place):
    assert answer.status_code == 400, answer.text
    (told,) = answer.json()["errors"]
    assert (told["source"].get("pointer") or told["source"]["parameter"]).endswith(place)


# ------------------------------------------------------------------------------------------------------------ events


def test_an_event_makes_its_profile_and_its_metric(sim, http):
    answer = send(http, value=12.5, value_currency="EUR", properties={"sku": "A"}, unique_id="o-1")
    assert (answer.status_code, answer.content) == (202, b"")
    (profile,) = sim.state()["profiles"].values()
    (metric,) = sim.state()["metrics"].values()
    shown = http.get(f"/api/profiles/{profile['id']}").json()["data"]["attributes"]
    assert (shown["email"], shown["last_event_date"]) == ("a@example.com", "2026-11-25T12:00:00+00:00")
    assert (metric["name"], metric["integration"]["name"]) == ("Placed Order", "API")
    (found,) = http.get("/api/events").json()["data"]
    attributes = found["attributes"]
    assert (attributes["datetime"], attributes["timestamp"]) == ("2026-11-25T12:00:00+00:00", int(NOW.timestamp()))
    full = {"sku": "A", "$event_id": "o-1", "$value": 12.5, "$value_currency": "EUR"}
    assert attributes["event_properties"] == full
    assert found["relationships"]["profile"]["data"]["id"] == profile["id"]


def test_an_event_is_recorded_once(sim, http):
    for _ in range(2):
        send(http, unique_id="o-1", time="2026-11-24T10:00:00Z")
    send(http, unique_id="o-1", email="b@example.com")
    send(http, unique_id="o-1", metric="Refunded Order")
    assert len(sim.state()["events"]) == 3
    # Without an id of its own an event is told from others by its second.
    for moment in ("2026-11-24T10:00:00.1Z", "2026-11-24T10:00:00.9Z", "2026-11-24T10:00:01Z"):
        send(http, time=moment)
    assert len(sim.state()["events"]) == 5


def test_what_an_event_needs(http):
    refused(send(http, metric=""), "/metric/data/attributes/name")
    refused(send(http, properties=None), "/properties")
    refused(send(http, time="1999-12-31T00:00:00Z"), "/time")
    refused(send(http, time="2028-01-01T00:00:00Z"), "/time")
    refused(send(http, email=None), "/profile/data/attributes")
    assert send(http, profile=typed("profile", {}, "01NOBODY")).status_code == 404


def test_a_batch_of_events_is_taken_whole_or_not_at_all(sim, http):
    def batch(*ids):
        events = [typed("event", {**event(unique_id=one), "profile": None})["data"] for one in ids]
        held = typed("event-bulk-create", {"profile": event()["profile"], "events": {"data": events}})["data"]
        body = typed("event-bulk-create-job", {"events-bulk-create": {"data": [held]}})
        return http.post("/api/event-bulk-create-jobs", json=body)

    assert batch("o-1", "o-2").status_code == 202
    assert batch("o-3", "o-2").status_code == 400
    assert batch().status_code == 400
    assert len(sim.state()["events"]) == 2


def test_events_are_read_by_metric_profile_and_time(sim, http):
    for n in range(5):
        sim.track("a@example.com", "Opened Email", at=f"2026-11-20T10:00:0{n}+00:00")
    sim.track("b@example.com", "Clicked Email", at="2026-11-21T10:00:00+00:00")
    opened = sim.metric("Opened Email", "klaviyo")["id"]
    (bob,) = [row["id"] for row in sim.state()["profiles"].values() if row["email"] == "b@example.com"]

    def found(text, **params):
        return http.get("/api/events", params={"filter": text, **params}).json()["data"]

    assert len(found(f'equals(metric_id,"{opened}")')) == 5
    assert len(found(f'equals(profile_id,"{bob}")')) == 1
    assert len(found(f'equals(metric_id,"{opened}"),greater-or-equal(datetime,2026-11-20T10:00:03Z)')) == 2
    assert len(found(f"less-than(timestamp,{int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())})")) == 5
    assert len(found("has(profile)")) == 6
    down = found("has(metric)", sort="-datetime", **{"page[size]": "1"})
    assert down[0]["relationships"]["profile"]["data"]["id"] == bob
    answer = http.get("/api/events", params={"include": "metric,profile"}).json()
    assert sorted(one["type"] for one in answer["included"]) == ["metric", "metric", "profile", "profile"]
    refused(http.get("/api/events?sort=uuid"), "sort")


def test_an_accepted_event_can_take_its_time():
    sim = make(event_seconds=30.0)
    http = connect(sim)
    send(http)
    assert http.get("/api/events").json()["data"] == []
    sim.clock.advance(30)
    assert len(http.get("/api/events").json()["data"]) == 1


# --------------------------------------------------------------------------------------------------------- campaigns


def names(answer):
    assert answer.status_code == 200, answer.text
    return [one["attributes"]["name"] for one in answer.json()["data"]]


def test_campaigns_are_listed_by_one_channel(sim, http):
    sim.seed_campaigns(
        [{"name": "Mail"}, {"name": "Text", "channel": "sms"}, {"name": "Old", "archived": True, "status": "Sent"}]
    )

    def found(text):
        return names(http.get("/api/campaigns", params={"filter": text}))

    assert found("equals(messages.channel,'email')") == ["Mail"]
    assert found("equals(messages.channel,'sms')") == ["Text"]
    assert found("and(equals(messages.channel,'email'),equals(archived,true))") == ["Old"]
    assert found("equals(messages.channel,'email'),any(status,['Draft','Sent'])") == ["Mail"]
    for text in (None, "equals(archived,true)", "equals(messages.channel,'fax')"):
        refused(http.get("/api/campaigns", params={"filter": text} if text else {}), "filter")
    both = "equals(messages.channel,'email'),equals(messages.channel,'sms')"
    refused(http.get("/api/campaigns", params={"filter": both}), "filter")
    open_http = connect(make(hide_archived=False))
    assert names(open_http.get("/api/campaigns?filter=equals(messages.channel,'email')")) == []


def test_from_october_on_a_campaign_has_all_channels(sim):
    sim.seed_campaigns([{"name": "Mail"}, {"name": "Text", "channel": "sms"}])
    http = connect(sim, "2026-10-15")
    found = http.get("/api/campaigns").json()["data"]
    assert [one["attributes"]["definition"]["name"] for one in found] == ["Mail", "Text"]
    refused(http.get("/api/campaigns?filter=equals(messages.channel,'email')"), "filter")
    assert http.post("/api/campaigns", json=typed("campaign", {"name": "A"})).status_code == 501


def draft(channel="email"):
    content = {"definition": {"channel": channel, "content": {"subject": "Hi"}}}
    message = typed("campaign-message", content)["data"]
    return {"name": "A", "audiences": {"included": []}, "campaign-messages": {"data": [message]}}


def test_a_draft_is_made_changed_and_sent(sim, http):
    refused(http.post("/api/campaigns", json=typed("campaign", {**draft(), "name": ""})), "/name")
    refused(http.post("/api/campaigns", json=typed("campaign", draft("fax"))), "/campaign-messages")
    made = http.post("/api/campaigns", json=typed("campaign", draft())).json()["data"]
    key = made["id"]
    assert (made["attributes"]["status"], made["attributes"]["send_time"]) == ("Draft", None)
    changed = http.patch(f"/api/campaigns/{key}", json=typed("campaign", {"name": "B"}, key)).json()["data"]
    assert changed["attributes"]["name"] == "B"
    assert http.post("/api/campaign-send-jobs", json=typed("campaign-send-job", None, key)).status_code == 202
    refused(http.post("/api/campaign-send-jobs", json=typed("campaign-send-job", None, key)), "/id")
    seen = [http.get(f"/api/campaign-send-jobs/{key}").json()["data"]["attributes"]["status"] for _ in range(2)]
    assert seen == ["processing", "complete"]
    sent = http.get(f"/api/campaigns/{key}").json()["data"]["attributes"]
    assert (sent["status"], sent["send_time"]) == ("Sent", "2026-11-25T12:00:00+00:00")
    refused(http.patch(f"/api/campaigns/{key}", json=typed("campaign", {"name": "C"}, key)), "/id")
    assert http.delete(f"/api/campaigns/{key}").status_code == 204


def test_flows_and_templates(sim, http):
    (flow,) = sim.seed_flows([{"name": "Welcome", "status": "live", "trigger_type": "Added to List"}])
    assert names(http.get("/api/flows?filter=starts-with(name,'Wel'),equals(status,'live')")) == ["Welcome"]
    refused(http.patch(f"/api/flows/{flow}", json=typed("flow", {"status": "on"}, flow)), "/status")
    refused(http.post("/api/templates", json=typed("template", {"name": "T"})), "/editor_type")
    wrong = {"name": "T", "editor_type": "WORD"}
    refused(http.post("/api/templates", json=typed("template", wrong)), "/editor_type")
    for n in range(1000):
        sim.seed_templates([{"name": f"T{n}"}])
    full = http.post("/api/templates", json=typed("template", {"name": "T", "editor_type": "CODE"}))
    assert full.status_code == 400


# ----------------------------------------------------------------------------------------------------------- reports


def test_reports_add_up_the_days_of_a_timeframe(sim, http):
    sent, quiet = sim.seed_campaigns([{"name": "A"}, {"name": "B", "channel": "sms"}])
    metric = sim.metric("Placed Order", "shopify")["id"]
    sim.engage(sent, {"recipients": 100, "delivered": 80, "opens_unique": 20}, at="2026-11-20T08:00:00Z")
    sim.engage(sent, {"opens_unique": 20, "conversion_value": 40.5}, at="2026-11-21T08:00:00Z")
    sim.engage(sent, {"recipients": 7}, at="2026-10-01T08:00:00Z")
    asked = {"statistics": ["recipients", "open_rate", "conversion_value", "bounce_rate", "click_to_open_rate"]}
    asked |= {"conversion_metric_id": metric, "timeframe": {"start": "2026-11-20", "end": "2026-11-22"}}

    def report(**changes):
        return http.post("/api/campaign-values-reports", json=typed("campaign-values-report", {**asked, **changes}))

    (found,) = report().json()["data"]["attributes"]["results"]
    assert (found["groupings"]["campaign_id"], found["groupings"]["send_channel"]) == (sent, "email")
    assert list(found["statistics"].values()) == [100, 0.5, 40.5, 0, 0]
    recent = report(timeframe={"key": "last_90_days"}).json()["data"]["attributes"]["results"]
    assert recent[0]["statistics"]["recipients"] == 107
    none = report(filter=f'contains-any(campaign_id,["{quiet}"])').json()["data"]["attributes"]["results"]
    assert none == []
    refused(report(statistics=["joy"]), "/statistics")
    refused(report(statistics=[]), "/statistics")
    refused(report(conversion_metric_id="none"), "/conversion_metric_id")
    refused(report(timeframe={"key": "ever"}), "/timeframe")
    refused(report(timeframe={"start": "2020-01-01", "end": "2026-01-01"}), "/timeframe")
    with pytest.raises(ValueError, match="joy"):
        sim.engage(sent, {"joy": 1})


# ---------------------------------------------------------------------------------------------------------- webhooks


def hook(http, topic="event:klaviyo.opened_email", **changes):
    values = {"name": "Hub", "endpoint_url": "https://hub.example/k", "secret_key": "0123456789abcdef", **changes}
    body = typed("webhook", {name: value for name, value in values.items() if value is not None})
    body["data"]["relationships"] = {"webhook-topics": {"data": [{"type": "webhook-topic", "id": topic}]}}
    return http.post("/api/webhooks", json=body)


def test_deliveries_are_signed(sim, http):
    key = hook(http).json()["data"]["id"]
    sim.track("a@example.com", "Clicked Email")
    event_id = sim.track("a@example.com", "Opened Email")
    (letter,) = sim.deliveries
    said, body = letter["headers"], letter["body"].encode()
    expected = hmac.new(b"0123456789abcdef", body + said["Klaviyo-Timestamp"].encode(), hashlib.sha256).hexdigest()
    assert said["Klaviyo-Signature"] == expected
    content = json.loads(body)
    assert content["meta"]["klaviyo_webhook_id"] == said["Klaviyo-Webhook-Id"] == key
    assert content["meta"]["klaviyo_account_id"] == sim.account_id
    (entry,) = content["data"]
    assert (entry["external_id"], entry["topic"]) == (event_id, "event:klaviyo.opened_email")
    assert entry["payload"]["data"]["attributes"]["event_properties"]["$event_id"]
    http.patch(f"/api/webhooks/{key}", json=typed("webhook", {"enabled": False}, key))
    sim.track("a@example.com", "Opened Email")
    assert len(sim.deliveries) == 1


def test_what_a_webhook_needs(http):
    refused(hook(http, endpoint_url="http://hub.example/k"), "/endpoint_url")
    refused(hook(http, secret_key="short"), "/secret_key")
    refused(hook(http, name=None), "/name")
    refused(hook(http, topic="event:klaviyo.sneezed"), "/webhook-topics/data")
    assert http.get("/api/webhook-topics/none").status_code == 404
    assert connect(make(webhooks_allowed=False)).get("/api/webhooks").status_code == 400


# ----------------------------------------------------------------------------------------------------------- the kit

STREAMS = (
    "profiles lists segments campaigns messages flows templates metrics events list_members segment_members reports "
    "email_campaigns sms_campaigns"
)


@pytest.mark.parametrize("stream", STREAMS.split())
def test_the_kit_can_drive_each_stream(sim, stream):
    made = sim.sample(stream, 3)
    table = sim._table(stream, "look")
    assert all(key in table for key in made)
    before = sim.state()
    sim.clock.advance(90)
    if stream == "events":
        with pytest.raises(NotDrivable):
            sim.touch(stream, made[0])
    else:
        sim.touch(stream, made[0])
        assert sim.state() != before
    sim.remove(stream, made[1])
    assert made[1] not in table


def test_the_same_people_in_every_account():
    one, two = make(), KlaviyoSimulator(seed=1, clock=ManualClock(NOW))
    first, second = one.sample("profiles", 2), two.sample("profiles", 2)
    assert not {*first} & {*second}
    assert [row["email"] for row in one.profiles] == [row["email"] for row in two.profiles]
    key, record = one.customise("profiles")
    assert one.profiles.get(record)["properties"] == {key: "teal"}
    assert one.unwanted("profiles")["email"]
    for verb in ("sample", "touch", "remove"):
        with pytest.raises(NotDrivable):
            getattr(one, verb)("nothing", 1)
    for verb in (one.unwanted, one.customise):
        with pytest.raises(NotDrivable):
            verb("lists")


def test_a_delivery_of_the_kit_is_signed_as_of_now(sim):
    told = sim.delivery("profiles", "0123456789abcdef")
    said = told.headers["klaviyo-timestamp"].encode()
    assert told.headers["klaviyo-signature"] == (
        hmac.new(b"0123456789abcdef", told.body + said, hashlib.sha256).hexdigest()
    )
    with pytest.raises(NotDrivable):
        sim.delivery("flows", "0123456789abcdef")


def test_pages_can_be_capped(sim, http):
    sim.sample("profiles", 5)
    sim.page_cap = 2
    assert len(http.get("/api/profiles").json()["data"]) == 2


def test_many_people_are_read_at_once():
    sim = make()
    sim.seed_profiles([{"email": f"p{n}@example.com"} for n in range(3000)])
    http = connect(sim)
    link, seen = "/api/profiles?page[size]=100&sort=updated&filter=greater-than(updated,2026-01-01T00:00:00Z)", 0
    while link:
        page = http.get(link).json()
        seen, link = seen + len(page["data"]), page["links"].get("next")
    assert seen == 3000
