"""Write a loaded connector's declaration down as a manifest."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaiven_registry.manifest import Manifest, Permission, Scheme, Setting, StreamManifest
from vaiven_registry.quality import published

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vaiven_sdk import Auth, Connector, Scope, Stream


def simulator_module(module: str) -> str | None:
    """Name of the module that holds the simulator of the connector in `module`; None for a lone module."""
    package, dot, _ = module.rpartition(".")
    return f"{package}.simulator" if dot else None


def folder(module: str) -> Path | None:
    """The folder of the connector in `module`, which holds its README, badges and cassettes; None for a lone module."""
    package, dot, _ = module.rpartition(".")
    spec = find_spec(package) if dot else None
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def describe(connector: Connector[Any], module: str, attribute: str) -> Manifest:
    """The manifest of `connector`, found as `attribute` of `module`."""
    simulator = simulator_module(module)
    return Manifest(
        slug=connector.slug,
        name=connector.name,
        category=connector.category,
        module=module,
        attribute=attribute,
        base_url=connector.base_url,
        hosts=tuple(connector.hosts),
        docs=connector.docs,
        auth=tuple(_scheme(connector, auth) for auth in connector.auth),
        config=_settings(connector.config.model_json_schema()),
        streams=tuple(_stream(stream) for stream in connector.streams.values()),
        has_simulator=simulator is not None and find_spec(simulator) is not None,
        scopes=_permissions(connector.scopes),
        quality=published(folder(module)),
    )


def _scheme(connector: Connector[Any], auth: Auth) -> Scheme:
    scopes = tuple(getattr(auth, "scopes", ()))
    if not scopes and auth.kind.startswith("oauth2"):
        scopes = tuple(scope.name for scope in connector.scopes_for())
    return Scheme(kind=auth.kind, fields=tuple(auth.fields), scopes=scopes)


def _permissions(scopes: Iterable[Scope]) -> tuple[Permission, ...]:
    return tuple(Permission(name=scope.name, why=scope.why, write=scope.write) for scope in scopes)


def _stream(stream: Stream[Any, Any]) -> StreamManifest:
    return StreamManifest(
        name=stream.name,
        entity=stream.entity,
        direction=stream.direction,
        incremental=stream.incremental,
        writes=tuple(op for op in ("create", "update", "delete") if op in stream.writers),
        guarantee=stream.guarantee.value,
        guard=stream.guard.value if stream.writers else None,
        create_key=stream.create_key.value if "create" in stream.writers else None,
        deletes=stream.deletes.value,
        scopes=_permissions(stream.scopes),
        erases=stream.eraser is not None,
        custom=stream.customizer is not None,
    )


def _settings(schema: dict[str, Any]) -> tuple[Setting, ...]:
    """Settings from a config class's JSON Schema, in the order of its fields."""
    required = set(schema.get("required", ()))
    found = []
    for name, given in schema.get("properties", {}).items():
        rule = _resolve(given, schema.get("$defs", {}))
        found.append(
            Setting(
                name=name,
                type=str(rule.get("type", "string")),
                required=name in required,
                pattern=str(rule.get("pattern", "")),
                title=str(rule.get("title", "")),
                help=str(rule.get("description", "")),
                example=str(next(iter(rule.get("examples", ())), "")),
                choices=tuple(str(choice) for choice in rule.get("enum", ())),
            )
        )
    return tuple(found)


def _resolve(rule: dict[str, Any], defined: dict[str, Any]) -> dict[str, Any]:
    """The rule with its reference and its alternative to null folded in; the field's own words win."""
    inner: dict[str, Any] = next((r for r in rule.get("anyOf", ()) if r.get("type") != "null"), {})
    merged = {**inner, **rule}
    reference = merged.pop("$ref", None)
    return {**defined[reference.rpartition("/")[2]], **merged} if reference else merged
