"""A tool without HTTP: companies, people and daily figures in memory, a connector over them, and a hub of several.

What can go wrong on the way is set on the tool: a batch that is refused, an answer that is lost before or after the
write took effect, a record that the answer does not mention, somebody who edits in between.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import httpx
from pydantic import AwareDatetime

from tests.support.hub import Hub, hub_at
from vaiven_sdk import (
    Account,
    Batch,
    Bearer,
    ChangesUnknown,
    Config,
    Connector,
    Deletes,
    Guard,
    Outcome,
    Proof,
    Record,
    RequestRefused,
    Session,
    Window,
    Write,
    proof,
    wire,
)
from vaiven_sdk.model import Company, MetricFact, Person
from vaiven_sdk.testing import ManualClock
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.store.address import Address

CONSENT = {"yes": "granted", "no": "denied", "asked": "pending", "?": "unknown"}
STAGE = {"fan": "subscriber", "buyer": "customer"}
START = datetime(2026, 1, 1, tzinfo=UTC)


class OfficeCompany(Record[Company], key="id", cursor="changed"):
    """Where somebody works."""

    id: str = wire(read_only=True)
    name: str | None = wire(to="name")
    domain: str | None = wire(to="domain")
    changed: AwareDatetime = wire(read_only=True)


class PlainPerson(Record[Person], key="id", cursor="changed"):
    """Somebody, in a tool that has no place for our id."""

    id: str = wire(read_only=True)
    email: str | None = wire(to="email")
    number: str | None = wire(to="external_id")
    city: str | None = wire(to="city")
    tags: list[str] | None = wire(to="tags")
    consent: str | None = wire(to="email_consent", values=CONSENT)
    stage: str | None = wire(to="lifecycle", values=STAGE)
    title: str | None = wire(to="job_title", read_only=True)
    employer: str | None = wire(to="company_id", ref="companies")
    test: bool | None = wire(to="is_test", read_only=True)
    decided: AwareDatetime | None = wire(read_only=True)
    """When the person themselves last answered the form that this tool has for consent."""
    changed: AwareDatetime = wire(read_only=True)

    @proof("email_consent")
    def answer(self) -> Proof | None:
        """What the form keeps."""
        return Proof(self.decided, f"form-{self.id}", via="form") if self.decided else None


class OfficePerson(PlainPerson, key="id", cursor="changed", hub_id="hub"):
    """Somebody, with our id."""

    hub: str | None = wire()


class OfficeFigures(Record[MetricFact], key="id", cursor="changed"):
    """What a day brought at a company."""

    id: str = wire(read_only=True)
    on: date = wire(to="on")
    company: str = wire(to="entity_id", ref="companies")
    shown: int | None = wire(to="impressions")
    clicked: int | None = wire(to="clicks")
    changed: AwareDatetime = wire(read_only=True)


RECORDS: dict[str, type[Record[Any]]] = {"companies": OfficeCompany, "people": OfficePerson, "figures": OfficeFigures}


class Tool:
    """What one tool holds, what its people do, and what its API answers.

    Args:
        clock: of this tool; each edit takes a second.
        lower: keeps text in lower case.
        tells: a write's answer has the record as it is kept.
    """

    def __init__(self, clock: ManualClock, *, lower: bool = False, tells: bool = True) -> None:
        self.clock = clock
        self.lower = lower
        self.tells = tells
        self.made = 0
        self.lists: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in RECORDS}
        self.gone: dict[str, list[str]] = {name: [] for name in RECORDS}
        self.calls: list[tuple[str, list[dict[str, Any]]]] = []
        """Every call that writes, with what it was asked to write."""
        self.before: deque[Callable[[str], None]] = deque()
        """Each is called once with the operation, before a write takes effect; it may raise."""
        self.after: deque[Callable[[str], None]] = deque()
        """The same, after it took effect."""
        self.refuse: Callable[[Mapping[str, Any]], bool] = lambda _: False
        """One such record has the whole batch refused."""
        self.mute: Callable[[Mapping[str, Any]], bool] = lambda _: False
        """The answer does not mention such records, which are not written."""
        self.hidden: set[str] = set()
        """Ids that reads do not show yet."""
        self.amnesia = False
        """It cannot tell what changed."""

    @property
    def people(self) -> dict[str, dict[str, Any]]:
        return self.lists["people"]

    # -- what people do

    def add(self, stream: str = "people", **values: Any) -> str:
        self.made += 1
        remote_id = f"{stream[0]}{self.made:03}"
        self.lists[stream][remote_id] = {"id": remote_id}
        self.edit(remote_id, **values)
        return remote_id

    def edit(self, remote_id: str, **values: Any) -> None:
        self.clock.advance(1)
        kept = {k: v.lower() if self.lower and isinstance(v, str) and k != "hub" else v for k, v in values.items()}
        self.of(remote_id).update(kept, changed=self.clock.now().isoformat())

    def drop(self, remote_id: str) -> dict[str, Any]:
        self.clock.advance(1)
        name = next(n for n, records in self.lists.items() if remote_id in records)
        self.gone[name].append(remote_id)
        return self.lists[name].pop(remote_id)

    def of(self, remote_id: str) -> dict[str, Any]:
        return next(records[remote_id] for records in self.lists.values() if remote_id in records)

    # -- the API

    def write(self, op: str, stream: str, writes: Sequence[Write[Any]], *, etag: bool) -> list[Outcome]:
        patches = [{"id": w.id, **(w.patch if op != "delete" else {})} for w in writes]
        self.calls.append((op, patches))
        if self.before:
            self.before.popleft()(op)
        if any(self.refuse(p) for p in patches):
            raise RequestRefused("One of these is wrong.", why="it is wrong", body={"category": "WRONG"})
        out = [
            self._one(op, stream, w, etag=etag)
            for w, p in zip(writes, patches, strict=True)
            if not self.mute(p)
        ]  # fmt: skip
        if self.after:
            self.after.popleft()(op)
        return out

    def _one(self, op: str, stream: str, write: Write[Any], *, etag: bool) -> Outcome:
        records = self.lists[stream]
        if op == "create":
            remote_id = self.add(stream, **write.patch)
        else:
            remote_id = str(write.id)
            seen = write.before.changed if write.before else None
            if remote_id not in records:
                return write.deleted() if op == "delete" else write.rejected("gone", "It is gone.")
            if etag and datetime.fromisoformat(records[remote_id]["changed"]) != seen:
                return write.overtaken()
            if op == "delete":
                self.drop(remote_id)
                return write.deleted()
            self.edit(remote_id, **write.patch)
        return write.saved(remote_id, dict(records[remote_id]) if self.tells else None)

    def find(self, stream: str, writes: Sequence[Write[Any]]) -> list[dict[str, Any]]:
        ids, hubs = {w.id for w in writes if w.id}, {w.hub_id for w in writes if not w.id}
        emails = {getattr(w.record, "email", None) for w in writes if not w.id} - {None}
        return [
            dict(r)
            for r in self.lists[stream].values()
            if r["id"] in ids or r.get("hub") in hubs or (not r.get("hub") and r.get("email") in emails)
        ]

    def page(self, stream: str, window: Window) -> list[dict[str, Any]]:
        if window.since and self.amnesia:
            raise ChangesUnknown("The log does not reach back so far.")
        since = datetime.fromisoformat(window.since) if window.since else None
        return [
            dict(r)
            for r in self.lists[stream].values()
            if r["id"] not in self.hidden and (since is None or datetime.fromisoformat(r["changed"]) >= since)
        ]


def office(
    slug: str,
    tool: Tool,
    *,
    finder: bool = True,
    hub: bool = True,
    guard: Guard = Guard.READ_THEN_WRITE,
    batch: int = 10,
    needs: Sequence[str] = ("email",),
    consent: str | None = None,
    ops: Sequence[str] = ("create", "update", "delete"),
) -> Connector[Config]:
    """A connector of one tool; its deletions are listed."""
    made = Connector(slug, Config, name=slug, category="crm", base_url="https://office.example", auth=[Bearer()])
    for name, record in RECORDS.items():
        kind = PlainPerson if record is OfficePerson and not hub else record
        stream = made.stream(kind, name=name, guard=guard, deletes=Deletes.EVENTS)

        async def read(_: Session[Config], window: Window, state: Any, name: str = name) -> AsyncIterator[Batch]:
            yield Batch(tool.page(name, window), gone=tuple(tool.gone[name]))

        for kind_of_read in ("full", "changes"):
            stream.reader(kind_of_read)(read)
        if name == "figures":
            continue
        for op in ops:

            async def write(
                _: Session[Config], writes: Sequence[Write[Any]], op: str = op, name: str = name
            ) -> list[Outcome]:
                return tool.write(op, name, writes, etag=guard is Guard.ETAG)

            people = name == "people"
            if op == "create":
                wanted = needs if people else ("name",)
                stream.create(batch=batch, needs=wanted, consent=consent if people else None)(write)
            else:
                getattr(stream, op)(batch=batch)(write)
        if finder:

            async def find(_: Session[Config], writes: Sequence[Write[Any]], name: str = name) -> list[dict[str, Any]]:
                return tool.find(name, writes)

            stream.find()(find)

    @made.account
    async def account(_: Session[Config]) -> Account:
        return Account(slug)

    return made


@dataclasses.dataclass
class Desk:
    """A hub over some tools, all on one clock."""

    hub: Hub
    clock: ManualClock
    tools: dict[str, Tool]
    connectors: dict[str, Connector[Config]]

    def connect(
        self, name: str, tool: Tool | None = None, settings: Mapping[str, Any] | None = None, **how: Any
    ) -> Tool:
        """Make a tool (or take one), its connector, and its account in the hub."""
        self.tools[name] = tool = tool or Tool(self.clock)
        self.connectors[name] = office(name, tool, **how)
        self.account(name, **(settings or {}))
        return tool

    def account(self, name: str, **settings: Any) -> None:
        """Make or change an account; approved unless the settings say otherwise."""
        one = accounts.Connection(name, name, name, {}, None, b"-", **{"approved": True, **settings})
        self.hub.credentials[name] = {"token": "a-token-of-the-office"}
        self.hub.database.run_now(accounts.save, "local", one, self.hub.engine.now())

    async def sync(self, *names: str, **options: Any) -> Any:
        """One run, a second later."""
        self.clock.advance(1)
        return await self.hub.engine.sync(names, **options)

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return self.hub.rows(sql, *values)

    def person(self, **where: Any) -> dict[str, Any]:
        """The one person who is not deleted and has these values."""
        test = "".join(f' AND "{name}" = ?' for name in where)
        (found,) = self.rows(f"SELECT * FROM person WHERE deleted_at IS NULL{test}", *where.values())
        return found

    def conflicts(self) -> list[tuple[str, str, str, str]]:
        """(field, kept, lost, rule) of each."""
        found = self.rows("SELECT field, kept, lost, rule FROM conflict ORDER BY at, id")
        return [(row["field"], row["kept"], row["lost"], row["rule"]) for row in found]


@contextmanager
def desk_at(path: Address) -> Iterator[Desk]:
    """A hub over the store at `path` with no accounts yet."""
    clock = ManualClock(START)
    connectors: dict[str, Connector[Config]] = {}
    with hub_at(path, connectors.__getitem__) as hub:
        hub.engine.now = lambda: clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        # Nothing is sent over it: all that a connector here does is in memory.
        hub.engine.transport = lambda _: httpx.MockTransport(lambda __: httpx.Response(500))
        yield Desk(hub, clock, {}, connectors)
