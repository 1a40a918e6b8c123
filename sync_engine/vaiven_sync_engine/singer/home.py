"""Where added taps live: a folder each, with its virtualenv, its catalogue and its mapping."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.errors import CustomerError
from vaiven_sync_engine.singer import install as installer
from vaiven_sync_engine.singer.catalog import Entry, discover, entries
from vaiven_sync_engine.singer.errors import TapNotInstalled, UnknownTap
from vaiven_sync_engine.singer.mapping import FILE, StreamMap, parse
from vaiven_sync_engine.singer.suggest import render, suggest
from vaiven_sync_engine.times import now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


class TapFacts(msgspec.Struct, kw_only=True):
    """What is known of an added tap; `tap.json`.

    Args:
        name: of the tap here, also of its connector.
        package: what was asked for.
        specs: what was installed, as pip takes it.
        executable: its command.
        versions: by package its version and the SHA-256 of its file list.
        added_at: when.
    """

    name: str
    package: str
    specs: list[str]
    executable: str
    versions: dict[str, tuple[str, str]]
    added_at: str

    @property
    def version(self) -> str:
        """Of the tap itself."""
        wanted = re.sub(r"[-_.]+", "-", self.package).lower()
        found = {re.sub(r"[-_.]+", "-", name).lower(): one[0] for name, one in self.versions.items()}
        return found.get(wanted, "")


@dataclass(frozen=True)
class Tap:
    """One added tap.

    Args:
        folder: where it lives.
    """

    folder: Path

    @cached_property
    def facts(self) -> TapFacts:
        """What is known of it.

        Raises:
            TapNotInstalled: its files are damaged.
        """
        try:
            return msgspec.json.decode((self.folder / "tap.json").read_bytes(), type=TapFacts)
        except (OSError, msgspec.DecodeError) as problem:
            raise TapNotInstalled(f"The tap in {self.folder} is damaged.", why=type(problem).__name__) from None

    @property
    def command(self) -> str:
        """Path of its executable."""
        return str((self.folder / "venv" / "bin" / self.facts.executable).absolute())

    @property
    def private(self) -> Path:
        """For the files of its runs."""
        return self.folder / "run"

    @property
    def catalog(self) -> dict[str, Any] | None:
        """The catalogue as it was last discovered; None before."""
        path = self.folder / "catalog.json"
        return msgspec.json.decode(path.read_bytes()) if path.exists() else None

    @property
    def entries(self) -> dict[str, Entry]:
        """The catalogue's streams by id; none before it was discovered."""
        return entries(self.catalog or {"streams": []})

    @property
    def mapping_path(self) -> Path:
        """The file that people edit."""
        return self.folder / FILE

    def mapping(self) -> dict[str, StreamMap]:
        """What its streams become; empty before the catalogue is known.

        Raises:
            MappingInvalid: the file has a mistake.
        """
        if not self.mapping_path.exists():
            return {}
        return parse(self.mapping_path.read_text("utf-8"), self.entries, str(self.mapping_path))

    async def discover(self, config: Mapping[str, Any]) -> dict[str, Entry]:
        """Ask the tap for its catalogue, keep it, and suggest a mapping where there is none.

        Raises:
            TapFailed: the tap ended with an error: its settings, most likely.
        """
        found = await discover(self.command, self.facts.executable, config, self.private)
        (self.folder / "catalog.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))
        if not self.mapping_path.exists():
            self.suggest()
        return self.entries

    def suggest(self) -> None:
        """Write the suggested mapping, over the one that is there."""
        known = self.entries
        text = render([suggest(one) for one in known.values()], known, self.facts.executable)
        self.mapping_path.write_text(text, "utf-8")


@dataclass(frozen=True)
class Taps:
    """The added taps of one store.

    Args:
        folder: `singer/` beside the store.
    """

    folder: Path

    @classmethod
    def beside(cls, store: Path) -> Taps:
        """Those of the store at this path."""
        return cls(store.absolute().parent / "singer")

    def all(self) -> dict[str, Tap]:
        """By name."""
        return {path.parent.name: Tap(path.parent) for path in sorted(self.folder.glob("*/tap.json"))}

    def get(self, name: str) -> Tap:
        """One of them.

        Raises:
            UnknownTap: there is none of this name.
        """
        found = self.all()
        if name not in found:
            raise UnknownTap(f"There is no tap {name!r}.", why=f"there are {', '.join(found) or 'none'}")
        return found[name]

    def add(self, package: str, *, specs: Sequence[str] = (), name: str = "", python: str | None = None) -> Tap:
        """Install a tap from a package index into a virtualenv of its own.

        Args:
            package: as in `tap-csv`.
            specs: what pip is to install instead of it.
            name: what to call it here; the package's name with `_` for `-` when left out.
            python: interpreter for it.

        Raises:
            TapNotInstalled: it cannot be installed, or brings no command.
            CustomerError: the name is no name, or is taken.
        """
        title = name or re.sub(r"\W", "_", package.lower())
        if not _NAME.fullmatch(title):
            raise CustomerError(f"{title!r} is no name for a tap.", remedy="Use a-z, 0-9 and _: --name crm_contacts.")
        folder = self.folder / title
        if folder.exists():
            raise CustomerError(
                f"There is a tap {title!r} already.",
                remedy=f"Give another --name, or take it away first: vaiven singer remove {title}.",
            )
        wanted = list(specs) or [package]
        folder.mkdir(parents=True, mode=0o700)
        try:
            installer.install(folder / "venv", wanted, python)
            facts = TapFacts(
                name=title,
                package=package,
                specs=wanted,
                executable=installer.executable(folder / "venv", package),
                versions=installer.inventory(folder / "venv"),
                added_at=now(),
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        (folder / "tap.json").write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1))
        return Tap(folder)

    def remove(self, name: str) -> None:
        """Delete a tap's folder.

        Raises:
            UnknownTap: there is none of this name.
        """
        shutil.rmtree(self.get(name).folder)
