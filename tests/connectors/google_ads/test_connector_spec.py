"""What the connector sends to Google Ads, and what comes back, against the messages of Google's published protos.

And what of it ends up in the hub: figures as the vendor has them, none counted twice.
"""

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.support.google_ads import Messages
from tests.support.hub import hub_at
from tests.support.spec_sync import lines
from vaiven_connectors.google_ads import connector
from vaiven_connectors.google_ads._account import Settings
from vaiven_connectors.google_ads._audiences import AudienceMember, hashed
from vaiven_connectors.google_ads._campaigns import Campaign
from vaiven_connectors.google_ads._conversions import OfflineConversion
from vaiven_connectors.google_ads._groups import AdGroup
from vaiven_connectors.google_ads.simulator import simulator
from vaiven_sdk import Session, Window, Write
from vaiven_sdk.http import Http
from vaiven_sdk.testing import Fault, ManualClock, serve
from vaiven_sdk.testing.spec import watch
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.connections import Connection
from vaiven_sync_engine.store import Database

STREAMS = connector.streams
FACTS = (
    'SELECT r.remote_id AS campaign, f."on" AS day, f.metric, f.breakdown, f.value, f.currency, f.timezone'
    " FROM metric_fact f JOIN record r ON r.entity_id = f.entity_id"
)


@pytest.fixture
def vendor():
    # It is a month ago there, for answers have this machine's date.
    return simulator(seed=1, quirks=simulator.calm, clock=ManualClock(datetime.now(UTC) - timedelta(days=31)))


@contextmanager
def hub_of(path, vendor):
    """A hub with the account, and what is seen of its traffic."""
    check = watch(vendor, Messages())
    with serve(vendor) as server, hub_at(path, lambda _: connector) as hub:
        hub.credentials["ads"] = dict(vendor.credential)
        one = Connection("ads", connector.slug, "ads", dict(vendor.config), server.url, b"-", approved=True)
        hub.database.run_now(accounts.save, hub.engine.tenant, one, hub.engine.now())
        yield hub, check


def sync(hub):
    report = asyncio.run(hub.sync())
    assert (report.errors, hub.quarantine()) == ({}, [])


def figures(path):
    """Every fact: (campaign, day, metric, breakdown) -> value."""
    with Database.reader(path) as connection:
        rows = connection.execute(FACTS).fetchall()
    found = {(r["campaign"], r["day"], r["metric"], r["breakdown"]): Decimal(r["value"]) for r in rows}
    assert len(found) == len(rows)
    assert {(r["currency"], r["timezone"]) for r in rows if r["metric"] == "spend"} == {("USD", "America/New_York")}
    return {key: value for key, value in found.items() if value}


def truth(vendor):
    """The same of what the vendor shows."""
    out = {}
    for (campaign, day), seen in vendor.truth_metrics().items():
        out[campaign, day, "spend", ""] = Decimal(seen["cost_micros"]) / 1_000_000
        out[campaign, day, "impressions", ""] = Decimal(seen["impressions"])
        out[campaign, day, "clicks", ""] = Decimal(seen["clicks"])
        out[campaign, day, "conversions", ""] = round(Decimal(str(seen["conversions"])), 6)
        out[campaign, day, "conversion_value", ""] = round(Decimal(str(seen["conversions_value"])), 6)
    for (campaign, day, action), seen in vendor.truth_metrics(by_action=True).items():
        which = f"conversion_action={action}"
        out[campaign, day, "conversions", which] = round(Decimal(str(seen["conversions"])), 6)
        out[campaign, day, "conversion_value", which] = round(Decimal(str(seen["conversions_value"])), 6)
    return {key: value for key, value in out.items() if value}


def test_reads_are_what_is_described_and_figures_are_the_vendors(tmp_path, vendor):
    path = tmp_path / "hub.db"
    vendor.seed_tree(campaigns=3, days=40)
    vendor.make_user_list("Customers")
    with hub_of(path, vendor) as (hub, check):
        sync(hub)
        first = figures(path)
        assert first == truth(vendor)
        # A month later most of it has been restated, and there is nothing new but names.
        vendor.clock.advance(30 * 86_400)
        (campaign, *_), (group, *_) = (vendor.sample(name, 1) for name in ("campaigns", "ad_groups"))
        vendor.touch("campaigns", campaign)
        vendor.touch("ad_groups", group)
        sync(hub)
        second = figures(path)
    assert check.checked
    assert lines([check]) == []
    assert second == truth(vendor)
    changed = {key for key in first.keys() & second.keys() if first[key] != second[key]}
    assert {metric for _, _, metric, _ in changed} >= {"conversions"}
    parts, wholes = defaultdict(Decimal), {}
    for (campaign, day, metric, breakdown), value in second.items():
        if metric == "conversions" and breakdown:
            parts[campaign, day] += value
        elif metric == "conversions":
            wholes[campaign, day] = value
    assert parts.keys() <= wholes.keys()
    assert all(abs(parts[key] - wholes[key]) <= Decimal("0.00001") for key in parts)


@asynccontextmanager
async def connected(vendor, **settings):
    config = Settings(**vendor.config, time_zone="America/New_York", **settings)
    check = watch(vendor, Messages())
    with serve(vendor) as server:
        async with Http(connector, config, vendor.credential, base_url=server.url) as http:
            yield Session(config, http.send), check


async def read(hub, stream):
    pages = hub.walk(STREAMS[stream].full, Window(hub.config))
    found = [STREAMS[stream].record.model_validate_json(bytes(item)) async for page in pages for item in page.items]
    return {one.remote_id: one for one in found}


def change(one, hub_id, **values):
    record, names = one.with_unified({**one.unified(), **values}, set(values))
    return Write("update", hub_id, record, one.remote_id, frozenset(names), "k", one)


async def test_writes_are_what_is_described_and_take_effect(vendor):
    own = vendor.make_campaign("Own", budget_micros=20_000_000)
    shared = vendor.make_campaign("Shared", budget=vendor.make_budget("Pot"))
    group = vendor.make_ad_group(own, "Shoes")
    async with connected(vendor) as (hub, check):
        before = await read(hub, "campaigns")
        told = (
            await STREAMS["campaigns"]
            .writers["update"]
            .function(
                hub,
                [
                    change(before[own], "h1", status="paused", name="Own, again", budget="12.34"),
                    change(before[shared], "h2", budget="5"),
                    change(before[shared], "h3", name="Own, again"),
                ],
            )
        )
        assert {(one.hub_id, one.status, one.code) for one in told} == {
            ("h1", "updated", ""),
            ("h2", "rejected", "shared_budget"),
            ("h3", "rejected", "DUPLICATE_CAMPAIGN_NAME"),
        }
        record, names = Campaign.blank({"name": "Launch", "budget": "9.5", "channel": "display"})
        launch = Write("create", "h4", record, None, frozenset(names), "k")
        (made,) = await STREAMS["campaigns"].writers["create"].function(hub, [launch])
        (again,) = await STREAMS["campaigns"].writers["create"].function(hub, [launch])
        assert (made.status, again.status, made.id) == ("created", "created", again.id)
        found = {row["campaign"]["id"] for row in await STREAMS["campaigns"].finder.function(hub, [launch])}
        after = await read(hub, "campaigns")
        groups = await read(hub, "ad_groups")
        edit = change(groups[group], "h5", status="paused", name="Boots")
        (told,) = await STREAMS["ad_groups"].writers["update"].function(hub, [edit])
        assert told.status == "updated"
        (row,) = await STREAMS["ad_groups"].finder.function(hub, [edit])
    assert check.checked
    assert lines([check]) == []
    assert found == {made.id}
    changed, new = after[own].unified(), after[made.id].unified()
    assert (changed["name"], changed["status"], changed["budget"]) == ("Own, again", "paused", "12.34")
    assert (new["name"], new["status"], new["budget"], new["channel"]) == ("Launch", "paused", "9.5", "display")
    assert new["budget_level"] == "campaign"
    assert AdGroup.model_validate(row).unified()["name"] == "Boots"


async def test_a_creation_whose_answer_is_lost_makes_one_campaign(vendor):
    record, names = Campaign.blank({"name": "Launch", "budget": "9.5", "channel": "paid_search"})
    launch = Write("create", "h1", record, None, frozenset(names), "k")
    vendor.faults.add(Fault(kind="lose_answer", method="POST", path="googleAds:mutate"))
    async with connected(vendor) as (hub, _):
        (told,) = await STREAMS["campaigns"].writers["create"].function(hub, [launch])
        found = await STREAMS["campaigns"].finder.function(hub, [launch])
    assert told.status == "created"
    assert [row["campaign"]["id"] for row in found] == [told.id]


def member(number, user_list, **person):
    record = AudienceMember.model_construct(user_list=user_list, person=person, digest=None, identifiers=None)
    return Write("create", f"h{number}", record, None, frozenset({"user_list", "person"}), "k")


async def test_people_come_on_lists_and_off_again(vendor):
    user_list = vendor.make_user_list("Customers")
    ana, bob = {"email": "ana@example.com", "phone": "+15550100"}, {"email": "Bob@Example.com "}
    async with connected(vendor, ads_consent=True) as (hub, check):
        told = (
            await STREAMS["audience_members"]
            .writers["create"]
            .function(hub, [member(1, user_list, **ana), member(2, user_list, **bob), member(3, "404", **bob)])
        )
        assert [(one.hub_id, one.status) for one in told] == [("h3", "rejected"), ("h1", "created"), ("h2", "created")]
        vendor.clock.advance(86_400)
        vendor.settle()
        digests = [frozenset(next(iter(known.values())) for known in hashed(who)) for who in (ana, bob)]
        assert vendor.members_of(user_list) == set(digests)
        kept = AudienceMember.model_validate(told[1].stored)
        off = (
            await STREAMS["audience_members"].writers["delete"].function(hub, [Write("delete", "h1", kept, told[1].id)])
        )
        assert [one.status for one in off] == ["deleted"]
        vendor.clock.advance(86_400)
        vendor.settle()
    assert vendor.members_of(user_list) == {digests[1]}
    assert check.checked
    assert lines([check]) == []


async def test_a_sale_is_counted_once_though_the_first_answer_is_lost(vendor):
    tree = vendor.seed_tree(campaigns=1, ad_groups=1, ads=1, days=2)
    action = vendor.make_conversion_action("Imported", kind="UPLOAD_CLICKS")
    ad = next(iter(tree["ads"])).rpartition("~")[2] if "ads" in tree else ""
    gclid = vendor.make_click(ad)
    vendor.clock.advance(86_400)
    values = {
        "type": "order.completed",
        "occurred_at": (vendor.clock.now() - timedelta(minutes=5)).isoformat(),
        "properties": {"gclid": gclid, "value": "49.90", "currency": "USD", "order_id": "1001"},
    }
    record, names = OfflineConversion.blank(values)
    sale = Write("create", "h1", record, None, frozenset(names), "k")
    lost = Write(
        "create", "h2", record.model_copy(update={"properties": {"gclid": "no such"}}), None, frozenset(names), "k"
    )
    vendor.faults.add(Fault(kind="lose_answer", method="POST", path="uploadClickConversions"))
    async with connected(vendor, conversion_action=action) as (hub, check):
        append = STREAMS["offline_conversions"].writers["create"].function
        first = await append(hub, [sale, lost])
        again = await append(hub, [sale])
    assert [(one.hub_id, one.status) for one in first] == [("h1", "created"), ("h2", "rejected")]
    assert [one.status for one in again] == ["created"]
    assert len(vendor.conversions_of()) == 1
    assert check.checked
    assert lines([check]) == []
