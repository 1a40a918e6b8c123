"""Where requests may go, and that no error shows a credential."""

import json
import traceback

import httpx
import pytest

from vaiven_sdk import Bearer, Config, ConfigInvalid, Connector, RecordRejected, RequestRefused, Session
from vaiven_sdk.errors import OriginRefused, VaivenError

TOKEN = "sk-live-0123456789-secret"

# --------------------------------------------------------------------------------------------------- where it may call


@pytest.mark.parametrize(
    "address",
    [
        "https://api.acme.example/v2/x?page=2",
        "https://API.acme.example/v2/x?page=2",
        "https://api.acme.example:443/v2/x?page=2",
        "https://a.files.acme.example/v2/x?page=2",
        "https://long.name.files.acme.example/v2/x?page=2",
        "https://login.acme.example/v2/x?page=2",
    ],
)
async def test_a_declared_host_may_be_called(session, script, address):
    await session().get(address)
    assert (script.asked[0].path, dict(script.asked[0].query)) == ("/v2/x", {"page": "2"})


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/x",
        "https://acme.example/x",
        "https://files.acme.example/x",
        "https://.files.acme.example/x",
        "https://evilfiles.acme.example/x",
        "https://x.login.acme.example/x",
        "https://api.acme.example.evil.example/x",
        "https://evil.example/?https://api.acme.example/",
        "https://api.acme.example@evil.example/x",
        "https://api.acme.example:8443/x",
        "https://api.acme.example:99999/x",
        "https://[::1/x",
        "http://api.acme.example/x",
        "ftp://api.acme.example/x",
        "data:text/plain,x://",
        "https:///x",
    ],
)
@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:1"])
async def test_any_other_host_is_refused(session, script, address, base_url):
    with pytest.raises(OriginRefused, match="may not call"):
        await session(base_url=base_url).get(address)
    assert script.asked == []


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example/x", "@evil.example/x", "../../x"])
async def test_a_path_stays_on_the_base_urls_host(session, script, path):
    await session().get(path)
    assert script.asked[0].headers["host"] == "api.acme.example"


@pytest.mark.parametrize("path", ["/people/a\nb", "/people/\x00", "/people/\x7f"])
async def test_a_path_that_is_no_address_is_our_mistake(session, script, path):
    with pytest.raises(RequestRefused, match="no address"):
        await session().get(path)
    assert script.asked == []


@pytest.mark.parametrize("base", ["http://127.0.0.1:5", "http://127.0.0.1:5/", "http://127.0.0.1:5/sim"])
async def test_another_base_url_takes_full_addresses_too(session, script, base):
    hub = session(base_url=base)
    await hub.get("/people")
    await hub.get("https://a.files.acme.example/export/1?sig=a%2Fb&x=1&x=2")
    prefix = "/sim" if base.endswith("sim") else ""
    assert [request.path for request in script.asked] == [f"{prefix}/people", f"{prefix}/export/1"]
    assert script.asked[1].query.multi_items() == [("sig", "a/b"), ("x", "1"), ("x", "2")]
    assert {request.headers["host"] for request in script.asked} == {"127.0.0.1:5"}


class Shop(Config):
    shop: str = ""


def shop():
    return Connector(
        "shop", Shop, name="Shop", category="crm", base_url="https://{config.shop}.shop.example", auth=[Bearer()]
    )


async def test_settings_fill_the_base_url(client, script):
    async with client(shop(), config=Shop(shop="ana")) as http:
        await http.send("GET", "/x")
    assert script.asked[0].headers["host"] == "ana.shop.example"


async def test_without_its_setting_a_base_url_cannot_be_called(client, script):
    async with client(shop(), config=Shop()) as http:
        with pytest.raises(ConfigInvalid, match="a setting that its address needs is empty"):
            await http.send("GET", "/x")


@pytest.mark.parametrize(
    "value",
    ["evil.example/", "evil.example#", "evil.example?", "a@evil.example/", "evil.example:443/", "evil.example\\"],
)
async def test_a_setting_cannot_lead_to_another_host(client, script, value):
    with pytest.raises(ConfigInvalid, match="address"):
        client(shop(), config=Shop(shop=value))


# ------------------------------------------------------------------------------------------------------------ secrecy


def shown(error):
    return "".join(traceback.format_exception(error)) + repr(error) + str(error) + json.dumps(error.as_dict())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500])
async def test_a_quoted_credential_is_hidden(session, script, status):
    script.answers = [(status, {"message": f"The key {TOKEN} is not good"})]
    with pytest.raises(VaivenError) as caught:
        await session(attempts=1).get("/x")
    assert TOKEN not in shown(caught.value)
    assert "The key *** is not good" in str(caught.value)


async def test_the_connectors_own_errors_hide_it_too(acme, session, script):
    @acme.error
    def name(status, body):
        return RecordRejected(f"Bad {TOKEN}", why=f"since {TOKEN}", remedy=f"Do not send {TOKEN}")

    script.answers = [(400, {})]
    with pytest.raises(RecordRejected, match=r"Bad \*\*\*") as caught:
        await session().get("/x")
    assert TOKEN not in shown(caught.value)


@pytest.mark.parametrize(
    "answer",
    [httpx.ReadError(TOKEN), httpx.ConnectError(TOKEN), (200, TOKEN.encode()), (302, b"", {"location": TOKEN})],
    ids=["read", "connect", "no json", "redirect"],
)
async def test_no_failure_shows_it(session, script, answer):
    script.answers = [answer]
    with pytest.raises(VaivenError) as caught:
        await session(attempts=1).get("/x")
    assert TOKEN not in shown(caught.value)


def test_a_client_does_not_show_it(client, session):
    http = client()
    assert TOKEN not in repr(http)
    assert TOKEN not in str(http.__dict__["_client"].headers)
    assert TOKEN not in repr(session())


async def test_a_session_has_no_way_to_it(session):
    assert set(Session.__slots__) == {"_send", "config"}
    assert not any("credential" in name for name in dir(session()))


@pytest.mark.parametrize("token", ["a\nb", "a\r\nX-Evil: 1", "é", "a\x00"])
def test_a_credential_that_no_header_can_hold_is_refused_without_showing_it(client, token):
    with pytest.raises(ConfigInvalid, match="holds a character that no credential has") as caught:
        client(credential={"token": token})
    assert token not in str(caught.value)
