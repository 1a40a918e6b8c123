"""Who was erased, as salted hashes: enough to know somebody again who comes back, not to say who it was."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from vaiven_sdk.model import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaiven_sync_engine.records import Bad, Observed
    from vaiven_sync_engine.store.sql import Sql


def bury(
    connection: Sql,
    tenant: str,
    records: Iterable[tuple[int, str]],
    keys: Iterable[tuple[str, str, str]],
    at: str,
) -> None:
    """Remember records (source, remote id) and keys (kind, namespace, value) that are not to come back."""
    salt = _salt(connection, tenant) or _new_salt(connection, tenant, at)
    rows = [(tenant, _hash(salt, str(source), remote), "record", at) for source, remote in records]
    rows += [(tenant, _hash(salt, *key), "key", at) for key in keys]
    connection.executemany(
        "INSERT INTO tombstone (tenant_id, hash, kind, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
    )


def admitted(connection: Sql, tenant: str, source: int, good: Sequence[Observed]) -> Sequence[Observed]:
    """The records of a page without those of people who were erased."""
    salt = _salt(connection, tenant)
    if salt is None:
        return good
    names = _keys_of(connection, source)
    return [
        one
        for one in good
        if not _known(connection, tenant, _hash(salt, str(source), one.remote_id))
        and not any(_known(connection, tenant, _hash(salt, *key)) for key in _keys(one, names))
    ]


def without_erased(connection: Sql, tenant: str, source: int, bad: Sequence[Bad]) -> Sequence[Bad]:
    """What may go into quarantine: nothing of a record that was erased."""
    salt = _salt(connection, tenant)
    if salt is None:
        return bad
    return [b for b in bad if not b.remote_id or not _known(connection, tenant, _hash(salt, str(source), b.remote_id))]


def readmit(connection: Sql, tenant: str, kind: str, values: Iterable[tuple[str, str]]) -> int:
    """Let people with these keys (namespace, value) in again, who came back by their own wish; gives how many keys."""
    salt = _salt(connection, tenant)
    if salt is None:
        return 0
    hashes = [_hash(salt, kind, namespace, value) for namespace, value in values]
    return connection.executemany(
        "DELETE FROM tombstone WHERE tenant_id = ? AND hash = ? AND kind = 'key'", [(tenant, one) for one in hashes]
    ).rowcount


def _keys_of(connection: Sql, source: int) -> tuple[str, dict[str, str]]:
    """The kind of a stream's entity and the namespaces of its keys, by field."""
    (kind,) = connection.execute("SELECT entity FROM source WHERE id = ?", (source,)).fetchone()
    return kind, {name: spec.key.namespace for name, spec in ENTITIES[kind].fields().items() if spec.key}


def _keys(one: Observed, names: tuple[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    kind, namespaces = names
    if not namespaces:
        return []
    fields = msgspec.json.decode(one.fields)
    return [(kind, space, str(fields[name])) for name, space in namespaces.items() if fields.get(name)]


def _known(connection: Sql, tenant: str, hashed: str) -> bool:
    found = connection.execute("SELECT 1 FROM tombstone WHERE tenant_id = ? AND hash = ?", (tenant, hashed))
    return found.fetchone() is not None


def _salt(connection: Sql, tenant: str) -> bytes | None:
    row = connection.execute("SELECT hash FROM tombstone WHERE tenant_id = ? AND kind = 'salt'", (tenant,)).fetchone()
    return bytes.fromhex(row[0]) if row else None


def _new_salt(connection: Sql, tenant: str, at: str) -> bytes:
    salt = secrets.token_bytes(16)
    connection.execute(
        "INSERT INTO tombstone (tenant_id, hash, kind, at) VALUES (?, ?, 'salt', ?)", (tenant, salt.hex(), at)
    )
    return salt


def _hash(salt: bytes, *parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), key=salt, digest_size=20).hexdigest()
