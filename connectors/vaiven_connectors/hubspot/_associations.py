"""Ties between CRM records, read in batches for the records that a walk comes by."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from vaiven_connectors.hubspot._listing import searched
from vaiven_connectors.hubspot._objects import LAG
from vaiven_sdk import Batch, Config, Connector, Read, Record, Scope, Session, Stream, Window, derive, wire
from vaiven_sdk.model import Association

R = TypeVar("R", bound=Record[Any])

# HubSpot's own types for the tie that the record's own field shows: contact to company and deal to company
# (associations v4 guide, "Association type ID values", read 2026-11-22).
PRIMARY = {("contacts", "1"), ("deals", "5")}


class ContactCompany(Record[Association], key=("contact_id", "company_id", "type_id")):
    """A company that a contact belongs to, once for each label."""

    contact_id: str = wire("from", to="from_id", ref="contacts", read_only=True)
    company_id: str = wire("to", to="to_id", ref="companies", read_only=True)
    type_id: str = wire("type", read_only=True)
    slug: str = wire(to="type", read_only=True)
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

    deal_id: str = wire("from", to="from_id", ref="deals", read_only=True)
    contact_id: str = wire("to", to="to_id", ref="contacts", read_only=True)
    type_id: str = wire("type", read_only=True)
    slug: str = wire(to="type", read_only=True)
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

    deal_id: str = wire("from", to="from_id", ref="deals", read_only=True)
    company_id: str = wire("to", to="to_id", ref="companies", read_only=True)
    type_id: str = wire("type", read_only=True)
    slug: str = wire(to="type", read_only=True)
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
    stream = hubspot.stream(record, name=name, lag=LAG, scopes=scopes)
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

    return stream


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
            "slug": "_".join((type_.get("label") or "associated").lower().split()),
            "label": type_.get("label"),
            "primary": type_["category"] == "HUBSPOT_DEFINED" and (kind, str(type_["typeId"])) in PRIMARY,
        }
        for to in row["to"]
        for type_ in to["associationTypes"]
    ]
