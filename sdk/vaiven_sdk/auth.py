"""How a vendor wants requests to be signed. The host signs; connector code never holds a credential."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Auth(Protocol):
    """One way to sign requests."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the credential's values, in the order a form asks for them."""
        ...

    @property
    def kind(self) -> str:
        """Short name: `bearer`, `basic`, `oauth2`."""
        ...

    def headers(self, credential: Mapping[str, str]) -> dict[str, str]:
        """The headers that sign one request."""
        ...


@dataclass(frozen=True, slots=True)
class Bearer:
    """`Authorization: Bearer <token>`.

    Args:
        field: what the credential's one value is called in forms and on the command line.
    """

    field: str = "token"
    kind: str = "bearer"

    @property
    def fields(self) -> tuple[str, ...]:
        """The token's name."""
        return (self.field,)

    def headers(self, credential: Mapping[str, str]) -> dict[str, str]:
        """Sign with the token."""
        return {"Authorization": f"Bearer {credential[self.field]}"}


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic with a user name that the vendor fixes or ignores and a secret as the password.

    Args:
        field: what the secret is called in forms and on the command line.
        user: the user name.
    """

    field: str = "api_key"
    user: str = "vaiven"
    kind: str = "basic"

    @property
    def fields(self) -> tuple[str, ...]:
        """The secret's name."""
        return (self.field,)

    def headers(self, credential: Mapping[str, str]) -> dict[str, str]:
        """Sign with the secret."""
        pair = f"{self.user}:{credential[self.field]}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}


@dataclass(frozen=True, slots=True)
class OAuth2:
    """OAuth 2.0 authorization code.

    Args:
        authorize_url: where the customer's browser is sent.
        token_url: where codes and refresh tokens are exchanged.
        scopes: what is asked for, least first.
        pkce: False only for a vendor that refuses S256.
    """

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...] = ()
    pkce: bool = True
    kind: str = "oauth2"

    @property
    def fields(self) -> tuple[str, ...]:
        """What the token answer gives; refresh is the platform's work."""
        return ("access_token",)

    def headers(self, credential: Mapping[str, str]) -> dict[str, str]:
        """Sign with the access token."""
        return {"Authorization": f"Bearer {credential['access_token']}"}


def choose(schemes: tuple[Auth, ...], credential: Mapping[str, str]) -> Auth | None:
    """The first scheme whose values the credential has."""
    return next((scheme for scheme in schemes if all(credential.get(f) for f in scheme.fields)), None)
