"""The three-way merge as a pure function: the table of docs/concepts/two-way-sync.md, each policy, and laws."""

from __future__ import annotations

import copy
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaiven_sdk.model import Person
from vaiven_sync_engine.merge import Observation, ignore, observe
from vaiven_sync_engine.store.entities import Canonical

SPECS = Person.fields()
STRICT = {None: -1, "unknown": 0, "granted": 1, "pending": 2, "denied": 3}


class Record:
    """One record with its shadow, and what it says."""

    def __init__(self, source, entity):
        self.source, self.entity, self.shadow = source, entity, {}

    def says(self, at=1, *, unread=(), merge=observe, **fields):
        seen = Observation(self.source, "r", f"2026-01-{at:02}T" if at else "", fields, self.shadow, frozenset(unread))
        return merge(self.entity, seen, SPECS)

    def due(self, name):
        """Whether the plan would write this field to the record."""
        last, agreed = self.shadow.get(name, (None, 0))
        return self.entity.rev_of(name) > agreed and self.entity.values.get(name) != last


@pytest.fixture
def entity():
    return Canonical("e")


@pytest.fixture
def crm(entity):
    return Record(1, entity)


@pytest.fixture
def mail(entity):
    return Record(2, entity)


def shown(losts):
    return [(one.field, one.kept, one.lost, one.rule) for one in losts]


# -- the four rows of the table


def test_a_value_that_is_still_the_shadow_s_is_no_news(entity, crm, mail):
    crm.says(1, city="Bilbao")
    mail.says(1, city="Bilbao")
    mail.says(2, city="Madrid")
    before = copy.deepcopy((entity, crm.shadow))
    assert crm.says(9, city="Bilbao") == []
    assert (entity, crm.shadow) == before
    assert crm.due("city")
    assert not mail.due("city")


def test_a_new_value_over_one_that_has_not_changed_since_is_taken_over(entity, crm, mail):
    crm.says(1, city="Bilbao")
    mail.says(1, city="Bilbao")
    # It may even be older than the value in place: nobody else spoke since.
    assert crm.says(1, city="Madrid") == []
    assert entity.values["city"] == "Madrid"
    assert entity.origins["city"].rule == "only_change"
    assert (entity.origins["city"].source, entity.rev_of("city")) == (1, entity.rev)
    assert mail.due("city")
    assert not crm.due("city")


def test_two_who_come_to_the_same_value_have_no_conflict(entity, crm, mail):
    crm.says(1, city="Bilbao")
    mail.says(1, city="Bilbao")
    crm.says(2, city="Madrid")
    rev = entity.rev
    assert mail.says(3, city="Madrid") == []
    assert entity.rev == rev
    assert entity.origins["city"].source == 1
    assert not mail.due("city")


@pytest.mark.parametrize(
    ("at", "kept", "lost"), [(4, "Sevilla", "Madrid"), (3, "Madrid", "Sevilla"), (2, "Madrid", "Sevilla")]
)
def test_of_two_edits_the_later_wins_and_of_equal_ones_what_is_in_place(crm, mail, at, kept, lost):
    crm.says(1, city="Bilbao")
    mail.says(1, city="Bilbao")
    crm.says(3, city="Madrid")
    assert shown(mail.says(at, city="Sevilla")) == [("city", kept, lost, "last_writer")]
    assert crm.entity.values["city"] == kept
    # Whoever lost is due to be written to, whoever won is not.
    assert (crm.due("city"), mail.due("city")) == (kept == "Sevilla", kept == "Madrid")


def test_both_ends_of_a_conflict_are_named(crm, mail):
    crm.says(1, city="Bilbao")
    (one,) = mail.says(2, city="Madrid")
    assert (one.kept_from, one.lost_from) == ((2, "r"), (1, "r"))
    (one,) = Record(3, crm.entity).says(1, city="Vigo")
    assert (one.kept, one.kept_from, one.lost, one.lost_from) == ("Madrid", (2, "r"), "Vigo", (3, "r"))


def test_a_tool_without_times_loses_against_one_that_has_them(entity, crm, mail):
    crm.says(1, city="Bilbao")
    assert shown(mail.says(0, city="Madrid")) == [("city", "Bilbao", "Madrid", "last_writer")]
    assert entity.values["city"] == "Bilbao"


def test_edits_of_other_fields_never_meet(entity, crm, mail):
    crm.says(1, city="Bilbao", job_title="Analyst")
    mail.says(1, city="Bilbao", job_title="Analyst")
    assert crm.says(2, city="Madrid", job_title="Analyst") == []
    assert mail.says(3, city="Bilbao", job_title="Boss") == []
    assert entity.values == {"city": "Madrid", "job_title": "Boss"}


# -- empty values


def test_a_blank_that_was_always_there_says_nothing(entity, crm, mail):
    crm.says(1, city="Bilbao", birth_on="1990-01-01")
    assert mail.says(9, city="Bilbao") == []
    assert entity.values["birth_on"] == "1990-01-01"
    assert "birth_on" not in mail.shadow
    assert mail.due("birth_on")


def test_a_cleared_value_travels_as_any_change(entity, crm, mail):
    crm.says(1, city="Bilbao")
    mail.says(1, city="Bilbao")
    assert crm.says(2) == []
    assert entity.values["city"] is None
    assert mail.due("city")
    assert not crm.due("city")
    # And it does not come back with the echo of the other tool's old value.
    assert mail.says(3, city="Bilbao") == []
    assert entity.values["city"] is None


@pytest.mark.parametrize(("at", "kept", "lost"), [(3, None, "Madrid"), (1, "Madrid", None)])
def test_clearing_against_an_edit_is_a_conflict(crm, mail, at, kept, lost):
    crm.says(1, city="Bilbao")
    mail.says(1, city="Bilbao")
    crm.says(2, city="Madrid")
    assert shown(mail.says(at)) == [("city", kept, lost, "last_writer")]
    assert crm.entity.values["city"] == kept


def test_two_who_clear_agree(entity, crm, mail):
    crm.says(1, city="Bilbao")
    mail.says(1, city="Bilbao")
    assert crm.says(2) + mail.says(2) == []
    assert not mail.due("city")


def test_a_value_after_a_clearing_is_an_edit(entity, crm, mail):
    crm.says(1, city="Bilbao")
    mail.says(1, city="Bilbao")
    crm.says(2)
    assert crm.says(3, city="Vigo") == []
    assert entity.values["city"] == "Vigo"


def test_a_reference_that_cannot_be_told_is_not_cleared(entity, crm):
    crm.says(1, company_id="c1", city="Bilbao")
    assert crm.says(2, unread={"company_id"}) == []
    assert entity.values == {"company_id": "c1", "city": None}
    assert crm.shadow["company_id"] == ["c1", 1]
    crm.says(3)
    assert entity.values["company_id"] is None


def test_what_the_entity_has_no_field_for_is_passed_over(entity, crm):
    assert crm.says(1, shoe_size=43, city="Bilbao") == []
    assert entity.values == {"city": "Bilbao"}
    assert set(crm.shadow) == {"city"}


# -- the other policies


def test_a_set_keeps_both_sides_additions_and_removals(entity, crm, mail):
    crm.says(1, tags=["a", "b"])
    mail.says(1, tags=["a", "b"])
    crm.says(2, tags=["a", "b", "c"])
    assert mail.says(2, tags=["b", "d"]) == []
    assert entity.values["tags"] == ["b", "c", "d"]
    assert crm.due("tags")
    assert mail.due("tags")
    mail.says(3, tags=["b", "c", "d"])
    assert not mail.due("tags")


def test_a_set_that_is_emptied_loses_only_its_own(entity, crm, mail):
    crm.says(1, tags=["a"])
    mail.says(1, tags=["a", "b"])
    crm.says(2)
    assert entity.values["tags"] == ["b"]


def test_a_refusal_stands_whatever_the_order(entity, crm, mail):
    crm.says(9, email_consent="granted")
    assert shown(mail.says(1, email_consent="denied")) == [("email_consent", "denied", "granted", "most_restrictive")]
    assert entity.values["email_consent"] == "denied"
    assert crm.due("email_consent")
    other = Record(3, entity)
    assert shown(other.says(20, email_consent="granted")) == [
        ("email_consent", "denied", "granted", "most_restrictive")
    ]
    assert other.due("email_consent")


def test_unknown_and_cleared_consent_are_no_statement(entity, crm, mail):
    crm.says(1, email_consent="denied")
    assert mail.says(2, email_consent="unknown") + crm.says(3) == []
    assert entity.values["email_consent"] == "denied"


def test_a_confirmed_opt_in_is_taken_over_only_where_nobody_else_has_spoken(entity, crm, mail):
    crm.says(1, email_consent="pending")
    assert crm.says(2, email_consent="granted") == []
    assert entity.values["email_consent"] == "granted"
    mail.says(3, email_consent="pending")
    assert entity.values["email_consent"] == "pending"
    assert shown(Record(3, entity).says(4, email_consent="granted"))
    assert entity.values["email_consent"] == "pending"


def test_first_and_last_seen_are_the_extremes(entity, crm, mail):
    crm.says(1, first_seen_at="2026-02", last_seen_at="2026-02")
    mail.says(2, first_seen_at="2026-01", last_seen_at="2026-01")
    assert entity.values == {"first_seen_at": "2026-01", "last_seen_at": "2026-02"}
    mail.says(3, first_seen_at="2026-03", last_seen_at="2026-03")
    assert entity.values == {"first_seen_at": "2026-01", "last_seen_at": "2026-03"}
    mail.says(4)
    assert entity.values == {"first_seen_at": "2026-01", "last_seen_at": "2026-03"}


# -- edits of what is deleted


def test_an_edit_of_something_deleted_is_kept_as_lost(entity, crm):
    crm.says(1, city="Bilbao", job_title="Boss")
    before = copy.deepcopy(entity)
    losts = crm.says(2, city="Madrid", job_title="Boss", merge=ignore)
    assert shown(losts) == [("city", None, "Madrid", "delete_wins")]
    assert entity == before
    assert crm.says(2, city="Madrid", job_title="Boss", merge=ignore) == []


def test_clearing_something_deleted_loses_nothing(crm):
    crm.says(1, city="Bilbao")
    assert crm.says(2, merge=ignore) == []


# -- laws

words = st.one_of(st.none(), st.sampled_from(["x", "y", "z"]))
statement = st.fixed_dictionaries(
    {
        "city": words,
        "tags": st.one_of(st.none(), st.lists(st.sampled_from("abcd"), unique=True).map(sorted)),
        "email_consent": st.sampled_from([None, "unknown", "granted", "pending", "denied"]),
        "first_seen_at": words,
        "last_seen_at": words,
    }
).map(lambda fields: {name: value for name, value in fields.items() if value is not None})
stories = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), statement), max_size=8)


def play(story, check=lambda *_: None):
    entity = Canonical("e")
    records = [Record(n, entity) for n in range(3)]
    for who, at, fields in story:
        before = copy.deepcopy((entity, records[who].shadow))
        losts = records[who].says(at, **fields)
        check(entity, records[who], before, (at, fields), losts)
    return entity


@given(stories)
@settings(max_examples=100, deadline=None)
def test_law_the_same_observation_twice_changes_nothing(story):
    def check(entity, record, before, said, losts):
        state = copy.deepcopy((entity, record.shadow))
        at, fields = said
        assert record.says(at, **fields) == []
        assert record.says(at + 1, **fields) == []
        assert (entity, record.shadow) == state

    play(story, check)


@given(stories)
@settings(max_examples=100, deadline=None)
def test_law_consent_loosens_only_by_a_confirmation_of_whoever_asked(story):
    def check(entity, record, before, said, losts):
        old, new = before[0].values.get("email_consent"), entity.values.get("email_consent")
        if STRICT[new] < STRICT[old]:
            assert (old, new) == ("pending", "granted")
            # It knew the pending one, and nobody else has spoken since.
            assert before[1]["email_consent"][1] == before[0].rev_of("email_consent")

    play(story, check)


@given(st.lists(st.sampled_from(["granted", "pending", "denied", "unknown"]), min_size=1, max_size=4))
def test_law_first_statements_of_consent_give_the_strictest_in_every_order(statements):
    for order in itertools.permutations(statements):
        entity = Canonical("e")
        for number, status in enumerate(order):
            Record(number, entity).says(number, email_consent=status)
        assert entity.values["email_consent"] == max(statements, key=STRICT.__getitem__)


@given(st.lists(st.lists(st.sampled_from("abcd"), unique=True).map(sorted), min_size=2, max_size=3), st.data())
@settings(max_examples=60, deadline=None)
def test_law_the_union_of_edits_does_not_depend_on_their_order(edits, data):
    base = data.draw(st.lists(st.sampled_from("abcd"), unique=True, min_size=1).map(sorted))
    results = set()
    for order in itertools.permutations(range(len(edits))):
        entity = Canonical("e")
        records = [Record(n, entity) for n in range(len(edits))]
        for one in records:
            one.says(1, tags=base)
        for number in order:
            records[number].says(2, tags=edits[number])
        results.add(tuple(entity.values["tags"]))
    assert len(results) == 1


@given(stories)
@settings(max_examples=100, deadline=None)
def test_law_a_value_that_loses_is_reported(story):
    """A city that was said last by A goes only because A said something else, or into the list of what lost."""

    def check(entity, record, before, said, losts):
        old, fields = before[0].values.get("city"), said[1]
        lost = [one.lost for one in losts if one.field == "city"]
        new = entity.values.get("city")
        # What was in place is gone: its last writer replaced it, it was known to whoever did, or it is kept.
        if old is not None and new != old:
            known = before[1].get("city", [None, 0])[1] >= before[0].rev_of("city")
            assert known or lost == [old]
        # What was said is not in place: it was no news, or it is kept.
        word = fields.get("city")
        news = word is not None and before[1].get("city", [None])[0] != word
        if news and new != word:
            assert lost == [word]
        if new == old and (not news or word == old) and word is not None:
            assert lost == []

    play(story, check)
