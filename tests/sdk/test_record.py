"""A record class: the path on the wire, the mapping there and the mapping back."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, ValidationError

from vaiven_sdk import Record, derive, wire
from vaiven_sdk._mapping import instant, version_of
from vaiven_sdk.model import Clean, Entity, Instant, Lifecycle, Merge, MetricFact, Minor, Order, Person, Rate, Ref


class Colour(StrEnum):
    RED = "red"
    OTHER = "other"


class Size(StrEnum):
    S = "s"
    L = "l"


class Thing(Entity):
    """One field of each kind that the unified model has."""

    text: str | None = None
    email: Annotated[str | None, Clean("email")] = None
    count: int | None = None
    amount_minor: Minor | None = None
    flag: bool | None = None
    rate: Rate | None = None
    day_on: date | None = None
    seen_at: Instant | None = None
    colour: Colour | None = None
    size: Size | None = None
    steps: list[str] | None = None
    tags: Annotated[list[str] | None, Merge.UNION] = None
    owner_id: Annotated[str | None, Ref("user")] = None


class VendorThing(Record[Thing], key="id"):
    id: str = wire()
    text: str | None = wire("props.text", to="text")
    email: str | None = wire("props.deep.mail", to="email")
    count: int | None = wire(to="count")
    cents: int | None = wire(to="amount_minor")
    flag: bool | None = wire(to="flag")
    rate: Decimal | None = wire("props.rate", to="rate")
    day: date | None = wire(to="day_on")
    seen: AwareDatetime | None = wire("seenAt", to="seen_at")
    colour: str | None = wire(to="colour", values={"R": "red", "X": "other"})
    size: str | None = wire(to="size")
    steps: list[str] | None = wire(to="steps")
    tags: list[str] | None = wire(to="tags")
    owner: str | None = wire("owner.id", to="owner_id", ref="users")


def plain(number):
    return format(number.normalize() + 0, "f")


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: text == text.strip()
)
unified = st.fixed_dictionaries(
    {},
    optional={
        "text": words,
        "email": st.sampled_from(["ana@example.com", "a+b@xn--bcher-kva.example"]),
        "count": st.integers(-(2**63), 2**63 - 1),
        "amount_minor": st.integers(-(2**63), 2**63 - 1),
        "flag": st.booleans(),
        "rate": st.decimals(-(10**13), 10**13, places=6).map(plain),
        "day_on": st.dates().map(date.isoformat),
        "seen_at": st.datetimes(timezones=st.just(UTC)).map(instant),
        "colour": st.sampled_from([colour.value for colour in Colour]),
        "size": st.sampled_from([size.value for size in Size]),
        "steps": st.lists(words),
        "tags": st.lists(words).map(lambda tags: sorted(set(tags))),
        "owner_id": words,
    },
)


@settings(max_examples=150, deadline=None)
@given(unified)
def test_a_value_of_every_kind_comes_back_as_it_went(values):
    made, names = VendorThing.blank(values)
    sent = json.dumps({**made.to_wire(names), "id": "1"})
    back = VendorThing.model_validate_json(sent).unified()
    assert {name: value for name, value in back.items() if value is not None} == values


@settings(max_examples=50, deadline=None)
@given(unified, unified)
def test_an_update_leaves_what_it_does_not_name(before, after):
    made, names = VendorThing.blank(before)
    stored = VendorThing.model_validate_json(json.dumps({**made.to_wire(names), "id": "1"}))
    changed, fields = stored.with_unified(after, set(after))
    patched = VendorThing.model_validate_json(json.dumps({**changed.to_wire(), "id": "1"})).unified()
    assert {name: value for name, value in patched.items() if value is not None} == {**before, **after}
    assert set(changed.to_wire(fields)) <= {"props", "count", "cents", "flag", "day", "seenAt", "owner"} | fields


# ---------------------------------------------------------------------------------------------------------- the wire


class Contact(Record[Person], key="id", cursor="updated", hub_id="hub", clear=""):
    id: str = wire()
    email: str | None = wire("properties.email", to="email")
    company: str | None = wire("links.0.id", to="company_id", ref="companies")
    stage: str | None = wire(
        to="lifecycle", values={"sub": "subscriber", "lead": "lead", "prospect": "lead"}, back={"lead": "prospect"}
    )
    score: int | None = wire(to="lead_score", read_only=True)
    hub: str | None = wire("properties.vaiven_id")
    updated: AwareDatetime | None = wire("updatedAt")

    first: str | None = wire("properties.first")
    last: str | None = wire("properties.last")

    @derive("full_name", back=lambda values: dict(zip(("first", "last"), values["full_name"].split(" "), strict=True)))
    def full_name(self):
        return f"{self.first or ''} {self.last or ''}".strip()

    @derive("owner_id", ref="users")
    def owner(self):
        return None


def contact(**fields):
    return Contact.model_validate_json(json.dumps({"id": "1", **fields}))


def test_dotted_paths_lead_into_objects_and_arrays():
    one = contact(properties={"email": " Ana@Example.COM "}, links=[{"id": 7}, {"id": 8}], surplus={"x": 1})
    assert one.unified()["email"] == "ana@example.com"
    assert one.unified()["company_id"] == "7"


@pytest.mark.parametrize("properties", [None, {}, {"email": None}, {"email": ""}, {"email": "no address"}])
def test_what_is_not_there_is_none(properties):
    one = contact(properties=properties, links=[])
    assert one.unified()["email"] is None
    assert one.unified()["company_id"] is None


def test_a_number_is_taken_for_an_id_and_an_object_is_not():
    assert contact(id=12345678901234567890).remote_id == "12345678901234567890"
    with pytest.raises(ValidationError):
        contact(id={"a": 1})


def test_values_go_both_ways_and_an_unknown_one_is_other():
    assert contact(stage="sub").unified()["lifecycle"] == "subscriber"
    assert contact(stage="vip").unified()["lifecycle"] == Lifecycle.OTHER
    assert contact().with_unified({"lifecycle": "lead"}, {"lifecycle"})[0].stage == "prospect"


def test_a_value_that_the_vendor_has_no_word_for_is_not_written():
    changed, names = contact(stage="lead").with_unified({"lifecycle": "customer"}, {"lifecycle"})
    assert names == set()
    assert changed.stage == "lead"


def test_of_two_vendor_values_for_one_the_first_is_written():
    class Two(Record[Person], key="id"):
        id: str
        stage: str | None = wire(to="lifecycle", values={"a": "lead", "b": "lead"})

    assert Two.blank({"lifecycle": "lead"})[0].stage == "a"


def test_a_derived_field_is_read_and_written_through_its_functions():
    assert contact(properties={"first": "Ana", "last": "Ruiz"}).unified()["full_name"] == "Ana Ruiz"
    changed, names = contact().with_unified({"full_name": "Eva Gil"}, {"full_name", "owner_id"})
    assert names == {"first", "last"}
    assert changed.to_wire(names) == {"properties": {"first": "Eva", "last": "Gil"}}


def test_a_derived_field_without_a_way_back_is_never_written():
    assert Contact.mapped()["owner_id"].write is None
    assert Contact.mapped()["owner_id"].ref == "users"


def test_a_subclass_replaces_a_derived_field():
    class Other(Contact, key="id"):
        @derive("full_name")
        def full_name(self):
            return "someone"

    assert Other.model_validate({"id": "1"}).unified()["full_name"] == "someone"


def test_an_empty_field_is_cleared_as_the_vendor_wants():
    changed, names = contact(properties={"email": "a@example.com"}).with_unified({"email": None}, {"email"})
    assert changed.to_wire(names) == {"properties": {"email": ""}}


def test_read_only_fields_and_places_in_arrays_are_never_written():
    everything = contact(score=3, links=[{"id": "9"}]).to_wire()
    assert "score" not in everything
    assert "links" not in everything
    assert Contact.mapped()["company_id"].write is None
    assert Contact.mapped()["lead_score"].write is None


def test_a_new_record_has_what_is_given_and_nothing_else():
    made, names = Contact.blank({"email": "a@example.com", "full_name": "Eva Gil", "lead_score": "1", "phone": "1"})
    assert names == {"email", "first", "last"}
    assert made.to_wire(names) == {"properties": {"email": "a@example.com", "first": "Eva", "last": "Gil"}}
    assert made.id is None


def test_a_fields_name_may_be_another_fields_path():
    class Swapped(Record[Person], key="id"):
        id: str
        title: str | None = wire("job", to="job_title")
        name: str | None = wire("title", to="full_name")

    made, names = Swapped.blank({"full_name": "Dr Gil", "job_title": "Vet"})
    assert made.to_wire(names) == {"title": "Dr Gil", "job": "Vet"}
    assert Swapped.blank({"job_title": "Vet"})[0].name is None


def test_the_hubs_id_is_seen_where_the_vendor_keeps_it():
    assert contact(properties={"vaiven_id": "01J"}).record_hub_id == "01J"
    assert contact(properties={"vaiven_id": ""}).record_hub_id is None


def test_a_key_of_two_fields_is_joined():
    class Pair(Record[Person], key=("a", "b")):
        a: str
        b: int

    assert Pair(a="x", b=2).remote_id == "x/2"
    assert Pair(a="x", b=2).record_version == ""


def test_paths_name_every_field():
    assert Contact.paths()[:3] == ["id", "properties.email", "links.0.id"]


def test_versions_sort_as_time_does():
    early = contact(updatedAt="2026-03-01T12:00:00+05:00").record_version
    late = contact(updatedAt="2026-03-01T08:00:00.5Z").record_version
    assert early == "2026-03-01T07:00:00.000000Z" < late
    assert version_of(9) < version_of(10)
    assert version_of(date(2026, 1, 2)) == "2026-01-02"
    assert version_of(None) == ""


def test_an_instant_is_one_spelling_of_utc():
    assert instant(datetime.fromisoformat("2026-01-01T01:00:00+02:00")) == "2025-12-31T23:00:00.000000Z"


# ----------------------------------------------------------------------------------------- refused where it is written


def test_a_misspelt_target_is_refused_with_the_nearest():
    with pytest.raises(TypeError, match=r"Bad\.mail: Person has no field 'emial'; did you mean 'email'\?"):

        class Bad(Record[Person], key="id"):
            id: str
            mail: str | None = wire(to="emial")


def test_a_misspelt_derived_target_is_refused():
    with pytest.raises(TypeError, match="Person has no field 'fullname'"):

        class Bad(Record[Person], key="id"):
            id: str

            @derive("fullname")
            def full_name(self):
                return ""


def test_a_target_has_one_source():
    with pytest.raises(TypeError, match="'email' is mapped twice"):

        class Bad(Record[Person], key="id"):
            id: str
            one: str | None = wire(to="email")
            two: str | None = wire(to="email")


def test_a_record_needs_a_key():
    with pytest.raises(TypeError, match="give key="):

        class Bad(Record[Person]):
            id: str


@pytest.mark.parametrize("given", [{"key": "uid"}, {"key": "id", "cursor": "uid"}, {"key": "id", "hub_id": "uid"}])
def test_key_cursor_and_hub_id_name_fields(given):
    with pytest.raises(TypeError, match="names 'uid'"):

        class Bad(Record[Person], **given):
            id: str


def test_a_metric_is_a_target_of_facts_alone():
    class Row(Record[MetricFact], key="id"):
        id: str
        clicks: int | None = wire(to="clicks")

    assert Row(id="1", clicks=5).unified() == {"clicks": "5"}
    with pytest.raises(TypeError, match="no field 'clicks'"):

        class Bad(Record[Person], key="id"):
            id: str
            clicks: int | None = wire(to="clicks")


# ---------------------------------------------------------------------- what would be changed in silence is refused


def test_money_is_never_cut_to_a_whole_number():
    class Sale(Record[Order], key="id"):
        id: str
        total: float | Decimal | str | None = wire(to="total_minor")

    assert Sale(id="1", total=12.0).unified()["total_minor"] == 12
    assert Sale(id="1", total="12").unified()["total_minor"] == 12
    for total in (12.99, Decimal("12.99"), "12.99"):
        with pytest.raises(ValueError, match=r"12\.99"):
            Sale(id="1", total=total).unified()


def test_a_text_is_no_list_and_no_truth():
    class Loose(Record[Thing], key="id"):
        id: str
        tags: str | None = wire(to="tags")
        flag: str | None = wire(to="flag")

    with pytest.raises(ValueError, match="list"):
        Loose(id="1", tags="vip").unified()
    with pytest.raises(ValueError, match="true or false"):
        Loose(id="1", flag="false").unified()


def test_zero_has_one_spelling():
    class Score(Record[Person], key="id"):
        id: str
        score: Decimal | float | None = wire(to="lead_score")

    spellings = [
        Score(id="1", score=zero).unified()["lead_score"] for zero in (Decimal("-0.00"), Decimal("0E+3"), -0.0)
    ]
    assert spellings == ["0", "0", "0"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(number):
    class Score(Record[Person], key="id"):
        id: str
        score: Decimal | None = wire(to="lead_score")

    with pytest.raises(ValidationError):
        Score.model_validate_json(f'{{"id":"1","score":"{number}"}}')


def test_a_field_is_read_at_its_path_alone():
    class Swapped(Record[Person], key="id"):
        id: str
        title: str | None = wire("job", to="job_title")
        name: str | None = wire("title", to="full_name")

    assert Swapped.model_validate_json('{"id":"1","title":"Dr Gil"}').unified()["job_title"] is None
