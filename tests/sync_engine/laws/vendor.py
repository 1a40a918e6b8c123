"""A tool with sharp edges, in process: people and companies behind an httpx transport, and the connector for it.

It refuses a write whose version is old, carries the hub's id, lists deletions. What it does besides is set on it: keeps
text in lower case, cuts it, shows its records late, repeats old pages, loses answers, refuses a record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx
from pydantic import AwareDatetime

from vaiven_sdk import (
    Account,
    Bearer,
    Config,
    Connector,
    CreateKey,
    Guard,
    Outcome,
    Page,
    Proof,
    Record,
    Session,
    Window,
    Write,
    get,
    proof,
    wire,
)
from vaiven_sdk.model import Company, Person
from vaiven_sdk.testing import ManualClock

Json = dict[str, Any]
CONSENT = {"yes": "granted", "no": "denied"}
PAGE = 3
KINDS = ("companies", "people")
BLANK: dict[str, Json] = {
    "companies": {"name": None},
    "people": {"email": None, "city": None, "tags": [], "employer": None, "consent": None, "decided": None},
}
STALE, TAKEN = 412, 409
"""In a row of an answer: the record has changed since; there is one with this address."""


class Lost(httpx.ReadTimeout):
    """The answer never came."""


class Vendor(httpx.AsyncBaseTransport):
    """One tool.

    Args:
        clock: shared by all.
        lower: it keeps text in lower case.
        cuts: it keeps the first 24 characters of a city.
        lag: seconds by which its lists trail what is stored.
        carries: it has a place for the hub's id of a person; without it, it allows one person for each address.
    """

    def __init__(
        self, clock: ManualClock, *, lower: bool = False, cuts: bool = False, lag: int = 0, carries: bool = True
    ) -> None:
        self.clock = clock
        self.lower, self.cuts, self.lag, self.carries = lower, cuts, lag, carries
        self.stored: dict[str, dict[str, Json]] = {kind: {} for kind in KINDS}
        self.gone: dict[str, dict[str, Json]] = {kind: {} for kind in KINDS}
        self.history: dict[str, list[tuple[Any, Json | None]]] = {}
        """What each record was, and since when: what a list that trails shows."""
        self.made = self.writes = 0
        self.before: Callable[[], None] | None = None
        """What somebody does between the hub's look and its write; once."""
        self.fault: str | None = None
        """`lost` (it did it), `reset` (it did not), `busy`, `down`, `html`; once, at the next write."""
        self.ours: set[str] = set()
        """Records that the hub made."""
        self.refused: set[str] = set()
        """Cities that it does not take."""
        self.repeat: Json | None = None
        """An old copy of a record, shown once more in the next list."""

    @property
    def people(self) -> dict[str, Json]:
        return self.stored["people"]

    # -- what people do

    def add(self, kind: str, **values: Any) -> Json:
        self.made += 1
        record = {"id": f"{kind[0]}{self.made:05}", "hub": None, "version": 0, **BLANK[kind]}
        self.stored[kind][record["id"]] = record
        self.edit(record, **values)
        return record

    def edit(self, record: Json, **values: Any) -> None:
        carries = self.carries or record["id"].startswith("c")
        record.update({k: self._kept(k, v) for k, v in values.items() if k != "hub" or carries})
        record["version"] += 1
        record["changed"] = self.clock.now().isoformat()
        self._note(record["id"], dict(record))

    def drop(self, kind: str, record: Json) -> None:
        del self.stored[kind][record["id"]]
        self.gone[kind][record["id"]] = {**record, "changed": self.clock.now().isoformat()}
        self._note(record["id"], None)

    def _kept(self, name: str, value: Any) -> Any:
        if not isinstance(value, str) or name in {"hub", "id", "employer", "decided"}:
            return value
        value = value.lower() if self.lower else value
        return value[:24] if self.cuts and name == "city" else value

    def _note(self, record_id: str, seen: Json | None) -> None:
        self.history.setdefault(record_id, []).append((self.clock.now(), seen))

    # -- the API

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        body = json.loads(request.content) if request.content else None
        _, op, kind = request.url.path.split("/")
        if op in {"create", "update", "delete"}:
            return self._write(op, kind, body)
        if op == "find":
            ids, hubs, emails = set(body["ids"]), set(body["hubs"]), {e.lower() for e in body["emails"]}
            found = [
                r
                for r in self.stored[kind].values()
                if r["id"] in ids
                or (r["hub"] and r["hub"] in hubs)
                or (not r["hub"] and str(r.get("email")).lower() in emails)
            ]
            return httpx.Response(200, json=found)
        return self._list(op, kind, request.url.params)

    def _list(self, op: str, kind: str, asked: Mapping[str, str]) -> httpx.Response:
        shown = self._shown(kind) if op == "list" else list(self.gone[kind].values())
        since, after = asked.get("since", ""), asked.get("after", "")
        found = sorted((r for r in shown if r["id"] > after), key=lambda r: r["id"])
        if since:
            found = [r for r in found if r["changed"] >= since.replace("Z", "+00:00")]
        items = found[:PAGE]
        if op == "list" and kind == "people" and self.repeat is not None:
            items, self.repeat = [*items, self.repeat], None
        return httpx.Response(200, json={"items": items, "more": len(found) > PAGE})

    def _shown(self, kind: str) -> list[Json]:
        if not self.lag:
            return list(self.stored[kind].values())
        until = self.clock.now() - timedelta(seconds=self.lag)
        out = []
        for record_id, versions in self.history.items():
            if record_id.startswith(kind[0]):
                seen = next((r for at, r in reversed(versions) if at <= until), None)
                out += [seen] if seen is not None else []
        return out

    def _write(self, op: str, kind: str, rows: Sequence[Json]) -> httpx.Response:
        if self.before is not None:
            act, self.before = self.before, None
            act()
        fault, self.fault = self.fault, None
        if fault == "reset":
            raise httpx.ReadError("reset")
        if fault in {"busy", "down"}:
            return httpx.Response(429 if fault == "busy" else 503, headers={"retry-after": "0"})
        if any(r.get("city") in self.refused or (r.get("patch") or {}).get("city") in self.refused for r in rows):
            return httpx.Response(400, json={"code": "NO_SUCH_CITY"})
        out = [self._one(op, kind, row) for row in rows]
        if fault == "lost":
            raise Lost("lost")
        return httpx.Response(200, text="<html>") if fault == "html" else httpx.Response(200, json=out)

    def _one(self, op: str, kind: str, row: Json) -> Json:
        if op == "create":
            taken = kind == "people" and not self.carries and row.get("email")
            if taken and any(str(r["email"]).lower() == taken.lower() for r in self.people.values()):
                return {"status": TAKEN}
            self.writes += 1
            made = self.add(kind, **row)
            self.ours.add(made["id"])
            return made
        record = self.stored[kind].get(row["id"])
        if record is None:
            return {"id": row["id"], "status": 404}
        if record["version"] != row["version"]:
            return {"id": row["id"], "status": STALE}
        self.writes += 1
        if op == "delete":
            self.drop(kind, record)
            return {"id": row["id"], "status": 204}
        self.edit(record, **row["patch"])
        return record


class Firm(Record[Company], key="id", cursor="changed", hub_id="hub"):
    """A company."""

    id: str = wire(read_only=True)
    hub: str | None = wire()
    name: str | None = wire(to="name")
    version: int = wire(read_only=True)
    changed: AwareDatetime = wire(read_only=True)


class Somebody(Record[Person], key="id", cursor="changed", hub_id="hub"):
    """A person."""

    id: str = wire(read_only=True)
    hub: str | None = wire()
    email: str | None = wire(to="email")
    city: str | None = wire(to="city")
    tags: list[str] | None = wire(to="tags")
    employer: str | None = wire(to="company_id", ref="companies")
    consent: str | None = wire(to="email_consent", values=CONSENT)
    decided: AwareDatetime | None = wire(read_only=True)
    version: int = wire(read_only=True)
    changed: AwareDatetime = wire(read_only=True)

    @proof("email_consent")
    def answer(self) -> Proof | None:
        """What the tool's own form keeps."""
        return Proof(self.decided, f"form-{self.id}") if self.decided and self.consent else None


def after(window: Window) -> str | None:
    return window.after


def connector(slug: str, vendor: Vendor) -> Connector[Config]:
    """The connector of one tool."""
    made = Connector(slug, Config, name=slug, category="crm", base_url=f"https://{slug}.example.com", auth=[Bearer()])
    for kind, record in (("companies", Firm), ("people", Somebody)):
        _stream(made, kind, record, vendor)

    @made.account
    async def account(_: Session[Config]) -> Account:
        return Account(slug)

    return made


def _stream(made: Connector[Config], kind: str, record: type[Record[Any]], vendor: Vendor) -> None:
    page = Page.keyset(size=PAGE)
    stream = made.stream(
        record,
        get(f"/list/{kind}", items="items", page=page, after=after),
        name=kind,
        changes=get(f"/list/{kind}", items="items", page=page, after=after, since="{since}"),
        # Nobody deletes companies here.
        gone=get(f"/gone/{kind}", items="items", page=page, after=after) if kind == "people" else None,
        guard=Guard.ETAG,
        create_key=CreateKey.EXTERNAL_ID if vendor.carries or kind == "companies" else CreateKey.NATURAL,
        lag=float(vendor.lag),
    )

    async def create(hub: Session[Config], writes: Sequence[Write[Any]]) -> list[Outcome]:
        answer = await hub.post(f"/create/{kind}", [w.patch for w in writes])
        return [
            w.rejected("taken", "There is somebody with this address.")
            if r.get("status") == TAKEN
            else w.saved(r["id"], r)
            for w, r in zip(writes, answer, strict=True)
        ]

    async def update(hub: Session[Config], writes: Sequence[Write[Any]]) -> list[Outcome]:
        rows = [{"id": w.id, "version": w.before.version if w.before else 0, "patch": w.patch} for w in writes]
        answer = await hub.post(f"/update/{kind}", rows)
        return [
            w.overtaken() if r.get("status") in {STALE, 404} else w.saved(r["id"], r)
            for w, r in zip(writes, answer, strict=True)
        ]

    async def delete(hub: Session[Config], writes: Sequence[Write[Any]]) -> list[Outcome]:
        answer = await hub.post(f"/delete/{kind}", [{"id": w.id, "version": w.record.version} for w in writes])
        return [w.overtaken() if r["status"] == STALE else w.deleted() for w, r in zip(writes, answer, strict=True)]

    async def find(hub: Session[Config], writes: Sequence[Write[Any]]) -> list[Json]:
        new = [w for w in writes if not w.id]
        wanted = {
            "ids": [w.id for w in writes if w.id],
            "hubs": [w.hub_id for w in new],
            "emails": [e for w in new if (e := getattr(w.record, "email", None))],
        }
        found: list[Json] = await hub.post(f"/find/{kind}", wanted, safe=True)
        return found

    stream.create(batch=2, needs=["email"] if kind == "people" else ["name"], consent=None)(create)
    stream.update(batch=2)(update)
    stream.delete(batch=2)(delete)
    stream.find(batch=10)(find)
