"""Batches: of those that are refused as a whole exactly the bad ones are rejected, and none is too large."""

import math
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.office import OfficePerson
from vaiven_sdk import RequestRefused, Write
from vaiven_sdk.write import Writer
from vaiven_sync_engine.push import Pusher


def write(number, city="x"):
    record, changed = OfficePerson.blank({"email": f"p{number}@x.com", "city": city})
    return Write("create", f"hub-{number}", record, None, frozenset(changed))


async def send(writes, refuses, most_bytes=0):
    """What became of each, the calls that were made, and what was written."""
    calls, written, outcomes = [], [], []

    async def save(_, some):
        calls.append([w.hub_id for w in some])
        if any(refuses(w) for w in some):
            raise RequestRefused("One of these is wrong.", body={"category": "WRONG"})
        written.extend(w.hub_id for w in some)
        return [w.saved(f"id-of-{w.hub_id}") for w in some]

    stream = SimpleNamespace(writers={"create": Writer(save, len(writes) or 1, most_bytes=most_bytes)}, finder=None)
    pusher = Pusher(None, None, SimpleNamespace(stream=stream), {}, "local", "run", lambda: "")
    await pusher._send("create", writes, outcomes)
    return outcomes, calls, written


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 100).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
async def test_exactly_the_bad_ones_are_rejected_and_each_good_one_is_written_once(case):
    count, bad = case
    writes = [write(n) for n in range(count)]
    outcomes, calls, written = await send(writes, lambda w: int(w.hub_id[4:]) in bad)
    assert [o.hub_id for o in outcomes] == [w.hub_id for w in writes]
    assert {n for n, o in enumerate(outcomes) if o.status == "rejected"} == bad
    assert all(o.code == "WRONG" for o in outcomes if o.status == "rejected")
    assert written == [f"hub-{n}" for n in range(count) if n not in bad]
    assert len(calls) <= 2 * len(bad) * math.ceil(math.log2(count) if count > 1 else 0) + 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=30), st.integers(100, 1000), st.sets(st.integers(0, 29)))
async def test_no_call_is_larger_than_the_vendor_takes(sizes, most, bad):
    writes = [write(n, "x" * size) for n, size in enumerate(sizes)]
    patch_size = {w.hub_id: len(w.record.email) + len(w.record.city) + len('{"email":"","city":""}') for w in writes}
    outcomes, calls, written = await send(writes, lambda w: int(w.hub_id[4:]) in bad, most)
    for call in calls:
        assert len(call) == 1 or sum(patch_size[hub_id] for hub_id in call) <= most
    assert [o.status == "rejected" for o in outcomes] == [n in bad for n in range(len(sizes))]
    assert written == [f"hub-{n}" for n in range(len(sizes)) if n not in bad]


@pytest.mark.parametrize("most", [0, 10_000_000])
async def test_what_fits_goes_in_one_call(most):
    _, calls, _ = await send([write(n) for n in range(50)], lambda _: False, most)
    assert len(calls) == 1
