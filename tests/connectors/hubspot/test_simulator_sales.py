"""What the HubSpot simulator does with owners, pipelines, and a deal's place in them."""

import pytest
from starlette.testclient import TestClient

from vaiven_connectors.hubspot.simulator import HubSpotSimulator

UNLIMITED = {"burst_limit": 0, "daily_limit": 0, "search_limit": 0}
DEALS = "/crm/v3/objects/deals"
OWNERS = "/crm/v3/owners"
PIPELINES = "/crm/v3/pipelines/deals"
RENEWALS = {
    "label": "Renewals",
    "pipelineId": "renewals",
    "stages": [
        {"stageId": "talks", "label": "Talks", "metadata": {"probability": 0.5}},
        {"label": "Renewed", "metadata": {"probability": "1.0"}},
    ],
}


class Bench:
    def __init__(self, **quirks):
        self.sim = HubSpotSimulator(quirks={**UNLIMITED, **quirks})
        bearer = f"Bearer {self.sim.credential['access_token']}"
        self.http = TestClient(self.sim.app, headers={"Authorization": bearer})

    def __call__(self, method, path, body=None, *, expect=200):
        answer = self.http.request(method, path, json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def deal(self, expect=201, **properties):
        return self("POST", DEALS, {"properties": properties}, expect=expect)

    def move(self, deal, expect=200, **properties):
        return self("PATCH", f"{DEALS}/{deal}", {"properties": properties}, expect=expect)


@pytest.fixture
def bench():
    return Bench()


def problem(answer):
    (one,) = answer["errors"]
    return one["code"], one["context"]["propertyName"]


BAD_STAGE = ("INVALID_OPTION", ["dealstage"])


# ------------------------------------------------------------------------------------------------- owners
def test_a_portal_begins_with_its_user(bench):
    (owner,) = bench("GET", OWNERS)["results"]
    assert (owner["id"], owner["userId"], owner["type"]) == ("41629779", 9586504, "PERSON")
    assert bench("GET", f"{OWNERS}/41629779") == owner
    assert bench("GET", f"{OWNERS}/9586504?idProperty=userId") == owner
    assert bench.sim.state()["owners"] == {"41629779": owner}


def test_owners_page_by_id(bench):
    bench.sim.add_owners([{"email": f"o{i}@example.com"} for i in range(7)])
    first = bench("GET", f"{OWNERS}?limit=5")
    after = first["paging"]["next"]["after"]
    last = bench("GET", f"{OWNERS}?limit=5&after={after}")
    assert "paging" not in last
    ids = [int(owner["id"]) for owner in first["results"] + last["results"]]
    assert len(ids) == 8
    assert ids == sorted(set(ids))


def test_owners_by_email(bench):
    (wanted, _) = bench.sim.add_owners([{"email": "Ada@example.com"}, {"email": "bob@example.com"}])
    found = bench("GET", f"{OWNERS}?email=ada@example.com")
    assert [owner["id"] for owner in found["results"]] == [wanted]
    assert bench("GET", f"{OWNERS}?email=nobody@example.com") == {"results": []}


def test_an_archived_owner_keeps_its_user_id_elsewhere(bench):
    (gone,) = bench.sim.add_owners([{"email": "gone@example.com"}])
    user = bench("GET", f"{OWNERS}/{gone}")["userId"]
    bench.sim.archive_owner(gone)
    assert gone not in [owner["id"] for owner in bench("GET", OWNERS)["results"]]
    bench("GET", f"{OWNERS}/{gone}", expect=404)
    (owner,) = bench("GET", f"{OWNERS}?archived=true")["results"]
    assert owner["archived"] is True
    assert "userId" not in owner
    assert owner["userIdIncludingInactive"] == user
    with pytest.raises(ValueError, match="no such owner"):
        bench.sim.archive_owner(gone)


def test_owners_refusals(bench):
    for query in ("?limit=501", "?limit=0", "?after=x", "/ada", "/1?idProperty=email"):
        assert bench("GET", OWNERS + query, expect=400)["category"] == "VALIDATION_ERROR"
    bench("GET", f"{OWNERS}/1", expect=404)
    with pytest.raises(ValueError, match="PERSON, QUEUE"):
        bench.sim.add_owners([{"type": "ROBOT"}])


def test_owners_have_their_own_scope():
    bench = Bench(missing_scopes=("owners",))
    refused = bench("GET", OWNERS, expect=403)
    assert refused["errors"][0]["context"] == {"requiredGranularScopes": ["crm.objects.owners.read"]}
    bench("GET", PIPELINES)


# ---------------------------------------------------------------------------------------------- pipelines
def test_the_default_pipeline(bench):
    (pipeline,) = bench("GET", PIPELINES)["results"]
    assert (pipeline["id"], pipeline["label"]) == ("default", "Sales Pipeline")
    assert [(stage["id"], *stage["metadata"].values()) for stage in pipeline["stages"]] == [
        ("appointmentscheduled", "false", "0.2"),
        ("qualifiedtobuy", "false", "0.4"),
        ("presentationscheduled", "false", "0.6"),
        ("decisionmakerboughtin", "false", "0.8"),
        ("contractsent", "false", "0.9"),
        ("closedwon", "true", "1.0"),
        ("closedlost", "true", "0.0"),
    ]
    assert bench("GET", f"{PIPELINES}/default") == pipeline
    assert bench("GET", f"{PIPELINES}/default/stages") == {"results": pipeline["stages"]}
    assert bench("GET", f"{PIPELINES}/default/stages/closedwon") == pipeline["stages"][5]
    assert bench("GET", "/crm/v3/pipelines/0-3") == {"results": [pipeline]}
    assert bench("GET", "/crm/v3/pipelines/contacts") == {"results": []}
    bench("GET", f"{PIPELINES}/nope", expect=404)
    bench("GET", f"{PIPELINES}/default/stages/nope", expect=404)


def test_a_new_pipeline_is_an_option_of_deals(bench):
    made = bench.sim.add_pipeline(RENEWALS)
    assert made["stages"][1]["id"].isdigit()
    assert [stage["metadata"]["isClosed"] for stage in made["stages"]] == ["false", "true"]
    assert [pipeline["id"] for pipeline in bench("GET", PIPELINES)["results"]] == ["default", "renewals"]
    prop = bench("GET", "/crm/v3/properties/deals/dealstage")
    assert [option["value"] for option in prop["options"]][-2:] == ["talks", made["stages"][1]["id"]]
    assert list(bench.sim.state()["pipelines"]) == ["default", "renewals"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"label": ""}, "label"),
        ({"stages": []}, "stages"),
        ({"pipelineId": "default"}, "already exists"),
        ({"stages": [{"label": "A", "stageId": "closedwon", "metadata": {"probability": 1}}]}, "already exists"),
        ({"stages": [{"label": "A", "metadata": {}}]}, "metadata"),
        ({"stages": [{"label": "A", "metadata": {"x": "1"}}]}, "probability"),
        ({"stages": [{"label": "A", "metadata": {"probability": 0.25}}]}, "steps of 0.1"),
        ({"stages": [{"label": "A", "metadata": {"probability": 1}}] * 2}, "unique"),
        ({"stages": [{"label": str(i), "metadata": {"probability": 1}} for i in range(101)]}, "100 stages"),
    ],
)
def test_an_unfit_pipeline_is_refused(bench, change, match):
    with pytest.raises(ValueError, match=match):
        bench.sim.add_pipeline({**RENEWALS, **change})
    assert list(bench.sim.state()["pipelines"]) == ["default"]


# -------------------------------------------------------------------------------------------------- deals
def test_a_deal_is_in_the_default_pipeline(bench):
    assert bench.deal(dealname="D")["properties"]["pipeline"] == "default"
    assert bench.deal(dealstage="closedwon")["properties"]["pipeline"] == "default"


def test_only_ids_that_there_are(bench):
    assert problem(bench.deal(400, dealstage="Closed Won")) == BAD_STAGE
    assert problem(bench.deal(400, pipeline="renewals")) == ("INVALID_OPTION", ["pipeline"])
    with pytest.raises(ValueError, match="not one of the allowed options"):
        bench.sim.seed("deals", [{"dealstage": "nope"}])


def test_a_stage_goes_with_its_pipeline(bench):
    bench.sim.add_pipeline(RENEWALS)
    assert problem(bench.deal(400, dealstage="talks")) == BAD_STAGE
    assert problem(bench.deal(400, pipeline="renewals", dealstage="closedwon")) == BAD_STAGE
    deal = bench.deal(pipeline="renewals", dealstage="talks")["id"]
    assert problem(bench.move(deal, 400, dealstage="closedwon")) == BAD_STAGE
    assert problem(bench.move(deal, 400, pipeline="default")) == BAD_STAGE
    bench.move(deal, pipeline="default", dealstage="closedwon")
    bench.move(deal, dealstage="closedlost")
    bench.move(deal, dealstage="", pipeline="renewals")
    assert "dealstage" not in bench.sim.state()["deals"][deal]["properties"]


def test_a_misplaced_deal_fails_its_batch(bench):
    bench.sim.add_pipeline(RENEWALS)
    rows = [{"properties": {"dealname": "A"}}, {"properties": {"dealstage": "talks"}}]
    assert problem(bench("POST", f"{DEALS}/batch/create", {"inputs": rows}, expect=400)) == BAD_STAGE
    assert bench.sim.state()["deals"] == {}


def test_stages_unchecked_on_request():
    bench = Bench(validate_deal_stage=False)
    made = bench.deal(pipeline="anything", dealstage="goes")
    assert made["properties"]["dealstage"] == "goes"
