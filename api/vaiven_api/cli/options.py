"""Options that commands share."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from vaiven_sync_engine.store import Address

F = TypeVar("F", bound="Callable[..., Any]")

TENANT = "local"
"""The one tenant of an embedded store."""
DEFAULT_STORE = "vaiven.db"


@dataclass(frozen=True, slots=True)
class Options:
    """What every command can be told.

    Args:
        json: print one JSON document to stdout.
        debug: show tracebacks.
        verbose: log to stderr.
        store: the SQLite file, or the Postgres database.
        store_given: the path differs from the default, so printed commands must name it.
    """

    json: bool = False
    debug: bool = False
    verbose: bool = False
    store: Address = Path(DEFAULT_STORE)
    store_given: bool = False

    @property
    def beside(self) -> Path:
        """A path beside which files of this store's are kept: the store's own, or one in the current folder."""
        return self.store if isinstance(self.store, Path) else Path(DEFAULT_STORE)

    @property
    def again(self) -> str:
        """What a printed command must say so that it works on the same store."""
        import shlex  # noqa: PLC0415

        return f" --store {shlex.quote(str(self.store))}" if self.store_given else ""


def _place(given: str) -> Address:
    if "://" not in given:
        return Path(given)
    from vaiven_sync_engine.store import address_of  # noqa: PLC0415 - loads the engine

    return address_of(given)


def common(*, store: bool = True, log: bool = False) -> Callable[[F], F]:
    """Add the shared options to a command; it gets them as its first argument.

    Args:
        store: it works on a store.
        log: it has something to log.
    """

    def mark(function: F) -> F:
        @functools.wraps(function)
        def command(**given: Any) -> Any:
            path = given.pop("store", None)
            options = Options(
                json=given.pop("as_json"),
                debug=given.pop("debug"),
                verbose=given.pop("verbose", False),
                store=_place(path or DEFAULT_STORE),
                # An environment variable holds for the next command as well.
                store_given=path is not None and _on_command_line("store"),
            )
            return function(options, **given)

        marked: Any = command
        marked = click.option("--debug", is_flag=True, help="Show the traceback of an error.")(marked)
        if log:
            marked = click.option("-v", "--verbose", is_flag=True, help="Log JSON lines to stderr.")(marked)
        marked = click.option("--json", "as_json", is_flag=True, help="Print one JSON document to stdout.")(marked)
        if store:
            marked = click.option(
                "--store",
                envvar="VAIVEN_STORE",
                show_envvar=True,
                metavar="PLACE",
                help=f"The store: a file, or postgresql://user@host/database.  [default: ./{DEFAULT_STORE}]",
            )(marked)
        return marked  # type: ignore[no-any-return]

    return mark


def _on_command_line(name: str) -> bool:
    context = click.get_current_context()
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
