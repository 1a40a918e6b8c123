"""OAuth 1.0a: by authlib's server side, by a verifier written from RFC 5849, and by the RFC's own example."""

import base64
import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import httpx
import pytest
from authlib.oauth1.rfc5849.resource_protector import ResourceProtector
from hypothesis import given, settings
from hypothesis import strategies as st

from vaiven_sdk import Config, OAuth1, Outgoing
from vaiven_sdk.auth.oauth1 import _base_string

SECRETS = {
    "consumer_key": "ck-%2F~1",
    "consumer_secret": "cs é&=+",
    "token": "tk-1",
    "token_secret": "ts/%~",
}
DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


def enc(text):
    return quote(text, safe="-._~")


def header_params(header):
    scheme, _, rest = header.partition(" ")
    assert scheme == "OAuth"
    return {unquote(name): unquote(value) for name, value in re.findall(r'([\w%]+)="([^"]*)"', rest)}


def verified(method, url, header, body=b"", content_type=""):
    """RFC 5849 3.4, read as a server would: the signature that it must be."""
    parts, oauth = urlsplit(url), header_params(header)
    oauth.pop("realm", None)
    signature = oauth.pop("oauth_signature")
    pairs = [*oauth.items(), *parse_qsl(parts.query, keep_blank_values=True)]
    if content_type.startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(body.decode(), keep_blank_values=True)
    normal = "&".join(f"{name}={value}" for name, value in sorted((enc(name), enc(value)) for name, value in pairs))
    port = "" if (parts.scheme, parts.port) in {("https", 443), ("http", 80)} or not parts.port else f":{parts.port}"
    base = f"{parts.scheme}://{parts.hostname}{port}{parts.path or '/'}"
    text = "&".join(map(enc, (method.upper(), base, normal)))
    key = f"{enc(SECRETS['consumer_secret'])}&{enc(SECRETS['token_secret'])}"
    made = hmac.new(key.encode(), text.encode(), DIGESTS[oauth["oauth_signature_method"]]).digest()
    return signature == base64.b64encode(made).decode()


class Server(ResourceProtector):
    """authlib as the server."""

    def get_client_by_id(self, client_id):
        assert client_id == "ck-1"
        return type("C", (), {"get_client_secret": lambda _: SECRETS["consumer_secret"]})()

    def get_token_credential(self, request):
        return type("T", (), {"get_oauth_token_secret": lambda _: SECRETS["token_secret"]})()

    def exists_nonce(self, nonce, request):
        return False


def signed(auth, method, url, body=b"", content_type="", secrets=SECRETS):  # noqa: PLR0917
    request = Outgoing(method, url, {"content-type": content_type} if content_type else {}, body)
    auth.sign(request, secrets, Config())
    return request


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
@pytest.mark.parametrize("realm", ["", "{config.shop}"])
async def test_a_request_over_the_wire_verifies(vendor, connect, method, realm):
    from tests.sdk.auth.conftest import Shop

    vendor.answer = lambda one: (
        (200, {})
        if verified(one.method, one.url, one.headers["authorization"], one.body, one.headers.get("content-type", ""))
        else (401, {"message": "bad signature"})
    )
    async with connect(OAuth1(method, realm), SECRETS, Shop(shop="1234_SB1")) as http:
        await http.send("GET", "/a b/ü", params={"q": "é +%~", "r": ["2", "1", ""]})
        await http.send("POST", "/form", form={"a[]": "1 +&", "b": ""})
        await http.send("POST", "/json", json={"a": "é"})
        await http.send("DELETE", "/x")
    assert ('realm="1234_SB1"' in vendor.asked[0].headers["authorization"]) == bool(realm)


async def test_each_try_has_its_own_nonce(vendor, connect):
    answers = [(503, {}), (503, {}), (200, {})]
    vendor.answer = lambda one: answers.pop(0)
    async with connect(OAuth1(), SECRETS) as http:
        await http.send("GET", "/x", safe=True)
    assert len({header_params(one.headers["authorization"])["oauth_nonce"] for one in vendor.asked}) == 3


def test_the_verifier_can_say_no():
    header = signed(OAuth1(), "GET", "https://a.example/x?a=1").headers["authorization"]
    assert verified("GET", "https://a.example/x?a=1", header)
    for method, url in (("POST", "https://a.example/x?a=1"), ("GET", "https://a.example/x?a=2")):
        assert not verified(method, url, header)


def test_the_example_of_rfc_5849():
    """Section 3.4.1.1, but for oauth_version, which is optional there."""
    request = Outgoing(
        "POST",
        "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        {"content-type": "application/x-www-form-urlencoded"},
        b"c2&a3=2+q",
    )
    mine = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
    ]
    assert _base_string(request, mine) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("~+%&=;/ *'()"), max_size=6)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=5)


def address(path, pairs):
    """As our client encodes it."""
    return str(httpx.URL("https://api.acme.example/" + quote(path)).copy_merge_params(pairs))


@given(path=TEXT, query=PAIRS, form=PAIRS, method=st.sampled_from(list(DIGESTS)))
@settings(max_examples=150, deadline=None)
def test_signatures_agree_with_the_standard(path, query, form, method):
    url = address(path, httpx.QueryParams(query))
    body = str(httpx.QueryParams(form)).encode()
    kind = "application/x-www-form-urlencoded"
    request = signed(OAuth1(method), "POST", url, body, kind)
    assert request.url == url
    assert verified("POST", url, request.headers["authorization"], body, kind)


@given(path=TEXT, query=PAIRS, form=PAIRS)
@settings(max_examples=150, deadline=None)
def test_signatures_agree_with_authlibs_server(path, query, form):
    # authlib, as a server, takes parameters of these names for the protocol's own.
    query, form = ([p for p in pairs if p[0] != "realm" and not p[0].startswith("oauth_")] for pairs in (query, form))
    url = address(path, httpx.QueryParams(query))
    body = str(httpx.QueryParams(form))
    # It also decodes a key twice.
    secrets = {**SECRETS, "consumer_key": "ck-1"}
    request = signed(OAuth1(), "POST", url, body.encode(), "application/x-www-form-urlencoded", secrets)
    headers = {"Authorization": request.headers["authorization"]}
    assert Server().validate_request("POST", url, body, headers).signature


def test_parameters_that_authlibs_client_would_spoil():
    url = "https://a.example/x?realm=r&oauth_x=%2541"
    assert verified("GET", url, signed(OAuth1(), "GET", url).headers["authorization"])
