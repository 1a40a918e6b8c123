"""A small vendor with sharp edges for the engine's properties: an ASGI simulator and its connector.

It refuses a write whose version is old (so that the stream's class is `exact`), carries the hub's id, lists deletions,
and may keep text in lower case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vaiven_sdk import (
    Account,
    Bearer,
    Config,
    Connector,
    CreateKey,
    Guard,
    Outcome,
    Page,
    Record,
    Session,
    Window,
    Write,
    get,
    wire,
)
from vaiven_sdk.model import Person
from vaiven_sdk.testing import Simulator


class ToyVendor(Simulator):
    """Records `{id, hub, email, city, version, changed}`; `lower` keeps text in lower case."""

    slug = "toy"
    quirks: ClassVar[dict[str, Any]] = {"lower": False, "page": 2}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.records: dict[str, dict[str, Any]] = {}
        self.gone: dict[str, dict[str, Any]] = {}
        self.made = 0
        self.before_update: Callable[[], None] | None = None
        """What a person does in the instant between the hub's look and its write; once."""

    @property
    def credential(self) -> dict[str, str]:
        return {"token": "toy-token-1234567890"}

    def routes(self) -> list[Route]:
        return [
            Route("/records", self.list),
            Route("/gone", self.list_gone),
            Route("/create", self.create, methods=["POST"]),
            Route("/update", self.update, methods=["POST"]),
            Route("/delete", self.delete, methods=["POST"]),
            Route("/find", self.find, methods=["POST"]),
        ]

    def state(self) -> dict[str, Any]:
        return {"records": self.records, "gone": self.gone}

    # -- what people do

    def person(self, **values: Any) -> str:
        self.made += 1
        record = {"id": f"r{self.made:06}", "hub": None, "email": None, "city": None, "version": 0}
        self.records[record["id"]] = record
        self.touch(record, values)
        return record["id"]

    def touch(self, record: dict[str, Any], values: Mapping[str, Any]) -> None:
        lower = self.quirk["lower"]
        record.update({k: v.lower() if lower and isinstance(v, str) and k != "hub" else v for k, v in values.items()})
        record["version"] += 1
        record["changed"] = self.clock.now().isoformat()

    def drop(self, remote_id: str) -> None:
        self.gone[remote_id] = self.records.pop(remote_id)

    # -- the API

    async def list(self, request: Request) -> Response:
        return self.page(self.records.values(), request)

    async def list_gone(self, request: Request) -> Response:
        return self.page(self.gone.values(), request)

    def page(self, records: Any, request: Request) -> Response:
        since, after = request.query_params.get("since", ""), request.query_params.get("after", "")
        found = sorted((r for r in records if r["id"] > after), key=lambda r: r["id"])
        if since:
            found = [r for r in found if r["changed"] >= since.replace("Z", "+00:00")]
        return JSONResponse({"items": found[: self.quirk["page"]]})

    async def create(self, request: Request) -> Response:
        out = []
        for row in await request.json():
            remote_id = self.person(**row)
            out.append(self.records[remote_id])
        return JSONResponse(out)

    async def update(self, request: Request) -> Response:
        out = []
        if self.before_update is not None:
            act, self.before_update = self.before_update, None
            act()
        for row in await request.json():
            record = self.records.get(row["id"])
            if record is None or record["version"] != row["version"]:
                out.append({"id": row["id"], "stale": True})
            else:
                self.touch(record, row["patch"])
                out.append(record)
        return JSONResponse(out)

    async def delete(self, request: Request) -> Response:
        out = []
        for row in await request.json():
            record = self.records.get(row["id"])
            stale = record is not None and record["version"] != row["version"]
            if record is not None and not stale:
                self.drop(row["id"])
            out.append({"id": row["id"], "stale": stale})
        return JSONResponse(out)

    async def find(self, request: Request) -> Response:
        wanted = await request.json()
        ids, hubs = set(wanted["ids"]), set(wanted["hubs"])
        found = [r for r in self.records.values() if r["id"] in ids or (r["hub"] and r["hub"] in hubs)]
        return JSONResponse(found)


class ToyPerson(Record[Person], key="id", cursor="changed", hub_id="hub"):
    """One record of the toy vendor."""

    id: str = wire(read_only=True)
    hub: str | None = wire()
    email: str | None = wire(to="email")
    city: str | None = wire(to="city")
    version: int = wire(read_only=True)
    changed: AwareDatetime = wire(read_only=True)


def after(window: Window) -> str | None:
    return window.after


def toy_connector(slug: str = "toy") -> Connector[Config]:
    """A connector of the toy vendor."""
    toy = Connector(slug, Config, name="Toy", category="crm", base_url="https://toy.example.com", auth=[Bearer()])
    people = toy.stream(
        ToyPerson,
        get("/records", items="items", page=Page.keyset(size=2), after=after),
        name="people",
        changes=get("/records", items="items", page=Page.keyset(size=2), after=after, since="{since}"),
        gone=get("/gone", items="items", page=Page.keyset(size=2), after=after),
        guard=Guard.ETAG,
        create_key=CreateKey.EXTERNAL_ID,
    )

    @people.create(batch=2)
    async def create(hub: Session[Config], writes: Sequence[Write[ToyPerson]]) -> list[Outcome]:
        answer = await hub.post("/create", [w.patch for w in writes])
        return [w.saved(r["id"], r) for w, r in zip(writes, answer, strict=True)]

    @people.update(batch=2)
    async def update(hub: Session[Config], writes: Sequence[Write[ToyPerson]]) -> list[Outcome]:
        rows = [{"id": w.id, "version": w.before.version if w.before else 0, "patch": w.patch} for w in writes]
        answer = await hub.post("/update", rows)
        return [w.overtaken() if r.get("stale") else w.saved(r["id"], r) for w, r in zip(writes, answer, strict=True)]

    @people.delete(batch=2)
    async def delete(hub: Session[Config], writes: Sequence[Write[ToyPerson]]) -> list[Outcome]:
        answer = await hub.post("/delete", [{"id": w.id, "version": w.record.version} for w in writes])
        return [w.overtaken() if r["stale"] else w.deleted() for w, r in zip(writes, answer, strict=True)]

    @people.find(batch=10)
    async def find(hub: Session[Config], writes: Sequence[Write[ToyPerson]]) -> list[dict[str, Any]]:
        wanted = {"ids": [w.id for w in writes if w.id], "hubs": [w.hub_id for w in writes if not w.id]}
        found: list[dict[str, Any]] = await hub.post("/find", wanted, safe=True)
        return found

    @toy.account
    async def account(hub: Session[Config]) -> Account:
        return Account("toy")

    return toy
