"""A report that the vendor makes in its own time: ask for it, wait, download."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import time
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from vaiven_sdk.config import Config
from vaiven_sdk.errors import AnswerMalformed, NotFound, ReportFailed, VendorBusy
from vaiven_sdk.limits import LONGEST_WAIT, retry_after
from vaiven_sdk.read._base import Fetched, Read, Send, date_of
from vaiven_sdk.read._files import FileFormat, Row
from vaiven_sdk.read._request import Request, get
from vaiven_sdk.read._window import Window

_ROWS = 1000
"""Records of a file that are stored at once, where a report does not say."""
_IN_MEMORY = 8 * 1024 * 1024
_LONGEST_POLL = 60.0


@dataclass(frozen=True, slots=True)
class Report(Read):
    """Made by `report`. The state holds the job's id and how much of its files was read."""

    create: Request
    job: str
    poll: Request
    status: str
    done: frozenset[str]
    failed: frozenset[str]
    download: str | Read
    file: FileFormat | None
    wait: float
    deadline: float
    expires: float
    rows: int = _ROWS

    @property
    def size(self) -> int:
        """Records in a page."""
        return self.download.size if isinstance(self.download, Read) and self.file is None else self.rows

    def templates(self) -> Iterable[str]:
        """Those of all its requests."""
        last = self.download.templates() if isinstance(self.download, Read) else ()
        return [*self.create.templates(), *self.poll.templates(), *last]

    def check(self, config: type[Config], where: str, given: frozenset[str] = frozenset({"since", "until"})) -> None:
        """Poll and download may use `{job}`."""
        self.create.check(config, where, given)
        self.poll.check(config, where, given | {"job"})
        if isinstance(self.download, Read):
            self.download.check(config, where, given | {"job"})

    async def pages(
        self, send: Send, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """A first page without records, from which a later walk knows the job; then the file, `rows` records a page."""
        at: dict[str, Any] | None = state if state and time.time() - state["at"] < self.expires else None
        resumed = at is not None
        while True:
            if at is None:
                at = await self._ordered(send, window)
                yield Fetched((), at, {}, (), at["date"])
            here = dataclasses.replace(window, job=at["job"])
            try:
                about, url = await self._ready(send, here, waits=not resumed)
            except (NotFound, ReportFailed):
                if not resumed:
                    raise
                # It was another day's job: the vendor has forgotten it, or gave it up.
                at, resumed = None, False
                continue
            break
        if isinstance(self.download, Read) and self.file is None:
            async with aclosing(self.download.pages(send, here, state=at["in"], key=key)) as pages:
                async for page in pages:
                    following = None if page.state is None else {**at, "in": page.state}
                    yield dataclasses.replace(page, state=following, date=at["date"])
            return
        async with aclosing(self._files(send, here, at, self._addresses(about, url))) as files:
            async for page in files:
                yield page

    async def _ordered(self, send: Send, window: Window) -> dict[str, Any]:
        answer = await self.create.ask(send, window)
        job = next(iter(_values(answer.json(), self.job)), None)
        if job is None or isinstance(job, (dict, list)):
            raise AnswerMalformed(f"The report was asked for, but the answer has no job id at {self.job!r}.")
        return {
            "job": str(job),
            "at": int(time.time()),
            "date": date_of(answer.headers),
            "file": 0,
            "row": 0,
            "in": None,
        }

    async def _ready(self, send: Send, window: Window, *, waits: bool) -> tuple[Any, str]:
        """Ask how far it is, less and less often; the last answer and its address."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.deadline
        pause = self.wait
        asked = None
        while True:
            if waits:
                await asyncio.sleep(min(asked if asked is not None else pause, max(0.0, end - loop.time())))
                pause = min(pause * 2, _LONGEST_POLL)
            waits = True
            answer = await self.poll.ask(send, window)
            about = answer.json()
            asked = retry_after(answer.headers.get("retry-after"))
            asked = min(asked, LONGEST_WAIT) if asked is not None else None
            status = {_word(value) for value in _values(about, self.status)}
            if status & self.failed:
                raise ReportFailed("The vendor could not make the report.", why=f"job {window.job}: {min(status)}")
            if status & self.done:
                return about, answer.url
            if loop.time() >= end:
                raise VendorBusy(
                    f"The report is not ready after {self.deadline:.0f} seconds.",
                    why=f"job {window.job}: {min(status, default='no status')}",
                    remedy="Nothing to do: the next sync goes on with the same report.",
                )

    def _addresses(self, about: Any, url: str) -> list[str]:
        if isinstance(self.download, Read):
            return [""]
        found = list(_values(about, self.download, absent=True))
        if _ABSENT in found or not all(one is None or isinstance(one, str) for one in found):
            raise AnswerMalformed(f"The report is ready, but there is no address at {self.download!r}.")
        # null: it is ready, and empty.
        return [urljoin(url, one) for one in found if one]

    async def _files(
        self, send: Send, window: Window, at: dict[str, Any], addresses: list[str]
    ) -> AsyncGenerator[Fetched, None]:
        file = self.file or FileFormat()
        for number, address in enumerate(addresses):
            if number < at["file"]:
                continue
            with tempfile.SpooledTemporaryFile(_IN_MEMORY) as body:
                await self._fetch(send, window, address, body)
                row = at["row"] if number == at["file"] else 0
                rows = islice(file.rows(body), row, None)
                while chunk := list(islice(rows, self.rows)):
                    row += len(chunk)
                    yield _page(chunk, {**at, "file": number, "row": row})
        yield Fetched((), None, {}, (), at["date"])

    async def _fetch(self, send: Send, window: Window, address: str, body: Any) -> None:
        if isinstance(self.download, Request):
            await self.download.ask(send, window, into=body)
            return
        # A path alone is on our own origin; an address on another declared host carries its own permission.
        how = {"presigned": True} if urlsplit(address).scheme == "https" else {"own": "://" in address}
        await send("GET", address, params={}, safe=True, into=body, **how)


_ABSENT = object()


def _values(node: Any, path: str, *, absent: bool = False) -> Iterator[Any]:
    """The values at a dotted path of decoded JSON; `[]` goes through an array."""
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]")
    if not isinstance(node, dict) or name not in node:
        if absent:
            yield _ABSENT
        return
    found = node[name]
    for one in (found or []) if step.endswith("[]") or isinstance(found, list) else [found]:
        if rest:
            yield from _values(one, rest, absent=absent)
        elif one is not None or absent:
            yield one


def _word(value: Any) -> str:
    return str(value).lower()


def _page(chunk: list[Row], state: dict[str, Any]) -> Fetched:
    items = [item for item, _ in chunk if item is not None]
    return Fetched(items, state, {}, [bad for _, bad in chunk if bad is not None], state["date"])


def report(  # noqa: PLR0913 - what such jobs differ in, each with the common value as its default
    *,
    create: Request,
    poll: str | Request,
    download: str | Read,
    done: str | Collection[str],
    failed: str | Collection[str],
    job: str = "id",
    status: str = "status",
    format: Literal["csv", "json", "jsonl"] | None = "csv",  # noqa: A002 - the word that vendors use
    compression: Literal["auto", "gzip", "none", "zip"] = "auto",
    items: str | None = None,
    delimiter: str = ",",
    skip: int = 0,
    encoding: str = "utf-8-sig",
    wait: float = 2.0,
    deadline: float = 1800.0,
    expires: float = 86_400.0,
    rows: int = _ROWS,
) -> Report:
    """Read a report: order it, ask until it is ready, and download it.

    A walk that was broken off goes on with the same job; a job that the vendor no longer knows is ordered anew.

    Args:
        create: orders it; `post(...)` with `{since}` and `{until}`, say.
        poll: how far it is: a path, or a request, with `{job}` in it.
        download: path, in the answer to `poll`, of the file's address or of several (`files[].url`), null when the
            report is empty. It must be on the base URL's host or on a declared one; to that it goes without the
            credential, because such addresses carry their own permission. Or a request with `{job}`, signed as any.
        done: values of `status`, in any case, with which it is ready.
        failed: those with which it never will be.
        job: path of the job's id in the answer to `create`.
        status: path of the status in the answer to `poll`.
        format: what the file holds; None when `download` is a read that gives records page by page.
        compression: how it is packed; `auto` looks.
        items: in a JSON file, the path of the array.
        delimiter: in CSV, between two cells.
        skip: in CSV, lines before the header.
        encoding: of CSV.
        wait: seconds before the first look; they double up to 60, and a Retry-After comes first.
        deadline: seconds after which this run gives up and leaves the job to the next.
        expires: seconds after which a job of an earlier run is not gone on with.
        rows: records of a file that are stored at once: fewer where they are large.

    Raises:
        TypeError: the parts do not fit together.
    """
    asked = get(poll) if isinstance(poll, str) else poll
    if format is None and not isinstance(download, Read):
        raise TypeError("report: without a format, download=... must be a read of its records")
    if format is not None and isinstance(download, Read) and not isinstance(download, Request):
        raise TypeError("report: a file is downloaded with one request; give format=None for a read of pages")
    if rows < 1:
        raise TypeError(f"report: rows must be at least 1, not {rows}")
    file = FileFormat(format, compression, items, delimiter, skip, encoding) if format else None
    ends = [frozenset(map(_word, [words] if isinstance(words, (str, bool)) else words)) for words in (done, failed)]
    return Report(create, job, asked, status, ends[0], ends[1], download, file, wait, deadline, expires, rows)
