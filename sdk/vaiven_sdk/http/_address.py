"""Where a request may go: the base URL's host, and the hosts that the connector declares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from vaiven_sdk.config import SLOT, fill
from vaiven_sdk.errors import ConfigInvalid, OriginRefused

if TYPE_CHECKING:
    from vaiven_sdk.config import Config
    from vaiven_sdk.connector import Connector


@dataclass(frozen=True, slots=True)
class Address:
    """Where one request goes: the full address, the path that limits count, and whether the origin is ours."""

    url: str
    key: str
    ours: bool


class Addresses:
    """The addresses that one connection may call.

    Args:
        connector: whose base URL and hosts hold.
        config: fills their slots.
        base_url: replaces the connector's own, and every declared host: a simulator, a proxy.

    Raises:
        ConfigInvalid: a setting would lead requests, and the credential with them, to another host.
    """

    def __init__(self, connector: Connector[Any], config: Config, base_url: str | None) -> None:
        self._connector, self._config, self._replaced = connector, config, bool(base_url)
        check_slots_bare(connector.name, urlsplit(connector.base_url).netloc, config)
        base = base_url or fill(connector.base_url, {"config": config})
        # `connected` may have yet to find a setting that it needs: until then only full addresses work.
        self._base = base.rstrip("/") + "/" if base else ""

    @property
    def complete(self) -> bool:
        """Whether the base URL lacks no setting."""
        return bool(self._base)

    def of(self, path: str, *, own: bool = False, trusted: bool = False) -> Address:
        """The address that a request goes to.

        Args:
            path: below the base URL, or a full address on a declared host.
            own: only the base URL's own origin will do: the vendor, and not the connector, wrote the address.
            trusted: it stands in the declaration itself, as a token address does, and its host is declared by that.

        Raises:
            OriginRefused: it may not be called.
            ConfigInvalid: the base URL lacks a setting.
        """
        if "://" not in path:
            if not self._base:
                raise ConfigInvalid(f"{self._connector.name}: a setting that its address needs is empty.")
            return Address(self._base + path.lstrip("/"), "/" + path.lstrip("/"), ours=True)
        if self._replaced and own and _origin(path) == _origin(self._base):
            # A simulator may name its own address.
            below, prefix = urlsplit(path).path, urlsplit(self._base).path
            return Address(path, f"/{below.removeprefix(prefix)}" if below.startswith(prefix) else below, ours=True)
        given, home = _split(path), urlsplit(fill(self._connector.base_url, {"config": self._config}) or self._base)
        host, port = (given.hostname or "", given.port or 443) if given else ("", 0)
        ours = host == home.hostname and port == (home.port or 443)
        declared = ours or (not own and (trusted or (port == 443 and self._declared(host))))
        if given is None or given.scheme != "https" or not declared:
            raise OriginRefused(
                f"{self._connector.name} may not call {f'{given.scheme}://{host}' if given else 'what is no address'}.",
                why="the vendor's own links must stay on its origin"
                if own
                else f"it declares {', '.join([str(home.hostname), *self._connector.hosts])}",
            )
        prefix = home.path.rstrip("/")
        below = given.path.removeprefix(prefix) if ours and given.path.startswith(f"{prefix}/") else ""
        key = below or given.path
        if not self._replaced:
            return Address(path, key, ours=ours)
        base = self._base.rstrip("/")
        address = base + below if below else base.removesuffix(prefix) + given.path
        return Address(f"{address}?{given.query}" if given.query else address, key, ours=ours)

    def _declared(self, host: str) -> bool:
        return any(
            host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]) and host != pattern[1:])
            for pattern in self._connector.hosts
        )


def check_slots_bare(name: str, template: str, config: Config) -> None:
    """Refuse a setting that would be more than a bare name in an address.

    Raises:
        ConfigInvalid: it holds a slash, a blank or the like.
    """
    for slot in SLOT.finditer(template):
        value = fill(slot[0], {"config": config}) or ""
        if re.search(r"[^\w.:-]", value):
            raise ConfigInvalid(
                f"{name}: {slot[2]} {value!r} does not fit into an address.",
                remedy=f"Give {slot[2]} as a bare name, without slashes or blanks.",
            )


def _origin(address: str) -> tuple[str, str]:
    parts = _split(address)
    return (parts.scheme, parts.netloc) if parts else ("", "")


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts
