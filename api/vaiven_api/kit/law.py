"""The round-trip law: a value that was written and read back is written and read back the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_args, get_origin

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk import Stream
    from vaiven_sdk.model import Field

EXAMPLES = 40
"""Values that hypothesis tries for each stream: it finds what is wrong in a few, or not at all."""

_TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs", "P")), min_size=1, max_size=12)


def broken(stream: Stream[Any, Any]) -> list[str]:
    """Where the law does not hold; one counterexample a stream."""
    known = stream.record.__entity__.fields()
    mapped = stream.record.mapped()
    fields = {n: _values(known[n]) for n in sorted(stream.writable) if n in known and mapped[n].ref is None}
    if not fields:
        return []
    found: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.fixed_dictionaries({}, optional=fields))
    def holds(values: dict[str, Any]) -> None:
        once = _read_back(stream, values)
        twice = _read_back(stream, once)
        other = sorted(name for name in once if once[name] != twice.get(name))
        if other:
            name = other[0]
            found[:] = [f"{name}: {values.get(name)!r} comes back as {once[name]!r}, and that as {twice.get(name)!r}"]
            raise AssertionError(name)

    try:
        holds()
    except AssertionError:
        pass
    except Exception as problem:  # noqa: BLE001 - a mapping under test may raise anything
        found[:] = [f"a value cannot be written or read back: {type(problem).__name__}: {str(problem)[:200]}"]
    return found


def _read_back(stream: Stream[Any, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """To the wire and back: the record as the vendor would show it, of nothing but what was sent."""
    record, names = stream.record.blank(dict(values))
    wire = msgspec.json.decode(msgspec.json.encode(record.to_wire(names)))
    for name in {*stream.record.__key__, *([stream.record.__cursor__] if stream.record.__cursor__ else [])}:
        node = wire
        *parents, last = stream.record.__wires__[name].path or (name,)
        for parent in parents:
            node = node.setdefault(parent, {})
        node.setdefault(last, "2026-01-01T00:00:00Z" if name == stream.record.__cursor__ else "1")
    seen = stream.record.model_validate(_whole(stream, wire)).unified()
    return {name: value for name, value in seen.items() if name in values and value is not None}


def _whole(stream: Stream[Any, Any], wire: dict[str, Any]) -> dict[str, Any]:
    """What a vendor adds of itself: required fields that cannot be written."""
    for name, info in stream.record.model_fields.items():
        if info.is_required() and name not in stream.record.__key__:
            node = wire
            *parents, last = stream.record.__wires__[name].path or (name,)
            for parent in parents:
                node = node.setdefault(parent, {})
            node.setdefault(last, _plain(info.annotation))
    return wire


def _plain(kind: Any) -> Any:
    plain = {int: 1, float: 1.0, bool: False, datetime: "2026-01-01T00:00:00Z", date: "2026-01-01", dict: {}, list: []}
    return plain.get(kind, plain.get(get_origin(kind), "1"))


def _values(field: Field) -> st.SearchStrategy[Any]:
    """Values as the hub holds them: clean JSON of the field's type."""
    kind = field.type
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from([member.value for member in kind])
    if get_origin(kind) is list:
        inner = (get_args(kind) or (str,))[0]
        return st.lists(_TEXT, max_size=3, unique=True).map(sorted) if inner is str else st.just([])
    if kind is str and field.clean in _CLEAN:
        return _CLEAN[field.clean]
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: _TEXT.map(str.strip).filter(bool),
        bool: st.booleans(),
        int: st.integers(0, 10**9),
        Decimal: st.decimals(0, 10**6, places=2).map(lambda value: format(value.normalize(), "f")),
        date: st.dates(date(1970, 1, 2), date(2100, 1, 1)).map(date.isoformat),
        datetime: st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(  # noqa: DTZ001
            lambda value: value.replace(microsecond=0, tzinfo=UTC).isoformat().replace("+00:00", ".000000Z")
        ),
    }
    return plain.get(kind, st.nothing()) if kind in plain else st.none()


_CLEAN: dict[str, st.SearchStrategy[Any]] = {
    "email": st.from_regex(r"[a-z][a-z0-9]{0,8}@[a-z]{2,8}\.(com|org)", fullmatch=True),
    "phone": st.from_regex(r"\+4930[1-9][0-9]{6}", fullmatch=True),
    "country": st.sampled_from(["DE", "US", "JP", "BR", "GB"]),
    "currency": st.sampled_from(["EUR", "USD", "JPY"]),
    "domain": st.from_regex(r"[a-z]{2,8}\.(com|org)", fullmatch=True),
    "url": st.from_regex(r"https://[a-z]{2,8}\.com/[a-z]{0,5}", fullmatch=True),
    "locale": st.sampled_from(["en", "de-DE", "pt-BR", "ja"]),
}
