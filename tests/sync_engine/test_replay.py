"""What was set aside is tried again: records in quarantine, writes that were refused."""

from __future__ import annotations

import json

import pytest

from tests.support.office import desk_at
from vaiven_sync_engine.mapping.document import read_mapping
from vaiven_sync_engine.mapping.versions import keep
from vaiven_sync_engine.replay import replay, retry_writes


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as made:
        yield made


def again(desk, **how):
    now = desk.hub.engine.now()
    sources = desk.hub.database.run_now(desk.hub.engine.streams)
    done = desk.hub.database.run_now(replay, "local", sources, now, **how)
    done.writes = desk.hub.database.run_now(retry_writes, "local", list(sources), now)
    return done


async def test_a_refused_write_is_planned_again_from_what_the_values_are_then(desk):
    crm, mail = desk.connect("crm"), desk.connect("mail", batch=1)
    mail.refuse = lambda patch: patch.get("city") == "Bilbao"
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    assert mail.people == {}
    assert (await desk.sync()).writes == 0, "a refusal is not asked for again by itself"
    mail.refuse = lambda _: False
    assert again(desk).writes == 1
    crm.edit(ana, city="Vigo")
    await desk.sync()
    (copy,) = mail.people.values()
    assert copy["city"] == "Vigo", "and never an old payload"
    assert again(desk).writes == 0


async def test_a_record_that_can_be_taken_now_is(desk):
    crm = desk.connect("crm")
    crm.add(email="ana@x.com", tags="not a list")
    bo = crm.add(email="bo@x.com", tags=[1, {"x": 1}])
    await desk.sync()
    aside = desk.hub.quarantine()
    assert {row["remote_id"] for row in aside} >= {bo}
    done = again(desk)
    assert done.taken == 0
    assert len(done.refused) == len(aside), "as it is, it still cannot be taken"
    # What is kept of the record was put right: by a connector that reads it, here by hand.
    desk.hub.database.run_now(
        lambda c: c.execute(
            "UPDATE quarantine SET body = ? WHERE remote_id = ?",
            (json.dumps({"id": bo, "email": "bo@x.com", "changed": desk.clock.now().isoformat()}), bo),
        )
    )
    assert again(desk).taken == 1
    crm.hidden.add(bo)
    await desk.sync()
    assert desk.person(email="bo@x.com")["email"] == "bo@x.com"
    assert bo not in {row["remote_id"] for row in desk.hub.quarantine()}


async def test_a_record_that_was_cut_waits_for_its_tool(desk):
    crm = desk.connect("crm")
    crm.add(email="ana@x.com", tags=[{"x": "y" * 30_000}])
    await desk.sync()
    done = again(desk)
    assert (done.taken, done.refused, len(done.cut)) == (0, {}, 1)


async def test_the_mapping_of_today_is_what_reads_it(desk):
    crm = desk.connect("crm")
    bo = crm.add(email="bo@x.com", city="BIO", tags=[{"x": 1}])
    await desk.sync()
    steps = {"people": {"fields": {"city": {"read": [{"op": "values", "table": {"BIO": "Bilbao"}}]}}}}
    document = read_mapping(json.dumps({"streams": steps}))
    desk.hub.database.run_now(keep, "local", "crm", document, desk.hub.engine.now())
    body = {"id": bo, "email": "bo@x.com", "city": "BIO", "changed": desk.clock.now().isoformat()}
    desk.hub.database.run_now(lambda c: c.execute("UPDATE quarantine SET body = ?", (json.dumps(body),)))
    assert again(desk).taken == 1
    await desk.sync()
    assert desk.person()["city"] == "Bilbao"
