"""Names and types of what the connector reads and writes, against the published types of Salesforce's objects."""

import json
from pathlib import Path

import pytest

from tests.support.spec_check import load_spec, unaccepted
from tests.support.spec_sync import lines, sync_watched
from vaiven_connectors.salesforce import connector
from vaiven_connectors.salesforce.simulator import simulator

PAYLOADS = json.loads((Path(__file__).parent / "payloads.json").read_text("utf-8"))

WRITTEN = ("accounts", "contacts", "leads", "opportunities", "campaigns")

ACCEPTED = {
    "Vaiven_Id__c": "the field that an administrator makes; a custom one",
    "CurrencyIsoCode": "there in organizations with several currencies alone (Object Reference, CampaignMember)",
}


@pytest.mark.parametrize("stream", sorted(connector.streams))
def test_every_field_is_one_of_the_objects(stream):
    schemas = load_spec("salesforce").schemas
    fields = set(schemas[PAYLOADS[stream]["attributes"]["type"]])
    assert [n for n in connector.streams[stream].record.paths() if n not in fields and n not in ACCEPTED] == []


@pytest.mark.parametrize("stream", sorted(connector.streams))
def test_the_documented_records_are_of_the_published_types(stream):
    spec = load_spec("salesforce")
    row = {name: value for name, value in PAYLOADS[stream].items() if name not in {"attributes", *ACCEPTED}}
    assert spec.compare(f"@{PAYLOADS[stream]['attributes']['type']}", row, "$") == []


OPERATIONS = {
    "* 2?? $: status 2?? is not described": "the facts, taken from a client, have operations without their answers",
    "* request $: has a body where none is described": "nor have they bodies",
    "* /services/data/v*/composite/sobjects*: no such operation": (
        "the client has no collections: REST API guide, 'Using sObject Collections', read 2026-11-25"
    ),
}
JOB = {
    "* /services/data/v*/jobs/query/*: no such operation": (
        "the facts have a job's results, not the job: Bulk API 2.0 guide, 'Get Information About a Query Job'"
    ),
}


@pytest.mark.parametrize(("bulk_from", "more"), [(50_000, {}), (1, JOB)])
def test_syncs_both_ways_send_what_is_known(tmp_path, bulk_from, more, monkeypatch):
    class Org(simulator):
        config = {"currency": "EUR", "bulk_from": bulk_from}  # noqa: RUF012 - as a connection has it

    monkeypatch.setattr("vaiven_connectors.salesforce._bulk.WAIT", 0)
    spec = load_spec("salesforce")
    vendors = [Org(seed=seed, quirks=simulator.calm) for seed in (1, 2)]
    made = {}

    def begin(org):
        made.update({stream: org.sample(stream, 3) for stream in connector.streams})

    def edit(org):
        for stream, ids in made.items():
            for record_id in ids:
                org.touch(stream, record_id)

    def remove(org):
        for stream in WRITTEN:
            org.remove(stream, made[stream][0])

    checks = sync_watched(tmp_path / "hub.db", connector, vendors, [spec], begin, edit, remove)
    found = unaccepted(lines(checks), OPERATIONS | more)
    assert "\n".join(found) == ""
    assert all(checks[1].requests[method] for method in ("GET", "POST", "PATCH", "DELETE"))
    mails = [{row.get("Email") for row in vendor.state()["Contact"].values()} for vendor in vendors]
    assert len(mails[0] & mails[1]) >= len(made["contacts"])
