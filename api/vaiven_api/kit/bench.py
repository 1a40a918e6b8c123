"""The kit's work bench: simulated accounts on real sockets, and hubs that sync them into stores of their own."""

from __future__ import annotations

import shutil
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from vaiven_api.kit.haste import Trace
from vaiven_sdk import Session
from vaiven_sdk.limits import Throttle, retry_after
from vaiven_sdk.testing import serve
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.connections import Connection
from vaiven_sync_engine.engine import Engine
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.times import earlier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping
    from pathlib import Path

    from vaiven_api.kit.subject import Subject
    from vaiven_sdk.http import Http
    from vaiven_sdk.testing import Simulator
    from vaiven_sync_engine.report import Report

SKEW = timedelta(minutes=20)
"""How far the simulated vendor's clock is behind ours: whoever reads our clock for its own is found out."""
PAGE = 3
"""Records in a page on the bench: a handful of them then makes several pages."""
MOST_PAGES = 400
"""Pages in one sync, after which a read is taken to be without end."""


class Stop(BaseException):
    """The process dies here: no connector may catch it."""


class Endless(Exception):
    """A read gave more pages than all records together could fill."""


class VendorClock:
    """The simulated vendor's clock: behind ours, strictly growing, and it can be stopped and moved on."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._held: datetime | None = None
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """The vendor's current instant; while held, the same one every time."""
        if self._held is not None:
            return self._held
        self._last = max(datetime.now(UTC) - SKEW + self._ahead, self._last + timedelta(microseconds=1))
        return self._last

    def move(self, seconds: float) -> None:
        """Let time pass at the vendor."""
        self._ahead += timedelta(seconds=seconds)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Everything in here happens in one instant."""
        self._held = self.now()
        try:
            yield
        finally:
            self._held = None


@dataclass(slots=True)
class Asked:
    """One request as it reached the vendor."""

    method: str
    path: str
    query: str
    status: int = 0
    waits: float = 0.0
    """Seconds that the answer asks to wait; a date is taken from our clock."""

    @property
    def same(self) -> tuple[str, str, str]:
        """What makes it the same request again."""
        return self.method, self.path, self.query


@dataclass(eq=False)
class Account:
    """One simulated account: a server that stays, and a simulator that can be replaced by a fresh one.

    Args:
        kind: the simulator's class.
        trace: where requests are noted.
        seed: another one gives other ids, so that none is right by accident.
    """

    kind: type[Simulator]
    trace: Trace
    seed: int = 0
    clock: VendorClock = field(default_factory=VendorClock)
    simulator: Simulator = field(init=False)

    def __post_init__(self) -> None:
        self.asked: list[Asked] = []
        self.acts: dict[int, Callable[[], object]] = {}
        """What the vendor's users do just before the request of that number is answered."""
        self.renew()
        # The server asks for nothing but the application, which is this object: it passes on to the current simulator.
        self.server = serve(cast("Simulator", self))
        # The vendor's own clock is told in the Date header, not this machine's.
        self.server._server.config.date_header = False  # noqa: SLF001

    @property
    def app(self) -> Account:
        """What the server calls."""
        return self

    def renew(self) -> Simulator:
        """An empty account at the same address."""
        self.clock = VendorClock()
        self.simulator = self.kind(seed=self.seed, clock=self.clock, quirks=self.kind.calm)
        self.simulator.page_cap = PAGE
        self.asked.clear()
        self.acts.clear()
        return self.simulator

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Pass one request on, and note it."""
        asked = Asked(scope["method"], scope["path"], scope["query_string"].decode("latin-1"))
        self.asked.append(asked)
        if act := self.acts.pop(len(self.asked), None):
            act()
        self.trace.events.append((self.trace.now(), asked))

        async def told(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                asked.status = message["status"]
                given = dict(message.get("headers", ()))
                asked.waits = retry_after(given.get(b"retry-after", b"").decode("latin-1")) or 0.0
                date = format_datetime(self.clock.now().replace(microsecond=0), usegmt=True).encode()
                headers = [h for h in message.get("headers", ()) if h[0].lower() != b"date"]
                message = {**message, "headers": [*headers, (b"date", date)]}
            await send(message)

        # A fault that closes the line looks for the server's own `send`.
        told.__self__ = getattr(send, "__self__", None)  # type: ignore[attr-defined]
        await self.simulator.app(scope, receive, told)

    def url(self, base_url: str) -> str:
        """Where a connector with that base address finds the account."""
        return self.server.url + urlsplit(base_url).path.rstrip("/")


@dataclass(eq=False)
class Hub:
    """One store and the engine over it.

    Args:
        subject: whose connector it syncs.
        path: the store's file.
    """

    subject: Subject
    path: Path
    credentials: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = Database.open(self.path)
        self.engine = self._engine()

    def _engine(self) -> Engine:
        return Engine(self.database, lambda _: self.subject.connector, lambda one: self.credentials[one.id])

    def close(self) -> None:
        """Give the file free."""
        self.database.close()

    def reborn(self) -> None:
        """Another process takes over: nothing but the store is left."""
        self.database.close()
        self.database = Database.open(self.path)
        self.engine = self._engine()

    def wait(self, seconds: float) -> None:
        """Let time pass at the hub, as between two runs."""
        now = self.engine.now
        self.engine.now = lambda: earlier(now(), -seconds)

    def connect(self, name: str, account: Account, **settings: Any) -> None:
        """Connect an account; its credential is the simulator's unless `credential` gives another."""
        self.credentials[name] = settings.pop("credential", None) or account.simulator.credential
        one = Connection(
            name,
            self.subject.slug,
            name,
            dict(account.simulator.config),
            account.url(self.subject.connector.base_url),
            b"-",
            **{"approved": True, **settings},
        )
        self.database.run_now(accounts.save, self.engine.tenant, one, self.engine.now())

    async def sync(
        self, *, stop: int | None = None, told: list[tuple[str, int]] | None = None, **options: Any
    ) -> Report:
        """Sync everything.

        Args:
            stop: pages after which the process dies.
            told: gets (connection, records so far in the stream) of each page read.
            options: of `Engine.sync`.

        Raises:
            Stop: it died, as asked.
            Endless: a read does not end.
        """
        pages = 0

        def progress(connection: str, stream: str, phase: str, _: int) -> None:
            nonlocal pages
            if phase != "pull":
                return
            pages += 1
            if told is not None:
                told.append((f"{connection}/{stream}", pages))
            if pages == stop:
                raise Stop
            if pages > MOST_PAGES:
                raise Endless(f"{stream}: more than {MOST_PAGES} pages, and no end")

        # Client-side limits are the SDK's; they would only make the measurement slow.
        self.engine.throttle = lambda *_: Throttle()  # type: ignore[method-assign]
        return await self.engine.sync(progress=progress, **options)

    async def settle(self, **options: Any) -> Report:
        """Sync until nothing is left open by an earlier run: once, or twice where a walk began again."""
        report = await self.sync(**options)
        return report if report.status == "ok" else await self.sync(**options)

    def rows(self, name: str) -> dict[tuple[str, str], tuple[str, bool]]:
        """What the store holds of one account: (stream, id) -> (unified values as JSON, deleted)."""
        with Database.reader(self.path) as connection:
            found = connection.execute(
                "SELECT s.stream, r.remote_id, r.fields, r.deleted_at FROM record r JOIN source s ON s.id = r.source_id"
                " WHERE s.connection_id = ?",
                (name,),
            ).fetchall()
        return {(row["stream"], row["remote_id"]): (row["fields"], row["deleted_at"] is not None) for row in found}

    def live(self, name: str, stream: str) -> dict[str, str]:
        """Unified values (JSON) of the stream's records that are there, by id."""
        return {key: fields for (where, key), (fields, gone) in self.rows(name).items() if where == stream and not gone}

    def bodies(self, name: str, stream: str) -> dict[str, str]:
        """The vendor's JSON of the stream's records that are there, by id."""
        with Database.reader(self.path) as connection:
            found = connection.execute(
                "SELECT r.remote_id, r.body FROM record r JOIN source s ON s.id = r.source_id"
                " WHERE s.connection_id = ? AND s.stream = ? AND r.deleted_at IS NULL ORDER BY r.rowid",
                (name, stream),
            ).fetchall()
        return {row["remote_id"]: row["body"] for row in found}

    def quarantine(self) -> list[tuple[str, str]]:
        """(stream, reason) of the records that could not be taken."""
        with Database.reader(self.path) as connection:
            found = connection.execute(
                "SELECT s.stream, q.reason FROM quarantine q JOIN source s ON s.id = q.source_id ORDER BY q.id"
            ).fetchall()
        return [(row["stream"], row["reason"]) for row in found]


@dataclass(eq=False)
class Bench:
    """Two accounts and as many hubs as the checks want.

    Args:
        subject: the connector under test.
        folder: for stores.
    """

    subject: Subject
    folder: Path
    trace: Trace = field(default_factory=Trace)

    def __post_init__(self) -> None:
        if self.subject.simulator is None:
            raise LookupError(self.subject.broken)
        self._made = 0
        self._hubs: list[Hub] = []
        self._empty = self.folder / "empty.db"
        Database.open(self._empty).close()
        self.north = Account(self.subject.simulator, self.trace)
        self.south = Account(self.subject.simulator, self.trace, seed=1)
        self.north.server.__enter__()
        self.south.server.__enter__()

    def close(self) -> None:
        """Stop the servers, close the stores."""
        self.clear()
        self.north.server.close()
        self.south.server.close()

    def clear(self) -> None:
        """Close the stores of a check that is over."""
        for hub in self._hubs:
            hub.close()
        self._hubs.clear()

    def hub(self, like: Path | None = None) -> Hub:
        """A hub with an empty store, or with a copy of another's."""
        self._made += 1
        path = self.folder / f"{self._made}.db"
        shutil.copyfile(like or self._empty, path)
        hub = Hub(self.subject, path)
        self._hubs.append(hub)
        return hub

    async def fresh(self, account: Account, streams: tuple[str, ...] = ()) -> Hub:
        """A hub that has just read all of an account: what the vendor shows to somebody new."""
        hub = self.hub()
        hub.connect("north", account, writes=False, streams=streams)
        await hub.sync()
        return hub

    async def session(
        self, stack: AsyncExitStack, account: Account, credential: Mapping[str, str] | None = None
    ) -> Session[Any]:
        """A session of the account, as a connector's function gets it; it lives as long as `stack`."""
        hub = self.hub()
        hub.connect("north", account, credential=credential)
        known = hub.database.run_now(accounts.load_all, hub.engine.tenant)
        hub.engine.throttle = lambda *_: Throttle()  # type: ignore[method-assign]
        client: Http = hub.engine.client(known["north"], self.subject.connector)
        await stack.enter_async_context(client)
        return Session(client.config, client.send)
