"""Values that the hub works out itself: set on an entity, named for what worked them out, and pushed like any edit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk import CustomField
from vaiven_sdk._mapping import reader
from vaiven_sdk.custom import PREFIX
from vaiven_sdk.model import ENTITIES, Merge, Nature
from vaiven_sync_engine.errors import NotComputable
from vaiven_sync_engine.identity.reach import current_ids
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.entities import COMPUTED, HUB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vaiven_sync_engine.store import Database
    from vaiven_sync_engine.store.sql import Sql


@dataclass(slots=True)
class Computed:
    """What became of the values that were set.

    Args:
        changed: entities that got a value other than they had; the next sync brings it to the tools.
        unchanged: entities that had these very values.
        withheld: entities that are deleted, or people who have objected to any processing.
        unknown: ids of nobody.
    """

    changed: int = 0
    unchanged: int = 0
    withheld: int = 0
    unknown: list[str] = field(default_factory=list)


async def set_values(
    database: Database, tenant: str, kind: str, values: Mapping[str, Mapping[str, Any]], *, by: str, at: str
) -> Computed:
    """Set values that a formula or a model worked out; to set the same ones again changes nothing.

    The next sync plans and writes them, dry run and limits as ever. A tool's own edit of such a field does not
    replace the value: it is kept in `conflict`, and the tool gets the hub's value again.

    Args:
        database: the store.
        tenant: whose.
        kind: of the entities.
        values: entity id -> unified field or `custom.<tool>.<key>` -> value; None empties the field.
        by: what worked them out, with its version, as in `rfm/1`; kept with each value.
        at: the instant that the values are of.

    Raises:
        NotComputable: a field does not exist, is not the hub's to say, or cannot hold a value; nothing was set.
    """
    names = {name for some in values.values() for name in some}
    clean = await database.run(_cleaners, tenant, kind, names)
    fit = {i: {name: _fitting(i, name, v, clean[name]) for name, v in some.items()} for i, some in values.items()}
    out, ids = Computed(), list(fit)
    for start in range(0, len(ids), rows.CHUNK):
        some = {i: fit[i] for i in ids[start : start + rows.CHUNK]}
        await database.run(_set, tenant, kind, some, (by, at), out)
    return out


def _set(
    connection: Sql,
    tenant: str,
    kind: str,
    values: Mapping[str, Mapping[str, Any]],
    said: tuple[str, str],
    out: Computed,
) -> None:
    # Whoever was merged meanwhile is found under the id that was kept; what is said of that id itself comes last.
    moved = current_ids(connection, tenant, kind, values.keys())
    now = {given: moved.get(given, given) for given in values}
    wanted = {now[given]: values[given] for given in sorted(values, key=lambda given: now[given] == given)}
    held = rows.load(connection, tenant, kind, wanted)
    by, at = said
    for entity_id, fields in wanted.items():
        entity = held.get(entity_id)
        if entity is None:
            out.unknown.append(entity_id)
        elif entity.deleted_at or entity.values.get("do_not_process"):
            out.withheld += 1
        else:
            for name, value in fields.items():
                origin = entity.origins.get(name)
                if entity.values.get(name) != value or origin is None or origin.rule != COMPUTED:
                    entity.set(name, value, HUB, by, at, COMPUTED)
            out.changed += entity.changed
            out.unchanged += not entity.changed
    changed = [one for one in held.values() if one.changed]
    rows.save(connection, tenant, kind, changed, at)
    connection.executemany(
        "INSERT INTO pending (tenant_id, entity, entity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(tenant, kind, one.id) for one in changed],
    )


def _fitting(entity_id: str, name: str, value: Any, clean: Callable[[Any], Any]) -> Any:
    try:
        return None if value is None else clean(value)
    except (ValueError, ArithmeticError) as problem:
        raise NotComputable(f"{name} of {entity_id} cannot take what was worked out.", why=str(problem)) from None


def _cleaners(connection: Sql, tenant: str, kind: str, names: Iterable[str]) -> dict[str, Callable[[Any], Any]]:
    """What brings a value of each field to the form in which the store has it."""
    entity = ENTITIES.get(kind)
    if entity is None or entity.nature is not Nature.ENTITY:
        raise NotComputable(f"Values of {kind} cannot be set.", why="no such kind, or its rows are not edited")
    custom = _custom(connection, tenant, kind)
    out: dict[str, Callable[[Any], Any]] = {}
    for name in names:
        spec = entity.fields().get(name)
        if name in custom:
            out[name] = custom[name].read
        elif name.startswith(PREFIX):
            raise NotComputable(
                f"No connected account has a field {name} of {kind}.",
                why=f"there are {', '.join(sorted(custom)) or 'none'}",
                remedy="Make the field in the tool and sync once, so that its type is known.",
            )
        elif spec is None:
            raise NotComputable(f"There is no field {name} of {kind}.")
        elif spec.key or spec.ref or spec.ref_by or spec.merge is not Merge.LAST_WRITER:
            raise NotComputable(
                f"{name} of {kind} is not for the hub to say.",
                why="who somebody is, what belongs together, sets, and what people allow come from records alone",
            )
        else:
            out[name] = reader(spec)
    return out


def _custom(connection: Sql, tenant: str, kind: str) -> dict[str, CustomField]:
    found = connection.execute(
        "SELECT f.name, f.spec FROM custom_field f JOIN source s ON s.id = f.source_id"
        " WHERE f.tenant_id = ? AND s.entity = ? AND f.gone_at IS NULL ORDER BY f.name, f.source_id DESC",
        (tenant, kind),
    )
    known = {row["name"]: msgspec.json.decode(row["spec"], type=CustomField) for row in found}
    return {name: one for name, one in known.items() if not one.read_only}
