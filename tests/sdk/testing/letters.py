"""A made-up vendor of newsletters and its connector: what the cassette tests read."""

import json
from datetime import date
from typing import Any

import httpx
from pydantic import AwareDatetime

from vaiven_sdk import ApiKey, Bearer, Config, Connector, Page, Record, derive, get, wire
from vaiven_sdk.model import Person

PAGE = Page.cursor("after", at="paging.next", size=2, size_param="limit")


class Settings(Config):
    audience: str = "main"


letters = Connector(
    "letters",
    Settings,
    name="Letters",
    category="email",
    base_url="https://api.letters.example/v1",
    auth=[Bearer(), ApiKey(param="api_key")],
)


class Reader(Record[Person], key="id", cursor="updated_at"):
    id: str
    email: str | None = wire(to="email")
    first: str | None = wire("name.first", to="given_name")
    last: str | None = wire("name.last", to="family_name")
    phone: str | None = wire(to="phone")
    born: date | None = wire(to="birth_on")
    street: str | None = wire("place.line")
    town: str | None = wire("place.town", to="city")
    zip: str | None = wire("place.zip", to="postal_code")
    note: str | None = wire(to="description")
    firm: str | None = wire(to="company_name")
    status: str | None = wire(to="email_consent", values={"active": "granted", "left": "denied"})
    updated_at: AwareDatetime

    @derive("street")
    def one_street(self) -> str | None:
        return self.street


readers = letters.stream(
    Reader,
    get("/{config.audience}/readers", items="readers", page=PAGE),
    changes=get("/{config.audience}/readers", items="readers", page=PAGE, updated_since="{since}"),
)


class Vendor(httpx.AsyncBaseTransport):
    """Answers pages of rows; says in each answer what a careless vendor would."""

    def __init__(self, rows: list[dict[str, Any]], **more: Any) -> None:
        self.rows, self.more, self.busy = rows, more, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.busy:
            self.busy -= 1
            return httpx.Response(429, headers={"retry-after": "0"}, request=request)
        at = int(request.url.params.get("after") or 0)
        size = int(request.url.params.get("limit", 2))
        body = {"readers": self.rows[at : at + size], "paging": {"next": str(at + size)}, **self.more}
        if at + size >= len(self.rows):
            body["paging"] = {}
        headers = {"content-type": "application/json", "set-cookie": "sid=abc", "x-ratelimit-limit": "10"}
        return httpx.Response(200, headers=headers, content=json.dumps(body).encode(), request=request)


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "email": f"Zenobia{number}@Quuxfirm.com",
        "name": {"first": "Zenobia", "last": "Ottokarsson"},
        "phone": "+34 600 111 222",
        "born": "1990-05-17",
        "place": {"line": "Calle Hortaleza 77", "town": "Torrelodones", "zip": "28250"},
        "note": "Zenobia likes anvils, calls from +44 20 7946 0958",
        "firm": "Quuxfirm Industries",
        "status": "active",
        "updated_at": "2026-11-22T10:00:00Z",
        **changes,
    }
