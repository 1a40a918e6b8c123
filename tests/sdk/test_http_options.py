"""Addresses that the vendor wrote, addresses that sign themselves, errors within good answers, and downloads."""

import io

import httpx
import pytest

import vaiven_sdk.http._wire
from vaiven_sdk import VendorBusy
from vaiven_sdk.errors import AnswerMalformed, NotFound, OriginRefused

API, FILES = "https://api.acme.example", "https://a.files.acme.example"


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:5/v1"])
async def test_own_means_the_base_urls_origin(client, script, base_url):
    http = client(base_url=base_url)
    await http.send("GET", f"{API}/v1/people?page=2", own=True)
    for address in (f"{FILES}/x", "https://login.acme.example/x", f"{API}:8443/x", "http://api.acme.example/x"):
        with pytest.raises(OriginRefused, match="may not call"):
            await http.send("GET", address, own=True)
    assert [one.path for one in script.asked] == ["/v1/people"]


async def test_a_simulator_may_name_its_own_address(client, script):
    http = client(base_url="http://127.0.0.1:5/v1")
    await http.send("GET", "http://127.0.0.1:5/v1/people?page=2", own=True)
    for address in ("http://127.0.0.1:55/v1/x", "http://127.0.0.1:5@evil.example/v1/"):
        with pytest.raises(OriginRefused):
            await http.send("GET", address, own=True)
    assert (script.asked[0].path, dict(script.asked[0].query)) == ("/v1/people", {"page": "2"})


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:5"])
async def test_an_address_that_signs_itself_goes_without_credential_to_other_hosts(acme, client, script, base_url):
    acme.headers = {"X-Version": "1"}
    http = client(base_url=base_url)
    await http.send("GET", f"{FILES}/x?sig=1", presigned=True)
    await http.send("GET", f"{API}/v1/x", presigned=True)
    await http.send("GET", f"{FILES}/x")
    assert [("authorization" in one.headers, "x-version" in one.headers) for one in script.asked] == [
        (False, False),
        (True, True),
        (True, True),
    ]


async def test_a_media_type_that_is_named_stays(acme, client, script):
    http = client()
    await http.send("POST", "/x", json={})
    await http.send("POST", "/x", json={}, headers={"Content-Type": "application/merge-patch+json"})
    acme.headers = {"Content-Type": "application/vnd.api+json"}
    await client().send("POST", "/x", json={})
    assert [one.headers["content-type"] for one in script.asked] == [
        "application/json",
        "application/merge-patch+json",
        "application/vnd.api+json",
    ]


async def test_a_body_may_be_any_bytes(acme, client, session, script):
    acme.headers = {"Content-Type": "application/vnd.api+json"}
    rows = b"email,name\nana@example.com,Ana\n"
    await session().post("/import", content=rows, content_type="text/csv", idempotency_key="k")
    await session().put("/import/1", content=rows, content_type="text/csv")
    await client().send("PATCH", "/import/1", content=b"", content_type="text/csv")
    assert [(one.method, one.headers["content-type"], one.body) for one in script.asked] == [
        ("POST", "text/csv", rows.decode()),
        ("PUT", "text/csv", rows.decode()),
        ("PATCH", "text/csv", ""),
    ]
    assert script.asked[0].headers["idempotency-key"] == "k"


async def test_an_error_within_a_good_answer_is_treated_as_one(client, script):
    script.answers = [(200, {"errors": ["THROTTLED"]}), (200, {"data": 1})]
    http = client()

    def check(answer):
        return VendorBusy("sk-live-0123456789-secret", retry_after=0.0) if "errors" in answer.json() else None

    assert (await http.send("POST", "/graphql", json={}, check=check)).json() == {"data": 1}
    assert len(script.asked) == 2
    script.answers, script.asked[:] = [(200, {"errors": []})], []
    with pytest.raises(VendorBusy, match=r"\*\*\*"):
        await client(attempts=1).send("GET", "/x", check=check)


async def test_a_download_goes_into_a_file_and_begins_anew_at_each_try(client, script):
    script.answers = [(200, b"half"), httpx.ReadError("lost"), (200, b"a,b\n1,2\n")]
    file = io.BytesIO(b"an old and longer content")
    http = client()
    answer = await http.send("GET", "/export", safe=True, into=file)
    assert (answer.content, file.getvalue()) == (b"", b"half")
    await http.send("GET", "/export", safe=True, into=file)
    assert file.getvalue() == b"a,b\n1,2\n"


async def test_a_bad_answer_does_not_go_into_the_file(client, script):
    script.answers = [(404, {"message": "no such report"})]
    file = io.BytesIO(b"kept")
    with pytest.raises(NotFound) as caught:
        await client().send("GET", "/export", safe=True, into=file)
    assert (caught.value.why, file.getvalue()) == ("no such report", b"kept")


async def test_a_download_has_an_end(client, script, monkeypatch):
    monkeypatch.setattr(vaiven_sdk.http._wire, "LARGEST_DOWNLOAD", 3)
    script.answers = [(200, b"1234")]
    with pytest.raises(AnswerMalformed, match="more than 3 bytes"):
        await client().send("GET", "/export", safe=True, into=io.BytesIO())


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:5/v1"])
async def test_an_answer_names_the_address_that_was_asked(client, script, base_url):
    answer = await client(base_url=base_url).send("GET", "/x", params={"a": "1"})
    assert answer.url == f"{base_url or API + '/v1'}/x?a=1"
