"""The import job: up to a thousand profiles in one request, and what became of each.

Operations bulk_import_profiles, get_bulk_import_profiles_job, get_errors_for_bulk_import_profiles_job and
get_profiles_for_bulk_import_profiles_job of klaviyo-api 25.0.0 and of the description; read 2026-11-25.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vaiven_sdk import Outcome, RequestRefused, Write

from ._account import Hub
from ._api import documents
from ._profiles import Profile

PATH = "/api/profile-bulk-import-jobs"
KIND = "profile-bulk-import-job"
DEADLINE = 300.0
"""Seconds; what is not ready by then is looked up by the next run."""

Attributes = Mapping[str, Any]


async def import_all(hub: Hub, writes: Sequence[Write[Profile]], rows: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Import profiles, wait, and answer for those of which Klaviyo says what became of them.

    Args:
        hub: to call with.
        writes: what is written.
        rows: the same as resources, in the same order.
    """
    body = {"data": {"type": KIND, "attributes": {"profiles": {"data": list(rows)}}}}
    job = await hub.job(
        PATH,
        body,
        done=_done,
        at=lambda answer: f"{PATH}/{answer['data']['id']}",
        safe=True,  # it updates whoever is there
        deadline=DEADLINE,
    )
    failed = await _failures(hub, job["id"], rows) if job["attributes"].get("failed_count") else []
    outcomes = [writes[number].rejected(code, reason) for number, code, reason in failed if number is not None]
    bad = {number for number, _, _ in failed}
    rest = [write for number, write in enumerate(writes) if number not in bad]
    if None not in bad and all(write.id for write in rest):
        return outcomes + [write.saved(write.id or "") for write in rest]
    return outcomes + await _confirmed(hub, job["id"], rest)


def _done(answer: Any) -> Mapping[str, Any] | None:
    status = answer["data"]["attributes"]["status"]
    if status == "cancelled":
        raise RequestRefused("Klaviyo cancelled an import of profiles.", why=f"job {answer['data']['id']}")
    found: Mapping[str, Any] = answer["data"]
    return found if status == "complete" else None


async def _failures(hub: Hub, job: str, rows: Sequence[Mapping[str, Any]]) -> list[tuple[int | None, str, str]]:
    """Each import error with the number of the profile that it is about; None where it names nobody for certain."""
    found = []
    async for answer, _ in documents(hub, f"{PATH}/{job}/import-errors", {"page[size]": 100}):
        for error in answer["data"]:
            about = error["attributes"]
            reason = about.get("detail") or about.get("title") or "Klaviyo gives no reason."
            found.append((_number(about, rows), str(about.get("code") or "refused"), str(reason)))
    return found


def _number(about: Attributes, rows: Sequence[Mapping[str, Any]]) -> int | None:
    """By what Klaviyo quotes of the profile, else by its place in the request."""
    quoted = about.get("original_payload") or {}
    inner = {**quoted, **(quoted.get("attributes") or {})}
    for key in ("id", "email", "external_id", "phone_number"):
        same = [n for n, row in enumerate(rows) if inner.get(key) and _value(row, key) == str(inner[key]).lower()]
        if len(same) == 1:
            return same[0]
    place = re.search(r"profiles/data/(\d+)", (about.get("source") or {}).get("pointer") or "")
    return int(place[1]) if place and int(place[1]) < len(rows) else None


def _value(row: Mapping[str, Any], key: str) -> str:
    return str((row.get("id") if key == "id" else row["attributes"].get(key)) or "").lower()


async def _confirmed(hub: Hub, job: str, writes: Sequence[Write[Profile]]) -> list[Outcome]:
    """The profiles that the job names as imported; of the others nothing is said, and they are looked up."""
    ids = {write.id: write for write in writes if write.id}
    emails: dict[str, list[Write[Profile]]] = {}
    for write in writes:
        if not write.id:
            emails.setdefault((write.record.email or "").lower(), []).append(write)
    found: dict[str, Outcome] = {}
    shown = {"page[size]": 100, "fields[profile]": "email"}
    async for answer, _ in documents(hub, f"{PATH}/{job}/profiles", shown):
        for one in answer["data"]:
            same = emails.get((one["attributes"].get("email") or "").lower()) or []
            mine = ids.get(one["id"]) or (same[0] if len(same) == 1 else None)
            if mine:
                found[mine.hub_id] = mine.saved(one["id"])
    return list(found.values())
