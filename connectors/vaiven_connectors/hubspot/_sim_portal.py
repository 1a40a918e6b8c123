"""A HubSpot portal's records: what a create, an edit, an archive and a merge do to them."""

from __future__ import annotations

import bisect
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from vaiven_connectors.hubspot._sim_access import Access
from vaiven_connectors.hubspot._sim_errors import (
    VendorError,
    contact_exists,
    invalid,
    invalid_properties,
    no_record,
)
from vaiven_connectors.hubspot._sim_links import Links
from vaiven_connectors.hubspot._sim_owners import Owners
from vaiven_connectors.hubspot._sim_pipelines import DEFAULT, Pipelines
from vaiven_connectors.hubspot._sim_records import (
    COMPANIES,
    CONTACTS,
    DEALS,
    TYPES,
    Hand,
    ObjectType,
    Record,
    Write,
    is_backward,
    merged_ids,
)
from vaiven_connectors.hubspot._sim_schema import LIFECYCLE, Schema, iso
from vaiven_connectors.hubspot._sim_search import SearchIndex


class Collection:
    """All records of one object type."""

    def __init__(self, kind: ObjectType, portal: Portal, first_id: int) -> None:
        self.kind = kind
        self.portal = portal
        self.schema = Schema(kind.name, portal.portal_id)
        self.records: dict[int, Record] = {}
        self.live: list[int] = []
        self.archived: list[int] = []
        self.forward: dict[int, int] = {}
        self.erased: dict[int, str] = {}
        self.unique: dict[str, dict[str, int]] = {}
        self.index = SearchIndex(self.schema, kind.texts, self._linked)
        self._last_id = first_id

    def _linked(self, record_id: int, to_type: str) -> set[int]:
        kind = TYPES.get(to_type)
        return set(self.portal.links.of(self.kind.name, record_id, kind.name)) if kind else set()

    # --------------------------------------------------------------------------------------------- finding
    def resolve(self, record_id: int) -> int:
        """The id under which a record lives now: merged records forward to what they were merged into."""
        while self.portal.quirk["merged_id_redirects"] and record_id in self.forward:
            record_id = self.forward[record_id]
        return record_id

    def find(self, given: str, id_property: str | None = None, *, archived: bool = False) -> Record | None:
        """A record by id or by the value of a unique property.

        Raises:
            VendorError: 400 for an `idProperty` that is not unique.
        """
        if id_property is None or (id_property == "hs_object_id" and given.isdigit()):
            record_id = self.resolve(int(given)) if given.isdigit() else -1
        else:
            self.need_unique(id_property)
            record_id = self.unique.get(id_property, {}).get(given.strip().lower(), -1)
        record = self.records.get(record_id)
        return record if record is not None and (record.archived_at is not None) is archived else None

    def need(self, given: str, id_property: str | None = None, *, archived: bool = False) -> Record:
        """As `find`.

        Raises:
            VendorError: 404 when there is none.
        """
        record = self.find(given, id_property, archived=archived)
        if record is None:
            raise no_record(given)
        return record

    def need_unique(self, name: str) -> None:
        """Refuse a property that cannot tell records apart.

        Raises:
            VendorError: 400.
        """
        prop = self.schema.get(name)
        if prop is None or not prop.unique:
            raise self.not_unique(name)

    def not_unique(self, name: str) -> VendorError:
        """The refusal of a property that cannot tell records apart."""
        where = f"{self.kind.id} property {name} in portal ID {self.portal.portal_id}"
        return invalid(f"Unable to perform update/upsert by non-unique {where}")

    def page(self, after: int, limit: int, *, archived: bool) -> tuple[list[Record], int | None]:
        """Records by id in order from `after` on, and where the next page starts."""
        ids = self.archived if archived else self.live
        start = bisect.bisect_left(ids, after)
        page = ids[start : start + limit]
        more = start + limit < len(ids)
        return [self.records[record_id] for record_id in page], page[-1] + 1 if more else None

    # --------------------------------------------------------------------------------------------- writing
    def accept(self, given: Mapping[str, Any], record: Record | None) -> dict[str, str]:
        """Check what a write sets in a record, or in a new one, and put it as HubSpot stores it.

        Raises:
            VendorError: 400 for unfit values, 409 for an e-mail address in use.
        """
        values = self.schema.clean(given)
        self.check_unique(values, record)
        if self.kind is DEALS and self.portal.quirk["validate_deal_stage"]:
            self.portal.pipelines.check(values, record.values if record is not None else {})
        return values

    def create(self, given: Mapping[str, Any], hand: Hand, ms: int) -> Record:
        """Add a record, unless `accept` refuses it."""
        values = {name: value for name, value in self.accept(given, None).items() if value}
        previous = self._last_archived(values)
        if previous is not None:
            self.restore(previous)
            self._write(previous, values, hand, ms)
            return previous
        self._last_id += self.portal.random.randint(1, 47)
        return self._insert(self._last_id, self._minted(values, hand), hand, ms)

    def _minted(self, values: dict[str, str], hand: Hand) -> dict[str, str]:
        stage = self.portal.quirk["default_lifecycle_stage"]
        if stage and self.kind is not DEALS:
            values.setdefault("lifecyclestage", stage)
        if self.kind is DEALS:
            values.setdefault("pipeline", DEFAULT)
        values["hs_object_source"] = hand.source
        values["hs_object_source_id"] = hand.source_id
        return values

    def _insert(self, record_id: int, values: dict[str, str], hand: Hand, ms: int) -> Record:
        at = iso(ms)
        values["hs_object_id"] = str(record_id)
        values[self.kind.modified] = at
        values.setdefault("createdate", at)
        record = Record(record_id, values, at, at, writes=[Write(ms, hand, dict(values))])
        self.records[record_id] = record
        bisect.insort(self.live, record_id)
        self._claim(record, values)
        self._show(record, ms)
        return record

    def update(self, record: Record, given: Mapping[str, Any], hand: Hand, ms: int) -> dict[str, str]:
        """Set values of a record, unless `accept` refuses them; gives what was asked for, as stored."""
        values = self.accept(given, record)
        forward_only = self.portal.quirk["lifecycle_forward_only"] and hand.source == "INTEGRATION"
        if forward_only and is_backward(record.values.get("lifecyclestage"), values.get("lifecyclestage")):
            values.pop("lifecyclestage")
        self._write(record, values, hand, ms)
        return values

    def _write(self, record: Record, values: Mapping[str, str], hand: Hand, ms: int) -> None:
        changed = {name: value for name, value in values.items() if record.values.get(name, "") != value}
        if not changed and not self.portal.quirk["touch_on_unchanged"]:
            return
        self._release(record, changed)
        for name, value in changed.items():
            if value:
                record.values[name] = value
            else:
                record.values.pop(name, None)
        self._claim(record, changed)
        record.modified = record.values[self.kind.modified] = iso(ms)
        record.writes.append(Write(ms, hand, {**changed, self.kind.modified: record.modified}))
        self._show(record, ms)

    def set_own(self, record: Record, values: Mapping[str, str], hand: Hand, ms: int) -> None:
        """Set values that only HubSpot itself, or its users, can set."""
        self._write(record, self.schema.clean(values, own_hand=True), hand, ms)

    def archive(self, record: Record, ms: int) -> None:
        """Move a record to the recycling bin; its modified date stays (airbytehq/airbyte#19838, #35017)."""
        if record.archived_at is None:
            record.archived_at = iso(ms)
            _take_out(self.live, record.id)
            bisect.insort(self.archived, record.id)
            self._release(record, record.values)
            self._hide(record.id, ms)

    def restore(self, record: Record) -> None:
        """Take a record out of the recycling bin; its modified date stays."""
        self.check_unique(record.values, record)
        record.archived_at = None
        _take_out(self.archived, record.id)
        bisect.insort(self.live, record.id)
        self._claim(record, record.values)
        self._show(record, self.portal.now())

    def erase(self, record: Record, ms: int) -> None:
        """Delete a record for good."""
        self._drop(record, ms)
        self.erased[record.id] = iso(ms)

    def merge(self, primary: Record, other: Record, hand: Hand, ms: int) -> Record:
        """Merge `other` into `primary`: the primary's values win, and both ids lead to the outcome."""
        merged = [
            *merged_ids(primary),
            *merged_ids(other),
            *([primary.id] if self.portal.quirk["merge_new_id"] else []),
            other.id,
        ]
        values = {**other.values, **primary.values}
        values["createdate"] = min(primary.values["createdate"], other.values["createdate"])
        stages = [r.values["lifecyclestage"] for r in (primary, other) if r.values.get("lifecyclestage") in LIFECYCLE]
        if stages:
            values["lifecyclestage"] = max(stages, key=LIFECYCLE.index)
        values["hs_merged_object_ids"] = ";".join(str(i) for i in dict.fromkeys(merged))
        more = [m for r in (primary, other) for m in r.values.get("hs_additional_emails", "").split(";") if m]
        if other.values.get("email") and primary.values.get("email"):
            more.append(other.values["email"])
        if more:
            values["hs_additional_emails"] = ";".join(dict.fromkeys(more))
        writes = primary.writes
        self._drop(other, ms)
        if self.portal.quirk["merge_new_id"]:
            self._drop(primary, ms)
            self._last_id += self.portal.random.randint(1, 47)
            winner = self._insert(self._last_id, values, hand, ms)
            winner.created = min(primary.created, other.created)
            winner.writes = [*writes, *winner.writes]
            self.forward[primary.id] = winner.id
            self.portal.links.move(self.kind.name, primary.id, winner.id)
        else:
            winner = primary
            self._write(winner, values, hand, ms)
        self.forward[other.id] = winner.id
        self.portal.links.move(self.kind.name, other.id, winner.id)
        return winner

    def _drop(self, record: Record, ms: int) -> None:
        del self.records[record.id]
        _take_out(self.archived if record.archived_at else self.live, record.id)
        if record.archived_at is None:
            self._release(record, record.values)
            self._hide(record.id, ms)

    # ------------------------------------------------------------------------------------------ uniqueness
    def next_id(self) -> int:
        """An id not in use, as a refusal names it when two rows of one batch collide."""
        return self._last_id + 1

    def check_unique(self, values: Mapping[str, str], record: Record | None) -> None:
        """Refuse values that another record has and that may not repeat.

        Raises:
            VendorError: 409 for an e-mail address, 400 for any other property.
        """
        for name in self.schema.unique_names():
            holder = self.unique.get(name, {}).get(values[name].lower()) if values.get(name) else None
            if holder is None or (record is not None and holder == record.id):
                continue
            if name == "email":
                raise contact_exists(holder)
            message = f"{holder} already has that value."
            raise invalid_properties([(name, "CONFLICTING_UNIQUE_VALUE", message)], self.portal.portal_id)

    def _claim(self, record: Record, values: Mapping[str, str]) -> None:
        for name in self.schema.unique_names():
            if values.get(name):
                self.unique.setdefault(name, {})[values[name].lower()] = record.id
        for address in values.get("hs_additional_emails", "").split(";"):
            if address:
                self.unique.setdefault("email", {})[address] = record.id

    def _release(self, record: Record, names: Iterable[str]) -> None:
        named = set(names)
        for name in self.schema.unique_names():
            if name in named and record.values.get(name):
                self.unique.get(name, {}).pop(record.values[name].lower(), None)
        if "hs_additional_emails" in named:
            for address in record.values.get("hs_additional_emails", "").split(";"):
                self.unique.get("email", {}).pop(address, None)

    def _last_archived(self, values: Mapping[str, str]) -> Record | None:
        if not self.portal.quirk["recreate_restores"] or not values.get("email"):
            return None
        gone = (self.records[i] for i in reversed(self.archived))
        return next((r for r in gone if r.values.get("email") == values["email"]), None)

    # ------------------------------------------------------------------------------------ the search index
    def _show(self, record: Record, ms: int) -> None:
        if record.archived_at is None:
            self.index.put(record.id, record.values, ms, self._lag())

    def _hide(self, record_id: int, ms: int) -> None:
        self.index.put(record_id, None, ms, self._lag())

    def _lag(self) -> int:
        return int(float(self.portal.quirk["search_lag"]) * 1000)


class Portal:
    """One HubSpot account: its records, their associations, its owners and pipelines, and its clock."""

    def __init__(self, portal_id: int, quirk: Mapping[str, Any], rng: random.Random, now: Callable[[], int]) -> None:
        self.portal_id = portal_id
        self.quirk = quirk
        self.random = rng
        self.now = now
        self.access = Access(quirk, rng)
        self.links = Links(self._is_live)
        starts = ((CONTACTS, 57_156_923_000), (COMPANIES, 8_115_400_000), (DEALS, 21_030_700_000))
        self.collections = {kind.name: Collection(kind, self, start + rng.randint(0, 999)) for kind, start in starts}
        self.owners = Owners(rng)
        self.pipelines = Pipelines(portal_id, rng, now())
        self.offer_stages()

    def offer_stages(self) -> None:
        """Make the pipelines and stages that there are the options of a deal's properties."""
        for name, options in self.pipelines.options().items():
            prop = self.collections["deals"].schema.properties[name]
            prop.options = options
            prop.external = not self.quirk["validate_deal_stage"]

    def _is_live(self, name: str, record_id: int) -> bool:
        record = self.collections[name].records.get(record_id)
        return record is not None and record.archived_at is None

    def collection(self, given: str) -> Collection:
        """The records of a type named in a path: `contacts`, `contact` or `0-1`.

        Raises:
            VendorError: 400 for a type that the portal does not have.
        """
        kind = TYPES.get(given.lower())
        if kind is None:
            raise invalid(f"Unable to infer object type from: {given}")
        return self.collections[kind.name]

    def associate(self, start: Collection, given: str, end: Collection, other: str, types: Sequence[int]) -> list[int]:
        """Associate two live records; a contact's primary company is also written to `associatedcompanyid`.

        Raises:
            VendorError: 404 or 400 for a record or type that does not exist.
        """
        one, two = start.find(given), end.find(other)
        if one is None or two is None:
            raise _no_end(start if one is None else end, given if one is None else other)
        names = start.kind.name, end.kind.name
        wanted = types or [self.links.default_type(*names).id]
        kept = self.links.add(names[0], one.id, names[1], two.id, wanted)
        for record, kind in ((one, start.kind), (two, end.kind)):
            if kind is CONTACTS and set(names) == {"contacts", "companies"}:
                self.note_company(record)
        return sorted(kept)

    def note_company(self, contact: Record) -> None:
        """Bring `associatedcompanyid` in line with a contact's primary company."""
        links = self.links.of("contacts", contact.id, "companies")
        primary = next((str(company) for company, types in links.items() if any(t.id == 1 for t in types)), "")
        hand = Hand("CRM_UI", "PRIMARY_COMPANY")
        self.collections["contacts"].set_own(contact, {"associatedcompanyid": primary}, hand, self.now())


def _no_end(collection: Collection, given: str) -> VendorError:
    kind = collection.kind
    return VendorError(
        404,
        {
            "status": "error",
            "message": f"{kind.singular.upper()}={given} is not valid",
            "context": {"id": [given], "objectType": [kind.id]},
            "category": "OBJECT_NOT_FOUND",
        },
    )


def _take_out(ids: list[int], record_id: int) -> None:
    at = bisect.bisect_left(ids, record_id)
    if at < len(ids) and ids[at] == record_id:
        del ids[at]
