"""Every table of the store, one definition; the unified ones derive from the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from vaiven_sync_engine.errors import StoreDamaged
from vaiven_sync_engine.store.tables import unified_tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy.engine import Dialect

VERSION = 3
"""Of the layout; kept in the store."""

metadata = MetaData()


def _text(name: str, *, null: bool = False, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=null, server_default=default)


connection = Table(
    "connection",
    metadata,
    _text("tenant_id"),
    _text("id"),
    _text("connector"),
    _text("name"),
    _text("config"),
    _text("base_url", null=True),
    Column("secret", LargeBinary, nullable=False),
    _text("account_id", null=True),
    _text("account_name", null=True),
    _text("status"),
    _text("settings"),
    _text("created_at"),
    _text("updated_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    comment="An account of a tool: settings, sealed credential, state.",
)

source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("tenant_id"),
    _text("connection_id"),
    _text("stream"),
    _text("entity"),
    _text("position"),
    Column("position_version", BigInteger, nullable=False, server_default="0"),
    _text("synced_at", null=True),
    _text("status", null=True),
    Column("mapping_version", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("tenant_id", "connection_id", "stream"),
    comment="One stream of one connection and how far it has been read.",
)

record = Table(
    "record",
    metadata,
    _text("tenant_id"),
    Column("source_id", Integer, nullable=False),
    _text("remote_id"),
    _text("version"),
    Column("hash", LargeBinary, nullable=False),
    _text("body"),
    _text("fields"),
    _text("hub_id", null=True),
    _text("observed_at"),
    _text("deleted_at", null=True),
    Column("dirty", Integer, nullable=False, server_default="1"),
    _text("entity_id", null=True),
    _text("shadow", null=True),
    _text("run_id"),
    PrimaryKeyConstraint("tenant_id", "source_id", "remote_id"),
    comment="The newest version of each record as its tool gave it, with the values last agreed on (shadow).",
)
Index("record_entity", record.c.tenant_id, record.c.entity_id)
_DIRTY = record.c.dirty != 0
Index("record_dirty", record.c.tenant_id, record.c.source_id, sqlite_where=_DIRTY, postgresql_where=_DIRTY)

identifier = Table(
    "record_key",
    metadata,
    _text("tenant_id"),
    _text("entity"),
    _text("namespace"),
    _text("value"),
    Column("source_id", Integer, nullable=False),
    _text("remote_id"),
    Column("current", Integer, nullable=False, server_default="1"),
    PrimaryKeyConstraint("tenant_id", "entity", "namespace", "value", "source_id", "remote_id"),
    comment="Normalised values by which a record says, or once said, who it is.",
)
Index("record_key_record", identifier.c.tenant_id, identifier.c.source_id, identifier.c.remote_id)

redirect = Table(
    "redirect",
    metadata,
    _text("tenant_id"),
    _text("entity"),
    _text("from_id"),
    _text("to_id"),
    _text("at"),
    _text("evidence"),
    PrimaryKeyConstraint("tenant_id", "entity", "from_id"),
    comment="Ids of entities that were found to be another one.",
)

edge = Table(
    "record_edge",
    metadata,
    _text("tenant_id"),
    _text("entity"),
    Column("source_id", Integer, nullable=False),
    _text("remote_id"),
    Column("other_source", Integer, nullable=False),
    _text("other_remote"),
    _text("kind"),
    Column("score", Double, nullable=True),
    _text("run_id"),
    _text("at"),
    PrimaryKeyConstraint("tenant_id", "entity", "source_id", "remote_id", "other_source", "other_remote"),
    comment="What is known of two records beside their keys: one person (by a person, a tool, a score), or not.",
)
Index("record_edge_first", edge.c.tenant_id, edge.c.source_id, edge.c.remote_id)
Index("record_edge_other", edge.c.tenant_id, edge.c.other_source, edge.c.other_remote)

review = Table(
    "review",
    metadata,
    _text("tenant_id"),
    _text("id"),
    _text("entity"),
    Column("source_id", Integer, nullable=False),
    _text("remote_id"),
    Column("other_source", Integer, nullable=False),
    _text("other_remote"),
    Column("score", Double, nullable=False),
    _text("why"),
    _text("state"),
    _text("run_id"),
    _text("at"),
    _text("decided_at", null=True),
    PrimaryKeyConstraint("tenant_id", "id"),
    comment="Pairs of records that may be one, for people to accept or refuse: open | accepted | refused.",
)
Index("review_state", review.c.tenant_id, review.c.entity, review.c.state)

evidence = Table(
    "merge_evidence",
    metadata,
    _text("tenant_id"),
    _text("entity"),
    _text("entity_id"),
    Column("source_id", Integer, nullable=False),
    _text("remote_id"),
    _text("lost_id", null=True),
    Column("other_source", Integer, nullable=True),
    _text("other_remote", null=True),
    _text("rule"),
    _text("value_hash", null=True),
    Column("score", Double, nullable=True),
    _text("run_id"),
    _text("at"),
    _text("undone_at", null=True),
    PrimaryKeyConstraint("tenant_id", "source_id", "remote_id", "at"),
    comment="Why each record is with its entity: the record it hangs on, the rule, the value's hash or the score.",
)
Index("merge_evidence_entity", evidence.c.tenant_id, evidence.c.entity_id)

pending = Table(
    "pending",
    metadata,
    _text("tenant_id"),
    _text("entity"),
    _text("entity_id"),
    PrimaryKeyConstraint("tenant_id", "entity", "entity_id"),
    comment="Entities that changed since they were last planned.",
)

page = Table(
    "page",
    metadata,
    _text("tenant_id"),
    _text("run_id"),
    Column("source_id", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("records", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    _text("at"),
    PrimaryKeyConstraint("tenant_id", "run_id", "source_id", "seq"),
    comment="The page ledger: a page counts once, however often it is delivered.",
)

intent = Table(
    "intent",
    metadata,
    _text("tenant_id"),
    _text("id"),
    Column("source_id", Integer, nullable=False),
    _text("entity"),
    _text("entity_id"),
    _text("remote_id", null=True),
    _text("op"),
    _text("key"),
    _text("fields"),
    _text("base_version"),
    _text("state"),
    _text("code"),
    _text("reason"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _text("run_id"),
    _text("created_at"),
    _text("updated_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    comment="The push ledger: sending -> done | rejected | unknown; written before the request leaves.",
)
Index("intent_open", intent.c.tenant_id, intent.c.source_id, intent.c.state)
Index("intent_run", intent.c.tenant_id, intent.c.run_id)
Index("intent_key", intent.c.tenant_id, intent.c.key)

conflict = Table(
    "conflict",
    metadata,
    _text("tenant_id"),
    _text("id"),
    _text("entity"),
    _text("entity_id"),
    _text("field"),
    _text("kept"),
    _text("kept_from"),
    _text("lost"),
    _text("lost_from"),
    _text("rule"),
    _text("run_id"),
    _text("at"),
    _text("state", default="closed"),
    _text("decided", null=True),
    _text("decided_at", null=True),
    PrimaryKeyConstraint("tenant_id", "id"),
    comment="Every value that lost, with the one that was kept and the rule; open ones wait for somebody to decide.",
)
Index("conflict_entity", conflict.c.tenant_id, conflict.c.entity_id)

mapping = Table(
    "mapping",
    metadata,
    _text("tenant_id"),
    _text("connection_id", default=""),
    Column("version", BigInteger, nullable=False),
    _text("body"),
    _text("note"),
    _text("author"),
    _text("at"),
    PrimaryKeyConstraint("tenant_id", "connection_id", "version"),
    comment="What customers decided about each account's data, every version of it; of the tenant's rules, no account.",
)

quarantine = Table(
    "quarantine",
    metadata,
    _text("tenant_id"),
    _text("id"),
    Column("source_id", Integer, nullable=False),
    _text("remote_id", null=True),
    _text("code"),
    _text("reason"),
    _text("body"),
    _text("run_id"),
    _text("first_at"),
    _text("last_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    comment="Records that could not be taken, with the reason; the id is a hash, so a repeat is one row.",
)

custom_field = Table(
    "custom_field",
    metadata,
    _text("tenant_id"),
    Column("source_id", Integer, nullable=False),
    _text("name"),
    _text("spec"),
    _text("first_at"),
    _text("changed_at"),
    _text("gone_at", null=True),
    PrimaryKeyConstraint("tenant_id", "source_id", "name"),
    comment="The fields that each account's owner has added, as its tool described them last.",
)

tombstone = Table(
    "tombstone",
    metadata,
    _text("tenant_id"),
    _text("hash"),
    _text("kind"),
    _text("at"),
    PrimaryKeyConstraint("tenant_id", "hash"),
    comment="Salted hashes of the records and keys of people who were erased, so that they do not come back.",
)

fact_snapshot = Table(
    "fact_snapshot",
    metadata,
    _text("tenant_id"),
    _text("fact_id"),
    Column("snapshot", Integer, nullable=False),
    _text("value"),
    _text("fetched_at", null=True),
    PrimaryKeyConstraint("tenant_id", "fact_id", "snapshot"),
    comment="Earlier values of restated facts.",
)

run = Table(
    "run",
    metadata,
    _text("tenant_id"),
    _text("id"),
    _text("kind"),
    _text("status"),
    _text("started_at"),
    _text("finished_at", null=True),
    _text("counts"),
    _text("error", null=True),
    _text("digest", null=True),
    PrimaryKeyConstraint("tenant_id", "id"),
    comment="One sync or one dry run.",
)

UNIFIED = unified_tables(metadata)


def statements(dialect: Dialect, there: Mapping[str, Collection[str]]) -> Iterator[str]:
    """What makes each table, column and index that is not there yet, in a database's own words.

    A column that a later version adds may be empty or has a default; nothing else of a table changes.

    Args:
        dialect: of the database.
        there: the columns of each table that it has.
    """
    for table in metadata.sorted_tables:
        if table.name not in there:
            yield str(CreateTable(table).compile(dialect=dialect))
        for column in table.columns:
            if table.name in there and column.name not in there[table.name]:
                yield f'ALTER TABLE "{table.name}" ADD COLUMN {CreateColumn(column).compile(dialect=dialect)}'
        for index in sorted(table.indexes, key=lambda i: str(i.name)):
            yield str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect))


def check(have: int, where: object) -> None:
    """Refuse a store, at the place `where`, that a later version has written.

    Raises:
        StoreDamaged: it was.
    """
    if have > VERSION:
        raise StoreDamaged(
            f"The store {where} cannot be used.",
            why=f"it was written by a later Vaiven (layout {have}; this one knows {VERSION})",
            remedy="Install that version again.",
        )
