"""The rows of an org: by id, by the instant of their last change, and by the values that are looked up."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from vaiven_connectors.salesforce import _sim_ids as ids
from vaiven_connectors.salesforce._sim_errors import no, unknown_kind
from vaiven_connectors.salesforce._sim_kinds import Field, Kind
from vaiven_connectors.salesforce._sim_objects import LEAD_STATUSES, STAGES, standard_kinds
from vaiven_sdk.testing import Clock

Row = dict[str, Any]
_INDEXED = ("Email", "AccountId", "CampaignId", "ContactId", "LeadId", "WhoId", "WhatId", "ParentId", "Username")


def stamp(at: datetime) -> str:
    """An instant as the REST API writes it: to the second, as all examples of the guides have it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"


def normal(given: object) -> str | None:
    """An id of 15 or 18 characters as the 18 that the API gives; None when it is none."""
    found = ids.short(given)
    return None if found is None else ids.long(found)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One request: all that it writes shares an instant.

    Args:
        at: the stamp of its writes.
        user: who writes.
        allow_duplicates: the duplicate rules' alert is acknowledged.
        held: parents that other transactions hold.
    """

    at: str
    user: str
    allow_duplicates: bool = False
    held: frozenset[str] = frozenset()

    @property
    def day(self) -> str:
        """The civil date."""
        return self.at[:10]


class Shelf:
    """The rows of one object, deleted ones among them. A row is never changed: another takes its place."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.rows: dict[str, Row] = {}
        self.order: list[tuple[str, str]] = []
        self._indexes: dict[str, dict[Any, dict[str, None]]] = {n: {} for n in _INDEXED if n in kind.fields}

    def put(self, row: Row) -> None:
        """Store a row, or another version of it."""
        self.drop(row["Id"])
        self.rows[row["Id"]] = row
        place = (row["SystemModstamp"], row["Id"])
        if not self.order or self.order[-1] < place:
            self.order.append(place)
        else:
            insort(self.order, place)
        for name, index in self._indexes.items():
            if (value := row.get(name)) is not None:
                index.setdefault(_folded(value), {})[row["Id"]] = None

    def drop(self, key: str) -> None:
        """Forget a row for good."""
        old = self.rows.pop(key, None)
        if old is None:
            return
        del self.order[bisect_left(self.order, (old["SystemModstamp"], key))]
        for name, index in self._indexes.items():
            if (value := old.get(name)) is not None:
                index[_folded(value)].pop(key, None)

    def index(self, name: str) -> None:
        """Look rows up by this field from now on."""
        index: dict[Any, dict[str, None]] = {}
        for key, row in self.rows.items():
            if (value := row.get(name)) is not None:
                index.setdefault(_folded(value), {})[key] = None
        self._indexes[name] = index

    def knows(self, name: str) -> bool:
        """Whether `having` can be asked about this field."""
        return name in self._indexes

    def having(self, name: str, value: Any) -> list[Row]:
        """The rows with this value in an indexed field, in any case of letters, deleted ones too."""
        return [self.rows[key] for key in self._indexes[name].get(_folded(value), ())]

    def living(self, name: str, value: Any) -> list[Row]:
        """The same without deleted ones."""
        return [row for row in self.having(name, value) if not row.get("IsDeleted")]

    def since(self, at: str | None, first: str = "") -> Iterator[Row]:
        """Every row changed at `at` or later (at `at` itself, with an id from `first` on), by change and then by id."""
        start = 0 if at is None else bisect_left(self.order, (at, first))
        for _, key in self.order[start:]:
            yield self.rows[key]


class Org:
    """The org's objects and their rows.

    Args:
        clock: the vendor's.
        chance: of the simulator.
        quirk: its switches.
    """

    def __init__(self, clock: Clock, chance: Random, quirk: Mapping[str, Any]) -> None:
        self.clock, self.chance, self.quirk = clock, chance, quirk
        self.ids = ids.Ids(chance)
        self.kinds = standard_kinds(tuple(quirk["currencies"]))
        self.shelves = {name: Shelf(kind) for name, kind in self.kinds.items()}
        self.purged: dict[str, list[tuple[str, str]]] = {name: [] for name in self.kinds}
        self.cases = 1000
        self.business_hours = ids.long(self.ids.new("01m"))
        self._journal: list[tuple[Shelf, str, Row | None]] | None = None
        self.org_id = ids.long(self.ids.new("00D"))
        self.user_id = ids.long(self.ids.new("005"))
        self._furnish()

    def _furnish(self) -> None:
        at = self.begin()
        currencies = tuple(self.quirk["currencies"])
        self.insert(
            "Organization",
            {
                "Id": self.org_id,
                "Name": "Vaiven Test",
                "OrganizationType": "Enterprise Edition",
                "InstanceName": "EU99",
                "IsSandbox": bool(self.quirk["sandbox"]),
                "DefaultLocaleSidKey": "en_US",
                "TimeZoneSidKey": "Europe/Berlin",
                "LanguageLocaleKey": "en_US",
                "FiscalYearStartMonth": 1,
            },
            at,
        )
        owner = {
            "Id": self.user_id,
            "Username": "integration@vaiven.example",
            "LastName": "Integration",
            "FirstName": "Vaiven",
            "Name": "Vaiven Integration",
            "Email": "integration@vaiven.example",
            "Alias": "vint",
            "IsActive": True,
            "TimeZoneSidKey": "Europe/Berlin",
            "LocaleSidKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "en_US",
            "UserType": "Standard",
            "CommunityNickname": "integration",
            "DigestFrequency": "D",
            "DefaultGroupNotificationFrequency": "N",
            "ProfileId": ids.long(self.ids.new("00e")),
        }
        if currencies:
            owner |= {"CurrencyIsoCode": currencies[0], "DefaultCurrencyIsoCode": currencies[0]}
        self.insert("User", owner, at)
        for number, (label, probability, forecast, closed, won) in enumerate(STAGES, 1):
            row = {
                "MasterLabel": label,
                "ApiName": label,
                "IsActive": True,
                "SortOrder": number,
                "IsClosed": closed,
                "IsWon": won,
                "ForecastCategory": forecast,
                "ForecastCategoryName": forecast,
                "DefaultProbability": float(probability),
            }
            self.insert("OpportunityStage", row, at)
        for number, label in enumerate(LEAD_STATUSES, 1):
            row = {"MasterLabel": label, "ApiName": label, "SortOrder": number, "IsDefault": number == 1}
            self.insert("LeadStatus", {**row, "IsConverted": label == LEAD_STATUSES[2]}, at)
        for number, code in enumerate(currencies):
            row = {"IsoCode": code, "ConversionRate": 1.0 + number / 10, "DecimalPlaces": 2, "IsActive": True}
            self.insert("CurrencyType", {**row, "IsCorporate": number == 0}, at)

    # -------------------------------------------------------------------------------------------------- looking

    def begin(self, *, allow_duplicates: bool = False, held: frozenset[str] = frozenset()) -> Transaction:
        """A transaction that writes now."""
        return Transaction(stamp(self.clock.now()), self.user_id, allow_duplicates, held)

    def kind(self, name: str) -> Kind:
        """An object by its name in any case of letters.

        Raises:
            Refusal: 404, there is none, or the user may not see it.
        """
        found = self.find_kind(name)
        if found is None:
            raise no("NOT_FOUND", "The requested resource does not exist", status=404)
        return found

    def find_kind(self, name: str) -> Kind | None:
        """The same without a refusal."""
        low = name.lower()
        hidden = {str(one).lower() for one in self.quirk["hidden_objects"]}
        return next((kind for key, kind in self.kinds.items() if key.lower() == low and low not in hidden), None)

    def field(self, kind: Kind, name: str) -> Field | None:
        """A field that the user may see."""
        found = kind.find(name)
        return None if found is None or f"{kind.name}.{found.name}" in self.quirk["hidden_fields"] else found

    def fields(self, kind: Kind) -> list[Field]:
        """All fields that the user may see."""
        return [one for one in kind.fields.values() if f"{kind.name}.{one.name}" not in self.quirk["hidden_fields"]]

    def kind_of(self, key: str) -> Kind | None:
        """The object that an id belongs to."""
        return next((kind for kind in self.kinds.values() if key.startswith(kind.prefix)), None)

    def row(self, key: str | None) -> Row | None:
        """A row by its id, also a deleted one."""
        kind = self.kind_of(key) if key else None
        return self.shelves[kind.name].rows.get(key or "") if kind else None

    def queried(self, name: str) -> Shelf:
        """The rows that a query asks for.

        Raises:
            Refusal: INVALID_TYPE.
        """
        found = self.find_kind(name)
        if found is None:
            raise no("INVALID_TYPE", unknown_kind(name))
        return self.shelves[found.name]

    # -------------------------------------------------------------------------------------------------- storing

    def insert(self, name: str, values: Row, at: Transaction) -> Row:
        """Store a new row as it is, with its audit fields."""
        kind = self.kinds[name]
        audit = {"CreatedDate": at.at, "CreatedById": at.user, "LastModifiedDate": at.at, "LastModifiedById": at.user}
        row = {"Id": ids.long(self.ids.new(kind.prefix)), **audit, **values, "SystemModstamp": at.at}
        if kind.soft:
            row.setdefault("IsDeleted", False)
        self.put(name, row)
        return row

    def amend(self, name: str, row: Row, values: Row, at: Transaction, *, by_system: bool = False) -> Row:
        """Store another version of a row; what the system does moves SystemModstamp alone (Help 000387261)."""
        audit = {} if by_system else {"LastModifiedDate": at.at, "LastModifiedById": at.user}
        new = {**row, **values, **audit, "SystemModstamp": max(at.at, row["SystemModstamp"])}
        self.put(name, new)
        return new

    def put(self, name: str, row: Row) -> None:
        """Store a row; within a savepoint the old one is remembered."""
        shelf = self.shelves[name]
        if self._journal is not None:
            self._journal.append((shelf, row["Id"], shelf.rows.get(row["Id"])))
        shelf.put(row)

    @contextmanager
    def savepoint(self) -> Iterator[Savepoint]:
        """What is written in here can be taken back."""
        outer, self._journal = self._journal, []
        try:
            yield Savepoint(self._journal)
        finally:
            mine, self._journal = self._journal, outer
            if outer is not None:
                outer.extend(mine)

    def add_field(self, kind: Kind, one: Field) -> None:
        """The account's owner adds a field."""
        kind.add(one)
        if one.external or one.unique:
            self.shelves[kind.name].index(one.name)


class Savepoint:
    """Remembers what rows were like."""

    def __init__(self, journal: list[tuple[Shelf, str, Row | None]]) -> None:
        self._journal = journal

    def undo(self) -> None:
        """Put the rows back as they were."""
        for shelf, key, old in reversed(self._journal):
            if old is None:
                shelf.drop(key)
            else:
                shelf.put(old)
        self._journal.clear()


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
