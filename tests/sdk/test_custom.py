"""Custom fields: every type in every spelling, both ways, in a record made for one account."""

from __future__ import annotations

from typing import Any

import pytest

from vaiven_sdk import CustomField, CustomType, Record, Spelling, wire
from vaiven_sdk.model import Person

TEXTS = Spelling(texts=True, separator=";")
T = CustomType


class Somebody(Record[Person], key="id", cursor="changed", clear=""):
    """A record."""

    id: str = wire(read_only=True)
    changed: str | None = wire(read_only=True)
    email: str | None = wire("properties.email", to="email")


@pytest.mark.parametrize(
    ("kind", "given", "clean"),
    [
        (T.TEXT, " hello ", "hello"),
        (T.TEXT, 7, "7"),
        (T.TEXT, "", None),
        (T.NUMBER, "12.50", "12.5"),
        (T.NUMBER, 12, "12"),
        (T.NUMBER, 0.1, "0.1"),
        (T.NUMBER, "12345678901234567890.123456789", "12345678901234567890.123456789"),
        (T.NUMBER, "1e3", "1000"),
        (T.NUMBER, "-0.0", "0"),
        (T.BOOLEAN, "true", True),
        (T.BOOLEAN, "No", False),
        (T.BOOLEAN, False, False),
        (T.BOOLEAN, 1, True),
        (T.DATE, "2026-11-25", "2026-11-25"),
        (T.DATE, "2026-11-25T00:00:00Z", "2026-11-25"),
        (T.DATE, "1795564800000", "2026-11-25"),
        (T.INSTANT, "2026-11-25T10:00:00+02:00", "2026-11-25T08:00:00.000000Z"),
        (T.INSTANT, 1795593600000, "2026-11-25T08:00:00.000000Z"),
        (T.INSTANT, "1795593600", "2026-11-25T08:00:00.000000Z"),
        (T.CHOICE, "red", "red"),
        (T.CHOICES, "b;a;b;", ["a", "b"]),
        (T.CHOICES, ["b", "a"], ["a", "b"]),
        (T.CHOICES, [], None),
    ],
)
def test_what_vendors_send_becomes_one_spelling(kind: CustomType, given: Any, clean: Any) -> None:
    assert CustomField("x", "x", kind).read(given) == clean


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        (T.NUMBER, "secret@example.com", "not a number"),
        (T.NUMBER, True, "not a number"),
        (T.NUMBER, "NaN", "not a number"),
        (T.NUMBER, "1e999", "not a number"),
        (T.BOOLEAN, "perhaps", "neither true nor false"),
        (T.DATE, "25/11/2026", "not a date"),
        (T.INSTANT, "yesterday", "not an instant"),
        (T.INSTANT, "9" * 30, "not an instant"),
        (T.TEXT, {"a": 1}, "not a text"),
    ],
)
def test_a_bad_value_is_refused_without_being_told(kind: CustomType, given: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        CustomField("x", "x", kind).read(given)
    assert str(given) not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "spelling", "clean", "sent"),
    [
        (T.NUMBER, TEXTS, "12.5", "12.5"),
        (T.NUMBER, Spelling(), "12.5", 12.5),
        (T.NUMBER, Spelling(), "12", 12),
        (T.BOOLEAN, TEXTS, True, "true"),
        (T.BOOLEAN, Spelling(), True, True),
        (T.CHOICES, TEXTS, ["a", "b"], "a;b"),
        (T.CHOICES, Spelling(), ["a", "b"], ["a", "b"]),
        (T.INSTANT, Spelling(instants="ms"), "2026-11-25T08:00:00.000000Z", 1795593600000),
        (T.INSTANT, Spelling(texts=True, instants="s"), "2026-11-25T08:00:00.000000Z", "1795593600"),
        (T.DATE, TEXTS, "2026-11-25", "2026-11-25"),
    ],
)
def test_a_clean_value_is_written_as_the_vendor_spells_it(
    kind: CustomType, spelling: Spelling, clean: Any, sent: Any
) -> None:
    field = CustomField("x", "x", kind, spelling=spelling)
    assert field.write(clean) == sent
    assert field.read(sent) == clean


def test_another_accounts_value_that_does_not_fit_is_not_written() -> None:
    field = CustomField("x", "x", T.CHOICE, options=("red", "blue"))
    assert field.write("red") == "red"
    with pytest.raises(ValueError, match="not one of the options"):
        field.write("green")
    record = Somebody.extended([CustomField("x", "properties.x", T.NUMBER)], "acme")
    _, sent = record.blank({"custom.acme.x": "many"})
    assert sent == set()


def test_an_extended_record_reads_and_writes_like_any_other() -> None:
    fields = [
        CustomField("size", ("properties", "size"), T.NUMBER, spelling=TEXTS),
        CustomField("a.b", ("properties", "a.b")),
        CustomField("score", "properties.score", T.NUMBER, read_only=True),
        CustomField("email", "properties.email"),
    ]
    record = Somebody.extended(fields, "acme")
    assert issubclass(record, Somebody)
    assert record.__key__ == ("id",)
    assert record.__cursor__ == "changed"
    assert set(record.custom()) == {"custom.acme.size", "custom.acme.a.b", "custom.acme.score"}
    assert {"properties.size", "properties.a.b", "properties.score"} <= set(record.paths())
    one = record.model_validate_json(b'{"id": "1", "properties": {"size": "1.0", "a.b": "x", "score": "3"}}')
    assert one.unified() == {"email": None, "custom.acme.size": "1", "custom.acme.a.b": "x", "custom.acme.score": "3"}
    changed, names = one.with_unified({"custom.acme.size": "2", "custom.acme.score": "9"}, {"custom.acme.size"})
    assert changed.to_wire(names) == {"properties": {"size": "2"}}
    cleared, names = one.with_unified({"custom.acme.size": None}, {"custom.acme.size"})
    assert cleared.to_wire(names) == {"properties": {"size": ""}}
    assert record.mapped()["custom.acme.score"].write is None
    assert Somebody.custom() == {}, "the class itself is as it was"
    assert Somebody.extended([], "acme") is Somebody


def test_a_bad_custom_value_is_set_aside_and_the_record_is_not() -> None:
    record = Somebody.extended([CustomField("size", "properties.size", T.NUMBER)], "acme")
    one = record.model_validate({"id": "1", "properties": {"email": "a@example.com", "size": "big"}})
    aside: dict[str, str] = {}
    assert one.unified(aside) == {"email": "a@example.com"}
    assert aside == {"custom.acme.size": "not a number"}
    with pytest.raises(ValueError, match="not a number"):
        one.unified()


def test_a_field_needs_a_key_and_a_path() -> None:
    with pytest.raises(ValueError, match="give its key"):
        CustomField("", "x")
    with pytest.raises(ValueError, match="give its key"):
        CustomField("x", "a..b")
