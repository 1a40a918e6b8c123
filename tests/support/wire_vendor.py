"""A vendor that answers with exactly the bytes that a test wants, page by page, and its connector."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vaiven_sdk import Account, Bearer, Config, Connector, Page, Record, Session, Window, get, wire
from vaiven_sdk.model import Payment, Person
from vaiven_sdk.testing import Simulator

TOKEN = "wire-token-that-no-error-may-show"
SIZE = 3
"""Records in a page."""


class WireVendor(Simulator):
    """Two lists of records in pages of three; each record is bytes, so it may be anything but JSON.

    `instead` replaces the answer to one page: (list, number of the page) -> a function that gives the answer.
    """

    slug = "wire"

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self, people: int = 9, payments: int = 6, prefix: str = "p") -> None:
        """As on the first day: good records alone, and no other answers."""
        self.lists = {
            "people": {i: person(i) for i in (f"{prefix}{n:02}" for n in range(people))},
            "payments": {i: payment(i) for i in (f"y{n:02}" for n in range(payments))},
        }
        self.instead: dict[tuple[str, int], Callable[[], Response]] = {}
        self.asked: list[tuple[str, int]] = []
        if "app" in self.__dict__:
            self.faults.clear()

    @property
    def credential(self) -> dict[str, str]:
        return {"token": TOKEN}

    def routes(self) -> list[Route]:
        return [Route("/me", self.me), Route("/{name}", self.page)]

    def state(self) -> dict[str, Any]:
        return {name: list(records) for name, records in self.lists.items()}

    def ids(self, name: str, but: str = "") -> set[str]:
        """Ids of a list, all but one."""
        return set(self.lists[name]) - {but}

    async def me(self, request: Request) -> Response:
        return JSONResponse({"id": "me"})

    async def page(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"message": "This token is not valid."}, 401)
        name, after = request.path_params["name"], request.query_params.get("after")
        records = self.lists[name]
        if after and after not in records:
            return JSONResponse({"message": "There is no such cursor."}, 400)
        start = list(records).index(after) + 1 if after else 0
        self.asked.append((name, start // SIZE))
        instead = self.instead.get((name, start // SIZE))
        if instead is not None:
            return instead()
        chosen = list(records)[start : start + SIZE]
        more = start + SIZE < len(records)
        body = b'{"items":[%s],"more":%s%s}' % (
            b",".join(records[key] for key in chosen),
            b"true" if more else b"false",
            b',"next":"%s"' % chosen[-1].encode() if more else b"",
        )
        return Response(body, media_type="application/json")


def person(remote_id: str, extra: bytes = b"") -> bytes:
    """One good person; `extra` is spliced in before the end of the object."""
    return b'{"id":"%s","email":"%s@example.com"%s}' % (remote_id.encode(), remote_id.encode(), extra)


def payment(remote_id: str, amount: bytes = b"1299", at: bytes = b'"2026-01-02T03:04:05Z"') -> bytes:
    """One good payment."""
    return b'{"id":"%s","amount":%s,"at":%s,"rate":1.25,"currency":"usd"}' % (remote_id.encode(), amount, at)


class WirePerson(Record[Person], key="id"):
    """Somebody."""

    id: str = wire()
    email: str | None = wire(to="email")
    name: str | None = wire(to="full_name")
    note: str | None = wire(to="description")


class WirePayment(Record[Payment], key="id", cursor="at"):
    """Some money."""

    id: str = wire()
    amount: int | None = wire(to="amount_minor")
    rate: Decimal | None = wire(to="fx_rate")
    currency: str | None = wire(to="currency")
    at: AwareDatetime | None = wire(to="paid_at")


def after(window: Window) -> str | None:
    return window.after


PAGINGS = {
    "cursor": (Page.cursor("after", at="next", size=SIZE), {}),
    "last_id": (Page.last_id("after", more="more", size=SIZE), {}),
    "keyset": (Page.keyset(size=SIZE), {"after": after}),
}


def wire_connector(paging: str = "cursor") -> Connector[Config]:
    """A connector of this vendor; `paging` names the rule of its lists."""
    vendor = Connector("wire", Config, name="Wire", category="crm", base_url="https://wire.example", auth=[Bearer()])
    page, params = PAGINGS[paging]
    vendor.stream(WirePerson, get("/people", items="items", page=page, **params), name="people")
    vendor.stream(WirePayment, get("/payments", items="items", page=page, **params), name="payments")

    @vendor.account
    async def account(hub: Session[Config]) -> Account:
        return Account((await hub.get("/me"))["id"])

    return vendor
