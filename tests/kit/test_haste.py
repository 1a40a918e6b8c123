"""A rule has a bound in real time, and what was late in one rule does not strike the next."""

import asyncio
import time

import pytest

from vaiven_api.kit.haste import Overdue, within


async def test_what_never_ends_is_stopped():
    with pytest.raises(Overdue, match="no end"), within(0.02):
        await asyncio.Event().wait()
    await asyncio.sleep(0)


async def test_what_blocked_the_loop_past_its_time_leaves_nothing_behind():
    with within(0.02):
        time.sleep(0.1)  # noqa: ASYNC251 - as a check does that runs tests in a process of their own
    for _ in range(3):
        await asyncio.sleep(0)
