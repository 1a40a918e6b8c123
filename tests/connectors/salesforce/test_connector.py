"""The Salesforce connector: the shape of its requests, where each page goes on, and what becomes of each write."""

import asyncio
import json
from typing import Any

import pytest

from vaiven_connectors.salesforce import connector
from vaiven_connectors.salesforce._bulk import Results
from vaiven_connectors.salesforce._settings import Settings, V
from vaiven_connectors.salesforce._soql import SIZE, instant, quoted
from vaiven_sdk import (
    AnswerMalformed,
    ConfigInvalid,
    Guarantee,
    NotFound,
    PermissionMissing,
    RequestRefused,
    Session,
    Window,
    Write,
)
from vaiven_sdk.http import Answer

BEGIN = "2026-11-20T10:00:00.123456Z"
DATE = {"date": "Wed, 25 Nov 2026 12:00:00 GMT"}
FIELDS = {"fields": [{"name": name} for name in ("Id", "SystemModstamp", "LastName", "Email", "Vaiven_Id__c")]}


class Recorder:
    """Stands for the client: notes every request, and gives the next answer; describes are answered by themselves."""

    def __init__(self, *answers: Any, described: Any = FIELDS, **config: Any) -> None:
        self.answers, self.described = list(answers), described
        self.sent: list[dict[str, Any]] = []
        self.hub = Session(Settings(**config), self.send)

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        if path.endswith("/describe"):
            answer = self.described
        else:
            self.sent.append({"method": method, "path": path.removeprefix(V), **options})
            answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Answer):
            return answer
        return Answer(200, DATE, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    @property
    def queries(self) -> list[str]:
        return [one["params"]["q"] for one in self.sent if "q" in (one.get("params") or {})]


@pytest.fixture
def patient(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return slept


def rows(*ids, at="2026-11-20T10:00:00.000+0000", done=True, **values):
    return {"totalSize": 9, "done": done, "records": [{"Id": i, "SystemModstamp": at, **values} for i in ids]}


def walk(recorder, read, state=None, **window):
    async def pages():
        wanted = Window(recorder.hub.config, **window)
        return [page async for page in recorder.hub.walk(read, wanted, state=state)]

    return asyncio.run(pages())


def ids_of(pages):
    return [json.loads(bytes(item))["Id"] for page in pages for item in page.items]


def creation(stream, hub_id, **values):
    record, names = connector.streams[stream].record.blank(values)
    return Write("create", hub_id, record, None, frozenset(names))


def update(stream, remote_id, hub_id="h", before=None, **values):
    old = connector.streams[stream].record.model_validate({"Id": remote_id, **(before or {})})
    record, names = old.with_unified({**old.unified(), **values}, set(values))
    return Write("update", hub_id, record, remote_id, frozenset(names), before=old)


def write(recorder, stream, op, *writes):
    outcomes = asyncio.run(connector.streams[stream].writers[op].function(recorder.hub, writes))
    return {one.hub_id: (one.status, one.id, one.code) for one in outcomes}


def refusal(code, message="No."):
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}


# ------------------------------------------------------------------------------------------------- reading
def test_changes_are_asked_for_by_stamp_and_id_of_fields_that_are_there():
    recorder = Recorder(rows("003A"))
    pages = walk(recorder, connector.streams["contacts"].changes, since=BEGIN)
    assert ids_of(pages) == ["003A"]
    assert recorder.sent[0]["path"] == "/query"
    (query,) = recorder.queries
    assert query == (
        "SELECT Email, Id, LastName, SystemModstamp, Vaiven_Id__c FROM Contact"
        " WHERE SystemModstamp >= 2026-11-20T10:00:00.123Z ORDER BY SystemModstamp, Id LIMIT 2000"
    )
    assert pages[0].date == "2026-11-25T12:00:00.000000Z"


def test_a_page_goes_on_above_the_last_stamp_and_id_together():
    recorder = Recorder(rows("003A", "003B", done=False), rows("003C", "003D", done=False), rows("003E"))
    pages = walk(recorder, connector.streams["contacts"].changes, since=BEGIN)
    assert ids_of(pages) == ["003A", "003B", "003C", "003D", "003E"]
    above = (
        "(SystemModstamp > 2026-11-20T10:00:00.000Z OR (SystemModstamp = 2026-11-20T10:00:00.000Z AND Id > '003{}'))"
    )
    assert [above.format(i) in q for i, q in zip("BD", recorder.queries[1:], strict=True)] == [True, True]


def test_a_page_that_is_full_is_not_the_last_one():
    recorder = Recorder(rows(*map(str, range(SIZE))), rows())
    assert len(walk(recorder, connector.streams["leads"].changes, since=BEGIN)) == 2


def test_a_read_goes_on_from_its_state():
    recorder = Recorder(rows("003C"))
    walk(recorder, connector.streams["contacts"].changes, {"at": "2026-11-20T10:00:00.000+0000", "id": "003B"})
    assert "Id > '003B'" in recorder.queries[0]


@pytest.mark.parametrize("answer", [b"<html>", b"{}", rows(done=False)])
def test_an_answer_that_is_none_is_no_end(answer):
    with pytest.raises(AnswerMalformed):
        walk(Recorder(answer), connector.streams["contacts"].changes, since=BEGIN)


def test_the_deleted_and_the_merged_come_from_the_recycle_bin():
    recorder = Recorder(rows("003A", IsDeleted=True, MasterRecordId="003B"))
    (page,) = walk(recorder, connector.streams["contacts"].gone, since=BEGIN)
    assert recorder.sent[0]["path"] == "/queryAll"
    assert "WHERE IsDeleted = true AND SystemModstamp >= 2026-11-20T10:00:00.123Z" in recorder.queries[0]
    assert connector.streams["contacts"].record.model_validate_json(bytes(page.items[0])).merged_into == "003B"


def test_tasks_that_were_put_away_are_read_too():
    recorder = Recorder(rows("00TA"))
    walk(recorder, connector.streams["tasks"].changes, since=BEGIN)
    assert recorder.sent[0]["path"] == "/queryAll"
    assert "IsDeleted = false" in recorder.queries[0]


def test_members_that_are_leads_are_left_out():
    recorder = Recorder({"totalSize": 1, "done": True, "records": []}, rows("00vA"))
    walk(recorder, connector.streams["campaign_members"].full)
    assert all("WHERE ContactId != null" in query for query in recorder.queries)


def test_an_object_that_is_hidden_is_named():
    with pytest.raises(PermissionMissing, match="the object Lead"):
        walk(Recorder(described=NotFound("No such object.")), connector.streams["leads"].changes, since=BEGIN)


def test_more_fields_than_an_address_holds_are_asked_for_by_id():
    names = [f"A_rather_long_name_of_a_field_{n}__c" for n in range(400)]
    described = {"fields": [{"name": n} for n in ("Id", "SystemModstamp", *names)]}
    recorder = Recorder(rows("003A", "003B"), [{"Id": "003A"}, None], described=described)
    pages = walk(recorder, connector.streams["contacts"].changes, since=BEGIN, fields=tuple(names))
    assert ids_of(pages) == ["003A"]
    assert recorder.queries[0].startswith("SELECT Id, SystemModstamp FROM Contact")
    asked = recorder.sent[1]
    assert (asked["method"], asked["path"]) == ("POST", "/composite/sobjects/Contact")
    assert asked["json"] == {"ids": ["003A", "003B"], "fields": sorted(["Id", "SystemModstamp", *names])}


def test_the_one_currency_of_an_organization_stands_in_every_record():
    recorder = Recorder(rows("003A"), currency="EUR")
    (page,) = walk(recorder, connector.streams["opportunities"].changes, since=BEGIN)
    assert json.loads(bytes(page.items[0]))["CurrencyIsoCode"] == "EUR"
    several = {"fields": [*FIELDS["fields"], {"name": "CurrencyIsoCode"}]}
    recorder = Recorder(rows("003A", CurrencyIsoCode="USD"), currency="EUR", described=several)
    (page,) = walk(recorder, connector.streams["opportunities"].changes, since=BEGIN)
    assert json.loads(bytes(page.items[0]))["CurrencyIsoCode"] == "USD"


def test_literals():
    assert instant("2026-11-20T12:00:00.9999+0200") == "2026-11-20T10:00:00.999Z"
    assert quoted("O'Neil\\") == "'O\\'Neil\\\\'"


# -------------------------------------------------------------------------------------------- first reads
COUNT = {"totalSize": 3, "done": True, "records": []}
READY = {"id": "750A", "state": "JobComplete"}


def test_a_small_object_is_read_by_rest():
    recorder = Recorder(COUNT, rows("003A"))
    pages = walk(recorder, connector.streams["contacts"].full)
    assert recorder.queries[0] == "SELECT COUNT() FROM Contact"
    assert ids_of(pages) == ["003A"]


def csv(text, locator="null"):
    return Answer(200, {**DATE, "sforce-locator": locator}, text.encode())


def test_a_large_object_is_read_by_a_query_job(patient):
    first, second = '"Id","LastName"\n"003A","Gil, ""Ana""\nB"\n"003B",""\n', '"Id","LastName"\n"003C","C"\n'
    waits = {"id": "750A", "state": "InProgress"}
    job = {"id": "750A", "state": "UploadComplete"}
    recorder = Recorder(COUNT, job, waits, READY, csv(first, "MTAw"), csv(second), bulk_from=3)
    pages = walk(recorder, connector.streams["contacts"].full)
    records = [json.loads(bytes(item)) for page in pages for item in page.items]
    assert records == [
        {"Id": "003A", "LastName": 'Gil, "Ana"\nB'},
        {"Id": "003B", "LastName": None},
        {"Id": "003C", "LastName": "C"},
    ]
    assert [one["path"] for one in recorder.sent[1:]] == [
        "/jobs/query",
        "/jobs/query/750A",
        "/jobs/query/750A",
        "/jobs/query/750A/results",
        "/jobs/query/750A/results",
    ]
    assert recorder.sent[1]["json"] == {
        "operation": "query",
        "query": "SELECT Email, Id, LastName, SystemModstamp, Vaiven_Id__c FROM Contact",
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    assert [one["params"] for one in recorder.sent[4:]] == [
        {"maxRecords": 5000},
        {"maxRecords": 5000, "locator": "MTAw"},
    ]
    assert patient


def test_a_query_job_goes_on_at_its_locator(patient):
    recorder = Recorder(COUNT, READY, READY, csv('"Id"\n"003A"\n', "MTAw"), csv('"Id"\n"003B"\n'), bulk_from=3)
    pages = walk(recorder, connector.streams["contacts"].full)
    kept = json.loads(json.dumps(pages[1].state))
    again = Recorder(READY, csv('"Id"\n"003B"\n'), bulk_from=3)
    assert ids_of(walk(again, connector.streams["contacts"].full, kept)) == ["003B"]
    assert again.sent[-1]["params"]["locator"] == "MTAw"


def test_a_job_reads_tasks_that_were_put_away(patient):
    recorder = Recorder(COUNT, READY, READY, csv('"Id"\n'), bulk_from=1)
    walk(recorder, connector.streams["tasks"].full)
    assert recorder.sent[1]["json"]["operation"] == "queryAll"
    assert recorder.sent[1]["json"]["query"].endswith("FROM Task WHERE IsDeleted = false")


@pytest.mark.parametrize("text", ["<html>", '[{"errorCode": "X"}]', '"Id","LastName"\n"003A"\n', '"Id"\n"1","2"\n'])
def test_results_that_are_cut_off_are_an_error(text):
    with pytest.raises(AnswerMalformed):
        walk(Recorder(csv(text)), Results(("Id",)), job="750A")


# ------------------------------------------------------------------------------------------------- writing
def test_records_are_created_by_the_hubs_id_and_each_has_its_own_outcome():
    made = {"id": "003A", "success": True, "created": True, "errors": []}
    recorder = Recorder([made, refusal("INVALID_EMAIL_ADDRESS")])
    writes = [creation("contacts", f"hub{n}", family_name="Gil", email="a@example.com") for n in (1, 2)]
    assert write(recorder, "contacts", "create", *writes) == {
        "hub1": ("created", "003A", ""),
        "hub2": ("rejected", None, "INVALID_EMAIL_ADDRESS"),
    }
    (asked,) = recorder.sent
    assert (asked["method"], asked["path"], asked["safe"]) == (
        "PATCH",
        "/composite/sobjects/Contact/Vaiven_Id__c",
        True,
    )
    assert asked["json"]["allOrNone"] is False
    assert asked["json"]["records"][0] == {
        "attributes": {"type": "Contact"},
        "Email": "a@example.com",
        "LastName": "Gil",
        "Vaiven_Id__c": "hub1",
    }


def test_only_what_changed_is_written_and_what_was_cleared_is_null():
    recorder = Recorder([{"id": "003A", "success": True, "errors": []}])
    before = {"FirstName": "Ana", "LastName": "Gil", "Title": "CTO"}
    one = update("contacts", "003A", before=before, given_name="Anna", job_title=None)
    assert write(recorder, "contacts", "update", one) == {"h": ("updated", "003A", "")}
    assert recorder.sent[0]["path"] == "/composite/sobjects"
    wanted = {"attributes": {"type": "Contact"}, "id": "003A", "FirstName": "Anna", "Title": None}
    assert recorder.sent[0]["json"]["records"] == [wanted]


def test_siblings_stand_side_by_side_and_locked_ones_are_tried_again(patient):
    good = {"id": "x", "success": True, "errors": []}
    recorder = Recorder([good, refusal("UNABLE_TO_LOCK_ROW"), good], [{**good, "id": "003C"}])
    writes = [update("contacts", f"003{i}", f"hub{i}", company_id=f"001{p}") for i, p in (("A", 2), ("B", 1), ("C", 2))]
    found = write(recorder, "contacts", "update", *writes)
    assert [r["AccountId"] for r in recorder.sent[0]["json"]["records"]] == ["0011", "0012", "0012"]
    assert [r["id"] for r in recorder.sent[1]["json"]["records"]] == ["003A"]
    assert {status for status, *_ in found.values()} == {"updated"}
    assert patient == [1.0]


def test_what_stays_locked_has_no_outcome_so_it_is_looked_up(patient):
    recorder = Recorder(*[[refusal("UNABLE_TO_LOCK_ROW")]] * 4)
    assert write(recorder, "contacts", "update", update("contacts", "003A", given_name="A")) == {}
    assert len(patient) == 3


def test_an_answer_of_another_length_tells_nothing():
    recorder = Recorder([])
    assert write(recorder, "leads", "update", update("leads", "00QA", given_name="A")) == {}
    assert write(Recorder([]), "campaign_members", "create", creation("campaign_members", "h")) == {}


def test_amounts_in_another_currency_stay_away_from_an_organization_that_has_one():
    recorder = Recorder([{"id": "006A", "success": True, "created": True, "errors": []}], currency="EUR")
    values = {"name": "x", "close_on": "2026-12-31", "stage_id": "New", "amount_minor": 500}
    writes = [creation("opportunities", code, **values, currency=code) for code in ("USD", "EUR")]
    found = write(recorder, "opportunities", "create", *writes)
    assert found == {"USD": ("rejected", None, "OTHER_CURRENCY"), "EUR": ("created", "006A", "")}
    (row,) = recorder.sent[0]["json"]["records"]
    assert "CurrencyIsoCode" not in row
    assert row["Amount"] == 5


def test_deleting_what_is_deleted_is_no_error():
    answer = [{"id": "003A", "success": True, "errors": []}, refusal("ENTITY_IS_DELETED"), refusal("DELETE_FAILED")]
    recorder = Recorder(answer)
    writes = [Write("delete", f"hub{i}", update("contacts", f"003{i}").record, f"003{i}") for i in "ABC"]
    found = write(recorder, "contacts", "delete", *writes)
    assert [found[f"hub{i}"][0] for i in "ABC"] == ["deleted", "deleted", "rejected"]
    asked = recorder.sent[0]
    assert (asked["method"], asked["path"]) == ("DELETE", "/composite/sobjects")
    assert asked["params"] == {"ids": "003A,003B,003C", "allOrNone": "false"}


# ------------------------------------------------------------------------------------- accounts, by ETag
ACCOUNT = {"Id": "001A", "Name": "Acme", "Phone": None}


def tagged(**changed):
    return Answer(200, {"etag": '"abc=-gzip"'}, json.dumps({**ACCOUNT, **changed}).encode())


def test_an_account_is_changed_if_it_is_as_we_know_it():
    recorder = Recorder(tagged(), b"null")
    one = update("accounts", "001A", before=ACCOUNT, name="Acme Ltd")
    assert write(recorder, "accounts", "update", one) == {"h": ("updated", "001A", "")}
    assert recorder.sent[1]["method"] == "PATCH"
    assert recorder.sent[1]["path"] == "/sobjects/Account/001A"
    assert recorder.sent[1]["headers"] == {"If-Match": '"abc=-gzip"'}
    assert recorder.sent[1]["json"] == {"Name": "Acme Ltd"}


def test_an_edit_that_came_between_is_not_overwritten():
    one = update("accounts", "001A", before=ACCOUNT, name="Acme Ltd")
    assert write(Recorder(tagged(Phone="1")), "accounts", "update", one)["h"][0] == "overtaken"
    late = RequestRefused("No.", status=412)
    assert write(Recorder(tagged(), late), "accounts", "update", one)["h"][0] == "overtaken"


def test_an_account_that_is_gone_or_refused_says_so():
    one = update("accounts", "001A", before=ACCOUNT, name="")
    assert write(Recorder(NotFound("Gone.")), "accounts", "update", one)["h"] == (
        "rejected",
        "001A",
        "ENTITY_IS_DELETED",
    )
    with pytest.raises(RequestRefused):
        write(Recorder(tagged(), RequestRefused("No.", status=400)), "accounts", "update", one)


def test_an_account_in_an_organization_with_one_currency():
    known = {**ACCOUNT, "AnnualRevenue": 5, "CurrencyIsoCode": "EUR"}
    recorder = Recorder(tagged(AnnualRevenue=5), b"null", currency="EUR")
    one = update("accounts", "001A", before=known, annual_revenue_minor=600)
    assert write(recorder, "accounts", "update", one)["h"][0] == "updated"
    assert recorder.sent[1]["json"] == {"AnnualRevenue": 6}
    other = update("accounts", "001A", before={**known, "CurrencyIsoCode": "USD"}, name="x")
    assert write(Recorder(currency="EUR"), "accounts", "update", other)["h"][2] == "OTHER_CURRENCY"


def test_the_guarantees_follow():
    classes = {name: stream.guarantee for name, stream in connector.streams.items()}
    assert classes["accounts"] is Guarantee.EXACT
    assert classes["contacts"] is Guarantee.AT_LEAST_ONCE


# ------------------------------------------------------------------------------------- members of campaigns
def member(hub_id, campaign="701A", contact="003A"):
    return creation("campaign_members", hub_id, from_id=campaign, to_id=contact)


def test_a_member_that_is_there_already_is_found():
    answer = [{"id": "00vA", "success": True, "errors": []}, refusal("DUPLICATE_VALUE"), refusal("INVALID_CROSS")]
    there = {"Id": "00vB", "CampaignId": "701B", "ContactId": "003B"}
    recorder = Recorder(answer, {"records": [there, {**there, "CampaignId": "701X"}]})
    found = write(recorder, "campaign_members", "create", member("one"), member("two", "701B", "003B"), member("three"))
    assert found == {
        "one": ("created", "00vA", ""),
        "two": ("created", "00vB", ""),
        "three": ("rejected", None, "INVALID_CROSS"),
    }
    assert recorder.sent[0]["json"]["records"][0] == {
        "attributes": {"type": "CampaignMember"},
        "CampaignId": "701A",
        "ContactId": "003A",
    }
    assert recorder.queries[0].endswith("WHERE CampaignId IN ('701B') AND ContactId IN ('003B')")


def test_members_are_found_by_id_and_by_both_ends_and_removed():
    there = {"Id": "00vB", "CampaignId": "701A", "ContactId": "003A"}
    recorder = Recorder([{"Id": "00vA"}], {"records": [there]})
    finder = connector.streams["campaign_members"].finder
    known = Write("delete", "x", update("campaign_members", "00vA").record, "00vA")
    found = asyncio.run(finder.function(recorder.hub, [known, member("one")]))
    assert [row["Id"] for row in found] == ["00vA", "00vB"]
    gone = Recorder([{"id": "00vA", "success": True, "errors": []}])
    assert write(gone, "campaign_members", "delete", known)["x"][0] == "deleted"


# ----------------------------------------------------------------------------------- looking up, erasing
def test_records_are_found_by_id_or_by_the_hubs():
    recorder = Recorder([{"Id": "003A"}, None], {"records": [{"Id": "003B"}]})
    writes = [update("contacts", "003A"), update("contacts", "003X"), creation("contacts", "h'1", family_name="x")]
    found = asyncio.run(connector.streams["contacts"].finder.function(recorder.hub, writes))
    assert [row["Id"] for row in found] == ["003A", "003B"]
    assert recorder.sent[0]["json"]["ids"] == ["003A", "003X"]
    assert recorder.queries == [
        "SELECT Email, Id, LastName, SystemModstamp, Vaiven_Id__c FROM Contact WHERE Vaiven_Id__c IN ('h\\'1')"
    ]


def test_who_is_forgotten_is_emptied_and_then_deleted():
    good, bad = {"success": True, "errors": []}, refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION")
    recorder = Recorder([{**good, "id": "003A"}, bad, refusal("ENTITY_IS_DELETED")], [{**good, "id": "003A"}] * 2)
    writes = [Write("delete", f"hub{i}", update("contacts", f"003{i}").record, f"003{i}") for i in "ABC"]
    told = asyncio.run(connector.streams["contacts"].eraser.function(recorder.hub, writes))
    assert {one.hub_id: one.status for one in told} == {"hubA": "deleted", "hubB": "rejected", "hubC": "deleted"}
    row = recorder.sent[0]["json"]["records"][0]
    assert row["LastName"] == "Erased"
    assert row["Email"] is row["MailingStreet"] is row["Birthdate"] is None
    assert recorder.sent[1]["params"]["ids"] == "003A,003C"


def test_nothing_is_deleted_when_nothing_could_be_emptied():
    recorder = Recorder([refusal("INSUFFICIENT_ACCESS_OR_READONLY")])
    one = Write("delete", "hub", update("contacts", "003A").record, "003A")
    (told,) = asyncio.run(connector.streams["contacts"].eraser.function(recorder.hub, [one]))
    assert (told.status, len(recorder.sent)) == ("rejected", 1)


# ----------------------------------------------------------------------------------- account, fields, ready
def test_the_account_is_the_organization():
    recorder = Recorder({"records": [{"Id": "00DA", "Name": "Acme Inc"}]})
    found = asyncio.run(connector.hooks["account"](recorder.hub))
    assert (found.id, found.name) == ("00DA", "Acme Inc")


FIELD = {"name": "Size__c", "label": "Size", "custom": True, "type": "double", "createable": True, "updateable": True}


@pytest.mark.parametrize(
    ("said", "kind", "options", "read_only"),
    [
        ({}, "number", (), False),
        ({"calculated": True}, "number", (), True),
        ({"updateable": False}, "number", (), True),
        ({"type": "datetime"}, "instant", (), False),
        ({"type": "picklist", "picklistValues": [{"value": "S"}]}, "choice", (), False),
        (
            {
                "type": "multipicklist",
                "restrictedPicklist": True,
                "picklistValues": [{"value": "S", "active": True}, {"value": "L", "active": False}],
            },
            "choices",
            ["S"],
            False,
        ),
    ],
)
def test_custom_fields_have_their_types(said, kind, options, read_only):
    described = {"fields": [{**FIELD, **said}, {**FIELD, "type": "reference"}, {**FIELD, "name": "Vaiven_Id__c"}]}
    recorder = Recorder(described=described)
    (one,) = asyncio.run(connector.streams["contacts"].customizer(recorder.hub))
    assert (one.key, one.label, one.type.value, one.options, one.read_only) == (
        "Size__c",
        "Size",
        kind,
        options,
        read_only,
    )


ID = {"name": "Vaiven_Id__c", "externalId": True, "unique": True, "createable": True, "updateable": True}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ([], "not there"),
        ([{**ID, "unique": False}], "not marked as Unique"),
        ([{**ID, "externalId": False}], "External ID"),
        ([{**ID, "updateable": False}], "may not edit"),
    ],
)
def test_nothing_is_written_before_an_administrator_has_made_the_field(fields, why):
    with pytest.raises(ConfigInvalid, match=why) as refused:
        asyncio.run(connector.hooks["prepare"](Recorder(described={"fields": fields}).hub))
    assert "Setup > Object Manager > Account > Fields & Relationships" in refused.value.remedy


def test_an_organization_that_is_ready():
    asyncio.run(connector.hooks["prepare"](Recorder(described={"fields": [ID]}).hub))
    asyncio.run(connector.hooks["prepare"](Recorder(described=NotFound("No such object.")).hub))
