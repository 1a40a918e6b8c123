"""A connector as a target: find first, write what differs, tell what was refused, delete only when asked."""

import json

import pytest
from singer_sdk.testing import get_target_test_class

from tests.singer.conftest import started
from vaiven_registry import Registry
from vaiven_sdk.singer import target_class

SCHEMA = {
    "type": "SCHEMA",
    "stream": "contacts",
    "key_properties": ["key"],
    "schema": {
        "type": "object",
        "properties": {
            name: {"type": ["string", "null"]} for name in ("key", "email", "given_name", "city", "_sdc_deleted_at")
        },
    },
}


@pytest.fixture
def push(singer, tmp_path):
    """Pipe rows into a target; gives its log."""

    def run(vendor, rows: list[dict], *more: dict, code: int = 0, schema: dict = SCHEMA, **settings) -> str:
        said = [schema, *({"type": "RECORD", "stream": schema["stream"], "record": row} for row in rows), *more]
        said.append({"type": "STATE", "value": {"n": len(rows)}})
        path = tmp_path / "input.singer"
        path.write_text("\n".join(map(json.dumps, said)) + "\n")
        arguments = ("--target", "--input", str(path))
        out, err = singer(vendor.slug, *arguments, config={**vendor.config, **settings}, code=code)
        assert out.decode().strip().splitlines()[-1:] == [json.dumps({"n": len(rows)})]
        return err.decode()

    return run


def contacts(vendor) -> dict[str, dict]:
    live = vendor.simulator.state()["objects"]["contacts"] if "objects" in vendor.simulator.state() else None
    found = live if live is not None else vendor.simulator.state()["contacts"]
    listed = found.values() if isinstance(found, dict) else found
    return {c["properties"]["email"]: c for c in listed if not c.get("archived")}


def people(*numbers: int, **more) -> list[dict]:
    return [{"key": f"k{n}", "email": f"ana{n}@example.com", "given_name": f"Ána {n}", **more} for n in numbers]


def test_rows_are_created_once_and_then_changed(push, hubspot):
    assert "3 created" in push(hubspot, people(1, 2, 3))
    assert contacts(hubspot)["ana2@example.com"]["properties"]["firstname"] == "Ána 2"
    # The same rows again write nothing, spelt in capitals neither.
    before = json.dumps(contacts(hubspot), sort_keys=True)
    capitals = [{**row, "email": row["email"].upper()} for row in people(1, 2, 3)]
    assert "3 unchanged" in push(hubspot, capitals)
    assert json.dumps(contacts(hubspot), sort_keys=True) == before
    changed = push(hubspot, [*people(1, 4), {"key": "k2", "email": "ana2@example.com", "city": "Évora"}])
    assert "1 created, 1 unchanged, 1 updated" in changed
    assert contacts(hubspot)["ana2@example.com"]["properties"]["city"] == "Évora"
    assert contacts(hubspot)["ana2@example.com"]["properties"]["firstname"] == "Ána 2"
    assert len(contacts(hubspot)) == 4


def test_somebody_who_is_there_already_is_found(push, hubspot):
    hubspot.simulator.create_record("contacts", {"email": "ana1@example.com", "firstname": "Old"})
    assert "1 updated" in push(hubspot, people(1))
    assert len(contacts(hubspot)) == 1


def test_a_refused_row_is_told_with_its_reason(push, hubspot):
    bad = {"key": "k9", "email": "no address", "given_name": "Bob"}
    told = push(hubspot, [*people(1), bad, {"key": "k8", "given_name": "Eve"}])
    assert "1 created" in told
    assert "2 rejected" in told
    assert "Rejected contacts k8: It lacks email" in told
    assert "Rejected contacts k9" in told
    failed = push(hubspot, [bad], code=3, fail_on_rejected=True)
    assert "HubSpot refused 1 rows." in failed


def test_deletions_need_to_be_asked_for(push, hubspot):
    push(hubspot, people(1, 2))
    gone = [{"key": "k1", "email": "ana1@example.com", "_sdc_deleted_at": "2026-11-25T10:00:00Z"}]
    assert "1 marked_deleted" in push(hubspot, gone)
    assert len(contacts(hubspot)) == 2
    assert "1 deleted" in push(hubspot, gone, delete_marked=True)
    assert list(contacts(hubspot)) == ["ana2@example.com"]
    # Again: it is gone already, and no new one is made to be deleted.
    assert "1 unchanged" in push(hubspot, gone, delete_marked=True)


def test_activate_version_needs_to_be_asked_for(push, hubspot):
    push(hubspot, people(*range(6)))
    activate = {"type": "ACTIVATE_VERSION", "stream": "contacts", "version": 2}
    push(hubspot, people(*range(5)), activate)
    assert len(contacts(hubspot)) == 6
    assert "1 deleted" in push(hubspot, people(*range(5)), activate, activate_version=True)
    assert len(contacts(hubspot)) == 5


def test_activate_version_does_not_sweep_an_account(singer, push, hubspot, tmp_path):
    hubspot.simulator.sample("contacts", 40)
    path = tmp_path / "sweep.singer"
    said = [SCHEMA, {"type": "RECORD", "stream": "contacts", "record": people(1)[0]}]
    said.append({"type": "ACTIVATE_VERSION", "stream": "contacts", "version": 2})
    path.write_text("\n".join(map(json.dumps, said)) + "\n")
    config = {**hubspot.config, "activate_version": True}
    _, err = singer("hubspot", "--target", "--input", str(path), config=config, code=3)
    assert b"would delete 40 of 41 records" in err
    assert len(contacts(hubspot)) == 41


def test_the_rows_of_one_account_go_into_another(singer, hubspot, tmp_path):
    ids = hubspot.simulator.sample("contacts", 5)
    other = started("hubspot")
    try:
        said, _ = singer("hubspot", config=hubspot.config)
        path = tmp_path / "said.singer"
        path.write_bytes(b"\n".join(line for line in said.splitlines() if b'"contacts"' in line) + b"\n")
        config = {**other.config, "fields": "connector"}
        _, err = singer("hubspot", "--target", "--input", str(path), config=config)
        assert b"5 created" in err
        assert set(contacts(other)) == set(contacts(hubspot))
        _, err = singer("hubspot", "--target", "--input", str(path), config=config)
        assert b"5 unchanged" in err
    finally:
        other.server.close()
    assert len(ids) == 5


def test_a_stream_that_is_not_written_is_refused_before_anything_is(push, singer, hubspot, tmp_path):
    path = tmp_path / "unknown.singer"
    path.write_text(json.dumps({**SCHEMA, "stream": "owners"}) + "\n")
    _, err = singer("hubspot", "--target", "--input", str(path), config=hubspot.config, code=3)
    assert b"has no stream 'owners' to write to" in err
    assert b"companies, contacts, deals" in err
    aliased = push(hubspot, people(1), schema={**SCHEMA, "stream": "people"}, streams={"people": "contacts"})
    assert "1 created" in aliased


CONFIG: dict = {"unknown_streams": "ignore", "base_url": None}


class TestTarget(get_target_test_class(target_class(Registry().load("hubspot")), config=CONFIG, validate_config=False)):
    """singer-sdk's suite for targets: its streams have no place at HubSpot, so this is the protocol alone."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def vendor(cls):
        vendor = started("hubspot")
        CONFIG.update(vendor.config)
        yield
        vendor.server.close()

    @pytest.fixture
    def resource(self):
        return None
