"""Which records take part: conditions over the unified values of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vaiven_sync_engine.mapping.document import Condition

Scope = Callable[[Mapping[str, Any]], bool]


def scope_of(conditions: Sequence[Condition]) -> Scope | None:
    """Whether a record's unified values pass all conditions; None when there are none."""
    if not conditions:
        return None
    tests = [(one.field, _TESTS[one.op], one.value) for one in conditions]
    return lambda values: all(test(values.get(name), wanted) for name, test, wanted in tests)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool) or value is None or wanted is None:
        return bool(value == wanted)
    return str(value) == str(wanted)


def _ordered(value: Any, wanted: Any) -> int:
    """-1, 0 or 1 as the value is less, equal or greater; numbers as numbers, all else as text."""
    try:
        one, two = Decimal(str(value)), Decimal(str(wanted))
    except DecimalException:
        return (str(value) > str(wanted)) - (str(value) < str(wanted))
    return (one > two) - (one < two)


def _in(value: Any, wanted: Any) -> bool:
    return any(_equal(value, one) for one in (wanted if isinstance(wanted, list) else [wanted]))


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, list):
        return any(_equal(one, wanted) for one in value)
    return isinstance(value, str) and str(wanted).casefold() in value.casefold()


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "ne": lambda value, wanted: not _equal(value, wanted),
    "in": _in,
    "not_in": lambda value, wanted: not _in(value, wanted),
    "contains": _contains,
    "less": lambda value, wanted: value is not None and _ordered(value, wanted) < 0,
    "greater": lambda value, wanted: value is not None and _ordered(value, wanted) > 0,
    "exists": lambda value, _: value is not None,
    "missing": lambda value, _: value is None,
}
