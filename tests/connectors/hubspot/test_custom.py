"""Properties that a portal's users make: typed, stored, merged, and written to a second portal that has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub import Hub, hub_at
from vaiven_connectors.hubspot import connector
from vaiven_connectors.hubspot.simulator import HubSpotSimulator
from vaiven_registry import Registry
from vaiven_sdk import Config, Session, VendorDown, Window
from vaiven_sdk.http import Http
from vaiven_sdk.testing import ManualClock, serve

SIZE = {"name": "shoe_size", "label": "Shoe size", "type": "number", "fieldType": "number"}
LIKES = {
    "name": "likes",
    "type": "enumeration",
    "fieldType": "checkbox",
    "options": [{"label": "Tea", "value": "tea"}, {"label": "Coffee", "value": "coffee"}],
}
VIP = {
    "name": "vip",
    "type": "enumeration",
    "fieldType": "booleancheckbox",
    "options": [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}],
}
SINCE = {"name": "member_since", "type": "date", "fieldType": "date"}


class Bench:
    """Two portals, one hub, one clock."""

    def __init__(self, hub: Hub, clock: ManualClock, portals: dict[str, HubSpotSimulator]) -> None:
        self.hub = hub
        self.clock = clock
        self.one, self.two = portals["one"], portals["two"]

    async def sync(self, **options: Any) -> Any:
        self.clock.advance(400)  # HubSpot's searches trail its writes
        return await self.hub.sync(**options)

    def person(self) -> dict[str, Any]:
        (found,) = self.hub.rows("SELECT * FROM person WHERE deleted_at IS NULL")
        return found

    def custom(self) -> dict[str, Any]:
        return json.loads(self.person()["custom"] or "{}")


def contact(portal: HubSpotSimulator) -> dict[str, Any]:
    (found,) = (c for c in portal.state()["contacts"].values() if not c.get("archived"))
    return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    # Ahead of the machine's clock, which the servers' Date header shows.
    registry, clock = Registry(), ManualClock(datetime(2090, 1, 1, tzinfo=UTC))
    with ExitStack() as stack:
        hub = stack.enter_context(hub_at(tmp_path / "hub.db", registry.load))
        hub.engine.now = lambda: clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        portals = {}
        for seed, name in enumerate(("one", "two")):
            portals[name] = HubSpotSimulator(seed=seed, clock=clock)
            server = stack.enter_context(serve(portals[name]))
            token = portals[name].credential["access_token"]
            hub.connect(name, "hubspot", server.url, {"token": token}, streams=("contacts",))
        yield Bench(hub, clock, portals)


async def test_a_property_made_at_run_time_is_stored_typed_and_reaches_the_other_portal(bench: Bench) -> None:
    ana = bench.one.create_record("contacts", {"email": "ana@example.com", "firstname": "Ana"})
    await bench.sync()
    assert bench.custom() == {}
    for portal in (bench.one, bench.two):
        for definition in (SIZE, LIKES, VIP, SINCE):
            portal.create_property("contacts", definition)
    bench.clock.advance(1)
    values = {"shoe_size": "38.50", "likes": "tea;coffee", "vip": "true", "member_since": "2024-02-29"}
    bench.one.edit_record("contacts", ana, values)
    await bench.sync()
    assert bench.custom() == {
        "hubspot.shoe_size": "38.5",
        "hubspot.likes": ["coffee", "tea"],
        "hubspot.vip": True,
        "hubspot.member_since": "2024-02-29",
    }
    origin = json.loads(bench.person()["provenance"])["custom.hubspot.shoe_size"]
    assert origin[2] == ana
    there = contact(bench.two)["properties"]
    assert (there["shoe_size"], there["vip"], there["member_since"]) == ("38.5", "true", "2024-02-29")
    assert set(there["likes"].split(";")) == {"tea", "coffee"}
    # And back: an edit in the second portal reaches the first.
    bench.clock.advance(1)
    bench.two.edit_record("contacts", contact(bench.two)["id"], {"shoe_size": "40"})
    await bench.sync()
    assert contact(bench.one)["properties"]["shoe_size"] == "40"
    quiet = await bench.sync()
    assert quiet.writes == 0
    assert not bench.hub.rows("SELECT * FROM conflict")


async def test_values_that_stood_there_before_are_read_with_the_field(bench: Bench) -> None:
    """The first account has the value for long: no record has changed since the last read."""
    bench.one.create_record("contacts", {"email": "ana@example.com"})
    hidden = connector.streams["contacts"].customizer
    bench.one.create_property("contacts", SIZE)
    bench.one.edit_record("contacts", contact(bench.one)["id"], {"shoe_size": "38"})
    connector.streams["contacts"].customizer = None
    try:
        await bench.sync()
        await bench.sync()
    finally:
        connector.streams["contacts"].customizer = hidden
    assert bench.custom() == {}
    await bench.sync()
    assert bench.custom() == {"hubspot.shoe_size": "38"}


async def test_an_option_that_the_other_portal_lacks_is_not_sent(bench: Bench) -> None:
    bench.one.create_property("contacts", LIKES)
    bench.two.create_property("contacts", {**LIKES, "options": LIKES["options"][:1]})
    bench.one.create_record("contacts", {"email": "ana@example.com", "likes": "coffee"})
    report = await bench.sync()
    assert report.status == "ok"
    assert contact(bench.two)["properties"].get("likes") in {None, ""}
    assert bench.custom() == {"hubspot.likes": ["coffee"]}


async def test_a_property_that_vanished_is_kept_and_written_no_more(bench: Bench) -> None:
    for portal in (bench.one, bench.two):
        portal.create_property("contacts", SIZE)
    ana = bench.one.create_record("contacts", {"email": "ana@example.com", "shoe_size": "38"})
    await bench.sync()
    bench.clock.advance(1)
    bench.one.archive_property("contacts", "shoe_size")
    bench.one.edit_record("contacts", ana, {"firstname": "Ana"})
    report = await bench.sync()
    assert report.status == "ok"
    assert bench.custom() == {"hubspot.shoe_size": "38"}
    assert contact(bench.two)["properties"]["shoe_size"] == "38", "nobody cleared it"
    (gone,) = bench.hub.rows("SELECT name FROM custom_field WHERE gone_at IS NOT NULL")
    assert gone["name"] == "custom.hubspot.shoe_size"


async def test_a_type_that_changed_sets_bad_values_aside_and_keeps_the_record(bench: Bench) -> None:
    bench.one.create_property("contacts", {**SIZE, "type": "string", "fieldType": "text"})
    ana = bench.one.create_record("contacts", {"email": "ana@example.com", "shoe_size": "large"})
    bench.one.create_record("contacts", {"email": "bob@example.com", "shoe_size": "39"})
    await bench.sync()
    bench.one.archive_property("contacts", "shoe_size")
    bench.one.portal.collection("contacts").schema.properties.pop("shoe_size")
    bench.one.create_property("contacts", SIZE)
    await bench.sync()
    (aside,) = bench.hub.rows("SELECT remote_id, code, reason FROM quarantine")
    assert aside["remote_id"] == ana
    assert aside["code"] == "custom_value"
    assert aside["reason"] == "custom.hubspot.shoe_size: not a number (the field is of type number)"
    held = {row["email"]: json.loads(row["custom"]) for row in bench.hub.rows("SELECT email, custom FROM person")}
    assert held["ana@example.com"] == {"hubspot.shoe_size": "large"}, "what cannot be read clears nothing"
    assert held["bob@example.com"] == {"hubspot.shoe_size": "39"}
    bench.clock.advance(1)
    bench.one.edit_record("contacts", ana, {"shoe_size": "44"})
    await bench.sync()
    assert not bench.hub.rows("SELECT * FROM quarantine")
    held = {row["email"]: json.loads(row["custom"]) for row in bench.hub.rows("SELECT email, custom FROM person")}
    assert held["ana@example.com"] == {"hubspot.shoe_size": "44"}


async def test_a_failing_discovery_keeps_the_known_fields_and_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.one.create_property("contacts", SIZE)
    ana = bench.one.create_record("contacts", {"email": "ana@example.com", "shoe_size": "38"})
    await bench.sync()

    async def down(_: Session[Config]) -> list[Any]:
        raise VendorDown("The list of properties is not to be had.")

    monkeypatch.setattr(connector.streams["contacts"], "customizer", down)
    bench.clock.advance(1)
    bench.one.edit_record("contacts", ana, {"shoe_size": "39"})
    report = await bench.sync()
    assert report.status == "partial"
    assert "one/contacts/custom fields" in report.errors
    assert bench.custom() == {"hubspot.shoe_size": "39"}


async def test_more_properties_than_an_address_takes_are_read_by_id() -> None:
    simulator = HubSpotSimulator()
    names = [f"a_property_with_quite_a_long_name_{n:03}" for n in range(300)]
    for name in names:
        simulator.create_property("contacts", {"name": name})
    simulator.seed("contacts", [{"email": f"p{n}@example.com", names[-1]: str(n)} for n in range(130)])
    with serve(simulator) as server:
        async with Http(connector, Config(), {"token": simulator.credential["access_token"]}, base_url=server.url) as h:
            hub = Session(Config(), h.send)
            contacts = connector.streams["contacts"]
            contacts = contacts.extended(await contacts.customizer(hub))
            window = Window(Config(), fields=tuple(contacts.record.paths()))
            assert contacts.full is not None
            read = [item async for page in hub.walk(contacts.full, window) for item in page.items]
    values = {r.unified()[f"custom.hubspot.{names[-1]}"] for r in map(contacts.record.model_validate_json, read)}
    assert values == {str(n) for n in range(130)}
