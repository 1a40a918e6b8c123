"""Connections: an account of a tool, its settings and its sealed credential."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from vaiven_sync_engine.errors import UnknownConnection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.store.sql import Sql

Deletes = Literal["ignore", "propagate"]


@dataclass(frozen=True, slots=True)
class Connection:
    """One connected account.

    Args:
        id: also its name on the command line.
        base_url: replaces the vendor's address: a simulator, a proxy.
        secret: the sealed credential.
        deletes: `propagate` deletes a person everywhere when this tool deletes it; `ignore` keeps the others.
        creates: whether entities that this tool lacks are created there.
        writes: False reads only.
        streams: the streams to sync; empty means all.
        approved: somebody has seen a dry run and let this connection be written to.
        distinct: this tool has everybody once: two of its records are never one person.
    """

    id: str
    connector: str
    name: str
    config: dict[str, Any]
    base_url: str | None
    secret: bytes = field(repr=False)
    account_id: str | None = None
    account_name: str | None = None
    status: str = "ok"
    deletes: Deletes = "ignore"
    creates: bool = True
    writes: bool = True
    streams: tuple[str, ...] = ()
    approved: bool = False
    distinct: bool = False

    def settings(self) -> dict[str, Any]:
        """What the customer chose, as stored."""
        return {
            "deletes": self.deletes,
            "creates": self.creates,
            "writes": self.writes,
            "streams": list(self.streams),
            "approved": self.approved,
            "distinct": self.distinct,
        }


def save(connection: Sql, tenant: str, one: Connection, at: str) -> None:
    """Store a connection, new or changed."""
    connection.execute(
        "INSERT INTO connection (tenant_id, id, connector, name, config, base_url, secret, account_id, account_name,"
        " status, settings, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant_id, id) DO UPDATE SET config = excluded.config, base_url = excluded.base_url,"
        " secret = excluded.secret, account_id = excluded.account_id, account_name = excluded.account_name,"
        " status = excluded.status, settings = excluded.settings, updated_at = excluded.updated_at",
        (
            tenant, one.id, one.connector, one.name, msgspec.json.encode(one.config).decode(), one.base_url,
            one.secret, one.account_id, one.account_name, one.status,
            msgspec.json.encode(one.settings()).decode(), at, at,
        ),
    )  # fmt: skip


def keep_settings(connection: Sql, tenant: str, one: Connection, at: str) -> None:
    """Store what the customer chose, and nothing else: the credential may have been renewed since `one` was loaded."""
    connection.execute(
        "UPDATE connection SET settings = ?, updated_at = ? WHERE tenant_id = ? AND id = ?",
        (msgspec.json.encode(one.settings()).decode(), at, tenant, one.id),
    )


def keep_secret(connection: Sql, tenant: str, connection_id: str, secret: bytes, at: str) -> None:
    """Store a renewed credential, sealed."""
    connection.execute(
        "UPDATE connection SET secret = ?, updated_at = ? WHERE tenant_id = ? AND id = ?",
        (secret, at, tenant, connection_id),
    )


def load_all(connection: Sql, tenant: str) -> dict[str, Connection]:
    """Every connection of a tenant, by id, in the order they were made."""
    found = connection.execute(
        "SELECT * FROM connection WHERE tenant_id = ? ORDER BY created_at, id", (tenant,)
    ).fetchall()
    return {row["id"]: _of(row) for row in found}


def pick(found: dict[str, Connection], names: Sequence[str]) -> list[Connection]:
    """The named connections, or all of them.

    Raises:
        UnknownConnection: there is none of that name.
    """
    for name in names:
        if name not in found:
            raise UnknownConnection(f"There is no connection {name!r}.", why=f"there are {', '.join(found) or 'none'}")
    return [found[name] for name in names] if names else list(found.values())


def mark(connection: Sql, tenant: str, connection_id: str, status: str, at: str) -> None:
    """Set what a connection's state is called: `ok`, or the code of what stops it."""
    connection.execute(
        "UPDATE connection SET status = ?, updated_at = ? WHERE tenant_id = ? AND id = ? AND status <> ?",
        (status, at, tenant, connection_id, status),
    )


def _of(row: Any) -> Connection:
    settings = msgspec.json.decode(row["settings"])
    return Connection(
        id=row["id"],
        connector=row["connector"],
        name=row["name"],
        config=msgspec.json.decode(row["config"]),
        base_url=row["base_url"],
        secret=row["secret"],
        account_id=row["account_id"],
        account_name=row["account_name"],
        status=row["status"],
        deletes=settings.get("deletes", "ignore"),
        creates=settings.get("creates", True),
        writes=settings.get("writes", True),
        streams=tuple(settings.get("streams", ())),
        approved=settings.get("approved", False),
        distinct=settings.get("distinct", False),
    )
