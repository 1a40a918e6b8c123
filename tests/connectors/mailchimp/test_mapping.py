"""Mailchimp's records become unified values, and back, field by field."""

import json

import pytest

from tests.support.cassettes import record
from tests.support.spec_check import load_spec
from vaiven_connectors.mailchimp.connector import Audience, Mailing, Member, Report, Standing
from vaiven_sdk.model import CampaignStatus, ConsentStatus, MembershipStatus


def payload(name, **changes):
    return {**record("mailchimp", {"list": "audiences"}.get(name, f"{name}s"), f"{name}s"), **changes}


def read(kind, name, **changes):
    return kind.model_validate_json(json.dumps(payload(name, **changes)))


def written(changes, **before):
    """The wire JSON of a member whose unified values are `changes` on top of those of the payload."""
    member = read(Member, "member", **before)
    record, names = member.with_unified({**member.unified(), **changes}, set(changes))
    return record.to_wire(names)


@pytest.mark.parametrize(
    ("name", "path", "items"),
    [
        ("member", "/lists/a/members", "members"),
        ("list", "/lists", "lists"),
        ("campaign", "/campaigns", "campaigns"),
        ("report", "/reports", "reports"),
    ],
)
def test_payloads_are_what_the_vendor_describes(name, path, items):
    spec = load_spec("mailchimp")
    row = payload(name)
    if name == "report":
        # Documented as a date-time; an unclicked campaign has none and the field is then empty.
        row["clicks"].pop("last_click")
    assert spec.check("GET", path, 200, {items: [row], "total_items": 1, **missing(spec, path, items)}) == []


def missing(spec, path, items):
    described = spec.operations("GET", path)[0]["resp"]["200"]
    filler = {"lists!": [], "constraints": {}}
    return {k.rstrip("!"): filler[k] for k in described if k in filler and k.rstrip("!") not in {items, "constraints"}}


def test_member_becomes_a_person():
    assert read(Member, "member").unified() == {
        "email": "urist.mcvankab@freddiesjokes.com",
        "email_consent": "granted",
        "given_name": "Urist",
        "family_name": "McVankab",
        "phone": "+34600111222",
        "street": "Calle Mayor 1\n3º B",
        "city": "Madrid",
        "region": "MD",
        "postal_code": "28013",
        "country": "ES",
        "locale": "pt-PT",
        "tags": ["autumn", "vip"],
        "first_seen_at": "2026-03-01T09:30:00.000000Z",
        "email_validity": None,
    }


def test_member_is_known_by_contact_id_and_versioned_by_last_change():
    member = read(Member, "member")
    assert member.remote_id == "9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d"
    assert member.record_version == "2026-11-02T08:15:42.000000Z"
    assert read(Member, "member", last_changed="2026-11-02T10:15:42+02:00").record_version == member.record_version


def test_empty_text_is_no_value():
    empty = {"FNAME": "", "LNAME": "", "PHONE": "", "ADDRESS": ""}
    unified = read(Member, "member", merge_fields=empty, language="", timestamp_signup="", tags=[]).unified()
    filled = {name for name, value in unified.items() if value is not None}
    assert filled == {"email", "email_consent", "tags"}
    assert unified["tags"] == []


def test_an_audience_without_the_usual_merge_fields_is_read():
    unified = read(Member, "member", merge_fields={"MMERGE7": "x"}).unified()
    assert unified["given_name"] is None
    assert unified["city"] is None


CONSENT = {
    "subscribed": "granted",
    "unsubscribed": "denied",
    "pending": "pending",
    "cleaned": "unknown",
    "transactional": "unknown",
    "archived": "unknown",
}


@pytest.mark.parametrize(("status", "consent"), CONSENT.items())
def test_status_says_what_the_person_allows(status, consent):
    assert read(Member, "member", status=status).unified()["email_consent"] == consent
    assert consent in set(ConsentStatus)


def test_every_status_of_the_description_is_mapped():
    spec = load_spec("mailchimp")
    described = spec.operations("GET", "/lists/a/members")[0]["q"]["status"]
    assert set(described.removeprefix("string(").removesuffix(")").split("|")) == set(CONSENT)


def test_only_an_address_that_bounced_is_invalid():
    assert read(Member, "member", status="cleaned").unified()["email_validity"] == "invalid"
    assert read(Member, "member", status="subscribed").unified()["email_validity"] is None


@pytest.mark.parametrize(
    ("consent", "wire"),
    [
        ("granted", {"status": "subscribed"}),
        ("denied", {"status": "unsubscribed"}),
        ("pending", {"status": "pending"}),
        ("unknown", {}),
    ],
)
def test_consent_is_written_as_status(consent, wire):
    assert written({"email_consent": consent}) == wire


@pytest.mark.parametrize(
    ("unified", "wire"),
    [
        ({"email": "new@example.com"}, {"email_address": "new@example.com"}),
        ({"given_name": "Ana"}, {"merge_fields": {"FNAME": "Ana"}}),
        ({"family_name": None}, {"merge_fields": {"LNAME": ""}}),
        ({"phone": "+14155550100"}, {"merge_fields": {"PHONE": "+14155550100"}}),
        ({"locale": "fr-CA"}, {"language": "fr_CA"}),
        ({"locale": "de"}, {"language": "de"}),
        ({"locale": None}, {"language": ""}),
        ({"locale": "en-GB"}, {}),
        ({"tags": ["a", "b"]}, {"tags": [{"name": "a"}, {"name": "b"}]}),
        ({"tags": []}, {"tags": []}),
        ({"first_seen_at": "2020-01-01T00:00:00.000000Z"}, {}),
        ({"email_validity": "valid"}, {}),
    ],
)
def test_what_changed_is_written(unified, wire):
    assert written(unified) == wire


def test_an_address_is_written_whole():
    wire = written({"city": "Getafe"})
    assert wire["merge_fields"]["ADDRESS"] == {
        "addr1": "Calle Mayor 1",
        "addr2": "3º B",
        "city": "Getafe",
        "state": "MD",
        "zip": "28013",
        "country": "ES",
    }


def test_an_address_that_mailchimp_would_refuse_is_not_written():
    assert written({"postal_code": None}) == {}


def test_an_address_is_emptied():
    parts = ("street", "city", "region", "postal_code", "country")
    assert written(dict.fromkeys(parts)) == {"merge_fields": {"ADDRESS": ""}}


def test_standing_becomes_a_membership():
    standing = read(Standing, "member", unsubscribe_reason="N/A (Unsubscribed by admin)")
    assert standing.unified() == {
        "person_id": "9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d",
        "list_id": "a1b2c3d4e5",
        "status": "active",
        "joined_at": "2026-03-01T10:00:00.000000Z",
        "reason": "N/A (Unsubscribed by admin)",
        "source": "API - Generic",
        "rating": 4,
    }
    mapped = Standing.mapped()
    assert (mapped["person_id"].ref, mapped["list_id"].ref) == ("members", "audiences")


@pytest.mark.parametrize("status", [*CONSENT, "invented"])
def test_every_status_is_a_standing(status):
    found = read(Standing, "member", status=status).unified()["status"]
    assert found in set(MembershipStatus)
    assert (found == "other") is (status == "invented")


def test_audience_becomes_a_list():
    assert read(Audience, "list").unified() == {
        "name": "Newsletter ES",
        "description": "You signed up on our page.",
        "is_double_opt_in": True,
        "size": 1200,
        "type": "static",
    }


def test_campaign_becomes_a_campaign():
    assert read(Mailing, "campaign").unified() == {
        "name": "Autumn 2026",
        "channel": "email",
        "status": "ended",
        "list_id": "a1b2c3d4e5",
        "send_at": "2026-10-02T23:30:00.000000Z",
        "utm_campaign": "autumn_2026",
    }


def test_a_draft_has_no_title_nor_time():
    draft = read(Mailing, "campaign", send_time="", status="save", settings={"subject_line": "Hi"}).unified()
    assert (draft["name"], draft["send_at"], draft["status"]) == ("Hi", None, "draft")


def test_every_campaign_status_of_the_description_is_mapped():
    spec = load_spec("mailchimp")
    row = spec.operations("GET", "/campaigns")[0]["resp"]["200"]["campaigns"][0]
    for status in row["status"].removeprefix("string(").removesuffix(") ro").split("|"):
        found = read(Mailing, "campaign", status=status).unified()["status"]
        assert found in set(CampaignStatus) - {"other"}, status


def test_report_becomes_facts_of_the_day_it_was_sent():
    assert read(Report, "report").unified() == {
        "entity_kind": "campaign",
        "entity_id": "42694e9e57",
        "on": "2026-10-02",
        "timezone": "UTC",
        "sends": "1200",
        "opens_total": "900",
        "opens_unique": "600",
        "machine_opens": None,
        "clicks_total": "250",
        "clicks_unique": "150",
        "bounces_hard": "5",
        "bounces_soft": "9",
        "complaints": "1",
        "unsubscribes": "7",
        "orders_attributed": "12",
        "revenue_attributed": "1000.1",
        "currency": "EUR",
    }


def test_machine_opens_are_what_the_proxy_added():
    opens = {"opens_total": 900, "unique_opens": 600, "proxy_excluded_opens": 350}
    assert read(Report, "report", opens=opens).unified()["machine_opens"] == "550"
