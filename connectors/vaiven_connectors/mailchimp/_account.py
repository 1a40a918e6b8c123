"""Mailchimp: an audience's people in both directions, its campaigns and what became of them."""

from pydantic import Field

from vaiven_sdk import (
    Account,
    Basic,
    Config,
    ConfigInvalid,
    Connector,
    NotFound,
    OAuth2,
    PermissionMissing,
    ReconnectRequired,
    Session,
    VaivenError,
    VendorBusy,
)

SIGN_IN = "https://login.mailchimp.com/oauth2"


class Settings(Config):
    """What is asked for beside the credential."""

    audience_id: str = Field(
        pattern=r"^[0-9a-z]{6,20}$",
        title="Audience ID",
        description="In Mailchimp: Audience > Settings > Audience name and defaults > Audience ID.",
        examples=["a1b2c3d4e5"],
    )
    data_centre: str = Field(
        "",
        pattern=r"^[a-z]{2}[0-9]{1,3}$",
        title="Data centre",
        description="The end of your API key, after the dash. Found by itself when you sign in at Mailchimp.",
        examples=["us21"],
    )


# Limits: 10 simultaneous connections an account, no published number of calls a second (developer docs,
# "Fundamentals", Throttling, 2026-11-22). The HTTP client opens ten at most.
mailchimp = Connector(
    "mailchimp",
    Settings,
    name="Mailchimp",
    category="email",
    base_url="https://{config.data_centre}.api.mailchimp.com/3.0",
    auth=(
        # No scopes, and tokens do not expire (docs.unified.to "mailchimp-oauth-app"; requests-oauthlib#169,
        # 2026-11-22).
        OAuth2(
            authorize_url=f"{SIGN_IN}/authorize",
            token_url=f"{SIGN_IN}/token",
            pkce=False,
        ),
        Basic(field="api_key"),
    ),
    hosts=("login.mailchimp.com",),
    docs="https://mailchimp.com/developer/marketing/api/",
)


@mailchimp.connected
async def find_data_centre(hub: Session[Settings]) -> Settings:
    """Ask where the account lives; with an API key the customer has said so."""
    if hub.config.data_centre:
        return hub.config
    answer = await hub.get(f"{SIGN_IN}/metadata")
    return hub.config.model_copy(update={"data_centre": str(answer["dc"])})


@mailchimp.account
async def account(hub: Session[Settings]) -> Account:
    """Name the account, and see to it that the audience is one of its own."""
    found = await hub.get("/", fields="account_id,account_name")
    try:
        await hub.get(f"/lists/{hub.config.audience_id}", fields="id")
    except NotFound:
        raise ConfigInvalid(
            f"This Mailchimp account has no audience {hub.config.audience_id!r}.",
            remedy="Copy the Audience ID from Mailchimp: Audience > Settings > Audience name and defaults.",
        ) from None
    return Account(id=str(found["account_id"]), name=str(found["account_name"]))


@mailchimp.error
def name_error(status: int, body: object) -> VaivenError | None:
    """Tell throttling from refusal, and name what the customer can mend.

    Titles: mailchimp.com/developer/marketing/docs/errors; "User Disabled": hitobito issue 3712. Read 2026-11-25.
    """
    if not isinstance(body, dict):
        # Under heavy load Mailchimp answers 403 without a JSON body.
        return VendorBusy("Mailchimp asks to slow down.", why="HTTP 403 without a JSON body") if status == 403 else None
    title, why = str(body.get("title") or ""), str(body.get("detail") or f"HTTP {status}")
    if title == "Wrong Datacenter":
        return ConfigInvalid(
            "This API key belongs to another data centre of Mailchimp.",
            why=why,
            remedy="Give as data centre what stands behind the dash of the API key (us21, say), and connect again.",
        )
    if title == "User Disabled":
        return ReconnectRequired(
            "Mailchimp has deactivated the account, or the user of this key.",
            why=why,
            remedy="Sign in to Mailchimp and settle what it says there (billing, compliance); then make a new API key"
            " and connect again.",
        )
    if status == 401:
        return ReconnectRequired(
            "Mailchimp does not accept the API key or sign-in.",
            why=why,
            remedy="Make a new API key (profile > Extras > API keys), see that the data centre is its end, and connect"
            " again.",
        )
    if status == 403:
        return PermissionMissing(
            "Mailchimp does not allow this to the connected user.",
            why=why,
            remedy="Connect as a user who is Manager or above, in an account whose plan has what is named.",
        )
    return None
