"""`vaiven new connector`: what it says and what it refuses."""

import json

import pytest

from tests.api.scaffold.conftest import OPENAPI_31


def test_a_placeholder(line, tmp_path):
    told = line.run("new", "connector", "acme", "--name", "Acme Letters", "--category", "email", "--dir", str(tmp_path))
    assert told.exit_code == 0, told.output
    assert "vaiven test connector acme" in told.output
    assert 'name="Acme Letters"' in (tmp_path / "vaiven-acme" / "vaiven_acme" / "connector.py").read_text()


def test_from_a_description(line, tmp_path):
    file = tmp_path / "api.json"
    file.write_text(json.dumps(OPENAPI_31))
    told = line.json("new", "connector", "newcrm", "--from", str(file), "--dir", str(tmp_path / "out"))
    people = told["streams"][0]
    assert (people["stream"], people["entity"], people["cursor"]) == ("people", "Person", "updated_at")
    assert people["mapped"]["name_first"] == "given_name"
    assert "vaiven_newcrm/cassettes/people.json" in told["files"]
    assert any("/weather" in line for line in told["not_drafted"])
    plain = line.run("new", "connector", "other", "--from", str(file), "--dir", str(tmp_path / "out"))
    assert "Not drafted" in plain.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Acme!"], "a slug is of a-z"),
        (["acme", "--category", "toys"], "it is one of ads"),
        (["acme", "--auth", "magic"], "'magic' is not one of"),
    ],
)
def test_what_is_refused(line, tmp_path, arguments, told):
    done = line.run("new", "connector", *arguments, "--dir", str(tmp_path))
    assert done.exit_code == 2
    assert told in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_and_a_file_that_is_no_description(line, tmp_path):
    (tmp_path / "vaiven-acme").mkdir()
    taken = line.json("new", "connector", "acme", "--dir", str(tmp_path), code=3)
    assert taken["error"]["code"] == "folder_taken"
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    wrong = line.json("new", "connector", "beta", "--from", str(bad), "--dir", str(tmp_path), code=1)
    assert wrong["error"]["code"] == "description_invalid"
