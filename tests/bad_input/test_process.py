"""What happens to the process and its disk: signals, a second process, a full disk, a file that is no store."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from tests.support.stores import on_sqlite
from tests.support.wire_vendor import person
from vaiven_connectors.hubspot.simulator import simulator
from vaiven_sdk.testing import Fault, serve
from vaiven_sync_engine.errors import DiskFull, StoreDamaged, StoreLocked
from vaiven_sync_engine.store import Database

PEOPLE = 230
EMAILS = sorted(f"u{n}@example.com" for n in range(PEOPLE))


class Terminal:
    """`vaiven` as a process of its own, over one store with one HubSpot account of 230 contacts."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.store = folder / "vaiven.db"
        token = server.simulator.credential["access_token"]
        self.secrets = [token]
        self.env = {**os.environ, "VAIVEN_STORE": str(self.store), "HS": token}
        self.env.pop("VAIVEN_KEY", None)

    def start(self, *arguments, **options):
        return subprocess.Popen(
            [sys.executable, "-m", "vaiven_api.cli", *arguments, "--json"],
            env=self.env,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def end(self, process):
        """Exit code and what was said; no stack and no secret is in it."""
        out, err = process.communicate(timeout=30)
        assert "Traceback" not in err + out
        assert not any(secret in err + out for secret in self.secrets)
        return process.returncode, json.loads(out) if out else None

    def run(self, *arguments, **options):
        return self.end(self.start(*arguments, **options))

    def connect(self):
        code, told = self.run(
            "connect", "hubspot", "--base-url", self.server.url, "--credential", "access_token=HS",
            "--stream", "contacts", "--read-only",
        )  # fmt: skip
        assert code == 0, told

    def contacts(self):
        """E-mail addresses in the store, as a reader beside the engine sees them."""
        with Database.reader(self.store) as connection:
            bodies = [json.loads(row["body"]) for row in connection.execute("SELECT body FROM record")]
        return sorted(body["properties"]["email"] for body in bodies)

    def sync_that_hangs(self):
        """A sync that has stored one page and waits for the second."""
        self.server.simulator.app.add(Fault(kind="slow", path="objects/contacts$", skip=1, times=0, seconds=20))
        process = self.start("sync")
        until = time.monotonic() + 20
        while len(self.contacts()) < 100 and time.monotonic() < until and process.poll() is None:
            time.sleep(0.05)
        assert process.poll() is None
        assert len(self.contacts()) == 100
        return process


@pytest.fixture
def terminal(tmp_path):
    sim = simulator(quirks={"burst_limit": 0, "oauth_burst_limit": 0, "search_limit": 0})
    sim.seed("contacts", [{"email": f"u{n}@example.com"} for n in range(PEOPLE)], at="2026-01-01T00:00:00Z")
    with serve(sim) as server:
        one = Terminal(tmp_path, server)
        one.connect()
        yield one


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_sync_that_is_stopped_keeps_its_pages_and_the_next_one_goes_on(terminal, how):
    process = terminal.sync_that_hangs()
    process.send_signal(how)
    asked = time.monotonic()
    code, told = terminal.end(process)
    assert time.monotonic() - asked < 5
    if how is signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == 130
        assert told["error"]["code"] == "interrupted"
        assert told["error"]["remedy"]
    assert len(terminal.contacts()) == 100
    terminal.server.simulator.app.clear()
    code, report = terminal.run("sync")
    assert code == 0
    # The page that was there is not read again: a list of 230 has two more.
    assert report["pulled"] == PEOPLE - 100
    assert terminal.contacts() == EMAILS


def test_a_second_process_is_told_who_has_the_store_and_readers_go_on(terminal):
    first = terminal.sync_that_hangs()
    try:
        code, told = terminal.run("sync")
        assert code == 5
        assert told["error"]["code"] == "store_locked"
        assert str(first.pid) in told["error"]["why"]
        assert told["error"]["remedy"]
        with pytest.raises(StoreLocked, match=str(first.pid)):
            Database.open(terminal.store)
        code, told = terminal.run("runs")
        assert code == 0
    finally:
        first.send_signal(signal.SIGINT)
        assert terminal.end(first)[0] == 130
    terminal.server.simulator.app.clear()
    assert terminal.run("sync")[0] == 0
    assert terminal.contacts() == EMAILS


def test_a_file_that_may_not_grow_ends_the_run_and_the_next_one_goes_on(terminal):
    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    code, told = terminal.run("sync", preexec_fn=little_room)
    assert code == 5
    assert "disk" in json.dumps(told)
    held = len(terminal.contacts())
    assert held < PEOPLE
    assert held % 100 == 0
    code, report = terminal.run("sync")
    assert code == 0, report
    assert terminal.contacts() == EMAILS


def test_an_unknown_connector_is_named_with_the_nearest(terminal):
    code, told = terminal.run("connect", "hubspott", "--base-url", terminal.server.url)
    assert code == 3
    assert told["error"]["code"] == "unknown_connector"
    assert "hubspot" in json.dumps(told["error"])


# -- without a process of its own


async def test_a_connection_whose_connector_is_gone_leaves_the_others(bench):
    from vaiven_registry import Registry

    known = bench.hub.engine.load
    bench.hub.engine.load = lambda slug: known(slug) if slug == "wire" else Registry().load(slug)
    bench.hub.connect("old", "uninstalled", "http://127.0.0.1:9", {"token": "x"})
    report = await bench.sync()
    assert report.errors["old"].code == "unknown_connector"
    assert "uninstalled" in str(report.errors["old"])
    bench.assert_all_landed()


@on_sqlite
async def test_a_full_disk_undoes_the_page_and_the_next_run_goes_on(bench):
    """SQLITE_FULL, in the middle of a page."""
    before = bench.vendor.lists["people"] | {i: person(i, b',"note":"%s"' % (b"x" * 30_000)) for i in ("p04", "p05")}
    bench.vendor.lists["people"] = before
    database = bench.hub.database
    pages = database.run_now(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    database.run_now(lambda connection: connection.execute(f"PRAGMA max_page_count={pages + 6}").fetchone())
    try:
        problem = (await bench.sync()).errors["shop"]
    except DiskFull as raised:
        problem = raised
    assert problem.code == "disk_full"
    assert problem.actor == "operator"
    assert "full" in str(problem)
    assert problem.remedy
    assert bench.stored() <= {"p00", "p01", "p02"}
    database.run_now(lambda connection: connection.execute("PRAGMA max_page_count=1000000").fetchone())
    assert (await bench.sync()).status == "ok"
    bench.assert_all_landed()
    assert bench.hub.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def garbage(path):
    path.write_bytes(b"this is no database, " * 500)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:5000])


def of_tomorrow(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=999")
    connection.close()


def folder(path):
    path.unlink()
    path.mkdir()


@on_sqlite
@pytest.mark.parametrize("spoil", [garbage, cut_short, of_tomorrow, folder])
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path, empty_store, spoil):
    path = tmp_path / "vaiven.db"
    path.write_bytes(empty_store.read_bytes())
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreDamaged) as told:
        Database.open(path)
    assert str(path) in told.value.what
    assert told.value.remedy
    if before is not None:
        assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreDamaged, match="nowhere"):
        Database.open(tmp_path / "nowhere" / "vaiven.db")
