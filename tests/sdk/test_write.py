"""One outcome for each write, whatever the connector answers."""

import pytest

from vaiven_sdk import Outcome, Write
from vaiven_sdk.write import complete


@pytest.fixture
def update(person):
    def make(hub_id, remote_id="1", op="update"):
        return Write(op, hub_id, person(id=remote_id, email="a@example.com"), remote_id, frozenset({"email"}))

    return make


def test_outcomes_come_in_the_order_of_the_writes(update):
    writes = [update("h1", "1"), update("h2", "2"), update("h3", None, "create")]
    outcomes = [writes[2].saved("9"), writes[0].saved("1"), writes[1].deleted()]
    assert [(o.hub_id, o.status, o.id) for o in complete(writes, outcomes)] == [
        ("h1", "updated", "1"),
        ("h2", "deleted", "2"),
        ("h3", "created", "9"),
    ]


def test_a_write_that_was_not_answered_for_is_rejected(update):
    writes = [update("h1"), update("h2", "2")]
    first, second = complete(writes, [writes[0].saved("1")])
    assert first.status == "updated"
    assert (second.status, second.code, second.hub_id, second.id) == ("rejected", "no_answer", "h2", "2")
    assert [o.code for o in complete(writes, [])] == ["no_answer", "no_answer"]


def test_an_outcome_nobody_asked_for_is_dropped(update):
    writes = [update("h1")]
    assert [o.hub_id for o in complete(writes, [update("h7").saved("1"), writes[0].saved("1")])] == ["h1"]


def test_an_outcome_without_an_id_is_enough_where_the_entity_is_written_once(update):
    assert complete([update("h1")], [Outcome("h1", "updated")])[0].status == "updated"


def test_two_records_of_one_entity_are_told_apart_by_id(update):
    writes = [update("h1", "1"), update("h1", "2")]
    outcomes = [writes[1].rejected("bad", "Refused."), writes[0].saved("1")]
    assert [(o.id, o.status) for o in complete(writes, outcomes)] == [("1", "updated"), ("2", "rejected")]


def test_two_records_of_one_entity_and_an_answer_without_an_id_are_not_guessed(update):
    writes = [update("h1", "1"), update("h1", "2")]
    assert [o.code for o in complete(writes, [Outcome("h1", "updated"), writes[1].saved("2")])] == ["no_answer", ""]


def test_a_patch_holds_what_changed(update):
    assert update("h1").patch == {"email": "a@example.com"}


def test_each_outcome_says_which_write_it_is_of(update):
    write = update("h1")
    assert update("h1", None, "create").saved("5", {"id": "5"}) == Outcome("h1", "created", "5", {"id": "5"})
    assert write.saved("1") == Outcome("h1", "updated", "1")
    assert write.deleted() == Outcome("h1", "deleted", "1")
    assert write.overtaken() == Outcome("h1", "overtaken", "1")
    assert write.rejected("c", "Why.") == Outcome("h1", "rejected", "1", code="c", reason="Why.")
