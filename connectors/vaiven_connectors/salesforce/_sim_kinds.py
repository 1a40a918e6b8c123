"""What a field and an object are, and the short notation in which the standard ones are written down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_ENTRY = re.compile(r"(?P<name>\w+) (?P<type>\w+)(?:\((?P<arg>[^)]*)\))?(?P<marks>[!~^=]*)")
_SOAP = {"boolean": "xsd:boolean", "int": "xsd:int", "date": "xsd:date", "datetime": "xsd:dateTime", "id": "tns:ID"}
_NUMBERS = {"double", "currency", "percent", "int"}
_TEXTS = {"string", "email", "phone", "url", "textarea", "picklist", "multipicklist", "combobox", "encryptedstring"}
LONG_TEXT = 255
"""Text areas beyond this are long ones, which cannot be filtered or sorted by."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object, as describe tells it.

    Args:
        name: of the API.
        type: of describe: `string`, `reference`, `datetime` and so on.
        length: characters at most; 0 where it has no say.
        refers: objects that a reference may lead to.
        values: of a picklist.
        required: there is no record without it.
        read_only: only the platform sets it.
        fixed: set when the record is made, and not changed afterwards.
        custom: made by the account's owner.
        external: records can be found and upserted by it.
        unique: no two records share a value.
        label: what people see.
        scale: digits behind the point.
        restricted: of a picklist: no other value is taken.
    """

    name: str
    type: str
    length: int = 0
    refers: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    required: bool = False
    read_only: bool = False
    fixed: bool = False
    custom: bool = False
    external: bool = False
    unique: bool = False
    label: str = ""
    scale: int = 2
    restricted: bool = False

    @property
    def relation(self) -> str | None:
        """Name of the relationship in a query: `Account` for AccountId, `Tutor__r` for Tutor__c."""
        if self.type != "reference" or self.name == "LeadOrContactId":  # a reference without a relationship
            return None
        return self.name[:-1] + "r" if self.custom else self.name.removesuffix("Id")

    @property
    def spoken(self) -> str:
        """The label, made of the name where there is none."""
        return self.label or _spoken(self.name)

    @property
    def is_text(self) -> bool:
        """Whether its literals stand in quotes."""
        return self.type in _TEXTS or self.type in {"reference", "id"}

    @property
    def is_number(self) -> bool:
        """Whether it holds a number."""
        return self.type in _NUMBERS

    @property
    def filterable(self) -> bool:
        """Whether a query can filter by it."""
        return self.type != "address" and not (self.type == "textarea" and self.length > LONG_TEXT)

    def empty(self) -> Any:
        """What a record has that was never given a value."""
        return False if self.type == "boolean" else None

    def describe(self) -> dict[str, Any]:
        """As `fields[]` of the describe resource."""
        soap = _SOAP.get(self.type) or ("xsd:double" if self.is_number else "tns:ID" if self.refers else "xsd:string")
        number = self.is_number and self.type != "int"
        picks = [
            {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
            for value in self.values
        ]
        return {
            "aggregatable": self.filterable,
            "autoNumber": self.name == "CaseNumber",
            "byteLength": self.length * 3,
            "calculated": False,
            "caseSensitive": False,
            "createable": not self.read_only,
            "custom": self.custom,
            "defaultValue": False if self.type == "boolean" else None,
            "defaultedOnCreate": self.type == "boolean" or self.name == "OwnerId",
            "digits": 8 if self.type == "int" else 0,
            "externalId": self.external,
            "filterable": self.filterable,
            "idLookup": self.external or self.type == "id" or self.name == "Email",
            "label": self.spoken,
            "length": self.length if not self.refers and self.type != "id" else 18,
            "name": self.name,
            "nameField": self.name in {"Name", "CaseNumber", "Subject"},
            "nillable": not self.required and self.type != "boolean",
            "picklistValues": picks,
            "polymorphicForeignKey": len(self.refers) > 1,
            "precision": 18 if number else 0,
            "referenceTo": list(self.refers),
            "relationshipName": self.relation,
            "restrictedPicklist": self.restricted,
            "scale": self.scale if number else 0,
            "soapType": soap,
            "sortable": self.filterable,
            "type": self.type,
            "unique": self.unique,
            "updateable": not self.read_only and not self.fixed,
        }


@dataclass(slots=True)
class Kind:
    """One object (sObject) of an org.

    Args:
        name: of the API.
        prefix: first three characters of its ids.
        fields: by name.
        label: singular.
        plural: as people write it.
        soft: deleted records stay in the recycle bin; False: it cannot be deleted.
        writable: the API can create and update it.
    """

    name: str
    prefix: str
    fields: dict[str, Field]
    label: str
    plural: str
    soft: bool = True
    writable: bool = True
    folded: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folded = {name.lower(): name for name in self.fields}

    def find(self, name: str) -> Field | None:
        """A field by its name in any case of letters, as queries write it."""
        known = self.folded.get(name.lower())
        return self.fields[known] if known else None

    def related(self, name: str) -> Field | None:
        """The reference behind a relationship's name."""
        low = name.lower()
        return next((one for one in self.fields.values() if (one.relation or "").lower() == low), None)

    def add(self, one: Field) -> None:
        """Give the object another field."""
        self.fields[one.name] = one
        self.folded[one.name.lower()] = one.name


def fields_of(text: str) -> Iterator[Field]:
    """Read the notation: `Name type(arg)marks`, separated by semicolons.

    Marks: `!` required, `~` read-only, `^` not changed after creation, `=` unique.
    """
    for entry in filter(None, (part.strip() for part in " ".join(text.split()).split(";"))):
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise ValueError(f"no field: {entry}")
        arg, type_, marks = found["arg"] or "", found["type"], found["marks"]
        yield Field(
            found["name"],
            type_,
            length=int(arg) if arg.isdigit() else {"picklist": 255, "reference": 18, "id": 18}.get(type_, 0),
            refers=tuple(arg.split("|")) if type_ == "reference" else (),
            values=tuple(arg.split("|")) if type_ == "picklist" and arg else (),
            required="!" in marks,
            read_only="~" in marks,
            fixed="^" in marks,
            unique="=" in marks,
        )


def _spoken(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.removesuffix("__c")).replace("_", " ")
    return words if words == "Id" else words.removesuffix(" Id") if words != name else words
