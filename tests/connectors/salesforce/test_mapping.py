"""Every mapped field of Salesforce's records, from documented payloads to the unified model, and back."""

import json
from pathlib import Path
from typing import Any

import pytest

from vaiven_connectors.salesforce import connector

PAYLOADS = json.loads((Path(__file__).parent / "payloads.json").read_text("utf-8"))


def unified(stream: str, **changed: Any) -> dict[str, Any]:
    record = connector.streams[stream].record
    return record.model_validate({**PAYLOADS[stream], **changed}).unified()


def patch(stream: str, **values: Any) -> dict[str, Any]:
    record, names = connector.streams[stream].record.blank(values)
    return record.to_wire(names)


EXPECTED: dict[str, dict[str, Any]] = {
    "accounts": {
        "name": "Acme",
        "website": "https://www.acme.example",
        "domain": "acme.example",
        "phone": "+34915550100",
        "industry": "Banking",
        "employees": 150,
        "annual_revenue_minor": 125_000_050,
        "currency": "EUR",
        "street": "1 Main St",
        "city": "Madrid",
        "region": "MD",
        "postal_code": "28001",
        "country": "ES",
        "parent_id": "001xx000003DGb0AAG",
        "owner_id": "005xx000001Sv6AAAS",
        "description": "A customer.",
        "first_seen_at": "2026-01-02T17:38:59.000000Z",
    },
    "contacts": {
        "email": "ana@example.com",
        "phone": "+34915550101",
        "given_name": "Ana",
        "family_name": "Gil",
        "full_name": "Ana Gil",
        "honorific": "Ms.",
        "birth_on": "1990-03-04",
        "street": "2 Main St",
        "city": "Madrid",
        "region": "MD",
        "postal_code": "28002",
        "country": "ES",
        "job_title": "Lead Engineer",
        "company_id": "001xx000003DGb1AAG",
        "owner_id": "005xx000001Sv6AAAS",
        "email_consent": "unknown",
        "email_validity": "unknown",
        "source_channel": "Web",
        "description": "Met in May.",
        "first_seen_at": "2026-01-02T17:38:59.000000Z",
    },
    "leads": {
        "email": "bo@example.com",
        "phone": "+34915550102",
        "given_name": "Bo",
        "family_name": "Lind",
        "company_name": "Lind AB",
        "job_title": "CTO",
        "country": "SE",
        "owner_id": "005xx000001Sv6AAAS",
        "status": "new",
        "source": "Web",
        "description": "Wants a demo.",
        "converted_at": None,
        "person_id": None,
        "company_id": None,
        "deal_id": None,
    },
    "opportunities": {
        "name": "Acme - 10 seats",
        "company_id": "001xx000003DGb1AAG",
        "owner_id": "005xx000001Sv6AAAS",
        "stage_id": "Prospecting",
        "campaign_id": "701xx0000004DGbAAM",
        "amount_minor": 1_234_50,
        "currency": "EUR",
        "probability": "0.1",
        "close_on": "2026-12-31",
        "opened_at": "2026-01-02T17:38:59.000000Z",
        "status": "open",
        "type": "New Customer",
        "source": "Web",
        "next_step": "Call",
        "description": "Ten seats.",
    },
    "stages": {"name": "Prospecting", "position": 1, "probability": "0.1", "type": "open"},
    "campaigns": {
        "name": "Spring",
        "channel": "email",
        "status": "active",
        "parent_id": "701xx0000004DGaAAM",
        "owner_id": "005xx000001Sv6AAAS",
        "start_on": "2026-03-01",
        "end_on": "2026-05-31",
        "budget": "5000.5",
        "currency": "EUR",
        "budget_period": "lifetime",
        "budget_level": "campaign",
    },
    "campaign_members": {
        "from_kind": "campaign",
        "from_id": "701xx0000004DGbAAM",
        "to_kind": "person",
        "to_id": "003xx000004TmiQAAS",
        "type": "member",
        "label": "Sent",
        "since_at": "2026-01-02T17:38:59.000000Z",
    },
    "tasks": {
        "type": "call",
        "subject": "Call",
        "body": "Ask for the seats.",
        "status": "planned",
        "owner_id": "005xx000001Sv6AAAS",
        "person_id": "003xx000004TmiQAAS",
        "company_id": "001xx000003DGb1AAG",
        "deal_id": "006xx000001a2bcAAA",
        "ticket_id": None,
        "due_on": "2026-12-01",
        "direction": "outbound",
        "outcome": "No answer",
    },
    "cases": {
        "number": "00001001",
        "person_id": "003xx000004TmiQAAS",
        "company_id": "001xx000003DGb1AAG",
        "assignee_id": "005xx000001Sv6AAAS",
        "subject": "It stops",
        "description": "After ten minutes.",
        "status": "new",
        "priority": "normal",
        "channel": "web",
        "category": "Problem",
        "opened_at": "2026-01-02T17:38:59.000000Z",
        "resolved_at": None,
    },
    "users": {
        "email": "sam@example.com",
        "given_name": "Sam",
        "family_name": "Ray",
        "full_name": "Sam Ray",
        "role": "Seller",
        "team": "Sales",
        "timezone": "Europe/Madrid",
        "is_active": True,
    },
}


@pytest.mark.parametrize("stream", sorted(EXPECTED))
def test_each_field_becomes_what_it_means(stream):
    assert unified(stream) == EXPECTED[stream]
    assert set(EXPECTED[stream]) == set(connector.streams[stream].record.mapped())


def test_every_stream_is_here():
    assert set(EXPECTED) == set(connector.streams)


@pytest.mark.parametrize(("said", "means"), [(True, "denied"), (False, "unknown"), (None, None)])
def test_not_having_opted_out_is_no_permission(said, means):
    assert unified("contacts", HasOptedOutOfEmail=said)["email_consent"] == means


@pytest.mark.parametrize("status", ["granted", "pending", "unknown"])
def test_a_refusal_is_the_only_consent_that_is_written(status):
    assert patch("contacts", email_consent="denied") == {"HasOptedOutOfEmail": True}
    assert patch("contacts", email_consent=status) == {}


def test_a_bounce_is_told():
    assert unified("contacts", EmailBouncedReason="550 no such user")["email_validity"] == "hard_bounce"


def test_an_amount_without_its_currency_means_nothing():
    assert unified("opportunities", CurrencyIsoCode=None)["amount_minor"] is None
    assert unified("accounts", CurrencyIsoCode="JPY", AnnualRevenue=5)["annual_revenue_minor"] == 5
    assert patch("opportunities", amount_minor=500, currency="JPY") == {"Amount": 500, "CurrencyIsoCode": "JPY"}
    assert patch("opportunities", amount_minor=500) == {}


@pytest.mark.parametrize(
    ("closed", "won", "status", "kind"),
    [(False, False, "open", "open"), (True, True, "won", "won"), (True, False, "lost", "lost")],
)
def test_an_opportunity_is_decided_by_its_flags(closed, won, status, kind):
    assert unified("opportunities", IsClosed=closed, IsWon=won)["status"] == status
    assert unified("stages", IsClosed=closed, IsWon=won)["type"] == kind
    assert unified("opportunities", IsClosed=None, IsWon=None)["status"] is None


@pytest.mark.parametrize(
    ("status", "converted", "means"),
    [
        ("Working - Contacted", False, "working"),
        ("Closed - Not Converted", False, "unqualified"),
        ("Nurture", False, "other"),
        ("Nurture", True, "converted"),
        (None, None, None),
    ],
)
def test_the_status_of_a_lead(status, converted, means):
    assert unified("leads", Status=status, IsConverted=converted)["status"] == means


def test_a_converted_lead_names_what_it_became():
    became = {
        "IsConverted": True,
        "ConvertedDate": "2026-02-03",
        "ConvertedContactId": "003xx000004TmiQAAS",
        "ConvertedAccountId": "001xx000003DGb1AAG",
        "ConvertedOpportunityId": "006xx000001a2bcAAA",
    }
    lead = unified("leads", **became)
    assert lead["converted_at"] == "2026-02-03T12:00:00.000000Z"
    assert (lead["person_id"], lead["company_id"], lead["deal_id"]) == tuple(list(became.values())[2:])


def test_converting_is_no_field_that_could_be_written():
    assert patch("leads", status="qualified") == patch("leads", status="converted") == {}
    assert patch("leads", status="unqualified") == {"Status": "Closed - Not Converted"}


@pytest.mark.parametrize(("theirs", "ours"), [("Planned", "scheduled"), ("Aborted", "ended"), ("Someday", "other")])
def test_the_status_of_a_campaign(theirs, ours):
    assert unified("campaigns", Status=theirs)["status"] == ours
    assert patch("campaigns", status="ended") == {"Status": "Completed"}
    assert unified("campaigns", Type="Telemarketing")["channel"] == "other"


def test_a_campaign_without_a_budget_says_nothing_of_it():
    empty = unified("campaigns", BudgetedCost=None)
    assert empty["budget"] is empty["budget_period"] is empty["budget_level"] is None


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"TaskSubtype": None}, "type", "task"),
        ({"TaskSubtype": "Cadence"}, "type", "other"),
        ({"TaskSubtype": "ListEmail"}, "type", "email"),
        ({"IsClosed": True}, "status", "done"),
        ({"Status": "Whatever"}, "status", "other"),
        ({"Status": None}, "status", None),
        ({"OwnerId": "00Gxx0000004DGb"}, "owner_id", None),
        ({"WhoId": "00Qxx0000004DGb"}, "person_id", None),
        ({"WhatId": "500xx0000004DGb"}, "ticket_id", "500xx0000004DGb"),
        ({"WhatId": "500xx0000004DGb"}, "deal_id", None),
        ({"CallType": "Internal"}, "direction", None),
        ({"ActivityDate": "2026-12-01T00:00:00.000+0000"}, "due_on", "2026-12-01"),
    ],
)
def test_tasks(changed, field, value):
    assert unified("tasks", **changed)[field] == value


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"Status": "Escalated"}, "status", "open"),
        ({"Status": "On Hold"}, "status", "on_hold"),
        ({"Status": "Anything", "IsClosed": True}, "status", "closed"),
        ({"Status": "Anything"}, "status", "other"),
        ({"Status": None}, "status", None),
        ({"OwnerId": "00Gxx0000004DGb"}, "assignee_id", None),
        ({"Priority": "Blocker"}, "priority", "other"),
        ({"Origin": "Letter"}, "channel", "other"),
        ({"ClosedDate": "2026-02-03T04:05:06.000+0000"}, "resolved_at", "2026-02-03T04:05:06.000000Z"),
    ],
)
def test_cases(changed, field, value):
    assert unified("cases", **changed)[field] == value


@pytest.mark.parametrize(
    ("website", "domain"),
    [("acme.example/x", "acme.example"), ("www.acme.example", "acme.example"), ("none", None), ("http://[", None)],
)
def test_the_domain_is_the_websites(website, domain):
    record = connector.streams["accounts"].record.model_validate({"Id": "001", "Website": website})
    assert record.domain() == domain


def test_a_row_of_the_bulk_api_is_the_same_record():
    rows = {
        name: None if v is None else str(v).lower() if isinstance(v, bool) else str(v)
        for name, v in PAYLOADS["contacts"].items()
    }
    assert connector.streams["contacts"].record.model_validate(rows).unified() == EXPECTED["contacts"]
    whole = connector.streams["accounts"].record.model_validate({"Id": "001", "NumberOfEmployees": "150.0"})
    assert whole.unified()["employees"] == 150


@pytest.mark.parametrize("stream", ["accounts", "contacts", "leads", "opportunities", "campaigns"])
def test_what_is_written_is_what_is_read(stream):
    values = {k: v for k, v in EXPECTED[stream].items() if k in connector.streams[stream].writable and v is not None}
    sent = patch(stream, **values)
    for name, value in sent.items():
        read = PAYLOADS[stream][name]
        assert str(value) == str(read) or float(value) == float(read), name
