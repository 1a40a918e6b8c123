"""SOQL and paging of the Salesforce simulator."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from vaiven_connectors.salesforce.simulator import SalesforceSimulator
from vaiven_sdk.testing import ManualClock

BASE = "/services/data/v63.0"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def sim(clock):
    return SalesforceSimulator(clock=clock)


@pytest.fixture
def ask(sim):
    http = TestClient(sim.app, headers={"Authorization": f"Bearer {sim.credential['access_token']}"})

    def ask(soql, path="query", **more):
        return http.get(f"{BASE}/{path}", params={"q": soql}, **more)

    ask.http = http
    return ask


@pytest.fixture
def people(sim):
    (acme,) = sim.seed("Account", [{"Name": "Acme"}])
    return sim.seed(
        "Contact",
        [
            {"LastName": "Byron", "FirstName": "Ada", "Email": "ada@example.com", "AccountId": acme, "DoNotCall": True},
            {"LastName": "Hopper", "FirstName": "Grace", "Email": "grace@example.com", "Birthdate": "1906-12-09"},
            {"LastName": "O'Neil", "LeadSource": "Web"},
        ],
    )


def names(answer):
    assert answer.status_code == 200, answer.text
    return [row["LastName"] for row in answer.json()["records"]]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("LastName = 'byron'", ["Byron"]),
        ("LastName != 'Byron'", ["Hopper", "O'Neil"]),
        ("LastName = 'O\\'Neil'", ["O'Neil"]),
        ("LastName LIKE '%o%' AND Email != null", ["Byron", "Hopper"]),
        ("Email = null", ["O'Neil"]),
        ("Email IN ('ADA@example.com', 'x')", ["Byron"]),
        ("Email NOT IN ('ada@example.com')", ["Hopper", "O'Neil"]),
        ("NOT (LastName = 'Byron' OR LeadSource = 'Web')", ["Hopper"]),
        ("(LastName = 'Byron' OR LeadSource = 'Web') AND DoNotCall = false", ["O'Neil"]),
        ("Account.Name = 'acme'", ["Byron"]),
        ("DoNotCall = TRUE", ["Byron"]),
        ("Birthdate < 1950-01-01", ["Hopper"]),
        ("CreatedDate = TODAY", ["Byron", "Hopper", "O'Neil"]),
        ("CreatedDate < TODAY", []),
        ("CreatedDate >= LAST_N_DAYS:3", ["Byron", "Hopper", "O'Neil"]),
        ("SystemModstamp > 2026-11-25T12:00:00Z", []),
        ("SystemModstamp >= 2026-11-25T13:00:00+01:00", ["Byron", "Hopper", "O'Neil"]),
        ("SystemModstamp > 2026-11-25T11:59:59.5Z", ["Byron", "Hopper", "O'Neil"]),
        ("AccountId IN (SELECT Id FROM Account WHERE Name = 'Acme')", ["Byron"]),
        ("AccountId NOT IN (SELECT Id FROM Account)", ["Hopper", "O'Neil"]),
    ],
)
def test_filters(ask, people, where, found):
    assert names(ask(f"SELECT LastName FROM Contact WHERE {where} ORDER BY LastName")) == found


def test_a_walk_by_key_sees_ties_of_a_transaction(sim, ask, clock, people):
    clock.advance(1)
    later = sim.seed("Contact", [{"LastName": f"L{i}"} for i in range(5)])
    soql = "SELECT Id, LastName, SystemModstamp FROM Contact WHERE {} ORDER BY SystemModstamp, Id LIMIT 3"
    where, seen = "SystemModstamp >= 2000-01-01T00:00:00Z", []
    while rows := ask(soql.format(where)).json()["records"]:
        seen += [row["Id"] for row in rows]
        at = rows[-1]["SystemModstamp"]
        where = f"SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{seen[-1]}')"
    assert seen == [*sorted(people), *sorted(later)]
    assert {row["SystemModstamp"] for row in ask("SELECT SystemModstamp FROM Contact").json()["records"]} == {
        "2026-11-25T12:00:00.000+0000",
        "2026-11-25T12:00:01.000+0000",
    }


def test_orders_by_several_with_nulls_first(ask, people):
    assert names(ask("SELECT LastName FROM Contact ORDER BY Email")) == ["O'Neil", "Byron", "Hopper"]
    assert names(ask("SELECT LastName FROM Contact ORDER BY Email DESC NULLS LAST")) == ["Hopper", "Byron", "O'Neil"]
    assert names(ask("SELECT LastName FROM Contact ORDER BY Email DESC")) == ["O'Neil", "Hopper", "Byron"]
    assert names(ask("SELECT LastName FROM Contact ORDER BY DoNotCall DESC, LastName DESC")) == [
        "Byron",
        "O'Neil",
        "Hopper",
    ]
    assert names(ask("SELECT LastName FROM Contact ORDER BY LastName LIMIT 1 OFFSET 1")) == ["Hopper"]


def test_relationships_and_polymorphic_parents(sim, ask, people):
    (deal,) = sim.seed("Opportunity", [{"Name": "D", "StageName": "Closed Won", "CloseDate": "2026-05-01"}])
    sim.seed("Task", [{"Subject": "Call", "WhoId": people[0], "WhatId": deal}])
    (task,) = ask("SELECT Subject, Who.Name, Who.Type, What.Name, Owner.Email FROM Task").json()["records"]
    assert task["Who"] == {
        "attributes": {"type": "Contact", "url": f"{BASE}/sobjects/Contact/{people[0]}"},
        "Name": "Ada Byron",
        "Type": "Contact",
    }
    (won,) = ask("select o.Id, o.IsWon, Probability, Account.Name, Fiscal from Opportunity o").json()["records"]
    assert (won["IsWon"], won["Probability"], won["Account"], won["Fiscal"]) == (True, 100.0, None, "2026 2")


def test_pages_by_next_records_url(sim, ask, clock):
    sim.seed("Lead", [{"LastName": f"L{i:03}", "Company": "C"} for i in range(450)])
    soql = "SELECT LastName FROM Lead ORDER BY LastName"
    first = ask(soql, headers={"Sforce-Query-Options": "batchSize=50"}).json()  # 200 is the least
    assert (len(first["records"]), first["totalSize"], first["done"]) == (200, 450, False)
    second = ask.http.get(first["nextRecordsUrl"]).json()
    last = ask.http.get(second["nextRecordsUrl"]).json()
    assert (len(last["records"]), last["done"], "nextRecordsUrl" in last) == (50, True, False)
    sim.page_cap = 7
    assert len(ask(f"{soql} LIMIT 300").json()["records"]) == 7
    clock.advance(2 * 86_400)
    assert ask.http.get(first["nextRecordsUrl"]).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_deleted_rows_are_in_query_all_alone(sim, ask, clock, people):
    clock.advance(60)
    sim.delete_records([people[0]])
    assert names(ask("SELECT LastName FROM Contact ORDER BY LastName")) == ["Hopper", "O'Neil"]
    soql = "SELECT LastName, LastModifiedDate, SystemModstamp FROM Contact WHERE IsDeleted = true"
    (gone,) = ask(soql, "queryAll").json()["records"]
    assert (gone["LastModifiedDate"][11:19], gone["SystemModstamp"][11:19]) == ("12:00:00", "12:01:00")
    assert ask("SELECT COUNT() FROM Contact").json() == {"totalSize": 2, "done": True, "records": []}


@pytest.mark.parametrize(
    ("soql", "code", "says"),
    [
        ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id Name FROM Contact", "MALFORMED_QUERY", "unexpected token: 'Name'"),
        ("SELECT Id FROM Contact WHERE A = 1 AND B = 2 OR C = 3", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        ("SELECT Id FROM Contact WHERE Name = #", "MALFORMED_QUERY", "unexpected token: '#'"),
        ("SELECT COUNT(Id) FROM Contact", "MALFORMED_QUERY", "does not know COUNT()"),
        ("SELECT Id FROM Contact LIMIT x", "MALFORMED_QUERY", "unexpected token: 'x'"),
        ("SELECT Nope__c FROM Contact", "INVALID_FIELD", "No such column 'Nope__c' on entity 'Contact'"),
        ("SELECT Id, id FROM Contact", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Boss.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT Who.Nope FROM Task", "INVALID_FIELD", "on entity 'Name'"),
        ("SELECT Id FROM Gadget__c", "INVALID_TYPE", "sObject type 'Gadget__c' is not supported"),
        ("SELECT Id FROM Contact WHERE SystemModstamp > '2026'", "INVALID_FIELD", "should not be enclosed in quotes"),
        ("SELECT Id FROM Contact WHERE Name = 7", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Contact ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT Id FROM Contact WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "more than 2000"),
    ],
)
def test_refuses(ask, soql, code, says):
    answer = ask(soql)
    assert answer.status_code == 400
    (problem,) = answer.json()
    assert problem["errorCode"] == code
    assert says in problem["message"]


def test_fields_and_objects_that_the_user_may_not_see(ask):
    hidden = SalesforceSimulator(quirks={"hidden_fields": ("Contact.DoNotCall",), "hidden_objects": ("Case",)})
    http = TestClient(hidden.app, headers={"Authorization": f"Bearer {hidden.credential['access_token']}"})
    refused = http.get(f"{BASE}/query", params={"q": "SELECT DoNotCall FROM Contact"}).json()
    assert refused[0]["errorCode"] == "INVALID_FIELD"
    assert http.get(f"{BASE}/query", params={"q": "SELECT Id FROM Case"}).json()[0]["errorCode"] == "INVALID_TYPE"
    assert "DoNotCall" not in {f["name"] for f in http.get(f"{BASE}/sobjects/Contact/describe").json()["fields"]}


def test_several_currencies(ask):
    assert ask("SELECT CurrencyIsoCode FROM Opportunity").json()[0]["errorCode"] == "INVALID_FIELD"
    assert ask("SELECT IsoCode FROM CurrencyType").json()[0]["errorCode"] == "INVALID_TYPE"
    sim = SalesforceSimulator(quirks={"currencies": ("EUR", "USD")})
    sim.sample("deals", 1)
    http = TestClient(sim.app, headers={"Authorization": f"Bearer {sim.credential['access_token']}"})
    found = http.get(f"{BASE}/query", params={"q": "SELECT Amount, CurrencyIsoCode FROM Opportunity"}).json()
    assert found["records"][0]["CurrencyIsoCode"] == "EUR"
    rates = http.get(f"{BASE}/query", params={"q": "SELECT IsoCode, IsCorporate FROM CurrencyType"}).json()
    assert [row["IsoCode"] for row in rates["records"]] == ["EUR", "USD"]
