"""A person's request to be forgotten: carried out at every tool that can, and nothing personal is left in the store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub import Hub, hub_at
from tests.support.office import Desk, Tool, desk_at
from vaiven_connectors.hubspot.simulator import HubSpotSimulator
from vaiven_connectors.mailchimp.simulator import MailchimpSimulator
from vaiven_connectors.stripe.simulator import StripeSimulator
from vaiven_registry import Registry
from vaiven_sdk import Config, Outcome, RequestRefused, Session, Unsettled, Write
from vaiven_sdk.testing import ManualClock, Simulator, serve
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.connections import Connection
from vaiven_sync_engine.erasure import erase
from vaiven_sync_engine.errors import ErasureUnfinished
from vaiven_sync_engine.store import Address, Database
from vaiven_sync_engine.store.schema import metadata
from vaiven_sync_engine.store.tombstones import readmit

ANA = {
    "email": "ana.quiroga.unica@example.com",
    "firstname": "Anastasiazul",
    "lastname": "Quirogaverde",
    "phone": "+34600111222",
    "city": "Villaperdida",
    "favourite_dish": "gazpachuelo",
}

STREAMS = {
    "hubspot": ("contacts",),
    "mailchimp": ("audiences", "members", "memberships"),
    "stripe": ("customers", "invoices", "charges"),
}


def left_in(place: Address, values: Sequence[str]) -> list[str]:
    """Which of the values stand anywhere in the store, whatever the case: in any byte of its files, or in any row."""
    if isinstance(place, Path):
        parts = {file.name: file.read_bytes().lower() for file in place.parent.glob(f"{place.name}*")}
    else:
        with Database.reader(place) as store:
            parts = {
                name: "\n".join(str(tuple(row)) for row in store.execute(f'SELECT * FROM "{name}"')).lower().encode()
                for name in metadata.tables
            }
    return [f"{name}: {value}" for name, part in parts.items() for value in values if value.lower().encode() in part]


class Bench:
    """Three tools that know Ana, and one hub."""

    def __init__(self, hub: Hub, clock: ManualClock, sims: dict[str, Any]) -> None:
        self.hub, self.clock = hub, clock
        self.crm, self.letters, self.shop = sims["hubspot"], sims["mailchimp"], sims["stripe"]

    async def sync(self, **options: Any) -> Any:
        self.clock.advance(400)
        return await self.hub.sync(**options)

    def people(self) -> list[dict[str, Any]]:
        return self.hub.rows("SELECT id, email, deletion_reason FROM person WHERE deleted_at IS NULL ORDER BY email")


@pytest.fixture
def bench(empty_store: Address) -> Iterator[Bench]:
    registry, clock = Registry(), ManualClock(datetime(2090, 1, 1, tzinfo=UTC))
    kinds: dict[str, type[Simulator]] = {
        "hubspot": HubSpotSimulator,
        "mailchimp": MailchimpSimulator,
        "stripe": StripeSimulator,
    }
    with ExitStack() as stack:
        hub = stack.enter_context(hub_at(empty_store, registry.load))
        hub.engine.now = lambda: clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        sims: dict[str, Any] = {}
        for slug, kind in kinds.items():
            sims[slug] = kind(clock=clock)
            url = stack.enter_context(serve(sims[slug])).url
            (field,) = next(a for a in registry.load(slug).auth if a.kind in {"bearer", "basic"}).fields
            hub.credentials[slug] = {field: next(iter(sims[slug].credential.values()))}
            config = dict(getattr(sims[slug], "config", {}))
            base = url + ("/3.0" if slug == "mailchimp" else "")
            one = Connection(slug, slug, slug, config, base, b"-", approved=True, streams=STREAMS[slug])
            hub.database.run_now(accounts.save, "local", one, hub.engine.now())
        yield Bench(hub, clock, sims)


async def known_everywhere(bench: Bench) -> str:
    """Ana in all three tools, with a payment; and Bob, who stays."""
    bench.crm.create_property("contacts", {"name": "favourite_dish"})
    bench.crm.create_record("contacts", ANA)
    bench.crm.create_record("contacts", {"email": "bob@example.com", "firstname": "Bob"})
    names = {"FNAME": ANA["firstname"], "LNAME": ANA["lastname"]}
    bench.letters.seed([{"email_address": ANA["email"], "status": "subscribed", "merge_fields": names}])
    # An invoice names its customer: it stays as a sum, and loses the name.
    order = {"customer": 0, "kind": "invoice", "lines": [{"amount": 1200, "description": "Shoes"}]}
    customer = {"email": ANA["email"], "name": f"{ANA['firstname']} {ANA['lastname']}", "card": "visa"}
    bench.shop.seed(customers=[customer], orders=[order])
    await bench.sync()
    bench.clock.advance(5)
    contact = next(c for c in bench.crm.state()["contacts"].values() if c["properties"].get("email") == ANA["email"])
    # An earlier value of hers, which only a conflict and an old page could hold.
    bench.crm.edit_record("contacts", contact["id"], {"city": "Villahallada"})
    await bench.sync()
    (ana,) = [one for one in bench.people() if one["email"] == ANA["email"]]
    held = bench.hub.rows("SELECT count(DISTINCT source_id) AS n FROM record WHERE entity_id = ?", ana["id"])
    assert held[0]["n"] == 3
    return str(ana["id"])


async def test_nothing_personal_is_left_in_the_store_nor_at_the_tools(bench: Bench) -> None:
    ana = await known_everywhere(bench)
    values = [*ANA.values(), "Villahallada"]
    assert left_in(bench.hub.path, values), "the test can see what it looks for"
    planned = await erase(bench.hub.engine, ana, dry_run=True)
    assert {(r.connection, r.state) for r in planned.records} == {
        ("hubspot", "to_erase"),
        ("mailchimp", "to_erase"),
        ("stripe", "to_erase"),
    }
    assert not planned.done
    done = await erase(bench.hub.engine, ana)
    assert done.done
    assert {r.state for r in done.records} == {"erased"}
    assert done.redacted.mentions == []
    assert left_in(bench.hub.path, values) == []
    for sim in (bench.crm, bench.letters, bench.shop):
        assert ANA["email"] not in json.dumps(
            {k: v for k, v in sim.state().items() if k in {"contacts", "members", "customers"}}
        )
    (row,) = bench.hub.rows("SELECT email, custom, provenance, deletion_reason FROM person WHERE id = ?", ana)
    assert row == {"email": None, "custom": None, "provenance": "{}", "deletion_reason": "erased"}
    assert [one["email"] for one in bench.people()] == ["bob@example.com"]
    (invoice,) = bench.hub.rows("SELECT total_minor FROM invoice")
    assert invoice["total_minor"] == 1200
    await bench.sync(full=True)
    assert left_in(bench.hub.path, values) == [], "nor does a full read bring it back"


async def test_who_was_erased_does_not_come_back_until_let_in(bench: Bench) -> None:
    ana = await known_everywhere(bench)
    await erase(bench.hub.engine, ana)
    # Somebody types her in again, into a CRM that lets it happen by its API.
    bench.crm.create_record("contacts", {"email": ANA["email"], "firstname": ANA["firstname"]})
    await bench.sync(full=True)
    assert [one["email"] for one in bench.people()] == ["bob@example.com"]
    assert left_in(bench.hub.path, [ANA["email"], ANA["firstname"]]) == []
    let = bench.hub.database.run_now(readmit, "local", "person", [("email", ANA["email"])])
    assert let == 1
    await bench.sync(full=True)
    back = [one for one in bench.people() if one["email"] == ANA["email"]]
    assert len(back) == 1
    assert back[0]["id"] != ana, "a new person"


# ------------------------------------------------------------------------------------------ in memory
@pytest.fixture
def desk(empty_store: Address) -> Iterator[Desk]:
    with desk_at(empty_store) as made:
        yield made


def eraser(desk: Desk, name: str, tool: Tool, fail: list[Exception]) -> None:
    """Give a tool's stream of people an eraser; it raises what is in `fail`, first before it acts."""

    async def forget(_: Session[Config], writes: Sequence[Write[Any]]) -> list[Outcome]:
        if fail and not isinstance(fail[0], Unsettled):
            raise fail.pop(0)
        for write in writes:
            tool.people.pop(str(write.id), None)
        if fail:
            raise fail.pop(0)
        return [write.deleted() for write in writes]

    desk.connectors[name].streams["people"].erase(batch=10, note="gone for good")(forget)


async def test_a_tool_without_an_eraser_is_listed_and_its_record_stays_out(desk: Desk) -> None:
    crm, old = desk.connect("crm"), desk.connect("old")
    eraser(desk, "crm", crm, [])
    crm.add(email="ana@example.com", city="Bilbao")
    old.add(email="ana@example.com")
    await desk.sync()
    done = await erase(desk.hub.engine, desk.person()["id"])
    assert sorted((r.connection, r.state) for r in done.records) == [("crm", "erased"), ("old", "by_hand")]
    old.edit("p001", city="Getxo")
    await desk.sync()
    await desk.sync(full=True)
    assert desk.rows("SELECT id FROM person WHERE deleted_at IS NULL") == []
    assert desk.rows("SELECT * FROM record WHERE source_id IN (SELECT id FROM source WHERE stream = 'people')") == []
    assert crm.people == {}


async def test_a_refusal_keeps_our_copies_and_the_next_try_ends_it(desk: Desk) -> None:
    crm = desk.connect("crm")
    fail: list[Exception] = [RequestRefused("It is on legal hold.", why="legal hold")]
    eraser(desk, "crm", crm, fail)
    crm.add(email="ana@example.com")
    await desk.sync()
    ana = desk.person()["id"]
    with pytest.raises(ErasureUnfinished, match="crm/people") as unfinished:
        await erase(desk.hub.engine, ana)
    assert unfinished.value.why == "legal hold"
    assert desk.person()["email"] == "ana@example.com"
    assert [r["state"] for r in desk.rows("SELECT state FROM intent WHERE op = 'erase'")] == ["rejected"]
    done = await erase(desk.hub.engine, ana)
    assert done.done
    assert desk.rows("SELECT * FROM intent WHERE op = 'erase'") == [], "the journal names nobody"


async def test_a_lost_answer_is_settled_by_looking(desk: Desk) -> None:
    crm = desk.connect("crm")
    eraser(desk, "crm", crm, [Unsettled("The answer was lost.")])
    crm.add(email="ana@example.com")
    await desk.sync()
    done = await erase(desk.hub.engine, desk.person()["id"])
    assert done.done


async def test_without_a_way_to_look_it_stays_open_and_is_tried_again(desk: Desk) -> None:
    crm = desk.connect("crm", finder=False)
    eraser(desk, "crm", crm, [Unsettled("The answer was lost.")])
    crm.add(email="ana@example.com")
    await desk.sync()
    ana = desk.person()["id"]
    with pytest.raises(ErasureUnfinished):
        await erase(desk.hub.engine, ana)
    await desk.sync()  # an open erasure is not settled by an ordinary run, nor taken for another write
    assert [r["state"] for r in desk.rows("SELECT state FROM intent WHERE op = 'erase'")] == ["unknown"]
    assert (await erase(desk.hub.engine, ana)).done


async def test_what_others_wrote_about_the_person_is_named(desk: Desk) -> None:
    crm = desk.connect("crm")
    eraser(desk, "crm", crm, [])
    crm.add(email="ana@example.com")
    crm.add("companies", name="Ask ana@example.com", domain="firm.example")
    await desk.sync()
    done = await erase(desk.hub.engine, desk.person()["id"])
    assert done.redacted.mentions == ["crm/companies/c002"]
