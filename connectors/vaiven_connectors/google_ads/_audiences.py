"""Customer Match: people put on user lists, and taken off, by digests of their addresses.

A job of `OfflineUserDataJobService` is made for one list, filled, and run; it takes hours, and what it holds is told to
nobody. Since 2026-04-01 Google takes such jobs only from who had sent some in the half year before; others must use its
Data Manager API (developers.google.com/ads/blog, 2026-03-04), which wants a permission of its own. Read 2026-11-25.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from vaiven_sdk import CreateKey, Deletes, Outcome, Record, RequestRefused, Write, derive, wire
from vaiven_sdk.model import Membership

from ._account import Hub, google_ads, path
from ._errors import told
from ._gaql import V

MOST = 10_000
"""Members in one call: of `addOperations` at most 100,000 identifiers are taken, and two are sent of each."""


class AudienceMember(Record[Membership], key=("user_list", "digest")):
    """Somebody on a list; what is kept of them here are the digests that Google was given."""

    user_list: str = wire("user_list", to="list_id", ref="user_lists")
    digest: str | None = wire("digest", read_only=True)
    identifiers: list[dict[str, str]] | None = wire("identifiers", read_only=True)
    person: dict[str, str] | None = wire("person", to="person_id", of=("email", "phone"))

    @derive("status")
    def status(self) -> str:
        """Whoever is taken off is no longer shown."""
        return "active"


# Nothing can be read back; adding somebody twice, or taking off who is not there, does no harm.
audience_members = google_ads.stream(
    AudienceMember, name="audience_members", create_key=CreateKey.NATURAL, deletes=Deletes.NEVER
)
Writes = Sequence[Write[AudienceMember]]


def hashed(person: Mapping[str, str]) -> list[dict[str, str]]:
    """What Google knows a person by: SHA-256 of the address without blanks in small letters, of the number as E.164."""
    out = []
    if email := person.get("email"):
        out.append({"hashedEmail": _digest(re.sub(r"\s", "", email).lower())})
    if phone := person.get("phone"):
        out.append({"hashedPhoneNumber": _digest("+" + re.sub(r"\D", "", phone))})
    return out


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@audience_members.add(batch=MOST)
async def add(hub: Hub, writes: Writes) -> list[Outcome]:
    """Put people on lists, one job for each list."""
    rows = [(write, hashed(write.record.person or {})) for write in writes]
    done, outcomes = await _sent(hub, "create", [(write, known) for write, known in rows if known])
    why = "There is neither an address nor a number by which Google could know this person."
    outcomes += [write.rejected("unidentified", why) for write, known in rows if not known]
    for write, known in done:
        digest = next(iter(known[0].values()))
        kept = {"user_list": write.record.user_list, "digest": digest, "identifiers": known}
        outcomes.append(Outcome(write.hub_id, "created", f"{write.record.user_list}/{digest}", kept))
    return outcomes


@audience_members.remove(batch=MOST)
async def remove(hub: Hub, writes: Writes) -> list[Outcome]:
    """Take people off by the digests with which they were put on."""
    done, outcomes = await _sent(hub, "remove", [(write, write.record.identifiers or []) for write in writes])
    return [write.deleted() for write, _ in done] + outcomes


Rows = Sequence[tuple[Write[AudienceMember], list[dict[str, str]]]]


async def _sent(hub: Hub, verb: str, rows: Rows) -> tuple[Rows, list[Outcome]]:
    """Those whom the jobs took, and the outcomes of the others."""
    done: list[tuple[Write[AudienceMember], list[dict[str, str]]]] = []
    outcomes: list[Outcome] = []
    for id_ in dict.fromkeys(write.record.user_list for write, _ in rows):
        mine = [(write, known) for write, known in rows if write.record.user_list == id_]
        refused = await _job(hub, id_, [{verb: {"userIdentifiers": known}} for _, known in mine])
        for number, (write, known) in enumerate(mine):
            if number in refused:
                outcomes.append(write.rejected(*refused[number]))
            else:
                done.append((write, known))
    return done, outcomes


async def _job(hub: Hub, user_list: str, operations: Sequence[Mapping[str, Any]]) -> dict[int, tuple[str, str]]:
    """Make, fill and run a job; gives code and sentence of each operation that it does not take."""
    about: dict[str, Any] = {"userList": f"customers/{hub.config.customer_id}/userLists/{user_list}"}
    if hub.config.ads_consent:
        about["consent"] = {"adUserData": "GRANTED", "adPersonalization": "GRANTED"}
    job = {"type": "CUSTOMER_MATCH_USER_LIST", "customerMatchUserListMetadata": about}
    try:
        made = await hub.post(path(hub, "offlineUserDataJobs:create"), {"job": job}, safe=True)
    except RequestRefused as refusal:
        # The list is refused, whoever is to be on it: halving the batch would find nobody to blame.
        first = next(told(refusal.body.get("error") if isinstance(refusal.body, Mapping) else None), None)
        because = (first.code, first.said) if first else ("refused", refusal.why)
        return dict.fromkeys(range(len(operations)), because)
    where = f"/{V}/{made['resourceName']}"
    filled = await hub.post(
        f"{where}:addOperations", {"operations": list(operations), "enablePartialFailure": True}, safe=True
    )
    problems = list(told((filled or {}).get("partialFailureError")))
    refused = {
        number: (one.code, one.said)
        for one in problems
        for number in (range(len(operations)) if one.index is None else (one.index,))
    }
    if len(refused) < len(operations):
        await hub.post(f"{where}:run", {}, safe=True)
    return refused
