"""Requests that are signed with a shared secret (HMAC), each vendor by a recipe of its own."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import urlencode, urlsplit

from vaiven_sdk.auth.base import Auth, Input, Outgoing, filled
from vaiven_sdk.config import check_slots
from vaiven_sdk.errors import ConfigInvalid

if TYPE_CHECKING:
    from vaiven_sdk.config import Config

_PARTS = "method url host path query target body body_hash timestamp nonce".split()


@dataclass(frozen=True, slots=True)
class ToSign:
    """What a recipe can sign.

    Args:
        method: in capitals.
        url: the full address as it is sent, before a signature is put into its query.
        headers: by lower-case name.
        body: the bytes.
        timestamp: of now, as the scheme writes it.
        nonce: 32 hex digits, fresh.
        credential: the credential's values.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    timestamp: str
    nonce: str
    credential: Mapping[str, str] = field(repr=False)

    @property
    def host(self) -> str:
        """Host, and the port if it is not the usual one."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """Path as it is sent."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> str:
        """Query as it is sent, without the question mark."""
        return urlsplit(self.url).query

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def body_hash(self) -> str:
        """SHA-256 of the body, in hex."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class HmacSigned(Auth):
    """Each request carries an HMAC over parts of itself.

    Headers and parameters are texts with slots: `{signature}`, `{timestamp}`, `{nonce}`, the credential's values and
    `{config.x}`.

    Args:
        headers: that are added, as `{"X-Signature": "{signature}"}`.
        params: that are added to the query.
        parts: what is signed, in this order: `method`, `url`, `host`, `path`, `query`, `target` (path and query),
            `body`, `body_hash` (SHA-256 in hex), `timestamp`, `nonce`, or a value of the credential.
        joined: what stands between the parts.
        message: a function of `ToSign` that gives the text to sign, where parts are not enough.
        asks: the credential's values.
        secret: which of them is the key.
        key_as: how the key is written: `text`, `hex` or `base64`.
        digest: `sha256`, `sha1`, `sha512`, ...
        encoding: of the signature: `hex`, `base64` or `base64url` (without padding).
        timestamp: `epoch` (seconds), `epoch_ms`, `iso` (2026-11-25T10:00:00Z) or `http` (an HTTP date).
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ("timestamp", "body")
    joined: str = ""
    message: Callable[[ToSign], str | bytes] | None = None
    asks: tuple[Input, ...] = (Input("key_id", secret=False), Input("secret"))
    secret: str = "secret"  # noqa: S105 - a name
    key_as: Literal["text", "hex", "base64"] = "text"
    digest: str = "sha256"
    encoding: Literal["hex", "base64", "base64url"] = "hex"
    timestamp: Literal["epoch", "epoch_ms", "iso", "http"] = "epoch"
    kind: ClassVar[str] = "hmac"

    def __post_init__(self) -> None:
        known = {*_PARTS, *(given.name for given in self.asks)}
        unknown = sorted(set(self.parts) - known)
        if unknown:
            raise ValueError(f"HmacSigned: unknown part {unknown[0]!r}; there are {', '.join(sorted(known))}")
        if self.digest not in hashlib.algorithms_available:
            raise ValueError(f"HmacSigned: unknown digest {self.digest!r}")
        if self.secret not in {given.name for given in self.asks}:
            raise ValueError(f"HmacSigned: the secret {self.secret!r} is not asked")

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it asks."""
        return self.asks

    def check(self, config: type[Config], where: str) -> None:
        """Refuse slots that nothing fills."""
        known = {"signature", "timestamp", "nonce", *(given.name for given in self.asks)}
        for text in (*self.headers.values(), *self.params.values()):
            check_slots(text, config, where, known)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with a nonce and the time of now."""
        what = ToSign(
            request.method,
            request.url,
            request.headers,
            request.body,
            _written(time.time(), self.timestamp),
            secrets.token_hex(16),
            credential,
        )
        made = {"signature": self._signature(what), "timestamp": what.timestamp, "nonce": what.nonce}
        for name, text in self.headers.items():
            request.headers[name.lower()] = filled(text, credential, config, **made) or ""
        if self.params:
            query = urlencode({name: filled(text, credential, config, **made) for name, text in self.params.items()})
            request.url += f"{'&' if what.query else '?'}{query}"

    def _signature(self, what: ToSign) -> str:
        if self.message is not None:
            text = self.message(what)
        else:
            found = (getattr(what, part) if part in _PARTS else what.credential[part] for part in self.parts)
            text = self.joined.encode().join(part if isinstance(part, bytes) else part.encode() for part in found)
        key, content = self._key(what.credential[self.secret]), text.encode() if isinstance(text, str) else text
        made = hmac.new(key, content, self.digest).digest()
        if self.encoding == "hex":
            return made.hex()
        return b64encode(made).decode() if self.encoding == "base64" else urlsafe_b64encode(made).decode().rstrip("=")

    def _key(self, secret: str) -> bytes:
        try:
            if self.key_as == "hex":
                return bytes.fromhex(secret)
            return b64decode(secret, validate=True) if self.key_as == "base64" else secret.encode()
        except ValueError:
            raise ConfigInvalid(f"The secret is not written in {self.key_as}.", remedy="Copy it again.") from None


def _written(now: float, style: str) -> str:
    if style == "epoch_ms":
        return str(int(now * 1000))
    if style == "epoch":
        return str(int(now))
    instant = datetime.fromtimestamp(now, UTC)
    # Not by strftime's %a and %b: they speak the machine's language.
    from email.utils import format_datetime  # noqa: PLC0415 - only for the rarest style

    return instant.strftime("%Y-%m-%dT%H:%M:%SZ") if style == "iso" else format_datetime(instant, usegmt=True)
