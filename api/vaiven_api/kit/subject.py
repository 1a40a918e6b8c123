"""The connector under test: its declaration, its folder, its simulator and what was written about it by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vaiven_registry import quality

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vaiven_registry import Registry
    from vaiven_sdk import Connector
    from vaiven_sdk.testing import Simulator


class NotNeeded(Exception):
    """A check finds nothing that its rule speaks of."""


@dataclass(eq=False)
class Subject:
    """What is measured.

    Args:
        connector: loaded.
        folder: where its files are; None for a lone module, which then misses every rule about files.
        simulator: the class of its vendor's simulator; None when there is none.
        broken: why the simulator cannot be had.
    """

    connector: Connector[Any]
    folder: Path | None
    simulator: type[Simulator] | None
    broken: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    """What a check leaves for the certificate."""

    @classmethod
    def of(cls, slug: str, registry: Registry) -> Subject:
        """The installed connector of that name.

        Raises:
            UnknownConnector: there is none.
            ConnectorBroken: it cannot be loaded.
        """
        from vaiven_registry import NoSimulator  # noqa: PLC0415 - the errors load the SDK

        connector, folder = registry.load(slug), registry.folder(slug)
        try:
            return cls(connector, folder, registry.simulator(slug))
        except NoSimulator as problem:
            return cls(connector, folder, None, str(problem))

    @property
    def slug(self) -> str:
        """The connector's name."""
        return self.connector.slug

    @cached_property
    def said(self) -> Mapping[str, Any]:
        """What `quality.toml` says.

        Raises:
            ValueError: it is no TOML.
        """
        return quality.by_hand(self.folder) if self.folder else {}

    @cached_property
    def measured(self) -> Mapping[str, Any]:
        """What an earlier run of the kit left in `quality.json`."""
        return quality.by_machine(self.folder) if self.folder else {}

    @cached_property
    def digest(self) -> str:
        """Of the code."""
        return quality.digest(self.folder) if self.folder else ""

    @cached_property
    def readme(self) -> str:
        """The text of README.md; empty when there is none."""
        path = self.folder / "README.md" if self.folder else None
        return path.read_text("utf-8") if path and path.is_file() else ""

    def sources(self) -> list[Path]:
        """The connector's own modules; those of the simulator are left out."""
        if self.folder is None:
            return []
        return sorted(p for p in self.folder.rglob("*.py") if not p.name.startswith(("simulator", "_sim")))
