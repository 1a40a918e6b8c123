"""HubSpot's OAuth endpoints (spec auth-oauth@v1 and @v3, 2026-11-22). A refresh token is not rotated."""

from __future__ import annotations

from typing import Any, Final

from vaiven_connectors.hubspot._sim_call import Answer, Call
from vaiven_connectors.hubspot._sim_errors import VendorError, error
from vaiven_connectors.hubspot._sim_portal import Portal

SCOPES: Final = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
)
_APP_ID: Final = 1_184_733
_USER_ID: Final = 9_586_504
_USER: Final = "owner@example.com"
_DOMAIN: Final = "example.com"


def _bad(status: str, message: str) -> VendorError:
    return VendorError(400, {"status": status, "message": message})


def token(portal: Portal, call: Call) -> Answer:
    """POST /oauth/v1/token and /oauth/v3/token: an access token for a code or a refresh token."""
    access, form = portal.access, call.form()
    if form.get("client_id") != access.client_id:
        raise _bad("BAD_CLIENT_ID", "missing or invalid client id")
    if form.get("client_secret") != access.client_secret:
        raise _bad("BAD_CLIENT_SECRET", "missing or invalid client secret")
    kind = form.get("grant_type")
    if kind == "authorization_code":
        if form.get("code") not in access.codes:
            raise _bad("BAD_AUTH_CODE", "missing or unknown auth code")
        if not form.get("redirect_uri"):
            raise _bad("BAD_REDIRECT_URI", "missing or invalid redirect uri")
        access.codes.discard(form["code"])
        refresh_token = access.new_refresh_token()
    elif kind == "refresh_token":
        refresh_token = form.get("refresh_token", "")
        if refresh_token not in access.refresh_tokens:
            raise _bad("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
    else:
        raise _bad("BAD_GRANT_TYPE", "missing or unknown grant type")
    return 200, {
        "token_type": "bearer",
        "token_use": "access_token",
        "access_token": access.new_access_token(refresh_token, call.now),
        "refresh_token": refresh_token,
        "expires_in": int(portal.quirk["access_token_ttl"]),
        "hub_id": portal.portal_id,
        "user_id": _USER_ID,
        "scopes": list(SCOPES),
    }


def _about(portal: Portal, token: str) -> dict[str, Any]:
    return {
        "token": token,
        "user": _USER,
        "hub_domain": _DOMAIN,
        "scopes": list(SCOPES),
        "hub_id": portal.portal_id,
        "user_id": _USER_ID,
    }


def access_token_info(portal: Portal, call: Call) -> Answer:
    """GET /oauth/v1/access-tokens/{token}."""
    given = call.path["token"]
    left = portal.access.seconds_left(given, call.now)
    if left is None:
        raise error(404, None, "The access token is expired or invalid")
    more = {"app_id": _APP_ID, "expires_in": left, "token_type": "access", "is_private_distribution": False}
    return 200, {**_about(portal, given), **more}


def refresh_token_info(portal: Portal, call: Call) -> Answer:
    """GET /oauth/v1/refresh-tokens/{token}."""
    given = call.path["token"]
    if given not in portal.access.refresh_tokens:
        raise error(404, None, "The refresh token is invalid")
    return 200, {**_about(portal, given), "client_id": portal.access.client_id, "token_type": "refresh"}


def delete_refresh_token(portal: Portal, call: Call) -> Answer:
    """DELETE /oauth/v1/refresh-tokens/{token}: its access tokens stop working too."""
    portal.access.refresh_tokens.discard(call.path["token"])
    return 204, None
