"""Who is who among FEBRL's people: scored without labels, by bands that were fixed beforehand."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.support import febrl
from tests.support.people import CRM, MAIL, people_at
from vaiven_sync_engine.identity import matching

pytestmark = [pytest.mark.real, pytest.mark.slow]


def at(scores: dict, threshold: float) -> set:
    return {pair for pair, score in scores.items() if score >= threshold}


def test_two_lists_of_the_same_people():
    one, two = febrl.rows("4a"), febrl.rows("4b")
    scores = febrl.score(one + two, sides=[0] * len(one) + [1] * len(two))
    true = febrl.truth(one + two)
    assert len(true) == 5_000
    _, _, f1 = febrl.measured(at(scores, matching.REVIEW), true)
    assert f1 >= 0.9995
    precision, _, f1 = febrl.measured(at(scores, matching.AUTO), true)
    assert precision >= 0.9995
    assert f1 >= 0.999


def test_one_list_with_duplicates():
    records = febrl.rows("3")
    scores, true = febrl.score(records), febrl.truth(records)
    assert len(true) == 6_538
    for threshold in (matching.REVIEW, matching.AUTO):
        precision, _, f1 = febrl.measured(at(scores, threshold), true)
        assert f1 >= 0.995
        assert precision >= 0.9995


def test_two_tools_of_a_marketer(empty_store):
    """Through the store: keys first, then the scoring pass over what they left apart."""
    one, two = febrl.marketing(febrl.rows("4a"), febrl.rows("4b"))
    records, true = one + two, febrl.truth(one + two)
    number = {(CRM if n < len(one) else MAIL, row["rec_id"]): n for n, row in enumerate(records)}
    with people_at(empty_store) as people:
        people.put_all([(source, remote, febrl.fields(records[n])) for (source, remote), n in number.items()])
        people.resolve("T1")
        by_keys = febrl.measured(pairs(people, number), true)
        gathered = people.sql(matching.gather, "local", "person")
        found = matching.score(gathered)
        people.sql(matching.keep, "local", gathered, found, "pass", "T2")
        people.resolve("T3")
        joined = pairs(people, number)
        automatic = febrl.measured(joined, true)
    asked = {tuple(sorted(number[gathered.records[n]] for n in (p.one, p.two))) for p in found.asked}
    believed = febrl.measured(joined | asked, true)
    assert automatic[0] >= 0.995
    assert believed[2] >= 0.985
    assert automatic[2] > by_keys[2] + 0.05


def pairs(people, number):
    """The pairs of records, by number, that are of one person now."""
    groups: dict[str, list[int]] = {}
    for entity_id, source, remote in people.rows("SELECT entity_id, source_id, remote_id FROM record"):
        groups.setdefault(entity_id, []).append(number[source, remote])
    return {pair for group in groups.values() for pair in combinations(sorted(group), 2)}
