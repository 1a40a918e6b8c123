"""Finds connectors by name, built in or installed by a partner, and imports none before it is used."""

from typing import TYPE_CHECKING, Any

from vaiven_registry.manifest import Manifest, Permission, Scheme, Setting, StreamManifest
from vaiven_registry.registry import Broken, Entry, Registry

if TYPE_CHECKING:
    from vaiven_registry.errors import ConnectorBroken, IndexUnreadable, NoSimulator, UnknownConnector

__all__ = [
    "Broken",
    "ConnectorBroken",
    "Entry",
    "IndexUnreadable",
    "Manifest",
    "NoSimulator",
    "Permission",
    "Registry",
    "Scheme",
    "Setting",
    "StreamManifest",
    "UnknownConnector",
]


def __getattr__(name: str) -> Any:
    # The errors derive from the SDK's, which loads pydantic and httpx; a list of connectors needs neither.
    if name in __all__:
        from vaiven_registry import errors  # noqa: PLC0415

        return getattr(errors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
