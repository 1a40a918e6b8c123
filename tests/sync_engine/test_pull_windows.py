"""What the engine gives a read, and what it makes of its end: dates, restated facts, lost places."""

import json
from datetime import UTC, date, datetime
from email.utils import format_datetime

import pytest

from vaiven_sdk import (
    Bearer,
    Config,
    ConfigInvalid,
    Connector,
    OriginRefused,
    Page,
    Record,
    Session,
    get,
    windows,
    wire,
)
from vaiven_sdk.http import Answer
from vaiven_sdk.model import Person
from vaiven_sync_engine.pull import Puller
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.store.runs import source_row
from vaiven_sync_engine.times import instant


class Zoned(Config):
    time_zone: str = "UTC"


class Day(Record[Person], key="id", cursor="day"):
    """What happened on a day; the vendor corrects it for a while."""

    id: str = wire()
    email: str | None = wire(to="email")
    day: date | None = wire()


class Stats:
    """Answers with what it has, and keeps what it was asked."""

    def __init__(self):
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.rows, self.asked, self.next = {}, [], None

    async def send(self, method, path, *, params=None, json=None, safe=False, own=False):
        if own and "elsewhere" in path:
            raise OriginRefused("no")
        self.asked.append(dict(params))
        since, until = params.get("since", ""), params.get("until", "~")
        rows = [row for row in self.rows.values() if since <= row["day"] <= until]
        return Answer(200, {"date": format_datetime(self.now, usegmt=True)}, encode({"rows": rows, "next": self.next}))


def encode(value):
    return json.dumps(value).encode()


@pytest.fixture
def bench(empty_store):
    with Database.open(empty_store) as database:
        vendor = Stats()
        source = database.run_now(source_row, "local", "ads", "days", "person")[0]
        runs = []

        async def pull(zone="UTC", **how):
            made = Connector("ads", Zoned, name="Ads", category="ads", base_url="https://ads.example", auth=[Bearer()])
            stream = made.stream(Day, **how)
            runs.append(1)
            vendor.asked.clear()
            session = Session(Zoned(time_zone=zone), vendor.send)
            run, at = f"run {len(runs)}", instant(vendor.now)
            return await Puller(database, session, stream, "local", source, run, lambda: at).pull()

        bench = type("Bench", (), {})()
        bench.vendor, bench.pull = vendor, pull
        bench.position = lambda: json.loads(one(database, "SELECT position FROM source"))
        bench.set = lambda value: database.run_now(
            lambda c: c.execute("UPDATE source SET position = ?", (json.dumps(value),))
        )
        bench.values = lambda: {
            remote_id: json.loads(body).get("email")
            for remote_id, body in database.run_now(
                lambda c: c.execute("SELECT remote_id, body FROM record").fetchall()
            )
        }
        yield bench


def one(database, sql):
    return database.run_now(lambda c: c.execute(sql).fetchone()[0])


READ = get("/days", items="rows", page=Page.next_url(at="next"), since="{since}", until="{until}")


async def test_each_read_goes_back_as_far_as_the_vendor_corrects(bench):
    bench.vendor.rows = {
        "a": {"id": "a", "day": "2026-02-20", "email": "a@x.com"},
        "b": {"id": "b", "day": "2026-02-28"},
    }
    await bench.pull(full=READ, changes=READ, restates=10)
    assert bench.position()["since"] == "2026-02-28"
    bench.vendor.rows["a"]["email"] = "corrected@x.com"
    await bench.pull(full=READ, changes=READ, restates=10)
    assert bench.vendor.asked == [{"since": "2026-02-18"}]
    assert bench.values()["a"] == "corrected@x.com"
    # It does not creep back further and further.
    assert bench.position()["since"] == "2026-02-28"


async def test_an_instant_goes_back_too_and_its_date_is_the_accounts(bench):
    bench.set({"since": "2026-02-28T23:30:00.000000Z"})
    read = get("/days", items="rows", since="{since.date}")
    await bench.pull(full=read, changes=read, restates=1, zone="Asia/Tokyo")
    # Half past eight in the morning of March 1 in Tokyo, less a day.
    assert bench.vendor.asked == [{"since": "2026-02-28"}]


async def test_what_is_no_time_cannot_go_back(bench):
    bench.set({"since": "00000000000000000042"})
    with pytest.raises(Exception, match="no time"):
        await bench.pull(full=READ, changes=READ, restates=1)


async def test_windows_tell_where_the_next_read_begins(bench):
    read = windows(READ, days=30, start="2026-01-01", dates=True)
    await bench.pull(full=read, changes=read, zone="Pacific/Auckland")
    # No record came, and yet all was read up to today, which is over nowhere; so today comes again.
    assert bench.position()["since"] == "2026-03-02"
    assert bench.vendor.asked[-1]["until"] == "2026-03-02"
    bench.vendor.now = datetime(2026, 3, 5, 12, tzinfo=UTC)
    await bench.pull(full=read, changes=read, restates=3)
    assert bench.vendor.asked[0]["since"] == "2026-02-27"
    assert bench.position()["since"] == "2026-03-05"


async def test_an_unknown_time_zone_is_the_customers_to_correct(bench):
    with pytest.raises(ConfigInvalid, match="Moon/Crater"):
        await bench.pull(full=READ, zone="Moon/Crater")


async def test_a_kept_link_that_leads_away_is_forgotten(bench):
    bench.set({"walk": {"kind": "full", "state": "https://elsewhere.example/", "high": ""}})
    bench.vendor.rows = {"a": {"id": "a", "day": "2026-02-20", "email": "a@x.com"}}
    assert (await bench.pull(full=READ)).records == 1


async def test_a_read_is_given_the_fields_the_zone_and_the_lag(bench):
    seen = []
    read = get("/days", items="rows", fields=lambda w: seen.append(w) or ",".join(w.fields))
    await bench.pull(full=read, zone="Europe/Lisbon", lag=7.0)
    assert bench.vendor.asked == [{"fields": "id,email,day"}]
    assert (seen[0].zone, seen[0].lag) == ("Europe/Lisbon", 7.0)
