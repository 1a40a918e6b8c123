"""Checks of what lies beside the connector: logo, README, strings, the badges written by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import msgspec

from vaiven_api.kit.kit import check
from vaiven_registry.quality import LIFECYCLES, SUPPORT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vaiven_api.kit.kit import Kit
    from vaiven_sdk import Connector

LANGUAGES = ("en", "es", "pt", "fr", "de", "it", "ja", "ar")
LARGEST_LOGO = 20_000
"""Bytes."""

_DRAWN = frozenset(
    "svg g defs title desc rect circle ellipse path line polyline polygon text tspan linearGradient radialGradient"
    " stop clipPath mask".split()
)
_HEADING = re.compile(r"^#{2,}\s+(.*)$", re.MULTILINE)


@check("logo")
def logo(kit: Kit) -> Iterator[str]:
    """Well-formed, small, nothing that runs or loads."""
    path = kit.subject.folder / "logo.svg" if kit.subject.folder else None
    if path is None or not path.is_file():
        yield "there is no logo.svg"
        return
    content = path.read_bytes()
    if len(content) > LARGEST_LOGO:
        yield f"logo.svg has {len(content):,} bytes; at most {LARGEST_LOGO:,} are taken"
    # A document type can bring entities that grow without end, and a logo needs none.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"<?xml-stylesheet" in content:
        yield "logo.svg has a document type, an entity or a style sheet"
        return
    try:
        root = ET.fromstring(content)  # noqa: S314 - entities are refused above
    except ET.ParseError as problem:
        yield f"logo.svg is not well-formed: {problem}"
        return
    yield from _drawing(root)


def _drawing(root: ET.Element) -> Iterator[str]:
    if _local(root.tag) != "svg" or not root.get("viewBox"):
        yield "logo.svg needs <svg> with a viewBox as its root"
    letters = ""
    for node in root.iter():
        kind = _local(node.tag)
        if kind not in _DRAWN:
            yield f"logo.svg holds <{kind}>; a monogram needs shapes and letters only"
        for name, value in node.attrib.items():
            bare = _local(name)
            outside = "url(" in value.replace("url(#", "") or (bare == "href" and not value.startswith("#"))
            if bare.startswith("on") or outside or "javascript:" in value.lower() or "@import" in value:
                yield f"logo.svg: attribute {bare} of <{kind}> leads out of the file, or runs something"
        if kind in {"text", "tspan"}:
            letters += "".join((node.text or "").split())
    if len(letters) > 3:
        yield f"logo.svg spells {letters!r}: a neutral monogram has at most three letters"


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


@check("readme")
def readme(kit: Kit) -> Iterator[str]:
    """A title, some text, the sources."""
    text = kit.subject.readme
    if not text:
        yield "there is no README.md"
        return
    if not text.lstrip().startswith("# "):
        yield "README.md does not begin with a title"
    if len(text.split()) < 40:
        yield "README.md says too little to be of use: what is covered, and what is not?"
    if not _has(text, "source"):
        yield "README.md has no section with Sources in its heading"


@check("guide")
def guide(kit: Kit) -> Iterator[str]:
    """The two sections that save a question."""
    for word in ("troubleshooting", "limits"):
        if not _has(kit.subject.readme, word):
            yield f"README.md has no section with {word.capitalize()} in its heading"


def _has(text: str, word: str) -> bool:
    return any(word in heading.lower() for heading in _HEADING.findall(text))


@check("owner")
def owner(kit: Kit) -> Iterator[str]:
    """Three badges that only people can give."""
    try:
        said = kit.subject.said
    except ValueError as problem:
        yield f"quality.toml cannot be read: {problem}"
        return
    if not str(said.get("owner") or "").strip():
        yield "quality.toml names no owner"
    for name, allowed in (("support", SUPPORT), ("lifecycle", LIFECYCLES)):
        if said.get(name) not in allowed:
            yield f"quality.toml: {name} is {said.get(name)!r}; it is one of {', '.join(allowed)}"


def keys(connector: Connector[Any]) -> set[str]:
    """Keys that every language file has."""
    found = {f"stream.{name}.title" for name in connector.streams}
    for name in connector.config.model_fields:
        found |= {f"config.{name}.title", f"config.{name}.help"}
    for name in {field for scheme in connector.auth for field in scheme.fields}:
        found |= {f"credential.{name}.title", f"credential.{name}.help"}
    return found


@check("strings")
def strings(kit: Kit) -> Iterator[str]:
    """Eight files with the same keys, none empty."""
    wanted = keys(kit.subject.connector)
    for language in LANGUAGES:
        path = kit.subject.folder / "strings" / f"{language}.json" if kit.subject.folder else None
        found = _strings(path)
        if found is None:
            yield f"strings/{language}.json is missing, or is no object of texts"
            continue
        if lacking := sorted(wanted - {key for key, text in found.items() if text.strip()}):
            yield f"strings/{language}.json lacks {', '.join(lacking)}"
        if more := sorted(set(found) - wanted):
            yield f"strings/{language}.json has what nothing asks for: {', '.join(more)}"


def _strings(path: Path | None) -> dict[str, str] | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path else None
    except (OSError, msgspec.DecodeError):
        return None
