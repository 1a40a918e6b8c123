"""Write the index of the built-in connectors, or with `--check` fail when it is out of date."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from vaiven_registry.describe import describe
from vaiven_registry.manifest import Manifest
from vaiven_registry.registry import BUILT_IN, INDEX
from vaiven_sdk import Connector


def folder() -> Path:
    """Where the built-in connectors are.

    Raises:
        ModuleNotFoundError: they are not installed.
    """
    spec = find_spec(BUILT_IN)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{BUILT_IN} is not installed")
    return Path(spec.submodule_search_locations[0])


def build() -> list[Manifest]:
    """Import every built-in connector and describe it.

    Raises:
        Exception: whatever a connector's import raises, a folder without `connector.py` included: a built-in one
            must not be broken.
        TypeError: its module holds no connector of the folder's name.
    """
    manifests = []
    packages = (path.parent for path in folder().glob("*/__init__.py"))
    for package in sorted(packages, key=lambda path: path.name):
        slug = package.name
        if slug.startswith("_"):
            continue
        name = f"{BUILT_IN}.{slug}.connector"
        module = import_module(name)
        attribute = _attribute(vars(module), slug)
        if attribute is None:
            raise TypeError(f"{name} holds no Connector with the slug {slug!r}")
        manifests.append(describe(vars(module)[attribute], name, attribute))
    return manifests


def render(manifests: list[Manifest]) -> bytes:
    """The index file's content: the same manifests always give the same bytes."""
    return msgspec.json.format(msgspec.json.encode(manifests), indent=1) + b"\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the index; with `--check` write nothing, and give 1 when it is out of date."""
    given = sys.argv[1:] if arguments is None else arguments
    manifests = build()
    path, content = folder() / INDEX, render(manifests)
    current = path.is_file() and path.read_bytes() == content
    if "--check" in given:
        if not current:
            sys.stderr.write(f"{path.name} is out of date: make generate\n")
        return 0 if current else 1
    if not current:
        path.write_bytes(content)
    sys.stdout.write(f"{path.name}: {len(manifests)} connectors\n")
    return 0


def _attribute(names: dict[str, Any], slug: str) -> str | None:
    """Name of the connector in its module: its slug by custom, else the first that is one."""
    found = [name for name, value in names.items() if isinstance(value, Connector) and value.slug == slug]
    return slug if slug in found else next(iter(found), None)


if __name__ == "__main__":
    sys.exit(main())
