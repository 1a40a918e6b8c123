"""Custom audiences, and who is in them: people go out as digests, and nothing of them comes back.

developers.facebook.com, "Custom Audience Users" (updated 2025-10-08) and "Customer File Custom Audiences", read
2026-11-25; sessions: CustomAudienceSession of facebook-business-sdk-codegen@ad2b0b6.
"""

import json
import secrets
from collections.abc import Sequence
from typing import Any

from vaiven_sdk import (
    NotFound,
    Outcome,
    Record,
    RequestRefused,
    Write,
    derive,
    wire,
)
from vaiven_sdk.model import List, Membership

from . import _hashing
from ._account import Hub
from ._errors import reason
from ._listing import Edge

MOST = 10_000
"""People in one call."""
FEW = 40
"""People in one removal: Meta's own client puts them into the address."""
SCHEMA = ("EMAIL", "PHONE")


class MetaAudience(Record[List], key="id"):
    """A custom audience."""

    id: str = wire(read_only=True)
    name: str | None = wire(to="name")
    description: str | None = wire(to="description")
    lower_bound: int | None = wire("approximate_count_lower_bound", read_only=True)

    @derive("type")
    def kind(self) -> str:
        """Whatever it is made of, ads are shown to it."""
        return "ad_audience"

    @derive("size")
    def size(self) -> int | None:
        """The lower end of Meta's estimate; -1 says that there is none yet."""
        return self.lower_bound if self.lower_bound is not None and self.lower_bound >= 0 else None


class MetaMember(Record[Membership], key=("audience", "digest")):
    """Somebody in a custom audience: known by digests alone."""

    audience: str = wire(to="list_id", ref="audiences")
    digest: str | None = wire(read_only=True)
    email_digest: str | None = wire(read_only=True)
    phone_digest: str | None = wire(read_only=True)
    person: dict[str, Any] | None = wire(to="person_id", of=("email", "phone", "email_consent"))

    @derive("status")
    def status(self) -> str:
        """Meta does not show who is in an audience: it is what was sent."""
        return "active"


AUDIENCES = Edge("customaudiences", "", ("id", "name", "description", "approximate_count_lower_bound"))
Members = Sequence[Write[MetaMember]]


async def make(hub: Hub, writes: Sequence[Write[MetaAudience]]) -> list[Outcome]:
    """Empty audiences of a customer file."""
    outcomes = []
    for write in writes:
        form = {
            "name": write.record.name or "",
            "description": write.record.description or "",
            "subtype": "CUSTOM",
            "customer_file_source": "USER_PROVIDED_ONLY",
        }
        try:
            made = await hub.post(f"/{hub.config.ad_account}/customaudiences", form=form)
        except RequestRefused as problem:
            outcomes.append(write.rejected(*reason(problem)))
        else:
            outcomes.append(write.saved(str(made["id"])))
    return outcomes


def stored(write: Write[MetaMember]) -> dict[str, Any] | None:
    """The member as it is kept: digests; None of somebody whom Meta cannot or must not be told of."""
    person = write.record.person or {}
    if _hashing.refused(person):
        return None
    email, phone = _hashing.email(person.get("email")), _hashing.phone(person.get("phone"))
    if not email and not phone:
        return None
    return {
        "audience": write.record.audience,
        "digest": _hashing.digest(f"{email or ''}/{phone or ''}"),
        "email_digest": email,
        "phone_digest": phone,
    }


def payload(rows: Sequence[Sequence[str | None]]) -> str:
    """Digests as the parameter takes them; an empty text where there is none."""
    return json.dumps({"schema": SCHEMA, "data": [[one or "" for one in row] for row in rows]})


async def add(hub: Hub, writes: Members) -> list[Outcome]:
    """Put people into audiences: one session of one batch for each audience. It may take Meta a day."""
    kept = [(write, stored(write)) for write in writes]
    outcomes = [
        write.rejected("not_matchable", "The person refused, or has neither a valid address nor a number with +.")
        for write, row in kept
        if row is None
    ]
    for audience in dict.fromkeys(write.record.audience for write, row in kept if row):
        mine = [(write, row) for write, row in kept if row and row["audience"] == audience]
        told = await _send(hub, audience, mine)
        if told is None:
            outcomes += [Outcome(w.hub_id, "created", f"{audience}/{row['digest']}", row) for w, row in mine]
        elif len(writes) > 1:
            # The batch is halved until who is not taken stands alone.
            raise RequestRefused("Meta did not take everybody.", why=told[1])
        else:
            outcomes += [write.rejected(*told) for write, _ in mine]
    return outcomes


async def _send(hub: Hub, audience: str, mine: Sequence[tuple[Write[MetaMember], dict[str, Any]]]) -> Any:
    session = {
        "session_id": secrets.randbits(53),
        "batch_seq": 1,
        "last_batch_flag": True,
        "estimated_num_total": len(mine),
    }
    rows = [(row["email_digest"], row["phone_digest"]) for _, row in mine]
    form = {"payload": payload(rows), "session": json.dumps(session)}
    try:
        answer = await hub.post(f"/{audience}/users", form=form, safe=True)
    except (NotFound, RequestRefused) as problem:
        return reason(problem)
    invalid = int(answer.get("num_invalid_entries") or 0)
    return ("invalid_entry", f"Meta found {invalid} entries invalid.") if invalid else None


async def remove(hub: Hub, writes: Members) -> list[Outcome]:
    """Take people out of audiences by the digests that were stored."""
    for audience in dict.fromkeys(write.record.audience for write in writes):
        rows = [(w.record.email_digest, w.record.phone_digest) for w in writes if w.record.audience == audience]
        try:
            await hub.request("DELETE", f"/{audience}/users", params={"payload": payload(rows)}, safe=True)
        except NotFound:
            continue  # The audience is gone, and everybody with it.
    return [write.deleted() for write in writes]
