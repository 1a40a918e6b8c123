"""The scoring pass: bands, what contradicts, what it stores, and what later syncs make of it."""

from __future__ import annotations

import pytest

from tests.support.office import desk_at
from tests.support.people import CRM, MAIL, PAY, People, groups, people_at
from vaiven_sync_engine.erasure import erase
from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.identity import edges, matching, review

STREETS = ("Calle Mayor", "Gran Via", "Rua Augusta", "High Street", "Hauptstrasse", "Via Roma", "Kerkstraat")
GIVEN = ("Ana", "Bo", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ivo")


@pytest.fixture
def people(empty_store):
    with people_at(empty_store) as some:
        yield some


def somebody(number: int, side: str, **more) -> dict:
    """One of many people; their addresses differ between tools."""
    return {
        "given_name": GIVEN[number % 9],
        "family_name": f"Gil{'abcdefghijklmnop'[number // 9]}",
        "street": f"{STREETS[number % 7]} {number + 3}",
        "postal_code": str(28000 + 7 * number),
        "city": ("Madrid", "Lisboa", "Leeds")[number % 3],
        "email": f"p{number}@{side}.example",
        **more,
    }


def many(people: People, count: int = 40) -> None:
    for number in range(count):
        people.put(CRM, f"c{number}", **somebody(number, "a"))
        people.put(MAIL, f"m{number}", **somebody(number, "b"))


def scored(people: People, at: str = "T2"):
    """One pass, and the resolution that follows."""
    people.resolve(f"{at}0")
    gathered = people.sql(matching.gather, "local", people.kind)
    found = matching.score(gathered)
    people.sql(matching.keep, "local", gathered, found, "pass", at)
    people.resolve(f"{at}1")
    return found


def waiting(people: People):
    found, total = people.sql(review.waiting, "local")
    assert total == len(found)
    return found


def test_what_is_sure_is_joined_with_its_score_as_evidence(people):
    many(people)
    found = scored(people)
    assert people.groups() == groups(*(f"c{n} m{n}" for n in range(40)))
    assert len(found.joined) == 40
    rule, other, lost, score = people.evidence("m7")
    assert (rule, other) == ("score", "c7")
    assert lost is not None
    assert score >= matching.AUTO
    # A later resolution keeps to it, whatever comes in.
    people.put(MAIL, "m7", **somebody(7, "c", city="Porto"))
    people.resolve("T5")
    assert frozenset({"c7", "m7"}) in people.groups()
    again = scored(people, "T6")
    assert (again.joined, again.withdrawn) == ([], [])


def test_ids_that_contradict_are_left_to_people(people):
    many(people)
    people.put(CRM, "c3", **somebody(3, "a", external_id="17"))
    people.put(MAIL, "m3", **somebody(3, "b", external_id="18"))
    scored(people)
    (pair,) = waiting(people)
    assert {r["remote_id"] for r in pair.records} == {"c3", "m3"}
    assert pair.score >= matching.AUTO
    people.sql(lambda c: review.decide(c, "local", pair.id, same=True, run="act", at="T7"))
    people.resolve("T7")
    assert frozenset({"c3", "m3"}) in people.groups()
    assert people.evidence("m3")[0] == "person"
    assert waiting(people) == []


@pytest.mark.parametrize("change", [{"given_name": "Zoltan"}, {"birth_on": "1951-02-03"}])
def test_relatives_are_left_to_people(people, change):
    """Father and son at one address, with one family name."""
    many(people)
    people.put(CRM, "c3", **somebody(3, "a", birth_on="1987-11-29"))
    people.put(MAIL, "m3", **somebody(3, "b", birth_on="1987-11-29") | change)
    scored(people)
    assert frozenset({"c3"}) in people.groups()
    assert [{r["remote_id"] for r in pair.records} for pair in waiting(people)] == [{"c3", "m3"}]


def test_what_was_refused_is_neither_joined_nor_asked_again(people):
    many(people)
    people.resolve("T0")
    people.say("refused", "c3", "m3")
    scored(people)
    assert frozenset({"c3"}) in people.groups()
    assert waiting(people) == []


def test_a_tool_that_has_everybody_once_is_not_joined_within(people):
    for number in range(40):
        people.put(CRM, f"c{number}", **somebody(number, "a"))
        people.put(CRM, f"d{number}", **somebody(number, "b"))
    people.distinct("crm")
    found = scored(people)
    assert (found.joined, found.asked) == ([], [])
    assert len(people.groups()) == 80


def test_a_value_on_too_many_records_is_a_reason_to_compare_and_none_to_join(people):
    many(people, 30)
    for number in range(8):
        people.put(PAY, f"p{number}", email="till@shop.example", given_name=f"Nob{number}", city="Madrid")
    people.resolve("T1")
    assert len([g for g in people.groups() if min(g).startswith("p")]) == 8
    people.put(PAY, "p8", **somebody(31, "x", email="till@shop.example"))
    people.put(MAIL, "m31", **somebody(31, "x", email="till@shop.example"))
    scored(people)
    assert frozenset({"p8", "m31"}) in people.groups()


def test_a_join_that_does_not_hold_any_more_is_withdrawn(people):
    many(people)
    scored(people)
    people.put(
        MAIL, "m5", given_name="Zoe", family_name="Quist", street="Elsewhere 9", postal_code="99999", city="Oslo"
    )
    people.resolve("T5")
    assert frozenset({"c5", "m5"}) in people.groups()
    found = scored(people, "T6")
    assert len(found.withdrawn) == 1
    assert {frozenset({"c5"}), frozenset({"m5"})} <= people.groups()


def test_a_poor_record_beside_a_good_one_keeps_nobody_apart(people):
    """c5 and p5 are one by their address; p5 alone looks like somebody else."""
    many(people)
    people.put(PAY, "p5", email="p5@a.example", given_name="Zoe", family_name="Quist", postal_code="28035", city="Oslo")
    found = scored(people)
    assert frozenset({"c5", "m5", "p5"}) in people.groups()
    assert found.unlike == []


def test_a_chain_of_scores_breaks_at_a_pair_that_is_unlike():
    owner = ["a", "b", "c", "d"]
    joined = [matching.Scored(0, 1, 0.999), matching.Scored(1, 2, 0.995)]
    assert matching._within(owner, joined, [(0, 2), (0, 3), (0, 1)]) == [(0, 2)]


def test_companies_are_scored_too(empty_store):
    with people_at(empty_store, "company") as companies:
        for number in range(40):
            base = {
                "name": f"{GIVEN[number % 9]} {STREETS[number % 7].split()[0]} {'abcdefghij'[number % 10]}works",
                "street": f"{STREETS[number % 7]} {number + 3}",
                "postal_code": str(28000 + 7 * number),
                "city": ("Madrid", "Lisboa", "Leeds")[number % 3],
            }
            companies.put(CRM, f"c{number}", **base)
            companies.put(MAIL, f"m{number}", **{**base, "name": f"{base['name']}, S.L.", "domain": f"n{number}.es"})
        scored(companies)
        assert companies.groups() == groups(*(f"c{n} m{n}" for n in range(40)))


def test_a_pair_that_nobody_knows_cannot_be_decided(people):
    with pytest.raises(InputInvalid, match="no pair"):
        people.sql(lambda c: review.decide(c, "local", "abc", same=True, run="act", at="T7"))


def test_an_empty_store_has_nothing_to_score(people):
    found = scored(people)
    assert (found.compared, found.joined, found.asked) == (0, [], [])


# -- in a sync


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as one:
        yield one


async def test_a_merge_in_a_tool_deletes_nobody_and_joins_both_people(desk):
    crm = desk.connect("crm", settings={"deletes": "propagate"})
    mail = desk.connect("mail", settings={"creates": False})
    loser, winner = crm.add(email="ana@x.com", city="Bilbao"), crm.add(email="ana@y.com")
    mail.add(email="ana@x.com")
    await desk.sync()
    assert len(desk.rows("SELECT * FROM person WHERE deleted_at IS NULL")) == 2
    crm.drop(loser)
    (source,) = (r["id"] for r in desk.rows("SELECT id FROM source WHERE connection_id = 'crm' AND stream = 'people'"))
    await desk.hub.database.run(
        edges.merged_by_tool, "local", "person", source, loser, winner, "run", "2026-01-01T00:00:00.000000Z"
    )
    await desk.sync()
    person = desk.person()
    assert person["city"] == "Bilbao"
    assert len(mail.people) == len(crm.people) == 1
    assert mail.calls == [] or all(op != "delete" for op, _ in mail.calls)


async def test_a_refusal_stays_with_everybody_who_has_the_address(desk):
    crm, mail = desk.connect("crm", settings={"creates": False}), desk.connect("mail", settings={"creates": False})
    crm.add(email="home@x.com", consent="no")
    mail.add(email="home@x.com", consent="yes")
    await desk.sync()
    before = desk.person()
    assert before["email_consent"] == "denied"
    records = {r["source_id"]: (r["source_id"], r["remote_id"]) for r in desk.rows("SELECT * FROM record")}
    one, two = (records[source] for source in sorted(records))
    await desk.hub.database.run(
        edges.put, "local", "person", [edges.Edge(one, two, "refused")], "run", "2026-01-01T00:00:00.000000Z"
    )
    await desk.hub.database.run(edges.look_again, "local", (one, two))
    await desk.sync()
    found = desk.rows("SELECT email, email_consent FROM person WHERE deleted_at IS NULL")
    assert [tuple(r.values()) for r in found] == [("home@x.com", "denied")] * 2
    states = desk.rows("SELECT person_id, status FROM consent_state WHERE deleted_at IS NULL")
    assert len({r["person_id"] for r in states}) == 2
    assert {r["status"] for r in states} == {"denied"}


async def test_who_is_erased_leaves_no_evidence(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail")
    crm.add(email="ana@x.com")
    mail.add(email="ana@x.com")
    await desk.sync()
    assert desk.rows("SELECT * FROM merge_evidence") != []
    await erase(desk.hub.engine, desk.person()["id"])
    assert desk.rows("SELECT * FROM merge_evidence") == []
