"""Klaviyo's resources become unified values, and back, field by field."""

import json
from hashlib import sha256
from typing import Any

import pytest

from tests.support.cassettes import folder
from tests.support.spec_check import load_spec
from vaiven_connectors.klaviyo._campaigns import SENT, STATUS, joined
from vaiven_connectors.klaviyo._consent import CONSENT, standing
from vaiven_connectors.klaviyo._events import named
from vaiven_connectors.klaviyo._profiles import _type
from vaiven_connectors.klaviyo.connector import (
    Design,
    Flow,
    ListMember,
    Mailing,
    Occurrence,
    Profile,
    ProfileList,
    Report,
    Segment,
    SegmentMember,
    klaviyo,
)
from vaiven_connectors.klaviyo.connector import Message as MessageRecord
from vaiven_sdk import CustomType
from vaiven_sdk.model import CampaignStatus, ConsentStatus, MessageStatus, Validity
from vaiven_sdk.testing.cassette import Cassette

SELF = {"self": "https://a.klaviyo.com/api/x"}
MARKETING: dict[str, Any] = {"can_receive_email_marketing": True, "consent": "SUBSCRIBED", "suppression": []}
TEXTING = {"can_receive_sms_marketing": True, "consent": "SUBSCRIBED"}
PROFILE: dict[str, Any] = {
    "type": "profile",
    "id": "01GDDKASAP8TKDDA2GRZDSVP4H",
    "attributes": {
        "email": "Sarah.Mason@klaviyo-demo.com",
        "phone_number": "+15005550006",
        "external_id": "63f64a2b-c6bf-40c7-b81f-bed08162edbe",
        "first_name": "Sarah",
        "last_name": "Mason",
        "organization": "Klaviyo",
        "locale": "en-US",
        "title": "Regional Manager",
        "created": "2022-11-08T01:23:45+00:00",
        "updated": "2026-11-08T00:00:00+00:00",
        "last_event_date": "2026-11-07T12:00:00+02:00",
        "location": {
            "address1": "89 E 42nd St",
            "address2": "1st floor",
            "city": "New York",
            "country": "US",
            "region": "NY",
            "zip": "10017",
            "timezone": "America/New_York",
        },
        "properties": {"pseudonym": "Dr. Octopus"},
        "subscriptions": {"email": {"marketing": MARKETING}, "sms": {"marketing": TEXTING}},
    },
    "links": SELF,
}


def profile(email: Any = None, sms: Any = None, **attributes: Any) -> Profile:
    asked = {"email": {"marketing": {**MARKETING, **(email or {})}}, "sms": {"marketing": {**TEXTING, **(sms or {})}}}
    row = {**PROFILE, "attributes": {**PROFILE["attributes"], "subscriptions": asked, **attributes}}
    return Profile.model_validate_json(json.dumps(row))


def written(changes: dict[str, Any], **attributes: Any) -> Any:
    one = profile(**attributes)
    record, names = one.with_unified({**one.unified(), **changes}, set(changes))
    return record.to_wire(names).get("attributes", {})


def suppressed(*reasons: str) -> dict[str, Any]:
    rows = [{"reason": r, "timestamp": f"2026-01-0{n}T00:00:00+00:00"} for n, r in enumerate(reasons, start=1)]
    return {"suppression": rows}


def test_the_payload_is_what_the_vendor_describes():
    spec = load_spec("klaviyo")
    assert spec.check("GET", "/api/profiles", 200, {"data": [PROFILE], "links": SELF}) == []


def test_each_answer_of_the_cassettes_is_what_the_vendor_describes():
    spec = load_spec("klaviyo")
    kept = [Cassette.load(path) for path in sorted(folder("klaviyo").glob("*.json"))]
    assert {one.stream for one in kept} == set(klaviyo.streams)
    problems = [
        str(problem)
        for one in kept
        for exchange in one.exchanges
        for problem in spec.check(exchange.method, exchange.path, 200, exchange.answer)
    ]
    assert problems == []


def test_a_profile_becomes_a_person():
    assert profile().unified() == {
        "external_id": "63f64a2b-c6bf-40c7-b81f-bed08162edbe",
        "email": "sarah.mason@klaviyo-demo.com",
        "phone": "+15005550006",
        "given_name": "Sarah",
        "family_name": "Mason",
        "company_name": "Klaviyo",
        "job_title": "Regional Manager",
        "locale": "en-US",
        "street": "89 E 42nd St\n1st floor",
        "city": "New York",
        "region": "NY",
        "postal_code": "10017",
        "country": "US",
        "timezone": "America/New_York",
        "first_seen_at": "2022-11-08T01:23:45.000000Z",
        "last_seen_at": "2026-11-07T10:00:00.000000Z",
        "email_consent": "granted",
        "sms_consent": "granted",
        "email_validity": None,
    }
    assert profile().record_version == "2026-11-08T00:00:00.000000Z"


def test_a_profile_without_anything_is_read():
    bare = Profile.model_validate_json(json.dumps({"type": "profile", "id": "1", "attributes": {}, "links": SELF}))
    assert set(bare.unified().values()) == {None}


@pytest.mark.parametrize(
    ("says", "consent", "validity"),
    [
        ({}, "granted", None),
        ({"consent": "UNSUBSCRIBED"}, "denied", None),
        ({"consent": "NEVER_SUBSCRIBED"}, "unknown", None),
        ({"consent": "A_NEW_WORD"}, None, None),
        (suppressed("UNSUBSCRIBE"), "denied", None),
        (suppressed("USER_SUPPRESSED"), "denied", None),
        (suppressed("SPAM_COMPLAINT"), "denied", "complained"),
        (suppressed("A_NEW_REASON"), "denied", None),
        (suppressed("HARD_BOUNCE"), "unknown", "hard_bounce"),
        (suppressed("INVALID_EMAIL"), "unknown", "invalid"),
        (suppressed("HARD_BOUNCE", "USER_SUPPRESSED"), "denied", "hard_bounce"),
        (suppressed("SPAM_COMPLAINT", "HARD_BOUNCE"), "denied", "hard_bounce"),
        ({"consent": "UNSUBSCRIBED", **suppressed("HARD_BOUNCE")}, "denied", "hard_bounce"),
        ({"can_receive_email_marketing": False}, "unknown", None),
    ],
)
def test_suppressed_is_never_granted(says, consent, validity):
    unified = profile(email=says).unified()
    assert (unified["email_consent"], unified["email_validity"]) == (consent, validity)
    assert consent in {None, *ConsentStatus}
    assert validity in {None, *Validity}


@pytest.mark.parametrize(
    ("says", "consent"),
    [
        ({}, "granted"),
        ({"consent": "UNSUBSCRIBED"}, "denied"),
        ({"consent": "NEVER_SUBSCRIBED"}, "unknown"),
        ({"can_receive_sms_marketing": False}, "unknown"),
    ],
)
def test_text_messages_have_a_consent_of_their_own(says, consent):
    unified = profile(sms=says).unified()
    assert (unified["sms_consent"], unified["email_consent"]) == (consent, "granted")


def test_only_one_state_is_a_permission():
    assert [state for state, word in CONSENT.items() if word == "granted"] == ["SUBSCRIBED"]
    assert standing(None, None) is None


@pytest.mark.parametrize(
    ("consent", "state"), [("granted", "SUBSCRIBED"), ("denied", "UNSUBSCRIBED"), ("pending", None), ("unknown", None)]
)
def test_a_permission_and_a_refusal_are_written_and_nothing_else(consent, state):
    never = {"consent": "NEVER_SUBSCRIBED"}
    email = written({"email_consent": consent}, email=never)
    sms = written({"sms_consent": consent}, sms=never)
    found = [
        ((one.get("subscriptions") or {}).get(channel) or {}).get("marketing", {}).get("consent")
        for one, channel in ((email, "email"), (sms, "sms"))
    ]
    assert found == [state, state]


def test_just_what_changed_is_written():
    assert written({"given_name": "Sara", "city": None}) == {"first_name": "Sara", "location": {"city": None}}
    assert written({"street": "A\nB\nC"}) == {"location": {"address1": "A", "address2": "B, C"}}
    assert written({"street": None}) == {"location": {"address1": None, "address2": None}}
    assert written({"email": "a@b.com", "external_id": "7"}) == {"email": "a@b.com", "external_id": "7"}
    assert written({"first_seen_at": "2020-01-01T00:00:00Z", "email_validity": "invalid"}) == {}


@pytest.mark.parametrize(
    ("number", "sent"),
    [("+34600111222", {"phone_number": "+34600111222"}), (None, {"phone_number": None}), ("600 11 12", {})],
)
def test_only_a_number_in_e164_is_written(number, sent):
    assert written({"phone": number}) == sent


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False], CustomType.BOOLEAN),
        ([1, 2.5], CustomType.NUMBER),
        (["a", "2026-01-01"], CustomType.TEXT),
        (["a", 1], CustomType.TEXT),
        ([True, 1], CustomType.TEXT),
        ([["a"], ["b", "c"]], CustomType.CHOICES),
        ([["a"], [1]], None),
        ([["a"], "b"], None),
        ([{"a": 1}], None),
    ],
)
def test_a_propertys_type_is_that_of_all_its_values(values, kind):
    assert _type(values) == kind


def test_lists_and_segments():
    row = {
        "id": "Y6nRLr",
        "attributes": {"name": "News", "opt_in_process": "double_opt_in", "updated": "2026-01-01T00:00:00Z"},
    }
    assert ProfileList.model_validate(row).unified() == {"name": "News", "type": "static", "is_double_opt_in": True}
    row["attributes"]["opt_in_process"] = "single_opt_in"
    assert ProfileList.model_validate(row).unified()["is_double_opt_in"] is False
    row["attributes"]["opt_in_process"] = None
    assert ProfileList.model_validate(row).unified()["is_double_opt_in"] is None
    rule = {"condition_groups": []}
    segment = Segment.model_validate({"id": "S", "attributes": {"name": "VIP", "definition": rule}})
    assert segment.unified() == {"name": "VIP", "definition": rule, "type": "dynamic"}


@pytest.mark.parametrize(("record", "name"), [(ListMember, "list_id"), (SegmentMember, "segment_id")])
def test_members(record, name):
    row = {name: "L", "id": "P", "attributes": {"joined_group_at": "2026-02-03T04:05:06+00:00"}}
    one = record.model_validate(row)
    assert one.remote_id == "L/P"
    assert one.unified() == {
        "list_id": "L",
        "person_id": "P",
        "joined_at": "2026-02-03T04:05:06.000000Z",
        "status": "active",
    }


CAMPAIGN: dict[str, Any] = {
    "type": "campaign",
    "id": "C",
    "attributes": {
        "name": "Spring",
        "status": "Sent",
        "archived": False,
        "audiences": {"included": ["L1", "L2"], "excluded": []},
        "send_options": {"use_smart_sending": True},
        "send_strategy": {"method": "immediate"},
        "tracking_options": {
            "custom_tracking_params": [
                {"type": "dynamic", "name": "utm_source", "value": "message_type"},
                {"type": "static", "name": "utm_campaign", "value": "spring"},
                {"type": "static", "name": "utm_medium", "value": "email"},
            ]
        },
        "created_at": "2026-03-01T00:00:00+00:00",
        "scheduled_at": "2026-03-02T00:00:00+00:00",
        "updated_at": "2026-03-04T00:00:00+00:00",
        "send_time": "2026-03-03T23:30:00+00:00",
    },
    "relationships": {
        "campaign-messages": {
            "data": [{"type": "campaign-message", "id": "M"}],
            "links": {**SELF, "related": "https://a.klaviyo.com/x"},
        }
    },
    "links": SELF,
}
MESSAGE: dict[str, Any] = {
    "type": "campaign-message",
    "id": "M",
    "attributes": {
        "definition": {
            "channel": "email",
            "label": "A",
            "content": {
                "subject": "Hello",
                "preview_text": "There",
                "from_email": "shop@example.com",
                "from_label": "Shop",
                "reply_to_email": "help@example.com",
            },
        },
        "updated_at": "2026-03-05T00:00:00+00:00",
    },
    "relationships": {
        "template": {"data": {"type": "template", "id": "T"}, "links": {**SELF, "related": "https://a.klaviyo.com/x"}}
    },
    "links": SELF,
}


def test_campaign_payloads_are_what_the_vendor_describes():
    spec = load_spec("klaviyo")
    answer = {"data": [CAMPAIGN], "included": [MESSAGE], "links": SELF}
    assert spec.check("GET", "/api/campaigns", 200, answer) == []


@pytest.mark.parametrize(
    ("channel", "word"), [("email", "email"), ("sms", "sms"), ("mobile_push", "push"), ("fax", "other")]
)
def test_a_campaign(channel, word):
    assert Mailing.model_validate({**CAMPAIGN, "channel": channel}).unified() == {
        "name": "Spring",
        "channel": word,
        "status": "ended",
        "list_id": "L1",
        "send_at": "2026-03-03T23:30:00.000000Z",
        "utm_source": None,
        "utm_medium": "email",
        "utm_campaign": "spring",
    }


def test_a_campaign_that_waits_is_to_go_out_when_it_is_scheduled():
    waiting = {**CAMPAIGN, "attributes": {**CAMPAIGN["attributes"], "send_time": None, "status": "Scheduled"}}
    unified = Mailing.model_validate(waiting).unified()
    assert (unified["send_at"], unified["status"]) == ("2026-03-02T00:00:00.000000Z", "scheduled")


def test_every_status_means_something():
    assert set(STATUS) == set(SENT)
    assert set(STATUS.values()) <= set(CampaignStatus)
    assert set(SENT.values()) <= set(MessageStatus)
    assert (STATUS["Sending Segments"], SENT["Sending Segments"]) == ("active", "sending")
    assert (STATUS["Cancelled: No Recipients"], SENT["Cancelled: No Recipients"]) == ("ended", "cancelled")
    unknown = {**CAMPAIGN, "attributes": {**CAMPAIGN["attributes"], "status": "Unknown"}}
    assert Mailing.model_validate(unknown).unified()["status"] == "other"


def test_a_message_knows_its_campaign():
    (row,) = joined({"data": [CAMPAIGN], "included": [MESSAGE]}, "email")
    one = MessageRecord.model_validate(row)
    assert one.record_version == "2026-03-05T00:00:00.000000Z"
    assert one.unified() == {
        "name": "A",
        "channel": "email",
        "campaign_id": "C",
        "template_id": "T",
        "status": "sent",
        "subject": "Hello",
        "preheader": "There",
        "from_name": "Shop",
        "from_email": "shop@example.com",
        "reply_to": "help@example.com",
        "scheduled_at": "2026-03-02T00:00:00.000000Z",
        "sent_at": "2026-03-03T23:30:00.000000Z",
    }
    assert joined({"data": [CAMPAIGN]}, "email") == []


@pytest.mark.parametrize(
    ("state", "archived", "status"),
    [("draft", False, "draft"), ("manual", False, "paused"), ("live", False, "active"), ("live", True, "ended")],
)
def test_a_flow(state, archived, status):
    row = {
        "id": "F",
        "attributes": {"name": "Welcome", "status": state, "archived": archived, "trigger_type": "Metric"},
    }
    expected = {"name": "Welcome", "channel": "mixed", "status": status, "objective": "Metric"}
    assert Flow.model_validate(row).unified() == expected


def test_a_template():
    unified = Design.model_validate({"id": "T", "attributes": {"name": "Base", "html": "<p>", "text": "p"}}).unified()
    assert unified == {
        "name": "Base",
        "html": "<p>",
        "text": "p",
        "channel": "email",
        "content_hash": sha256(b"<p>").hexdigest(),
    }
    assert Design.model_validate({"id": "T", "attributes": {}}).unified()["content_hash"] is None


def event(metric):
    row = {
        "type": "event",
        "id": "E",
        "attributes": {
            "datetime": "2026-04-05T06:07:08+00:00",
            "event_properties": {"$value": 5, "vaiven_id": "hub-1"},
        },
        "relationships": {
            "profile": {"data": {"type": "profile", "id": "P"}},
            "metric": {"data": {"type": "metric", "id": "X"}},
        },
    }
    included = [{"type": "metric", "id": "X", "attributes": {"name": metric}}]
    (one,) = named({"data": [row], "included": included})
    return Occurrence.model_validate(one)


@pytest.mark.parametrize(
    ("metric", "word"),
    [
        ("Opened Email", "email.opened"),
        ("Placed Order", "order.completed"),
        ("Reset Password!", "reset_password"),
        ("page.viewed", "page.viewed"),
    ],
)
def test_an_event(metric, word):
    one = event(metric)
    assert one.unified() == {
        "event_id": "E",
        "type": word,
        "occurred_at": "2026-04-05T06:07:08.000000Z",
        "person_id": "P",
        "properties": {"$value": 5, "vaiven_id": "hub-1"},
    }
    assert one.record_hub_id == "hub-1"


@pytest.mark.parametrize(("word", "metric"), [("email.opened", "Opened Email"), ("quiz.done", "quiz.done")])
def test_an_event_is_written_under_its_metric(word, metric):
    record, _ = Occurrence.blank({"type": word, "event_id": "1"})
    assert record.metric == metric


def test_figures_are_booked_on_the_day_of_sending():
    names = {
        "recipients": 10,
        "delivered": 9,
        "opens": 8,
        "opens_unique": 7,
        "clicks": 6,
        "clicks_unique": 5,
        "spam_complaints": 1,
        "unsubscribe_uniques": 2,
        "conversions": 3,
        "conversion_value": 49.5,
    }
    row = {"message": "M", "sent_at": "2026-03-03T23:30:00+00:00", "currency": "EUR", "statistics": names}
    assert Report.model_validate(row).unified() == {
        "entity_kind": "email_message",
        "entity_id": "M",
        "on": "2026-03-03",
        "timezone": "UTC",
        "currency": "EUR",
        "sends": "10",
        "delivered": "9",
        "opens_total": "8",
        "opens_unique": "7",
        "clicks_total": "6",
        "clicks_unique": "5",
        "complaints": "1",
        "unsubscribes": "2",
        "orders_attributed": "3",
        "revenue_attributed": "49.5",
    }
