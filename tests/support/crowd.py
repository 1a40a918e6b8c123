"""Three tools that hold the same many people: in process, behind httpx transports, computed instead of stored.

A tool keeps only what was edited or created, so that its own memory stays small beside the hub's. Its answers are pages
of JSON bytes; nothing goes over a socket. How the tools differ at first is in `person`: each lacks one person in
twenty, each alone has no city for one in twenty, one in a hundred has another title in one tool.
"""

from __future__ import annotations

import dataclasses
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
from pydantic import AwareDatetime

from tests.support.hub import Hub, hub_at
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
from vaiven_sdk.model import Company, Person
from vaiven_sync_engine.store.address import Address

Json = dict[str, Any]
NAMES = ("crm", "mail", "shop")
PAGE = 100
CONSENT = {"yes": "granted", "no": "denied"}
CITIES = ("Bilbao", "Donostia", "Gasteiz", "Iruña", "Baiona", "Logroño", "Santander")
TITLES = ("Buyer", "Engineer", "Head of Marketing", "Owner", "Nurse")
DAY = "2026-01-01T00:00:00.000000Z"


class Firm(Record[Company], key="id", cursor="changed", hub_id="hub"):
    """A company."""

    id: str = wire(read_only=True)
    hub: str | None = wire()
    name: str | None = wire(to="name")
    domain: str | None = wire(to="domain")
    changed: AwareDatetime = wire(read_only=True)


class Somebody(Record[Person], key="id", cursor="changed", hub_id="hub"):
    """A person."""

    id: str = wire(read_only=True)
    hub: str | None = wire()
    email: str | None = wire(to="email")
    first: str | None = wire(to="given_name")
    last: str | None = wire(to="family_name")
    phone: str | None = wire(to="phone")
    city: str | None = wire(to="city")
    title: str | None = wire(to="job_title")
    tags: list[str] | None = wire(to="tags")
    employer: str | None = wire(to="company_id", ref="companies")
    consent: str | None = wire(to="email_consent", values=CONSENT)
    changed: AwareDatetime = wire(read_only=True)


class Clock:
    """The one clock of tools and hub: each reading is a millisecond later."""

    def __init__(self) -> None:
        self.ticks = 0

    def now(self) -> str:
        """The instant, as the hub writes it."""
        self.ticks += 1
        seconds, milliseconds = divmod(self.ticks, 1000)
        minutes, seconds = divmod(seconds, 60)
        days, minutes = divmod(minutes, 1440)
        return f"2026-02-{1 + days:02}T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{milliseconds:03}000Z"


def person(tool: int, number: int, firms: int) -> Json | None:
    """One of the people as the tool had them on the first day; None where it never had them."""
    if number % 20 == tool:
        return None
    other = number % 100 == 50 and tool == 1
    return {
        "id": f"p{number:07}",
        "hub": None,
        "email": f"person.{number}@mail{number % 50}.example",
        "first": f"Name{number % 997}",
        "last": f"Family{number % 4999}",
        # Two people at one number: a household.
        "phone": f"+3494{(number - (number % 50 == 49)):07}" if number % 3 else None,
        "city": None if number % 20 == 5 + tool else CITIES[number % 7],
        "title": "Chair" if other else TITLES[number % 5],
        "tags": ["customer", f"group-{number % 11}"],
        "employer": f"c{number % firms:07}" if number % 2 else None,
        "consent": "yes" if number % 4 else "no",
        "changed": "2026-01-02T00:00:00.000000Z" if other else DAY,
    }


def firm(number: int) -> Json:
    """One of the companies, the same in every tool."""
    return {
        "id": f"c{number:07}",
        "hub": None,
        "name": f"Firm {number}",
        "domain": f"firm{number}.example",
        "changed": DAY,
    }


class Tool(httpx.AsyncBaseTransport):
    """One tool.

    Args:
        place: which of the three.
        people: how many there are in all tools together.
        clock: shared.
        lower: what is written to it from now on it keeps in lower case.
    """

    def __init__(self, place: int, people: int, clock: Clock, *, lower: bool = False) -> None:
        self.place, self.clock, self.lower = place, clock, lower
        self.numbers = {"people": people, "companies": people // 100 + 1}
        self.edited: dict[str, dict[str, Json]] = {"people": {}, "companies": {}}
        self.news: dict[str, list[str]] = {}
        """Ids of the records that the read of changes under way shows, by kind."""
        self.made = self.writes = 0
        self.seconds = 0.0
        """Of work, spent in here."""

    # -- what people do

    def of(self, kind: str, remote_id: str) -> Json | None:
        """A record as it is now."""
        found = self.edited[kind].get(remote_id)
        if found is not None or remote_id[1] == "x":
            return found
        number = int(remote_id[1:])
        return person(self.place, number, self.numbers["companies"]) if kind == "people" else firm(number)

    def edit(self, kind: str, remote_id: str, **values: Any) -> Json:
        """Somebody, or the hub, changes a record."""
        if self.lower:
            values = {n: v.lower() if n in {"city", "title"} and v else v for n, v in values.items()}
        record = {**(self.of(kind, remote_id) or {}), **values, "changed": self.clock.now()}
        self.edited[kind][remote_id] = record
        return record

    # -- the API

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        started = time.thread_time()
        body = msgspec.json.decode(request.content) if request.content else None
        _, op, kind = request.url.path.split("/")
        if op == "list":
            asked = request.url.params
            answer: Any = self._list(kind, asked.get("after", ""), asked.get("since", ""))
        elif op == "find":
            answer = [r for i in body["ids"] if (r := self.of(kind, i))]
        elif op == "create":
            answer = [self._create(kind, row) for row in body]
        else:
            answer = [self._update(kind, row) for row in body]
        out = httpx.Response(
            200, content=msgspec.json.encode(answer), headers={"content-type": "application/json; charset=utf-8"}
        )
        self.seconds += time.thread_time() - started
        return out

    def _list(self, kind: str, after: str, since: str) -> Json:
        if since > DAY:
            if not after:
                self.news[kind] = sorted(i for i, r in self.edited[kind].items() if r["changed"] >= since)
            news = self.news[kind]
            start = bisect_right(news, after)
            return {
                "items": [self.edited[kind][i] for i in news[start : start + PAGE]],
                "more": len(news) > start + PAGE,
            }
        items: list[Json] = []
        number = int(after[1:]) + 1 if after and after[1] != "x" else 0
        while number < self.numbers[kind] and len(items) < PAGE and (not after or after[1] != "x"):
            record = self.of(kind, f"{kind[0]}{number:07}")
            items += [record] if record else []
            number += 1
        if len(items) < PAGE:
            ours = sorted(i for i in self.edited[kind] if i[1] == "x" and i > after)
            items += [self.edited[kind][i] for i in ours[: PAGE - len(items)]]
        return {"items": items, "more": len(items) == PAGE}

    def _create(self, kind: str, row: Json) -> Json:
        self.made += 1
        self.writes += 1
        return self.edit(kind, f"{kind[0]}x{self.made:06}", **{"id": f"{kind[0]}x{self.made:06}", **row})

    def _update(self, kind: str, row: Json) -> Json:
        self.writes += 1
        return self.edit(kind, row["id"], **row["patch"])


def after(window: Window) -> str | None:
    """The id that a page begins after."""
    return window.after


def connector(slug: str) -> Connector[Config]:
    """The connector of one tool."""
    made = Connector(slug, Config, name=slug, category="crm", base_url=f"https://{slug}.example.com", auth=[Bearer()])
    for kind, record in (("companies", Firm), ("people", Somebody)):
        _stream(made, kind, record)

    @made.account
    async def account(_: Session[Config]) -> Account:
        return Account(slug)

    return made


def _stream(made: Connector[Config], kind: str, record: type[Record[Any]]) -> None:
    page = Page.keyset(size=PAGE)
    stream = made.stream(
        record,
        get(f"/list/{kind}", items="items", page=page, after=after),
        name=kind,
        changes=get(f"/list/{kind}", items="items", page=page, after=after, since="{since}"),
        guard=Guard.READ_THEN_WRITE,
        create_key=CreateKey.EXTERNAL_ID,
    )

    async def create(hub: Session[Config], writes: Sequence[Write[Any]]) -> list[Outcome]:
        answer = await hub.post(f"/create/{kind}", [w.patch for w in writes])
        return [w.saved(r["id"], r) for w, r in zip(writes, answer, strict=True)]

    async def update(hub: Session[Config], writes: Sequence[Write[Any]]) -> list[Outcome]:
        answer = await hub.post(f"/update/{kind}", [{"id": w.id, "patch": w.patch} for w in writes])
        return [w.saved(r["id"], r) for w, r in zip(writes, answer, strict=True)]

    async def find(hub: Session[Config], writes: Sequence[Write[Any]]) -> list[Json]:
        found: list[Json] = await hub.post(f"/find/{kind}", {"ids": [w.id for w in writes if w.id]}, safe=True)
        return found

    needs = ["email"] if kind == "people" else ["name"]
    stream.create(batch=100, needs=needs, consent=None)(create)
    stream.update(batch=100)(update)
    stream.find(batch=100)(find)


@dataclasses.dataclass
class Crowd:
    """A hub over the three tools."""

    hub: Hub
    tools: Mapping[str, Tool]

    @property
    def writes(self) -> int:
        """Writes that took effect at any tool, ever."""
        return sum(tool.writes for tool in self.tools.values())

    def revisions(self) -> dict[str, int]:
        """The sum of all revisions of each kind."""
        kinds = ("person", "company", "contact_point", "consent_state")
        return {k: int(self.hub.rows(f"SELECT coalesce(sum(rev), 0) AS n FROM {k}")[0]["n"]) for k in kinds}

    def edit(self, count: int) -> None:
        """People move: `count` of them, each in one tool that knows them."""
        spread = max(1, self.tools["crm"].numbers["people"] // count)
        for n in range(count):
            number, place = n * spread, n % 3
            place = (place + 1) % 3 if number % 20 == place else place
            self.tools[NAMES[place]].edit("people", f"p{number:07}", city=f"Town {self.tools['crm'].clock.ticks}")


@contextmanager
def crowd_at(path: Address, people: int) -> Iterator[Crowd]:
    """A hub over the store at `path` with three approved accounts."""
    clock = Clock()
    tools = {name: Tool(place, people, clock, lower=name == "mail") for place, name in enumerate(NAMES)}
    connectors = {name: connector(name) for name in NAMES}
    with hub_at(path, connectors.__getitem__) as hub:
        hub.engine.now = clock.now
        hub.engine.transport = lambda one: tools[one.id]
        for name in NAMES:
            hub.connect(name, name, f"https://{name}.example.com", {"token": "a-token-of-the-crowd"})
        yield Crowd(hub, tools)
