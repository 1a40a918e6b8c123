"""The connector: what it is called, how it signs, where it calls, and its streams."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from msgspec import Raw

from vaiven_sdk.auth import Auth
from vaiven_sdk.config import Config, check_slots
from vaiven_sdk.errors import VaivenError
from vaiven_sdk.guarantees import CreateKey, Deletes, Guarantee, Guard, guarantee_of
from vaiven_sdk.limits import Limit
from vaiven_sdk.read import Read, Window
from vaiven_sdk.record import Record
from vaiven_sdk.session import Session
from vaiven_sdk.write import Outcome, Write, Writer

C = TypeVar("C", bound=Config)
R = TypeVar("R", bound=Record[Any])
F = TypeVar("F", bound=Callable[..., Any])

WriteFunction = Callable[[Session[C], Sequence[Write[R]]], Awaitable[Sequence[Outcome]]]
FindFunction = Callable[[Session[C], Sequence[Write[R]]], Awaitable[Iterable[Mapping[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are connected to at the vendor: a reconnect must reach the same one."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What an own reader gives: some records, and where to go on from.

    Args:
        items: records as the vendor's JSON (bytes of one object as `Session.walk` gives them, or decoded).
        gone: ids that the vendor says are deleted.
        state: JSON; handed back as `state` after a crash in mid-read.
        since: at the end of the read, where the next one begins; None keeps the engine's own rule.
    """

    items: Sequence[Mapping[str, Any] | bytes | Raw] = ()
    gone: Sequence[str] = ()
    state: Any = None
    since: str | None = None


ReadFunction = Callable[[Session[C], Window, Any], AsyncIterator[Batch]]


@dataclass(eq=False)
class Stream(Generic[R, C]):
    """One kind of record that a connector reads, and perhaps writes. Made by `Connector.stream`."""

    connector: Connector[C]
    name: str
    record: type[R]
    full: Read | None
    changes: Read | None
    gone: Read | None
    guard: Guard
    create_key: CreateKey
    deletes: Deletes
    lag: float
    writers: dict[str, Writer] = field(default_factory=dict)
    readers: dict[str, Any] = field(default_factory=dict)
    finder: Writer | None = None

    def create(
        self, *, batch: int = 1, needs: Sequence[str] = (), consent: str | None = None
    ) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that creates records.

        Args:
            batch: most records in one call.
            needs: unified fields an entity must have before it is created here.
            consent: unified consent field that must be `granted` before a person is created here.
        """
        return self._writer("create", batch, needs, consent)

    def update(self, *, batch: int = 1) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that changes records by id; `write.patch` holds just what changed."""
        return self._writer("update", batch)

    def upsert(
        self, *, batch: int = 1, needs: Sequence[str] = (), consent: str | None = None
    ) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark one function that both creates and updates."""

        def mark(function: WriteFunction[C, R]) -> WriteFunction[C, R]:
            self._writer("create", batch, needs, consent)(function)
            return self._writer("update", batch)(function)

        return mark

    def delete(self, *, batch: int = 1) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that deletes (or archives) records."""
        return self._writer("delete", batch)

    def find(self, *, batch: int = 100) -> Callable[[FindFunction[C, R]], FindFunction[C, R]]:
        """Mark the function that reads records back: by `write.id`, or for a create by what makes it unique.

        It gives the vendor's JSON of those that exist. It settles writes whose answer was lost and guards writes.
        """
        self._check(batch)

        def mark(function: FindFunction[C, R]) -> FindFunction[C, R]:
            self.finder = Writer(function, batch)
            return function

        return mark

    def reader(self, kind: str = "changes") -> Callable[[F], F]:
        """Mark an async generator of `Batch` that replaces the declared read: `full`, `changes` or `gone`."""
        if kind not in {"full", "changes", "gone"}:
            raise ValueError(f"{self.connector.slug}.{self.name}: a reader is full, changes or gone, not {kind!r}")

        def mark(function: F) -> F:
            self.readers[kind] = function
            return function

        return mark

    @property
    def entity(self) -> str:
        """Kind of the unified entity that the records become."""
        return self.record.__entity__.kind

    @property
    def direction(self) -> str:
        """`read`, or `both` when something can be written."""
        return "both" if self.writers else "read"

    @property
    def incremental(self) -> bool:
        """Whether a second sync reads just what changed."""
        return self.changes is not None or "changes" in self.readers

    @property
    def guarantee(self) -> Guarantee:
        """The guarantee class, derived from what the stream declares."""
        return guarantee_of(self.guard, self.create_key, creates="create" in self.writers, writes=bool(self.writers))

    @property
    def writable(self) -> set[str]:
        """Unified fields that can be written here."""
        if not self.writers:
            return set()
        return {name for name, mapped in self.record.mapped().items() if mapped.write is not None}

    def _check(self, batch: int) -> None:
        if batch < 1:
            raise ValueError(f"{self.connector.slug}.{self.name}: batch must be at least 1, not {batch}")

    def _writer(
        self, op: str, batch: int, needs: Sequence[str] = (), consent: str | None = None
    ) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        self._check(batch)
        known = self.record.mapped()
        for name in (*needs, *((consent,) if consent else ())):
            if name not in known:
                raise TypeError(f"{self.connector.slug}.{self.name}: needs {name!r}, which its record does not map")

        def mark(function: WriteFunction[C, R]) -> WriteFunction[C, R]:
            self.writers[op] = Writer(function, batch, tuple(needs), consent)
            return function

        return mark


@dataclass(eq=False)
class Connector(Generic[C]):
    """A vendor's API: give it to `vaiven` by entry point, or put its folder among the built-in ones.

    Args:
        slug: lower-case name in commands and addresses; never renamed.
        config: the settings asked for beside the credential.
        name: the vendor's product name.
        category: `crm`, `email`, `ads`, `payments`, `ecommerce`, ...
        base_url: where paths begin; may hold `{config.x}`.
        auth: ways to sign, preferred first.
        limits: what the vendor allows one account.
        hosts: further hosts that requests may go to, as `*.example.com`; the base URL's own is always allowed.
        headers: sent with every request (a version pin).
        docs: where the vendor documents its API.
    """

    slug: str
    config: type[C]
    name: str
    category: str
    base_url: str
    auth: Sequence[Auth]
    limits: Sequence[Limit] = ()
    hosts: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    docs: str = ""
    streams: dict[str, Stream[Any, C]] = field(default_factory=dict, init=False)
    hooks: dict[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", self.slug):
            raise ValueError(f"slug {self.slug!r}: lower-case letters, digits and _, beginning with a letter")
        if urlsplit(self.base_url).scheme != "https":
            raise ValueError(f"{self.slug}: base_url must be https")
        check_slots(self.base_url, self.config, self.slug)

    def stream(
        self,
        record: type[R],
        full: Read | None = None,
        *,
        name: str | None = None,
        changes: Read | None = None,
        gone: Read | None = None,
        guard: Guard = Guard.READ_THEN_WRITE,
        create_key: CreateKey = CreateKey.NONE,
        deletes: Deletes | None = None,
        lag: float = 0.0,
    ) -> Stream[R, C]:
        """Add a stream.

        Args:
            record: the class of its records.
            full: reads every record.
            name: the record class's name in the plural when left out.
            changes: reads the records changed since `window.since`.
            gone: reads the records that were deleted or archived.
            guard: how a write is kept from overwriting an unseen edit.
            create_key: what stops a repeated create from making a second record.
            deletes: how deletions become known; tombstones when `gone` is given, else by a full scan.
            lag: seconds that the vendor's reads may trail its writes; the next read overlaps by as much.
        """
        title = name or _plural(record.__name__)
        if title in self.streams:
            raise ValueError(f"{self.slug}: two streams are called {title!r}")
        for read in (full, changes, gone):
            if read is not None:
                where = f"{self.slug}.{title}"
                check_slots(read.path, self.config, where)
                for value in read.params.values():
                    check_slots(value, self.config, where)
        evidence = deletes or (Deletes.TOMBSTONES if gone else Deletes.FULL_SCAN)
        stream = Stream(self, title, record, full, changes, gone, guard, create_key, evidence, lag)
        self.streams[title] = stream
        return stream

    def account(self, function: Callable[[Session[C]], Awaitable[Account]]) -> Any:
        """Mark the function that says which account this is; it is also the connection test."""
        self.hooks["account"] = function
        return function

    def connected(self, function: Callable[[Session[C]], Awaitable[C]]) -> Any:
        """Mark the function that completes the settings once, right after connecting (a data centre, say)."""
        self.hooks["connected"] = function
        return function

    def error(self, function: Callable[[int, Any], VaivenError | None]) -> Any:
        """Mark the function that names an error better than its HTTP status does: `(status, decoded body)`."""
        self.hooks["error"] = function
        return function

    def prepare(self, function: Callable[[Session[C]], Awaitable[None]]) -> Any:
        """Mark the function that readies the account for writing (a custom property, say); safe to repeat."""
        self.hooks["prepare"] = function
        return function


def _plural(name: str) -> str:
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return f"{snake[:-1]}ies" if snake.endswith("y") and snake[-2] not in "aeiou" else f"{snake}s"
