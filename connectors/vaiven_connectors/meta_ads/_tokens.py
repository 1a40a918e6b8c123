"""How requests are signed: a token, its proof, and for what belongs to a Page the Page's own token.

developers.facebook.com, "Long-Lived Access Tokens", "Secure Graph API calls" and "Access tokens" (Page access tokens),
read 2026-11-25. An expired token cannot be exchanged any more. A Page's token is a field of the Page; one that a
long-lived token gave does not end.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from vaiven_sdk import Config, Input, OAuth2, Outgoing
from vaiven_sdk.auth import Call, TokenAuth

VERSION = "v26.0"
GRAPH = f"https://graph.facebook.com/{VERSION}"
PAGE_TOKEN = "page_token"  # noqa: S105 - a name
_OF_PAGE = re.compile(r"/(leadgen_forms|leads)$")
"""Paths that Meta refuses to a person's token: "This method must be called with a Page Access Token"."""
_PAGE_INPUT = Input(PAGE_TOKEN, "Page access token", required=False, asked=False)


def signed(request: Outgoing, token: str, secret: str | None) -> None:
    """Add the token, and `appsecret_proof`, its HMAC-SHA256 with the app's secret."""
    request.headers["authorization"] = f"Bearer {token}"
    if secret:
        proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        request.url += f"{'&' if '?' in request.url else '?'}{urlencode({'appsecret_proof': proof})}"


def chosen(request: Outgoing, credential: Mapping[str, str], token: str) -> str:
    """The Page's token for what belongs to the Page, else the person's."""
    return (credential.get(PAGE_TOKEN) if _OF_PAGE.search(urlsplit(request.url).path) else None) or token


async def page_token(token: str, secret: str | None, config: Config, call: Call) -> dict[str, str]:
    """The token of the Page in the settings; nothing where there is none, or Meta does not give it."""
    page = getattr(config, "page_id", "")
    if not page:
        return {}
    request = Outgoing("GET", f"{GRAPH}/{page}?fields=access_token", {"accept": "application/json"})
    signed(request, token, secret)
    answer = await call(request)
    found = answer.json().get("access_token") if answer.status < 400 else None
    return {PAGE_TOKEN: str(found)} if found else {}


class SignIn(OAuth2):
    """Facebook Login: the token is exchanged for one of about 60 days at once, and anew at half of its life."""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What a sign-in brings, the Page's token with it."""
        # No super(): the parent has slots, so its class was made twice.
        return (*OAuth2.inputs.fget(self), _PAGE_INPUT)  # type: ignore[attr-defined]

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the token and its proof."""
        signed(request, chosen(request, credential, credential["access_token"]), credential.get("client_secret"))

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
        """The code's token lives for an hour or two: it is exchanged before anybody waits for it."""
        short = await OAuth2.exchange(
            self, code, credential, config, call, redirect_uri=redirect_uri, verifier=verifier
        )
        return await self.renew(short, config, call)

    async def renew(self, credential: Mapping[str, str], config: Config, call: Call) -> dict[str, str]:
        """A long-lived token, whose end is noted at half of its life, so that it is exchanged while it is good."""
        found = await OAuth2.renew(self, credential, config, call)
        if found.get("expires_at"):
            now = datetime.now(UTC)
            life = datetime.fromisoformat(found["expires_at"]) - now
            if life > timedelta(days=1):
                found["expires_at"] = (now + life / 2).strftime("%Y-%m-%dT%H:%M:%SZ")
        return found | await page_token(found["access_token"], found.get("client_secret"), config, call)


@dataclass(frozen=True)
class SystemUser(TokenAuth):
    """The token of a system user, made in Meta's Business settings; it does not end, and gives the Page's token."""

    kind: ClassVar[str] = "system_user"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Token and secret."""
        return (
            Input("token", "System user token", "Business settings > System users > Generate new token."),
            Input("app_secret", "App secret", "App dashboard > App settings > Basic."),
            _PAGE_INPUT,
        )

    @property
    def token(self) -> str:
        """Name of the token."""
        return "token"

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the token and its proof."""
        signed(request, chosen(request, credential, credential["token"]), credential.get("app_secret"))

    def renewable(self, credential: Mapping[str, str]) -> bool:
        """Once: what can be got is the Page's token, which does not end either."""
        return not credential.get(PAGE_TOKEN)

    async def renew(self, credential: Mapping[str, str], config: Config, call: Call) -> dict[str, str]:
        """The credential with the Page's token."""
        return {**credential, **await page_token(credential["token"], credential.get("app_secret"), config, call)}
