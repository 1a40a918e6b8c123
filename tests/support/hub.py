"""An engine over a file of its own, with the accounts that a test wants."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.connections import Connection
from vaiven_sync_engine.engine import Engine
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.store.address import Address

if TYPE_CHECKING:
    from vaiven_sdk import Connector
    from vaiven_sync_engine.report import Report


@dataclasses.dataclass
class Hub:
    """One store, its engine and the credentials of its accounts."""

    path: Address
    database: Database
    engine: Engine
    credentials: dict[str, dict[str, str]]

    def connect(self, name: str, connector: str, url: str, credential: Mapping[str, str], **settings: Any) -> None:
        """Make an account, or change what is known of it."""
        one = Connection(name, connector, name, {}, url, b"-", approved=True, **settings)
        self.credentials[name] = dict(credential)
        self.database.run_now(accounts.save, self.engine.tenant, one, self.engine.now())

    async def sync(self, **options: Any) -> Report:
        """Sync everything."""
        return await self.engine.sync(**options)

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """What a reader beside the engine sees."""
        with Database.reader(self.path) as connection:
            return [dict(row) for row in connection.execute(sql, values)]

    def bodies(self, stream: str, connection: str = "shop") -> dict[str, Any]:
        """The stored records of one stream by the vendor's id, decoded; deleted ones are left out."""
        return {
            row["remote_id"]: json.loads(row["body"])
            for row in self.rows(
                "SELECT r.remote_id, r.body FROM record r JOIN source s ON s.id = r.source_id"
                " WHERE s.stream = ? AND s.connection_id = ? AND r.deleted_at IS NULL",
                stream,
                connection,
            )
        }

    def quarantine(self) -> list[dict[str, Any]]:
        """What was set aside."""
        return self.rows("SELECT remote_id, code, reason, body FROM quarantine ORDER BY first_at, id")


@contextmanager
def hub_at(path: Address, load: Callable[[str], Connector[Any]]) -> Iterator[Hub]:
    """Open the store at `path` and give its hub; `load` finds connectors by slug."""
    with Database.open(path) as database:
        credentials: dict[str, dict[str, str]] = {}
        yield Hub(path, database, Engine(database, load, lambda one: credentials[one.id]), credentials)
