"""HMAC recipes and AWS Signature Version 4; botocore is the oracle of the latter."""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import botocore.auth
import httpx
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from vaiven_sdk import AwsSigV4, Config, ConfigInvalid, Connector, HmacSigned, Input, Outgoing

KEYS = {"key_id": "id-1", "secret": "shared-secret-1"}

# ---------------------------------------------------------------------------------------------------------------- HMAC


@pytest.mark.parametrize("digest", ["sha256", "sha1", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64", "base64url"])
async def test_parts_digest_and_encoding(vendor, connect, digest, encoding):
    def check(one):
        found, when, nonce = one.headers["x-signature"], one.headers["x-time"], one.headers["x-nonce"]
        text = "\n".join((one.method, one.url.partition(one.headers["host"])[2], when, nonce, "id-1", ""))
        made = hmac.new(b"shared-secret-1", text.encode() + one.body, digest).digest()
        expected = {
            "hex": made.hex(),
            "base64": base64.b64encode(made).decode(),
            "base64url": base64.urlsafe_b64encode(made).decode().rstrip("="),
        }
        return (200, {}) if found == expected[encoding] else (401, {"message": "bad signature"})

    vendor.answer = check
    auth = HmacSigned(
        {"X-Signature": "{signature}", "X-Time": "{timestamp}", "X-Nonce": "{nonce}", "X-Key": "{key_id}"},
        parts=("method", "target", "timestamp", "nonce", "key_id", "body"),
        joined="\n",
        digest=digest,
        encoding=encoding,
    )
    async with connect(auth, KEYS) as http:
        await http.send("POST", "/a b", params={"q": "é 1"}, json={"ü": 1})
        await http.send("GET", "/x")
    assert vendor.asked[0].headers["x-key"] == "id-1"
    assert vendor.asked[0].headers["x-nonce"] != vendor.asked[1].headers["x-nonce"]


async def test_a_function_may_give_the_text_and_the_signature_go_into_the_query(vendor, connect):
    def check(one):
        text = f"{one.headers['content-type']}|{one.headers['host']}|{hashlib.sha256(one.body).hexdigest()}"
        made = hmac.new(bytes.fromhex("0fab"), text.encode(), "sha256").hexdigest()
        return (200, {}) if (one.query["sig"], one.query["key"], one.query["a"]) == (made, "id-1", "1") else (401, {})

    vendor.answer = check
    auth = HmacSigned(
        params={"sig": "{signature}", "key": "{key_id}"},
        message=lambda what: f"{what.headers.get('content-type')}|{what.host}|{what.body_hash}",
        key_as="hex",
    )
    async with connect(auth, {**KEYS, "secret": "0fab"}) as http:
        await http.send("POST", "/x", params={"a": "1"}, json={})


@pytest.mark.parametrize("style", ["epoch", "epoch_ms", "iso", "http"])
async def test_how_the_time_is_written(vendor, connect, style):
    async with connect(HmacSigned({"X-Time": "{timestamp}"}, timestamp=style), KEYS) as http:
        await http.send("GET", "/x")
    found = vendor.asked[0].headers["x-time"]
    if style == "http":
        instant = parsedate_to_datetime(found)
    elif style == "iso":
        instant = datetime.fromisoformat(found)
    else:
        instant = datetime.fromtimestamp(int(found) / (1000 if style == "epoch_ms" else 1), UTC)
    assert abs((datetime.now(UTC) - instant).total_seconds()) < 30


async def test_each_try_is_signed_anew(vendor, connect, clock):
    answers = [(503, {}), (200, {})]

    def answer(one):
        clock.ahead += 10
        return answers.pop(0)

    vendor.answer = answer
    auth = HmacSigned({"X-Time": "{timestamp}", "X-Signature": "{signature}"})
    async with connect(auth, KEYS) as http:
        await http.send("GET", "/x", safe=True)
    first, second = vendor.asked
    assert int(second.headers["x-time"]) - int(first.headers["x-time"]) >= 10
    assert first.headers["x-signature"] != second.headers["x-signature"]


@pytest.mark.parametrize("key_as", ["hex", "base64"])
def test_a_secret_that_is_not_written_so_is_told_and_not_shown(connect, key_as):
    with pytest.raises(ConfigInvalid, match=key_as) as caught:
        connect(HmacSigned(key_as=key_as), {"key_id": "i", "secret": "no-such-thing!"})
    assert "no-such-thing" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"parts": ("nope",)}, {"digest": "sha0"}, {"secret": "nope"}, {"asks": (Input("x"),)}]
)
def test_a_recipe_that_cannot_work_is_refused(wrong):
    with pytest.raises(ValueError, match="HmacSigned"):
        HmacSigned(**wrong)


def test_slots_are_checked_at_import():
    for auth in (HmacSigned({"X": "{nope}"}), HmacSigned(params={"x": "{config.nope}"}), AwsSigV4("s3")):
        with pytest.raises(TypeError, match="acme"):
            Connector("acme", Config, name="A", category="crm", base_url="https://a.example", auth=[auth])


# ----------------------------------------------------------------------------------------------------------------- AWS

AWS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}


def expected(service, request, monkeypatch, token=None):
    """The Authorization header by botocore, for a request as it was sent."""
    at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **_: at)
    mine = {n: v for n, v in request.headers.items() if n in {"host", "content-type"}}
    oracle = AWSRequest(request.method, request.url, data=request.body, headers=mine)
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    kind(Credentials(AWS["access_key_id"], AWS["secret_access_key"], token), service, "eu-west-1").add_auth(oracle)
    return oracle.headers["Authorization"]


@pytest.mark.parametrize("service", ["execute-api", "s3"])
@pytest.mark.parametrize("token", ["", "session-token-1"])
async def test_a_request_over_the_wire_is_what_botocore_would_sign(vendor, connect, monkeypatch, service, token):
    auth = AwsSigV4(service, "eu-west-1")
    async with connect(auth, {**AWS, **({"session_token": token} if token else {})}) as http:
        await http.send("GET", "/a b/ü~", params={"b": "2 +", "a": ["2", "1", ""], "é": "%~*"})
        await http.send("PUT", "/x", json={"ü": 1})
    for one in vendor.asked:
        assert one.headers.get("x-amz-security-token", "") == token
        found = one.headers["authorization"]
        assert found == expected(service, one, monkeypatch, token or None)
        assert re.match(r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-west-1/", found)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("~+%&=;/. *'()"), max_size=8)


@given(
    path=TEXT,
    query=st.lists(st.tuples(TEXT, TEXT), max_size=5),
    body=st.binary(max_size=20),
    service=st.sampled_from(["s3", "execute-api"]),
)
@settings(max_examples=200, deadline=None)
def test_signatures_agree_with_botocore(path, query, body, service):
    url = str(httpx.URL("https://api.acme.example/" + quote(path)).copy_merge_params(httpx.QueryParams(query)))
    request = Outgoing("PUT", url, {"host": "api.acme.example", "content-type": " text/plain;  a=b "}, body)
    AwsSigV4(service, "eu-west-1").sign(request, AWS, Config())
    # What was decoded from the query before is what the vendor decodes now.
    assert sorted(httpx.URL(request.url).params.multi_items()) == sorted(httpx.URL(url).params.multi_items())
    with pytest.MonkeyPatch.context() as patch:
        assert request.headers["authorization"] == expected(service, request, patch)
