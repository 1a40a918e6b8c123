"""Every mapped field of HubSpot's records, both ways, on payloads in the published shapes."""

from typing import Any

import msgspec
import pytest

from tests.support.cassettes import answer
from tests.support.cassettes import record as documented
from tests.support.spec_check import load_spec, unaccepted
from vaiven_connectors.hubspot import connector
from vaiven_sdk import Record

CONTACT = {
    "email": "ana.ruiz@example.com",
    "phone": "+34600111222",
    "given_name": "Ana",
    "family_name": "Ruiz",
    "honorific": "Dr",
    "gender": None,
    "street": "Calle Mayor 1",
    "city": "Madrid",
    "region": "Madrid",
    "postal_code": "28013",
    "country": "ES",
    "job_title": "CTO",
    "company_name": "Acme",
    "company_id": "8001",
    "owner_id": "77",
    "website": "https://ana.example.com",
    "locale": "es-ES",
    "lifecycle": "marketing_qualified",
    "first_seen_at": "2019-10-30T03:30:17.883000Z",
    "email_consent": "denied",
    "email_validity": "hard_bounce",
    "source_channel": "organic_search",
}
COMPANY = {
    "name": "Acme",
    "domain": "acme.example",
    "website": "https://acme.example",
    "phone": None,
    "industry": "COMPUTER_SOFTWARE",
    "employees": 50,
    "currency": "EUR",
    "annual_revenue_minor": 100_000_000,
    "street": "Calle Mayor 2",
    "city": "Madrid",
    "region": None,
    "postal_code": "28013",
    "country": "ES",
    "parent_id": "8000",
    "owner_id": "77",
    "lifecycle": "other",
    "description": "Anvils",
    "first_seen_at": "2019-10-30T03:30:17.883000Z",
}
DEAL = {
    "name": "Anvils for Acme",
    "company_id": "8001",
    "owner_id": "77",
    "pipeline_id": "default",
    "stage_id": "closedwon",
    "amount_minor": 123_450,
    "currency": "EUR",
    "probability": "1",
    "status": "won",
    "close_on": "2019-12-07",
    "opened_at": "2019-10-30T03:30:17.883000Z",
    "lost_reason": None,
    "type": "newbusiness",
    "source": "paid_search",
    "next_step": None,
    "description": None,
}
OWNER = {"email": "sam@acme.example", "given_name": "Sam", "family_name": "Soto", "is_active": True}


def payload(name: str) -> Any:
    if name == "pipelines":
        return answer("hubspot", "pipelines")
    if name == "associations":
        return answer("hubspot", "contact_companies", 2)
    plural = {"company": "companies"}.get(name, f"{name}s")
    return documented("hubspot", plural, "results")


def record(stream: str, body: Any) -> Record[Any]:
    return connector.streams[stream].record.model_validate_json(msgspec.json.encode(body))


def changed(name: str, **properties: str | None) -> Any:
    body = payload(name)
    return {**body, "properties": {**body["properties"], **properties}}


@pytest.mark.parametrize(
    ("stream", "name", "unified"),
    [
        ("contacts", "contact", CONTACT),
        ("companies", "company", COMPANY),
        ("deals", "deal", DEAL),
        ("owners", "owner", OWNER),
    ],
)
def test_a_documented_record_becomes_unified_values(stream, name, unified):
    assert record(stream, payload(name)).unified() == unified


@pytest.mark.parametrize(("stream", "name"), [("contacts", "contact"), ("companies", "company"), ("deals", "deal")])
def test_what_is_written_back_reads_as_the_same_values(stream, name):
    kind = connector.streams[stream]
    unified = record(stream, payload(name)).unified()
    made, names = kind.record.blank({k: v for k, v in unified.items() if k in kind.writable})
    again = record(stream, {"id": "1", **made.to_wire(names)}).unified()
    skipped = {"lifecycle"} if name == "company" else set()
    for field in kind.writable - skipped:
        assert again[field] == unified[field], field


@pytest.mark.parametrize(("stream", "name"), [("contacts", "contact"), ("companies", "company"), ("deals", "deal")])
def test_every_field_is_cleared_with_an_empty_text(stream, name):
    kind = connector.streams[stream]
    old = record(stream, payload(name))
    new, names = old.with_unified(dict.fromkeys(kind.writable), kind.writable - {"currency"})
    assert names
    assert set(new.to_wire(names)["properties"].values()) == {""}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("subscriber", "subscriber"),
        ("lead", "lead"),
        ("marketingqualifiedlead", "marketing_qualified"),
        ("salesqualifiedlead", "sales_qualified"),
        ("opportunity", "opportunity"),
        ("customer", "customer"),
        ("evangelist", "evangelist"),
        ("other", "other"),
    ],
)
@pytest.mark.parametrize(("stream", "name"), [("contacts", "contact"), ("companies", "company")])
def test_lifecycle_stages_go_both_ways(stream, name, theirs, ours):
    seen = record(stream, changed(name, lifecyclestage=theirs))
    assert seen.unified()["lifecycle"] == ours
    made, names = type(seen).blank({"lifecycle": ours})
    assert made.to_wire(names) == {"properties": {"lifecyclestage": theirs}}


def test_a_stage_that_hubspot_does_not_have_is_not_written():
    made, names = connector.streams["contacts"].record.blank({"lifecycle": "churned"})
    assert made.to_wire(names) == {}


@pytest.mark.parametrize(
    ("optout", "consent"), [("true", "denied"), ("false", "unknown"), ("", "unknown"), (None, "unknown")]
)
def test_opting_out_denies_and_nothing_grants(optout, consent):
    assert record("contacts", changed("contact", hs_email_optout=optout)).unified()["email_consent"] == consent


def test_consent_and_ids_of_hubspots_own_are_never_written():
    assert (
        not {"email_consent", "email_validity", "company_id", "first_seen_at"} & connector.streams["contacts"].writable
    )


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1234.50", "EUR", 123_450),
        ("500", "JPY", 500),
        ("1.5", "KWD", 1500),
        ("0", "EUR", 0),
        ("", "EUR", None),
    ],
)
def test_amounts_are_exact_in_the_deals_currency(amount, currency, minor):
    deal = record("deals", changed("deal", amount=amount, deal_currency_code=currency))
    assert deal.unified()["amount_minor"] == minor
    back, _ = deal.with_unified({"amount_minor": minor, "currency": currency}, {"amount_minor"})
    again = record("deals", {"id": "1", **back.to_wire({"amount", "currency"})})
    assert again.unified()["amount_minor"] == minor


def test_an_amount_without_a_currency_is_no_money():
    assert record("deals", changed("deal", deal_currency_code=None)).unified()["amount_minor"] is None


def test_an_amount_finer_than_its_currency_is_refused_not_rounded():
    with pytest.raises(ValueError, match="more digits"):
        record("deals", changed("deal", amount="1.005")).unified()


@pytest.mark.parametrize(
    ("closed", "won", "status"),
    [("true", "true", "won"), ("true", "false", "lost"), ("false", "false", "open"), (None, None, None)],
)
def test_a_deals_status_comes_from_its_stages_flags(closed, won, status):
    deal = record("deals", changed("deal", hs_is_closed=closed, hs_is_closed_won=won))
    assert deal.unified()["status"] == status


def test_a_civil_date_is_written_as_noon_utc_and_reads_as_the_same_day():
    made, names = connector.streams["deals"].record.blank({"close_on": "2026-03-01"})
    assert made.to_wire(names) == {"properties": {"closedate": "2026-03-01T12:00:00Z"}}


@pytest.mark.parametrize(("stream", "name"), [("contacts", "contact"), ("companies", "company"), ("deals", "deal")])
def test_the_version_is_the_time_of_the_last_change_in_utc(stream, name):
    seen = record(stream, payload(name))
    assert seen.record_version == "2019-12-07T16:50:06.678000Z"
    assert seen.remote_id == payload(name)["id"]


def test_the_hubs_id_and_the_merged_ids_are_exposed():
    contact: Any = record("contacts", payload("contact"))
    assert contact.record_hub_id == "01JD0000000000000000000001"
    assert contact.merged == ["498", "501"]
    assert record("companies", payload("company")).record_hub_id is None
    assert record("deals", payload("deal")).record_hub_id is None


def test_pipelines_and_stages():
    (pipeline,) = payload("pipelines")["results"]
    assert record("pipelines", pipeline).unified() == {
        "name": "Sales Pipeline",
        "position": 0,
        "type": "deal",
        "is_active": True,
    }
    stages = [record("stages", {**stage, "pipelineId": "default"}).unified() for stage in pipeline["stages"]]
    assert [(s["name"], s["type"], s["probability"]) for s in stages] == [
        ("Appointment Scheduled", "open", "0.2"),
        ("Closed Won", "won", "1"),
        ("Closed Lost", "lost", "0"),
    ]
    assert {s["pipeline_id"] for s in stages} == {"default"}


@pytest.mark.parametrize(
    ("name", "api", "schema"),
    [
        ("contact", "crm-contacts@v3", "SimplePublicObject"),
        ("company", "crm-companies@v3", "SimplePublicObject"),
        ("deal", "crm-deals@v3", "SimplePublicObject"),
        ("owner", "crm-crm-owners@v3", "PublicOwner"),
        ("pipelines", "crm-pipelines@v3", "CollectionResponsePipelineNoPaging"),
        ("associations", "crm-associations@v4", "BatchResponsePublicAssociationMultiWithLabel"),
    ],
)
def test_the_payloads_are_valid_against_the_published_description(name, api, schema):
    problems = load_spec("hubspot", [api]).compare(f"@{api}.{schema}", payload(name))
    empty = {"$.properties.*: string described, got null": "null in crm-contacts@v3, and in every answer"}
    assert unaccepted(problems, empty, stale=False) == []
