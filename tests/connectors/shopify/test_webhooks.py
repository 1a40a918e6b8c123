"""A delivery of Shopify's says what to read again; it is signed as the documentation says."""

import json
from base64 import b64encode
from hashlib import sha256
from hmac import new

import pytest

from vaiven_connectors.shopify import connector
from vaiven_sdk import Delivery, Hint
from vaiven_sdk.errors import SignatureInvalid

SECRET = "app-secret"
SHOP = "acme-books.myshopify.com"
CUSTOMER, ORDER = "gid://shopify/Customer/7", "gid://shopify/Order/8"


def told(topic, body, secret=SECRET):
    raw = json.dumps(body).encode()
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": "b54557e4",
        "X-Shopify-Hmac-SHA256": b64encode(new(secret.encode(), raw, sha256).digest()).decode(),
    }
    (hook,) = connector.webhooks
    return hook.receive(Delivery(raw, headers, "https://hooks.example.com"), [SECRET])


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("customers/update", {"id": 7, "admin_graphql_api_id": CUSTOMER}),
        ("customers/delete", {"id": 7}),
        ("customer.tags_added", {"customerId": CUSTOMER}),
        ("customers_email_marketing_consent/update", {"customer_id": 7}),
        ("customers_marketing_consent/update", {"customer_id": 7}),
    ],
)
def test_a_customer_is_read_again(topic, body):
    received = told(topic, body)
    assert received.hints == (Hint("customers", (CUSTOMER,), SHOP),)
    assert received.id == "b54557e4"


def test_an_order_is_read_again_with_what_hangs_on_it():
    found = told("orders/updated", {"id": 8, "admin_graphql_api_id": ORDER}).hints
    assert found == (Hint("orders", (ORDER,), SHOP), Hint("order_lines", (), SHOP), Hint("refunds", (), SHOP))
    assert told("refunds/create", {"id": 1, "order_id": 8}).hints == (
        Hint("refunds", (), SHOP),
        Hint("orders", (ORDER,), SHOP),
    )
    assert told("products/update", {"id": 9}).hints == (
        Hint("products", ("gid://shopify/Product/9",), SHOP),
        Hint("variants", (), SHOP),
    )


def test_the_topics_that_the_law_demands():
    redacted = {"shop_id": 1, "shop_domain": SHOP, "customer": {"id": 7}, "orders_to_redact": [8]}
    assert told("customers/redact", redacted).hints == (Hint("customers", (CUSTOMER,), SHOP),)
    assert told("customers/data_request", {"shop_domain": SHOP, "customer": {"id": 7}}).hints == ()
    assert told("shop/redact", {"shop_id": 1, "shop_domain": SHOP}).hints == ()


def test_what_says_nothing_about_our_streams_touches_nothing():
    assert told("app/uninstalled", {"id": 1}).hints == ()
    assert told("customers/update", {"email": "a@x.example"}).hints == (Hint("customers", (), SHOP),)


def test_another_secret_does_not_do():
    with pytest.raises(SignatureInvalid):
        told("customers/update", {"id": 7}, secret="other")
