"""A vendor that gives the same records in every way in which marketing APIs give records."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vaiven_sdk import Bearer, Config, Connector, Page, capped, each, get, graphql, post, report, windows
from vaiven_sdk.http import Answer
from vaiven_sdk.testing import ManualClock, Simulator

NOW = datetime.now(UTC).replace(microsecond=0)
"""The server puts the machine's time into its Date header."""
SIZE = 3
CAP = 9
TOKEN = "shelf-token-0123456789"
QUERY = "query($first: Int!, $after: String) { shop { rows(first: $first, after: $after) { %s pageInfo { %s } } } }"
INFO = "hasNextPage endCursor"


def at(second: int) -> str:
    """An instant of the last week."""
    return datetime.fromtimestamp(NOW.timestamp() - 600_000 + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Shelf(Simulator):
    """`rows` by id; each has `id`, `updated_at`, `list` (which it belongs to) and `v`."""

    slug = "shelf"

    def __init__(self) -> None:
        super().__init__(clock=ManualClock(NOW))
        self.rows: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.signed: list[str | None] = []
        self.links = ""
        """Where next links begin; a path alone when empty."""
        self.polls = 1
        """Looks at a report until it is ready."""
        self.packed = True

    @property
    def credential(self) -> dict[str, str]:
        return {"token": TOKEN}

    def routes(self) -> list[Route]:
        return [Route("/{path:path}", self.serve, methods=["GET", "POST"])]

    def state(self) -> dict[str, Any]:
        return {"rows": list(self.rows.values())}

    def put(self, key: str, second: int = 0, list_: str = "a", v: int = 0) -> None:
        """Make or change a record."""
        self.rows[key] = {"id": key, "updated_at": at(second), "list": list_, "v": v}

    async def serve(self, request: Request) -> Response:
        self.signed.append(request.headers.get("authorization"))
        body = await request.body()
        found = self.answer(
            request.method, request.path_params["path"], dict(request.query_params), json.loads(body) if body else None
        )
        return Response(found.content, found.status, dict(found.headers))

    async def send(self, method: str, path: str, *, params=None, json=None, into=None, **_: Any) -> Answer:
        """As `Http.send`, without a network."""
        asked, _, query = path.removeprefix("https://files.shelf.example").partition("?")
        given = {k: str(v) for k, v in (params or {}).items()} | dict(p.split("=") for p in query.split("&") if p)
        answer = self.answer(method, asked.strip("/"), given, json)
        if answer.status == 404:
            from vaiven_sdk import NotFound

            raise NotFound(f"{path} is not here")
        if into is not None:
            into.seek(0)
            into.write(answer.content)
            return Answer(answer.status, answer.headers, b"")
        return answer

    def answer(self, method: str, path: str, query: dict[str, Any], body: Any) -> Answer:
        self.asked.append((method, path, {**query, **(body or {})}))
        headers = {"date": format_datetime(self.clock.now(), usegmt=True), "content-type": "application/json"}
        parts = path.split("/")
        found = getattr(self, f"on_{parts[0]}", None)
        if found is None:
            return Answer(404, headers, b"{}")
        content, more = found({**query, **(body or {})}, *parts[1:])
        if content is None:
            return Answer(404, headers, b"{}")
        return Answer(200, headers | more, content if isinstance(content, bytes) else json.dumps(content).encode())

    def sorted(self) -> list[dict[str, Any]]:
        return sorted(self.rows.values(), key=lambda row: row["id"])

    def above(self, after: Any) -> tuple[list[dict[str, Any]], bool]:
        rest = [row for row in self.sorted() if not after or row["id"] > after]
        return rest[:SIZE], len(rest) > SIZE

    # ------------------------------------------------------------------------------------------- the ways of paging

    def on_cursor(self, ask: dict[str, Any], *_: str) -> Any:
        page, more = self.above(ask.get("after"))
        return {"rows": page, "paging": {"next": page[-1]["id"]} if more else None}, {}

    def on_last(self, ask: dict[str, Any], *_: str) -> Any:
        page, more = self.above(ask.get("after"))
        return {"rows": page, "more": more}, {}

    def on_keyset(self, ask: dict[str, Any], *_: str) -> Any:
        return self.above(ask.get("after"))[0], {}

    def on_next(self, ask: dict[str, Any], *_: str) -> Any:
        page, more = self.above(ask.get("after"))
        return {"rows": page, "next": f"{self.links}/next/on?after={page[-1]['id']}" if more else None}, {}

    def on_link(self, ask: dict[str, Any], *_: str) -> Any:
        page, more = self.above(ask.get("after"))
        link = f'<{self.links}/link?after={page[-1]["id"]}>; title="a, b"; rel="next"' if more else ""
        return page, {"link": f'<https://elsewhere.example/>; rel="first", {link}'}

    def on_offset(self, ask: dict[str, Any], *_: str) -> Any:
        start, rows = int(ask["offset"]), self.sorted()
        return {"rows": rows[start : start + SIZE], "total": len(rows)}, {}

    def on_number(self, ask: dict[str, Any], *_: str) -> Any:
        start, rows = (int(ask["page"]) - 1) * SIZE, self.sorted()
        pages = -(-len(rows) // SIZE)
        about = {"total": len(rows), "pages": pages, "more": int(ask["page"]) < pages}
        return {"rows": rows[start : start + SIZE], "meta": about}, {}

    def on_graphql(self, ask: dict[str, Any], *_: str) -> Any:
        page, more = self.above(ask["variables"]["after"])
        info = {"hasNextPage": more, "endCursor": page[-1]["id"] if page else None}
        rows = {"nodes": page} if "nodes" in ask["query"] else {"edges": [{"node": row} for row in page]}
        return {"data": {"shop": {"rows": {**rows, "pageInfo": info}}}, "extensions": {"cost": 5}}, {}

    # -------------------------------------------------------------------------------------------------- combinations

    def on_window(self, ask: dict[str, Any], *parts: str) -> Any:
        rows = [r for r in self.sorted() if ask["since"][:19] <= r["updated_at"][:19] < ask["until"][:19]]
        rows = [r for r in rows if not parts or r["list"] == parts[0]]
        rest = [row for row in rows if not ask.get("after") or row["id"] > ask["after"]]
        return {"rows": rest[:SIZE], "next": rest[SIZE - 1]["id"] if len(rest) > SIZE else None}, {}

    def on_search(self, ask: dict[str, Any], *_: str) -> Any:
        rows = sorted(self.rows.values(), key=lambda row: (row["updated_at"], row["id"]))
        since, tie, place = ask.get("since", "")[:19], ask.get("tie", ""), ask.get("at", "")
        rows = [r for r in rows if (r["updated_at"][:19], r["id"] if tie else "~") > (since, tie)][:CAP]
        rest = [row for row in rows if f"{row['updated_at']} {row['id']}" > place]
        last = rest[SIZE - 1] if len(rest) > SIZE else None
        return {"rows": rest[:SIZE], "next": last and f"{last['updated_at']} {last['id']}"}, {}

    def on_lists(self, ask: dict[str, Any], *parts: str) -> Any:
        lists = sorted({row["list"] for row in self.rows.values()})
        if not parts:
            rest = [one for one in lists if not ask.get("after") or one > ask["after"]]
            rows = [{"id": one, "name": {"en": f"List {one}"}} for one in rest[:2]]
            return {"rows": rows, "next": rest[1] if len(rest) > 2 else None}, {}
        if parts[0] not in lists:
            return None, {}
        rows = [{k: v for k, v in row.items() if k != "list"} for row in self.sorted() if row["list"] == parts[0]]
        rest = [row for row in rows if not ask.get("after") or row["id"] > ask["after"]]
        return {"rows": rest[:SIZE], "next": rest[SIZE - 1]["id"] if len(rest) > SIZE else None}, {}

    def on_reports(self, ask: dict[str, Any], *parts: str) -> Any:
        if not parts:
            name = f"j{len(self.jobs)}"
            self.jobs[name] = {"looks": 0, "since": ask.get("since", ""), "until": ask.get("until", "~")}
            return {"report": {"id": name}}, {}
        job = self.jobs.get(parts[0])
        if job is None:
            return None, {}
        if parts[1:] == ("file",):
            return self.file(job), {"content-type": "text/csv"}
        job["looks"] += 1
        ready = job["looks"] >= self.polls
        url = f"https://files.shelf.example/reports/{parts[0]}/file?signature=s"
        return {"state": "Done" if ready else "RUNNING", "files": [{"url": url}] if ready else []}, {}

    def file(self, job: dict[str, Any]) -> bytes:
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(["id", "updated_at", "list", "v"])
        rows = [r for r in self.sorted() if job["since"][:19] <= r["updated_at"][:19] < job["until"][:19]]
        table.writerows(row.values() for row in rows)
        content = b"\xef\xbb\xbf" + text.getvalue().encode()
        return gzip.compress(content) if self.packed else content


START = at(-100_000)

shelf = Connector(
    "shelf",
    Config,
    name="Shelf",
    category="crm",
    base_url="https://api.shelf.example",
    auth=[Bearer()],
    hosts=["files.shelf.example"],
)

CURSOR = Page.cursor("after", at="paging.next", size=SIZE)
PLAIN = Page.cursor("after", at="next", size=SIZE)


def paged(path: str, page: Page, **params: Any) -> Any:
    """A read of `rows`."""
    return get(path, items="rows", page=page, **params)


MEMBERS = get("/lists/{parent.id}/members", items="rows", page=PLAIN)
LISTS = get("/lists", items="rows", page=Page.cursor("after", at="next", size=2))
ORDER = post("/reports", json={"since": "{since}", "until": "{until}"})
REPORT = {
    "create": ORDER,
    "job": "report.id",
    "poll": "/reports/{job}",
    "status": "state",
    "done": "DONE",
    "failed": "FAILED",
    "wait": 0.0,
}
WINDOWED = get("/window", items="rows", page=PLAIN, since="{since}", until="{until}")
SEARCH = get("/search", items="rows", page=Page.cursor("at", at="next", size=SIZE), since="{since}")

KINDS: dict[str, Any] = {
    "cursor": paged("/cursor", CURSOR),
    "cursor in the body": post(
        "/cursor", json={}, items="rows", page=Page.cursor("after", at="paging.next", size=SIZE, body=True)
    ),
    "last id": paged("/last", Page.last_id("after", more="more", size=SIZE)),
    "keyset": get("/keyset", page=Page.keyset(size=SIZE), after=lambda w: w.after),
    "next url": paged("/next", Page.next_url(at="next", size=SIZE)),
    "link header": get("/link", page=Page.link_header(size=SIZE)),
    "offset": paged("/offset", Page.offset(size=SIZE, total="total")),
    "number, total": paged("/number", Page.number(size=SIZE, total="meta.total")),
    "number, pages": paged("/number", Page.number(size=SIZE, pages="meta.pages")),
    "number, more": paged("/number", Page.number(size=SIZE, more="meta.more")),
    "number, short page": paged("/number", Page.number(size=SIZE)),
    "graphql, edges": graphql(QUERY % ("edges { node { id } }", INFO), items="shop.rows", page_size=SIZE),
    "graphql, nodes": graphql(QUERY % ("nodes { id }", INFO), items="shop.rows", page_size=SIZE),
    "windows": windows(WINDOWED, days=1, start=START),
    "each": each(LISTS, MEMBERS, inject={"list": "parent.id"}),
    "capped": capped(SEARCH, cap=CAP, by="updated_at"),
    "report": report(download="files[].url", **REPORT),
    "report, own download": report(download=get("/reports/{job}/file"), **REPORT),
    "report, pages": report(download=paged("/cursor", CURSOR), format=None, **REPORT),
    "windows of reports": windows(report(download="files[].url", **REPORT), days=3, start=START),
    "windows for each": each(
        LISTS,
        windows(
            get("/window/{parent.id}", items="rows", page=PLAIN, since="{since}", until="{until}"),
            days=4,
            start=START,
        ),
    ),
    "each in windows": windows(
        each(LISTS, get("/window/{parent.id}", items="rows", page=PLAIN, since="{since}", until="{until}")),
        days=4,
        start=START,
    ),
    "each of each": each(each(LISTS, MEMBERS), get("/cursor", items="rows", page=CURSOR, of="{parent.id}")),
}
for _read in KINDS.values():
    _read.check(Config, "shelf")
