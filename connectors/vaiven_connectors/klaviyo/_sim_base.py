"""What all parts of the simulator share: tables, documents of JSON:API, pages, and work that is done later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from vaiven_connectors.klaviyo._sim_access import KlaviyoAccess
from vaiven_connectors.klaviyo._sim_kinds import Kind
from vaiven_connectors.klaviyo._sim_limits import Windows
from vaiven_connectors.klaviyo._sim_query import Allowed, Term, check_fields, parse_filter, sort_of, sparse, value_at
from vaiven_connectors.klaviyo._sim_words import Json, error, invalid, missing
from vaiven_sdk.testing import ByCursor, Call, Pages, Quirk, Refusal, Reply, Selection, Table, Vendor

Linked = Mapping[str, str | Sequence[str] | None]
"""Relationship -> id or ids of its `data`; what is not named has links only."""
Include = Callable[[Any], Iterable[tuple[Kind, Any]]]
"""A row -> the resources that an `include` adds for it."""
JSONAPI = "application/vnd.api+json"
_PLUS = "page[cursor]"


def stamp(at: datetime) -> str:
    """Whole seconds with the offset, as all examples of the description have it: `2022-11-08T00:00:00+00:00`."""
    return at.replace(microsecond=0).isoformat()


class Base(Vendor):
    """Klaviyo's manners, without any resource."""

    slug: ClassVar[str] = "klaviyo"
    calm: ClassVar[dict[str, Any]] = {"limits": False}
    limits = Quirk(
        default=True, meaning="count calls in the windows of a second and a minute that each endpoint has (rate limits)"
    )
    null_links = Quirk(default=False, meaning="say null for a link that there is not; the description leaves it out")
    list_lag = Quirk(0.0, "seconds until lists of profiles show a change, also one by a finished job; no source says")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.key_access = KlaviyoAccess(self.random, self._enter)
        self.access = self.key_access
        self.quotas = [Windows(self._name, lambda: self.limits)]
        self._pending: list[tuple[datetime, Callable[[], Any]]] = []

    # ------------------------------------------------------------------------------------------- manners

    def envelope(self, refusal: Refusal) -> Any:
        """The list of errors; the token endpoint answers as RFC 6749 has it."""
        if refusal.code in _OAUTH:
            return {"error": refusal.code, "error_description": refusal.message}
        return {"errors": [error(refusal, self.random)]}

    def headers(self, call: Call) -> Mapping[str, str]:
        """The media type of JSON:API."""
        return {"Content-Type": JSONAPI} if call.path.startswith("/api/") else {}

    def _name(self, call: Call) -> str:
        path, _, _ = self.switchboard.find(call.method, call.path)
        return f"{path.method} {path.template}"

    def later(self, seconds: float, work: Callable[[], Any]) -> None:
        """Do `work` after so many seconds of the vendor's clock, or now."""
        if seconds <= 0:
            work()
        else:
            self._pending.append((self.clock.now() + timedelta(seconds=seconds), work))

    def settle(self) -> None:
        """Do what is due."""
        now = self.clock.now()
        due = [work for at, work in self._pending if at <= now]
        self._pending = [one for one in self._pending if one[0] > now]
        for work in due:
            work()

    def _enter(self, call: Call) -> None:
        """What each request that got in begins with: due work, and a look at its fieldsets."""
        self.settle()
        check_fields(call.query)

    def now(self) -> str:
        """The vendor's time."""
        return stamp(self.clock.now())

    def state(self) -> dict[str, Any]:
        """The living rows of every table, by id, once everything that is due is done."""
        self.settle()
        return super().state()

    # --------------------------------------------------------------------------------------------- bodies

    def body(self, call: Call, kind: str, *, known: Iterable[str] | None = None, key: str = "") -> Json:
        """`data` of a body with one resource.

        Raises:
            Refusal: 400 for another type, another id than `key`, or an attribute that is not in `known`.
        """
        body = call.json()
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict):
            raise invalid("The payload must have a resource in 'data'.")
        if data.get("type") != kind:
            raise invalid(f"'{data.get('type')}' is not a valid type, expected '{kind}'.", pointer="/data/type")
        if key and data.get("id") != key:
            raise invalid("The id of the payload must be the one of the path.", pointer="/data/id")
        attributes = data.setdefault("attributes", {})
        if not isinstance(attributes, dict):
            raise invalid("'attributes' must be an object.", pointer="/data/attributes")
        for name in attributes:
            if known is not None and name not in known:
                sentence = f"'{name}' is not a valid field for the resource '{kind}'."
                raise invalid(sentence, pointer=f"/data/attributes/{name}")
        return data

    def row(self, table: Table, kind: Kind, key: str) -> Json:
        """A living row.

        Raises:
            Refusal: 404.
        """
        found = table.find(key)
        if found is None:
            raise missing(kind.name, key)
        return found

    # ------------------------------------------------------------------------------------------ documents

    def resource(self, call: Call, kind: Kind, row: Mapping[str, Any], linked: Linked | None = None) -> Json:
        """One resource as the caller wants to see it."""
        wanted = call.many(f"fields[{kind.name}]") if f"fields[{kind.name}]" in call.query else None
        names = [*kind.attributes, *call.many(f"additional-fields[{kind.name}]")]
        attributes = {name: row.get(name) for name in names if name in row or name in kind.attributes}
        at = f"{call.origin}/api/{kind.path}/{row['id']}"
        found: Json = {"type": kind.name, "id": row["id"]}
        if kind.attributes:
            found["attributes"] = sparse(attributes, wanted)
        if kind.links:
            found["relationships"] = {name: self._relation(at, name, to, linked) for name, to in kind.links.items()}
        return {**found, "links": {"self": at}}

    def _relation(self, at: str, name: str, to: str, linked: Linked | None) -> Json:
        links = {"links": {"self": f"{at}/relationships/{name}", "related": f"{at}/{name}"}}
        if name == "import-errors":
            del links["links"]["self"]
        if linked is None or name not in linked:
            return links
        ids = linked[name]
        if ids is None:
            return links
        data = {"type": to, "id": ids} if isinstance(ids, str) else [{"type": to, "id": one} for one in ids]
        return {"data": data, **links}

    def document(self, call: Call, data: Any, rows: Iterable[Any], includes: Mapping[str, Include]) -> Json:
        """The top level of an answer, with what `include` asks for, each resource once.

        Raises:
            Refusal: 400 for an `include` that this resource does not have.
        """
        body: Json = {"data": data, "links": {"self": call.address()}}
        asked = call.many("include")
        for name in asked:
            if name not in includes:
                sentence = f"'{name}' is not an allowed include parameter for this resource."
                raise invalid(sentence, parameter="include")
        if asked:
            held: dict[tuple[str, str], Json] = {}
            for row in rows:
                for name in asked:
                    for kind, other in includes[name](row):
                        held.setdefault((kind.name, other["id"]), self.resource(call, kind, other))
            body["included"] = list(held.values())
        return body

    def one(
        self,
        call: Call,
        kind: Kind,
        row: Mapping[str, Any],
        *,
        linked: Linked | None = None,
        includes: Mapping[str, Include] | None = None,
    ) -> Json:
        """An answer with one resource."""
        return self.document(call, self.resource(call, kind, row, linked), [row], includes or {})

    def page(
        self,
        call: Call,
        rows: Selection,
        show: Callable[[Json], Json],
        *,
        size: int = 20,
        most: int = 100,
        includes: Mapping[str, Include] | None = None,
    ) -> Json:
        """A page of a list: `links.next` leads to the next one.

        The client klaviyo-api 25.0.0 takes a cursor out of such a link with the `=` before it (`wrapper.py`), so the
        real service must understand that.
        """
        given = call.one(_PLUS)
        if given is not None and given.startswith("="):
            call.query = {**call.query, _PLUS: [given[1:]]}
        rule = Pages(ByCursor(_PLUS), "data", size=size, most=most, size_param="page[size]", next_url="links.next")
        seen: list[Json] = []

        def shown(entry: Any) -> Json:
            seen.append(entry.row)
            return show(entry.row)

        try:
            reply = rule.answer(call, rows, shown)
        except Refusal as refusal:
            if not refusal.problems:
                raise
            if refusal.problems[0].field == _PLUS:
                raise invalid("Invalid cursor provided.", pointer="/data/") from None
            raise invalid(f"The page size must be from 1 to {most}.", parameter="page[size]") from None
        body = self.document(call, reply.body["data"], seen, includes or {})
        body["links"] |= self.around(reply.body["links"]["next"])
        return body

    def around(self, following: str | None = None) -> Json:
        """The links of a list beside its own: what there is not is absent, as it is described, or null."""
        links = {"next": following, "prev": None}
        return links if self.null_links else {name: link for name, link in links.items() if link}

    def whole(self, call: Call, data: list[Json]) -> Json:
        """An answer with a list that has one page."""
        return {"data": data, "links": {"self": call.address(), **self.around()}}

    def listed(
        self,
        call: Call,
        table: Table,
        *,
        allowed: Allowed,
        sorts: str,
        default: str = "number",
        keep: Callable[[Any], bool] | None = None,
        terms: Sequence[Term] | None = None,
        **equal: Any,
    ) -> Selection:
        """A table's rows as filter and sort want them.

        Raises:
            Refusal: 400.
        """
        wanted = parse_filter(call.one("filter"), allowed) if terms is None else terms
        name, down = sort_of(call.one("sort"), sorts, default)
        order = {"created_at": "created", "updated_at": "updated"}.get(name, name)
        order = order if order in {"number", "created", "updated", *table.orders} else "number"
        since = None
        for term in wanted:
            if (
                term.op.startswith("greater")
                and term.field.removesuffix("_at") == order
                and isinstance(term.value, datetime)
            ):
                since = term.value - timedelta(seconds=1)

        def fits(entry: Any) -> bool:
            row = entry.row
            return all(term.holds(value_at(row, term.field)) for term in wanted) and (keep is None or keep(row))

        tested = fits if wanted or keep is not None else None
        return table.select(order, down=down, since=since, keep=tested, **equal)

    def reply(self, body: Any, status: int = 200, **headers: str) -> Reply:
        """An answer of another status."""
        return Reply(body, status, {name.replace("_", "-"): value for name, value in headers.items()}, JSONAPI)


_OAUTH = {"invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unsupported_grant_type"}
