"""authlib's authorization server (its OAuth 2.0 as a server checks it), without a web framework around it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Error, OAuth2Request, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, JWTBearerGrant
from authlib.oauth2.rfc7636 import CodeChallenge

TOKEN_URL = "https://login.acme.example/oauth/token"
GRANTS = {
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
}


@dataclass
class Client(ClientMixin):
    client_id: str = "app-1"
    client_secret: str = "app-secret-é~+/="
    method: str = "client_secret_post"
    public_key: object = None

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return "https://hub.example/back"

    def get_allowed_scope(self, scope):
        return scope or "read"

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.get_default_redirect_uri()

    def check_client_secret(self, client_secret):
        return client_secret == self.client_secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in GRANTS


class _Request(OAuth2Request):
    def __init__(self, method, uri, form, headers):
        super().__init__(method, uri, headers=headers)
        self._args, self._form = dict(parse_qsl(urlsplit(uri).query)), form
        self.payload = BasicOAuth2Payload({**self._args, **form})

    @property
    def args(self):
        return self._args

    @property
    def form(self):
        return self._form


@dataclass
class AuthlibVendor:
    """What authlib says of each request: codes, tokens, rotation."""

    client: Client = field(default_factory=Client)
    lasts: int = 3600
    rotates: bool = True
    codes: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    """By refresh token."""
    valid: set = field(default_factory=set)
    issued: list = field(default_factory=list)
    assertions: set = field(default_factory=set)

    def __post_init__(self):  # noqa: C901 - one server, whose parts share its memory
        vendor = self

        class Server(AuthorizationServer):
            def query_client(self, client_id):
                return vendor.client if client_id == vendor.client.client_id else None

            def save_token(self, token, request):
                vendor.issued.append(token)
                vendor.valid.add(token["access_token"])
                if "refresh_token" in token:
                    vendor.tokens[token["refresh_token"]] = request

            def create_oauth2_request(self, request):
                return request

            def handle_response(self, status, body, headers):
                return SimpleNamespace(status=status, body=body, headers=dict(headers))

            def send_signal(self, *_, **__):
                pass

        class Code(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none", "client_assertion_jwt")

            def save_authorization_code(self, code, request):
                data = request.payload.data
                vendor.codes[code] = SimpleNamespace(
                    code=code,
                    code_challenge=data.get("code_challenge"),
                    code_challenge_method=data.get("code_challenge_method"),
                    get_redirect_uri=lambda: data["redirect_uri"],
                    get_scope=lambda: data.get("scope"),
                )

            def query_authorization_code(self, code, client):
                return vendor.codes.get(code)

            def delete_authorization_code(self, authorization_code):
                del vendor.codes[authorization_code.code]

            def authenticate_user(self, authorization_code):
                return "ana"

        class Refresh(grants.RefreshTokenGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = Code.TOKEN_ENDPOINT_AUTH_METHODS
            INCLUDE_NEW_REFRESH_TOKEN = vendor.rotates

            def authenticate_refresh_token(self, refresh_token):
                request = vendor.tokens.get(refresh_token)
                return request and SimpleNamespace(
                    check_client=lambda client: True, get_scope=lambda: "read", token=refresh_token
                )

            def authenticate_user(self, refresh_token):
                return "ana"

            def revoke_old_credential(self, refresh_token):
                if vendor.rotates:
                    del vendor.tokens[refresh_token.token]

        class Credentials(grants.ClientCredentialsGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = Code.TOKEN_ENDPOINT_AUTH_METHODS

        class Assertion(JWTBearerClientAssertion):
            def get_audiences(self):
                return [TOKEN_URL]

            def validate_jti(self, claims, jti):
                new = jti not in vendor.assertions
                vendor.assertions.add(jti)
                return new

            def resolve_client_public_key(self, client):
                return client.public_key

        class Bearer(JWTBearerGrant):
            def get_audiences(self):
                return [TOKEN_URL]

            def resolve_issuer_client(self, issuer):
                return vendor.client if issuer == vendor.client.client_id else None

            def resolve_client_public_key(self, client):
                return client.public_key

            def authenticate_user(self, subject):
                return subject

            def has_granted_permission(self, client, user):
                return True

        self.server = Server(["read", "write"])
        self.server.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda **_: f"access-{len(self.issued)}-{time.monotonic_ns()}",
                lambda **_: f"refresh-{len(self.issued)}-{time.monotonic_ns()}",
                lambda *_: self.lasts,
            ),
        )
        self.server.register_grant(Code, [CodeChallenge(required=False)])
        self.server.register_grant(Refresh)
        self.server.register_grant(Credentials)
        self.server.register_grant(Bearer)
        self.server.register_client_auth_method("client_assertion_jwt", Assertion())

    def sign_in(self, address):
        """What a browser brings back from the sign-in page: code and state."""
        request = _Request("GET", address, {}, {})
        grant = self.server.get_authorization_grant(request)
        answer = self.server.create_authorization_response(request, grant_user="ana", grant=grant)
        location = answer.headers["Location"]
        return dict(parse_qsl(urlsplit(location).query))

    def token(self, request, body):
        """Status and body of a token request that came over the wire."""
        headers = {"Authorization": request.headers["authorization"]} if "authorization" in request.headers else {}
        form = dict(parse_qsl(body.decode()))
        try:
            answer = self.server.create_token_response(_Request(request.method, TOKEN_URL, form, headers))
        except OAuth2Error as problem:
            return 400, dict(problem.get_body())
        return answer.status, answer.body
