"""Write a loaded connector's declaration down as a manifest."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from vaiven_registry.manifest import Manifest, Scheme, Setting, StreamManifest

if TYPE_CHECKING:
    from vaiven_sdk import Auth, Connector, Stream


def simulator_module(module: str) -> str | None:
    """Name of the module that holds the simulator of the connector in `module`; None for a lone module."""
    package, dot, _ = module.rpartition(".")
    return f"{package}.simulator" if dot else None


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
        auth=tuple(_scheme(auth) for auth in connector.auth),
        config=_settings(connector.config.model_json_schema()),
        streams=tuple(_stream(stream) for stream in connector.streams.values()),
        has_simulator=simulator is not None and find_spec(simulator) is not None,
    )


def _scheme(auth: Auth) -> Scheme:
    return Scheme(kind=auth.kind, fields=tuple(auth.fields), scopes=tuple(getattr(auth, "scopes", ())))


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
