"""A connector as a tap: what it says, in which order, and where it goes on."""

import json
import signal
import subprocess
import sys
from decimal import Decimal

import pytest
from pydantic import AwareDatetime

from tests.singer.conftest import messages, rows
from vaiven_sdk import Bearer, Config, Connector, Record
from vaiven_sdk.model import Person
from vaiven_sdk.singer import tap_class
from vaiven_sdk.singer.schema import row, stream_schema


def states(output: bytes) -> list[dict]:
    return [m["value"]["bookmarks"] for m in messages(output) if m["type"] == "STATE"]


def catalog(singer, vendor, *streams: str, without: tuple[str, ...] = (), method: str = "") -> dict:
    found = json.loads(singer("hubspot", "--discover", config=vendor.config)[0])
    for stream in found["streams"]:
        if method and stream["tap_stream_id"] in streams:
            stream["replication_method"] = method
        for one in stream["metadata"]:
            if not one["breadcrumb"]:
                one["metadata"]["selected"] = stream["tap_stream_id"] in streams
            elif one["breadcrumb"][-1] in without:
                one["metadata"]["selected"] = False
    return found


@pytest.fixture
def files(tmp_path):
    def write(name: str, value) -> str:
        path = tmp_path / name
        path.write_text(json.dumps(value))
        return str(path)

    return write


def test_a_schema_has_exact_types():
    class Odd(Record[Person], key="id", cursor="at"):
        id: int
        at: AwareDatetime
        price: Decimal | None = None
        tags: list[str] | None = None
        active: bool | None = None

    schema = stream_schema(Odd, deletions=True)["properties"]
    assert schema["id"]["type"] == ["integer"]
    assert (schema["at"]["type"], schema["at"]["format"]) == (["string", "null"], "date-time")
    assert (schema["price"]["type"], schema["price"]["format"]) == (["string", "null"], "singer.decimal")
    assert (schema["tags"]["type"], schema["tags"]["items"]["type"]) == (["array", "null"], ["string", "null"])
    assert schema["active"]["type"] == ["boolean", "null"]
    assert schema["_sdc_deleted_at"]["format"] == "date-time"
    given = Odd.model_validate_json(
        '{"id": 1, "at": "2026-11-25T10:00:00Z", "price": "12345678901234567890.123456789"}'
    )
    assert row(given)["price"] == "12345678901234567890.123456789"


def test_secrets_are_marked_and_the_config_is_checked(singer, hubspot):
    about = json.loads(singer("hubspot", "--about", "--format=json")[0])
    assert about["settings"]["properties"]["token"]["secret"] is True
    assert "secret" not in about["settings"]["properties"]["base_url"]
    far = {**hubspot.config, "base_url": "http://crm.example"}
    out, err = singer("hubspot", config=far, code=3)
    assert b"must be https, or http on this machine" in err
    assert hubspot.config["access_token"].encode() not in out + err
    assert b'"RECORD"' not in out


def test_full_then_incremental_then_gone(singer, hubspot, files):
    ids = hubspot.simulator.sample("contacts", 250)
    chosen = files("catalog.json", catalog(singer, hubspot, "contacts"))
    first = singer("hubspot", "--catalog", chosen, config=hubspot.config)[0]
    found = rows(first, "contacts")
    assert sorted(r["id"] for r in found) == sorted(ids)
    assert messages(first)[-1]["type"] == "STATE"
    schema = next(m for m in messages(first) if m["type"] == "SCHEMA")
    assert (schema["key_properties"], schema["bookmark_properties"]) == (["id"], ["modified_at"])
    state = states(first)[-1]
    assert list(state["contacts"]["vaiven"]) == ["since"]

    # The next read begins a lag earlier: here that is before all of them, so the state is moved on by hand.
    hubspot.simulator.clock.now()
    since = max(r["modified_at"] for r in found)
    hubspot.simulator.edit_record("contacts", ids[3], {"firstname": "Zoë"})
    hubspot.simulator.archive_records("contacts", [ids[5]])
    moved = {"bookmarks": {"contacts": {"replication_key": "modified_at", "replication_key_value": since}}}
    second = singer("hubspot", "--catalog", chosen, "--state", files("state.json", moved), config=hubspot.config)[0]
    again = rows(second, "contacts")
    live = {r["id"]: r for r in again if r["_sdc_deleted_at"] is None}
    assert live[ids[3]]["first_name"] == "Zoë"
    assert len(live) < 250
    assert [r["id"] for r in again if r["_sdc_deleted_at"]] == [ids[5]]


def test_selection_is_respected_but_deletions_are_always_told(singer, hubspot, files):
    ids = hubspot.simulator.sample("contacts", 2)
    hubspot.simulator.archive_records("contacts", [ids[0]])
    chosen = catalog(singer, hubspot, "contacts", without=("email", "_sdc_deleted_at"))
    out = singer("hubspot", "--catalog", files("catalog.json", chosen), config=hubspot.config)[0]
    assert {m["stream"] for m in messages(out) if m["type"] != "STATE"} == {"contacts"}
    schema = next(m["schema"] for m in messages(out) if m["type"] == "SCHEMA")
    assert "email" not in schema["properties"]
    found = {r["id"]: r for r in rows(out, "contacts")}
    assert "email" not in found[ids[1]]
    assert found[ids[1]]["_sdc_deleted_at"] is None
    assert found[ids[0]]["_sdc_deleted_at"]


def test_full_table_reads_everything_whatever_the_state(singer, hubspot, files):
    hubspot.simulator.sample("contacts", 3)
    chosen = files("catalog.json", catalog(singer, hubspot, "contacts", method="FULL_TABLE"))
    state = files("state.json", {"bookmarks": {"contacts": {"vaiven": {"since": "2099-01-01T00:00:00.000000Z"}}}})
    out = singer("hubspot", "--catalog", chosen, "--state", state, config=hubspot.config)[0]
    assert len(rows(out, "contacts")) == 3


def test_a_killed_run_goes_on_at_its_page(singer, hubspot, files, tmp_path):
    ids = hubspot.simulator.sample("contacts", 500)
    chosen = files("catalog.json", catalog(singer, hubspot, "contacts"))
    config = files("config.json", hubspot.config)
    command = [sys.executable, "-m", "vaiven_api.cli", "singer", "run", "hubspot", "--config", config]
    killed = subprocess.Popen([*command, "--catalog", chosen], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    lines = []
    for line in killed.stdout:
        lines.append(line)
        if b'"STATE"' in line and b'"walk"' in line and len(lines) > 200:
            break
    killed.send_signal(signal.SIGKILL)
    rest = killed.stdout.read()
    killed.stdout.close()
    killed.wait()
    # What a target keeps: everything it got, and the last STATE that it saw.
    whole = b"".join(lines) + rest[: rest.rfind(b"\n") + 1]
    kept = states(whole)[-1]
    second = singer(
        "hubspot", "--catalog", chosen, "--state", files("s.json", {"bookmarks": kept}), config=hubspot.config
    )[0]
    seen = {r["id"] for r in rows(whole, "contacts")}
    more = {r["id"] for r in rows(second, "contacts")}
    assert seen | more == set(ids)
    assert len(more) < 500
    assert "walk" not in states(second)[-1]["contacts"]["vaiven"]


def test_a_slow_reader_slows_the_vendor(hubspot):
    hubspot.simulator.sample("contacts", 1000)
    tap = tap_class(hubspot.connector)(config=hubspot.config)
    stream = tap.streams["contacts"]
    asked = []
    inner = hubspot.simulator.app.app

    async def counted(scope, receive, send):
        asked.append(scope["path"])
        await inner(scope, receive, send)

    hubspot.simulator.app.app = counted
    found = iter(stream.get_records(None))
    for _ in range(50):
        next(found)
    # Of ten pages one is worked on and one may be waiting, however long the reader takes.
    assert 1 <= len(asked) <= 2
    for _ in range(100):
        next(found)
    assert 2 <= len(asked) <= 3
    found.close()


def test_a_record_that_does_not_fit_is_left_out_and_told():
    class Row(Record[Person], key="id"):
        id: str
        born: int

    from vaiven_sdk.singer.reading import Reading
    from vaiven_sdk.stream import Batch

    connector = Connector("acme", Config, name="Acme", category="crm", base_url="https://a.example", auth=[Bearer()])
    stream = connector.stream(Row)

    @stream.reader("full")
    async def read(session, window, state):
        yield Batch([{"id": "1", "born": 3}, {"id": "2", "born": "secret-value"}], state="x")

    found, bad, versions = Reading(None, stream, {})._rows(
        [{"id": "1", "born": 3}, {"id": "2", "born": "secret"}], gone=False
    )
    assert [r["id"] for r in found] == ["1"]
    assert len(bad) == 1
    assert "born" in bad[0]
    assert "secret" not in bad[0]
    assert versions == [""]
