"""What one read is about, and how its slots are filled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from vaiven_sdk._mapping import instant
from vaiven_sdk.config import SLOT, Config, fill
from vaiven_sdk.errors import MakerError

Slot = Callable[["Window"], Any]
"""A slot takes a value, or a Python function of the window."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MILLISECONDS = 10**11
"""A number above it counts milliseconds: as seconds it would be the year 5138."""


@dataclass(frozen=True, slots=True)
class Window:
    """What one read is about.

    Args:
        config: the connection's settings.
        since: read what changed at or after this; None reads everything. The cursor field's own spelling.
        until: upper bound, when the read has one.
        after: key of the last record already read, for paging by key.
        size: records asked for per page.
        parent: in the child of `each`, the parent's carried values by their dotted path.
        job: in the requests of `report`, the vendor's id of the job.
        fields: dotted paths of all that is wanted of a record, the account's custom fields among them.
        zone: the account's time zone (IANA), in which civil dates are meant.
        lag: seconds that the vendor's reads may trail its writes.
    """

    config: Config
    since: str | None = None
    until: str | None = None
    after: str | None = None
    size: int = 100
    parent: Mapping[str, Any] | None = None
    job: str | None = None
    fields: tuple[str, ...] = ()
    zone: str = "UTC"
    lag: float = 0.0


class Moment(str):
    """A time as text that gives its other spellings: `{since.date}`, `{since.epoch}`, `{since.epoch_ms}`."""

    __slots__ = ("_zone",)
    _zone: str

    def __new__(cls, text: str, zone: str = "UTC") -> Self:
        """Keep the text as it is."""
        made = super().__new__(cls, text)
        made._zone = zone
        return made

    @property
    def date(self) -> str:
        """The civil date in the account's time zone."""
        return self if _DAY.fullmatch(self) else parsed(self).astimezone(ZoneInfo(self._zone)).date().isoformat()

    @property
    def epoch(self) -> int:
        """Whole seconds since 1970."""
        return int(self._instant().timestamp())

    @property
    def epoch_ms(self) -> int:
        """Whole milliseconds since 1970."""
        return int(self._instant().timestamp() * 1000)

    def _instant(self) -> datetime:
        if _DAY.fullmatch(self):
            return datetime.combine(date.fromisoformat(self), datetime.min.time(), ZoneInfo(self._zone))
        return parsed(self)


def parsed(text: str) -> datetime:
    """The instant that an ISO text or a number of (milli)seconds since 1970 means.

    Raises:
        MakerError: it is no time.
    """
    try:
        if text.isdecimal():
            number = int(text)
            return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise MakerError(
            f"{text[:40]!r} is no time, so it cannot be counted from.",
            remedy="A read by time needs a stream whose cursor is an instant, a date or an epoch.",
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def spelled(at: datetime) -> str:
    """An instant as every cursor spells it."""
    return instant(at)


def slots_of(window: Window) -> dict[str, Any]:
    """The values of the slots in texts."""
    return {
        "config": window.config,
        "since": Moment(window.since, window.zone) if window.since is not None else None,
        "until": Moment(window.until, window.zone) if window.until is not None else None,
        "parent": window.parent,
        "job": window.job,
    }


def fill_path(template: str, slots: Mapping[str, Any]) -> str | None:
    """A path with its slots filled; what an answer said is quoted, so that it cannot become another path."""
    quoted = dict(slots)
    if slots["parent"] is not None:
        quoted["parent"] = {k: None if v is None else quote(str(v), safe="") for k, v in slots["parent"].items()}
    if slots["job"] is not None:
        quoted["job"] = quote(str(slots["job"]), safe="/")
    return fill(template, quoted)


def fill_params(params: Mapping[str, Any], window: Window, slots: dict[str, Any]) -> dict[str, Any]:
    """Query parameters, the empty ones left out."""
    out: dict[str, Any] = {}
    for name, slot in params.items():
        value = slot(window) if callable(slot) else fill(slot, slots) if isinstance(slot, str) else slot
        if value is not None:
            out[name] = str(value).lower() if isinstance(value, bool) else value
    return out


def fill_json(node: Any, window: Window, slots: dict[str, Any]) -> Any:
    """A JSON body: functions are called, and a text that is one slot and nothing else is filled.

    Only such a text: a GraphQL query is full of `{id}`. A key whose slot is empty is left out.
    """
    if callable(node):
        return node(window)
    if isinstance(node, str):
        match = SLOT.fullmatch(node)
        return _value(match, slots) if match and match[1] in slots else node
    if isinstance(node, Mapping):
        filled = {name: fill_json(child, window, slots) for name, child in node.items()}
        return {name: value for name, value in filled.items() if value is not None or node[name] is None}
    return [fill_json(child, window, slots) for child in node] if isinstance(node, list) else node


def _value(match: re.Match[str], slots: Mapping[str, Any]) -> Any:
    found = slots[match[1]]
    if match[2] is None or found is None:
        return str(found) if isinstance(found, Moment) else found
    value = found.get(match[2]) if isinstance(found, Mapping) else getattr(found, match[2])
    return str(value) if isinstance(value, Moment) else value


def templates_in(node: Any) -> list[str]:
    """Every text in a value of parameters or of a body that may be a slot."""
    if isinstance(node, str):
        return [node] if SLOT.fullmatch(node) else []
    if isinstance(node, Mapping):
        return [text for child in node.values() for text in templates_in(child)]
    return [text for child in node for text in templates_in(child)] if isinstance(node, list) else []
