"""The tables are the model's, in every database."""

import pytest
from sqlalchemy import BigInteger, Boolean, Column, MetaData, Text, create_engine, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from vaiven_sdk.model import ENTITIES, ROW, Nature
from vaiven_sync_engine.store.tables import unified_tables

TABLES = unified_tables(MetaData())


@pytest.fixture(scope="module")
def database():
    engine = create_engine("sqlite://")
    metadata = MetaData()
    unified_tables(metadata)
    metadata.create_all(engine)
    yield inspect(engine)
    engine.dispose()


@pytest.mark.parametrize("kind", ENTITIES)
def test_every_field_has_its_column_and_every_column_its_field(kind, database):
    wanted = [*ROW, *ENTITIES[kind].fields()]
    assert [column.name for column in TABLES[kind].columns] == wanted
    assert [column["name"] for column in database.get_columns(kind)] == wanted


@pytest.mark.parametrize("kind", ENTITIES)
def test_keys_and_indexes_begin_with_the_tenant(kind):
    entity, table = ENTITIES[kind], TABLES[kind]
    key = [column.name for column in table.primary_key.columns]
    assert key == ["tenant_id", *(entity.natural_key if entity.nature is Nature.FACT else ("id",))]
    indexes = {tuple(column.name for column in index.columns): index.unique for index in table.indexes}
    assert all(columns[0] == "tenant_id" for columns in indexes)
    assert ("tenant_id", "updated_at", "id") in indexes
    for field in entity.fields().values():
        if field.ref or field.ref_by:
            assert ("tenant_id", field.name) in indexes
    if entity.nature is Nature.EVENT:
        assert indexes["tenant_id", *entity.natural_key] is True
    assert all(len(index.name.encode()) <= 63 for index in table.indexes)


@pytest.mark.parametrize("kind", ENTITIES)
@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])
def test_ddl_compiles(kind, dialect):
    table = TABLES[kind]
    ddl = str(CreateTable(table).compile(dialect=dialect))
    assert "tenant_id TEXT NOT NULL" in ddl
    for index in table.indexes:
        assert str(CreateIndex(index).compile(dialect=dialect)).startswith("CREATE ")


def test_columns_are_portable_and_exact():
    kinds = {type(column.type) for table in TABLES.values() for column in table.columns}
    assert kinds == {Text, BigInteger, Boolean}
    deal = TABLES["deal"].c
    assert isinstance(deal.amount_minor.type, BigInteger)
    assert isinstance(deal.probability.type, Text)
    assert isinstance(deal.tags.type, Text)
    assert isinstance(deal.is_test.type, Boolean)


def test_index_names_are_unique_over_all_tables():
    names = [index.name for table in TABLES.values() for index in table.indexes]
    assert len(names) == len(set(names))


def test_a_field_added_in_one_place_only_is_found():
    metadata = MetaData()
    table = unified_tables(metadata)["person"]
    table.append_column(Column("shoe_size", Text))
    assert [column.name for column in table.columns] != [*ROW, *ENTITIES["person"].fields()]


def test_iso_text_goes_in_by_plain_sql():
    engine = create_engine("sqlite://")
    metadata = MetaData()
    tables = unified_tables(metadata)
    metadata.create_all(engine)
    now = "2026-11-22T08:30:00.000000Z"
    fact = {
        "tenant_id": "t", "id": "01", "created_at": now, "updated_at": now, "rev": 1,
        "entity_kind": "campaign", "entity_id": "02",
        "on": "2026-11-22", "metric": "spend", "value": "0.123456", "currency": "EUR",
    }  # fmt: skip
    columns = ", ".join(f'"{name}"' for name in fact)
    slots = ", ".join(f":{name}" for name in fact)
    raw = engine.raw_connection()
    raw.executemany(
        f"INSERT INTO metric_fact ({columns}) VALUES ({slots})",
        [fact, fact | {"id": "03", "metric": "reach"}],
    )
    row = raw.execute("SELECT value, hour, grain, breakdown, connection_id FROM metric_fact WHERE id = '01'").fetchone()
    raw.close()
    engine.dispose()
    assert row == ("0.123456", -1, "day", "", "")
    assert tables["metric_fact"].c.value.nullable is False
