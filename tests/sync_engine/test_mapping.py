"""Mappings as data: fields, directions, transforms, filters, versions; and the rules by which conflicts are settled."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.office import desk_at
from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.mapping.compile import problems
from vaiven_sync_engine.mapping.document import Condition, Mapping, read_mapping, read_policies, text_of
from vaiven_sync_engine.mapping.filters import scope_of
from vaiven_sync_engine.mapping.transforms import Transform, inverse, run
from vaiven_sync_engine.mapping.versions import RULES, history, keep, mapping_of, revert


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as made:
        yield made


def choose(desk, name, streams, **how):
    """The customer's mapping of one account."""
    document = read_mapping(json.dumps({"streams": streams}))
    return desk.hub.database.run_now(keep, "local", name, document, desk.hub.engine.now(), **how)


def rule(desk, **fields):
    """The tenant's rules for people."""
    document = read_policies(json.dumps({"kinds": {"person": fields}}))
    desk.hub.database.run_now(keep, "local", RULES, document, desk.hub.engine.now())


def people(**fields):
    return {"people": {"fields": fields}}


async def test_a_field_that_is_off_is_neither_taken_nor_written(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    choose(desk, "mail", people(city={"direction": "off"}))
    crm.add(email="ana@x.com", city="Bilbao", tags=["vip"])
    await desk.sync()
    (copy,) = mail.people.values()
    assert (copy.get("city"), copy["tags"]) == (None, ["vip"])
    mail.edit(copy["id"], city="Madrid")
    await desk.sync()
    assert desk.person()["city"] == "Bilbao"


async def test_a_field_goes_one_way(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    choose(desk, "crm", people(city={"direction": "in"}))
    choose(desk, "mail", people(city={"direction": "out"}))
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city="Madrid")
    await desk.sync()
    assert (desk.person()["city"], crm.of(ana)["city"]) == ("Bilbao", "Bilbao"), "the mail tool is not read"
    crm.edit(ana, city="Vigo")
    await desk.sync()
    (copy,) = mail.people.values()
    assert copy["city"] == "Vigo"
    assert (await desk.sync()).writes == 0


async def test_a_whole_stream_can_be_left_out_or_read_alone(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    choose(desk, "mail", {"people": {"direction": "in"}})
    crm.add(email="ana@x.com", city="Bilbao")
    bo = mail.add(email="bo@x.com", city="Vigo")
    await desk.sync()
    assert set(mail.people) == {bo}
    assert sorted(r["email"] for r in crm.people.values()) == ["ana@x.com", "bo@x.com"]


async def test_values_are_changed_on_the_way_and_changed_back(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    steps = [{"op": "values", "table": {"BIO": "Bilbao", "MAD": "Madrid"}}]
    choose(desk, "crm", people(city={"read": steps}))
    ana = crm.add(email="ana@x.com", city="BIO")
    await desk.sync()
    (copy,) = mail.people.values()
    assert copy["city"] == "Bilbao"
    mail.edit(copy["id"], city="Madrid")
    await desk.sync()
    assert crm.of(ana)["city"] == "MAD"
    assert (await desk.sync()).writes == 0


async def test_a_field_may_become_another_one(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    choose(desk, "crm", people(city={"to": "custom.shared.town"}))
    choose(desk, "mail", people(city={"to": "custom.shared.town"}))
    crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    person = desk.person()
    assert (person["city"], json.loads(person["custom"])) == (None, {"shared.town": "Bilbao"})
    (copy,) = mail.people.values()
    assert copy["city"] == "Bilbao"


async def test_emptiness_does_not_pass_where_it_is_kept(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    choose(desk, "mail", people(city={"empty": "keep"}))
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city=None)
    await desk.sync()
    assert crm.of(ana)["city"] == "Bilbao"
    mail.edit(copy["id"], city="Vigo")
    await desk.sync()
    crm.edit(ana, city=None)
    await desk.sync()
    (copy,) = mail.people.values()
    assert copy["city"] == "Vigo"


async def test_records_outside_the_filter_take_no_part_until_they_are_inside(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    choose(desk, "crm", {"people": {"filter": [{"field": "city", "op": "in", "value": ["Bilbao", "Vigo"]}]}})
    ana = crm.add(email="ana@x.com", city="Bilbao")
    bo = crm.add(email="bo@x.com", city="Paris")
    mail.add(email="cy@x.com", city="Paris")
    await desk.sync()
    assert sorted(r["email"] for r in mail.people.values()) == ["ana@x.com", "cy@x.com"]
    assert {r["email"] for r in crm.people.values()} == {"ana@x.com", "bo@x.com"}, "cy would be outside"
    crm.edit(bo, city="Vigo")
    crm.edit(ana, city="Paris")
    await desk.sync()
    assert sorted(r["email"] for r in mail.people.values()) == ["ana@x.com", "bo@x.com", "cy@x.com"]
    copy = next(r for r in mail.people.values() if r["email"] == "ana@x.com")
    assert copy["city"] == "Bilbao", "what left takes nothing along"
    mail.edit(copy["id"], tags=["vip"])
    await desk.sync()
    assert "tags" not in crm.of(ana)
    crm.edit(ana, city="Vigo")
    await desk.sync()
    assert crm.of(ana)["tags"] == ["vip"]
    assert len(crm.people) == 2, "nobody was made twice"


async def test_a_changed_mapping_reads_what_is_stored_anew_and_nothing_else(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    crm.add(email="ana@x.com", city="BIO")
    crm.add("companies", name="Acme", domain="acme.com")
    await desk.sync()
    read = len(crm.calls)
    before = desk.rows("SELECT rev FROM company")
    choose(desk, "crm", people(city={"read": [{"op": "values", "table": {"BIO": "Bilbao"}}]}))
    plan = await desk.sync(dry_run=True)
    assert [(w.entity, w.op) for w in plan.plan.writes] == [("person", "update")]
    await desk.sync()
    (copy,) = mail.people.values()
    assert copy["city"] == "Bilbao"
    assert desk.rows("SELECT rev FROM company") == before
    assert len(crm.calls) == read
    desk.hub.database.run_now(revert, "local", "crm", 0, desk.hub.engine.now())
    await desk.sync()
    (copy,) = mail.people.values()
    assert copy["city"] == "BIO"


async def test_versions_are_kept_and_two_authors_do_not_overwrite_each_other(desk):
    desk.connect("crm")
    one = choose(desk, "crm", people(city={"direction": "in"}), note="CRM is old", author="ana")
    assert choose(desk, "crm", people(city={"direction": "in"})).number == one.number == 1
    choose(desk, "crm", people(city={"direction": "off"}), based_on=1)
    with pytest.raises(InputInvalid, match="Version 2 came between"):
        choose(desk, "crm", people(), based_on=1)
    back = desk.hub.database.run_now(revert, "local", "crm", 1, desk.hub.engine.now(), author="bo")
    assert (back.number, back.note) == (3, "back to version 1")
    versions = desk.hub.database.run_now(history, "local", "crm")
    assert [(v.number, v.author) for v in versions] == [(3, "bo"), (2, ""), (1, "ana")]
    assert desk.hub.database.run_now(mapping_of, "local", "crm")[1] == read_mapping(one.body)
    with pytest.raises(InputInvalid, match="no version 9"):
        desk.hub.database.run_now(revert, "local", "crm", 9, desk.hub.engine.now())


@pytest.mark.parametrize(
    ("streams", "says"),
    [
        ({"persons": {}}, "streams.persons: the connector has no such stream"),
        (people(town={}), "no such field"),
        (people(email_consent={"direction": "off"}), "a refusal must reach every tool"),
        (people(email={"read": [{"op": "trim"}]}), "told apart by their email"),
        (people(employer={}), "no such field"),
        (people(company_id={"to": "custom.a.b"}), "refers to another record"),
        (people(city={"to": "custom.town"}), "is no field of a person"),
        (people(city={"to": "tags"}), "is what another field of this stream becomes"),
        (people(city={"read": [{"op": "truncate", "length": 3}]}), "no way back"),
        (people(city={"direction": "out", "owner": True}), "its word cannot count"),
        ({"people": {"filter": [{"field": "town", "op": "exists"}]}}, "filter.0"),
    ],
)
def test_a_mapping_that_cannot_be_says_where_and_why(desk, streams, says):
    desk.connect("crm")
    found = problems(read_mapping(json.dumps({"streams": streams})), desk.connectors["crm"].streams)
    assert any(says in one for one in found), found


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"stream": {}}',
        '{"streams": {"people": {"fields": {"city": {"direction": "sideways"}}}}}',
        '{"streams": {"people": {"fields": {"city": {"read": [{"op": "python", "code": "1"}]}}}}}',
        '{"streams": {"people": {"fields": {"city": {"read": [{"op": "scale", "by": "x"}]}}}}}',
    ],
)
def test_what_is_no_mapping_is_refused_with_the_place(text):
    with pytest.raises(InputInvalid) as caught:
        read_mapping(text)
    assert caught.value.why


# -- rules


async def test_the_owners_word_counts(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    choose(desk, "crm", people(city={"owner": True}))
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city="Madrid")
    await desk.sync()
    assert (crm.of(ana)["city"], mail.people[copy["id"]]["city"]) == ("Bilbao", "Bilbao"), "put back by the owner's"
    assert desk.conflicts() == [("city", '"Bilbao"', '"Madrid"', "system_of_record")]
    crm.edit(ana, city=None)
    await desk.sync()
    mail.edit(copy["id"], city="Vigo")
    await desk.sync()
    assert crm.of(ana)["city"] == "Vigo", "where the owner says nothing, others may"
    assert (await desk.sync()).writes == 0


async def test_emptiness_never_wins_where_the_rule_says_so(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    rule(desk, city={"rule": "prefer_non_blank"})
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city=None)
    await desk.sync()
    assert (crm.of(ana)["city"], mail.people[copy["id"]]["city"]) == ("Bilbao", "Bilbao")


async def test_the_larger_number_wins(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    rule(desk, city={"rule": "largest"})
    ana = crm.add(email="ana@x.com", city="9")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city="10")
    await desk.sync()
    assert crm.of(ana)["city"] == "10", "as numbers, not as text"
    crm.edit(ana, city="3")
    await desk.sync()
    assert (crm.of(ana)["city"], mail.people[copy["id"]]["city"]) == ("10", "10")


async def test_a_rule_of_the_installation_decides(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    rule(desk, city={"rule": "custom", "name": "longer"})
    with pytest.raises(InputInvalid, match="no rule of that name"):
        await desk.sync()
    desk.hub.engine.choosers = {"longer": lambda current, value: len(value or "") > len(current or "")}
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    (copy,) = mail.people.values()
    mail.edit(copy["id"], city="Vigo")
    await desk.sync()
    assert (crm.of(ana)["city"], mail.people[copy["id"]]["city"]) == ("Bilbao", "Bilbao")
    assert desk.conflicts() == [("city", '"Bilbao"', '"Vigo"', "custom:longer")]


@pytest.mark.parametrize(
    "fields",
    [
        {"email_consent": {"rule": "last_writer"}},
        {"town": {"rule": "manual"}},
        {"tags": {"rule": "largest"}},
    ],
)
async def test_rules_that_cannot_be_are_refused(desk, fields):
    rule(desk, **fields)
    with pytest.raises(InputInvalid):
        await desk.sync()


# -- parts

STEPS = st.lists(
    st.one_of(
        st.builds(dict, op=st.just("prefix"), text=st.text("ab-", max_size=3), strip=st.booleans()),
        st.just({"op": "case", "to": "upper"}),
        st.builds(
            dict, op=st.just("values"), table=st.dictionaries(st.text("ABC", max_size=2), st.text("XYZ", max_size=2))
        ),
        st.builds(dict, op=st.just("scale"), by=st.sampled_from(["100", "0.01", "3", "-2"])),
    ),
    max_size=3,
)


@given(STEPS, st.integers(-1000, 1000).map(str) | st.text("ABCabc-", min_size=1, max_size=5))
def test_law_what_has_a_way_back_comes_back_to_what_it_gave(steps, value):
    """Not to the tool's own spelling: to a value that reads the same."""
    chain = msgspec.json.decode(json.dumps(steps), type=tuple[Transform, ...])
    back = inverse(chain)
    if back is None:
        assert any(s["op"] in {"values", "scale"} for s in steps)
        return
    seen = run(chain, value)
    lossless = all(s["op"] == "prefix" and not s["strip"] for s in steps)
    if lossless:
        assert run(back, seen) == value


def test_money_is_scaled_exactly():
    (step,) = msgspec.json.decode('[{"op":"scale","by":"0.01"}]', type=list[Transform])
    assert step.apply(1999) == "19.99"
    assert Decimal(step.back().apply("19.99")) == 1999
    assert msgspec.json.decode('[{"op":"scale","by":"3"}]', type=list[Transform])[0].back() is None


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        ({"op": "eq", "value": 5}, "5", "6"),
        ({"op": "ne", "value": "a"}, "b", "a"),
        ({"op": "in", "value": ["a", "b"]}, "b", None),
        ({"op": "not_in", "value": ["a"]}, None, "a"),
        ({"op": "contains", "value": "vip"}, ["vip", "x"], ["x"]),
        ({"op": "contains", "value": "IL"}, "Bilbao", "Vigo"),
        ({"op": "less", "value": 10}, "9", "10"),
        ({"op": "greater", "value": "2026-01-01"}, "2026-01-02", None),
        ({"op": "exists"}, False, None),
        ({"op": "missing"}, None, 0),
        ({"op": "eq", "value": True}, True, 1 + 1),
    ],
)
def test_conditions(condition, inside, outside):
    scope = scope_of([Condition(field="f", **condition)])
    assert scope({"f": inside})
    assert not scope({"f": outside})
    assert scope_of([]) is None


def test_an_empty_mapping_is_the_default_one(desk):
    desk.connect("crm")
    assert text_of(Mapping()) == "{}"
    assert problems(Mapping(), desk.connectors["crm"].streams) == []
