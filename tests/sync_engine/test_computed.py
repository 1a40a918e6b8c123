"""Values that the hub works out: set with their source, typed, pushed once, and kept against the tools' edits."""

from __future__ import annotations

import json

import pytest

from tests.support.office import desk_at
from vaiven_sdk import Config, CustomField, CustomType, Session
from vaiven_sync_engine.computed import set_values
from vaiven_sync_engine.errors import NotComputable

SCORE = "custom.crm.score"


@pytest.fixture
def desk(empty_store):
    with desk_at(empty_store) as one:
        yield one


def with_score(desk, name="crm", kind=CustomType.NUMBER, **how):
    """A tool whose owner has made the field `score`."""
    tool = desk.connect(name, **how)

    async def fields(_: Session[Config]) -> list[CustomField]:
        return [CustomField("score", "score", kind), CustomField("sum", "sum", kind, read_only=True)]

    desk.connectors[name].streams["people"].custom_fields(fields)
    return tool


async def say(desk, values, by="rfm/1", kind="person"):
    return await set_values(desk.hub.database, "local", kind, values, by=by, at=desk.hub.engine.now())


def ids(desk):
    """Person ids by address."""
    return {row["email"]: row["id"] for row in desk.rows("SELECT id, email FROM person WHERE deleted_at IS NULL")}


def score_of(desk, **where):
    return json.loads(desk.person(**where)["custom"] or "{}").get(SCORE.removeprefix("custom."))


# -- there and back


async def test_a_value_is_typed_planned_and_written_like_any_edit(desk):
    crm = with_score(desk)
    ana = crm.add(email="ana@x.com")
    await desk.sync()
    done = await say(desk, {ids(desk)["ana@x.com"]: {SCORE: 87.50}})
    assert (done.changed, done.unchanged, done.withheld, done.unknown) == (1, 0, 0, [])
    assert "score" not in crm.people[ana]  # nothing is written outside a sync
    report = await desk.sync(dry_run=True)
    assert [(w.op, dict(w.fields)[SCORE][0], w.before[SCORE]) for w in report.plan.writes] == [("update", "87.5", None)]
    assert (await desk.sync()).writes == 1
    assert crm.people[ana]["score"] == 87.5
    assert (await desk.sync()).writes == 0


async def test_its_source_is_the_hub_and_what_worked_it_out(desk):
    crm = with_score(desk)
    crm.add(email="ana@x.com")
    await desk.sync()
    await say(desk, {ids(desk)["ana@x.com"]: {SCORE: 12, "lead_score": "0.5"}}, by="churn/7")
    row = desk.person(email="ana@x.com")
    origins = json.loads(row["provenance"])
    assert row["lead_score"] == "0.5"
    assert [origins[n][1:3] + origins[n][4:] for n in (SCORE, "lead_score")] == [[0, "churn/7", "computed"]] * 2
    assert origins[SCORE][3]


async def test_the_same_values_again_change_nothing(desk):
    crm = with_score(desk)
    crm.add(email="ana@x.com")
    await desk.sync()
    scores = {ids(desk)["ana@x.com"]: {SCORE: 12}}
    await say(desk, scores)
    await desk.sync()
    before = desk.rows("SELECT * FROM person")
    again = await say(desk, scores, by="rfm/2")
    assert (again.changed, again.unchanged) == (0, 1)
    assert desk.rows("SELECT * FROM person") == before
    assert desk.rows("SELECT * FROM pending") == []


async def test_many_entities_are_set_chunk_by_chunk(desk):
    crm = with_score(desk, batch=200)
    for number in range(1_203):
        crm.add(email=f"p{number}@x.com")
    await desk.sync()
    done = await say(desk, {i: {SCORE: n} for n, i in enumerate(ids(desk).values())})
    assert done.changed == 1_203
    assert (await desk.sync()).writes == 1_203
    assert (await desk.sync()).writes == 0


async def test_none_empties_the_field(desk):
    crm = with_score(desk)
    ana = crm.add(email="ana@x.com", score=3)
    await desk.sync()
    await say(desk, {ids(desk)["ana@x.com"]: {SCORE: None}})
    await desk.sync()
    assert crm.people[ana]["score"] is None
    assert (await desk.sync()).writes == 0


async def test_whoever_is_created_gets_the_value_at_once(desk):
    crm = with_score(desk)
    mail = desk.connect("mail")
    mail.add(email="ana@x.com")
    desk.account("crm", creates=False, approved=True)
    await desk.sync()
    await say(desk, {ids(desk)["ana@x.com"]: {SCORE: 5}})
    desk.account("crm", creates=True, approved=True)
    await desk.sync()
    assert [row["score"] for row in crm.people.values()] == [5]


async def test_a_tool_that_keeps_it_otherwise_is_not_written_to_again(desk):
    crm = with_score(desk, kind=CustomType.TEXT)
    crm.lower = True
    crm.add(email="ana@x.com")
    await desk.sync()
    await say(desk, {ids(desk)["ana@x.com"]: {SCORE: "GOLD"}})
    assert (await desk.sync()).writes == 1
    assert (await desk.sync()).writes == 0
    assert score_of(desk) == "GOLD"


# -- against others


@pytest.mark.parametrize("typed", [99, None])
async def test_an_edit_in_a_tool_is_kept_as_a_conflict_and_undone(desk, typed):
    crm = with_score(desk)
    ana = crm.add(email="ana@x.com")
    await desk.sync()
    await say(desk, {ids(desk)["ana@x.com"]: {SCORE: 12}})
    await desk.sync()
    crm.edit(ana, score=typed)
    report = await desk.sync()
    assert report.writes == 1
    assert crm.people[ana]["score"] == 12
    assert score_of(desk) == "12"
    (row,) = desk.rows("SELECT kept, kept_from, lost, rule FROM conflict")
    assert row == {
        "kept": '"12"', "kept_from": "hub/rfm/1", "lost": '"99"' if typed else "null", "rule": "computed"
    }  # fmt: skip
    assert (await desk.sync()).writes == 0


async def test_an_edit_elsewhere_in_the_record_is_merged_as_ever(desk):
    crm = with_score(desk)
    mail = desk.connect("mail")
    ana = crm.add(email="ana@x.com", city="Bilbao")
    await desk.sync()
    await say(desk, {ids(desk)["ana@x.com"]: {SCORE: 12}})
    crm.edit(ana, city="Madrid")
    await desk.sync()
    assert crm.people[ana]["score"] == 12
    assert [row["city"] for row in mail.people.values()] == ["Madrid"]
    assert desk.conflicts() == []


async def test_a_value_that_was_there_before_gives_way(desk):
    crm = with_score(desk)
    ana = crm.add(email="ana@x.com", score=3)
    await desk.sync()
    assert score_of(desk) == "3"
    await say(desk, {ids(desk)["ana@x.com"]: {SCORE: 12}})
    await desk.sync()
    assert crm.people[ana]["score"] == 12


async def test_who_was_merged_is_found_under_the_id_that_stayed(desk):
    crm = with_score(desk)
    ana, other = crm.add(email="ana@x.com"), crm.add(number="7")
    await desk.sync()
    before = {row["id"] for row in desk.rows("SELECT id FROM person")}
    crm.edit(other, email="ana@x.com", number=None)
    crm.edit(ana, number="7")
    crm.edit(other, number="7")
    await desk.sync()
    (kept,) = (row["id"] for row in desk.rows("SELECT id FROM person WHERE deleted_at IS NULL"))
    (lost,) = before - {kept}
    done = await say(desk, {kept: {SCORE: 2}, lost: {SCORE: 1}})
    assert done.changed == 1
    assert score_of(desk) == "2"
    done = await say(desk, {lost: {SCORE: 4}})
    assert score_of(desk) == "4"
    await desk.sync()
    assert {crm.people[i]["score"] for i in (ana, other)} == {4}


async def test_whoever_is_deleted_or_objects_is_left_alone(desk):
    crm = with_score(desk)
    ana, ben = crm.add(email="ana@x.com"), crm.add(email="ben@x.com")
    await desk.sync()
    known = ids(desk)
    crm.drop(ana)
    await desk.sync()
    desk.hub.database.run_now(
        lambda store: store.execute("UPDATE person SET do_not_process = TRUE WHERE email = 'ben@x.com'")
    )
    done = await say(desk, {i: {SCORE: 1} for i in (*known.values(), "nobody")})
    assert (done.changed, done.withheld, done.unknown) == (0, 2, ["nobody"])
    await desk.sync()
    assert "score" not in crm.people[ben]


# -- what is refused


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "a@x.com", "not for the hub to say"),
        ("email_consent", "granted", "not for the hub to say"),
        ("company_id", "x", "not for the hub to say"),
        ("tags", ["a"], "not for the hub to say"),
        ("first_seen_at", "2026-01-01T00:00:00Z", "not for the hub to say"),
        ("scoer", 1, "no field scoer"),
        ("custom.crm.nothing", 1, "No connected account has a field custom.crm.nothing"),
        ("custom.crm.sum", 1, "No connected account has a field custom.crm.sum"),
        (SCORE, "high", "not a number"),
        ("lead_score", "high", "cannot take"),
    ],
)
async def test_what_is_not_the_hubs_to_say_is_refused_and_nothing_is_set(desk, field, value, said):
    crm = with_score(desk)
    crm.add(email="ana@x.com")
    crm.add(email="ben@x.com")
    await desk.sync()
    one, two = ids(desk).values()
    with pytest.raises(NotComputable, match=said):
        await say(desk, {one: {SCORE: 1}, two: {field: value}})
    assert score_of(desk, email="ana@x.com") is None
    assert desk.rows("SELECT * FROM pending") == []


@pytest.mark.parametrize("kind", ["event", "metric_fact", "nothing"])
async def test_facts_and_events_are_not_edited(desk, kind):
    with pytest.raises(NotComputable, match=f"Values of {kind}"):
        await say(desk, {}, kind=kind)


async def test_a_field_that_is_gone_is_refused(desk):
    crm = with_score(desk)
    crm.add(email="ana@x.com")
    await desk.sync()

    async def none(_: Session[Config]) -> list[CustomField]:
        return []

    desk.connectors["crm"].streams["people"].custom_fields(none)
    await desk.sync()
    with pytest.raises(NotComputable, match="there are none"):
        await say(desk, {ids(desk)["ana@x.com"]: {SCORE: 1}})
