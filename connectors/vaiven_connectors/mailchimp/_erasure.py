"""A person's request to be forgotten: the reference's "Delete list member permanently", read 2026-11-25."""

from collections.abc import Sequence

from vaiven_sdk import NotFound, Outcome, Session, Write

from ._account import Settings
from ._members import Member, members


@members.erase(note="Mailchimp takes the address in no more: only the person can sign up again, through a form.")
async def erase(hub: Session[Settings], writes: Sequence[Write[Member]]) -> list[Outcome]:
    """Delete for good; the path is documented for the hash alone, which the contact's id leads to."""
    audience = f"/lists/{hub.config.audience_id}/members"
    for write in writes:
        try:
            member = (await hub.get(f"{audience}/{write.id}", fields="id"))["id"]
            await hub.post(f"{audience}/{member}/actions/delete-permanent", safe=True)
        except NotFound:
            continue  # it was deleted before
    return [write.deleted() for write in writes]
