"""What every entity of the unified model shares, and the marks that a field can carry."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo


class Pii(StrEnum):
    """How personal a field is; drives log redaction, erasure and what a model may read."""

    NONE = "none"
    CONTACT = "contact"
    SENSITIVE = "sensitive"
    SPECIAL = "special"


class Merge(StrEnum):
    """How two different edits of one field are settled unless a mapping says otherwise."""

    LAST_WRITER = "last_writer"
    """The later edit wins; the other value is kept as a conflict."""
    UNION = "union"
    """A set: both sides' additions and removals apply (three-way)."""
    MOST_RESTRICTIVE = "most_restrictive"
    """Consent: a refusal beats a permission, always; cannot be configured away."""
    EARLIEST = "earliest"
    """The smaller value wins (first seen)."""
    LATEST = "latest"
    """The larger value wins (last seen)."""


class Nature(StrEnum):
    """What kind of thing an entity is, hence how the engine treats it."""

    ENTITY = "entity"
    """Changes over time and may live in several tools at once: resolved, merged, pushed."""
    EVENT = "event"
    """Happened once and never changes."""
    FACT = "fact"
    """A measured number that its only source may restate."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The field holds the id of an entity of this kind."""

    kind: str


@dataclass(frozen=True, slots=True)
class RefBy:
    """The field holds the id of an entity whose kind stands in another field of the same row."""

    field: str


@dataclass(frozen=True, slots=True)
class Key:
    """The field's normalised value identifies the entity among those of its kind.

    Args:
        namespace: the identifier space inside the entity's kind, as in `email`.
        limit: a value found on more records of one stream than this is shared (a household's phone, `info@`)
            and proves nothing.
        priority: of two contradicting keys the one with the smaller number is believed.
    """

    namespace: str
    limit: int = 1
    priority: int = 1


class Entity(BaseModel):
    """A row of the unified model.

    A stored row also has the columns of `ROW`: tenant, id, times, revision, deletion, custom fields and
    provenance. They belong to the store, so no mapping can write them.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, defer_build=True)

    kind: ClassVar[str] = ""
    """Snake-case name: the table's and the API's."""
    plural: ClassVar[str] = ""
    """Plural of `kind`, as in API paths."""
    nature: ClassVar[Nature] = Nature.ENTITY
    natural_key: ClassVar[tuple[str, ...]] = ()
    """Fields that together name one row within a tenant: the primary key of a fact, unique for an event, and
    how the engine finds the row of a link (membership, role) again."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        if not cls.__dict__.get("plural"):
            cls.plural = f"{cls.kind[:-1]}ies" if cls.kind.endswith("y") else f"{cls.kind}s"

    @classmethod
    @functools.cache
    def fields(cls) -> dict[str, Field]:
        """Every field with its marks, by name."""
        return {name: Field.of(name, info) for name, info in cls.model_fields.items()}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity as the rest of the house reads it."""

    name: str
    type: Any
    """The Python type without `None` and without marks: `str`, `int`, `bool`, `Decimal`, `date`, `datetime`,
    an enum, `list[str]` or `dict[str, Any]`."""
    doc: str
    pii: Pii = Pii.NONE
    merge: Merge = Merge.LAST_WRITER
    ref: str | None = None
    """Kind of the entity whose id the field holds."""
    ref_by: str | None = None
    """Name of the field that holds the kind of the entity whose id this field holds."""
    key: Key | None = None
    clean: str | None = None
    """Name of the cleaner in `vaiven_sdk.model.clean` that makes two spellings of one value equal."""
    nullable: bool = True
    """False for what every row has: the store's own columns and the natural keys of facts and events."""
    default: str | int | None = None
    """Value of a row that says nothing; None on a field that is not nullable means that it must be given."""

    @classmethod
    def of(cls, name: str, info: FieldInfo) -> Field:
        """Read one pydantic field."""
        kind = _without_none(info.annotation)
        marks = [*info.metadata]
        while get_origin(kind) is not None and hasattr(kind, "__metadata__"):
            marks.extend(kind.__metadata__)
            kind = get_args(kind)[0]
        kind = _without_none(kind)

        def mark(wanted: type) -> Any:
            return next((m for m in marks if isinstance(m, wanted)), None)

        ref, ref_by, cleaner = mark(Ref), mark(RefBy), mark(Clean)
        return cls(
            name=name,
            type=kind,
            doc=info.description or "",
            pii=mark(Pii) or Pii.NONE,
            merge=mark(Merge) or Merge.LAST_WRITER,
            ref=ref.kind if ref else None,
            ref_by=ref_by.field if ref_by else None,
            key=mark(Key),
            clean=cleaner.name if cleaner else None,
            nullable=type(None) in get_args(info.annotation),
            default=None if info.is_required() else info.default,
        )


@dataclass(frozen=True, slots=True)
class Clean:
    """The field is brought to one spelling by this cleaner of `vaiven_sdk.model.clean` before it is compared.

    Args:
        name: a key of `CLEANERS`.
    """

    name: str


def _without_none(kind: Any) -> Any:
    args = [a for a in get_args(kind) if a is not type(None)]
    if len(args) == 1 and type(None) in get_args(kind):
        return args[0]
    return kind
