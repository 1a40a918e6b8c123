"""Who calls: access tokens of people, pages and the app, the proof of the app's secret, and signing in.

Tokens and their ends: developers.facebook.com/docs/facebook-login/guides/access-tokens. `appsecret_proof` is the
HMAC-SHA256 of the token with the app's secret (facebook-business 26.0.3, session.py); the two refusals are quoted in
Yoctol/bottender#271 and facebook-python-business-sdk#528. Subcodes of 190: docs/graph-api/guides/error-handling.
Read 2026-11-25.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from urllib.parse import urlencode

from vaiven_connectors.meta_ads._sim_words import Json, graph_error, parameter, parameters
from vaiven_sdk.testing import Call, Caller, Refusal, Reply
from vaiven_sdk.testing.ids import LETTERS

SCOPES = (
    "public_profile ads_read ads_management business_management pages_show_list pages_read_engagement "
    "pages_manage_ads pages_manage_metadata leads_retrieval"
).split()
_DEAD = {
    458: "Error validating access token: The user has not authorized application {app}.",
    459: "Error validating access token: You cannot access the app till you log in to www.facebook.com and follow the "
    "instructions given.",
    460: "Error validating access token: The session has been invalidated because the user changed their password or "
    "Facebook has changed the session for security reasons.",
    463: "Error validating access token: Session has expired on {ends}. The current time is {now}.",
    467: "Error validating access token: The session is invalid because the user logged out.",
}


@dataclass
class Token:
    """One access token.

    Args:
        user: whose it is; the app's id for an app token.
        page: which page it speaks for, if it is a page's.
        scopes: what it may do.
        ends: epoch seconds; None for ever, as a system user's.
        dead: subcode of 190 with which it is refused.
    """

    user: str
    page: str = ""
    scopes: frozenset[str] = frozenset()
    ends: float | None = None
    dead: int | None = None


@dataclass
class GraphAccess:
    """All tokens of one app.

    Args:
        chance: of the simulator.
        user: id of the person (or system user) whose account this is.
        app: id of the app.
        secret: of the app.
        require_proof: refuse requests without `appsecret_proof`, as the app's owner can demand.
        enter: looks at each request first; it refuses retired versions.
        long_ttl: seconds of a token that was exchanged for a long-lived one.
        short_ttl: seconds of a token that came of a sign-in.
    """

    chance: Random
    user: str
    app: str
    secret: str
    require_proof: Callable[[], bool]
    enter: Callable[[Call], None]
    long_ttl: Callable[[], float]
    short_ttl: Callable[[], float]
    tokens: dict[str, Token] = field(default_factory=dict)
    codes: dict[str, tuple[str, str, frozenset[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.token = self.issue(Token(self.user, scopes=frozenset(SCOPES)))
        # An app may speak for itself with its id and secret in place of a token.
        self.tokens[f"{self.app}|{self.secret}"] = Token(self.app)

    @property
    def credential(self) -> dict[str, str]:
        """A system user's token that may do everything and never ends, and the secret of its app."""
        return {"token": self.token, "app_secret": self.secret}

    def issue(self, token: Token) -> str:
        """Give out a token."""
        text = "EAA" + "".join(self.chance.choices(LETTERS, k=60))
        self.tokens[text] = token
        return text

    def page_token(self, user: Token, page: str) -> str:
        """The page's token for a person: the same each time, and it lives as long as the person's."""
        for text, held in self.tokens.items():
            if (held.user, held.page) == (user.user, page) and held.dead is None:
                held.scopes, held.ends = user.scopes, user.ends
                return text
        return self.issue(Token(user.user, page, user.scopes, user.ends))

    def revoke(self, subcode: int = 460) -> None:
        """Whatever was given out so far is dead."""
        for token in self.tokens.values():
            token.dead = subcode

    def check(self, call: Call) -> Caller:
        """Find the token, in the query, in a form, or as a bearer.

        Raises:
            Refusal: 2635 for a version that is gone, 104 without a token, 190 with a bad one, 100 with a bad proof.
        """
        self.enter(call)
        given = parameters(call)
        scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
        text = str(given.get("access_token") or (bearer if scheme.lower() in {"bearer", "oauth"} else "")).strip()
        if not text:
            raise graph_error(104, "An access token is required to request this resource.", status=400)
        token = self.tokens.get(text)
        if token is None:
            raise _bad("Invalid OAuth access token - Cannot parse access token")
        self._alive(token, call.now)
        self._proven(text, given.get("appsecret_proof"))
        call.caller = Caller(text, token.scopes)
        return call.caller

    def _alive(self, token: Token, now: datetime) -> None:
        if token.ends is not None and now.timestamp() >= token.ends:
            token.dead = token.dead or 463
        if token.dead is not None:
            ends = _spoken(datetime.fromtimestamp(token.ends or now.timestamp(), UTC))
            sentence = _DEAD.get(token.dead, _DEAD[467]).format(app=self.app, ends=ends, now=_spoken(now))
            raise _bad(sentence, token.dead)

    def _proven(self, text: str, proof: object) -> None:
        if proof is None and not self.require_proof():
            return
        message = "API calls from the server require an appsecret_proof argument"
        if proof is not None:
            wanted = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
            if hmac.compare_digest(str(proof).encode(), wanted.encode()):
                return
            message = "Invalid appsecret_proof provided in the API argument"
        raise graph_error(100, message, kind="GraphMethodException")

    # --------------------------------------------------------------------------------------------- signing in

    def authorize(self, call: Call) -> Reply:
        """The dialog: this person agrees at once.

        Raises:
            Refusal: another app, or nowhere to go back to.
        """
        redirect = call.one("redirect_uri")
        if call.one("client_id") != self.app or not redirect:
            raise graph_error(101, "Error validating application. Cannot get application info due to a system error.")
        scopes = frozenset(part for part in (call.one("scope") or "").replace(" ", ",").split(",") if part)
        code = "AQ" + "".join(self.chance.choices(LETTERS, k=40))
        self.codes[code] = (redirect, call.one("code_challenge") or "", scopes | {"public_profile"})
        back = {"code": code, **({"state": state} if (state := call.one("state")) else {})}
        return Reply(None, 302, {"Location": f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(back)}"})

    def token_for(self, call: Call) -> Json:
        """A token for a code, for a short-lived token, or for the app itself.

        Raises:
            Refusal: 101 another app or secret, 100 a bad code.
        """
        given = parameters(call)
        client = (str(given.get("client_id", "")), str(given.get("client_secret", "")))
        if client != (self.app, self.secret):
            raise (
                graph_error(1, "Error validating client secret.")
                if client[0] == self.app
                else graph_error(
                    101, "Error validating application. Cannot get application info due to a system error."
                )
            )
        kind = given.get("grant_type")
        if kind == "client_credentials":
            return {"access_token": self.issue(Token(self.app)), "token_type": "bearer"}
        if kind == "fb_exchange_token":
            old = self.tokens.get(str(given.get("fb_exchange_token", "")))
            if old is None:
                raise _bad("Invalid OAuth access token - Cannot parse access token")
            self._alive(old, call.now)
            return self._bearer(call, Token(old.user, old.page, old.scopes), self.long_ttl())
        redirect, challenge, scopes = self.codes.pop(str(given.get("code", "")), ("", "", frozenset()))
        if not redirect:
            raise graph_error(100, "This authorization code has been used.", subcode=36009)
        if given.get("redirect_uri") != redirect:
            message = (
                "Error validating verification code. Please make sure your redirect_uri is identical to the one you "
                "used in the OAuth dialog request"
            )
            raise graph_error(100, message, subcode=36008)
        if challenge and challenge != _challenge(str(given.get("code_verifier", ""))):
            raise parameter("Invalid code_verifier parameter", "code_verifier")
        return self._bearer(call, Token(self.user, scopes=scopes), self.short_ttl())

    def _bearer(self, call: Call, token: Token, ttl: float) -> Json:
        token.ends = call.now.timestamp() + ttl
        return {"access_token": self.issue(token), "token_type": "bearer", "expires_in": int(ttl)}

    def debug(self, text: str) -> Json:
        """What `debug_token` says of a token."""
        token = self.tokens.get(text)
        if token is None:
            error = {"code": 190, "message": "Invalid OAuth access token."}
            return {"data": {"error": error, "is_valid": False, "scopes": []}}
        kind = "PAGE" if token.page else "APP" if token.user == self.app else "USER"
        data: Json = {"app_id": self.app, "type": kind, "application": "Vaiven", "is_valid": token.dead is None}
        data |= {"expires_at": int(token.ends or 0), "scopes": sorted(token.scopes), "user_id": token.user}
        return {"data": data | ({"profile_id": token.page} if token.page else {})}


def _bad(message: str, subcode: int | None = None) -> Refusal:
    refused = graph_error(190, message, subcode=subcode)
    refused.headers["WWW-Authenticate"] = f'OAuth "Facebook Platform" "invalid_token" "{message}"'
    return refused


def _spoken(at: datetime) -> str:
    """`Saturday, 26-Mar-16 06:31:46 UTC`; Graph writes the time of its own coast."""
    return at.strftime("%A, %d-%b-%y %H:%M:%S UTC")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
