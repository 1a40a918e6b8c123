"""Taps and a target from the package index, unmodified: files, a feed, a vendor's tap against our simulator, a pipe."""

import json
import struct
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.singer.conftest import rows, started
from tests.support.tls_proxy import leading_to
from vaiven_api.cli.app import app
from vaiven_sdk.testing import ManualClock
from vaiven_sync_engine.singer import install as installer

# An installation may take a while where nothing is cached; what comes after it is a matter of seconds.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def vaiven(tmp_path):
    """The command line over a store of its own."""

    def run(*arguments: str, code: int = 0) -> dict:
        env = {"VAIVEN_STORE": str(tmp_path / "v.db"), "VAIVEN_KEY": None}
        done = CliRunner().invoke(app, [*arguments, "--json"], env=env)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    run.folder = tmp_path / "singer"
    return run


@pytest.fixture
def shared(packages, monkeypatch):
    """Each package is installed once for all tests."""

    def install(venv: Path, specs, python=None) -> None:
        venv.symlink_to(packages(*specs))

    monkeypatch.setattr(installer, "install", install)


def config(tmp_path, value) -> str:
    path = tmp_path / "tap-config.json"
    path.write_text(json.dumps(value))
    return str(path)


def people(vaiven) -> dict[str, dict]:
    return {one["email"]: one for one in vaiven("people", "--limit", "1000")["people"]}


def dbf(path: Path, fields: dict[str, int], table: list[dict]) -> None:
    """A dBASE III file of text fields, as its specification of 1984 has it."""
    width = 1 + sum(fields.values())
    today = date(2026, 11, 25)
    head = struct.pack(
        "<4BIHH20x", 3, today.year - 1900, today.month, today.day, len(table), 33 + 32 * len(fields), width
    )
    columns = b"".join(struct.pack("<11sc4xB15x", n.encode(), b"C", size) for n, size in fields.items())
    lines = b"".join(
        b" " + b"".join(str(row[n]).encode("ascii").ljust(size) for n, size in fields.items()) for row in table
    )
    path.write_bytes(head + columns + b"\r" + lines + b"\x1a")


def test_people_from_a_dbf_file(vaiven, shared, tmp_path):
    fields = {"ID": 6, "EMAIL": 40, "FIRST_NAME": 20, "CITY": 20}
    table = [{"ID": n, "EMAIL": f"ana{n}@example.com", "FIRST_NAME": f"Ana{n}", "CITY": "Faro"} for n in range(300)]
    dbf(tmp_path / "people.dbf", fields, table)
    settings = config(tmp_path, {"path": str(tmp_path / "*.dbf")})
    told = vaiven("singer", "add", "tap-dbf", "--config", settings, "--name", "crowd")["tap"]
    assert (told["level"], told["executable"]) == ("Singer (unrated)", "tap-dbf")
    assert told["versions"]["tap-dbf"]
    [stream] = told["streams"]
    mapping = vaiven("singer", "mapping", "crowd")
    suggested = mapping["streams"].get(stream["id"])
    if suggested is None:
        # Without a key of its own the suggestion waits for somebody to name one.
        path = Path(mapping["path"])
        path.write_text(
            f'[{stream["id"]}]\nentity = "person"\nkey = ["ID"]\n[{stream["id"]}.fields]\nEMAIL = "email"\n'
        )
    vaiven("plan")
    found = people(vaiven)
    assert len(vaiven("people", "--limit", "1000")["people"]) == 300
    assert found
    # The file is read whole each time: what changed is changed, what is missing is gone.
    table[7]["EMAIL"] = "new@example.com"
    dbf(tmp_path / "people.dbf", fields, table[:-1])
    vaiven("sync")
    emails = {one["email"] for one in vaiven("people", "--limit", "1000")["people"]}
    assert "new@example.com" in emails
    assert "ana299@example.com" not in emails


def test_people_from_json_lines_go_on_where_they_stopped(vaiven, tmp_path):
    """Installed for good, by the command as anybody would."""
    file = tmp_path / "people.jsonl"
    ana = {"id": 1, "email": "Ana@Example.com", "first_name": "Ána", "created_at": "2026-01-02T10:00:00Z"}
    file.write_text(json.dumps(ana) + "\n")
    settings = {"path": str(file), "stream_name": "people", "primary_keys": ["id"], "token": "sekrit-token-1"}
    told = vaiven("singer", "add", "tap-jsonl", "--config", config(tmp_path, settings), "--name", "crowd")["tap"]
    [stream] = told["streams"]
    assert (stream["id"], stream["entity"]) == ("people", "person")
    assert vaiven("singer", "mapping", "crowd")["streams"]["people"]["fields"]["first_name"] == "given_name"
    vaiven("sync")
    assert people(vaiven)["ana@example.com"]["name"] == "Ána"
    bob = {"id": 2, "email": "bob@example.com", "first_name": "Bob", "created_at": "2026-01-03T10:00:00Z"}
    file.write_text(file.read_text() + json.dumps(bob) + "\n")
    vaiven("sync")
    assert set(people(vaiven)) == {"ana@example.com", "bob@example.com"}
    # Listed like any connector, and gone when taken away; the secret is in no file in the clear.
    assert "crowd" in {one["slug"] for one in vaiven("connectors", "list")["connectors"]}
    [listed] = vaiven("singer", "list")["taps"]
    assert (listed["level"], listed["read"]) == ("Singer (unrated)", ["people -> person"])
    clear = [p for p in tmp_path.rglob("*") if p.is_file() and b"sekrit-token-1" in p.read_bytes()]
    assert [p.name for p in clear] == ["tap-config.json"]
    vaiven("singer", "remove", "crowd", code=3)
    vaiven("singer", "remove", "crowd", "--force")
    assert not (vaiven.folder / "crowd").exists()


FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Letters</title><link>http://x.example</link>{}</channel></rss>"""
ENTRY = (
    "<item><guid>l{0}</guid><title>Letter {0} é</title><link>http://x.example/{0}</link><pubDate>{1}</pubDate></item>"
)


def test_a_feed_on_loopback(vaiven, shared, tmp_path):
    entries = [ENTRY.format(n, f"Mon, 0{n} Jun 2026 10:00:00 GMT") for n in (1, 2)]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            self.end_headers()
            self.wfile.write(FEED.format("".join(entries)).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        settings = config(tmp_path, {"feed_urls": [f"http://127.0.0.1:{server.server_port}/feed"]})
        told = vaiven("singer", "add", "tap-feed", "--config", settings)["tap"]
        assert [one["id"] for one in told["streams"]] == ["feed"]
        Path(told["mapping"]).write_text(
            '[feed]\nentity = "email_message"\nkey = ["entry_id"]\nversion = "entry_published"\n[feed.fields]\n'
            'entry_title = "subject"\nentry_link = "archive_url"\nentry_published = "sent_at"\n'
        )
        first = vaiven("sync")
        entries.append(ENTRY.format(3, "Wed, 03 Jun 2026 10:00:00 GMT"))
        second = vaiven("sync")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (read(first), read(second)) == (2, 1)


def read(report: dict) -> int:
    return sum(stream["pulled"]["records"] for stream in report["streams"])


def test_mailchimps_own_tap_reads_our_simulator(vaiven, shared, tmp_path, monkeypatch):
    """singer-io's tap-mailchimp knows one address, by https: a proxy leads it to the simulator."""
    clock = ManualClock(datetime(2026, 11, 25, 10, tzinfo=UTC))
    vendor = started("mailchimp", clock=clock)
    seeds = [{"email_address": f"ana{n}@example.com", "status": "subscribed"} for n in range(30)]
    vendor.simulator.seed(seeds)
    key = vendor.simulator.credential.get("api_key") or vendor.simulator.credential["access_token"]
    centre = vendor.simulator.config.get("data_centre") or "us1"
    name = "api_key" if "api_key" in vendor.simulator.credential else "access_token"
    settings = {name: key, "dc": centre, "start_date": "2020-01-01T00:00:00Z"}
    try:
        vaiven("singer", "add", "tap-mailchimp")
        port = int(vendor.server.url.rpartition(":")[2])
        with leading_to(port, f"{centre}.api.mailchimp.com", tmp_path) as proxied:
            for variable, value in proxied.items():
                monkeypatch.setenv(variable, value)
            told = vaiven("singer", "discover", "tap_mailchimp", "--config", config(tmp_path, settings))["tap"]
            assert "list_members" in {one["id"] for one in told["streams"]}
            Path(told["mapping"]).write_text(
                '[list_members]\nentity = "person"\nkey = ["id"]\nalso = ["lists"]\nincremental = true\n'
                "[list_members.fields]\n"
                'email_address = "email"\n'
                'status = { to = "email_consent", values = { subscribed = "granted", unsubscribed = "denied" } }\n'
            )
            vaiven("sync")
            assert len(people(vaiven)) == 30
            clock.advance(3600)
            vendor.simulator.sign_up("bob@example.com")
            vendor.simulator.edit("ana3@example.com", {"merge_fields": {"FNAME": "Ána"}})
            second = vaiven("sync")
    finally:
        vendor.server.close()
    # The tap's own rule: at or after the newest change that it saw.
    assert read(second) == 2


def test_a_pipe_into_a_target_loses_nothing(packages, tmp_path):
    """2,000 contacts with all that JSON can hold go through `target-jsonl`, then what changed."""
    target = packages("target-jsonl==0.1.4") / "bin" / "target-jsonl"
    vendor = started("hubspot")
    made = [
        {
            "email": f"p{n}@example.com",
            "firstname": ["Zoë", "李", "O'Brien", "🎈", 'a "quote"', "line\nbreak", ""][n % 7],
            "city": None if n % 3 else "São Paulo",
        }
        for n in range(2000)
    ]
    for properties in made:
        vendor.simulator.create_record("contacts", {k: v for k, v in properties.items() if v is not None})
    # Far more digits than a float has.
    deal = vendor.simulator.create_record("deals", {"dealname": "Big", "amount": "12345678901234567890.123456789"})
    try:
        first = piped(vendor, target, tmp_path / "first")
        state = tmp_path / "first" / "state.json"
        contacts, deals = written(tmp_path / "first", "contacts"), written(tmp_path / "first", "deals")
        assert contacts == rows(first, "contacts")
        assert len(contacts) == 2000
        by_mail = {c["email"]: c for c in contacts}
        for properties in made:
            found = by_mail[properties["email"]]
            assert (found["first_name"] or "") == properties["firstname"]
            assert found["city"] == properties["city"]
        assert {d["id"]: d["amount"] for d in deals}[deal] == "12345678901234567890.123456789"
        since = max(c["modified_at"] for c in contacts)
        bookmark = {"replication_key": "modified_at", "replication_key_value": since}
        kept = json.loads(state.read_text())
        assert kept["bookmarks"]["contacts"]["vaiven"]["since"] <= since
        # By default a read begins as far back as HubSpot's search may trail: here that is before all of them.
        state.write_text(json.dumps({"bookmarks": {**kept["bookmarks"], "contacts": bookmark}}))
        vendor.simulator.edit_record("contacts", contacts[5]["id"], {"firstname": "Zoë II"})
        piped(vendor, target, tmp_path / "second", state)
        again = {c["id"]: c for c in written(tmp_path / "second", "contacts")}
        assert again[contacts[5]["id"]]["first_name"] == "Zoë II"
        assert len(again) < 500
    finally:
        vendor.server.close()


def piped(vendor, target: Path, folder: Path, state: Path | None = None) -> bytes:
    folder.mkdir()
    tap_config, target_config = folder / "tap.json", folder / "target.json"
    tap_config.write_text(json.dumps(vendor.config))
    target_config.write_text(json.dumps({"destination_path": str(folder / "out"), "do_timestamp_file": False}))
    command = [sys.executable, "-m", "vaiven_api.cli", "singer", "run", "hubspot", "--config", str(tap_config)]
    command += ["--state", str(state)] if state else []
    said = subprocess.run(command, capture_output=True, timeout=120, check=True).stdout
    done = subprocess.run([target, "--config", target_config], input=said, capture_output=True, timeout=60, check=True)
    (folder / "state.json").write_bytes(done.stdout.splitlines()[-1])
    return said


def written(folder: Path, stream: str) -> list[dict]:
    path = folder / "out" / f"{stream}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
