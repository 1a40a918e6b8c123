"""From the bytes of a page to typed records with clean unified fields; what cannot be taken is set aside."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import ValidationError

from vaiven_sdk import RecordRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vaiven_sdk import Record

LARGEST_RECORD = 1024 * 1024
"""Bytes of one record's JSON: a larger one is set aside so that it cannot crowd out the rest."""
LARGEST_INTEGER = 2**63 - 1
"""What a column of whole numbers holds."""
UNREAD = "!"
"""Key, in a record's stored fields, of the names of those whose value could not be taken: they say nothing."""
PROOFS = "!proof"
"""Key, in a record's stored fields, of the person's own acts behind its consents, by consent field."""
CUSTOM_VALUE = "custom_value"
"""Code of a custom value that was set aside."""
KEPT_BODY = 20_000
"""Bytes of a bad record's body that are kept to look at."""
_RAW = (bytes, msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Observed:
    """One record as its tool has it now.

    Args:
        remote_id: the tool's id.
        version: grows when the record changes; empty when the tool has none.
        hash: of what the body says, not of how it is spaced or escaped: equal means nothing changed.
        body: the tool's JSON, untouched.
        fields: the clean unified values that it has, as JSON text; references are the tool's ids.
        hub_id: our id of the entity, if the tool carries it.
    """

    remote_id: str
    version: str
    hash: bytes
    body: str
    fields: str
    hub_id: str | None = None
    aside: tuple[Bad, ...] = ()
    """Custom values that cannot be taken; the rest of the record is."""
    merges: tuple[tuple[str, str], ...] = ()
    """Merges at the tool that it tells of: who is gone, and into whom."""


@dataclass(frozen=True, slots=True)
class Bad:
    """One record that cannot be taken, and why."""

    code: str
    reason: str
    body: str
    remote_id: str | None = None

    @property
    def id(self) -> str:
        """The same for the same record with the same fault."""
        return blake2b(
            f"{self.code}\0{self.remote_id}\0{self.body}".encode("utf-8", "replace"), digest_size=16
        ).hexdigest()


@dataclass(slots=True)
class Decoded:
    """The records of one page."""

    good: list[Observed] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)

    @property
    def aside(self) -> list[Bad]:
        """Custom values of good records that cannot be taken."""
        return [one for record in self.good for one in record.aside]


def decode(record: type[Record[Any]], items: Iterable[bytes | msgspec.Raw | Mapping[str, Any]]) -> Decoded:
    """Decode and normalise the records of one page."""
    out = Decoded()
    for item in items:
        one = decode_one(record, bytes(item)) if isinstance(item, _RAW) else _decode_made(record, item)
        if isinstance(one, Observed):
            out.good.append(one)
        else:
            out.bad.append(one)
    return out


def _decode_made(record: type[Record[Any]], item: Mapping[str, Any]) -> Observed | Bad:
    """One record that a connector's own reader made or decoded."""
    try:
        body = msgspec.json.encode(item)
    except (TypeError, ValueError, OverflowError, RecursionError) as problem:
        return Bad("invalid", f"no JSON can be made of it: {type(problem).__name__}", _shown(ascii(item).encode()))
    return decode_one(record, body)


def decode_one(record: type[Record[Any]], body: bytes) -> Observed | Bad:
    """Decode and normalise one record."""
    if len(body) > LARGEST_RECORD:
        reason = f"the record has {len(body):,} bytes; at most {LARGEST_RECORD:,} are taken"
        return Bad("too_large", reason, _shown(body), id_of(record, body))
    try:
        typed = record.model_validate_json(body)
        remote_id = typed.remote_id
        aside: dict[str, str] = {}
        fields = {name: value for name, value in typed.unified(aside).items() if value is not None}
        if aside:
            fields[UNREAD] = sorted(aside)
        if proofs := typed.proofs():
            fields[PROOFS] = {name: one.as_dict() for name, one in proofs.items()}
        text = body.decode()
        seen = Observed(
            remote_id,
            typed.record_version,
            blake2b(_plain(body), digest_size=16).digest(),
            text,
            msgspec.json.encode(fields).decode(),
            typed.record_hub_id,
            _aside(record, remote_id, aside, body) if aside else (),
            tuple(typed.record_merges),
        )
    except ValidationError as problem:
        return Bad("invalid", _first_problem(problem), _shown(body), id_of(record, body))
    except (RecordRejected, ValueError, ArithmeticError, UnicodeError, RecursionError) as problem:
        return Bad("invalid", f"{type(problem).__name__}: {problem}"[:300], _shown(body), id_of(record, body))
    if not remote_id or "\0" in text or "\\u0000" in text:
        what = "it has no id" if not remote_id else "it holds a NUL character"
        return Bad("invalid", what, _shown(body), remote_id or None)
    for name, value in fields.items():
        if type(value) is int and not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            return Bad("invalid", f"{name}: a whole number of more than 64 bits", _shown(body), remote_id)
    return seen


def _aside(record: type[Record[Any]], remote_id: str, aside: Mapping[str, str], body: bytes) -> tuple[Bad, ...]:
    """Custom values that are not of their field's type: each is kept alone, to look at."""
    node = msgspec.json.decode(body)
    out = []
    for name, reason in aside.items():
        spec, value = record.custom()[name], node
        for step in spec.steps:
            value = value.get(step) if isinstance(value, dict) else None
        told = f"{name}: {reason} (the field is of type {spec.type.value})"
        shown = _shown(msgspec.json.encode({name: value}))
        out.append(Bad(CUSTOM_VALUE, told, shown, remote_id))
    return tuple(out)


def _plain(body: bytes) -> bytes:
    """The same bytes for the same JSON: an object inside a list and the object alone may be indented differently."""
    if b"\\" in body:
        return msgspec.json.encode(msgspec.json.decode(body))
    return msgspec.json.format(body, indent=-1) if b"\n" in body or b'": ' in body or b'", ' in body else body


def _first_problem(problem: ValidationError) -> str:
    """Where and what, without the value: it may be personal."""
    errors = problem.errors(include_url=False, include_context=False, include_input=False)
    first = errors[0]
    where = ".".join(str(step) for step in first["loc"])
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}: {first['msg']}{more}" if where else f"{first['msg']}{more}"


def id_of(record: type[Record[Any]], body: bytes) -> str | None:
    """The id of a record that does not decode, as far as it can be found."""
    try:
        # The standard library's reader takes what a strict one refuses: NaN, half a surrogate pair.
        node = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    parts = []
    for name in record.__key__:
        found: Any = node
        for step in record.__wires__[name].path or (name,):
            found = found.get(step) if isinstance(found, dict) else None
        if found is None or isinstance(found, (dict, list)):
            return None
        parts.append(str(found))
    return "/".join(parts).encode("utf-8", "replace").decode() or None


def _shown(body: bytes) -> str:
    return body[:KEPT_BODY].decode("utf-8", "replace")
