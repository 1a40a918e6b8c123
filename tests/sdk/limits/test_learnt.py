"""What answers say about limits: it tightens what is declared, loosens it where that is asked for, and passes."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaiven_sdk import Limit, Reading, VendorBusy
from vaiven_sdk.limits import LONGEST_WAIT, Throttle, call_count, headers, standard, throttle_status


def answer(given_headers=None, body=None, status=200):
    named = {k.lower(): v for k, v in (given_headers or {}).items()}
    return SimpleNamespace(status=status, headers=named, json=lambda: json.loads(json.dumps(body)))


async def ask(throttle, says=None, path="/x", **options):
    async with throttle.at(path, **options) as turn:
        if says is not None:
            turn.learn(says)


def sends(run, throttle, count, says=None, path="/x", **options):
    """When each of `count` requests was let through, one after the other."""
    times = []

    async def go():
        for _ in range(count):
            await ask(throttle, says, path, **options)
            times.append(round(run.now, 3))

    run(go())
    return times


# -- the spellings

SPELLINGS = {
    "Klaviyo, Botpress": (
        {"RateLimit-Limit": "60", "RateLimit-Remaining": "7", "RateLimit-Reset": "9"},
        [Reading(7, 60, 9, name="ratelimit")],
    ),
    "IETF, versions 03 to 06": (
        {"RateLimit-Limit": "100, 100;w=60, 1000;w=3600", "RateLimit-Remaining": "7", "RateLimit-Reset": "9"},
        [Reading(7, 100, 9, 60, name="ratelimit")],
    ),
    "IETF, version 07": (
        {"RateLimit": "limit=100, remaining=50, reset=5", "RateLimit-Policy": "100;w=10"},
        [Reading(50, 100, 5, 10, name="ratelimit")],
    ),
    "IETF, version 10": (
        {"RateLimit": '"default";r=50;t=30', "RateLimit-Policy": '"default";q=100;w=60'},
        [Reading(50, 100, 30, 60, name="default")],
    ),
    "IETF, several policies": (
        {
            "RateLimit": '"burst";r=3, "a, day";r=40;t=3600;pk=:sdfjLJUOUH==:, "size";r=10',
            "RateLimit-Policy": '"burst";q=100;w=60,"a, day";q=1000;w=86400,"size";q=9;qu="content-bytes";w=1',
        },
        [Reading(3, 100, None, 60, name="burst"), Reading(40, 1000, 3600, 86_400, name="a, day")],
    ),
    "GitHub, Intercom, Pipedrive": (
        {"X-RateLimit-Limit": "167", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "10"},
        [Reading(0, 167, 10, name="x-ratelimit")],
    ),
    "Okta, X": ({"X-Rate-Limit-Limit": "9", "X-Rate-Limit-Remaining": "1"}, [Reading(1, 9, name="x-rate-limit")]),
    "HubSpot": (
        {
            "X-HubSpot-RateLimit-Max": "100",
            "X-HubSpot-RateLimit-Remaining": "98",
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": "250000",
            "X-HubSpot-RateLimit-Daily-Remaining": "249000",
        },
        [Reading(98, 100, window=10, name="hubspot"), Reading(249_000, 250_000, window=86_400, name="hubspot-daily")],
    ),
    "nothing": ({"Content-Type": "application/json"}, []),
    "garbage": ({"X-RateLimit-Remaining": "many", "RateLimit": ';;,="', "RateLimit-Policy": "\x00"}, []),
    "negative": ({"X-RateLimit-Remaining": "-1"}, []),
}


@pytest.mark.parametrize("which", SPELLINGS)
def test_the_usual_spellings(which):
    given_headers, readings = SPELLINGS[which]
    assert standard(answer(given_headers).headers) == readings


@given(st.dictionaries(st.sampled_from(["ratelimit", "ratelimit-policy", "x-ratelimit-remaining", "x-ratelimit-reset",
                                         "ratelimit-limit", "ratelimit-remaining"]), st.text(max_size=60)))  # fmt: skip
def test_whatever_stands_there_it_is_read_or_left(given_headers):
    for reading in standard(given_headers):
        assert reading.remaining is not None
        assert reading.remaining >= 0


def test_shopifys_calls_and_points():
    learn = call_count("X-Shopify-Shop-Api-Call-Limit")
    assert learn(answer({"X-Shopify-Shop-Api-Call-Limit": "32/40"})) == Reading(8, 40)
    assert learn(answer({"X-Shopify-Shop-Api-Call-Limit": "32"})) is None
    assert learn(answer()) is None
    status = {"maximumAvailable": 1000.0, "currentlyAvailable": 990, "restoreRate": 50.0}
    body = {"extensions": {"cost": {"throttleStatus": status}}}
    assert throttle_status(answer(body=body)) == Reading(990, 1000, rate=50)


def test_headers_of_a_vendors_own():
    learn = headers("X-Left", limit="X-Most", reset="X-When", window=60)
    assert learn(answer({"x-left": "3", "x-most": "30", "x-when": "12"})) == Reading(3, 30, 12, 60)
    assert learn(answer()) is None


# -- what they change


def test_no_more_than_the_vendor_says_are_left_until_it_resets(run):
    throttle = Throttle([Limit(100, per=60.0)])
    sends(run, throttle, 1, answer({"X-RateLimit-Remaining": "2", "X-RateLimit-Reset": "20"}))
    assert sends(run, throttle, 2)[-1] < 0.1
    assert sends(run, throttle, 1)[0] == pytest.approx(21, abs=0.1)
    assert sends(run, throttle, 50)[-1] < 22  # it has recovered


def test_without_a_reset_it_lasts_as_long_as_the_window(run):
    throttle = Throttle([Limit(100, per=10.0)])
    sends(run, throttle, 1, answer({"X-RateLimit-Remaining": "0"}))
    assert sends(run, throttle, 5)[-1] == pytest.approx(10.55, abs=0.1)


@pytest.mark.parametrize("absurd", [str(365 * 86_400), "-9", "nan", "soon", "0"])
def test_an_absurd_reset_stops_nothing_for_long(run, absurd):
    throttle = Throttle([Limit(100, per=10.0)])
    sends(run, throttle, 1, answer({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": absurd}))
    assert sends(run, throttle, 1)[0] < 11


def test_a_lower_limit_is_kept_and_a_higher_one_is_not_believed(run):
    throttle = Throttle([Limit(10, per=10.0)])
    said = {"X-RateLimit-Limit": "3", "X-RateLimit-Remaining": "9999"}
    times = sends(run, throttle, 8, answer(said))
    assert all(sum(a <= t < a + 10 for t in times) <= 3 for a in times)
    run(asyncio.sleep(200))
    start = run.now
    times = sends(run, throttle, 25, answer({"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999"}))
    assert times[9] - start < 0.1
    assert all(sum(a <= t < a + 10 for t in times) <= 10 for a in times)


def test_what_was_sent_meanwhile_is_taken_off(run):
    """Two leave together; the answer to the first says one is left, and cannot know of the second."""
    throttle, times = Throttle([Limit(100, per=10.0)]), []

    async def slow(after):
        await asyncio.sleep(after)
        async with throttle.at("/x") as turn:
            times.append(run.now)
            if not after:
                await asyncio.sleep(1)
                turn.learn(answer({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "5"}))

    async def go():
        await asyncio.gather(slow(0), slow(0.5), slow(2))

    run(go())
    assert times[2] == pytest.approx(6.25, abs=0.1)


def test_an_answer_that_was_overtaken_says_nothing_new(run):
    throttle = Throttle([Limit(100, per=10.0)])

    async def go():
        async with throttle.at("/x") as first:
            await asyncio.sleep(1)
            async with throttle.at("/x") as second:
                second.learn(answer({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5"}))
            first.learn(answer({"X-RateLimit-Remaining": "50", "X-RateLimit-Reset": "5"}))

    run(go())
    assert sends(run, throttle, 1)[0] > 5


def test_a_reading_goes_to_the_limit_that_it_speaks_of(run):
    burst, steady = Limit(10, per=1.0), Limit(150, per=60.0)
    throttle = Throttle([burst, steady, Limit(5, per=1.0, path="/other")])
    sends(run, throttle, 1, answer({"RateLimit": '"b";r=0', "RateLimit-Policy": '"b";q=10;w=1'}))
    assert sends(run, throttle, 1)[0] == pytest.approx(1.1, abs=0.1)
    sends(run, throttle, 1, answer({"RateLimit-Limit": "150", "RateLimit-Remaining": "0"}))
    assert sends(run, throttle, 1)[0] > 60


def hubspot(left, daily=200_000):
    return answer({
        "X-HubSpot-RateLimit-Max": "100", "X-HubSpot-RateLimit-Remaining": str(left),
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Daily": "250000", "X-HubSpot-RateLimit-Daily-Remaining": str(daily),
    })  # fmt: skip


def test_what_others_use_of_a_rolling_window_is_left_to_them(run):
    throttle = Throttle([Limit(100, per=10.0)])
    sends(run, throttle, 1, hubspot(9))  # one is ours, so 90 came from elsewhere
    times = sends(run, throttle, 20)
    assert sum(t < 10 for t in times) == 9
    assert times[-1] == pytest.approx(10.55, abs=0.1)


def test_alone_in_a_rolling_window_nothing_is_lost_by_listening(run):
    """The vendor's count is our own: the answers must not make us wait longer than our own window does."""
    throttle, sent = Throttle([Limit(100, per=10.0)]), []

    async def go():
        for _ in range(250):
            async with throttle.at("/x") as turn:
                sent.append(run.now)
                await asyncio.sleep(0.05)
                used = sum(run.now - 10 < t for t in sent)
                turn.learn(hubspot(100 - used))

    run(go())
    assert run.now < 2 * 10.55 + 50 * 0.05 + 0.5


def test_a_day_that_is_used_up_is_asked_about_again_in_the_next_run(run):
    throttle = Throttle([Limit(100, per=10.0)])
    sends(run, throttle, 1, hubspot(99, daily=0))
    assert 100 < sends(run, throttle, 1)[0] <= 301


def test_a_limit_that_nobody_declared_is_learnt(run):
    throttle = Throttle()
    sends(run, throttle, 1, answer({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}))
    assert sends(run, throttle, 1)[0] == pytest.approx(31.5, abs=0.1)


def test_shopifys_bucket_is_as_full_as_the_vendor_says(run):
    limit = Limit(40, per=20.0, steady=True, learn=call_count("X-Shopify-Shop-Api-Call-Limit"))
    throttle = Throttle([limit])
    sends(run, throttle, 1, answer({"X-Shopify-Shop-Api-Call-Limit": "40/40"}))
    assert sends(run, throttle, 2) == pytest.approx([0.527, 1.054], abs=0.01)
    assert sends(run, throttle, 1, answer({"X-Shopify-Shop-Api-Call-Limit": "3/80"}))[0] == pytest.approx(1.58, abs=0.1)


def points(limit_answer):
    return limit_answer.json()["extensions"]["cost"]["actualQueryCost"]


def shop(actual, available=1000.0):
    status = {"maximumAvailable": 1000.0, "currentlyAvailable": available, "restoreRate": 50.0}
    return answer(body={"extensions": {"cost": {"actualQueryCost": actual, "throttleStatus": status}}})


def test_points_are_estimated_and_settled_by_what_was_spent(run):
    limit = Limit(1000, per=20.0, steady=True, cost=lambda ask: ask.json["first"] * 2, actual=points)
    throttle, body = Throttle([limit]), {"first": 250}
    assert sends(run, throttle, 6, shop(100), json=body, method="POST")[-1] < 0.1
    unsettled = Throttle([limit])
    assert sends(run, unsettled, 3, json=body)[-1] > 9


def test_points_in_a_window_are_settled(run):
    throttle = Throttle([Limit(100, per=10.0, cost=50, actual=points)])
    assert sends(run, throttle, 5, shop(10))[-1] < 0.1
    assert sends(run, throttle, 1, shop(50), cost=60)[0] > 10


def test_what_a_call_site_says_of_its_cost_counts_where_requests_are_priced(run):
    throttle = Throttle([Limit(100, per=10.0, cost=1.5), Limit(50, per=1.0)])
    assert sends(run, throttle, 2, cost=90)[1] > 10


def test_a_request_that_costs_more_than_there_is_goes_alone(run):
    throttle = Throttle([Limit(10, per=10.0, cost=2)])
    times = sends(run, throttle, 3, cost=25)
    assert times == pytest.approx([0, 10.55, 21.1], abs=0.1)


def test_an_answer_that_is_not_as_documented_teaches_nothing(run):
    limit = Limit(5, per=10.0, steady=True, cost=1.5, actual=points, learn=throttle_status)
    throttle = Throttle([limit])
    for body in (None, [], {}, {"extensions": None}, {"extensions": {"cost": {"actualQueryCost": "x"}}}):
        sends(run, throttle, 1, answer(body=body))
    assert run.now < 10


def test_metas_percentages_through_a_function(run):
    """X-Business-Use-Case-Usage; developers.facebook.com/docs/graph-api/overview/rate-limiting, read 2026-11-25."""

    def usage(said):
        rows = [row for rows in json.loads(said.headers["x-business-use-case-usage"]).values() for row in rows]
        used = max(max(row["call_count"], row["total_cputime"], row["total_time"]) for row in rows)
        minutes = max(row["estimated_time_to_regain_access"] for row in rows)
        return Reading(max(0, 100 - used), 100, reset=minutes * 60 or None)

    row = {"type": "ads_management", "call_count": 100, "total_cputime": 20, "total_time": 20}
    said = {"X-Business-Use-Case-Usage": json.dumps({"66782684": [{**row, "estimated_time_to_regain_access": 4}]})}
    throttle = Throttle([Limit(200, per=3600.0, learn=usage)])
    sends(run, throttle, 1, answer(said))
    assert sends(run, throttle, 1)[0] == pytest.approx(252, abs=1)


# -- Retry-After holds back the others, too


def test_a_retry_after_is_for_everybody_at_that_limit(run):
    throttle = Throttle([Limit(100, per=1.0, but="/search"), Limit(5, per=1.0, path="/search")])
    sends(run, throttle, 1, answer({"Retry-After": "7"}, status=429), "/search")
    assert sends(run, throttle, 1, path="/people")[0] < 0.1
    assert sends(run, throttle, 1, path="/search")[0] == pytest.approx(7, abs=0.1)
    sends(run, Throttle(), 1, answer({"Retry-After": "7"}))
    assert run.now < 8


def test_without_a_limit_it_is_for_all(run):
    throttle = Throttle()
    sends(run, throttle, 1, answer({"Retry-After": "7"}, status=503))
    assert sends(run, throttle, 1)[0] == pytest.approx(7, abs=0.1)


def test_a_retry_after_of_a_day_is_not_believed_beyond_the_run(run):
    throttle = Throttle([Limit(100)])
    sends(run, throttle, 1, answer({"Retry-After": "86400"}, status=429))
    assert sends(run, throttle, 1)[0] < 0.1


# -- nothing waits for ever


def test_a_wait_that_is_too_long_ends_at_once(run):
    throttle = Throttle([Limit(1, per=86_400.0, source="a day's quota")])
    sends(run, throttle, 1)
    with pytest.raises(VendorBusy, match="too long") as caught:
        sends(run, throttle, 1)
    assert run.now < 0.1
    assert caught.value.retry_after > LONGEST_WAIT
    assert "1 calls in 86400 s" in str(caught.value)


def test_a_deadline_ends_the_wait(run):
    throttle = Throttle([Limit(1, per=100.0), Limit(concurrent=1, path="/slow")])
    sends(run, throttle, 1)
    with pytest.raises(VendorBusy):
        sends(run, throttle, 1, deadline=1000.0 + 5)
    assert run.now < 0.1

    async def behind():
        async with throttle.at("/slow"):
            with pytest.raises(VendorBusy):
                await ask(throttle, path="/slow", deadline=asyncio.get_running_loop().time() + 5)

    run(asyncio.sleep(200))
    started = run.now
    run(behind())
    assert run.now - started <= 106


def test_whoever_gives_up_waiting_leaves_no_trace(run):
    throttle = Throttle([Limit(concurrent=1)])

    async def go():
        async with throttle.at("/x"):
            waiting = [asyncio.create_task(ask(throttle)) for _ in range(3)]
            await asyncio.sleep(1)
            waiting[0].cancel()
            await asyncio.sleep(1)
        await asyncio.gather(*waiting[1:])
        async with asyncio.timeout(5), throttle.at("/x"):
            pass

    run(go())


def test_one_who_is_let_in_and_cancelled_in_the_same_moment_gives_the_slot_back(run):
    throttle = Throttle([Limit(concurrent=1)])

    async def go():
        async with throttle.at("/x"):
            late = asyncio.create_task(ask(throttle))
            await asyncio.sleep(1)
        late.cancel()
        await asyncio.wait([late])
        async with asyncio.timeout(5), throttle.at("/x"):
            pass

    run(go())


def test_a_throttle_goes_on_in_another_loop():
    throttle = Throttle([Limit(5, per=0.001), Limit(concurrent=2)])

    async def left_behind():
        async with throttle.at("/x"), throttle.at("/x"):
            task = asyncio.create_task(ask(throttle))
            await asyncio.sleep(0)
            task.cancel()

    asyncio.run(left_behind())
    for _ in range(3):
        asyncio.run(asyncio.wait_for(ask(throttle), 5))


def test_a_quota_of_a_day_takes_little_memory(run):
    throttle = Throttle([Limit(1_000_000, per=86_400.0)])
    sends(run, throttle, 20_000)
    (kept,) = throttle._kept
    assert len(kept.gate._sent) < 5
    assert kept.gate._sum == 20_000


# -- a bucket of a larger plan


def status(size, left, rate):
    said = {"maximumAvailable": size, "currentlyAvailable": left, "restoreRate": rate}
    return answer(body={"extensions": {"cost": {"throttleStatus": said}}})


def test_a_bucket_that_grows_takes_the_larger_plan_and_falls_back(run):
    throttle = Throttle([Limit(20, per=20.0, steady=True, learn=throttle_status, grows=True)])
    start = sends(run, throttle, 1, status(200, 199, 10))[0]
    times = sends(run, throttle, 190, status(200, 100, 10))
    assert times[90] == start
    assert times[-1] - start == pytest.approx(90 / 10 * 1.05, abs=1.5)
    run(asyncio.sleep(600))
    alone = sends(run, throttle, 40)
    assert alone[19] == alone[0]
    assert alone[-1] - alone[0] == pytest.approx(20 * 1.05, abs=0.5)


def test_a_bucket_that_grows_still_falls_and_rises_again(run):
    throttle = Throttle([Limit(20, per=20.0, steady=True, learn=throttle_status, grows=True)])
    start = sends(run, throttle, 1, status(4, 3, 1))[0]
    times = sends(run, throttle, 8, status(4, 3, 1))
    assert times[2] == start
    assert times[-1] - start == pytest.approx(5 * 1.05, abs=0.5)
    sends(run, throttle, 1, status(200, 199, 10))
    again = sends(run, throttle, 90, status(200, 150, 10))
    assert again[-1] - again[0] < 1


def test_without_that_word_a_larger_plan_is_not_believed(run):
    throttle = Throttle([Limit(20, per=20.0, steady=True, learn=throttle_status)])
    times = sends(run, throttle, 40, status(200, 199, 10))
    assert times[-1] - times[0] == pytest.approx(20 * 1.05, abs=0.5)


@pytest.mark.parametrize("how", [{"steady": True}, {"learn": throttle_status}])
def test_what_grows_must_be_told_how_large_it_is(how):
    with pytest.raises(ValueError, match="grows"):
        Limit(20, per=20.0, grows=True, **how)
