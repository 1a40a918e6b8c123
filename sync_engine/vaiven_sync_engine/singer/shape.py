"""A record class made of a stream's JSON schema and its mapping."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import AliasPath, BeforeValidator, create_model
from pydantic import Field as PydanticField

from vaiven_sdk import Record
from vaiven_sdk.model.entities import ENTITIES
from vaiven_sdk.record import Wire
from vaiven_sync_engine.singer.mapping import FieldMap
from vaiven_sync_engine.singer.suggest import types_of

if TYPE_CHECKING:
    from vaiven_sync_engine.singer.catalog import Entry
    from vaiven_sync_engine.singer.mapping import StreamMap


def _moment(value: Any) -> Any:
    """An instant as taps write it: ISO with or without a zone (then UTC), as in feeds (RFC 5322), or seconds."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            value = parsedate_to_datetime(text) if re.match(r"[A-Z][a-z]{2}, ", text) else text
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value


def _day(value: Any) -> Any:
    if isinstance(value, str):
        # Many taps write a date as the midnight that it begins with.
        return value.strip()[:10] or None
    return value


def _empty(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _listed(value: Any) -> Any:
    return [part.strip() for part in re.split(r"[;,]", value) if part.strip()] if isinstance(value, str) else value


Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Day = Annotated[date | None, BeforeValidator(_day)]
_TYPES: dict[Any, Any] = {
    datetime: Moment,
    date: Day,
    Decimal: Annotated[Decimal | None, BeforeValidator(_empty)],
    int: Annotated[int | None, BeforeValidator(_empty)],
    bool: Annotated[bool | None, BeforeValidator(_empty)],
    list[str]: Annotated[list[str] | None, BeforeValidator(_listed)],
}


def record_class(entry: Entry, mapped: StreamMap) -> type[Record[Any]]:
    """The class of a stream's records: key, version and mapped fields; the rest stays in the stored body."""
    entity = ENTITIES[mapped.entity]
    known = entity.fields()
    names = list(dict.fromkeys([*mapped.key, *([mapped.version] if mapped.version else []), *mapped.fields]))
    attributes = {name: f"f{number}" for number, name in enumerate(names)}
    fields: dict[str, Any] = {}
    for name in names:
        target = mapped.fields.get(name)
        field = known.get(target.to) if target else None
        kind: Any = _TYPES.get(field.type, str | None) if field and not (target and target.values) else str | None
        if target and field is None:
            kind = _TYPES[Decimal]  # a metric
        if name == mapped.version and kind == str | None:
            kind = _version_type(entry, name)
        if name in mapped.key:
            kind = str
        fields[attributes[name]] = (kind, _info(name, target, required=name in mapped.key))
    kept = {
        "key": tuple(attributes[name] for name in mapped.key),
        "cursor": attributes[mapped.version] if mapped.version else None,
    }
    title = re.sub(r"\W", "", mapped.stream.title()) or "Row"
    base: Any = Record
    made: Any = create_model(title, __base__=base[entity], __module__=__name__, __cls_kwargs__=kept, **fields)
    return cast("type[Record[Any]]", made)


def _info(name: str, target: FieldMap | None, *, required: bool) -> Any:
    mark = Wire((name,), read_only=True)
    if target is not None:
        mark = Wire((name,), target.to, target.ref, target.values, read_only=True)
    given: dict[str, Any] = {} if required else {"default": None}
    extra: Any = {"vaiven": mark}
    return PydanticField(validation_alias=AliasPath(name), json_schema_extra=extra, **given)


def _version_type(entry: Entry, name: str) -> Any:
    rule = entry.properties[name]
    types = types_of(rule)
    formats = {rule.get("format"), *(one.get("format") for one in rule.get("anyOf", ()))}
    if "date-time" in formats:
        return Moment
    if "date" in formats:
        return Day
    return int | None if types == {"integer"} else str | None
