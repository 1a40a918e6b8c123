"""The rest of the root: the shop, nodes by id, the app's grants, versions, activity and webhook subscriptions."""

# ruff: noqa: ARG001 - a resolver takes what GraphQL gives it

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from vaiven_connectors.shopify._sim_graph import Json, bad_request, denied, desk, kind_of, resolves
from vaiven_connectors.shopify._sim_lists import listing
from vaiven_connectors.shopify._sim_record import error
from vaiven_connectors.shopify._sim_sales import visible
from vaiven_connectors.shopify._sim_search import ZONE, Getter
from vaiven_connectors.shopify._sim_shop import CURRENCY
from vaiven_connectors.shopify._sim_versions import listed
from vaiven_sdk.testing import is_loopback

EVENT_FIELDS: dict[str, Getter] = {
    "": lambda row: row["message"],
    "action": lambda row: row["action"],
    "subject_type": lambda row: row["subjectType"],
    "created_at": lambda row: row["createdAt"],
}
_NEEDS = {
    "Customer": "read_customers",
    "Order": "read_orders",
    "LineItem": "read_orders",
    "Refund": "read_orders",
    "OrderTransaction": "read_orders",
    "AbandonedCheckout": "read_orders",
    "Product": "read_products",
    "ProductVariant": "read_products",
}


def _shop(info: Any) -> Json:
    shop = desk(info).shop
    at = shop.clock.now().astimezone(ZONE)
    minutes = int((at.utcoffset() or at - at).total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return {
        "id": f"gid://shopify/Shop/{shop.number}",
        "name": "Vaiven Goods",
        "email": "owner@vaiven.example",
        "contactEmail": "hello@vaiven.example",
        "shopOwnerName": "Ada Byron",
        "myshopifyDomain": shop.domain,
        "url": f"https://{shop.domain}",
        "primaryDomain": {
            "id": f"gid://shopify/Domain/{shop.number}",
            "host": shop.domain,
            "url": f"https://{shop.domain}",
            "sslEnabled": True,
        },
        "currencyCode": CURRENCY,
        "enabledPresentmentCurrencies": [CURRENCY, "EUR", "JPY"],
        "ianaTimezone": str(ZONE),
        "timezoneAbbreviation": at.tzname(),
        "timezoneOffset": f"{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}",
        "timezoneOffsetMinutes": minutes,
        "orderNumberFormatPrefix": "#",
        "plan": {
            "displayName": "Basic",
            "publicDisplayName": "Basic",
            "partnerDevelopment": False,
            "shopifyPlus": False,
        },
        "shopAddress": {"id": f"gid://shopify/ShopAddress/{shop.number}", "country": "Spain", "countryCodeV2": "ES"},
        "taxesIncluded": False,
        "unitSystem": "METRIC_SYSTEM",
        "weightUnit": "KILOGRAMS",
        "createdAt": shop.opened,
        "updatedAt": shop.opened,
    }


@resolves("QueryRoot.shop", "CustomerDeletePayload.shop")
def shop(row: Json, info: Any) -> Json:
    """The shop itself."""
    return _shop(info)


@resolves("QueryRoot.node")
def node(row: Json, info: Any, id: str) -> Json | None:  # noqa: A002 - the vendor's name
    """Any record by its global id."""
    here, kind = desk(info), kind_of(id)
    if not kind:
        raise bad_request(f"Invalid global id '{id}'")
    if kind == "Shop":
        return _shop(info)
    scope = _NEEDS.get(kind, "")
    if scope and not here.may(scope):
        raise denied("node", scope)
    if kind == "BulkOperation":
        from vaiven_connectors.shopify._sim_bulk import asked  # noqa: PLC0415 - it imports this module's neighbours

        return asked(here, id)
    found = here.shop.find(id)
    return visible(here, found) if kind == "Order" else found


@resolves("QueryRoot.nodes")
def nodes(row: Json, info: Any, ids: list[str]) -> list[Json | None]:
    """Several records, null for each that there is not."""
    if len(ids) > 250:
        raise bad_request("The input array size of ids is greater than the maximum allowed of 250.")
    return [node(row, info, one) for one in ids]


@resolves("QueryRoot.publicApiVersions")
def versions(row: Json, info: Any) -> list[Json]:
    """Stable versions, the next one, and `unstable`."""
    return listed(desk(info).shop.clock.now())


@resolves("QueryRoot.currentAppInstallation")
def installation(row: Json, info: Any) -> Json:
    """The app that asks, with what it was granted."""
    here = desk(info)
    granted = [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(here.scopes)]
    app = {"id": "gid://shopify/App/1", "title": "Vaiven", "handle": "vaiven", "apiKey": "client-1"}
    base = f"https://{here.shop.domain}/admin/apps/vaiven"
    return {"id": "gid://shopify/AppInstallation/1", "accessScopes": granted, "app": app, "launchUrl": base}


@resolves("QueryRoot.events", "Customer.events", "Order.events")
def events(row: Json, info: Any, **arguments: Any) -> Json:
    """What happened in the shop; of one record, where one is asked about."""
    here = desk(info)
    wanted = {"subjectId": row["id"]} if "id" in row else {}
    return listing(here, here.shop.events, EVENT_FIELDS, arguments, "events", **wanted)


@resolves("QueryRoot.webhookSubscription")
def subscription(row: Json, info: Any, id: str) -> Json | None:  # noqa: A002
    """One subscription."""
    return desk(info).shop.hooks.find(id)


@resolves("QueryRoot.webhookSubscriptions")
def subscriptions(row: Json, info: Any, **arguments: Any) -> Json:
    """The app's subscriptions."""
    here = desk(info)
    topics, uri = arguments.get("topics"), arguments.get("uri") or arguments.get("callbackUrl")
    fields: dict[str, Getter] = {"": lambda held: held["uri"], "created_at": lambda held: held["createdAt"]}
    wanted = {"uri": uri} if uri else {}
    if topics:
        fields["topic"] = lambda held: held["topic"]
        query = " OR ".join(f"topic:{topic}" for topic in topics)
        arguments["query"] = f"({query}) {arguments.get('query') or ''}"
    return listing(here, here.shop.hooks, fields, arguments, "webhookSubscriptions", **wanted)


@resolves("WebhookSubscription.callbackUrl")
def callback_url(row: Json, info: Any) -> str:
    """The older name of `uri`."""
    return str(row["uri"])


@resolves("WebhookSubscription.endpoint")
def endpoint(row: Json, info: Any) -> Json:
    """Where it is delivered to: HTTP, always."""
    return {"callbackUrl": row["uri"]}


@resolves("WebhookSubscription.apiVersion")
def api_version(row: Json, info: Any) -> Json:
    """The version whose payload is sent."""
    handle = row["version"]
    return next(one for one in listed(desk(info).shop.clock.now()) if one["handle"] == handle)


@resolves("Mutation.webhookSubscriptionCreate")
def subscribe(row: Json, info: Any, topic: str, webhookSubscription: Json) -> Json:  # noqa: N803
    """Have an address told of a topic; the same pair twice is refused."""
    here = desk(info)
    uri = webhookSubscription.get("uri") or webhookSubscription.get("callbackUrl") or ""
    wrong = _address(uri)
    if not wrong and any(held["topic"] == topic and held["uri"] == uri for held in here.shop.hooks):
        wrong = [error(["webhookSubscription", "callbackUrl"], "Address for this topic has already been taken")]
    if wrong:
        return {"webhookSubscription": None, "userErrors": wrong}
    values = {name: webhookSubscription.get(name) for name in ("filter", "name")}
    lists = {name: webhookSubscription.get(name) or [] for name in ("includeFields", "metafieldNamespaces")}
    made = here.shop.hooks.add(
        {"topic": topic, "uri": uri, "format": "JSON", "version": here.version, **values, **lists}
    )
    return {"webhookSubscription": made, "userErrors": []}


@resolves("Mutation.webhookSubscriptionUpdate")
def resubscribe(row: Json, info: Any, id: str, webhookSubscription: Json) -> Json:  # noqa: A002, N803
    """Send it somewhere else."""
    kept = desk(info).shop.hooks
    uri = webhookSubscription.get("uri") or webhookSubscription.get("callbackUrl")
    wrong = [error(["id"], "Webhook subscription does not exist")] if id not in kept else _address(uri) if uri else []
    if wrong:
        return {"webhookSubscription": None, "userErrors": wrong}
    return {"webhookSubscription": kept.change(id, {"uri": uri} if uri else {}), "userErrors": []}


@resolves("Mutation.webhookSubscriptionDelete")
def unsubscribe(row: Json, info: Any, id: str) -> Json:  # noqa: A002
    """Send nothing more."""
    kept = desk(info).shop.hooks
    if id not in kept:
        wrong = error(["id"], "Webhook subscription does not exist")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [wrong]}
    kept.remove(id)
    return {"deletedWebhookSubscriptionId": id, "userErrors": []}


def _address(uri: str) -> list[Json]:
    """What is wrong with an address; the simulator takes plain HTTP on this machine, too."""
    if urlsplit(uri).scheme == "https" or (urlsplit(uri).scheme == "http" and is_loopback(uri)):
        return []
    said = "Address can't be blank" if not uri else f"Address protocol {urlsplit(uri).scheme}:// is not supported"
    return [error(["webhookSubscription", "callbackUrl"], said)]
