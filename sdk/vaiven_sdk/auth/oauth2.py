"""OAuth 2.0 (RFC 6749): authorization code with PKCE, client credentials, and refresh."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from vaiven_sdk.auth.base import ACCESS, Call, Input, Outgoing, TokenAuth, address, check_address, filled, slots
from vaiven_sdk.auth.client import Client
from vaiven_sdk.auth.keys import put
from vaiven_sdk.auth.token import TokenAnswer
from vaiven_sdk.config import check_slots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk.config import Config

REFRESH = "refresh_token"
_BROUGHT = (
    Input(REFRESH, "Refresh token", required=False, asked=False),
    Input("expires_at", "End of the access token", secret=False, required=False, asked=False),
    Input("scope", "Granted scopes", secret=False, required=False, asked=False),
)


@dataclass(frozen=True, slots=True)
class OAuth2(TokenAuth):
    """OAuth 2.0 authorization code: somebody signs in at the vendor's page, and the tokens are refreshed from then on.

    Parameters may hold `{config.x}` slots, and slots for the credential's values, as `{access_token}`. One whose slot
    has no value, or which is None, is left out.

    Args:
        authorize_url: where the customer's browser is sent; may hold `{config.x}`.
        token_url: where codes and refresh tokens are exchanged; may hold `{config.x}`. Its host is declared by that,
            for token requests alone.
        scopes: what is asked for, least first.
        pkce: False only for a vendor that refuses S256.
        refresh_url: where refresh tokens are exchanged, if elsewhere.
        separator: between scopes.
        scope_param: the parameter's name, where it is not `scope`.
        client: how the application proves itself, and how token requests are written.
        authorize_params: further parameters of the vendor's page, as `{"access_type": "offline"}`.
        token_params: further parameters when a code is exchanged.
        refresh_params: further parameters of a refresh; they replace `grant_type` and `refresh_token`, too.
        audience: the API that the token is for, sent as `audience` to the page and with the code (Auth0, Atlassian).
        resource: the same by RFC 8707, sent as `resource`.
        answer: where the token answer holds what.
        header: that carries the token.
        prefix: before the token in that header; may be empty.
    """

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...] = ()
    pkce: bool = True
    refresh_url: str = ""
    separator: str = " "
    scope_param: str = "scope"
    client: Client = field(default_factory=Client)
    authorize_params: Mapping[str, str | None] = field(default_factory=dict)
    token_params: Mapping[str, str | None] = field(default_factory=dict)
    refresh_params: Mapping[str, str | None] = field(default_factory=dict)
    audience: str = ""
    resource: str = ""
    answer: TokenAnswer = field(default_factory=TokenAnswer)
    header: str = "Authorization"
    prefix: str = "Bearer"
    kind: ClassVar[str] = "oauth2"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What a sign-in brings, and the application's own values where the platform has put them in."""
        return (Input(ACCESS, "Access token", asked=False), *_BROUGHT, *self.client.inputs(asked=False))

    def accepts(self, credential: Mapping[str, str]) -> bool:
        """Whether there is a token, or what one is got with."""
        return bool(credential.get(ACCESS)) or (bool(credential.get("client_id")) and self.renewable(credential))

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the access token."""
        put(request, credential[ACCESS], header=self.header, prefix=self.prefix)

    def check(self, config: type[Config], where: str) -> None:
        """Refuse addresses that are not https, and slots that nothing fills."""
        check_address(self.authorize_url, config, where)
        for url in (self.token_url, self.refresh_url or self.token_url):
            self.client.check(url, config, where)
        _check_params(self, (self.authorize_params, self.token_params, self.refresh_params), config, where)

    def page(
        self,
        client_id: str,
        *,
        redirect_uri: str,
        state: str,
        config: Config,
        verifier: str = "",
        scopes: tuple[str, ...] | None = None,
    ) -> str:
        """The address to send the customer's browser to.

        Args:
            client_id: of the platform's application at this vendor.
            redirect_uri: where the vendor sends the browser back to; exactly as registered there.
            state: unguessable, bound to the browser's session by the platform, and checked when the browser comes back.
            config: fills slots.
            verifier: a fresh one by `new_verifier`, kept with the state until the code is exchanged.
            scopes: instead of all of them.

        Raises:
            ValueError: PKCE is on and there is no verifier.
            ConfigInvalid: a setting that the address needs is empty.
        """
        url = address(self.authorize_url, config)
        given: dict[str, str | None] = {
            "response_type": "code",
            self.client.id_param: client_id,
            "redirect_uri": redirect_uri,
            self.scope_param: self.separator.join(self.scopes if scopes is None else scopes) or None,
            "state": state,
            **self._target(),
        }
        if self.pkce:
            if not verifier:
                raise ValueError("PKCE needs a verifier: make one by new_verifier(), and keep it for exchange()")
            given |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
        given |= _filled(self.authorize_params, {}, config)
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return f"{url}{'&' if '?' in url else '?'}{query}"

    async def exchange(
        self,
        code: str,
        credential: Mapping[str, str],
        config: Config,
        call: Call,
        *,
        redirect_uri: str,
        verifier: str = "",
    ) -> dict[str, str]:
        """The credential with the tokens that the code is worth. `Http.exchange` calls it and sends.

        Args:
            code: from the address that the browser came back to.
            credential: the application's values: `client_id` and its proof.
            config: fills slots.
            call: sends a token request.
            redirect_uri: as in `page`.
            verifier: as in `page`.

        Raises:
            ReconnectRequired: the code is used up, too old, or not ours.
        """
        given: dict[str, Any] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": (verifier or None) if self.pkce else None,
            **self._target(),
            **_filled(self.token_params, credential, config),
        }
        return await self._ask(self.token_url, given, credential, config, call)

    def renewable(self, credential: Mapping[str, str]) -> bool:
        """Whether there is a refresh token, or the refresh parameters do without one."""
        if REFRESH in self.refresh_params:
            return all(credential.get(name) for name in slots(self.refresh_params))
        return bool(credential.get(REFRESH))

    async def renew(self, credential: Mapping[str, str], config: Config, call: Call) -> dict[str, str]:
        """Refresh: a rotated refresh token takes the old one's place."""
        given: dict[str, Any] = {
            "grant_type": "refresh_token",
            REFRESH: credential.get(REFRESH),
            **_filled(self.refresh_params, credential, config),
        }
        return await self._ask(self.refresh_url or self.token_url, given, credential, config, call)

    async def _ask(
        self, url: str, given: Mapping[str, Any], credential: Mapping[str, str], config: Config, call: Call
    ) -> dict[str, str]:
        answer = await call(self.client.request(url, given, credential, config))
        return {**credential, **self.answer.read(answer)}

    def _target(self) -> dict[str, str | None]:
        return {"audience": self.audience or None, "resource": self.resource or None}


@dataclass(frozen=True, slots=True)
class ClientCredentials(TokenAuth):
    """OAuth 2.0 client credentials: the customer makes an application at the vendor and gives its id and secret.

    Args:
        token_url: may hold `{config.x}`. Its host is declared by that, for token requests alone.
        scopes: what is asked for.
        separator: between scopes.
        scope_param: the parameter's name, where it is not `scope`.
        client: how the application proves itself, and how token requests are written.
        params: further parameters, as `{"account_id": "{config.account}"}`; they replace `grant_type`, too.
        audience: the API that the token is for, sent as `audience`.
        resource: the same by RFC 8707, sent as `resource`.
        answer: where the token answer holds what.
        header: that carries the token.
        prefix: before the token in that header; may be empty.
    """

    token_url: str
    scopes: tuple[str, ...] = ()
    separator: str = " "
    scope_param: str = "scope"
    client: Client = field(default_factory=Client)
    params: Mapping[str, str | None] = field(default_factory=dict)
    audience: str = ""
    resource: str = ""
    answer: TokenAnswer = field(default_factory=TokenAnswer)
    header: str = "Authorization"
    prefix: str = "Bearer"
    kind: ClassVar[str] = "client_credentials"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The application's id and proof; the token is got with them."""
        return (*self.client.inputs(asked=True), Input(ACCESS, required=False, asked=False), *_BROUGHT)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the access token."""
        put(request, credential[ACCESS], header=self.header, prefix=self.prefix)

    def check(self, config: type[Config], where: str) -> None:
        """Refuse an address that is not https, and slots that nothing fills."""
        self.client.check(self.token_url, config, where)
        _check_params(self, (self.params,), config, where)

    def renewable(self, credential: Mapping[str, str]) -> bool:
        """Always: id and proof are all it takes."""
        return True

    async def renew(self, credential: Mapping[str, str], config: Config, call: Call) -> dict[str, str]:
        """A token for id and proof."""
        given: dict[str, Any] = {
            "grant_type": "client_credentials",
            self.scope_param: self.separator.join(self.scopes) or None,
            "audience": self.audience or None,
            "resource": self.resource or None,
            **_filled(self.params, credential, config),
        }
        answer = await call(self.client.request(self.token_url, given, credential, config))
        return {**credential, **self.answer.read(answer)}


def new_verifier() -> str:
    """A fresh PKCE code verifier (RFC 7636): 64 characters, to be kept until the code is exchanged."""
    from authlib.common.security import generate_token  # noqa: PLC0415 - heavy, and only a sign-in needs it

    return str(generate_token(64))


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    from authlib.oauth2.rfc7636 import create_s256_code_challenge  # noqa: PLC0415 - as above

    return str(create_s256_code_challenge(verifier))


def _filled(params: Mapping[str, str | None], credential: Mapping[str, str], config: Config) -> dict[str, str | None]:
    return {name: None if text is None else filled(text, credential, config) for name, text in params.items()}


def _check_params(
    scheme: TokenAuth, tables: tuple[Mapping[str, str | None], ...], config: type[Config], where: str
) -> None:
    known = {given.name for given in scheme.inputs}
    for params in tables:
        for text in params.values():
            check_slots(text, config, where, known)
