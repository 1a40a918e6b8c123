"""A request comes to an end: its tries, its waits, and an answer that comes drop by drop, are within its deadline."""

import asyncio

import httpx
import pytest

from vaiven_sdk import Limit, Unsettled, VendorBusy, VendorDown
from vaiven_sdk.limits import Throttle


@pytest.fixture
def send(client, run):
    def send(method="GET", path="/x", *, answers=None, transport=None, **options):
        made = {name: options.pop(name) for name in ("throttle", "longest") if name in options}
        if transport is None:
            transport = httpx.MockTransport(lambda _: answers)

        async def go():
            async with client(transport=transport, **made) as http:
                return await http.send(method, path, **options)

        return run(go())

    return send


def test_retries_end_at_the_deadline(send, run):
    with pytest.raises(VendorDown):
        send(answers=httpx.Response(500), safe=True, deadline=0.2)
    assert run.now <= 0.2


def test_a_wait_that_the_vendor_asks_for_is_not_begun_when_it_goes_past_the_deadline(send, run):
    with pytest.raises(VendorBusy) as caught:
        send(answers=httpx.Response(429, headers={"Retry-After": "30"}), safe=True, deadline=20)
    assert caught.value.retry_after == 30
    assert run.now < 1


def test_every_request_has_a_deadline_of_the_clients(send, run):
    with pytest.raises(VendorBusy):
        send(answers=httpx.Response(429, headers={"Retry-After": "200"}), safe=True)
    assert 700 < run.now <= 900
    with pytest.raises(VendorBusy):
        send(answers=httpx.Response(429, headers={"Retry-After": "200"}), safe=True, longest=100)
    assert run.now <= 900


class Drip(httpx.AsyncBaseTransport):
    """Answers a byte every ten seconds, for ever: no single read times out."""

    async def handle_async_request(self, request):
        async def body():
            while True:
                await asyncio.sleep(10)
                yield b" "

        return httpx.Response(200, content=body())


@pytest.mark.parametrize(("safe", "kind"), [(True, VendorDown), (False, Unsettled)])
def test_an_answer_without_end_is_given_up(send, run, safe, kind):
    """A write was sent: whether it took effect is not known."""
    with pytest.raises(kind, match="deadline"):
        send("POST", json={}, transport=Drip(), safe=safe, deadline=95)
    assert run.now == pytest.approx(95, abs=1)


def test_waiting_for_a_limit_counts(send, run):
    throttle = Throttle([Limit(1, per=50.0)])
    send(answers=httpx.Response(200, json={}), throttle=throttle)
    with pytest.raises(VendorBusy, match="too long"):
        send(answers=httpx.Response(200, json={}), throttle=throttle, deadline=20)
    assert run.now < 1
    send(answers=httpx.Response(200, json={}), throttle=throttle, deadline=60)
    assert run.now > 50


def test_what_answers_say_of_the_limit_is_heeded_also_when_they_refuse(send, run):
    throttle = Throttle([Limit(100, per=10.0)])
    left = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "8"}
    with pytest.raises(Exception, match="refused"):
        send(answers=httpx.Response(400, headers=left), throttle=throttle)
    send(answers=httpx.Response(200, json={}), throttle=throttle)
    assert run.now > 8
