"""Ties between records, read in one portal and written to another; never twice, whoever ties first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub import Hub, hub_at
from vaiven_connectors.hubspot.simulator import HubSpotSimulator
from vaiven_registry import Registry
from vaiven_sdk.testing import ManualClock, serve


class Bench:
    """Two portals and one hub."""

    def __init__(self, hub: Hub, clock: ManualClock, one: HubSpotSimulator, two: HubSpotSimulator) -> None:
        self.hub, self.clock, self.one, self.two = hub, clock, one, two

    async def sync(self, **options: Any) -> Any:
        self.clock.advance(400)
        return await self.hub.sync(**options)

    def ties(self) -> list[dict[str, Any]]:
        return self.hub.rows("SELECT id, from_kind, to_kind, type FROM association WHERE deleted_at IS NULL")


def tied(portal: HubSpotSimulator, start: str, end: str) -> set[tuple[str, str]]:
    """Plain ties of live records, by the names of what they tie."""
    state = portal.state()
    name = {"contacts": "email", "companies": "name", "deals": "dealname"}
    found = set()
    for tie in state["associations"]:
        one, two = (side.split(":") for side in tie.split(">"))
        if (one[0], two[0]) == (start, end):
            a, b = state[start][one[1]]["properties"], state[end][two[1]]["properties"]
            found.add((a[name[start]], b[name[end]]))
    return found


def fill(portal: HubSpotSimulator) -> tuple[str, str]:
    person = portal.create_record("contacts", {"email": "ana@example.com"})
    firm = portal.create_record("companies", {"name": "Acme", "domain": "acme.example"})
    return person, firm


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    registry, clock = Registry(), ManualClock(datetime(2090, 1, 1, tzinfo=UTC))
    with ExitStack() as stack:
        hub = stack.enter_context(hub_at(tmp_path / "hub.db", registry.load))
        hub.engine.now = lambda: clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        portals = []
        for seed, name in enumerate(("one", "two")):
            portals.append(HubSpotSimulator(seed=seed, clock=clock, quirks={"search_limit": 0, "burst_limit": 0}))
            url = stack.enter_context(serve(portals[-1])).url
            token = portals[-1].credential["access_token"]
            hub.connect(name, "hubspot", url, {"token": token}, deletes="propagate")
        yield Bench(hub, clock, *portals)


async def test_ties_made_in_one_portal_reach_the_other_in_the_same_run(bench: Bench) -> None:
    person, firm = fill(bench.one)
    pipeline = next(iter(bench.one.state()["pipelines"].values()))
    deal = bench.one.create_record(
        "deals", {"dealname": "Big", "pipeline": pipeline["id"], "dealstage": pipeline["stages"][0]["id"]}
    )
    bench.one.associate("contacts", "companies", [[person, firm]])
    bench.one.associate("deals", "contacts", [[deal, person]])
    bench.one.associate("deals", "companies", [[deal, firm]])
    await bench.sync()
    assert tied(bench.two, "contacts", "companies") == {("ana@example.com", "Acme")}
    # Stages are a portal's own, so a deal is not made in the other one; this one is known there by the hub's id.
    (big,) = bench.hub.rows("SELECT id FROM deal")
    bench.two.create_record("deals", {"dealname": "Big", "vaiven_id": big["id"]})
    bench.clock.advance(1)
    await bench.sync()
    assert tied(bench.two, "deals", "contacts") == {("Big", "ana@example.com")}
    assert tied(bench.two, "deals", "companies") == {("Big", "Acme")}
    quiet = await bench.sync()
    assert quiet.writes == 0
    quiet = await bench.sync(full=True)
    assert quiet.writes == 0


async def test_a_tie_that_both_portals_have_is_one_and_nothing_is_written(bench: Bench) -> None:
    for portal in (bench.one, bench.two):
        bench.clock.advance(1)
        portal.associate("contacts", "companies", [list(fill(portal))])
    await bench.sync()
    plain = [tie for tie in bench.ties() if tie["type"] == "associated"]
    assert len(plain) == 1
    report = await bench.sync()
    assert report.writes == 0


async def test_a_tie_that_is_cut_is_cut_in_the_other_portal(bench: Bench) -> None:
    person, firm = fill(bench.one)
    bench.one.associate("contacts", "companies", [[person, firm]])
    await bench.sync()
    await bench.sync()
    assert tied(bench.two, "contacts", "companies")
    portal = bench.one.portal
    portal.links.remove("contacts", int(person), "companies", int(firm))
    await bench.sync(full=True)
    assert tied(bench.two, "contacts", "companies") == set()
    quiet = await bench.sync(full=True)
    assert quiet.writes == 0
    assert tied(bench.one, "contacts", "companies") == set()
