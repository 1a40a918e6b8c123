"""Made-up values for a simulator's records, as Python expressions over the row's number `n`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaiven_api.scaffold.description import words

if TYPE_CHECKING:
    from vaiven_api.scaffold.draft import Field

_BY_TARGET = {
    "email": 'f"person{n}@example.com"',
    "phone": 'f"+346000{n % 100000:05}"',
    "website": 'f"https://www{n}.example.com"',
    "domain": 'f"company{n}.example"',
    "url": 'f"https://www.example.com/{n}"',
    "country": '"ES"',
    "currency": '"EUR"',
    "locale": '"en-US"',
    "language": '"en"',
    "timezone": '"Europe/Madrid"',
    "birth_on": '"1990-05-17"',
}
_BY_TYPE = {
    "int": "n",
    "Decimal": "n + 0.5",
    "bool": "n % 2 == 0",
    "date": '"2026-01-02"',
    "AwareDatetime": '"2026-01-02T03:04:05Z"',
    "list[str]": '[f"one{n}", "two"]',
    "list[int]": "[n]",
    "list[Decimal]": "[n + 0.5]",
    "list[bool]": "[True]",
}


def sample(field: Field) -> str:
    """The expression for one field."""
    if field.type != "str":
        return _BY_TYPE[field.type]
    if field.to in _BY_TARGET:
        return _BY_TARGET[field.to]
    if field.values:
        return _quoted(field.values[0])
    name = words(field.path.rpartition(".")[2])
    if "email" in name:
        return _BY_TARGET["email"]
    if {"url", "href", "link", "website"} & set(name):
        return _BY_TARGET["url"]
    text = " ".join(name) or "text"
    return f'f"{text} {{n}}"'


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
