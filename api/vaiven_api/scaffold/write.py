"""Writes a draft as a folder: a wheel project whose inner package can also be moved into the repository."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Template
from typing import TYPE_CHECKING, Any

from vaiven_api.scaffold import templates
from vaiven_api.scaffold.code import class_name, modules
from vaiven_sdk.errors import CustomerError

if TYPE_CHECKING:
    from pathlib import Path

    from vaiven_api.scaffold.draft import Collection, Draft

_LISTED = 40
"""Lines of what was not drafted that the README shows of one kind; the report has all of them."""


class FolderTaken(CustomerError):
    """The folder is there already, and may hold somebody's work."""

    code = "folder_taken"
    remedy = "Choose another --dir, or move the folder away first."


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Args:
        folder: the wheel project.
        package: the inner package's folder.
        files: relative to `folder`.
    """

    folder: Path
    package: Path
    files: tuple[str, ...]


def write(draft: Draft, into: Path) -> Written:
    """Write the folder `vaiven-<slug>` into `into`.

    Raises:
        FolderTaken: it is there already.
    """
    folder = into / f"vaiven-{draft.slug.replace('_', '-')}"
    if folder.exists():
        raise FolderTaken(f"{folder} is there already.")
    package = f"vaiven_{draft.slug}"
    on = datetime.now(UTC).date().isoformat()
    files = {f"{package}/{name}": text for name, text in modules(draft).items()}
    base = re.sub(r"{[^}]*}", "x", re.sub(r"^https://[^/]*", "", draft.base_url))
    filled = {
        "name": draft.name,
        "slug": draft.slug,
        "dist": draft.slug.replace("_", "-"),
        "cls": class_name(draft),
        "base": base,
        "on": on,
        "letter": next((char.upper() for char in draft.name if char.isalnum()), "V"),
    }
    files |= {
        "pyproject.toml": Template(templates.PYPROJECT).substitute(filled),
        f"tests/test_{draft.slug}.py": Template(templates.TESTS).substitute(filled),
        f"{package}/logo.svg": Template(templates.LOGO).substitute(filled),
        f"{package}/quality.toml": Template(templates.QUALITY).substitute(filled),
        f"{package}/strings/en.json": json.dumps(_strings(draft), indent=2, ensure_ascii=False) + "\n",
        f"{package}/README.md": _readme(draft, filled),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _format(folder)
    cassettes = _cassettes(draft, folder / package, on)
    return Written(folder, folder / package, tuple(sorted([*files, *cassettes])))


def _strings(draft: Draft) -> dict[str, str]:
    found = {f"stream.{one.stream}.title": one.stream.replace("_", " ").capitalize() for one in draft.collections}
    for name in dict.fromkeys(field for way in draft.ways for field in way.fields):
        title = name.replace("_", " ").replace("api", "API").capitalize().replace("Api", "API")
        found |= {
            f"credential.{name}.title": title,
            f"credential.{name}.help": f"Made in the settings of {draft.name}.",
        }
    for one in draft.settings:
        found |= {f"config.{one.name}.title": one.title, f"config.{one.name}.help": one.help}
    return dict(sorted(found.items()))


def _readme(draft: Draft, filled: dict[str, str]) -> str:
    streams = [
        f"| `{one.stream}` | {one.entity} | `{one.source}` | {one.page.evidence.replace('|', '/')} |"
        for one in draft.collections
    ]
    ways = [
        f"- {way.name}, takes {', '.join(f'`{name}`' for name in way.fields)} (from {way.evidence})."
        for way in draft.ways
    ]
    settings = [f"- `{one.name}`: {one.help}" for one in draft.settings]
    left = [f"{one.stream}: {line}" for one in draft.collections for line in one.left_out]
    return Template(templates.README).substitute(
        filled,
        streams="\n".join(streams),
        ways="\n".join(ways),
        settings="\n".join(settings),
        maybe="\n".join(_mapping(draft)),
        undone="\n".join(_listed([*draft.undone, *left])) or "Nothing that the description has was left out.",
        source=draft.source,
    )


def _mapping(draft: Draft) -> list[str]:
    found = [_mapped(one) for one in draft.collections]
    open_ = [f"{one.stream}: {line}" for one in draft.collections for line in one.maybe]
    if open_:
        found += ["", "To be decided by somebody who knows the vendor:", "", *_listed(open_)]
    return found


def _mapped(one: Collection) -> str:
    names = [f"`{field.name}` to `{field.to}`" for field in one.fields if field.to]
    cursor = f"versioned by `{one.cursor}`" if one.cursor else "without a version, so read whole each time"
    return f"- `{one.stream}`: {', '.join(names) or 'nothing is mapped yet'}; {cursor}."


def _listed(lines: list[str]) -> list[str]:
    shown = [f"- {line}" for line in lines[:_LISTED]]
    return [*shown, *([f"- and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else [])]


def _format(folder: Path) -> None:
    """Let ruff have the last word on layout, where it is installed."""
    import subprocess  # noqa: PLC0415 - ruff is a program
    import sys  # noqa: PLC0415
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("ruff") is None:
        return
    for command in (["check", "--select", "I,F401", "--fix"], ["format"]):
        subprocess.run(  # noqa: S603 - our own interpreter and a folder that we have just made
            [sys.executable, "-m", "ruff", *command, "-q", "--config", str(folder / "pyproject.toml"), str(folder)],
            check=False,
            capture_output=True,
        )


def _cassettes(draft: Draft, package: Path, on: str) -> list[str]:
    """One cassette for each stream, of the simulator's made-up records: its shapes are those of the source."""
    import asyncio  # noqa: PLC0415

    from vaiven_sdk.testing import serve  # noqa: PLC0415 - a web server
    from vaiven_sdk.testing.cassette import document_stream  # noqa: PLC0415

    with _imported(package) as (connector, kind):
        names = []
        (package / "cassettes").mkdir(exist_ok=True)
        for name, stream in connector.streams.items():
            vendor = kind()
            vendor.sample(name, 2)
            base = re.sub(r"{[^}]*}", "x", re.sub(r"^https://[^/]*", "", connector.base_url))
            with serve(vendor) as server:
                cassette = asyncio.run(
                    document_stream(
                        connector,
                        stream,
                        connector.config.model_validate(vendor.config),
                        vendor.credential,
                        on=on,
                        source=f"drafted, values made up; shapes from {draft.source}",
                        base_url=server.url + base,
                    )
                )
            cassette.save(package / "cassettes" / f"{name}.json")
            names.append(f"{package.name}/cassettes/{name}.json")
    return names


class _imported:  # noqa: N801 - used as a function
    """The package's connector and simulator, imported from where they lie, and forgotten again."""

    def __init__(self, package: Path) -> None:
        self._package = package
        self._name = f"_vaiven_draft_{package.name}"

    def __enter__(self) -> tuple[Any, Any]:
        import sys  # noqa: PLC0415
        from importlib import import_module, util  # noqa: PLC0415

        place = self._package / "__init__.py"
        spec = util.spec_from_file_location(self._name, place, submodule_search_locations=[str(self._package)])
        if spec is None or spec.loader is None:
            raise ImportError(f"{place} cannot be imported")
        module = util.module_from_spec(spec)
        sys.modules[self._name] = module
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            spec.loader.exec_module(module)
            slug = self._package.name.removeprefix("vaiven_")
            connector = getattr(import_module(f"{self._name}.connector"), slug)
            return connector, import_module(f"{self._name}.simulator").simulator
        finally:
            sys.dont_write_bytecode = before

    def __exit__(self, *_: object) -> None:
        import sys  # noqa: PLC0415

        for name in [name for name in sys.modules if name.partition(".")[0] == self._name]:
            del sys.modules[name]
