"""What vendors do later: jobs that are asked about, webhooks that are sent, and faults that disturb."""

import csv
import gzip
import hashlib
import hmac
import io
import json
import re
import threading
from datetime import UTC, datetime

import httpx
import pytest

from vaiven_sdk.testing import (
    BearerAccess,
    Fault,
    Jobs,
    ManualClock,
    Postman,
    Refusal,
    Vendor,
    action,
    as_csv,
    as_jsonl,
    get,
    hmac_header,
    post,
    serve,
    standard_webhooks,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock():
    return ManualClock(START)


# ------------------------------------------------------------------------------------------------------------ jobs


def test_a_job_is_done_after_so_many_questions(clock):
    done = []
    jobs = Jobs(clock, polls=2)
    job = jobs.start(lambda: done.append(1) or "result")
    assert [jobs.ask(job.id).status for _ in range(4)] == ["queued", "running", "done", "done"]
    assert (jobs.result(job.id), done) == ("result", [1])


def test_a_job_takes_its_time_and_is_forgotten(clock):
    jobs = Jobs(clock, polls=0, seconds=30, expires=100)
    job = jobs.start(lambda: 1)
    assert jobs.ask(job.id).status == "queued"
    with pytest.raises(Refusal, match="no result"):
        jobs.result(job.id)
    clock.advance(30)
    assert jobs.ask(job.id).status == "done"
    clock.advance(101)
    with pytest.raises(Refusal, match="no job"):
        jobs.ask(job.id)


def test_every_second_job_fails(clock):
    jobs = Jobs(clock, polls=0, fail=2)
    for _ in range(2):
        jobs.start(dict)
    assert [jobs.ask(f"job-{n}").status for n in (1, 2)] == ["done", "failed"]


def test_results_as_files():
    rows = [{"a": 1, "b": 'x "y"\nz'}, {"a": None, "b": "ñ", "c": 3}]
    assert [json.loads(line) for line in gzip.decompress(as_jsonl(rows, compress=True)).splitlines()] == rows
    text = as_csv(rows, ["b", "a"]).decode()
    assert [*csv.DictReader(io.StringIO(text, newline=""))] == [{"b": 'x "y"\nz', "a": "1"}, {"b": "ñ", "a": ""}]


# -------------------------------------------------------------------------------------------------------- webhooks


class Receiver(Vendor):
    """Our side: notes what comes, and may be down."""

    slug = "receiver"
    status = 200

    def __init__(self):
        super().__init__()
        self.got = []
        self.came = threading.Event()

    def envelope(self, refusal):
        return {}

    @post("/hook")
    def hook(self, call):
        if self.status >= 400:
            raise Refusal("other", status=self.status)
        self.got.append((call.json(), call.headers, call.raw))
        if len(self.got) == 3:
            self.came.set()


@pytest.fixture
def receiver():
    with serve(Receiver()) as server:
        yield server


def test_deliveries_are_signed_and_sent_when_due(receiver, clock):
    postman = Postman(clock, hmac_header("X-Sign", "s", prefix="sha256="), delay=5)
    postman.post(f"{receiver.url}/hook", {"id": 1})
    assert postman.flush() == []
    clock.advance(5)
    (letter,) = postman.flush()
    body, headers, raw = receiver.simulator.got[0]
    assert body == {"id": 1}
    assert headers["x-sign"] == "sha256=" + hmac.new(b"s", raw, hashlib.sha256).hexdigest()
    assert (letter.answers, postman.sent, postman.waiting) == ([204], [letter], [])
    assert letter.delivery.headers["x-sign"] == headers["x-sign"]


def test_a_postman_of_its_own_accord(receiver):
    postman = Postman(automatic=True)
    for number in range(3):
        postman.post(f"{receiver.url}/hook", {"id": number})
    assert receiver.simulator.came.wait(5)
    assert [body["id"] for body, _, _ in receiver.simulator.got] == [0, 1, 2]


def test_twice_and_out_of_order(receiver, clock):
    postman = Postman(clock, twice=True, shuffle=True)
    for number in range(6):
        postman.post(f"{receiver.url}/hook", {"id": number})
    postman.flush()
    order = [body["id"] for body, _, _ in receiver.simulator.got]
    assert sorted(order) == sorted([*range(6)] * 2)
    assert order != sorted(order)


def test_what_is_not_taken_is_tried_again_and_then_let_go(receiver, clock):
    postman = Postman(clock, attempts=2)
    receiver.simulator.status = 500
    letter = postman.post(f"{receiver.url}/hook", {})
    postman.flush()
    assert postman.waiting == [letter]
    postman.flush()
    assert (postman.waiting, letter.answers, postman.sent) == ([], [500, 500], [])
    nobody = postman.post("http://127.0.0.1:9/hook", {})
    postman.flush()
    assert nobody.answers == [0]


def test_nothing_leaves_this_machine(clock):
    for url in ("https://example.com/hook", "http://127.0.0.1.example.com/", "http://10.0.0.1/"):
        with pytest.raises(ValueError, match="loopback only"):
            Postman(clock).post(url, {})


def test_our_own_receiver_takes_standard_webhooks(clock):
    from vaiven_sdk.webhooks import StandardSignature

    secret = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
    letter = Postman(clock, standard_webhooks(secret)).post("http://127.0.0.1:1/", {"id": 1})
    StandardSignature().verify(letter.delivery, secret, now=START.timestamp())
    with pytest.raises(Exception, match=r"."):
        StandardSignature().verify(letter.delivery, "whsec_b3RoZXItb3RoZXItb3RoZXI=", now=START.timestamp())


# ---------------------------------------------------------------------------------------------------------- faults


class Lists(Vendor):
    """Pages of numbers, and a user who adds one."""

    slug = "lists"

    def __init__(self):
        super().__init__()
        self.access = BearerAccess("t")
        self.numbers = [*range(6)]

    def envelope(self, refusal):
        return {"message": refusal.message}

    @action
    def push(self, number):
        self.numbers.insert(0, number)

    @get("/n")
    def n(self, call):
        start = call.number("at", 0)
        return {"data": {"rows": self.numbers[start : start + 2]}}


@pytest.fixture
def lists():
    signed = {"Authorization": "Bearer t"}
    with serve(Lists()) as server, httpx.Client(base_url=server.url, headers=signed, trust_env=False) as http:
        yield server.simulator.faults, http


def rows(http, at=0):
    return http.get("/n", params={"at": at}).json()["data"]["rows"]


@pytest.mark.parametrize(
    ("after", "form"),
    [
        ("seconds", r"30"),
        ("date", r"\w{3}, \d\d \w{3} \d{4} .* GMT"),
        ("epoch", r"\d{10}"),
        ("milliseconds", r"\d{13}"),
        ("absurd", r"1000000000"),
        ("nonsense", r"soon"),
    ],
)
def test_a_busy_vendor_says_so_in_every_spelling(lists, after, form):
    faults, http = lists
    faults.add(Fault(kind="busy", after=after, seconds=30))
    answer = http.get("/n")
    assert answer.status_code == 429
    assert re.fullmatch(form, answer.headers["retry-after"])
    assert rows(http) == [0, 1]


def test_a_busy_vendor_may_say_nothing_or_use_a_header_of_its_own(lists):
    faults, http = lists
    faults.add(Fault(kind="busy", after="missing", body="x"))
    faults.add(Fault(kind="busy", header="X-Reset", seconds=2))
    first, second = http.get("/n"), http.get("/n")
    assert ("retry-after" in first.headers, first.text) == (False, "x")
    assert second.headers["x-reset"] == "2"


def test_a_token_that_expires_in_mid_walk_stays_expired_and_another_works(lists):
    faults, http = lists
    faults.add(Fault(kind="expire", skip=1))
    assert [http.get("/n").status_code for _ in range(4)] == [200, 401, 401, 401]
    assert http.get("/n", headers={"Authorization": "Bearer new"}).json() == {"message": "this credential is not valid"}
    faults.clear()
    assert http.get("/n").status_code == 200


def test_a_line_that_falls_silent(lists):
    faults, http = lists
    faults.add(Fault(kind="silent"))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        http.get("/n")
    assert rows(http) == [0, 1]


def test_a_page_comes_once_more(lists):
    faults, http = lists
    faults.add(Fault(kind="repeat", skip=1))
    assert [rows(http, at) for at in (0, 2, 4)] == [[0, 1], [0, 1], [4, 5]]


def test_pages_overlap(lists):
    faults, http = lists
    faults.add(Fault(kind="overlap", items="data.rows", skip=1))
    assert [rows(http, at) for at in (0, 2, 4)] == [[0, 1], [1, 2, 3], [4, 5]]


def test_somebody_acts_between_two_pages(lists):
    faults, http = lists
    faults.add(Fault(kind="meanwhile", action="push", args={"number": 99}, skip=1))
    assert [rows(http, at) for at in (0, 2)] == [[0, 1], [1, 2]]
    assert rows(http) == [99, 0]
