"""Limits: no window ever holds more than it may, and what a Retry-After header says."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaiven_sdk import Limit
from vaiven_sdk.limits import LONGEST_WAIT, Throttle, retry_after

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


async def send(throttle, path, sent, clock):
    async with throttle.at(path):
        sent.append(clock())


def crowd(run, limits, *paths):
    """When each of many requests that begin at once is let through."""
    sent = []

    async def everybody():
        throttle = Throttle(limits)
        await asyncio.gather(*(send(throttle, path, sent, lambda: run.now) for path in paths))

    run(everybody())
    return sent


def most(sent, seconds):
    """The largest number of requests in any window of that length."""
    return max(sum(1 for other in sent if 0 <= other - start < seconds) for start in sent)


def test_no_window_holds_more_than_its_calls(run):
    sent = crowd(run, [Limit(3, per=1.0)], *["/x"] * 20)
    assert len(sent) == 20
    assert most(sent, 1.0) == 3
    assert sent[2] < 0.1
    assert run.now < 6 * 1.2


def test_every_limit_that_applies_is_kept(run):
    sent = crowd(run, [Limit(2, per=1.0), Limit(6, per=30.0)], *["/x"] * 13)
    assert most(sent, 1.0) == 2
    assert most(sent, 30.0) == 6
    assert 60 < run.now < 70


def test_a_limit_counts_its_paths_alone(run):
    limits = [Limit(1, per=10.0, path="/search"), Limit(1, per=5.0, path="/*/batch")]
    crowd(run, limits, *["/people"] * 9)
    crowd(run, limits, "/search", "/people/batch")
    assert run.now < 0.1
    assert most(crowd(run, limits, "/search/a", "/search"), 10.0) == 1


def test_a_limit_leaves_out_the_paths_that_it_excepts(run):
    limits = [Limit(1, per=10.0, but="/*/search")]
    crowd(run, limits, *["/people/search"] * 9)
    assert run.now < 0.1
    assert most(crowd(run, limits, "/people", "/people"), 10.0) == 1


def test_without_limits_nothing_waits(run):
    assert crowd(run, [], *["/x"] * 50)[-1] < 0.1


def test_what_one_run_sent_counts_in_the_next(run):
    throttle, sent = Throttle([Limit(1, per=10.0)]), []
    for _ in range(3):
        run(send(throttle, "/x", sent, lambda: run.now))
    assert most(sent, 10.0) == 1


def test_a_request_that_fails_has_been_counted(run):
    throttle, sent = Throttle([Limit(1, per=10.0)]), []

    async def fail():
        async with throttle.at("/x"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(fail())
    run(send(throttle, "/x", sent, lambda: run.now))
    assert sent[0] >= 10.0


@pytest.mark.parametrize("wrong", [{"calls": 0}, {"calls": -1}, {"calls": 5, "per": 0.0}, {"calls": 5, "per": -1.0}])
def test_a_limit_that_lets_nothing_through_is_refused(wrong):
    with pytest.raises(ValueError, match="at least one call"):
        Limit(**wrong)


# ------------------------------------------------------------------------------------------------------- Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("1.5", 1.5),
        (" 12 ", 12),
        ("-3", 0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("Sun, 22 Nov 2026 13:00:10 +0100", 10),
        ("Sun, 22 Nov 2026 12:00:10 -0000", 10),
        (str(int(NOW.timestamp()) + 30), 30),
        (str(int(NOW.timestamp()) - 30), 0),
        (str(int((NOW.timestamp() + 30) * 1000)), 30),
        (str(int((NOW.timestamp() - 30) * 1000)), 0),
        ("86400", 86_400),
    ],
)
def test_seconds_dates_and_epochs(value, seconds):
    assert retry_after(value, now=NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "1m",
        "NaN",
        "inf",
        "-inf",
        "1e400",
        str(365 * 86_400),
        str(int((NOW.timestamp() + 365 * 86_400) * 1000)),
        "999999999",
        "Sun, 99 Nov 2026 12:00:00 GMT",
        "Sun, 22 Nov 99999999999999999999 12:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "\x00",
    ],
)
def test_what_is_missing_garbage_or_absurd_says_nothing(value):
    assert retry_after(value, now=NOW) is None


@given(st.text() | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(format_datetime))
def test_whatever_it_says_it_is_a_wait_or_nothing(value):
    seconds = retry_after(value, now=NOW)
    assert seconds is None or 0 <= seconds <= 2 * 86_400


def test_the_clock_is_the_machines_when_none_is_given():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=LONGEST_WAIT), usegmt=True)
    assert retry_after(soon) == pytest.approx(LONGEST_WAIT, abs=30)
