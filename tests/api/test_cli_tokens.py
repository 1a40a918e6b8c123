"""A renewed token is in the vault before it is used, and outlives the process."""

import json

import pytest

from vaiven_sync_engine.connections import load_all
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.vault import Vault


def stored(line, name="hubspot"):
    with Database.reader(line.store) as connection:
        one = load_all(connection, "local")[name]
    return dict(Vault.at(line.store, {}).open("local", name, one.secret))


def connect(line, server, **more):
    given = {**server.simulator.oauth_credential, **more}
    how = ("--base-url", server.url, "--stream", "contacts", "--credential-stdin")
    return line.json("connect", "hubspot", *how, stdin=json.dumps(given))


def test_connecting_by_a_refresh_token_seals_the_token_that_it_gave(line, hubspot):
    server = hubspot()
    connect(line, server)
    found = stored(line)
    assert {name: found[name] for name in server.simulator.oauth_credential} == server.simulator.oauth_credential
    assert server.simulator.portal.access.check(f"Bearer {found['access_token']}", server.simulator.portal.now())
    assert found["expires_at"].endswith("Z")


def age(line, end):
    """Let the stored token be one that the vendor no longer takes; gives it."""
    old = {**stored(line), "access_token": "CK-old-and-revoked", "expires_at": end}
    sealed = Vault.at(line.store, {}).seal("local", "hubspot", old)
    with Database.open(line.store) as database:
        database.run_now(lambda connection: connection.execute("UPDATE connection SET secret = ?", (sealed,)))


@pytest.mark.parametrize("end", ["2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"], ids=["ended", "refused"])
def test_a_run_renews_and_stores_and_the_first_approval_does_not_bring_the_old_one_back(line, hubspot, end):
    connect(line, hubspot())
    age(line, end)
    digest = line.json("plan")["plan"]["digest"]
    planned = stored(line)["access_token"]
    assert planned != "CK-old-and-revoked"
    age(line, end)
    line.json("sync", "--approve", digest)
    assert stored(line)["access_token"] not in {"CK-old-and-revoked", planned}
