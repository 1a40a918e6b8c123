"""Writing people to an audience, one request each, ten at once.

The batch call (`POST /lists/{list_id}`, 500 members) is left alone: its answer has no `contact_id`, it cannot
change an address, and it would create anew whoever was deleted in the meantime.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import md5
from typing import Any

from vaiven_sdk import NotFound, Outcome, RequestRefused, Session, Write

from ._account import Settings
from ._members import Member, members
from ._reads import seconds

AT_ONCE = 10
"""Simultaneous connections allowed to an account (developer docs, "Fundamentals", Throttling, 2026-11-22)."""

Hub = Session[Settings]
One = Callable[[Hub, Write[Member]], Awaitable[Outcome]]

COMPLIANCE = "Member In Compliance State"
"""The person left, or the address bounced: an API may only have them asked (jethro-pmm#656, forem#6256)."""

_SHOWN = ",".join({path.partition(".")[0] for path in Member.paths()} | {"id"})


def subscriber_hash(email: str) -> str:
    """The id in paths: MD5 of the address in lower case."""
    return md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def _path(hub: Hub, member: str) -> str:
    return f"/lists/{hub.config.audience_id}/members/{member}"


async def _each(hub: Hub, writes: Sequence[Write[Member]], one: One) -> list[Outcome]:
    """Do all of them and wait for all, so that none is still under way when one fails."""
    done = await asyncio.gather(*(_guarded(hub, write, one) for write in writes), return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in done if isinstance(outcome, Outcome)]


async def _guarded(hub: Hub, write: Write[Member], one: One) -> Outcome:
    try:
        return await one(hub, write)
    except NotFound:
        return write.rejected("not_found", "The audience no longer has this contact.")
    except RequestRefused as refusal:
        body, title = _problem(refusal)
        if title == COMPLIANCE:
            return write.rejected(
                "compliance",
                "This person unsubscribed, bounced or was deleted; only the person can subscribe again, "
                "through a Mailchimp form.",
            )
        return write.rejected(title.lower().replace(" ", "_"), _sentence(body) or str(refusal))


def _problem(refusal: RequestRefused) -> tuple[Mapping[str, Any], str]:
    body = refusal.body if isinstance(refusal.body, Mapping) else {}
    return body, str(body.get("title") or "refused")


def _sentence(body: Mapping[str, Any]) -> str:
    """What Mailchimp says is wrong, field by field where it does."""
    faults = [f"{fault.get('field')}: {fault.get('message')}" for fault in body.get("errors") or ()]
    return " ".join([str(body.get("detail") or ""), *faults]).strip()


async def _tag(hub: Hub, write: Write[Member], stored: Mapping[str, Any]) -> None:
    """Add and take off just the tags that the hub means; one that it has not seen yet stays."""
    has = {tag["name"] for tag in stored.get("tags") or ()}
    wanted = {tag.name for tag in write.record.tags or ()}
    seen = {tag.name for tag in write.before.tags or ()} if write.before else has if write.id else set()
    tags = [{"name": name, "status": "active"} for name in sorted(wanted - has)]
    tags += [{"name": name, "status": "inactive"} for name in sorted(seen - wanted)]
    if tags:
        # Unlike its neighbours this path is documented for the hash alone, not for the contact id.
        await hub.post(f"{_path(hub, stored['id'])}/tags", {"tags": tags})


def _evidence(write: Write[Member], status: str | None) -> dict[str, str]:
    """When the person agreed, as Mailchimp keeps it: "confirmed their opt-in status" (reference, list-members).

    Without it Mailchimp dates the opt-in when our request comes, and puts down our address as the person's.
    """
    known = write.proofs.get("email_consent")
    return {"timestamp_opt": seconds(known.instant)} if known and status == "subscribed" else {}


async def _subscribed(hub: Hub, path: str, body: dict[str, Any], write: Write[Member]) -> Any:
    """Change a member; one who left and has since agreed elsewhere is asked to confirm, the one way that is open."""
    told = _evidence(write, body.get("status"))
    try:
        return await hub.patch(path, {**body, **told})
    except RequestRefused as refusal:
        if not told or _problem(refusal)[1] != COMPLIANCE:
            raise
        return await hub.patch(path, {**body, "status": "pending"})


async def _create(hub: Hub, write: Write[Member]) -> Outcome:
    body = write.patch
    tagged = bool(body.pop("tags", None))
    # Without `status` an address that is already there keeps its own: whoever left stays away.
    status = body["status_if_new"] = body.pop("status", None) or "subscribed"
    path = _path(hub, subscriber_hash(write.record.email or ""))
    if told := _evidence(write, status):
        try:
            await hub.get(path, fields="id")
        except NotFound:
            # Of somebody who is there the own date of opt-in would be written over.
            body |= told
    stored = await hub.put(path, body)
    if stored["status"] == "archived":
        stored = await _subscribed(hub, path, {"status": status}, write)
    if tagged:
        await _tag(hub, write, stored)
    return write.saved(stored["contact_id"], None if tagged else stored)


async def _update(hub: Hub, write: Write[Member]) -> Outcome:
    body = write.patch
    tagged = "tags" in body
    body.pop("tags", None)
    path = _path(hub, write.id or "")
    stored = await (_subscribed(hub, path, body, write) if body else hub.get(path, fields=_SHOWN))
    if tagged:
        await _tag(hub, write, stored)
    return write.saved(stored["contact_id"], None if tagged else stored)


async def _archive(hub: Hub, write: Write[Member]) -> Outcome:
    path = _path(hub, write.id or "")
    try:
        await hub.delete(path)
    except NotFound:
        return write.deleted()
    except RequestRefused as refusal:
        # "Can not archive a contact that is bounced, pending or archived" (gibbon issue 320).
        if refusal.status != 405:
            raise
        if (await hub.get(path, fields="status"))["status"] != "archived":
            return write.rejected(
                "not_archivable", "Mailchimp does not archive a contact that bounced or has yet to confirm."
            )
    return write.deleted()


@members.create(batch=AT_ONCE, needs=("email",), consent="email_consent")
async def create(hub: Hub, writes: Sequence[Write[Member]]) -> Sequence[Outcome]:
    """Add people by address (`PUT`): the same address twice is one member."""
    return await _each(hub, writes, _create)


@members.update(batch=AT_ONCE)
async def update(hub: Hub, writes: Sequence[Write[Member]]) -> Sequence[Outcome]:
    """Change just what changed (`PATCH`); tags have a call of their own."""
    return await _each(hub, writes, _update)


@members.delete(batch=AT_ONCE)
async def archive(hub: Hub, writes: Sequence[Write[Member]]) -> Sequence[Outcome]:
    """Archive people (`DELETE`); they keep their history and can be brought back."""
    return await _each(hub, writes, _archive)


@members.find(batch=AT_ONCE)
async def find(hub: Hub, writes: Sequence[Write[Member]]) -> list[Mapping[str, Any]]:
    """Read members back: by contact id, or by address those to be created; archived ones count as gone."""

    async def one(write: Write[Member]) -> Mapping[str, Any] | None:
        member = write.id or subscriber_hash(write.record.email or "")
        try:
            found: Mapping[str, Any] = await hub.get(_path(hub, member), fields=_SHOWN)
        except NotFound:
            return None
        return None if found["status"] == "archived" else found

    return [found for found in await asyncio.gather(*map(one, writes)) if found]
