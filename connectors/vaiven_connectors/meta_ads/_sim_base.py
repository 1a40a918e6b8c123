"""Graph itself: versions, nodes and edges, requested fields with what is nested in them, and pages by cursor.

developers.facebook.com/docs/graph-api/overview, /guides/field-expansion, /results (paging) and /guides/versioning.
Versions: v26.0 is what facebook-business 26.0.3 sends; v24.0 of the Marketing API ended on 2026-10-06. Read 2026-11-25.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

import msgspec

from vaiven_connectors.meta_ads._sim_access import GraphAccess, Token
from vaiven_connectors.meta_ads._sim_fields import FIELDS, NODE_TYPES, UNASKED
from vaiven_connectors.meta_ads._sim_limits import Aim, Usage
from vaiven_connectors.meta_ads._sim_query import Wanted, parse_fields
from vaiven_connectors.meta_ads._sim_words import (
    Ask,
    Json,
    body_of,
    graph_error,
    nonexisting,
    parameter,
    parameters,
    too_much,
    trace_id,
    unsupported,
)
from vaiven_sdk.testing import Call, Quirk, Refusal, Reply, Selection, Table, Vendor, delete, get, post

F = TypeVar("F", bound=Callable[..., Any])

LATEST = "v26.0"
_VERSION = re.compile(r"v(\d+)\.(\d+)")
_SIZE = 25
"""Records of a page when no `limit` is given (docs/graph-api/results)."""


def serves(method: str, kinds: str, edge: str = "") -> Callable[[F], F]:
    """Answer `method` on these kinds of nodes, or on this edge of theirs, with the decorated `(self, ask, row)`."""

    def mark(function: F) -> F:
        held = getattr(function, "__graph__", ())
        function.__graph__ = (*held, *((method, kind, edge) for kind in kinds.split()))  # type: ignore[attr-defined]
        return function

    return mark


def computes(kinds: str, *names: str) -> Callable[[F], F]:
    """Give these fields of these kinds by the decorated `(self, kind, row, name)`."""

    def mark(function: F) -> F:
        function.__computes__ = [(kind, name) for kind in kinds.split() for name in names]  # type: ignore[attr-defined]
        return function

    return mark


class Base(Vendor):
    """Graph's manners, without any node."""

    slug: ClassVar[str] = "meta_ads"
    calm: ClassVar[dict[str, Any]] = {"limits": False, "report_polls": 0}
    versions = Quirk(
        ("v25.0", LATEST), "versions of the Marketing API that are served; older ones are refused with 2635"
    )
    limits = Quirk(default=True, meaning="count calls by use case and account, as Rate Limiting has it")
    access_tier = Quirk("standard_access", "tier of the app: `standard_access` or `development_access`")
    require_proof = Quirk(
        default=False, meaning="refuse calls without `appsecret_proof`, which an app's owner can demand"
    )
    short_ttl = Quirk(5400.0, "seconds of a token that comes of a sign-in ('about one to two hours', Access Tokens)")
    long_ttl = Quirk(5_184_000.0, "seconds of a long-lived token ('about 60 days', Access Tokens)")
    reduce_at = Quirk(
        10_000, "fields times records of a page beyond which Graph asks for less; Meta publishes no figure. 0: never"
    )

    references: ClassVar[dict[tuple[str, str], tuple[str, str]]] = {}
    """Field that shows another node -> that node's kind, and the key of the row that holds its id."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.user_id, self.app_id = self.digits(16), self.digits(15)
        self.app_secret = f"{self.random.getrandbits(128):032x}"
        self.graph_access = GraphAccess(
            self.random,
            self.user_id,
            self.app_id,
            self.app_secret,
            lambda: self.require_proof,
            self._served,
            lambda: self.long_ttl,
            lambda: self.short_ttl,
        )
        self.access = self.graph_access
        self.usage = Usage(self._aim, lambda: self.limits, lambda: self.access_tier)
        self.quotas = [self.usage]
        self.kinds: dict[str, Table] = {}
        self.index: dict[str, str] = {}
        self.handlers: dict[tuple[str, str, str], Callable[[Ask, Any], Any]] = {}
        self.computed: dict[tuple[str, str], Callable[[str, Json, str], Any]] = {}
        for name in dir(type(self)):
            function = getattr(type(self), name, None)
            for key in getattr(function, "__graph__", ()):
                self.handlers[key] = getattr(self, name)
            for one in getattr(function, "__computes__", ()):
                self.computed[one] = getattr(self, name)

    # -------------------------------------------------------------------------------------------- ids and times

    def digits(self, size: int) -> str:
        """A number of so many digits."""
        return str(self.random.randrange(10 ** (size - 1), 10**size))

    def node_table(self, kind: str, name: str, size: int = 17, **options: Any) -> Table:
        """A table whose rows are nodes of Graph: numeric ids that grow, with gaps that other accounts took."""
        last = [int(self.digits(size))]

        def make(*_: Any) -> str:
            last[0] += self.random.randint(1, 90)
            return str(last[0])

        table = self.table(name, ids=make, **options)
        self.kinds[kind] = table
        table.watch(lambda change: self.index.__setitem__(str(change.key), kind))
        return table

    def epoch(self) -> int:
        """The vendor's time in seconds."""
        return int(self.clock.now().timestamp())

    def utc(self, at: datetime | None = None) -> str:
        """`2026-11-25T12:00:00+0000`."""
        return (at or self.clock.now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")

    # ------------------------------------------------------------------------------------------------- manners

    def envelope(self, refusal: Refusal) -> Any:
        """Graph's `error`."""
        return body_of(refusal, self.random)

    def headers(self, call: Call) -> Mapping[str, str]:
        """The version that answered, and the ids that Meta's support asks for."""
        version = call.path.lstrip("/").partition("/")[0]
        version = version if _VERSION.fullmatch(version) else self.versions[0]
        return {
            "facebook-api-version": version,
            "x-fb-trace-id": trace_id(self.random)[:11],
            "Cache-Control": "no-store",
        }

    def _served(self, call: Call) -> None:
        """Refuse a version that is gone, or that there is not yet (facebook-nodejs-business-sdk#239)."""
        match = _VERSION.match(call.path.lstrip("/"))
        if not match or match[0] in self.versions:
            return
        oldest, newest = (_VERSION.match(one) for one in (self.versions[0], self.versions[-1]))
        asked = int(match[1])
        if newest and asked > int(newest[1]):
            raise graph_error(2500, f"Unknown path components: {call.path}")
        if oldest and asked < int(oldest[1]):
            message = (
                "(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version:"
            )
            raise graph_error(2635, f"{message} {self.versions[-1]}.")

    def _aim(self, call: Call) -> Aim:
        return Aim()

    @get("/oauth/access_token", public=True)
    @post("/oauth/access_token", public=True)
    @get("/{version}/oauth/access_token", public=True)
    @post("/{version}/oauth/access_token", public=True)
    def sign_in(self, call: Call) -> Json:
        """A token for a code, or a longer one."""
        return self.graph_access.token_for(call)

    @get("/{version}/dialog/oauth", public=True)
    @get("/dialog/oauth", public=True)
    def dialog(self, call: Call) -> Reply:
        """The consent dialog, which is at www.facebook.com."""
        return self.graph_access.authorize(call)

    @get("/debug_token")
    @get("/{version}/debug_token")
    def debug_token(self, call: Call) -> Json:
        """What a token is and may do."""
        return self.graph_access.debug(call.one("input_token") or "")

    @get("/{first}")
    @post("/{first}")
    @delete("/{first}")
    @get("/{first}/{rest:path}")
    @post("/{first}/{rest:path}")
    @delete("/{first}/{rest:path}")
    def graph(self, call: Call) -> Any:
        """A node or an edge."""
        return self.answer(self.ask(call))

    def ask(self, call: Call) -> Ask:
        """The request, taken apart.

        Raises:
            Refusal: 2500, the path has too many parts.
        """
        parts = [part for part in call.path.split("/") if part]
        version = parts.pop(0) if _VERSION.fullmatch(parts[0]) else self.versions[0]
        if not 1 <= len(parts) <= 2:
            raise graph_error(2500, f"Unknown path components: {'/'.join(parts)}")
        given = parameters(call)
        method = str(given.pop("method", call.method)).upper() if call.method == "POST" else call.method
        token = self.graph_access.tokens[call.caller.name]
        edge = parts[1] if len(parts) > 1 else ""
        return Ask(call, method, version, parts[0], edge, given, token.user, token.page, token.scopes)

    def answer(self, ask: Ask) -> Any:
        """What the node or its edge answers.

        Raises:
            Refusal: there is no such node, edge or method.
        """
        kind, row = self.node(ask)
        handler = self.handlers.get((ask.method, kind, ask.edge))
        if handler is None and ask.edge and ask.method == "GET":
            raise nonexisting(ask.edge, NODE_TYPES[kind])
        if handler is None:
            raise unsupported(ask.method, ask.node)
        return handler(ask, row)

    def node(self, ask: Ask) -> tuple[str, Json]:
        """The node in the path.

        Raises:
            Refusal: 803 for a name that nobody has, 100 with subcode 33 for an id that is not there.
        """
        key = ask.node
        if key == "me":
            key = ask.page or ask.user
        kind = self.index.get(key)
        row = self.kinds[kind].find(key) if kind else None
        if kind and row is not None:
            return kind, row
        if not key.removeprefix("act_").isdigit():
            raise graph_error(803, f"(#803) Some of the aliases you requested do not exist: {key}", status=404)
        raise unsupported(ask.method, key)

    def token_of(self, ask: Ask) -> Token:
        """The caller's token."""
        return self.graph_access.tokens[ask.call.caller.name]

    # ------------------------------------------------------------------------------------------------- fields

    def wanted(self, ask: Ask, kind: str) -> list[Wanted]:
        """The fields that are asked for, or those that come unasked."""
        raw = ask.raw("fields")
        text = ",".join(map(str, raw)) if isinstance(raw, list) else str(raw or "")
        found = parse_fields(text) if text.strip() else []
        return found or [Wanted(name) for name in UNASKED.get(kind, ("id",))]

    def show(self, ask: Ask, kind: str, row: Json, wanted: Iterable[Wanted]) -> Json:
        """A node with these fields, and its id always; what has no value is left out.

        Raises:
            Refusal: `(#100)` for a field that this kind does not have.
        """
        shown: Json = {}
        for one in wanted:
            value = self._value(ask, kind, row, one)
            if value is not None:
                shown[one.name] = value
        if "id" in row:
            shown["id"] = row["id"]
        return shown

    def _value(self, ask: Ask, kind: str, row: Json, one: Wanted) -> Any:
        if ("GET", kind, one.name) in self.handlers and one.name not in FIELDS[kind]:
            inner = ask.within(row["id"], one.name, one.parameters())
            part = self.handlers["GET", kind, one.name](inner, row)
            return part if part["data"] else None
        if one.name not in FIELDS[kind]:
            raise nonexisting(one.name, NODE_TYPES[kind])
        if (kind, one.name) in self.references:
            other, key = self.references[kind, one.name]
            held = self.kinds[other].find(row.get(key))
            return None if held is None else self.show(ask, other, held, one.inner or [Wanted("id")])
        compute = self.computed.get((kind, one.name))
        value = row.get(one.name) if compute is None else compute(kind, row, one.name)
        if one.inner is not None and isinstance(value, dict):
            names = {inner.name for inner in one.inner}
            return {name: part for name, part in value.items() if name in names}
        return value

    def field_of(self, kind: str, row: Json, name: str) -> Any:
        """A plain field's value, for filters."""
        compute = self.computed.get((kind, name))
        return row.get(name) if compute is None else compute(kind, row, name)

    # -------------------------------------------------------------------------------------------------- pages

    def listing(self, ask: Ask, kind: str, rows: Selection) -> Json:
        """A page of an edge: newest first unless the caller of this has turned it.

        Raises:
            Refusal: a bad limit or cursor; code 1 when the page would be too large.
        """
        wanted = self.wanted(ask, kind)
        size = self.page_size(ask, len(wanted))
        after, before = ask.text("after"), ask.text("before")
        if before:
            found = rows.reverse().after(_place(before)).page(size + 1)
            more, page = True, found[:size][::-1]
        else:
            found = rows.after(_place(after) if after else None).page(size + 1)
            more, page = len(found) > size, found[:size]
        body: Json = {"data": [self.show(ask, kind, entry.row, wanted) for entry in page]}
        if page:
            places = [_token(rows.place_of(entry)) for entry in (page[0], page[-1])]
            body["paging"] = self.paging(ask, places[0], places[1], more=more)
        if ask.raw("summary"):
            body["summary"] = {"total_count": len(rows)}
        return body

    def paged(self, ask: Ask, rows: Sequence[Any], width: int, show: Callable[[Any], Any]) -> Json:
        """A page of rows that are no nodes; a cursor is the number of rows before it."""
        size = self.page_size(ask, width)
        after = ask.text("after")
        start = int(_place(after)[1]) if after else 0
        page = rows[start : start + size]
        body: Json = {"data": [show(row) for row in page]}
        if page:
            ends = _token((0, start)), _token((0, start + len(page)))
            body["paging"] = self.paging(ask, *ends, more=start + len(page) < len(rows))
        return body

    def page_size(self, ask: Ask, width: int) -> int:
        """Records of a page.

        Raises:
            Refusal: a limit that is none, or a page with too many values.
        """
        size = ask.number("limit")
        if size is not None and size < 1:
            raise parameter("Param limit must be greater than 0", "limit")
        size = size or _SIZE
        if self.reduce_at and size * width > self.reduce_at:
            raise too_much()
        return min(size, ask.call.page_cap or size)

    def paging(self, ask: Ask, before: str, after: str, *, more: bool) -> Json:
        """Both cursors, and on all pages but the last the address of the next one with the token in it."""
        body: Json = {"cursors": {"before": before, "after": after}}
        if more:
            given = {
                k: v for k, v in ask.given.items() if k not in {"after", "before", "appsecret_proof", "access_token"}
            }
            texts = {k: v if isinstance(v, str) else msgspec.json.encode(v).decode() for k, v in given.items()}
            query = urlencode({"access_token": ask.call.caller.name, **texts, "after": after})
            node = (ask.page or ask.user) if ask.node == "me" else ask.node
            body["next"] = f"{ask.call.origin}/{ask.version}/{node}/{ask.edge}?{query}"
        return body


def _token(place: tuple[Any, int]) -> str:
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=") + "ZD"


def _place(token: str) -> tuple[Any, int]:
    try:
        value, number = msgspec.json.decode(urlsafe_b64decode(f"{token.removesuffix('ZD')}==="))
    except (ValueError, TypeError):
        raise parameter("Invalid cursors values", "after") from None
    return (tuple(value) if isinstance(value, list) else value), number
