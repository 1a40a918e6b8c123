"""`vaiven plan`, `vaiven sync` and the commands that read what they left behind."""

import sqlite3

import httpx
import pytest

from vaiven_api.cli import exits
from vaiven_sync_engine.store import Database

PEOPLE = [
    {"email": "ana@example.com", "firstname": "Ana", "lastname": "Alba"},
    {"email": "bo@example.com", "firstname": "Bo\x1b[31m", "lastname": "Berg"},
]


@pytest.fixture
def two(line, hubspot):
    """Two portals: Ana in both under different names, Bo in the first alone."""
    first, second = hubspot(1), hubspot(2)
    first.simulator.seed("contacts", PEOPLE, at="2026-11-20T08:00:00+00:00")
    later = [{"email": "ana@example.com", "firstname": "Anna", "lastname": "Alba"}]
    second.simulator.seed("contacts", later, at="2026-11-21T08:00:00+00:00")
    line.connect("emea", first)
    line.connect("apac", second)
    return line, first, second


def people_of(server) -> dict[str, str]:
    records = server.simulator.state()["contacts"].values()
    return {r["properties"]["email"]: r["properties"].get("firstname") for r in records if not r.get("archived")}


def test_plan_shows_what_sync_then_does(two):
    line, first, second = two
    shown = line.json("plan")
    assert shown["kind"] == "plan"
    assert shown["plan"]["writes"] == 2
    (create,) = (s for s in shown["samples"] if s["op"] == "create")
    assert create["changes"]["email"] == {"before": None, "after": "bo@example.com"}
    (update,) = (s for s in shown["samples"] if s["op"] == "update")
    assert update["changes"] == {"given_name": {"before": "Ana", "after": "Anna"}}
    assert update["title"] == "ana@example.com"
    assert [c["lost"] for c in shown["conflicts"]] == ["Ana"]
    assert "bo@example.com" not in people_of(second)

    done = line.json("sync", "--approve", shown["plan"]["digest"])
    assert (done["status"], done["writes"]) == ("ok", 2)
    assert people_of(first) == people_of(second)
    assert line.json("sync")["writes"] == 0


def test_plan_is_readable_and_steers_no_terminal(two):
    line, *_ = two
    result = line.run("plan", "--show", "1")
    assert result.exit_code == exits.OK
    assert "Ana -> Anna" in result.stdout
    assert "\x1b" not in result.stdout
    assert "vaiven sync --approve " in result.stdout
    quiet = line.run("plan", "--show", "0").stdout
    assert "Ana -> Anna" not in quiet


def test_a_first_sync_shows_the_plan_and_the_command_that_approves_it(two):
    line, _, second = two
    result = line.run("sync")
    assert result.exit_code == exits.CUSTOMER
    digest = line.json("plan")["plan"]["digest"]
    assert f"Digest: {digest}" in result.stdout
    assert f"`vaiven sync --approve {digest}`" in result.stderr
    assert "bo@example.com" not in people_of(second)
    told = line.json("sync", code=exits.CUSTOMER)
    assert told["error"]["code"] == "approval_needed"
    assert told["report"]["plan"]["digest"] == digest
    assert told["error"]["reference"] == told["report"]["run"]


def test_another_plan_than_the_approved_one_does_not_run(two):
    line, *_ = two
    told = line.json("sync", "--approve", "0" * 24, code=exits.CUSTOMER)
    assert told["error"]["code"] == "plan_changed"
    assert told["report"]["plan"]["digest"] in told["error"]["remedy"]


def test_printed_commands_name_a_store_that_was_given(two, tmp_path):
    line, *_ = two
    store = line.store
    line.store = tmp_path / "elsewhere.db"
    assert f"--store {store} --approve" in line.run("plan", "--store", str(store)).stdout


def test_sync_prints_a_result(two):
    line, *_ = two
    result = line.run("sync", "--approve", "any")
    assert result.exit_code == exits.OK
    assert "emea/contacts" in result.stdout
    assert "2 written" in result.stdout
    assert "records/s" in result.stdout


def test_a_person_names_the_source_of_each_value(two):
    line, *_ = two
    line.run("sync", "--approve", "any")
    (ana,) = line.json("people", "ANA@example.com", "--why")["people"]
    assert ana["values"]["given_name"]["value"] == "Anna"
    assert ana["values"]["given_name"]["from"].startswith("apac/contacts/")
    assert {r["stream"] for r in ana["records"]} == {"emea/contacts", "apac/contacts"}
    shown = line.run("people", ana["id"], "--why").stdout
    assert "last_writer" in shown
    listed = line.json("people", "--limit", "1")
    assert (len(listed["people"]), listed["total"]) == (1, 2)
    assert line.run("people", "nobody@example.com").exit_code == exits.USAGE


def test_conflicts_keep_both_values(two):
    line, *_ = two
    line.run("plan")
    (one,) = line.json("conflicts")["conflicts"]
    assert (one["field"], one["kept"], one["lost"], one["title"]) == ("given_name", "Anna", "Ana", "ana@example.com")
    assert line.json("conflicts", "--entity", one["entity_id"])["conflicts"]
    assert not line.json("conflicts", "--entity", "deal")["conflicts"]
    assert "given_name" in line.run("conflicts").stdout


def test_runs_list_and_show(two):
    line, *_ = two
    line.run("plan")
    run = line.json("sync", "--approve", "any")["run"]
    newest, oldest = line.json("runs")["runs"]
    assert (newest["id"], newest["kind"], newest["status"], oldest["kind"]) == (run, "sync", "ok", "plan")
    shown = line.json("runs", run)
    assert {(o["op"], o["state"], o["writes"]) for o in shown["write_outcomes"]} == {
        ("create", "done", 1),
        ("update", "done", 1),
    }
    assert "contacts" in line.run("runs", run).stdout
    assert line.run("runs", "nope").exit_code == exits.USAGE


def test_quarantine_shows_reason_and_record(two):
    line, *_ = two
    line.run("plan")
    with sqlite3.connect(line.store) as store:
        store.execute(
            "INSERT INTO quarantine (tenant_id, id, source_id, remote_id, code, reason, body, run_id, first_at,"
            " last_at) SELECT tenant_id, 'x', id, '7', 'invalid', 'no id', '{\"a\": 1}', 'r', '2026', '2026'"
            " FROM source WHERE connection_id = 'emea'"
        )
    (one,) = line.json("quarantine")["quarantine"]
    assert (one["connection"], one["reason"], one["record"]) == ("emea", "no id", {"a": 1})
    assert "no id" in line.run("quarantine").stdout


def test_a_mass_deletion_is_stopped_and_the_way_on_is_printed(line, hubspot):
    first, second = hubspot(1), hubspot(2)
    first.simulator.seed("contacts", [{"email": f"p{n}@example.com"} for n in range(12)])
    line.connect("emea", first, "--deletes", "propagate")
    line.connect("apac", second)
    line.run("sync", "--approve", "any")
    first.simulator.archive_records("contacts", list(first.simulator.state()["contacts"]))
    result = line.run("sync")
    assert result.exit_code == exits.CUSTOMER
    assert "--max-deletes 12" in result.stderr
    assert "delete person p0@example.com at apac/contacts" in result.stdout
    assert len(people_of(second)) == 12
    assert line.json("sync", "--max-deletes", "12")["writes"] == 12


def test_a_tool_in_trouble_leaves_the_rest_done(two):
    line, _, second = two
    httpx.post(f"{second.url}/_sim/faults", json={"kind": "status", "status": 401, "times": 0, "path": "crm"})
    shown = line.json("plan", code=exits.CUSTOMER)
    assert shown["status"] == "partial"
    assert shown["errors"]["apac"]["code"] == "reconnect_required"
    result = line.run("plan")
    assert "apac: HubSpot does not accept the credential" in result.stderr
    assert line.json("doctor", code=exits.UNEXPECTED)["wrong"] == 1


def test_unknown_connection_and_no_connection(two, tmp_path):
    line, *_ = two
    told = line.json("plan", "nope", code=exits.CUSTOMER)["error"]
    assert told["code"] == "unknown_connection"
    Database.open(tmp_path / "empty.db").close()
    told = line.json("plan", "--store", str(tmp_path / "empty.db"), code=exits.CUSTOMER)["error"]
    assert "vaiven connect" in told["remedy"]


def test_a_store_in_use_and_a_lost_key_need_the_operator(two):
    line, *_ = two
    with Database.open(line.store):
        assert line.json("sync", code=exits.OPERATOR)["error"]["code"] == "store_locked"
        assert line.run("people").exit_code == exits.OK
        lock = next(f for f in line.json("doctor")["findings"] if f["check"] == "lock")
        assert lock["state"] == "note"
    line.store.with_name("vaiven.db.key").unlink()
    told = line.json("sync", code=exits.OPERATOR)
    assert "key_missing" in str(told)
    assert line.run("doctor").exit_code == exits.UNEXPECTED


def test_doctor_of_a_sound_store_and_of_none(two, tmp_path):
    line, *_ = two
    line.run("sync", "--approve", "any")
    told = line.json("doctor")
    assert told["wrong"] == 0
    checks = {f["check"] for f in told["findings"]}
    assert {"python", "sqlite", "store", "lock", "key", "disk", "integrity", "connection", "open writes"} <= checks
    assert line.run("doctor", "--store", str(tmp_path / "none.db")).exit_code == exits.OK


def test_doctor_finds_a_damaged_store_and_an_exposed_key(two):
    line, *_ = two
    line.store.with_name("vaiven.db.key").chmod(0o644)
    assert "chmod" in line.run("doctor").stdout
    line.store.with_name("vaiven.db.key").chmod(0o600)
    line.store.write_bytes(b"not a database" * 100)
    assert line.run("doctor").exit_code == exits.UNEXPECTED


def test_the_log_is_json_lines_without_secrets(two):
    line, first, _ = two
    httpx.post(f"{first.url}/_sim/faults", json={"kind": "status", "status": 401, "times": 0, "path": "crm"})
    result = line.run("plan", "-v")
    assert '"event": "pull_failed"' in result.stderr
    assert first.simulator.credential["access_token"] not in result.output + result.stderr
    assert '"event"' not in line.run("plan").stderr
