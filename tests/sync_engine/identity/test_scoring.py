"""Distances, blocking and the model: against slow and plain versions, and on small cases with a known answer."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaiven_sync_engine.identity.blocking import candidates, sound
from vaiven_sync_engine.identity.profile import PLANS
from vaiven_sync_engine.identity.scoring import Column, learn, patterns_of
from vaiven_sync_engine.identity.similar import MISSING, OTHER, SAME, SLIP, SLIPS, level, levels

words = st.text("abc", max_size=8)


def alignment(a: str, b: str) -> int:
    """Optimal string alignment by its definition."""
    table = {(-1, -1): 0}
    table.update({(i, -1): i + 1 for i in range(len(a))})
    table.update({(-1, j): j + 1 for j in range(len(b))})
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            cost = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (x != y))
            if i and j and x == b[j - 1] and a[i - 1] == y:
                cost = min(cost, table[i - 2, j - 2] + 1)
            table[i, j] = cost
    return table[len(a) - 1, len(b) - 1]


@settings(max_examples=1500, deadline=None, derandomize=True, database=None)
@given(words, words)
def test_levels_are_distances_up_to_two(a, b):
    wanted = MISSING if not a or not b else (SAME, SLIP, SLIPS, OTHER)[min(alignment(a, b), 3)]
    assert level(a, b) == level(b, a) == wanted
    assert levels([a, b], [(0, 1), (1, 0)]) == [wanted, wanted]


def test_pairs_share_a_rule_and_crowds_are_passed_over():
    columns = {"a": ["x", "x", "x", "y", None, None], "b": ["1", "1", "2", "2", "2", None]}
    assert candidates(columns, [("a",)]) == [(0, 1), (0, 2), (1, 2)]
    assert candidates(columns, [("a", "b")]) == [(0, 1)]
    assert candidates(columns, [("a", "b"), ("b",)], crowd=2) == [(0, 1)]
    assert candidates(columns, [("b",)], apart=lambda i, j: i == 2) == [(0, 1), (3, 4)]


def test_words_that_sound_alike_share_a_block():
    assert sound("smith") == sound("smyth") == sound("smiht") == "s53"
    assert sound("meyer") == sound("maier")
    assert sound("gil") != sound("lind")
    columns = {"name": ["smith", "smyth", "gil"], "zip": ["28001", "28099", "28001"]}
    assert candidates(columns, [("name~", "zip<")]) == [(0, 1)]


def people(seed: int = 3, size: int = 400):
    """Records of people in pairs, the second of each with slips; the truth is the number halved."""
    drawn = random.Random(seed)
    given, family, city = [], [], []
    for _ in range(size):
        names = ["".join(drawn.choices("abcdefgh", k=7)) for _ in range(2)]
        where = drawn.choice(["madrid", "lisboa", "leeds", "porto"])
        for second in (False, True):
            slip = second and drawn.random() < 0.3
            given.append(names[0][:-1] if slip else names[0])
            family.append(names[1])
            city.append(where if not second or drawn.random() < 0.9 else "roma")
    return {"given_name": given, "family_name": family, "city": city}


def test_the_model_finds_the_pairs_without_labels_and_says_why():
    values = people()
    # Half of the candidates are wrong: people whose names have nothing in common.
    pairs = [(n, n + 1) for n in range(0, 800, 2)] + [(n, n + 3) for n in range(0, 796, 2)]
    columns = [Column(name, values[name]) for name in values]
    patterns = patterns_of(columns, pairs)
    model = learn(columns, patterns)
    scores = model.scores(pairs, patterns)
    assert model.share == pytest.approx(0.5, abs=0.02)
    assert min(scores[:400]) > 0.9
    assert max(scores[400:]) < 0.1
    assert model.m[0][SLIP] == pytest.approx(0.3, abs=0.06)
    why = model.why(*pairs[-1])
    assert why["family_name"] < 0
    assert sum(model.why(*pairs[0]).values()) + math.log(model.share / (1 - model.share)) == pytest.approx(
        math.log(scores[0] / (1 - scores[0])), abs=0.05
    )
    assert learn(columns, patterns).scores(pairs, patterns) == scores


def test_a_rare_value_counts_more_than_a_frequent_one():
    size = 300
    names = ["smith" if n % 3 else f"rare{n}" for n in range(size)]
    values = [names[n // 2] for n in range(2 * size)]
    pairs = [(n, n + 1) for n in range(0, 2 * size, 2)] + [(n, n + 2) for n in range(0, 2 * size - 2, 2)]
    columns = [Column("family_name", values), Column("city", ["madrid"] * (2 * size))]
    model = learn(columns, patterns_of(columns, pairs))
    rare, frequent = model.scores([(0, 1), (2, 3)], patterns_of(columns, [(0, 1), (2, 3)]))
    assert rare > frequent
    assert model.why(0, 1)["family_name"] > model.why(2, 3)["family_name"]


def test_names_in_the_wrong_order_are_a_slip():
    columns = [Column("given", ["ana", "gil", "ana"], swaps="family"), Column("family", ["gil", "anna", "lind"])]
    assert patterns_of(columns, [(0, 1), (0, 2)]) == [(SLIP, SLIP), (SAME, OTHER)]


def test_nothing_is_learnt_from_nothing():
    columns = [Column("name", ["ana", "bo"])]
    model = learn(columns, [])
    assert model.scores([], []) == []
    assert patterns_of(columns, []) == []
    assert model.m[0][SAME] > model.u[0][SAME]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"full_name": "Ana María GIL"}, {"given_name": "ana", "family_name": "gil", "names": "ana gil"}),
        ({"given_name": "Ánà", "family_name": "O'Hara"}, {"given_name": "ana", "family_name": "o hara"}),
        ({"street": "Calle Mayor 12, 3º"}, {"house": "12", "street": "calle mayor 3o"}),
        ({"street": "221B Baker Street"}, {"house": "221", "street": "b baker street"}),
        ({"email": "A.na+x@gmail.com"}, {"email": "ana@gmail.com"}),
        ({"email": "noreply@x.com", "phone": "+34000000000"}, {"email": None, "phone": None}),
        ({"postal_code": "SW1A 1AA"}, {"postal_code": "sw1a1aa"}),
    ],
)
def test_what_is_compared_of_a_person(fields, wanted):
    profile = PLANS["person"].read(fields)
    assert {name: profile[name] for name in wanted} == wanted


def test_what_is_compared_of_a_company():
    read = PLANS["company"].read
    assert read({"name": "ACME Iberia, S.L."})["name"] == read({"name": "Acme Iberia"})["name"] == "acme iberia"
    assert read({"name": "SA"})["name"] == "sa"
    assert read({"domain": "gmail.com"})["domain"] is None
