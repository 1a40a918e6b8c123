"""Singer's classes are synchronous and ours are not: an event loop in a thread, and pages that cross over one ahead."""

from __future__ import annotations

import asyncio
import atexit
import functools
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Iterator

T = TypeVar("T")


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="vaiven-singer", daemon=True)
    thread.start()

    def stop() -> None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        if not loop.is_running():
            loop.close()

    atexit.register(stop)
    return loop


def call(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the loop's thread and wait for it."""
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def crossing(pages: AsyncGenerator[T, None]) -> Iterator[T]:
    """The same pages, one fetched while the one before is worked on and none beyond: a slow reader slows the vendor."""
    waiting = asyncio.run_coroutine_threadsafe(_next(pages), _loop())
    try:
        while (page := waiting.result()) is not _END:
            waiting = asyncio.run_coroutine_threadsafe(_next(pages), _loop())
            yield page
    finally:
        waiting.cancel()
        call(_closed(pages))


_END: Any = object()


async def _next(pages: AsyncGenerator[T, None]) -> T:
    return await anext(pages, _END)


async def _closed(pages: AsyncGenerator[Any, None]) -> None:
    # A cancelled step needs a turn of the loop before the generator is free to be closed.
    for _ in range(100):
        try:
            await pages.aclose()
        except RuntimeError:
            await asyncio.sleep(0.01)
        else:
            return
