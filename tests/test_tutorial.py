"""The tutorial's own text, typed in by a partner word for word, gives a connector that works."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from vaiven_registry import Registry
from vaiven_sdk import Config, NotFound, ReconnectRequired, Session, Window, Write
from vaiven_sdk.http import Http
from vaiven_sdk.testing import serve
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.connections import Connection
from vaiven_sync_engine.engine import Engine
from vaiven_sync_engine.store import Database

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"
FILE = re.compile(r'^```\w+ title="(?P<name>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
FILES = {found["name"]: found["text"] for found in FILE.finditer(PAGE.read_text())}
MOST_LINES = {"vaiven_acme/connector.py": 60}
MOST_LINES_ELSEWHERE = 70


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The partner's folder, holding what the page shows and nothing else."""
    folder = tmp_path_factory.mktemp("tutorial") / "vaiven-acme"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "vaiven_acme" / "py.typed").touch()
    return folder


@pytest.fixture(scope="module")
def installed(project) -> Path:
    """What pip would install: the package's wheel, unpacked."""
    run(project, "hatchling", "build", "--target", "wheel")
    (wheel,) = (project / "dist").glob("*.whl")
    site = project.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    shutil.rmtree(project / "dist")
    return site


@pytest.fixture
def registry(installed, monkeypatch) -> Registry:
    monkeypatch.syspath_prepend(str(installed))
    yield Registry()
    for name in [name for name in sys.modules if name.partition(".")[0] == "vaiven_acme"]:
        del sys.modules[name]


@pytest.fixture
def vendor(registry):
    with serve(registry.simulator("acme")()) as server:
        yield server


def run(folder: Path, module: str, *arguments: str, **options) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def with_session(registry, vendor, work):
    async def connected():
        acme = registry.load("acme")
        async with Http(acme, Config(), vendor.simulator.credential, base_url=f"{vendor.url}/v1") as http:
            return await work(acme.streams["readers"], Session(Config(), http.send))

    return asyncio.run(connected())


def person(stream, hub_id, op="create", remote_id=None, **values):
    record, changed = stream.record.blank(values)
    return Write(op, hub_id, record, remote_id, frozenset(changed))


def call(vendor, **fields):
    answer = httpx.post(f"{vendor.url}/_sim/call", json={"action": "save", "args": fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_page_has_the_files_that_it_speaks_of():
    assert set(FILES) == {
        "pyproject.toml",
        "vaiven_acme/__init__.py",
        "vaiven_acme/connector.py",
        "vaiven_acme/simulator.py",
        "vaiven_acme/README.md",
        "vaiven_acme/logo.svg",
        "vaiven_acme/quality.toml",
        "tests/test_acme.py",
    }


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".py")])
def test_no_file_is_long(name):
    assert len(FILES[name].splitlines()) <= MOST_LINES.get(name, MOST_LINES_ELSEWHERE)


def test_the_style_is_clean(project):
    run(project, "ruff", "check", "--no-cache", ".")
    run(project, "ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.slow
def test_the_types_are_strict(project):
    run(project, "mypy", "--cache-dir", str(project.parent / "mypy"), ".")


@pytest.mark.slow
def test_the_partners_own_tests_pass(project, installed):
    out = run(project, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "tests")
    shown = re.search(r"^\d+ passed", out, re.MULTILINE)
    assert shown
    assert f"\n{shown[0]}\n" in PAGE.read_text()


@pytest.mark.slow
def test_the_kit_gives_the_level_that_the_page_shows(project, installed):
    """In a process of its own: what the kit has imported stays imported."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "vaiven_api.cli", "test", "connector", "acme", "--tests", "tests"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    shown = re.search(r"^acme 0\.1\.0: .*$", PAGE.read_text(), re.MULTILINE)
    assert shown
    assert shown[0].startswith("acme 0.1.0: silver")
    assert f"\n{shown[0]}\n" in done.stdout, done.stdout + done.stderr


def test_the_registry_finds_the_package_and_imports_it_on_use(registry):
    (entry,) = (entry for entry in registry.list() if not entry.built_in)
    assert (entry.slug, entry.distribution, entry.version) == ("acme", "vaiven-acme", "0.1.0")
    assert "vaiven_acme" not in sys.modules
    (stream,) = registry.manifest("acme").streams
    assert (stream.name, stream.entity, stream.direction) == ("readers", "person", "both")
    assert stream.incremental
    assert set(stream.writes) == {"create", "update", "delete"}
    assert f"`{stream.guarantee}`" in PAGE.read_text()
    assert registry.manifest("acme").has_simulator
    assert registry.check() == ()


def test_it_reads_everything_then_changes_then_deletions(registry, vendor):
    ids = vendor.simulator.sample("readers", 250)
    vendor.simulator.remove("readers", ids[3])

    async def work(stream, hub):
        async def read(which, since=None):
            pages = hub.walk(which, Window(hub.config, since=since))
            items = [item async for page in pages for item in page.items]
            return [stream.record.model_validate_json(bytes(item)) for item in items]

        everything = await read(stream.full)
        last = max(everything, key=lambda reader: reader.record_version)
        call(vendor, email="reader9@example.com", first_name="Ada")
        return everything, await read(stream.changes, last.record_version), await read(stream.gone)

    everything, changed, gone = with_session(registry, vendor, work)
    assert len({reader.remote_id for reader in everything}) == 249
    # Some of the sample share the newest instant, and are given once more.
    assert len(changed) < 249
    assert changed[-1].remote_id == ids[9]
    assert [reader.remote_id for reader in gone] == [ids[3]]


def test_it_writes_with_an_outcome_each_and_reads_back(registry, vendor):
    async def work(stream, hub):
        save, find = stream.writers["create"].function, stream.finder.function
        new = [
            person(stream, "1", email="ada@example.com", given_name="Ada", email_consent="granted"),
            person(stream, "2", email="nobody", email_consent="granted"),
        ]
        made = await save(hub, new)
        again = await save(hub, new[:1])
        key = made[0].id
        changed = await save(hub, [person(stream, "1", "update", key, email_consent="denied")])
        found = [await find(hub, writes) for writes in (new[:1], [person(stream, "1", "update", key)])]
        gone = await stream.writers["delete"].function(hub, [person(stream, "1", "delete", key)])
        return made, again, changed, found, gone

    made, again, changed, found, gone = with_session(registry, vendor, work)
    assert [(one.status, one.code) for one in made] == [("created", ""), ("rejected", "invalid")]
    assert again[0].id == made[0].id == changed[0].id
    assert changed[0].stored["status"] == "left"
    assert [[reader["email"] for reader in one] for one in found] == [["ada@example.com"]] * 2
    assert gone[0].status == "deleted"
    assert vendor.simulator.state() == {"readers": {}}
    assert vendor.simulator.readers.tombstone(made[0].id)["first_name"] == "Ada"


def test_account_and_refusals(registry, vendor):
    acme = registry.load("acme")

    async def whoami(_, hub):
        return await acme.hooks["account"](hub)

    assert with_session(registry, vendor, whoami).name == "Test account"

    async def absent(_, hub):
        await hub.delete("/readers/none")

    with pytest.raises(NotFound):
        with_session(registry, vendor, absent)

    async def stranger():
        async with Http(acme, Config(), {"token": "wrong"}, base_url=f"{vendor.url}/v1") as http:
            await acme.hooks["account"](Session(Config(), http.send))

    with pytest.raises(ReconnectRequired):
        asyncio.run(stranger())


@pytest.fixture
def both_ways(registry, tmp_path):
    """Two accounts of Acme and an engine that syncs them: `sync()`, and each account's readers by address."""
    kind = registry.simulator("acme")
    with serve(kind()) as north, serve(kind()) as south, Database.open(tmp_path / "vaiven.db") as database:
        engine = Engine(database, registry.load, lambda _: north.simulator.credential)
        for name, server in (("north", north), ("south", south)):
            one = Connection(name, "acme", name, {}, f"{server.url}/v1", b"-", deletes="propagate")
            database.run_now(accounts.save, engine.tenant, one, engine.now())
        call(north, email="ada@example.com", first_name="Ada")
        call(south, email="bob@example.com", first_name="Bob")
        yield (lambda **options: asyncio.run(engine.sync(**options))), north, south


def readers(server):
    """What the account shows, by address."""
    live = list(server.simulator.state()["readers"].values())
    assert len({r["email"] for r in live}) == len(live)
    return {r["email"]: (r["first_name"], r["status"]) for r in live}


PEOPLE = {"ada@example.com": ("Ada", "active"), "bob@example.com": ("Bob", "active")}
REFUSER = {"no@example.com": (None, "left")}


def test_the_engine_syncs_two_accounts_both_ways(both_ways):
    sync, north, south = both_ways
    call(south, email="no@example.com", status="left")
    planned = sync(dry_run=True).plan
    assert len(planned.writes) == 2
    assert list(readers(north)) == ["ada@example.com"]
    assert sync(approve=planned.digest).status == "ok"
    assert readers(north) == PEOPLE
    assert readers(south) == PEOPLE | REFUSER

    call(south, email="ada@example.com", first_name="Augusta Ada")
    call(north, email="bob@example.com", status="left")
    assert sync().writes == 2
    changed = {"ada@example.com": ("Augusta Ada", "active"), "bob@example.com": ("Bob", "left")}
    assert readers(north) == changed
    assert readers(south) == changed | REFUSER
    assert sync().writes == 0


def test_the_engine_settles_a_write_whose_answer_was_lost(both_ways):
    sync, north, south = both_ways
    sync(approve="any")
    fault = {"kind": "lose_answer", "method": "POST", "path": "batch"}
    assert httpx.post(f"{north.url}/_sim/faults", json=fault).status_code == 200
    call(south, email="ada@example.com", first_name="Augusta Ada")
    assert sync().status == "ok"
    changed = PEOPLE | {"ada@example.com": ("Augusta Ada", "active")}
    assert readers(north) == readers(south) == changed


def test_the_engine_carries_a_deletion_over(both_ways):
    sync, north, south = both_ways
    sync(approve="any")
    south.simulator.remove("readers", south.simulator.readers.by("email", "bob@example.com")["id"])
    assert sync().status == "ok"
    assert list(readers(north)) == list(readers(south)) == ["ada@example.com"]
