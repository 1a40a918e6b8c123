"""Lists and segments, and who is in them: a membership is a relationship, and not a subscription.

Documentation of the methods in klaviyo-api 25.0.0: adding to a list gives no consent, leaving it takes none away.
Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vaiven_connectors.klaviyo._sim_base import Include, stamp
from vaiven_connectors.klaviyo._sim_kinds import LIST, MEMBER, SEGMENT, TAG, Kind
from vaiven_connectors.klaviyo._sim_profiles import Profiles
from vaiven_connectors.klaviyo._sim_query import RANGE, SINGLE, Allowed, parse_filter, sort_of, value_at
from vaiven_connectors.klaviyo._sim_words import Json, invalid, missing
from vaiven_sdk.testing import Call, Reply, Table, delete, get, ids, patch, post

_FILTERS: Allowed = {"name": SINGLE, "id": SINGLE, "created": "greater-than", "updated": "greater-than"}
_SEGMENT_FILTERS: Allowed = {**_FILTERS, "is_active": SINGLE, "is_starred": "equals"}
_SORTS = "created id name updated"
_MEMBERS: Allowed = {
    **dict.fromkeys(("email", "phone_number", "push_token"), SINGLE),
    "_kx": "equals",
    "joined_group_at": RANGE,
}
_OPT_IN = ("double_opt_in", "single_opt_in")
_MOST = 1000
"""Profiles that one call adds or removes (documentation of add_profiles_to_list)."""


class Groups(Profiles):
    """Lists are filled by hand, segments by a rule of the account's users."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        shape: dict[str, Any] = {"created": "created", "updated": "updated", "stamp": stamp, "orders": ["id", "name"]}
        self.lists = self.table(
            "lists", ids=ids.prefixed("", 6), defaults={"opt_in_process": "single_opt_in", "_tags": []}, **shape
        )
        live: Json = {"is_active": True, "is_processing": False, "is_starred": False, "_tags": []}
        rule: Json = {"definition": {"condition_groups": []}}
        self.segments = self.table("segments", ids=ids.prefixed("", 6), defaults={**live, **rule}, **shape)
        self.memberships = self.table(
            "memberships",
            ids=lambda row, _, __: f"{row['group']}/{row['profile']}",
            stamp=stamp,
            created="joined_group_at",
            indexes=["group"],
            lag=lambda: self.list_lag,
        )
        self.tags = self.table("tags", ids=ids.uuid4(), orders=["name", "id"])
        self.profiles.watch(self._forget)

    def _forget(self, change: Any) -> None:
        if change.op in {"deleted", "erased"}:
            for row in [row for row in self.memberships if row["profile"] == change.key]:
                self.memberships.erase(row["id"])

    # --------------------------------------------------------------------------------------- memberships

    def join(self, group: str, profile: str) -> bool:
        """Put a profile in; says whether it was out."""
        if f"{group}/{profile}" in self.memberships:
            return False
        # A key that was used before belongs to a tombstone, so a row is erased when somebody leaves.
        self.memberships.add({"group": group, "profile": profile})
        return True

    def leave(self, group: str, profile: str) -> bool:
        """Take a profile out; says whether it was in."""
        if f"{group}/{profile}" not in self.memberships:
            return False
        self.memberships.erase(f"{group}/{profile}")
        return True

    def members_of(self, group: str) -> list[str]:
        """Ids of the profiles that are in now."""
        return [row["profile"] for row in self.memberships if row["group"] == group]

    def groups_of(self, profile: str, name: str) -> list[str]:
        """Ids of the lists or segments that a profile is in."""
        table = self.lists if name == "lists" else self.segments
        return [row["group"] for row in self.memberships if row["profile"] == profile and row["group"] in table]

    def group_rows(self, profile: str, name: str) -> list[tuple[Kind, Json]]:
        """The lists or segments themselves."""
        kind, table = (LIST, self.lists) if name == "lists" else (SEGMENT, self.segments)
        return [(kind, table.get(key)) for key in self.groups_of(profile, name)]

    def _members(self, call: Call, table: Table, kind: Kind, *, bare: bool) -> Json:
        group = self.row(table, kind, call.slots["id"])["id"]
        allowed = {**_MEMBERS, "profile_id": SINGLE} if kind is SEGMENT else _MEMBERS
        terms = parse_filter(call.one("filter"), allowed)
        _, down = sort_of(call.one("sort"), "joined_group_at", "joined_group_at")

        def fits(entry: Any) -> bool:
            person = self.profiles.find(entry.row["profile"])
            if person is None:
                return False
            row = {**person, "joined_group_at": entry.row["joined_group_at"], "profile_id": person["id"]}
            return all(term.holds(value_at(row, term.field)) for term in terms)

        def show(entry: Json) -> Json:
            if bare:
                return {"type": "profile", "id": entry["profile"]}
            person = self.profiles.get(entry["profile"])
            return self.show_profile(call, {**person, "joined_group_at": entry["joined_group_at"]}, MEMBER)

        return self.page(call, self.memberships.select("created", down=down, keep=fits, group=group), show)

    @get("/api/lists/{id}/profiles", scope="lists:read")
    def list_profiles_of_list(self, call: Call) -> Json:
        """The profiles of a list, with the time at which each joined."""
        return self._members(call, self.lists, LIST, bare=False)

    @get("/api/lists/{id}/relationships/profiles", scope="lists:read")
    def list_profile_ids_of_list(self, call: Call) -> Json:
        """Only their ids."""
        return self._members(call, self.lists, LIST, bare=True)

    @get("/api/segments/{id}/profiles", scope="segments:read")
    def list_profiles_of_segment(self, call: Call) -> Json:
        """The profiles of a segment."""
        return self._members(call, self.segments, SEGMENT, bare=False)

    @get("/api/segments/{id}/relationships/profiles", scope="segments:read")
    def list_profile_ids_of_segment(self, call: Call) -> Json:
        """Only their ids."""
        return self._members(call, self.segments, SEGMENT, bare=True)

    @post("/api/lists/{id}/relationships/profiles", scope="lists:write")
    def add_profiles_to_list(self, call: Call) -> None:
        """Put profiles into a list; nobody is subscribed by that."""
        self._relate(call, self.join)

    @delete("/api/lists/{id}/relationships/profiles", scope="lists:write")
    def remove_profiles_from_list(self, call: Call) -> None:
        """Take profiles out of a list; nobody is unsubscribed by that."""
        self._relate(call, self.leave)

    def _relate(self, call: Call, act: Callable[[str, str], bool]) -> None:
        group = self.row(self.lists, LIST, call.slots["id"])["id"]
        body = call.json()
        people = body.get("data") if isinstance(body, dict) else None
        if not isinstance(people, list):
            raise invalid("'data' must be a list of profiles.")
        if len(people) > _MOST:
            raise invalid(f"At most {_MOST} profiles can be sent in one call.")
        for at, one in enumerate(people):
            if one.get("type") != "profile":
                raise invalid("'type' must be 'profile'.", pointer=f"/data/{at}/type")
            if one.get("id") not in self.profiles:
                raise missing("profile", str(one.get("id")))
        for one in people:
            act(group, one["id"])

    @get("/api/profiles/{id}/lists", scope="lists:read")
    def list_lists_of_profile(self, call: Call) -> Json:
        """The lists that a profile is in."""
        return self._groups(call, "lists", LIST)

    @get("/api/profiles/{id}/segments", scope="segments:read")
    def list_segments_of_profile(self, call: Call) -> Json:
        """The segments that a profile is in."""
        return self._groups(call, "segments", SEGMENT)

    def _groups(self, call: Call, name: str, kind: Kind) -> Json:
        profile = self.profiles.find(call.slots["id"])
        if profile is None:
            raise missing("profile", call.slots["id"])
        found = [self.resource(call, kind, row) for _, row in self.group_rows(profile["id"], name)]
        return self.whole(call, found)

    # -------------------------------------------------------------------------------- lists and segments

    def tag_rows(self, row: Json) -> list[tuple[Kind, Json]]:
        """The tags of a list, a segment, a campaign or a flow."""
        return [(TAG, self.tags.get(key)) for key in row["_tags"]]

    @property
    def _around_group(self) -> dict[str, Include]:
        return {"tags": self.tag_rows, "flow-triggers": lambda _: []}

    def _show(self, call: Call, kind: Kind, row: Json) -> Json:
        full = dict(row)
        if "profile_count" in call.many(f"additional-fields[{kind.name}]"):
            full["profile_count"] = len(self.members_of(row["id"]))
        return self.resource(call, kind, full, {"tags": row["_tags"]} if "tags" in call.many("include") else None)

    @get("/api/lists", scope="lists:read")
    def list_lists(self, call: Call) -> Json:
        """All lists, ten a page."""
        rows = self.listed(call, self.lists, allowed=_FILTERS, sorts=_SORTS)
        return self.page(
            call, rows, lambda row: self._show(call, LIST, row), size=10, most=10, includes=self._around_group
        )

    @get("/api/lists/{id}", scope="lists:read")
    def get_list(self, call: Call) -> Json:
        """One list."""
        row = self.row(self.lists, LIST, call.slots["id"])
        return self.document(call, self._show(call, LIST, row), [row], self._around_group)

    @get("/api/segments", scope="segments:read")
    def list_segments(self, call: Call) -> Json:
        """All segments, ten a page."""
        rows = self.listed(call, self.segments, allowed=_SEGMENT_FILTERS, sorts=_SORTS)
        return self.page(
            call, rows, lambda row: self._show(call, SEGMENT, row), size=10, most=10, includes=self._around_group
        )

    @get("/api/segments/{id}", scope="segments:read")
    def get_segment(self, call: Call) -> Json:
        """One segment."""
        row = self.row(self.segments, SEGMENT, call.slots["id"])
        return self.document(call, self._show(call, SEGMENT, row), [row], self._around_group)

    @post("/api/lists", scope="lists:write")
    def create_list(self, call: Call) -> Reply:
        """A new list, without double opt-in unless it is asked for."""
        values = self._list_values(self.body(call, "list", known=("name", "opt_in_process")), named=True)
        return self.reply(self.one(call, LIST, self.lists.add(values)), 201)

    @patch("/api/lists/{id}", scope="lists:write")
    def update_list(self, call: Call) -> Json:
        """Another name, or another way to opt in."""
        row = self.row(self.lists, LIST, call.slots["id"])
        data = self.body(call, "list", known=("name", "opt_in_process"), key=row["id"])
        return self.one(call, LIST, self.lists.change(row["id"], self._list_values(data, named=False)))

    @delete("/api/lists/{id}", scope="lists:write")
    def delete_list(self, call: Call) -> None:
        """Delete a list; its profiles stay."""
        self.drop_group(self.lists, self.row(self.lists, LIST, call.slots["id"])["id"])

    def drop_group(self, table: Table, key: str) -> None:
        """Delete a list or segment with its memberships."""
        for profile in self.members_of(key):
            self.leave(key, profile)
        table.remove(key)

    @staticmethod
    def _list_values(data: Json, *, named: bool) -> Json:
        values: Json = {name: value for name, value in data["attributes"].items() if value is not None}
        if named and not values.get("name"):
            raise invalid("The name of a list is required.", pointer="/data/attributes/name")
        if values.get("opt_in_process", _OPT_IN[0]) not in _OPT_IN:
            raise invalid(f"'opt_in_process' must be one of {_OPT_IN}.", pointer="/data/attributes/opt_in_process")
        return values
