"""Tables: rows with ids, stamps, tombstones, unique values, versions, lag and history, in every order."""

import time
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaiven_sdk.testing import ManualClock, Refusal, Table, ids

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def people(clock):
    return Table("people", clock, created="made", updated="changed", version="v", deleted="gone", unique=["mail"],
                 indexes=["city"], orders=["name"], history=True)  # fmt: skip


def keys(selection):
    return [entry.key for entry in selection]


def test_a_new_row_has_an_id_stamps_and_a_version(people):
    assert people.add({"mail": "a@b.c"}) == {
        "id": 1, "mail": "a@b.c", "v": 1, "gone": None,
        "made": "2026-01-01T00:00:00.000Z", "changed": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip
    assert people.add({"id": 77})["id"] == 77
    assert (len(people), 77 in people, 78 in people) == (2, True, False)


def test_a_change_makes_a_new_row_and_leaves_the_old_one_as_it_was(people, clock):
    before = people.add({"mail": "a@b.c"})
    clock.advance(5)
    after = people.change(1, {"mail": "b@b.c", "id": 9})
    assert (before["mail"], before["v"]) == ("a@b.c", 1)
    assert (after["mail"], after["v"], after["id"], after["changed"]) == ("b@b.c", 2, 1, "2026-01-01T00:00:05.000Z")
    assert people.get(1) is after


def test_a_stale_version_is_refused_and_changes_nothing(people):
    people.add({"mail": "a@b.c"})
    people.change(1, {"name": "A"}, version=1)
    with pytest.raises(Refusal) as refused:
        people.change(1, {"name": "B"}, version=1)
    assert (refused.value.kind, refused.value.status, refused.value.about["version"]) == ("stale", 412, 2)
    assert people.get(1)["name"] == "A"


def test_a_unique_value_is_taken_in_any_case_until_it_is_free(people):
    people.add({"mail": "A@b.c"})
    for act in (lambda: people.add({"mail": "a@B.c"}), lambda: people.add({"id": 1})):
        with pytest.raises(Refusal) as refused:
            act()
        assert (refused.value.kind, refused.value.about["id"]) == ("conflict", 1)
    people.change(1, {"mail": "x@b.c"})
    assert people.add({"mail": "a@b.c"})["id"] == 2
    people.remove(2)
    assert people.add({"mail": "a@b.c"})["id"] == 3
    with pytest.raises(Refusal, match="taken"):
        people.restore(2)
    assert people.by("mail", "X@B.C")["id"] == 1


def test_put_changes_or_makes(people):
    assert people.put({"mail": "a@b.c", "name": "A"}, by="mail")[1]
    row, made = people.put({"mail": "A@b.c", "name": "B"}, by="mail")
    assert (row["id"], row["name"], made) == (1, "B", False)


def test_a_tombstone_is_listed_restored_and_erased(people, clock):
    for mail in "abc":
        people.add({"mail": mail})
    clock.advance(1)
    people.remove(2)
    assert keys(people.select()) == [1, 3]
    assert keys(people.select(deleted=True)) == [2]
    assert people.tombstone(2)["gone"] == "2026-01-01T00:00:01.000Z"
    with pytest.raises(Refusal, match="there is no 2"):
        people.get(2)
    assert people.restore(2)["gone"] is None
    assert (keys(people.select()), keys(people.select(deleted=True))) == ([1, 2, 3], [])
    people.remove(2)
    people.erase(2)
    assert (people.tombstone(2), keys(people.select(deleted=True)), people.versions(2)) == (None, [], [])
    with pytest.raises(Refusal):
        people.erase(2)


def test_lists_show_a_change_late_and_reading_by_id_does_not(clock):
    lag = [5.0]
    table = Table("people", clock, lag=lambda: lag[0], indexes=["city"])
    table.add({"city": "Lima"})
    assert (keys(table.select()), table.get(1)["city"]) == ([], "Lima")
    clock.advance(5)
    assert keys(table.select()) == [1]
    table.change(1, {"city": "Vigo"})
    assert [entry.row["city"] for entry in table.select(city="Lima")] == ["Lima"]
    table.remove(1)
    lag[0] = 0.0
    table.add({"city": "Vigo"})
    assert keys(table.select()) == [1], "a change without lag does not overtake one that waits"
    clock.advance(5)
    assert keys(table.select()) == [2]


def test_history_and_watchers_hear_of_everything(people, clock):
    heard = []
    people.watch(heard.append)
    people.add({"mail": "a"})
    people.change(1, {"mail": "b"})
    people.remove(1)
    people.restore(1)
    assert [change.op for change in heard] == ["created", "updated", "deleted", "restored"]
    assert people.versions(1) == heard
    assert (heard[1].before["mail"], heard[1].after["mail"]) == ("a", "b")
    people.erase(1)
    assert (heard[-1].op, heard[-1].after) == ("erased", None)


def test_a_past_can_be_written(people):
    people.add({"mail": "a"}, at=START - timedelta(days=9))
    people.add({"mail": "b"}, at=START - timedelta(days=20))
    assert keys(people.select("created")) == [2, 1]
    assert keys(people.select("created", since=START - timedelta(days=10))) == [1]


def test_bounds_hold_in_every_order(people, clock):
    for mail in "abcd":
        people.add({"mail": mail, "name": mail.upper()})
        clock.advance(10)
    since, until = START + timedelta(seconds=10), START + timedelta(seconds=20)
    for order in ("updated", "number", "name"):
        assert keys(people.select(order, since=since, until=until)) == [2, 3]
        assert keys(people.select(order, since=since, down=True)) == [4, 3, 2]
        assert keys(people.select(order, since=since, strict=True)) == [3, 4]
    with pytest.raises(KeyError):
        people.select("colour")


CITIES = ("Lima", "Vigo", None)
STEP = st.tuples(st.sampled_from(("add", "change", "remove", "restore", "erase")), st.integers(1, 8),
                 st.sampled_from(CITIES), st.sampled_from(("A", "B", None)))  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(STEP, max_size=40))
def test_lists_always_agree_with_a_plain_model(steps):
    clock = ManualClock(START)
    table = Table("people", clock, indexes=["city"], orders=["name"])
    live: dict[int, dict] = {}
    dead: dict[int, dict] = {}
    for op, key, city, name in steps:
        clock.advance(1)
        if op == "add":
            row = table.add({"city": city, "name": name})
            live[row["id"]] = row
        elif op == "change" and key in live:
            live[key] = table.change(key, {"city": city, "name": name})
        elif op == "remove" and key in live:
            dead[key] = table.remove(key)
            del live[key]
        elif op == "restore" and key in dead:
            live[key] = table.restore(key)
            del dead[key]
        elif op == "erase" and key in live | dead:
            table.erase(key)
            live.pop(key, None)
            dead.pop(key, None)
    for shown, held in ((False, live), (True, dead)):
        assert keys(table.select(deleted=shown)) == sorted(held)
        assert set(keys(table.select("updated", deleted=shown))) == set(held)
        for city in CITIES[:2]:
            wanted = sorted(key for key, row in held.items() if row["city"] == city)
            assert keys(table.select(city=city, deleted=shown)) == wanted
            by_name = sorted(wanted, key=lambda key: (held[key]["name"] is not None, held[key]["name"] or "", key))
            assert keys(table.select("name", city=city, deleted=shown)) == by_name
            assert len(table.select("name", city=city, deleted=shown)) == len(wanted)
            assert keys(table.select("name", city=city, deleted=shown, down=True)) == by_name[::-1]


def test_a_page_in_the_middle_of_a_long_list_costs_no_scan():
    table = Table("people", ManualClock(START), indexes=["city"], orders=["name"])
    for number in range(30_000):
        table.add({"city": CITIES[number % 2], "name": f"N{number:06}"})
    begun = time.perf_counter()
    for _ in range(100):
        page = table.select("updated", city="Lima", down=True).page(100, 10_000)
    spent = time.perf_counter() - begun
    assert len(page) == 100
    assert spent < 1.0, f"{spent * 10:.2f} ms a page"


def test_sample_and_touch_want_to_know_how(people, clock):
    with pytest.raises(LookupError, match="no `fake`"):
        people.sample(1)
    table = Table("people", clock, ids=ids.serial(5), unique=["mail"], version="v",
                  fake=lambda n, chance: {"mail": f"p{n}@b.c", "name": f"N{chance.random()}"})  # fmt: skip
    assert table.sample(2) == ["5", "6"]
    before = table.get(5)
    after = table.touch("5")
    assert (after["mail"], after["v"]) == (before["mail"], 2)
    assert after["name"] != before["name"]
    with pytest.raises(Refusal):
        table.touch("99")


# --------------------------------------------------------------------------------------------------- ids and stamps


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (ids.serial(10), "10 11 12"),
        (ids.serial(text=True), "1 2 3"),
        (ids.serial(form="r{:03}"), "r001 r002 r003"),
    ],
)
def test_serial_ids(kind, form):
    assert " ".join(str(kind({}, n, Random(0))) for n in range(3)) == form


@pytest.mark.parametrize("kind", [ids.sparse(), ids.prefixed("cus_"), ids.hexadecimal(), ids.uuid4(), ids.ulid()])
def test_random_ids_are_all_different_and_repeat_with_their_seed(kind):
    chance = Random(3)
    made = [kind({}, n, chance) for n in range(200)]
    assert len(set(made)) == 200
    assert len({len(one) for one in made[50:]}) <= 2


def test_ids_that_sort_and_ids_that_follow_from_the_address():
    chance = Random(0)
    ulids = [ids.ulid()({}, n, chance) for n in range(50)]
    assert ulids == sorted(ulids)
    assert {len(one) for one in ulids} == {26}
    assert ids.digest_of("mail")({"mail": "Ada@b.c"}, 0, chance) == ids.digest_of("mail")(
        {"mail": "ada@B.c"}, 9, chance
    )


def test_spellings_of_an_instant():
    at = datetime(2026, 11, 25, 10, 30, 0, 123456, tzinfo=UTC)
    assert ids.iso()(at) == "2026-11-25T10:30:00.123Z"
    assert ids.iso("seconds", suffix="+")(at) == "2026-11-25T10:30:00+00:00"
    assert ids.iso("microseconds", suffix="")(at) == "2026-11-25T10:30:00.123456"
    assert (ids.epoch()(at), ids.epoch(1000)(at)) == (1795602600, 1795602600123)
    assert ids.http_date(at) == "Wed, 25 Nov 2026 10:30:00 GMT"
    assert ids.spoken("%d/%m/%Y")(at) == "25/11/2026"
