"""Klaviyo: how an account is reached, what it allows, and what its errors mean.

Limits and scopes are those of each operation's description in klaviyo-api 25.0.0, Klaviyo's own client, and paths and
fields those of klaviyo/openapi@f0a30ba, stable.json, revision 2026-07-15. Read 2026-11-25.
"""

from typing import Any

from vaiven_sdk import (
    Account,
    ApiKey,
    Client,
    Config,
    Connector,
    Limit,
    NotFound,
    OAuth2,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    Scope,
    Session,
    VaivenError,
    VendorDown,
)
from vaiven_sdk.errors import MakerError

Hub = Session[Config]

REVISION = "2026-07-15"
"""Supported for two years: developers.klaviyo.com, "API versioning and deprecation policy", read 2026-11-25."""
MEDIA = "application/vnd.api+json"
"""Media type of every body (`ct` of the description)."""


def _both(path: str, burst: int, steady: int, but: str = "") -> list[Limit]:
    """Burst and steady limit of the operations below a path; each Klaviyo operation has its own pair."""
    source = f"klaviyo-api 25.0.0, {path}: burst {burst}/s, steady {steady}/m; read 2026-11-25"
    return [
        Limit(calls=burst, per=1, path=path, but=but, source=source),
        Limit(calls=steady, per=60, path=path, but=but, source=source),
    ]


MEMBERS = "/api/lists/*/relationships"

klaviyo = Connector(
    "klaviyo",
    Config,
    name="Klaviyo",
    category="email",
    base_url="https://a.klaviyo.com",
    auth=[
        # Guide "Make API calls using OAuth" (2026-11-18), read 2026-11-25: PKCE with S256 is required, tokens come
        # from a.klaviyo.com alone, and the application proves itself by HTTP Basic.
        OAuth2(
            authorize_url="https://www.klaviyo.com/oauth/authorize",
            token_url="https://a.klaviyo.com/oauth/token",  # noqa: S106 - an address
            client=Client(auth="basic"),
        ),
        ApiKey(
            header="Authorization",
            prefix="Klaviyo-API-Key",
            label="Private API key",
            help="In Klaviyo: Settings > API keys > Create Private API Key.",
        ),
    ],
    # Else a newer revision answers in place of a retired one, and says so nowhere ("API versioning and deprecation
    # policy", read 2026-11-25).
    headers={
        "revision": REVISION,
        "X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1",
        "Accept": MEDIA,
        "Content-Type": MEDIA,
    },
    limits=[
        *_both("/api/profiles", 75, 750),
        *_both("/api/profiles/*/lists", 3, 60),
        *_both("/api/profile-bulk-import-jobs", 10, 150),
        *_both("/api/profile-subscription-bulk", 75, 750),
        *_both("/api/lists", 75, 750, but=MEMBERS),
        *_both(MEMBERS, 10, 150),
        *_both("/api/segments", 75, 750),
        *_both("/api/templates", 75, 750),
        *_both("/api/events", 350, 3500),
        *_both("/api/campaigns", 10, 150),
        *_both("/api/metrics", 10, 150),
        *_both("/api/flows", 3, 60),
        *_both("/api/data-privacy-deletion-jobs", 3, 60),
        *_both("/api/accounts", 1, 15),
        *_both("/api/campaign-values-reports", 1, 2),
        Limit(
            calls=225,
            per=86_400,
            path="/api/campaign-values-reports",
            source="klaviyo-api 25.0.0, query_campaign_values: 225/d; read 2026-11-25",
        ),
    ],
    docs="https://developers.klaviyo.com/en/reference/api_overview",
    scopes=[Scope("accounts:read", "tell which account this is, and its currency")],
)


@klaviyo.account
async def account(hub: Hub) -> Account:
    """The one account that a key belongs to: `get_accounts`."""
    (found,) = (await hub.get("/api/accounts"))["data"]
    about = found["attributes"]
    name = about["contact_information"]["organization_name"]
    return Account(id=found["id"], name=f"{name} (test account)" if about["test_account"] else name)


def told(body: Any) -> tuple[str, str]:
    """Code and sentence of the first error of a body; empty where it is no error of Klaviyo's."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return str(first.get("code") or ""), str(first.get("detail") or first.get("title") or "")


@klaviyo.error
def name_error(status: int, body: Any) -> VaivenError | None:
    """Give Klaviyo's own sentence, and say who must act."""
    code, why = told(body)
    if status == 403 and isinstance(body, str):
        # A firewall's page, no refusal of Klaviyo's own (klaviyo-api-python issue 84, read 2026-11-25).
        return VendorDown(
            "Something in front of Klaviyo turned the request away.", why="HTTP 403 without Klaviyo's body"
        )
    if status == 401 or (status == 400 and "api key" in why.lower()):
        return ReconnectRequired(
            "Klaviyo does not accept the credential.",
            why=why or "HTTP 401",
            remedy="Make a private key in Klaviyo (Settings > API keys), or sign in again, and connect anew.",
        )
    if status == 403:
        return PermissionMissing(
            "Klaviyo has not granted Vaiven a permission that this needs.",
            why=why or "HTTP 403",
            remedy="Give the private key the scopes that `vaiven connectors show klaviyo` lists, or sign in again.",
        )
    if status == 410 or (status == 400 and "revision" in f"{code} {why}".lower()):
        return MakerError(
            f"Klaviyo no longer serves the API revision {REVISION}.",
            why=why or f"HTTP {status}",
            remedy="Update the connector; nothing needs to be done in Klaviyo.",
        )
    if status == 404 and why:
        return NotFound("Klaviyo has no such object.", why=why)
    if why and 400 <= status < 500 and status not in {408, 429}:
        return RequestRefused("Klaviyo refused the request.", why=why, status=status, body=body)
    return None
