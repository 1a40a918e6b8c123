"""The Klaviyo simulator's answers, and what it is asked here, against Klaviyo's published API description."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from tests.support.spec_check import load_spec
from vaiven_connectors.klaviyo.simulator import KlaviyoSimulator
from vaiven_sdk.testing import ManualClock
from vaiven_sdk.testing.spec import watch

ACCEPTED = {
    "* $.*.attributes.location.l?*itude: string described, got null": (
        "nullable in ProfileLocation of klaviyo-api 25.0.0; the short notation loses it in a one-of"
    ),
    "GET /api/accounts/{id} 200 $.data.attributes.*: required, and absent": "a sparse fieldset leaves them out",
}

NOT_DESCRIBED = {"/oauth/authorize", "/oauth/token", "/oauth/revoke"}


@pytest.fixture(scope="module")
def spec():
    return load_spec("klaviyo")


def test_every_path_is_described(spec):
    for path in KlaviyoSimulator().switchboard.paths:
        assert spec.has(path.method, path.template) or path.template in NOT_DESCRIBED, path


class Walk:
    """Sends requests with the revision of the description."""

    def __init__(self, spec):
        self.sim = KlaviyoSimulator(clock=ManualClock(datetime(2026, 11, 25, 12, tzinfo=UTC)), quirks={"limits": False})
        self.check = watch(self.sim, spec)
        key = f"Klaviyo-API-Key {self.sim.credential['api_key']}"
        headers = {"Authorization": key, "revision": "2026-07-15", "Content-Type": "application/vnd.api+json"}
        self.client = TestClient(self.sim.app, headers=headers)

    def __call__(self, method, path, body=None, *, expect=200, **query):
        answer = self.client.request(method, f"/api/{path}", json=body, params=query)
        assert answer.status_code == expect, (method, path, answer.text)
        return answer.json() if answer.content else None


def typed(kind, attributes=None, key=None, **related):
    data = {"type": kind, "attributes": attributes} if attributes is not None else {"type": kind}
    if key is not None:
        data["id"] = key
    if related:
        data["relationships"] = {name.replace("_", "-"): {"data": value} for name, value in related.items()}
    return {"data": data}


def walk_profiles(walk):
    rich = {
        "email": "ada@example.com",
        "phone_number": "+16175550100",
        "external_id": "crm-1",
        "first_name": "Ada",
        "location": {"city": "Boston", "latitude": 42.3},
        "properties": {"score": 7, "tags": ["a"]},
    }
    more = {"additional-fields[profile]": "subscriptions,predictive_analytics"}
    one = walk("POST", "profiles", typed("profile", rich), expect=201)["data"]["id"]
    walk("POST", "profiles", typed("profile", rich), expect=409)
    patch = typed("profile", {"title": "CEO"}, one)
    patch["data"]["meta"] = {"patch_properties": {"append": {"tags": "b"}, "unset": "score"}}
    walk("PATCH", f"profiles/{one}", patch)
    walk("POST", "profile-import", typed("profile", {"external_id": "crm-1", "last_name": "Byron"}))
    two = walk("POST", "profile-import", typed("profile", {"email": "bob@example.com"}), expect=201)["data"]["id"]
    walk("GET", "profiles", **more, **{"page[size]": "1", "sort": "-updated"})
    walk("GET", "profiles", filter="greater-than(updated,2026-01-01T00:00:00Z),any(id,['x'])")
    walk("GET", "profiles", **{"fields[profile]": "email,location.city"})
    walk("GET", f"profiles/{one}", include="lists,segments", **more)
    walk("GET", "profiles/nobody", expect=404)
    source = walk("POST", "profile-import", typed("profile", {"email": "old@example.com"}), expect=201)["data"]["id"]
    merge = typed("profile-merge", None, two, profiles=[{"type": "profile", "id": source}])
    walk("POST", "profile-merge", merge, expect=201)
    return one, two


def walk_groups(walk, one, two):
    made = walk("POST", "lists", typed("list", {"name": "News", "opt_in_process": "double_opt_in"}), expect=201)
    news = made["data"]["id"]
    walk("PATCH", f"lists/{news}", typed("list", {"name": "The news", "opt_in_process": "single_opt_in"}, news))
    walk.sim.add_tag("lists", news, "weekly")
    gold = walk.sim.make_segment("Gold", [one])
    walk.sim.add_tag("segments", gold, "weekly")
    both = {"data": [{"type": "profile", "id": key} for key in (one, two)]}
    walk("POST", f"lists/{news}/relationships/profiles", both, expect=204)
    for kind, key in (("lists", news), ("segments", gold)):
        walk("GET", kind, include="tags", sort="-updated")
        walk("GET", f"{kind}/{key}", **{f"additional-fields[{kind[:-1]}]": "profile_count"})
        walk("GET", f"{kind}/{key}/profiles", **{"page[size]": "1", "sort": "-joined_group_at"})
        walk("GET", f"{kind}/{key}/relationships/profiles", filter="equals(email,'ada@example.com')")
        walk("GET", f"{kind}/{key}/tags")
        walk("GET", f"profiles/{one}/{kind}")
    walk("GET", "tags", sort="name")
    walk("DELETE", f"lists/{news}/relationships/profiles", {"data": both["data"][:1]}, expect=204)
    return news


def walk_jobs(walk, news):
    rows = [{"type": "profile", "attributes": {"email": email}} for email in ("new@example.com", "nonsense")]
    body = typed("profile-bulk-import-job", {"profiles": {"data": rows}}, lists=[{"type": "list", "id": news}])
    job = walk("POST", "profile-bulk-import-jobs", body, expect=202)["data"]["id"]
    walk("GET", f"profile-bulk-import-jobs/{job}", include="lists")
    walk("GET", f"profile-bulk-import-jobs/{job}")
    walk("GET", "profile-bulk-import-jobs", filter='equals(status,"complete")', sort="-created_at")
    for part in ("import-errors", "profiles", "lists"):
        walk("GET", f"profile-bulk-import-jobs/{job}/{part}")
    for verb in ("create", "delete"):
        path = f"profile-suppression-bulk-{verb}-jobs"
        job = walk("POST", path, typed(path[:-1], {"profiles": {"data": rows[:1]}}), expect=202)["data"]["id"]
        walk("GET", f"{path}/{job}")
        walk("GET", f"{path}/{job}")
        walk("GET", path)
    for verb, wanted in (("create", "SUBSCRIBED"), ("delete", "UNSUBSCRIBED")):
        kind = f"profile-subscription-bulk-{verb}-job"
        consent = {"email": {"marketing": {"consent": wanted}}, "sms": {"marketing": {"consent": wanted}}}
        who = {"email": "new@example.com", "phone_number": "+16175550101", "subscriptions": consent}
        people = {"profiles": {"data": [{"type": "profile", "attributes": who}]}}
        walk("POST", f"{kind}s", typed(kind, people, list={"type": "list", "id": news}), expect=202)
        walk("GET", "profiles", **{"additional-fields[profile]": "subscriptions"})


def walk_events(walk, one):
    metric = typed("metric", {"name": "Placed Order"})
    who = typed("profile", {"email": "ada@example.com"})
    values = {"properties": {"sku": "A"}, "time": "2026-11-20T10:00:00Z", "value": 9.5, "value_currency": "EUR"}
    event = {**values, "metric": metric, "unique_id": "o-1"}
    walk("POST", "events", typed("event", {**event, "profile": who}), expect=202)
    held = {"profile": who, "events": {"data": [typed("event", {**event, "unique_id": "o-2"})["data"]]}}
    bulk = {"events-bulk-create": {"data": [typed("event-bulk-create", held)["data"]]}}
    walk("POST", "event-bulk-create-jobs", typed("event-bulk-create-job", bulk), expect=202)
    page = walk("GET", "events", include="metric,profile", sort="-datetime", **{"page[size]": "1"})
    key = page["data"][0]["id"]
    kind = walk("GET", "metrics", filter='equals(integration.name,"API")')["data"][0]["id"]
    walk("GET", "events", filter=f'equals(metric_id,"{kind}"),equals(profile_id,"{one}")')
    walk("GET", f"events/{key}", include="attributions")
    walk("GET", f"events/{key}/metric")
    walk("GET", f"events/{key}/profile")
    walk("GET", f"metrics/{kind}")
    return kind


def walk_messages(walk, news, kind):
    label = {"channel": "email", "label": "A", "content": {"subject": "Hi"}}
    draft = {"name": "Hello", "audiences": {"included": [news], "excluded": []}}
    messages = {"data": [typed("campaign-message", {"definition": label})["data"]]}
    made = walk("POST", "campaigns", typed("campaign", {**draft, "campaign-messages": messages}), expect=201)
    key = made["data"]["id"]
    walk("PATCH", f"campaigns/{key}", typed("campaign", {"name": "Hello again"}, key))
    walk.sim.seed_campaigns([{"name": "Text", "channel": "sms", "content": {"body": "Hi"}, "status": "Sent"}])
    walk.sim.add_tag("campaigns", key, "weekly")
    for channel in ("email", "sms"):
        held = f"equals(messages.channel,'{channel}'),greater-than(updated_at,2026-01-01T00:00:00Z)"
        walk("GET", "campaigns", filter=held, include="campaign-messages,tags", sort="-updated_at")
    walk("GET", f"campaigns/{key}", include="campaign-messages")
    (message,) = walk("GET", f"campaigns/{key}/campaign-messages", include="campaign")["data"]
    walk("GET", f"campaign-messages/{message['id']}")
    walk("POST", "campaign-send-jobs", typed("campaign-send-job", None, key), expect=202)
    for _ in range(2):
        walk("GET", f"campaign-send-jobs/{key}")
    walk.sim.engage(key, {"recipients": 10, "delivered": 8, "opens_unique": 4})
    flow = walk.sim.seed_flows([{"name": "Welcome", "status": "live", "trigger_type": "Added to List"}])[0]
    walk.sim.engage(flow, {"recipients": 1})
    asked = {
        "statistics": ["recipients", "open_rate"],
        "timeframe": {"key": "last_7_days"},
        "conversion_metric_id": kind,
    }
    for name in ("campaign", "flow"):
        walk("POST", f"{name}-values-reports", typed(f"{name}-values-report", asked))
    walk("GET", "flows", include="tags", filter='equals(status,"live")')
    walk("GET", f"flows/{flow}")
    walk("PATCH", f"flows/{flow}", typed("flow", {"status": "draft"}, flow))
    html = {"name": "T", "editor_type": "CODE", "html": "<p>Hi</p>"}
    template = walk("POST", "templates", typed("template", html), expect=201)["data"]["id"]
    walk("PATCH", f"templates/{template}", typed("template", {"name": "U"}, template))
    walk("GET", "templates", sort="-updated", filter='contains(name,"U")')
    walk("GET", f"templates/{template}")
    walk("DELETE", f"templates/{template}", expect=204)
    walk("DELETE", f"campaigns/{key}", expect=204)


def walk_account(walk, two):
    account = walk("GET", "accounts")["data"][0]["id"]
    walk("GET", f"accounts/{account}", **{"fields[account]": "timezone"})
    topic = {"type": "webhook-topic", "id": walk("GET", "webhook-topics")["data"][0]["id"]}
    walk("GET", f"webhook-topics/{topic['id']}")
    values = {"name": "Hub", "endpoint_url": "https://hub.example/k", "secret_key": "0123456789abcdef"}
    hook = walk("POST", "webhooks", typed("webhook", values, webhook_topics=[topic]), expect=201)["data"]["id"]
    walk("PATCH", f"webhooks/{hook}", typed("webhook", {"enabled": False}, hook))
    walk("GET", "webhooks", include="webhook-topics")
    walk("GET", f"webhooks/{hook}")
    walk("DELETE", f"webhooks/{hook}", expect=204)
    job = {"profile": typed("profile", {}, two)}
    walk("POST", "data-privacy-deletion-jobs", typed("data-privacy-deletion-job", job), expect=202)


def test_every_request_and_answer_is_described(spec):
    walk = Walk(spec)
    one, two = walk_profiles(walk)
    news = walk_groups(walk, one, two)
    walk_jobs(walk, news)
    kind = walk_events(walk, one)
    walk_messages(walk, news, kind)
    walk_account(walk, two)
    walk("DELETE", f"lists/{news}", expect=204)
    walk.check.accepted = ACCEPTED
    walk.check.verify()
    assert walk.check.checked == 89
