"""What the connector sends to Meta, and what comes back, in syncs both ways and writes, against Meta's description."""

import asyncio

import pytest

from tests.connectors.meta_ads.graph_check import Graph
from tests.connectors.meta_ads.test_writes import ANA, conversion, member
from tests.connectors.meta_ads.vendor import connected, creation, simulator, write
from tests.support.spec_check import unaccepted
from tests.support.spec_sync import lines, sync_watched
from vaiven_connectors.meta_ads import connector
from vaiven_connectors.meta_ads._audiences import MetaMember
from vaiven_sdk import Write
from vaiven_sdk.testing.spec import watch

PROOF = {"* query.appsecret_proof: not described": "every request takes it (docs/facebook-login/security)"}
READ = {
    **PROOF,
    "* query.fields: not described": "every node and edge takes it (docs/graph-api/overview); few operations list it",
    "* query.limit: not described": "paging is Graph's, not an edge's (docs/graph-api/results)",
    "* query.filtering: not described": "docs/marketing-api/insights/parameters and lead-ads/retrieving",
    "* 200 $.success: not described": "the reference of each update: Struct {success: bool}",
    "POST /*/insights 200 $.report_run_id: not described": "AdReportRunMixin of facebook-business reads it",
    "* $: status 4?? is not described": "the description has no errors",
}
SENT = {
    **PROOF,
    "POST /{custom_audience_id}/users* 200 $.*: not described": "reference/custom-audience/users",
    "POST /*/events request $.data[[]0]: string described, got object": "reference/ads-pixel/events: a list of objects",
}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Waiting for a report takes no time."""
    nap = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda *_: nap(0))


class Several(Graph):
    """The description for several accounts, each of which knows its own ids."""

    def __init__(self, *sims):
        super().__init__(sims[0])
        self.sims = sims

    def part(self, asked):
        key = asked.path.strip("/").split("/")[0]
        kinds = (sim.index.get(sim.user_id if key == "me" else key) for sim in self.sims)
        return self.parts.get(next((kind for kind in kinds if kind), None), self.whole)


def accounts(count):
    return [simulator(seed=seed, quirks={"limits": False}) for seed in range(1, count + 1)]


def begin(account):
    account.seed_tree(2, 1, 1, 5)
    for stream in ("campaigns", "ad_sets", "ads", "creatives", "forms", "leads", "audiences"):
        account.seen = account.sample(stream, 2)


def later(account):
    for key in account.sample("campaigns", 1):
        account.touch("campaigns", key)
    account.remove("campaigns", account.sample("campaigns", 1)[0])
    account.touch("audiences", account.seen[0])


def test_syncs_both_ways_fit_the_description(tmp_path):
    vendors = accounts(2)
    graph = Several(*vendors)
    checks = sync_watched(tmp_path / "hub.db", connector, vendors, [graph], begin, later, base="/v26.0")
    assert unaccepted(lines(checks), READ) == []
    assert all(check.requests[method] for check in checks for method in ("GET", "POST"))


async def test_audiences_and_conversions_fit_the_description():
    (vendor,) = accounts(1)
    check = watch(vendor, Several(vendor), base="/v26.0")
    async with connected(vendor) as (hub, _):
        (made,) = await write(hub, "audiences", "create", creation("audiences", name="Buyers"))
        (added,) = await write(hub, "audience_members", "create", member(made.id, **ANA))
        gone = Write("delete", "hub-1", MetaMember.model_validate(added.stored), added.id)
        await write(hub, "audience_members", "delete", gone)
        (told,) = await write(hub, "conversions", "create", conversion())
    assert (added.status, told.status) == ("created", "created")
    assert unaccepted(lines([check]), SENT) == []
    assert all(check.requests[method] for method in ("POST", "DELETE"))
