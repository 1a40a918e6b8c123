"""What a customer sees when something is wrong with the account, the sign-in or the application, over real HTTP."""

import asyncio

import pytest

from vaiven_connectors.google_ads import connector
from vaiven_connectors.google_ads._account import Settings
from vaiven_connectors.google_ads._campaigns import Campaign
from vaiven_connectors.google_ads.simulator import simulator
from vaiven_sdk import Session, VaivenError, Window, Write
from vaiven_sdk.http import Http
from vaiven_sdk.testing import serve

STREAMS = connector.streams


def trouble(vendor, work=None, *, settings=None, credential=None):
    """The error of a connection test, or of something else."""

    async def ask():
        config = Settings(**{**vendor.config, "time_zone": "UTC", **(settings or {})})
        with serve(vendor) as server:
            async with Http(connector, config, credential or vendor.credential, base_url=server.url) as http:
                await (work or connector.hooks["account"])(Session(config, http.send))

    with pytest.raises(VaivenError) as caught:
        asyncio.run(ask())
    return caught.value


def made(**quirks):
    return simulator(seed=3, quirks={**simulator.calm, **quirks})


async def figures(hub):
    async for _ in STREAMS["campaign_metrics"].readers["full"](hub, Window(hub.config), None):
        pass


def test_a_good_connection_has_no_trouble():
    vendor = made()

    async def ask():
        config = Settings(**vendor.config)
        with serve(vendor) as server:
            async with Http(connector, config, vendor.credential, base_url=server.url) as http:
                return await connector.hooks["account"](Session(config, http.send))

    assert asyncio.run(ask()).id == vendor.config["customer_id"]


def test_a_cloud_project_for_tests_is_told_to_apply():
    found = trouble(made(access_level="test"))
    assert (found.code, found.actor.value) == ("permission_missing", "customer")
    assert "test accounts only" in found.what
    assert "applies for Explorer" in found.remedy


def test_a_developer_token_of_the_old_world_is_named():
    vendor = made(developer_tokens=True)
    found = trouble(vendor, credential={**vendor.credential, "developer_token": "not-a-token-of-googles"})
    assert found.code == "permission_missing"
    assert "developer token" in found.what


@pytest.mark.parametrize(("status", "says"), [("CANCELED", "reactivate"), ("CLOSED", "reactivate")])
def test_a_cancelled_account_is_told_to_be_reactivated(status, says):
    vendor = made()
    vendor.set_status(status)
    assert says in trouble(vendor).remedy


def test_a_suspended_account_is_read_and_says_why_nothing_changes():
    vendor = made()
    campaign = vendor.make_campaign("Brand")
    vendor.set_status("SUSPENDED")

    async def change(hub):
        assert (await connector.hooks["account"](hub)).id == vendor.config["customer_id"]
        before = Campaign.model_validate({"campaign": {"id": campaign, "name": "Brand", "status": "ENABLED"}})
        record, names = before.with_unified({"status": "paused"}, {"status"})
        write = Write("update", "h1", record, campaign, frozenset(names), "k", before)
        await STREAMS["campaigns"].writers["update"].function(hub, [write])

    found = trouble(vendor, change)
    assert "suspended" in found.what
    assert "appeal" in found.remedy


def test_a_manager_account_names_the_accounts_below_it():
    vendor = made()
    found = trouble(vendor, settings={"customer_id": vendor.manager_id})
    assert found.code == "config_invalid"
    assert vendor.customer_id in found.why
    asked = trouble(vendor, figures, settings={"customer_id": vendor.manager_id})
    assert "runs the ads" in asked.remedy


def test_an_account_reached_through_a_manager_needs_that_manager():
    vendor = made()
    found = trouble(vendor, settings={"login_customer_id": ""})
    assert found.code == "permission_missing"
    assert "give that manager's ID as the manager customer ID" in found.remedy


def test_an_account_below_another_manager_is_refused():
    vendor = made()
    other = vendor.add_customer("Another agency", manager=True)
    assert "manager" in trouble(vendor, settings={"login_customer_id": other}).remedy.lower()


def test_a_customer_id_of_nobodys_is_refused():
    assert trouble(made(), settings={"customer_id": "000-000-0001"}).actor.value == "customer"


def test_a_sign_in_that_was_taken_back_asks_for_a_new_one():
    vendor = made()
    before = dict(vendor.credential)
    vendor.revoke_access()
    found = trouble(vendor, credential=before)
    assert (found.code, found.actor.value) == ("reconnect_required", "customer")


def test_a_version_that_was_switched_off_asks_for_a_newer_connector():
    found = trouble(made(retired=("v25",)))
    assert "version 25" in found.what
    assert "newer version" in found.remedy


def test_a_newcomer_may_not_upload_and_is_told_where():
    vendor = made(uploads_allowed=False)
    action = vendor.make_conversion_action("Imported", kind="UPLOAD_CLICKS")

    async def upload(hub):
        record, names = STREAMS["offline_conversions"].record.blank(
            {"type": "order.completed", "occurred_at": "2026-11-24T10:00:00Z", "email": "ana@example.com"}
        )
        write = Write("create", "h1", record, None, frozenset(names), "k")
        await STREAMS["offline_conversions"].writers["create"].function(hub, [write])

    found = trouble(vendor, upload, settings={"conversion_action": action})
    assert found.code == "permission_missing"
    assert "Data Manager API" in found.remedy
