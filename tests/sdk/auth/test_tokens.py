"""The life of a token: got once, renewed in time or on a refusal, kept before it is used, never in a loop."""

import asyncio
import json
import traceback
from urllib.parse import parse_qsl

import httpx
import pytest

from vaiven_sdk import (
    Bearer,
    ClientCredentials,
    Limit,
    OAuth2,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    VendorBusy,
)
from vaiven_sdk.auth import choose
from vaiven_sdk.errors import OriginRefused, VaivenError, VendorDown
from vaiven_sdk.limits import Throttle

PAGE, TOKEN_URL = "https://login.acme.example/oauth/authorize", "https://login.acme.example/oauth/token"
AUTH = OAuth2(PAGE, TOKEN_URL)
PAST, FUTURE = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"


def stored(**more):
    return {"client_id": "c-1", "client_secret": "secret-1234", "access_token": "acc-old-1", **more}


class Rotating:
    """Tokens that end, and refresh tokens that work once."""

    def __init__(self, vendor, refresh="ref-0-abcdef", lasts=3600):
        self.refresh, self.lasts, self.count, self.valid = refresh, lasts, 0, set()
        self.troubles = []
        vendor.token, vendor.answer = self.token, self.answer

    def token(self, one, body):
        given = dict(parse_qsl(body.decode()))
        if self.troubles:
            return self.troubles.pop(0)
        if given["refresh_token"] != self.refresh:
            return 400, {"error": "invalid_grant", "error_description": f"{given['refresh_token']} is not known"}
        return 200, self.new()

    def new(self):
        self.count += 1
        self.refresh = f"ref-{self.count}-abcdef"
        self.valid = {f"acc-new-{self.count}"}
        return {"access_token": f"acc-new-{self.count}", "refresh_token": self.refresh, "expires_in": self.lasts}

    def answer(self, one):
        token = one.headers.get("authorization", "").removeprefix("Bearer ")
        return (200, {"ok": 1}) if token in self.valid else (401, {"message": f"{token} has ended"})


@pytest.fixture
def rotating(vendor):
    return Rotating(vendor)


@pytest.fixture
def keep():
    async def keep(credential):
        await asyncio.sleep(0)
        keep.kept.append(dict(credential))

    keep.kept = []
    return keep


async def test_a_token_is_renewed_before_it_ends(vendor, connect, rotating, keep, clock):
    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST), keep=keep) as http:
        await http.send("GET", "/x")
        assert vendor.paths() == ["/oauth/token", "/v1/x"]
        clock.ahead = 3600 - 61
        await http.send("GET", "/x")
        assert rotating.count == 1
        clock.ahead = 3600 - 59
        await http.send("GET", "/x")
    assert vendor.paths() == ["/oauth/token", "/v1/x", "/v1/x", "/oauth/token", "/v1/x"]
    assert [one["refresh_token"] for one in keep.kept] == ["ref-1-abcdef", "ref-2-abcdef"]
    assert keep.kept[1]["client_secret"] == "secret-1234"


async def test_a_token_of_a_short_life_is_not_renewed_for_each_request(connect, rotating):
    rotating.lasts = 30
    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST)) as http:
        for _ in range(5):
            await http.send("GET", "/x")
    assert rotating.count == 1


@pytest.mark.parametrize("more", [{}, {"expires_at": ""}, {"expires_at": FUTURE}, {"expires_at": "nonsense"}])
async def test_a_refused_token_is_renewed_and_the_request_sent_again(vendor, connect, rotating, keep, more):
    async with connect(AUTH, stored(refresh_token=rotating.refresh, **more), keep=keep) as http:
        answer = await http.send("POST", "/x", json={"a": 1})
    assert answer.json() == {"ok": 1}
    assert vendor.paths() == ["/v1/x", "/oauth/token", "/v1/x"]
    assert [one.headers.get("authorization") for one in vendor.asked] == [
        "Bearer acc-old-1",
        None,
        "Bearer acc-new-1",
    ]
    assert vendor.asked[2].body == b'{"a":1}'
    assert len(keep.kept) == 1


@pytest.mark.parametrize("more", [{"expires_at": PAST}, {}])
async def test_many_requests_renew_once(vendor, connect, rotating, keep, more):
    async with connect(AUTH, stored(refresh_token=rotating.refresh, **more), keep=keep) as http:
        await asyncio.gather(*(http.send("GET", f"/{n}") for n in range(20)))
    assert (rotating.count, len(keep.kept)) == (1, 1)
    assert vendor.paths().count("/oauth/token") == 1


async def test_what_is_new_is_kept_before_it_is_used(vendor, connect, rotating):
    async def keep(credential):
        await asyncio.sleep(0)
        assert "/v1/x" not in vendor.paths()

    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST), keep=keep) as http:
        await http.send("GET", "/x")


async def test_what_could_not_be_kept_is_not_used_and_not_lost(vendor, connect, rotating):
    kept = []

    async def keep(credential):
        if not kept:
            kept.append("failed")
            raise OSError("disk full")
        kept.append(credential["refresh_token"])

    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST), keep=keep) as http:
        with pytest.raises(OSError, match="disk full"):
            await http.send("GET", "/x")
        assert vendor.paths() == ["/oauth/token"]
        await http.send("GET", "/x")
    assert kept == ["failed", "ref-1-abcdef"]
    assert vendor.paths() == ["/oauth/token", "/v1/x"]


async def test_cancelled_in_the_middle_the_new_token_is_kept(connect, rotating):
    kept, asked = [], asyncio.Event()

    async def keep(credential):
        asked.set()
        await asyncio.sleep(0.01)
        kept.append(credential["refresh_token"])

    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST), keep=keep) as http:
        task = asyncio.create_task(http.send("GET", "/x"))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert kept == ["ref-1-abcdef"]


# ---------------------------------------------------------------------------------------------------------- no way on


async def test_a_refused_refresh_asks_to_reconnect(vendor, connect, rotating):
    async with connect(AUTH, stored(refresh_token="ref-of-another", expires_at=PAST)) as http:
        with pytest.raises(ReconnectRequired) as caught:
            await http.send("GET", "/x")
    assert vendor.paths() == ["/oauth/token"]
    assert caught.value.why == "invalid_grant: *** is not known"
    assert "ref-of-another" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("named", "error"),
    [
        (lambda status, body: PermissionMissing("The organization is locked.", why=body["error"]), PermissionMissing),
        (lambda status, body: VendorBusy("Later.", retry_after=9e9), VendorBusy),
        # What knows the API's errors alone calls it a bad request of ours: the standard's codes say more.
        (lambda status, body: RequestRefused("Bad request."), ReconnectRequired),
        (lambda status, body: None, ReconnectRequired),
    ],
)
async def test_the_connector_may_name_the_refusal_of_a_token(vendor, connect, rotating, named, error):
    rotating.troubles = [(400, {"error": "invalid_grant"})]
    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST)) as http:
        http.connector.error(named)
        with pytest.raises(error):
            await http.send("GET", "/x")


async def test_without_a_refresh_token_a_refusal_asks_to_reconnect(vendor, connect, rotating):
    async with connect(AUTH, stored(expires_at=PAST)) as http:
        with pytest.raises(ReconnectRequired, match="has ended"):
            await http.send("GET", "/x")
    assert vendor.paths() == ["/v1/x"]


async def test_a_new_token_that_is_refused_too_ends_it(vendor, connect, rotating):
    rotating.new = lambda: {"access_token": "acc-useless"}
    async with connect(AUTH, stored(refresh_token=rotating.refresh)) as http:
        with pytest.raises(ReconnectRequired):
            await http.send("GET", "/x")
    assert vendor.paths() == ["/v1/x", "/oauth/token", "/v1/x"]


@pytest.mark.parametrize("trouble", [(503, b"<html>"), (500, {}), (408, {})])
async def test_a_token_address_that_is_down_is_no_loop(vendor, connect, rotating, trouble):
    rotating.troubles = [trouble] * 50
    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST)) as http:
        with pytest.raises(VendorDown, match="token address"):
            await http.send("GET", "/x", safe=True)
    assert vendor.paths() == ["/oauth/token"] * 3


async def test_a_token_address_that_recovers_is_asked_again(vendor, connect, rotating):
    rotating.troubles = [(503, {}), (429, {})]
    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST)) as http:
        await http.send("GET", "/x")
    assert vendor.paths() == ["/oauth/token"] * 3 + ["/v1/x"]


async def test_a_token_that_is_still_good_bridges_the_trouble(vendor, connect, rotating, clock):
    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST), attempts=1) as http:
        await http.send("GET", "/x")
        clock.ahead = 3600 - 30
        rotating.troubles = [(503, {})]
        await http.send("GET", "/x")
        await http.send("GET", "/x")
        assert vendor.paths()[2:] == ["/oauth/token", "/v1/x", "/v1/x"]
        clock.ahead += 31
        await http.send("GET", "/x")
    assert vendor.paths()[-2:] == ["/oauth/token", "/v1/x"]
    assert rotating.count == 2


async def test_a_redirect_of_the_token_address_is_not_followed(vendor, connect, rotating):
    rotating.troubles = [(302, b"", {"location": "https://evil.example/"})]
    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST)) as http:
        with pytest.raises(OriginRefused, match="redirect"):
            await http.send("GET", "/x")
    assert vendor.paths() == ["/oauth/token"]


class Lossy(httpx.AsyncBaseTransport):
    """Carries requests, and loses the answers of the first `lost` token requests."""

    def __init__(self, lost):
        self.inner, self.lost = httpx.AsyncHTTPTransport(), lost

    async def handle_async_request(self, request):
        answer = await self.inner.handle_async_request(request)
        if "token" in request.url.path and self.lost:
            self.lost -= 1
            await answer.aread()
            raise httpx.ReadError("lost")
        return answer

    async def aclose(self):
        await self.inner.aclose()


async def test_a_lost_answer_to_a_rotation_says_what_it_means(connect, rotating):
    credential = stored(refresh_token=rotating.refresh, expires_at=PAST)
    async with connect(AUTH, credential, transport=Lossy(1)) as http:
        with pytest.raises(ReconnectRequired) as caught:
            await http.send("GET", "/x")
    assert "the answer to an earlier request for a token was lost" in caught.value.why


async def test_a_lost_answer_without_rotation_does_no_harm(vendor, connect):
    vendor.token = lambda one, _: (200, {"access_token": "acc-new-1"})
    credential = stored(refresh_token="ref-that-stays", expires_at=PAST)
    async with connect(AUTH, credential, transport=Lossy(1)) as http:
        await http.send("GET", "/x")
    assert vendor.paths() == ["/oauth/token", "/oauth/token", "/v1/x"]
    async with connect(AUTH, credential, transport=Lossy(9)) as http:
        with pytest.raises(VendorDown, match="the answer with the new token was lost"):
            await http.send("GET", "/x")


# ------------------------------------------------------------------------------------------------------ what it obeys


def test_a_scheme_that_can_renew_goes_before_others():
    """A sign-in's access token would pass for one that never ends."""
    plain = Bearer("access_token")
    assert choose((plain, AUTH), stored(refresh_token="r")) is AUTH
    assert choose((plain, AUTH), stored()) is plain
    assert choose((AUTH, plain), stored()) is AUTH
    assert choose((plain, AUTH), {"token": "t"}) is None


async def test_the_error_function_may_say_that_a_token_has_ended(vendor, connect, rotating):
    """Meta says it with status 400 and a code of its own."""
    vendor.answer = lambda one: (
        (200, {"ok": 1}) if "acc-new" in one.headers["authorization"] else (400, {"error": {"code": 190}})
    )
    async with connect(AUTH, stored(refresh_token=rotating.refresh)) as http:

        @http.connector.error
        def name(status, body):
            return ReconnectRequired("ended") if body["error"]["code"] == 190 else None

        await http.send("GET", "/x")
    assert vendor.paths() == ["/v1/x", "/oauth/token", "/v1/x"]


async def test_one_request_at_a_time_is_no_deadlock(connect, rotating):
    async with connect(AUTH, stored(refresh_token=rotating.refresh), throttle=Throttle([Limit(concurrent=1)])) as http:
        async with asyncio.timeout(10):
            await asyncio.gather(*(http.send("GET", f"/{n}") for n in range(3)))


@pytest.mark.parametrize("where", ["https://login.acme.example/other", "https://login.acme.example/oauth/token"])
async def test_the_token_addresss_host_is_for_token_requests_alone(vendor, connect, where):
    async with connect(AUTH, stored()) as http:
        with pytest.raises(OriginRefused, match="may not call"):
            await http.send("GET", where)
    assert vendor.asked == []


@pytest.mark.parametrize("shop", ["evil.example/", "evil.example#", "a@evil.example", "evil.example?"])
async def test_a_setting_cannot_lead_a_token_request_to_another_host(vendor, connect, shop):
    auth = ClientCredentials("https://{config.shop}.acme.example/token")
    from tests.sdk.auth.conftest import Shop  # the settings of the fixture's connector

    async with connect(auth, {"client_id": "c", "client_secret": "s"}, Shop(shop=shop)) as http:
        with pytest.raises(VaivenError, match="does not fit into an address"):
            await http.send("GET", "/x")
    assert vendor.asked == []


async def test_no_error_shows_old_or_new_values(vendor, connect, rotating):
    vendor.answer = lambda one: (
        400,
        {"message": f"{one.headers['authorization']} and acc-old-1 and {rotating.refresh}"},
    )
    async with connect(AUTH, stored(refresh_token=rotating.refresh, expires_at=PAST)) as http:
        with pytest.raises(VaivenError) as caught:
            await http.send("GET", "/x")
        shown = "".join(traceback.format_exception(caught.value)) + json.dumps(caught.value.as_dict()) + repr(http)
    assert not any(secret in shown for secret in ("acc-old-1", "acc-new-1", "ref-1", "secret-1234"))
    assert caught.value.why == "*** and *** and ***"
