"""Which run set a value: kept for as long as the value is there."""

from __future__ import annotations

import json

import pytest

from tests.support.office import desk_at
from vaiven_sync_engine.store import entities as rows


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as made:
        yield made


def the_person(desk):
    (found,) = desk.hub.database.run_now(
        lambda c: [rows.decode_row("person", r) for r in c.execute("SELECT * FROM person")]
    )
    return found


async def test_a_run_of_which_nothing_is_left_is_forgotten(desk):
    crm = desk.connect("crm")
    ana = crm.add(email="ana@x.com")
    runs = [(await desk.sync()).run]
    for city in ("Vigo", "Lugo", "Bilbao"):
        crm.edit(ana, city=city)
        runs.append((await desk.sync()).run)
    person = the_person(desk)
    assert (person.run_of("email"), person.run_of("city")) == (runs[0], runs[-1])
    assert person.run_of("given_name") is None
    (row,) = desk.rows("SELECT provenance FROM person")
    assert [run for _, run in json.loads(row["provenance"])["!runs"]] == [runs[0], runs[-1]]
