"""Keys that never change: an API key in a header or in the address, a bearer token, HTTP Basic."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlencode

from vaiven_sdk.auth.base import Auth, Input, Outgoing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk.config import Config


@dataclass(frozen=True, slots=True)
class ApiKey(Auth):
    """A key in a header, or in the address's query.

    In the query it is added at the last moment: no log, error or `repr` of ours shows it. The vendor's own log does, so
    a header is better where the vendor takes both.

    Args:
        header: the header's name, as `X-Api-Key`; leave it out for a key in the query.
        param: the query parameter's name, as `api_key`.
        prefix: what stands before the key in the header, as in `Authorization: Token <key>`.
        field: what the key is called in forms and on the command line.
        label: what a form calls it.
        help: where the customer finds it.
    """

    header: str = ""
    param: str = ""
    prefix: str = ""
    field: str = "api_key"
    label: str = ""
    help: str = ""
    kind: ClassVar[str] = "api_key"

    def __post_init__(self) -> None:
        if bool(self.header) == bool(self.param):
            raise ValueError("ApiKey: say either header= or param=, where the key goes")

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The key."""
        return (Input(self.field, self.label, self.help),)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Add the key."""
        put(request, credential[self.field], header=self.header, prefix=self.prefix, param=self.param)


@dataclass(frozen=True, slots=True)
class Bearer(Auth):
    """`Authorization: Bearer <token>`.

    Args:
        field: what the credential's one value is called in forms and on the command line.
        label: what a form calls it.
        help: where the customer finds it.
    """

    field: str = "token"
    label: str = ""
    help: str = ""
    kind: ClassVar[str] = "bearer"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The token."""
        return (Input(self.field, self.label, self.help),)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the token."""
        put(request, credential[self.field])


@dataclass(frozen=True, slots=True)
class Basic(Auth):
    """HTTP Basic (RFC 7617): a secret as the password, and a user name that is fixed or asked for.

    Args:
        field: what the password is called in forms; empty when the vendor takes the key as the user name.
        user: the user name, where the vendor fixes or ignores it.
        user_field: what the user name is called in forms, where it is asked for; `user` then has no effect.
        user_secret: the user name is itself a secret, as where it is the key.
        password: the fixed password of a vendor that takes the key as the user name.
    """

    field: str = "api_key"
    user: str = "vaiven"
    user_field: str = ""
    user_secret: bool = False
    password: str = ""
    kind: ClassVar[str] = "basic"

    def __post_init__(self) -> None:
        if not (self.field or self.user_field):
            raise ValueError("Basic: name the secret, by field= or user_field=")

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The user name, where it is asked for, and the password."""
        user = (Input(self.user_field, secret=self.user_secret or not self.field),) if self.user_field else ()
        return (*user, *((Input(self.field),) if self.field else ()))

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the pair."""
        user = credential[self.user_field] if self.user_field else self.user
        request.headers["authorization"] = basic(user, credential[self.field] if self.field else self.password)


@dataclass(frozen=True, slots=True)
class NoAuth(Auth):
    """A public API: nothing is signed and nothing is asked."""

    kind: ClassVar[str] = "none"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Nothing."""
        return ()

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Leave the request as it is."""


def basic(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def put(
    request: Outgoing, token: str, *, header: str = "Authorization", prefix: str = "Bearer", param: str = ""
) -> None:
    """Add a token to the query, or to a header behind its prefix."""
    if param:
        before, mark, fragment = request.url.partition("#")
        glue = "&" if "?" in before else "?"
        request.url = f"{before}{glue}{urlencode({param: token})}{mark}{fragment}"
        return
    request.headers[header.lower()] = f"{prefix} {token}" if prefix else token
