"""Who is who: deterministic resolution over keys, with caps, past keys and contradictions."""

from __future__ import annotations

import itertools

import pytest

from tests.support.people import CRM, MAIL, PAY, People, groups, people_at
from vaiven_sync_engine.identity.evidence import forget, value_hash


@pytest.fixture
def people(empty_store):
    with people_at(empty_store) as some:
        yield some


def test_one_address_in_three_tools_is_one_person(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com")
    people.put(MAIL, "m1", email="ana@x.com")
    people.put(PAY, "p1", email="ana@x.com")
    people.put(PAY, "p2", email="bo@x.com")
    people.resolve()
    assert people.groups() == {frozenset({"c1", "m1", "p1"}), frozenset({"p2"})}


def test_an_address_on_many_records_of_one_stream_proves_nothing(people: People) -> None:
    for n in range(6):
        people.put(PAY, f"p{n}", email="desk@x.com")
    people.put(CRM, "c1", email="desk@x.com")
    people.resolve()
    assert len(people.groups()) == 7


def test_a_household_phone_does_not_join_two_names(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", phone="+34600111222", given_name="Ana")
    people.put(PAY, "p1", email="bo@y.com", phone="+34600111222", given_name="Bo")
    people.resolve()
    assert len(people.groups()) == 2


def test_a_phone_joins_the_same_name_misspelt_under_another_address(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", phone="+34600111222", given_name="Andrea")
    people.put(PAY, "p1", email="andrea@y.com", phone="+34600111222", full_name="ANDRAE Lopez")
    people.resolve()
    assert len(people.groups()) == 1


def test_a_phone_never_joins_two_records_of_one_stream_with_other_addresses(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", phone="+34600111222", given_name="Ana")
    people.put(CRM, "c2", email="ana@y.com", phone="+34600111222", given_name="Ana")
    people.resolve()
    assert len(people.groups()) == 2


def test_an_office_address_joins_only_people_of_one_name(people: People) -> None:
    people.put(CRM, "c1", email="info@x.com", given_name="Ana")
    people.put(MAIL, "m1", email="info@x.com", given_name="ANA")
    people.put(PAY, "p1", email="info@x.com", given_name="Bo")
    people.put(PAY, "p2", email="info@x.com")
    people.resolve()
    assert people.groups() == {frozenset({"c1", "m1"}), frozenset({"p1"}), frozenset({"p2"})}


def test_a_corrected_address_does_not_tear_a_person_apart(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com")
    people.put(MAIL, "m1", email="ana@x.com")
    people.resolve()
    before = people.entity_of("c1")
    people.put(CRM, "c1", email="ana.new@x.com")
    people.resolve()
    assert people.groups() == {frozenset({"c1", "m1"})}
    assert people.entity_of("c1") == before


@pytest.mark.parametrize(("first", "ours"), [(CRM, PAY), (PAY, CRM)])
def test_a_record_that_we_created_stays_with_its_entity_without_any_key(people: People, first: int, ours: int) -> None:
    people.put(first, "theirs", given_name="Ana")
    people.resolve()
    people.put(ours, "ours", given_name="Ana", hub_id=people.entity_of("theirs"))
    people.resolve()
    assert people.groups() == {frozenset({"theirs", "ours"})}
    for remote_id, source in (("theirs", first), ("ours", ours)):
        people.put(source, remote_id, given_name="Anna")
        people.resolve()
        assert people.groups() == {frozenset({"theirs", "ours"})}


def test_leads_which_have_no_full_name_are_matched_too(empty_store) -> None:
    with people_at(empty_store, "lead") as people:
        people.put(CRM, "c1", email="a@x.com", given_name="Ana", family_name="Gil")
        people.put(MAIL, "m1", email="a@x.com", given_name="Ana")
        people.put(PAY, "p1", email="b@x.com", given_name="Bo", family_name="Lind")
        people.resolve()
        assert people.groups() == {frozenset({"c1", "m1"}), frozenset({"p1"})}


def test_a_late_bridge_merges_two_people_and_the_oldest_id_stays(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", phone="+34600111222", given_name="Ana")
    people.resolve()
    people.put(MAIL, "m1", email="ana@y.com", given_name="Ana")
    people.resolve()
    oldest = min(people.entity_of("c1"), people.entity_of("m1"))
    people.put(PAY, "p1", email="ana@y.com", phone="+34600111222", given_name="Ana")
    out = people.resolve()
    assert people.groups() == {frozenset({"c1", "m1", "p1"})}
    assert people.entity_of("p1") == oldest
    assert list(out.merged.values()) == [oldest]


def test_a_value_that_becomes_shared_lets_its_people_go(people: People) -> None:
    people.put(CRM, "c1", email="desk@x.com")
    people.put(PAY, "p0", email="desk@x.com")
    people.resolve()
    assert len(people.groups()) == 1
    for n in range(1, 6):
        people.put(PAY, f"p{n}", email="desk@x.com")
    people.resolve()
    assert len(people.groups()) == 7


def test_one_by_one_ends_as_all_at_once(empty_stores) -> None:
    """The partition does not depend on the order of arrival."""
    rows = [
        (CRM, "c1", {"email": "a@x.com", "phone": "+34600111222", "given_name": "Ana"}),
        (CRM, "c2", {"email": "b@x.com", "phone": "+34600111222", "given_name": "Bo"}),
        (MAIL, "m1", {"email": "a@x.com"}),
        (MAIL, "m2", {"email": "b@x.com", "given_name": "Bo"}),
        (PAY, "p1", {"email": "a@z.com", "phone": "+34600111222", "given_name": "Ana"}),
        (PAY, "p2", {"email": "b@x.com"}),
    ]
    seen = set()
    for order in itertools.islice(itertools.permutations(rows), 0, 720, 60):
        with people_at(empty_stores()) as one_by_one:
            for source, remote_id, fields in order:
                one_by_one.put(source, remote_id, **fields)
                one_by_one.resolve()
            seen.add(frozenset(one_by_one.groups()))
    assert len(seen) == 1


# -- values


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no-reply@x.com"),
        ("email", "noreply@example.com"),
        ("phone", "+34000000000"),
        ("phone", "+341234567"),
        ("external_id", "0"),
        ("external_id", "-1"),
        ("external_id", "N/A"),
        ("external_id", "--"),
    ],
)
def test_a_value_that_nobody_has_joins_nobody(people: People, field: str, value: str) -> None:
    people.put(CRM, "c1", given_name="Ana", **{field: value})
    people.put(MAIL, "m1", given_name="Ana", **{field: value})
    people.resolve()
    assert people.groups() == groups("c1", "m1")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("ana@x.com", "ana+news@x.com"),
        ("ana+shop@x.com", "ana+news@x.com"),
        ("anagil@gmail.com", "ana.gil@googlemail.com"),
    ],
)
def test_one_mailbox_joins_people_of_one_name(people: People, one: str, two: str) -> None:
    people.put(CRM, "c1", email=one, given_name="Ana")
    people.put(MAIL, "m1", email=two, given_name="ANA")
    people.put(PAY, "p1", email=f"x{two}", given_name="Ana")
    people.resolve()
    assert people.groups() == groups("c1 m1", "p1")
    assert people.evidence("m1")[:2] == ("mailbox", "c1")


def test_one_mailbox_joins_no_other_name_and_no_two_records_of_one_tool(people: People) -> None:
    people.put(CRM, "c1", email="home@x.com", given_name="Ana")
    people.put(MAIL, "m1", email="home+bo@x.com", given_name="Bo")
    people.put(CRM, "c2", email="home+ana@x.com", given_name="Ana")
    people.resolve()
    assert people.groups() == groups("c1", "m1", "c2")


# -- what keeps records apart


def test_two_customer_numbers_are_two_people_whatever_else_they_share(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", external_id="17")
    people.put(MAIL, "m1", email="ana@x.com", external_id="18")
    people.put(PAY, "p1", email="ana@x.com")
    people.resolve()
    assert people.groups() == groups("c1 p1", "m1")


def test_a_customer_number_that_is_corrected_in_one_tool_is_not_another_person(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", external_id="17")
    people.put(MAIL, "m1", email="ana@x.com", external_id="17")
    people.resolve()
    people.put(CRM, "c1", email="ana@x.com", external_id="71")
    people.resolve()
    assert people.groups() == groups("c1 m1")


def test_a_tool_that_has_everybody_once_has_no_two_records_of_one_person(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com")
    people.put(CRM, "c2", email="ana@x.com")
    people.put(MAIL, "m1", email="ana@x.com")
    people.distinct("crm")
    people.resolve()
    assert people.groups() == groups("c1 m1", "c2")
    people.delete("c1")
    people.resolve()
    assert people.groups() == groups("c1 m1 c2")


def test_what_a_person_refused_stays_apart_and_what_they_accepted_is_one(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com")
    people.put(MAIL, "m1", email="ana@x.com")
    people.put(PAY, "p1", email="ana@y.com", external_id="3")
    people.put(PAY, "p2", external_id="4")
    people.resolve()
    people.say("refused", "c1", "m1")
    people.say("accepted", "p1", "p2")
    people.resolve()
    assert people.groups() == groups("c1", "m1", "p1 p2")
    people.say("score", "c1", "m1", 0.999)
    people.resolve()
    assert people.groups() == groups("c1", "m1", "p1 p2")
    people.say("accepted", "m1", "c1")
    people.resolve()
    assert people.groups() == groups("c1 m1", "p1 p2")


def test_a_refusal_holds_for_whole_people_not_just_for_two_records(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com")
    people.put(MAIL, "m1", email="ana@x.com", external_id="1")
    people.put(PAY, "p1", external_id="1")
    people.resolve()
    assert people.groups() == groups("c1 m1 p1")
    people.say("refused", "c1", "p1")
    people.resolve()
    assert people.groups() == groups("c1", "m1 p1")


def test_scores_do_not_chain_over_a_pair_that_scored_low(people: People) -> None:
    for source, name in ((CRM, "c1"), (MAIL, "m1"), (PAY, "p1")):
        people.put(source, name, given_name="Ana")
    people.resolve()
    people.say("score", "c1", "m1", 0.999)
    people.say("score", "m1", "p1", 0.995)
    people.say("unlike", "c1", "p1", 0.01)
    people.resolve()
    assert people.groups() == groups("c1 m1", "p1")


def test_a_merge_that_a_tool_made_joins_what_its_two_records_were(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com")
    people.put(CRM, "c2", email="ana@y.com")
    people.put(MAIL, "m1", email="ana@x.com")
    people.put(PAY, "p1", email="ana@y.com")
    people.resolve()
    people.say("merged", "c1", "c2")
    people.delete("c1")
    out = people.resolve()
    assert people.groups() == groups("c1 c2 m1 p1")
    assert len(out.merged) == 1


def test_only_strong_keys_make_a_very_large_person(people: People) -> None:
    for number in range(40):
        people.put((CRM, MAIL, PAY)[number % 3], f"r{number}", given_name="Ana")
    for number in range(39):
        people.say("score", f"r{number}", f"r{number + 1}", 0.999)
    out = people.resolve()
    assert max(len(group) for group in people.groups()) == 30
    assert out.large == {}
    for number in range(39):
        people.say("accepted", f"r{number}", f"r{number + 1}")
    out = people.resolve()
    assert list(out.large.values()) == [40]


# -- evidence


def test_every_record_of_a_person_says_why_it_is_there(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com", given_name="Ana")
    people.put(MAIL, "m1", email="ana@x.com", phone="+34600111222", given_name="Ana")
    people.resolve("T1")
    people.put(PAY, "p1", phone="+34600111222", given_name="Ana")
    people.resolve("T2")
    assert people.evidence("m1") == ("email", "c1", None, None)
    assert people.evidence("p1") == ("phone", "m1", None, None)
    ((hashed, other),) = people.rows("SELECT value_hash, run_id FROM merge_evidence WHERE remote_id = 'm1'")
    assert hashed == value_hash("local", "ana@x.com")
    assert "ana" not in hashed
    assert other == "run"
    before = people.entity_of("c1")
    people.put(PAY, "p2", email="ana@y.com")
    people.resolve("T3")
    lost = people.entity_of("p2")
    people.put(PAY, "p1", email="ana@y.com", phone="+34600111222", given_name="Ana")
    people.resolve("T4")
    assert people.entity_of("p2") == before
    assert people.evidence("p2") == ("email", "p1", lost, None)


def test_evidence_of_records_that_are_forgotten_goes(people: People) -> None:
    people.put(CRM, "c1", email="ana@x.com")
    people.put(MAIL, "m1", email="ana@x.com")
    people.resolve()
    people.say("accepted", "c1", "m1")
    people.sql(forget, "local", [(CRM, "c1")])
    assert people.rows("SELECT 1 FROM merge_evidence UNION SELECT 1 FROM record_edge") == []


# -- companies


def test_companies_are_one_by_number_tax_id_and_domain_but_not_by_a_free_mail_domain(empty_store) -> None:
    with people_at(empty_store, "company") as companies:
        companies.put(CRM, "c1", name="Acme", domain="acme.com")
        companies.put(MAIL, "m1", name="ACME Ltd", domain="acme.com", tax_id="ESB12345678")
        companies.put(PAY, "p1", name="Acme Iberia", tax_id="ESB12345678")
        companies.put(CRM, "c2", name="Bo's Bikes", domain="gmail.com")
        companies.put(MAIL, "m2", name="Café Sol", domain="gmail.com")
        companies.put(PAY, "p2", name="Acme", domain="acme.com", tax_id="ESB99999999")
        companies.resolve()
        assert companies.groups() == groups("c1 m1 p1", "c2", "m2", "p2")
