"""How a vendor wants requests to be signed. The host signs; connector code never holds a credential."""

from vaiven_sdk.auth.base import Auth, Call, Input, Outgoing, TokenAuth, choose
from vaiven_sdk.auth.client import Client
from vaiven_sdk.auth.keys import ApiKey, Basic, Bearer
from vaiven_sdk.auth.oauth2 import ClientCredentials, OAuth2, new_verifier
from vaiven_sdk.auth.together import Together
from vaiven_sdk.auth.token import TokenAnswer

__all__ = [
    "ApiKey",
    "Auth",
    "Basic",
    "Bearer",
    "Call",
    "Client",
    "ClientCredentials",
    "Input",
    "OAuth2",
    "Outgoing",
    "Together",
    "TokenAnswer",
    "TokenAuth",
    "choose",
    "new_verifier",
]
