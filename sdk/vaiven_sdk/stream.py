"""One kind of record that a connector reads, and perhaps writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from msgspec import Raw

from vaiven_sdk.config import Config
from vaiven_sdk.custom import CustomField
from vaiven_sdk.guarantees import CreateKey, Deletes, Guarantee, Guard, guarantee_of
from vaiven_sdk.model import Merge, Nature
from vaiven_sdk.read import AfterPage, BeforeRequest, Hooked, Read, Window
from vaiven_sdk.record import Record
from vaiven_sdk.scopes import Scope
from vaiven_sdk.session import Session
from vaiven_sdk.write import Outcome, Write, Writer

if TYPE_CHECKING:
    from vaiven_sdk.connector import Connector

C = TypeVar("C", bound=Config)
R = TypeVar("R", bound=Record[Any])
F = TypeVar("F", bound=Callable[..., Any])

WriteFunction = Callable[[Session[C], Sequence[Write[R]]], Awaitable[Sequence[Outcome]]]
FindFunction = Callable[[Session[C], Sequence[Write[R]]], Awaitable[Iterable[Mapping[str, Any]]]]
CustomFunction = Callable[[Session[C]], Awaitable[Iterable[CustomField]]]


@dataclass(frozen=True, slots=True)
class Merged:
    """A record that is gone because the vendor's user merged it into another one.

    Args:
        id: of the one that is gone.
        into: id of the one that stays.
    """

    id: str
    into: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What an own reader gives: some records, and where to go on from.

    Args:
        items: records as the vendor's JSON (bytes of one object as `Session.walk` gives them, or decoded).
        gone: ids that the vendor says are deleted, and `Merged` for those that were merged into others.
        state: JSON; handed back as `state` after a crash in mid-read.
        since: at the end of the read, where the next one begins; None keeps the engine's own rule.
    """

    items: Sequence[Mapping[str, Any] | bytes | Raw] = ()
    gone: Sequence[str | Merged] = ()
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
    restates: int = 0
    scopes: Sequence[Scope] = ()
    writers: dict[str, Writer] = field(default_factory=dict)
    readers: dict[str, Any] = field(default_factory=dict)
    finder: Writer | None = None
    eraser: Writer | None = None
    erase_note: str = ""
    customizer: Any = None
    absent_is_zero: bool = False
    """Of figures: the vendor leaves out what is zero, so what a read does not show any more is zero now."""
    samples_fields: bool = False
    """The vendor has no list of its fields: one that is not found may be there all the same."""
    shape: Literal["record", "membership", "event"] = "record"
    """What is written here: records that change, links that are there or not, or events that happened once."""
    removal: Literal["delete", "archive"] = "delete"
    """What a deletion is at the vendor: for good, or to a place from which it can be taken back."""

    def create(
        self, *, batch: int = 1, needs: Sequence[str] = (), consent: str | None = "", most_bytes: int = 0
    ) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that creates records.

        Args:
            batch: most records in one call.
            needs: unified fields an entity must have, and this tool be able to take, before it is created here.
            consent: unified consent field that must be `granted` before a person is created here; None for a tool that
                keeps people whatever they allow. A stream that writes consent must say which.
            most_bytes: most bytes of JSON of all patches in one call, where the vendor caps a request's size; leave
                room for what stands around them.
        """
        return self._writer("create", batch, needs, self._said(consent), most_bytes)

    def update(self, *, batch: int = 1, most_bytes: int = 0) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that changes records by id; `write.patch` holds just what changed."""
        return self._writer("update", batch, most_bytes=most_bytes)

    def upsert(
        self, *, batch: int = 1, needs: Sequence[str] = (), consent: str | None = "", most_bytes: int = 0
    ) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark one function that both creates and updates; its arguments are those of `create`."""
        said = self._said(consent)

        def mark(function: WriteFunction[C, R]) -> WriteFunction[C, R]:
            self._writer("create", batch, needs, said, most_bytes)(function)
            return self._writer("update", batch, most_bytes=most_bytes)(function)

        return mark

    def delete(
        self, *, batch: int = 1, kind: Literal["delete", "archive"] = "delete"
    ) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that deletes records.

        Args:
            batch: most records in one call.
            kind: `archive` when the vendor keeps them where somebody can take them back.
        """
        self.removal = kind
        return self._writer("delete", batch)

    def add(
        self, *, batch: int = 1, needs: Sequence[str] | None = None
    ) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that adds members (or ties two things): a link is there or it is not, and never changes.

        Args:
            batch: most links in one call.
            needs: unified fields that this tool must be able to take; what the link ties together when left out.
        """
        known = self.record.mapped()
        ends = [
            name for name in self.record.__entity__.natural_key if name in known and (known[name].ref or known[name].of)
        ]
        return self._writer("create", batch, ends if needs is None else needs, shape="membership")

    def remove(self, *, batch: int = 1) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that takes members off again; see `add`."""
        return self._writer("delete", batch, shape="membership")

    def append(
        self, *, batch: int = 1, needs: Sequence[str] = (), most_bytes: int = 0
    ) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that records events of other tools here: each once, with `write.idempotency_key`.

        Args:
            batch: most events in one call.
            needs: unified fields that an event must have, and this tool be able to take.
            most_bytes: see `create`.
        """
        if self.record.__entity__.nature is not Nature.EVENT:
            what = f"append is for events, and a {self.record.__entity__.__name__} is none: use create"
            raise TypeError(f"{self.connector.slug}.{self.name}: {what}")
        return self._writer("create", batch, needs, most_bytes=most_bytes, shape="event")

    def find(self, *, batch: int = 100) -> Callable[[FindFunction[C, R]], FindFunction[C, R]]:
        """Mark the function that reads records back: by `write.id`, or for a create by what makes it unique.

        It gives the vendor's JSON of those that exist. It settles writes whose answer was lost and guards writes.
        """
        self._check(batch)

        def mark(function: FindFunction[C, R]) -> FindFunction[C, R]:
            self.finder = Writer(function, batch)
            return function

        return mark

    def erase(self, *, batch: int = 1, note: str = "") -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        """Mark the function that carries out a person's request to be forgotten: for good, not to an archive.

        It answers `write.deleted()` for a record that is not there any more, too: the call may be repeated.

        Args:
            batch: most records in one call.
            note: what else happens, or is left for the operator to do; shown before anything is sent.
        """
        self._check(batch)
        self.erase_note = note

        def mark(function: WriteFunction[C, R]) -> WriteFunction[C, R]:
            self.eraser = Writer(function, batch)
            return function

        return mark

    def custom_fields(self, function: CustomFunction[C], *, sampled: bool = False) -> CustomFunction[C]:
        """Mark the function that asks the account which fields its owner has added; called once a sync.

        Args:
            function: asks.
            sampled: it looks at some records, since the vendor has no list: a field that it does not find is not gone.
        """
        self.customizer, self.samples_fields = function, sampled
        return function

    def before_request(self, function: BeforeRequest) -> BeforeRequest:
        """Mark a function that sees each request of the declared reads, and may change it or give another."""
        self._hook(lambda read: Hooked(read, before=function))
        return function

    def after_page(self, function: AfterPage) -> AfterPage:
        """Mark a function that sees each page of the declared reads, and may give another in its place."""
        self._hook(lambda read: Hooked(read, after=function))
        return function

    def _hook(self, around: Callable[[Read], Read]) -> None:
        if not (self.full or self.changes or self.gone):
            raise TypeError(f"{self.connector.slug}.{self.name}: a hook needs a declared read; an own reader has none")
        self.full, self.changes, self.gone = (
            around(read) if read else None for read in (self.full, self.changes, self.gone)
        )

    def reader(self, kind: str = "changes") -> Callable[[F], F]:
        """Mark an async generator of `Batch` that replaces the declared read: `full`, `changes` or `gone`."""
        if kind not in {"full", "changes", "gone"}:
            raise ValueError(f"{self.connector.slug}.{self.name}: a reader is full, changes or gone, not {kind!r}")

        def mark(function: F) -> F:
            self.readers[kind] = function
            return function

        return mark

    def extended(self, fields: Iterable[CustomField]) -> Stream[R, C]:
        """This stream as it is for one account, whose records have these fields, too."""
        record = self.record.extended(fields, self.connector.slug)
        if record is self.record:
            return self
        one = copy(self)
        one.record = record
        return one

    def remapped(self, record: type[R]) -> Stream[R, C]:
        """This stream with the mapping that one account's owner wants."""
        one = copy(self)
        one.record = record
        return one

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

    def _said(self, consent: str | None) -> str | None:
        """What was said of consent, which must not be left open where it is written."""
        if consent != "":
            return consent
        specs = self.record.__entity__.fields()
        for name, mapped in self.record.mapped().items():
            if name in specs and specs[name].merge is Merge.MOST_RESTRICTIVE and mapped.write is not None:
                where = f"{self.connector.slug}.{self.name}"
                raise TypeError(
                    f"{where} writes {name!r}: say consent={name!r} if a person may be created here only with"
                    " permission, or consent=None if the tool keeps people whatever they allow"
                )
        return None

    def _writer(
        self,
        op: str,
        batch: int,
        needs: Sequence[str] = (),
        consent: str | None = None,
        most_bytes: int = 0,
        *,
        shape: Literal["record", "membership", "event"] = "record",
    ) -> Callable[[WriteFunction[C, R]], WriteFunction[C, R]]:
        self._check(batch)
        known = self.record.mapped()
        for name in (*needs, *((consent,) if consent else ())):
            if name not in known:
                raise TypeError(f"{self.connector.slug}.{self.name}: needs {name!r}, which its record does not map")

        def mark(function: WriteFunction[C, R]) -> WriteFunction[C, R]:
            if self.writers and shape != self.shape:
                where = f"{self.connector.slug}.{self.name}"
                raise TypeError(f"{where}: a stream writes records, memberships or events; these are {self.shape}s")
            self.shape = shape
            self.writers[op] = Writer(function, batch, tuple(needs), consent, most_bytes)
            return function

        return mark
