"""The rules of the house that no other tool holds."""

import ast
import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "sdk/vaiven_sdk",
    "connectors/vaiven_connectors",
    "registry/vaiven_registry",
    "sync_engine/vaiven_sync_engine",
    "api/vaiven_api",
)
PROJECTS = ("pyproject.toml", "sdk/pyproject.toml", "connectors/pyproject.toml")

MAX_LINES = 400
MAX_TEST_LINES = 600  # the tests of one module stay together, with their set-up
# A longer module is listed here with the reason why it is still one noun.
LONG_MODULES: dict[str, str] = {}

# The classes of one letter keep these patterns from finding themselves.
INDEX_HOSTS = re.compile(r"p[y]pi\.org|python[h]osted\.org|npm[j]s\.(?:org|com)|file:[/]//")
MACHINE_PATHS = re.compile(r"(?<![\w./:}-])/(?:work|root|opt|home|Users|mnt|private)/\w")
LOCKED = re.compile(r"^([\w.-]+)==([^ ;]+)", re.MULTILINE)


def tracked(*patterns: str) -> list[str]:
    """Paths of the files that git tracks or would track, relative to the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({path for path in listing.split("\0") if path and (ROOT / path).is_file()})


def modules() -> list[str]:
    return tracked(*(f"{package}/*.py" for package in PACKAGES))


def is_public(path: str) -> bool:
    names = Path(path).with_suffix("").parts
    return all(not name.startswith("_") or name == "__init__" for name in names)


def project(path: str) -> dict[str, object]:
    return tomllib.loads((ROOT / path).read_text())["project"]


def pages(entries: object) -> set[str]:
    """The pages that a navigation names, at any depth."""
    match entries:
        case str():
            return {entries}
        case dict():
            return set().union(*(pages(entry) for entry in entries.values()))
        case list():
            return set().union(*(pages(entry) for entry in entries))
    raise TypeError(entries)


def test_modules_are_short():
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in tracked("*.py")}
    long = {p for p, lines in lengths.items() if lines > (MAX_TEST_LINES if p.startswith("tests/") else MAX_LINES)}
    unlisted, stale = sorted(long - set(LONG_MODULES)), sorted(set(LONG_MODULES) - long)
    assert not unlisted, f"over {MAX_LINES} lines: split by noun, or list with the reason: {unlisted}"
    assert not stale, f"in LONG_MODULES, but no longer long: {stale}"
    assert all(LONG_MODULES.values())


def test_public_modules_say_what_they_are_for():
    silent = []
    for path in filter(is_public, modules()):
        docstring = ast.get_docstring(ast.parse((ROOT / path).read_text())) or ""
        if len(docstring.split()) < 3:
            silent.append(path)
    assert not silent, f"a public module opens with a sentence: {silent}"


def test_files_belong_to_no_machine():
    hits = []
    for path in tracked():
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if found := INDEX_HOSTS.search(line) or MACHINE_PATHS.search(line):
                hits.append(f"{path}:{number}: {found[0]}")
    assert not hits, f"a package index or a path of one machine: {hits}"


def test_distributions_share_a_version():
    versions = {path: project(path)["version"] for path in PROJECTS}
    assert len(set(versions.values())) == 1, versions


def test_changelog_knows_the_version():
    version = project("pyproject.toml")["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in changelog or f"## [{version}]" in changelog


@pytest.mark.parametrize("path", PROJECTS)
def test_lock_file_meets_the_dependencies(path: str):
    locked: dict[str, set[str]] = {}
    for name, version in LOCKED.findall((ROOT / "requirements.lock").read_text()):
        locked.setdefault(canonicalize_name(name), set()).add(version)
    table = project(path)
    wanted = [*table["dependencies"], *chain(*table.get("optional-dependencies", {}).values())]
    for requirement in map(Requirement, wanted):
        if requirement.name.startswith("vaiven-"):
            continue
        versions = locked.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement} is not in requirements.lock: make lock"
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_navigation_and_pages_agree():
    named = pages(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"])
    present = {path.removeprefix("docs/") for path in tracked("docs/*.md")}
    unnamed, absent = sorted(present - named), sorted(named - present)
    assert not unnamed, f"pages that nobody can find: add them to nav in zensical.toml: {unnamed}"
    assert not absent, f"nav in zensical.toml names pages that do not exist: {absent}"
