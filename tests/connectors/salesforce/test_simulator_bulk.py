"""Bulk API 2.0 of the Salesforce simulator."""

import csv
import io

import pytest
from starlette.testclient import TestClient

from vaiven_connectors.salesforce.simulator import SalesforceSimulator

JOBS = "/services/data/v63.0/jobs"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
def sim():
    return SalesforceSimulator()


@pytest.fixture
def http(sim):
    return TestClient(sim.app, headers={"Authorization": f"Bearer {sim.credential['access_token']}"})


def rows(answer, **form):
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text), **form))


def states(http, where):
    found = []
    while (state := http.get(where).json()["state"]) in {"UploadComplete", "InProgress"}:
        found.append(state)
    return [*found, state]


def test_a_query_is_polled_and_read_in_sets(sim, http):
    sim.seed("Contact", [{"LastName": f"L{i}", "DoNotCall": i == 0} for i in range(5)])
    soql = "SELECT Id, LastName, DoNotCall, Title, Account.Name, CreatedDate FROM Contact ORDER BY LastName"
    job = http.post(f"{JOBS}/query", json={"operation": "query", "query": soql}).json()
    assert (job["state"], job["object"], job["contentType"]) == ("UploadComplete", "Contact", "CSV")
    where = f"{JOBS}/query/{job['id']}"
    assert http.get(f"{where}/results").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert states(http, where) == ["UploadComplete", "JobComplete"]
    assert http.get(where).json()["numberRecordsProcessed"] == 5
    first = http.get(f"{where}/results", params={"maxRecords": 3})
    assert first.headers["sforce-numberofrecords"] == "3"
    assert first.text.startswith('"Id","LastName","DoNotCall","Title","Account.Name","CreatedDate"\n')
    last = http.get(f"{where}/results", params={"maxRecords": 3, "locator": first.headers["sforce-locator"]})
    assert (last.headers["sforce-locator"], len(rows(last))) == ("null", 2)
    (row, *_) = rows(first)
    assert (row["DoNotCall"], row["Title"], row["CreatedDate"][-5:]) == ("true", "", ".000Z")
    sim.page_cap = 1
    assert len(rows(http.get(f"{where}/results"))) == 1
    assert http.get(f"{where}/results", params={"locator": "!"}).json()[0]["errorCode"] == "INVALIDLOCATOR"
    assert [one["id"] for one in http.get(f"{JOBS}/query").json()["records"]] == [job["id"]]
    assert http.delete(where).status_code == 204
    assert http.get(where).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"operation": "delete", "query": "SELECT Id FROM Contact"}, "INVALIDJOB"),
        ({"operation": "query", "query": "SELECT Nope FROM Contact"}, "INVALID_FIELD"),
        ({"operation": "query", "query": "SELECT MailingAddress FROM Contact"}, "FUNCTIONALITY_NOT_ENABLED"),
        ({"operation": "query", "query": "SELECT Id FROM Contact OFFSET 3"}, "MALFORMED_QUERY"),
        ({"operation": "query", "query": "SELECT Id FROM Contact", "columnDelimiter": "DOT"}, "INVALIDJOB"),
    ],
)
def test_refuses_a_query(http, body, code):
    answer = http.post(f"{JOBS}/query", json=body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_query_all_has_the_deleted(sim, http):
    sim.remove("leads", sim.sample("leads", 2)[0])
    body = {"operation": "queryAll", "query": "SELECT Id, IsDeleted FROM Lead", "lineEnding": "CRLF"}
    where = f"{JOBS}/query/{http.post(f'{JOBS}/query', json=body).json()['id']}"
    states(http, where)
    assert sorted(row["IsDeleted"] for row in rows(http.get(f"{where}/results"))) == ["false", "true"]


def ingest(http, content, **job):
    made = http.post(f"{JOBS}/ingest", json={"contentType": "CSV", **job}).json()
    where = f"{JOBS}/ingest/{made['id']}"
    assert http.put(f"/{made['contentUrl']}", content=content, headers=CSV).status_code == 201
    assert http.patch(where, json={"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    return where


def test_an_upsert_tells_what_became_of_each_row(sim, http):
    field = sim.create_field("Contact", "Hub", external=True)
    account = sim.create_field("Account", "Code", external=True)
    (acme,) = sim.seed("Account", [{"Name": "Acme", account: "a1"}])
    content = f"{field}|LastName|Title|Account.{account}\nh1|A|X|a1\nh2||Y|\nh3|C|Z|zz\n"
    where = ingest(
        http, content, object="Contact", operation="upsert", externalIdFieldName=field, columnDelimiter="PIPE"
    )
    assert states(http, where) == ["UploadComplete", "JobComplete"]
    told = http.get(where).json()
    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (3, 2)
    (good,) = rows(http.get(f"{where}/successfulResults"), delimiter="|")
    assert (good["sf__Created"], good[field]) == ("true", "h1")
    assert sim.state()["Contact"][good["sf__Id"]]["AccountId"] == acme
    bad = rows(http.get(f"{where}/failedResults"), delimiter="|")
    assert bad[0]["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert bad[1]["sf__Error"].startswith("INVALID_FIELD:Foreign key external ID: zz")
    assert rows(http.get(f"{where}/unprocessedrecords")) == []
    again = f"{field},Title\nh1,#N/A\n"
    where = ingest(http, again, object="Contact", operation="upsert", externalIdFieldName=field)
    states(http, where)
    assert rows(http.get(f"{where}/successfulResults"))[0]["sf__Created"] == "false"
    assert sim.state()["Contact"][good["sf__Id"]]["Title"] is None


def test_deletes_softly_and_for_good(sim, http):
    one, two = sim.sample("leads", 2)
    for operation in ("delete", "delete", "hardDelete"):
        where = ingest(http, f"Id\n{one}\n", object="Lead", operation=operation)
        states(http, where)
    assert set(sim.state()["Lead"]) == {two}
    where = ingest(http, f"Id,Title\n{two},Dr\n", object="Lead", operation="update")
    states(http, where)
    assert sim.state()["Lead"][two]["Title"] == "Dr"
    where = ingest(
        http,
        f"Id,LastName,Company\n,New,Co\n{two},Old,Co\n",
        object="Lead",
        operation="upsert",
        externalIdFieldName="Id",
    )
    states(http, where)
    assert [row["sf__Created"] for row in rows(http.get(f"{where}/successfulResults"))] == ["true", "false"]


def test_an_unknown_column_fails_the_job(http):
    where = ingest(http, "LastName,Nope\nA,B\n", object="Contact", operation="insert")
    assert states(http, where)[-1] == "Failed"
    assert http.get(where).json()["errorMessage"] == "InvalidBatch : Field name not found : Nope"
    assert len(rows(http.get(f"{where}/unprocessedRecords"))) == 1


def test_the_order_of_steps_is_kept(http):
    job = http.post(f"{JOBS}/ingest", json={"object": "Lead", "operation": "insert"}).json()
    where = f"{JOBS}/ingest/{job['id']}"
    assert http.put(f"{where}/batches", content="A", headers={"Content-Type": "x/y"}).status_code == 415
    assert http.get(f"{where}/failedResults").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert http.patch(where, json={"state": "Aborted"}).json()["state"] == "Aborted"
    for state in ("Aborted", "UploadComplete"):
        assert http.patch(where, json={"state": state}).json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert http.put(f"{where}/batches", content="A", headers=CSV).json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert [one["id"] for one in http.get(f"{JOBS}/ingest").json()["records"]] == [job["id"]]
    assert http.delete(where).status_code == 204
    for body, code in (
        ({"object": "Nope", "operation": "insert"}, "INVALIDENTITY"),
        ({"object": "Lead", "operation": "copy"}, "INVALIDJOB"),
        ({"object": "Lead", "operation": "upsert", "externalIdFieldName": "Title"}, "INVALIDJOB"),
    ):
        assert http.post(f"{JOBS}/ingest", json=body).json()[0]["errorCode"] == code
    query = http.post(f"{JOBS}/query", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()
    assert http.patch(f"{JOBS}/query/{query['id']}", json={"state": "Aborted"}).json()["state"] == "Aborted"
