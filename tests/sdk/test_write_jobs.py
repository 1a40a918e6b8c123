"""A vendor that says "accepted" and does it later."""

import httpx
import pytest

from vaiven_sdk import RequestRefused, Session, Unsettled


@pytest.fixture
def job(client, script, run):
    """Run `hub.job` against these answers."""

    def job(*answers, **options):
        script.answers = list(answers)

        async def go():
            async with client(transport=httpx.ASGITransport(script)) as http:
                return await Session(http.config, http.send).job("/imports", {"rows": 2}, **{"done": done, **options})

        return run(go())

    return job


def done(body):
    if body["state"] == "failed":
        raise RequestRefused("The import failed.", why=body["why"])
    return body.get("rows") if body["state"] == "done" else None


ACCEPTED = (202, {"job": "j1"}, {"location": "/v1/jobs/j1"})


def test_a_job_is_asked_for_until_it_is_done(job, script, run):
    assert job(ACCEPTED, (200, {"state": "new"}), (200, {"state": "new"}), (200, {"state": "done", "rows": [1]})) == [1]
    assert [(r.method, r.path) for r in script.asked] == [("POST", "/v1/imports"), *[("GET", "/v1/jobs/j1")] * 3]
    assert run.now == pytest.approx(1 + 1 + 1.5, abs=0.1)


@pytest.mark.parametrize("where", ["/jobs/j1", "https://api.acme.example/v1/jobs/j1"])
def test_the_address_may_be_in_the_body(job, script, where):
    job((200, {"at": where}), (200, {"state": "done", "rows": []}), at=lambda body: body["at"])
    assert script.asked[1].path == "/v1/jobs/j1"


def test_the_vendor_may_say_when_to_ask(job, run):
    status, body, headers = ACCEPTED
    job((status, body, {**headers, "retry-after": "20"}), (200, {"state": "done", "rows": []}))
    assert run.now == pytest.approx(20, abs=0.1)


def test_a_job_that_failed_is_refused(job):
    with pytest.raises(RequestRefused, match="failed"):
        job(ACCEPTED, (200, {"state": "failed", "why": "row 2"}))


def test_a_job_that_does_not_end_is_unsettled(job, run):
    with pytest.raises(Unsettled, match="not finished"):
        job(ACCEPTED, (200, {"state": "new"}), deadline=120)
    assert 60 < run.now <= 121


@pytest.mark.parametrize(
    "trouble", [(404, {}), (401, {}), (403, {}), (500, {}), (429, {}), (200, b"<html>"), (400, {})]
)
def test_whatever_keeps_us_from_asking_the_job_is_under_way(job, trouble):
    with pytest.raises(Unsettled, match="not known"):
        job(ACCEPTED, trouble)


@pytest.mark.parametrize("accepted", [(202, {}), (202, b"ok"), (202, {}, {"location": "https://evil.example/jobs/1"})])
def test_an_answer_that_says_nowhere_to_ask(job, script, accepted):
    with pytest.raises(Unsettled):
        job(accepted, (200, {"state": "done", "rows": []}))
    assert len(script.asked) == 1
    with pytest.raises(Unsettled):
        job((202, {"x": 1}), at=lambda body: body["at"])


def test_a_job_that_was_not_accepted_was_not_begun(job):
    with pytest.raises(RequestRefused):
        job((400, {"message": "no"}))


def test_the_idempotency_key_makes_posting_safe(job, script):
    job((500, {}), ACCEPTED, (200, {"state": "done", "rows": []}), idempotency_key="k1")
    assert [r.headers.get("idempotency-key") for r in script.asked[:2]] == ["k1", "k1"]
    script.asked.clear()
    with pytest.raises(Unsettled):
        job((500, {}), ACCEPTED)


def test_until_gives_up(session, run):
    async def never():
        return None

    with pytest.raises(Unsettled):
        run(session().until(never, every=10, slowest=20, deadline=100))
    assert 60 < run.now <= 100
