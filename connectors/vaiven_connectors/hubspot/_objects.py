"""How every CRM object is read and written: the same six endpoints for contacts, companies and deals."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from vaiven_connectors.hubspot._custom import ID, properties_of
from vaiven_connectors.hubspot._listing import Complete, listed, read_by_id, searched
from vaiven_connectors.hubspot._records import properties
from vaiven_sdk import (
    Config,
    Connector,
    CreateKey,
    CustomField,
    Deletes,
    NotFound,
    Outcome,
    Record,
    RequestRefused,
    Scope,
    Session,
    Stream,
    Write,
)

R = TypeVar("R", bound=Record[Any])

BATCH = 100
"""Most inputs of a batch call on records (contacts guide, "Update multiple", read 2026-11-22)."""
LAG = 300.0
"""Seconds that a search may trail a write: "a few moments" says the search guide, five minutes say we."""


def crm_stream(
    hubspot: Connector[Config],
    kind: str,
    record: type[R],
    *,
    modified: str,
    needs: Sequence[str],
    unique: str = "",
) -> Stream[R, Config]:
    """Add the stream of one kind of CRM object, both ways.

    Args:
        hubspot: where to add it.
        kind: the object's plural, as in its paths.
        record: the class of its records.
        modified: the property that holds the time of the last change.
        needs: unified fields without which the object cannot be created.
        unique: a property of HubSpot's own that is unique too, by which `find` sees somebody else's record.
    """
    names = properties(record)
    stream = hubspot.stream(
        record,
        Complete(kind, tuple(names)),
        name=kind,
        changes=searched(kind, names, modified),
        gone=listed(kind, names, archived=True),
        create_key=CreateKey.EXTERNAL_ID,
        # The archive holds what people delete; what a merge or a privacy erasure takes away is in no list.
        deletes=Deletes.FULL_SCAN,
        lag=LAG,
        scopes=[
            Scope(f"crm.objects.{kind}.read", f"read {kind}"),
            Scope(f"crm.objects.{kind}.write", f"create, update, archive {kind}", write=True),
            Scope(f"crm.schemas.{kind}.write", f"make the property {ID} of {kind}, once", write=True),
        ],
    )
    path = f"/crm/v3/objects/{kind}/batch"

    @stream.create(batch=BATCH, needs=needs)
    async def create(hub: Session[Config], writes: Sequence[Write[R]]) -> list[Outcome]:
        # A trace id on each input asks for an answer per record; without it one bad record refuses them all
        # ("Multi-status errors", developers.hubspot.com/docs/api-reference/error-handling, read 2026-11-22).
        inputs = [
            {
                "properties": {**_texts(write), ID: write.hub_id},
                "associations": [],
                "objectWriteTraceId": write.hub_id,
            }
            for write in writes
        ]
        answer = await _sent(hub, f"{path}/create", inputs, writes)
        return _outcomes(answer, {w.hub_id: w for w in writes}, lambda r: r["properties"].get(ID))

    @stream.update(batch=BATCH)
    async def update(hub: Session[Config], writes: Sequence[Write[R]]) -> list[Outcome]:
        inputs = [{"id": write.id, "properties": _texts(write)} for write in writes]
        answer = await _sent(hub, f"{path}/update", inputs, writes)
        await _step_back(hub, f"{path}/update", inputs, answer)
        return _outcomes(answer, {str(w.id): w for w in writes}, lambda r: r["id"])

    @stream.delete(batch=BATCH)
    async def archive(hub: Session[Config], writes: Sequence[Write[R]]) -> list[Outcome]:
        await hub.post(f"{path}/archive", {"inputs": [{"id": write.id} for write in writes]}, safe=True)
        return [write.deleted() for write in writes]

    @stream.find(batch=BATCH)
    async def find(hub: Session[Config], writes: Sequence[Write[R]]) -> list[Mapping[str, Any]]:
        wanted = properties(type(writes[0].record))  # with the portal's own
        found = await read_by_id(hub, kind, wanted, [write.id for write in writes if write.id])
        new = [write for write in writes if not write.id]
        found += await read_by_id(hub, kind, wanted, [write.hub_id for write in new], ID)
        seen = {record["properties"].get(ID) for record in found}
        rest = [_texts(write).get(unique) for write in new if write.hub_id not in seen] if unique else []
        return found + await read_by_id(hub, kind, wanted, [value for value in rest if value], unique)

    @stream.custom_fields
    async def custom(hub: Session[Config]) -> list[CustomField]:
        return await properties_of(hub, kind)

    return stream


def _texts(write: Write[Any]) -> dict[str, str]:
    """The changed properties as HubSpot writes them: every value is a text."""
    return {name: str(value) for name, value in write.patch.get("properties", {}).items()}


async def _sent(hub: Session[Config], path: str, inputs: Sequence[Any], writes: Sequence[Write[Any]]) -> Any:
    """The answer of a batch call; a refusal of a single record is put in the form of a batch's error."""
    try:
        return await hub.post(path, {"inputs": inputs})
    except RequestRefused as refusal:
        if len(writes) > 1:
            raise
        return {"errors": [refusal.body if isinstance(refusal.body, dict) else {"message": refusal.why}]}
    except NotFound as refusal:
        if len(writes) > 1:
            raise RequestRefused(refusal.what, why=refusal.why, status=404) from None
        return {"errors": [{"category": "OBJECT_NOT_FOUND", "message": refusal.why}]}


def _outcomes(answer: Any, writes: Mapping[str, Write[Any]], name: Any) -> list[Outcome]:
    """Tell from an answer what became of each write.

    The records in it hold only what was sent and a few properties more, so they are not given as `stored`.
    """
    saved = {name(record): record["id"] for record in answer.get("results") or ()}
    outcomes = [writes[key].saved(remote) for key, remote in saved.items() if key in writes]
    open_ = {key: write for key, write in writes.items() if key not in saved}
    errors = answer.get("errors") or ()
    for error in errors:
        context = error.get("context") or {}
        about = {str(value) for key in ("objectWriteTraceId", "ids") for value in context.get(key) or ()}
        # An error that names no record speaks of all that are still open.
        for key in [key for key in open_ if key in about or not about]:
            reason = error.get("message") or "HubSpot gives no reason."
            outcomes.append(open_.pop(key).rejected(error.get("category") or "REFUSED", reason))
    return outcomes


async def _step_back(hub: Session[Config], path: str, inputs: Sequence[Any], answer: Any) -> None:
    """Move lifecycle stages backwards, which HubSpot leaves undone unless the stage is emptied first.

    The answer then lacks the stage. Sources: HubSpot in its forum (integrate.hubspot.com/t/1333) and the same
    remedy in github.com/segmentio/action-destinations/pull/793, read 2026-11-22.
    """
    stage = "lifecyclestage"
    now = {record["id"]: record["properties"].get(stage) for record in answer.get("results") or ()}
    wanted = {row["id"]: row["properties"].get(stage) for row in inputs}
    stuck = [i for i, kept in now.items() if wanted.get(i) and kept != wanted[i]]
    for clear in (True, False) if stuck else ():
        rows = [{"id": i, "properties": {stage: "" if clear else wanted[i]}} for i in stuck]
        await hub.post(path, {"inputs": rows})
