"""Lists, segments, and who is in them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic import AwareDatetime

from vaiven_sdk import CreateKey, NotFound, Outcome, Record, RequestRefused, Scope, Write, derive, each, wire
from vaiven_sdk.model import List, Membership

from ._account import Hub, klaviyo, told
from ._api import any_of, documents, listed, since
from ._consent import read

PROCESS = {"double_opt_in": True, "single_opt_in": False}


class ProfileList(Record[List], key="id", cursor="updated_at"):
    """A list: people are put on it one by one (schema ListListResponseObjectResource of the description)."""

    id: str = wire(read_only=True)
    name: str | None = wire("attributes.name", to="name", read_only=True)
    process: str | None = wire("attributes.opt_in_process", read_only=True)
    updated_at: AwareDatetime | None = wire("attributes.updated", read_only=True)

    @derive("type")
    def kind(self) -> str:
        """Segments are dynamic."""
        return "static"

    @derive("is_double_opt_in")
    def is_double_opt_in(self) -> bool | None:
        """Whether a subscriber must confirm."""
        return PROCESS.get(self.process or "")


class Segment(Record[List], key="id", cursor="updated_at"):
    """A segment: its people follow from its conditions."""

    id: str = wire(read_only=True)
    name: str | None = wire("attributes.name", to="name", read_only=True)
    definition: dict[str, Any] | None = wire("attributes.definition", to="definition", read_only=True)
    updated_at: AwareDatetime | None = wire("attributes.updated", read_only=True)

    @derive("type")
    def kind(self) -> str:
        """By a rule."""
        return "dynamic"


# Ten a page is the most for lists and segments (`get_lists`, `get_segments` of klaviyo-api 25.0.0).
LISTS = listed("/api/lists", 10, sort="created")
SEGMENTS = listed("/api/segments", 10, sort="created")
READ_LISTS, READ_SEGMENTS = Scope("lists:read", "read lists"), Scope("segments:read", "read segments")
READ_PEOPLE = Scope("profiles:read", "read who is on a list or in a segment")

lists = klaviyo.stream(ProfileList, LISTS, name="lists", scopes=[READ_LISTS])
segments = klaviyo.stream(Segment, SEGMENTS, scopes=[READ_SEGMENTS])


class ListMember(Record[Membership], key=("list", "profile"), cursor="joined_at"):
    """A profile on a list; `joined_group_at` is when it last came."""

    list: str = wire("list_id", to="list_id", ref="lists")
    profile: str = wire("id", to="person_id", ref="profiles")
    joined_at: AwareDatetime | None = wire("attributes.joined_group_at", to="joined_at", read_only=True)

    @derive("status")
    def status(self) -> str:
        """Whoever was taken off is no longer shown; consent is the profile's, not the list's."""
        return "active"


class SegmentMember(Record[Membership], key=("segment", "profile"), cursor="joined_at"):
    """A profile in a segment."""

    segment: str = wire("segment_id", to="list_id", ref="segments", read_only=True)
    profile: str = wire("id", to="person_id", ref="profiles", read_only=True)
    joined_at: AwareDatetime | None = wire("attributes.joined_group_at", to="joined_at", read_only=True)

    @derive("status")
    def status(self) -> str:
        """Whoever no longer fits is no longer shown."""
        return "active"


SHOWN = {"fields[profile]": "joined_group_at", "sort": "joined_group_at"}
JOINED = since("joined_group_at")
ON_LIST = listed("/api/lists/{parent.id}/profiles", 100, **SHOWN)
JOINED_LIST = listed("/api/lists/{parent.id}/profiles", 100, filter=JOINED, **SHOWN)
IN_SEGMENT = listed("/api/segments/{parent.id}/profiles", 100, **SHOWN)
JOINED_SEGMENT = listed("/api/segments/{parent.id}/profiles", 100, filter=JOINED, **SHOWN)
LAG = 60.0
"""Seconds; our own figure: Klaviyo gives none."""

# A removal is shown by nothing but absence (also PostHog pull request 69216): both need a full read.
list_members = klaviyo.stream(
    ListMember,
    each(LISTS, ON_LIST, inject={"list_id": "parent.id"}),
    name="list_members",
    changes=each(LISTS, JOINED_LIST, inject={"list_id": "parent.id"}),
    create_key=CreateKey.NATURAL,
    lag=LAG,
    scopes=[
        READ_LISTS,
        READ_PEOPLE,
        Scope("lists:write", "put people on lists, and take them off", write=True),
        Scope("profiles:write", "Klaviyo asks for it where list members change", write=True),
    ],
)
segment_members = klaviyo.stream(
    SegmentMember,
    each(SEGMENTS, IN_SEGMENT, inject={"segment_id": "parent.id"}),
    name="segment_members",
    changes=each(SEGMENTS, JOINED_SEGMENT, inject={"segment_id": "parent.id"}),
    lag=LAG,
    scopes=[READ_SEGMENTS, READ_PEOPLE],
)

MOST = 1_000
"""Profiles in one call: `add_profiles_to_list` and `remove_profiles_from_list` of klaviyo-api 25.0.0."""
Writes = Sequence[Write[ListMember]]


async def _send(hub: Hub, method: str, writes: Writes) -> tuple[Writes, list[Outcome]]:
    """One call a list; gives the writes that took effect, and the others' outcomes."""
    by_list: dict[str, list[Write[ListMember]]] = {}
    for write in writes:
        by_list.setdefault(write.record.list, []).append(write)
    done: list[Write[ListMember]] = []
    refused: list[Outcome] = []
    for id_, some in by_list.items():
        body = {"data": [{"type": "profile", "id": write.record.profile} for write in some]}
        try:
            await hub.request(method, f"/api/lists/{id_}/relationships/profiles", json=body, safe=True)
            done += some
        except (NotFound, RequestRefused) as problem:
            if len(writes) > 1:
                # The batch is halved until who is refused stands alone.
                raise RequestRefused(problem.what, why=problem.why, status=getattr(problem, "status", 404)) from None
            code = told(getattr(problem, "body", None))[0] or "not_found"
            refused += [write.rejected(code, problem.why or "Klaviyo has no such list or profile.") for write in some]
    return done, refused


@list_members.add(batch=MOST)
async def add(hub: Hub, writes: Writes) -> list[Outcome]:
    """Put profiles on lists; what they allow stays as it is."""
    done, refused = await _send(hub, "POST", writes)
    return [write.added() for write in done] + refused


@list_members.remove(batch=MOST)
async def remove(hub: Hub, writes: Writes) -> list[Outcome]:
    """Take profiles off lists; what they allow stays as it is."""
    done, refused = await _send(hub, "DELETE", writes)
    return [write.deleted() for write in done] + refused


@list_members.find(batch=100)
async def find(hub: Hub, writes: Writes) -> list[Mapping[str, Any]]:
    """Look for members by address, since a list cannot be asked for ids; who has none is asked for its lists."""
    people = {one["id"]: one["attributes"].get("email") for one in await read(hub, "id", _profiles(writes))}
    found: list[Mapping[str, Any]] = []
    for id_ in dict.fromkeys(write.record.list for write in writes):
        mine = {write.record.profile for write in writes if write.record.list == id_} & people.keys()
        for profile in sorted(one for one in mine if not people[one]):
            answer = await hub.get(f"/api/profiles/{profile}/lists", **{"fields[list]": "name"})
            if any(one["id"] == id_ for one in answer["data"]):
                found.append({"list_id": id_, "id": profile, "attributes": {}})
        if emails := sorted({email for one in mine if (email := people[one])}):
            asked = {"filter": any_of("email", emails), "fields[profile]": "joined_group_at", "page[size]": 100}
            with suppress(NotFound):
                async for answer, _ in documents(hub, f"/api/lists/{id_}/profiles", asked):
                    found += [{**one, "list_id": id_} for one in answer["data"] if one["id"] in mine]
    return found


def _profiles(writes: Writes) -> list[str]:
    return [write.record.profile for write in writes]
