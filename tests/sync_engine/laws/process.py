"""Where the engine runs in the tests of the laws: it may die at any point, and nothing of it is left then."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.sync_engine.laws.vendor import Vendor
from vaiven_sync_engine.store import Database

T = TypeVar("T")
FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Crash(BaseException):
    """The process dies here."""


class Here(Executor):
    """Runs at once, in the caller's thread."""

    def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it."""
        done: Future[Any] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except BaseException as problem:  # noqa: BLE001 - it is the caller's
            done.set_exception(problem)
        return done


class Process:
    """Where the engine runs; it dies at the k-th point from now: before or after a transaction or a request."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.left: int | None = None
        self.dead = False

    def burn(self) -> None:
        """Pass one point."""
        if self.left is not None:
            if self.left <= 0:
                if not self.dead:
                    self.dead = True
                    self.loop.stop()
                raise Crash
            self.left -= 1

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end, or until it dies; then nothing of it is left."""
        task = self.loop.create_task(work)
        task.add_done_callback(self._stop)
        self.loop.run_forever()
        task.remove_done_callback(self._stop)
        if not self.dead:
            return task.result()
        rest = asyncio.all_tasks(self.loop)
        for one in (*rest, task):
            one.cancel()
        self.loop.run_until_complete(asyncio.gather(task, *rest, return_exceptions=True))
        self.close()
        self.__init__()  # type: ignore[misc]
        raise Crash

    def _stop(self, _: object) -> None:
        if not self.dead:
            self.loop.stop()

    def close(self) -> None:
        """Give the loop back."""
        try:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()


class Store(Database):
    """The real store, without a thread of its own."""

    process: Process | None = None

    def __init__(self, address: Any) -> None:
        super().__init__(address)
        self._thread = Here()  # type: ignore[assignment]

    async def run(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        """As the real one."""
        if self.process:
            self.process.burn()
        done = self._backend.transaction(lambda connection: work(connection, *args, **kwargs))
        if self.process:
            self.process.burn()
        return done


class Wire(httpx.AsyncBaseTransport):
    """The way to a vendor."""

    def __init__(self, vendor: Vendor, process: Process) -> None:
        self.vendor, self.process = vendor, process

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As the vendor does."""
        self.process.burn()
        answer = await self.vendor.handle_async_request(request)
        self.process.burn()
        return answer


_templates: list[Path] = []


def template() -> Path:
    """An empty store, made once: the tables are many."""
    if not _templates:
        path = Path(tempfile.mkdtemp()) / "template.db"
        Database.open(path).close()
        _templates.append(path)
    return _templates[0]


def empty_store() -> tuple[Path, Callable[[], None]]:
    """The path of an empty store in memory, and what removes it."""
    folder = Path(tempfile.mkdtemp(dir=FOLDER))
    shutil.copy(template(), folder / "store.db")
    return folder / "store.db", lambda: shutil.rmtree(folder, ignore_errors=True)
