"""Signing in by a private key: an assertion that is exchanged for a token, or a signed token that is sent itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vaiven_sdk.auth.base import ACCESS, Auth, Call, Input, Outgoing, TokenAuth, address, check_address, filled
from vaiven_sdk.auth.client import Body, signed_jwt, written
from vaiven_sdk.auth.keys import put
from vaiven_sdk.auth.token import TokenAnswer
from vaiven_sdk.config import check_slots
from vaiven_sdk.errors import ConfigInvalid

if TYPE_CHECKING:
    from vaiven_sdk.config import Config

Claims = Mapping[str, Any]
"""By name: a text with `{name}` and `{config.x}` slots, a function of the credential, or any other value as it is."""
KeyOf = Callable[[Mapping[str, str]], "str | bytes"]

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN = (
    Input(ACCESS, required=False, asked=False),
    Input("expires_at", secret=False, required=False, asked=False),
    Input("scope", secret=False, required=False, asked=False),
)
_KEY = (Input("private_key", "Private key (PEM)"),)


@dataclass(frozen=True, slots=True)
class SignedJwt(Auth):
    """A JWT that we sign for each request and send as the token itself; it lives for minutes (Apple, Ghost, Snowflake).

    Args:
        claims: beside `iat` and `exp`. A text's slots take the credential's values and the settings; a function is
            given the credential.
        asks: the credential's values.
        algorithm: RS256, ES256, HS256, ...
        key: which value is the key; or a function of the credential that gives it.
        key_id: what the header's `kid` is, as `{key_id}`; none when empty.
        lasts: seconds that each token lives.
        header: that carries it.
        prefix: before it in that header.
        unique: each token has a `jti` of its own.
    """

    claims: Claims
    asks: tuple[Input, ...] = _KEY
    algorithm: str = "RS256"
    key: str | KeyOf = "private_key"
    key_id: str = ""
    lasts: int = 300
    header: str = "Authorization"
    prefix: str = "Bearer"
    unique: bool = False
    kind: ClassVar[str] = "jwt"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it asks."""
        return self.asks

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Make a token and sign with it."""
        token = signed_jwt(
            claims_of(self.claims, credential, config),
            _key(self.key, credential),
            algorithm=self.algorithm,
            key_id=filled(self.key_id, credential, config) or "",
            lasts=self.lasts,
            unique=self.unique,
        )
        put(request, token, header=self.header, prefix=self.prefix)

    def check(self, config: type[Config], where: str) -> None:
        """Refuse slots that nothing fills."""
        _check(self, self.claims, config, where)


@dataclass(frozen=True, slots=True)
class JwtBearer(TokenAuth):
    """A signed assertion that is exchanged for a token (RFC 7523 2.1), as Salesforce, DocuSign and Box have it.

    Args:
        token_url: may hold `{config.x}`, and slots for values that are no secrets. Its host is declared by that, for
            token requests alone.
        claims: beside `iat`, `exp` and `jti`; as in `SignedJwt`. `aud` is the token address when left out.
        asks: the credential's values.
        algorithm: RS256, ES256, ...
        key: which value is the key; or a function of the credential that gives it.
        key_id: what the header's `kid` is, as `{key_id}`; none when empty.
        lasts: seconds that the assertion lives.
        param: the assertion's parameter; when empty it is sent as a bearer token instead (GitHub Apps).
        params: further parameters, with slots; they replace `grant_type`, too.
        body: how parameters travel: `form`, `json` or `query`.
        answer: where the token answer holds what.
        header: that carries the token.
        prefix: before the token in that header.
    """

    token_url: str
    claims: Claims
    asks: tuple[Input, ...] = _KEY
    algorithm: str = "RS256"
    key: str | KeyOf = "private_key"
    key_id: str = ""
    lasts: int = 300
    param: str = "assertion"
    params: Mapping[str, str | None] = field(default_factory=dict)
    body: Body = "form"
    answer: TokenAnswer = field(default_factory=TokenAnswer)
    header: str = "Authorization"
    prefix: str = "Bearer"
    kind: ClassVar[str] = "jwt_bearer"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it asks, and the token."""
        return (*self.asks, *_TOKEN)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the access token."""
        put(request, credential[self.token], header=self.header, prefix=self.prefix)

    def check(self, config: type[Config], where: str) -> None:
        """Refuse an address that is not https, and slots that nothing fills."""
        check_address(self.token_url, config, where, self.asks)
        _check(self, {**self.claims, **self.params}, config, where)

    def renewable(self, credential: Mapping[str, str]) -> bool:
        """Always: the key is all it takes."""
        return True

    async def renew(self, credential: Mapping[str, str], config: Config, call: Call) -> dict[str, str]:
        """Sign an assertion and exchange it."""
        url = address(self.token_url, config, credential)
        assertion = signed_jwt(
            {"aud": url, **claims_of(self.claims, credential, config)},
            _key(self.key, credential),
            algorithm=self.algorithm,
            key_id=filled(self.key_id, credential, config) or "",
            lasts=self.lasts,
        )
        given = {"grant_type": GRANT, self.param: assertion} if self.param else {}
        for name, text in self.params.items():
            given[name] = (filled(text, credential, config) if text else None) or ""
        headers = {"accept": "application/json"} | ({} if self.param else {"authorization": f"Bearer {assertion}"})
        request = written("POST", url, {name: text for name, text in given.items() if text}, self.body, headers)
        return {**credential, **self.answer.read(await call(request))}


@dataclass(frozen=True, slots=True)
class ServiceAccount(TokenAuth):
    """A Google service account: its key file, given whole, signs an assertion for the scopes.

    The key file names a token address, too; it is not used, so that a forged file sends nothing anywhere else.
    Source: https://developers.google.com/identity/protocols/oauth2/service-account, 2026-11-25.

    Args:
        scopes: what is asked for.
        subject: whom to act for by domain-wide delegation, as `{config.user}`; nobody when it is empty.
        token_url: where assertions are exchanged.
        field: what the key file is called in forms.
        help: where the customer gets it.
    """

    scopes: tuple[str, ...] = ()
    subject: str = ""
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    field: str = "service_account"
    help: str = "The JSON file of a key that was made for the service account."
    kind: ClassVar[str] = "service_account"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The key file, and the token."""
        return (Input(self.field, "Service account key (JSON)", self.help), *_TOKEN)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the access token."""
        put(request, credential[self.token])

    def check(self, config: type[Config], where: str) -> None:
        """Refuse an address that is not https, and slots that nothing fills."""
        check_address(self.token_url, config, where)
        check_slots(self.subject, config, where)

    def renewable(self, credential: Mapping[str, str]) -> bool:
        """Always: the key is all it takes."""
        return True

    async def renew(self, credential: Mapping[str, str], config: Config, call: Call) -> dict[str, str]:
        """Sign an assertion and exchange it."""
        try:
            file = msgspec.json.decode(credential[self.field], type=dict[str, Any])
            issuer, key, key_id = (
                str(file["client_email"]),
                str(file["private_key"]),
                str(file.get("private_key_id", "")),
            )
        except (msgspec.DecodeError, KeyError):
            raise ConfigInvalid(
                "The service account key is not complete.",
                why="it must be the JSON file with client_email and private_key",
                remedy="Give the whole content of the file.",
            ) from None
        subject = filled(self.subject, {}, config)
        claims = {"iss": issuer, "scope": " ".join(self.scopes), "aud": self.token_url}
        assertion = signed_jwt(
            claims | ({"sub": subject} if subject else {}), key, algorithm="RS256", key_id=key_id, lasts=3600
        )
        given = {"grant_type": GRANT, "assertion": assertion}
        request = written("POST", self.token_url, given, "form", {"accept": "application/json"})
        return {**credential, **TokenAnswer().read(await call(request))}


def claims_of(claims: Claims, credential: Mapping[str, str], config: Config) -> dict[str, Any]:
    """The claims with functions called and slots filled; one whose slot has no value is left out."""
    found: dict[str, Any] = {}
    for name, given in claims.items():
        if callable(given):
            found[name] = given(credential)
        else:
            found[name] = filled(given, credential, config) if isinstance(given, str) else given
    return {name: given for name, given in found.items() if given is not None}


def _key(key: str | KeyOf, credential: Mapping[str, str]) -> str | bytes:
    found = key(credential) if callable(key) else credential[key]
    # A PEM that went through an environment variable or a JSON file often has its line breaks spelt out.
    return found.replace("\\n", "\n") if isinstance(found, str) and found.startswith("-----BEGIN") else found


def _check(scheme: Auth, texts: Mapping[str, Any], config: type[Config], where: str) -> None:
    known = {given.name for given in scheme.inputs}
    for text in (*texts.values(), getattr(scheme, "key_id", "")):
        check_slots(text, config, where, known)
