"""Compile a record class into straight functions between the vendor's fields and the unified ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias, get_origin

from vaiven_sdk.model import ENTITIES, Merge, Nature
from vaiven_sdk.model.clean import CLEANERS
from vaiven_sdk.model.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Mapping as AnyMapping

    from vaiven_sdk.custom import CustomField
    from vaiven_sdk.model import Entity, Field
    from vaiven_sdk.record import Wire


Derived: TypeAlias = "tuple[str, Callable[[Any], Any], Any, str | None, AnyMapping[Any, str] | None]"
"""Of a method marked with `derive`: unified field, the method, the way back, the stream referred to, the values."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """How one unified field is read from, and written to, a record.

    Args:
        to: the unified field (or metric).
        source: the record's field, or None when a method computes it.
        read: the record -> clean JSON value.
        write: unified values (JSON) -> values of the record's fields; None when it cannot be written.
        ref: the stream whose record ids the value holds.
        reads: what the record has counts; False for a field that is written alone.
        clears: an emptied value counts as one that somebody emptied.
        of: what is written in place of the entity that the value refers to: one of its values, or several by name.
    """

    to: str
    source: str | None
    read: Callable[[Any], Any]
    write: Callable[[AnyMapping[str, Any]], AnyMapping[str, Any]] | None
    ref: str | None = None
    reads: bool = True
    clears: bool = True
    of: str | tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """All of a record's unified fields; `custom` names those that were found at run time."""

    fields: dict[str, Mapped]
    custom: dict[str, CustomField] = field(default_factory=dict)
    clearing: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        clears = frozenset(name for name, one in self.fields.items() if one.reads and one.clears)
        object.__setattr__(self, "clearing", clears)

    def read(self, record: Any, aside: dict[str, str] | None = None) -> dict[str, Any]:
        """The clean unified values of one record; a bad custom value goes to `aside`, by name, with the reason."""
        if not self.custom:
            return {name: mapped.read(record) for name, mapped in self.fields.items() if mapped.reads}
        out = {}
        for name, mapped in self.fields.items():
            if not mapped.reads:
                continue
            try:
                out[name] = mapped.read(record)
            except ValueError as problem:
                if aside is None or name not in self.custom:
                    raise
                aside[name] = str(problem)
        return out

    def write(self, values: AnyMapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
        """Values of the record's fields that carry the named unified ones."""
        out: dict[str, Any] = {}
        for name in names:
            mapped = self.fields.get(name)
            if mapped is not None and mapped.write is not None:
                out.update(mapped.write(values))
        return out


def instant(value: datetime) -> str:
    """An aware instant as the one spelling that sorts by time: UTC, microseconds, `Z`."""
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def version_of(value: Any) -> str:
    """A version as a string whose order is the version's."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, int):
        return f"{value:020d}"
    return value.isoformat() if isinstance(value, date) else str(value)


def compile_mapping(
    owner: str,
    entity: type[Entity],
    wires: AnyMapping[str, Wire],
    derived: Iterable[Derived],
) -> Mapping:
    """Check every `to` against the unified model and build its two directions.

    Raises:
        TypeError: a unified field that does not exist, two sources for one, or a consent whose states are left open.
    """
    known = entity.fields()
    fields: dict[str, Mapped] = {}

    def add(name: str, mapped: Mapped) -> None:
        if mapped.to not in known and not (entity.nature is Nature.FACT and mapped.to in METRICS):
            raise TypeError(f"{owner}.{name}: {entity.__name__} has no field {mapped.to!r}{_nearest(mapped.to, known)}")
        if mapped.to in fields:
            raise TypeError(f"{owner}.{name}: {mapped.to!r} is mapped twice")
        fields[mapped.to] = mapped

    for name, wire in wires.items():
        if wire.to is None:
            continue
        target = known.get(wire.to)
        _closed(f"{owner}.{name}", target, wire.values)
        _there(f"{owner}.{name}", target, wire)
        into = reader(target, wire.values, wire.ref)
        read = _nothing if wire.of else _read_field(name, into)
        add(name, Mapped(wire.to, name, read, _write_field(name, target, wire), wire.ref, of=wire.of))
    for to, method, back, ref, values in derived:
        _closed(f"{owner}.{method.__name__}", known.get(to), values)
        into = reader(known.get(to), values)
        add(method.__name__, Mapped(to, None, _read_method(method, into), back, ref))
    return Mapping(fields)


def with_custom(mapping: Mapping, sources: AnyMapping[str, CustomField], namespace: str) -> Mapping:
    """The mapping with custom fields added, by the name of the record's field that holds each."""
    fields, custom = dict(mapping.fields), dict(mapping.custom)
    for source, found in sources.items():
        name = found.unified_name(namespace)
        fields[name] = Mapped(name, source, _read_custom(source, found), _write_custom(source, name, found))
        custom[name] = found
    return Mapping(fields, custom)


def _read_custom(source: str, found: CustomField) -> Callable[[Any], Any]:
    return lambda record: found.read(getattr(record, source))


def _write_custom(source: str, name: str, found: CustomField) -> Any:
    if found.read_only:
        return None

    def write(values: AnyMapping[str, Any]) -> dict[str, Any]:
        try:
            return {source: found.write(values.get(name))}
        except ValueError:
            return {}

    return write


def _read_field(name: str, into: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(record: Any) -> Any:
        value = getattr(record, name)
        return None if value is None or value == "" else into(value)

    return read


def _nothing(_: Any) -> None:
    """What a field says that stands for an entity by some of its values."""


def _there(where: str, target: Field | None, wire: Wire) -> None:
    """Refuse values `of` an entity that has none of that name.

    Raises:
        TypeError: the field is no reference, or what it refers to has no such value.
    """
    if not wire.of:
        return
    if target is None or not target.ref or wire.ref or wire.values:
        raise TypeError(f"{where}: of= is for a field that refers to an entity, without ref= and values=")
    known = ENTITIES[target.ref].fields()
    for name in (wire.of,) if isinstance(wire.of, str) else wire.of:
        if name not in known:
            raise TypeError(f"{where}: a {target.ref} has no {name!r}{_nearest(name, known)}")


def _read_method(method: Callable[[Any], Any], into: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(record: Any) -> Any:
        value = method(record)
        return None if value is None or value == "" else into(value)

    return read


def _write_field(name: str, target: Field | None, wire: Wire) -> Any:
    if wire.read_only or target is None:
        return None
    back = wire.back if wire.back is not None else _inverse(wire.values)
    parse = _PARSERS.get(target.type)

    def write(values: AnyMapping[str, Any]) -> dict[str, Any]:
        value = values.get(wire.to or "")
        if back is not None:
            if value is not None and value not in back:
                return {}
            value = None if value is None else back[value]
        elif value is not None and parse is not None:
            value = parse(value)
        return {name: value}

    return write


def _inverse(values: AnyMapping[Any, str] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    inverse: dict[str, Any] = {}
    for theirs, ours in values.items():
        inverse.setdefault(ours, theirs)
    return inverse


def _closed(where: str, target: Field | None, values: AnyMapping[Any, str] | None) -> None:
    """Refuse a consent whose states are not all named: no unknown one may pass for a permission."""
    if target is None or target.merge is not Merge.MOST_RESTRICTIVE:
        return
    states = ", ".join(target.type)
    if values is None:
        raise TypeError(
            f"{where}: {target.name} is a consent: give values={{...}}, what each of the vendor's states means"
            f" ({states}); one that is not in it says nothing"
        )
    if hasattr(values, "__missing__"):
        raise TypeError(f"{where}: values with a default let an unknown state pass for a known one: give a plain dict")
    wrong = sorted({str(ours) for ours in values.values()} - set(target.type))
    if wrong:
        raise TypeError(f"{where}: {', '.join(wrong)} is no state of consent; there are {states}")
    if any(ours == "granted" and (theirs is None or theirs == "") for theirs, ours in values.items()):
        raise TypeError(f"{where}: that the vendor says nothing is no permission")


def reader(
    target: Field | None, values: AnyMapping[Any, str] | None = None, ref: str | None = None
) -> Callable[[Any], Any]:
    """The function that makes a non-null Python value clean JSON of the unified field's type."""
    if values is not None:
        table = dict(values)
        other = "other" if target is not None and _has_other(target.type) else None
        return lambda value: table.get(value, other)
    if ref is not None:
        return lambda value: str(value) or None
    if target is None:
        return _decimal  # a metric
    kind = target.type
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        known = {member.value for member in kind}
        other = "other" if "other" in known else None
        return lambda value: value if value in known else other
    if get_origin(kind) is list:
        if target.merge is Merge.UNION:
            return lambda value: sorted({str(item) for item in _listed(value)})
        return lambda value: [str(item) for item in _listed(value)]
    clean = CLEANERS[target.clean] if target.clean else None
    if kind is str:
        return (lambda value: clean(str(value))) if clean else _text
    return _READERS.get(kind, lambda value: value)


def _text(value: Any) -> str | None:
    text = str(value).strip()
    return text or None


def _decimal(value: Any) -> str:
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    return format(number.normalize(), "f") if number else "0"


def _whole(value: Any) -> int:
    number = int(value)
    if not isinstance(value, str) and number != value:
        raise ValueError(f"{value} is not a whole number")
    return number


def _truth(value: Any) -> bool:
    if value not in {True, False}:
        raise ValueError("neither true or false: declare the field as bool, or give its values by a method")
    return bool(value)


def _listed(value: Any) -> Iterable[Any]:
    if isinstance(value, str):
        raise ValueError("a text is no list: split it in a method marked with `derive`")  # noqa: TRY004
    return value  # type: ignore[no-any-return]


def _has_other(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum) and "other" in {m.value for m in kind}


def _date(value: Any) -> str:
    return (value.date() if isinstance(value, datetime) else value).isoformat()


_READERS: dict[Any, Callable[[Any], Any]] = {
    Decimal: _decimal,
    date: _date,
    datetime: instant,
    int: _whole,
    bool: _truth,
}
_PARSERS: dict[Any, Callable[[Any], Any]] = {
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


def _nearest(name: str, known: AnyMapping[str, object]) -> str:
    import difflib  # noqa: PLC0415 - only on the way to an error

    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
