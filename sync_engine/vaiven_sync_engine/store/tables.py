"""The unified model's tables, derived from its entities."""

from typing import Any, get_origin

from sqlalchemy import BigInteger, Boolean, Column, Index, MetaData, PrimaryKeyConstraint, Table, Text
from sqlalchemy.types import TypeEngine

from vaiven_sdk.model import ENTITIES, ROW, Entity, Field, Nature

_TYPES: dict[type, type[TypeEngine[Any]]] = {bool: Boolean, int: BigInteger}


def unified_tables(metadata: MetaData) -> dict[str, Table]:
    """One table for each entity, by kind, made in `metadata`.

    Values are stored as JSON carries them, so that they are exact and the same in every database: text for
    strings, enums, dates (`2026-11-22`), instants (`2026-11-22T08:30:00.000000Z`: fixed width, so that text
    order is time order) and decimals; JSON text for lists and objects; whole numbers and booleans as such.

    The primary key is (tenant_id, id), for facts (tenant_id, natural key). An event's natural key is unique
    too. A link's (membership, role, association) is indexed but not unique: a merge of two people may leave
    two rows until the next sync joins them.
    """
    return {kind: _table(metadata, entity) for kind, entity in ENTITIES.items()}


def _table(metadata: MetaData, entity: type[Entity]) -> Table:
    fields = entity.fields()
    is_fact = entity.nature is Nature.FACT
    table = Table(
        entity.kind,
        metadata,
        *(_column(field) for field in (*ROW.values(), *fields.values())),
        PrimaryKeyConstraint("tenant_id", *(entity.natural_key if is_fact else ("id",))),
        comment=(entity.__doc__ or "").partition("\n")[0],
    )
    _index(table, "updated_at", "id")
    if is_fact:
        _index(table, "id", unique=True)
    elif entity.natural_key:
        _index(table, *entity.natural_key, unique=entity.nature is Nature.EVENT)
    for field in fields.values():
        if field.ref or field.ref_by:
            _index(table, field.name)
    return table


def _column(field: Field) -> Column[Any]:
    default = None if field.nullable or field.default is None else str(field.default)
    kind = _TYPES.get(field.type, Text) if get_origin(field.type) is None else Text
    return Column(field.name, kind(), nullable=field.nullable, server_default=default, comment=field.doc)


def _index(table: Table, *columns: str, unique: bool = False) -> None:
    name = f"{'uq' if unique else 'ix'}_{table.name}_{'_'.join(columns)}"
    # Postgres cuts names at 63 bytes; the longest natural key is longer.
    Index(name[:63], table.c.tenant_id, *(table.c[column] for column in columns), unique=unique)
