"""The Klaviyo simulator's manners: keys, revisions, limits, queries, pages and profiles."""

import base64
import hashlib
from datetime import UTC, datetime

import httpx
import pytest
from starlette.testclient import TestClient

from vaiven_connectors.klaviyo.simulator import KlaviyoSimulator
from vaiven_sdk.testing import ManualClock

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def make(**quirks):
    return KlaviyoSimulator(clock=ManualClock(NOW), quirks={"limits": False, **quirks})


@pytest.fixture
def sim():
    return make()


def connect(sim, **headers):
    signed = {"Authorization": f"Klaviyo-API-Key {sim.credential['api_key']}", "revision": "2026-07-15", **headers}
    return TestClient(sim.app, headers=signed)


@pytest.fixture
def http(sim):
    return connect(sim)


def error(answer, status=400):
    assert answer.status_code == status, answer.text
    (told,) = answer.json()["errors"]
    assert told["status"] == status
    assert answer.headers["content-type"] == "application/vnd.api+json"
    return told


def body(kind, attributes, key=None, **related):
    data = {"type": kind, "attributes": attributes, **({"id": key} if key else {})}
    if related:
        data["relationships"] = {name: {"data": value} for name, value in related.items()}
    return {"data": data}


def people(n):
    return [{"email": f"p{i:03}@example.com", "first_name": f"P{i}"} for i in range(n)]


# ------------------------------------------------------------------------------------------------- keys and revisions


def test_a_key_is_needed(sim):
    bare = TestClient(sim.app, headers={"revision": "2026-07-15"})
    told = error(bare.get("/api/profiles"), 401)
    assert (told["code"], told["detail"]) == ("authentication_failed", "Missing or invalid authorization")
    wrong = error(connect(sim, Authorization="Klaviyo-API-Key pk_no").get("/api/profiles"), 401)
    assert wrong["detail"] == wrong["title"] == "Incorrect authentication credentials."
    assert error(connect(sim, Authorization="Basic eA==").get("/api/profiles"), 401)["code"] == "authentication_failed"


@pytest.mark.parametrize("given", ["", "2026-07-14", "soon", "2027-01-15"])
def test_a_revision_is_needed_and_must_have_been(sim, given):
    told = error(connect(sim, revision=given).get("/api/profiles"))
    assert "revision" in told["detail"]


def test_revisions_grow_old(sim):
    assert connect(sim, revision="2025-01-15").get("/api/profiles").status_code == 200
    retired = connect(sim, revision="2024-10-15")
    assert retired.get("/api/profiles").status_code == 200
    told = error(retired.get("/api/profiles", headers={"X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1"}), 410)
    assert "2024-10-15" in told["detail"]
    sim.clock.advance(60 * 86400)
    opted = connect(sim, revision="2025-01-15", **{"X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1"})
    assert error(opted.get("/api/profiles"), 410)


def test_a_key_may_be_restricted(sim, http):
    sim.restrict_key(["profiles:read"])
    assert http.get("/api/profiles").status_code == 200
    assert error(http.post("/api/profiles", json=body("profile", {"email": "a@example.com"})), 403)["code"] == (
        "permission_denied"
    )


def test_apps_sign_in_with_pkce(sim):
    web = TestClient(sim.app, follow_redirects=False)
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {"response_type": "code", "client_id": "client-1", "redirect_uri": "https://hub.example/cb"}
    asked |= {"scope": "profiles:read accounts:read", "code_challenge": challenge, "code_challenge_method": "S256"}
    code = httpx.URL(web.get("/oauth/authorize", params=asked).headers["location"]).params["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    form["redirect_uri"] = asked["redirect_uri"]
    assert web.post("/oauth/token", data=form).json()["error"] == "invalid_client"
    token = web.post("/oauth/token", data=form, auth=("client-1", "secret-1")).json()
    app = connect(sim, Authorization=f"Bearer {token['access_token']}")
    assert app.get("/api/accounts").status_code == 200
    assert error(app.get("/api/lists"), 403)
    sim.clock.advance(3601)
    assert error(app.get("/api/accounts"), 401)["code"] == "authentication_failed"
    again = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    renewed = web.post("/oauth/token", data=again, auth=("client-1", "secret-1")).json()
    fresh = connect(sim, Authorization=f"Bearer {renewed['access_token']}")
    assert fresh.get("/api/accounts").status_code == 200
    web.post("/oauth/revoke", data={"token": renewed["access_token"]}, auth=("client-1", "secret-1"))
    assert error(fresh.get("/api/accounts"), 401)


def test_bodies_are_json_of_the_right_type(http):
    assert error(http.post("/api/profiles", data={"email": "x"}), 415)
    assert error(http.post("/api/profiles", content="{", headers={"Content-Type": "application/json"}))
    assert error(http.post("/api/profiles", json={}))
    assert error(http.post("/api/profiles", json=body("list", {})))["source"] == {"pointer": "/data/type"}
    told = error(http.post("/api/profiles", json=body("profile", {"email": "a@example.com", "nick": "A"})))
    assert told["source"]["pointer"] == "/data/attributes/nick"
    assert error(http.get("/api/nothing"), 404)["code"] == "not_found"
    assert error(http.put("/api/profiles"), 405)["code"] == "method_not_allowed"


# ------------------------------------------------------------------------------------------------------------- limits


def test_two_windows_for_each_endpoint():
    sim = KlaviyoSimulator(clock=ManualClock(NOW))
    http = connect(sim)
    for left in (59, 58, 57):
        answer = http.get("/api/flows")
        assert answer.headers["RateLimit-Limit"] == "60"
        assert answer.headers["RateLimit-Remaining"] == str(left)
        assert answer.headers["RateLimit-Reset"] == "60"
    refused = http.get("/api/flows")
    assert error(refused, 429)["code"] == "throttled"
    assert refused.headers["Retry-After"] == "1"
    assert "RateLimit-Limit" not in refused.headers
    assert http.get("/api/profiles").headers["RateLimit-Remaining"] == "749"
    for _ in range(19):
        sim.clock.advance(1)
        assert [http.get("/api/flows").status_code for _ in range(3)] == [200] * 3
    sim.clock.advance(1)
    assert http.get("/api/flows").headers["Retry-After"] == "40"
    sim.clock.advance(40)
    assert http.get("/api/flows").status_code == 200


def test_what_costs_more_has_smaller_windows():
    sim = KlaviyoSimulator(clock=ManualClock(NOW))
    http = connect(sim)
    (one,) = sim.seed_profiles(people(1))
    more = {"additional-fields[profile]": "predictive_analytics"}
    assert http.get("/api/profiles", params=more).headers["RateLimit-Limit"] == "150"
    assert http.get(f"/api/profiles/{one}").headers["RateLimit-Limit"] == "750"
    assert http.get(f"/api/profiles/{one}?include=lists").headers["RateLimit-Limit"] == "15"
    group = sim.make_list("News")
    params = {"additional-fields[list]": "profile_count"}
    assert http.get(f"/api/lists/{group}", params=params).headers["RateLimit-Limit"] == "15"
    app = connect(sim, Authorization=f"Bearer {sim.key_access.provider.credential['access_token']}")
    assert http.get("/api/accounts").status_code == app.get("/api/accounts").status_code == 200
    assert http.get("/api/accounts").status_code == 429


# ------------------------------------------------------------------------------------------------- queries and pages


def emails(answer):
    assert answer.status_code == 200, answer.text
    return [one["attributes"]["email"] for one in answer.json()["data"]]


def test_filters(sim, http):
    sim.seed_profiles(people(3))
    sim.clock.advance(10)
    ids = sim.seed_profiles([{"email": "o'hara@example.com", "phone_number": "+16175550100", "external_id": "7"}])

    def found(text):
        return emails(http.get("/api/profiles", params={"filter": text}))

    assert found('equals(email,"P001@example.com")') == ["p001@example.com"]
    assert found("equals(email,'p001@example.com')") == ["p001@example.com"]
    assert found("equals(email,'o\\'hara@example.com')") == ["o'hara@example.com"]
    assert found('any(email,["p000@example.com", "p002@example.com"])') == ["p000@example.com", "p002@example.com"]
    assert found(f'any(id,["{ids[0]}"])') == found('equals(phone_number,"+16175550100")') == ["o'hara@example.com"]
    assert found("greater-than(updated,2026-11-25T12:00:00Z)") == ["o'hara@example.com"]
    assert found("greater-than(updated,2026-11-25T13:00:09+01:00)") == ["o'hara@example.com"]
    assert len(found("greater-than(updated,2026-11-25T11:59:59Z),less-than(updated,2026-11-25T12:00:10Z)")) == 3
    assert len(found("and(greater-than(created,2026-11-25),less-than(created,2026-11-25T12:00:10Z))")) == 3
    assert found('equals(email,"nobody@example.com")') == []


@pytest.mark.parametrize(
    "text",
    [
        "equals(email,me@test.com)",
        "equals(email",
        "email",
        "equals(email,)",
        "is(email,'a')",
        "equals(email,'a'))",
        "(",
    ],
)
def test_a_filter_has_a_grammar(http, text):
    told = error(http.get("/api/profiles", params={"filter": text}))
    assert (told["detail"], told["source"]) == ("Invalid filter provided.", {"parameter": "filter"})


def test_what_a_list_does_not_have_is_refused(http):
    for params, parameter in (
        ({"filter": "equals(first_name,'Ada')"}, "filter"),
        ({"filter": "contains(email,'Ada')"}, "filter"),
        ({"sort": "first_name"}, "sort"),
        ({"include": "profiless"}, "include"),
        ({"fields[profile]": "email,nick"}, "fields[profile]"),
        ({"additional-fields[profile]": "score"}, "additional-fields[profile]"),
        ({"page[size]": "101"}, "page[size]"),
        ({"page[size]": "0"}, "page[size]"),
    ):
        assert error(http.get("/api/profiles", params=params))["source"] == {"parameter": parameter}
    told = error(http.get("/api/profiles", params={"include": "profiless"}))
    assert told["detail"] == "'profiless' is not an allowed include parameter for this resource."
    assert error(http.get("/api/metrics", params={"page[size]": "5"}))["source"] == {"parameter": "page[size]"}


def test_pages_lead_to_one_another(sim, http):
    ids = sim.seed_profiles(people(45))
    seen, link = [], "/api/profiles?sort=-created&page[size]=20"
    while link:
        page = http.get(link).json()
        seen += [one["id"] for one in page["data"]]
        assert "prev" not in page["links"]
        link = page["links"].get("next")
    assert seen == ids[::-1]
    assert error(http.get("/api/profiles?page[cursor]=x!"))["detail"] == "Invalid cursor provided."
    first = http.get("/api/profiles").json()["links"]["next"]
    # The client klaviyo-api leaves the sign of equality in front of the cursor.
    assert len(http.get(first.replace("cursor%5D=", "cursor%5D=%3D")).json()["data"]) == 20


def test_links_can_be_null():
    links = connect(make(null_links=True)).get("/api/profiles").json()["links"]
    assert (links["next"], links["prev"]) == (None, None)


def test_a_profile_that_is_edited_during_a_read_by_update_comes_once_more(sim, http):
    ids = sim.seed_profiles(people(4))
    page = http.get("/api/profiles?sort=updated&page[size]=2").json()
    sim.clock.advance(5)
    sim.edit_profile(ids[0], {"first_name": "Zoe"})
    rest = http.get(page["links"]["next"]).json()
    assert [one["id"] for one in rest["data"]] == ids[2:]
    assert http.get(rest["links"]["next"]).json()["data"][0]["attributes"]["first_name"] == "Zoe"


def test_sparse_fields(sim, http):
    (one,) = sim.seed_profiles([{"email": "a@example.com", "location": {"city": "Rome", "zip": "1"}}])
    params = {"fields[profile]": "email,location.city"}
    held = http.get(f"/api/profiles/{one}", params=params).json()["data"]["attributes"]
    assert held == {"email": "a@example.com", "location": {"city": "Rome"}}
    assert http.get(f"/api/profiles/{one}?fields[profile]=id").json()["data"]["attributes"] == {}


def test_lists_can_lag_behind():
    sim = make(list_lag=5.0)
    http = connect(sim)
    made = http.post("/api/profiles", json=body("profile", {"email": "a@example.com"})).json()["data"]["id"]
    assert http.get(f"/api/profiles/{made}").status_code == 200
    assert emails(http.get("/api/profiles")) == []
    sim.clock.advance(5)
    assert emails(http.get("/api/profiles")) == ["a@example.com"]


# ---------------------------------------------------------------------------------------------------------- profiles


def test_one_profile_for_each_identifier(sim, http):
    (held,) = sim.seed_profiles([{"email": "a@example.com", "phone_number": "+16175550100"}])
    for attributes in ({"email": "A@example.com"}, {"email": "b@example.com", "phone_number": "+16175550100"}):
        told = error(http.post("/api/profiles", json=body("profile", attributes)), 409)
        assert (told["code"], told["title"]) == ("duplicate_profile", "Conflict.")
        assert told["detail"] == "A profile already exists with one of these identifiers."
        assert told["meta"] == {"duplicate_profile_id": held}
    (other,) = sim.seed_profiles([{"email": "b@example.com"}])
    taken = body("profile", {"phone_number": "+16175550100"}, other)
    assert error(http.patch(f"/api/profiles/{other}", json=taken), 409)["meta"] == {"duplicate_profile_id": held}
    both = body("profile", {"email": "b@example.com", "phone_number": "+16175550100"})
    assert error(http.post("/api/profile-import", json=both), 409)["code"] == "duplicate_profile"
    assert error(http.post("/api/profiles", json=body("profile", {"first_name": "Ada"})))["code"] == "invalid"


def test_identifiers_are_checked(http):
    told = error(http.post("/api/profiles", json=body("profile", {"email": "nobody"})))
    assert told["source"]["pointer"] == "/data/attributes/email"
    told = error(http.post("/api/profiles", json=body("profile", {"phone_number": "617-555-0100"})))
    assert told["source"]["pointer"] == "/data/attributes/phone_number"
    beside = body("profile", {"email": "a@example.com", "phone_number": "617-555-0100"})
    made = http.post("/api/profiles", json=beside)
    assert made.status_code == 201
    assert made.headers["X-Klaviyo-Partial-Failure"] == "phone_number"
    assert made.json()["data"]["attributes"]["phone_number"] is None
    assert error(http.post("/api/profile-import", json=beside))["code"] == "invalid"


def test_null_clears_and_absence_keeps(sim, http):
    (one,) = sim.seed_profiles(
        [
            {
                "email": "a@example.com",
                "first_name": "Ada",
                "location": {"city": "Rome"},
                "properties": {"a": 1, "b": [1]},
            }
        ]
    )
    sim.clock.advance(60)
    change = body("profile", {"first_name": None, "location": {"zip": "00100"}, "properties": {"a": None}}, one)
    change["data"]["meta"] = {"patch_properties": {"append": {"b": 2, "c": "x"}, "unset": ["none"]}}
    held = http.patch(f"/api/profiles/{one}", json=change).json()["data"]["attributes"]
    assert (held["first_name"], held["location"]["city"], held["location"]["zip"]) == (None, "Rome", "00100")
    assert held["properties"] == {"a": None, "b": [1, 2], "c": ["x"]}
    assert (held["created"], held["updated"]) == ("2026-11-25T12:00:00+00:00", "2026-11-25T12:01:00+00:00")
    change["data"]["meta"] = {"patch_properties": {"unappend": {"b": 1}, "unset": "c"}}
    held = http.patch(f"/api/profiles/{one}", json=change).json()["data"]["attributes"]
    assert held["properties"] == {"a": None, "b": [2]}
    assert (
        error(http.patch(f"/api/profiles/{one}", json=body("profile", {}, "other")))["source"]["pointer"] == "/data/id"
    )


def test_a_change_that_changes_nothing_leaves_the_stamp(sim, http):
    (one,) = sim.seed_profiles(people(1))
    sim.clock.advance(60)
    same = http.patch(f"/api/profiles/{one}", json=body("profile", {"first_name": "P0"}, one))
    assert same.json()["data"]["attributes"]["updated"] == "2026-11-25T12:00:00+00:00"


def test_merging_deletes_the_source(sim, http):
    kept, lost = sim.seed_profiles([{"email": "a@example.com"}, {"phone_number": "+16175550100", "first_name": "Ada"}])
    merge = body("profile-merge", {}, kept, profiles=[{"type": "profile", "id": lost}])
    assert http.post("/api/profile-merge", json=merge).status_code == 201
    held = http.get(f"/api/profiles/{kept}").json()["data"]["attributes"]
    assert (held["phone_number"], held["first_name"]) == ("+16175550100", "Ada")
    assert error(http.get(f"/api/profiles/{lost}"), 404)["code"] == "not_found"


def test_forgetting_wants_one_identifier(sim, http):
    (one,) = sim.seed_profiles(people(1))
    sim.track("p000@example.com", "Opened Email")

    def ask(attributes, key=None):
        who = {"data": {"type": "profile", "attributes": attributes, **({"id": key} if key else {})}}
        return http.post("/api/data-privacy-deletion-jobs", json=body("data-privacy-deletion-job", {"profile": who}))

    assert error(ask({"email": "p000@example.com"}, one))["code"] == "invalid"
    assert error(ask({}))["code"] == "invalid"
    assert error(ask({"email": "nobody@example.com"}), 404)["code"] == "not_found"
    assert ask({}, one).status_code == 202
    assert (sim.state()["profiles"], sim.state()["events"]) == ({}, {})


def test_forgetting_can_take_its_time():
    sim = make(deletion_seconds=60.0)
    (one,) = sim.seed_profiles(people(1))
    who = {"data": {"type": "profile", "id": one, "attributes": {}}}
    job = body("data-privacy-deletion-job", {"profile": who})
    assert connect(sim).post("/api/data-privacy-deletion-jobs", json=job).content == b""
    assert one in sim.state()["profiles"]
    sim.clock.advance(60)
    assert sim.state()["profiles"] == {}
