"""One bad record: it is set aside with its reason, or taken exactly as it is; its neighbours land either way."""

import json

import pytest

from tests.support.wire_vendor import PAGINGS, payment, person

DEEP = b"[" * 10_000 + b"]" * 10_000

# What the record is, and a part of the reason that is told.
BAD_PEOPLE = {
    "no id": (b'{"email":"x@example.com"}', "id: Field required"),
    "null id": (b'{"id":null,"email":"x@example.com"}', "id: "),
    "empty id": (b'{"id":"","email":"x@example.com"}', "it has no id"),
    "an id that is an object": (b'{"id":{"a":1}}', "id: "),
    "an id that is a list": (b'{"id":["p04"]}', "id: "),
    "NaN": (person("p04", b',"note":NaN'), "NaN"),
    "Infinity": (person("p04", b',"note":-Infinity'), "Infinity"),
    "half a surrogate pair, escaped": (person("p04", rb',"note":"\ud800"'), "surrogate"),
    "half a surrogate pair, other half": (person("p04", rb',"note":"\udc00x"'), "surrogate"),
    "half a surrogate pair, as bytes": (person("p04", b',"note":"\xed\xa0\x80"'), ""),
    "invalid UTF-8": (person("p04", b',"note":"\xff\xfe"'), "unicode"),
    "UTF-8 that stops in mid-character": (person("p04", b',"note":"\xf0\x9f\x98"'), ""),
    "a 10 MB field": (person("p04", b',"note":"%s"' % (b"x" * 10_000_000)), "bytes"),
    "NUL, escaped": (person("p04", rb',"note":"a\u0000b"'), "NUL"),
    "NUL in the id": (rb'{"id":"p\u000004"}', "NUL"),
    "10,000 levels": (person("p04", b',"note":%s' % DEEP), ""),
    "10,000 levels where nobody looks": (person("p04", b',"other":%s' % DEEP), ""),
    "null": (b"null", "object"),
    "a text": (b'"p04"', "object"),
    "a number": (b"4", "object"),
    "a list": (b"[]", "object"),
    "an empty object": (b"{}", "id: Field required"),
    "an object where a text belongs": (person("p04", b',"note":{"a":"b"}'), "note: "),
}

BAD_PAYMENTS = {
    "an amount of 2^63": (payment("y01", b"9223372036854775808"), "64 bits"),
    "an amount of 2^64": (payment("y01", b"18446744073709551616"), ""),
    "an amount of 400 digits": (payment("y01", b"9" * 400), "amount"),
    "an amount of 5,000 digits": (payment("y01", b"9" * 5000), ""),
    "an amount of 1e400": (payment("y01", b"1e400"), "amount"),
    "an amount of -1e400": (payment("y01", b"-1e400"), "amount"),
    "an amount of 12.5 cents": (payment("y01", b"12.5"), "amount"),
    "an amount in words": (payment("y01", b'"twelve"'), "amount"),
    "the year 10000": (payment("y01", at=b'"10000-01-01T00:00:00Z"'), "at: "),
    "the year 10000 in UTC alone": (payment("y01", at=b'"9999-12-31T23:59:59-14:00"'), ""),
    "the year 0 in UTC alone": (payment("y01", at=b'"0001-01-01T00:00:00+14:00"'), ""),
    "a second beyond all years": (payment("y01", at=b"1e400"), "at: "),
    "30 February": (payment("y01", at=b'"2026-02-30T00:00:00Z"'), "at: "),
    "a time that is a list": (payment("y01", at=b"[]"), "at: "),
}


@pytest.mark.parametrize("what", BAD_PEOPLE)
async def test_a_bad_person_is_set_aside(bench, what):
    body, reason = BAD_PEOPLE[what]
    await check_set_aside(bench, "people", "p04", body, reason)


@pytest.mark.parametrize("what", BAD_PAYMENTS)
async def test_a_bad_payment_is_set_aside(bench, what):
    body, reason = BAD_PAYMENTS[what]
    await check_set_aside(bench, "payments", "y01", body, reason)


async def check_set_aside(bench, stream, remote_id, body, reason):
    good = bench.vendor.lists[stream][remote_id]
    bench.vendor.lists[stream][remote_id] = body
    report = await bench.sync()
    assert not report.errors
    assert bench.stored(stream) == bench.vendor.ids(stream, but=remote_id)
    (aside,) = bench.hub.quarantine()
    assert reason.lower() in aside["reason"].lower()
    assert len(aside["reason"]) < 400
    assert len(aside["body"]) <= 20_000
    bench.assert_neighbour_landed()

    again = await bench.sync()
    assert not again.errors
    assert len(bench.hub.quarantine()) == 1

    bench.vendor.lists[stream][remote_id] = good
    await bench.sync()
    assert bench.stored(stream) == bench.vendor.ids(stream)


ODD_PEOPLE = {
    "2^53+1": person("p04", b',"score":9007199254740993'),
    "an integer of 400 digits": person("p04", b',"score":' + b"9" * 400),
    "1e400 where nobody looks": person("p04", b',"score":1e400'),
    "emoji and right-to-left keys": person("p04", ',"🙂":"👩\u200d👩\u200d👧","\u202eقيمة":"שלום"'.encode()),
    "a key twice": person("p04", b',"note":"one","note":"two"'),
    "a number as a text": person("p04", b',"note":12345678901234567890'),
    "a key that is empty": person("p04", b',"":1'),
    "a key with dots and quotes": person("p04", rb',"a.b\"c":"d"'),
    "markup and SQL": person("p04", b""","note":"<script>'); DROP TABLE person;--" """),
    "a text of 900 kB": person("p04", b',"note":"%s"' % (b"x" * 900_000)),
}

ODD_PAYMENTS = {
    "2^53+1": (payment("y01", b"9007199254740993"), {"amount_minor": 9_007_199_254_740_993}),
    "2^63-1": (payment("y01", b"9223372036854775807"), {"amount_minor": 2**63 - 1}),
    "below zero": (payment("y01", b"-5"), {"amount_minor": -5}),
    "before 1970": (payment("y01", at=b'"1901-12-13T20:45:51Z"'), {"paid_at": "1901-12-13T20:45:51.000000Z"}),
    "a second before 1970": (payment("y01", at=b"-1"), {"paid_at": "1969-12-31T23:59:59.000000Z"}),
    "the last second of 9999": (
        payment("y01", at=b'"9999-12-31T23:59:59Z"'),
        {"paid_at": "9999-12-31T23:59:59.000000Z"},
    ),
    "the year 33": (payment("y01", at=b'"0033-04-03T15:00:00Z"'), {"paid_at": "0033-04-03T15:00:00.000000Z"}),
    "far east": (payment("y01", at=b'"2026-01-01T00:30:00+14:00"'), {"paid_at": "2025-12-31T10:30:00.000000Z"}),
}


@pytest.mark.parametrize("what", ODD_PEOPLE)
async def test_an_odd_person_is_taken_as_it_is(bench, what):
    body = ODD_PEOPLE[what]
    bench.vendor.lists["people"]["p04"] = body
    report = await bench.sync()
    assert not report.errors
    assert bench.stored() == bench.vendor.ids("people")
    (row,) = bench.hub.rows("SELECT body FROM record WHERE remote_id = 'p04'")
    assert row["body"].encode() == body
    again = await bench.sync()
    assert sum(line.pulled.changed for line in again.streams.values()) == 0


@pytest.mark.parametrize("what", ODD_PAYMENTS)
async def test_an_odd_payment_is_taken_as_it_is(bench, what):
    body, wanted = ODD_PAYMENTS[what]
    bench.vendor.lists["payments"]["y01"] = body
    report = await bench.sync()
    assert not report.errors
    rows = bench.hub.rows(
        "SELECT p.* FROM payment p JOIN record r ON r.entity_id = p.id JOIN source s ON s.id = r.source_id"
        " WHERE r.remote_id = 'y01' AND s.connection_id = 'shop'"
    )
    assert [{name: row[name] for name in wanted} for row in rows] == [wanted]
    again = await bench.sync()
    assert not again.errors
    assert sum(line.pulled.changed for line in again.streams.values()) == 0


async def test_an_amount_keeps_its_last_digit(bench):
    bench.vendor.lists["people"]["p04"] = person("p04", b',"score":9007199254740993')
    await bench.sync()
    assert bench.hub.bodies("people")["p04"]["score"] == 9_007_199_254_740_993


async def test_of_several_with_one_id_in_a_page_the_newest_is_kept(bench):
    newest = payment("y01", b"300", b'"2026-01-04T00:00:00Z"')
    others = [payment("y01", b"100", b'"2026-01-02T00:00:00Z"'), payment("y01", b"200", b'"2026-01-03T00:00:00Z"')]
    bench.vendor.lists["payments"]["y01"] = b",".join([others[0], newest, others[1]])
    report = await bench.sync()
    assert not report.errors
    assert bench.stored("payments") == bench.vendor.ids("payments")
    assert bench.hub.bodies("payments")["y01"]["amount"] == 300
    assert sum(line.pulled.duplicates for line in report.streams.values()) == 2


async def test_of_several_with_one_id_and_no_version_the_last_is_kept(bench):
    bench.vendor.lists["people"]["p04"] = b",".join([person("p04", b',"note":"a"'), person("p04", b',"note":"b"')])
    await bench.sync()
    assert bench.hub.bodies("people")["p04"]["note"] == "b"
    bench.vendor.lists["people"]["p05"] = person("p04", b',"note":"c"')
    report = await bench.sync()
    assert not report.errors
    assert bench.hub.bodies("people")["p04"]["note"] == "c"


NAMELESS = {
    "no id": b'{"email":"x@example.com"}',
    "half a surrogate pair": rb'{"id":"\ud800"}',
    "invalid UTF-8": b'{"id":"\xff"}',
    "null": b"null",
    "NaN": b'{"id":NaN}',
}


@pytest.mark.parametrize("paging", PAGINGS)
@pytest.mark.parametrize("place", ["p03", "p05", "p08"])
@pytest.mark.parametrize("what", NAMELESS)
async def test_wherever_it_stands_in_its_page_all_others_land(bench, place, what):
    """A page's last record is where some vendors' next page begins."""
    bench.vendor.lists["people"][place] = NAMELESS[what]
    report = await bench.sync()
    assert not report.errors
    assert bench.stored() == bench.vendor.ids("people", but=place)
    assert bench.hub.quarantine()


async def test_a_whole_page_of_bad_records(bench):
    for place in ("p03", "p04", "p05"):
        bench.vendor.lists["people"][place] = b'{"email":"%s"}' % place.encode()
    report = await bench.sync()
    assert not report.errors
    assert bench.stored() == bench.vendor.ids("people") - {"p03", "p04", "p05"}
    assert len(bench.hub.quarantine()) == 3


@pytest.mark.parametrize("paging", ["last_id", "keyset"])
async def test_a_page_that_gives_no_place_to_go_on_from_is_no_end(bench):
    """The vendor pages by the last record's id, and no record of the page has one."""
    for place in ("p03", "p04", "p05"):
        bench.vendor.lists["people"][place] = b'{"email":"%s"}' % place.encode()
    report = await bench.sync()
    assert report.errors["shop"].code == "answer_malformed"
    assert bench.stored() >= {"p00", "p01", "p02"}


@pytest.mark.parametrize(
    "what", ["NaN", "10,000 levels", "a 10 MB field", "half a surrogate pair, escaped", "invalid UTF-8"]
)
async def test_a_record_that_turns_bad_is_not_taken_for_deleted(bench, what):
    """It was there before and it is there now: what we hold of it stays."""
    await bench.sync()
    before = bench.hub.bodies("people")["p04"]
    bench.vendor.lists["people"]["p04"], _ = BAD_PEOPLE[what]
    report = await bench.sync(full=True)
    assert not report.errors
    assert bench.hub.bodies("people")["p04"] == before
    assert len(bench.hub.quarantine()) == 1
    assert bench.hub.rows("SELECT count(*) AS n FROM person WHERE deleted_at IS NOT NULL")[0]["n"] == 0


async def test_a_time_far_ahead_hides_no_later_change(bench):
    """A version in the year 9999 may not make the next read skip what changes before that."""
    bench.vendor.lists["payments"]["y01"] = payment("y01", at=b'"9999-12-31T23:59:59Z"')
    await bench.sync()
    bench.vendor.lists["payments"]["y02"] = payment("y02", b"77", b'"2026-06-01T00:00:00Z"')
    await bench.sync()
    assert bench.hub.bodies("payments")["y02"]["amount"] == 77


async def test_what_is_kept_of_a_bad_record_is_told_without_its_values(bench):
    """A reason is shown in lists and logs: it says where and what, not the value, which may be personal."""
    secret = "born 1 April 1970 in Vigo"
    bench.vendor.lists["people"]["p04"] = json.dumps({"id": "p04", "note": {"text": secret}}).encode()
    await bench.sync()
    (aside,) = bench.hub.quarantine()
    assert secret not in aside["reason"]
