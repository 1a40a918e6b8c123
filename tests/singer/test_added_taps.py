"""A tap of our own as a connection: what it says reaches the store, whatever it does to us."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import textwrap

import pytest

from tests.support.hub import hub_at
from tests.support.taps import PEOPLE, own_tap
from vaiven_registry import Registry
from vaiven_sync_engine.connections import Connection
from vaiven_sync_engine.connections import save as save_connection
from vaiven_sync_engine.singer import process
from vaiven_sync_engine.singer.connector import listed
from vaiven_sync_engine.singer.home import Taps

CONFIG = {"token": "sekrit-token-123", "start_date": "2026-01-01"}
SCHEMA = 'say(type="SCHEMA", stream="people", schema={}, key_properties=["id"])\n'


@pytest.fixture
def added(tmp_path):
    """A hub with one tap; `script` is what the tap does."""
    stack = []

    async def make(script: str, mapping: str | None = None, streams=(PEOPLE,)):
        tap = own_tap(tmp_path, list(streams), SCHEMA + textwrap.dedent(script))
        await tap.discover(CONFIG)
        if mapping is not None:
            tap.mapping_path.write_text(mapping)
        context = hub_at(
            tmp_path / "v.db", lambda slug: Registry(more=listed(Taps.beside(tmp_path / "v.db"))).load(slug)
        )
        hub = context.__enter__()
        stack.append(context)
        hub.credentials["own"] = {"config": json.dumps(CONFIG)}
        one = Connection("own", "own", "own", {}, None, b"-", writes=False)
        hub.database.run_now(save_connection, "local", one, hub.engine.now())
        hub.tap = tap
        hub.script = lambda text: (tap.folder / "own.py").write_text(SCHEMA + textwrap.dedent(text))
        hub.seen = lambda: json.loads((tap.folder / "seen.json").read_text())
        return hub

    yield make
    for context in stack:
        context.__exit__(None, None, None)


def emails(hub) -> list[str]:
    return sorted(row["email"] for row in hub.rows("SELECT email FROM person WHERE deleted_at IS NULL"))


THREE = """
for n in range(3):
    say(type="RECORD", stream="people", record={"id": n, "email": f"ana{n}@example.com", "first_name": "Ána",
        "updated_at": f"2026-11-0{n + 1}T10:00:00"})
say(type="STATE", value={"bookmarks": {"people": {"x": ["opaque", 1]}}})
"""


async def test_rows_become_people_and_the_state_comes_back(added):
    hub = await added(THREE)
    report = await hub.sync()
    assert report.status == "ok"
    assert emails(hub) == ["ana0@example.com", "ana1@example.com", "ana2@example.com"]
    first = hub.seen()
    assert (first["state"], first["config"], first["mode"]) == (None, CONFIG, "0o600")
    assert CONFIG["token"] not in json.dumps([first["argv"], first["env"]])
    assert not any(name.startswith("VAIVEN") for name in first["env"])
    [chosen] = first["catalog"]["streams"]
    root = chosen["metadata"][0]["metadata"]
    assert (chosen["selected"], root["selected"], root["replication-method"]) == (True, True, "INCREMENTAL")
    hub.script('say(type="RECORD", stream="people", record={"id": 9, "email": "new@example.com"})')
    await hub.sync()
    assert hub.seen()["state"] == {"bookmarks": {"people": {"x": ["opaque", 1]}}}
    assert "new@example.com" in emails(hub)
    assert list(hub.tap.private.iterdir()) == []


async def test_a_crash_keeps_the_rows_and_goes_on_from_the_last_state(added):
    hub = await added(
        """
        for n in range(2500):
            say(type="RECORD", stream="people", record={"id": n, "email": f"a{n}@example.com"})
            if n == 1999:
                say(type="STATE", value={"at": 1999})
        sys.stdout.flush()
        sys.stderr.write(f"cannot go on with {config['token']}\\n")
        sys.exit(7)
        """
    )
    report = await hub.sync()
    problem = report.errors["own"]
    assert (problem.code, "exit code 7" in problem.why) == ("tap_failed", True)
    assert "cannot go on with [hidden]" in problem.why
    assert len(hub.bodies("people", "own")) == 2500
    hub.script('say(type="STATE", value={"at": "end"})')
    report = await hub.sync()
    assert report.status == "ok"
    assert hub.seen()["state"] == {"at": 1999}


async def test_a_state_never_covers_rows_that_are_not_stored(added, monkeypatch):
    """The store stops in mid-read: what the position says was read is there."""
    hub = await added(
        """
        for n in range(5000):
            say(type="RECORD", stream="people", record={"id": n, "email": f"a{n}@example.com"})
            say(type="STATE", value={"at": n})
        """
    )
    from vaiven_sync_engine import pull

    real, pages = pull.write_page, []

    def failing(connection, page):
        pages.append(page)
        if len(pages) == 3:
            raise OSError(28, "No space left on device")
        return real(connection, page)

    monkeypatch.setattr(pull, "write_page", failing)
    with pytest.raises(OSError, match="No space"):
        await hub.sync()
    monkeypatch.undo()
    stored = {int(i) for i in hub.bodies("people", "own")}
    [row] = hub.rows("SELECT position FROM source")
    at = json.loads(row["position"])["walk"]["state"]["at"]
    assert set(range(at + 1)) <= stored


async def test_what_is_no_message_is_set_aside_up_to_a_limit(added):
    hub = await added(
        """
        print("Starting the tap ...")
        sys.stdout.write('{"type": "RECORD", "stream": "people", "record": {"id": 5, "email": NaN}}\\n')
        say(type="RECORD", stream="people", record={"id": 1, "email": "ana@example.com"})
        say(type="WEATHER", sun=True)
        """
    )
    report = await hub.sync()
    assert report.status == "ok"
    assert emails(hub) == ["ana@example.com"]
    assert len(hub.quarantine()) == 2
    hub.script("for n in range(200): print('noise', n)")
    report = await hub.sync()
    assert report.errors["own"].code == "tap_protocol"


async def test_a_line_without_end_does_not_fill_the_memory(added, monkeypatch):
    monkeypatch.setattr(process, "LONGEST_LINE", 1_000_000)
    hub = await added(
        """
        sys.stdout.write("x" * 5_000_000 + "\\n")
        say(type="RECORD", stream="people", record={"id": 1, "email": "ana@example.com"})
        """
    )
    assert (await hub.sync()).status == "ok"
    assert emails(hub) == ["ana@example.com"]


async def test_rows_before_their_schema_are_refused(added):
    hub = await added("")
    (hub.tap.folder / "own.py").write_text(
        'say(type="RECORD", stream="people", record={"id": 1, "email": "a@b.example"})'
    )
    report = await hub.sync()
    assert report.errors["own"].code == "tap_protocol"
    assert emails(hub) == []


async def test_deletions_and_batch_files(added, tmp_path):
    name = tmp_path / "rows.jsonl.gz"
    with gzip.open(name, "wb") as file:
        file.writelines(json.dumps({"id": n, "email": f"b{n}@example.com"}).encode() + b"\n" for n in range(1500))
    hub = await added(
        f"""
        say(type="BATCH", stream="people", encoding={{"format": "jsonl", "compression": "gzip"}},
            manifest=["file://{name}"])
        say(type="RECORD", stream="people", record={{"id": 3, "email": "b3@example.com",
            "_sdc_deleted_at": "2026-11-25T10:00:00Z"}})
        say(type="STATE", value={{"n": 1}})
        """
    )
    assert (await hub.sync()).status == "ok"
    assert len(hub.bodies("people", "own")) == 1499
    assert "3" not in hub.bodies("people", "own")


async def test_a_complete_read_shows_what_is_gone(added):
    whole = {**PEOPLE, "metadata": [], "replication_method": "FULL_TABLE"}
    hub = await added(THREE, streams=[whole])
    await hub.sync()
    hub.script(THREE.replace("range(3)", "range(2)"))
    await hub.sync()
    assert len(hub.bodies("people", "own")) == 2
    assert hub.seen()["state"] is None


async def test_a_slow_store_slows_the_tap(tmp_path):
    done = tmp_path / "done"
    script = f"""
        for n in range(60_000):
            say(type="RECORD", stream="people", record={{"id": n, "first_name": "x" * 200}})
        sys.stdout.flush()
        open({str(done)!r}, "w").close()
        """
    tap = own_tap(tmp_path, [PEOPLE], SCHEMA + textwrap.dedent(script))
    with process.private_files(tap.private, {"config.json": {}, "catalog.json": {}}) as place:
        command = [tap.command, *process.flags(config=place / "config.json", catalog=place / "catalog.json")]
        async with process.running(command, "tap-own", private=place) as run:
            lines = run.lines()
            await anext(lines)
            # Nobody takes more: reading stops at twice the buffer, the pipe is full, and the tap waits.
            async with asyncio.timeout(20):
                while run.process.stdout._transport.is_reading():  # noqa: ASYNC110 - asyncio tells nobody
                    await asyncio.sleep(0)
            assert len(run.process.stdout._buffer) < 4 * process.BUFFER
            assert not done.exists()
            pid = run.process.pid
            await lines.aclose()
    assert state_of(pid) == "gone"


async def test_cancelling_ends_the_tap_and_its_children(added, tmp_path):
    pids = tmp_path / "pids"
    hub = await added(
        f"""
        import signal, subprocess
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        open({str(pids)!r} + ".new", "w").write(f"{{os.getpid()}} {{child.pid}}")
        os.rename({str(pids)!r} + ".new", {str(pids)!r})
        time.sleep(600)
        """
    )
    process_patience, process.PATIENCE = process.PATIENCE, 0.3
    try:
        task = asyncio.create_task(hub.sync())
        while not pids.exists():  # noqa: ASYNC110 - the tap makes it
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    finally:
        process.PATIENCE = process_patience
    for pid in map(int, pids.read_text().split()):
        assert state_of(pid) in {"gone", "Z"}
    assert list(hub.tap.private.iterdir()) == []


def state_of(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    # An orphan that nobody has buried yet is as good as gone.
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()[:1] or "gone"


async def test_a_killed_run_leaves_no_config_behind(added):
    hub = await added(THREE)
    left = hub.tap.private / "999999999-x"
    left.mkdir(parents=True)
    (left / "config.json").write_text(json.dumps(CONFIG))
    await hub.sync()
    assert list(hub.tap.private.iterdir()) == []


async def test_unmapped_streams_are_not_read(added):
    other = {**PEOPLE, "tap_stream_id": "thoughts", "stream": "thoughts"}
    hub = await added(
        THREE, streams=[PEOPLE, other], mapping='[people]\nentity = "person"\n[people.fields]\nemail = "email"\n'
    )
    await hub.sync()
    marks = {s["tap_stream_id"]: s["selected"] for s in hub.seen()["catalog"]["streams"]}
    assert marks == {"people": True, "thoughts": False}


async def test_signals_are_named(added):
    hub = await added(f"os.kill(os.getpid(), {int(signal.SIGKILL)})")
    report = await hub.sync()
    assert "killed by signal 9" in report.errors["own"].why
