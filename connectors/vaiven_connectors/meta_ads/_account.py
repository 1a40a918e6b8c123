"""The ad account: its settings, how requests are signed and counted, and who it is.

Graph API version 26.0, released 2026-07-29 (developers.facebook.com, "Marketing API version history", read 2026-11-25).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from vaiven_sdk import (
    Account,
    Client,
    Config,
    ConfigInvalid,
    Connector,
    NotFound,
    PermissionMissing,
    Scope,
    Session,
)

from ._errors import account_problem, name_error
from ._limits import LIMITS
from ._tokens import GRAPH, VERSION, SignIn, SystemUser


def _act(value: object) -> object:
    """`act_123` of `123`; the pattern refuses whatever is no number."""
    text = value.strip() if isinstance(value, str) else value
    return f"act_{text}" if isinstance(text, str) and text.isdigit() else text


class Settings(Config):
    """Which ad account, and what of the business belongs to it."""

    ad_account: Annotated[str, BeforeValidator(_act)] = Field(
        pattern=r"^act_\d{3,20}$",
        title="Ad account ID",
        description="In Ads Manager it stands in the account's menu, and in the address behind act=.",
        examples=["act_1234567890"],
    )
    pixel_id: str = Field(
        "",
        pattern=r"^(\d{5,20})?$",
        title="Dataset (pixel) ID",
        description="Where conversions are sent to: Events Manager > your dataset > Settings. Leave it empty for none.",
        examples=["2345678901"],
    )
    page_id: str = Field(
        "",
        pattern=r"^(\d{5,20})?$",
        title="Page ID",
        description="The Facebook Page whose lead forms are read: Page > About > Page transparency. Empty for none.",
        examples=["3456789012"],
    )
    conversion_action: str = Field(
        "omni_purchase",
        pattern=r"^[a-z0-9_.]{3,100}$",
        title="Action that counts as conversion",
        description="ONE of Meta's action types. It tells one purchase under several; adding them counts it twice.",
        examples=["omni_purchase"],
    )
    history_days: int = Field(
        365,
        ge=1,
        le=1120,
        title="Days of figures at first",
        description="How far back the first read of figures goes; Meta keeps 37 months.",
        examples=[365],
    )
    currency: str = Field(
        "",
        pattern=r"^([A-Z]{3})?$",
        title="Currency",
        description="Filled in when the account is connected: Meta counts budgets and cost in it.",
        examples=["EUR"],
    )
    time_zone: str = Field(
        "",
        pattern=r"^([A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+){0,2})?$",
        title="Time zone",
        description="Filled in when the account is connected: Meta cuts days in it.",
        examples=["Europe/Madrid"],
    )


Hub = Session[Settings]


READ = Scope("ads_read", "read the ad account, its campaigns and their figures")
MANAGE = Scope("ads_management", "change budgets and status, make paused drafts, fill custom audiences", write=True)

meta_ads = Connector(
    "meta_ads",
    Settings,
    name="Meta Ads",
    category="ads",
    base_url=GRAPH,
    auth=[
        SignIn(
            f"https://www.facebook.com/{VERSION}/dialog/oauth",
            f"{GRAPH}/oauth/access_token",
            # Documented for the OpenID Connect flow alone, and "still in testing" ("OIDC Code Flow with PKCE").
            pkce=False,
            separator=",",
            client=Client(body="query", method="GET"),
            token_params={"grant_type": None},
            refresh_params={
                "grant_type": "fb_exchange_token",
                "fb_exchange_token": "{access_token}",
                "refresh_token": None,
            },
        ),
        SystemUser(),
    ],
    limits=LIMITS,
    docs="https://developers.facebook.com/docs/marketing-apis",
    scopes=[READ],
)
meta_ads.error(name_error)

ABOUT = "id,account_id,name,account_status,currency,timezone_name"


async def about(hub: Hub) -> dict[str, Any]:
    """The ad account as Meta shows it.

    Raises:
        ConfigInvalid: there is none of this id.
    """
    try:
        found: dict[str, Any] = await hub.get(f"/{hub.config.ad_account}", fields=ABOUT)
    except NotFound as problem:
        raise ConfigInvalid(
            f"Meta shows no ad account {hub.config.ad_account} to this sign-in.",
            why=problem.why,
            remedy="Check the ad account ID, and that the signed-in person or system user may see the account.",
        ) from None
    return found


async def place(hub: Hub) -> tuple[str, str]:
    """Currency and time zone: as connected, else as Meta tells them now."""
    if hub.config.currency and hub.config.time_zone:
        return hub.config.currency, hub.config.time_zone
    found = await about(hub)
    return str(found["currency"]), str(found["timezone_name"])


@meta_ads.account
async def account(hub: Hub) -> Account:
    """The ad account, once it is sure that the sign-in has granted to read it; managing includes reading."""
    told = await hub.get("/me/permissions", limit=200)
    states = {one["permission"]: one["status"] for one in told["data"]}
    if "granted" not in {states.get(READ.name), states.get(MANAGE.name)}:
        raise PermissionMissing(
            f"The sign-in did not grant {READ.name}.",
            why=f"Meta says of it: {states.get(READ.name, 'never asked for')}",
            remedy="Sign in again and leave every permission ticked.",
        )
    found = await about(hub)
    return Account(f"act_{found['account_id']}", str(found.get("name") or ""))


@meta_ads.connected
async def connected(hub: Hub) -> Settings:
    """Fill in what Meta counts and cuts days in."""
    found = await about(hub)
    return hub.config.model_copy(update={"currency": found["currency"], "time_zone": found["timezone_name"]})


@meta_ads.prepare
async def prepare(hub: Hub) -> None:
    """Look whether the account takes changes, so that the customer reads one sentence and not one for each record."""
    found = await about(hub)
    if problem := account_problem(found.get("account_status")):
        raise problem
