"""The kit under every simulator: faults, actions, quirks, clocks and the server."""

import socket
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.routing import Route

from vaiven_sdk.testing import Fault, ManualClock, Simulator, SystemClock, action, serve


class Tiny(Simulator):
    """Counts how often it was called."""

    slug = "tiny"
    quirks = {"greeting": "hello", "slow": False}  # noqa: RUF012

    def __init__(self, **options):
        super().__init__(**options)
        self.calls = 0

    @property
    def credential(self):
        return {"token": "t"}

    def routes(self):
        return [Route("/hello", self.hello, methods=["GET", "POST"])]

    async def hello(self, request):
        self.calls += 1
        return JSONResponse({"say": self.quirk["greeting"], "call": self.calls})

    def state(self):
        return {"calls": self.calls}

    @action
    def reset(self, to=0):
        """Begin anew."""
        if to < 0:
            raise ValueError("not below nothing")
        self.calls = to
        return {"now": to}

    def hidden(self):
        raise AssertionError


@pytest.fixture(scope="module")
def server():
    with serve(Tiny()) as running:
        yield running


@pytest.fixture
def bench(server):
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        http.delete("/_sim/faults")
        http.post("/_sim/call", json={"action": "reset"})
        yield http
        http.delete("/_sim/faults")


def arm(bench, **fault):
    answer = bench.post("/_sim/faults", json=fault)
    assert answer.status_code == 200, answer.text
    return answer.json()["active"]


# ------------------------------------------------------------------------------------------------------------ faults


def test_a_status_comes_before_the_vendor_sees_the_request(bench):
    arm(bench, kind="status", status=503, headers={"retry-after": "7"}, body="closed")
    answer = bench.get("/hello")
    assert (answer.status_code, answer.headers["retry-after"], answer.text) == (503, "7", "closed")
    assert bench.get("/hello").json()["call"] == 1


def test_a_proxys_page(bench):
    arm(bench, kind="html")
    answer = bench.get("/hello")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<html>")


def test_half_of_the_real_answer(bench):
    arm(bench, kind="truncate")
    text = bench.get("/hello").text
    assert text
    assert '{"say":"hello","call":1}'.startswith(text)


def test_another_body_in_the_real_answers_place(bench):
    arm(bench, kind="replace", body='{"say":NaN}')
    assert bench.get("/hello").text == '{"say":NaN}'
    assert bench.get("/_sim/state").json() == {"calls": 1}
    assert bench.get("/_sim/state?only=calls&only=nothing").json() == {"calls": 1}
    assert bench.get("/_sim/state?only=nothing").json() == {}


@pytest.mark.parametrize(("kind", "calls"), [("lose_answer", 1), ("reset", 0)])
def test_a_line_that_goes_dead_after_or_before_the_effect(bench, kind, calls):
    arm(bench, kind=kind)
    with pytest.raises(httpx.RemoteProtocolError):
        bench.post("/hello")
    assert bench.get("/_sim/state").json() == {"calls": calls}


def test_a_slow_answer_is_a_good_one(bench):
    arm(bench, kind="slow", seconds=0.05)
    answer = bench.get("/hello")
    assert answer.json()["call"] == 1
    assert answer.elapsed.total_seconds() >= 0.05


def test_a_fault_hits_what_it_matches_as_often_as_it_says(bench):
    arm(bench, kind="status", method="POST", path="^/hel+o$", skip=1, times=2)
    assert [bench.get("/hello").status_code for _ in range(2)] == [200, 200]
    assert [bench.post("/hello").status_code for _ in range(4)] == [200, 500, 500, 200]


def test_zero_times_is_every_time_until_it_is_disarmed(bench):
    arm(bench, kind="status", times=0)
    assert [bench.get("/hello").status_code for _ in range(3)] == [500] * 3
    assert bench.get("/_sim/state").json() == {"calls": 0}
    assert bench.delete("/_sim/faults").json() == {"active": 0}
    assert bench.get("/hello").status_code == 200


def test_of_two_faults_the_first_that_hits_wins(bench):
    arm(bench, kind="status", status=500, path="/elsewhere")
    arm(bench, kind="status", status=502)
    assert arm(bench, kind="status", status=504) == 3
    assert [bench.get("/hello").status_code for _ in range(3)] == [502, 504, 200]


@pytest.mark.parametrize(
    "fault", [{"kind": "explode"}, {}, {"kind": "html", "tmies": 2}, {"kind": "html", "path": "("}, [], "x"]
)
def test_a_fault_that_there_is_not_is_refused(bench, fault):
    answer = bench.post("/_sim/faults", json=fault)
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_faults_are_armed_in_the_same_process_too(server, bench):
    server.simulator.faults.add(Fault(kind="status", status=418))
    assert bench.get("/hello").status_code == 418


# ------------------------------------------------------------------------------------------------- actions and quirks


def test_an_action_is_called_by_name(bench):
    bench.get("/hello")
    assert bench.post("/_sim/call", json={"action": "reset", "args": {"to": 5}}).json() == {"now": 5}
    assert bench.get("/_sim/state").json() == {"calls": 5}


@pytest.mark.parametrize("name", ["hidden", "state", "nothing", "__init__", ""])
def test_only_actions_can_be_called(bench, name):
    answer = bench.post("/_sim/call", json={"action": name})
    assert answer.status_code == 404
    assert answer.json()["actions"] == ["reset"]


@pytest.mark.parametrize("args", [{"to": -1}, {"too": 1}, {"to": "x"}])
def test_an_action_that_fails_says_why(bench, args):
    answer = bench.post("/_sim/call", json={"action": "reset", "args": args})
    assert answer.status_code == 422
    assert "Error" in answer.json()["error"]


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"action":null}', '{"action":"reset","args":[1]}'])
def test_what_is_no_call_is_refused(bench, body):
    assert bench.post("/_sim/call", content=body).status_code == 422


def test_quirks_have_defaults_and_no_others():
    assert Tiny().quirk == {"greeting": "hello", "slow": False}
    assert Tiny(quirks={"greeting": "hola"}).quirk["greeting"] == "hola"
    assert Tiny.quirks["greeting"] == "hello"
    with pytest.raises(
        ValueError, match=r"tiny simulator: unknown quirk \['gretting'\]; it has \['greeting', 'slow'\]"
    ):
        Tiny(quirks={"gretting": "hola"})


def test_one_seed_is_one_sequence():
    assert [Tiny(seed=3).random.random() for _ in range(2)] == [Tiny(seed=3).random.random()] * 2
    assert Tiny(seed=3).random.random() != Tiny(seed=4).random.random()
    assert Tiny().config == {}


# ------------------------------------------------------------------------------------------------------------- server


def test_each_server_has_a_port_of_its_own_and_frees_it():
    with serve(Tiny()) as one, serve(Tiny()) as two:
        assert one.url != two.url
        assert httpx.get(f"{one.url}/hello", trust_env=False).json()["call"] == 1
        assert httpx.get(f"{two.url}/hello", trust_env=False).json()["call"] == 1
        port = int(one.url.rpartition(":")[2])
    with serve(Tiny(), port=port) as again:
        assert again.url.endswith(f":{port}")
        assert httpx.get(f"{again.url}/hello", trust_env=False).status_code == 200


def test_a_port_that_is_taken_is_named_at_once(server):
    with pytest.raises(OSError, match="in use"):
        serve(Tiny(), port=int(server.url.rpartition(":")[2]))


def test_it_listens_on_loopback_alone(server):
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        socket.create_connection(("127.0.0.2", int(server.url.rpartition(":")[2])), timeout=0.5)


# ------------------------------------------------------------------------------------------------------------- clocks


def test_the_machines_clock_never_gives_one_instant_twice():
    clock = SystemClock()
    seen = [clock.now() for _ in range(1000)]
    assert seen == sorted(set(seen))
    assert seen[0].tzinfo is UTC
    assert abs(datetime.now(UTC) - seen[-1]) < timedelta(seconds=5)


def test_a_clock_of_ones_own_moves_when_told():
    clock = ManualClock(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.now().utcoffset() == timedelta(0)
    clock.advance(0.5)
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
