"""How an application proves itself at a token address, and the request that it sends there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

import msgspec

from vaiven_sdk.auth.base import Input, Outgoing, address, check_address, filled
from vaiven_sdk.auth.keys import basic
from vaiven_sdk.config import check_slots
from vaiven_sdk.errors import ConfigInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk.config import Config

ClientAuth = Literal["post", "basic", "none", "private_key_jwt"]
Body = Literal["form", "json", "query"]
Params = "Mapping[str, str | None]"

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Client:
    """How the application proves itself, and how its token requests are written.

    Args:
        auth: `post`: id and secret in the body; `basic`: in the Authorization header; `none`: the id alone, for a
            public client; `private_key_jwt`: a signed assertion (RFC 7523) in place of a secret.
        body: how the parameters travel: `form`, `json`, or `query` in the address.
        method: of the token request.
        headers: further headers of the token request.
        id_param: the name of the id's parameter, where it is not `client_id`.
        secret_param: the name of the secret's parameter, where it is not `client_secret`.
        algorithm: that an assertion is signed with.
        audience: of an assertion; the token address when left out. May hold `{config.x}`.
    """

    auth: ClientAuth = "post"
    body: Body = "form"
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    id_param: str = "client_id"
    secret_param: str = "client_secret"  # noqa: S105 - a parameter's name
    algorithm: str = "RS256"
    audience: str = ""

    def inputs(self, *, asked: bool) -> tuple[Input, ...]:
        """The values that prove the application; `asked` and required where the customer brings an application."""
        found = [Input("client_id", "Client ID", secret=False, required=asked, asked=asked)]
        if self.auth == "private_key_jwt":
            found.append(Input("private_key", "Private key (PEM)", required=asked, asked=asked))
            found.append(Input("key_id", "Key ID", secret=False, required=False, asked=asked))
        elif self.auth != "none":
            found.append(Input("client_secret", "Client secret", required=asked, asked=asked))
        return tuple(found)

    def request(self, url: str, params: Mapping[str, Any], credential: Mapping[str, str], config: Config) -> Outgoing:
        """A token request with the application's proof in it.

        Raises:
            ConfigInvalid: the credential or the settings lack what it needs.
        """
        whole = address(url, config)
        given = {name: value for name, value in params.items() if value is not None}
        headers = {"accept": "application/json", **{k.lower(): v for k, v in self.headers.items()}}
        self._prove(whole, given, headers, credential, config)
        return written(self.method, whole, given, self.body, headers)

    def check(self, url: str, config: type[Config], where: str) -> None:
        """Refuse a token address or an audience that could not work."""
        check_address(url, config, where)
        check_slots(self.audience, config, where)

    def _prove(
        self,
        whole: str,
        given: dict[str, Any],
        headers: dict[str, str],
        credential: Mapping[str, str],
        config: Config,
    ) -> None:
        client = _value(credential, "client_id")
        if self.auth == "basic":
            headers["authorization"] = basic(client, _value(credential, "client_secret"))
            return
        given[self.id_param] = client
        if self.auth == "post":
            given[self.secret_param] = _value(credential, "client_secret")
        elif self.auth == "private_key_jwt":
            claims = {"iss": client, "sub": client, "aud": filled(self.audience, {}, config) or whole}
            given["client_assertion_type"] = ASSERTION
            given["client_assertion"] = signed_jwt(
                claims,
                _value(credential, "private_key"),
                algorithm=self.algorithm,
                key_id=credential.get("key_id", ""),
                lasts=300,
            )


def written(method: str, url: str, given: Mapping[str, Any], body: Body, headers: dict[str, str]) -> Outgoing:
    """A request with its parameters where `body` says."""
    if body == "query":
        glue = "&" if "?" in url else "?"
        return Outgoing(method, f"{url}{glue}{urlencode(given)}" if given else url, headers)
    if body == "json":
        return Outgoing(method, url, headers | {"content-type": "application/json"}, msgspec.json.encode(given))
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return Outgoing(method, url, headers | kind, urlencode(given).encode())


def signed_jwt(
    claims: Mapping[str, Any],
    key: str | bytes,
    *,
    algorithm: str,
    key_id: str = "",
    lasts: int = 300,
    unique: bool = True,
) -> str:
    """A compact JWT (RFC 7519), made by authlib and joserfc.

    Args:
        claims: as they are; `iat` and `exp` are added.
        key: PEM of a private key, or the shared secret of an HS algorithm.
        algorithm: RS256, ES256, PS256, EdDSA, HS256, ...
        key_id: the header's `kid`.
        lasts: seconds from now to `exp`.
        unique: with a `jti` of its own.

    Raises:
        ConfigInvalid: the key does not fit the algorithm; its text is not shown.
    """
    from authlib.common.security import generate_token  # noqa: PLC0415 - heavy, and not every connector signs
    from joserfc import jwt  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey  # noqa: PLC0415

    now = int(time.time())
    whole = {"iat": now, "exp": now + lasts, **({"jti": generate_token(36)} if unique else {}), **claims}
    header = {"alg": algorithm, "typ": "JWT", **({"kid": key_id} if key_id else {})}
    made: Any = {"HS": OctKey, "ES": ECKey, "Ed": OKPKey}.get(algorithm[:2], RSAKey)
    try:
        return jwt.encode(header, whole, made.import_key(key), algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        raise ConfigInvalid(
            f"The private key does not fit {algorithm}.",
            why="it is not a complete key of that kind",
            remedy="Copy the key again with its first and last line, and connect again.",
        ) from None


def _value(credential: Mapping[str, str], name: str) -> str:
    found = credential.get(name)
    if not found:
        raise ConfigInvalid(
            f"The credential has no {name}.",
            why="a new token is got with it",
            remedy=f"Connect again and give {name}.",
        )
    return found
