"""The paths of the account itself, of batches of operations, and of OAuth."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from vaiven_connectors.mailchimp._sim_audience import Audience
from vaiven_connectors.mailchimp._sim_http import (
    Answer,
    Call,
    Handler,
    Json,
    check,
    not_found,
    password,
)

DC = "us21"
_CONTACT = ("company", "address1", "address2", "city", "state", "zip", "country", "phone")


class Owner(Protocol):
    """What the paths need of the account."""

    audiences: dict[str, Audience]
    account: Json
    quirk: dict[str, Any]

    def now(self) -> str:
        """The vendor's time, whole seconds."""
        ...

    def token(self, digits: int) -> str:
        """Random hex digits."""
        ...


class Root:
    """Handlers of `/` and `/ping`."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path template and handler of each."""
        return [("GET", "/", self.account), ("GET", "/ping", self.ping)]

    def account(self, _: Call) -> Answer:
        """Answer the account."""
        total = sum(a.roll.counts["subscribed"] for a in self.owner.audiences.values())
        return Answer(self.owner.account | {"total_subscribers": total})

    def ping(self, _: Call) -> Answer:
        """Say that all is well, in the vendor's words."""
        return Answer({"health_status": "Everything's Chimpy!"})


class Batches:
    """Handlers of `/batches`: operations done later, with the answers in a gzipped tar archive.

    Format of the results: an array of `{"status_code", "operation_id", "response": "<JSON text>"}`
    (developer/marketing/guides/run-async-requests-batch-endpoint; drewm/mailchimp-api#90).
    """

    def __init__(self, owner: Owner, run: Callable[[Call], tuple[int, bytes]]) -> None:
        self.owner, self._run = owner, run
        self.batches: dict[str, Json] = {}
        self.results: dict[str, bytes] = {}
        self._waiting: dict[str, tuple[Json, Call]] = {}

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path template and handler of each."""
        return [
            ("GET", "/batches", self.listing),
            ("POST", "/batches", self.start),
            ("GET", "/batches/{batch_id}", self.one),
            ("DELETE", "/batches/{batch_id}", self.delete),
        ]

    def listing(self, call: Call) -> Answer:
        """List batches."""
        rows = list(self.batches.values())
        offset, count = call.page()
        shown = [self._show(row) for row in rows[offset : offset + count]]
        return Answer({"batches": shown, "total_items": len(rows)})

    def start(self, call: Call) -> Answer:
        """Take in a batch; it is `pending` in this answer whatever happens next."""
        body = call.json(("operations",), operations="array")
        for i, operation in enumerate(body["operations"]):
            shapes = {"method": "string", "path": "string", "body": "string", "params": "object"}
            check(operation, ("method", "path"), shapes, f"operations.item:{i}.")
        record: Json = {
            "id": self.owner.token(10),
            "status": "pending",
            "total_operations": len(body["operations"]),
            "finished_operations": 0,
            "errored_operations": 0,
            "submitted_at": self.owner.now(),
            "completed_at": "",
            "response_body_url": "",
        }
        self.batches[record["id"]] = record
        self._waiting[record["id"]] = (body, call)
        return Answer(dict(record))

    def one(self, call: Call) -> Answer:
        """Answer one batch; it finishes `batch_seconds` after it came in."""
        return Answer(self._show(self._batch(call)))

    def delete(self, call: Call) -> Answer:
        """Stop a batch, or drop a finished one's results."""
        key = self._batch(call)["id"]
        self._waiting.pop(key, None)
        self.results.pop(key, None)
        del self.batches[key]
        return Answer()

    def settle(self) -> None:
        """Run every batch whose time has come."""
        for key in list(self._waiting):
            if key not in self._waiting:
                continue  # an operation of another batch came here first
            since = datetime.fromisoformat(self.batches[key]["submitted_at"])
            passed = (datetime.fromisoformat(self.owner.now()) - since).total_seconds()
            if passed >= self.owner.quirk["batch_seconds"]:
                self._finish(key, *self._waiting.pop(key))

    def _batch(self, call: Call) -> Json:
        found = self.batches.get(call.slots["batch_id"])
        if found is None:
            raise not_found()
        return found

    def _show(self, record: Json) -> Json:
        self.settle()
        return record

    def _finish(self, key: str, body: Json, call: Call) -> None:
        record, results = self.batches[key], []
        for operation in body["operations"]:
            params = {name: str(value) for name, value in (operation.get("params") or {}).items()}
            path = "/" + operation["path"].strip("/")
            raw = operation.get("body", "").encode()
            status, answer = self._run(Call(operation["method"], path, params, raw, call.base, call.ip))
            record["errored_operations"] += status >= 400
            results.append(
                {
                    "status_code": status,
                    "operation_id": operation.get("operation_id"),
                    "response": answer.decode(),
                }
            )
        record |= {
            "status": "finished",
            "finished_operations": len(results),
            "completed_at": self.owner.now(),
        }
        record["response_body_url"] = f"{call.base}/batch-results/{key}.tar.gz"
        self.results[key] = _archive(key, msgspec.json.encode(results))


def _archive(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"{name}.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def account_record(token: Callable[[int], str], now: str) -> Json:
    """The fields of `GET /` that do not change."""
    return {
        "account_id": token(25),
        "login_id": "10293847",
        "account_name": "Vaiven Testing",
        "email": "owner@vaiven.test",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "username": "vaiven",
        "avatar_url": "",
        "role": "owner",
        "member_since": now,
        "pricing_plan_type": "monthly",
        "first_payment": "",
        "account_timezone": "Europe/Madrid",
        "account_industry": "",
        "contact": {
            "company": "Vaiven Testing",
            "addr1": "Calle Mayor 1",
            "addr2": "",
            "city": "Madrid",
            "state": "M",
            "zip": "28013",
            "country": "ES",
        },
        "pro_enabled": False,
        "last_login": now,
        "industry_stats": {"open_rate": 0.21, "bounce_rate": 0.007, "click_rate": 0.026},
    }


def list_record(key: str, body: Json, account: Json, number: int, now: str) -> Json:
    """The own fields of a new list, in the shape of a real one (grouparoo/grouparoo, recorded 2022-02-23)."""
    contact = dict.fromkeys(_CONTACT, "")
    defaults = {"from_name": "", "from_email": "", "subject": "", "language": "en"}
    form = f"subscribe?u={account['account_id']}&id={key}"
    return {
        "id": key,
        "web_id": 382_000 + number,
        "name": body["name"],
        "contact": contact | body.get("contact", {}),
        "permission_reminder": body.get("permission_reminder", ""),
        "use_archive_bar": body.get("use_archive_bar", True),
        "campaign_defaults": defaults | body.get("campaign_defaults", {}),
        "notify_on_subscribe": body.get("notify_on_subscribe", ""),
        "notify_on_unsubscribe": body.get("notify_on_unsubscribe", ""),
        "date_created": now,
        "list_rating": 0,
        "email_type_option": body.get("email_type_option", False),
        "subscribe_url_short": f"http://eepurl.com/{key[:6]}",
        "subscribe_url_long": f"https://vaiven.{DC}.list-manage.com/{form}",
        "beamer_address": f"{DC}-{key}@inbound.mailchimp.com",
        "visibility": "prv",
        "double_optin": body.get("double_optin", False),
        "has_welcome": False,
        "marketing_permissions": body.get("marketing_permissions", False),
        "modules": [],
    }


class OAuth:
    """The paths of login.mailchimp.com: consent is given at once, tokens do not expire.

    Source: mailchimp.com/developer/marketing/guides/access-user-data-oauth-2, read 2026-11-22.
    """

    def __init__(self, owner: Owner, access_token: str) -> None:
        self.owner, self._access_token = owner, access_token
        self._codes: set[str] = set()

    def routes(self) -> list[Route]:
        """The three paths."""
        return [
            Route("/oauth2/authorize", self.authorize, methods=["GET"]),
            Route("/oauth2/token", self.token, methods=["POST"]),
            Route("/oauth2/metadata", self.metadata, methods=["GET", "POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Send the browser back with a code."""
        code = self.owner.token(32)
        self._codes.add(code)
        query = {"code": code}
        if "state" in request.query_params:
            query["state"] = request.query_params["state"]
        target = request.query_params.get("redirect_uri", "")
        return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode(query)}", 302)

    async def token(self, request: Request) -> Response:
        """Exchange a code, once."""
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") != "authorization_code" or form.get("code") not in self._codes:
            return _json({"error": "invalid_grant", "error_description": "The code is not valid."}, 400)
        self._codes.discard(form["code"])
        return _json({"access_token": self._access_token, "expires_in": 0, "scope": None})

    async def metadata(self, request: Request) -> Response:
        """Say which data centre the token's account lives in."""
        if password(request.headers.get("authorization", "")) != self._access_token:
            return _json({"error": "invalid_token", "error_description": "The token is not valid."}, 401)
        account = self.owner.account
        login = {
            "email": account["email"],
            "avatar": None,
            "login_id": int(account["login_id"]),
            "login_name": account["username"],
            "login_email": account["email"],
        }
        return _json(
            {
                "dc": DC,
                "role": account["role"],
                "accountname": account["account_name"],
                "user_id": int(account["login_id"]),
                "login": login,
                "login_url": "https://login.mailchimp.com",
                "api_endpoint": f"{request.url.scheme}://{request.headers.get('host', 'localhost')}",
            }
        )


def _json(body: Json, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
