"""What the HubSpot simulator does that is HubSpot's own way."""

import time
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from vaiven_connectors.hubspot.simulator import HubSpotSimulator, simulator
from vaiven_sdk.testing import ManualClock

UNLIMITED = {"burst_limit": 0, "oauth_burst_limit": 0, "daily_limit": 0, "search_limit": 0}
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Bench:
    """A simulator under a clock that stands still, and a client with its credential."""

    def __init__(self, **quirks):
        self.clock = ManualClock(START)
        self.sim = HubSpotSimulator(clock=self.clock, quirks={**UNLIMITED, **quirks})
        self.http = TestClient(self.sim.app)
        self.token = self.sim.credential["access_token"]

    def raw(self, method, path, body=None, **more):
        return self.http.request(method, path, json=body, headers={"Authorization": f"Bearer {self.token}"}, **more)

    def __call__(self, method, path, body=None, *, expect=200, **more):
        answer = self.raw(method, path, body, **more)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    def search(self, filters=(), object_type="contacts", **more):
        body = {"filterGroups": [{"filters": list(filters)}] if filters else [], "limit": 200, **more}
        return self("POST", f"/crm/v3/objects/{object_type}/search", body)

    def ids(self, filters=(), **more):
        return [r["id"] for r in self.search(filters, **more)["results"]]


def where(name, operator, value=None, **more):
    return {
        "propertyName": name,
        "operator": operator,
        **({"value": value} if value is not None else {}),
        **more,
    }


@pytest.fixture
def bench():
    return Bench()


CONTACTS = "/crm/v3/objects/contacts"


def codes(answer):
    return [e["code"] for e in answer["errors"]]


# --------------------------------------------------------------------------------------------- in general
def test_the_registry_finds_it():
    assert simulator is HubSpotSimulator


def test_one_seed_gives_one_portal():
    one, two = HubSpotSimulator(seed=3), HubSpotSimulator(seed=3)
    assert one.credential == two.credential != HubSpotSimulator(seed=4).credential
    assert one.seed("contacts", [{"email": "a@example.com"}]) == two.seed("contacts", [{"email": "a@example.com"}])


def test_unknown_path_and_type(bench):
    assert "HTTP ERROR 404" in bench.raw("GET", "/crm/v3/nothing").text
    assert bench("GET", "/crm/v3/objects/spaceships", expect=400)["category"] == "VALIDATION_ERROR"
    assert bench("GET", "/crm/v3/objects/0-1") == {"results": []}


def test_ids_are_numbers_that_grow_with_gaps(bench):
    ids = [int(i) for i in bench.sim.seed("contacts", [{"firstname": str(i)} for i in range(50)])]
    assert ids == sorted(ids)
    assert ids[-1] - ids[0] > 100


# --------------------------------------------------------------------------------------------- properties
def test_only_asked_for_properties_come(bench):
    (one,) = bench.sim.seed("contacts", [{"email": "a@example.com", "city": "Lima"}])
    default = bench("GET", f"{CONTACTS}/{one}")["properties"]
    assert sorted(default) == [
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    ]
    asked = bench("GET", f"{CONTACTS}/{one}?properties=city,phone&properties=nope")["properties"]
    assert asked == {
        "city": "Lima",
        "phone": None,
        "createdate": "2026-11-22T12:00:00.000Z",
        "hs_object_id": one,
        "lastmodifieddate": "2026-11-22T12:00:00.000Z",
    }


def test_every_unfit_value_is_listed(bench):
    unfit = {
        "nope": "1",
        "email": "no",
        "annualrevenue": "lots",
        "hs_lead_status": "COLD",
        "hs_object_id": "5",
    }
    answer = bench("POST", CONTACTS, {"properties": unfit}, expect=400)
    assert answer["category"] == "VALIDATION_ERROR"
    assert answer["message"].startswith('Property values were not valid: [{"isValid":false,')
    assert codes(answer) == [
        "PROPERTY_DOESNT_EXIST",
        "INVALID_EMAIL",
        "INVALID_INTEGER",
        "INVALID_OPTION",
        "READ_ONLY_VALUE",
    ]


@pytest.mark.parametrize("value", ["2026-11-22", "1795305600000", 1795305600000])
def test_a_date_is_midnight(bench, value):
    bench.sim.create_property("contacts", {"name": "born_on", "type": "date", "fieldType": "date"})
    made = bench("POST", CONTACTS, {"properties": {"born_on": value}}, expect=201)
    assert made["properties"]["born_on"] == "2026-11-22"
    late = bench("POST", CONTACTS, {"properties": {"born_on": "1795305600001"}}, expect=400)
    assert codes(late) == ["INVALID_DATE"]


def test_a_deal_keeps_its_amount_as_written(bench):
    made = bench(
        "POST",
        "/crm/v3/objects/deals",
        {"properties": {"amount": 1500.5, "closedate": "2026-12-01"}},
        expect=201,
    )
    assert made["properties"]["amount"] == "1500.5"
    assert made["properties"]["closedate"] == "2026-12-01T00:00:00.000Z"
    assert "hs_lastmodifieddate" in made["properties"]


def test_a_unique_property_identifies(bench):
    bench.sim.create_property("companies", {"name": "erp_id", "hasUniqueValue": True})
    base = "/crm/v3/objects/companies"
    one = bench("POST", base, {"properties": {"erp_id": "E1"}}, expect=201)["id"]
    assert codes(bench("POST", base, {"properties": {"erp_id": "E1"}}, expect=400)) == ["CONFLICTING_UNIQUE_VALUE"]
    assert bench("GET", f"{base}/E1?idProperty=erp_id")["id"] == one
    assert "non-unique 0-2 property name" in bench("GET", f"{base}/E1?idProperty=name", expect=400)["message"]
    rows = [{"idProperty": "erp_id", "id": i, "properties": {"city": "Lima"}} for i in ("E1", "E2")]
    answer = bench("POST", f"{base}/batch/upsert", {"inputs": rows})
    assert [(r["id"] == one, r["new"]) for r in answer["results"]] == [(True, False), (False, True)]


# ----------------------------------------------------------------------------------------- contact e-mail
def test_email_is_lower_cased_and_unique(bench):
    one = bench("POST", CONTACTS, {"properties": {"email": " Ana@Example.COM"}}, expect=201)
    assert one["properties"]["email"] == "ana@example.com"
    again = bench("POST", CONTACTS, {"properties": {"email": "ANA@example.com"}}, expect=409)
    assert (again["category"], again["message"]) == (
        "CONFLICT",
        f"Contact already exists. Existing ID: {one['id']}",
    )
    two = bench("POST", CONTACTS, {"properties": {}}, expect=201)["id"]
    bench("PATCH", f"{CONTACTS}/{two}", {"properties": {"email": "ana@example.com"}}, expect=409)
    bench("DELETE", f"{CONTACTS}/{one['id']}", expect=204)
    bench("PATCH", f"{CONTACTS}/{two}", {"properties": {"email": "ana@example.com"}})


# ------------------------------------------------------------------------------------------------ batches
def test_one_bad_row_fails_the_batch_and_writes_nothing(bench):
    bench.sim.seed("contacts", [{"email": "held@example.com"}])
    for bad, status in (
        ({"email": "held@example.com"}, 409),
        ({"nope": "1"}, 400),
        ({"email": "new@example.com"}, 409),
    ):
        rows = [{"properties": {"email": "new@example.com"}}, {"properties": bad}]
        bench("POST", f"{CONTACTS}/batch/create", {"inputs": rows}, expect=status)
        assert len(bench.sim.state()["contacts"]) == 1


def test_trace_ids_make_a_batch_partial(bench):
    rows = [
        {"properties": {"email": "a@example.com"}, "objectWriteTraceId": "t1"},
        {"properties": {"nope": "1"}, "objectWriteTraceId": "t2"},
    ]
    answer = bench("POST", f"{CONTACTS}/batch/create", {"inputs": rows}, expect=207)
    assert (len(answer["results"]), answer["numErrors"]) == (1, 1)
    assert answer["errors"][0]["context"] == {"objectWriteTraceId": ["t2"]}


def test_batch_update_names_what_is_missing(bench):
    (one,) = bench.sim.seed("contacts", [{"email": "a@example.com"}])
    rows = [
        {"id": one, "properties": {"city": "Lima"}},
        {"id": "a@example.com", "properties": {"city": "Rome"}},
    ]
    answer = bench("POST", f"{CONTACTS}/batch/update", {"inputs": rows}, expect=207)
    assert answer["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert answer["errors"][0]["context"]["ids"] == ["a@example.com"]
    by_email = [{"id": "a@example.com", "idProperty": "email", "properties": {}}]
    assert "non-unique 0-1" in bench("POST", f"{CONTACTS}/batch/update", {"inputs": by_email}, expect=400)["message"]


@pytest.mark.parametrize(("path", "extra"), [("read", {}), ("read", {"propertiesWithHistory": ["email"]})])
def test_batch_sizes(bench, path, extra):
    most = 50 if extra else 100
    rows = [{"id": str(i)} for i in range(most + 1)]
    bench("POST", f"{CONTACTS}/batch/{path}", {"inputs": rows[:-1], **extra}, expect=207)
    bench("POST", f"{CONTACTS}/batch/{path}", {"inputs": rows, **extra}, expect=400)
    twice = bench("POST", f"{CONTACTS}/batch/{path}", {"inputs": [rows[0]] * 2, **extra}, expect=400)
    assert twice["message"] == "Duplicate IDs found in batch input: [0]. IDs must be unique"


# ------------------------------------------------------------------------------------ changes and history
def test_history_says_who_wrote(bench):
    (one,) = bench.sim.seed("contacts", [{"firstname": "A"}])
    bench.clock.advance(1)
    bench("PATCH", f"{CONTACTS}/{one}", {"properties": {"firstname": "B"}})
    bench.sim.edit_record("contacts", one, {"firstname": ""})
    got = bench("GET", f"{CONTACTS}/{one}?propertiesWithHistory=firstname")
    history = got["propertiesWithHistory"]["firstname"]
    assert [(h["value"], h["sourceType"]) for h in history] == [
        ("", "CRM_UI"),
        ("B", "INTEGRATION"),
        ("A", "IMPORT"),
    ]
    assert got["properties"]["firstname"] is None


@pytest.mark.parametrize(("touch", "moves"), [(False, False), (True, True)])
def test_a_write_that_changes_nothing(touch, moves):
    bench = Bench(touch_on_unchanged=touch)
    (one,) = bench.sim.seed("contacts", [{"firstname": "A"}])
    bench.clock.advance(1)
    after = bench("PATCH", f"{CONTACTS}/{one}", {"properties": {"firstname": "A"}})
    assert (after["updatedAt"] != "2026-11-22T12:00:00.000Z") is moves


def test_a_bulk_edit_shares_one_millisecond():
    sim = HubSpotSimulator()
    ids = sim.seed("deals", [{"dealname": str(i)} for i in range(300)])
    sim.bulk_edit("deals", ids, {"hs_priority": "high"})
    assert len({r["updatedAt"] for r in sim.state()["deals"].values()}) == 1


def test_lifecycle_moves_forward_only(bench):
    one = bench("POST", CONTACTS, {"properties": {}}, expect=201)
    assert one["properties"]["lifecyclestage"] == "lead"

    def put(stage):
        bench("PATCH", f"{CONTACTS}/{one['id']}", {"properties": {"lifecyclestage": stage}})
        return bench("GET", f"{CONTACTS}/{one['id']}?properties=lifecyclestage")["properties"]["lifecyclestage"]

    assert put("customer") == "customer"
    assert put("subscriber") == "customer"
    assert put("") is None
    assert put("subscriber") == "subscriber"


# ------------------------------------------------------------------------------------ archive and restore
def test_archiving_hides_a_record_and_keeps_its_date(bench):
    one, two = bench.sim.seed("contacts", [{"email": "a@example.com"}, {"email": "b@example.com"}])
    bench.clock.advance(60)
    bench("DELETE", f"{CONTACTS}/{one}", expect=204)
    bench("DELETE", f"{CONTACTS}/{one}", expect=204)
    assert [r["id"] for r in bench("GET", CONTACTS)["results"]] == [two] == bench.ids()
    (gone,) = bench("GET", f"{CONTACTS}?archived=true")["results"]
    assert (gone["id"], gone["archived"], gone["archivedAt"]) == (one, True, "2026-11-22T12:01:00.000Z")
    assert gone["updatedAt"] == "2026-11-22T12:00:00.000Z"
    bench("GET", f"{CONTACTS}/{one}", expect=404)
    bench.sim.restore_record("contacts", one)
    assert bench("GET", f"{CONTACTS}/{one}")["archived"] is False


@pytest.mark.parametrize("restores", [False, True])
def test_creating_an_archived_contact_again(restores):
    bench = Bench(recreate_restores=restores)
    (one,) = bench.sim.seed("contacts", [{"email": "a@example.com"}])
    bench.sim.archive_records("contacts", [one])
    made = bench("POST", CONTACTS, {"properties": {"email": "a@example.com"}}, expect=201)
    assert (made["id"] == one) is restores


def test_erasing_leaves_nothing(bench):
    (one,) = bench.sim.seed("contacts", [{"email": "a@example.com"}])
    bench("POST", f"{CONTACTS}/gdpr-delete", {"objectId": "a@example.com", "idProperty": "email"}, expect=204)
    bench("GET", f"{CONTACTS}/{one}?archived=true", expect=404)
    assert "erasedAt" in bench.sim.state()["contacts"][one]


# -------------------------------------------------------------------------------------------------- merge
@pytest.mark.parametrize("new_id", [True, False])
def test_merge(new_id):
    bench = Bench(merge_new_id=new_id)
    one, two = bench.sim.seed("contacts", [{"email": "a@example.com", "city": "Lima"}, {"email": "b@example.com"}])
    (company,) = bench.sim.seed("companies", [{"name": "Acme"}])
    bench.sim.associate("contacts", "companies", [[two, company]])
    won = bench.sim.merge_records("contacts", one, two)
    assert (won != one) is new_id
    assert [r["id"] for r in bench("GET", CONTACTS)["results"]] == [won] == bench.ids()
    got = bench(
        "GET",
        f"{CONTACTS}/{two}?properties=hs_merged_object_ids,city,hs_additional_emails,associatedcompanyid",
    )
    assert got["id"] == won
    assert got["properties"]["hs_merged_object_ids"] == (f"{one};{two}" if new_id else two)
    assert got["properties"]["city"] == "Lima"
    assert got["properties"]["hs_additional_emails"] == "b@example.com"
    assert bench("GET", f"{CONTACTS}/b@example.com?idProperty=email")["id"] == won
    assert bench.sim.state()["contacts"][two] == {"id": two, "mergedInto": won}
    links = bench("GET", f"/crm/v4/objects/contacts/{won}/associations/companies")["results"]
    assert [to["toObjectId"] for to in links] == [company]


def test_merge_without_redirect():
    bench = Bench(merged_id_redirects=False)
    one, two = bench.sim.seed("deals", [{"dealname": "a"}, {"dealname": "b"}])
    bench.sim.merge_records("deals", one, two)
    bench("GET", f"/crm/v3/objects/deals/{two}", expect=404)


# ------------------------------------------------------------------------------------------------- search
@pytest.fixture(scope="module")
def crowd():
    bench = Bench()
    bench.sim.seed(
        "contacts",
        [
            {
                "email": f"p{i}@{'acme' if i % 2 else 'corp'}.com",
                "firstname": f"Ana {i}",
                "annualrevenue": str(i),
            }
            for i in range(20)
        ],
        at="2026-01-01T00:00:00Z",
        step_ms=1000,
    )
    bench.sim.seed("contacts", [{"lastname": "Void"}], at="2026-01-02T00:00:00Z")
    return bench


@pytest.mark.parametrize(
    ("filters", "hits"),
    [
        ([where("email", "EQ", "P1@ACME.com")], 1),
        ([where("email", "NEQ", "p1@acme.com")], 19),
        ([where("annualrevenue", "GT", "9")], 10),
        ([where("annualrevenue", "BETWEEN", "9", highValue="10")], 2),
        ([where("annualrevenue", "LTE", "10"), where("email", "CONTAINS_TOKEN", "*@acme.com")], 5),
        ([where("email", "NOT_CONTAINS_TOKEN", "*@acme.com")], 10),
        ([where("firstname", "CONTAINS_TOKEN", "ana")], 20),
        ([where("email", "IN", values=["p1@acme.com", "p2@corp.com", "x"])], 2),
        ([where("email", "NOT_IN", values=["p1@acme.com"])], 19),
        ([where("firstname", "IN", values=["Ana 1"])], 0),
        ([where("email", "HAS_PROPERTY")], 20),
        ([where("email", "NOT_HAS_PROPERTY")], 1),
        ([where("lifecyclestage", "EQ", "LEAD")], 0),
        ([where("createdate", "LT", "2026-01-01T00:00:05Z")], 5),
        ([where("createdate", "GTE", "1767225605000")], 16),
    ],
)
def test_operators(crowd, filters, hits):
    assert crowd.search(filters)["total"] == hits


def test_query_and_association_filter(crowd):
    assert crowd.search(query="void")["total"] == 1
    (company,) = crowd.sim.seed("companies", [{"name": "Acme"}])
    one = crowd.ids()[0]
    crowd.sim.associate("contacts", "companies", [[one, company]])
    assert crowd.ids([where("associations.company", "EQ", company)]) == [one]


def test_keyset_paging_agrees_with_offset_paging(crowd):
    everyone, last = [], "0"
    while page := crowd.ids([where("hs_object_id", "GT", last)], limit=7, sorts=["hs_object_id"]):
        everyone += page
        last = page[-1]
    assert everyone == crowd.ids()
    newest = crowd.ids(sorts=[{"propertyName": "createdate", "direction": "DESCENDING"}], limit=5)
    assert newest == everyone[:-6:-1]
    second = crowd.ids(sorts=["-createdate"], limit=5, after="5")
    assert second == everyone[-6:-11:-1]
    since = [where("lastmodifieddate", "GTE", "2026-01-01T00:00:18Z")]
    assert sorted(crowd.ids(since, sorts=["lastmodifieddate"])) == crowd.ids(since, sorts=["hs_object_id"])


@pytest.mark.parametrize(
    "request_body",
    [
        {"limit": 201},
        {"after": "9990", "limit": 11},
        {"sorts": ["email", "city"]},
        {"filterGroups": [{"filters": [where("nope", "EQ", "1")]}]},
        {"filterGroups": [{"filters": [where("email", "LIKE", "1")]}]},
        {"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")] * 7}]},
        {"filterGroups": [{"filters": []}] * 6},
        {"query": "x" * 3001},
    ],
)
def test_search_refuses(bench, request_body):
    answer = bench("POST", f"{CONTACTS}/search", request_body, expect=400)
    assert answer["category"] == "VALIDATION_ERROR"


def test_search_sees_writes_late():
    bench = Bench(search_lag=5)
    (one,) = bench.sim.seed("contacts", [{"firstname": "Old"}])
    assert bench.ids() == []
    bench.clock.advance(5)
    assert bench.ids() == [one]
    bench.sim.edit_record("contacts", one, {"firstname": "New"})
    assert bench.search()["results"][0]["properties"]["firstname"] == "Old"
    bench.sim.archive_records("contacts", [one])
    assert bench.ids() == [one]
    bench.clock.advance(5)
    assert bench.ids() == []


def test_more_than_ten_thousand_hits():
    bench = Bench()
    bench.sim.seed("contacts", [{"firstname": "A"}] * 10_050)
    page = bench.search(after="9800")
    assert page["total"] == 10_050
    assert page["paging"]["next"]["after"] == "10000"
    bench("POST", f"{CONTACTS}/search", {"after": "10000", "limit": 1}, expect=400)


# ------------------------------------------------------------------------------------------- associations
def test_the_first_company_is_primary_and_only_one_is(bench):
    (one,) = bench.sim.seed("contacts", [{"email": "a@example.com"}])
    first, second = bench.sim.seed("companies", [{"name": "A"}, {"name": "B"}])
    path = f"/crm/v4/objects/contacts/{one}/associations/companies"

    def types():
        found = bench("GET", path)["results"]
        return {to["toObjectId"]: {t["typeId"] for t in to["associationTypes"]} for to in found}

    bench.sim.associate("contacts", "companies", [[one, first], [one, second]])
    assert types() == {first: {1, 279}, second: {279}}
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    bench("PUT", f"{path}/{second}", spec, expect=201)
    assert types() == {first: {279}, second: {1, 279}}
    got = bench("GET", f"{CONTACTS}/{one}?properties=associatedcompanyid")["properties"]
    assert got["associatedcompanyid"] == second
    back = bench("GET", f"/crm/v4/objects/companies/{second}/associations/contacts")["results"]
    assert {t["typeId"] for t in back[0]["associationTypes"]} == {2, 280}
    bench("PUT", f"{path}/{second}", [{"associationTypeId": 3}], expect=400)
    bench("PUT", f"{path}/1", spec, expect=404)


def test_a_label_works_both_ways(bench):
    path = "/crm/v4/associations/contacts/deals/labels"
    there, back = bench("POST", path, {"name": "payer", "label": "Pays", "inverseLabel": "Paid by"})["results"]
    (one,), (deal,) = bench.sim.seed("contacts", [{}]), bench.sim.seed("deals", [{}])
    bench.sim.associate("contacts", "deals", [[one, deal]], there["typeId"])
    links = bench("GET", f"/crm/v4/objects/deals/{deal}/associations/contacts")["results"]
    assert back["typeId"] in {t["typeId"] for t in links[0]["associationTypes"]}


def test_a_record_can_be_made_with_its_associations(bench):
    (company,) = bench.sim.seed("companies", [{"name": "A"}])
    wanted = {
        "to": {"id": company},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
    }
    made = bench("POST", CONTACTS, {"properties": {}, "associations": [wanted]}, expect=201)
    got = bench("GET", f"{CONTACTS}/{made['id']}?associations=companies")
    assert got["associations"]["companies"]["results"][0]["id"] == company
    wanted["to"]["id"] = "1"
    bench("POST", CONTACTS, {"properties": {}, "associations": [wanted]}, expect=400)
    assert len(bench.sim.state()["contacts"]) == 1


# -------------------------------------------------------------------------------------- access and limits
def test_tokens(bench):
    bench.token = "pat-na1-wrong"
    assert bench("GET", CONTACTS, expect=401)["category"] == "INVALID_AUTHENTICATION"
    form = {"grant_type": "refresh_token", **bench.sim.oauth_credential}
    bench.token = bench("POST", "/oauth/v1/token", data=form)["access_token"]
    bench("GET", CONTACTS)
    bench.clock.advance(1801)
    expired = bench("GET", CONTACTS, expect=401)
    assert (expired["category"], expired["context"]) == (
        "EXPIRED_AUTHENTICATION",
        {"expire time": ["2026-11-22T12:30:00.000Z"]},
    )
    bench.token = bench("POST", "/oauth/v1/token", data=form)["access_token"]
    bench.sim.uninstall_app()
    assert bench("GET", CONTACTS, expect=401)["category"] == "INVALID_AUTHENTICATION"
    assert bench("POST", "/oauth/v1/token", data=form, expect=400)["status"] == "BAD_REFRESH_TOKEN"


def test_consent_gives_a_code_once(bench):
    form = {
        "grant_type": "authorization_code",
        "code": bench.sim.authorize_app(),
        "redirect_uri": "http://localhost/back",
        **{k: v for k, v in bench.sim.oauth_credential.items() if k != "refresh_token"},
    }
    assert bench("POST", "/oauth/v1/token", data=form)["refresh_token"]
    assert bench("POST", "/oauth/v1/token", data=form, expect=400)["status"] == "BAD_AUTH_CODE"


def test_burst_limit_and_headers():
    bench = Bench(burst_limit=2, daily_limit=3)
    assert bench.raw("GET", CONTACTS).headers["X-HubSpot-RateLimit-Remaining"] == "1"
    bench("GET", CONTACTS)
    refused = bench.raw("GET", CONTACTS)
    assert refused.status_code == 429
    assert (refused.json()["policyName"], refused.json()["errorType"]) == (
        "TEN_SECONDLY_ROLLING",
        "RATE_LIMIT",
    )
    assert refused.headers["X-HubSpot-RateLimit-Max"] == "2"
    assert "Retry-After" not in refused.headers
    bench.clock.advance(10)
    assert bench.raw("GET", CONTACTS).headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    assert bench("GET", CONTACTS, expect=429)["policyName"] == "DAILY"


def test_search_has_its_own_limit():
    bench = Bench(search_limit=5, burst_limit=1, retry_after=True)
    for _ in range(5):
        answer = bench.raw("POST", f"{CONTACTS}/search", {})
        assert answer.status_code == 200
        assert not any(name.lower().startswith("x-hubspot-ratelimit") for name in answer.headers)
    refused = bench.raw("POST", f"{CONTACTS}/search", {})
    assert (refused.json()["policyName"], refused.headers["Retry-After"]) == ("SECONDLY", "1")
    bench.clock.advance(1)
    bench.search()


def test_missing_scope():
    bench = Bench(missing_scopes=("deals",))
    answer = bench("GET", "/crm/v3/objects/deals", expect=403)
    assert answer["category"] == "MISSING_SCOPES"
    assert answer["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.deals.read"]
    bench("GET", CONTACTS)


# ------------------------------------------------------------------------------------------------ actions
def test_actions_over_http(bench):
    call = {"action": "seed", "args": {"object_type": "contacts", "records": [{"email": "a@example.com"}]}}
    (one,) = bench.http.post("/_sim/call", json=call).json()
    bench.http.post("/_sim/call", json={"action": "unsubscribe", "args": {"contact_id": one}})
    state = bench.http.get("/_sim/state").json()
    assert state["contacts"][one]["properties"]["hs_email_optout"] == "true"
    assert bench.http.post("/_sim/call", json=call).status_code == 422


def test_a_page_of_many_is_fast():
    bench = Bench()
    bench.sim.seed("contacts", [{"firstname": "A", "city": "Lima"}] * 20_000)
    handler = bench.sim.portal.collection("contacts")
    started = time.perf_counter()
    after, pages = 0, 0
    while after is not None:
        _, after = handler.page(after, 100, archived=False)
        pages += 1
    assert pages == 200
    bench.search(sorts=["lastmodifieddate"])
    for start in range(0, 9_800, 1400):
        bench.search([where("lastmodifieddate", "GTE", "0")], sorts=["lastmodifieddate"], after=str(start))
    assert time.perf_counter() - started < 5
