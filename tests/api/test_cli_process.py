"""Real processes: the simulator's life, signals, pipes."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

import httpx
import pytest

from vaiven_api.cli import exits

VAIVEN = [sys.executable, "-m", "vaiven_api.cli"]


@pytest.fixture
def sim():
    """A HubSpot simulator in a process of its own."""
    process = subprocess.Popen(
        [*VAIVEN, "sim", "hubspot", "--json", "--with-parent", "--seed", "3", "--quirk", "burst_limit=0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    about = json.loads(process.stdout.readline())
    yield process, about
    process.stdin.close()
    process.kill()
    process.wait(10)
    process.stdout.close()


def vaiven(folder, *arguments, **env):
    return subprocess.run(
        [*VAIVEN, *arguments], cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


def connect(folder, about):
    done = vaiven(
        folder, "connect", "hubspot", "--base-url", about["base_url"], "--stream", "contacts",
        "--credential", "access_token=SIM_TOKEN", SIM_TOKEN=about["credential"]["access_token"],
    )  # fmt: skip
    assert done.returncode == exits.OK, done.stderr


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT, None], ids=["term", "int", "parent"])
def test_sim_says_how_to_connect_and_stops_cleanly(sim, stop):
    process, about = sim
    assert set(about) == {"slug", "url", "base_url", "credential", "config", "pid"}
    assert about["pid"] == process.pid
    assert "contacts" in httpx.get(f"{about['url']}/_sim/state").json()
    if stop is None:
        process.stdin.close()
    else:
        process.send_signal(stop)
    assert process.wait(10) == exits.OK


def test_sim_refuses_an_unknown_quirk(tmp_path):
    done = vaiven(tmp_path, "sim", "hubspot", "--quirk", "nonsense=1")
    assert done.returncode == exits.USAGE
    assert "search_lag" in done.stderr


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_an_interrupted_sync_is_marked_and_the_next_one_goes_on(sim, tmp_path, stop):
    _, about = sim
    connect(tmp_path, about)
    seed = {"object_type": "contacts", "records": [{"email": "ana@example.com"}]}
    httpx.post(f"{about['url']}/_sim/call", json={"action": "seed", "args": seed}).raise_for_status()
    slow = {"kind": "slow", "seconds": 60, "path": "contacts"}
    httpx.post(f"{about['url']}/_sim/faults", json=slow).raise_for_status()
    process = subprocess.Popen(
        [*VAIVEN, "sync", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    # The run's row is written before the first request.
    until = time.monotonic() + 20
    while not runs(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(stop)
    asked = time.monotonic()
    out, _ = process.communicate(timeout=15)
    assert time.monotonic() - asked < 5
    assert process.returncode == exits.INTERRUPTED
    ((run, status),) = runs(tmp_path)
    assert status == "interrupted"
    assert json.loads(out)["error"]["reference"] == run
    httpx.delete(f"{about['url']}/_sim/faults")
    done = vaiven(tmp_path, "sync", "--json")
    assert done.returncode == exits.OK, done.stderr
    assert json.loads(done.stdout)["pulled"] == 1


def test_a_closed_pipe_is_no_error(sim, tmp_path):
    _, about = sim
    connect(tmp_path, about)
    records = [{"email": f"person{n}@example.com"} for n in range(1500)]
    seed = {"object_type": "contacts", "records": records}
    httpx.post(f"{about['url']}/_sim/call", json={"action": "seed", "args": seed}, timeout=30).raise_for_status()
    assert vaiven(tmp_path, "plan", "--json").returncode == exits.OK
    shell = f"{' '.join(VAIVEN)} people --limit 1500 | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (exits.OK, "")


def runs(folder):
    store = folder / "vaiven.db"
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT id, status FROM run").fetchall()


def test_a_secret_is_asked_for_without_echo(sim, tmp_path):
    _, about = sim
    (token,) = about["credential"].values()
    main, end = os.openpty()
    process = subprocess.Popen(
        [*VAIVEN, "connect", "hubspot", "--base-url", about["base_url"]],
        cwd=tmp_path, stdin=end, stdout=end, stderr=end, start_new_session=True,
    )  # fmt: skip
    os.close(end)
    seen = b""
    # Linux reports the closed other end of a terminal as an error.
    with suppress(OSError):
        while b"HubSpot token:" not in seen:
            seen += os.read(main, 1024)
        os.write(main, f"{token}\n".encode())
        while chunk := os.read(main, 1024):
            seen += chunk
    os.close(main)
    assert process.wait(20) == exits.OK, seen
    assert b"Connected hubspot" in seen
    assert token.encode() not in seen
