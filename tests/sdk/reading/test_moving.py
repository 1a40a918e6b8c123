"""Records that come, go and change between two pages: what stays put is read, whatever else happens."""

import asyncio
import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from tests.support.shelf import CAP, KINDS, SEARCH, SIZE, START, Shelf, at
from vaiven_sdk import Config, Page, Window, capped, get, windows

ANYTHING = (
    "cursor",
    "cursor in the body",
    "last id",
    "keyset",
    "next url",
    "link header",
    "graphql, edges",
    "graphql, nodes",
    "each",
)
KEYS = st.integers(0, 40).map("k{:02}".format)
SECONDS = st.sampled_from([0, 0, 0, 1, 2, 100_000])
"""Few, so that many records share one."""
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "remove", "nothing"]), KEYS, SECONDS, st.sampled_from("abc")), max_size=12
)
ROWS = st.dictionaries(KEYS, st.tuples(SECONDS, st.sampled_from("abc")), max_size=25)


def moved(vendor, step, touched):
    what, key, second, name = step
    if what == "nothing" or (what == "put" and key in vendor.rows and vendor.rows[key]["list"] != name):
        return
    touched.add(key)
    if what == "put":
        vendor.put(key, second, name, v=1)
    else:
        vendor.rows.pop(key, None)


def read(kind, rows, steps, *, resumed=True):
    """Ids that were read while the steps happened, one after each page; each page by another walk, as after a crash."""
    vendor = Shelf()
    for key, (second, name) in rows.items():
        vendor.put(key, second, name)
    touched, found, todo = set(), set(), list(steps)

    async def run():
        state, first = None, True
        while first or state is not None:
            first = False
            async for page in kind.pages(vendor.send, Window(Config()), state=state):
                found.update(json.loads(bytes(item))["id"] for item in page.items)
                state = json.loads(json.dumps(page.state))
                if todo:
                    moved(vendor, todo.pop(0), touched)
                if resumed:
                    break

    asyncio.run(run())
    return found, touched, vendor


@given(st.sampled_from(ANYTHING), ROWS, STEPS, st.booleans())
def test_what_nobody_touched_is_read(kind, rows, steps, resumed):
    found, touched, _ = read(KINDS[kind], rows, steps, resumed=resumed)
    assert set(rows) - touched <= found <= set(rows) | touched


@given(st.sampled_from(["offset", "number, total"]), ROWS, STEPS, st.sampled_from(["put", "remove"]), st.booleans())
def test_by_number_what_nobody_touched_is_read_if_records_only_come_or_only_go(kind, rows, steps, what, resumed):
    steps = [(what, *rest) for _, *rest in steps]
    found, touched, _ = read(KINDS[kind], rows, steps, resumed=resumed)
    assert set(rows) - touched <= found


@given(ROWS, st.integers(1, 400_000), st.booleans(), st.booleans())
def test_windows_leave_no_gap(rows, width, dates, resumed):
    way = {"since": "{since}", "until": "{until}"}
    declared = get("/window", items="rows", page=Page.cursor("after", at="next", size=SIZE), **way)
    if dates:
        # Such a vendor takes both days whole; the shelf takes instants up to the second before.
        declared = get(
            "/window",
            items="rows",
            page=Page.cursor("after", at="next", size=SIZE),
            since=lambda w: f"{w.since}T00:00:00Z",
            until=lambda w: f"{w.until}T24:00:00Z",
        )
    days = max(1, width // 86_400) if dates else max(width, 40_000) / 86_400
    found, _, vendor = read(windows(declared, days=days, start=START, dates=dates), rows, [], resumed=resumed)
    assert found == set(rows)
    asked = [(query["since"], query["until"]) for _, _, query in vendor.asked if not query.get("after")]
    edges = sorted(set(asked))
    assert all(until > since for since, until in edges)
    if not dates:
        assert all(a[1] == b[0] for a, b in itertools.pairwise(edges)), "no gap, and no overlap"


@given(ROWS, STEPS, st.booleans())
def test_a_capped_search_gives_all_when_a_second_field_orders_ties(rows, steps, resumed):
    tied = get("/search", items="rows", page=SEARCH.page, since="{since}", tie=lambda w: w.after)
    # A change moves a record to the end of the order, as it does at a vendor.
    steps = [(what, key, 200_000 + number, name) for number, (what, key, _, name) in enumerate(steps) if what == "put"]
    found, _, _ = read(capped(tied, cap=CAP, by="updated_at", tie="id"), rows, steps, resumed=resumed)
    assert found >= set(rows)


@given(st.dictionaries(KEYS, st.integers(0, 60), max_size=40))
def test_a_capped_search_without_ties_needs_no_second_field(seconds):
    counts = list(seconds.values())
    rows = {key: (second, "a") for key, second in seconds.items() if counts.count(second) < CAP}
    found, _, _ = read(capped(SEARCH, cap=CAP, by="updated_at"), rows, [])
    assert found == set(rows)


def test_the_search_above_is_one_that_ends_at_its_cap():
    rows = {f"k{n:02}": (n, "a") for n in range(CAP + 5)}
    found, _, _ = read(SEARCH, rows, [])
    assert len(found) == CAP
    assert at(0) < at(1)
