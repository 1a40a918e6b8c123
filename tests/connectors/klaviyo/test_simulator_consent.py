"""A profile, its consent and its suppressions in the Klaviyo simulator; lists, jobs and what people themselves do."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from vaiven_connectors.klaviyo.simulator import KlaviyoSimulator
from vaiven_sdk.testing import ManualClock

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STAMP = "2026-11-25T12:00:00+00:00"


def make(**quirks):
    return KlaviyoSimulator(clock=ManualClock(NOW), quirks={"limits": False, **quirks})


@pytest.fixture
def sim():
    return make()


def connect(sim):
    key = f"Klaviyo-API-Key {sim.credential['api_key']}"
    return TestClient(sim.app, headers={"Authorization": key, "revision": "2026-07-15"})


@pytest.fixture
def http(sim):
    return connect(sim)


def job(kind, people, group=None, **attributes):
    data = {"type": kind, "attributes": {"profiles": {"data": people}, **attributes}}
    if group:
        data["relationships"] = {"list": {"data": {"type": "list", "id": group}}}
    return {"data": data}


def person(consent="SUBSCRIBED", channel="email", purpose="marketing", since=None, **attributes):
    given = {"consent": consent} | ({"consented_at": since} if since else {})
    wanted = {"subscriptions": {channel: {purpose: given}}}
    return {"type": "profile", "attributes": {**attributes, **wanted}}


def subscribe(http, people, group=None, **attributes):
    kind = "profile-subscription-bulk-create-job"
    return http.post(f"/api/{kind}s", json=job(kind, people, group, **attributes))


def unsubscribe(http, people, group=None):
    kind = "profile-subscription-bulk-delete-job"
    return http.post(f"/api/{kind}s", json=job(kind, people, group))


def held(http, email, channel="email", purpose="marketing"):
    params = {"filter": f'equals(email,"{email}")', "additional-fields[profile]": "subscriptions"}
    (found,) = http.get("/api/profiles", params=params).json()["data"]
    return found["attributes"]["subscriptions"][channel][purpose]


def refused(answer, place):
    assert answer.status_code == 400, answer.text
    (told,) = answer.json()["errors"]
    assert told["source"]["pointer"].endswith(place)


# ----------------------------------------------------------------------------------------------------------- consent


def test_a_new_profile_was_never_asked_and_can_be_mailed_all_the_same(sim, http):
    sim.seed_profiles([{"email": "a@example.com"}])
    email = held(http, "a@example.com")
    assert (email["consent"], email["can_receive_email_marketing"], email["suppression"]) == (
        "NEVER_SUBSCRIBED",
        True,
        [],
    )
    sms = held(http, "a@example.com", "sms")
    assert (sms["consent"], sms["can_receive_sms_marketing"]) == ("NEVER_SUBSCRIBED", False)


def test_subscribing_makes_the_profile_joins_the_list_and_keeps_the_evidence(sim, http):
    group = sim.make_list("News")
    people = [person(email="a@example.com"), person(channel="sms", phone_number="+16175550100", email="b@example.com")]
    answer = subscribe(http, people, group, custom_source="Till 4")
    assert (answer.status_code, answer.content) == (202, b"")
    email = held(http, "a@example.com")
    assert (email["consent"], email["consent_timestamp"], email["custom_method_detail"]) == (
        "SUBSCRIBED",
        STAMP,
        "Till 4",
    )
    assert held(http, "b@example.com", "sms")["can_receive_sms_marketing"] is True
    assert held(http, "b@example.com")["consent"] == "NEVER_SUBSCRIBED"
    assert len(sim.members_of(group)) == 2


def test_a_historical_import_says_when(http):
    since = "2024-02-03T04:05:06+01:00"
    assert subscribe(http, [person(email="a@example.com", since=since)], historical_import=True).status_code == 202
    assert held(http, "a@example.com")["consent_timestamp"] == "2024-02-03T03:05:06+00:00"
    refused(subscribe(http, [person(email="a@example.com")], historical_import=True), "consented_at")
    refused(subscribe(http, [person(email="a@example.com", since=since)]), "consented_at")
    late = [person(email="a@example.com", since="2026-11-25T13:00:00Z")]
    refused(subscribe(http, late, historical_import=True), "consented_at")


def test_what_a_subscription_needs(http):
    refused(subscribe(http, [person(channel="sms", email="a@example.com")]), "/subscriptions/sms")
    refused(subscribe(http, [person("UNSUBSCRIBED", email="a@example.com")]), "/email/marketing/consent")
    refused(subscribe(http, [{"type": "profile", "attributes": {"email": "a@example.com"}}]), "/subscriptions")
    refused(subscribe(http, []), "/profiles")
    refused(subscribe(http, [person(email=f"p{n}@example.com") for n in range(1001)]), "/profiles")
    many = [person("UNSUBSCRIBED", email=f"p{n}@example.com") for n in range(101)]
    refused(unsubscribe(http, many), "/profiles")
    assert subscribe(http, [person(email="a@example.com")], "nolist").status_code == 404


def test_double_opt_in_waits_for_the_person(sim, http):
    group = sim.make_list("News", "double_opt_in")
    subscribe(http, [person(email="a@example.com")], group)
    assert held(http, "a@example.com")["consent"] == "NEVER_SUBSCRIBED"
    assert sim.members_of(group) == []
    assert (sim.confirm("a@example.com"), sim.confirm("a@example.com")) == (1, 0)
    email = held(http, "a@example.com")
    assert (email["consent"], email["double_optin"]) == ("SUBSCRIBED", True)
    assert len(sim.members_of(group)) == 1
    past = [person(email="b@example.com", since="2025-01-01T00:00:00Z")]
    subscribe(http, past, group, historical_import=True)
    assert held(http, "b@example.com")["consent"] == "SUBSCRIBED"


def test_the_account_says_how_one_opts_in_without_a_list():
    http = connect(make(account_opt_in="double_opt_in"))
    subscribe(http, [person(email="a@example.com")])
    assert held(http, "a@example.com")["consent"] == "NEVER_SUBSCRIBED"


def test_unsubscribing_from_a_list_and_from_everything(sim, http):
    group = sim.make_list("News")
    subscribe(http, [person(email="a@example.com"), person(email="b@example.com")], group)
    outside = sim.seed_profiles([{"email": "c@example.com", "subscriptions": {"email": "SUBSCRIBED"}}])
    assert outside[0] not in sim.members_of(group)
    unsubscribe(http, [person("UNSUBSCRIBED", email="a@example.com")], group)
    email = held(http, "a@example.com")
    assert (email["consent"], email["can_receive_email_marketing"]) == ("SUBSCRIBED", True)
    assert email["list_suppressions"] == [{"list_id": group, "reason": "UNSUBSCRIBE", "timestamp": STAMP}]
    assert len(sim.members_of(group)) == 1
    # Who is not in the list is unsubscribed everywhere: the vendor warns of it.
    unsubscribe(http, [person("UNSUBSCRIBED", email="c@example.com")], group)
    email = held(http, "c@example.com")
    assert (email["consent"], email["can_receive_email_marketing"]) == ("UNSUBSCRIBED", False)
    assert email["suppression"] == [{"reason": "UNSUBSCRIBE", "timestamp": STAMP}]
    assert sim.members_of(group) != []


def test_subscribing_again_lifts_what_the_person_did_and_not_what_the_mail_did(sim, http):
    sim.seed_profiles([{"email": "a@example.com"}, {"email": "b@example.com"}])
    sim.opt_out("a@example.com")
    sim.bounce("b@example.com")
    subscribe(http, [person(email="a@example.com"), person(email="b@example.com")])
    assert held(http, "a@example.com")["suppression"] == []
    bounced = held(http, "b@example.com")
    assert (bounced["consent"], bounced["can_receive_email_marketing"]) == ("SUBSCRIBED", False)
    assert [one["reason"] for one in bounced["suppression"]] == ["HARD_BOUNCE"]


def test_consent_can_take_its_time():
    sim = make(consent_seconds=30.0)
    http = connect(sim)
    subscribe(http, [person(email="a@example.com")])
    assert http.get("/api/profiles").json()["data"] == []
    sim.clock.advance(30)
    assert held(http, "a@example.com")["consent"] == "SUBSCRIBED"


# ------------------------------------------------------------------------------------------------------ suppressions


def suppression(http, verb, emails=(), **groups):
    kind = f"profile-suppression-bulk-{verb}-job"
    data = {"type": kind, "attributes": {}}
    if emails:
        people = [{"type": "profile", "attributes": {"email": email}} for email in emails]
        data["attributes"] = {"profiles": {"data": people}}
    if groups:
        data["relationships"] = {name: {"data": {"type": name, "id": key}} for name, key in groups.items()}
    made = http.post(f"/api/{kind}s", json={"data": data})
    if made.status_code != 202:
        return made
    key = made.json()["data"]["id"]
    return [http.get(f"/api/{kind}s/{key}").json()["data"]["attributes"] for _ in range(2)]


def test_suppression_is_beside_consent(sim, http):
    sim.seed_profiles([{"email": "a@example.com", "subscriptions": {"email": "SUBSCRIBED"}}])
    first, last = suppression(http, "create", ["a@example.com", "nobody@example.com"])
    assert (first["status"], last["status"]) == ("processing", "complete")
    assert (last["total_count"], last["completed_count"], last["skipped_count"]) == (2, 1, 1)
    email = held(http, "a@example.com")
    assert (email["consent"], email["can_receive_email_marketing"]) == ("SUBSCRIBED", False)
    params = {"filter": 'equals(subscriptions.email.marketing.suppression.reason,"USER_SUPPRESSED")'}
    assert len(http.get("/api/profiles", params=params).json()["data"]) == 1
    since = {"filter": "greater-than(subscriptions.email.marketing.suppression.timestamp,2026-11-25T12:00:00Z)"}
    assert http.get("/api/profiles", params=since).json()["data"] == []
    suppression(http, "delete", ["a@example.com"])
    assert held(http, "a@example.com")["can_receive_email_marketing"] is True


def test_unsuppressing_lifts_only_what_was_done_by_hand(sim, http):
    sim.seed_profiles([{"email": "a@example.com"}])
    sim.opt_out("a@example.com")
    _, last = suppression(http, "delete", ["a@example.com"])
    assert (last["completed_count"], last["skipped_count"]) == (0, 1)
    assert held(http, "a@example.com")["suppression"] != []


def test_a_whole_list_or_segment_is_suppressed(sim, http):
    ids = sim.seed_profiles([{"email": f"p{n}@example.com"} for n in range(3)])
    _, last = suppression(http, "create", list=sim.make_list("News", profiles=ids[:2]))
    assert last["completed_count"] == 2
    _, last = suppression(http, "create", segment=sim.make_segment("All", ids))
    assert (last["completed_count"], last["skipped_count"]) == (1, 2)
    assert suppression(http, "create", list="nolist").status_code == 404
    assert suppression(http, "create", [f"p{n}@example.com" for n in range(101)]).status_code == 400


# ------------------------------------------------------------------------------------------------ lists, then imports


def test_a_membership_is_no_subscription(sim, http):
    group = sim.make_list("News")
    (one,) = sim.seed_profiles([{"email": "a@example.com", "subscriptions": {"email": "SUBSCRIBED"}}])
    path = f"/api/lists/{group}/relationships/profiles"
    chosen = {"data": [{"type": "profile", "id": one}]}
    assert [http.post(path, json=chosen).status_code for _ in range(2)] == [204, 204]
    assert len(http.get(path).json()["data"]) == 1
    assert http.request("DELETE", path, json=chosen).status_code == 204
    assert held(http, "a@example.com")["consent"] == "SUBSCRIBED"
    stranger = {"data": [{"type": "profile", "id": "01NOBODY"}]}
    assert http.post(path, json=stranger).status_code == 404
    assert http.post(path, json={"data": chosen["data"] * 1001}).status_code == 400


def test_joined_group_at(sim, http):
    first, second = sim.seed_profiles([{"email": f"p{n}@example.com"} for n in range(2)])
    group = sim.make_list("News", profiles=[first])
    sim.clock.advance(90)
    sim.fill_group(group, [second])
    path = f"/api/lists/{group}/profiles"
    later = http.get(path, params={"filter": "greater-than(joined_group_at,2026-11-25T12:01:00Z)"}).json()["data"]
    assert [one["id"] for one in later] == [second]
    assert later[0]["attributes"]["joined_group_at"] == "2026-11-25T12:01:30+00:00"
    down = http.get(path, params={"sort": "-joined_group_at", "page[size]": "1"}).json()["data"]
    assert [one["id"] for one in down] == [second]
    # Who leaves is gone from the list, and nothing says so.
    sim.empty_group(group, [first])
    assert [one["id"] for one in http.get(path).json()["data"]] == [second]
    sim.delete_profile(second)
    assert http.get(path).json()["data"] == []


def test_includes_of_a_profile(sim, http):
    (one,) = sim.seed_profiles([{"email": "a@example.com"}])
    group, segment = sim.make_list("News", profiles=[one]), sim.make_segment("Gold", [one])
    answer = http.get(f"/api/profiles/{one}?include=lists,segments").json()
    assert [(other["type"], other["id"]) for other in answer["included"]] == [("list", group), ("segment", segment)]
    assert answer["data"]["relationships"]["lists"]["data"] == [{"type": "list", "id": group}]


def start(http, rows, group=None):
    people = [{"type": "profile", "attributes": row} for row in rows]
    data = {"type": "profile-bulk-import-job", "attributes": {"profiles": {"data": people}}}
    if group:
        data["relationships"] = {"lists": {"data": [{"type": "list", "id": group}]}}
    return http.post("/api/profile-bulk-import-jobs", json={"data": data})


def test_an_import_creates_updates_and_lists_its_errors(sim, http):
    sim.seed_profiles([{"email": "a@example.com", "first_name": "Ada", "properties": {"tier": 1}}])
    rows = [{"email": "a@example.com", "properties": {"plan": "gold"}}, {"email": "b@example.com"}, {"first_name": "X"}]
    made = start(http, rows, sim.make_list("News")).json()["data"]
    path = f"/api/profile-bulk-import-jobs/{made['id']}"
    assert made["attributes"]["status"] == "queued"
    seen = [http.get(path).json()["data"]["attributes"] for _ in range(3)]
    assert [one["status"] for one in seen] == ["processing", "complete", "complete"]
    assert (seen[2]["completed_count"], seen[2]["failed_count"]) == (2, 1)
    (failure,) = http.get(f"{path}/import-errors").json()["data"]
    assert failure["attributes"]["original_payload"]["attributes"] == {"first_name": "X"}
    assert len(http.get(f"{path}/profiles").json()["data"]) == 2
    assert http.get(f"{path}/lists").json()["data"][0]["attributes"]["name"] == "News"
    ada = next(row for row in sim.state()["profiles"].values() if row["email"] == "a@example.com")
    assert (ada["first_name"], ada["properties"]) == ("Ada", {"tier": 1, "plan": "gold"})


def test_an_import_ends_though_nobody_asks(sim, http):
    start(http, [{"email": "a@example.com"}])
    assert http.get("/api/profiles").json()["data"] == []
    sim.clock.advance(5)
    assert len(http.get("/api/profiles").json()["data"]) == 1
    params = {"filter": "any(status,['complete','queued'])"}
    (done,) = http.get("/api/profile-bulk-import-jobs", params=params).json()["data"]
    assert done["attributes"]["completed_at"] == "2026-11-25T12:00:05+00:00"


def test_a_finished_import_can_be_missing_from_lists_for_a_while():
    sim = make(list_lag=10.0, job_polls=0)
    http = connect(sim)
    made = start(http, [{"email": "a@example.com"}]).json()["data"]["id"]
    job_now = http.get(f"/api/profile-bulk-import-jobs/{made}").json()["data"]["attributes"]
    assert job_now["status"] == "complete"
    assert http.get("/api/profiles").json()["data"] == []
    sim.clock.advance(10)
    assert len(http.get("/api/profiles").json()["data"]) == 1


def test_an_import_is_bounded(http):
    assert start(http, []).status_code == 400
    assert start(http, [{"email": "a@example.com"}] * 10_001).status_code == 400
    assert start(http, [{"email": "a@example.com"}], "nolist").status_code == 404
    assert http.get("/api/profile-bulk-import-jobs/none").status_code == 404


def test_lists_are_named_and_opted_into(sim, http):
    def send(method, path, attributes, key=None):
        return http.request(
            method, path, json={"data": {"type": "list", "attributes": attributes} | ({"id": key} if key else {})}
        )

    assert send("POST", "/api/lists", {}).status_code == 400
    assert send("POST", "/api/lists", {"name": "A", "opt_in_process": "never"}).status_code == 400
    key = send("POST", "/api/lists", {"name": "A", "opt_in_process": "double_opt_in"}).json()["data"]["id"]
    assert send("PATCH", f"/api/lists/{key}", {"name": "B"}, key).json()["data"]["attributes"]["name"] == "B"
    for n in range(12):
        sim.make_list(f"L{n}")
    page = http.get("/api/lists?sort=name").json()
    assert len(page["data"]) == 10
    assert len(http.get(page["links"]["next"]).json()["data"]) == 3
    assert http.get("/api/lists?page[size]=11").status_code == 400
    assert http.delete(f"/api/lists/{key}").status_code == 204
    assert http.get(f"/api/lists/{key}").status_code == 404
