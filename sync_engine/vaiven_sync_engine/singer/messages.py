"""What a tap says, as batches for the engine: rows as they came, and its STATE once the rows before it are in."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from vaiven_sdk import Batch
from vaiven_sync_engine.singer.errors import TapFailed, TapProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from vaiven_sync_engine.singer.process import Run

ROWS = 1_000
"""Rows of a batch."""
BYTES = 4 * 1024 * 1024
"""Bytes of rows of a batch, where rows are large."""
MALFORMED = 100
"""Lines that may be no message, in one run, before the tap is given up; each is set aside."""

_NOTHING = msgspec.Raw(b"null")
_MARK = b'"_sdc_deleted_at"'


class Message(msgspec.Struct):
    """One line. Rows, schemas and states are not decoded here."""

    type: str
    stream: str = ""
    record: msgspec.Raw = _NOTHING
    value: msgspec.Raw = _NOTHING
    encoding: dict[str, Any] = {}
    manifest: list[str] = []


_DECODER = msgspec.json.Decoder(Message)


@dataclass(eq=False)
class Reception:
    """Takes one stream's rows out of a run's messages.

    Args:
        run: the tap at work.
        names: what the stream is called in its messages.
        remote_id: the id of a row.
        state: the STATE that the run began with.
    """

    run: Run
    names: frozenset[str]
    remote_id: Callable[[bytes], str]
    state: Any = None
    rows: list[bytes] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    size: int = 0
    malformed: int = 0
    introduced: bool = False

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Batches; the last one says where the next run begins.

        Raises:
            TapFailed: the tap ended with an error; what it gave before was given, with its last STATE.
            TapProtocol: it broke the protocol.
        """
        async for line in self.run.lines():
            message = self._message(line)
            if message is None:
                continue
            if message.type == "BATCH" and message.stream in self.names:
                self._expect_schema()
                async for row in _from_files(message):
                    if (full := self._add(row)) is not None:
                        yield full
            elif message.type == "RECORD" and message.stream in self.names:
                self._expect_schema()
                if (full := self._add(bytes(message.record))) is not None:
                    yield full
            elif message.type == "SCHEMA" and message.stream in self.names:
                self.introduced = True
            elif message.type == "STATE":
                self.state = msgspec.json.decode(message.value)
        try:
            await self.run.end()
        except TapFailed:
            if self.rows or self.gone:
                yield self._taken()
            raise
        last = self._taken()
        since = None if self.state is None else json.dumps(self.state, separators=(",", ":"))
        yield Batch(last.items, last.gone, None, since)

    def _message(self, line: bytes) -> Message | None:
        try:
            return _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.malformed += 1
            if self.malformed > MALFORMED:
                raise TapProtocol(
                    f"{self.run.name} gave more than {MALFORMED} lines that are no Singer messages.",
                    why="the first ones are in quarantine",
                ) from None
            # No record can be made of it, so the engine sets it aside with the reason.
            self.rows.append(_row_of(line))
            return None

    def _expect_schema(self) -> None:
        if not self.introduced:
            raise TapProtocol(f"{self.run.name} gave rows before their SCHEMA.", why=", ".join(sorted(self.names)))

    def _add(self, row: bytes) -> Batch | None:
        """Take a row; gives a batch when one is full."""
        full = None
        if _MARK in row and (gone := self._deleted(row)):
            self.gone.append(gone)
        else:
            if self.gone:
                # A row after a deletion may bring the same record back: their order counts.
                full = self._taken()
            self.rows.append(row)
            self.size += len(row)
        if len(self.rows) + len(self.gone) >= ROWS or self.size >= BYTES:
            return self._taken() if full is None else full
        return full

    def _deleted(self, row: bytes) -> str:
        try:
            found = msgspec.json.decode(row)
            return self.remote_id(row) if found.get("_sdc_deleted_at") is not None else ""
        except (ValueError, AttributeError):
            return ""

    def _taken(self) -> Batch:
        # The STATE is from before some of these rows at the latest: to begin there again repeats rows, and skips none.
        batch = Batch(self.rows, self.gone, self.state)
        self.rows, self.gone, self.size = [], [], 0
        return batch


def _row_of(line: bytes) -> bytes:
    """What of a malformed line is set aside: a record that is there but no JSON (NaN), or the whole line."""
    begin = line.find(b'"record":')
    return line[begin + len(b'"record":') :].strip() if begin >= 0 else line


def _opened(path: Path, *, zipped: bool) -> Any:
    try:
        return gzip.GzipFile(path) if zipped else path.open("rb")
    except OSError as problem:
        raise TapProtocol("A file of the tap's rows is not there.", why=str(problem.strerror)) from None


def _some(file: Any) -> list[bytes]:
    return list(islice(file, ROWS))


async def _from_files(message: Message) -> AsyncGenerator[bytes, None]:
    """The rows in a BATCH's files: JSON lines, plain or gzip, on this machine."""
    if message.encoding.get("format") != "jsonl" or message.encoding.get("compression") not in {None, "none", "gzip"}:
        raise TapProtocol("The tap gives its rows in files of a format that is not read.", why="JSONL is, also gzipped")
    for name in message.manifest:
        parts = urlsplit(name)
        if parts.scheme not in {"", "file"}:
            raise TapProtocol("The tap gives its rows in files on another machine.", why=f"{parts.scheme}://")
        path = Path(unquote(parts.path))
        with _opened(path, zipped=message.encoding.get("compression") == "gzip") as file:
            while lines := await asyncio.to_thread(_some, file):
                for line in lines:
                    if line.strip():
                        yield line.strip()
