"""What the connector sends to Klaviyo, and what comes back, in syncs both ways, against the published description."""

import asyncio

import pytest

from tests.support.spec_check import load_spec, unaccepted
from tests.support.spec_sync import lines, sync_watched
from vaiven_connectors.klaviyo import connector
from vaiven_connectors.klaviyo.simulator import simulator

ACCEPTED = {
    "* $.*.attributes.location.l?*itude: string described, got null": (
        "nullable in ProfileLocation of klaviyo-api 25.0.0; the short notation loses it in a one-of"
    ),
}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Waiting for a job takes no time."""
    nap = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda *_: nap(0))


def begin(account):
    for stream in connector.streams:
        account.sample(stream, 2)
    account.seed_profiles([{"email": "ada@shop.example.com", "first_name": "Ada"}])


def edit(account):
    account.sample("profiles", 12)  # enough for an import
    account.customise("profiles")
    account.opt_out("ada@shop.example.com")
    account.edit_profile(account.seen[0], {"last_name": "Lovelace"})


def test_syncs_both_ways_fit_the_description(tmp_path):
    spec = load_spec("klaviyo")
    vendors = [simulator(seed=seed, quirks={"job_seconds": 0.0}) for seed in (1, 2)]
    vendors[0].seen = vendors[0].sample("profiles", 1)
    # Two syncs: the report may be asked for twice a minute.
    checks = sync_watched(tmp_path / "hub.db", connector, vendors, [spec], begin, edit)
    assert unaccepted(lines(checks), ACCEPTED) == []
    assert all(checks[1].requests[method] for method in ("GET", "POST", "PATCH"))
