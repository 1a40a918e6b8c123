"""Fields that an account's owner has added: found at run time, typed, read and written like any other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

PREFIX = "custom."
"""Unified names of custom fields begin with it: `custom.<namespace>.<key>`."""


class CustomType(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    """A text of any length."""
    NUMBER = "number"
    """A number, exact as far as the vendor's JSON is: a text keeps all its digits."""
    BOOLEAN = "boolean"
    """True or false."""
    DATE = "date"
    """A civil date."""
    INSTANT = "instant"
    """A moment."""
    CHOICE = "choice"
    """One of `options`."""
    CHOICES = "choices"
    """Any of `options`."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a vendor writes values; reading understands each of these whatever is said here.

    Args:
        texts: numbers, booleans and the like are texts, as in `"12.5"` and `"true"`.
        separator: parts several choices in one text; empty when they are a JSON array.
        instants: `iso` for `2026-11-25T10:00:00Z`, `s` and `ms` for a number since 1970.
    """

    texts: bool = False
    separator: str = ""
    instants: Literal["iso", "s", "ms"] = "iso"


@dataclass(frozen=True, slots=True)
class CustomField:
    """One field that is not in the vendor's own schema.

    Args:
        key: the vendor's name of it.
        path: dotted path in a record's JSON; a tuple of its steps where a step itself has a dot.
        type: what it holds.
        label: what people call it.
        options: the values of a choice, as on the wire; none means that any value may be written.
        read_only: never written.
        spelling: how its values are written.
    """

    key: str
    path: str | tuple[str, ...]
    type: CustomType = CustomType.TEXT
    label: str = ""
    options: Sequence[str] = ()
    read_only: bool = False
    spelling: Spelling = Spelling()

    def __post_init__(self) -> None:
        if not self.key or not all(self.steps):
            raise ValueError(f"custom field {self.key!r}: give its key and its path")
        object.__setattr__(self, "type", CustomType(self.type))

    @property
    def steps(self) -> tuple[str, ...]:
        """The path, step by step."""
        return tuple(self.path.split(".")) if isinstance(self.path, str) else tuple(self.path)

    def unified_name(self, namespace: str) -> str:
        """Its name among an entity's values: `custom.<namespace>.<key>`."""
        return f"{PREFIX}{namespace}.{self.key}"

    def read(self, value: Any) -> Any:
        """The clean JSON value of what the vendor sent: texts, exact numbers as texts, booleans, sorted lists.

        Raises:
            ValueError: it is not of this field's type; the sentence names the rule and never the value.
        """
        return None if value is None or value in ("", []) else _READERS[self.type](value, self)

    def write(self, value: Any) -> Any:
        """The vendor's spelling of a clean value.

        Raises:
            ValueError: this field cannot hold it: another account's may have another type or other options.
        """
        if value is None:
            return None
        clean = self.read(value)
        if self.type in {CustomType.CHOICE, CustomType.CHOICES} and self.options:
            chosen = clean if isinstance(clean, list) else [clean]
            if not set(chosen) <= set(self.options):
                raise ValueError("it is not one of the options")
        return _WRITERS.get(self.type, lambda plain, _: plain)(clean, self.spelling)


def _text(value: Any, _: CustomField) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        raise ValueError("not a text")  # noqa: TRY004 - a value, not a type of ours, is wrong
    return str(value).strip() or None


def _number(value: Any, _: CustomField) -> str:
    from decimal import Decimal, InvalidOperation  # noqa: PLC0415

    try:
        number = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError("not a number that can be kept")
    plain = format(number, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in {"-0", ""} else plain


def _boolean(value: Any, _: CustomField) -> bool:
    found = _TRUTH.get(value if isinstance(value, bool) else str(value).strip().lower())
    if found is None:
        raise ValueError("neither true nor false")
    return found


def _date(value: Any, _: CustomField) -> str:
    from datetime import date  # noqa: PLC0415

    text = str(value).strip()
    if re.fullmatch(r"-?\d{9,}", text):
        # Midnight UTC in milliseconds or seconds, as older APIs write a day.
        return str(_moment(text).date())
    try:
        return date.fromisoformat(text[:10] if re.match(r"\d{4}-\d\d-\d\dT", text) else text).isoformat()
    except ValueError:
        raise ValueError("not a date") from None


def _instant(value: Any, _: CustomField) -> str:
    from vaiven_sdk._mapping import instant  # noqa: PLC0415 - which needs the model

    return instant(_moment(str(value).strip()))


def _moment(text: str) -> Any:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    try:
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            # Above it milliseconds are meant: as seconds it would be the year 5138.
            seconds = float(text) / 1000 if abs(float(text)) > _MILLISECONDS else float(text)
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError("not an instant") from None


def _choice(value: Any, field: CustomField) -> str | None:
    return _text(value, field)


def _choices(value: Any, field: CustomField) -> list[str] | None:
    separator = field.spelling.separator or ";"
    listed = value if isinstance(value, list) else str(_text(value, field) or "").split(separator)
    chosen = {text for one in listed if (text := _text(one, field))}
    return sorted(chosen) or None


def _write_number(value: str, spelling: Spelling) -> Any:
    if spelling.texts:
        return value
    return float(value) if "." in value else int(value)


def _write_boolean(value: bool, spelling: Spelling) -> Any:  # noqa: FBT001
    return ("true" if value else "false") if spelling.texts else value


def _write_instant(value: str, spelling: Spelling) -> Any:
    if spelling.instants == "iso":
        return value
    number = round(_moment(value).timestamp() * (1000 if spelling.instants == "ms" else 1))
    return str(number) if spelling.texts else number


def _write_choices(value: list[str], spelling: Spelling) -> Any:
    return spelling.separator.join(value) if spelling.separator else value


_MOST_DIGITS = 60
_MILLISECONDS = 10**11
_TRUTH: dict[Any, bool] = {True: True, "true": True, "yes": True, "1": True, False: False}
_TRUTH |= dict.fromkeys(("false", "no", "0"), False)
_READERS: dict[CustomType, Any] = {
    CustomType.TEXT: _text,
    CustomType.NUMBER: _number,
    CustomType.BOOLEAN: _boolean,
    CustomType.DATE: _date,
    CustomType.INSTANT: _instant,
    CustomType.CHOICE: _choice,
    CustomType.CHOICES: _choices,
}
_WRITERS: dict[CustomType, Any] = {
    CustomType.NUMBER: _write_number,
    CustomType.BOOLEAN: _write_boolean,
    CustomType.INSTANT: _write_instant,
    CustomType.CHOICES: _write_choices,
}
