"""Reading one stream: where the next read begins, what an expired place costs, and when absence is a deletion."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from pydantic import AwareDatetime

from vaiven_sdk import (
    AnswerMalformed,
    Batch,
    Bearer,
    ChangesUnknown,
    Config,
    Connector,
    CursorExpired,
    Deletes,
    NotFound,
    Page,
    Record,
    RequestRefused,
    Session,
    get,
    wire,
)
from vaiven_sdk.http import Answer
from vaiven_sdk.model import Person
from vaiven_sdk.testing import ManualClock
from vaiven_sync_engine.errors import PositionLost
from vaiven_sync_engine.pull import PREFETCH, Puller
from vaiven_sync_engine.records import decode
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.store.pages import upsert_records
from vaiven_sync_engine.store.runs import source_row
from vaiven_sync_engine.times import instant

START = datetime(2026, 1, 1, tzinfo=UTC)


class Somebody(Record[Person], key="id", cursor="changed"):
    """A record with a time."""

    id: str = wire()
    email: str | None = wire(to="email")
    changed: AwareDatetime | None = wire()


class Vendor:
    """Pages of two by id, and what happens at each request."""

    def __init__(self):
        self.clock = ManualClock(START)
        self.records, self.gone, self.asked, self.at = {}, {}, [], {}
        self.dated = True

    def put(self, remote_id, email="a@x.com", seconds=1.0):
        self.clock.advance(seconds)
        self.records[remote_id] = {"id": remote_id, "email": email, "changed": self.clock.now().isoformat()}

    async def send(self, method, path, *, params=None, json=None, safe=False):
        number = len(self.asked)
        self.asked.append((path, dict(params or {})))
        headers = {"date": format_datetime(self.clock.now().replace(microsecond=0), usegmt=True)} if self.dated else {}
        since, after = params.get("since", ""), params.get("after", "")
        held = self.gone if path == "/gone" else self.records
        found = sorted((r for r in held.values() if r["id"] > after), key=lambda r: r["id"])
        if since:
            found = [r for r in found if r["changed"] and datetime.fromisoformat(r["changed"]) >= parsed(since)]
        answer = Answer(200, headers, encode(found[:2]))
        if number in self.at:
            # What happens between this answer and the next request.
            self.at[number]()
        return answer


def parsed(text):
    return datetime.fromisoformat(text)


def encode(items):
    return json.dumps({"items": items}).encode()


def encode_one(remote_id, changed):
    return json.dumps({"id": remote_id, "email": "d@x.com", "changed": changed}).encode()


def stream(*, changes=True, gone=False, **how):
    made = Connector("toy", Config, name="Toy", category="crm", base_url="https://toy.example", auth=[Bearer()])

    def page(path, **params):
        return get(path, items="items", page=Page.keyset(size=2), after=lambda w: w.after, **params)

    return made.stream(
        Somebody,
        page("/all"),
        name="people",
        changes=page("/changes", since="{since}") if changes else None,
        gone=page("/gone") if gone else None,
        **how,
    )


class Bench:
    """A vendor, a store and reads of the one into the other."""

    def __init__(self, database):
        self.database, self.vendor, self.runs = database, Vendor(), 0
        self.source = database.run_now(source_row, "local", "crm", "people", "person")[0]
        self.stream = stream()

    def puller(self):
        self.runs += 1
        session = Session(Config(), self.vendor.send)
        run, now = f"run {self.runs}", lambda: instant(self.vendor.clock.now())
        return Puller(self.database, session, self.stream, "local", self.source, run, now)

    async def pull(self, **how):
        self.vendor.asked.clear()
        self.vendor.clock.advance(60)
        return await self.puller().pull(**how)

    def position(self):
        return json.loads(self.rows("SELECT position FROM source")[0][0])

    def rows(self, sql):
        return [tuple(row) for row in self.database.run_now(lambda c: c.execute(sql).fetchall())]

    def live(self):
        found = self.rows("SELECT remote_id, body FROM record WHERE deleted_at IS NULL")
        return {remote_id: json.loads(body).get("email") for remote_id, body in found}


@pytest.fixture
def bench(empty_store):
    with Database.open(empty_store) as database:
        yield Bench(database)


def fill(bench, ids):
    for remote_id in ids:
        bench.vendor.put(remote_id)


# -- where the next read begins


async def test_the_next_read_begins_at_the_vendor_s_own_newest_version(bench):
    fill(bench, "abc")
    newest = bench.vendor.records["c"]["changed"]
    first = await bench.pull()
    assert (first.full, first.records, first.pages) == (True, 3, 3)
    assert parsed(bench.position()["since"]) == parsed(newest)
    second = await bench.pull()
    # At or after: the newest one comes again and changes nothing.
    assert (second.full, second.records, second.changed) == (False, 1, 0)
    assert {path for path, _ in bench.vendor.asked} == {"/changes"}
    assert bench.vendor.asked[0][1]["since"] == bench.position()["since"]


async def test_the_cursor_does_not_pass_the_clock_of_the_first_answer(bench):
    fill(bench, "abcd")

    def later():
        begun.append(bench.vendor.clock.now())
        bench.vendor.clock.advance(30)
        # A page that has been read is edited, and so is one that has not.
        bench.vendor.put("a", "edited@x.com")
        bench.vendor.put("d", "also@x.com")

    begun = []
    bench.vendor.at[0] = later
    await bench.pull()
    assert bench.live()["a"] == "a@x.com"
    assert bench.live()["d"] == "also@x.com"
    assert parsed(bench.position()["since"]) == begun[0].replace(microsecond=0)
    bench.vendor.at.clear()
    await bench.pull()
    assert bench.live()["a"] == "edited@x.com"


async def test_a_clock_of_the_vendor_that_runs_ahead_in_its_records_is_not_believed(bench):
    bench.vendor.put("a")
    bench.vendor.records["b"] = {"id": "b", "email": None, "changed": "2030-01-01T00:00:00+00:00"}
    await bench.pull()
    assert parsed(bench.position()["since"]) < datetime(2027, 1, 1, tzinfo=UTC)


async def test_without_a_date_header_the_newest_version_alone_decides(bench):
    bench.vendor.dated = False
    fill(bench, "ab")
    await bench.pull()
    assert parsed(bench.position()["since"]) == parsed(bench.vendor.records["b"]["changed"])


async def test_the_next_read_overlaps_by_the_vendor_s_lag(bench):
    bench.stream = stream(lag=30.0)
    fill(bench, "ab")
    await bench.pull()
    behind = parsed(bench.vendor.records["b"]["changed"]) - parsed(bench.position()["since"])
    assert behind.total_seconds() == 30
    # With a lag the sum would move back at each read: the cursor never does.
    since = bench.position()["since"]
    del bench.vendor.records["b"]
    assert (await bench.pull()).records == 1
    assert bench.position()["since"] == since


async def test_an_empty_account_begins_the_next_read_at_its_own_clock(bench):
    await bench.pull()
    since = bench.position()["since"]
    assert parsed(since) == bench.vendor.clock.now()
    bench.vendor.put("a")
    assert (await bench.pull()).records == 1


async def test_a_place_is_kept_page_by_page_and_given_up_at_the_end(bench):
    fill(bench, "abcd")

    def broken():
        raise AnswerMalformed("Half an answer.")

    bench.vendor.at[1] = broken
    with pytest.raises(AnswerMalformed):
        await bench.pull()
    kept = bench.position()
    assert (kept["walk"]["kind"], kept["walk"]["state"]) == ("full", "b")
    assert kept["walk"]["started"] == "2026-01-01T00:01:04.000000Z"
    bench.vendor.at.clear()
    assert (await bench.pull()).full
    assert bench.vendor.asked[0] == ("/all", {"after": "b"})
    assert set(bench.live()) == set("abcd")
    # The clock of the first answer is that of the first half.
    assert set(bench.position()) == {"since"}
    assert bench.position()["since"] <= kept["walk"]["started"]


async def test_a_full_read_that_is_asked_for_reads_all_and_moves_no_cursor_back(bench):
    fill(bench, "abc")
    await bench.pull()
    since = bench.position()["since"]
    again = await bench.pull(full=True)
    assert (again.full, again.records, again.changed) == (True, 3, 0)
    assert bench.position()["since"] == since


async def test_two_pullers_of_one_stream_end_with_one_refused(bench):
    fill(bench, "abcd")
    first, second = bench.puller(), bench.puller()
    bench.vendor.at[0] = lambda: None
    await first.pull()
    second.position, second.version = {"walk": {"kind": "full", "state": None, "high": ""}}, 0
    with pytest.raises(PositionLost):
        await second._walk(None)


# -- places that the vendor forgets


@pytest.mark.parametrize("problem", [CursorExpired("Too old."), RequestRefused("What?"), NotFound("Where?")])
async def test_a_place_kept_from_an_earlier_run_that_has_expired_is_read_again_from_the_start(bench, problem):
    fill(bench, "abcd")

    def broken():
        raise AnswerMalformed("Half an answer.")

    def expired():
        raise problem

    bench.vendor.at = {1: broken}
    with pytest.raises(AnswerMalformed):
        await bench.pull()
    bench.vendor.at = {0: expired}
    await bench.pull()
    assert [params.get("after") for _, params in bench.vendor.asked] == ["b", None, "b", "d"]
    assert set(bench.live()) == set("abcd")


async def test_a_place_that_expires_in_mid_walk_is_read_again_once(bench):
    fill(bench, "abcd")

    def expired():
        raise CursorExpired("Too old.")

    bench.vendor.at = {1: expired}
    assert (await bench.pull()).pages == 4
    assert set(bench.live()) == set("abcd")
    bench.vendor.at = {0: expired}
    with pytest.raises(CursorExpired):
        await bench.pull(full=True)


async def test_a_refusal_in_mid_walk_is_no_expired_place(bench):
    fill(bench, "abcd")

    def refused():
        raise RequestRefused("What?")

    bench.vendor.at = {1: refused}
    with pytest.raises(RequestRefused):
        await bench.pull()
    assert len(bench.vendor.asked) == 2


async def test_a_vendor_that_cannot_say_what_changed_is_read_whole(bench):
    fill(bench, "ab")
    await bench.pull()

    def unknown():
        raise ChangesUnknown("No log.")

    bench.vendor.put("c")
    bench.vendor.at = {0: unknown}
    pulled = await bench.pull()
    assert [path for path, _ in bench.vendor.asked] == ["/changes", "/all", "/all", "/all"]
    assert (pulled.full, pulled.records) == (True, 3)
    assert parsed(bench.position()["since"]) == parsed(bench.vendor.records["c"]["changed"])


async def test_a_vendor_that_cannot_say_it_of_a_full_read_is_at_fault(bench):
    def unknown():
        raise ChangesUnknown("No log.")

    bench.vendor.at = {0: unknown}
    with pytest.raises(ChangesUnknown):
        await bench.pull()


# -- deletions


async def test_what_a_complete_read_does_not_show_is_deleted(bench):
    bench.stream = stream(changes=False)
    fill(bench, "abc")
    await bench.pull()
    del bench.vendor.records["b"]
    pulled = await bench.pull()
    assert (pulled.missing, pulled.changed) == (1, 1)
    assert set(bench.live()) == {"a", "c"}
    assert bench.rows("SELECT remote_id FROM record WHERE dirty <> 0 AND deleted_at IS NOT NULL") == [("b",)]


async def test_a_read_of_changes_says_nothing_of_what_it_does_not_show(bench):
    bench.stream = stream(deletes=Deletes.FULL_SCAN)
    fill(bench, "abc")
    await bench.pull()
    del bench.vendor.records["b"]
    assert (await bench.pull()).missing == 0
    assert set(bench.live()) == set("abc")
    assert (await bench.pull(full=True)).missing == 1
    assert set(bench.live()) == {"a", "c"}


@pytest.mark.parametrize("how", [Deletes.TOMBSTONES, Deletes.EVENTS, Deletes.NEVER])
async def test_absence_is_no_evidence_where_the_vendor_has_better(bench, how):
    bench.stream = stream(changes=False, deletes=how)
    fill(bench, "abc")
    await bench.pull()
    del bench.vendor.records["b"]
    await bench.pull()
    assert set(bench.live()) == set("abc")


async def test_a_read_that_went_on_from_a_kept_place_is_not_complete(bench):
    bench.stream = stream(changes=False)
    fill(bench, "abcd")
    await bench.pull()

    def broken():
        raise AnswerMalformed("Half an answer.")

    bench.vendor.at = {1: broken}
    with pytest.raises(AnswerMalformed):
        await bench.pull()
    bench.vendor.at.clear()
    assert (await bench.pull()).missing == 0
    assert set(bench.live()) == set("abcd")


@pytest.mark.parametrize(("lost", "deleted"), [(10, True), (12, True), (13, False), (24, False)])
async def test_a_read_that_misses_more_than_half_is_doubted(bench, lost, deleted):
    """Of 24 records: up to ten, or half of all, may be missing at once."""
    bench.stream = stream(changes=False)
    ids = [f"r{n:02}" for n in range(24)]
    fill(bench, ids)
    await bench.pull()
    for remote_id in ids[:lost]:
        del bench.vendor.records[remote_id]
    assert (await bench.pull()).missing == lost
    assert set(bench.live()) == set(ids[lost:] if deleted else ids)
    assert bench.position().get("missing") == (0 if deleted else lost)


async def test_a_list_that_trails_says_nothing_yet_of_what_was_just_made(bench):
    """The hub made a record, and its tool's list does not show it so soon: that is no deletion."""
    bench.stream = stream(changes=False, lag=90)
    fill(bench, "abc")
    await bench.pull()
    at = instant(bench.vendor.clock.now())
    made = decode(Somebody, [encode_one("d", at)]).good
    bench.database.run_now(upsert_records, "local", bench.source, "a push", at, made)
    assert (await bench.pull()).missing == 0
    assert set(bench.live()) == set("abcd")
    assert (await bench.pull()).missing == 1
    assert set(bench.live()) == set("abc")


async def test_ten_of_few_may_go(bench):
    bench.stream = stream(changes=False)
    fill(bench, "abcdefghij")
    await bench.pull()
    bench.vendor.records.clear()
    assert (await bench.pull()).missing == 10
    assert bench.live() == {}


async def test_a_record_that_came_damaged_is_not_missing(bench):
    bench.stream = stream(changes=False)
    fill(bench, "abc")
    await bench.pull()
    bench.vendor.records["b"]["changed"] = "yesterday"
    del bench.vendor.records["c"]
    pulled = await bench.pull()
    assert (pulled.bad, pulled.missing) == (1, 1)
    assert set(bench.live()) == {"a", "b"}


async def test_a_damaged_record_without_an_id_may_be_any_of_the_missing(bench):
    bench.stream = stream(changes=False)
    fill(bench, "abc")
    await bench.pull()
    del bench.vendor.records["a"]
    bench.vendor.records["b"] = {"id": "b", "email": "a@x.com", "changed": None}
    original = bench.vendor.send

    async def without_id(*args, **options):
        answer = await original(*args, **options)
        return Answer(200, answer.headers, answer.content.replace(b'"id": "b"', b'"name": "b"'))

    bench.vendor.send = without_id
    pulled = await bench.pull()
    assert (pulled.bad, pulled.missing) == (1, 0)
    assert set(bench.live()) == set("abc")


async def test_a_record_that_a_complete_read_shows_again_is_back(bench):
    """It had been out of sight (a permission, a view, a fault of the vendor's), and nobody has edited it."""
    bench.stream = stream(changes=False)
    fill(bench, "abc")
    await bench.pull()
    hidden = bench.vendor.records.pop("b")
    await bench.pull()
    assert set(bench.live()) == {"a", "c"}
    bench.vendor.records["b"] = hidden
    await bench.pull()
    assert set(bench.live()) == set("abc")


async def test_deleted_records_from_an_endpoint_of_their_own(bench):
    bench.stream = stream(gone=True)
    fill(bench, "abc")
    await bench.pull()
    bench.vendor.gone["b"] = bench.vendor.records.pop("b")
    await bench.pull()
    assert bench.vendor.asked[-2][0] == "/gone"
    assert set(bench.live()) == {"a", "c"}
    assert bench.rows("SELECT count(*) FROM record") == [(3,)]


async def test_a_crash_before_the_deletions_are_read_does_not_move_where_they_begin(bench):
    told, broken = [], [True]

    async def gone(hub, window, state):
        told.append(window.since)
        if broken and len(told) > 1:
            raise ConnectionError(broken.pop())
        yield Batch([])

    bench.stream.reader("gone")(gone)
    fill(bench, "abc")
    await bench.pull()
    since = bench.position()["since"]
    fill(bench, "d")
    with pytest.raises(ConnectionError):
        await bench.pull()
    assert bench.position()["since"] > since
    fill(bench, "e")
    await bench.pull()
    assert told == [None, since, since]
    assert "gone" not in bench.position()


# -- pages ahead


async def test_pages_are_fetched_ahead_a_little_and_stored_in_order(bench):
    fill(bench, [f"r{n:02}" for n in range(20)])
    steps = []
    original = bench.vendor.send

    async def send(*args, **options):
        steps.append("asked")
        return await original(*args, **options)

    bench.vendor.send = send
    run = bench.database.run

    async def slow(work, *args, **options):
        if work.__name__ == "write_page":
            steps.append(args[0].seq)
        return await run(work, *args, **options)

    bench.database.run = slow
    await bench.pull()
    stored = [step for step in steps if step != "asked"]
    assert stored == list(range(11))
    for number in stored:
        ahead = steps[: steps.index(number)].count("asked") - number
        # This page, those that wait, the one that waits for a place, and the one that is on its way.
        assert 1 <= ahead <= PREFETCH + 3
    assert steps[: steps.index(1)].count("asked") > 2


async def test_pages_before_a_broken_one_are_stored(bench):
    fill(bench, "abcdef")

    def broken():
        raise AnswerMalformed("Half an answer.")

    bench.vendor.at = {2: broken}
    with pytest.raises(AnswerMalformed):
        await bench.pull()
    assert set(bench.live()) == set("abcd")


async def test_of_one_record_twice_in_a_page_the_newest_version_is_taken(bench):
    async def read(hub, window, state):
        old, new = "2026-01-01T00:00:01+00:00", "2026-01-01T00:00:02+00:00"
        yield Batch(
            [{"id": "a", "email": "new@x.com", "changed": new}, {"id": "a", "email": "old@x.com", "changed": old}]
        )

    bench.stream.reader("full")(read)
    pulled = await bench.pull()
    assert (pulled.records, pulled.duplicates) == (1, 1)
    assert bench.live() == {"a": "new@x.com"}


async def test_a_reader_s_own_cursor_and_its_list_of_the_gone(bench):
    async def full(hub, window, state):
        yield Batch([{"id": "a"}, {"id": "b"}], state="half")
        yield Batch([{"id": "c"}], since="token 1")

    async def changes(hub, window, state):
        told.append(window.since)
        yield Batch([], gone=["b"], since="token 2")

    told = []
    bench.stream.reader("full")(full)
    bench.stream.reader()(changes)
    await bench.pull()
    assert bench.position()["since"] == "token 1"
    await bench.pull()
    assert told == ["token 1"]
    assert bench.position()["since"] == "token 2"
    assert set(bench.live()) == {"a", "c"}
