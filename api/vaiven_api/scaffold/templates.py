"""The fixed parts of what is written; `$name` is filled in by `string.Template`."""

CONNECTOR = '''"""$name: a draft. Check it against the vendor's documentation, list by list."""

$imports
$config
$connector
$records

$streams


@$slug.account
async def account(hub: Session[$settings]) -> Account:
    """The connection test: a wrong credential is refused here. Give the account's own id where the vendor tells it."""
$account
    return Account("")
'''

SIMULATOR = '''"""A stand-in for $name: it knows what the draft knows, and no quirks yet."""

$random
from typing import Any

$imports
$ids
$inner

class $cls(Vendor):
    """The drafted lists, each in a table; add the vendor's limits, lag and errors here."""

    slug = "$slug"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.access = $access
        self.pages: dict[str, Pages] = {}
$tables
$pages
$config
    def envelope(self, refusal: Refusal) -> Any:
        """How this vendor says no."""
        return {"code": refusal.code, "message": refusal.message}

$paths


def _shown(entry: Entry) -> dict[str, Any]:
    """A row as the vendor's JSON: its columns are named by their paths."""
    shown: dict[str, Any] = {}
    for path, value in entry.row.items():
        *parents, last = path.split(".")
        node = shown
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return shown


$fakes
simulator = $cls
'''

TESTS = '''"""$name: every list is read to its end, and the cassettes are read as they say."""

import asyncio
from pathlib import Path

import pytest
from vaiven_sdk import Session, Window
from vaiven_sdk.http import Http
from vaiven_sdk.testing import serve
from vaiven_sdk.testing.cassette import Cassette
from vaiven_$slug import connector as module
from vaiven_$slug.connector import $slug
from vaiven_$slug.simulator import $cls

CASSETTES = sorted((Path(module.__file__).parent / "cassettes").glob("*.json"))
BASE = "$base"


@pytest.mark.parametrize("name", [*$slug.streams])
def test_every_record_is_read_once(name: str) -> None:
    vendor = $cls()
    vendor.page_cap = 3
    made = vendor.sample(name, 7)
    stream = $slug.streams[name]
    config = $slug.config.model_validate(vendor.config)

    async def read() -> list[str]:
        assert stream.full
        key = stream.record.__wires__[stream.record.__key__[-1]].path or stream.record.__key__
        with serve(vendor) as server:
            async with Http($slug, config, vendor.credential, base_url=server.url + BASE) as http:
                pages = Session(config, http.send).walk(stream.full, Window(config), key=key)
                items = [bytes(item) async for page in pages for item in page.items]
        return [stream.record.model_validate_json(item).remote_id for item in items]

    assert sorted(set(asyncio.run(read()))) == sorted(made)


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_cassette(path: Path) -> None:
    assert asyncio.run(Cassette.load(path).check($slug)) == []


def test_every_stream_has_a_cassette() -> None:
    assert {path.stem for path in CASSETTES} == {*$slug.streams}
'''

ROWS = '''"""Made-up rows of $name for its simulator."""

from random import Random
from typing import Any

$fakes'''

PYPROJECT = """[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "vaiven-$dist"
version = "0.1.0"
description = "$name for Vaiven."
readme = "vaiven_$slug/README.md"
requires-python = ">=3.11"
dependencies = ["vaiven-sdk[testing]"]

[project.entry-points."vaiven.connectors"]
$slug = "vaiven_$slug.connector:$slug"

[tool.hatch.build]
exclude = [".salt"]

[tool.hatch.build.targets.wheel]
packages = ["vaiven_$slug"]

[tool.mypy]
strict = true

[tool.ruff]
line-length = 120
lint.select = ["A", "ARG", "ASYNC", "B", "E", "F", "I", "N", "PERF", "RET", "SIM", "UP", "W"]
lint.isort.known-first-party = ["vaiven_$slug"]
"""

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="$letter">'
    '<rect width="64" height="64" rx="14" fill="#3d4a66"/><text x="32" y="44" font-family="system-ui,sans-serif"'
    ' font-size="34" font-weight="600" text-anchor="middle" fill="#fff">$letter</text></svg>\n'
)

QUALITY = """# What people say of this connector; its level is measured by `vaiven test connector $slug`.
owner = ""
support = "partner"
lifecycle = "preview"
"""

README = """# $name

A draft made by `vaiven new connector $slug` on $on. It reads the lists below and writes nothing yet. Before anybody
relies on it, check each list against the vendor's documentation, and put the vendor's limits and errors in.

| stream | becomes | read from | paged by |
| --- | --- | --- | --- |
$streams

## Connecting

$ways
$settings

## Limits

None declared yet: put `limits=[Limit(...)]` with its source into the connector.

## Mapping

$maybe

## Not drafted

$undone

## Troubleshooting

`vaiven test connector $slug` says what is missing, rule by rule.

## Sources

- $source, read $on.
"""
