"""The connector over HTTP with its simulator: who it is, what it reads, and figures equal to the vendor's truth."""

import asyncio
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.connectors.meta_ads.vendor import connected, rows, simulator
from vaiven_connectors.meta_ads import connector
from vaiven_connectors.meta_ads._account import Settings, account, prepare
from vaiven_connectors.meta_ads._account import connected as filled_in
from vaiven_connectors.meta_ads._tokens import SignIn
from vaiven_sdk import ConfigInvalid, PermissionMissing, ReconnectRequired, ReportFailed, Window
from vaiven_sdk.errors import MakerError, VendorBusy
from vaiven_sdk.http import Http
from vaiven_sdk.testing import serve


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Waiting for a report takes no time."""
    nap = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda *_: nap(0))


@pytest.fixture
def vendor():
    return simulator(quirks={"require_proof": True, "limits": False})


# ------------------------------------------------------------------------------------------------- settings
@pytest.mark.parametrize("given", ["1234567890", " 1234567890 ", "act_1234567890"])
def test_an_ad_account_is_a_number(given):
    assert Settings(ad_account=given).ad_account == "act_1234567890"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("ad_account", "act_1/insights"),
        ("ad_account", "12"),
        ("ad_account", "me"),
        ("pixel_id", "12/3"),
        ("page_id", "acme"),
        ("conversion_action", "purchase omni"),
        ("history_days", 0),
        ("history_days", 2000),
        ("currency", "euro"),
        ("time_zone", "Madrid, Spain"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(name, given):
    with pytest.raises(ValueError, match=name):
        Settings(**{"ad_account": "1234567890", name: given})


# ------------------------------------------------------------------------------------------------- who it is
async def test_the_account_is_named_and_its_currency_and_zone_are_filled_in(vendor):
    async with connected(vendor) as (hub, _):
        found = await account(hub)
        assert found.id == vendor.config["ad_account"]
        assert found.name
        settings = await filled_in(hub)
        assert (settings.currency, settings.time_zone) == ("USD", "America/New_York")


async def test_an_account_that_is_not_shown_is_a_setting_to_correct(vendor):
    async with connected(vendor, ad_account="act_999") as (hub, _):
        with pytest.raises(ConfigInvalid, match="act_999"):
            await account(hub)


async def test_a_permission_that_was_declined_is_named(vendor):
    vendor.restrict_token(["leads_retrieval", "pages_show_list"])
    async with connected(vendor) as (hub, _):
        with pytest.raises(PermissionMissing, match="ads_read") as told:
            await account(hub)
    assert "Sign in again" in told.value.remedy


@pytest.mark.parametrize("state", ["declined", "expired"])
async def test_what_a_person_has_unticked_is_told_in_meta_s_word(state):
    class Hub:
        async def get(self, path, **_):
            assert path == "/me/permissions"
            return {"data": [{"permission": "ads_read", "status": state}]}

    with pytest.raises(PermissionMissing, match=state):
        await account(Hub())


@pytest.mark.parametrize(("subcode", "words"), [(458, "removed"), (460, "password"), (463, "expired"), (467, "valid")])
async def test_a_dead_token_says_why_and_what_to_do(vendor, subcode, words):
    vendor.kill_token(subcode)
    async with connected(vendor) as (hub, _):
        with pytest.raises(ReconnectRequired, match=words) as told:
            await account(hub)
    assert told.value.remedy


async def test_a_proof_of_another_app_is_refused_with_a_sentence(vendor):
    async with connected(vendor, {**vendor.credential, "app_secret": "another-secret"}) as (hub, _):
        with pytest.raises(ReconnectRequired, match="proof"):
            await account(hub)


async def test_a_retired_version_is_the_maker_s():
    async with connected(simulator(quirks={"versions": ("v27.0",)})) as (hub, _):
        with pytest.raises(MakerError, match="version") as told:
            await account(hub)
    assert "Update the connector" in told.value.remedy


@pytest.mark.parametrize("code", [4, 17, 80004])
async def test_a_limit_is_waited_for(vendor, code):
    vendor.exhaust(code, seconds=1e6)
    async with connected(vendor) as (hub, _):
        with pytest.raises(VendorBusy):
            await hub.request("GET", "/me/adaccounts", safe=True, deadline=0.2)


@pytest.mark.parametrize(("status", "words"), [(2, "disabled"), (3, "unpaid"), (7, "reviewing")])
async def test_a_suspended_account_is_told_once_before_anything_is_written(vendor, status, words):
    vendor.set_account_status(status)
    async with connected(vendor) as (hub, _):
        with pytest.raises(PermissionMissing, match=words):
            await prepare(hub)
        assert await account(hub)
    vendor.set_account_status(1)
    async with connected(vendor) as (hub, _):
        assert await prepare(hub) is None


# ------------------------------------------------------------------------------------------------- signing in
async def test_a_code_becomes_a_token_of_60_days_that_is_exchanged_at_half_of_them(vendor):
    secret = vendor.credential["app_secret"]
    app = {"client_id": str(vendor.app_id), "client_secret": secret}
    scheme = next(one for one in connector.auth if isinstance(one, SignIn))
    config = Settings(**vendor.config)
    with serve(vendor) as server:
        async with Http(connector, config, app, base_url=f"{server.url}/v26.0", scheme=scheme) as http:
            page = scheme.page(
                app["client_id"],
                redirect_uri="https://hub.example/back",
                state="s",
                config=config,
                scopes=tuple(scope.name for scope in connector.scopes_for()),
            )
            code = await signed_in(server.url, page)
            credential = await http.exchange(code, redirect_uri="https://hub.example/back")
            assert credential["page_token"]
            left = datetime.fromisoformat(credential["expires_at"]) - datetime.now(UTC)
            assert timedelta(days=28) < left < timedelta(days=31)
            answer = await http.send("GET", f"/{config.page_id}/leadgen_forms")
            assert answer.json()["data"] == []


async def signed_in(url, page):
    """The browser: what Facebook's page sends it back with."""
    from urllib.parse import parse_qs, urlsplit

    import httpx

    parts = urlsplit(page)
    async with httpx.AsyncClient() as browser:
        back = await browser.get(f"{url}{parts.path}?{parts.query}", follow_redirects=False)
    return parse_qs(urlsplit(back.headers["location"]).query)["code"][0]


async def test_a_system_user_gets_the_page_s_token_when_it_is_needed(vendor):
    vendor.sample("leads", 2)
    async with connected(vendor) as (hub, http):
        assert len(await rows(hub, "leads")) == 2
        assert await rows(hub, "forms")
        assert http._tokens.credential["page_token"] not in str(http)


async def test_without_a_page_there_are_no_leads(vendor):
    vendor.sample("leads", 2)
    async with connected(vendor, page_id="") as (hub, _):
        assert await rows(hub, "leads") == await rows(hub, "forms") == []


async def test_a_page_that_is_not_shown_asks_for_the_permission(vendor):
    vendor.sample("leads", 1)
    vendor.restrict_token(["ads_read"])
    async with connected(vendor) as (hub, _):
        with pytest.raises(PermissionMissing, match="permission") as told:
            await rows(hub, "leads")
    assert "Business settings" in told.value.remedy


# ------------------------------------------------------------------------------------------------- objects
async def test_every_page_is_read(vendor):
    vendor.page_cap = 2
    made = {name: set(vendor.sample(name, 5)) for name in ("campaigns", "ad_sets", "ads", "creatives", "audiences")}
    async with connected(vendor) as (hub, _):
        for name, ids in made.items():
            assert ids <= {one.remote_id for one in await rows(hub, name)}, name


async def test_archived_objects_are_listed_and_deleted_ones_are_known_by_their_figures(vendor):
    (tree,) = vendor.seed_tree(1, 1, 2, 5)
    shown, gone = tree["adsets"][0]["ads"]
    (unseen,) = vendor.sample("campaigns", 1)
    vendor.remove("ads", gone)
    vendor.remove("campaigns", unseen)
    vendor.edit("ad", shown, {"status": "ARCHIVED"})
    async with connected(vendor) as (hub, _):
        ads = {one.remote_id: one.unified() for one in await rows(hub, "ads")}
        assert unseen not in {one.remote_id for one in await rows(hub, "campaigns")}
    assert ads[shown]["status"] == "ended"
    assert ads[gone]["status"] == "removed"
    assert ads[gone]["ad_group_id"] == tree["adsets"][0]["id"]
    assert ads[gone]["name"]


async def test_a_read_goes_on_among_the_deleted(vendor):
    vendor.page_cap = 1
    trees = vendor.seed_tree(3, 1, 1, 3)
    for tree in trees[:2]:
        vendor.remove("campaigns", tree["id"])
    stream = connector.streams["campaigns"]
    async with connected(vendor) as (hub, _):
        states, seen = [None], []
        while states:
            state = states.pop()
            async for batch in stream.readers["full"](hub, Window(hub.config), state):
                seen += [one["id"] for one in batch.items]
                if batch.state is not None:
                    states.append(batch.state)
                break
    assert sorted(seen) == sorted(tree["id"] for tree in trees)


async def test_changes_are_those_since(vendor):
    (tree,) = vendor.seed_tree(1, 2, 1, 1, created=datetime(2026, 1, 1, tzinfo=UTC))
    first, second = (one["id"] for one in tree["adsets"])
    vendor.edit("adset", first, {"name": "Renamed"})
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    async with connected(vendor) as (hub, _):
        found = await rows(hub, "ad_sets", "changes", since=since)
    assert [(one.remote_id, one.name) for one in found if one.remote_id in {first, second}] == [(first, "Renamed")]


# ------------------------------------------------------------------------------------------------- figures
def summed(found, metric, level="campaign"):
    total = defaultdict(Decimal)
    for one in (record.unified() for record in found):
        assert one["entity_kind"] == level
        if one[metric] is not None:
            total[one["entity_id"], one["on"]] += Decimal(one[metric])
    return {key: value for key, value in total.items() if value}


def true(vendor, field, level="campaign", **more):
    return {
        (one["id"], str(one["date"])): Decimal(str(one[field]))
        for one in vendor.truth_metrics(level, **more)
        if one[field]
    }


@pytest.mark.parametrize(("stream", "level"), [("insights", "campaign"), ("ad_insights", "ad")])
async def test_figures_equal_the_truth_and_no_conversion_counts_twice(vendor, stream, level):
    vendor.seed_tree(2, 1, 2, 40)
    async with connected(vendor) as (hub, _):
        found = await rows(hub, stream)
    for ours, theirs in (
        ("spend", "spend"),
        ("impressions", "impressions"),
        ("conversions", "purchases"),
        ("conversion_value", "purchase_value"),
    ):
        assert summed(found, ours, level) == true(vendor, theirs, level), ours


async def test_figures_of_what_was_deleted_go_on_counting(vendor):
    trees = vendor.seed_tree(2, 1, 1, 10)
    before = true(vendor, "spend")
    vendor.remove("campaigns", trees[0]["id"])
    async with connected(vendor) as (hub, _):
        assert summed(await rows(hub, "insights"), "spend") == before


async def test_days_are_final_after_28(vendor):
    vendor.seed_tree(1, 1, 1, 40)
    async with connected(vendor) as (hub, _):
        found = [one.unified() for one in await rows(hub, "insights")]
    today = vendor.today() if callable(vendor.today) else vendor.today
    for one in found:
        assert one["is_final"] == ((today - date.fromisoformat(one["on"])).days >= 28)
    assert {one["is_final"] for one in found} == {True, False}
    assert {one["timezone"] for one in found} == {"America/New_York"}


async def test_a_report_of_too_much_is_halved():
    vendor = simulator(quirks={"report_values": 200})
    vendor.seed_tree(2, 1, 1, 40)
    async with connected(vendor) as (hub, _):
        found = await rows(hub, "insights")
    assert summed(found, "spend") == true(vendor, "spend")


async def test_a_report_that_is_skipped_is_the_vendor_s_and_ordered_again(vendor):
    vendor.seed_tree(1, 1, 1, 3)
    vendor.doom_report("Job Skipped")
    async with connected(vendor) as (hub, _):
        with pytest.raises(ReportFailed):
            await rows(hub, "insights")
        assert await rows(hub, "insights")


async def test_a_report_that_failed_for_too_much_is_ordered_in_halves(vendor):
    vendor.seed_tree(1, 1, 1, 20)
    vendor.doom_report("Job Failed")
    async with connected(vendor) as (hub, _):
        assert summed(await rows(hub, "insights"), "spend") == true(vendor, "spend")
