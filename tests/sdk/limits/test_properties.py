"""Whatever arrives when: no window holds more than it may, whoever came first goes first, and nobody starves."""

import asyncio

from aiolimiter import AsyncLimiter
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sdk.conftest import Timeless
from vaiven_sdk import Limit
from vaiven_sdk.limits import Throttle

ARRIVALS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.01, 0.3, 1.0, 4.0]),
        st.sampled_from(["/a", "/a", "/b", "/c"]),
        st.sampled_from([1.0, 1.0, 2.0, 3.0]),
    ),
    min_size=1,
    max_size=40,
)


def play(limits, arrivals, lasts=0.0):
    """[(index, path, cost, arrived, let through, ended)], in the order in which they were let through."""
    run, out = Timeless(), []

    async def one(throttle, number, path, cost):
        arrived = run.now
        async with throttle.at(path, cost=cost):
            begun = run.now
            await asyncio.sleep(lasts)
        out.append((number, path, cost, arrived, begun, run.now))

    async def everybody():
        throttle, tasks = Throttle(limits), []
        for number, (gap, path, cost) in enumerate(arrivals):
            await asyncio.sleep(gap)
            tasks.append(asyncio.create_task(one(throttle, number, path, cost)))
        await asyncio.wait_for(asyncio.gather(*tasks), 10_000)

    run(everybody())
    run.close()
    assert len(out) == len(arrivals)
    return sorted(out, key=lambda o: (o[4], o[0]))


def worst(passed, seconds, counts=lambda _: True, cost=lambda o: o[2]):
    mine = [o for o in passed if counts(o[1])]
    return max((sum(cost(o) for o in mine if 0 <= o[4] - start[4] < seconds) for start in mine), default=0)


@settings(max_examples=60, deadline=None)
@given(ARRIVALS)
def test_no_window_of_any_limit_holds_more_than_it_may(arrivals):
    limits = [Limit(5, per=1.0, cost=2), Limit(9, per=4.0, path="/a", cost=2), Limit(2, per=3.0, path="/b", cost=1)]
    passed = play(limits, arrivals)
    assert worst(passed, 1.0) <= 5
    assert worst(passed, 4.0, lambda p: p == "/a") <= 9
    assert worst(passed, 3.0, lambda p: p == "/b", lambda _: 1) <= 2


@settings(max_examples=60, deadline=None)
@given(ARRIVALS, st.sampled_from([0.1, 1.0, 2.5]))
def test_no_more_are_under_way_than_may_be(arrivals, lasts):
    passed = play([Limit(concurrent=3), Limit(concurrent=1, path="/b")], arrivals, lasts)
    for _, _, _, _, begun, _ in passed:
        under_way = [o for o in passed if o[4] <= begun < o[5]]
        assert len(under_way) <= 3
        assert sum(o[1] == "/b" for o in under_way) <= 1


@settings(max_examples=60, deadline=None)
@given(ARRIVALS)
def test_a_steady_bucket_never_gives_more_than_its_size_and_its_refill(arrivals):
    passed = play([Limit(6, per=3.0, steady=True, cost=2)], arrivals)
    for seconds in (0.001, 0.5, 1.0, 3.0, 10.0):
        assert worst(passed, seconds) <= 6 + 2 * seconds + 1e-6


@settings(max_examples=60, deadline=None)
@given(ARRIVALS)
def test_nobody_starves_and_nobody_is_overtaken_at_a_limit(arrivals):
    limits = [Limit(4, per=1.0, cost=2), Limit(3, per=2.0, path="/b", cost=2), Limit(concurrent=2, path="/c")]
    passed = play(limits, arrivals, lasts=0.2)
    for path in ("/a", "/b", "/c"):
        order = [o[0] for o in passed if o[1] == path]
        assert order == sorted(order)
    work = sum(o[2] for o in passed)
    for _, _, _, arrived, begun, _ in passed:
        # As if all that there is had to go through each of the limits, one after the other.
        assert begun - arrived <= work * (1.1 / 4 + 2.15 / 3 + 0.2 / 2) + 6


@settings(max_examples=60, deadline=None)
@given(ARRIVALS)
def test_a_steady_bucket_lets_through_when_aiolimiter_does(arrivals):
    """An independent leaky bucket; it lets small requests overtake large ones, so all are of one size here."""
    size, per = 6.0, 3.0
    ours = [o[4] for o in play([Limit(int(size), per=per, steady=True)], arrivals)]
    run, theirs = Timeless(), []

    async def one(limiter):
        await limiter.acquire()
        theirs.append(run.now)

    async def everybody():
        limiter, tasks = AsyncLimiter(size, per * 1.05 + 0.05), []
        for gap, _, _ in arrivals:
            await asyncio.sleep(gap)
            tasks.append(asyncio.create_task(one(limiter)))
        await asyncio.gather(*tasks)

    run(everybody())
    run.close()
    assert all(abs(a - b) < 0.01 for a, b in zip(ours, sorted(theirs), strict=True))


def test_a_large_request_is_not_overtaken_for_ever_by_small_ones():
    arrivals = [(0.0, "/a", 1.0)] * 4 + [(0.0, "/a", 4.0)] + [(0.3, "/a", 1.0)] * 60
    large = next(o for o in play([Limit(4, per=1.0, cost=2)], arrivals) if o[0] == 4)
    assert large[4] < 1.5


def test_one_that_needs_two_limits_gets_both_though_each_has_its_own_crowd():
    """Whenever the one limit has room for it, the other one is full: it must not go on like that."""
    limits = [Limit(4, per=1.0, path="/x", cost=2), Limit(4, per=1.0, path="/*", but="/x/a", cost=2)]
    crowd = [(0.0, path, 1.0) for _ in range(60) for path in ("/x/a", "/y")]
    arrivals = [*[(0.0, "/x/a", 1.0)] * 4, (0.0, "/x/both", 1.0), (0.55, "/y", 1.0), *crowd]
    both = next(o for o in play(limits, arrivals) if o[1] == "/x/both")
    assert both[4] < 6


def test_whoever_waits_for_one_limit_holds_up_nobody_else():
    passed = play(
        [Limit(1, per=10.0, path="/b"), Limit(100, per=1.0)], [(0.0, "/b", 1.0)] * 5 + [(0.0, "/a", 1.0)] * 20
    )
    assert max(o[4] for o in passed if o[1] == "/a") < 0.1
