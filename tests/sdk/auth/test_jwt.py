"""Private keys: assertions that authlib's server takes, and tokens that joserfc verifies."""

import json
from urllib.parse import parse_qsl

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.support.authlib_vendor import TOKEN_URL, AuthlibVendor
from vaiven_sdk import (
    ConfigInvalid,
    Connector,
    Input,
    JwtBearer,
    ReconnectRequired,
    ServiceAccount,
    SignedJwt,
    TokenAnswer,
)

RSA = RSAKey.generate_key(2048, auto_kid=False)
EC = ECKey.generate_key("P-256", auto_kid=False)


def pem(key):
    return key.as_pem(private=True).decode()


def claims(request, key, algorithm, prefix="Bearer "):
    """The verified claims and the header of the token that a request carries."""
    token = jwt.decode(request.headers["authorization"].removeprefix(prefix), key, algorithms=[algorithm])
    jwt.JWTClaimsRegistry().validate(token.claims)
    return token.claims, token.header


ASC = (Input("issuer_id", secret=False), Input("key_id", secret=False), Input("private_key"))


async def test_a_self_signed_token_is_made_for_each_request(vendor, connect, clock):
    """App Store Connect: developer.apple.com, Generating Tokens for API Requests, 2026-11-25."""
    auth = SignedJwt(
        {"iss": "{issuer_id}", "aud": "appstoreconnect-v1", "region": "{config.region}", "none": "{config.shop}"},
        ASC,
        algorithm="ES256",
        key_id="{key_id}",
        lasts=600,
    )
    async with connect(auth, {"issuer_id": "i-1", "key_id": "k-1", "private_key": pem(EC)}) as http:
        await http.send("GET", "/x")
        clock.ahead = 100
        await http.send("GET", "/x")
    first, header = claims(vendor.asked[0], EC, "ES256")
    second, _ = claims(vendor.asked[1], EC, "ES256")
    assert header == {"alg": "ES256", "kid": "k-1", "typ": "JWT"}
    assert first == {
        "iss": "i-1",
        "aud": "appstoreconnect-v1",
        "region": "eu-central-1",
        "iat": first["iat"],
        "exp": first["iat"] + 600,
    }
    assert second["iat"] - first["iat"] in {100, 101}


async def test_a_key_that_is_written_in_its_own_way(vendor, connect):
    """Ghost: the key is `id:secret`, the secret in hex, and the prefix its name."""
    secret = "0f" * 32
    auth = SignedJwt(
        {"aud": "/admin/", "id": lambda credential: credential["admin_key"].partition(":")[0]},
        (Input("admin_key"),),
        algorithm="HS256",
        key=lambda credential: bytes.fromhex(credential["admin_key"].partition(":")[2]),
        prefix="Ghost",
        unique=True,
    )
    async with connect(auth, {"admin_key": f"id-1:{secret}"}) as http:
        await http.send("GET", "/x")
    found, _ = claims(vendor.asked[0], OctKey.import_key(bytes.fromhex(secret)), "HS256", "Ghost ")
    assert (found["aud"], found["id"], len(found["jti"])) == ("/admin/", "id-1", 36)


@pytest.mark.parametrize("key", ["", "no key", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"])
def test_a_key_that_does_not_fit_is_told_when_connecting_and_not_shown(connect, key):
    with pytest.raises(ConfigInvalid, match=r"does not fit RS256|needs a credential") as caught:
        connect(SignedJwt({}), {"private_key": key})
    assert "MIIE" not in str(caught.value)


async def test_a_key_with_spelt_out_line_breaks_works(vendor, connect):
    async with connect(SignedJwt({"iss": "me"}), {"private_key": pem(RSA).replace("\n", "\\n")}) as http:
        await http.send("GET", "/x")
    assert claims(vendor.asked[0], RSA, "RS256")[0]["iss"] == "me"


# ------------------------------------------------------------------------------------------------------------ exchange


@pytest.fixture
def authlib(vendor):
    made = AuthlibVendor()
    made.client.public_key = RSA
    vendor.token = made.token
    return made


@pytest.mark.parametrize("subject", ["ana", ""])
async def test_an_assertion_becomes_a_token_by_authlibs_server(vendor, connect, authlib, subject):
    auth = JwtBearer(
        TOKEN_URL,
        {"iss": "{client_id}", "sub": "{user}"},
        (Input("client_id", secret=False), Input("user", secret=False, required=False), Input("private_key")),
    )
    async with connect(auth, {"client_id": "app-1", "user": subject, "private_key": pem(RSA)}) as http:
        await http.send("GET", "/x")
        await http.send("GET", "/x")
    assert vendor.paths() == ["/oauth/token", "/v1/x", "/v1/x"]
    assert vendor.asked[1].headers["authorization"].startswith("Bearer access-")


async def test_an_assertion_of_another_key_is_refused(connect, authlib):
    other = pem(RSAKey.generate_key(2048, auto_kid=False))
    auth = JwtBearer(TOKEN_URL, {"iss": "app-1"})
    async with connect(auth, {"private_key": other}) as http:
        with pytest.raises(ReconnectRequired, match="gives no new token"):
            await http.send("GET", "/x")


async def test_an_assertion_as_a_bearer_token(vendor, connect):
    """GitHub Apps: an installation's token for a signed JWT in the header; its end is an instant."""

    def token(one, body):
        found, _ = claims(one, RSA, "RS256")
        assert (found["iss"], body) == ("app-7", b"{}")
        return 201, {"token": "ghs-12345678", "expires_at": "2099-01-01T00:00:00Z"}

    vendor.token = token
    auth = JwtBearer(
        "https://api.acme.example/app/installations/{installation_id}/access_tokens",
        {"iss": "{app_id}"},
        (Input("app_id", secret=False), Input("installation_id", secret=False), Input("private_key")),
        param="",
        body="json",
        answer=TokenAnswer(token="token", expires="expires_at", expires_as="iso"),
        prefix="token",
    )
    stored = {"app_id": "app-7", "installation_id": "42", "private_key": pem(RSA)}
    async with connect(auth, stored) as http:
        await http.send("GET", "/x")
    assert vendor.asked[0].path == "/app/installations/42/access_tokens"
    assert vendor.asked[1].headers["authorization"] == "token ghs-12345678"


# ------------------------------------------------------------------------------------------------------ service account

GOOGLE = "https://oauth2.googleapis.com/token"


def key_file(**more):
    made = {
        "type": "service_account",
        "client_email": "robot@project.iam.example",
        "private_key": pem(RSA),
        "private_key_id": "kid-1",
        # A forged file: an assertion must not go there.
        "token_uri": "https://evil.example/token",
    }
    return json.dumps({name: value for name, value in {**made, **more}.items() if value is not None})


@pytest.mark.parametrize("subject", ["", "ana@acme.example"])
async def test_a_google_service_account(vendor, connect, subject):
    asked = []

    def token(one, body):
        form = dict(parse_qsl(body.decode()))
        decoded = jwt.decode(form["assertion"], RSA, algorithms=["RS256"])
        asked.append((form["grant_type"], decoded.header, decoded.claims, one.headers["host"]))
        return 200, {"access_token": "ya29.12345678", "expires_in": 3599, "token_type": "Bearer"}

    vendor.token = token
    auth = ServiceAccount(("a", "b"), subject=subject)
    async with connect(auth, {"service_account": key_file()}) as http:
        await http.send("GET", "/x")
    ((grant, header, found, host),) = asked
    assert grant == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (header["kid"], header["alg"]) == ("kid-1", "RS256")
    assert (found["iss"], found["scope"], found["aud"]) == ("robot@project.iam.example", "a b", GOOGLE)
    assert (found["exp"] - found["iat"], found.get("sub")) == (3600, subject or None)
    assert host == vendor.url.removeprefix("http://")
    assert vendor.asked[1].headers["authorization"] == "Bearer ya29.12345678"


@pytest.mark.parametrize("file", ["{", "[]", '"x"', key_file(client_email=None), key_file(private_key="MIIE-secret")])
async def test_a_key_file_that_is_not_whole(vendor, connect, file):
    async with connect(ServiceAccount(), {"service_account": file}) as http:
        with pytest.raises(ConfigInvalid, match=r"key is not complete|does not fit") as caught:
            await http.send("GET", "/x")
    assert "MIIE" not in str(caught.value)
    assert vendor.asked == []


@pytest.mark.parametrize(
    "auth",
    [
        SignedJwt({"iss": "{nope}"}),
        SignedJwt({}, key_id="{nope}"),
        JwtBearer("http://a.example/t", {}),
        JwtBearer(TOKEN_URL, {"iss": "{config.nope}"}),
        JwtBearer(TOKEN_URL, {}, params={"a": "{nope}"}),
        ServiceAccount(token_url="http://a.example/t"),
        ServiceAccount(subject="{config.nope}"),
    ],
)
def test_what_cannot_work_is_refused_at_import(auth):
    from vaiven_sdk import Config

    with pytest.raises((TypeError, ValueError), match=r"acme"):
        Connector("acme", Config, name="A", category="crm", base_url="https://a.example", auth=[auth])
