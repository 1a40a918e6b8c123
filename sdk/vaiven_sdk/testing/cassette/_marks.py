"""Where personal data stands in a record's JSON, by its mapping to the unified model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from vaiven_sdk.model import ENTITIES, Pii

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaiven_sdk.model import Field
    from vaiven_sdk.record import Record

Path = tuple[str, ...]

_BY_FIELD = {
    "email": "email",
    "from_email": "email",
    "reply_to": "email",
    "phone": "phone",
    "given_name": "name",
    "family_name": "name",
    "full_name": "name",
    "author_name": "name",
    "author": "name",
    "from_name": "name",
    "company_name": "company",
    "legal_name": "company",
    "street": "street",
    "city": "city",
    "region": "region",
    "postal_code": "postcode",
    "birth_on": "birth",
    "website": "url",
    "domain": "domain",
    "domains": "domain",
    "url": "url",
    "page_url": "url",
    "referrer_url": "url",
}
_FIRMS = frozenset({"company"})
_KEPT = frozenset({"honorific", "country"})


def kind_of(entity: str, field: Field | None) -> str | None:
    """The kind of pseudonym for one unified field of one entity; None when its values may stay.

    What the model marks as personal is always replaced. Firms' names and domains are replaced, too: a recording must
    not publish whose customers they are, and a domain must go on fitting the addresses below it.
    """
    if field is None or field.name in _KEPT:
        return None
    if entity in _FIRMS and field.name == "name":
        return "company"
    if field.name in _BY_FIELD:
        return _BY_FIELD[field.name]
    return None if field.pii is Pii.NONE else "text"


class Marks:
    """Knows the personal fields of a connector's records.

    Args:
        records: the classes that objects in the answers may be; the first is believed in doubt.
    """

    def __init__(self, records: Sequence[type[Record[Any]]]) -> None:
        self._records = records

    def of(self, node: Mapping[str, Any]) -> tuple[dict[Path, str], type[Record[Any]] | None]:
        """The kinds by path below this object, and the class that it is; empty for an object that is no record."""
        best: tuple[float, type[Record[Any]], Record[Any]] | None = None
        for kind in self._records:
            covered = sum(_there(node, path) for path in _paths(kind).values()) / max(1, len(kind.__wires__))
            if not all(_there(node, _paths(kind)[name]) for name in kind.__key__):
                continue
            if best is not None and covered <= best[0]:
                continue
            try:
                best = (covered, kind, kind.model_validate(node))
            except (ValidationError, ValueError, TypeError):
                continue
        if best is None:
            return {}, None
        return self._kinds(best[1], best[2]), best[1]

    def ids(self, kind: type[Record[Any]]) -> list[Path]:
        """Paths of the record's own id and of those that it refers to."""
        paths = _paths(kind)
        named = {*kind.__key__, *(name for name, wire in kind.__wires__.items() if wire.ref)}
        return [paths[name] for name in sorted(named)]

    def _kinds(self, kind: type[Record[Any]], record: Record[Any]) -> dict[Path, str]:
        paths, fields = _paths(kind), kind.__entity__.fields()
        entity = kind.__entity__.kind
        found: dict[Path, str] = {}
        settled = set(kind.__key__)
        for to, mapped in kind.mapped().items():
            if mapped.source is not None:
                settled.add(mapped.source)
                what = kind_of(entity, fields.get(to))
                if what:
                    found[paths[mapped.source]] = what
        for to, mapped in kind.mapped().items():
            what = kind_of(entity, fields.get(to)) if mapped.source is None else None
            for name in _read_by(mapped.read, record) - settled if what else ():
                found.setdefault(paths[name], str(what))
        return found


class _Spy:
    """A record that notes which of its fields a method reads."""

    def __init__(self, record: Record[Any], seen: set[str]) -> None:
        object.__setattr__(self, "_record", record)
        object.__setattr__(self, "_seen", seen)

    def __getattr__(self, name: str) -> Any:
        record, seen = object.__getattribute__(self, "_record"), object.__getattribute__(self, "_seen")
        if name in type(record).model_fields:
            seen.add(name)
            return getattr(record, name)
        member = getattr(type(record), name)
        return member.__get__(self, type(record)) if hasattr(member, "__get__") else member


def _read_by(read: Any, record: Record[Any]) -> set[str]:
    seen: set[str] = set()
    try:
        read(_Spy(record, seen))
    except Exception:  # noqa: BLE001 - an author's method; what it read until then is what counts
        return seen
    return seen


def _paths(kind: type[Record[Any]]) -> dict[str, Path]:
    return {name: wire.path or (name,) for name, wire in kind.__wires__.items()}


def _there(node: Any, path: Iterable[str]) -> bool:
    for step in path:
        if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            return False
    return True


def unified_kinds(kind: type[Record[Any]]) -> dict[str, str]:
    """The kinds by unified field, for values that are mapped already."""
    fields, entity = kind.__entity__.fields(), kind.__entity__.kind
    kinds = {name: kind_of(entity, fields.get(name)) for name in kind.mapped()}
    return {name: what for name, what in kinds.items() if what}


def harmless(records: Iterable[type[Record[Any]]]) -> set[str]:
    """Texts that have a meaning of their own to the mapping: the vendor's enum values, and the unified ones."""
    found: set[str] = set()
    for kind in records:
        for wire in kind.__wires__.values():
            found.update(str(value).casefold() for value in wire.values or ())
    for entity in ENTITIES.values():
        for field in entity.fields().values():
            if hasattr(field.type, "__members__"):
                found.update(member.value for member in field.type)
    return found
