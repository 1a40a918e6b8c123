"""`vaiven diff`: against the last release, against a file, and writing one."""

import json

import pytest

from vaiven_api.cli import diff as command


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder that stands in for the connector's own."""
    monkeypatch.setattr(command, "_folder", lambda _registry, _slug: tmp_path)
    return tmp_path


def edited(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_first_release_and_none_since(line, home):
    assert "was not released yet" in line.run("diff", "hubspot").output
    assert line.json("diff", "hubspot", "--release")["written"]
    told = line.json("diff", "hubspot")
    assert (told["step"], told["enough"], told["changes"]) == ("none", True, [])
    assert "Nothing changed since" in line.run("diff", "hubspot").output


def test_a_version_that_is_too_low_fails_and_releases_nothing(line, home):
    line.run("diff", "hubspot", "--release")

    def once(document):
        fields = document["streams"]["contacts"]["fields"]
        fields["gone"] = fields["email"]

    edited(home / "release.json", once)
    before = (home / "release.json").read_text()
    told = line.json("diff", "hubspot", "--release", code=1)
    assert (told["step"], told["enough"], told["written"]) == ("major", False, False)
    assert told["lowest"].endswith(".0.0")
    assert told["changes"] == [
        {"step": "major", "where": "streams.contacts.fields.gone", "what": "this field is gone or renamed"}
    ]
    assert (home / "release.json").read_text() == before
    plain = line.run("diff", "hubspot")
    assert plain.exit_code == 1
    assert "too low" in plain.output
    assert f"Set version='{told['lowest']}'" in plain.output


def test_a_version_that_is_high_enough_is_released(line, home):
    line.run("diff", "hubspot", "--release")
    edited(home / "release.json", lambda d: d.update(version="0.0.9", docs="https://old.example"))
    told = line.json("diff", "hubspot", "--release")
    assert (told["step"], told["enough"], told["written"]) == ("patch", True, True)
    assert line.json("diff", "hubspot")["changes"] == []


def test_against_a_file(line, home, tmp_path):
    line.run("diff", "hubspot", "--release")
    other = tmp_path / "other.json"
    other.write_text((home / "release.json").read_text())
    edited(other, lambda d: d["streams"].pop("owners"))
    told = line.json("diff", "hubspot", "--against", str(other), code=1)
    assert {one["step"] for one in told["changes"]} <= {"minor", "major"}
    bad = line.json("diff", "hubspot", "--against", str(tmp_path / "none.json"), code=1)
    assert bad["error"]["code"] == "release_unreadable"
