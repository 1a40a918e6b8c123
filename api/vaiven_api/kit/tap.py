"""The connector as a Singer tap, under singer-sdk's own conformance suite."""

from __future__ import annotations

import asyncio
import copy
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vaiven_api.kit.reading import drivable, populate

if TYPE_CHECKING:
    from vaiven_api.kit.kit import Kit

if find_spec("singer_sdk") is None:
    raise ImportError("singer-sdk is not installed")


async def conforms(kit: Kit) -> list[str]:
    """The tests of the suite that say no."""
    from vaiven_sdk.singer import conformance  # noqa: PLC0415 - singer-sdk takes a second to load

    account, connector = kit.bench.north, kit.subject.connector
    streams = drivable(kit)
    populate(kit, account, *streams)
    empty = [name for name in connector.streams if name not in streams]
    simulator = account.simulator
    # Limits are the SDK's, and were looked at elsewhere.
    quiet = copy.copy(connector)
    quiet.limits = ()
    # A tap has an event loop of its own, so it runs in a thread.
    checked = await asyncio.to_thread(
        conformance,
        quiet,
        dict(simulator.config),
        simulator.credential,
        account.url(connector.base_url),
        may_be_empty=empty,
    )
    return [f"{one.test}: {one.reason}" for one in checked if not one.passed]
