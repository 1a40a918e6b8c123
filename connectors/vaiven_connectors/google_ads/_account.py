"""Google Ads: how an account is reached, and which one it is.

Sources, read 2026-11-25: googleapis/googleapis@f8291d2b89 (2026-08-22), google/ads/googleads/v25; developers.google.com
/google-ads/api/docs: "Developer token", "Access levels", "Quotas", "Make your first call".
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from vaiven_sdk import (
    Account,
    AnswerMalformed,
    Config,
    ConfigInvalid,
    Connector,
    Input,
    Limit,
    OAuth2,
    Outgoing,
    Scope,
    Session,
)
from vaiven_sdk.limits import Ask

from ._errors import refine
from ._gaql import V, rows

SCOPE = "https://www.googleapis.com/auth/adwords"
"""The only scope there is; it covers reading and writing ("OAuth 2.0 Internals for Google Ads API")."""
ID = r"^(\d{3}-?\d{3}-?\d{4})?$"


def _plain(given: str) -> str:
    return given.replace("-", "")


CustomerId = Annotated[str, AfterValidator(_plain)]
"""Ten digits; Google shows them as 123-456-7890 and wants them without dashes."""


class Settings(Config):
    """Which account is synced, and through which manager it is reached."""

    customer_id: CustomerId = Field(
        pattern=r"^\d{3}-?\d{3}-?\d{4}$",
        title="Customer ID",
        description="The ten digits at the top right of Google Ads; the account that runs the ads, not a manager.",
        examples=["123-456-7890"],
    )
    login_customer_id: CustomerId = Field(
        "",
        pattern=ID,
        title="Manager customer ID",
        description="The manager account through which you reach it; leave it empty if you open the account directly.",
        examples=["987-654-3210"],
    )
    time_zone: str = Field(
        "",
        pattern=r"^([A-Za-z_]+(/[A-Za-z0-9_+-]+)*)?$",
        title="Time zone",
        description="The account's time zone. Left empty, it is found out on connecting.",
        examples=["Europe/Lisbon"],
    )
    eu_political_ads: bool = Field(
        default=False,
        title="EU political advertising",
        description="Whether campaigns that Vaiven creates advertise politics in the EU; Google asks for each.",
        examples=[False],
    )
    ads_consent: bool = Field(
        default=False,
        title="Consent to ads",
        description="Everybody on the lists and in the events that are sent has agreed that Google uses their data for"
        " ads; without it Google leaves out people in the European Economic Area.",
        examples=[True],
    )
    conversion_action: str = Field(
        "",
        pattern=r"^\d*$",
        title="Conversion action",
        description="ID of the conversion action (import from clicks) that events are uploaded to; empty for none.",
        examples=["123456789"],
    )
    conversion_event: str = Field(
        "order.completed",
        pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$",
        title="Event to upload",
        description="Which events are uploaded as conversions.",
        examples=["order.completed"],
    )


Hub = Session[Settings]


class SignIn(OAuth2):
    """Google's sign-in, with the headers that say which application asks and through which manager account."""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Those of OAuth 2.0, and the application's developer token, which Google no longer asks for."""
        # Sunset on 2026-09-09: "optional and ignored by the API servers" ("Developer token").
        return (*super().inputs, Input("developer_token", "Developer token", required=False, asked=False))

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign, and name the manager account ("Call structure": a header beside the token)."""
        super().sign(request, credential, config)
        if token := credential.get("developer_token"):
            request.headers["developer-token"] = token
        if isinstance(config, Settings) and config.login_customer_id:
            request.headers["login-customer-id"] = config.login_customer_id


def operations(ask: Ask) -> int:
    """What a request uses up of a day ("Rate sheet"): a query once, whatever its pages; each thing that is mutated."""
    body = ask.json if isinstance(ask.json, Mapping) else {}
    return 0 if body.get("pageToken") else max(1, len(body.get("mutateOperations") or ()))


google_ads = Connector(
    "google_ads",
    Settings,
    name="Google Ads",
    category="ads",
    base_url="https://googleads.googleapis.com",
    auth=[
        SignIn(
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
            authorize_params={"access_type": "offline", "prompt": "consent"},
        )
    ],
    limits=[
        # They are those of the Google Cloud project, for all its accounts, and no answer tells what is left. The
        # least that reaches production accounts (Explorer) has 2,880, Standard access none.
        Limit(
            calls=15_000,
            per=86_400,
            cost=operations,
            source="Quotas: 15,000 operations a day with Basic access; read 2026-11-25",
        ),
        # The rate per second is not published ("Rate limits": a token bucket by project and customer).
        Limit(concurrent=10, source="ours: Google publishes no number; read 2026-11-25"),
    ],
    docs="https://developers.google.com/google-ads/api/docs/start",
    scopes=[Scope(SCOPE, "read and change the campaigns of the accounts that you manage", write=True)],
)
google_ads.error(refine)

ABOUT = """SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone,
 customer.manager, customer.test_account, customer.status FROM customer"""


@google_ads.account
async def account(hub: Hub) -> Account:
    """The account; a manager account is refused, for it runs no ads."""
    about = await customer(hub)
    if about.get("manager"):
        raise ConfigInvalid(
            f"{hub.config.customer_id} is a manager account, which has no campaigns of its own.",
            why=f"accounts below it: {await _clients(hub) or 'none'}",
            remedy="Give the customer ID of the account that runs the ads, and this one as the manager customer ID.",
        )
    name = str(about.get("descriptiveName") or about["id"])
    return Account(str(about["id"]), f"{name} (test account)" if about.get("testAccount") else name)


@google_ads.connected
async def complete(hub: Hub) -> Settings:
    """The settings with the account's time zone, in which its days are cut."""
    if hub.config.time_zone:
        return hub.config
    return hub.config.model_copy(update={"time_zone": str((await customer(hub)).get("timeZone") or "")})


async def customer(hub: Hub) -> Mapping[str, object]:
    """What Google says of the account itself."""
    found = await rows(hub, ABOUT)
    if not found:
        raise AnswerMalformed("Google Ads does not say which account this is.")
    about: Mapping[str, object] = found[0]["customer"]
    return about


async def _clients(hub: Hub) -> str:
    query = """SELECT customer_client.id, customer_client.descriptive_name FROM customer_client
 WHERE customer_client.manager = FALSE AND customer_client.level <= 3 LIMIT 5"""
    found = [row["customerClient"] for row in await rows(hub, query)]
    return ", ".join(f"{one['id']} {one.get('descriptiveName') or ''}".strip() for one in found)


def path(hub: Hub, method: str) -> str:
    """The address of one of the customer's methods, as in `googleAds:mutate`."""
    return f"/{V}/customers/{hub.config.customer_id}/{method}"
