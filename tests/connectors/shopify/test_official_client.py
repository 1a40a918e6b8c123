"""The vendor's own client, ShopifyAPI 12.7.0, unmodified, against the simulator on a real socket."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from vaiven_connectors.shopify.simulator import ShopifySimulator
from vaiven_sdk.testing import serve

shopify = pytest.importorskip("shopify")

pytestmark = pytest.mark.client


@pytest.fixture
def sim() -> ShopifySimulator:
    return ShopifySimulator(seed=3)


@pytest.fixture
def url(sim: ShopifySimulator) -> Iterator[str]:
    with serve(sim) as server:
        yield server.url


@pytest.fixture
def client(sim: ShopifySimulator, url: str) -> Iterator[Any]:
    """A session as the client makes it, but its site is on loopback: `Session` knows https and myshopify.com only."""
    shopify.ShopifyResource.activate_session(
        shopify.Session(sim.shop.domain, "2026-10", sim.credential["access_token"])
    )
    shopify.ShopifyResource.site = f"{url}/admin/api/2026-10"
    yield shopify.GraphQL()
    shopify.ShopifyResource.clear_session()


def ask(client: Any, query: str, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(client.execute(query, variables))
    return answer


def done(client: Any, query: str, **variables: Any) -> Any:
    """The one field of the answer's data; a mutation must have no errors."""
    answer = ask(client, query, **variables)
    assert "errors" not in answer
    (payload,) = answer["data"].values()
    assert not payload.get("userErrors")
    return payload


CREATE = """mutation($input: CustomerInput!) {
  customerCreate(input: $input) { customer { id email } userErrors { field message } }
}"""
UPDATE = """mutation($input: CustomerInput!) {
  customerUpdate(input: $input) { customer { id note tags } userErrors { message } }
}"""
DELETE = """mutation($input: CustomerDeleteInput!) {
  customerDelete(input: $input) { deletedCustomerId userErrors { message } }
}"""
PAGE = """query($after: String) {
  customers(first: 100, after: $after, sortKey: UPDATED_AT) { nodes { id } pageInfo { hasNextPage endCursor } }
}"""


def test_the_client_sees_that_the_session_is_good(sim: ShopifySimulator, client: Any) -> None:
    assert shopify.Shop.current().myshopify_domain == sim.shop.domain


def test_read_all_pages(sim: ShopifySimulator, client: Any) -> None:
    made = sim.sample("customers", 230)
    seen, after = [], None
    while True:
        page = done(client, PAGE, after=after)
        seen += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == made


def test_create_update_delete(client: Any) -> None:
    made = done(client, CREATE, input={"email": "Ada@People.example", "firstName": "Ada"})["customer"]
    assert made["email"] == "ada@people.example"
    changed = done(client, UPDATE, input={"id": made["id"], "note": "VIP", "tags": ["b", "a", "B"]})["customer"]
    assert changed == {"id": made["id"], "note": "VIP", "tags": ["a", "b"]}
    assert done(client, DELETE, input={"id": made["id"]})["deletedCustomerId"] == made["id"]
    assert ask(client, "query($id: ID!) { customer(id: $id) { id } }", id=made["id"])["data"] == {"customer": None}


def test_the_vendors_own_errors(client: Any) -> None:
    done(client, CREATE, input={"email": "ada@people.example"})
    answer = ask(client, CREATE, input={"email": "ada@people.example"})
    assert answer["data"]["customerCreate"]["userErrors"] == [
        {"field": ["email"], "message": "Email has already been taken"}
    ]
    unknown = ask(client, "{ shop { colour } }")
    assert unknown["errors"][0]["extensions"]["code"] == "undefinedField"


def test_a_wrong_token_is_refused(client: Any, url: str) -> None:
    shopify.ShopifyResource.headers["X-Shopify-Access-Token"] = "shpat_wrong"
    with pytest.raises(HTTPError) as caught:
        shopify.GraphQL().execute("{ shop { name } }")
    assert caught.value.code == 401


def test_the_client_takes_the_signed_redirect(sim: ShopifySimulator, url: str) -> None:
    shopify.Session.setup(api_key=sim.access.client_id, secret=sim.access.client_secret)
    asked = {"client_id": "client-1", "scope": "read_customers", "redirect_uri": "https://hub.example/cb", "state": "s"}
    page = httpx.get(f"{url}/admin/oauth/authorize", params=asked, trust_env=False)
    said = {name: values[0] for name, values in parse_qs(urlsplit(page.headers["location"]).query).items()}
    assert shopify.Session.validate_params(said)
    assert not shopify.Session.validate_params({**said, "shop": "other.myshopify.com"})
    form = {"client_id": "client-1", "client_secret": "secret-1", "code": said["code"]}
    token = httpx.post(f"{url}/admin/oauth/access_token", data=form, trust_env=False).json()
    assert token["scope"] == "read_customers"
    assert token["access_token"].startswith("shpat_")
