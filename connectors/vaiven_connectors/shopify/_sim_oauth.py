"""Access: a token in `X-Shopify-Access-Token`, and the three ways to get one.

Sources: shopify.dev/docs/apps/build/authentication-authorization/access-tokens (authorization-code-grant,
client-credentials-grant, offline-access-tokens), the official client ShopifyAPI 12.7.0 (`Session.request_token`,
`validate_params`). Read 2026-11-25. The words of the token endpoint's errors are RFC 6749's where no page shows them.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

from vaiven_sdk.testing import Call, Caller, Refusal, Reply

SCOPES = (
    "read_all_orders",
    "read_customers",
    "write_customers",
    "read_orders",
    "write_orders",
    "read_products",
    "write_products",
)
CODE_LIVES = 60.0
OFFLINE_LIVES = 3_600.0
REFRESH_LIVES = 7_776_000.0
CLIENT_LIVES = 86_399.0
_TOKEN_HEX = 32


@dataclass(slots=True)
class Grant:
    """What a token, a code or a refresh token stands for."""

    scopes: frozenset[str]
    ends: float = float("inf")
    redirect: str = ""


@dataclass(slots=True)
class ShopifyAccess:
    """The shop's side of OAuth, and the check of tokens.

    Args:
        chance: of the simulator.
        domain: of the shop.
        client_id: of the one app.
        client_secret: of the one app; it signs webhooks and redirects, too.
    """

    chance: Random
    domain: str
    client_id: str = "client-1"
    client_secret: str = "secret-1"
    tokens: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)
    refreshes: dict[str, Grant] = field(default_factory=dict)

    @property
    def credential(self) -> dict[str, str]:
        """A token with every scope that does not expire, as an app that was made in the admin has."""
        return {"access_token": self.issue(frozenset(SCOPES))}

    def issue(self, scopes: frozenset[str], ends: float = float("inf")) -> str:
        """A new access token."""
        token = f"shpat_{self._hex()}"
        self.tokens[token] = Grant(scopes, ends)
        return token

    def check(self, call: Call) -> Caller:
        """Look the token up."""
        grant = self.tokens.get(call.headers.get("x-shopify-access-token", ""))
        if grant is None or grant.ends <= call.now.timestamp():
            raise Refusal(
                "unauthenticated", "[API] Invalid API key or access token (unrecognized login or wrong password)"
            )
        return Caller("app", grant.scopes)

    def forget(self) -> None:
        """The shop's owner takes the app out."""
        self.tokens.clear()
        self.codes.clear()
        self.refreshes.clear()

    def authorize(self, call: Call) -> Reply:
        """The consent page, on which the owner agrees at once: a redirect whose query is signed."""
        redirect = call.one("redirect_uri")
        if call.one("client_id") != self.client_id or not redirect:
            raise _refused("invalid_request", "Could not find Shopify API application with api_key")
        scopes = frozenset((call.one("scope") or "").replace(" ", ",").split(",")) & {*SCOPES}
        code = self._hex()
        self.codes[code] = Grant(scopes, call.now.timestamp() + CODE_LIVES, redirect)
        said = {"code": code, "shop": self.domain, "timestamp": str(int(call.now.timestamp()))}
        if call.one("state"):
            said["state"] = str(call.one("state"))
        # The pairs in alphabetical order, without the signature itself, are signed with the client secret.
        plain = "&".join(f"{name}={value}" for name, value in sorted(said.items()))
        said["hmac"] = hmac.new(self.client_secret.encode(), plain.encode(), hashlib.sha256).hexdigest()
        return Reply(None, 302, {"Location": f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(said)}"})

    def token(self, call: Call) -> Reply:
        """The token endpoint: a form or JSON; a code, a refresh token, or the client's own credentials."""
        given = self._given(call)
        if (given.get("client_id"), given.get("client_secret")) != (self.client_id, self.client_secret):
            raise _refused("invalid_client", "The client credentials are not valid", status=401)
        now, kind = call.now.timestamp(), given.get("grant_type", "authorization_code")
        if kind == "client_credentials":
            return self._answer(frozenset(SCOPES), now, CLIENT_LIVES)
        if kind == "refresh_token":
            grant = self.refreshes.pop(given.get("refresh_token", ""), None)
            if grant is None or grant.ends <= now:
                raise _refused("invalid_grant", "The refresh token is not valid")
            return self._answer(grant.scopes, now, OFFLINE_LIVES, refresh=True)
        grant = self.codes.pop(given.get("code", ""), None)
        if grant is None or grant.ends <= now:
            raise _refused("invalid_request", "The authorization code was not found or was already used")
        expiring = str(given.get("expiring", "")) in {"1", "true", "True"}
        return self._answer(grant.scopes, now, OFFLINE_LIVES if expiring else None, refresh=expiring)

    def _answer(self, scopes: frozenset[str], now: float, lives: float | None, *, refresh: bool = False) -> Reply:
        token = self.issue(scopes, now + lives if lives else float("inf"))
        said: dict[str, Any] = {"access_token": token, "scope": ",".join(sorted(scopes))}
        if lives:
            said["expires_in"] = int(lives)
        if refresh:
            said["refresh_token"] = f"shprt_{self._hex()}"
            said["refresh_token_expires_in"] = int(REFRESH_LIVES)
            self.refreshes[said["refresh_token"]] = Grant(scopes, now + REFRESH_LIVES)
        return Reply(said)

    def _given(self, call: Call) -> dict[str, str]:
        if call.headers.get("content-type", "").startswith("application/json"):
            body = call.json()
            return body if isinstance(body, dict) else {}
        return dict(parse_qsl(call.raw.decode("utf-8", "replace"), keep_blank_values=True))

    def _hex(self) -> str:
        return f"{self.chance.getrandbits(4 * _TOKEN_HEX):0{_TOKEN_HEX}x}"


def _refused(code: str, message: str, *, status: int = 400) -> Refusal:
    return Refusal("other", message, code=code, status=status, about={"oauth": True})
