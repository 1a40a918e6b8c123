"""Checks of what the connector declares: identity, settings, scopes, hosts, versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from vaiven_api.kit.kit import check
from vaiven_api.kit.subject import NotNeeded
from vaiven_registry.describe import describe
from vaiven_registry.quality import CATEGORIES
from vaiven_sdk.config import SLOT
from vaiven_sdk.model import Merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vaiven_api.kit.kit import Kit
    from vaiven_sdk import Config, Connector, Scope

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_SHARED = frozenset(
    "com net org io co app dev cloud co.uk org.uk com.au co.jp com.br github.io herokuapp.com amazonaws.com"
    " cloudfront.net azurewebsites.net appspot.com workers.dev vercel.app netlify.app googleapis.com".split()
)
"""Names below which anybody can have a host."""


_LEAD_AWAY = ("{}/", "{}@evil.example", "evil.example/{}", "{}.evil.example#", "a {}")
"""Values that would take a request, and the credential with it, to another host."""


@check("manifest")
def manifest(kit: Kit) -> Iterator[str]:
    """All that lists and forms are made from."""
    connector = kit.subject.connector
    if not connector.name.strip():
        yield "name is empty"
    if connector.category not in CATEGORIES:
        yield f"category is {connector.category!r}; it is one of {', '.join(CATEGORIES)}"
    if urlsplit(connector.docs).scheme != "https":
        yield "docs is not an https address of the vendor's documentation"
    if not _VERSION.fullmatch(connector.version):
        yield f"version is {connector.version!r}, not three numbers"
    if not connector.streams:
        yield "there is no stream"
    if not connector.auth:
        yield "there is no way to sign in"
    describe(connector, "lone", "connector")


@check("settings")
def settings(kit: Kit) -> Iterator[str]:
    """Title, help and example; an example that fits; nothing in an address that could lead elsewhere."""
    config, base_url = kit.subject.connector.config, kit.subject.connector.base_url
    base = {attribute for name, attribute in SLOT.findall(base_url) if name == "config"}
    for name, info in config.model_fields.items():
        for what, given in (("title", info.title), ("description", info.description), ("example", info.examples)):
            if not given:
                yield f"setting {name} has no {what}"
        examples = list(info.examples or ())
        for example in examples:
            if _refuses(config, name, example):
                yield f"setting {name}: its own example {example!r} does not fit it"
        if name in base:
            tries = [form.format(example) for example in examples for form in _LEAD_AWAY]
            let = [bad for bad in tries if not _refuses(config, name, bad)]
            if let or not examples:
                shown = f"lets {let[0]!r} through" if let else "has no example"
                yield f"setting {name} stands in the base address and {shown}: give it a pattern from ^ to $"


def _refuses(config: type[Config], name: str, value: Any) -> bool:
    """Whether the value itself is refused; settings that are left out do not matter here."""
    try:
        config.model_validate({name: value})
    except ValidationError as problem:
        return any(error["loc"][:1] == (name,) for error in problem.errors())
    return False


@check("scopes")
def scopes(kit: Kit) -> Iterator[str]:
    """A reason for each, each once, and none that nobody gave a reason for."""
    connector = kit.subject.connector
    declared: dict[str, Scope] = {}
    for where, group in (("the connector", connector.scopes), *((n, s.scopes) for n, s in connector.streams.items())):
        seen: set[str] = set()
        for scope in group:
            if len(scope.why.split()) < 2 or scope.why == scope.name:
                yield f"scope {scope.name} of {where} gives no reason"
            if scope.name in seen:
                yield f"scope {scope.name} stands twice at {where}"
            seen.add(scope.name)
            declared.setdefault(scope.name, scope)
    for scheme in connector.auth:
        asked = list(getattr(scheme, "scopes", ()))
        if twice := sorted({name for name in asked if asked.count(name) > 1}):
            yield f"{scheme.kind} asks twice for {', '.join(twice)}"
        if idle := [name for name in asked if name not in declared]:
            yield f"{scheme.kind} asks for {', '.join(idle)}, and no stream says why"
    yield from _write_scopes(connector)


def _write_scopes(connector: Connector[Any]) -> Iterator[str]:
    for name, stream in connector.streams.items():
        for scope in stream.scopes:
            if not stream.writers and (scope.write or re.search(r"\b(write|manage|delete|admin)\b", scope.name)):
                yield f"stream {name} is only read, and asks for {scope.name}"
            elif not scope.write and re.search(r"(^|[._:-])(write|delete)$", scope.name):
                yield f"scope {scope.name} of {name} is for writing and not marked `write=True`"


@check("consent")
def consent(kit: Kit) -> list[str]:
    """What is written for anything but `granted` does not read as `granted`."""
    found = []
    looked = False
    for name, stream in kit.subject.connector.streams.items():
        known = stream.record.__entity__.fields()
        for field, mapped in stream.record.mapped().items():
            if field not in known or known[field].merge is not Merge.MOST_RESTRICTIVE:
                continue
            looked = True
            wire = stream.record.__wires__.get(mapped.source or "")
            if wire is not None and (loose := _loosened(wire.values or {})):
                found.append(f"{name}: {loose} reads as {field} granted")
            if mapped.write is None or not (isinstance(known[field].type, type)):
                continue
            for value in (str(member) for member in known[field].type):
                record = stream.record.blank({field: value})[0] if value != "granted" else None
                if record is not None and mapped.read(record) == "granted":
                    found.append(f"{name}: {field} {value} is written so that it reads as granted")
    if not looked:
        raise NotNeeded("no field speaks of consent")
    return found


_NO = re.compile(r"un|left|den|refus|reject|opt.?out|bounce|block|spam|complain|pend|clean|never|not", re.IGNORECASE)


def _loosened(values: Mapping[Any, str]) -> str:
    """A vendor's value that is no permission by its own name, and is taken for one."""
    return next((repr(theirs) for theirs, ours in values.items() if ours == "granted" and _NO.search(str(theirs))), "")


@check("hosts")
def hosts(kit: Kit) -> Iterator[str]:
    """Encryption everywhere, and no pattern under which strangers have hosts."""
    connector = kit.subject.connector
    for pattern in connector.hosts:
        bare = pattern.removeprefix("*.")
        if "*" in bare or "/" in bare or ":" in bare:
            yield f"host pattern {pattern!r}: one `*.` at its front, then a name"
        elif pattern.startswith("*.") and (bare in _SHARED or "." not in bare):
            yield f"host pattern {pattern!r} takes in hosts of strangers"
        elif "." not in bare:
            yield f"host {pattern!r} is no domain"
    host = SLOT.sub("x", urlsplit(connector.base_url).netloc)
    if SLOT.match(urlsplit(connector.base_url).netloc.rpartition(".")[2] or "{"):
        yield "the base address lets a setting choose the top-level domain"
    if "." not in host:
        yield f"the base address has no domain: {host}"
    for scheme in connector.auth:
        for name in ("authorize_url", "token_url"):
            address = getattr(scheme, name, None)
            if isinstance(address, str) and address and urlsplit(address).scheme != "https":
                yield f"{scheme.kind}: {name} is not https"


@check("versions")
async def versions(kit: Kit) -> list[str]:
    """A key there is by construction; a version, or a way to do without."""
    found = []
    for name, stream in kit.subject.connector.streams.items():
        if stream.record.__cursor__ is None and stream.incremental and "changes" not in stream.readers:
            found.append(f"{name} reads changes, and its records have no version (`cursor=`)")
    return found + await _moves(kit)


async def _moves(kit: Kit) -> list[str]:
    """The version of an edited record grows, as the vendor's clock does."""
    found = []
    account = kit.bench.north
    for name, stream in kit.subject.connector.streams.items():
        if stream.record.__cursor__ is None:
            continue
        simulator = account.renew()
        try:
            (one, *_) = simulator.sample(name, 1)
            before = await _version(kit, name, one)
            account.clock.move(90)
            simulator.touch(name, one)
        except NotImplementedError:
            continue  # rule `reads` says what is missing
        after = await _version(kit, name, one)
        if before is not None and after is not None and not after > before:
            found.append(f"{name}: the version stays {before} when a record is edited 90 seconds later")
    return found


async def _version(kit: Kit, stream: str, remote_id: str) -> str | None:
    hub = await kit.bench.fresh(kit.bench.north, (stream,))
    with hub.database.reader(hub.path) as connection:
        row = connection.execute("SELECT version FROM record WHERE remote_id = ?", (remote_id,)).fetchone()
    return str(row["version"]) if row else None
