"""Every mapped field: its value, unit, zone and enum, and what null and unknown ones become."""

from datetime import date
from decimal import Decimal

import pytest

from vaiven_connectors.meta_ads._audiences import MetaAudience, MetaMember
from vaiven_connectors.meta_ads._conversions import EVENTS, Conversion
from vaiven_connectors.meta_ads._creatives import MetaCreative
from vaiven_connectors.meta_ads._insights import AdFigures, CampaignFigures, facts
from vaiven_connectors.meta_ads._leads import MetaForm, MetaLead, MetaSubmission
from vaiven_connectors.meta_ads._money import amount, budget_fields, minor, offset
from vaiven_connectors.meta_ads._objects import MetaAccount, MetaAd, MetaAdSet, MetaCampaign

ACCOUNT = {
    "id": "act_1234567890",
    "account_id": "1234567890",
    "name": "Acme ES",
    "account_status": 1,
    "currency": "EUR",
    "timezone_name": "Europe/Madrid",
}
CAMPAIGN = {
    "id": "120210000000000001",
    "name": "Spring sale",
    "account_id": "1234567890",
    "objective": "OUTCOME_SALES",
    "status": "ACTIVE",
    "effective_status": "ACTIVE",
    "daily_budget": "2550",
    "lifetime_budget": "0",
    "bid_strategy": "LOWEST_COST_WITHOUT_CAP",
    "start_time": "2026-11-01T00:00:00+0100",
    "stop_time": "2026-11-30T23:59:59+0100",
    "currency": "EUR",
}
AD_SET = {
    "id": "120210000000000002",
    "name": "Lookalikes",
    "campaign_id": "120210000000000001",
    "status": "PAUSED",
    "effective_status": "PAUSED",
    "optimization_goal": "OFFSITE_CONVERSIONS",
    "lifetime_budget": "100000",
    "bid_amount": 350,
    "start_time": "2026-11-01T08:00:00+0100",
    "currency": "EUR",
}
AD = {
    "id": "120210000000000003",
    "name": "Video A",
    "adset_id": "120210000000000002",
    "creative": {"id": "120210000000000004"},
    "status": "ACTIVE",
    "effective_status": "PENDING_REVIEW",
}
ROW = {
    "campaign_id": "120210000000000001",
    "account_currency": "EUR",
    "date_start": "2026-11-01",
    "date_stop": "2026-11-01",
    "spend": "12.34",
    "impressions": "1500",
    "clicks": "40",
    "inline_link_clicks": "31",
    "reach": "1200",
    "actions": [
        {"action_type": "purchase", "value": "3", "7d_click": "2", "1d_view": "1"},
        {"action_type": "omni_purchase", "value": "3", "7d_click": "2", "1d_view": "1"},
        {"action_type": "offsite_conversion.fb_pixel_purchase", "value": "3", "7d_click": "2", "1d_view": "1"},
        {"action_type": "link_click", "value": "31", "7d_click": "31"},
    ],
    "action_values": [
        {"action_type": "purchase", "value": "90.5", "7d_click": "70.5", "1d_view": "20"},
        {"action_type": "omni_purchase", "value": "90.5", "7d_click": "70.5", "1d_view": "20"},
    ],
}


def unified(record, given, **changes):
    return record.model_validate({**given, **changes}).unified()


# ------------------------------------------------------------------------------------------------- the account
def test_an_account_has_currency_and_zone():
    assert unified(MetaAccount, ACCOUNT) == {
        "name": "Acme ES",
        "status": "active",
        "currency": "EUR",
        "timezone": "Europe/Madrid",
    }


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (2, "paused"),
        (3, "paused"),
        (7, "in_review"),
        (8, "paused"),
        (9, "active"),
        (100, "ended"),
        (101, "ended"),
        (201, "active"),
        (202, "ended"),
        (77, "other"),
    ],
)
def test_an_account_status_is_a_number(code, status):
    assert unified(MetaAccount, ACCOUNT, account_status=code)["status"] == status


# ------------------------------------------------------------------------------------------------- campaigns and below
def test_a_campaign():
    assert unified(MetaCampaign, CAMPAIGN) == {
        "name": "Spring sale",
        "objective": "OUTCOME_SALES",
        "currency": "EUR",
        "bid_strategy": "LOWEST_COST_WITHOUT_CAP",
        "channel": "paid_social",
        "account_id": "act_1234567890",
        "status": "active",
        "budget": "25.5",
        "budget_period": "daily",
        "budget_level": "campaign",
        "start_on": "2026-11-01",
        "end_on": "2026-11-30",
    }


def test_a_day_is_the_account_s_and_an_epoch_of_0_is_none():
    found = unified(MetaCampaign, CAMPAIGN, start_time="2026-11-01T00:30:00-0800", stop_time="1970-01-01T00:00:00+0000")
    assert (found["start_on"], found["end_on"]) == ("2026-11-01", None)


def test_a_campaign_without_a_budget_leaves_it_to_its_ad_sets():
    found = unified(MetaCampaign, CAMPAIGN, daily_budget="0", lifetime_budget=None)
    assert (found["budget"], found["budget_period"], found["budget_level"]) == (None, None, "ad_group")


def test_a_deleted_campaign_is_what_insights_tell_of_it():
    gone = {"id": "7", "name": "Old", "account_id": "1", "status": "DELETED", "effective_status": "DELETED"}
    found = unified(MetaCampaign, gone)
    assert (found["name"], found["status"], found["budget"], found["budget_level"]) == ("Old", "removed", None, None)


@pytest.mark.parametrize(
    ("own", "effective", "status"),
    [
        ("ACTIVE", "ACTIVE", "active"),
        ("ACTIVE", "CAMPAIGN_PAUSED", "active"),
        ("ACTIVE", "ADSET_PAUSED", "active"),
        ("ACTIVE", "WITH_ISSUES", "active"),
        ("ACTIVE", "PENDING_BILLING_INFO", "active"),
        ("ACTIVE", "PENDING_REVIEW", "in_review"),
        ("ACTIVE", "IN_PROCESS", "in_review"),
        ("ACTIVE", "PREAPPROVED", "scheduled"),
        ("ACTIVE", "DISAPPROVED", "rejected"),
        ("PAUSED", "PENDING_REVIEW", "paused"),
        ("ARCHIVED", "ARCHIVED", "ended"),
        ("DELETED", "DELETED", "removed"),
        ("NEW_WORD", None, "other"),
        (None, None, None),
    ],
)
@pytest.mark.parametrize(("record", "given"), [(MetaCampaign, CAMPAIGN), (MetaAdSet, AD_SET), (MetaAd, AD)])
def test_a_status_is_what_somebody_has_set_and_what_the_review_says(record, given, own, effective, status):
    assert unified(record, given, status=own, effective_status=effective)["status"] == status


def test_an_ad_set():
    assert unified(MetaAdSet, AD_SET) == {
        "name": "Lookalikes",
        "campaign_id": "120210000000000001",
        "optimization_goal": "OFFSITE_CONVERSIONS",
        "currency": "EUR",
        "status": "paused",
        "budget": "1000",
        "budget_period": "lifetime",
        "bid": "3.5",
        "start_on": "2026-11-01",
        "end_on": None,
    }


def test_an_ad():
    assert unified(MetaAd, AD) == {
        "name": "Video A",
        "ad_group_id": "120210000000000002",
        "creative_id": "120210000000000004",
        "status": "in_review",
        "review_status": "PENDING_REVIEW",
    }
    assert unified(MetaAd, AD, creative=None, effective_status="ACTIVE") == {
        "name": "Video A",
        "ad_group_id": "120210000000000002",
        "creative_id": None,
        "status": "active",
        "review_status": None,
    }


# ------------------------------------------------------------------------------------------------- money
@pytest.mark.parametrize(
    ("smallest", "currency", "units"),
    [
        ("2550", "EUR", "25.5"),
        ("2550", "JPY", "2550"),
        ("2550", "HUF", "2550"),
        ("2550", "KWD", "25.5"),
        ("1", "USD", "0.01"),
    ],
)
def test_a_budget_counts_by_meta_s_offset(smallest, currency, units):
    assert amount(smallest, currency) == Decimal(units)
    assert minor(units, currency) == smallest


def test_a_budget_that_does_not_fit_is_not_written():
    assert (minor("25.505", "EUR"), minor("25.5", "JPY"), minor("0", "EUR"), minor("many", "EUR")) == (None,) * 4
    assert (amount("0", "EUR"), amount(None, "EUR"), amount("100", None)) == (None, None, None)
    assert offset("TWD") == 1


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        (
            {"budget": "25.5", "budget_period": "daily", "currency": "EUR"},
            {"daily_budget": "2550", "currency": "EUR"},
        ),
        (
            {"budget": "900", "budget_period": "lifetime", "currency": "JPY"},
            {"lifetime_budget": "900", "currency": "JPY"},
        ),
        ({"budget": "25.5", "budget_period": "monthly", "currency": "EUR"}, {}),
        ({"budget": "25.5", "budget_period": "daily"}, {}),
        ({"budget_period": "daily", "currency": "EUR"}, {}),
        ({"budget": "0.001", "budget_period": "daily", "currency": "EUR"}, {}),
    ],
)
def test_a_budget_goes_out_in_the_smallest_units_of_its_currency(values, fields):
    assert budget_fields(values) == fields


@pytest.mark.parametrize(
    ("status", "written"),
    [("active", "ACTIVE"), ("paused", "PAUSED"), ("ended", "ARCHIVED"), ("removed", None), ("draft", None)],
)
def test_a_status_goes_out_unless_it_could_not_be_taken_back(status, written):
    record, names = MetaCampaign.blank({"status": status})
    assert record.to_wire(names) == ({"status": written} if written else {})


# ------------------------------------------------------------------------------------------------- creatives
def test_a_link_ad():
    given = {
        "id": "4",
        "name": "Card",
        "account_id": "1234567890",
        "object_type": "SHARE",
        "url_tags": "utm_source=meta&utm_campaign=spring",
        "object_story_spec": {
            "page_id": "99",
            "link_data": {
                "link": "https://shop.example.com/spring",
                "message": "Everything is new.",
                "name": "Spring sale",
                "picture": "https://cdn.example.com/a.png",
                "call_to_action": {"type": "SHOP_NOW", "value": {"link": "https://shop.example.com/spring"}},
            },
        },
    }
    assert unified(MetaCreative, given) == {
        "name": "Card",
        "account_id": "act_1234567890",
        "type": "image",
        "headlines": ["Spring sale"],
        "bodies": ["Everything is new."],
        "asset_urls": ["https://cdn.example.com/a.png"],
        "call_to_action": "SHOP_NOW",
        "final_url": "https://shop.example.com/spring",
        "url_template": "utm_source=meta&utm_campaign=spring",
    }


CARDS = {
    "link_data": {"child_attachments": [{"name": "One", "picture": "https://cdn.example.com/1.png"}, {"name": "Two"}]}
}
VIDEO = {
    "video_data": {
        "video_id": "5",
        "title": "See",
        "message": "Watch it.",
        "image_url": "https://cdn.example.com/v.png",
        "call_to_action": {"type": "LEARN_MORE", "value": {"link": "https://shop.example.com/v"}},
    }
}
FEED = {
    "titles": [{"text": "A"}, {"text": "B"}],
    "bodies": [{"text": "Long"}],
    "images": [{"hash": "h"}, {"url": "https://cdn.example.com/f.png"}],
    "link_urls": [{"website_url": "https://shop.example.com/f"}],
    "call_to_action_types": ["BOOK_NOW"],
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"object_story_spec": CARDS}, {"type": "carousel", "headlines": ["One", "Two"]}),
        (
            {"object_story_spec": VIDEO},
            {
                "type": "video",
                "headlines": ["See"],
                "bodies": ["Watch it."],
                "call_to_action": "LEARN_MORE",
                "final_url": "https://shop.example.com/v",
                "asset_urls": ["https://cdn.example.com/v.png"],
            },
        ),
        (
            {"asset_feed_spec": FEED},
            {
                "type": "responsive",
                "headlines": ["A", "B"],
                "bodies": ["Long"],
                "asset_urls": ["https://cdn.example.com/f.png"],
                "call_to_action": "BOOK_NOW",
                "final_url": "https://shop.example.com/f",
            },
        ),
        ({"object_story_spec": {"photo_data": {"caption": "Look"}}}, {"type": "image", "bodies": ["Look"]}),
        ({"object_type": "STATUS", "object_story_spec": {"text_data": {"message": "Hi"}}}, {"type": "text"}),
        (
            {
                "title": "T",
                "body": "B",
                "image_url": "https://a.example.com/i.png",
                "link_url": "https://a.example.com",
            },
            {"type": "image", "headlines": ["T"], "bodies": ["B"], "final_url": "https://a.example.com"},
        ),
        ({"video_id": "5", "call_to_action_type": "CALL"}, {"type": "video", "call_to_action": "CALL"}),
        ({"object_type": "PAGE"}, {"type": "other", "headlines": None, "account_id": None}),
    ],
)
def test_a_creative_is_told_in_each_of_meta_s_forms(given, expected):
    found = unified(MetaCreative, {"id": "4", **given})
    assert {name: found[name] for name in expected} == expected


# ------------------------------------------------------------------------------------------------- figures
def figures(row=ROW, action="omni_purchase", today=date(2026, 11, 25), level="campaign", record=CampaignFigures):
    return [record.model_validate(one).unified() for one in facts(row, level, action, "Europe/Madrid", today)]


def test_a_day_of_a_campaign_has_its_cost_and_what_each_window_credits_to_it():
    spent, clicked, viewed = figures()
    shared = {
        "entity_kind": "campaign",
        "entity_id": "120210000000000001",
        "on": "2026-11-01",
        "timezone": "Europe/Madrid",
        "currency": "EUR",
        "is_final": False,
    }
    counts = {"spend": "12.34", "impressions": "1500", "clicks": "40", "link_clicks": "31", "reach": "1200"}
    nothing = dict.fromkeys((*counts, "conversions", "conversion_value"))
    assert spent == {**shared, **nothing, **counts, "attribution": None}
    rule = "action=omni_purchase;click_days=7;counting=event_time"
    assert clicked == {**shared, **nothing, "attribution": rule, "conversions": "2", "conversion_value": "70.5"}
    rule = "action=omni_purchase;counting=event_time;view_days=1"
    assert viewed == {**shared, **nothing, "attribution": rule, "conversions": "1", "conversion_value": "20"}


def test_one_purchase_under_several_names_counts_once():
    total = sum(Decimal(one["conversions"] or 0) for one in figures())
    worth = sum(Decimal(one["conversion_value"] or 0) for one in figures())
    assert (total, worth) == (3, Decimal("90.5"))


def test_another_action_is_counted_where_the_settings_say_so():
    (_, clicked, viewed) = figures(action="link_click")
    assert (clicked["conversions"], clicked["conversion_value"], viewed["conversions"]) == ("31", "0", "0")
    assert clicked["attribution"].startswith("action=link_click;")


def test_a_day_without_conversions_says_0_so_that_one_taken_back_does_not_stay():
    quiet = {name: value for name, value in ROW.items() if name not in {"actions", "action_values"}}
    assert [one["conversions"] for one in figures(quiet)] == [None, "0", "0"]


@pytest.mark.parametrize(("today", "final"), [(date(2026, 11, 28), False), (date(2026, 11, 29), True)])
def test_a_day_is_final_after_28_days(today, final):
    assert {one["is_final"] for one in figures(today=today)} == {final}


def test_a_day_of_an_ad():
    row = {**ROW, "ad_id": "120210000000000003"}
    assert {(one["entity_kind"], one["entity_id"]) for one in figures(row, level="ad", record=AdFigures)} == {
        ("ad", "120210000000000003")
    }


# ------------------------------------------------------------------------------------------------- leads
LEAD = {
    "id": "1234",
    "created_time": "2026-11-20T10:00:00+0000",
    "campaign_id": "120210000000000001",
    "form_id": "77",
    "is_organic": False,
    "field_data": [
        {"name": "email", "values": ["Ana@Example.com"]},
        {"name": "phone_number", "values": ["+34600123456"]},
        {"name": "first_name", "values": ["Ana"]},
        {"name": "last_name", "values": ["García"]},
        {"name": "company_name", "values": ["Libros SL"]},
        {"name": "job_title", "values": ["Owner"]},
        {"name": "country", "values": ["ES"]},
        {"name": "which_books?", "values": ["poetry", "novels"]},
    ],
    "custom_disclaimer_responses": [
        {"checkbox_key": "news", "is_checked": "1"},
        {"checkbox_key": "sms", "is_checked": ""},
    ],
    "legal_content": {
        "custom_disclaimer": {
            "title": "Privacy",
            "body": {"text": "We write to you once a month."},
            "checkboxes": [{"key": "news", "text": "Send me the newsletter."}, {"key": "sms", "text": "Text me."}],
        }
    },
}


def test_a_lead():
    assert unified(MetaLead, LEAD) == {
        "campaign_id": "120210000000000001",
        "email": "ana@example.com",
        "phone": "+34600123456",
        "given_name": "Ana",
        "family_name": "García",
        "company_name": "Libros SL",
        "job_title": "Owner",
        "country": "ES",
        "status": "new",
        "source": "meta_lead_ad",
    }
    assert unified(MetaLead, LEAD, is_organic=True, campaign_id=None)["source"] == "meta_organic"


def test_what_the_testing_tool_makes_up_is_nobody():
    dummy = [
        {"name": "email", "values": ["test@meta.com"]},
        {"name": "first_name", "values": ["<test lead: dummy data for first_name>"]},
    ]
    assert unified(MetaLead, LEAD, field_data=dummy)["given_name"] is None
    assert unified(MetaSubmission, LEAD, field_data=dummy)["is_test"] is True
    assert unified(MetaLead, {"id": "1", "created_time": "2026-11-20T10:00:00+0000"})["email"] is None


def test_a_submission_has_the_text_of_what_was_ticked():
    found = unified(MetaSubmission, LEAD)
    assert found.pop("answers")["which_books?"] == ["poetry", "novels"]
    assert found == {
        "event_id": "1234",
        "submitted_at": "2026-11-20T10:00:00.000000Z",
        "form_id": "77",
        "campaign_id": "120210000000000001",
        "email": "ana@example.com",
        "phone": "+34600123456",
        "is_test": False,
        "consent": {
            "title": "Privacy",
            "text": "We write to you once a month.",
            "boxes": [
                {"key": "news", "text": "Send me the newsletter.", "ticked": True},
                {"key": "sms", "text": "Text me.", "ticked": False},
            ],
        },
    }
    assert unified(MetaSubmission, LEAD, legal_content=None, custom_disclaimer_responses=None)["consent"] is None


def test_a_form():
    given = {
        "id": "77",
        "name": "Books",
        "status": "ACTIVE",
        "locale": "es_ES",
        "questions": [{"key": "email", "type": "EMAIL"}],
    }
    assert unified(MetaForm, given) == {
        "name": "Books",
        "status": "published",
        "type": "lead",
        "language": "es-ES",
        "questions": {"email": {"key": "email", "type": "EMAIL"}},
    }
    empty = unified(MetaForm, {"id": "77", "status": "SOMETHING"})
    assert (empty["status"], empty["language"], empty["questions"]) == ("other", None, None)
    assert unified(MetaForm, {"id": "77", "status": "DELETED"})["status"] == "closed"


# ------------------------------------------------------------------------------------------------- people who go out
def test_an_audience():
    given = {"id": "9", "name": "Buyers", "description": "Of a year", "approximate_count_lower_bound": 1200}
    assert unified(MetaAudience, given) == {
        "name": "Buyers",
        "description": "Of a year",
        "type": "ad_audience",
        "size": 1200,
    }
    assert unified(MetaAudience, given, approximate_count_lower_bound=-1)["size"] is None


def test_a_member_is_a_digest():
    row = {"audience": "9", "digest": "abc", "email_digest": "e", "phone_digest": None}
    member = MetaMember.model_validate(row)
    assert member.remote_id == "9/abc"
    assert unified(MetaMember, row) == {"list_id": "9", "person_id": None, "status": "active"}


@pytest.mark.parametrize(("ours", "theirs"), EVENTS.items())
def test_the_hub_s_words_are_meta_s_standard_events(ours, theirs):
    record, names = Conversion.blank({"type": ours})
    assert record.to_wire(names) == {"event_name": theirs}
    assert EVENTS[record.kind()] == theirs


def test_no_other_event_leaves_the_hub():
    assert Conversion.blank({"type": "email.opened"})[1] == set()


def test_a_conversion():
    given = {
        "event_id": "o-1",
        "event_name": "Purchase",
        "event_time": "2026-11-20T10:00:00Z",
        "url": "https://a.example.com/x",
    }
    found = unified(Conversion, given)
    assert (found["event_id"], found["type"], found["occurred_at"]) == (
        "o-1",
        "order.completed",
        "2026-11-20T10:00:00.000000Z",
    )
    assert found["url"] == "https://a.example.com/x"
