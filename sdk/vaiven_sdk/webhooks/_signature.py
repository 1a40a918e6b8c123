"""How a delivery proves that it is the vendor's."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

from vaiven_sdk.errors import SignatureInvalid
from vaiven_sdk.webhooks._delivery import Delivery, Reply

TOLERANCE = 300.0
"""Seconds by which a signed time may differ from ours: what Standard Webhooks, HubSpot, Stripe and Slack advise."""


class Signature:
    """How a delivery proves that it is the vendor's; the vendors' ways are in `vaiven_sdk.signatures`.

    A scheme of your own needs just `verify`.
    """

    weak: bool = False
    """The delivery carries the secret itself: it proves no more than that the sender knows the address."""

    def __str__(self) -> str:
        """As a person would say it."""
        return "a scheme of its own"

    def verify(self, delivery: Delivery, secret: str, *, now: float) -> None:
        """Accept the delivery by doing nothing.

        Args:
            delivery: as it came.
            secret: one of those that may have signed it.
            now: the current instant as an epoch in seconds.

        Raises:
            SignatureInvalid: it was not signed with `secret`, or not lately.
        """
        raise NotImplementedError

    def delivery_id(self, delivery: Delivery) -> str:
        """The vendor's id of the delivery, the same when it is repeated; empty where the vendor has none."""
        return ""

    def greeting(self, delivery: Delivery, secrets: Sequence[str]) -> Reply | None:
        """The answer to a request by which the vendor checks, unsigned, that the address is ours; None for others."""
        return None

    def challenge(self, delivery: Delivery) -> Reply | None:
        """The answer to a delivery that is signed and says nothing but "are you there?"; None for others."""
        return None


def whole(delivery: Delivery) -> bytes:
    """The body: what most vendors sign."""
    return delivery.body


@dataclass(frozen=True)
class HmacSignature(Signature):
    """A keyed digest of the delivery in a header: what nearly every vendor does, each a little differently.

    Args:
        header: where the signature stands.
        digest: `sha256`, `sha1` or `sha512`.
        encoding: of the digest in the header.
        prefix: what stands before it in the header.
        parts: the bytes that are signed; several when the vendor's words leave open which of them it signs.
        listed: the signatures in the header, where it holds more than one or something else besides.
        stamp: the signed instant as an epoch in seconds, where the scheme signs one; it is then checked.
        tolerance: seconds that this instant may be off.
        key: the key's bytes, from the secret's text.
        id: the delivery's id.
        greets: methods with which the vendor looks, unsigned, whether the address exists.
        greet: the answer to a handshake that comes with a token.
        ask: the answer to a challenge in a signed delivery.
    """

    header: str
    digest: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    parts: Callable[[Delivery], bytes | Sequence[bytes]] = whole
    listed: Callable[[str], Iterable[str]] | None = None
    stamp: Callable[[Delivery], float] | None = None
    tolerance: float = TOLERANCE
    key: Callable[[str], bytes] = str.encode
    id: Callable[[Delivery], str] | None = None
    greets: tuple[str, ...] = ()
    greet: Callable[[Delivery, Sequence[str]], Reply | None] | None = None
    ask: Callable[[Delivery], Reply | None] | None = None

    def __str__(self) -> str:
        """As a person would say it: the digest and the header."""
        replays = f"at most {self.tolerance:g} s old" if self.stamp else "without a time"
        return f"signed in {self.header} ({self.digest}, {replays})"

    def verify(self, delivery: Delivery, secret: str, *, now: float) -> None:
        """See `Signature.verify`."""
        given = delivery.headers.get(self.header.lower(), "")
        if not given:
            raise SignatureInvalid("A webhook's delivery is not signed.", why=f"it has no header {self.header}")
        claims = list(self.listed(given)) if self.listed else [given]
        signs = [claim.removeprefix(self.prefix) for claim in claims if claim.startswith(self.prefix)]
        if not self._any(signs, self._digests(delivery, secret)):
            raise SignatureInvalid("A webhook's delivery is not signed with our secret.", why=f"by {self.header}")
        if self.stamp:
            fresh(partial(self.stamp, delivery), now, self.tolerance)

    def sign(self, delivery: Delivery, secret: str) -> str:
        """What the header holds when this delivery is signed: for simulators and tests."""
        return self.prefix + self._digests(delivery, secret)[0]

    def delivery_id(self, delivery: Delivery) -> str:
        """See `Signature.delivery_id`."""
        return self.id(delivery) if self.id else ""

    def greeting(self, delivery: Delivery, secrets: Sequence[str]) -> Reply | None:
        """See `Signature.greeting`."""
        if delivery.method in self.greets:
            return Reply()
        return self.greet(delivery, secrets) if self.greet else None

    def challenge(self, delivery: Delivery) -> Reply | None:
        """See `Signature.challenge`."""
        return self.ask(delivery) if self.ask else None

    def _digests(self, delivery: Delivery, secret: str) -> list[str]:
        try:
            signed = self.parts(delivery)
        except (ValueError, KeyError):
            raise SignatureInvalid("A webhook's delivery lacks what its signature is over.", why=self.header) from None
        encode = binascii.hexlify if self.encoding == "hex" else base64.b64encode
        every = [signed] if isinstance(signed, bytes) else list(signed)
        return [encode(hmac.digest(self.key(secret), one, self.digest)).decode() for one in every]

    def _any(self, claims: Iterable[str], expected: Sequence[str]) -> bool:
        """Whether one of them is right, in a time that does not tell how nearly."""
        fit = [same(c.lower() if self.encoding == "hex" else c, right) for c in claims for right in expected]
        return True in fit


@dataclass(frozen=True)
class StandardSignature(Signature):
    """Standard Webhooks 1.0.0: `v1` with a shared secret (`whsec_...`), `v1a` with a public key (`whpk_...`).

    Source: spec/standard-webhooks.md of github.com/standard-webhooks/standard-webhooks, read 2026-11-25.

    Args:
        names: what the three headers begin with: `webhook`, or `svix` where the sender keeps the older names.
        tolerance: seconds that the signed instant may be off.
    """

    names: str = "webhook"
    tolerance: float = TOLERANCE

    def __str__(self) -> str:
        """As a person would say it."""
        return f"signed by Standard Webhooks ({self.names}-signature, at most {self.tolerance:g} s old)"

    def verify(self, delivery: Delivery, secret: str, *, now: float) -> None:
        """See `Signature.verify`."""
        given = [delivery.headers.get(f"{self.names}-{part}", "") for part in ("id", "timestamp", "signature")]
        if not all(given):
            raise SignatureInvalid("A webhook's delivery is not signed.", why=f"it lacks a {self.names}-... header")
        signed = f"{given[0]}.{given[1]}.".encode() + delivery.body
        claims = [claim.partition(",") for claim in given[2].split(" ")]
        public = secret.startswith("whpk_")
        signs = [sign for version, _, sign in claims if version == ("v1a" if public else "v1")]
        fits = [_ed25519(secret, sign, signed) if public else same(sign, self._v1(secret, signed)) for sign in signs]
        if True not in fits:
            raise SignatureInvalid("A webhook's delivery is not signed with our secret.", why=f"{self.names}-signature")
        fresh(lambda: float(given[1]), now, self.tolerance)

    def sign(self, delivery: Delivery, secret: str) -> str:
        """What the signature's header holds when this delivery is signed with a shared secret."""
        stamp = (delivery.headers[f"{self.names}-id"], delivery.headers[f"{self.names}-timestamp"])
        return f"v1,{self._v1(secret, '.'.join((*stamp, '')).encode() + delivery.body)}"

    def delivery_id(self, delivery: Delivery) -> str:
        """See `Signature.delivery_id`."""
        return delivery.headers.get(f"{self.names}-id", "")

    def _v1(self, secret: str, signed: bytes) -> str:
        key = unbase64(secret.removeprefix("whsec_"))
        if not key:
            raise SignatureInvalid(
                "The webhook's secret is not one of Standard Webhooks.",
                why="it is whsec_ and base64",
                remedy="Copy the secret again from where the vendor shows it.",
            )
        return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


@dataclass(frozen=True)
class UrlSecret(Signature):
    """No signature: the vendor is given an address with a secret in it. Weaker, and shown as such.

    Whoever sees the address (a proxy's log, a browser's history) can send deliveries. Since they only schedule a read,
    the harm is work done in vain.

    Args:
        param: the query parameter that holds the secret; None when it is the last step of the path.
        greets: methods with which the vendor looks whether the address exists.
    """

    param: str | None = "secret"
    greets: tuple[str, ...] = ()
    weak = True

    def __str__(self) -> str:
        """As a person would say it."""
        return "not signed: a secret in the address, which is weaker"

    def verify(self, delivery: Delivery, secret: str, *, now: float) -> None:
        """See `Signature.verify`."""
        if self.param is None:
            given = urlsplit(delivery.url).path.rstrip("/").rpartition("/")[2]
        else:
            given = delivery.query.get(self.param, "")
        if not same(given, secret):
            raise SignatureInvalid("A webhook's delivery came to an address without our secret.", why="or with another")

    def greeting(self, delivery: Delivery, secrets: Sequence[str]) -> Reply | None:
        """See `Signature.greeting`."""
        return Reply() if delivery.method in self.greets else None


def same(given: str, expected: str) -> bool:
    """Compare in a time that does not tell how nearly they are the same."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def fresh(stamp: Callable[[], float], now: float, tolerance: float) -> None:
    """Refuse what was signed too long ago (somebody sends it again), or not yet.

    Raises:
        SignatureInvalid: it is too far from now, or no time at all.
    """
    try:
        off = now - stamp()
    except (ValueError, KeyError, IndexError, OverflowError):
        raise SignatureInvalid("A webhook's delivery does not say when it was signed.") from None
    if not abs(off) <= tolerance:
        raise SignatureInvalid(
            "A webhook's delivery was signed at another time.",
            why=f"{abs(off):,.0f} s {'ago' if off > 0 else 'ahead'}; {tolerance:,.0f} s are allowed",
            remedy="Nothing to do if it was sent again; otherwise set this machine's clock.",
        )


def unbase64(text: str) -> bytes:
    """The bytes of base64 with or without its padding; none when it is something else."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _ed25519(public: str, sign: str, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(unbase64(public.removeprefix("whpk_"))).verify(unbase64(sign), signed)
    except (InvalidSignature, ValueError):
        return False
    return True
