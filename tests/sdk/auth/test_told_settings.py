"""Settings that a token's answer tells: the address of the customer's own server, found by signing in."""

import httpx
import pytest
from pydantic import Field

from vaiven_sdk import AnswerMalformed, ClientCredentials, Config, ConfigInvalid, Connector, OAuth2, TokenAnswer
from vaiven_sdk.http import Http

PAGE, TOKEN = "https://login.acme.example/authorize", "https://login.acme.example/token"
APP = {"client_id": "c-1", "client_secret": "secret-1234"}


class Settings(Config):
    shard: str = Field("", pattern=r"^([a-z0-9-]{1,30})?$")
    region: str | None = None


ANSWER = TokenAnswer(settings={"shard": lambda told: told.get("url", "").split(".")[0], "region": "about.region"})


def acme(scheme):
    url = "https://{config.shard}.acme.example/v1"
    return Connector("acme", Settings, name="Acme", category="crm", base_url=url, auth=[scheme])


@pytest.fixture
def told():
    return {"access_token": "token-12345", "url": "eu-7.acme.example", "about": {"region": "EU"}}


@pytest.fixture
def client(told):
    def make(auth, config=None, credential=APP, **options):
        make.asked = []

        def answer(request):
            make.asked.append(str(request.url))
            return httpx.Response(200, json=told if request.url.path == "/token" else {"ok": True})

        options["transport"] = httpx.MockTransport(answer)
        return Http(acme(auth), config or Settings(), credential, **options)

    return make


async def test_the_first_request_gets_a_token_and_goes_where_it_says(client):
    kept = {}

    async def keep(credential):
        kept.update(credential)

    http = client(ClientCredentials(TOKEN, answer=ANSWER), keep=keep)
    await http.send("GET", "/people")
    assert client.asked == [TOKEN, "https://eu-7.acme.example/v1/people"]
    assert (http.config.shard, http.config.region) == ("eu-7", "EU")
    # The next client knows it without asking.
    again = client(ClientCredentials(TOKEN, answer=ANSWER), credential=kept)
    assert again.config == http.config
    await again.send("GET", "/people")
    assert client.asked == ["https://eu-7.acme.example/v1/people"]


async def test_a_sign_in_tells_them_too(client):
    scheme = OAuth2(PAGE, TOKEN, pkce=False, answer=ANSWER)
    http = client(scheme, scheme=scheme)
    credential = await http.exchange("code-1", redirect_uri="https://hub.example/cb")
    assert credential["config.shard"] == "eu-7"
    assert http.config.shard == "eu-7"


async def test_what_the_customer_gave_stays(client):
    http = client(ClientCredentials(TOKEN, answer=ANSWER), Settings(shard="own"))
    await http.send("GET", "/people")
    assert client.asked[-1] == "https://own.acme.example/v1/people"
    assert http.config == Settings(shard="own")
    await http.settle()
    assert http.config == Settings(shard="own", region="EU")


async def test_what_does_not_fit_leads_nowhere(client, told):
    told["url"] = "evil.example/x?.acme"
    told["about"] = {}
    http = client(ClientCredentials(TOKEN, answer=TokenAnswer(settings={"shard": "url"})))
    with pytest.raises(AnswerMalformed, match="shard") as caught:
        await http.send("GET", "/people")
    assert "by hand" in caught.value.remedy
    assert client.asked == [TOKEN]


async def test_without_them_the_setting_is_asked_for(client, told):
    told["url"] = ""
    with pytest.raises(ConfigInvalid, match="setting"):
        await client(ClientCredentials(TOKEN, answer=ANSWER)).send("GET", "/people")


def test_a_setting_that_there_is_not():
    with pytest.raises(TypeError, match="no field 'host'"):
        acme(ClientCredentials(TOKEN, answer=TokenAnswer(settings={"host": "url"})))
