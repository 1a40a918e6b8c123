"""The HubSpot connector: the shape of its requests, and round trips over the simulator."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.support.cassettes import answer
from tests.support.spec_check import load_spec, unaccepted
from vaiven_connectors.hubspot import connector
from vaiven_sdk import (
    Config,
    ConfigInvalid,
    NotFound,
    RequestRefused,
    Session,
    Window,
    Write,
)
from vaiven_sdk.http import Answer, Http
from vaiven_sdk.testing import serve

PAYLOADS = Path(__file__).parent / "payloads"
OBJECTS = ("companies", "contacts", "deals")
APIS = [
    "crm-contacts@v3",
    "crm-associations@v4",
    "crm-properties@v3",
    "crm-crm-owners@v3",
    "crm-pipelines@v3",
]
BEGIN = "1970-01-01T00:00:00.000000Z"

ACCEPTED = {
    "*/search $.after: required*": "the guide's requests have none, and it would be deep paging",
    "*/search $.sorts[[]0]: string described*": "the search guide sorts by an object of name and direction",
    "*/batch/create *objectWriteTraceId: not described": "described in crm-objects@v3",
}


class Recorder:
    """Stands for the client: notes every request and gives the next answer."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        self.sent.append({"method": method, "path": path, **options})
        answer = self.answers.pop(0) if self.answers else {"results": []}
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}, msgspec.json.encode(answer))

    @property
    def session(self) -> Session[Config]:
        return Session(Config(), self.send)


@pytest.fixture
async def portal() -> AsyncIterator[Any]:
    """A simulated portal, ready for writing, with a way to call it."""
    from vaiven_connectors.hubspot.simulator import simulator as make

    simulator = make()
    with serve(simulator) as server:
        async with Http(connector, Config(), simulator.credential, base_url=server.url) as http:
            hub = Session(Config(), http.send)
            await connector.hooks["prepare"](hub)
            yield SimpleNamespace(sim=simulator, hub=hub)


def payload(name: str) -> Any:
    return msgspec.json.decode((PAYLOADS / f"{name}.json").read_bytes())


def create(stream: str, hub_id: str, **values: Any) -> Write[Any]:
    record, names = connector.streams[stream].record.blank(values)
    return Write("create", hub_id, record, None, frozenset(names))


def update(stream: str, remote_id: str, hub_id: str = "h", **values: Any) -> Write[Any]:
    old = connector.streams[stream].record.model_validate({"id": remote_id})
    record, names = old.with_unified(values, set(values))
    return Write("update", hub_id, record, remote_id, frozenset(names))


async def write(hub: Session[Config], *writes: Write[Any], stream: str = "contacts") -> dict[str, Any]:
    outcomes = await connector.streams[stream].writers[writes[0].op].function(hub, writes)
    return {outcome.hub_id: outcome for outcome in outcomes}


async def read(hub: Session[Config], stream: str, kind: str = "full", since: str | None = None) -> list[Any]:
    source = connector.streams[stream]
    window = Window(Config(), since=since)
    if kind in source.readers:
        items = [item async for batch in source.readers[kind](hub, window, None) for item in batch.items]
    else:
        pages = [page async for page in hub.walk(getattr(source, kind), window)]
        items = [msgspec.json.decode(item) for page in pages for item in page.items]
    return [source.record.model_validate(item) for item in items]


async def found(hub: Session[Config], *writes: Write[Any], stream: str = "contacts") -> list[Any]:
    return list(await connector.streams[stream].finder.function(hub, writes))


# ------------------------------------------------------------------------------------- the shape of requests
async def requests_of_everything() -> list[dict[str, Any]]:
    """One of every request that the connector can send for contacts, and each of the rest."""
    tie = answer("hubspot", "contact_companies", 2)
    recorder = Recorder()
    hub = recorder.session
    for kind in ("full", "changes", "gone"):
        await read(hub, "contacts", kind, BEGIN)
    for kind in ("full", "gone"):
        await read(hub, "owners", kind)
    await read(hub, "pipelines")
    await read(hub, "stages")
    recorder.answers = [{"results": [{"id": "512"}]}, {"results": []}, tie, {"results": []}]
    await read(hub, "contact_companies")
    await write(hub, create("contacts", "h1", email="a@example.com", given_name="A"))
    await write(hub, update("contacts", "512", phone=None))
    await write(hub, Write("delete", "h", connector.streams["contacts"].record.model_validate({"id": "1"}), "1"))
    await found(hub, create("contacts", "h1", email="a@example.com"), update("contacts", "512"))
    recorder.answers = [NotFound("no property"), {}, {}] * 3
    await connector.hooks["prepare"](hub)
    return recorder.sent


async def test_every_request_is_valid_against_the_published_description():
    spec = load_spec("hubspot", APIS)
    problems = []
    for sent in await requests_of_everything():
        operations = spec.operations(sent["method"], sent["path"])
        assert operations, sent["path"]
        operation = operations[0]
        head = f"{sent['method']} {operation['p']} "
        undescribed = set(sent.get("params") or ()) - set(operation.get("q", ()))
        problems += [f"{head}query {name}: not described" for name in undescribed]
        if sent.get("json") is not None:
            problems += [head + line for line in spec.compare(operation["body"], sent["json"])]
    assert unaccepted(problems, ACCEPTED) == []


async def test_full_reads_name_their_properties_and_leave_the_archive_out():
    recorder = Recorder({"results": [], "paging": {"next": {"after": "a"}}}, {"results": []})
    await read(recorder.session, "deals")
    first, second = [sent["params"] for sent in recorder.sent]
    assert first["archived"] == "false"
    assert first["limit"] == 100
    assert {"dealname", "deal_currency_code", "hs_lastmodifieddate", "vaiven_id"} <= set(first["properties"].split(","))
    assert second["after"] == "a"


@pytest.mark.parametrize(
    ("stream", "modified"),
    [
        ("contacts", "lastmodifieddate"),
        ("companies", "hs_lastmodifieddate"),
        ("deals", "hs_lastmodifieddate"),
    ],
)
async def test_changes_are_walked_by_id_and_never_by_deep_paging(stream, modified):
    recorder = Recorder({"results": [{"id": "7", "properties": {}}], "paging": {"next": {"after": "200"}}})
    await read(recorder.session, stream, "changes", "2026-11-22T09:00:00.000000Z")
    first, second = [sent["json"] for sent in recorder.sent]
    since = {"propertyName": modified, "operator": "GTE", "value": "1795338000000"}
    assert first["filterGroups"] == [{"filters": [since]}]
    above = {"propertyName": "hs_object_id", "operator": "GT", "value": "7"}
    assert second["filterGroups"] == [{"filters": [since, above]}]
    assert second["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    assert "after" not in second
    assert all(sent["safe"] for sent in recorder.sent)


async def test_creates_carry_the_hubs_id_and_every_value_is_a_text():
    recorder = Recorder()
    await write(recorder.session, create("companies", "h1", name="Acme", employees=50), stream="companies")
    (sent,) = recorder.sent
    assert sent["json"]["inputs"] == [
        {
            "properties": {"name": "Acme", "numberofemployees": "50", "vaiven_id": "h1"},
            "associations": [],
            "objectWriteTraceId": "h1",
        }
    ]
    assert sent["safe"] is False


async def test_a_207_tells_the_saved_from_the_refused():
    recorder = Recorder(payload("create_207"))
    outcomes = await write(
        recorder.session,
        create("contacts", "one", email="a@example.com"),
        create("contacts", "549b1c2a9351", email="b@"),
    )
    assert (outcomes["one"].status, outcomes["one"].id) == ("created", "601")
    refused = outcomes["549b1c2a9351"]
    assert (refused.status, refused.code) == ("rejected", "VALIDATION_ERROR")


async def test_a_refused_batch_is_raised_and_a_refused_record_is_an_outcome():
    refusal = RequestRefused(
        "no", why="Contact already exists. Existing ID: 512", status=409, body=payload("conflict_409")
    )
    one, two = (
        create("contacts", "one", email="a@example.com"),
        create("contacts", "two", email="b@example.com"),
    )
    with pytest.raises(RequestRefused):
        await write(Recorder(refusal).session, one, two)
    outcome = (await write(Recorder(refusal).session, one))["one"]
    assert (outcome.status, outcome.code) == ("rejected", "CONFLICT")
    assert "Existing ID: 512" in outcome.reason


# ---------------------------------------------------------------------------------- ties between the records
async def test_ties_come_once_for_each_label_and_from_every_page_of_a_record():
    tie = answer("hubspot", "contact_companies", 2)
    more = {"results": [{"from": {"id": "512"}, "to": [{"toObjectId": 8002, "associationTypes": []}]}]}
    recorder = Recorder({"results": [{"id": "512"}]}, {"results": []}, tie, more)
    ties = [record.unified() for record in await read(recorder.session, "contact_companies")]
    assert [(t["type"], t["label"], t["is_primary"]) for t in ties] == [
        ("primary", "Primary", True),
        ("associated", None, False),
        ("decision_maker", "Decision maker", False),
    ]
    assert {(t["from_kind"], t["from_id"], t["to_kind"], t["to_id"]) for t in ties} == {
        ("person", "512", "company", "8001")
    }
    assert recorder.sent[3]["json"] == {"inputs": [{"id": "512", "after": "NTAw"}]}


async def test_the_next_read_of_ties_begins_before_this_one_and_a_broken_read_goes_on(monkeypatch):
    monkeypatch.setattr("vaiven_connectors.hubspot._associations.AT_ONCE", 1)
    recorder = Recorder({"results": [{"id": "1"}]}, {"results": []}, {"results": []})
    reader = connector.streams["deal_contacts"].readers["full"]
    batches = [batch async for batch in reader(recorder.session, Window(Config()), None)]
    assert [batch.since for batch in batches] == [None, "2026-11-22T09:55:00+00:00"]
    again = Recorder({"results": []})
    (last,) = [batch async for batch in reader(again.session, Window(Config()), batches[0].state)]
    filters = again.sent[0]["json"]["filterGroups"][0]["filters"]
    assert {"propertyName": "hs_object_id", "operator": "GT", "value": "1"} in filters
    assert last.since == batches[-1].since


async def test_ties_of_several_pages_are_read_at_once():
    recorder = Recorder({"results": [{"id": "1"}]}, {"results": [{"id": "2"}]}, {"results": []})
    reader = connector.streams["deal_contacts"].readers["full"]
    assert len([batch async for batch in reader(recorder.session, Window(Config()), None)]) == 1
    assert recorder.sent[-1]["json"] == {"inputs": [{"id": "1"}, {"id": "2"}]}


# ---------------------------------------------------------------------------------------- over the simulator
async def test_the_account_is_the_portal(portal):
    assert (await connector.hooks["account"](portal.hub)).id.isdecimal()


async def test_every_page_is_read(portal):
    people = [{"email": f"p{number}@example.com"} for number in range(230)]
    ids = set(portal.sim.seed("contacts", people))
    assert {record.id for record in await read(portal.hub, "contacts")} == ids


async def test_changes_are_those_since_though_a_mass_edit_gives_them_one_time(portal):
    portal.sim.seed("contacts", [{"email": "old@example.com"}], at="2020-01-01T00:00:00Z")
    ids = portal.sim.seed("contacts", [{"email": f"p{n}@example.com"} for n in range(230)], at="2020-01-02T00:00:00Z")
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    portal.sim.bulk_edit("contacts", ids, {"city": "Madrid"})
    records = await read(portal.hub, "contacts", "changes", since)
    assert {record.id for record in records} == set(ids)
    assert len({record.record_version for record in records}) == 1


async def test_archived_records_are_seen_as_gone(portal):
    kept, gone = portal.sim.seed("companies", [{"name": "Kept"}, {"name": "Gone"}])
    portal.sim.archive_records("companies", [gone])
    assert [record.id for record in await read(portal.hub, "companies")] == [kept]
    (record,) = await read(portal.hub, "companies", "gone")
    assert (record.id, record.archived) == (gone, True)


async def test_a_merge_names_the_records_it_took(portal):
    one, two = portal.sim.seed("contacts", [{"email": "a@example.com"}, {"email": "b@example.com"}])
    survivor = portal.sim.merge_records("contacts", one, two)
    (record,) = await read(portal.hub, "contacts")
    assert record.id == survivor
    assert {one, two} - {survivor} <= set(record.merged)


async def test_create_find_update_archive(portal):
    made = await write(
        portal.hub,
        create("contacts", "h1", email="a@example.com", lifecycle="customer"),
        create("contacts", "h2", email="b@example.com"),
    )
    assert {outcome.status for outcome in made.values()} == {"created"}
    one, two = made["h1"].id, made["h2"].id
    by_hub_id = await found(portal.hub, create("contacts", "h1"), create("contacts", "h9"))
    assert [record["id"] for record in by_hub_id] == [one]
    saved = await write(
        portal.hub,
        update("contacts", one, "h1", city="León", lifecycle="lead"),
        update("contacts", two, "h2", phone="1"),
    )
    assert {outcome.status for outcome in saved.values()} == {"updated"}
    stored = {
        r["id"]: r["properties"] for r in await found(portal.hub, update("contacts", one), update("contacts", two))
    }
    assert (stored[one]["city"], stored[one]["lifecyclestage"]) == ("León", "lead")
    record = connector.streams["contacts"].record.model_validate({"id": one})
    assert (await write(portal.hub, Write("delete", "h1", record, one)))["h1"].status == "deleted"
    assert await found(portal.hub, update("contacts", one)) == []


async def test_a_cleared_field_is_empty_afterwards(portal):
    (one,) = portal.sim.seed("contacts", [{"email": "a@example.com", "city": "Madrid"}])
    await write(portal.hub, update("contacts", one, city=None))
    (record,) = await read(portal.hub, "contacts")
    assert record.unified()["city"] is None


async def test_somebody_elses_contact_is_found_by_its_address(portal):
    (theirs,) = portal.sim.seed("contacts", [{"email": "a@example.com"}])
    one = create("contacts", "h1", email="a@example.com")
    assert [record["id"] for record in await found(portal.hub, one)] == [theirs]
    outcome = (await write(portal.hub, one))["h1"]
    assert (outcome.status, outcome.code) == ("rejected", "CONFLICT")
    assert f"Existing ID: {theirs}" in outcome.reason


async def test_one_bad_record_does_not_spoil_a_create(portal):
    portal.sim.seed("contacts", [{"email": "taken@example.com"}])
    outcomes = await write(
        portal.hub,
        create("contacts", "good", email="a@example.com"),
        create("contacts", "taken", email="taken@example.com"),
    )
    assert {hub_id: outcome.status for hub_id, outcome in outcomes.items()} == {
        "good": "created",
        "taken": "rejected",
    }


async def test_an_update_of_a_record_that_is_gone_is_rejected(portal):
    kept, gone = portal.sim.seed("companies", [{"name": "Kept"}, {"name": "Gone"}])
    portal.sim.erase_record("companies", gone)
    outcomes = await write(
        portal.hub,
        update("companies", kept, "k", city="A"),
        update("companies", gone, "g", city="B"),
        stream="companies",
    )
    assert {hub_id: outcome.status for hub_id, outcome in outcomes.items()} == {
        "k": "updated",
        "g": "rejected",
    }


async def test_deals_are_created_with_money_and_a_day(portal):
    deal = create(
        "deals",
        "h1",
        name="Anvils",
        stage_id="appointmentscheduled",
        pipeline_id="default",
        amount_minor=1230,
        currency="EUR",
        close_on="2026-03-01",
    )
    assert (await write(portal.hub, deal, stream="deals"))["h1"].status == "created"
    (record,) = await read(portal.hub, "deals")
    seen = record.unified()
    assert (seen["amount_minor"], seen["currency"], seen["close_on"]) == (1230, "EUR", "2026-03-01")
    assert record.record_hub_id == "h1"


async def test_ties_are_read_over_the_simulator(portal):
    (company,) = portal.sim.seed("companies", [{"name": "Acme"}])
    people = portal.sim.seed("contacts", [{"email": f"p{number}@example.com"} for number in range(3)])
    portal.sim.associate("contacts", "companies", [[person, company] for person in people])
    ties = await read(portal.hub, "contact_companies")
    assert {(tie.contact_id, tie.company_id) for tie in ties} == {(person, company) for person in people}
    assert await read(portal.hub, "contact_companies", "changes", BEGIN) == ties


async def test_preparing_twice_changes_nothing_and_a_property_that_is_not_unique_is_refused(portal):
    before = portal.sim.state()["properties"]
    await connector.hooks["prepare"](portal.hub)
    assert portal.sim.state()["properties"] == before
    portal.sim.archive_property("deals", "vaiven_id")
    portal.sim.create_property("deals", {"name": "vaiven_id", "label": "Mine", "type": "string"})
    with pytest.raises(ConfigInvalid, match="same value twice"):
        await connector.hooks["prepare"](portal.hub)


def test_what_the_streams_declare():
    for kind in OBJECTS:
        stream = connector.streams[kind]
        assert (stream.direction, stream.incremental) == ("both", True)
        assert stream.create_key == "external_id"
        assert all(writer.batch == 100 for writer in stream.writers.values())
    ties = {"contact_companies", "deal_contacts", "deal_companies"}
    for kind in ties:
        assert set(connector.streams[kind].writers) == {"create", "delete"}
        assert connector.streams[kind].create_key == "natural"
    rest = connector.streams.keys() - ties - set(OBJECTS)
    assert all(connector.streams[name].direction == "read" for name in rest)
