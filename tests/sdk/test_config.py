"""Settings and the slots that they fill."""

from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from vaiven_sdk import Config, Connector, get
from vaiven_sdk.config import check_slots, fill


class Settings(Config):
    list_id: str = ""
    page: int = 0


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("/plain", "/plain"),
        ("/lists/{config.list_id}/p{config.page}", "/lists/a1/p0"),
        ("{since}", "then"),
        ("from:{since},list:{config.list_id}", "from:then,list:a1"),
        ('{"filter": {}}', '{"filter": {}}'),
        ("{until}", None),
        ("{since}..{until}", None),
        ("{nowhere}", None),
    ],
)
def test_slots_are_filled_or_the_whole_is_left_out(template, text):
    slots = {"config": Settings(list_id="a1"), "since": "then", "until": None}
    assert fill(template, slots) == text


def test_an_empty_setting_is_no_value():
    assert fill("/lists/{config.list_id}", {"config": Settings()}) is None
    assert fill("{config.list_id}", {"config": None}) is None


def test_a_value_is_not_filled_again():
    assert fill("{config.x}", {"config": SimpleNamespace(x="{since}"), "since": "then"}) == "{since}"


@pytest.mark.parametrize(
    "template", ["{config.list_id}", "{since}", "{until}", "{parent.id}", "no slot", "{ x }", 5, None]
)
def test_slots_that_something_fills(template):
    check_slots(template, Settings, "here")


@pytest.mark.parametrize(
    ("template", "match"),
    [
        ("{config.lists}", r"here: Settings has no field 'lists' for \{config\.lists\}"),
        ("{config}", "Settings has no field ''"),
        ("{sinse}", r"unknown slot \{sinse\}"),
        ("{Since}", r"unknown slot \{Since\}"),
        ("{config.listId}", "no field 'listId'"),
        ("a{since}b{cursor.x}", r"unknown slot \{cursor\}"),
    ],
)
def test_slots_that_nothing_fills_are_refused(template, match):
    with pytest.raises(TypeError, match=match):
        check_slots(template, Settings, "here")


def test_settings_are_closed_and_fixed():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Settings(lists="x")
    with pytest.raises(ValidationError, match="frozen"):
        Settings().list_id = "y"


@pytest.mark.parametrize(
    "place",
    [
        {"base_url": "https://{config.region}.example"},
        {"full": get("/x/{config.region}")},
        {"full": get("/x", since="{config.region}")},
        {"changes": get("/x", since="{config.region}")},
        {"gone": get("/x", since="{config.region}")},
    ],
)
def test_a_connector_checks_all_of_its_slots(place, person):
    with pytest.raises(TypeError, match="Settings has no field 'region'"):
        Connector(
            "acme",
            Settings,
            name="Acme",
            category="crm",
            base_url=place.pop("base_url", "https://acme.example"),
            auth=[],
        ).stream(person, **place)
