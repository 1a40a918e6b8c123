"""The command line over a store in a Postgres database: the same commands, and no password in what they print."""

import base64
import secrets
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import Line
from tests.support.stores import on_postgres
from vaiven_api.cli import exits
from vaiven_sync_engine.store import Database

PASSWORD = "a-password-that-nobody-may-see"
ANA = {"email": "ana@example.com", "firstname": "Ana", "lastname": "Alba"}
BO = {"email": "bo@example.com", "firstname": "Bo", "lastname": "Berg"}

pytestmark = on_postgres


@pytest.fixture
def line(empty_store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # The server trusts whoever comes over its socket, so the password is idle there: what counts is that it is given.
    parts = urlsplit(empty_store.reveal())
    user, _, where = parts.netloc.rpartition("@")
    url = parts._replace(netloc=f"{user}:{PASSWORD}@{where}").geturl()
    return Line(url, {"VAIVEN_KEY": base64.b64encode(secrets.token_bytes(32)).decode()})


@pytest.fixture
def two(line, hubspot):
    """Two portals: Ana in both under different names, Bo in the first alone."""
    first, second = hubspot(1), hubspot(2)
    first.simulator.seed("contacts", [ANA, BO], at="2026-11-20T08:00:00+00:00")
    second.simulator.seed("contacts", [{**ANA, "firstname": "Anna"}], at="2026-11-21T08:00:00+00:00")
    line.connect("emea", first)
    line.connect("apac", second)
    return line


def test_a_plan_its_sync_and_what_they_leave_to_read(two):
    plan = two.json("plan")
    assert plan["plan"]["writes"] == 2
    done = two.json("sync", "--approve", plan["plan"]["digest"])
    assert (done["status"], done["writes"]) == ("ok", 2)
    assert two.json("sync")["writes"] == 0
    people = two.json("people")["people"]
    assert sorted(one["email"] for one in people) == ["ana@example.com", "bo@example.com"]
    ana = next(one["id"] for one in people if one["email"] == "ana@example.com")
    assert [one["id"] for one in two.json("people", "show", ana)["people"]] == [ana]
    runs = two.json("runs")["runs"]
    assert [run["kind"] for run in runs] == ["sync", "sync", "plan"]
    assert two.json("runs", runs[1]["id"])["id"] == runs[1]["id"]
    assert two.json("conflicts")["conflicts"]
    assert two.json("quarantine")["quarantine"] == []
    erased = two.json("people", "erase", "ana@example.com", "--yes")
    assert erased["done"]
    assert [one["email"] for one in two.json("people")["people"]] == ["bo@example.com"]


def test_doctor_looks_at_the_server_and_the_key(two):
    told = two.json("doctor")
    found = {one["check"]: one for one in told["findings"]}
    assert told["wrong"] == 0
    assert found["server"]["found"].startswith("Postgres ")
    assert found["lock"]["found"] == "free"
    two.env["VAIVEN_KEY"] = None
    told = two.json("doctor", code=exits.UNEXPECTED)
    assert {one["check"] for one in told["findings"] if one["state"] == "wrong"} == {"key", "connection"}


def test_a_second_writer_is_refused_and_readers_go_on(two):
    with Database.open(two.store):
        told = two.json("sync", code=exits.OPERATOR)["error"]
        assert told["code"] == "store_locked"
        assert "vaiven process" in told["why"]
        assert two.run("people").exit_code == exits.OK
        lock = next(one for one in two.json("doctor")["findings"] if one["check"] == "lock")
        assert lock["state"] == "note"


def test_without_a_key_nothing_is_connected(line, hubspot):
    line.env["VAIVEN_KEY"] = None
    told = line.connect("emea", hubspot(1), code=exits.OPERATOR)["error"]
    assert told["code"] == "key_missing"
    assert "VAIVEN_KEY" in told["remedy"]


@pytest.mark.parametrize("command", ["people", "doctor", "plan", "sync"])
@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid", "127.0.0.1:port"])
def test_a_server_that_is_not_there_is_named_without_its_password(line, command, host):
    place = f"postgresql://vaiven:{PASSWORD}@{host}/hub?connect_timeout=2"
    for more in ((), ("--json",), ("--debug",)):
        result = line.run(command, "--store", place, *more)
        assert result.exit_code != exits.OK
        assert PASSWORD not in result.output
    assert f"postgresql://vaiven@{host}/hub" in result.output


def test_a_printed_command_names_the_store_without_its_password(two):
    printed = two.run("plan", "--store", two.store)
    assert printed.exit_code == exits.OK
    assert "--store postgresql://postgres@/" in printed.stdout
    assert PASSWORD not in printed.output


def test_another_kind_of_database_is_refused(line):
    told = line.json("people", "--store", "mysql://vaiven@127.0.0.1/hub", code=exits.CUSTOMER)["error"]
    assert told["code"] == "input_invalid"
    assert "postgresql://" in told["remedy"]
