"""Reports: ordered once, waited for, and read whole, whatever they are packed in."""

import gzip
import io
import json
import time
import zipfile

import pytest

import vaiven_sdk.read._files as files
import vaiven_sdk.read._report as reports
from tests.support.shelf import CURSOR, REPORT, Shelf
from vaiven_sdk import AnswerMalformed, Config, NotFound, ReportFailed, VendorBusy, Window, get, post, report
from vaiven_sdk.read._files import FileFormat

READ = report(download="files[].url", **REPORT)


@pytest.fixture
def vendor():
    vendor = Shelf()
    for number in range(8):
        vendor.put(f"r{number}", number)
    return vendor


async def walked(vendor, read=READ, state=None, most=None):
    pages = []
    async for page in read.pages(vendor.send, Window(Config()), state=state):
        pages.append(page)
        if len(pages) == most:
            break
    return pages


def ids(pages):
    return [json.loads(bytes(item))["id"] for page in pages for item in page.items]


async def test_it_is_asked_for_less_and_less_often(vendor, monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(reports.asyncio, "sleep", sleep)
    vendor.polls = 8
    pages = await walked(vendor, report(download="files[].url", **{**REPORT, "wait": 2.0}))
    assert len(ids(pages)) == 8
    assert [round(seconds) for seconds in slept] == [2, 4, 8, 16, 32, 60, 60, 60]


async def test_one_that_is_never_ready_is_left_to_the_next_run(vendor):
    vendor.polls = 2
    read = report(download="files[].url", deadline=0.0, **REPORT)
    with pytest.raises(VendorBusy, match="not ready"):
        await walked(vendor, read)
    state = {"job": "j0", "at": int(time.time()), "date": None, "file": 0, "row": 0, "in": None}
    assert len(ids(await walked(vendor, read, state=state))) == 8
    assert list(vendor.jobs) == ["j0"]


async def test_after_a_crash_the_same_job_is_gone_on_with(vendor):
    (first,) = await walked(vendor, most=1)
    assert (first.items, first.state["job"]) == ((), "j0")
    assert len(ids(await walked(vendor, state=json.loads(json.dumps(first.state))))) == 8
    assert list(vendor.jobs) == ["j0"]


@pytest.mark.parametrize("case", ["forgotten", "failed", "too old"])
async def test_a_job_of_an_earlier_run_that_came_to_nothing_is_ordered_anew(vendor, case):
    (first,) = await walked(vendor, most=1)
    state = dict(first.state)
    if case == "forgotten":
        vendor.jobs["another"] = vendor.jobs.pop("j0")
    elif case == "failed":
        fail(vendor, "j0")
    else:
        state["at"] -= 90_000
    assert len(ids(await walked(vendor, state=state))) == 8
    assert len(vendor.jobs) == 2


def fail(vendor, *jobs):
    found = vendor.on_reports

    def failing(ask, *parts):
        return ({"state": "failed"}, {}) if parts[:1] and parts[0] in jobs else found(ask, *parts)

    vendor.on_reports = failing


async def test_one_that_fails_at_once_is_an_error(vendor):
    fail(vendor, "j0")
    with pytest.raises(ReportFailed, match="could not make"):
        await walked(vendor)
    assert list(vendor.jobs) == ["j0"]


async def test_a_new_job_that_is_not_there_is_an_error(vendor):
    vendor.on_reports = lambda ask, *parts: (None if parts else {"report": {"id": 5}}, {})
    with pytest.raises(NotFound):
        await walked(vendor)


@pytest.mark.parametrize("answer", [{}, {"report": None}, {"report": {"id": None}}, {"report": {"id": {}}}])
async def test_an_order_without_a_job_is_malformed(vendor, answer):
    vendor.on_reports = lambda *_: (answer, {})
    with pytest.raises(AnswerMalformed, match="job id"):
        await walked(vendor)


@pytest.mark.parametrize(("files_", "ok"), [([], True), ([{"url": None}], True), ([{}], False), ("x", False)])
async def test_ready_and_empty_is_not_ready_and_unreadable(vendor, files_, ok):
    answers = [{"report": {"id": 1}}, {"state": "done", "files": files_}]
    vendor.on_reports = lambda *_: (answers.pop(0), {})
    if ok:
        assert ids(await walked(vendor)) == []
    else:
        with pytest.raises(AnswerMalformed, match="no address"):
            await walked(vendor)


async def test_a_large_report_is_read_page_by_page_and_from_any_page(vendor):
    read = report(download="files[].url", rows=3, **REPORT)
    assert (read.size, READ.size) == (3, 1000)
    whole = await walked(vendor, read)
    assert [len(page.items) for page in whole] == [0, 3, 3, 2, 0]
    rest = await walked(vendor, read, state=whole[2].state)
    assert ids(rest) == ["r6", "r7"]


@pytest.mark.parametrize("rows", [0, -1])
def test_a_page_of_a_report_has_a_record_at_least(rows):
    with pytest.raises(TypeError, match="rows"):
        report(download="files[].url", rows=rows, **REPORT)


async def test_several_files_are_one_report(vendor):
    read = report(download="files[].url", rows=5, **REPORT)
    found = vendor.on_reports

    def twice(ask, *parts):
        answer, headers = found(ask, *parts)
        ready = isinstance(answer, dict) and "state" in answer
        return ({**answer, "files": answer["files"] * 2} if ready else answer), headers

    vendor.on_reports = twice
    whole = await walked(vendor, read)
    assert [page.state and page.state["file"] for page in whole] == [0, 0, 0, 1, 1, None]
    for stop in range(1, len(whole)):
        assert ids(whole[:stop]) + ids(await walked(vendor, read, state=whole[stop - 1].state)) == ids(whole)


# -------------------------------------------------------------------------------------------------------------- files


def rows(content, **how):
    return list(FileFormat(**how).rows(io.BytesIO(content)))


def zipped(*contents):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        for number, content in enumerate(contents):
            archive.writestr(f"folder/{number}.csv", content)
    return body.getvalue()


CSV = b'\xef\xbb\xbfid,note\r\n1,"two\r\nlines, and ""quotes"""\r\n2,\r\n'
WANTED = [{"id": "1", "note": 'two\r\nlines, and "quotes"'}, {"id": "2", "note": None}]


@pytest.mark.parametrize("pack", [lambda c: c, gzip.compress, zipped], ids=["plain", "gzip", "zip"])
def test_csv(pack):
    assert [json.loads(item) for item, _ in rows(pack(CSV))] == WANTED


@pytest.mark.parametrize("pack", [lambda c: c, gzip.compress, zipped], ids=["plain", "gzip", "zip"])
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json(pack, form):
    content = (
        b'\xef\xbb\xbf{"id": 1, "x": "\xc3\xa9"}\n\n{"id": 2}\r\n'
        if form == "jsonl"
        else b'[{"id": 1, "x": "\xc3\xa9"}, {"id": 2}]'
    )
    assert [json.loads(bytes(i)) for i, _ in rows(pack(content), format=form)] == [{"id": 1, "x": "é"}, {"id": 2}]


def test_csv_of_another_kind():
    content = "Report of May\nid;né\n1;ü\n\n".encode("latin-1")
    assert [json.loads(i) for i, _ in rows(content, delimiter=";", skip=1, encoding="latin-1")] == [
        {"id": "1", "né": "ü"}
    ]


def test_a_json_file_with_its_records_at_a_path():
    assert [bytes(i) for i, _ in rows(b'{"data": {"rows": [{"a":1}]}}', format="json", items="data.rows")] == [
        b'{"a":1}'
    ]


def test_all_files_of_an_archive_are_read():
    assert [json.loads(i)["id"] for i, _ in rows(zipped(b"id\n1\n", b"id\n2\n"))] == ["1", "2"]


def test_a_bad_row_is_set_aside_and_its_neighbours_land():
    found = rows(b"id,a\n1,x\n2\n3,y,z\n4,w\n")
    assert [json.loads(item)["id"] for item, _ in found if item] == ["1", "4"]
    assert [bad for _, bad in found if bad] == [
        ("2", "the row has 1 cells, and the header 2"),
        ("3,y,z", "the row has 3 cells, and the header 2"),
    ]
    found = rows(b'{"id":1}\n{"id":NaN}\n{"id":3}\n', format="jsonl")
    assert [bool(bad) for _, bad in found] == [False, True, False]


@pytest.mark.parametrize(
    ("content", "how"),
    [
        (gzip.compress(CSV, mtime=0)[:-9], {}),
        (gzip.compress(CSV, mtime=0)[:30], {}),
        (zipped(CSV)[:-9], {}),
        (b"not gzip", {"compression": "gzip"}),
        (b"not zip", {"compression": "zip"}),
        (b'id\n"open', {}),
        (b"id\n\xff\xfe\n", {}),
        (b"id,id\n1,2\n", {}),
        (b'{"error": "no"}', {}),
        (b"<html></html>", {}),
        (b"{}", {"format": "json"}),
        (b"[1, 2", {"format": "json"}),
    ],
)
def test_what_is_no_such_file_is_malformed(content, how):
    with pytest.raises(AnswerMalformed):
        rows(content, **how)


@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_a_file_that_swells_is_cut_off(form, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_UNPACKED", 1_000_000)
    with pytest.raises(AnswerMalformed, match="unpacks to more"):
        rows(gzip.compress(b"a\n" + b"1\n" * 900_000, mtime=0), format=form)


def test_a_line_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(files, "LARGEST_LINE", 1000)
    with pytest.raises(AnswerMalformed, match="line"):
        rows(b'{"a":"%s"}' % (b"x" * 2000), format="jsonl")
    monkeypatch.setattr(files, "LARGEST_ARRAY", 1000)
    with pytest.raises(AnswerMalformed, match="array"):
        rows(b'[{"a":"%s"}]' % (b"x" * 2000), format="json")


def test_parts_that_do_not_fit_are_refused():
    order = post("/r", json={})
    given = {"create": order, "poll": "/r/{job}", "done": "d", "failed": "f"}
    with pytest.raises(ValueError, match="format"):
        report(download="url", format="xml", **given)
    with pytest.raises(TypeError, match="format"):
        report(download="url", format=None, **given)
    with pytest.raises(TypeError, match="one request"):
        report(download=READ, **given)
    report(download=get("/r/{job}/rows", items="rows", page=CURSOR), format=None, **given).check(Config, "x")
    with pytest.raises(TypeError, match="report"):
        report(download="url", **{**given, "create": get("/{job}")}).check(Config, "x")
