"""Records of three tools in a store, observed one by one or all at once, without a tool or a sync around them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from vaiven_sdk.model import ENTITIES
from vaiven_sync_engine.identity import edges, resolve, unmerge
from vaiven_sync_engine.identity.edges import Edge
from vaiven_sync_engine.store import Address, Database
from vaiven_sync_engine.store.runs import source_row

TOOLS = ("crm", "mail", "pay")
CRM, MAIL, PAY = 1, 2, 3
Key = tuple[int, str]


class People:
    """One tenant's records of one kind; sources 1 to 3 are the streams of `TOOLS`."""

    def __init__(self, database: Database, kind: str = "person") -> None:
        self.database, self.kind = database, kind
        self.number = itertools.count()
        self.places: dict[str, Key] = {}
        made = [self.sql(source_row, "local", tool, "people", kind)[0] for tool in TOOLS]
        assert made == [CRM, MAIL, PAY]

    def sql(self, work: Any, *args: Any) -> Any:
        """Run `work(connection, ...)` in a transaction."""
        return self.database.run_now(work, *args)

    def rows(self, text: str, *values: Any) -> list[Any]:
        """What a query gives."""
        return [tuple(row) for row in self.sql(lambda c: c.execute(text, values).fetchall())]

    def put(self, source: int, remote_id: str, *, hub_id: str | None = None, **fields: Any) -> None:
        """A tool has this record now."""
        self.put_all([(source, remote_id, fields)], hub_id=hub_id)

    def put_all(self, some: Iterable[tuple[int, str, Mapping[str, Any]]], *, hub_id: str | None = None) -> None:
        """Tools have these records now."""
        rows = []
        for source, remote_id, fields in some:
            body = msgspec.json.encode(fields).decode()
            rows.append(("local", source, remote_id, f"{next(self.number):09}", b"h", body, body, hub_id, "now", "run"))
            self.places[remote_id] = (source, remote_id)
        self.sql(
            lambda c: c.executemany(
                "INSERT INTO record (tenant_id, source_id, remote_id, version, hash, body, fields, hub_id, observed_at,"
                " run_id) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (tenant_id, source_id, remote_id) DO UPDATE SET"
                " fields = excluded.fields, deleted_at = NULL, dirty = 1",
                rows,
            )
        )

    def delete(self, remote_id: str) -> None:
        """A tool has deleted this record."""
        self.sql(
            lambda c: c.execute(
                "UPDATE record SET deleted_at = 'now', dirty = 1 WHERE source_id = ? AND remote_id = ?",
                self.places[remote_id],
            )
        )

    def say(self, kind: str, one: str, two: str, score: float | None = None) -> None:
        """Something is known of two records beside their keys."""
        edge = Edge(self.places[one], self.places[two], kind, score)
        self.sql(lambda c: edges.put(c, "local", self.kind, [edge], "run", "now"))
        self.sql(lambda c: edges.look_again(c, "local", (edge.one, edge.two)))

    def distinct(self, tool: str) -> None:
        """The customer says that this tool has everybody once."""
        settings = msgspec.json.encode({"distinct": True}).decode()
        row = ("local", tool, "toy", tool, "{}", b"", "ok", settings, "now", "now")
        self.sql(
            lambda c: c.execute(
                "INSERT INTO connection (tenant_id, id, connector, name, config, secret, status, settings, created_at,"
                " updated_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
                row,
            )
        )

    def resolve(self, at: str = "now") -> Any:
        """Resolve what changed."""

        def work(connection: Any) -> Any:
            out = resolve(connection, "local", ENTITIES[self.kind], [CRM, MAIL, PAY], at, "run")
            connection.execute("UPDATE record SET dirty = 0")
            return out

        return self.sql(work)

    def undo(self, lost: str, at: str = "later") -> Any:
        """Undo the merge by which an entity became a redirect."""
        apart = self.sql(lambda c: unmerge.undo(c, "local", self.kind, lost, {}, "undo", at))
        self.resolve(f"{at}.")
        return apart

    def split(self, *remote_ids: str, at: str = "later") -> Any:
        """Keep these records of one entity apart from its others."""
        entity_id, named = self.entity_of(remote_ids[0]), [self.places[one] for one in remote_ids]
        apart = self.sql(lambda c: unmerge.split(c, "local", self.kind, entity_id, named, "split", at))
        self.resolve(f"{at}.")
        return apart

    def groups(self) -> set[frozenset[str]]:
        """The records of each entity."""
        found: dict[str, set[str]] = {}
        for entity_id, remote_id in self.rows("SELECT entity_id, remote_id FROM record"):
            found.setdefault(entity_id, set()).add(remote_id)
        return {frozenset(group) for group in found.values()}

    def entity_of(self, remote_id: str) -> str:
        """The entity that a record has."""
        return str(self.rows("SELECT entity_id FROM record WHERE remote_id = ?", remote_id)[0][0])

    def evidence(self, remote_id: str) -> tuple[Any, ...]:
        """Why a record is where it is: rule, the record it hangs on, the entity it came from, score."""
        (row,) = self.rows(
            "SELECT rule, other_remote, lost_id, score FROM merge_evidence WHERE remote_id = ?"
            " ORDER BY at DESC LIMIT 1",
            remote_id,
        )
        return tuple(row)


@contextmanager
def people_at(address: Address, kind: str = "person") -> Iterator[People]:
    """A store of people, open as long as the block runs."""
    with Database.open(address) as database:
        yield People(database, kind)


def groups(*some: str) -> set[frozenset[str]]:
    """Groups of records, each named as in `"c1 m1"`."""
    return {frozenset(one.split()) for one in some}
