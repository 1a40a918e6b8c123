"""A record class is the vendor's schema, the path on the wire and the default mapping in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, get_args

from pydantic import AliasPath, BaseModel, ConfigDict, create_model
from pydantic import Field as PydanticField
from pydantic_core import PydanticUndefined

from vaiven_sdk._mapping import Derived, Mapped, compile_mapping, version_of, with_custom
from vaiven_sdk._mapping import Mapping as CompiledMapping
from vaiven_sdk.custom import CustomField
from vaiven_sdk.evidence import Proof, proofs_of
from vaiven_sdk.model import Entity, Merge

U = TypeVar("U", bound=Entity)
M = TypeVar("M", bound=Callable[..., Any])

_MARK = "__vaiven_derive__"


@dataclass(frozen=True, slots=True)
class Wire:
    """What `wire()` says about one field."""

    path: tuple[str, ...]
    to: str | None = None
    ref: str | None = None
    values: Mapping[Any, str] | None = None
    back: Mapping[str, Any] | None = None
    read_only: bool = False
    of: str | tuple[str, ...] = ()


def wire(
    path: str | None = None,
    *,
    to: str | None = None,
    ref: str | None = None,
    values: Mapping[Any, str] | None = None,
    back: Mapping[str, Any] | None = None,
    read_only: bool = False,
    of: str | tuple[str, ...] = (),
    description: str | None = None,
) -> Any:
    """Declare one field of a record.

    Args:
        path: dotted path in the vendor's JSON; the field's own name when left out. A number picks from an array,
            as in `items.0.id`; such a field can only be read.
        to: the unified field that this value becomes; checked when the class is made.
        ref: the value is the id of a record of this stream, so `to` gets the id of its entity.
        values: the vendor's values and the unified enum's; one that is missing becomes `other`. A consent needs them:
            they are all that the vendor's states mean, and one that is missing says nothing.
        back: unified value to the vendor's, where inverting `values` is not what writing needs.
        read_only: never written.
        of: `to` is a reference, and this tool keeps no record of what it means (an ad audience of hashed addresses):
            the field is written with this unified value of the entity at the other end, or with a dict of those of
            several that it has. Nothing is written while it has none. The field says nothing when it is read.
        description: shown in the connector's docs.
    """
    first, *rest = (path or "").split(".")
    picks = any(step.isdecimal() for step in rest)
    mark = Wire(tuple((path or "").split(".")) if path else (), to, ref, values, back, read_only or picks, of)
    alias = AliasPath(first, *(int(step) if step.isdecimal() else step for step in rest)) if path else None
    return PydanticField(validation_alias=alias, description=description, json_schema_extra={"vaiven": mark})  # type: ignore[dict-item]


def derive(
    to: str,
    *,
    ref: str | None = None,
    values: Mapping[Any, str] | None = None,
    back: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> Callable[[M], M]:
    """Mark a method that computes one unified field from several of the record's.

    Args:
        to: the unified field.
        ref: the method gives the id of a record of this stream, so `to` gets the id of its entity.
        values: what the method gives and the unified enum's values; one that is missing becomes `other`, and of a
            consent nothing.
        back: from the unified values (JSON, by unified name) to values of the record's fields, for writing;
            without it the unified field is never written to this tool.
    """

    def mark(method: M) -> M:
        setattr(method, _MARK, (to, back, ref, values))
        return method

    return mark


class Record(BaseModel, Generic[U]):
    """One object of a vendor's API, mapped to entity `U` of the unified model.

    Class arguments:
        key: field (or fields) that identify the record within its stream; joined by `/` when several.
        cursor: field that grows when the record changes: its version. Without one, the order of arrival decides.
        clear: what the vendor wants on the wire to empty a field.
        hub_id: field in which the vendor carries the hub's id of the entity; it is set on create, so that a record
            whose creation was never acknowledged is recognised as our own.
        merged_into: field in which a record that was merged into another one holds that one's id. It is gone; who was
            tied to it is tied to the other one.
        absorbs: field in which a record lists the ids of those that were merged into it, where the vendor says it so.
    """

    model_config = ConfigDict(
        extra="ignore",
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        defer_build=True,
        populate_by_name=True,
    )

    __key__: ClassVar[tuple[str, ...]] = ()
    __cursor__: ClassVar[str | None] = None
    __clear__: ClassVar[Any] = None
    __hub_id__: ClassVar[str | None] = None
    __merged_into__: ClassVar[str | None] = None
    __absorbs__: ClassVar[str | None] = None
    __entity__: ClassVar[type[Entity]] = Entity
    __wires__: ClassVar[dict[str, Wire]] = {}
    __mapping__: ClassVar[CompiledMapping]
    __proofs__: ClassVar[Mapping[str, Callable[[Any], Proof | None]]] = {}

    def __init_subclass__(cls, **_: Any) -> None:
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        key: str | tuple[str, ...] = (),
        cursor: str | None = None,
        clear: Any = None,
        hub_id: str | None = None,
        merged_into: str | None = None,
        absorbs: str | None = None,
        **_: Any,
    ) -> None:
        args = cls.__pydantic_generic_metadata__["args"]
        if args:
            # This is `Record[Person]` itself, on the way to the author's subclass.
            if isinstance(args[0], type):
                cls.__entity__ = args[0]
            return
        cls.__key__ = (key,) if isinstance(key, str) else tuple(key)
        cls.__cursor__ = cursor
        cls.__clear__ = clear
        cls.__hub_id__ = hub_id
        cls.__merged_into__, cls.__absorbs__ = merged_into, absorbs
        cls.__wires__ = {name: _wire_of(name, info.json_schema_extra) for name, info in cls.model_fields.items()}
        for info in cls.model_fields.values():
            if info.default is PydanticUndefined and info.default_factory is None and _allows_none(info.annotation):
                info.default = None
        for name in (*cls.__key__, *(n for n in (cursor, hub_id, merged_into, absorbs) if n)):
            if name not in cls.model_fields:
                raise TypeError(
                    f"{cls.__name__}: key, cursor, hub_id, merged_into or absorbs names {name!r}, which is not one of"
                    " its fields"
                )
        if not cls.__key__:
            raise TypeError(f"{cls.__name__}: give key=..., the field that identifies a record")
        cls.__mapping__ = compile_mapping(cls.__name__, cls.__entity__, cls.__wires__, _derived(cls))
        strict = {n for n, f in cls.__entity__.fields().items() if f.merge is Merge.MOST_RESTRICTIVE}
        cls.__proofs__ = proofs_of(cls, frozenset(strict & cls.__mapping__.fields.keys()))

    # Python code makes records by field name; in the vendor's JSON a field's name may be another field's path.
    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """A record from the vendor's decoded JSON, each field read at its path alone."""
        return super().model_validate(obj, **{"by_name": False, **options})

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """A record from the vendor's JSON, each field read at its path alone."""
        return super().model_validate_json(json_data, **{"by_name": False, **options})

    @property
    def remote_id(self) -> str:
        """The vendor's id of this record, as one string."""
        if len(self.__key__) == 1:
            return str(getattr(self, self.__key__[0]))
        return "/".join(str(getattr(self, name)) for name in self.__key__)

    @property
    def record_version(self) -> str:
        """The record's version as a string whose order is that of time; empty when the vendor has none."""
        return version_of(getattr(self, self.__cursor__)) if self.__cursor__ else ""

    @property
    def record_hub_id(self) -> str | None:
        """The hub's id that the vendor carries for us, if it does."""
        return getattr(self, self.__hub_id__) or None if self.__hub_id__ else None

    @property
    def record_merges(self) -> list[tuple[str, str]]:
        """Merges that the record tells of: the id of the record that is gone, and of the one that stays."""
        own = self.remote_id
        into = getattr(self, self.__merged_into__) if self.__merged_into__ else None
        gone = (getattr(self, self.__absorbs__) or ()) if self.__absorbs__ else ()
        pairs = [(str(one), own) for one in gone] + ([(own, str(into))] if into else [])
        return [(loser, winner) for loser, winner in pairs if loser != winner]

    def unified(self, aside: dict[str, str] | None = None) -> dict[str, Any]:
        """The unified values of this record as clean JSON, by unified field name; references are remote ids.

        Args:
            aside: takes each custom value that is not of its type, by unified name, with the reason; without it such
                a value is a ValueError.
        """
        return self.__mapping__.read(self, aside)

    def proofs(self) -> dict[str, Proof]:
        """The person's own acts behind the consents of this record, where the vendor tells of one."""
        given = ((consent, method(self)) for consent, method in self.__proofs__.items())
        return {consent: one for consent, one in given if one is not None}

    @classmethod
    def extended(cls, fields: Iterable[CustomField], namespace: str) -> type[Self]:
        """This record with the fields of one account: a subclass, made once a sync.

        Args:
            fields: what the account's owner has added; one whose path the record reads already is left out.
            namespace: the connector's slug: the fields become `custom.<namespace>.<key>`.
        """
        taken = {mark.path or (name,) for name, mark in cls.__wires__.items()}
        found = {f"custom_{n}": f for n, f in enumerate(fields) if f.steps not in taken}
        if not found:
            return cls
        made: dict[str, Any] = {
            source: (
                Any,
                PydanticField(
                    None,
                    validation_alias=AliasPath(*one.steps),
                    json_schema_extra={"vaiven": Wire(one.steps, read_only=one.read_only)},  # type: ignore[dict-item]
                ),
            )
            for source, one in found.items()
        }
        extended = cls._subclass(**made)
        extended.__mapping__ = with_custom(extended.__mapping__, found, namespace)
        return extended

    @classmethod
    def remapped(cls, fields: Mapping[str, Mapped]) -> type[Self]:
        """This record with another mapping, by unified field: as the owner of one account wants it."""
        renamed = {one.source: name for name, one in fields.items() if one.source}
        custom = {renamed[s]: c for n, c in cls.custom().items() if (s := cls.mapped()[n].source) in renamed}
        made = cls._subclass()
        made.__mapping__ = CompiledMapping(dict(fields), custom)
        return made

    @classmethod
    def _subclass(cls, **fields: Any) -> type[Self]:
        kept = {"key": cls.__key__, "cursor": cls.__cursor__, "clear": cls.__clear__, "hub_id": cls.__hub_id__}
        kept |= {"merged_into": cls.__merged_into__, "absorbs": cls.__absorbs__}
        made: type[Self] = create_model(
            cls.__name__, __base__=cls, __module__=cls.__module__, __cls_kwargs__=kept, **fields
        )
        return made

    @classmethod
    def custom(cls) -> dict[str, CustomField]:
        """The custom fields, by unified name; none unless the record was `extended`."""
        return cls.__mapping__.custom

    @classmethod
    def mapped(cls) -> dict[str, Mapped]:
        """How each unified field is read and written, by unified name."""
        return cls.__mapping__.fields

    @classmethod
    def clearing(cls) -> frozenset[str]:
        """The unified fields of which a record that lacks them says that they were emptied."""
        return cls.__mapping__.clearing

    def with_unified(self, values: Mapping[str, Any], names: set[str]) -> tuple[Self, set[str]]:
        """This record as it should become, and the names of its fields that carry the named values.

        Args:
            values: the entity's unified values (JSON), all of them: a derived field may need several.
            names: unified names to write.
        """
        fields = self.__mapping__.write(values, names)
        changed: Self = self.model_copy(update=fields)
        return changed, set(fields)

    @classmethod
    def blank(cls, values: Mapping[str, Any]) -> tuple[Self, set[str]]:
        """A record to create from the unified values, and the names of its fields that are set."""
        fields = {k: v for k, v in cls.__mapping__.write(values, set(values)).items() if v is not None}
        empty = dict.fromkeys(cls.model_fields)
        return cast("Self", cls.model_construct(**{**empty, **fields})), set(fields)

    @classmethod
    def paths(cls) -> list[str]:
        """Dotted path of every field in the vendor's JSON, for vendors that send just what is asked for."""
        return [".".join(mark.path or (name,)) for name, mark in cls.__wires__.items()]

    def to_wire(self, names: set[str] | None = None) -> dict[str, Any]:
        """The vendor's JSON of the named writable fields (all of them when None); an empty one becomes `clear`."""
        wanted = {n for n, w in self.__wires__.items() if not w.read_only and (names is None or n in names)}
        dumped = self.__pydantic_serializer__.to_python(self, mode="json", include=wanted)
        out: dict[str, Any] = {}
        for name in sorted(wanted):
            *parents, last = self.__wires__[name].path or (name,)
            node = out
            for parent in parents:
                node = node.setdefault(parent, {})
            value = dumped.get(name)
            node[last] = self.__clear__ if value is None else value
        return out


def _wire_of(name: str, extra: Any) -> Wire:
    mark = extra.get("vaiven") if isinstance(extra, dict) else None
    return mark if isinstance(mark, Wire) else Wire((name,))


def _allows_none(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _derived(cls: type[Record[Any]]) -> list[Derived]:
    found: dict[str, Derived] = {}
    for base in reversed(cls.__mro__):
        for name, member in list(vars(base).items()):
            mark = getattr(member, _MARK, None)
            if mark:
                to, back, ref, values = mark
                found[name] = (to, member, back, ref, values)
    return list(found.values())
