"""How objects are read and written: SOQL, sObject Collections of 200, and ETags where Salesforce has them.

Sources: developer.salesforce.com, REST API guide, "Update Records", "Upsert Records" and "Delete Records Using sObject
Collections" (200 records; results in the order of the request), "Conditional Request Headers" (ETag and If-Match for
Account alone, none for DELETE); Bulk API guide, "Organize Data to Minimize Lock Contention". Read 2026-11-25.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from vaiven_connectors.salesforce._bulk import Backfill
from vaiven_connectors.salesforce._custom import ID, fields_of
from vaiven_connectors.salesforce._errors import LOCKED, told
from vaiven_connectors.salesforce._settings import Settings, V
from vaiven_connectors.salesforce._soql import CURRENCY, Soql, found, quoted
from vaiven_sdk import (
    Connector,
    CreateKey,
    CustomField,
    Deletes,
    Guard,
    NotFound,
    Outcome,
    Record,
    RequestRefused,
    Session,
    Stream,
    Write,
    multistatus,
)

R = TypeVar("R", bound=Record[Any])

BATCH = 200
LAG = 600.0
"""Seconds: a stamp is set when a transaction begins to write and is seen when it ends, which may be minutes later
(github.com/airbytehq/airbyte/issues/27146, read 2026-11-25)."""
PAUSES = (1.0, 3.0, 8.0)
"""Seconds to wait before locked records are tried again; Salesforce itself has waited ten."""
COLLECTIONS = f"{V}/composite/sobjects"
GONE = "ENTITY_IS_DELETED"


def object_stream(
    salesforce: Connector[Settings],
    sobject: str,
    record: type[R],
    *,
    name: str,
    where: str = "",
    archived: bool = False,
    fixed: bool = False,
    deletes: Deletes = Deletes.TOMBSTONES,
    guard: Guard = Guard.READ_THEN_WRITE,
    create_key: CreateKey = CreateKey.NONE,
) -> Stream[R, Settings]:
    """Add the stream of one kind of object, to be read.

    Args:
        salesforce: where to add it.
        sobject: the object's name.
        record: the class of its records.
        name: the stream's name.
        where: a condition that holds for all of them.
        archived: whether Salesforce puts old ones away.
        fixed: whether custom fields of it are left out.
        deletes: how deletions become known; with tombstones the Recycle Bin is read.
        guard: how a write is kept from overwriting an unseen edit.
        create_key: what stops a repeated create from making a second record.
    """
    names = tuple(record.paths())
    plain = Soql(sobject, names, archived=archived, where=where)
    stream = salesforce.stream(
        record,
        Backfill(plain),
        name=name,
        changes=plain,
        gone=Soql(sobject, names, deleted=True, where=where) if deletes is Deletes.TOMBSTONES else None,
        guard=guard,
        create_key=create_key,
        deletes=deletes,
        lag=LAG,
    )

    async def custom(hub: Session[Settings]) -> list[CustomField]:
        return await fields_of(hub, sobject)

    if not fixed:
        stream.custom_fields(custom)
    return stream


def written_stream(
    salesforce: Connector[Settings],
    sobject: str,
    record: type[R],
    *,
    name: str,
    needs: Sequence[str],
    parent: str = "",
    etag: bool = False,
) -> Stream[R, Settings]:
    """Add the stream of one kind of object, both ways.

    Args:
        salesforce: where to add it.
        sobject: the object's name.
        record: the class of its records.
        name: the stream's name.
        needs: unified fields without which the object cannot be created.
        parent: the record's field with the parent that is locked by a write.
        etag: whether Salesforce gives ETags for it.
    """
    stream = object_stream(
        salesforce,
        sobject,
        record,
        name=name,
        guard=Guard.ETAG if etag else Guard.READ_THEN_WRITE,
        create_key=CreateKey.EXTERNAL_ID,
    )

    @stream.create(batch=BATCH, needs=needs, consent=None)
    async def create(hub: Session[Settings], writes: Sequence[Write[R]]) -> list[Outcome]:
        path = f"{COLLECTIONS}/{sobject}/{ID}"
        return await saved(hub, path, sobject, writes, key=lambda w: {ID: w.hub_id}, parent=parent)

    if etag:

        @stream.update(batch=1)
        async def update_one(hub: Session[Settings], writes: Sequence[Write[R]]) -> list[Outcome]:
            # One by one, so that the refusal of one tells nothing of others that were written before it.
            return [await _matched(hub, f"{V}/sobjects/{sobject}", write) for write in writes]

    else:

        @stream.update(batch=BATCH)
        async def update(hub: Session[Settings], writes: Sequence[Write[R]]) -> list[Outcome]:
            return await saved(hub, COLLECTIONS, sobject, writes, key=lambda w: {"id": w.id}, parent=parent)

    @stream.delete(batch=BATCH, kind="archive")
    async def delete(hub: Session[Settings], writes: Sequence[Write[R]]) -> list[Outcome]:
        return await deleted(hub, writes)

    @stream.find(batch=BATCH)
    async def find(hub: Session[Settings], writes: Sequence[Write[R]]) -> list[Mapping[str, Any]]:
        new = ", ".join(quoted(write.hub_id) for write in writes if not write.id)
        wanted = type(writes[0].record).paths()  # with the organization's own
        return await found(hub, sobject, wanted, [w.id for w in writes if w.id], f"{ID} IN ({new})" if new else "")

    return stream


async def saved(
    hub: Session[Settings],
    path: str,
    sobject: str,
    writes: Sequence[Write[R]],
    *,
    key: Callable[[Write[R]], Mapping[str, Any]],
    parent: str = "",
) -> list[Outcome]:
    """Write records together, those of one parent side by side; locked ones are tried again after a while."""
    outcomes = [one for write in writes if (one := _foreign(hub, write)) is not None]
    refused_here = {one.hub_id for one in outcomes}
    todo = sorted(
        (write for write in writes if write.hub_id not in refused_here),
        key=lambda write: str(getattr(write.record, parent) or "") if parent else "",
    )
    for pause in (*PAUSES, None):
        if not todo:
            break
        rows = [{"attributes": {"type": sobject}, **_body(hub, write), **key(write)} for write in todo]
        answer = await hub.patch(path, {"allOrNone": False, "records": rows}, safe=True)
        if not isinstance(answer, list) or len(answer) != len(todo):
            break  # no outcome: the engine looks up what became of them
        locked = [write for write, row in zip(todo, answer, strict=True) if _code(row) == LOCKED]
        outcomes += [one for one in multistatus(todo, answer, failed=refused) if one.code != LOCKED]
        todo = locked
        if pause is not None and todo:
            await asyncio.sleep(pause)
    return outcomes


async def deleted(hub: Session[Settings], writes: Sequence[Write[Any]]) -> list[Outcome]:
    """Put records into the Recycle Bin; one that lies there already is as good as deleted now."""
    params = {"ids": ",".join(str(write.id) for write in writes), "allOrNone": "false"}
    answer = (await hub.request("DELETE", COLLECTIONS, params=params, safe=True)).json()
    return multistatus(writes, answer, failed=lambda row: None if _code(row) == GONE else refused(row))


def refused(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Code and sentence of a record's result that says no."""
    if row.get("success"):
        return None
    code, said = told(row.get("errors"))
    return code or "REFUSED", said or "Salesforce gives no reason."


def _code(row: Mapping[str, Any]) -> str:
    return "" if row.get("success") else told(row.get("errors"))[0]


def _foreign(hub: Session[Settings], write: Write[Any]) -> Outcome | None:
    """The refusal of a record whose amounts are in another currency than the organization's only one."""
    own, given = hub.config.currency, getattr(write.record, "currency", None)
    if not own or not given or given == own:
        return None
    return write.rejected("OTHER_CURRENCY", f"It is in {given}, and this organization keeps amounts in {own} alone.")


def _body(hub: Session[Settings], write: Write[Any]) -> dict[str, Any]:
    """The fields to write; an organization with one currency has no field for it."""
    return {name: value for name, value in write.patch.items() if not (hub.config.currency and name == CURRENCY)}


async def _matched(hub: Session[Settings], path: str, write: Write[R]) -> Outcome:
    """Change a record on condition that it is as the hub knows it, by its ETag."""
    if (foreign := _foreign(hub, write)) is not None:
        return foreign
    try:
        answer = await hub.request("GET", f"{path}/{write.id}", safe=True)
    except NotFound as problem:
        return write.rejected(GONE, problem.why)
    now = answer.json()
    if hub.config.currency:
        now = {**now, CURRENCY: hub.config.currency}
    if write.before is not None and type(write.record).model_validate(now).unified() != write.before.unified():
        return write.overtaken()
    match = {"If-Match": answer.headers["etag"]} if "etag" in answer.headers else {}
    try:
        await hub.request("PATCH", f"{path}/{write.id}", json=_body(hub, write), headers=match)
    except RequestRefused as refusal:
        if refusal.status != 412:
            raise
        return write.overtaken()
    return write.saved(str(write.id))
