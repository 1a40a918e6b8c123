"""How a vendor wants requests to be signed. The host signs; connector code never holds a credential."""

from vaiven_sdk.auth.aws import AwsSigV4
from vaiven_sdk.auth.base import Auth, Call, Input, Outgoing, TokenAuth, choose
from vaiven_sdk.auth.client import Client
from vaiven_sdk.auth.jwt import JwtBearer, ServiceAccount, SignedJwt
from vaiven_sdk.auth.keys import ApiKey, Basic, Bearer, NoAuth
from vaiven_sdk.auth.login import Login
from vaiven_sdk.auth.oauth1 import OAuth1
from vaiven_sdk.auth.oauth2 import ClientCredentials, OAuth2, new_verifier
from vaiven_sdk.auth.signed import HmacSigned, ToSign
from vaiven_sdk.auth.together import Together
from vaiven_sdk.auth.token import TokenAnswer

__all__ = [
    "ApiKey",
    "Auth",
    "AwsSigV4",
    "Basic",
    "Bearer",
    "Call",
    "Client",
    "ClientCredentials",
    "HmacSigned",
    "Input",
    "JwtBearer",
    "Login",
    "NoAuth",
    "OAuth1",
    "OAuth2",
    "Outgoing",
    "ServiceAccount",
    "SignedJwt",
    "ToSign",
    "Together",
    "TokenAnswer",
    "TokenAuth",
    "choose",
    "new_verifier",
]
