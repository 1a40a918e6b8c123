"""A Singer config is one flat object: the connector's settings, its credential and, for a simulator, an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from vaiven_sdk.errors import ConfigInvalid
from vaiven_sdk.http import Http
from vaiven_sdk.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk.config import Config
    from vaiven_sdk.connector import Connector
    from vaiven_sdk.limits import Throttle

BASE_URL = "base_url"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def config_schema(connector: Connector[Any], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The JSON schema of the config that a tap or target of this connector takes.

    Args:
        connector: whose.
        more: further properties, by name.

    Raises:
        TypeError: a setting and a value of the credential have the same name.
    """
    declared = connector.config.model_json_schema()
    defs = declared.get("$defs", {})
    properties = {name: _inlined(rule, defs) for name, rule in declared.get("properties", {}).items()}
    required = list(declared.get("required", ()))
    for scheme in connector.auth:
        for given in scheme.inputs:
            if given.name in connector.config.model_fields:
                raise TypeError(f"{connector.slug}: {given.name!r} is both a setting and a part of the credential")
            secret = {"secret": True, "writeOnly": True} if given.secret else {}
            text = given.help or f"Signs requests ({scheme.kind})."
            properties.setdefault(
                given.name, {"type": ["string", "null"], "title": given.title, "description": text, **secret}
            )
    properties[BASE_URL] = {
        "type": ["string", "null"],
        "title": "Base URL",
        "description": "Instead of the vendor's address: https, or http on this machine (a simulator).",
    }
    return {"type": "object", "properties": {**properties, **(more or {})}, "required": required}


def client(
    connector: Connector[Any],
    given: Mapping[str, Any],
    throttle: Throttle | None = None,
    settings: Config | None = None,
) -> Http:
    """The HTTP client of the account that a Singer config describes.

    Args:
        connector: whose rules apply.
        given: the config.
        throttle: of the account, where it outlives this client.
        settings: the connector's own, where they were completed already.

    Raises:
        ConfigInvalid: a setting does not fit, the credential is missing, or it would travel unencrypted.
    """
    names = {one.name for scheme in connector.auth for one in scheme.inputs}
    credential = {name: str(given[name]) for name in sorted(names) if given.get(name)}
    base_url = given.get(BASE_URL) or None
    if base_url:
        _check_address(base_url)
    return Http(connector, settings or _settings(connector, given), credential, base_url=base_url, throttle=throttle)


def _settings(connector: Connector[Any], given: Mapping[str, Any]) -> Config:
    own = {name: given[name] for name in connector.config.model_fields if given.get(name) is not None}
    try:
        settings: Config = connector.config.model_validate(own)
    except ValidationError as problem:
        # Without the values: somebody may have put the credential into the wrong place.
        faults = problem.errors(include_input=False, include_url=False, include_context=False)
        raise ConfigInvalid(
            f"The settings for {connector.name} do not fit.",
            why="; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in faults),
        ) from None
    return settings


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise ConfigInvalid(
        "base_url must be https, or http on this machine.",
        why="the credential is sent there",
        remedy="Give the address of a simulator on 127.0.0.1, or an https one.",
    )


def _inlined(rule: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    """A property's schema without references: not every runner follows them."""
    if "$ref" in rule:
        found = defs[rule["$ref"].rpartition("/")[2]]
        return _inlined({**found, **{k: v for k, v in rule.items() if k != "$ref"}}, defs)
    return {
        k: [_inlined(one, defs) if isinstance(one, dict) else one for one in v]
        if isinstance(v, list)
        else _inlined(v, defs)
        if isinstance(v, dict)
        else v
        for k, v in rule.items()
    }


async def completed(connector: Connector[Any], given: Mapping[str, Any], throttle: Throttle) -> Config:
    """The connector's settings as the vendor completes them (a data centre, say)."""
    async with client(connector, given, throttle) as http:
        hook = connector.hooks.get("connected")
        if hook is None:
            return http.config
        found: Config = await hook(Session(http.config, http.send))
        return found
