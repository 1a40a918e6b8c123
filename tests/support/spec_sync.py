"""Two accounts of one vendor, synced both ways while an API description watches everything that goes by."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.hub import hub_at
from vaiven_sdk.testing import Simulator, serve
from vaiven_sdk.testing.spec import Description, watch
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.connections import Connection

if TYPE_CHECKING:
    from vaiven_sdk import Connector
    from vaiven_sdk.testing.spec import SpecCheck


def sync_watched(
    path: Path,
    connector: Connector[Any],
    vendors: Sequence[Simulator],
    descriptions: Sequence[Description],
    *acts: Callable[[Any], object],
    base: str = "",
    **options: Any,
) -> list[SpecCheck]:
    """Sync after each act of the first account's users; gives what each account's watch has seen.

    Args:
        path: of the store.
        connector: of both accounts.
        vendors: the accounts.
        descriptions: of the vendor's API.
        acts: what people do, each given the first account's simulator.
        base: path of the API.
        options: of `SpecCheck`.
    """
    with ExitStack() as stack:
        checks = [watch(vendor, *descriptions, base=base, **options) for vendor in vendors]
        urls = [f"{stack.enter_context(serve(vendor)).url}{base}" for vendor in vendors]
        hub = stack.enter_context(hub_at(path, lambda _: connector))
        for number, (vendor, url) in enumerate(zip(vendors, urls, strict=True)):
            name = f"account{number}"
            hub.credentials[name] = dict(vendor.credential)
            one = Connection(name, connector.slug, name, vendor.config, url, b"-", approved=True, deletes="propagate")
            hub.database.run_now(accounts.save, hub.engine.tenant, one, hub.engine.now())
        for act in acts:
            act(vendors[0])
            report = asyncio.run(hub.sync())
            assert not hub.quarantine()
            assert report is not None
        return checks


def lines(checks: Sequence[SpecCheck]) -> list[str]:
    """What the watches have seen, each line once."""
    return list(dict.fromkeys(str(one) for check in checks for one in check.deviations))
