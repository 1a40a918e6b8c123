"""What settled stays settled: a further cycle writes nothing and makes no revision; one edit is written twice."""

from __future__ import annotations

import pytest

from tests.support.crowd import Crowd, crowd_at
from vaiven_sync_engine.store import Address


async def settled(crowd: Crowd) -> None:
    """A first sync, and one that reads back what the first one wrote."""
    first = await crowd.hub.sync()
    assert first.status == "ok"
    # Of each hundred people, three times five lack in one tool and three times five have no city in one; one has
    # another title. What one tool keeps in lower case is no news.
    assert first.writes == crowd.writes == crowd.tools["crm"].numbers["people"] * 32 // 100
    await crowd.hub.sync()
    assert crowd.writes == first.writes


async def echoes(crowd: Crowd) -> None:
    await settled(crowd)
    writes, revisions = crowd.writes, crowd.revisions()
    for full in (False, True):
        report = await crowd.hub.sync(full=full)
        assert (report.status, report.writes, report.staged.records, report.rounds) == ("ok", 0, 0, 1)
        assert (crowd.writes, crowd.revisions()) == (writes, revisions)
    for place, remote_id in (("crm", "p0000007"), ("mail", "p0000008"), ("shop", "p0000009")):
        writes, revisions = crowd.writes, crowd.revisions()
        crowd.tools[place].edit("people", remote_id, city=f"Moved from {place}")
        report = await crowd.hub.sync()
        assert (report.writes, crowd.writes - writes) == (2, 2)
        assert sum(crowd.revisions().values()) == sum(revisions.values()) + 1
        towns = [str((tool.of("people", remote_id) or {})["city"]).lower() for tool in crowd.tools.values()]
        assert towns == [f"moved from {place}"] * 3
        report = await crowd.hub.sync()
        assert (report.writes, crowd.writes - writes) == (0, 2)


async def test_three_tools_with_hundreds_of_people_have_no_echo(empty_store: Address) -> None:
    with crowd_at(empty_store, 300) as crowd:
        await echoes(crowd)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_three_tools_with_ten_thousand_people_have_no_echo(empty_store: Address) -> None:
    with crowd_at(empty_store, 10_000) as crowd:
        await echoes(crowd)
