"""A stand-in for the Stripe API, version 2026-10-28.endive, on loopback."""

from __future__ import annotations

import base64
import binascii
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from vaiven_connectors.stripe._sim_core import DAY, Call
from vaiven_connectors.stripe._sim_drive import Driven
from vaiven_connectors.stripe._sim_objects import API_VERSION
from vaiven_connectors.stripe._sim_search import FIELDS, predicate
from vaiven_connectors.stripe._sim_wire import Json, StripeError, bad, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

RATE_LIVE, RATE_TEST = 100, 25
"""Requests per second of an account, live and sandbox (https://docs.stripe.com/rate-limits, 2026-11-22)."""
MAX_KEY = 255
_HELP = "https://support.stripe.com/"


class StripeSimulator(Driven):
    """Stripe: customers, catalogue, payments, billing, events and search, as stripe-python 16.1.0 meets them.

    Served: account, customers, payment_methods, products, prices, charges, payment_intents, refunds,
    disputes,
    balance_transactions, invoices and their lines, invoiceitems, invoice_payments, subscriptions and their
    items, events,
    webhook_endpoints, and search over seven collections. A parameter that is Stripe's but not served here is
    refused as
    unknown, so nothing is silently ignored; only the API version above is rendered, and another one is
    refused.

    Not modelled: proration lines, coupons, taxes, Connect accounts, 3-D Secure, payouts, conversion of
    currencies.

    Quirks (default: what Stripe does):
        livemode: live keys and `livemode` true. False: a sandbox.
        rate_limit: requests per second; None is 100 live and 25 in a sandbox, 0 lifts every limit.
        endpoint_rate_limit: requests per second and operation, 25.
        search_rate_limit: searches per second, 20.
        account_api_version: what events are rendered in, whatever `Stripe-Version` the reader pins. Before
        2025-03-31 the
            fields that moved then are in their old places.
        event_lag: seconds within which an event becomes visible in lists, each at its own moment; Stripe
        says nothing, and
            readers stay 60 s behind (estuary connectors PR 2731). 0.
        search_lag: seconds until a new object is found by search; Stripe says under a minute. 0.
        event_days: days that events stay readable, 30.
        dead_cursor_fails: `starting_after` a deleted object, or a subscription cancelled meanwhile, is a 400
            (stripe-python issue 671, stripe-node issue 2368). True.
        expired_key: the key is answered with 401 api_key_expired.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._windows: dict[str, deque[float]] = {}
        self._replies: dict[str, tuple[float, str, int, bytes, str]] = {}
        self._operations: dict[tuple[str, str], Callable[[Call], Json | bytes]] = {}
        for name in dir(type(self)):
            mark = getattr(getattr(type(self), name), "__stripe__", None)
            if mark:
                self._operations[mark] = getattr(self, name)

    def routes(self) -> list[Route]:
        """One route: Stripe decides by path, and answers an unknown one itself."""
        return [Route("/{path:path}", self._serve, methods=["GET", "POST", "DELETE", "PUT", "PATCH"])]

    def state(self) -> dict[str, Any]:
        """Every object as the API shows it, deleted ones with their marker, by collection."""
        self.settle()
        shown: dict[str, Any] = {}
        for name, held in self.tables.items():
            text = msgspec.json.encode({ident: held.raw(ident) for ident in held.rows})
            shown[name] = msgspec.json.decode(text)
        plural = {"customer": "customers", "product": "products", "invoice": "invoices"}
        for ident, row in self.deleted.items():
            shown[plural.get(row["object"], "webhook_endpoints")][ident] = dict(row)
        return shown

    def served(self) -> list[tuple[str, str]]:
        """Method and path template of every operation."""
        searches = [("GET", f"/v1/{name}/search") for name in FIELDS]
        return sorted([*self._operations, *searches])

    async def _serve(self, request: Request) -> Response:
        body = (await request.body()).decode("utf-8", "replace")
        self.requests += 1
        request_id = "req_" + self.text(14)
        headers = {
            "Request-Id": request_id,
            "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
        }
        try:
            status, content = self._answer(request, body, request_id, headers)
        except StripeError as error:
            status, content = error.status, _encode_error(error, request_id)
            headers.update(error.headers)
        return Response(content, status, headers, media_type="application/json")

    def _answer(self, request: Request, body: str, request_id: str, headers: dict[str, str]) -> tuple[int, bytes]:
        method, path = request.method, request.url.path.rstrip("/")
        name, endpoint, ident = self._find(method, path)
        self._authenticate(request)
        self._limit(name)
        self._permit(method, path)
        query = str(request.url.query)
        text = query if method == "GET" else "&".join(part for part in (query, body) if part)
        key = request.headers.get("idempotency-key") if method == "POST" else None
        call = Call(request_id, tree(text), ident, key)
        if key is None:
            return 200, self._run(endpoint, call)
        headers["Idempotency-Key"] = key
        return self._once(key, self.signature(self.secret, path, text), endpoint, call, headers)

    def _once(
        self,
        key: str,
        mark: str,
        endpoint: Callable[[Call], Json | bytes],
        call: Call,
        headers: dict[str, str],
    ) -> tuple[int, bytes]:
        if len(key) > MAX_KEY:
            raise bad(f"The idempotency key is too long: {len(key)} characters, at most {MAX_KEY}.")
        now = self.clock.now().timestamp()
        held = self._replies.get(key)
        if held is not None and now - held[0] < DAY:
            if held[1] != mark:
                raise StripeError(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters they "
                    "were first used with. "
                    f"Try using a key other than '{key}' if you meant to execute a different request.",
                    kind="idempotency_error",
                )
            headers.update({"Idempotent-Replayed": "true", "Original-Request": held[4]})
            return held[2], held[3]
        try:
            status, content = 200, self._run(endpoint, call)
        except StripeError as error:
            if not error.began:
                raise
            status, content = error.status, _encode_error(error, call.request_id)
        self._replies[key] = (now, mark, status, content, call.request_id)
        return status, content

    def _run(self, endpoint: Callable[[Call], Json | bytes], call: Call) -> bytes:
        with self.serving(call):
            answer = endpoint(call)
        if isinstance(answer, bytes):
            return answer
        paths = call.given.get("expand")
        if isinstance(paths, dict) and paths:
            answer = self.expand(answer, list(paths.values()))
        return msgspec.json.encode(answer)

    def _find(self, method: str, path: str) -> tuple[str, Callable[[Call], Json | bytes], str]:
        parts = path.split("/")
        if method == "GET" and path.endswith("/search") and len(parts) == 4 and parts[2] in FIELDS:
            return "search", lambda call: self._search(parts[2], call), ""
        found = self._operations.get((method, path))
        if found is not None:
            return f"{method} {path}", found, ""
        if len(parts) > 3:
            template = "/".join([*parts[:3], "{id}", *parts[4:]])
            found = self._operations.get((method, template))
            if found is not None:
                return f"{method} {template}", found, parts[3]
        raise StripeError(
            404,
            f"Unrecognized request URL ({method}: {path or '/'}). Please see https://stripe.com/docs "
            f"or we can help at {_HELP}.",
        )

    def _authenticate(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                given = ""
        if not given:
            raise StripeError(
                401,
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer "
                "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
                "https://stripe.com/docs/api#authentication for "
                f"details, or we can help at {_HELP}.",
            )
        hidden = given[:8] + "*" * max(len(given) - 12, 0) + given[-4:]
        if given.startswith("pk_"):
            # stripe-node and others quote it: getlago/lago-api pull request 3650, spreedly-gem issue 106.
            raise StripeError(
                403,
                "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a "
                "list of your API keys at https://dashboard.stripe.com/account/apikeys.",
                code="secret_key_required",
            )
        if given != self.secret:
            raise StripeError(401, f"Invalid API Key provided: {hidden}")
        if self.quirk["expired_key"]:
            raise StripeError(401, f"Expired API Key provided: {hidden}", code="api_key_expired")
        account = request.headers.get("stripe-account")
        if account not in {None, self.account_id}:
            raise StripeError(
                403,
                f"The provided key '{hidden}' does not have access to account '{account}' (or that "
                "account does not exist). "
                "Application access may have been revoked.",
                code="account_invalid",
            )
        version = request.headers.get("stripe-version", API_VERSION)
        if version != API_VERSION:
            raise StripeError(400, f"Invalid Stripe API version: {version}. This simulator renders {API_VERSION}.")

    def _permit(self, method: str, path: str) -> None:
        resource, verb = path.split("/")[2], "read" if method == "GET" else "write"
        held = self.permissions
        if held is None or f"{resource}:{verb}" in held or f"{resource}:write" in held:
            return
        name = f"rak_{resource.removesuffix('s')}_{verb}"
        raise StripeError(
            403,
            f"The provided key 'rk_{'live' if self.live else 'test'}_*****' does not have the "
            "required permissions for this "
            f"endpoint on account '{self.account_id}'. Having the '{name}' permission would allow "
            "this request to continue.",
        )

    def _limit(self, name: str) -> None:
        whole = self.quirk["rate_limit"]
        if whole is None:
            whole = RATE_LIVE if self.live else RATE_TEST
        if not whole:
            return
        own = self.quirk["search_rate_limit" if name == "search" else "endpoint_rate_limit"]
        now = self.clock.now().timestamp()
        for window, size, reason in (("", whole, "global-rate"), (name, own, "endpoint-rate")):
            times = self._windows.setdefault(window, deque())
            while times and times[0] <= now - 1:
                times.popleft()
            if size and len(times) >= size:
                error = StripeError(
                    429,
                    "Request rate limit exceeded. Learn more about rate limits here "
                    "https://stripe.com/docs/rate-limits.",
                    code="rate_limit",
                )
                error.headers["Stripe-Rate-Limited-Reason"] = reason
                raise error
        for window in ("", name):
            self._windows[window].append(now)

    def _search(self, table: str, call: Call) -> bytes:
        params = call.check({"query!": "str", "limit": "int", "page": "str"})
        limit = 10 if params.get("limit") is None else params["limit"]
        if not 1 <= limit <= 100:
            raise bad(f"This value must be between 1 and 100 (it currently is '{limit}').", param="limit")
        test = predicate(table, params["query"] or "")
        youngest = self.clock.now().timestamp() - self.quirk["search_lag"]
        held = self.tables[table]
        found = [row for row in held.newest() if row["created"] <= youngest and test(row)]
        start = next((n + 1 for n, row in enumerate(found) if _page_of(row) == params.get("page")), 0)
        rows: list[Any] = found[start : start + limit]
        more = start + limit < len(found)
        answer: Json = {"object": "search_result", "url": f"/v1/{table}/search", "has_more": more}
        answer["next_page"] = _page_of(rows[-1]) if more else None
        expand = [path for path in params.get("expand") or [] if path != "total_count"]
        if len(expand) < len(params.get("expand") or []):
            answer["total_count"] = len(found)
        data = self.expand({"data": rows}, expand)["data"] if expand else [held.raw(row["id"]) for row in rows]
        return msgspec.json.encode({**answer, "data": data})


def _page_of(row: Json) -> str:
    return base64.urlsafe_b64encode(str(row["id"]).encode()).decode()


def _encode_error(error: StripeError, request_id: str) -> bytes:
    logs = f"https://dashboard.stripe.com/test/logs/{request_id}"
    return msgspec.json.encode({"error": {**error.body, "request_log_url": logs}})


simulator = StripeSimulator
