"""Who may call, and how often: sessions, OAuth, the API's versions and the day's requests.

Sources, read 2026-11-25: Help "OAuth 2.0 JWT Bearer Flow", "Refresh Token Flow", "Query for User Information";
the token endpoint's errors as nango.dev/blog/salesforce-oauth-refresh-token-invalid-grant and useparagon.com
tell them; Help 000354473 (versions 21 to 30 are retired: 410 GONE); REST API Developer Guide, "Limits" and its
headers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from vaiven_connectors.salesforce._sim_errors import no, oauth
from vaiven_connectors.salesforce._sim_org import Org, stamp
from vaiven_sdk.testing import Call, Caller, Reply
from vaiven_sdk.testing.ids import LETTERS

_VERSIONED = re.compile(r"/services/data/v(\d+)\.(\d+)(?:/|$)")
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = "refresh_token api id"
_DAY = 86_400


@dataclass(slots=True)
class Sessions:
    """Access tokens (sessions), refresh tokens and the connected app.

    Args:
        org: whose sessions.
        lasts: gives the seconds after the last request at which a session ends.
    """

    org: Org
    lasts: Callable[[], float]
    client_id: str = "3MVG9vaiven"
    client_secret: str = "vaiven-secret"
    key: RSAKey | None = None
    token_text: str = ""
    _live: dict[str, float] = field(default_factory=dict)
    _refresh: set[str] = field(default_factory=set)
    _codes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.token_text = self._session(float("inf"))

    @property
    def credential(self) -> dict[str, str]:
        """A session that does not end."""
        return {"access_token": self.token_text}

    @property
    def oauth_credential(self) -> dict[str, str]:
        """The app's client and a refresh token of this org's consent."""
        token = self._text(80)
        self._refresh.add(token)
        return {"client_id": self.client_id, "client_secret": self.client_secret, "refresh_token": token}

    @property
    def jwt_credential(self) -> dict[str, str]:
        """The app's client, a user and the private key whose certificate the app holds."""
        self.key = self.key or RSAKey.generate_key(2048)
        user = self.org.row(self.org.user_id) or {}
        pem = self.key.as_pem(private=True).decode()
        return {"client_id": self.client_id, "username": user["Username"], "private_key": pem}

    def revoke(self) -> None:
        """The user takes the app's access away: sessions and refresh tokens end."""
        self._live.clear()
        self._refresh.clear()

    def renew(self) -> None:
        """A new session in place of the one that was told."""
        self.token_text = self._session(float("inf"))

    # ------------------------------------------------------------------------------------------------ each request

    def check(self, call: Call) -> Caller:
        """The API's version, then the session, then whether the org has an API at all."""
        self._version(call)
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        now = call.now.timestamp()
        ends = self._live.get(token, 0.0) if scheme.lower() in {"bearer", "oauth"} else 0.0
        if ends <= now:
            raise no("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        if ends != float("inf"):
            self._live[token] = now + self.lasts()
        if not self.org.quirk["api_enabled"] and call.path.startswith("/services/data/v"):
            message = "API is not enabled for this Organization or Partner"
            raise no("API_DISABLED_FOR_ORG", message, status=403)
        return Caller("integration")

    def _version(self, call: Call) -> None:
        found = _VERSIONED.match(call.path)
        if found is None:
            return
        number = int(found[1])
        if number < self.org.quirk["oldest_version"]:
            raise no("GONE", "The requested API version has been retired", status=410)
        if number > self.org.quirk["newest_version"] or found[2] != "0":
            raise no("NOT_FOUND", "The requested resource does not exist", status=404)

    # --------------------------------------------------------------------------------------------- token endpoint

    def authorize(self, call: Call) -> Reply:
        """The consent page, on which the user agrees at once."""
        redirect = call.one("redirect_uri") or ""
        if call.one("client_id") != self.client_id or not redirect:
            raise oauth("invalid_client_id", "client identifier invalid")
        code = self._text(40)
        self._codes[code] = call.one("code_challenge") or ""
        state = f"&state={call.one('state')}" if call.one("state") else ""
        return Reply(None, 302, {"Location": f"{redirect}{'&' if '?' in redirect else '?'}code={code}{state}"})

    def token(self, call: Call) -> dict[str, Any]:
        """The token endpoint: authorization code, refresh token, client credentials and JWT bearer."""
        form = call.form() | {name: values[0] for name, values in call.query.items()}
        kind = form.get("grant_type", "")
        if kind == _JWT:
            self._assertion(form.get("assertion", ""), call)
            return self._answer(call, {})
        if kind not in {"authorization_code", "refresh_token", "client_credentials"}:
            raise oauth("unsupported_grant_type", "grant type not supported")
        self._client(call, form)
        strange = self._strange(call)
        if kind == "client_credentials":
            if strange:
                raise oauth("invalid_grant", "request not supported on this domain")
            return self._answer(call, {})
        if kind == "refresh_token":
            if strange or form.get("refresh_token") not in self._refresh:
                raise oauth("invalid_grant", "expired access/refresh token")
            return self._answer(call, {})
        challenge = None if strange else self._codes.pop(form.get("code", ""), None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge is None or (challenge and digest.decode().rstrip("=") != challenge):
            raise oauth("invalid_grant", "invalid authorization code")
        refresh = self._text(80)
        self._refresh.add(refresh)
        return self._answer(call, {"refresh_token": refresh})

    def drop(self, call: Call) -> Reply:
        """The revocation endpoint."""
        given = call.form().get("token") or call.one("token") or ""
        if given not in self._refresh and given not in self._live:
            raise oauth("unsupported_token_type", "this token is not known")
        self.revoke()
        return Reply(None, 200)

    def userinfo(self, call: Call) -> dict[str, Any]:
        """Who the token belongs to, by OpenID Connect and more."""
        org, user = self.org, self.org.row(self.org.user_id) or {}
        base = f"{call.origin}/services"
        return {
            "sub": self._identity(call),
            "user_id": user["Id"],
            "organization_id": org.org_id,
            "preferred_username": user["Username"],
            "nickname": "integration",
            "name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "given_name": user["FirstName"],
            "family_name": user["LastName"],
            "zoneinfo": user["TimeZoneSidKey"],
            "profile": f"{call.origin}/{user['Id']}",
            "urls": {
                "rest": f"{base}/data/v{{version}}/",
                "query": f"{base}/data/v{{version}}/query/",
                "sobjects": f"{base}/data/v{{version}}/sobjects/",
                "custom_domain": call.origin,
            },
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 3_600_000,
            "updated_at": stamp(call.now),
        }

    # --------------------------------------------------------------------------------------------------- internals

    def _client(self, call: Call, form: dict[str, str]) -> None:
        given = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, rest = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            user, _, password = base64.b64decode(rest).decode().partition(":")
            given = user, password
        if given[0] != self.client_id:
            raise oauth("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(given[1].encode(), self.client_secret.encode()):
            raise oauth("invalid_client", "invalid client credentials")

    def _strange(self, call: Call) -> bool:
        """Whether the request came to the login host of the other kind of org."""
        host = call.headers.get("host", "").partition(":")[0]
        if host in {"login.salesforce.com", "test.salesforce.com"}:
            return (host == "test.salesforce.com") != bool(self.org.quirk["sandbox"])
        return bool(self.org.quirk["wrong_login_host"])

    def _assertion(self, assertion: str, call: Call) -> None:
        if self.key is None:
            raise oauth("invalid_client", "the app holds no certificate")
        try:
            claims = jwt.decode(assertion, self.key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            raise oauth("invalid_grant", "invalid assertion") from None
        if claims.get("iss") != self.client_id:
            raise oauth("invalid_client_id", "client identifier invalid")
        wanted = "https://test.salesforce.com" if self.org.quirk["sandbox"] else "https://login.salesforce.com"
        if claims.get("aud") != wanted or self._strange(call):
            raise oauth("invalid_grant", "audience is invalid")
        if float(claims.get("exp", 0)) <= call.now.timestamp():
            raise oauth("invalid_grant", "expired authorization code")
        users = self.org.shelves["User"].living("Username", str(claims.get("sub")))
        if not users:
            raise oauth("invalid_grant", "user hasn't approved this consumer")

    def _answer(self, call: Call, more: dict[str, str]) -> dict[str, Any]:
        """A token answer: there is no `expires_in` in it."""
        identity, issued = self._identity(call), str(int(call.now.timestamp() * 1000))
        signed = hmac.new(self.client_secret.encode(), (identity + issued).encode(), hashlib.sha256).digest()
        return {
            "access_token": self._session(call.now.timestamp() + self.lasts()),
            **more,
            "signature": base64.b64encode(signed).decode(),
            "scope": _SCOPES,
            "instance_url": call.origin,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        }

    def _identity(self, call: Call) -> str:
        return f"{call.origin}/id/{self.org.org_id}/{self.org.user_id}"

    def _session(self, ends: float) -> str:
        token = f"{self.org.org_id[:15]}!{self._text(96)}"
        self._live[token] = ends
        return token

    def _text(self, size: int) -> str:
        return "".join(self.org.chance.choices(LETTERS, k=size))


@dataclass(slots=True)
class DailyCalls:
    """Requests in 24 rolling hours, told by `Sforce-Limit-Info` in every answer.

    Args:
        most: gives the org's allocation; 0 is no limit.
    """

    most: Callable[[], int]
    _taken: deque[float] = field(default_factory=deque)

    @property
    def used(self) -> int:
        """Requests in the last 24 hours."""
        return len(self._taken)

    def take(self, call: Call, cost: float) -> dict[str, str]:
        """Count one request."""
        if not call.path.startswith("/services/data/v"):
            return {}
        now, most = call.now.timestamp(), self.most()
        while self._taken and self._taken[0] <= now - _DAY:
            self._taken.popleft()
        if most and len(self._taken) >= most:
            refusal = no("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
            refusal.headers = {"Sforce-Limit-Info": f"api-usage={len(self._taken)}/{most}"}
            raise refusal
        self._taken.append(now)
        return {"Sforce-Limit-Info": f"api-usage={len(self._taken)}/{most or 1_000_000}"}

    def done(self, call: Call, *, refused: bool = False) -> None:
        """What is used stays used."""
