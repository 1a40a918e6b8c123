"""What a person decides about two values that were in conflict: which one it is to be, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from vaiven_sdk.custom import PREFIX
from vaiven_sdk.model import ENTITIES, Merge
from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.store import entities as rows

if TYPE_CHECKING:
    from vaiven_sync_engine.store.sql import Sql


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision did: the entity, the field, the value that it has now."""

    entity: str
    entity_id: str
    field: str
    value: Any


def decide(connection: Sql, tenant: str, conflict_id: str, keep: Literal["kept", "lost"], at: str) -> Decided:
    """Make one of a conflict's two values the one that counts; the next sync brings it to every tool.

    It works for a conflict that waits for a person, and to bring back a value that a rule had overwritten. Call it
    inside a transaction.

    Raises:
        InputInvalid: there is no such conflict, its entity is gone, or the field is a consent.
    """
    row = connection.execute("SELECT * FROM conflict WHERE tenant_id = ? AND id = ?", (tenant, conflict_id)).fetchone()
    if row is None:
        raise InputInvalid(
            f"There is no conflict {conflict_id!r}.", remedy="`vaiven conflicts --json` lists their ids."
        )
    kind, entity_id, name = row["entity"], row["entity_id"], row["field"]
    spec = ENTITIES[kind].fields().get(name)
    if spec is None and not name.startswith(PREFIX):
        raise InputInvalid(f"A {kind} has no field {name!r} any more.")
    if spec is not None and spec.merge is Merge.MOST_RESTRICTIVE:
        raise InputInvalid(
            "A consent is not decided for somebody.", remedy="Log their own act: `vaiven people consent ADDRESS`."
        )
    entity = rows.load(connection, tenant, kind, [entity_id]).get(entity_id)
    if entity is None or entity.deleted_at:
        raise InputInvalid(f"The {kind} {entity_id} is gone.")
    value = msgspec.json.decode(row[keep])
    entity.set(name, value, rows.HUB, "", at, "manual")
    rows.save(connection, tenant, kind, [entity], at)
    connection.execute(
        "UPDATE conflict SET state = 'decided', decided = ?, decided_at = ? WHERE tenant_id = ? AND entity = ?"
        " AND entity_id = ? AND field = ? AND (id = ? OR state = 'open')",
        (keep, at, tenant, kind, entity_id, name, conflict_id),
    )
    connection.execute(
        "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (tenant, kind, entity_id),
    )
    return Decided(kind, entity_id, name, value)
