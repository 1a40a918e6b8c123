"""The records of a downloaded file: CSV, JSON lines or a JSON array, packed or not."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Literal

import msgspec

from vaiven_sdk.errors import AnswerMalformed
from vaiven_sdk.read._split import splitter

LARGEST_UNPACKED = 4 * 1024 * 1024 * 1024
"""Bytes of a file after unpacking: a few kilobytes can be packed nothing."""
LARGEST_ARRAY = 256 * 1024 * 1024
"""Bytes of a JSON array: it is held as a whole, which CSV and JSON lines are not."""
LARGEST_LINE = 4 * 1024 * 1024
"""Bytes of one record."""

Row = tuple[bytes | msgspec.Raw | None, tuple[str, str] | None]
"""A record, or a bad one with the reason."""

FORMATS = ("csv", "json", "jsonl")
COMPRESSIONS = ("auto", "gzip", "none", "zip")


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How a file is to be read.

    Args:
        format: what it holds.
        compression: how it is packed; `auto` looks at its first bytes.
        items: in JSON, the path of the array.
        delimiter: in CSV, between two cells.
        skip: in CSV, lines before the header.
        encoding: of CSV; a byte order mark is dropped.
    """

    format: Literal["csv", "json", "jsonl"] = "csv"
    compression: Literal["auto", "gzip", "none", "zip"] = "auto"
    items: str | None = None
    delimiter: str = ","
    skip: int = 0
    encoding: str = "utf-8-sig"

    def __post_init__(self) -> None:
        if self.format not in FORMATS or self.compression not in COMPRESSIONS:
            raise ValueError(f"report: format is one of {', '.join(FORMATS)}, compression of {', '.join(COMPRESSIONS)}")

    def rows(self, file: IO[bytes]) -> Iterator[Row]:
        """Every record of the file, in order.

        Raises:
            AnswerMalformed: it is not such a file, is cut off, or swells.
        """
        try:
            for part in self._parts(file):
                yield from {"csv": self._csv, "json": self._json, "jsonl": _lines}[self.format](part)
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile, UnicodeError, csv.Error) as problem:
            raise AnswerMalformed(
                f"The report's file is no whole {self.format} file.", why=f"{type(problem).__name__}: {problem}"[:300]
            ) from None

    def _parts(self, file: IO[bytes]) -> Iterator[io.BufferedReader]:
        file.seek(0)
        start = file.read(4)
        file.seek(0)
        packed = self.compression
        if packed == "auto":
            packed = "gzip" if start[:2] == b"\x1f\x8b" else "zip" if start[:2] == b"PK" else "none"
        left = [LARGEST_UNPACKED]
        if packed == "zip":
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    if not member.is_dir():
                        with archive.open(member) as unpacked:
                            yield io.BufferedReader(_Counted(unpacked, left))
        else:
            source = gzip.GzipFile(fileobj=file, mode="rb") if packed == "gzip" else file
            yield io.BufferedReader(_Counted(source, left))

    def _csv(self, part: io.BufferedReader) -> Iterator[Row]:
        if csv.field_size_limit() < LARGEST_LINE:
            csv.field_size_limit(LARGEST_LINE)
        text = io.TextIOWrapper(part, self.encoding, newline="")
        for _ in range(self.skip):
            text.readline()
        reader = csv.reader(text, delimiter=self.delimiter, strict=True)
        header = next(reader, None)
        if header is None:
            return
        names = [name.strip() for name in header]
        if names and names[0][:1] in {"{", "<"}:
            # An error told with status 200 would pass for a table without rows.
            raise AnswerMalformed("The report's file is JSON, HTML or XML, and not CSV.")
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise AnswerMalformed(f"The report has two columns called {min(twice)!r}.")
        for cells in reader:
            if len(cells) == len(names):
                # An empty cell is all that CSV has for a value that is not there.
                pairs = zip(names, cells, strict=True)
                yield msgspec.json.encode({name: cell or None for name, cell in pairs}), None
            elif cells:
                reason = f"the row has {len(cells)} cells, and the header {len(names)}"
                yield None, (self.delimiter.join(cells)[:20_000], reason)

    def _json(self, part: io.BufferedReader) -> Iterator[Row]:
        # Imported late: `vaiven_sdk.http` is made of more than this needs.
        from vaiven_sdk.http import Answer  # noqa: PLC0415

        content = part.read(LARGEST_ARRAY + 1)
        if len(content) > LARGEST_ARRAY:
            raise AnswerMalformed(f"The report's JSON array has more than {LARGEST_ARRAY:,} bytes.")
        answer = Answer(200, {}, content.removeprefix(b"\xef\xbb\xbf"))
        found = splitter(self.items, (), (), ())(answer)
        yield from ((item, None) for item in found.items)
        yield from ((None, bad) for bad in found.bad)


def _lines(part: io.BufferedReader) -> Iterator[Row]:
    first = True
    while line := part.readline(LARGEST_LINE + 1):
        if len(line) > LARGEST_LINE:
            raise AnswerMalformed(f"A line of the report has more than {LARGEST_LINE:,} bytes.")
        text = (line.removeprefix(b"\xef\xbb\xbf") if first else line).strip()
        first = False
        if not text:
            continue
        try:
            msgspec.json.decode(text, type=msgspec.Raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
            yield None, (text[:20_000].decode("utf-8", "replace"), f"not valid JSON: {reason}"[:200])
        else:
            yield text, None


class _Counted(io.RawIOBase):
    """Reads on until there is too much."""

    def __init__(self, source: io.BufferedIOBase | IO[bytes], left: list[int]) -> None:
        self._source, self._left = source, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        found = self._source.read(len(buffer))
        self._left[0] -= len(found)
        if self._left[0] < 0:
            raise AnswerMalformed(f"The report's file unpacks to more than {LARGEST_UNPACKED:,} bytes.")
        buffer[: len(found)] = found
        return len(found)
