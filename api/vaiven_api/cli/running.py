"""Running the engine from a command: signals, the store, the vault."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from vaiven_api.cli.options import TENANT, Options

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from vaiven_sync_engine.connections import Connection
    from vaiven_sync_engine.engine import Engine

T = TypeVar("T")


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine to its end; Ctrl-C and SIGTERM cancel it, so that it can put its state in order.

    Raises:
        KeyboardInterrupt: it was cancelled.
    """

    async def cancellable() -> T:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work()

    try:
        return asyncio.run(cancellable())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@contextmanager
def engine_of(options: Options) -> Iterator[Engine]:
    """The engine over an existing store, open for writing.

    Raises:
        StoreDamaged: there is no store.
        StoreLocked: another process has it.
        KeyMissing: there is no key for its credentials; `KeyExposed` when others can read it.
    """
    from vaiven_api.cli.logs import set_up  # noqa: PLC0415
    from vaiven_api.cli.secrets import remember  # noqa: PLC0415
    from vaiven_api.cli.taps import registry_of  # noqa: PLC0415
    from vaiven_sync_engine.connections import keep_secret  # noqa: PLC0415
    from vaiven_sync_engine.engine import Engine  # noqa: PLC0415
    from vaiven_sync_engine.store import Database  # noqa: PLC0415
    from vaiven_sync_engine.times import now  # noqa: PLC0415
    from vaiven_sync_engine.vault import Vault  # noqa: PLC0415

    set_up(verbose=options.verbose)
    # From here on SIGTERM is like Ctrl-C, also where no event loop runs.
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Database.reader(options.store):
        pass
    vault = Vault.at(options.store)

    def unseal(one: Connection) -> Mapping[str, str]:
        credential = vault.open(TENANT, one.id, one.secret)
        remember(credential.values())
        return credential

    with Database.open(options.store) as database:

        async def keep(one: Connection, renewed: Mapping[str, str]) -> None:
            remember(renewed.values())
            sealed = vault.seal(TENANT, one.id, renewed)
            await database.run(keep_secret, TENANT, one.id, sealed, now())

        yield Engine(database, registry_of(options).load, unseal, tenant=TENANT, keep=keep)
    signal.signal(signal.SIGTERM, former)


@contextmanager
def reader_of(options: Options) -> Iterator[Any]:
    """A read-only connection to the store; works while a sync runs."""
    from vaiven_sync_engine.store import Database  # noqa: PLC0415

    with Database.reader(options.store) as connection:
        yield connection
