"""What changed between two declarations, and which step of the version each change needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit


class Step(IntEnum):
    """How far a version must move; the larger one decides."""

    NONE = 0
    """Nothing changed."""
    PATCH = 1
    """Limits, texts, documentation: nobody has to know."""
    MINOR = 2
    """More than before: what was set up goes on as it was."""
    MAJOR = 3
    """Less than before, or different: somebody must agree first."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Args:
        step: what it needs.
        where: the place in the declaration, as `streams.contacts.fields.email`.
        what: one sentence without its full stop.
    """

    step: Step
    where: str
    what: str


Json = Mapping[str, Any]

_TEXTS = {"name": "name", "category": "category", "docs": "documentation address"}
_RANK = {"at-least-once": 0, "audited": 1, "exact": 2}


def compare(before: Json, after: Json) -> list[Change]:
    """Every difference between the declaration at the last release and the one of now, the gravest first."""
    changes = [
        *_identity(before, after),
        *_auth(before["auth"], after["auth"]),
        *_scopes("scopes", before["scopes"], after["scopes"]),
        *_config(before["config"], after["config"]),
        *_webhooks(before["webhooks"], after["webhooks"]),
        *_streams(before["streams"], after["streams"]),
    ]
    return sorted(changes, key=lambda change: (-change.step, change.where, change.what))


def step_of(changes: list[Change]) -> Step:
    """The step that all of the changes together need."""
    return max((change.step for change in changes), default=Step.NONE)


def needed(released: str, step: Step) -> str:
    """The lowest version that may follow `released`."""
    major, minor, patch = _numbers(released)
    return {
        Step.NONE: released,
        Step.PATCH: f"{major}.{minor}.{patch + 1}",
        Step.MINOR: f"{major}.{minor + 1}.0",
        Step.MAJOR: f"{major + 1}.0.0",
    }[step]


def enough(released: str, declared: str, step: Step) -> bool:
    """Whether the declared version is high enough for the step."""
    return _numbers(declared) >= _numbers(needed(released, step))


def _numbers(version: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", version)
    if found is None:
        raise ValueError(f"{version!r} is no version of three numbers")
    return int(found[1]), int(found[2]), int(found[3])


def _identity(before: Json, after: Json) -> Iterator[Change]:
    if before["slug"] != after["slug"]:
        yield Change(Step.MAJOR, "slug", f"it was {before['slug']}: stored connections no longer find it")
    old, new = urlsplit(before["base_url"]), urlsplit(after["base_url"])
    if old.netloc != new.netloc:
        yield Change(Step.MAJOR, "base_url", f"requests go to {new.netloc} instead of {old.netloc}")
    elif before["base_url"] != after["base_url"]:
        yield Change(Step.PATCH, "base_url", f"the path below the host is {new.path or '/'}")
    for host in sorted(set(after["hosts"]) - set(before["hosts"])):
        yield Change(Step.MAJOR, "hosts", f"requests, and the credential with them, may go to {host}, too")
    for host in sorted(set(before["hosts"]) - set(after["hosts"])):
        yield Change(Step.PATCH, "hosts", f"{host} is no longer called")
    if before["headers"] != after["headers"]:
        yield Change(Step.PATCH, "headers", "other headers are sent")
    for key, text in _TEXTS.items():
        if before[key] != after[key]:
            yield Change(Step.PATCH, key, f"another {text}")
    if before["limits"] != after["limits"]:
        yield Change(Step.PATCH, "limits", "other limits")


def _auth(before: Json, after: Json) -> Iterator[Change]:
    for way in _gone(before, after):
        yield Change(Step.MAJOR, f"auth.{way}", "this way to sign in is gone")
    for way in _gone(after, before):
        yield Change(Step.MINOR, f"auth.{way}", "a new way to sign in")
    for way in _both(before, after):
        old, new, where = before[way], after[way], f"auth.{way}"
        yield from _inputs(where, old["inputs"], new["inputs"])
        if old["urls"] != new["urls"]:
            moved = {_host(url) for url in new["urls"].values()} - {_host(url) for url in old["urls"].values()}
            step = Step.MAJOR if moved else Step.PATCH
            yield Change(step, where, f"signs in at {', '.join(sorted(moved)) or 'another path'}")
        for scope in sorted(set(new["scopes"]) - set(old["scopes"])):
            yield Change(Step.MAJOR, where, f"asks for the scope {scope}: customers must sign in again")
        for scope in sorted(set(old["scopes"]) - set(new["scopes"])):
            yield Change(Step.MINOR, where, f"no longer asks for the scope {scope}")


def _inputs(where: str, before: Json, after: Json) -> Iterator[Change]:
    for name in _gone(before, after):
        yield Change(Step.MAJOR, f"{where}.{name}", "this value of the credential is gone or renamed")
    for name in _gone(after, before):
        required = after[name]["required"]
        what = "a new value that every credential needs" if required else "a new optional value of the credential"
        yield Change(Step.MAJOR if required else Step.MINOR, f"{where}.{name}", what)
    for name in _both(before, after):
        old, new = before[name], after[name]
        if new["required"] and not old["required"]:
            yield Change(Step.MAJOR, f"{where}.{name}", "every credential needs this value now")
        elif old != new:
            yield Change(Step.PATCH, f"{where}.{name}", "it is asked for in another way")


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _scopes(where: str, before: Json, after: Json) -> Iterator[Change]:
    for name in _gone(after, before):
        yield Change(Step.MAJOR, f"{where}.{name}", "a new scope: customers must grant it first")
    for name in _gone(before, after):
        yield Change(Step.MINOR, f"{where}.{name}", "a scope less is needed")
    for name in _both(before, after):
        old, new = before[name], after[name]
        if old["write"] and not new["write"]:
            yield Change(Step.MAJOR, f"{where}.{name}", "reading needs this scope now, too")
        elif old != new:
            yield Change(Step.PATCH, f"{where}.{name}", "another reason is given for it")


def _config(before: Json, after: Json) -> Iterator[Change]:
    for name in _gone(before, after):
        yield Change(Step.MAJOR, f"config.{name}", "this setting is gone or renamed")
    for name in _gone(after, before):
        required = after[name]["required"]
        step = Step.MAJOR if required else Step.MINOR
        yield Change(
            step, f"config.{name}", "a new setting that must be given" if required else "a new optional setting"
        )
    for name in _both(before, after):
        yield from _setting(f"config.{name}", before[name], after[name])


def _setting(where: str, old: Json, new: Json) -> Iterator[Change]:
    if old["type"] != new["type"]:
        yield Change(Step.MAJOR, where, f"it is a {new['type']} and was a {old['type']}")
    if old["required"] != new["required"]:
        step, what = (Step.MAJOR, "must be given now") if new["required"] else (Step.MINOR, "need no longer be given")
        yield Change(step, where, what)
    if old["pattern"] != new["pattern"]:
        # Whether one pattern lets in all that another does is not decidable here, so a changed one counts as narrower.
        step = Step.MAJOR if new["pattern"] else Step.MINOR
        yield Change(step, where, f"takes {new['pattern'] or 'any text'}")
    if new["choices"] and (lost := sorted(set(old["choices"]) - set(new["choices"])) or not old["choices"]):
        what = f"no longer takes {', '.join(lost)}" if isinstance(lost, list) else "takes a few values only"
        yield Change(Step.MAJOR, where, what)
    elif old["choices"] != new["choices"]:
        yield Change(Step.MINOR, where, "takes more values")
    if old["default"] != new["default"] and not new["required"] and not old["required"]:
        yield Change(Step.MAJOR, where, f"means {new['default']!r} when it is left out, and meant {old['default']!r}")
    if any(old[key] != new[key] for key in ("title", "help", "example")):
        yield Change(Step.PATCH, where, "other words")


def _webhooks(before: list[str], after: list[str]) -> Iterator[Change]:
    for one in sorted(set(before) - set(after)):
        yield Change(Step.MAJOR, "webhooks", f"deliveries signed as {one.partition('(')[0]} are no longer understood")
    for one in sorted(set(after) - set(before)):
        yield Change(Step.MINOR, "webhooks", f"deliveries signed as {one.partition('(')[0]} are understood")


def _streams(before: Json, after: Json) -> Iterator[Change]:
    for name in _gone(before, after):
        yield Change(Step.MAJOR, f"streams.{name}", "this stream is gone or renamed")
    for name in _gone(after, before):
        yield Change(Step.MINOR, f"streams.{name}", "a new stream")
        yield from _scopes(f"streams.{name}.scopes", {}, after[name]["scopes"])
    for name in _both(before, after):
        yield from _stream(f"streams.{name}", before[name], after[name])


def _stream(where: str, old: Json, new: Json) -> Iterator[Change]:
    for key, text in (
        ("entity", "becomes"),
        ("key", "is identified by"),
        ("cursor", "is versioned by"),
        ("hub_id", "carries our id in"),
    ):
        if old[key] != new[key]:
            yield Change(Step.MAJOR, f"{where}.{key}", f"{text} {_shown(new[key])} instead of {_shown(old[key])}")
    for name in sorted(set(old["operations"]) - set(new["operations"])):
        yield Change(Step.MAJOR, where, f"can no longer {name}")
    for name in sorted(set(new["operations"]) - set(old["operations"])):
        yield Change(Step.MINOR, where, f"can {name}")
    for op in _both(old["writers"], new["writers"]):
        yield from _writer(f"{where}.{op}", old["writers"][op], new["writers"][op])
    if old["guarantee"] != new["guarantee"]:
        weaker = _RANK.get(new["guarantee"], 0) < _RANK.get(old["guarantee"], 0)
        what = f"promises {new['guarantee']} instead of {old['guarantee']}"
        yield Change(Step.MAJOR if weaker else Step.MINOR, f"{where}.guarantee", what)
    for key in ("guard", "create_key", "deletes", "lag", "restates"):
        if old[key] != new[key]:
            yield Change(Step.PATCH, f"{where}.{key}", f"is {new[key]} instead of {old[key]}")
    yield from _scopes(f"{where}.scopes", old["scopes"], new["scopes"])
    yield from _fields(f"{where}.fields", old["fields"], new["fields"])
    yield from _derived(f"{where}.derived", old["derived"], new["derived"])


def _writer(where: str, old: Json, new: Json) -> Iterator[Change]:
    for name in sorted(set(new["needs"]) - set(old["needs"])):
        yield Change(Step.MAJOR, where, f"needs {name} now")
    for name in sorted(set(old["needs"]) - set(new["needs"])):
        yield Change(Step.MINOR, where, f"no longer needs {name}")
    if old["consent"] != new["consent"]:
        yield Change(
            Step.MAJOR, where, f"asks for {new['consent'] or 'no consent'} instead of {old['consent'] or 'none'}"
        )


def _fields(where: str, before: Json, after: Json) -> Iterator[Change]:
    for name in _gone(before, after):
        yield Change(Step.MAJOR, f"{where}.{name}", "this field is gone or renamed")
    for name in _gone(after, before):
        yield Change(Step.MINOR, f"{where}.{name}", "a new field")
    for name in _both(before, after):
        yield from _field(f"{where}.{name}", before[name], after[name])


def _field(where: str, old: Json, new: Json) -> Iterator[Change]:
    for key, text in (("type", "is"), ("path", "stands at"), ("refers_to", "refers to")):
        if old[key] != new[key]:
            yield Change(Step.MAJOR, where, f"{text} {_shown(new[key])} instead of {_shown(old[key])}")
    if old["unified"] != new["unified"]:
        step = Step.MAJOR if old["unified"] else Step.MINOR
        yield Change(step, where, f"becomes {_shown(new['unified'])} instead of {_shown(old['unified'])}")
    elif old["direction"] != new["direction"]:
        yield _direction(where, new["direction"])
    if new["required"] and not old["required"]:
        yield Change(Step.MAJOR, where, "every record must have it now")
    elif old["required"] and not new["required"]:
        yield Change(Step.MINOR, where, "a record may lack it")
    lost = sorted(theirs for theirs, ours in old["values"].items() if new["values"].get(theirs) != ours)
    if lost or (new["values"] and not old["values"] and old["unified"]):
        yield Change(Step.MAJOR, where, f"no longer reads {', '.join(lost) or 'every value'} as before")
    elif set(new["values"]) > set(old["values"]):
        yield Change(Step.MINOR, where, "reads more values")
    if old["help"] != new["help"]:
        yield Change(Step.PATCH, where, "other words")


def _derived(where: str, before: Json, after: Json) -> Iterator[Change]:
    for name in _gone(before, after):
        yield Change(Step.MAJOR, f"{where}.{name}", "this unified field is no longer computed")
    for name in _gone(after, before):
        yield Change(Step.MINOR, f"{where}.{name}", "a unified field more")
    for name in _both(before, after):
        if before[name]["refers_to"] != after[name]["refers_to"]:
            yield Change(Step.MAJOR, f"{where}.{name}", f"refers to {_shown(after[name]['refers_to'])}")
        if before[name]["direction"] != after[name]["direction"]:
            yield _direction(f"{where}.{name}", after[name]["direction"])


def _direction(where: str, now: str) -> Change:
    if now == "read":
        return Change(Step.MAJOR, where, "is no longer written")
    return Change(Step.MINOR, where, "is written, too")


def _gone(before: Json, after: Json) -> list[str]:
    return sorted(set(before) - set(after))


def _both(before: Json, after: Json) -> list[str]:
    return sorted(set(before) & set(after))


def _shown(value: Any) -> str:
    return "/".join(value) if isinstance(value, list) else str(value) if value else "nothing"
