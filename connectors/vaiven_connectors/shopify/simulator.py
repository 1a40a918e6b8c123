"""Shopify on loopback: the GraphQL Admin API of one shop, its sign-in, bulk results and webhooks.

Built from the vendor's published schema (@shopify/dev-mcp 1.16.0, admin_2026-10: `_sim_schema.graphql`), its
documentation at shopify.dev and its official client ShopifyAPI 12.7.0; behaviours have their sources in the module
that has them. Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import graphql

from vaiven_connectors.shopify._sim_cost import MOST, Bucket, Tally
from vaiven_connectors.shopify._sim_drive import Driven
from vaiven_connectors.shopify._sim_graph import Desk, Json, operation_of, parse, run, variables_of
from vaiven_connectors.shopify._sim_hooks import Hooks
from vaiven_connectors.shopify._sim_oauth import ShopifyAccess
from vaiven_connectors.shopify._sim_shop import Shop
from vaiven_connectors.shopify._sim_versions import latest, serving
from vaiven_sdk.testing import Call, Quirk, Refusal, Reply, get, post

_LIMITS_PAGE = "https://shopify.dev/api/usage/rate-limits"


class ShopifySimulator(Driven):
    """One shop, `shop.domain`, with one app in it.

    `state()` holds customers, orders, products, variants, checkouts and so on as rows by global id.
    """

    slug: ClassVar[str] = "shopify"
    calm: ClassVar[Mapping[str, Any]] = {"bucket": 0.0}  # type: ignore[assignment]

    bucket = Quirk(
        2000.0, "points in the bucket of an app and a shop; 0 lifts the limit (20 seconds of the plan's rate)"
    )
    restore_rate = Quirk(100.0, "points a second that flow back; 100 on the standard plan (rate-limits)")
    protected_data = Quirk("approved", "`fields` or `all`: what the app is not approved for (protected-customer-data)")
    list_lag = Quirk(0.0, "seconds until lists and searches show a change; no page says how long")
    bulk_polls = Quirk(2, "how often a bulk operation is asked about before it is done")
    bulk_fails = Quirk(0, "every n-th bulk operation breaks off and leaves partialDataUrl; 0 is none")
    broken_status = Quirk(
        "", "`locked` (423), `frozen` (402) or `closed` (403): a shop that no app can use (response-codes)"
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.shop = Shop(self.clock, self.random, lag=lambda: self.list_lag, polls=self.bulk_polls)
        self.access: ShopifyAccess = ShopifyAccess(self.random, self.shop.domain)
        self._bucket = Bucket(self.clock, self.bucket, self.restore_rate)
        self.hooks = Hooks(self.shop, self.access.client_secret)
        self.shop.heard = self.hooks.tell
        self.shop.bulk_breaks = self._breaks
        self.versions: list[str] = []

    @property
    def config(self) -> dict[str, str]:
        """The part of the shop's domain that is its own."""
        return {"shop": self.shop.handle}

    def state(self) -> dict[str, Any]:
        """Every table by id, without what only the simulator needs; metafields by owner; deliveries.

        A bulk operation is a read, so it is none of what the shop has.
        """
        names = {"Customer": "customers", "Order": "orders", "Product": "products", "ProductVariant": "variants"}
        names |= {"AbandonedCheckout": "checkouts", "WebhookSubscription": "webhooks"}
        kept = {name: self.shop.tables[kind].state() for kind, name in names.items()}
        owned = {gid: held for gid, held in self.shop.metafields.items() if held}
        return {**kept, "metafields": owned, "deliveries": dict(enumerate(map(str, self.hooks.deliveries)))}

    def envelope(self, refusal: Refusal) -> Any:
        """Refusals outside GraphQL: `errors` as text, and RFC 6749's form at the token endpoint."""
        if refusal.about.get("oauth"):
            return {"error": refusal.code, "error_description": refusal.message}
        return {"errors": "Not Found" if refusal.kind in {"no_route", "not_found"} else refusal.message}

    def headers(self, call: Call) -> Mapping[str, str]:
        """An id for each request."""
        return {"X-Request-Id": f"{self.random.getrandbits(64):016x}-{int(call.now.timestamp())}"}

    # Sign-in

    @get("/admin/oauth/authorize", public=True)
    def consent(self, call: Call) -> Reply:
        """The owner agrees."""
        return self.access.authorize(call)

    @post("/admin/oauth/access_token", public=True)
    def token(self, call: Call) -> Reply:
        """Codes, refresh tokens and client credentials become access tokens."""
        return self.access.token(call)

    @get("/admin/oauth/access_scopes.json")
    def granted(self, call: Call) -> Json:
        """What the token may do; the client's AccessScope asks for it."""
        return {"access_scopes": [{"handle": scope} for scope in sorted(call.caller.scopes or ())]}

    # The API

    @get("/admin/api/{version}/shop.json")
    def shop_json(self, call: Call) -> Reply:
        """The one REST resource here: the client reads it to see that a session is good."""
        version = self._version(call)
        shop = self.shop
        body = {"id": shop.number, "name": "Vaiven Goods", "myshopify_domain": shop.domain, "currency": "USD"}
        limit = {"X-Shopify-Shop-Api-Call-Limit": "1/40", "X-Shopify-API-Version": version}
        return Reply({"shop": {**body, "iana_timezone": "America/New_York", "plan_name": "basic"}}, headers=limit)

    @get("/bulk/{name}", public=True)
    def result(self, call: Call) -> Reply:
        """A bulk operation's file: the address is secret enough, and no token goes with it."""
        number = call.slots["name"].removesuffix(".jsonl")
        held = self.shop.operations.find(f"gid://shopify/BulkOperation/{number}")
        if held is None or call.now.timestamp() > held.get("until", 0):
            raise Refusal("forbidden", "ExpiredToken")
        return Reply(self.shop.files[number], media="application/jsonl")

    @post("/admin/api/graphql.json")
    def oldest(self, call: Call) -> Reply:
        """Without a version the oldest supported one answers."""
        call.slots = {"version": "2019-04"}
        return self.graph(call)

    @post("/admin/api/{version}/graphql.json")
    def graph(self, call: Call) -> Reply:
        """One GraphQL request; whatever becomes of the query, the status is 200."""
        broken = {"locked": (423, "Shop is locked"), "frozen": (402, "Unavailable Shop"), "closed": (403, "Forbidden")}
        if self.broken_status:
            status, said = broken[self.broken_status]
            raise Refusal("other", said, status=status)
        version = self._version(call)
        self.shop.settle()
        body = call.json()
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            raise Refusal("invalid", "query can't be blank")
        here = Desk(
            self.shop, call.caller.scopes or frozenset(), version, self.protected_data, call.origin, self.page_cap
        )
        answer = self._execute(here, body["query"], body.get("variables") or {}, body.get("operationName"))
        return Reply(answer, headers={"X-Shopify-API-Version": version})

    def _execute(self, here: Desk, text: str, given: Json, name: str | None) -> Json:
        document = parse(text)
        if isinstance(document, list):
            return {"errors": document}
        operation = operation_of(document, name)
        if operation is None:
            return {"errors": [{"message": "An operation name is required", "path": ["query"]}]}
        variables = variables_of(operation, given)
        if isinstance(variables, list):
            return {"errors": variables}
        tally = Tally(document, _defaults(operation, variables))
        asked = tally.query(operation)
        if asked > MOST:
            said = f"Query cost is {asked}, which exceeds the single query max cost limit ({MOST})."
            more = {"code": "MAX_COST_EXCEEDED", "cost": asked, "maxCost": MOST, "documentation": _LIMITS_PAGE}
            return {"errors": [{"message": said, "extensions": more}]}
        if not self._bucket.take(asked):
            said_too = {"code": "THROTTLED", "documentation": _LIMITS_PAGE}
            cost = {"requestedQueryCost": asked, "actualQueryCost": None, "throttleStatus": self._bucket.status()}
            return {"errors": [{"message": "Throttled", "extensions": said_too}], "extensions": {"cost": cost}}
        data, errors = run(document, here, variables, name)
        actual = min(asked, tally.query(operation, data)) if data is not None else asked
        self._bucket.give_back(asked - actual)
        cost = {"requestedQueryCost": asked, "actualQueryCost": actual, "throttleStatus": self._bucket.status()}
        found = {"search": here.searches} if here.searches else {}
        answer = {"data": data, "extensions": {"cost": cost, **found}}
        return {**answer, "errors": errors} if errors else answer

    def _version(self, call: Call) -> str:
        wanted = call.slots["version"]
        found = serving(wanted, call.now)
        if found is None:
            raise Refusal("not_found", f"there is no version {wanted}; the newest is {latest(call.now)}")
        return found

    def _breaks(self) -> bool:
        finished = 1 + sum(1 for held in self.shop.operations if held["status"] in {"COMPLETED", "FAILED"})
        return bool(self.bulk_fails) and finished % self.bulk_fails == 0


def _defaults(operation: graphql.OperationDefinitionNode, given: Json) -> Json:
    """The variables with the defaults of those that were left out."""
    said = {
        one.variable.name.value: graphql.value_from_ast_untyped(one.default_value)
        for one in operation.variable_definitions or ()
        if one.default_value is not None
    }
    return {**said, **given}


simulator = ShopifySimulator
