"""The HubSpot simulator's answers against HubSpot's published API description."""

import json
import re

import pytest
from starlette.testclient import TestClient

from tests.support.spec_check import load_spec, unaccepted
from vaiven_connectors.hubspot._sim_paths import PATHS
from vaiven_connectors.hubspot.simulator import HubSpotSimulator

APIS = [
    "crm-contacts@v3",
    "crm-objects@v3",
    "crm-custom-objects@v3",
    "crm-associations@v4",
    "crm-properties@v3",
    "crm-crm-owners@v3",
    "crm-pipelines@v3",
    "account-account-info@v3",
    "auth-oauth@v1",
    "auth-oauth@v3",
]

NOT_DESCRIBED = {
    ("GET", "/crm/v3/owners/"): "described without the slash, which the client 12.0.0 sends",
    (
        "GET",
        "/crm/v4/associations/{}/{}/labels",
    ): "described at its dated path, and called by the client 12.0.0",
    (
        "POST",
        "/crm/v4/associations/{}/{}/labels",
    ): "described at its dated path, and called by the client 12.0.0",
}

ACCEPTED = {
    "*.properties.*: string described, got null": (
        "a property asked for that has no value is null: `string?` in crm-contacts@v3 alone"
    ),
    "* 207 $.errors[[]*].errors: required, and absent": "page error-handling shows a 207's errors without it",
    "* 207 $.errors[[]*].links: required, and absent": "page error-handling shows a 207's errors without it",
    "* 207 $.errors[[]*].subCategory: object described, got string": "quoted answers have a string here",
    "POST /crm/v3/objects/contacts/* $.results[[]*].objectWriteTraceId: not described": (
        "crm-objects@v3 and the client 12.0.0 have it; crm-contacts@v3 is an older rollout"
    ),
    "*.label: string described, got null": "null in all quoted answers where there is no label",
}


@pytest.fixture(scope="module")
def spec():
    return load_spec("hubspot", APIS)


def test_every_path_is_described(spec):
    for method, path, _ in PATHS:
        named = path.replace("{objectType}/merge", "contacts/merge")
        bare = re.sub(r"{\w+}", "{}", path)
        assert spec.has(method, named) or (method, bare) in NOT_DESCRIBED, (method, path)


class Walk:
    """Sends requests and keeps what is wrong with the answers."""

    def __init__(self, spec):
        self.sim = HubSpotSimulator(quirks={"burst_limit": 0, "daily_limit": 0, "search_limit": 0})
        self.spec = spec
        bearer = f"Bearer {self.sim.credential['access_token']}"
        self.client = TestClient(self.sim.app, headers={"Authorization": bearer})
        self.problems = []

    def __call__(self, method, path, body=None, *, expect=200, **more):
        answer = self.client.request(method, path, json=body, **more)
        assert answer.status_code == expect, (method, path, answer.text)
        decoded = json.loads(answer.content) if answer.content else None
        self.problems += self.spec.check(method, path, answer.status_code, decoded)
        return decoded


def walk_objects(walk, object_type, first, second):
    base = f"/crm/v3/objects/{object_type}"
    one = walk("POST", base, {"properties": first}, expect=201)
    two, three = walk(
        "POST", f"{base}/batch/create", {"inputs": [{"properties": second}, {"properties": {}}]}, expect=201
    )["results"]
    traced = [
        {"properties": {}, "objectWriteTraceId": "a"},
        {"properties": {"nope": "1"}, "objectWriteTraceId": "b"},
    ]
    walk("POST", f"{base}/batch/create", {"inputs": traced}, expect=207)
    walk("GET", f"{base}?limit=2&properties=city,description&propertiesWithHistory=createdate")
    walk("GET", f"{base}/{one['id']}?propertiesWithHistory=createdate&associations=contacts")
    walk("PATCH", f"{base}/{one['id']}", {"properties": {"hubspot_owner_id": "7"}})
    rows = [{"id": one["id"], "properties": {"hubspot_owner_id": "8"}}, {"id": "1", "properties": {}}]
    walk("POST", f"{base}/batch/update", {"inputs": rows}, expect=207)
    walk("POST", f"{base}/batch/update", {"inputs": rows[:1]})
    walk(
        "POST",
        f"{base}/batch/read",
        {"inputs": [{"id": one["id"]}, {"id": "1"}], "properties": []},
        expect=207,
    )
    walk("POST", f"{base}/batch/read", {"inputs": [{"id": one["id"]}], "propertiesWithHistory": ["createdate"]})
    walk("POST", f"{base}/search", {"limit": 1})
    walk("DELETE", f"{base}/{three['id']}", expect=204)
    walk("GET", f"{base}?archived=true")
    walk("POST", f"{base}/merge", {"primaryObjectId": one["id"], "objectIdToMerge": two["id"]})
    walk("GET", f"{base}/999", expect=404)
    walk("POST", f"{base}/batch/archive", {"inputs": [{"id": three["id"]}]}, expect=204)


def walk_settings(walk, contact, company):
    group = {"name": "vaiven", "label": "Vaiven"}
    walk("POST", "/crm/v3/properties/contacts/groups", group, expect=201)
    walk("GET", "/crm/v3/properties/contacts/groups")
    walk("GET", "/crm/v3/properties/contacts/groups/vaiven")
    definition = {
        "name": "vaiven_id",
        "label": "V",
        "type": "string",
        "fieldType": "text",
        "groupName": "vaiven",
    }
    walk("POST", "/crm/v3/properties/contacts", {**definition, "hasUniqueValue": True}, expect=201)
    walk("GET", "/crm/v3/properties/contacts")
    walk("GET", "/crm/v3/properties/contacts/vaiven_id")
    walk("PATCH", "/crm/v3/properties/contacts/vaiven_id", {"label": "Vaiven ID"})
    rows = [{"idProperty": "vaiven_id", "id": str(i), "properties": {}} for i in range(2)]
    walk("POST", "/crm/v3/objects/contacts/batch/upsert", {"inputs": rows})
    walk("DELETE", "/crm/v3/properties/contacts/vaiven_id", expect=204)
    walk("GET", "/account-info/v3/details")
    pair = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    walk(
        "PUT",
        f"{pair}/{company}",
        [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}],
        expect=201,
    )
    walk("GET", pair)
    walk("DELETE", f"{pair}/{company}", expect=204)
    walk("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    links = "/crm/v4/associations/contacts/companies/batch"
    ends = {"from": {"id": contact}, "to": {"id": company}}
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    walk("POST", f"{links}/create", {"inputs": [{**ends, "types": types}]}, expect=201)
    walk("POST", f"{links}/read", {"inputs": [{"id": contact}]})
    walk("POST", f"{links}/read", {"inputs": [{"id": contact}, {"id": "1"}]}, expect=207)
    walk("POST", f"{links}/associate/default", {"inputs": [ends]})
    walk("POST", f"{links}/labels/archive", {"inputs": [{**ends, "types": types}]}, expect=204)
    walk(
        "POST",
        f"{links}/archive",
        {"inputs": [{"from": {"id": contact}, "to": [{"id": company}]}]},
        expect=204,
    )


def walk_sales(walk):
    teams = [{"id": "178588", "name": "West Coast Sales", "primary": True}]
    person, queue, gone = walk.sim.add_owners(
        [{"email": "p@example.com", "teams": teams}, {"type": "QUEUE"}, {"firstName": "Gone"}]
    )
    walk.sim.archive_owner(gone)
    walk("GET", "/crm/v3/owners")
    walk("GET", "/crm/v3/owners?limit=1")
    walk("GET", "/crm/v3/owners?archived=true")
    for owner in (person, queue):
        walk("GET", f"/crm/v3/owners/{owner}")
    walk("GET", f"/crm/v3/owners/{gone}?archived=true")
    walk("GET", f"/crm/v3/owners/{gone}", expect=404)
    stages = [{"label": "Talks", "metadata": {"probability": "0.5"}}]
    made = walk.sim.add_pipeline({"label": "Renewals", "stages": stages})
    walk("GET", "/crm/v3/pipelines/deals")
    walk("GET", "/crm/v3/pipelines/contacts")
    base = f"/crm/v3/pipelines/deals/{made['id']}"
    walk("GET", base)
    walk("GET", f"{base}/stages")
    walk("GET", f"{base}/stages/{made['stages'][0]['id']}")
    walk("GET", f"{base}/stages/closedwon", expect=404)


def walk_oauth(walk):
    form = {"grant_type": "refresh_token", **walk.sim.oauth_credential}
    token = walk("POST", "/oauth/v1/token", data=form)
    walk("POST", "/oauth/v3/token", data=form)
    walk("GET", f"/oauth/v1/access-tokens/{token['access_token']}")
    walk("GET", f"/oauth/v1/refresh-tokens/{token['refresh_token']}")
    walk("DELETE", f"/oauth/v1/refresh-tokens/{token['refresh_token']}", expect=204)


def test_answers_fit_the_description(spec):
    walk = Walk(spec)
    walk_objects(walk, "contacts", {"email": "a@example.com"}, {"email": "b@example.com"})
    walk_objects(walk, "companies", {"name": "Acme"}, {"name": "ACME", "city": "Lima"})
    walk_objects(walk, "deals", {"dealname": "D", "amount": "10.50"}, {"dealname": "E"})
    (contact,) = walk.sim.seed("contacts", [{"email": "c@example.com"}])
    (company,) = walk.sim.seed("companies", [{"name": "C"}])
    walk_settings(walk, contact, company)
    walk("POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": contact}, expect=204)
    walk_sales(walk)
    walk_oauth(walk)
    assert unaccepted(walk.problems, ACCEPTED) == []
