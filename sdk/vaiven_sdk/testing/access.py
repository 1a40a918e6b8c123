"""Who may call: the ways in which vendors check a request's credential."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vaiven_sdk.testing.refusal import Refusal
from vaiven_sdk.testing.routing import Call, Caller


class Access(Protocol):
    """One way to check a request."""

    @property
    def credential(self) -> dict[str, str]:
        """What it accepts, as `vaiven connect` takes it."""
        ...

    def check(self, call: Call) -> Caller:
        """Who calls.

        Raises:
            Refusal: `unauthenticated` without a good credential, `expired` with one that was good.
        """
        ...


def _none() -> Refusal:
    return Refusal("unauthenticated", "there is no credential in this request", code="missing")


def _wrong() -> Refusal:
    return Refusal("unauthenticated", "this credential is not valid", code="wrong")


@dataclass(slots=True)
class BearerAccess:
    """`Authorization: Bearer <token>`.

    Args:
        token: the one that is accepted; assign another to revoke it.
        field: its name in a credential.
        scopes: what it may do; None is everything.
        schemes: words that may stand in place of `Bearer`.
    """

    token: str
    field: str = "token"
    scopes: Iterable[str] | None = None
    schemes: Sequence[str] = ("bearer",)

    @property
    def credential(self) -> dict[str, str]:
        """The token."""
        return {self.field: self.token}

    def check(self, call: Call) -> Caller:
        """Compare the token."""
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in self.schemes or not given:
            raise _none()
        if not hmac.compare_digest(given.strip().encode(), self.token.encode()):
            raise _wrong()
        return Caller("token", None if self.scopes is None else frozenset(self.scopes))


@dataclass(slots=True)
class BasicAccess:
    """HTTP Basic.

    Args:
        password: what must match.
        user: None takes any.
        field: the password's name in a credential.
        key_is_user: the secret stands in the user's place, and the password is empty or ignored.
    """

    password: str
    user: str | None = None
    field: str = "api_key"
    key_is_user: bool = False

    @property
    def credential(self) -> dict[str, str]:
        """The secret."""
        return {self.field: self.password}

    def check(self, call: Call) -> Caller:
        """Compare user and password."""
        scheme, _, rest = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise _none()
        try:
            user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _wrong() from None
        if self.key_is_user:
            user, password = password, user
        fits = self.user is None or self.key_is_user or hmac.compare_digest(user.encode(), self.user.encode())
        if not fits or not hmac.compare_digest(password.encode(), self.password.encode()):
            raise _wrong()
        return Caller(user)


@dataclass(slots=True)
class KeyAccess:
    """A key in a header or in the query.

    Args:
        key: the one that is accepted.
        header: its header, in lower case.
        query: its query parameter.
        prefix: stands before it in the header, as `Klaviyo-API-Key `.
        field: its name in a credential.
    """

    key: str
    header: str = "x-api-key"
    query: str | None = None
    prefix: str = ""
    field: str = "api_key"

    @property
    def credential(self) -> dict[str, str]:
        """The key."""
        return {self.field: self.key}

    def check(self, call: Call) -> Caller:
        """Compare the key."""
        given = call.one(self.query) if self.query else call.headers.get(self.header)
        if not given:
            raise _none()
        if not hmac.compare_digest(given.encode(), (self.prefix + self.key).encode()):
            raise _wrong()
        return Caller("key")


@dataclass(slots=True)
class SignedAccess:
    """Requests signed with a shared secret (HMAC).

    Args:
        key: public name of the secret.
        secret: the shared one.
        signature: header of the signature, in lower case.
        key_header: header of the public name.
        content: what is signed, of a request.
        algorithm: of `hashlib`.
        age: seconds for which a signature is good, when `timestamp` names the header of its epoch seconds.
        timestamp: see `age`.
    """

    key: str
    secret: str
    signature: str = "x-signature"
    key_header: str = "x-api-key"
    content: Callable[[Call], bytes] = field(default=lambda call: f"{call.method}\n{call.path}\n".encode() + call.raw)
    algorithm: str = "sha256"
    age: float = 300.0
    timestamp: str | None = None

    @property
    def credential(self) -> dict[str, str]:
        """Public name and secret."""
        return {"api_key": self.key, "api_secret": self.secret}

    def check(self, call: Call) -> Caller:
        """Sign again and compare."""
        if self.signature not in call.headers or self.key_header not in call.headers:
            raise _none()
        if self.timestamp is not None:
            said = call.headers.get(self.timestamp, "")
            if not said.isdigit() or abs(call.now.timestamp() - int(said)) > self.age:
                raise Refusal("expired", "this signature is too old")
        wanted = hmac.new(self.secret.encode(), self.content(call), hashlib.new(self.algorithm).name).hexdigest()
        fits = hmac.compare_digest(call.headers[self.signature].encode(), wanted.encode())
        if not fits or call.headers[self.key_header] != self.key:
            raise _wrong()
        return Caller(self.key)


@dataclass(slots=True)
class AnyAccess:
    """Whatever one of several ways accepts; the refusal is the last one's that saw a credential.

    Args:
        ways: in the order of trying; the first one's credential is told.
    """

    ways: Sequence[Access]

    @property
    def credential(self) -> dict[str, str]:
        """That of the first way."""
        return self.ways[0].credential

    def check(self, call: Call) -> Caller:
        """Try each way."""
        refused = _none()
        for way in self.ways:
            try:
                return way.check(call)
            except Refusal as problem:
                refused = refused if problem.code == "missing" else problem
        raise refused
