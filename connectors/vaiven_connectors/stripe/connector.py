"""Stripe: customers, catalogue, billing, payments and refunds; our metadata on customers is written.

The API version is the one that the official client stripe 16.1.0 sends. Facts were read on 2026-11-22.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from typing import Any

from vaiven_sdk import (
    Account,
    Batch,
    Bearer,
    Config,
    Connector,
    Deletes,
    Limit,
    NotFound,
    Outcome,
    PermissionMissing,
    RequestRefused,
    Scope,
    Session,
    Window,
    Write,
    get,
)
from vaiven_sdk.webhooks import signatures

from ._billing import Invoice, Subscription
from ._catalogue import Price, Product
from ._changes import LAG, PAGE, follow, next_since, read_back
from ._errors import name_error
from ._payments import Charge, Refund
from ._people import Customer
from ._webhooks import hints

connector = Connector(
    "stripe",
    Config,
    name="Stripe",
    category="payments",
    base_url="https://api.stripe.com",
    auth=[Bearer(field="api_key")],
    headers={"Stripe-Version": "2026-10-28.endive"},
    # 100 in live mode; 25 in a sandbox, and for one endpoint.
    limits=[
        Limit(
            calls=25,
            per=1,
            source="support.stripe.com/questions/rate-limit-error-when-creating-bulk-api-requests",
        )
    ],
    docs="https://docs.stripe.com/api",
    scopes=[
        Scope("connected_account_read", "show the account's name; a key without it works, too"),
        Scope("balance_read", "tell a sandbox's key from a live one; a key without it works, too"),
    ],
)


def reading(resource: str, what: str) -> list[Scope]:
    """What a restricted key must allow to read one kind of object and what changed of it.

    The names are those of docs.stripe.com/keys/permissions-reference (read 2026-11-25); in the Dashboard the same
    resources stand in the form of a restricted key, each with None, Read and Write.
    """
    return [
        Scope(f"{resource}_read", f"read {what}"),
        Scope("event_read", "learn what changed and what was deleted, without reading everything again"),
    ]


CUSTOMER_WRITE = Scope(
    "customer_write", "set our own metadata on customers, and delete who is to be forgotten", write=True
)

customers = connector.stream(
    Customer,
    get("/v1/customers", items="data", page=PAGE),
    deletes=Deletes.EVENTS,
    lag=LAG,
    scopes=[*reading("customer", "customers"), CUSTOMER_WRITE],
)
products = connector.stream(
    Product,
    get("/v1/products", items="data", page=PAGE),
    deletes=Deletes.EVENTS,
    lag=LAG,
    scopes=reading("product", "products"),
)
prices = connector.stream(
    Price,
    get("/v1/prices", items="data", page=PAGE),
    deletes=Deletes.EVENTS,
    lag=LAG,
    scopes=reading("plan", "prices, which have the permission of plans"),
)
# Without `status` the canceled ones are left out (docs.stripe.com/api/subscriptions/list).
subscriptions = connector.stream(
    Subscription,
    get("/v1/subscriptions", items="data", page=PAGE, status="all"),
    deletes=Deletes.NEVER,
    lag=LAG,
    scopes=reading("subscription", "subscriptions"),
)
invoices = connector.stream(
    Invoice,
    get("/v1/invoices", items="data", page=PAGE),
    deletes=Deletes.EVENTS,
    lag=LAG,
    scopes=reading("invoice", "invoices"),
)
charges = connector.stream(
    Charge,
    get("/v1/charges", items="data", page=PAGE, **{"expand[]": "data.balance_transaction"}),
    deletes=Deletes.NEVER,
    lag=LAG,
    # What is expanded needs its own permission (docs.stripe.com/stripe-apps/reference/permissions).
    scopes=[*reading("charge", "charges"), Scope("balance_read", "read the fees of a charge")],
)
refunds = connector.stream(
    Refund,
    get("/v1/refunds", items="data", page=PAGE),
    deletes=Deletes.NEVER,
    lag=LAG,
    scopes=reading("charge", "refunds, which have the permission of charges"),
)

follow(customers, "customer")
follow(products, "product")
follow(prices, "price")
follow(subscriptions, "subscription")
follow(invoices, "invoice")
follow(charges, "charge", expand=["balance_transaction"])
follow(refunds, "refund")


@prices.reader("full")
async def all_prices(hub: Session[Config], window: Window, state: Any) -> AsyncIterator[Batch]:
    """Active prices, then the others: a list leaves those out (docs.stripe.com/api/prices/list)."""
    going = dict(state or {"active": "true", "page": None})
    while going["active"]:
        read = get("/v1/prices", items="data", page=PAGE, active=going["active"])
        after = "false" if going["active"] == "true" else None
        async for page in hub.walk(read, window, state=going["page"]):
            going.setdefault("since", next_since(page.headers))
            going |= {"page": page.state} if page.state else {"active": after, "page": None}
            done = not going["active"]
            yield Batch(page.items, state=None if done else dict(going), since=going["since"] if done else None)


@connector.account
async def account(hub: Session[Config]) -> Account:
    """The account of the key; a restricted key may not see it, so then it must at least read customers."""
    try:
        found = await hub.get("/v1/account")
    except (NotFound, PermissionMissing):
        await hub.get("/v1/customers", limit=1)
        return Account("")
    shown = (found.get("settings") or {}).get("dashboard") or {}
    name = shown.get("display_name") or ""
    # Nothing else tells a sandbox's key before its test data are left out of every figure.
    with suppress(NotFound, PermissionMissing):
        if (await hub.get("/v1/balance")).get("livemode") is False:
            name = f"{name} (sandbox)".strip()
    return Account(found["id"], name)


@customers.find()
async def find(hub: Session[Config], writes: Sequence[Write[Customer]]) -> Iterable[dict[str, Any]]:
    """By id: we create no customers."""
    found = await read_back(hub, "/v1/customers", (write.id for write in writes if write.id))
    return [thing for thing in found.values() if thing and not thing.get("deleted")]


@customers.update()
async def update(hub: Session[Config], writes: Sequence[Write[Customer]]) -> list[Outcome]:
    """Set or, with an empty value, unset our keys: Stripe merges metadata (docs.stripe.com/metadata)."""
    outcomes: list[Outcome] = []
    for write in writes:
        form = {f"metadata[{key}]": value for key, value in write.patch["metadata"].items()}
        try:
            stored = await hub.post(f"/v1/customers/{write.id}", form=form, idempotency_key=write.idempotency_key)
        except NotFound as problem:
            outcomes.append(write.rejected("resource_missing", problem.why))
        except RequestRefused as problem:
            told = problem.body.get("error", {}) if isinstance(problem.body, dict) else {}
            outcomes.append(write.rejected(told.get("code") or told.get("type") or "refused", problem.why))
        else:
            outcomes.append(write.saved(stored["id"], stored))
    return outcomes


@customers.erase(
    note="Stripe ends the customer's active subscriptions at once. Payments and invoices keep their details:"
    " redact those in Stripe (docs.stripe.com/privacy/redaction)."
)
async def erase(hub: Session[Config], writes: Sequence[Write[Customer]]) -> list[Outcome]:
    """Delete the customers for good (docs.stripe.com/api/customers/delete, read 2026-11-25)."""
    for write in writes:
        with suppress(NotFound):
            await hub.delete(f"/v1/customers/{write.id}", safe=True)
    return [write.deleted() for write in writes]


connector.error(name_error)
connector.webhook(signatures.stripe())(hints)
