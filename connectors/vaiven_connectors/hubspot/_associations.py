"""Ties between CRM records, read in batches for the records that a walk comes by."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from vaiven_connectors.hubspot._listing import searched
from vaiven_connectors.hubspot._objects import LAG
from vaiven_sdk import (
    Batch,
    Config,
    Connector,
    CreateKey,
    Outcome,
    Read,
    Record,
    Scope,
    Session,
    Stream,
    Window,
    Write,
    derive,
    wire,
)
from vaiven_sdk.model import Association

R = TypeVar("R", bound=Record[Any])

# HubSpot's own types for the tie that the record's own field shows: contact to company and deal to company
# (associations v4 guide, "Association type ID values", read 2026-11-22).
PRIMARY = {("contacts", "1"), ("deals", "5")}
PLAIN = "associated"
"""What a tie without a label is called."""
WRITTEN = {PLAIN: PLAIN}
"""Only plain ties are written: a label is a portal's own, and the primary one HubSpot sets by itself."""


class ContactCompany(Record[Association], key=("contact_id", "company_id", "type_id")):
    """A company that a contact belongs to, once for each label."""

    contact_id: str = wire("from", to="from_id", ref="contacts")
    company_id: str = wire("to", to="to_id", ref="companies")
    type_id: str = wire("type", read_only=True)
    slug: str = wire(to="type", back=WRITTEN)
    label: str | None = wire(to="label", read_only=True)
    primary: bool = wire(to="is_primary", read_only=True)

    @derive("from_kind")
    def from_kind(self) -> str:
        """Contacts become people."""
        return "person"

    @derive("to_kind")
    def to_kind(self) -> str:
        """Companies stay companies."""
        return "company"


class DealContact(Record[Association], key=("deal_id", "contact_id", "type_id")):
    """A contact who takes part in a deal, once for each label."""

    deal_id: str = wire("from", to="from_id", ref="deals")
    contact_id: str = wire("to", to="to_id", ref="contacts")
    type_id: str = wire("type", read_only=True)
    slug: str = wire(to="type", back=WRITTEN)
    label: str | None = wire(to="label", read_only=True)

    @derive("from_kind")
    def from_kind(self) -> str:
        """Deals stay deals."""
        return "deal"

    @derive("to_kind")
    def to_kind(self) -> str:
        """Contacts become people."""
        return "person"


class DealCompany(Record[Association], key=("deal_id", "company_id", "type_id")):
    """A company that a deal is about, once for each label."""

    deal_id: str = wire("from", to="from_id", ref="deals")
    company_id: str = wire("to", to="to_id", ref="companies")
    type_id: str = wire("type", read_only=True)
    slug: str = wire(to="type", back=WRITTEN)
    label: str | None = wire(to="label", read_only=True)
    primary: bool = wire(to="is_primary", read_only=True)

    @derive("from_kind")
    def from_kind(self) -> str:
        """Deals stay deals."""
        return "deal"

    @derive("to_kind")
    def to_kind(self) -> str:
        """Companies stay companies."""
        return "company"


WRITTEN_AT_ONCE = 100
"""Ties in one batch call; 2,000 are the most (associations v4 guide, read 2026-11-22)."""
AT_ONCE = 1000
"""Records in one batch read: changelog 'Batch Read Limit for HubSpot Associations API'; read 2026-11-22."""


def association_stream(
    hubspot: Connector[Config], name: str, record: type[R], ends: tuple[str, str], modified: str
) -> Stream[R, Config]:
    """Add the stream of the ties from one kind of object to another.

    Args:
        hubspot: where to add it.
        name: the stream's name.
        record: the class of its records.
        ends: the objects' plurals, from and to.
        modified: the property that holds the time of the from-object's last change.
    """
    scopes = [Scope(f"crm.objects.{kind}.read", f"read which {kind} belong together with others") for kind in ends]
    scopes += [Scope(f"crm.objects.{kind}.write", f"tie {kind} to others", write=True) for kind in ends]
    stream = hubspot.stream(record, name=name, lag=LAG, scopes=scopes, create_key=CreateKey.NATURAL)
    # Just the ids are wanted, so both reads search: twice the records a page, and a limit of its own.
    found = searched(ends[0], [modified], modified)

    @stream.reader("full")
    async def full(hub: Session[Config], window: Window, state: Any) -> AsyncIterator[Batch]:
        async for batch in _ties(hub, found, window, state, ends):
            yield batch

    @stream.reader("changes")
    async def changes(hub: Session[Config], window: Window, state: Any) -> AsyncIterator[Batch]:
        async for batch in _ties(hub, found, window, state, ends):
            yield batch

    path = f"/crm/v4/associations/{ends[0]}/{ends[1]}/batch"

    @stream.add(batch=WRITTEN_AT_ONCE, needs=("from_id", "to_id", "type"))
    async def add(hub: Session[Config], writes: Sequence[Write[R]]) -> list[Outcome]:
        pairs = {_ends(write): write for write in writes}
        inputs = [{"from": {"id": one}, "to": {"id": two}} for one, two in pairs]
        answer = await hub.post(f"{path}/associate/default", {"inputs": inputs}, safe=True)
        # Each tie comes twice, there and back.
        made = {(str(r["from"]["id"]), str(r["to"]["id"])): r["associationSpec"] for r in answer["results"]}
        return [_added(write, pair, made) for pair, write in pairs.items()]

    @stream.remove(batch=WRITTEN_AT_ONCE)
    async def remove(hub: Session[Config], writes: Sequence[Write[R]]) -> list[Outcome]:
        # This takes every label off as well: two records are tied, or they are not.
        inputs = [{"from": {"id": one}, "to": [{"id": two}]} for one, two in map(_ends, writes)]
        await hub.post(f"{path}/archive", {"inputs": inputs}, safe=True)
        return [write.deleted() for write in writes]

    return stream


def _ends(write: Write[Any]) -> tuple[str, str]:
    wire_ = write.record.to_wire({name for name, mark in write.record.__wires__.items() if mark.ref})
    return str(wire_["from"]), str(wire_["to"])


def _added(write: Write[Any], pair: tuple[str, str], made: Mapping[tuple[str, str], Any]) -> Outcome:
    spec = made.get(pair)
    if spec is None:
        return write.rejected("not_tied", "HubSpot did not tie these two records together; one may be gone.")
    kind = f"{spec['associationCategory']}:{spec['associationTypeId']}"
    tie = {"from": pair[0], "to": pair[1], "type": kind, "slug": PLAIN, "label": None, "primary": False}
    return write.saved("/".join((*pair, kind)), tie)


async def _ties(
    hub: Session[Config], read: Read, window: Window, state: Any, ends: tuple[str, str]
) -> AsyncIterator[Batch]:
    began = (state or {}).get("began")
    ids: list[str] = []
    async for page in hub.walk(read, window, state=(state or {}).get("at")):
        # Ties have no time of their own: the next read begins at this one's first page, less the lag.
        began = began or (parsedate_to_datetime(page.headers["date"]) - timedelta(seconds=LAG)).isoformat()
        ids += [str(msgspec.json.decode(item)["id"]) for item in page.items]
        if page.state is None:
            yield Batch(await _read(hub, ends, ids), since=began)
        elif len(ids) + len(page.items) > AT_ONCE:
            yield Batch(await _read(hub, ends, ids), state={"at": page.state, "began": began})
            ids = []


async def _read(hub: Session[Config], ends: tuple[str, str], ids: Sequence[str]) -> list[dict[str, Any]]:
    """All ties of these records, a record with many in several answers."""
    items: list[dict[str, Any]] = []
    todo: list[dict[str, str]] = [{"id": remote_id} for remote_id in ids]
    while todo:
        path = f"/crm/v4/associations/{ends[0]}/{ends[1]}/batch/read"
        answer = await hub.post(path, {"inputs": todo}, safe=True)
        items += [tie for row in answer["results"] for tie in _rows(ends[0], row)]
        todo = [
            {"id": str(row["from"]["id"]), "after": row["paging"]["next"]["after"]}
            for row in answer["results"]
            if (row.get("paging") or {}).get("next")
        ]
    return items


def _rows(kind: str, row: Any) -> Sequence[dict[str, Any]]:
    """One tie for each type between two records: PublicAssociationMultiWithLabel of crm-associations@v4."""
    return [
        {
            "from": str(row["from"]["id"]),
            "to": str(to["toObjectId"]),
            "type": f"{type_['category']}:{type_['typeId']}",
            "slug": "_".join((type_.get("label") or PLAIN).lower().split()),
            "label": type_.get("label"),
            "primary": type_["category"] == "HUBSPOT_DEFINED" and (kind, str(type_["typeId"])) in PRIMARY,
        }
        for to in row["to"]
        for type_ in to["associationTypes"]
    ]
