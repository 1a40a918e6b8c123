"""`vaiven record`: from a simulator into a folder, by a credential or by a stored connection."""

import json
import re

import pytest

from tests.support.cassettes import folder
from vaiven_sdk.testing.cassette import Cassette, Scrubber


@pytest.fixture
def vendor(hubspot):
    return hubspot()


@pytest.fixture
def asked(line, vendor):
    line.env["THE_TOKEN"] = vendor.simulator.credential["access_token"]
    return ["record", "hubspot", "--against", vendor.url, "--credential", "access_token=THE_TOKEN"]


def test_streams_are_recorded_and_what_was_replaced_is_told(line, vendor, asked, tmp_path):
    vendor.simulator.sample("contacts", 3)
    told = line.json(*asked, "--stream", "contacts", "--stream", "owners", "--to", str(tmp_path))
    assert [one["stream"] for one in told["recorded"]] == ["contacts", "owners"]
    assert told["recorded"][0]["replaced"]["email"] >= 3
    held = Cassette.load(tmp_path / "contacts.json")
    assert (held.origin, held.source) == ("documented", "a simulator of HubSpot, by vaiven record")
    text = (tmp_path / "contacts.json").read_text()
    assert line.env["THE_TOKEN"] not in text
    people = json.dumps(vendor.simulator.state())
    mails = set(re.findall(r"[\w.+-]+@[\w.-]+", people))
    assert not [mail for mail in mails if mail in text and not mail.endswith(".example")]
    assert (tmp_path / ".gitignore").read_text() == ".salt\n"
    plain = line.run(*asked, "--stream", "owners", "--to", str(tmp_path))
    assert "Recorded 1 stream" in plain.output
    assert "replaced:" in plain.output


def test_from_a_stored_connection(line, vendor, tmp_path):
    line.connect("north", vendor)
    vendor.simulator.sample("contacts", 2)
    told = line.json("record", "hubspot", "--connection", "north", "--stream", "contacts", "--to", str(tmp_path))
    assert told["recorded"][0]["records"] >= 2
    wrong = line.run("record", "stripe", "--connection", "north", "--to", str(tmp_path))
    assert wrong.exit_code == 2
    assert "north is a connection of hubspot" in wrong.output


def test_what_would_leak_is_not_written(line, vendor, asked, tmp_path, monkeypatch):
    vendor.simulator.sample("contacts", 1)
    monkeypatch.setattr(Scrubber, "clean", lambda _, body: body)
    told = line.json(*asked, "--stream", "contacts", "--to", str(tmp_path), code=1)
    assert told["error"]["code"] == "cassette_unsafe"
    assert not list(tmp_path.glob("*.json"))


def test_an_unknown_stream_is_named(line, asked, tmp_path):
    done = line.run(*asked, "--stream", "cats", "--to", str(tmp_path))
    assert done.exit_code == 2
    assert "has no stream 'cats'" in done.output


def test_documented_answers_are_asked_again_and_others_are_not(line, tmp_path):
    old = json.loads((folder("hubspot") / "owners.json").read_text())
    old["exchanges"][0]["request"]["query"] = {"limit": "7"}
    (tmp_path / "owners.json").write_text(json.dumps(old))
    (tmp_path / "stages.json").write_text(json.dumps({**old, "origin": "recorded", "stream": "stages"}))
    told = line.json("record", "hubspot", "--again", "--to", str(tmp_path))["again"]
    assert [one["written"] for one in told] == [True, False]
    assert "it is edited" in told[1]["why"]
    assert Cassette.load(tmp_path / "owners.json") == Cassette.load(folder("hubspot") / "owners.json")
