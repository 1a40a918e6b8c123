"""Contacts in campaigns: each at most once, for Salesforce refuses a second membership."""

from collections.abc import Mapping, Sequence
from typing import Any

from vaiven_connectors.salesforce._objects import BATCH, COLLECTIONS, deleted, object_stream, refused
from vaiven_connectors.salesforce._sales import CampaignMember
from vaiven_connectors.salesforce._settings import Settings
from vaiven_connectors.salesforce._soql import found, quoted
from vaiven_sdk import Connector, CreateKey, Outcome, Session, Stream, Write

TWICE = "DUPLICATE_VALUE"
"""A create for a contact that is a member is an error (Object Reference, "CampaignMember", Usage, 2026-11-25)."""
LOOKED_UP = 100
"""Members looked up in one query by campaign and contact, whose ids stand in its address."""


def member_stream(salesforce: Connector[Settings]) -> Stream[CampaignMember, Settings]:
    """Add the stream of campaign members that are contacts."""
    stream = object_stream(
        salesforce,
        "CampaignMember",
        CampaignMember,
        name="campaign_members",
        where="ContactId != null",
        fixed=True,
        create_key=CreateKey.NATURAL,
    )

    @stream.add(batch=LOOKED_UP, needs=("from_id", "to_id"))
    async def add(hub: Session[Settings], writes: Sequence[Write[CampaignMember]]) -> list[Outcome]:
        rows = [{"attributes": {"type": "CampaignMember"}, **_ends(write)} for write in writes]
        # A repeated call is told that the member is there, so it may be repeated.
        answer = await hub.post(COLLECTIONS, {"allOrNone": False, "records": rows}, safe=True)
        if len(answer) != len(writes):
            return []
        outcomes = []
        there: list[Write[CampaignMember]] = []
        for write, row in zip(writes, answer, strict=True):
            if (why := refused(row)) is None:
                outcomes.append(write.saved(str(row["id"])))
            elif why[0] == TWICE:
                there.append(write)
            else:
                outcomes.append(write.rejected(*why))
        known = {(row["CampaignId"], row["ContactId"]): row for row in await _members(hub, there)}
        found_again = [(write, known.get((write.record.campaign_id, write.record.contact_id))) for write in there]
        return [*outcomes, *(write.saved(str(row["Id"]), row) for write, row in found_again if row is not None)]

    @stream.remove(batch=BATCH)
    async def remove(hub: Session[Settings], writes: Sequence[Write[CampaignMember]]) -> list[Outcome]:
        return await deleted(hub, writes)

    @stream.find(batch=LOOKED_UP)
    async def find(hub: Session[Settings], writes: Sequence[Write[CampaignMember]]) -> list[Mapping[str, Any]]:
        ids = [write.id for write in writes if write.id]
        rows = await found(hub, "CampaignMember", CampaignMember.paths(), ids) if ids else []
        return rows + await _members(hub, [write for write in writes if not write.id])

    return stream


async def _members(hub: Session[Settings], writes: Sequence[Write[CampaignMember]]) -> list[Mapping[str, Any]]:
    """The members by campaign and contact."""
    if not writes:
        return []
    one, two = (
        ", ".join(sorted({quoted(str(_ends(write)[end])) for write in writes})) for end in ("CampaignId", "ContactId")
    )
    condition = f"CampaignId IN ({one}) AND ContactId IN ({two})"
    rows = await found(hub, "CampaignMember", CampaignMember.paths(), [], condition)
    pairs = {(_ends(write)["CampaignId"], _ends(write)["ContactId"]) for write in writes}
    return [row for row in rows if (row["CampaignId"], row["ContactId"]) in pairs]


def _ends(write: Write[CampaignMember]) -> dict[str, str | None]:
    return {"CampaignId": write.record.campaign_id, "ContactId": write.record.contact_id}
