"""Shopify's webhooks: which records a delivery tells us to read again.

Sources, read 2026-11-25: shopify.dev/docs/api/webhooks (topics and payloads: `admin_graphql_api_id` is the GraphQL id),
shopify.dev/docs/apps/build/webhooks (headers), shopify.dev/docs/apps/build/privacy-law-compliance (the three topics
that every app in the store must take).
"""

from __future__ import annotations

from collections.abc import Iterable

from vaiven_sdk import Delivery, Hint

STREAMS = {
    "customers": "customers",
    "customer": "customers",
    "customers_email_marketing_consent": "customers",
    "customers_marketing_consent": "customers",
    "orders": "orders",
    "products": "products",
}
"""By what a topic begins with, as in `orders/updated`, `customer.tags_added`."""
WITH = {"orders": ("order_lines", "refunds"), "products": ("variants",)}
"""Streams that are read by their parents: a hint without ids is for all that changed."""


def hints(delivery: Delivery) -> Iterable[Hint]:
    """What a delivery touches; a topic that says nothing about our streams touches nothing."""
    topic = delivery.headers.get("x-shopify-topic", "")
    shop = delivery.headers.get("x-shopify-shop-domain", "")
    body = delivery.json()
    if topic == "customers/redact":
        return [Hint("customers", (f"gid://shopify/Customer/{body['customer']['id']}",), str(body["shop_domain"]))]
    about, _, what = topic.replace(".", "/").partition("/")
    if about == "refunds":
        order = f"gid://shopify/Order/{body['order_id']}"
        return [Hint("refunds", (), shop), Hint("orders", (order,), shop)]
    stream = STREAMS.get(about)
    if stream is None or what == "data_request":
        return []
    return [Hint(stream, _ids(stream, body), shop), *(Hint(one, (), shop) for one in WITH.get(stream, ()))]


_KINDS = {"customers": "Customer", "orders": "Order", "products": "Product"}


def _ids(stream: str, body: dict[str, object]) -> tuple[str, ...]:
    """The GraphQL id; a deletion has the number alone, and what is about a customer names it otherwise."""
    kind = _KINDS[stream]
    for name in ("admin_graphql_api_id", "customerId", "customer_id", "id"):
        value = body.get(name)
        if value:
            return (str(value) if str(value).startswith("gid:") else f"gid://shopify/{kind}/{value}",)
    return ()
