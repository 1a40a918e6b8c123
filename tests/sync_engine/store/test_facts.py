"""Facts as they are written."""

from vaiven_sync_engine.store import Database
from vaiven_sync_engine.store.entities import Canonical
from vaiven_sync_engine.store.facts import save_new

FACT = {"connection_id": "c", "entity_kind": "campaign", "entity_id": "1", "on": "2026-11-01", "metric": "spend"}


def test_what_a_record_leaves_empty_is_the_column_s_default(empty_store):
    database = Database.open(empty_store)
    given = Canonical("1", {**FACT, "value": "5", "attribution": None, "hour": None})
    database.run_now(save_new, "t", "metric_fact", [given], "2026-11-25T00:00:00.000000Z")
    with Database.reader(empty_store) as connection:
        (row,) = connection.execute("SELECT attribution, breakdown, hour, grain FROM metric_fact").fetchall()
    assert tuple(row) == ("", "", -1, "day")
    database.close()
