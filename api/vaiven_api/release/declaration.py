"""A connector's whole declaration as plain JSON: what a release promises."""

from __future__ import annotations

import hashlib
import re
import typing
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.errors import VaivenError

if TYPE_CHECKING:
    from pathlib import Path

    from vaiven_sdk import Auth, Config, Connector, Record, Scope, Stream

FILE = "release.json"
"""Name in the connector's folder; written by `vaiven diff SLUG --release`."""
FORMAT = 1


class ReleaseUnreadable(VaivenError):
    """The file that the declaration is compared with is none."""

    code = "release_unreadable"
    remedy = "Take the file of the last release out of the repository again, or write it anew with --release."


def read(path: Path) -> dict[str, Any]:
    """The declaration at the last release.

    Raises:
        ReleaseUnreadable: the file is missing, is no JSON, or was written by a newer Vaiven.
    """
    try:
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise ReleaseUnreadable(f"{path} cannot be read.", why=str(problem)) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ReleaseUnreadable(f"{path} is no declaration of format {FORMAT}.")
    return found


def digest(declared: dict[str, Any]) -> str:
    """A short name for exactly this declaration, whatever its version."""
    content = {key: value for key, value in declared.items() if key != "version"}
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()[:24]


def declaration(connector: Connector[Any]) -> dict[str, Any]:
    """Everything that a connector declares, by name and in a stable order."""
    return {
        "format": FORMAT,
        "slug": connector.slug,
        "version": connector.version,
        "name": connector.name,
        "category": connector.category,
        "base_url": connector.base_url,
        "hosts": sorted(connector.hosts),
        "headers": dict(sorted(connector.headers.items())),
        "docs": connector.docs,
        "auth": {_way(connector, n): _auth(connector, scheme) for n, scheme in enumerate(connector.auth)},
        "scopes": _scopes(connector.scopes),
        "config": _config(connector.config),
        "limits": [
            {"limit": str(one), "path": one.path, "but": one.but, "source": one.source} for one in connector.limits
        ],
        "webhooks": sorted(_webhook(one.signature) for one in connector.webhooks),
        "streams": {name: _stream(stream) for name, stream in sorted(connector.streams.items())},
    }


def _way(connector: Connector[Any], n: int) -> str:
    kind = connector.auth[n].kind
    before = sum(scheme.kind == kind for scheme in connector.auth[:n])
    return f"{kind} {before + 1}" if before else kind


def _auth(connector: Connector[Any], scheme: Auth) -> dict[str, Any]:
    asked = tuple(getattr(scheme, "scopes", ()))
    if not asked and scheme.kind.startswith("oauth2"):
        asked = tuple(scope.name for scope in connector.scopes_for())
    urls = {n: getattr(scheme, n) for n in ("authorize_url", "token_url", "refresh_url") if getattr(scheme, n, "")}
    inputs = {
        one.name: {"required": one.required, "secret": one.secret, "label": one.label, "help": one.help}
        for one in scheme.inputs
    }
    return {"inputs": dict(sorted(inputs.items())), "urls": urls, "scopes": sorted(asked)}


def _scopes(scopes: typing.Iterable[Scope]) -> dict[str, Any]:
    return {scope.name: {"write": scope.write, "why": scope.why} for scope in sorted(scopes, key=lambda s: s.name)}


def _config(config: type[Config]) -> dict[str, Any]:
    schema = config.model_json_schema()
    required = set(schema.get("required", ()))
    found = {}
    for name, rule in sorted(schema.get("properties", {}).items()):
        inner: dict[str, Any] = next((r for r in rule.get("anyOf", ()) if r.get("type") != "null"), {})
        whole = {**inner, **rule}
        if "$ref" in whole:
            whole = {**schema["$defs"][whole["$ref"].rpartition("/")[2]], **whole}
        found[name] = {
            "type": whole.get("type", "string"),
            "required": name in required,
            "pattern": whole.get("pattern", ""),
            "choices": sorted(map(str, whole.get("enum", ()))),
            "default": whole.get("default"),
            "title": whole.get("title", ""),
            "help": whole.get("description", ""),
            "example": next(iter(whole.get("examples", ())), None),
        }
    return found


def _webhook(signature: object) -> str:
    """A scheme by its class and what it is set to, without functions, which have no stable text."""
    return re.sub(r"<[^>]*>|0x[0-9a-f]+", "function", repr(signature))


def _stream(stream: Stream[Any, Any]) -> dict[str, Any]:
    record: type[Record[Any]] = stream.record
    declared = {"full": stream.full, "changes": stream.changes, "gone": stream.gone}
    operations = {
        **{f"read {kind}": True for kind, read in declared.items() if read is not None or kind in stream.readers},
        **dict.fromkeys(stream.writers, True),
        "find": stream.finder is not None,
        "erase": stream.eraser is not None,
        "custom fields": stream.customizer is not None,
    }
    writers = {
        op: {"needs": sorted(getattr(w, "needs", ())), "consent": getattr(w, "consent", None)}
        for op, w in sorted(stream.writers.items())
    }
    return {
        "entity": stream.entity,
        "key": list(record.__key__),
        "cursor": record.__cursor__,
        "hub_id": record.__hub_id__,
        "operations": sorted(name for name, there in operations.items() if there),
        "writers": writers,
        "guarantee": stream.guarantee.value,
        "guard": stream.guard.value,
        "create_key": stream.create_key.value,
        "deletes": stream.deletes.value,
        "lag": stream.lag,
        "restates": stream.restates,
        "scopes": _scopes(stream.scopes),
        "fields": {name: _field(record, name) for name in sorted(record.model_fields)},
        "derived": {
            to: {"direction": "both" if mapped.write else "read", "refers_to": mapped.ref}
            for to, mapped in sorted(record.mapped().items())
            if mapped.source is None
        },
    }


def _field(record: type[Record[Any]], name: str) -> dict[str, Any]:
    wire, info = record.__wires__[name], record.model_fields[name]
    mapped = next((one for one in record.mapped().values() if one.source == name), None)
    return {
        "path": ".".join(wire.path or (name,)),
        "type": _type(info.annotation),
        "required": info.is_required(),
        "unified": wire.to,
        "direction": "read" if wire.read_only or (mapped is not None and mapped.write is None) else "both",
        "refers_to": wire.ref,
        "values": {str(k): str(v) for k, v in sorted((wire.values or {}).items(), key=lambda item: str(item[0]))},
        "help": info.description or "",
    }


def _type(annotation: Any) -> str:
    """A type as one writes it, the same in every Python."""
    arguments = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin is not None and arguments:
        parts = [_type(one) for one in arguments]
        if getattr(origin, "__name__", "") in {"Union", "UnionType"}:
            return " | ".join(sorted(parts, key=lambda part: (part == "None", part)))
        return f"{getattr(origin, '__name__', origin)}[{', '.join(parts)}]"
    if annotation is type(None):
        return "None"
    return str(getattr(annotation, "__name__", annotation))
