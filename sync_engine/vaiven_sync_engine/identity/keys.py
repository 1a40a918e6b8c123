"""The values by which records say who they are: normalised, blocked where they prove nothing, stored for look-up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.model.match import email_match
from vaiven_sync_engine.identity.blocked import is_blocked
from vaiven_sync_engine.identity.edges import by_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vaiven_sdk.model import Entity
    from vaiven_sync_engine.store.sql import Sql

RecordKey = tuple[int, str]
"""Source id and remote id."""

WEAK = 3
"""From this priority on a key joins only records whose names do not contradict each other."""
ROLE = "role_email"
"""Namespace of an address that belongs to an office, not to a person: it joins only people of the same name."""
ROLES = frozenset(
    "accounts admin billing booking bookings contact enquiries finance hello help hola info invoices mail marketing"
    " office orders post reception sales service shop support team welcome".split()
)
MAILBOX = "mailbox"
"""Namespace of the address behind a plus tag or behind Gmail's dots; only records that have such a thing are in it."""
_EMAIL = "email"
_PLAIN = re.compile(r"[^+@]+@(?!g(?:oogle)?mail\.com$)")


@dataclass(frozen=True, slots=True)
class Space:
    """How much an equal value of one namespace proves.

    Args:
        priority: the smaller is believed first; from `WEAK` on names must not contradict.
        limit: a value on more live records of one stream than this proves nothing.
        unique: two different values are two entities.
    """

    priority: int
    limit: int
    unique: bool


def spaces_of(entity: type[Entity]) -> dict[str, Space]:
    """The namespaces of a kind; empty for a kind whose records are not matched."""
    found = {
        field.key.namespace: Space(field.key.priority, field.key.limit, field.key.limit == 1)
        for field in entity.fields().values()
        if field.key
    }
    if _EMAIL in found:
        found[ROLE] = found[MAILBOX] = Space(WEAK, found[_EMAIL].limit, unique=False)
    return found


def write_keys(connection: Sql, tenant: str, entity: type[Entity], dirty: Iterable[RecordKey]) -> None:
    """Store the keys that these records have now; those that they had before stay, marked as past."""
    named = {name: field.key.namespace for name, field in entity.fields().items() if field.key}
    for source, remotes in by_source(dirty):
        _write_some(connection, tenant, entity.kind, named, source, remotes)


def _write_some(
    connection: Sql, tenant: str, kind: str, named: Mapping[str, str], source: int, remotes: Sequence[str]
) -> None:
    decode = msgspec.json.decode
    known: list[str] = []
    keys: list[tuple[str, str, str, str, int, str]] = []
    for remote, fields, entity_id in connection.execute(
        "SELECT remote_id, fields, entity_id FROM record WHERE tenant_id = ? AND source_id = ?"
        f" AND remote_id IN ({','.join('?' * len(remotes))})",
        (tenant, source, *remotes),
    ):
        # A record that has no entity yet was never here: it has no keys to put into the past.
        if entity_id:
            known.append(remote)
        keys.extend(
            (tenant, kind, namespace, value, source, remote) for namespace, value in _keys(decode(fields), named)
        )
    if known:
        connection.execute(
            "UPDATE record_key SET current = 0 WHERE tenant_id = ? AND source_id = ?"
            f" AND remote_id IN ({','.join('?' * len(known))}) AND current <> 0",
            (tenant, source, *known),
        )
    connection.executemany(
        "INSERT INTO record_key (tenant_id, entity, namespace, value, source_id, remote_id) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant_id, entity, namespace, value, source_id, remote_id) DO UPDATE SET current = 1",
        keys,
    )


def _keys(fields: Mapping[str, Any], named: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, namespace in named.items():
        value = fields.get(name)
        if not value or is_blocked(namespace, text := str(value)):
            continue
        if namespace != _EMAIL:
            yield namespace, text
        elif text.partition("@")[0] in ROLES:
            yield ROLE, text
        else:
            yield _EMAIL, text
            if not _PLAIN.match(text) and (box := email_match(text)) and box != text:
                yield MAILBOX, box
