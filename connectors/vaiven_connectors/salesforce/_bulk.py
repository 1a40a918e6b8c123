"""First reads of large objects by query jobs of Bulk API 2.0, of small ones by REST; either goes on where it stopped.

Sources: developer.salesforce.com, Bulk API 2.0 guide, "Create a Query Job", "Get Information About a Query Job" and
"Get Results for a Query Job" (locator "null" at the end; the same version for all of a job's requests), 2026-11-25.
"""

import csv
import io
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from vaiven_connectors.salesforce._settings import V
from vaiven_connectors.salesforce._soql import Soql, clock, readable, valued
from vaiven_sdk import AnswerMalformed, Fetched, Read, Window, get, post, report

ROWS = 5000
"""Records of one set of results: what is held in memory at once."""
WAIT = 2.0
"""Seconds before a job is asked for the first time."""
JOBS = f"{V}/jobs/query"


@dataclass(frozen=True, slots=True)
class Backfill(Read):
    """Every record of an object."""

    soql: Soql

    @property
    def size(self) -> int:
        """Records of a page of REST."""
        return self.soql.size

    def templates(self) -> Iterable[str]:
        """It has none."""
        return ()

    async def pages(
        self, send: Any, window: Window, *, state: Any = None, key: tuple[str, ...] = ("Id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The pages; the state says by which way they come."""
        way = next(iter(state)) if state else await self._way(send, window)
        read: Read = self.soql
        if way == "bulk":
            fields = await readable(send, self.soql.sobject, window.fields or self.soql.names)
            read = self._job(tuple(fields))
        async with aclosing(read.pages(send, window, state=(state or {}).get(way), key=key)) as pages:
            async for page in pages:
                yield replace(page, state=None if page.state is None else {way: page.state})

    async def _way(self, send: Any, window: Window) -> str:
        counted = self.soql.selected(["COUNT()"], [self.soql.where] if self.soql.where else [])
        answer = await send("GET", f"{V}/query", params={"q": counted}, safe=True)
        most: int = getattr(window.config, "bulk_from", 0)
        return "bulk" if most and int(answer.json()["totalSize"]) >= most else "rest"

    def _job(self, fields: tuple[str, ...]) -> Read:
        soql = self.soql
        chosen = [soql.where] if soql.where else []
        chosen += ["IsDeleted = false"] if soql.archived else []
        order = {
            "operation": "queryAll" if soql.archived else "query",
            "query": soql.selected(fields, chosen),
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        return report(
            create=post(JOBS, json=lambda _: order),
            job="id",
            poll=get(f"{JOBS}/{{job}}"),
            status="state",
            done="JobComplete",
            failed=("Failed", "Aborted"),
            wait=WAIT,
            download=Results(fields),
            format=None,
        )


@dataclass(frozen=True, slots=True)
class Results(Read):
    """The sets of results of a finished job; the state is the next set's locator."""

    fields: tuple[str, ...]

    @property
    def size(self) -> int:
        """Records of a set."""
        return ROWS

    def templates(self) -> Iterable[str]:
        """It has none."""
        return ()

    async def pages(
        self, send: Any, window: Window, *, state: Any = None, key: tuple[str, ...] = ("Id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The sets, one after the other."""
        while True:
            params = {"maxRecords": ROWS, **({"locator": state} if state else {})}
            path = f"{JOBS}/{window.job}/results"
            answer = await send("GET", path, params=params, headers={"Accept": "text/csv"}, safe=True)
            items = [msgspec.json.encode(row) for row in _rows(answer.content)]
            following = answer.headers.get("sforce-locator", "")
            state = following if following not in {"", "null"} else None
            yield Fetched(valued(items, self.fields, window), state, answer.headers, (), clock(answer.headers))
            if state is None:
                return


def _rows(content: bytes) -> Iterable[dict[str, str | None]]:
    """The rows as JSON objects: in CSV every value is a text, and an empty one is null."""
    if content.lstrip()[:1] in {b"<", b"{", b"["}:
        raise AnswerMalformed("Salesforce's results are not CSV.")
    for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        if None in row or None in row.values():
            raise AnswerMalformed("Salesforce's results are cut off: a row has not as many cells as its header.")
        yield {name: value or None for name, value in row.items()}
