"""Names and types of what the connector reads and writes, against the published types of Salesforce's objects."""

import json
from pathlib import Path

import pytest

from tests.support.spec_check import load_spec
from vaiven_connectors.salesforce import connector

PAYLOADS = json.loads((Path(__file__).parent / "payloads.json").read_text("utf-8"))

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
