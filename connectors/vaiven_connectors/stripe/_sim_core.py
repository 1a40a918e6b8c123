"""The part of the Stripe simulator that every endpoint shares: identity, lists, expansion, events, errors."""

from __future__ import annotations

import hashlib
import string
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec

from vaiven_connectors.stripe._sim_expand import expanded
from vaiven_connectors.stripe._sim_objects import API_VERSION
from vaiven_connectors.stripe._sim_older import as_of
from vaiven_connectors.stripe._sim_table import Key, Table
from vaiven_connectors.stripe._sim_wire import Json, bad, check, missing
from vaiven_sdk.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Self

    from vaiven_sdk.testing import Clock

_LETTERS = string.ascii_letters + string.digits
DAY = 86400
EVENT_DAYS = 30
"""Days that events can be listed and retrieved (https://docs.stripe.com/api/events, 2026-11-22)."""
MAX_PAGE = 100
CREATED = ("int", {"gt": "int", "gte": "int", "lt": "int", "lte": "int"})
LIST = {"limit": "int", "starting_after": "str", "ending_before": "str", "expand": ["str"]}
"""Parameters of every list (https://docs.stripe.com/api/pagination, 2026-11-22)."""
UNBOUNDED = (0, 1 << 40)


Endpoint = TypeVar("Endpoint", bound="Callable[..., Json | bytes]")


def operation(method: str, path: str) -> Callable[[Endpoint], Endpoint]:
    """Serve an endpoint method at `path`, in which `{id}` is the fourth segment."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__stripe__ = (method, path)  # type: ignore[attr-defined]
        return endpoint

    return mark


@dataclass
class Call:
    """One request as an endpoint sees it."""

    request_id: str
    given: Json = field(default_factory=dict)
    id: str = ""
    idempotency_key: str | None = None

    def check(self, spec: Mapping[str, Any]) -> Json:
        """The request's parameters, validated; `expand` is taken everywhere."""
        return check(self.given, {"expand": ["str"], **spec})


class StripeCore(Simulator):
    """State and services for the endpoints; see `StripeSimulator` for what is served and for the quirks."""

    slug: ClassVar[str] = "stripe"
    calm: ClassVar[dict[str, Any]] = {"rate_limit": 0}
    quirks: ClassVar[dict[str, Any]] = {
        "livemode": False,
        "rate_limit": None,
        "endpoint_rate_limit": 25,
        "search_rate_limit": 20,
        "account_api_version": API_VERSION,
        "event_lag": 0.0,
        "search_lag": 0.0,
        "event_days": EVENT_DAYS,
        "dead_cursor_fails": True,
        "expired_key": False,
    }

    def __init__(self, *, seed: int = 0, clock: Clock | None = None, quirks: Mapping[str, Any] | None = None) -> None:
        super().__init__(seed=seed, clock=clock, quirks=quirks)
        self.live: bool = self.quirk["livemode"]
        self.permissions: set[str] | None = None
        self.secret = f"sk_{'live' if self.live else 'test'}_{self.text(24)}"
        self.account_id = "acct_1" + self.text(15)
        self.opened = int(self.clock.now().timestamp())
        self.tables = {
            "customers": Table("customer", "/v1/customers", ("email",)),
            "products": Table("product", "/v1/products"),
            "prices": Table("price", "/v1/prices", ("product",)),
            "payment_methods": Table("PaymentMethod", "/v1/payment_methods", ("customer",)),
            "charges": Table("charge", "/v1/charges", ("customer", "payment_intent")),
            "payment_intents": Table("payment_intent", "/v1/payment_intents", ("customer",)),
            "refunds": Table("refund", "/v1/refunds", ("charge", "payment_intent")),
            "disputes": Table("dispute", "/v1/disputes", ("charge", "payment_intent")),
            "balance_transactions": Table("balance transaction", "/v1/balance_transactions", ("source",)),
            "subscriptions": Table("subscription", "/v1/subscriptions", ("customer",)),
            "subscription_items": Table("subscription_item", "/v1/subscription_items", ("subscription",)),
            "invoices": Table("invoice", "/v1/invoices", ("customer",)),
            "invoiceitems": Table("invoiceitem", "/v1/invoiceitems", ("customer", "invoice")),
            "invoice_payments": Table("invoice_payment", "/v1/invoice_payments", ("invoice",)),
            "events": Table("event", "/v1/events", ("type",)),
            "webhook_endpoints": Table("webhook endpoint", "/v1/webhook_endpoints"),
        }
        self.deleted: dict[str, Json] = {}
        self.lines: dict[str, list[Json]] = {}
        self.secrets: dict[str, str] = {}
        self.invoice_of: dict[str, str] = {}
        self.visible_at: dict[str, float] = {}
        self._instant: int | None = None
        self._serving: Call | None = None

    @property
    def credential(self) -> dict[str, str]:
        """The secret key."""
        return {"api_key": self.secret}

    def text(self, size: int) -> str:
        """Random letters and digits, as in Stripe's ids."""
        return "".join(self.random.choices(_LETTERS, k=size))

    def new_id(self, prefix: str) -> str:
        """An id in Stripe's format: 14 characters, or 24 beginning with a digit."""
        if prefix in {"cus", "prod", "si"}:
            return f"{prefix}_{self.text(14)}"
        return f"{prefix}_{'3' if prefix in {'ch', 'pi', 're', 'txn'} else '1'}{self.text(23)}"

    def now(self) -> int:
        """Epoch seconds: the clock, or the instant at which history is being written."""
        return self._instant if self._instant is not None else int(self.clock.now().timestamp())

    @contextmanager
    def at(self, instant: int | None) -> Iterator[Self]:
        """Let everything inside happen at `instant` (epoch seconds)."""
        held, self._instant = self._instant, instant if instant is not None else self._instant
        try:
            yield self
        finally:
            self._instant = held

    @contextmanager
    def serving(self, call: Call) -> Iterator[None]:
        """Let the events raised inside name this request."""
        self._serving = call
        try:
            yield
        finally:
            self._serving = None

    def row(self, table: str, ident: str, param: str = "id") -> Json:
        """The live object `ident`, or Stripe's resource_missing."""
        found = self.tables[table].rows.get(ident)
        if found is None:
            raise missing(self.tables[table].noun, ident, param)
        return found

    def add(self, table: str, row: Json, event: str | None = None) -> Json:
        """Store a new object and tell of it."""
        self.tables[table].add(row)
        if event:
            self.emit(event, table, row)
        return row

    def change(self, table: str, row: Json, changes: Mapping[str, Any], event: str | None = None) -> Json:
        """Set properties and raise `event` with the previous values, if anything changes."""
        before = {name: row.get(name) for name, value in changes.items() if row.get(name) != value}
        if not before:
            return row
        row.update(changes)
        if table == "products":
            before["updated"], row["updated"] = row["updated"], self.now()
        self.tables[table].touch(row)
        if event:
            self.emit(event, table, row, before)
        return row

    def emit(self, kind: str, table: str, row: Json, previous: Json | None = None) -> None:
        """Record an event with the object as it is now, rendered at the ACCOUNT's API version."""
        created = self.now()
        if created < self.clock.now().timestamp() - self.quirk["event_days"] * DAY:
            return
        version = self.quirk["account_api_version"]
        rendered = self.tables[table].raw(row["id"]) if row["id"] in self.tables[table].rows else None
        if rendered is None or version != API_VERSION:
            rendered = msgspec.Raw(msgspec.json.encode(as_of(version, row, self.tables, self.invoice_of)))
        data: Json = {"object": rendered}
        if previous:
            data["previous_attributes"] = msgspec.Raw(msgspec.json.encode(self._previous(previous, row)))
        call = self._serving
        ident = self.new_id("evt")
        self.tables["events"].add(
            {
                "id": ident,
                "object": "event",
                "api_version": version,
                "created": created,
                "data": data,
                "livemode": self.live,
                "pending_webhooks": self._listeners(kind),
                "request": {
                    "id": call.request_id if call else None,
                    "idempotency_key": call.idempotency_key if call else None,
                },
                "type": kind,
            }
        )
        if self.quirk["event_lag"]:
            self.visible_at[ident] = self.clock.now().timestamp() + self.random.random() * self.quirk["event_lag"]

    @staticmethod
    def _previous(previous: Json, row: Json) -> Json:
        """Of a changed hash, only what changed in it; a key that was absent shows as null."""
        shown: Json = {}
        for name, value in previous.items():
            now = row.get(name)
            if isinstance(value, dict) and isinstance(now, dict) and "data" not in now:
                shown[name] = {k: value.get(k) for k in {**value, **now} if value.get(k) != now.get(k)}
            else:
                shown[name] = value
        return shown

    def _listeners(self, kind: str) -> int:
        ends = self.tables["webhook_endpoints"].rows.values()
        return sum(e["status"] == "enabled" and ({"*", kind} & set(e["enabled_events"]) != set()) for e in ends)

    def list_page(
        self,
        table: str,
        params: Json,
        *,
        equal: Sequence[str] = (),
        keep: Callable[[Json], bool] | None = None,
        span: tuple[int | float, int | float] = UNBOUNDED,
        url: str | None = None,
        dead: Callable[[Json], bool] | None = None,
    ) -> bytes:
        """Answer a list request: newest first, `limit` 1 to 100, cursors by id, `created` as value or range.

        Args:
            table: the collection.
            params: the validated parameters.
            equal: parameters that filter by an indexed property of the same name; the first one given uses
            the index.
            keep: the other filters.
            span: inclusive bounds of `created` over those of the request.
            url: the list's own URL when it is not the collection's.
            dead: cursors that the vendor refuses although the object still exists.
        """
        held = self.tables[table]
        limit = 10 if params.get("limit") is None else params["limit"]
        if not 1 <= limit <= MAX_PAGE:
            word = "greater than or equal to 1" if limit < 1 else f"less than or equal to {MAX_PAGE}"
            raise bad(
                f"This value must be {word} (it currently is '{limit}').",
                code="parameter_invalid_integer",
                param="limit",
            )
        limit = min(limit, self.page_cap or limit)
        if params.get("starting_after") and params.get("ending_before"):
            raise bad(
                "Received both starting_after and ending_before parameters. Please pass in only one.",
                code="parameters_exclusive",
                param="starting_after",
            )
        low, high = created_span(params.get("created"))
        filters = [(name, params[name]) for name in equal if params.get(name) is not None]
        rest = filters[1:]

        def fits(row: Json) -> bool:
            return all(row.get(name) == value for name, value in rest) and (keep is None or keep(row))

        ids, more = held.page(
            limit=limit,
            after=self._cursor(held, params, "starting_after", dead),
            before=self._cursor(held, params, "ending_before", dead),
            span=(max(low, span[0]), min(high, span[1])),
            equal=filters[0] if filters else None,
            keep=fits if rest or keep else None,
        )
        return self.render_list(table, ids, more=more, url=url or held.url, expand=params.get("expand") or ())

    def render_list(self, table: str, ids: Sequence[str], *, more: bool, url: str, expand: Sequence[str]) -> bytes:
        """A list object as JSON; rows come from the cache unless they are to be expanded."""
        held = self.tables[table]
        rows: list[Any]
        if expand:
            rows = self.expand({"object": "list", "data": [held.rows[i] for i in ids]}, expand)["data"]
        else:
            rows = [held.raw(i) for i in ids]
        return msgspec.json.encode({"object": "list", "data": rows, "has_more": more, "url": url})

    def _cursor(self, held: Table, params: Json, name: str, dead: Callable[[Json], bool] | None) -> Key | None:
        ident = params.get(name)
        if ident is None:
            return None
        row = held.rows.get(ident)
        gone = row is None or (dead is not None and dead(row))
        if ident not in held.keys or (gone and self.quirk["dead_cursor_fails"]):
            raise bad(f"No such {held.noun}: '{ident}'", code="resource_missing", param=name)
        return held.keys[ident]

    def expand(self, answer: Json, paths: Sequence[str]) -> Json:
        """A copy of `answer` with ids replaced by objects along `paths`."""
        return expanded(answer, paths, self.tables, self.deleted)

    def signature(self, *parts: str) -> str:
        """What two requests must share to be the same under one idempotency key."""
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def counts(self) -> Counter[str]:
        """Rows by collection, for a quick look."""
        return Counter({name: len(held.rows) for name, held in self.tables.items()})


def created_span(created: Any) -> tuple[int | float, int | float]:
    """Inclusive bounds in epoch seconds of a `created` parameter."""
    if created is None:
        return UNBOUNDED
    if isinstance(created, int):
        return created, created
    low, high = UNBOUNDED
    for name, value in created.items():
        if value is None:
            continue
        if name in {"gt", "gte"}:
            low = max(low, value + (name == "gt"))
        else:
            high = min(high, value - (name == "lt"))
    return low, high
