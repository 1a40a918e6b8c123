"""The closed list of what can be done to one value on its way in, each with its way back where there is one.

Values are the unified model's JSON: numbers of money and rates are texts, sets are lists of texts. A step leaves a
value of another kind alone, and an empty one too.
"""

from __future__ import annotations

from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="op"):
    """One step; `apply` is its way in, `back` the step that undoes it."""

    def apply(self, value: Any) -> Any:
        """The value after this step."""
        raise NotImplementedError

    def back(self) -> Transform | None:
        """The step of the other direction; None when nothing can undo this one."""
        return None


class Trim(_Step, frozen=True, tag="trim"):
    """Outer white space goes."""

    def apply(self, value: Any) -> Any:
        """As `Trim`."""
        return value.strip() or None if isinstance(value, str) else value

    def back(self) -> Transform:
        """What is trimmed can be written as it is."""
        return self


class Case(_Step, frozen=True, tag="case"):
    """Letters become small or capital ones."""

    to: Literal["lower", "upper"]

    def apply(self, value: Any) -> Any:
        """As `Case`."""
        if not isinstance(value, str):
            return value
        return value.lower() if self.to == "lower" else value.upper()

    def back(self) -> Transform:
        """What is in one case can be written as it is."""
        return self


class Values(_Step, frozen=True, tag="values"):
    """Each value is another one by a table: the tool's on the left, the unified one on the right.

    Args:
        other: what becomes of a value that the table lacks.
    """

    table: dict[str, str]
    other: Literal["keep", "drop"] = "keep"

    def apply(self, value: Any) -> Any:
        """As `Values`."""
        if value is None:
            return None
        known = self.table.get(str(value))
        return known if known is not None else (value if self.other == "keep" else None)

    def back(self) -> Transform | None:
        """The table turned round, where no two of its values are one."""
        turned = {ours: theirs for theirs, ours in self.table.items()}
        return Values(turned, self.other) if len(turned) == len(self.table) else None


class Prefix(_Step, frozen=True, tag="prefix"):
    """A text is put before the value; with `strip`, it is taken off where it stands."""

    text: str
    strip: bool = False

    def apply(self, value: Any) -> Any:
        """As `Prefix`."""
        if not isinstance(value, str):
            return value
        return value.removeprefix(self.text) or None if self.strip else f"{self.text}{value}"

    def back(self) -> Transform:
        """The other of the two."""
        return Prefix(self.text, strip=not self.strip)


class Scale(_Step, frozen=True, tag="scale"):
    """A number is multiplied, exactly: cents to units is `0.01`."""

    by: str

    def __post_init__(self) -> None:
        try:
            good = Decimal(self.by).is_finite() and Decimal(self.by) != 0
        except DecimalException:
            good = False
        if not good:
            raise ValueError(f"{self.by!r} is no number to multiply by")

    def apply(self, value: Any) -> Any:
        """As `Scale`."""
        return _number(value, lambda n: n * Decimal(self.by))

    def back(self) -> Transform | None:
        """Division, where it comes out even; a third cannot be written down."""
        inverse = 1 / Decimal(self.by)
        return Scale(format(inverse, "f")) if inverse * Decimal(self.by) == 1 else None


class Round(_Step, frozen=True, tag="round"):
    """A number keeps so many digits after the point."""

    digits: int

    def apply(self, value: Any) -> Any:
        """As `Round`."""
        return _number(value, lambda n: round(n, self.digits))


class Truncate(_Step, frozen=True, tag="truncate"):
    """A text keeps its first `length` characters."""

    length: int

    def apply(self, value: Any) -> Any:
        """As `Truncate`."""
        return value[: self.length] or None if isinstance(value, str) else value


class Split(_Step, frozen=True, tag="split"):
    """A text becomes a set of its parts."""

    by: str

    def apply(self, value: Any) -> Any:
        """As `Split`."""
        if not isinstance(value, str):
            return value
        return sorted({part.strip() for part in value.split(self.by)} - {""})

    def back(self) -> Transform:
        """The parts put together."""
        return Join(self.by)


class Join(_Step, frozen=True, tag="join"):
    """A set becomes one text, its parts in alphabetical order."""

    by: str

    def apply(self, value: Any) -> Any:
        """As `Join`."""
        return self.by.join(sorted(map(str, value))) or None if isinstance(value, list) else value

    def back(self) -> Transform:
        """The text taken apart."""
        return Split(self.by)


class Default(_Step, frozen=True, tag="default"):
    """An empty value becomes this one."""

    value: str | int | bool

    def apply(self, value: Any) -> Any:
        """As `Default`."""
        return self.value if value is None or value == [] else value


Transform: TypeAlias = Trim | Case | Values | Prefix | Scale | Round | Truncate | Split | Join | Default


def run(steps: Iterable[Transform], value: Any) -> Any:
    """The value after all steps."""
    for step in steps:
        value = step.apply(value)
    return value


def inverse(steps: Iterable[Transform]) -> tuple[Transform, ...] | None:
    """The steps that undo these; None if one of them cannot be undone."""
    back = [step.back() for step in reversed(tuple(steps))]
    return None if any(step is None for step in back) else tuple(step for step in back if step is not None)


def _number(value: Any, act: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    try:
        number = act(Decimal(str(value)))
    except DecimalException:
        return value
    if isinstance(value, int) and number == int(number):
        return int(number)
    return format(number.normalize(), "f") if number else "0"
