"""A Singer row as what the vendor's record should become, and what of it differs from the record that is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from vaiven_sdk._mapping import instant
from vaiven_sdk.write import Write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sdk.record import Record
    from vaiven_sdk.stream import Stream

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class RowInvalid(Exception):
    """A row that no record can be made of; the text names the field, never the value."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one row asks for.

    Args:
        stream: where to.
        hub_id: the same for the same row in every run; carried on create, so that a repeated run finds its own record.
        id: the vendor's id, where rows carry it.
        values: by unified name (`unified`) or by the record's field name.
        unified: which of the two.
        deleted: the row says that its record is gone.
    """

    stream: Stream[Any, Any]
    hub_id: str
    id: str | None
    values: Mapping[str, Any]
    unified: bool
    deleted: bool

    @property
    def record(self) -> type[Record[Any]]:
        """The class of the stream's records."""
        return self.stream.record

    def fresh(self) -> tuple[Record[Any], set[str]]:
        """The record as it would be created, and the names of the fields that it has.

        Raises:
            RowInvalid: a value does not fit.
        """
        if self.unified:
            fields = self.record.blank(self.values)[0]
            given = {n: getattr(fields, n) for n in self.record.model_fields if getattr(fields, n) is not None}
        else:
            given = {name: value for name, value in self.values.items() if value is not None}
        record = self._validated(self.record.model_construct(**dict.fromkeys(self.record.model_fields)), given)
        names = set(given)
        if self.record.__hub_id__:
            record = record.model_copy(update={self.record.__hub_id__: self.hub_id})
            names.add(self.record.__hub_id__)
        return record, names

    def changed(self, found: Record[Any]) -> tuple[Record[Any], set[str]]:
        """The record that is there as it should become, and the names of the fields that differ.

        Raises:
            RowInvalid: a value does not fit.
        """
        if self.unified:
            made, names = found.with_unified({**found.unified(), **self.values}, set(self.values))
            given = {name: getattr(made, name) for name in names}
        else:
            given = dict(self.values)
        record = self._validated(found.model_copy(), given)
        return record, {name for name in given if self._differs(name, found, record)}

    def write(self, op: Any, record: Record[Any], remote_id: str | None, names: set[str], before: Any) -> Write[Any]:
        """The write of it; its idempotency key is the same in a repeated run."""
        return Write(op, self.hub_id, record, remote_id, frozenset(names), f"{self.hub_id}-{op}", before=before)

    def _differs(self, name: str, found: Record[Any], record: Record[Any]) -> bool:
        if getattr(found, name) == getattr(record, name):
            return False
        # Two spellings of one value (an address in capitals) are no difference.
        mapped = [one for one in self.record.mapped().values() if one.source == name]
        return not mapped or any(one.read(found) != one.read(record) for one in mapped)

    def _validated(self, record: Record[Any], given: Mapping[str, Any]) -> Record[Any]:
        for name, value in given.items():
            if value is None:
                vars(record)[name] = None
                continue
            try:
                self.record.__pydantic_validator__.validate_assignment(record, name, value)
            except ValidationError as problem:
                first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
                raise RowInvalid(f"{name}: {first['msg']}") from None
            except (ValueError, TypeError, ArithmeticError) as problem:
                raise RowInvalid(f"{name}: {type(problem).__name__}") from None
        return record


def wanted_of(
    stream: Stream[Any, Any],
    row: Mapping[str, Any],
    key: Sequence[str],
    *,
    unified: bool,
    own_ids: bool,
    deleted: bool,
) -> Wanted:
    """What a row asks for.

    Args:
        stream: where to.
        row: its values.
        key: the row's key properties, as SCHEMA names them.
        unified: its names are unified ones; else they are those of the record's fields.
        own_ids: it carries the vendor's own ids in the record's key fields.
        deleted: it is marked as deleted.

    Raises:
        RowInvalid: nothing in it says which record is meant.
    """
    record = stream.record
    remote = [row.get(name) for name in record.__key__] if own_ids else []
    remote_id = "/".join(map(str, remote)) if remote and all(one is not None for one in remote) else None
    if unified:
        names = {n for n in row if n in stream.writable}
        mark = [str(row[n]).strip().lower() for n in _needs(stream) if row.get(n)]
    else:
        wires = record.__wires__
        names = {n for n in row if n in wires and not wires[n].read_only and n != record.__hub_id__}
        mark = []
    named = [str(row[n]) for n in key if row.get(n) is not None] or mark or ([remote_id] if remote_id else [])
    if not named:
        raise RowInvalid("nothing in it says which record is meant: it has neither key properties nor what is needed")
    values = {name: _plain(row[name]) for name in names}
    hub_id = _hub_id(stream.connector.slug, stream.name, *named)
    return Wanted(stream, hub_id, remote_id, values, unified, deleted)


def _needs(stream: Stream[Any, Any]) -> tuple[str, ...]:
    creator = stream.writers.get("create")
    return creator.needs if creator else ()


def _plain(value: Any) -> Any:
    """As JSON has it in the unified model: decimals and instants are texts."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return instant(value) if isinstance(value, datetime) else value


def _hub_id(*parts: str) -> str:
    """An id of the same shape as the hub's own, made of what names the row."""
    number = int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=16).digest())
    # 26 characters of 5 bits; the first holds the top three bits alone, as in a ULID.
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
