"""What a vendor takes in a body, and its own words for what it does not take."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from vaiven_sdk.testing.refusal import Problem, Refusal

Check = Callable[[Any], Any]
"""The given value -> the value to keep; raises `Wrong`."""

_KINDS: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


class Wrong(ValueError):
    """A value does not fit.

    Args:
        code: `type`, `choice`, `format`, `length`, `range`, or the vendor's own.
        words: fill the slots of the vendor's sentence.
    """

    def __init__(self, code: str, **words: Any) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Words:
    """The vendor's sentences; `{field}` is the path of the value, the other slots stand beside each sentence.

    Args:
        required: a value is missing.
        unknown: nobody asked for this one.
        type: `{expected}` and `{got}`, as JSON calls them.
        choice: `{value}` and `{choices}`.
        format: `{value}` and `{format}`.
        length: `{most}` characters.
        range: `{least}` and `{most}`.
        more: further codes of the vendor's own checks.
        whole: the sentence over all problems.
    """

    required: str = "{field} is required."
    unknown: str = "{field} is not a known field."
    type: str = "{field} must be of type {expected}, not {got}."
    choice: str = "{field} must be one of {choices}."
    format: str = "{field} is not a valid {format}."
    length: str = "{field} is longer than {most} characters."
    range: str = "{field} must be from {least} to {most}."
    more: Mapping[str, str] | None = None
    whole: str = "The request could not be validated."

    def say(self, code: str, field: str, words: Mapping[str, Any]) -> str:
        """The sentence for one value."""
        form = (self.more or {}).get(code) or getattr(self, code, None) or "{field} is not valid."
        return str(form).format(field=field, **words)


def text(most: int | None = None, *, form: str = "", named: str = "value", null: bool = False) -> Check:
    """A text of at most `most` characters that matches the regular expression `form`, called `named`."""

    def check(value: Any) -> Any:
        _need(value, str)
        if most is not None and len(value) > most:
            raise Wrong("length", most=most)
        if form and not re.fullmatch(form, value):
            raise Wrong("format", value=value, format=named)
        return value

    return _nullable(check, null=null)


def email(*, null: bool = False) -> Check:
    """Something with one `@` and a dot in its domain, which is what vendors look at."""
    return text(320, form=r"[^@\s]+@[^@\s]+\.[^@\s.]+", named="email address", null=null)


def choice(*choices: str, null: bool = False) -> Check:
    """One of the given texts."""

    def check(value: Any) -> Any:
        if value not in choices:
            raise Wrong("choice", value=value, choices=", ".join(choices))
        return value

    return _nullable(check, null=null)


def whole(least: int | None = None, most: int | None = None, *, null: bool = False) -> Check:
    """A whole number within bounds."""

    def check(value: Any) -> Any:
        _need(value, int)
        if (least is not None and value < least) or (most is not None and value > most):
            raise Wrong("range", least=least, most=most)
        return value

    return _nullable(check, null=null)


def flag() -> Check:
    """True or false."""

    def check(value: Any) -> Any:
        _need(value, bool)
        return value

    return check


def instant(*, civil: bool = False, null: bool = False) -> Check:
    """A moment in ISO 8601, or a civil date; kept as it was written."""

    def check(value: Any) -> Any:
        _need(value, str)
        try:
            (date if civil else datetime).fromisoformat(value)
        except ValueError:
            raise Wrong("format", value=value, format="date" if civil else "datetime") from None
        return value

    return _nullable(check, null=null)


def many(item: Check | Mapping[str, Any], most: int | None = None) -> Check:
    """An array of such items, or of such objects."""
    inner = item if callable(item) else _object(item)

    def check(value: Any) -> Any:
        _need(value, list)
        if most is not None and len(value) > most:
            raise Wrong("range", least=0, most=most)
        return [_at(f"[{n}]", inner, one) for n, one in enumerate(value)]

    return check


@dataclass(frozen=True, slots=True)
class Fields:
    """The object that a body must be.

    Args:
        shape: name -> check, or a mapping for an object within; `!` behind a name makes it required.
        words: the vendor's sentences.
        unknown: of a name that is not in the shape: `refuse`, `drop` or `keep`.
        first: tell the first problem alone, as vendors do whose validator stops there.
    """

    shape: Mapping[str, Any]
    words: Words = Words()
    unknown: str = "drop"
    first: bool = False

    def check(self, body: Any, *, partial: bool = False) -> dict[str, Any]:
        """The values of a body that fits.

        Args:
            body: the decoded body.
            partial: nothing is required, as in a PATCH.

        Raises:
            Refusal: `invalid`, with every problem in the vendor's words.
        """
        problems: list[Problem] = []
        if not isinstance(body, dict):
            words = {"expected": "object", "got": kind(body)}
            problems.append(Problem("", "type", self.words.say("type", "body", words)))
            raise Refusal("invalid", self.words.whole, problems=problems)
        known = {name.rstrip("!"): check for name, check in self.shape.items()}
        kept: dict[str, Any] = {}
        if not partial:
            missing = [name[:-1] for name in self.shape if name.endswith("!") and name[:-1] not in body]
            problems += [Problem(name, "required", self.words.say("required", name, {})) for name in missing]
        for name, value in body.items():
            if name in known:
                self._take(kept, problems, name, known[name], value)
            elif self.unknown == "refuse":
                problems.append(Problem(name, "unknown", self.words.say("unknown", name, {})))
            elif self.unknown == "keep":
                kept[name] = value
        if problems:
            raise Refusal("invalid", self.words.whole, problems=problems[:1] if self.first else problems)
        return kept

    def _take(self, kept: dict[str, Any], problems: list[Problem], name: str, check: Any, value: Any) -> None:
        inner = check if callable(check) else _object(check)
        try:
            kept[name] = _at(name, inner, value)
        except Wrong as wrong:
            path = wrong.words.pop("at", name)
            problems.append(Problem(path, wrong.code, self.words.say(wrong.code, path, wrong.words)))


def kind(value: Any) -> str:
    """A value's type as JSON calls it."""
    return _KINDS.get(type(value), type(value).__name__)


def _nullable(check: Check, *, null: bool) -> Check:
    return (lambda value: None if value is None else check(value)) if null else check


def _need(value: Any, wanted: type) -> None:
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise Wrong("type", expected=_KINDS[wanted], got=kind(value))


def _object(shape: Mapping[str, Any]) -> Check:
    def check(value: Any) -> Any:
        _need(value, dict)
        kept = {}
        for name, inner in shape.items():
            bare = name.rstrip("!")
            if bare in value:
                kept[bare] = _at(f".{bare}", inner if callable(inner) else _object(inner), value[bare])
            elif name.endswith("!"):
                raise Wrong("required", at=f".{bare}")
        return kept

    return check


def _at(step: str, check: Check, value: Any) -> Any:
    """Run a check, and let a problem inside say where it is."""
    try:
        return check(value)
    except Wrong as wrong:
        wrong.words["at"] = step + str(wrong.words.get("at", ""))
        raise
