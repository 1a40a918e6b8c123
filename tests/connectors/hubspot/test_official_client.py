"""HubSpot's own Python client, unmodified apart from the base URL, talks to the simulator."""

import json

import pytest

from vaiven_connectors.hubspot.simulator import HubSpotSimulator
from vaiven_sdk.testing import serve

hubspot = pytest.importorskip("hubspot", reason="the official client (extra `real`) is not installed")

pytestmark = pytest.mark.client

UNLIMITED = {"burst_limit": 0, "oauth_burst_limit": 0, "daily_limit": 0, "search_limit": 0}


@pytest.fixture
def sim():
    return HubSpotSimulator(quirks=UNLIMITED)


@pytest.fixture
def url(sim):
    with serve(sim) as server:
        yield server.url


@pytest.fixture
def client(sim, url):
    return hubspot.Client.create(access_token=sim.credential["access_token"], host=url)


def body_of(problem):
    return json.loads(problem.value.body)


def test_reads_every_page(sim, client):
    ids = sim.seed("contacts", [{"email": f"p{i}@example.com", "firstname": f"P{i}"} for i in range(257)])
    everyone = client.crm.contacts.get_all(properties=["email", "phone"])
    assert [c.id for c in everyone] == ids
    assert everyone[0].properties["email"] == "p0@example.com"
    assert everyone[0].properties["phone"] is None
    assert "firstname" not in everyone[0].properties
    assert everyone[0].updated_at.tzinfo is not None
    companies = sim.seed("companies", [{"name": f"C{i}"} for i in range(250)])
    assert [c.id for c in client.crm.companies.get_all()] == companies
    deals = sim.seed("deals", [{"dealname": f"D{i}", "amount": f"{i}.50"} for i in range(250)])
    found = client.crm.deals.get_all()
    assert [d.id for d in found] == deals
    assert found[3].properties["amount"] == "3.50"


def test_reads_history_and_associations(sim, client):
    (contact,) = sim.seed("contacts", [{"email": "h@example.com", "firstname": "H"}])
    (company,) = sim.seed("companies", [{"name": "Acme"}])
    sim.associate("contacts", "companies", [[contact, company]])
    sim.edit_record("contacts", contact, {"firstname": "Hugo"})
    one = client.crm.contacts.basic_api.get_by_id(
        contact, properties_with_history=["firstname"], associations=["companies"]
    )
    assert [v.value for v in one.properties_with_history["firstname"]] == ["Hugo", "H"]
    assert one.properties_with_history["firstname"][0].source_type == "CRM_UI"
    assert {(a.id, a.type) for a in one.associations["companies"].results} == {
        (company, "contact_to_company"),
        (company, "contact_to_company_unlabeled"),
    }
    linked = client.crm.associations.v4.basic_api.get_page("contacts", contact, "companies")
    assert linked.results[0].to_object_id == company
    assert {t.type_id for t in linked.results[0].association_types} == {1, 279}


def test_creates_updates_archives(sim, client):
    from hubspot.crm.contacts import SimplePublicObjectInput, SimplePublicObjectInputForCreate
    from hubspot.crm.contacts.exceptions import NotFoundException

    api = client.crm.contacts.basic_api
    made = api.create(SimplePublicObjectInputForCreate(properties={"email": "New@Example.com"}, associations=[]))
    assert made.properties["email"] == "new@example.com"
    assert made.properties["hs_object_id"] == made.id
    assert made.archived is False
    api.update("new@example.com", SimplePublicObjectInput(properties={"jobtitle": "CEO"}), id_property="email")
    assert api.get_by_id(made.id, properties=["jobtitle"]).properties["jobtitle"] == "CEO"
    api.archive(made.id)
    with pytest.raises(NotFoundException):
        api.get_by_id(made.id)
    gone = api.get_by_id(made.id, archived=True)
    assert gone.archived is True
    assert gone.archived_at is not None
    assert sim.state()["contacts"][made.id]["archived"] is True


def test_owners(sim, client):
    from hubspot.crm.owners.exceptions import NotFoundException

    teams = [{"id": "178588", "name": "West Coast Sales", "primary": True}]
    made = sim.add_owners([{"email": f"o{i}@example.com", "firstName": f"O{i}", "teams": teams} for i in range(257)])
    everyone = client.crm.owners.get_all()
    assert [owner.id for owner in everyone][1:] == made
    assert (everyone[1].email, everyone[1].type, everyone[1].archived) == ("o0@example.com", "PERSON", False)
    assert everyone[1].teams[0].name == "West Coast Sales"
    assert everyone[1].created_at.tzinfo is not None
    api = client.crm.owners.owners_api
    assert api.get_by_id(int(made[5])).first_name == "O5"
    assert api.get_by_id(everyone[6].user_id, id_property="userId").id == made[5]
    assert [owner.id for owner in api.get_page(email="o9@example.com").results] == [made[9]]
    sim.archive_owner(made[5])
    with pytest.raises(NotFoundException):
        api.get_by_id(int(made[5]))
    (gone,) = client.crm.owners.get_all(archived=True)
    assert (gone.id, gone.archived, gone.user_id) == (made[5], True, None)
    assert gone.user_id_including_inactive == everyone[6].user_id


def test_pipelines(sim, client):
    from hubspot.crm.deals import SimplePublicObjectInputForCreate
    from hubspot.crm.deals.exceptions import ApiException
    from hubspot.crm.pipelines.exceptions import NotFoundException

    stages = [{"stageId": "talks", "label": "Talks", "metadata": {"probability": "0.5"}}]
    renewals = sim.add_pipeline({"label": "Renewals", "stages": stages})["id"]
    api = client.crm.pipelines.pipelines_api
    default, other = api.get_all("deals").results
    assert (default.id, default.stages[5].id, other.id) == ("default", "closedwon", renewals)
    assert default.stages[5].metadata == {"isClosed": "true", "probability": "1.0"}
    assert default.stages[5].write_permissions == "CRM_PERMISSIONS_ENFORCEMENT"
    assert api.get_by_id("deals", renewals).label == "Renewals"
    with pytest.raises(NotFoundException):
        api.get_by_id("deals", "nope")
    on_stages = client.crm.pipelines.pipeline_stages_api
    assert [stage.id for stage in on_stages.get_all("deals", renewals).results] == ["talks"]
    assert on_stages.get_by_id("deals", renewals, "talks").label == "Talks"
    deals = client.crm.deals.basic_api
    place = {"pipeline": renewals, "dealstage": "talks"}
    made = deals.create(SimplePublicObjectInputForCreate(properties=place, associations=[]))
    assert made.properties["dealstage"] == "talks"
    with pytest.raises(ApiException) as refused:
        deals.create(SimplePublicObjectInputForCreate(properties={"dealstage": "talks"}, associations=[]))
    assert refused.value.status == 400
    assert body_of(refused)["errors"][0]["code"] == "INVALID_OPTION"


def test_batches(sim, client):
    from hubspot.crm.contacts import (
        BatchInputSimplePublicObjectBatchInput,
        BatchInputSimplePublicObjectBatchInputForCreate,
        BatchInputSimplePublicObjectBatchInputUpsert,
        BatchInputSimplePublicObjectId,
        BatchReadInputSimplePublicObjectId,
        SimplePublicObjectBatchInput,
        SimplePublicObjectBatchInputForCreate,
        SimplePublicObjectBatchInputUpsert,
        SimplePublicObjectId,
    )

    api = client.crm.contacts.batch_api
    rows = [
        SimplePublicObjectBatchInputForCreate(properties={"email": f"b{i}@example.com"}, associations=[])
        for i in range(3)
    ]
    made = api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=rows))
    ids = [r.id for r in made.results]
    assert made.status == "COMPLETE"
    answer = api.update(
        BatchInputSimplePublicObjectBatchInput(
            inputs=[SimplePublicObjectBatchInput(id=i, properties={"city": "Lima"}) for i in ids]
        )
    )
    assert {r.properties["city"] for r in answer.results} == {"Lima"}
    upserted = api.upsert(
        BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[
                SimplePublicObjectBatchInputUpsert(
                    id=f"b{i}@example.com", id_property="email", properties={"firstname": "U"}
                )
                for i in (2, 3)
            ]
        )
    )
    assert [r.new for r in upserted.results] == [False, True]
    read = api.read(
        BatchReadInputSimplePublicObjectId(
            inputs=[SimplePublicObjectId(id=i) for i in [*ids, "1"]],
            properties=["city"],
            properties_with_history=[],
        )
    )
    assert [r.id for r in read.results] == ids
    assert read.num_errors == 1
    assert read.errors[0].context["ids"] == ["1"]
    api.archive(BatchInputSimplePublicObjectId(inputs=[SimplePublicObjectId(id=i) for i in ids]))
    assert [c.id for c in client.crm.contacts.get_all()] == [upserted.results[1].id]


def test_searches(sim, client):
    from hubspot.crm.contacts import Filter, FilterGroup, PublicObjectSearchRequest

    sim.seed("contacts", [{"email": f"s{i}@example.com", "city": f"C{i % 2}"} for i in range(250)])
    api = client.crm.contacts.search_api
    group = FilterGroup(filters=[Filter(property_name="city", operator="EQ", value="c1")])
    after, found = "0", []
    while after:
        answer = api.do_search(
            PublicObjectSearchRequest(
                filter_groups=[group], sorts=["-hs_object_id"], properties=["city"], limit=100, after=after
            )
        )
        found += [int(r.id) for r in answer.results]
        after = answer.paging.next.after if answer.paging else None
    assert answer.total == len(found) == 125
    assert found == sorted(found, reverse=True)


def test_merges(sim, client):
    from hubspot.crm.companies import PublicMergeInput

    one, two = sim.seed("companies", [{"name": "Acme", "domain": "acme.com"}, {"name": "ACME", "city": "Quito"}])
    api = client.crm.companies.basic_api
    merged = api.merge(PublicMergeInput(primary_object_id=one, object_id_to_merge=two))
    assert merged.properties["name"] == "Acme"
    assert merged.properties["city"] == "Quito"
    assert merged.properties["hs_merged_object_ids"] == f"{one};{two}"
    assert [c.id for c in client.crm.companies.get_all()] == [merged.id]
    assert api.get_by_id(two).id == merged.id


def test_properties_and_labels(sim, client):
    from hubspot.crm.properties import PropertyCreate

    api = client.crm.properties.core_api
    made = api.create(
        "contacts",
        PropertyCreate(
            name="vaiven_id",
            label="Vaiven ID",
            type="string",
            field_type="text",
            group_name="contactinformation",
            has_unique_value=True,
        ),
    )
    assert made.has_unique_value is True
    assert made.hubspot_defined is False
    assert "vaiven_id" in {p.name for p in api.get_all("contacts").results}
    assert client.crm.properties.groups_api.get_all("deals").results[0].name == "dealinformation"
    labels = client.crm.associations.v4.schema.definitions_api.get_all("contacts", "companies")
    assert {label.type_id for label in labels.results} == {1, 279}


def test_associates(sim, client):
    from hubspot.crm.associations.v4 import (
        AssociationSpec,
        BatchInputPublicAssociationMultiArchive,
        BatchInputPublicAssociationMultiPost,
        BatchInputPublicFetchAssociationsBatchRequest,
        PublicAssociationMultiArchive,
        PublicAssociationMultiPost,
        PublicFetchAssociationsBatchRequest,
        PublicObjectId,
    )

    (deal,) = sim.seed("deals", [{"dealname": "D"}])
    contacts = sim.seed("contacts", [{"email": f"a{i}@example.com"} for i in range(2)])
    api = client.crm.associations.v4.batch_api
    spec = AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=3)
    rows = [
        PublicAssociationMultiPost(_from=PublicObjectId(id=deal), to=PublicObjectId(id=c), types=[spec])
        for c in contacts
    ]
    made = api.create("deals", "contacts", BatchInputPublicAssociationMultiPost(inputs=rows))
    assert [r.to_object_id for r in made.results] == contacts
    asked = BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[PublicFetchAssociationsBatchRequest(id=c) for c in contacts]
    )
    read = api.get_page("contacts", "deals", asked)
    assert [[to.to_object_id for to in r.to] for r in read.results] == [[deal], [deal]]
    ends = PublicAssociationMultiArchive(_from=PublicObjectId(id=deal), to=[PublicObjectId(id=contacts[0])])
    api.archive("deals", "contacts", BatchInputPublicAssociationMultiArchive(inputs=[ends]))
    assert api.get_page("contacts", "deals", asked).num_errors == 1
    default = client.crm.associations.v4.basic_api.create_default("contacts", contacts[0], "deals", deal)
    assert {r.association_spec.association_type_id for r in default.results} == {3, 4}


def test_refreshes_a_token(sim, url):
    from hubspot.oauth.exceptions import ApiException

    public = hubspot.Client.create(host=url)
    answer = public.oauth.tokens_api.create(grant_type="refresh_token", **sim.oauth_credential)
    assert answer.expires_in == 1800
    client = hubspot.Client.create(access_token=answer.access_token, host=url)
    assert client.crm.contacts.get_all() == []
    about = client.oauth.access_tokens_api.get(answer.access_token)
    assert about.hub_id == sim.portal.portal_id
    wrong = {**sim.oauth_credential, "refresh_token": "nope"}
    with pytest.raises(ApiException) as problem:
        public.oauth.tokens_api.create(grant_type="refresh_token", **wrong)
    assert body_of(problem)["status"] == "BAD_REFRESH_TOKEN"


def test_errors_are_the_clients_own(sim, url, client):
    from hubspot.crm.contacts import SimplePublicObjectInputForCreate
    from hubspot.crm.contacts.exceptions import ApiException, NotFoundException, UnauthorizedException

    api = client.crm.contacts.basic_api
    with pytest.raises(ApiException) as problem:
        api.create(SimplePublicObjectInputForCreate(properties={"nope": "1"}, associations=[]))
    assert problem.value.status == 400
    assert body_of(problem)["category"] == "VALIDATION_ERROR"
    assert body_of(problem)["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    (held,) = sim.seed("contacts", [{"email": "held@example.com"}])
    with pytest.raises(ApiException) as problem:
        api.create(SimplePublicObjectInputForCreate(properties={"email": "HELD@example.com"}, associations=[]))
    assert problem.value.status == 409
    assert body_of(problem)["message"] == f"Contact already exists. Existing ID: {held}"
    with pytest.raises(NotFoundException) as problem:
        api.get_by_id("12")
    assert body_of(problem)["message"] == "resource not found"
    with pytest.raises(UnauthorizedException) as problem:
        hubspot.Client.create(access_token="pat-na1-wrong", host=url).crm.contacts.get_all()
    assert body_of(problem)["category"] == "INVALID_AUTHENTICATION"


def test_rate_limits_reach_the_client():
    from hubspot.crm.companies import PublicObjectSearchRequest
    from hubspot.crm.companies.exceptions import ApiException

    sim = HubSpotSimulator(quirks={"burst_limit": 3})
    with serve(sim) as server:
        client = hubspot.Client.create(access_token=sim.credential["access_token"], host=server.url)
        for _ in range(3):
            client.crm.companies.basic_api.get_page()
        with pytest.raises(ApiException) as problem:
            client.crm.companies.basic_api.get_page()
        assert problem.value.status == 429
        assert body_of(problem)["policyName"] == "TEN_SECONDLY_ROLLING"
        assert problem.value.headers["X-HubSpot-RateLimit-Remaining"] == "0"
        everything = PublicObjectSearchRequest(filter_groups=[], sorts=[], properties=[], limit=1, after="0")
        search = client.crm.companies.search_api.do_search
        with pytest.raises(ApiException) as problem:
            [search(everything) for _ in range(40)]
        assert body_of(problem)["policyName"] == "SECONDLY"
