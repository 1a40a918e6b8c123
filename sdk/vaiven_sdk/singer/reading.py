"""Read one stream from a position, page by page; the position is JSON and goes into Singer's STATE."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import ValidationError

from vaiven_sdk._mapping import instant
from vaiven_sdk.errors import ChangesUnknown, CursorExpired, NotFound, OriginRefused, RequestRefused
from vaiven_sdk.read import Window
from vaiven_sdk.singer.schema import DELETED_AT, row

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from vaiven_sdk.session import Session
    from vaiven_sdk.stream import Stream

_RAW = (bytes, msgspec.Raw)


@dataclass(slots=True)
class Page:
    """Some rows, and the position after them.

    Args:
        rows: values by field name.
        position: where a later run goes on once these rows are kept.
        bad: why records were left out, without their values.
    """

    rows: list[dict[str, Any]]
    position: dict[str, Any]
    bad: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Reading:
    """One read of one stream.

    The position is `{"since": ..., "walk": {"kind", "state", "high", "started"}, "gone": ...}`. `walk` is there while a
    read is under way, so that a killed one goes on at its last page; `gone` while deletions since then are still to be
    read. Between reads only `since` is left.

    Args:
        session: how to call the vendor.
        stream: what to read.
        position: where an earlier read stopped; empty at first.
        full: read everything, whatever the position says.
    """

    session: Session[Any]
    stream: Stream[Any, Any]
    position: dict[str, Any]
    full: bool = False
    given: int = 0

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Every page that is new, then what is gone; the last page's position has no walk under way."""
        position = dict(self.position)
        before = position.get("since")
        lists_gone = self.stream.gone is not None or "gone" in self.stream.readers
        if lists_gone:
            position.setdefault("gone", before)
        kind = "full" if self.full or not self.stream.incremental or before is None else "changes"
        walk = position.get("walk")
        if not walk or walk.get("kind") != kind:
            position["walk"] = {"kind": kind, "state": None, "high": "", "started": ""}
        self.position = position
        async with aclosing(self._surely()) as pages:
            async for page in pages:
                yield page
        if lists_gone:
            async with aclosing(self._walked("gone", self.position["gone"], None)) as found:
                async for rows, bad, _ in found:
                    yield Page(rows, dict(self.position), bad)
            del self.position["gone"]
            yield Page([], dict(self.position))

    async def _surely(self) -> AsyncGenerator[Page, None]:
        """The walk; from further back where the vendor forgot our place or what changed."""
        while True:
            walk = self.position["walk"]
            resumed = walk["state"] is not None
            try:
                async with aclosing(self._walk()) as pages:
                    async for page in pages:
                        yield page
            except (CursorExpired, RequestRefused, NotFound, OriginRefused) as problem:
                if not resumed or (self.given and not isinstance(problem, CursorExpired)):
                    raise
                self.position["walk"] = {**walk, "state": None}
            except ChangesUnknown:
                if walk["kind"] == "full":
                    raise
                self.position["walk"] = {"kind": "full", "state": None, "high": "", "started": ""}
            else:
                return

    async def _walk(self) -> AsyncGenerator[Page, None]:
        walk = dict(self.position["walk"])
        kind = walk["kind"]
        since = None
        window_since = None if kind == "full" else self.position.get("since")
        held: Page | None = None
        async with aclosing(self._walked(kind, window_since, walk["state"])) as pages:
            async for rows, bad, told in pages:
                if held is not None:
                    yield held
                walk["started"] = walk["started"] or told.date or ""
                walk["high"] = max([walk["high"], *told.versions])
                walk["state"] = told.state
                since = told.since or since
                self.given += 1
                held = Page(rows, {**self.position, "walk": dict(walk)}, bad)
        self.position = {k: v for k, v in self.position.items() if k != "walk"}
        self.position["since"] = since or self._next_since(walk)
        last = held or Page([], {})
        yield Page(last.rows, dict(self.position), last.bad)

    async def _walked(
        self, kind: str, since: str | None, state: Any
    ) -> AsyncGenerator[tuple[list[dict[str, Any]], list[str], _Told], None]:
        gone = kind == "gone"
        own = self.stream.readers.get(kind)
        if own is not None:
            async with aclosing(own(self.session, self._window(since), state)) as batches:
                async for batch in batches:
                    rows, bad, versions = self._rows(batch.items, gone=gone)
                    rows += [deleted for one in batch.gone if (deleted := self._tombstone(one))]
                    yield rows, bad, _Told(batch.state, versions, since=batch.since)
            return
        read = {"full": self.stream.full, "changes": self.stream.changes, "gone": self.stream.gone}[kind]
        if read is None:
            return
        record = self.stream.record
        key = record.__wires__[record.__key__[-1]].path or (record.__key__[-1],)
        async with aclosing(self.session.walk(read, self._window(since), state=state, key=key)) as fetched:
            async for page in fetched:
                rows, bad, versions = self._rows(page.items, gone=gone)
                bad += [reason for _, reason in page.bad]
                yield rows, bad, _Told(page.state, versions, page.date, page.since)

    def _rows(self, items: Iterable[Any], *, gone: bool) -> tuple[list[dict[str, Any]], list[str], list[str]]:
        record = self.stream.record
        rows, bad, versions = [], [], []
        for item in items:
            try:
                body = bytes(item) if isinstance(item, _RAW) else msgspec.json.encode(item)
                found = record.model_validate_json(body)
            except ValidationError as problem:
                first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
                bad.append(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
                continue
            except (TypeError, ValueError, RecursionError) as problem:
                bad.append(f"no JSON can be made of it: {type(problem).__name__}")
                continue
            versions.append(found.record_version)
            values = row(found)
            if self._deletes:
                values[DELETED_AT] = instant(datetime.now(UTC)) if gone else None
            rows.append(values)
        return rows, bad, versions

    def _tombstone(self, remote_id: str) -> dict[str, Any] | None:
        key = self.stream.record.__key__
        parts = [remote_id] if len(key) == 1 else remote_id.split("/")
        if len(parts) != len(key):
            return None
        return {**dict(zip(key, parts, strict=True)), DELETED_AT: instant(datetime.now(UTC))}

    @property
    def _deletes(self) -> bool:
        return tells_deletions(self.stream)

    def _window(self, since: str | None) -> Window:
        read = self.stream.full or self.stream.changes
        return Window(
            config=self.session.config,
            since=since and _back(since, self.stream.restates),
            size=read.size if read else 100,
            fields=tuple(self.stream.record.paths()),
            zone=getattr(self.session.config, "time_zone", None) or "UTC",
            lag=self.stream.lag,
        )

    def _next_since(self, walk: Mapping[str, Any]) -> str | None:
        """The newest version that came, never past the start of the walk by the vendor's clock, less the lag."""
        old: str | None = self.position.get("since")
        high, started = str(walk["high"]), str(walk["started"])
        if not high:
            begun = _earlier(started, self.stream.lag) if started else ""
            return begun or old if walk["kind"] == "full" else old or begun or None
        if "T" in high:
            high = _earlier(min(high, started) if started else high, self.stream.lag)
        return max(high, old) if old else high


@dataclass(frozen=True, slots=True)
class _Told:
    """What a page says beside its records."""

    state: Any
    versions: list[str]
    date: str | None = None
    since: str | None = None


def tells_deletions(stream: Stream[Any, Any]) -> bool:
    """Whether the vendor says of this stream's records that they are gone."""
    return stream.gone is not None or bool({"gone", "changes"} & set(stream.readers))


def _earlier(at: str, seconds: float) -> str:
    return instant(datetime.fromisoformat(at) - timedelta(seconds=seconds)) if seconds else at


def _back(since: str, days: int) -> str:
    if not days:
        return since
    if len(since) == len("2026-01-01"):
        return (date.fromisoformat(since) - timedelta(days=days)).isoformat()
    return _earlier(since, days * 86_400)
