"""The simulator's frame: the tree of customers, who reaches which, and the manners that all answers share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import Response

from vaiven_connectors.google_ads import _sim_words as words
from vaiven_connectors.google_ads._sim_access import (
    LEVELS,
    AdsAccess,
    GoogleOAuth,
    Operations,
    denied,
    digits,
    unapproved,
    unready,
)
from vaiven_connectors.google_ads._sim_account import Account, Row
from vaiven_sdk.testing import Call, Quirk, Refusal, Vendor
from vaiven_sdk.testing.ids import LETTERS

if TYPE_CHECKING:
    from starlette.requests import Request

    from vaiven_sdk.testing.routing import Path

_OAUTH = {"invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unsupported_grant_type"}
_ERROR = 400
_REASONS = {
    "invalid_grant": "Token has been expired or revoked.",
    "invalid_client": "The OAuth client was not found.",
}


class Base(Vendor):
    """Google Ads without its resources."""

    slug: ClassVar[str] = "google_ads"
    calm: ClassVar[dict[str, Any]] = {"access_level": "standard", "change_lag": 0.0}
    access_level = Quirk("basic", "of the Cloud project: test, explorer, basic or standard (access levels)")
    developer_tokens = Quirk(
        default=False, meaning="ask for the header developer-token, as before its sunset on 2026-09-09"
    )
    retired = Quirk((), "versions that are gone besides those of the published schedule, for tests: ('v25',)")
    direct_access = Quirk(
        default=False, meaning="the user was invited to each account, not only to the manager above them"
    )
    change_lag = Quirk(180.0, "seconds until change_status and change_event show a change ('up to 3 minutes')")
    intraday = Quirk(default=True, meaning="today's figures grow with the hours of the day")
    uploads_allowed = Quirk(
        default=True,
        meaning="the project used Customer Match and conversion uploads before 2026-04-01 and 2026-06-15; new adopters "
        "are sent to the Data Manager API (blog posts of 2026-03-04 and 2026-05-15)",
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if self.access_level not in LEVELS:
            raise ValueError(f"access_level is one of {', '.join(LEVELS)}, not {self.access_level!r}")
        self.oauth = GoogleOAuth(self.random)
        self.developer_token = f"sim{self.random.getrandbits(64):016x}AbC"
        self.access = AdsAccess(
            self.oauth,
            self._admit_customer,
            lambda: self.retired,
            lambda: self.developer_token if self.developer_tokens else "",
        )
        self.operations = Operations(lambda: self.access_level)
        self.quotas = [self.operations]
        self.accounts: dict[str, Account] = {}
        self.invited: set[str] = set()
        self._dice = Random(0)  # not the account's own chance: ids must not depend on how often one asks
        self._request = ""
        self._version = ""
        self.manager_id = self.add_customer("Agency", manager=True)
        self.customer_id = self.add_customer("Shop", parent=self.manager_id)
        self.invited.add(self.manager_id)

    @property
    def config(self) -> dict[str, str]:
        """The customer to read, and the manager through which one reaches it."""
        return {"customer_id": self.customer_id, "login_customer_id": self.manager_id}

    # -------------------------------------------------------------------------------------------------- customers

    def add_customer(
        self,
        name: str,
        *,
        manager: bool = False,
        parent: str = "",
        currency: str = "USD",
        zone: str = "America/New_York",
        test: bool = False,
    ) -> str:
        """Open a customer account; gives its id.

        Args:
            name: descriptive name.
            manager: it manages others.
            parent: id of the manager above it; nothing for one that stands alone.
            currency: ISO 4217.
            zone: IANA time zone.
            test: a test account.
        """
        key = str(self.random.randrange(10**9, 10**10))
        account = Account(key, name, currency, zone, manager, test, "ENABLED", parent, self.random, self.clock.now)
        account.facts.intraday = self.intraday
        self.accounts[key] = account
        if not parent:
            self.invited.add(key)
        return key

    def account(self, key: str | None = None) -> Account:
        """An account, the first client when none is named.

        Raises:
            LookupError: there is no such account.
        """
        return self.accounts[key or self.customer_id]

    def reached(self) -> list[str]:
        """Customers that the user reaches directly."""
        if self.direct_access:
            return [*self.accounts]
        return [key for key in self.accounts if key in self.invited]

    def under(self, key: str, level: int = 0) -> Iterator[tuple[int, Account]]:
        """A customer and all below it, with their levels."""
        yield level, self.accounts[key]
        for one in self.accounts.values():
            if one.parent == key:
                yield from self.under(one.id, level + 1)

    def client_rows(self, account: Account) -> list[Row]:
        """The rows of the resource customer_client."""
        return [
            {
                "resource_name": f"{account.resource_name}/customerClients/{one.id}",
                "client_customer": one.resource_name,
                "hidden": False,
                "level": level,
                "time_zone": one.zone,
                "test_account": one.test,
                "manager": one.manager,
                "descriptive_name": one.name,
                "currency_code": one.currency,
                "id": int(one.id),
                "status": one.status,
            }
            for level, one in self.under(account.id)
        ]

    def _admit_customer(self, call: Call) -> None:
        login = digits(call, "login-customer-id")
        digits(call, "linked-customer-id")
        key = call.slots.get("customer_id")
        if key is None:
            return
        if not re.fullmatch(r"\d{10}", key):
            message = f"Invalid customer ID '{key}'."
            raise words.refuse("requestError", "INVALID_CUSTOMER_ID", message, at=[("customer_id", None)])
        start = login or key
        if start not in self.reached() or key not in {one.id for _, one in self.under(start)}:
            raise denied()
        account = self.accounts[key]
        if self.access_level == "test" and not account.test:
            raise unapproved(self._version)
        reads = call.path.endswith((":search", ":searchStream"))
        problem = unready(account.status, writes=not reads)
        if problem is not None:
            raise problem

    # ---------------------------------------------------------------------------------------------------- manners

    @property
    def request_id(self) -> str:
        """The id of the request that is being answered."""
        return self._request

    def headers(self, call: Call) -> Mapping[str, str]:
        """`request-id`, which support asks for."""
        return {"request-id": self._request} if self._request and call.path.startswith("/v") else {}

    def envelope(self, refusal: Refusal) -> Any:
        """The error in Google's form."""
        if refusal.code in _OAUTH:
            return {"error": refusal.code, "error_description": _REASONS.get(refusal.code, refusal.message)}
        if refusal.kind == "malformed":
            return words.payload_envelope(refusal)
        return words.envelope(refusal, self._version or "v26", self._request)

    def _admit(self, path: Path, call: Call) -> None:
        # From here to the answer nothing else is looked at, so these are of this request.
        self._request = "".join(self._dice.choices(LETTERS, k=22))
        self._version = call.slots.get("version", "")
        super()._admit(path, call)

    async def _answer(self, request: Request) -> Response:
        response = await super()._answer(request)
        if request.url.path.endswith(":searchStream") and response.status_code >= _ERROR:
            # A stream of answers is an array in JSON, also when its one element is an error.
            headers = {name: text for name, text in response.headers.items() if name != "content-length"}
            return Response(b"[" + bytes(response.body) + b"]", response.status_code, headers)
        return response

    def settle(self) -> None:
        """Do what is due."""

    def seen_until(self) -> datetime:
        """The instant up to which changes can be seen."""
        return self.clock.now() - timedelta(seconds=self.change_lag)
