"""The connectors of an installation, with the Singer taps that were added beside its store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaiven_api.cli.options import Options
    from vaiven_registry import Registry


def registry_of(options: Options) -> Registry:
    """The registry that the commands of one store work with."""
    from vaiven_registry import Registry  # noqa: PLC0415

    if not (options.beside.absolute().parent / "singer").is_dir():
        return Registry()
    from vaiven_sync_engine.singer.connector import listed  # noqa: PLC0415 - loads the engine
    from vaiven_sync_engine.singer.home import Taps  # noqa: PLC0415

    return Registry(more=listed(Taps.beside(options.beside)))
