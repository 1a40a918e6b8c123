"""An OAuth 2.0 provider: consent, token endpoint, refresh with rotation, expiry, PKCE and scopes."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlencode

from vaiven_sdk.testing.ids import LETTERS
from vaiven_sdk.testing.refusal import Refusal
from vaiven_sdk.testing.routing import Call, Caller, Reply


@dataclass(slots=True)
class _Grant:
    scopes: frozenset[str]
    redirect_uri: str = ""
    challenge: str = ""
    expires: float = 0.0
    family: str = ""


@dataclass(slots=True)
class OAuthAccess:
    """The provider and its check of access tokens.

    A simulator routes its own paths here: `authorize` (GET: consents at once and redirects), `token` (POST) and
    `revoke` (POST).

    Args:
        chance: of the simulator.
        client_id: of the one app.
        client_secret: of the one app.
        ttl: seconds for which an access token is good; None for ever, and then there is no refresh token.
        rotates: a refresh token is good once, and the answer has its successor. A second use revokes them all
            (RFC 9700, 4.14.2).
        pkce: refuse a consent without a S256 challenge.
        scopes: what a consent may ask for.
        separator: between scopes, a space by RFC 6749; some vendors write a comma.
        code_ttl: seconds for which an authorization code is good.
        basic_only: the client must sign in with HTTP Basic, not in the form.
        header: that carries an access token, in lower case.
        schemes: words before it there, in lower case; none where the token stands alone.
        query: query parameter that may carry it instead.
        redirect: adds to, or changes, what the browser is sent back with (a signature, the shop's name).
        answer: adds to, or changes, what the token endpoint answers (`instance_url`, other names).
    """

    chance: Random
    client_id: str = "client-1"
    client_secret: str = "secret-1"
    ttl: float | None = 3600.0
    rotates: bool = False
    pkce: bool = False
    scopes: Sequence[str] = ()
    separator: str = " "
    code_ttl: float = 60.0
    basic_only: bool = False
    header: str = "authorization"
    schemes: Sequence[str] = ("bearer",)
    query: str = ""
    redirect: Callable[[Call, dict[str, str]], Mapping[str, str]] | None = None
    answer: Callable[[Call, dict[str, Any]], Mapping[str, Any]] | None = None
    _codes: dict[str, _Grant] = field(default_factory=dict, repr=False)
    _refresh: dict[str, _Grant] = field(default_factory=dict, repr=False)
    _spent: dict[str, str] = field(default_factory=dict, repr=False)
    _access: dict[str, _Grant] = field(default_factory=dict, repr=False)

    @property
    def credential(self) -> dict[str, str]:
        """A fresh access token with every scope, that does not expire: what one pastes by hand."""
        token = self._text(40)
        self._access[token] = _Grant(frozenset(self.scopes), expires=float("inf"), family=token)
        return {"access_token": token}

    def check(self, call: Call) -> Caller:
        """Look the access token up."""
        token = self._given(call)
        if not token:
            raise Refusal("unauthenticated", "there is no token in this request", code="missing")
        grant = self._access.get(token)
        if grant is None:
            raise Refusal("unauthenticated", "this token is not valid", code="wrong")
        if grant.expires <= call.now.timestamp():
            raise Refusal("expired", "this token has expired")
        return Caller("app", grant.scopes if self.scopes else None)

    def _given(self, call: Call) -> str:
        said = call.headers.get(self.header, "")
        if self.schemes:
            scheme, _, said = said.partition(" ")
            said = said.strip() if scheme.lower() in self.schemes else ""
        return said or (call.one(self.query) or "" if self.query else "")

    def authorize(self, call: Call) -> Reply:
        """The consent page, on which the user agrees at once: a redirect with a code, or with an error."""
        redirect = call.one("redirect_uri")
        if call.one("client_id") != self.client_id or not redirect:
            raise Refusal("invalid", "unknown client_id, or no redirect_uri", code="invalid_client")
        asked = [s for s in (call.one("scope") or "").split(self.separator) if s]
        problem = ""
        if call.one("response_type") != "code":
            problem = "unsupported_response_type"
        elif set(asked) - set(self.scopes):
            problem = "invalid_scope"
        elif self.pkce and (not call.one("code_challenge") or call.one("code_challenge_method") != "S256"):
            problem = "invalid_request"
        answer = {"error": problem} if problem else {"code": self._code(call, redirect, asked)}
        if call.one("state"):
            answer["state"] = str(call.one("state"))
        if self.redirect is not None:
            answer = dict(self.redirect(call, answer))
        return Reply(None, 302, {"Location": f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(answer)}"})

    def _code(self, call: Call, redirect: str, scopes: Sequence[str]) -> str:
        code = self._text(32)
        expires = call.now.timestamp() + self.code_ttl
        self._codes[code] = _Grant(frozenset(scopes), redirect, call.one("code_challenge") or "", expires, code)
        return code

    def token(self, call: Call) -> Reply:
        """The token endpoint: authorization code, refresh token, client credentials.

        Raises:
            Refusal: with the `code` of RFC 6749, 5.2: `invalid_client`, `invalid_grant` and so on.
        """
        form = call.form()
        self._client(call, form)
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            grant = self._exchange(call, form)
        elif kind == "refresh_token":
            grant = self._renew(form)
        elif kind == "client_credentials":
            grant = _Grant(
                frozenset(form.get("scope", "").split(self.separator)) & {*self.scopes}, family=self._text(16)
            )
        else:
            raise _error("unsupported_grant_type")
        refreshes = self.ttl is not None and kind != "client_credentials"
        refresh = form.get("refresh_token") if kind == "refresh_token" and not self.rotates else None
        issued = self._issue(call, grant, refresh, refreshes=refreshes)
        if self.answer is not None:
            issued = dict(self.answer(call, issued))
        return Reply(issued, headers={"Cache-Control": "no-store"})

    def revoke(self, call: Call) -> Reply:
        """Revoke a token and all that came of the same consent (RFC 7009: an unknown one is no error)."""
        form = call.form()
        self._client(call, form)
        given = form.get("token", "")
        grant = self._refresh.get(given) or self._access.get(given)
        if grant is not None:
            self._forget(grant.family)
        return Reply(None, 200)

    def disconnect(self) -> None:
        """The user removes the app: nothing of it works any more."""
        self._codes.clear()
        self._refresh.clear()
        self._access.clear()

    def _client(self, call: Call, form: dict[str, str]) -> None:
        given = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, rest = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            user, _, password = base64.b64decode(rest).decode().partition(":")
            given = user, password
        elif self.basic_only:
            given = "", ""
        if not secrets.compare_digest(":".join(given).encode(), f"{self.client_id}:{self.client_secret}".encode()):
            raise _error("invalid_client", status=401)

    def _exchange(self, call: Call, form: dict[str, str]) -> _Grant:
        grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or grant.expires <= call.now.timestamp() or form.get("redirect_uri") != grant.redirect_uri:
            raise _error("invalid_grant")
        if grant.challenge:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != grant.challenge:
                raise _error("invalid_grant")
        return grant

    def _renew(self, form: dict[str, str]) -> _Grant:
        given = form.get("refresh_token", "")
        grant = self._refresh.get(given)
        if grant is None:
            if given in self._spent:
                self._forget(self._spent[given])
            raise _error("invalid_grant")
        if self.rotates:
            del self._refresh[given]
            self._spent[given] = grant.family
        return grant

    def _issue(self, call: Call, grant: _Grant, refresh: str | None, *, refreshes: bool) -> dict[str, Any]:
        token = self._text(40)
        ends = float("inf") if self.ttl is None else call.now.timestamp() + self.ttl
        self._access[token] = _Grant(grant.scopes, expires=ends, family=grant.family)
        answer: dict[str, Any] = {"access_token": token, "token_type": "bearer"}
        if self.ttl is not None:
            answer["expires_in"] = int(self.ttl)
        if refreshes:
            refresh = refresh or self._text(40)
            self._refresh[refresh] = grant
            answer["refresh_token"] = refresh
        if grant.scopes:
            answer["scope"] = self.separator.join(sorted(grant.scopes))
        return answer

    def _forget(self, family: str) -> None:
        for held in (self._refresh, self._access):
            for token in [token for token, grant in held.items() if grant.family == family]:
                del held[token]

    def _text(self, size: int) -> str:
        return "".join(self.chance.choices(LETTERS, k=size))


def _error(code: str, *, status: int = 400) -> Refusal:
    return Refusal("other", code.replace("_", " "), status=status, code=code, about={"oauth": True})
