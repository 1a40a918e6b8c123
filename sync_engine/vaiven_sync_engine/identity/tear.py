"""An entity lost records to others: each gets its own values, references and addresses back, and no consent loosens."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.model import ENTITIES, Nature
from vaiven_sync_engine.consent.rule import CHANNELS
from vaiven_sync_engine.identity.absorb import MERGED
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.entities import Canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql

_SPOKEN = {"email": ("email", "role_email"), "phone": ("phone",)}
"""Namespaces in which an address of this type is a key."""


def tear(
    connection: Sql, tenant: str, kind: str, torn: str, parts: Iterable[str], sources: Mapping[int, Source], at: str
) -> None:
    """Undo what records had brought to an entity before they left it; call it when they have their new ones.

    Args:
        connection: in a transaction.
        tenant: whose.
        kind: of entity.
        torn: the entity that lost records.
        parts: the entities that got them.
        sources: every stream of the tenant.
        at: the current instant.
    """
    (entity,) = rows.load(connection, tenant, kind, [torn]).values() or (None,)
    if entity is None:
        return
    others = sorted(parts)
    if kind == "person":
        _give_consents(connection, tenant, entity, others, at)
        _give_addresses(connection, tenant, torn, others, at)
    else:
        for part in others:
            _revive(connection, tenant, kind, part, {}, at)
    _take_back(connection, tenant, kind, entity, at)
    for one in (torn, *others):
        # All of them are observed as if they were new: what was agreed on was agreed on with somebody else.
        connection.execute(
            "UPDATE record SET shadow = NULL, dirty = 1 WHERE tenant_id = ? AND entity_id = ?", (tenant, one)
        )
    _reread_referrers(connection, tenant, kind, torn)
    _move_events(connection, tenant, kind, torn, sources)


def _take_back(connection: Sql, tenant: str, kind: str, entity: Canonical, at: str) -> None:
    """The values that came from records which left go; a refusal stays where its address does."""
    held = {(row[0], row[1]) for row in _records(connection, tenant, entity.id)}
    spoken = _addresses(connection, tenant, entity.id) if kind == "person" else {}
    for name, origin in list(entity.origins.items()):
        if (origin.source, origin.remote_id) in held or _stands(entity, name, spoken):
            continue
        # What people decided in the hub stays with the id that they decided it for.
        if origin.source == 0 and not (kind == "person" and name in CHANNELS and _gone(entity, name, spoken)):
            continue
        entity.values.pop(name, None)
        del entity.origins[name]
    entity.rev += 1
    rows.save(connection, tenant, kind, [entity], at)


def _stands(entity: Canonical, name: str, spoken: Mapping[str, set[str]]) -> bool:
    """This consent is no permission, and it was refused for an address that is held here as well."""
    if name not in CHANNELS or entity.values.get(name) in {None, "granted", "unknown"}:
        return False
    return entity.values.get(CHANNELS[name][1]) in spoken.get(CHANNELS[name][1], ())


def _gone(entity: Canonical, name: str, spoken: Mapping[str, set[str]]) -> bool:
    """The hub was told this for an address that is not held here any more."""
    address = entity.values.get(CHANNELS[name][1])
    return address is not None and address not in spoken.get(CHANNELS[name][1], ())


def _give_consents(connection: Sql, tenant: str, torn: Canonical, parts: Sequence[str], at: str) -> None:
    """Refusals, and what the hub itself was told, hold for everybody who has the address that they were given for."""
    for part in parts:
        spoken = _addresses(connection, tenant, part)
        kept: dict[str, Any] = {}
        for name, (_, kind) in CHANNELS.items():
            origin = torn.origins.get(name)
            told_us = origin is not None and origin.source == 0 and torn.values.get(kind) in spoken[kind]
            if origin is not None and (told_us or _stands(torn, name, spoken)):
                kept[name] = (torn.values[name], origin)
        _revive(connection, tenant, "person", part, kept, at)


def _revive(connection: Sql, tenant: str, kind: str, part: str, consents: Mapping[str, Any], at: str) -> None:
    """An entity that had been merged away is one again: empty, since its records say everything anew."""
    found = rows.load(connection, tenant, kind, [part]).get(part)
    merged = found is not None and (found.deletion_reason or "").startswith(MERGED)
    if not consents and not merged:
        return
    entity = found or Canonical(part, created_at=at)
    if merged:
        entity.deleted_at = entity.deletion_reason = None
        # What the hub itself was told of it, no record can say again.
        entity.origins = {n: o for n, o in entity.origins.items() if o.source == 0}
        entity.values = {n: v for n, v in entity.values.items() if n in entity.origins}
    for name, (value, origin) in consents.items():
        entity.set(name, value, origin.source, origin.remote_id, origin.at, origin.rule)
    entity.rev += 1
    rows.save(connection, tenant, kind, [entity], at)


def _give_addresses(connection: Sql, tenant: str, torn: str, parts: Sequence[str], at: str) -> None:
    """Addresses, their consents and their log go where the records that know them went."""
    mine = _addresses(connection, tenant, torn)
    for part in parts:
        theirs = _addresses(connection, tenant, part)
        for kind in _SPOKEN:
            for value in sorted(theirs[kind] - mine[kind]):
                connection.execute(
                    "UPDATE consent_state SET deleted_at = ?, deletion_reason = ?, updated_at = ? WHERE tenant_id = ?"
                    " AND person_id = ? AND deleted_at IS NULL AND contact_point_id IN (SELECT id FROM contact_point"
                    " WHERE tenant_id = ? AND person_id = ? AND type = ? AND normalized = ?)",
                    (at, f"split_into:{part}", at, tenant, torn, tenant, torn, kind, value),
                )
                connection.execute(
                    "UPDATE contact_point SET deleted_at = ?, deletion_reason = ?, updated_at = ? WHERE tenant_id = ?"
                    " AND person_id = ? AND type = ? AND normalized = ? AND deleted_at IS NULL",
                    (at, f"split_into:{part}", at, tenant, torn, kind, value),
                )
                connection.execute(
                    "UPDATE consent_event SET person_id = ?, updated_at = ? WHERE tenant_id = ? AND person_id = ?"
                    " AND address = ?",
                    (part, at, tenant, torn, value),
                )


def _addresses(connection: Sql, tenant: str, entity_id: str) -> dict[str, set[str]]:
    """The addresses that an entity's records have or had, by type."""
    found: dict[str, set[str]] = {kind: set() for kind in _SPOKEN}
    for source, remote in _records(connection, tenant, entity_id):
        for row in connection.execute(
            "SELECT namespace, value FROM record_key WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            (tenant, source, remote),
        ):
            for kind, namespaces in _SPOKEN.items():
                if row[0] in namespaces:
                    found[kind].add(row[1])
    return found


def _records(connection: Sql, tenant: str, entity_id: str) -> list[tuple[int, str]]:
    sql = "SELECT source_id, remote_id FROM record WHERE tenant_id = ? AND entity_id = ?"
    return [(row[0], row[1]) for row in connection.execute(sql, (tenant, entity_id))]


def _reread_referrers(connection: Sql, tenant: str, kind: str, torn: str) -> None:
    """What refers to the torn entity looks again where its records point: some may point to one that left."""
    for other, entity in ENTITIES.items():
        names = [n for n, spec in entity.fields().items() if spec.ref == kind or spec.ref_by]
        if entity.nature is not Nature.ENTITY or not names:
            continue
        where = " OR ".join(f'"{name}" = ?' for name in names)
        found = connection.execute(
            f'SELECT id FROM "{other}" WHERE tenant_id = ? AND ({where})', (tenant, *(torn for _ in names))
        ).fetchall()
        for referrer in rows.load(connection, tenant, other, [row[0] for row in found]).values():
            agreed = {n: [torn, referrer.rev_of(n)] for n in names if referrer.values.get(n) == torn}
            for row in connection.execute(
                "SELECT source_id, remote_id, shadow FROM record WHERE tenant_id = ? AND entity_id = ?",
                (tenant, referrer.id),
            ).fetchall():
                shadow = msgspec.json.decode(row[2]) if row[2] else {}
                # Agreed on until now is the torn one, so that another one is news.
                shadow.update({n: v for n, v in agreed.items() if n in shadow})
                connection.execute(
                    "UPDATE record SET shadow = ?, dirty = 1 WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
                    (msgspec.json.encode(shadow).decode(), tenant, row[0], row[1]),
                )


def _move_events(connection: Sql, tenant: str, kind: str, torn: str, sources: Mapping[int, Source]) -> None:
    """Events are not merged and not read again: each goes where the record that it speaks of went."""
    streams: dict[tuple[str, str], list[Source]] = defaultdict(list)
    for source in sources.values():
        streams[source.connection_id, source.entity].append(source)
    by_name = {(s.connection_id, s.stream.name): s.id for s in sources.values()}
    for other, entity in ENTITIES.items():
        names = [n for n, spec in entity.fields().items() if spec.ref == kind]
        if entity.nature is not Nature.EVENT:
            continue
        for name in names:
            for row in connection.execute(
                f'SELECT id, connection_id, event_id FROM "{other}" WHERE tenant_id = ? AND "{name}" = ?',
                (tenant, torn),
            ).fetchall():
                for source in streams[row[1], other]:
                    mapped = source.stream.record.mapped().get(name)
                    target = by_name.get((row[1], mapped.ref)) if mapped and mapped.ref else None
                    now = target and _speaks_of(connection, tenant, source.id, row[2], name, target)
                    if now and now != torn:
                        connection.execute(
                            f'UPDATE "{other}" SET "{name}" = ? WHERE tenant_id = ? AND id = ?', (now, tenant, row[0])
                        )


def _speaks_of(connection: Sql, tenant: str, source: int, event: str, name: str, target: int) -> str | None:
    """The entity of the record that an event's own record names."""
    row = connection.execute(
        "SELECT fields FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?", (tenant, source, event)
    ).fetchone()
    remote = msgspec.json.decode(row[0]).get(name) if row else None
    found = (
        remote
        and connection.execute(
            "SELECT entity_id FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            (tenant, target, remote),
        ).fetchone()
    )
    return found[0] if found else None
