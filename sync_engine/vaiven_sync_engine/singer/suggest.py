"""Suggest what a tap's streams and fields become, by their names and types, with a confidence and the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vaiven_sdk.model.entities import ENTITIES
from vaiven_sync_engine.singer.mapping import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vaiven_sync_engine.singer.catalog import Entry

SURE = 0.5
"""A suggestion below it is written down as a comment."""

_ENTITIES = {
    "person": "contact people persons subscriber member customer profile recipient lead_contact individual client",
    "company": "companies account organization organisation business",
    "deal": "opportunity opportunities",
    "order": "purchase transaction",
    "event": "feed entry entries item post",
    "email_message": "email mailing newsletter",
    "ticket": "issue case",
    "user": "owner staff agent",
}
_NAMES = {
    "email": "emailaddress mail emailaddr primaryemail",
    "phone": "phonenumber mobile mobilephone telephone tel cell",
    "given_name": "firstname fname forename first",
    "family_name": "lastname lname surname last",
    "full_name": "name displayname fullname",
    "name": "title label displayname companyname",
    "honorific": "salutation prefix",
    "birth_on": "birthday birthdate dateofbirth dob",
    "street": "address address1 streetaddress addressline1",
    "region": "state province county",
    "postal_code": "zip zipcode postcode postalcode",
    "country": "countrycode countryname",
    "city": "town locality",
    "job_title": "jobtitle position role title",
    "company_name": "company organization organisation employer",
    "website": "url web homepage link",
    "locale": "language lang",
    "first_seen_at": "created createdat createdate signupdate created_on registered dateadded",
    "last_seen_at": "lastseen lastactivity lastlogin lastchanged",
    "occurred_at": "published timestamp date time at publishedat",
    "opened_at": "created createdat createdate",
    "placed_at": "created createdat orderdate",
    "tags": "labels keywords",
    "external_id": "externalid customerid customernumber customerno",
    "domain": "hostname",
    "employees": "numberofemployees headcount",
    "description": "notes note summary comment",
    "currency": "currencycode",
}
_KEYS = ("id", "uuid", "guid", "key", "email")


@dataclass(frozen=True, slots=True)
class Guess:
    """One suggestion.

    Args:
        to: entity or unified field.
        confidence: 0 to 1.
        reason: a few words.
    """

    to: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What one stream could become.

    Args:
        stream: its id.
        entity: None where nothing suggests itself.
        key: fields that identify a row.
        version: field that grows with a change.
        fields: by the row's field.
    """

    stream: str
    entity: Guess | None
    key: tuple[str, ...]
    version: str | None
    fields: dict[str, Guess] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether it can be read as it stands."""
        sure = any(guess.confidence >= SURE for guess in self.fields.values())
        return self.entity is not None and self.entity.confidence >= SURE and bool(self.key) and sure


def suggest(entry: Entry) -> Suggestion:
    """What the rows of a stream probably are."""
    names = {_plain(name): name for name in entry.properties}
    entity = _entity(entry, names)
    key = entry.key or next(((names[k],) for k in _KEYS if k in names), ())
    version = entry.version if entry.version in entry.properties and _ordered(entry.properties[entry.version]) else None
    fields = _fields(entity.to, entry.properties) if entity else {}
    return Suggestion(entry.id, entity, tuple(key), version, fields)


def render(suggestions: Iterable[Suggestion], known: Mapping[str, Entry], tap: str) -> str:
    """The suggestions as a mapping file; what is not sure is a comment."""
    lines = [
        f"# What the rows of {tap} become. A stream that is not here is not read.",
        "# Each line says how sure the suggestion is, and why; correct what is wrong.",
    ]
    for one in suggestions:
        lines += ["", *_table(one, known[one.stream])]
    return "\n".join(lines) + "\n"


def _table(one: Suggestion, entry: Entry) -> list[str]:
    off = "" if one.usable else "# "
    name = quoted(one.stream)
    lines = []
    if one.entity is None:
        lines.append(f"# {name}: nothing suggests itself, so it is not read")
    elif not one.key:
        lines.append(f"# {name}: say which field identifies a row, then take the marks away")
    elif off:
        lines.append(f"# {name}: not sure enough, so it is not read")
    lines.append(f"{off}[{name}]")
    entity = one.entity or Guess("person", 0.0, "a guess")
    lines.append(f'{off}entity = "{entity.to}"  # {entity.confidence:.2f}, {entity.reason}')
    lines.append(f"{off}key = [{', '.join(_text(part) for part in one.key)}]")
    if one.version:
        lines.append(f"{off}version = {_text(one.version)}")
    lines.append(f"{off}[{name}.fields]")
    for source, guess in one.fields.items():
        mark = off or ("" if guess.confidence >= SURE else "# ")
        lines.append(f'{mark}{quoted(source)} = "{guess.to}"  # {guess.confidence:.2f}, {guess.reason}')
    rest = [source for source in entry.properties if source not in one.fields]
    if rest:
        lines.append(f"# not mapped: {', '.join(quoted(r) for r in rest[:60])}")
    return lines


def _text(value: str) -> str:
    import json  # noqa: PLC0415 - a JSON text is a TOML text

    return json.dumps(value)


def _entity(entry: Entry, names: Mapping[str, str]) -> Guess | None:
    # The last word of a name says what the rows are: list_members are members.
    words = [_plain(w) for w in re.split(r"[^a-z0-9]+", entry.name.lower()) if w]
    for word in dict.fromkeys([_plain(entry.name), *words[::-1]]):
        for kind, entity in ENTITIES.items():
            if word in {_plain(kind), _plain(entity.plural)}:
                return Guess(kind, 0.9, f"the stream is called {entry.name}")
        for kind, said in _ENTITIES.items():
            meant = {_plain(w) for w in said.split()}
            if word in meant | {f"{one}s" for one in meant}:
                return Guess(kind, 0.8, f"the stream is called {entry.name}")
    if "email" in names and any(n in names for n in ("firstname", "lastname", "name", "fullname", "givenname")):
        return Guess("person", 0.7, "its rows have an address and a name")
    return Guess("person", 0.5, "its rows have an e-mail address") if "email" in names else None


def _fields(kind: str, properties: Mapping[str, Any]) -> dict[str, Guess]:
    known = ENTITIES[kind].fields()
    found: dict[str, Guess] = {}
    for source, rule in properties.items():
        plain = _plain(source)
        best: Guess | None = None
        for name, target in known.items():
            if target.ref or target.ref_by:
                continue
            score, reason = 0.0, ""
            if plain == _plain(name):
                score, reason = 0.95, "the same name"
            elif plain in {_plain(w) for w in _NAMES.get(name, "").split()}:
                score, reason = 0.85, "another word for it"
            if not score:
                continue
            if not _fits(target.type, rule):
                score, reason = 0.3, f"{reason}, but another type"
            if best is None or score > best.confidence:
                best = Guess(name, score, reason)
        if best is not None:
            rival = next((s for s, g in found.items() if g.to == best.to), None)
            if rival is None or found[rival].confidence < best.confidence:
                found.pop(rival or "", None)
                found[source] = best
    return found


def _fits(target: Any, rule: Mapping[str, Any]) -> bool:
    types = types_of(rule)
    if not types:
        return True
    if target in {datetime, date}:
        return bool(types & {"string", "integer"})
    if target in {int, Decimal}:
        return bool(types & {"integer", "number", "string"})
    if target is bool:
        return "boolean" in types
    if isinstance(target, type) and issubclass(target, StrEnum):
        # Only by luck are a tool's values those of our enum: they want a table.
        return False
    if target is str:
        return bool(types & {"string", "integer"})
    return "array" in types


def types_of(rule: Mapping[str, Any]) -> set[str]:
    """The JSON types that a field may have, null aside."""
    found = rule.get("type")
    types = {found} if isinstance(found, str) else set(found or ())
    for one in rule.get("anyOf", ()):
        types |= types_of(one)
    return types - {"null"}


def _ordered(rule: Mapping[str, Any]) -> bool:
    """Whether later values are larger as text: times and whole numbers are."""
    formats = {rule.get("format"), *(one.get("format") for one in rule.get("anyOf", ()))}
    return bool(formats & {"date-time", "date"}) or types_of(rule) == {"integer"}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
