"""Records, collections, sessions and what people do in the Salesforce simulator."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from joserfc import jwt
from starlette.testclient import TestClient

from vaiven_connectors.salesforce import _sim_ids as ids
from vaiven_connectors.salesforce.simulator import SalesforceSimulator
from vaiven_sdk.testing import ManualClock, NotDrivable, serve

BASE = "/services/data/v63.0"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TOKEN = "/services/oauth2/token"


def client(sim):
    return TestClient(sim.app, headers={"Authorization": f"Bearer {sim.credential['access_token']}"})


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def sim(clock):
    return SalesforceSimulator(clock=clock)


@pytest.fixture
def http(sim):
    return client(sim)


def refused(answer, status, code):
    assert answer.status_code == status, answer.text
    (problem,) = answer.json()
    assert problem["errorCode"] == code
    return problem


def test_ids_have_15_characters_or_18_in_any_case():
    assert ids.long("0019000000B98de") == "0019000000B98deAAB"
    assert ids.short("0019000000b98DEaab") == "0019000000B98de"
    assert ids.short("0019000000B98de") == "0019000000B98de"
    assert ids.short("0019000000B98deBAA") is None  # the first character is no letter
    assert ids.short("0019000000B98de9ZZ") is None
    assert ids.short("short") is None
    other = SalesforceSimulator(seed=1)
    assert SalesforceSimulator(seed=2).sample("contacts", 1) != other.sample("contacts", 1)


def test_versions_resources_and_describe(http):
    listed = TestClient(http.app).get("/services/data").json()  # no session is needed
    assert listed[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    assert listed[-1]["label"] == "Summer '26"
    assert http.get(BASE).json()["queryAll"] == f"{BASE}/queryAll"
    assert http.get(BASE).headers["sforce-limit-info"] == "api-usage=2/100000"
    assert http.get(f"{BASE}/sobjects/contact").json()["objectDescribe"]["keyPrefix"] == "003"
    children = http.get(f"{BASE}/sobjects/Account/describe").json()["childRelationships"]
    assert {"Contact", "Opportunity", "Case"} <= {one["childSObject"] for one in children}
    refused(http.get(f"{BASE}/sobjects/Gadget"), 404, "NOT_FOUND")
    refused(http.get("/services/data/v30.0/limits"), 410, "GONE")
    refused(http.get("/services/data/v99.0/limits"), 404, "NOT_FOUND")
    refused(http.put(f"{BASE}/limits"), 405, "METHOD_NOT_ALLOWED")
    refused(http.get("/nothing"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("kind", "values", "code", "fields"),
    [
        ("Contact", {"FirstName": "A"}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ("Contact", {"LastName": "  "}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ("Contact", {"LastName": "A", "Nope": 1}, "INVALID_FIELD", None),
        ("Contact", {"LastName": "A", "Id": "x"}, "INVALID_FIELD", None),
        ("Contact", {"LastName": "A", "Name": "B"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
        ("Contact", {"LastName": "A" * 81}, "STRING_TOO_LONG", ["LastName"]),
        ("Contact", {"LastName": "A", "Email": "no"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ("Contact", {"LastName": "A", "AccountId": "x"}, "MALFORMED_ID", ["AccountId"]),
        ("Contact", {"LastName": "A", "AccountId": "003000000000000"}, "FIELD_INTEGRITY_EXCEPTION", ["AccountId"]),
        ("Contact", {"LastName": "A", "AccountId": "001000000000000"}, "INVALID_CROSS_REFERENCE_KEY", []),
        ("Contact", {"LastName": "A", "Birthdate": "soon"}, "JSON_PARSER_ERROR", None),
        ("Contact", {"LastName": "A", "DoNotCall": "maybe"}, "JSON_PARSER_ERROR", None),
        ("Contact", {"LastName": ["A"]}, "JSON_PARSER_ERROR", None),
        ("Contact", {"LastName": "A", "Account": {"Nope__c": "1"}}, "INVALID_FIELD", None),
        ("Opportunity", {"Name": "A", "Amount": 1}, "REQUIRED_FIELD_MISSING", ["StageName", "CloseDate"]),
        ("Account", {"Name": "A", "AnnualRevenue": "much"}, "JSON_PARSER_ERROR", None),
        ("Account", {"Name": "A", "AnnualRevenue": 10**18}, "NUMBER_OUTSIDE_VALID_RANGE", ["AnnualRevenue"]),
        ("CampaignMember", {}, "REQUIRED_FIELD_MISSING", ["CampaignId", "LeadId"]),
        ("Organization", {"Name": "A"}, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", []),
    ],
)
def test_refuses_a_record(http, kind, values, code, fields):
    problem = refused(http.post(f"{BASE}/sobjects/{kind}", json=values), 400, code)
    assert problem.get("fields") == fields


def test_bodies_that_are_none(http):
    refused(http.post(f"{BASE}/sobjects/Contact", content=b"{"), 400, "JSON_PARSER_ERROR")
    refused(http.post(f"{BASE}/sobjects/Contact", json=[]), 400, "JSON_PARSER_ERROR")


def test_a_value_is_kept_as_the_vendor_keeps_it(sim, http):
    field = sim.create_field("Contact", "Hobbies", "multipicklist", values=["Tea", "Chess"], restricted=True)
    body = {"LastName": " Byron ", "FirstName": "", "birthdate": "1815-12-10T00:00:00Z", field: "Tea;Chess"}
    key = http.post(f"{BASE}/sobjects/Contact", json=body).json()["id"]
    names = "LastName,FirstName,Name,Birthdate,OwnerId,MailingAddress,Hobbies__c"
    read = http.get(f"{BASE}/sobjects/Contact/{key}", params={"fields": names}).json()
    assert (read["LastName"], read["FirstName"], read["Name"]) == ("Byron", None, "Byron")
    assert (read["Birthdate"], read["OwnerId"], read["MailingAddress"]) == ("1815-12-10", sim.org.user_id, None)
    bad = http.patch(f"{BASE}/sobjects/Contact/{key}", json={field: "Tea;Go"})
    refused(bad, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    found = http.get(f"{BASE}/query", params={"q": f"SELECT Id FROM Contact WHERE {field} INCLUDES ('Chess')"}).json()
    assert found["totalSize"] == 1
    refused(http.get(f"{BASE}/sobjects/Contact/{key}", params={"fields": "Nope"}), 400, "INVALID_FIELD")
    refused(http.get(f"{BASE}/sobjects/Contact/nope"), 404, "NOT_FOUND")
    refused(http.get(f"{BASE}/sobjects/Contact/{ids.long('003000000000000')}"), 404, "NOT_FOUND")


def test_an_account_has_an_entity_tag_and_the_others_have_dates(sim, http, clock):
    (account,), (contact,) = sim.sample("accounts", 1), sim.sample("contacts", 1)
    where = f"{BASE}/sobjects/Account/{account}"
    tag = http.get(where).headers["etag"]
    assert http.get(where, headers={"If-None-Match": tag}).status_code == 304
    clock.advance(5)
    assert http.patch(where, json={"Phone": "1"}, headers={"If-Match": f'"x", {tag[:-1]}-gzip"'}).status_code == 204
    assert http.patch(where, json={"Phone": "2"}, headers={"If-Match": tag}).status_code == 412
    person = f"{BASE}/sobjects/Contact/{contact}"
    read = http.get(person)
    assert "etag" not in read.headers
    before = {"If-Unmodified-Since": read.headers["last-modified"]}
    assert http.patch(person, json={"Title": "A"}, headers=before).status_code == 204
    assert http.patch(person, json={"Title": "B"}, headers=before).status_code == 412
    assert http.get(person, headers={"If-Modified-Since": "Wed, 25 Nov 2026 12:00:05 GMT"}).status_code == 304
    refused(http.get(person, headers={"If-Modified-Since": "soon"}), 400, "INVALID_HEADER")
    assert http.delete(where, headers={"If-Match": '"x"'}).status_code == 204  # DELETE knows no conditions


def test_upserts_one(sim, http):
    field = sim.create_field("Contact", "Hub", external=True)
    where = f"{BASE}/sobjects/Contact/{field}/h-1"
    made = http.patch(where, json={"LastName": "A"})
    assert (made.status_code, made.json()["created"]) == (201, True)
    assert http.patch(where, json={"LastName": "B"}).json()["created"] is False
    assert http.patch(where.replace("63.0", "45.0"), json={"LastName": "C"}).status_code == 204
    refused(http.patch(where, json={"LastName": "A", field: "h-1"}), 400, "INVALID_FIELD")
    refused(http.patch(f"{BASE}/sobjects/Contact/Title/x", json={"LastName": "A"}), 404, "NOT_FOUND")
    refused(http.patch(f"{BASE}/sobjects/Contact/{field}/9?updateOnly=true", json={}), 404, "NOT_FOUND")
    refused(http.get(f"{BASE}/sobjects/Contact/{field}/9"), 404, "NOT_FOUND")
    refused(http.delete(f"{BASE}/sobjects/Contact/{field}/9"), 404, "NOT_FOUND")
    assert http.delete(where).status_code == 204
    sim.undelete([made.json()["id"]])
    sim.seed("Contact", [{"LastName": "D", field: "H-1"}])
    several = http.patch(where, json={"LastName": "E"})
    assert (several.status_code, len(several.json())) == (300, 2)


def test_parents_are_named_by_external_id_and_unique_values_are(sim, http):
    field = sim.create_field("Account", "Code", external=True, unique=True)
    (acme,) = sim.seed("Account", [{"Name": "Acme", field: "a1"}])
    made = http.post(f"{BASE}/sobjects/Contact", json={"LastName": "A", "Account": {field: "A1"}}).json()
    assert sim.state()["Contact"][made["id"]]["AccountId"] == acme
    wrong = {"LastName": "A", "Account": {field: "zz"}}
    refused(http.post(f"{BASE}/sobjects/Contact", json=wrong), 400, "INVALID_FIELD")
    again = refused(http.post(f"{BASE}/sobjects/Account", json={"Name": "B", field: "A1"}), 400, "DUPLICATE_VALUE")
    assert again["message"] == f"duplicate value found: Code__c duplicates value on record with id: {acme[:15]}"


def test_collections_give_each_record_its_result(sim, http):
    field = sim.create_field("Contact", "Hub", external=True)
    kind = {"attributes": {"type": "Contact"}}
    rows = [{**kind, field: f"h{i}", "LastName": f"L{i}"} for i in range(3)]
    rows[1]["Email"] = "nobody"
    where = f"{BASE}/composite/sobjects/Contact/{field}"
    first = http.patch(where, json={"records": [*rows, rows[0], {**kind, "LastName": "X"}]}).json()
    assert [(one["success"], one["created"]) for one in first] == [
        (True, True),
        (False, False),
        (True, True),
        (False, False),
        (False, False),
    ]
    assert [one["errors"][0]["statusCode"] for one in first if one["errors"]] == [
        "INVALID_EMAIL_ADDRESS",
        "DUPLICATE_VALUE",
        "MISSING_ARGUMENT",
    ]
    both = http.patch(where, json={"allOrNone": True, "records": [{**rows[0], "Title": "T"}, rows[1]]}).json()
    assert [one["errors"][0]["statusCode"] for one in both] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "INVALID_EMAIL_ADDRESS",
    ]
    key = first[0]["id"]
    assert sim.state()["Contact"][key].get("Title") is None
    changes = [{**kind, "id": key, "Title": "T"}, {**kind, "id": "x"}, {**kind, "id": "003000000000000"}, kind]
    told = http.patch(f"{BASE}/composite/sobjects", json={"records": changes}).json()
    assert [one["errors"][0]["statusCode"] for one in told if not one["success"]] == [
        "MALFORMED_ID",
        "INVALID_CROSS_REFERENCE_KEY",
        "MISSING_ARGUMENT",
    ]
    read = http.get(f"{BASE}/composite/sobjects/Contact", params={"ids": f"{key},x", "fields": "Title"}).json()
    assert (read[0]["Title"], read[1]) == ("T", None)
    same = http.post(f"{BASE}/composite/sobjects/Contact", json={"ids": [key], "fields": ["Id"]}).json()
    assert same[0]["Id"] == key
    gone = http.delete(f"{BASE}/composite/sobjects", params={"ids": f"{key},{key},x"}).json()
    assert [one["errors"][0]["statusCode"] if one["errors"] else "" for one in gone] == [
        "",
        "ENTITY_IS_DELETED",
        "MALFORMED_ID",
    ]
    many = {"records": [kind] * 201}
    refused(http.post(f"{BASE}/composite/sobjects", json=many), 400, "EXCEEDED_ID_LIMIT")
    refused(http.post(f"{BASE}/composite/sobjects", json={"records": [{"LastName": "A"}]}), 400, "INVALID_FIELD")
    refused(http.post(f"{BASE}/composite/sobjects", json={}), 400, "JSON_PARSER_ERROR")


def test_composite_requests_refer_to_one_another(sim, http):
    make = {"method": "POST", "url": f"{BASE}/sobjects/Account", "referenceId": "a", "body": {"Name": "Acme"}}
    child = {
        "method": "POST",
        "url": f"{BASE}/sobjects/Contact",
        "referenceId": "c",
        "body": {"LastName": "A", "AccountId": "@{a.id}"},
    }
    ask = {"method": "GET", "url": f"{BASE}/query?q=SELECT+Id+FROM+Contact", "referenceId": "q"}
    answer = http.post(f"{BASE}/composite", json={"compositeRequest": [make, child, ask]}).json()
    first, second, third = answer["compositeResponse"]
    assert (first["httpStatusCode"], second["httpStatusCode"], third["body"]["totalSize"]) == (201, 201, 1)
    assert first["httpHeaders"]["Location"].endswith(first["body"]["id"])
    bad = {**child, "body": {"LastName": ""}}
    answer = http.post(f"{BASE}/composite", json={"allOrNone": True, "compositeRequest": [make, bad]}).json()
    assert [one["body"][0]["errorCode"] for one in answer["compositeResponse"]] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
    ]
    assert len(sim.state()["Account"]) == 1
    lost = {**child, "body": {"LastName": "@{zz.id}"}}
    answer = http.post(f"{BASE}/composite", json={"compositeRequest": [lost]}).json()
    assert answer["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    refused(http.post(f"{BASE}/composite", json={}), 400, "LIMIT_EXCEEDED")


def test_a_merge_takes_the_losers_and_moves_their_children(sim, clock):
    winner, loser = sim.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    mails, calls = sim.seed("Campaign", [{"Name": "Mails"}, {"Name": "Calls"}])
    kept, doubled, moved = sim.seed(
        "CampaignMember",
        [
            {"CampaignId": mails, "ContactId": winner},
            {"CampaignId": mails, "ContactId": loser},
            {"CampaignId": calls, "ContactId": loser},
        ],
    )
    clock.advance(9)
    assert sim.merge(winner, [loser], {"Title": "Dr"}) == winner
    contacts, members = sim.state()["Contact"], sim.state()["CampaignMember"]
    assert (contacts[loser]["IsDeleted"], contacts[loser]["MasterRecordId"]) == (True, winner)
    assert contacts[loser]["SystemModstamp"] == contacts[winner]["SystemModstamp"] == "2026-11-25T12:00:09.000+0000"
    assert contacts[winner]["Title"] == "Dr"
    assert (members[doubled]["IsDeleted"], members[moved]["ContactId"], members[kept]["IsDeleted"]) == (
        True,
        winner,
        False,
    )
    with pytest.raises(ValueError, match="MERGE_FAILED"):
        sim.merge(mails, [calls])


def test_a_lead_is_converted(sim, http):
    (lead,) = sim.seed("Lead", [{"LastName": "A", "Company": "Acme", "HasOptedOutOfEmail": True}])
    (mails,) = sim.seed("Campaign", [{"Name": "Mails"}])
    (member,) = sim.seed("CampaignMember", [{"CampaignId": mails, "LeadId": lead, "Status": "Responded"}])
    found = sim.convert_lead(lead, opportunity="Deal")
    state = sim.state()
    assert state["Account"][found["ConvertedAccountId"]]["Name"] == "Acme"
    assert state["Contact"][found["ConvertedContactId"]]["HasOptedOutOfEmail"] is True
    assert state["Lead"][lead]["IsConverted"] is True
    assert state["CampaignMember"][member]["ContactId"] == found["ConvertedContactId"]
    late = http.patch(f"{BASE}/sobjects/Lead/{lead}", json={"Title": "T"})
    refused(late, 400, "CANNOT_UPDATE_CONVERTED_LEAD")
    with pytest.raises(ValueError, match="CANNOT_UPDATE_CONVERTED_LEAD"):
        sim.convert_lead(lead)
    figures = http.get(f"{BASE}/sobjects/Campaign/{mails}").json()
    assert (figures["NumberOfLeads"], figures["NumberOfConvertedLeads"], figures["NumberOfResponses"]) == (1, 1, 1)
    again = {"CampaignId": mails, "ContactId": found["ConvertedContactId"]}
    refused(http.post(f"{BASE}/sobjects/CampaignMember", json=again), 400, "DUPLICATE_VALUE")


def test_deleting_takes_children_along_and_cases_hold_back(sim, http):
    (acme, held) = sim.seed("Account", [{"Name": "Acme"}, {"Name": "Held"}])
    (contact,) = sim.seed("Contact", [{"LastName": "A", "AccountId": acme}])
    sim.seed("Case", [{"Subject": "Q", "AccountId": held, "Status": "Closed"}])
    assert http.delete(f"{BASE}/sobjects/Account/{acme}").status_code == 204
    assert sim.state()["Contact"][contact]["IsDeleted"] is True
    refused(http.delete(f"{BASE}/sobjects/Account/{held}"), 400, "DELETE_FAILED")
    refused(http.delete(f"{BASE}/sobjects/User/{sim.org.user_id}"), 400, "INVALID_TYPE_FOR_OPERATION")
    refused(http.delete(f"{BASE}/sobjects/Account/{acme}"), 404, "ENTITY_IS_DELETED")
    assert sim.empty_recycle_bin() == 2
    span = {"start": "2026-11-25T11:00:00Z", "end": "2026-11-25T12:30:00Z"}
    gone = http.get(f"{BASE}/sobjects/Account/deleted/", params=span).json()["deletedRecords"]
    assert [one["id"] for one in gone] == [acme]
    wrong = {"start": "2026-01-01T00:00:00Z", "end": "2026-11-25T12:30:00Z"}
    refused(http.get(f"{BASE}/sobjects/Account/updated/", params=wrong), 400, "INVALID_REPLICATION_DATE")
    refused(http.get(f"{BASE}/sobjects/Account/updated/"), 400, "INVALID_REPLICATION_DATE")
    refused(http.get(f"{BASE}/sobjects/Account/updated/?start=x&end=y"), 400, "INVALID_REPLICATION_DATE")


def test_a_bounce_is_the_systems_doing(sim, clock):
    (contact,) = sim.sample("contacts", 1)
    clock.advance(3)
    sim.bounce(contact)
    row = sim.state()["Contact"][contact]
    assert (row["SystemModstamp"][17:19], row["LastModifiedDate"][17:19], row["IsEmailBounced"]) == ("03", "00", True)


def test_a_duplicate_rule_alerts(clock):
    sim = SalesforceSimulator(clock=clock, quirks={"duplicate_rules": ("Contact", "Account")})
    http = client(sim)
    (held,) = sim.seed("Contact", [{"LastName": "A", "Email": "a@example.com"}])
    body = {"LastName": "B", "Email": "A@example.com"}
    problem = refused(http.post(f"{BASE}/sobjects/Contact", json=body), 400, "DUPLICATES_DETECTED")
    assert problem["duplicateResut"]["matchResults"][0]["matchRecords"][0]["record"]["Id"] == held
    saved = http.post(f"{BASE}/sobjects/Contact", json=body, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"})
    assert saved.status_code == 201
    records = {"records": [{"attributes": {"type": "Account"}, "Name": "Same"} for _ in range(2)]}
    results = http.post(f"{BASE}/composite/sobjects", json=records).json()
    assert [one["success"] for one in results] == [True, False]
    assert results[1]["errors"][0]["duplicateResult"]["duplicateRuleEntityType"] == "Account"


def test_siblings_written_at_once_cannot_lock_their_parent():
    sim = SalesforceSimulator(quirks={"lock_seconds": 0.2})
    (acme,) = sim.seed("Account", [{"Name": "Acme"}])
    signed = {"Authorization": f"Bearer {sim.credential['access_token']}"}
    with serve(sim) as server, httpx.Client(base_url=server.url, headers=signed, trust_env=False) as http:

        def write(name):
            return http.post(f"{BASE}/sobjects/Contact", json={"LastName": name, "AccountId": acme})

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(write, "AB"), key=lambda one: one.status_code)
        assert [one.status_code for one in answers] == [201, 400]
        assert answers[1].json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
        assert acme in answers[1].json()[0]["message"]
        assert write("C").status_code == 201


def test_signs_in_by_code_refresh_client_and_key(sim, http, clock):
    app = {"client_id": sim.sessions.client_id, "client_secret": sim.sessions.client_secret}
    asked = {"client_id": app["client_id"], "redirect_uri": "https://hub.example/cb", "state": "s"}
    page = http.get("/services/oauth2/authorize", params=asked, follow_redirects=False)
    code = httpx.URL(page.headers["location"]).params["code"]
    first = http.post(TOKEN, data={**app, "grant_type": "authorization_code", "code": code}).json()
    assert set(first) >= {"access_token", "refresh_token", "instance_url", "id", "issued_at", "signature"}
    assert "expires_in" not in first
    second = http.post(TOKEN, data={**app, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    assert "refresh_token" not in second.json()
    signed = {"Authorization": f"Bearer {second.json()['access_token']}"}
    assert http.get("/services/oauth2/userinfo", headers=signed).json()["user_id"] == sim.org.user_id
    assert http.get(httpx.URL(first["id"]).path, headers=signed).json()["organization_id"] == sim.org.org_id
    clock.advance(7000)
    assert http.get(BASE, headers=signed).status_code == 200  # use keeps a session alive
    clock.advance(7201)
    refused(http.get(BASE, headers=signed), 401, "INVALID_SESSION_ID")
    given = sim.jwt_credential
    claims = {"iss": given["client_id"], "sub": given["username"], "aud": "https://login.salesforce.com"}

    def by_key(**changes):
        text = jwt.encode(
            {"alg": "RS256"}, {**claims, "exp": clock.now().timestamp() + 60, **changes}, sim.sessions.key
        )
        return http.post(TOKEN, data={"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": text})

    assert by_key().status_code == 200
    assert by_key(aud="https://test.salesforce.com").json()["error_description"] == "audience is invalid"
    assert by_key(exp=1).json()["error"] == "invalid_grant"
    assert by_key(sub="nobody@x").json()["error_description"] == "user hasn't approved this consumer"
    assert by_key(iss="x").json()["error"] == "invalid_client_id"
    http.post("/services/oauth2/revoke", data={"token": first["refresh_token"]})
    refused(http.get(BASE), 401, "INVALID_SESSION_ID")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "x"}, "invalid_client_id"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, "invalid_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "x"}, "invalid_client"),
    ],
)
def test_refuses_a_grant(sim, http, form, error):
    app = {"client_id": sim.sessions.client_id, "client_secret": sim.sessions.client_secret}
    answer = http.post(TOKEN, data={**app, **form})
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert http.post("/services/oauth2/revoke", data={"token": "x"}).json()["error"] == "unsupported_token_type"
    assert http.get("/services/oauth2/authorize").json()["error"] == "invalid_client_id"


def test_a_sandbox_signs_in_at_its_own_host():
    sim = SalesforceSimulator(quirks={"sandbox": True})
    given, http = sim.oauth_credential, client(sim)
    form = {**given, "grant_type": "refresh_token"}
    there = http.post(TOKEN, data=form, headers={"Host": "test.salesforce.com"})
    assert there.status_code == 200
    wrong = http.post(TOKEN, data=form, headers={"Host": "login.salesforce.com"})
    assert wrong.json() == {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    machine = {"client_id": given["client_id"], "client_secret": given["client_secret"]}
    wrong = http.post(
        TOKEN, data={**machine, "grant_type": "client_credentials"}, headers={"Host": "login.salesforce.com"}
    )
    assert wrong.json()["error_description"] == "request not supported on this domain"


def test_the_kit_can_drive_it(sim, clock):
    streams = (
        "accounts contacts leads opportunities campaigns campaign_members tasks cases users opportunity_stages".split()
    )
    for stream in streams:
        (key, gone) = sim.sample(stream, 2)
        before = dict(sim._row(key))
        clock.advance(2)
        sim.touch(stream, key)
        assert sim._row(key)["SystemModstamp"] > before["SystemModstamp"]
        sim.remove(stream, gone)
    field, key = sim.customise("leads")
    assert sim.state()["Lead"][key][field] == "teal"
    assert sim.unwanted("contacts")["email"] == "no-address"
    for call in (sim.customise, sim.unwanted):
        with pytest.raises(NotDrivable):
            call("opportunity_stages")
    with pytest.raises(NotDrivable):
        sim.sample("gadgets", 1)
    with pytest.raises(ValueError, match="there is no record"):
        sim.edit(["x"], {})
    sim.revoke_access()
    refused(client(sim).get(BASE), 401, "INVALID_SESSION_ID")
