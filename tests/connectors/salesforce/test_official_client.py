"""simple-salesforce, unmodified apart from http in place of https, talks to the simulator."""

import csv
import io
import warnings
from datetime import UTC, datetime, timedelta

import pytest

from vaiven_connectors.salesforce.simulator import SalesforceSimulator
from vaiven_sdk.testing import serve

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    simple_salesforce = pytest.importorskip(
        "simple_salesforce", reason="the official client (extra `real`) is not installed"
    )

requests = pytest.importorskip("requests")

pytestmark = pytest.mark.client


class Plain(requests.Session):
    """The client builds https addresses only; this sends them to the same host and port over http."""

    def request(self, method, url, *args, **options):
        return super().request(method, url.replace("https://", "http://", 1), *args, **options)


@pytest.fixture
def sim():
    return SalesforceSimulator()


@pytest.fixture
def url(sim):
    with serve(sim) as server:
        yield server.url


@pytest.fixture
def session():
    with Plain() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def client(sim, url, session):
    token = sim.credential["access_token"]
    return simple_salesforce.Salesforce(instance_url=url, session_id=token, version="63.0", session=session)


def test_reads_every_page(sim, client):
    ids = sim.seed("Contact", [{"LastName": f"P{i:04}", "Email": f"p{i}@example.com"} for i in range(2345)])
    soql = "SELECT Id, Name, Email, Owner.Name FROM Contact ORDER BY SystemModstamp, Id"
    first = client.query(soql)
    assert (first["totalSize"], first["done"], len(first["records"])) == (2345, False, 2000)
    assert first["nextRecordsUrl"].endswith("-2000")
    found = list(client.query_all_iter(soql))
    assert [one["Id"] for one in found] == sorted(ids)
    assert found[0]["Owner"]["Name"] == "Vaiven Integration"
    assert client.api_usage["api-usage"].total == 100_000
    assert client.is_sandbox() is False


def test_creates_reads_changes_and_deletes(sim, client):
    made = client.Contact.create({"LastName": "Byron", "FirstName": "Ada", "HasOptedOutOfEmail": True})
    assert (made["success"], made["errors"], len(made["id"])) == (True, [], 18)
    assert client.Contact.update(made["id"][:15], {"Title": "Countess"}) == 204
    read = client.Contact.get(made["id"])
    assert (read["Name"], read["Title"], read["HasOptedOutOfEmail"], read["DoNotCall"]) == (
        "Ada Byron",
        "Countess",
        True,
        False,
    )
    assert client.Contact.delete(made["id"]) == 204
    with pytest.raises(simple_salesforce.SalesforceResourceNotFound) as problem:
        client.Contact.get(made["id"])
    assert problem.value.content[0]["errorCode"] == "ENTITY_IS_DELETED"
    soql = "SELECT Id, IsDeleted FROM Contact WHERE IsDeleted = true"
    assert client.query(soql)["totalSize"] == 0
    assert client.query_all(soql, include_deleted=True)["totalSize"] == 1


def test_upserts_by_external_id(sim, client):
    field = sim.create_field("Contact", "Hub", external=True)
    assert client.Contact.upsert(f"{field}/h-1", {"LastName": "One"}) == 201
    again = client.Contact.upsert(f"{field}/h-1", {"LastName": "Two"}, raw_response=True)
    assert (again.status_code, again.json()["created"]) == (200, False)
    assert client.Contact.get_by_custom_id(field, "h-1")["LastName"] == "Two"
    sim.seed("Contact", [{"LastName": "Three", field: "h-1"}])
    with pytest.raises(simple_salesforce.SalesforceMoreThanOneRecord) as problem:
        client.Contact.upsert(f"{field}/h-1", {"LastName": "Four"})
    assert len(problem.value.content) == 2


def test_describes_and_replicates(sim, client):
    sim.create_field("Lead", "Score", "double")
    assert {"Account", "Contact", "Lead", "CampaignMember"} <= {one["name"] for one in client.describe()["sobjects"]}
    fields = {one["name"]: one for one in client.Lead.describe()["fields"]}
    assert (fields["Score__c"]["custom"], fields["Score__c"]["type"]) == (True, "double")
    assert fields["OwnerId"]["referenceTo"] == ["User"]
    gone, kept = sim.sample("leads", 2)
    sim.remove("leads", gone)
    span = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(minutes=2)
    assert [one["id"] for one in client.Lead.deleted(*span)["deletedRecords"]] == [gone]
    assert client.Lead.updated(*span)["ids"] == [kept]
    assert client.limits()["DailyApiRequests"]["Max"] == 100_000
    assert client.oauth2("userinfo")["organization_id"] == sim.org.org_id


def test_errors_are_the_clients_own(sim, client, url, session):
    with pytest.raises(simple_salesforce.SalesforceMalformedRequest) as problem:
        client.query("SELECT Nope FROM Contact")
    assert problem.value.content[0]["errorCode"] == "INVALID_FIELD"
    with pytest.raises(simple_salesforce.SalesforceMalformedRequest) as problem:
        client.query("SELECT FROM Contact")
    assert problem.value.content[0]["errorCode"] == "MALFORMED_QUERY"
    with pytest.raises(simple_salesforce.SalesforceMalformedRequest) as problem:
        client.Lead.create({"LastName": "X"})
    assert problem.value.content == [
        {
            "message": "Required fields are missing: [Company]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Company"],
        }
    ]
    wrong = simple_salesforce.Salesforce(instance_url=url, session_id="no", version="63.0", session=session)
    with pytest.raises(simple_salesforce.SalesforceExpiredSession) as problem:
        wrong.query("SELECT Id FROM Lead")
    assert problem.value.content[0]["errorCode"] == "INVALID_SESSION_ID"
    old = simple_salesforce.Salesforce(
        instance_url=url, session_id=sim.credential["access_token"], version="29.0", session=session
    )
    with pytest.raises(simple_salesforce.SalesforceGeneralError) as problem:
        old.query("SELECT Id FROM Lead")
    assert problem.value.status == 410


@pytest.mark.parametrize(
    ("quirks", "code"),
    [({"daily_limit": 1}, "REQUEST_LIMIT_EXCEEDED"), ({"api_enabled": False}, "API_DISABLED_FOR_ORG")],
)
def test_refusals_reach_the_client(quirks, code, session):
    sim = SalesforceSimulator(quirks=quirks)
    with serve(sim) as server:
        client = simple_salesforce.Salesforce(
            instance_url=server.url, session_id=sim.credential["access_token"], session=session
        )
        if sim.api_enabled:
            client.query("SELECT Id FROM Lead")
        with pytest.raises(simple_salesforce.SalesforceRefusedRequest) as problem:
            client.query("SELECT Id FROM Lead")
    assert problem.value.content[0]["errorCode"] == code


def test_bulk_jobs(sim, client):
    sim.quirk["job_polls"] = 0
    sim.queue._polls = 0
    field = sim.create_field("Contact", "Hub", external=True, unique=True)
    rows = [{"LastName": f"B{i}", "Email": f"b{i}@example.com", field: f"h-{i}"} for i in range(7)]
    bad = {"LastName": "Bad", "Email": "nobody", field: "h-9"}
    (done,) = client.bulk2.Contact.upsert(records=[*rows, bad], external_id_field=field, wait=0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (8, 1)
    failed = list(csv.DictReader(io.StringIO(client.bulk2.Contact.get_failed_records(done["job_id"]))))
    assert [row["sf__Error"].partition(":")[0] for row in failed] == ["INVALID_EMAIL_ADDRESS"]
    good = list(csv.DictReader(io.StringIO(client.bulk2.Contact.get_successful_records(done["job_id"]))))
    assert ({row["sf__Created"] for row in good}, len(good)) == ({"true"}, 7)
    soql = "SELECT Id, LastName, Account.Name FROM Contact ORDER BY LastName"
    pages = list(client.bulk2.Contact.query(soql, max_records=3, wait=0))
    found = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert (len(pages), [row["LastName"] for row in found]) == (3, [f"B{i}" for i in range(7)])
    (gone,) = client.bulk2.Contact.delete(records=[{"Id": row["Id"]} for row in found[:2]], wait=0)
    assert gone["numberRecordsFailed"] == 0
    (update,) = client.bulk2.Contact.update(records=[{"Id": found[3]["Id"], "Title": "#N/A"}], wait=0)
    assert update["numberRecordsProcessed"] == 1
    assert client.query("SELECT Id FROM Contact")["totalSize"] == 5


def test_collections(sim, client):
    records = [{"attributes": {"type": "Lead"}, "LastName": f"L{i}", "Company": "C"} for i in range(3)]
    results = client._call_salesforce(
        "POST",
        f"{client.base_url}composite/sobjects",
        json={"allOrNone": False, "records": [*records, {**records[0], "Email": "x"}]},
    ).json()
    assert [one["success"] for one in results] == [True, True, True, False]
    assert results[3]["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"


def test_signs_in(sim, url, session):
    host = url.removeprefix("http://")

    class ToLogin(Plain):
        def request(self, method, url, *args, **options):
            return super().request(
                method,
                url.replace("acme.my.salesforce.com", host).replace("login.salesforce.com", host),
                *args,
                **options,
            )

    sessions = sim.sessions
    with ToLogin() as plain:
        plain.trust_env = False
        app = {"consumer_key": sessions.client_id, "consumer_secret": sessions.client_secret}
        client = simple_salesforce.Salesforce(**app, domain="acme.my", session=plain)
        assert client.query("SELECT Id FROM Lead")["totalSize"] == 0
        given = sim.jwt_credential
        key = {"username": given["username"], "privatekey": given["private_key"]}
        client = simple_salesforce.Salesforce(**key, consumer_key=given["client_id"], session=plain)
        assert client.query("SELECT Id FROM Lead")["totalSize"] == 0
        with pytest.raises(simple_salesforce.SalesforceAuthenticationFailed) as problem:
            simple_salesforce.Salesforce(consumer_key="x", consumer_secret="y", domain="acme.my", session=plain)
        assert problem.value.code == "invalid_client_id"
