"""A bad page: the error says who must act, what came before it stays, and the next run goes on from there."""

import gzip
import time

import pytest
from starlette.responses import RedirectResponse, Response

from tests.support.wire_vendor import PAGINGS, TOKEN, person
from vaiven_sdk.testing import Fault

JSON = "application/json"
GOOD = person("p03") + b"," + person("p04") + b"," + person("p05")


def answer(body=b"", status=200, **headers):
    """A function that gives this answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Response(body, status, {"content-type": JSON, **named})


# The answer in place of the second page of people, the error's code and a part of what it says.
PAGES = {
    "truncated": (answer(b'{"items":[%s' % GOOD[:-9]), "answer_malformed", "page of records"),
    "truncated after a record": (answer(b'{"items":[%s' % GOOD), "answer_malformed", "page of records"),
    "brackets that do not match": (answer(b'{"items":[{"id":"p03"]}'), "answer_malformed", "page of records"),
    "HTML with status 200": (
        lambda: Response("<html><h1>502 Bad Gateway</h1></html>", media_type="text/html"),
        "answer_malformed",
        "HTML",
    ),
    "HTML that says it is JSON": (answer(b"<!DOCTYPE html><html></html>"), "answer_malformed", "HTML"),
    "XML": (answer(b'<?xml version="1.0"?><items/>'), "answer_malformed", "XML"),
    "plain text": (answer(b"OK"), "answer_malformed", "page of records"),
    "an empty body": (answer(b""), "answer_malformed", "page of records"),
    "blanks": (answer(b" \n"), "answer_malformed", "page of records"),
    "204": (lambda: Response(status_code=204), "answer_malformed", "page of records"),
    "null": (answer(b"null"), "answer_malformed", "page of records"),
    "a list": (answer(b"[%s]" % GOOD), "answer_malformed", "page of records"),
    "an object without records": (answer(b"{}"), "answer_malformed", "page of records"),
    "an error with status 200": (answer(b'{"error":"try later"}'), "answer_malformed", "page of records"),
    "records in an object": (answer(b'{"items":{"p03":{}}}'), "answer_malformed", "page of records"),
    "records in a text": (answer(b'{"items":"p03"}'), "answer_malformed", "page of records"),
    "NUL bytes": (answer(b"\0" * 100), "answer_malformed", "page of records"),
    "another encoding": (answer('{"items":[]}'.encode("utf-16")), "answer_malformed", "page of records"),
    "gzip that is none": (answer(b"not gzip", content_encoding="gzip"), "vendor_down", "broke off"),
    "gzip cut off": (answer(gzip.compress(b'{"items":[]}' * 99)[:20], content_encoding="gzip"), None, ""),
    "10,000 levels around it": (answer(b"[" * 10_000 + b"]" * 10_000), "answer_malformed", "page of records"),
    "a redirect to elsewhere": (lambda: RedirectResponse("https://evil.example/steal"), "origin_refused", "redirect"),
    "400": (answer(b'{"message":"bad limit"}', 400), "request_refused", "bad limit"),
    "401": (answer(b'{"message":"expired"}', 401), "reconnect_required", "expired"),
    "402": (answer(b"{}", 402), "request_refused", "402"),
    "418 with an odd body": (answer(b'[{"message":5}]', 418), "request_refused", "418"),
    "500": (answer(b"oops", 500), "vendor_down", "500"),
    "502 as HTML": (lambda: Response("<html>", 502, media_type="text/html"), "vendor_down", "502"),
    "503": (answer(b"{}", 503), "vendor_down", "503"),
    "503 for a day": (answer(b"{}", 503, retry_after="86400"), "vendor_busy", "503"),
    "429": (answer(b"{}", 429), "vendor_busy", "429"),
    "429 for a day": (answer(b"{}", 429, retry_after="86400"), "vendor_busy", "429"),
    "429 for thirty years": (answer(b"{}", 429, retry_after="999999999"), "vendor_busy", "429"),
    "429 until 2099": (answer(b"{}", 429, retry_after="Thu, 01 Jan 2099 00:00:00 GMT"), "vendor_busy", "429"),
    "429 for -5 s": (answer(b"{}", 429, retry_after="-5"), "vendor_busy", "429"),
    "429 for NaN": (answer(b"{}", 429, retry_after="nan"), "vendor_busy", "429"),
    "429 for ever": (answer(b"{}", 429, retry_after="inf"), "vendor_busy", "429"),
    "429 for soon": (answer(b"{}", 429, retry_after="soon"), "vendor_busy", "429"),
    "an error that quotes the token": (answer(b'{"message":"no %s"}' % TOKEN.encode(), 401), "reconnect_required", ""),
}


@pytest.mark.parametrize("what", PAGES)
async def test_a_bad_page(bench, what):
    instead, code, told = PAGES[what]
    bench.vendor.instead["people", 1] = instead
    started = time.monotonic()
    report = await bench.sync()
    assert time.monotonic() - started < 5
    problem = report.errors["shop"]
    assert problem.code == code or code is None
    assert told in str(problem)
    assert report.status == "partial"
    # The page before it stays, nothing is invented, and the other account is well.
    assert bench.stored() == {"p00", "p01", "p02"}
    assert bench.hub.quarantine() == []
    bench.assert_neighbour_landed()

    bench.vendor.instead.clear()
    bench.vendor.asked.clear()
    report = await bench.sync()
    assert report.status == "ok"
    assert bench.vendor.asked[0] == ("people", 1)
    bench.assert_all_landed()


@pytest.mark.parametrize("what", ["403", "404", "410"])
async def test_a_list_that_is_out_of_bounds_leaves_the_others(bench, what):
    bench.vendor.instead["people", 0] = answer(b'{"message":"missing scope people.read"}', int(what))
    report = await bench.sync()
    problem = report.errors["shop/people"]
    assert problem.code == ("permission_missing" if what == "403" else "not_found")
    assert "missing scope" in str(problem)
    assert bench.stored("payments") == bench.vendor.ids("payments")
    bench.vendor.instead.clear()
    assert (await bench.sync()).status == "ok"
    bench.assert_all_landed()


@pytest.mark.parametrize("kind", ["reset", "lose_answer", "truncate", "html", "status"])
async def test_trouble_that_passes_is_not_even_noticed_or_waits_for_the_next_run(bench, kind):
    bench.vendor.app.add(Fault(kind=kind, path="/people", skip=1, times=1, status=502))
    report = await bench.sync()
    if kind in {"reset", "lose_answer", "status"}:
        assert report.status == "ok"
    else:
        assert report.errors["shop"].code == "answer_malformed"
        assert (await bench.sync()).status == "ok"
    bench.assert_all_landed()


async def test_a_server_in_trouble_is_not_asked_for_ever(bench):
    bench.vendor.instead["people", 0] = answer(b"", 500)
    await bench.sync()
    assert len(bench.vendor.asked) == 6
    assert (await bench.sync()).errors["shop"].code == "vendor_down"


async def test_a_wrong_credential_is_tried_once(bench):
    bench.hub.credentials["shop"] = {"token": "mistyped-canary"}
    report = await bench.sync()
    problem = report.errors["shop"]
    assert problem.code == "reconnect_required"
    assert problem.actor == "customer"
    assert "mistyped-canary" not in str(report.as_dict())
    assert len(bench.vendor.asked) == 0
    assert bench.hub.rows("SELECT status FROM connection WHERE id = 'shop'") == [{"status": "reconnect_required"}]
    bench.assert_neighbour_landed()
    bench.hub.credentials["shop"] = {"token": TOKEN}
    assert (await bench.sync()).status == "ok"
    assert bench.hub.rows("SELECT status FROM connection WHERE id = 'shop'") == [{"status": "ok"}]
    bench.assert_all_landed()


@pytest.mark.parametrize("credential", [{}, {"token": ""}, {"api_key": TOKEN}])
async def test_a_credential_of_another_kind_is_named(bench, credential):
    bench.hub.credentials["shop"] = credential
    report = await bench.sync()
    assert report.errors["shop"].code == "config_invalid"
    assert "token" in report.errors["shop"].why
    bench.assert_neighbour_landed()


@pytest.mark.parametrize("token", ["white space\nand: a header", "umlaut-ü", "nul-\0"])
async def test_a_credential_that_no_header_can_hold_is_refused(bench, token):
    """It was pasted with something too much."""
    bench.hub.credentials["shop"] = {"token": token}
    report = await bench.sync()
    assert report.errors["shop"].code in {"config_invalid", "reconnect_required"}
    assert token not in str(report.as_dict())
    bench.assert_neighbour_landed()


@pytest.mark.parametrize("cursor", ['"p02"', '"p05"'])
async def test_a_cursor_that_comes_again_ends_the_walk(bench, cursor):
    """The vendor would send us in a circle for ever."""
    body = b'{"items":[%s],"more":true,"next":%s}' % (GOOD, cursor.encode())
    bench.vendor.instead["people", 1] = answer(body)
    bench.vendor.instead["people", 2] = answer(body)
    report = await bench.hub.sync()
    assert report.errors["shop"].code == "cursor_loop"
    assert bench.stored() == {"p00", "p01", "p02", "p03", "p04", "p05"}
    assert len(bench.vendor.asked) < 8
    bench.assert_neighbour_landed()
    bench.vendor.instead.clear()
    assert (await bench.sync()).status == "ok"
    bench.assert_all_landed()


@pytest.mark.parametrize("cursor", [b'{"a":1}', b"[1]", b"1e400", b"NaN", rb'"\ud800"', b"true", b"1.5"])
async def test_a_cursor_of_another_kind_harms_nothing(bench, cursor):
    bench.vendor.instead["people", 0] = answer(
        b'{"items":[%s,%s,%s],"next":%s}' % (person("p00"), person("p01"), person("p02"), cursor)
    )
    for page in (1, 2):
        bench.vendor.instead["people", page] = answer(b"{}", 400)
    report = await bench.hub.sync()
    assert report.status in {"partial", "ok"}
    bench.assert_neighbour_landed()
    bench.vendor.instead.clear()
    await bench.sync()
    await bench.sync(full=True)
    bench.assert_all_landed()


@pytest.mark.parametrize("paging", PAGINGS)
async def test_an_empty_page_in_the_middle(bench, paging):
    bench.vendor.instead["people", 1] = answer(b'{"items":[],"more":true,"next":"p05"}')
    report = await bench.hub.sync()
    if paging == "cursor":
        assert report.status == "ok"
        assert bench.stored() == bench.vendor.ids("people") - {"p03", "p04", "p05"}
    bench.vendor.instead.clear()
    await bench.sync(full=True)
    bench.assert_all_landed()


async def test_records_that_are_null_are_an_empty_list(bench):
    """So say several vendors; what was there before is not taken for deleted, for so many at once is no deletion."""
    await bench.sync()
    bench.vendor.lists["people"] |= {i: person(i) for i in (f"p{n}" for n in range(30, 50))}
    await bench.sync(full=True)
    bench.vendor.instead["people", 0] = answer(b'{"items":null,"more":false}')
    report = await bench.sync(full=True)
    assert not report.errors
    assert bench.stored() == bench.vendor.ids("people")


async def test_a_stream_of_bytes_without_end_is_cut_off(bench, monkeypatch):
    from vaiven_sdk.http import _wire

    monkeypatch.setattr(_wire, "LARGEST_ANSWER", 100_000)
    bench.vendor.instead["people", 1] = answer(b'{"items":[%s' % (b" " * 200_000))
    report = await bench.sync()
    assert report.errors["shop"].code == "answer_malformed"
    assert bench.stored() == {"p00", "p01", "p02"}


async def test_compressed_bytes_that_swell_are_cut_off(bench, monkeypatch):
    """A few kilobytes on the wire, and gigabytes once unpacked."""
    from vaiven_sdk.http import _wire

    monkeypatch.setattr(_wire, "LARGEST_ANSWER", 100_000)
    body = gzip.compress(b'{"items":[%s]}' % (b" " * 5_000_000))
    bench.vendor.instead["people", 1] = answer(body, content_encoding="gzip")
    report = await bench.sync()
    assert report.errors["shop"].code == "answer_malformed"
