"""`vaiven singer` for taps from elsewhere, with a tap of our own: no package index is asked."""

import json

import pytest

from tests.support.taps import PEOPLE, own_tap
from vaiven_sync_engine.singer import install as installer
from vaiven_sync_engine.singer.errors import TapNotInstalled

SCRIPT = """
say(type="SCHEMA", stream="people", schema={}, key_properties=["id"])
say(type="RECORD", stream="people", record={"id": 1, "email": "ana@example.com", "first_name": "Ana"})
"""


@pytest.fixture
def added(line, tmp_path):
    tap = own_tap(tmp_path, [PEOPLE], SCRIPT)
    config = tmp_path / "config.json"
    config.write_text('{"token": "sekrit-token-123"}')
    line.json("singer", "discover", "own", "--config", str(config))
    return tap


def test_discovering_connects_and_suggests(line, added):
    [tap] = line.json("singer", "list")["taps"]
    assert (tap["name"], tap["level"], tap["read"]) == ("own", "Singer (unrated)", ["people -> person"])
    assert "own-tap" not in line.run("singer", "list").output
    assert "people -> person" in line.run("singer", "list").output
    shown = line.json("singer", "mapping", "own")
    assert shown["streams"]["people"]["fields"] == {"email": "email", "first_name": "given_name"}
    assert "the same name" in line.run("singer", "mapping", "own").output


def test_plan_sync_and_people_work_as_with_any_connection(line, added):
    line.json("plan")
    line.json("sync")
    [person] = line.json("people")["people"]
    assert (person["email"], person["name"]) == ("ana@example.com", "Ana")
    assert "own" in {one["slug"] for one in line.json("connectors", "list")["connectors"]}
    assert line.json("connectors", "show", "own")["streams"][0]["direction"] == "read"


def test_connect_takes_the_config_as_a_credential(line, added):
    told = line.json(
        "connect",
        "own",
        "--name",
        "second",
        "--read-only",
        "--credential-stdin",
        stdin=json.dumps({"config": '{"a": 1}'}),
    )
    assert told["connection"]["connector"] == "own"
    line.json("sync")
    assert json.loads((added.folder / "seen.json").read_text())["config"] in ({"a": 1}, {"token": "sekrit-token-123"})


def test_a_mistake_in_the_mapping_is_told_by_every_command(line, added):
    added.mapping_path.write_text('[people]\nentity = "person"\n[people.fields]\nemial = "email"\n')
    error = line.json("singer", "mapping", "own", code=3)["error"]
    assert error["code"] == "mapping_invalid"
    assert "did you mean 'email'?" in error["what"]
    assert "did you mean 'email'?" in line.run("singer", "list").output
    assert "emial" in line.run("sync").output
    line.json("singer", "mapping", "own", "--reset")
    line.json("sync")


def test_the_catalogue_is_kept_until_it_is_refreshed(line, added):
    (added.folder / "own-catalog.json").write_text(
        json.dumps({"streams": [PEOPLE, {**PEOPLE, "tap_stream_id": "more"}]})
    )
    assert len(line.json("singer", "discover", "own")["tap"]["streams"]) == 1
    assert len(line.json("singer", "discover", "own", "--refresh")["tap"]["streams"]) == 2


def test_a_damaged_tap_troubles_no_other(line, added, tmp_path):
    own_tap(tmp_path, [PEOPLE], SCRIPT, name="other")
    (tmp_path / "singer" / "other" / "tap.json").write_text("{")
    line.json("sync")
    assert "other" in line.run("connectors", "list").output


def test_removing_needs_force_while_it_is_used(line, added):
    error = line.json("singer", "remove", "own", code=3)["error"]
    assert "used by own" in error["what"]
    line.json("singer", "remove", "own", "--force")
    assert not added.folder.exists()
    assert line.json("singer", "list")["taps"] == []
    assert line.json("singer", "mapping", "own", code=3)["error"]["code"] == "unknown_tap"


def test_a_tap_that_cannot_be_installed_leaves_nothing(line, tmp_path, monkeypatch):
    def refuse(*_):
        raise TapNotInstalled("The tap cannot be installed.", why="no such package")

    monkeypatch.setattr(installer, "install", refuse)
    error = line.json("singer", "add", "tap-nothing", code=5)["error"]
    assert (error["code"], error["why"]) == ("tap_not_installed", "no such package")
    assert list((tmp_path / "singer").iterdir()) == []
    assert "Use a-z" in line.json("singer", "add", "tap-nothing", "--name", "No Name", code=3)["error"]["remedy"]


def test_an_option_is_no_package(tmp_path):
    with pytest.raises(TapNotInstalled, match="dash"):
        installer.install(tmp_path / "venv", ["--index-url=http://evil.example"])


def test_an_installers_words_hide_the_password_of_an_index(tmp_path):
    script = tmp_path / "installer"
    script.write_text("#!/bin/sh\necho 'cannot reach https://ana:sekrit@index.example/simple' >&2\nexit 1\n")
    script.chmod(0o755)
    with pytest.raises(TapNotInstalled) as refused:
        installer._run([str(script)])
    assert "https://[hidden]@index.example" in refused.value.why
