"""`vaiven people resolve`, `review` and `unmerge` over two portals."""

import pytest

from vaiven_api.cli import exits

AT = "2026-11-20T08:00:00+00:00"
STREETS = ("Calle Mayor", "Gran Via", "Rua Augusta", "High Street", "Hauptstrasse", "Via Roma", "Kerkstraat")
NAMES = (
    "Ana Gil",
    "Bo Lind",
    "Cleo Marsh",
    "Dan Novak",
    "Eva Roth",
    "Finn Dahl",
    "Gus Weber",
    "Hana Sato",
    "Ivo Pires",
)


def contacts(side):
    """The same people in both portals under another address each; the last two differ in more than that."""
    out = []
    for number in range(40):
        given, family = NAMES[number % 9].split()
        out.append(
            {
                "email": f"{given}.{family}{number}@{side}.example".lower(),
                "firstname": given,
                "lastname": f"{family}{'abcdefghijklmno'[number // 9]}",
                "address": f"{number + 3} {STREETS[number % 7]}",
                "zip": f"{28000 + 7 * number}",
                "city": ("Madrid", "Lisboa", "Leeds")[number % 3],
            }
        )
    if side == "b":
        out[38] |= {"firstname": "Carla", "address": "1 Elsewhere"}
    return out


@pytest.fixture
def two(line, hubspot):
    for name, seed in (("one", 1), ("two", 2)):
        server = hubspot(seed)
        server.simulator.seed("contacts", contacts("ab"[seed - 1]), at=AT)
        line.connect(name, server, "--read-only")
    line.json("sync", "--approve", "any")
    return line


def people(line):
    return line.json("people", "--limit", "500")["total"]


def test_what_is_sure_is_joined_and_the_rest_is_put_to_people(two):
    assert people(two) == 80
    (passed,) = two.json("people", "resolve", "--kind", "person")["passes"]
    assert passed["records"] == 80
    assert passed["joined"] >= 38
    assert people(two) == 80 - passed["joined"]
    assert passed["joined"] + passed["asked"] == 40
    again = two.json("people", "resolve", "--all")["passes"]
    assert [(p["kind"], p["joined"], p["withdrawn"]) for p in again] == [("person", 0, 0), ("company", 0, 0)]
    assert people(two) == 80 - passed["joined"]


def test_a_pair_is_decided_and_stays_decided(two):
    two.json("people", "resolve")
    found = two.json("people", "review")
    assert found["total"] == len(found["pairs"]) == 1
    (pair,) = found["pairs"]
    assert {r["record"].split("/")[0] for r in pair["records"]} == {"one", "two"}
    assert pair["why"]["family_name"] > 0 > pair["why"]["street"]
    shown = two.run("people", "review").stdout
    assert pair["id"] in shown
    assert "against" in shown
    before = people(two)
    assert two.json("people", "review", pair["id"], "--different")["same"] is False
    assert two.json("people", "review")["pairs"] == []
    two.json("people", "resolve")
    assert (people(two), two.json("people", "review")["pairs"]) == (before, [])
    two.run("people", "review", pair["id"], "--same")
    assert people(two) == before - 1
    assert "No pairs" in two.run("people", "review").stdout


def test_a_merge_is_undone_by_the_id_that_was_lost_or_by_naming_records(two):
    two.json("people", "resolve")
    before = people(two)
    (ana,) = two.json("people", "ana.gil0@a.example")["people"]
    one, other = (f"{r['stream']}/{r['remote_id']}" for r in ana["records"])
    (reason,) = ana["identity"]
    assert (reason["record"], reason["hangs_on"], reason["rule"]) == (other, one, "score")
    assert reason["lost_id"] in two.run("people", ana["id"], "--why").stdout
    parted = two.json("people", "unmerge", ana["id"], "--record", other)
    assert sorted(parted["entities"].values()) == sorted([[one], [other]])
    assert parted["entities"][ana["id"]] == [one]
    assert people(two) == before + 1
    two.json("people", "resolve")
    assert people(two) == before + 1
    shown = two.run("people", "unmerge", ana["id"], "--record", other)
    assert shown.exit_code == exits.CUSTOMER
    assert two.run("people", "unmerge", "01ARZ3NDEKTSV4RRFFQ69G5FAV").exit_code == exits.CUSTOMER
    assert two.run("people", "unmerge", ana["id"], "--record", "one/contacts").exit_code == exits.CUSTOMER
    assert two.run("people", "review", "nothing", "--same").exit_code == exits.CUSTOMER
    assert two.run("people", "review", "--same").exit_code == exits.USAGE


def test_records_are_made_one_by_hand_and_two_again(two):
    some = [p["id"] for p in two.json("people", "--limit", "4")["people"]]
    records = {
        i: [f"{r['stream']}/{r['remote_id']}" for r in two.json("people", i)["people"][0]["records"]] for i in some
    }
    one, other = sorted(records)[:2]
    kept = two.json("people", "merge", records[one][0], records[other][0])["id"]
    assert kept in {one, other}
    held = [f"{r['stream']}/{r['remote_id']}" for r in two.json("people", kept)["people"][0]["records"]]
    assert sorted(held) == sorted(records[one] + records[other])
    lost = ({one, other} - {kept}).pop()
    parted = two.json("people", "unmerge", lost)["entities"]
    assert {i: sorted(some) for i, some in parted.items()} == {i: sorted(records[i]) for i in (one, other)}
    assert two.run("people", "merge", records[one][0]).exit_code == exits.CUSTOMER
    unknown = records[one][0] + "9"
    assert two.run("people", "merge", records[one][0], unknown).exit_code == exits.CUSTOMER


def test_a_tool_that_has_everybody_once_joins_none_of_its_own(line, hubspot):
    server = hubspot(1)
    server.simulator.seed("contacts", [*contacts("a"), *contacts("b")], at=AT)
    line.connect("one", server, "--read-only", "--distinct")
    line.json("sync", "--approve", "any")
    line.json("people", "resolve")
    assert people(line) == 80
    line.connect("one", server, "--duplicates")
    line.json("people", "resolve")
    assert people(line) <= 42
