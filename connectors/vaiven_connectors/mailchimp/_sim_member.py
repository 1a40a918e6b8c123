"""One member of an audience, and the audience's members in each order that the vendor can list them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from vaiven_connectors.mailchimp._sim_http import Json, md5

STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived")
Entry = tuple[str, int]

# What an item of a batch subscribe or of a segment lacks of a member (spec file mailchimp.json.gz:
# the answers of POST /lists/{list_id} and of GET /lists/{list_id}/segments/{segment_id}/members).
BRIEF = frozenset(
    {
        "consents_to_one_to_one_messaging",
        "contact_id",
        "full_name",
        "marketing_permissions",
        "source",
        "unsubscribe_reason",
        "web_id",
    }
)
BRIEFER = BRIEF | {"tags", "tags_count"}


@dataclass(slots=True)
class Member:
    """A member as the vendor keeps it; instants are its own strings, which sort as time does."""

    seq: int
    email: str
    contact_id: str
    list_id: str
    status: str
    last_changed: str
    timestamp_opt: str = ""
    timestamp_signup: str = ""
    ip_opt: str = ""
    ip_signup: str = ""
    merge: Json = field(default_factory=dict)
    interests: dict[str, bool] = field(default_factory=dict)
    permissions: dict[str, bool] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    email_type: str = "html"
    language: str = ""
    vip: bool = False
    source: str = "API - Generic"
    latitude: float = 0
    longitude: float = 0
    opted_out: bool = False
    """The person left, complained or bounced: only the person can subscribe this address again."""
    unsubscribe_reason: str = ""
    unsubscribed_at: str = ""
    rating: int = 2
    open_rate: float = 0
    click_rate: float = 0

    @property
    def id(self) -> str:
        """MD5 of the lower-cased address, which changes with the address."""
        return md5(self.email.lower())

    @property
    def unique_email_id(self) -> str:
        """The vendor's identifier of the address in all audiences."""
        return md5("address:" + self.email.lower())[:10]

    @property
    def web_id(self) -> int:
        """The id in the vendor's web application."""
        return 547_000_000 + self.seq

    def brief(self, view: Json, without: frozenset[str]) -> Json:
        """A view with less in it: some properties, and the region of the place."""
        shown = {name: value for name, value in view.items() if name not in without}
        return shown | {"location": {k: v for k, v in view["location"].items() if k != "region"}}


class Roll:
    """All members of an audience, in the orders asked for so far.

    An order is one sorted list of (value, seq), kept up to date with each change, for one group of members:
    those of a status, or `current`, which is all but the archived, or `all`.
    """

    def __init__(self) -> None:
        self.members: dict[int, Member] = {}
        self.by_id: dict[str, Member] = {}
        self.by_contact: dict[str, Member] = {}
        self.counts: dict[str, int] = dict.fromkeys(STATUSES, 0)
        self.version = 0
        self._orders: dict[tuple[str, str], list[Entry]] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members.values())

    def find(self, key: str) -> Member | None:
        """A member by hash, by address or by contact id: the path accepts each of them (client 3.0.80)."""
        if "@" in key:
            return self.by_id.get(md5(key.lower()))
        return self.by_id.get(key.lower()) or self.by_contact.get(key)

    def put(self, member: Member) -> None:
        """Take in a member, or take it back after a change."""
        self.version += 1
        self.members[member.seq] = member
        self.by_id[member.id] = member
        self.by_contact[member.contact_id] = member
        self.counts[member.status] += 1
        for (group, name), order in self._orders.items():
            if _belongs(member, group):
                insort(order, (_value(member, name), member.seq))

    def take(self, member: Member) -> None:
        """Take out a member, to change it or for good."""
        self.version += 1
        del self.members[member.seq], self.by_id[member.id], self.by_contact[member.contact_id]
        self.counts[member.status] -= 1
        for (group, name), order in self._orders.items():
            if _belongs(member, group):
                del order[bisect_left(order, (_value(member, name), member.seq))]

    def forget_orders(self) -> None:
        """Drop the sorted lists, so that a bulk load need not keep them; the next listing makes them anew."""
        self._orders.clear()

    def order(self, group: str, name: str) -> list[Entry]:
        """The members of a group by a field, or by `seq`, the order in which they came in."""
        order = self._orders.get((group, name))
        if order is None:
            found = (m for m in self.members.values() if _belongs(m, group))
            order = sorted((_value(m, name), m.seq) for m in found)
            self._orders[group, name] = order
        return order

    def between(self, group: str, name: str, since: str | None, before: str | None) -> tuple[int, int]:
        """The slice of an order that lies strictly after `since` and strictly before `before`."""
        order = self.order(group, name)
        low = bisect_left(order, (since, 1 << 62)) if since else 0
        high = bisect_left(order, (before, -1)) if before else len(order)
        return low, max(low, high)


def _belongs(member: Member, group: str) -> bool:
    return member.status != "archived" if group == "current" else group in {"all", member.status}


def _value(member: Member, name: str) -> str:
    return "" if name == "seq" else str(getattr(member, name))


def links(base: str, list_id: str) -> bytes:
    """The `_links` of any member of a list, with `@` where the member's hash belongs."""
    members = f"{base}/3.0/lists/{list_id}/members"
    schema = f"{base}/schema/3.0/Definitions/Lists/Members"
    one = {"targetSchema": f"{schema}/Response.json"}
    return msgspec.json.encode(
        [
            {"rel": "self", "href": f"{members}/@", "method": "GET", **one},
            {
                "rel": "parent",
                "href": members,
                "method": "GET",
                "targetSchema": f"{schema}/CollectionResponse.json",
                "schema": f"{base}/schema/3.0/Paths/Lists/Members/Collection.json",
            },
            {
                "rel": "update",
                "href": f"{members}/@",
                "method": "PATCH",
                **one,
                "schema": f"{schema}/PATCH.json",
            },
            {"rel": "upsert", "href": f"{members}/@", "method": "PUT", **one, "schema": f"{schema}/PUT.json"},
            {"rel": "delete", "href": f"{members}/@", "method": "DELETE"},
            {"rel": "delete_permanent", "href": f"{members}/@/actions/delete-permanent", "method": "POST"},
        ]
    )


def is_blank(value: Any) -> bool:
    """Whether a merge field counts as having no value."""
    return value in ("", None, {})
