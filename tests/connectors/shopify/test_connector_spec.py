"""What the connector sends to Shopify, and what comes back, in syncs both ways, against the published schema."""

import asyncio

from tests.connectors.shopify.graph_check import schema
from tests.support.spec_check import unaccepted
from tests.support.spec_sync import lines, sync_watched
from vaiven_connectors.shopify import connector
from vaiven_connectors.shopify.simulator import simulator

BASE = "/admin/api/2026-10"
ACCEPTED: dict[str, str] = {}


def test_syncs_both_ways_fit_the_schema(tmp_path, monkeypatch):
    asleep = asyncio.sleep
    # A bulk operation is asked about once a second at first; this one is done when it has been asked about twice.
    monkeypatch.setattr(asyncio, "sleep", lambda *_: asleep(0))
    vendors = [simulator(seed=seed, quirks=simulator.calm) for seed in (1, 2)]
    made = {}
    described = schema()
    described.documents.clear()

    def begin(shop):
        made.update({stream: shop.sample(stream, 3) for stream in connector.streams})

    def edit(shop):
        for stream, ids in made.items():
            for record_id in ids:
                shop.touch(stream, record_id)

    def remove(shop):
        shop.remove("customers", made["customers"][0])

    acts = (begin, edit, remove)
    checks = sync_watched(tmp_path / "hub.db", connector, vendors, [described], *acts, base=BASE)
    assert unaccepted(lines(checks), ACCEPTED) == []
    assert sum(check.checked for check in checks) > 30
    kinds = {" ".join(query.split()[:2]).partition("(")[0] for query in described.documents}
    assert {"mutation run", "query poll", "query page", "mutation save", "query find", "mutation define"} <= kinds
