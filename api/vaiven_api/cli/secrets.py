"""Values that must never be shown: every credential that this process has in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HIDDEN = "[hidden]"

_NAMES = ("authorization", "token", "secret", "password", "api_key", "credential", "cookie")
_SHORTEST = 6
"""Characters: a shorter value would blank out ordinary words."""
_known: set[str] = set()


def remember(values: Iterable[str]) -> None:
    """Hide these values from now on, wherever they would be printed or logged."""
    _known.update(value for value in values if len(value) >= _SHORTEST)


def hide(text: str) -> str:
    """The text without any credential that is known to this process."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text


def hide_in(value: Any, name: str = "") -> Any:
    """The same for a nested value; what is called like a credential is hidden whatever it holds."""
    if isinstance(value, dict):
        return {key: hide_in(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hide_in(inner, name) for inner in value]
    if any(part in name.lower() for part in _NAMES) and value:
        return HIDDEN
    return hide(value if isinstance(value, str) else repr(value)) if not _harmless(value) else value


def redact(_: Any, __: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The log processor: no event leaves with a credential in it."""
    return {key: hide_in(value, key) for key, value in event.items()}


def _harmless(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float)
