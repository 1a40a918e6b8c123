"""Figures in the hub: equal to the vendor's truth from sync to sync, while Meta restates 28 days of them."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.support.hub import hub_at
from vaiven_connectors.meta_ads import connector
from vaiven_connectors.meta_ads.simulator import simulator
from vaiven_sdk.testing import ManualClock, serve
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.connections import Connection

NOW = datetime.now(UTC).replace(microsecond=0)
OURS = {"spend": "spend", "conversions": "purchases", "conversion_value": "purchase_value"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Waiting for a report takes no time."""
    nap = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda *_: nap(0))


def held(hub):
    """Sums of the store's facts by metric, campaign at Meta, and day."""
    rows = hub.database.run_now(
        lambda connection: connection.execute(
            'SELECT f.metric, r.remote_id, f."on", f.value, f.is_final FROM metric_fact f'
            " JOIN record r ON r.entity_id = f.entity_id WHERE f.entity_kind = 'campaign' AND f.\"on\" < ?",
            (NOW.date().isoformat(),),
        ).fetchall()
    )
    total = defaultdict(Decimal)
    for row in rows:
        if row["metric"] in OURS:
            total[row["metric"], row["remote_id"], row["on"]] += Decimal(row["value"])
    return {key: value for key, value in total.items() if value}, {row["on"]: row["is_final"] for row in rows}


def truth(vendor):
    return {
        (ours, one["id"], str(one["date"])): Decimal(one[theirs])
        for one in vendor.truth_metrics("campaign", until=NOW.date() - timedelta(days=1))
        for ours, theirs in OURS.items()
        if one[theirs]
    }


def test_restated_figures_stay_equal_to_the_truth(tmp_path):
    clock = ManualClock(NOW)
    vendor = simulator(clock=clock, quirks={"limits": False})
    trees = vendor.seed_tree(2, 1, 1, 60)
    with serve(vendor) as server, hub_at(tmp_path / "hub.db", lambda _: connector) as hub:
        hub.credentials["meta"] = dict(vendor.credential)
        one = Connection(
            "meta",
            connector.slug,
            "meta",
            dict(vendor.config),
            f"{server.url}/v26.0",
            b"-",
            approved=True,
            streams=("ad_accounts", "campaigns", "insights"),
        )
        hub.database.run_now(accounts.save, hub.engine.tenant, one, hub.engine.now())
        before = {}
        for days in (0, 6, 14):
            clock.advance(days * 86_400)
            if days == 14:
                vendor.remove("campaigns", trees[0]["id"])
            asyncio.run(hub.sync())
            found, final = held(hub)
            assert found == truth(vendor)
            assert found != before
            before = found
        today = NOW.date()
        assert all(final[day] for day in final if (today - datetime.fromisoformat(day).date()).days > 30)
        assert not all(final.values())
