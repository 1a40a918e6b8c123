"""Whatever comes in whatever order: who is who depends on what is known, not on when it became known."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.people import CRM, MAIL, PAY, People
from vaiven_sync_engine.identity import reach
from vaiven_sync_engine.store import Database

NAMES = tuple(f"{tool}{number}" for tool in "cmp" for number in range(4))
SOURCES = {"c": CRM, "m": MAIL, "p": PAY}
TABLES = ("record", "record_key", "record_edge", "redirect", "merge_evidence")

usual = st.sampled_from(
    [
        {"email": "a@x.com", "given_name": "Ana"},
        {"email": "a+z@x.com", "given_name": "Ana"},
        {"email": "info@x.com", "given_name": "Anna"},
        {"phone": "+34600111222", "given_name": "Anna"},
        {"phone": "+34600111222", "email": "c@y.com", "given_name": "Ana"},
        {"phone": "+34600111222", "email": "b@x.com", "given_name": "Bo"},
    ]
)
unusual = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["a@x.com", "b@x.com", "a+z@x.com", "info@x.com", "c@y.com"]),
        "phone": st.sampled_from(["+34600111222", "+34600333444"]),
        "external_id": st.sampled_from(["17", "18"]),
        "given_name": st.sampled_from(["Ana", "Anna", "Bo"]),
    },
)
people_fields = st.one_of(usual, unusual)
pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1])
edges = st.tuples(
    st.sampled_from(["accepted", "refused", "merged", "score", "unlike"]), pairs, st.sampled_from([0.99, 0.995, 0.999])
)
steps = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(NAMES), people_fields),
    st.tuples(st.just("put"), st.sampled_from(NAMES), people_fields),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
    st.tuples(st.just("say"), edges),
)


def clear(people: People) -> None:
    for table in TABLES:
        people.sql(lambda c, table=table: c.execute(f"DELETE FROM {table}"))
    people.places.clear()


def take(people: People, step: tuple) -> None:
    if step[0] == "put":
        people.put(SOURCES[step[1][0]], step[1], **step[2])
    elif step[0] == "delete" and step[1] in people.places:
        people.delete(step[1])
    elif step[0] == "say":
        kind, (one, two), score = step[1]
        if one in people.places and two in people.places:
            people.say(kind, one, two, score if kind == "score" else None)


def forget_ids(people: People) -> None:
    """As if nobody had been resolved; a deleted record that takes part does so with an id of its own."""
    people.sql(lambda c: c.execute("DELETE FROM redirect"))
    people.sql(lambda c: c.execute("UPDATE record SET dirty = 1, entity_id = NULL WHERE deleted_at IS NULL"))
    people.sql(
        lambda c: c.execute(
            "UPDATE record SET dirty = 1, entity_id = remote_id WHERE deleted_at IS NOT NULL AND entity_id IS NOT NULL"
        )
    )


@pytest.fixture(scope="module")
def people(sqlite_stores):
    with sqlite_stores() as address, Database.open(address) as database:
        yield People(database)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(log=st.lists(steps, min_size=1, max_size=25), lumps=st.randoms(use_true_random=False))
def test_change_by_change_ends_as_all_at_once(people: People, log: list, lumps: random.Random) -> None:
    clear(people)
    for step in log:
        take(people, step)
        if lumps.random() < 0.6:
            people.resolve()
    people.resolve()
    step_by_step = people.groups()
    forget_ids(people)
    people.resolve()
    assert people.groups() == step_by_step
    forget_ids(people)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reach, "MANY", -1)
        people.resolve()
    assert people.groups() == step_by_step


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    records=st.dictionaries(st.sampled_from(NAMES), st.lists(people_fields, min_size=1, max_size=3), min_size=2),
    said=st.lists(edges, max_size=3, unique_by=lambda edge: frozenset(edge[1])),
    orders=st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_makes_no_difference(
    people: People, records: dict, said: list, orders: random.Random
) -> None:
    """Each tool's versions of a record come in their order; those of different records in any."""
    seen = set()
    for _ in range(3):
        clear(people)
        queue = list(itertools.chain.from_iterable([name] * len(versions) for name, versions in records.items()))
        orders.shuffle(queue)
        left = {name: iter(versions) for name, versions in records.items()}
        for name in queue:
            people.put(SOURCES[name[0]], name, **next(left[name]))
            people.resolve()
        for edge in orders.sample(said, len(said)):
            take(people, ("say", edge))
            people.resolve()
        seen.add(frozenset(people.groups()))
    assert len(seen) == 1


def test_a_shared_value_is_not_looked_through(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more customer with the shop's own address does not bring everybody in who has it."""
    clear(people)
    for number in range(50):
        people.put(PAY, f"p{number}", email="till@shop.com", external_id=str(number))
    people.resolve()
    looked_at = []
    load = reach.load
    monkeypatch.setattr(reach, "load", lambda *args: looked_at.append(load(*args)) or looked_at[0])
    people.put(PAY, "p50", email="till@shop.com", external_id="50")
    people.resolve()
    assert len(looked_at[0].keys) == 1
    assert len(people.groups()) == 51
