"""Read one stream of one connection into the store, page by page, the next one requested while this one is written."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from vaiven_sdk import (
    Batch,
    ChangesUnknown,
    ConfigInvalid,
    CursorExpired,
    Deletes,
    Merged,
    NotFound,
    OriginRefused,
    RequestRefused,
    Window,
)
from vaiven_sdk.record import Record
from vaiven_sync_engine.records import Bad, Decoded, decode, id_of
from vaiven_sync_engine.store.pages import PageWrite, move_position, write_page
from vaiven_sync_engine.times import earlier, gone_back

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from vaiven_sdk import Config, Stream
    from vaiven_sdk.session import Session
    from vaiven_sync_engine.store import Database
    from vaiven_sync_engine.store.sql import Sql

PREFETCH = 2
"""Pages that may wait to be written while the next one is requested."""


@dataclass(slots=True)
class Pulled:
    """What one read of a stream brought."""

    pages: int = 0
    records: int = 0
    changed: int = 0
    bad: int = 0
    duplicates: int = 0
    missing: int = 0
    full: bool = False


@dataclass(slots=True)
class _Page:
    """One page on its way to the store."""

    decoded: Decoded
    state: Any
    date: str | None = None
    gone: tuple[str | Merged, ...] = ()
    since: str | None = None


@dataclass(eq=False)
class Puller:
    """Reads one stream.

    Args:
        database: where to.
        session: how to call the vendor.
        stream: what to read.
        tenant: whose.
        source: the stream's row id.
        run: the run's id.
        now: the current instant, as text; used for `observed_at` only, never for a cursor.
    """

    database: Database
    session: Session[Any]
    stream: Stream[Any, Any]
    tenant: str
    source: int
    run: str
    now: Callable[[], str]
    seq: int = 0
    version: int = 0
    position: dict[str, Any] = field(default_factory=dict)
    pulled: Pulled = field(default_factory=Pulled)

    async def pull(self, *, full: bool = False, progress: Callable[[Pulled], None] | None = None) -> Pulled:
        """Read what is new (or everything), from where the last read stopped."""
        self.position, self.version = await self.database.run(_position, self.source)
        if "walk" not in self.position or (full and self.position["walk"]["kind"] == "changes"):
            complete = full or not self.stream.incremental or self.position.get("since") is None
            self.position["walk"] = {"kind": "full" if complete else "changes", "state": None, "high": ""}
        deletions = self.stream.gone is not None or "gone" in self.stream.readers
        if deletions:
            # Kept until they are read: a crash after the walk, which moves `since`, must not move where they begin.
            self.position.setdefault("gone", self.position.get("since"))
        await self._walk_surely(progress)
        if deletions:
            await self._walk_gone(self.position["gone"])
        return self.pulled

    async def _walk_surely(self, progress: Callable[[Pulled], None] | None) -> None:
        """Walk; where the vendor forgot our place or what changed, walk again from further back."""
        try:
            await self._walk(progress)
        except CursorExpired:
            if self.position["walk"]["state"] is None:
                raise
            self.position["walk"]["state"] = None
            await self._walk(progress)
        except (RequestRefused, NotFound, OriginRefused):
            # A place kept from an earlier run may have expired, and few vendors have a name of their own for that.
            if self.position["walk"]["state"] is None or self.pulled.pages:
                raise
            self.position["walk"]["state"] = None
            await self._walk(progress)
        except ChangesUnknown:
            if self.position["walk"]["kind"] == "full":
                raise
            self.position["walk"] = {"kind": "full", "state": None, "high": ""}
            await self._walk(progress)

    async def _walk(self, progress: Callable[[Pulled], None] | None) -> None:
        walk = self.position["walk"]
        kind = walk["kind"]
        self.pulled.full = kind == "full"
        resumed = walk["state"] is not None
        window = self._window(None if kind == "full" else self.position.get("since"))
        seen: set[str] | None = set() if self._tracks_absence(kind, resumed=resumed) else None
        since: str | None = None
        low = ""
        # A list that trails does not show what was just made, by us perhaps: that it is missing says nothing yet.
        trails = seen is not None and self.stream.lag and not self.stream.absent_is_zero
        known = earlier(self.now(), self.stream.lag) if trails else "~"
        async with aclosing(_ahead(self._pages(kind, window, walk["state"]))) as pages:
            async for page in pages:
                # The vendor's clock at the first answer: what changes later is the next read's, whatever we saw.
                walk.setdefault("started", page.date or "")
                walk["high"] = max([walk["high"], *(o.version for o in page.decoded.good)])
                walk["state"] = page.state
                since = page.since or since
                low = min([o.version for o in page.decoded.good if o.version] + ([low] if low else []), default="")
                if seen is not None:
                    seen.update(o.remote_id for o in page.decoded.good)
                    seen.update(b.remote_id for b in page.decoded.bad if b.remote_id)
                    if not all(b.remote_id for b in page.decoded.bad):
                        # It may be any of those that seem to be missing.
                        seen = None
                await self._store(page)
                if progress:
                    progress(self.pulled)
        position = {k: v for k, v in self.position.items() if k != "walk"}
        position["since"] = since or self._next_since(walk)
        if seen is not None and self.stream.absent_is_zero:
            await self.database.run(self._mark_missing, seen, window.since or low)
        elif seen is not None:
            position["missing"] = await self.database.run(self._mark_missing, seen, "", known)
        await self._finish(position)

    async def _walk_gone(self, since: str | None) -> None:
        # Deleted records may carry no time that grows with their deletion (an archive need not move the modified
        # date): whether `since` narrows the list is the connector's to know. It is the last read's, not this one's.
        window = self._window(since)
        async with aclosing(_ahead(self._pages("gone", window, None))) as pages:
            async for page in pages:
                await self._store(page, deleted=True)
        await self._finish({k: v for k, v in self.position.items() if k != "gone"})

    def _window(self, since: str | None) -> Window:
        read = self.stream.full or self.stream.changes
        return Window(
            config=self.session.config,
            since=since and gone_back(since, self.stream.restates),
            size=read.size if read else 100,
            fields=tuple(self.stream.record.paths()),
            zone=_zone(self.session.config),
            lag=self.stream.lag,
        )

    async def _pages(self, kind: str, window: Window, state: Any) -> AsyncGenerator[_Page, None]:
        own = self.stream.readers.get(kind)
        record: type[Record[Any]] = self.stream.record
        if own is not None:
            async with aclosing(own(self.session, window, state)) as batches:
                async for batch in batches:
                    yield _own_page(record, batch)
            return
        read = {"full": self.stream.full, "changes": self.stream.changes, "gone": self.stream.gone}[kind]
        if read is None:
            return
        key = record.__wires__[record.__key__[-1]].path or (record.__key__[-1],)
        async with aclosing(self.session.walk(read, window, state=state, key=key)) as fetched:
            async for page in fetched:
                decoded = decode(record, page.items)
                decoded.bad.extend(
                    Bad("invalid", reason, body, id_of(record, body.encode())) for body, reason in page.bad
                )
                yield _Page(decoded, page.state, page.date, since=page.since)

    async def _store(self, page: _Page, *, deleted: bool = False) -> None:
        good = _newest(page.decoded)
        self.pulled.duplicates += len(page.decoded.good) - len(good)
        at = self.now()
        write = PageWrite(
            tenant=self.tenant,
            run=self.run,
            source=self.source,
            seq=self.seq,
            position=self.position,
            seen_version=self.version,
            at=at,
            good=good,
            bad=[*page.decoded.bad, *page.decoded.aside],
            gone=[one for one in page.gone if isinstance(one, str)],
            merges=[
                *(pair for one in page.decoded.good for pair in one.merges),
                *((one.id, one.into) for one in page.gone if isinstance(one, Merged)),
            ],
            deleted_at=at if deleted else None,
        )
        changed = await self.database.run(write_page, write)
        self.seq += 1
        self.version += 1
        self.pulled.pages += 1
        self.pulled.records += len(good)
        self.pulled.bad += len(write.bad)
        self.pulled.changed += changed

    async def _finish(self, position: dict[str, Any]) -> None:
        self.position = position
        await self.database.run(_finish, self.source, position, self.version, self.now())
        self.version += 1

    def _next_since(self, walk: dict[str, Any]) -> str | None:
        """Where the next read begins: the vendor's own newest version, never past the start of this walk."""
        old: str | None = self.position.get("since")
        high: str = walk["high"]
        if not high:
            # Nothing came, or nothing carries a version: the vendor's clock is all there is.
            begun = earlier(walk["started"], self.stream.lag) if walk.get("started") else ""
            return begun or old if walk["kind"] == "full" else old or begun
        if "T" in high:
            high = min(high, walk["started"]) if walk.get("started") else high
            high = earlier(high, self.stream.lag)
        return max(high, old) if old else high

    def _tracks_absence(self, kind: str, *, resumed: bool) -> bool:
        scans = kind == "full" and self.stream.deletes is Deletes.FULL_SCAN
        return not resumed and (scans or self.stream.absent_is_zero)

    def _mark_missing(self, connection: Sql, seen: set[str], since: str = "", known: str = "~") -> int:
        """Records that a complete scan did not show are deleted, unless so many that the scan is to be doubted.

        A scan of a time alone (`since`) says something of records of that time, and of those that we have `known` for
        longer than the list trails.
        """
        self._mark_back(connection, seen)
        rows = connection.execute(
            "SELECT remote_id FROM record WHERE tenant_id = ? AND source_id = ? AND deleted_at IS NULL"
            " AND version >= ? AND observed_at <= ?",
            (self.tenant, self.source, since, known),
        ).fetchall()
        missing = [row["remote_id"] for row in rows if row["remote_id"] not in seen]
        self.pulled.missing = len(missing)
        if len(missing) > max(10, len(rows) * 0.5):
            return len(missing)
        at = self.now()
        # A figure that comes back is one of the same day: whatever its version, it is news.
        forget = ", version = ''" if self.stream.absent_is_zero else ""
        connection.executemany(
            f"UPDATE record SET deleted_at = ?, dirty = 1, run_id = ?{forget}"
            " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            [(at, self.run, self.tenant, self.source, remote_id) for remote_id in missing],
        )
        self.pulled.changed += len(missing)
        return 0

    def _mark_back(self, connection: Sql, seen: set[str]) -> None:
        """Records that an earlier scan did not show and this one does are met anew, edited or not."""
        # What we deleted ourselves may still be shown by a vendor whose reads trail its writes.
        rows = connection.execute(
            "SELECT remote_id FROM record r WHERE tenant_id = ? AND source_id = ? AND deleted_at IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM intent i WHERE i.tenant_id = r.tenant_id AND i.source_id = r.source_id"
            " AND i.state = 'done' AND i.op = 'delete' AND i.remote_id = r.remote_id)",
            (self.tenant, self.source),
        ).fetchall()
        back = [row["remote_id"] for row in rows if row["remote_id"] in seen]
        connection.executemany(
            "UPDATE record SET deleted_at = NULL, shadow = NULL, dirty = 1, run_id = ?"
            " WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            [(self.run, self.tenant, self.source, remote_id) for remote_id in back],
        )
        self.pulled.changed += len(back)


def _own_page(record: type[Record[Any]], batch: Batch) -> _Page:
    return _Page(decode(record, batch.items), batch.state, None, tuple(batch.gone), batch.since)


def _newest(decoded: Decoded) -> list[Any]:
    """One record per id: of several in a page the newest version, of equal ones the last."""
    best: dict[str, Any] = {}
    for one in decoded.good:
        have = best.get(one.remote_id)
        if have is None or one.version >= have.version:
            best[one.remote_id] = one
    return list(best.values())


def _zone(config: Config) -> str:
    """The account's time zone: the setting `time_zone`, where a connector has one."""
    zone = getattr(config, "time_zone", None) or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigInvalid(f"There is no time zone {zone!r}.", remedy="Give one such as Europe/Lisbon.") from None
    return zone


async def _ahead(pages: AsyncGenerator[_Page, None]) -> AsyncGenerator[_Page, None]:
    """The same pages, fetched ahead of the one that is being stored; close it, and they are closed."""
    queue: asyncio.Queue[_Page | BaseException | None] = asyncio.Queue(maxsize=PREFETCH)

    async def fetch() -> None:
        try:
            async with aclosing(pages):
                async for page in pages:
                    await queue.put(page)
            await queue.put(None)
        except Exception as problem:  # noqa: BLE001 - handed to the reader, which raises it after the pages before it
            await queue.put(problem)

    task = asyncio.create_task(fetch())
    try:
        while (page := await queue.get()) is not None:
            if isinstance(page, BaseException):
                raise page
            yield page
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _position(connection: Sql, source: int) -> tuple[dict[str, Any], int]:
    row = connection.execute("SELECT position, position_version FROM source WHERE id = ?", (source,)).fetchone()
    return msgspec.json.decode(row["position"]), row["position_version"]


def _finish(connection: Sql, source: int, position: dict[str, Any], version: int, at: str) -> None:
    move_position(connection, source, position, version)
    connection.execute("UPDATE source SET synced_at = ?, status = NULL WHERE id = ?", (at, source))
