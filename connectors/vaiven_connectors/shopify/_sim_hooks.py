"""Webhooks out: payloads in the older REST shape, signed with the app's secret.

Source: shopify.dev/docs/apps/build/webhooks (headers, verify-deliveries) and /docs/api/webhooks (payloads),
read 2026-11-25. Deliveries come at least once and in no order; the postman's switches do the same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from typing import Any

import msgspec

from vaiven_connectors.shopify._sim_graph import Json
from vaiven_connectors.shopify._sim_shop import Shop, number_of
from vaiven_connectors.shopify._sim_versions import latest
from vaiven_sdk.testing import Postman, is_loopback

_CUSTOMER = {"email": "email", "firstName": "first_name", "lastName": "last_name", "note": "note", "phone": "phone"}
_ORDER = {"name": "name", "email": "email", "currencyCode": "currency", "note": "note", "totalPrice": "total_price"}
_STAMPS = {"createdAt": "created_at", "updatedAt": "updated_at", "processedAt": "processed_at"}
_PRODUCT = {"title": "title", "handle": "handle", "vendor": "vendor", "productType": "product_type"}


def topic_name(topic: str) -> str:
    """`CUSTOMERS_UPDATE` -> `customers/update`."""
    return "/".join(topic.lower().rsplit("_", 1))


def payload(topic: str, row: Json) -> Json:
    """What the body of a delivery holds."""
    if topic == "CUSTOMERS_MERGE":
        kept = {"admin_graphql_api_customer_kept_id": row["id"], "admin_graphql_api_customer_deleted_id": row["goneId"]}
        return {**kept, "status": "completed"}
    number = int(number_of(row["id"]))
    if topic.endswith("_DELETE"):
        return {"id": number}
    body: Json = {"id": number, "admin_graphql_api_id": row["id"]}
    if "_CONSENT_UPDATE" in topic:
        mail = "EMAIL" in topic
        held = row["emailConsent" if mail else "smsConsent"]
        said = {
            "state": held["marketingState"].lower(),
            "opt_in_level": (held["marketingOptInLevel"] or "unknown").lower(),
            "consent_updated_at": held["consentUpdatedAt"],
        }
        name, key = ("email_address", "email") if mail else ("phone", "phone")
        consent = "email_marketing_consent" if mail else "sms_marketing_consent"
        return {"customer_id": number, name: row[key], consent: said}
    if topic == "BULK_OPERATIONS_FINISH":
        said = {"status": row["status"].lower(), "type": row["type"].lower(), "error_code": row["errorCode"]}
        return {"admin_graphql_api_id": row["id"], **said, "completed_at": row["completedAt"]}
    if topic == "REFUNDS_CREATE":
        body["order_id"] = int(number_of(row["orderId"]))
    names = {"CUSTOMERS": _CUSTOMER, "ORDERS": _ORDER, "PRODUCTS": _PRODUCT}.get(topic.partition("_")[0], {})
    return body | {out: row[name] for name, out in {**names, **_STAMPS}.items() if name in row}


def headers(shop: Shop, topic: str, body: bytes, secret: str, version: str = "") -> dict[str, str]:
    """Those of a delivery as of now."""
    now = shop.clock.now()
    ident = uuid.UUID(int=shop.chance.getrandbits(128), version=4)
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic_name(topic),
        "X-Shopify-Hmac-SHA256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": shop.domain,
        "X-Shopify-API-Version": version or latest(now),
        "X-Shopify-Webhook-Id": str(ident),
        "X-Shopify-Event-Id": str(uuid.UUID(int=shop.chance.getrandbits(128), version=4)),
        "X-Shopify-Triggered-At": f"{now:%Y-%m-%dT%H:%M:%S.%f}000Z",
    }


class Hooks:
    """Hears of everything in the shop, and tells those who subscribed.

    Args:
        shop: whose events.
        secret: of the app.
    """

    def __init__(self, shop: Shop, secret: str) -> None:
        self._shop, self._secret = shop, secret
        self.postman = Postman(shop.clock, attempts=1, automatic=True)
        self.deliveries: list[Json] = []

    def tell(self, topic: str, row: Any) -> None:
        """Send a delivery to each subscription of the topic; those outside this machine are kept only."""
        for held in list(self._shop.hooks):
            if held["topic"] != topic:
                continue
            said = payload(topic, row)
            if held["includeFields"]:
                said = {name: said[name] for name in held["includeFields"] if name in said}
            body = msgspec.json.encode(said)
            signed = headers(self._shop, topic, body, self._secret, held["version"])
            self.deliveries.append({"topic": topic_name(topic), "uri": held["uri"], "body": said})
            if is_loopback(held["uri"]):
                self.postman.post(held["uri"], body, headers=signed)
