"""What is written works at once: it imports, type-checks, passes its own tests, installs, and can move in."""

import compileall
import copy
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.api.scaffold.conftest import OPENAPI_31
from tests.support.openapi import document
from vaiven_api.kit.files import keys
from vaiven_api.scaffold import FolderTaken, empty, from_api, parse, write
from vaiven_registry import Registry
from vaiven_sdk.testing.cassette import Cassette

VENDORS = "asana brevo_v5 front intercom keap klaviyo mailchimp mollie pipedrive square stripe zendesk".split()
ROOT = Path(__file__).parents[3]


def python(*arguments, folders=(), cwd=None):
    path = os.pathsep.join(str(one.folder) for one in folders)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "MYPYPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def prove(folders, cache):
    """Their own tests in one run, their types in another, their style in a third."""
    tests = [str(one.folder / "tests") for one in folders]
    quiet = ("-p", "no:cacheprovider", "-W", "error", "-W", "ignore::pytest.PytestDeprecationWarning")
    python("-m", "pytest", "-q", "-c", os.devnull, *quiet, "--import-mode=importlib", *tests, folders=folders)
    packages = [argument for one in folders for argument in ("-p", one.package.name)]
    checked = ["--strict", "--cache-dir", str(cache), "--config-file", os.devnull]
    python("-m", "mypy", *checked, *packages, folders=folders, cwd=cache)
    for one in folders:
        style = ("--no-cache", "--config", str(one.folder / "pyproject.toml"), str(one.folder))
        python("-m", "ruff", "check", "-q", *style)
        python("-m", "ruff", "format", "--check", *style)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_drafts_of_three_notations_and_of_nothing_work(folders, tmp_path):
    blank = [
        write(empty(f"blank_{auth}", "Blank", "crm", auth), tmp_path)
        for auth in ("bearer", "basic", "api_key", "oauth2")
    ]
    prove([*folders.values(), *blank], tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_drafts_of_real_descriptions_work(tmp_path):
    written = []
    for vendor in VENDORS:
        draft = from_api(parse(document(vendor)), vendor, "", "", "", source=vendor, most=4)
        assert draft.collections[0].source != "a placeholder", vendor
        written.append(write(draft, tmp_path))
    prove(written, tmp_path)


def test_every_file_of_a_connector_is_there(folders):
    one = folders["newcrm"]
    assert {"pyproject.toml", "tests/test_newcrm.py"} <= set(one.files)
    inside = {name.removeprefix("vaiven_newcrm/") for name in one.files}
    wanted = "__init__.py connector.py simulator.py README.md logo.svg quality.toml strings/en.json"
    assert {*wanted.split(), "cassettes/people.json", "cassettes/companies.json"} <= inside
    assert all((one.folder / name).is_file() for name in one.files)
    cassette = Cassette.load(one.package / "cassettes" / "people.json")
    assert cassette.origin == "documented"
    assert "values made up" in cassette.source
    readme = (one.package / "README.md").read_text()
    assert "## Sources" in readme
    assert "`mobile` (str) may be `phone`" in readme
    assert "`GET /weather`: no entity" in readme


def test_a_folder_that_is_there_is_not_touched(folders, drafts):
    before = (folders["newcrm"].folder / "pyproject.toml").read_text()
    with pytest.raises(FolderTaken):
        write(drafts["newcrm"], folders["newcrm"].folder.parent)
    assert (folders["newcrm"].folder / "pyproject.toml").read_text() == before


def test_a_hostile_description_stays_text(tmp_path):
    hostile = copy.deepcopy(OPENAPI_31)
    evil = '"""\nraise SystemExit("x")\n"'
    hostile["info"]["title"] += evil
    hostile["servers"][0]["variables"]["region"]["description"] += evil
    listing = hostile["paths"]["/people"]["get"]
    listing["operationId"] += evil
    listing["parameters"][2]["name"] += evil
    listing["parameters"].append({"name": f"must{evil}", "in": "query", "required": True, "schema": {"default": "x"}})
    hostile["paths"]['/people"+evil+"'] = copy.deepcopy(hostile["paths"]["/people"])
    person = hostile["components"]["schemas"]["Person"]["properties"]
    person['x"; raise SystemExit("x"); "'] = {"type": "string"}
    person["kind"] = {"type": "string", "enum": ['"""\nraise SystemExit("x")']}
    one = write(from_api(parse(hostile), "evil", "", "", "", source="evil", most=5), tmp_path)
    assert compileall.compile_dir(str(one.package), quiet=1)
    for file in one.package.glob("*.py"):
        assert not any(line.startswith("raise") for line in file.read_text().splitlines())


@pytest.fixture(scope="module")
def site(folders, tmp_path_factory):
    """The wheel of one draft, installed into a folder of its own."""
    one = folders["newcrm"]
    copied = tmp_path_factory.mktemp("build") / one.folder.name
    shutil.copytree(one.folder, copied)
    python("-m", "hatchling", "build", "--target", "wheel", cwd=copied)
    (wheel,) = (copied / "dist").glob("*.whl")
    target = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_it_installs_as_a_wheel_of_its_own(site, monkeypatch):
    monkeypatch.syspath_prepend(str(site))
    registry = Registry()
    entry = next(one for one in registry.list() if one.slug == "newcrm")
    assert (entry.distribution, entry.built_in) == ("vaiven-newcrm", False)
    connector = registry.load("newcrm")
    assert [*connector.streams] == ["people", "companies"]
    assert registry.simulator("newcrm")().slug == "newcrm"
    package = site / "vaiven_newcrm"
    assert json.loads((package / "strings" / "en.json").read_text()).keys() == keys(connector)
    assert (package / "cassettes" / "people.json").is_file()
    for name in [name for name in sys.modules if name.startswith("vaiven_newcrm")]:
        del sys.modules[name]


def test_it_moves_into_the_repository_as_it_is(folders, tmp_path):
    """`git mv vaiven_newcrm connectors/vaiven_connectors/newcrm`, and the index knows it."""
    built_in = tmp_path / "vaiven_connectors"
    shutil.copytree(ROOT / "connectors" / "vaiven_connectors", built_in, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(folders["newcrm"].package, built_in / "newcrm", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "vaiven_registry.index"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    index = json.loads((built_in / "_index.json").read_text())
    assert "vaiven_connectors.newcrm.connector" in {one["module"] for one in index}


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_it_is_bronze_at_once(site):
    done = subprocess.run(
        [sys.executable, "-m", "vaiven_api.cli", "test", "connector", "newcrm", "--json"],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    certificate = json.loads(done.stdout)
    missed = [one for one in certificate["rules"] if one["result"] == "missed" and one["level"] == "bronze"]
    assert (certificate["level"], missed) == ("bronze", [])
